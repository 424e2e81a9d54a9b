/* print.c - the text form of a schema
 *
 *     message trades {
 *       required int64 id = 1;
 *       optional timestamp(us,utc) at;
 *       optional list tags {
 *         required string element;
 *       }
 *     }
 *
 * Nothing is allocated: what does not fit is counted only.
 */
#include "format/parquet/schema/tree.h"

#include <stdio.h>
#include <string.h>

#include "format/parquet/schema/words.h"

typedef struct sink {
    char *to;
    size_t size; /* without the NUL */
    size_t n;
} sink;

static void put_n(sink *out, const char *s, size_t n)
{
    if (out->n < out->size) {
        size_t room = out->size - out->n;
        memcpy(out->to + out->n, s, n < room ? n : room);
    }
    out->n += n;
}

static void put(sink *out, const char *s)
{
    put_n(out, s, strlen(s));
}

static void put_number(sink *out, long long v)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", v);
    put(out, digits);
}

static void put_quoted(sink *out, const char *s)
{
    static const char special[] = "\"\\\n\r\t", letters[] = "\"\\nrt";
    char code[8];
    put(out, "\"");
    for (; *s; s++) {
        const char *at = strchr(special, *s);
        if (at) {
            put(out, "\\");
            put_n(out, &letters[at - special], 1);
        } else if ((unsigned char)*s < 0x20 || *s == 0x7F) {
            snprintf(code, sizeof code, "\\x%02x", (unsigned)*s);
            put(out, code);
        } else {
            put_n(out, s, 1);
        }
    }
    put(out, "\"");
}

static void put_name(sink *out, const char *name)
{
    bool bare = cw__begins_name(name[0]);
    for (const char *c = name; bare && *c; c++)
        bare = cw__continues_name(*c);
    if (bare)
        put(out, name);
    else
        put_quoted(out, name);
}

static void put_decimal(sink *out, const cw__node *n)
{
    put(out, "(");
    put_number(out, n->precision);
    put(out, ",");
    put_number(out, n->scale);
    put(out, ")");
}

static void put_moment(sink *out, const cw__node *n)
{
    put(out, "(");
    put(out, cw__unit_name(n->unit));
    put(out, ",");
    if (n->timezone)
        put_quoted(out, n->timezone);
    else
        put(out, n->utc ? "utc" : "local");
    put(out, ")");
}

static void put_geo(sink *out, const cw__node *n)
{
    bool edges = n->type == CW_TYPE_GEOGRAPHY && n->edges != CW_EDGES_SPHERICAL;
    if (!n->crs && !edges)
        return;
    put(out, "(");
    put_quoted(out, n->crs ? n->crs : "OGC:CRS84");
    if (edges) {
        put(out, ",");
        put(out, cw__edges_name(n->edges));
    }
    put(out, ")");
}

static void put_type(sink *out, const cw__node *n)
{
    put(out, cw__type_name(n->type));
    switch (n->type) {
    case CW_TYPE_DECIMAL32:
    case CW_TYPE_DECIMAL64:
    case CW_TYPE_DECIMAL128:
    case CW_TYPE_DECIMAL256:
        put_decimal(out, n);
        break;
    case CW_TYPE_TIME:
    case CW_TYPE_TIMESTAMP:
        put_moment(out, n);
        break;
    case CW_TYPE_GEOMETRY:
    case CW_TYPE_GEOGRAPHY:
        put_geo(out, n);
        break;
    case CW_TYPE_FIXED:
        put(out, "(");
        put_number(out, n->width);
        put(out, ")");
        break;
    default:
        break;
    }
}

static void put_indent(sink *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        put(out, "  ");
}

static void put_field(sink *out, const cw__node *n, unsigned depth)
{
    put_indent(out, depth);
    put(out, n->nullable ? "optional " : "required ");
    put_type(out, n);
    put(out, " ");
    put_name(out, n->name);
    if (n->has_field_id) {
        put(out, " = ");
        put_number(out, n->field_id);
    }
    if (cw__is_group(n->type) && n->type != CW_TYPE_VARIANT) {
        put(out, " {\n");
        for (size_t i = 0; i < n->child_count; i++)
            put_field(out, n->children[i], depth + 1);
        put_indent(out, depth);
        put(out, "}\n");
    } else {
        put(out, ";\n");
    }
}

cw_status cw_schema_text(const cw_schema *s, char *to, size_t size, size_t *needed)
{
    sink out = {.to = to, .size = size ? size - 1 : 0};
    if (!s || (!to && size))
        return CW_E_INVALID_ARGUMENT;
    put(&out, "message ");
    put_name(&out, s->name);
    put(&out, " {\n");
    for (size_t i = 0; i < s->root.child_count; i++)
        put_field(&out, s->root.children[i], 1);
    put(&out, "}\n");
    if (size)
        to[out.n < size ? out.n : size - 1] = '\0';
    if (needed)
        *needed = out.n;
    return CW_OK;
}
