/* fault_alloc.h - an allocator that fails on demand and knows what is still allocated
 *
 *     fault_begin(3);            the third allocation from now on fails, and only that
 *     …
 *     CHECK_INT(fault_end(), 0); back to the standard allocator; nothing was left behind
 */
#ifndef CW_TESTS_FAULT_ALLOC_H
#define CW_TESTS_FAULT_ALLOC_H

#include <stdatomic.h>
#include <stdlib.h>
#include <cloudwriter/sys/allocator.h>

static atomic_long fault_calls, fault_live, fault_nth;

static inline int fault_now(void)
{
    return atomic_fetch_add(&fault_calls, 1) + 1 == atomic_load(&fault_nth);
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

/** Fail the nth allocation from now on; 0: none, just count. */
static inline void fault_begin(long nth)
{
    const cw_allocator a = {fault_alloc, fault_realloc, fault_free, NULL};
    atomic_store(&fault_calls, 0);
    atomic_store(&fault_live, 0);
    atomic_store(&fault_nth, nth);
    cw_allocator_install(&a);
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
