/* gzip_expander.c - gzip members (RFC 1952), one after the other, by zlib's inflate
 *
 * zlib checks the CRC and the length of each member. What follows the last member has to be
 * another one: anything else is damage.
 */
#include "port/expander.h"

#include <limits.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16 }; /* the largest window, and +16 for the gzip wrapper */

struct gzip {
    cw__expander expander;
    z_stream z;
    bool between; /* a member has ended, and the next byte begins another */
};

static uInt clamp(size_t n)
{
    return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

static cw_status fail(const struct gzip *g, int answer, cw_error *err)
{
    if (answer == Z_MEM_ERROR)
        return cw__fail_memory(err, "decompressing gzip");
    return cw__fail(err, CW_E_INTEGRITY, "it is not sound gzip: %s",
                    g->z.msg ? g->z.msg : zError(answer));
}

static cw_status inflate_once(struct gzip *g, cw__codec_io *io, cw_error *err)
{
    uInt given = clamp(io->in_n - io->in_used), room = clamp(io->out_n - io->out_used);
    int answer;

    g->z.next_in = (Bytef *)((uintptr_t)io->in + io->in_used);
    g->z.avail_in = given;
    g->z.next_out = (Bytef *)io->out + io->out_used;
    g->z.avail_out = room;
    answer = inflate(&g->z, Z_NO_FLUSH);
    io->in_used += given - g->z.avail_in;
    io->out_used += room - g->z.avail_out;
    if (answer == Z_STREAM_END)
        g->between = true;
    else if (answer != Z_OK && answer != Z_BUF_ERROR)
        return fail(g, answer, err);
    g->expander.may_end = g->between;
    return CW_OK;
}

static cw_status run(cw__expander *d, cw__codec_io *io, cw_error *err)
{
    struct gzip *g = (struct gzip *)d;
    cw_status st = CW_OK;
    bool moves = true;

    while (st == CW_OK && moves && io->out_used < io->out_n) {
        size_t in = io->in_used, out = io->out_used;

        if (g->between && io->in_used == io->in_n)
            break;
        if (g->between && inflateReset(&g->z) != Z_OK)
            return fail(g, Z_STREAM_ERROR, err);
        g->between = false;
        st = inflate_once(g, io, err);
        moves = io->in_used > in || io->out_used > out;
    }
    return st;
}

static void free_gzip(cw__expander *d)
{
    struct gzip *g = (struct gzip *)d;

    inflateEnd(&g->z);
    cw__free(g);
}

static const cw__expander_ops gzip_ops = {run, free_gzip};

cw_status cw__expander_gzip(cw__expander **out, cw_error *err)
{
    struct gzip *g = cw__alloc_zero(sizeof *g);
    int answer;

    *out = NULL;
    if (!g)
        return cw__fail_memory(err, "decompressing gzip");
    answer = inflateInit2(&g->z, GZIP_WINDOW);
    if (answer != Z_OK) {
        cw__free(g);
        return answer == Z_MEM_ERROR
                   ? cw__fail_memory(err, "decompressing gzip")
                   : cw__fail(err, CW_E_UNSUPPORTED, "zlib cannot start: %s", zError(answer));
    }
    g->expander.ops = &gzip_ops;
    *out = &g->expander;
    return CW_OK;
}
