/* test_hedge.c - what is usual of parts, and when one is stuck */
#include "harness.h"

#include "s3/hedge.h"

enum { BYTES = 8 * 1024 * 1024 };

static cw__hedge fresh(void)
{
    cw__hedge h;

    REQUIRE(cw__hedge_init(&h) == 0);
    return h;
}

static void see(cw__hedge *h, unsigned times, uint64_t ms)
{
    while (times-- > 0)
        cw__hedge_seen(h, CW__HEDGE_SENT, BYTES, ms);
}

static void knows_nothing_before_it_has_seen_some(void)
{
    cw__hedge h = fresh();

    see(&h, 11, 400);
    CHECK_INT(cw__hedge_patience_ms(&h, CW__HEDGE_SENT, BYTES), 0);
    see(&h, 1, 300);
    CHECK_INT(cw__hedge_patience_ms(&h, CW__HEDGE_SENT, BYTES), 800);
    CHECK_INT(cw__hedge_patience_ms(&h, CW__HEDGE_FETCHED, BYTES), 0);
    cw__hedge_destroy(&h);
}

static void has_patience_with_large_parts_and_never_none(void)
{
    cw__hedge h = fresh();

    see(&h, 12, 400);
    CHECK_INT(cw__hedge_patience_ms(&h, CW__HEDGE_SENT, 2 * BYTES), 1600);
    CHECK_INT(cw__hedge_patience_ms(&h, CW__HEDGE_SENT, 1), 800);
    see(&h, 2000, 1);
    CHECK_INT(cw__hedge_patience_ms(&h, CW__HEDGE_SENT, BYTES), 500);
    cw__hedge_destroy(&h);
}

/* One in twenty takes five times as long: that is about what is usual, and so it stays. */
static void settles_where_few_take_longer(void)
{
    cw__hedge h = fresh();
    unsigned longer = 0;

    for (unsigned i = 0; i < 4000; i++) {
        uint64_t ms = 200 + (i * 7919 % 1000); /* even from 200 to 1,199 */
        longer += i >= 1000 && ms > cw__hedge_patience_ms(&h, CW__HEDGE_SENT, BYTES) / 2;
        cw__hedge_seen(&h, CW__HEDGE_SENT, BYTES, ms);
    }
    CHECK(longer > 3000 * 2 / 100 && longer < 3000 * 8 / 100);
    cw__hedge_destroy(&h);
}

static unsigned taken(cw__hedge *h)
{
    unsigned n = 0;

    while (n < 1000 && cw__hedge_take(h))
        n++;
    return n;
}

static void allows_a_few_in_a_hundred(void)
{
    cw__hedge h = fresh();

    CHECK_INT(taken(&h), 2);
    see(&h, 110, 10);
    CHECK_INT(taken(&h), 3);
    see(&h, 100000, 10);
    CHECK_INT(taken(&h), 8);
    cw__hedge_destroy(&h);
}

int main(int argc, char **argv)
{
    TEST(knows_nothing_before_it_has_seen_some);
    TEST(has_patience_with_large_parts_and_never_none);
    TEST(settles_where_few_take_longer);
    TEST(allows_a_few_in_a_hundred);
    return test_end();
}
