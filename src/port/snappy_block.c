/* snappy_block.c - snappy's format for block.h, written and read here
 *
 *     the length of it all, 7 bits in a byte | elements: literals with their bytes, and copies
 *
 * The two lowest bits of an element's first byte are its kind. A copy may reach back to the first
 * byte; ours reach as far as 16 bits do. What is made depends on the bytes and the hint alone.
 *
 * Each repetition, however short, takes branches that the processor cannot foresee, so short ones
 * are not worth their time: those of 8 bytes are looked for in text, and of 6 in numbers. The next
 * look is behind what was found, and where nothing is found looks become rarer.
 */
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "port/block.h"
#include "port/block_codecs.h"

enum {
    LITERAL = 0,
    COPY_NEAR = 1, /* 4 to 11 bytes, 11 bits of distance */
    COPY = 2,      /* 1 to 64 bytes, 16 bits of distance */
    COPY_FAR = 3,  /* … 32 bits */
    KIND = 3,
    LEAST_COPY = 4,
    MOST_COPY = 64,
    MOST_NEAR = 11,
    NEAR = 1 << 11,
    SHORT_LITERAL = 60, /* the most whose length is in the first byte */
    MARGIN = 64,        /* they are copied as so many bytes */
    SHORT = 16,         /* on the way back */
    WORD = 8,           /* bytes that are compared at once, … */
    LEAST_TEXT = 8,
    LEAST_NUMBERS = 6, /* … and how many of them have to be the same */
    EVERY = 8,         /* so many places are looked at one by one, … */
    SLOWLY = 4,        /* … then every second, and after 2^4 more every third … */
    LEAST_BITS = 8,
    MOST_BITS = 14
};

#define INLINE static inline __attribute__((always_inline))

/* Where bytes were seen last, by a hash of them: the low 16 bits of the place, as nothing farther
   away is copied. What is older is some other place, and compared like any. */
struct cw__snappy_block {
    uint16_t places[1 << MOST_BITS];
};

typedef struct search {
    const uint8_t *from;
    uint16_t *places;
    size_t mask;
} search;

INLINE uint64_t load(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* How far back the `least` bytes at `at` were seen; 0: they were not. Places are looked at in
   rising order, so none that is known lies ahead; the first one is known before all. */
INLINE size_t look(const search *s, unsigned least, size_t at)
{
    unsigned beyond = 8 * (WORD - least);
    uint64_t v = load(s->from + at);
    uint64_t hash = (v << beyond) * UINT64_C(0x9E3779B97F4A7C15) >> (64 - MOST_BITS);
    uint16_t *place = s->places + (hash & s->mask);
    size_t back = (uint16_t)(at - *place);

    *place = (uint16_t)at;
    return (v ^ load(s->from + at - back)) << beyond ? 0 : back;
}

/* The next place whose bytes were seen, or one that is not before `stop`. */
INLINE size_t find(const search *s, unsigned least, size_t at, size_t stop, size_t *back)
{
    for (size_t end = at + EVERY; at < end; at++)
        if ((*back = look(s, least, at)))
            return at;
    for (size_t step = 2 << SLOWLY; at < stop; at += step++ >> SLOWLY)
        if ((*back = look(s, least, at)))
            return at;
    return at;
}

/* How many bytes from `at` on are those of `back` before, up to `n`. */
INLINE size_t same(const uint8_t *from, size_t at, size_t back, size_t n)
{
    size_t i = at;

    for (; i + WORD <= n; i += WORD) {
        uint64_t other = load(from + i) ^ load(from + i - back);
        if (other)
            return i - at + (size_t)__builtin_ctzll(other) / 8;
    }
    while (i < n && from[i] == from[i - back])
        i++;
    return i - at;
}

static uint8_t *put_any_literal(uint8_t *to, const uint8_t *from, size_t n)
{
    size_t bytes = 0;

    if (n == 0)
        return to;
    if (n <= SHORT_LITERAL) {
        *to = (uint8_t)((n - 1) << 2 | LITERAL);
    } else {
        for (size_t rest = n - 1; rest; rest >>= 8)
            to[++bytes] = (uint8_t)rest;
        *to = (uint8_t)((SHORT_LITERAL - 1 + bytes) << 2 | LITERAL);
    }
    memcpy(to + 1 + bytes, from, n);
    return to + 1 + bytes + n;
}

/* In front of a copy, with MARGIN bytes behind it to be read and room for them: to copy more than n
   takes less time than to find out how many there are. */
INLINE uint8_t *put_literal(uint8_t *to, const uint8_t *from, size_t n)
{
    if (__builtin_expect(n > SHORT_LITERAL, 0))
        return put_any_literal(to, from, n);
    *to = (uint8_t)((n - 1) << 2 | LITERAL);
    to += n > 0;
    memcpy(to, from, MARGIN);
    return to + n;
}

/* Of LEAST_COPY to MOST_COPY bytes. Which of the forms will do cannot be foreseen: both are made,
   and no branch chooses. */
INLINE uint8_t *put_piece(uint8_t *to, size_t back, size_t n)
{
    uint32_t near = (n <= MOST_NEAR) & (back < NEAR);
    uint32_t two =
        (uint32_t)(COPY_NEAR | (n - LEAST_COPY) << 2 | back >> 8 << 5 | (back & 0xff) << 8);
    uint32_t three = (uint32_t)(COPY | (n - 1) << 2 | back << 8);
    uint32_t bytes = three ^ ((two ^ three) & (0 - near));

    memcpy(to, &bytes, sizeof bytes);
    return to + 3 - near;
}

INLINE uint8_t *put_copy(uint8_t *to, size_t back, size_t n)
{
    while (__builtin_expect(n > MOST_COPY, 0)) {
        size_t piece = n < MOST_COPY + LEAST_COPY ? MOST_COPY - LEAST_COPY : MOST_COPY;
        to = put_piece(to, back, piece);
        n -= piece;
    }
    return put_piece(to, back, n);
}

static uint8_t *put_length(uint8_t *to, size_t n)
{
    for (; n >= 0x80; n >>= 7)
        *to++ = (uint8_t)(n | 0x80);
    *to++ = (uint8_t)n;
    return to;
}

INLINE uint8_t *put_elements(uint8_t *to, const search *s, unsigned least, size_t n)
{
    size_t done = 0, back, stop = n > MARGIN ? n - MARGIN : 0;

    for (size_t at = 1; at < stop; at = done) {
        at = find(s, least, at, stop, &back);
        if (at >= stop)
            break;
        size_t count = least + same(s->from, at + least, back, n);
        to = put_literal(to, s->from + done, at - done);
        to = put_copy(to, back, count);
        done = at + count;
    }
    return put_any_literal(to, s->from + done, n - done);
}

/* Elements are no longer than what they stand for, but for the lengths of literals: there is room
   for a MARGIN behind all but the last. */
size_t cw__snappy_block_compress(cw__snappy_block **b, unsigned hint, void *to, size_t room,
                                 const void *from, size_t n)
{
    unsigned bits = LEAST_BITS;
    uint8_t *p = to;

    if (!*b)
        *b = cw__alloc(sizeof **b);
    if (!*b || n > UINT32_MAX || room < cw__block_bound(CW__BLOCK_SNAPPY, n))
        return 0;
    while (bits < MOST_BITS && (size_t)1 << bits < n)
        bits++;
    search s = {.from = from, .places = (*b)->places, .mask = ((size_t)1 << bits) - 1};
    memset(s.places, 0, sizeof *s.places << bits);
    p = put_length(p, n);
    p = (hint & CW__BLOCK_KIND) == CW__BLOCK_ANY ? put_elements(p, &s, LEAST_TEXT, n)
                                                 : put_elements(p, &s, LEAST_NUMBERS, n);
    return (size_t)(p - (uint8_t *)to);
}

void cw__snappy_block_free(cw__snappy_block *b)
{
    cw__free(b);
}

/* ---- and back ---- */

typedef struct input {
    const uint8_t *p;
    size_t n;
} input;

static bool take(input *in, size_t bytes, size_t *v)
{
    if (bytes > in->n)
        return false;
    *v = 0;
    memcpy(v, in->p, bytes);
    in->p += bytes;
    in->n -= bytes;
    return true;
}

static bool take_length(input *in, size_t *length)
{
    uint64_t v = 0;
    size_t byte = 0x80;

    for (unsigned shift = 0; byte & 0x80; shift += 7) {
        if (shift > 28 || !take(in, 1, &byte))
            return false;
        v |= (uint64_t)(byte & 0x7f) << shift;
    }
    *length = (size_t)v;
    return v <= UINT32_MAX;
}

/* What is short, as most is, is copied as SHORT bytes where there are so many. */
INLINE void copy(uint8_t *to, const uint8_t *from, size_t n, size_t there)
{
    if (n <= SHORT && there >= SHORT)
        memcpy(to, from, SHORT);
    else
        memcpy(to, from, n);
}

static bool take_literal(input *in, size_t tag, uint8_t *to, size_t room, size_t *n)
{
    *n = tag >> 2;
    if (*n >= SHORT_LITERAL && !take(in, *n - (SHORT_LITERAL - 1), n))
        return false;
    if (*n >= in->n || *n >= room)
        return false;
    ++*n;
    copy(to, in->p, *n, in->n < room ? in->n : room);
    in->p += *n;
    in->n -= *n;
    return true;
}

/* A copy may go on in what it has written. */
static bool take_copy(input *in, size_t tag, uint8_t *to, size_t done, size_t room, size_t *n)
{
    size_t back;

    if (!take(in, (tag & KIND) == COPY_FAR ? 4 : tag & KIND, &back))
        return false;
    *n = (tag >> 2) + 1;
    if ((tag & KIND) == COPY_NEAR) {
        *n = (tag >> 2 & 7) + LEAST_COPY;
        back |= tag >> 5 << 8;
    }
    if (back == 0 || back > done || *n > room)
        return false;
    const uint8_t *from = to - back;
    if (back >= *n)
        copy(to, from, *n, back < room ? back : room);
    else
        for (size_t i = 0; i < *n; i++)
            to[i] = from[i];
    return true;
}

bool cw__snappy_block_restore(void *to, size_t n, const void *from, size_t from_n)
{
    input in = {from, from_n};
    size_t done = 0, tag, length, count;
    uint8_t *p = to;

    if (!take_length(&in, &length) || length != n)
        return false;
    while (take(&in, 1, &tag)) {
        if (!((tag & KIND) == LITERAL ? take_literal(&in, tag, p + done, n - done, &count)
                                      : take_copy(&in, tag, p + done, done, n - done, &count)))
            return false;
        done += count;
    }
    return done == n;
}
