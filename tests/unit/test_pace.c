/* test_pace.c - the pace after a SlowDown, beside a service that is arithmetic too */
#include "harness.h"

#include "s3/pace.h"

#include <math.h>

static const uint64_t SECOND = 1000 * 1000;

static cw__pace fresh(double floor)
{
    cw__pace p;

    REQUIRE(cw__pace_init(&p, floor) == 0);
    return p;
}

/* ---- a service with a limit, and clients that always have something to send ---- */

enum { MOST_CLIENTS = 256 };

typedef struct client {
    cw__pace_pass pass;
    uint64_t due_us; /* asks, or is answered */
    bool sent, refused;
    unsigned done;
} client;

typedef struct world {
    cw__pace pace;
    double limit, tokens;
    uint64_t now_us, reply_us;
    unsigned clients, accepted, throttled;
    client client[MOST_CLIENTS];
} world;

static world *new_world(double limit, unsigned clients, uint64_t reply_us)
{
    world *w = calloc(1, sizeof *w);

    REQUIRE(w && clients <= MOST_CLIENTS);
    w->pace = fresh(1);
    w->now_us = 1000 * SECOND;
    w->limit = limit;
    w->tokens = limit / 10;
    w->clients = clients;
    w->reply_us = reply_us;
    return w;
}

static void free_world(world *w)
{
    cw__pace_destroy(&w->pace);
    free(w);
}

static void answer(world *w, client *c)
{
    c->sent = false;
    cw__pace_answered(&w->pace, &c->pass, c->refused, w->now_us);
    w->throttled += c->refused;
    w->accepted += !c->refused;
    c->done += !c->refused;
}

static void act(world *w, client *c)
{
    uint64_t wait;

    if (c->sent)
        answer(w, c);
    wait = cw__pace_wait_us(&w->pace, &c->pass, w->now_us);
    c->due_us = w->now_us + wait;
    if (wait)
        return;
    c->sent = true;
    c->refused = w->tokens < 1;
    w->tokens -= !c->refused;
    c->due_us = w->now_us + w->reply_us;
}

/* In steps of a millisecond, as the timers of a loop. */
static void run_for(world *w, double seconds)
{
    uint64_t end = w->now_us + (uint64_t)(seconds * 1e6);

    w->accepted = w->throttled = 0;
    for (unsigned i = 0; i < w->clients; i++)
        w->client[i].done = 0;
    for (; w->now_us < end; w->now_us += 1000) {
        w->tokens = fmin(w->tokens + w->limit / 1000, w->limit / 10);
        for (unsigned i = 0; i < w->clients; i++)
            if (w->client[i].due_us <= w->now_us)
                act(w, &w->client[i]);
    }
}

static void check_settled(double limit, unsigned clients, uint64_t reply_us)
{
    world *w = new_world(limit, clients, reply_us);
    int before = test_failures_here;
    unsigned least = UINT32_MAX, most = 0;

    run_for(w, 5);
    run_for(w, 40);
    CHECK(w->accepted >= 0.9 * limit * 40);
    CHECK(w->throttled < 0.05 * (w->accepted + w->throttled));
    for (unsigned i = 0; i < clients; i++) {
        least = w->client[i].done < least ? w->client[i].done : least;
        most = w->client[i].done > most ? w->client[i].done : most;
    }
    CHECK(least + 10 >= most * 0.8); /* nobody starves */
    if (test_failures_here > before)
        fprintf(stderr,
                "    … limit %.0f, %u clients, %u us: %u accepted, %u throttled, %u to %u\n", limit,
                clients, (unsigned)reply_us, w->accepted, w->throttled, least, most);
    free_world(w);
}

static void settles_close_below_the_limit(void)
{
    check_settled(200, 16, 5000);
    check_settled(200, 128, 20000);
    check_settled(3500, 200, 30000);
    check_settled(40, 16, 100000);
    check_settled(10, 4, 20000);
}

static void follows_a_limit_that_changes(void)
{
    world *w = new_world(1000, 128, 10000);

    run_for(w, 10);
    w->limit = 100;
    run_for(w, 3);
    run_for(w, 20);
    CHECK(w->accepted >= 0.85 * 100 * 20);
    CHECK(w->throttled < 0.05 * w->accepted);
    w->limit = 400;
    run_for(w, 20);
    run_for(w, 20);
    CHECK(w->accepted >= 0.85 * 400 * 20);
    free_world(w);
}

/* ---- one by one ---- */

static void asleep_until_the_first_slowdown(void)
{
    cw__pace p = fresh(1);
    cw__pace_pass pass = {0};

    for (uint64_t i = 0; i < 100000; i++) {
        CHECK_INT(cw__pace_wait_us(&p, &pass, SECOND), 0);
        CHECK(cw__pace_answered(&p, &pass, false, SECOND + i) == 0);
    }
    CHECK(cw__pace_rate(&p) == 0);
    cw__pace_destroy(&p);
}

/* 100 a second are accepted: 85 from then on, and one refusal more of the same time cuts no more.
 */
static void cuts_once_to_a_part_of_what_is_accepted(void)
{
    cw__pace p = fresh(1);
    cw__pace_pass pass = {0}, other = {0};
    uint64_t now = SECOND;

    CHECK_INT(cw__pace_wait_us(&p, &pass, now), 0);
    CHECK_INT(cw__pace_wait_us(&p, &other, now), 0);
    for (int i = 0; i < 200; i++)
        cw__pace_answered(&p, &pass, false, now += SECOND / 100);
    double rate = cw__pace_answered(&p, &pass, true, now);
    CHECK(rate > 80 && rate < 90);
    CHECK(cw__pace_answered(&p, &other, true, now) == 0);
    CHECK(fabs(cw__pace_rate(&p) - rate) <= 0.5);
    cw__pace_destroy(&p);
}

static void never_below_the_floor(void)
{
    cw__pace p = fresh(2);
    uint64_t now = SECOND;

    for (int i = 0; i < 50; i++) {
        cw__pace_pass pass = {0};
        uint64_t wait;
        while ((wait = cw__pace_wait_us(&p, &pass, now)) > 0)
            now += wait;
        cw__pace_answered(&p, &pass, true, now);
    }
    CHECK(cw__pace_rate(&p) == 2);
    CHECK(now <= 31 * SECOND);
    cw__pace_destroy(&p);
}

static void sleeps_again_after_a_minute(void)
{
    cw__pace p = fresh(1);
    cw__pace_pass pass = {0}, waiting = {0};

    cw__pace_answered(&p, &pass, true, SECOND);
    CHECK(cw__pace_wait_us(&p, &waiting, SECOND + 20) > 0);
    CHECK(cw__pace_rate(&p) > 0);
    CHECK(cw__pace_wait_us(&p, &waiting, 62 * SECOND) == 0);
    CHECK(cw__pace_rate(&p) == 0);
    cw__pace_destroy(&p);
}

/* First come, first served, whatever the rate does. */
static void tickets_pass_in_order(void)
{
    cw__pace p = fresh(1);
    cw__pace_pass pass[20] = {{0}};
    uint64_t now = SECOND;
    int next = 0;

    cw__pace_answered(&p, &pass[0], true, now);
    for (int i = 0; i < 20; i++)
        CHECK(cw__pace_wait_us(&p, &pass[i], now) > 0);
    for (int ms = 0; ms < 5000 && next < 20; ms++, now += 1000)
        for (int i = 19; i >= next; i--)
            if (cw__pace_wait_us(&p, &pass[i], now) == 0) {
                CHECK_INT(i, next);
                next++;
                break;
            }
    CHECK_INT(next, 20);
    cw__pace_destroy(&p);
}

int main(int argc, char **argv)
{
    TEST(asleep_until_the_first_slowdown);
    TEST(cuts_once_to_a_part_of_what_is_accepted);
    TEST(never_below_the_floor);
    TEST(sleeps_again_after_a_minute);
    TEST(tickets_pass_in_order);
    TEST(settles_close_below_the_limit);
    TEST(follows_a_limit_that_changes);
    return test_end();
}
