/* file.c - open a Parquet file by its footer */
#include "format/parquet/read/file.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

enum {
    FIRST_GET = 64 * 1024, /* of the end: the footer of most files */
    TAIL = 8,              /* the footer's length, and PAR1 */
    LEAST = 12,            /* PAR1, an empty footer's tail */
    MOST_FOOTER = 512 << 20
};

static cw_status no_parquet(const cw_parquet_file *f, const char *why, cw_error *err)
{
    return cw__fail(err, CW_E_INTEGRITY, "'%s' is no Parquet file: %s", f->name, why);
}

uint8_t *cw__file_get(cw_parquet_file *f, int64_t offset, uint64_t n, cw_error *err)
{
    if (offset < 0 || (uint64_t)offset > f->bytes || n > f->bytes - (uint64_t)offset) {
        cw__fail(err, CW_E_INTEGRITY,
                 "%" PRIu64 " bytes at %" PRId64 " are beyond the file's %" PRIu64, n, offset,
                 f->bytes);
        return NULL;
    }
    uint8_t *p = cw__alloc((size_t)n);
    if (!p) {
        cw__fail_memory(err, "reading a Parquet file");
        return NULL;
    }
    if (cw_reader_pread(f->reader, (uint64_t)offset, p, (size_t)n, err) != CW_OK) {
        cw__free(p);
        return NULL;
    }
    return p;
}

/* The length of the footer, from the last 8 bytes. */
static cw_status read_tail(const cw_parquet_file *f, const uint8_t *tail, uint32_t *n,
                           cw_error *err)
{
    if (memcmp(tail + 4, "PARE", 4) == 0)
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is encrypted", f->name);
    if (memcmp(tail + 4, "PAR1", 4) != 0)
        return no_parquet(f, "it does not end with PAR1", err);
    *n = (uint32_t)tail[0] | (uint32_t)tail[1] << 8 | (uint32_t)tail[2] << 16 |
         (uint32_t)tail[3] << 24;
    if (*n > f->bytes - LEAST || *n > MOST_FOOTER)
        return cw__fail(err, CW_E_INTEGRITY,
                        "'%s' says that its footer has %" PRIu32
                        " bytes, which the file does not hold",
                        f->name, *n);
    return CW_OK;
}

static cw_status read_footer(cw_parquet_file *f, cw_error *err)
{
    size_t n = f->bytes < FIRST_GET ? (size_t)f->bytes : FIRST_GET;
    uint8_t *end = cw__file_get(f, (int64_t)(f->bytes - n), n, err);
    uint8_t *more = NULL;
    uint32_t footer = 0;
    cw_status st;

    if (!end)
        return err->status;
    st = read_tail(f, end + n - TAIL, &footer, err);
    if (st == CW_OK) {
        f->footer_bytes = footer;
        f->footer_offset = f->bytes - TAIL - footer;
        if (footer + TAIL > n && !(more = cw__file_get(f, (int64_t)f->footer_offset, footer, err)))
            st = err->status;
    }
    if (st == CW_OK)
        st = cw__file_metadata_read(&f->meta, more ? more : end + n - TAIL - footer, footer, err);
    cw__free(more);
    cw__free(end);
    return st;
}

static cw_status open_file(cw_parquet_file *f, cw_client *c, const char *url, cw_error *err)
{
    uint8_t *head;
    cw_status st;

    f->name = cw__strdup(url);
    if (!f->name)
        return cw__fail_memory(err, "opening a Parquet file");
    st = cw_reader_open(&f->reader, c, url, err);
    if (st != CW_OK)
        return st;
    f->bytes = cw_reader_size(f->reader);
    if (f->bytes < LEAST)
        return no_parquet(f, "it is too short", err);
    st = read_footer(f, err);
    if (st != CW_OK)
        return st;
    head = cw__file_get(f, 0, 4, err);
    if (!head)
        return err->status;
    if (memcmp(head, "PAR1", 4) != 0)
        st = no_parquet(f, "it does not begin with PAR1", err);
    cw__free(head);
    return st;
}

cw_status cw_parquet_file_open(cw_parquet_file **out, cw_client *c, const char *url, cw_error *err)
{
    cw_error own;
    cw_parquet_file *f = cw__alloc_zero(sizeof *f);

    *out = NULL;
    err = err ? err : &own;
    cw__error_clear(err);
    if (!f)
        return cw__fail_memory(err, "opening a Parquet file");
    cw_status st = open_file(f, c, url, err);
    if (st == CW_OK)
        *out = f;
    else
        cw_parquet_file_close(f);
    return st;
}

void cw_parquet_file_close(cw_parquet_file *f)
{
    if (!f)
        return;
    cw_reader_close(f->reader);
    cw__file_metadata_free(&f->meta);
    cw__free(f->name);
    cw__free(f);
}

uint64_t cw_parquet_file_rows(const cw_parquet_file *f)
{
    return (uint64_t)f->meta.rows;
}

size_t cw_parquet_file_row_groups(const cw_parquet_file *f)
{
    return f->meta.row_group_count;
}
