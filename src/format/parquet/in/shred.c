/* shred.c - from views to column buffers: definition and repetition levels, and dense values
 *
 * A column that is a leaf at the top, in a layout with its values in a row, is taken by runs of
 * values and bits of validity. All others are walked level by level, not row by row: each node gets
 * the slots that reach it, and hands its children theirs. At a leaf the levels are the column's.
 *
 * Locking: none; a shredder belongs to its encoder.
 */
#include "format/parquet/in/shred.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/in/gather.h"
#include "format/parquet/in/slots.h"
#include "format/parquet/in/walk.h"

enum { STRIDE = 4096 };

struct cw__shredder {
    const cw_schema *schema;
    cw__slots *levels; /* one for each depth of the walk */
    size_t depth;
};

/* One call. */
typedef struct shredding {
    cw__shredder *s;
    cw__column_buffer *leaves;
    uint64_t row_number; /* of row 0 of the views */
    size_t rows;         /* of the stride that is walked */
    cw_error *err;
} shredding;

/* ---- memory ---- */

const cw_schema *cw__shredder_schema(const cw__shredder *s)
{
    return s->schema;
}

static size_t depth_of(const cw__node *n)
{
    size_t most = 0;

    for (size_t i = 0; i < n->child_count; i++) {
        size_t d = depth_of(n->children[i]);
        most = d > most ? d : most;
    }
    return most + 1;
}

/* A node may take three sets of slots: for what its indices stand for, its own, its items'. */
cw_status cw__shredder_new(cw__shredder **out, const cw_schema *schema, cw_error *err)
{
    cw__shredder *s = cw__alloc_zero(sizeof *s);

    *out = NULL;
    if (!s)
        return cw__fail_memory(err, "making an encoder");
    s->schema = schema;
    s->depth = 4 * depth_of(&schema->root) + 4;
    s->levels = cw__alloc_zero(s->depth * sizeof *s->levels);
    if (!s->levels) {
        cw__free(s);
        return cw__fail_memory(err, "making an encoder");
    }
    *out = s;
    return CW_OK;
}

void cw__shredder_free(cw__shredder *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->depth; i++)
        cw__slots_free(&s->levels[i]);
    cw__free(s->levels);
    cw__free(s);
}

/* ---- saying what is wrong ---- */

static uint64_t row_of(const cw__slots *x, size_t slot, uint64_t first)
{
    uint64_t row = 0;

    for (size_t i = 1; i <= slot; i++)
        row += x->rep[i] == 0;
    return first + row;
}

static cw_status fail_value(const shredding *k, const cw__node *node, uint64_t row, const char *why)
{
    char where[CW__WHERE_BYTES];

    cw__node_where(node, where, sizeof where);
    return cw__fail(k->err, CW_E_INVALID_ARGUMENT, "column '%s', row %llu: the value %s", where,
                    (unsigned long long)row, why);
}

static cw_status fail_null(const shredding *k, const cw__node *node, uint64_t row)
{
    char where[CW__WHERE_BYTES];

    cw__node_where(node, where, sizeof where);
    return cw__fail(k->err, CW_E_INVALID_ARGUMENT,
                    "column '%s', row %llu: null, and the field is required", where,
                    (unsigned long long)row);
}

static cw_status fail_memory(const shredding *k)
{
    return cw__fail_memory(k->err, "taking rows");
}

/* ---- leaves at the top ---- */

/* Values of one leaf; NULL as `validity`: all of them are there. */
static cw_status gather_flat(const shredding *k, cw__column_buffer *b, const cw__view *v,
                             int64_t start, int64_t n, const uint8_t *validity)
{
    const char *why = "";
    size_t bad = 0, bit = (size_t)(v->first + start);

    switch (validity ? cw__gather_there(b, v, start, (size_t)n, validity, bit, &bad, &why)
                     : cw__gather(b, v, start, (size_t)n, &bad, &why)) {
    case CW__GATHERED:
        return CW_OK;
    case CW__GATHERED_NO_MEMORY:
        return fail_memory(k);
    default:
        return fail_value(k, v->node, k->row_number + (uint64_t)start + bad, why);
    }
}

static cw_status flat_values(const shredding *k, cw__column_buffer *b, const cw__view *v,
                             int64_t from, int64_t to)
{
    if (v->node->nullable)
        return gather_flat(k, b, v, from, to - from, v->validity);
    int64_t n = cw__same_run(v, from, to - from, true);
    cw_status st = gather_flat(k, b, v, from, n, NULL);
    if (st == CW_OK && from + n < to)
        st = fail_null(k, v->node, k->row_number + (uint64_t)(from + n));
    return st;
}

static bool flat_levels(cw__column_buffer *b, const cw__view *v, int64_t from, size_t n)
{
    unsigned max = b->leaf->max_def;

    if (max == 0)
        return true;
    if (v->layout == CW__LAYOUT_NULL)
        return cw__levels_add_same(&b->def, max - 1, n);
    if (v->validity)
        return cw__levels_add_bits(&b->def, v->validity, (size_t)(v->first + from), n);
    return cw__levels_add_same(&b->def, max, n);
}

static cw_status shred_flat(const shredding *k, const cw__view *v, size_t from, size_t to)
{
    cw__column_buffer *b = &k->leaves[v->node->first_leaf];
    cw_status st;

    if (v->layout == CW__LAYOUT_NULL && !v->node->nullable)
        return fail_null(k, v->node, k->row_number + from);
    if (!flat_levels(b, v, (int64_t)from, to - from))
        return fail_memory(k);
    st = v->layout == CW__LAYOUT_NULL ? CW_OK : flat_values(k, b, v, (int64_t)from, (int64_t)to);
    cw__column_buffer_added(b, to - from, to - from, 0);
    return st;
}

/* ---- everything else ---- */

static cw_status shred_node(const shredding *k, const cw__view *v, const cw__slots *in,
                            size_t depth, uint64_t row);

static cw_status find_values(const shredding *k, const cw__view *v, const cw__slots *in,
                             cw__slots *out, uint64_t row)
{
    size_t null = in->n;

    if (!cw__slots_mark(out, in, v, &null))
        return fail_memory(k);
    return null < in->n && !v->node->nullable ? fail_null(k, v->node, row_of(in, null, row))
                                              : CW_OK;
}

/* The values that indices or runs stand for; a null index ends its slot. */
static cw_status follow(const shredding *k, const cw__view *v, const cw__slots *in, cw__slots *out,
                        uint64_t row)
{
    if (!cw__slots_spread(out, in))
        return fail_memory(k);
    for (size_t i = 0; i < in->n; i++) {
        int64_t at = out->own.at[i];
        if (at < 0)
            continue;
        out->own.at[i] = -1;
        if (!cw__is_there(v, at)) {
            if (!v->node->nullable)
                return fail_null(k, v->node, row_of(in, i, row));
            continue;
        }
        out->own.at[i] = cw__stands_for(v, at);
        if (out->own.at[i] < 0)
            return fail_value(k, v->node, row_of(in, i, row), "is an index beyond its dictionary");
    }
    return CW_OK;
}

static cw_status add_levels(const shredding *k, cw__column_buffer *b, const cw__slots *x)
{
    if ((b->leaf->max_def && !cw__levels_add_bytes(&b->def, x->def, x->n)) ||
        (b->leaf->max_rep && !cw__levels_add_bytes(&b->rep, x->rep, x->n)))
        return fail_memory(k);
    cw__column_buffer_added(b, k->rows, x->n, 0);
    return CW_OK;
}

/* The slot of the value that is the i-th there. */
static size_t slot_of(const cw__slots *x, unsigned max_def, size_t i)
{
    size_t slot = 0;

    for (size_t seen = 0; slot < x->n; slot++)
        if (x->def[slot] == max_def && seen++ == i)
            break;
    return slot;
}

/* *bad becomes the slot. */
static cw__gathered gather_in_a_row(cw__column_buffer *b, const cw__view *v, cw__slots *x,
                                    size_t *bad, const char **why)
{
    const uint8_t *places;

    if (!cw__slots_places(x, &places))
        return CW__GATHERED_NO_MEMORY;
    cw__gathered answer = places ? cw__gather_there(b, v, x->first, x->places, places, 0, bad, why)
                                 : cw__gather(b, v, x->first, x->places, bad, why);
    if (answer == CW__GATHERED_BAD)
        *bad = cw__slots_slot(x, *bad);
    return answer;
}

static cw__gathered gather_spread(cw__column_buffer *b, const cw__view *v, cw__slots *x,
                                  size_t *bad, const char **why)
{
    size_t n;
    const int64_t *at = cw__slots_positions(x, &n);
    cw__gathered answer = at ? cw__gather_at(b, v, at, n, bad, why) : CW__GATHERED_NO_MEMORY;

    if (answer == CW__GATHERED_BAD)
        *bad = slot_of(x, b->leaf->max_def, *bad);
    return answer;
}

static cw_status shred_leaf(const shredding *k, const cw__view *v, cw__slots *x, uint64_t row)
{
    cw__column_buffer *b = &k->leaves[v->node->first_leaf];
    const char *why = "";
    size_t bad = 0;

    switch (x->at ? gather_spread(b, v, x, &bad, &why) : gather_in_a_row(b, v, x, &bad, &why)) {
    case CW__GATHERED:
        return add_levels(k, b, x);
    case CW__GATHERED_NO_MEMORY:
        return fail_memory(k);
    default:
        return fail_value(k, v->node, row_of(x, bad, row), why);
    }
}

/* Nothing but nulls; of a type that has fields below none of them is reached. */
static cw_status shred_nothing(const shredding *k, const cw__node *node, const cw__slots *x,
                               uint64_t row)
{
    size_t first = node->nullable ? x->n : cw__slots_first(x);
    cw_status st = first < x->n ? fail_null(k, node, row_of(x, first, row)) : CW_OK;

    for (size_t i = 0; st == CW_OK && i < node->leaf_count; i++)
        st = add_levels(k, &k->leaves[node->first_leaf + i], x);
    return st;
}

static bool is_list(cw__layout layout)
{
    return layout >= CW__LAYOUT_LIST32 && layout <= CW__LAYOUT_FIXED_LIST;
}

static cw_status shred_children(const shredding *k, const cw__view *v, const cw__slots *x,
                                size_t depth, uint64_t row)
{
    cw_status st = CW_OK;

    for (size_t i = 0; st == CW_OK && i < v->child_count; i++)
        st = shred_node(k, &v->children[i], x, depth, row);
    return st;
}

static cw_status shred_node(const shredding *k, const cw__view *v, const cw__slots *in,
                            size_t depth, uint64_t row)
{
    cw__slots *x = &k->s->levels[depth], *items = &k->s->levels[depth + 1];
    cw_status st;

    if (v->layout == CW__LAYOUT_DICTIONARY || v->layout == CW__LAYOUT_RUN_END) {
        st = follow(k, v, in, x, row);
        return st == CW_OK ? shred_node(k, &v->children[0], x, depth + 1, row) : st;
    }
    if (v->layout == CW__LAYOUT_NULL)
        return shred_nothing(k, v->node, in, row);
    st = find_values(k, v, in, x, row);
    if (st != CW_OK)
        return st;
    if (v->layout == CW__LAYOUT_STRUCT)
        return shred_children(k, v, x, depth + 1, row);
    if (!is_list(v->layout))
        return shred_leaf(k, v, x, row);
    if (!cw__slots_open(items, x, v))
        return fail_memory(k);
    return shred_children(k, v, items, depth + 2, row);
}

static cw_status shred_nested(shredding *k, const cw__view *v, size_t from, size_t to)
{
    cw__slots *x = &k->s->levels[0];
    cw_status st = CW_OK;

    for (size_t n; st == CW_OK && from < to; from += n) {
        n = to - from < STRIDE ? to - from : STRIDE;
        if (!cw__slots_rows(x, from, n))
            return fail_memory(k);
        k->rows = n;
        st = shred_node(k, v, x, 1, k->row_number + from);
    }
    return st;
}

static bool is_flat(const cw__view *v)
{
    return !cw__is_group(v->node->type) && v->layout != CW__LAYOUT_DICTIONARY &&
           v->layout != CW__LAYOUT_RUN_END;
}

cw_status cw__shred_columns(cw__shredder *s, cw__column_buffer *leaves, const cw__view *columns,
                            cw__row_range rows, size_t first, size_t beyond, cw_error *err)
{
    shredding k = {.s = s, .leaves = leaves, .row_number = rows.number, .err = err};
    cw_status st = CW_OK;

    for (size_t i = first; st == CW_OK && i < beyond; i++)
        st = is_flat(&columns[i]) ? shred_flat(&k, &columns[i], rows.from, rows.to)
                                  : shred_nested(&k, &columns[i], rows.from, rows.to);
    return st;
}
