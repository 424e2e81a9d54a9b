/* tree.c - what is known of a whole schema: leaves and their paths, copies, sameness
 *
 * Leaves are numbered from left to right, which is the order of column chunks in a file. All walks
 * recurse; the builder bounds the depth.
 */
#include "format/parquet/schema/tree.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

const char *cw__type_name(cw_type type)
{
    switch ((int)type) {
#define TYPE_NAME(number, name, text)                                                              \
    case number:                                                                                   \
        return text;
        CW_TYPE_LIST_(TYPE_NAME)
#undef TYPE_NAME
    default:
        return NULL;
    }
}

const char *cw__unit_name(cw_unit unit)
{
    static const char *const names[] = {NULL, "ms", "us", "ns"};
    return (unsigned)unit < sizeof names / sizeof names[0] ? names[unit] : NULL;
}

const char *cw__edges_name(cw_edges edges)
{
    static const char *const names[] = {"spherical", "vincenty", "thomas", "andoyer", "karney"};
    return (unsigned)edges < sizeof names / sizeof names[0] ? names[edges] : NULL;
}

/* 10^p has floor(p * log2(10)) + 1 bits, and never is a power of two; one bit more is the sign. */
uint32_t cw__decimal_width(unsigned precision)
{
    uint64_t bits = (uint64_t)precision * 3321928095U / 1000000000U + 2;
    return (uint32_t)((bits + 7) / 8);
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static void as(cw__leaf *leaf, cw__physical physical, uint32_t width, cw__order order)
{
    leaf->physical = physical;
    leaf->width = width;
    leaf->order = order;
}

static void set_decimal(cw__leaf *leaf, unsigned precision)
{
    if (precision <= 9)
        as(leaf, CW__INT32, 4, CW__ORDER_SIGNED);
    else if (precision <= 18)
        as(leaf, CW__INT64, 8, CW__ORDER_SIGNED);
    else
        as(leaf, CW__FIXED_LEN_BYTE_ARRAY, cw__decimal_width(precision), CW__ORDER_TWOS_COMPLEMENT);
}

static void set_number(cw__leaf *leaf, const cw__node *n)
{
    switch (n->type) {
    case CW_TYPE_INT64:
        as(leaf, CW__INT64, 8, CW__ORDER_SIGNED);
        break;
    case CW_TYPE_UINT8:
    case CW_TYPE_UINT16:
    case CW_TYPE_UINT32:
        as(leaf, CW__INT32, 4, CW__ORDER_UNSIGNED);
        break;
    case CW_TYPE_UINT64:
        as(leaf, CW__INT64, 8, CW__ORDER_UNSIGNED);
        break;
    case CW_TYPE_FLOAT16:
        as(leaf, CW__FIXED_LEN_BYTE_ARRAY, 2, CW__ORDER_FLOAT);
        break;
    case CW_TYPE_FLOAT:
        as(leaf, CW__FLOAT, 4, CW__ORDER_FLOAT);
        break;
    case CW_TYPE_DOUBLE:
        as(leaf, CW__DOUBLE, 8, CW__ORDER_FLOAT);
        break;
    default: /* INT8, INT16, INT32 */
        as(leaf, CW__INT32, 4, CW__ORDER_SIGNED);
        break;
    }
}

static void set_moment(cw__leaf *leaf, const cw__node *n)
{
    if (n->type == CW_TYPE_DATE || (n->type == CW_TYPE_TIME && n->unit == CW_UNIT_MS))
        as(leaf, CW__INT32, 4, CW__ORDER_SIGNED);
    else
        as(leaf, CW__INT64, 8, CW__ORDER_SIGNED);
}

static void set_physical(cw__leaf *leaf, const cw__node *n)
{
    switch (n->type) {
    case CW_TYPE_BOOL:
        as(leaf, CW__BOOLEAN, 1, CW__ORDER_SIGNED);
        break;
    case CW_TYPE_DECIMAL32:
    case CW_TYPE_DECIMAL64:
    case CW_TYPE_DECIMAL128:
    case CW_TYPE_DECIMAL256:
        set_decimal(leaf, n->precision);
        break;
    case CW_TYPE_STRING:
    case CW_TYPE_ENUM:
    case CW_TYPE_JSON:
    case CW_TYPE_BSON:
        as(leaf, CW__BYTE_ARRAY, 0, CW__ORDER_BYTES);
        break;
    case CW_TYPE_BINARY:
        as(leaf, CW__BYTE_ARRAY, 0,
           n->parent && n->parent->type == CW_TYPE_VARIANT ? CW__ORDER_NONE : CW__ORDER_BYTES);
        break;
    case CW_TYPE_GEOMETRY:
    case CW_TYPE_GEOGRAPHY:
        as(leaf, CW__BYTE_ARRAY, 0, CW__ORDER_NONE);
        break;
    case CW_TYPE_FIXED:
        as(leaf, CW__FIXED_LEN_BYTE_ARRAY, n->width, CW__ORDER_BYTES);
        break;
    case CW_TYPE_UUID:
        as(leaf, CW__FIXED_LEN_BYTE_ARRAY, 16, CW__ORDER_BYTES);
        break;
    case CW_TYPE_DATE:
    case CW_TYPE_TIME:
    case CW_TYPE_TIMESTAMP:
        set_moment(leaf, n);
        break;
    case CW_TYPE_INTERVAL:
        as(leaf, CW__FIXED_LEN_BYTE_ARRAY, 12, CW__ORDER_NONE);
        break;
    case CW_TYPE_INT96:
        as(leaf, CW__INT96, 12, CW__ORDER_NONE);
        break;
    case CW_TYPE_NONE:
        as(leaf, CW__INT32, 4, CW__ORDER_NONE);
        break;
    default:
        set_number(leaf, n);
        break;
    }
}

static size_t count_leaves(const cw__node *n)
{
    size_t count = 0;
    if (n->type == CW_TYPE_VARIANT && n->child_count == 0)
        return 2;
    if (n->parent && !cw__is_group(n->type))
        return 1;
    for (size_t i = 0; i < n->child_count; i++)
        count += count_leaves(n->children[i]);
    return count;
}

/* The names of the groups that the format puts between a node and its children. */
static const char *group_between(const cw__node *n)
{
    return n->type == CW_TYPE_LIST ? "list." : n->type == CW_TYPE_MAP ? "key_value." : "";
}

static bool add_leaf(cw_schema *s, cw__node *n, const cw__text *path)
{
    cw__leaf *leaf = &s->leaves[s->leaf_count];
    leaf->path = path->failed ? NULL : cw__strdup(cw__text_str(path));
    if (!leaf->path)
        return false;
    leaf->node = n;
    leaf->index = s->leaf_count++;
    leaf->max_def = n->def;
    leaf->max_rep = n->rep;
    set_physical(leaf, n);
    return true;
}

/* `path` is that of the children's group, with its dot; it is left as it was. */
static bool add_leaves(cw_schema *s, cw__node *n, cw__text *path)
{
    bool ok = true;
    size_t before = path->n;
    n->first_leaf = s->leaf_count;
    if (n->parent)
        cw__text_add(path, n->name);
    if (cw__is_group(n->type)) {
        if (n->parent)
            cw__text_addf(path, ".%s", group_between(n));
        for (size_t i = 0; ok && i < n->child_count; i++)
            ok = add_leaves(s, n->children[i], path);
    } else {
        ok = add_leaf(s, n, path);
    }
    n->leaf_count = s->leaf_count - n->first_leaf;
    path->n = before;
    return ok;
}

static void free_leaves(cw_schema *s)
{
    for (size_t i = 0; i < s->leaf_count; i++)
        cw__free(s->leaves[i].path);
    cw__free(s->leaves);
    s->leaves = NULL;
    s->leaf_count = 0;
}

/* ---- finishing ------------------------------------------------------------------------------- */

static cw_status fail_open(const cw_schema *s, cw_error *err)
{
    char where[CW__WHERE_BYTES];
    cw__node_where(s->open, where, sizeof where);
    return cw__fail(err, CW_E_STATE, "the %s '%s' was begun and not ended",
                    cw__type_name(s->open->type), where);
}

static cw_status complete_variant(cw_schema *s, cw__node *n, cw_error *err)
{
    cw_field f = {.name = "metadata", .type = CW_TYPE_BINARY};
    s->open = n;
    cw_status status = n->child_count < 1 ? cw__schema_put(s, &f, NULL, err) : CW_OK;
    f.name = "value";
    if (status == CW_OK && n->child_count < 2)
        status = cw__schema_put(s, &f, NULL, err);
    s->open = &s->root;
    return status;
}

static cw_status complete(cw_schema *s, cw__node *n, cw_error *err)
{
    cw_status status = CW_OK;
    if (n->type == CW_TYPE_VARIANT)
        return complete_variant(s, n, err);
    if (cw__is_group(n->type) && n->child_count == 0)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "a %s has no fields",
                        n->parent ? cw__type_name(n->type) : "schema");
    for (size_t i = 0; status == CW_OK && i < n->child_count; i++)
        status = complete(s, n->children[i], err);
    return status;
}

cw_status cw__schema_finish(cw_schema *s, cw_error *err)
{
    cw__text path = {0};
    if (s->finished)
        return CW_OK;
    if (s->open->parent)
        return fail_open(s, err);
    cw_status status = complete(s, &s->root, err);
    if (status != CW_OK)
        return status;
    free_leaves(s);
    s->leaves = cw__alloc_zero(count_leaves(&s->root) * sizeof *s->leaves);
    s->finished = s->leaves && add_leaves(s, &s->root, &path);
    cw__text_free(&path);
    if (!s->finished) {
        free_leaves(s);
        return cw__fail_memory(err, "making a schema");
    }
    return CW_OK;
}

/* ---- copying and comparing ------------------------------------------------------------------- */

static cw_status copy_children(cw_schema *to, const cw__node *from, cw_error *err)
{
    cw__node *in = to->open;
    cw_status status = CW_OK;
    for (size_t i = 0; status == CW_OK && i < from->child_count; i++) {
        cw_field f;
        cw__node *n;
        cw_node_field(from->children[i], &f);
        status = cw__schema_put(to, &f, &n, err);
        if (status != CW_OK)
            break;
        n->arrow = from->children[i]->arrow;
        to->open = n;
        status = copy_children(to, from->children[i], err);
        to->open = in;
    }
    return status;
}

cw_status cw__schema_copy(cw_schema **out, const cw_schema *s, cw_error *err)
{
    *out = NULL;
    if (s->open->parent)
        return fail_open(s, err);
    cw_schema *copy;
    cw_status status = cw_schema_new(&copy, err);
    if (status != CW_OK)
        return status;
    status = cw__schema_rename(copy, s->name, err);
    if (status == CW_OK)
        status = copy_children(copy, &s->root, err);
    if (status == CW_OK)
        status = cw__schema_finish(copy, err);
    if (status == CW_OK)
        *out = copy;
    else
        cw_schema_free(copy);
    return status;
}

static bool same_string(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_type(const cw__node *a, const cw__node *b)
{
    return a->type == b->type && a->precision == b->precision && a->scale == b->scale &&
           a->unit == b->unit && a->utc == b->utc && a->width == b->width && a->edges == b->edges &&
           same_string(a->crs, b->crs);
}

static bool same_children(const cw__node *a, const cw__node *b)
{
    bool named = !cw__is_repeated(a);
    if (a->child_count != b->child_count)
        return false;
    for (size_t i = 0; i < a->child_count; i++) {
        const cw__node *c = a->children[i], *d = b->children[i];
        if (!same_type(c, d) || (named && strcmp(c->name, d->name) != 0) || !same_children(c, d))
            return false;
    }
    return true;
}

bool cw__schema_same_types(const cw_schema *a, const cw_schema *b)
{
    return same_children(&a->root, &b->root);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void free_below(cw__node *n)
{
    for (size_t i = 0; i < n->child_count; i++) {
        free_below(n->children[i]);
        cw__free(n->children[i]);
    }
    cw__free(n->children);
    cw__free(n->name);
    cw__free(n->timezone);
    cw__free(n->crs);
}

void cw_schema_free(cw_schema *s)
{
    if (!s)
        return;
    free_leaves(s);
    free_below(&s->root);
    cw__free(s->names);
    cw__free(s->name);
    cw__free(s);
}

size_t cw_schema_columns(const cw_schema *s)
{
    return s ? s->root.child_count : 0;
}

size_t cw_schema_leaves(const cw_schema *s)
{
    return s ? count_leaves(&s->root) : 0;
}

size_t cw__node_count(const cw__node *n)
{
    size_t count = 1;

    for (size_t i = 0; i < n->child_count; i++)
        count += cw__node_count(n->children[i]);
    return count;
}

/* ---- looking at it --------------------------------------------------------------------------- */

size_t cw_field_width(const cw_field *f)
{
    switch (f->type) {
    case CW_TYPE_INT8:
    case CW_TYPE_UINT8:
        return 1;
    case CW_TYPE_INT16:
    case CW_TYPE_UINT16:
    case CW_TYPE_FLOAT16:
        return 2;
    case CW_TYPE_INT32:
    case CW_TYPE_UINT32:
    case CW_TYPE_FLOAT:
    case CW_TYPE_DATE:
    case CW_TYPE_DECIMAL32:
        return 4;
    case CW_TYPE_INT64:
    case CW_TYPE_UINT64:
    case CW_TYPE_DOUBLE:
    case CW_TYPE_TIMESTAMP:
    case CW_TYPE_DECIMAL64:
        return 8;
    case CW_TYPE_TIME:
        return f->unit == CW_UNIT_MS ? 4 : 8;
    case CW_TYPE_DECIMAL128:
    case CW_TYPE_UUID:
        return 16;
    case CW_TYPE_DECIMAL256:
        return 32;
    case CW_TYPE_INTERVAL:
    case CW_TYPE_INT96:
        return 12;
    case CW_TYPE_FIXED:
        return f->width;
    default:
        return 0;
    }
}

const cw_node *cw_schema_root(const cw_schema *s)
{
    return &s->root;
}

size_t cw_node_children(const cw_node *n)
{
    return n->child_count;
}

const cw_node *cw_node_child(const cw_node *n, size_t i)
{
    return i < n->child_count ? n->children[i] : NULL;
}

void cw_node_field(const cw_node *n, cw_field *out)
{
    *out = (cw_field){.name = n->name,
                      .type = n->type,
                      .nullable = n->nullable,
                      .precision = n->precision,
                      .scale = n->scale,
                      .unit = n->unit,
                      .utc = n->utc,
                      .timezone = n->timezone,
                      .width = n->width,
                      .crs = n->crs,
                      .edges = n->edges,
                      .has_field_id = n->has_field_id,
                      .field_id = n->field_id};
}
