/* reply.c - collect a reply as it arrives
 *
 * Owns the bytes of the body and the few headers that matter; whoever started the request owns the
 * cw__reply and uses it for one attempt after the other. What it means is said in reply_judge.c.
 */
#include "s3/reply.h"

#include <string.h>

#include "base/clock.h"

/* A header that is kept as it is. Of several that fill one field the first to arrive stays. */
typedef struct kept_header {
    const char *name;
    size_t offset, size;
} kept_header;

#define KEEP(name, field)                                                                          \
    {                                                                                              \
        name, offsetof(cw__reply, field), sizeof((cw__reply *)0)->field                            \
    }

static const kept_header kept_headers[] = {
    KEEP("x-amz-version-id", version_id),
    KEEP("x-amz-request-id", request_id),
    KEEP("x-oss-request-id", request_id),     /* Alibaba */
    KEEP("x-guploader-uploadid", request_id), /* Google */
    KEEP("x-amz-bucket-region", region),
    KEEP("x-amz-meta-cw-commit", token),
    KEEP("server", server),
};

static const char *const checksum_headers[] = {
    "x-amz-checksum-crc64nvme", "x-amz-checksum-crc32c", "x-amz-checksum-crc32",
    "x-amz-checksum-sha256",    "x-amz-checksum-sha1",
};

/* These end up in messages and in later requests: no control characters. */
static void copy_printable(char *to, size_t size, const char *from)
{
    cw__copy_string(to, size, from);
    for (; *to; to++)
        if ((unsigned char)*to < ' ' || *to == 0x7f)
            *to = ' ';
}

static bool keep_as_is(cw__reply *r, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof kept_headers / sizeof *kept_headers; i++) {
        const kept_header *h = &kept_headers[i];
        char *field = (char *)r + h->offset;
        if (!cw__equal_nocase(name, h->name))
            continue;
        if (!*field)
            copy_printable(field, h->size, value);
        return true;
    }
    return false;
}

static bool keep_checksum(cw__reply *r, const char *name, const char *value)
{
    static const size_t prefix = sizeof "x-amz-checksum-" - 1;
    for (size_t i = 0; i < sizeof checksum_headers / sizeof *checksum_headers; i++) {
        const char *known = checksum_headers[i];
        if (!cw__equal_nocase(name, known))
            continue;
        size_t n = strlen(known + prefix);
        if (!*r->checksum) {
            memcpy(r->checksum, known + prefix, n);
            r->checksum[n] = ':';
            copy_printable(r->checksum + n + 1, sizeof r->checksum - n - 1, value);
        }
        return true;
    }
    return false;
}

static void keep_etag(cw__reply *r, const char *value)
{
    if (cw__starts_with(value, "W/"))
        value += 2;
    size_t n = strlen(value);
    bool quoted = n >= 2 && value[0] == '"' && value[n - 1] == '"';
    copy_printable(r->etag, sizeof r->etag, value + quoted);
    if (quoted && n - 2 < sizeof r->etag)
        r->etag[n - 2] = '\0';
}

static void keep_retry_after(cw__reply *r, const char *value)
{
    uint64_t seconds;
    if (cw__parse_u64(value, UINT32_MAX / 1000, &seconds))
        r->retry_after_ms = (uint32_t)seconds * 1000;
    else if (!cw__clock_parse_http(value, &r->retry_at_ms))
        r->retry_at_ms = 0;
}

static void keep_retry_after_ms(cw__reply *r, const char *value)
{
    uint64_t ms;
    if (cw__parse_u64(value, UINT32_MAX, &ms))
        r->retry_after_ms = (uint32_t)ms;
}

static void keep_length(cw__reply *r, const char *value)
{
    r->has_content_length = cw__parse_u64(value, UINT64_MAX, &r->content_length);
}

static void keep_date(cw__reply *r, const char *value)
{
    if (!cw__clock_parse_http(value, &r->date_ms))
        r->date_ms = 0;
}

static const struct parsed_header {
    const char *name;
    void (*keep)(cw__reply *r, const char *value);
} parsed_headers[] = {
    {"etag", keep_etag},
    {"content-length", keep_length},
    {"date", keep_date},
    {"retry-after", keep_retry_after},
    {"x-amz-retry-after", keep_retry_after_ms},
    {"x-amz-retry-after-millis", keep_retry_after_ms},
};

/* "Come back at this time", by the server's own clock where it shows it. */
static uint32_t until_ms(int64_t at_ms, int64_t now_ms)
{
    int64_t wait = at_ms - now_ms;
    if (wait <= 0)
        return 0;
    return wait > UINT32_MAX ? UINT32_MAX : (uint32_t)wait;
}

void cw__reply_reset(cw__reply *r)
{
    cw__text body = r->body, headers = r->headers;
    bool keep_headers = r->keep_headers;
    cw__xml_free(r->document);
    cw__text_reset(&body);
    cw__text_reset(&headers);
    memset(r, 0, sizeof *r);
    r->body = body;
    r->headers = headers;
    r->keep_headers = keep_headers;
}

void cw__reply_free(cw__reply *r)
{
    cw__reply_reset(r);
    cw__text_free(&r->body);
    cw__text_free(&r->headers);
}

static void keep_whole(cw__reply *r, const char *name, const char *value)
{
    size_t at = r->headers.n;
    cw__text_add(&r->headers, name);
    for (; at < r->headers.n; at++)
        if (r->headers.p[at] >= 'A' && r->headers.p[at] <= 'Z')
            r->headers.p[at] = (char)(r->headers.p[at] | 0x20);
    cw__text_add_char(&r->headers, '\0');
    cw__text_add_n(&r->headers, value, strlen(value) + 1);
}

void cw__reply_header(cw__reply *r, const char *name, const char *value)
{
    if (r->keep_headers)
        keep_whole(r, name, value);
    for (size_t i = 0; i < sizeof parsed_headers / sizeof *parsed_headers; i++) {
        if (cw__equal_nocase(name, parsed_headers[i].name)) {
            parsed_headers[i].keep(r, value);
            return;
        }
    }
    if (!keep_as_is(r, name, value))
        keep_checksum(r, name, value);
}

bool cw__reply_body(cw__reply *r, const void *p, size_t n)
{
    size_t room = CW__REPLY_LIMIT - r->body.n;
    if (n > room) {
        r->body_cut = true;
        n = room;
    }
    if (n > 0)
        cw__text_add_n(&r->body, p, n);
    return !r->body.failed;
}

void cw__reply_end(cw__reply *r, const cw__http_result *result)
{
    r->end = result->end;
    r->http_status = result->status;
    cw__copy_string(r->transport, sizeof r->transport, result->message ? result->message : "");
    if (r->retry_at_ms && !r->retry_after_ms)
        r->retry_after_ms = until_ms(r->retry_at_ms, r->date_ms ? r->date_ms : cw__clock_wall_ms());
}
