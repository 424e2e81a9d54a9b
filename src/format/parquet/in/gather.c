/* gather.c - from values as the caller has them to values as Parquet stores them */
#include "format/parquet/in/gather.h"

#include <string.h>

#include "base/utf8.h"
#include "format/parquet/in/walk.h"

static const char *const why_text = "is not UTF-8";
static const char *const why_digits = "has more digits than the field's precision";
static const char *const why_range = "does not fit the unit it is stored in";
static const char *const why_total = "makes the column longer than 4 GiB within one row group";

static const uint8_t *fixed_at(const cw__view *v, int64_t i)
{
    return (const uint8_t *)v->values + (size_t)(v->first + i) * v->width;
}

/* Room for n more values of the leaf's width; where the first goes. */
static uint8_t *room_for(cw__column_buffer *to, size_t n)
{
    return cw__grow(&to->values, n * to->leaf->width) ? to->values.p + to->values.n : NULL;
}

static void added(cw__column_buffer *to, size_t n)
{
    to->values.n += n * to->leaf->width;
    to->count += n;
}

/* ---- numbers ---- */

static cw__gathered copy(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n)
{
    uint8_t *p = room_for(to, n);

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    memcpy(p, fixed_at(v, start), n * v->width);
    added(to, n);
    return CW__GATHERED;
}

#define DEFINE_WIDEN(name, type)                                                                   \
    static void name(uint8_t *to, const uint8_t *from, size_t n)                                   \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            type narrow;                                                                           \
            memcpy(&narrow, from + i * sizeof narrow, sizeof narrow);                              \
            int32_t wide = narrow;                                                                 \
            memcpy(to + i * sizeof wide, &wide, sizeof wide);                                      \
        }                                                                                          \
    }

/* With the sign by hand: a signed char that becomes a wider number is too often meant otherwise. */
static void widen_i8(uint8_t *to, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int32_t wide = (from[i] ^ 0x80) - 0x80;
        memcpy(to + i * sizeof wide, &wide, sizeof wide);
    }
}

DEFINE_WIDEN(widen_i16, int16_t)
DEFINE_WIDEN(widen_u8, uint8_t)
DEFINE_WIDEN(widen_u16, uint16_t)

static cw__gathered widen(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n)
{
    uint8_t *p = room_for(to, n);
    const uint8_t *from = fixed_at(v, start);

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    switch (to->leaf->node->type) {
    case CW_TYPE_INT8:
        widen_i8(p, from, n);
        break;
    case CW_TYPE_INT16:
        widen_i16(p, from, n);
        break;
    case CW_TYPE_UINT8:
        widen_u8(p, from, n);
        break;
    default:
        widen_u16(p, from, n);
    }
    added(to, n);
    return CW__GATHERED;
}

static int64_t load_signed(const uint8_t *p, size_t width)
{
    int32_t narrow;
    int64_t wide;

    if (width == 4) {
        memcpy(&narrow, p, sizeof narrow);
        return narrow;
    }
    memcpy(&wide, p, sizeof wide);
    return wide;
}

/* Seconds as milliseconds; milliseconds as days, where scale is negative. */
static bool rescale(int64_t value, int64_t scale, bool narrow, int64_t *out)
{
    if (scale < 0) {
        *out = value / -scale - (value % -scale < 0);
        return *out >= INT32_MIN && *out <= INT32_MAX;
    }
    return !__builtin_mul_overflow(value, scale, out) &&
           (!narrow || (*out >= INT32_MIN && *out <= INT32_MAX));
}

static cw__gathered scaled(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                           size_t *bad, const char **why)
{
    uint8_t *p = room_for(to, n);
    const uint8_t *from = fixed_at(v, start);
    size_t width = to->leaf->width;

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        int64_t value;
        if (!rescale(load_signed(from + i * v->width, v->width), v->scale, width == 4, &value)) {
            *bad = i;
            *why = why_range;
            return CW__GATHERED_BAD;
        }
        memcpy(p + i * width, &value, width); /* little-endian: the low bytes */
    }
    added(to, n);
    return CW__GATHERED;
}

static cw__gathered booleans(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n)
{
    uint8_t *p = room_for(to, n);
    const uint8_t *bits = v->values;

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)(v->first + start) + i;
        p[i] = bits[at / 8] >> at % 8 & 1;
    }
    added(to, n);
    return CW__GATHERED;
}

/* ---- decimals: little-endian two's complement of 4, 8, 16 or 32 bytes ---- */

enum { WORDS = 4 };

/* As four words, sign-extended. */
static void load_decimal(uint64_t w[WORDS], const uint8_t *p, size_t width)
{
    uint64_t sign = p[width - 1] & 0x80 ? UINT64_MAX : 0;

    if (width == 4) {
        int32_t v;
        memcpy(&v, p, sizeof v);
        w[0] = (uint64_t)(int64_t)v;
    } else {
        memcpy(w, p, width < 32 ? width : 32);
    }
    for (size_t i = width < 8 ? 1 : width / 8; i < WORDS; i++)
        w[i] = sign;
}

/* 10 to the power of `digits`, up to 76. */
static void power_of_ten(uint64_t w[WORDS], unsigned digits)
{
    __extension__ typedef unsigned __int128 wide;

    memset(w, 0, WORDS * sizeof *w);
    w[0] = 1;
    for (unsigned i = 0; i < digits; i++) {
        uint64_t carry = 0;
        for (size_t k = 0; k < WORDS; k++) {
            wide product = (wide)w[k] * 10 + carry;
            w[k] = (uint64_t)product;
            carry = (uint64_t)(product >> 64);
        }
    }
}

static void negate(uint64_t w[WORDS])
{
    uint64_t carry = 1;

    for (size_t k = 0; k < WORDS; k++) {
        w[k] = ~w[k] + carry;
        carry = carry && w[k] == 0;
    }
}

static bool is_below(const uint64_t a[WORDS], const uint64_t b[WORDS])
{
    for (size_t k = WORDS; k-- > 0;)
        if (a[k] != b[k])
            return a[k] < b[k];
    return false;
}

static bool fits(const uint64_t w[WORDS], const uint64_t limit[WORDS])
{
    uint64_t magnitude[WORDS];

    memcpy(magnitude, w, sizeof magnitude);
    if (magnitude[WORDS - 1] >> 63)
        negate(magnitude);
    return is_below(magnitude, limit);
}

/* The low `width` bytes, the most significant first. */
static void store_big_endian(uint8_t *p, const uint64_t w[WORDS], size_t width)
{
    for (size_t i = 0; i < width; i++)
        p[width - 1 - i] = (uint8_t)(w[i / 8] >> (8 * (i % 8)));
}

static cw__gathered bad_digits(size_t i, size_t *bad, const char **why)
{
    *bad = i;
    *why = why_digits;
    return CW__GATHERED_BAD;
}

/* The common case: 16 bytes that go into an INT64 or INT32, or stay within 8. */
static cw__gathered narrow_decimals(cw__column_buffer *to, const cw__view *v, int64_t start,
                                    size_t n, size_t *bad, const char **why)
{
    const uint8_t *from = fixed_at(v, start);
    size_t width = to->leaf->width;
    uint8_t *p = room_for(to, n);
    uint64_t limit[WORDS];

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    power_of_ten(limit, to->leaf->node->precision);
    const int64_t most = (int64_t)limit[0];
    for (size_t i = 0; i < n; i++) {
        const uint8_t *q = from + i * v->width;
        int64_t low = load_signed(q, v->width == 4 ? 4 : 8);
        uint64_t high = 0;
        for (size_t k = 8; k < v->width; k += 8) {
            uint64_t word;
            memcpy(&word, q + k, sizeof word);
            high |= word ^ (uint64_t)(low >> 63);
        }
        if (high || low >= most || low <= -most)
            return bad_digits(i, bad, why);
        memcpy(p + i * width, &low, width); /* little-endian: the low bytes */
    }
    added(to, n);
    return CW__GATHERED;
}

static cw__gathered wide_decimals(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                                  size_t *bad, const char **why)
{
    const uint8_t *from = fixed_at(v, start);
    uint8_t *p = room_for(to, n);
    uint64_t limit[WORDS], w[WORDS];

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    power_of_ten(limit, to->leaf->node->precision);
    for (size_t i = 0; i < n; i++) {
        load_decimal(w, from + i * v->width, v->width);
        if (!fits(w, limit))
            return bad_digits(i, bad, why);
        store_big_endian(p + i * to->leaf->width, w, to->leaf->width);
    }
    added(to, n);
    return CW__GATHERED;
}

/* ---- byte arrays ---- */

typedef struct piece {
    const uint8_t *p;
    size_t n;
} piece;

/* A view of 16 bytes: a length, then the bytes themselves up to 12, or a prefix, buffer and offset.
 */
static piece viewed(const cw__view *v, int64_t i)
{
    const uint8_t *p = fixed_at(v, i);
    int32_t n, buffer, offset;

    memcpy(&n, p, sizeof n);
    if (n <= 12)
        return (piece){p + 4, (size_t)n};
    memcpy(&buffer, p + 8, sizeof buffer);
    memcpy(&offset, p + 12, sizeof offset);
    return (piece){(const uint8_t *)v->buffers[buffer] + offset, (size_t)n};
}

static int64_t offset_at(const cw__view *v, int64_t i)
{
    if (v->layout == CW__LAYOUT_BYTES32)
        return ((const int32_t *)v->offsets)[v->first + i];
    return ((const int64_t *)v->offsets)[v->first + i];
}

uint64_t cw__gather_bytes(const cw__view *v, int64_t start, size_t n)
{
    uint64_t sum = 0;

    if (v->layout == CW__LAYOUT_BYTES32 || v->layout == CW__LAYOUT_BYTES64)
        return (uint64_t)(offset_at(v, start + (int64_t)n) - offset_at(v, start));
    if (v->layout == CW__LAYOUT_BYTES_VIEW)
        for (size_t i = 0; i < n; i++)
            sum += viewed(v, start + (int64_t)i).n;
    return sum;
}

static bool is_text(const cw__node *node)
{
    return node->type == CW_TYPE_STRING || node->type == CW_TYPE_ENUM || node->type == CW_TYPE_JSON;
}

/* Together they are UTF-8, and none begins in the middle of a character; which one is not? */
static size_t first_bad_text(const uint8_t *bytes, const uint32_t *offsets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!cw__is_utf8(bytes + offsets[i], offsets[i + 1] - offsets[i]))
            return i;
    return n;
}

static bool all_text(const uint8_t *bytes, const uint32_t *offsets, size_t n)
{
    const uint8_t *first = bytes + offsets[0];
    size_t total = offsets[n] - offsets[0];
    bool middle = false;

    if (cw__is_ascii(first, total))
        return true;
    if (!cw__is_utf8(first, total))
        return false;
    for (size_t i = 1; i < n; i++)
        middle |= offsets[i] < offsets[n] && (bytes[offsets[i]] & 0xC0) == 0x80;
    return !middle;
}

/* Offsets of the new values, the bytes of which begin at values.n; the buffer's first is 0. */
static uint32_t *offsets_for(cw__column_buffer *to, size_t n, uint64_t bytes)
{
    if (!cw__grow(&to->offsets, (n + 1) * sizeof(uint32_t)) ||
        !cw__grow(&to->values, (size_t)bytes))
        return NULL;
    uint32_t *at = (uint32_t *)(void *)to->offsets.p + to->count;
    at[0] = (uint32_t)to->values.n;
    return at;
}

static cw__gathered take_bytes(cw__column_buffer *to, const uint32_t *offsets, size_t n,
                               uint64_t bytes, size_t *bad, const char **why)
{
    if (bytes && is_text(to->leaf->node) && !all_text(to->values.p, offsets, n)) {
        *bad = first_bad_text(to->values.p, offsets, n);
        *why = why_text;
        return CW__GATHERED_BAD;
    }
    to->values.n += (size_t)bytes;
    to->count += n;
    to->offsets.n = (to->count + 1) * sizeof(uint32_t);
    return CW__GATHERED;
}

static void copy_offsets(uint32_t *to, const cw__view *v, int64_t start, size_t n)
{
    uint32_t base = to[0];

    if (v->layout == CW__LAYOUT_BYTES32) {
        const int32_t *from = (const int32_t *)v->offsets + v->first + start;
        for (size_t i = 1; i <= n; i++)
            to[i] = base + (uint32_t)(from[i] - from[0]);
    } else {
        const int64_t *from = (const int64_t *)v->offsets + v->first + start;
        for (size_t i = 1; i <= n; i++)
            to[i] = base + (uint32_t)(from[i] - from[0]);
    }
}

static void copy_views(uint8_t *values, uint32_t *to, const cw__view *v, int64_t start, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        piece x = viewed(v, start + (int64_t)i);
        if (x.n)
            memcpy(values + to[i], x.p, x.n);
        to[i + 1] = to[i] + (uint32_t)x.n;
    }
}

static cw__gathered byte_arrays(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                                size_t *bad, const char **why)
{
    uint64_t bytes = cw__gather_bytes(v, start, n);

    if (bytes > UINT32_MAX - to->values.n) {
        *bad = 0;
        *why = why_total;
        return CW__GATHERED_BAD;
    }
    uint32_t *offsets = offsets_for(to, n, bytes);
    if (!offsets)
        return CW__GATHERED_NO_MEMORY;
    if (v->layout == CW__LAYOUT_BYTES_VIEW) {
        copy_views(to->values.p, offsets, v, start, n);
    } else {
        copy_offsets(offsets, v, start, n);
        if (bytes)
            memcpy(to->values.p + to->values.n, (const uint8_t *)v->values + offset_at(v, start),
                   (size_t)bytes);
    }
    return take_bytes(to, offsets, n, bytes, bad, why);
}

/* ---- which is which ---- */

static bool is_decimal(const cw__node *node)
{
    return node->type >= CW_TYPE_DECIMAL32 && node->type <= CW_TYPE_DECIMAL256;
}

uint32_t cw__c_width(const cw__node *node)
{
    const cw_field f = {.type = node->type, .unit = node->unit, .width = node->width};

    return (uint32_t)cw_field_width(&f);
}

bool cw__can_gather(const cw__node *node, cw__layout layout, uint32_t width)
{
    switch (layout) {
    case CW__LAYOUT_BITS:
        return node->type == CW_TYPE_BOOL;
    case CW__LAYOUT_BYTES32:
    case CW__LAYOUT_BYTES64:
    case CW__LAYOUT_BYTES_VIEW:
        return node->type >= CW_TYPE_STRING && node->type <= CW_TYPE_GEOGRAPHY;
    case CW__LAYOUT_FIXED:
        if (is_decimal(node))
            return width == 4 || width == 8 || width == 16 || width == 32;
        return cw__c_width(node) &&
               (width == cw__c_width(node) || (node->type == CW_TYPE_DATE && width == 8));
    case CW__LAYOUT_NULL:
        return true;
    default:
        return false;
    }
}

cw__gathered cw__gather(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                        size_t *bad, const char **why)
{
    const cw__leaf *leaf = to->leaf;

    if (n == 0)
        return CW__GATHERED;
    if (v->layout == CW__LAYOUT_BITS)
        return booleans(to, v, start, n);
    if (leaf->width == 0)
        return byte_arrays(to, v, start, n, bad, why);
    if (is_decimal(leaf->node))
        return leaf->physical == CW__FIXED_LEN_BYTE_ARRAY
                   ? wide_decimals(to, v, start, n, bad, why)
                   : narrow_decimals(to, v, start, n, bad, why);
    if (v->scale != 1)
        return scaled(to, v, start, n, bad, why);
    return v->width < leaf->width ? widen(to, v, start, n) : copy(to, v, start, n);
}

/* ---- among nulls ---- */

static bool is_stored_as_it_is(const cw__column_buffer *to, const cw__view *v)
{
    return v->layout == CW__LAYOUT_FIXED && v->scale == 1 && !is_decimal(to->leaf->node) &&
           v->width == to->leaf->width && (v->width == 4 || v->width == 8);
}

bool cw__can_gather_there(const cw__column_buffer *to, const cw__view *v)
{
    return v->validity && is_stored_as_it_is(to, v);
}

/* Each value is written, and the next one over it if it was null: nothing has to be foretold. */
static inline __attribute__((always_inline)) size_t pick(uint8_t *to, const uint8_t *from, size_t n,
                                                         uint64_t there, size_t width)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++, there >>= 1) {
        memcpy(to + k * width, from + i * width, width);
        k += there & 1;
    }
    return k;
}

bool cw__gather_there(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n)
{
    uint8_t *p = room_for(to, n + 1);
    uint64_t there;

    if (!p)
        return false;
    for (size_t i = 0, k; i < n; i += k) {
        int64_t at = start + (int64_t)i;
        size_t taken;
        k = cw__load_bits(v->validity, (size_t)(v->first + at), n - i, &there);
        if (v->width == 8)
            taken = pick(p, fixed_at(v, at), k, there, 8);
        else
            taken = pick(p, fixed_at(v, at), k, there, 4);
        p += taken * v->width;
        added(to, taken);
    }
    return true;
}

/* ---- here and there ---- */

static size_t run_at(const int64_t *at, size_t i, size_t n)
{
    size_t k = 1;

    while (i + k < n && at[i + k] == at[i] + (int64_t)k)
        k++;
    return k;
}

static cw__gathered gather_runs(cw__column_buffer *to, const cw__view *v, const int64_t *at,
                                size_t n, size_t *bad, const char **why)
{
    cw__gathered answer = CW__GATHERED;

    for (size_t i = 0, k; i < n && answer == CW__GATHERED; i += k) {
        k = run_at(at, i, n);
        answer = cw__gather(to, v, at[i], k, bad, why);
        *bad += i;
    }
    return answer;
}

static cw__gathered copy_at(cw__column_buffer *to, const cw__view *v, const int64_t *at, size_t n)
{
    const uint8_t *from = fixed_at(v, 0);
    uint8_t *p = room_for(to, n);

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    if (v->width == 8)
        for (size_t i = 0; i < n; i++)
            memcpy(p + i * 8, from + at[i] * 8, 8);
    else
        for (size_t i = 0; i < n; i++)
            memcpy(p + i * 4, from + at[i] * 4, 4);
    added(to, n);
    return CW__GATHERED;
}

/* Values between which there is nothing but nulls without bytes: their bytes lie side by side. */
static cw__gathered byte_arrays_at(cw__column_buffer *to, const cw__view *v, const int64_t *at,
                                   size_t n, size_t *bad, const char **why)
{
    const int32_t *from = (const int32_t *)v->offsets + v->first;
    uint32_t bytes = (uint32_t)(from[at[n - 1] + 1] - from[at[0]]);
    uint32_t *offsets;

    if (at[n - 1] < at[0] || bytes > UINT32_MAX - to->values.n)
        return gather_runs(to, v, at, n, bad, why);
    offsets = offsets_for(to, n, bytes);
    if (!offsets)
        return CW__GATHERED_NO_MEMORY;
    bool side_by_side = true;
    for (size_t i = 0; i < n; i++) {
        side_by_side &= offsets[i] - offsets[0] == (uint32_t)(from[at[i]] - from[at[0]]);
        offsets[i + 1] = offsets[i] + (uint32_t)(from[at[i] + 1] - from[at[i]]);
    }
    if (!side_by_side || offsets[n] - offsets[0] != bytes)
        return gather_runs(to, v, at, n, bad, why);
    if (bytes)
        memcpy(to->values.p + to->values.n, (const uint8_t *)v->values + from[at[0]], bytes);
    return take_bytes(to, offsets, n, bytes, bad, why);
}

cw__gathered cw__gather_at(cw__column_buffer *to, const cw__view *v, const int64_t *at, size_t n,
                           size_t *bad, const char **why)
{
    *bad = 0;
    if (n == 0)
        return CW__GATHERED;
    if (run_at(at, 0, n) == n)
        return cw__gather(to, v, at[0], n, bad, why);
    if (is_stored_as_it_is(to, v))
        return copy_at(to, v, at, n);
    if (v->layout == CW__LAYOUT_BYTES32)
        return byte_arrays_at(to, v, at, n, bad, why);
    return gather_runs(to, v, at, n, bad, why);
}
