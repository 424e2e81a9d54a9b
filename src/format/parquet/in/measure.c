/* measure.c - bytes that rows will take in the column buffers, before they are added
 *
 * A sum over rows that does not depend on the layout: for each slot of a leaf its unit (its width,
 * or 4 of a byte array, and a byte for each kind of level), and the bytes of byte arrays. What lies
 * under nulls is not counted, so validity is followed where something could lie there.
 */
#include "format/parquet/in/gather.h"
#include "format/parquet/in/walk.h"

/* Units of one slot of every leaf below a node: what a null or an empty list takes. */
static uint64_t unit_of(const cw_schema *schema, const cw__node *node)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < node->leaf_count; i++) {
        const cw__leaf *leaf = &schema->leaves[node->first_leaf + i];
        sum += (leaf->width ? leaf->width : 4) + (leaf->max_def > 0) + (leaf->max_rep > 0);
    }
    return sum;
}

static uint64_t measure(const cw_schema *schema, const cw__view *v, int64_t start, int64_t n);

/* Lists one after the other: their items are a stretch, and only the empty ones have to be counted.
 */
static uint64_t measure_offsets(const cw_schema *schema, const cw__view *v, int64_t start,
                                int64_t n)
{
    const int32_t *offsets = (const int32_t *)v->offsets + v->first + start;
    int64_t items = offsets[n] - offsets[0];
    uint64_t empty = 0, sum;

    for (int64_t i = 0; i < n; i++)
        empty += offsets[i + 1] == offsets[i];
    sum = empty * unit_of(schema, v->node);
    for (size_t c = 0; items && c < v->child_count; c++)
        sum += measure(schema, &v->children[c], offsets[0], items);
    return sum;
}

/* Items of each list on its own: lists that are empty are a slot of every leaf below. */
static uint64_t measure_lists(const cw_schema *schema, const cw__view *v, int64_t start, int64_t n)
{
    uint64_t sum = 0, unit = unit_of(schema, v->node);
    int64_t first = 0, items = 0;

    for (int64_t i = start; i < start + n; i++) {
        cw__items x = cw__items_of(v, i);
        if (x.n == 0) {
            sum += unit;
        } else if (x.first == first + items) {
            items += x.n;
        } else {
            for (size_t c = 0; items && c < v->child_count; c++)
                sum += measure(schema, &v->children[c], first, items);
            first = x.first;
            items = x.n;
        }
    }
    for (size_t c = 0; items && c < v->child_count; c++)
        sum += measure(schema, &v->children[c], first, items);
    return sum;
}

/* Values [start, start+n), none of which is null here. */
static uint64_t measure_valid(const cw_schema *schema, const cw__view *v, int64_t start, int64_t n)
{
    uint64_t sum = 0;

    switch (v->layout) {
    case CW__LAYOUT_STRUCT:
        for (size_t c = 0; c < v->child_count; c++)
            sum += measure(schema, &v->children[c], start, n);
        return sum;
    case CW__LAYOUT_LIST32:
        return measure_offsets(schema, v, start, n);
    case CW__LAYOUT_LIST64:
    case CW__LAYOUT_LIST_VIEW32:
    case CW__LAYOUT_LIST_VIEW64:
    case CW__LAYOUT_FIXED_LIST:
        return measure_lists(schema, v, start, n);
    case CW__LAYOUT_DICTIONARY:
    case CW__LAYOUT_RUN_END:
        for (int64_t i = start; i < start + n; i++) {
            int64_t at = cw__stands_for(v, i);
            sum += at < 0 ? unit_of(schema, v->node) : measure(schema, &v->children[0], at, 1);
        }
        return sum;
    default:
        return (uint64_t)n * unit_of(schema, v->node) + cw__gather_bytes(v, start, (size_t)n);
    }
}

static bool is_plain(const cw__view *v)
{
    return v->layout == CW__LAYOUT_FIXED || v->layout == CW__LAYOUT_BITS ||
           v->layout == CW__LAYOUT_NULL;
}

/* Bytes of texts that are not null, without foretelling which they are. */
static uint64_t bytes_there(const cw__view *v, int64_t start, int64_t n)
{
    const int32_t *offsets = (const int32_t *)v->offsets + v->first + start;
    uint64_t sum = 0;

    for (int64_t i = 0, k; i < n; i += k) {
        k = n - i < 64 ? n - i : 64;
        uint64_t there = cw__load_bits(v->validity, (size_t)(v->first + start + i), (size_t)k);
        for (int64_t j = i; j < i + k; j++, there >>= 1)
            sum += (uint64_t)(offsets[j + 1] - offsets[j]) & (0 - (there & 1));
    }
    return sum;
}

static uint64_t measure(const cw_schema *schema, const cw__view *v, int64_t start, int64_t n)
{
    uint64_t sum = 0;

    if (v->validity && v->layout == CW__LAYOUT_BYTES32)
        return (uint64_t)n * unit_of(schema, v->node) + bytes_there(v, start, n);
    if (is_plain(v))
        return (uint64_t)n * unit_of(schema, v->node);
    if (!v->validity)
        return measure_valid(schema, v, start, n);
    for (int64_t end = start + n; start < end; start += n) {
        bool there = cw__is_there(v, start);
        n = cw__same_run(v, start, end - start, there);
        sum += there ? measure_valid(schema, v, start, n) : (uint64_t)n * unit_of(schema, v->node);
    }
    return sum;
}

uint64_t cw__shred_measure(const cw__shredder *s, const cw__view *columns, size_t from, size_t to)
{
    const cw_schema *schema = cw__shredder_schema(s);
    uint64_t sum = 0;

    for (size_t i = 0; i < schema->root.child_count; i++)
        sum += measure(schema, &columns[i], (int64_t)from, (int64_t)(to - from));
    return sum;
}
