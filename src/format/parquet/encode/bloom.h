/* bloom.h - split block Bloom filters and the hash they use, XXH64 with seed 0 */
#ifndef CW_PARQUET_BLOOM_H
#define CW_PARQUET_BLOOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t cw__xxh64(const void *p, size_t n);

/** Bytes of a filter for so many distinct values: a power of two, from 32 to 128 MiB. */
size_t cw__bloom_bytes(uint64_t distinct, double fpp);
/** `filter` is `bytes` bytes, zeroed at first. */
void cw__bloom_add(uint8_t *filter, size_t bytes, uint64_t hash);
bool cw__bloom_has(const uint8_t *filter, size_t bytes, uint64_t hash);

#endif
