/* pace.h - how fast requests may follow each other, once the service has asked to slow down
 *
 * Asleep, and free, until the first SlowDown. From then on every request of the client takes a
 * ticket before it is sent, and tickets pass in order, evenly spaced, at a rate that is cut to a
 * part of what the service has lately accepted, and grows again as a cubic function of time: fast
 * at first, slowly around the rate where the last SlowDown came, faster again if none comes there.
 * That spends nearly all of the time close below the limit: with halving and additive growth it
 * would be three quarters of it on average. One SlowDown cuts once: those that answer requests sent
 * before the cut say nothing new. After a minute without any it sleeps again.
 *
 * Time is passed in, on a clock that never steps. Thread-safe.
 */
#ifndef CW_S3_PACE_H
#define CW_S3_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/thread.h"

typedef struct cw__pace {
    atomic_bool awake;
    atomic_uint epoch; /* cuts so far */
    atomic_uint told;  /* the rate, rounded */
    cw__mutex lock;    /* of all that follows */
    double floor;      /* requests a second, at least */
    double rate, peak; /* now, and where the last SlowDown came */
    uint64_t cut_us;   /* when that was */
    double grown_s;    /* since then, while requests waited */
    uint64_t tickets;  /* given out */
    double passed;     /* of those, and what may pass at once */
    uint64_t now_us;   /* at the last look */

    uint64_t since_us, window_us; /* when the answers began, and this window of them */
    unsigned accepted, accepted_before;
} cw__pace;

/** Of one request. Zero-initialise. */
typedef struct cw__pace_pass {
    uint64_t ticket; /* while it waits, else 0 */
    unsigned epoch;  /* when it was sent */
} cw__pace_pass;

/** `floor`: requests a second that are let through whatever happens. 0, or an errno. */
int cw__pace_init(cw__pace *p, double floor);
void cw__pace_destroy(cw__pace *p);

/** 0: send it now; else ask again after so many microseconds. */
uint64_t cw__pace_wait_us(cw__pace *p, cw__pace_pass *pass, uint64_t now_us);

/**
 * A request was answered. Requests a second from now on, if that answer changed it; else 0.
 */
double cw__pace_answered(cw__pace *p, const cw__pace_pass *pass, bool throttled, uint64_t now_us);

/** Requests a second that are let through, as far as is known without asking; 0: all. */
unsigned cw__pace_rate(const cw__pace *p);

#endif
