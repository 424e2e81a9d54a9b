/* table_csv.c - CSV and TSV as batches of columns */
#include "failure.h"
#include "memory.h"
#include "table/guess.h"
#include "table/table.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

/* ---- names ----------------------------------------------------------------------------------- */

static char *name_of(const struct table *t, size_t i)
{
    const struct cell *cell = &t->csv.cells[i];
    char *name;

    if (t->o->no_header || cell->n == 0)
        return tool_format("column_%zu", i + 1);
    name = tool_alloc(cell->n + 1);
    if (cell->doubled)
        (void)cell_undouble(&t->csv, cell, name);
    else
        memcpy(name, cell_bytes(&t->csv, cell), cell->n);
    return name;
}

/* What a name cannot be, or would be if lines had another end. */
static cw_status check_header(const struct table *t, cw_error *err)
{
    const char *source = t->text.source->name;

    for (size_t i = 0; i < t->csv.columns; i++) {
        const struct cell *cell = &t->csv.cells[i];
        const char *p = cell_bytes(&t->csv, cell);
        if (memchr(p, '\0', cell->n))
            return failure(err, CW_E_INVALID_ARGUMENT, "%s: a name in the header has a NUL",
                           source);
        if (!cell->quoted && memchr(p, '\r', cell->n))
            return failure(err, CW_E_INVALID_ARGUMENT,
                           "%s: its lines end with CR, where LF or CRLF is wanted: use --exec "
                           "\"tr '\\r' '\\n' <FILE\"",
                           source);
    }
    return CW_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static cw_status check_names(struct table *t, cw_error *err)
{
    char **sorted = tool_alloc(t->name_count * sizeof *sorted);
    const char *name = t->text.source->name;
    cw_status status = CW_OK;

    if (t->name_count)
        memcpy(sorted, t->names, t->name_count * sizeof *sorted);
    qsort(sorted, t->name_count, sizeof *sorted, compare_names);
    for (size_t i = 0; i < t->name_count && status == CW_OK; i++) {
        if (!utf8_is_valid(sorted[i], strlen(sorted[i])))
            status = failure(err, CW_E_INVALID_ARGUMENT, "%s: the header is not UTF-8", name);
        else if (i > 0 && strcmp(sorted[i - 1], sorted[i]) == 0)
            status = failure(err, CW_E_INVALID_ARGUMENT,
                             "%s: two columns of the header are named '%.100s': "
                             "say --no-header if it is a row",
                             name, sorted[i]);
    }
    free(sorted);
    return status;
}

cw_status table_csv_open(struct table *t, cw_error *err)
{
    char usual = t->format == TABLE_TSV ? '\t' : ',';
    char quote = t->o->no_quote ? '\0' : t->o->quote ? t->o->quote : '"';
    cw_status status;

    csv_begin(&t->csv, &t->text, t->o->delimiter ? t->o->delimiter : usual, quote);
    struct csv_place place = csv_place(&t->csv);
    status = csv_first(&t->csv, err);
    if (status != CW_OK)
        return status;
    if (t->csv.rows == 0)
        return failure(err, CW_E_INVALID_ARGUMENT, "%s is empty: not even a header is there",
                       t->text.source->name);
    status = t->o->no_header ? CW_OK : check_header(t, err);
    if (status != CW_OK)
        return status;
    t->names = tool_alloc(t->csv.columns * sizeof *t->names);
    for (; t->name_count < t->csv.columns; t->name_count++)
        t->names[t->name_count] = name_of(t, t->name_count);
    if (t->o->no_header)
        csv_return(&t->csv, place);
    return check_names(t, err);
}

/* ---- the guess ------------------------------------------------------------------------------- */

static void guess_rows(const struct table *t, struct guess *guesses)
{
    for (size_t row = 0; row < t->csv.rows; row++) {
        const struct cell *cells = &t->csv.cells[row * t->csv.columns];
        for (size_t i = 0; i < t->csv.columns; i++) {
            const char *p = cell_bytes(&t->csv, &cells[i]);
            if (cells[i].quoted || !nulls_have(&t->o->nulls, p, cells[i].n))
                guess_text(&guesses[i], p, cells[i].n);
        }
    }
}

static cw_status guess_all(struct table *t, struct guess *guesses, cw_error *err)
{
    cw_status status;

    do {
        status = csv_next(&t->csv, err);
        guess_rows(t, guesses);
    } while (status == CW_OK && t->csv.rows > 0);
    return status;
}

cw_status table_csv_guess(struct table *t, bool all, cw_schema *out, cw_error *err)
{
    struct guess *guesses = tool_alloc(t->name_count * sizeof *guesses);
    cw_status status = all ? CW_OK : table_sample(t, err);
    struct csv_place place = csv_place(&t->csv);

    t->csv.still = !all;
    if (status == CW_OK)
        status = guess_all(t, guesses, err);
    t->csv.still = false;
    if (!all)
        csv_return(&t->csv, place);
    for (size_t i = 0; i < t->name_count; i++) {
        if (status == CW_OK)
            status = guess_add(&guesses[i], t->names[i], out, err);
        guess_free(&guesses[i]);
    }
    free(guesses);
    return status;
}

/* ---- columns --------------------------------------------------------------------------------- */

static size_t find_name(const struct table *t, const char *name)
{
    size_t i = 0;

    while (i < t->name_count && strcmp(t->names[i], name) != 0)
        i++;
    return i;
}

/* Every column of the schema has its cell, and every cell a column, unless the others may go. */
static cw_status match_names(struct table *t, cw_error *err)
{
    const char *source = t->text.source->name;
    bool *used = tool_alloc(t->name_count * sizeof *used);
    cw_status status = CW_OK;

    for (size_t i = 0; i < t->root.child_count && status == CW_OK; i++) {
        t->cell_of[i] = find_name(t, t->root.children[i].field.name);
        if (t->cell_of[i] == t->name_count)
            status = failure(err, CW_E_INVALID_ARGUMENT,
                             "%s: the schema has a column '%s', the header does not", source,
                             t->root.children[i].field.name);
        else
            used[t->cell_of[i]] = true;
    }
    for (size_t i = 0; i < t->name_count && status == CW_OK && !t->o->ignore_unknown; i++)
        if (!used[i])
            status = failure(err, CW_E_INVALID_ARGUMENT,
                             "%s: the header has a column '%.100s', the schema does not: leave it "
                             "out with --ignore-unknown",
                             source, t->names[i]);
    free(used);
    return status;
}

static cw_status match_places(struct table *t, cw_error *err)
{
    if (t->root.child_count != t->name_count)
        return failure(err, CW_E_INVALID_ARGUMENT,
                       "%s has %zu columns, the schema %zu, and without a header they go by place",
                       t->text.source->name, t->name_count, t->root.child_count);
    for (size_t i = 0; i < t->name_count; i++)
        t->cell_of[i] = i;
    return CW_OK;
}

cw_status table_csv_bind(struct table *t, cw_error *err)
{
    t->cell_of = tool_realloc(t->cell_of, t->root.child_count * sizeof *t->cell_of);
    for (size_t i = 0; i < t->root.child_count; i++)
        if (t->root.children[i].child_count)
            return failure(err, CW_E_UNSUPPORTED,
                           "column '%s' of the schema is nested, which a cell of CSV is not",
                           t->root.children[i].field.name);
    return t->o->no_header ? match_places(t, err) : match_names(t, err);
}

/* The first bad row of all columns: a column that refuses one leaves the later ones only those
   before it. */
cw_status table_csv_next(struct table *t, cw_error *err)
{
    struct refusal why;
    bool refused = false;
    cw_status status = csv_next(&t->csv, err);

    for (size_t i = 0; i < t->root.child_count; i++) {
        size_t taken =
            column_take_cells(&t->root.children[i], &t->csv, t->cell_of[i], &t->o->nulls, &why);
        refused |= taken < t->csv.rows;
        t->csv.rows = taken;
    }
    t->rows = t->csv.rows;
    return refused ? table_refuse(t, t->csv.lines[t->csv.rows], &why, err) : status;
}
