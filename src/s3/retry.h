/* retry.h - how long to wait before the next attempt, and whether there should be one
 *
 * Exponential pauses with full jitter, for each request; and for the client a bucket of retry
 * tokens, so that an outage is not multiplied: a retry takes 5, one after a timeout 10, a success
 * gives 1 back, at most 500. Not thread-safe by itself: cw__retry_budget has its own lock.
 */
#ifndef CW_S3_RETRY_H
#define CW_S3_RETRY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/thread.h"
#include "s3/reply.h"

typedef struct cw__retry_policy {
    unsigned max_attempts;
    uint32_t base_ms;
    uint32_t throttled_base_ms;
    uint32_t cap_ms;
} cw__retry_policy;

typedef struct cw__retry_budget {
    cw__mutex lock;
    unsigned tokens;
} cw__retry_budget;

int cw__retry_budget_init(cw__retry_budget *b); /* full; 0, or an errno */
void cw__retry_budget_destroy(cw__retry_budget *b);

/** Pay for a retry after `verdict`. false: there is not enough left, fail now. What was learned
    (clock, region, credentials, checksum) costs nothing: that happens once. */
bool cw__retry_budget_take(cw__retry_budget *b, cw__verdict verdict);

/** A request has succeeded. */
void cw__retry_budget_refund(cw__retry_budget *b);

/**
 * The pause before attempt number `next` (2, 3, …) after `verdict`, in ms; `retry_after_ms` is the
 * server's wish, honoured up to the cap. `random` is uniform in [0, 2^32). No pause after what was
 * learned: the same request would not be sent again.
 */
uint32_t cw__retry_pause_ms(const cw__retry_policy *p, unsigned next, cw__verdict verdict,
                            uint32_t retry_after_ms, uint32_t random);

#endif
