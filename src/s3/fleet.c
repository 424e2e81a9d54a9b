/* fleet.c - several exchanges at once, for a thread that waits for them */
#include "s3/fleet.h"

#include "base/error.h"

static void on_done(void *user, cw_status status)
{
    cw__ship *s = user;
    cw__fleet *f = s->fleet;

    cw__mutex_lock(&f->lock);
    s->status = status;
    s->next = f->landed;
    f->landed = s;
    cw__cond_signal(&f->changed);
    cw__mutex_unlock(&f->lock);
}

static void start(void *user)
{
    cw__ship *s = user;

    cw__exchange_start(&s->x);
}

cw_status cw__fleet_init(cw__fleet *f, cw_error *err)
{
    *f = (cw__fleet){0};
    if (cw__mutex_init(&f->lock) != 0)
        return cw__fail_memory(err, "preparing requests");
    if (cw__cond_init(&f->changed) == 0)
        return CW_OK;
    cw__mutex_destroy(&f->lock);
    return cw__fail_memory(err, "preparing requests");
}

void cw__fleet_destroy(cw__fleet *f)
{
    cw__cond_destroy(&f->changed);
    cw__mutex_destroy(&f->lock);
}

void cw__fleet_launch(cw__fleet *f, cw__ship *s)
{
    s->fleet = f;
    s->x.done = on_done;
    s->x.user = s;
    s->task = (cw__task){.run = start, .user = s};
    f->under_way++;
    cw__loop_post(s->x.loop, &s->task);
}

cw__ship *cw__fleet_wait(cw__fleet *f)
{
    cw__ship *s;

    if (f->under_way == 0)
        return NULL;
    cw__mutex_lock(&f->lock);
    while (!f->landed)
        cw__cond_wait(&f->changed, &f->lock);
    s = f->landed;
    f->landed = s->next;
    cw__mutex_unlock(&f->lock);
    f->under_way--;
    return s;
}
