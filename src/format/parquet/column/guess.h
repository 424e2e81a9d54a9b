/* guess.h - what a compressor will make of numbers, without compressing any */
#ifndef CW_PARQUET_GUESS_H
#define CW_PARQUET_GUESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Of all planes together, in bytes for each value. */
typedef struct cw__split_guess {
    double bytes;    /* compressed by the frequencies of bytes alone */
    double least;    /* of them, what is left where repetitions are worth all the others */
    double noise;    /* of planes that will stay as they are … */
    double literals; /* … of those that frequencies are all of … */
    double searched; /* … and of those where repetitions may be found that are worth more */
} cw__split_guess;

/** `width` planes of `n` bytes each. */
void cw__guess_split(cw__split_guess *g, const uint8_t *planes, size_t n, size_t width);

/** Whether bit-packed numbers of a small sample are noise; of a large one it is better tried. */
bool cw__guess_noise(const uint8_t *p, size_t n);

#endif
