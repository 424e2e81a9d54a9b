/* endpoint_url.c - the pieces of an endpoint's URL (declared in url.h)
 *
 * A message quotes the URL and says what to write in its place, but never quotes user info: it may
 * hold a password.
 */
#include "base/url.h"
#include <string.h>
#include <strings.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

/* Pointers into the caller's URL. */
typedef struct pieces {
    bool tls;
    const char *host, *port, *path;
    size_t host_n, port_n, path_n;
} pieces;

static const char *const FORM = "write http://host[:port] or https://host[:port]";

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool all_of(const char *s, size_t n, const char *punctuation)
{
    for (size_t i = 0; i < n; i++)
        if (!is_alnum(s[i]) && !strchr(punctuation, s[i]))
            return false;
    return n > 0;
}

static bool host_is_usable(const char *host, size_t n)
{
    if (n > 2 && host[0] == '[' && host[n - 1] == ']')
        return all_of(host + 1, n - 2, ":.");
    return all_of(host, n, ".-_");
}

/* No digits at all are fine (RFC 3986), and mean the scheme's own. */
static bool port_is_usable(const char *port, size_t n)
{
    unsigned value = 0;
    if (n == 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(port[i]))
            return false;
        value = value * 10 + (unsigned)(port[i] - '0');
        if (value > 65535)
            return false;
    }
    return value > 0;
}

static bool path_is_usable(const char *path, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)path[i] <= 0x20 || path[i] == 0x7F)
            return false;
    return true;
}

static const char *skip_scheme(const char *url, bool *tls)
{
    *tls = strncasecmp(url, "https://", 8) == 0;
    if (*tls)
        return url + 8;
    return strncasecmp(url, "http://", 7) == 0 ? url + 7 : NULL;
}

static void split_authority(pieces *p, const char *s, size_t n)
{
    const char *bracket = n && s[0] == '[' ? memchr(s, ']', n) : NULL;
    const char *from = bracket ? bracket : s;
    const char *colon = memchr(from, ':', n - (size_t)(from - s));
    p->host = s;
    p->host_n = colon ? (size_t)(colon - s) : n;
    p->port = colon ? colon + 1 : s + n;
    p->port_n = n - p->host_n - (colon ? 1 : 0);
}

/* A port that is the scheme's own is left out, so that a host has one spelling when signed. */
static void drop_own_port(pieces *p)
{
    const char *own = p->tls ? "443" : "80";
    if (p->port_n == strlen(own) && strncmp(p->port, own, p->port_n) == 0)
        p->port_n = 0;
}

static cw_status split(pieces *p, const char *url, cw_error *err)
{
    const char *s = skip_scheme(url, &p->tls);
    size_t n = s ? strcspn(s, "/?#") : 0;
    const char *at = memrchr(s ? s : url, '@', s ? n : strlen(url));
    if (at)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the endpoint URL has a user or password before its host: give the keys in "
                        "access_key_id and secret_access_key, and %s",
                        FORM);
    if (!s)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the endpoint URL '%s' does not begin with http:// or https://: %s", url,
                        FORM);
    split_authority(p, s, n);
    drop_own_port(p);
    p->path = s + n;
    p->path_n = strlen(p->path);
    while (p->path_n && p->path[p->path_n - 1] == '/')
        p->path_n--;
    return CW_OK;
}

static cw_status check(const pieces *p, const char *url, cw_error *err)
{
    const char *wrong = NULL;
    if (!host_is_usable(p->host, p->host_n))
        wrong = "has no usable host";
    else if (!port_is_usable(p->port, p->port_n))
        wrong = "has a port that is not between 1 and 65535";
    else if (strpbrk(p->path, "?#"))
        wrong = "has a query or a fragment";
    else if (!path_is_usable(p->path, p->path_n))
        wrong = "has a space or a control character in it";
    if (!wrong)
        return CW_OK;
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "the endpoint URL '%s' %s: %s", url, wrong, FORM);
}

static bool is_ipv4(const char *s)
{
    for (int part = 0; part < 4; part++) {
        int value = 0, digits = 0;
        for (; is_digit(*s) && digits < 4; s++, digits++)
            value = value * 10 + (*s - '0');
        if (digits < 1 || digits > 3 || value > 255)
            return false;
        if (part < 3 && *s++ != '.')
            return false;
    }
    return *s == '\0';
}

cw_status cw__endpoint_url_parse(cw__endpoint_url *out, const char *url, cw_error *err)
{
    *out = (cw__endpoint_url){0};
    if (!url)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "the endpoint URL is missing: %s", FORM);
    pieces p = {0};
    cw_status status = split(&p, url, err);
    if (status == CW_OK)
        status = check(&p, url, err);
    if (status != CW_OK)
        return status;
    out->tls = p.tls;
    out->host = cw__strndup(p.host, p.host_n);
    out->port = cw__strndup(p.port, p.port_n);
    out->path = cw__strndup(p.path, p.path_n);
    if (out->host && out->port && out->path)
        return CW_OK;
    cw__endpoint_url_free(out);
    return cw__fail_memory(err, "parsing an endpoint URL");
}

void cw__endpoint_url_free(cw__endpoint_url *u)
{
    cw__free(u->host);
    cw__free(u->port);
    cw__free(u->path);
    *u = (cw__endpoint_url){0};
}

/* RFC 6761: what is below localhost is this machine, too. */
static bool is_localhost(const char *host)
{
    static const char name[] = "localhost";
    size_t n = strlen(host), name_n = sizeof name - 1;
    if (n > name_n && host[n - name_n - 1] != '.')
        return false;
    return n >= name_n && cw__equal_nocase(host + n - name_n, name);
}

bool cw__host_is_local_or_address(const char *host)
{
    return host[0] == '[' || is_ipv4(host) || is_localhost(host);
}

bool cw__host_is_this_machine(const char *host)
{
    return is_localhost(host) || strcmp(host, "[::1]") == 0 ||
           (cw__starts_with(host, "127.") && is_ipv4(host));
}
