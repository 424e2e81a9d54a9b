/* options.h - the options of an encoder with every default filled in, checked against the schema
 *
 * What follows from `memory_bytes` is in budget.h; what the readers named by a profile can take is
 * in profile.h.
 */
#ifndef CW_PARQUET_OPTIONS_H
#define CW_PARQUET_OPTIONS_H

#include "format/parquet/budget.h"
#include "format/parquet/column/chunk.h"

/** A column that has options of its own. */
typedef struct cw__column_choice {
    size_t leaf;
    cw__chunk_options options;
} cw__column_choice;

typedef struct cw__settings {
    cw__chunk_options
        all; /* of columns that have none of their own; `encoding` as far as it fits */
    cw__column_choice *own; /* by leaf, ascending */
    size_t own_count;
    cw__budget budget;
    uint64_t group_rows;
    bool arrow_schema, geo_metadata;
    cw__sorting_column *sorting;
    size_t sorting_count;
    cw__key_value *pairs; /* the user's, then those that the encoder adds */
    size_t pair_count;
} cw__settings;

/** `schema` is finished. On failure there is nothing to free. */
cw_status cw__settings_take(cw__settings *out, const cw_parquet_options *o, const cw_schema *schema,
                            cw_error *err);
void cw__settings_free(cw__settings *s);

/** The options as they are for one column. */
cw__chunk_options cw__settings_of(const cw__settings *s, const cw__leaf *leaf);

/** Add a pair of key-value metadata. Copies. */
cw_status cw__settings_add_pair(cw__settings *s, const char *key, const char *value, cw_error *err);

/** True where values of the leaf can be encoded so. */
bool cw__encoding_fits(cw_parquet_encoding encoding, const cw__leaf *leaf);

#endif
