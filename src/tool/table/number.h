/* number.h - numbers as people and programs write them, read exactly or not at all
 *
 * Eight bytes behind the text may be read, whatever they are.
 */
#ifndef CW_TOOL_NUMBER_H
#define CW_TOOL_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Decimal digits with a sign or without; nothing around them. false: no integer, or too large. */
bool number_int64(const char *p, size_t n, int64_t *out);
bool number_uint64(const char *p, size_t n, uint64_t *out);

/**
 * A decimal fraction, or one with an exponent, as IEEE has it: the nearest double. Also nan, inf
 * and infinity in any case, with a sign.
 */
bool number_double(const char *p, size_t n, double *out);

/** The nearest float; the nearest half. */
bool number_float(const char *p, size_t n, float *out);
bool number_half(const char *p, size_t n, uint16_t *out);

enum { NUMBER_WORDS = 4 };

/**
 * A decimal fraction times 10^scale, in two's complement, least word first. false: it is none, has
 * more digits than `precision` with its scale allows, or digits that the scale would cut off.
 */
bool number_decimal(const char *p, size_t n, unsigned precision, unsigned scale,
                    uint64_t out[NUMBER_WORDS]);

/** true, t, yes, y, 1, and false, f, no, n, 0, in any case. */
bool number_bool(const char *p, size_t n, bool *out);

#endif
