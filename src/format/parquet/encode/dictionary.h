/* dictionary.h - the distinct values of a chunk, in the order of their first appearance; numbers of
 * which many may be distinct, and near to each other, ascending
 *
 * Built in one pass over the values, abandoned as soon as a limit is passed. Numbers whose range
 * is small need no hash. The result depends on the values and limits alone.
 *
 * A dictionary is zero before it is built for the first time; what it is built in again is the
 * memory that it has.
 */
#ifndef CW_PARQUET_DICTIONARY_H
#define CW_PARQUET_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/parquet/encode/texts.h"

typedef struct cw__dictionary {
    uint32_t *indices; /* of each value */
    uint32_t *firsts;  /* of each entry: which value it was first; entry i is value firsts[i] */
    size_t count;      /* entries */
    size_t bytes;      /* of the entries, PLAIN: the dictionary page before compression */
    size_t indices_room, firsts_room; /* numbers that there is memory for */
} cw__dictionary;

typedef enum cw__dictionary_answer {
    CW__DICTIONARY_BUILT,
    CW__DICTIONARY_TOO_LARGE, /* a limit was passed: what is there is of no use */
    CW__DICTIONARY_NO_MEMORY
} cw__dictionary_answer;

/** `width` 1, 2, 4, 8, 12, 16 … bytes a value; bit patterns are compared, so -0 is not +0. */
cw__dictionary_answer cw__dictionary_of_fixed(cw__dictionary *d, const void *values, size_t n,
                                              size_t width, size_t most_entries, size_t most_bytes);
/** Values that lie side by side. */
typedef struct cw__numbers {
    const void *p;
    size_t n;
} cw__numbers;

/** The same of `n` values in several places, `width` 1, 4 or 8. */
cw__dictionary_answer cw__dictionary_of_numbers(cw__dictionary *d, const cw__numbers *runs,
                                                size_t run_count, size_t n, size_t width,
                                                size_t most_entries, size_t most_bytes);
/** Of `n` texts in several places. */
cw__dictionary_answer cw__dictionary_of_texts(cw__dictionary *d, const cw__texts *runs,
                                              size_t run_count, size_t n, size_t most_entries,
                                              size_t most_bytes);
/**
 * Whether `all` numbers, of which these are some, lie so near to each other that their distinct
 * ones are found sooner than those of others: of how many they are some. 0: they do not.
 */
size_t cw__dictionary_places(const void *values, size_t n, size_t width, size_t all);
void cw__dictionary_free(cw__dictionary *d);

#endif
