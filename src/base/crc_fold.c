/* crc_fold.c - CRCs with the processor's carry-less multiplication
 *
 * Sixteen bytes A of the message, D bits before its end, count as A·x^D. With A = F·x^64 + L (F:
 * the first eight bytes) that is, modulo P, F·(x^(D+64) mod P) + L·(x^D mod P): two products of 128
 * bits at most, which can be added to the 16 bytes that lie D bits further on. Several
 * such sums run side by side, since one multiplication takes far longer than the step to the next.
 * In reflected order a product of two 64-bit numbers comes out multiplied by x: the constants have
 * one power less to make up for it.
 */
#include "base/ahead.h"
#include "base/crc_engine.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

/* Below these the tables, or the narrower registers, are done sooner. */
enum { PCLMUL_MIN = 32, VPCLMUL_MIN = 512 };

/* The truth table of a ^ b ^ c, as vpternlog takes it. */
enum { XOR_OF_THREE = 0x96 };

#define PCLMUL  __attribute__((target("pclmul,sse4.1")))
#define VPCLMUL __attribute__((target("vpclmulqdq,pclmul,avx512f")))

static inline PCLMUL __m128i load16(const unsigned char *p)
{
    return _mm_loadu_si128((const void *)p);
}

static inline PCLMUL __m128i constants(const cw__crc_distance *d)
{
    return _mm_set_epi64x((long long)d->last, (long long)d->first);
}

static inline PCLMUL __m128i fold16(__m128i x, __m128i k, __m128i onto)
{
    __m128i first = _mm_clmulepi64_si128(x, k, 0x00);
    __m128i last = _mm_clmulepi64_si128(x, k, 0x11);
    return _mm_xor_si128(_mm_xor_si128(first, last), onto);
}

static inline PCLMUL size_t fold_rest(const cw__crc_field *f, __m128i x, const unsigned char *p,
                                      size_t done, size_t n, unsigned char folded[16])
{
    const __m128i k = constants(&f->over_16);
    for (; n - done >= 16; done += 16)
        x = fold16(x, k, load16(p + done));
    _mm_storeu_si128((void *)folded, x);
    return done;
}

static PCLMUL size_t fold_pclmul(const cw__crc_field *f, uint64_t crc, const unsigned char *p,
                                 size_t n, unsigned char folded[16])
{
    __m128i x0 = _mm_xor_si128(load16(p), _mm_cvtsi64_si128((long long)crc));
    if (n < 64)
        return fold_rest(f, x0, p, 16, n, folded);
    __m128i x1 = load16(p + 16), x2 = load16(p + 32), x3 = load16(p + 48);
    const __m128i k = constants(&f->over_64);
    size_t done = 64;
    for (; n - done >= 64; done += 64) {
        x0 = fold16(x0, k, load16(p + done));
        x1 = fold16(x1, k, load16(p + done + 16));
        x2 = fold16(x2, k, load16(p + done + 32));
        x3 = fold16(x3, k, load16(p + done + 48));
    }
    const __m128i k16 = constants(&f->over_16);
    x0 = fold16(fold16(fold16(x0, k16, x1), k16, x2), k16, x3);
    return fold_rest(f, x0, p, done, n, folded);
}

static inline VPCLMUL __m512i load64(const unsigned char *p)
{
    return _mm512_loadu_si512((const void *)p);
}

static inline VPCLMUL __m512i fold64(__m512i z, __m512i k, __m512i onto)
{
    __m512i first = _mm512_clmulepi64_epi128(z, k, 0x00);
    __m512i last = _mm512_clmulepi64_epi128(z, k, 0x11);
    return _mm512_ternarylogic_epi64(first, last, onto, XOR_OF_THREE);
}

static VPCLMUL size_t fold_vpclmul(const cw__crc_field *f, uint64_t crc, const unsigned char *p,
                                   size_t n, unsigned char folded[16])
{
    const __m512i start = _mm512_zextsi128_si512(_mm_cvtsi64_si128((long long)crc));
    __m512i z0 = _mm512_xor_si512(load64(p), start);
    __m512i z1 = load64(p + 64), z2 = load64(p + 128), z3 = load64(p + 192);
    const __m512i k = _mm512_broadcast_i32x4(constants(&f->over_256));
    size_t done = 256;
    for (; n - done >= 256; done += 256) {
        for (size_t i = 0; i < 256; i += CW__LINE)
            cw__send_ahead(p + done + i);
        z0 = fold64(z0, k, load64(p + done));
        z1 = fold64(z1, k, load64(p + done + 64));
        z2 = fold64(z2, k, load64(p + done + 128));
        z3 = fold64(z3, k, load64(p + done + 192));
    }
    const __m512i k64 = _mm512_broadcast_i32x4(constants(&f->over_64));
    z0 = fold64(fold64(fold64(z0, k64, z1), k64, z2), k64, z3);
    for (; n - done >= 64; done += 64)
        z0 = fold64(z0, k64, load64(p + done));
    const __m128i k16 = constants(&f->over_16);
    __m128i x = _mm512_castsi512_si128(z0);
    x = fold16(x, k16, _mm512_extracti32x4_epi32(z0, 1));
    x = fold16(x, k16, _mm512_extracti32x4_epi32(z0, 2));
    x = fold16(x, k16, _mm512_extracti32x4_epi32(z0, 3));
    return fold_rest(f, x, p, done, n, folded);
}

cw__crc_level cw__crc_best_level(void)
{
    if (!__builtin_cpu_supports("pclmul") || !__builtin_cpu_supports("sse4.1"))
        return CW__CRC_PORTABLE;
    if (!__builtin_cpu_supports("vpclmulqdq") || !__builtin_cpu_supports("avx512f"))
        return CW__CRC_PCLMUL;
    return CW__CRC_VPCLMUL;
}

size_t cw__crc_fold(cw__crc_level level, const cw__crc_field *f, uint64_t crc,
                    const unsigned char *p, size_t n, unsigned char folded[16])
{
    if (level == CW__CRC_PORTABLE || n < PCLMUL_MIN)
        return 0;
    if (level == CW__CRC_PCLMUL || n < VPCLMUL_MIN)
        return fold_pclmul(f, crc, p, n, folded);
    return fold_vpclmul(f, crc, p, n, folded);
}

#else

cw__crc_level cw__crc_best_level(void)
{
    return CW__CRC_PORTABLE;
}

size_t cw__crc_fold(cw__crc_level level, const cw__crc_field *f, uint64_t crc,
                    const unsigned char *p, size_t n, unsigned char folded[16])
{
    (void)level, (void)f, (void)crc, (void)p, (void)n, (void)folded;
    return 0;
}

#endif
