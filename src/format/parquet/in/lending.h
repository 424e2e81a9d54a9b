/* lending.h - arrays of a batch whose values may stay where they are after the call
 *
 * While the call lasts they belong to whoever made it. At its end those that columns have kept
 * (column/spans.h) are moved out of the batch, the rest of which can be released then.
 */
#ifndef CW_PARQUET_LENDING_H
#define CW_PARQUET_LENDING_H

#include "format/parquet/column/spans.h"
#include "format/parquet/in/view.h"

typedef struct cw__lending {
    cw__loan *loan;
    const struct ArrowArray *array;
} cw__lending;

typedef struct cw__lendings {
    cw__lending *all; /* room for as many as there are views */
    size_t n;
} cw__lendings;

/** Make a loan for numbers or texts at `v`, if it is worth it, that are all of array `a`. false:
 * out of memory. */
bool cw__lend(cw__lendings *x, cw__view *v, const struct ArrowArray *a);

/** The end of the call; `moves`: what columns have kept becomes ours. */
void cw__lendings_settle(cw__lendings *x, bool moves);

#endif
