/* exchange_answer.c - what the end of an attempt means for its exchange, and what is done about it
 *
 * What an answer means by itself is judged in reply_judge.c; here it is seen together with what the
 * attempts before it were told, and leads to the end, to a retry, or to a lesson.
 */
#include "s3/exchange_inside.h"

#include "base/clock.h"
#include "base/random.h"

enum { MOST_SILENT_COMMITS = 2 }; /* each of commit_timeout_ms */

/* ---- what it means ---- */

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

/* ---- again ---- */

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
        cw__exchange_end(x, x->judgement.status);
        return;
    }
    cw__log_line(&c->log, CW_LOG_WARN, "%s %s/%s: attempt %u failed (%s%s%s), again in %u ms",
                 x->request.method, x->request.bucket, x->request.key, x->attempts,
                 cw_status_name(x->judgement.status), x->reply.code[0] ? ", " : "", x->reply.code,
                 pause);
    cw__exchange_pause(x, now + pause);
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
    cw__exchange_attempt(x);
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
        cw__exchange_end(x, CW_OK);
        break;
    case CW__VERDICT_RETRY:
    case CW__VERDICT_TIMEOUT:
    case CW__VERDICT_THROTTLED:
    case CW__VERDICT_DOUBT:
        retry_or_end(x);
        break;
    default:
        if (!cw__exchange_learn(x))
            cw__exchange_end(x, x->judgement.status);
    }
}

void cw__exchange_answered(cw__exchange *x, bool resent)
{
    judge(x, resent);
    note_pace(x);
    act(x);
}
