/* flow.h - how many parts of an object are sent at once, where that is left to the client
 *
 * It starts at a number that is right for most, and as long as writers have parts ready that may
 * not start, a quarter more are tried: if what gets through in all grows by half of that at least,
 * they stay, and the next quarter is tried; if it does not, they go again, and the next try is a
 * good while later. Long or slow connections so get the many that they need, and short ones no more
 * than they use. Never below where it started, never above the connections that there are; memory
 * is the writers' own bound.
 *
 * Time is passed in, on a clock that never steps. Thread-safe.
 */
#ifndef CW_S3_FLOW_H
#define CW_S3_FLOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/thread.h"

enum { CW__DEFAULT_CONCURRENCY = 8 };

typedef struct cw__flow {
    atomic_uint allowed; /* parts of an object at once, now */
    atomic_bool bound;   /* somebody had one more, in this window */
    unsigned least, most;

    cw__mutex lock; /* of all that follows */
    uint64_t start_us, last_us, bytes;
    unsigned parts, skip; /* in this window; of those, the first were started before it */
    bool trying;          /* more than `before` */
    unsigned before;
    double before_speed; /* bytes a second */
    uint64_t rest_us, rest_until_us;
} cw__flow;

/** Starts as one that never changes. 0, or an errno. */
int cw__flow_init(cw__flow *f, unsigned least);

/** How many there may be at most; before anything is sent. */
void cw__flow_limit(cw__flow *f, unsigned most);
void cw__flow_destroy(cw__flow *f);

/** A writer has a part ready that may not start. Cheap. */
void cw__flow_hold_back(cw__flow *f);

/** A part went through. How many may be sent at once from now on, if that changed; else 0. */
unsigned cw__flow_through(cw__flow *f, uint64_t bytes, uint64_t now_us);

#endif
