/* arrow_ipc.h - a schema as Arrow spells it between processes, for the entry "ARROW:schema"
 *
 * Readers that know Arrow take from it what Parquet cannot say: time zones, durations, extension
 * types. Others do not look at it.
 */
#ifndef CW_PARQUET_ARROW_IPC_H
#define CW_PARQUET_ARROW_IPC_H

#include "base/text.h"
#include "format/parquet/schema/tree.h"

/** Append the base64 of the encapsulated message that holds a finished schema. */
cw_status cw__arrow_ipc_schema(cw__text *base64_out, const cw_schema *s, cw_error *err);

#endif
