/* zstd_block.c - libzstd for block.h
 *
 * Level 1 of libzstd looks for matches of seven bytes in large inputs, which numbers seldom have:
 * where the caller says that the block is of numbers, shorter ones are looked for. In texts, a table
 * of matches that fits the nearest cache finds nearly as many, and finds them sooner.
 *
 * Numbers that were split byte by byte begin with their least bytes, often noise, and libzstd takes
 * as long to find nothing in it as to compress the rest. Noise in front goes into raw blocks as it
 * is; what follows is compressed as a frame of its own, whose blocks then continue ours:
 *
 *     magic, header (content size) | raw block | raw block | the blocks of the other frame
 *
 * That is a frame like any other: raw blocks leave a decoder in its first state, which is what the
 * other frame's first block counts on, and nothing in that reaches back beyond its beginning.
 */
#include <string.h>
#include <zstd.h>

#include "base/memory.h"
#include "port/block.h"
#include "port/block_codecs.h"

enum { NUMBER_MATCH = 5, TEXT_MATCH = 7, TEXT_HASH = 13 };

struct cw__zstd_block {
    ZSTD_CCtx *compress;
    ZSTD_DCtx *restore;
    int level;
    unsigned hint;
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

static bool set_level(cw__zstd_block *z, int level, unsigned hint)
{
    if (z->level == level && z->hint == hint)
        return true;
    ZSTD_CCtx_reset(z->compress, ZSTD_reset_session_and_parameters);
    bool ok = set(z, ZSTD_c_compressionLevel, level) && set(z, ZSTD_c_contentSizeFlag, 1) &&
              set(z, ZSTD_c_checksumFlag, 0);
    if (ok && level <= 2)
        ok = set(z, ZSTD_c_minMatch, hint ? NUMBER_MATCH : TEXT_MATCH);
    if (ok && level == 1 && !hint)
        ok = set(z, ZSTD_c_hashLog, TEXT_HASH);
    z->level = ok ? level : -1;
    z->hint = hint;
    return ok;
}

/* ---- noise in front ---- */

enum {
    STRIDE = 16 << 10, /* noise is looked for, and found, in steps of so many bytes … */
    PROBE = 1024,      /* … by a look at so many of them */
    MOST_RAW = 128 << 10,
    MOST_NOISE_LEVEL = 3,
    FRAME_HEADER = 9,
    BLOCK_HEADER = 3
};

/* All bytes about as frequent: the sum of the squares of their counts is near the least there is.
   This much more than that of chance is a gain of less than one percent. */
static bool has_even_counts(const uint8_t *p)
{
    enum { BY_CHANCE = PROBE + PROBE * (PROBE - 1) / 256, MORE = BY_CHANCE / 16 };
    uint16_t counts[256] = {0};
    uint32_t sum = 0;

    for (size_t i = 0; i < PROBE; i++)
        counts[p[i]]++;
    for (size_t i = 0; i < 256; i++)
        sum += (uint32_t)counts[i] * counts[i];
    return sum < BY_CHANCE + MORE;
}

/* By chance, four bytes come again within so few about once in ten thousand times. */
static bool has_repeats(const uint8_t *p)
{
    enum { BITS = 11 };
    uint16_t places[1 << BITS] = {0}; /* + 1 */
    uint32_t here, there;

    for (size_t i = 0; i + sizeof here <= PROBE; i++) {
        memcpy(&here, p + i, sizeof here);
        uint16_t *place = &places[here * 2654435761u >> (32 - BITS)];
        if (*place) {
            memcpy(&there, p + *place - 1, sizeof there);
            if (here == there)
                return true;
        }
        *place = (uint16_t)(i + 1);
    }
    return false;
}

static size_t noise_in_front(const uint8_t *p, size_t n)
{
    size_t noise = 0;

    for (; n - noise >= STRIDE; noise += STRIDE) {
        const uint8_t *probe = p + noise + (STRIDE - PROBE) / 2;
        if (!has_even_counts(probe) || has_repeats(probe))
            break;
    }
    return noise;
}

static uint8_t *put_le(uint8_t *p, uint32_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *p++ = (uint8_t)(v >> (8 * i));
    return p;
}

static uint8_t *put_raw(uint8_t *out, const uint8_t *p, size_t n, bool last)
{
    out = put_le(out, (uint32_t)n << 3 | last, BLOCK_HEADER);
    memcpy(out, p, n);
    return out + n;
}

/* Bytes in front of the first block of a frame without dictionary. */
static size_t header_bytes(const uint8_t *frame)
{
    static const uint8_t size_bytes[] = {0, 2, 4, 8};
    unsigned flag = frame[4] >> 6;
    bool single = frame[4] >> 5 & 1;

    return 5 + (single ? flag == 0 : 1u) + size_bytes[flag];
}

/* The first `noise` bytes raw, the rest compressed; 0: no room, or an error. */
static size_t compress_after(ZSTD_CCtx *c, uint8_t *to, size_t room, const uint8_t *from, size_t n,
                             size_t noise)
{
    size_t front = FRAME_HEADER + noise + (noise / MOST_RAW + 1) * BLOCK_HEADER, used;
    uint8_t *out = to;

    if (n > UINT32_MAX || room < front || room - front < ZSTD_compressBound(n - noise))
        return 0;
    out = put_le(out, ZSTD_MAGICNUMBER, 4);
    *out++ = 2 << 6 | 1 << 5; /* content size in four bytes; one segment */
    out = put_le(out, (uint32_t)n, 4);
    for (size_t at = 0; at < noise; at += MOST_RAW) {
        size_t k = noise - at < MOST_RAW ? noise - at : MOST_RAW;
        out = put_raw(out, from + at, k, at + k == n);
    }
    if (noise == n)
        return (size_t)(out - to);
    used = ZSTD_compress2(c, out, room - (size_t)(out - to), from + noise, n - noise);
    if (ZSTD_isError(used))
        return 0;
    size_t header = header_bytes(out);
    memmove(out, out + header, used - header);
    return (size_t)(out - to) + used - header;
}

/* ---- the face ---- */

size_t cw__zstd_block_compress(cw__zstd_block **z, int level, unsigned hint, void *to, size_t room,
                               const void *from, size_t n)
{
    size_t noise = 0, done = 0;

    if (!have(z) || (!(*z)->compress && !((*z)->compress = ZSTD_createCCtx())))
        return 0;
    level = level ? level : 1;
    if (!set_level(*z, level, hint))
        return 0;
    if (hint == CW__BLOCK_SPLIT && level <= MOST_NOISE_LEVEL)
        noise = noise_in_front(from, n);
    if (noise)
        done = compress_after((*z)->compress, to, room, from, n, noise);
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
