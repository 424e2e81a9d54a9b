/* column_cells.c - the values of a column from cells of CSV, a column at a time */
#include "table/column.h"
#include "table/number.h"
#include "utf8.h"
#include <stdio.h>
#include <string.h>

static bool is_text(const struct column *c)
{
    return !c->width && c->field.type != CW_TYPE_BOOL && c->field.type != CW_TYPE_NONE;
}

/* A quoted cell is never null, but that nothing in quotes is no number either. */
static inline bool is_null(const struct column *c, const struct csv *csv, const struct cell *cell,
                           const struct nulls *nulls)
{
    if (cell->n == 0 && (!is_text(c) || (!cell->quoted && nulls->count == 0)))
        return true;
    return !cell->quoted && nulls->count && nulls_have(nulls, cell_bytes(csv, cell), cell->n);
}

static bool refuse_cell(const struct column *c, const struct csv *csv, const struct cell *cell,
                        const char *what, struct refusal *why)
{
    char text[160], type[64];

    column_type_text(&c->field, type, sizeof type);
    snprintf(text, sizeof text, "%s%s", what, type);
    return column_refuse(c, cell_bytes(csv, cell), cell->n, text, why);
}

/* An unquoted nothing in a required column of text is an empty text. */
static bool take_absent(struct column *c, struct refusal *why)
{
    if (!c->field.nullable && is_text(c)) {
        column_count(c, true);
        return true;
    }
    return column_take_null(c, why);
}

static bool refuse_null(const struct column *c, struct refusal *why)
{
    return column_refuse(c, NULL, 0, "is required, and there is no value", why);
}

/* A batch of a column, and the cell of a row in it. */
struct cells {
    const struct csv *csv;
    const struct nulls *nulls;
    size_t column;
};

static inline const struct cell *cell_at(const struct cells *x, size_t row)
{
    return &x->csv->cells[row * x->csv->columns + x->column];
}

/* ---- numbers and moments --------------------------------------------------------------------- */

static size_t take_fixed(struct column *c, const struct cells *x, struct refusal *why)
{
    size_t rows = x->csv->rows, row = 0, width = c->width;
    unsigned char *to = column_grow(c, rows * width);

    column_reserve(c, rows);
    for (; row < rows; row++, to += width) {
        const struct cell *cell = cell_at(x, row);
        if (is_null(c, x->csv, cell, x->nulls)) {
            if (!c->field.nullable && !refuse_null(c, why))
                break;
            memset(to, 0, width);
            column_make_null(c, c->count + row);
        } else if (!c->convert(&c->field, cell_bytes(x->csv, cell), cell->n, to)) {
            refuse_cell(c, x->csv, cell, "is no ", why);
            break;
        }
    }
    c->count += row;
    c->values_n += row * width;
    return row;
}

/* ---- booleans, and nothing ------------------------------------------------------------------- */

static bool take_bool(struct column *c, const struct csv *csv, const struct cell *cell,
                      struct refusal *why)
{
    bool v;

    if (!number_bool(cell_bytes(csv, cell), cell->n, &v))
        return refuse_cell(c, csv, cell, "is no ", why);
    column_put_bool(c, v);
    column_count(c, true);
    return true;
}

static bool take_none(struct column *c, const struct csv *csv, const struct cell *cell,
                      struct refusal *why)
{
    return refuse_cell(c, csv, cell, "is not empty, and the column is of type ", why);
}

/* ---- text ------------------------------------------------------------------------------------ */

static bool check_json(const struct column *c, const char *p, size_t n, struct refusal *why)
{
    struct json_tape tape = {0};
    bool good = json_read(&tape, p, n) || column_refuse(c, p, n, "is no json", why);

    json_tape_free(&tape);
    return good;
}

static bool take_text(struct column *c, const struct csv *csv, const struct cell *cell,
                      struct refusal *why)
{
    enum { SHORT = 32 };
    unsigned char *to = column_grow(c, cell->n + SHORT);
    const char *p = cell_bytes(csv, cell);
    size_t n = cell->n;

    if (cell->doubled)
        n = cell_undouble(csv, cell, (char *)to);
    else if (n <= SHORT)
        memcpy(to, p, SHORT); /* both sides have the room */
    else
        memcpy(to, p, n);
    if (c->field.type == CW_TYPE_JSON && !check_json(c, (const char *)to, n, why))
        return false;
    c->values_n += n;
    column_count(c, true);
    return true;
}

/* Of the last `rows` values: how many are UTF-8 before the first that is not. Mostly all are ASCII,
   which takes one look. */
static size_t check_utf8(const struct column *c, size_t first, struct refusal *why)
{
    const unsigned char *p = c->values;

    if (c->field.type == CW_TYPE_BINARY || utf8_is_ascii(p, c->values_n))
        return c->count;
    for (size_t i = first; i < c->count; i++) {
        if (!utf8_is_valid(p + c->offsets[i], (size_t)(c->offsets[i + 1] - c->offsets[i]))) {
            column_refuse(c, NULL, 0,
                          "holds bytes that are not UTF-8: convert the text, or have a binary "
                          "column by --schema",
                          why);
            return i;
        }
    }
    return c->count;
}

/* ---- a batch --------------------------------------------------------------------------------- */

static size_t take_each(struct column *c, const struct cells *x,
                        bool (*take)(struct column *, const struct csv *, const struct cell *,
                                     struct refusal *),
                        struct refusal *why)
{
    for (size_t row = 0; row < x->csv->rows; row++) {
        const struct cell *cell = cell_at(x, row);
        bool absent = is_null(c, x->csv, cell, x->nulls);
        if (!(absent ? take_absent(c, why) : take(c, x->csv, cell, why)))
            return row;
    }
    return x->csv->rows;
}

size_t column_take_cells(struct column *c, const struct csv *csv, size_t i,
                         const struct nulls *nulls, struct refusal *why)
{
    const struct cells x = {csv, nulls, i};
    size_t first = c->count, taken, sound;
    struct refusal encoding;

    if (c->width)
        return take_fixed(c, &x, why);
    if (c->field.type == CW_TYPE_BOOL)
        return take_each(c, &x, take_bool, why);
    if (c->field.type == CW_TYPE_NONE)
        return take_each(c, &x, take_none, why);
    taken = take_each(c, &x, take_text, why);
    sound = check_utf8(c, first, &encoding) - first;
    if (sound < taken)
        *why = encoding;
    return sound < taken ? sound : taken;
}
