/* thread.c - threads, locks, and the mark that a fork leaves
 *
 * Locks of the default kind cannot fail once they exist, so locking has no answer.
 */
#include "base/thread.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include "base/text.h"

enum { NAME_BYTES = 16 }; /* the kernel's limit for a thread's name, NUL included */

/* Longer waits are as good as for ever, and this keeps a timespec far from its end. */
static const uint64_t LONGEST_WAIT_MS = UINT64_C(1000) * 60 * 60 * 24 * 365;

static atomic_uint generation;
static pthread_once_t watch_once = PTHREAD_ONCE_INIT;
static int watch_result;

static void in_child(void)
{
    atomic_fetch_add(&generation, 1);
}

static void watch(void)
{
    watch_result = pthread_atfork(NULL, NULL, in_child);
}

static struct timespec monotonic_after(uint64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    if (ms > LONGEST_WAIT_MS)
        ms = LONGEST_WAIT_MS;
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

int cw__mutex_init(cw__mutex *m)
{
    return pthread_mutex_init(m, NULL);
}

void cw__mutex_destroy(cw__mutex *m)
{
    pthread_mutex_destroy(m);
}

void cw__mutex_lock(cw__mutex *m)
{
    pthread_mutex_lock(m);
}

void cw__mutex_unlock(cw__mutex *m)
{
    pthread_mutex_unlock(m);
}

int cw__cond_init(cw__cond *c)
{
    pthread_condattr_t attr;
    int rc = pthread_condattr_init(&attr);
    if (rc)
        return rc;
    rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (!rc)
        rc = pthread_cond_init(c, &attr);
    pthread_condattr_destroy(&attr);
    return rc;
}

void cw__cond_destroy(cw__cond *c)
{
    pthread_cond_destroy(c);
}

void cw__cond_wait(cw__cond *c, cw__mutex *m)
{
    pthread_cond_wait(c, m);
}

bool cw__cond_wait_ms(cw__cond *c, cw__mutex *m, uint64_t ms)
{
    struct timespec until = monotonic_after(ms);
    return pthread_cond_timedwait(c, m, &until) != ETIMEDOUT;
}

void cw__cond_signal(cw__cond *c)
{
    pthread_cond_signal(c);
}

void cw__cond_broadcast(cw__cond *c)
{
    pthread_cond_broadcast(c);
}

/* A thread inherits the mask of the one that starts it: blocking before leaves no gap. */
int cw__thread_start(cw__thread *t, void *(*run)(void *), void *user, const char *name)
{
    sigset_t all, before;
    sigfillset(&all);
    int rc = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (rc)
        return rc;
    rc = pthread_create(t, NULL, run, user);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!rc && name) {
        char fitting[NAME_BYTES];
        cw__copy_string(fitting, sizeof fitting, name);
        pthread_setname_np(*t, fitting);
    }
    return rc;
}

void cw__thread_join(cw__thread t)
{
    pthread_join(t, NULL);
}

bool cw__thread_is_current(cw__thread t)
{
    return pthread_equal(t, pthread_self()) != 0;
}

int cw__fork_watch(void)
{
    int rc = pthread_once(&watch_once, watch);
    return rc ? rc : watch_result;
}

unsigned cw__fork_generation(void)
{
    return atomic_load(&generation);
}

static void only_sigpipe(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGPIPE);
}

void cw__pipe_guard_begin(cw__pipe_guard *g)
{
    sigset_t set;
    sigpending(&set);
    g->pending_before = sigismember(&set, SIGPIPE) == 1;
    only_sigpipe(&set);
    pthread_sigmask(SIG_BLOCK, &set, &g->before);
}

void cw__pipe_guard_end(const cw__pipe_guard *g, bool broken)
{
    static const struct timespec at_once = {0, 0};
    sigset_t set;
    only_sigpipe(&set);
    if (broken && !g->pending_before)
        while (sigtimedwait(&set, NULL, &at_once) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &g->before, NULL);
}
