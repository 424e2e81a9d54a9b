/* http.c - one request in, one reply out: HTTP/1.1 framing and nothing of S3
 *
 * Strict on the way in: CRLF line ends, no folded headers, one Host, one Content-Length,
 * origin-form target. On the way out it carries out the faults that change a reply's bytes; net.c
 * those that cut or hold them.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COPY_BYTES (256 * 1024)

int ts_fail(ts_reply *r, int status, const char *code, const char *fmt, ...)
{
    va_list ap;

    r->status = status;
    ts_copy(r->code, sizeof r->code, code);
    va_start(ap, fmt);
    vsnprintf(r->message, sizeof r->message, fmt, ap);
    va_end(ap);
    return -1;
}

void ts_header(ts_reply *r, const char *name, const char *fmt, ...)
{
    char value[4096];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(value, sizeof value, fmt, ap);
    va_end(ap);
    ts_buf_printf(&r->headers, "%s: %s\r\n", name, value);
}

/* ---- the head ---- */

static bool token(const char *s)
{
    if (!*s)
        return false;
    for (; *s; s++)
        if (*s <= ' ' || *s == 0x7f || strchr("()<>@,;:\\\"/[]?={}", *s))
            return false;
    return true;
}

static char *trim(char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    size_t n = strlen(s);
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    s[n] = 0;
    return s;
}

static int bad(ts_reply *r, const char *what)
{
    return ts_fail(r, 400, "BadRequest", "The HTTP request is not well-formed: %s", what);
}

static int request_line(ts_request *q, char *line, ts_reply *r)
{
    char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;

    q->line = ts_strdup(line);
    if (!version)
        return bad(r, "request line");
    *target++ = 0;
    *version++ = 0;
    q->http10 = !strcmp(version, "HTTP/1.0");
    if ((!q->http10 && strcmp(version, "HTTP/1.1") != 0) || !token(line) || *target != '/')
        return bad(r, "request line");
    for (const char *c = target; *c; c++)
        if (*c <= ' ' || *c == 0x7f || *c == '#')
            return bad(r, "a byte in the target that must be percent-encoded");
    char *query = strchr(target, '?');
    if (query)
        *query++ = 0;
    q->method = ts_strdup(line);
    q->path = ts_strdup(target);
    q->query_text = ts_strdup(query ? query : "");
    return 0;
}

static int header_line(ts_request *q, char *line, ts_reply *r)
{
    char *colon = strchr(line, ':');

    if (!colon)
        return bad(r, "header without a colon");
    *colon = 0;
    if (!token(line))
        return bad(r, "header name");
    for (char *c = line; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
    if (ts_kvs_get(&q->headers, line) && (!strcmp(line, "host") || !strcmp(line, "content-length")))
        return bad(r, "Host or Content-Length twice");
    ts_kvs_add(&q->headers, line, trim(colon + 1));
    return 0;
}

static int framing(ts_request *q, ts_reply *r)
{
    const char *v = ts_kvs_get(&q->headers, "content-length");

    if (v) {
        int64_t n = ts_number(v, 0, INT64_MAX);
        if (n < 0)
            return bad(r, "Content-Length");
        q->has_length = true;
        q->length = (uint64_t)n;
    }
    v = ts_kvs_get(&q->headers, "transfer-encoding");
    if (v) {
        if (q->has_length || strcasecmp(v, "chunked") != 0)
            return bad(r, "Transfer-Encoding");
        q->chunked = true;
    }
    if (!ts_kvs_get(&q->headers, "host"))
        return bad(r, "no Host");
    v = ts_kvs_get(&q->headers, "expect");
    if (v && strcasecmp(v, "100-continue") != 0)
        return ts_fail(r, 417, "ExpectationFailed", "Only 100-continue can be expected.");
    q->expect = v != NULL;
    v = ts_kvs_get(&q->headers, "connection");
    q->keep_alive = v ? !strcasecmp(v, "keep-alive") || (!q->http10 && strcasecmp(v, "close") != 0)
                      : !q->http10;
    return 0;
}

static int query_params(ts_request *q, ts_reply *r)
{
    const char *p = q->query_text;
    char *path = ts_uri_decode(q->path, strlen(q->path), false);

    if (!path)
        return ts_fail(r, 400, "InvalidURI", "Couldn't parse the specified URI.");
    free(path);
    while (*p) {
        size_t n = strcspn(p, "&");
        const char *eq = memchr(p, '=', n);
        size_t name_n = eq ? (size_t)(eq - p) : n;
        char *name = ts_uri_decode(p, name_n, true);
        char *value = eq ? ts_uri_decode(eq + 1, n - name_n - 1, true) : ts_strdup("");

        if (!name || !value) {
            free(name);
            free(value);
            return ts_fail(r, 400, "InvalidURI", "Couldn't parse the specified URI.");
        }
        if (n)
            ts_kvs_move(&q->query, name, value);
        else
            free(name), free(value);
        p += n + (p[n] == '&');
    }
    return 0;
}

static int parse_head(ts_request *q, char *head, ts_reply *r)
{
    char *line = head, *end;

    for (int i = 0; (end = strstr(line, "\r\n")); line = end + 2, i++) {
        *end = 0;
        if (strpbrk(line, "\r\n"))
            return bad(r, "bare CR or LF");
        if ((i ? header_line(q, line, r) : request_line(q, line, r)) != 0)
            return -1;
    }
    return framing(q, r) != 0 ? -1 : query_params(q, r);
}

int ts_http_head(ts_conn *c, ts_request *q, ts_reply *r)
{
    int idle_ms = 0;

    for (;;) {
        char *from = c->in + c->in_at, *end = memmem(from, c->in_n - c->in_at, "\r\n\r\n", 4);

        if (end) {
            end[2] = 0;
            c->in_at = (size_t)(end + 4 - c->in);
            if (memchr(from, 0, (size_t)(end - from)))
                return bad(r, "a NUL byte");
            return parse_head(q, from, r) == 0 ? 1 : -1;
        }
        if (c->in_n - c->in_at == TS_MAX_HEAD)
            return ts_fail(r, 400, "RequestHeaderSectionTooLarge",
                           "Your request header is too large.");
        ssize_t n = ts_conn_fill(c);
        if (n == TS_IO_TIMEOUT) {
            idle_ms += c->s->o.body_timeout_ms;
            if (idle_ms < c->s->o.idle_timeout_ms)
                continue;
        }
        if (n <= 0)
            return 0;
    }
}

/* ---- the body ---- */

static int lost(ssize_t n, ts_reply *r)
{
    if (n == TS_IO_TIMEOUT)
        return ts_fail(
            r, 400, "RequestTimeout",
            "Your socket connection to the server was not read from or written to within "
            "the timeout period. Idle connections will be closed.");
    if (n == TS_IO_EOF)
        return ts_fail(
            r, 400, "IncompleteBody",
            "You did not provide the number of bytes specified by the Content-Length HTTP "
            "header.");
    return (int)(n == TS_IO_ERROR ? TS_IO_CUT : n);
}

static int read_exactly(ts_conn *c, unsigned char *to, uint64_t n, ts_reply *r)
{
    for (uint64_t at = 0; at < n;) {
        ssize_t got = ts_conn_body(c, to ? to + at : NULL, n - at);

        if (got <= 0)
            return lost(got, r);
        at += (uint64_t)got;
    }
    return 0;
}

static int read_length(ts_conn *c, ts_request *q, ts_reply *r, bool drop)
{
    if (!drop)
        q->body = ts_realloc(NULL, q->length + 1);
    q->body_n = q->length;
    return read_exactly(c, q->body, q->length, r);
}

static int read_trailers(ts_conn *c, ts_request *q, ts_reply *r)
{
    char *line;

    while ((line = ts_conn_line(c)) && *line) {
        char *colon = strchr(line, ':');

        if (!colon)
            return bad(r, "trailer");
        *colon = 0;
        ts_kvs_add(&q->trailers, line, trim(colon + 1));
    }
    return line ? 0 : bad(r, "trailer");
}

static int read_chunked(ts_conn *c, ts_request *q, ts_reply *r, bool drop)
{
    for (;;) {
        char *line = ts_conn_line(c), *end;

        if (!line)
            return lost(TS_IO_EOF, r);
        unsigned long long n = strtoull(line, &end, 16);
        if (end == line || (*end && *end != ';') || n > TS_MAX_BODY || q->body_n + n > TS_MAX_BODY)
            return bad(r, "chunk size");
        if (n == 0)
            return read_trailers(c, q, r);
        if (!drop)
            q->body = ts_realloc(q->body, q->body_n + n + 1);
        int rc = read_exactly(c, drop ? NULL : q->body + q->body_n, n, r);
        if (rc != 0)
            return rc;
        q->body_n += n;
        line = ts_conn_line(c);
        if (!line || *line)
            return bad(r, "chunk without its end");
    }
}

/* A tap exactly at the end of the body, or on a request without one, is due as well. */
static int tap_at_end(ts_conn *c)
{
    const ts_plan *t = c->taps;

    if (!t)
        return 0;
    if (t->stall_request_at == (int64_t)c->body_n && !c->request_stalled) {
        c->request_stalled = true;
        if (!ts_conn_sleep(c, t->stall_request_ms, true))
            return TS_IO_CUT;
    }
    c->reset = t->reset_request_at == (int64_t)c->body_n;
    return c->reset ? TS_IO_CUT : 0;
}

int ts_http_body(ts_conn *c, ts_request *q, ts_reply *r, bool drop)
{
    bool any = q->chunked || q->length > 0;

    if (any && q->expect && c->in_at == c->in_n) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        const ts_plan *taps = c->taps;

        c->taps = NULL;
        int rc = ts_conn_write(c, go_on, sizeof go_on - 1);
        c->taps = taps;
        c->out_n = 0;
        if (rc != 0)
            return rc;
    }
    if (q->length > TS_MAX_BODY)
        return ts_fail(r, 400, "EntityTooLarge",
                       "Your proposed upload exceeds the maximum allowed size");
    int rc = 0;
    if (q->chunked)
        rc = read_chunked(c, q, r, drop);
    else if (any)
        rc = read_length(c, q, r, drop);
    return rc ? rc : tap_at_end(c);
}

/* ---- the reply ---- */

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } table[] = {
        {200, "OK"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {416, "Requested Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Slow Down"},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].status == status)
            return table[i].text;
    return "Other";
}

static void error_body(const ts_server *s, const ts_request *q, ts_reply *r)
{
    ts_buf_free(&r->body);
    ts_xml_begin(&r->body, NULL);
    ts_buf_puts(&r->body, "<Error>");
    ts_xml_element(&r->body, "Code", r->code);
    ts_xml_element(&r->body, "Message", r->message);
    if (ts_provider_is_google(s)) {
        ts_xml_element(&r->body, "Details", r->message);
    } else {
        ts_buf_add(&r->body, r->extra.data, r->extra.len);
        ts_xml_element(&r->body, "Resource", q->path ? q->path : "/");
        ts_xml_element(&r->body, "RequestId", q->id);
        ts_xml_element(&r->body, "HostId", "cw-test-s3");
    }
    ts_buf_puts(&r->body, "</Error>");
}

static bool head_only(const ts_request *q)
{
    return q->method && !strcmp(q->method, "HEAD");
}

static uint64_t body_length(const ts_reply *r)
{
    return r->object ? r->n : r->body.len;
}

static void build_head(ts_server *s, const ts_request *q, const ts_reply *r, ts_buf *h,
                       bool chunked)
{
    char date[40];

    ts_http_time(date, ts_now(s));
    ts_buf_printf(h,
                  "HTTP/1.1 %d %s\r\n%s: %s\r\nx-amz-id-2: cw-test-s3\r\nDate: %s\r\n"
                  "Server: %s\r\n",
                  r->status, reason(r->status),
                  ts_provider_is_google(s) ? "X-GUploader-UploadID" : "x-amz-request-id", q->id,
                  date, ts_provider_server(s));
    if (r->headers.len)
        ts_buf_add(h, r->headers.data, r->headers.len);
    if (r->body.len && !r->object && !strstr(h->data, "\r\nContent-Type:"))
        ts_buf_puts(h, "Content-Type: application/xml\r\n");
    if (q->plan.retry_after_s >= 0 && q->plan.active)
        ts_buf_printf(h, "Retry-After: %lld\r\n", (long long)q->plan.retry_after_s);
    if (q->plan.headers.len)
        ts_buf_add(h, q->plan.headers.data, q->plan.headers.len);
    if (chunked)
        ts_buf_puts(h, "Transfer-Encoding: chunked\r\n");
    else if (r->status != 204 && r->status != 304)
        ts_buf_printf(h, "Content-Length: %llu\r\n", (unsigned long long)body_length(r));
    if (r->close)
        ts_buf_puts(h, "Connection: close\r\n");
    ts_buf_puts(h, "\r\n");
}

static void corrupt(const ts_plan *p, uint64_t from, unsigned char *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p->corrupt_at < 0 || (uint64_t)p->corrupt_at == from + i)
            data[i] = (unsigned char)~data[i];
}

static int send_object(ts_conn *c, const ts_request *q, const ts_reply *r)
{
    unsigned char *part = ts_realloc(NULL, COPY_BYTES);
    int rc = 0;

    for (uint64_t at = 0; at < r->n && rc == 0;) {
        uint64_t want = r->n - at < COPY_BYTES ? r->n - at : COPY_BYTES;
        size_t n = ts_object_read(r->object, r->from + at, part, want);

        if (n == 0)
            break;
        if (q->plan.corrupt)
            corrupt(&q->plan, at, part, n);
        rc = ts_conn_write(c, part, n);
        at += n;
    }
    free(part);
    return rc;
}

/* A Complete that takes its time: the status is out long before the verdict. */
static int send_slowly(ts_conn *c, const ts_request *q, const ts_reply *r)
{
    ts_buf last = {0};
    int rc = 0;

    for (int64_t ms = 0; ms < q->plan.whitespace_ms && rc == 0; ms += 20) {
        rc = ts_conn_write(c, "1\r\n \r\n", 6);
        if (rc == 0 && !ts_conn_sleep(c, 20, false))
            rc = TS_IO_CUT;
    }
    if (r->body.len) {
        ts_buf_printf(&last, "%zx\r\n", r->body.len);
        ts_buf_add(&last, r->body.data, r->body.len);
        ts_buf_puts(&last, "\r\n");
    }
    ts_buf_puts(&last, "0\r\n\r\n");
    rc = rc ? rc : ts_conn_write(c, last.data, last.len);
    ts_buf_free(&last);
    return rc;
}

static void rubbish(ts_buf *b, int64_t n)
{
    for (; n > 0; n--)
        ts_buf_add(b, n % 2 ? "x" : "\r", 1);
}

static void send_reply(ts_conn *c, ts_request *q, ts_reply *r)
{
    bool slow = q->plan.whitespace_ms > 0 && !head_only(q);
    bool body = !head_only(q) && r->status != 204 && r->status != 304;
    ts_buf out = {0}, extra = {0};

    build_head(c->s, q, r, &out, slow);
    if (q->plan.truncate_body_at >= 0)
        q->plan.truncate_reply_at = (int64_t)out.len + q->plan.truncate_body_at;
    if (q->plan.corrupt && r->body.len && body)
        corrupt(&q->plan, 0, (unsigned char *)r->body.data, r->body.len);
    else if (q->plan.corrupt && !r->object)
        corrupt(&q->plan, 0, (unsigned char *)out.data, 16);
    if (!slow && body && !r->object && r->body.len)
        ts_buf_add(&out, r->body.data, r->body.len);
    int rc = ts_conn_write(c, out.data, out.len);
    if (rc == 0 && slow)
        rc = send_slowly(c, q, r);
    if (rc == 0 && body && r->object)
        rc = send_object(c, q, r);
    rubbish(&extra, q->plan.add_bytes);
    if (rc == 0 && extra.len)
        rc = ts_conn_write(c, extra.data, extra.len);
    if (rc != 0)
        r->close = true;
    ts_buf_free(&out);
    ts_buf_free(&extra);
}

void ts_http_reply(ts_conn *c, ts_request *q, ts_reply *r)
{
    if (r->status == 0)
        r->status = 200;
    if (q->http10 || !q->keep_alive)
        r->close = true;
    if (r->code[0])
        error_body(c->s, q, r);
    if (q->plan.active && q->plan.whitespace_ms > 0 && r->status >= 300)
        r->status = 200;
    c->out_n = 0;
    c->taps = q->plan.active ? &q->plan : NULL;
    send_reply(c, q, r);
    c->taps = NULL;
}

void ts_request_free(ts_request *q)
{
    free(q->line);
    free(q->method);
    free(q->path);
    free(q->query_text);
    ts_kvs_free(&q->headers);
    ts_kvs_free(&q->query);
    ts_kvs_free(&q->trailers);
    free(q->bucket);
    free(q->key);
    free(q->body);
    ts_buf_free(&q->plan.headers);
}

void ts_reply_free(ts_reply *r)
{
    ts_buf_free(&r->headers);
    ts_buf_free(&r->body);
    ts_buf_free(&r->extra);
    ts_object_unref(r->object);
}
