/* loop.h - an I/O thread: tasks, timers, and all the HTTP calls that it drives
 *
 * Everything that happens to a request happens on its loop's thread. Others hand it tasks. A loop
 * blocks all signals, never calls user code but the log callback, and sleeps when idle.
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

/* On the loop's thread only: */

/** Take a task back that has not run yet. */
void cw__loop_cancel_task(cw__loop *loop, cw__task *task);

cw__http *cw__loop_http(cw__loop *loop);

/** Set or move a timer. @return CW_OK or CW_E_NO_MEMORY */
cw_status cw__loop_set_timer(cw__loop *loop, cw__timer *timer, uint64_t due_ms);
void cw__loop_cancel_timer(cw__loop *loop, cw__timer *timer);

#endif
