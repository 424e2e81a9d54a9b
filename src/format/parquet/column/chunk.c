/* chunk.c - a leaf column of a row group, encoded
 *
 *     plan -> dictionary page -> for each page: levels, values, compression, checksum, header;
 *             statistics, column index, offset index, sizes -> what the whole chunk adds up to
 *
 * Pages do not depend on each other: where other threads have nothing to do, they make some.
 */
#include "format/parquet/column/chunk.h"

#include <string.h>

#include "base/crc.h"
#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/column/filter.h"
#include "format/parquet/column/page_notes.h"
#include "format/parquet/column/pages.h"
#include "format/parquet/column/hint.h"
#include "format/parquet/column/plan.h"
#include "format/parquet/column/statistics.h"

/* A chunk in the making. */
typedef struct making {
    cw__chunk *out;
    const cw__column_buffer *in;
    const cw__chunk_options *o;
    cw__chunk_scratch *s;
    cw__chunk_plan plan;
    cw__extremes extremes;
    uint64_t nulls;
    cw__text header;
} making;

void cw__chunk_free(cw__chunk *c)
{
    cw__pieces_free(&c->bytes);
    cw__grown_free(&c->bloom);
    cw__column_metadata_free(&c->meta);
    cw__column_index_free(&c->index);
    cw__offset_index_free(&c->offsets);
    memset(c, 0, sizeof *c);
}

/* All but the memory for bytes. */
static void empty(cw__chunk *c)
{
    cw__pieces bytes = c->bytes;

    c->bytes = (cw__pieces){0};
    cw__chunk_free(c);
    c->bytes = bytes;
    cw__pieces_reset(&c->bytes);
}

/* ---- writing pages ---- */

static void note_encoding(cw__column_metadata *m, int32_t page_type, int32_t encoding)
{
    m->encodings[encoding] = true;
    for (size_t i = 0; i < m->encoding_stat_count; i++)
        if (m->encoding_stats[i].page_type == page_type &&
            m->encoding_stats[i].encoding == encoding) {
            m->encoding_stats[i].count++;
            return;
        }
    m->encoding_stats[m->encoding_stat_count++] = (cw__encoding_stat){page_type, encoding, 1};
}

/*
 * What follows the header of a page. In front of the body there may be levels that are not
 * compressed, or all but the values; these then are the body, and stay where they lie.
 */
typedef struct body {
    const uint8_t *p; /* NULL: values [from, to) */
    size_t n;
    size_t from, to;
} body;

/* The next piece of it: the whole, or values that lie side by side. */
static const uint8_t *next_piece(const making *k, body *b, size_t *n)
{
    size_t values = b->to - b->from;
    const uint8_t *p = b->p;

    *n = b->n;
    if (!p) {
        p = cw__values_as_they_lie(k->in, b->from, &values);
        *n = cw__raw_bytes(k->in, b->from, b->from + values);
        b->from += values;
    }
    b->n -= *n;
    return p;
}

static bool add_body(const making *k, body b)
{
    cw__pieces *to = &k->out->bytes;
    bool stays = !b.p && !k->in->spans.picked, ok = true;

    for (size_t n; ok && b.n > 0;) {
        const uint8_t *p = next_piece(k, &b, &n);
        ok = stays ? cw__pieces_lend(to, p, n) : cw__pieces_add(to, p, n);
    }
    return ok;
}

static uint32_t checksum(const making *k, const cw__grown *first, body b)
{
    uint32_t crc = first && first->n ? cw__crc32(0, first->p, first->n) : 0;

    for (size_t n; b.n > 0;) {
        const uint8_t *p = next_piece(k, &b, &n);
        crc = cw__crc32(crc, p, n);
    }
    return crc;
}

/* A page as it is stored: header, what is in front, body. */
static cw_status put_page(making *k, cw__page_header *h, const cw__grown *first, body b,
                          size_t uncompressed)
{
    size_t first_n = first ? first->n : 0;
    cw__pieces *to = &k->out->bytes;

    if (uncompressed > INT32_MAX || first_n + b.n > INT32_MAX)
        return CW_E_TOO_LARGE;
    h->uncompressed_bytes = (int32_t)uncompressed;
    h->compressed_bytes = (int32_t)(first_n + b.n);
    if (k->o->checksums) {
        h->has_crc = true;
        h->crc = (int32_t)checksum(k, first, b);
    }
    cw__text_reset(&k->header);
    cw__page_header_write(&k->header, h);
    if (k->header.failed || !cw__pieces_add(to, k->header.p, k->header.n) ||
        (first_n && !cw__pieces_add(to, first->p, first_n)) || !add_body(k, b))
        return CW_E_NO_MEMORY;
    k->out->meta.uncompressed_bytes += (int64_t)(k->header.n + uncompressed);
    note_encoding(&k->out->meta, h->type, h->encoding);
    return CW_OK;
}

/* Compress `from` into the scratch. Out of luck: NULL. */
static const uint8_t *compress(making *k, const cw__grown *from, unsigned hint, size_t *n)
{
    size_t bound = cw__block_bound(k->plan.codec, from->n);

    k->s->packed.n = 0;
    if (!cw__grow(&k->s->packed, bound + 1))
        return NULL;
    *n = cw__block_compress(k->s->block, k->plan.codec, k->o->level, hint, k->s->packed.p, bound,
                            from->p, from->n);
    return *n ? k->s->packed.p : NULL;
}

/* Of version 1 everything of the body is compressed, whatever it comes to. */
static cw_status put_body(making *k, cw__page_header *h, const cw__grown *page, unsigned hint)
{
    body b = {.p = page->p, .n = page->n};

    if (k->plan.codec != CW__BLOCK_NONE && !(b.p = compress(k, page, hint, &b.n)))
        return CW_E_NO_MEMORY;
    return put_page(k, h, NULL, b, page->n);
}

/* Its page was made, and compressed unless that seemed hopeless, to see what it is worth. */
static cw_status put_dictionary(making *k)
{
    cw__page_header h = {.type = CW__DICTIONARY_PAGE,
                         .encoding = CW__PLAIN,
                         .values = (int32_t)k->plan.dictionary->count};
    const cw__grown *page = &k->s->entries, *packed = &k->s->entries_packed;

    k->out->meta.has_dictionary_page = true;
    if (k->plan.codec == CW__BLOCK_NONE || packed->n == 0)
        return put_body(k, &h, page,
                        cw__codec_hint(k->in->leaf, CW__PLAIN, k->plan.dictionary->count, page->n));
    return put_page(k, &h, NULL, (body){.p = packed->p, .n = packed->n}, page->n);
}

/* ---- a data page ---- */

static bool add_levels_v1(cw__grown *out, const cw__levels *l, const cw__stretch *s)
{
    size_t start = out->n;

    if (l->max == 0)
        return true;
    if (!cw__grow(out, 4))
        return false;
    out->n += 4;
    if (!cw__encode_levels(out, l, s->slot, s->slots))
        return false;
    uint32_t n = (uint32_t)(out->n - start - 4);
    memcpy(out->p + start, &n, sizeof n);
    return true;
}

/* Of no values there is nothing to encode, and some readers fall over a DELTA or a split of none.
 */
static int32_t encoding_of(const making *k, const cw__stretch *s)
{
    int32_t encoding = k->plan.encoding;
    bool falls = encoding == CW__DELTA_BINARY_PACKED || encoding == CW__DELTA_LENGTH_BYTE_ARRAY ||
                 encoding == CW__DELTA_BYTE_ARRAY || encoding == CW__BYTE_STREAM_SPLIT;

    return falls && s->values == 0 ? CW__PLAIN : encoding;
}

/* Where values are stored as they lie in memory, with no copy between. */
static bool are_as_stored(const making *k, const cw__stretch *s)
{
    const cw__leaf *leaf = k->in->leaf;

    return k->plan.codec == CW__BLOCK_NONE && cw__ends_as_it_lies(leaf, encoding_of(k, s));
}

/* Behind the levels. */
static cw_status put_as_stored(making *k, cw__page_header *h, cw__grown *front,
                               const cw__stretch *s)
{
    size_t from = s->value, to = s->value + s->values;
    body b = {.n = cw__raw_bytes(k->in, from, to), .from = from, .to = to};

    if (!cw__encode_front(front, h->encoding, k->in, from, to, &k->s->numbers))
        return CW_E_NO_MEMORY;
    return put_page(k, h, front, b, front->n + b.n);
}

static bool encode_values(making *k, cw__grown *out, const cw__stretch *s)
{
    return cw__encode_values(out, encoding_of(k, s), k->in, s->value, s->value + s->values,
                             k->plan.dictionary ? k->plan.dictionary->indices : NULL,
                             &k->s->numbers);
}

/* Of the values that were just encoded, and have `bytes` bytes. */
static unsigned hint_of(const making *k, const cw__stretch *s, size_t bytes)
{
    if (!k->plan.literals)
        return cw__codec_hint(k->in->leaf, k->plan.encoding, s->values, bytes);
    return cw__codec_hint_literals(
        cw__text_bytes(encoding_of(k, s), k->in, s->value, s->value + s->values, &k->s->numbers),
        bytes);
}

static cw_status put_v1(making *k, const cw__stretch *s)
{
    cw__page_header h = {.type = CW__DATA_PAGE,
                         .values = (int32_t)s->slots,
                         .encoding = encoding_of(k, s),
                         .def_encoding = CW__RLE,
                         .rep_encoding = CW__RLE};
    cw__grown *page = &k->s->page;

    page->n = 0;
    if (!add_levels_v1(page, &k->in->rep, s) || !add_levels_v1(page, &k->in->def, s))
        return CW_E_NO_MEMORY;
    if (are_as_stored(k, s))
        return put_as_stored(k, &h, page, s);
    size_t levels = page->n;
    if (!encode_values(k, page, s))
        return CW_E_NO_MEMORY;
    return put_body(k, &h, page, hint_of(k, s, page->n - levels));
}

/* Of version 2 the values are compressed where that makes them smaller, and not to nothing. */
static cw_status put_v2(making *k, const cw__stretch *s)
{
    cw__page_header h = {.type = CW__DATA_PAGE_V2,
                         .values = (int32_t)s->slots,
                         .nulls = (int32_t)(s->slots - s->values),
                         .rows = (int32_t)s->rows,
                         .encoding = encoding_of(k, s)};
    cw__grown *levels = &k->s->levels;
    cw__grown *values = &k->s->page;
    size_t packed_n;

    levels->n = values->n = 0;
    if (k->in->rep.max && !cw__encode_levels(levels, &k->in->rep, s->slot, s->slots))
        return CW_E_NO_MEMORY;
    h.rep_bytes = (int32_t)levels->n;
    if (k->in->def.max && !cw__encode_levels(levels, &k->in->def, s->slot, s->slots))
        return CW_E_NO_MEMORY;
    h.def_bytes = (int32_t)levels->n - h.rep_bytes;
    if (are_as_stored(k, s))
        return put_as_stored(k, &h, levels, s);
    if (!encode_values(k, values, s))
        return CW_E_NO_MEMORY;
    const uint8_t *p = values->p, *packed;
    size_t n = values->n;
    if (k->plan.codec != CW__BLOCK_NONE && n > 0) {
        if (!(packed = compress(k, values, hint_of(k, s, values->n), &packed_n)))
            return CW_E_NO_MEMORY;
        h.is_compressed = packed_n < n;
        if (h.is_compressed) {
            p = packed;
            n = packed_n;
        }
    }
    return put_page(k, &h, levels, (body){.p = p, .n = n}, levels->n + values->n);
}

/* ---- what is said of a page ---- */

/* Entries of the dictionary that the page uses, where they are fewer than its values. */
static bool extremes_by_entries(making *k, cw__extremes *e, const cw__stretch *s)
{
    const cw__dictionary *d = k->plan.dictionary;
    cw__grown *used = &k->s->used;

    used->n = 0;
    if (!cw__grow(used, d->count + 1))
        return false;
    memset(used->p, 0, d->count);
    for (size_t i = s->value; i < s->value + s->values; i++)
        used->p[d->indices[i]] = 1;
    cw__extremes_of_entries(e, k->in, d->firsts, used->p, d->count);
    return true;
}

static bool page_extremes(making *k, cw__extremes *e, const cw__stretch *s)
{
    const cw__leaf *leaf = k->in->leaf;
    bool slow = leaf->order == CW__ORDER_BYTES || leaf->order == CW__ORDER_TWOS_COMPLEMENT;

    if (!k->o->statistics)
        return true;
    if (k->plan.dictionary && slow && k->plan.dictionary->count < s->values / 2)
        return extremes_by_entries(k, e, s);
    cw__extremes_of(e, k->in, s->value, s->value + s->values);
    return true;
}

static cw_status page_statistics(making *k, const cw__stretch *s, const cw__extremes *e)
{
    const cw__leaf *leaf = k->in->leaf;
    cw__statistics said;
    uint64_t nulls = s->slots - s->values;
    cw_status st;

    k->nulls += nulls;
    if (!k->o->statistics)
        return CW_OK;
    cw__extremes_join(&k->extremes, e, leaf);
    if (leaf->order == CW__ORDER_NONE)
        return CW_OK;
    st = cw__statistics_of(&said, leaf, e, nulls, k->o->statistics_bytes);
    if (st == CW_OK)
        st = cw__column_index_add(&k->out->index, leaf, &said, s->values == 0);
    cw__statistics_free(&said);
    return st;
}

/* The bytes of a page, and what takes long to find out about it. */
static cw_status make_page(making *k, const cw__stretch *s, cw__extremes *e)
{
    cw_status st;

    if (s->slots > INT32_MAX)
        return CW_E_TOO_LARGE;
    st = k->o->v2 ? put_v2(k, s) : put_v1(k, s);
    return st == CW_OK && !page_extremes(k, e, s) ? CW_E_NO_MEMORY : st;
}

/* Of the page that is the chunk's last and began at `start`. */
static cw_status note_page(making *k, const cw__stretch *s, const cw__extremes *e, size_t start)
{
    cw_status st = page_statistics(k, s, e);

    return st == CW_OK && !cw__page_noted(k->out, k->in, s, start) ? CW_E_NO_MEMORY : st;
}

static cw_status put_data_page(making *k, const cw__stretch *s)
{
    size_t start = k->out->bytes.n;
    cw__extremes e;
    cw_status st = make_page(k, s, &e);

    return st == CW_OK ? note_page(k, s, &e, start) : st;
}

/* ---- pages made with help, and put together in order ---- */

/* Pages that are made at once. Finished ones wait for those in front of them: see budget.h. */
enum { MOST_PARTS = 32, PARTS_EACH = 2 };

/* One page, as a chunk of its own. */
typedef struct part {
    cw__stretch at;
    making k;
    cw__chunk out;
    cw__extremes extremes;
    cw_status st;
} part;

static void make_part(void *parts, size_t i, cw__chunk_scratch *scratch)
{
    part *p = (part *)parts + i;

    p->k.s = scratch;
    p->st = scratch ? make_page(&p->k, &p->at, &p->extremes) : CW_E_NO_MEMORY;
}

static cw_status join_part(making *k, const part *p)
{
    const cw__column_metadata *m = &p->out.meta;
    size_t start = k->out->bytes.n;

    if (p->st != CW_OK)
        return p->st;
    if (!cw__pieces_join(&k->out->bytes, &p->out.bytes))
        return CW_E_NO_MEMORY;
    k->out->meta.uncompressed_bytes += m->uncompressed_bytes;
    note_encoding(&k->out->meta, m->encoding_stats[0].page_type, m->encoding_stats[0].encoding);
    return note_page(k, &p->at, &p->extremes, start);
}

/* A single row that is larger than a page is for one thread: there is memory for no more. */
static bool is_usual(const making *k, const cw__stretch *s)
{
    return cw__raw_bytes(k->in, s->value, s->value + s->values) <= k->o->page_bytes;
}

static bool has_help(const making *k, const cw__stretch *s)
{
    const cw__chunk_help *help = k->s->help;

    return help && help->is_there(help->user) && is_usual(k, s);
}

/* The page that `s` is at and those behind it; `s` is at the last of them then. */
static size_t cut_parts(const making *k, part *parts, cw__stretch *s)
{
    size_t most = PARTS_EACH * k->s->help->threads;
    cw__stretch next = *s;
    size_t n = 0;

    most = most < MOST_PARTS ? most : MOST_PARTS;

    do {
        *s = next;
        parts[n].at = next;
        parts[n].k = *k;
        parts[n].k.out = &parts[n].out;
        parts[n].k.header = (cw__text){0};
        n++;
    } while (n < most && cw__next_page(&next, k->in, k->o->page_rows, k->o->page_bytes) &&
             is_usual(k, &next));
    return n;
}

static cw_status put_pages(making *k, cw__stretch *s)
{
    const cw__chunk_help *help = k->s->help;
    part *parts = cw__alloc_zero(MOST_PARTS * sizeof *parts);
    cw_status st = CW_OK;
    size_t n;

    if (!parts)
        return CW_E_NO_MEMORY;
    n = cut_parts(k, parts, s);
    help->share(help->user, n, make_part, parts);
    for (size_t i = 0; i < n; i++) {
        if (st == CW_OK)
            st = join_part(k, &parts[i]);
        cw__chunk_free(&parts[i].out);
        cw__text_free(&parts[i].k.header);
    }
    cw__free(parts);
    return st;
}

/* ---- the whole ---- */

static bool wants_bloom(const making *k)
{
    return k->o->bloom && k->in->count > 0 && k->in->leaf->physical != CW__BOOLEAN &&
           k->in->leaf->order != CW__ORDER_NONE;
}

static int32_t codec_number(cw__block_codec codec)
{
    switch (codec) {
    case CW__BLOCK_ZSTD:
        return CW__ZSTD;
    case CW__BLOCK_GZIP:
        return CW__GZIP;
    case CW__BLOCK_SNAPPY:
        return CW__SNAPPY;
    case CW__BLOCK_LZ4:
        return CW__LZ4_RAW;
    default:
        return CW__UNCOMPRESSED;
    }
}

static bool begin(making *k)
{
    cw__column_metadata *m = &k->out->meta;
    const cw__leaf *leaf = k->in->leaf;

    m->physical = (int32_t)leaf->physical;
    m->codec = codec_number(k->plan.codec);
    m->encodings[CW__RLE] =
        true; /* of the levels, which readers expect even where there are none */
    m->values = (int64_t)k->in->slots;
    m->sizes.present = true;
    m->sizes.has_bytes = leaf->width == 0;
    if (leaf->max_rep) {
        m->sizes.rep_n = leaf->max_rep + 1;
        m->sizes.rep = cw__alloc_zero(m->sizes.rep_n * sizeof *m->sizes.rep);
    }
    if (leaf->max_def) {
        m->sizes.def_n = leaf->max_def + 1;
        m->sizes.def = cw__alloc_zero(m->sizes.def_n * sizeof *m->sizes.def);
    }
    return (!leaf->max_rep || m->sizes.rep) && (!leaf->max_def || m->sizes.def);
}

static cw_status end(making *k)
{
    cw__column_metadata *m = &k->out->meta;
    cw_status st = CW_OK;

    m->compressed_bytes = (int64_t)k->out->bytes.n;
    if (k->o->statistics) {
        cw__column_index_end(&k->out->index, k->in->leaf);
        st = cw__statistics_of(&m->statistics, k->in->leaf, &k->extremes, k->nulls,
                               k->o->statistics_bytes);
        m->has_statistics = st == CW_OK;
        /* Entries differ in bits, which zeros of two signs and NaNs do without being distinct. */
        if (k->plan.dictionary && k->in->leaf->order != CW__ORDER_FLOAT && st == CW_OK) {
            m->statistics.has_distinct_count = true;
            m->statistics.distinct_count = (int64_t)k->plan.dictionary->count;
        }
    }
    if (st == CW_OK && wants_bloom(k) &&
        !cw__bloom_of(&k->out->bloom, k->in, k->plan.dictionary, k->o->bloom_fpp))
        st = CW_E_NO_MEMORY;
    return st;
}

static cw_status make(making *k)
{
    cw__stretch s = {0};
    cw_status st;

    memset(&k->extremes, 0, sizeof k->extremes);
    k->nulls = 0;
    st = begin(k) ? CW_OK : CW_E_NO_MEMORY;
    if (st == CW_OK && k->plan.dictionary)
        st = put_dictionary(k);
    k->out->meta.data_page_offset = (int64_t)k->out->bytes.n;
    while (st == CW_OK && cw__next_page(&s, k->in, k->o->page_rows, k->o->page_bytes))
        st = has_help(k, &s) ? put_pages(k, &s) : put_data_page(k, &s);
    return st == CW_OK ? end(k) : st;
}

/* A buffer that never held a byte has no memory to point into. */
static cw__column_buffer with_memory(const cw__column_buffer *b)
{
    static uint8_t nothing[2 * sizeof(uint32_t)];
    cw__column_buffer some = *b;

    if (!some.values.p)
        some.values.p = nothing;
    if (!some.offsets.p)
        some.offsets.p = nothing;
    return some;
}

/* The sample promised more than the chunk kept. */
static bool has_shrunk(const cw__chunk *c)
{
    return c->meta.compressed_bytes < c->meta.uncompressed_bytes;
}

cw_status cw__chunk_encode(cw__chunk *out, const cw__column_buffer *in, const cw__chunk_options *o,
                           cw__chunk_scratch *scratch, cw_error *err)
{
    const cw__column_buffer some = with_memory(in);
    making k = {.out = out, .in = &some, .o = o, .s = scratch};
    cw_status st;

    cw__pieces_reset(&out->bytes);
    st = cw__chunk_plan_make(&k.plan, &some, o, scratch);
    if (st == CW_OK) {
        st = make(&k);
        if (st == CW_OK && k.plan.codec != CW__BLOCK_NONE && !has_shrunk(out)) {
            empty(out);
            k.plan.codec = CW__BLOCK_NONE;
            st = make(&k);
        }
    }
    cw__text_free(&k.header);
    if (st == CW_OK)
        return st;
    cw__chunk_free(out);
    if (st == CW_E_TOO_LARGE)
        return cw__fail(err, st,
                        "a value of column '%s' is too long: a page of a Parquet file holds 2 GiB",
                        in->leaf->path);
    return cw__fail_memory(err, "encoding a column chunk");
}
