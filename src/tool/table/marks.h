/* marks.h - where a line of CSV may be cut: the places of delimiters, quotes and ends of lines */
#ifndef CW_TOOL_MARKS_H
#define CW_TOOL_MARKS_H

#include <stddef.h>
#include <stdint.h>

/**
 * Write the place, from `base` on, of each byte of p[0..n) that is one of three. `out` has room
 * for n. 64 bytes behind p[n) are readable. @return how many
 */
size_t marks_find(uint32_t *out, const char *p, size_t n, uint32_t base, const char three[3]);

#endif
