/* addresses.c - the addresses behind a name, which of them is to be used next, and which not for
 * now
 *
 * Owns the book: a list of hosts, each with a fixed table of addresses, whose places stay while a
 * request is at them. `lock` guards all of it. A resolving thread holds a reference to the book and
 * touches nothing else of the client.
 */
#include "port/addresses.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
    MOST_HOSTS = 16,
    FRESH_MS = 60 * 1000,  /* getaddrinfo tells no time to live: libcurl's own default */
    FAILED_MS = 10 * 1000, /* left alone, doubled with each failure in a row, up to */
    LONGEST_FAILED_MS = 300 * 1000,
    SLOW_MS = 30 * 1000,        /* left alone for being slow */
    SLOW_FACTOR = 4,            /* than the best */
    TELLING_BYTES = 256 * 1024, /* a request of fewer tells no speed */
    TELLING_REQUESTS = 4
};

typedef struct address {
    char ip[CW__ADDRESS_BYTES]; /* "": free */
    bool current;               /* in the last answer */
    bool used;                  /* some request was there */
    unsigned requests;          /* under way */
    unsigned failures;          /* in a row */
    uint64_t avoid_until_ms;
    double speed; /* bytes a millisecond, lately */
    unsigned measured;
} address;

struct cw__host {
    cw__host *next;
    address addresses[CW__MOST_ADDRESSES];
    unsigned turn;        /* who is first among equals */
    uint64_t resolved_ms; /* 0: never */
    bool resolving;
    bool spread; /* there was a choice once, so libcurl has been told */
    const char *port;
    char name[];
};

struct cw__addresses {
    cw__mutex lock;
    atomic_uint references;
    const cw__log *log;
    cw__host *hosts;
    unsigned count;
};

/* ---- resolving ---- */

static int ask_system(const char *host, char (*out)[CW__ADDRESS_BYTES], int most)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list = NULL;
    int n = 0;

    if (getaddrinfo(host, NULL, &hints, &list) != 0)
        return 0;
    for (const struct addrinfo *a = list; a && n < most; a = a->ai_next)
        n += getnameinfo(a->ai_addr, a->ai_addrlen, out[n], CW__ADDRESS_BYTES, NULL, 0,
                         NI_NUMERICHOST) == 0;
    freeaddrinfo(list);
    return n;
}

static _Atomic(cw__resolver *) resolver = ask_system;

void cw__addresses_set_resolver(cw__resolver *other)
{
    atomic_store(&resolver, other ? other : ask_system);
}

typedef struct job {
    cw__addresses *book;
    cw__host *host;
    char ip[CW__MOST_ADDRESSES][CW__ADDRESS_BYTES];
} job;

static address *find(cw__host *h, const char *ip)
{
    for (int i = 0; i < CW__MOST_ADDRESSES; i++)
        if (strcmp(h->addresses[i].ip, ip) == 0)
            return &h->addresses[i];
    return NULL;
}

static address *find_room(cw__host *h)
{
    for (int i = 0; i < CW__MOST_ADDRESSES; i++)
        if (!h->addresses[i].current && h->addresses[i].requests == 0)
            return &h->addresses[i];
    return NULL;
}

/* libcurl refuses an order with a zone in it ("fe80::1%eth0", as mDNS answers). */
static bool is_usable(const char *ip)
{
    return !strchr(ip, '%');
}

/* What is known of those that stay is kept. */
static void take_answer(cw__host *h, char (*ip)[CW__ADDRESS_BYTES], int n)
{
    for (int i = 0; i < CW__MOST_ADDRESSES; i++)
        h->addresses[i].current = false;
    for (int i = 0; i < n; i++) {
        address *a = find(h, ip[i]);

        if (!a && is_usable(ip[i]) && (a = find_room(h))) {
            memset(a, 0, sizeof *a);
            cw__copy_string(a->ip, sizeof a->ip, ip[i]);
        }
        if (a)
            a->current = true;
    }
    h->turn = (unsigned)cw__random_below(CW__MOST_ADDRESSES);
}

/* No answer leaves things as they are, and is asked for again as late as a good one. */
static void *run(void *user)
{
    job *j = user;
    cw__addresses *b = j->book;
    int n = atomic_load(&resolver)(j->host->name, j->ip, CW__MOST_ADDRESSES);

    cw__mutex_lock(&b->lock);
    if (n > 0)
        take_answer(j->host, j->ip, n);
    j->host->resolving = false;
    cw__mutex_unlock(&b->lock);
    cw__free(j);
    cw__addresses_free(b);
    return NULL;
}

/* false: no memory or no thread, so another time. */
static bool start_resolving(cw__addresses *b, cw__host *h)
{
    job *j = cw__alloc_zero(sizeof *j);
    cw__thread thread;

    if (!j)
        return false;
    *j = (job){.book = b, .host = h};
    atomic_fetch_add(&b->references, 1);
    if (cw__thread_start(&thread, run, j, "cloudwriter-dns") == 0)
        return pthread_detach(thread) == 0;
    atomic_fetch_sub(&b->references, 1);
    cw__free(j);
    return false;
}

void cw__host_resolve(cw__addresses *b, cw__host *h, uint64_t now_ms)
{
    cw__mutex_lock(&b->lock);
    if (!h->resolving && (h->resolved_ms == 0 || now_ms - h->resolved_ms >= FRESH_MS)) {
        h->resolved_ms = now_ms;
        h->resolving = true;
        if (!start_resolving(b, h))
            h->resolving = false;
    }
    cw__mutex_unlock(&b->lock);
}

/* ---- choosing ---- */

static bool is_avoided(const address *a, uint64_t now_ms)
{
    return a->avoid_until_ms > now_ms;
}

static unsigned choices(const cw__host *h)
{
    unsigned n = 0;

    for (int i = 0; i < CW__MOST_ADDRESSES; i++)
        n += h->addresses[i].current;
    return n;
}

/*
 * Those left alone come last, and of these the one whose time is over first. Who is first takes a
 * turn even if no connection is opened, so the turns alone may miss an address for good.
 */
static bool goes_before(const address *a, const address *b, uint64_t now_ms)
{
    if (is_avoided(a, now_ms) || is_avoided(b, now_ms))
        return a->avoid_until_ms < b->avoid_until_ms;
    if (a->requests != b->requests)
        return a->requests < b->requests;
    return !a->used && b->used;
}

static int sort(cw__host *h, uint64_t now_ms, int order[CW__MOST_ADDRESSES])
{
    int n = 0;

    for (unsigned i = 0; i < CW__MOST_ADDRESSES; i++) {
        int place = (int)((h->turn + i) % CW__MOST_ADDRESSES), at = n;

        if (!h->addresses[place].current)
            continue;
        while (at > 0 && goes_before(&h->addresses[place], &h->addresses[order[at - 1]], now_ms)) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = place;
        n++;
    }
    return n;
}

/* From 7.75 on an entry may be one that expires. */
int cw__host_order(cw__addresses *b, cw__host *h, uint64_t now_ms, char *out, size_t size)
{
    int order[CW__MOST_ADDRESSES] = {-1}, n;
    size_t used;

    cw__mutex_lock(&b->lock);
    n = sort(h, now_ms, order);
    h->spread = h->spread || n > 1;
    if (!h->spread || n == 0) {
        cw__mutex_unlock(&b->lock);
        return -1;
    }
    h->turn = (unsigned)order[0] + 1;
    used = (size_t)snprintf(out, size, "%s:%s:", h->name, h->port);
    for (int i = 0; i < n && used < size; i++) {
        const char *ip = h->addresses[order[i]].ip;
        used += (size_t)snprintf(out + used, size - used, strchr(ip, ':') ? "%s[%s]" : "%s%s",
                                 i ? "," : "", ip);
    }
    cw__mutex_unlock(&b->lock);
    return used < size ? order[0] : -1;
}

/* ---- what is learned ---- */

static bool has_more_than_its_share(const cw__host *h, const address *a, uint64_t now_ms)
{
    unsigned all = 0, usable = 0;

    for (int i = 0; i < CW__MOST_ADDRESSES; i++) {
        const address *other = &h->addresses[i];
        all += other->requests;
        usable += other->current && !is_avoided(other, now_ms);
    }
    return usable > 1 && a->requests > (all + usable - 1) / usable + 1;
}

int cw__host_begin(cw__addresses *b, cw__host *h, const char *ip, uint64_t now_ms, bool *crowded)
{
    address *a;

    *crowded = false;
    cw__mutex_lock(&b->lock);
    a = choices(h) > 1 ? find(h, ip) : NULL;
    if (a) {
        a->requests++;
        a->used = true;
        *crowded = is_avoided(a, now_ms) || has_more_than_its_share(h, a, now_ms);
    }
    cw__mutex_unlock(&b->lock);
    return a ? (int)(a - h->addresses) : -1;
}

static void avoid(cw__addresses *b, const cw__host *h, address *a, uint64_t now_ms, uint64_t ms,
                  const char *why)
{
    a->avoid_until_ms = now_ms + ms;
    a->measured = 0;
    cw__log_line(b->log, CW_LOG_DEBUG, "%s at %s %s: left alone for %u s", h->name, a->ip, why,
                 (unsigned)(ms / 1000));
}

static bool is_slow(const cw__host *h, const address *a, uint64_t now_ms)
{
    double best = 0;

    for (int i = 0; i < CW__MOST_ADDRESSES; i++) {
        const address *other = &h->addresses[i];
        if (other->measured >= TELLING_REQUESTS && !is_avoided(other, now_ms) &&
            other->speed > best)
            best = other->speed;
    }
    return a->measured >= TELLING_REQUESTS && a->speed * SLOW_FACTOR < best;
}

static void measure(cw__addresses *b, const cw__host *h, address *a, uint64_t bytes, uint64_t ms,
                    uint64_t now_ms)
{
    double speed = (double)bytes / (double)(ms ? ms : 1);

    a->speed = a->measured ? 0.7 * a->speed + 0.3 * speed : speed;
    a->measured++;
    if (!is_avoided(a, now_ms) && is_slow(h, a, now_ms))
        avoid(b, h, a, now_ms, SLOW_MS, "is far slower than others");
}

void cw__host_end(cw__addresses *b, cw__host *h, int place, uint64_t bytes, uint64_t ms,
                  uint64_t now_ms)
{
    address *a = &h->addresses[place];

    cw__mutex_lock(&b->lock);
    a->requests--;
    if (bytes > 0)
        a->failures = 0;
    if (bytes >= TELLING_BYTES)
        measure(b, h, a, bytes, ms, now_ms);
    cw__mutex_unlock(&b->lock);
}

void cw__host_failed(cw__addresses *b, cw__host *h, int place, uint64_t now_ms)
{
    address *a = &h->addresses[place];
    uint64_t ms = FAILED_MS;

    cw__mutex_lock(&b->lock);
    if (!is_avoided(a, now_ms)) { /* all that were on their way to it say it only once */
        for (unsigned i = 0; i < a->failures && ms < LONGEST_FAILED_MS; i++)
            ms *= 2;
        a->failures++;
        avoid(b, h, a, now_ms, ms < LONGEST_FAILED_MS ? ms : LONGEST_FAILED_MS, "failed");
    }
    cw__mutex_unlock(&b->lock);
}

void cw__addresses_count(cw__addresses *b, uint64_t now_ms, unsigned *known, unsigned *avoided)
{
    *known = *avoided = 0;
    cw__mutex_lock(&b->lock);
    for (const cw__host *h = b->hosts; h; h = h->next)
        for (int i = 0; choices(h) > 1 && i < CW__MOST_ADDRESSES; i++)
            if (h->addresses[i].current) {
                *known += 1;
                *avoided += is_avoided(&h->addresses[i], now_ms);
            }
    cw__mutex_unlock(&b->lock);
}

/* ---- the book ---- */

static bool is_address(const char *name)
{
    unsigned char bytes[16];

    return name[0] == '[' || inet_pton(AF_INET, name, bytes) == 1;
}

static cw__host *add_host(cw__addresses *b, const char *name, const char *port)
{
    size_t n = strlen(name) + 1, total = n + strlen(port) + 1;
    cw__host *h = b->count < MOST_HOSTS ? cw__alloc_zero(sizeof *h + total) : NULL;

    if (!h)
        return NULL;
    memcpy(h->name, name, n);
    memcpy(h->name + n, port, total - n);
    h->port = h->name + n;
    h->next = b->hosts;
    b->hosts = h;
    b->count++;
    return h;
}

cw__host *cw__addresses_host(cw__addresses *b, const char *url)
{
    const char *start = strstr(url, "://"), *port = cw__starts_with(url, "https:") ? "443" : "80";
    char name[300], *colon;
    cw__host *h;
    size_t n;

    if (!start)
        return NULL;
    start += 3;
    n = strcspn(start, "/?");
    if (n >= sizeof name || memchr(start, '@', n))
        return NULL;
    memcpy(name, start, n);
    name[n] = '\0';
    colon = strrchr(name, ':');
    if (name[0] != '[' && colon) {
        *colon = '\0';
        port = colon + 1;
    }
    if (is_address(name))
        return NULL;
    cw__mutex_lock(&b->lock);
    for (h = b->hosts; h; h = h->next)
        if (strcmp(h->name, name) == 0 && strcmp(h->port, port) == 0)
            break;
    if (!h)
        h = add_host(b, name, port);
    cw__mutex_unlock(&b->lock);
    return h;
}

cw__addresses *cw__addresses_new(const cw__log *log)
{
    cw__addresses *b = cw__alloc_zero(sizeof *b);

    if (!b)
        return NULL;
    if (cw__mutex_init(&b->lock) != 0) {
        cw__free(b);
        return NULL;
    }
    atomic_init(&b->references, 1);
    b->log = log;
    return b;
}

void cw__addresses_free(cw__addresses *b)
{
    if (!b || atomic_fetch_sub(&b->references, 1) > 1)
        return;
    while (b->hosts) {
        cw__host *h = b->hosts;
        b->hosts = h->next;
        cw__free(h);
    }
    cw__mutex_destroy(&b->lock);
    cw__free(b);
}
