/* pages.c - where the pages of a chunk end, and their levels */
#include "format/parquet/column/pages.h"

#include <string.h>

#include "format/parquet/column/values.h"
#include "format/parquet/encode/rle.h"

/* ---- cutting ---- */

static size_t plain_bytes(const cw__column_buffer *b, size_t from, size_t to)
{
    return cw__raw_bytes(b, from, to) + (b->leaf->width ? 0 : 4 * (to - from));
}

/* How many values from `from` on, `most` at most, have no more than `bytes` bytes. */
static size_t values_within(const cw__column_buffer *b, size_t from, size_t most, size_t bytes)
{
    size_t low = 0, high = most;

    if (plain_bytes(b, from, from + most) <= bytes)
        return most;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (plain_bytes(b, from, from + middle) <= bytes)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static size_t count_values(const cw__column_buffer *b, size_t slot, size_t slots)
{
    unsigned max = b->leaf->max_def;

    return max ? cw__levels_count(&b->def, slot, slots, max) : slots;
}

/* Slots from `slot` on that have `values` values, and the nulls after them, `most` at most. */
static size_t slots_with(const cw__column_buffer *b, size_t slot, size_t most, size_t values)
{
    size_t n = 0;

    if (b->leaf->max_def == 0)
        return values;
    for (size_t seen = 0; n < most; n++) {
        bool there = cw__levels_at(&b->def, slot + n) == b->leaf->max_def;
        if (there && seen == values)
            break;
        seen += there;
    }
    return n;
}

/* A row is a slot. */
static void next_flat(cw__stretch *s, const cw__column_buffer *b, uint64_t rows, uint64_t bytes)
{
    size_t left = b->slots - s->slot;
    size_t slots = rows < left ? (size_t)rows : left;
    size_t values = count_values(b, s->slot, slots);
    size_t fit = values_within(b, s->value, values, (size_t)bytes);

    if (fit < values) {
        slots = slots_with(b, s->slot, slots, fit);
        slots = slots ? slots : 1;
        values = count_values(b, s->slot, slots);
    }
    s->slots = slots;
    s->values = values;
    s->rows = slots;
}

/* Slots of the row that begins at `slot`. */
static size_t row_slots(const cw__column_buffer *b, size_t slot)
{
    size_t end = slot + 1;

    if (b->rep.form == CW__LEVELS_SAME)
        return 1;
    if (b->rep.form == CW__LEVELS_BYTES) {
        const uint8_t *rep = b->rep.data.p;
        while (end < b->slots && rep[end] != 0)
            end++;
        return end - slot;
    }
    while (end < b->slots && cw__levels_at(&b->rep, end) != 0)
        end++;
    return end - slot;
}

/* Slots of the next `rows` rows, or of all that are left; *rows becomes how many there are. */
static size_t slots_of_rows(const uint8_t *rep, size_t left, uint64_t *rows)
{
    enum { STEP = 256 };
    uint64_t begun = 0; /* rows that begin before slot i */
    size_t i = 0;

    for (size_t n, k; i < left; i += n, begun += k) {
        n = left - i < STEP ? left - i : STEP;
        k = cw__count_bytes(rep + i, n, 0);
        if (begun + k > *rows)
            break;
    }
    while (i < left && (begun < *rows || rep[i] != 0))
        begun += rep[i++] == 0;
    *rows = begun;
    return i;
}

/* Rows by their number alone, where their bytes are no more than a page's: mostly. */
static bool next_by_rows(cw__stretch *s, const cw__column_buffer *b, uint64_t rows, uint64_t bytes)
{
    uint64_t n = rows;
    size_t slots = slots_of_rows(b->rep.data.p + s->slot, b->slots - s->slot, &n);
    size_t values = cw__count_bytes(b->def.data.p + s->slot, slots, (uint8_t)b->leaf->max_def);

    if (plain_bytes(b, s->value, s->value + values) > (size_t)bytes)
        return false;
    s->slots = slots;
    s->values = values;
    s->rows = (size_t)n;
    return true;
}

/* Where both levels are bytes, as they are of most nested columns: one loop over them. */
static void next_by_bytes(cw__stretch *s, const cw__column_buffer *b, uint64_t rows, uint64_t bytes)
{
    const uint8_t *rep = b->rep.data.p + s->slot, *def = b->def.data.p + s->slot;
    const uint8_t there = (uint8_t)b->leaf->max_def;
    const size_t left = b->slots - s->slot;
    size_t i = 0, values = 0;

    if (next_by_rows(s, b, rows, bytes))
        return;
    s->slots = s->values = s->rows = 0;
    while (i < left && s->rows < rows) {
        do
            values += def[i++] == there;
        while (i < left && rep[i] != 0);
        if (s->rows > 0 && plain_bytes(b, s->value, s->value + values) > (size_t)bytes)
            break;
        s->slots = i;
        s->values = values;
        s->rows++;
    }
}

static void next_nested(cw__stretch *s, const cw__column_buffer *b, uint64_t rows, uint64_t bytes)
{
    s->slots = s->values = s->rows = 0;
    while (s->slot + s->slots < b->slots && s->rows < rows) {
        size_t slots = row_slots(b, s->slot + s->slots);
        size_t values = count_values(b, s->slot + s->slots, slots);
        if (s->rows > 0 && plain_bytes(b, s->value, s->value + s->values + values) > (size_t)bytes)
            break;
        s->slots += slots;
        s->values += values;
        s->rows++;
    }
}

bool cw__next_page(cw__stretch *s, const cw__column_buffer *b, uint64_t rows, uint64_t bytes)
{
    s->slot += s->slots;
    s->value += s->values;
    s->row += s->rows;
    if (s->slot >= b->slots)
        return false;
    if (b->rep.form == CW__LEVELS_BYTES && b->def.form == CW__LEVELS_BYTES)
        next_by_bytes(s, b, rows, bytes);
    else if (b->leaf->max_rep)
        next_nested(s, b, rows, bytes);
    else
        next_flat(s, b, rows, bytes);
    return true;
}

/* ---- levels ---- */

bool cw__encode_levels(cw__grown *out, const cw__levels *l, size_t from, size_t n)
{
    unsigned width = cw__bits_for(l->max);

    if (!cw__grow(out, cw__rle_bound(n, width)))
        return false;
    uint8_t *p = out->p + out->n;
    if (l->form == CW__LEVELS_SAME)
        out->n += cw__rle_encode_run(p, l->same, n, width);
    else if (l->form == CW__LEVELS_BITS)
        out->n += cw__rle_encode_bits(p, l->data.p, from, n);
    else
        out->n += cw__rle_encode_u8(p, l->data.p + from, n, width);
    return true;
}

/* Levels are few: each is counted on its own, which goes by whole registers, and the last is what
   is left. */
static void count_bytes(int64_t *histogram, const uint8_t *p, size_t n, unsigned max)
{
    size_t left = n;

    for (unsigned level = 0; level < max; level++) {
        size_t count = cw__count_bytes(p, n, (uint8_t)level);
        histogram[level] += (int64_t)count;
        left -= count;
    }
    histogram[max] += (int64_t)left;
}

void cw__count_levels(int64_t *histogram, const cw__levels *l, size_t from, size_t n)
{
    if (l->form == CW__LEVELS_BYTES) {
        count_bytes(histogram, l->data.p + from, n, l->max);
    } else if (l->form == CW__LEVELS_SAME) {
        histogram[l->same] += (int64_t)n;
    } else {
        size_t set = cw__levels_count(l, from, n, l->max);
        histogram[l->max] += (int64_t)set;
        histogram[l->max - 1] += (int64_t)(n - set);
    }
}
