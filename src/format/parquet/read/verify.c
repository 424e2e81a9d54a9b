/* verify.c - walk every page of a file and compare what it says with what it holds
 *
 *     file -> row group -> chunk -> page: decode, compare, and add up for the level above
 *
 * Every fault is told; the walk goes on where it can. A chunk with a codec or encoding that is not
 * understood here, or that is encrypted, is counted as skipped, and what can be checked without it
 * is. What old writers are known to say in another sense than the format's is taken in theirs.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/encode/bloom.h"
#include "format/parquet/read/walk.h"

/* Where a chunk lies, to be compared with the others. */
typedef struct extent {
    int64_t start, end;
    size_t row_group, leaf;
} extent;

/* ---- telling ---- */

void cw__fault(cw__walk *w, uint64_t offset, const char *fmt, ...)
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

void cw__check_number(cw__walk *w, const char *what, int64_t said, int64_t there)
{
    if (said != there)
        cw__fault(w, 0, "%s: %" PRId64 " are said, %" PRId64 " are there", what, said, there);
}

static bool goes_on(const cw__walk *w)
{
    return !w->stopped && w->err->status == CW_OK;
}

/* Sums of what a file says: of any numbers at all. */
static int64_t plus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* ---- pages ---- */

static void note_encoding(cw__chunk_walk *c, int32_t page_type, int32_t encoding)
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

static void check_crc(cw__walk *w, const cw__page_header *h, const uint8_t *body, uint64_t offset)
{
    if (!h->has_crc)
        return;
    uint32_t there = cw__crc32(0, body, (size_t)h->compressed_bytes);
    if (there == (uint32_t)h->crc)
        w->out->checksums++;
    else
        cw__fault(w, offset, "the checksum of the page is %08" PRIx32 ", and %08" PRIx32 " is said",
                  there, (uint32_t)h->crc);
}

/* false: the walk through this chunk cannot go on. */
static bool take_decoded(cw__walk *w, cw__chunk_walk *c, cw__decoded answer,
                         const cw__page_header *h, uint64_t offset, size_t header)
{
    switch (answer) {
    case CW__DECODED:
        if (h->type == CW__DICTIONARY_PAGE || cw__verify_page(w, c, h, header))
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
        cw__fault(w, offset, "%s: %s",
                  h->type == CW__DICTIONARY_PAGE ? "the dictionary cannot be decoded"
                                                 : "the page cannot be decoded",
                  w->decoder.why);
        c->skipped = true;
        return true;
    }
}

static void check_location(cw__walk *w, const cw__chunk_walk *c, uint64_t offset, size_t bytes)
{
    if (!c->has_offsets || c->pages >= c->offsets.n)
        return;
    cw__check_number(w, "offset of the page in the offset index", c->offsets.pages[c->pages].offset,
                     (int64_t)offset);
    cw__check_number(w, "compressed_page_size in the offset index",
                     c->offsets.pages[c->pages].bytes, (int64_t)bytes);
}

/* Where no offset of a dictionary is said, that of the data may be that of the first page. */
static bool is_data_offset(const cw__chunk_walk *c, uint64_t offset)
{
    const cw__column_metadata *m = c->meta;
    bool says_dictionary = m->has_dictionary_page && m->dictionary_page_offset > 0;

    return m->data_page_offset == (int64_t)offset ||
           (!says_dictionary && c->dictionary_seen && m->data_page_offset == c->start);
}

static bool data_page(cw__walk *w, cw__chunk_walk *c, const cw__page_header *h, const uint8_t *body,
                      uint64_t offset, size_t header)
{
    w->page = (int64_t)c->pages;
    if (c->pages == 0 && !is_data_offset(c, offset))
        cw__fault(w, offset,
                  "data_page_offset is %" PRId64 ", and the first data page is at %" PRIu64,
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

static bool dictionary_page(cw__walk *w, cw__chunk_walk *c, const cw__page_header *h,
                            const uint8_t *body, uint64_t offset)
{
    if (c->pages)
        cw__fault(w, offset, "a dictionary after data pages");
    if (c->meta->has_dictionary_page && c->meta->dictionary_page_offset > 0 &&
        c->meta->dictionary_page_offset != (int64_t)offset)
        cw__fault(w, offset, "dictionary_page_offset is %" PRId64 ", and it is at %" PRIu64,
                  c->meta->dictionary_page_offset, offset);
    c->dictionary_seen = true;
    note_encoding(c, h->type, h->encoding);
    return take_decoded(w, c, cw__decode_dictionary(&w->decoder, h, body), h, offset, 0);
}

/* One page; false at the end of the chunk, or where it cannot go on. */
static bool next_page(cw__walk *w, cw__chunk_walk *c)
{
    cw__page_header h;
    cw_error why = {0};
    size_t header;
    uint64_t offset = (uint64_t)c->start + c->at;
    bool ok = true;

    memset(&h, 0, sizeof h);
    if (cw__page_header_read(&h, c->bytes + c->at, c->n - c->at, &header, &why) != CW_OK) {
        cw__fault(w, offset, "no page header: %s", why.message);
        return false;
    }
    const uint8_t *body = c->bytes + c->at + header;
    if (h.compressed_bytes < 0 || (size_t)h.compressed_bytes > c->n - c->at - header) {
        cw__fault(w, offset,
                  "the page says that it has %" PRId32 " bytes, %zu are left of the chunk",
                  h.compressed_bytes, c->n - c->at - header);
        ok = false;
    } else {
        check_crc(w, &h, body, offset);
        if (h.type == CW__DATA_PAGE || h.type == CW__DATA_PAGE_V2)
            ok = data_page(w, c, &h, body, offset, header);
        else if (h.type == CW__DICTIONARY_PAGE)
            ok = dictionary_page(w, c, &h, body, offset);
        else if (h.type != CW__INDEX_PAGE) /* which the format names, and leaves empty */
            cw__fault(w, offset, "a page of the unknown type %" PRId32, h.type);
        c->uncompressed += (int64_t)header + h.uncompressed_bytes;
        c->at += header + (size_t)h.compressed_bytes;
    }
    cw__statistics_free(&h.statistics);
    return ok && goes_on(w);
}

/* ---- the bytes of a chunk, and what lies beside it ---- */

/* What could not be read: damaged, of a kind that is not known here, or out of reach. */
static void not_read(cw__walk *w, cw__chunk_walk *c, int64_t offset, const char *what,
                     const cw_error *why)
{
    if (why->status == CW_E_INTEGRITY)
        cw__fault(w, offset > 0 ? (uint64_t)offset : 0, "no %s: %s", what, why->message);
    else if (why->status == CW_E_UNSUPPORTED)
        c->part_skipped = true;
    else
        *w->err = *why;
}

/* The column index, or the offset index; false: there is none, or none that can be read. */
static bool read_index(cw__walk *w, cw__chunk_walk *c, int64_t offset, int32_t bytes, bool columns)
{
    size_t n = (size_t)bytes;
    cw_error why = {0};

    if (offset <= 0 || bytes <= 0)
        return false;
    uint8_t *p = cw__file_get(w->f, offset, n, &why);
    bool ok = p && (columns ? cw__column_index_read(&c->columns, p, n, &why)
                            : cw__offset_index_read(&c->offsets, p, n, &why)) == CW_OK;
    if (!ok)
        not_read(w, c, offset, columns ? "column index" : "offset index", &why);
    cw__free(p);
    return ok;
}

static void read_indexes(cw__walk *w, cw__chunk_walk *c)
{
    const cw__column_metadata *m = c->meta;

    c->has_columns = read_index(w, c, m->column_index_offset, m->column_index_bytes, true);
    c->has_offsets = read_index(w, c, m->offset_index_offset, m->offset_index_bytes, false);
}

/* The header has no length of its own in older files: it is short, whatever follows. */
static bool read_bloom_header(cw__walk *w, const cw__column_metadata *m, size_t *bytes,
                              size_t *used, cw_error *why)
{
    enum { HEADER = 64 };
    uint64_t left =
        (uint64_t)m->bloom_offset < w->f->bytes ? w->f->bytes - (uint64_t)m->bloom_offset : 0;
    size_t n = left < HEADER ? (size_t)left : HEADER;
    uint8_t *p = cw__file_get(w->f, m->bloom_offset, n, why);
    bool ok = p && cw__bloom_header_read(bytes, p, n, used, why) == CW_OK;

    cw__free(p);
    return ok;
}

static void read_bloom(cw__walk *w, cw__chunk_walk *c)
{
    const cw__column_metadata *m = c->meta;
    size_t used = 0, bytes = 0;
    cw_error why = {0};

    if (m->bloom_offset <= 0)
        return;
    if (read_bloom_header(w, m, &bytes, &used, &why))
        c->bloom = cw__file_get(w->f, m->bloom_offset + (int64_t)used, bytes, &why);
    if (!c->bloom) {
        not_read(w, c, m->bloom_offset, "Bloom filter", &why);
        return;
    }
    if (m->bloom_bytes)
        cw__check_number(w, "bloom_filter_length", m->bloom_bytes, (int64_t)(used + bytes));
    c->bloom_bytes = bytes;
    c->rebuilt = cw__alloc_zero(bytes);
    if (!c->rebuilt)
        cw__fail_memory(w->err, "rebuilding a Bloom filter");
    w->out->bloom_filters++;
}

/* The first page of a chunk: a dictionary's comes before those of data, of which there may be none.
 */
static int64_t start_of(const cw__column_metadata *m)
{
    bool dictionary = m->has_dictionary_page && m->dictionary_page_offset > 0;
    bool no_data = m->values == 0 && m->data_page_offset == 0;

    return dictionary && (no_data || m->dictionary_page_offset < m->data_page_offset)
               ? m->dictionary_page_offset
               : m->data_page_offset;
}

/* Of no rows there need not be a page, nor a place where one would be. */
static bool is_empty(const cw__row_group *g, const cw__column_metadata *m)
{
    return g->rows == 0 && m->values == 0 && m->compressed_bytes == 0 && m->uncompressed_bytes == 0;
}

static bool read_bytes(cw__walk *w, cw__chunk_walk *c)
{
    const cw__column_metadata *m = c->meta;
    cw_error why = {0};

    c->start = start_of(m);
    if (c->start < 4 || m->compressed_bytes < 0 || (uint64_t)c->start > w->f->footer_offset ||
        (uint64_t)m->compressed_bytes > w->f->footer_offset - (uint64_t)c->start) {
        cw__fault(w, 0,
                  "the chunk, %" PRId64 " bytes at %" PRId64
                  ", does not lie between the file's beginning and the footer",
                  m->compressed_bytes, c->start);
        return false;
    }
    c->n = (size_t)m->compressed_bytes;
    c->bytes = cw__file_get(w->f, c->start, c->n, &why);
    if (!c->bytes)
        *w->err = why;
    return c->bytes != NULL;
}

static void free_chunk(cw__chunk_walk *c)
{
    cw__column_index_free(&c->columns);
    cw__offset_index_free(&c->offsets);
    cw__grown_free(&c->min);
    cw__grown_free(&c->max);
    cw__grown_free(&c->last.bytes);
    cw__grown_free(&c->number.bytes);
    cw__free(c->bytes);
    cw__free(c->bloom);
    cw__free(c->rebuilt);
    cw__free(c->hashes);
    cw__free(c->rep);
    cw__free(c->def);
}

/* ---- chunks ---- */

static void walk_pages(cw__walk *w, cw__chunk_walk *c)
{
    read_indexes(w, c);
    read_bloom(w, c);
    cw__decoder_begin(&w->decoder, c->leaf, c->meta->codec);
    while (c->at < c->n && goes_on(w) && next_page(w, c))
        continue;
    if (c->at == c->n && goes_on(w))
        cw__verify_totals(w, c);
    w->out->skipped += c->skipped || c->part_skipped;
    w->out->bytes += c->n;
}

static void verify_chunk(cw__walk *w, const cw__leaf *leaf, const cw__row_group *g,
                         const cw__column_metadata *m)
{
    cw__chunk_walk c = {.leaf = leaf, .meta = m, .group = g};

    w->column = leaf->path;
    w->out->chunks++;
    if (m->other_path)
        cw__fault(w, 0, "path_in_schema is not that of the leaf at this place of the schema");
    c.rep = cw__alloc_zero((leaf->max_rep + 1) * sizeof *c.rep);
    c.def = cw__alloc_zero((leaf->max_def + 1) * sizeof *c.def);
    if (!c.rep || !c.def)
        cw__fail_memory(w->err, "verifying a chunk");
    else if (m->encrypted)
        w->out->skipped++;
    else if (m->physical != (int32_t)leaf->physical)
        cw__fault(w, 0, "the chunk is of type %" PRId32 ", the schema says %d", m->physical,
                  (int)leaf->physical);
    else if (!is_empty(g, m) && goes_on(w) && read_bytes(w, &c))
        walk_pages(w, &c);
    free_chunk(&c);
    w->column = NULL;
}

/* ---- row groups ---- */

/* That of its first page; once that of its first chunk, which may be where the pages end. */
static bool is_group_offset(const cw__row_group *g)
{
    return g->file_offset == start_of(&g->columns[0]) ||
           g->file_offset == g->columns[0].file_offset;
}

/* What a row group says of its chunks together. Some writers took total_byte_size for compressed.
 */
static void check_sums(cw__walk *w, const cw__row_group *g)
{
    int64_t uncompressed = 0, compressed = 0;

    for (size_t i = 0; i < g->column_count; i++) {
        if (!g->columns[i].has_metadata)
            return;
        uncompressed = plus(uncompressed, g->columns[i].uncompressed_bytes);
        compressed = plus(compressed, g->columns[i].compressed_bytes);
    }
    if (g->uncompressed_bytes != compressed)
        cw__check_number(w, "total_byte_size of the row group", g->uncompressed_bytes,
                         uncompressed);
    if (g->has_compressed_bytes)
        cw__check_number(w, "total_compressed_size of the row group", g->compressed_bytes,
                         compressed);
    if (g->file_offset > 0 && g->column_count && !is_group_offset(g))
        cw__fault(w, 0,
                  "file_offset of the row group is %" PRId64 ", and its first page is at %" PRId64,
                  g->file_offset, start_of(&g->columns[0]));
}

static void verify_group(cw__walk *w, const cw__row_group *g)
{
    const cw__file_metadata *meta = &w->f->meta;

    w->out->row_groups++;
    if (g->has_ordinal)
        cw__check_number(w, "ordinal of the row group", g->ordinal, w->row_group);
    if (g->column_count != meta->leaf_count) {
        cw__fault(w, 0, "%zu column chunks for %zu leaf columns", g->column_count,
                  meta->leaf_count);
        return;
    }
    cw__sorting_begin(w, g);
    for (size_t i = 0; i < g->column_count && goes_on(w); i++)
        verify_chunk(w, &meta->leaves[i], g, &g->columns[i]);
    if (goes_on(w))
        cw__sorting_end(w);
    check_sums(w, g);
}

/* ---- the file ---- */

static int compare_extents(const void *a, const void *b)
{
    extent x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x.start != y.start ? (x.start < y.start ? -1 : 1) : (x.end > y.end) - (x.end < y.end);
}

static size_t list_extents(const cw__file_metadata *m, extent *to)
{
    size_t n = 0;

    for (size_t g = 0; g < m->row_group_count; g++)
        for (size_t i = 0; i < m->row_groups[g].column_count && i < m->leaf_count; i++) {
            const cw__column_metadata *c = &m->row_groups[g].columns[i];
            if (to && c->has_metadata && c->compressed_bytes > 0)
                to[n] = (extent){start_of(c), plus(start_of(c), c->compressed_bytes), g, i};
            n += !to || (c->has_metadata && c->compressed_bytes > 0);
        }
    return n;
}

/* No two chunks share bytes. */
static void check_overlaps(cw__walk *w)
{
    const cw__file_metadata *m = &w->f->meta;
    extent *all = cw__alloc((list_extents(m, NULL) + 1) * sizeof *all);

    if (!all) {
        cw__fail_memory(w->err, "verifying a file");
        return;
    }
    size_t n = list_extents(m, all);
    if (n)
        qsort(all, n, sizeof *all, compare_extents);
    for (size_t i = 1; i < n && goes_on(w); i++)
        if (all[i].start < all[i - 1].end) {
            w->row_group = (int64_t)all[i].row_group;
            w->column = m->leaves[all[i].leaf].path;
            cw__fault(w, 0, "the chunk begins within that of row group %zu, column %s",
                      all[i - 1].row_group, m->leaves[all[i - 1].leaf].path);
        }
    w->row_group = -1;
    w->column = NULL;
    cw__free(all);
}

static void check_annotations(cw__walk *w)
{
    const cw__file_metadata *m = &w->f->meta;

    for (size_t i = 0; i < m->leaf_count && goes_on(w); i++) {
        const cw__leaf *leaf = &m->leaves[i];
        w->column = leaf->path;
        if (leaf->logical)
            cw__fault(w, 0,
                      "logical type %d and converted type %d, of it or a group around it, "
                      "contradict each other%s",
                      leaf->logical, leaf->converted,
                      leaf->logical == leaf->converted ? ": scale or precision" : "");
    }
    w->column = NULL;
}

static void check_file(cw__walk *w, int64_t rows)
{
    const cw__file_metadata *m = &w->f->meta;

    cw__check_number(w, "rows of the file", m->rows, rows);
    if (m->has_column_orders)
        cw__check_number(w, "column_orders", (int64_t)m->column_orders, (int64_t)m->leaf_count);
    check_annotations(w);
    check_overlaps(w);
}

cw_status cw_parquet_file_verify(cw_parquet_file *f, cw_parquet_fault_fn found, void *user,
                                 cw_parquet_verified *out, cw_error *err)
{
    cw_parquet_verified own_out;
    cw_error own_err;
    cw__walk w = {.f = f, .found = found, .user = user, .row_group = -1, .page = -1};
    int64_t rows = 0;

    w.out = out ? out : &own_out;
    w.err = err ? err : &own_err;
    memset(w.out, 0, sizeof *w.out);
    cw__error_clear(w.err);
    if (!cw__decoder_init(&w.decoder))
        return cw__fail_memory(err, "verifying a file");
    for (size_t i = 0; i < f->meta.row_group_count && goes_on(&w); i++) {
        w.row_group = (int64_t)i;
        verify_group(&w, &f->meta.row_groups[i]);
        rows = plus(rows, f->meta.row_groups[i].rows);
    }
    w.row_group = -1;
    if (goes_on(&w))
        check_file(&w, rows);
    cw__decoder_free(&w.decoder);
    cw__grown_free(&w.sorting.rows);
    if (w.stopped && w.err->status == CW_OK)
        return cw__fail(err, CW_E_CANCELLED, "stopped by the caller");
    return w.err->status;
}
