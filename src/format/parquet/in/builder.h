/* builder.h - values gathered one after the other into Arrow's plain layout, field by field
 *
 * A builder stands for a field and has one for each child. What it holds can be looked at as a
 * view, and emptied. Adding answers false when out of memory.
 */
#ifndef CW_PARQUET_BUILDER_H
#define CW_PARQUET_BUILDER_H

#include "format/parquet/column/buffer.h"
#include "format/parquet/in/view.h"

typedef struct cw__builder {
    const cw__node *node;
    struct cw__builder *children;
    uint32_t width;     /* of a value; 0: byte arrays, booleans, lists, structs */
    size_t n;           /* values, nulls included */
    bool has_nulls;     /* the validity is kept */
    cw__grown validity; /* bits */
    cw__grown values;   /* fixed values, bytes, or bits */
    cw__grown offsets;  /* int32_t, n + 1 of them */
} cw__builder;

bool cw__builder_init(cw__builder *b, const cw__node *node);
void cw__builder_free(cw__builder *b);
void cw__builder_reset(cw__builder *b);

/** A null; of a struct its children get one each, whatever they are. */
bool cw__builder_null(cw__builder *b);
/** A value that is there. `p`: width bytes. */
bool cw__builder_fixed(cw__builder *b, const void *p);
bool cw__builder_bool(cw__builder *b, bool v);
/** false also when all of the bytes come to 2 GiB. */
bool cw__builder_bytes(cw__builder *b, const void *p, size_t n);
/** A list whose items were added to the children since the last one. */
bool cw__builder_list(cw__builder *b);
/** A struct whose fields were added to the children. */
bool cw__builder_struct(cw__builder *b);

/** Views of the builder and all below it; `views` has room for as many as there are nodes. */
void cw__builder_view(const cw__builder *b, cw__view *view, cw__view **pool);

#endif
