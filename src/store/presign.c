/* presign.c - a URL that carries the right to do one thing */
#include <cloudwriter/bucket.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "s3/client.h"
#include "s3/sign.h"
#include "store/backend.h"

#include <string.h>

enum { DEFAULT_S = 3600, MOST_S = 604800 };

typedef struct signing {
    cw_client *client;
    const cw__url *at;
    const cw_presign_options *options;
    char region[64];
    cw__text host, path, query;
    cw__sign_header *headers; /* host, then the caller's */
} signing;

static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE"};

static cw_status check(cw_presign_options *o, cw_error *err)
{
    bool known = false;

    o->method = o->method ? o->method : "GET";
    o->expires_s = o->expires_s ? o->expires_s : DEFAULT_S;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        known |= strcmp(o->method, methods[i]) == 0;
    if (!known)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the method is '%.20s': GET, HEAD, PUT or "
                        "DELETE can be signed",
                        o->method);
    if (o->expires_s > MOST_S)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "a signed URL cannot last %u s: 604,800 (7 days) is the most",
                        o->expires_s);
    for (size_t i = 0; i < o->header_count; i++)
        if (!o->headers[i].name || !o->headers[i].value || strpbrk(o->headers[i].value, "\r\n"))
            return cw__fail(err, CW_E_INVALID_ARGUMENT,
                            "header %zu has no name or value, or a "
                            "line break",
                            i);
    for (size_t i = 0; i < o->query_count; i++)
        if (!o->query[i].name)
            return cw__fail(err, CW_E_INVALID_ARGUMENT, "query parameter %zu has no name", i);
    return CW_OK;
}

static void write_query(signing *s)
{
    for (size_t i = 0; i < s->options->query_count; i++) {
        const cw_pair *p = &s->options->query[i];
        if (i > 0)
            cw__text_add_char(&s->query, '&');
        cw__text_add_encoded(&s->query, p->name, strlen(p->name), false);
        cw__text_add_char(&s->query, '=');
        if (p->value)
            cw__text_add_encoded(&s->query, p->value, strlen(p->value), false);
    }
}

static bool address(signing *s)
{
    cw_client *c = s->client;
    size_t count = s->options->header_count;

    cw__copy_string(s->region, sizeof s->region, c->region ? c->region : "");
    cw__learned_region(&c->learned, s->at->bucket, s->region, sizeof s->region);
    if (!s->region[0])
        cw__copy_string(s->region, sizeof s->region, "us-east-1");
    cw__endpoint_address(&c->endpoint, s->region, s->at->bucket, s->at->path, &s->host, &s->path);
    write_query(s);
    s->headers = cw__alloc((count + 1) * sizeof *s->headers);
    if (!s->headers)
        return false;
    s->headers[0] = (cw__sign_header){"host", cw__text_str(&s->host)};
    for (size_t i = 0; i < count; i++)
        s->headers[i + 1] =
            (cw__sign_header){s->options->headers[i].name, s->options->headers[i].value};
    return !s->host.failed && !s->path.failed && !s->query.failed;
}

static cw_status sign(const signing *s, const cw__keys *k, cw__text *url)
{
    cw__sign_keys keys = {k->access_key_id, k->secret_access_key, k->session_token};
    cw__sign_input in = {.method = s->options->method,
                         .path = cw__text_str(&s->path),
                         .query = cw__text_str(&s->query),
                         .headers = s->headers,
                         .header_count = s->options->header_count + 1,
                         .payload_hash = CW__UNSIGNED_PAYLOAD,
                         .region = s->region,
                         .service = "s3",
                         .wall_ms = cw__learned_wall_ms(&s->client->learned)};

    cw__text_add(url, cw__endpoint_tls(&s->client->endpoint) ? "https://" : "http://");
    cw__text_add(url, cw__text_str(&s->host));
    cw__text_add(url, cw__text_str(&s->path));
    cw__text_add_char(url, '?');
    return cw__sign_query(&keys, &in, s->options->expires_s, url);
}

static cw_status give(const cw__text *url, char *out, size_t bytes, cw_error *err)
{
    if (url->n >= bytes)
        return cw__fail(err, CW_E_TOO_LARGE,
                        "the signed URL has %zu bytes, and there is room for "
                        "%zu",
                        url->n + 1, bytes);
    memcpy(out, url->p, url->n + 1);
    return CW_OK;
}

static cw_status sign_with_keys(signing *s, char *out, size_t bytes, cw_error *err)
{
    cw__credentials *credentials = s->client->credentials;
    cw__text url = {.secret = true};
    cw__keys *keys = NULL;
    cw_status st = cw__credentials_get(credentials, &keys, err);

    if (st != CW_OK)
        return st;
    if (keys->anonymous)
        st =
            cw__fail(err, CW_E_CREDENTIALS_MISSING, "an anonymous client has no keys to sign with");
    else if (!address(s) || sign(s, keys, &url) != CW_OK)
        st = cw__fail_memory(err, "signing a URL");
    else
        st = give(&url, out, bytes, err);
    cw__keys_release(credentials, keys);
    cw__text_free(&url);
    return st;
}

cw_status cw_presign(cw_client *c, const char *url, const cw_presign_options *o, char *out,
                     size_t bytes, cw_error *err)
{
    cw_presign_options taken;
    cw__url at;
    signing s = {.client = c, .at = &at, .options = &taken};
    cw_status st;

    cw__error_clear(err);
    if (!out || bytes == 0)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "there is no room for the URL");
    out[0] = '\0';
    st = cw__options_take(&taken, sizeof taken, o, err);
    if (st == CW_OK)
        st = check(&taken, err);
    if (st == CW_OK)
        st = cw__place_parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    st = at.scheme == CW__SCHEME_S3
             ? sign_with_keys(&s, out, bytes, err)
             : cw__fail(err, CW_E_UNSUPPORTED, "'%s' cannot be signed: only s3:// can", url);
    cw__text_free(&s.host);
    cw__text_free(&s.path);
    cw__text_free(&s.query);
    cw__free(s.headers);
    cw__url_free(&at);
    return st;
}
