/* pieces.h - bytes one after the other: copied, or lent from where they lie
 *
 *     own     | header levels |           | header levels |        ...
 *     lent                    | values... |               | values... |
 *
 * What is lent has to stay where it is for as long as the pieces are looked at.
 */
#ifndef CW_PARQUET_PIECES_H
#define CW_PARQUET_PIECES_H

#include "format/parquet/column/buffer.h"

typedef struct cw__lent {
    size_t behind; /* bytes of `own` in front of it */
    const uint8_t *p;
    size_t n;
} cw__lent;

typedef struct cw__pieces {
    size_t n; /* bytes of all */
    cw__grown own;
    cw__lent *lent;
    size_t lent_count, lent_room;
} cw__pieces;

/* Each answers false when out of memory. */
bool cw__pieces_add(cw__pieces *x, const void *p, size_t n);
/** What is not worth a piece of its own is copied. */
bool cw__pieces_lend(cw__pieces *x, const void *p, size_t n);
/** All of `more` behind what there is. */
bool cw__pieces_join(cw__pieces *x, const cw__pieces *more);

/** Piece i of cw__pieces_count(x), in order; it may be empty. */
const uint8_t *cw__pieces_at(const cw__pieces *x, size_t i, size_t *n);
static inline size_t cw__pieces_count(const cw__pieces *x)
{
    return 2 * x->lent_count + 1;
}

/** Bytes of memory that are its own. */
size_t cw__pieces_room(const cw__pieces *x);
/** Empty it and keep the memory / give the memory back. */
void cw__pieces_reset(cw__pieces *x);
void cw__pieces_free(cw__pieces *x);

#endif
