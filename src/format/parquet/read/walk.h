/* walk.h - the walk through a file that verifies it, among its parts
 *
 *     verify.c         file, row groups, chunks, pages: where things lie
 *     verify_values.c  a decoded page against what is said of it
 *     verify_totals.c  a whole chunk against what is said of it
 *     verify_geo.c     shapes against the box and the kinds that are said
 *     verify_sorting.c the rows of a row group against the order that is said of them
 */
#ifndef CW_PARQUET_READ_WALK_H
#define CW_PARQUET_READ_WALK_H

#include "format/parquet/read/decode.h"
#include "format/parquet/read/file.h"

/* The order that a row group says its rows have. */
enum { CW__MOST_SORTING = 127 };
typedef struct cw__sorting {
    const cw__sorting_column *columns;
    size_t n;                      /* of them, that are compared */
    bool walked[CW__MOST_SORTING]; /* those whose chunk was decoded to its end */
    cw__grown rows;                /* a byte each: 0 is as the one before by all columns, 2*i+1 in
                                      order by column i, 2*i+2 not */
} cw__sorting;

/* A value of a page, kept for the next one. */
typedef struct cw__kept {
    bool there; /* not null */
    cw__grown bytes;
} cw__kept;

/* The walk. */
typedef struct cw__walk {
    cw_parquet_file *f;
    cw_parquet_fault_fn found;
    void *user;
    cw_parquet_verified *out;
    cw__decoder decoder;
    cw__sorting sorting;
    bool stopped;
    cw_error *err;
    /* where it is */
    int64_t row_group, page;
    const char *column;
} cw__walk;

/* A chunk: what it says, and what its pages add up to. */
typedef struct cw__chunk_walk {
    const cw__leaf *leaf;
    const cw__column_metadata *meta;
    const cw__row_group *group;
    uint8_t *bytes; /* all of it */
    int64_t start;
    size_t n;
    cw__column_index columns;
    cw__offset_index offsets;
    bool has_columns, has_offsets;
    uint8_t *bloom, *rebuilt; /* as it is there, and as its values make it */
    size_t bloom_bytes;

    size_t at; /* in bytes */
    size_t pages;
    bool skipped, dictionary_seen;
    bool part_skipped; /* something beside the pages is not understood */
    int64_t uncompressed;
    uint64_t slots, rows, nulls, nans, value_bytes;
    cw__grown min, max; /* the extremes so far, as stated values */
    bool any;
    uint64_t *hashes; /* of the values, where a distinct count is to be checked */
    size_t hash_n, hash_room;
    cw__encoding_stat seen[CW__MOST_ENCODING_STATS];
    size_t seen_n;
    bool encodings[CW__ENCODINGS];
    int64_t *rep, *def;    /* histograms */
    cw__kept last, number; /* of a sorting column: of the row before; of the last that is no NaN */
} cw__chunk_walk;

/* The extremes of a page or chunk as values, and its counts. */
typedef struct cw__there {
    bool any;
    const uint8_t *min, *max;
    size_t min_n, max_n;
    uint64_t nulls, nans;
} cw__there;

void cw__fault(cw__walk *w, uint64_t offset, const char *fmt, ...) CW_PRINTF(3, 4);
void cw__check_number(cw__walk *w, const char *what, int64_t said, int64_t there);

/** The page in w->decoder; false: no memory. */
bool cw__verify_page(cw__walk *w, cw__chunk_walk *c, const cw__page_header *h, size_t header);
void cw__verify_statistics(cw__walk *w, const cw__leaf *leaf, const cw__statistics *s,
                           const cw__there *t);
void cw__verify_histogram(cw__walk *w, const char *what, const int64_t *said, const int64_t *there,
                          size_t n);
/** Whether unencoded_byte_array_data_bytes means what the format says. */
bool cw__counts_bytes(const cw__walk *w, const cw__chunk_walk *c);
/** Text may be cut to any length; all else has that of its type. */
bool cw__has_width(const cw__leaf *leaf, const cw__binary *v);
/** Of a value of fixed width. */
bool cw__is_nan(const cw__leaf *leaf, const uint8_t *p);
/** A copy; false: no memory. */
bool cw__keep_value(cw__grown *to, const uint8_t *p, size_t n);

/** After the last page. */
void cw__verify_totals(cw__walk *w, cw__chunk_walk *c);

/** The shapes of the page in w->decoder. */
void cw__verify_shapes(cw__walk *w, const cw__chunk_walk *c);

/** Before the chunks of a row group. */
void cw__sorting_begin(cw__walk *w, const cw__row_group *g);
/** The page in w->decoder, whose rows are not counted yet; false: no memory. */
bool cw__sorting_page(cw__walk *w, cw__chunk_walk *c);
/** After a chunk all of whose pages were decoded. */
void cw__sorting_chunk(cw__walk *w, const cw__chunk_walk *c);
/** After all chunks. */
void cw__sorting_end(cw__walk *w);

#endif
