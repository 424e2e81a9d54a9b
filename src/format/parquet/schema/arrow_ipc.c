/* arrow_ipc.c - the message "Schema" of Arrow, a flatbuffer, in base64
 *
 *     ff ff ff ff | u32: bytes from here on to the end of the padding | flatbuffer | 0 to 7 of 0
 *
 * A flatbuffer points forward with unsigned 32-bit distances and backward, from a table to its
 * vtable, with signed ones. So everything is written once, from the root down: a parent first, with
 * a hole for each child, and the child's place is put into the hole when it gets there. Every
 * number is at most 4 bytes wide here, hence an alignment of 4 is enough.
 *
 *     vtable: u16 its bytes | u16 the table's bytes | u16 place of slot 0 in the table, 0: absent …
 *     table:  i32 back to the vtable | values, wide ones first
 */
#include "format/parquet/schema/arrow_ipc.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/schema/geoarrow.h"

enum { PREFIX_BYTES = 8, MOST_SLOTS = 8 };

/* MetadataVersion, MessageHeader and the members of the union Type that are used. */
enum { VERSION_5 = 4, HEADER_SCHEMA = 1 };
enum {
    TYPE_NULL = 1,
    TYPE_INT = 2,
    TYPE_FLOATING_POINT = 3,
    TYPE_BINARY = 4,
    TYPE_UTF8 = 5,
    TYPE_BOOL = 6,
    TYPE_DECIMAL = 7,
    TYPE_DATE = 8,
    TYPE_TIME = 9,
    TYPE_TIMESTAMP = 10,
    TYPE_LIST = 12,
    TYPE_STRUCT = 13,
    TYPE_FIXED_SIZE_BINARY = 15,
    TYPE_MAP = 17,
    TYPE_DURATION = 18
};

/* A value of a table: 0 (absent), 1, 2 or 4 bytes. */
typedef struct slot {
    uint8_t bytes;
    uint32_t value;
} slot;

#define ABSENT                                                                                     \
    {                                                                                              \
        0, 0                                                                                       \
    }
#define HOLE                                                                                       \
    {                                                                                              \
        4, 0                                                                                       \
    }

/* ---- flatbuffers ----------------------------------------------------------------------------- */

static void add_number(cw__text *t, uint32_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        cw__text_add_char(t, (char)(unsigned char)(v >> 8 * i));
}

static void align(cw__text *t, size_t to)
{
    while (t->n % to && !t->failed)
        cw__text_add_char(t, 0);
}

/* Let the hole at `at` point to what comes next. */
static void point_here(cw__text *t, size_t at)
{
    align(t, 4);
    if (t->failed)
        return;
    uint32_t distance = (uint32_t)(t->n - at);
    for (unsigned i = 0; i < 4; i++)
        t->p[at + i] = (char)(unsigned char)(distance >> 8 * i);
}

/* Where each slot lies in its table: the wide ones first. Answers the table's bytes. */
static size_t lay_out(const slot *slots, size_t n, size_t place[MOST_SLOTS])
{
    size_t used = 4;
    for (unsigned bytes = 4; bytes > 0; bytes /= 2)
        for (size_t i = 0; i < n; i++)
            if (slots[i].bytes == bytes) {
                place[i] = used;
                used += bytes;
            }
    return used;
}

/* A table at the hole `from`; place[i] becomes where slot i is, in the whole. */
static void add_table(cw__text *t, size_t from, const slot *slots, size_t n,
                      size_t place[MOST_SLOTS])
{
    size_t vtable_bytes = 4 + 2 * n;
    memset(place, 0, MOST_SLOTS * sizeof *place);
    size_t bytes = lay_out(slots, n, place);
    align(t, 4);
    if (vtable_bytes % 4)
        add_number(t, 0, 2); /* so that the table behind the vtable is aligned */
    add_number(t, (uint32_t)vtable_bytes, 2);
    add_number(t, (uint32_t)bytes, 2);
    for (size_t i = 0; i < n; i++)
        add_number(t, (uint32_t)place[i], 2);
    point_here(t, from);
    size_t start = t->n;
    add_number(t, (uint32_t)vtable_bytes, 4);
    for (unsigned width = 4; width > 0; width /= 2)
        for (size_t i = 0; i < n; i++)
            if (slots[i].bytes == width)
                add_number(t, slots[i].value, width);
    for (size_t i = 0; i < n; i++)
        place[i] += start;
}

static void add_string(cw__text *t, size_t from, const char *s, size_t n)
{
    point_here(t, from);
    add_number(t, (uint32_t)n, 4);
    cw__text_add_n(t, s, n);
    cw__text_add_char(t, 0);
}

/* A vector of `n` holes; answers where the first is. */
static size_t add_vector(cw__text *t, size_t from, size_t n)
{
    point_here(t, from);
    add_number(t, (uint32_t)n, 4);
    size_t first = t->n;
    for (size_t i = 0; i < n; i++)
        add_number(t, 0, 4);
    return first;
}

/* ---- types ----------------------------------------------------------------------------------- */

/* What goes into the table of a type: most have one number or two. */
typedef struct spelling {
    uint8_t type;
    size_t n;
    slot slots[3];
} spelling;

static spelling int_of(uint32_t bits, bool is_signed)
{
    return (spelling){TYPE_INT, 2, {{4, bits}, {1, is_signed}}};
}

static spelling one_of(uint8_t type, uint8_t bytes, uint32_t value)
{
    return (spelling){type, 1, {{bytes, value}}};
}

static spelling none_of(uint8_t type)
{
    return (spelling){.type = type};
}

/* TimeUnit: seconds 0, milliseconds 1 … */
static uint32_t unit_of(const cw__node *n)
{
    return (uint32_t)n->unit;
}

static spelling spell_int(const cw__node *n)
{
    switch (n->type) {
    case CW_TYPE_INT8:
        return int_of(8, true);
    case CW_TYPE_INT16:
        return int_of(16, true);
    case CW_TYPE_INT32:
        return int_of(32, true);
    case CW_TYPE_UINT8:
        return int_of(8, false);
    case CW_TYPE_UINT16:
        return int_of(16, false);
    case CW_TYPE_UINT32:
        return int_of(32, false);
    case CW_TYPE_UINT64:
        return int_of(64, false);
    default:
        break;
    }
    if (n->arrow >= CW__ARROW_DURATION_S && n->arrow <= CW__ARROW_DURATION_NS)
        return one_of(TYPE_DURATION, 2, (uint32_t)(n->arrow - CW__ARROW_DURATION_S));
    return int_of(64, true);
}

static spelling spell_moment(const cw__node *n)
{
    if (n->type == CW_TYPE_DATE)
        return one_of(TYPE_DATE, 2, 0);
    if (n->type == CW_TYPE_TIME)
        return (spelling){TYPE_TIME, 2, {{2, unit_of(n)}, {4, n->unit == CW_UNIT_MS ? 32 : 64}}};
    if (n->type == CW_TYPE_TIMESTAMP && n->utc)
        return (spelling){TYPE_TIMESTAMP, 2, {{2, unit_of(n)}, HOLE}};
    return one_of(TYPE_TIMESTAMP, 2, n->type == CW_TYPE_INT96 ? 3 : unit_of(n));
}

/* Narrow decimals go as 128 bits: readers of some years ago know no others but those of 256. */
static spelling spell_decimal(const cw__node *n)
{
    uint32_t bits = n->type == CW_TYPE_DECIMAL256 ? 256 : 128;
    return (spelling){TYPE_DECIMAL, 3, {{4, n->precision}, {4, n->scale}, {4, bits}}};
}

static spelling spell(const cw__node *n)
{
    switch (n->type) {
    case CW_TYPE_BOOL:
        return none_of(TYPE_BOOL);
    case CW_TYPE_FLOAT16:
    case CW_TYPE_FLOAT:
    case CW_TYPE_DOUBLE:
        return one_of(TYPE_FLOATING_POINT, 2, (uint32_t)(n->type - CW_TYPE_FLOAT16));
    case CW_TYPE_DECIMAL32:
    case CW_TYPE_DECIMAL64:
    case CW_TYPE_DECIMAL128:
    case CW_TYPE_DECIMAL256:
        return spell_decimal(n);
    case CW_TYPE_STRING:
    case CW_TYPE_ENUM:
    case CW_TYPE_JSON:
        return none_of(TYPE_UTF8);
    case CW_TYPE_BSON:
    case CW_TYPE_BINARY:
    case CW_TYPE_GEOMETRY:
    case CW_TYPE_GEOGRAPHY:
        return none_of(TYPE_BINARY);
    case CW_TYPE_FIXED:
        return one_of(TYPE_FIXED_SIZE_BINARY, 4, n->width);
    case CW_TYPE_UUID:
        return one_of(TYPE_FIXED_SIZE_BINARY, 4, 16);
    case CW_TYPE_INTERVAL:
        return one_of(TYPE_FIXED_SIZE_BINARY, 4, 12);
    case CW_TYPE_DATE:
    case CW_TYPE_TIME:
    case CW_TYPE_TIMESTAMP:
    case CW_TYPE_INT96:
        return spell_moment(n);
    case CW_TYPE_NONE:
        return none_of(TYPE_NULL);
    case CW_TYPE_LIST:
        return none_of(TYPE_LIST);
    case CW_TYPE_MAP:
        return one_of(TYPE_MAP, 1, 0);
    case CW_TYPE_STRUCT:
    case CW_TYPE_VARIANT:
        return none_of(TYPE_STRUCT);
    default:
        return spell_int(n);
    }
}

static const char *extension_of(const cw__node *n)
{
    if (n->arrow == CW__ARROW_BOOL8)
        return "arrow.bool8";
    switch (n->type) {
    case CW_TYPE_UUID:
        return "arrow.uuid";
    case CW_TYPE_JSON:
        return "arrow.json";
    case CW_TYPE_GEOMETRY:
    case CW_TYPE_GEOGRAPHY:
        return "geoarrow.wkb";
    case CW_TYPE_VARIANT:
        return "arrow.parquet.variant";
    default:
        return NULL;
    }
}

/* ---- fields ---------------------------------------------------------------------------------- */

static void add_pair(cw__text *t, size_t from, const char *key, const char *value, size_t n)
{
    static const slot slots[] = {HOLE, HOLE};
    size_t place[MOST_SLOTS];
    add_table(t, from, slots, 2, place);
    add_string(t, place[0], key, strlen(key));
    add_string(t, place[1], value, n);
}

static void add_extension(cw__text *t, size_t from, const cw__node *n, const char *name)
{
    cw__text metadata = {0};
    size_t first = add_vector(t, from, 2);
    if (n->type == CW_TYPE_GEOMETRY || n->type == CW_TYPE_GEOGRAPHY)
        cw__geoarrow_write(&metadata, n);
    add_pair(t, first, "ARROW:extension:name", name, strlen(name));
    add_pair(t, first + 4, "ARROW:extension:metadata", cw__text_str(&metadata), metadata.n);
    t->failed = t->failed || metadata.failed;
    cw__text_free(&metadata);
}

/* Field: name, nullable, type (its number, its table), dictionary, children, metadata. Answers
 * where the holes of the children are. */
static size_t add_head(cw__text *t, size_t from, const cw__node *n, const char *name,
                       size_t children)
{
    const char *extension = extension_of(n);
    const spelling type = spell(n);
    const slot slots[] = {HOLE, {1, n->nullable},      {1, type.type}, HOLE, ABSENT,
                          HOLE, {extension ? 4 : 0, 0}};
    size_t place[MOST_SLOTS], inner[MOST_SLOTS];
    add_table(t, from, slots, sizeof slots / sizeof slots[0], place);
    add_string(t, place[0], name, strlen(name));
    add_table(t, place[3], type.slots, type.n, inner);
    if (n->type == CW_TYPE_TIMESTAMP && n->utc) {
        const char *zone = n->timezone ? n->timezone : "UTC";
        add_string(t, inner[1], zone, strlen(zone));
    }
    if (extension)
        add_extension(t, place[6], n, extension);
    return add_vector(t, place[5], children);
}

static void add_field(cw__text *t, size_t from, const cw__node *n);

static void add_children(cw__text *t, size_t first, const cw__node *n)
{
    for (size_t i = 0; i < n->child_count && !t->failed; i++)
        add_field(t, first + 4 * i, n->children[i]);
}

static void add_field(cw__text *t, size_t from, const cw__node *n)
{
    if (n->type == CW_TYPE_MAP) {
        static const cw__node entries = {.type = CW_TYPE_STRUCT};
        from = add_head(t, from, n, n->name, 1);
        add_children(t, add_head(t, from, &entries, "entries", n->child_count), n);
    } else {
        add_children(t, add_head(t, from, n, n->name, n->child_count), n);
    }
}

/* Message: version, header (its number, its table). Schema: endianness, fields. */
static void add_message(cw__text *t, const cw_schema *s)
{
    static const slot message[] = {{2, VERSION_5}, {1, HEADER_SCHEMA}, HOLE};
    static const slot schema[] = {{2, 0}, HOLE};
    size_t place[MOST_SLOTS], root = t->n;
    add_number(t, 0, 4);
    add_table(t, root, message, 3, place);
    root = place[2];
    add_table(t, root, schema, 2, place);
    add_children(t, add_vector(t, place[1], s->root.child_count), &s->root);
    align(t, 8);
}

static void set_size(cw__text *t)
{
    uint32_t bytes = (uint32_t)(t->n - PREFIX_BYTES);
    for (unsigned i = 0; i < 4; i++)
        t->p[4 + i] = (char)(unsigned char)(bytes >> 8 * i);
}

cw_status cw__arrow_ipc_schema(cw__text *base64_out, const cw_schema *s, cw_error *err)
{
    cw__text t = {0};
    cw_status status = CW_OK;
    add_number(&t, UINT32_MAX, 4);
    add_number(&t, 0, 4);
    add_message(&t, s);
    if (!t.failed && t.n > INT32_MAX) {
        status = cw__fail(err, CW_E_TOO_LARGE, "the schema is too large for ARROW:schema");
    } else if (t.failed || !cw__text_reserve(base64_out, 4 * ((t.n + 2) / 3) + 1)) {
        status = cw__fail_memory(err, "making ARROW:schema");
    } else {
        set_size(&t);
        cw__base64(t.p, t.n, base64_out->p + base64_out->n);
        base64_out->n += 4 * ((t.n + 2) / 3);
    }
    cw__text_free(&t);
    return status;
}
