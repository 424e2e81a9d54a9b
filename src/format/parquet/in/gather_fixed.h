/* gather_fixed.h - values of a fixed width: where they are, and where they go */
#ifndef CW_PARQUET_GATHER_FIXED_H
#define CW_PARQUET_GATHER_FIXED_H

#include <string.h>

#include "format/parquet/in/gather.h"

static inline const uint8_t *cw__fixed_at(const cw__view *v, int64_t i)
{
    return (const uint8_t *)v->values + (size_t)(v->first + i) * v->width;
}

/** Room for n more values of the leaf's width; where the first goes. */
static inline uint8_t *cw__room_for(cw__column_buffer *to, size_t n)
{
    return cw__grow(&to->values, n * to->leaf->width) ? to->values.p + to->values.n : NULL;
}

static inline cw__gathered cw__fixed_added(cw__column_buffer *to, size_t n)
{
    size_t bytes = n * to->leaf->width;

    if (n && to->spans.count && !cw__spans_own(&to->spans, to->values.n, bytes, n, to->count))
        return CW__GATHERED_NO_MEMORY;
    to->values.n += bytes;
    to->count += n;
    return CW__GATHERED;
}

/** 4 or 8 bytes. */
static inline int64_t cw__load_signed(const uint8_t *p, size_t width)
{
    int32_t narrow;
    int64_t wide;

    if (width == 4) {
        memcpy(&narrow, p, sizeof narrow);
        return narrow;
    }
    memcpy(&wide, p, sizeof wide);
    return wide;
}

static inline bool cw__is_decimal(const cw__node *node)
{
    return node->type >= CW_TYPE_DECIMAL32 && node->type <= CW_TYPE_DECIMAL256;
}

/** What cw__gather and cw__gather_there do for bits. */
cw__gathered cw__gather_booleans(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n);
cw__gathered cw__gather_booleans_there(cw__column_buffer *to, const cw__view *v, int64_t start,
                                       size_t n, const uint8_t *bits, size_t bit);
/** What cw__gather does for decimals. */
cw__gathered cw__gather_decimals(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                                 size_t *bad, const char **why);

#endif
