/* kept.h - what the footer needs of the row groups that are written, packed until close
 *
 * The page indexes of all row groups stand together in front of the footer, not behind each row
 * group, though both are allowed: parquet-rs (so DataFusion and others) fetches them as the one
 * range from the first to the last, which would otherwise be most of the file. Where they will
 * stand is known only at close, and what is kept until then grows with the file. So each row group
 * is serialised at once, without the places of its indexes, and compressed: one row group's
 * metadata repeats names and encodings over and over. footer.c puts the places in.
 */
#ifndef CW_PARQUET_KEPT_H
#define CW_PARQUET_KEPT_H

#include <cloudwriter/status.h>

#include "base/text.h"
#include "port/block.h"

/** How long the indexes of a column chunk are; the column index may be absent, 0. */
typedef struct cw__index_bytes {
    uint32_t column_index, offset_index;
} cw__index_bytes;

/** One row group, unpacked: four stretches of bytes. */
typedef enum cw__kept_part {
    CW__KEPT_LENGTHS, /* a cw__index_bytes for each column */
    CW__KEPT_GROUP,   /* RowGroup, without the places of indexes */
    CW__KEPT_COLUMN_INDEXES,
    CW__KEPT_OFFSET_INDEXES,
    CW__KEPT_PARTS
} cw__kept_part;

typedef struct cw__kept_group cw__kept_group;

typedef struct cw__kept {
    cw__kept_group *groups;
    size_t count, room;
    uint64_t bytes; /* held, packed */
    cw__block *block;
    uint8_t *open; /* the one that was unpacked last */
} cw__kept;

/** Pack a row group. Takes copies. */
cw_status cw__kept_add(cw__kept *k, const cw__text parts[CW__KEPT_PARTS], cw_error *err);

/** Unpack row group `i`: `p` and `n` of each part, valid until the next call.
 */
typedef struct cw__kept_view {
    const uint8_t *p[CW__KEPT_PARTS];
    size_t n[CW__KEPT_PARTS];
} cw__kept_view;
cw_status cw__kept_open(cw__kept *k, size_t i, cw__kept_view *out, cw_error *err);

void cw__kept_free(cw__kept *k);

#endif
