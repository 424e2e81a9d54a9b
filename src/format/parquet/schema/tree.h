/* tree.h - a schema as its users inside see it: the tree of fields, and the leaf columns below
 *
 * A finished schema is read-only. At most CW__MAX_DEPTH fields lie within each other, so that
 * recursion over the tree is bounded, and at most CW__MAX_ELEMENTS elements are made of it, which
 * is what readers take. Lists and maps are one node here; the repeated group that Parquet puts
 * between them and their children has no node of its own:
 *
 *     optional list tags { optional string element; }
 *         -> optional group tags (LIST) { repeated group list { optional binary element (UTF8) } }
 *         tags: def 1, rep 0;  its items: def 2, rep 1;  element: def 3, rep 1
 */
#ifndef CW_PARQUET_TREE_H
#define CW_PARQUET_TREE_H

#include <stdbool.h>
#include <cloudwriter/schema.h>

/** Physical types, by the numbers of the format. */
typedef enum cw__physical {
    CW__BOOLEAN = 0,
    CW__INT32 = 1,
    CW__INT64 = 2,
    CW__INT96 = 3,
    CW__FLOAT = 4,
    CW__DOUBLE = 5,
    CW__BYTE_ARRAY = 6,
    CW__FIXED_LEN_BYTE_ARRAY = 7
} cw__physical;

/** How values of a leaf compare for min and max. */
typedef enum cw__order {
    CW__ORDER_NONE = 0,       /* no statistics: INT96, INTERVAL, VARIANT, GEO, null */
    CW__ORDER_SIGNED,         /* INT32, INT64; booleans too, false before true */
    CW__ORDER_UNSIGNED,       /* of unsigned INT32, INT64 */
    CW__ORDER_FLOAT,          /* FLOAT, DOUBLE, and FLOAT16 as FIXED[2]: NaN left out, -0 and +0 */
    CW__ORDER_BYTES,          /* byte by byte, unsigned: BYTE_ARRAY, FIXED, UUID */
    CW__ORDER_TWOS_COMPLEMENT /* big-endian, signed: DECIMAL in FIXED */
} cw__order;

/** What Arrow calls a field where its type here does not tell: for the ARROW:schema entry. */
typedef enum cw__arrow_origin {
    CW__ARROW_PLAIN = 0,
    CW__ARROW_DURATION_S, /* these four: INT64 */
    CW__ARROW_DURATION_MS,
    CW__ARROW_DURATION_US,
    CW__ARROW_DURATION_NS,
    CW__ARROW_BOOL8 /* INT8 */
} cw__arrow_origin;

typedef struct cw_node {
    struct cw_node *parent; /* NULL: the root, a required STRUCT */
    struct cw_node **children;
    size_t child_count;
    char *name;
    cw_type type;
    bool nullable;
    unsigned precision, scale;
    cw_unit unit; /* never 0 for TIME and TIMESTAMP */
    bool utc;
    char *timezone; /* NULL: "UTC" */
    uint32_t width;
    char *crs;
    cw_edges edges;
    bool has_field_id;
    int32_t field_id;
    cw__arrow_origin arrow;

    unsigned def; /* definition level of a value that is there; an empty list is there */
    unsigned rep; /* repetition level of its values */
    size_t first_leaf;
    size_t leaf_count; /* below it; 1 for a leaf */
} cw__node;

typedef struct cw__leaf {
    const cw__node *node;
    char *path; /* as Parquet spells it: "tags.list.element" */
    cw__physical physical;
    uint32_t width; /* bytes of a value as stored: 1 (a byte, 0 or 1, in buffers), 2, 4, 8, 12, 16
                       …; 0: BYTE_ARRAY */
    cw__order order;
    unsigned max_def, max_rep; /* up to CW__MAX_LEVEL */
    int8_t logical, converted; /* read only: the types that contradict each other, by the numbers of
                                  the format, its own or those of a group around it; else 0 */
    size_t index;
} cw__leaf;

enum { CW__MAX_LEVEL = 127, CW__MAX_DEPTH = 128, CW__MAX_ELEMENTS = 1000000 };

struct cw_schema {
    char *name;
    cw__node root;
    cw__leaf *leaves;
    size_t leaf_count;
    cw__node *open; /* where the builder adds; the root when all is ended */
    bool finished;
    size_t elements;  /* how many of the format's schema elements it takes */
    cw__node **names; /* a hash table of all fields, by parent and name */
    size_t name_slots, name_count;
};

/**
 * What cw_schema_add and cw_schema_begin do: check a field, and add it below s->open, which stays
 * as it is. *out (nullable) is the schema's. Below a list or map a name that is NULL or empty
 * becomes the one that the format wants. A field added to a finished schema unfinishes it.
 */
cw_status cw__schema_put(cw_schema *s, const cw_field *f, cw__node **out, cw_error *err);

/** Name the root; it is "schema" at first. */
cw_status cw__schema_rename(cw_schema *s, const char *name, cw_error *err);

/** "a.b.name" for a message about a field that is to be added below s->open; cut to fit. */
void cw__schema_where(const cw_schema *s, const char *name, char *out, size_t size);
/** The same for a field that is there; "" for the root. */
void cw__node_where(const cw__node *n, char *out, size_t size);
enum { CW__WHERE_BYTES = 200 };

/**
 * Levels, leaves and paths; checks that all is ended and nothing is empty. A VARIANT without
 * children gets its two. May be called again.
 */
cw_status cw__schema_finish(cw_schema *s, cw_error *err);

/** A finished copy. */
cw_status cw__schema_copy(cw_schema **out, const cw_schema *s, cw_error *err);

/**
 * The same fields with the same types and names. Nullability, field ids, time zones and the names
 * of a list's or map's children may differ.
 */
bool cw__schema_same_types(const cw_schema *a, const cw_schema *b);

/** "list", "map" … NULL for a number that is no type. */
const char *cw__type_name(cw_type type);

/** "ms", "vincenty" … NULL for a number that is none. */
const char *cw__unit_name(cw_unit unit);
const char *cw__edges_name(cw_edges edges);

static inline bool cw__is_group(cw_type type)
{
    return type == CW_TYPE_LIST || type == CW_TYPE_MAP || type == CW_TYPE_STRUCT ||
           type == CW_TYPE_VARIANT;
}

static inline bool cw__is_repeated(const cw__node *n)
{
    return n->type == CW_TYPE_LIST || n->type == CW_TYPE_MAP;
}

/** Definition level of an item of a list or map. */
static inline unsigned cw__items_def(const cw__node *n)
{
    return n->def + 1;
}

/** The field itself and all that are below it. */
size_t cw__node_count(const cw__node *n);

/** Bytes of a decimal of that precision as FIXED_LEN_BYTE_ARRAY. */
uint32_t cw__decimal_width(unsigned precision);

#endif
