/* columns.c - column batches as a way in: the caller's cw_column as views */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/in/gather.h"
#include "format/parquet/in/intake.h"

static cw_status refuse(const cw__node *node, const char *why, cw_error *err)
{
    char where[CW__WHERE_BYTES];

    cw__node_where(node, where, sizeof where);
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "column '%s' %s", where, why);
}

static cw_status check_offsets(const cw__view *v, cw_error *err)
{
    const int32_t *offsets = v->offsets;

    if (!offsets)
        return refuse(v->node, "has no offsets", err);
    return cw__offsets_fall(offsets + v->first, false, (size_t)v->length) || offsets[v->first] < 0
               ? refuse(v->node, "has offsets that fall", err)
               : CW_OK;
}

static cw_status view_column(cw__view *v, cw__view **pool, const cw__node *node, const cw_column *c,
                             int64_t first, int64_t length, cw_error *err);

static cw_status view_children(cw__view *v, cw__view **pool, const cw_column *c, int64_t first,
                               int64_t length, cw_error *err)
{
    const cw__node *node = v->node;
    cw_status st = CW_OK;

    if (c->child_count != node->child_count || !c->children)
        return refuse(node, "has not as many children as its field", err);
    v->children = *pool;
    v->child_count = node->child_count;
    *pool += node->child_count;
    for (size_t i = 0; st == CW_OK && i < node->child_count; i++)
        st = view_column(&v->children[i], pool, node->children[i], &c->children[i],
                         first + (int64_t)c->children[i].first, length, err);
    return st;
}

static cw_status view_list(cw__view *v, cw__view **pool, const cw_column *c, cw_error *err)
{
    cw_status st;

    v->layout = CW__LAYOUT_LIST32;
    v->offsets = c->offsets;
    st = v->length ? check_offsets(v, err) : CW_OK;
    if (st != CW_OK)
        return st;
    return view_children(v, pool, c, 0, v->length ? c->offsets[v->first + v->length] : 0, err);
}

static cw_status view_leaf(cw__view *v, const cw_column *c, cw_error *err)
{
    v->values = c->values;
    v->offsets = c->offsets;
    v->width = cw__c_width(v->node);
    if (v->node->type == CW_TYPE_NONE)
        v->layout = CW__LAYOUT_NULL;
    else if (v->node->type == CW_TYPE_BOOL)
        v->layout = CW__LAYOUT_BITS;
    else
        v->layout = v->width ? CW__LAYOUT_FIXED : CW__LAYOUT_BYTES32;
    if (v->length == 0 || v->layout == CW__LAYOUT_NULL)
        return CW_OK;
    bool texts = v->layout == CW__LAYOUT_BYTES32;
    cw_status st = texts ? check_offsets(v, err) : CW_OK;
    if (st != CW_OK || v->values || (texts && !cw__gather_bytes(v, 0, (size_t)v->length)))
        return st;
    return refuse(v->node, "has no values", err);
}

/* `first`: where its values begin, with that of the structs around it. */
static cw_status view_column(cw__view *v, cw__view **pool, const cw__node *node, const cw_column *c,
                             int64_t first, int64_t length, cw_error *err)
{
    *v = (cw__view){.node = node,
                    .first = first,
                    .length = length,
                    .validity = c->validity,
                    .values_bytes = -1,
                    .scale = 1};
    if (cw__is_repeated(node))
        return view_list(v, pool, c, err);
    if (!cw__is_group(node->type))
        return view_leaf(v, c, err);
    v->layout = CW__LAYOUT_STRUCT;
    return view_children(v, pool, c, first, length, err);
}

static cw_status take(cw_parquet *p, const cw_column *columns, size_t rows)
{
    const cw_schema *schema = cw__parquet_schema(p);
    size_t n = schema->root.child_count;
    cw__view *views = cw__alloc_zero((n + cw__node_count(&schema->root)) * sizeof *views);
    cw__view *pool = views ? views + n : NULL;
    cw_error err = {0};
    cw_status st = views ? CW_OK : cw__fail_memory(&err, "looking at columns");

    for (size_t i = 0; st == CW_OK && i < n; i++)
        st = view_column(&views[i], &pool, schema->root.children[i], &columns[i],
                         (int64_t)columns[i].first, (int64_t)rows, &err);
    st = st == CW_OK ? cw__parquet_take(p, views, rows) : cw__parquet_fail(p, &err);
    cw__free(views);
    return st;
}

cw_status cw_parquet_write_columns(cw_parquet *p, const cw_column *columns, size_t count,
                                   size_t rows)
{
    cw_status st = cw__parquet_status(p);
    cw_error err = {0};

    if (st == CW_OK)
        st = cw__values_hand_over(p);
    if (st != CW_OK)
        return st;
    if (count != cw__parquet_schema(p)->root.child_count) {
        cw__fail(&err, CW_E_INVALID_ARGUMENT, "%zu columns were given, the schema has %zu", count,
                 cw__parquet_schema(p)->root.child_count);
        return cw__parquet_fail(p, &err);
    }
    return rows ? take(p, columns, rows) : CW_OK;
}
