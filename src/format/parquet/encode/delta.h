/* delta.h - DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY
 *
 * One stream over all the non-null values of a page. Blocks of 128 values, four miniblocks (INT64
 * too). Encoders write to memory of at least the bound; decoders read untrusted bytes, answer false
 * for what is malformed or short, and *used how many bytes the stream took.
 * Byte arrays that are decoded: value i is bytes[offsets[i] .. offsets[i+1]).
 */
#ifndef CW_PARQUET_DELTA_H
#define CW_PARQUET_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/parquet/encode/texts.h"

size_t cw__delta_bound(size_t n, size_t value_bytes);
size_t cw__delta_encode_i32(uint8_t *out, const int32_t *values, size_t n);
size_t cw__delta_encode_i64(uint8_t *out, const int64_t *values, size_t n);
bool cw__delta_decode_i32(const uint8_t *in, size_t bytes, int32_t *values, size_t n, size_t *used);
bool cw__delta_decode_i64(const uint8_t *in, size_t bytes, int64_t *values, size_t n, size_t *used);
/** The number of values that the stream says it has. */
bool cw__delta_count(const uint8_t *in, size_t bytes, uint64_t *n);

/** The lengths alone, within cw__delta_bound(n, 4): the bytes as they lie come behind them.
 * `scratch`: n uint32_t. */
size_t cw__delta_lengths_encode(uint8_t *out, const uint32_t *offsets, size_t n, uint32_t *scratch);
/** Where the values lie within `in`: starts and lengths of `n` values. */
bool cw__delta_length_decode(const uint8_t *in, size_t bytes, uint32_t *starts, uint32_t *lengths,
                             size_t n, size_t *used);

size_t cw__delta_bytes_bound(const uint32_t *offsets, size_t n);
/** `n` texts in all runs together. `scratch`: 2n uint32_t, for prefix and suffix lengths. */
size_t cw__delta_bytes_encode(uint8_t *out, const cw__texts *runs, size_t run_count, size_t n,
                              uint32_t *scratch);
/**
 * Rebuilds the values into `values` (room for `room` bytes) with `n` + 1 `offsets`.
 * *needed: how many bytes they are, also where that is why it answers false. scratch: 3n uint32_t.
 */
bool cw__delta_bytes_decode(const uint8_t *in, size_t bytes, uint32_t *offsets, uint8_t *values,
                            size_t room, size_t n, size_t *needed, size_t *used, uint32_t *scratch);
#endif
