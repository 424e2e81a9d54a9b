/* parquet_file.h - the verbs meta, schema and verify: look into Parquet files */
#ifndef CW_TOOL_PARQUET_FILE_H
#define CW_TOOL_PARQUET_FILE_H

#include "options.h"

/** @return the exit code */
int meta_main(struct options *o);
int schema_main(struct options *o);
int verify_main(struct options *o);

#endif
