/* verify_totals.c - a whole chunk against what is said of it: counts, sizes, encodings, order */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format/parquet/column/statistics.h"
#include "format/parquet/read/walk.h"

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static int64_t count_distinct(cw__chunk_walk *c)
{
    int64_t n = 0;

    if (c->hash_n)
        qsort(c->hashes, c->hash_n, sizeof *c->hashes, compare_hashes);
    for (size_t i = 0; i < c->hash_n; i++)
        n += i == 0 || c->hashes[i] != c->hashes[i - 1];
    return n;
}

/* Pages of a dictionary count under either name of its encoding. */
static int32_t plain_name(const cw__encoding_stat *s)
{
    return s->encoding == CW__PLAIN_DICTIONARY
               ? (s->page_type == CW__DICTIONARY_PAGE ? CW__PLAIN : CW__RLE_DICTIONARY)
               : s->encoding;
}

/* Arrow counts pages of version 2 under the number of version 1. */
static bool is_dictionary(const cw__encoding_stat *s)
{
    return s->page_type == CW__DICTIONARY_PAGE;
}

static int32_t pages_of(const cw__encoding_stat *s, size_t n, const cw__encoding_stat *like)
{
    int32_t pages = 0;

    for (size_t i = 0; i < n; i++)
        if (is_dictionary(&s[i]) == is_dictionary(like) && plain_name(&s[i]) == plain_name(like))
            pages += s[i].count;
    return pages;
}

/* An empty list, of writers that were never asked for more, says nothing. */
static bool lists_encodings(const cw__column_metadata *m)
{
    bool any = false;

    for (int32_t i = 0; i < CW__ENCODINGS; i++)
        any |= m->encodings[i];
    return any;
}

static void check_encodings(cw__walk *w, const cw__chunk_walk *c)
{
    const cw__column_metadata *m = c->meta;

    for (int32_t i = 0; lists_encodings(m) && i < CW__ENCODINGS; i++) {
        bool other = (i == CW__RLE_DICTIONARY && m->encodings[CW__PLAIN_DICTIONARY]) ||
                     (i == CW__PLAIN && m->encodings[CW__PLAIN_DICTIONARY]);
        if (c->encodings[i] && !m->encodings[i] && !other)
            cw__fault(w, 0, "encoding %" PRId32 " is used and not listed", i);
    }
    for (size_t i = 0; m->encoding_stat_count && i < c->seen_n; i++) {
        int32_t there = pages_of(c->seen, c->seen_n, &c->seen[i]);
        int32_t said = pages_of(m->encoding_stats, m->encoding_stat_count, &c->seen[i]);
        if (there != said)
            cw__fault(w, 0,
                      "encoding_stats says %" PRId32 " pages of type %" PRId32
                      " with encoding %" PRId32 ", there are %" PRId32,
                      said, c->seen[i].page_type, c->seen[i].encoding, there);
    }
}

static void check_sizes(cw__walk *w, const cw__chunk_walk *c)
{
    const cw__size_statistics *s = &c->meta->sizes;

    if (!s->present)
        return;
    if (s->has_bytes && !c->leaf->width && cw__counts_bytes(w, c))
        cw__check_number(w, "unencoded_byte_array_data_bytes", s->unencoded_bytes,
                         (int64_t)c->value_bytes);
    if (s->rep && s->rep_n == c->leaf->max_rep + 1)
        cw__verify_histogram(w, "repetition", s->rep, c->rep, s->rep_n);
    if (s->def && s->def_n == c->leaf->max_def + 1)
        cw__verify_histogram(w, "definition", s->def, c->def, s->def_n);
}

/* An empty histogram is one that is left out. */
static void check_length(cw__walk *w, const char *whose, size_t said, size_t levels)
{
    if (said && said != levels)
        cw__fault(w, 0, "the histogram of %s levels has %zu numbers, not %zu", whose, said, levels);
}

static void check_histograms(cw__walk *w, const cw__chunk_walk *c)
{
    const size_t rep = c->leaf->max_rep + 1, def = c->leaf->max_def + 1;

    check_length(w, "the chunk's repetition", c->meta->sizes.rep_n, rep);
    check_length(w, "the chunk's definition", c->meta->sizes.def_n, def);
    if (!c->has_columns)
        return;
    check_length(w, "the pages' repetition", c->columns.rep_n, c->columns.n * rep);
    check_length(w, "the pages' definition", c->columns.def_n, c->columns.n * def);
}

static bool is_ordered(const cw__column_index *x)
{
    return x->order == CW__ASCENDING || x->order == CW__DESCENDING;
}

/* The order that is said of the pages that have values. */
static void check_order(cw__walk *w, const cw__chunk_walk *c)
{
    const cw__column_index *x = &c->columns;
    size_t last = SIZE_MAX;

    if (c->has_columns && (x->order < CW__UNORDERED || x->order > CW__DESCENDING))
        cw__fault(w, 0, "the column index has the unknown boundary order %" PRId32, x->order);
    if (!c->has_columns || !is_ordered(x) || c->leaf->order == CW__ORDER_NONE)
        return;
    for (size_t i = 0; i < x->n; i++) {
        if (x->null_pages[i])
            continue;
        if (!cw__has_width(c->leaf, &x->mins[i]) || !cw__has_width(c->leaf, &x->maxs[i])) {
            cw__fault(w, 0, "the column index has a bound of another width than the type");
            return;
        }
        if (last != SIZE_MAX) {
            int min = cw__compare_values(c->leaf, x->mins[last].p, x->mins[last].n, x->mins[i].p,
                                         x->mins[i].n);
            int max = cw__compare_values(c->leaf, x->maxs[last].p, x->maxs[last].n, x->maxs[i].p,
                                         x->maxs[i].n);
            int wrong = x->order == CW__ASCENDING ? (min > 0 || max > 0) : (min < 0 || max < 0);
            if (wrong) {
                cw__fault(w, 0, "the column index is said to be ordered, and page %zu is not", i);
                return;
            }
        }
        last = i;
    }
}

void cw__verify_totals(cw__walk *w, cw__chunk_walk *c)
{
    const cw__column_metadata *m = c->meta;

    cw__check_number(w, "total_uncompressed_size", m->uncompressed_bytes, c->uncompressed);
    cw__check_number(w, "num_values", m->values, (int64_t)c->slots);
    if (m->has_dictionary_page && m->dictionary_page_offset > 0 && !c->dictionary_seen)
        cw__fault(w, 0, "a dictionary is said to be there, and there is none");
    if (c->has_offsets)
        cw__check_number(w, "pages in the offset index", (int64_t)c->offsets.n, (int64_t)c->pages);
    if (c->has_columns)
        cw__check_number(w, "pages in the column index", (int64_t)c->columns.n, (int64_t)c->pages);
    check_encodings(w, c);
    check_histograms(w, c);
    check_order(w, c);
    if (c->skipped)
        return;
    cw__sorting_chunk(w, c);
    cw__check_number(w, "rows", c->group->rows, (int64_t)c->rows);
    if (c->rebuilt && memcmp(c->bloom, c->rebuilt, c->bloom_bytes) != 0)
        cw__fault(w, (uint64_t)c->meta->bloom_offset,
                  "the Bloom filter is not the one that the values make");
    check_sizes(w, c);
    if (!m->has_statistics)
        return;
    cw__there there = {c->any, c->min.p, c->max.p, c->min.n, c->max.n, c->nulls, c->nans};
    cw__verify_statistics(w, c->leaf, &m->statistics, &there);
    if (m->statistics.has_distinct_count)
        cw__check_number(w, "distinct_count", m->statistics.distinct_count, count_distinct(c));
}
