/* digits.h - eight characters at once: are they digits, and which numbers are they? */
#ifndef CW_TOOL_DIGITS_H
#define CW_TOOL_DIGITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_ZEROS UINT64_C(0x3030303030303030)

/** Eight characters, the first in the lowest byte. */
static inline uint64_t digits_load(const char *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline bool digits_all(uint64_t v)
{
    const uint64_t high = UINT64_C(0xF0F0F0F0F0F0F0F0);
    return ((v & high) | (((v + UINT64_C(0x0606060606060606)) & high) >> 4)) ==
           UINT64_C(0x3333333333333333);
}

/** Of digits: the numbers of two of them each, in the bytes 0, 2, 4 and 6. */
static inline uint64_t digits_pairs(uint64_t v)
{
    v -= DIGITS_ZEROS;
    return (v * 10 + (v >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
}

/** Of digits: the number of all eight. */
static inline uint64_t digits_number(uint64_t v)
{
    v = digits_pairs(v);
    v = ((v & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064) +
         ((v >> 16) & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001)) >>
        32;
    return v & UINT32_MAX;
}

#endif
