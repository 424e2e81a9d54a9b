/* pack.h - numbers of a few bits each, side by side
 *
 * Packing uses the processor's instructions where they exist, chosen at run time.
 */
#ifndef CW_PARQUET_PACK_H
#define CW_PARQUET_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** `n` a multiple of 32: width*n/8 bytes. */
void cw__pack_u8(uint8_t *out, const uint8_t *values, size_t n, unsigned width);
void cw__pack_u32(uint8_t *out, const uint32_t *values, size_t n, unsigned width);
void cw__pack_u64(uint8_t *out, const uint64_t *values, size_t n, unsigned width);
void cw__unpack_u64(uint64_t *values, const uint8_t *in, size_t n, unsigned width);

/** Any `n`, of `bytes` bytes, which are enough; width 1 to 32. */
void cw__unpack_u32(uint32_t *values, const uint8_t *in, size_t bytes, size_t n, unsigned width);

/** As cw__pack_u32 without special instructions, for the tests. */
void cw__pack_u32_portable(uint8_t *out, const uint32_t *values, size_t n, unsigned width);

#endif
