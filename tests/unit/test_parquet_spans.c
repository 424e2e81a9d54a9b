/* test_parquet_spans.c - numbers of a column that stay where they lie */
#include <string.h>

#include "base/memory.h"
#include "format/parquet/column/buffer.h"
#include "harness.h"

static int released;

static void release(struct ArrowArray *a)
{
    released++;
    a->release = NULL;
}

static cw__loan *loan_of_an_array(void)
{
    cw__loan *loan = cw__loan_new();

    REQUIRE(loan);
    loan->array.release = release;
    return loan;
}

static void the_last_holder_releases(void)
{
    cw__loan *loan = loan_of_an_array();
    cw__spans x = {0}, y = {0};
    uint64_t values[4] = {0};

    released = 0;
    REQUIRE(cw__spans_lend(&x, loan, (void *)values, 16, 2, 0));
    REQUIRE(cw__spans_lend(&x, loan, (void *)(values + 2), 16, 2, 2)); /* held once all the same */
    REQUIRE(cw__spans_lend(&y, loan, (void *)values, 32, 4, 0));
    CHECK_INT(loan->holders, 3);
    CHECK_INT(x.count, 1);
    CHECK_INT(x.lent, 32);
    cw__loan_let_go(loan);
    cw__spans_reset(&x);
    CHECK_INT(released, 0);
    cw__spans_free(&y);
    CHECK_INT(released, 1);
    cw__spans_free(&x);
}

static void what_never_became_ours_is_not_released(void)
{
    cw__loan *loan = cw__loan_new();

    REQUIRE(loan);
    cw__loan_let_go(loan);
}

/* ---- values in several places ---- */

enum { PIECE = 100, PIECES = 7, ALL = PIECE * PIECES };

/* Pieces that are gathered and lent in turn; two that are lent lie side by side. */
static void fill(cw__column_buffer *b, const int32_t *values, cw__loan *loan)
{
    static const bool lent[PIECES] = {false, true, true, false, true, false, false};

    for (size_t i = 0; i < PIECES; i++) {
        const uint8_t *p = (const uint8_t *)(values + i * PIECE);
        if (lent[i]) {
            REQUIRE(cw__spans_lend(&b->spans, loan, p, PIECE * 4, PIECE, b->count));
        } else {
            REQUIRE(cw__grow(&b->values, PIECE * 4));
            memcpy(b->values.p + b->values.n, p, PIECE * 4);
            if (b->spans.count)
                REQUIRE(cw__spans_own(&b->spans, b->values.n, PIECE * 4, PIECE, b->count));
            b->values.n += PIECE * 4;
        }
        b->count += PIECE;
    }
}

static void values_wherever_they_lie(void)
{
    static const cw__leaf leaf = {.physical = CW__INT32, .width = 4};
    static int32_t values[ALL], copy[ALL];
    cw__loan *loan = loan_of_an_array();
    cw__column_buffer b;
    cw__grown scratch = {0};

    for (int i = 0; i < ALL; i++)
        values[i] = i * 7919;
    cw__column_buffer_init(&b, &leaf);
    fill(&b, values, loan);
    CHECK_INT(b.spans.count, 5);
    CHECK_INT(cw__column_lent(&b), 3 * PIECE * 4);
    for (size_t i = 0; i < ALL; i++) {
        size_t n = ALL - i;
        const uint8_t *p = cw__values_run(&b, i, &n);
        CHECK(n > 0 && memcmp(p, values + i, n * 4) == 0);
        CHECK((i + n) % PIECE == 0);
    }
    for (size_t from = 0; from < ALL; from += 33)
        for (size_t n = 0; from + n <= ALL; n += 57) {
            memset(copy, 0, sizeof copy);
            cw__values_copy((uint8_t *)copy, &b, from, n);
            CHECK(memcmp(copy, values + from, n * 4) == 0);
            const uint8_t *p = cw__values_together(&b, from, n, &scratch);
            REQUIRE(p);
            CHECK(memcmp(p, values + from, n * 4) == 0);
        }
    CHECK(cw__values_together(&b, PIECE, 2 * PIECE, &scratch) == (const uint8_t *)(values + PIECE));
    released = 0;
    cw__loan_let_go(loan);
    cw__column_buffer_reset(&b);
    CHECK_INT(released, 1);
    CHECK_INT(cw__column_lent(&b), 0);
    cw__grown_free(&scratch);
    cw__column_buffer_free(&b);
}

/* ---- values that wait ---- */

/* One by one, those whose bit is set. */
static size_t pick_slowly(int32_t *to, const int32_t *from, size_t n, const uint8_t *bits,
                          size_t bit)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (bits[(bit + i) / 8] >> (bit + i) % 8 & 1)
            to[count++] = from[i];
    return count;
}

static void wait_for(cw__column_buffer *b, cw__loan *loan, const int32_t *values, size_t slots,
                     const uint8_t *bits, size_t bit)
{
    const size_t n = cw__count_bits(bits, bit, slots);
    const cw__span span = {.lent = (const uint8_t *)values,
                           .first = b->count,
                           .n = n,
                           .bytes = n * sizeof *values,
                           .there = bits,
                           .bit = bit,
                           .slots = slots};

    REQUIRE(cw__spans_wait(&b->spans, loan, &span, slots * sizeof *values));
    b->count += n;
}

/* Gathered ones, some that wait, lent ones that lie right behind these, and more that wait. */
static void values_that_wait(void)
{
    static const cw__leaf leaf = {.physical = CW__INT32, .width = 4};
    static int32_t values[ALL], right[ALL], copy[ALL];
    uint8_t bits[ALL / 8 + 2];
    cw__loan *loan = loan_of_an_array();
    cw__column_buffer b;
    cw__grown scratch = {0};
    size_t n = PIECE;

    for (int i = 0; i < ALL; i++)
        right[i] = values[i] = i * 7919;
    for (size_t i = 0; i < sizeof bits; i++)
        bits[i] = (uint8_t)(i * 37 + 0x5A);
    cw__column_buffer_init(&b, &leaf);
    REQUIRE(cw__grow(&b.values, PIECE * 4));
    memcpy(b.values.p, values, PIECE * 4);
    b.values.n = PIECE * 4;
    b.count = PIECE;
    wait_for(&b, loan, values + PIECE, PIECE, bits, 3);
    n += pick_slowly(right + n, values + PIECE, PIECE, bits, 3);
    REQUIRE(cw__spans_lend(&b.spans, loan, (void *)(values + n), PIECE * 4, PIECE, b.count));
    memcpy(right + n, values + n, PIECE * 4);
    b.count += PIECE;
    n += PIECE;
    wait_for(&b, loan, values + 4 * PIECE, 3 * PIECE, bits, 0);
    n += pick_slowly(right + n, values + 4 * PIECE, 3 * PIECE, bits, 0);
    CHECK_INT(b.count, n);
    CHECK_INT(b.spans.count, 4);
    CHECK_INT(cw__column_lent(&b), 5 * PIECE * 4);

    REQUIRE(cw__column_pick(&b, &scratch));
    CHECK(b.spans.picked);
    cw__values_copy((uint8_t *)copy, &b, 0, n);
    CHECK(memcmp(copy, right, n * 4) == 0);
    REQUIRE(cw__column_pick(&b, &scratch)); /* nothing waits any more */
    CHECK(memcmp(cw__column_value(&b, n - 1, &(size_t){0}), right + n - 1, 4) == 0);
    released = 0;
    cw__loan_let_go(loan);
    cw__column_buffer_reset(&b);
    CHECK_INT(released, 1);
    CHECK(!b.spans.picked && b.spans.waiting == 0);
    cw__grown_free(&scratch);
    cw__column_buffer_free(&b);
}

int main(int argc, char **argv)
{
    TEST(the_last_holder_releases);
    TEST(what_never_became_ours_is_not_released);
    TEST(values_wherever_they_lie);
    TEST(values_that_wait);
    return test_end();
}
