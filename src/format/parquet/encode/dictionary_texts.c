/* dictionary_texts.c - the distinct ones of texts, and of all else that is not a number
 *
 * Open addressing, a part of the hash in the slot: nearly every comparison that is made finds the
 * same value. Entries of up to 32 bytes lie beside the table, of longer ones where they lie, so
 * that values are looked at once but for those; and while most values are those that were seen
 * lately, not even the table is.
 */
#include <string.h>

#include "base/ahead.h"
#include "base/memory.h"
#include "format/parquet/encode/dictionary_build.h"

typedef struct bytes_slot {
    uint32_t tag;   /* half of the hash */
    uint32_t index; /* + 1; 0: free */
} bytes_slot;

enum { HALF = 16, SHORT = 2 * HALF, LENGTH = 63 };

typedef uint64_t half __attribute__((vector_size(HALF)));

/* A value of up to 32 bytes: its first 16 and its last 16; of a shorter one all of it twice, and
   zeros after it. With the length, that is the value. */
typedef struct short_value {
    half first, last;
} short_value;

/* Up to half of the slots are taken. */
typedef struct bytes_table {
    bytes_slot *slots;
    half *firsts, *lasts; /* of a long entry: where it lies and how long it is; its hash */
    size_t room;
} bytes_table;

/* Values that lie side by side: texts, or `width` bytes each. */
typedef struct source {
    cw__texts texts;
    size_t width;
    const uint8_t *end;
    size_t first; /* the number of its first value */
} source;

static inline const uint8_t *source_at(const source *s, size_t i, size_t *n)
{
    if (s->texts.offsets)
        return cw__text_at(&s->texts, i, n);
    *n = s->width;
    return s->texts.bytes + i * s->width;
}

static inline uint64_t load_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#define K0 UINT64_C(0xD6E8FEB86659FD93)
#define K1 UINT64_C(0xA0761D6478BD642F)
#define K2 UINT64_C(0xE7037ED1A0B428DB)

static inline half load_half(const uint8_t *p)
{
    half v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* All bits of the first `n` bytes, of up to 16. */
static inline half mask_of(size_t n)
{
    static const uint8_t masks[2 * HALF] = {255, 255, 255, 255, 255, 255, 255, 255,
                                            255, 255, 255, 255, 255, 255, 255, 255};

    return load_half(masks + HALF - n);
}

/* Without branches on the length, which nothing foretells, but at the very end of the values. */
static inline short_value short_of(const uint8_t *p, size_t n, const uint8_t *end)
{
    size_t each = n < HALF ? n : HALF;

    if ((size_t)(end - p) < HALF) {
        uint8_t bytes[HALF] = {0};
        if (n > 0)
            memcpy(bytes, p, n);
        return (short_value){load_half(bytes), load_half(bytes)};
    }
    half mask = mask_of(each);
    return (short_value){load_half(p) & mask, load_half(p + n - each) & mask};
}

static inline bool is_zero(half v)
{
    return (v[0] | v[1]) == 0;
}

static inline bool is_same_short(short_value x, short_value y)
{
    return is_zero((x.first ^ y.first) | (x.last ^ y.last));
}

static inline uint64_t hash_short(short_value v, size_t n)
{
    uint64_t a = v.first[0] + (v.last[1] << 29 | v.last[1] >> 35);
    uint64_t b = v.first[1] + (v.last[0] << 31 | v.last[0] >> 33);

    return fold(a ^ K0 ^ n * K2, b ^ K1);
}

/* Two at a time, neither of which waits for the other. */
static inline uint64_t hash_long(const uint8_t *p, size_t n)
{
    const uint8_t *last = p + n - SHORT;
    uint64_t h = K0 ^ (n * K2), g = K1;

    for (; p < last; p += SHORT) {
        cw__send_ahead(p);
        h = fold(load_u64(p) ^ h, load_u64(p + 8) ^ K2);
        g = fold(load_u64(p + 16) ^ g, load_u64(p + 24) ^ K0);
    }
    h = fold(load_u64(last) ^ h, load_u64(last + 8) ^ K2);
    g = fold(load_u64(last + 16) ^ g, load_u64(last + 24) ^ K0);
    return fold(h ^ K1, g);
}

static inline uint64_t hash_of(const uint8_t *p, size_t n, const uint8_t *end)
{
    return n <= SHORT ? hash_short(short_of(p, n, end), n) : hash_long(p, n);
}

/* Short values seen lately: of few values, most need not be looked for in the table. */
typedef struct recent {
    uint32_t bytes; /* + 1; 0: free */
    uint32_t index;
} recent;

enum { RECENT_BITS = 11 };

typedef struct lately {
    recent seen[1 << RECENT_BITS];
    size_t missed;
} lately;

/* What stands in a slot besides the index: a part of the hash, and the length of a short value. */
static inline uint32_t tag_of(uint64_t hash, size_t n)
{
    return ((uint32_t)(hash >> 32) & ~(uint32_t)LENGTH) | (uint32_t)(n <= SHORT ? n : SHORT + 1);
}

/* Large tables are asked for from everywhere at once: they come on huge pages. */
static size_t slots_bytes(size_t room)
{
    return room * sizeof(bytes_slot);
}

static size_t halves_bytes(size_t room)
{
    return (room / 2 + 1) * sizeof(half);
}

static void bytes_free(bytes_table *t)
{
    cw__buffer_free(t->slots, slots_bytes(t->room));
    cw__buffer_free(t->firsts, halves_bytes(t->room));
    cw__buffer_free(t->lasts, halves_bytes(t->room));
}

/* A value with its hash. */
typedef struct hashed {
    uint64_t hash;
    const uint8_t *p;
    size_t n;
} hashed;

static inline void set_entry(bytes_table *t, size_t index, const hashed *x, const uint8_t *end)
{
    short_value v = {{(uintptr_t)x->p, x->n}, {x->hash, 0}};

    if (x->n <= SHORT)
        v = short_of(x->p, x->n, end);
    t->firsts[index] = v.first;
    t->lasts[index] = v.last;
}

static inline uint64_t hash_of_entry(const bytes_table *t, const bytes_slot *slot)
{
    size_t index = slot->index - 1, n = slot->tag & LENGTH;

    if (n > SHORT)
        return t->lasts[index][0];
    return hash_short((short_value){t->firsts[index], t->lasts[index]}, n);
}

/* Of 16 bytes and less, the first half says it all: the other one is left where it lies. */
static inline bool has_short(const bytes_table *t, size_t index, short_value v, size_t n)
{
    const half *last = n > HALF ? &t->lasts[index] : &t->firsts[index];

    return is_same_short((short_value){t->firsts[index], *last}, v);
}

/* `n`: of which the first table is for. */
static bool bytes_grow(bytes_table *t, size_t n)
{
    bytes_table more = {.room = t->room ? 4 * t->room : cw__dictionary_room(n)};

    more.slots = cw__buffer_realloc(NULL, 0, slots_bytes(more.room));
    more.firsts = cw__buffer_realloc(NULL, 0, halves_bytes(more.room));
    more.lasts = cw__buffer_realloc(NULL, 0, halves_bytes(more.room));
    if (!more.slots || !more.firsts || !more.lasts) {
        bytes_free(&more);
        return false;
    }
    memset(more.slots, 0, slots_bytes(more.room));
    if (t->room) {
        memcpy(more.firsts, t->firsts, halves_bytes(t->room));
        memcpy(more.lasts, t->lasts, halves_bytes(t->room));
    }
    for (size_t i = 0; i < t->room; i++) {
        if (!t->slots[i].index)
            continue;
        size_t at = (size_t)hash_of_entry(t, &t->slots[i]) & (more.room - 1);
        while (more.slots[at].index)
            at = (at + 1) & (more.room - 1);
        more.slots[at] = t->slots[i];
    }
    bytes_free(t);
    *t = more;
    return true;
}

static inline __attribute__((always_inline)) hashed hash_value(const source *s, size_t i)
{
    hashed x = {0};

    x.p = source_at(s, i, &x.n);
    x.hash = hash_of(x.p, x.n, s->end);
    return x;
}

static inline bool is_entry(const bytes_table *t, const source *s, uint32_t index, const hashed *x)
{
    if (x->n <= SHORT)
        return has_short(t, index, short_of(x->p, x->n, s->end), x->n);
    const half where = t->firsts[index];
    return where[1] == x->n && memcmp(x->p, (const uint8_t *)(uintptr_t)where[0], x->n) == 0;
}

/* Find value `i` of the source in the table, or add it: its index. */
static inline __attribute__((always_inline)) cw__dictionary_answer
look_up(cw__dictionary_builder *b, bytes_table *t, const source *s, size_t i, const hashed *x,
        uint32_t *index)
{
    uint32_t tag = tag_of(x->hash, x->n);
    size_t at = (size_t)x->hash & (t->room - 1);

    while (t->slots[at].index &&
           (t->slots[at].tag != tag || !is_entry(t, s, t->slots[at].index - 1, x)))
        at = (at + 1) & (t->room - 1);
    if (t->slots[at].index) {
        *index = t->slots[at].index - 1;
        return CW__DICTIONARY_BUILT;
    }
    cw__dictionary_answer answer = cw__dictionary_add(b, s->first + i, x->n + (s->width ? 0 : 4));
    if (answer != CW__DICTIONARY_BUILT)
        return answer;
    *index = (uint32_t)b->d->count - 1;
    t->slots[at] = (bytes_slot){tag, *index + 1};
    set_entry(t, *index, x, s->end);
    if (2 * b->d->count > t->room && !bytes_grow(t, 0))
        return CW__DICTIONARY_NO_MEMORY;
    return CW__DICTIONARY_BUILT;
}

/* Where a short value stands, if it was seen lately. Cheaper than its hash. */
static inline size_t place_of(short_value v)
{
    half mixed = v.first ^ v.last << 1;
    uint64_t h = (mixed[0] ^ mixed[1] << 27 ^ mixed[1] >> 37) * K2;

    return (size_t)(h >> (64 - RECENT_BITS));
}

/* Whether a short value was seen lately. Of 16 bytes and less nothing is done twice. */
static inline bool is_recent(const recent *seen, const bytes_table *t, const uint8_t *p, size_t n,
                             const uint8_t *end, uint32_t *index)
{
    if (n <= HALF && (size_t)(end - p) >= HALF) {
        const half v = load_half(p) & mask_of(n);
        const recent *r = &seen[place_of((short_value){v, v})];
        *index = r->index;
        return r->bytes == n + 1 && is_zero(v ^ t->firsts[r->index]);
    }
    const short_value v = short_of(p, n, end);
    const recent *r = &seen[place_of(v)];
    *index = r->index;
    return r->bytes == n + 1 && has_short(t, r->index, v, n);
}

/* Go through the values from `i` on as long as they were seen lately: where that ends. */
static size_t take_recent(uint32_t *indices, const bytes_table *table, const source *s,
                          const recent *seen, size_t i, size_t n)
{
    const bytes_table t = *table; /* where no index that is written can be it */
    const source from = *s;

    for (; i < n; i++) {
        size_t bytes;
        const uint8_t *p = source_at(&from, i, &bytes);
        uint32_t index;
        if (bytes > SHORT || !is_recent(seen, &t, p, bytes, from.end, &index))
            break;
        indices[i] = index;
    }
    return i;
}

/* As long as most values were seen lately: `*i` is where that ends. */
static cw__dictionary_answer fill_few(cw__dictionary_builder *b, lately *l, bytes_table *t,
                                      const source *s, size_t *i)
{
    enum { PATIENCE = 64, FEW = 8 };
    uint32_t *indices = b->d->indices + s->first;
    const size_t n = s->texts.n;

    while ((*i = take_recent(indices, t, s, l->seen, *i, n)) < n &&
           l->missed < PATIENCE + (s->first + *i) / FEW) {
        hashed x = hash_value(s, *i);
        cw__dictionary_answer answer = look_up(b, t, s, *i, &x, &indices[*i]);
        if (answer != CW__DICTIONARY_BUILT)
            return answer;
        if (x.n <= SHORT)
            l->seen[place_of(short_of(x.p, x.n, s->end))] =
                (recent){(uint32_t)x.n + 1, indices[*i]};
        l->missed++;
        ++*i;
    }
    return CW__DICTIONARY_BUILT;
}

/* Inlined always: GCC before 14 takes a function that but prefetches for one that does nothing, and
   leaves its calls out. */
static inline __attribute__((always_inline)) void prefetch_entry(const bytes_table *t,
                                                                 uint64_t hash)
{
    uint32_t index = t->slots[hash & (t->room - 1)].index;

    __builtin_prefetch(&t->firsts[index ? index - 1 : 0]);
}

/* Of a long entry, where it lies: other memory is too far to be waited for each time. */
static inline __attribute__((always_inline)) void prefetch_text(const bytes_table *t,
                                                                const hashed *x)
{
    enum { LINE = 64, MOST = 4 * LINE };
    const bytes_slot *slot = &t->slots[x->hash & (t->room - 1)];

    if (x->n <= SHORT || slot->tag != tag_of(x->hash, x->n))
        return;
    const uintptr_t p = (uintptr_t)t->firsts[slot->index - 1][0];
    for (size_t i = 0; i < x->n && i < MOST; i += LINE)
        __builtin_prefetch((const void *)(p + i));
}

/* In a table beyond the nearest caches, the slots of the next values are sent for ahead, and then
   the entries that they name. */
static cw__dictionary_answer fill_many(cw__dictionary_builder *b, bytes_table *t, const source *s,
                                       size_t i)
{
    enum { AHEAD = 32 };
    uint32_t *indices = b->d->indices + s->first;
    const size_t n = s->texts.n;
    hashed ahead[AHEAD];
    cw__dictionary_answer answer = CW__DICTIONARY_BUILT;

    while (i < n && answer == CW__DICTIONARY_BUILT) {
        size_t more = n - i < AHEAD ? n - i : AHEAD;
        for (size_t k = 0; k < more; k++) {
            ahead[k] = hash_value(s, i + k);
            __builtin_prefetch(&t->slots[ahead[k].hash & (t->room - 1)]);
        }
        for (size_t k = 0; k < more; k++)
            prefetch_entry(t, ahead[k].hash);
        for (size_t k = 0; k < more; k++)
            prefetch_text(t, &ahead[k]);
        for (size_t k = 0; k < more && answer == CW__DICTIONARY_BUILT; k++, i++)
            answer = look_up(b, t, s, i, &ahead[k], &indices[i]);
    }
    return answer;
}

/* ---- the face ---- */

static source source_of(const cw__texts *run, size_t width, size_t first)
{
    const uint8_t *end = width ? run->bytes + run->n * width : cw__texts_end(run);

    return (source){*run, width, end, first};
}

cw__dictionary_answer cw__dictionary_fill_texts(cw__dictionary_builder *b, const cw__texts *runs,
                                                size_t run_count, size_t n, size_t width)
{
    lately l = {.missed = 0};
    bytes_table t = {0};
    cw__dictionary_answer answer =
        bytes_grow(&t, n) ? CW__DICTIONARY_BUILT : CW__DICTIONARY_NO_MEMORY;

    for (size_t k = 0, first = 0; k < run_count && answer == CW__DICTIONARY_BUILT; k++) {
        const source s = source_of(&runs[k], width, first);
        size_t i = 0;
        answer = fill_few(b, &l, &t, &s, &i);
        if (answer == CW__DICTIONARY_BUILT)
            answer = fill_many(b, &t, &s, i);
        first += s.texts.n;
    }
    bytes_free(&t);
    return answer;
}
