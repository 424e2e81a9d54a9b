/* pick.c - the values of a stretch that a bitmap says are there, one after the other
 *
 * Nulls follow no rule, so nothing is foretold: each value is written, and the next one over it if
 * it was null. With AVX2 and BMI2 that is done for 32 bytes in one go: the bits of these values
 * become the numbers of those that stay, and these are moved to the front.
 */
#include "format/parquet/column/pick.h"

#include <string.h>

#include "base/bits.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_BMI 1
#include <immintrin.h>
#define BMI __attribute__((target("avx2,bmi2")))
#endif

#define INLINE static inline __attribute__((always_inline))

enum { WORD = 64, LANES = 8 };

static size_t in_word(size_t n)
{
    return n < WORD ? n : WORD;
}

INLINE size_t pick_word(uint8_t *to, const uint8_t *from, size_t n, uint64_t there, size_t width)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++, there >>= 1) {
        memcpy(to + k * width, from + i * width, width);
        k += there & 1;
    }
    return k;
}

size_t cw__pick_portable(uint8_t *to, const uint8_t *from, size_t n, size_t width,
                         const uint8_t *bits, size_t bit)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i += WORD) {
        size_t k = in_word(n - i);
        uint64_t there = cw__load_bits(bits, bit + i, k);
        count += width == 8 ? pick_word(to + count * 8, from + i * 8, k, there, 8)
                            : pick_word(to + count * 4, from + i * 4, k, there, 4);
    }
    return count;
}

/* Bytes of text j; always inlined, so that the width of the offsets is known. */
INLINE uint32_t length_at(const void *offsets, size_t width, size_t j)
{
    const int32_t *narrow = offsets;
    const int64_t *wide = offsets;

    return width == 4 ? (uint32_t)(narrow[j + 1] - narrow[j]) : (uint32_t)(wide[j + 1] - wide[j]);
}

INLINE size_t pick_offsets(uint32_t *to, const void *from, size_t width, size_t n,
                           const uint8_t *bits, size_t bit, bool *hidden)
{
    uint32_t end = to[0], lost = 0;
    size_t count = 0;

    for (size_t i = 0; i < n; i += WORD) {
        size_t last = i + in_word(n - i);
        uint64_t there = cw__load_bits(bits, bit + i, last - i);
        for (size_t j = i; j < last; j++, there >>= 1) {
            uint32_t length = length_at(from, width, j);
            uint32_t kept = length & (0 - (uint32_t)(there & 1));
            to[count] = end;
            end += kept;
            lost |= length ^ kept;
            count += there & 1;
        }
    }
    to[count] = end;
    *hidden = lost != 0;
    return count;
}

size_t cw__pick_offsets32_portable(uint32_t *to, const int32_t *from, size_t n, const uint8_t *bits,
                                   size_t bit, bool *hidden)
{
    return pick_offsets(to, from, sizeof *from, n, bits, bit, hidden);
}

size_t cw__pick_offsets64(uint32_t *to, const int64_t *from, size_t n, const uint8_t *bits,
                          size_t bit, bool *hidden)
{
    return pick_offsets(to, from, sizeof *from, n, bits, bit, hidden);
}

#ifdef HAVE_BMI

/* The numbers of the lanes that are set, one after the other. */
INLINE BMI __m256i lanes_of(uint64_t set)
{
    uint64_t bytes = _pdep_u64(set, 0x0101010101010101) * 0xFF;
    uint64_t lanes = _pext_u64(0x0706050403020100, bytes);

    return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t)lanes));
}

INLINE BMI void store_lanes(uint8_t *to, __m256i v, uint64_t set)
{
    _mm256_storeu_si256((void *)to, _mm256_permutevar8x32_epi32(v, lanes_of(set)));
}

INLINE BMI size_t pick_word_bmi(uint8_t *to, const uint8_t *from, uint64_t there, size_t width)
{
    const unsigned each = width == 8 ? 4 : 8; /* of them in 32 bytes */
    uint8_t *at = to;

    for (size_t i = 0; i < WORD; i += each, there >>= each) {
        uint64_t some = there & ((1u << each) - 1);
        uint64_t lanes = width == 8 ? _pdep_u64(some, 0x55) * 3 : some;
        store_lanes(at, _mm256_loadu_si256((const void *)(from + i * width)), lanes);
        at += (size_t)__builtin_popcountll(some) * width;
    }
    return (size_t)(at - to) / width;
}

static BMI size_t pick_bmi(uint8_t *to, const uint8_t *from, size_t n, size_t width,
                           const uint8_t *bits, size_t bit)
{
    size_t count = 0, i = 0;

    for (; i + WORD <= n; i += WORD) {
        uint64_t there = cw__load_bits(bits, bit + i, WORD);
        count += width == 8 ? pick_word_bmi(to + count * 8, from + i * 8, there, 8)
                            : pick_word_bmi(to + count * 4, from + i * 4, there, 4);
    }
    return count +
           cw__pick_portable(to + count * width, from + i * width, n - i, width, bits, bit + i);
}

/* As long as nothing is hidden an offset is what it was, but for where the first began. */
static BMI size_t pick_offsets_bmi(uint32_t *to, const int32_t *from, size_t n, const uint8_t *bits,
                                   size_t bit, bool *hidden)
{
    const __m256i move = _mm256_set1_epi32((int)(to[0] - (uint32_t)from[0]));
    const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    __m256i lost = _mm256_setzero_si256();
    size_t count = 0, i = 0;

    for (; i + WORD <= n; i += WORD) {
        uint64_t there = cw__load_bits(bits, bit + i, WORD);
        for (size_t j = i; j < i + WORD; j += LANES, there >>= LANES) {
            __m256i here = _mm256_loadu_si256((const void *)(from + j));
            __m256i next = _mm256_loadu_si256((const void *)(from + j + 1));
            __m256i null = _mm256_andnot_si256(_mm256_set1_epi32((int)(there & 0xFF)), lane);
            __m256i kept = _mm256_cmpeq_epi32(null, _mm256_setzero_si256());
            lost = _mm256_or_si256(lost, _mm256_andnot_si256(kept, _mm256_xor_si256(here, next)));
            store_lanes((uint8_t *)(to + count), _mm256_add_epi32(here, move), there & 0xFF);
            count += (size_t)__builtin_popcountll(there & 0xFF);
        }
    }
    to[count] = to[0] + (uint32_t)(from[i] - from[0]);
    count += cw__pick_offsets32_portable(to + count, from + i, n - i, bits, bit + i, hidden);
    *hidden |= !_mm256_testz_si256(lost, lost);
    return count;
}

static bool has_bmi(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}

#endif

size_t cw__pick(uint8_t *to, const uint8_t *from, size_t n, size_t width, const uint8_t *bits,
                size_t bit)
{
#ifdef HAVE_BMI
    if (has_bmi())
        return pick_bmi(to, from, n, width, bits, bit);
#endif
    return cw__pick_portable(to, from, n, width, bits, bit);
}

size_t cw__pick_offsets32(uint32_t *to, const int32_t *from, size_t n, const uint8_t *bits,
                          size_t bit, bool *hidden)
{
#ifdef HAVE_BMI
    uint32_t first = to[0];
    if (has_bmi()) {
        size_t count = pick_offsets_bmi(to, from, n, bits, bit, hidden);
        if (!*hidden)
            return count;
        to[0] = first;
    }
#endif
    return cw__pick_offsets32_portable(to, from, n, bits, bit, hidden);
}
