/* csv.h - comma-separated values, straight into a writer
 *
 *     cw_csv_string(csv, "name"); cw_csv_int(csv, 42); cw_csv_end_row(csv);
 *     cw_csv_row(csv, "sif", "name", (int64_t)42, 2.5);        // the same in one call
 *
 * RFC 4180: fields are quoted where they hold the separator, a quote, CR or LF, or where they
 * would otherwise read as NULL (or, as `\.`, end the input of PostgreSQL's COPY). Numbers are
 * printed with the fewest digits that read back as the same value, whatever the locale; "nan",
 * "inf" and "-inf" where they are none. Errors stick to the writer; cw_csv_* return its first one.
 */
#ifndef CLOUDWRITER_CSV_H
#define CLOUDWRITER_CSV_H

#include <cloudwriter/writer.h>

CW_BEGIN_DECLS

typedef struct cw_csv cw_csv;

typedef enum cw_csv_quoting {
    CW_CSV_QUOTE_NEEDED = 0, /**< only where the field would read back differently */
    CW_CSV_QUOTE_STRINGS,    /**< every text field, never a number or NULL */
    CW_CSV_QUOTE_ALL         /**< everything but NULL */
} cw_csv_quoting;

/** Start from CW_CSV_OPTIONS_INIT; zero and NULL mean the default. Copied. */
typedef struct cw_csv_options {
    size_t struct_size;
    char separator;        /**< default ',' */
    char quote;            /**< default '"' */
    const char *line_end;  /**< "\r\n" or "\n"; default "\n" */
    const char *null_text; /**< default "" (nothing between the separators) */
    cw_csv_quoting quoting;
    size_t columns; /**< check that each row has so many; 0: as many as the first row */
} cw_csv_options;

#define CW_CSV_OPTIONS_INIT CW_OPTIONS_INIT(cw_csv_options)

/** Make a CSV face for `w`, which is borrowed: close or abort it yourself, after cw_csv_free. */
CW_CHECKED cw_status cw_csv_new(cw_csv **out, cw_writer *w, const cw_csv_options *o, cw_error *err);

/**
 * Free the face, not the writer. Writes nothing; within a row that was not ended it makes the
 * writer fail with CW_E_STATE, since the end of the row is missing. NULL is fine.
 */
CW_API void cw_csv_free(cw_csv *csv);

/** One field: text (NULL: the NULL field), text of a length, numbers, "true"/"false", NULL. */
CW_API cw_status cw_csv_string(cw_csv *csv, const char *s);
CW_API cw_status cw_csv_text(cw_csv *csv, const char *p, size_t n);
CW_API cw_status cw_csv_int(cw_csv *csv, int64_t v);
CW_API cw_status cw_csv_uint(cw_csv *csv, uint64_t v);
CW_API cw_status cw_csv_double(cw_csv *csv, double v);
CW_API cw_status cw_csv_float(cw_csv *csv, float v);
CW_API cw_status cw_csv_bool(cw_csv *csv, int v);
CW_API cw_status cw_csv_null(cw_csv *csv);

/** End the row. CW_E_INVALID_ARGUMENT, sticking to the writer, when it has not as many fields. */
CW_API cw_status cw_csv_end_row(cw_csv *csv);

/**
 * A whole row: one letter of `types` for each argument.
 * s = const char * (NULL is NULL), i = int64_t, u = uint64_t, f = double, b = int, n = NULL (no
 * argument).
 */
CW_API cw_status cw_csv_row(cw_csv *csv, const char *types, ...);

/** A row of `n` strings; the usual header line. */
CW_API cw_status cw_csv_strings(cw_csv *csv, const char *const *fields, size_t n);

CW_END_DECLS

#endif
