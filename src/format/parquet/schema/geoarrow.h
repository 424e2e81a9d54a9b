/* geoarrow.h - what the metadata of geoarrow.wkb says, as Parquet says it, and back
 *
 * The metadata is a JSON object: "crs" (text, or an object that describes it), "crs_type", "edges".
 */
#ifndef CW_PARQUET_GEOARROW_H
#define CW_PARQUET_GEOARROW_H

#include "base/text.h"
#include "format/parquet/schema/tree.h"

/**
 * Type, crs and edges. *crs is allocated; NULL: longitude and latitude, the default. `n` may be 0.
 * Not JSON, or edges that Parquet does not know, are CW_E_INVALID_ARGUMENT.
 */
cw_status cw__geoarrow_read(const char *json, size_t n, cw_type *type, char **crs, cw_edges *edges,
                            cw_error *err);

/** The metadata of a GEOMETRY or GEOGRAPHY. */
void cw__geoarrow_write(cw__text *to, const cw__node *node);

#endif
