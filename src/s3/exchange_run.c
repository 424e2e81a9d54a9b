/* exchange_run.c - start an exchange from any other thread and wait for its end */
#include "s3/exchange.h"

#include "base/error.h"

enum { LOOK_EVERY_MS = 50 }; /* whether to stop */

static void tell(cw__run *r, bool *what)
{
    cw__mutex_lock(&r->lock);
    *what = true;
    cw__cond_signal(&r->changed);
    cw__mutex_unlock(&r->lock);
}

static void on_done(void *user, cw_status status)
{
    cw__run *r = user;

    r->status = status;
    tell(r, &r->over);
}

static void start(void *user)
{
    cw__run *r = user;

    cw__exchange_start(r->x);
}

static void stop(void *user)
{
    cw__run *r = user;

    if (!r->over) { /* which is told on this thread */
        cw__exchange_cancel(r->x);
        r->status = CW_E_CANCELLED;
    }
    tell(r, &r->stopped);
}

/* @return whether it is: else its `stop` says that it is to be stopped */
static bool wait_for_end(cw__run *r)
{
    const atomic_bool *stop = r->x->stop;

    cw__mutex_lock(&r->lock);
    while (!r->over && !(stop && atomic_load(stop)))
        if (stop)
            cw__cond_wait_ms(&r->changed, &r->lock, LOOK_EVERY_MS);
        else
            cw__cond_wait(&r->changed, &r->lock);
    bool over = r->over;
    cw__mutex_unlock(&r->lock);
    return over;
}

static void finish(cw__run *r)
{
    cw__cond_destroy(&r->changed);
    cw__mutex_destroy(&r->lock);
}

cw_status cw__run_begin(cw__run *r, cw__exchange *x, cw_error *err)
{
    *r = (cw__run){
        .x = x, .starting = {.run = start, .user = r}, .stopping = {.run = stop, .user = r}};
    if (cw__mutex_init(&r->lock) != 0)
        return cw__fail_memory(err, x->doing);
    if (cw__cond_init(&r->changed) != 0) {
        cw__mutex_destroy(&r->lock);
        return cw__fail_memory(err, x->doing);
    }
    x->done = on_done;
    x->user = r;
    cw__loop_post(x->loop, &r->starting);
    return CW_OK;
}

cw_status cw__run_end(cw__run *r, cw_error *err)
{
    if (wait_for_end(r))
        finish(r);
    else
        cw__run_stop(r);
    if (r->status != CW_OK)
        cw__exchange_explain(r->x, r->status, err);
    return r->status;
}

void cw__run_stop(cw__run *r)
{
    cw__loop_post(r->x->loop, &r->stopping);
    cw__mutex_lock(&r->lock);
    while (!r->stopped)
        cw__cond_wait(&r->changed, &r->lock);
    cw__mutex_unlock(&r->lock);
    finish(r);
}

cw_status cw__exchange_run(cw__exchange *x, cw_error *err)
{
    cw__run r;
    cw_status st = cw__run_begin(&r, x, err);

    return st == CW_OK ? cw__run_end(&r, err) : st;
}
