/* proxy_url.c - the pieces of a proxy's URL (declared in url.h)
 *
 * User and password are taken out, so that nobody who is given the rest can show them, and no
 * message here quotes anything.
 */
#include "base/url.h"
#include <string.h>
#include <strings.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

/* As libcurl has them. */
static const char TLS_PORT[] = "443", OTHER_PORT[] = "1080";

static cw_status refuse(const char *wrong, cw_error *err)
{
    return cw__fail(err, CW_E_INVALID_ARGUMENT,
                    "the URL of the proxy %s: write [scheme://][user[:password]@]host[:port], with "
                    "the scheme http, https, socks4, socks4a, socks5 or socks5h",
                    wrong);
}

/* In small letters; NULL for none that is known. */
static const char *find_scheme(const char *s, size_t n)
{
    static const char *const known[] = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i]) == n && strncasecmp(known[i], s, n) == 0)
            return known[i];
    return NULL;
}

/* NULL when out of memory; *good says whether it decodes to text on one line. */
static char *decode(const char *s, size_t n, bool *good)
{
    char *out = cw__strndup(s, n), *to = out;
    for (size_t i = 0; out && i < n; i++) {
        int high = s[i] == '%' && n - i > 2 ? cw__hex_digit(s[i + 1]) : -1;
        int low = high >= 0 ? cw__hex_digit(s[i + 2]) : -1;
        *to = low >= 0 ? (char)(high * 16 + low) : s[i];
        i += low >= 0 ? 2 : 0;
        *good &= (unsigned char)*to >= ' ' && *to != 0x7F;
        to++;
    }
    if (out)
        *to = '\0';
    return out;
}

static cw_status take_user(cw__proxy_url *out, const char *s, size_t n, cw_error *err)
{
    const char *colon = memchr(s, ':', n);
    size_t user_n = colon ? (size_t)(colon - s) : n;
    bool good = true;
    out->user = decode(s, user_n, &good);
    out->password = colon ? decode(colon + 1, n - user_n - 1, &good) : cw__strdup("");
    if (!out->user || !out->password)
        return cw__fail_memory(err, "parsing the URL of a proxy");
    return good ? CW_OK : refuse("has a control character in its user or password", err);
}

/* The parser of endpoints says how long the host is, and whether there is one. */
static cw_status measure_host(const char *host, size_t n, size_t *host_n, cw_error *err)
{
    cw__text url = {0};
    cw__endpoint_url pieces;
    cw_status status = CW_E_NO_MEMORY;
    if (host[n + strspn(host + n, "/")])
        return refuse("has something behind its host and port", err);
    cw__text_addf(&url, "http://%.*s", (int)n, host);
    if (!url.failed)
        status = cw__endpoint_url_parse(&pieces, cw__text_str(&url), NULL);
    cw__text_free(&url);
    if (status == CW_E_NO_MEMORY)
        return cw__fail_memory(err, "parsing the URL of a proxy");
    if (status != CW_OK)
        return refuse("has no usable host and port", err);
    *host_n = strlen(pieces.host);
    cw__endpoint_url_free(&pieces);
    return CW_OK;
}

static cw_status take_host(cw__proxy_url *out, const char *scheme, const char *host, cw_error *err)
{
    size_t n = strcspn(host, "/"), host_n = 0;
    cw__text url = {0}, where = {0};
    cw_status status = measure_host(host, n, &host_n, err);
    if (status != CW_OK)
        return status;
    cw__text_addf(&url, "%s://%.*s", scheme, (int)n, host);
    cw__text_addf(&where, "%.*s port ", (int)host_n, host);
    if (n > host_n + 1)
        cw__text_add_n(&where, host + host_n + 1, n - host_n - 1);
    else
        cw__text_add(&where, strcmp(scheme, "https") == 0 ? TLS_PORT : OTHER_PORT);
    out->url = url.p;
    out->where = where.p;
    return url.failed || where.failed ? cw__fail_memory(err, "parsing the URL of a proxy") : CW_OK;
}

cw_status cw__proxy_url_parse(cw__proxy_url *out, const char *url, cw_error *err)
{
    const char *scheme = "http", *rest = url, *colon = strstr(url, "://");
    cw_status status = CW_OK;
    *out = (cw__proxy_url){0};
    if (colon) {
        scheme = find_scheme(url, (size_t)(colon - url));
        rest = colon + 3;
    }
    if (!scheme)
        return refuse("has no scheme that is known", err);
    const char *at = memrchr(rest, '@', strcspn(rest, "/?#"));
    if (at)
        status = take_user(out, rest, (size_t)(at - rest), err);
    if (status == CW_OK)
        status = take_host(out, scheme, at ? at + 1 : rest, err);
    if (status != CW_OK)
        cw__proxy_url_free(out);
    return status;
}

void cw__proxy_url_free(cw__proxy_url *u)
{
    cw__free(u->url);
    cw__free(u->where);
    cw__free_secret(u->user);
    cw__free_secret(u->password);
    *u = (cw__proxy_url){0};
}
