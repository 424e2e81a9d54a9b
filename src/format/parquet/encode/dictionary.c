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
    return cw__dictionary_fill_texts(&b, &(cw__texts){.bytes = values, .n = n}, 1, n, width);
}

/* Texts of one byte each: flags, mostly. */
static bool are_characters(const cw__texts *t)
{
    bool each = t->offsets[t->n] - t->offsets[0] == t->n;

    for (size_t i = 0; each && i < t->n; i++)
        each = t->offsets[i + 1] - t->offsets[i] == 1;
    return each;
}

static bool all_are_characters(const cw__texts *runs, size_t run_count)
{
    bool all = run_count > 0;

    for (size_t i = 0; all && i < run_count; i++)
        all = are_characters(&runs[i]);
    return all;
}

/* As numbers, but an entry is as long as that of any text. */
static cw__dictionary_answer by_character(cw__dictionary_builder *b, const cw__texts *runs,
                                          size_t run_count, size_t n)
{
    cw__numbers *numbers = cw__alloc(run_count * sizeof *numbers);
    cw__dictionary_answer answer;

    if (!numbers)
        return CW__DICTIONARY_NO_MEMORY;
    for (size_t i = 0; i < run_count; i++)
        numbers[i] = (cw__numbers){runs[i].bytes, runs[i].n};
    answer = cw__dictionary_fill_numbers(b, numbers, run_count, n, 1);
    cw__free(numbers);
    b->d->bytes += 4 * b->d->count;
    if (answer == CW__DICTIONARY_BUILT && b->d->bytes > b->most_bytes)
        return CW__DICTIONARY_TOO_LARGE;
    return answer;
}

cw__dictionary_answer cw__dictionary_of_texts(cw__dictionary *d, const cw__texts *runs,
                                              size_t run_count, size_t n, size_t most_entries,
                                              size_t most_bytes)
{
    cw__dictionary_builder b;

    if (!begin(&b, d, n, most_entries, most_bytes))
        return CW__DICTIONARY_NO_MEMORY;
    if (all_are_characters(runs, run_count))
        return by_character(&b, runs, run_count, n);
    return cw__dictionary_fill_texts(&b, runs, run_count, n, 0);
}
