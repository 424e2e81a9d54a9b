/* shred.h - from views to column buffers: definition and repetition levels, and dense values
 *
 * Takes rows [from, to) of the views of all columns at the top and adds them to the buffers of all
 * the leaves. All-or-nothing is not needed: after a failure the encoder is finished.
 */
#ifndef CW_PARQUET_SHRED_H
#define CW_PARQUET_SHRED_H

#include "format/parquet/column/buffer.h"
#include "format/parquet/in/view.h"

/** Memory kept from call to call. */
typedef struct cw__shredder cw__shredder;
cw_status cw__shredder_new(cw__shredder **out, const cw_schema *schema, cw_error *err);
void cw__shredder_free(cw__shredder *s);

/**
 * Bytes that rows [from, to) take in the buffers, as a row group counts them: of each leaf slot its
 * width (byte arrays: 4 and its bytes, 0 of a null) and a byte for each kind of level it has. It is
 * a sum over rows, and does not depend on the layout. Cheap where offsets tell it.
 */
uint64_t cw__shred_measure(const cw__shredder *s, const cw__view *columns, size_t from, size_t to);

/** Rows [from, to) of views; `number` is that of row 0. */
typedef struct cw__row_range {
    size_t from, to;
    uint64_t number;
} cw__row_range;

/**
 * Check and add columns [first, beyond): several threads may do it at once, each for columns of its
 * own and with a shredder of its own. Values that cannot be stored (invalid UTF-8 in text, a
 * decimal with more digits than its precision, a null in a required field, an index or offset out
 * of bounds) are CW_E_INVALID_ARGUMENT with the path of the field and the row.
 */
cw_status cw__shred_columns(cw__shredder *s, cw__column_buffer *leaves, const cw__view *columns,
                            cw__row_range rows, size_t first, size_t beyond, cw_error *err);

#endif
