/* gzip_block.c - zlib for block.h: one gzip member (RFC 1952) for a block, one or more back */
#include <limits.h>
#include <stdint.h>
#include <zlib.h>

#include "base/memory.h"
#include "port/block_codecs.h"

enum { GZIP_WINDOW = 15 + 16, GZIP_OR_ZLIB = 15 + 32, MEMORY = 8, DEFAULT_LEVEL = 6 };

struct cw__gzip_block {
    z_stream compress, restore;
    bool compresses, restores;
    int level;
};

static bool have(cw__gzip_block **g)
{
    if (!*g)
        *g = cw__alloc_zero(sizeof **g);
    return *g != NULL;
}

static bool begin(cw__gzip_block *g, int level)
{
    if (g->compresses && g->level == level)
        return deflateReset(&g->compress) == Z_OK;
    if (g->compresses)
        deflateEnd(&g->compress);
    g->level = level;
    g->compresses = deflateInit2(&g->compress, level, Z_DEFLATED, GZIP_WINDOW, MEMORY,
                                 Z_DEFAULT_STRATEGY) == Z_OK;
    return g->compresses;
}

/* zlib takes its input through a pointer that is not const, and leaves it alone. */
static void lay_out(z_stream *z, void *to, size_t room, const void *from, size_t n)
{
    z->next_in = (Bytef *)(uintptr_t)from;
    z->avail_in = (uInt)n;
    z->next_out = to;
    z->avail_out = (uInt)room;
}

size_t cw__gzip_block_compress(cw__gzip_block **g, int level, void *to, size_t room,
                               const void *from, size_t n)
{
    if (n > UINT_MAX || !have(g) || !begin(*g, level ? level : DEFAULT_LEVEL))
        return 0;
    lay_out(&(*g)->compress, to, room > UINT_MAX ? UINT_MAX : room, from, n);
    if (deflate(&(*g)->compress, Z_FINISH) != Z_STREAM_END)
        return 0;
    return (size_t)(*g)->compress.total_out;
}

bool cw__gzip_block_restore(cw__gzip_block **g, void *to, size_t n, const void *from, size_t from_n)
{
    if (n > UINT_MAX || from_n > UINT_MAX || !have(g))
        return false;
    z_stream *z = &(*g)->restore;
    if ((*g)->restores ? inflateReset(z) != Z_OK : inflateInit2(z, GZIP_OR_ZLIB) != Z_OK)
        return false;
    (*g)->restores = true;
    lay_out(z, to, n, from, from_n);
    int answer = inflate(z, Z_FINISH);
    /* Other writers put members one after the other; each takes input, so that this ends. */
    while (answer == Z_STREAM_END && z->avail_in && z->avail_out)
        answer = inflateReset(z) == Z_OK ? inflate(z, Z_FINISH) : Z_STREAM_ERROR;
    return answer == Z_STREAM_END && z->avail_out == 0;
}

void cw__gzip_block_free(cw__gzip_block *g)
{
    if (!g)
        return;
    if (g->compresses)
        deflateEnd(&g->compress);
    if (g->restores)
        inflateEnd(&g->restore);
    cw__free(g);
}
