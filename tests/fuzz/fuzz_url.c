/* fuzz_url.c - take apart any URL, and address a bucket on any endpoint */
#include "fuzz.h"

#include <string.h>

#include "base/text.h"
#include "base/url.h"
#include "s3/endpoint.h"

static void take_apart(const char *text)
{
    cw__url url;
    cw_error err = {0};
    cw_status status = cw__url_parse(&url, text, &err);
    MUST(status == CW_OK || status == CW_E_INVALID_ARGUMENT || status == CW_E_UNSUPPORTED);
    if (status != CW_OK) {
        MUST(err.message[0]);
        return;
    }
    MUST(url.path);
    MUST(url.scheme != CW__SCHEME_S3 || (url.bucket && url.bucket[0]));
    cw__url_free(&url);
}

/* What goes into a request line and a Host header has no blanks and no line breaks. */
static void check_visible(const cw__text *t)
{
    MUST(!t->failed && t->n > 0);
    for (size_t i = 0; i < t->n; i++)
        MUST((unsigned char)t->p[i] > ' ' && t->p[i] != 0x7f);
}

static void address(const char *text, cw_addressing addressing)
{
    cw__endpoint e;
    cw_error err = {0};
    cw__text host = {0}, path = {0};
    if (cw__endpoint_init(&e, text, addressing, &err) == CW_OK) {
        cw__route route;
        MUST(cw__endpoint_route(&e, "us-east-1", "bucket", CW__REACH_OBJECTS, &route, &err) ==
             CW_OK);
        cw__endpoint_address(&e, &route, "bucket", text, &host, &path);
        check_visible(&host);
        check_visible(&path);
        MUST(path.p[0] == '/');
        cw__text_free(&host);
        cw__text_free(&path);
        cw__endpoint_free(&e);
    } else {
        MUST(err.status == CW_E_INVALID_ARGUMENT);
    }
}

/* The bucket of a URL that was taken, at AWS and at an endpoint, with every setting there is. */
static void route(const cw__url *url, const char *endpoint, unsigned settings)
{
    cw__endpoint e;
    cw__route way;
    cw_error err = {0};
    cw__text host = {0}, path = {0};
    MUST(cw__endpoint_init(&e, endpoint, settings % 3, &err) == CW_OK);
    e.variant = (cw__variant){.dualstack = settings & 4, .fips = settings & 8};
    e.accelerate = settings & 16;
    e.own_region_only = settings & 32;
    e.no_session = e.global = settings & 64;
    cw_status status = cw__endpoint_check(&e, &err);
    if (status == CW_OK)
        status =
            cw__endpoint_route(&e, "us-gov-west-1", url->bucket,
                               settings & 128 ? CW__REACH_BUCKET : CW__REACH_OBJECTS, &way, &err);
    if (status == CW_OK) {
        cw__endpoint_address(&e, &way, url->bucket, url->path, &host, &path);
        check_visible(&host);
        check_visible(&path);
        MUST(way.region[0] && way.service[0]);
    } else {
        MUST(status == CW_E_INVALID_ARGUMENT || status == CW_E_UNSUPPORTED);
        MUST(err.message[0]);
    }
    cw__text_free(&host);
    cw__text_free(&path);
    cw__endpoint_free(&e);
}

static void route_all(const char *text, unsigned settings)
{
    cw__url url;
    if (cw__url_parse(&url, text, NULL) != CW_OK)
        return;
    if (url.scheme == CW__SCHEME_S3) {
        route(&url, NULL, settings);
        route(&url, "https://h.example", settings);
        route(&url, "http://127.0.0.1:1", settings);
    }
    cw__url_free(&url);
}

/* User and password are in neither of the texts that messages are made of. */
static void proxy(const char *text)
{
    cw__proxy_url p;
    cw_error err = {0};
    if (cw__proxy_url_parse(&p, text, &err) == CW_OK) {
        MUST(p.url && p.where && !strchr(p.url, '@') && !strchr(p.where, '@'));
        MUST(!p.user == !p.password);
        for (const char *c = p.url; *c; c++)
            MUST((unsigned char)*c > ' ' && *c != 0x7f);
        cw__proxy_url_free(&p);
    } else {
        MUST(err.status == CW_E_INVALID_ARGUMENT && !p.url && !p.password);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    MUST(text);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    take_apart(text);
    route_all(text, size ? data[size - 1] : 0);
    address(text, CW_ADDRESSING_AUTO);
    address(text, CW_ADDRESSING_PATH);
    address(text, CW_ADDRESSING_VIRTUAL);
    proxy(text);
    free(text);
    return 0;
}
