/* http_no_proxy.c - which requests go through a proxy
 *
 * For what must not pass through one. libcurl decides for itself, by rules that have grown from
 * version to version: what is said here to go directly does so with all of them.
 */
#include "port/http.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#include <arpa/inet.h>
#include <curl/curl.h>

enum { FIRST_WITH_BLOCKS = 0x075600, LONGEST_BLOCK = 64 };

typedef struct word {
    const char *p;
    size_t n;
} word;

/* An address, or a block of them, "10.0.0.0/8". */
static bool holds_address(word w, struct in_addr address)
{
    struct in_addr own;
    char text[LONGEST_BLOCK], *slash;
    uint64_t bits = 32;
    if (w.n >= sizeof text)
        return false;
    memcpy(text, w.p, w.n);
    text[w.n] = '\0';
    slash = strchr(text, '/');
    if (slash) {
        *slash = '\0';
        if (curl_version_info(CURLVERSION_NOW)->version_num < FIRST_WITH_BLOCKS ||
            !cw__parse_u64(slash + 1, 32, &bits) || bits == 0)
            return false;
    }
    return inet_pton(AF_INET, text, &own) == 1 &&
           ntohl(own.s_addr ^ address.s_addr) >> (32 - bits) == 0;
}

/* The name itself, or one that it is below. */
static bool holds_name(word w, word host)
{
    if (w.n > 0 && *w.p == '.') {
        w.p++;
        w.n--;
    }
    return w.n > 0 && w.n <= host.n && strncasecmp(w.p, host.p + host.n - w.n, w.n) == 0 &&
           (w.n == host.n || host.p[host.n - w.n - 1] == '.');
}

static bool holds(word w, const char *host)
{
    struct in_addr address;
    size_t n = strlen(host);
    if (host[0] == '[')
        return w.n == n - 2 && strncasecmp(w.p, host + 1, w.n) == 0;
    if (host[strspn(host, "0123456789.")] == '\0')
        return inet_pton(AF_INET, host, &address) == 1 && holds_address(w, address);
    return holds_name(w, (word){host, n});
}

/* Newer versions end the list where words are parted by blanks alone. */
static bool is_listed(const char *list, const char *host)
{
    do {
        list += strspn(list, ", ");
        word w = {list, strcspn(list, ", ")};
        if (holds(w, host))
            return true;
        list += w.n;
        list += strspn(list, " ");
    } while (*list == ',');
    return false;
}

bool cw__http_is_proxied(const cw__http_options *o, bool tls, const char *host)
{
    const cw__http_proxy *proxy = tls ? &o->tls_proxy : &o->proxy;
    const char *list = o->no_proxy ? o->no_proxy : "";
    return proxy->url && strcmp(list, "*") != 0 && !is_listed(list, host);
}
