/* exchange_learn.c - what an answer teaches, and the attempt that follows from it
 *
 * The clock, the region, new keys, life without checksums, the bucket in the host: each is learned
 * once in an exchange (keys, a few times) and leads to one more attempt, at no retry's price. What
 * is learned is kept where all requests of the client find it.
 */
#include "s3/exchange_inside.h"

#include "base/clock.h"
#include "base/memory.h"

#include <string.h>

enum {
    MOST_REFRESHES = 3, /* of credentials, in one request */
    KEYS_PAUSE_MS = 50  /* doubled with each refresh that brings the same keys */
};

/* ---- lessons ---- */

static bool learn_clock(cw__exchange *x)
{
    if (x->learned_clock || x->reply.date_ms == 0)
        return false;
    x->learned_clock = true;
    cw__learn_clock(&x->client->learned, x->reply.date_ms);
    cw__log_line(&x->client->log, CW_LOG_WARN, "this machine's clock is %lld s off the service's",
                 (long long)(cw__clock_wall_ms() - x->reply.date_ms) / 1000);
    return true;
}

static bool learn_region(cw__exchange *x, const char *region)
{
    if (x->learned_region || !region[0] || strcmp(region, x->route.region) == 0)
        return false;
    x->learned_region = true;
    cw__learn_region(&x->client->learned, x->request.bucket, region);
    cw__log_line(&x->client->log, CW_LOG_WARN, "bucket %s is in %s, not in %s", x->request.bucket,
                 region, x->route.region);
    return true;
}

/* Not to be told: the next attempt will. */
static bool has_other_keys(cw__exchange *x)
{
    cw__keys *fresh = NULL;
    unsigned round = 0;
    bool other =
        cw__credentials_try(x->keys_from, &round, &fresh, NULL) != CW_OK || fresh != x->keys;

    if (fresh)
        cw__keys_release(x->keys_from, fresh);
    return other;
}

static bool refresh_keys(cw__exchange *x)
{
    if (x->refreshed >= MOST_REFRESHES || !x->keys)
        return false;
    x->refreshed++;
    cw__credentials_expired(x->keys_from, x->keys);
    return true;
}

/* It is learned once that has helped (recognise): what was refused may be something else. */
static bool go_without_checksum(cw__exchange *x)
{
    static const char *const headers[] = {
        "x-amz-checksum-algorithm", "x-amz-checksum-type",   "x-amz-sdk-checksum-algorithm",
        "x-amz-checksum-crc32",     "x-amz-checksum-crc32c", "x-amz-checksum-crc64nvme",
        "x-amz-checksum-sha256",    "x-amz-checksum-mode",
    };

    /* A part that may have landed is refused for being there, not for its checksum. */
    if (x->stripped_checksum || (x->part && x->in_doubt))
        return false;
    x->stripped_checksum = true;
    x->sent_checksum = false;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        cw__request_set_header(&x->request, headers[i], NULL);
    cw__log_line(&x->client->log, CW_LOG_WARN, "the service takes no checksums: going without");
    return true;
}

/* The bucket stood in the path where the service wants it in the host. HEAD does not say so. */
static bool learn_style(cw__exchange *x)
{
    cw__endpoint *e = &x->client->endpoint;
    bool wanted = strcmp(x->reply.code, "SecondLevelDomainForbidden") == 0 ||
                  cw__provider_is(&x->client->provider, CW__BUCKET_IN_HOST);

    if (!wanted || x->wanted_host || x->reply.http_status != 403 ||
        e->addressing != CW_ADDRESSING_AUTO)
        return false;
    atomic_store(&e->wants_host, true);
    return true;
}

static bool learn(cw__exchange *x)
{
    switch (x->judgement.verdict) {
    case CW__VERDICT_CLOCK:
        return learn_clock(x);
    case CW__VERDICT_REGION:
        return learn_region(x, x->judgement.region);
    case CW__VERDICT_CREDENTIALS:
        return refresh_keys(x);
    case CW__VERDICT_CHECKSUM:
        return go_without_checksum(x);
    case CW__VERDICT_FINAL:
        return learn_style(x);
    default:
        return false;
    }
}

/* ---- the region, when the answer does not name it: HeadBucket does ---- */

void cw__exchange_drop_probe(cw__exchange *x)
{
    if (!x->probe)
        return;
    cw__exchange_cancel(x->probe);
    cw__exchange_free(x->probe);
    cw__free(x->probe);
    x->probe = NULL;
}

/* Whatever its status, the answer to HeadBucket has the region in a header. */
static void on_probe_done(void *user, cw_status status)
{
    cw__exchange *x = user;
    char region[sizeof x->probe->reply.region];

    (void)status;
    cw__copy_string(region, sizeof region, x->probe->reply.region);
    cw__exchange_drop_probe(x);
    if (learn_region(x, region))
        cw__exchange_attempt(x);
    else
        cw__exchange_end(x, x->judgement.status);
}

static bool ask_for_region(cw__exchange *x)
{
    bool needed = x->judgement.verdict == CW__VERDICT_REGION && !x->judgement.region[0] &&
                  !x->learned_region && x->request.key && x->request.key[0];

    if (!needed || !(x->probe = cw__alloc_zero(sizeof *x->probe)))
        return false;
    cw__exchange_init(x->probe, x->client, x->loop, "HEAD", x->request.bucket, "");
    x->probe->expect = CW__EXPECT_EMPTY;
    x->probe->request.reach = CW__REACH_OWN;
    x->probe->payload_hash = CW__EMPTY_SHA256;
    x->probe->doing = "find the region of";
    x->probe->deadline = x->deadline;
    x->probe->done = on_probe_done;
    x->probe->user = x;
    cw__exchange_start(x->probe);
    return true;
}

/* Whoever renews keys may be a moment late: the same ones are tried again after a pause. */
static void apply_lesson(cw__exchange *x)
{
    if (x->judgement.verdict == CW__VERDICT_CREDENTIALS && !has_other_keys(x))
        cw__exchange_pause(x, cw__clock_mono_ms() + ((uint64_t)KEYS_PAUSE_MS << x->refreshed));
    else
        cw__exchange_attempt(x);
}

bool cw__exchange_learn(cw__exchange *x)
{
    if (!learn(x))
        return ask_for_region(x);
    apply_lesson(x);
    return true;
}
