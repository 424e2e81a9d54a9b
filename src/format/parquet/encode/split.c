/* split.c - BYTE_STREAM_SPLIT: byte k of every value, then byte k+1 of every value …
 *
 * For values of 4 and 8 bytes, 16 of them at a time are transposed in registers.
 */
#include "format/parquet/encode/split.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_SSE 1
#include <immintrin.h>
#endif

static void encode_any(uint8_t *out, const uint8_t *values, size_t from, size_t n, size_t width)
{
    for (size_t k = 0; k < width; k++)
        for (size_t i = from; i < n; i++)
            out[k * n + i] = values[i * width + k];
}

static void decode_any(uint8_t *values, const uint8_t *in, size_t from, size_t n, size_t width)
{
    for (size_t k = 0; k < width; k++)
        for (size_t i = from; i < n; i++)
            values[i * width + k] = in[k * n + i];
}

#ifdef HAVE_SSE

/* Loops over registers have to vanish, or registers lie in memory. */
#if defined(__clang__)
#define UNROLLED _Pragma("unroll")
#else
#define UNROLLED _Pragma("GCC unroll 8")
#endif

/* SSE2 is part of x86-64. Four unpackings of bytes sort 16 values of `width` bytes by byte. */
enum { AT_ONCE = 16 };

static __m128i load(const uint8_t *p)
{
    return _mm_loadu_si128((const void *)p);
}

static void store(uint8_t *p, __m128i v)
{
    _mm_storeu_si128((void *)p, v);
}

/* Interleave the first and second halves of a row of registers; `registers` a power of two. */
static inline __attribute__((always_inline)) void interleave(__m128i *v, unsigned registers)
{
    __m128i w[8];
    unsigned half = registers / 2;

    UNROLLED
    for (unsigned i = 0; i < half; i++) {
        w[2 * i] = _mm_unpacklo_epi8(v[i], v[i + half]);
        w[2 * i + 1] = _mm_unpackhi_epi8(v[i], v[i + half]);
    }
    UNROLLED
    for (unsigned i = 0; i < registers; i++)
        v[i] = w[i];
}

/* Each interleaving moves every byte's place, a number of log2(16*width) bits, by one bit. */
static inline __attribute__((always_inline)) size_t encode_fast(uint8_t *out, const uint8_t *values,
                                                                size_t n, unsigned width)
{
    __m128i v[8];
    size_t i = 0;

    for (; i + AT_ONCE <= n; i += AT_ONCE) {
        UNROLLED
        for (unsigned k = 0; k < width; k++)
            v[k] = load(values + i * width + 16 * k);
        UNROLLED
        for (unsigned step = 0; step < 4; step++)
            interleave(v, width);
        UNROLLED
        for (unsigned k = 0; k < width; k++)
            store(out + k * n + i, v[k]);
    }
    return i;
}

static inline __attribute__((always_inline)) size_t decode_fast(uint8_t *values, const uint8_t *in,
                                                                size_t n, unsigned width)
{
    const unsigned steps = width == 4 ? 2 : 3;
    __m128i v[8];
    size_t i = 0;

    for (; i + AT_ONCE <= n; i += AT_ONCE) {
        UNROLLED
        for (unsigned k = 0; k < width; k++)
            v[k] = load(in + k * n + i);
        UNROLLED
        for (unsigned step = 0; step < steps; step++)
            interleave(v, width);
        UNROLLED
        for (unsigned k = 0; k < width; k++)
            store(values + i * width + 16 * k, v[k]);
    }
    return i;
}

#else

static size_t encode_fast(uint8_t *out, const uint8_t *values, size_t n, unsigned width)
{
    (void)out, (void)values, (void)n, (void)width;
    return 0;
}

static size_t decode_fast(uint8_t *values, const uint8_t *in, size_t n, unsigned width)
{
    (void)values, (void)in, (void)n, (void)width;
    return 0;
}

#endif

void cw__split_encode(uint8_t *out, const uint8_t *values, size_t n, size_t width)
{
    size_t done = width == 4   ? encode_fast(out, values, n, 4)
                  : width == 8 ? encode_fast(out, values, n, 8)
                               : 0;
    encode_any(out, values, done, n, width);
}

void cw__split_decode(uint8_t *values, const uint8_t *in, size_t n, size_t width)
{
    size_t done = width == 4   ? decode_fast(values, in, n, 4)
                  : width == 8 ? decode_fast(values, in, n, 8)
                               : 0;
    decode_any(values, in, done, n, width);
}
