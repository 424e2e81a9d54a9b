/* file.h - an open Parquet file, among its parts */
#ifndef CW_PARQUET_READ_FILE_H
#define CW_PARQUET_READ_FILE_H

#include <cloudwriter/parquet_file.h>

#include "format/parquet/meta/metadata.h"

struct cw_parquet_file {
    cw_reader *reader;
    uint64_t bytes;
    uint64_t footer_offset; /* of the metadata: what lies before it is data */
    size_t footer_bytes;
    cw__file_metadata meta;
    char *name;
};

/** `n` bytes from `offset`, checked against the file's size; allocated. NULL: *err says why. */
uint8_t *cw__file_get(cw_parquet_file *f, int64_t offset, uint64_t n, cw_error *err);

#endif
