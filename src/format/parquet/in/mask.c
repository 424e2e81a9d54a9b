/* mask.c - which slots have a value, as words of bits
 *
 * With BMI2 one instruction puts the bits of places where those of their slots are, or the other
 * way round, and AVX2 makes bytes of bits.
 */
#include "format/parquet/in/mask.h"

#include <string.h>

#include "base/bits.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_BMI 1
#include <immintrin.h>
#define BMI __attribute__((target("avx2,bmi2")))
#endif

#define INLINE static inline __attribute__((always_inline))

enum { WORD = 64 };

/* What one instruction does, where it exists. */
typedef uint64_t (*by_mask)(uint64_t v, uint64_t mask);

INLINE void nulls(uint64_t *to, const uint64_t *there, const uint64_t *span, size_t words,
                  const uint8_t *validity, size_t bit, by_mask deposit)
{
    for (size_t w = 0; w < words; w++) {
        size_t places = (size_t)__builtin_popcountll(span[w]);
        uint64_t valid = places ? cw__load_bits(validity, bit, places) : 0;
        to[w] = there[w] & deposit(valid, span[w]);
        bit += places;
    }
}

/* The lowest bits of v, which has `n`, from bit `at` on, where nothing was written yet. */
INLINE void append(uint64_t *to, size_t at, uint64_t v, size_t n)
{
    size_t shift = at % WORD;

    if (shift == 0) {
        to[at / WORD] = v;
        return;
    }
    to[at / WORD] |= v << shift;
    if (shift + n > WORD)
        to[at / WORD + 1] = v >> (WORD - shift);
}

INLINE void places(uint64_t *to, const uint64_t *there, const uint64_t *span, size_t words,
                   by_mask extract)
{
    for (size_t w = 0, at = 0, n; w < words; w++, at += n) {
        n = (size_t)__builtin_popcountll(span[w]);
        if (n)
            append(to, at, extract(there[w], span[w]), n);
    }
}

/* ---- portable ---- */

/* The lowest bits of v, put where those of the mask are. */
static uint64_t deposit_portable(uint64_t v, uint64_t mask)
{
    uint64_t out = 0;

    if (mask == UINT64_MAX)
        return v;
    for (; mask; mask &= mask - 1, v >>= 1)
        out |= mask & -mask & (0 - (v & 1));
    return out;
}

/* The other way round. */
static uint64_t extract_portable(uint64_t v, uint64_t mask)
{
    uint64_t out = 0;

    if (mask == UINT64_MAX)
        return v;
    for (unsigned k = 0; mask; mask &= mask - 1, k++)
        out |= (uint64_t)((v & mask & -mask) != 0) << k;
    return out;
}

void cw__mask_nulls_portable(uint64_t *to, const uint64_t *there, const uint64_t *span,
                             size_t words, const uint8_t *validity, size_t bit)
{
    nulls(to, there, span, words, validity, bit, deposit_portable);
}

void cw__mask_places_portable(uint64_t *to, const uint64_t *there, const uint64_t *span,
                              size_t words)
{
    places(to, there, span, words, extract_portable);
}

/* Eight bits in eight bytes: each byte keeps one of them, which goes to its top and fills it. */
static uint64_t bytes_of(uint64_t bits)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t each = ((bits & 0xFF) * ones) & UINT64_C(0x8040201008040201);

    return ((each + ones * 0x7F) >> 7 & ones) * 0xFF;
}

void cw__mask_levels_portable(uint8_t *to, const uint8_t *from, const uint64_t *there, size_t words,
                              uint8_t level)
{
    const uint64_t levels = UINT64_C(0x0101010101010101) * level;

    for (size_t i = 0; i < words * WORD; i += 8) {
        uint64_t old;
        memcpy(&old, from + i, sizeof old);
        old ^= (old ^ levels) & bytes_of(there[i / WORD] >> i % WORD);
        memcpy(to + i, &old, sizeof old);
    }
}

/* ---- with AVX2 and BMI2 ---- */

#ifdef HAVE_BMI

static inline BMI uint64_t deposit_bmi(uint64_t v, uint64_t mask)
{
    return _pdep_u64(v, mask);
}

static inline BMI uint64_t extract_bmi(uint64_t v, uint64_t mask)
{
    return _pext_u64(v, mask);
}

static BMI void nulls_bmi(uint64_t *to, const uint64_t *there, const uint64_t *span, size_t words,
                          const uint8_t *validity, size_t bit)
{
    nulls(to, there, span, words, validity, bit, deposit_bmi);
}

static BMI void places_bmi(uint64_t *to, const uint64_t *there, const uint64_t *span, size_t words)
{
    places(to, there, span, words, extract_bmi);
}

static BMI void levels_bmi(uint8_t *to, const uint8_t *from, const uint64_t *there, size_t words,
                           uint8_t level)
{
    const __m256i each = _mm256_set1_epi64x((int64_t)0x8040201008040201);
    const __m256i spread =
        _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i levels = _mm256_set1_epi8((char)level);

    for (size_t i = 0; i < words * WORD; i += 32) {
        __m256i bits = _mm256_set1_epi32((int)(uint32_t)(there[i / WORD] >> i % WORD));
        __m256i old = _mm256_loadu_si256((const void *)(from + i));
        bits = _mm256_and_si256(_mm256_shuffle_epi8(bits, spread), each);
        old = _mm256_blendv_epi8(old, levels, _mm256_cmpeq_epi8(bits, each));
        _mm256_storeu_si256((void *)(to + i), old);
    }
}

static bool has_bmi(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}

#endif

/* ---- whichever there is ---- */

void cw__mask_nulls(uint64_t *to, const uint64_t *there, const uint64_t *span, size_t words,
                    const uint8_t *validity, size_t bit)
{
#ifdef HAVE_BMI
    if (has_bmi()) {
        nulls_bmi(to, there, span, words, validity, bit);
        return;
    }
#endif
    cw__mask_nulls_portable(to, there, span, words, validity, bit);
}

void cw__mask_places(uint64_t *to, const uint64_t *there, const uint64_t *span, size_t words)
{
#ifdef HAVE_BMI
    if (has_bmi()) {
        places_bmi(to, there, span, words);
        return;
    }
#endif
    cw__mask_places_portable(to, there, span, words);
}

void cw__mask_levels(uint8_t *to, const uint8_t *from, const uint64_t *there, size_t words,
                     uint8_t level)
{
#ifdef HAVE_BMI
    if (has_bmi()) {
        levels_bmi(to, from, there, words, level);
        return;
    }
#endif
    cw__mask_levels_portable(to, from, there, words, level);
}
