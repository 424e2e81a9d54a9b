/* walk.h - following a view: nulls, items of lists, what an index or a run stands for */
#ifndef CW_PARQUET_WALK_H
#define CW_PARQUET_WALK_H

#include <string.h>

#include "base/bits.h"
#include "format/parquet/in/shred.h"

const cw_schema *cw__shredder_schema(const cw__shredder *s);

static inline bool cw__is_there(const cw__view *v, int64_t i)
{
    return v->layout != CW__LAYOUT_NULL &&
           (!v->validity || cw__bit(v->validity, (size_t)(v->first + i)));
}

/** How many from i on, `most` at most, are there as well (or are not). */
static inline int64_t cw__same_run(const cw__view *v, int64_t i, int64_t most, bool there)
{
    if (!v->validity)
        return most;
    return (int64_t)cw__run_of_bits(v->validity, (size_t)(v->first + i), (size_t)most, there);
}

/** The items of a list: where they are in the child, and how many. */
typedef struct cw__items {
    int64_t first, n;
} cw__items;

static inline __attribute__((always_inline)) cw__items cw__items_in(const cw__view *v,
                                                                    cw__layout layout, int64_t i)
{
    const int32_t *narrow = v->offsets;
    const int64_t *wide = v->offsets;
    int64_t at = v->first + i;

    switch (layout) {
    case CW__LAYOUT_LIST32:
        return (cw__items){narrow[at], narrow[at + 1] - narrow[at]};
    case CW__LAYOUT_LIST64:
        return (cw__items){wide[at], wide[at + 1] - wide[at]};
    case CW__LAYOUT_LIST_VIEW32:
        return (cw__items){narrow[at], ((const int32_t *)v->sizes)[at]};
    case CW__LAYOUT_LIST_VIEW64:
        return (cw__items){wide[at], ((const int64_t *)v->sizes)[at]};
    default:
        return (cw__items){at * v->width, v->width};
    }
}

static inline cw__items cw__items_of(const cw__view *v, int64_t i)
{
    return cw__items_in(v, v->layout, i);
}

static inline int64_t cw__load_index(const cw__view *v, int64_t at)
{
    const uint8_t *p = (const uint8_t *)v->values + (size_t)at * v->width;
    uint64_t index = 0;

    memcpy(&index, p, v->width);
    if (v->signed_indices && v->width < 8 && index >> (8 * v->width - 1))
        index |= UINT64_MAX << (8 * v->width);
    return (int64_t)index;
}

/** The first run that ends after logical position i. */
static inline int64_t cw__run_of(const cw__view *v, int64_t i)
{
    int64_t low = 0, high = v->children[0].length - 1;

    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (cw__load_index(v, middle) > v->first + i)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/** Where the value of a DICTIONARY or RUN_END view is in its child, or -1: nowhere. */
static inline int64_t cw__stands_for(const cw__view *v, int64_t i)
{
    int64_t at =
        v->layout == CW__LAYOUT_RUN_END ? cw__run_of(v, i) : cw__load_index(v, v->first + i);

    return at >= 0 && at < v->children[0].length ? at : -1;
}

#endif
