/* request.c - put a request together, then address, sign and lay it out for sending
 *
 * Owns what was asked for and, after a layout, the texts that the HTTP port reads while it sends.
 * Layouts reuse their buffers: an attempt allocates only where it needs more room than the last.
 * Belongs to one thread at a time.
 */
#include "s3/request.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

/* Headers that a layout adds: host, date, hash of the body, session token, region set,
 * authorization. */
enum { ADDED_HEADERS = 6 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The header after the one at `at` in "name\0value\0name\0value\0". */
static const char *after_header(const char *at)
{
    at += strlen(at) + 1;
    return at + strlen(at) + 1;
}

static void remove_header(cw__request *r, const char *name)
{
    char *at = r->headers.p, *end = at + r->headers.n;
    while (at < end) {
        size_t n = (size_t)(after_header(at) - at);
        if (strcmp(at, name) != 0) {
            at += n;
            continue;
        }
        memmove(at, at + n, (size_t)(end - at) - n);
        end -= n;
        r->header_count--;
    }
    r->headers.n = (size_t)(end - r->headers.p);
}

static void add_line(cw__text *lines, const char *name, const char *value)
{
    cw__text_add(lines, name);
    cw__text_add(lines, ": ");
    cw__text_add(lines, value);
    cw__text_add_char(lines, '\0');
}

/* Room for every line and every signed header of this request. */
static bool reserve_lists(cw__request *r)
{
    size_t count = r->header_count + ADDED_HEADERS;
    if (count <= r->list_capacity)
        return true;
    cw__free(r->line_list);
    cw__free(r->sign_list);
    r->list_capacity = 0;
    r->line_list = cw__alloc((count + 1) * sizeof *r->line_list);
    r->sign_list = cw__alloc(count * sizeof *r->sign_list);
    if (!r->line_list || !r->sign_list)
        return false;
    r->list_capacity = count;
    return true;
}

static void add_signed(cw__request *r, size_t *count, const char *name, const char *value)
{
    r->sign_list[(*count)++] = (cw__sign_header){name, value};
}

static void add_url(cw__request *r, bool tls)
{
    cw__text_add(&r->url, tls ? "https://" : "http://");
    cw__text_add_n(&r->url, r->host.p, r->host.n);
    cw__text_add_n(&r->url, r->path.p, r->path.n);
    if (r->query.n > 0) {
        cw__text_add_char(&r->url, '?');
        cw__text_add_n(&r->url, r->query.p, r->query.n);
    }
}

/* Lines and signed headers for what was asked for; how many of the latter. */
static size_t add_own_headers(cw__request *r)
{
    size_t count = 0;
    const char *at = cw__text_str(&r->headers), *end = at + r->headers.n;
    add_signed(r, &count, "host", cw__text_str(&r->host));
    for (; at < end; at = after_header(at)) {
        const char *value = at + strlen(at) + 1;
        add_line(&r->lines, at, value);
        add_signed(r, &count, at, value);
    }
    return count;
}

static cw_status add_authorization(cw__request *r, const cw__layout *how, size_t count)
{
    char date[17];
    cw__clock_format_amz(how->wall_ms, date);
    add_line(&r->lines, "x-amz-date", date);
    add_signed(r, &count, "x-amz-date", date);
    add_line(&r->lines, "x-amz-content-sha256", how->payload_hash);
    add_signed(r, &count, "x-amz-content-sha256", how->payload_hash);
    if (how->keys->session_token && *how->keys->session_token) {
        const char *name = how->keys->of_bucket ? "x-amz-s3session-token" : "x-amz-security-token";
        add_line(&r->lines, name, how->keys->session_token);
        add_signed(r, &count, name, how->keys->session_token);
    }
    if (how->route->region_set) {
        add_line(&r->lines, "x-amz-region-set", how->route->region_set);
        add_signed(r, &count, "x-amz-region-set", how->route->region_set);
    }
    cw__sign_input in = {.method = r->method,
                         .path = cw__text_str(&r->path),
                         .query = cw__text_str(&r->query),
                         .headers = r->sign_list,
                         .header_count = count,
                         .payload_hash = how->payload_hash,
                         .region = how->route->region,
                         .region_set = how->route->region_set,
                         .service = how->route->service,
                         .wall_ms = how->wall_ms};
    cw__text_add(&r->lines, "authorization: ");
    cw_status status = cw__sign(how->keys, &in, how->day_key, &r->lines);
    cw__text_add_char(&r->lines, '\0');
    return status;
}

static void list_lines(cw__request *r)
{
    size_t count = 0;
    const char *at = cw__text_str(&r->lines), *end = at + r->lines.n;
    for (; at < end; at += strlen(at) + 1)
        r->line_list[count++] = at;
    r->line_list[count] = NULL;
}

void cw__request_init(cw__request *r, const char *method, const char *bucket, const char *key)
{
    memset(r, 0, sizeof *r);
    r->headers.secret = true; /* the key of SSE-C */
    r->lines.secret = true;   /* the session token and the signature */
    r->method = method;
    r->bucket = cw__strdup(bucket ? bucket : "");
    r->key = cw__strdup(key ? key : "");
    r->failed = !r->bucket || !r->key;
}

void cw__request_free(cw__request *r)
{
    cw__free(r->bucket);
    cw__free(r->key);
    cw__text_free(&r->query);
    cw__text_free(&r->headers);
    cw__text_free(&r->url);
    cw__text_free(&r->host);
    cw__text_free(&r->path);
    cw__text_free(&r->lines);
    cw__free(r->line_list);
    cw__free(r->sign_list);
    memset(r, 0, sizeof *r);
}

void cw__request_query(cw__request *r, const char *name, const char *value)
{
    if (r->query.n > 0)
        cw__text_add_char(&r->query, '&');
    cw__text_add_encoded(&r->query, name, strlen(name), false);
    cw__text_add_char(&r->query, '=');
    if (value)
        cw__text_add_encoded(&r->query, value, strlen(value), false);
}

void cw__request_header(cw__request *r, const char *name, const char *value)
{
    if (!value)
        return;
    size_t n = strlen(value);
    while (n > 0 && is_blank(value[n - 1]))
        n--;
    while (n > 0 && is_blank(*value)) {
        value++;
        n--;
    }
    r->refused |= memchr(value, '\r', n) != NULL || memchr(value, '\n', n) != NULL;
    cw__text_add_n(&r->headers, name, strlen(name) + 1);
    cw__text_add_n(&r->headers, value, n);
    cw__text_add_char(&r->headers, '\0');
    r->header_count++;
}

void cw__request_set_header(cw__request *r, const char *name, const char *value)
{
    if (r->headers.failed)
        return;
    if (r->header_count > 0)
        remove_header(r, name);
    cw__request_header(r, name, value);
}

cw_status cw__request_lay_out(cw__request *r, const cw__layout *how)
{
    cw_status status = CW_OK;
    if (r->failed || r->query.failed || r->headers.failed || !reserve_lists(r))
        return CW_E_NO_MEMORY;
    if (r->refused)
        return CW_E_INVALID_ARGUMENT;
    cw__text_reset(&r->url);
    cw__text_reset(&r->host);
    cw__text_reset(&r->path);
    cw__text_reset(&r->lines);
    cw__endpoint_address(how->endpoint, how->route, r->bucket, r->key, &r->host, &r->path);
    add_url(r, cw__endpoint_tls(how->endpoint));
    size_t count = add_own_headers(r);
    if (how->keys)
        status = add_authorization(r, how, count);
    if (status == CW_OK && (r->url.failed || r->host.failed || r->path.failed || r->lines.failed))
        status = CW_E_NO_MEMORY;
    if (status == CW_OK)
        list_lines(r);
    return status;
}
