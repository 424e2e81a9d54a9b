/* utf8.c - is this UTF-8? */
#include "utf8.h"
#include <stdint.h>
#include <string.h>

static bool continues(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t utf8_length(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xC2 && p[0] < 0xE0)
        return n > 1 && continues(p[1]) ? 2 : 0;
    if (n > 2 && p[0] >= 0xE0 && p[0] < 0xF0) {
        if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] >= 0xA0))
            return 0;
        return continues(p[1]) && continues(p[2]) ? 3 : 0;
    }
    if (n > 3 && p[0] >= 0xF0 && p[0] < 0xF5) {
        if ((p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] >= 0x90))
            return 0;
        return continues(p[1]) && continues(p[2]) && continues(p[3]) ? 4 : 0;
    }
    return 0;
}

bool utf8_is_ascii(const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    uint64_t all = 0, v;
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        memcpy(&v, p + i, sizeof v);
        all |= v;
    }
    for (; i < n; i++)
        all |= p[i];
    return (all & UINT64_C(0x8080808080808080)) == 0;
}

bool utf8_is_valid(const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    for (size_t i = 0, k; i < n; i += k)
        if ((k = utf8_length(p + i, n - i)) == 0)
            return false;
    return true;
}
