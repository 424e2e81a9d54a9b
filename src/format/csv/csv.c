/* csv.c - rows of comma-separated values, straight into a writer
 *
 * Owns a buffer for the row being made; the writer is borrowed. A row leaves for the writer when it
 * ends (or piece by piece where it outgrows the buffer), so between rows the caller may write to
 * the writer directly.
 *
 * A field is quoted where it would not read back as it is: it holds the separator, the quote, CR or
 * LF; it equals the text that stands for NULL; or it is `\.`, which alone on a line ends the input
 * of PostgreSQL's COPY. In a row of one column, a NULL with the default (empty) text makes an empty
 * line, and the empty string makes "".
 *
 * What is wrong with the data (a row of another length, a bad letter for cw_csv_row) fails the
 * writer, so it cannot be closed as if the file were good.
 */
#include <cloudwriter/csv.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "format/csv/number.h"
#include "stream/writer.h"
#include <stdbool.h>
#include <string.h>

enum { BUFFER_BYTES = 16 * 1024, NULL_TEXT_MAX = 64, LINE_END_MAX = 3 };

struct cw_csv {
    cw_writer *writer;
    size_t columns; /* of each row; 0 until the first has ended */
    size_t fields;  /* of this row, so far */
    cw_csv_quoting quoting;
    char separator;
    char quote;
    char line_end[LINE_END_MAX];
    char null_text[NULL_TEXT_MAX];
    size_t null_bytes;
    bool special[256]; /* the characters that make quotes necessary */
    size_t used;
    char buffer[BUFFER_BYTES];
};

/* ---- bytes ----------------------------------------------------------------------------------- */

static cw_status spill(cw_csv *csv)
{
    size_t n = csv->used;
    csv->used = 0;
    return cw_writer_write(csv->writer, csv->buffer, n);
}

static cw_status put(cw_csv *csv, const char *p, size_t n)
{
    cw_status status = CW_OK;
    if (n > sizeof csv->buffer - csv->used)
        status = spill(csv);
    if (status != CW_OK)
        return status;
    if (n > sizeof csv->buffer)
        return cw_writer_write(csv->writer, p, n);
    if (n)
        memcpy(csv->buffer + csv->used, p, n);
    csv->used += n;
    return CW_OK;
}

static cw_status put_char(cw_csv *csv, char c)
{
    return put(csv, &c, 1);
}

/* ---- fields ---------------------------------------------------------------------------------- */

enum kind { KIND_TEXT, KIND_NUMBER };

static bool has_special(const cw_csv *csv, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (csv->special[(unsigned char)p[i]])
            return true;
    return false;
}

static bool equals(const char *p, size_t n, const char *s, size_t s_bytes)
{
    return n == s_bytes && (n == 0 || memcmp(p, s, n) == 0);
}

static bool needs_quotes(const cw_csv *csv, const char *p, size_t n, enum kind kind)
{
    if (csv->quoting == CW_CSV_QUOTE_ALL ||
        (csv->quoting == CW_CSV_QUOTE_STRINGS && kind == KIND_TEXT))
        return true;
    return equals(p, n, csv->null_text, csv->null_bytes) || equals(p, n, "\\.", 2) ||
           has_special(csv, p, n);
}

/* Between the quotes each quote is doubled. */
static cw_status put_doubling(cw_csv *csv, const char *p, size_t n)
{
    cw_status status = CW_OK;
    while (n > 0 && status == CW_OK) {
        const char *found = memchr(p, csv->quote, n);
        size_t run = found ? (size_t)(found - p) + 1 : n;
        status = put(csv, p, run);
        if (found && status == CW_OK)
            status = put_char(csv, csv->quote);
        p += run;
        n -= run;
    }
    return status;
}

static cw_status put_quoted(cw_csv *csv, const char *p, size_t n)
{
    cw_status status = put_char(csv, csv->quote);
    if (status == CW_OK)
        status = put_doubling(csv, p, n);
    if (status == CW_OK)
        status = put_char(csv, csv->quote);
    return status;
}

/* Every field starts here: the writer's first error, or the separator. */
static cw_status begin_field(cw_csv *csv)
{
    cw_status status = cw_writer_error(csv->writer)->status;
    if (status == CW_OK && csv->fields > 0)
        status = put_char(csv, csv->separator);
    csv->fields++;
    return status;
}

static cw_status field(cw_csv *csv, const char *p, size_t n, enum kind kind)
{
    cw_status status = begin_field(csv);
    if (status != CW_OK)
        return status;
    return needs_quotes(csv, p, n, kind) ? put_quoted(csv, p, n) : put(csv, p, n);
}

cw_status cw_csv_text(cw_csv *csv, const char *p, size_t n)
{
    return field(csv, p, n, KIND_TEXT);
}

cw_status cw_csv_string(cw_csv *csv, const char *s)
{
    return s ? field(csv, s, strlen(s), KIND_TEXT) : cw_csv_null(csv);
}

cw_status cw_csv_int(cw_csv *csv, int64_t v)
{
    char text[CW__NUMBER_BYTES];
    return field(csv, text, cw__number_int(text, v), KIND_NUMBER);
}

cw_status cw_csv_uint(cw_csv *csv, uint64_t v)
{
    char text[CW__NUMBER_BYTES];
    return field(csv, text, cw__number_uint(text, v), KIND_NUMBER);
}

cw_status cw_csv_double(cw_csv *csv, double v)
{
    char text[CW__NUMBER_BYTES];
    return field(csv, text, cw__number_double(text, v), KIND_NUMBER);
}

cw_status cw_csv_float(cw_csv *csv, float v)
{
    char text[CW__NUMBER_BYTES];
    return field(csv, text, cw__number_float(text, v), KIND_NUMBER);
}

cw_status cw_csv_bool(cw_csv *csv, int v)
{
    return v ? field(csv, "true", 4, KIND_NUMBER) : field(csv, "false", 5, KIND_NUMBER);
}

cw_status cw_csv_null(cw_csv *csv)
{
    cw_status status = begin_field(csv);
    return status == CW_OK ? put(csv, csv->null_text, csv->null_bytes) : status;
}

/* ---- rows ------------------------------------------------------------------------------------ */

cw_status cw_csv_end_row(cw_csv *csv)
{
    size_t fields = csv->fields;
    cw_status status = cw_writer_error(csv->writer)->status;

    csv->fields = 0;
    if (status != CW_OK)
        return status;
    if (csv->columns == 0)
        csv->columns = fields;
    if (fields == 0)
        return cw__writer_fail(csv->writer, CW_E_INVALID_ARGUMENT,
                               "a CSV row was ended that has no field");
    if (fields != csv->columns)
        return cw__writer_fail(csv->writer, CW_E_INVALID_ARGUMENT,
                               "a CSV row has %zu fields where %zu are expected", fields,
                               csv->columns);
    status = put(csv, csv->line_end, strlen(csv->line_end));
    return status == CW_OK ? spill(csv) : status;
}

static cw_status field_of_letter(cw_csv *csv, char letter, va_list *args)
{
    switch (letter) {
    case 's':
        return cw_csv_string(csv, va_arg(*args, const char *));
    case 'i':
        return cw_csv_int(csv, va_arg(*args, int64_t));
    case 'u':
        return cw_csv_uint(csv, va_arg(*args, uint64_t));
    case 'f':
        return cw_csv_double(csv, va_arg(*args, double));
    case 'b':
        return cw_csv_bool(csv, va_arg(*args, int));
    case 'n':
        return cw_csv_null(csv);
    }
    return cw__writer_fail(csv->writer, CW_E_INVALID_ARGUMENT,
                           "cw_csv_row knows the letters s, i, u, f, b and n, not '%c'", letter);
}

cw_status cw_csv_row(cw_csv *csv, const char *types, ...)
{
    cw_status status = CW_OK;
    va_list args;

    va_start(args, types);
    for (; *types && status == CW_OK; types++)
        status = field_of_letter(csv, *types, &args);
    va_end(args);
    return status == CW_OK ? cw_csv_end_row(csv) : status;
}

cw_status cw_csv_strings(cw_csv *csv, const char *const *fields, size_t n)
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < n && status == CW_OK; i++)
        status = cw_csv_string(csv, fields[i]);
    return status == CW_OK ? cw_csv_end_row(csv) : status;
}

/* ---- the life of a face ---------------------------------------------------------------------- */

static cw_status check_options(const cw_csv_options *o, cw_error *err)
{
    if (strchr("\r\n", o->separator) || strchr("\r\n", o->quote) || o->separator == o->quote)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the separator and the quote of CSV are two different characters other "
                        "than CR and LF");
    if (strcmp(o->line_end, "\n") != 0 && strcmp(o->line_end, "\r\n") != 0)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "line_end of CSV is \"\\n\" or \"\\r\\n\"");
    if (strlen(o->null_text) >= NULL_TEXT_MAX)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "null_text of CSV has more than %d bytes",
                        NULL_TEXT_MAX - 1);
    if (strchr(o->null_text, o->separator) || strchr(o->null_text, o->quote) ||
        strpbrk(o->null_text, "\r\n"))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "null_text of CSV is never quoted, so it cannot hold the separator, the "
                        "quote, CR or LF");
    if (o->quoting > CW_CSV_QUOTE_ALL)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "quoting of CSV has no value %d",
                        (int)o->quoting);
    return CW_OK;
}

static void fill_defaults(cw_csv_options *o)
{
    if (!o->separator)
        o->separator = ',';
    if (!o->quote)
        o->quote = '"';
    if (!o->line_end)
        o->line_end = "\n";
    if (!o->null_text)
        o->null_text = "";
}

static void configure(cw_csv *csv, const cw_csv_options *o)
{
    csv->columns = o->columns;
    csv->quoting = o->quoting;
    csv->separator = o->separator;
    csv->quote = o->quote;
    memcpy(csv->line_end, o->line_end, strlen(o->line_end) + 1);
    csv->null_bytes = strlen(o->null_text);
    memcpy(csv->null_text, o->null_text, csv->null_bytes + 1);
    csv->special[(unsigned char)o->separator] = true;
    csv->special[(unsigned char)o->quote] = true;
    csv->special['\r'] = true;
    csv->special['\n'] = true;
}

cw_status cw_csv_new(cw_csv **out, cw_writer *w, const cw_csv_options *options, cw_error *err)
{
    cw_csv_options o;
    cw_csv *csv;
    cw_status status = cw__options_take(&o, sizeof o, options, err);

    *out = NULL;
    if (status != CW_OK)
        return status;
    fill_defaults(&o);
    status = check_options(&o, err);
    if (status != CW_OK)
        return status;
    csv = cw__alloc_zero(sizeof *csv);
    if (!csv)
        return cw__fail_memory(err, "making a CSV face");
    csv->writer = w;
    configure(csv, &o);
    cw__error_clear(err);
    *out = csv;
    return CW_OK;
}

void cw_csv_free(cw_csv *csv)
{
    if (!csv)
        return;
    if (csv->fields > 0)
        (void)cw__writer_fail(csv->writer, CW_E_STATE,
                              "cw_csv_free was called within a row: its end is missing");
    cw__free(csv);
}
