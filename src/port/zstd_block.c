/* zstd_block.c - libzstd for block.h
 *
 * Level 1 of libzstd looks for matches of seven bytes in large inputs, which numbers seldom have:
 * where the caller says that the block is of numbers, shorter ones are looked for. In texts, a
 * table of matches that fits the nearest cache finds nearly as many, and finds them sooner. Numbers
 * that were split byte by byte are for zstd_planes.c.
 */
#include <string.h>
#include <zstd.h>

#include "base/memory.h"
#include "port/block.h"
#include "port/block_codecs.h"
#include "port/zstd_planes.h"

enum { NUMBER_MATCH = 5, TEXT_MATCH = 7, TEXT_HASH = 13, MOST_PLANES_LEVEL = 3 };

struct cw__zstd_block {
    ZSTD_CCtx *compress;
    ZSTD_DCtx *restore;
    int level;
    bool texts;
};

static bool have(cw__zstd_block **z)
{
    if (!*z && (*z = cw__alloc_zero(sizeof **z)))
        (*z)->level = -1;
    return *z != NULL;
}

int cw__zstd_block_most_level(void)
{
    return ZSTD_maxCLevel();
}

size_t cw__zstd_block_bound(size_t n)
{
    return ZSTD_compressBound(n);
}

static bool set(cw__zstd_block *z, ZSTD_cParameter parameter, int value)
{
    return !ZSTD_isError(ZSTD_CCtx_setParameter(z->compress, parameter, value));
}

static bool set_level(cw__zstd_block *z, int level, bool texts)
{
    if (z->level == level && z->texts == texts)
        return true;
    ZSTD_CCtx_reset(z->compress, ZSTD_reset_session_and_parameters);
    bool ok = set(z, ZSTD_c_compressionLevel, level) && set(z, ZSTD_c_contentSizeFlag, 1) &&
              set(z, ZSTD_c_checksumFlag, 0);
    if (ok && level <= 2)
        ok = set(z, ZSTD_c_minMatch, texts ? TEXT_MATCH : NUMBER_MATCH);
    if (ok && level == 1 && texts)
        ok = set(z, ZSTD_c_hashLog, TEXT_HASH);
    z->level = ok ? level : -1;
    z->texts = texts;
    return ok;
}

/* ---- the face ---- */

size_t cw__zstd_block_compress(cw__zstd_block **z, int level, unsigned hint, void *to, size_t room,
                               const void *from, size_t n)
{
    unsigned kind = hint & CW__BLOCK_KIND;
    size_t done = 0;

    if (!have(z) || (!(*z)->compress && !((*z)->compress = ZSTD_createCCtx())))
        return 0;
    level = level ? level : 1;
    if (!set_level(*z, level, kind == CW__BLOCK_ANY))
        return 0;
    if (hint >= CW__BLOCK_PLANE && level <= MOST_PLANES_LEVEL)
        done = cw__zstd_planes_compress((*z)->compress, to, room, from, n, kind,
                                        hint / CW__BLOCK_PLANE);
    if (done)
        return done;
    size_t used = ZSTD_compress2((*z)->compress, to, room, from, n);
    return ZSTD_isError(used) ? 0 : used;
}

bool cw__zstd_block_restore(cw__zstd_block **z, void *to, size_t n, const void *from, size_t from_n)
{
    if (!have(z) || (!(*z)->restore && !((*z)->restore = ZSTD_createDCtx())))
        return false;
    size_t got = ZSTD_decompressDCtx((*z)->restore, to, n, from, from_n);
    return !ZSTD_isError(got) && got == n;
}

void cw__zstd_block_free(cw__zstd_block *z)
{
    if (!z)
        return;
    ZSTD_freeCCtx(z->compress);
    ZSTD_freeDCtx(z->restore);
    cw__free(z);
}
