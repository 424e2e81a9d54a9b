/* parquet.h - rows, columns or Arrow data in; one Parquet object out
 *
 *     cw_writer_open(&w, client, "s3://bucket/trades.parquet", NULL, &err);
 *     cw_parquet_open(&p, w, schema, NULL, &err);           // w is the encoder's from here on
 *     cw_parquet_write_columns(p, columns, 3, rows);        // as often as you like
 *     if (cw_parquet_close(p, &info, &err) != CW_OK) …      // CW_OK: the file is there, whole
 *
 * Nothing is visible before cw_parquet_close, and nothing ever is unless that answers CW_OK. The
 * first error sticks: every later call returns it. An encoder belongs to one thread at a time.
 *
 * The bytes of the file depend on the data and the options alone: not on how calls split the rows,
 * nor on which way in was used, nor on the number of threads.
 *
 * Threads: `threads` of them gather rows and encode row groups, the one that calls included: with
 * two, one is the encoder's own. Rows are taken when a call returns; they are encoded while the
 * next ones come, and written by the thread that calls.
 *
 * Memory: rows are gathered until a row group is full, and encoded then, column by column. All that
 * the encoder holds stays within `memory_bytes`; a row group ends early where that is needed. The
 * writer below has its own budget (client.h).
 */
#ifndef CLOUDWRITER_PARQUET_H
#define CLOUDWRITER_PARQUET_H

#include <cloudwriter/arrow_abi.h>
#include <cloudwriter/schema.h>
#include <cloudwriter/writer.h>

CW_BEGIN_DECLS

typedef struct cw_parquet cw_parquet;

typedef enum cw_parquet_codec {
    CW_CODEC_DEFAULT = 0, /**< zstd */
    CW_CODEC_NONE,
    CW_CODEC_ZSTD, /**< levels 1 to 22, default 1 */
    CW_CODEC_GZIP, /**< levels 1 to 9, default 6 */
    CW_CODEC_SNAPPY,
    CW_CODEC_LZ4_RAW /**< where liblz4 is found at run time, else CW_E_UNSUPPORTED */
} cw_parquet_codec;

typedef enum cw_parquet_encoding {
    CW_ENCODING_AUTO = 0, /**< measured on each chunk */
    CW_ENCODING_PLAIN,
    CW_ENCODING_DICTIONARY, /**< falls back to what is measured when it grows too large */
    CW_ENCODING_RLE,        /**< booleans */
    CW_ENCODING_DELTA_BINARY_PACKED,
    CW_ENCODING_DELTA_LENGTH_BYTE_ARRAY,
    CW_ENCODING_DELTA_BYTE_ARRAY,
    CW_ENCODING_BYTE_STREAM_SPLIT
} cw_parquet_encoding;

/** What the readers can take: a documented set of choices, see docs/parquet-profiles.md. */
typedef enum cw_parquet_profile {
    CW_PROFILE_DEFAULT = 0, /**< everything current readers of the large engines understand */
    CW_PROFILE_SPARK,       /**< refuses UUID, FLOAT16, TIME and NANOS, which Spark refuses */
    CW_PROFILE_ATHENA,      /**< likewise for Athena: no nanoseconds, no unsigned 64 bits */
    CW_PROFILE_COMPAT       /**< PLAIN and dictionary, v1 pages, flat: for small readers */
} cw_parquet_profile;

typedef enum cw_choice { CW_CHOICE_DEFAULT = 0, CW_CHOICE_YES, CW_CHOICE_NO } cw_choice;

/** What differs for one column. `path` is that of the leaf: "tags.list.element", or "a.b". */
typedef struct cw_parquet_column_options {
    const char *path;
    cw_parquet_encoding encoding;
    cw_parquet_codec codec;
    int level;
    cw_choice bloom_filter; /**< default: the encoder's */
    cw_choice statistics;   /**< of pages and chunks; default: the encoder's */
} cw_parquet_column_options;

typedef struct cw_parquet_sorting {
    const char *path;
    int descending;
    int nulls_first;
} cw_parquet_sorting;

/** Start from CW_PARQUET_OPTIONS_INIT; zero and NULL mean the default. Everything is copied. */
typedef struct cw_parquet_options {
    size_t struct_size;
    cw_parquet_profile profile;

    cw_parquet_codec codec;
    int level; /**< 0: the codec's default */
    cw_parquet_encoding encoding;
    const cw_parquet_column_options *columns;
    size_t column_count;

    uint64_t memory_bytes;    /**< all that the encoder holds; default 512 MiB, least 4 MiB */
    uint64_t row_group_rows;  /**< default 1,048,576 */
    uint64_t row_group_bytes; /**< of input; default 128 MiB, less where memory_bytes is small */
    uint64_t page_rows;       /**< default 20,000 */
    uint64_t page_bytes;      /**< before compression; default 1 MiB */
    unsigned threads;         /**< at work, the caller's included; default 1, the caller's alone */

    int data_page_v2;         /**< default v1 */
    cw_choice statistics;     /**< of chunks, pages, column index; default yes */
    cw_choice page_checksums; /**< default yes */
    cw_choice bloom_filters;  /**< for every column that can have one; default no */
    double bloom_filter_fpp;  /**< false positive probability; default 0.01 */
    size_t statistics_bytes;  /**< longest min or max of text before it is cut; default 64 */
    cw_choice arrow_schema;   /**< the ARROW:schema entry; default no */
    cw_choice geo_metadata;   /**< the GeoParquet "geo" entry; default no */

    const cw_parquet_sorting *sorting; /**< told to readers; not sorted, not checked here */
    size_t sorting_count;
    const cw_pair *metadata; /**< key-value metadata of the file */
    size_t metadata_count;
} cw_parquet_options;

#define CW_PARQUET_OPTIONS_INIT CW_OPTIONS_INIT(cw_parquet_options)

/** What cw_parquet_close published. */
typedef struct cw_parquet_info {
    uint64_t rows;
    uint64_t row_groups;
    uint64_t bytes;       /**< of the file */
    uint64_t input_bytes; /**< of values and offsets taken in */
    cw_object_info object;
    uint64_t reserved[8];
} cw_parquet_info;

/**
 * Open an encoder onto a writer. Checks schema and options against each other; writes 4 bytes.
 * @param w  becomes the encoder's on CW_OK: it closes or aborts it. Its own compression must be off
 * @return CW_OK; CW_E_INVALID_ARGUMENT; CW_E_UNSUPPORTED (a codec that is not here, a type that the
 *         profile cannot hold: by its name); CW_E_NO_MEMORY
 */
CW_CHECKED cw_status cw_parquet_open(cw_parquet **out, cw_writer *w, const cw_schema *schema,
                                     const cw_parquet_options *o, cw_error *err);

/* ---- by columns ------------------------------------------------------------------------------ */

/**
 * The values of one field, in Arrow's layout. Borrowed for the call.
 * Which members are used: fixed-width types `values`; boolean `values` as bits; text and binary
 * `offsets` (length+1) and `values`; list and map `offsets` and children; struct children. A map
 * has two children, key and value. `first` counts into all of them but the children of a list.
 */
typedef struct cw_column {
    const void *values;
    const int32_t *offsets;
    const uint8_t *validity; /**< a bit for each value, 1: there; NULL: none is null */
    size_t first;            /**< index of the first value in the buffers and bitmaps */
    const struct cw_column *children;
    size_t child_count;
} cw_column;

/** Write `rows` rows: one cw_column for each column at the top of the schema. */
CW_API cw_status cw_parquet_write_columns(cw_parquet *p, const cw_column *columns, size_t count,
                                          size_t rows);

/* ---- by rows --------------------------------------------------------------------------------- */

/** How a member of a C struct is laid out. */
typedef enum cw_member_kind {
    CW_MEMBER_VALUE = 0,      /**< the C type of the field's type; bool for BOOL; inline bytes */
    CW_MEMBER_STRING,         /**< const char *, NUL-terminated; NULL: null */
    CW_MEMBER_BYTES,          /**< cw_bytes; p NULL: null */
    CW_MEMBER_STRUCT,         /**< a nested struct, inline: `members` */
    CW_MEMBER_STRUCT_POINTER, /**< a pointer to one; NULL: null */
    CW_MEMBER_LIST,   /**< cw_items; p NULL and n 0 where nullable: null. `members`: one, of the
                           element, its offset within an item 0 */
    CW_MEMBER_MAP,    /**< cw_items of pairs: `members`: key and value */
    CW_MEMBER_ARRAY,  /**< `array_length` elements inline, as a list: `members`: one */
    CW_MEMBER_POINTER /**< a pointer to the value; NULL: null */
} cw_member_kind;

typedef struct cw_bytes {
    const void *p;
    size_t n;
} cw_bytes;

typedef struct cw_items {
    const void *p;
    size_t n;
} cw_items;

/** A member of a struct; make them with the CW_FIELD macros below. */
typedef struct cw_member {
    const char *name; /**< of the field in the schema */
    cw_member_kind kind;
    size_t offset;
    size_t size;         /**< of the member; of an item for lists, maps and arrays */
    ptrdiff_t is_null;   /**< offset of a bool that is true for null, or -1 */
    size_t array_length; /**< CW_MEMBER_ARRAY */
    const struct cw_member *members;
    size_t member_count;
} cw_member;

/** CW_FIELD(struct trade, price): a member whose C type is that of the field with its name. */
#define CW_FIELD(type, member)                                                                     \
    {                                                                                              \
#member, CW_MEMBER_KIND_(((type *)0)->member), offsetof(type, member),                     \
            sizeof(((type *)0)->member), -1, 0, NULL, 0                                            \
    }
/** The same, null where the bool member `null` is true. */
#define CW_FIELD_NULL(type, member, null)                                                          \
    {                                                                                              \
#member, CW_MEMBER_KIND_(((type *)0)->member), offsetof(type, member),                     \
            sizeof(((type *)0)->member), (ptrdiff_t)offsetof(type, null), 0, NULL, 0               \
    }
/** Lists (a cw_items member) of items of C type `item`, described by an array of cw_member. */
#define CW_FIELD_LIST(type, member, item, item_members)                                            \
    {                                                                                              \
#member, CW_MEMBER_LIST, offsetof(type, member), sizeof(item), -1, 0, item_members,        \
            sizeof(item_members) / sizeof((item_members)[0])                                       \
    }
#define CW_FIELD_MAP(type, member, item, item_members)                                             \
    {                                                                                              \
#member, CW_MEMBER_MAP, offsetof(type, member), sizeof(item), -1, 0, item_members,         \
            sizeof(item_members) / sizeof((item_members)[0])                                       \
    }
#define CW_FIELD_STRUCT(type, member, struct_members)                                              \
    {                                                                                              \
#member, CW_MEMBER_STRUCT, offsetof(type, member), sizeof(((type *)0)->member), -1, 0,     \
            struct_members, sizeof(struct_members) / sizeof((struct_members)[0])                   \
    }
/** An inline array of elements, described by an array of one cw_member. */
#define CW_FIELD_ARRAY(type, member, element_members)                                              \
    {                                                                                              \
#member, CW_MEMBER_ARRAY, offsetof(type, member), sizeof(((type *)0)->member[0]), -1,      \
            sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]), element_members,         \
            sizeof(element_members) / sizeof((element_members)[0])                                 \
    }
/** An item that is a value itself, not a struct: the element of a list of numbers or strings. */
#define CW_ELEMENT(type)                                                                           \
    {                                                                                              \
        NULL, CW_MEMBER_KIND_(*(type *)0), 0, sizeof(type), -1, 0, NULL, 0                         \
    }

#ifdef __cplusplus
}
template <class T> struct cw_member_kind_of {
    static const cw_member_kind kind = CW_MEMBER_VALUE;
};
template <> struct cw_member_kind_of<const char *> {
    static const cw_member_kind kind = CW_MEMBER_STRING;
};
template <> struct cw_member_kind_of<char *> {
    static const cw_member_kind kind = CW_MEMBER_STRING;
};
template <> struct cw_member_kind_of<cw_bytes> {
    static const cw_member_kind kind = CW_MEMBER_BYTES;
};
template <class T> cw_member_kind cw_member_kind_for(const T &)
{
    return cw_member_kind_of<T>::kind;
}
extern "C" {
#define CW_MEMBER_KIND_(m) cw_member_kind_for(m)
#else
#define CW_MEMBER_KIND_(m)                                                                         \
    _Generic((m), const char *: CW_MEMBER_STRING, char *: CW_MEMBER_STRING,                        \
        cw_bytes: CW_MEMBER_BYTES, default: CW_MEMBER_VALUE)
#endif

/**
 * Write `n` structs of `size` bytes each. Fields of the schema are found by their names; one that
 * no member names is null in every row, and has to be nullable. The first call looks the members
 * up; later calls with the same `members` pointer and count do not.
 */
CW_API cw_status cw_parquet_write_rows(cw_parquet *p, const cw_member *members, size_t count,
                                       const void *rows, size_t n, size_t size);

/* ---- value by value -------------------------------------------------------------------------- */

/*
 * In the order of the schema: one call for each field of a row, then cw_parquet_end_row. Within
 * begin and end of a list: its elements; of a map: key, value, key, value …; of a struct: its
 * fields. A value of another C type is converted where that loses nothing, else refused.
 */
CW_API cw_status cw_parquet_put_null(cw_parquet *p);
CW_API cw_status cw_parquet_put_bool(cw_parquet *p, int v);
CW_API cw_status cw_parquet_put_int(cw_parquet *p, int64_t v); /**< ints, dates, times, decimals */
CW_API cw_status cw_parquet_put_uint(cw_parquet *p, uint64_t v); /**< unsigned ints */
CW_API cw_status cw_parquet_put_double(cw_parquet *p, double v); /**< FLOAT16, FLOAT and DOUBLE */
CW_API cw_status cw_parquet_put_string(cw_parquet *p, const char *s);          /**< NULL: null */
CW_API cw_status cw_parquet_put_bytes(cw_parquet *p, const void *v, size_t n); /**< also FIXED … */
CW_API cw_status cw_parquet_begin(cw_parquet *p); /**< a list, map or struct that is there */
CW_API cw_status cw_parquet_end(cw_parquet *p);
CW_API cw_status cw_parquet_end_row(cw_parquet *p);

/* ---- Arrow ----------------------------------------------------------------------------------- */

/**
 * Write one batch: a struct array whose children are the columns, laid out as `schema` says; names
 * do not matter, types do. `array` is moved (released and marked so) on CW_OK only; `schema` is
 * borrowed. What can be checked of hostile offsets is.
 *
 * Large arrays of numbers, and of texts that are not very short, are not copied: they are moved out
 * of the batch and kept until their row group is written, or the encoder closed or aborted. All
 * else is copied and released in the call. What is kept counts in memory_bytes by its values; an
 * array that is a slice of a larger one keeps all of that. Release callbacks are called once, by
 * the thread that calls the encoder, and never in the child of a fork.
 */
CW_API cw_status cw_parquet_write_arrow(cw_parquet *p, struct ArrowArray *array,
                                        const struct ArrowSchema *schema);

/**
 * Drain a whole stream into a URL, publishing at its end; nothing if it fails. The stream is
 * released in any case. @param c NULL: as for cw_writer_open
 */
CW_CHECKED cw_status cw_parquet_write_arrow_stream(cw_client *c, const char *url,
                                                   struct ArrowArrayStream *stream,
                                                   const cw_parquet_options *o,
                                                   cw_parquet_info *info, cw_error *err);

/** The same onto a writer, which is closed or aborted, and freed, in any case. */
CW_CHECKED cw_status cw_parquet_drain_arrow_stream(cw_writer *w, struct ArrowArrayStream *stream,
                                                   const cw_parquet_options *o,
                                                   cw_parquet_info *info, cw_error *err);

/* ---- the end --------------------------------------------------------------------------------- */

/** End the row group here, if it has rows, and push it on. For bounded delays, not for speed. */
CW_API cw_status cw_parquet_flush_row_group(cw_parquet *p);

/** Publish, and free the encoder and its writer, whatever the answer (as cw_writer_close). */
CW_CHECKED cw_status cw_parquet_close(cw_parquet *p, cw_parquet_info *info, cw_error *err);

/** Publish nothing, and free the encoder and its writer. NULL is fine. */
CW_API cw_status cw_parquet_abort(cw_parquet *p, cw_error *err);

/** The first error, or one with status CW_OK. Valid until close or abort. */
CW_API const cw_error *cw_parquet_error(const cw_parquet *p);

/** The writer below, to look at its stats. Writing to it breaks the file. */
CW_API const cw_writer *cw_parquet_writer(const cw_parquet *p);

CW_END_DECLS

#endif
