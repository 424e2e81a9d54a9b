/* test_parquet_chunk.c - a column chunk is read back with the decoders: values, levels, counts,
 * statistics, indexes; for every physical type, encoding, page version and codec
 */
#include "format/parquet/column/chunk.h"

#include <math.h>
#include <stdlib.h>

#include "base/crc.h"
#include "format/parquet/column/guess.h"
#include "format/parquet/column/statistics.h"
#include "format/parquet/encode/bloom.h"
#include "format/parquet/encode/delta.h"
#include "format/parquet/encode/rle.h"
#include "format/parquet/encode/split.h"
#include "any.h"
#include "harness.h"
#include "port/block.h"

static void *some(size_t n)
{
    void *p = calloc(n ? n : 1, 1);
    REQUIRE(p);
    return p;
}

/* ---- making a column ---- */

/* What values are like; the last is for choices only. */
typedef enum kind { RANDOM, FEW, RISING, SAME, KINDS, MANY } kind;

typedef struct column {
    cw__node node;
    cw__leaf leaf;
    cw__column_buffer b;
} column;

static void init_column(column *c, cw__physical physical, uint32_t width, unsigned def,
                        unsigned rep)
{
    memset(c, 0, sizeof *c);
    c->node.type = physical == CW__BYTE_ARRAY ? CW_TYPE_STRING : CW_TYPE_INT64;
    c->leaf = (cw__leaf){.node = &c->node,
                         .path = (char *)(uintptr_t) "x",
                         .physical = physical,
                         .width = width,
                         .max_def = def,
                         .max_rep = rep};
    switch (physical) {
    case CW__INT96:
        c->leaf.order = CW__ORDER_NONE;
        break;
    case CW__FLOAT:
    case CW__DOUBLE:
        c->leaf.order = CW__ORDER_FLOAT;
        break;
    case CW__BYTE_ARRAY:
    case CW__FIXED_LEN_BYTE_ARRAY:
        c->leaf.order = CW__ORDER_BYTES;
        break;
    default:
        c->leaf.order = CW__ORDER_SIGNED;
    }
    cw__column_buffer_init(&c->b, &c->leaf);
}

static uint64_t number_of(kind k, size_t i)
{
    return k == RANDOM   ? any()
           : k == FEW    ? any() % 37 * 1000003
           : k == MANY   ? any() % 2000 * 1000003
           : k == RISING ? i * 3 + any() % 3
                         : 7;
}

static void add_bytes(cw__column_buffer *b, kind k, uint64_t v)
{
    char text[80];
    int n = snprintf(text, sizeof text, "%s%" PRIu64, k == RISING ? "https://example.org/" : "", v);
    uint32_t end = (uint32_t)(b->values.n + (size_t)n);

    REQUIRE(cw__grow(&b->values, (size_t)n) && cw__grow(&b->offsets, 8));
    memcpy(b->values.p + b->values.n, text, (size_t)n);
    b->values.n = end;
    if (b->offsets.n == 0) {
        memset(b->offsets.p, 0, 4);
        b->offsets.n = 4;
    }
    memcpy(b->offsets.p + b->offsets.n, &end, 4);
    b->offsets.n += 4;
}

static void add_value(cw__column_buffer *b, kind k, size_t i)
{
    uint64_t v = number_of(k, i);
    uint8_t bytes[32] = {0};
    float narrow = (float)(v % 100000) / 4;
    double wide = (double)(v % 1000000007) / 8;

    if (b->leaf->physical == CW__BYTE_ARRAY) {
        add_bytes(b, k, v);
        return;
    }
    memcpy(bytes, &v, sizeof v);
    if (b->leaf->physical == CW__BOOLEAN)
        bytes[0] = v & 1;
    else if (b->leaf->physical == CW__FLOAT)
        memcpy(bytes, &narrow, sizeof narrow);
    else if (b->leaf->physical == CW__DOUBLE)
        memcpy(bytes, &wide, sizeof wide);
    REQUIRE(cw__grow(&b->values, b->leaf->width));
    memcpy(b->values.p + b->values.n, bytes, b->leaf->width);
    b->values.n += b->leaf->width;
}

static void add_level(cw__levels *l, unsigned level)
{
    uint8_t byte = (uint8_t)level;
    REQUIRE(l->max == 0 || cw__levels_add_bytes(l, &byte, 1));
}

/* Rows of one slot, or of up to five where the leaf repeats; `nulls` of eight are not there. */
static void fill(column *c, kind k, size_t rows, unsigned nulls)
{
    for (size_t row = 0; row < rows; row++) {
        size_t slots = c->leaf.max_rep ? 1 + any() % 5 : 1;
        for (size_t i = 0; i < slots; i++) {
            bool there = c->leaf.max_def == 0 || any() % 8 >= nulls;
            unsigned def = there ? c->leaf.max_def : (unsigned)(any() % c->leaf.max_def);
            unsigned rep = i ? 1 + (unsigned)(any() % c->leaf.max_rep) : 0;
            if (c->leaf.max_def == 1 && c->leaf.max_rep == 0)
                REQUIRE(cw__levels_add_same(&c->b.def, def, 1));
            else
                add_level(&c->b.def, def);
            add_level(&c->b.rep, rep);
            if (there)
                add_value(&c->b, k, row);
            cw__column_buffer_added(&c->b, 0, 1, there);
        }
        cw__column_buffer_added(&c->b, 1, 0, 0);
    }
}

/* ---- reading a chunk back ---- */

typedef struct reading {
    const cw__chunk *c;
    cw__grown all; /* the chunk's bytes in one piece */
    const cw__column_buffer *b;
    const cw__chunk_options *o;
    cw__block *block;
    uint8_t *entries; /* of the dictionary, PLAIN, and where each begins */
    size_t entry_bytes, *entry_at, entry_count;
    size_t slot, value, row, pages, dictionary_pages;
} reading;

static cw__block_codec codec_of(int32_t number)
{
    return number == CW__ZSTD     ? CW__BLOCK_ZSTD
           : number == CW__GZIP   ? CW__BLOCK_GZIP
           : number == CW__SNAPPY ? CW__BLOCK_SNAPPY
                                  : CW__BLOCK_NONE;
}

/* The value itself, with its length in front where it is a byte array. */
static size_t value_size(const cw__column_buffer *b, size_t i)
{
    const uint32_t *at = cw__column_offsets(b);
    return b->leaf->width ? b->leaf->width : at[i + 1] - at[i];
}

static const uint8_t *value_of(const cw__column_buffer *b, size_t i)
{
    return b->values.p + (b->leaf->width ? i * b->leaf->width : cw__column_offsets(b)[i]);
}

static bool same_plain(const cw__column_buffer *b, size_t i, const uint8_t *plain, size_t *n)
{
    uint32_t size = (uint32_t)value_size(b, i);
    size_t front = b->leaf->width ? 0 : 4;

    *n = front + size;
    return (front == 0 || memcmp(plain, &size, 4) == 0) &&
           memcmp(plain + front, value_of(b, i), size) == 0;
}

static void check_plain(const reading *r, const uint8_t *p, size_t bytes, size_t n)
{
    size_t at = 0, size;

    if (r->b->leaf->physical == CW__BOOLEAN) {
        for (size_t i = 0; i < n; i++)
            REQUIRE((p[i / 8] >> i % 8 & 1) == r->b->values.p[r->value + i]);
        CHECK_INT(bytes, (n + 7) / 8);
        return;
    }
    for (size_t i = 0; i < n; i++, at += size)
        REQUIRE(at < bytes && same_plain(r->b, r->value + i, p + at, &size) && at + size <= bytes);
    CHECK_INT(at, bytes);
}

static void check_indices(const reading *r, const uint8_t *p, size_t bytes, size_t n)
{
    uint32_t *indices = some(n * sizeof *indices);
    size_t used, size;

    REQUIRE(bytes >= 1 && p[0] >= 1 && p[0] <= 32);
    REQUIRE(cw__rle_decode_u32(p + 1, bytes - 1, p[0], indices, n, &used));
    CHECK_INT(used, bytes - 1);
    for (size_t i = 0; i < n; i++)
        REQUIRE(indices[i] < r->entry_count &&
                same_plain(r->b, r->value + i, r->entries + r->entry_at[indices[i]], &size));
    free(indices);
}

static void check_booleans(const reading *r, const uint8_t *p, size_t bytes, size_t n)
{
    uint32_t *values = some(n * sizeof *values), size;
    size_t used;

    REQUIRE(bytes >= 4);
    memcpy(&size, p, 4);
    CHECK_INT(size, bytes - 4);
    REQUIRE(cw__rle_decode_u32(p + 4, bytes - 4, 1, values, n, &used));
    for (size_t i = 0; i < n; i++)
        REQUIRE(values[i] == r->b->values.p[r->value + i]);
    free(values);
}

static void check_delta(const reading *r, const uint8_t *p, size_t bytes, size_t n)
{
    size_t width = r->b->leaf->width, used;
    void *values = some(n * width);

    REQUIRE(width == 4 ? cw__delta_decode_i32(p, bytes, values, n, &used)
                       : cw__delta_decode_i64(p, bytes, values, n, &used));
    CHECK_INT(used, bytes);
    REQUIRE(n == 0 || memcmp(values, value_of(r->b, r->value), n * width) == 0);
    free(values);
}

static void check_lengths(const reading *r, const uint8_t *p, size_t bytes, size_t n)
{
    uint32_t *starts = some(2 * n * sizeof *starts), *lengths = starts + n;
    size_t used;

    REQUIRE(cw__delta_length_decode(p, bytes, starts, lengths, n, &used));
    CHECK_INT(used, bytes);
    for (size_t i = 0; i < n; i++)
        REQUIRE(lengths[i] == value_size(r->b, r->value + i) &&
                memcmp(p + starts[i], value_of(r->b, r->value + i), lengths[i]) == 0);
    free(starts);
}

static void check_prefixes(const reading *r, const uint8_t *p, size_t bytes, size_t n)
{
    uint32_t *offsets = some((n + 1) * sizeof *offsets), *scratch = some(3 * n * sizeof *scratch);
    size_t room = r->b->values.n, needed, used;
    uint8_t *values = some(room);

    REQUIRE(cw__delta_bytes_decode(p, bytes, offsets, values, room, n, &needed, &used, scratch));
    CHECK_INT(used, bytes);
    for (size_t i = 0; i < n; i++)
        REQUIRE(offsets[i + 1] - offsets[i] == value_size(r->b, r->value + i) &&
                memcmp(values + offsets[i], value_of(r->b, r->value + i),
                       offsets[i + 1] - offsets[i]) == 0);
    free(offsets);
    free(scratch);
    free(values);
}

static void check_split(const reading *r, const uint8_t *p, size_t bytes, size_t n)
{
    size_t width = r->b->leaf->width;
    uint8_t *values = some(n * width);

    REQUIRE(bytes == n * width);
    cw__split_decode(values, p, n, width);
    REQUIRE(n == 0 || memcmp(values, value_of(r->b, r->value), bytes) == 0);
    free(values);
}

static void check_values(const reading *r, int32_t encoding, const uint8_t *p, size_t bytes,
                         size_t n)
{
    static void (*const checks[CW__ENCODINGS])(const reading *, const uint8_t *, size_t, size_t) = {
        [CW__PLAIN] = check_plain,
        [CW__RLE] = check_booleans,
        [CW__DELTA_BINARY_PACKED] = check_delta,
        [CW__DELTA_LENGTH_BYTE_ARRAY] = check_lengths,
        [CW__DELTA_BYTE_ARRAY] = check_prefixes,
        [CW__RLE_DICTIONARY] = check_indices,
        [CW__BYTE_STREAM_SPLIT] = check_split};

    REQUIRE(encoding >= 0 && encoding < CW__ENCODINGS && checks[encoding]);
    checks[encoding](r, p, bytes, n);
}

/* Levels of the page against those of the column; answers what they took. */
static size_t check_levels(const cw__levels *l, size_t slot, size_t n, const uint8_t *p,
                           size_t bytes, bool prefixed)
{
    uint32_t *levels = some(n * sizeof *levels), size = (uint32_t)bytes;
    size_t used, front = prefixed ? 4 : 0;

    if (prefixed) {
        REQUIRE(bytes >= 4);
        memcpy(&size, p, 4);
        REQUIRE(size <= bytes - 4);
    }
    REQUIRE(cw__rle_decode_u32(p + front, size, cw__bits_for(l->max), levels, n, &used));
    CHECK_INT(used, size);
    for (size_t i = 0; i < n; i++)
        REQUIRE(levels[i] == cw__levels_at(l, slot + i));
    free(levels);
    return front + size;
}

static size_t count_values(const reading *r, size_t slots)
{
    unsigned max = r->b->leaf->max_def;
    return max ? cw__levels_count(&r->b->def, r->slot, slots, max) : slots;
}

static size_t count_rows(const reading *r, size_t slots)
{
    return r->b->leaf->max_rep ? cw__levels_count(&r->b->rep, r->slot, slots, 0) : slots;
}

static void read_v1(reading *r, const cw__page_header *h, const uint8_t *p)
{
    size_t bytes = (size_t)h->uncompressed_bytes, n = (size_t)h->values, at = 0;
    uint8_t *body = some(bytes);

    REQUIRE(cw__block_restore(r->block, codec_of(r->c->meta.codec), body, bytes, p,
                              (size_t)h->compressed_bytes));
    CHECK_INT(h->def_encoding, CW__RLE);
    CHECK_INT(h->rep_encoding, CW__RLE);
    if (r->b->leaf->max_rep)
        at += check_levels(&r->b->rep, r->slot, n, body + at, bytes - at, true);
    if (r->b->leaf->max_def)
        at += check_levels(&r->b->def, r->slot, n, body + at, bytes - at, true);
    check_values(r, h->encoding, body + at, bytes - at, count_values(r, n));
    free(body);
}

static void read_v2(reading *r, const cw__page_header *h, const uint8_t *p)
{
    size_t n = (size_t)h->values, rep = (size_t)h->rep_bytes, def = (size_t)h->def_bytes;
    size_t bytes = (size_t)h->uncompressed_bytes - rep - def;
    uint8_t *body = some(bytes);
    cw__block_codec codec = h->is_compressed ? codec_of(r->c->meta.codec) : CW__BLOCK_NONE;

    CHECK(h->compressed_bytes > 0 || h->uncompressed_bytes == 0);
    CHECK(!h->is_compressed || (size_t)h->compressed_bytes > rep + def);
    if (rep)
        check_levels(&r->b->rep, r->slot, n, p, rep, false);
    if (def)
        check_levels(&r->b->def, r->slot, n, p + rep, def, false);
    REQUIRE(cw__block_restore(r->block, codec, body, bytes, p + rep + def,
                              (size_t)h->compressed_bytes - rep - def));
    CHECK_INT(h->nulls, n - count_values(r, n));
    CHECK_INT(h->rows, count_rows(r, n));
    check_values(r, h->encoding, body, bytes, count_values(r, n));
    free(body);
}

static void read_dictionary(reading *r, const cw__page_header *h, const uint8_t *p)
{
    size_t at = 0, width = r->b->leaf->width;
    uint32_t size;

    CHECK_INT(h->encoding, CW__PLAIN);
    r->dictionary_pages++;
    r->entry_count = (size_t)h->values;
    r->entry_bytes = (size_t)h->uncompressed_bytes;
    r->entries = some(r->entry_bytes);
    r->entry_at = some(r->entry_count * sizeof *r->entry_at);
    REQUIRE(cw__block_restore(r->block, codec_of(r->c->meta.codec), r->entries, r->entry_bytes, p,
                              (size_t)h->compressed_bytes));
    for (size_t i = 0; i < r->entry_count; i++) {
        REQUIRE(at < r->entry_bytes);
        r->entry_at[i] = at;
        if (!width)
            memcpy(&size, r->entries + at, 4);
        at += width ? width : 4 + size;
    }
    CHECK_INT(at, r->entry_bytes);
}

/* ---- what is said of a page, by brute force ---- */

static bool is_nan(const cw__leaf *leaf, const uint8_t *p)
{
    float narrow;
    double wide;

    if (leaf->order != CW__ORDER_FLOAT)
        return false;
    if (leaf->width == 4) {
        memcpy(&narrow, p, 4);
        return isnan(narrow);
    }
    memcpy(&wide, p, 8);
    return isnan(wide);
}

static void check_bounds(const cw__column_buffer *b, size_t from, size_t to, const cw__binary *min,
                         const cw__binary *max)
{
    bool at_min = false, at_max = false;

    for (size_t i = from; i < to; i++) {
        const uint8_t *p = value_of(b, i);
        size_t n = value_size(b, i);
        if (is_nan(b->leaf, p))
            continue;
        int low = cw__compare_values(b->leaf, min->p, min->n, p, n);
        int high = cw__compare_values(b->leaf, max->p, max->n, p, n);
        REQUIRE(low <= 0 && high >= 0);
        at_min |= low == 0;
        at_max |= high == 0;
    }
    CHECK(at_min && at_max);
}

static size_t plain_bytes(const cw__column_buffer *b, size_t from, size_t to)
{
    size_t n = 0;

    for (size_t i = from; i < to; i++)
        n += value_size(b, i) + (b->leaf->width ? 0 : 4);
    return n;
}

static void check_page_index(const reading *r, size_t slots, size_t offset, size_t bytes)
{
    const cw__column_index *x = &r->c->index;
    size_t i = r->pages, values = count_values(r, slots), rows = count_rows(r, slots);

    REQUIRE(i < r->c->offsets.n);
    CHECK_INT(r->c->offsets.pages[i].offset, offset);
    CHECK_INT(r->c->offsets.pages[i].bytes, bytes);
    CHECK_INT(r->c->offsets.pages[i].first_row, r->row);
    CHECK(rows >= 1 && rows <= r->o->page_rows);
    CHECK(rows == 1 || plain_bytes(r->b, r->value, r->value + values) <= r->o->page_bytes);
    if (!x->present)
        return;
    CHECK_INT(x->null_pages[i], values == 0);
    CHECK_INT(x->null_counts[i], slots - values);
    if (values)
        check_bounds(r->b, r->value, r->value + values, &x->mins[i], &x->maxs[i]);
    for (unsigned level = 0; x->def_histograms && level <= r->b->leaf->max_def; level++)
        CHECK_INT(x->def_histograms[i * (r->b->leaf->max_def + 1) + level],
                  cw__levels_count(&r->b->def, r->slot, slots, level));
}

/* One page at `at`; answers where the next one begins. */
static size_t read_page(reading *r, size_t at)
{
    const cw__grown *all = &r->all;
    cw__page_header h;
    size_t used, stored;
    cw_error err;

    REQUIRE(cw__page_header_read(&h, all->p + at, all->n - at, &used, &err) == CW_OK);
    stored = (size_t)h.compressed_bytes;
    REQUIRE(used + stored <= all->n - at);
    const uint8_t *p = all->p + at + used;
    CHECK(h.has_crc && (uint32_t)h.crc == cw__crc32(0, p, stored));
    if (h.type == CW__DICTIONARY_PAGE) {
        read_dictionary(r, &h, p);
        return at + used + stored;
    }
    REQUIRE(h.type == (r->o->v2 ? CW__DATA_PAGE_V2 : CW__DATA_PAGE));
    if (r->o->v2)
        read_v2(r, &h, p);
    else
        read_v1(r, &h, p);
    size_t slots = (size_t)h.values;
    check_page_index(r, slots, at, used + stored);
    r->value += count_values(r, slots);
    r->row += count_rows(r, slots);
    r->slot += slots;
    r->pages++;
    return at + used + stored;
}

static void check_metadata(const reading *r)
{
    const cw__column_metadata *m = &r->c->meta;
    int64_t pages[4] = {0};

    CHECK_INT(m->values, r->b->slots);
    CHECK_INT(m->compressed_bytes, r->c->bytes.n);
    CHECK(m->codec == CW__UNCOMPRESSED ? m->compressed_bytes == m->uncompressed_bytes
                                       : m->compressed_bytes < m->uncompressed_bytes);
    CHECK(m->encodings[CW__RLE]);
    for (size_t i = 0; i < m->encoding_stat_count; i++) {
        CHECK(m->encodings[m->encoding_stats[i].encoding]);
        pages[m->encoding_stats[i].page_type] += m->encoding_stats[i].count;
    }
    CHECK_INT(pages[r->o->v2 ? CW__DATA_PAGE_V2 : CW__DATA_PAGE], r->pages);
    CHECK_INT(pages[CW__DICTIONARY_PAGE], r->dictionary_pages);
    CHECK_INT(r->c->offsets.n, r->pages);
    CHECK(m->has_statistics && m->statistics.has_null_count);
    CHECK_INT(m->statistics.null_count, r->b->slots - r->b->count);
    if (m->statistics.has_distinct_count)
        CHECK_INT(m->statistics.distinct_count, r->entry_count);
    if (m->statistics.has_min)
        check_bounds(r->b, 0, r->b->count, &m->statistics.min, &m->statistics.max);
    CHECK(m->statistics.has_min || r->b->count == 0 || r->b->leaf->order == CW__ORDER_NONE);
    CHECK(r->c->index.present ||
          r->b->leaf->order == CW__ORDER_NONE); /* all null is an index of null pages */
}

static void check_bloom(const reading *r)
{
    const cw__grown *f = &r->c->bloom;

    for (size_t i = 0; f->n && i < r->b->count; i++)
        REQUIRE(cw__bloom_has(f->p, f->n, cw__xxh64(value_of(r->b, i), value_size(r->b, i))));
}

static cw__grown in_one_piece(const cw__pieces *x)
{
    cw__grown all = {0};

    for (size_t i = 0, n; i < cw__pieces_count(x); i++) {
        const uint8_t *p = cw__pieces_at(x, i, &n);
        REQUIRE(cw__grow(&all, n + 1));
        if (n)
            memcpy(all.p + all.n, p, n);
        all.n += n;
    }
    CHECK_INT(all.n, x->n);
    return all;
}

static void read_back(const cw__chunk *c, const cw__column_buffer *b, const cw__chunk_options *o)
{
    reading r = {.c = c, .all = in_one_piece(&c->bytes), .b = b, .o = o, .block = cw__block_new()};
    size_t at = 0;

    REQUIRE(r.block);
    while (at < c->bytes.n) {
        if (r.pages == 0)
            CHECK(at == 0 || at == (size_t)c->meta.data_page_offset);
        at = read_page(&r, at);
    }
    CHECK_INT(r.slot, b->slots);
    CHECK_INT(r.value, b->count);
    CHECK_INT(r.row, b->rows);
    CHECK_INT(c->meta.has_dictionary_page, r.dictionary_pages);
    check_metadata(&r);
    check_bloom(&r);
    cw__block_free(r.block);
    cw__grown_free(&r.all);
    free(r.entries);
    free(r.entry_at);
}

static bool same_bytes(const cw__pieces *x, const cw__pieces *y)
{
    cw__grown a = in_one_piece(x), b = in_one_piece(y);
    bool same = a.n == b.n && memcmp(a.p, b.p, a.n) == 0;

    cw__grown_free(&a);
    cw__grown_free(&b);
    return same;
}

/* ---- the tests ---- */

static cw__chunk_scratch *scratch; /* one for all: nothing may be left in it that matters */

static const cw__chunk_options defaults = {.codec = CW_CODEC_ZSTD,
                                           .level = 1,
                                           .statistics = true,
                                           .checksums = true,
                                           .bloom_fpp = 0.01,
                                           .statistics_bytes = 64,
                                           .page_rows = 20000,
                                           .page_bytes = 1 << 20};

/* Encode, read back, and once more with nothing kept: the same bytes. Answers the chunk. */
static cw__chunk encode(const cw__column_buffer *b, const cw__chunk_options *o)
{
    cw__chunk_scratch *fresh = cw__chunk_scratch_new();
    cw__chunk c = {0}, again = {0};
    cw_error err;

    REQUIRE(fresh);
    CHECK_OK(cw__chunk_encode(&c, b, o, scratch, &err), err);
    CHECK_OK(cw__chunk_encode(&again, b, o, fresh, &err), err);
    CHECK(same_bytes(&c.bytes, &again.bytes));
    read_back(&c, b, o);
    cw__chunk_free(&again);
    cw__chunk_scratch_free(fresh);
    return c;
}

static bool suits(cw_parquet_encoding e, cw__physical p)
{
    switch (e) {
    case CW_ENCODING_RLE:
        return p == CW__BOOLEAN;
    case CW_ENCODING_DICTIONARY:
        return p != CW__BOOLEAN;
    case CW_ENCODING_DELTA_BINARY_PACKED:
        return p == CW__INT32 || p == CW__INT64;
    case CW_ENCODING_DELTA_LENGTH_BYTE_ARRAY:
    case CW_ENCODING_DELTA_BYTE_ARRAY:
        return p == CW__BYTE_ARRAY;
    case CW_ENCODING_BYTE_STREAM_SPLIT:
        return p != CW__BOOLEAN && p != CW__BYTE_ARRAY && p != CW__INT96;
    default:
        return true;
    }
}

static int32_t number_of_encoding(cw_parquet_encoding e)
{
    static const int32_t numbers[] = {-1,
                                      CW__PLAIN,
                                      CW__RLE_DICTIONARY,
                                      CW__RLE,
                                      CW__DELTA_BINARY_PACKED,
                                      CW__DELTA_LENGTH_BYTE_ARRAY,
                                      CW__DELTA_BYTE_ARRAY,
                                      CW__BYTE_STREAM_SPLIT};
    return numbers[e];
}

static void one_column(const column *c, cw_parquet_encoding e)
{
    static const cw_parquet_codec codecs[] = {CW_CODEC_NONE, CW_CODEC_ZSTD, CW_CODEC_GZIP};

    for (unsigned i = 0; i < 6; i++) {
        cw__chunk_options o = defaults;
        o.encoding = e;
        o.codec = codecs[i % 3];
        o.v2 = i / 3;
        o.bloom = i == 0;
        o.page_rows = 1 + any() % 400;
        o.page_bytes = 16 + any() % 4000;
        cw__chunk k = encode(&c->b, &o);
        if (e != CW_ENCODING_AUTO && c->b.count)
            CHECK(k.meta.encodings[number_of_encoding(e)]);
        cw__chunk_free(&k);
    }
}

static const struct {
    cw__physical physical;
    uint32_t width;
} types[] = {{CW__BOOLEAN, 1},
             {CW__INT32, 4},
             {CW__INT64, 8},
             {CW__INT96, 12},
             {CW__FLOAT, 4},
             {CW__DOUBLE, 8},
             {CW__BYTE_ARRAY, 0},
             {CW__FIXED_LEN_BYTE_ARRAY, 16},
             {CW__FIXED_LEN_BYTE_ARRAY, 3}};
enum { TYPES = sizeof types / sizeof *types };

static void columns_of(unsigned def, unsigned rep, size_t rows, unsigned nulls)
{
    for (size_t t = 0; t < TYPES; t++)
        for (kind k = 0; k < KINDS; k++) {
            column c;
            init_column(&c, types[t].physical, types[t].width, def, rep);
            fill(&c, k, rows, nulls);
            for (cw_parquet_encoding e = 0; e <= CW_ENCODING_BYTE_STREAM_SPLIT; e++)
                if (suits(e, types[t].physical))
                    one_column(&c, e);
            cw__column_buffer_free(&c.b);
        }
}

static void required(void)
{
    columns_of(0, 0, 1, 0);
    columns_of(0, 0, 700, 0);
}

static void nullable(void)
{
    columns_of(1, 0, 1, 8);
    columns_of(1, 0, 600, 2);
    columns_of(1, 0, 100, 0);
    columns_of(1, 0, 100, 8);
}

static void nested(void)
{
    columns_of(3, 1, 200, 2);
    columns_of(5, 2, 150, 6);
    columns_of(2, 0, 150, 2);
    columns_of(3, 1, 40, 8);
}

static int32_t chosen_for(cw_parquet_codec asked, cw__physical physical, uint32_t width, kind k,
                          size_t rows, int32_t *codec)
{
    cw__chunk_options o = defaults;
    int32_t encoding;
    column c;

    o.codec = asked;
    init_column(&c, physical, width, 0, 0);
    fill(&c, k, rows, 0);
    cw__chunk chunk = encode(&c.b, &o);
    encoding = chunk.meta.encoding_stats[chunk.meta.encoding_stat_count - 1].encoding;
    *codec = chunk.meta.codec;
    cw__chunk_free(&chunk);
    cw__column_buffer_free(&c.b);
    return encoding;
}

/* The choice for columns whose best encoding is plain to see. */
static int32_t chosen(cw__physical physical, uint32_t width, kind k, size_t rows, int32_t *codec)
{
    return chosen_for(CW_CODEC_ZSTD, physical, width, k, rows, codec);
}

/* Whoever wants no codec wants it soon: what takes longer than it saves is for those who do. */
static void choices_by_codec(void)
{
    enum { ROWS = 50000 };
    int32_t codec;

    CHECK_INT(chosen_for(CW_CODEC_ZSTD, CW__BYTE_ARRAY, 0, MANY, ROWS, &codec), CW__RLE_DICTIONARY);
    CHECK_INT(chosen_for(CW_CODEC_NONE, CW__BYTE_ARRAY, 0, MANY, ROWS, &codec),
              CW__DELTA_LENGTH_BYTE_ARRAY);
    CHECK_INT(chosen_for(CW_CODEC_NONE, CW__BYTE_ARRAY, 0, FEW, ROWS, &codec), CW__RLE_DICTIONARY);
    CHECK_INT(codec, CW__UNCOMPRESSED);
}

static void choices(void)
{
    enum { ROWS = 50000 };
    int32_t codec;

    CHECK_INT(chosen(CW__INT64, 8, RISING, ROWS, &codec), CW__DELTA_BINARY_PACKED);
    CHECK_INT(chosen(CW__INT64, 8, FEW, ROWS, &codec), CW__RLE_DICTIONARY);
    CHECK_INT(chosen(CW__INT32, 4, SAME, ROWS, &codec), CW__RLE_DICTIONARY);
    CHECK_INT(chosen(CW__BYTE_ARRAY, 0, FEW, ROWS, &codec), CW__RLE_DICTIONARY);
    CHECK_INT(chosen(CW__BYTE_ARRAY, 0, RISING, ROWS, &codec), CW__DELTA_BYTE_ARRAY);
    CHECK_INT(chosen(CW__BYTE_ARRAY, 0, RANDOM, ROWS, &codec), CW__DELTA_LENGTH_BYTE_ARRAY);
    CHECK_INT(codec, CW__ZSTD);
    CHECK_INT(chosen(CW__INT64, 8, RANDOM, ROWS, &codec), CW__PLAIN);
    CHECK_INT(codec, CW__UNCOMPRESSED);
    CHECK_INT(chosen(CW__DOUBLE, 8, RANDOM, ROWS, &codec), CW__BYTE_STREAM_SPLIT);
    CHECK_INT(codec, CW__ZSTD);
}

/* A reader that cannot: compat, and a type where the large engines cannot. */
static void held_back(void)
{
    cw__chunk_options o = defaults;
    column c;

    o.compat = true;
    for (size_t t = 0; t < TYPES; t++)
        for (kind k = 0; k < KINDS; k++) {
            init_column(&c, types[t].physical, types[t].width, 1, 0);
            fill(&c, k, 3000, 1);
            cw__chunk chunk = encode(&c.b, &o);
            for (int32_t e = 0; e < CW__ENCODINGS; e++)
                CHECK(!chunk.meta.encodings[e] || e == CW__PLAIN || e == CW__RLE ||
                      e == CW__RLE_DICTIONARY);
            cw__chunk_free(&chunk);
            chunk = encode(&c.b, &defaults);
            CHECK(types[t].physical != CW__FIXED_LEN_BYTE_ARRAY ||
                  !chunk.meta.encodings[CW__BYTE_STREAM_SPLIT]);
            cw__chunk_free(&chunk);
            cw__column_buffer_free(&c.b);
        }
}

/* A dictionary larger than a megabyte where it pays, and dropped where it does not. */
static void large_dictionary(void)
{
    enum { ENTRIES = 12000, ROWS = 200000 };
    column c;
    char text[200];

    init_column(&c, CW__BYTE_ARRAY, 0, 0, 0);
    for (size_t i = 0; i < ROWS; i++) {
        uint64_t seed = any() % ENTRIES * 0x9e3779b97f4a7c15u;
        int n = snprintf(text, sizeof text,
                         "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64
                         "%016" PRIx64 "%016" PRIx64,
                         seed, seed * 3, seed * 5, seed * 7, seed * 11, seed * 13, seed * 17);
        uint32_t end = (uint32_t)(c.b.values.n + (size_t)n);
        REQUIRE(cw__grow(&c.b.values, (size_t)n) && cw__grow(&c.b.offsets, 8));
        memcpy(c.b.values.p + c.b.values.n, text, (size_t)n);
        c.b.values.n = end;
        if (i == 0)
            memset(c.b.offsets.p, 0, 4);
        memcpy(c.b.offsets.p + 4 * (i + 1), &end, 4);
        c.b.offsets.n = 4 * (i + 2);
    }
    cw__column_buffer_added(&c.b, ROWS, ROWS, ROWS);
    cw__chunk_options o = defaults;
    o.statistics_bytes = sizeof text;
    cw__chunk chunk = encode(&c.b, &o);
    CHECK(chunk.meta.has_dictionary_page);
    CHECK(chunk.meta.uncompressed_bytes > ENTRIES * 100);
    CHECK(chunk.bytes.n < c.b.values.n / 12);
    cw__chunk_free(&chunk);
    cw__column_buffer_free(&c.b);
}

/* NaN and zeros of both signs: by bits in the dictionary, by value in the statistics. */
static void odd_floats(void)
{
    static const double values[] = {0.0, -0.0, 1.5, -3.25, (double)NAN};
    const double zero = 0.0;
    column c;

    init_column(&c, CW__DOUBLE, 8, 0, 0);
    for (size_t i = 0; i < 1000; i++) {
        REQUIRE(cw__grow(&c.b.values, 8));
        memcpy(c.b.values.p + c.b.values.n, &values[i < 500 ? i % 2 : i % 5], 8);
        c.b.values.n += 8;
    }
    cw__column_buffer_added(&c.b, 1000, 1000, 1000);
    cw__chunk_options o = defaults;
    o.page_rows = 500;
    cw__chunk chunk = encode(&c.b, &o);
    CHECK(signbit(-zero) && chunk.index.present);
    CHECK_INT(chunk.index.mins[0].p[7], 0x80);
    CHECK_INT(chunk.index.maxs[0].p[7], 0);
    cw__chunk_free(&chunk);
    cw__column_buffer_free(&c.b);
}

/* Nothing at all said, where nothing is wanted. */
static void silent(void)
{
    cw__chunk_options o = defaults;
    cw__chunk chunk = {0};
    cw_error err;
    column c;

    init_column(&c, CW__INT32, 4, 1, 0);
    fill(&c, RANDOM, 1000, 2);
    o.statistics = o.checksums = false;
    CHECK_OK(cw__chunk_encode(&chunk, &c.b, &o, scratch, &err), err);
    CHECK(!chunk.meta.has_statistics && !chunk.index.present && chunk.bloom.n == 0);
    CHECK(chunk.offsets.n > 0);
    cw__chunk_free(&chunk);
    cw__column_buffer_free(&c.b);
}

/* A plane of split numbers: noise, few bytes in no order, runs, or one byte. */
static void fill_plane(uint8_t *p, size_t n, unsigned how)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(how == 0 ? any() : how == 1 ? any() % 3 : how == 2 ? i / 97 : 7);
}

/* Planes of every kind in every order, behind fronts of every kind of length. */
static void planes(void)
{
    static const size_t lengths[] = {1, 2047, 2048, 8191, 20000, 131072, 140001};
    static const size_t fronts[] = {0, 5, 255, 256, 1900, 100000};
    enum { PLANES = 4, ORDERS = 256, MOST = PLANES * 140001 + 100000 };
    uint8_t *p = some(MOST), *to = some(MOST + MOST / 16), *back = some(MOST);
    cw__block *block = cw__block_new();

    REQUIRE(block);
    for (unsigned order = 0; order < ORDERS; order++) {
        size_t plane = lengths[any() % 7], front = fronts[any() % 6] % plane, n = front;
        size_t most = front + 1000;
        for (unsigned i = 0, how; i < PLANES; i++, n += plane) {
            how = order >> 2 * i & 3;
            fill_plane(p + n, plane, how);
            most += how == 0 ? plane : how == 1 ? plane / 3 : plane / 8;
        }
        fill_plane(p, front, order % 3);
        for (unsigned way = CW__BLOCK_SPLIT; way <= CW__BLOCK_LITERALS; way++) {
            size_t last = way == CW__BLOCK_SPLIT ? plane : n - front;
            unsigned hint = way + CW__BLOCK_PLANE * (unsigned)last;
            size_t k = cw__block_compress(block, CW__BLOCK_ZSTD, 1 + (int)order % 4, hint, to,
                                          cw__block_bound(CW__BLOCK_ZSTD, n), p, n);
            REQUIRE(k > 0 && k <= cw__block_bound(CW__BLOCK_ZSTD, n));
            CHECK(way != CW__BLOCK_SPLIT || plane < 2048 || k < most);
            memset(back, 0, n);
            REQUIRE(cw__block_restore(block, CW__BLOCK_ZSTD, back, n, to, k));
            CHECK(memcmp(p, back, n) == 0);
        }
    }
    cw__block_free(block);
    free(p);
    free(to);
    free(back);
}

/* Bytes that are as frequent as those of noise, and come again: a few levels in front of them,
   which are stored as they are, do not make noise of them. */
static void planes_that_repeat(void)
{
    enum { PERIOD = 900, PLANE = 20000, FRONT = 6, N = FRONT + 4 * PLANE };
    const unsigned hint = CW__BLOCK_SPLIT + CW__BLOCK_PLANE * PLANE;
    uint8_t *p = some(N), *to = some(2 * N);
    cw__block *block = cw__block_new();

    REQUIRE(block);
    fill_plane(p, FRONT + PERIOD, 0);
    for (size_t i = FRONT + PERIOD; i < N; i++)
        p[i] = p[i - PERIOD];
    for (size_t front = 0; front <= FRONT; front += FRONT) {
        size_t k = cw__block_compress(block, CW__BLOCK_ZSTD, 1, hint, to, 2 * N, p + FRONT - front,
                                      N - FRONT + front);
        CHECK(k > 0 && k < N / 4);
    }
    cw__block_free(block);
    free(p);
    free(to);
}

/* Planes are told apart by a few hundred bytes of each. */
static void guesses(void)
{
    enum { N = 600, PLANES = 4 };
    uint8_t *p = some(PLANES * N);
    cw__split_guess g;

    for (unsigned i = 0; i < PLANES; i++)
        fill_plane(p + i * N, N, i);
    cw__guess_split(&g, p, N, PLANES);
    CHECK(g.noise == 1 && g.literals == 1 && g.searched == 1);
    CHECK(g.bytes > 1.15 && g.bytes < 1.9);
    cw__guess_split(&g, p + 3 * N, N, 1);
    CHECK(g.bytes == 0 && g.noise + g.literals + g.searched == 0);
    CHECK(cw__guess_noise(p, N) && !cw__guess_noise(p + N, N) && !cw__guess_noise(p, 100));
    free(p);
}

int main(int argc, char **argv)
{
    REQUIRE(scratch = cw__chunk_scratch_new());
    TEST(required);
    TEST(nullable);
    TEST(nested);
    TEST(choices);
    TEST(choices_by_codec);
    TEST(held_back);
    TEST(large_dictionary);
    TEST(odd_floats);
    TEST(silent);
    TEST(planes);
    TEST(planes_that_repeat);
    TEST(guesses);
    cw__chunk_scratch_free(scratch);
    return test_end();
}
