/* pool.c - slabs of memory under one budget, shared by the writers of a client
 *
 * Owns every slab that was ever allocated, in blocks that are freed with the pool. Slabs given back
 * lie in a list threaded through the slabs themselves, newest first. The first few slabs are blocks
 * of one, so that little use takes little memory; after these a block is large, for the sake of
 * huge pages: bytes are copied into slabs and out of them, and with small pages every 4 KiB of that
 * cost a miss of the address cache. A block counts whole, so blocks never pass the budget, and what
 * of a block was never handed out was never touched.
 *
 * Why waiting cannot deadlock. A thread waits here only while `moving` > 0. A moving slab belongs
 * to the I/O thread, which never takes slabs, and which gives each back whatever becomes of its
 * request, within that request's deadlines. So either a slab comes back and a waiter takes it, or
 * the last one that moves comes back and finds every waiter: they are all woken, and those that
 * get nothing answer CW_E_BUDGET. Slabs that are held and do not move are not waited for: their
 * holder may be the very thread that waits.
 *
 * Locking: `lock` guards all fields but the first two. The child of a fork never takes it, since
 * another thread may have held it at the fork: there nothing can be taken, a slab given back is
 * left where it is, and the pool can be freed, for which one thread needs no lock.
 */
#include "base/pool.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"

enum { SINGLE_SLABS = 16, BLOCK_SLABS = 128 };

typedef struct free_slab {
    struct free_slab *next;
} free_slab;

typedef struct block {
    struct block *next;
    uint64_t fresh; /* slabs at its end that were never handed out */
    uint64_t slabs;
    max_align_t bytes[];
} block;

struct cw__pool {
    uint64_t budget; /* in slabs, as all the counts */
    unsigned generation;
    cw__mutex lock;
    cw__cond changed; /* a slab was given back, or none moves any more */
    free_slab *kept;
    block *blocks;
    uint64_t allocated;
    uint64_t held;
    uint64_t peak;
    uint64_t moving; /* of those held */
};

static bool is_inherited(const cw__pool *pool)
{
    return pool->generation != cw__fork_generation();
}

static int init_locks(cw__pool *pool)
{
    int rc = cw__fork_watch();
    if (!rc)
        rc = cw__mutex_init(&pool->lock);
    if (rc)
        return rc;
    rc = cw__cond_init(&pool->changed);
    if (rc)
        cw__mutex_destroy(&pool->lock);
    return rc;
}

/* Wait until there is room in the budget, or no hope of any. */
static cw_status wait_for_room(cw__pool *pool, uint64_t wait_ms)
{
    uint64_t start = pool->held < pool->budget ? 0 : cw__clock_mono_ms();
    while (pool->held >= pool->budget) {
        if (pool->moving == 0)
            return CW_E_BUDGET;
        uint64_t waited = cw__clock_mono_ms() - start;
        if (waited >= wait_ms)
            return CW_E_TIMEOUT;
        cw__cond_wait_ms(&pool->changed, &pool->lock, wait_ms - waited);
    }
    return CW_OK;
}

static size_t block_bytes(uint64_t slabs)
{
    return sizeof(block) + slabs * CW__SLAB_BYTES;
}

static block *new_block(uint64_t slabs)
{
    block *b = cw__buffer_realloc(NULL, 0, block_bytes(slabs));
    if (b)
        b->fresh = b->slabs = slabs;
    return b;
}

/* A large block where there has been some use and there is the budget, else a block of one. */
static bool grow(cw__pool *pool)
{
    uint64_t room = pool->budget - pool->allocated;
    uint64_t slabs = room < BLOCK_SLABS ? room : BLOCK_SLABS;
    block *b = pool->allocated < SINGLE_SLABS ? NULL : new_block(slabs);
    if (!b)
        b = new_block(1);
    if (!b)
        return false;
    b->next = pool->blocks;
    pool->blocks = b;
    pool->allocated += b->slabs;
    return true;
}

/* Count them as held, and have memory for all that is. */
static bool hold(cw__pool *pool, uint64_t slabs)
{
    while (pool->allocated < pool->held + slabs)
        if (!grow(pool))
            return false;
    pool->held += slabs;
    if (pool->held > pool->peak)
        pool->peak = pool->held;
    return true;
}

/* Of those held: the slab used last, or one that never was. */
static void *pick(cw__pool *pool)
{
    void *slab = pool->kept;
    block *b = pool->blocks;
    if (slab) {
        pool->kept = pool->kept->next;
        return slab;
    }
    while (!b->fresh)
        b = b->next;
    return (char *)b->bytes + (b->slabs - b->fresh--) * CW__SLAB_BYTES;
}

static void unhold(cw__pool *pool, void *slab)
{
    free_slab *s = slab;
    s->next = pool->kept;
    pool->kept = s;
    pool->held--;
    cw__cond_signal(&pool->changed);
}

cw_status cw__pool_new(cw__pool **out, uint64_t bytes, cw_error *err)
{
    *out = NULL;
    if (bytes < CW__SLAB_BYTES)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "a memory budget of %llu bytes holds nothing: memory_bytes has to be at "
                        "least %d",
                        (unsigned long long)bytes, CW__SLAB_BYTES);
    cw__pool *pool = cw__alloc_zero(sizeof *pool);
    if (!pool)
        return cw__fail_memory(err, "making a memory pool");
    int rc = init_locks(pool);
    if (rc) {
        cw__free(pool);
        return cw__fail_errno(err, rc, "cannot make the lock of a memory pool");
    }
    pool->budget = bytes / CW__SLAB_BYTES;
    pool->generation = cw__fork_generation();
    *out = pool;
    return CW_OK;
}

void cw__pool_free(cw__pool *pool)
{
    if (!pool)
        return;
    while (pool->blocks) {
        block *b = pool->blocks;
        pool->blocks = b->next;
        cw__buffer_free(b, block_bytes(b->slabs));
    }
    if (!is_inherited(pool)) {
        cw__cond_destroy(&pool->changed);
        cw__mutex_destroy(&pool->lock);
    }
    cw__free(pool);
}

cw_status cw__pool_take(cw__pool *pool, uint64_t wait_ms, void **slab)
{
    *slab = NULL;
    if (is_inherited(pool))
        return CW_E_STATE;
    cw__mutex_lock(&pool->lock);
    cw_status status = wait_for_room(pool, wait_ms);
    if (status == CW_OK && hold(pool, 1))
        *slab = pick(pool);
    cw__mutex_unlock(&pool->lock);
    return status == CW_OK && !*slab ? CW_E_NO_MEMORY : status;
}

void cw__pool_give(cw__pool *pool, void *slab)
{
    if (is_inherited(pool))
        return;
    cw__mutex_lock(&pool->lock);
    unhold(pool, slab);
    cw__mutex_unlock(&pool->lock);
}

cw_status cw__pool_reserve(cw__pool *pool, size_t slabs)
{
    if (is_inherited(pool))
        return CW_E_STATE;
    cw__mutex_lock(&pool->lock);
    cw_status status = slabs > pool->budget - pool->held ? CW_E_BUDGET
                       : hold(pool, slabs)               ? CW_OK
                                                         : CW_E_NO_MEMORY;
    cw__mutex_unlock(&pool->lock);
    return status;
}

void *cw__pool_draw(cw__pool *pool)
{
    cw__mutex_lock(&pool->lock);
    void *slab = pick(pool);
    cw__mutex_unlock(&pool->lock);
    return slab;
}

void cw__pool_give_up(cw__pool *pool, size_t slabs)
{
    if (is_inherited(pool))
        return;
    cw__mutex_lock(&pool->lock);
    pool->held -= slabs;
    cw__cond_broadcast(&pool->changed);
    cw__mutex_unlock(&pool->lock);
}

void cw__pool_depart(cw__pool *pool, size_t slabs)
{
    if (is_inherited(pool))
        return;
    cw__mutex_lock(&pool->lock);
    pool->moving += slabs;
    cw__mutex_unlock(&pool->lock);
}

void cw__pool_arrive(cw__pool *pool, void *slab)
{
    if (is_inherited(pool))
        return;
    cw__mutex_lock(&pool->lock);
    unhold(pool, slab);
    if (--pool->moving == 0)
        cw__cond_broadcast(&pool->changed);
    cw__mutex_unlock(&pool->lock);
}

void cw__pool_get_stats(cw__pool *pool, cw__pool_stats *out)
{
    bool inherited = is_inherited(pool);
    if (!inherited)
        cw__mutex_lock(&pool->lock);
    out->budget_bytes = pool->budget * CW__SLAB_BYTES;
    out->held_bytes = pool->held * CW__SLAB_BYTES;
    out->peak_bytes = pool->peak * CW__SLAB_BYTES;
    out->moving_bytes = pool->moving * CW__SLAB_BYTES;
    if (!inherited)
        cw__mutex_unlock(&pool->lock);
}
