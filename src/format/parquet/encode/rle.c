/* rle.c - the RLE and bit-packed hybrid of levels, booleans and dictionary indices
 *
 * Literals come in whole groups of eight, so a run is looked for where a group begins. Levels and
 * indices are mostly neither all the same nor all different: 64 are asked at a time whether a run
 * long enough begins among them.
 */
#include "format/parquet/encode/rle.h"

#include <string.h>

#include "base/bits.h"
#include "format/parquet/encode/pack.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_AVX2 1
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

enum { GROUP = 8, BLOCK = 32, WORD = 64 };

unsigned cw__bits_for(uint64_t largest)
{
    return largest ? 64 - (unsigned)__builtin_clzll(largest) : 0;
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
INLINE uint32_t value_at(const void *values, unsigned bytes, size_t i)
{
    return bytes == 1 ? ((const uint8_t *)values)[i] : ((const uint32_t *)values)[i];
}

/* As many as a word holds are compared at once. */
INLINE size_t run_at(const void *values, unsigned bytes, size_t i, size_t n)
{
    const uint64_t each = bytes == 1 ? UINT64_C(0x0101010101010101) : UINT64_C(0x100000001);
    const size_t step = sizeof each / bytes;
    const uint8_t *p = values;
    const uint64_t first = each * value_at(values, bytes, i);
    size_t j = i + 1;
    uint64_t word;

    for (; j + step <= n; j += step) {
        memcpy(&word, p + j * bytes, sizeof word);
        if (word != first)
            return j + (size_t)__builtin_ctzll(word ^ first) / (8 * bytes) - i;
    }
    while (j < n && value_at(values, bytes, j) == value_at(values, bytes, i))
        j++;
    return j - i;
}

/* The first group from i on that begins a run of `least`, else n. */
INLINE size_t find_run(const void *values, unsigned bytes, size_t i, size_t n, size_t least)
{
    for (; i + least <= n; i += GROUP) {
        uint32_t first = value_at(values, bytes, i);
        if (first == value_at(values, bytes, i + 1) &&
            first == value_at(values, bytes, i + GROUP - 1) &&
            run_at(values, bytes, i, i + least) == least)
            return i;
    }
    return n;
}

#ifdef HAVE_AVX2

#define AVX2 __attribute__((target("avx2")))

static inline AVX2 uint64_t same_as_next_u8(const uint8_t *v)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < WORD; i += 32) {
        __m256i here = _mm256_loadu_si256((const void *)(v + i));
        __m256i next = _mm256_loadu_si256((const void *)(v + i + 1));
        uint32_t same = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(here, next));
        word |= (uint64_t)same << i;
    }
    return word;
}

static inline AVX2 uint64_t same_as_next_u32(const uint32_t *v)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < WORD; i += 8) {
        __m256i here = _mm256_loadu_si256((const void *)(v + i));
        __m256i next = _mm256_loadu_si256((const void *)(v + i + 1));
        __m256 same = _mm256_castsi256_ps(_mm256_cmpeq_epi32(here, next));
        word |= (uint64_t)(uint32_t)_mm256_movemask_ps(same) << i;
    }
    return word;
}

/* Of 64 values from i on, which are as the one after them. */
INLINE AVX2 uint64_t same_as_next(const void *values, unsigned bytes, size_t i)
{
    return bytes == 1 ? same_as_next_u8((const uint8_t *)values + i)
                      : same_as_next_u32((const uint32_t *)values + i);
}

/* Of the bits of a, which are followed by `n` - 1 more that are set, in a or then in b. */
static inline uint64_t set_for(uint64_t a, uint64_t b, size_t n)
{
    for (size_t have = 1, step; have < n; have += step) {
        step = have < n - have ? have : n - have;
        a &= a >> step | b << (WORD - step);
        b &= b >> step;
    }
    return a;
}

/* `least` is no more than WORD. */
INLINE AVX2 size_t find_run_among(const void *values, unsigned bytes, size_t i, size_t n,
                                  size_t least)
{
    const uint64_t groups = UINT64_C(0x0101010101010101);

    if (i + 2 * WORD < n) {
        uint64_t here = same_as_next(values, bytes, i);
        for (; i + 2 * WORD < n; i += WORD) {
            uint64_t next = same_as_next(values, bytes, i + WORD);
            uint64_t runs = set_for(here, next, least - 1) & groups;
            if (runs)
                return i + (size_t)__builtin_ctzll(runs);
            here = next;
        }
    }
    return find_run(values, bytes, i, n, least);
}

static AVX2 size_t find_run_avx2(const void *values, unsigned bytes, size_t i, size_t n,
                                 size_t least)
{
    return bytes == 1 ? find_run_among(values, 1, i, n, least)
                      : find_run_among(values, 4, i, n, least);
}

#endif

/* What is left at the end and short may be a run too. */
INLINE size_t next_run(const void *values, unsigned bytes, size_t i, size_t n, size_t least)
{
    if (n - i < least)
        return run_at(values, bytes, i, n) == n - i ? i : n;
#ifdef HAVE_AVX2
    if (__builtin_cpu_supports("avx2"))
        return find_run_avx2(values, bytes, i, n, least);
#endif
    return find_run(values, bytes, i, n, least);
}

INLINE void pack(uint8_t *out, const void *values, unsigned bytes, size_t n, unsigned width)
{
    if (bytes == 1)
        cw__pack_u8(out, values, n, width);
    else
        cw__pack_u32(out, values, n, width);
}

/* Values [from, to) bit-packed, padded to a whole group. */
INLINE uint8_t *put_literals(uint8_t *out, const void *values, unsigned bytes, size_t from,
                             size_t to, unsigned width)
{
    const uint8_t *first = (const uint8_t *)values + from * bytes;
    size_t groups = (to - from + GROUP - 1) / GROUP, whole = (to - from) / BLOCK * BLOCK;
    size_t rest = to - from - whole;

    out = put_varint(out, (uint64_t)groups << 1 | 1);
    if (width == 0)
        return out;
    if (whole)
        pack(out, first, bytes, whole, width);
    if (rest) {
        uint32_t block[BLOCK] = {0};
        uint8_t packed[4 * BLOCK];
        memcpy(block, first + whole * bytes, rest * bytes);
        pack(packed, block, bytes, BLOCK, width);
        memcpy(out + whole / 8 * width, packed, (groups - whole / GROUP) * width);
    }
    return out + groups * width;
}

INLINE size_t encode(uint8_t *out, const void *values, unsigned bytes, size_t n, unsigned width)
{
    const size_t least = least_run(width);
    uint8_t *at = out;

    for (size_t i = 0, run; i < n; i += run) {
        size_t literals = i;
        i = next_run(values, bytes, i, n, least);
        if (literals < i)
            at = put_literals(at, values, bytes, literals, i, width);
        run = i < n ? run_at(values, bytes, i, n) : 0;
        if (run)
            at += cw__rle_encode_run(at, value_at(values, bytes, i), run, width);
    }
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

/* The padding of the last group may be missing, or be more groups, as DuckDB has it. */
static bool get_literals(const uint8_t *in, size_t bytes, size_t *at, unsigned width,
                         uint32_t *values, size_t n, uint64_t groups)
{
    size_t needed = (n * width + 7) / 8;

    if (bytes - *at < needed)
        return false;
    if (width == 0)
        memset(values, 0, n * sizeof *values);
    else
        cw__unpack_u32(values, in + *at, needed, n, width);
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
        if (count > most && !packed)
            return false;
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
