/* exchange.c - one request to the service, with everything that it takes to get an answer
 *
 * Owns the attempts of one request: each is laid out and signed anew when it is sent, not when it
 * was asked for. What an answer means is judged in reply.c; here it is acted on.
 */
#include "s3/exchange.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"

#include <stdio.h>
#include <string.h>

enum {
    DOING_BYTES = 1400,      /* a phrase, a bucket and a key of 1,024 bytes */
    DOCUMENT_BYTES = 2048,   /* room for an answer of the usual size */
    MOST_REFRESHES = 3,      /* of credentials, in one request */
    KEYS_POLL_MS = 5,        /* while keys are being asked for */
    KEYS_PAUSE_MS = 50,      /* doubled with each refresh that brings the same keys */
    MOST_SILENT_COMMITS = 2, /* each of commit_timeout_ms */
    MOST_HEDGES = 3          /* of one request */
};

static void attempt(cw__exchange *x);

/* ---- the end ---- */

static void stop_timers(cw__exchange *x)
{
    cw__loop_cancel_timer(x->loop, &x->pause);
    cw__loop_cancel_timer(x->loop, &x->limit);
}

static void drop_keys(cw__exchange *x)
{
    if (x->keys)
        cw__keys_release(x->keys_from, x->keys);
    x->keys = NULL;
}

static void end(cw__exchange *x, cw_status status)
{
    stop_timers(x);
    drop_keys(x);
    x->done(x->user, status);
}

static void end_with_error(void *user)
{
    cw__exchange *x = user;

    end(x, x->error.status);
}

/* A failure before anything was sent: told from the loop, since start must not call done. */
static void fail_later(cw__exchange *x)
{
    x->failure.run = end_with_error;
    x->failure.user = x;
    cw__loop_post(x->loop, &x->failure);
}

static void fail_memory(cw__exchange *x)
{
    cw__fail_memory(&x->error, "preparing the request");
    fail_later(x);
}

/* ---- again ---- */

static void pause_over(void *user)
{
    attempt(user);
}

static void pause_for(cw__exchange *x, uint64_t due_ms)
{
    x->pause.fire = pause_over;
    x->pause.user = x;
    if (cw__loop_set_timer(x->loop, &x->pause, due_ms) != CW_OK)
        fail_memory(x);
}

static bool past(const cw__exchange *x, uint64_t when)
{
    return x->deadline && when >= x->deadline;
}

/* A commit may take minutes to answer. If it has not twice, asking tells more than a third try. */
static bool waited_enough(const cw__exchange *x)
{
    return x->expect == CW__EXPECT_COMMIT && x->reply.end == CW__HTTP_STALLED &&
           x->attempts >= MOST_SILENT_COMMITS;
}

/* Attempts that count: neither what brought a good deal, nor what was cut short without need. */
static unsigned repetitions(const cw__exchange *x)
{
    unsigned attempts = x->attempts - x->excused;

    return attempts > x->hedges ? attempts - x->hedges : 0;
}

/* Was it throttled, and is it the pace that sees to it that the next attempt comes in time? */
static bool is_paced(const cw__exchange *x)
{
    return x->judgement.verdict == CW__VERDICT_THROTTLED && !x->client->no_pacing;
}

/* What asks for the rest of a body is no repetition: it counts, and costs, as a first attempt. What
 * the pace lets through multiplies no outage. */
static bool may_try_again(cw__exchange *x, uint64_t when)
{
    cw_client *c = x->client;
    bool goes_on = x->excused > 0 && x->excused == x->attempts;

    if (repetitions(x) >= c->retry.max_attempts || past(x, when) || waited_enough(x))
        return false;
    return goes_on || is_paced(x) || cw__retry_budget_take(&c->retry_tokens, x->judgement.verdict);
}

/* How long to wait, for this request by itself: the pace of all is another matter. */
static uint32_t choose_pause(const cw__exchange *x)
{
    cw__verdict verdict = is_paced(x) ? CW__VERDICT_RETRY : x->judgement.verdict;

    return cw__retry_pause_ms(&x->client->retry, repetitions(x) + 1, verdict,
                              x->reply.retry_after_ms,
                              (uint32_t)cw__random_below(UINT64_C(1) << 32));
}

static void retry_or_end(cw__exchange *x)
{
    cw_client *c = x->client;
    uint64_t now = cw__clock_mono_ms();
    uint32_t pause = choose_pause(x);

    if (!may_try_again(x, now + pause)) {
        end(x, x->judgement.status);
        return;
    }
    cw__log_line(&c->log, CW_LOG_WARN, "%s %s/%s: attempt %u failed (%s%s%s), again in %u ms",
                 x->request.method, x->request.bucket, x->request.key, x->attempts,
                 cw_status_name(x->judgement.status), x->reply.code[0] ? ", " : "", x->reply.code,
                 pause);
    pause_for(x, now + pause);
}

/* ---- cutting short what is stuck, and sending it again ---- */

static uint64_t bytes_to_move(const cw__exchange *x)
{
    return x->intake ? x->intake->bytes - x->intake->got : x->body.bytes;
}

/* It is paid for as a retry after a timeout, though it is meant to avoid one. */
static bool on_tired(void *user)
{
    cw__exchange *x = user;
    cw_client *c = x->client;

    x->hedging = x->hedges < MOST_HEDGES && cw__hedge_take(&c->hedge) &&
                 cw__retry_budget_take(&c->retry_tokens, CW__VERDICT_TIMEOUT);
    return x->hedging;
}

static uint32_t patience_ms(cw__exchange *x)
{
    if (!x->hedge || x->client->no_hedging)
        return 0;
    return cw__hedge_patience_ms(&x->client->hedge, x->hedge, bytes_to_move(x));
}

static void note_time(cw__exchange *x)
{
    if (x->hedge && !x->client->no_hedging)
        cw__hedge_seen(&x->client->hedge, x->hedge, x->moving, cw__clock_mono_ms() - x->sent_ms);
}

static void hedge(cw__exchange *x)
{
    cw_client *c = x->client;

    x->hedging = false;
    x->hedges++;
    atomic_fetch_add(&c->hedged, 1);
    cw__log_line(&c->log, CW_LOG_DEBUG, "%s %s/%s: %s, others take less: again at once",
                 x->request.method, x->request.bucket, x->request.key, x->reply.transport);
    attempt(x);
}

/* ---- learning: each lesson leads to one more attempt at once ---- */

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

static void drop_probe(cw__exchange *x)
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
    drop_probe(x);
    if (learn_region(x, region))
        attempt(x);
    else
        end(x, x->judgement.status);
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
        pause_for(x, cw__clock_mono_ms() + ((uint64_t)KEYS_PAUSE_MS << x->refreshed));
    else
        attempt(x);
}

static void act(cw__exchange *x)
{
    if (x->hedging && x->reply.end == CW__HTTP_STALLED) {
        hedge(x);
        return;
    }
    switch (x->judgement.verdict) {
    case CW__VERDICT_OK:
        note_time(x);
        cw__retry_budget_refund(&x->client->retry_tokens);
        end(x, CW_OK);
        break;
    case CW__VERDICT_RETRY:
    case CW__VERDICT_TIMEOUT:
    case CW__VERDICT_THROTTLED:
    case CW__VERDICT_DOUBT:
        retry_or_end(x);
        break;
    default:
        if (learn(x))
            apply_lesson(x);
        else if (!ask_for_region(x))
            end(x, x->judgement.status);
    }
}

/* ---- one attempt ---- */

/* A gateway gave up on the service behind it, which may still be at work. */
static bool is_gateway_timeout(int status)
{
    return status == 408 || status == 499 || status == 502 || status == 504 ||
           (status >= 520 && status <= 529);
}

/*
 * What was not fully sent cannot have been carried out; what was, and got no answer, may have been,
 * and so may what failed on the service's side: with a 5xx, or with an error in a reply that had
 * started as a success. A request to slow down comes before any work, if it is the service's own:
 * a bare 503 is also what a gateway says whose connection broke in mid-work.
 */
static void note_doubt(cw__exchange *x, bool resent)
{
    cw__verdict verdict = x->judgement.verdict;
    int status = x->reply.http_status;
    bool cut = x->reply.end == CW__HTTP_BROKEN || x->reply.end == CW__HTTP_STALLED ||
               verdict == CW__VERDICT_DOUBT || is_gateway_timeout(status);
    bool refused = verdict == CW__VERDICT_THROTTLED && x->reply.code[0];
    bool failed = status >= 500 && status != 501 && !refused;
    bool failed_late = status >= 200 && status <= 299 && verdict != CW__VERDICT_OK;

    if (resent || (cut && x->body_out))
        x->unanswered = true;
    if (x->unanswered || failed || failed_late)
        x->in_doubt = true;
}

/* A body without a length may end early and look whole. */
static void judge_intake(cw__exchange *x)
{
    if (cw__intake_fruitful(x->intake))
        x->excused = x->attempts;
    if (x->judgement.verdict != CW__VERDICT_OK || !cw__intake_lacks(x->intake))
        return;
    x->reply.end = CW__HTTP_BROKEN;
    cw__copy_string(x->reply.transport, sizeof x->reply.transport, "the reply ended early");
    x->judgement.verdict = CW__VERDICT_RETRY;
    x->judgement.status = CW_E_UNAVAILABLE;
}

/*
 * An answer may show who the service is, and that something was refused for what it never takes;
 * or that a request is not refused any more now that it goes without checksums.
 */
static void recognise(cw__exchange *x)
{
    cw__provider *p = &x->client->provider;
    const char *name = cw__provider_see(p, &x->reply);
    int status = x->reply.http_status;
    bool refused = status == 400 || status == 501;

    if (name)
        cw__log_line(&x->client->log, CW_LOG_INFO, "the service is %s, by its answer", name);
    if (x->stripped_checksum && !refused && status >= 200 && status <= 499)
        cw__provider_learn(p, CW__NO_CHECKSUMS, 0);
    if (x->sent_checksum && refused && x->judgement.verdict == CW__VERDICT_FINAL &&
        cw__provider_is(p, CW__NO_CHECKSUMS))
        x->judgement.verdict = CW__VERDICT_CHECKSUM;
}

static void judge(cw__exchange *x, bool resent)
{
    cw__judge_input in = {
        .expect = x->expect,
        .root = x->root,
        .sent_checksum = x->sent_checksum,
        .create_only = x->create_only,
        .wall_ms = x->signed_ms,
    };

    cw__reply_judge(&x->reply, &in, &x->judgement);
    recognise(x);
    if (x->intake)
        judge_intake(x);
    note_doubt(x, resent);
    cw__log_line(&x->client->log, CW_LOG_DEBUG, "%s %s -> %d %s %s", x->request.method,
                 cw__text_str(&x->request.path), x->reply.http_status, x->reply.code,
                 x->reply.end == CW__HTTP_ANSWERED ? x->reply.request_id : x->reply.transport);
}

static void on_header(void *user, const char *name, const char *value)
{
    cw__exchange *x = user;

    cw__reply_header(&x->reply, name, value);
    if (x->intake)
        cw__intake_header(x->intake, name, value);
    if (x->header)
        x->header(x->header_user, name, value);
}

static bool on_body(void *user, const void *p, size_t n)
{
    cw__exchange *x = user;
    int status = x->call.status;

    if (x->intake && status >= 200 && status <= 299)
        return cw__intake_take(x->intake, &x->reply, status, p, n, &x->error);
    return cw__reply_body(&x->reply, p, n);
}

static void on_sent(void *user)
{
    cw__exchange *x = user;

    x->body_out = true;
    if (x->sent)
        x->sent(x->user);
}

static size_t on_read(void *user, uint64_t offset, void *p, size_t n)
{
    cw__exchange *x = user;

    return x->body.read(x->body.user, offset, p, n);
}

/* What it says of the pace, if it is the service that says something. */
static void note_pace(cw__exchange *x)
{
    cw_client *c = x->client;
    bool throttled = x->judgement.verdict == CW__VERDICT_THROTTLED;
    double rate;

    if (throttled)
        atomic_fetch_add(&c->throttled, 1);
    if (c->no_pacing || x->reply.end != CW__HTTP_ANSWERED)
        return;
    rate = cw__pace_answered(&c->pace, &x->pass, throttled, cw__clock_mono_us());
    if (rate > 0)
        cw__log_line(&c->log, CW_LOG_DEBUG,
                     "asked to slow down: %.1f requests a second from now on", rate);
}

static void on_done(void *user, const cw__http_result *result)
{
    cw__exchange *x = user;

    x->calling = false;
    if (result->new_connection)
        atomic_fetch_add(&x->client->connections, 1);
    cw__reply_end(&x->reply, result);
    if (x->error.status != CW_OK) { /* the intake refused what came */
        end(x, x->error.status);
        return;
    }
    judge(x, result->resent);
    note_pace(x);
    act(x);
}

static cw_status sign(cw__exchange *x)
{
    cw_client *c = x->client;
    cw__sign_keys keys = {0};
    cw__layout layout = {
        .endpoint = &c->endpoint,
        .route = &x->route,
        .day_key = &c->day_key,
        .payload_hash = x->payload_hash ? x->payload_hash : CW__UNSIGNED_PAYLOAD,
    };
    cw_status st;

    layout.wall_ms = x->signed_ms = cw__learned_wall_ms(&c->learned);
    if (!x->keys->anonymous) {
        keys.access_key_id = x->keys->access_key_id;
        keys.secret_access_key = x->keys->secret_access_key;
        keys.session_token = x->keys->session_token;
        keys.of_bucket = x->route.session;
        layout.keys = &keys;
    }
    cw__mutex_lock(&c->sign_lock);
    st = cw__request_lay_out(&x->request, &layout);
    cw__mutex_unlock(&c->sign_lock);
    if (st == CW_E_INVALID_ARGUMENT)
        return cw__fail(&x->error, st, "a header has a line break");
    return st == CW_OK ? CW_OK : cw__fail_memory(&x->error, "signing the request");
}

/* An answer that cannot be taken leaves an upload without an id: have the memory before asking. */
static cw_status make_room_for_reply(cw__exchange *x)
{
    if (x->expect == CW__EXPECT_EMPTY || cw__text_reserve(&x->reply.body, DOCUMENT_BYTES))
        return CW_OK;
    return cw__fail_memory(&x->error, "preparing for the reply");
}

static cw_status send(cw__exchange *x)
{
    cw_client *c = x->client;
    cw_status st;

    x->call = (cw__http_call){
        .method = x->request.method,
        .url = cw__text_str(&x->request.url),
        .headers = x->request.line_list,
        .body_bytes = x->body.bytes,
        .whole_body = x->body.p,
        .stall_ms = c->stall_timeout_ms,
        .reply_ms = x->reply_ms ? x->reply_ms : c->stall_timeout_ms,
        .patience_ms = patience_ms(x),
        .read = on_read,
        .sent = on_sent,
        .tired = on_tired,
        .header = on_header,
        .body = on_body,
        .done = on_done,
        .user = x,
    };
    st = cw__http_start(cw__loop_http(x->loop), &x->call, &x->error);
    if (st != CW_OK)
        return st;
    x->calling = true;
    x->sent_ms = cw__clock_mono_ms();
    x->moving = bytes_to_move(x);
    x->body_out = x->body.bytes == 0;
    if (x->attempts++ > 0)
        atomic_fetch_add(&c->retries, 1);
    atomic_fetch_add(&c->requests, 1);
    return CW_OK;
}

/* Where to, and with whose keys. */
static cw_status find_way(cw__exchange *x)
{
    cw_status st;

    if (x->request.failed)
        return cw__fail_memory(&x->error, "preparing the request");
    st = cw__client_route(x->client, x->request.bucket, x->request.reach, &x->route, &x->error);
    if (st != CW_OK)
        return st;
    if (cw__is_directory_bucket(x->request.bucket) &&
        strstr(cw__text_str(&x->request.query), "versionId="))
        return cw__fail(&x->error, CW_E_UNSUPPORTED, "a directory bucket has no versions");
    return cw__client_keys(x->client, &x->route, x->request.bucket, &x->keys_from, &x->error);
}

/* Its turn has not come yet: it asks again, with the ticket that it has. */
static bool wait_for_turn(cw__exchange *x)
{
    cw_client *c = x->client;
    bool first = x->pass.ticket == 0;
    uint64_t wait_us = c->no_pacing ? 0 : cw__pace_wait_us(&c->pace, &x->pass, cw__clock_mono_us());

    if (wait_us == 0)
        return false;
    if (first)
        atomic_fetch_add(&c->paced, 1);
    pause_for(x, cw__clock_mono_ms() + (wait_us + 999) / 1000);
    return true;
}

static void attempt(cw__exchange *x)
{
    cw_status st;

    if (wait_for_turn(x))
        return;
    x->wanted_host = atomic_load(&x->client->endpoint.wants_host); /* before it is addressed */
    cw__reply_reset(&x->reply);
    cw__error_clear(&x->error);
    drop_keys(x);
    st = find_way(x);
    if (st == CW_OK)
        st = cw__credentials_try(x->keys_from, &x->keys_round, &x->keys, &x->error);
    if (st == CW_OK && !x->keys) {
        pause_for(x, cw__clock_mono_ms() + KEYS_POLL_MS);
        return;
    }
    if (x->intake)
        cw__intake_begin(x->intake, &x->request);
    if (x->header)
        x->header(x->header_user, NULL, NULL);
    if (st == CW_OK)
        st = sign(x);
    if (st == CW_OK)
        st = make_room_for_reply(x);
    if (st == CW_OK)
        st = send(x);
    if (st != CW_OK)
        fail_later(x);
}

/* ---- deadlines ---- */

static void out_of_time(void *user)
{
    cw__exchange *x = user;

    if (x->calling) {
        cw__http_cancel(cw__loop_http(x->loop), &x->call);
        x->calling = false;
        x->unanswered = x->unanswered || x->body_out;
        x->in_doubt = x->in_doubt || x->unanswered;
    }
    cw__loop_cancel_task(x->loop, &x->failure);
    drop_probe(x);
    if (x->reply.end == CW__HTTP_ANSWERED && x->judgement.status == CW_OK)
        cw__fail(&x->error, CW_E_TIMEOUT, "the deadline passed before the service answered");
    x->judgement.status = CW_E_TIMEOUT;
    end(x, CW_E_TIMEOUT);
}

/* The owner's deadline, or the client's for one request, whichever is first. */
static cw_status set_limit(cw__exchange *x)
{
    if (x->client->request_deadline_ms) {
        uint64_t own = cw__clock_mono_ms() + x->client->request_deadline_ms;
        if (!x->deadline || own < x->deadline)
            x->deadline = own;
    }
    x->limit.fire = out_of_time;
    x->limit.user = x;
    return x->deadline ? cw__loop_set_timer(x->loop, &x->limit, x->deadline) : CW_OK;
}

/* ---- for the owner ---- */

void cw__exchange_init(cw__exchange *x, cw_client *c, cw__loop *loop, const char *method,
                       const char *bucket, const char *key)
{
    memset(x, 0, sizeof *x);
    x->client = c;
    x->loop = loop;
    cw__request_init(&x->request, method, bucket, key);
    cw__reply_reset(&x->reply);
}

void cw__exchange_start(cw__exchange *x)
{
    if (!x->raw && cw__provider_check(&x->client->provider, &x->request, &x->error) != CW_OK)
        fail_later(x);
    else if (set_limit(x) != CW_OK)
        fail_memory(x);
    else
        attempt(x);
}

void cw__exchange_cancel(cw__exchange *x)
{
    stop_timers(x);
    cw__loop_cancel_task(x->loop, &x->failure);
    drop_probe(x);
    if (x->calling)
        cw__http_cancel(cw__loop_http(x->loop), &x->call);
    x->calling = false;
    drop_keys(x);
}

void cw__exchange_free(cw__exchange *x)
{
    cw__request_free(&x->request);
    cw__reply_free(&x->reply);
}

void cw__exchange_explain(const cw__exchange *x, cw_status status, cw_error *err)
{
    char doing[DOING_BYTES], part[24] = "";

    if (x->part)
        snprintf(part, sizeof part, " %u of", x->part);
    snprintf(doing, sizeof doing, "%s%s s3://%s/%s", x->doing, part,
             x->request.bucket ? x->request.bucket : "", x->request.key ? x->request.key : "");
    if (x->error.status != CW_OK)
        cw__fail(err, x->error.status, "cannot %s: %s", doing, x->error.message);
    else
        cw__reply_explain(&x->reply, status, doing, err);
    if (err)
        err->attempts = (int)x->attempts;
}

size_t cw__body_read_text(void *user, uint64_t offset, void *p, size_t n)
{
    const cw__text *text = user;
    size_t left = offset < text->n ? text->n - (size_t)offset : 0;

    if (n > left)
        n = left;
    memcpy(p, text->p + offset, n);
    return n;
}
