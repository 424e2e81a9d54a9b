/* options.c - the options of an encoder with every default filled in, checked against the schema */
#include "format/parquet/options.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "format/parquet/column_paths.h"
#include "format/parquet/profile.h"
#include "port/block.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_STATISTICS_BYTES = 1 << 20, MOST_THREADS = 256 };

static const uint64_t MIB = UINT64_C(1) << 20;
static const uint64_t MOST_PAGE_BYTES = UINT64_C(1) << 30;
static const uint64_t MOST_ROWS = (UINT64_C(1) << 31) - 1; /* sizes in page headers are int32_t */

bool cw__encoding_fits(cw_parquet_encoding encoding, const cw__leaf *leaf)
{
    cw__physical p = leaf->physical;

    switch (encoding) {
    case CW_ENCODING_AUTO:
    case CW_ENCODING_PLAIN:
        return true;
    case CW_ENCODING_DICTIONARY:
        return p != CW__BOOLEAN;
    case CW_ENCODING_RLE:
        return p == CW__BOOLEAN;
    case CW_ENCODING_DELTA_BINARY_PACKED:
        return p == CW__INT32 || p == CW__INT64;
    case CW_ENCODING_DELTA_LENGTH_BYTE_ARRAY:
    case CW_ENCODING_DELTA_BYTE_ARRAY:
        return p == CW__BYTE_ARRAY;
    case CW_ENCODING_BYTE_STREAM_SPLIT:
        return p != CW__BOOLEAN && p != CW__BYTE_ARRAY && p != CW__INT96;
    }
    return false;
}

static bool can_have_bloom(const cw__leaf *leaf)
{
    return leaf->physical != CW__BOOLEAN && leaf->node->type != CW_TYPE_NONE;
}

/* ---- what holds for all columns -------------------------------------------------------------- */

static bool choose(cw_choice wish, bool otherwise)
{
    return wish == CW_CHOICE_DEFAULT ? otherwise : wish == CW_CHOICE_YES;
}

static cw_status check_choices(const cw_parquet_options *o, cw_error *err)
{
    const cw_choice all[] = {o->statistics, o->page_checksums, o->bloom_filters, o->arrow_schema,
                             o->geo_metadata};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if ((unsigned)all[i] > CW_CHOICE_NO)
            return cw__fail(err, CW_E_INVALID_ARGUMENT, "an option is %d, which is no cw_choice",
                            (int)all[i]);
    if ((unsigned)o->encoding > CW_ENCODING_BYTE_STREAM_SPLIT)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "there is no encoding %d", (int)o->encoding);
    if (!(o->bloom_filter_fpp >= 0 && o->bloom_filter_fpp < 1))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "bloom_filter_fpp is %g, and has to lie between 0 and 1",
                        o->bloom_filter_fpp);
    if (o->statistics_bytes > MOST_STATISTICS_BYTES)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "statistics_bytes is %zu, more than %d",
                        o->statistics_bytes, MOST_STATISTICS_BYTES);
    if (o->threads > MOST_THREADS)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "threads is %u, more than %d", o->threads,
                        MOST_THREADS);
    return CW_OK;
}

static cw_status check_counts(const cw_parquet_options *o, cw_error *err)
{
    if (o->column_count && !o->columns)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "column_count is %zu, and columns is NULL",
                        o->column_count);
    if (o->sorting_count && !o->sorting)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "sorting_count is %zu, and sorting is NULL",
                        o->sorting_count);
    if (o->metadata_count && !o->metadata)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "metadata_count is %zu, and metadata is NULL",
                        o->metadata_count);
    if (o->row_group_rows > MOST_ROWS || o->page_rows > MOST_ROWS)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "row_group_rows and page_rows have to be below 2^31");
    if (o->page_bytes > MOST_PAGE_BYTES)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "page_bytes has to be at most 1 GiB");
    return CW_OK;
}

/* Fill in the codec and its level, and see that the library for it is here. */
static cw_status take_codec(cw__chunk_options *to, cw_parquet_codec codec, int level,
                            const char *where, cw_error *err)
{
    static const cw__block_codec codecs[] = {CW__BLOCK_ZSTD, CW__BLOCK_NONE,   CW__BLOCK_ZSTD,
                                             CW__BLOCK_GZIP, CW__BLOCK_SNAPPY, CW__BLOCK_LZ4};
    static const int levels[] = {1, 0, 1, 6, 0, 0};
    cw_error why = {0};
    cw_status st;

    if ((unsigned)codec >= sizeof codecs / sizeof *codecs)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "there is no codec %d for %s", (int)codec,
                        where);
    to->codec = codec == CW_CODEC_DEFAULT ? CW_CODEC_ZSTD : codec;
    to->level = level ? level : levels[codec];
    st = cw__block_check(codecs[codec], to->level, &why);
    return st == CW_OK ? CW_OK : cw__fail(err, st, "%s: %s", where, why.message);
}

static cw_status take_all(cw__settings *s, const cw_parquet_options *o, cw_error *err)
{
    cw__chunk_options *all = &s->all;

    all->encoding = o->encoding;
    all->v2 = o->data_page_v2 != 0;
    all->statistics = choose(o->statistics, true);
    all->checksums = choose(o->page_checksums, true);
    all->bloom = choose(o->bloom_filters, false);
    all->compat = o->profile == CW_PROFILE_COMPAT;
    all->no_split = o->profile != CW_PROFILE_DEFAULT;
    all->bloom_fpp = o->bloom_filter_fpp > 0 ? o->bloom_filter_fpp : 0.01;
    all->statistics_bytes = o->statistics_bytes ? o->statistics_bytes : 64;
    all->page_rows = o->page_rows ? o->page_rows : 20000;
    all->page_bytes = s->budget.page_bytes;
    s->group_rows = o->row_group_rows ? o->row_group_rows : 1048576;
    s->arrow_schema = choose(o->arrow_schema, false);
    s->geo_metadata = choose(o->geo_metadata, false);
    return take_codec(all, o->codec, o->level, "all columns", err);
}

static cw_status take_budget(cw__settings *s, const cw_parquet_options *o, size_t leaves,
                             cw_error *err)
{
    const cw__budget_wish wish = {
        .memory_bytes = o->memory_bytes ? o->memory_bytes : 512 * MIB,
        .group_bytes = o->row_group_bytes ? o->row_group_bytes : 128 * MIB,
        .page_bytes = o->page_bytes ? o->page_bytes : MIB,
        .workers = o->threads ? o->threads - 1 : 0,
        .leaves = leaves,
    };

    return cw__budget_make(&s->budget, &wish, err);
}

/* ---- single columns -------------------------------------------------------------------------- */

static cw_status take_column(cw__settings *s, const cw_parquet_column_options *o,
                             const cw__leaf *leaf, cw_parquet_profile profile, cw_error *err)
{
    cw__chunk_options own = s->all;
    cw_status st = CW_OK;

    if ((unsigned)o->encoding > CW_ENCODING_BYTE_STREAM_SPLIT ||
        (unsigned)o->bloom_filter > CW_CHOICE_NO || (unsigned)o->statistics > CW_CHOICE_NO)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the options of column '%s' have a value that does not exist", o->path);
    if (!cw__encoding_fits(o->encoding, leaf))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the encoding for column '%s' is not one for %s values", o->path,
                        cw__type_name(leaf->node->type));
    if (o->bloom_filter == CW_CHOICE_YES && !can_have_bloom(leaf))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "column '%s' (%s) can have no Bloom filter",
                        o->path, cw__type_name(leaf->node->type));
    if (o->encoding != CW_ENCODING_AUTO)
        own.encoding = o->encoding;
    own.bloom = choose(o->bloom_filter, own.bloom);
    own.statistics = choose(o->statistics, own.statistics);
    st = cw__profile_check_column(profile, o->encoding, o->codec, o->path, err);
    if (st == CW_OK && (o->codec != CW_CODEC_DEFAULT || o->level))
        st = take_codec(&own, o->codec != CW_CODEC_DEFAULT ? o->codec : own.codec, o->level,
                        o->path, err);
    if (st == CW_OK)
        s->own[s->own_count++] = (cw__column_choice){leaf->index, own};
    return st;
}

static int by_leaf(const void *a, const void *b)
{
    const cw__column_choice *x = a, *y = b;

    return x->leaf < y->leaf ? -1 : x->leaf > y->leaf;
}

static cw_status take_columns(cw__settings *s, const cw_parquet_options *o, const cw_schema *schema,
                              cw_error *err)
{
    const cw__leaf *leaf = NULL;
    cw_status st = CW_OK;

    if (o->column_count == 0)
        return CW_OK;
    s->own = cw__alloc(o->column_count * sizeof *s->own);
    if (!s->own)
        return cw__fail_memory(err, "opening a Parquet encoder");
    for (size_t i = 0; i < o->column_count && st == CW_OK; i++) {
        st = cw__leaf_find(&leaf, schema, o->columns[i].path, leaf, err);
        if (st == CW_OK)
            st = take_column(s, &o->columns[i], leaf, o->profile, err);
    }
    if (st != CW_OK)
        return st;
    qsort(s->own, s->own_count, sizeof *s->own, by_leaf);
    for (size_t i = 1; i < s->own_count; i++)
        if (s->own[i].leaf == s->own[i - 1].leaf)
            return cw__fail(err, CW_E_INVALID_ARGUMENT, "column '%s' has options twice",
                            schema->leaves[s->own[i].leaf].path);
    return CW_OK;
}

cw__chunk_options cw__settings_of(const cw__settings *s, const cw__leaf *leaf)
{
    const cw__column_choice key = {.leaf = leaf->index};
    const cw__column_choice *own =
        s->own_count ? bsearch(&key, s->own, s->own_count, sizeof key, by_leaf) : NULL;
    cw__chunk_options o = own ? own->options : s->all;

    if (!cw__encoding_fits(o.encoding, leaf))
        o.encoding = CW_ENCODING_AUTO;
    o.bloom = o.bloom && can_have_bloom(leaf);
    return o;
}

/* ---- sorting, pairs -------------------------------------------------------------------------- */

static cw_status take_sorting(cw__settings *s, const cw_parquet_options *o, const cw_schema *schema,
                              cw_error *err)
{
    if (o->sorting_count == 0)
        return CW_OK;
    s->sorting = cw__alloc(o->sorting_count * sizeof *s->sorting);
    if (!s->sorting)
        return cw__fail_memory(err, "opening a Parquet encoder");
    for (size_t i = 0; i < o->sorting_count; i++) {
        const cw_parquet_sorting *from = &o->sorting[i];
        const cw__leaf *leaf = NULL;
        cw_status st = cw__leaf_find(&leaf, schema, from->path, NULL, err);

        if (st != CW_OK)
            return st;
        s->sorting[s->sorting_count++] =
            (cw__sorting_column){.leaf = (int32_t)leaf->index,
                                 .descending = from->descending != 0,
                                 .nulls_first = from->nulls_first != 0};
    }
    return CW_OK;
}

cw_status cw__settings_add_pair(cw__settings *s, const char *key, const char *value, cw_error *err)
{
    cw__key_value *pairs = cw__realloc(s->pairs, (s->pair_count + 1) * sizeof *pairs);
    cw__key_value *to;

    if (!pairs)
        return cw__fail_memory(err, "opening a Parquet encoder");
    s->pairs = pairs;
    to = &pairs[s->pair_count];
    to->key = cw__strdup(key);
    to->value = cw__strdup(value);
    if (!to->key || (value && !to->value)) {
        cw__free(to->key);
        cw__free(to->value);
        return cw__fail_memory(err, "opening a Parquet encoder");
    }
    s->pair_count++;
    return CW_OK;
}

static cw_status take_pairs(cw__settings *s, const cw_parquet_options *o, cw_error *err)
{
    cw_status st = CW_OK;

    for (size_t i = 0; i < o->metadata_count && st == CW_OK; i++) {
        if (!o->metadata[i].name)
            return cw__fail(err, CW_E_INVALID_ARGUMENT, "a pair of metadata has no name");
        st = cw__settings_add_pair(s, o->metadata[i].name, o->metadata[i].value, err);
    }
    return st;
}

/* ---- all of it ------------------------------------------------------------------------------- */

cw_status cw__settings_take(cw__settings *out, const cw_parquet_options *options,
                            const cw_schema *schema, cw_error *err)
{
    cw_parquet_options o;
    cw_status st = cw__options_take(&o, sizeof o, options, err);

    memset(out, 0, sizeof *out);
    if (st == CW_OK)
        st = check_choices(&o, err);
    if (st == CW_OK)
        st = check_counts(&o, err);
    if (st == CW_OK)
        st = cw__profile_check(o.profile, schema, &o, err);
    if (st == CW_OK)
        st = take_budget(out, &o, schema->leaf_count, err);
    if (st == CW_OK)
        st = take_all(out, &o, err);
    if (st == CW_OK)
        st = take_columns(out, &o, schema, err);
    if (st == CW_OK)
        st = take_sorting(out, &o, schema, err);
    if (st == CW_OK)
        st = take_pairs(out, &o, err);
    if (st != CW_OK)
        cw__settings_free(out);
    return st;
}

void cw__settings_free(cw__settings *s)
{
    for (size_t i = 0; i < s->pair_count; i++) {
        cw__free(s->pairs[i].key);
        cw__free(s->pairs[i].value);
    }
    cw__free(s->pairs);
    cw__free(s->sorting);
    cw__free(s->own);
    memset(s, 0, sizeof *s);
}
