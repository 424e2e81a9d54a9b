/* utf8.c - is this UTF-8? */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

#include "base/ahead.h"

static const uint64_t TOP_BITS = UINT64_C(0x8080808080808080);

/* ASCII, 64 bytes at a time. */
static size_t skip_ascii(const uint8_t *p, size_t n)
{
    typedef uint64_t half __attribute__((vector_size(16)));
    size_t i = 0;

    for (; i + 64 <= n; i += 64) {
        half w[4];
        cw__send_ahead(p + i);
        memcpy(w, p + i, sizeof w);
        w[0] |= w[1] | w[2] | w[3];
        if ((w[0][0] | w[0][1]) & TOP_BITS)
            break;
    }
    for (uint64_t w; i + 8 <= n; i += 8) {
        memcpy(&w, p + i, sizeof w);
        if (w & TOP_BITS)
            break;
    }
    while (i < n && p[i] < 0x80)
        i++;
    return i;
}

static bool is_tail(uint8_t b)
{
    return (b & 0xC0) == 0x80;
}

/* Bytes of the character at p, which is no ASCII; 0: it is none. */
static size_t character(const uint8_t *p, size_t n)
{
    uint8_t a = p[0];

    if (a >= 0xC2 && a <= 0xDF)
        return n >= 2 && is_tail(p[1]) ? 2 : 0;
    if (a >= 0xE0 && a <= 0xEF)
        return n >= 3 && is_tail(p[1]) && is_tail(p[2]) && !(a == 0xE0 && p[1] < 0xA0) &&
                       !(a == 0xED && p[1] > 0x9F)
                   ? 3
                   : 0;
    if (a >= 0xF0 && a <= 0xF4)
        return n >= 4 && is_tail(p[1]) && is_tail(p[2]) && is_tail(p[3]) &&
                       !(a == 0xF0 && p[1] < 0x90) && !(a == 0xF4 && p[1] > 0x8F)
                   ? 4
                   : 0;
    return 0;
}

bool cw__is_utf8(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    size_t i = n ? skip_ascii(p, n) : 0;

    while (i < n) {
        size_t k = character(p + i, n - i);
        if (k == 0)
            return false;
        i += k;
        if (i < n && p[i] < 0x80)
            i += skip_ascii(p + i, n - i);
    }
    return true;
}

bool cw__is_ascii(const void *p, size_t n)
{
    return n == 0 || skip_ascii(p, n) == n;
}
