/* dictionary_texts.c - the distinct ones of texts, and of all else that is not a number
 *
 * Open addressing, a part of the hash in the slot: nearly every comparison that is made finds the
 * same value. Up to 32 bytes of an entry lie beside the table, so that the values themselves are
 * seldom looked at; and while most values are those that were seen lately, not even the table is.
 */
#include <string.h>

#include "base/memory.h"
#include "format/parquet/encode/dictionary_build.h"

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
    half *firsts, *lasts; /* of each entry that is short: found without going to the values */
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
    uint32_t bytes; /* + 1; 0: free */
    uint32_t index;
} recent;

enum { RECENT_BITS = 11 };

/* What stands in a slot besides the index: a part of the hash, and the length of a short value. */
static inline uint32_t tag_of(uint64_t hash, size_t n)
{
    return ((uint32_t)(hash >> 32) & ~63u) | (uint32_t)(n <= SHORT ? n : SHORT + 1);
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

static inline void set_short(bytes_table *t, size_t index, short_value v)
{
    t->firsts[index] = v.first;
    t->lasts[index] = v.last;
}

/* Of 16 bytes and less, the first half says it all: the other one is left where it lies. */
static inline bool has_short(const bytes_table *t, size_t index, short_value v, size_t n)
{
    const half *last = n > HALF ? &t->lasts[index] : &t->firsts[index];

    return is_same_short((short_value){t->firsts[index], *last}, v);
}

static bool bytes_grow(bytes_table *t, const cw__dictionary_builder *b, const source *s, size_t n)
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
    for (size_t i = 0; i < b->d->count; i++) {
        size_t bytes;
        const uint8_t *p = source_at(s, b->d->firsts[i], &bytes);
        uint64_t h = hash_of(p, bytes, s->end);
        size_t at = (size_t)h & (more.room - 1);
        while (more.slots[at].index)
            at = (at + 1) & (more.room - 1);
        more.slots[at] = (bytes_slot){tag_of(h, bytes), (uint32_t)i + 1};
        if (bytes <= SHORT)
            set_short(&more, i, short_of(p, bytes, s->end));
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

static inline bool is_entry(const cw__dictionary_builder *b, const bytes_table *t, const source *s,
                            uint32_t index, const hashed *x)
{
    size_t there;

    if (x->n <= SHORT)
        return has_short(t, index, short_of(x->p, x->n, s->end), x->n);
    const uint8_t *q = source_at(s, b->d->firsts[index], &there);
    return there == x->n && memcmp(x->p, q, x->n) == 0;
}

/* Find value `i` in the table, or add it: its index. */
static inline __attribute__((always_inline)) cw__dictionary_answer
look_up(cw__dictionary_builder *b, bytes_table *t, const source *s, size_t i, const hashed *x,
        uint32_t *index)
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
    cw__dictionary_answer answer = cw__dictionary_add(b, i, x->n + (s->offsets ? 4 : 0));
    if (answer != CW__DICTIONARY_BUILT)
        return answer;
    *index = (uint32_t)b->d->count - 1;
    t->slots[at] = (bytes_slot){tag, *index + 1};
    if (x->n <= SHORT)
        set_short(t, *index, short_of(x->p, x->n, s->end));
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

/* Go through the values from `i` on as long as they were seen lately: where that ends. */
static size_t take_recent(uint32_t *indices, const bytes_table *table, const source *s,
                          recent *seen, size_t i, size_t n)
{
    const bytes_table t = *table; /* where no index that is written can be it */
    const source from = *s;

    for (; i < n; i++) {
        size_t bytes;
        const uint8_t *p = source_at(&from, i, &bytes);
        if (bytes > SHORT)
            break;
        short_value v = short_of(p, bytes, from.end);
        const recent *r = recent_of(seen, v);
        if (r->bytes != bytes + 1 || !has_short(&t, r->index, v, bytes))
            break;
        indices[i] = r->index;
    }
    return i;
}

/* As long as most values were seen lately: `*i` is where that ends. */
static cw__dictionary_answer fill_few(cw__dictionary_builder *b, bytes_table *t, const source *s,
                                      size_t *i, size_t n)
{
    enum { PATIENCE = 64, FEW = 8 };
    uint32_t *indices = b->d->indices;
    recent seen[1 << RECENT_BITS] = {0};
    size_t missed = 0;

    while ((*i = take_recent(indices, t, s, seen, *i, n)) < n && missed < PATIENCE + *i / FEW) {
        hashed x = hash_value(s, *i);
        cw__dictionary_answer answer = look_up(b, t, s, *i, &x, &indices[*i]);
        if (answer != CW__DICTIONARY_BUILT)
            return answer;
        if (x.n <= SHORT)
            *recent_of(seen, short_of(x.p, x.n, s->end)) = (recent){(uint32_t)x.n + 1, indices[*i]};
        missed++;
        ++*i;
    }
    return CW__DICTIONARY_BUILT;
}

static inline void prefetch_entry(const bytes_table *t, uint64_t hash)
{
    uint32_t index = t->slots[hash & (t->room - 1)].index;

    __builtin_prefetch(&t->firsts[index ? index - 1 : 0]);
}

/* In a table beyond the nearest caches, the slots of the next values are sent for ahead, and then
   the entries that they name. */
static cw__dictionary_answer fill_many(cw__dictionary_builder *b, bytes_table *t, const source *s,
                                       size_t i, size_t n)
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
        for (size_t k = 0; k < more; k++)
            prefetch_entry(t, ahead[k].hash);
        for (size_t k = 0; k < more && answer == CW__DICTIONARY_BUILT; k++, i++)
            answer = look_up(b, t, s, i, &ahead[k], &b->d->indices[i]);
    }
    return answer;
}

/* ---- the face ---- */

cw__dictionary_answer cw__dictionary_fill_texts(cw__dictionary_builder *b, const uint8_t *bytes,
                                                const uint32_t *offsets, size_t n, size_t width)
{
    const source s = {bytes, offsets, width, bytes + (offsets ? offsets[n] : n * width)};
    bytes_table t = {0};
    cw__dictionary_answer answer = CW__DICTIONARY_NO_MEMORY;
    size_t i = 0;

    if (bytes_grow(&t, b, &s, n))
        answer = fill_few(b, &t, &s, &i, n);
    if (answer == CW__DICTIONARY_BUILT)
        answer = fill_many(b, &t, &s, i, n);
    bytes_free(&t);
    return answer;
}
