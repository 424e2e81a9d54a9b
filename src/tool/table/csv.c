/* csv.c - records of CSV and TSV, cut into cells
 *
 * The marks of marks.h are gone through one after the other: only at them something can happen. A
 * record that the window does not have whole is begun again when it has more.
 */
#include "table/csv.h"
#include "failure.h"
#include "memory.h"
#include "table/marks.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MARKED_AT_ONCE = 64 << 10,
    MOST_CELLS = 32 << 10, /* of a batch, so that they stay in the cache */
    LEAST_ROWS = 8,
    MOST_COLUMNS = 100000
};

enum cut { CUT_WHOLE, CUT_EMPTY, CUT_SHORT, CUT_FAILED };

void csv_begin(struct csv *c, struct text *text, char delimiter, char quote)
{
    memset(c, 0, sizeof *c);
    c->text = text;
    c->delimiter = delimiter;
    c->quote = quote;
    c->marks = tool_alloc(MARKED_AT_ONCE * sizeof *c->marks);
}

void csv_free(struct csv *c)
{
    free(c->marks);
    free(c->cells);
    free(c->lines);
    memset(c, 0, sizeof *c);
}

static void forget_marks(struct csv *c)
{
    c->marks_n = c->marks_at = 0;
    c->marked = c->at;
}

struct csv_place csv_place(const struct csv *c)
{
    return (struct csv_place){c->at, c->line};
}

void csv_return(struct csv *c, struct csv_place place)
{
    c->at = place.at;
    c->line = place.line;
    forget_marks(c);
}

/* ---- marks ----------------------------------------------------------------------------------- */

static bool find_marks(struct csv *c)
{
    const char three[3] = {c->delimiter, '\n', c->quote ? c->quote : '\n'};

    while (c->marks_at == c->marks_n && c->marked < c->text->n) {
        size_t n = c->text->n - c->marked;
        n = n < MARKED_AT_ONCE ? n : MARKED_AT_ONCE;
        c->marks_at = 0;
        c->marks_n = marks_find(c->marks, c->text->p + c->marked, n, (uint32_t)c->marked, three);
        c->marked += n;
    }
    return c->marks_at < c->marks_n;
}

/* The end of the text is as good as an end of a line. */
static inline bool next_mark(struct csv *c, size_t *at)
{
    if (c->marks_at == c->marks_n && !find_marks(c)) {
        *at = c->text->n;
        return c->text->ended;
    }
    *at = c->marks[c->marks_at++];
    return true;
}

static inline bool ends_line(const struct csv *c, size_t at)
{
    return at == c->text->n || c->text->p[at] == '\n';
}

/* ---- a cell ---------------------------------------------------------------------------------- */

static cw_status fail_at(const struct csv *c, const char *what, cw_error *err)
{
    return failure(err, CW_E_INVALID_ARGUMENT, "%s, line %" PRIu64 ": %s", c->text->source->name,
                   c->text->line + c->line, what);
}

/* Behind the closing quote: the mark that ends the cell. */
static enum cut end_quoted(struct csv *c, size_t closing, size_t *end, cw_error *err)
{
    const char *p = c->text->p;

    if (!next_mark(c, end))
        return CUT_SHORT;
    if (*end == closing + 1 ||
        (*end == closing + 2 && p[closing + 1] == '\r' && ends_line(c, *end)))
        return CUT_WHOLE;
    fail_at(c, "text stands behind the closing quote of a cell; a quote within one is doubled",
            err);
    return CUT_FAILED;
}

/* A cell that begins with a quote at `start`; *lines: ends of lines within it. */
static enum cut cut_quoted(struct csv *c, size_t start, struct cell *cell, size_t *end,
                           uint64_t *lines, cw_error *err)
{
    const char *p = c->text->p;
    size_t n = c->text->n, at;

    if (!next_mark(c, &at)) /* the quote itself */
        return CUT_SHORT;
    *cell = (struct cell){.at = (uint32_t)(start + 1), .quoted = true};
    for (;;) {
        if (!next_mark(c, &at))
            return CUT_SHORT;
        if (at == n) {
            fail_at(c, "a cell begins with a quote that is never closed", err);
            return CUT_FAILED;
        }
        *lines += p[at] == '\n';
        if (p[at] != c->quote)
            continue;
        if (at + 1 == n && !c->text->ended)
            return CUT_SHORT;
        if (at + 1 == n || p[at + 1] != c->quote)
            break;
        cell->doubled = true;
        (void)next_mark(c, &at);
    }
    cell->n = (uint32_t)(at - start - 1);
    return end_quoted(c, at, end, err);
}

static inline enum cut cut_plain(struct csv *c, size_t start, struct cell *cell, size_t *end)
{
    const char *p = c->text->p;

    do {
        if (!next_mark(c, end))
            return CUT_SHORT;
    } while (*end < c->text->n && p[*end] == c->quote && c->quote);
    *cell = (struct cell){.at = (uint32_t)start, .n = (uint32_t)(*end - start)};
    if (cell->n && p[*end - 1] == '\r' && ends_line(c, *end))
        cell->n--;
    return CUT_WHOLE;
}

/* ---- a record -------------------------------------------------------------------------------- */

/* Up to `room` cells are kept, all are counted. The record is used up if it is whole. */
static enum cut cut_record(struct csv *c, struct cell *cells, size_t room, size_t *count,
                           cw_error *err)
{
    size_t start = c->at, end = 0, k = 0;
    uint64_t lines = 1;

    for (;; start = end + 1) {
        struct cell spare, *cell = k < room ? &cells[k] : &spare;
        bool quoted = c->quote && start < c->text->n && c->text->p[start] == c->quote;
        enum cut cut = quoted ? cut_quoted(c, start, cell, &end, &lines, err)
                              : cut_plain(c, start, cell, &end);
        if (cut != CUT_WHOLE)
            return cut;
        k++;
        if (ends_line(c, end)) {
            bool empty = k == 1 && !cell->quoted && cell->n == 0 && c->columns != 1;
            c->at = end < c->text->n ? end + 1 : end;
            c->line += lines;
            *count = k;
            return empty ? CUT_EMPTY : CUT_WHOLE;
        }
    }
}

static void make_room(struct csv *c, size_t rows, size_t columns)
{
    c->cells = tool_realloc(c->cells, rows * columns * sizeof *c->cells);
    c->lines = tool_realloc(c->lines, rows * sizeof *c->lines);
    c->room = rows;
}

/* Give up what was cut, and read. The records after it are looked for again. */
static cw_status read_on(struct csv *c, cw_error *err)
{
    cw_status status;

    text_use(c->text, c->at, c->line);
    c->at = 0;
    c->line = 0;
    status = text_more(c->text, err);
    forget_marks(c);
    return status;
}

static bool is_at_end(const struct csv *c)
{
    return c->text->ended && c->at == c->text->n;
}

static cw_status check_count(const struct csv *c, size_t count, uint64_t line, cw_error *err)
{
    if (count == c->columns)
        return CW_OK;
    return failure(err, CW_E_INVALID_ARGUMENT,
                   "%s, line %" PRIu64 ": %zu %s where there are %zu columns",
                   c->text->source->name, c->text->line + line, count,
                   count == 1 ? "cell" : "cells", c->columns);
}

/* The records that the window has. */
static cw_status cut_rows(struct csv *c, cw_error *err)
{
    while (c->rows < c->room && !is_at_end(c)) {
        struct csv_place before = csv_place(c);
        size_t count = 0;
        enum cut cut = cut_record(c, c->cells + c->rows * c->columns, c->columns, &count, err);
        if (cut == CUT_FAILED)
            return err->status;
        if (cut == CUT_SHORT) {
            csv_return(c, before);
            return CW_OK;
        }
        if (cut == CUT_EMPTY)
            continue;
        if (check_count(c, count, before.line, err) != CW_OK)
            return err->status;
        c->lines[c->rows++] = c->text->line + before.line;
    }
    return CW_OK;
}

cw_status csv_next(struct csv *c, cw_error *err)
{
    if (!c->lines) {
        size_t rows = MOST_CELLS / c->columns;
        make_room(c, rows < LEAST_ROWS ? LEAST_ROWS : rows, c->columns);
    }
    c->rows = 0;
    for (;;) {
        cw_status status = cut_rows(c, err);
        if (status != CW_OK || c->rows > 0 || is_at_end(c) || c->still)
            return status;
        status = read_on(c, err);
        if (status != CW_OK)
            return status;
    }
}

cw_status csv_first(struct csv *c, cw_error *err)
{
    size_t room = 64, count = 0;

    c->cells = tool_realloc(c->cells, room * sizeof *c->cells);
    for (;;) {
        struct csv_place before = csv_place(c);
        enum cut cut = is_at_end(c) ? CUT_SHORT : cut_record(c, c->cells, room, &count, err);
        if (cut == CUT_FAILED)
            return err->status;
        if (cut == CUT_EMPTY)
            continue;
        if (cut == CUT_WHOLE && count <= room)
            break;
        csv_return(c, before);
        if (cut == CUT_WHOLE) {
            room = count;
            c->cells = tool_realloc(c->cells, room * sizeof *c->cells);
        } else if (c->text->ended) {
            return CW_OK;
        } else if (read_on(c, err) != CW_OK) {
            return err->status;
        }
    }
    if (count > MOST_COLUMNS)
        return fail_at(c, "more than 100,000 columns; is the delimiter right?", err);
    c->columns = count;
    c->rows = 1;
    return CW_OK;
}

size_t cell_undouble(const struct csv *c, const struct cell *cell, char *out)
{
    const char *p = cell_bytes(c, cell);
    size_t n = 0;

    for (size_t i = 0; i < cell->n; i++) {
        out[n++] = p[i];
        i += p[i] == c->quote;
    }
    return n;
}
