/* gather.h - from values as the caller has them to values as Parquet stores them */
#ifndef CW_PARQUET_GATHER_H
#define CW_PARQUET_GATHER_H

#include "format/parquet/column/buffer.h"
#include "format/parquet/in/view.h"

typedef enum cw__gathered {
    CW__GATHERED,
    CW__GATHERED_NO_MEMORY,
    CW__GATHERED_BAD, /* a value cannot be stored: *bad says which, *why says why */
} cw__gathered;

/**
 * Add values [start, start+n) of a leaf's view, none of which is null, to the buffer's values; its
 * count grows by n. `bad` counts from 0.
 */
cw__gathered cw__gather(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                        size_t *bad, const char **why);

/** The same for the values at these positions. */
cw__gathered cw__gather_at(cw__column_buffer *to, const cw__view *v, const int64_t *at, size_t n,
                           size_t *bad, const char **why);

/**
 * The same for those of the values [start, start+n) that are there: bit `bit` of `bits` is that of
 * the first.
 */
cw__gathered cw__gather_there(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                              const uint8_t *bits, size_t bit, size_t *bad, const char **why);

/** Bytes of one value in a batch, of a type of fixed width; else 0. */
uint32_t cw__c_width(const cw__node *node);

/** Whether a leaf of this type can be taken from a view of this layout and width. */
bool cw__can_gather(const cw__node *node, cw__layout layout, uint32_t width);

/** Whether one of the n+1 offsets of n values, `wide` or of 32 bits, is less than that before. */
bool cw__offsets_fall(const void *offsets, bool wide, size_t n);

/** Bytes that the values [start, start+n) have as byte arrays; 0 for all other layouts. */
uint64_t cw__gather_bytes(const cw__view *v, int64_t start, size_t n);

#endif
