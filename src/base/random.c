/* random.c - bytes that nobody can guess, and jitter
 *
 * Jitter comes from one counter for the process, scrambled. The counter starts at a random place
 * and the process id goes into each value, so that the children of one process, which inherit the
 * counter, do not all come back at the same moment.
 */
#include "base/random.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/random.h>
#include <unistd.h>
#include "base/clock.h"

/* 2^64 divided by the golden ratio: odd, so that the counter visits every value. */
#define STEP UINT64_C(0x9E3779B97F4A7C15)

static pthread_once_t seed_once = PTHREAD_ONCE_INIT;
static _Atomic uint64_t counter;

static void seed(void)
{
    uint64_t start;
    if (!cw__random_bytes(&start, sizeof start))
        start = (uint64_t)cw__clock_wall_ms();
    atomic_store(&counter, start);
}

/* Multiply by odd numbers and fold the high bits down: each bit of x reaches all of the answer. */
static uint64_t scramble(uint64_t x)
{
    x = (x ^ x >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    x = (x ^ x >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    return x ^ x >> 32;
}

static uint64_t next(void)
{
    pthread_once(&seed_once, seed);
    uint64_t x = atomic_fetch_add_explicit(&counter, STEP, memory_order_relaxed);
    return scramble(x ^ scramble((uint64_t)getpid()));
}

bool cw__random_bytes(void *p, size_t n)
{
    unsigned char *at = p;
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

/* The lowest (2^64 mod bound) values are thrown away; the rest divides evenly. */
uint64_t cw__random_below(uint64_t bound)
{
    if (bound == 0)
        return 0;
    uint64_t uneven = (UINT64_MAX - bound + 1) % bound;
    uint64_t x;
    do
        x = next();
    while (x < uneven);
    return x % bound;
}
