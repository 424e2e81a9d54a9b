/* verify.c - walk every page of a file and compare what it says with what it holds
 *
 *     file -> row group -> chunk -> page: decode, compare, and add up for the level above
 *
 * Every fault is told; the walk goes on where it can. A chunk with a codec or encoding that is not
 * understood here is counted as skipped, and what can be checked without it is.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "format/parquet/column/statistics.h"
#include "format/parquet/encode/bloom.h"
#include "format/parquet/read/decode.h"
#include "format/parquet/read/file.h"

/* The walk. */
typedef struct walk {
    cw_parquet_file *f;
    cw_parquet_fault_fn found;
    void *user;
    cw_parquet_verified *out;
    cw__decoder decoder;
    bool stopped;
    cw_error *err;
    /* where it is */
    int64_t row_group, page;
    const char *column;
} walk;

/* A chunk: what it says, and what its pages add up to. */
typedef struct chunk {
    const cw__leaf *leaf;
    const cw__column_metadata *meta;
    const cw__row_group *group;
    uint8_t *bytes; /* all of it */
    int64_t start;
    size_t n;
    cw__column_index columns;
    cw__offset_index offsets;
    bool has_columns, has_offsets;
    uint8_t *bloom, *rebuilt; /* as it is there, and as its values make it */
    size_t bloom_bytes;

    size_t at; /* in bytes */
    size_t pages;
    bool skipped, dictionary_seen;
    int64_t uncompressed;
    uint64_t slots, rows, nulls, nans, value_bytes;
    cw__grown min, max; /* the extremes so far, as stated values */
    bool any;
    uint64_t *hashes; /* of the values, where a distinct count is to be checked */
    size_t hash_n, hash_room;
    cw__encoding_stat seen[CW__MOST_ENCODING_STATS];
    size_t seen_n;
    bool encodings[CW__ENCODINGS];
    int64_t *rep, *def; /* histograms */
} chunk;

/* ---- telling ---- */

static void CW_PRINTF(3, 4) fault(walk *w, uint64_t offset, const char *fmt, ...)
{
    char message[400];
    cw_parquet_fault what = {
        .row_group = w->row_group, .column = w->column, .page = w->page, .offset = offset};
    va_list args;

    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    what.message = message;
    w->out->faults++;
    if (w->found && !w->stopped && w->found(w->user, &what) != 0)
        w->stopped = true;
}

static void check_number(walk *w, const char *what, int64_t said, int64_t there)
{
    if (said != there)
        fault(w, 0, "%s: %" PRId64 " are said, %" PRId64 " are there", what, said, there);
}

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

static bool is_nan_bytes(const cw__leaf *leaf, const uint8_t *p)
{
    if (leaf->order != CW__ORDER_FLOAT)
        return false;
    if (leaf->width == 2)
        return (p[1] & 0x7C) == 0x7C && ((p[1] & 3) || p[0]);
    return isnan(number_of(leaf, p));
}

/* Text may be cut to any length; all else has that of its type. */
static bool has_width(const cw__leaf *leaf, const cw__binary *v)
{
    return leaf->width == 0 || v->n == leaf->width;
}

/* false: a bound that cannot be one. */
static bool is_usable(walk *w, const cw__leaf *leaf, const cw__binary *v, const char *what)
{
    if (!has_width(leaf, v)) {
        fault(w, 0, "%s has %zu bytes where the type has %" PRIu32, what, v->n, leaf->width);
        return false;
    }
    if (leaf->width && is_nan_bytes(leaf, v->p)) {
        fault(w, 0, "%s is NaN", what);
        return false;
    }
    return true;
}

/* `side` -1: a minimum must not be above the least value; 1: a maximum not below the greatest. */
static void check_bound(walk *w, const cw__leaf *leaf, const cw__binary *said, int side,
                        const uint8_t *value, size_t n, bool exact, const char *what)
{
    if (!is_usable(w, leaf, said, what))
        return;
    w->out->statistics++;
    int order = cw__compare_values(leaf, said->p, said->n, value, n);
    if (order * side < 0)
        fault(w, 0, "%s is %s a value that is there", what, side < 0 ? "above" : "below");
    else if (exact && order != 0)
        fault(w, 0, "%s is said to be exact, and no value is equal to it", what);
}

/* The least and greatest of the page, as values; false: there is none. */
static bool extremes(const cw__extremes *e, const uint8_t **min, size_t *min_n, const uint8_t **max,
                     size_t *max_n, const cw__leaf *leaf)
{
    if (!e->any)
        return false;
    bool fixed = leaf->width && leaf->width <= sizeof e->min_fixed;
    *min = fixed ? e->min_fixed : e->min;
    *max = fixed ? e->max_fixed : e->max;
    *min_n = fixed ? leaf->width : e->min_n;
    *max_n = fixed ? leaf->width : e->max_n;
    return true;
}

static void check_statistics(walk *w, const cw__leaf *leaf, const cw__statistics *s, bool any,
                             const uint8_t *min, size_t min_n, const uint8_t *max, size_t max_n,
                             uint64_t nulls, uint64_t nans)
{
    if (s->has_null_count)
        check_number(w, "null_count", s->null_count, (int64_t)nulls);
    if (s->has_nan_count && leaf->order == CW__ORDER_FLOAT)
        check_number(w, "nan_count", s->nan_count, (int64_t)nans);
    if (leaf->order == CW__ORDER_NONE || !any)
        return;
    if (s->has_min)
        check_bound(w, leaf, &s->min, -1, min, min_n, s->has_exactness && s->min_exact,
                    "min_value");
    if (s->has_max)
        check_bound(w, leaf, &s->max, 1, max, max_n, s->has_exactness && s->max_exact, "max_value");
}

/* ---- pages ---- */

static bool keep_value(cw__grown *to, const uint8_t *p, size_t n)
{
    to->n = 0;
    if (!cw__grow(to, n + 1))
        return false;
    if (n)
        memcpy(to->p, p, n);
    to->n = n;
    return true;
}

static bool join_extremes(chunk *c, const uint8_t *min, size_t min_n, const uint8_t *max,
                          size_t max_n)
{
    bool ok = true;

    if (!c->any || cw__compare_values(c->leaf, min, min_n, c->min.p, c->min.n) < 0)
        ok = keep_value(&c->min, min, min_n);
    if (!c->any || cw__compare_values(c->leaf, max, max_n, c->max.p, c->max.n) > 0)
        ok = ok && keep_value(&c->max, max, max_n);
    c->any = true;
    return ok;
}

static bool add_hash(chunk *c, uint64_t hash)
{
    if (c->hash_n == c->hash_room) {
        size_t room = c->hash_room ? 2 * c->hash_room : 4096;
        uint64_t *more = cw__realloc(c->hashes, room * sizeof *more);
        if (!more)
            return false;
        c->hashes = more;
        c->hash_room = room;
    }
    c->hashes[c->hash_n++] = hash;
    return true;
}

/* Every value: asked of the Bloom filter, and counted if a distinct count is said. */
static bool look_at_values(walk *w, chunk *c, const cw__column_buffer *page)
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
        fault(w, 0, "the Bloom filter denies a value that is there");
    return ok;
}

static void check_text(walk *w, const cw__column_buffer *page)
{
    const cw__node *node = page->leaf->node;

    if (!node || page->leaf->width ||
        (node->type != CW_TYPE_STRING && node->type != CW_TYPE_ENUM && node->type != CW_TYPE_JSON))
        return;
    for (size_t i = 0; i < page->count; i++) {
        size_t n;
        const uint8_t *p = cw__value_at(page, i, &n);
        if (!cw__is_utf8(p, n)) {
            fault(w, 0, "value %zu of the page is no UTF-8", i);
            return;
        }
    }
}

static void check_column_index(walk *w, chunk *c, const cw__decoder *d, const cw__extremes *e,
                               uint64_t nulls)
{
    const cw__column_index *x = &c->columns;
    const uint8_t *min, *max;
    size_t i = c->pages, min_n, max_n;

    if (!c->has_columns || i >= x->n)
        return;
    if (x->null_pages[i] != (d->page.count == 0))
        fault(w, 0, "the column index says that %s, and it is not so",
              x->null_pages[i] ? "all of the page is null" : "the page has values");
    if (x->null_counts)
        check_number(w, "null_counts of the column index", x->null_counts[i], (int64_t)nulls);
    if (x->null_pages[i] || c->leaf->order == CW__ORDER_NONE ||
        !extremes(e, &min, &min_n, &max, &max_n, c->leaf))
        return;
    check_bound(w, c->leaf, &x->mins[i], -1, min, min_n, false, "min_values of the column index");
    check_bound(w, c->leaf, &x->maxs[i], 1, max, max_n, false, "max_values of the column index");
}

static void check_histogram(walk *w, const char *what, const int64_t *said, const int64_t *there,
                            size_t n)
{
    if (said && memcmp(said, there, n * sizeof *said) != 0)
        fault(w, 0, "the %s level histogram is not that of the levels", what);
}

static void count_levels(int64_t *histogram, const uint32_t *levels, size_t n)
{
    for (size_t i = 0; i < n; i++)
        histogram[levels[i]]++;
}

static bool page_histograms(walk *w, chunk *c, const cw__decoder *d)
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
        check_histogram(w, "repetition", x->rep_histograms + c->pages * rep_n, rep, rep_n);
    if (x->def_histograms && x->def_n == x->n * def_n)
        check_histogram(w, "definition", x->def_histograms + c->pages * def_n, def, def_n);
    return true;
}

static void check_offset_index(walk *w, chunk *c, const cw__decoder *d, size_t header)
{
    const cw__offset_index *x = &c->offsets;
    const cw__column_buffer *page = &d->page;
    size_t i = c->pages;

    if (!c->has_offsets || i >= x->n)
        return;
    check_number(w, "first_row_index", x->pages[i].first_row, (int64_t)c->rows);
    if (x->unencoded_bytes)
        check_number(w, "unencoded_byte_array_data_bytes of the page", x->unencoded_bytes[i],
                     c->leaf->width ? 0 : (int64_t)page->values.n);
    if (d->slots && d->rep[0] != 0)
        fault(w, (uint64_t)c->start + c->at - header, "the page does not begin at a row");
}

static bool decoded_page(walk *w, chunk *c, const cw__page_header *h, size_t header)
{
    cw__decoder *d = &w->decoder;
    cw__extremes e;
    const uint8_t *min = NULL, *max = NULL;
    size_t min_n = 0, max_n = 0;
    uint64_t nulls = d->slots - d->page.count;

    memset(&e, 0, sizeof e);
    if (c->leaf->order != CW__ORDER_NONE)
        cw__extremes_of(&e, &d->page, 0, d->page.count);
    bool any = extremes(&e, &min, &min_n, &max, &max_n, c->leaf);
    if (h->has_statistics)
        check_statistics(w, c->leaf, &h->statistics, any, min, min_n, max, max_n, nulls, e.nans);
    check_column_index(w, c, d, &e, nulls);
    check_offset_index(w, c, d, header);
    check_text(w, &d->page);
    page_histograms(w, c, d);
    if (c->slots == 0 && d->slots && d->rep[0] != 0)
        fault(w, 0, "the chunk does not begin at a row");
    bool ok = look_at_values(w, c, &d->page) && (!any || join_extremes(c, min, min_n, max, max_n));
    c->rows += d->rows;
    c->nulls += nulls;
    c->nans += e.nans;
    c->value_bytes += c->leaf->width ? 0 : d->page.values.n;
    w->out->values += d->slots;
    return ok;
}

static void note_encoding(chunk *c, int32_t page_type, int32_t encoding)
{
    for (size_t i = 0; i < c->seen_n; i++)
        if (c->seen[i].page_type == page_type && c->seen[i].encoding == encoding) {
            c->seen[i].count++;
            return;
        }
    if (c->seen_n < CW__MOST_ENCODING_STATS)
        c->seen[c->seen_n++] = (cw__encoding_stat){page_type, encoding, 1};
    /* DuckDB does not list that of the dictionary itself. */
    if (encoding >= 0 && encoding < CW__ENCODINGS && page_type != CW__DICTIONARY_PAGE)
        c->encodings[encoding] = true;
}

static void check_crc(walk *w, const cw__page_header *h, const uint8_t *body, uint64_t offset)
{
    if (!h->has_crc)
        return;
    uint32_t there = cw__crc32(0, body, (size_t)h->compressed_bytes);
    if (there == (uint32_t)h->crc)
        w->out->checksums++;
    else
        fault(w, offset, "the checksum of the page is %08" PRIx32 ", and %08" PRIx32 " is said",
              there, (uint32_t)h->crc);
}

/* false: the walk through this chunk cannot go on. */
static bool take_decoded(walk *w, chunk *c, cw__decoded answer, const cw__page_header *h,
                         uint64_t offset, size_t header)
{
    switch (answer) {
    case CW__DECODED:
        if (h->type == CW__DICTIONARY_PAGE || decoded_page(w, c, h, header))
            return true;
        cw__fail_memory(w->err, "verifying a page");
        return false;
    case CW__DECODED_NO_MEMORY:
        cw__fail_memory(w->err, "decoding a page");
        return false;
    case CW__DECODED_UNKNOWN:
        c->skipped = true;
        return true;
    default:
        fault(w, offset, "%s: %s",
              h->type == CW__DICTIONARY_PAGE ? "the dictionary cannot be decoded"
                                             : "the page cannot be decoded",
              w->decoder.why);
        c->skipped = true;
        return true;
    }
}

static void check_location(walk *w, const chunk *c, uint64_t offset, size_t bytes)
{
    if (!c->has_offsets || c->pages >= c->offsets.n)
        return;
    check_number(w, "offset of the page in the offset index", c->offsets.pages[c->pages].offset,
                 (int64_t)offset);
    check_number(w, "compressed_page_size in the offset index", c->offsets.pages[c->pages].bytes,
                 (int64_t)bytes);
}

static bool data_page(walk *w, chunk *c, const cw__page_header *h, const uint8_t *body,
                      uint64_t offset, size_t header)
{
    w->page = (int64_t)c->pages;
    if (c->pages == 0 && c->meta->data_page_offset != (int64_t)offset)
        fault(w, offset, "data_page_offset is %" PRId64 ", and the first data page is at %" PRIu64,
              c->meta->data_page_offset, offset);
    check_location(w, c, offset, header + (size_t)h->compressed_bytes);
    note_encoding(c, h->type, h->encoding);
    bool ok =
        c->skipped || take_decoded(w, c, cw__decode_page(&w->decoder, h, body), h, offset, header);
    c->slots += (uint64_t)(h->values > 0 ? h->values : 0);
    c->pages++;
    w->out->pages++;
    w->page = -1;
    return ok;
}

static bool dictionary_page(walk *w, chunk *c, const cw__page_header *h, const uint8_t *body,
                            uint64_t offset)
{
    if (c->pages)
        fault(w, offset, "a dictionary after data pages");
    if (c->meta->has_dictionary_page && c->meta->dictionary_page_offset > 0 &&
        c->meta->dictionary_page_offset != (int64_t)offset)
        fault(w, offset, "dictionary_page_offset is %" PRId64 ", and it is at %" PRIu64,
              c->meta->dictionary_page_offset, offset);
    c->dictionary_seen = true;
    note_encoding(c, h->type, h->encoding);
    return take_decoded(w, c, cw__decode_dictionary(&w->decoder, h, body), h, offset, 0);
}

/* One page; false at the end of the chunk, or where it cannot go on. */
static bool next_page(walk *w, chunk *c)
{
    cw__page_header h;
    cw_error why = {0};
    size_t header;
    uint64_t offset = (uint64_t)c->start + c->at;
    bool ok = true;

    memset(&h, 0, sizeof h);
    if (cw__page_header_read(&h, c->bytes + c->at, c->n - c->at, &header, &why) != CW_OK) {
        fault(w, offset, "no page header: %s", why.message);
        return false;
    }
    const uint8_t *body = c->bytes + c->at + header;
    if (h.compressed_bytes < 0 || (size_t)h.compressed_bytes > c->n - c->at - header) {
        fault(w, offset, "the page says that it has %" PRId32 " bytes, %zu are left of the chunk",
              h.compressed_bytes, c->n - c->at - header);
        ok = false;
    } else {
        check_crc(w, &h, body, offset);
        if (h.type == CW__DATA_PAGE || h.type == CW__DATA_PAGE_V2)
            ok = data_page(w, c, &h, body, offset, header);
        else if (h.type == CW__DICTIONARY_PAGE)
            ok = dictionary_page(w, c, &h, body, offset);
        else
            fault(w, offset, "a page of the unknown type %" PRId32, h.type);
        c->uncompressed += (int64_t)header + h.uncompressed_bytes;
        c->at += header + (size_t)h.compressed_bytes;
    }
    cw__statistics_free(&h.statistics);
    return ok && !w->stopped && w->err->status == CW_OK;
}

/* ---- chunks ---- */

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static int64_t count_distinct(chunk *c)
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

static void check_encodings(walk *w, const chunk *c)
{
    const cw__column_metadata *m = c->meta;

    for (int32_t i = 0; i < CW__ENCODINGS; i++) {
        bool other = (i == CW__RLE_DICTIONARY && m->encodings[CW__PLAIN_DICTIONARY]) ||
                     (i == CW__PLAIN && m->encodings[CW__PLAIN_DICTIONARY]);
        if (c->encodings[i] && !m->encodings[i] && !other)
            fault(w, 0, "encoding %" PRId32 " is used and not listed", i);
    }
    for (size_t i = 0; m->encoding_stat_count && i < c->seen_n; i++) {
        int32_t there = pages_of(c->seen, c->seen_n, &c->seen[i]);
        int32_t said = pages_of(m->encoding_stats, m->encoding_stat_count, &c->seen[i]);
        if (there != said)
            fault(w, 0,
                  "encoding_stats says %" PRId32 " pages of type %" PRId32 " with encoding %" PRId32
                  ", there are %" PRId32,
                  said, c->seen[i].page_type, c->seen[i].encoding, there);
    }
}

static void check_sizes(walk *w, const chunk *c)
{
    const cw__size_statistics *s = &c->meta->sizes;

    if (!s->present)
        return;
    if (s->has_bytes && !c->leaf->width)
        check_number(w, "unencoded_byte_array_data_bytes", s->unencoded_bytes,
                     (int64_t)c->value_bytes);
    if (s->rep && s->rep_n == c->leaf->max_rep + 1)
        check_histogram(w, "repetition", s->rep, c->rep, s->rep_n);
    if (s->def && s->def_n == c->leaf->max_def + 1)
        check_histogram(w, "definition", s->def, c->def, s->def_n);
}

/* The order that is said of the pages that have values. */
static void check_order(walk *w, const chunk *c)
{
    const cw__column_index *x = &c->columns;
    size_t last = SIZE_MAX;

    if (!c->has_columns || x->order == CW__UNORDERED || c->leaf->order == CW__ORDER_NONE)
        return;
    for (size_t i = 0; i < x->n; i++) {
        if (x->null_pages[i])
            continue;
        if (!has_width(c->leaf, &x->mins[i]) || !has_width(c->leaf, &x->maxs[i])) {
            fault(w, 0, "the column index has a bound of another width than the type");
            return;
        }
        if (last != SIZE_MAX) {
            int min = cw__compare_values(c->leaf, x->mins[last].p, x->mins[last].n, x->mins[i].p,
                                         x->mins[i].n);
            int max = cw__compare_values(c->leaf, x->maxs[last].p, x->maxs[last].n, x->maxs[i].p,
                                         x->maxs[i].n);
            int wrong = x->order == CW__ASCENDING ? (min > 0 || max > 0) : (min < 0 || max < 0);
            if (wrong) {
                fault(w, 0, "the column index is said to be ordered, and page %zu is not", i);
                return;
            }
        }
        last = i;
    }
}

static void check_totals(walk *w, chunk *c)
{
    const cw__column_metadata *m = c->meta;

    check_number(w, "total_uncompressed_size", m->uncompressed_bytes, c->uncompressed);
    check_number(w, "num_values", m->values, (int64_t)c->slots);
    if (m->has_dictionary_page && m->dictionary_page_offset > 0 && !c->dictionary_seen)
        fault(w, 0, "a dictionary is said to be there, and there is none");
    if (c->has_offsets)
        check_number(w, "pages in the offset index", (int64_t)c->offsets.n, (int64_t)c->pages);
    if (c->has_columns)
        check_number(w, "pages in the column index", (int64_t)c->columns.n, (int64_t)c->pages);
    check_encodings(w, c);
    check_order(w, c);
    if (c->skipped)
        return;
    check_number(w, "rows", c->group->rows, (int64_t)c->rows);
    if (c->rebuilt && memcmp(c->bloom, c->rebuilt, c->bloom_bytes) != 0)
        fault(w, (uint64_t)c->meta->bloom_offset,
              "the Bloom filter is not the one that the values make");
    check_sizes(w, c);
    if (!m->has_statistics)
        return;
    check_statistics(w, c->leaf, &m->statistics, c->any, c->min.p, c->min.n, c->max.p, c->max.n,
                     c->nulls, c->nans);
    if (m->statistics.has_distinct_count)
        check_number(w, "distinct_count", m->statistics.distinct_count, count_distinct(c));
}

/* ---- what lies beside a chunk ---- */

static void read_indexes(walk *w, chunk *c)
{
    const cw__column_metadata *m = c->meta;
    cw_error why = {0};
    uint8_t *p;

    if (m->column_index_offset > 0 && m->column_index_bytes > 0) {
        p = cw__file_get(w->f, m->column_index_offset, (uint64_t)m->column_index_bytes, &why);
        c->has_columns = p && cw__column_index_read(&c->columns, p, (size_t)m->column_index_bytes,
                                                    &why) == CW_OK;
        if (!c->has_columns)
            fault(w, (uint64_t)m->column_index_offset, "no column index: %s", why.message);
        cw__free(p);
    }
    if (m->offset_index_offset > 0 && m->offset_index_bytes > 0) {
        p = cw__file_get(w->f, m->offset_index_offset, (uint64_t)m->offset_index_bytes, &why);
        c->has_offsets = p && cw__offset_index_read(&c->offsets, p, (size_t)m->offset_index_bytes,
                                                    &why) == CW_OK;
        if (!c->has_offsets)
            fault(w, (uint64_t)m->offset_index_offset, "no offset index: %s", why.message);
        cw__free(p);
    }
}

/* The header has no length of its own in older files: it is short, whatever follows. */
static void read_bloom(walk *w, chunk *c)
{
    enum { HEADER = 64 };
    const cw__column_metadata *m = c->meta;
    uint64_t room = m->bloom_offset > 0 && (uint64_t)m->bloom_offset < w->f->bytes
                        ? w->f->bytes - (uint64_t)m->bloom_offset
                        : 0;
    size_t used = 0, bytes = 0;
    cw_error why = {0};
    uint8_t *p;

    if (m->bloom_offset <= 0)
        return;
    p = cw__file_get(w->f, m->bloom_offset, room < HEADER ? room : HEADER, &why);
    bool ok = p && cw__bloom_header_read(&bytes, p, room < HEADER ? (size_t)room : HEADER, &used,
                                         &why) == CW_OK;
    cw__free(p);
    if (ok)
        c->bloom = cw__file_get(w->f, m->bloom_offset + (int64_t)used, bytes, &why);
    c->bloom_bytes = bytes;
    c->rebuilt = c->bloom ? cw__alloc_zero(bytes) : NULL;
    if (c->bloom)
        w->out->bloom_filters++;
    else
        fault(w, (uint64_t)m->bloom_offset, "no Bloom filter: %s", why.message);
}

static bool read_bytes(walk *w, chunk *c)
{
    const cw__column_metadata *m = c->meta;
    cw_error why = {0};

    c->start = m->data_page_offset;
    if (m->has_dictionary_page && m->dictionary_page_offset > 0 &&
        m->dictionary_page_offset < c->start)
        c->start = m->dictionary_page_offset;
    if (c->start < 4 || m->compressed_bytes < 0 || (uint64_t)c->start > w->f->footer_offset ||
        (uint64_t)m->compressed_bytes > w->f->footer_offset - (uint64_t)c->start) {
        fault(w, 0, "the chunk, %" PRId64 " bytes at %" PRId64 ", does not lie before the footer",
              m->compressed_bytes, c->start);
        return false;
    }
    c->n = (size_t)m->compressed_bytes;
    c->bytes = cw__file_get(w->f, c->start, c->n, &why);
    if (!c->bytes)
        *w->err = why;
    return c->bytes != NULL;
}

static void free_chunk(chunk *c)
{
    cw__column_index_free(&c->columns);
    cw__offset_index_free(&c->offsets);
    cw__grown_free(&c->min);
    cw__grown_free(&c->max);
    cw__free(c->bytes);
    cw__free(c->bloom);
    cw__free(c->rebuilt);
    cw__free(c->hashes);
    cw__free(c->rep);
    cw__free(c->def);
}

static void verify_chunk(walk *w, const cw__leaf *leaf, const cw__row_group *g,
                         const cw__column_metadata *m)
{
    chunk c = {.leaf = leaf, .meta = m, .group = g};

    w->column = leaf->path;
    w->out->chunks++;
    c.rep = cw__alloc_zero((leaf->max_rep + 1) * sizeof *c.rep);
    c.def = cw__alloc_zero((leaf->max_def + 1) * sizeof *c.def);
    if (!c.rep || !c.def) {
        cw__fail_memory(w->err, "verifying a chunk");
    } else if (m->physical != (int32_t)leaf->physical) {
        fault(w, 0, "the chunk is of type %" PRId32 ", the schema says %d", m->physical,
              (int)leaf->physical);
    } else if (read_bytes(w, &c)) {
        read_indexes(w, &c);
        read_bloom(w, &c);
        cw__decoder_begin(&w->decoder, leaf, m->codec);
        while (c.at < c.n && next_page(w, &c))
            continue;
        if (c.at == c.n && !w->stopped && w->err->status == CW_OK)
            check_totals(w, &c);
        w->out->skipped += c.skipped;
        w->out->bytes += c.n;
    }
    free_chunk(&c);
    w->column = NULL;
}

/* ---- row groups, and the file ---- */

static void verify_group(walk *w, const cw__row_group *g)
{
    const cw__file_metadata *meta = &w->f->meta;
    int64_t uncompressed = 0;

    w->out->row_groups++;
    if (g->column_count != meta->leaf_count) {
        fault(w, 0, "%zu column chunks for %zu leaf columns", g->column_count, meta->leaf_count);
        return;
    }
    for (size_t i = 0; i < g->column_count && !w->stopped && w->err->status == CW_OK; i++) {
        verify_chunk(w, &meta->leaves[i], g, &g->columns[i]);
        uncompressed += g->columns[i].uncompressed_bytes;
    }
    check_number(w, "total_byte_size of the row group", g->uncompressed_bytes, uncompressed);
}

cw_status cw_parquet_file_verify(cw_parquet_file *f, cw_parquet_fault_fn found, void *user,
                                 cw_parquet_verified *out, cw_error *err)
{
    cw_parquet_verified own_out;
    cw_error own_err;
    walk w = {.f = f, .found = found, .user = user, .row_group = -1, .page = -1};
    int64_t rows = 0;

    w.out = out ? out : &own_out;
    w.err = err ? err : &own_err;
    memset(w.out, 0, sizeof *w.out);
    cw__error_clear(w.err);
    if (!cw__decoder_init(&w.decoder))
        return cw__fail_memory(err, "verifying a file");
    for (size_t i = 0; i < f->meta.row_group_count && !w.stopped && w.err->status == CW_OK; i++) {
        w.row_group = (int64_t)i;
        verify_group(&w, &f->meta.row_groups[i]);
        rows += f->meta.row_groups[i].rows;
    }
    w.row_group = -1;
    if (!w.stopped && w.err->status == CW_OK)
        check_number(&w, "rows of the file", f->meta.rows, rows);
    cw__decoder_free(&w.decoder);
    if (w.stopped && w.err->status == CW_OK)
        return cw__fail(err, CW_E_CANCELLED, "stopped by the caller");
    return w.err->status;
}
