/* ask.c - ask a URL and wait for the answer
 *
 * Drives an HTTP machine of its own on the thread that asks. Nothing outlives the call but the
 * answer.
 */
#include "s3/ask.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"

enum {
    LARGEST_ANSWER = 256 * 1024,
    REPLY_MS = 5000,
    ATTEMPTS = 3,
    TOTAL_MS = 30000,
    FIRST_PAUSE_MS = 100, /* doubled with each attempt, and as much again by chance */
    LOOK_EVERY_MS = 50    /* whether to stop */
};

typedef struct exchange {
    const cw__question *q;
    cw__answer *answer;
    bool over;
} exchange;

bool cw__asking_refuses(cw__asking *how)
{
    how->would_wait |= !how->may_wait;
    return !how->may_wait;
}

bool cw__asking_stopped(const cw__asking *how)
{
    return how->stop && atomic_load(how->stop);
}

static size_t on_read(void *user, uint64_t offset, void *p, size_t n)
{
    const exchange *x = user;
    size_t left = x->q->body->n - (size_t)offset;
    n = n < left ? n : left;
    memcpy(p, x->q->body->p + offset, n);
    return n;
}

static bool on_body(void *user, const void *p, size_t n)
{
    cw__text *body = &((exchange *)user)->answer->body;
    if (n > LARGEST_ANSWER - body->n)
        return false;
    cw__text_add_n(body, p, n);
    return !body->failed;
}

static void on_header(void *user, const char *name, const char *value)
{
    (void)user;
    (void)name;
    (void)value;
}

static void on_done(void *user, const cw__http_result *result)
{
    exchange *x = user;
    x->over = true;
    x->answer->end = result->end;
    x->answer->status = result->status;
    cw__copy_string(x->answer->transport, sizeof x->answer->transport, result->message);
}

static void poll_to_the_end(cw__http *http, cw__http_call *call, exchange *x, const cw__asking *how,
                            uint64_t deadline)
{
    while (!x->over && !cw__asking_stopped(how) && cw__clock_mono_ms() < deadline)
        cw__http_poll(http, LOOK_EVERY_MS);
    if (x->over)
        return;
    cw__http_cancel(http, call);
    x->answer->end = CW__HTTP_STALLED;
    x->answer->status = 0;
}

static cw_status ask_once(cw__http *http, const cw__question *q, const cw__asking *how,
                          uint64_t deadline, cw__answer *answer, cw_error *err)
{
    exchange x = {.q = q, .answer = answer};
    uint32_t patience = q->reply_ms ? q->reply_ms : REPLY_MS;
    cw__http_call call = {.method = q->method,
                          .url = q->url,
                          .headers = q->headers,
                          .body_bytes = q->body ? q->body->n : 0,
                          .whole_body = q->body ? q->body->p : NULL,
                          .stall_ms = patience,
                          .reply_ms = patience,
                          .read = on_read,
                          .header = on_header,
                          .body = on_body,
                          .done = on_done,
                          .user = &x};
    cw__text_reset(&answer->body);
    cw_status status = cw__http_start(http, &call, err);
    if (status != CW_OK)
        return status;
    poll_to_the_end(http, &call, &x, how, deadline);
    if (cw__asking_stopped(how))
        return cw__fail(err, CW_E_CANCELLED, "the client is being released");
    if (answer->end == CW__HTTP_NO_MEMORY || answer->body.failed)
        return cw__fail_memory(err, "asking for credentials");
    return CW_OK;
}

static bool may_pass(const cw__answer *a)
{
    if (a->end == CW__HTTP_ANSWERED)
        return a->status >= 500 || a->status == 429 || a->status == 408;
    return a->end != CW__HTTP_UNTRUSTED && a->end != CW__HTTP_PROXY_UNTRUSTED &&
           a->end != CW__HTTP_NO_TLS;
}

/* In steps, for whoever wants it stopped. false: no time is left for another attempt. */
static bool pause_before(unsigned attempt, const cw__asking *how, uint64_t deadline)
{
    uint64_t base = (uint64_t)FIRST_PAUSE_MS << (attempt < 6 ? attempt : 6);
    uint64_t until = cw__clock_mono_ms() + base + cw__random_below(base);
    if (until >= deadline)
        return false;
    while (cw__clock_mono_ms() < until && !cw__asking_stopped(how))
        cw__clock_sleep_ms(LOOK_EVERY_MS);
    return true;
}

cw_status cw__ask(cw__answer *out, const cw__question *q, const cw__asking *how, cw_error *err)
{
    cw__http_options settings = *how->tls;
    cw__http *http;
    uint64_t deadline = cw__clock_mono_ms() + TOTAL_MS;
    unsigned attempts = q->attempts ? q->attempts : ATTEMPTS;
    memset(out, 0, sizeof *out);
    out->body.secret = true;
    settings.max_connections = 1;
    if (q->direct)
        settings.proxy = settings.tls_proxy = (cw__http_proxy){0};
    if (q->connect_ms)
        settings.connect_timeout_ms = q->connect_ms;
    cw_status status = cw__http_new(&http, &settings, err);
    if (status != CW_OK)
        return status;
    for (unsigned i = 1;; i++) {
        status = ask_once(http, q, how, deadline, out, err);
        if (status != CW_OK || !may_pass(out) || i >= attempts || !pause_before(i, how, deadline))
            break;
    }
    cw__http_free(http);
    return status;
}

void cw__answer_free(cw__answer *a)
{
    cw__text_free(&a->body);
}

void cw__answer_describe(const cw__answer *a, char *out, size_t size)
{
    static const char *const ends[] = {
        [CW__HTTP_UNREACHABLE] = "it cannot be reached",
        [CW__HTTP_PROXY] = "its proxy cannot be used",
        [CW__HTTP_NO_TLS] = "TLS cannot be agreed on with it",
        [CW__HTTP_PROXY_UNTRUSTED] = "the certificate of its proxy is not trusted",
        [CW__HTTP_UNTRUSTED] = "its certificate is not trusted",
        [CW__HTTP_BROKEN] = "the connection broke",
        [CW__HTTP_STALLED] = "it did not answer in time",
        [CW__HTTP_NO_MEMORY] = "out of memory",
    };
    if (a->end == CW__HTTP_ANSWERED)
        snprintf(out, size, "it answered HTTP %d", a->status);
    else if (a->transport[0])
        snprintf(out, size, "%s (%s)", ends[a->end], a->transport);
    else
        snprintf(out, size, "%s", ends[a->end]);
}
