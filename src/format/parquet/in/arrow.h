/* arrow.h - Arrow arrays as views, every count, buffer and type checked before it is followed */
#ifndef CW_PARQUET_ARROW_H
#define CW_PARQUET_ARROW_H

#include <cloudwriter/arrow_abi.h>

#include "format/parquet/in/view.h"

/** Views of the columns of a batch; owned by the caller, pointing into the array. */
typedef struct cw__arrow_views cw__arrow_views;

/**
 * Look at a batch (a struct array). `type` says how it is laid out, and has to fit `schema` (names
 * and types; a field that is required there must have no nulls). Reuses *views if it is not NULL.
 */
cw_status cw__arrow_view(cw__arrow_views **views, const cw_schema *schema,
                         const struct ArrowSchema *type, const struct ArrowArray *array,
                         cw_error *err);
/**
 * The end of the call that brought the batch. `moves`: what columns have kept of it becomes ours,
 * the rest is left to be released. Else nothing looks at the batch any more.
 */
void cw__arrow_settle(cw__arrow_views *views, bool moves);
const cw__view *cw__arrow_columns(const cw__arrow_views *views);
void cw__arrow_views_free(cw__arrow_views *views);

/** Whether fixed-width values of an Arrow format mean what the field's do. */
bool cw__arrow_fits(const cw__node *node, const char *format);

#endif
