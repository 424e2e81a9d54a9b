/* unpack.c - what an object holds, decompressed on the way
 *
 * Bytes are taken where they lie in the raw object. What comes out waits in one buffer until it has
 * been read. Where AUTO finds neither gzip nor zstd, the raw bytes are shown as they are.
 */
#include "stream/unpack.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

enum { OUT_BYTES = 128 * 1024, WANTED_IN = 256 * 1024, MAGIC_BYTES = 4 };

/* RFC 1952, RFC 8878; the last four bits of a skippable frame's magic number are free. */
static cw_decompression kind_of(const unsigned char *p, size_t n)
{
    static const unsigned char gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd},
                               skippable[] = {0x2a, 0x4d, 0x18};

    if (n >= sizeof gzip && memcmp(p, gzip, sizeof gzip) == 0)
        return CW_DECOMPRESSION_GZIP;
    if (n >= sizeof zstd && memcmp(p, zstd, sizeof zstd) == 0)
        return CW_DECOMPRESSION_ZSTD;
    if (n >= MAGIC_BYTES && p[0] >> 4 == 5 && memcmp(p + 1, skippable, sizeof skippable) == 0)
        return CW_DECOMPRESSION_ZSTD;
    return CW_DECOMPRESSION_NONE;
}

static cw_status find_kind(cw__unpack *u, cw_error *err)
{
    const void *p;
    size_t n;
    cw_status st = CW_OK;

    if (u->kind != CW_DECOMPRESSION_AUTO)
        return CW_OK;
    st = cw__raw_peek(u->raw, WANTED_IN, &p, &n, err);
    if (st == CW_OK)
        u->kind = kind_of(p, n);
    return st;
}

static cw_status start_expander(cw__unpack *u, cw_error *err)
{
    if (u->expander)
        return CW_OK;
    return u->kind == CW_DECOMPRESSION_GZIP ? cw__expander_gzip(&u->expander, err)
                                            : cw__expander_zstd(&u->expander, err);
}

static cw_status end(cw__unpack *u, cw_error *err)
{
    u->over = true;
    if (cw__expander_may_end(u->expander))
        return CW_OK;
    return cw__fail(err, CW_E_INTEGRITY, "the %s data is cut off: the object ends in the middle",
                    u->kind == CW_DECOMPRESSION_GZIP ? "gzip" : "zstd");
}

/* Once around: input to output. At the end of the input the expander may still have some. */
static cw_status decode(cw__unpack *u, cw_error *err)
{
    cw__codec_io io = {.out = u->out, .out_n = OUT_BYTES};
    cw_status st = cw__raw_peek(u->raw, WANTED_IN, &io.in, &io.in_n, err);

    if (st == CW_OK)
        st = cw__expander_run(u->expander, &io, err);
    if (st == CW_OK)
        st = cw__raw_skip(u->raw, io.in, io.in_used, err);
    if (st != CW_OK)
        return st;
    u->made = io.out_used;
    u->shown = 0;
    return io.in_n == 0 && io.out_used == 0 ? end(u, err) : CW_OK;
}

/* What cannot be had for the moment may be tried again; damage may not. */
static cw_status keep(cw__unpack *u, cw_status st, const cw_error *err)
{
    if (st == CW_E_INTEGRITY || st == CW_E_TOO_LARGE)
        u->error = *err;
    return st;
}

cw_status cw__unpack_peek(cw__unpack *u, const void **p, size_t *n, cw_error *err)
{
    cw_error local;
    cw_error *e = err ? err : &local;
    cw_status st = CW_OK;

    *n = 0;
    if (u->error.status != CW_OK) {
        cw__error_copy(err, &u->error);
        return u->error.status;
    }
    st = find_kind(u, e);
    if (st == CW_OK && u->kind == CW_DECOMPRESSION_NONE)
        return cw__raw_peek(u->raw, WANTED_IN, p, n, e);
    if (st == CW_OK)
        st = start_expander(u, e);
    while (st == CW_OK && u->shown == u->made && !u->over)
        st = decode(u, e);
    *p = u->out + u->shown;
    *n = st == CW_OK ? u->made - u->shown : 0;
    return keep(u, st, e);
}

cw_status cw__unpack_skip(cw__unpack *u, const void *p, size_t n, cw_error *err)
{
    u->position += n;
    if (u->kind == CW_DECOMPRESSION_NONE)
        return cw__raw_skip(u->raw, p, n, err);
    u->shown += n;
    return CW_OK;
}

void cw__unpack_rewind(cw__unpack *u)
{
    cw__expander_free(u->expander);
    u->expander = NULL;
    u->kind = u->wanted;
    u->made = u->shown = 0;
    u->position = 0;
    u->over = false;
    cw__error_clear(&u->error);
    cw__raw_seek(u->raw, 0);
}

cw_status cw__unpack_init(cw__unpack *u, cw__raw *raw, cw_decompression wanted, cw_error *err)
{
    memset(u, 0, sizeof *u);
    u->raw = raw;
    u->kind = u->wanted = wanted;
    u->out = cw__alloc(OUT_BYTES);
    return u->out ? CW_OK : cw__fail_memory(err, "decompressing");
}

void cw__unpack_free(cw__unpack *u)
{
    cw__expander_free(u->expander);
    cw__free(u->out);
}
