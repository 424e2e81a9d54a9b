/* guess.c - what a compressor will make of numbers, without compressing any
 *
 * A page has thousands of numbers, its sample some hundreds, of which a compressor's tables alone
 * would take what there is to gain. The entropy of each plane's bytes tells it. Logarithms are of
 * integers, so that they are the same everywhere.
 */
#include "format/parquet/column/guess.h"

#include <string.h>

enum {
    FRACTION = 10, /* bits of logarithms behind the point */
    ONE = 1 << FRACTION
};

/* log2(v) in parts of ONE, within half a percent of a bit: between powers of two log2(1+x) is
   x + x(1-x)(0.415 - 0.15x) or so, less than x*x*x can be seen. */
static uint32_t log2_of(uint32_t v)
{
    uint32_t whole = 31u - (uint32_t)__builtin_clz(v);
    uint32_t x = (uint32_t)(((uint64_t)v << FRACTION >> whole) - ONE);
    uint32_t bend = 425 - (154 * x >> FRACTION);

    return (whole << FRACTION) + x + ((x * (ONE - x) >> FRACTION) * bend >> FRACTION);
}

/* How often each byte occurs, of fewer than 2 to the 16th. */
typedef struct counts {
    uint16_t of[256];
    uint32_t squares; /* their sum: `n` times how many bytes equal another by chance */
} counts;

static void count(counts *c, const uint8_t *p, size_t n)
{
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < n; i++)
        c->of[p[i]]++;
    for (size_t i = 0; i < 256; i++)
        c->squares += (uint32_t)c->of[i] * c->of[i];
}

/* Not much more than those of noise: a gain of less than a few percent. */
static bool is_even(const counts *c, size_t n)
{
    size_t by_chance = n + n * n / 256;

    return c->squares < by_chance + by_chance / 16;
}

/* What one plane's bytes are like. */
typedef struct plane {
    uint32_t bits;  /* of a byte, in parts of ONE */
    bool is_nearly; /* one byte is nearly all of them */
    bool has_runs;  /* bytes are mostly like those in front of them, and not by chance */
} plane;

/* The entropy seen in few bytes is less than that of all by about (kinds - 1) / 2n nats. */
static plane look_at(const counts *c, const uint8_t *p, size_t n)
{
    enum { HALF_NAT = 739 }; /* 1 / (2 ln 2) */
    uint32_t kinds = 0, most = 0;
    uint64_t sum = 0, equal = 0;

    for (size_t i = 0; i < 256; i++) {
        uint32_t k = c->of[i];
        if (k == 0)
            continue;
        kinds++;
        most = k > most ? k : most;
        sum += (uint64_t)k * log2_of(k);
    }
    for (size_t i = 1; i < n; i++)
        equal += p[i] == p[i - 1];
    uint64_t missed = (uint64_t)(kinds - 1) * HALF_NAT;
    return (plane){.bits = (uint32_t)(log2_of((uint32_t)n) + missed / n - sum / n),
                   .is_nearly = most > n / 16 * 15,
                   .has_runs = equal > n - (n - c->squares / n) / 4};
}

void cw__guess_split(cw__split_guess *g, const uint8_t *planes, size_t n, size_t width)
{
    counts c;

    *g = (cw__split_guess){0};
    for (size_t i = 0; i < width; i++) {
        count(&c, planes + i * n, n);
        if (is_even(&c, n)) {
            g->noise++;
            g->bytes++;
            g->least++;
            continue;
        }
        plane p = look_at(&c, planes + i * n, n);
        bool searched = p.is_nearly || p.has_runs;
        /* A whole bit is the least that frequencies can make of a byte that is not always there. */
        uint32_t bits = p.bits && p.bits < ONE ? ONE : p.bits;
        g->searched += searched && p.bits;
        g->literals += !searched;
        g->bytes += (double)bits / (8.0 * ONE);
        g->least += searched ? 0 : (double)bits / (8.0 * ONE);
    }
}

bool cw__guess_noise(const uint8_t *p, size_t n)
{
    enum { LEAST = 512, MOST = 8192 };
    counts c;

    if (n < LEAST || n > MOST)
        return false;
    count(&c, p, n);
    return is_even(&c, n);
}
