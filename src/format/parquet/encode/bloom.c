/* bloom.c - split block Bloom filters and the hash they use, XXH64 with seed 0
 *
 * A filter is blocks of eight 32-bit words. The upper half of a hash picks the block, the lower
 * half one bit in each of its words. Numbers and method are those of the format's specification.
 */
#include "format/parquet/encode/bloom.h"

#include <math.h>
#include <string.h>

/* ---- XXH64 ---- */

#define P1 UINT64_C(0x9E3779B185EBCA87)
#define P2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define P3 UINT64_C(0x165667B19E3779F9)
#define P4 UINT64_C(0x85EBCA77C2B2AE63)
#define P5 UINT64_C(0x27D4EB2F165667C5)

static uint64_t rotate(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

static uint64_t load_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t load_u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t round_of(uint64_t lane, uint64_t word)
{
    return rotate(lane + word * P2, 31) * P1;
}

static uint64_t merge(uint64_t h, uint64_t lane)
{
    return (h ^ round_of(0, lane)) * P1 + P4;
}

/* All whole stripes of 32 bytes, in four lanes. */
static uint64_t stripes(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *p = *at;
    uint64_t a = P1 + P2, b = P2, c = 0, d = 0 - P1;

    for (; end - p >= 32; p += 32) {
        a = round_of(a, load_u64(p));
        b = round_of(b, load_u64(p + 8));
        c = round_of(c, load_u64(p + 16));
        d = round_of(d, load_u64(p + 24));
    }
    *at = p;
    uint64_t h = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    return merge(merge(merge(merge(h, a), b), c), d);
}

static uint64_t avalanche(uint64_t h)
{
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}

uint64_t cw__xxh64(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    const uint8_t *end = n ? p + n : p;
    uint64_t h = n >= 32 ? stripes(&p, end) : P5;

    h += n;
    for (; end - p >= 8; p += 8)
        h = rotate(h ^ round_of(0, load_u64(p)), 27) * P1 + P4;
    for (; end - p >= 4; p += 4)
        h = rotate(h ^ load_u32(p) * P1, 23) * P2 + P3;
    for (; p < end; p++)
        h = rotate(h ^ *p * P5, 11) * P1;
    return avalanche(h);
}

/* ---- the filter ---- */

enum { WORDS = 8, BLOCK = 32, MOST_BYTES = 128 << 20 };

static const uint32_t salt[WORDS] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                     0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};

size_t cw__bloom_bytes(uint64_t distinct, double fpp)
{
    double bits = -8.0 * (double)distinct / log(1.0 - pow(fpp, 1.0 / 8.0));
    size_t bytes = BLOCK;

    while (bytes < MOST_BYTES && (double)bytes * 8.0 < bits)
        bytes *= 2;
    return bytes;
}

static size_t block_of(size_t bytes, uint64_t hash)
{
    return (size_t)((hash >> 32) * (bytes / BLOCK) >> 32) * BLOCK;
}

static uint32_t bit_of(uint64_t hash, unsigned word)
{
    return UINT32_C(1) << ((uint32_t)hash * salt[word] >> 27);
}

void cw__bloom_add(uint8_t *filter, size_t bytes, uint64_t hash)
{
    uint32_t words[WORDS];
    uint8_t *block = filter + block_of(bytes, hash);

    memcpy(words, block, sizeof words);
    for (unsigned i = 0; i < WORDS; i++)
        words[i] |= bit_of(hash, i);
    memcpy(block, words, sizeof words);
}

bool cw__bloom_has(const uint8_t *filter, size_t bytes, uint64_t hash)
{
    uint32_t words[WORDS];
    uint32_t missing = 0;

    if (bytes < BLOCK)
        return true;
    memcpy(words, filter + block_of(bytes, hash), sizeof words);
    for (unsigned i = 0; i < WORDS; i++)
        missing |= bit_of(hash, i) & ~words[i];
    return missing == 0;
}
