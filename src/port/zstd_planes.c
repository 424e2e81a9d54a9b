/* zstd_planes.c - split numbers in a zstd frame, each plane as it deserves
 *
 * Numbers that were split byte by byte are planes: the first bytes of all, the second bytes of all
 * … The least ones are often noise, and libzstd takes as long to find nothing in it as to compress
 * the rest. The next ones may have frequent and rare bytes, in no order: looking for repetitions
 * there costs time and saves less than their frequencies alone; and each plane has frequencies of
 * its own, where libzstd would put several into one block. Only the last ones are worth a search.
 *
 *     magic, header (content size) | noise: raw blocks | literals: the blocks of other frames
 *                                  | all from the first plane to be searched on: of one more frame
 *
 * That is a frame like any other. A frame's first block counts on a decoder in its first state, and
 * nothing in that frame reaches back beyond its beginning; blocks that are raw, or that have
 * literals and no sequences, leave the offsets that a decoder remembers as they are, and tables are
 * never used again before a block brought its own. So blocks of several frames may follow each
 * other if all but those of the last one are of these kinds, which is made sure of.
 */
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_c_literalCompressionMode */

#include "port/zstd_planes.h"

#include <stdbool.h>
#include <string.h>

#include "port/block.h"

enum {
    STRIDE = 16 << 10, /* a plane is looked at in steps of about so many bytes … */
    PROBE = 1024,      /* … by so many of them in the middle */
    LEAST_PLANE = 2048,
    MOST_PLANES = 16,
    MOST_BLOCK = 128 << 10,
    FRAME_HEADER = 9,
    BLOCK_HEADER = 3,
    RAW_BLOCK = 0,
    RUN_BLOCK = 1,
    COMPRESSED_BLOCK = 2,
    LEAST_LITERALS = 256,           /* in front of the planes */
    NO_SEARCH = ZSTD_BLOCKSIZE_MAX, /* the steps of the search */
    AUTOMATIC = 0,                  /* literals: compressed unless steps are long … */
    COMPRESSED = 1                  /* … or always */
};

typedef enum treatment { SAME, NOISE, LITERALS, SEARCHED } treatment;

/* ---- what a plane is like ---- */

/* The sum of the squares of the counts: PROBE times how many bytes equal another by chance. Counted
   by turns in four places: the next one often is the same byte, whose count is still on its way. */
static uint32_t squares(const uint8_t *p)
{
    uint16_t counts[4][256] = {0};
    uint32_t sum = 0;

    for (size_t i = 0; i < PROBE; i += 4) {
        counts[0][p[i]]++;
        counts[1][p[i + 1]]++;
        counts[2][p[i + 2]]++;
        counts[3][p[i + 3]]++;
    }
    for (size_t i = 0; i < 256; i++) {
        uint32_t n = (uint32_t)counts[0][i] + counts[1][i] + counts[2][i] + counts[3][i];
        sum += n * n;
    }
    return sum;
}

/* All bytes about as frequent: the sum is near the least there is. This much more than that of
   chance is a gain of less than one percent. */
static bool is_even(uint32_t sum)
{
    enum { BY_CHANCE = PROBE + PROBE * (PROBE - 1) / 256, MORE = BY_CHANCE / 16 };

    return sum < BY_CHANCE + MORE;
}

/* By chance, four bytes of noise come again within so few about once in ten thousand times. A place
   that nothing was put into is that of the first bytes, so that there is no branch to guess. */
static bool has_repeats(const uint8_t *p)
{
    enum { BITS = 11 };
    uint16_t places[1 << BITS] = {0};
    uint32_t here, there;

    for (size_t i = 1; i + sizeof here <= PROBE; i++) {
        memcpy(&here, p + i, sizeof here);
        uint16_t *place = &places[here * 2654435761u >> (32 - BITS)];
        memcpy(&there, p + *place, sizeof there);
        if (here == there)
            return true;
        *place = (uint16_t)i;
    }
    return false;
}

/* Eight bytes at once: those that are not 0 where words differ are counted by their upper bits,
   each of the eight in a byte of its own, fewer than 128 times. */
static uint32_t equal_at(const uint8_t *p, size_t lag)
{
    enum { COMPARED = PROBE - 8 };
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f), ones = UINT64_C(0x0101010101010101);
    const uint64_t even = UINT64_C(0x00ff00ff00ff00ff), pairs = UINT64_C(0x0001000100010001);
    uint64_t here, there, other = 0;

    for (size_t i = 0; i < COMPARED; i += 8) {
        memcpy(&here, p + i, sizeof here);
        memcpy(&there, p + i + lag, sizeof there);
        uint64_t differ = here ^ there;
        other += (((differ & low) + low) | differ) >> 7 & ones;
    }
    other = (other & even) + (other >> 8 & even);
    return COMPARED - (uint32_t)(other * pairs >> 48);
}

/* Bytes are like their neighbours so often that a search finds long repetitions: short ones take
   more time than what they save is worth. */
static bool has_runs(const uint8_t *p, uint32_t sum)
{
    uint32_t by_chance = sum / PROBE, often = PROBE - (PROBE - by_chance) / 4;

    for (size_t lag = 1; lag <= 8; lag++)
        if (equal_at(p, lag) > often)
            return true;
    return false;
}

/* Where one byte is nearly all of them, repetitions are much shorter than a bit for each. Numbers
   that do not repeat in one plane do not in the next: `fresh` says that the one before is noise. */
static treatment look_at(const uint8_t *p, bool fresh)
{
    enum { NEARLY_ALL = PROBE * (PROBE / 8 * 7), RARELY = PROBE * (PROBE / 20) };
    uint32_t sum = squares(p);

    if (is_even(sum))
        return !fresh && has_repeats(p) ? SEARCHED : NOISE;
    if (sum > NEARLY_ALL || has_runs(p, sum))
        return SEARCHED;
    return sum < RARELY && !fresh && has_repeats(p) ? SEARCHED : LITERALS;
}

static treatment treat(const uint8_t *p, size_t n, bool fresh)
{
    size_t looks = (n + STRIDE / 2) / STRIDE + (n < STRIDE / 2);
    treatment most = SAME;

    if (p[0] == p[n / 2] && p[0] == p[n - 1] && memcmp(p, p + 1, n - 1) == 0)
        return SAME;
    for (size_t i = 0; i < looks && most != SEARCHED; i++) {
        treatment t = look_at(p + (n / looks - PROBE) / 2 + n / looks * i, fresh);
        most = t > most ? t : most;
    }
    return most;
}

/* ---- blocks ---- */

static uint8_t *put_le(uint8_t *p, uint32_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *p++ = (uint8_t)(v >> (8 * i));
    return p;
}

static uint32_t get_le(const uint8_t *p, size_t n)
{
    uint32_t v = 0;

    for (size_t i = 0; i < n; i++)
        v |= (uint32_t)p[i] << (8 * i);
    return v;
}

/* What is being written. */
typedef struct output {
    ZSTD_CCtx *c;
    uint8_t *p, *end;
    uint8_t *last; /* the header of the last block */
} output;

static uint8_t *begin_block(output *out, unsigned type, size_t n)
{
    out->last = out->p;
    return put_le(out->p, (uint32_t)n << 3 | type << 1, BLOCK_HEADER);
}

/* As it is, or one byte for all. */
static bool put_simple(output *out, treatment t, const uint8_t *p, size_t n)
{
    for (size_t at = 0; at < n; at += MOST_BLOCK) {
        size_t k = n - at < MOST_BLOCK ? n - at : MOST_BLOCK, stored = t == SAME ? 1 : k;
        if ((size_t)(out->end - out->p) < BLOCK_HEADER + stored)
            return false;
        out->p = begin_block(out, t == SAME ? RUN_BLOCK : RAW_BLOCK, k);
        memcpy(out->p, p + at, stored);
        out->p += stored;
    }
    return true;
}

/* Bytes in front of the first block of a frame without dictionary. */
static size_t header_bytes(const uint8_t *frame)
{
    static const uint8_t size_bytes[] = {0, 2, 4, 8};
    unsigned flag = frame[4] >> 6;
    bool single = frame[4] >> 5 & 1;

    return 5 + (single ? flag == 0 : 1u) + size_bytes[flag];
}

/* The blocks of a frame of its own. Answers their bytes; 0: no room, or an error. */
static size_t put_blocks(output *out, const uint8_t *p, size_t n)
{
    size_t room = (size_t)(out->end - out->p);
    size_t used = ZSTD_compress2(out->c, out->p, room, p, n);

    if (ZSTD_isError(used))
        return 0;
    size_t header = header_bytes(out->p);
    memmove(out->p, out->p + header, used - header);
    return used - header;
}

/* The literals of a compressed block: bytes of the section, header included. */
static size_t literal_bytes(const uint8_t *p)
{
    static const uint8_t plain_headers[] = {1, 2, 1, 3}, headers[] = {3, 3, 4, 5};
    static const uint8_t plain_shifts[] = {3, 4, 3, 4}, bits[] = {10, 10, 14, 18};
    unsigned type = p[0] & 3, format = p[0] >> 2 & 3;
    uint64_t v;

    if (type < 2) {
        size_t header = plain_headers[format];
        return header + (type == 1 ? 1 : get_le(p, header) >> plain_shifts[format]);
    }
    v = get_le(p, 3) | (uint64_t)get_le(p + 3, headers[format] - 3u) << 24;
    return headers[format] + (size_t)(v >> (4 + bits[format]) & ((1u << bits[format]) - 1));
}

/* No sequences; and none of the blocks the last one any more. */
static bool make_literals(output *out, size_t n)
{
    uint8_t *p = out->p, *end = p + n;

    while (p < end) {
        uint32_t header = get_le(p, BLOCK_HEADER);
        unsigned type = header >> 1 & 3;
        if (type == COMPRESSED_BLOCK && p[BLOCK_HEADER + literal_bytes(p + BLOCK_HEADER)] != 0)
            return false;
        out->last = p;
        put_le(p, header & ~1u, BLOCK_HEADER);
        p += BLOCK_HEADER + (type == RUN_BLOCK ? 1 : header >> 3);
    }
    return true;
}

static bool search(output *out, bool on)
{
    return !ZSTD_isError(ZSTD_CCtx_setParameter(out->c, ZSTD_c_targetLength, on ? 0 : NO_SEARCH)) &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(out->c, ZSTD_c_literalCompressionMode,
                                                on ? AUTOMATIC : COMPRESSED));
}

/* false: nothing is written, it has to be searched. */
static bool put_literals(output *out, const uint8_t *p, size_t n)
{
    size_t used = search(out, false) ? put_blocks(out, p, n) : 0;

    if (!search(out, true) || used == 0 || !make_literals(out, used))
        return false;
    out->p += used;
    return true;
}

/* ---- the frame ---- */

static bool put_frame_header(output *out, size_t n)
{
    if ((size_t)(out->end - out->p) < FRAME_HEADER)
        return false;
    out->p = put_le(out->p, ZSTD_MAGICNUMBER, 4);
    *out->p++ = 2 << 6 | 1 << 5; /* content size in four bytes; one segment */
    out->p = put_le(out->p, (uint32_t)n, 4);
    return true;
}

/* All that is left, with the last block. */
static bool put_rest(output *out, const uint8_t *p, size_t n)
{
    size_t used;

    if (n == 0) {
        if (out->last)
            *out->last |= 1;
        return out->last != NULL;
    }
    used = put_blocks(out, p, n);
    out->p += used;
    return used > 0;
}

/* What is in front of the planes is short, and seldom worth a search. */
static treatment treat_front(size_t n)
{
    return n < LEAST_LITERALS ? NOISE : LITERALS;
}

/* What the caller knows of planes comes first. Bits that are not noise may be anything. */
static treatment treat_as(unsigned kind, const uint8_t *p, size_t n, bool fresh)
{
    treatment t = kind == CW__BLOCK_LITERALS ? LITERALS : treat(p, n, fresh);

    return kind == CW__BLOCK_PACKED && t == LITERALS ? SEARCHED : t;
}

size_t cw__zstd_planes_compress(ZSTD_CCtx *c, uint8_t *to, size_t room, const uint8_t *from,
                                size_t n, unsigned kind, size_t plane)
{
    output out = {.c = c, .p = to, .end = to + room};
    bool fresh = false;
    size_t at = 0;

    if (plane < LEAST_PLANE || plane > n || n > UINT32_MAX || n / plane > MOST_PLANES ||
        !put_frame_header(&out, n))
        return 0;
    for (size_t k; at < n; at += k ? k : plane) {
        k = (n - at) % plane;
        treatment t = k ? treat_front(k) : treat_as(kind, from + at, plane, fresh);
        fresh = k == 0 && t == NOISE;
        if (t == SEARCHED || (t == LITERALS && !put_literals(&out, from + at, k ? k : plane)))
            break;
        if (t < LITERALS && !put_simple(&out, t, from + at, k ? k : plane))
            return 0;
    }
    if (at < plane || !put_rest(&out, from + at, n - at))
        return 0;
    return (size_t)(out.p - to);
}
