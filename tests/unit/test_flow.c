/* test_flow.c - how many parts at once, beside a network that is arithmetic too */
#include "harness.h"

#include "s3/flow.h"

enum { PART = 8 * 1000 * 1000 };

typedef struct network {
    cw__flow flow;
    double each, all; /* bytes a second: of a connection, and of them together */
    uint64_t now_us;
} network;

static network network_of(unsigned most, double each, double all)
{
    network n = {.each = each, .all = all, .now_us = 1000000};

    REQUIRE(cw__flow_init(&n.flow, 8) == 0);
    cw__flow_limit(&n.flow, most);
    return n;
}

static unsigned allowed(network *n)
{
    return atomic_load(&n->flow.allowed);
}

static void run_for(network *n, double seconds, bool held_back)
{
    uint64_t end = n->now_us + (uint64_t)(seconds * 1e6);

    while (n->now_us < end) {
        double speed = n->each * allowed(n) < n->all ? n->each * allowed(n) : n->all;

        n->now_us += (uint64_t)(PART / speed * 1e6);
        if (held_back)
            cw__flow_hold_back(&n->flow);
        cw__flow_through(&n->flow, PART, n->now_us);
    }
}

static void grows_while_that_brings_more(void)
{
    network n = network_of(64, 10e6, 300e6);

    CHECK_INT(allowed(&n), 8);
    run_for(&n, 60, true);
    CHECK(allowed(&n) >= 24 && allowed(&n) <= 38);
    cw__flow_destroy(&n.flow);
}

static void stays_where_more_brings_nothing(void)
{
    network n = network_of(64, 100e6, 400e6);
    unsigned higher = 0;

    for (int i = 0; i < 1000; i++) {
        run_for(&n, 0.1, true);
        CHECK(allowed(&n) <= 10);
        higher += allowed(&n) > 8;
    }
    CHECK(higher < 50); /* a try now and then */
    cw__flow_destroy(&n.flow);
}

static void never_more_than_there_are_connections(void)
{
    network n = network_of(12, 10e6, 1e12), few = network_of(2, 10e6, 1e12);

    run_for(&n, 60, true);
    CHECK_INT(allowed(&n), 12);
    run_for(&few, 60, true);
    CHECK_INT(allowed(&few), 8);
    cw__flow_destroy(&n.flow);
    cw__flow_destroy(&few.flow);
}

static void waits_for_somebody_who_has_more(void)
{
    network n = network_of(64, 10e6, 1e12);

    run_for(&n, 60, false);
    CHECK_INT(allowed(&n), 8);
    cw__flow_destroy(&n.flow);
}

static void comes_down_with_the_network(void)
{
    network n = network_of(64, 10e6, 400e6);

    run_for(&n, 60, true);
    CHECK(allowed(&n) >= 30);
    n.all = 60e6;
    run_for(&n, 60, true);
    CHECK(allowed(&n) <= 10);
    cw__flow_destroy(&n.flow);
}

/* A pause is no slow network. */
static void a_pause_means_nothing(void)
{
    network n = network_of(64, 10e6, 300e6);

    run_for(&n, 60, true);
    unsigned before = allowed(&n);
    for (int i = 0; i < 20; i++) {
        n.now_us += 30 * 1000 * 1000;
        run_for(&n, 0.5, true);
    }
    CHECK(allowed(&n) >= before * 3 / 4);
    cw__flow_destroy(&n.flow);
}

int main(int argc, char **argv)
{
    TEST(grows_while_that_brings_more);
    TEST(stays_where_more_brings_nothing);
    TEST(never_more_than_there_are_connections);
    TEST(waits_for_somebody_who_has_more);
    TEST(comes_down_with_the_network);
    TEST(a_pause_means_nothing);
    return test_end();
}
