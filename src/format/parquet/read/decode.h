/* decode.h - the pages of a chunk, from untrusted bytes to levels and values
 *
 * A page is decoded into a column buffer of its own, values dense and levels a number each. What is
 * malformed is said in a sentence; what is not known here (a codec, an encoding) is another answer.
 */
#ifndef CW_PARQUET_DECODE_H
#define CW_PARQUET_DECODE_H

#include "format/parquet/column/buffer.h"
#include "format/parquet/meta/metadata.h"
#include "port/block.h"

typedef enum cw__decoded {
    CW__DECODED,
    CW__DECODED_BAD,
    CW__DECODED_UNKNOWN,
    CW__DECODED_NO_MEMORY
} cw__decoded;

typedef struct cw__decoder {
    const cw__leaf *leaf;
    int32_t codec; /* of the format */
    cw__block *block;
    bool has_dictionary;
    cw__column_buffer dictionary;

    /* the page that was decoded last */
    cw__column_buffer page; /* values, offsets, count; its levels are below */
    uint32_t *def, *rep;    /* `slots` of each, NULL where the maximum is 0 */
    size_t slots;
    size_t rows; /* slots whose repetition level is 0 */
    char why[200];

    cw__grown plain; /* the body, uncompressed */
    cw__grown numbers;
    size_t level_room;
} cw__decoder;

bool cw__decoder_init(cw__decoder *d);
/** Start a chunk. */
void cw__decoder_begin(cw__decoder *d, const cw__leaf *leaf, int32_t codec);
void cw__decoder_free(cw__decoder *d);

/** `body`: the compressed_bytes after the header. */
cw__decoded cw__decode_dictionary(cw__decoder *d, const cw__page_header *h, const uint8_t *body);
cw__decoded cw__decode_page(cw__decoder *d, const cw__page_header *h, const uint8_t *body);

/** Value i of a buffer. */
const uint8_t *cw__value_at(const cw__column_buffer *b, size_t i, size_t *n);

#endif
