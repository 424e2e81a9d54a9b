/* elements.h - a schema as the format's list of SchemaElement, and back */
#ifndef CW_PARQUET_ELEMENTS_H
#define CW_PARQUET_ELEMENTS_H

#include "format/parquet/meta/metadata.h"
#include "format/parquet/meta/thrift.h"

void cw__elements_put(cw__thrift_out *t, int16_t id, const cw_schema *schema);

/** path_in_schema of a leaf: a list of the names on the way. */
void cw__elements_put_path(cw__thrift_out *t, int16_t id, const cw__leaf *leaf);

/** Read the list, just after its field header, into out->leaves, out->nodes and out->schema. */
cw_status cw__elements_read(cw__file_metadata *out, cw__thrift_in *t, cw_error *err);

#endif
