/* mask.h - which slots have a value, as words of bits
 *
 * Some slots are in a span, and each of these takes a place in a view; a bitmap of the view has a
 * bit for each place. `words` of 64 slots each; the slots beyond the last have no bit set.
 */
#ifndef CW_PARQUET_MASK_H
#define CW_PARQUET_MASK_H

#include <stddef.h>
#include <stdint.h>

/** Those of `there` whose place has its bit in `validity`, where bit `bit` is the first place's. */
void cw__mask_nulls(uint64_t *to, const uint64_t *there, const uint64_t *span, size_t words,
                    const uint8_t *validity, size_t bit);

/** The other way round: of each place whether its slot is in `there`. */
void cw__mask_places(uint64_t *to, const uint64_t *there, const uint64_t *span, size_t words);

/** Levels of slots: those that are there have this one, others what they had. */
void cw__mask_levels(uint8_t *to, const uint8_t *from, const uint64_t *there, size_t words,
                     uint8_t level);

/** The same without special instructions, for the tests. */
void cw__mask_nulls_portable(uint64_t *to, const uint64_t *there, const uint64_t *span,
                             size_t words, const uint8_t *validity, size_t bit);
void cw__mask_places_portable(uint64_t *to, const uint64_t *there, const uint64_t *span,
                              size_t words);
void cw__mask_levels_portable(uint8_t *to, const uint8_t *from, const uint64_t *there, size_t words,
                              uint8_t level);

#endif
