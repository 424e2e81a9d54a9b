/* utf8.h - is this UTF-8? */
#ifndef CW_TOOL_UTF8_H
#define CW_TOOL_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/** Nothing but bytes below 128. */
bool utf8_is_ascii(const void *p, size_t n);

/** Overlong forms and surrogates are none. */
bool utf8_is_valid(const void *p, size_t n);

/** The length of the sequence at p, of n bytes at least 1; 0: it is none. */
size_t utf8_length(const unsigned char *p, size_t n);

#endif
