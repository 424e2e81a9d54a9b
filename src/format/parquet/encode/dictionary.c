/* dictionary.c - the distinct values of a chunk, in the order of their first appearance
 *
 * Three ways, by what the values are:
 *   integers of a small range,   a table of the range: no hash, no comparison
 *   texts of one byte
 *   4 and 8 bytes                open addressing, the value itself in the slot
 *   all others                   open addressing, a part of the hash in the slot: nearly every
 *                                comparison that is made finds the same value
 * Tables grow with what they hold, so that few distinct values stay in the cache.
 */
#include "format/parquet/encode/dictionary.h"

#include <string.h>

#include "base/memory.h"

enum { LEAST_ROOM = 64, FIRST_ROOM = 1024, MOST_RANGE = 1 << 20 };

/* What is being built. `room` counts the firsts that there is memory for. */
typedef struct builder {
    cw__dictionary *d;
    size_t room;
    size_t most_entries, most_bytes;
} builder;

void cw__dictionary_free(cw__dictionary *d)
{
    cw__free(d->indices);
    cw__free(d->firsts);
    memset(d, 0, sizeof *d);
}

static bool grow_firsts(builder *b)
{
    size_t room = b->room ? 2 * b->room : FIRST_ROOM;
    uint32_t *more = cw__realloc(b->d->firsts, room * sizeof *more);

    if (!more)
        return false;
    b->d->firsts = more;
    b->room = room;
    return true;
}

/* One more entry, which is value `i` and has `bytes` bytes. */
static inline cw__dictionary_answer add_entry(builder *b, size_t i, size_t bytes)
{
    cw__dictionary *d = b->d;

    if (d->count == b->most_entries || bytes > b->most_bytes - d->bytes)
        return CW__DICTIONARY_TOO_LARGE;
    if (d->count == b->room && !grow_firsts(b))
        return CW__DICTIONARY_NO_MEMORY;
    d->firsts[d->count++] = (uint32_t)i;
    d->bytes += bytes;
    return CW__DICTIONARY_BUILT;
}

static bool begin(builder *b, cw__dictionary *d, size_t n, size_t most_entries, size_t most_bytes)
{
    memset(d, 0, sizeof *d);
    *b = (builder){.d = d, .most_entries = most_entries, .most_bytes = most_bytes};
    d->indices = cw__alloc(n * sizeof *d->indices);
    return d->indices != NULL;
}

static cw__dictionary_answer finish(builder *b, cw__dictionary_answer answer)
{
    if (answer != CW__DICTIONARY_BUILT)
        cw__dictionary_free(b->d);
    return answer;
}

/* ---- a small range ---- */

static uint64_t value_of(const void *values, size_t width, size_t i)
{
    if (width == 1)
        return ((const uint8_t *)values)[i];
    if (width == 4)
        return ((const uint32_t *)values)[i];
    return ((const uint64_t *)values)[i];
}

/* As signed numbers: the range is what matters, whatever they mean. */
static inline __attribute__((always_inline)) void
widen_range(const void *values, size_t from, size_t to, size_t width, int64_t *low, int64_t *high)
{
    int64_t least = *low, most = *high;

    for (size_t i = from; i < to; i++) {
        uint64_t bits = value_of(values, width, i);
        int64_t v = width == 4 ? (int32_t)bits : (int64_t)bits;
        least = v < least ? v : least;
        most = v > most ? v : most;
    }
    *low = least;
    *high = most;
}

/* Whether the values lie so near to each other that a table of their range pays. Where they do not,
   that is mostly seen at once. */
static bool find_range(const void *values, size_t width, size_t n, int64_t *low, uint64_t *range)
{
    enum { STEP = 4096 };
    int64_t high = INT64_MIN;

    *low = INT64_MAX;
    *range = 0;
    for (size_t from = 0, to; from < n; from = to) {
        to = n - from < STEP ? n : from + STEP;
        if (width == 4)
            widen_range(values, from, to, 4, low, &high);
        else
            widen_range(values, from, to, 8, low, &high);
        *range = (uint64_t)high - (uint64_t)*low;
        if (*range >= MOST_RANGE || *range / 4 > n)
            return false;
    }
    return true;
}

/* Always inlined, with a known width. Slots hold index + 1; 0: not seen. */
static inline __attribute__((always_inline)) cw__dictionary_answer
fill_range(builder *b, uint32_t *slots, const void *values, size_t n, size_t width, uint64_t low)
{
    uint32_t *indices = b->d->indices;

    for (size_t i = 0; i < n; i++) {
        uint64_t v = value_of(values, width, i) - low;
        uint32_t *slot = &slots[width == 4 ? (uint32_t)v : v];
        if (*slot == 0) {
            cw__dictionary_answer answer = add_entry(b, i, width);
            if (answer != CW__DICTIONARY_BUILT)
                return answer;
            *slot = (uint32_t)b->d->count;
        }
        indices[i] = *slot - 1;
    }
    return CW__DICTIONARY_BUILT;
}

static cw__dictionary_answer by_range(builder *b, const void *values, size_t n, size_t width,
                                      int64_t low, uint64_t range)
{
    uint32_t *slots = cw__alloc_zero(((size_t)range + 1) * sizeof *slots);
    cw__dictionary_answer answer;

    if (!slots)
        return CW__DICTIONARY_NO_MEMORY;
    if (width == 1)
        answer = fill_range(b, slots, values, n, 1, (uint64_t)low);
    else if (width == 4)
        answer = fill_range(b, slots, values, n, 4, (uint64_t)low);
    else
        answer = fill_range(b, slots, values, n, 8, (uint64_t)low);
    cw__free(slots);
    return answer;
}

/* Of a table for up to `n` values; a small one is cleared sooner. */
static size_t first_room(size_t n)
{
    size_t room = LEAST_ROOM;

    while (room < FIRST_ROOM && room < 2 * n)
        room *= 2;
    return room;
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

static bool number_grow(number_table *t, size_t n)
{
    number_table more = {.room = t->room ? 4 * t->room : first_room(n)};

    more.shift = 64 - (unsigned)__builtin_ctzll(more.room);
    more.slots = cw__alloc_zero(more.room * sizeof *more.slots);
    if (!more.slots)
        return false;
    for (size_t i = 0; i < t->room; i++)
        if (t->slots[i].index)
            *number_slot_of(&more, t->slots[i].value) = t->slots[i];
    cw__free(t->slots);
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
number_add(builder *b, number_table *t, number_slot *home, uint64_t v, size_t i, size_t width)
{
    number_slot *slot = home->index ? number_slot_of(t, v) : home;

    t->astray++;
    if (!slot->index) {
        cw__dictionary_answer answer = add_entry(b, i, width);
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
fill_numbers(builder *b, number_table *table, const void *values, size_t n, size_t width)
{
    uint32_t *indices = b->d->indices;
    number_table t = *table; /* where no index that is written can be it */

    for (size_t i = 0; i < n; i++) {
        uint64_t v = value_of(values, width, i);
        number_slot *home = number_home(&t, v);
        if (home->value == v && home->index) {
            indices[i] = home->index - 1;
            continue;
        }
        cw__dictionary_answer answer = number_add(b, table, home, v, i, width);
        if (answer != CW__DICTIONARY_BUILT)
            return answer;
        t.slots = table->slots;
        t.shift = table->shift;
    }
    return CW__DICTIONARY_BUILT;
}

static cw__dictionary_answer by_number(builder *b, const void *values, size_t n, size_t width)
{
    number_table t = {0};
    cw__dictionary_answer answer = CW__DICTIONARY_NO_MEMORY;

    if (number_grow(&t, n))
        answer = width == 4 ? fill_numbers(b, &t, values, n, 4) : fill_numbers(b, &t, values, n, 8);
    cw__free(t.slots);
    return answer;
}

/* ---- everything else, by hash ---- */

typedef struct bytes_slot {
    uint32_t tag;   /* half of the hash */
    uint32_t index; /* + 1; 0: free */
} bytes_slot;

enum { HALF = 16, SHORT = 2 * HALF };

typedef uint64_t half __attribute__((vector_size(HALF)));

/* A value of up to 32 bytes: its first 16 and its last 16; of a shorter one all of it twice, and
   zeros after it. With the length, that is the value. */
typedef struct short_value {
    half first, last;
} short_value;

/* Up to half of the slots are taken. */
typedef struct bytes_table {
    bytes_slot *slots;
    short_value *shorts; /* of each entry that is short: found without going to the values */
    size_t room;
} bytes_table;

/* Where values lie: at offsets, or `width` bytes each. */
typedef struct source {
    const uint8_t *bytes;
    const uint32_t *offsets;
    size_t width;
    const uint8_t *end;
} source;

static inline const uint8_t *source_at(const source *s, size_t i, size_t *n)
{
    if (s->offsets) {
        *n = s->offsets[i + 1] - s->offsets[i];
        return s->bytes + s->offsets[i];
    }
    *n = s->width;
    return s->bytes + i * s->width;
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

/* Without branches on the length, which nothing foretells, but at the very end of the values. */
static inline short_value short_of(const uint8_t *p, size_t n, const uint8_t *end)
{
    static const uint8_t masks[2 * HALF] = {255, 255, 255, 255, 255, 255, 255, 255,
                                            255, 255, 255, 255, 255, 255, 255, 255};
    size_t each = n < HALF ? n : HALF;

    if ((size_t)(end - p) < HALF) {
        uint8_t bytes[HALF] = {0};
        if (n > 0)
            memcpy(bytes, p, n);
        return (short_value){load_half(bytes), load_half(bytes)};
    }
    half mask = load_half(masks + HALF - each);
    return (short_value){load_half(p) & mask, load_half(p + n - each) & mask};
}

static inline bool is_same_short(short_value x, short_value y)
{
    half differs = (x.first ^ y.first) | (x.last ^ y.last);

    return (differs[0] | differs[1]) == 0;
}

static inline uint64_t hash_short(short_value v, size_t n)
{
    uint64_t a = v.first[0] + (v.last[1] << 29 | v.last[1] >> 35);
    uint64_t b = v.first[1] + (v.last[0] << 31 | v.last[0] >> 33);

    return fold(a ^ K0 ^ n * K2, b ^ K1);
}

static inline uint64_t hash_long(const uint8_t *p, size_t n)
{
    uint64_t h = K0 ^ (n * K2);

    for (; n > HALF; n -= HALF, p += HALF)
        h = fold(load_u64(p) ^ h, load_u64(p + 8) ^ K2);
    return fold(fold(load_u64(p + n - HALF) ^ h, load_u64(p + n - 8) ^ K1), K2);
}

static inline uint64_t hash_of(const uint8_t *p, size_t n, const uint8_t *end)
{
    return n <= SHORT ? hash_short(short_of(p, n, end), n) : hash_long(p, n);
}

/* Short values seen lately: of few values, most need not be looked for in the table. */
typedef struct recent {
    short_value value;
    uint32_t bytes; /* + 1; 0: free */
    uint32_t index;
} recent;

enum { RECENT_BITS = 8 };

/* What stands in a slot besides the index: a part of the hash, and the length of a short value. */
static inline uint32_t tag_of(uint64_t hash, size_t n)
{
    return ((uint32_t)(hash >> 32) & ~63u) | (uint32_t)(n <= SHORT ? n : SHORT + 1);
}

static void bytes_free(bytes_table *t)
{
    cw__free(t->slots);
    cw__free(t->shorts);
}

static bool bytes_grow(bytes_table *t, const builder *b, const source *s, size_t n)
{
    bytes_table more = {.room = t->room ? 4 * t->room : first_room(n)};

    more.slots = cw__alloc_zero(more.room * sizeof *more.slots);
    more.shorts = cw__alloc((more.room / 2 + 1) * sizeof *more.shorts);
    if (!more.slots || !more.shorts) {
        bytes_free(&more);
        return false;
    }
    for (size_t i = 0; i < b->d->count; i++) {
        size_t bytes;
        const uint8_t *p = source_at(s, b->d->firsts[i], &bytes);
        uint64_t h = hash_of(p, bytes, s->end);
        size_t at = (size_t)h & (more.room - 1);
        while (more.slots[at].index)
            at = (at + 1) & (more.room - 1);
        more.slots[at] = (bytes_slot){tag_of(h, bytes), (uint32_t)i + 1};
        if (bytes <= SHORT)
            more.shorts[i] = short_of(p, bytes, s->end);
    }
    bytes_free(t);
    *t = more;
    return true;
}

/* A value with its hash. */
typedef struct hashed {
    uint64_t hash;
    const uint8_t *p;
    size_t n;
} hashed;

static inline __attribute__((always_inline)) hashed hash_value(const source *s, size_t i)
{
    hashed x = {0};

    x.p = source_at(s, i, &x.n);
    x.hash = hash_of(x.p, x.n, s->end);
    return x;
}

static inline bool is_entry(const builder *b, const bytes_table *t, const source *s, uint32_t index,
                            const hashed *x)
{
    size_t there;

    if (x->n <= SHORT)
        return is_same_short(t->shorts[index], short_of(x->p, x->n, s->end));
    const uint8_t *q = source_at(s, b->d->firsts[index], &there);
    return there == x->n && memcmp(x->p, q, x->n) == 0;
}

/* Find value `i` in the table, or add it: its index. */
static inline __attribute__((always_inline)) cw__dictionary_answer
look_up(builder *b, bytes_table *t, const source *s, size_t i, const hashed *x, uint32_t *index)
{
    uint32_t tag = tag_of(x->hash, x->n);
    size_t at = (size_t)x->hash & (t->room - 1);

    while (t->slots[at].index &&
           (t->slots[at].tag != tag || !is_entry(b, t, s, t->slots[at].index - 1, x)))
        at = (at + 1) & (t->room - 1);
    if (t->slots[at].index) {
        *index = t->slots[at].index - 1;
        return CW__DICTIONARY_BUILT;
    }
    cw__dictionary_answer answer = add_entry(b, i, x->n + (s->offsets ? 4 : 0));
    if (answer != CW__DICTIONARY_BUILT)
        return answer;
    *index = (uint32_t)b->d->count - 1;
    t->slots[at] = (bytes_slot){tag, *index + 1};
    if (x->n <= SHORT)
        t->shorts[*index] = short_of(x->p, x->n, s->end);
    if (2 * b->d->count > t->room && !bytes_grow(t, b, s, 0))
        return CW__DICTIONARY_NO_MEMORY;
    return CW__DICTIONARY_BUILT;
}

/* Where a short value stands, if it was seen lately. Cheaper than its hash. */
static inline recent *recent_of(recent *seen, short_value v)
{
    half mixed = v.first ^ v.last << 1;
    uint64_t h = (mixed[0] ^ mixed[1] << 27 ^ mixed[1] >> 37) * K2;

    return &seen[h >> (64 - RECENT_BITS)];
}

static void note_recent(recent *seen, short_value v, size_t n, uint32_t index)
{
    *recent_of(seen, v) = (recent){v, (uint32_t)n + 1, index};
}

/* Go through the values from `i` on as long as they were seen lately: where that ends. */
static size_t take_recent(uint32_t *indices, const source *s, recent *seen, size_t i, size_t n)
{
    const source from = *s; /* where no index that is written can be it */

    for (; i < n; i++) {
        size_t bytes;
        const uint8_t *p = source_at(&from, i, &bytes);
        if (bytes > SHORT)
            break;
        short_value v = short_of(p, bytes, from.end);
        const recent *r = recent_of(seen, v);
        if (r->bytes != bytes + 1 || !is_same_short(r->value, v))
            break;
        indices[i] = r->index;
    }
    return i;
}

/* As long as most values were seen lately: `*i` is where that ends. */
static cw__dictionary_answer fill_few(builder *b, bytes_table *t, const source *s, size_t *i,
                                      size_t n)
{
    enum { PATIENCE = 64, FEW = 8 };
    uint32_t *indices = b->d->indices;
    recent seen[1 << RECENT_BITS] = {0};
    size_t missed = 0;

    while ((*i = take_recent(indices, s, seen, *i, n)) < n && missed < PATIENCE + *i / FEW) {
        hashed x = hash_value(s, *i);
        cw__dictionary_answer answer = look_up(b, t, s, *i, &x, &indices[*i]);
        if (answer != CW__DICTIONARY_BUILT)
            return answer;
        if (x.n <= SHORT)
            note_recent(seen, short_of(x.p, x.n, s->end), x.n, indices[*i]);
        missed++;
        ++*i;
    }
    return CW__DICTIONARY_BUILT;
}

/* In a table beyond the nearest caches, the slots of the next values are sent for ahead. */
static cw__dictionary_answer fill_many(builder *b, bytes_table *t, const source *s, size_t i,
                                       size_t n)
{
    enum { AHEAD = 32 };
    hashed ahead[AHEAD];
    cw__dictionary_answer answer = CW__DICTIONARY_BUILT;

    while (i < n && answer == CW__DICTIONARY_BUILT) {
        size_t more = n - i < AHEAD ? n - i : AHEAD;
        for (size_t k = 0; k < more; k++) {
            ahead[k] = hash_value(s, i + k);
            __builtin_prefetch(&t->slots[ahead[k].hash & (t->room - 1)]);
        }
        for (size_t k = 0; k < more && answer == CW__DICTIONARY_BUILT; k++, i++)
            answer = look_up(b, t, s, i, &ahead[k], &b->d->indices[i]);
    }
    return answer;
}

static cw__dictionary_answer by_hash(builder *b, const source *s, size_t n)
{
    bytes_table t = {0};
    cw__dictionary_answer answer = CW__DICTIONARY_NO_MEMORY;

    size_t i = 0;

    if (bytes_grow(&t, b, s, n))
        answer = fill_few(b, &t, s, &i, n);
    if (answer == CW__DICTIONARY_BUILT)
        answer = fill_many(b, &t, s, i, n);
    bytes_free(&t);
    return answer;
}

/* ---- the face ---- */

cw__dictionary_answer cw__dictionary_of_fixed(cw__dictionary *d, const void *values, size_t n,
                                              size_t width, size_t most_entries, size_t most_bytes)
{
    int64_t low;
    uint64_t range;
    builder b;

    if (!begin(&b, d, n, most_entries, most_bytes))
        return CW__DICTIONARY_NO_MEMORY;
    if (width != 1 && width != 4 && width != 8)
        return finish(
            &b,
            by_hash(&b, &(source){values, NULL, width, (const uint8_t *)values + n * width}, n));
    if (width == 1)
        return finish(&b, by_range(&b, values, n, 1, 0, UINT8_MAX));
    if (find_range(values, width, n, &low, &range))
        return finish(&b, by_range(&b, values, n, width, low, range));
    return finish(&b, by_number(&b, values, n, width));
}

/* Texts of one byte each: flags, mostly. */
static bool are_characters(const uint32_t *offsets, size_t n)
{
    bool each = n > 0 && offsets[n] - offsets[0] == n;

    for (size_t i = 0; each && i < n; i++)
        each = offsets[i + 1] - offsets[i] == 1;
    return each;
}

/* As numbers, but an entry is as long as that of any text. */
static cw__dictionary_answer by_character(builder *b, const uint8_t *values, size_t n)
{
    cw__dictionary_answer answer = by_range(b, values, n, 1, 0, UINT8_MAX);

    b->d->bytes += 4 * b->d->count;
    if (answer == CW__DICTIONARY_BUILT && b->d->bytes > b->most_bytes)
        return CW__DICTIONARY_TOO_LARGE;
    return answer;
}

cw__dictionary_answer cw__dictionary_of_bytes(cw__dictionary *d, const uint32_t *offsets,
                                              const uint8_t *bytes, size_t n, size_t most_entries,
                                              size_t most_bytes)
{
    builder b;

    if (!begin(&b, d, n, most_entries, most_bytes))
        return CW__DICTIONARY_NO_MEMORY;
    if (are_characters(offsets, n))
        return finish(&b, by_character(&b, bytes + offsets[0], n));
    return finish(&b, by_hash(&b, &(source){bytes, offsets, 0, bytes + offsets[n]}, n));
}
