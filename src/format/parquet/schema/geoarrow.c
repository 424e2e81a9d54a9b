/* geoarrow.c - the metadata of geoarrow.wkb
 *
 * A small reader of JSON: it finds a member of an object and gives it as it stands in the text. It
 * skips values without checking more of them than that brackets and quotes are closed.
 */
#include "format/parquet/schema/geoarrow.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

typedef struct slice {
    const char *p, *end;
} slice;

static void skip_blanks(slice *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
        s->p++;
}

static bool take(slice *s, char c)
{
    skip_blanks(s);
    if (s->p >= s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

/* From behind the opening quotes to behind the closing ones. */
static bool skip_string(slice *s)
{
    while (s->p < s->end && *s->p != '"') {
        if (*s->p == '\\' && s->p + 1 < s->end)
            s->p++;
        s->p++;
    }
    if (s->p == s->end)
        return false;
    s->p++;
    return true;
}

/* An object or array, its opening bracket included. */
static bool skip_nested(slice *s)
{
    size_t depth = 0;
    while (s->p < s->end) {
        char c = *s->p++;
        if (c == '"' && !skip_string(s))
            return false;
        if (c == '{' || c == '[')
            depth++;
        if ((c == '}' || c == ']') && --depth == 0)
            return true;
    }
    return false;
}

static bool ends_plain(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool take_value(slice *s, slice *value)
{
    skip_blanks(s);
    value->p = s->p;
    if (s->p >= s->end)
        return false;
    if (*s->p == '"') {
        s->p++;
        if (!skip_string(s))
            return false;
    } else if (*s->p == '{' || *s->p == '[') {
        if (!skip_nested(s))
            return false;
    } else {
        while (s->p < s->end && !ends_plain(*s->p))
            s->p++;
    }
    value->end = s->p;
    return value->p < value->end;
}

static bool is(slice s, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(s.end - s.p) == n && memcmp(s.p, text, n) == 0;
}

/* The member `key`, given with its quotes; an empty slice if there is none. false: not an object */
static bool member(slice object, const char *key, slice *value)
{
    slice name, one;
    *value = (slice){NULL, NULL};
    if (!take(&object, '{'))
        return false;
    if (take(&object, '}'))
        return true;
    do {
        skip_blanks(&object);
        if (object.p >= object.end || *object.p != '"' || !take_value(&object, &name) ||
            !take(&object, ':') || !take_value(&object, &one))
            return false;
        if (is(name, key))
            *value = one;
    } while (take(&object, ','));
    return take(&object, '}');
}

static bool take_code(slice *s, uint32_t *code)
{
    *code = 0;
    if (s->end - s->p < 4)
        return false;
    for (int i = 0; i < 4; i++, s->p++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *at = *s->p ? strchr(digits, *s->p) : NULL;
        if (!at)
            return false;
        uint32_t digit = (uint32_t)(at - digits);
        *code = *code << 4 | (digit > 15 ? digit - 6 : digit);
    }
    return true;
}

static void add_utf8(cw__text *to, uint32_t c)
{
    if (c < 0x80) {
        cw__text_add_char(to, (char)c);
        return;
    }
    if (c < 0x800) {
        cw__text_add_char(to, (char)(0xC0 | c >> 6));
    } else {
        if (c < 0x10000) {
            cw__text_add_char(to, (char)(0xE0 | c >> 12));
        } else {
            cw__text_add_char(to, (char)(0xF0 | c >> 18));
            cw__text_add_char(to, (char)(0x80 | (c >> 12 & 0x3F)));
        }
        cw__text_add_char(to, (char)(0x80 | (c >> 6 & 0x3F)));
    }
    cw__text_add_char(to, (char)(0x80 | (c & 0x3F)));
}

/* \uXXXX, and the second half where the first is one of two. */
static bool add_code(slice *s, cw__text *to)
{
    uint32_t code, low;
    if (!take_code(s, &code) || code == 0 || (code >= 0xDC00 && code <= 0xDFFF))
        return false;
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u')
            return false;
        s->p += 2;
        if (!take_code(s, &low) || low < 0xDC00 || low > 0xDFFF)
            return false;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    add_utf8(to, code);
    return true;
}

/* What a string in quotes stands for. */
static bool add_string(slice s, cw__text *to)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    s.p++;
    s.end--;
    while (s.p < s.end) {
        if (*s.p != '\\') {
            cw__text_add_char(to, *s.p++);
            continue;
        }
        if (++s.p >= s.end)
            return false;
        char c = *s.p++;
        const char *simple = c ? strchr(from, c) : NULL;
        if (simple)
            cw__text_add_char(to, into[simple - from]);
        else if (c != 'u' || !add_code(&s, to))
            return false;
    }
    return true;
}

/* Whether a description is of longitude and latitude on WGS 84, the default of Parquet. */
static bool is_usual(slice crs)
{
    slice id, authority, code;
    if (is(crs, "null") || is(crs, "\"OGC:CRS84\"") || is(crs, "\"EPSG:4326\""))
        return true;
    if (!member(crs, "\"id\"", &id) || !id.p || !member(id, "\"authority\"", &authority) ||
        !member(id, "\"code\"", &code) || !authority.p || !code.p)
        return false;
    return (is(authority, "\"OGC\"") && is(code, "\"CRS84\"")) ||
           (is(authority, "\"EPSG\"") && (is(code, "4326") || is(code, "\"4326\"")));
}

static cw_status fail_json(cw_error *err)
{
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "the metadata of geoarrow.wkb is not usable JSON");
}

static cw_status read_crs(slice object, char **out, cw_error *err)
{
    slice crs, kind;
    cw__text text = {0};
    if (!member(object, "\"crs\"", &crs) || !member(object, "\"crs_type\"", &kind))
        return fail_json(err);
    if (!crs.p || is_usual(crs))
        return CW_OK;
    if (is(kind, "\"srid\""))
        cw__text_add(&text, "srid:");
    bool ok = *crs.p == '"' ? add_string(crs, &text) : true;
    if (*crs.p != '"')
        cw__text_add_n(&text, crs.p, (size_t)(crs.end - crs.p));
    ok = ok && (text.failed || strlen(cw__text_str(&text)) == text.n);
    *out = ok && !text.failed ? cw__strdup(cw__text_str(&text)) : NULL;
    cw__text_free(&text);
    if (!ok)
        return fail_json(err);
    return *out ? CW_OK : cw__fail_memory(err, "reading geoarrow.wkb");
}

static cw_status read_edges(slice object, cw_type *type, cw_edges *edges, cw_error *err)
{
    slice value;
    if (!member(object, "\"edges\"", &value))
        return fail_json(err);
    if (!value.p || is(value, "null") || is(value, "\"planar\""))
        return CW_OK;
    *type = CW_TYPE_GEOGRAPHY;
    bool quoted = *value.p == '"';
    value.p += quoted;
    value.end -= quoted;
    for (int i = 0; quoted && cw__edges_name((cw_edges)i); i++)
        if (is(value, cw__edges_name((cw_edges)i))) {
            *edges = (cw_edges)i;
            return CW_OK;
        }
    return cw__fail(err, CW_E_INVALID_ARGUMENT,
                    "the edges of geoarrow.wkb are none that Parquet knows");
}

cw_status cw__geoarrow_read(const char *json, size_t n, cw_type *type, char **crs, cw_edges *edges,
                            cw_error *err)
{
    *type = CW_TYPE_GEOMETRY;
    *edges = CW_EDGES_SPHERICAL;
    *crs = NULL;
    if (n == 0)
        return CW_OK;
    slice object = {json, json + n};
    cw_status status = read_edges(object, type, edges, err);
    return status == CW_OK ? read_crs(object, crs, err) : status;
}

static void add_quoted(cw__text *to, const char *s)
{
    cw__text_add_char(to, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            cw__text_addf(to, "\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            cw__text_addf(to, "\\u%04x", (unsigned)*s);
        else
            cw__text_add_char(to, *s);
    }
    cw__text_add_char(to, '"');
}

/* An object, whole: one that says something else behind its end is text. */
static bool is_object(const char *s)
{
    slice rest = {s, s + strlen(s)};
    slice any;
    return *s == '{' && member(rest, "\"\"", &any) && take_value(&rest, &any) && rest.p == rest.end;
}

void cw__geoarrow_write(cw__text *to, const cw__node *node)
{
    cw__text_add(to, "{\"crs\":");
    if (!node->crs) {
        cw__text_add(to, "\"OGC:CRS84\",\"crs_type\":\"authority_code\"");
    } else if (is_object(node->crs)) {
        cw__text_addf(to, "%s", node->crs);
    } else if (cw__starts_with(node->crs, "srid:")) {
        add_quoted(to, node->crs + strlen("srid:"));
        cw__text_add(to, ",\"crs_type\":\"srid\"");
    } else {
        add_quoted(to, node->crs);
    }
    if (node->type == CW_TYPE_GEOGRAPHY)
        cw__text_addf(to, ",\"edges\":\"%s\"", cw__edges_name(node->edges));
    cw__text_add_char(to, '}');
}
