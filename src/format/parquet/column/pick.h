/* pick.h - the values of a stretch that a bitmap says are there, one after the other */
#ifndef CW_PARQUET_PICK_H
#define CW_PARQUET_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How many values beyond those that are there may be written over. */
enum { CW__PICK_SLACK = 8 };

/**
 * Of `n` values of 4 or 8 bytes those whose bit is set; bit `bit` of `bits` is that of the first.
 * @return how many
 */
size_t cw__pick(uint8_t *to, const uint8_t *from, size_t n, size_t width, const uint8_t *bits,
                size_t bit);

/**
 * Offsets of those of `n` byte arrays whose bit is set, and where the last ends; *to, the first, is
 * given. *hidden: whether others have bytes, which the offsets then pass over. @return how many
 */
size_t cw__pick_offsets32(uint32_t *to, const int32_t *from, size_t n, const uint8_t *bits,
                          size_t bit, bool *hidden);
size_t cw__pick_offsets64(uint32_t *to, const int64_t *from, size_t n, const uint8_t *bits,
                          size_t bit, bool *hidden);

/** As cw__pick and cw__pick_offsets32, without special instructions, for the tests. */
size_t cw__pick_portable(uint8_t *to, const uint8_t *from, size_t n, size_t width,
                         const uint8_t *bits, size_t bit);
size_t cw__pick_offsets32_portable(uint32_t *to, const int32_t *from, size_t n, const uint8_t *bits,
                                   size_t bit, bool *hidden);

#endif
