/* hedge.h - when to give up on a request that takes far longer than others like it, and send it
 * again
 *
 * Knows how long parts usually take, those that are sent and those that are fetched: a running
 * quantile, which 95 in 100 keep within. A part of which not a byte has moved for several times as
 * long is not slow but stuck, on a connection or a server that will not recover soon: its
 * connection is closed, and it is sent again on another. Never both at once: so whichever of them
 * the service took last, it was sent last, or is the same; and the memory of a part is that of one
 * request. At most a few requests in a hundred are cut short so. Thread-safe.
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
    } usual[2];
    double allowance; /* requests that may be cut short now */
} cw__hedge;

int cw__hedge_init(cw__hedge *h); /* 0, or an errno */
void cw__hedge_destroy(cw__hedge *h);

/** How long nothing may move of a part of `bytes`; 0: as long as it likes, too few were seen. */
uint32_t cw__hedge_patience_ms(cw__hedge *h, cw__hedge_kind kind, uint64_t bytes);

/** May a request be cut short? It counts. */
bool cw__hedge_take(cw__hedge *h);

/** A part went through in so many milliseconds. */
void cw__hedge_seen(cw__hedge *h, cw__hedge_kind kind, uint64_t bytes, uint64_t ms);

#endif
