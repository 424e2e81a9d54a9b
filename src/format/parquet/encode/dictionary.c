/* dictionary.c - the distinct values of a chunk, in the order of their first appearance
 *
 * Numbers and texts are found in their own ways, in dictionary_numbers.c and dictionary_texts.c;
 * texts of one character each are numbers.
 */
#include <string.h>

#include "base/memory.h"
#include "format/parquet/encode/dictionary_build.h"

static size_t bytes_of(size_t numbers)
{
    return numbers * sizeof(uint32_t);
}

void cw__dictionary_free(cw__dictionary *d)
{
    cw__buffer_free(d->indices, bytes_of(d->indices_room));
    cw__buffer_free(d->firsts, bytes_of(d->firsts_room));
    memset(d, 0, sizeof *d);
}

bool cw__dictionary_grow(cw__dictionary *d)
{
    enum { FIRST = 1024 };
    size_t room = d->firsts_room ? 2 * d->firsts_room : FIRST;
    uint32_t *more = cw__buffer_realloc(d->firsts, bytes_of(d->firsts_room), bytes_of(room));

    if (!more)
        return false;
    d->firsts = more;
    d->firsts_room = room;
    return true;
}

static bool begin(cw__dictionary_builder *b, cw__dictionary *d, size_t n, size_t most_entries,
                  size_t most_bytes)
{
    *b = (cw__dictionary_builder){.d = d, .most_entries = most_entries, .most_bytes = most_bytes};
    d->count = d->bytes = 0;
    if (d->indices && d->indices_room >= n)
        return true;
    cw__buffer_free(d->indices, bytes_of(d->indices_room));
    d->indices = cw__buffer_realloc(NULL, 0, bytes_of(n));
    d->indices_room = d->indices ? n : 0;
    return d->indices != NULL;
}

cw__dictionary_answer cw__dictionary_of_numbers(cw__dictionary *d, const cw__numbers *runs,
                                                size_t run_count, size_t n, size_t width,
                                                size_t most_entries, size_t most_bytes)
{
    cw__dictionary_builder b;

    if (!begin(&b, d, n, most_entries, most_bytes))
        return CW__DICTIONARY_NO_MEMORY;
    return cw__dictionary_fill_numbers(&b, runs, run_count, n, width);
}

cw__dictionary_answer cw__dictionary_of_fixed(cw__dictionary *d, const void *values, size_t n,
                                              size_t width, size_t most_entries, size_t most_bytes)
{
    cw__dictionary_builder b;

    if (width == 1 || width == 4 || width == 8)
        return cw__dictionary_of_numbers(d, &(cw__numbers){values, n}, 1, n, width, most_entries,
                                         most_bytes);
    if (!begin(&b, d, n, most_entries, most_bytes))
        return CW__DICTIONARY_NO_MEMORY;
    return cw__dictionary_fill_texts(&b, values, NULL, n, width);
}

/* Texts of one byte each: flags, mostly. */
static bool are_characters(const uint32_t *offsets, size_t n)
{
    bool each = n > 0 && offsets[n] - offsets[0] == n;

    for (size_t i = 0; each && i < n; i++)
        each = offsets[i + 1] - offsets[i] == 1;
    return each;
}

/* As numbers, but an entry is as long as that of any text. */
static cw__dictionary_answer by_character(cw__dictionary_builder *b, const uint8_t *values,
                                          size_t n)
{
    cw__dictionary_answer answer =
        cw__dictionary_fill_numbers(b, &(cw__numbers){values, n}, 1, n, 1);

    b->d->bytes += 4 * b->d->count;
    if (answer == CW__DICTIONARY_BUILT && b->d->bytes > b->most_bytes)
        return CW__DICTIONARY_TOO_LARGE;
    return answer;
}

cw__dictionary_answer cw__dictionary_of_bytes(cw__dictionary *d, const uint32_t *offsets,
                                              const uint8_t *bytes, size_t n, size_t most_entries,
                                              size_t most_bytes)
{
    cw__dictionary_builder b;

    if (!begin(&b, d, n, most_entries, most_bytes))
        return CW__DICTIONARY_NO_MEMORY;
    if (are_characters(offsets, n))
        return by_character(&b, bytes + offsets[0], n);
    return cw__dictionary_fill_texts(&b, bytes, offsets, n, 0);
}
