/* test_retry.c - pauses and the bucket of retry tokens */
#include "harness.h"

#include "s3/retry.h"

static const cw__retry_policy policy = {
    .max_attempts = 10,
    .base_ms = 50,
    .throttled_base_ms = 1000,
    .cap_ms = 20000,
};

static uint32_t longest(unsigned next, cw__verdict verdict)
{
    return cw__retry_pause_ms(&policy, next, verdict, 0, UINT32_MAX);
}

static void pauses_double_up_to_the_cap(void)
{
    CHECK_INT(longest(2, CW__VERDICT_RETRY), 50);
    CHECK_INT(longest(3, CW__VERDICT_RETRY), 100);
    CHECK_INT(longest(4, CW__VERDICT_TIMEOUT), 200);
    CHECK_INT(longest(10, CW__VERDICT_RETRY), 12800);
    CHECK_INT(longest(11, CW__VERDICT_RETRY), 20000);
    CHECK_INT(longest(4000000000u, CW__VERDICT_RETRY), 20000);
}

static void throttled_pauses_start_at_a_second(void)
{
    CHECK_INT(longest(2, CW__VERDICT_THROTTLED), 1000);
    CHECK_INT(longest(3, CW__VERDICT_THROTTLED), 2000);
    CHECK_INT(longest(7, CW__VERDICT_THROTTLED), 20000);
}

static void jitter_is_full(void)
{
    CHECK_INT(cw__retry_pause_ms(&policy, 9, CW__VERDICT_RETRY, 0, 0), 0);
    CHECK_INT(cw__retry_pause_ms(&policy, 11, CW__VERDICT_RETRY, 0, UINT32_C(1) << 31), 10000);
}

static void the_servers_wish_is_honoured_up_to_the_cap(void)
{
    CHECK_INT(cw__retry_pause_ms(&policy, 2, CW__VERDICT_RETRY, 3000, UINT32_MAX), 3000);
    CHECK_INT(cw__retry_pause_ms(&policy, 2, CW__VERDICT_THROTTLED, 3000000, 0), 20000);
    CHECK_INT(cw__retry_pause_ms(&policy, 6, CW__VERDICT_THROTTLED, 3000, UINT32_MAX), 16000);
}

static void what_was_learned_needs_no_pause(void)
{
    CHECK_INT(cw__retry_pause_ms(&policy, 5, CW__VERDICT_CLOCK, 9000, UINT32_MAX), 0);
    CHECK_INT(cw__retry_pause_ms(&policy, 5, CW__VERDICT_REGION, 0, UINT32_MAX), 0);
    CHECK_INT(cw__retry_pause_ms(&policy, 5, CW__VERDICT_CREDENTIALS, 0, UINT32_MAX), 0);
    CHECK_INT(cw__retry_pause_ms(&policy, 5, CW__VERDICT_CHECKSUM, 0, UINT32_MAX), 0);
}

static unsigned how_many(cw__retry_budget *b, cw__verdict verdict)
{
    unsigned n = 0;
    while (n < 10000 && cw__retry_budget_take(b, verdict))
        n++;
    return n;
}

static void a_full_bucket_pays_for_a_hundred_retries(void)
{
    cw__retry_budget b;
    REQUIRE(cw__retry_budget_init(&b) == 0);
    CHECK_INT(how_many(&b, CW__VERDICT_RETRY), 100);
    CHECK(!cw__retry_budget_take(&b, CW__VERDICT_THROTTLED));
    CHECK(cw__retry_budget_take(&b, CW__VERDICT_REGION));
    cw__retry_budget_destroy(&b);
}

static void timeouts_cost_double(void)
{
    cw__retry_budget b;
    REQUIRE(cw__retry_budget_init(&b) == 0);
    CHECK_INT(how_many(&b, CW__VERDICT_TIMEOUT), 50);
    cw__retry_budget_destroy(&b);
}

static void successes_give_back_never_more_than_full(void)
{
    cw__retry_budget b;
    REQUIRE(cw__retry_budget_init(&b) == 0);
    CHECK_INT(how_many(&b, CW__VERDICT_RETRY), 100);
    for (int i = 0; i < 4; i++)
        cw__retry_budget_refund(&b);
    CHECK(!cw__retry_budget_take(&b, CW__VERDICT_RETRY));
    cw__retry_budget_refund(&b);
    CHECK(cw__retry_budget_take(&b, CW__VERDICT_RETRY));
    for (int i = 0; i < 1000; i++)
        cw__retry_budget_refund(&b);
    CHECK_INT(how_many(&b, CW__VERDICT_DOUBT), 100);
    cw__retry_budget_destroy(&b);
}

int main(int argc, char **argv)
{
    TEST(pauses_double_up_to_the_cap);
    TEST(throttled_pauses_start_at_a_second);
    TEST(jitter_is_full);
    TEST(the_servers_wish_is_honoured_up_to_the_cap);
    TEST(what_was_learned_needs_no_pause);
    TEST(a_full_bucket_pays_for_a_hundred_retries);
    TEST(timeouts_cost_double);
    TEST(successes_give_back_never_more_than_full);
    return test_end();
}
