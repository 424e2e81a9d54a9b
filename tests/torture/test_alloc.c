/* test_alloc.c - out of memory: the Nth allocation fails, for all N, once and from then on
 *
 * Each scenario is rerun with another allocation failing until it runs through without reaching
 * the one that would. After each run nothing is published unless close said so, nothing is left
 * behind at the service that the error does not name, and, with the client released, no allocation
 * is alive.
 */
#include "fault_alloc.h"
#include "scenarios.h"

#include <limits.h>

enum { RUN_MS = 2000, MOST_ALLOCATIONS = 5000, MOST_LATE = 3 };

static stage s;
static bool for_ever;
static int late; /* runs that a request of the run before may have robbed of their fault rule */

static bool is_fine(cw_status st)
{
    return st == CW_OK || st == CW_E_NO_MEMORY || st == s.play->also;
}

static void say_run(long nth, const char *what, const cw_error *err)
{
    char text[900];

    snprintf(text, sizeof text, "%s, allocation %ld%s: %s (%s: %s)", s.play->name, nth,
             for_ever ? " and all after it" : "", what, cw_status_name(err->status), err->message);
    test_say(__FILE__, __LINE__, text);
}

/*
 * The server may still be at a request that the run before cut off, which then takes the rule of
 * this one: so where rules make an answer possible, one that comes without lack of memory is tried
 * again, a few times.
 */
static bool robbed(cw_status st)
{
    return s.play->rules && st == s.play->also && ++late <= MOST_LATE;
}

/* One run. False once the Nth allocation was not reached. */
static bool run_with(long nth)
{
    int64_t start = now_ms();
    cw_error err = {0};
    const char *wrong;
    cw_status st;
    long calls, live;

    fault_install();
    stage_prepare(&s);
    fault_arm(nth, for_ever ? LONG_MAX : nth);
    st = s.play->run(&s, &err);
    calls = fault_disarm();
    wrong = stage_verdict(&s, st, &err);
    stage_drop_client(&s);
    cw_memory_remove(NULL);
    live = fault_end();
    if (wrong)
        say_run(nth, wrong, &err);
    if (!is_fine(st))
        say_run(nth, "that is not the status of a lack of memory", &err);
    if (calls < nth && st != CW_OK && robbed(st))
        return true;
    if (calls < nth && st != CW_OK)
        say_run(nth, "it fails although every allocation worked", &err);
    if (live != 0)
        say_run(nth, "allocations are still alive", &err);
    if (getenv("CW_TEST_RUNS"))
        fprintf(stderr, "      %ld: %lld ms, %s\n", nth, (long long)(now_ms() - start),
                cw_status_name(st));
    if (now_ms() - start > RUN_MS * SLOWNESS * LEEWAY)
        say_run(nth, "that took too long", &err);
    return calls >= nth;
}

static void every_allocation(void)
{
    long nth = 1;

    late = 0;
    while (run_with(nth) && nth < MOST_ALLOCATIONS && test_failures_here < 20)
        nth++;
    CHECK(nth > 1 && nth < MOST_ALLOCATIONS);
}

static void fails_once(void)
{
    for_ever = false;
    every_allocation();
}

static void fails_for_good(void)
{
    for_ever = true;
    every_allocation();
}

/* Arguments: the part of a scenario's name; without, all of them. */
int main(int argc, char **argv)
{
    for (int i = 0; i < SCENARIOS; i++) {
        char name[100];

        if (argc > 1 && !strstr(scenarios[i].name, argv[1]))
            continue;
        stage_open(&s, &scenarios[i]);
        snprintf(name, sizeof name, "%s: one allocation fails", s.play->name);
        within(name, fails_once, 120000, NULL);
        snprintf(name, sizeof name, "%s: all from one on fail", s.play->name);
        within(name, fails_for_good, 120000, NULL);
        stage_close(&s);
    }
    return test_end();
}
