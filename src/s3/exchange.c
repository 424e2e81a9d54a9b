/* exchange.c - the attempts of one request, from its start to its end
 *
 * Each is laid out and signed anew when it is sent, not when it was asked for. What its end leads
 * to is for exchange_answer.c to say.
 */
#include "s3/exchange_inside.h"

#include "base/clock.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

enum {
    DOING_BYTES = 1400,    /* a phrase, a bucket and a key of 1,024 bytes */
    DOCUMENT_BYTES = 2048, /* room for an answer of the usual size */
    KEYS_POLL_MS = 5,      /* while keys are being asked for */
    MOST_CUTS = 3          /* of one request, where no byte has to be moved again */
};

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

void cw__exchange_end(cw__exchange *x, cw_status status)
{
    cw__hedge_end(&x->client->hedge, &x->watch);
    stop_timers(x);
    drop_keys(x);
    x->done(x->user, status);
}

static void end_with_error(void *user)
{
    cw__exchange *x = user;

    cw__exchange_end(x, x->error.status);
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
    cw__exchange_attempt(user);
}

void cw__exchange_pause(cw__exchange *x, uint64_t due_ms)
{
    x->pause.fire = pause_over;
    x->pause.user = x;
    if (cw__loop_set_timer(x->loop, &x->pause, due_ms) != CW_OK)
        fail_memory(x);
}

/* ---- what takes too long ---- */

static uint64_t bytes_to_move(const cw__exchange *x)
{
    return x->intake ? x->intake->bytes - x->intake->got : x->body.bytes;
}

/* It is paid for as a retry after a timeout, though it is meant to avoid one. */
static bool may_hedge(cw__exchange *x, const cw__http_signs *signs)
{
    cw_client *c = x->client;
    unsigned most = x->intake ? MOST_CUTS : 1;

    return !x->raced && x->cuts < most &&
           cw__hedge_ask(&c->hedge, &x->watch, signs->moved, signs->age_ms, signs->quiet_ms) &&
           cw__retry_budget_take(&c->retry_tokens, CW__VERDICT_TIMEOUT);
}

static bool on_tired(void *user, const cw__http_signs *signs)
{
    cw__exchange *x = user;

    if (!may_hedge(x, signs))
        return false;
    cw__log_line(&x->client->log, CW_LOG_DEBUG, "%s %s/%s: %llu of %llu bytes in %u ms: again",
                 x->request.method, x->request.bucket, x->request.key,
                 (unsigned long long)signs->moved, (unsigned long long)x->watch.bytes,
                 signs->age_ms);
    x->raced = x->late && x->late(x->user);
    x->cutting = !x->raced;
    return x->cutting;
}

static uint32_t patience_ms(cw__exchange *x)
{
    if (!x->hedge || x->client->no_hedging)
        return 0;
    return cw__hedge_begin(&x->client->hedge, &x->watch, x->hedge, bytes_to_move(x));
}

/* ---- one attempt ---- */

static void on_header(void *user, const char *name, const char *value)
{
    cw__exchange *x = user;

    cw__reply_header(&x->reply, name, value);
    if (x->intake)
        cw__intake_header(x->intake, name, value);
    if (x->header)
        x->header(x->header_user, name, value);
}

static bool is_success(const cw__exchange *x)
{
    return x->call.status >= 200 && x->call.status <= 299;
}

static bool on_body(void *user, const void *p, size_t n)
{
    cw__exchange *x = user;

    if (x->intake && is_success(x))
        return cw__intake_take(x->intake, &x->reply, x->call.status, p, n, &x->error);
    return cw__reply_body(&x->reply, p, n);
}

static size_t on_room(void *user, struct iovec *pieces, size_t most)
{
    cw__exchange *x = user;

    return is_success(x) ? cw__intake_room(x->intake, pieces, most) : 0;
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

static void on_done(void *user, const cw__http_result *result)
{
    cw__exchange *x = user;

    x->calling = false;
    if (result->new_connection)
        atomic_fetch_add(&x->client->connections, 1);
    cw__reply_end(&x->reply, result);
    if (x->error.status != CW_OK) { /* the intake refused what came */
        cw__exchange_end(x, x->error.status);
        return;
    }
    cw__exchange_answered(x, result->resent);
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

static void count_attempt(cw__exchange *x)
{
    cw_client *c = x->client;
    bool first = x->attempts++ == 0;

    atomic_fetch_add(&c->requests, 1);
    atomic_fetch_add(&c->retries, !first || x->second);
    atomic_fetch_add(&c->hedged, first && x->second);
}

static cw_status send(cw__exchange *x)
{
    cw_client *c = x->client;
    uint32_t patience = patience_ms(x);
    cw_status st;

    x->call = (cw__http_call){
        .method = x->request.method,
        .url = cw__text_str(&x->request.url),
        .headers = x->request.line_list,
        .body_bytes = x->body.bytes,
        .whole_body = x->body.p,
        .stall_ms = c->stall_timeout_ms,
        .reply_ms = x->reply_ms ? x->reply_ms : c->stall_timeout_ms,
        .patience_ms = x->second ? 0 : patience,
        .read = on_read,
        .sent = on_sent,
        .tired = on_tired,
        .header = on_header,
        .body = on_body,
        .room = x->intake && x->intake->room ? on_room : NULL,
        .done = on_done,
        .user = x,
    };
    st = cw__http_start(cw__loop_http(x->loop), &x->call, &x->error);
    if (st != CW_OK)
        return st;
    x->calling = true;
    x->sent_ms = cw__clock_mono_ms();
    x->body_out = x->body.bytes == 0;
    count_attempt(x);
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
    cw__exchange_pause(x, cw__clock_mono_ms() + (wait_us + 999) / 1000);
    return true;
}

void cw__exchange_attempt(cw__exchange *x)
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
        cw__exchange_pause(x, cw__clock_mono_ms() + KEYS_POLL_MS);
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
    cw__exchange_drop_probe(x);
    if (x->reply.end == CW__HTTP_ANSWERED && !x->reply.http_status) /* of this attempt: none */
        cw__fail(&x->error, CW_E_TIMEOUT, "the deadline passed before the service answered");
    x->judgement = (cw__judgement){.verdict = CW__VERDICT_TIMEOUT, .status = CW_E_TIMEOUT};
    cw__exchange_end(x, CW_E_TIMEOUT);
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
    if (cw__provider_check(&x->client->provider, &x->request, x->raw, &x->error) != CW_OK)
        fail_later(x);
    else if (set_limit(x) != CW_OK)
        fail_memory(x);
    else
        cw__exchange_attempt(x);
}

void cw__exchange_cancel(cw__exchange *x)
{
    cw__hedge_end(&x->client->hedge, &x->watch);
    stop_timers(x);
    cw__loop_cancel_task(x->loop, &x->failure);
    cw__exchange_drop_probe(x);
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
