/* print.c - the schema and the footer of a file as text, for people and for programs */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "format/parquet/read/file.h"

/* ---- names ---- */

static const char *physical_name(int32_t type)
{
    static const char *const names[] = {"BOOLEAN", "INT32",  "INT64",      "INT96",
                                        "FLOAT",   "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"};
    return type >= 0 && type < 8 ? names[type] : "?";
}

static const char *codec_name(int32_t codec)
{
    static const char *const names[] = {"UNCOMPRESSED", "SNAPPY", "GZIP", "LZO",
                                        "BROTLI",       "LZ4",    "ZSTD", "LZ4_RAW"};
    return codec >= 0 && codec < 8 ? names[codec] : "?";
}

static const char *encoding_name(int32_t encoding)
{
    static const char *const names[CW__ENCODINGS] = {
        "PLAIN",
        "?",
        "PLAIN_DICTIONARY",
        "RLE",
        "BIT_PACKED",
        "DELTA_BINARY_PACKED",
        "DELTA_LENGTH_BYTE_ARRAY",
        "DELTA_BYTE_ARRAY",
        "RLE_DICTIONARY",
        "BYTE_STREAM_SPLIT",
    };
    return encoding >= 0 && encoding < CW__ENCODINGS ? names[encoding] : "?";
}

static const char *page_name(int32_t type)
{
    static const char *const names[] = {"DATA_PAGE", "INDEX_PAGE", "DICTIONARY_PAGE",
                                        "DATA_PAGE_V2"};
    return type >= 0 && type < 4 ? names[type] : "?";
}

/* ---- values ---- */

static int64_t integer_of(const uint8_t *p, size_t n, bool is_signed)
{
    uint64_t v = 0;

    for (size_t i = n; i-- > 0;)
        v = v << 8 | p[i];
    if (is_signed && n < 8 && n > 0 && p[n - 1] & 0x80)
        v |= UINT64_MAX << (8 * n);
    return (int64_t)v;
}

static void add_hex(cw__text *t, const uint8_t *p, size_t n)
{
    cw__text_add(t, "0x");
    for (size_t i = 0; i < n; i++)
        cw__text_addf(t, "%02x", p[i]);
}

static bool is_text(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < ' ' || p[i] == 0x7f)
            return false;
    return true;
}

static void add_number(cw__text *t, const cw__leaf *leaf, const cw__binary *v)
{
    float f;
    double d;

    switch (leaf->physical) {
    case CW__BOOLEAN:
        cw__text_add(t, v->p[0] ? "true" : "false");
        break;
    case CW__FLOAT:
        memcpy(&f, v->p, sizeof f);
        cw__text_addf(t, "%.9g", (double)f);
        break;
    case CW__DOUBLE:
        memcpy(&d, v->p, sizeof d);
        cw__text_addf(t, "%.17g", d);
        break;
    default:
        if (leaf->order == CW__ORDER_UNSIGNED)
            cw__text_addf(t, "%" PRIu64, (uint64_t)integer_of(v->p, v->n, false));
        else
            cw__text_addf(t, "%" PRId64, integer_of(v->p, v->n, true));
    }
}

static bool is_number(const cw__leaf *leaf, const cw__binary *v)
{
    return leaf->physical != CW__INT96 && leaf->physical != CW__BYTE_ARRAY &&
           leaf->physical != CW__FIXED_LEN_BYTE_ARRAY && v->n == leaf->width;
}

static void add_value(cw__text *t, const cw__leaf *leaf, const cw__binary *v)
{
    if (is_number(leaf, v)) {
        add_number(t, leaf, v);
    } else if (leaf->physical == CW__BYTE_ARRAY && is_text(v->p, v->n)) {
        cw__text_add_char(t, '"');
        cw__text_add_n(t, v->p, v->n);
        cw__text_add_char(t, '"');
    } else {
        add_hex(t, v->p, v->n);
    }
}

/* ---- JSON ---- */

static void json_string(cw__text *t, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    cw__text_add_char(t, '"');
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"' || p[i] == '\\')
            cw__text_addf(t, "\\%c", p[i]);
        else if (p[i] < ' ' || p[i] == 0x7f)
            cw__text_addf(t, "\\u%04x", p[i]);
        else
            cw__text_add_char(t, (char)p[i]);
    }
    cw__text_add_char(t, '"');
}

static void json_text(cw__text *t, const char *s)
{
    json_string(t, s, strlen(s));
}

/* Bytes that are no text, and what JSON has no number for, are strings. */
static void json_value(cw__text *t, const cw__leaf *leaf, const cw__binary *v)
{
    cw__text plain = {0};

    add_value(&plain, leaf, v);
    const char *s = cw__text_str(&plain);
    bool finite = s[0] && !strpbrk(s, "niNI");
    if (is_number(leaf, v) && (leaf->physical == CW__BOOLEAN || finite))
        cw__text_add(t, s);
    else if (leaf->physical == CW__BYTE_ARRAY && is_text(v->p, v->n) && cw__is_utf8(v->p, v->n))
        json_string(t, v->p, v->n);
    else if (s[0] == '"')
        add_hex(t, v->p, v->n);
    else
        json_text(t, s);
    t->failed |= plain.failed;
    cw__text_free(&plain);
}

static void json_statistics(cw__text *t, const cw__leaf *leaf, const cw__statistics *s)
{
    const char *comma = "";

    cw__text_add(t, ",\"statistics\":{");
    if (s->has_null_count) {
        cw__text_addf(t, "%s\"null_count\":%" PRId64, comma, s->null_count);
        comma = ",";
    }
    if (s->has_distinct_count) {
        cw__text_addf(t, "%s\"distinct_count\":%" PRId64, comma, s->distinct_count);
        comma = ",";
    }
    if (s->has_nan_count) {
        cw__text_addf(t, "%s\"nan_count\":%" PRId64, comma, s->nan_count);
        comma = ",";
    }
    if (s->has_min) {
        cw__text_addf(t, "%s\"min\":", comma);
        json_value(t, leaf, &s->min);
        if (s->has_exactness)
            cw__text_addf(t, ",\"min_is_exact\":%s", s->min_exact ? "true" : "false");
        comma = ",";
    }
    if (s->has_max) {
        cw__text_addf(t, "%s\"max\":", comma);
        json_value(t, leaf, &s->max);
        if (s->has_exactness)
            cw__text_addf(t, ",\"max_is_exact\":%s", s->max_exact ? "true" : "false");
    }
    cw__text_add(t, "}");
}

static void json_encodings(cw__text *t, const cw__column_metadata *m)
{
    const char *comma = "";

    cw__text_add(t, ",\"encodings\":[");
    for (int32_t i = 0; i < CW__ENCODINGS; i++)
        if (m->encodings[i]) {
            cw__text_addf(t, "%s\"%s\"", comma, encoding_name(i));
            comma = ",";
        }
    cw__text_add(t, "],\"pages\":[");
    for (size_t i = 0; i < m->encoding_stat_count; i++)
        cw__text_addf(t, "%s{\"type\":\"%s\",\"encoding\":\"%s\",\"count\":%" PRId32 "}",
                      i ? "," : "", page_name(m->encoding_stats[i].page_type),
                      encoding_name(m->encoding_stats[i].encoding), m->encoding_stats[i].count);
    cw__text_add(t, "]");
}

static void json_chunk(cw__text *t, const cw__leaf *leaf, const cw__column_metadata *m)
{
    cw__text_add(t, "{\"path\":");
    json_text(t, leaf->path);
    if (m->encrypted)
        cw__text_add(t, ",\"encrypted\":true");
    if (!m->has_metadata) {
        cw__text_add(t, "}");
        return;
    }
    cw__text_addf(t, ",\"type\":\"%s\",\"codec\":\"%s\",\"values\":%" PRId64,
                  physical_name(m->physical), codec_name(m->codec), m->values);
    cw__text_addf(t, ",\"uncompressed_bytes\":%" PRId64 ",\"compressed_bytes\":%" PRId64,
                  m->uncompressed_bytes, m->compressed_bytes);
    cw__text_addf(t, ",\"data_page_offset\":%" PRId64, m->data_page_offset);
    if (m->has_dictionary_page)
        cw__text_addf(t, ",\"dictionary_page_offset\":%" PRId64, m->dictionary_page_offset);
    json_encodings(t, m);
    if (m->has_statistics)
        json_statistics(t, leaf, &m->statistics);
    if (m->sizes.present && m->sizes.has_bytes)
        cw__text_addf(t, ",\"unencoded_bytes\":%" PRId64, m->sizes.unencoded_bytes);
    if (m->bloom_offset > 0)
        cw__text_addf(t, ",\"bloom_filter\":{\"offset\":%" PRId64 ",\"bytes\":%" PRId32 "}",
                      m->bloom_offset, m->bloom_bytes);
    if (m->column_index_offset > 0)
        cw__text_addf(t, ",\"column_index\":{\"offset\":%" PRId64 ",\"bytes\":%" PRId32 "}",
                      m->column_index_offset, m->column_index_bytes);
    if (m->offset_index_offset > 0)
        cw__text_addf(t, ",\"offset_index\":{\"offset\":%" PRId64 ",\"bytes\":%" PRId32 "}",
                      m->offset_index_offset, m->offset_index_bytes);
    cw__text_add(t, "}");
}

/* NULL: the file names a column that is not there. */
static const char *sorting_path(const cw__file_metadata *m, const cw__sorting_column *x)
{
    bool known = x->leaf >= 0 && (size_t)x->leaf < m->leaf_count;

    return known ? m->leaves[x->leaf].path : NULL;
}

static void json_sorting(cw__text *t, const cw__file_metadata *m, const cw__row_group *g)
{
    if (g->sorting_count)
        cw__text_add(t, ",\"sorting_columns\":[");
    for (size_t i = 0; i < g->sorting_count; i++) {
        const char *path = sorting_path(m, &g->sorting[i]);
        cw__text_add(t, i ? ",{\"path\":" : "{\"path\":");
        if (path)
            json_text(t, path);
        else
            cw__text_add(t, "null");
        cw__text_addf(t, ",\"descending\":%s,\"nulls_first\":%s}",
                      g->sorting[i].descending ? "true" : "false",
                      g->sorting[i].nulls_first ? "true" : "false");
    }
    if (g->sorting_count)
        cw__text_add(t, "]");
}

/* ---- sending text on ---- */

typedef struct taker {
    cw_text_fn take;
    void *user;
    cw__text text;
    cw_error *err;
} taker;

static cw_status pass_on(taker *t)
{
    if (t->text.failed)
        return cw__fail_memory(t->err, "printing a Parquet file");
    if (t->text.n && t->take(t->user, t->text.p, t->text.n) != 0)
        return cw__fail(t->err, CW_E_CANCELLED, "stopped by the caller");
    cw__text_reset(&t->text);
    return CW_OK;
}

static cw_status print_json(const cw_parquet_file *f, taker *t)
{
    const cw__file_metadata *m = &f->meta;
    cw_status st;

    cw__text_add(&t->text, "{\"file\":");
    json_text(&t->text, f->name);
    cw__text_addf(&t->text, ",\"bytes\":%" PRIu64 ",\"footer_bytes\":%zu,\"version\":%" PRId32,
                  f->bytes, f->footer_bytes, m->version);
    cw__text_addf(&t->text, ",\"rows\":%" PRId64 ",\"created_by\":", m->rows);
    json_text(&t->text, m->created_by ? m->created_by : "");
    cw__text_add(&t->text, ",\"metadata\":{");
    for (size_t i = 0; i < m->pair_count; i++) {
        cw__text_add(&t->text, i ? "," : "");
        json_text(&t->text, m->pairs[i].key);
        cw__text_add_char(&t->text, ':');
        if (m->pairs[i].value)
            json_text(&t->text, m->pairs[i].value);
        else
            cw__text_add(&t->text, "null");
    }
    cw__text_add(&t->text, "},\"columns\":[");
    for (size_t i = 0; i < m->leaf_count; i++) {
        cw__text_add(&t->text, i ? ",{\"path\":" : "{\"path\":");
        json_text(&t->text, m->leaves[i].path);
        cw__text_addf(&t->text,
                      ",\"physical\":\"%s\",\"max_definition_level\":%u,"
                      "\"max_repetition_level\":%u}",
                      physical_name((int32_t)m->leaves[i].physical), m->leaves[i].max_def,
                      m->leaves[i].max_rep);
    }
    cw__text_add(&t->text, "],\"row_groups\":[");
    for (size_t g = 0; g < m->row_group_count; g++) {
        const cw__row_group *group = &m->row_groups[g];
        cw__text_addf(&t->text, "%s{\"rows\":%" PRId64 ",\"uncompressed_bytes\":%" PRId64,
                      g ? "," : "", group->rows, group->uncompressed_bytes);
        json_sorting(&t->text, m, group);
        cw__text_add(&t->text, ",\"columns\":[");
        for (size_t i = 0; i < group->column_count && i < m->leaf_count; i++) {
            cw__text_add(&t->text, i ? "," : "");
            json_chunk(&t->text, &m->leaves[i], &group->columns[i]);
            if ((st = pass_on(t)) != CW_OK)
                return st;
        }
        cw__text_add(&t->text, "]}");
    }
    cw__text_add(&t->text, "]}\n");
    return pass_on(t);
}

/* ---- for people ---- */

static void add_encodings(cw__text *t, const cw__column_metadata *m)
{
    const char *comma = "";

    for (size_t i = 0; i < m->encoding_stat_count; i++)
        if (m->encoding_stats[i].page_type != CW__DICTIONARY_PAGE) {
            cw__text_addf(t, "%s%s", comma, encoding_name(m->encoding_stats[i].encoding));
            cw__text_addf(t, " (%" PRId32 ")", m->encoding_stats[i].count);
            comma = ", ";
        }
    for (int32_t i = 0; m->encoding_stat_count == 0 && i < CW__ENCODINGS; i++)
        if (m->encodings[i]) {
            cw__text_addf(t, "%s%s", comma, encoding_name(i));
            comma = ", ";
        }
}

static void add_cut_value(cw__text *t, const cw__leaf *leaf, const cw__binary *v)
{
    enum { MOST = 40 };
    cw__text whole = {0};

    add_value(&whole, leaf, v);
    size_t n = whole.n;
    if (n > MOST) {
        n = MOST;
        while (n > 0 && ((unsigned char)whole.p[n] & 0xC0) == 0x80)
            n--;
    }
    cw__text_add_n(t, cw__text_str(&whole), n);
    if (n < whole.n)
        cw__text_add(t, "…");
    t->failed |= whole.failed;
    cw__text_free(&whole);
}

static void add_statistics(cw__text *t, const cw__leaf *leaf, const cw__statistics *s)
{
    if (s->has_min && s->has_max) {
        add_cut_value(t, leaf, &s->min);
        cw__text_add(t, " to ");
        add_cut_value(t, leaf, &s->max);
    }
    if (s->has_null_count && s->null_count)
        cw__text_addf(t, ", %" PRId64 " null", s->null_count);
    if (s->has_distinct_count)
        cw__text_addf(t, ", %" PRId64 " distinct", s->distinct_count);
    if (s->has_nan_count && s->nan_count)
        cw__text_addf(t, ", %" PRId64 " NaN", s->nan_count);
}

static void add_chunk(cw__text *t, const cw__leaf *leaf, const cw__column_metadata *m)
{
    if (!m->has_metadata) {
        cw__text_addf(t, "  %-28s encrypted, as all that is said of it\n", leaf->path);
        return;
    }
    cw__text_addf(t, "  %-28s %-20s %-12s %12" PRId64 " %12" PRId64 "  ", leaf->path,
                  physical_name(m->physical), codec_name(m->codec), m->uncompressed_bytes,
                  m->compressed_bytes);
    add_encodings(t, m);
    cw__text_add(t, m->encrypted ? "  encrypted" : "");
    if (m->has_statistics) {
        cw__text_add(t, "  ");
        add_statistics(t, leaf, &m->statistics);
    }
    if (m->bloom_offset > 0)
        cw__text_addf(t, ", Bloom filter %" PRId32 " bytes", m->bloom_bytes);
    cw__text_add_char(t, '\n');
}

static void add_sorting(cw__text *t, const cw__file_metadata *m, const cw__row_group *g)
{
    for (size_t i = 0; i < g->sorting_count; i++) {
        const char *path = sorting_path(m, &g->sorting[i]);
        cw__text_addf(t, "%s%s%s%s", i ? ", " : "  sorted by ",
                      path ? path : "a column that is not there",
                      g->sorting[i].descending ? " descending" : "",
                      g->sorting[i].nulls_first ? " nulls first" : "");
    }
    cw__text_add(t, g->sorting_count ? "\n" : "");
}

static cw_status print_meta(const cw_parquet_file *f, taker *t)
{
    const cw__file_metadata *m = &f->meta;
    cw_status st;

    cw__text_addf(&t->text,
                  "%s\n%" PRIu64 " bytes, %" PRId64 " rows, %zu row groups, %zu leaf columns\n",
                  f->name, f->bytes, m->rows, m->row_group_count, m->leaf_count);
    cw__text_addf(&t->text, "format version %" PRId32 ", footer of %zu bytes, written by %s\n",
                  m->version, f->footer_bytes, m->created_by ? m->created_by : "an unnamed writer");
    for (size_t i = 0; i < m->pair_count; i++)
        cw__text_addf(&t->text, "  %s = %.200s%s\n", m->pairs[i].key,
                      m->pairs[i].value ? m->pairs[i].value : "",
                      m->pairs[i].value && strlen(m->pairs[i].value) > 200 ? "…" : "");
    for (size_t g = 0; g < m->row_group_count; g++) {
        const cw__row_group *group = &m->row_groups[g];
        cw__text_addf(&t->text, "\nrow group %zu: %" PRId64 " rows, %" PRId64 " bytes unencoded\n",
                      g, group->rows, group->uncompressed_bytes);
        add_sorting(&t->text, m, group);
        cw__text_addf(&t->text, "  %-28s %-20s %-12s %12s %12s  %s\n", "column", "type", "codec",
                      "encoded", "compressed", "encodings (pages), min to max");
        for (size_t i = 0; i < group->column_count && i < m->leaf_count; i++) {
            add_chunk(&t->text, &m->leaves[i], &group->columns[i]);
            if ((st = pass_on(t)) != CW_OK)
                return st;
        }
    }
    return pass_on(t);
}

/* A file's own shape where the text form cannot say it: its leaves. */
static cw_status print_schema(const cw_parquet_file *f, taker *t)
{
    const cw__file_metadata *m = &f->meta;
    size_t n;

    if (m->schema) {
        if (cw_schema_text(m->schema, NULL, 0, &n) != CW_OK || !cw__text_reserve(&t->text, n + 1))
            return cw__fail_memory(t->err, "printing a schema");
        cw_schema_text(m->schema, t->text.p, n + 1, NULL);
        t->text.n = n;
        return pass_on(t);
    }
    for (size_t i = 0; i < m->leaf_count; i++)
        cw__text_addf(&t->text, "%s %s (definition level %u, repetition level %u)\n",
                      physical_name((int32_t)m->leaves[i].physical), m->leaves[i].path,
                      m->leaves[i].max_def, m->leaves[i].max_rep);
    return pass_on(t);
}

cw_status cw_parquet_file_print(cw_parquet_file *f, cw_parquet_print what, cw_text_fn take,
                                void *user, cw_error *err)
{
    taker t = {.take = take, .user = user, .err = err};
    cw_status st;

    cw__error_clear(err);
    switch (what) {
    case CW_PARQUET_PRINT_SCHEMA:
        st = print_schema(f, &t);
        break;
    case CW_PARQUET_PRINT_META:
        st = print_meta(f, &t);
        break;
    case CW_PARQUET_PRINT_META_JSON:
        st = print_json(f, &t);
        break;
    default:
        st = cw__fail(err, CW_E_INVALID_ARGUMENT, "there is nothing %d to print", (int)what);
    }
    cw__text_free(&t.text);
    return st;
}
