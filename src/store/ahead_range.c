/* ahead_range.c - the I/O thread's side of reading ahead: ranges, and what arrives of them
 *
 * A range is made by the reader, and all else here is done on the I/O thread, but for asking it to
 * look (cw__ahead_post_pump): it starts what is planned, fills the slabs, and stops what is
 * running.
 */
#include "store/ahead_inside.h"

#include "base/clock.h"
#include "base/memory.h"

#include <string.h>

enum {
    LEAST_KEPT = 5 * 1024 * 1024 + CW__SLAB_BYTES, /* what may be sent as a part */
    FAST_ENOUGH = 1000 /* bytes in a microsecond: about what one I/O thread can take in */
};

/* ---- ranges ---- */

void cw__range_give_slab(cw__range *r)
{
    cw__ahead *a = r->ahead;
    cw__pool *pool = a->object->client->pool;
    void *slab = r->slabs[r->slabs_given++];

    if (slab)
        cw__pool_give(pool, slab);
    else
        cw__pool_give_up(pool, 1);
    a->held -= CW__SLAB_BYTES;
}

void cw__range_free(cw__range *r)
{
    while (r->slabs_given < r->slab_count)
        cw__range_give_slab(r);
    cw__free(r->slabs);
    cw__free(r);
}

/* What readers leave of a client's slabs: a quarter, and a writer's first part. */
uint64_t cw__ahead_most_held(const cw__pool_stats *pool)
{
    uint64_t kept = pool->budget_bytes / 4;

    if (kept < LEAST_KEPT)
        kept = LEAST_KEPT;
    return kept < pool->budget_bytes ? pool->budget_bytes - kept : 0;
}

static bool reserve_slabs(cw__ahead *a, cw__range *r, size_t count)
{
    cw__pool *pool = a->object->client->pool;
    cw__pool_stats now;

    cw__pool_get_stats(pool, &now);
    if (now.held_bytes + count * CW__SLAB_BYTES > cw__ahead_most_held(&now))
        return false;
    r->slabs = cw__alloc_zero(count * sizeof *r->slabs);
    if (!r->slabs || cw__pool_reserve(pool, count) != CW_OK)
        return false;
    r->slab_count = count;
    a->held += count * CW__SLAB_BYTES;
    return true;
}

cw__range *cw__range_new(cw__ahead *a, uint64_t bytes)
{
    cw__range *r = cw__alloc_zero(sizeof *r);

    if (!r)
        return NULL;
    r->ahead = a;
    r->from = a->planned;
    r->bytes = bytes;
    r->awaited = UINT64_MAX;
    r->which = a->sum->which;
    if (reserve_slabs(a, r, (size_t)((bytes + CW__SLAB_BYTES - 1) / CW__SLAB_BYTES)))
        return r;
    cw__range_free(r);
    return NULL;
}

/* If it is leaving, it has left. */
static void free_if_leaving(cw__ahead *a, cw__range *r)
{
    cw__range **at = &a->leaving;

    while (*at && *at != r)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = r->next;
    cw__range_free(r);
}

/* ---- what arrives ---- */

void cw__ahead_post_pump(cw__ahead *a)
{
    if (a->pump_posted)
        return;
    a->pump_posted = true;
    cw__loop_post(a->loop, &a->pump_task);
}

/* A slab is drawn when its first byte is about to arrive: likely one that was just read, and is in
 * the cache. */
static void *room(void *user, uint64_t at, size_t *n)
{
    cw__range *r = user;
    size_t within = (size_t)(at % CW__SLAB_BYTES);
    void **slab = &r->slabs[at / CW__SLAB_BYTES];

    if (!*slab)
        *slab = cw__pool_draw(r->ahead->object->client->pool);
    *n = CW__SLAB_BYTES - within;
    return (char *)*slab + within;
}

/* What was received in its place stays. */
static void copy_in(cw__range *r, uint64_t at, const char *p, size_t n)
{
    while (n > 0) {
        size_t k;
        void *to = room(r, at, &k);

        if (k > n)
            k = n;
        if (to != p)
            memcpy(to, p, k);
        at += k;
        p += k;
        n -= k;
    }
}

/*
 * The rest of it takes no longer than a new request takes to its first byte: if that is sent now,
 * its bytes follow without a gap. A few bytes do not tell how fast they come.
 */
static bool is_near_its_end(const cw__range *r, uint64_t got)
{
    return got >= r->bytes / 8 && (r->bytes - got) * (cw__clock_mono_us() - r->first_us) <=
                                      got * (r->first_us - r->start_us);
}

static void note_end(cw__range *r)
{
    cw__ahead *a = r->ahead;

    cw__mutex_lock(&a->lock);
    r->ending = true;
    a->ending++;
    cw__ahead_post_pump(a);
    cw__mutex_unlock(&a->lock);
}

static void wake_reader(cw__range *r)
{
    cw__ahead *a = r->ahead;

    cw__mutex_lock(&a->lock);
    r->awaited = UINT64_MAX; /* once is enough */
    cw__mutex_unlock(&a->lock);
    cw__cond_signal(&a->changed);
}

static void on_bytes(void *user, uint64_t at, const void *p, size_t n)
{
    cw__range *r = user;

    copy_in(r, at, p, n);
    r->crc = cw__crc_add(r->which, r->crc, p, n);
    if (at == 0)
        r->first_us = cw__clock_mono_us();
    r->got = at + n;
    if (!r->ending && is_near_its_end(r, at + n))
        note_end(r);
    if (at + n >= r->awaited)
        wake_reader(r);
}

/*
 * The pace of a range of full length that comes as this one did, in bytes in a microsecond, its
 * request included: a small one, with which all begins, takes longer to be sent for than to arrive,
 * and would tell of a slow network where there is none.
 */
static uint64_t pace_like(const cw__range *r)
{
    double full = (double)r->ahead->range_bytes, arriving;

    if (r->got == 0)
        return 0;
    arriving = (double)(cw__clock_mono_us() - r->first_us) * (full / (double)r->got);
    return (uint64_t)(full / ((double)(r->first_us - r->start_us) + arriving + 1));
}

/* Fewer at once, where half of them would be fast enough twice over: others may be slower. */
static void learn_pace(cw__ahead *a, const cw__range *r)
{
    a->pace = pace_like(r);
    if (a->at_once > 1 && a->pace * (a->at_once / 2) >= 2 * FAST_ENOUGH)
        a->at_once /= 2;
}

/* The exchange has ended, or was cancelled. May free the range. */
static void finish(cw__range *r)
{
    cw__ahead *a = r->ahead;

    a->requests += r->x.attempts;
    a->retries += cw__exchange_retries(&r->x);
    a->running--;
    a->ending -= r->ending;
    learn_pace(a, r);
    cw__exchange_free(&r->x);
    r->state = CW__RANGE_DONE;
    free_if_leaving(a, r);
}

static void start_ranges(cw__ahead *a);

static void on_done(void *user, cw_status status)
{
    cw__range *r = user;
    cw__ahead *a = r->ahead;

    cw__mutex_lock(&a->lock);
    if (status != CW_OK)
        cw__exchange_explain(&r->x, status, &r->error);
    finish(r);
    start_ranges(a);
    cw__cond_signal(&a->changed);
    cw__mutex_unlock(&a->lock);
}

/* ---- starting and stopping ---- */

static void start_range(cw__ahead *a, cw__range *r)
{
    r->state = CW__RANGE_RUNNING;
    a->running++;
    r->in.put = on_bytes;
    r->in.room = room;
    r->in.user = r;
    cw__pinned_get(a->object, a->loop, &r->x, &r->in, r->from, r->bytes);
    r->x.done = on_done;
    r->x.user = r;
    r->start_us = cw__clock_mono_us();
    cw__exchange_start(&r->x);
}

/* Of ranges that are near their end and of others there may be as many at once. */
static void start_ranges(cw__ahead *a)
{
    for (cw__range *r = a->first; r && !a->stopping; r = r->next) {
        if (a->running - a->ending >= a->at_once || a->running >= 2 * a->at_once)
            break;
        if (r->state == CW__RANGE_PLANNED)
            start_range(a, r);
    }
}

static void cancel(cw__range *r)
{
    cw__exchange_cancel(&r->x);
    finish(r);
}

static void stop(cw__ahead *a)
{
    cw__loop_cancel_spare(a->loop, &a->spare_task);
    a->spare_set = false;
    while (a->leaving)
        cancel(a->leaving);
    for (cw__range *r = a->first; r; r = r->next)
        if (r->state == CW__RANGE_RUNNING)
            cancel(r);
}

bool cw__ahead_wants_more(const cw__ahead *a)
{
    return a->waiting && a->may_grow && a->at_once < a->connections &&
           a->pace * a->at_once < FAST_ENOUGH && !a->stopping;
}

void cw__ahead_pump(void *user)
{
    cw__ahead *a = user;

    cw__mutex_lock(&a->lock);
    a->pump_posted = false;
    if (a->stopping)
        stop(a);
    start_ranges(a);
    if (cw__ahead_wants_more(a) && !a->spare_set) {
        a->spare_set = true;
        cw__loop_when_spare(a->loop, &a->spare_task);
    }
    cw__cond_signal(&a->changed);
    cw__mutex_unlock(&a->lock);
}

/* The network is what everything waits for: more at once. */
void cw__ahead_grow(void *user)
{
    cw__ahead *a = user;

    cw__mutex_lock(&a->lock);
    a->spare_set = false;
    if (cw__ahead_wants_more(a)) {
        a->at_once = 2 * a->at_once < a->connections ? 2 * a->at_once : a->connections;
        a->grew = true;
        cw__cond_signal(&a->changed);
    }
    a->may_grow = false;
    cw__mutex_unlock(&a->lock);
}
