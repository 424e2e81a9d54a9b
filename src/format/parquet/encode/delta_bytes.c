/* delta_bytes.c - DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY, on top of the deltas of integers */
#include <string.h>

#include "format/parquet/encode/delta.h"

/* ---- lengths, then bytes ---- */

size_t cw__delta_lengths_encode(uint8_t *out, const uint32_t *offsets, size_t n, uint32_t *scratch)
{
    int32_t *lengths = (int32_t *)scratch;

    for (size_t i = 0; i < n; i++)
        lengths[i] = (int32_t)(offsets[i + 1] - offsets[i]);
    return cw__delta_encode_i32(out, lengths, n);
}

bool cw__delta_length_decode(const uint8_t *in, size_t bytes, uint32_t *starts, uint32_t *lengths,
                             size_t n, size_t *used)
{
    size_t at;

    if (!cw__delta_decode_i32(in, bytes, (int32_t *)lengths, n, &at))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (lengths[i] > bytes - at)
            return false;
        starts[i] = (uint32_t)at;
        at += lengths[i];
    }
    *used = at;
    return true;
}

/* ---- shared prefixes ---- */

size_t cw__delta_bytes_bound(const uint32_t *offsets, size_t n)
{
    return 2 * cw__delta_bound(n, 4) + (n ? offsets[n] - offsets[0] : 0);
}

static size_t shared(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n)
{
    size_t most = a_n < b_n ? a_n : b_n, n = 0;

    for (; n + 8 <= most; n += 8) {
        uint64_t x, y;
        memcpy(&x, a + n, sizeof x);
        memcpy(&y, b + n, sizeof y);
        if (x != y)
            return n + (size_t)__builtin_ctzll(x ^ y) / 8;
    }
    while (n < most && a[n] == b[n])
        n++;
    return n;
}

/* Short suffixes are copied as 16 bytes, whatever they have, where the values behind have so many:
   that is within what is read and within the bound of what is written, and the next suffixes write
   over the rest. */
static uint8_t *put_suffixes(uint8_t *p, const cw__texts *t, const int32_t *prefixes)
{
    enum { SHORT = 16 };
    const cw__texts texts = *t; /* where no byte that is written can be it */
    const uint8_t *end = cw__texts_end(t);

    for (size_t i = 0; i < texts.n; i++) {
        size_t length;
        const uint8_t *from = cw__text_at(&texts, i, &length) + prefixes[i];
        length -= (size_t)prefixes[i];
        if (length <= SHORT && (size_t)(end - from) >= SHORT + length)
            memcpy(p, from, SHORT);
        else if (length)
            memcpy(p, from, length);
        p += length;
    }
    return p;
}

/* A text and the one before it, wherever that lies. */
typedef struct neighbour {
    const uint8_t *p;
    size_t n;
} neighbour;

static neighbour find_lengths(const cw__texts *t, neighbour before, int32_t *prefixes,
                              int32_t *suffixes)
{
    for (size_t i = 0; i < t->n; i++) {
        neighbour now = {0};
        now.p = cw__text_at(t, i, &now.n);
        size_t common = shared(before.p, before.n, now.p, now.n);
        prefixes[i] = (int32_t)common;
        suffixes[i] = (int32_t)(now.n - common);
        before = now;
    }
    return before;
}

size_t cw__delta_bytes_encode(uint8_t *out, const cw__texts *runs, size_t run_count, size_t n,
                              uint32_t *scratch)
{
    int32_t *prefixes = (int32_t *)scratch, *suffixes = prefixes + n;
    neighbour before = {0};
    uint8_t *p = out;
    size_t at = 0;

    for (size_t i = 0; i < run_count; at += runs[i++].n)
        before = find_lengths(&runs[i], before, prefixes + at, suffixes + at);
    p += cw__delta_encode_i32(p, prefixes, n);
    p += cw__delta_encode_i32(p, suffixes, n);
    at = 0;
    for (size_t i = 0; i < run_count; at += runs[i++].n)
        p = put_suffixes(p, &runs[i], prefixes + at);
    return (size_t)(p - out);
}

/* Lengths that cannot be, given what is there; the sum of all values. */
static bool check_lengths(const uint32_t *prefixes, const uint32_t *lengths, size_t n,
                          size_t *needed)
{
    uint64_t before = 0, total = 0;

    for (size_t i = 0; i < n; i++) {
        if (prefixes[i] > before)
            return false;
        before = (uint64_t)prefixes[i] + lengths[i];
        total += before;
        if (total > UINT32_MAX)
            return false;
    }
    *needed = (size_t)total;
    return true;
}

bool cw__delta_bytes_decode(const uint8_t *in, size_t bytes, uint32_t *offsets, uint8_t *values,
                            size_t room, size_t n, size_t *needed, size_t *used, uint32_t *scratch)
{
    uint32_t *prefixes = scratch, *starts = scratch + n, *lengths = starts + n;
    size_t at, more, total = 0;

    *needed = 0;
    if (!cw__delta_decode_i32(in, bytes, (int32_t *)prefixes, n, &at) ||
        !cw__delta_length_decode(in + at, bytes - at, starts, lengths, n, &more) ||
        !check_lengths(prefixes, lengths, n, needed) || *needed > room)
        return false;
    offsets[0] = 0;
    for (size_t i = 0; i < n; i++) {
        if (prefixes[i])
            memmove(values + total, values + offsets[i - 1], prefixes[i]);
        if (lengths[i])
            memcpy(values + total + prefixes[i], in + at + starts[i], lengths[i]);
        total += (size_t)prefixes[i] + lengths[i];
        offsets[i + 1] = (uint32_t)total;
    }
    *used = at + more;
    return true;
}
