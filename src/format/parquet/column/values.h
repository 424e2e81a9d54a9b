/* values.h - the values of a page in one of the encodings */
#ifndef CW_PARQUET_VALUES_H
#define CW_PARQUET_VALUES_H

#include "format/parquet/column/buffer.h"
#include "format/parquet/encode/dictionary.h"

/** Whether values of this leaf can be encoded so (an encoding by the format's number). */
bool cw__can_encode(const cw__leaf *leaf, int32_t encoding);

/**
 * Encode values [from, to) of `b` and add them to `out`. `indices` of all values of `b`, for
 * CW__RLE_DICTIONARY; `scratch` holds numbers meanwhile. false: out of memory.
 */
bool cw__encode_values(cw__grown *out, int32_t encoding, const cw__column_buffer *b, size_t from,
                       size_t to, const uint32_t *indices, cw__grown *scratch);

/** Whether values so encoded end with bytes as they lie in the buffer. */
bool cw__ends_as_it_lies(const cw__leaf *leaf, int32_t encoding);

/** Of such an encoding what comes in front of those bytes, added to `out`. false: out of memory. */
bool cw__encode_front(cw__grown *out, int32_t encoding, const cw__column_buffer *b, size_t from,
                      size_t to, cw__grown *scratch);

/** Those bytes, of values from `from` on: how many of *n values they are side by side. */
const uint8_t *cw__values_as_they_lie(const cw__column_buffer *b, size_t from, size_t *n);

/**
 * Of the values that were just encoded so with this scratch: how many bytes at the end are text,
 * and nothing else. 0: none are.
 */
size_t cw__text_bytes(int32_t encoding, const cw__column_buffer *b, size_t from, size_t to,
                      const cw__grown *scratch);

/** The entries of a dictionary, PLAIN, added to `out`. */
bool cw__encode_entries(cw__grown *out, const cw__column_buffer *b, const cw__dictionary *d);

/** Bytes of values [from, to) without encoding: of byte arrays what they hold, without lengths. */
size_t cw__raw_bytes(const cw__column_buffer *b, size_t from, size_t to);

#endif
