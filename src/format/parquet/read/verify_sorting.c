/* verify_sorting.c - the rows of a row group against the order that sorting_columns says
 *
 * Chunks are walked one after the other, and which of the sorting columns decides between two rows
 * is known when all have been walked. So a byte is kept for each row: by which column it differs
 * from the row before, the first one in the order that is said, and whether in the wrong direction.
 *
 * Only flat columns of a type that has an order can be compared: the claim is looked at up to the
 * first that is not, or that could not be decoded. Where the order of a type says nothing, between
 * NaN and anything else and between the two zeros, either order of the rows is right, also for the
 * columns that follow. A NaN does not hide the number before it from the number after it; that is
 * seen in the first column, where no other one decides.
 */
#include <string.h>

#include "format/parquet/column/statistics.h"
#include "format/parquet/read/walk.h"

/* A byte each. A row group with more is not looked at. */
enum { MOST_ROWS = 1 << 28 };

typedef enum relation { SAME, RIGHT, WRONG } relation;

typedef struct cell {
    bool there; /* not null */
    const uint8_t *p;
    size_t n;
} cell;

/* ---- two rows in one column ---- */

static relation relate(const cw__sorting_column *x, const cw__leaf *leaf, cell a, cell b)
{
    if (!a.there || !b.there)
        return a.there == b.there ? SAME : b.there == x->nulls_first ? RIGHT : WRONG;
    int order = cw__compare_values(leaf, a.p, a.n, b.p, b.n);
    if (order == 0)
        return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0) ? SAME : RIGHT;
    return (order > 0) == x->descending ? RIGHT : WRONG;
}

static bool is_nan(const cw__leaf *leaf, cell x)
{
    return x.there && leaf->width && cw__is_nan(leaf, x.p);
}

static cell cell_of(const cw__decoder *d, size_t slot, size_t value)
{
    cell x = {.there = d->def[slot] == d->leaf->max_def};

    if (x.there)
        x.p = cw__value_at(&d->page, value, &x.n);
    return x;
}

static cell cell_kept(const cw__kept *k)
{
    return (cell){k->there, k->bytes.p, k->bytes.n};
}

static bool keep(cw__kept *k, cell x)
{
    k->there = x.there;
    return !x.there || x.p == k->bytes.p || cw__keep_value(&k->bytes, x.p, x.n);
}

/* ---- pages ---- */

/* The first of the columns that are compared which is this one; `n`: none. */
static size_t place_of(const cw__sorting *s, const cw__leaf *leaf)
{
    size_t i = 0;

    while (i < s->n && (size_t)s->columns[i].leaf != leaf->index)
        i++;
    return i;
}

static bool have_rows(cw__sorting *s, size_t n)
{
    if (n <= s->rows.n)
        return true;
    if (!cw__grow(&s->rows, n - s->rows.n))
        return false;
    memset(s->rows.p + s->rows.n, 0, n - s->rows.n);
    s->rows.n = n;
    return true;
}

/* Of two columns that tell the rows apart, the one that is said first decides. */
static void note(uint8_t *row, size_t place, relation r)
{
    uint8_t said = (uint8_t)(2 * place + (r == WRONG ? 2 : 1));

    if (r != SAME && (*row == 0 || said < *row))
        *row = said;
}

bool cw__sorting_page(cw__walk *w, cw__chunk_walk *c)
{
    cw__sorting *s = &w->sorting;
    const cw__decoder *d = &w->decoder;
    size_t place = place_of(s, c->leaf), values = 0;

    if (place == s->n || d->slots == 0)
        return true;
    if (c->rows + d->slots > MOST_ROWS) {
        c->part_skipped = true;
        return true;
    }
    if (!have_rows(s, (size_t)c->rows + d->slots))
        return false;
    const cw__sorting_column *x = &s->columns[place];
    cell last = cell_kept(&c->last), number = cell_kept(&c->number);
    for (size_t i = 0; i < d->slots; i++) {
        cell here = cell_of(d, i, values);
        relation r = relate(x, c->leaf, last, here);
        if (place == 0 && r == RIGHT && number.there && is_nan(c->leaf, last))
            r = relate(x, c->leaf, number, here);
        if (c->rows + i > 0)
            note(&s->rows.p[c->rows + i], place, r);
        last = here;
        if (!is_nan(c->leaf, here))
            number = here;
        values += here.there;
    }
    return keep(&c->last, last) && keep(&c->number, number);
}

/* ---- chunks and row groups ---- */

void cw__sorting_chunk(cw__walk *w, const cw__chunk_walk *c)
{
    cw__sorting *s = &w->sorting;

    for (size_t i = 0; c->rows <= MOST_ROWS && i < s->n; i++)
        if ((size_t)s->columns[i].leaf == c->leaf->index)
            s->walked[i] = true;
}

void cw__sorting_begin(cw__walk *w, const cw__row_group *g)
{
    const cw__file_metadata *m = &w->f->meta;
    cw__sorting *s = &w->sorting;
    bool comparable = true;

    s->columns = g->sorting;
    s->n = 0;
    s->rows.n = 0;
    memset(s->walked, 0, sizeof s->walked);
    for (size_t i = 0; i < g->sorting_count; i++) {
        int32_t leaf = g->sorting[i].leaf;
        bool known = leaf >= 0 && (size_t)leaf < m->leaf_count;
        if (!known)
            cw__fault(w, 0, "sorting_columns has the column %d of %zu leaf columns", (int)leaf,
                      m->leaf_count);
        comparable = comparable && known && s->n < CW__MOST_SORTING && !m->leaves[leaf].max_rep &&
                     m->leaves[leaf].order != CW__ORDER_NONE;
        s->n += comparable;
    }
}

void cw__sorting_end(cw__walk *w)
{
    cw__sorting *s = &w->sorting;
    size_t walked = 0, first = 0, wrong = 0;

    while (walked < s->n && s->walked[walked])
        walked++;
    for (size_t i = 0; i < s->rows.n; i++) {
        uint8_t row = s->rows.p[i];
        if (row == 0 || row % 2 || row > 2 * walked)
            continue;
        first = wrong ? first : i;
        wrong++;
    }
    w->out->sorted += walked > 0;
    if (!wrong)
        return;
    w->column = w->f->meta.leaves[s->columns[s->rows.p[first] / 2 - 1].leaf].path;
    cw__fault(w, 0,
              "row %zu of the row group is not in the order that sorting_columns says, nor are %zu "
              "others",
              first, wrong - 1);
    w->column = NULL;
}
