/* exchange_run.c - start an exchange from any other thread and wait for its end */
#include "s3/exchange.h"

#include "base/error.h"

enum { LOOK_EVERY_MS = 50 }; /* whether to stop */

typedef struct run {
    cw__exchange *x;
    cw__task task;
    cw__mutex lock;
    cw__cond changed;
    bool over;        /* under lock */
    bool gave_up;     /* the same: `end` has run, which must not be left behind */
    cw_status status; /* under lock */
} run;

static void on_done(void *user, cw_status status)
{
    run *r = user;

    cw__mutex_lock(&r->lock);
    r->over = true;
    r->status = status;
    cw__cond_signal(&r->changed);
    cw__mutex_unlock(&r->lock);
}

static void start(void *user)
{
    run *r = user;

    cw__exchange_start(r->x);
}

/* On the loop, where the exchange's end is told as well. */
static void give_up(void *user)
{
    run *r = user;
    bool running = !r->over;

    if (running)
        cw__exchange_cancel(r->x);
    cw__mutex_lock(&r->lock);
    if (running)
        r->status = CW_E_CANCELLED;
    r->over = r->gave_up = true;
    cw__cond_signal(&r->changed);
    cw__mutex_unlock(&r->lock);
}

static void wait(run *r)
{
    const atomic_bool *stop = r->x->stop;
    cw__task end = {.run = give_up, .user = r};
    bool ending = false;

    cw__mutex_lock(&r->lock);
    while (!r->over || (ending && !r->gave_up)) {
        if (stop)
            cw__cond_wait_ms(&r->changed, &r->lock, LOOK_EVERY_MS);
        else
            cw__cond_wait(&r->changed, &r->lock);
        if (stop && !ending && atomic_load(stop)) {
            cw__loop_post(r->x->loop, &end);
            ending = true;
        }
    }
    cw__mutex_unlock(&r->lock);
}

cw_status cw__exchange_run(cw__exchange *x, cw_error *err)
{
    run r = {.x = x, .task = {.run = start, .user = &r}};

    if (cw__mutex_init(&r.lock) != 0)
        return cw__fail_memory(err, x->doing);
    if (cw__cond_init(&r.changed) != 0) {
        cw__mutex_destroy(&r.lock);
        return cw__fail_memory(err, x->doing);
    }
    x->done = on_done;
    x->user = &r;
    cw__loop_post(x->loop, &r.task);
    wait(&r);
    cw__cond_destroy(&r.changed);
    cw__mutex_destroy(&r.lock);
    if (r.status != CW_OK)
        cw__exchange_explain(x, r.status, err);
    return r.status;
}
