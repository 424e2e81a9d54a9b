/* build.c - add fields to a schema, one after the other
 *
 * Every field is checked as it comes, against its parent and its siblings, so that a mistake is
 * told where it is made; a field that is refused leaves the schema as it was. Levels are known at
 * once. What needs the whole tree (empty groups, leaves) is cw__schema_finish's.
 */
#include "format/parquet/schema/tree.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

enum { FIRST_SLOTS = 16 };

/* ---- names ----------------------------------------------------------------------------------- */

static bool continues(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* The length of the UTF-8 sequence at `p`, or 0: overlong forms and surrogates are none. */
static size_t sequence(const unsigned char *p)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4 || !continues(p[1]))
        return 0;
    if (p[0] < 0xE0)
        return 2;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F) || !continues(p[2]))
        return 0;
    if (p[0] < 0xF0)
        return 3;
    return continues(p[3]) ? 4 : 0;
}

static bool is_utf8(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    while (*p) {
        size_t n = sequence(p);
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

/* A character that is cut off at the end goes as a whole. */
static void trim_cut(char *s, size_t size)
{
    size_t n = strlen(s);
    if (n + 1 < size)
        return;
    while (n > 0 && continues((unsigned char)s[n - 1]))
        n--;
    if (n > 0 && (unsigned char)s[n - 1] >= 0xC0)
        n--;
    s[n] = '\0';
}

static void add_path(const cw__node *n, char *out, size_t size)
{
    if (!n->parent)
        return;
    add_path(n->parent, out, size);
    size_t used = strlen(out);
    snprintf(out + used, size - used, "%s%s", used ? "." : "", n->name);
}

void cw__node_where(const cw__node *n, char *out, size_t size)
{
    out[0] = '\0';
    add_path(n, out, size);
    trim_cut(out, size);
}

void cw__schema_where(const cw_schema *s, const char *name, char *out, size_t size)
{
    out[0] = '\0';
    add_path(s->open, out, size);
    size_t used = strlen(out);
    if (name && name[0])
        snprintf(out + used, size - used, "%s%s", used ? "." : "", name);
    trim_cut(out, size);
}

static size_t hash(const cw__node *parent, const char *name)
{
    uint64_t h = 0xCBF29CE484222325U ^ (uint64_t)(uintptr_t)parent;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001B3U;
    return (size_t)(h ^ h >> 29);
}

/* The slot of that field, or the free one where it would go. Never full. */
static cw__node **find_name(cw__node **slots, size_t n, const cw__node *parent, const char *name)
{
    size_t at = hash(parent, name) & (n - 1);
    while (slots[at] && (slots[at]->parent != parent || strcmp(slots[at]->name, name) != 0))
        at = (at + 1) & (n - 1);
    return &slots[at];
}

/* Room for one name more, so that adding it cannot fail. */
static bool reserve_name(cw_schema *s)
{
    if ((s->name_count + 1) * 2 <= s->name_slots)
        return true;
    size_t n = s->name_slots ? s->name_slots * 2 : FIRST_SLOTS;
    cw__node **slots = cw__alloc_zero(n * sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < s->name_slots; i++)
        if (s->names[i])
            *find_name(slots, n, s->names[i]->parent, s->names[i]->name) = s->names[i];
    cw__free(s->names);
    s->names = slots;
    s->name_slots = n;
    return true;
}

static bool is_taken(const cw_schema *s, const char *name)
{
    return s->name_slots && *find_name(s->names, s->name_slots, s->open, name);
}

/* The name a field has: the children of lists and maps have one by themselves. */
static const char *name_of(const cw_schema *s, const cw_field *f)
{
    if (f->name && f->name[0])
        return f->name;
    if (s->open->type == CW_TYPE_LIST)
        return "element";
    if (s->open->type == CW_TYPE_MAP)
        return s->open->child_count == 0 ? "key" : "value";
    return NULL;
}

/* ---- what a field may be --------------------------------------------------------------------- */

static unsigned most_digits(cw_type type)
{
    switch (type) {
    case CW_TYPE_DECIMAL32:
        return 9;
    case CW_TYPE_DECIMAL64:
        return 18;
    case CW_TYPE_DECIMAL128:
        return 38;
    case CW_TYPE_DECIMAL256:
        return 76;
    default:
        return 0;
    }
}

static bool has_unit(cw_type type)
{
    return type == CW_TYPE_TIME || type == CW_TYPE_TIMESTAMP;
}

static bool is_geo(cw_type type)
{
    return type == CW_TYPE_GEOMETRY || type == CW_TYPE_GEOGRAPHY;
}

static cw_status check_decimal(const cw_field *f, const char *where, cw_error *err)
{
    unsigned most = most_digits(f->type);
    if (f->precision < 1 || f->precision > most)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "field '%s': a %s has 1 to %u digits, not %u",
                        where, cw__type_name(f->type), most, f->precision);
    if (f->scale > f->precision)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "field '%s': a scale of %u is more than the precision, %u", where, f->scale,
                        f->precision);
    return CW_OK;
}

static cw_status check_time(const cw_field *f, const char *where, cw_error *err)
{
    if (f->unit && !cw__unit_name(f->unit))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "field '%s': there is no time unit %d", where,
                        (int)f->unit);
    if (f->timezone && (f->type != CW_TYPE_TIMESTAMP || !f->utc))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "field '%s': only a timestamp that is utc has a time zone", where);
    if (f->timezone && !is_utf8(f->timezone))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "field '%s': its time zone is not valid UTF-8",
                        where);
    return CW_OK;
}

static cw_status check_geo(const cw_field *f, const char *where, cw_error *err)
{
    if (f->crs && !is_utf8(f->crs))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "field '%s': its crs is not valid UTF-8",
                        where);
    if (f->type == CW_TYPE_GEOGRAPHY && !cw__edges_name(f->edges))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "field '%s': there are no edges %d", where,
                        (int)f->edges);
    return CW_OK;
}

/* The members that its type gives a meaning. */
static cw_status check_type(const cw_field *f, const char *where, cw_error *err)
{
    if (!cw__type_name(f->type))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "field '%s': there is no type %d", where,
                        (int)f->type);
    if (most_digits(f->type))
        return check_decimal(f, where, err);
    if (has_unit(f->type))
        return check_time(f, where, err);
    if (is_geo(f->type))
        return check_geo(f, where, err);
    if (f->type == CW_TYPE_FIXED && (f->width < 1 || f->width > INT32_MAX))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "field '%s': values of a fixed width have 1 to %d bytes", where, INT32_MAX);
    if (f->type == CW_TYPE_NONE && !f->nullable)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "field '%s': nothing but nulls has to be optional", where);
    return CW_OK;
}

static cw_status check_name(const cw_schema *s, const char *name, const char *where, cw_error *err)
{
    if (!name)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "field '%s' has no name", where);
    if (!is_utf8(name))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the name of field %zu of a group is not valid UTF-8",
                        s->open->child_count + 1);
    if (is_taken(s, name))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "field '%s' is there twice", where);
    return CW_OK;
}

static cw_status check_variant_child(const cw_field *f, const char *name, const char *where,
                                     cw_error *err)
{
    if ((strcmp(name, "metadata") == 0 || strcmp(name, "value") == 0) &&
        f->type == CW_TYPE_BINARY && !f->nullable)
        return CW_OK;
    return cw__fail(err, CW_E_INVALID_ARGUMENT,
                    "field '%s': a variant is a required binary metadata and a required binary "
                    "value",
                    where);
}

static cw_status check_place(const cw_schema *s, const cw_field *f, const char *name,
                             const char *where, cw_error *err)
{
    const cw__node *in = s->open;
    size_t most = in->type == CW_TYPE_LIST ? 1 : in->type == CW_TYPE_STRUCT ? SIZE_MAX : 2;
    if (in->child_count >= most)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "field '%s': a %s has no more than %s", where,
                        cw__type_name(in->type),
                        in->type == CW_TYPE_LIST  ? "one field, the element"
                        : in->type == CW_TYPE_MAP ? "two fields, key and value"
                                                  : "two fields, metadata and value");
    if (in->type == CW_TYPE_MAP && in->child_count == 0 && f->nullable)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "field '%s': the key of a map is required, it cannot be null", where);
    if (in->type == CW_TYPE_VARIANT)
        return check_variant_child(f, name, where, err);
    return CW_OK;
}

static unsigned depth_of(const cw__node *n)
{
    unsigned depth = 0;
    for (; n->parent; n = n->parent)
        depth++;
    return depth;
}

/* How many elements of the format's own schema a field makes. */
static size_t elements_of(cw_type type)
{
    return type == CW_TYPE_LIST || type == CW_TYPE_MAP ? 2 : 1;
}

static cw_status check_limits(const cw_schema *s, const cw__node *n, const char *where,
                              cw_error *err)
{
    if (depth_of(n) > CW__MAX_DEPTH || n->def + cw__is_repeated(n) > CW__MAX_LEVEL)
        return cw__fail(err, CW_E_UNSUPPORTED, "field '%s' lies too deep: more than %d levels",
                        where, CW__MAX_LEVEL);
    if (s->elements + elements_of(n->type) > CW__MAX_ELEMENTS)
        return cw__fail(err, CW_E_UNSUPPORTED, "more fields than the %d that readers take",
                        CW__MAX_ELEMENTS);
    return CW_OK;
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* A copy of a setting; none where there is none, or where it says what is the default anyway. */
static bool copy_setting(char **to, const char *from, const char *usual)
{
    if (!from || !from[0] || strcmp(from, usual) == 0)
        return true;
    *to = cw__strdup(from);
    return *to != NULL;
}

static void free_node(cw__node *n)
{
    if (!n)
        return;
    cw__free(n->name);
    cw__free(n->timezone);
    cw__free(n->crs);
    cw__free(n);
}

static void set_levels(cw__node *n)
{
    const cw__node *parent = n->parent;
    n->rep = parent->rep + cw__is_repeated(parent);
    n->def = parent->def + cw__is_repeated(parent) + n->nullable;
}

/* NULL: out of memory. What means nothing for the type is left out. */
static cw__node *make_node(cw__node *parent, const cw_field *f, const char *name)
{
    cw__node *n = cw__alloc_zero(sizeof *n);
    if (!n)
        return NULL;
    n->parent = parent;
    n->type = f->type;
    n->nullable = f->nullable != 0;
    n->has_field_id = f->has_field_id != 0;
    n->field_id = f->has_field_id ? f->field_id : 0;
    if (most_digits(f->type)) {
        n->precision = f->precision;
        n->scale = f->scale;
    }
    if (has_unit(f->type)) {
        n->unit = f->unit ? f->unit : CW_UNIT_US;
        n->utc = f->utc != 0;
    }
    if (f->type == CW_TYPE_FIXED)
        n->width = f->width;
    if (f->type == CW_TYPE_GEOGRAPHY)
        n->edges = f->edges;
    n->name = cw__strdup(name);
    if (!n->name || (has_unit(f->type) && !copy_setting(&n->timezone, f->timezone, "UTC")) ||
        (is_geo(f->type) && !copy_setting(&n->crs, f->crs, "OGC:CRS84"))) {
        free_node(n);
        return NULL;
    }
    set_levels(n);
    return n;
}

/* The room for children doubles whenever their number is a power of two. */
static bool reserve_child(cw__node *parent)
{
    size_t n = parent->child_count;
    if (n & (n - 1))
        return true;
    cw__node **more = cw__realloc(parent->children, (n ? 2 * n : 1) * sizeof(cw__node *));
    if (more)
        parent->children = more;
    return more != NULL;
}

static void link_node(cw_schema *s, cw__node *n)
{
    cw__node *parent = n->parent;
    parent->children[parent->child_count++] = n;
    *find_name(s->names, s->name_slots, parent, n->name) = n;
    s->name_count++;
    s->elements += elements_of(n->type);
    s->finished = false;
}

static cw_status check(const cw_schema *s, const cw_field *f, const char *name, cw_error *err)
{
    char where[CW__WHERE_BYTES];
    cw__schema_where(s, name, where, sizeof where);
    cw_status status = check_name(s, name, where, err);
    if (status == CW_OK)
        status = check_type(f, where, err);
    if (status == CW_OK)
        status = check_place(s, f, name, where, err);
    return status;
}

cw_status cw__schema_put(cw_schema *s, const cw_field *f, cw__node **out, cw_error *err)
{
    char where[CW__WHERE_BYTES];
    const char *name = name_of(s, f);
    cw_status status = check(s, f, name, err);
    if (status != CW_OK)
        return status;
    cw__node *n = make_node(s->open, f, name);
    if (!n || !reserve_child(s->open) || !reserve_name(s)) {
        free_node(n);
        return cw__fail_memory(err, "adding a field to a schema");
    }
    cw__schema_where(s, name, where, sizeof where);
    status = check_limits(s, n, where, err);
    if (status != CW_OK) {
        free_node(n);
        return status;
    }
    link_node(s, n);
    if (out)
        *out = n;
    return CW_OK;
}

cw_status cw_schema_new(cw_schema **out, cw_error *err)
{
    cw__error_clear(err);
    if (!out)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "there is no place for the schema: out is NULL");
    cw_schema *s = cw__alloc_zero(sizeof *s);
    *out = NULL;
    if (!s)
        return cw__fail_memory(err, "making a schema");
    s->root.type = CW_TYPE_STRUCT;
    s->open = &s->root;
    s->elements = 1;
    s->name = cw__strdup("schema");
    if (!s->name) {
        cw__free(s);
        return cw__fail_memory(err, "making a schema");
    }
    *out = s;
    return CW_OK;
}

cw_status cw__schema_rename(cw_schema *s, const char *name, cw_error *err)
{
    if (!is_utf8(name))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "the name of a schema is not valid UTF-8");
    char *copy = cw__strdup(name);
    if (!copy)
        return cw__fail_memory(err, "naming a schema");
    cw__free(s->name);
    s->name = copy;
    return CW_OK;
}

cw_status cw_schema_add(cw_schema *s, const cw_field *f, cw_error *err)
{
    cw__error_clear(err);
    if (!s || !f)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "a schema and a field are needed");
    if (cw__is_group(f->type) && f->type != CW_TYPE_VARIANT)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "a %s has fields of its own: cw_schema_begin it", cw__type_name(f->type));
    return cw__schema_put(s, f, NULL, err);
}

cw_status cw_schema_begin(cw_schema *s, const cw_field *f, cw_error *err)
{
    cw__node *n;
    cw__error_clear(err);
    if (!s || !f)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "a schema and a field are needed");
    if (!cw__is_group(f->type) && cw__type_name(f->type))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "a %s has no fields of its own: cw_schema_add it", cw__type_name(f->type));
    cw_status status = cw__schema_put(s, f, &n, err);
    if (status == CW_OK)
        s->open = n;
    return status;
}

cw_status cw_schema_end(cw_schema *s, cw_error *err)
{
    cw__error_clear(err);
    if (!s)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "a schema is needed");
    if (!s->open->parent)
        return cw__fail(err, CW_E_STATE, "cw_schema_end without a cw_schema_begin");
    char where[CW__WHERE_BYTES];
    const cw__node *n = s->open;
    size_t least = n->type == CW_TYPE_MAP || n->type == CW_TYPE_VARIANT ? 2 : 1;
    cw__node_where(n, where, sizeof where);
    if (n->child_count < least)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "the %s '%s' needs %s", cw__type_name(n->type),
                        where,
                        n->type == CW_TYPE_MAP       ? "a key and a value"
                        : n->type == CW_TYPE_LIST    ? "an element"
                        : n->type == CW_TYPE_VARIANT ? "metadata and a value"
                                                     : "at least one field");
    s->open = n->parent;
    return CW_OK;
}
