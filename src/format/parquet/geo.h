/* geo.h - the "geo" entry of GeoParquet 1.1.0 */
#ifndef CW_PARQUET_GEO_H
#define CW_PARQUET_GEO_H

#include "base/text.h"
#include "format/parquet/schema/tree.h"

/**
 * Append the JSON for the geometry and geography columns at the top of the schema.
 * @return CW_OK; CW_E_INVALID_ARGUMENT when there are none; CW_E_UNSUPPORTED for what GeoParquet
 *         cannot say: a CRS that is not PROJJSON, edges other than planar and spherical
 */
cw_status cw__geo_entry(cw__text *to, const cw_schema *schema, cw_error *err);

#endif
