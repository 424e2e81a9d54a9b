/* pages.h - where the pages of a chunk end, and their levels */
#ifndef CW_PARQUET_PAGES_H
#define CW_PARQUET_PAGES_H

#include "format/parquet/column/buffer.h"

/** A stretch of a chunk: slots [slot, slot+slots), their values [value, value+values). */
typedef struct cw__stretch {
    size_t slot, slots;
    size_t value, values;
    size_t row, rows;
} cw__stretch;

/**
 * The page that begins where `s` ends: whole rows, at most `rows` of them, and no more than `bytes`
 * bytes as PLAIN values but for a single row that has more. false: there are none left.
 */
bool cw__next_page(cw__stretch *s, const cw__column_buffer *b, uint64_t rows, uint64_t bytes);

/** Levels [from, from+n), RLE without a length in front, added to `out`. false: out of memory. */
bool cw__encode_levels(cw__grown *out, const cw__levels *l, size_t from, size_t n);

/** Count levels [from, from+n) into histogram[level]. */
void cw__count_levels(int64_t *histogram, const cw__levels *l, size_t from, size_t n);

#endif
