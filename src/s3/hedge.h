/* hedge.h - which request takes far longer than others like it, and is worth a second one
 *
 * Knows how long parts usually take, those that are sent and those that are fetched: a running
 * quantile, which 95 in 100 keep within. An attempt that is older than that is late if
 *
 *     not a byte of it has moved for as long as that, or
 *     at the speed that it has had lately, the rest of it would take twice as long as that.
 *
 * The first is stuck, the second trickles, and a second request would likely overtake either. But
 * nothing is won by asking twice what is slow altogether, so a late one may be hedged only if
 *
 *     it is the only one that is late, or others have got through in time since it was sent, one
 *     for each that is late; and
 *     it leaves the bytes that are moved twice below 4 in 100, and two parts to begin with.
 *
 * Each that is late also raises what is taken for usual, at once and not only when it is through:
 * a network that has become slower is known for that before many are hedged. Thread-safe.
 */
#ifndef CW_S3_HEDGE_H
#define CW_S3_HEDGE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/thread.h"

typedef enum cw__hedge_kind { CW__HEDGE_NEVER, CW__HEDGE_SENT, CW__HEDGE_FETCHED } cw__hedge_kind;

typedef struct cw__hedge {
    cw__mutex lock;
    struct cw__hedge_usual {
        double ms, bytes; /* of a part */
        unsigned seen;
        double allowance; /* bytes that may be moved twice now */
        unsigned in_time; /* parts that got through so */
        unsigned late;    /* requests under way */
    } usual[2];
} cw__hedge;

/** One request, or an attempt of it. Zero-initialise. */
typedef struct cw__hedge_watch {
    cw__hedge_kind kind;
    uint64_t bytes;
    unsigned in_time;      /* others, by when it began */
    uint32_t looked_ms;    /* its age, at the last look at its speed */
    uint64_t looked_moved; /* and what had moved by then */
    bool late;
} cw__hedge_watch;

int cw__hedge_init(cw__hedge *h); /* 0, or an errno */
void cw__hedge_destroy(cw__hedge *h);

/**
 * An attempt to move `bytes` begins.
 * @return from what age on it may be late, as far as is known now: nothing is, before some have
 *         got through
 */
uint32_t cw__hedge_begin(cw__hedge *h, cw__hedge_watch *w, cw__hedge_kind kind, uint64_t bytes);

/**
 * So many of its bytes have moved at this age, and nothing since `quiet_ms`.
 * @return is it to be hedged? Then it counts as that
 */
bool cw__hedge_ask(cw__hedge *h, cw__hedge_watch *w, uint64_t moved, uint32_t age_ms,
                   uint32_t quiet_ms);

/** It got through, its last attempt in so many milliseconds. */
void cw__hedge_through(cw__hedge *h, cw__hedge_watch *w, uint64_t ms);

/** It is over, whatever came of it. Once more does no harm. */
void cw__hedge_end(cw__hedge *h, cw__hedge_watch *w);

#endif
