/* pool.h - slabs of memory under one budget, shared by the writers of a client
 *
 * A slab is CW__SLAB_BYTES. Slabs that are given back are kept and handed out again, the one used
 * last first, so that few bytes in flight stay in the processor's cache.
 *
 * Waiting cannot deadlock: a slab is either held by a writer that is filling a part, or "moving"
 * (its part was handed to an upload, which gives it back whatever happens, within its deadlines).
 * cw__pool_take waits only while slabs are moving; when none is, no one will give one back, and it
 * answers CW_E_BUDGET at once.
 */
#ifndef CW_BASE_POOL_H
#define CW_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cloudwriter/status.h>

enum { CW__SLAB_BYTES = 64 * 1024 };

typedef struct cw__pool cw__pool;

/** A budget of whole slabs within `bytes`; nothing is allocated before it is taken. */
cw_status cw__pool_new(cw__pool **out, uint64_t bytes, cw_error *err);

/** All slabs must be back. NULL is fine. */
void cw__pool_free(cw__pool *pool);

/**
 * Take one slab.
 * Waits at most `wait_ms` while others are moving: CW_E_TIMEOUT then says no more than that, call
 * again. @return CW_OK; CW_E_BUDGET; CW_E_TIMEOUT; CW_E_NO_MEMORY
 */
cw_status cw__pool_take(cw__pool *pool, uint64_t wait_ms, void **slab);

/** Give one back that is not moving. */
void cw__pool_give(cw__pool *pool, void *slab);

/**
 * Hold `slabs` slabs without saying yet which, and without waiting: each is drawn once it is
 * needed, so that it can be one that was given back a moment ago, or given up. Drawing does not
 * fail.
 * @return CW_OK; CW_E_BUDGET; CW_E_NO_MEMORY
 */
cw_status cw__pool_reserve(cw__pool *pool, size_t slabs);
void *cw__pool_draw(cw__pool *pool);
void cw__pool_give_up(cw__pool *pool, size_t slabs);

/** `slabs` slabs of one holder start to move; each ends with cw__pool_arrive instead of _give. */
void cw__pool_depart(cw__pool *pool, size_t slabs);
void cw__pool_arrive(cw__pool *pool, void *slab);

typedef struct cw__pool_stats {
    uint64_t budget_bytes;
    uint64_t held_bytes; /* taken and not given back */
    uint64_t peak_bytes;
    uint64_t moving_bytes;
} cw__pool_stats;

void cw__pool_get_stats(cw__pool *pool, cw__pool_stats *out);

#endif
