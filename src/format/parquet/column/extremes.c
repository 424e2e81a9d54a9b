/* extremes.c - the least and the most of some values, in the order of their leaf */
#include "format/parquet/column/extremes.h"

#include <math.h>
#include <string.h>

/* ---- comparing ---- */

static int sign_of(bool less, bool more)
{
    return less ? -1 : more;
}

static int64_t load_signed(const uint8_t *p, size_t n)
{
    int32_t narrow;
    int64_t wide;

    if (n == 1)
        return p[0];
    if (n == 4) {
        memcpy(&narrow, p, sizeof narrow);
        return narrow;
    }
    memcpy(&wide, p, sizeof wide);
    return wide;
}

static uint64_t load_unsigned(const uint8_t *p, size_t n)
{
    return n == 4 ? (uint32_t)load_signed(p, n) : (uint64_t)load_signed(p, n);
}

static double half_value(const uint8_t *p)
{
    unsigned bits = p[0] | (unsigned)p[1] << 8;
    int exponent = (int)(bits >> 10 & 0x1F);
    double fraction = bits & 0x3FF;
    double v;

    if (exponent == 0x1F)
        v = fraction != 0 ? NAN : INFINITY;
    else
        v = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return bits & 0x8000 ? -v : v;
}

static double load_float(const uint8_t *p, size_t n)
{
    float narrow;
    double wide;

    if (n == 2)
        return half_value(p);
    if (n == 4) {
        memcpy(&narrow, p, sizeof narrow);
        return (double)narrow;
    }
    memcpy(&wide, p, sizeof wide);
    return wide;
}

static int compare_bytes(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n)
{
    size_t n = a_n < b_n ? a_n : b_n;
    int order = n ? memcmp(a, b, n) : 0;

    return order ? order : sign_of(a_n<b_n, a_n> b_n);
}

/* Big-endian and of one length: only the sign bit makes it other than bytes. */
static int compare_twos(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n)
{
    bool a_less = a_n && a[0] & 0x80, b_less = b_n && b[0] & 0x80;

    return a_less != b_less ? sign_of(a_less, b_less) : compare_bytes(a, a_n, b, b_n);
}

int cw__compare_values(const cw__leaf *leaf, const uint8_t *a, size_t a_n, const uint8_t *b,
                       size_t b_n)
{
    switch (leaf->order) {
    case CW__ORDER_SIGNED:
        return sign_of(load_signed(a, a_n) < load_signed(b, b_n),
                       load_signed(a, a_n) > load_signed(b, b_n));
    case CW__ORDER_UNSIGNED:
        return sign_of(load_unsigned(a, a_n) < load_unsigned(b, b_n),
                       load_unsigned(a, a_n) > load_unsigned(b, b_n));
    case CW__ORDER_FLOAT:
        return sign_of(load_float(a, a_n) < load_float(b, b_n),
                       load_float(a, a_n) > load_float(b, b_n));
    case CW__ORDER_TWOS_COMPLEMENT:
        return compare_twos(a, a_n, b, b_n);
    default:
        return compare_bytes(a, a_n, b, b_n);
    }
}

/* ---- extremes of numbers, and how many are NaN: lanes side by side, which compilers make vectors
   of ---- */

enum { LANES = 16 };

#define DEFINE_EXTREMES(name, type, count, lowest, highest)                                        \
    static inline __attribute__((always_inline))                                                   \
    size_t name##_body(const type *v, size_t n, type *min, type *max)                              \
    {                                                                                              \
        type least[LANES], most[LANES];                                                            \
        count nans[LANES] = {0};                                                                   \
        size_t i = 0, all = 0;                                                                     \
        for (size_t k = 0; k < LANES; k++) {                                                       \
            least[k] = highest;                                                                    \
            most[k] = lowest;                                                                      \
        }                                                                                          \
        for (; i + LANES <= n; i += LANES)                                                         \
            for (size_t k = 0; k < LANES; k++) {                                                   \
                least[k] = v[i + k] < least[k] ? v[i + k] : least[k];                              \
                most[k] = v[i + k] > most[k] ? v[i + k] : most[k];                                 \
                nans[k] += v[i + k] != v[i + k];                                                   \
            }                                                                                      \
        for (; i < n; i++) {                                                                       \
            least[0] = v[i] < least[0] ? v[i] : least[0];                                          \
            most[0] = v[i] > most[0] ? v[i] : most[0];                                             \
            nans[0] += v[i] != v[i];                                                               \
        }                                                                                          \
        for (size_t k = 0; k < LANES; k++) {                                                       \
            least[0] = least[k] < least[0] ? least[k] : least[0];                                  \
            most[0] = most[k] > most[0] ? most[k] : most[0];                                       \
            all += nans[k];                                                                        \
        }                                                                                          \
        *min = least[0];                                                                           \
        *max = most[0];                                                                            \
        return all;                                                                                \
    }                                                                                              \
    WIDE_VERSION(name, type)                                                                       \
    static size_t name(const type *v, size_t n, type *min, type *max)                              \
    {                                                                                              \
        return has_wide() ? name##_wide(v, n, min, max) : name##_body(v, n, min, max);             \
    }

#if defined(__x86_64__) && defined(__GNUC__)
static bool has_wide(void)
{
    return __builtin_cpu_supports("avx2");
}
#define WIDE_VERSION(name, type)                                                                   \
    static __attribute__((target("avx2")))                                                         \
    size_t name##_wide(const type *v, size_t n, type *min, type *max)                              \
    {                                                                                              \
        return name##_body(v, n, min, max);                                                        \
    }
#else
static bool has_wide(void)
{
    return false;
}
#define WIDE_VERSION(name, type)                                                                   \
    static size_t name##_wide(const type *v, size_t n, type *min, type *max)                       \
    {                                                                                              \
        return name##_body(v, n, min, max);                                                        \
    }
#endif

DEFINE_EXTREMES(of_i32, int32_t, uint32_t, INT32_MIN, INT32_MAX)
DEFINE_EXTREMES(of_i64, int64_t, uint64_t, INT64_MIN, INT64_MAX)
DEFINE_EXTREMES(of_u32, uint32_t, uint32_t, 0, UINT32_MAX)
DEFINE_EXTREMES(of_u64, uint64_t, uint64_t, 0, UINT64_MAX)
DEFINE_EXTREMES(of_float, float, uint32_t, -INFINITY, INFINITY)
DEFINE_EXTREMES(of_double, double, uint64_t, -(double)INFINITY, (double)INFINITY)

static void put_fixed(cw__extremes *e, const void *min, const void *max, size_t n)
{
    memcpy(e->min_fixed, min, n);
    memcpy(e->max_fixed, max, n);
    e->any = true;
}

static void integers(cw__extremes *e, const uint8_t *p, size_t n, size_t width, bool is_signed)
{
    int32_t i32[2];
    int64_t i64[2];
    uint32_t u32[2];
    uint64_t u64[2];

    if (width == 4 && is_signed) {
        of_i32((const int32_t *)(const void *)p, n, &i32[0], &i32[1]);
        put_fixed(e, &i32[0], &i32[1], 4);
    } else if (width == 8 && is_signed) {
        of_i64((const int64_t *)(const void *)p, n, &i64[0], &i64[1]);
        put_fixed(e, &i64[0], &i64[1], 8);
    } else if (width == 4) {
        of_u32((const uint32_t *)(const void *)p, n, &u32[0], &u32[1]);
        put_fixed(e, &u32[0], &u32[1], 4);
    } else {
        of_u64((const uint64_t *)(const void *)p, n, &u64[0], &u64[1]);
        put_fixed(e, &u64[0], &u64[1], 8);
    }
}

static void booleans(cw__extremes *e, const uint8_t *p, size_t n)
{
    uint8_t min = memchr(p, 0, n) ? 0 : 1, max = memchr(p, 1, n) ? 1 : 0;

    put_fixed(e, &min, &max, 1);
}

/* A zero of either sign stands for both: the lesser one is the minimum, the greater the maximum. */
static void floats(cw__extremes *e, const uint8_t *p, size_t n)
{
    float min, max;
    size_t nans = of_float((const float *)(const void *)p, n, &min, &max);

    e->nans += nans;
    min = min == 0 ? -0.0f : min;
    max = max == 0 ? 0.0f : max;
    if (nans < n)
        put_fixed(e, &min, &max, sizeof min);
}

static void doubles(cw__extremes *e, const uint8_t *p, size_t n)
{
    double min, max;
    size_t nans = of_double((const double *)(const void *)p, n, &min, &max);

    e->nans += nans;
    min = min == 0 ? -0.0 : min;
    max = max == 0 ? 0.0 : max;
    if (nans < n)
        put_fixed(e, &min, &max, sizeof min);
}

/* ---- extremes one value at a time ---- */

static bool is_fixed(const cw__leaf *leaf)
{
    return leaf->width > 0 && leaf->width <= sizeof((cw__extremes *)0)->min_fixed;
}

static bool is_nan(const cw__leaf *leaf, const uint8_t *p)
{
    return leaf->order == CW__ORDER_FLOAT && isnan(load_float(p, leaf->width));
}

const uint8_t *cw__extremes_least(const cw__extremes *e, const cw__leaf *leaf, size_t *n)
{
    *n = is_fixed(leaf) ? leaf->width : e->min_n;
    return is_fixed(leaf) ? e->min_fixed : e->min;
}

const uint8_t *cw__extremes_most(const cw__extremes *e, const cw__leaf *leaf, size_t *n)
{
    *n = is_fixed(leaf) ? leaf->width : e->max_n;
    return is_fixed(leaf) ? e->max_fixed : e->max;
}

static void set_least(cw__extremes *e, const cw__leaf *leaf, const uint8_t *p, size_t n)
{
    if (is_fixed(leaf))
        memcpy(e->min_fixed, p, n);
    e->min = p;
    e->min_n = n;
}

static void set_most(cw__extremes *e, const cw__leaf *leaf, const uint8_t *p, size_t n)
{
    if (is_fixed(leaf))
        memcpy(e->max_fixed, p, n);
    e->max = p;
    e->max_n = n;
}

static void take(cw__extremes *e, const cw__leaf *leaf, const uint8_t *p, size_t n)
{
    size_t k;

    if (is_nan(leaf, p)) {
        e->nans++;
        return;
    }
    const uint8_t *least = cw__extremes_least(e, leaf, &k);
    if (!e->any || cw__compare_values(leaf, p, n, least, k) < 0)
        set_least(e, leaf, p, n);
    const uint8_t *most = cw__extremes_most(e, leaf, &k);
    if (!e->any || cw__compare_values(leaf, p, n, most, k) > 0)
        set_most(e, leaf, p, n);
    e->any = true;
}

static void set_zero(uint8_t *p, size_t width, bool negative)
{
    if (load_float(p, width) == 0) {
        memset(p, 0, width);
        p[width - 1] = negative ? 0x80 : 0;
    }
}

static void canonical_zeros(cw__extremes *e, const cw__leaf *leaf)
{
    if (leaf->order != CW__ORDER_FLOAT || !e->any)
        return;
    set_zero(e->min_fixed, leaf->width, true);
    set_zero(e->max_fixed, leaf->width, false);
}

/* The first bytes, so that most comparisons are one of numbers. */
static uint64_t prefix_of(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    if (n >= 8) {
        memcpy(&v, p, 8);
        return __builtin_bswap64(v);
    }
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << (56 - 8 * i);
    return v;
}

/* Words that both the least and the most begin with, and those that follow. */
typedef struct frame {
    uint64_t shared[4];
    size_t n;
    uint64_t low, high; /* what lies between them is neither least nor most */
} frame;

static uint64_t word_at(const uint8_t *p, size_t n, size_t k)
{
    return 8 * k < n ? prefix_of(p + 8 * k, n - 8 * k) : 0;
}

/* Where they share too much nothing lies between. */
static void find_frame(frame *f, const cw__extremes *e)
{
    size_t whole = (e->min_n < e->max_n ? e->min_n : e->max_n) / 8;

    for (f->n = 0; f->n < sizeof f->shared / sizeof *f->shared; f->n++) {
        f->low = word_at(e->min, e->min_n, f->n);
        f->high = word_at(e->max, e->max_n, f->n);
        if (f->low != f->high || f->n == whole)
            return;
        f->shared[f->n] = f->low;
    }
    f->low = f->high;
}

/* Shorter values are as if zeros followed: of two words that differ that says which is less. */
static inline bool is_within(const frame *f, const uint8_t *p, size_t n, const uint8_t *end)
{
    size_t left = n - 8 * f->n;
    uint64_t word;

    if (n < 8 * f->n)
        return false;
    for (size_t k = 0; k < f->n; k++, p += 8)
        if (prefix_of(p, 8) != f->shared[k])
            return false;
    if (end - p < 8)
        word = prefix_of(p, left);
    else
        word = prefix_of(p, 8) & (left < 8 ? ~(UINT64_MAX >> 8 * left) : UINT64_MAX);
    return word > f->low && word < f->high;
}

/* Only beginnings are looked at, which may be far apart. Inlined always: see base/ahead.h. */
static inline __attribute__((always_inline)) void send_text_ahead(const cw__texts *t, size_t i)
{
    if (i < t->n)
        __builtin_prefetch(t->bytes + (t->offsets[i] - t->offsets[0]));
}

static void byte_arrays(cw__extremes *e, const cw__leaf *leaf, frame *f, const cw__texts *t)
{
    enum { AHEAD = 16 };
    const cw__texts texts = *t; /* where nothing that is written can be it */
    const uint8_t *end = cw__texts_end(t);

    for (size_t i = 0; i < texts.n; i++) {
        size_t n;
        send_text_ahead(&texts, i + AHEAD);
        const uint8_t *p = cw__text_at(&texts, i, &n), *min = e->min, *max = e->max;
        if (is_within(f, p, n, end))
            continue;
        take(e, leaf, p, n);
        if (e->min != min || e->max != max)
            find_frame(f, e);
    }
}

static void one_by_one(cw__extremes *e, const cw__leaf *leaf, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        take(e, leaf, p + i * leaf->width, leaf->width);
    canonical_zeros(e, leaf);
}

/* Side by side. */
static void fixed(cw__extremes *e, const cw__leaf *leaf, const uint8_t *p, size_t n)
{
    memset(e, 0, sizeof *e);
    if (leaf->physical == CW__BOOLEAN)
        booleans(e, p, n);
    else if (leaf->order == CW__ORDER_SIGNED || leaf->order == CW__ORDER_UNSIGNED)
        integers(e, p, n, leaf->width, leaf->order == CW__ORDER_SIGNED);
    else if (leaf->physical == CW__FLOAT)
        floats(e, p, n);
    else if (leaf->physical == CW__DOUBLE)
        doubles(e, p, n);
    else
        one_by_one(e, leaf, p, n);
}

void cw__extremes_of(cw__extremes *e, const cw__column_buffer *b, size_t from, size_t to)
{
    const cw__leaf *leaf = b->leaf;
    cw__extremes more;
    cw__texts t;
    frame f = {.n = 0};

    memset(e, 0, sizeof *e);
    if (leaf->order == CW__ORDER_NONE)
        return;
    for (; leaf->width == 0 && from < to; from += t.n) {
        t = cw__texts_run(b, from, to);
        byte_arrays(e, leaf, &f, &t);
    }
    for (size_t n; leaf->width && from < to; from += n) {
        n = to - from;
        const uint8_t *p = cw__values_run(b, from, &n);
        fixed(&more, leaf, p, n);
        cw__extremes_join(e, &more, leaf);
    }
}

/* NaNs of entries are counted once here: whoever knows how often they occur counts them. */
void cw__extremes_of_entries(cw__extremes *e, const cw__column_buffer *b, const uint32_t *firsts,
                             const uint8_t *used, size_t entries)
{
    const cw__leaf *leaf = b->leaf;

    memset(e, 0, sizeof *e);
    if (leaf->order == CW__ORDER_NONE)
        return;
    for (size_t i = 0; i < entries; i++) {
        size_t n;
        if (!used[i])
            continue;
        const uint8_t *p = cw__column_value(b, firsts[i], &n);
        take(e, leaf, p, n);
    }
    canonical_zeros(e, leaf);
}

static void join_least(cw__extremes *e, const cw__extremes *more, const cw__leaf *leaf)
{
    size_t n, k;
    const uint8_t *theirs = cw__extremes_least(more, leaf, &n),
                  *ours = cw__extremes_least(e, leaf, &k);

    if (cw__compare_values(leaf, theirs, n, ours, k) >= 0)
        return;
    memcpy(e->min_fixed, more->min_fixed, sizeof e->min_fixed);
    e->min = more->min;
    e->min_n = more->min_n;
}

static void join_most(cw__extremes *e, const cw__extremes *more, const cw__leaf *leaf)
{
    size_t n, k;
    const uint8_t *theirs = cw__extremes_most(more, leaf, &n),
                  *ours = cw__extremes_most(e, leaf, &k);

    if (cw__compare_values(leaf, theirs, n, ours, k) <= 0)
        return;
    memcpy(e->max_fixed, more->max_fixed, sizeof e->max_fixed);
    e->max = more->max;
    e->max_n = more->max_n;
}

void cw__extremes_join(cw__extremes *e, const cw__extremes *more, const cw__leaf *leaf)
{
    uint64_t nans = e->nans + more->nans;

    if (more->any && !e->any) {
        *e = *more;
    } else if (more->any) {
        join_least(e, more, leaf);
        join_most(e, more, leaf);
    }
    e->nans = nans;
}
