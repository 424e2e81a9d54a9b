/* loop.h - an I/O thread: tasks, timers, and all the HTTP calls that it drives
 *
 * Everything that happens to a request happens on its loop's thread. Others hand it tasks. A loop
 * blocks all signals, never calls user code but the log callback, and sleeps when idle.
 *
 * "The loop's thread" is whoever drives it: its own thread as a rule, but a caller who would only
 * wait for one request on a loop that has nothing else to do may drive it in the meantime. That
 * spares the small request its four changes of thread.
 */
#ifndef CW_S3_LOOP_H
#define CW_S3_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include "port/http.h"

typedef struct cw__loop cw__loop;

/** Something to run once on the loop's thread. Zero-initialise, then set run and user. */
typedef struct cw__task {
    void (*run)(void *user);
    void *user;
    struct cw__task *next;
    bool queued; /* under the loop's lock */
} cw__task;

/** Something to run later on the loop's thread. Zero-initialise, then set fire and user. */
typedef struct cw__timer {
    void (*fire)(void *user);
    void *user;
    uint64_t due_ms;
    size_t place; /* in the heap, from 1; 0: not set */
} cw__timer;

/** Make the HTTP machinery and start the thread. */
cw_status cw__loop_new(cw__loop **out, const cw__http_options *http, cw_error *err);

/** Run what is queued, stop the thread, free. No call or timer may be left. NULL is fine. */
void cw__loop_free(cw__loop *loop);

/** From any thread. A task that is queued already is not queued again. Never fails. */
void cw__loop_post(cw__loop *loop, cw__task *task);

/**
 * Be the loop's thread until cw__loop_stop_driving, if nobody is and it has nothing to do: then
 * post, and call cw__loop_turn until what you wait for has come. @return false: its own thread
 * will do it, wait for that
 */
bool cw__loop_drive(cw__loop *loop);

/** Give it back to its own thread, which goes on with what is left. */
void cw__loop_stop_driving(cw__loop *loop);

/* On the loop's thread only: */

/** Do what there is to do, waiting up to `wait_ms` for it. */
void cw__loop_turn(cw__loop *loop, uint32_t wait_ms);

/** Do not wait in this turn: what a driver waits for has come. */
void cw__loop_hurry(cw__loop *loop);

/** Take a task back that has not run yet. */
void cw__loop_cancel_task(cw__loop *loop, cw__task *task);

cw__http *cw__loop_http(cw__loop *loop);

/** Set or move a timer. @return CW_OK or CW_E_NO_MEMORY */
cw_status cw__loop_set_timer(cw__loop *loop, cw__timer *timer, uint64_t due_ms);
void cw__loop_cancel_timer(cw__loop *loop, cw__timer *timer);

/**
 * Run a task when the loop has time to spare: when for a millisecond or more it has been asleep a
 * good part of the time, so that the network is what everything waits for. One task each time.
 */
void cw__loop_when_spare(cw__loop *loop, cw__task *task);
void cw__loop_cancel_spare(cw__loop *loop, cw__task *task);

#endif
