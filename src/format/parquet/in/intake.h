/* intake.h - what the ways in hand the encoder: the one function below all of them */
#ifndef CW_PARQUET_INTAKE_H
#define CW_PARQUET_INTAKE_H

#include <cloudwriter/parquet.h>

#include "format/parquet/in/view.h"

/** Take `rows` rows: one view for each column at the top. Closes row groups as they fill. */
cw_status cw__parquet_take(cw_parquet *p, const cw__view *columns, size_t rows);

/** For the ways in: what they keep with the encoder, its schema, and its sticky error. */
typedef struct cw__rows_plan cw__rows_plan;         /* rows.c */
typedef struct cw__value_builder cw__value_builder; /* values.c */
typedef struct cw__ways {
    cw__rows_plan *rows;
    cw__value_builder *values;
    struct cw__arrow_views *arrow;
} cw__ways;
cw__ways *cw__parquet_ways(cw_parquet *p);
/** How many bytes a way in may gather before it hands them over: little beside the row group. */
size_t cw__parquet_batch_bytes(const cw_parquet *p);
const cw_schema *cw__parquet_schema(const cw_parquet *p);
/** CW_OK, or the first error. A row begun value by value is for cw__values_hand_over to refuse. */
cw_status cw__parquet_status(cw_parquet *p);
/** Keep `err` as the first error if there is none; answers the first one. */
cw_status cw__parquet_fail(cw_parquet *p, const cw_error *err);

/** After a failure: no thread looks at what rows were taken from. */
void cw__parquet_rest(cw_parquet *p);

void cw__rows_plan_free(cw__rows_plan *plan);
/** Rows put value by value that were not handed over yet: before other calls, and at close. */
cw_status cw__values_hand_over(cw_parquet *p);
bool cw__values_in_row(const cw__value_builder *b);
void cw__value_builder_free(cw__value_builder *b);

#endif
