/* values.c - value by value as a way in
 *
 * A cursor walks the fields of a row in the order of the schema. Rows are handed over in batches; a
 * row that was begun and not ended is nowhere yet when the encoder is asked for anything else.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/in/builder.h"
#include "format/parquet/in/intake.h"

enum { BATCH_ROWS = 1024 };

/* Where in an open list, map or struct the next value goes. */
typedef struct level {
    cw__builder *builder;
    size_t next; /* child */
} level;

struct cw__value_builder {
    cw__builder root;
    cw__view *views;
    level levels[CW__MAX_DEPTH + 2];
    size_t depth; /* levels[depth] is open; 0: the row */
    size_t rows, bytes;
};

void cw__value_builder_free(cw__value_builder *b)
{
    if (!b)
        return;
    cw__builder_free(&b->root);
    cw__free(b->views);
    cw__free(b);
}

bool cw__values_in_row(const cw__value_builder *b)
{
    return b && (b->depth > 0 || b->levels[0].next > 0);
}

static cw_status fail_memory(cw_parquet *p)
{
    cw_error err = {0};

    cw__fail_memory(&err, "taking a value");
    return cw__parquet_fail(p, &err);
}

static cw_status make(cw_parquet *p, cw__value_builder **out)
{
    const cw__node *root = &cw__parquet_schema(p)->root;
    cw__value_builder *b = cw__alloc_zero(sizeof *b);

    if (b)
        b->views = cw__alloc_zero(cw__node_count(root) * sizeof *b->views);
    if (!b || !cw__builder_init(&b->root, root) || !b->views) {
        cw__value_builder_free(b);
        return fail_memory(p);
    }
    b->levels[0].builder = &b->root;
    *out = b;
    return CW_OK;
}

static cw_status begin(cw_parquet *p, cw__value_builder **out)
{
    cw__ways *ways = cw__parquet_ways(p);
    cw_status st = cw_parquet_error(p)->status;

    if (st == CW_OK && !ways->values)
        st = make(p, &ways->values);
    *out = ways->values;
    return st == CW_OK && !*out ? CW_E_STATE : st;
}

/* ---- handing over ---- */

static cw_status hand_over(cw_parquet *p, cw__value_builder *b)
{
    cw__view *pool = b->views + b->root.node->child_count;
    size_t rows = b->rows;
    cw_status st;

    if (rows == 0)
        return CW_OK;
    for (size_t i = 0; i < b->root.node->child_count; i++)
        cw__builder_view(&b->root.children[i], &b->views[i], &pool);
    b->rows = 0;
    st = cw__parquet_take(p, b->views, rows);
    cw__builder_reset(&b->root);
    b->bytes = 0;
    return st;
}

cw_status cw__values_hand_over(cw_parquet *p)
{
    cw__value_builder *b = cw__parquet_ways(p)->values;
    cw_error err = {0};

    if (!b)
        return CW_OK;
    if (cw__values_in_row(b)) {
        cw__fail(&err, CW_E_STATE,
                 "a row was begun value by value: end it with cw_parquet_end_row");
        return cw__parquet_fail(p, &err);
    }
    return hand_over(p, b);
}

/* ---- the cursor ---- */

static cw_status misplaced(cw_parquet *p, const char *why)
{
    cw_error err = {0};

    cw__fail(&err, CW_E_STATE, "%s", why);
    return cw__parquet_fail(p, &err);
}

/* The builder of the next value; NULL: there is no place for one. */
static cw__builder *next_builder(cw__value_builder *b)
{
    level *l = &b->levels[b->depth];
    const cw__node *node = l->builder->node;

    if (node->type == CW_TYPE_LIST)
        return &l->builder->children[0];
    return l->next < node->child_count ? &l->builder->children[l->next] : NULL;
}

static void advance(cw__value_builder *b)
{
    level *l = &b->levels[b->depth];

    l->next++;
    if (l->builder->node->type == CW_TYPE_MAP)
        l->next %= 2;
}

static cw_status place(cw_parquet *p, cw__value_builder **b, cw__builder **at)
{
    cw_status st = begin(p, b);

    if (st != CW_OK)
        return st;
    *at = next_builder(*b);
    return *at ? CW_OK : misplaced(p, "the row or struct has all its values already: end it");
}

static cw_status wrong_type(cw_parquet *p, const cw__builder *at, const char *what)
{
    char where[CW__WHERE_BYTES];
    cw_error err = {0};

    cw__node_where(at->node, where, sizeof where);
    cw__fail(&err, CW_E_INVALID_ARGUMENT, "column '%s' is of type %s: %s", where,
             cw__type_name(at->node->type), what);
    return cw__parquet_fail(p, &err);
}

static cw_status done(cw_parquet *p, cw__value_builder *b, bool ok, size_t bytes)
{
    if (!ok)
        return fail_memory(p);
    b->bytes += bytes;
    advance(b);
    return CW_OK;
}

cw_status cw_parquet_put_null(cw_parquet *p)
{
    cw__value_builder *b;
    cw__builder *at;
    cw_status st = place(p, &b, &at);

    if (st != CW_OK)
        return st;
    if (!at->node->nullable)
        return wrong_type(p, at, "it is required, and was given null");
    return done(p, b, cw__builder_null(at), 1);
}

cw_status cw_parquet_put_bool(cw_parquet *p, int v)
{
    cw__value_builder *b;
    cw__builder *at;
    cw_status st = place(p, &b, &at);

    if (st != CW_OK)
        return st;
    if (at->node->type != CW_TYPE_BOOL)
        return wrong_type(p, at, "it was given a boolean");
    return done(p, b, cw__builder_bool(at, v != 0), 1);
}

/* ---- numbers ---- */

static bool is_unsigned(cw_type type)
{
    return type >= CW_TYPE_UINT8 && type <= CW_TYPE_UINT64;
}

static bool takes_integers(cw_type type)
{
    return (type >= CW_TYPE_INT8 && type <= CW_TYPE_UINT64) ||
           (type >= CW_TYPE_DECIMAL32 && type <= CW_TYPE_DECIMAL256) || type == CW_TYPE_DATE ||
           type == CW_TYPE_TIME || type == CW_TYPE_TIMESTAMP;
}

/* Within the bits of the field's C type. */
static bool fits(const cw__builder *at, int64_t v, bool above)
{
    unsigned bits = 8 * at->width;

    if (is_unsigned(at->node->type))
        return above ? bits >= 64 : v >= 0 && (bits >= 64 || v >> bits == 0);
    if (above)
        return bits > 64;
    return bits >= 64 || (v >= -(INT64_C(1) << (bits - 1)) && v < INT64_C(1) << (bits - 1));
}

/* `above`: it is an unsigned number beyond INT64_MAX. */
static cw_status put_integer(cw_parquet *p, uint64_t v, bool above)
{
    uint64_t words[4];
    cw__value_builder *b;
    cw__builder *at;
    cw_status st = place(p, &b, &at);

    if (st != CW_OK)
        return st;
    if (!takes_integers(at->node->type))
        return wrong_type(p, at, "it was given an integer");
    if (!fits(at, (int64_t)v, above))
        return wrong_type(p, at, "it was given an integer that does not fit");
    words[0] = v;
    words[1] = words[2] = words[3] = !above && (int64_t)v < 0 ? UINT64_MAX : 0;
    return done(p, b, cw__builder_fixed(at, words), at->width);
}

cw_status cw_parquet_put_int(cw_parquet *p, int64_t v)
{
    return put_integer(p, (uint64_t)v, false);
}

cw_status cw_parquet_put_uint(cw_parquet *p, uint64_t v)
{
    return put_integer(p, v, v > INT64_MAX);
}

/* To IEEE half precision; false where that loses something. */
static bool to_half(double v, uint16_t *out)
{
    uint16_t sign = signbit(v) ? 0x8000 : 0;
    int exponent;
    double m = frexp(fabs(v), &exponent);

    if (isnan(v) || isinf(v) || v == 0) {
        *out = (uint16_t)(sign | (isnan(v) ? 0x7E00 : isinf(v) ? 0x7C00 : 0));
        return true;
    }
    int shift = exponent < -13 ? 24 + exponent : 11; /* bits of the fraction that there are */
    double bits = ldexp(m, shift);
    if (exponent > 16 || shift < 0 || bits != floor(bits))
        return false;
    unsigned fraction = (unsigned)bits;
    *out = exponent < -13 ? (uint16_t)(sign | fraction)
                          : (uint16_t)(sign | (unsigned)(exponent + 14) << 10 | (fraction & 0x3FF));
    return true;
}

cw_status cw_parquet_put_double(cw_parquet *p, double v)
{
    cw__value_builder *b;
    cw__builder *at;
    uint16_t half;
    float narrow = (float)v;
    cw_status st = place(p, &b, &at);

    if (st != CW_OK)
        return st;
    switch (at->node->type) {
    case CW_TYPE_DOUBLE:
        return done(p, b, cw__builder_fixed(at, &v), sizeof v);
    case CW_TYPE_FLOAT:
        if (!isnan(v) && (double)narrow != v)
            return wrong_type(p, at, "it was given a number that it would change");
        return done(p, b, cw__builder_fixed(at, &narrow), sizeof narrow);
    case CW_TYPE_FLOAT16:
        if (!to_half(v, &half))
            return wrong_type(p, at, "it was given a number that it would change");
        return done(p, b, cw__builder_fixed(at, &half), sizeof half);
    default:
        return wrong_type(p, at, "it was given a floating-point number");
    }
}

/* ---- bytes ---- */

static bool takes_bytes(cw_type type)
{
    return type >= CW_TYPE_STRING && type <= CW_TYPE_GEOGRAPHY;
}

cw_status cw_parquet_put_bytes(cw_parquet *p, const void *v, size_t n)
{
    cw__value_builder *b;
    cw__builder *at;
    cw_status st = place(p, &b, &at);

    if (st != CW_OK)
        return st;
    if (at->width && !takes_integers(at->node->type)) {
        if (n != at->width || at->node->type == CW_TYPE_FLOAT || at->node->type == CW_TYPE_DOUBLE)
            return wrong_type(p, at, "it was given another number of bytes");
        return done(p, b, cw__builder_fixed(at, v), n);
    }
    if (!takes_bytes(at->node->type))
        return wrong_type(p, at, "it was given bytes");
    if (n > INT32_MAX - b->bytes && b->depth == 0 && b->levels[0].next == 0)
        st = hand_over(p, b);
    return st == CW_OK ? done(p, b, cw__builder_bytes(at, v, n), n + 4) : st;
}

cw_status cw_parquet_put_string(cw_parquet *p, const char *s)
{
    return s ? cw_parquet_put_bytes(p, s, strlen(s)) : cw_parquet_put_null(p);
}

/* ---- nesting ---- */

cw_status cw_parquet_begin(cw_parquet *p)
{
    cw__value_builder *b;
    cw__builder *at;
    cw_status st = place(p, &b, &at);

    if (st != CW_OK)
        return st;
    if (!cw__is_group(at->node->type))
        return wrong_type(p, at, "it has nothing to begin");
    b->levels[++b->depth] = (level){at, 0};
    return CW_OK;
}

cw_status cw_parquet_end(cw_parquet *p)
{
    cw__value_builder *b;
    cw_status st = begin(p, &b);

    if (st != CW_OK)
        return st;
    if (b->depth == 0)
        return misplaced(p, "there is no list, map or struct to end");
    level *l = &b->levels[b->depth];
    const cw__node *node = l->builder->node;
    if (node->type == CW_TYPE_MAP && l->next != 0)
        return misplaced(p, "the last key of the map has no value");
    if (!cw__is_repeated(node) && l->next != node->child_count)
        return misplaced(p, "the struct has not all its values yet");
    bool ok = cw__is_repeated(node) ? cw__builder_list(l->builder) : cw__builder_struct(l->builder);
    b->depth--;
    return done(p, b, ok, 4);
}

cw_status cw_parquet_end_row(cw_parquet *p)
{
    cw__value_builder *b;
    cw_status st = begin(p, &b);

    if (st != CW_OK)
        return st;
    if (b->depth > 0 || b->levels[0].next != b->root.node->child_count)
        return misplaced(p, "the row has not all its values yet");
    b->levels[0].next = 0;
    b->rows++;
    return b->rows >= BATCH_ROWS || b->bytes >= cw__parquet_batch_bytes(p) ? hand_over(p, b)
                                                                           : CW_OK;
}
