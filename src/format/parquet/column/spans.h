/* spans.h - values of a column that stay where they lie, in memory that is on loan
 *
 *     values   | gathered |                 | gathered |
 *     on loan             | an Arrow array  |          | another |
 *     spans    | own      | lent            | own      | lent    |
 *
 * A loan is an Arrow array that has become the encoder's, or will when the call that brought it
 * succeeds. Whoever needs it holds it: the call, and each column that has values in it. The last
 * one to let go releases the array; that is on the thread that calls the encoder. What was lent
 * before a fork belongs to the parent: the child forgets it.
 *
 * Values among nulls wait where they lie, if they are few, until their chunk is made: they are
 * picked into the memory of the thread that makes it then, which is near and used again for the
 * next.
 */
#ifndef CW_PARQUET_SPANS_H
#define CW_PARQUET_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cloudwriter/arrow_abi.h>

typedef struct cw__loan {
    struct ArrowArray array; /* released, as Arrow calls it: not ours yet, or never */
    size_t holders;
    unsigned fork_generation;
} cw__loan;

/** Held once. NULL: out of memory. */
cw__loan *cw__loan_new(void);
void cw__loan_let_go(cw__loan *loan);

/** Values that lie side by side, or will when they are picked. */
typedef struct cw__span {
    const uint8_t *lent; /* NULL: they are gathered, … */
    size_t at;           /* … from this byte on */
    size_t first, n;     /* counted in values */
    size_t bytes;
    const uint8_t *there; /* they wait: which of `slots` they are; or NULL */
    size_t bit, slots;    /* the first slot's bit */
} cw__span;

/** Empty while all values are gathered. */
typedef struct cw__spans {
    cw__span *all;
    size_t count, room;
    cw__loan **loans;
    size_t loan_count, loan_room;
    size_t lent;    /* bytes */
    size_t waiting; /* of them those that wait, nulls included */
    bool picked;    /* what waited lies where the next chunk's values will */
} cw__spans;

/** `n` values behind `count` others, all of which are gathered if there is no span. false: out of
 * memory. */
bool cw__spans_lend(cw__spans *x, cw__loan *loan, const uint8_t *p, size_t bytes, size_t n,
                    size_t count);

/** The same of values that wait: the span says how many; nulls included they have these bytes. */
bool cw__spans_wait(cw__spans *x, cw__loan *loan, const cw__span *span, size_t bytes);

/** The same of values that were gathered, the first of them at this byte; where there are spans. */
bool cw__spans_own(cw__spans *x, size_t at, size_t bytes, size_t n, size_t count);

/** The span that value i is in. */
const cw__span *cw__spans_find(const cw__spans *x, size_t i);

/** Let go of all loans, and keep the memory of its own / give that back as well. */
void cw__spans_reset(cw__spans *x);
void cw__spans_free(cw__spans *x);

#endif
