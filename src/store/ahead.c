/* ahead.c - the bytes of an object in order, fetched before they are asked for (see ahead.h)
 *
 * The reader's side: what is fetched next, waiting for it, lending it, and giving it back.
 */
#include "store/ahead_inside.h"

#include "base/error.h"
#include "base/memory.h"

enum {
    FIRST_RANGE = 512 * 1024,
    LONGEST_WAIT = 512 * 1024 /* bytes that are waited for at most, though more are wanted */
};

/* ---- ranges ---- */

/* A range that was read as far as it came. */
static void add_to_sum(cw__ahead *a, const cw__range *r)
{
    if (r->used == r->got && r->which == a->sum->which)
        a->sum->crc = cw__crc_join(r->which, a->sum->crc, r->crc, r->got);
}

/* Out of the list, with all that the reader still holds of it. */
static void drop_first(cw__ahead *a)
{
    cw__range *r = a->first;

    add_to_sum(a, r);
    a->first = r->next;
    if (!a->first)
        a->tail = &a->first;
    a->listed--;
    if (r->state == CW__RANGE_RUNNING) {
        r->next = a->leaving;
        a->leaving = r;
    } else {
        cw__range_free(r);
    }
}

/* ---- planning ---- */

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
        cw__range *r;

        if (a->listed > 0 && a->held + bytes > a->memory_bytes)
            break;
        r = cw__range_new(a, bytes);
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
        cw__ahead_post_pump(a);
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
        cw__ahead_post_pump(a);
    while (a->running > 0 || a->spare_set || a->pump_posted)
        cw__cond_wait(&a->changed, &a->lock);
    a->stopping = false;
    while (a->first)
        drop_first(a);
}

static bool has_come(const cw__range *r, uint64_t got)
{
    return r->got >= got || r->state == CW__RANGE_DONE;
}

/* For one byte; but if that has to be waited for, for more, so as not to wait for each piece. */
static void wait_for(cw__ahead *a, size_t want)
{
    cw__range *r = a->first;
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
        if (cw__ahead_wants_more(a) && !a->spare_set)
            cw__ahead_post_pump(a);
        cw__cond_wait(&a->changed, &a->lock);
        if (a->grew)
            plan(a);
    }
    r->awaited = UINT64_MAX;
    a->waiting = false;
}

static cw_status lend(cw__ahead *a, const void **p, size_t *n, cw_error *err)
{
    cw__range *r = a->first;
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
        cw__range *r = a->first;
        uint64_t k = r->bytes - r->used < n ? r->bytes - r->used : n;

        r->used += k;
        a->position += k;
        n -= k;
        while ((r->slabs_given + 1) * CW__SLAB_BYTES <= r->used)
            cw__range_give_slab(r);
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
    const cw__range *r = a->first;

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

static void count_running(const cw__range *r, uint64_t *requests, uint64_t *retries)
{
    for (; r; r = r->next) {
        if (r->state != CW__RANGE_RUNNING)
            continue;
        *requests += r->x.attempts;
        *retries += cw__exchange_retries(&r->x);
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
    if (a->memory_bytes > cw__ahead_most_held(&pool))
        a->memory_bytes = cw__ahead_most_held(&pool);
    a->connections = limits->connections;
    a->range_bytes = limits->range_bytes;
    a->tail = &a->first;
    a->pump_task = (cw__task){.run = cw__ahead_pump, .user = a};
    a->spare_task = (cw__task){.run = cw__ahead_grow, .user = a};
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

/* Without the lock, which the I/O thread may have held: it neither adds to the list nor takes from
 * it, and a range that is not running has nothing of its. */
void cw__ahead_abandon(cw__ahead *a)
{
    cw__range *r = a ? a->first : NULL;

    while (r) {
        cw__range *next = r->next;
        if (r->state != CW__RANGE_RUNNING)
            cw__range_free(r);
        r = next;
    }
    cw__free(a);
}
