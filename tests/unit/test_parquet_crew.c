/* test_parquet_crew.c - items made by several threads arrive once each, in order, and tasks that
 * are shared are all done, once, when the share returns */
#include "harness.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "format/parquet/column/plan.h"
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
    cw__crew_job job = {.items = ITEMS, .make = make, .deliver = deliver, .user = &w};
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
    const cw__crew_job job = {.items = ITEMS, .make = make, .deliver = deliver, .user = &w};
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
    const cw__crew_job job = {.items = ITEMS, .make = make, .deliver = deliver, .user = &w};
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
    const cw__crew_job job = {.items = ITEMS, .make = make, .deliver = deliver, .user = &w};
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

/* ---- shares ---- */

enum { TASKS = 40 };

typedef struct tasks {
    atomic_int done[TASKS];
    atomic_int by[9]; /* threads, by number */
} tasks;

static void do_task(void *user, size_t task, cw__crew_member *by)
{
    tasks *t = user;

    if (task % 5 == 0)
        cw__clock_sleep_ms(1);
    REQUIRE(by->number < sizeof t->by / sizeof *t->by);
    atomic_fetch_add(&t->by[by->number], 1);
    atomic_fetch_add(&t->done[task], 1);
}

static void share_tasks(cw__crew *c, bool urgent)
{
    static tasks t;
    cw__crew_share s = {.tasks = TASKS, .run = do_task, .user = &t, .urgent = urgent};
    int sum = 0;

    memset(&t, 0, sizeof t);
    cw__crew_share_out(c, &s);
    for (size_t i = 0; i < TASKS; i++)
        CHECK_INT(atomic_load(&t.done[i]), 1);
    for (size_t i = 0; i < sizeof t.by / sizeof *t.by; i++)
        sum += atomic_load(&t.by[i]);
    CHECK_INT(sum, TASKS);
    s.tasks = 0;
    cw__crew_share_out(c, &s);
}

static void share_with_nothing_else(cw__crew *c)
{
    CHECK_INT(cw__crew_may_share(c), cw__crew_is_many(c));
    for (int i = 0; i < 20; i++)
        share_tasks(c, i % 2);
}

static void share_beside_a_job(cw__crew *c)
{
    static work w;
    const cw__crew_job job = {.items = ITEMS, .make = make, .deliver = deliver, .user = &w};
    cw_error err = {0};

    for (int i = 0; i < 4; i++) {
        reset(&w);
        w.slow = true;
        CHECK_OK(cw__crew_begin(c, &job, &err), err);
        share_tasks(c, i % 2);
        CHECK_INT(cw__crew_look(c), CW_OK);
        share_tasks(c, i % 2);
        CHECK_OK(cw__crew_end(c, &err), err);
        CHECK_INT(w.delivered, ITEMS);
    }
}

static void do_part(void *user, size_t part, cw__chunk_scratch *scratch)
{
    tasks *t = user;

    REQUIRE(scratch);
    if (part % 9 == 0)
        cw__clock_sleep_ms(1);
    atomic_fetch_add(&t->done[part], 1);
}

/* As a chunk shares its pages. */
static cw_status make_with_help(void *user, size_t item, cw__chunk_scratch *scratch, cw_error *err)
{
    const cw__chunk_help *help = scratch->help;
    tasks t;

    memset(&t, 0, sizeof t);
    REQUIRE(help);
    (void)help->is_there(help->user);
    help->share(help->user, TASKS, do_part, &t);
    for (size_t i = 0; i < TASKS; i++)
        CHECK_INT(atomic_load(&t.done[i]), 1);
    return make(user, item, scratch, err);
}

static void share_within_items(cw__crew *c)
{
    static work w;
    cw__crew_job job = {.items = 12, .make = make_with_help, .deliver = deliver, .user = &w};
    cw_error err = {0};

    for (int i = 0; i < 4; i++) {
        reset(&w);
        job.items = i == 3 ? 1 : 12;
        CHECK_OK(cw__crew_begin(c, &job, &err), err);
        share_tasks(c, true);
        CHECK_OK(cw__crew_end(c, &err), err);
        CHECK_INT(w.delivered, job.items);
    }
    reset(&w);
    CHECK_OK(cw__crew_begin(c, &job, &err), err);
    cw__crew_drop(c);
}

static void sharing(void)
{
    with_threads(share_with_nothing_else);
    with_threads(share_beside_a_job);
    with_threads(share_within_items);
}

static cw_status make_here(void *user, size_t item, cw__chunk_scratch *scratch, cw_error *err)
{
    static pthread_t caller;
    work *w = user;

    if (item == 0)
        caller = pthread_self();
    CHECK(pthread_equal(caller, pthread_self()));
    CHECK_INT(item, w->delivered); /* one at a time exists */
    return make(user, item, scratch, err);
}

static void make_alone(cw__crew *c)
{
    static work w;
    const cw__crew_job job = {
        .items = ITEMS, .make = make_here, .deliver = deliver, .user = &w, .alone = true};
    cw_error err = {0};

    reset(&w);
    share_tasks(c, false); /* the threads are there */
    CHECK_OK(cw__crew_begin(c, &job, &err), err);
    cw__clock_sleep_ms(2);
    CHECK_INT(cw__crew_look(c), CW_OK);
    CHECK_INT(w.delivered, 0);
    CHECK_OK(cw__crew_end(c, &err), err);
    CHECK_INT(w.delivered, ITEMS);
}

static void alone(void)
{
    with_threads(make_alone);
}

int main(int argc, char **argv)
{
    TEST(in_order);
    TEST(failures);
    TEST(looking_in);
    TEST(giving_up);
    TEST(sharing);
    TEST(alone);
    return test_end();
}
