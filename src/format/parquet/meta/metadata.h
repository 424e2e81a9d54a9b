/* metadata.h - the structs of the format's metadata, and their way to bytes and back
 *
 * Names are those of parquet.thrift. What a reader does not know it skips. Everything that is
 * pointed to belongs to the struct, except where it says borrowed. Reading takes untrusted bytes: a
 * struct that lacks what the format requires, or has lists that cannot be, is CW_E_INTEGRITY.
 */
#ifndef CW_PARQUET_METADATA_H
#define CW_PARQUET_METADATA_H

#include <stdbool.h>

#include "base/text.h"
#include "format/parquet/schema/tree.h"

typedef struct cw__binary {
    uint8_t *p;
    size_t n;
} cw__binary;

/** Encodings and codecs by the numbers of the format. */
enum {
    CW__PLAIN = 0,
    CW__PLAIN_DICTIONARY = 2,
    CW__RLE = 3,
    CW__BIT_PACKED = 4,
    CW__DELTA_BINARY_PACKED = 5,
    CW__DELTA_LENGTH_BYTE_ARRAY = 6,
    CW__DELTA_BYTE_ARRAY = 7,
    CW__RLE_DICTIONARY = 8,
    CW__BYTE_STREAM_SPLIT = 9,
    CW__ENCODINGS = 10
};
enum {
    CW__UNCOMPRESSED = 0,
    CW__SNAPPY = 1,
    CW__GZIP = 2,
    CW__LZO = 3,
    CW__BROTLI = 4,
    CW__LZ4_HADOOP = 5,
    CW__ZSTD = 6,
    CW__LZ4_RAW = 7
};
enum { CW__DATA_PAGE = 0, CW__INDEX_PAGE = 1, CW__DICTIONARY_PAGE = 2, CW__DATA_PAGE_V2 = 3 };
enum { CW__UNORDERED = 0, CW__ASCENDING = 1, CW__DESCENDING = 2 };

typedef struct cw__statistics {
    bool has_min, has_max;
    bool min_exact, max_exact;
    bool has_null_count, has_distinct_count, has_nan_count;
    cw__binary min, max; /* min_value, max_value */
    int64_t null_count, distinct_count, nan_count;
    bool has_exactness;            /* read only: whether the flags were there */
    bool has_old_min, has_old_max; /* read only: the deprecated pair */
    cw__binary old_min, old_max;
} cw__statistics;
void cw__statistics_free(cw__statistics *s);

typedef struct cw__page_header {
    int32_t type;
    int32_t uncompressed_bytes, compressed_bytes; /* without this header */
    bool has_crc;
    int32_t crc;
    int32_t values;                     /* slots: nulls included */
    int32_t encoding;                   /* of the values */
    int32_t def_encoding, rep_encoding; /* v1 */
    int32_t nulls, rows;                /* v2 */
    int32_t def_bytes, rep_bytes;       /* v2 */
    bool is_compressed;                 /* v2; true where it was not said */
    bool has_statistics;
    cw__statistics statistics;
} cw__page_header;

typedef struct cw__size_statistics {
    bool present;
    bool has_bytes;
    int64_t unencoded_bytes; /* BYTE_ARRAY */
    int64_t *rep;            /* max_rep+1 counts, or NULL */
    int64_t *def;            /* max_def+1 counts, or NULL */
    size_t rep_n, def_n;
} cw__size_statistics;

/** How many pages of a type have an encoding. */
typedef struct cw__encoding_stat {
    int32_t page_type, encoding, count;
} cw__encoding_stat;
enum { CW__MOST_ENCODING_STATS = 16 };

typedef struct cw__geo_statistics {
    bool present;
    bool has_bbox, has_z, has_m;
    double xmin, xmax, ymin, ymax, zmin, zmax, mmin, mmax;
    int32_t types[32];
    size_t type_count;
} cw__geo_statistics;

/** ColumnMetaData, and what of ColumnChunk lies around it. */
typedef struct cw__column_metadata {
    int32_t physical;
    int32_t codec;
    bool encodings[CW__ENCODINGS];
    char **path; /* read only; writing takes the leaf's */
    size_t path_n;
    bool encrypted;    /* read only: its pages are; has_metadata: all else was readable */
    bool has_metadata; /* read only */
    bool other_path;   /* read only: path_in_schema is not that of the leaf at its place */
    int64_t values;    /* slots */
    int64_t uncompressed_bytes, compressed_bytes;
    int64_t data_page_offset;
    int64_t dictionary_page_offset;
    bool has_dictionary_page;
    cw__statistics statistics;
    bool has_statistics;
    cw__encoding_stat encoding_stats[CW__MOST_ENCODING_STATS];
    size_t encoding_stat_count;
    int64_t bloom_offset;
    int32_t bloom_bytes; /* header included; 0: none */
    cw__size_statistics sizes;
    cw__geo_statistics geo;
    int64_t file_offset;
    int64_t offset_index_offset, column_index_offset; /* 0: none */
    int32_t offset_index_bytes, column_index_bytes;
} cw__column_metadata;
void cw__column_metadata_free(cw__column_metadata *m);

typedef struct cw__sorting_column {
    int32_t leaf;
    bool descending, nulls_first;
} cw__sorting_column;

typedef struct cw__row_group {
    cw__column_metadata *columns;
    size_t column_count;
    int64_t rows;
    int64_t uncompressed_bytes; /* total_byte_size */
    int64_t compressed_bytes;
    bool has_compressed_bytes; /* read only */
    int64_t file_offset;
    bool has_ordinal; /* read only */
    int32_t ordinal;
    cw__sorting_column *sorting; /* read only; what is read may name a leaf that is not there */
    size_t sorting_count;
} cw__row_group;

typedef struct cw__key_value {
    char *key;
    char *value; /* NULL: none */
} cw__key_value;

/** FileMetaData, for reading; the writer makes it piece by piece, see below. */
typedef struct cw__file_metadata {
    int32_t version;
    int64_t rows;
    cw_schema *schema; /* rebuilt from the elements; NULL where it cannot say their shape */
    cw__leaf *leaves;  /* as the elements have them */
    size_t leaf_count;
    cw__node *nodes; /* what the leaves point to: their types, and nothing else of a tree */
    cw__row_group *row_groups;
    size_t row_group_count;
    cw__key_value *pairs;
    size_t pair_count;
    char *created_by;
    bool has_column_orders;
    size_t column_orders;
} cw__file_metadata;
void cw__file_metadata_free(cw__file_metadata *m);

typedef struct cw__page_location {
    int64_t offset;
    int32_t bytes; /* compressed_page_size: header included */
    int64_t first_row;
} cw__page_location;

typedef struct cw__offset_index {
    cw__page_location *pages;
    size_t n, room;
    int64_t *unencoded_bytes; /* of BYTE_ARRAY; NULL: not said */
} cw__offset_index;
void cw__offset_index_free(cw__offset_index *x);

typedef struct cw__column_index {
    bool present;
    bool dropped; /* while it is made: a page has values and no extremes */
    size_t n, room;
    bool *null_pages;
    cw__binary *mins, *maxs;
    int64_t *null_counts;
    int64_t *nan_counts;                      /* NULL: not said */
    int64_t *rep_histograms, *def_histograms; /* n * (max+1), or NULL */
    size_t rep_n, def_n;                      /* numbers in them */
    int32_t order;
} cw__column_index;
void cw__column_index_free(cw__column_index *x);

/* ---- writing. Failure (out of memory) sticks to `to`. ---- */

void cw__page_header_write(cw__text *to, const cw__page_header *h);
void cw__offset_index_write(cw__text *to, const cw__offset_index *x);
void cw__column_index_write(cw__text *to, const cw__column_index *x);
void cw__bloom_header_write(cw__text *to, size_t bytes);
/** One RowGroup of the footer's list; `base` is added to every offset that is relative. */
void cw__row_group_write(cw__text *to, const cw_schema *schema, const cw__row_group *g,
                         const cw__sorting_column *sorting, size_t sorting_count);

/** All of FileMetaData; `row_groups` has the bytes of row groups written one after the other. */
typedef struct cw__footer {
    const cw_schema *schema;
    int64_t rows;
    const cw__text *row_groups;
    size_t row_group_count;
    const cw__key_value *pairs;
    size_t pair_count;
    const char *created_by;
} cw__footer;
void cw__footer_write(cw__text *to, const cw__footer *f);

/* ---- reading ---- */

cw_status cw__file_metadata_read(cw__file_metadata *out, const void *p, size_t n, cw_error *err);
/** *used: how many bytes the header took. */
cw_status cw__page_header_read(cw__page_header *out, const void *p, size_t n, size_t *used,
                               cw_error *err);
cw_status cw__offset_index_read(cw__offset_index *out, const void *p, size_t n, cw_error *err);
cw_status cw__column_index_read(cw__column_index *out, const void *p, size_t n, cw_error *err);
/** *bytes: of the filter that follows the header. CW_E_UNSUPPORTED: one of another kind. */
cw_status cw__bloom_header_read(size_t *bytes, const void *p, size_t n, size_t *used,
                                cw_error *err);

#endif
