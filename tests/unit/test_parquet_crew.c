/* test_parquet_crew.c - items made by several threads arrive once each, in order */
#include "harness.h"

#include "base/clock.h"
#include "base/error.h"
#include "format/parquet/crew.h"

#include <stdatomic.h>

enum { ITEMS = 500 };

typedef struct work {
    atomic_int made[ITEMS];
    size_t delivered;
    size_t fails_to_make, fails_to_deliver; /* ITEMS: none */
    bool slow;
} work;

static cw_status make(void *user, size_t item, cw__chunk_scratch *scratch, cw_error *err)
{
    work *w = user;

    CHECK(scratch != NULL);
    if (w->slow && item % 7 == 0)
        cw__clock_sleep_ms(1);
    if (item >= w->fails_to_make)
        return cw__fail(err, CW_E_TOO_LARGE, "item %zu", item);
    atomic_fetch_add(&w->made[item], 1);
    return CW_OK;
}

static cw_status deliver(void *user, size_t item, cw_error *err)
{
    work *w = user;

    CHECK_INT(item, w->delivered);
    CHECK_INT(atomic_load(&w->made[item]), 1);
    w->delivered++;
    if (item == w->fails_to_deliver)
        return cw__fail(err, CW_E_IO, "delivery %zu", item);
    return CW_OK;
}

static cw_status run(cw__crew *c, const cw__crew_job *job, cw_error *err)
{
    cw_status st = cw__crew_begin(c, job, err);
    return st == CW_OK ? cw__crew_end(c, err) : st;
}

static void reset(work *w)
{
    memset(w, 0, sizeof *w);
    w->fails_to_make = w->fails_to_deliver = ITEMS;
}

static void with_threads(void (*test)(cw__crew *c))
{
    static const unsigned threads[] = {0, 1, 3, 8};

    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        cw__crew *c;
        cw_error err;

        CHECK_OK(cw__crew_new(&c, threads[i], &err), err);
        REQUIRE(c);
        CHECK_INT(cw__crew_is_many(c), threads[i] > 0);
        test(c);
        cw__crew_free(c, false);
    }
    cw__crew_free(NULL, false);
}

static void run_in_order(cw__crew *c)
{
    static uint32_t backwards[ITEMS];
    static work w;
    cw__crew_job job = {ITEMS, NULL, make, deliver, &w};
    cw_error err = {0};

    for (uint32_t i = 0; i < ITEMS; i++)
        backwards[i] = ITEMS - 1 - i;
    for (int round = 0; round < 4; round++) {
        reset(&w);
        w.slow = round % 2;
        job.order = round < 2 ? NULL : backwards;
        CHECK_OK(run(c, &job, &err), err);
        CHECK_INT(w.delivered, ITEMS);
    }
    job.items = 0;
    reset(&w);
    CHECK_OK(run(c, &job, &err), err);
    CHECK_INT(w.delivered, 0);
}

static void in_order(void)
{
    with_threads(run_in_order);
}

static void run_and_fail(cw__crew *c)
{
    static work w;
    const cw__crew_job job = {ITEMS, NULL, make, deliver, &w};
    cw_error err = {0};

    reset(&w);
    w.fails_to_make = 100;
    CHECK_STATUS(run(c, &job, &err), CW_E_TOO_LARGE, err);
    CHECK(w.delivered <= 100);
    CHECK(strncmp(err.message, "item 1", 6) == 0);
    reset(&w);
    w.fails_to_deliver = 50;
    CHECK_STATUS(run(c, &job, &err), CW_E_IO, err);
    CHECK_STR(err.message, "delivery 50");
    CHECK_INT(w.delivered, 51);
    reset(&w); /* and on it goes */
    CHECK_OK(run(c, &job, &err), err);
    CHECK_INT(w.delivered, ITEMS);
}

/* Begun, looked at until all has arrived: with workers the caller makes nothing. */
static void look_until_all_is_there(cw__crew *c)
{
    static work w;
    const cw__crew_job job = {ITEMS, NULL, make, deliver, &w};
    cw_error err = {0};

    reset(&w);
    CHECK_OK(cw__crew_begin(c, &job, &err), err);
    CHECK_INT(cw__crew_look(c), CW_OK);
    for (int i = 0; cw__crew_is_many(c) && w.delivered < ITEMS && i < 20000; i++) {
        CHECK_INT(cw__crew_look(c), CW_OK);
        cw__clock_sleep_ms(1);
    }
    CHECK_INT(w.delivered, cw__crew_is_many(c) ? ITEMS : 0);
    CHECK_OK(cw__crew_end(c, &err), err);
    CHECK_INT(w.delivered, ITEMS);
}

static void looking_in(void)
{
    with_threads(look_until_all_is_there);
}

static void give_up(cw__crew *c)
{
    static work w;
    const cw__crew_job job = {ITEMS, NULL, make, deliver, &w};
    cw_error err = {0};

    reset(&w);
    w.slow = true;
    CHECK_OK(cw__crew_begin(c, &job, &err), err);
    cw__crew_drop(c);
    CHECK_INT(w.delivered, 0);
    cw__crew_drop(c); /* of nothing */
    reset(&w);
    CHECK_OK(run(c, &job, &err), err);
    CHECK_INT(w.delivered, ITEMS);
}

static void giving_up(void)
{
    with_threads(give_up);
}

static void failures(void)
{
    with_threads(run_and_fail);
}

int main(int argc, char **argv)
{
    TEST(in_order);
    TEST(failures);
    TEST(looking_in);
    TEST(giving_up);
    return test_end();
}
