/* filter.c - the Bloom filter of a chunk */
#include "format/parquet/column/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "format/parquet/encode/bloom.h"

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* A boolean is hashed as the byte that it would be. */
static uint64_t hash_value(const cw__column_buffer *b, size_t i)
{
    size_t n;
    const uint8_t *p = cw__column_value(b, i, &n);

    return cw__xxh64(p, n);
}

/* Sorted, each once. */
static uint64_t *distinct_hashes(const cw__column_buffer *in, const cw__dictionary *d, size_t *n)
{
    size_t all = d ? d->count : in->count;
    uint64_t *hashes = cw__alloc(all * sizeof *hashes);

    *n = 0;
    if (!hashes)
        return NULL;
    for (size_t i = 0; i < all; i++)
        hashes[i] = hash_value(in, d ? d->firsts[i] : i);
    if (all)
        qsort(hashes, all, sizeof *hashes, compare_hashes);
    for (size_t i = 0; i < all; i++)
        if (i == 0 || hashes[i] != hashes[i - 1])
            hashes[(*n)++] = hashes[i];
    return hashes;
}

bool cw__bloom_of(cw__grown *out, const cw__column_buffer *in, const cw__dictionary *d, double fpp)
{
    size_t n;
    uint64_t *hashes = distinct_hashes(in, d, &n);

    if (!hashes)
        return false;
    size_t bytes = cw__bloom_bytes(n, fpp);
    bool ok = cw__grow(out, bytes);
    if (ok) {
        memset(out->p, 0, bytes);
        out->n = bytes;
        for (size_t i = 0; i < n; i++)
            cw__bloom_add(out->p, bytes, hashes[i]);
    }
    cw__free(hashes);
    return ok;
}
