/* statistics.h - min, max, nulls and sizes of a page or chunk, and the column index of a chunk
 *
 * Min and max follow the order of the leaf (schema/tree.h): see extremes.h. Text longer than the
 * limit is cut: a minimum at a character boundary, a maximum cut and then incremented so that it
 * stays valid UTF-8 and not less; if that cannot be, it is left out. Exactness flags say which.
 */
#ifndef CW_PARQUET_STATISTICS_H
#define CW_PARQUET_STATISTICS_H

#include "format/parquet/column/extremes.h"
#include "format/parquet/meta/metadata.h"

/** As it is written: cut to `most` bytes. Allocates; free with cw__statistics_free. */
cw_status cw__statistics_of(cw__statistics *out, const cw__leaf *leaf, const cw__extremes *e,
                            uint64_t nulls, size_t most);

/** Add a page to the column index. After the last: boundary order. Dropped (present = false) when a
 * page that has values has no extremes (all NaN, or cut short of a maximum). */
cw_status cw__column_index_add(cw__column_index *index, const cw__leaf *leaf,
                               const cw__statistics *page, bool all_null);
void cw__column_index_end(cw__column_index *index, const cw__leaf *leaf);

#endif
