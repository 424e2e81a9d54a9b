/* buffer.h - what one leaf column of a row group has gathered: levels, and the values that are
 * there
 *
 * Levels are kept in the cheapest of three forms and go to a dearer one when they must: all the
 * same; a bit each (flat and nullable: 1 is there); a byte each. Values are those that are not
 * null, in the form of the physical type: little-endian integers and floats, a byte for each
 * boolean, FIXED as they are stored (decimals big-endian), byte arrays as offsets and bytes.
 * Numbers, and the bytes of texts, may stay where the caller has them, as far as spans say so;
 * offsets count as if all bytes lay side by side, from any number on.
 */
#ifndef CW_PARQUET_BUFFER_H
#define CW_PARQUET_BUFFER_H

#include "format/parquet/column/spans.h"
#include "format/parquet/encode/texts.h"
#include "format/parquet/schema/tree.h"

/** Bytes that grow. */
typedef struct cw__grown {
    uint8_t *p;
    size_t n;
    size_t room;
} cw__grown;

/** Room for `more` bytes beyond n; grows by half. false: out of memory. */
bool cw__grow(cw__grown *g, size_t more);
void cw__grown_free(cw__grown *g);

typedef enum cw__levels_form { CW__LEVELS_SAME, CW__LEVELS_BITS, CW__LEVELS_BYTES } cw__levels_form;

typedef struct cw__levels {
    cw__levels_form form;
    uint8_t same; /* CW__LEVELS_SAME: the level of all `n` */
    uint8_t max;  /* CW__LEVELS_BITS: a set bit is this level, an unset one max-1 (that is 0) */
    size_t n;
    cw__grown data; /* bits, least significant first, or bytes */
} cw__levels;

typedef struct cw__column_buffer {
    const cw__leaf *leaf;
    cw__levels def; /* n 0 where max_def is 0 */
    cw__levels rep; /* n 0 where max_rep is 0 */
    size_t rows;
    size_t slots;      /* levels: values, nulls and empty lists */
    size_t count;      /* values that are there */
    cw__grown values;  /* count * width bytes but for what is lent; of byte arrays the bytes */
    cw__spans spans;   /* where values lie, if some are lent */
    cw__grown offsets; /* byte arrays: uint32_t, count+1 of them, but … */
    const uint32_t *lent_offsets; /* … where they are lent along with the only texts; or NULL */
} cw__column_buffer;

void cw__column_buffer_init(cw__column_buffer *b, const cw__leaf *leaf);
/** Empty it and keep the memory / give the memory back. What is lent is let go of: where there is
 * any, on the thread that calls the encoder. */
void cw__column_buffer_reset(cw__column_buffer *b);
void cw__column_buffer_free(cw__column_buffer *b);

/* Adding. Each answers false when out of memory. Levels and values are added apart; the caller
   keeps slots, rows and count in step by cw__column_buffer_added. */
bool cw__levels_add_same(cw__levels *l, unsigned level, size_t n);
/** Flat and nullable: bits [from, from+n) of `validity`; max 1. */
bool cw__levels_add_bits(cw__levels *l, const uint8_t *validity, size_t from, size_t n);
bool cw__levels_add_bytes(cw__levels *l, const uint8_t *levels, size_t n);
/** Level i, for those who read few. */
unsigned cw__levels_at(const cw__levels *l, size_t i);
/** How many of [from, from+n) equal `level`. */
size_t cw__levels_count(const cw__levels *l, size_t from, size_t n, unsigned level);

/** How many of the bits [from, from+n) are set. */
size_t cw__count_bits(const uint8_t *bits, size_t from, size_t n);
/** How many bytes equal `level`. */
size_t cw__count_bytes(const uint8_t *p, size_t n, uint8_t level);

static inline void cw__column_buffer_added(cw__column_buffer *b, size_t rows, size_t slots,
                                           size_t count)
{
    b->rows += rows;
    b->slots += slots;
    b->count += count;
}

/** Bytes of others' memory that values are in. */
static inline size_t cw__column_lent(const cw__column_buffer *b)
{
    return b->spans.lent;
}

/** Pick the values that wait into `scratch`, which they stay in. false: out of memory. */
bool cw__column_pick(cw__column_buffer *b, cw__grown *scratch);

/* Values wherever they lie, none of which waits. */

/** Value i, of `n` bytes. */
const uint8_t *cw__column_value(const cw__column_buffer *b, size_t i, size_t *n);

/** Of byte arrays [from, to) the first ones, as many as lie side by side. */
cw__texts cw__texts_run(const cw__column_buffer *b, size_t from, size_t to);
void cw__texts_copy(uint8_t *to, const cw__column_buffer *b, size_t from, size_t n);

/* Of values of a fixed width. */

/** Value i, and how many of *n values from there on lie side by side. */
const uint8_t *cw__values_run(const cw__column_buffer *b, size_t i, size_t *n);
void cw__values_copy(uint8_t *to, const cw__column_buffer *b, size_t from, size_t n);
/** Where they lie side by side, if need be in `scratch`. NULL: out of memory. */
const uint8_t *cw__values_together(const cw__column_buffer *b, size_t from, size_t n,
                                   cw__grown *scratch);

/** Never NULL: of a buffer that never had a value there is the first one, 0. */
static inline const uint32_t *cw__column_offsets(const cw__column_buffer *b)
{
    static const uint32_t none[1];

    if (b->lent_offsets)
        return b->lent_offsets;
    return b->offsets.p ? (const uint32_t *)(const void *)b->offsets.p : none;
}

#endif
