/* learned.h - what a client has learned about its endpoint from the answers
 *
 * The regions of buckets, and how far the clock is off; what it can do is in provider.h, how much
 * it wants in pace.h. Every request of the client profits; thread-safe.
 */
#ifndef CW_S3_LEARNED_H
#define CW_S3_LEARNED_H

#include <stdatomic.h>
#include <stdint.h>
#include "base/thread.h"

typedef struct cw__learned {
    cw__mutex lock; /* of the regions */
    struct cw__bucket_region *regions;
    _Atomic int64_t clock_offset_ms;
} cw__learned;

int cw__learned_init(cw__learned *l);
void cw__learned_destroy(cw__learned *l);

/** The region of a bucket if it was learned; else `out` is left as it is. */
void cw__learned_region(cw__learned *l, const char *bucket, char *out, size_t size);
void cw__learn_region(cw__learned *l, const char *bucket, const char *region);

/** Our wall clock, put right. */
int64_t cw__learned_wall_ms(cw__learned *l);
void cw__learn_clock(cw__learned *l, int64_t server_wall_ms);

#endif
