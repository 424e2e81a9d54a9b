/* rle.c - the RLE and bit-packed hybrid of levels, booleans and dictionary indices
 *
 * Bit-packing works on 32 values at a time. With BMI2, one instruction takes the low bits of eight
 * bytes, or four 16-bit numbers, and puts them side by side; AVX2 narrows 32-bit values to those.
 * Elsewhere, and for more than 16 bits, bits are gathered in a 64-bit word.
 */
#include "format/parquet/encode/rle.h"

#include <string.h>

#include "base/bits.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_PEXT 1
#include <immintrin.h>
#endif

enum { GROUP = 8, BLOCK = 32, SLACK = 16 };

unsigned cw__bits_for(uint64_t largest)
{
    return largest ? 64 - (unsigned)__builtin_clzll(largest) : 0;
}

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

#endif

void cw__pack_u32(uint8_t *out, const uint32_t *values, size_t n, unsigned width)
{
#ifdef HAVE_PEXT
    if (width > 0 && width <= 16 && has_pext()) {
        pack_blocks(out, values, n, width);
        return;
    }
#endif
    cw__pack_u32_portable(out, values, n, width);
}

/* Bytes of up to 8 bits each, whole blocks of them. */
static void pack_u8(uint8_t *out, const uint8_t *values, size_t n, unsigned width)
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

static void pack_blocks_u8(uint8_t *out, const uint8_t *values, size_t n, unsigned width)
{
#ifdef HAVE_PEXT
    if (has_pext()) {
        pack_u8_pext(out, values, n, width);
        return;
    }
#endif
    pack_u8(out, values, n, width);
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

static void unpack_u32(uint32_t *values, const uint8_t *in, size_t bytes, size_t n, unsigned width)
{
    const uint64_t mask = (UINT64_C(1) << width) - 1;
    size_t i = 0;

    for (; i < n && i * width / 8 + 8 <= bytes; i++)
        values[i] = (uint32_t)(load_u64(in + i * width / 8) >> (i * width % 8) & mask);
    for (; i < n; i++)
        values[i] = (uint32_t)packed_at(in, bytes, i, width);
}

void cw__unpack_u32(uint32_t *values, const uint8_t *in, size_t n, unsigned width)
{
    if (width == 0)
        memset(values, 0, n * sizeof *values);
    else
        unpack_u32(values, in, (n * width + 7) / 8, n, width);
}

void cw__unpack_u64(uint64_t *values, const uint8_t *in, size_t n, unsigned width)
{
    if (width == 0)
        memset(values, 0, n * sizeof *values);
    for (size_t i = 0; width > 0 && i < n; i++)
        values[i] = packed_at(in, (n * width + 7) / 8, i, width);
}

/* ---- runs and literals ---- */

static uint8_t *put_varint(uint8_t *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *out++ = (uint8_t)(v | 0x80);
    *out++ = (uint8_t)v;
    return out;
}

static unsigned value_bytes(unsigned width)
{
    return (width + 7) / 8;
}

size_t cw__rle_bound(size_t n, unsigned width)
{
    return (n + BLOCK) * (width ? width : 1) / 8 + n / 64 + 64;
}

size_t cw__rle_encode_run(uint8_t *out, uint32_t value, size_t n, unsigned width)
{
    uint8_t *at = put_varint(out, (uint64_t)n << 1);

    for (unsigned i = 0; i < value_bytes(width); i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return (size_t)(at - out);
}

/* A run has to save what it costs: two headers, and its value. */
static size_t least_run(unsigned width)
{
    size_t cost = 8 * (4 + value_bytes(width));
    size_t n = cost / (width ? width : 1);

    return n < GROUP ? GROUP : n;
}

/* Values of one of two types; always inlined, so that `bytes` is known. */
static inline __attribute__((always_inline)) uint32_t value_at(const void *values, unsigned bytes,
                                                               size_t i)
{
    return bytes == 1 ? ((const uint8_t *)values)[i] : ((const uint32_t *)values)[i];
}

static inline __attribute__((always_inline)) size_t run_at(const void *values, unsigned bytes,
                                                           size_t i, size_t n)
{
    uint32_t first = value_at(values, bytes, i);
    size_t j = i + 1;

    while (j < n && value_at(values, bytes, j) == first)
        j++;
    return j - i;
}

/* Values [from, to) bit-packed, padded to a whole group. */
static inline __attribute__((always_inline)) uint8_t *put_literals(uint8_t *out, const void *values,
                                                                   unsigned bytes, size_t from,
                                                                   size_t to, unsigned width)
{
    uint32_t block[BLOCK];
    uint8_t packed[4 * BLOCK];
    size_t groups = (to - from + GROUP - 1) / GROUP, whole = (to - from) / BLOCK * BLOCK;

    out = put_varint(out, (uint64_t)groups << 1 | 1);
    if (whole && width > 0) {
        if (bytes == 4)
            cw__pack_u32(out, (const uint32_t *)values + from, whole, width);
        else
            pack_blocks_u8(out, (const uint8_t *)values + from, whole, width);
        out += whole / 8 * width;
        from += whole;
    }
    while (from < to) {
        size_t n = to - from < BLOCK ? to - from : BLOCK;
        size_t used = (n + GROUP - 1) / GROUP * width;
        for (size_t i = 0; i < BLOCK; i++)
            block[i] = i < n ? value_at(values, bytes, from + i) : 0;
        cw__pack_u32(packed, block, BLOCK, width);
        memcpy(out, packed, used);
        out += used;
        from += n;
    }
    return out;
}

/*
 * Literals come in whole groups, so a run is looked for where a group begins: the values before
 * that complete the group. What is left at the end and short may be a run too.
 */
static inline __attribute__((always_inline)) size_t encode(uint8_t *out, const void *values,
                                                           unsigned bytes, size_t n, unsigned width)
{
    const size_t least = least_run(width);
    uint8_t *at = out;
    size_t literals = 0, i = 0;

    while (i < n) {
        bool may_run =
            i + GROUP > n || (value_at(values, bytes, i) == value_at(values, bytes, i + 1) &&
                              value_at(values, bytes, i) == value_at(values, bytes, i + GROUP - 1));
        size_t run = may_run ? run_at(values, bytes, i, n) : 1;
        bool is_end = i + run == n && literals == i;
        if (run < least && !is_end) {
            i += GROUP;
            continue;
        }
        if (literals < i)
            at = put_literals(at, values, bytes, literals, i, width);
        at += cw__rle_encode_run(at, value_at(values, bytes, i), run, width);
        i += run;
        literals = i;
    }
    if (literals < n)
        at = put_literals(at, values, bytes, literals, n, width);
    return (size_t)(at - out);
}

size_t cw__rle_encode_u32(uint8_t *out, const uint32_t *values, size_t n, unsigned width)
{
    return encode(out, values, 4, n, width);
}

size_t cw__rle_encode_u8(uint8_t *out, const uint8_t *values, size_t n, unsigned width)
{
    return encode(out, values, 1, n, width);
}

/* ---- bits ---- */

static size_t word_of(size_t n)
{
    return n < 64 ? n : 64;
}

/* How many of the bits from `at` on are the same, in whole words, and the end. */
static size_t same_bits(const uint8_t *bits, size_t at, size_t n, bool *value)
{
    uint64_t first = cw__load_bits(bits, at, word_of(n));
    size_t run = 0;

    if (first != 0 && first != cw__low_bits(n))
        return 0;
    *value = first != 0;
    while (run < n) {
        size_t step = word_of(n - run);
        if (cw__load_bits(bits, at + run, step) != (*value ? cw__low_bits(step) : 0))
            break;
        run += step;
    }
    return run;
}

static uint8_t *put_literal_bits(uint8_t *out, const uint8_t *bits, size_t from, size_t n)
{
    size_t groups = (n + GROUP - 1) / GROUP;

    out = put_varint(out, (uint64_t)groups << 1 | 1);
    for (size_t i = 0; i < n; i += 64) {
        uint64_t word = cw__load_bits(bits, from + i, word_of(n - i));
        size_t bytes = groups - i / 8 < 8 ? groups - i / 8 : 8;
        memcpy(out, &word, bytes);
        out += bytes;
    }
    return out;
}

size_t cw__rle_encode_bits(uint8_t *out, const uint8_t *bits, size_t from, size_t n)
{
    uint8_t *at = out;
    size_t literals = 0, i = 0;
    bool value = false;

    while (i < n) {
        size_t run = same_bits(bits, from + i, n - i, &value);
        if (run == 0) {
            i += n - i < 64 ? n - i : 64;
            continue;
        }
        if (literals < i)
            at = put_literal_bits(at, bits, from + literals, i - literals);
        at += cw__rle_encode_run(at, value, run, 1);
        i += run;
        literals = i;
    }
    if (literals < n)
        at = put_literal_bits(at, bits, from + literals, n - literals);
    return (size_t)(at - out);
}

/* ---- decoding ---- */

static bool get_varint(const uint8_t *in, size_t bytes, size_t *at, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; *at < bytes && shift < 64; shift += 7) {
        uint8_t b = in[(*at)++];
        *v |= (uint64_t)(b & 0x7F) << shift;
        if (!(b & 0x80))
            return true;
    }
    return false;
}

static bool get_run(const uint8_t *in, size_t bytes, size_t *at, unsigned width, uint32_t *values,
                    size_t n)
{
    uint32_t value = 0;

    if (bytes - *at < value_bytes(width))
        return false;
    for (unsigned i = 0; i < value_bytes(width); i++)
        value |= (uint32_t)in[(*at)++] << (8 * i);
    for (size_t i = 0; i < n; i++)
        values[i] = value;
    return true;
}

/* The padding of the last group may be missing. */
static bool get_literals(const uint8_t *in, size_t bytes, size_t *at, unsigned width,
                         uint32_t *values, size_t n, uint64_t groups)
{
    size_t needed = (n * width + 7) / 8;

    if (bytes - *at < needed)
        return false;
    if (width == 0)
        memset(values, 0, n * sizeof *values);
    else
        unpack_u32(values, in + *at, needed, n, width);
    *at = groups > (bytes - *at) / (width ? width : 1) ? bytes : *at + (size_t)groups * width;
    return true;
}

bool cw__rle_decode_u32(const uint8_t *in, size_t bytes, unsigned width, uint32_t *values, size_t n,
                        size_t *used)
{
    size_t at = 0, done = 0;

    if (width > 32)
        return false;
    while (done < n) {
        uint64_t header;
        if (!get_varint(in, bytes, &at, &header) || header >> 1 == 0)
            return false;
        uint64_t count = header >> 1;
        bool packed = header & 1;
        uint64_t most = packed ? (n - done + GROUP - 1) / GROUP : n - done;
        size_t k = (size_t)(count < most ? count : most);
        if (packed)
            k = k * GROUP < n - done ? k * GROUP : n - done;
        if (packed ? !get_literals(in, bytes, &at, width, values + done, k, count)
                   : !get_run(in, bytes, &at, width, values + done, k))
            return false;
        done += k;
    }
    *used = at;
    return true;
}
