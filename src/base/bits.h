/* bits.h - bitmaps, the least significant bit first, read a word at a time */
#ifndef CW_BASE_BITS_H
#define CW_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Words and files are read and written as they lie in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little-endian machines only");

/** The lowest `n` bits, 64 at most. */
static inline uint64_t cw__low_bits(size_t n)
{
    return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

/** The `n` bits, 64 at most, from bit `at` on; no byte beyond them is read. */
static inline uint64_t cw__load_bits(const uint8_t *bits, size_t at, size_t n)
{
    const uint8_t *p = bits + at / 8;
    size_t shift = at % 8, bytes = (shift + n + 7) / 8;
    uint64_t v = 0;

    if (bytes >= 8)
        memcpy(&v, p, sizeof v);
    else
        memcpy(&v, p, bytes);
    v >>= shift;
    if (bytes > 8)
        v |= (uint64_t)p[8] << (64 - shift);
    return v & cw__low_bits(n);
}

static inline bool cw__bit(const uint8_t *bits, size_t at)
{
    return bits[at / 8] >> at % 8 & 1;
}

/** How many bits from `at` on, `n` at most, are `value`. */
static inline size_t cw__run_of_bits(const uint8_t *bits, size_t at, size_t n, bool value)
{
    for (size_t done = 0, k; done < n; done += k) {
        k = n - done < 64 ? n - done : 64;
        uint64_t word = cw__load_bits(bits, at + done, k);
        word = value ? word ^ cw__low_bits(k) : word;
        if (word)
            return done + (size_t)__builtin_ctzll(word);
    }
    return n;
}

#endif
