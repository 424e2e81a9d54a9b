/* test_thread.c - threads with every signal blocked, timed waits, and the mark of a fork */
#include "base/thread.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "harness.h"

typedef struct observed {
    char name[16];
    int blocked[NSIG];
    bool is_current;
    cw__thread main;
} observed;

typedef struct baton {
    cw__mutex lock;
    cw__cond changed;
    int turn;
    int seen;
} baton;

static void *observe(void *user)
{
    observed *o = user;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    for (int s = 1; s < NSIG; s++)
        o->blocked[s] = sigismember(&mask, s);
    o->is_current = cw__thread_is_current(o->main);
    return NULL;
}

static void threads_block_every_signal_and_leave_the_starter_alone(void)
{
    observed o = {.main = pthread_self()};
    sigset_t before, after;
    cw__thread t;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    REQUIRE(cw__thread_start(&t, observe, &o, "cw-test") == 0);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    cw__thread_join(t);
    const int some[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGALRM, SIGCHLD, SIGUSR1, SIGPROF};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        CHECK_INT(o.blocked[some[i]], 1);
        CHECK_INT(sigismember(&after, some[i]), sigismember(&before, some[i]));
    }
    CHECK(!o.is_current);
    CHECK(cw__thread_is_current(pthread_self()));
}

static void *wait_for_turn(void *user)
{
    baton *b = user;
    cw__mutex_lock(&b->lock);
    while (b->turn == 0)
        cw__cond_wait(&b->changed, &b->lock);
    b->seen = b->turn;
    cw__mutex_unlock(&b->lock);
    return NULL;
}

static void names_are_cut_to_what_the_system_takes(void)
{
    baton b = {.lock = CW__MUTEX_INIT};
    char name[32] = "";
    cw__thread t;
    REQUIRE(cw__cond_init(&b.changed) == 0);
    REQUIRE(cw__thread_start(&t, wait_for_turn, &b, "cloudwriter-io-17") == 0);
    CHECK_INT(pthread_getname_np(t, name, sizeof name), 0);
    CHECK_STR(name, "cloudwriter-io-");
    cw__mutex_lock(&b.lock);
    b.turn = 3;
    cw__cond_broadcast(&b.changed);
    cw__mutex_unlock(&b.lock);
    cw__thread_join(t);
    CHECK_INT(b.seen, 3);
    cw__cond_destroy(&b.changed);
    cw__mutex_destroy(&b.lock);
}

static void timed_waits_end(void)
{
    cw__mutex m;
    cw__cond c;
    REQUIRE(cw__mutex_init(&m) == 0);
    REQUIRE(cw__cond_init(&c) == 0);
    cw__mutex_lock(&m);
    uint64_t start = cw__clock_mono_ms();
    while (cw__cond_wait_ms(&c, &m, 30))
        CHECK(cw__clock_mono_ms() - start < 10000);
    CHECK(cw__clock_mono_ms() - start >= 29);
    CHECK(!cw__cond_wait_ms(&c, &m, 0));
    cw__mutex_unlock(&m);
    cw__cond_destroy(&c);
    cw__mutex_destroy(&m);
}

static void *set_turn(void *user)
{
    baton *b = user;
    cw__mutex_lock(&b->lock);
    b->turn = 1;
    cw__cond_signal(&b->changed);
    cw__mutex_unlock(&b->lock);
    return NULL;
}

/* The longest waits there are must not wrap round into the past. */
static void a_signal_ends_even_the_longest_wait(void)
{
    baton b = {.lock = CW__MUTEX_INIT};
    cw__thread t;
    REQUIRE(cw__cond_init(&b.changed) == 0);
    cw__mutex_lock(&b.lock);
    REQUIRE(cw__thread_start(&t, set_turn, &b, NULL) == 0);
    while (b.turn == 0)
        CHECK(cw__cond_wait_ms(&b.changed, &b.lock, UINT64_MAX));
    cw__mutex_unlock(&b.lock);
    cw__thread_join(t);
    cw__cond_destroy(&b.changed);
    cw__mutex_destroy(&b.lock);
}

static int exit_code_of(pid_t pid)
{
    int status = 0;
    REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void only_the_child_of_a_fork_is_marked(void)
{
    REQUIRE(cw__fork_watch() == 0);
    REQUIRE(cw__fork_watch() == 0);
    unsigned before = cw__fork_generation();
    pid_t pid = fork();
    if (pid == 0) {
        unsigned in_child = cw__fork_generation();
        pid_t grandchild = fork();
        if (grandchild == 0)
            _exit(cw__fork_generation() == in_child + 1 ? 7 : 8);
        _exit(in_child == before + 1 && exit_code_of(grandchild) == 7 ? 5 : 6);
    }
    CHECK_INT(exit_code_of(pid), 5);
    CHECK_INT(cw__fork_generation(), before);
}

int main(int argc, char **argv)
{
    TEST(threads_block_every_signal_and_leave_the_starter_alone);
    TEST(names_are_cut_to_what_the_system_takes);
    TEST(timed_waits_end);
    TEST(a_signal_ends_even_the_longest_wait);
    TEST(only_the_child_of_a_fork_is_marked);
    return test_end();
}
