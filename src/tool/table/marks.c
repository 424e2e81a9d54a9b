/* marks.c - where a line of CSV may be cut
 *
 * 64 bytes at a time become a word with a bit for each byte that is looked for, and the bits become
 * places. With AVX2 where the processor has it, SSE2 on all others of x86-64, and plainly
 * elsewhere.
 */
#include "table/marks.h"
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef uint64_t (*mask_fn)(const char *p, const char three[3]);

enum { WORD = 64 };

/* The places of the bits of `mask`, first to last. */
static inline uint32_t *add_places(uint32_t *out, uint64_t mask, uint32_t base)
{
    for (; mask; mask &= mask - 1)
        *out++ = base + (uint32_t)__builtin_ctzll(mask);
    return out;
}

/* Bits of the first n bytes; n is less than 64. */
static inline uint64_t first_bits(size_t n)
{
    return (UINT64_C(1) << n) - 1;
}

static inline __attribute__((always_inline)) size_t
find(mask_fn mask, uint32_t *out, const char *p, size_t n, uint32_t base, const char three[3])
{
    uint32_t *at = out;
    size_t i = 0;

    for (; i + WORD <= n; i += WORD)
        at = add_places(at, mask(p + i, three), base + (uint32_t)i);
    if (i < n)
        at = add_places(at, mask(p + i, three) & first_bits(n - i), base + (uint32_t)i);
    return (size_t)(at - out);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static inline uint64_t mask_avx2(const char *p, const char three[3])
{
    uint64_t mask = 0;

    for (int half = 0; half < 2; half++) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * half));
        __m256i hit =
            _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(three[0])),
                                            _mm256_cmpeq_epi8(v, _mm256_set1_epi8(three[1]))),
                            _mm256_cmpeq_epi8(v, _mm256_set1_epi8(three[2])));
        mask |= (uint64_t)(uint32_t)_mm256_movemask_epi8(hit) << (32 * half);
    }
    return mask;
}

__attribute__((target("avx2,bmi"))) static size_t find_avx2(uint32_t *out, const char *p, size_t n,
                                                            uint32_t base, const char three[3])
{
    return find(mask_avx2, out, p, n, base, three);
}

static inline uint64_t mask_plain(const char *p, const char three[3])
{
    uint64_t mask = 0;

    for (int quarter = 0; quarter < 4; quarter++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * quarter));
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(three[0])),
                                                _mm_cmpeq_epi8(v, _mm_set1_epi8(three[1]))),
                                   _mm_cmpeq_epi8(v, _mm_set1_epi8(three[2])));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(hit) << (16 * quarter);
    }
    return mask;
}

#else

static inline uint64_t mask_plain(const char *p, const char three[3])
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < WORD; i++)
        mask |= (uint64_t)(p[i] == three[0] || p[i] == three[1] || p[i] == three[2]) << i;
    return mask;
}

#endif

size_t marks_find(uint32_t *out, const char *p, size_t n, uint32_t base, const char three[3])
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return find_avx2(out, p, n, base, three);
#endif
    return find(mask_plain, out, p, n, base, three);
}
