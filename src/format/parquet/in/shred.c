/* shred.c - from views to column buffers: definition and repetition levels, and dense values
 *
 * A column that is a leaf at the top, in a layout with its values in a row, is taken by runs of
 * values and bits of validity. All others are walked level by level, not row by row: each node gets
 * the slots that reach it, as three arrays (repetition level, definition level so far, and where in
 * its view, -1: nowhere), and hands its children theirs. At a leaf the levels are the column's, and
 * positions that follow each other are gathered together.
 *
 * Locking: none; a shredder belongs to its encoder.
 */
#include "format/parquet/in/shred.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/in/gather.h"
#include "format/parquet/in/walk.h"

enum { STRIDE = 4096 };

typedef struct slots {
    uint8_t *rep, *def;
    int64_t *at;
    size_t n, room;
} slots;

struct cw__shredder {
    const cw_schema *schema;
    slots *levels; /* one for each depth of the walk */
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
    for (size_t i = 0; i < s->depth; i++) {
        cw__free(s->levels[i].rep);
        cw__free(s->levels[i].def);
        cw__free(s->levels[i].at);
    }
    cw__free(s->levels);
    cw__free(s);
}

static bool grow_slots(slots *x, size_t n)
{
    if (n <= x->room)
        return true;
    size_t room = n + n / 2;
    uint8_t *rep = cw__realloc(x->rep, room);
    if (rep)
        x->rep = rep;
    uint8_t *def = cw__realloc(x->def, room);
    if (def)
        x->def = def;
    int64_t *at = cw__realloc(x->at, room * sizeof *at);
    if (at)
        x->at = at;
    if (!rep || !def || !at)
        return false;
    x->room = room;
    return true;
}

/* ---- saying what is wrong ---- */

static uint64_t row_of(const slots *x, size_t slot, uint64_t first)
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

/* Values of one leaf: runs of those that are there. */
static cw_status gather_run(const shredding *k, cw__column_buffer *b, const cw__view *v,
                            int64_t start, int64_t n)
{
    const char *why = "";
    size_t bad = 0;

    switch (cw__gather(b, v, start, (size_t)n, &bad, &why)) {
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
    cw_status st = CW_OK;

    if (v->node->nullable && cw__can_gather_there(b, v))
        return cw__gather_there(b, v, from, (size_t)(to - from)) ? CW_OK : fail_memory(k);
    for (int64_t n; st == CW_OK && from < to; from += n) {
        bool there = cw__is_there(v, from);
        n = cw__same_run(v, from, to - from, there);
        if (there)
            st = gather_run(k, b, v, from, n);
        else if (!v->node->nullable)
            st = fail_null(k, v->node, k->row_number + (uint64_t)from);
    }
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

static cw_status shred_node(const shredding *k, const cw__view *v, const slots *in, size_t depth,
                            uint64_t row);

static cw_status fail_slot_null(const shredding *k, const cw__node *node, const slots *x, size_t i,
                                uint64_t row)
{
    return fail_null(k, node, row_of(x, i, row));
}

/* Whether the value at `at` is not null. `at` lies within the view. */
static inline unsigned is_valid(const cw__view *v, int64_t at)
{
    size_t bit = (size_t)(v->first + at);
    return v->validity[bit / 8] >> bit % 8 & 1u;
}

/*
 * Slots that reach a node, as those that find a value there: a null ends its slot, and what is
 * there has the node's definition level. Nothing is foretold of them, for nulls and empty lists
 * follow no rule. @return how many are null
 */
static size_t mark_values(const cw__view *view, const slots *in, slots *out)
{
    /* Copies, for a byte that is stored might be any of them. */
    const cw__view copy = *view, *v = &copy;
    const int64_t *at = in->at;
    const uint8_t *before = in->def;
    uint8_t *def = out->def, node_def = (uint8_t)v->node->def;
    int64_t *to = out->at;
    size_t n = in->n, reached = 0, all = 0;

    out->n = n;
    for (size_t i = 0; i < n; i++) {
        unsigned there = at[i] >= 0;
        reached += there;
        if (v->validity && v->length > 0)
            there &= is_valid(v, at[i] >= 0 ? at[i] : 0);
        all += there;
        to[i] = at[i] | ((int64_t)there - 1);
        def[i] = (uint8_t)(before[i] ^ ((before[i] ^ node_def) & (0u - there)));
    }
    return reached - all;
}

static void mark_nothing(const slots *in, slots *out)
{
    out->n = in->n;
    memcpy(out->def, in->def, in->n);
    for (size_t i = 0; i < in->n; i++)
        out->at[i] = -1;
}

static cw_status fail_first_null(const shredding *k, const cw__view *v, const slots *in,
                                 uint64_t row)
{
    size_t i = 0;

    while (i < in->n && (in->at[i] < 0 || cw__is_there(v, in->at[i])))
        i++;
    return i < in->n ? fail_slot_null(k, v->node, in, i, row) : CW_OK;
}

static cw_status find_values(const shredding *k, const cw__view *v, const slots *in, slots *out,
                             uint64_t row)
{
    size_t nulls = 0;

    if (!grow_slots(out, in->n))
        return fail_memory(k);
    memcpy(out->rep, in->rep, in->n);
    if (v->layout == CW__LAYOUT_NULL)
        mark_nothing(in, out);
    else
        nulls = mark_values(v, in, out);
    if ((nulls || v->layout == CW__LAYOUT_NULL) && !v->node->nullable)
        return fail_first_null(k, v, in, row);
    return CW_OK;
}

/* The values that indices or runs stand for; a null index ends its slot. */
static cw_status follow(const shredding *k, const cw__view *v, const slots *in, slots *out,
                        uint64_t row)
{
    if (!grow_slots(out, in->n))
        return fail_memory(k);
    memcpy(out->rep, in->rep, in->n);
    memcpy(out->def, in->def, in->n);
    out->n = in->n;
    for (size_t i = 0; i < in->n; i++) {
        out->at[i] = -1;
        if (in->at[i] < 0)
            continue;
        if (!cw__is_there(v, in->at[i])) {
            if (!v->node->nullable)
                return fail_slot_null(k, v->node, in, i, row);
            continue;
        }
        out->at[i] = cw__stands_for(v, in->at[i]);
        if (out->at[i] < 0)
            return fail_value(k, v->node, row_of(in, i, row), "is an index beyond its dictionary");
    }
    return CW_OK;
}

/* Slots of the items of all lists: an empty one, and one that is not there, are a slot as well. */
static inline __attribute__((always_inline)) size_t count_items(const cw__view *v, const slots *in,
                                                                cw__layout layout)
{
    size_t n = 0;

    for (size_t i = 0; i < in->n; i++) {
        int64_t items = in->at[i] < 0 ? 0 : cw__items_in(v, layout, in->at[i]).n;
        n += items > 0 ? (size_t)items : 1;
    }
    return n;
}

static inline __attribute__((always_inline)) void fill_items(const cw__view *v, const slots *in,
                                                             slots *out, cw__layout layout)
{
    const uint8_t items_def = (uint8_t)cw__items_def(v->node);
    const uint8_t items_rep = (uint8_t)(v->node->rep + 1);
    const cw__view view = *v; /* copies, for a byte that is stored might be any of them */
    const slots from = *in;
    uint8_t *rep = out->rep, *def = out->def;
    int64_t *at = out->at;
    size_t n = 0;

    for (size_t i = 0; i < from.n; i++) {
        cw__items x = from.at[i] < 0 ? (cw__items){0} : cw__items_in(&view, layout, from.at[i]);
        rep[n] = from.rep[i];
        def[n] = x.n ? items_def : from.def[i];
        at[n++] = x.n ? x.first : -1;
        for (int64_t j = 1; j < x.n; j++) {
            rep[n] = items_rep;
            def[n] = items_def;
            at[n++] = x.first + j;
        }
    }
}

/* The usual layout on its own, so that it is not asked for at each list. */
static cw_status open_lists(const shredding *k, const cw__view *v, const slots *in, slots *out)
{
    bool usual = v->layout == CW__LAYOUT_LIST32;
    size_t n = usual ? count_items(v, in, CW__LAYOUT_LIST32) : count_items(v, in, v->layout);

    if (!grow_slots(out, n))
        return fail_memory(k);
    out->n = n;
    if (usual)
        fill_items(v, in, out, CW__LAYOUT_LIST32);
    else
        fill_items(v, in, out, v->layout);
    return CW_OK;
}

/* The slot of the value that is the i-th there. */
static size_t slot_of(const slots *x, unsigned max_def, size_t i)
{
    size_t slot = 0;

    for (size_t seen = 0; slot < x->n; slot++)
        if (x->def[slot] == max_def && seen++ == i)
            break;
    return slot;
}

/* The positions of what is there, one after the other. */
static size_t squeeze(int64_t *at, size_t n)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t v = at[i];
        at[k] = v;
        k += v >= 0;
    }
    return k;
}

/* `x` is the leaf's own: its positions are spent here. */
static cw_status shred_leaf(const shredding *k, const cw__view *v, slots *x, uint64_t row)
{
    cw__column_buffer *b = &k->leaves[v->node->first_leaf];
    const char *why = "";
    size_t bad = 0;

    if ((b->leaf->max_def && !cw__levels_add_bytes(&b->def, x->def, x->n)) ||
        (b->leaf->max_rep && !cw__levels_add_bytes(&b->rep, x->rep, x->n)))
        return fail_memory(k);
    cw__gathered answer = cw__gather_at(b, v, x->at, squeeze(x->at, x->n), &bad, &why);
    if (answer == CW__GATHERED_NO_MEMORY)
        return fail_memory(k);
    if (answer == CW__GATHERED_BAD)
        return fail_value(k, v->node, row_of(x, slot_of(x, b->leaf->max_def, bad), row), why);
    cw__column_buffer_added(b, k->rows, x->n, 0);
    return CW_OK;
}

static bool is_list(cw__layout layout)
{
    return layout >= CW__LAYOUT_LIST32 && layout <= CW__LAYOUT_FIXED_LIST;
}

/* Nothing but nulls, of a type that has fields below: none of them is reached. */
static cw_status shred_nothing(const shredding *k, const cw__node *node, const slots *x)
{
    for (size_t i = 0; i < node->leaf_count; i++) {
        cw__column_buffer *b = &k->leaves[node->first_leaf + i];
        if ((b->leaf->max_def && !cw__levels_add_bytes(&b->def, x->def, x->n)) ||
            (b->leaf->max_rep && !cw__levels_add_bytes(&b->rep, x->rep, x->n)))
            return fail_memory(k);
        cw__column_buffer_added(b, k->rows, x->n, 0);
    }
    return CW_OK;
}

static cw_status shred_children(const shredding *k, const cw__view *v, const slots *x, size_t depth,
                                uint64_t row)
{
    cw_status st = CW_OK;

    for (size_t i = 0; st == CW_OK && i < v->child_count; i++)
        st = shred_node(k, &v->children[i], x, depth, row);
    return st;
}

static cw_status shred_node(const shredding *k, const cw__view *v, const slots *in, size_t depth,
                            uint64_t row)
{
    slots *x = &k->s->levels[depth];
    cw_status st;

    if (v->layout == CW__LAYOUT_DICTIONARY || v->layout == CW__LAYOUT_RUN_END) {
        st = follow(k, v, in, x, row);
        return st == CW_OK ? shred_node(k, &v->children[0], x, depth + 1, row) : st;
    }
    st = find_values(k, v, in, x, row);
    if (st != CW_OK)
        return st;
    if (v->layout == CW__LAYOUT_NULL)
        return shred_nothing(k, v->node, x);
    if (v->layout == CW__LAYOUT_STRUCT)
        return shred_children(k, v, x, depth + 1, row);
    if (!is_list(v->layout))
        return shred_leaf(k, v, x, row);
    st = open_lists(k, v, x, &k->s->levels[depth + 1]);
    return st == CW_OK ? shred_children(k, v, &k->s->levels[depth + 1], depth + 2, row) : st;
}

static cw_status shred_nested(shredding *k, const cw__view *v, size_t from, size_t to)
{
    slots *x = &k->s->levels[0];
    cw_status st = CW_OK;

    for (size_t n; st == CW_OK && from < to; from += n) {
        n = to - from < STRIDE ? to - from : STRIDE;
        if (!grow_slots(x, n))
            return fail_memory(k);
        memset(x->rep, 0, n);
        memset(x->def, 0, n);
        for (size_t i = 0; i < n; i++)
            x->at[i] = (int64_t)(from + i);
        x->n = k->rows = n;
        st = shred_node(k, v, x, 1, k->row_number + from);
    }
    return st;
}

static bool is_flat(const cw__view *v)
{
    return !cw__is_group(v->node->type) && v->layout != CW__LAYOUT_DICTIONARY &&
           v->layout != CW__LAYOUT_RUN_END;
}

cw_status cw__shred(cw__shredder *s, cw__column_buffer *leaves, const cw__view *columns,
                    size_t from, size_t to, uint64_t row_number, cw_error *err)
{
    shredding k = {.s = s, .leaves = leaves, .row_number = row_number, .err = err};
    cw_status st = CW_OK;

    for (size_t i = 0; st == CW_OK && i < s->schema->root.child_count; i++)
        st = is_flat(&columns[i]) ? shred_flat(&k, &columns[i], from, to)
                                  : shred_nested(&k, &columns[i], from, to);
    return st;
}
