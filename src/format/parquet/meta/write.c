/* write.c - pages, indexes, row groups and the footer as bytes */
#include "format/parquet/meta/elements.h"
#include "format/parquet/meta/metadata.h"
#include "format/parquet/meta/thrift.h"

static void put_statistics(cw__thrift_out *t, int16_t id, const cw__statistics *s)
{
    cw__thrift_put_struct(t, id);
    if (s->has_null_count)
        cw__thrift_put_i64(t, 3, s->null_count);
    if (s->has_distinct_count)
        cw__thrift_put_i64(t, 4, s->distinct_count);
    if (s->has_max)
        cw__thrift_put_binary(t, 5, s->max.p, s->max.n);
    if (s->has_min)
        cw__thrift_put_binary(t, 6, s->min.p, s->min.n);
    if (s->has_max)
        cw__thrift_put_bool(t, 7, s->max_exact);
    if (s->has_min)
        cw__thrift_put_bool(t, 8, s->min_exact);
    if (s->has_nan_count)
        cw__thrift_put_i64(t, 9, s->nan_count);
    cw__thrift_end(t);
}

/* ---- pages ---- */

static void put_v1(cw__thrift_out *t, const cw__page_header *h)
{
    cw__thrift_put_struct(t, 5);
    cw__thrift_put_i32(t, 1, h->values);
    cw__thrift_put_i32(t, 2, h->encoding);
    cw__thrift_put_i32(t, 3, h->def_encoding);
    cw__thrift_put_i32(t, 4, h->rep_encoding);
    if (h->has_statistics)
        put_statistics(t, 5, &h->statistics);
    cw__thrift_end(t);
}

static void put_v2(cw__thrift_out *t, const cw__page_header *h)
{
    cw__thrift_put_struct(t, 8);
    cw__thrift_put_i32(t, 1, h->values);
    cw__thrift_put_i32(t, 2, h->nulls);
    cw__thrift_put_i32(t, 3, h->rows);
    cw__thrift_put_i32(t, 4, h->encoding);
    cw__thrift_put_i32(t, 5, h->def_bytes);
    cw__thrift_put_i32(t, 6, h->rep_bytes);
    cw__thrift_put_bool(t, 7, h->is_compressed);
    if (h->has_statistics)
        put_statistics(t, 8, &h->statistics);
    cw__thrift_end(t);
}

static void put_dictionary(cw__thrift_out *t, const cw__page_header *h)
{
    cw__thrift_put_struct(t, 7);
    cw__thrift_put_i32(t, 1, h->values);
    cw__thrift_put_i32(t, 2, h->encoding);
    cw__thrift_end(t);
}

void cw__page_header_write(cw__text *to, const cw__page_header *h)
{
    cw__thrift_out t = {.to = to};

    cw__thrift_begin(&t);
    cw__thrift_put_i32(&t, 1, h->type);
    cw__thrift_put_i32(&t, 2, h->uncompressed_bytes);
    cw__thrift_put_i32(&t, 3, h->compressed_bytes);
    if (h->has_crc)
        cw__thrift_put_i32(&t, 4, h->crc);
    if (h->type == CW__DATA_PAGE)
        put_v1(&t, h);
    else if (h->type == CW__DICTIONARY_PAGE)
        put_dictionary(&t, h);
    else
        put_v2(&t, h);
    cw__thrift_end(&t);
}

/* ---- page indexes ---- */

static void put_numbers(cw__thrift_out *t, int16_t id, const int64_t *v, size_t n)
{
    cw__thrift_put_list(t, id, CW__THRIFT_I64, n);
    for (size_t i = 0; i < n; i++)
        cw__thrift_item_i64(t, v[i]);
}

void cw__offset_index_write(cw__text *to, const cw__offset_index *x)
{
    cw__thrift_out t = {.to = to};

    cw__thrift_begin(&t);
    cw__thrift_put_list(&t, 1, CW__THRIFT_STRUCT, x->n);
    for (size_t i = 0; i < x->n; i++) {
        cw__thrift_begin(&t);
        cw__thrift_put_i64(&t, 1, x->pages[i].offset);
        cw__thrift_put_i32(&t, 2, x->pages[i].bytes);
        cw__thrift_put_i64(&t, 3, x->pages[i].first_row);
        cw__thrift_end(&t);
    }
    if (x->unencoded_bytes)
        put_numbers(&t, 2, x->unencoded_bytes, x->n);
    cw__thrift_end(&t);
}

static void put_binaries(cw__thrift_out *t, int16_t id, const cw__binary *v, size_t n)
{
    cw__thrift_put_list(t, id, CW__THRIFT_BINARY, n);
    for (size_t i = 0; i < n; i++)
        cw__thrift_item_binary(t, v[i].p, v[i].n);
}

void cw__column_index_write(cw__text *to, const cw__column_index *x)
{
    cw__thrift_out t = {.to = to};

    cw__thrift_begin(&t);
    cw__thrift_put_list(&t, 1, CW__THRIFT_TRUE, x->n);
    for (size_t i = 0; i < x->n; i++)
        cw__thrift_item_bool(&t, x->null_pages[i]);
    put_binaries(&t, 2, x->mins, x->n);
    put_binaries(&t, 3, x->maxs, x->n);
    cw__thrift_put_i32(&t, 4, x->order);
    if (x->null_counts)
        put_numbers(&t, 5, x->null_counts, x->n);
    if (x->rep_histograms)
        put_numbers(&t, 6, x->rep_histograms, x->rep_n);
    if (x->def_histograms)
        put_numbers(&t, 7, x->def_histograms, x->def_n);
    if (x->nan_counts)
        put_numbers(&t, 8, x->nan_counts, x->n);
    cw__thrift_end(&t);
}

/* Unions of one member, an empty struct each: the block algorithm, XXHASH, no compression. */
void cw__bloom_header_write(cw__text *to, size_t bytes)
{
    cw__thrift_out t = {.to = to};

    cw__thrift_begin(&t);
    cw__thrift_put_i32(&t, 1, (int32_t)bytes);
    for (int16_t id = 2; id <= 4; id++) {
        cw__thrift_put_struct(&t, id);
        cw__thrift_put_struct(&t, 1);
        cw__thrift_end(&t);
        cw__thrift_end(&t);
    }
    cw__thrift_end(&t);
}

/* ---- row groups ---- */

static void put_sizes(cw__thrift_out *t, const cw__size_statistics *s)
{
    cw__thrift_put_struct(t, 16);
    if (s->has_bytes)
        cw__thrift_put_i64(t, 1, s->unencoded_bytes);
    if (s->rep)
        put_numbers(t, 2, s->rep, s->rep_n);
    if (s->def)
        put_numbers(t, 3, s->def, s->def_n);
    cw__thrift_end(t);
}

static void put_encodings(cw__thrift_out *t, const cw__column_metadata *m)
{
    size_t n = 0;

    for (int32_t i = 0; i < CW__ENCODINGS; i++)
        n += m->encodings[i];
    cw__thrift_put_list(t, 2, CW__THRIFT_I32, n);
    for (int32_t i = 0; i < CW__ENCODINGS; i++)
        if (m->encodings[i])
            cw__thrift_item_i32(t, i);
}

static void put_encoding_stats(cw__thrift_out *t, const cw__column_metadata *m)
{
    cw__thrift_put_list(t, 13, CW__THRIFT_STRUCT, m->encoding_stat_count);
    for (size_t i = 0; i < m->encoding_stat_count; i++) {
        cw__thrift_begin(t);
        cw__thrift_put_i32(t, 1, m->encoding_stats[i].page_type);
        cw__thrift_put_i32(t, 2, m->encoding_stats[i].encoding);
        cw__thrift_put_i32(t, 3, m->encoding_stats[i].count);
        cw__thrift_end(t);
    }
}

static void put_column_metadata(cw__thrift_out *t, const cw__leaf *leaf,
                                const cw__column_metadata *m)
{
    const int64_t base = m->file_offset;

    cw__thrift_put_struct(t, 3);
    cw__thrift_put_i32(t, 1, m->physical);
    put_encodings(t, m);
    cw__elements_put_path(t, 3, leaf);
    cw__thrift_put_i32(t, 4, m->codec);
    cw__thrift_put_i64(t, 5, m->values);
    cw__thrift_put_i64(t, 6, m->uncompressed_bytes);
    cw__thrift_put_i64(t, 7, m->compressed_bytes);
    cw__thrift_put_i64(t, 9, base + m->data_page_offset);
    if (m->has_dictionary_page)
        cw__thrift_put_i64(t, 11, base + m->dictionary_page_offset);
    if (m->has_statistics)
        put_statistics(t, 12, &m->statistics);
    put_encoding_stats(t, m);
    if (m->bloom_offset) {
        cw__thrift_put_i64(t, 14, m->bloom_offset);
        cw__thrift_put_i32(t, 15, m->bloom_bytes);
    }
    if (m->sizes.present)
        put_sizes(t, &m->sizes);
    cw__thrift_end(t);
}

/*
 * The format deprecates ColumnChunk.file_offset and asks for 0. Readers that used it, parquet-java
 * before 1.10 and some of its kin, took it for where the chunk begins; those of today leave it
 * alone. A true offset serves both.
 */
static void put_column_chunk(cw__thrift_out *t, const cw__leaf *leaf, const cw__column_metadata *m)
{
    cw__thrift_begin(t);
    cw__thrift_put_i64(t, 2, m->file_offset);
    put_column_metadata(t, leaf, m);
    if (m->offset_index_offset) {
        cw__thrift_put_i64(t, 4, m->offset_index_offset);
        cw__thrift_put_i32(t, 5, m->offset_index_bytes);
    }
    if (m->column_index_offset) {
        cw__thrift_put_i64(t, 6, m->column_index_offset);
        cw__thrift_put_i32(t, 7, m->column_index_bytes);
    }
    cw__thrift_end(t);
}

static void put_sorting(cw__thrift_out *t, const cw__sorting_column *s, size_t n)
{
    cw__thrift_put_list(t, 4, CW__THRIFT_STRUCT, n);
    for (size_t i = 0; i < n; i++) {
        cw__thrift_begin(t);
        cw__thrift_put_i32(t, 1, s[i].leaf);
        cw__thrift_put_bool(t, 2, s[i].descending);
        cw__thrift_put_bool(t, 3, s[i].nulls_first);
        cw__thrift_end(t);
    }
}

void cw__row_group_write(cw__text *to, const cw_schema *schema, const cw__row_group *g,
                         const cw__sorting_column *sorting, size_t sorting_count)
{
    cw__thrift_out t = {.to = to};

    cw__thrift_begin(&t);
    cw__thrift_put_list(&t, 1, CW__THRIFT_STRUCT, g->column_count);
    for (size_t i = 0; i < g->column_count; i++)
        put_column_chunk(&t, &schema->leaves[i], &g->columns[i]);
    cw__thrift_put_i64(&t, 2, g->uncompressed_bytes);
    cw__thrift_put_i64(&t, 3, g->rows);
    if (sorting_count)
        put_sorting(&t, sorting, sorting_count);
    cw__thrift_put_i64(&t, 5, g->file_offset);
    cw__thrift_put_i64(&t, 6, g->compressed_bytes);
    if (g->ordinal <= INT16_MAX)
        cw__thrift_put_i16(&t, 7, (int16_t)g->ordinal);
    cw__thrift_end(&t);
}

/* ---- the footer ---- */

static void put_pairs(cw__thrift_out *t, const cw__key_value *pairs, size_t n)
{
    cw__thrift_put_list(t, 5, CW__THRIFT_STRUCT, n);
    for (size_t i = 0; i < n; i++) {
        cw__thrift_begin(t);
        cw__thrift_put_string(t, 1, pairs[i].key);
        if (pairs[i].value)
            cw__thrift_put_string(t, 2, pairs[i].value);
        cw__thrift_end(t);
    }
}

/* TYPE_ORDER for each leaf: statistics follow the order of its type. */
static void put_column_orders(cw__thrift_out *t, size_t leaves)
{
    cw__thrift_put_list(t, 7, CW__THRIFT_STRUCT, leaves);
    for (size_t i = 0; i < leaves; i++) {
        cw__thrift_begin(t);
        cw__thrift_put_struct(t, 1);
        cw__thrift_end(t);
        cw__thrift_end(t);
    }
}

void cw__footer_write(cw__text *to, const cw__footer *f)
{
    cw__thrift_out t = {.to = to};

    cw__thrift_begin(&t);
    cw__thrift_put_i32(&t, 1, 1);
    cw__elements_put(&t, 2, f->schema);
    cw__thrift_put_i64(&t, 3, f->rows);
    cw__thrift_put_list(&t, 4, CW__THRIFT_STRUCT, f->row_group_count);
    if (f->row_groups && f->row_groups->n)
        cw__text_add_n(to, f->row_groups->p, f->row_groups->n);
    if (f->pair_count)
        put_pairs(&t, f->pairs, f->pair_count);
    cw__thrift_put_string(&t, 6, f->created_by);
    put_column_orders(&t, f->schema->leaf_count);
    cw__thrift_end(&t);
}
