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
#include "format/parquet/meta/element.h"
#include "format/parquet/meta/elements.h"

enum { REQUIRED = 0, OPTIONAL = 1, REPEATED = 2 };

/* What the schema makes of an element. */
typedef enum role {
    FIELD,
    HIDDEN, /* nothing: the list or map around it stands for both */
    ITEM    /* a list's element, repeated by itself: lists of two levels */
} role;

typedef struct reading {
    cw__element *elements;
    size_t n, at;
    cw__file_metadata *out;
    size_t leaf_room;
    cw_error *err;
    cw_schema *schema; /* NULL: it cannot say what was found */
    cw__text path;
    size_t path_bytes; /* of all leaves */
    bool no_memory;
} reading;

/* Paths repeat the names of groups: a few names could ask for any amount of memory. */
enum { MOST_PATH_BYTES = 256 << 20 };

/* ---- one element ---- */

static char *get_text(cw__thrift_in *t, cw__element *e)
{
    size_t n;
    const uint8_t *p = cw__thrift_get_binary(t, &n);
    char *text = p ? cw__strndup((const char *)p, n) : NULL;

    e->no_memory |= p && !text;
    return text;
}

static void get_unit(cw__thrift_in *t, cw__element *e)
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

/* Of a decimal. What its element says beside that is there already. */
static void get_digits(cw__thrift_in *t, int64_t *to, cw__element *e)
{
    int64_t beside = *to;

    *to = cw__thrift_get_int(t);
    e->other_digits |= *to != beside;
}

/* The struct inside the union; what is in it depends on which it is. */
static void get_logical_struct(cw__thrift_in *t, cw__element *e)
{
    cw__thrift_type type;
    int16_t id;
    int which = e->logical;

    cw__thrift_enter(t);
    while (cw__thrift_field(t, &id, &type)) {
        bool is_bool = type == CW__THRIFT_TRUE || type == CW__THRIFT_FALSE;
        if (which == 5 && type == CW__THRIFT_I32 && (id == 1 || id == 2))
            get_digits(t, id == 1 ? &e->scale : &e->precision, e);
        else if ((which == 7 || which == 8) && id == 1 && is_bool)
            e->utc = cw__thrift_get_bool(t);
        else if ((which == 7 || which == 8) && id == 2 && type == CW__THRIFT_STRUCT)
            get_unit(t, e);
        else if (which == 10 && id == 1 && type == CW__THRIFT_I8)
            e->bits = (uint8_t)cw__thrift_get_i8(t);
        else if (which == 10 && id == 2 && is_bool)
            e->is_signed = cw__thrift_get_bool(t);
        else if ((which == 17 || which == 18) && id == 1 && type == CW__THRIFT_BINARY && !e->crs)
            e->crs = get_text(t, e);
        else if (which == 18 && id == 2 && type == CW__THRIFT_I32)
            e->edges = cw__thrift_get_int(t);
        else
            cw__thrift_skip(t, type);
    }
}

static void get_logical(cw__thrift_in *t, cw__element *e)
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

static int64_t *number_field(cw__element *e, int16_t id)
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

static void get_element(cw__thrift_in *t, cw__element *e)
{
    cw__thrift_type type;
    int16_t id;

    *e = (cw__element){
        .physical = CW__NOT_SAID, .repetition = CW__NOT_SAID, .converted = CW__NOT_SAID};
    cw__thrift_enter(t);
    while (cw__thrift_field(t, &id, &type)) {
        int64_t *number = number_field(e, id);
        if (number && type == CW__THRIFT_I32) {
            *number = cw__thrift_get_int(t);
            e->has_field_id |= id == 9;
        } else if (id == 4 && type == CW__THRIFT_BINARY && !e->name) {
            e->name = get_text(t, e);
        } else if (id == 10 && type == CW__THRIFT_STRUCT) {
            get_logical(t, e);
        } else {
            cw__thrift_skip(t, type);
        }
    }
}

/* ---- the tree ---- */

static cw_status fail(const reading *r, const char *why)
{
    return cw__fail(r->err, CW_E_INTEGRITY, "the schema of the file is damaged: %s", why);
}

static void field_of(cw_field *f, const cw__element *e, cw_type type)
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
    if (type == CW_TYPE_DECIMAL128 || type == CW_TYPE_DECIMAL256) {
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

/* A step of building it; one that is refused is the last. */
static void build(reading *r, cw_status st)
{
    r->no_memory |= st == CW_E_NO_MEMORY;
    if (st != CW_OK)
        give_up_schema(r);
}

static void schema_add(reading *r, const cw__element *e, cw_type type, role as)
{
    cw_field f;

    if (!r->schema)
        return;
    field_of(&f, e, type);
    if (e->repetition == REPEATED && as != ITEM)
        give_up_schema(r);
    else
        build(r, cw_schema_add(r->schema, &f, NULL));
}

/* Of a group the first leaf tells. */
static void note_contradiction(cw__leaf *leaf, const cw__element *e)
{
    leaf->logical = (int8_t)e->logical;
    leaf->converted = (int8_t)e->converted;
}

static cw_status add_leaf(reading *r, cw__element *e, unsigned def, unsigned rep, role as)
{
    cw__file_metadata *m = r->out;

    if (e->physical < 0 || e->physical > 7)
        return fail(r, "a leaf has no physical type");
    if (e->physical == CW__FIXED_LEN_BYTE_ARRAY && (e->width <= 0 || e->width > 1 << 20))
        return fail(r, "a FIXED_LEN_BYTE_ARRAY has no usable length");
    if ((r->path_bytes += r->path.n) > MOST_PATH_BYTES)
        return fail(r, "its names are too long");
    bool contradicts = cw__element_contradicts(e); /* whose type may fill in a unit */
    cw_type type = cw__element_type(e);
    cw__leaf *leaf = &m->leaves[m->leaf_count];
    m->nodes[m->leaf_count] = (cw__node){.type = type};
    *leaf = (cw__leaf){.node = &m->nodes[m->leaf_count],
                       .path = cw__strdup(cw__text_str(&r->path)),
                       .physical = (cw__physical)e->physical,
                       .width = cw__element_width(e),
                       .order = cw__element_order(e, type),
                       .max_def = def,
                       .max_rep = rep,
                       .index = m->leaf_count};
    if (contradicts)
        note_contradiction(leaf, e);
    m->leaf_count++;
    schema_add(r, e, type, as);
    return leaf->path && !r->path.failed ? CW_OK : cw__fail_memory(r->err, "reading a schema");
}

static bool is_list(const cw__element *e)
{
    return e->logical == 3 || e->converted == CW__CONVERTED_LIST;
}

static bool is_map(const cw__element *e)
{
    return e->logical == 2 || e->converted == CW__CONVERTED_MAP ||
           e->converted == CW__CONVERTED_MAP_KEY_VALUE;
}

static bool is_tuple_of(const cw__element *inner, const cw__element *list)
{
    size_t n = strlen(list->name);

    return strncmp(inner->name, list->name, n) == 0 && strcmp(inner->name + n, "_tuple") == 0;
}

/*
 * Whether the repeated element of a list is an element itself, rather than a group around one, by
 * the format's rules for files of older writers.
 */
static bool is_item(const reading *r, const cw__element *list, const cw__element *inner)
{
    bool nested = r->at + 1 < r->n && r->elements[r->at + 1].repetition == REPEATED;

    return inner->children != 1 || nested ||
           (inner->name && (strcmp(inner->name, "array") == 0 || is_tuple_of(inner, list)));
}

/* A list or map, seen from its outer element, and what is within; 0: a struct. */
static cw_type repeated_type(const reading *r, const cw__element *e, role *within)
{
    const cw__element *inner = r->at < r->n ? &r->elements[r->at] : NULL;

    *within = FIELD;
    if (e->children != 1 || !inner || inner->repetition != REPEATED)
        return (cw_type)0;
    if (is_list(e)) {
        *within = is_item(r, e, inner) ? ITEM : HIDDEN;
        return CW_TYPE_LIST;
    }
    if (!is_map(e) || inner->children != 2)
        return (cw_type)0;
    *within = HIDDEN;
    return CW_TYPE_MAP;
}

static cw_status read_element(reading *r, unsigned def, unsigned rep, unsigned depth, role as);

static cw_status read_children(reading *r, int64_t n, unsigned def, unsigned rep, unsigned depth,
                               role as)
{
    cw_status st = CW_OK;

    for (int64_t i = 0; st == CW_OK && i < n; i++)
        st = read_element(r, def, rep, depth + 1, as);
    return st;
}

static cw_status read_group(reading *r, cw__element *e, unsigned def, unsigned rep, unsigned depth,
                            role as)
{
    size_t first = r->out->leaf_count;
    role within = FIELD;
    cw_type type = as == HIDDEN ? (cw_type)0 : repeated_type(r, e, &within);
    cw_field f;
    cw_status st;

    if (as == HIDDEN)
        return read_children(r, e->children, def, rep, depth, FIELD);
    field_of(&f, e, type ? type : e->logical == 16 ? CW_TYPE_VARIANT : CW_TYPE_STRUCT);
    if (r->schema && e->repetition == REPEATED && as != ITEM)
        give_up_schema(r);
    if (r->schema)
        build(r, cw_schema_begin(r->schema, &f, NULL));
    st = read_children(r, e->children, def, rep, depth, within);
    if (st == CW_OK && cw__element_contradicts(e))
        note_contradiction(&r->out->leaves[first], e);
    if (r->schema)
        build(r, cw_schema_end(r->schema, NULL));
    return st;
}

static cw_status read_element(reading *r, unsigned def, unsigned rep, unsigned depth, role as)
{
    size_t path_n = r->path.n;
    cw__element *e;
    cw_status st;

    if (r->at == r->n)
        return fail(r, "it ends too early");
    e = &r->elements[r->at++];
    if (e->no_memory)
        return cw__fail_memory(r->err, "reading a schema");
    if (!e->name || e->repetition < REQUIRED || e->repetition > REPEATED || e->children < 0)
        return fail(r, "an element has no name or no repetition");
    if (depth > CW__MAX_DEPTH || def >= CW__MAX_LEVEL)
        return fail(r, "it is nested too deeply");
    def += e->repetition != REQUIRED;
    rep += e->repetition == REPEATED;
    cw__text_addf(&r->path, "%s%s", path_n ? "." : "", e->name);
    st = e->children > 0 ? read_group(r, e, def, rep, depth, as) : add_leaf(r, e, def, rep, as);
    if (r->path.p)
        r->path.p[path_n] = '\0';
    r->path.n = path_n;
    return st;
}

static cw_status read_tree(reading *r)
{
    cw__element *root = r->elements;
    cw_status st;

    if (r->n == 0 || root->children < 0)
        return fail(r, "it is empty");
    if (root->no_memory)
        return cw__fail_memory(r->err, "reading a schema");
    r->at = 1;
    build(r, cw_schema_new(&r->schema, NULL));
    if (r->schema && root->name)
        /* One that is refused, an empty one say, is no loss. */
        r->no_memory |= cw__schema_rename(r->schema, root->name, NULL) == CW_E_NO_MEMORY;
    st = read_children(r, root->children, 0, 0, 0, FIELD);
    if (st == CW_OK && r->at != r->n)
        st = fail(r, "it has more elements than its groups hold");
    if (r->schema)
        build(r, st == CW_OK ? cw__schema_finish(r->schema, NULL) : st);
    return st == CW_OK && r->no_memory ? cw__fail_memory(r->err, "reading a schema") : st;
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
