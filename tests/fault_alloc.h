/* fault_alloc.h - an allocator that fails on demand and knows what is still allocated
 *
 *     fault_begin(3);            the third allocation from now on fails, and only that
 *     …
 *     CHECK_INT(fault_end(), 0); back to the standard allocator; nothing was left behind
 *
 * or step by step: fault_install(), then fault_arm() and fault_disarm() as often as needed.
 */
#ifndef CW_TESTS_FAULT_ALLOC_H
#define CW_TESTS_FAULT_ALLOC_H

#include <stdatomic.h>
#include <stdlib.h>
#include <cloudwriter/sys/allocator.h>

static atomic_long fault_calls, fault_live, fault_nth, fault_last;

static inline int fault_now(void)
{
    long call = atomic_fetch_add(&fault_calls, 1) + 1;
    return call >= atomic_load(&fault_nth) && call <= atomic_load(&fault_last);
}

static inline void *fault_alloc(void *user, size_t bytes)
{
    (void)user;
    void *p = fault_now() ? NULL : malloc(bytes);
    if (p)
        atomic_fetch_add(&fault_live, 1);
    return p;
}

static inline void *fault_realloc(void *user, void *old, size_t bytes)
{
    (void)user;
    void *p = fault_now() ? NULL : realloc(old, bytes);
    if (p && !old)
        atomic_fetch_add(&fault_live, 1);
    return p;
}

static inline void fault_free(void *user, void *p)
{
    (void)user;
    if (p)
        atomic_fetch_sub(&fault_live, 1);
    free(p);
}

/** Fail allocations number `nth` to `last` from now on; 0, 0: none, just count. */
static inline void fault_arm(long nth, long last)
{
    atomic_store(&fault_last, 0);
    atomic_store(&fault_calls, 0);
    atomic_store(&fault_nth, nth);
    atomic_store(&fault_last, last);
}

/** Fail no more; how many allocations were asked for since fault_arm. */
static inline long fault_disarm(void)
{
    atomic_store(&fault_last, 0);
    return atomic_load(&fault_calls);
}

/** Count what is alive from now on; nothing fails yet. */
static inline void fault_install(void)
{
    const cw_allocator a = {fault_alloc, fault_realloc, fault_free, NULL};
    fault_arm(0, 0);
    atomic_store(&fault_live, 0);
    cw_allocator_install(&a);
}

/** Fail the nth allocation from now on; 0: none, just count. */
static inline void fault_begin(long nth)
{
    fault_install();
    fault_arm(nth, nth);
}

/** True once the nth allocation was reached. */
static inline int fault_happened(void)
{
    return atomic_load(&fault_calls) >= atomic_load(&fault_nth);
}

/** How many allocations are still alive. */
static inline long fault_end(void)
{
    cw_allocator_install(NULL);
    return atomic_load(&fault_live);
}

#endif
