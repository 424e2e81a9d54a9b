/* hex.h - hexadecimal digits of either case */
#ifndef CW_TOOL_HEX_H
#define CW_TOOL_HEX_H

#include <stdbool.h>
#include <stddef.h>

/** What a digit stands for; -1: it is none. */
static inline int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/** `n` bytes from twice as many digits. false: not all are digits; `out` may be half written. */
static inline bool hex_decode(const char *p, size_t n, unsigned char *out)
{
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(p[2 * i]), low = hex_digit(p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

#endif
