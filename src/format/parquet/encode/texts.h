/* texts.h - texts whose bytes lie side by side */
#ifndef CW_PARQUET_TEXTS_H
#define CW_PARQUET_TEXTS_H

#include <stddef.h>
#include <stdint.h>

typedef struct cw__texts {
    const uint8_t *bytes;    /* of the first */
    const uint32_t *offsets; /* n + 1; how many bytes lie between two texts is what matters */
    size_t n;
} cw__texts;

static inline const uint8_t *cw__text_at(const cw__texts *t, size_t i, size_t *n)
{
    *n = t->offsets[i + 1] - t->offsets[i];
    return t->bytes + (t->offsets[i] - t->offsets[0]);
}

static inline const uint8_t *cw__texts_end(const cw__texts *t)
{
    return t->bytes + (t->offsets[t->n] - t->offsets[0]);
}

#endif
