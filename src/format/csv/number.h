/* number.h - numbers as text, with the fewest digits that read back as the same value
 *
 * Whatever the locale, and without allocation. Each function writes no NUL, and answers how many
 * bytes it wrote.
 */
#ifndef CW_FORMAT_CSV_NUMBER_H
#define CW_FORMAT_CSV_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum { CW__NUMBER_BYTES = 32 }; /* the longest is "-1.2345678901234567e-308" */

size_t cw__number_int(char out[CW__NUMBER_BYTES], int64_t v);
size_t cw__number_uint(char out[CW__NUMBER_BYTES], uint64_t v);

/**
 * The shortest decimal that rounds to `v`, and of these the one closest to it. Written plainly
 * from 0.00001 up to 17 digits before the point ("0.1", "42", "-0"), else with an exponent
 * ("1e-7", "1.5e300"). Not a number is "nan", the infinities are "inf" and "-inf".
 */
size_t cw__number_double(char out[CW__NUMBER_BYTES], double v);

/** The same for what rounds to a float: cw__number_float(0.1f) is "0.1". */
size_t cw__number_float(char out[CW__NUMBER_BYTES], float v);

#endif
