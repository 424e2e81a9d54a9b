/* values.c - the values of a page in one of the encodings */
#include "format/parquet/column/values.h"

#include <string.h>

#include "format/parquet/encode/delta.h"
#include "format/parquet/encode/rle.h"
#include "format/parquet/encode/split.h"
#include "format/parquet/meta/metadata.h"

/* ---- room ---- */

/* Where the next `room` bytes go. */
static uint8_t *room_in(cw__grown *g, size_t room)
{
    return cw__grow(g, room + 1) ? g->p + g->n : NULL;
}

static uint32_t *numbers(cw__grown *g, size_t n)
{
    g->n = 0;
    return (uint32_t *)(void *)room_in(g, n * sizeof(uint32_t));
}

static const uint8_t *fixed_at(const cw__column_buffer *b, size_t i)
{
    return b->values.p + i * b->leaf->width;
}

size_t cw__raw_bytes(const cw__column_buffer *b, size_t from, size_t to)
{
    const uint32_t *offsets = cw__column_offsets(b);

    if (from == to)
        return 0;
    return b->leaf->width ? (to - from) * b->leaf->width : offsets[to] - offsets[from];
}

const uint8_t *cw__values_as_they_lie(const cw__column_buffer *b, size_t from, size_t *n)
{
    cw__texts t;

    if (b->leaf->width)
        return cw__values_run(b, from, n);
    t = cw__texts_run(b, from, from + *n);
    *n = t.n;
    return t.bytes;
}

/* ---- PLAIN ---- */

static bool plain_booleans(cw__grown *out, const cw__column_buffer *b, size_t from, size_t to)
{
    const uint8_t *v = fixed_at(b, from);
    size_t n = to - from, bytes = (n + 7) / 8, i = 0;
    uint8_t *p = room_in(out, bytes);

    if (!p)
        return false;
    /* Eight bytes that are 0 or 1 at once: the product brings byte k's bit to bit 56+k. */
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, v + i, sizeof word);
        p[i / 8] = (uint8_t)(word * UINT64_C(0x0102040810204080) >> 56);
    }
    if (i < n)
        p[i / 8] = 0;
    for (; i < n; i++)
        p[i / 8] |= (uint8_t)(v[i] << i % 8);
    out->n += bytes;
    return true;
}

static inline void store_u32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}

/* Short values are copied as 16 bytes, whatever they have: the next one writes over the rest, for
   which there is room. */
enum { SHORT = 16 };

static uint8_t *put_texts(uint8_t *p, const cw__texts *t)
{
    const cw__texts texts = *t; /* where no byte that is written can be it */
    const uint8_t *end = cw__texts_end(t);

    for (size_t i = 0; i < texts.n; i++) {
        size_t n;
        const uint8_t *v = cw__text_at(&texts, i, &n);
        store_u32(p, (uint32_t)n);
        if (n <= SHORT && end - v >= SHORT)
            memcpy(p + 4, v, SHORT);
        else if (n)
            memcpy(p + 4, v, n);
        p += 4 + n;
    }
    return p;
}

static bool plain_bytes(cw__grown *out, const cw__column_buffer *b, size_t from, size_t to)
{
    size_t total = cw__raw_bytes(b, from, to) + 4 * (to - from);
    uint8_t *p = room_in(out, total + SHORT);
    cw__texts t;

    if (!p)
        return false;
    for (size_t i = from; i < to; i += t.n) {
        t = cw__texts_run(b, i, to);
        p = put_texts(p, &t);
    }
    out->n += total;
    return true;
}

static bool plain_fixed(cw__grown *out, const cw__column_buffer *b, size_t from, size_t to)
{
    size_t bytes = (to - from) * b->leaf->width;
    uint8_t *p = room_in(out, bytes);

    if (!p)
        return false;
    cw__values_copy(p, b, from, to - from);
    out->n += bytes;
    return true;
}

static bool plain(cw__grown *out, const cw__column_buffer *b, size_t from, size_t to)
{
    if (b->leaf->physical == CW__BOOLEAN)
        return plain_booleans(out, b, from, to);
    return b->leaf->width ? plain_fixed(out, b, from, to) : plain_bytes(out, b, from, to);
}

/* ---- the others ---- */

/* As wide as the largest index of the page: early pages have seen few entries. Never 0, which some
   readers take for a fault. */
static unsigned width_of(const uint32_t *indices, size_t n)
{
    enum { STEP = 8 };
    uint32_t all[STEP] = {1}, any = 0;
    size_t i = 0;

    for (; i + STEP <= n; i += STEP)
        for (size_t k = 0; k < STEP; k++)
            all[k] |= indices[i + k];
    for (; i < n; i++)
        any |= indices[i];
    for (size_t k = 0; k < STEP; k++)
        any |= all[k];
    return cw__bits_for(any);
}

static bool dictionary_indices(cw__grown *out, const uint32_t *indices, size_t from, size_t to)
{
    unsigned width = width_of(indices + from, to - from);
    uint8_t *p = room_in(out, 1 + cw__rle_bound(to - from, width));

    if (!p)
        return false;
    p[0] = (uint8_t)width;
    out->n += 1 + cw__rle_encode_u32(p + 1, indices + from, to - from, width);
    return true;
}

/* The length comes first, also in pages of version 2. */
static bool rle_booleans(cw__grown *out, const cw__column_buffer *b, size_t from, size_t to)
{
    uint8_t *p = room_in(out, 4 + cw__rle_bound(to - from, 1));

    if (!p)
        return false;
    size_t n = cw__rle_encode_u8(p + 4, fixed_at(b, from), to - from, 1);
    store_u32(p, (uint32_t)n);
    out->n += 4 + n;
    return true;
}

static bool delta(cw__grown *out, const cw__column_buffer *b, size_t from, size_t to,
                  cw__grown *scratch)
{
    uint8_t *p = room_in(out, cw__delta_bound(to - from, b->leaf->width));
    const void *v = cw__values_together(b, from, to - from, scratch);

    if (!p || !v)
        return false;
    out->n += b->leaf->physical == CW__INT32 ? cw__delta_encode_i32(p, v, to - from)
                                             : cw__delta_encode_i64(p, v, to - from);
    return true;
}

static bool delta_lengths(cw__grown *out, const cw__column_buffer *b, size_t from, size_t to,
                          cw__grown *scratch)
{
    uint8_t *p = room_in(out, cw__delta_bound(to - from, 4));
    uint32_t *lengths = numbers(scratch, to - from);

    if (!p || !lengths)
        return false;
    out->n += cw__delta_lengths_encode(p, cw__column_offsets(b) + from, to - from, lengths);
    return true;
}

static bool delta_length(cw__grown *out, const cw__column_buffer *b, size_t from, size_t to,
                         cw__grown *scratch)
{
    size_t bytes = cw__raw_bytes(b, from, to);

    if (!room_in(out, cw__delta_bound(to - from, 4) + bytes) ||
        !delta_lengths(out, b, from, to, scratch))
        return false;
    cw__texts_copy(out->p + out->n, b, from, to - from);
    out->n += bytes;
    return true;
}

/* Texts [from, to), run by run, behind what is in `scratch`. */
static bool add_runs(cw__grown *scratch, const cw__column_buffer *b, size_t from, size_t to)
{
    cw__texts t;

    for (; from < to; from += t.n, scratch->n += sizeof t) {
        t = cw__texts_run(b, from, to);
        if (!cw__grow(scratch, sizeof t))
            return false;
        memcpy(scratch->p + scratch->n, &t, sizeof t);
    }
    return true;
}

static bool delta_bytes(cw__grown *out, const cw__column_buffer *b, size_t from, size_t to,
                        cw__grown *scratch)
{
    const size_t n = to - from, lengths = 2 * n * sizeof(uint32_t);
    uint8_t *p = room_in(out, cw__delta_bytes_bound(cw__column_offsets(b) + from, n));

    if (!p || !numbers(scratch, 2 * n))
        return false;
    scratch->n = lengths;
    if (!add_runs(scratch, b, from, to))
        return false;
    out->n +=
        cw__delta_bytes_encode(p, (const void *)(scratch->p + lengths),
                               (scratch->n - lengths) / sizeof(cw__texts), n, (void *)scratch->p);
    return true;
}

static bool split(cw__grown *out, const cw__column_buffer *b, size_t from, size_t to,
                  cw__grown *scratch)
{
    uint8_t *p = room_in(out, (to - from) * b->leaf->width);
    const uint8_t *v = cw__values_together(b, from, to - from, scratch);

    if (!p || !v)
        return false;
    cw__split_encode(p, v, to - from, b->leaf->width);
    out->n += (to - from) * b->leaf->width;
    return true;
}

bool cw__can_encode(const cw__leaf *leaf, int32_t encoding)
{
    bool integer = leaf->physical == CW__INT32 || leaf->physical == CW__INT64;

    switch (encoding) {
    case CW__PLAIN:
        return true;
    case CW__RLE_DICTIONARY:
        return leaf->physical != CW__BOOLEAN;
    case CW__RLE:
        return leaf->physical == CW__BOOLEAN;
    case CW__DELTA_BINARY_PACKED:
        return integer;
    case CW__DELTA_LENGTH_BYTE_ARRAY:
    case CW__DELTA_BYTE_ARRAY:
        return leaf->physical == CW__BYTE_ARRAY;
    case CW__BYTE_STREAM_SPLIT:
        return integer || leaf->physical == CW__FLOAT || leaf->physical == CW__DOUBLE ||
               leaf->physical == CW__FIXED_LEN_BYTE_ARRAY;
    default:
        return false;
    }
}

bool cw__encode_values(cw__grown *out, int32_t encoding, const cw__column_buffer *b, size_t from,
                       size_t to, const uint32_t *indices, cw__grown *scratch)
{
    switch (encoding) {
    case CW__RLE_DICTIONARY:
        return dictionary_indices(out, indices, from, to);
    case CW__RLE:
        return rle_booleans(out, b, from, to);
    case CW__DELTA_BINARY_PACKED:
        return delta(out, b, from, to, scratch);
    case CW__DELTA_LENGTH_BYTE_ARRAY:
        return delta_length(out, b, from, to, scratch);
    case CW__DELTA_BYTE_ARRAY:
        return delta_bytes(out, b, from, to, scratch);
    case CW__BYTE_STREAM_SPLIT:
        return split(out, b, from, to, scratch);
    default:
        return plain(out, b, from, to);
    }
}

bool cw__ends_as_it_lies(const cw__leaf *leaf, int32_t encoding)
{
    return encoding == CW__DELTA_LENGTH_BYTE_ARRAY ||
           (encoding == CW__PLAIN && leaf->width > 0 && leaf->physical != CW__BOOLEAN);
}

bool cw__encode_front(cw__grown *out, int32_t encoding, const cw__column_buffer *b, size_t from,
                      size_t to, cw__grown *scratch)
{
    return encoding == CW__PLAIN || delta_lengths(out, b, from, to, scratch);
}

size_t cw__text_bytes(int32_t encoding, const cw__column_buffer *b, size_t from, size_t to,
                      const cw__grown *scratch)
{
    const uint32_t *prefixes = (const uint32_t *)(const void *)scratch->p;
    size_t bytes = cw__raw_bytes(b, from, to);

    if (encoding == CW__DELTA_BYTE_ARRAY)
        for (size_t i = 0; i < to - from; i++)
            bytes -= prefixes[i];
    return encoding == CW__DELTA_BYTE_ARRAY || encoding == CW__DELTA_LENGTH_BYTE_ARRAY ? bytes : 0;
}

/* Numbers by their width, which the compiler is to know: always inlined. */
static inline __attribute__((always_inline)) void
copy_entries(uint8_t *p, const uint8_t *values, const cw__dictionary *d, size_t width)
{
    for (size_t i = 0; i < d->count; i++)
        memcpy(p + i * width, values + d->firsts[i] * width, width);
}

/* Those of numbers that lie side by side. */
static bool add_numbers(uint8_t *p, const cw__column_buffer *b, const cw__dictionary *d)
{
    size_t together = b->count;
    size_t width = b->leaf->width;

    if ((width != 4 && width != 8) || b->count == 0)
        return false;
    const uint8_t *values = cw__values_run(b, 0, &together);
    if (together < b->count)
        return false;
    if (width == 4)
        copy_entries(p, values, d, 4);
    else
        copy_entries(p, values, d, 8);
    return true;
}

static void add_entries(uint8_t *p, const cw__column_buffer *b, const cw__dictionary *d)
{
    size_t width = b->leaf->width;

    for (size_t i = 0; i < d->count; i++) {
        size_t n;
        const uint8_t *v = cw__column_value(b, d->firsts[i], &n);
        if (!width) {
            store_u32(p, (uint32_t)n);
            p += 4;
        }
        if (n)
            memcpy(p, v, n);
        p += n;
    }
}

bool cw__encode_entries(cw__grown *out, const cw__column_buffer *b, const cw__dictionary *d)
{
    uint8_t *p = room_in(out, d->bytes);

    if (!p)
        return false;
    if (!add_numbers(p, b, d))
        add_entries(p, b, d);
    out->n += d->bytes;
    return true;
}
