/* schema.h - what the columns of a table are: made by calls, from text, or from Arrow
 *
 *     cw_schema *s;
 *     cw_schema_parse(&s, "message trades {"
 *                         "  required int64 id;"
 *                         "  optional string symbol;"
 *                         "  optional decimal(12,2) price;"
 *                         "  optional timestamp(us,utc) at;"
 *                         "  optional list tags { required string element; }"
 *                         "}", &err);
 *
 * or field by field:
 *
 *     cw_schema_new(&s, &err);
 *     cw_schema_add(s, &(cw_field){.name = "id", .type = CW_TYPE_INT64}, &err);
 *     cw_schema_begin(s, &(cw_field){.name = "tags", .type = CW_TYPE_LIST, .nullable = 1}, &err);
 *     cw_schema_add(s, &(cw_field){.name = "element", .type = CW_TYPE_STRING}, &err);
 *     cw_schema_end(s, &err);
 *
 * A schema that an encoder was opened with is copied; it may be freed at once. A schema belongs to
 * one thread at a time while it is built, and may be read by many afterwards.
 */
#ifndef CLOUDWRITER_SCHEMA_H
#define CLOUDWRITER_SCHEMA_H

#include <cloudwriter/status.h>

CW_BEGIN_DECLS

struct ArrowSchema;

typedef struct cw_schema cw_schema;

/**
 * The type of a field: number, name in the text form, and the C type of one value in a batch
 * ("Arrow" is the layout of Arrow's format of that name). Numbers are frozen.
 */
#define CW_TYPE_LIST_(X)                                                                           \
    X(1, BOOL, "boolean")           /* a bit each, least significant first */                      \
    X(2, INT8, "int8")              /* int8_t … */                                               \
    X(3, INT16, "int16")            /**/                                                           \
    X(4, INT32, "int32")            /**/                                                           \
    X(5, INT64, "int64")            /**/                                                           \
    X(6, UINT8, "uint8")            /* uint8_t … */                                              \
    X(7, UINT16, "uint16")          /**/                                                           \
    X(8, UINT32, "uint32")          /**/                                                           \
    X(9, UINT64, "uint64")          /**/                                                           \
    X(10, FLOAT16, "float16")       /* IEEE half in a uint16_t */                                  \
    X(11, FLOAT, "float")           /**/                                                           \
    X(12, DOUBLE, "double")         /**/                                                           \
    X(13, DECIMAL32, "decimal32")   /* int32_t, int64_t, 16 or 32 bytes little-endian, */          \
    X(14, DECIMAL64, "decimal64")   /* two's complement, unscaled; how it is stored */             \
    X(15, DECIMAL128, "decimal")    /* depends on the precision alone */                           \
    X(16, DECIMAL256, "decimal256") /**/                                                           \
    X(17, STRING, "string")         /* UTF-8, int32_t offsets and bytes, as are the next five */   \
    X(18, ENUM, "enum")             /**/                                                           \
    X(19, JSON, "json")             /**/                                                           \
    X(20, BSON, "bson")             /**/                                                           \
    X(21, BINARY, "binary")         /**/                                                           \
    X(22, GEOMETRY, "geometry")     /* well-known binary; `crs` */                                 \
    X(23, GEOGRAPHY, "geography")   /* well-known binary; `crs`, `edges` */                        \
    X(24, FIXED, "fixed")           /* `width` bytes */                                            \
    X(25, UUID, "uuid")             /* 16 bytes, as they are printed */                            \
    X(26, DATE, "date")             /* int32_t days since 1970-01-01 */                            \
    X(27, TIME, "time")             /* int32_t if `unit` is ms, int64_t if us or ns; `utc` */      \
    X(28, TIMESTAMP, "timestamp")   /* int64_t since 1970-01-01; `unit`, `utc` */                  \
    X(29, INTERVAL, "interval")     /* 12 bytes: uint32_t months, days, milliseconds */            \
    X(30, INT96, "int96")           /* 12 bytes: uint64_t ns of the day, uint32_t Julian day */    \
    X(31, NONE, "null")             /* nothing but nulls */                                        \
    X(32, LIST, "list")             /* int32_t offsets; one child */                               \
    X(33, MAP, "map")               /* int32_t offsets; a key, never null, and a value */          \
    X(34, STRUCT, "struct")         /* at least one child */                                       \
    X(35, VARIANT, "variant")       /* a struct of two binary: metadata and value */

typedef enum cw_type {
#define CW_TYPE_ENUM_(number, name, text) CW_TYPE_##name = number,
    CW_TYPE_LIST_(CW_TYPE_ENUM_)
#undef CW_TYPE_ENUM_
} cw_type;

typedef enum cw_unit { CW_UNIT_MS = 1, CW_UNIT_US, CW_UNIT_NS } cw_unit;

/** How the edges of a geography run between its points. */
typedef enum cw_edges {
    CW_EDGES_SPHERICAL = 0,
    CW_EDGES_VINCENTY,
    CW_EDGES_THOMAS,
    CW_EDGES_ANDOYER,
    CW_EDGES_KARNEY
} cw_edges;

/** One field. Zero-initialise it; only `name` and `type` are always needed. Strings are copied. */
typedef struct cw_field {
    const char *name; /**< UTF-8, not empty, unlike its siblings'. Children of a list and a map may
                           go without: `element`; `key` and `value`, as the format names them */
    cw_type type;
    int nullable;
    unsigned precision;   /**< decimals: 1 to 9, 18, 38, 76 digits, by carrier */
    unsigned scale;       /**< decimals: at most the precision */
    cw_unit unit;         /**< TIME and TIMESTAMP; default us */
    int utc;              /**< TIME and TIMESTAMP: an instant; 0: local, without a zone */
    const char *timezone; /**< TIMESTAMP with utc: for ARROW:schema; NULL: "UTC" */
    uint32_t width;       /**< FIXED */
    const char *crs;      /**< GEOMETRY and GEOGRAPHY; NULL: OGC:CRS84 */
    cw_edges edges;       /**< GEOGRAPHY */
    int has_field_id;
    int32_t field_id;
} cw_field;

/**
 * Bytes of one value of such a field in a batch; 0: none, or not of one width (booleans, text,
 * lists, structs …). Of `f` only what the type takes as an argument matters.
 */
CW_API size_t cw_field_width(const cw_field *f);

/** An empty schema named "schema", to add to. */
CW_CHECKED cw_status cw_schema_new(cw_schema **out, cw_error *err);

/** NULL is fine. */
CW_API void cw_schema_free(cw_schema *s);

/**
 * Add a field that has no children (a VARIANT brings its own), where the last cw_schema_begin said,
 * else at the top.
 */
CW_CHECKED cw_status cw_schema_add(cw_schema *s, const cw_field *f, cw_error *err);

/**
 * Add a LIST, MAP or STRUCT, whose children are those added until cw_schema_end. A field that is
 * refused leaves the schema as it was.
 */
CW_CHECKED cw_status cw_schema_begin(cw_schema *s, const cw_field *f, cw_error *err);
CW_CHECKED cw_status cw_schema_end(cw_schema *s, cw_error *err);

/**
 * Read the text form. Line and column of a mistake are in the error.
 *
 *     schema     = "message" name "{" field+ "}"
 *     field      = ("required" | "optional") type name ["=" field-id] (";" | "{" field+ "}")
 *     type       = name of the list above, with arguments where it has some:
 *                    decimal(12,2)  decimal(12)  fixed(16)  time(ms,utc)  timestamp(ns,local)
 *                    timestamp(us,"Europe/Berlin")  geometry  geometry("EPSG:3857")
 *                    geography  geography("OGC:CRS84",vincenty)
 *     name       = letters, digits and _ . - $, not beginning with a digit or -; or "anything",
 *                  in which \" \\ \n \r \t and \x1f stand for what they do in C
 *     comments   = from # to the end of the line
 *
 * list, map and struct have fields in braces, all others a semicolon.
 * A plain `int`, `long`, `bytes`, `text` … is refused with the name that is meant.
 */
CW_CHECKED cw_status cw_schema_parse(cw_schema **out, const char *text, cw_error *err);

/**
 * Write the text form, which cw_schema_parse reads back as the same schema (but for what only
 * ARROW:schema knows: that an int64 was a duration). As snprintf: at most
 * `size` bytes with the NUL, and *needed (nullable) is the length without it.
 */
CW_API cw_status cw_schema_text(const cw_schema *s, char *to, size_t size, size_t *needed);

/**
 * The schema of Arrow data: a struct, whose children are the columns. `in` is borrowed. A type that
 * Parquet cannot hold is CW_E_UNSUPPORTED, by the name of the field. Large, view, dictionary and
 * run-end encoded forms are the type of their values; seconds become milliseconds, durations int64.
 * Extension types known: arrow.uuid, arrow.json, arrow.bool8, arrow.parquet.variant, geoarrow.wkb;
 * others are what they are stored as. PARQUET:field_id in a field's metadata is its field id.
 */
CW_CHECKED cw_status cw_schema_from_arrow(cw_schema **out, const struct ArrowSchema *in,
                                          cw_error *err);

/** How many columns at the top, and leaf columns below them. */
CW_API size_t cw_schema_columns(const cw_schema *s);
CW_API size_t cw_schema_leaves(const cw_schema *s);

/** A field as it stands in a schema, with what is below it. Valid as long as the schema. */
typedef struct cw_node cw_node;

/** The STRUCT whose children are the columns. */
CW_API const cw_node *cw_schema_root(const cw_schema *s);

/** Of a list one child, of a map two, of a struct its fields, of a VARIANT two, of others none. */
CW_API size_t cw_node_children(const cw_node *n);
CW_API const cw_node *cw_node_child(const cw_node *n, size_t i);

/** What cw_schema_add was told of it, or would have been. Its strings belong to the schema. */
CW_API void cw_node_field(const cw_node *n, cw_field *out);

CW_END_DECLS

#endif
