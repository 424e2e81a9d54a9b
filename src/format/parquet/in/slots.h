/* slots.h - the slots that reach a node: their levels, and where in its view the value of each is
 *
 * A slot is what a definition and a repetition level are of: a value, a null or an empty list. Its
 * value is somewhere in the view, or it ended further up. Slots take one of two forms:
 *
 * - in a row, as Arrow's data mostly are: those that are in `span` take a place each, one after the
 *   other from `first` on; of these only those in `there` have a value, since what is null takes a
 *   place as well. Where they are need not be written down, and 64 of them are looked at in one go;
 * - spread: `at` says of each where it is, or -1. Indices, runs, views of lists, and lists between
 *   which there is something that is in none of them come to this.
 *
 * Levels and bits are borrowed from the slots they were made of where they stay the same.
 */
#ifndef CW_PARQUET_SLOTS_H
#define CW_PARQUET_SLOTS_H

#include "format/parquet/in/view.h"

typedef struct cw__slots {
    size_t n;
    const uint8_t *rep, *def;
    const int64_t *at; /* NULL: they are in a row */
    const uint64_t *there, *span;
    int64_t first;
    size_t places; /* how many are in `span` */
    struct cw__slots_memory {
        uint8_t *rep, *def;
        uint64_t *there, *places;
        int64_t *at;
        size_t room, at_room;
    } own;
} cw__slots;

void cw__slots_free(cw__slots *x);

/* Each answers false when out of memory. `out` is not `in`, and uses it for as long as it lasts. */

/** Rows [from, from+n). */
bool cw__slots_rows(cw__slots *out, size_t from, size_t n);

/**
 * Those of `in` that find a value in a view with values of its own: a null ends its slot, and what
 * is there has the node's definition level. *null: the first slot that finds one, else in->n.
 */
bool cw__slots_mark(cw__slots *out, const cw__slots *in, const cw__view *v, size_t *null);

/** The items of all lists: an empty one, and one that is not there, are a slot as well. */
bool cw__slots_open(cw__slots *out, cw__slots *in, const cw__view *v);

/** A copy with positions of its own, to be changed. */
bool cw__slots_spread(cw__slots *out, const cw__slots *in);

/** Of slots in a row, in which places there is a value, a bit each; NULL: in all of them. */
bool cw__slots_places(cw__slots *x, const uint8_t **places);

/** The slot of place k. */
size_t cw__slots_slot(const cw__slots *x, size_t k);

/** Of slots that are spread, the positions of what is there; NULL: out of memory. */
const int64_t *cw__slots_positions(cw__slots *x, size_t *n);

/** The first slot that has a value, else n. */
size_t cw__slots_first(const cw__slots *x);

#endif
