/* sample.c - a few runs of values, spread over a chunk, and what they say of all */
#include "format/parquet/column/sample.h"

#include <string.h>

#include "format/parquet/column/values.h"
#include "format/parquet/encode/rle.h"

enum {
    MOST_SAMPLE = 16384,
    USUAL_SAMPLE = 512, /* which small chunks have a larger share for, … */
    SMALL_SHARE = 16,   /* … but not one that takes as long to try as all the rest … */
    LEAST_SAMPLE = 128, /* … unless hardly anything would be left to look at */
    SAMPLE_SHARE = 32,
    MOST_SAMPLE_BYTES = 256 << 10
};

/* ---- taking ---- */

static size_t sample_of(size_t n)
{
    if (n >= USUAL_SAMPLE * SAMPLE_SHARE)
        return n / SAMPLE_SHARE < MOST_SAMPLE ? n / SAMPLE_SHARE : MOST_SAMPLE;
    if (n >= USUAL_SAMPLE * SMALL_SHARE)
        return USUAL_SAMPLE;
    return n / SMALL_SHARE < LEAST_SAMPLE ? LEAST_SAMPLE : n / SMALL_SHARE;
}

void cw__sample_place(cw__sample *s, const cw__column_buffer *in)
{
    size_t n = in->count, want = sample_of(n);
    size_t average = cw__raw_bytes(in, 0, n) / n + 1;

    if (want > MOST_SAMPLE_BYTES / average)
        want = MOST_SAMPLE_BYTES / average + CW__SAMPLE_RUNS;
    s->runs = want >= n ? 1 : CW__SAMPLE_RUNS;
    s->run = want >= n ? n : want / CW__SAMPLE_RUNS;
    s->count = s->run * s->runs;
    for (size_t i = 0; i < s->runs; i++)
        s->starts[i] = s->runs == 1 ? 0 : (n - s->run) / (s->runs - 1) * i;
}

static bool add_run(cw__column_buffer *to, const cw__column_buffer *in, size_t from, size_t n)
{
    const uint32_t *offsets = cw__column_offsets(in);
    size_t bytes = cw__raw_bytes(in, from, from + n);

    if (!cw__grow(&to->values, bytes + 1))
        return false;
    if (!in->leaf->width) {
        if (!cw__grow(&to->offsets, (n + 1) * sizeof(uint32_t)))
            return false;
        uint32_t *at = (uint32_t *)(void *)to->offsets.p + to->count;
        at[0] = (uint32_t)to->values.n;
        for (size_t i = 0; i < n; i++)
            at[i + 1] = at[i] + (offsets[from + i + 1] - offsets[from + i]);
        to->offsets.n = (to->count + n) * sizeof(uint32_t);
    }
    if (in->leaf->width)
        cw__values_copy(to->values.p + to->values.n, in, from, n);
    else
        cw__texts_copy(to->values.p + to->values.n, in, from, n);
    to->values.n += bytes;
    to->count += n;
    return true;
}

bool cw__sample_take(cw__column_buffer *to, const cw__column_buffer *in, const cw__sample *s)
{
    to->leaf = in->leaf;
    cw__column_buffer_reset(to);
    for (size_t i = 0; i < s->runs; i++)
        if (!add_run(to, in, s->starts[i], s->run))
            return false;
    return true;
}

/* ---- distinct values ---- */

/* Count how often each entry occurs; answers the entries of each run, summed up. */
static size_t count_entries(const cw__dictionary *d, const cw__sample *s, uint32_t *counts)
{
    uint32_t *seen = counts + d->count; /* the run it was seen in last, + 1 */
    size_t by_run = 0;

    memset(counts, 0, 2 * d->count * sizeof *counts);
    for (size_t i = 0; i < s->runs; i++)
        for (size_t at = i * s->run; at < (i + 1) * s->run; at++) {
            uint32_t entry = d->indices[at];
            counts[entry]++;
            by_run += seen[entry] != i + 1;
            seen[entry] = (uint32_t)i + 1;
        }
    return by_run;
}

/* A few values that come again in other runs are enough where it costs little to find out. */
static bool share_values(const cw__sample *s, size_t distinct, size_t by_run)
{
    enum { ENOUGH = 8 };
    size_t among = by_run - distinct, within = s->count - by_run;

    return s->runs == 1 || distinct * 100 < by_run * 97 ||
           (s->places && among >= ENOUGH && among > 2 * within);
}

/* How many of its places `n` values take if all are alike: about places * (1 - exp(-n / places)).
 */
static double few_places(const cw__sample *s, double n)
{
    return 1.3 * n * (double)s->places / (n + (double)s->places);
}

/*
 * Where the runs share their values, from how many of them occur once and twice in the sample
 * (Chao's estimate); where they do not, the chunk goes on as it does from run to run.
 */
double cw__sample_distinct(const cw__sample *s, const cw__dictionary *d, size_t n,
                           uint32_t *scratch)
{
    size_t by_run = count_entries(d, s, scratch);
    double once = 0, twice = 0, all;

    for (size_t i = 0; i < d->count; i++) {
        once += scratch[i] == 1;
        twice += scratch[i] == 2;
    }
    if (share_values(s, d->count, by_run))
        all = (double)d->count + once * (once - 1) / (2 * (twice + 1));
    else
        all = (double)d->count * (double)n / (double)s->count;
    if (s->places && all > few_places(s, (double)n))
        all = few_places(s, (double)n);
    return s->runs == 1 ? (double)d->count : all < (double)n ? all : (double)n;
}

/* ---- pairs ---- */

/* Whether that bit was set. */
static bool mark(uint8_t *bits, uint32_t at)
{
    uint8_t bit = (uint8_t)(1u << at % 8);
    bool was = bits[at / 8] & bit;

    bits[at / 8] |= bit;
    return was;
}

/* A bit for each pair, by its hash; there are so many that another's is seldom met. */
bool cw__sample_follows(cw__sample *s, const cw__dictionary *d, cw__grown *scratch)
{
    enum { BITS_EACH = 16, NOW_AND_THEN = 8 };
    unsigned log = cw__bits_for((uint64_t)s->count * BITS_EACH);
    size_t again = 0;

    s->follows = false;
    if (s->count < 2 || s->distinct == s->count)
        return true;
    log = log < 3 ? 3 : log;
    if (!cw__grow(scratch, (size_t)1 << (log - 3)))
        return false;
    memset(scratch->p, 0, (size_t)1 << (log - 3));
    for (size_t i = 0; i + 1 < s->count; i++) {
        uint64_t pair = (uint64_t)d->indices[i] << 32 | d->indices[i + 1];
        again += mark(scratch->p, (uint32_t)(pair * UINT64_C(0x9E3779B97F4A7C15) >> (64 - log)));
    }
    s->follows = again > s->count / NOW_AND_THEN;
    return true;
}
