/* awschunk.c - bodies in aws-chunked encoding: chunks that may be signed, and trailers
 *
 *     SIZE-IN-HEX[;chunk-signature=HEX] CRLF data CRLF … 0[;chunk-signature=HEX] CRLF
 *     [name:value CRLF …] [x-amz-trailer-signature:HEX CRLF] CRLF
 *
 * The whole body is in memory; it is decoded in place, and trailers land in the request's list.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct cursor {
    char *at, *end;
} cursor;

static int bad_chunk(ts_reply *r, const char *what)
{
    return ts_fail(r, 400, "IncompleteBody", "The aws-chunked body is not well-formed: %s", what);
}

/* A line without its CRLF, cut out of the body; NULL: none. */
static char *line(cursor *c)
{
    char *from = c->at, *nl = memmem(from, (size_t)(c->end - from), "\r\n", 2);

    if (!nl)
        return NULL;
    *nl = 0;
    c->at = nl + 2;
    return from;
}

static void chain(ts_request *q, const char *kind, const char *hashes)
{
    ts_buf b = {0};

    ts_buf_printf(&b, "AWS4-HMAC-SHA256-%s\n%s\n%s\n%s\n%s", kind, q->amz_date, q->scope,
                  q->signature, hashes);
    ts_sign(q->signature, q->signing_key, b.data, b.len);
    ts_buf_free(&b);
}

static int refuse(ts_server *s, ts_reply *r, const char *what)
{
    ts_note_error(s, true, what);
    return ts_fail(r, 403, "SignatureDoesNotMatch", "%s", what);
}

static int check_chunk(ts_server *s, ts_request *q, const char *given, const char *data, size_t n,
                       ts_reply *r)
{
    static const char mark[] = "chunk-signature=";
    char hashes[65 + 65], empty[65], hash[65];

    if (q->payload == TS_PAYLOAD_STREAM_UNSIGNED)
        return 0;
    if (!given || strncmp(given, mark, sizeof mark - 1) != 0)
        return bad_chunk(r, "chunk without a signature");
    ts_sha256_hex(empty, "", 0);
    ts_sha256_hex(hash, data, n);
    snprintf(hashes, sizeof hashes, "%s\n%s", empty, hash);
    chain(q, "PAYLOAD", hashes);
    return strcmp(given + sizeof mark - 1, q->signature)
               ? refuse(s, r, "A chunk's signature does not match.")
               : 0;
}

static int check_trailers(ts_server *s, ts_request *q, const ts_buf *text, const char *given,
                          ts_reply *r)
{
    const char *announced = ts_get(q, "x-amz-trailer");
    char hash[65];

    if (q->payload == TS_PAYLOAD_STREAM_TRAILER) {
        ts_sha256_hex(hash, text->data, text->len);
        chain(q, "TRAILER", hash);
        if (!given || strcmp(given, q->signature) != 0)
            return refuse(s, r, "The trailer's signature does not match.");
    }
    if (announced && !ts_kvs_get(&q->trailers, announced))
        return ts_fail(r, 400, "MalformedTrailerError",
                       "The request contained trailing data that was not well-formed or did not "
                       "conform to our published schema.");
    return 0;
}

static int read_trailers(ts_server *s, ts_request *q, cursor *c, ts_reply *r)
{
    const char *given = NULL;
    ts_buf text = {0};
    char *l;

    ts_buf_puts(&text, "");
    while ((l = line(c)) && *l) {
        char *colon = strchr(l, ':');

        if (!colon)
            break;
        *colon++ = 0;
        colon += strspn(colon, " ");
        if (!strcmp(l, "x-amz-trailer-signature")) {
            given = colon;
            continue;
        }
        ts_kvs_add(&q->trailers, l, colon);
        ts_buf_printf(&text, "%s:%s\n", l, colon);
    }
    int rc = (l && *l) || (!l && c->at != c->end) || (l && c->at != c->end)
                 ? bad_chunk(r, "trailer")
                 : check_trailers(s, q, &text, given, r);
    ts_buf_free(&text);
    return rc;
}

static int decode(ts_server *s, ts_request *q, ts_reply *r)
{
    cursor c = {(char *)q->body, (char *)q->body + q->body_n};
    size_t out = 0;

    for (;;) {
        char *l = line(&c), *end;

        if (!l)
            return bad_chunk(r, "no chunk header");
        unsigned long long n = strtoull(l, &end, 16);
        if (end == l || (*end && *end != ';') || n > (size_t)(c.end - c.at))
            return bad_chunk(r, "chunk size");
        int rc = check_chunk(s, q, *end ? end + 1 : NULL, c.at, n, r);
        if (rc != 0)
            return rc;
        if (n == 0)
            break;
        memmove(q->body + out, c.at, n);
        out += n;
        c.at += n;
        l = line(&c);
        if (!l || *l)
            return bad_chunk(r, "chunk without its end");
    }
    q->body_n = out;
    return read_trailers(s, q, &c, r);
}

int ts_awschunk_decode(ts_server *s, ts_request *q, ts_reply *r)
{
    const char *v = ts_get(q, "x-amz-decoded-content-length");
    int64_t promised = v ? ts_number(v, 0, (int64_t)TS_MAX_BODY) : -1;

    if (promised < 0)
        return ts_fail(r, 411, "MissingContentLength",
                       "You must provide the x-amz-decoded-content-length HTTP header.");
    if (!q->body)
        q->body = ts_alloc(1);
    int rc = decode(s, q, r);
    if (rc == 0 && (uint64_t)promised != q->body_n)
        rc = ts_fail(r, 400, "IncompleteBody",
                     "You did not provide the number of bytes specified by "
                     "x-amz-decoded-content-length.");
    return rc;
}
