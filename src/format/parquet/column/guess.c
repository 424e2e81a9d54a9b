/* guess.c - what a compressor will make of split numbers, without compressing any
 *
 * A page has thousands of numbers, its sample some hundreds, of which a compressor's tables alone
 * would take what there is to gain. The entropy of each plane's bytes tells it. Logarithms are of
 * integers, so that they are the same everywhere.
 */
#include "format/parquet/column/guess.h"

enum {
    FRACTION = 10, /* bits of logarithms behind the point */
    ONE = 1 << FRACTION,
    NOISE = 8 * ONE - ONE / 5 /* bits of a byte, and more */
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

/* What one plane's bytes are like. */
typedef struct plane {
    uint32_t bits;  /* of a byte, in parts of ONE */
    bool is_nearly; /* one byte is nearly all of them */
    bool has_runs;  /* bytes are mostly like those in front of them, and not by chance */
} plane;

/* The entropy seen in few bytes is less than that of all by about (kinds - 1) / 2n nats. */
static plane look_at(const uint8_t *p, size_t n)
{
    enum { HALF_NAT = 739 }; /* 1 / (2 ln 2) */
    uint32_t counts[256] = {0}, kinds = 0, most = 0;
    uint64_t sum = 0, squares = 0, equal = 0;

    for (size_t i = 0; i < n; i++)
        counts[p[i]]++;
    for (size_t i = 0; i < 256; i++) {
        uint32_t c = counts[i];
        if (c == 0)
            continue;
        kinds++;
        most = c > most ? c : most;
        sum += (uint64_t)c * log2_of(c);
        squares += (uint64_t)c * c;
    }
    for (size_t i = 1; i < n; i++)
        equal += p[i] == p[i - 1];
    uint64_t missed = (uint64_t)(kinds - 1) * HALF_NAT;
    return (plane){.bits = (uint32_t)(log2_of((uint32_t)n) + missed / n - sum / n),
                   .is_nearly = most > n / 16 * 15,
                   .has_runs = equal > n - (n - squares / n) / 4};
}

void cw__guess_split(cw__split_guess *g, const uint8_t *planes, size_t n, size_t width)
{
    *g = (cw__split_guess){0};
    for (size_t i = 0; i < width; i++) {
        plane p = look_at(planes + i * n, n);
        if (p.bits >= NOISE) {
            g->noise++;
            g->bytes++;
            continue;
        }
        bool searched = p.is_nearly || p.has_runs;
        /* A whole bit is the least that frequencies can make of a byte that is not always there. */
        uint32_t bits = p.bits && p.bits < ONE ? ONE : p.bits;
        g->searched += searched && p.bits;
        g->literals += !searched;
        g->bytes += (double)bits / (8.0 * ONE);
    }
}
