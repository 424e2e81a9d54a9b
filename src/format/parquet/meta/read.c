/* read.c - pages, indexes and Bloom filters of any writer, from untrusted bytes */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/meta/source.h"

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

static void get_page_kind(cw__source *s, cw__page_header *h, int32_t kind)
{
    int16_t statistics = kind == CW__DATA_PAGE ? 5 : 8;
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        int32_t *number = page_number(h, kind, id);
        if (number && type == CW__THRIFT_I32) {
            *number = (int32_t)cw__thrift_get_int(&s->t);
        } else if (kind == CW__DATA_PAGE_V2 && id == 7 && cw__is_bool(type)) {
            h->is_compressed = cw__thrift_get_bool(&s->t);
        } else if (id == statistics && type == CW__THRIFT_STRUCT && kind != CW__DICTIONARY_PAGE) {
            cw__get_statistics(s, &h->statistics);
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
    cw__source s = {0};
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
    cw_status st =
        cw__source_answer(&s, out->type == CW__INDEX_PAGE || (out->type >= 0 && kind == out->type),
                          "page header", err);
    if (st != CW_OK)
        cw__statistics_free(&out->statistics);
    return st;
}

/* ---- indexes ---- */

static void get_location(cw__source *s, cw__page_location *out)
{
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (cw__is_number(type) && id == 1)
            out->offset = cw__thrift_get_int(&s->t);
        else if (cw__is_number(type) && id == 2)
            out->bytes = (int32_t)cw__thrift_get_int(&s->t);
        else if (cw__is_number(type) && id == 3)
            out->first_row = cw__thrift_get_int(&s->t);
        else
            cw__thrift_skip(&s->t, type);
    }
}

cw_status cw__offset_index_read(cw__offset_index *out, const void *p, size_t n, cw_error *err)
{
    cw__source s = {0};
    cw__thrift_type type;
    size_t bytes_n = 0;
    int16_t id;

    memset(out, 0, sizeof *out);
    cw__thrift_read(&s.t, p, n);
    cw__thrift_enter(&s.t);
    while (cw__thrift_field(&s.t, &id, &type)) {
        if (id == 1 && type == CW__THRIFT_LIST && !out->pages) {
            out->n = cw__thrift_get_list(&s.t, &type);
            out->pages = cw__get_array(&s, out->n, sizeof *out->pages);
            for (size_t i = 0; out->pages && i < out->n && !s.t.failed; i++)
                get_location(&s, &out->pages[i]);
        } else if (id == 2 && type == CW__THRIFT_LIST && !out->unencoded_bytes) {
            out->unencoded_bytes = cw__get_numbers(&s, &bytes_n);
        } else {
            cw__thrift_skip(&s.t, type);
        }
    }
    bool complete = out->pages && (!out->unencoded_bytes || bytes_n == out->n);
    cw_status st = cw__source_answer(&s, complete, "offset index", err);
    if (st != CW_OK)
        cw__offset_index_free(out);
    return st;
}

static cw__binary *get_binaries(cw__source *s, size_t *n)
{
    cw__thrift_type type;
    cw__binary *v;

    *n = cw__thrift_get_list(&s->t, &type);
    if (*n && type != CW__THRIFT_BINARY)
        s->t.failed = true;
    v = cw__get_array(s, *n, sizeof *v);
    for (size_t i = 0; v && i < *n && !s->t.failed; i++)
        cw__get_binary(s, &v[i]);
    return v;
}

static bool *get_bools(cw__source *s, size_t *n)
{
    cw__thrift_type type;
    bool *v;

    *n = cw__thrift_get_list(&s->t, &type);
    if (*n && !cw__is_bool(type))
        s->t.failed = true;
    v = cw__get_array(s, *n, sizeof *v);
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
    cw__source s = {0};
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
            out->null_counts = cw__get_numbers(&s, &nulls);
        else if (id == 6 && list && !out->rep_histograms)
            out->rep_histograms = cw__get_numbers(&s, &out->rep_n);
        else if (id == 7 && list && !out->def_histograms)
            out->def_histograms = cw__get_numbers(&s, &out->def_n);
        else if (id == 8 && list && !out->nan_counts)
            out->nan_counts = cw__get_numbers(&s, &nans);
        else
            cw__thrift_skip(&s.t, type);
    }
    bool complete = out->null_pages && mins == out->n && maxs == out->n &&
                    (!out->null_counts || nulls == out->n) && (!out->nan_counts || nans == out->n);
    cw_status st = cw__source_answer(&s, complete, "column index", err);
    out->present = st == CW_OK;
    if (st != CW_OK) {
        free_binaries(out->mins, mins);
        free_binaries(out->maxs, maxs);
        out->mins = out->maxs = NULL;
        cw__column_index_free(out);
    }
    return st;
}

/* Which member of a union of empty structs it is; -1: none. */
static int get_choice(cw__source *s)
{
    cw__thrift_type type;
    int which = -1;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        which = id;
        cw__thrift_skip(&s->t, type);
    }
    return which;
}

/* Split blocks, xxHash, uncompressed: each is the first of what may be chosen. */
cw_status cw__bloom_header_read(size_t *bytes, const void *p, size_t n, size_t *used, cw_error *err)
{
    cw__source s = {0};
    cw__thrift_type type;
    int64_t size = 0;
    bool known = true;
    int16_t id;

    cw__thrift_read(&s.t, p, n);
    cw__thrift_enter(&s.t);
    while (cw__thrift_field(&s.t, &id, &type)) {
        if (id == 1 && type == CW__THRIFT_I32)
            size = cw__thrift_get_int(&s.t);
        else if (id >= 2 && id <= 4 && type == CW__THRIFT_STRUCT)
            known &= get_choice(&s) == 1;
        else
            cw__thrift_skip(&s.t, type);
    }
    *used = (size_t)(s.t.p - (const uint8_t *)p);
    *bytes = size > 0 ? (size_t)size : 0;
    if (!s.t.failed && !known)
        return cw__fail(err, CW_E_UNSUPPORTED, "a Bloom filter of an unknown kind");
    return cw__source_answer(&s, size > 0 && size % 32 == 0, "header of the Bloom filter", err);
}
