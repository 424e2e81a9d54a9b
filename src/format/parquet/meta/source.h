/* source.h - metadata as it is read: what pages, indexes and the footer have in common
 *
 * What is allocated belongs to the struct that it is read for, also after a failure.
 */
#ifndef CW_PARQUET_META_SOURCE_H
#define CW_PARQUET_META_SOURCE_H

#include "format/parquet/meta/metadata.h"
#include "format/parquet/meta/thrift.h"

/** Memory that is short is told as damage that is none; the caller of the caller looks at both. */
typedef struct cw__source {
    cw__thrift_in t;
    bool no_memory;
    const cw__leaf *leaves; /* that row groups are compared with */
    size_t leaf_count;
} cw__source;

static inline bool cw__is_number(cw__thrift_type type)
{
    return type == CW__THRIFT_I16 || type == CW__THRIFT_I32 || type == CW__THRIFT_I64;
}

static inline bool cw__is_bool(cw__thrift_type type)
{
    return type == CW__THRIFT_TRUE || type == CW__THRIFT_FALSE;
}

void cw__get_binary(cw__source *s, cw__binary *out);
char *cw__get_string(cw__source *s);
/** Zeros. */
void *cw__get_array(cw__source *s, size_t n, size_t size);
/** A list of numbers; *n how many. */
int64_t *cw__get_numbers(cw__source *s, size_t *n);
void cw__get_statistics(cw__source *s, cw__statistics *out);

/** What to answer when all is read. */
cw_status cw__source_answer(const cw__source *s, bool complete, const char *what, cw_error *err);

#endif
