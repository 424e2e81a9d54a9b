/* slots.c - the slots that reach a node: their levels, and where in its view the value of each is
 *
 * Of slots in a row a word of bits is looked at in one go.
 */
#include "format/parquet/in/slots.h"

#include "base/bits.h"
#include "base/memory.h"
#include "format/parquet/in/mask.h"
#include "format/parquet/in/walk.h"

#define INLINE static inline __attribute__((always_inline))

enum { WORD = 64 };

/* ---- memory ---- */

void cw__slots_free(cw__slots *x)
{
    cw__free(x->own.rep);
    cw__free(x->own.def);
    cw__free(x->own.there);
    cw__free(x->own.places);
    cw__free(x->own.at);
}

static size_t words_of(size_t n)
{
    return (n + WORD - 1) / WORD;
}

/* Whole words of slots. */
static bool grow(cw__slots *x, size_t n)
{
    struct cw__slots_memory *own = &x->own;

    if (n <= own->room && own->room)
        return true;
    size_t words = words_of(n + n / 2 + 1);
    uint8_t *rep = cw__realloc(own->rep, words * WORD);
    own->rep = rep ? rep : own->rep;
    uint8_t *def = cw__realloc(own->def, words * WORD);
    own->def = def ? def : own->def;
    uint64_t *there = cw__realloc(own->there, words * sizeof *there);
    own->there = there ? there : own->there;
    uint64_t *places = cw__realloc(own->places, words * sizeof *places);
    own->places = places ? places : own->places;
    if (!rep || !def || !there || !places)
        return false;
    own->room = words * WORD;
    return true;
}

static bool grow_at(cw__slots *x, size_t n)
{
    if (n <= x->own.at_room && x->own.at_room)
        return true;
    size_t room = n + n / 2 + 1;
    int64_t *at = cw__realloc(x->own.at, room * sizeof *at);
    if (!at)
        return false;
    x->own.at = at;
    x->own.at_room = room;
    return true;
}

/* The same slots, all of them borrowed. */
static void borrow(cw__slots *out, const cw__slots *in)
{
    struct cw__slots_memory own = out->own;

    *out = *in;
    out->own = own;
}

/* ---- bits ---- */

INLINE bool has(const uint64_t *bits, size_t i)
{
    return bits[i / WORD] >> i % WORD & 1;
}

static void set_all(uint64_t *bits, size_t n)
{
    size_t words = words_of(n);

    memset(bits, 0xFF, words * sizeof *bits);
    if (n % WORD)
        bits[words - 1] = cw__low_bits(n % WORD);
}

/* ---- rows ---- */

bool cw__slots_rows(cw__slots *out, size_t from, size_t n)
{
    if (!grow(out, n))
        return false;
    memset(out->own.rep, 0, n);
    memset(out->own.def, 0, n);
    set_all(out->own.there, n);
    out->n = out->places = n;
    out->rep = out->own.rep;
    out->def = out->own.def;
    out->there = out->span = out->own.there;
    out->first = (int64_t)from;
    out->at = NULL;
    return true;
}

/* ---- nulls ---- */

/* Words of an own bitmap, or of the slots it comes from where nothing can change them. */
static void mark_in_a_row(cw__slots *out, const cw__slots *in, const cw__view *v)
{
    const size_t words = words_of(in->n);

    if (v->validity && in->places) {
        cw__mask_nulls(out->own.there, in->there, in->span, words, v->validity,
                       (size_t)(v->first + in->first));
        out->there = out->own.there;
    }
    if (v->node->nullable) {
        cw__mask_levels(out->own.def, in->def, out->there, words, (uint8_t)v->node->def);
        out->def = out->own.def;
    }
}

static void mark_spread(cw__slots *out, const cw__slots *in, const cw__view *v)
{
    const cw__view view = *v; /* copies, for a byte that is stored might be any of them */
    const uint8_t level = (uint8_t)view.node->def, *before = in->def;
    const int64_t *at = in->at;
    int64_t *to = out->own.at;
    uint8_t *def = out->own.def;

    for (size_t i = 0, n = in->n; i < n; i++) {
        bool there = at[i] >= 0 && cw__is_there(&view, at[i]);
        to[i] = there ? at[i] : -1;
        def[i] = there ? level : before[i];
    }
    out->at = out->own.at;
    out->def = out->own.def;
}

/* The first that has no value any more. */
static size_t first_lost(const cw__slots *out, const cw__slots *in)
{
    size_t i = 0;

    if (in->at) {
        while (i < in->n && (in->at[i] < 0) == (out->at[i] < 0))
            i++;
        return i;
    }
    for (; i < in->n; i += WORD) {
        uint64_t lost = in->there[i / WORD] ^ out->there[i / WORD];
        if (lost)
            return i + (size_t)__builtin_ctzll(lost);
    }
    return in->n;
}

bool cw__slots_mark(cw__slots *out, const cw__slots *in, const cw__view *v, size_t *null)
{
    borrow(out, in);
    *null = in->n;
    if (!v->validity && !v->node->nullable)
        return true;
    if (!grow(out, in->n) || (in->at && !grow_at(out, in->n)))
        return false;
    if (in->at)
        mark_spread(out, in, v);
    else
        mark_in_a_row(out, in, v);
    if (v->validity)
        *null = first_lost(out, in);
    return true;
}

/* ---- lists ---- */

/* Where the items of a list begin, and those of the one before end. */
INLINE int64_t begin_of(const cw__view *v, cw__layout layout, int64_t place)
{
    int64_t at = v->first + place;

    if (layout == CW__LAYOUT_LIST32)
        return ((const int32_t *)v->offsets)[at];
    return layout == CW__LAYOUT_LIST64 ? ((const int64_t *)v->offsets)[at] : at * v->width;
}

/* Slots of the items of all lists, or 0: there is something in those that are not there. */
INLINE size_t count_row(const cw__view *v, const cw__slots *in, cw__layout layout)
{
    int64_t place = in->first, hidden = 0;
    size_t n = 0;

    for (size_t i = 0; i < in->n; i += WORD) {
        uint64_t there = in->there[i / WORD], span = in->span[i / WORD];
        size_t end = in->n - i < WORD ? in->n : i + WORD;
        for (size_t k = i; k < end; k++, there >>= 1, span >>= 1) {
            int64_t begin = begin_of(v, layout, place);
            place += (int64_t)(span & 1);
            int64_t items = begin_of(v, layout, place) - begin;
            int64_t reached = items & -(int64_t)(there & 1);
            hidden |= items ^ reached;
            n += (size_t)reached + (reached == 0);
        }
    }
    return hidden ? 0 : n;
}

/* All are items, and in each the list is the same, but where a list begins, and those without. */
INLINE void fill_row(cw__slots *out, const cw__slots *in, const cw__view *v, cw__layout layout)
{
    const cw__view view = *v; /* copies, for a byte that is stored might be any of them */
    const cw__slots from = *in;
    uint8_t *rep = out->own.rep, *def = out->own.def;
    uint64_t *items = out->own.there;
    int64_t place = from.first, begin = begin_of(&view, layout, place);
    size_t slot = 0;

    memset(rep, (int)view.node->rep + 1, out->n);
    memset(def, (int)cw__items_def(view.node), out->n);
    set_all(items, out->n);
    for (size_t i = 0; i < from.n; i++) {
        place += has(from.span, i);
        int64_t end = begin_of(&view, layout, place), n = end - begin;
        begin = end;
        rep[slot] = from.rep[i];
        if (n == 0) {
            def[slot] = from.def[i];
            items[slot / WORD] &= ~(UINT64_C(1) << slot % WORD);
            n = 1;
        }
        slot += (size_t)n;
    }
}

/* *done: they were in a row. */
INLINE bool open_row(cw__slots *out, const cw__slots *in, const cw__view *v, cw__layout layout,
                     bool *done)
{
    size_t n = count_row(v, in, layout);

    *done = n > 0;
    if (n == 0)
        return true;
    if (!grow(out, n))
        return false;
    out->n = n;
    out->first = begin_of(v, layout, in->first);
    out->places = (size_t)(begin_of(v, layout, in->first + (int64_t)in->places) - out->first);
    out->at = NULL;
    out->rep = out->own.rep;
    out->def = out->own.def;
    out->there = out->span = out->own.there;
    fill_row(out, in, v, layout);
    return true;
}

/* Each layout on its own, so that it is not asked for at each list. */
static bool try_row(cw__slots *out, const cw__slots *in, const cw__view *v, bool *done)
{
    switch (v->layout) {
    case CW__LAYOUT_LIST32:
        return open_row(out, in, v, CW__LAYOUT_LIST32, done);
    case CW__LAYOUT_LIST64:
        return open_row(out, in, v, CW__LAYOUT_LIST64, done);
    case CW__LAYOUT_FIXED_LIST:
        return open_row(out, in, v, CW__LAYOUT_FIXED_LIST, done);
    default:
        *done = false;
        return true;
    }
}

static size_t count_spread(const cw__view *v, const cw__slots *in)
{
    size_t n = 0;

    for (size_t i = 0; i < in->n; i++) {
        int64_t items = in->at[i] < 0 ? 0 : cw__items_of(v, in->at[i]).n;
        n += items > 0 ? (size_t)items : 1;
    }
    return n;
}

static void fill_spread(cw__slots *out, const cw__slots *in, const cw__view *v)
{
    const uint8_t items_def = (uint8_t)cw__items_def(v->node);
    const uint8_t items_rep = (uint8_t)(v->node->rep + 1);
    const cw__view view = *v; /* copies, for a byte that is stored might be any of them */
    const cw__slots from = *in;
    uint8_t *rep = out->own.rep, *def = out->own.def;
    int64_t *at = out->own.at;
    size_t n = 0;

    for (size_t i = 0; i < from.n; i++) {
        cw__items x = from.at[i] < 0 ? (cw__items){0} : cw__items_of(&view, from.at[i]);
        rep[n] = from.rep[i];
        def[n] = x.n ? items_def : from.def[i];
        at[n++] = x.n ? x.first : -1;
        for (int64_t j = 1; j < x.n; j++) {
            rep[n] = items_rep;
            def[n] = items_def;
            at[n++] = x.first + j;
        }
    }
}

static bool open_spread(cw__slots *out, const cw__slots *in, const cw__view *v)
{
    size_t n = count_spread(v, in);

    if (!grow(out, n) || !grow_at(out, n))
        return false;
    out->n = n;
    out->rep = out->own.rep;
    out->def = out->own.def;
    out->at = out->own.at;
    fill_spread(out, in, v);
    return true;
}

/* Where the values are, one by one. */
static bool write_positions(cw__slots *x)
{
    int64_t place = x->first;

    if (!grow_at(x, x->n))
        return false;
    for (size_t i = 0; i < x->n; i++) {
        x->own.at[i] = has(x->there, i) ? place : -1;
        place += has(x->span, i);
    }
    x->at = x->own.at;
    return true;
}

bool cw__slots_open(cw__slots *out, cw__slots *in, const cw__view *v)
{
    bool done = false;

    if (!in->at && in->places == 0) {
        borrow(out, in); /* no list at all: there need not even be offsets */
        return true;
    }
    if (!in->at && !try_row(out, in, v, &done))
        return false;
    if (done)
        return true;
    return (in->at || write_positions(in)) && open_spread(out, in, v);
}

/* ---- positions ---- */

bool cw__slots_spread(cw__slots *out, const cw__slots *in)
{
    borrow(out, in);
    if (!in->at)
        return write_positions(out);
    if (!grow_at(out, in->n))
        return false;
    memcpy(out->own.at, in->at, in->n * sizeof *in->at);
    out->at = out->own.at;
    return true;
}

bool cw__slots_places(cw__slots *x, const uint8_t **places)
{
    size_t words = words_of(x->n);

    *places = NULL;
    if (memcmp(x->there, x->span, words * sizeof *x->there) == 0)
        return true;
    if (!grow(x, x->n))
        return false;
    cw__mask_places(x->own.places, x->there, x->span, words);
    *places = (const uint8_t *)x->own.places;
    return true;
}

size_t cw__slots_slot(const cw__slots *x, size_t k)
{
    size_t i = 0;

    for (size_t seen = 0; i < x->n; i++)
        if (has(x->span, i) && seen++ == k)
            break;
    return i;
}

const int64_t *cw__slots_positions(cw__slots *x, size_t *n)
{
    const int64_t *at = x->at;
    size_t k = 0;

    if (!grow_at(x, x->n))
        return NULL;
    for (size_t i = 0; i < x->n; i++) {
        int64_t v = at[i];
        x->own.at[k] = v;
        k += v >= 0;
    }
    *n = k;
    return x->own.at;
}

size_t cw__slots_first(const cw__slots *x)
{
    size_t i = 0;

    while (i < x->n && !(x->at ? x->at[i] >= 0 : has(x->there, i)))
        i++;
    return i;
}
