/* split.h - BYTE_STREAM_SPLIT: byte k of every value, then byte k+1 of every value … */
#ifndef CW_PARQUET_SPLIT_H
#define CW_PARQUET_SPLIT_H

#include <stddef.h>
#include <stdint.h>

/** n*width bytes; widths 2, 4, 8 and 16 have paths of their own, any other works. */
void cw__split_encode(uint8_t *out, const uint8_t *values, size_t n, size_t width);
void cw__split_decode(uint8_t *values, const uint8_t *in, size_t n, size_t width);

#endif
