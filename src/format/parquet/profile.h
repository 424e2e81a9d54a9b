/* profile.h - what the readers that a profile names can take; see docs/parquet-profiles.md */
#ifndef CW_PARQUET_PROFILE_H
#define CW_PARQUET_PROFILE_H

#include <cloudwriter/parquet.h>

#include "format/parquet/schema/tree.h"

/** CW_E_UNSUPPORTED: a type, by the path of its field, or an option that the readers refuse. */
cw_status cw__profile_check(cw_parquet_profile profile, const cw_schema *schema,
                            const cw_parquet_options *o, cw_error *err);

/** The same for what was asked of one column; `where` is its path, or words for all columns. */
cw_status cw__profile_check_column(cw_parquet_profile profile, cw_parquet_encoding encoding,
                                   cw_parquet_codec codec, const char *where, cw_error *err);

#endif
