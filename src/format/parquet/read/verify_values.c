/* verify_values.c - a decoded page against what is said of it
 *
 * Statistics, page index, level histograms and Bloom filter are compared with the values and levels
 * of the page; what the chunk is said to have is added up on the way.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "format/parquet/column/statistics.h"
#include "format/parquet/encode/bloom.h"
#include "format/parquet/read/walk.h"

/* ---- statistics against values ---- */

static double number_of(const cw__leaf *leaf, const uint8_t *p)
{
    float f;
    double d;

    if (leaf->physical == CW__FLOAT) {
        memcpy(&f, p, sizeof f);
        return (double)f;
    }
    memcpy(&d, p, sizeof d);
    return d;
}

bool cw__is_nan(const cw__leaf *leaf, const uint8_t *p)
{
    if (leaf->order != CW__ORDER_FLOAT)
        return false;
    if (leaf->width == 2)
        return (p[1] & 0x7C) == 0x7C && ((p[1] & 3) || p[0]);
    return isnan(number_of(leaf, p));
}

bool cw__has_width(const cw__leaf *leaf, const cw__binary *v)
{
    return leaf->width == 0 || v->n == leaf->width;
}

/* false: a bound that cannot be one. */
static bool is_usable(cw__walk *w, const cw__leaf *leaf, const cw__binary *v, const char *what)
{
    if (!cw__has_width(leaf, v)) {
        cw__fault(w, 0, "%s has %zu bytes where the type has %" PRIu32, what, v->n, leaf->width);
        return false;
    }
    if (leaf->width && cw__is_nan(leaf, v->p)) {
        cw__fault(w, 0, "%s is NaN", what);
        return false;
    }
    return true;
}

/* `side` -1: a minimum must not be above the least value; 1: a maximum not below the greatest. */
static void check_bound(cw__walk *w, const cw__leaf *leaf, const cw__binary *said, int side,
                        const uint8_t *value, size_t n, bool exact, const char *what)
{
    if (!is_usable(w, leaf, said, what))
        return;
    w->out->statistics++;
    int order = cw__compare_values(leaf, said->p, said->n, value, n);
    if (order * side < 0)
        cw__fault(w, 0, "%s is %s a value that is there", what, side < 0 ? "above" : "below");
    else if (exact && order != 0)
        cw__fault(w, 0, "%s is said to be exact, and no value is equal to it", what);
}

static cw__there there_of(const cw__extremes *e, const cw__leaf *leaf, uint64_t nulls)
{
    bool fixed = leaf->width && leaf->width <= sizeof e->min_fixed;

    return (cw__there){.any = e->any,
                       .min = fixed ? e->min_fixed : e->min,
                       .max = fixed ? e->max_fixed : e->max,
                       .min_n = fixed ? leaf->width : e->min_n,
                       .max_n = fixed ? leaf->width : e->max_n,
                       .nulls = nulls,
                       .nans = e->nans};
}

static bool is_made_by(const cw__walk *w, const char *writer)
{
    const char *by = w->f->meta.created_by;

    return by && strncmp(by, writer, strlen(writer)) == 0;
}

/* Before it was part of Arrow, parquet-cpp did not count a list's absence among the nulls. */
static bool counts_nulls(const cw__walk *w, const cw__leaf *leaf)
{
    return !(leaf->max_rep && is_made_by(w, "parquet-cpp version "));
}

/* Of DELTA_BYTE_ARRAY Arrow counts what values do not share with those before them. */
bool cw__counts_bytes(const cw__walk *w, const cw__chunk_walk *c)
{
    return !(c->encodings[CW__DELTA_BYTE_ARRAY] && is_made_by(w, "parquet-cpp-arrow version "));
}

/* The deprecated pair is in signed order, whatever the type's is: it is true of signed types. */
static void check_old_bounds(cw__walk *w, const cw__leaf *leaf, const cw__statistics *s,
                             const cw__there *t)
{
    if (leaf->order != CW__ORDER_SIGNED)
        return;
    if (s->has_old_min)
        check_bound(w, leaf, &s->old_min, -1, t->min, t->min_n, false, "min");
    if (s->has_old_max)
        check_bound(w, leaf, &s->old_max, 1, t->max, t->max_n, false, "max");
}

void cw__verify_statistics(cw__walk *w, const cw__leaf *leaf, const cw__statistics *s,
                           const cw__there *t)
{
    if (s->has_null_count && counts_nulls(w, leaf))
        cw__check_number(w, "null_count", s->null_count, (int64_t)t->nulls);
    if (s->has_nan_count && leaf->order == CW__ORDER_FLOAT)
        cw__check_number(w, "nan_count", s->nan_count, (int64_t)t->nans);
    if (leaf->order == CW__ORDER_NONE)
        return;
    if (!t->any && t->nans == 0 && (s->has_min || s->has_max))
        cw__fault(w, 0, "min_value or max_value is there, and no value");
    if (!t->any)
        return;
    check_old_bounds(w, leaf, s, t);
    if (s->has_min)
        check_bound(w, leaf, &s->min, -1, t->min, t->min_n, s->has_exactness && s->min_exact,
                    "min_value");
    if (s->has_max)
        check_bound(w, leaf, &s->max, 1, t->max, t->max_n, s->has_exactness && s->max_exact,
                    "max_value");
}

/* ---- pages ---- */

bool cw__keep_value(cw__grown *to, const uint8_t *p, size_t n)
{
    to->n = 0;
    if (!cw__grow(to, n + 1))
        return false;
    if (n)
        memcpy(to->p, p, n);
    to->n = n;
    return true;
}

static bool join_extremes(cw__chunk_walk *c, const cw__there *t)
{
    bool ok = true;

    if (!t->any)
        return true;
    if (!c->any || cw__compare_values(c->leaf, t->min, t->min_n, c->min.p, c->min.n) < 0)
        ok = cw__keep_value(&c->min, t->min, t->min_n);
    if (!c->any || cw__compare_values(c->leaf, t->max, t->max_n, c->max.p, c->max.n) > 0)
        ok = ok && cw__keep_value(&c->max, t->max, t->max_n);
    c->any = true;
    return ok;
}

static bool add_hash(cw__chunk_walk *c, uint64_t hash)
{
    uint64_t *more = cw__array_grow(c->hashes, c->hash_n, &c->hash_room, sizeof *more, 4096);

    if (!more)
        return false;
    c->hashes = more;
    c->hashes[c->hash_n++] = hash;
    return true;
}

/* Every value: asked of the Bloom filter, and counted if a distinct count is said. */
static bool look_at_values(cw__walk *w, cw__chunk_walk *c, const cw__column_buffer *page)
{
    bool distinct = c->meta->has_statistics && c->meta->statistics.has_distinct_count;
    bool missing = false, ok = true;

    if (!distinct && !c->bloom)
        return true;
    for (size_t i = 0; ok && i < page->count; i++) {
        size_t n;
        const uint8_t *p = cw__value_at(page, i, &n);
        uint64_t hash = cw__xxh64(p, n);
        missing |= c->bloom && !cw__bloom_has(c->bloom, c->bloom_bytes, hash);
        if (c->rebuilt)
            cw__bloom_add(c->rebuilt, c->bloom_bytes, hash);
        ok = !distinct || add_hash(c, hash);
    }
    if (missing)
        cw__fault(w, 0, "the Bloom filter denies a value that is there");
    return ok;
}

static void check_text(cw__walk *w, const cw__column_buffer *page)
{
    const cw__node *node = page->leaf->node;

    if (!node || page->leaf->width ||
        (node->type != CW_TYPE_STRING && node->type != CW_TYPE_ENUM && node->type != CW_TYPE_JSON))
        return;
    for (size_t i = 0; i < page->count; i++) {
        size_t n;
        const uint8_t *p = cw__value_at(page, i, &n);
        if (!cw__is_utf8(p, n)) {
            cw__fault(w, 0, "value %zu of the page is no UTF-8", i);
            return;
        }
    }
}

/* A page of nulls has no bounds, and says so by empty ones. */
static void check_null_page(cw__walk *w, const cw__column_index *x, size_t i)
{
    if (x->mins[i].n || x->maxs[i].n)
        cw__fault(w, 0, "the column index has bounds for a page that it says is null");
}

static void check_column_index(cw__walk *w, cw__chunk_walk *c, const cw__there *t)
{
    const cw__column_index *x = &c->columns;
    bool all_null = w->decoder.page.count == 0;
    size_t i = c->pages;

    if (!c->has_columns || i >= x->n)
        return;
    if (x->null_pages[i] != all_null)
        cw__fault(w, 0, "the column index says that %s, and it is not so",
                  x->null_pages[i] ? "all of the page is null" : "the page has values");
    if (x->null_counts)
        cw__check_number(w, "null_counts of the column index", x->null_counts[i],
                         (int64_t)t->nulls);
    if (x->nan_counts && c->leaf->order == CW__ORDER_FLOAT)
        cw__check_number(w, "nan_counts of the column index", x->nan_counts[i], (int64_t)t->nans);
    if (x->null_pages[i])
        check_null_page(w, x, i);
    else if (c->leaf->order != CW__ORDER_NONE && t->any) {
        check_bound(w, c->leaf, &x->mins[i], -1, t->min, t->min_n, false,
                    "min_values of the column index");
        check_bound(w, c->leaf, &x->maxs[i], 1, t->max, t->max_n, false,
                    "max_values of the column index");
    }
}

void cw__verify_histogram(cw__walk *w, const char *what, const int64_t *said, const int64_t *there,
                          size_t n)
{
    if (said && memcmp(said, there, n * sizeof *said) != 0)
        cw__fault(w, 0, "the %s level histogram is not that of the levels", what);
}

static void count_levels(int64_t *histogram, const uint32_t *levels, size_t n)
{
    for (size_t i = 0; i < n; i++)
        histogram[levels[i]]++;
}

static bool page_histograms(cw__walk *w, cw__chunk_walk *c, const cw__decoder *d)
{
    size_t rep_n = c->leaf->max_rep + 1, def_n = c->leaf->max_def + 1;
    int64_t rep[CW__MAX_LEVEL + 1] = {0}, def[CW__MAX_LEVEL + 1] = {0};
    const cw__column_index *x = &c->columns;

    if (rep_n > CW__MAX_LEVEL + 1 || def_n > CW__MAX_LEVEL + 1)
        return true;
    count_levels(rep, d->rep, d->slots);
    count_levels(def, d->def, d->slots);
    for (size_t i = 0; i < rep_n; i++)
        c->rep[i] += rep[i];
    for (size_t i = 0; i < def_n; i++)
        c->def[i] += def[i];
    if (!c->has_columns || c->pages >= x->n)
        return true;
    if (x->rep_histograms && x->rep_n == x->n * rep_n)
        cw__verify_histogram(w, "repetition", x->rep_histograms + c->pages * rep_n, rep, rep_n);
    if (x->def_histograms && x->def_n == x->n * def_n)
        cw__verify_histogram(w, "definition", x->def_histograms + c->pages * def_n, def, def_n);
    return true;
}

static void check_offset_index(cw__walk *w, cw__chunk_walk *c, const cw__decoder *d, size_t header)
{
    const cw__offset_index *x = &c->offsets;
    const cw__column_buffer *page = &d->page;
    size_t i = c->pages;

    if (!c->has_offsets || i >= x->n)
        return;
    cw__check_number(w, "first_row_index", x->pages[i].first_row, (int64_t)c->rows);
    if (x->unencoded_bytes && cw__counts_bytes(w, c))
        cw__check_number(w, "unencoded_byte_array_data_bytes of the page", x->unencoded_bytes[i],
                         c->leaf->width ? 0 : (int64_t)page->values.n);
    if (d->slots && d->rep[0] != 0)
        cw__fault(w, (uint64_t)c->start + c->at - header, "the page does not begin at a row");
}

/* Arrow takes the bounds of a dictionary array's page from more than the page, and calls them
 * exact.
 */
static void page_statistics(cw__walk *w, const cw__chunk_walk *c, cw__statistics said,
                            const cw__there *there)
{
    if (c->dictionary_seen && is_made_by(w, "parquet-cpp-arrow version "))
        said.has_exactness = false;
    cw__verify_statistics(w, c->leaf, &said, there);
}

bool cw__verify_page(cw__walk *w, cw__chunk_walk *c, const cw__page_header *h, size_t header)
{
    cw__decoder *d = &w->decoder;
    cw__extremes e;

    memset(&e, 0, sizeof e);
    if (c->leaf->order != CW__ORDER_NONE)
        cw__extremes_of(&e, &d->page, 0, d->page.count);
    cw__there there = there_of(&e, c->leaf, d->slots - d->page.count);
    if (h->has_statistics)
        page_statistics(w, c, h->statistics, &there);
    check_column_index(w, c, &there);
    check_offset_index(w, c, d, header);
    check_text(w, &d->page);
    cw__verify_shapes(w, c);
    page_histograms(w, c, d);
    if (c->slots == 0 && d->slots && d->rep[0] != 0)
        cw__fault(w, 0, "the chunk does not begin at a row");
    bool ok = look_at_values(w, c, &d->page) && join_extremes(c, &there) && cw__sorting_page(w, c);
    c->rows += d->rows;
    c->nulls += there.nulls;
    c->nans += there.nans;
    c->value_bytes += c->leaf->width ? 0 : d->page.values.n;
    w->out->values += d->slots;
    return ok;
}
