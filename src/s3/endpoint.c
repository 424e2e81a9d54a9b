/* endpoint.c - which host a bucket lives on, and how its requests are addressed
 *
 * Owns the pieces of an endpoint's URL. Knows the hosts of AWS and who wants which style of
 * address; knows nothing of connections or signatures.
 */
#include "s3/endpoint.h"

#include <string.h>

#include "base/error.h"

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), end_n = strlen(end);
    return n >= end_n && cw__equal_nocase(s + n - end_n, end);
}

/* A name that may stand before ".host" in a certificate and in DNS: no dots, no upper case. */
static bool is_dns_label(const char *bucket)
{
    size_t n = strlen(bucket);
    return n >= 3 && n <= 63 && strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == n &&
           bucket[0] != '-' && bucket[n - 1] != '-';
}

/* Nothing can stand before an address. */
static bool is_numeric(const char *host)
{
    return host[0] == '[' || host[strspn(host, "0123456789.")] == '\0';
}

/* Services whose own hosts are known to answer to bucket.host; OSS answers to nothing else. */
static bool wants_bucket_in_host(const char *host)
{
    return ends_with(host, ".aliyuncs.com") || ends_with(host, ".amazonaws.com") ||
           ends_with(host, ".amazonaws.com.cn");
}

static bool is_virtual_hosted(const cw__endpoint *e, const char *bucket)
{
    if (!*bucket || e->addressing == CW_ADDRESSING_PATH || (e->custom && is_numeric(e->url.host)))
        return false;
    if (e->addressing == CW_ADDRESSING_VIRTUAL || atomic_load(&e->wants_host))
        return true;
    if (e->custom && !wants_bucket_in_host(e->url.host))
        return false;
    return is_dns_label(bucket);
}

static void add_host(const cw__endpoint *e, const char *region, cw__text *host)
{
    if (e->custom) {
        cw__text_add(host, e->url.host);
        if (*e->url.port) {
            cw__text_add_char(host, ':');
            cw__text_add(host, e->url.port);
        }
        return;
    }
    if (!region || !*region)
        region = "us-east-1";
    cw__text_add(host, "s3.");
    cw__text_add(host, region);
    cw__text_add(host, ".amazonaws.com");
    if (cw__starts_with(region, "cn-"))
        cw__text_add(host, ".cn");
}

cw_status cw__endpoint_init(cw__endpoint *e, const char *url, cw_addressing addressing,
                            cw_error *err)
{
    memset(e, 0, sizeof *e);
    e->addressing = addressing;
    if ((unsigned)addressing > CW_ADDRESSING_VIRTUAL)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "addressing %d is none of CW_ADDRESSING_…",
                        (int)addressing);
    if (!url || !*url)
        return CW_OK;
    cw_status status = cw__endpoint_url_parse(&e->url, url, err);
    e->custom = status == CW_OK;
    return status;
}

void cw__endpoint_free(cw__endpoint *e)
{
    if (e->custom)
        cw__endpoint_url_free(&e->url);
    memset(e, 0, sizeof *e);
}

bool cw__endpoint_tls(const cw__endpoint *e)
{
    return !e->custom || e->url.tls;
}

void cw__endpoint_address(const cw__endpoint *e, const char *region, const char *bucket,
                          const char *key, cw__text *host, cw__text *path)
{
    bool in_host = is_virtual_hosted(e, bucket);
    if (in_host) {
        cw__text_add(host, bucket);
        cw__text_add_char(host, '.');
    }
    add_host(e, region, host);

    if (e->custom)
        cw__text_add(path, e->url.path);
    if (!in_host && *bucket) {
        cw__text_add_char(path, '/');
        cw__text_add_encoded(path, bucket, strlen(bucket), false);
    }
    if (in_host || !*bucket || *key)
        cw__text_add_char(path, '/');
    cw__text_add_encoded(path, key, strlen(key), true);
}
