/* decimals.c - decimals as Parquet stores them, from little-endian two's complement of 4, 8, 16 or
 * 32 bytes
 */
#include <string.h>

#include "format/parquet/in/gather_fixed.h"

enum { WORDS = 4 };

/* As four words, sign-extended. */
static void load_decimal(uint64_t w[WORDS], const uint8_t *p, size_t width)
{
    uint64_t sign = p[width - 1] & 0x80 ? UINT64_MAX : 0;

    if (width == 4) {
        int32_t v;
        memcpy(&v, p, sizeof v);
        w[0] = (uint64_t)(int64_t)v;
    } else {
        memcpy(w, p, width < 32 ? width : 32);
    }
    for (size_t i = width < 8 ? 1 : width / 8; i < WORDS; i++)
        w[i] = sign;
}

/* 10 to the power of `digits`, up to 76. */
static void power_of_ten(uint64_t w[WORDS], unsigned digits)
{
    __extension__ typedef unsigned __int128 wide;

    memset(w, 0, WORDS * sizeof *w);
    w[0] = 1;
    for (unsigned i = 0; i < digits; i++) {
        uint64_t carry = 0;
        for (size_t k = 0; k < WORDS; k++) {
            wide product = (wide)w[k] * 10 + carry;
            w[k] = (uint64_t)product;
            carry = (uint64_t)(product >> 64);
        }
    }
}

static void negate(uint64_t w[WORDS])
{
    uint64_t carry = 1;

    for (size_t k = 0; k < WORDS; k++) {
        w[k] = ~w[k] + carry;
        carry = carry && w[k] == 0;
    }
}

static bool is_below(const uint64_t a[WORDS], const uint64_t b[WORDS])
{
    for (size_t k = WORDS; k-- > 0;)
        if (a[k] != b[k])
            return a[k] < b[k];
    return false;
}

static bool fits(const uint64_t w[WORDS], const uint64_t limit[WORDS])
{
    uint64_t magnitude[WORDS];

    memcpy(magnitude, w, sizeof magnitude);
    if (magnitude[WORDS - 1] >> 63)
        negate(magnitude);
    return is_below(magnitude, limit);
}

/* The low `width` bytes, the most significant first. */
static void store_big_endian(uint8_t *p, const uint64_t w[WORDS], size_t width)
{
    for (size_t i = 0; i < width; i++)
        p[width - 1 - i] = (uint8_t)(w[i / 8] >> (8 * (i % 8)));
}

static cw__gathered bad_digits(size_t i, size_t *bad, const char **why)
{
    *bad = i;
    *why = "has more digits than the field's precision";
    return CW__GATHERED_BAD;
}

/* The common case: 16 bytes that go into an INT64 or INT32, or stay within 8. */
static cw__gathered narrow_decimals(cw__column_buffer *to, const cw__view *v, int64_t start,
                                    size_t n, size_t *bad, const char **why)
{
    const uint8_t *from = cw__fixed_at(v, start);
    size_t width = to->leaf->width;
    uint8_t *p = cw__room_for(to, n);
    uint64_t limit[WORDS];

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    power_of_ten(limit, to->leaf->node->precision);
    const int64_t most = (int64_t)limit[0];
    for (size_t i = 0; i < n; i++) {
        const uint8_t *q = from + i * v->width;
        int64_t low = cw__load_signed(q, v->width == 4 ? 4 : 8);
        uint64_t high = 0;
        for (size_t k = 8; k < v->width; k += 8) {
            uint64_t word;
            memcpy(&word, q + k, sizeof word);
            high |= word ^ (uint64_t)(low >> 63);
        }
        if (high || low >= most || low <= -most)
            return bad_digits(i, bad, why);
        memcpy(p + i * width, &low, width); /* little-endian: the low bytes */
    }
    return cw__fixed_added(to, n);
}

static cw__gathered wide_decimals(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                                  size_t *bad, const char **why)
{
    const uint8_t *from = cw__fixed_at(v, start);
    uint8_t *p = cw__room_for(to, n);
    uint64_t limit[WORDS], w[WORDS];

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    power_of_ten(limit, to->leaf->node->precision);
    for (size_t i = 0; i < n; i++) {
        load_decimal(w, from + i * v->width, v->width);
        if (!fits(w, limit))
            return bad_digits(i, bad, why);
        store_big_endian(p + i * to->leaf->width, w, to->leaf->width);
    }
    return cw__fixed_added(to, n);
}

cw__gathered cw__gather_decimals(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                                 size_t *bad, const char **why)
{
    return to->leaf->physical == CW__FIXED_LEN_BYTE_ARRAY
               ? wide_decimals(to, v, start, n, bad, why)
               : narrow_decimals(to, v, start, n, bad, why);
}
