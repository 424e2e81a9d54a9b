/* read.c - pages, indexes and the footer of any writer, from untrusted bytes */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/meta/elements.h"
#include "format/parquet/meta/metadata.h"
#include "format/parquet/meta/thrift.h"

/* ---- values ---- */

/* Memory that is short is told as damage that is none; the caller of the caller looks at both. */
typedef struct source {
    cw__thrift_in t;
    bool no_memory;
} source;

static void get_binary(source *s, cw__binary *out)
{
    size_t n;
    const uint8_t *p = cw__thrift_get_binary(&s->t, &n);

    cw__free(out->p);
    *out = (cw__binary){0};
    if (!p)
        return;
    out->p = cw__alloc(n);
    if (!out->p) {
        s->no_memory = s->t.failed = true;
        return;
    }
    if (n)
        memcpy(out->p, p, n);
    out->n = n;
}

static char *get_string(source *s)
{
    size_t n;
    const uint8_t *p = cw__thrift_get_binary(&s->t, &n);
    char *text = p ? cw__strndup((const char *)p, n) : NULL;

    if (p && !text)
        s->no_memory = s->t.failed = true;
    return text;
}

static void *get_array(source *s, size_t n, size_t size)
{
    void *p = s->t.failed ? NULL : cw__alloc_zero(n * size);

    if (!p)
        s->no_memory |= !s->t.failed;
    s->t.failed |= !p;
    return p;
}

static bool is_number(cw__thrift_type type)
{
    return type == CW__THRIFT_I16 || type == CW__THRIFT_I32 || type == CW__THRIFT_I64;
}

static bool is_bool(cw__thrift_type type)
{
    return type == CW__THRIFT_TRUE || type == CW__THRIFT_FALSE;
}

/* A list of numbers; *n how many. */
static int64_t *get_numbers(source *s, size_t *n)
{
    cw__thrift_type type;
    int64_t *v;

    *n = cw__thrift_get_list(&s->t, &type);
    if (!is_number(type) && *n)
        s->t.failed = true;
    v = get_array(s, *n, sizeof *v);
    for (size_t i = 0; v && i < *n; i++)
        v[i] = cw__thrift_get_int(&s->t);
    return v;
}

static cw_status answer(const source *s, bool complete, const char *what, cw_error *err)
{
    if (s->no_memory)
        return cw__fail_memory(err, "reading Parquet metadata");
    if (s->t.failed || !complete)
        return cw__fail(err, CW_E_INTEGRITY, "the %s is damaged", what);
    return CW_OK;
}

/* ---- statistics and sizes ---- */

static void get_statistics(source *s, cw__statistics *out)
{
    cw__thrift_type type;
    int16_t id;

    cw__statistics_free(out);
    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (type == CW__THRIFT_BINARY && (id == 1 || id == 2 || id == 5 || id == 6)) {
            bool *has = id == 1   ? &out->has_old_max
                        : id == 2 ? &out->has_old_min
                        : id == 5 ? &out->has_max
                                  : &out->has_min;
            get_binary(s, id == 1   ? &out->old_max
                          : id == 2 ? &out->old_min
                          : id == 5 ? &out->max
                                    : &out->min);
            *has = true;
        } else if (is_number(type) && (id == 3 || id == 4 || id == 9)) {
            int64_t v = cw__thrift_get_int(&s->t);
            *(id == 3 ? &out->null_count : id == 4 ? &out->distinct_count : &out->nan_count) = v;
            *(id == 3   ? &out->has_null_count
              : id == 4 ? &out->has_distinct_count
                        : &out->has_nan_count) = true;
        } else if (is_bool(type) && (id == 7 || id == 8)) {
            *(id == 7 ? &out->max_exact : &out->min_exact) = cw__thrift_get_bool(&s->t);
            out->has_exactness = true;
        } else {
            cw__thrift_skip(&s->t, type);
        }
    }
}

static void get_sizes(source *s, cw__size_statistics *out)
{
    cw__thrift_type type;
    int16_t id;

    out->present = true;
    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (id == 1 && is_number(type)) {
            out->unencoded_bytes = cw__thrift_get_int(&s->t);
            out->has_bytes = true;
        } else if (id == 2 && type == CW__THRIFT_LIST && !out->rep) {
            out->rep = get_numbers(s, &out->rep_n);
        } else if (id == 3 && type == CW__THRIFT_LIST && !out->def) {
            out->def = get_numbers(s, &out->def_n);
        } else {
            cw__thrift_skip(&s->t, type);
        }
    }
}

/* ---- pages ---- */

/* The numbers of the three kinds of header, by field id. */
static int32_t *page_number(cw__page_header *h, int32_t kind, int16_t id)
{
    int32_t *v1[] = {NULL, &h->values, &h->encoding, &h->def_encoding, &h->rep_encoding};
    int32_t *v2[] = {NULL,         &h->values,    &h->nulls,    &h->rows,
                     &h->encoding, &h->def_bytes, &h->rep_bytes};

    if (kind == CW__DATA_PAGE_V2)
        return id >= 1 && id <= 6 ? v2[id] : NULL;
    if (kind == CW__DICTIONARY_PAGE)
        return id >= 1 && id <= 2 ? v1[id] : NULL;
    return id >= 1 && id <= 4 ? v1[id] : NULL;
}

static void get_page_kind(source *s, cw__page_header *h, int32_t kind)
{
    int16_t statistics = kind == CW__DATA_PAGE ? 5 : 8;
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        int32_t *number = page_number(h, kind, id);
        if (number && type == CW__THRIFT_I32) {
            *number = (int32_t)cw__thrift_get_int(&s->t);
        } else if (kind == CW__DATA_PAGE_V2 && id == 7 && is_bool(type)) {
            h->is_compressed = cw__thrift_get_bool(&s->t);
        } else if (id == statistics && type == CW__THRIFT_STRUCT && kind != CW__DICTIONARY_PAGE) {
            get_statistics(s, &h->statistics);
            h->has_statistics = true;
        } else {
            cw__thrift_skip(&s->t, type);
        }
    }
}

static int32_t kind_of_field(int16_t id)
{
    return id == 5   ? CW__DATA_PAGE
           : id == 7 ? CW__DICTIONARY_PAGE
           : id == 8 ? CW__DATA_PAGE_V2
                     : -1;
}

cw_status cw__page_header_read(cw__page_header *out, const void *p, size_t n, size_t *used,
                               cw_error *err)
{
    source s = {0};
    cw__thrift_type type;
    int32_t kind = -1;
    int16_t id;

    memset(out, 0, sizeof *out);
    out->type = -1;
    out->is_compressed = true;
    cw__thrift_read(&s.t, p, n);
    cw__thrift_enter(&s.t);
    while (cw__thrift_field(&s.t, &id, &type)) {
        if (type == CW__THRIFT_I32 && id >= 1 && id <= 4) {
            int32_t v = (int32_t)cw__thrift_get_int(&s.t);
            *(id == 1   ? &out->type
              : id == 2 ? &out->uncompressed_bytes
              : id == 3 ? &out->compressed_bytes
                        : &out->crc) = v;
            out->has_crc |= id == 4;
        } else if (type == CW__THRIFT_STRUCT && kind_of_field(id) >= 0) {
            kind = kind_of_field(id);
            get_page_kind(&s, out, kind);
        } else {
            cw__thrift_skip(&s.t, type);
        }
    }
    *used = (size_t)(s.t.p - (const uint8_t *)p);
    cw_status st = answer(&s, out->type == CW__INDEX_PAGE || (out->type >= 0 && kind == out->type),
                          "page header", err);
    if (st != CW_OK)
        cw__statistics_free(&out->statistics);
    return st;
}

/* ---- indexes ---- */

static void get_location(source *s, cw__page_location *out)
{
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (is_number(type) && id == 1)
            out->offset = cw__thrift_get_int(&s->t);
        else if (is_number(type) && id == 2)
            out->bytes = (int32_t)cw__thrift_get_int(&s->t);
        else if (is_number(type) && id == 3)
            out->first_row = cw__thrift_get_int(&s->t);
        else
            cw__thrift_skip(&s->t, type);
    }
}

cw_status cw__offset_index_read(cw__offset_index *out, const void *p, size_t n, cw_error *err)
{
    source s = {0};
    cw__thrift_type type;
    size_t bytes_n = 0;
    int16_t id;

    memset(out, 0, sizeof *out);
    cw__thrift_read(&s.t, p, n);
    cw__thrift_enter(&s.t);
    while (cw__thrift_field(&s.t, &id, &type)) {
        if (id == 1 && type == CW__THRIFT_LIST && !out->pages) {
            out->n = cw__thrift_get_list(&s.t, &type);
            out->pages = get_array(&s, out->n, sizeof *out->pages);
            for (size_t i = 0; out->pages && i < out->n && !s.t.failed; i++)
                get_location(&s, &out->pages[i]);
        } else if (id == 2 && type == CW__THRIFT_LIST && !out->unencoded_bytes) {
            out->unencoded_bytes = get_numbers(&s, &bytes_n);
        } else {
            cw__thrift_skip(&s.t, type);
        }
    }
    bool complete = out->pages && (!out->unencoded_bytes || bytes_n == out->n);
    cw_status st = answer(&s, complete, "offset index", err);
    if (st != CW_OK)
        cw__offset_index_free(out);
    return st;
}

static cw__binary *get_binaries(source *s, size_t *n)
{
    cw__thrift_type type;
    cw__binary *v;

    *n = cw__thrift_get_list(&s->t, &type);
    if (*n && type != CW__THRIFT_BINARY)
        s->t.failed = true;
    v = get_array(s, *n, sizeof *v);
    for (size_t i = 0; v && i < *n && !s->t.failed; i++)
        get_binary(s, &v[i]);
    return v;
}

static bool *get_bools(source *s, size_t *n)
{
    cw__thrift_type type;
    bool *v;

    *n = cw__thrift_get_list(&s->t, &type);
    if (*n && !is_bool(type))
        s->t.failed = true;
    v = get_array(s, *n, sizeof *v);
    for (size_t i = 0; v && i < *n; i++)
        v[i] = cw__thrift_get_bool_item(&s->t);
    return v;
}

static void free_binaries(cw__binary *v, size_t n)
{
    for (size_t i = 0; v && i < n; i++)
        cw__free(v[i].p);
    cw__free(v);
}

cw_status cw__column_index_read(cw__column_index *out, const void *p, size_t n, cw_error *err)
{
    source s = {0};
    cw__thrift_type type;
    size_t mins = 0, maxs = 0, nulls = 0, nans = 0;
    int16_t id;

    memset(out, 0, sizeof *out);
    cw__thrift_read(&s.t, p, n);
    cw__thrift_enter(&s.t);
    while (cw__thrift_field(&s.t, &id, &type)) {
        bool list = type == CW__THRIFT_LIST;
        if (id == 1 && list && !out->null_pages)
            out->null_pages = get_bools(&s, &out->n);
        else if (id == 2 && list && !out->mins)
            out->mins = get_binaries(&s, &mins);
        else if (id == 3 && list && !out->maxs)
            out->maxs = get_binaries(&s, &maxs);
        else if (id == 4 && type == CW__THRIFT_I32)
            out->order = (int32_t)cw__thrift_get_int(&s.t);
        else if (id == 5 && list && !out->null_counts)
            out->null_counts = get_numbers(&s, &nulls);
        else if (id == 6 && list && !out->rep_histograms)
            out->rep_histograms = get_numbers(&s, &out->rep_n);
        else if (id == 7 && list && !out->def_histograms)
            out->def_histograms = get_numbers(&s, &out->def_n);
        else if (id == 8 && list && !out->nan_counts)
            out->nan_counts = get_numbers(&s, &nans);
        else
            cw__thrift_skip(&s.t, type);
    }
    bool complete = out->null_pages && mins == out->n && maxs == out->n &&
                    (!out->null_counts || nulls == out->n) && (!out->nan_counts || nans == out->n);
    cw_status st = answer(&s, complete, "column index", err);
    out->present = st == CW_OK;
    if (st != CW_OK) {
        free_binaries(out->mins, mins);
        free_binaries(out->maxs, maxs);
        out->mins = out->maxs = NULL;
        cw__column_index_free(out);
    }
    return st;
}

cw_status cw__bloom_header_read(size_t *bytes, const void *p, size_t n, size_t *used, cw_error *err)
{
    source s = {0};
    cw__thrift_type type;
    int64_t size = 0;
    int16_t id;

    cw__thrift_read(&s.t, p, n);
    cw__thrift_enter(&s.t);
    while (cw__thrift_field(&s.t, &id, &type)) {
        if (id == 1 && type == CW__THRIFT_I32)
            size = cw__thrift_get_int(&s.t);
        else
            cw__thrift_skip(&s.t, type);
    }
    *used = (size_t)(s.t.p - (const uint8_t *)p);
    *bytes = size > 0 ? (size_t)size : 0;
    return answer(&s, size > 0 && size % 32 == 0, "header of the Bloom filter", err);
}

/* ---- chunks ---- */

static void get_encodings(source *s, cw__column_metadata *m)
{
    cw__thrift_type type;
    size_t n = cw__thrift_get_list(&s->t, &type);

    for (size_t i = 0; i < n && !s->t.failed; i++) {
        int64_t encoding = cw__thrift_get_int(&s->t);
        if (encoding >= 0 && encoding < CW__ENCODINGS)
            m->encodings[encoding] = true;
    }
}

static void get_encoding_stat(source *s, cw__column_metadata *m)
{
    int32_t v[4] = {0};
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (type == CW__THRIFT_I32 && id >= 1 && id <= 3)
            v[id] = (int32_t)cw__thrift_get_int(&s->t);
        else
            cw__thrift_skip(&s->t, type);
    }
    if (m->encoding_stat_count < CW__MOST_ENCODING_STATS)
        m->encoding_stats[m->encoding_stat_count++] = (cw__encoding_stat){v[1], v[2], v[3]};
}

static int64_t *chunk_number(cw__column_metadata *m, int16_t id)
{
    switch (id) {
    case 5:
        return &m->values;
    case 6:
        return &m->uncompressed_bytes;
    case 7:
        return &m->compressed_bytes;
    case 9:
        return &m->data_page_offset;
    case 11:
        return &m->dictionary_page_offset;
    case 14:
        return &m->bloom_offset;
    default:
        return NULL;
    }
}

static void get_chunk_list(source *s, cw__column_metadata *m, int16_t id)
{
    cw__thrift_type type;
    size_t n;

    if (id == 2) {
        get_encodings(s, m);
    } else {
        n = cw__thrift_get_list(&s->t, &type);
        if (n && type != CW__THRIFT_STRUCT)
            s->t.failed = true;
        for (size_t i = 0; i < n && !s->t.failed; i++)
            get_encoding_stat(s, m);
    }
}

/* Whether the fields that the format requires were there, by bits. */
static unsigned get_column_metadata(source *s, cw__column_metadata *m)
{
    unsigned seen = 0;
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        int64_t *number = chunk_number(m, id);
        if (id >= 1 && id <= 9)
            seen |= 1u << id;
        if (number && is_number(type))
            *number = cw__thrift_get_int(&s->t);
        else if ((id == 1 || id == 4 || id == 15) && type == CW__THRIFT_I32)
            *(id == 1   ? &m->physical
              : id == 4 ? &m->codec
                        : &m->bloom_bytes) = (int32_t)cw__thrift_get_int(&s->t);
        else if ((id == 2 || id == 13) && type == CW__THRIFT_LIST)
            get_chunk_list(s, m, id);
        else if (id == 12 && type == CW__THRIFT_STRUCT)
            get_statistics(s, &m->statistics), m->has_statistics = true;
        else if (id == 16 && type == CW__THRIFT_STRUCT)
            get_sizes(s, &m->sizes);
        else
            cw__thrift_skip(&s->t, type);
        m->has_dictionary_page |= id == 11;
    }
    return seen;
}

/* Of an encrypted column the metadata is elsewhere: its chunk is one that is not there. */
static void get_column_chunk(source *s, cw__column_metadata *m)
{
    enum { WANTED = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 9 };
    unsigned seen = 0;
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (id == 2 && is_number(type))
            m->file_offset = cw__thrift_get_int(&s->t);
        else if (id == 3 && type == CW__THRIFT_STRUCT)
            seen = get_column_metadata(s, m);
        else if ((id == 4 || id == 6) && is_number(type))
            *(id == 4 ? &m->offset_index_offset : &m->column_index_offset) =
                cw__thrift_get_int(&s->t);
        else if ((id == 5 || id == 7) && is_number(type))
            *(id == 5 ? &m->offset_index_bytes : &m->column_index_bytes) =
                (int32_t)cw__thrift_get_int(&s->t);
        else
            cw__thrift_skip(&s->t, type);
    }
    if ((seen & WANTED) != WANTED)
        s->t.failed = true;
}

/* Bytes of a chunk with only what the format requires; fewer are no reason to take memory. */
enum { LEAST_CHUNK = 15 };

static void get_row_group(source *s, cw__row_group *g)
{
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (id == 1 && type == CW__THRIFT_LIST && !g->columns) {
            g->column_count = cw__thrift_get_list(&s->t, &type);
            if (g->column_count > (size_t)(s->t.end - s->t.p) / LEAST_CHUNK)
                s->t.failed = true;
            g->columns = get_array(s, g->column_count, sizeof *g->columns);
            if (!g->columns)
                g->column_count = 0;
            for (size_t i = 0; i < g->column_count && !s->t.failed; i++)
                get_column_chunk(s, &g->columns[i]);
        } else if (is_number(type) && (id == 2 || id == 3 || id == 5 || id == 6)) {
            *(id == 2   ? &g->uncompressed_bytes
              : id == 3 ? &g->rows
              : id == 5 ? &g->file_offset
                        : &g->compressed_bytes) = cw__thrift_get_int(&s->t);
        } else {
            cw__thrift_skip(&s->t, type);
        }
    }
}

/* ---- the footer ---- */

static void get_row_groups(source *s, cw__file_metadata *m)
{
    cw__thrift_type type;
    size_t n = cw__thrift_get_list(&s->t, &type);

    m->row_groups = get_array(s, n, sizeof *m->row_groups);
    m->row_group_count = m->row_groups ? n : 0;
    for (size_t i = 0; i < m->row_group_count && !s->t.failed; i++)
        get_row_group(s, &m->row_groups[i]);
}

static void get_pair(source *s, cw__key_value *kv)
{
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        char **to = id == 1 ? &kv->key : &kv->value;
        if (type == CW__THRIFT_BINARY && (id == 1 || id == 2) && !*to)
            *to = get_string(s);
        else
            cw__thrift_skip(&s->t, type);
    }
    if (!kv->key)
        s->t.failed = true;
}

static void get_pairs(source *s, cw__file_metadata *m)
{
    cw__thrift_type type;
    size_t n = cw__thrift_get_list(&s->t, &type);

    m->pairs = get_array(s, n, sizeof *m->pairs);
    m->pair_count = m->pairs ? n : 0;
    for (size_t i = 0; i < m->pair_count && !s->t.failed; i++)
        get_pair(s, &m->pairs[i]);
}

cw_status cw__file_metadata_read(cw__file_metadata *out, const void *p, size_t n, cw_error *err)
{
    source s = {0};
    cw__thrift_type type;
    cw_status st = CW_OK;
    int16_t id;

    memset(out, 0, sizeof *out);
    cw__thrift_read(&s.t, p, n);
    cw__thrift_enter(&s.t);
    while (st == CW_OK && cw__thrift_field(&s.t, &id, &type)) {
        bool list = type == CW__THRIFT_LIST;
        if (id == 1 && type == CW__THRIFT_I32)
            out->version = (int32_t)cw__thrift_get_int(&s.t);
        else if (id == 2 && list)
            st = cw__elements_read(out, &s.t, err);
        else if (id == 3 && is_number(type))
            out->rows = cw__thrift_get_int(&s.t);
        else if (id == 4 && list && !out->row_groups)
            get_row_groups(&s, out);
        else if (id == 5 && list && !out->pairs)
            get_pairs(&s, out);
        else if (id == 6 && type == CW__THRIFT_BINARY && !out->created_by)
            out->created_by = get_string(&s);
        else
            cw__thrift_skip(&s.t, type);
        out->has_column_orders |= id == 7;
    }
    if (st == CW_OK)
        st = answer(&s, out->leaves && out->row_groups && out->rows >= 0, "footer", err);
    if (st != CW_OK)
        cw__file_metadata_free(out);
    return st;
}
