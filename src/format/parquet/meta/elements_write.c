/* elements_write.c - a schema as the format's list of SchemaElement
 *
 * Logical and converted types both, where both exist. A list becomes three levels, a map likewise.
 */
#include <string.h>

#include "format/parquet/meta/elements.h"

/* The numbers of the format. */
enum { REQUIRED = 0, OPTIONAL = 1, REPEATED = 2 };
enum {
    CONVERTED_NONE = -1,
    CONVERTED_UTF8 = 0,
    CONVERTED_MAP = 1,
    CONVERTED_LIST = 3,
    CONVERTED_ENUM = 4,
    CONVERTED_DECIMAL = 5,
    CONVERTED_DATE = 6,
    CONVERTED_TIME_MS = 7,
    CONVERTED_TIME_US = 8,
    CONVERTED_TIMESTAMP_MS = 9,
    CONVERTED_TIMESTAMP_US = 10,
    CONVERTED_UINT8 = 11,
    CONVERTED_INT8 = 15,
    CONVERTED_JSON = 19,
    CONVERTED_BSON = 20,
    CONVERTED_INTERVAL = 21
};

static bool is_decimal(cw_type type)
{
    return type >= CW_TYPE_DECIMAL32 && type <= CW_TYPE_DECIMAL256;
}

static int converted_of_time(const cw__node *n, int ms)
{
    return n->unit == CW_UNIT_MS ? ms : n->unit == CW_UNIT_US ? ms + 1 : CONVERTED_NONE;
}

static int converted_of(const cw__node *n)
{
    switch (n->type) {
    case CW_TYPE_INT8:
    case CW_TYPE_INT16:
    case CW_TYPE_INT32:
    case CW_TYPE_INT64:
        return CONVERTED_INT8 + (int)(n->type - CW_TYPE_INT8);
    case CW_TYPE_UINT8:
    case CW_TYPE_UINT16:
    case CW_TYPE_UINT32:
    case CW_TYPE_UINT64:
        return CONVERTED_UINT8 + (int)(n->type - CW_TYPE_UINT8);
    case CW_TYPE_STRING:
        return CONVERTED_UTF8;
    case CW_TYPE_ENUM:
        return CONVERTED_ENUM;
    case CW_TYPE_JSON:
        return CONVERTED_JSON;
    case CW_TYPE_BSON:
        return CONVERTED_BSON;
    case CW_TYPE_DATE:
        return CONVERTED_DATE;
    case CW_TYPE_TIME:
        return converted_of_time(n, CONVERTED_TIME_MS);
    case CW_TYPE_TIMESTAMP:
        return converted_of_time(n, CONVERTED_TIMESTAMP_MS);
    case CW_TYPE_INTERVAL:
        return CONVERTED_INTERVAL;
    case CW_TYPE_LIST:
        return CONVERTED_LIST;
    case CW_TYPE_MAP:
        return CONVERTED_MAP;
    default:
        return is_decimal(n->type) ? CONVERTED_DECIMAL : CONVERTED_NONE;
    }
}

/* Members of the union LogicalType that are empty structs; 0: not one of these. */
static int16_t plain_logical(cw_type type)
{
    switch (type) {
    case CW_TYPE_STRING:
        return 1;
    case CW_TYPE_MAP:
        return 2;
    case CW_TYPE_LIST:
        return 3;
    case CW_TYPE_ENUM:
        return 4;
    case CW_TYPE_DATE:
        return 6;
    case CW_TYPE_NONE:
        return 11;
    case CW_TYPE_JSON:
        return 12;
    case CW_TYPE_BSON:
        return 13;
    case CW_TYPE_UUID:
        return 14;
    case CW_TYPE_FLOAT16:
        return 15;
    default:
        return 0;
    }
}

static void put_unit(cw__thrift_out *t, int16_t id, cw_unit unit)
{
    cw__thrift_put_struct(t, id);
    cw__thrift_put_struct(t, (int16_t)unit);
    cw__thrift_end(t);
    cw__thrift_end(t);
}

static void put_time(cw__thrift_out *t, int16_t id, const cw__node *n)
{
    cw__thrift_put_struct(t, id);
    cw__thrift_put_bool(t, 1, n->utc);
    put_unit(t, 2, n->unit);
    cw__thrift_end(t);
}

static void put_integer(cw__thrift_out *t, const cw__node *n)
{
    bool is_signed = n->type <= CW_TYPE_INT64;
    int order = (int)(n->type - (is_signed ? CW_TYPE_INT8 : CW_TYPE_UINT8));

    cw__thrift_put_struct(t, 10);
    cw__thrift_put_i8(t, 1, (int8_t)(8 << order));
    cw__thrift_put_bool(t, 2, is_signed);
    cw__thrift_end(t);
}

static void put_geo(cw__thrift_out *t, int16_t id, const cw__node *n)
{
    cw__thrift_put_struct(t, id);
    if (n->crs)
        cw__thrift_put_string(t, 1, n->crs);
    if (n->type == CW_TYPE_GEOGRAPHY && n->edges != CW_EDGES_SPHERICAL)
        cw__thrift_put_i32(t, 2, (int32_t)n->edges);
    cw__thrift_end(t);
}

static void put_decimal(cw__thrift_out *t, const cw__node *n)
{
    cw__thrift_put_struct(t, 5);
    cw__thrift_put_i32(t, 1, (int32_t)n->scale);
    cw__thrift_put_i32(t, 2, (int32_t)n->precision);
    cw__thrift_end(t);
}

static bool is_small_integer(cw_type type)
{
    return type >= CW_TYPE_INT8 && type <= CW_TYPE_UINT64;
}

static bool has_logical(const cw__node *n)
{
    return plain_logical(n->type) || is_decimal(n->type) || is_small_integer(n->type) ||
           n->type == CW_TYPE_TIME || n->type == CW_TYPE_TIMESTAMP || n->type == CW_TYPE_VARIANT ||
           n->type == CW_TYPE_GEOMETRY || n->type == CW_TYPE_GEOGRAPHY;
}

static void put_logical(cw__thrift_out *t, const cw__node *n)
{
    int16_t plain = plain_logical(n->type);

    cw__thrift_put_struct(t, 10);
    if (plain) {
        cw__thrift_put_struct(t, plain);
        cw__thrift_end(t);
    } else if (is_decimal(n->type)) {
        put_decimal(t, n);
    } else if (n->type == CW_TYPE_TIME) {
        put_time(t, 7, n);
    } else if (n->type == CW_TYPE_TIMESTAMP) {
        put_time(t, 8, n);
    } else if (is_small_integer(n->type)) {
        put_integer(t, n);
    } else if (n->type == CW_TYPE_VARIANT) {
        cw__thrift_put_struct(t, 16);
        cw__thrift_put_i8(t, 1, 1);
        cw__thrift_end(t);
    } else {
        put_geo(t, n->type == CW_TYPE_GEOMETRY ? 17 : 18, n);
    }
    cw__thrift_end(t);
}

/* An INT32 or INT64 without annotation is signed by itself: nothing is said of those. */
static bool says_nothing(const cw__node *n)
{
    return (n->type == CW_TYPE_INT32 || n->type == CW_TYPE_INT64);
}

static void put_element(cw__thrift_out *t, const cw_schema *schema, const cw__node *n)
{
    const cw__leaf *leaf = cw__is_group(n->type) ? NULL : &schema->leaves[n->first_leaf];
    size_t children = n->type == CW_TYPE_LIST || n->type == CW_TYPE_MAP ? 1 : n->child_count;
    int converted = converted_of(n);

    cw__thrift_begin(t);
    if (leaf)
        cw__thrift_put_i32(t, 1, (int32_t)leaf->physical);
    if (leaf && leaf->physical == CW__FIXED_LEN_BYTE_ARRAY)
        cw__thrift_put_i32(t, 2, (int32_t)leaf->width);
    cw__thrift_put_i32(t, 3, n->nullable ? OPTIONAL : REQUIRED);
    cw__thrift_put_string(t, 4, n->name);
    if (!leaf)
        cw__thrift_put_i32(t, 5, (int32_t)children);
    if (converted != CONVERTED_NONE && !says_nothing(n))
        cw__thrift_put_i32(t, 6, converted);
    if (is_decimal(n->type)) {
        cw__thrift_put_i32(t, 7, (int32_t)n->scale);
        cw__thrift_put_i32(t, 8, (int32_t)n->precision);
    }
    if (n->has_field_id)
        cw__thrift_put_i32(t, 9, n->field_id);
    if (has_logical(n) && !says_nothing(n))
        put_logical(t, n);
    cw__thrift_end(t);
}

static const char *repeated_name(const cw__node *n)
{
    return n->type == CW_TYPE_LIST ? "list" : "key_value";
}

static void put_repeated(cw__thrift_out *t, const cw__node *n)
{
    cw__thrift_begin(t);
    cw__thrift_put_i32(t, 3, REPEATED);
    cw__thrift_put_string(t, 4, repeated_name(n));
    cw__thrift_put_i32(t, 5, (int32_t)n->child_count);
    cw__thrift_end(t);
}

static void put_tree(cw__thrift_out *t, const cw_schema *schema, const cw__node *n)
{
    put_element(t, schema, n);
    if (cw__is_repeated(n))
        put_repeated(t, n);
    for (size_t i = 0; i < n->child_count; i++)
        put_tree(t, schema, n->children[i]);
}

static size_t count_elements(const cw__node *n)
{
    size_t count = cw__is_repeated(n) ? 2 : 1;

    for (size_t i = 0; i < n->child_count; i++)
        count += count_elements(n->children[i]);
    return count;
}

void cw__elements_put(cw__thrift_out *t, int16_t id, const cw_schema *schema)
{
    const cw__node *root = &schema->root;

    cw__thrift_put_list(t, id, CW__THRIFT_STRUCT, count_elements(root));
    cw__thrift_begin(t);
    cw__thrift_put_string(t, 4, schema->name ? schema->name : "schema");
    cw__thrift_put_i32(t, 5, (int32_t)root->child_count);
    cw__thrift_end(t);
    for (size_t i = 0; i < root->child_count; i++)
        put_tree(t, schema, root->children[i]);
}

static size_t path_length(const cw__node *n)
{
    size_t count = 0;

    for (; n->parent; n = n->parent)
        count += n->parent->parent && cw__is_repeated(n->parent) ? 2 : 1;
    return count;
}

static void put_names(cw__thrift_out *t, const cw__node *n)
{
    if (!n->parent)
        return;
    put_names(t, n->parent);
    if (n->parent->parent && cw__is_repeated(n->parent)) {
        const char *name = repeated_name(n->parent);
        cw__thrift_item_binary(t, name, strlen(name));
    }
    cw__thrift_item_binary(t, n->name, strlen(n->name));
}

void cw__elements_put_path(cw__thrift_out *t, int16_t id, const cw__leaf *leaf)
{
    cw__thrift_put_list(t, id, CW__THRIFT_BINARY, path_length(leaf->node));
    put_names(t, leaf->node);
}
