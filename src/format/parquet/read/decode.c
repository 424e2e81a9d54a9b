/* decode.c - the pages of a chunk, from untrusted bytes to levels and values */
#include "format/parquet/read/decode.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "format/parquet/encode/delta.h"
#include "format/parquet/encode/rle.h"
#include "format/parquet/encode/split.h"

enum { MOST_PAGE_VALUES = 1 << 27, MOST_PAGE_BYTES = 1 << 30 };

/* The bytes of a page that are not used yet. */
typedef struct rest {
    const uint8_t *p;
    size_t n;
} rest;

static cw__decoded CW_PRINTF(2, 3) bad(cw__decoder *d, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(d->why, sizeof d->why, fmt, args);
    va_end(args);
    return CW__DECODED_BAD;
}

static cw__decoded CW_PRINTF(2, 3) unknown(cw__decoder *d, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(d->why, sizeof d->why, fmt, args);
    va_end(args);
    return CW__DECODED_UNKNOWN;
}

/* What is left after all that there has to be says that one of the two is wrong. */
static cw__decoded ends_there(cw__decoder *d, size_t used, size_t n, const char *what)
{
    return used == n ? CW__DECODED : bad(d, "%zu bytes are left after the %s", n - used, what);
}

static uint32_t load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

bool cw__decoder_init(cw__decoder *d)
{
    memset(d, 0, sizeof *d);
    d->block = cw__block_new();
    return d->block != NULL;
}

void cw__decoder_begin(cw__decoder *d, const cw__leaf *leaf, int32_t codec)
{
    cw__column_buffer_free(&d->dictionary);
    cw__column_buffer_free(&d->page);
    cw__column_buffer_init(&d->dictionary, leaf);
    cw__column_buffer_init(&d->page, leaf);
    d->leaf = leaf;
    d->codec = codec;
    d->has_dictionary = false;
}

void cw__decoder_free(cw__decoder *d)
{
    cw__column_buffer_free(&d->dictionary);
    cw__column_buffer_free(&d->page);
    cw__grown_free(&d->plain);
    cw__grown_free(&d->numbers);
    cw__free(d->def);
    cw__free(d->rep);
    cw__block_free(d->block);
}

const uint8_t *cw__value_at(const cw__column_buffer *b, size_t i, size_t *n)
{
    const uint32_t *offsets = cw__column_offsets(b);

    if (b->leaf->width) {
        *n = b->leaf->width;
        return b->values.p + i * b->leaf->width;
    }
    *n = offsets[i + 1] - offsets[i];
    return b->values.p + offsets[i];
}

/* ---- room ---- */

static bool have(cw__grown *g, size_t n)
{
    g->n = 0;
    return cw__grow(g, n + 1);
}

/* Room in `to` for `count` values of fixed width. */
static bool have_fixed(cw__column_buffer *to, size_t count)
{
    return have(&to->values, count * to->leaf->width);
}

static uint32_t *have_numbers(cw__decoder *d, size_t n)
{
    return have(&d->numbers, n * sizeof(uint32_t)) ? (uint32_t *)(void *)d->numbers.p : NULL;
}

static uint32_t *have_offsets(cw__column_buffer *to, size_t count)
{
    if (!have(&to->offsets, (count + 1) * sizeof(uint32_t)))
        return NULL;
    return (uint32_t *)(void *)to->offsets.p;
}

static void set_fixed(cw__column_buffer *to, size_t count)
{
    to->values.n = count * to->leaf->width;
    to->count = count;
}

static void set_bytes(cw__column_buffer *to, size_t count, size_t bytes)
{
    to->offsets.n = (count + 1) * sizeof(uint32_t);
    to->values.n = bytes;
    to->count = count;
}

/* ---- values ---- */

static cw__decoded plain_booleans(cw__decoder *d, cw__column_buffer *to, rest r, size_t count)
{
    if (r.n < (count + 7) / 8)
        return bad(d, "%zu booleans do not fit %zu bytes", count, r.n);
    if (!have_fixed(to, count))
        return CW__DECODED_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        to->values.p[i] = r.p[i / 8] >> (i % 8) & 1;
    set_fixed(to, count);
    return ends_there(d, (count + 7) / 8, r.n, "booleans");
}

static cw__decoded plain_bytes(cw__decoder *d, cw__column_buffer *to, rest r, size_t count)
{
    uint32_t *offsets = have_offsets(to, count);
    size_t at = 0, total = 0;

    if (!offsets || !have(&to->values, r.n))
        return CW__DECODED_NO_MEMORY;
    offsets[0] = 0;
    for (size_t i = 0; i < count; i++) {
        if (r.n - at < 4 || load_u32(r.p + at) > r.n - at - 4)
            return bad(d, "value %zu of %zu lies beyond the page", i, count);
        size_t n = load_u32(r.p + at);
        memcpy(to->values.p + total, r.p + at + 4, n);
        at += 4 + n;
        total += n;
        offsets[i + 1] = (uint32_t)total;
    }
    set_bytes(to, count, total);
    return ends_there(d, at, r.n, "values");
}

static cw__decoded plain(cw__decoder *d, cw__column_buffer *to, rest r, size_t count)
{
    size_t width = d->leaf->width;

    if (d->leaf->physical == CW__BOOLEAN)
        return plain_booleans(d, to, r, count);
    if (d->leaf->physical == CW__BYTE_ARRAY)
        return plain_bytes(d, to, r, count);
    if (r.n / width < count || r.n != count * width)
        return bad(d, "%zu values of %zu bytes in %zu bytes", count, width, r.n);
    if (!have_fixed(to, count))
        return CW__DECODED_NO_MEMORY;
    if (count)
        memcpy(to->values.p, r.p, r.n);
    set_fixed(to, count);
    return CW__DECODED;
}

/* The entries that `indices` name, one after the other. */
static cw__decoded gather_bytes(cw__decoder *d, cw__column_buffer *to, const uint32_t *indices,
                                size_t count)
{
    uint32_t *offsets = have_offsets(to, count);
    size_t total = 0, n;

    if (!offsets)
        return CW__DECODED_NO_MEMORY;
    offsets[0] = 0;
    for (size_t i = 0; i < count; i++) {
        cw__value_at(&d->dictionary, indices[i], &n);
        total += n;
        if (total > UINT32_MAX)
            return bad(d, "the values of the page have more than 4 GiB");
        offsets[i + 1] = (uint32_t)total;
    }
    if (!have(&to->values, total))
        return CW__DECODED_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = cw__value_at(&d->dictionary, indices[i], &n);
        if (n)
            memcpy(to->values.p + offsets[i], p, n);
    }
    set_bytes(to, count, total);
    return CW__DECODED;
}

static cw__decoded gather_fixed(cw__decoder *d, cw__column_buffer *to, const uint32_t *indices,
                                size_t count)
{
    size_t width = d->leaf->width;

    if (!have_fixed(to, count))
        return CW__DECODED_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        memcpy(to->values.p + i * width, d->dictionary.values.p + indices[i] * width, width);
    set_fixed(to, count);
    return CW__DECODED;
}

static cw__decoded from_dictionary(cw__decoder *d, cw__column_buffer *to, rest r, size_t count)
{
    uint32_t *indices = have_numbers(d, count);
    size_t used;

    if (!indices)
        return CW__DECODED_NO_MEMORY;
    if (!d->has_dictionary)
        return bad(d, "the page needs a dictionary and there is none");
    if (r.n < 1 || r.p[0] > 32)
        return count ? bad(d, "the dictionary indices have no usable width") : CW__DECODED;
    if (count && !cw__rle_decode_u32(r.p + 1, r.n - 1, r.p[0], indices, count, &used))
        return bad(d, "the dictionary indices are cut or garbled");
    for (size_t i = 0; i < count; i++)
        if (indices[i] >= d->dictionary.count)
            return bad(d, "index %" PRIu32 " is beyond the dictionary's %zu entries", indices[i],
                       d->dictionary.count);
    cw__decoded answer =
        d->leaf->width ? gather_fixed(d, to, indices, count) : gather_bytes(d, to, indices, count);
    return answer == CW__DECODED && count ? ends_there(d, used, r.n - 1, "dictionary indices")
                                          : answer;
}

static cw__decoded rle_booleans(cw__decoder *d, cw__column_buffer *to, rest r, size_t count)
{
    uint32_t *bits = have_numbers(d, count);
    size_t used;

    if (!bits || !have_fixed(to, count))
        return CW__DECODED_NO_MEMORY;
    if (d->leaf->physical != CW__BOOLEAN)
        return bad(d, "RLE values of a type that is not BOOLEAN");
    if (r.n < 4 || load_u32(r.p) > r.n - 4 ||
        !cw__rle_decode_u32(r.p + 4, load_u32(r.p), 1, bits, count, &used))
        return bad(d, "the booleans are cut or garbled");
    for (size_t i = 0; i < count; i++)
        to->values.p[i] = (uint8_t)bits[i];
    set_fixed(to, count);
    return ends_there(d, 4 + used, r.n, "booleans");
}

static cw__decoded delta(cw__decoder *d, cw__column_buffer *to, rest r, size_t count)
{
    uint64_t said;
    size_t used;
    bool ok;

    if (d->leaf->physical != CW__INT32 && d->leaf->physical != CW__INT64)
        return bad(d, "DELTA_BINARY_PACKED values of a type that is no integer");
    if (!have_fixed(to, count))
        return CW__DECODED_NO_MEMORY;
    if (!cw__delta_count(r.p, r.n, &said) || said != count)
        return bad(d, "the delta stream does not have the page's %zu values", count);
    if (d->leaf->physical == CW__INT32)
        ok = cw__delta_decode_i32(r.p, r.n, (int32_t *)(void *)to->values.p, count, &used);
    else
        ok = cw__delta_decode_i64(r.p, r.n, (int64_t *)(void *)to->values.p, count, &used);
    set_fixed(to, count);
    return ok ? ends_there(d, used, r.n, "delta stream")
              : bad(d, "the delta stream is cut or garbled");
}

static cw__decoded delta_length(cw__decoder *d, cw__column_buffer *to, rest r, size_t count)
{
    uint32_t *offsets = have_offsets(to, count);
    uint32_t *starts = have_numbers(d, 2 * count);
    size_t used, total = 0;

    if (!offsets || !starts || !have(&to->values, r.n))
        return CW__DECODED_NO_MEMORY;
    if (d->leaf->physical != CW__BYTE_ARRAY)
        return bad(d, "DELTA_LENGTH_BYTE_ARRAY values of a type that is not BYTE_ARRAY");
    if (!cw__delta_length_decode(r.p, r.n, starts, starts + count, count, &used))
        return bad(d, "the lengths are cut or garbled, or go beyond the page");
    offsets[0] = 0;
    for (size_t i = 0; i < count; i++) {
        size_t n = starts[count + i];
        memcpy(to->values.p + total, r.p + starts[i], n);
        total += n;
        offsets[i + 1] = (uint32_t)total;
    }
    set_bytes(to, count, total);
    return ends_there(d, used, r.n, "values");
}

/* Room is guessed, and found when the guess was too small. */
static cw__decoded delta_bytes(cw__decoder *d, cw__column_buffer *to, rest r, size_t count)
{
    uint32_t *offsets = have_offsets(to, count);
    uint32_t *scratch = have_numbers(d, 3 * count);
    size_t needed = 2 * r.n, used;

    if (!offsets || !scratch)
        return CW__DECODED_NO_MEMORY;
    for (int attempt = 0; attempt < 2; attempt++) {
        size_t room = needed;
        if (room > MOST_PAGE_BYTES)
            return unknown(d, "a page of more than 1 GiB");
        if (!have(&to->values, room))
            return CW__DECODED_NO_MEMORY;
        if (cw__delta_bytes_decode(r.p, r.n, offsets, to->values.p, room, count, &needed, &used,
                                   scratch)) {
            set_bytes(to, count, needed);
            return ends_there(d, used, r.n, "values");
        }
        if (needed <= room)
            break;
    }
    return bad(d, "the prefixes and suffixes are cut or garbled");
}

static cw__decoded delta_fixed(cw__decoder *d, cw__column_buffer *to, rest r, size_t count)
{
    cw__decoded answer;

    if (d->leaf->physical != CW__FIXED_LEN_BYTE_ARRAY)
        return bad(d, "DELTA_BYTE_ARRAY values of a type that is no array of bytes");
    answer = delta_bytes(d, to, r, count);
    if (answer != CW__DECODED)
        return answer;
    if (to->values.n != count * d->leaf->width)
        return bad(d, "the values do not have %" PRIu32 " bytes each", d->leaf->width);
    set_fixed(to, count);
    return CW__DECODED;
}

static cw__decoded split(cw__decoder *d, cw__column_buffer *to, rest r, size_t count)
{
    size_t width = d->leaf->width;

    if (d->leaf->physical == CW__BOOLEAN || width == 0)
        return bad(d, "BYTE_STREAM_SPLIT values of a type without a fixed width");
    if (r.n != count * width)
        return bad(d, "%zu values of %zu bytes in %zu bytes", count, width, r.n);
    if (!have_fixed(to, count))
        return CW__DECODED_NO_MEMORY;
    cw__split_decode(to->values.p, r.p, count, width);
    set_fixed(to, count);
    return CW__DECODED;
}

static cw__decoded values(cw__decoder *d, int32_t encoding, rest r, size_t count)
{
    cw__column_buffer *to = &d->page;

    to->count = 0;
    switch (encoding) {
    case CW__PLAIN:
        return plain(d, to, r, count);
    case CW__PLAIN_DICTIONARY:
    case CW__RLE_DICTIONARY:
        return from_dictionary(d, to, r, count);
    case CW__RLE:
        return rle_booleans(d, to, r, count);
    case CW__DELTA_BINARY_PACKED:
        return delta(d, to, r, count);
    case CW__DELTA_LENGTH_BYTE_ARRAY:
        return delta_length(d, to, r, count);
    case CW__DELTA_BYTE_ARRAY:
        return d->leaf->width ? delta_fixed(d, to, r, count) : delta_bytes(d, to, r, count);
    case CW__BYTE_STREAM_SPLIT:
        return split(d, to, r, count);
    default:
        return unknown(d, "encoding %" PRId32, encoding);
    }
}

/* ---- levels ---- */

static bool have_levels(cw__decoder *d, size_t slots)
{
    if (slots <= d->level_room && d->def)
        return true;
    cw__free(d->def);
    cw__free(d->rep);
    d->def = cw__alloc((slots + 1) * sizeof *d->def);
    d->rep = cw__alloc((slots + 1) * sizeof *d->rep);
    d->level_room = slots;
    return d->def && d->rep;
}

static cw__decoded levels(cw__decoder *d, rest r, unsigned max, uint32_t *to, const char *what)
{
    size_t used;

    if (max == 0) {
        memset(to, 0, d->slots * sizeof *to);
        return CW__DECODED;
    }
    if (!cw__rle_decode_u32(r.p, r.n, cw__bits_for(max), to, d->slots, &used))
        return bad(d, "the %s levels are cut or garbled", what);
    for (size_t i = 0; i < d->slots; i++)
        if (to[i] > max)
            return bad(d, "%s level %" PRIu32 " is larger than %u", what, to[i], max);
    return used == r.n ? CW__DECODED
                       : bad(d, "%zu bytes are left after the %s levels", r.n - used, what);
}

/* v1: each stream of levels has its length in front. */
static cw__decoded levels_v1(cw__decoder *d, rest *r, unsigned max, uint32_t *to, const char *what)
{
    size_t n = 0;

    if (max > 0) {
        if (r->n < 4 || load_u32(r->p) > r->n - 4)
            return bad(d, "the %s levels lie beyond the page", what);
        n = load_u32(r->p);
        r->p += 4;
        r->n -= 4;
    }
    cw__decoded answer = levels(d, (rest){r->p, n}, max, to, what);
    r->p += n;
    r->n -= n;
    return answer;
}

static size_t count_values(cw__decoder *d)
{
    size_t there = 0;

    d->rows = 0;
    for (size_t i = 0; i < d->slots; i++) {
        there += d->def[i] == d->leaf->max_def;
        d->rows += d->rep[i] == 0;
    }
    return there;
}

/* ---- bodies ---- */

static cw__block_codec block_codec(int32_t codec, bool *known)
{
    *known = true;
    switch (codec) {
    case CW__UNCOMPRESSED:
        return CW__BLOCK_NONE;
    case CW__SNAPPY:
        return CW__BLOCK_SNAPPY;
    case CW__GZIP:
        return CW__BLOCK_GZIP;
    case CW__ZSTD:
        return CW__BLOCK_ZSTD;
    case CW__LZ4_RAW:
        return CW__BLOCK_LZ4;
    default:
        *known = false;
        return CW__BLOCK_NONE;
    }
}

static cw__decoded restore(cw__decoder *d, rest *r, size_t n)
{
    bool known;
    cw__block_codec codec = block_codec(d->codec, &known);

    if (!known || cw__block_check(codec, 0, NULL) != CW_OK)
        return unknown(d, "codec %" PRId32, d->codec);
    if (n > MOST_PAGE_BYTES)
        return unknown(d, "a page of more than 1 GiB");
    if (codec == CW__BLOCK_NONE)
        return r->n == n ? CW__DECODED : bad(d, "%zu bytes are there, and %zu are said", r->n, n);
    if (!have(&d->plain, n))
        return CW__DECODED_NO_MEMORY;
    if (n && !cw__block_restore(d->block, codec, d->plain.p, n, r->p, r->n))
        return bad(d, "the body does not decompress to %zu bytes", n);
    *r = (rest){d->plain.p, n};
    return CW__DECODED;
}

static cw__decoded check_sizes(cw__decoder *d, const cw__page_header *h)
{
    if (h->uncompressed_bytes < 0 || h->compressed_bytes < 0 || h->values < 0)
        return bad(d, "a negative size");
    if (h->values > MOST_PAGE_VALUES)
        return unknown(d, "a page of more than %d values", MOST_PAGE_VALUES);
    return CW__DECODED;
}

cw__decoded cw__decode_dictionary(cw__decoder *d, const cw__page_header *h, const uint8_t *body)
{
    rest r = {body, (size_t)h->compressed_bytes};
    cw__decoded answer = check_sizes(d, h);

    if (answer == CW__DECODED)
        answer = restore(d, &r, (size_t)h->uncompressed_bytes);
    if (answer != CW__DECODED)
        return answer;
    if (d->has_dictionary)
        return bad(d, "a second dictionary");
    if (h->encoding != CW__PLAIN && h->encoding != CW__PLAIN_DICTIONARY)
        return bad(d, "a dictionary that is not PLAIN");
    d->has_dictionary = true;
    return plain(d, &d->dictionary, r, (size_t)h->values);
}

static cw__decoded page_v1(cw__decoder *d, const cw__page_header *h, const uint8_t *body)
{
    rest r = {body, (size_t)h->compressed_bytes};
    cw__decoded answer = restore(d, &r, (size_t)h->uncompressed_bytes);

    if (answer == CW__DECODED && ((d->leaf->max_rep && h->rep_encoding != CW__RLE) ||
                                  (d->leaf->max_def && h->def_encoding != CW__RLE)))
        answer = unknown(d, "levels that are not RLE");
    if (answer == CW__DECODED)
        answer = levels_v1(d, &r, d->leaf->max_rep, d->rep, "repetition");
    if (answer == CW__DECODED)
        answer = levels_v1(d, &r, d->leaf->max_def, d->def, "definition");
    if (answer != CW__DECODED)
        return answer;
    return values(d, h->encoding, r, count_values(d));
}

static cw__decoded page_v2(cw__decoder *d, const cw__page_header *h, const uint8_t *body)
{
    size_t whole = (size_t)h->compressed_bytes;
    size_t rep_n = (size_t)h->rep_bytes, def_n = (size_t)h->def_bytes;
    cw__decoded answer;

    if (h->rep_bytes < 0 || h->def_bytes < 0 || rep_n > whole || def_n > whole - rep_n ||
        (size_t)h->uncompressed_bytes < rep_n + def_n)
        return bad(d, "the levels lie beyond the page");
    answer = levels(d, (rest){body, rep_n}, d->leaf->max_rep, d->rep, "repetition");
    if (answer == CW__DECODED)
        answer = levels(d, (rest){body + rep_n, def_n}, d->leaf->max_def, d->def, "definition");
    rest r = {body + rep_n + def_n, whole - rep_n - def_n};
    if (answer == CW__DECODED && h->is_compressed)
        answer = restore(d, &r, (size_t)h->uncompressed_bytes - rep_n - def_n);
    else if (answer == CW__DECODED && h->uncompressed_bytes != h->compressed_bytes)
        answer = bad(d, "it is not compressed, and has two sizes");
    if (answer != CW__DECODED)
        return answer;
    size_t there = count_values(d);
    if (h->nulls < 0 || (size_t)h->nulls != d->slots - there)
        return bad(d, "%" PRId32 " nulls are said, %zu are there", h->nulls, d->slots - there);
    if (h->rows < 0 || (size_t)h->rows != d->rows)
        return bad(d, "%" PRId32 " rows are said, %zu are there", h->rows, d->rows);
    return values(d, h->encoding, r, there);
}

cw__decoded cw__decode_page(cw__decoder *d, const cw__page_header *h, const uint8_t *body)
{
    cw__decoded answer = check_sizes(d, h);

    if (answer != CW__DECODED)
        return answer;
    d->slots = (size_t)h->values;
    if (!have_levels(d, d->slots))
        return CW__DECODED_NO_MEMORY;
    answer = h->type == CW__DATA_PAGE_V2 ? page_v2(d, h, body) : page_v1(d, h, body);
    if (answer == CW__DECODED)
        cw__column_buffer_added(&d->page, 0, 0, 0);
    return answer;
}
