/* thread.h - threads, locks, and the mark that a fork leaves */
#ifndef CW_BASE_THREAD_H
#define CW_BASE_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <cloudwriter/status.h>

typedef pthread_mutex_t cw__mutex;
typedef pthread_cond_t cw__cond; /* waits on the clock that never steps */
typedef pthread_t cw__thread;

#define CW__MUTEX_INIT PTHREAD_MUTEX_INITIALIZER

int cw__mutex_init(cw__mutex *m); /* 0, or an errno */
void cw__mutex_destroy(cw__mutex *m);
void cw__mutex_lock(cw__mutex *m);
void cw__mutex_unlock(cw__mutex *m);

int cw__cond_init(cw__cond *c); /* 0, or an errno */
void cw__cond_destroy(cw__cond *c);
void cw__cond_wait(cw__cond *c, cw__mutex *m);
/** false when `ms` have passed. */
bool cw__cond_wait_ms(cw__cond *c, cw__mutex *m, uint64_t ms);
void cw__cond_signal(cw__cond *c);
void cw__cond_broadcast(cw__cond *c);

/** Start a thread with every signal blocked. 0, or an errno. */
int cw__thread_start(cw__thread *t, void *(*run)(void *), void *user, const char *name);
void cw__thread_join(cw__thread t);
bool cw__thread_is_current(cw__thread t);

/**
 * Keep SIGPIPE from this thread while it writes where a reader may be gone, so that only EPIPE is
 * left of it; the program's own handlers stay as they are.
 */
typedef struct cw__pipe_guard {
    sigset_t before;
    bool pending_before; /* one that is not ours, and stays */
} cw__pipe_guard;

void cw__pipe_guard_begin(cw__pipe_guard *g);
/** `broken`: a write may have met EPIPE in between. */
void cw__pipe_guard_end(const cw__pipe_guard *g, bool broken);

/**
 * Changes in the child of a fork, and only there: what was made under another number belongs to
 * the parent. cw__fork_watch must have been called once (it is cheap to call again).
 */
int cw__fork_watch(void); /* 0, or an errno */
unsigned cw__fork_generation(void);

#endif
