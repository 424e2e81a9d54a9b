/* test_parquet_extremes.c - the least and the most, beside comparing every value with every other
 */
#include <math.h>
#include <string.h>

#include "format/parquet/column/extremes.h"
#include "harness.h"

enum { MOST = 300, MOST_BYTES = 60 };

static uint64_t seed = 88172645463325252U;

static unsigned below(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

/* ---- byte arrays ---- */

static const cw__leaf text_leaf = {.physical = CW__BYTE_ARRAY, .order = CW__ORDER_BYTES};

static int compare(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n)
{
    int order = memcmp(a, b, a_n < b_n ? a_n : b_n);

    return order ? order : (a_n > b_n) - (a_n < b_n);
}

/* Values that share so many bytes, and then few different ones: zeros as well, which are not the
   same as nothing. */
static size_t make_value(uint8_t *to, size_t shared)
{
    static const uint8_t letters[] = {0, 0, 'a', 'b', 0xFF};
    size_t n = below(10) ? shared + below(MOST_BYTES - (unsigned)shared) : below(8);

    for (size_t i = 0; i < n; i++)
        to[i] = i < shared ? (uint8_t)('A' + i) : letters[below(sizeof letters)];
    return n;
}

static void check_texts(const cw__column_buffer *b)
{
    const uint32_t *at = cw__column_offsets(b);
    size_t least = 0, most = 0, n;
    cw__extremes e;

    for (size_t i = 1; i < b->count; i++) {
        const uint8_t *p = b->values.p + at[i];
        size_t k = at[i + 1] - at[i];
        if (compare(p, k, b->values.p + at[least], at[least + 1] - at[least]) < 0)
            least = i;
        if (compare(p, k, b->values.p + at[most], at[most + 1] - at[most]) > 0)
            most = i;
    }
    cw__extremes_of(&e, b, 0, b->count);
    REQUIRE(e.any);
    const uint8_t *p = cw__extremes_least(&e, &text_leaf, &n);
    CHECK(compare(p, n, b->values.p + at[least], at[least + 1] - at[least]) == 0);
    p = cw__extremes_most(&e, &text_leaf, &n);
    CHECK(compare(p, n, b->values.p + at[most], at[most + 1] - at[most]) == 0);
}

static void texts(void)
{
    for (int round = 0; round < 4000 && test_failures_here == 0; round++) {
        cw__column_buffer b;
        size_t shared = below(50), count = 1 + below(MOST), bytes = 0;

        cw__column_buffer_init(&b, &text_leaf);
        uint32_t *at = malloc((count + 1) * sizeof *at);
        uint8_t *values = malloc(count * MOST_BYTES);
        REQUIRE(at && values);
        for (size_t i = 0; i < count; i++) {
            at[i] = (uint32_t)bytes;
            bytes += make_value(values + bytes, shared);
        }
        at[count] = (uint32_t)bytes;
        REQUIRE(cw__grow(&b.values, bytes + 1) && cw__grow(&b.offsets, (count + 1) * 4));
        memcpy(b.values.p, values, bytes);
        memcpy(b.offsets.p, at, (count + 1) * 4);
        b.values.n = bytes;
        b.count = count;
        check_texts(&b);
        free(at);
        free(values);
        cw__column_buffer_free(&b);
    }
}

/* ---- floating point ---- */

static void doubles(void)
{
    static const cw__leaf leaf = {
        .physical = CW__DOUBLE, .order = CW__ORDER_FLOAT, .width = sizeof(double)};

    for (size_t count = 1; count < 70; count++) {
        double v[70], least = INFINITY, most = -INFINITY, told;
        size_t nans = 0;
        cw__column_buffer b;
        cw__extremes e;

        for (size_t i = 0; i < count; i++) {
            v[i] = below(4) ? (double)below(1000) - 500 : (double)NAN;
            nans += isnan(v[i]) != 0;
            least = v[i] < least ? v[i] : least;
            most = v[i] > most ? v[i] : most;
        }
        cw__column_buffer_init(&b, &leaf);
        REQUIRE(cw__grow(&b.values, sizeof v));
        memcpy(b.values.p, v, count * sizeof *v);
        b.count = count;
        cw__extremes_of(&e, &b, 0, count);
        CHECK_INT(e.nans, nans);
        CHECK(e.any == (nans < count));
        memcpy(&told, e.min_fixed, sizeof told);
        CHECK(!e.any || told == least);
        memcpy(&told, e.max_fixed, sizeof told);
        CHECK(!e.any || told == most);
        cw__column_buffer_free(&b);
    }
}

int main(int argc, char **argv)
{
    TEST(texts);
    TEST(doubles);
    return test_end();
}
