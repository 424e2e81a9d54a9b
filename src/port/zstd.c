/* zstd.c - one zstd frame with a checksum, by libzstd's streaming interface
 *
 * libzstd starts its worker threads inside the first call that compresses; signals are blocked in
 * the calling thread meanwhile, so that the workers inherit that and the program's handlers never
 * run on them.
 */
#include "port/codec.h"

#include <pthread.h>
#include <signal.h>

#include "base/error.h"
#include "base/memory.h"

#include <zstd.h>
#include <zstd_errors.h>

enum { LOWEST_LEVEL = -7, HIGHEST_LEVEL = 22 };

struct zstd {
    cw__codec codec;
    ZSTD_CCtx *ctx;
    bool starts_threads; /* at the next call */
};

static cw_status fail(cw_error *err, size_t answer, const char *doing)
{
    if (ZSTD_getErrorCode(answer) == ZSTD_error_memory_allocation)
        return cw__fail_memory(err, doing);
    return cw__fail(err, CW_E_STATE, "libzstd failed while %s: %s", doing,
                    ZSTD_getErrorName(answer));
}

static ZSTD_EndDirective directive(cw__codec_mode mode)
{
    switch (mode) {
    case CW__CODEC_FLUSH:
        return ZSTD_e_flush;
    case CW__CODEC_FINISH:
        return ZSTD_e_end;
    case CW__CODEC_RUN:
        break;
    }
    return ZSTD_e_continue;
}

static size_t compress(struct zstd *z, ZSTD_outBuffer *out, ZSTD_inBuffer *in,
                       ZSTD_EndDirective end)
{
    sigset_t all, before;
    if (!z->starts_threads)
        return ZSTD_compressStream2(z->ctx, out, in, end);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    size_t answer = ZSTD_compressStream2(z->ctx, out, in, end);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    z->starts_threads = false;
    return answer;
}

static cw_status run(cw__codec *c, cw__codec_mode mode, cw__codec_io *io, bool *done, cw_error *err)
{
    struct zstd *z = (struct zstd *)c;
    ZSTD_inBuffer in = {io->in, io->in_n, io->in_used};
    ZSTD_outBuffer out = {io->out, io->out_n, io->out_used};

    *done = false;
    size_t left = compress(z, &out, &in, directive(mode));
    if (ZSTD_isError(left))
        return fail(err, left, "compressing");
    io->in_used = in.pos;
    io->out_used = out.pos;
    *done = in.pos == in.size && (mode == CW__CODEC_RUN || left == 0);
    return CW_OK;
}

static void free_zstd(cw__codec *c)
{
    struct zstd *z = (struct zstd *)c;
    ZSTD_freeCCtx(z->ctx);
    cw__free(z);
}

static const cw__codec_ops zstd_ops = {run, free_zstd};

static size_t configure(ZSTD_CCtx *ctx, int level, unsigned threads)
{
    size_t answer = ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
    if (!ZSTD_isError(answer))
        answer = ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(answer) && threads > 0)
        answer = ZSTD_CCtx_setParameter(ctx, ZSTD_c_nbWorkers, (int)threads);
    return answer;
}

cw_status cw__codec_zstd_check(int level, unsigned threads, cw_error *err)
{
    if (level < LOWEST_LEVEL || level > HIGHEST_LEVEL)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "compression level %d is not one of zstd's, %d to %d (0: the default)",
                        level, (int)LOWEST_LEVEL, (int)HIGHEST_LEVEL);
    ZSTD_bounds most = ZSTD_cParam_getBounds(ZSTD_c_nbWorkers);
    if (threads > 0 && (ZSTD_isError(most.error) || most.upperBound < 1))
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "this libzstd was built without threads: set compression_threads to 0");
    if (threads > 0 && threads > (unsigned)most.upperBound)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "%u compression threads are more than libzstd's limit of %d", threads,
                        most.upperBound);
    return CW_OK;
}

cw_status cw__codec_zstd(cw__codec **out, int level, unsigned threads, cw_error *err)
{
    *out = NULL;
    cw_status status = cw__codec_zstd_check(level, threads, err);
    if (status != CW_OK)
        return status;
    struct zstd *z = cw__alloc_zero(sizeof *z);
    if (!z)
        return cw__fail_memory(err, "starting zstd");
    z->codec.ops = &zstd_ops;
    z->starts_threads = threads > 0;
    z->ctx = ZSTD_createCCtx();
    if (!z->ctx) {
        free_zstd(&z->codec);
        return cw__fail_memory(err, "starting zstd");
    }
    size_t answer = configure(z->ctx, level, threads);
    if (ZSTD_isError(answer)) {
        free_zstd(&z->codec);
        return fail(err, answer, "setting its parameters");
    }
    *out = &z->codec;
    return CW_OK;
}
