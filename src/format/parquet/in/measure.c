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

/* Values [start, start+n) of a view; `reached` (nullable) has a bit for each: whether it is one,
   and not below a null further up. */
typedef struct stretch {
    const cw__view *v;
    int64_t start, n;
    const uint64_t *reached;
} stretch;

enum { WORD = 64, WORDS = 16 };

static uint64_t measure(const cw_schema *schema, stretch x);

static int64_t in_word(const stretch *x, int64_t i)
{
    return x->n - i < WORD ? x->n - i : WORD;
}

/* Which of the values i to i+63, as far as there are so many, are there; i is a multiple of 64. */
static uint64_t there_from(const stretch *x, int64_t i)
{
    size_t n = (size_t)in_word(x, i), at = (size_t)(x->v->first + x->start + i);
    uint64_t there = x->v->validity ? cw__load_bits(x->v->validity, at, n) : cw__low_bits(n);

    return x->reached ? there & x->reached[i / WORD] : there;
}

static bool is_there(const stretch *x, int64_t i)
{
    return cw__is_there(x->v, x->start + i) &&
           (!x->reached || (x->reached[i / WORD] >> i % WORD & 1));
}

static uint64_t measure_children(const cw_schema *schema, const cw__view *v, int64_t start,
                                 int64_t n, const uint64_t *reached)
{
    uint64_t sum = 0;

    for (size_t c = 0; n && c < v->child_count; c++)
        sum += measure(schema, (stretch){&v->children[c], start, n, reached});
    return sum;
}

/* What is not there has children all the same, a slot each, but nothing in them counts. */
static uint64_t measure_struct(const cw_schema *schema, stretch x)
{
    uint64_t sum = 0, there[WORDS];
    int64_t step;

    if (!x.v->validity)
        return measure_children(schema, x.v, x.start, x.n, x.reached);
    for (; x.n > 0; x.start += step, x.n -= step) {
        step = x.n < WORDS * WORD ? x.n : WORDS * WORD;
        for (int64_t i = 0; i < step; i += WORD)
            there[i / WORD] = there_from(&x, i);
        sum += measure_children(schema, x.v, x.start, step, there);
        if (x.reached)
            x.reached += WORDS;
    }
    return sum;
}

static inline __attribute__((always_inline)) int64_t between(const uint8_t *offsets, bool wide,
                                                             int64_t from, int64_t to)
{
    const int32_t *narrow = (const void *)offsets;
    const int64_t *large = (const void *)offsets;

    return wide ? large[to] - large[from] : narrow[to] - narrow[from];
}

/* Items, or bytes, of those of `n` values that are in `which`; either these or the others are
   counted. */
static inline __attribute__((always_inline)) int64_t items_of(const uint8_t *offsets, bool wide,
                                                              uint64_t which, int64_t n)
{
    bool most = __builtin_popcountll(which) > n / 2;
    int64_t sum = 0;

    for (uint64_t bits = most ? which ^ cw__low_bits((size_t)n) : which; bits; bits &= bits - 1) {
        int i = __builtin_ctzll(bits);
        sum += between(offsets, wide, i, i + 1);
    }
    return most ? between(offsets, wide, 0, n) - sum : sum;
}

/* Items, or bytes, of the values that are not there. */
static uint64_t items_hidden(const stretch *x, bool wide)
{
    const size_t width = wide ? sizeof(int64_t) : sizeof(int32_t);
    const uint8_t *from = (const uint8_t *)x->v->offsets + (size_t)(x->v->first + x->start) * width;
    int64_t sum = 0;

    if (!x->v->validity && !x->reached)
        return 0;
    for (int64_t i = 0; i < x->n; i += WORD, from += WORD * width) {
        int64_t n = in_word(x, i);
        uint64_t hidden = there_from(x, i) ^ cw__low_bits((size_t)n);
        sum += wide ? items_of(from, true, hidden, n) : items_of(from, false, hidden, n);
    }
    return (uint64_t)sum;
}

static uint64_t measure_bytes(const cw_schema *schema, stretch x)
{
    uint64_t all = cw__gather_bytes(x.v, x.start, (size_t)x.n);

    return (uint64_t)x.n * unit_of(schema, x.v->node) + all -
           items_hidden(&x, x.v->layout == CW__LAYOUT_BYTES64);
}

/* Lists one after the other: their items are a stretch, and only the empty ones have to be counted.
 */
static uint64_t measure_offsets(const cw_schema *schema, stretch x)
{
    const int32_t *offsets = (const int32_t *)x.v->offsets + x.v->first + x.start;
    int64_t items = offsets[x.n] - offsets[0];
    uint64_t empty = 0;

    for (int64_t i = 0; i < x.n; i++)
        empty += offsets[i + 1] == offsets[i];
    return empty * unit_of(schema, x.v->node) +
           measure_children(schema, x.v, offsets[0], items, NULL);
}

/* Items of each list on its own: lists that are empty are a slot of every leaf below. */
static uint64_t measure_lists(const cw_schema *schema, stretch x)
{
    uint64_t sum = 0, unit = unit_of(schema, x.v->node);
    int64_t first = 0, items = 0;

    for (int64_t i = 0; i < x.n; i++) {
        cw__items list = is_there(&x, i) ? cw__items_of(x.v, x.start + i) : (cw__items){0};
        if (list.n == 0) {
            sum += unit;
        } else if (list.first == first + items) {
            items += list.n;
        } else {
            sum += measure_children(schema, x.v, first, items, NULL);
            first = list.first;
            items = list.n;
        }
    }
    return sum + measure_children(schema, x.v, first, items, NULL);
}

static uint64_t measure_views(const cw_schema *schema, stretch x)
{
    uint64_t sum = (uint64_t)x.n * unit_of(schema, x.v->node);

    if (!x.v->validity && !x.reached)
        return sum + cw__gather_bytes(x.v, x.start, (size_t)x.n);
    for (int64_t i = 0; i < x.n; i++)
        sum += is_there(&x, i) ? cw__gather_bytes(x.v, x.start + i, 1) : 0;
    return sum;
}

static bool is_plain(const cw__view *v)
{
    return v->layout == CW__LAYOUT_FIXED || v->layout == CW__LAYOUT_BITS ||
           v->layout == CW__LAYOUT_NULL;
}

/* What indices and runs stand for, each on its own. */
static uint64_t measure_wrapped(const cw_schema *schema, stretch x)
{
    const uint64_t unit = unit_of(schema, x.v->node);
    uint64_t sum = 0;

    if (is_plain(&x.v->children[0]))
        return (uint64_t)x.n * unit;
    for (int64_t i = 0; i < x.n; i++) {
        int64_t at = is_there(&x, i) ? cw__stands_for(x.v, x.start + i) : -1;
        sum += at < 0 ? unit : measure(schema, (stretch){&x.v->children[0], at, 1, NULL});
    }
    return sum;
}

static uint64_t measure(const cw_schema *schema, stretch x)
{
    switch (x.v->layout) {
    case CW__LAYOUT_STRUCT:
        return measure_struct(schema, x);
    case CW__LAYOUT_LIST32:
        return items_hidden(&x, false) ? measure_lists(schema, x) : measure_offsets(schema, x);
    case CW__LAYOUT_LIST64:
    case CW__LAYOUT_LIST_VIEW32:
    case CW__LAYOUT_LIST_VIEW64:
    case CW__LAYOUT_FIXED_LIST:
        return measure_lists(schema, x);
    case CW__LAYOUT_BYTES32:
    case CW__LAYOUT_BYTES64:
        return measure_bytes(schema, x);
    case CW__LAYOUT_BYTES_VIEW:
        return measure_views(schema, x);
    case CW__LAYOUT_DICTIONARY:
    case CW__LAYOUT_RUN_END:
        return measure_wrapped(schema, x);
    default:
        return (uint64_t)x.n * unit_of(schema, x.v->node);
    }
}

uint64_t cw__shred_measure(const cw__shredder *s, const cw__view *columns, size_t from, size_t to)
{
    const cw_schema *schema = cw__shredder_schema(s);
    uint64_t sum = 0;

    for (size_t i = 0; i < schema->root.child_count && from < to; i++)
        sum += measure(schema, (stretch){&columns[i], (int64_t)from, (int64_t)(to - from), NULL});
    return sum;
}
