/* buffer.c - what one leaf column of a row group has gathered: levels, and the values */
#include "format/parquet/column/buffer.h"

#include <string.h>

#include "base/memory.h"
#include "format/parquet/column/pick.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* ---- bytes that grow ---- */

/* What fills two huge pages ends with one: of less, the rest of the last would be more than the
   half that buffers grow by. */
enum { LINE = 64, HUGE_PAGE = 2 << 20, LEAST_HUGE = 2 * HUGE_PAGE };

bool cw__grow(cw__grown *g, size_t more)
{
    size_t step;

    if (more <= g->room - g->n)
        return true;
    if (more > SIZE_MAX / 2 - g->n)
        return false;
    size_t room = g->room + g->room / 2;
    if (room < g->n + more)
        room = g->n + more;
    step = room < LEAST_HUGE ? LINE : HUGE_PAGE;
    room = (room + step - 1) & ~(step - 1);
    uint8_t *p = cw__buffer_realloc(g->p, g->room, room);
    if (!p)
        return false;
    g->p = p;
    g->room = room;
    return true;
}

void cw__grown_free(cw__grown *g)
{
    cw__buffer_free(g->p, g->room);
    memset(g, 0, sizeof *g);
}

/* ---- levels ---- */

static void levels_init(cw__levels *l, unsigned max)
{
    memset(l, 0, sizeof *l);
    l->max = (uint8_t)max;
}

static void levels_reset(cw__levels *l)
{
    l->form = CW__LEVELS_SAME;
    l->same = 0;
    l->n = 0;
    l->data.n = 0;
}

/* Room for `n` bits more, the new bytes zero. */
static bool grow_bits(cw__levels *l, size_t n)
{
    size_t bytes = (l->n + n + 7) / 8;

    if (bytes > l->data.n && !cw__grow(&l->data, bytes - l->data.n))
        return false;
    if (bytes > l->data.n)
        memset(l->data.p + l->data.n, 0, bytes - l->data.n);
    l->data.n = bytes;
    return true;
}

static void set_bits(uint8_t *bits, size_t from, size_t n)
{
    for (; n > 0 && from % 8; from++, n--)
        bits[from / 8] |= (uint8_t)(1u << from % 8);
    memset(bits + from / 8, 0xFF, n / 8);
    from += n / 8 * 8;
    for (n %= 8; n > 0; from++, n--)
        bits[from / 8] |= (uint8_t)(1u << from % 8);
}

/* From all the same to a bit each. */
static bool to_bits(cw__levels *l)
{
    size_t n = l->n;

    l->n = 0;
    l->data.n = 0;
    if (!grow_bits(l, n))
        return false;
    l->n = n;
    if (l->same == l->max)
        set_bits(l->data.p, 0, n);
    l->form = CW__LEVELS_BITS;
    return true;
}

static bool to_bytes(cw__levels *l)
{
    cw__grown bytes = {0};

    if (!cw__grow(&bytes, l->n + 1) || !bytes.p)
        return false;
    for (size_t i = 0; i < l->n; i++)
        bytes.p[i] = (uint8_t)cw__levels_at(l, i);
    bytes.n = l->n;
    cw__grown_free(&l->data);
    l->data = bytes;
    l->form = CW__LEVELS_BYTES;
    return true;
}

/* `bits` bits from `from`, as the low bits of a word. */
static unsigned take_byte(const uint8_t *bits, size_t from, size_t n)
{
    unsigned v = bits[from / 8] >> from % 8;

    if (from % 8 && from % 8 + n > 8)
        v |= (unsigned)bits[from / 8 + 1] << (8 - from % 8);
    return n < 8 ? v & ((1u << n) - 1) : v & 0xFF;
}

static void copy_bits(uint8_t *to, size_t at, const uint8_t *from, size_t first, size_t n)
{
    for (size_t k; n > 0; at += k, first += k, n -= k) {
        k = 8 - at % 8 < n ? 8 - at % 8 : n;
        to[at / 8] |= (uint8_t)(take_byte(from, first, k) << at % 8);
        if (at % 8 + k == 8 && n - k >= 8 && (first + k) % 8 == 0) {
            size_t whole = (n - k) / 8;
            memcpy(to + (at + k) / 8, from + (first + k) / 8, whole);
            k += 8 * whole;
        }
    }
}

bool cw__levels_add_same(cw__levels *l, unsigned level, size_t n)
{
    if (n == 0)
        return true;
    if (l->n == 0)
        l->same = (uint8_t)level;
    if (l->form == CW__LEVELS_SAME && level == l->same) {
        l->n += n;
        return true;
    }
    if (l->form == CW__LEVELS_SAME && !(l->max == 1 ? to_bits(l) : to_bytes(l)))
        return false;
    if (l->form == CW__LEVELS_BITS) {
        if (!grow_bits(l, n))
            return false;
        if (level == l->max)
            set_bits(l->data.p, l->n, n);
    } else {
        if (!cw__grow(&l->data, n))
            return false;
        memset(l->data.p + l->n, (int)level, n);
        l->data.n += n;
    }
    l->n += n;
    return true;
}

size_t cw__count_bits(const uint8_t *bits, size_t from, size_t n)
{
    size_t count = 0;

    for (; n > 0 && from % 8; from++, n--)
        count += bits[from / 8] >> from % 8 & 1;
    const uint8_t *p = bits + from / 8;
    for (; n >= 64; n -= 64, p += 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        count += (size_t)__builtin_popcountll(word);
    }
    for (; n >= 8; n -= 8, p++)
        count += (size_t)__builtin_popcount(*p);
    if (n)
        count += (size_t)__builtin_popcount(*p & ((1u << n) - 1));
    return count;
}

/* Where an earlier batch, of a dictionary or of runs, left levels that take a byte each. */
static bool add_bits_as_bytes(cw__levels *l, const uint8_t *bits, size_t from, size_t n)
{
    if (!cw__grow(&l->data, n))
        return false;
    for (size_t i = from; i < from + n; i++)
        l->data.p[l->data.n++] = (uint8_t)(bits[i / 8] >> i % 8 & 1 ? l->max : l->max - 1);
    l->n += n;
    return true;
}

bool cw__levels_add_bits(cw__levels *l, const uint8_t *validity, size_t from, size_t n)
{
    size_t set = cw__count_bits(validity, from, n);

    if (set == n || set == 0)
        return cw__levels_add_same(l, set ? l->max : l->max - 1u, n);
    if (l->form == CW__LEVELS_SAME && !to_bits(l))
        return false;
    if (l->form == CW__LEVELS_BYTES)
        return add_bits_as_bytes(l, validity, from, n);
    if (!grow_bits(l, n))
        return false;
    copy_bits(l->data.p, l->n, validity, from, n);
    l->n += n;
    return true;
}

bool cw__levels_add_bytes(cw__levels *l, const uint8_t *levels, size_t n)
{
    if (n == 0)
        return true;
    if (l->form != CW__LEVELS_BYTES) {
        if (memcmp(levels, levels + 1, n - 1) == 0 && (l->n == 0 || l->form == CW__LEVELS_SAME) &&
            (l->n == 0 || l->same == levels[0]))
            return cw__levels_add_same(l, levels[0], n);
        if (!to_bytes(l))
            return false;
    }
    if (!cw__grow(&l->data, n))
        return false;
    memcpy(l->data.p + l->n, levels, n);
    l->data.n += n;
    l->n += n;
    return true;
}

unsigned cw__levels_at(const cw__levels *l, size_t i)
{
    if (l->form == CW__LEVELS_SAME)
        return l->same;
    if (l->form == CW__LEVELS_BYTES)
        return l->data.p[i];
    return l->data.p[i / 8] >> i % 8 & 1 ? l->max : l->max - 1u;
}

#if defined(__x86_64__)

/* 32 at a time; a byte of a sum takes 255 of them. */
__attribute__((target("avx2"))) static size_t count_avx2(const uint8_t *p, size_t n, uint8_t level)
{
    enum { WIDE = 32, MOST = 255 };
    const __m256i wanted = _mm256_set1_epi8((char)level);
    size_t count = 0, i = 0;

    while (i + WIDE <= n) {
        size_t end = n - i > MOST * WIDE ? i + MOST * WIDE : n;
        __m256i sums = _mm256_setzero_si256();
        for (; i + WIDE <= end; i += WIDE) {
            __m256i v = _mm256_loadu_si256((const void *)(p + i));
            sums = _mm256_sub_epi8(sums, _mm256_cmpeq_epi8(v, wanted));
        }
        __m256i wide = _mm256_sad_epu8(sums, _mm256_setzero_si256());
        uint64_t parts[4];
        _mm256_storeu_si256((void *)parts, wide);
        count += (size_t)(parts[0] + parts[1] + parts[2] + parts[3]);
    }
    for (; i < n; i++)
        count += p[i] == level;
    return count;
}

#endif

size_t cw__count_bytes(const uint8_t *p, size_t n, uint8_t level)
{
    size_t count = 0;

#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return count_avx2(p, n, level);
#endif
    for (size_t i = 0; i < n; i++)
        count += p[i] == level;
    return count;
}

size_t cw__levels_count(const cw__levels *l, size_t from, size_t n, unsigned level)
{
    if (l->form == CW__LEVELS_SAME)
        return l->same == level ? n : 0;
    if (l->form == CW__LEVELS_BITS) {
        size_t set = cw__count_bits(l->data.p, from, n);
        return level == l->max ? set : level + 1 == l->max ? n - set : 0;
    }
    return cw__count_bytes(l->data.p + from, n, (uint8_t)level);
}

/* ---- the buffer ---- */

void cw__column_buffer_init(cw__column_buffer *b, const cw__leaf *leaf)
{
    memset(b, 0, sizeof *b);
    b->leaf = leaf;
    levels_init(&b->def, leaf->max_def);
    levels_init(&b->rep, leaf->max_rep);
}

void cw__column_buffer_reset(cw__column_buffer *b)
{
    levels_reset(&b->def);
    levels_reset(&b->rep);
    b->rows = b->slots = b->count = 0;
    b->values.n = b->offsets.n = 0;
    b->lent_offsets = NULL;
    cw__spans_reset(&b->spans);
}

void cw__column_buffer_free(cw__column_buffer *b)
{
    cw__grown_free(&b->def.data);
    cw__grown_free(&b->rep.data);
    cw__grown_free(&b->values);
    cw__grown_free(&b->offsets);
    b->lent_offsets = NULL;
    cw__spans_free(&b->spans);
    levels_reset(&b->def);
    levels_reset(&b->rep);
    b->rows = b->slots = b->count = 0;
}

/* ---- values that wait ---- */

bool cw__column_pick(cw__column_buffer *b, cw__grown *scratch)
{
    const size_t width = b->leaf->width;
    cw__spans *x = &b->spans;

    if (x->waiting == 0)
        return true;
    scratch->n = 0;
    if (!cw__grow(scratch, x->waiting + CW__PICK_SLACK * width))
        return false;
    for (size_t i = 0; i < x->count; i++) {
        cw__span *s = &x->all[i];
        if (!s->there)
            continue;
        uint8_t *to = scratch->p + scratch->n;
        scratch->n += width * cw__pick(to, s->lent, s->slots, width, s->there, s->bit);
        s->lent = to;
        s->there = NULL;
    }
    x->waiting = 0;
    x->picked = true;
    return true;
}

/* ---- values, wherever they lie ---- */

/* Where the values lie among which i is: the first one is *first, and *n are left of them. */
static const uint8_t *place_of(const cw__column_buffer *b, size_t i, size_t *first, size_t *n)
{
    const cw__span *s;

    *first = 0;
    if (b->spans.count == 0)
        return b->values.p;
    s = cw__spans_find(&b->spans, i);
    *first = s->first;
    if (*n > s->first + s->n - i)
        *n = s->first + s->n - i;
    return s->lent ? s->lent : b->values.p + s->at;
}

const uint8_t *cw__values_run(const cw__column_buffer *b, size_t i, size_t *n)
{
    size_t first;
    const uint8_t *p = place_of(b, i, &first, n);

    return p + (i - first) * b->leaf->width;
}

cw__texts cw__texts_run(const cw__column_buffer *b, size_t from, size_t to)
{
    const uint32_t *offsets = cw__column_offsets(b);
    size_t first, n = to - from;
    const uint8_t *p = place_of(b, from, &first, &n);

    return (cw__texts){p + (offsets[from] - offsets[first]), offsets + from, n};
}

const uint8_t *cw__column_value(const cw__column_buffer *b, size_t i, size_t *n)
{
    size_t one = 1;
    cw__texts t;

    if (b->leaf->width) {
        *n = b->leaf->width;
        return cw__values_run(b, i, &one);
    }
    t = cw__texts_run(b, i, i + 1);
    return cw__text_at(&t, 0, n);
}

void cw__texts_copy(uint8_t *to, const cw__column_buffer *b, size_t from, size_t n)
{
    for (size_t i = from; i < from + n;) {
        cw__texts t = cw__texts_run(b, i, from + n);
        size_t bytes = (size_t)(cw__texts_end(&t) - t.bytes);
        if (bytes)
            memcpy(to, t.bytes, bytes);
        to += bytes;
        i += t.n;
    }
}

void cw__values_copy(uint8_t *to, const cw__column_buffer *b, size_t from, size_t n)
{
    size_t width = b->leaf->width;

    for (size_t k; n > 0; from += k, n -= k, to += k * width) {
        k = n;
        const uint8_t *p = cw__values_run(b, from, &k);
        memcpy(to, p, k * width);
    }
}

const uint8_t *cw__values_together(const cw__column_buffer *b, size_t from, size_t n,
                                   cw__grown *scratch)
{
    size_t k = n;
    const uint8_t *p = n ? cw__values_run(b, from, &k) : b->values.p;

    if (k == n)
        return p;
    scratch->n = 0;
    if (!cw__grow(scratch, n * b->leaf->width))
        return NULL;
    cw__values_copy(scratch->p, b, from, n);
    return scratch->p;
}
