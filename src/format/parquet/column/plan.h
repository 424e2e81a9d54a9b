/* plan.h - how a chunk is to be encoded: by a sample, and by all of it for a dictionary */
#ifndef CW_PARQUET_PLAN_H
#define CW_PARQUET_PLAN_H

#include "format/parquet/column/chunk.h"
#include "format/parquet/column/values.h"
#include "port/block.h"

/** The memory and contexts of one thread. */
struct cw__chunk_scratch {
    cw__block *block;
    cw__grown page, packed, numbers, levels, used;
    cw__grown picked; /* values that waited: see spans.h */
    cw__column_buffer sample;
    cw__dictionary dictionary, sample_dictionary;
    cw__grown entries, entries_packed; /* the dictionary's page, as it is and compressed */
    const cw__chunk_help *help;        /* NULL: none */
};

typedef struct cw__chunk_plan {
    int32_t encoding; /* of the data pages */
    cw__block_codec codec;
    bool literals;                    /* of texts: nothing is repeated */
    const cw__dictionary *dictionary; /* NULL: none; it and its page are the scratch's */
} cw__chunk_plan;

/** CW_OK or CW_E_NO_MEMORY. Depends on the values and options alone. */
cw_status cw__chunk_plan_make(cw__chunk_plan *plan, const cw__column_buffer *in,
                              const cw__chunk_options *o, cw__chunk_scratch *scratch);

#endif
