/* utf8.h - is this UTF-8? */
#ifndef CW_BASE_UTF8_H
#define CW_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/** Well-formed as Unicode says: no surrogates, nothing overlong, nothing above U+10FFFF. */
bool cw__is_utf8(const void *p, size_t n);

/** Nothing but bytes below 128. */
bool cw__is_ascii(const void *p, size_t n);

#endif
