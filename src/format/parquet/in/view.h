/* view.h - values as they lie in the caller's memory, of one field, in any of Arrow's layouts
 *
 * The one form that every way in is brought to: column batches, rows and values (which gather into
 * Arrow's plain layout first), and Arrow's own data in all its layouts. Borrowed, never written to.
 */
#ifndef CW_PARQUET_VIEW_H
#define CW_PARQUET_VIEW_H

#include "format/parquet/schema/tree.h"

typedef enum cw__layout {
    CW__LAYOUT_NULL,       /* nothing but nulls */
    CW__LAYOUT_FIXED,      /* `values`, `width` bytes each */
    CW__LAYOUT_BITS,       /* `values`, booleans */
    CW__LAYOUT_BYTES32,    /* int32 `offsets` into `values` */
    CW__LAYOUT_BYTES64,    /* int64 `offsets` into `values` */
    CW__LAYOUT_BYTES_VIEW, /* `values`: 16-byte views; `buffers` */
    CW__LAYOUT_STRUCT,     /* `children`, which have their own `first` */
    CW__LAYOUT_LIST32, /* int32 `offsets` into children[0]; a map's children are key and value */
    CW__LAYOUT_LIST64,
    CW__LAYOUT_LIST_VIEW32, /* int32 `offsets` and `sizes` */
    CW__LAYOUT_LIST_VIEW64,
    CW__LAYOUT_FIXED_LIST, /* `width` items each */
    CW__LAYOUT_DICTIONARY, /* `values`: indices of `width` bytes into children[0] */
    CW__LAYOUT_RUN_END     /* `values`: run ends of `width` bytes; children[0] the values */
} cw__layout;

typedef struct cw__view {
    const cw__node *node;
    cw__layout layout;
    uint32_t width;
    bool signed_indices;     /* DICTIONARY */
    int64_t length;          /* values from `first` on */
    int64_t first;           /* counts into values, offsets, sizes and validity */
    const uint8_t *validity; /* NULL: none is null */
    const void *values;
    const void *offsets;
    const void *sizes;
    const void *const *buffers; /* BYTES_VIEW */
    const int64_t *buffer_bytes;
    int64_t values_bytes;  /* BYTES*: how long `values` is if it is known, else -1 */
    struct cw__loan *loan; /* `values` can be kept; NULL: they are there during the call */
    int64_t scale;         /* FIXED integers: multiply by this (timestamps in seconds); else 1 */
    struct cw__view *children; /* of a map: key and value, the entries struct is looked through */
    size_t child_count;
} cw__view;

#endif
