/* pack.c - numbers of a few bits each, side by side
 *
 * Packing works on 32 values at a time. With BMI2, one instruction takes the low bits of eight
 * bytes, or four 16-bit numbers, and puts them side by side; AVX2 narrows 32-bit values to those.
 * Of more than 16 bits it takes two numbers. Elsewhere bits are gathered in a 64-bit word.
 */
#include "format/parquet/encode/pack.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_PEXT 1
#include <immintrin.h>
#endif

enum { GROUP = 8, BLOCK = 32, SLACK = 16 };

static void store_u64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, sizeof v);
}

static uint64_t load_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* ---- packing ---- */

void cw__pack_u32_portable(uint8_t *out, const uint32_t *values, size_t n, unsigned width)
{
    uint64_t word = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < n; i++) {
        word |= (uint64_t)values[i] << bits;
        bits += width;
        if (bits >= 32) {
            uint32_t low = (uint32_t)word;
            memcpy(out, &low, sizeof low);
            out += 4;
            word >>= 32;
            bits -= 32;
        }
    }
    for (; bits > 0; bits -= bits < 8 ? bits : 8) {
        *out++ = (uint8_t)word;
        word >>= 8;
    }
}

#ifdef HAVE_PEXT

#define PEXT __attribute__((target("avx2,bmi2")))

/* Eight bytes, `width` bits of each. */
static inline PEXT void pack_bytes(uint8_t *out, const uint8_t bytes[BLOCK], unsigned width)
{
    const uint64_t mask = UINT64_C(0x0101010101010101) * ((1u << width) - 1);

    for (unsigned k = 0; k < BLOCK / GROUP; k++)
        store_u64(out + k * width, _pext_u64(load_u64(bytes + k * GROUP), mask));
}

static inline PEXT void pack_shorts(uint8_t *out, const uint8_t shorts[2 * BLOCK], unsigned width)
{
    const uint64_t mask = UINT64_C(0x0001000100010001) * ((1u << width) - 1);
    const unsigned bits = 4 * width;

    for (unsigned k = 0; k < BLOCK / GROUP; k++) {
        uint64_t low = _pext_u64(load_u64(shorts + k * 16), mask);
        uint64_t high = _pext_u64(load_u64(shorts + k * 16 + 8), mask);
        store_u64(out + k * width, bits < 64 ? low | high << bits : low);
        store_u64(out + k * width + 8, bits < 64 ? high >> (64 - bits) : high);
    }
}

static inline PEXT __m256i load_8(const uint32_t *v)
{
    return _mm256_loadu_si256((const void *)v);
}

/* 32 values in one block; up to SLACK bytes beyond it are written over. */
static PEXT void pack_block(uint8_t *out, const uint32_t *v, unsigned width)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    uint8_t narrow[2 * BLOCK];
    __m256i a = _mm256_packus_epi32(load_8(v), load_8(v + 8));
    __m256i b = _mm256_packus_epi32(load_8(v + 16), load_8(v + 24));

    if (width <= 8) {
        __m256i c = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(a, b), order);
        _mm256_storeu_si256((void *)narrow, c);
        pack_bytes(out, narrow, width);
    } else {
        _mm256_storeu_si256((void *)narrow, _mm256_permute4x64_epi64(a, 0xD8));
        _mm256_storeu_si256((void *)(narrow + BLOCK), _mm256_permute4x64_epi64(b, 0xD8));
        pack_shorts(out, narrow, width);
    }
}

static bool has_pext(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}

/* The last blocks go by way of a buffer, so that nothing beyond the output is written. */
static PEXT void pack_blocks(uint8_t *out, const uint32_t *values, size_t n, unsigned width)
{
    uint8_t last[BLOCK * 2 + SLACK];
    size_t i = 0;

    for (; i + 3 * BLOCK <= n; i += BLOCK, out += 4 * (size_t)width)
        pack_block(out, values + i, width);
    for (; i < n; i += BLOCK, out += 4 * (size_t)width) {
        pack_block(last, values + i, width);
        memcpy(out, last, 4 * (size_t)width);
    }
}

/* More than 16 bits each: two values at a time. */
static PEXT void pack_pairs(uint8_t *out, const uint32_t *values, size_t n, unsigned width)
{
    const uint64_t mask = UINT64_C(0x0000000100000001) * ((UINT64_C(1) << width) - 1);
    uint64_t word = 0, pair;
    unsigned bits = 0;

    for (size_t i = 0; i < n; i += 2) {
        memcpy(&pair, values + i, sizeof pair);
        pair = _pext_u64(pair, mask);
        word |= pair << bits;
        bits += 2 * width;
        if (bits >= 64) {
            store_u64(out, word);
            out += 8;
            bits -= 64;
            word = bits ? pair >> (2 * width - bits) : 0;
        }
    }
    memcpy(out, &word, bits / 8);
}

#endif

void cw__pack_u32(uint8_t *out, const uint32_t *values, size_t n, unsigned width)
{
#ifdef HAVE_PEXT
    if (width > 0 && has_pext()) {
        if (width <= 16)
            pack_blocks(out, values, n, width);
        else
            pack_pairs(out, values, n, width);
        return;
    }
#endif
    cw__pack_u32_portable(out, values, n, width);
}

static void pack_u8_portable(uint8_t *out, const uint8_t *values, size_t n, unsigned width)
{
    uint32_t block[BLOCK];

    for (size_t i = 0; i < n; i += BLOCK, out += 4 * (size_t)width) {
        for (size_t k = 0; k < BLOCK; k++)
            block[k] = values[i + k];
        cw__pack_u32_portable(out, block, BLOCK, width);
    }
}

#ifdef HAVE_PEXT

static PEXT void pack_u8_pext(uint8_t *out, const uint8_t *values, size_t n, unsigned width)
{
    uint8_t last[BLOCK + SLACK];
    size_t i = 0;

    for (; i + 3 * BLOCK <= n; i += BLOCK, out += 4 * (size_t)width)
        pack_bytes(out, values + i, width);
    for (; i < n; i += BLOCK, out += 4 * (size_t)width) {
        pack_bytes(last, values + i, width);
        memcpy(out, last, 4 * (size_t)width);
    }
}

#endif

void cw__pack_u8(uint8_t *out, const uint8_t *values, size_t n, unsigned width)
{
#ifdef HAVE_PEXT
    if (has_pext()) {
        pack_u8_pext(out, values, n, width);
        return;
    }
#endif
    pack_u8_portable(out, values, n, width);
}

void cw__pack_u64(uint8_t *out, const uint64_t *values, size_t n, unsigned width)
{
    uint64_t word = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < n; i++) {
        word |= values[i] << bits;
        bits += width;
        if (bits >= 64) {
            store_u64(out, word);
            out += 8;
            bits -= 64;
            word = bits ? values[i] >> (width - bits) : 0;
        }
    }
    for (; bits > 0; bits -= bits < 8 ? bits : 8) {
        *out++ = (uint8_t)word;
        word >>= 8;
    }
}

/* ---- unpacking ---- */

/* Up to eight bytes from p, as many as there are. */
static uint64_t load_some(const uint8_t *p, size_t there)
{
    uint64_t v = 0;

    if (there >= 8)
        return load_u64(p);
    memcpy(&v, p, there);
    return v;
}

/* Value i of a packed stream of `bytes` bytes. */
static uint64_t packed_at(const uint8_t *in, size_t bytes, size_t i, unsigned width)
{
    size_t bit = i * width, at = bit / 8;
    unsigned shift = bit % 8;
    uint64_t v = load_some(in + at, bytes - at) >> shift;

    if (shift + width > 64)
        v |= (uint64_t)in[at + 8] << (64 - shift);
    return width < 64 ? v & ((UINT64_C(1) << width) - 1) : v;
}

void cw__unpack_u32(uint32_t *values, const uint8_t *in, size_t bytes, size_t n, unsigned width)
{
    const uint64_t mask = (UINT64_C(1) << width) - 1;
    size_t i = 0;

    for (; i < n && i * width / 8 + 8 <= bytes; i++)
        values[i] = (uint32_t)(load_u64(in + i * width / 8) >> (i * width % 8) & mask);
    for (; i < n; i++)
        values[i] = (uint32_t)packed_at(in, bytes, i, width);
}

void cw__unpack_u64(uint64_t *values, const uint8_t *in, size_t n, unsigned width)
{
    if (width == 0)
        memset(values, 0, n * sizeof *values);
    for (size_t i = 0; width > 0 && i < n; i++)
        values[i] = packed_at(in, (n * width + 7) / 8, i, width);
}
