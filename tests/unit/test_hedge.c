/* test_hedge.c - what is usual of parts, when one is late, and which of those are hedged */
#include "harness.h"

#include "s3/hedge.h"

enum { BYTES = 8 * 1024 * 1024 };

static cw__hedge fresh(void)
{
    cw__hedge h;

    REQUIRE(cw__hedge_init(&h) == 0);
    return h;
}

static uint32_t begin(cw__hedge *h, cw__hedge_watch *w, uint64_t bytes)
{
    *w = (cw__hedge_watch){0};
    return cw__hedge_begin(h, w, CW__HEDGE_SENT, bytes);
}

static void see(cw__hedge *h, unsigned times, uint64_t ms)
{
    cw__hedge_watch w;

    while (times-- > 0) {
        begin(h, &w, BYTES);
        cw__hedge_through(h, &w, ms);
        cw__hedge_end(h, &w);
    }
}

static uint32_t usual(cw__hedge *h, uint64_t bytes)
{
    cw__hedge_watch w;

    return begin(h, &w, bytes);
}

static void knows_nothing_before_it_has_seen_some(void)
{
    cw__hedge h = fresh();
    cw__hedge_watch w, other = {0};

    CHECK_INT(begin(&h, &w, BYTES), 250);
    see(&h, 11, 400);
    CHECK_INT(usual(&h, BYTES), 250);
    CHECK(!cw__hedge_ask(&h, &w, 0, 100000, 100000));
    see(&h, 1, 300);
    CHECK_INT(usual(&h, BYTES), 400);
    CHECK(cw__hedge_ask(&h, &w, 0, 100000, 100000)); /* though it began before */
    CHECK_INT(cw__hedge_begin(&h, &other, CW__HEDGE_FETCHED, BYTES), 250);
    CHECK(!cw__hedge_ask(&h, &other, 0, 100000, 100000));
    cw__hedge_end(&h, &w);
    cw__hedge_destroy(&h);
}

static void has_patience_with_large_parts_and_never_none(void)
{
    cw__hedge h = fresh();

    see(&h, 12, 400);
    CHECK_INT(usual(&h, 2 * BYTES), 800);
    CHECK_INT(usual(&h, 1), 400);
    see(&h, 2000, 1);
    CHECK_INT(usual(&h, BYTES), 250);
    cw__hedge_destroy(&h);
}

/* One in twenty takes longer than what is usual. */
static void settles_where_few_take_longer(void)
{
    cw__hedge h = fresh();
    unsigned longer = 0;

    for (unsigned i = 0; i < 4000; i++) {
        uint64_t ms = 400 + (i * 7919 % 1000); /* even from 400 to 1,399 */
        longer += i >= 1000 && ms > usual(&h, BYTES);
        see(&h, 1, ms);
    }
    CHECK(longer > 3000 * 2 / 100 && longer < 3000 * 8 / 100);
    cw__hedge_destroy(&h);
}

/* Usual are 400 ms: of one that is asked about once. */
static bool is_hedged(uint64_t moved, uint32_t age_ms, uint32_t quiet_ms)
{
    cw__hedge h = fresh();
    cw__hedge_watch w;
    bool is;

    see(&h, 12, 400);
    begin(&h, &w, BYTES);
    is = cw__hedge_ask(&h, &w, moved, age_ms, quiet_ms);
    cw__hedge_end(&h, &w);
    CHECK_INT(h.usual[1].late, 0);
    cw__hedge_destroy(&h);
    return is;
}

static void late_is_what_is_stuck_or_trickles(void)
{
    CHECK(!is_hedged(0, 399, 399));
    CHECK(is_hedged(0, 400, 400));              /* not begun */
    CHECK(is_hedged(0, 400, 10));               /* a head, and no more */
    CHECK(is_hedged(BYTES / 4, 400, 10));       /* would take 1.6 s in all */
    CHECK(!is_hedged(BYTES / 2, 400, 10));      /* 800 ms in all: another would take as long */
    CHECK(!is_hedged(BYTES / 2, 700, 390));     /* stuck in the middle, or not */
    CHECK(is_hedged(BYTES / 2, 700, 400));      /* it is */
    CHECK(!is_hedged(BYTES * 9 / 10, 3000, 1)); /* slow, but nearly there */
    CHECK(is_hedged(BYTES * 7 / 10, 3000, 1));
    CHECK(!is_hedged(BYTES, 700, 300)); /* waits for its answer, and for too long */
    CHECK(is_hedged(BYTES, 700, 400));
}

/* Not what it began with, nor what it has lost a while ago. */
static void the_speed_of_late_is_what_counts(void)
{
    static const struct {
        uint32_t age_ms;
        uint64_t moved;
        bool hedged;
    } looks[] = {
        {400, BYTES * 3 / 4, false}, /* all at once, and then next to nothing */
        {500, BYTES * 3 / 4 + 10, false},
        {599, BYTES * 3 / 4 + 20, false},
        {600, BYTES * 3 / 4 + 30, true},
    };
    cw__hedge h = fresh();
    cw__hedge_watch w;

    see(&h, 12, 400);
    begin(&h, &w, BYTES);
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        CHECK_INT(cw__hedge_ask(&h, &w, looks[i].moved, looks[i].age_ms, 20), looks[i].hedged);
    cw__hedge_end(&h, &w);
    begin(&h, &w, BYTES);
    h.usual[1].allowance = 0; /* so it goes on, and finds its speed again */
    CHECK(!cw__hedge_ask(&h, &w, 1000, 600, 20));
    cw__hedge_end(&h, &w);
    h.usual[1].allowance = 10.0 * BYTES;
    CHECK(!cw__hedge_ask(&h, &w, BYTES / 2, 900, 20));
    cw__hedge_end(&h, &w);
    cw__hedge_destroy(&h);
}

/* How many of so many that are stuck at once, when `others` got through meanwhile. */
static unsigned hedged_of(unsigned stuck, unsigned others)
{
    cw__hedge h = fresh();
    cw__hedge_watch w[16];
    unsigned n = 0;

    see(&h, 500, 400);
    for (unsigned i = 0; i < stuck; i++)
        begin(&h, &w[i], BYTES);
    see(&h, others, 400);
    for (unsigned i = 0; i < stuck; i++)
        n += cw__hedge_ask(&h, &w[i], 0, 10000, 10000);
    for (unsigned i = 0; i < stuck; i++)
        cw__hedge_end(&h, &w[i]);
    CHECK_INT(h.usual[1].late, 0);
    cw__hedge_destroy(&h);
    return n;
}

/* When all are late, that is the network, or the service: one is tried, to see. */
static void the_network_itself_may_be_slow(void)
{
    CHECK_INT(hedged_of(1, 0), 1);
    CHECK_INT(hedged_of(8, 0), 1);
    CHECK_INT(hedged_of(4, 3), 4);
    CHECK_INT(hedged_of(8, 4), 5);
}

/* And then it soon is what is usual. */
static void those_that_are_late_tell_at_once(void)
{
    cw__hedge h = fresh();
    cw__hedge_watch w[8];

    see(&h, 12, 400);
    for (int i = 0; i < 8; i++)
        begin(&h, &w[i], BYTES);
    for (int i = 0; i < 8; i++)
        for (int again = 0; again < 3; again++)
            cw__hedge_ask(&h, &w[i], BYTES / 100, 5000, 5000);
    CHECK(usual(&h, BYTES) > 1500);
    for (int i = 0; i < 8; i++) {
        cw__hedge_through(&h, &w[i], 100000); /* not a second time */
        cw__hedge_end(&h, &w[i]);
    }
    CHECK(usual(&h, BYTES) < 2000);
    cw__hedge_destroy(&h);
}

static unsigned taken(cw__hedge *h, uint64_t bytes)
{
    unsigned n = 0;

    for (bool more = true; more && n < 1000; n += more) {
        cw__hedge_watch w;
        begin(h, &w, bytes);
        more = cw__hedge_ask(h, &w, 0, 1000 * 1000, 1000 * 1000);
        cw__hedge_end(h, &w);
    }
    return n;
}

static void allows_a_few_bytes_in_a_hundred(void)
{
    cw__hedge h = fresh();

    CHECK_INT(taken(&h, BYTES), 0);
    see(&h, 12, 10);
    CHECK_INT(taken(&h, BYTES), 2);
    see(&h, 77, 10);
    CHECK_INT(taken(&h, 1024 * 1024), 24); /* 3.08 parts */
    see(&h, 100000, 10);
    CHECK_INT(taken(&h, BYTES), 8);
    cw__hedge_destroy(&h);
}

int main(int argc, char **argv)
{
    TEST(knows_nothing_before_it_has_seen_some);
    TEST(has_patience_with_large_parts_and_never_none);
    TEST(settles_where_few_take_longer);
    TEST(late_is_what_is_stuck_or_trickles);
    TEST(the_speed_of_late_is_what_counts);
    TEST(the_network_itself_may_be_slow);
    TEST(those_that_are_late_tell_at_once);
    TEST(allows_a_few_bytes_in_a_hundred);
    return test_end();
}
