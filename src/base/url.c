/* url.c - what a caller's URL names, and the pieces of an endpoint
 *
 * A message about a URL quotes it, and says what to write in its place. User info is never quoted:
 * it may hold a password.
 */
#include "base/url.h"
#include <string.h>
#include <strings.h>
#include "base/arn.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

enum { BUCKET_MIN = 3, BUCKET_MAX = 63 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Length of "scheme" in "scheme:…", or 0. A colon after a slash belongs to a path. */
static size_t scheme_length(const char *url)
{
    size_t n = 0;
    while (is_alnum(url[n]) || (n > 0 && url[n] && strchr("+-.", url[n])))
        n++;
    return url[n] == ':' ? n : 0;
}

static bool bucket_is_usable(const char *name, size_t n)
{
    if (n < BUCKET_MIN || n > BUCKET_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_alnum(name[i]) && !strchr(".-_", name[i]))
            return false;
    if (strchr(".-", name[0]) || strchr(".-", name[n - 1]))
        return false;
    return !memmem(name, n, "..", 2);
}

static cw_status take(cw__url *u, const char *bucket, size_t bucket_n, const char *path,
                      cw_error *err)
{
    u->bucket = bucket ? cw__strndup(bucket, bucket_n) : NULL;
    u->path = cw__strdup(path);
    if ((u->bucket || !bucket) && u->path)
        return CW_OK;
    cw__url_free(u);
    return cw__fail_memory(err, "parsing a URL");
}

/* The bucket is the ARN in one spelling, which names it in requests, messages and URLs. */
static cw_status parse_arn(cw__url *u, const char *arn, cw_error *err)
{
    cw__arn parts;
    const char *rest;
    cw__text bucket = {0};
    cw_status status = cw__arn_parse(&parts, arn, &rest, err);
    if (status != CW_OK)
        return status;
    cw__text_add_n(&bucket, arn, (size_t)(parts.account.p + parts.account.n + 1 - arn));
    if (parts.outpost.n)
        cw__text_addf(&bucket, "outpost/%.*s/", (int)parts.outpost.n, parts.outpost.p);
    cw__text_addf(&bucket, "accesspoint/%.*s", (int)parts.name.n, parts.name.p);
    u->scheme = CW__SCHEME_S3;
    status = bucket.failed ? cw__fail_memory(err, "parsing a URL")
                           : take(u, bucket.p, bucket.n, *rest ? rest + 1 : "", err);
    cw__text_free(&bucket);
    return status;
}

static cw_status parse_s3(cw__url *u, const char *url, cw_error *err)
{
    const char *bucket = url + strlen("s3://");
    size_t n = strcspn(bucket, "/");
    if (cw__is_arn(bucket))
        return parse_arn(u, bucket, err);
    if (n == 0)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' has no bucket: write s3://bucket/key",
                        url);
    if (!bucket_is_usable(bucket, n))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "'%s' names the bucket '%.*s', which cannot be one: write s3://bucket/key "
                        "with a bucket of 3 to 63 letters, digits, '.', '-' or '_'",
                        url, (int)(n < 100 ? n : 100), bucket);
    u->scheme = CW__SCHEME_S3;
    return take(u, bucket, n, bucket[n] ? bucket + n + 1 : "", err);
}

static cw_status parse_file(cw__url *u, const char *url, cw_error *err)
{
    const char *path = url + strlen("file://");
    if (path[0] != '/')
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "'%s' has no absolute path: write file:///path with three slashes, or the "
                        "path alone",
                        url);
    u->scheme = CW__SCHEME_FILE;
    return take(u, NULL, 0, path, err);
}

static cw_status parse_memory(cw__url *u, const char *url, cw_error *err)
{
    const char *name = url + strlen("mem://");
    if (!*name)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' has no name: write mem://name", url);
    u->scheme = CW__SCHEME_MEMORY;
    return take(u, NULL, 0, name, err);
}

static cw_status refuse_scheme(const char *url, size_t n, cw_error *err)
{
    if (cw__starts_with(url, "http://") || cw__starts_with(url, "https://"))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "'%s' is an address of the web: write s3://bucket/key, and give a server "
                        "other than AWS as the client's endpoint_url",
                        url);
    return cw__fail(err, CW_E_INVALID_ARGUMENT,
                    "'%s' begins with '%.*s:', which is not known here: write s3://bucket/key, "
                    "file:///path, mem://name, or a path ('./' in front if it has a colon)",
                    url, (int)(n < 100 ? n : 100), url);
}

/* "s3:/bucket" and "S3://bucket" are slips of the pen, and no paths. */
static bool resembles_scheme(const char *url, size_t n)
{
    static const char *const known[] = {"s3", "s3a", "s3n", "file", "mem", "http", "https"};
    if (n && cw__starts_with(url + n, "://"))
        return true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (n == strlen(known[i]) && strncasecmp(url, known[i], n) == 0)
            return true;
    return false;
}

cw_status cw__url_parse(cw__url *out, const char *url, cw_error *err)
{
    *out = (cw__url){0};
    if (!url || !*url)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the URL is empty: write s3://bucket/key, file:///path, or a path");
    if (cw__starts_with(url, "s3://"))
        return parse_s3(out, url, err);
    if (cw__starts_with(url, "file://"))
        return parse_file(out, url, err);
    if (cw__starts_with(url, "mem://"))
        return parse_memory(out, url, err);
    size_t n = scheme_length(url);
    if (resembles_scheme(url, n))
        return refuse_scheme(url, n, err);
    out->scheme = CW__SCHEME_FILE;
    return take(out, NULL, 0, url, err);
}

void cw__url_free(cw__url *u)
{
    cw__free(u->bucket);
    cw__free(u->path);
    *u = (cw__url){0};
}
