/* test_requests.c - the Nth request fails, for all N, once and from then on
 *
 * Each scenario is rerun with another of its requests going wrong, in each of several ways. What
 * passes is survived: a single failure that is worth a retry must not show at all. Whatever
 * stays leads to an error, and to nothing under the key, or to an answer in doubt.
 *
 * Nothing but a scripted stall may end a client's patience, however slow the machine is. So that is
 * long, and the library's clock skips all of it where the server was told to stall: the linker
 * leads what asks for the time to a clock here.
 */
#include "scenarios.h"

#include "base/clock.h"
#include "port/http_sockets.h"

enum { RUN_MS = 6000, MOST_REQUESTS = 60 };
enum { PATIENCE_MS = 10000, LOOK_MS = 5, SKIP_MS = PATIENCE_MS / 5, SKIPS = 8 };

typedef struct trouble {
    const char *action;
    bool passes;       /* once: survived without a trace */
    bool loses_answer; /* after the work was done */
    bool stalls, slow;
    bool never_again; /* the server is gone: once is enough */
} trouble;

static const trouble troubles[] = {
    {.action = "status:500:InternalError", .passes = true},
    {.action = "status:503:SlowDown", .passes = true, .slow = true},
    {.action = "status:403:AccessDenied"},
    {.action = "status_early:403:AccessDenied"},
    {.action = "status:400:InvalidRequest"},
    {.action = "drop_before", .passes = true},
    {.action = "reset_request:0", .passes = true},
    {.action = "reset_reply:0", .passes = true, .loses_answer = true},
    {.action = "truncate_reply:20", .passes = true, .loses_answer = true},
    {.action = "drop_reply_after_commit", .passes = true, .loses_answer = true},
    {.action = "stall_request:forever", .passes = true, .stalls = true, .slow = true},
    {.action = "stall_reply:forever",
     .passes = true,
     .loses_answer = true,
     .stalls = true,
     .slow = true},
    {.action = "gone", .never_again = true},
};

static stage s;
static const trouble *now;
static bool for_ever;

/* ---- the library's clock ---- */

uint64_t __real_cw__clock_mono_ms(void);
uint64_t __wrap_cw__clock_mono_ms(void);
uint64_t __real_cw__clock_mono_us(void);
uint64_t __wrap_cw__clock_mono_us(void);
size_t __real_cw__sockets_wait(cw__sockets *sockets, int timeout_ms);
size_t __wrap_cw__sockets_wait(cw__sockets *sockets, int timeout_ms);

static atomic_ullong skips, skips_here; /* ever, and in this run */

uint64_t __wrap_cw__clock_mono_ms(void)
{
    return __real_cw__clock_mono_ms() + atomic_load(&skips) * SKIP_MS;
}

uint64_t __wrap_cw__clock_mono_us(void)
{
    return __real_cw__clock_mono_us() + atomic_load(&skips) * SKIP_MS * 1000;
}

/*
 * Where the I/O thread has nothing to do, as much for each request that stalls as is more than its
 * patience, and less than would end that of the next. In steps, as what moved is looked for at
 * intervals.
 */
size_t __wrap_cw__sockets_wait(cw__sockets *sockets, int timeout_ms)
{
    bool longer = timeout_ms < 0 || timeout_ms > LOOK_MS;
    size_t ready;

    if (!now->stalls)
        return __real_cw__sockets_wait(sockets, timeout_ms);
    ready = __real_cw__sockets_wait(sockets, longer ? LOOK_MS : timeout_ms);
    if (ready == 0 && longer && atomic_load(&skips_here) < ts_fault_fired(s.server) * SKIPS) {
        atomic_fetch_add(&skips_here, 1);
        atomic_fetch_add(&skips, 1);
    }
    return ready;
}

/* ---- the runs ---- */

static void say_run(unsigned nth, const char *what, cw_status st, const cw_error *err)
{
    char text[1200];

    snprintf(text, sizeof text, "%s, request %u: %s%s: %s (%s: %s)", s.play->name, nth, now->action,
             for_ever ? ", and so on" : "", what, cw_status_name(st), err->message);
    test_say(__FILE__, __LINE__, text);
}

/* Every Create after the first was a retry of one whose answer was lost. */
static size_t creates_lost(void)
{
    size_t creates = (size_t)ts_request_count(s.server, "CreateMultipartUpload");

    if (!now->loses_answer || creates == 0)
        return 0;
    return for_ever && creates > 1 ? creates : creates - 1;
}

/* One run. False once the scenario makes fewer requests. */
static bool run_with(unsigned nth)
{
    int64_t start = now_ms();
    cw_error err = {0};
    uint64_t before;
    char rule[120];
    const char *wrong;
    cw_status st;
    bool reached;

    snprintf(rule, sizeof rule, "skip=%u times=%s do=%s", nth - 1, for_ever ? "inf" : "1",
             now->action);
    s.first_rules = rule;
    s.patience = stage_client_options();
    if (now->stalls)
        s.patience.stall_timeout_ms = s.patience.commit_timeout_ms = PATIENCE_MS;
    if (now->never_again) {
        stage_close(&s);
        stage_open(&s, s.play);
        s.first_rules = rule;
    }
    stage_prepare(&s);
    atomic_store(&skips_here, ts_fault_fired(s.server) * SKIPS);
    before = ts_request_count(s.server, NULL);
    st = s.play->run(&s, &err);
    reached = ts_request_count(s.server, NULL) - before >= nth;
    s.may_lose = creates_lost();
    wrong = stage_verdict(&s, st, &err);
    if (wrong)
        say_run(nth, wrong, st, &err);
    if (st != CW_OK && st != s.play->also && (!reached || (now->passes && !for_ever)))
        say_run(nth, "that should have been survived", st, &err);
    if (now_ms() - start > RUN_MS * SLOWNESS * LEEWAY)
        say_run(nth, "that took too long", st, &err);
    if (getenv("CW_TEST_RUNS"))
        fprintf(stderr, "      %s%s, %u: %lld ms, %s\n", now->action, for_ever ? " for ever" : "",
                nth, (long long)(now_ms() - start), cw_status_name(st));
    stage_drop_client(&s);
    return reached;
}

static void every_request(void)
{
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        unsigned nth = 1;

        now = &troubles[i];
        if ((for_ever && now->never_again) || (now->slow && !s.play->core))
            continue;
        while (run_with(nth) && nth < MOST_REQUESTS && test_failures_here < 20)
            nth++;
        CHECK(nth > 1 && nth < MOST_REQUESTS);
    }
}

static void fails_once(void)
{
    for_ever = false;
    every_request();
}

static void fails_for_good(void)
{
    for_ever = true;
    every_request();
}

static bool sends_requests(const scenario *play)
{
    return play->where == ON_S3 || play->where == NOWHERE;
}

/* Argument: a part of a test's name, as "gzip: " or "one request fails". */
int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : NULL;

    for (int i = 0; i < SCENARIOS; i++) {
        char name[100];

        if (!sends_requests(&scenarios[i]))
            continue;
        stage_open(&s, &scenarios[i]);
        snprintf(name, sizeof name, "%s: one request fails", s.play->name);
        within(name, fails_once, 60000, only);
        snprintf(name, sizeof name, "%s: all from one on fail", s.play->name);
        within(name, fails_for_good, 60000, only);
        stage_close(&s);
    }
    return test_end();
}
