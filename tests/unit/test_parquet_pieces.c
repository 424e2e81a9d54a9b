/* test_parquet_pieces.c - bytes one after the other: copied, or lent from where they lie */
#include <string.h>

#include "format/parquet/column/pieces.h"
#include "harness.h"

static uint8_t large[10000];

/* Everything in order, and where each byte of what was lent is. */
static void check(const cw__pieces *x, const uint8_t *want, size_t n)
{
    size_t at = 0;

    CHECK_INT(x->n, n);
    for (size_t i = 0, k; i < cw__pieces_count(x); i++) {
        const uint8_t *p = cw__pieces_at(x, i, &k);
        REQUIRE(at + k <= n);
        CHECK(k == 0 || memcmp(p, want + at, k) == 0);
        at += k;
    }
    CHECK_INT(at, n);
}

static void nothing(void)
{
    cw__pieces x = {0};

    check(&x, large, 0);
    REQUIRE(cw__pieces_add(&x, NULL, 0) && cw__pieces_lend(&x, NULL, 0));
    check(&x, large, 0);
    CHECK_INT(x.lent_count, 0);
    cw__pieces_free(&x);
}

static void copied_and_lent(void)
{
    static uint8_t want[100000];
    cw__pieces x = {0}, all = {0};
    size_t n = 0;

    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t i = 0; i < 8; i++) {
        size_t from = 13 * i, k = i % 3 ? 100 * i : sizeof large - from;
        REQUIRE(i % 2 ? cw__pieces_add(&x, large + from, k) : cw__pieces_lend(&x, large + from, k));
        memcpy(want + n, large + from, k);
        n += k;
    }
    check(&x, want, n);
    CHECK_INT(x.lent_count, 2); /* 0 and 6: 2 and 4 are small */
    size_t seen;
    CHECK(cw__pieces_at(&x, 1, &seen) == large && seen == sizeof large);
    REQUIRE(cw__pieces_join(&all, &x));
    check(&all, want, n);
    REQUIRE(cw__pieces_add(&all, "a", 1));
    want[n] = 'a';
    memcpy(want + n + 1, want, n);
    REQUIRE(cw__pieces_join(&all, &x));
    check(&all, want, 2 * n + 1);
    CHECK(cw__pieces_room(&all) > 0);
    cw__pieces_reset(&all);
    check(&all, want, 0);
    cw__pieces_free(&all);
    cw__pieces_free(&x);
}

int main(int argc, char **argv)
{
    TEST(nothing);
    TEST(copied_and_lent);
    return test_end();
}
