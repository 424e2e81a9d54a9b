/* retry.c - how long to wait before the next attempt, and whether there should be one
 *
 * Owns the bucket of retry tokens and its lock; the pauses are pure arithmetic.
 */
#include "s3/retry.h"

enum { FULL = 500, COST = 5, TIMEOUT_COST = 10, REFUND = 1 };

static unsigned cost_of(cw__verdict verdict)
{
    switch (verdict) {
    case CW__VERDICT_RETRY:
    case CW__VERDICT_THROTTLED:
    case CW__VERDICT_DOUBT:
        return COST;
    case CW__VERDICT_TIMEOUT:
        return TIMEOUT_COST;
    default:
        return 0;
    }
}

/* base * 2^doublings, at most `cap`. */
static uint32_t doubled(uint32_t base, unsigned doublings, uint32_t cap)
{
    uint64_t ms = base;
    while (doublings-- > 0 && ms < cap)
        ms *= 2;
    return ms < cap ? (uint32_t)ms : cap;
}

int cw__retry_budget_init(cw__retry_budget *b)
{
    b->tokens = FULL;
    return cw__mutex_init(&b->lock);
}

void cw__retry_budget_destroy(cw__retry_budget *b)
{
    cw__mutex_destroy(&b->lock);
}

bool cw__retry_budget_take(cw__retry_budget *b, cw__verdict verdict)
{
    unsigned cost = cost_of(verdict);
    cw__mutex_lock(&b->lock);
    bool enough = b->tokens >= cost;
    if (enough)
        b->tokens -= cost;
    cw__mutex_unlock(&b->lock);
    return enough;
}

void cw__retry_budget_refund(cw__retry_budget *b)
{
    cw__mutex_lock(&b->lock);
    b->tokens = b->tokens + REFUND < FULL ? b->tokens + REFUND : FULL;
    cw__mutex_unlock(&b->lock);
}

uint32_t cw__retry_pause_ms(const cw__retry_policy *p, unsigned next, cw__verdict verdict,
                            uint32_t retry_after_ms, uint32_t random)
{
    if (cost_of(verdict) == 0)
        return 0;
    uint32_t base = verdict == CW__VERDICT_THROTTLED ? p->throttled_base_ms : p->base_ms;
    uint32_t most = doubled(base, next > 2 ? next - 2 : 0, p->cap_ms);
    uint32_t pause = (uint32_t)(((uint64_t)most + 1) * random >> 32);
    uint32_t wish = retry_after_ms < p->cap_ms ? retry_after_ms : p->cap_ms;
    return pause > wish ? pause : wish;
}
