/* ahead_inside.h - the two sides of reading ahead, among themselves
 *
 *     ahead.c        the reader's: plans ranges, waits for bytes, gives them back
 *     ahead_range.c  the I/O thread's: starts them, fills them, stops them
 *
 * Each range is one exchange:   planned -> running -> done
 *
 * A range whose bytes have all been given back while its exchange has not quite ended goes from the
 * list to those that are leaving, and is freed at the end. Stopping is done on the I/O thread, by
 * the pump. Who may touch what, and when, is in ahead.h.
 */
#ifndef CW_STORE_AHEAD_INSIDE_H
#define CW_STORE_AHEAD_INSIDE_H

#include <stdatomic.h>
#include "store/ahead.h"

typedef enum cw__range_state {
    CW__RANGE_PLANNED,
    CW__RANGE_RUNNING,
    CW__RANGE_DONE
} cw__range_state;

typedef struct cw__range {
    struct cw__range *next;
    cw__ahead *ahead;
    cw__range_state state;
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
} cw__range;

struct cw__ahead {
    const cw__pinned *object;
    cw__ahead_sum *sum;
    cw__loop *loop;
    uint64_t memory_bytes, range_bytes;
    unsigned connections;

    cw__mutex lock;
    cw__cond changed;
    cw__range *first, **tail;
    cw__range *leaving;
    unsigned listed;
    uint64_t position, planned;
    uint64_t held; /* bytes of slabs, drawn or not */
    uint64_t next_range;
    unsigned at_once; /* ranges that may arrive at once, so far */
    uint64_t pace;    /* of a full range like the one that ended last: bytes in a us */
    unsigned running, ending;
    bool may_grow; /* a range was read since it last had the chance */
    bool grew;     /* for the reader: there may be more to plan */
    bool pump_posted, spare_set, stopping;
    bool waiting; /* the reader is, for the first range */
    uint64_t requests, retries;
    cw__task pump_task, spare_task;
};

/* All with the lock held, but for the tasks. */

/** A range of the object, from `planned` on. NULL: there is no memory for it. */
cw__range *cw__range_new(cw__ahead *a, uint64_t bytes);
/** With the slabs that it has left. It is on no list, and does not run. */
void cw__range_free(cw__range *r);
/** Give back its first slab that was not. */
void cw__range_give_slab(cw__range *r);

/** What readers leave of a client's slabs: a quarter, and a writer's first part. */
uint64_t cw__ahead_most_held(const cw__pool_stats *pool);
/** Would more ranges at once be faster, as far as can be told? */
bool cw__ahead_wants_more(const cw__ahead *a);
/** Have the I/O thread look. */
void cw__ahead_post_pump(cw__ahead *a);

/* The two tasks of the I/O thread. */
void cw__ahead_pump(void *ahead);
void cw__ahead_grow(void *ahead);

#endif
