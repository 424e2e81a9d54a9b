/* booleans.c - booleans, a bit each as Arrow has them, as columns keep them: a byte each */
#include <string.h>

#include "base/bits.h"
#include "format/parquet/in/gather_fixed.h"

enum { WORD = 64 };

static size_t in_word(size_t n)
{
    return n < WORD ? n : WORD;
}

/* Eight bits as bytes: each byte keeps a bit of its own, which is carried to its top and back. */
static inline uint64_t spread(uint64_t bits)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t own = (bits & 0xff) * ones & UINT64_C(0x8040201008040201);

    return (own + 0x7f * ones) >> 7 & ones;
}

cw__gathered cw__gather_booleans(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n)
{
    uint8_t *p = cw__room_for(to, n);
    const size_t first = (size_t)(v->first + start);

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    for (size_t i = 0; i < n; i += WORD) {
        size_t k = in_word(n - i), j = 0;
        uint64_t word = cw__load_bits(v->values, first + i, k);
        for (; j + 8 <= k; j += 8, word >>= 8) {
            uint64_t eight = spread(word);
            memcpy(p + i + j, &eight, sizeof eight);
        }
        for (; j < k; j++, word >>= 1)
            p[i + j] = word & 1;
    }
    return cw__fixed_added(to, n);
}

/* Nulls follow no rule: each is written, and the next one over it where it was null. */
cw__gathered cw__gather_booleans_there(cw__column_buffer *to, const cw__view *v, int64_t start,
                                       size_t n, const uint8_t *bits, size_t bit)
{
    uint8_t *p = cw__room_for(to, n);
    const size_t first = (size_t)(v->first + start);
    size_t count = 0;

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    for (size_t i = 0; i < n; i += WORD) {
        size_t k = in_word(n - i);
        uint64_t word = cw__load_bits(v->values, first + i, k);
        uint64_t there = cw__load_bits(bits, bit + i, k);
        for (; k > 0; k--, word >>= 1, there >>= 1) {
            p[count] = word & 1;
            count += there & 1;
        }
    }
    return cw__fixed_added(to, count);
}
