/* elements_read.c - the list of SchemaElement of any writer, as leaves and, where it can say it, a
 * schema
 *
 * The leaves are what matters: their levels follow from the repetitions on the way, whatever shape
 * lists have. A schema is built as well if all of it has the shapes that a schema can say.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/meta/elements.h"

enum { REQUIRED = 0, OPTIONAL = 1, REPEATED = 2, NOT_SAID = -1 };
enum { CONVERTED_MAP = 1, CONVERTED_MAP_KEY_VALUE = 2, CONVERTED_LIST = 3 };

typedef struct element {
    int64_t physical, width, repetition, children, converted, scale, precision, field_id;
    bool has_field_id;
    int logical;  /* member of the union LogicalType; 0: none */
    int64_t bits; /* of an integer */
    bool is_signed, utc;
    cw_unit unit;
    char *crs;
    int64_t edges;
    char *name;
} element;

typedef struct reading {
    element *elements;
    size_t n, at;
    cw__file_metadata *out;
    size_t leaf_room;
    cw_error *err;
    cw_schema *schema; /* NULL: it cannot say what was found */
    cw__text path;
} reading;

/* ---- one element ---- */

static char *get_text(cw__thrift_in *t)
{
    size_t n;
    const uint8_t *p = cw__thrift_get_binary(t, &n);

    return p ? cw__strndup((const char *)p, n) : NULL;
}

static void get_unit(cw__thrift_in *t, element *e)
{
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(t);
    while (cw__thrift_field(t, &id, &type)) {
        if (id >= 1 && id <= 3)
            e->unit = (cw_unit)id;
        cw__thrift_skip(t, type);
    }
}

/* The struct inside the union; what is in it depends on which it is. */
static void get_logical_struct(cw__thrift_in *t, element *e)
{
    cw__thrift_type type;
    int16_t id;
    int which = e->logical;

    cw__thrift_enter(t);
    while (cw__thrift_field(t, &id, &type)) {
        bool is_bool = type == CW__THRIFT_TRUE || type == CW__THRIFT_FALSE;
        if (which == 5 && type == CW__THRIFT_I32 && (id == 1 || id == 2))
            *(id == 1 ? &e->scale : &e->precision) = cw__thrift_get_int(t);
        else if ((which == 7 || which == 8) && id == 1 && is_bool)
            e->utc = cw__thrift_get_bool(t);
        else if ((which == 7 || which == 8) && id == 2 && type == CW__THRIFT_STRUCT)
            get_unit(t, e);
        else if (which == 10 && id == 1 && type == CW__THRIFT_I8)
            e->bits = (uint8_t)cw__thrift_get_i8(t);
        else if (which == 10 && id == 2 && is_bool)
            e->is_signed = cw__thrift_get_bool(t);
        else if ((which == 17 || which == 18) && id == 1 && type == CW__THRIFT_BINARY && !e->crs)
            e->crs = get_text(t);
        else if (which == 18 && id == 2 && type == CW__THRIFT_I32)
            e->edges = cw__thrift_get_int(t);
        else
            cw__thrift_skip(t, type);
    }
}

static void get_logical(cw__thrift_in *t, element *e)
{
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(t);
    while (cw__thrift_field(t, &id, &type)) {
        e->logical = id;
        if (type == CW__THRIFT_STRUCT)
            get_logical_struct(t, e);
        else
            cw__thrift_skip(t, type);
    }
}

static int64_t *number_field(element *e, int16_t id)
{
    switch (id) {
    case 1:
        return &e->physical;
    case 2:
        return &e->width;
    case 3:
        return &e->repetition;
    case 5:
        return &e->children;
    case 6:
        return &e->converted;
    case 7:
        return &e->scale;
    case 8:
        return &e->precision;
    case 9:
        return &e->field_id;
    default:
        return NULL;
    }
}

static void get_element(cw__thrift_in *t, element *e)
{
    cw__thrift_type type;
    int16_t id;

    *e = (element){.physical = NOT_SAID, .repetition = NOT_SAID, .converted = NOT_SAID};
    cw__thrift_enter(t);
    while (cw__thrift_field(t, &id, &type)) {
        int64_t *number = number_field(e, id);
        if (number && type == CW__THRIFT_I32) {
            *number = cw__thrift_get_int(t);
            e->has_field_id |= id == 9;
        } else if (id == 4 && type == CW__THRIFT_BINARY && !e->name) {
            e->name = get_text(t);
        } else if (id == 10 && type == CW__THRIFT_STRUCT) {
            get_logical(t, e);
        } else {
            cw__thrift_skip(t, type);
        }
    }
}

/* ---- what a leaf is ---- */

static cw_type type_of_integer(const element *e)
{
    static const cw_type is_signed[] = {CW_TYPE_INT8, CW_TYPE_INT16, CW_TYPE_INT32, CW_TYPE_INT64};
    static const cw_type is_unsigned[] = {CW_TYPE_UINT8, CW_TYPE_UINT16, CW_TYPE_UINT32,
                                          CW_TYPE_UINT64};
    size_t order = e->bits == 8 ? 0 : e->bits == 16 ? 1 : e->bits == 32 ? 2 : 3;

    return e->is_signed ? is_signed[order] : is_unsigned[order];
}

static cw_type type_of_physical(const element *e)
{
    static const cw_type types[] = {CW_TYPE_BOOL,  CW_TYPE_INT32,  CW_TYPE_INT64,  CW_TYPE_INT96,
                                    CW_TYPE_FLOAT, CW_TYPE_DOUBLE, CW_TYPE_BINARY, CW_TYPE_FIXED};

    return types[e->physical];
}

static cw_type type_of_decimal(const element *e)
{
    return e->precision <= 38 ? CW_TYPE_DECIMAL128 : CW_TYPE_DECIMAL256;
}

static cw_type type_of_logical(const element *e)
{
    static const cw_type types[] = {
        [1] = CW_TYPE_STRING,   [4] = CW_TYPE_ENUM,      [6] = CW_TYPE_DATE,
        [7] = CW_TYPE_TIME,     [8] = CW_TYPE_TIMESTAMP, [11] = CW_TYPE_NONE,
        [12] = CW_TYPE_JSON,    [13] = CW_TYPE_BSON,     [14] = CW_TYPE_UUID,
        [15] = CW_TYPE_FLOAT16, [17] = CW_TYPE_GEOMETRY, [18] = CW_TYPE_GEOGRAPHY};

    if (e->logical == 5)
        return type_of_decimal(e);
    if (e->logical == 10)
        return type_of_integer(e);
    return e->logical > 0 && e->logical <= 18 ? types[e->logical] : (cw_type)0;
}

/* Older files have only these. Times and timestamps of those meant UTC. */
static cw_type type_of_converted(element *e)
{
    static const cw_type types[] = {
        [0] = CW_TYPE_STRING,     [4] = CW_TYPE_ENUM,    [6] = CW_TYPE_DATE,
        [7] = CW_TYPE_TIME,       [8] = CW_TYPE_TIME,    [9] = CW_TYPE_TIMESTAMP,
        [10] = CW_TYPE_TIMESTAMP, [11] = CW_TYPE_UINT8,  [12] = CW_TYPE_UINT16,
        [13] = CW_TYPE_UINT32,    [14] = CW_TYPE_UINT64, [15] = CW_TYPE_INT8,
        [16] = CW_TYPE_INT16,     [17] = CW_TYPE_INT32,  [18] = CW_TYPE_INT64,
        [19] = CW_TYPE_JSON,      [20] = CW_TYPE_BSON,   [21] = CW_TYPE_INTERVAL};

    if (e->converted < 0 || e->converted > 21)
        return (cw_type)0;
    if (e->converted == 5)
        return type_of_decimal(e);
    if (e->converted >= 7 && e->converted <= 10) {
        e->utc = true;
        e->unit = e->converted % 2 ? CW_UNIT_MS : CW_UNIT_US;
    }
    return types[e->converted];
}

/* An annotation that does not go with the physical type is left out of account. */
static bool suits(cw_type type, const element *e)
{
    bool i32 = e->physical == CW__INT32, i64 = e->physical == CW__INT64;
    bool bytes = e->physical == CW__BYTE_ARRAY, fixed = e->physical == CW__FIXED_LEN_BYTE_ARRAY;

    switch (type) {
    case CW_TYPE_INT8:
    case CW_TYPE_INT16:
    case CW_TYPE_INT32:
    case CW_TYPE_UINT8:
    case CW_TYPE_UINT16:
    case CW_TYPE_UINT32:
    case CW_TYPE_DATE:
        return i32;
    case CW_TYPE_INT64:
    case CW_TYPE_UINT64:
    case CW_TYPE_TIMESTAMP:
        return i64;
    case CW_TYPE_TIME:
        return e->unit == CW_UNIT_MS ? i32 : i64;
    case CW_TYPE_FLOAT16:
        return fixed && e->width == 2;
    case CW_TYPE_UUID:
        return fixed && e->width == 16;
    case CW_TYPE_INTERVAL:
        return fixed && e->width == 12;
    case CW_TYPE_DECIMAL128:
    case CW_TYPE_DECIMAL256:
        return e->precision > 0 && e->precision <= 76 && e->scale >= 0 &&
               e->scale <= e->precision && (i32 || i64 || bytes || fixed);
    case CW_TYPE_NONE:
        return true;
    default:
        return type != 0 && bytes;
    }
}

static cw_type type_of(element *e)
{
    cw_type type = type_of_logical(e);

    if (!type || !suits(type, e))
        type = type_of_converted(e);
    return type && suits(type, e) ? type : type_of_physical(e);
}

static bool is_decimal(cw_type type)
{
    return type == CW_TYPE_DECIMAL128 || type == CW_TYPE_DECIMAL256;
}

static cw__order order_of(const element *e, cw_type type)
{
    switch (type) {
    case CW_TYPE_INT96:
    case CW_TYPE_INTERVAL:
    case CW_TYPE_GEOMETRY:
    case CW_TYPE_GEOGRAPHY:
    case CW_TYPE_NONE:
        return CW__ORDER_NONE;
    case CW_TYPE_UINT8:
    case CW_TYPE_UINT16:
    case CW_TYPE_UINT32:
    case CW_TYPE_UINT64:
        return CW__ORDER_UNSIGNED;
    case CW_TYPE_FLOAT16:
    case CW_TYPE_FLOAT:
    case CW_TYPE_DOUBLE:
        return CW__ORDER_FLOAT;
    default:
        break;
    }
    if (e->physical == CW__BYTE_ARRAY || e->physical == CW__FIXED_LEN_BYTE_ARRAY)
        /* Big-endian of any length each: what is shorter is not less. */
        return !is_decimal(type)               ? CW__ORDER_BYTES
               : e->physical == CW__BYTE_ARRAY ? CW__ORDER_NONE
                                               : CW__ORDER_TWOS_COMPLEMENT;
    return CW__ORDER_SIGNED;
}

static uint32_t width_of(const element *e)
{
    static const uint32_t widths[] = {1, 4, 8, 12, 4, 8, 0};

    return e->physical == CW__FIXED_LEN_BYTE_ARRAY ? (uint32_t)e->width : widths[e->physical];
}

/* ---- the tree ---- */

static cw_status fail(const reading *r, const char *why)
{
    return cw__fail(r->err, CW_E_INTEGRITY, "the schema of the file is damaged: %s", why);
}

static void field_of(cw_field *f, const element *e, cw_type type)
{
    *f = (cw_field){.name = e->name,
                    .type = type,
                    .nullable = e->repetition == OPTIONAL,
                    .unit = e->unit,
                    .utc = e->utc,
                    .crs = e->crs,
                    .edges = (cw_edges)e->edges,
                    .has_field_id = e->has_field_id,
                    .field_id = (int32_t)e->field_id};
    if (is_decimal(type)) {
        f->precision = (unsigned)e->precision;
        f->scale = (unsigned)e->scale;
    }
    if (type == CW_TYPE_FIXED)
        f->width = (uint32_t)e->width;
}

/* It cannot be said, or not in this way: there will be no schema. */
static void give_up_schema(reading *r)
{
    cw_schema_free(r->schema);
    r->schema = NULL;
}

static void schema_add(reading *r, const element *e, cw_type type)
{
    cw_field f;

    field_of(&f, e, type);
    if (r->schema && (e->repetition == REPEATED || cw_schema_add(r->schema, &f, NULL) != CW_OK))
        give_up_schema(r);
}

static cw_status add_leaf(reading *r, element *e, unsigned def, unsigned rep)
{
    cw__file_metadata *m = r->out;

    if (e->physical < 0 || e->physical > 7)
        return fail(r, "a leaf has no physical type");
    if (e->physical == CW__FIXED_LEN_BYTE_ARRAY && (e->width <= 0 || e->width > 1 << 20))
        return fail(r, "a FIXED_LEN_BYTE_ARRAY has no usable length");
    cw_type type = type_of(e);
    cw__leaf *leaf = &m->leaves[m->leaf_count];
    m->nodes[m->leaf_count] = (cw__node){.type = type};
    *leaf = (cw__leaf){.node = &m->nodes[m->leaf_count],
                       .path = cw__strdup(cw__text_str(&r->path)),
                       .physical = (cw__physical)e->physical,
                       .width = width_of(e),
                       .order = order_of(e, type),
                       .max_def = def,
                       .max_rep = rep,
                       .index = m->leaf_count};
    m->leaf_count++;
    schema_add(r, e, type);
    return leaf->path && !r->path.failed ? CW_OK : cw__fail_memory(r->err, "reading a schema");
}

/* A group of the three levels that lists and maps have today, seen from its outer element. */
static cw_type repeated_type(const reading *r, const element *e)
{
    const element *inner = r->at < r->n ? &r->elements[r->at] : NULL;
    bool list = e->logical == 3 || e->converted == CONVERTED_LIST;
    bool map =
        e->logical == 2 || e->converted == CONVERTED_MAP || e->converted == CONVERTED_MAP_KEY_VALUE;

    if (e->children != 1 || !inner || inner->repetition != REPEATED)
        return (cw_type)0;
    if (list && inner->children == 1)
        return CW_TYPE_LIST;
    return map && inner->children == 2 ? CW_TYPE_MAP : (cw_type)0;
}

static cw_status read_element(reading *r, unsigned def, unsigned rep, unsigned depth, bool hidden);

static cw_status read_children(reading *r, int64_t n, unsigned def, unsigned rep, unsigned depth,
                               bool hidden)
{
    cw_status st = CW_OK;

    for (int64_t i = 0; st == CW_OK && i < n; i++)
        st = read_element(r, def, rep, depth + 1, hidden);
    return st;
}

/* `hidden`: the schema has no node for it, the list or map around it stands for both. */
static cw_status read_group(reading *r, element *e, unsigned def, unsigned rep, unsigned depth,
                            bool hidden)
{
    cw_type type = hidden ? CW_TYPE_STRUCT : repeated_type(r, e);
    cw_field f;
    cw_status st;

    field_of(&f, e, type ? type : e->logical == 16 ? CW_TYPE_VARIANT : CW_TYPE_STRUCT);
    if (r->schema && !hidden &&
        (e->repetition == REPEATED || cw_schema_begin(r->schema, &f, NULL) != CW_OK))
        give_up_schema(r);
    st =
        read_children(r, e->children, def, rep, depth, type == CW_TYPE_LIST || type == CW_TYPE_MAP);
    if (r->schema && !hidden && cw_schema_end(r->schema, NULL) != CW_OK)
        give_up_schema(r);
    return st;
}

static cw_status read_element(reading *r, unsigned def, unsigned rep, unsigned depth, bool hidden)
{
    size_t path_n = r->path.n;
    element *e;
    cw_status st;

    if (r->at == r->n)
        return fail(r, "it ends too early");
    e = &r->elements[r->at++];
    if (!e->name || e->repetition < REQUIRED || e->repetition > REPEATED || e->children < 0)
        return fail(r, "an element has no name or no repetition");
    if (depth > CW__MAX_DEPTH || def >= CW__MAX_LEVEL)
        return fail(r, "it is nested too deeply");
    def += e->repetition != REQUIRED;
    rep += e->repetition == REPEATED;
    cw__text_addf(&r->path, "%s%s", path_n ? "." : "", e->name);
    st = e->children > 0 ? read_group(r, e, def, rep, depth, hidden) : add_leaf(r, e, def, rep);
    if (r->path.p)
        r->path.p[path_n] = '\0';
    r->path.n = path_n;
    return st;
}

static cw_status read_tree(reading *r)
{
    element *root = r->elements;
    cw_status st;

    if (r->n == 0 || root->children < 0)
        return fail(r, "it is empty");
    r->at = 1;
    if (cw_schema_new(&r->schema, NULL) != CW_OK)
        r->schema = NULL;
    if (r->schema && root->name)
        cw__schema_rename(r->schema, root->name, NULL);
    st = read_children(r, root->children, 0, 0, 0, false);
    if (st == CW_OK && r->at != r->n)
        st = fail(r, "it has more elements than its groups hold");
    if (r->schema && (st != CW_OK || cw__schema_finish(r->schema, NULL) != CW_OK))
        give_up_schema(r);
    return st;
}

/* A schema whose levels are others is none: what was said of it would be wrong. */
static void check_schema(reading *r)
{
    const cw_schema *s = r->schema;
    bool same = s && s->leaf_count == r->out->leaf_count;

    for (size_t i = 0; same && i < s->leaf_count; i++)
        same = s->leaves[i].max_def == r->out->leaves[i].max_def &&
               s->leaves[i].max_rep == r->out->leaves[i].max_rep;
    if (s && !same)
        give_up_schema(r);
}

cw_status cw__elements_read(cw__file_metadata *out, cw__thrift_in *t, cw_error *err)
{
    reading r = {.out = out, .err = err};
    cw__thrift_type type;
    size_t n = cw__thrift_get_list(t, &type);
    cw_status st = CW_OK;

    if (t->failed || type != CW__THRIFT_STRUCT || n > CW__MAX_ELEMENTS || out->leaves)
        return fail(&r, "it is no list of elements");
    r.elements = cw__alloc_zero((n + 1) * sizeof *r.elements);
    out->leaves = cw__alloc_zero((n + 1) * sizeof *out->leaves);
    out->nodes = cw__alloc_zero((n + 1) * sizeof *out->nodes);
    if (!r.elements || !out->leaves || !out->nodes)
        st = cw__fail_memory(err, "reading a schema");
    for (; st == CW_OK && r.n < n && !t->failed; r.n++)
        get_element(t, &r.elements[r.n]);
    if (st == CW_OK)
        st = t->failed ? fail(&r, "it is cut") : read_tree(&r);
    if (st == CW_OK)
        check_schema(&r);
    out->schema = r.schema;
    for (size_t i = 0; i < r.n; i++) {
        cw__free(r.elements[i].name);
        cw__free(r.elements[i].crs);
    }
    cw__free(r.elements);
    cw__text_free(&r.path);
    return st;
}
