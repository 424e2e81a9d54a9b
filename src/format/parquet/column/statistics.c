/* statistics.c - min, max and nulls as they are written, and the column index of a chunk */
#include "format/parquet/column/statistics.h"

#include <string.h>

#include "base/memory.h"

/* ---- as they are written ---- */

static bool copy_binary(cw__binary *to, const uint8_t *p, size_t n)
{
    to->p = cw__alloc(n);
    if (!to->p)
        return false;
    if (n)
        memcpy(to->p, p, n);
    to->n = n;
    return true;
}

static bool is_text(const cw__leaf *leaf)
{
    cw_type type = leaf->node->type;

    return type == CW_TYPE_STRING || type == CW_TYPE_ENUM || type == CW_TYPE_JSON;
}

/* The longest whole characters within n bytes. */
static size_t whole_characters(const uint8_t *p, size_t n)
{
    while (n > 0 && (p[n] & 0xC0) == 0x80)
        n--;
    return n;
}

static uint32_t decode_character(const uint8_t *p, size_t n)
{
    uint32_t c = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));

    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3F);
    return c;
}

static void encode_character(uint8_t *p, size_t n, uint32_t c)
{
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};

    for (size_t i = n; i-- > 1; c >>= 6)
        p[i] = (uint8_t)(0x80 | (c & 0x3F));
    p[0] = (uint8_t)(lead[n] | c);
}

/* The next character of the same length; false: there is none. */
static bool next_character(uint8_t *p, size_t n)
{
    static const uint32_t last[] = {0, 0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
    uint32_t c;

    if (n > 4)
        return false;
    c = decode_character(p, n);
    if (c >= last[n])
        return false;
    encode_character(p, n, c == 0xD7FF ? 0xE000 : c + 1);
    return true;
}

/* Cut text and make its last character a larger one; 0: not possible. */
static size_t increment_text(uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t start = n - 1;
        while (start > 0 && (p[start] & 0xC0) == 0x80)
            start--;
        if (next_character(p + start, n - start))
            return n;
        n = start;
    }
    return 0;
}

static size_t increment_bytes(uint8_t *p, size_t n)
{
    while (n > 0 && p[n - 1] == 0xFF)
        n--;
    if (n > 0)
        p[n - 1]++;
    return n;
}

static cw_status put_bounds(cw__statistics *out, const cw__leaf *leaf, const uint8_t *min,
                            size_t min_n, const uint8_t *max, size_t max_n, size_t most)
{
    bool cuts = leaf->width == 0;
    bool cut_min = cuts && min_n > most, cut_max = cuts && max_n > most;

    if (cut_min)
        min_n = is_text(leaf) ? whole_characters(min, most) : most;
    if (cut_max)
        max_n = is_text(leaf) ? whole_characters(max, most) : most;
    if (!copy_binary(&out->min, min, min_n) || !copy_binary(&out->max, max, max_n))
        return CW_E_NO_MEMORY;
    out->has_min = true;
    out->min_exact = !cut_min;
    out->max_exact = !cut_max;
    out->has_max = true;
    if (cut_max) {
        out->max.n =
            is_text(leaf) ? increment_text(out->max.p, max_n) : increment_bytes(out->max.p, max_n);
        out->has_max = out->max.n > 0;
    }
    return CW_OK;
}

cw_status cw__statistics_of(cw__statistics *out, const cw__leaf *leaf, const cw__extremes *e,
                            uint64_t nulls, size_t most)
{
    size_t min_n, max_n;
    cw_status st = CW_OK;

    memset(out, 0, sizeof *out);
    out->has_null_count = true;
    out->null_count = (int64_t)nulls;
    if (leaf->order == CW__ORDER_FLOAT) {
        out->has_nan_count = true;
        out->nan_count = (int64_t)e->nans;
    }
    if (leaf->order != CW__ORDER_NONE && e->any) {
        const uint8_t *min = cw__extremes_least(e, leaf, &min_n),
                      *max = cw__extremes_most(e, leaf, &max_n);
        st = put_bounds(out, leaf, min, min_n, max, max_n, most);
    }
    if (st != CW_OK)
        cw__statistics_free(out);
    return st;
}

/* ---- the column index ---- */

static bool grow_array(void *array, size_t room, size_t size)
{
    void *old, *more;

    memcpy(&old, array, sizeof old);
    more = cw__realloc(old, room * size);
    if (more)
        memcpy(array, &more, sizeof more);
    return more != NULL;
}

static bool grow_index(cw__column_index *x, const cw__leaf *leaf)
{
    size_t room = x->room ? 2 * x->room : 16;

    if (!grow_array(&x->null_pages, room, sizeof *x->null_pages) ||
        !grow_array(&x->mins, room, sizeof *x->mins) ||
        !grow_array(&x->maxs, room, sizeof *x->maxs) ||
        !grow_array(&x->null_counts, room, sizeof *x->null_counts) ||
        (leaf->order == CW__ORDER_FLOAT &&
         !grow_array(&x->nan_counts, room, sizeof *x->nan_counts)))
        return false;
    x->room = room;
    return true;
}

cw_status cw__column_index_add(cw__column_index *x, const cw__leaf *leaf,
                               const cw__statistics *page, bool all_null)
{
    if (x->n == x->room && !grow_index(x, leaf))
        return CW_E_NO_MEMORY;
    size_t i = x->n;
    bool has = !all_null && page->has_min && page->has_max;
    x->mins[i] = x->maxs[i] = (cw__binary){0};
    if (!all_null && !has)
        x->dropped = true;
    if (has && !copy_binary(&x->mins[i], page->min.p, page->min.n))
        return CW_E_NO_MEMORY;
    if (has && !copy_binary(&x->maxs[i], page->max.p, page->max.n)) {
        cw__free(x->mins[i].p);
        return CW_E_NO_MEMORY;
    }
    x->null_pages[i] = all_null;
    x->null_counts[i] = page->null_count;
    if (x->nan_counts)
        x->nan_counts[i] = page->nan_count;
    x->n++;
    return CW_OK;
}

/* Of pages that have values; one page, or none, is in order. */
static bool is_ordered(const cw__column_index *x, const cw__leaf *leaf, int direction)
{
    size_t last = SIZE_MAX;

    for (size_t i = 0; i < x->n; i++) {
        if (x->null_pages[i])
            continue;
        if (last != SIZE_MAX && (cw__compare_values(leaf, x->mins[last].p, x->mins[last].n,
                                                    x->mins[i].p, x->mins[i].n) *
                                         direction >
                                     0 ||
                                 cw__compare_values(leaf, x->maxs[last].p, x->maxs[last].n,
                                                    x->maxs[i].p, x->maxs[i].n) *
                                         direction >
                                     0))
            return false;
        last = i;
    }
    return true;
}

void cw__column_index_end(cw__column_index *x, const cw__leaf *leaf)
{
    x->present = x->n > 0 && !x->dropped && leaf->order != CW__ORDER_NONE;
    if (!x->present)
        return;
    x->order = is_ordered(x, leaf, 1)    ? CW__ASCENDING
               : is_ordered(x, leaf, -1) ? CW__DESCENDING
                                         : CW__UNORDERED;
}
