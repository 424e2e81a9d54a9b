/* hint.c - what to tell the compressor about a page */
#include "format/parquet/column/hint.h"

#include "format/parquet/meta/metadata.h"
#include "port/block.h"

static unsigned hint_of(unsigned kind, size_t plane)
{
    return kind + CW__BLOCK_PLANE * (unsigned)(plane < CW__BLOCK_MOST_PLANE ? plane : 0);
}

unsigned cw__codec_hint(const cw__leaf *leaf, int32_t encoding, size_t values, size_t bytes)
{
    if (encoding == CW__BYTE_STREAM_SPLIT)
        return hint_of(CW__BLOCK_SPLIT, values);
    if (encoding == CW__RLE_DICTIONARY || encoding == CW__DELTA_BINARY_PACKED)
        return hint_of(CW__BLOCK_PACKED, bytes);
    return leaf->width == 0 ? CW__BLOCK_ANY : CW__BLOCK_NUMBERS;
}

unsigned cw__codec_hint_literals(size_t text, size_t bytes)
{
    return 2 * text > bytes ? hint_of(CW__BLOCK_LITERALS, text) : CW__BLOCK_ANY;
}
