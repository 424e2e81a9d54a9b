/* rle.h - the RLE and bit-packed hybrid of levels, booleans and dictionary indices
 *
 * Encoders write to memory of at least cw__rle_bound bytes and answer how many they used. They pick
 * runs and bit-packed groups so that the output is as small as the usual writers' or smaller, and
 * it depends on the values alone. No length prefix, no width byte: the page puts these. Decoders
 * read untrusted bytes: false for anything malformed or short, never past the end.
 */
#ifndef CW_PARQUET_RLE_H
#define CW_PARQUET_RLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/parquet/encode/pack.h"

/** Bits of the largest value: 0 for 0. */
unsigned cw__bits_for(uint64_t largest);

size_t cw__rle_bound(size_t n, unsigned width);
size_t cw__rle_encode_u32(uint8_t *out, const uint32_t *values, size_t n, unsigned width);
size_t cw__rle_encode_u8(uint8_t *out, const uint8_t *values, size_t n, unsigned width);
/** Width 1, from bits, least significant first, `from` a bit index. */
size_t cw__rle_encode_bits(uint8_t *out, const uint8_t *bits, size_t from, size_t n);
/** `n` times the same value. */
size_t cw__rle_encode_run(uint8_t *out, uint32_t value, size_t n, unsigned width);

/** Exactly `n` values; *used: how many bytes they took. */
bool cw__rle_decode_u32(const uint8_t *in, size_t bytes, unsigned width, uint32_t *values, size_t n,
                        size_t *used);

#endif
