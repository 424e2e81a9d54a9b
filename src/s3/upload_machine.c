/* upload_machine.c - the states of an upload, and what moves them on (drawn in upload.h) */
#include "s3/upload_inside.h"

#include "base/error.h"

/* ---- small things ---- */

void cw__upload_count(cw__upload *up, const cw__exchange *x)
{
    up->requests += x->attempts;
    up->retries += cw__exchange_retries(x);
}

/* The exchange that all but parts share. */
cw__exchange *cw__upload_take_exchange(cw__upload *up, void (*done)(void *, cw_status))
{
    up->exchanging = true;
    up->x.done = done;
    up->x.user = up;
    return &up->x;
}

void cw__upload_release_exchange(cw__upload *up)
{
    cw__upload_count(up, &up->x);
    cw__exchange_free(&up->x);
    up->exchanging = false;
}

/* ---- the lane's list, and the end ---- */

void cw__upload_enter_lane(cw__upload *up)
{
    if (up->counted)
        return;
    up->counted = true;
    up->next = up->lane->uploads;
    up->self = &up->lane->uploads;
    if (up->next)
        up->next->self = &up->next;
    up->lane->uploads = up;
    atomic_fetch_add(&cw__upload_client(up)->live_uploads, 1);
}

static void leave_lane(cw__upload *up)
{
    if (!up->counted)
        return;
    up->counted = false;
    *up->self = up->next;
    if (up->next)
        up->next->self = up->self;
    atomic_fetch_sub(&cw__upload_client(up)->live_uploads, 1);
}

void cw__upload_settle(cw__upload *up, cw__upload_state final)
{
    up->state = final;
    cw__part_free(up->put_part, cw__upload_client(up)->pool);
    up->put_part = NULL;
    cw__loop_cancel_timer(up->lane->loop, &up->grace);
    cw__loop_cancel_spare(up->lane->loop, &up->spare_task);
    leave_lane(up);
    cw__loop_hurry(up->lane->loop); /* the driver may be the writer */
    cw__cond_broadcast(&up->changed);
}

cw__part *cw__upload_dequeue(cw__upload *up)
{
    cw__part *part = up->first;

    up->first = part->next;
    if (!up->first)
        up->tail = &up->first;
    part->next = NULL;
    up->queued--;
    return part;
}

/* ---- failing ---- */

void cw__upload_fail(cw__upload *up, const cw_error *e)
{
    if (up->error.status == CW_OK)
        up->error = *e;
    up->aborting = true;
    cw__cond_broadcast(&up->changed);
}

void cw__upload_fail_exchange(cw__upload *up, const cw__exchange *x, cw_status status)
{
    cw_error e;

    cw__exchange_explain(x, status, &e);
    cw__upload_fail(up, &e);
}

void cw__upload_fail_exiting(cw__upload *up)
{
    cw_error e;

    cw__fail(&e, CW_E_CANCELLED, "the process is exiting");
    cw__upload_fail(up, &e);
}

void cw__upload_fail_memory(cw__upload *up)
{
    cw_error e;

    cw__fail_memory(&e, "uploading");
    cw__upload_fail(up, &e);
}

/* ---- pumping ---- */

static void leave_idle(cw__upload *up)
{
    if (atomic_load(&cw__upload_client(up)->exiting))
        cw__upload_fail_exiting(up);
    if (up->aborting)
        cw__upload_start_abort(up);
    else if (up->finishing && up->added <= 1)
        cw__upload_start_put(up);
    else if (up->first)
        cw__upload_start_create(up);
}

static void finish_sending(cw__upload *up)
{
    if (up->overtaken > 0)
        cw__upload_look_again(up);
    else
        cw__upload_start_complete(up);
}

static void go_on_sending(cw__upload *up)
{
    if (up->aborting) {
        cw__upload_start_abort(up);
        return;
    }
    cw__upload_start_parts(up);
    if (up->aborting)
        cw__upload_start_abort(up);
    else if (up->finishing && !up->first && up->running == 0 && !up->exchanging)
        finish_sending(up);
}

/* Do whatever can be done now. On the loop's thread, with the lock held. */
void cw__upload_pump(cw__upload *up)
{
    switch (up->state) {
    case CW__UPLOAD_IDLE:
        leave_idle(up);
        break;
    case CW__UPLOAD_SENDING:
        go_on_sending(up);
        break;
    case CW__UPLOAD_MEETING:
        if (up->aborting)
            cw__upload_start_abort(up);
        break;
    case CW__UPLOAD_CREATING:
        if (up->aborting)
            cw__upload_cancel_exchange(up);
        break;
    case CW__UPLOAD_PUTTING:
    case CW__UPLOAD_COMPLETING:
        if (up->cancelling)
            cw__upload_cancel_exchange(up);
        break;
    case CW__UPLOAD_ABORTING:
        cw__upload_go_on_aborting(up);
        break;
    default: /* an exchange is under way, or it is over */
        break;
    }
}

/* The pump as a task of its loop. */
void cw__upload_run_pump(void *user)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    up->pump_posted = false;
    cw__upload_pump(up);
    if (cw__upload_over(up)) /* whoever waits for the end waits for this task, too */
        cw__cond_broadcast(&up->changed);
    cw__mutex_unlock(&up->lock);
}

void cw__upload_post_pump(cw__upload *up)
{
    if (up->pump_posted)
        return;
    up->pump_posted = true;
    cw__loop_post(up->lane->loop, &up->pump_task);
}

/* The list changes on this thread only; an upload is freed no earlier than it left the list. */
void cw__uploads_abort_all(cw__upload *first, uint64_t deadline)
{
    cw__upload *next;

    for (cw__upload *up = first; up; up = next) {
        next = up->next;
        cw__mutex_lock(&up->lock);
        up->abort_deadline = deadline;
        if (!cw__upload_is_committing(up)) /* which is left to come to its end */
            cw__upload_fail_exiting(up);
        cw__upload_pump(up);
        cw__mutex_unlock(&up->lock);
    }
}
