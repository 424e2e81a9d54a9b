/* delta.c - DELTA_BINARY_PACKED, and the lengths of DELTA_LENGTH_BYTE_ARRAY
 *
 * A stream: block size, miniblocks in a block, values, the first value; then for each block the
 * least delta, the widths of its miniblocks, and the deltas less the least one, bit-packed. Deltas
 * wrap around as the integers do.
 */
#include "format/parquet/encode/delta.h"

#include <string.h>

#include "format/parquet/encode/rle.h"

enum { BLOCK = 128, MINIBLOCKS = 4, MINI = BLOCK / MINIBLOCKS, SLACK = 64 };

/* ---- varints ---- */

static uint8_t *put_varint(uint8_t *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *out++ = (uint8_t)(v | 0x80);
    *out++ = (uint8_t)v;
    return out;
}

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

/* The bytes that are left; every read checks them. */
typedef struct input {
    const uint8_t *p, *end;
} input;

static bool get_varint(input *in, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; in->p < in->end && shift < 64; shift += 7) {
        uint8_t b = *in->p++;
        *v |= (uint64_t)(b & 0x7F) << shift;
        if (!(b & 0x80))
            return true;
    }
    return false;
}

/* ---- encoding ---- */

size_t cw__delta_bound(size_t n, size_t value_bytes)
{
    return (n / BLOCK + 2) * (BLOCK * value_bytes + 10 + MINIBLOCKS) + SLACK;
}

static uint8_t *put_header(uint8_t *out, size_t n, int64_t first)
{
    out = put_varint(out, BLOCK);
    out = put_varint(out, MINIBLOCKS);
    out = put_varint(out, n);
    return put_varint(out, zigzag(first));
}

/* Deltas less the least, 32 bits each where they fit. */
static uint8_t *put_block_u32(uint8_t *out, const uint32_t *deltas, size_t n, int64_t least)
{
    out = put_varint(out, zigzag(least));
    uint8_t *widths = out;
    out += MINIBLOCKS;
    for (size_t m = 0; m < MINIBLOCKS; m++) {
        uint32_t all = 0;
        for (size_t i = 0; i < MINI; i++)
            all |= deltas[m * MINI + i];
        unsigned width = m * MINI < n ? cw__bits_for(all) : 0;
        widths[m] = (uint8_t)width;
        if (width)
            cw__pack_u32(out, deltas + m * MINI, MINI, width);
        out += MINI / 8 * width;
    }
    return out;
}

static uint8_t *put_block_u64(uint8_t *out, const uint64_t *deltas, size_t n, int64_t least)
{
    uint32_t narrow[BLOCK];
    uint64_t all = 0;

    for (size_t i = 0; i < BLOCK; i++)
        all |= deltas[i];
    if (all <= UINT32_MAX) {
        for (size_t i = 0; i < BLOCK; i++)
            narrow[i] = (uint32_t)deltas[i];
        return put_block_u32(out, narrow, n, least);
    }
    out = put_varint(out, zigzag(least));
    uint8_t *widths = out;
    out += MINIBLOCKS;
    for (size_t m = 0; m < MINIBLOCKS; m++) {
        all = 0;
        for (size_t i = 0; i < MINI; i++)
            all |= deltas[m * MINI + i];
        unsigned width = m * MINI < n ? cw__bits_for(all) : 0;
        widths[m] = (uint8_t)width;
        if (width)
            cw__pack_u64(out, deltas + m * MINI, MINI, width);
        out += MINI / 8 * width;
    }
    return out;
}

/* `v` has the value before the block in front. Inlined, so that a whole block's loops are of a
   length that the compiler knows. */
static inline __attribute__((always_inline)) uint8_t *block_i32(uint8_t *out, const int32_t *v,
                                                                size_t n)
{
    int32_t deltas[BLOCK];
    uint32_t rest[BLOCK];
    int32_t least = INT32_MAX;

    for (size_t i = 0; i < n; i++) {
        deltas[i] = (int32_t)((uint32_t)v[i + 1] - (uint32_t)v[i]);
        least = deltas[i] < least ? deltas[i] : least;
    }
    for (size_t i = 0; i < n; i++)
        rest[i] = (uint32_t)deltas[i] - (uint32_t)least;
    for (size_t i = n; i < BLOCK; i++)
        rest[i] = 0;
    return put_block_u32(out, rest, n, least);
}

static uint8_t *encode_block_i32(uint8_t *out, const int32_t *v, size_t n)
{
    return n == BLOCK ? block_i32(out, v, BLOCK) : block_i32(out, v, n);
}

static uint8_t *encode_block_i64(uint8_t *out, const int64_t *v, size_t n)
{
    int64_t deltas[BLOCK];
    uint64_t rest[BLOCK];
    int64_t least = INT64_MAX;

    for (size_t i = 0; i < n; i++) {
        deltas[i] = (int64_t)((uint64_t)v[i + 1] - (uint64_t)v[i]);
        least = deltas[i] < least ? deltas[i] : least;
    }
    for (size_t i = 0; i < n; i++)
        rest[i] = (uint64_t)deltas[i] - (uint64_t)least;
    for (size_t i = n; i < BLOCK; i++)
        rest[i] = 0;
    return put_block_u64(out, rest, n, least);
}

size_t cw__delta_encode_i32(uint8_t *out, const int32_t *values, size_t n)
{
    uint8_t *at = put_header(out, n, n ? values[0] : 0);

    for (size_t i = 0; i + 1 < n; i += BLOCK)
        at = encode_block_i32(at, values + i, n - 1 - i < BLOCK ? n - 1 - i : BLOCK);
    return (size_t)(at - out);
}

size_t cw__delta_encode_i64(uint8_t *out, const int64_t *values, size_t n)
{
    uint8_t *at = put_header(out, n, n ? values[0] : 0);

    for (size_t i = 0; i + 1 < n; i += BLOCK)
        at = encode_block_i64(at, values + i, n - 1 - i < BLOCK ? n - 1 - i : BLOCK);
    return (size_t)(at - out);
}

/* ---- decoding ---- */

typedef struct header {
    uint64_t block, miniblocks, values;
    int64_t first;
    size_t mini;
} header;

static bool get_header(input *in, header *h)
{
    uint64_t first;

    if (!get_varint(in, &h->block) || !get_varint(in, &h->miniblocks) ||
        !get_varint(in, &h->values) || !get_varint(in, &first))
        return false;
    h->first = unzigzag(first);
    if (h->block == 0 || h->block % 128 || h->block > 1 << 20 || h->miniblocks == 0 ||
        h->miniblocks > h->block || h->block % h->miniblocks)
        return false;
    h->mini = (size_t)(h->block / h->miniblocks);
    return h->mini % 32 == 0;
}

bool cw__delta_count(const uint8_t *in, size_t bytes, uint64_t *n)
{
    input from = {in, in + bytes};
    header h;

    if (!get_header(&from, &h))
        return false;
    *n = h.values;
    return true;
}

/* One miniblock: `n` of its values are wanted. */
typedef void (*add_fn)(void *values, size_t at, uint64_t delta);

static void add_i32(void *values, size_t at, uint64_t delta)
{
    int32_t *v = values;
    v[at] = (int32_t)((uint32_t)v[at - 1] + (uint32_t)delta);
}

static void add_i64(void *values, size_t at, uint64_t delta)
{
    int64_t *v = values;
    v[at] = (int64_t)((uint64_t)v[at - 1] + delta);
}

static bool get_miniblock(input *in, const header *h, unsigned width, int64_t least, void *values,
                          size_t *done, size_t n, add_fn add)
{
    uint64_t deltas[32];
    size_t bytes = h->mini / 8 * width;

    if (width > 64 || (size_t)(in->end - in->p) < bytes)
        return false;
    for (size_t i = 0; i < h->mini && *done < n; i += 32) {
        cw__unpack_u64(deltas, in->p + i / 8 * width, 32, width);
        for (size_t k = 0; k < 32 && *done < n; k++)
            add(values, (*done)++, (uint64_t)least + deltas[k]);
    }
    in->p += bytes;
    return true;
}

static bool get_block(input *in, const header *h, void *values, size_t *done, size_t n, add_fn add)
{
    uint64_t least;

    if (!get_varint(in, &least) || (uint64_t)(in->end - in->p) < h->miniblocks)
        return false;
    const uint8_t *widths = in->p;
    in->p += h->miniblocks;
    for (uint64_t m = 0; m < h->miniblocks && *done < n; m++)
        if (!get_miniblock(in, h, widths[m], unzigzag(least), values, done, n, add))
            return false;
    return true;
}

static bool decode(input *in, void *values, size_t n, bool wide)
{
    header h;
    size_t done = 1;

    if (!get_header(in, &h) || h.values != n)
        return false;
    if (n == 0)
        return true;
    if (wide)
        ((int64_t *)values)[0] = h.first;
    else
        ((int32_t *)values)[0] = (int32_t)h.first;
    while (done < n)
        if (!get_block(in, &h, values, &done, n, wide ? add_i64 : add_i32))
            return false;
    return true;
}

bool cw__delta_decode_i32(const uint8_t *in, size_t bytes, int32_t *values, size_t n, size_t *used)
{
    input from = {in, in + bytes};
    bool ok = decode(&from, values, n, false);

    *used = (size_t)(from.p - in);
    return ok;
}

bool cw__delta_decode_i64(const uint8_t *in, size_t bytes, int64_t *values, size_t n, size_t *used)
{
    input from = {in, in + bytes};
    bool ok = decode(&from, values, n, true);

    *used = (size_t)(from.p - in);
    return ok;
}
