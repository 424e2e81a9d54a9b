/* ahead.c - the bytes of an object in order, fetched before they are asked for (see ahead.h)
 *
 * Each range is one exchange:   planned -> running -> done
 *
 * A range whose bytes have all been given back while its exchange has not quite ended goes from the
 * list to those that are leaving, and is freed at the end. Stopping is done on the I/O thread, by
 * the pump.
 */
#include "store/ahead.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"

#include <stdatomic.h>
#include <string.h>

enum {
    FIRST_RANGE = 512 * 1024,
    LEAST_KEPT = 5 * 1024 * 1024 + CW__SLAB_BYTES, /* what may be sent as a part */
    LONGEST_WAIT = 512 * 1024, /* bytes that are waited for at most, though more are wanted */
    FAST_ENOUGH = 1000         /* bytes in a microsecond: about what one I/O thread can take in */
};

typedef enum range_state { PLANNED, RUNNING, DONE } range_state;

typedef struct range {
    struct range *next;
    cw__ahead *ahead;
    range_state state;
    uint64_t from, bytes;
    atomic_uint_least64_t got; /* of the bytes, as is */
    uint64_t used;
    atomic_uint_least64_t awaited; /* `got` that the reader waits for */
    cw_checksum which;             /* to compute on the way */
    uint64_t crc;                  /* of what was got */
    void **slabs;                  /* NULL: reserved, not drawn yet */
    size_t slab_count, slabs_given;
    cw__exchange x;
    cw__intake in;
    bool ending;                 /* its last bytes are near */
    uint64_t start_us, first_us; /* of the request, and of its first byte */
    cw_error error;
} range;

struct cw__ahead {
    const cw__pinned *object;
    cw__ahead_sum *sum;
    cw__loop *loop;
    uint64_t memory_bytes, range_bytes;
    unsigned connections;

    cw__mutex lock;
    cw__cond changed;
    range *first, **tail;
    range *leaving;
    unsigned listed;
    uint64_t position, planned;
    uint64_t held; /* bytes of slabs, drawn or not */
    uint64_t next_range;
    unsigned at_once; /* ranges that may arrive at once, so far */
    uint64_t pace;    /* of the range that ended last, with its request: bytes in a us */
    unsigned running, ending;
    bool may_grow; /* a range was read since it last had the chance */
    bool grew;     /* for the reader: there may be more to plan */
    bool pump_posted, spare_set, stopping;
    bool waiting; /* the reader is, for the first range */
    uint64_t requests, retries;
    cw__task pump_task, spare_task;
};

/* ---- ranges ---- */

static void give_slab(cw__ahead *a, range *r)
{
    cw__pool *pool = a->object->client->pool;
    void *slab = r->slabs[r->slabs_given++];

    if (slab)
        cw__pool_give(pool, slab);
    else
        cw__pool_give_up(pool, 1);
    a->held -= CW__SLAB_BYTES;
}

static void free_range(range *r)
{
    while (r->slabs_given < r->slab_count)
        give_slab(r->ahead, r);
    cw__free(r->slabs);
    cw__free(r);
}

/* What readers leave of a client's slabs: a quarter, and a writer's first part. */
static uint64_t most_held(const cw__pool_stats *pool)
{
    uint64_t kept = pool->budget_bytes / 4;

    if (kept < LEAST_KEPT)
        kept = LEAST_KEPT;
    return kept < pool->budget_bytes ? pool->budget_bytes - kept : 0;
}

static bool reserve_slabs(cw__ahead *a, range *r, size_t count)
{
    cw__pool *pool = a->object->client->pool;
    cw__pool_stats now;

    cw__pool_get_stats(pool, &now);
    if (now.held_bytes + count * CW__SLAB_BYTES > most_held(&now))
        return false;
    r->slabs = cw__alloc_zero(count * sizeof *r->slabs);
    if (!r->slabs || cw__pool_reserve(pool, count) != CW_OK)
        return false;
    r->slab_count = count;
    a->held += count * CW__SLAB_BYTES;
    return true;
}

static range *new_range(cw__ahead *a, uint64_t bytes)
{
    range *r = cw__alloc_zero(sizeof *r);

    if (!r)
        return NULL;
    r->ahead = a;
    r->from = a->planned;
    r->bytes = bytes;
    r->awaited = UINT64_MAX;
    r->which = a->sum->which;
    if (reserve_slabs(a, r, (size_t)((bytes + CW__SLAB_BYTES - 1) / CW__SLAB_BYTES)))
        return r;
    free_range(r);
    return NULL;
}

/* A range that was read as far as it came. */
static void add_to_sum(cw__ahead *a, const range *r)
{
    if (r->used == r->got && r->which == a->sum->which)
        a->sum->crc = cw__crc_join(r->which, a->sum->crc, r->crc, r->got);
}

/* Out of the list, with all that the reader still holds of it. */
static void drop_first(cw__ahead *a)
{
    range *r = a->first;

    add_to_sum(a, r);
    a->first = r->next;
    if (!a->first)
        a->tail = &a->first;
    a->listed--;
    if (r->state == RUNNING) {
        r->next = a->leaving;
        a->leaving = r;
    } else {
        free_range(r);
    }
}

/* If it is leaving, it has left. */
static void free_if_leaving(cw__ahead *a, range *r)
{
    range **at = &a->leaving;

    while (*at && *at != r)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = r->next;
    free_range(r);
}

/* ---- on the I/O thread: what arrives ---- */

static void post_pump(cw__ahead *a)
{
    if (a->pump_posted)
        return;
    a->pump_posted = true;
    cw__loop_post(a->loop, &a->pump_task);
}

/* A slab is drawn when its first byte arrives: likely one that was just read, and is in the cache.
 */
static void copy_in(range *r, uint64_t at, const char *p, size_t n)
{
    while (n > 0) {
        size_t within = (size_t)(at % CW__SLAB_BYTES), k = CW__SLAB_BYTES - within;
        void **slab = &r->slabs[at / CW__SLAB_BYTES];

        if (k > n)
            k = n;
        if (within == 0)
            *slab = cw__pool_draw(r->ahead->object->client->pool);
        memcpy((char *)*slab + within, p, k);
        at += k;
        p += k;
        n -= k;
    }
}

/*
 * The rest of it takes no longer than a new request takes to its first byte: if that is sent now,
 * its bytes follow without a gap. A few bytes do not tell how fast they come.
 */
static bool is_near_its_end(const range *r, uint64_t got)
{
    return got >= r->bytes / 8 && (r->bytes - got) * (cw__clock_mono_us() - r->first_us) <=
                                      got * (r->first_us - r->start_us);
}

static void note_end(range *r)
{
    cw__ahead *a = r->ahead;

    cw__mutex_lock(&a->lock);
    r->ending = true;
    a->ending++;
    post_pump(a);
    cw__mutex_unlock(&a->lock);
}

static void wake_reader(range *r)
{
    cw__ahead *a = r->ahead;

    cw__mutex_lock(&a->lock);
    r->awaited = UINT64_MAX; /* once is enough */
    cw__mutex_unlock(&a->lock);
    cw__cond_signal(&a->changed);
}

static void on_bytes(void *user, uint64_t at, const void *p, size_t n)
{
    range *r = user;

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

/* The exchange has ended, or was cancelled. May free the range. */
static void finish(range *r)
{
    cw__ahead *a = r->ahead;

    a->requests += r->x.attempts;
    a->retries += r->x.attempts > 1 ? r->x.attempts - 1 : 0;
    a->running--;
    a->ending -= r->ending;
    a->pace = r->got / (cw__clock_mono_us() - r->start_us + 1);
    cw__exchange_free(&r->x);
    r->state = DONE;
    free_if_leaving(a, r);
}

static void start_ranges(cw__ahead *a);

static void on_done(void *user, cw_status status)
{
    range *r = user;
    cw__ahead *a = r->ahead;

    cw__mutex_lock(&a->lock);
    if (status != CW_OK)
        cw__exchange_explain(&r->x, status, &r->error);
    finish(r);
    start_ranges(a);
    cw__cond_signal(&a->changed);
    cw__mutex_unlock(&a->lock);
}

/* ---- on the I/O thread: starting and stopping ---- */

static void start_range(cw__ahead *a, range *r)
{
    r->state = RUNNING;
    a->running++;
    r->in.put = on_bytes;
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
    for (range *r = a->first; r && !a->stopping; r = r->next) {
        if (a->running - a->ending >= a->at_once || a->running >= 2 * a->at_once)
            break;
        if (r->state == PLANNED)
            start_range(a, r);
    }
}

static void cancel(range *r)
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
    for (range *r = a->first; r; r = r->next)
        if (r->state == RUNNING)
            cancel(r);
}

static bool wants_to_grow(const cw__ahead *a)
{
    return a->waiting && a->may_grow && a->at_once < a->connections &&
           a->pace * a->at_once < FAST_ENOUGH && !a->stopping;
}

static void pump(void *user)
{
    cw__ahead *a = user;

    cw__mutex_lock(&a->lock);
    a->pump_posted = false;
    if (a->stopping)
        stop(a);
    start_ranges(a);
    if (wants_to_grow(a) && !a->spare_set) {
        a->spare_set = true;
        cw__loop_when_spare(a->loop, &a->spare_task);
    }
    cw__cond_signal(&a->changed);
    cw__mutex_unlock(&a->lock);
}

/* The network is what everything waits for: more at once. */
static void grow(void *user)
{
    cw__ahead *a = user;

    cw__mutex_lock(&a->lock);
    a->spare_set = false;
    if (wants_to_grow(a)) {
        a->at_once = 2 * a->at_once < a->connections ? 2 * a->at_once : a->connections;
        a->grew = true;
        cw__cond_signal(&a->changed);
    }
    a->may_grow = false;
    cw__mutex_unlock(&a->lock);
}

/* ---- on the reader's thread ---- */

/* Ranges being fetched, one being read, and one ready for each few that end. */
static unsigned most_listed(const cw__ahead *a)
{
    return a->at_once + 1 + a->at_once / 4;
}

static uint64_t size_of_next(const cw__ahead *a)
{
    uint64_t left = a->object->bytes - a->planned;
    uint64_t share = a->memory_bytes / most_listed(a);
    uint64_t n = a->next_range < a->range_bytes ? a->next_range : a->range_bytes;

    if (n > share)
        n = share - share % CW__SLAB_BYTES;
    if (n < CW__SLAB_BYTES)
        n = CW__SLAB_BYTES;
    return n < left ? n : left;
}

static void plan(cw__ahead *a)
{
    bool planned = false;

    while (a->listed < most_listed(a) && a->planned < a->object->bytes) {
        uint64_t bytes = size_of_next(a);
        range *r;

        if (a->listed > 0 && a->held + bytes > a->memory_bytes)
            break;
        r = new_range(a, bytes);
        if (!r)
            break;
        *a->tail = r;
        a->tail = &r->next;
        a->listed++;
        a->planned += bytes;
        if (a->next_range < a->range_bytes)
            a->next_range *= 2;
        planned = true;
    }
    a->grew = false;
    if (planned)
        post_pump(a);
}

static void begin_at(cw__ahead *a, uint64_t offset)
{
    a->position = a->planned = offset;
    a->next_range = FIRST_RANGE;
    a->at_once = 1;
    a->may_grow = false;
}

/* Cancel all, and wait until nothing of it is left on the I/O thread. */
static void clear(cw__ahead *a)
{
    a->stopping = true;
    if (a->running > 0 || a->spare_set)
        post_pump(a);
    while (a->running > 0 || a->spare_set || a->pump_posted)
        cw__cond_wait(&a->changed, &a->lock);
    a->stopping = false;
    while (a->first)
        drop_first(a);
}

static bool has_come(const range *r, uint64_t got)
{
    return r->got >= got || r->state == DONE;
}

/* For one byte; but if that has to be waited for, for more, so as not to wait for each piece. */
static void wait_for(cw__ahead *a, size_t want)
{
    range *r = a->first;
    uint64_t most = want < LONGEST_WAIT ? want : LONGEST_WAIT;

    if (has_come(r, r->used + 1))
        return;
    if (most > r->bytes - r->used)
        most = r->bytes - r->used;
    a->waiting = true;
    for (;;) {
        r->awaited = r->used + most;
        if (has_come(r, r->used + most))
            break;
        if (wants_to_grow(a) && !a->spare_set)
            post_pump(a);
        cw__cond_wait(&a->changed, &a->lock);
        if (a->grew)
            plan(a);
    }
    r->awaited = UINT64_MAX;
    a->waiting = false;
}

static cw_status lend(cw__ahead *a, const void **p, size_t *n, cw_error *err)
{
    range *r = a->first;
    uint64_t within = r->used % CW__SLAB_BYTES, there = r->got - r->used;

    if (there == 0) {
        cw_error why = r->error;

        if (why.status == CW_OK)
            cw__fail(&why, CW_E_PROTOCOL, "a range ended before its last byte");
        clear(a);
        begin_at(a, a->position);
        cw__error_copy(err, &why);
        return why.status;
    }
    *p = (const char *)r->slabs[r->used / CW__SLAB_BYTES] + within;
    *n = (size_t)(there < CW__SLAB_BYTES - within ? there : CW__SLAB_BYTES - within);
    return CW_OK;
}

cw_status cw__ahead_peek(cw__ahead *a, uint64_t offset, size_t want, const void **p, size_t *n,
                         cw_error *err)
{
    cw_status st = CW_OK;

    cw__mutex_lock(&a->lock);
    if (offset != a->position) {
        clear(a);
        begin_at(a, offset);
    }
    plan(a);
    if (!a->first)
        st = cw__fail(err, CW_E_BUDGET, "no memory to read ahead");
    if (st == CW_OK) {
        wait_for(a, want);
        st = lend(a, p, n, err);
    }
    cw__mutex_unlock(&a->lock);
    return st;
}

static void skip(cw__ahead *a, uint64_t n)
{
    while (n > 0) {
        range *r = a->first;
        uint64_t k = r->bytes - r->used < n ? r->bytes - r->used : n;

        r->used += k;
        a->position += k;
        n -= k;
        while ((r->slabs_given + 1) * CW__SLAB_BYTES <= r->used)
            give_slab(a, r);
        if (r->used == r->bytes) {
            a->may_grow = true;
            drop_first(a);
        }
    }
}

void cw__ahead_skip(cw__ahead *a, size_t n)
{
    cw__mutex_lock(&a->lock);
    skip(a, n);
    cw__mutex_unlock(&a->lock);
}

/* Only over what has arrived: a slab that is still being filled cannot be given back. */
static bool lies_in_what_is_there(const cw__ahead *a, uint64_t offset)
{
    const range *r = a->first;

    for (; r && r->got == r->bytes; r = r->next)
        if (offset < r->from + r->bytes)
            return true;
    return r && offset < r->from + r->got;
}

bool cw__ahead_move(cw__ahead *a, uint64_t offset)
{
    bool there;

    cw__mutex_lock(&a->lock);
    there = offset >= a->position && lies_in_what_is_there(a, offset);
    if (there) {
        skip(a, offset - a->position);
    } else {
        clear(a);
        begin_at(a, offset);
    }
    cw__mutex_unlock(&a->lock);
    return there;
}

static void count_running(const range *r, uint64_t *requests, uint64_t *retries)
{
    for (; r; r = r->next) {
        unsigned attempts = r->state == RUNNING ? r->x.attempts : 0;
        *requests += attempts;
        *retries += attempts > 1 ? attempts - 1 : 0;
    }
}

void cw__ahead_count(cw__ahead *a, uint64_t *requests, uint64_t *retries)
{
    cw__mutex_lock(&a->lock);
    *requests = a->requests;
    *retries = a->retries;
    count_running(a->first, requests, retries);
    count_running(a->leaving, requests, retries);
    cw__mutex_unlock(&a->lock);
}

/* ---- its life ---- */

cw_status cw__ahead_new(cw__ahead **out, const cw__pinned *o, const cw__ahead_limits *limits,
                        cw__ahead_sum *sum, cw_error *err)
{
    cw__ahead *a = cw__alloc_zero(sizeof *a);
    cw__pool_stats pool;

    *out = NULL;
    if (!a)
        return cw__fail_memory(err, "reading ahead");
    if (cw__mutex_init(&a->lock) != 0)
        goto free_ahead;
    if (cw__cond_init(&a->changed) != 0)
        goto free_lock;
    cw__pool_get_stats(o->client->pool, &pool);
    a->object = o;
    a->sum = sum;
    a->loop = cw__client_next_lane(o->client)->loop;
    a->memory_bytes = limits->memory_bytes ? limits->memory_bytes : pool.budget_bytes / 2;
    if (a->memory_bytes > most_held(&pool))
        a->memory_bytes = most_held(&pool);
    a->connections = limits->connections;
    a->range_bytes = limits->range_bytes;
    a->tail = &a->first;
    a->pump_task = (cw__task){.run = pump, .user = a};
    a->spare_task = (cw__task){.run = grow, .user = a};
    begin_at(a, 0);
    *out = a;
    return CW_OK;

free_lock:
    cw__mutex_destroy(&a->lock);
free_ahead:
    cw__free(a);
    return cw__fail_memory(err, "reading ahead");
}

void cw__ahead_free(cw__ahead *a)
{
    if (!a)
        return;
    cw__mutex_lock(&a->lock);
    clear(a);
    cw__mutex_unlock(&a->lock);
    cw__cond_destroy(&a->changed);
    cw__mutex_destroy(&a->lock);
    cw__free(a);
}
