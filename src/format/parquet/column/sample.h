/* sample.h - a few runs of values, spread over a chunk, and what they say of all */
#ifndef CW_PARQUET_SAMPLE_H
#define CW_PARQUET_SAMPLE_H

#include "format/parquet/column/buffer.h"
#include "format/parquet/encode/dictionary.h"

enum { CW__SAMPLE_RUNS = 8 };

typedef struct cw__sample {
    size_t starts[CW__SAMPLE_RUNS]; /* in the chunk; of the runs */
    size_t run;                     /* values of each */
    size_t runs;
    size_t count;
    size_t distinct;     /* values */
    double all_distinct; /* how many the chunk may have */
    double entry;        /* bytes of one as PLAIN */
    double indices;      /* bytes of the indices of the sample */
    size_t places;       /* numbers that are found without a hash: there are no more; or 0 */
    bool follows;        /* values follow each other again as they did before */
} cw__sample;

/** Where its runs are: of a chunk that has values. */
void cw__sample_place(cw__sample *s, const cw__column_buffer *in);
/** Copy them to `to`, one after the other. false: out of memory. */
bool cw__sample_take(cw__column_buffer *to, const cw__column_buffer *in, const cw__sample *s);
/**
 * How many distinct values the chunk of `n` values may have, by the dictionary of the sample.
 * `scratch`: twice as many numbers as the dictionary has entries.
 */
double cw__sample_distinct(const cw__sample *s, const cw__dictionary *d, size_t n,
                           uint32_t *scratch);
/** Find out whether pairs of values come again, more than now and then. false: out of memory. */
bool cw__sample_follows(cw__sample *s, const cw__dictionary *d, cw__grown *scratch);

#endif
