/* footer.c - page indexes, FileMetaData, and the end of the file
 *
 *     row groups | all column indexes | all offset indexes | FileMetaData | its length | PAR1
 *
 * What row groups left behind (kept.h) goes from there to the writer one row group at a time. The
 * places of the page indexes are put in on the way: they are the last fields of a ColumnChunk,
 * behind all that was serialised before, so each chunk's bytes are copied up to its end and the
 * four fields appended. In the same way the row groups go into FileMetaData, serialised with an
 * empty list of them.
 */
#include "format/parquet/encoder.h"

#include "base/error.h"
#include "format/parquet/meta/thrift.h"

#include <inttypes.h>
#include <string.h>
#include <cloudwriter/version.h>

#ifndef CW_BUILD
#define CW_BUILD "release"
#endif

static const char CREATED_BY[] =
    "libcloudwriter version " CW_VERSION_STRING " (build " CW_BUILD ")";

enum { META_DATA_FIELD = 3, ROW_GROUPS_FIELD = 4, COLUMNS_FIELD = 1 };

static cw_status no_memory(cw_error *err)
{
    return cw__fail_memory(err, "writing the footer");
}

static cw_status broken(cw_error *err)
{
    return cw__fail(err, CW_E_STATE, "the metadata of a row group does not read back");
}

/* ---- page indexes ---- */

static cw_status write_indexes(cw_parquet *p, cw__kept_part part, cw_error *err)
{
    cw_status st = CW_OK;

    for (size_t i = 0; i < p->kept.count && st == CW_OK; i++) {
        cw__kept_view v;

        st = cw__kept_open(&p->kept, i, &v, err);
        if (st == CW_OK)
            st = cw__parquet_put(p, v.p[part], v.n[part], err);
    }
    return st;
}

/* ---- row groups ---- */

/* Where the next page indexes lie in the file. */
typedef struct places {
    uint64_t column_index, offset_index;
} places;

static void add_varint(cw__text *to, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        cw__text_add_char(to, (char)(v | 0x80));
    cw__text_add_char(to, (char)v);
}

/* A field whose id is one more than the last one's; small and positive numbers only. */
static void add_next_field(cw__text *to, cw__thrift_type type, uint64_t v)
{
    cw__text_add_char(to, (char)(1 << 4 | type));
    add_varint(to, v << 1);
}

/* The fields 4 to 7 of ColumnChunk and its end. */
static void add_places(cw__text *to, cw__index_bytes n, places *at)
{
    add_next_field(to, CW__THRIFT_I64, at->offset_index);
    add_next_field(to, CW__THRIFT_I32, n.offset_index);
    at->offset_index += n.offset_index;
    if (n.column_index) {
        add_next_field(to, CW__THRIFT_I64, at->column_index);
        add_next_field(to, CW__THRIFT_I32, n.column_index);
        at->column_index += n.column_index;
    }
    cw__text_add_char(to, CW__THRIFT_STOP);
}

/* Move past the struct that begins here. False unless its last field is `last`. */
static bool skip_struct(cw__thrift_in *in, int16_t last)
{
    int16_t id = 0, seen = 0;
    cw__thrift_type type;

    cw__thrift_enter(in);
    while (cw__thrift_field(in, &id, &type)) {
        seen = id;
        cw__thrift_skip(in, type);
    }
    return !in->failed && seen == last;
}

static bool splice_row_group(cw__text *to, const cw__kept_view *v, places *at)
{
    const uint8_t *group = v->p[CW__KEPT_GROUP];
    const uint8_t *done = group;
    cw__thrift_in in;
    cw__thrift_type type;
    size_t columns;
    int16_t id;

    cw__thrift_read(&in, group, v->n[CW__KEPT_GROUP]);
    cw__thrift_enter(&in);
    if (!cw__thrift_field(&in, &id, &type) || id != COLUMNS_FIELD)
        return false;
    columns = cw__thrift_get_list(&in, &type);
    for (size_t i = 0; i < columns; i++) {
        cw__index_bytes n;

        memcpy(&n, v->p[CW__KEPT_LENGTHS] + i * sizeof n, sizeof n);
        if (!skip_struct(&in, META_DATA_FIELD))
            return false;
        cw__text_add_n(to, done, (size_t)(in.p - done) - 1);
        add_places(to, n, at);
        done = in.p;
    }
    cw__text_add_n(to, done, (size_t)(in.end - done));
    return columns * sizeof(cw__index_bytes) == v->n[CW__KEPT_LENGTHS];
}

static cw_status write_row_groups(cw_parquet *p, places at, cw_error *err)
{
    cw__text text = {0};
    cw_status st = CW_OK;

    for (size_t i = 0; i < p->kept.count && st == CW_OK; i++) {
        cw__kept_view v;

        cw__text_reset(&text);
        st = cw__kept_open(&p->kept, i, &v, err);
        if (st == CW_OK && !splice_row_group(&text, &v, &at))
            st = text.failed ? no_memory(err) : broken(err);
        if (st == CW_OK && text.failed)
            st = no_memory(err);
        if (st == CW_OK)
            st = cw__parquet_put(p, text.p, text.n, err);
    }
    cw__text_free(&text);
    return st;
}

/* ---- FileMetaData ---- */

/* Everything with an empty list of row groups; *list: where that list's header, one byte, is. */
static cw_status make_frame(const cw_parquet *p, cw__text *frame, size_t *list, cw_error *err)
{
    const cw__text none = {0};
    const cw__footer footer = {
        .schema = p->schema,
        .rows = (int64_t)p->rows,
        .row_groups = &none,
        .pairs = p->settings.pairs,
        .pair_count = p->settings.pair_count,
        .created_by = CREATED_BY,
    };
    cw__thrift_in in;
    cw__thrift_type type;
    int16_t id;

    cw__footer_write(frame, &footer);
    if (frame->failed)
        return no_memory(err);
    cw__thrift_read(&in, frame->p, frame->n);
    cw__thrift_enter(&in);
    while (cw__thrift_field(&in, &id, &type) && id != ROW_GROUPS_FIELD)
        cw__thrift_skip(&in, type);
    if (in.failed || type != CW__THRIFT_LIST)
        return broken(err);
    *list = frame->n - (size_t)(in.end - in.p);
    return CW_OK;
}

static void add_list_header(cw__text *to, size_t n)
{
    enum { SHORT_LIST = 15 };

    if (n < SHORT_LIST) {
        cw__text_add_char(to, (char)(n << 4 | CW__THRIFT_STRUCT));
        return;
    }
    cw__text_add_char(to, (char)(SHORT_LIST << 4 | CW__THRIFT_STRUCT));
    add_varint(to, n);
}

static cw_status write_metadata(cw_parquet *p, places at, cw_error *err)
{
    cw__text frame = {0}, header = {0};
    size_t list = 0;
    cw_status st = make_frame(p, &frame, &list, err);

    add_list_header(&header, p->kept.count);
    if (st == CW_OK && header.failed)
        st = no_memory(err);
    if (st == CW_OK)
        st = cw__parquet_put(p, frame.p, list, err);
    if (st == CW_OK)
        st = cw__parquet_put(p, header.p, header.n, err);
    if (st == CW_OK)
        st = write_row_groups(p, at, err);
    if (st == CW_OK)
        st = cw__parquet_put(p, frame.p + list + 1, frame.n - list - 1, err);
    cw__text_free(&header);
    cw__text_free(&frame);
    return st;
}

static cw_status write_end(cw_parquet *p, uint64_t length, cw_error *err)
{
    uint8_t end[8] = {0, 0, 0, 0, 'P', 'A', 'R', '1'};

    if (length > INT32_MAX)
        return cw__fail(err, CW_E_TOO_LARGE,
                        "the footer has %" PRIu64 " bytes, more than readers can take: make larger "
                        "row groups (row_group_bytes, memory_bytes) or several files",
                        length);
    for (int i = 0; i < 4; i++)
        end[i] = (uint8_t)(length >> 8 * i);
    return cw__parquet_put(p, end, sizeof end, err);
}

cw_status cw__footer_finish(cw_parquet *p, cw_error *err)
{
    places at = {0};
    uint64_t start;
    cw_status st;

    at.column_index = p->offset;
    st = write_indexes(p, CW__KEPT_COLUMN_INDEXES, err);
    at.offset_index = p->offset;
    if (st == CW_OK)
        st = write_indexes(p, CW__KEPT_OFFSET_INDEXES, err);
    start = p->offset;
    if (st == CW_OK)
        st = write_metadata(p, at, err);
    return st == CW_OK ? write_end(p, p->offset - start, err) : st;
}
