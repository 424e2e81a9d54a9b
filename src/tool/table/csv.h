/* csv.h - records of CSV and TSV, cut into cells
 *
 * As RFC 4180 has it, and as people write it: a cell may be quoted, a quote in it is doubled, and a
 * quoted cell may hold delimiters and line ends. A quote within a cell that does not begin with one
 * is a character like others. Lines end with LF or CR LF; empty lines are skipped, unless there is
 * but one column.
 */
#ifndef CW_TOOL_CSV_H
#define CW_TOOL_CSV_H

#include "table/text.h"

/** One cell, in the window of the text. Of a quoted one what is between the quotes. */
struct cell {
    uint32_t at, n;
    bool quoted;
    bool doubled; /* has doubled quotes in it */
};

struct csv {
    struct text *text;
    char delimiter, quote; /* quote 0: none */
    bool still;            /* do not read on: only what the window has */
    size_t columns;        /* cells that a record must have; 0: not known yet */

    struct cell *cells; /* rows x columns */
    uint64_t *lines;    /* on which each row begins */
    size_t rows, room;

    size_t at;     /* in the window: where the next record begins … */
    uint64_t line; /* … and line ends before it */
    uint32_t *marks;
    size_t marks_n, marks_at, marked; /* marked: bytes of the window looked at */
};

void csv_begin(struct csv *c, struct text *text, char delimiter, char quote);
void csv_free(struct csv *c);

/** Read one record of any number of cells, which becomes `columns`; `rows` is 0 at the end. */
cw_status csv_first(struct csv *c, cw_error *err);

/**
 * Cut whole records of the window, as many as fit into `rows`, in place of those before; reads on
 * where there is none. `rows` is 0 at the end. On an error the rows before it are there.
 */
cw_status csv_next(struct csv *c, cw_error *err);

/** Where csv_next will begin, to come back to while the window stays. */
struct csv_place {
    size_t at;
    uint64_t line;
};
struct csv_place csv_place(const struct csv *c);
void csv_return(struct csv *c, struct csv_place place);

static inline const char *cell_bytes(const struct csv *c, const struct cell *cell)
{
    return c->text->p + cell->at;
}

/** Write the bytes of a cell with doubled quotes made one; `out` has room for cell->n. @return how
 * many */
size_t cell_undouble(const struct csv *c, const struct cell *cell, char *out);

#endif
