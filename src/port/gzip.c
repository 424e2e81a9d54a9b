/* gzip.c - one gzip member (RFC 1952) by zlib's deflate
 *
 * The header has no name and no time: the same input makes the same bytes.
 *
 * zlib tells that a flush is complete only by room left over, and begins the flush anew when there
 * was none: into a few bytes at a time it would flush for ever. Room below SPILL_BYTES is therefore
 * filled by way of a buffer of that size, more than the marker of a flush needs.
 */
#include "port/codec.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

#include <zlib.h>

enum {
    GZIP_WINDOW = 15 + 16, /* the largest window, and +16 for the gzip wrapper */
    MEMORY_LEVEL = 8,      /* zlib's default */
    SPILL_BYTES = 64
};

struct gzip {
    cw__codec codec;
    z_stream z;
    unsigned char spill[SPILL_BYTES];
    size_t spill_n, spill_used;
    bool spill_is_last; /* what is spilled ends the flush or the stream */
};

static uInt clamp(size_t n)
{
    return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

static int deflate_flag(cw__codec_mode mode)
{
    switch (mode) {
    case CW__CODEC_FLUSH:
        return Z_SYNC_FLUSH;
    case CW__CODEC_FINISH:
        return Z_FINISH;
    case CW__CODEC_RUN:
        break;
    }
    return Z_NO_FLUSH;
}

/** deflate once from `io` into `out`; *made bytes of it. */
static cw_status deflate_into(struct gzip *g, cw__codec_mode mode, cw__codec_io *io, void *out,
                              size_t room, size_t *made, bool *done, cw_error *err)
{
    size_t in_left = io->in_n - io->in_used;
    uInt given = clamp(in_left), space = clamp(room);
    bool all_given = given == in_left;

    g->z.next_in = (Bytef *)((uintptr_t)io->in + io->in_used);
    g->z.avail_in = given;
    g->z.next_out = out;
    g->z.avail_out = space;
    int answer = deflate(&g->z, all_given ? deflate_flag(mode) : Z_NO_FLUSH);
    io->in_used += given - g->z.avail_in;
    *made = space - g->z.avail_out;

    /* Z_BUF_ERROR: there was nothing left to do, which is how a repeated flush ends. */
    if (answer != Z_OK && answer != Z_STREAM_END && answer != Z_BUF_ERROR)
        return cw__fail(err, CW_E_STATE, "zlib cannot compress: %s",
                        g->z.msg ? g->z.msg : zError(answer));
    bool taken = all_given && g->z.avail_in == 0;
    *done = mode == CW__CODEC_FINISH  ? answer == Z_STREAM_END
            : mode == CW__CODEC_FLUSH ? taken && g->z.avail_out > 0
                                      : taken;
    return CW_OK;
}

static bool spilled(const struct gzip *g)
{
    return g->spill_used < g->spill_n;
}

static void move_spill(struct gzip *g, cw__codec_io *io)
{
    size_t n = g->spill_n - g->spill_used, room = io->out_n - io->out_used;
    if (n > room)
        n = room;
    memcpy((unsigned char *)io->out + io->out_used, g->spill + g->spill_used, n);
    io->out_used += n;
    g->spill_used += n;
}

static cw_status deflate_by_spill(struct gzip *g, cw__codec_mode mode, cw__codec_io *io, bool *done,
                                  cw_error *err)
{
    if (!spilled(g)) {
        bool last;
        g->spill_n = g->spill_used = 0;
        cw_status status =
            deflate_into(g, mode, io, g->spill, SPILL_BYTES, &g->spill_n, &last, err);
        if (status != CW_OK)
            return status;
        g->spill_is_last = last && mode != CW__CODEC_RUN;
    }
    move_spill(g, io);
    *done = mode == CW__CODEC_RUN ? io->in_used == io->in_n : g->spill_is_last && !spilled(g);
    return CW_OK;
}

static cw_status run(cw__codec *c, cw__codec_mode mode, cw__codec_io *io, bool *done, cw_error *err)
{
    struct gzip *g = (struct gzip *)c;
    size_t made;
    *done = false;
    if (spilled(g) || io->out_n - io->out_used < SPILL_BYTES)
        return deflate_by_spill(g, mode, io, done, err);
    cw_status status = deflate_into(g, mode, io, (unsigned char *)io->out + io->out_used,
                                    io->out_n - io->out_used, &made, done, err);
    io->out_used += made;
    return status;
}

static void free_gzip(cw__codec *c)
{
    struct gzip *g = (struct gzip *)c;
    deflateEnd(&g->z);
    cw__free(g);
}

static const cw__codec_ops gzip_ops = {run, free_gzip};

cw_status cw__codec_gzip_check(int level, cw_error *err)
{
    if (level < 0 || level > 9)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "compression level %d is not one of gzip's, 1 to 9 (0: the default)",
                        level);
    return CW_OK;
}

cw_status cw__codec_gzip(cw__codec **out, int level, cw_error *err)
{
    *out = NULL;
    cw_status status = cw__codec_gzip_check(level, err);
    if (status != CW_OK)
        return status;
    struct gzip *g = cw__alloc_zero(sizeof *g);
    if (!g)
        return cw__fail_memory(err, "starting gzip");
    int answer = deflateInit2(&g->z, level ? level : Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW,
                              MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
    if (answer != Z_OK) {
        cw__free(g);
        if (answer == Z_MEM_ERROR)
            return cw__fail_memory(err, "starting gzip");
        return cw__fail(err, CW_E_UNSUPPORTED, "zlib cannot start: %s", zError(answer));
    }
    g->codec.ops = &gzip_ops;
    *out = &g->codec;
    return CW_OK;
}
