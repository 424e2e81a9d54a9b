/* gather_texts.c - byte arrays: their offsets, and their bytes, which stay where they are or are
 * copied
 */
#include "format/parquet/in/gather_texts.h"

#include <string.h>

#include "base/ahead.h"
#include "base/utf8.h"
#include "format/parquet/column/pick.h"
#include "format/parquet/in/gather_fixed.h"
#include "format/parquet/in/walk.h"

static const char *const why_text = "is not UTF-8";
static const char *const why_total = "makes the column longer than 4 GiB within one row group";

typedef struct piece {
    const uint8_t *p;
    size_t n;
} piece;

/* A view of 16 bytes: a length, then the bytes themselves up to 12, or a prefix, buffer and offset.
 */
static piece viewed(const cw__view *v, int64_t i)
{
    const uint8_t *p = cw__fixed_at(v, i);
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

/* The bytes of value i; NULL where there are none. */
static const uint8_t *bytes_at(const cw__view *v, int64_t i)
{
    return v->values ? (const uint8_t *)v->values + offset_at(v, i) : NULL;
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

bool cw__offsets_fall(const void *offsets, bool wide, size_t n)
{
    const int32_t *narrow = offsets;
    const int64_t *large = offsets;
    int32_t falls = 0;
    int64_t wide_falls = 0;

    for (size_t i = 0; wide && i < n; i++)
        wide_falls |= large[i + 1] < large[i];
    for (size_t i = 0; !wide && i < n; i++)
        falls |= narrow[i + 1] < narrow[i];
    return falls || wide_falls;
}

static bool is_text(const cw__node *node)
{
    return node->type == CW_TYPE_STRING || node->type == CW_TYPE_ENUM || node->type == CW_TYPE_JSON;
}

/* Together they are UTF-8, and none begins in the middle of a character; which one is not? */
static size_t first_bad_text(const cw__texts *t)
{
    for (size_t i = 0, bytes; i < t->n; i++) {
        const uint8_t *p = cw__text_at(t, i, &bytes);
        if (!cw__is_utf8(p, bytes))
            return i;
    }
    return t->n;
}

static bool all_text(const cw__texts *t)
{
    const uint8_t *end = cw__texts_end(t);
    size_t total = (size_t)(end - t->bytes);
    bool middle = false;

    if (cw__is_ascii(t->bytes, total))
        return true;
    if (!cw__is_utf8(t->bytes, total))
        return false;
    for (size_t i = 1, n; i < t->n; i++) {
        const uint8_t *p = cw__text_at(t, i, &n);
        middle |= p < end && (*p & 0xC0) == 0x80;
    }
    return !middle;
}

/* Bytes of all texts that are there, which offsets count. */
static size_t total_of(const cw__column_buffer *to)
{
    return to->values.n + cw__column_lent(to);
}

bool cw__texts_fit(const cw__column_buffer *to, const cw__view *v, int64_t start, size_t n)
{
    return cw__gather_bytes(v, start, n) <= UINT32_MAX - total_of(to);
}

/* Offsets that were enough for the only texts are not for more. */
static bool own_offsets(cw__column_buffer *to)
{
    const size_t bytes = (to->count + 1) * sizeof(uint32_t);
    const uint32_t *lent = to->lent_offsets;

    if (!lent)
        return true;
    if (!cw__grow(&to->offsets, bytes))
        return false;
    uint32_t *own = (uint32_t *)(void *)to->offsets.p;
    for (size_t i = 0; i <= to->count; i++)
        own[i] = lent[i] - lent[0];
    to->offsets.n = bytes;
    to->lent_offsets = NULL;
    return true;
}

/* Offsets of the new values; the buffer's first is 0. */
static uint32_t *offsets_for(cw__column_buffer *to, size_t n)
{
    if (!own_offsets(to) || !cw__grow(&to->offsets, (n + 1) * sizeof(uint32_t)))
        return NULL;
    uint32_t *at = (uint32_t *)(void *)to->offsets.p + to->count;
    at[0] = (uint32_t)total_of(to);
    return at;
}

/* Where bytes of new values are to be copied: behind the others. */
static bool bytes_for(cw__column_buffer *to, size_t bytes, uint8_t **p)
{
    if (!cw__grow(&to->values, bytes))
        return false;
    *p = bytes ? to->values.p + to->values.n : NULL;
    return true;
}

/* The new values with these offsets, whose bytes are at `p`: on loan, or copied behind the others.
 */
static cw__gathered take_bytes(cw__column_buffer *to, const uint32_t *offsets, size_t n,
                               const uint8_t *p, cw__loan *loan, size_t *bad, const char **why)
{
    const cw__texts t = {p, offsets, n};
    const size_t bytes = offsets[n] - offsets[0];

    if (bytes && is_text(to->leaf->node) && !all_text(&t)) {
        *bad = first_bad_text(&t);
        *why = why_text;
        return CW__GATHERED_BAD;
    }
    if (n && loan
            ? !cw__spans_lend(&to->spans, loan, p, bytes, n, to->count)
            : n && to->spans.count && !cw__spans_own(&to->spans, to->values.n, bytes, n, to->count))
        return CW__GATHERED_NO_MEMORY;
    to->values.n += loan ? 0 : bytes;
    to->count += n;
    to->offsets.n = to->lent_offsets ? 0 : (to->count + 1) * sizeof(uint32_t);
    return CW__GATHERED;
}

/* Fewer bytes are copied sooner than kept, as are texts that are shorter than that. */
enum { WORTH_LENDING = 4096, SHORT = 2 * sizeof(uint32_t) };

/* The same, of bytes that lie side by side at `p`, and stay there or are copied. Offsets are kept
   along with texts on loan, beside these: that is within what buffers have beyond their bytes,
   unless texts are short. */
static cw__gathered lend_or_copy(cw__column_buffer *to, const uint32_t *offsets, size_t n,
                                 const uint8_t *p, cw__loan *loan, size_t *bad, const char **why)
{
    const size_t bytes = offsets[n] - offsets[0];
    uint8_t *copy;

    if (loan && bytes >= WORTH_LENDING && bytes / SHORT >= n)
        return take_bytes(to, offsets, n, p, loan, bad, why);
    if (!bytes_for(to, bytes, &copy))
        return CW__GATHERED_NO_MEMORY;
    if (bytes)
        memcpy(copy, p, bytes);
    return take_bytes(to, offsets, n, copy, NULL, bad, why);
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

static void copy_views(uint8_t *p, uint32_t *to, const cw__view *v, int64_t start, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        piece x = viewed(v, start + (int64_t)i);
        if (p && x.n)
            p = (uint8_t *)memcpy(p, x.p, x.n) + x.n;
        to[i + 1] = to[i] + (uint32_t)x.n;
    }
}

/* Whether these are the column's first texts, which may be all it gets; of short ones only if they
   are the whole array, since it is kept for these alone where the next ones are copied. */
static bool can_lend_whole(const cw__column_buffer *to, const cw__view *v, size_t n, uint64_t bytes)
{
    return v->loan && v->layout == CW__LAYOUT_BYTES32 && to->count == 0 && bytes >= WORTH_LENDING &&
           (n == (size_t)v->length || bytes / SHORT >= n);
}

/* Their offsets are on loan as well. */
static cw__gathered lend_whole(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                               size_t *bad, const char **why)
{
    const uint32_t *offsets = (const uint32_t *)v->offsets + v->first + start;

    to->lent_offsets = offsets;
    cw__gathered answer = take_bytes(to, offsets, n, bytes_at(v, start), v->loan, bad, why);
    if (answer != CW__GATHERED)
        to->lent_offsets = NULL;
    return answer;
}

cw__gathered cw__gather_texts(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                              size_t *bad, const char **why)
{
    uint64_t bytes = cw__gather_bytes(v, start, n);

    if (!cw__texts_fit(to, v, start, n)) {
        *bad = 0;
        *why = why_total;
        return CW__GATHERED_BAD;
    }
    if (can_lend_whole(to, v, n, bytes))
        return lend_whole(to, v, start, n, bad, why);
    uint32_t *offsets = offsets_for(to, n);
    if (!offsets)
        return CW__GATHERED_NO_MEMORY;
    if (v->layout != CW__LAYOUT_BYTES_VIEW) {
        copy_offsets(offsets, v, start, n);
        return lend_or_copy(to, offsets, n, bytes_at(v, start), v->loan, bad, why);
    }
    uint8_t *p;
    if (!bytes_for(to, (size_t)bytes, &p))
        return CW__GATHERED_NO_MEMORY;
    copy_views(p, offsets, v, start, n);
    return take_bytes(to, offsets, n, p, NULL, bad, why);
}

/* ---- among nulls ---- */

/* The bytes of those that are there, to `to`, which is NULL where they have none: how many texts.
 */
static size_t copy_there(uint8_t *to, const cw__view *v, int64_t start, size_t n,
                         const uint8_t *bits, size_t bit)
{
    size_t count = 0;

    for (size_t i = 0, k; i < n; i += k) {
        bool there = cw__bit(bits, bit + i);
        k = cw__run_of_bits(bits, bit + i, n - i, there);
        size_t bytes = there ? (size_t)cw__gather_bytes(v, start + (int64_t)i, k) : 0;
        const uint8_t *from = bytes_at(v, start + (int64_t)i);
        for (size_t at = 0; at < bytes; at += CW__LINE)
            cw__send_ahead(from + at);
        if (to && bytes)
            to = (uint8_t *)memcpy(to, from, bytes) + bytes;
        count += there ? k : 0;
    }
    return count;
}

/* Texts between which there are others' bytes; a few at a time, so that what is copied is still
   near when it is looked at. */
static cw__gathered take_there(cw__column_buffer *to, const uint32_t *offsets, size_t count,
                               const cw__view *v, int64_t start, size_t n, const uint8_t *bits,
                               size_t bit, size_t *bad, const char **why)
{
    enum { STEP = 256 };
    cw__gathered answer = CW__GATHERED;
    size_t taken = 0;
    uint8_t *p;

    if (!bytes_for(to, offsets[count] - offsets[0], &p))
        return CW__GATHERED_NO_MEMORY;
    for (size_t i = 0; i < n && answer == CW__GATHERED; i += STEP) {
        const size_t some = n - i < STEP ? n - i : STEP;
        size_t more = copy_there(p, v, start + (int64_t)i, some, bits, bit + i);
        answer = take_bytes(to, offsets + taken, more, p, NULL, bad, why);
        *bad += taken;
        taken += more;
        p = p ? to->values.p + to->values.n : NULL;
    }
    return answer;
}

/* The place of the k-th that is there. */
static size_t place_of(const uint8_t *bits, size_t bit, size_t k)
{
    size_t i = 0;

    for (size_t seen = 0; !cw__bit(bits, bit + i) || seen++ < k; i++)
        ;
    return i;
}

/* Mostly there is nothing under nulls, and what is there lies side by side. */
cw__gathered cw__gather_texts_there(cw__column_buffer *to, const cw__view *v, int64_t start,
                                    size_t n, const uint8_t *bits, size_t bit, size_t *bad,
                                    const char **why)
{
    const size_t first = (size_t)(v->first + start);
    bool hidden;

    uint32_t *offsets = offsets_for(to, n + CW__PICK_SLACK);
    if (!offsets)
        return CW__GATHERED_NO_MEMORY;
    size_t count = v->layout == CW__LAYOUT_BYTES64
                       ? cw__pick_offsets64(offsets, (const int64_t *)v->offsets + first, n, bits,
                                            bit, &hidden)
                       : cw__pick_offsets32(offsets, (const int32_t *)v->offsets + first, n, bits,
                                            bit, &hidden);
    cw__gathered answer;
    if (hidden)
        answer = take_there(to, offsets, count, v, start, n, bits, bit, bad, why);
    else
        answer = lend_or_copy(to, offsets, count, bytes_at(v, start), v->loan, bad, why);
    if (answer == CW__GATHERED_BAD)
        *bad = place_of(bits, bit, *bad);
    return answer;
}

/* ---- here and there ---- */

/* Values between which there is nothing but nulls without bytes: their bytes lie side by side. */
bool cw__gather_texts_at(cw__column_buffer *to, const cw__view *v, const int64_t *at, size_t n,
                         cw__gathered *answer, size_t *bad, const char **why)
{
    const int32_t *from = (const int32_t *)v->offsets + v->first;
    uint32_t bytes = (uint32_t)(from[at[n - 1] + 1] - from[at[0]]);
    uint32_t *offsets;

    if (at[n - 1] < at[0] || bytes > UINT32_MAX - total_of(to))
        return false;
    *answer = CW__GATHERED_NO_MEMORY;
    offsets = offsets_for(to, n);
    if (!offsets)
        return true;
    bool side_by_side = true;
    for (size_t i = 0; i < n; i++) {
        side_by_side &= offsets[i] - offsets[0] == (uint32_t)(from[at[i]] - from[at[0]]);
        offsets[i + 1] = offsets[i] + (uint32_t)(from[at[i] + 1] - from[at[i]]);
    }
    if (!side_by_side || offsets[n] - offsets[0] != bytes)
        return false;
    *answer = lend_or_copy(to, offsets, n, bytes_at(v, at[0]), v->loan, bad, why);
    return true;
}
