/* parquet_file.h - look into a Parquet file: what it holds, and whether that is true
 *
 *     cw_parquet_file_open(&f, client, "s3://bucket/trades.parquet", &err);
 *     cw_parquet_file_print(f, CW_PARQUET_PRINT_META, to_stdout, NULL, &err);
 *     cw_parquet_file_verify(f, on_fault, NULL, &found, &err);
 *     cw_parquet_file_close(f);
 *
 * For files of any writer. Only the footer is read at first; to verify reads everything once, in
 * order, a column chunk at a time. Nothing that the file says is believed before it is checked. A
 * file belongs to one thread at a time.
 */
#ifndef CLOUDWRITER_PARQUET_FILE_H
#define CLOUDWRITER_PARQUET_FILE_H

#include <cloudwriter/reader.h>

CW_BEGIN_DECLS

typedef struct cw_parquet_file cw_parquet_file;

/**
 * Read the footer: two requests, three where it is larger than 64 KiB. URLs and `c` as for
 * cw_reader_open.
 * @return CW_OK; CW_E_INTEGRITY: this is no Parquet file, or its footer is damaged: how;
 *         CW_E_UNSUPPORTED: it is encrypted; …
 */
CW_CHECKED cw_status cw_parquet_file_open(cw_parquet_file **out, cw_client *c, const char *url,
                                          cw_error *err);

/** NULL is fine. */
CW_API void cw_parquet_file_close(cw_parquet_file *f);

CW_API uint64_t cw_parquet_file_rows(const cw_parquet_file *f);
CW_API size_t cw_parquet_file_row_groups(const cw_parquet_file *f);

typedef enum cw_parquet_print {
    CW_PARQUET_PRINT_SCHEMA =
        1,                 /**< the text form of schema.h, where it can say it; else Parquet's */
    CW_PARQUET_PRINT_META, /**< all of the footer, for people */
    CW_PARQUET_PRINT_META_JSON /**< all of the footer, for programs: one JSON object */
} cw_parquet_print;

/** Takes text as it is made; answer 0 to go on, anything else to stop (CW_E_CANCELLED). */
typedef int (*cw_text_fn)(void *user, const char *text, size_t n);

CW_CHECKED cw_status cw_parquet_file_print(cw_parquet_file *f, cw_parquet_print what,
                                           cw_text_fn take, void *user, cw_error *err);

/** Something that is not as it should be. Strings are valid during the callback. */
typedef struct cw_parquet_fault {
    int64_t row_group;   /**< -1: the file as a whole */
    const char *column;  /**< path of the leaf; NULL: none in particular */
    int64_t page;        /**< of the chunk, the dictionary not counted; -1: none in particular */
    uint64_t offset;     /**< in the file; 0: none in particular */
    const char *message; /**< a sentence: what is said, and what is there */
} cw_parquet_fault;

/** Answer 0 to go on, anything else to stop. */
typedef int (*cw_parquet_fault_fn)(void *user, const cw_parquet_fault *fault);

/** What was looked at. Start from zero. */
typedef struct cw_parquet_verified {
    uint64_t faults;
    uint64_t row_groups;
    uint64_t chunks;
    uint64_t pages;
    uint64_t values; /**< decoded, nulls included */
    uint64_t bytes;
    uint64_t checksums;  /**< of pages, that were there and right */
    uint64_t statistics; /**< min and max of chunks and pages that were compared with the values */
    uint64_t bloom_filters; /**< that were asked for every value */
    uint64_t skipped;       /**< chunks not understood here in part: codec, encoding, encryption */
    uint64_t sorted;        /**< row groups whose rows were compared as their sorting_columns say */
    uint64_t reserved[5];
} cw_parquet_verified;

/**
 * Walk every page: offsets, sizes, checksums, counts, levels, encodings, and the decoded values
 * against statistics, page index, Bloom filters and the order of rows that sorting_columns says;
 * and the two annotations of a column, logical and converted type, against each other.
 * @return CW_OK: it was walked to its end (out->faults may not be 0); CW_E_CANCELLED; else why it
 *         could not be read
 */
CW_CHECKED cw_status cw_parquet_file_verify(cw_parquet_file *f, cw_parquet_fault_fn found,
                                            void *user, cw_parquet_verified *out, cw_error *err);

CW_END_DECLS

#endif
