/* hedge.c - when to give up on a request that takes far longer than others like it, and send it
 * again
 */
#include "s3/hedge.h"

#include <string.h>

/*
 * The quantile: a part that took longer pulls it up by a fifth, one that did not takes a hundredth
 * off, so it rests where one in twenty takes longer.
 */
static const double UP = 1.19, DOWN = 0.99;
enum { ENOUGH = 12 }; /* to know what is usual: the longest of them, to begin with */

enum {
    TIMES = 2,      /* the usual time, of a part with not one byte moved */
    LEAST_MS = 500, /* a server may pause */
    MOST_MS = 1000 * 1000
};

/* Requests that may be cut short: 3 in 100, and a few to begin with. */
static const double FIRST = 2, EARNED = 0.03, MOST = 8;

int cw__hedge_init(cw__hedge *h)
{
    memset(h, 0, sizeof *h);
    h->allowance = FIRST;
    return cw__mutex_init(&h->lock);
}

void cw__hedge_destroy(cw__hedge *h)
{
    cw__mutex_destroy(&h->lock);
}

uint32_t cw__hedge_patience_ms(cw__hedge *h, cw__hedge_kind kind, uint64_t bytes)
{
    struct cw__hedge_usual u;
    double ms;

    cw__mutex_lock(&h->lock);
    u = h->usual[kind == CW__HEDGE_SENT];
    cw__mutex_unlock(&h->lock);
    if (u.seen < ENOUGH)
        return 0;
    ms = TIMES * u.ms;
    if ((double)bytes > u.bytes)
        ms *= (double)bytes / u.bytes;
    return ms < LEAST_MS ? LEAST_MS : ms > MOST_MS ? MOST_MS : (uint32_t)ms;
}

bool cw__hedge_take(cw__hedge *h)
{
    bool may;

    cw__mutex_lock(&h->lock);
    may = h->allowance >= 1;
    h->allowance -= may;
    cw__mutex_unlock(&h->lock);
    return may;
}

void cw__hedge_seen(cw__hedge *h, cw__hedge_kind kind, uint64_t bytes, uint64_t ms)
{
    struct cw__hedge_usual *u = &h->usual[kind == CW__HEDGE_SENT];
    double took = ms > 0 ? (double)ms : 1;

    cw__mutex_lock(&h->lock);
    u->bytes += ((double)bytes - u->bytes) / (u->seen < ENOUGH ? u->seen + 1 : ENOUGH);
    if (u->seen < ENOUGH)
        u->ms = took > u->ms ? took : u->ms;
    else
        u->ms *= took > u->ms ? UP : DOWN;
    u->seen += u->seen < ENOUGH;
    h->allowance = h->allowance + EARNED < MOST ? h->allowance + EARNED : MOST;
    cw__mutex_unlock(&h->lock);
}
