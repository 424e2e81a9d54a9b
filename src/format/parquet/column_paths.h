/* column_paths.h - leaf columns by the paths that a user writes */
#ifndef CW_PARQUET_COLUMN_PATHS_H
#define CW_PARQUET_COLUMN_PATHS_H

#include "format/parquet/schema/tree.h"

/**
 * Find a leaf. `after` (nullable) is where the search begins, since options tend to be in the order
 * of the columns.
 * @return CW_OK; CW_E_INVALID_ARGUMENT with the paths that may have been meant
 */
cw_status cw__leaf_find(const cw__leaf **out, const cw_schema *schema, const char *path,
                        const cw__leaf *after, cw_error *err);

#endif
