/* fuzz_table_csv.c - any text as CSV, with types inferred from all of it
 *
 * The first byte chooses delimiter, quote and header. Records are cut as a plain reading of the
 * rules cuts them, and what was inferred from a text takes every row of it.
 */
#include "table_of.h"

/* The rules, a character at a time: cells of a record, or -1 for a fault. */
static int cells_of_record(const char **at, const char *end, char delimiter, int quote, bool *empty)
{
    const char *p = *at;
    int cells = 0;

    *empty = false;
    for (;;) {
        const char *begin = p;
        cells++;
        if (p < end && *p == quote) {
            for (p++;; p++) {
                if (p == end)
                    return -1;
                if (*p == quote && p + 1 < end && p[1] == quote)
                    p++;
                else if (*p == quote)
                    break;
            }
            p++;
            if (p < end && *p == '\r' && (p + 1 == end || p[1] == '\n'))
                p++;
            if (p < end && *p != delimiter && *p != '\n')
                return -1;
        } else {
            while (p < end && *p != delimiter && *p != '\n')
                p++;
            bool line = p == end || *p == '\n';
            *empty = cells == 1 && line && (p == begin || (p == begin + 1 && *begin == '\r'));
        }
        if (p == end || *p == '\n') {
            *at = p < end ? p + 1 : p;
            return cells;
        }
        p++;
    }
}

/* Cells of the first record that is not empty; 0: there is none, or it is faulty. */
static size_t count_columns(const char *at, const char *end, char delimiter, int quote)
{
    bool empty;

    while (at < end) {
        int cells = cells_of_record(&at, end, delimiter, quote, &empty);
        if (cells < 0 || !empty)
            return cells < 0 ? 0 : (size_t)cells;
    }
    return 0;
}

static void check_cutting(const uint8_t *data, size_t size, const struct table_options *o)
{
    struct table_of x;
    const char *at = (const char *)data, *end = at + size;
    cw_error err;

    if (!table_of_begin(&x, data, size, TABLE_CSV, o, &err)) {
        table_of_end(&x);
        return;
    }
    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    /* The header was cut already, unless there is none. */
    struct csv *c = &x.table.csv;
    char delimiter = o->delimiter ? o->delimiter : ',';
    int quote = o->no_quote ? 256 : '"';
    size_t columns = count_columns(at, end, delimiter, quote);
    bool header = !o->no_header, fault = false;
    cw_status status = CW_OK;
    size_t row = c->rows;
    while (at < end) {
        bool empty;
        int cells = cells_of_record(&at, end, delimiter, quote, &empty);
        if (cells > 0 && empty && (columns != 1 || header))
            continue;
        if (header && cells > 0) {
            header = false;
            continue;
        }
        fault = cells < 0 || (size_t)cells != columns;
        if (row == c->rows && status == CW_OK) {
            status = csv_next(c, &err);
            row = 0;
        }
        if (fault) {
            MUST(row == c->rows && status != CW_OK);
            break;
        }
        MUST(row < c->rows);
        row++;
    }
    if (!fault) {
        MUST(status == CW_OK && row == c->rows);
        MUST(csv_next(c, &err) == CW_OK && c->rows == 0);
    }
    table_of_end(&x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct table_options o = {0};

    if (size == 0)
        return 0;
    o.no_header = data[0] & 1;
    o.delimiter = data[0] & 2 ? ';' : '\0';
    o.no_quote = data[0] >> 2 & 1;
    check_cutting(data + 1, size - 1, &o);
    table_of_check(data + 1, size - 1, TABLE_CSV, &o);
    return 0;
}
