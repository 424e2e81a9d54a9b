/* zstd_expander.c - zstd frames, one after the other, by libzstd's streaming interface */
#include "port/expander.h"

#include "base/error.h"
#include "base/memory.h"

#include <zstd.h>
#include <zstd_errors.h>

struct zstd {
    cw__expander expander;
    ZSTD_DCtx *ctx;
};

static cw_status fail(size_t answer, cw_error *err)
{
    ZSTD_ErrorCode code = ZSTD_getErrorCode(answer);

    if (code == ZSTD_error_memory_allocation)
        return cw__fail_memory(err, "decompressing zstd");
    if (code == ZSTD_error_frameParameter_windowTooLarge)
        return cw__fail(err, CW_E_TOO_LARGE,
                        "the zstd frame wants a window of more than 128 MiB: compress it without "
                        "--long or --ultra");
    return cw__fail(err, CW_E_INTEGRITY, "it is not sound zstd: %s", ZSTD_getErrorName(answer));
}

/* libzstd answers 0 at the end of a frame, when all of it has come out. */
static cw_status run(cw__expander *d, cw__codec_io *io, cw_error *err)
{
    struct zstd *z = (struct zstd *)d;
    ZSTD_inBuffer in = {io->in, io->in_n, io->in_used};
    ZSTD_outBuffer out = {io->out, io->out_n, io->out_used};
    bool moves = true;

    while (moves && out.pos < out.size) {
        size_t before = in.pos + out.pos, left;

        if (d->may_end && in.pos == in.size)
            break;
        left = ZSTD_decompressStream(z->ctx, &out, &in);
        if (ZSTD_isError(left))
            return fail(left, err);
        d->may_end = left == 0;
        moves = in.pos + out.pos > before;
    }
    io->in_used = in.pos;
    io->out_used = out.pos;
    return CW_OK;
}

static void free_zstd(cw__expander *d)
{
    struct zstd *z = (struct zstd *)d;

    ZSTD_freeDCtx(z->ctx);
    cw__free(z);
}

static const cw__expander_ops zstd_ops = {run, free_zstd};

cw_status cw__expander_zstd(cw__expander **out, cw_error *err)
{
    struct zstd *z = cw__alloc_zero(sizeof *z);

    *out = NULL;
    if (!z || !(z->ctx = ZSTD_createDCtx())) {
        cw__free(z);
        return cw__fail_memory(err, "decompressing zstd");
    }
    z->expander.ops = &zstd_ops;
    *out = &z->expander;
    return CW_OK;
}
