/* column.c - the values of one field for the next batch: memory, and conversion from text */
#include "table/column.h"
#include "hex.h"
#include "memory.h"
#include "table/moment.h"
#include "table/number.h"
#include "utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLACK = 64, UUID_TEXT = 36 };

/* ---- types ----------------------------------------------------------------------------------- */

static const char *type_name(cw_type type)
{
    switch (type) {
#define TYPE_NAME(number, name, text)                                                              \
    case CW_TYPE_##name:                                                                           \
        return text;
        CW_TYPE_LIST_(TYPE_NAME)
#undef TYPE_NAME
    }
    return "?";
}

static const char *unit_name(cw_unit unit)
{
    return unit == CW_UNIT_MS ? "ms" : unit == CW_UNIT_NS ? "ns" : "us";
}

void column_type_text(const cw_field *f, char *out, size_t size)
{
    const char *name = type_name(f->type);

    switch (f->type) {
    case CW_TYPE_DECIMAL32:
    case CW_TYPE_DECIMAL64:
    case CW_TYPE_DECIMAL128:
    case CW_TYPE_DECIMAL256:
        snprintf(out, size, "%s(%u,%u)", name, f->precision, f->scale);
        break;
    case CW_TYPE_FIXED:
        snprintf(out, size, "%s(%u)", name, f->width);
        break;
    case CW_TYPE_TIME:
    case CW_TYPE_TIMESTAMP:
        snprintf(out, size, "%s(%s,%s)", name, unit_name(f->unit), f->utc ? "utc" : "local");
        break;
    default:
        snprintf(out, size, "%s", name);
        break;
    }
}

static bool has_text_form(cw_type type)
{
    return type != CW_TYPE_GEOMETRY && type != CW_TYPE_GEOGRAPHY && type != CW_TYPE_INTERVAL &&
           type != CW_TYPE_INT96 && type != CW_TYPE_BSON && type != CW_TYPE_VARIANT;
}

static bool has_offsets(cw_type type)
{
    return type == CW_TYPE_STRING || type == CW_TYPE_ENUM || type == CW_TYPE_JSON ||
           type == CW_TYPE_BINARY || type == CW_TYPE_LIST || type == CW_TYPE_MAP;
}

bool column_refuse(const struct column *c, const char *p, size_t n, const char *why,
                   struct refusal *out)
{
    enum { SHOWN = 60 };
    size_t k = n < SHOWN ? n : SHOWN;

    memset(out, 0, sizeof *out);
    while (k > 0 && !utf8_is_valid(p, k) && k + 4 > (n < SHOWN ? n : SHOWN))
        k--; /* not in the middle of a character */
    if (p)
        snprintf(out->value, sizeof out->value, "%.*s%s", (int)k, p, k < n ? "…" : "");
    snprintf(out->where, sizeof out->where, "%s", c->field.name ? c->field.name : "");
    snprintf(out->why, sizeof out->why, "%s", why);
    out->mistyped = p != NULL;
    return false;
}

/* ---- conversion ------------------------------------------------------------------------------ */

/* Integers of up to eight bytes go into the low bytes of a word, little-endian, as all of Arrow. */
#define SIGNED_INTO(name, type, least, most)                                                       \
    static bool name(const cw_field *f, const char *p, size_t n, void *to)                         \
    {                                                                                              \
        int64_t v;                                                                                 \
        (void)f;                                                                                   \
        if (!number_int64(p, n, &v) || v < (least) || v > (most))                                  \
            return false;                                                                          \
        memcpy(to, &(type){(type)v}, sizeof(type));                                                \
        return true;                                                                               \
    }

#define UNSIGNED_INTO(name, type, most)                                                            \
    static bool name(const cw_field *f, const char *p, size_t n, void *to)                         \
    {                                                                                              \
        uint64_t v;                                                                                \
        (void)f;                                                                                   \
        if (!number_uint64(p, n, &v) || v > (most))                                                \
            return false;                                                                          \
        memcpy(to, &(type){(type)v}, sizeof(type));                                                \
        return true;                                                                               \
    }

SIGNED_INTO(int8_into, int8_t, INT8_MIN, INT8_MAX)
SIGNED_INTO(int16_into, int16_t, INT16_MIN, INT16_MAX)
SIGNED_INTO(int32_into, int32_t, INT32_MIN, INT32_MAX)
SIGNED_INTO(int64_into, int64_t, INT64_MIN, INT64_MAX)
UNSIGNED_INTO(uint8_into, uint8_t, UINT8_MAX)
UNSIGNED_INTO(uint16_into, uint16_t, UINT16_MAX)
UNSIGNED_INTO(uint32_into, uint32_t, UINT32_MAX)
UNSIGNED_INTO(uint64_into, uint64_t, UINT64_MAX)

#define FLOATING_INTO(name, type, number)                                                          \
    static bool name(const cw_field *f, const char *p, size_t n, void *to)                         \
    {                                                                                              \
        type v = 0;                                                                                \
        bool good = number(p, n, &v);                                                              \
        (void)f;                                                                                   \
        memcpy(to, &v, sizeof v);                                                                  \
        return good;                                                                               \
    }

FLOATING_INTO(half_into, uint16_t, number_half)
FLOATING_INTO(float_into, float, number_float)
FLOATING_INTO(double_into, double, number_double)
FLOATING_INTO(date_into, int32_t, moment_date)

static bool decimal_into(const cw_field *f, const char *p, size_t n, void *to)
{
    uint64_t words[NUMBER_WORDS];

    if (!number_decimal(p, n, f->precision, f->scale, words))
        return false;
    memcpy(to, words, cw_field_width(f));
    return true;
}

static bool uuid_into(const cw_field *f, const char *p, size_t n, void *to)
{
    unsigned char *out = to;

    (void)f;
    return n == UUID_TEXT && p[8] == '-' && p[13] == '-' && p[18] == '-' && p[23] == '-' &&
           hex_decode(p, 4, out) && hex_decode(p + 9, 2, out + 4) &&
           hex_decode(p + 14, 2, out + 6) && hex_decode(p + 19, 2, out + 8) &&
           hex_decode(p + 24, 6, out + 10);
}

static unsigned digits_of(cw_unit unit)
{
    return unit == CW_UNIT_MS ? MOMENT_MS : unit == CW_UNIT_NS ? MOMENT_NS : MOMENT_US;
}

static bool time_into(const cw_field *f, const char *p, size_t n, void *to)
{
    int64_t v;

    if (!moment_time(p, n, digits_of(f->unit), &v))
        return false;
    memcpy(to, &v, cw_field_width(f));
    return true;
}

/* A zone in the text of a local timestamp would be lost. */
static bool timestamp_into(const cw_field *f, const char *p, size_t n, void *to)
{
    enum moment_zone zone;
    int64_t v;

    if (!moment_timestamp(p, n, digits_of(f->unit), &v, &zone) || (zone == ZONE_GIVEN && !f->utc))
        return false;
    memcpy(to, &v, sizeof v);
    return true;
}

static bool fixed_into(const cw_field *f, const char *p, size_t n, void *to)
{
    if (n != f->width)
        return false;
    memcpy(to, p, n);
    return true;
}

static convert_fn converter_of(const cw_field *f)
{
    static const convert_fn converters[] = {
        [CW_TYPE_INT8] = int8_into,          [CW_TYPE_INT16] = int16_into,
        [CW_TYPE_INT32] = int32_into,        [CW_TYPE_INT64] = int64_into,
        [CW_TYPE_UINT8] = uint8_into,        [CW_TYPE_UINT16] = uint16_into,
        [CW_TYPE_UINT32] = uint32_into,      [CW_TYPE_UINT64] = uint64_into,
        [CW_TYPE_FLOAT16] = half_into,       [CW_TYPE_FLOAT] = float_into,
        [CW_TYPE_DOUBLE] = double_into,      [CW_TYPE_DECIMAL32] = decimal_into,
        [CW_TYPE_DECIMAL64] = decimal_into,  [CW_TYPE_DECIMAL128] = decimal_into,
        [CW_TYPE_DECIMAL256] = decimal_into, [CW_TYPE_FIXED] = fixed_into,
        [CW_TYPE_UUID] = uuid_into,          [CW_TYPE_DATE] = date_into,
        [CW_TYPE_TIME] = time_into,          [CW_TYPE_TIMESTAMP] = timestamp_into,
    };
    return (size_t)f->type < sizeof converters / sizeof *converters ? converters[f->type] : NULL;
}

/* ---- memory ---------------------------------------------------------------------------------- */

void column_free(struct column *c)
{
    for (size_t i = 0; i < c->child_count; i++)
        column_free(&c->children[i]);
    free(c->children);
    free(c->values);
    free(c->offsets);
    free(c->validity);
    memset(c, 0, sizeof *c);
}

unsigned char *column_grow(struct column *c, size_t bytes)
{
    size_t need = c->values_n + bytes + SLACK;

    if (need > c->values_room) {
        c->values_room = 2 * need;
        c->values = tool_realloc(c->values, c->values_room);
    }
    return c->values + c->values_n;
}

static void grow_validity(struct column *c)
{
    size_t before = c->validity_room;

    c->validity_room = before ? 2 * before : 512;
    c->validity = tool_realloc(c->validity, c->validity_room);
    memset(c->validity + before, 0xFF, c->validity_room - before);
}

static void grow_offsets(struct column *c)
{
    c->offsets_room = c->offsets_room ? 2 * c->offsets_room : 1024;
    c->offsets = tool_realloc(c->offsets, c->offsets_room * sizeof *c->offsets);
}

/* Where the next value of a list, or the next byte of text, will be. */
static size_t end_of_values(const struct column *c)
{
    return c->field.type == CW_TYPE_LIST || c->field.type == CW_TYPE_MAP ? c->children[0].count
                                                                         : c->values_n;
}

void column_reserve(struct column *c, size_t n)
{
    while ((c->count + n) / 8 >= c->validity_room)
        grow_validity(c);
    while (has_offsets(c->field.type) && c->count + n >= c->offsets_room)
        grow_offsets(c);
}

void column_make_null(struct column *c, size_t i)
{
    c->validity[i / 8] &= (unsigned char)~(1u << i % 8);
    c->nulls++;
}

void column_count(struct column *c, bool valid)
{
    column_reserve(c, 1);
    if (!valid)
        column_make_null(c, c->count);
    c->count++;
    if (has_offsets(c->field.type))
        c->offsets[c->count] = (int32_t)end_of_values(c);
}

void column_clear(struct column *c)
{
    if (c->nulls)
        memset(c->validity, 0xFF, (c->count + 7) / 8);
    c->count = c->nulls = c->values_n = 0;
    if (has_offsets(c->field.type)) {
        if (!c->offsets)
            grow_offsets(c);
        c->offsets[0] = 0;
    }
    for (size_t i = 0; i < c->child_count; i++)
        column_clear(&c->children[i]);
}

bool column_init(struct column *c, const cw_node *node, struct refusal *why)
{
    memset(c, 0, sizeof *c);
    cw_node_field(node, &c->field);
    c->name_n = c->field.name ? strlen(c->field.name) : 0;
    if (!has_text_form(c->field.type)) {
        char text[160];
        snprintf(text, sizeof text, "is of type %s, which has no form as text here",
                 type_name(c->field.type));
        return column_refuse(c, NULL, 0, text, why);
    }
    c->width = cw_field_width(&c->field);
    c->convert = converter_of(&c->field);
    c->child_count = cw_node_children(node);
    c->children = tool_alloc(c->child_count * sizeof *c->children);
    for (size_t i = 0; i < c->child_count; i++)
        if (!column_init(&c->children[i], cw_node_child(node, i), why))
            return false;
    column_clear(c);
    return true;
}

size_t column_nodes(const struct column *c)
{
    size_t n = c->child_count;

    for (size_t i = 0; i < c->child_count; i++)
        n += column_nodes(&c->children[i]);
    return n;
}

static cw_column *view_into(const struct column *c, cw_column *out, cw_column *pool)
{
    cw_column *children = pool;

    *out = (cw_column){.values = c->values,
                       .offsets = c->offsets,
                       .validity = c->nulls ? c->validity : NULL,
                       .children = children,
                       .child_count = c->child_count};
    if (!out->values)
        out->values = ""; /* nothing but nulls and empty texts */
    pool += c->child_count;
    for (size_t i = 0; i < c->child_count; i++)
        pool = view_into(&c->children[i], &children[i], pool);
    return pool;
}

void column_view(const struct column *c, cw_column *out, cw_column *children)
{
    (void)view_into(c, out, children);
}

/* A null, without asking whether there may be one. */
static void put_null(struct column *c)
{
    if (c->width) {
        memset(column_grow(c, c->width), 0, c->width);
        c->values_n += c->width;
    } else if (c->field.type == CW_TYPE_BOOL) {
        column_put_bool(c, false);
    }
    for (size_t i = 0; c->field.type == CW_TYPE_STRUCT && i < c->child_count; i++)
        put_null(&c->children[i]);
    column_count(c, false);
}

bool column_take_null(struct column *c, struct refusal *why)
{
    if (!c->field.nullable)
        return column_refuse(c, NULL, 0, "is required, and there is no value", why);
    put_null(c);
    return true;
}
