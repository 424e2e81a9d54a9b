/* row_group.c - a full row group: encode its columns, write them, keep what the footer needs
 *
 *     buffers --make (any thread)--> chunks --deliver (caller, in order)--> writer
 *                                      |-> page indexes, serialised
 *                                      |-> metadata, serialised when all chunks have their places
 *                                      |-> Bloom filters, written behind the chunks
 *
 * With threads the buffers change places with an empty set, which takes the rows that come next
 * while these are encoded; the caller looks in as it takes rows, and writes what is ready. It takes
 * part in encoding when the next row group is full as well, or memory is short. The largest columns
 * are begun first, so that none of them is left over at the end. Without threads the order is that
 * of the file, and one chunk at a time exists.
 *
 * A buffer's memory is kept for a later row group, which spares the system zeroing it anew, unless
 * chunks that wait for their turn, or the rows that come next, need the room. That depends on the
 * threads, the output does not.
 */
#include "format/parquet/encoder.h"

#include "base/error.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct sized {
    uint64_t bytes;
    uint32_t leaf;
} sized;

typedef struct waiting_filter {
    size_t leaf;
    cw__grown bits;
} waiting_filter;

struct cw__closing {
    cw_parquet *p;
    cw__crew_job job;
    cw__column_buffer *buffers; /* of each leaf */
    cw__chunk **chunks;         /* of each leaf: made and not yet delivered */
    uint32_t *order;
    _Atomic uint64_t held; /* bytes of buffers and chunks */
    uint64_t reserved;     /* for chunks that are being made, with threads */
    bool alone;            /* there is memory for one chunk at a time, as without threads */
    cw__row_group group;
    cw__text parts[CW__KEPT_PARTS];
    waiting_filter *filters;
    size_t filter_count, filter_room;
};

typedef struct cw__closing closing;

/* Whether a row group is encoded while the next one is gathered. */
static bool overlaps(const cw_parquet *p)
{
    return cw__crew_is_many(p->crew);
}

/* ---- the memory of buffers ---- */

static uint64_t lent_of(const cw__column_buffer *b)
{
    return cw__column_lent(b) + (b->lent_offsets ? (b->count + 1) * sizeof *b->lent_offsets : 0);
}

static uint64_t room_of(const cw__column_buffer *b)
{
    return (uint64_t)b->def.data.room + b->rep.data.room + b->values.room + b->offsets.room +
           lent_of(b);
}

static uint64_t bytes_of(const cw__column_buffer *b)
{
    return (uint64_t)b->def.data.n + b->rep.data.n + b->values.n + b->offsets.n + lent_of(b);
}

static uint64_t room_of_all(const cw__column_buffer *buffers, const cw_schema *s)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < s->leaf_count; i++)
        sum += room_of(&buffers[i]);
    return sum;
}

cw__column_buffer *cw__buffers_new(const cw_schema *s)
{
    cw__column_buffer *buffers = cw__alloc_zero(s->leaf_count * sizeof *buffers);

    for (size_t i = 0; buffers && i < s->leaf_count; i++)
        cw__column_buffer_init(&buffers[i], &s->leaves[i]);
    return buffers;
}

void cw__buffers_free(cw__column_buffer *buffers, const cw_schema *s)
{
    for (size_t i = 0; buffers && i < s->leaf_count; i++)
        cw__column_buffer_free(&buffers[i]);
    cw__free(buffers);
}

/* A little room stays: whoever reads whole registers may look beyond the last byte. */
static void cut(cw__grown *g)
{
    enum { BEYOND = 64 };
    uint8_t *p;

    if (g->n == 0) {
        cw__grown_free(g);
        return;
    }
    if (g->room - g->n <= g->n / 4 + BEYOND)
        return;
    p = cw__buffer_realloc(g->p, g->room, g->n + BEYOND);
    if (p) {
        g->p = p;
        g->room = g->n + BEYOND;
    }
}

void cw__buffers_trim(cw_parquet *p)
{
    if (room_of_all(p->buffers, p->schema) <= p->settings.budget.room_bytes)
        return;
    for (size_t i = 0; i < p->schema->leaf_count; i++) {
        cut(&p->buffers[i].def.data);
        cut(&p->buffers[i].rep.data);
        cut(&p->buffers[i].values);
        cut(&p->buffers[i].offsets);
    }
}

/*
 * What grows to megabytes begins with two of them, beside the heap and on a huge page: on its way
 * there a buffer would be copied several times, onto small pages that it touches first. Without the
 * memory it goes that way.
 */
enum { GOOD_START = 2 << 20 };

static void expect(cw__grown *g, uint64_t bytes)
{
    if (g->room == 0 && bytes >= GOOD_START)
        (void)cw__grow(g, GOOD_START);
}

/* ---- make: on any thread ---- */

static uint64_t memory_of(const cw__chunk *c)
{
    return (uint64_t)cw__pieces_room(&c->bytes) + c->bloom.room;
}

static void drop_chunk(cw__chunk *c)
{
    if (c)
        cw__chunk_free(c);
    cw__free(c);
}

/* The buffer is done with: its chunk is made, and what it lends of it is written. */
static void release_buffer(closing *c, cw__column_buffer *b)
{
    const cw__budget *budget = &c->p->settings.budget;
    bool keep = overlaps(c->p) ? atomic_load(&c->held) + c->reserved + budget->group_bytes <=
                                     budget->overlap_bytes
                               : atomic_load(&c->held) <= budget->held_bytes;

    atomic_fetch_sub(&c->held, room_of(b));
    if (keep)
        cw__column_buffer_reset(b);
    else
        cw__column_buffer_free(b);
    atomic_fetch_add(&c->held, room_of(b));
}

/* Whether the buffer is needed until its chunk is written, or has to be let go of by the caller's
   thread. */
static bool is_lent(const cw__chunk *c, const cw__column_buffer *b)
{
    return c->bytes.lent_count || b->spans.loan_count;
}

static cw_status make_chunk(void *user, size_t leaf, cw__chunk_scratch *scratch, cw_error *err)
{
    closing *c = user;
    cw__column_buffer *b = &c->buffers[leaf];
    const cw__chunk_options o = cw__settings_of(&c->p->settings, b->leaf);
    cw__chunk *chunk = cw__alloc_zero(sizeof *chunk);
    cw_status st;

    if (!chunk)
        return cw__fail_memory(err, "encoding a column");
    if (!cw__crew_is_many(c->p->crew)) {
        chunk->bytes = c->p->chunk_memory;
        c->p->chunk_memory = (cw__pieces){0};
    }
    expect(&chunk->bytes.own, bytes_of(b) / 4);
    st = cw__chunk_scratch_pick(scratch, b) ? cw__chunk_encode(chunk, b, &o, scratch, err)
                                            : cw__fail_memory(err, "encoding a column");
    if (cw__crew_is_many(c->p->crew))
        cw__chunk_scratch_trim(scratch, o.page_bytes);
    if (st != CW_OK) {
        drop_chunk(chunk);
        return st;
    }
    atomic_fetch_add(&c->held, memory_of(chunk));
    if (!is_lent(chunk, b))
        release_buffer(c, b);
    c->chunks[leaf] = chunk;
    return CW_OK;
}

/* ---- deliver: on the caller's thread, in the order of the file ---- */

static bool keep_filter(closing *c, size_t leaf, cw__grown *bits)
{
    size_t room = c->filter_room ? c->filter_room + c->filter_room / 2 : 8;
    waiting_filter *filters = c->filters;

    if (c->filter_count == c->filter_room) {
        filters = cw__realloc(c->filters, room * sizeof *filters);
        if (!filters)
            return false;
        c->filters = filters;
        c->filter_room = room;
    }
    filters[c->filter_count++] = (waiting_filter){leaf, *bits};
    *bits = (cw__grown){0};
    return true;
}

static void place(cw__chunk *chunk, int64_t at)
{
    chunk->meta.file_offset = at; /* the offsets of pages count from there */
    for (size_t i = 0; i < chunk->offsets.n; i++)
        chunk->offsets.pages[i].offset += at;
}

static bool add_indexes(closing *c, const cw__chunk *chunk)
{
    cw__text *columns = &c->parts[CW__KEPT_COLUMN_INDEXES];
    cw__text *offsets = &c->parts[CW__KEPT_OFFSET_INDEXES];
    size_t columns_before = columns->n, offsets_before = offsets->n;
    cw__index_bytes n;

    if (chunk->index.present)
        cw__column_index_write(columns, &chunk->index);
    cw__offset_index_write(offsets, &chunk->offsets);
    n.column_index = (uint32_t)(columns->n - columns_before);
    n.offset_index = (uint32_t)(offsets->n - offsets_before);
    cw__text_add_n(&c->parts[CW__KEPT_LENGTHS], &n, sizeof n);
    return !columns->failed && !offsets->failed && !c->parts[CW__KEPT_LENGTHS].failed;
}

static cw_status put_pieces(cw_parquet *p, const cw__pieces *x, cw_error *err)
{
    cw_status st = CW_OK;

    for (size_t i = 0, n; i < cw__pieces_count(x) && st == CW_OK; i++) {
        const uint8_t *at = cw__pieces_at(x, i, &n);
        st = n ? cw__parquet_put(p, at, n, err) : CW_OK;
    }
    return st;
}

static cw_status deliver_chunk(void *user, size_t leaf, cw_error *err)
{
    closing *c = user;
    cw__chunk *chunk = c->chunks[leaf];
    cw__row_group *g = &c->group;
    cw_status st;

    place(chunk, (int64_t)c->p->offset);
    st = put_pieces(c->p, &chunk->bytes, err);
    if (st != CW_OK)
        return st;
    if (is_lent(chunk, &c->buffers[leaf]))
        release_buffer(c, &c->buffers[leaf]);
    g->uncompressed_bytes += chunk->meta.uncompressed_bytes;
    g->compressed_bytes += chunk->meta.compressed_bytes;
    atomic_fetch_sub(&c->held, memory_of(chunk));
    if (!add_indexes(c, chunk) || (chunk->bloom.n && !keep_filter(c, leaf, &chunk->bloom)))
        return cw__fail_memory(err, "keeping the metadata of a row group");
    g->columns[leaf] = chunk->meta;
    memset(&chunk->meta, 0, sizeof chunk->meta);
    c->chunks[leaf] = NULL;
    if (!cw__crew_is_many(c->p->crew)) {
        c->p->chunk_memory = chunk->bytes;
        chunk->bytes = (cw__pieces){0};
    }
    drop_chunk(chunk);
    return CW_OK;
}

/* ---- behind the chunks ---- */

static cw_status write_filter(closing *c, waiting_filter *f, cw_error *err)
{
    cw__column_metadata *meta = &c->group.columns[f->leaf];
    cw__text header = {0};
    cw_status st;

    cw__bloom_header_write(&header, f->bits.n);
    meta->bloom_offset = (int64_t)c->p->offset;
    meta->bloom_bytes = (int32_t)(header.n + f->bits.n);
    st = header.failed ? cw__fail_memory(err, "writing a Bloom filter")
                       : cw__parquet_put(c->p, header.p, header.n, err);
    cw__text_free(&header);
    if (st == CW_OK)
        st = cw__parquet_put(c->p, f->bits.p, f->bits.n, err);
    cw__grown_free(&f->bits);
    return st;
}

static cw_status write_filters(closing *c, cw_error *err)
{
    cw_status st = CW_OK;

    for (size_t i = 0; i < c->filter_count && st == CW_OK; i++)
        st = write_filter(c, &c->filters[i], err);
    return st;
}

static cw_status keep_group(closing *c, cw_error *err)
{
    cw_parquet *p = c->p;
    cw__text *to = &c->parts[CW__KEPT_GROUP];
    cw_status st;

    cw__row_group_write(to, p->schema, &c->group, p->settings.sorting, p->settings.sorting_count);
    if (to->failed)
        return cw__fail_memory(err, "keeping the metadata of a row group");
    st = cw__kept_add(&p->kept, c->parts, err);
    if (st == CW_OK && p->kept.bytes > p->settings.budget.kept_bytes)
        st = cw__fail(err, CW_E_TOO_LARGE,
                      "the metadata of %zu row groups of %zu columns fills the eighth of "
                      "memory_bytes that is for it: raise memory_bytes (and row_group_bytes)",
                      p->kept.count, p->schema->leaf_count);
    return st;
}

/* ---- beginning and end ---- */

static int largest_first(const void *a, const void *b)
{
    const sized *x = a, *y = b;

    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x->leaf < y->leaf ? -1 : x->leaf > y->leaf;
}

/*
 * Bytes of the largest value if it is larger than a page: a page of its own, which the scratch of
 * its thread holds twice. Values that together are no more than a page need not be looked at.
 */
static uint64_t large_value_of(const cw__column_buffer *b, uint64_t page_bytes)
{
    enum { STRIDE = 256 };
    const uint32_t *offsets = cw__column_offsets(b);
    uint32_t most = 0;

    for (size_t i = 0, end; !b->leaf->width && i < b->count; i = end) {
        end = b->count - i < STRIDE ? b->count : i + STRIDE;
        for (size_t k = i; offsets[end] - offsets[i] > page_bytes && k < end; k++)
            most = offsets[k + 1] - offsets[k] > most ? offsets[k + 1] - offsets[k] : most;
    }
    return most > page_bytes ? most : 0;
}

/*
 * What making the first chunks of the order takes beyond what is held and what pages usually take:
 * the chunks, which grow by half, and what the plan and the pages of large values take, which
 * are in a sample, in a page made of it, and in that page compressed.
 */
static uint64_t reserve_of(const closing *c)
{
    enum { SAMPLED = 16 };
    const cw__budget *budget = &c->p->settings.budget;
    uint64_t sum = 0, most = 0, large = 0;

    for (size_t i = 0; i < c->p->schema->leaf_count; i++) {
        const cw__column_buffer *b = &c->buffers[c->order[i]];
        uint64_t n = large_value_of(b, budget->page_bytes);
        uint64_t sampled = SAMPLED * n < bytes_of(b) ? SAMPLED * n : bytes_of(b);
        sum += i <= budget->workers ? bytes_of(b) + bytes_of(b) / 2 : 0;
        large += n > 0 && large <= budget->workers;
        most = n > 0 && 3 * sampled + 2 * n > most ? 3 * sampled + 2 * n : most;
    }
    return sum + large * most;
}

static cw_status find_order(closing *c, cw_error *err)
{
    size_t n = c->p->schema->leaf_count;
    sized *sizes;

    if (!overlaps(c->p))
        return CW_OK;
    sizes = cw__alloc(n * sizeof *sizes);
    c->order = cw__alloc(n * sizeof *c->order);
    if (!sizes || !c->order) {
        cw__free(sizes);
        return cw__fail_memory(err, "closing a row group");
    }
    for (size_t i = 0; i < n; i++)
        sizes[i] = (sized){bytes_of(&c->buffers[i]), (uint32_t)i};
    qsort(sizes, n, sizeof *sizes, largest_first);
    for (size_t i = 0; i < n; i++)
        c->order[i] = sizes[i].leaf;
    c->reserved = reserve_of(c);
    c->alone = atomic_load(&c->held) + c->reserved > c->p->settings.budget.held_bytes;
    cw__free(sizes);
    return CW_OK;
}

static void expect_as_before(cw__column_buffer *next, const cw__column_buffer *before)
{
    expect(&next->def.data, before->def.data.n);
    expect(&next->rep.data, before->rep.data.n);
    expect(&next->values, before->values.n);
    expect(&next->offsets, before->offsets.n);
}

/* The buffers change hands: what comes next goes into the spare ones. */
static cw_status swap_buffers(closing *c, cw_parquet *p, cw_error *err)
{
    if (!p->spare && !(p->spare = cw__buffers_new(p->schema)))
        return cw__fail_memory(err, "closing a row group");
    c->buffers = p->buffers;
    p->buffers = p->spare;
    p->spare = NULL;
    for (size_t i = 0; overlaps(p) && i < p->schema->leaf_count; i++)
        expect_as_before(&p->buffers[i], &c->buffers[i]);
    return CW_OK;
}

static cw_status make_ready(closing *c, cw_parquet *p, cw_error *err)
{
    size_t n = p->schema->leaf_count;

    c->p = p;
    c->chunks = cw__alloc_zero(n * sizeof(cw__chunk *));
    c->group.columns = cw__alloc_zero(n * sizeof *c->group.columns);
    c->group.column_count = n;
    c->group.rows = (int64_t)p->group_rows;
    c->group.file_offset = (int64_t)p->offset;
    c->group.ordinal = (int32_t)p->kept.count;
    if (!c->chunks || !c->group.columns)
        return cw__fail_memory(err, "closing a row group");
    if (swap_buffers(c, p, err) != CW_OK)
        return err->status;
    atomic_store(&c->held, room_of_all(c->buffers, p->schema));
    return find_order(c, err);
}

static void free_closing(closing *c)
{
    cw_parquet *p = c->p;
    size_t n = p->schema->leaf_count;

    for (size_t i = 0; c->chunks && i < n; i++)
        drop_chunk(c->chunks[i]);
    for (size_t i = 0; c->group.columns && i < n; i++)
        cw__column_metadata_free(&c->group.columns[i]);
    for (size_t i = 0; i < c->filter_count; i++)
        cw__grown_free(&c->filters[i].bits);
    for (int i = 0; i < CW__KEPT_PARTS; i++)
        cw__text_free(&c->parts[i]);
    cw__free(c->filters);
    cw__free(c->chunks);
    cw__free(c->group.columns);
    cw__free(c->order);
    if (c->buffers)
        p->spare = c->buffers;
    p->closing = NULL;
    cw__free(c);
}

cw_status cw__row_group_finish(cw_parquet *p, cw_error *err)
{
    closing *c = p->closing;
    cw_status st;

    if (!c)
        return CW_OK;
    st = cw__crew_end(p->crew, err);
    if (st == CW_OK)
        st = write_filters(c, err);
    if (st == CW_OK)
        st = keep_group(c, err);
    free_closing(c);
    return st;
}

void cw__row_group_drop(cw_parquet *p)
{
    if (!p->closing)
        return;
    cw__crew_drop(p->crew);
    free_closing(p->closing);
}

/* What is being encoded, and what is gathered meanwhile. */
static bool both_fit(const cw_parquet *p)
{
    const closing *c = p->closing;

    return atomic_load(&c->held) + c->reserved + room_of_all(p->buffers, p->schema) <=
           p->settings.budget.overlap_bytes;
}

cw_status cw__row_group_look(cw_parquet *p, cw_error *err)
{
    if (!p->closing || (cw__crew_look(p->crew) == CW_OK && both_fit(p)))
        return CW_OK;
    return cw__row_group_finish(p, err);
}

static cw_status begin(cw_parquet *p, cw_error *err)
{
    closing *c = cw__alloc_zero(sizeof *c);
    cw_status st;

    if (!c)
        return cw__fail_memory(err, "closing a row group");
    st = make_ready(c, p, err);
    c->job = (cw__crew_job){.items = p->schema->leaf_count,
                            .order = c->alone ? NULL : c->order,
                            .alone = c->alone,
                            .make = make_chunk,
                            .deliver = deliver_chunk,
                            .user = c};
    if (st == CW_OK)
        st = cw__crew_begin(p->crew, &c->job, err);
    if (st == CW_OK)
        p->closing = c;
    else
        free_closing(c);
    return st;
}

/* Without threads one set of buffers does, and keeps its memory. */
static cw_status close_at_once(cw_parquet *p, cw_error *err)
{
    cw_status st = cw__row_group_finish(p, err);
    cw__column_buffer *used = p->spare;

    p->spare = p->buffers;
    p->buffers = used;
    return st;
}

/* With threads: what waits to take the next rows may hold memory of earlier ones. */
static cw_status make_fit(cw_parquet *p, cw_error *err)
{
    if (both_fit(p))
        return CW_OK;
    for (size_t i = 0; i < p->schema->leaf_count; i++)
        cw__column_buffer_free(&p->buffers[i]);
    return both_fit(p) ? CW_OK : cw__row_group_finish(p, err);
}

cw_status cw__row_group_close(cw_parquet *p, cw_error *err)
{
    cw_status st;

    if (p->group_rows == 0)
        return CW_OK;
    st = cw__row_group_finish(p, err);
    if (st == CW_OK)
        st = begin(p, err);
    p->group_rows = p->group_bytes = p->look_at = 0;
    if (st != CW_OK)
        return st;
    return overlaps(p) ? make_fit(p, err) : close_at_once(p, err);
}
