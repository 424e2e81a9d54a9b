/* dictionary_numbers.c - the distinct ones of numbers
 *
 * Two ways, by how far they lie apart:
 *   within a small range,   a table of the range: dictionary_range.c
 *   anywhere                open addressing, the number itself in the slot
 * Tables grow with what they hold, so that few distinct values stay in the cache.
 */
#include <string.h>

#include "base/memory.h"
#include "format/parquet/encode/dictionary_build.h"

static uint64_t value_of(const void *values, size_t width, size_t i)
{
    return width == 4 ? ((const uint32_t *)values)[i] : ((const uint64_t *)values)[i];
}

/* ---- values of 4 and 8 bytes ---- */

typedef struct number_slot {
    uint64_t value;
    uint32_t index; /* + 1; 0: free */
} number_slot;

/* Where it is small, a quarter of the slots are taken at most, and fewer where values that are
   often asked for lie astray. */
typedef struct number_table {
    number_slot *slots;
    size_t room; /* a power of two */
    unsigned shift;
    size_t astray; /* times that a value was found elsewhere than at home */
} number_table;

static inline number_slot *number_home(const number_table *t, uint64_t v)
{
    return &t->slots[(size_t)(((v ^ v >> 32) * UINT64_C(0x9E3779B97F4A7C15)) >> t->shift)];
}

/* The slot of a value, or the one that it would take. */
static inline number_slot *number_slot_of(const number_table *t, uint64_t v)
{
    number_slot *at = number_home(t, v);

    while (at->index && at->value != v)
        at = at + 1 < t->slots + t->room ? at + 1 : t->slots;
    return at;
}

static void number_free(number_table *t)
{
    cw__buffer_free(t->slots, t->room * sizeof *t->slots);
}

static bool number_grow(number_table *t, size_t n)
{
    number_table more = {.room = t->room ? 4 * t->room : cw__dictionary_room(n)};

    more.shift = 64 - (unsigned)__builtin_ctzll(more.room);
    more.slots = cw__buffer_realloc(NULL, 0, more.room * sizeof *more.slots);
    if (!more.slots)
        return false;
    memset(more.slots, 0, more.room * sizeof *more.slots);
    for (size_t i = 0; i < t->room; i++)
        if (t->slots[i].index)
            *number_slot_of(&more, t->slots[i].value) = t->slots[i];
    number_free(t);
    *t = more;
    return true;
}

/* Room that brings values home is worth it in the near caches only. */
static bool is_crowded(const number_table *t, size_t entries)
{
    enum { NEAR = 1 << 14, PATIENCE = 4 };

    return 2 * entries > t->room || (t->room <= NEAR && t->astray > PATIENCE * t->room);
}

/* Value `i`, which is not at home in the table: elsewhere, or not in it. */
static inline __attribute__((always_inline)) cw__dictionary_answer
number_add(cw__dictionary_builder *b, number_table *t, number_slot *home, uint64_t v, size_t i,
           size_t width)
{
    number_slot *slot = home->index ? number_slot_of(t, v) : home;

    t->astray++;
    if (!slot->index) {
        cw__dictionary_answer answer = cw__dictionary_add(b, i, width);
        if (answer != CW__DICTIONARY_BUILT)
            return answer;
        *slot = (number_slot){v, (uint32_t)b->d->count};
    }
    b->d->indices[i] = slot->index - 1;
    if (is_crowded(t, b->d->count) && !number_grow(t, 0))
        return CW__DICTIONARY_NO_MEMORY;
    return CW__DICTIONARY_BUILT;
}

static inline __attribute__((always_inline)) cw__dictionary_answer
fill_numbers(cw__dictionary_builder *b, number_table *table, const cw__numbers *run, size_t first,
             size_t width)
{
    uint32_t *indices = b->d->indices + first;
    number_table t = *table; /* where no index that is written can be it */

    for (size_t i = 0; i < run->n; i++) {
        uint64_t v = value_of(run->p, width, i);
        number_slot *home = number_home(&t, v);
        if (home->value == v && home->index) {
            indices[i] = home->index - 1;
            continue;
        }
        cw__dictionary_answer answer = number_add(b, table, home, v, first + i, width);
        if (answer != CW__DICTIONARY_BUILT)
            return answer;
        t.slots = table->slots;
        t.shift = table->shift;
    }
    return CW__DICTIONARY_BUILT;
}

static cw__dictionary_answer by_number(cw__dictionary_builder *b, const cw__numbers *runs,
                                       size_t run_count, size_t n, size_t width)
{
    number_table t = {0};
    cw__dictionary_answer answer =
        number_grow(&t, n) ? CW__DICTIONARY_BUILT : CW__DICTIONARY_NO_MEMORY;

    for (size_t i = 0, first = 0; i < run_count && answer == CW__DICTIONARY_BUILT; i++) {
        answer = width == 4 ? fill_numbers(b, &t, &runs[i], first, 4)
                            : fill_numbers(b, &t, &runs[i], first, 8);
        first += runs[i].n;
    }
    number_free(&t);
    return answer;
}

/* ---- the face ---- */

cw__dictionary_answer cw__dictionary_fill_numbers(cw__dictionary_builder *b,
                                                  const cw__numbers *runs, size_t run_count,
                                                  size_t n, size_t width)
{
    cw__dictionary_answer answer;

    if (cw__dictionary_fill_range(&answer, b, runs, run_count, n, width))
        return answer;
    return by_number(b, runs, run_count, n, width);
}
