/* page_notes.c - what a chunk keeps of each page: its sizes, its histograms, and where it is */
#include "format/parquet/column/page_notes.h"

#include <string.h>

#include "base/memory.h"
#include "format/parquet/column/values.h"

static bool grow_numbers(int64_t **numbers, size_t n)
{
    int64_t *more = cw__realloc(*numbers, n * sizeof *more);

    if (more)
        *numbers = more;
    return more != NULL;
}

/* One page's histogram, in the column index and in the sum of the chunk. */
static bool add_histogram(int64_t **pages, size_t *n, int64_t *sum, const cw__levels *l,
                          const cw__stretch *s)
{
    int64_t counts[CW__MAX_LEVEL + 1] = {0};
    size_t levels = l->max + 1u;

    cw__count_levels(counts, l, s->slot, s->slots);
    for (size_t i = 0; i < levels; i++)
        sum[i] += counts[i];
    if (!grow_numbers(pages, *n + levels))
        return false;
    memcpy(*pages + *n, counts, levels * sizeof *counts);
    *n += levels;
    return true;
}

static bool page_sizes(cw__chunk *out, const cw__column_buffer *in, const cw__stretch *s)
{
    cw__column_index *x = &out->index;
    cw__size_statistics *sizes = &out->meta.sizes;

    if (sizes->has_bytes)
        sizes->unencoded_bytes += (int64_t)cw__raw_bytes(in, s->value, s->value + s->values);
    return (!sizes->rep || add_histogram(&x->rep_histograms, &x->rep_n, sizes->rep, &in->rep, s)) &&
           (!sizes->def || add_histogram(&x->def_histograms, &x->def_n, sizes->def, &in->def, s));
}

static bool page_location(cw__chunk *out, const cw__column_buffer *in, const cw__stretch *s,
                          size_t start)
{
    cw__offset_index *x = &out->offsets;

    if (x->n == x->room) {
        size_t room = x->room ? 2 * x->room : 16;
        cw__page_location *more = cw__realloc(x->pages, room * sizeof *more);
        if (!more)
            return false;
        x->pages = more;
        if (in->leaf->width == 0 && !grow_numbers(&x->unencoded_bytes, room))
            return false;
        x->room = room;
    }
    x->pages[x->n] = (cw__page_location){.offset = (int64_t)start,
                                         .bytes = (int32_t)(out->bytes.n - start),
                                         .first_row = (int64_t)s->row};
    if (x->unencoded_bytes)
        x->unencoded_bytes[x->n] = (int64_t)cw__raw_bytes(in, s->value, s->value + s->values);
    x->n++;
    return true;
}

bool cw__page_noted(cw__chunk *out, const cw__column_buffer *in, const cw__stretch *s, size_t start)
{
    return page_sizes(out, in, s) && page_location(out, in, s, start);
}
