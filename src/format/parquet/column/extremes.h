/* extremes.h - the least and the most of some values, in the order of their leaf
 *
 * NaN never enters; a zero minimum is -0.0 and a zero maximum +0.0.
 */
#ifndef CW_PARQUET_EXTREMES_H
#define CW_PARQUET_EXTREMES_H

#include "format/parquet/column/buffer.h"

/** The extremes of some values, by pointing at them: borrowed from the buffer or dictionary. */
typedef struct cw__extremes {
    bool any; /* there is a value that is not NaN */
    uint64_t nans;
    uint8_t min_fixed[32], max_fixed[32]; /* fixed width up to 32 bytes, canonical zeros */
    const uint8_t *min, *max;             /* else */
    size_t min_n, max_n;
} cw__extremes;

/** Of values [from, to) of the buffer. Order CW__ORDER_NONE: nothing. SIMD where it pays. */
void cw__extremes_of(cw__extremes *e, const cw__column_buffer *b, size_t from, size_t to);
/** Of the entries of a dictionary that a page uses: `used[i]` != 0. Same result as over values. */
void cw__extremes_of_entries(cw__extremes *e, const cw__column_buffer *b, const uint32_t *firsts,
                             const uint8_t *used, size_t entries);
/** Take `more` in. */
void cw__extremes_join(cw__extremes *e, const cw__extremes *more, const cw__leaf *leaf);

/** What min and max point at, wherever it is kept; *n: its bytes. */
const uint8_t *cw__extremes_least(const cw__extremes *e, const cw__leaf *leaf, size_t *n);
const uint8_t *cw__extremes_most(const cw__extremes *e, const cw__leaf *leaf, size_t *n);

/** Compare two values as written in statistics, in the order of the leaf. */
int cw__compare_values(const cw__leaf *leaf, const uint8_t *a, size_t a_n, const uint8_t *b,
                       size_t b_n);

#endif
