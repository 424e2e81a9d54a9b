/* arrow.c - a schema from Arrow's
 *
 * What comes is not trusted: counts and pointers are checked before they are followed, as far as
 * that can be done, depth is bounded, and so is the number of fields (by the builder), so that a
 * schema whose pointers go in circles is refused too.
 *
 * A field is first described: dictionaries and run-end encoding are looked through, the format
 * string is read, the metadata may make something else of it. Then it is added, with its children.
 */
#include <cloudwriter/arrow_abi.h>

#include "format/parquet/schema/tree.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/parquet/schema/geoarrow.h"

enum { MOST_PAIRS = 100000, MOST_METADATA = 1 << 26, MOST_WRAPPINGS = 2 };

typedef struct bytes {
    const char *p; /* NULL: there is none */
    size_t n;
} bytes;

typedef struct about {
    const struct ArrowSchema *type; /* behind dictionaries and run-end encoding */
    cw_field f;
    cw__arrow_origin origin;
    bytes extension, extension_metadata, field_id;
    char *crs; /* allocated */
} about;

typedef struct import {
    cw_schema *s;
    cw_error *err;
} import;

/* ---- messages -------------------------------------------------------------------------------- */

static cw_status fail_field(const import *in, const cw_field *f, cw_status status, const char *why)
{
    char where[CW__WHERE_BYTES];
    cw__schema_where(in->s, f->name, where, sizeof where);
    return cw__fail(in->err, status, "field '%s' of the Arrow schema: %s", where, why);
}

static cw_status fail_invalid(const import *in, const about *a, const char *why)
{
    return fail_field(in, &a->f, CW_E_INVALID_ARGUMENT, why);
}

static cw_status fail_unsupported(const import *in, const about *a, const char *what)
{
    char why[128];
    snprintf(why, sizeof why, "Parquet has no type for %s", what);
    return fail_field(in, &a->f, CW_E_UNSUPPORTED, why);
}

static cw_status fail_format(const import *in, const about *a)
{
    char shown[32], why[96];
    const char *from = a->type->format;
    size_t n = 0;
    for (; *from && n < sizeof shown - 1; from++)
        shown[n++] = *from >= 0x20 && *from < 0x7F ? *from : '?';
    shown[n] = '\0';
    snprintf(why, sizeof why, "there is no format '%s'", shown);
    return fail_field(in, &a->f, CW_E_UNSUPPORTED, why);
}

/* ---- looking at one struct ------------------------------------------------------------------- */

static cw_status check_struct(const import *in, const about *a, const struct ArrowSchema *x)
{
    if (!x)
        return fail_invalid(in, a, "it is missing (a NULL pointer)");
    if (!x->release)
        return fail_invalid(in, a, "it was released already");
    if (!x->format)
        return fail_invalid(in, a, "it has no format");
    if (x->n_children < 0 || x->n_children > CW__MAX_ELEMENTS ||
        (x->n_children > 0 && !x->children))
        return fail_invalid(in, a, "the count of its children is not usable");
    return CW_OK;
}

static bool is_index(const char *format)
{
    return format[0] && !format[1] && strchr("cCsSiIlL", format[0]);
}

/* What describes the values of a dictionary or of runs; NULL: `x` does itself. */
static cw_status look_inside(const import *in, const about *a, const struct ArrowSchema *x,
                             const struct ArrowSchema **inside)
{
    *inside = NULL;
    if (x->dictionary) {
        if (!is_index(x->format))
            return fail_invalid(in, a, "the indices of its dictionary are no integers");
        *inside = x->dictionary;
    } else if (strcmp(x->format, "+r") == 0) {
        if (x->n_children != 2)
            return fail_invalid(in, a, "run-end encoding has two children");
        cw_status status = check_struct(in, a, x->children[0]);
        if (status != CW_OK)
            return status;
        const char *ends = x->children[0]->format;
        if (strcmp(ends, "s") != 0 && strcmp(ends, "i") != 0 && strcmp(ends, "l") != 0)
            return fail_invalid(in, a, "run ends are integers of 16, 32 or 64 bits");
        *inside = x->children[1];
    } else {
        return CW_OK;
    }
    return check_struct(in, a, *inside);
}

/* ---- metadata -------------------------------------------------------------------------------- */

/* An int32 of the machine's own byte order, then as many bytes as it says. */
static bool take_bytes(const char **at, size_t *left, bytes *out)
{
    int32_t n;
    memcpy(&n, *at, sizeof n);
    if (n < 0 || (size_t)n > *left)
        return false;
    out->p = *at + sizeof n;
    out->n = (size_t)n;
    *left -= (size_t)n;
    *at = out->p + n;
    return true;
}

static bool is(bytes b, const char *text)
{
    return b.p && b.n == strlen(text) && memcmp(b.p, text, b.n) == 0;
}

/* What an outer struct says goes before what an inner one does. */
static void keep_pair(about *a, bytes key, bytes value, bool inner)
{
    if (is(key, "ARROW:extension:name") && !(inner && a->extension.p))
        a->extension = value;
    else if (is(key, "ARROW:extension:metadata") && !(inner && a->extension_metadata.p))
        a->extension_metadata = value;
    else if (is(key, "PARQUET:field_id") && !inner)
        a->field_id = value;
}

static cw_status read_metadata(const import *in, about *a, const char *at, bool inner)
{
    int32_t n;
    size_t left = MOST_METADATA;
    bytes key, value;
    if (!at)
        return CW_OK;
    memcpy(&n, at, sizeof n);
    at += sizeof n;
    if (n < 0 || n > MOST_PAIRS)
        return fail_invalid(in, a, "its metadata is not usable");
    for (; n > 0; n--) {
        if (!take_bytes(&at, &left, &key) || !take_bytes(&at, &left, &value))
            return fail_invalid(in, a, "its metadata is not usable");
        keep_pair(a, key, value, inner);
    }
    return CW_OK;
}

static cw_status read_field_id(const import *in, about *a)
{
    char digits[16];
    uint64_t id;
    bytes text = a->field_id;
    if (!text.p)
        return CW_OK;
    bool negative = text.n > 0 && text.p[0] == '-';
    if (text.n >= sizeof digits)
        return fail_invalid(in, a, "its PARQUET:field_id is no number");
    memcpy(digits, text.p, text.n);
    digits[text.n] = '\0';
    if (!cw__parse_u64(digits + negative, (uint64_t)INT32_MAX + negative, &id))
        return fail_invalid(in, a, "its PARQUET:field_id is no number");
    a->f.has_field_id = !negative; /* Arrow's way to say that there is none */
    a->f.field_id = negative ? 0 : (int32_t)id;
    return CW_OK;
}

/* ---- formats --------------------------------------------------------------------------------- */

/* A decimal number of a format string, up to nine digits, and *at moved past it. */
static bool take_number(const char **at, int64_t *out)
{
    const char *from = *at;
    bool negative = *from == '-';
    int64_t v = 0;
    from += negative;
    const char *digits = from;
    for (; *from >= '0' && *from <= '9'; from++) {
        if (from - digits >= 9)
            return false;
        v = v * 10 + (*from - '0');
    }
    *out = negative ? -v : v;
    *at = from;
    return from > digits;
}

static cw_status read_plain(const import *in, about *a, const char *format)
{
    static const char letters[] = "nbcCsSiIlLefgzZuU";
    static const cw_type types[] = {CW_TYPE_NONE,   CW_TYPE_BOOL,   CW_TYPE_INT8,    CW_TYPE_UINT8,
                                    CW_TYPE_INT16,  CW_TYPE_UINT16, CW_TYPE_INT32,   CW_TYPE_UINT32,
                                    CW_TYPE_INT64,  CW_TYPE_UINT64, CW_TYPE_FLOAT16, CW_TYPE_FLOAT,
                                    CW_TYPE_DOUBLE, CW_TYPE_BINARY, CW_TYPE_BINARY,  CW_TYPE_STRING,
                                    CW_TYPE_STRING};
    const char *at = strchr(letters, format[0]);
    if (!format[0] || !at || format[1])
        return fail_format(in, a);
    a->f.type = types[at - letters];
    if (a->f.type == CW_TYPE_NONE)
        a->f.nullable = 1;
    return CW_OK;
}

static cw_status read_decimal(const import *in, about *a, const char *at)
{
    int64_t precision = 0, scale = 0, bits = 128;
    at += 2; /* "d:" */
    bool ok = take_number(&at, &precision) && *at++ == ',' && take_number(&at, &scale);
    if (ok && *at == ',') {
        at++;
        ok = take_number(&at, &bits);
    }
    if (!ok || *at)
        return fail_format(in, a);
    a->f.type = bits == 32    ? CW_TYPE_DECIMAL32
                : bits == 64  ? CW_TYPE_DECIMAL64
                : bits == 128 ? CW_TYPE_DECIMAL128
                              : CW_TYPE_DECIMAL256;
    if (a->f.type == CW_TYPE_DECIMAL256 && bits != 256)
        return fail_format(in, a);
    if (scale < 0)
        return fail_unsupported(in, a, "a decimal of negative scale");
    if (precision < 1)
        return fail_format(in, a);
    a->f.precision = (unsigned)precision;
    a->f.scale = (unsigned)scale;
    return CW_OK;
}

static cw_status read_fixed(const import *in, about *a, const char *at)
{
    int64_t width;
    at += 2; /* "w:" */
    if (!take_number(&at, &width) || *at || width < 0)
        return fail_format(in, a);
    if (width == 0)
        return fail_unsupported(in, a, "binary of a fixed width of 0");
    a->f.type = CW_TYPE_FIXED;
    a->f.width = (uint32_t)width;
    return CW_OK;
}

/* Seconds are stored as milliseconds. 0: none of the letters. */
static cw_unit unit_of(char letter)
{
    switch (letter) {
    case 's':
    case 'm':
        return CW_UNIT_MS;
    case 'u':
        return CW_UNIT_US;
    case 'n':
        return CW_UNIT_NS;
    default:
        return (cw_unit)0;
    }
}

static cw_status read_duration(const import *in, about *a, const char *format)
{
    static const char letters[] = "smun";
    const char *at = format[2] ? strchr(letters, format[2]) : NULL;
    if (!at || format[3])
        return fail_format(in, a);
    a->f.type = CW_TYPE_INT64;
    a->origin = (cw__arrow_origin)(CW__ARROW_DURATION_S + (at - letters));
    return CW_OK;
}

static cw_status read_interval(const import *in, const about *a, const char *format)
{
    if (strcmp(format, "tiM") == 0)
        return fail_unsupported(in, a, "an interval of months");
    if (strcmp(format, "tiD") == 0)
        return fail_unsupported(in, a, "an interval of days and milliseconds");
    if (strcmp(format, "tin") == 0)
        return fail_unsupported(in, a, "an interval of months, days and nanoseconds");
    return fail_format(in, a);
}

static cw_status read_timestamp(const import *in, about *a, const char *format)
{
    a->f.unit = unit_of(format[2]);
    if (!a->f.unit || format[3] != ':')
        return fail_format(in, a);
    a->f.type = CW_TYPE_TIMESTAMP;
    a->f.utc = format[4] != '\0';
    a->f.timezone = format[4] ? format + 4 : NULL;
    return CW_OK;
}

static cw_status read_moment(const import *in, about *a, const char *format)
{
    if (strcmp(format, "tdD") == 0 || strcmp(format, "tdm") == 0) {
        a->f.type = CW_TYPE_DATE;
        return CW_OK;
    }
    switch (format[1]) {
    case 't':
        a->f.unit = format[2] ? unit_of(format[2]) : (cw_unit)0;
        if (!a->f.unit || format[3])
            return fail_format(in, a);
        a->f.type = CW_TYPE_TIME;
        return CW_OK;
    case 's':
        return read_timestamp(in, a, format);
    case 'D':
        return read_duration(in, a, format);
    case 'i':
        return read_interval(in, a, format);
    default:
        return fail_format(in, a);
    }
}

static bool is_list(const char *format)
{
    int64_t size;
    const char *at = format + 3;
    if (cw__starts_with(format, "+w:"))
        return take_number(&at, &size) && !*at && size >= 0;
    return strcmp(format, "+l") == 0 || strcmp(format, "+L") == 0 || strcmp(format, "+vl") == 0 ||
           strcmp(format, "+vL") == 0;
}

static cw_status read_nested(const import *in, about *a, const char *format)
{
    if (strcmp(format, "+s") == 0)
        a->f.type = CW_TYPE_STRUCT;
    else if (strcmp(format, "+m") == 0)
        a->f.type = CW_TYPE_MAP;
    else if (is_list(format))
        a->f.type = CW_TYPE_LIST;
    else if (cw__starts_with(format, "+u"))
        return fail_unsupported(in, a, "a union");
    else
        return fail_format(in, a);
    return CW_OK;
}

static cw_status read_format(const import *in, about *a)
{
    const char *format = a->type->format;
    if (format[0] == '+')
        return read_nested(in, a, format);
    if (a->type->n_children != 0)
        return fail_invalid(in, a, "a type that has no children has some");
    if (format[0] == 't')
        return read_moment(in, a, format);
    if (cw__starts_with(format, "d:"))
        return read_decimal(in, a, format);
    if (cw__starts_with(format, "w:"))
        return read_fixed(in, a, format);
    if (strcmp(format, "vz") == 0 || strcmp(format, "vu") == 0) {
        a->f.type = format[1] == 'z' ? CW_TYPE_BINARY : CW_TYPE_STRING;
        return CW_OK;
    }
    return read_plain(in, a, format);
}

/* ---- extension types ------------------------------------------------------------------------- */

static bool is_binary(const struct ArrowSchema *x)
{
    return strcmp(x->format, "z") == 0 || strcmp(x->format, "Z") == 0 ||
           strcmp(x->format, "vz") == 0;
}

static cw_status become_geo(const import *in, about *a)
{
    cw_error why = {0};
    if (a->f.type != CW_TYPE_BINARY)
        return fail_invalid(in, a, "geoarrow.wkb is stored as binary");
    cw_status status = cw__geoarrow_read(a->extension_metadata.p, a->extension_metadata.n,
                                         &a->f.type, &a->crs, &a->f.edges, &why);
    a->f.crs = a->crs;
    return status == CW_OK ? CW_OK : fail_field(in, &a->f, status, why.message);
}

static cw_status become_variant(const import *in, about *a)
{
    static const char *const names[] = {"metadata", "value"};
    const struct ArrowSchema *x = a->type;
    bool plain = a->f.type == CW_TYPE_STRUCT && x->n_children == 2;
    for (int64_t i = 0; plain && i < 2; i++) {
        cw_status status = check_struct(in, a, x->children[i]);
        if (status != CW_OK)
            return status;
        plain = x->children[i]->name && strcmp(x->children[i]->name, names[i]) == 0 &&
                is_binary(x->children[i]) && !x->children[i]->dictionary;
    }
    if (!plain)
        return fail_field(in, &a->f, CW_E_UNSUPPORTED,
                          "only a variant that is a struct of binary metadata and binary value, in "
                          "this order, can be written");
    a->f.type = CW_TYPE_VARIANT;
    return CW_OK;
}

static cw_status apply_extension(const import *in, about *a)
{
    if (is(a->extension, "arrow.uuid")) {
        if (a->f.type != CW_TYPE_FIXED || a->f.width != 16)
            return fail_invalid(in, a, "arrow.uuid is stored in 16 bytes");
        a->f.type = CW_TYPE_UUID;
    } else if (is(a->extension, "arrow.json")) {
        if (a->f.type != CW_TYPE_STRING)
            return fail_invalid(in, a, "arrow.json is stored as text");
        a->f.type = CW_TYPE_JSON;
    } else if (is(a->extension, "arrow.bool8")) {
        if (a->f.type != CW_TYPE_INT8)
            return fail_invalid(in, a, "arrow.bool8 is stored as int8");
        a->origin = CW__ARROW_BOOL8;
    } else if (is(a->extension, "geoarrow.wkb")) {
        return become_geo(in, a);
    } else if (is(a->extension, "arrow.parquet.variant") || is(a->extension, "parquet.variant")) {
        return become_variant(in, a);
    }
    return CW_OK;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static cw_status describe(const import *in, about *a, const struct ArrowSchema *x)
{
    const struct ArrowSchema *inside = NULL;
    cw_status status = check_struct(in, a, x);
    for (int i = 0; status == CW_OK && x; i++) {
        a->type = x;
        status = i > MOST_WRAPPINGS ? fail_invalid(in, a, "dictionaries within dictionaries")
                                    : read_metadata(in, a, x->metadata, i > 0);
        if (status == CW_OK)
            status = look_inside(in, a, x, &inside);
        x = inside;
    }
    if (status == CW_OK)
        status = read_format(in, a);
    if (status == CW_OK)
        status = apply_extension(in, a);
    return status == CW_OK ? read_field_id(in, a) : status;
}

static cw_status add_field(import *in, const struct ArrowSchema *x, const char *name,
                           bool required);

static cw_status add_list(import *in, const about *a)
{
    if (a->type->n_children != 1)
        return fail_invalid(in, a, "a list has one child");
    return add_field(in, a->type->children[0], NULL, false);
}

static cw_status add_map(import *in, const about *a)
{
    const struct ArrowSchema *x = a->type;
    if (x->n_children != 1)
        return fail_invalid(in, a, "a map has one child, the entries");
    const struct ArrowSchema *entries = x->children[0];
    cw_status status = check_struct(in, a, entries);
    if (status != CW_OK)
        return status;
    if (strcmp(entries->format, "+s") != 0 || entries->dictionary || entries->n_children != 2)
        return fail_invalid(in, a, "the entries of a map are a struct of a key and a value");
    status = add_field(in, entries->children[0], NULL, true);
    return status == CW_OK ? add_field(in, entries->children[1], NULL, false) : status;
}

static cw_status add_struct(import *in, const about *a)
{
    cw_status status = CW_OK;
    if (a->type->n_children == 0)
        return fail_unsupported(in, a, "a struct without fields");
    for (int64_t i = 0; status == CW_OK && i < a->type->n_children; i++) {
        const struct ArrowSchema *child = a->type->children[i];
        status = add_field(in, child, child && child->name ? child->name : "", false);
    }
    return status;
}

static cw_status add_children(import *in, cw__node *n, const about *a)
{
    cw__node *parent = in->s->open;
    about below = *a;
    below.f.name = NULL; /* messages are about what s->open is then */
    in->s->open = n;
    cw_status status = n->type == CW_TYPE_LIST  ? add_list(in, &below)
                       : n->type == CW_TYPE_MAP ? add_map(in, &below)
                                                : add_struct(in, &below);
    in->s->open = parent;
    return status;
}

/* `name` NULL: that which the format wants here. `required`: the key of a map. */
static cw_status add_field(import *in, const struct ArrowSchema *x, const char *name, bool required)
{
    cw_error why = {0};
    cw__node *n = NULL;
    about a = {.f.name = name};
    a.f.nullable = x && (x->flags & ARROW_FLAG_NULLABLE) != 0 && !required;
    cw_status status = describe(in, &a, x);
    if (status == CW_OK && required && a.f.type == CW_TYPE_NONE)
        status = fail_invalid(in, &a, "the key of a map cannot be null");
    if (status == CW_OK) {
        status = cw__schema_put(in->s, &a.f, &n, &why);
        if (status != CW_OK)
            cw__fail(in->err, status, "in the Arrow schema: %s", why.message);
    }
    cw__free(a.crs);
    if (status != CW_OK)
        return status;
    n->arrow = a.origin;
    return cw__is_group(n->type) && n->type != CW_TYPE_VARIANT ? add_children(in, n, &a) : CW_OK;
}

static cw_status add_columns(import *in, const struct ArrowSchema *x)
{
    about a = {.type = x};
    cw_status status = check_struct(in, &a, x);
    if (status != CW_OK)
        return status;
    if (strcmp(x->format, "+s") != 0 || x->dictionary)
        return fail_invalid(in, &a, "the columns are to be the children of a struct");
    return add_struct(in, &a);
}

cw_status cw_schema_from_arrow(cw_schema **out, const struct ArrowSchema *in, cw_error *err)
{
import i = {.err = err };
    cw__error_clear(err);
    if (out)
        *out = NULL;
    if (!out || !in)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "an Arrow schema and a place for the schema are needed");
    cw_status status = cw_schema_new(&i.s, err);
    if (status != CW_OK)
        return status;
    status = add_columns(&i, in);
    if (status == CW_OK)
        status = cw__schema_finish(i.s, err);
    if (status == CW_OK)
        *out = i.s;
    else
        cw_schema_free(i.s);
    return status;
}
