/* hint.h - what to tell the compressor about a page: see cw__block_compress */
#ifndef CW_PARQUET_HINT_H
#define CW_PARQUET_HINT_H

#include "format/parquet/schema/tree.h"

/** Of a page that ends in `values` values, of `bytes` bytes. */
unsigned cw__codec_hint(const cw__leaf *leaf, int32_t encoding, size_t values, size_t bytes);
/** Of texts, with cw__text_bytes, where nothing is repeated. */
unsigned cw__codec_hint_literals(size_t text, size_t bytes);

#endif
