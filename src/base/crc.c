/* crc.c - CRC-32, CRC-32C and CRC-64/NVME: tables, combination, choice of the fastest way
 *
 * Owns the arithmetic modulo the three polynomials. Tables and folding constants are computed from
 * the polynomials at first use, in some 50 microseconds for the process, which keeps 48 KiB out of
 * the file. What the processor can do beyond tables is in crc_fold.c; this file ends what is
 * begun there.
 */
#include "base/crc.h"
#include "base/crc_engine.h"
#include <pthread.h>

/* x^0 and x^8 in reflected order. */
static const uint64_t ONE = UINT64_C(1) << 63;
static const uint64_t ONE_BYTE = UINT64_C(1) << 55;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static cw__crc_level best_level;
static cw__crc_field fields[CW__CRC_KINDS];

static uint64_t times_x(const cw__crc_field *f, uint64_t a)
{
    return a >> 1 ^ (a & 1 ? f->polynomial : 0);
}

static uint64_t multiply(const cw__crc_field *f, uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (; a; a <<= 1) {
        if (a & ONE)
            product ^= b;
        b = times_x(f, b);
    }
    return product;
}

static uint64_t power(const cw__crc_field *f, uint64_t base, uint64_t exponent)
{
    uint64_t product = ONE;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            product = multiply(f, product, base);
        base = multiply(f, base, base);
    }
    return product;
}

static cw__crc_distance distance(const cw__crc_field *f, uint64_t bytes)
{
    const uint64_t x = ONE >> 1;
    return (cw__crc_distance){.first = power(f, x, bytes * 8 + 63),
                              .last = power(f, x, bytes * 8 - 1)};
}

static void fill_tables(cw__crc_field *f)
{
    for (unsigned b = 0; b < 256; b++) {
        uint64_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = times_x(f, crc);
        f->table[0][b] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (unsigned b = 0; b < 256; b++) {
            uint64_t before = f->table[k - 1][b];
            f->table[k][b] = before >> 8 ^ f->table[0][before & 255];
        }
}

static void init_field(cw__crc_kind kind, uint64_t polynomial)
{
    cw__crc_field *f = &fields[kind];
    f->polynomial = polynomial;
    fill_tables(f);
    f->over_16 = distance(f, 16);
    f->over_64 = distance(f, 64);
    f->over_256 = distance(f, 256);
}

static void init(void)
{
    init_field(CW__CRC32, UINT64_C(0xEDB88320));
    init_field(CW__CRC32C, UINT64_C(0x82F63B78));
    init_field(CW__CRC64NVME, UINT64_C(0x9A6C9329AC4BC9B5));
    best_level = cw__crc_best_level();
}

static const cw__crc_field *field(cw__crc_kind kind)
{
    pthread_once(&once, init);
    return &fields[kind];
}

static cw__crc_level best(void)
{
    pthread_once(&once, init);
    return best_level;
}

/* Bytes in this order on every processor; compilers make one load of it where they can. */
static uint64_t load_little_endian(const unsigned char *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

static uint64_t update_tables(const cw__crc_field *f, uint64_t crc, const unsigned char *p,
                              size_t n)
{
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t x = crc ^ load_little_endian(p);
        crc = f->table[7][x & 255] ^ f->table[6][x >> 8 & 255] ^ f->table[5][x >> 16 & 255] ^
              f->table[4][x >> 24 & 255] ^ f->table[3][x >> 32 & 255] ^ f->table[2][x >> 40 & 255] ^
              f->table[1][x >> 48 & 255] ^ f->table[0][x >> 56];
    }
    for (; n; p++, n--)
        crc = crc >> 8 ^ f->table[0][(crc ^ *p) & 255];
    return crc;
}

static uint64_t update(const cw__crc_field *f, cw__crc_level level, uint64_t crc,
                       const unsigned char *p, size_t n)
{
    unsigned char folded[16];
    size_t done = cw__crc_fold(level, f, crc, p, n, folded);
    if (done == 0)
        return update_tables(f, crc, p, n);
    return update_tables(f, update_tables(f, 0, folded, sizeof folded), p + done, n - done);
}

static uint32_t short_crc(cw__crc_kind kind, cw__crc_level level, uint32_t crc, const void *p,
                          size_t n)
{
    const cw__crc_field *f = field(kind);
    uint32_t start = ~crc;
    return ~(uint32_t)update(f, level, start, p, n);
}

static uint64_t long_crc(cw__crc_kind kind, cw__crc_level level, uint64_t crc, const void *p,
                         size_t n)
{
    const cw__crc_field *f = field(kind);
    return ~update(f, level, ~crc, p, n);
}

/* A's remainder moves up by the length of B. What inverting adds at both ends cancels out. */
static uint64_t combine(cw__crc_kind kind, uint64_t a, uint64_t b, uint64_t b_bytes)
{
    const cw__crc_field *f = field(kind);
    return multiply(f, power(f, ONE_BYTE, b_bytes), a) ^ b;
}

uint64_t cw__crc_update(cw__crc_kind kind, cw__crc_level level, uint64_t crc, const void *p,
                        size_t n)
{
    return update(field(kind), level, crc, p, n);
}

uint32_t cw__crc32(uint32_t crc, const void *p, size_t n)
{
    return short_crc(CW__CRC32, best(), crc, p, n);
}

uint32_t cw__crc32c(uint32_t crc, const void *p, size_t n)
{
    return short_crc(CW__CRC32C, best(), crc, p, n);
}

uint64_t cw__crc64nvme(uint64_t crc, const void *p, size_t n)
{
    return long_crc(CW__CRC64NVME, best(), crc, p, n);
}

uint32_t cw__crc32_portable(uint32_t crc, const void *p, size_t n)
{
    return short_crc(CW__CRC32, CW__CRC_PORTABLE, crc, p, n);
}

uint32_t cw__crc32c_portable(uint32_t crc, const void *p, size_t n)
{
    return short_crc(CW__CRC32C, CW__CRC_PORTABLE, crc, p, n);
}

uint64_t cw__crc64nvme_portable(uint64_t crc, const void *p, size_t n)
{
    return long_crc(CW__CRC64NVME, CW__CRC_PORTABLE, crc, p, n);
}

uint32_t cw__crc32_combine(uint32_t a, uint32_t b, uint64_t b_bytes)
{
    return (uint32_t)combine(CW__CRC32, a, b, b_bytes);
}

uint32_t cw__crc32c_combine(uint32_t a, uint32_t b, uint64_t b_bytes)
{
    return (uint32_t)combine(CW__CRC32C, a, b, b_bytes);
}

uint64_t cw__crc64nvme_combine(uint64_t a, uint64_t b, uint64_t b_bytes)
{
    return combine(CW__CRC64NVME, a, b, b_bytes);
}
