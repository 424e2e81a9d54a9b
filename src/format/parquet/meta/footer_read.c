/* footer_read.c - the footer of any writer, from untrusted bytes */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "format/parquet/meta/elements.h"
#include "format/parquet/meta/source.h"

/* A list of structs that take `least` bytes each; fewer are no reason to take memory. */
static void *get_structs(cw__source *s, size_t least, size_t size, size_t *n)
{
    cw__thrift_type type;
    size_t said = cw__thrift_get_list(&s->t, &type);

    if (said && (type != CW__THRIFT_STRUCT || said > (size_t)(s->t.end - s->t.p) / least))
        s->t.failed = true;
    void *list = cw__get_array(s, said, size);
    *n = list ? said : 0;
    return list;
}

/* ---- sizes and shapes ---- */

static void get_sizes(cw__source *s, cw__size_statistics *out)
{
    cw__thrift_type type;
    int16_t id;

    out->present = true;
    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (id == 1 && cw__is_number(type)) {
            out->unencoded_bytes = cw__thrift_get_int(&s->t);
            out->has_bytes = true;
        } else if (id == 2 && type == CW__THRIFT_LIST && !out->rep) {
            out->rep = cw__get_numbers(s, &out->rep_n);
        } else if (id == 3 && type == CW__THRIFT_LIST && !out->def) {
            out->def = cw__get_numbers(s, &out->def_n);
        } else {
            cw__thrift_skip(&s->t, type);
        }
    }
}

static void get_box(cw__source *s, cw__geo_statistics *out)
{
    double *sides[] = {&out->xmin, &out->xmax, &out->ymin, &out->ymax,
                       &out->zmin, &out->zmax, &out->mmin, &out->mmax};
    cw__thrift_type type;
    unsigned seen = 0;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (id >= 1 && id <= 8 && type == CW__THRIFT_DOUBLE) {
            *sides[id - 1] = cw__thrift_get_double(&s->t);
            seen |= 1u << (id - 1);
        } else {
            cw__thrift_skip(&s->t, type);
        }
    }
    out->has_bbox = (seen & 0x0F) == 0x0F;
    out->has_z = (seen & 0x30) == 0x30;
    out->has_m = (seen & 0xC0) == 0xC0;
}

static void get_geo(cw__source *s, cw__geo_statistics *out)
{
    enum { MOST = sizeof out->types / sizeof *out->types };
    cw__thrift_type type;
    int16_t id;

    out->present = true;
    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (id == 1 && type == CW__THRIFT_STRUCT) {
            get_box(s, out);
        } else if (id == 2 && type == CW__THRIFT_LIST && !out->type_count) {
            size_t n = cw__thrift_get_list(&s->t, &type);
            if (n && type != CW__THRIFT_I32)
                s->t.failed = true;
            for (size_t i = 0; i < n && !s->t.failed; i++) {
                int32_t code = (int32_t)cw__thrift_get_int(&s->t);
                if (i < MOST)
                    out->types[out->type_count++] = code;
            }
            /* More than there are: nothing that could be compared. */
            out->type_count = n > MOST ? 0 : out->type_count;
        } else {
            cw__thrift_skip(&s->t, type);
        }
    }
}

/* ---- chunks ---- */

static void get_encodings(cw__source *s, cw__column_metadata *m)
{
    cw__thrift_type type;
    size_t n = cw__thrift_get_list(&s->t, &type);

    for (size_t i = 0; i < n && !s->t.failed; i++) {
        int64_t encoding = cw__thrift_get_int(&s->t);
        if (encoding >= 0 && encoding < CW__ENCODINGS)
            m->encodings[encoding] = true;
    }
}

static void get_encoding_stat(cw__source *s, cw__column_metadata *m)
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

/* The names joined by dots are the leaf's path, or they are another's. */
static void get_path(cw__source *s, cw__column_metadata *m, const cw__leaf *leaf)
{
    cw__thrift_type type;
    size_t n = cw__thrift_get_list(&s->t, &type);
    const char *rest = leaf ? leaf->path : NULL;

    if (n && type != CW__THRIFT_BINARY)
        s->t.failed = true;
    for (size_t i = 0; i < n && !s->t.failed; i++) {
        size_t bytes;
        const uint8_t *name = cw__thrift_get_binary(&s->t, &bytes);
        if (!rest || !name)
            continue;
        bool same = strnlen(rest, bytes) == bytes && memcmp(rest, name, bytes) == 0 &&
                    rest[bytes] == (i + 1 < n ? '.' : '\0');
        rest = same ? rest + bytes + (i + 1 < n) : NULL;
    }
    m->other_path = leaf && (!rest || *rest);
}

static void get_chunk_list(cw__source *s, cw__column_metadata *m, int16_t id)
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
static unsigned get_column_metadata(cw__source *s, cw__column_metadata *m, const cw__leaf *leaf)
{
    unsigned seen = 0;
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        int64_t *number = chunk_number(m, id);
        if (id >= 1 && id <= 9)
            seen |= 1u << id;
        if (number && cw__is_number(type))
            *number = cw__thrift_get_int(&s->t);
        else if ((id == 1 || id == 4 || id == 15) && type == CW__THRIFT_I32)
            *(id == 1   ? &m->physical
              : id == 4 ? &m->codec
                        : &m->bloom_bytes) = (int32_t)cw__thrift_get_int(&s->t);
        else if ((id == 2 || id == 13) && type == CW__THRIFT_LIST)
            get_chunk_list(s, m, id);
        else if (id == 3 && type == CW__THRIFT_LIST)
            get_path(s, m, leaf);
        else if (id == 12 && type == CW__THRIFT_STRUCT)
            cw__get_statistics(s, &m->statistics), m->has_statistics = true;
        else if (id == 16 && type == CW__THRIFT_STRUCT)
            get_sizes(s, &m->sizes);
        else if (id == 17 && type == CW__THRIFT_STRUCT)
            get_geo(s, &m->geo);
        else
            cw__thrift_skip(&s->t, type);
        m->has_dictionary_page |= id == 11;
    }
    return seen;
}

/* Of an encrypted column the metadata may be so as well, and is not there then. */
static void get_column_chunk(cw__source *s, cw__column_metadata *m, const cw__leaf *leaf)
{
    enum { WANTED = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 9 };
    unsigned seen = 0;
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (id == 2 && cw__is_number(type))
            m->file_offset = cw__thrift_get_int(&s->t);
        else if (id == 3 && type == CW__THRIFT_STRUCT)
            seen = get_column_metadata(s, m, leaf);
        else if ((id == 4 || id == 6) && cw__is_number(type))
            *(id == 4 ? &m->offset_index_offset : &m->column_index_offset) =
                cw__thrift_get_int(&s->t);
        else if ((id == 5 || id == 7) && cw__is_number(type))
            *(id == 5 ? &m->offset_index_bytes : &m->column_index_bytes) =
                (int32_t)cw__thrift_get_int(&s->t);
        else
            cw__thrift_skip(&s->t, type);
        m->encrypted |= id == 8 || id == 9;
    }
    m->has_metadata = (seen & WANTED) == WANTED;
    if (!m->has_metadata && (seen || !m->encrypted))
        s->t.failed = true;
}

/* Bytes of structs with only what the format requires. */
enum { LEAST_CHUNK = 15, LEAST_SORTING = 5, LEAST_GROUP = 7, LEAST_PAIR = 3 };

static void get_sorting_column(cw__source *s, cw__sorting_column *x)
{
    unsigned seen = 0;
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (id == 1 && cw__is_number(type))
            x->leaf = (int32_t)cw__thrift_get_int(&s->t);
        else if ((id == 2 || id == 3) && cw__is_bool(type))
            *(id == 2 ? &x->descending : &x->nulls_first) = cw__thrift_get_bool(&s->t);
        else {
            cw__thrift_skip(&s->t, type);
            continue;
        }
        seen |= 1u << id;
    }
    if (seen != (1u << 1 | 1u << 2 | 1u << 3))
        s->t.failed = true;
}

static void get_sorting(cw__source *s, cw__row_group *g)
{
    g->sorting = get_structs(s, LEAST_SORTING, sizeof *g->sorting, &g->sorting_count);
    for (size_t i = 0; i < g->sorting_count && !s->t.failed; i++)
        get_sorting_column(s, &g->sorting[i]);
}

static void get_row_group(cw__source *s, cw__row_group *g)
{
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        if (id == 1 && type == CW__THRIFT_LIST && !g->columns) {
            g->columns = get_structs(s, LEAST_CHUNK, sizeof *g->columns, &g->column_count);
            for (size_t i = 0; i < g->column_count && !s->t.failed; i++)
                get_column_chunk(s, &g->columns[i], i < s->leaf_count ? &s->leaves[i] : NULL);
        } else if (id == 4 && type == CW__THRIFT_LIST && !g->sorting) {
            get_sorting(s, g);
        } else if (cw__is_number(type) && (id == 2 || id == 3 || id == 5 || id == 6)) {
            *(id == 2   ? &g->uncompressed_bytes
              : id == 3 ? &g->rows
              : id == 5 ? &g->file_offset
                        : &g->compressed_bytes) = cw__thrift_get_int(&s->t);
            g->has_compressed_bytes |= id == 6;
        } else if (id == 7 && type == CW__THRIFT_I16) {
            g->ordinal = (int32_t)cw__thrift_get_int(&s->t);
            g->has_ordinal = true;
        } else {
            cw__thrift_skip(&s->t, type);
        }
    }
}

/* ---- the footer ---- */

static void get_row_groups(cw__source *s, cw__file_metadata *m)
{
    m->row_groups = get_structs(s, LEAST_GROUP, sizeof *m->row_groups, &m->row_group_count);
    for (size_t i = 0; i < m->row_group_count && !s->t.failed; i++)
        get_row_group(s, &m->row_groups[i]);
}

static void get_pair(cw__source *s, cw__key_value *kv)
{
    cw__thrift_type type;
    int16_t id;

    cw__thrift_enter(&s->t);
    while (cw__thrift_field(&s->t, &id, &type)) {
        char **to = id == 1 ? &kv->key : &kv->value;
        if (type == CW__THRIFT_BINARY && (id == 1 || id == 2) && !*to)
            *to = cw__get_string(s);
        else
            cw__thrift_skip(&s->t, type);
    }
    if (!kv->key)
        s->t.failed = true;
}

static void get_pairs(cw__source *s, cw__file_metadata *m)
{
    m->pairs = get_structs(s, LEAST_PAIR, sizeof *m->pairs, &m->pair_count);
    for (size_t i = 0; i < m->pair_count && !s->t.failed; i++)
        get_pair(s, &m->pairs[i]);
}

static cw_status get_schema(cw__source *s, cw__file_metadata *m, cw_error *err)
{
    cw_status st = cw__elements_read(m, &s->t, err);

    if (st == CW_OK) {
        s->leaves = m->leaves;
        s->leaf_count = m->leaf_count;
    }
    return st;
}

static void get_orders(cw__source *s, cw__file_metadata *m)
{
    cw__thrift_type type;

    m->column_orders = cw__thrift_get_list(&s->t, &type);
    m->has_column_orders = true;
    if (m->column_orders && type != CW__THRIFT_STRUCT)
        s->t.failed = true;
    for (size_t i = 0; i < m->column_orders && !s->t.failed; i++)
        cw__thrift_skip(&s->t, type);
}

cw_status cw__file_metadata_read(cw__file_metadata *out, const void *p, size_t n, cw_error *err)
{
    cw__source s = {0};
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
            st = get_schema(&s, out, err);
        else if (id == 3 && cw__is_number(type))
            out->rows = cw__thrift_get_int(&s.t);
        else if (id == 4 && list && !out->row_groups)
            get_row_groups(&s, out);
        else if (id == 5 && list && !out->pairs)
            get_pairs(&s, out);
        else if (id == 6 && type == CW__THRIFT_BINARY && !out->created_by)
            out->created_by = cw__get_string(&s);
        else if (id == 7 && list)
            get_orders(&s, out);
        else
            cw__thrift_skip(&s.t, type);
    }
    if (st == CW_OK)
        st = cw__source_answer(&s, out->leaves && out->row_groups && out->rows >= 0, "footer", err);
    if (st != CW_OK)
        cw__file_metadata_free(out);
    return st;
}
