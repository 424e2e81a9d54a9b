/* row_group.c - a full row group: encode its columns, write them, keep what the footer needs
 *
 *     buffers --make (any thread)--> chunks --deliver (caller, in order)--> writer
 *                                      |-> page indexes, serialised
 *                                      |-> metadata, serialised when all chunks have their places
 *                                      |-> Bloom filters, written behind the chunks
 *
 * With threads the largest columns are begun first, so that none of them is left over at the end;
 * without, the order is that of the file, and one chunk at a time exists.
 *
 * A buffer's memory is kept for the next row group, which spares the system zeroing it anew, unless
 * chunks that wait for their turn need the room. That depends on the threads, the output does not.
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

typedef struct closing {
    cw_parquet *p;
    cw__chunk **chunks; /* of each leaf: made and not yet delivered */
    uint32_t *order;
    _Atomic uint64_t held; /* bytes of buffers and chunks */
    cw__row_group group;
    cw__text parts[CW__KEPT_PARTS];
    waiting_filter *filters;
    size_t filter_count, filter_room;
} closing;

/* ---- the memory of buffers ---- */

static uint64_t room_of(const cw__column_buffer *b)
{
    return (uint64_t)b->def.data.room + b->rep.data.room + b->values.room + b->offsets.room;
}

static uint64_t bytes_of(const cw__column_buffer *b)
{
    return (uint64_t)b->def.data.n + b->rep.data.n + b->values.n + b->offsets.n;
}

static uint64_t room_of_all(const cw_parquet *p)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < p->schema->leaf_count; i++)
        sum += room_of(&p->buffers[i]);
    return sum;
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
    p = cw__realloc(g->p, g->n + BEYOND);
    if (p) {
        g->p = p;
        g->room = g->n + BEYOND;
    }
}

void cw__buffers_trim(cw_parquet *p)
{
    if (room_of_all(p) <= p->settings.budget.room_bytes)
        return;
    for (size_t i = 0; i < p->schema->leaf_count; i++) {
        cut(&p->buffers[i].def.data);
        cut(&p->buffers[i].rep.data);
        cut(&p->buffers[i].values);
        cut(&p->buffers[i].offsets);
    }
}

/* ---- make: on any thread ---- */

static uint64_t memory_of(const cw__chunk *c)
{
    return (uint64_t)c->bytes.room + c->bloom.room;
}

static void drop_chunk(cw__chunk *c)
{
    if (c)
        cw__chunk_free(c);
    cw__free(c);
}

/* The buffer is done with. */
static void release_buffer(closing *c, cw__column_buffer *b)
{
    if (atomic_load(&c->held) <= c->p->settings.budget.held_bytes) {
        cw__column_buffer_reset(b);
        return;
    }
    atomic_fetch_sub(&c->held, room_of(b));
    cw__column_buffer_free(b);
}

static cw_status make_chunk(void *user, size_t leaf, cw__chunk_scratch *scratch, cw_error *err)
{
    closing *c = user;
    cw__column_buffer *b = &c->p->buffers[leaf];
    const cw__chunk_options o = cw__settings_of(&c->p->settings, b->leaf);
    cw__chunk *chunk = cw__alloc_zero(sizeof *chunk);
    cw_status st;

    if (!chunk)
        return cw__fail_memory(err, "encoding a column");
    st = cw__chunk_encode(chunk, b, &o, scratch, err);
    if (st != CW_OK) {
        drop_chunk(chunk);
        return st;
    }
    atomic_fetch_add(&c->held, memory_of(chunk));
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

static cw_status deliver_chunk(void *user, size_t leaf, cw_error *err)
{
    closing *c = user;
    cw__chunk *chunk = c->chunks[leaf];
    cw__row_group *g = &c->group;
    cw_status st;

    place(chunk, (int64_t)c->p->offset);
    st = cw__parquet_put(c->p, chunk->bytes.p, chunk->bytes.n, err);
    if (st != CW_OK)
        return st;
    g->uncompressed_bytes += chunk->meta.uncompressed_bytes;
    g->compressed_bytes += chunk->meta.compressed_bytes;
    atomic_fetch_sub(&c->held, memory_of(chunk));
    if (!add_indexes(c, chunk) || (chunk->bloom.n && !keep_filter(c, leaf, &chunk->bloom)))
        return cw__fail_memory(err, "keeping the metadata of a row group");
    g->columns[leaf] = chunk->meta;
    memset(&chunk->meta, 0, sizeof chunk->meta);
    c->chunks[leaf] = NULL;
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

static cw_status find_order(closing *c, cw_error *err)
{
    size_t n = c->p->schema->leaf_count;
    sized *sizes;

    if (!cw__crew_is_many(c->p->crew))
        return CW_OK;
    sizes = cw__alloc(n * sizeof *sizes);
    c->order = cw__alloc(n * sizeof *c->order);
    if (!sizes || !c->order) {
        cw__free(sizes);
        return cw__fail_memory(err, "closing a row group");
    }
    for (size_t i = 0; i < n; i++)
        sizes[i] = (sized){bytes_of(&c->p->buffers[i]), (uint32_t)i};
    qsort(sizes, n, sizeof *sizes, largest_first);
    for (size_t i = 0; i < n; i++)
        c->order[i] = sizes[i].leaf;
    cw__free(sizes);
    return CW_OK;
}

static cw_status begin_closing(closing *c, cw_parquet *p, cw_error *err)
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
    atomic_store(&c->held, room_of_all(p));
    return find_order(c, err);
}

static void end_closing(closing *c)
{
    size_t n = c->p->schema->leaf_count;

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
}

cw_status cw__row_group_close(cw_parquet *p, cw_error *err)
{
    closing c = {0};
    cw_status st;

    if (p->group_rows == 0)
        return CW_OK;
    st = begin_closing(&c, p, err);
    if (st == CW_OK) {
        const cw__crew_job job = {p->schema->leaf_count, c.order, make_chunk, deliver_chunk, &c};

        st = cw__crew_run(p->crew, &job, err);
    }
    if (st == CW_OK)
        st = write_filters(&c, err);
    if (st == CW_OK)
        st = keep_group(&c, err);
    end_closing(&c);
    p->group_rows = p->group_bytes = p->look_at = 0;
    return st;
}
