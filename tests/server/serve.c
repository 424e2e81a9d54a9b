/* serve.c - the life of a request, in order: head, count, faults, signature, body, verb, reply
 *
 * Runs in the connection's thread. The faults that concern bytes are in net.c and http.c; here are
 * those that decide whether the work is done and whether there is a reply.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A bucket of tokens; what is refused takes none. */
static void bound_rate(ts_server *s, ts_request *q)
{
    double rate = s->o.max_request_rate, most = rate / 10 > 1 ? rate / 10 : 1;
    uint64_t now = ts_now_ns();

    if (rate <= 0 || q->plan.active)
        return;
    s->rate_tokens += s->rate_ns ? rate * (double)(now - s->rate_ns) / 1e9 : most;
    s->rate_ns = now;
    if (s->rate_tokens > most)
        s->rate_tokens = most;
    if (s->rate_tokens >= 1) {
        s->rate_tokens -= 1;
        return;
    }
    s->throttled++;
    q->plan.active = true;
    q->plan.status = 503;
    ts_copy(q->plan.code, sizeof q->plan.code, "SlowDown");
    ts_copy(q->plan.message, sizeof q->plan.message, "Please reduce your request rate.");
}

static void note_request(ts_server *s, ts_request *q)
{
    pthread_mutex_lock(&s->lock);
    snprintf(q->id, sizeof q->id, "%016llX", (unsigned long long)++s->request_ids);
    if (!q->control) {
        s->counts[q->op]++;
        free(s->last_line[q->op]);
        s->last_line[q->op] = ts_strdup(q->line);
        ts_kvs_free(&s->last_headers[q->op]);
        for (size_t i = 0; i < q->headers.n; i++)
            ts_kvs_add(&s->last_headers[q->op], q->headers.v[i].name, q->headers.v[i].value);
        ts_faults_match(&s->faults, q);
        bound_rate(s, q);
        if (q->plan.expire)
            ts_identities_expire(s);
    }
    if (q->op == TS_OP_UPLOAD_PART && ++s->parts_now > s->parts_max)
        s->parts_max = s->parts_now;
    pthread_mutex_unlock(&s->lock);
}

static void request_over(ts_server *s, const ts_request *q)
{
    if (q->op != TS_OP_UPLOAD_PART)
        return;
    pthread_mutex_lock(&s->lock);
    s->parts_now--;
    pthread_mutex_unlock(&s->lock);
}

/* A Create has no body, and some clients say so by not naming a length (RFC 9112, 6.3). */
static int check_length(const ts_server *s, const ts_request *q, ts_reply *r)
{
    bool wants = (!strcmp(q->method, "PUT") || !strcmp(q->method, "POST")) &&
                 (q->op != TS_OP_CREATE_UPLOAD || ts_provider_wants_length(s));

    if (q->chunked && !ts_get(q, "x-amz-decoded-content-length"))
        return ts_fail(r, 501, "NotImplemented",
                       "A header you provided implies functionality that is not implemented");
    if (wants && !q->chunked && !q->has_length)
        return ts_fail(r, 411, "MissingContentLength",
                       "You must provide the Content-Length HTTP header.");
    return 0;
}

static void refuse_without_body(ts_conn *c, ts_request *q, ts_reply *r)
{
    r->close = true;
    c->linger_ms = q->plan.active ? q->plan.linger_ms : 1000;
    ts_http_reply(c, q, r);
    if (q->plan.active && q->plan.linger_ms == 0)
        c->reset = true;
}

static bool drops(const ts_server *s, const ts_request *q)
{
    return s->o.discard && (q->op == TS_OP_PUT_OBJECT || q->op == TS_OP_UPLOAD_PART);
}

/* Whatever was decided, the body is read, so that the connection can go on. */
static int receive(ts_conn *c, ts_request *q, ts_reply *r)
{
    ts_reply other = {0};
    bool refused = r->code[0];
    int rc = ts_http_body(c, q, refused ? &other : r, drops(c->s, q));

    ts_reply_free(&other);
    if (rc == -1)
        r->close = true;
    return rc == -1 && !refused ? -1 : rc == -1 ? 0 : rc;
}

static void answer_200_error(const ts_request *q, ts_reply *r)
{
    char code[64];

    ts_copy(code, sizeof code, q->plan.error_200);
    ts_buf_free(&r->body);
    ts_object_unref(r->object);
    r->object = NULL;
    ts_fail(r, 200, code, "A fault rule says so.");
}

static void work(ts_server *s, ts_request *q, ts_reply *r)
{
    const ts_plan *p = &q->plan;

    if (p->drop_before)
        return;
    if (p->status) {
        ts_buf_free(&r->extra);
        ts_fail(r, p->status, p->code, "%s", p->message);
        return;
    }
    if (p->error_200[0] && !p->commit_error_200) {
        answer_200_error(q, r);
        return;
    }
    if (!r->code[0] && ts_verify_body(s, q, r) == 0)
        ts_s3_dispatch(s, q, r);
    if (p->error_200[0])
        answer_200_error(q, r);
    if (p->wrong_root && r->body.len && !r->code[0]) {
        r->body.len = 0;
        ts_buf_puts(&r->body, "<?xml version=\"1.0\"?>\n<SomethingElse><A>1</A></SomethingElse>");
    }
}

static void log_request(const ts_server *s, const ts_conn *c, const ts_request *q,
                        const ts_reply *r)
{
    if (s->o.verbose)
        fprintf(stderr, "cw-test-s3 [%d] %s -> %d %s%s\n", c->fd, q->line, r->status, r->code,
                q->plan.active ? " (fault)" : "");
}

/* @return whether the connection goes on */
static bool serve_s3(ts_conn *c, ts_request *q, ts_reply *r)
{
    ts_server *s = c->s;
    const ts_plan *p = &q->plan;

    if (!ts_conn_sleep(c, s->o.latency_ms + p->delay_ms, false))
        return false;
    if (p->gone) {
        ts_net_gone(s);
        return false;
    }
    if (p->status && p->early) {
        ts_fail(r, p->status, p->code, "%s", p->message);
        refuse_without_body(c, q, r);
        return false;
    }
    int rc = ts_verify_head(s, q, r);
    if (check_length(s, q, rc ? &(ts_reply){0} : r) != 0 || (rc != 0 && q->expect)) {
        refuse_without_body(c, q, r);
        return false;
    }
    c->taps = p->active ? p : NULL;
    rc = receive(c, q, r);
    c->taps = NULL;
    if (rc != 0 && rc != -1)
        return false;
    if (rc == 0)
        work(s, q, r);
    if (p->drop_before || p->drop_after)
        return false;
    r->close = r->close || p->close;
    ts_http_reply(c, q, r);
    return !r->close && !p->close_silently;
}

static bool serve_control(ts_conn *c, ts_request *q, ts_reply *r)
{
    if (ts_http_body(c, q, r, false) == 0)
        ts_control(c->s, q, r);
    else
        r->close = true;
    ts_http_reply(c, q, r);
    return !r->close;
}

/* @return whether the connection goes on */
static bool serve_one(ts_conn *c)
{
    ts_request q = {0};
    ts_reply r = {0};
    bool more = false;

    ts_plan_init(&q.plan);
    c->body_n = c->out_n = 0;
    c->request_stalled = c->reply_stalled = false;
    int got = ts_http_head(c, &q, &r);
    if (got > 0) {
        ts_classify(c->s, &q);
        note_request(c->s, &q);
        more = q.control ? serve_control(c, &q, &r) : serve_s3(c, &q, &r);
        request_over(c->s, &q);
        log_request(c->s, c, &q, &r);
    } else if (got < 0) {
        q.keep_alive = false;
        ts_http_reply(c, &q, &r);
    }
    ts_request_free(&q);
    ts_reply_free(&r);
    return more && !c->s->net.stopping;
}

void *ts_serve(void *conn)
{
    while (serve_one(conn))
        ;
    return NULL;
}
