/* http_spread.c - which of the addresses of a host a transfer goes to
 *
 * Between a transfer and the book of addresses. The order in which to try them is given to libcurl
 * (RESOLVE) when it is likely to open a connection; one that is open is used whatever its address,
 * but not again if that has more than its share or is to be left alone.
 */
#include "port/http_transfer.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

enum { ORDER_BYTES = 300 + CW__MOST_ADDRESSES * (CW__ADDRESS_BYTES + 3) };

static bool is_ipv4_first(const char *order)
{
    const char *port = strchr(order, ':'), *first = port ? strchr(port + 1, ':') : NULL;
    return first && first[1] != '[';
}

/* Out of memory: libcurl goes where it likes. From 8.10 on it likes IPv6 best, whatever the order;
 * then the other family is left to the next attempt. */
static void give_order(cw__transfer *x, uint64_t now_ms)
{
    char order[ORDER_BYTES] = "+";

    x->first = cw__host_order(x->settings->options.addresses, x->host, now_ms, order + 1,
                              sizeof order - 1);
    if (x->first < 0)
        return;
    x->order.data = cw__strdup(order + (LIBCURL_VERSION_NUM < 0x074b00));
    if (!x->order.data)
        return;
    curl_easy_setopt(x->easy, CURLOPT_DNS_SHUFFLE_ADDRESSES, 0L);
    curl_easy_setopt(x->easy, CURLOPT_RESOLVE, &x->order);
    if (x->settings->ipv6_is_first && is_ipv4_first(order))
        curl_easy_setopt(x->easy, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_V4);
}

void cw__transfer_spread(cw__transfer *x, uint64_t now_ms, bool resolve, bool choose)
{
    cw__addresses *book = x->settings->options.addresses;

    x->host = book ? cw__addresses_host(book, x->call->url) : NULL;
    x->place = x->first = -1;
    x->crowded = false;
    if (!x->host)
        return;
    if (resolve)
        cw__host_resolve(book, x->host, now_ms);
    if (choose)
        give_order(x, now_ms);
}

void cw__transfer_at(cw__transfer *x, const char *ip)
{
    if (!x->host || x->place >= 0)
        return;
    x->at_ms = cw__clock_mono_ms();
    x->place = cw__host_begin(x->settings->options.addresses, x->host, ip, x->at_ms, &x->crowded);
    if (x->crowded)
        curl_easy_setopt(x->easy, CURLOPT_FORBID_REUSE, 1L);
}

/* Before 7.80 libcurl does not say where it goes, but afterwards where it was. */
static void look_where_it_was(cw__transfer *x)
{
    char *ip = NULL;

    if (x->place < 0 && curl_easy_getinfo(x->easy, CURLINFO_PRIMARY_IP, &ip) == CURLE_OK && ip &&
        ip[0])
        cw__transfer_at(x, ip);
}

/* Of an order that ended in a connection, what comes before it took none. */
static void learn(cw__transfer *x, const cw__http_result *result, uint64_t now_ms)
{
    cw__addresses *book = x->settings->options.addresses;
    bool stalled = result->end == CW__HTTP_STALLED, there = x->place >= 0;

    if (stalled && there)
        cw__host_failed(book, x->host, x->place, now_ms);
    if (x->first >= 0 && (result->end == CW__HTTP_UNREACHABLE || (stalled && !there) ||
                          (result->new_connection && there && x->place != x->first)))
        cw__host_failed(book, x->host, x->first, now_ms);
}

void cw__transfer_leave(cw__transfer *x, const cw__http_result *result)
{
    static const cw__http_result stalled = {.end = CW__HTTP_STALLED};
    uint64_t now_ms, bytes;

    if (!x->host)
        return;
    if (!result && x->call && x->call->blamed)
        result = &stalled;
    now_ms = cw__clock_mono_ms();
    if (result && result->end != CW__HTTP_UNREACHABLE)
        look_where_it_was(x);
    if (result)
        learn(x, result, now_ms);
    bytes = result && result->end == CW__HTTP_ANSWERED ? x->uploaded + x->downloaded + 1 : 0;
    if (x->place >= 0)
        cw__host_end(x->settings->options.addresses, x->host, x->place, bytes, now_ms - x->at_ms,
                     now_ms);
    if (x->order.data) {
        curl_easy_setopt(x->easy, CURLOPT_RESOLVE, NULL);
        curl_easy_setopt(x->easy, CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L);
        curl_easy_setopt(x->easy, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_WHATEVER);
    }
    curl_easy_setopt(x->easy, CURLOPT_FORBID_REUSE, 0L);
    cw__free(x->order.data);
    x->order.data = NULL;
    x->host = NULL;
}
