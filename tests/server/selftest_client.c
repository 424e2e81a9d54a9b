/* selftest_client.c - a client of few lines for the server's own tests
 *
 * It shares hashes with the server and nothing else; what both could get wrong together is covered
 * by the vectors that AWS publishes, in selftest_s3.c.
 */
#include "selftest_client.h"

#include "bytes.h"
#include "digest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

tc tc_new(ts_server *s)
{
    return (tc){.s = s, .fd = -1, .access = "test", .secret = "test-secret", .region = "us-east-1"};
}

void tc_close(tc *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

int tc_connect(const char *host_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    char host[64];
    int port, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (sscanf(host_port, "%63[^:]:%d", host, &port) != 2)
        abort();
    a.sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, host, &a.sin_addr);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

/* ---- signing ---- */

static void sign(const tc *c, const char *string_to_sign, const char *date, char hex[65])
{
    char first[200];
    unsigned char k[32];

    snprintf(first, sizeof first, "AWS4%s", c->secret);
    ts_hmac(k, first, strlen(first), date, 8);
    ts_hmac(k, k, 32, c->region, strlen(c->region));
    ts_hmac(k, k, 32, "s3", 2);
    ts_hmac(k, k, 32, "aws4_request", 12);
    ts_hmac(k, k, 32, string_to_sign, strlen(string_to_sign));
    ts_hex(hex, k, 32);
}

/* "name: value\n" lines into "name:value\n" and "name;name" */
static void canonical_headers(const char *lines, ts_buf *canonical, ts_buf *names)
{
    for (const char *p = lines; *p; p = strchr(p, '\n') + 1) {
        size_t name = strcspn(p, ":"), line = strcspn(p, "\n");

        ts_buf_printf(canonical, "%.*s:%.*s\n", (int)name, p, (int)(line - name - 2), p + name + 2);
        ts_buf_printf(names, "%s%.*s", names->len ? ";" : "", (int)name, p);
    }
}

/* Lines of `extra` are merged in order with those that signing needs. */
static void merge_headers(ts_buf *out, const char *const *own, const char *extra)
{
    while (*own || *extra) {
        bool take_own = *own && (!*extra || strcmp(*own, extra) < 0);
        const char *from = take_own ? *own : extra;
        size_t n = strcspn(from, "\n") + 1;

        ts_buf_add(out, from, n);
        if (take_own)
            own++;
        else
            extra += n;
    }
}

static void add_signed(const tc *c, ts_buf *out, const char *method, const char *target,
                       const char *headers, const void *body, size_t n)
{
    char date[20], hash[65], host[100], sha[140], when[60], token[600], hex[65];
    const char *own[5] = {host, sha, when, NULL, NULL};
    ts_buf lines = {0}, canonical = {0}, names = {0}, request = {0}, text = {0};
    time_t t = time(NULL) + c->skew_s;
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &tm);
    ts_sha256_hex(hash, body ? body : "", n);
    snprintf(host, sizeof host, "host: %s\n", ts_server_host(c->s));
    snprintf(sha, sizeof sha, "x-amz-content-sha256: %s\n", c->payload ? c->payload : hash);
    snprintf(when, sizeof when, "x-amz-date: %s\n", date);
    if (c->token) {
        snprintf(token, sizeof token, "x-amz-security-token: %s\n", c->token);
        own[3] = token;
    }
    merge_headers(&lines, own, headers);
    canonical_headers(lines.data, &canonical, &names);
    if (c->sign_target)
        target = c->sign_target;
    size_t path = strcspn(target, "?");
    ts_buf_printf(&request, "%s\n%.*s\n%s\n%s\n%s\n%s", method, (int)path, target,
                  target[path] ? target + path + 1 : "", canonical.data, names.data,
                  c->payload ? c->payload : hash);
    ts_sha256_hex(hash, request.data, request.len);
    ts_buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%.8s/%s/s3/aws4_request\n%s", date, date, c->region,
                  hash);
    sign(c, text.data, date, hex);
    for (const char *p = lines.data; *p; p = strchr(p, '\n') + 1)
        ts_buf_printf(out, "%.*s\r\n", (int)strcspn(p, "\n"), p);
    ts_buf_printf(out,
                  "authorization: AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/s3/aws4_request, "
                  "SignedHeaders=%s, Signature=%s\r\n",
                  c->access, date, c->region, names.data, hex);
    ts_buf_free(&lines);
    ts_buf_free(&canonical);
    ts_buf_free(&names);
    ts_buf_free(&request);
    ts_buf_free(&text);
}

/* ---- one exchange ---- */

static void send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

        if (k <= 0)
            return;
        p += k;
        n -= (size_t)k;
    }
}

/* @return false at the end of the connection */
static bool more(int fd, ts_buf *in, tc_reply *r)
{
    char part[65536];
    ssize_t n = recv(fd, part, sizeof part, 0);

    if (n > 0)
        ts_buf_add(in, part, (size_t)n);
    if (n < 0 && errno == ECONNRESET)
        r->reset = true;
    return n > 0;
}

/* The end of a chunked body in `in`, decoded in place; false: not all of it is there. */
static bool unchunk(ts_buf *in, size_t from, size_t *end)
{
    size_t at = from, out = from;

    for (;;) {
        char *stop, *crlf = at < in->len ? strstr(in->data + at, "\r\n") : NULL;

        if (!crlf)
            return false;
        size_t n = strtoul(in->data + at, &stop, 16);
        at = (size_t)(crlf - in->data) + 2;
        if (in->len < at + n + 2)
            return false;
        if (n == 0)
            break;
        memmove(in->data + out, in->data + at, n);
        out += n;
        at += n + 2;
    }
    *end = out;
    return true;
}

/* The head, then the body: *end is where what has come of it ends. */
static void read_reply(int fd, ts_buf *in, bool head_only, tc_reply *r)
{
    char *blank;
    const char *v;

    ts_buf_puts(in, "");
    while (!(blank = strstr(in->data, "\r\n\r\n")))
        if (!more(fd, in, r))
            return;
    size_t from = (size_t)(blank - in->data) + 4, end = from;
    r->head = ts_strndup(in->data, from - 2);
    if (sscanf(r->head, "HTTP/1.1 %d", &r->status) != 1)
        return;
    if (*tc_header(r, "transfer-encoding")) {
        /* Decoding changes the buffer, so it is tried on what is whole only. */
        while (!strstr(in->data + from, "\r\n0\r\n\r\n") && more(fd, in, r))
            ;
        r->whole = strstr(in->data + from, "\r\n0\r\n\r\n") && unchunk(in, from, &end);
    } else {
        v = tc_header(r, "content-length");
        size_t want = head_only ? 0 : strtoul(v, NULL, 10);
        while (in->len - from < want && more(fd, in, r))
            ;
        r->whole = in->len - from >= want;
        end = r->whole ? from + want : in->len;
    }
    r->n = end - from;
    r->body = ts_strndup(in->data + from, r->n);
}

static tc_reply exchange(tc *c, const void *bytes, size_t n, bool head_only)
{
    struct timeval t = {.tv_sec = c->wait_ms ? c->wait_ms / 1000 : 5,
                        .tv_usec = c->wait_ms % 1000 * 1000};
    tc_reply r = {0};
    ts_buf in = {0};

    if (c->fd < 0)
        c->fd = tc_connect(ts_server_host(c->s));
    if (c->fd < 0)
        return r;
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    send_all(c->fd, bytes, n);
    do {
        tc_reply_free(&r);
        ts_buf_free(&in);
        read_reply(c->fd, &in, head_only, &r);
    } while (r.status == 100);
    if (!r.whole || r.reset || !strcmp(tc_header(&r, "connection"), "close"))
        tc_close(c);
    ts_buf_free(&in);
    return r;
}

tc_reply tc_raw(tc *c, const void *bytes, size_t n)
{
    return exchange(c, bytes, n, !strncmp(bytes, "HEAD ", 5));
}

tc_reply tc_call(tc *c, const char *method, const char *target, const char *headers,
                 const void *body, size_t n)
{
    ts_buf out = {0};

    ts_buf_printf(&out, "%s %s HTTP/1.1\r\n", method, target);
    if (c->anonymous)
        ts_buf_printf(&out, "host: %s\r\n", ts_server_host(c->s));
    else
        add_signed(c, &out, method, target, headers ? headers : "", body, n);
    if (c->unsigned_header)
        ts_buf_printf(&out, "%s\r\n", c->unsigned_header);
    if (strcmp(method, "GET") && strcmp(method, "HEAD") && strcmp(method, "DELETE"))
        ts_buf_printf(&out, "content-length: %zu\r\n", n);
    ts_buf_puts(&out, "\r\n");
    if (n)
        ts_buf_add(&out, body, n);
    tc_reply r = exchange(c, out.data, out.len, !strcmp(method, "HEAD"));
    ts_buf_free(&out);
    return r;
}

void tc_reply_free(tc_reply *r)
{
    free(r->head);
    free(r->body);
    memset(r, 0, sizeof *r);
}

int tc_status(tc *c, const char *method, const char *target, const char *headers, const char *body)
{
    tc_reply r = tc_call(c, method, target, headers, body, body ? strlen(body) : 0);
    int status = r.status;

    tc_reply_free(&r);
    return status;
}

bool tc_is(tc *c, int status, const char *code, const char *method, const char *target,
           const char *headers, const char *body)
{
    tc_reply r = tc_call(c, method, target, headers, body, body ? strlen(body) : 0);
    bool ok = r.status == status && !strcmp(tc_xml(&r, "Code"), code);

    if (!ok)
        fprintf(stderr, "    %s %s: %d %s, expected %d %s\n", method, target, r.status,
                r.body ? r.body : "(no reply)", status, code);
    tc_reply_free(&r);
    return ok;
}

const char *tc_header(const tc_reply *r, const char *name)
{
    static _Thread_local char value[1024];
    size_t n = strlen(name);

    for (const char *p = r->head; p && (p = strstr(p, "\r\n")) && p[2]; p += 2)
        if (!strncasecmp(p + 2, name, n) && p[2 + n] == ':') {
            p += 3 + n;
            p += *p == ' ';
            snprintf(value, sizeof value, "%.*s", (int)strcspn(p, "\r"), p);
            return value;
        }
    return "";
}

const char *tc_xml(const tc_reply *r, const char *name)
{
    static _Thread_local char value[4096];
    char open[100];

    snprintf(open, sizeof open, "<%s>", name);
    const char *p = r->body ? strstr(r->body, open) : NULL;
    if (!p)
        return "";
    p += strlen(open);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(p, "<"), p);
    return value;
}
