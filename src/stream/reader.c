/* reader.c - the public face of reading: in order, at any offset, decompressed or as it is stored
 *
 * The bytes come from a cw__raw, through a cw__unpack where they are to be decompressed.
 */
#include <cloudwriter/reader.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "stream/raw.h"
#include "stream/unpack.h"

#include <inttypes.h>
#include <string.h>

enum { PEEK_BYTES = 1024 * 1024 };

struct cw_reader {
    cw__raw raw;
    bool unpacks;
    cw__unpack unpack;
    const void *peeked; /* what cw_reader_skip goes past */
    size_t peeked_n;
};

/* ---- opening ---- */

static cw_status check_decompression(const cw_reader_options *o, cw_error *err)
{
    if ((unsigned)o->decompression > CW_DECOMPRESSION_AUTO)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "there is no decompression %d",
                        (int)o->decompression);
    return CW_OK;
}

static cw_status open_reader(cw_reader *r, cw_client *c, const char *url,
                             const cw_reader_options *o, cw_error *err)
{
    cw_status st = cw__raw_open(&r->raw, c, url, o, err);

    if (st != CW_OK || o->decompression == CW_DECOMPRESSION_NONE)
        return st;
    r->unpacks = true;
    return cw__unpack_init(&r->unpack, &r->raw, o->decompression, err);
}

cw_status cw_reader_open_with(cw_reader **out, cw_client *c, const char *url,
                              const cw_reader_options *options, cw_error *err)
{
    cw_reader_options o;
    cw_reader *r;
    cw_status st;

    *out = NULL;
    cw__error_clear(err);
    st = cw__options_take(&o, sizeof o, options, err);
    if (st == CW_OK)
        st = check_decompression(&o, err);
    if (st != CW_OK)
        return st;
    r = cw__alloc_zero(sizeof *r);
    if (!r)
        return cw__fail_memory(err, "opening a reader");
    st = open_reader(r, c, url, &o, err);
    if (st == CW_OK)
        *out = r;
    else
        cw_reader_close(r);
    return st;
}

cw_status cw_reader_open(cw_reader **out, cw_client *c, const char *url, cw_error *err)
{
    return cw_reader_open_with(out, c, url, NULL, err);
}

uint64_t cw_reader_size(const cw_reader *r)
{
    return r->raw.bytes;
}

/* ---- in order ---- */

static cw_status peek(cw_reader *r, const void **p, size_t *n, cw_error *err)
{
    return r->unpacks ? cw__unpack_peek(&r->unpack, p, n, err)
                      : cw__raw_peek(&r->raw, PEEK_BYTES, p, n, err);
}

cw_status cw_reader_peek(cw_reader *r, const void **p, size_t *n, cw_error *err)
{
    cw_status st;

    cw__error_clear(err);
    *p = NULL;
    *n = 0;
    st = peek(r, p, n, err);
    r->peeked = *p;
    r->peeked_n = st == CW_OK ? *n : 0;
    return st;
}

static cw_status skip(cw_reader *r, const void *p, size_t n, cw_error *err)
{
    return r->unpacks ? cw__unpack_skip(&r->unpack, p, n, err) : cw__raw_skip(&r->raw, p, n, err);
}

cw_status cw_reader_skip(cw_reader *r, size_t n, cw_error *err)
{
    cw_status st;

    cw__error_clear(err);
    if (n > r->peeked_n)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "%zu bytes cannot be skipped: cw_reader_peek showed %zu", n, r->peeked_n);
    st = skip(r, r->peeked, n, err);
    r->peeked_n = 0;
    return st;
}

static cw_status read_unpacked(cw_reader *r, char *p, size_t n, size_t *got, cw_error *err)
{
    cw_status st = CW_OK;

    while (st == CW_OK && *got < n) {
        const void *from = NULL;
        size_t k = 0;

        st = peek(r, &from, &k, err);
        if (st != CW_OK || k == 0)
            break;
        if (k > n - *got)
            k = n - *got;
        memcpy(p + *got, from, k);
        st = skip(r, from, k, err);
        *got += k;
    }
    return st;
}

cw_status cw_reader_read(cw_reader *r, void *p, size_t n, size_t *got, cw_error *err)
{
    size_t count = 0;
    cw_status st;

    cw__error_clear(err);
    r->peeked_n = 0;
    st =
        r->unpacks ? read_unpacked(r, p, n, &count, err) : cw__raw_read(&r->raw, p, n, &count, err);
    *got = count;
    return st;
}

uint64_t cw_reader_tell(const cw_reader *r)
{
    return r->unpacks ? r->unpack.position : r->raw.position;
}

/* ---- elsewhere ---- */

cw_status cw_reader_seek(cw_reader *r, uint64_t offset, cw_error *err)
{
    cw__error_clear(err);
    r->peeked_n = 0;
    if (r->unpacks && offset != 0 && offset != r->unpack.position)
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "what is decompressed can only be read in order: seek to 0 or stay");
    if (r->unpacks && offset == 0 && r->unpack.position != 0)
        cw__unpack_rewind(&r->unpack);
    if (r->unpacks)
        return CW_OK;
    if (offset > r->raw.bytes)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "%" PRIu64 " lies beyond the end at %" PRIu64,
                        offset, r->raw.bytes);
    cw__raw_seek(&r->raw, offset);
    return CW_OK;
}

cw_status cw_reader_resume(cw_reader *r, const void *p, size_t n, cw_error *err)
{
    cw__error_clear(err);
    r->peeked_n = 0;
    if (r->unpacks)
        return cw__fail(err, CW_E_UNSUPPORTED, "what is decompressed cannot be resumed");
    if (n > r->raw.bytes - r->raw.position)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "%zu bytes are not left behind %" PRIu64, n,
                        r->raw.position);
    return cw__raw_resume(&r->raw, p, n, err);
}

cw_status cw_reader_pread(cw_reader *r, uint64_t offset, void *p, size_t n, cw_error *err)
{
    cw__error_clear(err);
    if (r->unpacks)
        return cw__fail(err, CW_E_UNSUPPORTED, "what is decompressed can only be read in order");
    if (offset > r->raw.bytes || n > r->raw.bytes - offset)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "%zu bytes from %" PRIu64 " lie beyond the end at %" PRIu64, n, offset,
                        r->raw.bytes);
    return n ? cw__raw_pread(&r->raw, offset, p, n, err) : CW_OK;
}

/* ---- what is known ---- */

void cw_reader_get_info(const cw_reader *r, cw_reader_info *out)
{
    const cw__raw *raw = &r->raw;
    const cw__pinned *o = &raw->object;

    memset(out, 0, sizeof *out);
    out->bytes = raw->bytes;
    out->modified_ms = raw->modified_ms;
    cw__copy_string(out->etag, sizeof out->etag, o->etag);
    cw__copy_string(out->version_id, sizeof out->version_id, o->version_id);
    cw__copy_string(out->content_type, sizeof out->content_type, o->content_type);
    cw__copy_string(out->content_encoding, sizeof out->content_encoding, o->content_encoding);
    cw__copy_string(out->checksum, sizeof out->checksum, o->checksum);
    out->verified = raw->verified;
    out->metadata = raw->metadata;
    out->metadata_count = o->metadata_count;
    out->decompression = r->unpacks ? r->unpack.kind : CW_DECOMPRESSION_NONE;
    cw__raw_count(raw, &out->requests, &out->retries);
}

void cw_reader_close(cw_reader *r)
{
    if (!r)
        return;
    if (r->unpacks)
        cw__unpack_free(&r->unpack);
    cw__raw_close(&r->raw);
    cw__free(r);
}
