/* test_parquet_encode.c - encodings: what is written reads back, and garbage does no harm */
#include <math.h>
#include <stdlib.h>

#include "format/parquet/encode/bloom.h"
#include "format/parquet/encode/delta.h"
#include "format/parquet/encode/dictionary.h"
#include "format/parquet/encode/rle.h"
#include "format/parquet/encode/split.h"
#include "any.h"
#include "harness.h"

enum { MOST = 3000 };

/* Memory of exactly `n` bytes, so that a sanitizer sees one byte too many. */
static void *exactly(size_t n)
{
    void *p = malloc(n ? n : 1);
    REQUIRE(p);
    return p;
}

static const size_t lengths[] = {0,  1,  2,   7,   8,   9,   31,  32,  33,  63,
                                 64, 65, 127, 128, 129, 130, 256, 257, 999, MOST};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

/* ---- RLE ---- */

static uint32_t mask_of(unsigned width)
{
    return width < 32 ? (1u << width) - 1 : UINT32_MAX;
}

/* kind 0: random; 1: long runs; 2: a mixture; 3: all the same */
static void fill(uint32_t *v, size_t n, unsigned width, int kind)
{
    uint32_t last = (uint32_t)any() & mask_of(width);

    for (size_t i = 0; i < n; i++) {
        unsigned change = kind == 0 ? 1 : kind == 1 ? 60 : kind == 2 ? 9 : 0;
        if (change && any() % change == 0)
            last = (uint32_t)any() & mask_of(width);
        v[i] = last;
    }
}

static void check_rle(const uint32_t *v, size_t n, unsigned width)
{
    uint8_t *out = exactly(cw__rle_bound(n, width)), *bytes = exactly(n);
    uint32_t *back = exactly(n * sizeof *back);
    size_t used = 0, size = cw__rle_encode_u32(out, v, n, width);

    REQUIRE(size <= cw__rle_bound(n, width));
    uint8_t *tight = exactly(size);
    memcpy(tight, out, size);
    CHECK(cw__rle_decode_u32(tight, size, width, back, n, &used));
    CHECK_INT(used, size);
    CHECK(n == 0 || memcmp(v, back, n * sizeof *v) == 0);
    if (n > 64)
        CHECK(!cw__rle_decode_u32(tight, size / 2, width, back, n, &used));
    if (width <= 8) {
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)v[i];
        CHECK_INT(cw__rle_encode_u8(out, bytes, n, width), size);
        CHECK(memcmp(out, tight, size) == 0);
    }
    free(out);
    free(bytes);
    free(back);
    free(tight);
}

static void rle_reads_back(void)
{
    uint32_t v[MOST];

    for (unsigned width = 1; width <= 32; width++)
        for (size_t k = 0; k < LENGTHS; k++)
            for (int kind = 0; kind < 4; kind++) {
                fill(v, lengths[k], width, kind);
                check_rle(v, lengths[k], width);
            }
}

/* ---- by definition ---- */

/* How many values from i on are the same. */
static size_t same_from(const uint32_t *v, size_t i, size_t n)
{
    size_t j = i + 1;

    while (j < n && v[j] == v[i])
        j++;
    return j - i;
}

/* Groups of eight bit by bit; the last one is filled up with zeros. */
static size_t literals_by_definition(uint8_t *out, const uint32_t *v, size_t n, unsigned width)
{
    size_t groups = (n + 7) / 8, at = 0;

    for (size_t head = groups << 1 | 1; head || at == 0; head >>= 7)
        out[at++] = (uint8_t)((head & 0x7f) | (head > 0x7f ? 0x80 : 0));
    memset(out + at, 0, groups * width);
    for (size_t bit = 0; bit < n * width; bit++)
        if (v[bit / width] >> bit % width & 1)
            out[at + bit / 8] |= (uint8_t)(1 << bit % 8);
    return at + groups * width;
}

/* Runs are looked for at every eighth value since the last one, and at the end. */
static size_t rle_by_definition(uint8_t *out, const uint32_t *v, size_t n, unsigned width)
{
    size_t cost = 8 * (4 + (width + 7) / 8) / width, least = cost < 8 ? 8 : cost, at = 0;

    for (size_t i = 0, run; i < n; i += run) {
        size_t from = i;
        bool is_end = n - i < least && same_from(v, i, n) == n - i;
        while (!is_end && i < n && same_from(v, i, n) < least)
            i = n - i < 8 ? n : i + 8;
        if (from < i)
            at += literals_by_definition(out + at, v + from, i - from, width);
        run = i < n ? same_from(v, i, n) : 0;
        if (run)
            at += cw__rle_encode_run(out + at, v[i], run, width);
    }
    return at;
}

static void rle_is_as_defined(void)
{
    uint32_t v[MOST];
    uint8_t bytes[MOST];

    for (unsigned width = 1; width <= 32; width++)
        for (size_t k = 0; k < LENGTHS; k++)
            for (int kind = 0; kind < 4; kind++) {
                size_t n = lengths[k], bound = cw__rle_bound(n, width);
                uint8_t *a = exactly(bound), *b = exactly(bound);
                fill(v, n, width, kind);
                size_t size = rle_by_definition(a, v, n, width);
                CHECK_INT(cw__rle_encode_u32(b, v, n, width), size);
                CHECK(memcmp(a, b, size) == 0);
                for (size_t i = 0; i < n; i++)
                    bytes[i] = (uint8_t)v[i];
                if (width <= 8) {
                    CHECK_INT(cw__rle_encode_u8(b, bytes, n, width), size);
                    CHECK(memcmp(a, b, size) == 0);
                }
                free(a);
                free(b);
            }
}

static void rle_is_small(void)
{
    uint32_t v[MOST];
    uint8_t out[40000];

    fill(v, MOST, 1, 3);
    CHECK(cw__rle_encode_u32(out, v, MOST, 1) <= 3);
    fill(v, MOST, 5, 0);
    CHECK(cw__rle_encode_u32(out, v, MOST, 5) <= MOST * 5 / 8 + 40);
    CHECK_INT(cw__rle_encode_run(out, 3, 100, 2), 3);
}

static void rle_runs_are_not_longer_than_what_is_wanted(void)
{
    uint8_t out[8];
    uint32_t back[100];
    size_t used, n = cw__rle_encode_run(out, 3, 100, 2);

    CHECK(cw__rle_decode_u32(out, n, 2, back, 100, &used));
    CHECK(!cw__rle_decode_u32(out, n, 2, back, 99, &used));
}

static void rle_of_bits(void)
{
    uint8_t bits[MOST / 8 + 2];
    uint32_t back[MOST];
    size_t used;

    for (size_t k = 0; k < LENGTHS; k++)
        for (size_t from = 0; from < 11; from++) {
            size_t n = lengths[k] > from ? lengths[k] - from : 0;
            for (size_t i = 0; i < sizeof bits; i++)
                bits[i] = any() % 3 ? (any() % 2 ? 0xFF : 0) : (uint8_t)any();
            uint8_t *tight = exactly((from + n + 7) / 8), *out = exactly(cw__rle_bound(n, 1));
            memcpy(tight, bits, (from + n + 7) / 8);
            size_t size = cw__rle_encode_bits(out, tight, from, n);
            CHECK(cw__rle_decode_u32(out, size, 1, back, n, &used));
            for (size_t i = 0; i < n; i++)
                REQUIRE(back[i] == (bits[(from + i) / 8] >> (from + i) % 8 & 1));
            free(tight);
            free(out);
        }
}

static void packing_is_the_same_everywhere(void)
{
    uint32_t v[1024];
    uint64_t wide[256], back[256];
    uint8_t a[4096], b[4096];

    for (unsigned width = 1; width <= 32; width++) {
        fill(v, 1024, width, 0);
        uint8_t *tight = exactly(128 * width);
        cw__pack_u32(tight, v, 1024, width);
        memcpy(a, tight, 128 * width);
        free(tight);
        cw__pack_u32_portable(b, v, 1024, width);
        CHECK(memcmp(a, b, 128 * width) == 0);
    }
    for (unsigned width = 1; width <= 64; width++) {
        for (size_t i = 0; i < 256; i++)
            wide[i] = any() >> (64 - width);
        uint8_t *tight = exactly(32 * width);
        cw__pack_u64(tight, wide, 256, width);
        cw__unpack_u64(back, tight, 256, width);
        CHECK(memcmp(wide, back, sizeof wide) == 0);
        free(tight);
    }
}

/* ---- deltas ---- */

static void check_i64(const int64_t *v, size_t n)
{
    uint8_t *out = exactly(cw__delta_bound(n, 8));
    int64_t *back = exactly(n * sizeof *back);
    size_t used, size = cw__delta_encode_i64(out, v, n);
    uint64_t count;

    REQUIRE(size <= cw__delta_bound(n, 8));
    uint8_t *tight = exactly(size);
    memcpy(tight, out, size);
    CHECK(cw__delta_count(tight, size, &count) && count == n);
    CHECK(cw__delta_decode_i64(tight, size, back, n, &used));
    CHECK_INT(used, size);
    CHECK(n == 0 || memcmp(v, back, n * sizeof *v) == 0);
    for (size_t cut = 0; cut < size && n > 1; cut += 1 + cut / 8)
        cw__delta_decode_i64(tight, cut, back, n, &used);
    free(out);
    free(back);
    free(tight);
}

static void check_i32(const int64_t *v, size_t n)
{
    uint8_t *out = exactly(cw__delta_bound(n, 4));
    int32_t *narrow = exactly(n * sizeof *narrow), *back = exactly(n * sizeof *back);
    size_t used, size;

    for (size_t i = 0; i < n; i++)
        narrow[i] = (int32_t)v[i];
    size = cw__delta_encode_i32(out, narrow, n);
    REQUIRE(size <= cw__delta_bound(n, 4));
    CHECK(cw__delta_decode_i32(out, size, back, n, &used));
    CHECK_INT(used, size);
    CHECK(n == 0 || memcmp(narrow, back, n * sizeof *back) == 0);
    free(out);
    free(narrow);
    free(back);
}

static void deltas_read_back(void)
{
    int64_t v[MOST];

    for (size_t k = 0; k < LENGTHS; k++)
        for (int bits = 0; bits <= 64; bits += bits < 8 ? 1 : 7) {
            for (size_t i = 0; i < lengths[k]; i++)
                v[i] = bits == 0    ? 5
                       : bits == 64 ? (i % 2 ? INT64_MAX : INT64_MIN)
                                    : (int64_t)(any() >> (64 - bits)) + (int64_t)i;
            check_i64(v, lengths[k]);
            check_i32(v, lengths[k]);
        }
}

static size_t make_strings(uint32_t *offsets, uint8_t *bytes, size_t n, int kind)
{
    offsets[0] = 0;
    for (size_t i = 0; i < n; i++) {
        size_t length = kind == 0 ? 0 : any() % 40;
        for (size_t b = 0; b < length; b++)
            bytes[offsets[i] + b] = (uint8_t)(kind == 1 ? any() : b < 20 ? b : any() % 3);
        offsets[i + 1] = offsets[i] + (uint32_t)length;
    }
    return offsets[n];
}

static void check_delta_length(const uint32_t *offsets, const uint8_t *bytes, size_t n)
{
    uint8_t *out = exactly(cw__delta_bound(n, 4) + offsets[n]);
    uint32_t *scratch = exactly(2 * n * sizeof *scratch);
    size_t used, size = cw__delta_lengths_encode(out, offsets, n, scratch);

    if (offsets[n])
        memcpy(out + size, bytes, offsets[n]);
    size += offsets[n];
    CHECK(cw__delta_length_decode(out, size, scratch, scratch + n, n, &used));
    CHECK_INT(used, size);
    for (size_t i = 0; i < n; i++) {
        REQUIRE(scratch[n + i] == offsets[i + 1] - offsets[i]);
        REQUIRE(memcmp(out + scratch[i], bytes + offsets[i], scratch[n + i]) == 0);
    }
    if (size > 12)
        CHECK(!cw__delta_length_decode(out, 5, scratch, scratch + n, n, &used) || n == 0);
    free(out);
    free(scratch);
}

/* The same texts in two places; of the second one, memory that is no longer than they are. */
typedef struct parted {
    cw__texts runs[2];
    uint8_t *copy;
} parted;

static parted part(const uint32_t *offsets, const uint8_t *bytes, size_t n)
{
    size_t at = n / 3, left = offsets[n] - offsets[at];
    parted x = {.copy = exactly(left)};

    if (left)
        memcpy(x.copy, bytes + offsets[at], left);
    x.runs[0] = (cw__texts){bytes, offsets, at};
    x.runs[1] = (cw__texts){x.copy, offsets + at, n - at};
    return x;
}

static void check_delta_bytes_parted(const uint32_t *offsets, const uint8_t *bytes, size_t n,
                                     const uint8_t *right, size_t right_n)
{
    uint8_t *out = exactly(cw__delta_bytes_bound(offsets, n));
    uint32_t *scratch = exactly(2 * n * sizeof *scratch);
    parted x = part(offsets, bytes, n);

    CHECK_INT(cw__delta_bytes_encode(out, x.runs, 2, n, scratch), right_n);
    CHECK(memcmp(out, right, right_n) == 0);
    free(x.copy);
    free(out);
    free(scratch);
}

static void check_delta_bytes(const uint32_t *offsets, const uint8_t *bytes, size_t n)
{
    uint8_t *out = exactly(cw__delta_bytes_bound(offsets, n)), *back = exactly(offsets[n]);
    uint32_t *scratch = exactly(3 * n * sizeof *scratch), *again = exactly((n + 1) * 4);
    const cw__texts texts = {bytes, offsets, n};
    size_t needed, used, size = cw__delta_bytes_encode(out, &texts, 1, n, scratch);

    check_delta_bytes_parted(offsets, bytes, n, out, size);
    CHECK(cw__delta_bytes_decode(out, size, again, back, offsets[n], n, &needed, &used, scratch));
    CHECK_INT(needed, offsets[n]);
    CHECK_INT(used, size);
    CHECK(memcmp(again, offsets, (n + 1) * 4) == 0);
    CHECK(offsets[n] == 0 || memcmp(back, bytes, offsets[n]) == 0);
    if (offsets[n]) {
        CHECK(!cw__delta_bytes_decode(out, size, again, back, offsets[n] - 1, n, &needed, &used,
                                      scratch));
        CHECK_INT(needed, offsets[n]);
    }
    free(out);
    free(back);
    free(scratch);
    free(again);
}

static void strings_read_back(void)
{
    static uint32_t offsets[MOST + 1];
    static uint8_t bytes[MOST * 40];

    for (size_t k = 0; k < LENGTHS; k++)
        for (int kind = 0; kind < 3; kind++) {
            make_strings(offsets, bytes, lengths[k], kind);
            check_delta_length(offsets, bytes, lengths[k]);
            check_delta_bytes(offsets, bytes, lengths[k]);
        }
}

static void garbage_does_no_harm(void)
{
    uint32_t values[200], scratch[600], offsets[201];
    int64_t wide[200];
    uint8_t bytes[1000];
    size_t used, needed;

    for (int round = 0; round < 20000; round++) {
        size_t n = any() % 120;
        uint8_t *in = exactly(n);
        for (size_t i = 0; i < n; i++)
            in[i] = (uint8_t)(any() % 4 ? any() % 8 : any());
        if (n > 3 && round % 2) {
            in[0] = 0x80;
            in[1] = 1;
            in[2] = 4;
        }
        cw__rle_decode_u32(in, n, (unsigned)(any() % 33), values, 200, &used);
        cw__delta_decode_i64(in, n, wide, 200, &used);
        cw__delta_decode_i32(in, n, (int32_t *)values, 200, &used);
        cw__delta_length_decode(in, n, scratch, scratch + 200, 200, &used);
        cw__delta_bytes_decode(in, n, offsets, bytes, sizeof bytes, 200, &needed, &used, scratch);
        free(in);
    }
}

/* ---- the others ---- */

static void splits_read_back(void)
{
    static const size_t widths[] = {1, 2, 3, 4, 7, 8, 12, 16, 31};

    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        for (size_t k = 0; k < LENGTHS; k++) {
            size_t n = lengths[k], width = widths[w];
            uint8_t *v = exactly(n * width), *out = exactly(n * width), *back = exactly(n * width);
            for (size_t i = 0; i < n * width; i++)
                v[i] = (uint8_t)any();
            cw__split_encode(out, v, n, width);
            for (size_t i = 0; i < n; i++)
                for (size_t b = 0; b < width; b++)
                    REQUIRE(out[b * n + i] == v[i * width + b]);
            cw__split_decode(back, out, n, width);
            CHECK(n == 0 || memcmp(v, back, n * width) == 0);
            free(v);
            free(out);
            free(back);
        }
}

static void check_dictionary(const cw__dictionary *d, const uint8_t *v, size_t n, size_t width)
{
    for (size_t i = 0; i < n; i++) {
        REQUIRE(d->indices[i] < d->count);
        REQUIRE(memcmp(v + i * width, v + d->firsts[d->indices[i]] * width, width) == 0);
    }
    for (size_t i = 0; i < d->count; i++)
        REQUIRE(d->indices[d->firsts[i]] == i);
}

/* Every entry is said to be the first value that is equal to it. */
static void check_firsts(const cw__dictionary *d, size_t n)
{
    uint8_t *seen = calloc(d->count, 1);

    REQUIRE(seen);
    for (size_t i = 0; i < n; i++) {
        uint32_t entry = d->indices[i];
        REQUIRE(seen[entry] || d->firsts[entry] == i);
        seen[entry] = 1;
    }
    free(seen);
}

static void dictionaries_of_numbers(void)
{
    static const size_t widths[] = {1, 4, 8, 12, 16};

    for (size_t w = 0; w < 5; w++)
        for (int kind = 0; kind < 4; kind++) {
            size_t n = 20000, width = widths[w];
            uint8_t *v = calloc(n, width);
            cw__dictionary d = {0};
            REQUIRE(v);
            for (size_t i = 0; i < n; i++) {
                uint64_t x = kind == 0   ? any() % 50
                             : kind == 1 ? (any() % 3000) * 0x123456789u
                             : kind == 2 ? 0 - any() % 1000
                                         : any();
                memcpy(v + i * width, &x, width < 8 ? width : 8);
            }
            REQUIRE(cw__dictionary_of_fixed(&d, v, n, width, 1 << 30, 1 << 30) ==
                    CW__DICTIONARY_BUILT);
            check_dictionary(&d, v, n, width);
            check_firsts(&d, n);
            CHECK_INT(d.bytes, d.count * width);
            size_t count = d.count;
            CHECK_INT(cw__dictionary_of_fixed(&d, v, n, width, count - 1, 1 << 30),
                      CW__DICTIONARY_TOO_LARGE);
            CHECK_INT(cw__dictionary_of_fixed(&d, v, n, width, 1 << 30, count * width - 1),
                      CW__DICTIONARY_TOO_LARGE);
            REQUIRE(cw__dictionary_of_fixed(&d, v, n / 2, width, 1 << 30, 1 << 30) ==
                    CW__DICTIONARY_BUILT);
            check_dictionary(&d, v, n / 2, width);
            cw__dictionary_free(&d);
            free(v);
        }
}

static double nth_decimal(size_t i, double scale, uint64_t range)
{
    return ((double)(int64_t)(any() % range) - (double)(i % 3)) / scale;
}

/* How many ascending runs of decimal numbers that lie multiples of `step` / `scale` apart. */
static size_t count_runs(const double *v, const cw__dictionary *d, double scale, int64_t step)
{
    size_t runs = 1;

    for (size_t i = 1; i < d->count; i++) {
        double apart = (v[d->firsts[i]] - v[d->firsts[i - 1]]) * scale;
        runs += !(apart > 0.5 && apart < 1e9 && (int64_t)(apart + 0.5) % step == 0);
    }
    return runs;
}

/* Ascending among those that end in the same bits where they are many, and always bit by bit: zeros
   of two signs are two, and NaN is one. */
static void dictionaries_of_decimals(void)
{
    enum { N = 20000 };
    static const double scales[] = {1, 10, 100, 1000, 10000, 3};
    static const int64_t steps[] = {1, 5, 25, 125, 625, 1};
    double *v = malloc(N * sizeof *v);

    REQUIRE(v);
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++)
        for (int odd = 0; odd < 4; odd++) {
            cw__dictionary d = {0};
            for (size_t i = 0; i < N; i++)
                v[i] = nth_decimal(i, scales[s], 30000);
            v[N - 2] = odd == 1 ? -0.0 : odd == 2 ? NAN : odd == 3 ? INFINITY : v[0];
            v[N - 5] = 0;
            REQUIRE(cw__dictionary_of_fixed(&d, v, N, 8, N, 8 * N) == CW__DICTIONARY_BUILT);
            check_dictionary(&d, (const uint8_t *)v, N, 8);
            check_firsts(&d, N);
            size_t runs = count_runs(v, &d, scales[s], steps[s]);
            CHECK_INT(runs <= (size_t)steps[s], odd == 0 && scales[s] != 3);
            CHECK_INT(cw__dictionary_of_fixed(&d, v, N, 8, d.count - 1, 8 * N),
                      CW__DICTIONARY_TOO_LARGE);
            cw__dictionary_free(&d);
        }
    free(v);
}

/* What lies behind a value must not become part of it, however few there are. */
static void dictionaries_of_few_values(void)
{
    static const size_t widths[] = {1, 2, 4, 8, 12};

    for (size_t w = 0; w < 5; w++)
        for (size_t n = 1; n < 100; n++) {
            uint8_t *v = malloc(n * widths[w]);
            cw__dictionary d = {0};
            REQUIRE(v);
            for (size_t i = 0; i < n * widths[w]; i++)
                v[i] = (uint8_t)(i / widths[w] % 3);
            REQUIRE(cw__dictionary_of_fixed(&d, v, n, widths[w], n, n * widths[w]) ==
                    CW__DICTIONARY_BUILT);
            check_dictionary(&d, v, n, widths[w]);
            CHECK_INT(d.count, n < 3 ? n : 3);
            CHECK_INT(d.bytes, d.count * widths[w]);
            cw__dictionary_free(&d);
            free(v);
        }
}

static void dictionaries_of_characters(void)
{
    static const uint8_t flags[] = "ANRNNANR";
    static const uint32_t offsets[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    const cw__texts all = {flags, offsets, 8};
    const parted x = part(offsets, flags, 8);
    cw__dictionary d = {0};

    REQUIRE(cw__dictionary_of_texts(&d, &all, 1, 8, 8, 15) == CW__DICTIONARY_BUILT);
    CHECK_INT(d.count, 3);
    CHECK_INT(d.bytes, 15);
    check_dictionary(&d, flags, 8, 1);
    CHECK_INT(cw__dictionary_of_texts(&d, &all, 1, 8, 8, 14), CW__DICTIONARY_TOO_LARGE);
    CHECK_INT(cw__dictionary_of_texts(&d, &all, 1, 8, 2, 99), CW__DICTIONARY_TOO_LARGE);
    REQUIRE(cw__dictionary_of_texts(&d, x.runs, 2, 8, 8, 15) == CW__DICTIONARY_BUILT);
    CHECK_INT(d.count, 3);
    CHECK_INT(d.bytes, 15);
    check_dictionary(&d, flags, 8, 1);
    cw__dictionary_free(&d);
    free(x.copy);
}

static void check_dictionary_of_texts(const cw__dictionary *d, const uint32_t *offsets,
                                      const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t first = d->firsts[d->indices[i]], length = offsets[i + 1] - offsets[i];
        REQUIRE(offsets[first + 1] - offsets[first] == length);
        REQUIRE(memcmp(bytes + offsets[first], bytes + offsets[i], length) == 0);
    }
    for (size_t i = 0; i < d->count; i++)
        REQUIRE(d->indices[d->firsts[i]] == i);
}

static void dictionaries_of_bytes(void)
{
    static uint32_t offsets[MOST + 1];
    static uint8_t bytes[MOST * 40];

    for (int kind = 0; kind < 3; kind++) {
        cw__dictionary d = {0};
        make_strings(offsets, bytes, MOST, kind);
        const cw__texts all = {bytes, offsets, MOST};
        const parted x = part(offsets, bytes, MOST);
        REQUIRE(cw__dictionary_of_texts(&d, &all, 1, MOST, SIZE_MAX, SIZE_MAX) ==
                CW__DICTIONARY_BUILT);
        check_dictionary_of_texts(&d, offsets, bytes, MOST);
        size_t count = d.count, size = d.bytes;
        REQUIRE(cw__dictionary_of_texts(&d, x.runs, 2, MOST, SIZE_MAX, SIZE_MAX) ==
                CW__DICTIONARY_BUILT);
        check_dictionary_of_texts(&d, offsets, bytes, MOST);
        CHECK_INT(d.count, count);
        CHECK_INT(d.bytes, size);
        cw__dictionary_free(&d);
        free(x.copy);
    }
}

/* From the reference implementation's published values. */
static void hashes_are_xxh64(void)
{
    CHECK(cw__xxh64("", 0) == UINT64_C(0xEF46DB3751D8E999));
    CHECK(cw__xxh64("a", 1) == UINT64_C(0xD24EC4F1A98C6E5B));
    CHECK(cw__xxh64("abc", 3) == UINT64_C(0x44BC2CF5AD770999));
    CHECK(cw__xxh64("Nobody inspects the spammish repetition", 39) == UINT64_C(0xFBCEA83C8A378BF1));
}

static void bloom_filters(void)
{
    size_t bytes = cw__bloom_bytes(10000, 0.01), found = 0;
    uint8_t *filter = calloc(1, bytes);

    REQUIRE(filter);
    CHECK(bytes >= 8192 && bytes <= 32768);
    CHECK_INT(cw__bloom_bytes(0, 0.01), 32);
    for (uint64_t i = 0; i < 10000; i++)
        cw__bloom_add(filter, bytes, cw__xxh64(&i, sizeof i));
    for (uint64_t i = 0; i < 10000; i++)
        REQUIRE(cw__bloom_has(filter, bytes, cw__xxh64(&i, sizeof i)));
    for (uint64_t i = 10000; i < 110000; i++)
        found += cw__bloom_has(filter, bytes, cw__xxh64(&i, sizeof i));
    CHECK(found < 1000);
    free(filter);
}

int main(int argc, char **argv)
{
    TEST(rle_reads_back);
    TEST(rle_is_as_defined);
    TEST(rle_is_small);
    TEST(rle_runs_are_not_longer_than_what_is_wanted);
    TEST(rle_of_bits);
    TEST(packing_is_the_same_everywhere);
    TEST(deltas_read_back);
    TEST(strings_read_back);
    TEST(garbage_does_no_harm);
    TEST(splits_read_back);
    TEST(dictionaries_of_numbers);
    TEST(dictionaries_of_decimals);
    TEST(dictionaries_of_few_values);
    TEST(dictionaries_of_characters);
    TEST(dictionaries_of_bytes);
    TEST(hashes_are_xxh64);
    TEST(bloom_filters);
    return test_end();
}
