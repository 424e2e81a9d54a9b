/* statistics.h - min, max, nulls and sizes of a page or chunk, and the column index of a chunk
 *
 * Min and max follow the order of the leaf (schema/tree.h). NaN never enters; a zero minimum is
 * -0.0 and a zero maximum +0.0. Text longer than the limit is cut: a minimum at a character
 * boundary, a maximum cut and then incremented so that it stays valid UTF-8 and not less; if that
 * cannot be, it is left out. Exactness flags say which.
 */
#ifndef CW_PARQUET_STATISTICS_H
#define CW_PARQUET_STATISTICS_H

#include "format/parquet/column/buffer.h"
#include "format/parquet/meta/metadata.h"

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

/** As it is written: cut to `most` bytes. Allocates; free with cw__statistics_free. */
cw_status cw__statistics_of(cw__statistics *out, const cw__leaf *leaf, const cw__extremes *e,
                            uint64_t nulls, size_t most);

/** Add a page to the column index. After the last: boundary order. Dropped (present = false) when a
 * page that has values has no extremes (all NaN, or cut short of a maximum). */
cw_status cw__column_index_add(cw__column_index *index, const cw__leaf *leaf,
                               const cw__statistics *page, bool all_null);
void cw__column_index_end(cw__column_index *index, const cw__leaf *leaf);

/** Compare two values as written in statistics, in the order of the leaf. */
int cw__compare_values(const cw__leaf *leaf, const uint8_t *a, size_t a_n, const uint8_t *b,
                       size_t b_n);

#endif
