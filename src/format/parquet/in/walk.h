/* walk.h - following a view: nulls, items of lists, what an index or a run stands for */
#ifndef CW_PARQUET_WALK_H
#define CW_PARQUET_WALK_H

#include <string.h>

#include "format/parquet/in/shred.h"

const cw_schema *cw__shredder_schema(const cw__shredder *s);

static inline bool cw__is_there(const cw__view *v, int64_t i)
{
    size_t at = (size_t)(v->first + i);

    return v->layout != CW__LAYOUT_NULL && (!v->validity || (v->validity[at / 8] >> at % 8 & 1));
}

/** Up to 64 bits from bit `at`, of which `n` are there: how many, and they lowest first. */
static inline size_t cw__load_bits(const uint8_t *bits, size_t at, size_t n, uint64_t *word)
{
    size_t shift = at % 8, bytes = (shift + n + 7) / 8;

    *word = 0;
    memcpy(word, bits + at / 8, bytes < 8 ? bytes : 8);
    *word >>= shift;
    return n < 64 - shift ? n : 64 - shift;
}

/** How many from i on, `most` at most, are there as well (or are not). */
static inline int64_t cw__same_run(const cw__view *v, int64_t i, int64_t most, bool there)
{
    size_t at = (size_t)(v->first + i), left = (size_t)most, n;
    uint64_t word;

    if (!v->validity)
        return most;
    for (; left > 0; at += n, left -= n) {
        n = cw__load_bits(v->validity, at, left, &word);
        word = there ? ~word : word;
        if (n < 64)
            word &= (UINT64_C(1) << n) - 1;
        if (word)
            return most - (int64_t)left + __builtin_ctzll(word);
    }
    return most;
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
