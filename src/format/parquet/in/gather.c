/* gather.c - from values as the caller has them to values as Parquet stores them */
#include "format/parquet/in/gather.h"

#include <string.h>

#include "format/parquet/column/pick.h"
#include "format/parquet/in/gather_fixed.h"
#include "format/parquet/in/gather_texts.h"
#include "format/parquet/in/walk.h"

static const char *const why_range = "does not fit the unit it is stored in";

/* ---- numbers ---- */

/* Numbers as they are stored, in memory that is kept. */
static bool can_stay(const cw__column_buffer *to, const cw__view *v, const uint8_t *from)
{
    return v->loan && (v->width == 4 || v->width == 8) &&
           to->leaf->physical != CW__FIXED_LEN_BYTE_ARRAY && (uintptr_t)from % v->width == 0;
}

static cw__gathered copy(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n)
{
    const uint8_t *from = cw__fixed_at(v, start);
    uint8_t *p;

    if (can_stay(to, v, from)) {
        if (!cw__spans_lend(&to->spans, v->loan, from, n * v->width, n, to->count))
            return CW__GATHERED_NO_MEMORY;
        to->count += n;
        return CW__GATHERED;
    }
    if (!(p = cw__room_for(to, n)))
        return CW__GATHERED_NO_MEMORY;
    memcpy(p, from, n * v->width);
    return cw__fixed_added(to, n);
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
    uint8_t *p = cw__room_for(to, n);
    const uint8_t *from = cw__fixed_at(v, start);

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
    return cw__fixed_added(to, n);
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
    uint8_t *p = cw__room_for(to, n);
    const uint8_t *from = cw__fixed_at(v, start);
    size_t width = to->leaf->width;

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        int64_t value;
        if (!rescale(cw__load_signed(from + i * v->width, v->width), v->scale, width == 4,
                     &value)) {
            *bad = i;
            *why = why_range;
            return CW__GATHERED_BAD;
        }
        memcpy(p + i * width, &value, width); /* little-endian: the low bytes */
    }
    return cw__fixed_added(to, n);
}

/* ---- which is which ---- */

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
        if (cw__is_decimal(node))
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
        return cw__gather_booleans(to, v, start, n);
    if (leaf->width == 0)
        return cw__gather_texts(to, v, start, n, bad, why);
    if (cw__is_decimal(leaf->node))
        return cw__gather_decimals(to, v, start, n, bad, why);
    if (v->scale != 1)
        return scaled(to, v, start, n, bad, why);
    return v->width < leaf->width ? widen(to, v, start, n) : copy(to, v, start, n);
}

/* ---- among nulls ---- */

static bool is_stored_as_it_is(const cw__column_buffer *to, const cw__view *v)
{
    return v->layout == CW__LAYOUT_FIXED && v->scale == 1 && !cw__is_decimal(to->leaf->node) &&
           v->width == to->leaf->width && (v->width == 4 || v->width == 8);
}

/* Few enough that they fit the memory near to a thread, all that a column has of them; and all of
   their array, which is kept whole. */
static bool can_wait(const cw__column_buffer *to, const cw__view *v, size_t n, const uint8_t *bits)
{
    enum { LEAST = 4096, MOST = 256 << 10 };
    const size_t bytes = n * v->width;

    return v->loan && bits == v->validity && to->leaf->physical != CW__FIXED_LEN_BYTE_ARRAY &&
           (uint64_t)v->length * v->width <= MOST && bytes >= LEAST &&
           to->spans.waiting + bytes <= MOST;
}

static cw__gathered leave(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                          const uint8_t *bits, size_t bit)
{
    const size_t count = cw__count_bits(bits, bit, n);
    const cw__span span = {.lent = cw__fixed_at(v, start),
                           .first = to->count,
                           .n = count,
                           .bytes = count * v->width,
                           .there = bits,
                           .bit = bit,
                           .slots = n};

    if (count && !cw__spans_wait(&to->spans, v->loan, &span, n * v->width))
        return CW__GATHERED_NO_MEMORY;
    to->count += count;
    return CW__GATHERED;
}

static cw__gathered fixed_there(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                                const uint8_t *bits, size_t bit)
{
    if (can_wait(to, v, n, bits))
        return leave(to, v, start, n, bits, bit);
    uint8_t *p = cw__room_for(to, n + CW__PICK_SLACK);

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    return cw__fixed_added(to, cw__pick(p, cw__fixed_at(v, start), n, v->width, bits, bit));
}

static cw__gathered runs_there(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                               const uint8_t *bits, size_t bit, size_t *bad, const char **why)
{
    cw__gathered answer = CW__GATHERED;

    for (size_t i = 0, k; i < n && answer == CW__GATHERED; i += k) {
        bool there = cw__bit(bits, bit + i);
        k = cw__run_of_bits(bits, bit + i, n - i, there);
        if (there)
            answer = cw__gather(to, v, start + (int64_t)i, k, bad, why);
        *bad += i;
    }
    return answer;
}

cw__gathered cw__gather_there(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                              const uint8_t *bits, size_t bit, size_t *bad, const char **why)
{
    *bad = 0;
    if (n == 0)
        return CW__GATHERED;
    if (v->loan && cw__run_of_bits(bits, bit, n, true) == n)
        return cw__gather(to, v, start, n, bad, why);
    if (is_stored_as_it_is(to, v))
        return fixed_there(to, v, start, n, bits, bit);
    if (v->layout == CW__LAYOUT_BITS)
        return cw__gather_booleans_there(to, v, start, n, bits, bit);
    if ((v->layout == CW__LAYOUT_BYTES32 || v->layout == CW__LAYOUT_BYTES64) &&
        cw__texts_fit(to, v, start, n))
        return cw__gather_texts_there(to, v, start, n, bits, bit, bad, why);
    return runs_there(to, v, start, n, bits, bit, bad, why);
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
    const uint8_t *from = cw__fixed_at(v, 0);
    uint8_t *p = cw__room_for(to, n);

    if (!p)
        return CW__GATHERED_NO_MEMORY;
    if (v->width == 8)
        for (size_t i = 0; i < n; i++)
            memcpy(p + i * 8, from + at[i] * 8, 8);
    else
        for (size_t i = 0; i < n; i++)
            memcpy(p + i * 4, from + at[i] * 4, 4);
    return cw__fixed_added(to, n);
}

cw__gathered cw__gather_at(cw__column_buffer *to, const cw__view *v, const int64_t *at, size_t n,
                           size_t *bad, const char **why)
{
    cw__gathered answer;

    *bad = 0;
    if (n == 0)
        return CW__GATHERED;
    if (run_at(at, 0, n) == n)
        return cw__gather(to, v, at[0], n, bad, why);
    if (is_stored_as_it_is(to, v))
        return copy_at(to, v, at, n);
    if (v->layout == CW__LAYOUT_BYTES32 && cw__gather_texts_at(to, v, at, n, &answer, bad, why))
        return answer;
    return gather_runs(to, v, at, n, bad, why);
}
