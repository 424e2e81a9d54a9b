/* hedge.c - which request takes far longer than others like it, and is worth a second one */
#include "s3/hedge.h"

#include <string.h>

/*
 * The quantile: a part that takes longer pulls it up by a fifth, one that does not takes a
 * hundredth off, so it rests where one in twenty takes longer.
 */
static const double UP = 1.19, DOWN = 0.99;
enum { ENOUGH = 12 }; /* to know what is usual: the longest of them, to begin with */

enum {
    LOOKS = 2,      /* at the speed of a part, in the usual time */
    TIMES = 2,      /* the usual time, for the rest of it at that speed */
    LEAST_MS = 250, /* a server may pause */
    MOST_MS = 1000 * 1000
};

/* Bytes that may be moved twice: 4 in 100, and a few parts to begin with and at once. */
static const double EARNED = 0.04, FIRST = 2, MOST = 8;

int cw__hedge_init(cw__hedge *h)
{
    memset(h, 0, sizeof *h);
    return cw__mutex_init(&h->lock);
}

void cw__hedge_destroy(cw__hedge *h)
{
    cw__mutex_destroy(&h->lock);
}

static struct cw__hedge_usual *usual_of(cw__hedge *h, const cw__hedge_watch *w)
{
    return &h->usual[w->kind == CW__HEDGE_SENT];
}

/* Smaller ones wait for the same answer. */
static uint32_t usual_ms(const struct cw__hedge_usual *u, uint64_t bytes)
{
    double ms = (double)bytes > u->bytes ? u->ms * (double)bytes / u->bytes : u->ms;

    return ms > MOST_MS ? MOST_MS : (uint32_t)ms;
}

uint32_t cw__hedge_begin(cw__hedge *h, cw__hedge_watch *w, cw__hedge_kind kind, uint64_t bytes)
{
    const struct cw__hedge_usual *u;
    uint32_t ms;

    w->kind = kind;
    w->bytes = bytes;
    w->looked_ms = 0;
    w->looked_moved = 0;
    cw__mutex_lock(&h->lock);
    u = usual_of(h, w);
    w->in_time = u->in_time;
    ms = u->seen < ENOUGH ? LEAST_MS : usual_ms(u, bytes);
    cw__mutex_unlock(&h->lock);
    return ms;
}

/* Its speed is that since the last look, which is a good while ago: it may have begun well. */
static bool is_too_slow(cw__hedge_watch *w, uint32_t usual, uint64_t moved, uint32_t age_ms)
{
    double left = (double)w->bytes - (double)moved;
    double came = (double)moved - (double)w->looked_moved, passed = age_ms - w->looked_ms;

    if (passed * LOOKS < usual)
        return false;
    w->looked_ms = age_ms;
    w->looked_moved = moved;
    return left * passed > TIMES * usual * came;
}

static bool is_late(const struct cw__hedge_usual *u, cw__hedge_watch *w, uint64_t moved,
                    uint32_t age_ms, uint32_t quiet_ms)
{
    uint32_t usual = u->seen < ENOUGH ? UINT32_MAX : usual_ms(u, w->bytes);

    return age_ms >= usual && (quiet_ms >= usual || is_too_slow(w, usual, moved, age_ms));
}

static void note_late(struct cw__hedge_usual *u, cw__hedge_watch *w)
{
    if (w->late)
        return;
    w->late = true;
    u->late++;
    u->ms *= UP;
}

bool cw__hedge_ask(cw__hedge *h, cw__hedge_watch *w, uint64_t moved, uint32_t age_ms,
                   uint32_t quiet_ms)
{
    struct cw__hedge_usual *u = usual_of(h, w);
    bool may = false;

    cw__mutex_lock(&h->lock);
    if (is_late(u, w, moved, age_ms, quiet_ms)) {
        note_late(u, w);
        may = u->late <= 1 + (u->in_time - w->in_time) && u->allowance >= (double)w->bytes;
        u->allowance -= may ? (double)w->bytes : 0;
    }
    cw__mutex_unlock(&h->lock);
    return may;
}

static void earn(struct cw__hedge_usual *u, uint64_t bytes)
{
    double share = u->seen < ENOUGH ? FIRST / ENOUGH : EARNED;
    double most = MOST * u->bytes;

    u->allowance += share * (double)bytes;
    u->allowance = u->allowance < most ? u->allowance : most;
}

void cw__hedge_through(cw__hedge *h, cw__hedge_watch *w, uint64_t ms)
{
    struct cw__hedge_usual *u = usual_of(h, w);
    double took = ms > 0 ? (double)ms : 1;

    cw__mutex_lock(&h->lock);
    u->bytes += ((double)w->bytes - u->bytes) / (u->seen < ENOUGH ? u->seen + 1 : ENOUGH);
    if (u->seen < ENOUGH)
        u->ms = took > u->ms ? took : u->ms;
    else if (!w->late)
        u->ms *= took > u->ms ? UP : DOWN;
    u->ms = u->ms > LEAST_MS ? u->ms : LEAST_MS;
    u->in_time += took <= usual_ms(u, w->bytes);
    earn(u, w->bytes);
    u->seen += u->seen < ENOUGH;
    cw__mutex_unlock(&h->lock);
}

void cw__hedge_end(cw__hedge *h, cw__hedge_watch *w)
{
    if (!w->late)
        return;
    w->late = false;
    cw__mutex_lock(&h->lock);
    usual_of(h, w)->late--;
    cw__mutex_unlock(&h->lock);
}
