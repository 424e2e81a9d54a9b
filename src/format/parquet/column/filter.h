/* filter.h - the Bloom filter of a chunk */
#ifndef CW_PARQUET_FILTER_H
#define CW_PARQUET_FILTER_H

#include "format/parquet/column/buffer.h"
#include "format/parquet/encode/dictionary.h"

/**
 * Of every value, or of the entries of the dictionary that stand for them, where there is one. Its
 * bits are added to `out`, which is empty. false: out of memory.
 */
bool cw__bloom_of(cw__grown *out, const cw__column_buffer *in, const cw__dictionary *d, double fpp);

#endif
