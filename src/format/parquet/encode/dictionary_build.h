/* dictionary_build.h - what the ways to find the distinct values of a chunk have in common */
#ifndef CW_PARQUET_DICTIONARY_BUILD_H
#define CW_PARQUET_DICTIONARY_BUILD_H

#include "format/parquet/encode/dictionary.h"

typedef struct cw__dictionary_builder {
    cw__dictionary *d;
    size_t most_entries, most_bytes;
} cw__dictionary_builder;

/* Room for more firsts. */
bool cw__dictionary_grow(cw__dictionary *d);

/* One more entry, which is value `i` and has `bytes` bytes. */
static inline cw__dictionary_answer cw__dictionary_add(cw__dictionary_builder *b, size_t i,
                                                       size_t bytes)
{
    cw__dictionary *d = b->d;

    if (d->count == b->most_entries || bytes > b->most_bytes - d->bytes)
        return CW__DICTIONARY_TOO_LARGE;
    if (d->count == d->firsts_room && !cw__dictionary_grow(d))
        return CW__DICTIONARY_NO_MEMORY;
    d->firsts[d->count++] = (uint32_t)i;
    d->bytes += bytes;
    return CW__DICTIONARY_BUILT;
}

/* Slots that a table for up to `n` values begins with; a small one is cleared sooner. */
static inline size_t cw__dictionary_room(size_t n)
{
    enum { LEAST = 64, MOST = 2048 };
    size_t room = LEAST;

    while (room < MOST && room < 2 * n)
        room *= 2;
    return room;
}

/* Each in its own file. Numbers are of 1, 4 or 8 bytes; `n` in all runs together. */
cw__dictionary_answer cw__dictionary_fill_numbers(cw__dictionary_builder *b,
                                                  const cw__numbers *runs, size_t run_count,
                                                  size_t n, size_t width);
/* false: they lie too far from each other. Numbers of one byte never do. */
bool cw__dictionary_fill_range(cw__dictionary_answer *answer, cw__dictionary_builder *b,
                               const cw__numbers *runs, size_t run_count, size_t n, size_t width);
/* `n` in all runs together; or, of a `width`, of so many bytes each, without offsets. */
cw__dictionary_answer cw__dictionary_fill_texts(cw__dictionary_builder *b, const cw__texts *runs,
                                                size_t run_count, size_t n, size_t width);

#endif
