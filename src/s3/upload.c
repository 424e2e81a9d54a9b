/* upload.c - the writer's side of an upload: hand over parts, wait for the outcome
 *
 * Runs on the writer's thread. The machine that does the work is in upload_machine.c.
 */
#include "s3/upload_inside.h"

#include "base/error.h"
#include "base/memory.h"

cw_status cw__upload_new(cw__upload **out, const cw__plan *plan, cw_error *err)
{
    cw__upload *up = cw__alloc_zero(sizeof *up);

    *out = NULL;
    if (!up)
        return cw__fail_memory(err, "starting an upload");
    if (cw__mutex_init(&up->lock) != 0)
        goto free_upload;
    if (cw__cond_init(&up->changed) != 0)
        goto free_lock;
    up->plan = plan;
    up->lane = cw__client_next_lane(plan->client);
    up->tail = &up->first;
    up->pump_task = (cw__task){.run = cw__upload_run_pump, .user = up};
    up->spare_task = (cw__task){.run = cw__upload_start_spare_part, .user = up};
    *out = up;
    return CW_OK;

free_lock:
    cw__mutex_destroy(&up->lock);
free_upload:
    cw__free(up);
    return cw__fail_memory(err, "starting an upload");
}

static cw_status error_of(const cw__upload *up, cw_error *err)
{
    if (up->error.status != CW_OK)
        cw__error_copy(err, &up->error);
    return up->error.status;
}

static void refuse_at_exit(cw__upload *up)
{
    if (atomic_load(&cw__upload_client(up)->exiting))
        cw__upload_fail_exiting(up);
}

/* The part moves; after an error it is only given back. */
static void enqueue(cw__upload *up, cw__part *part)
{
    if (up->aborting) {
        cw__part_free(part, cw__upload_client(up)->pool);
        return;
    }
    cw__part_depart(part, cw__upload_client(up)->pool);
    up->added++;
    up->bytes_added += part->bytes;
    up->queued++;
    *up->tail = part;
    up->tail = &part->next;
}

cw_status cw__upload_add(cw__upload *up, cw__part *part, cw_error *err)
{
    cw_status st;

    cw__mutex_lock(&up->lock);
    refuse_at_exit(up);
    enqueue(up, part);
    cw__upload_post_pump(up);
    st = error_of(up, err);
    cw__mutex_unlock(&up->lock);
    return st;
}

cw_status cw__upload_check(cw__upload *up, cw_error *err)
{
    cw_status st;

    cw__mutex_lock(&up->lock);
    st = error_of(up, err);
    cw__mutex_unlock(&up->lock);
    return st;
}

/* Once a commit is on its way it can only be given up between two attempts, by the machine. */
static void cancel(cw__upload *up)
{
    cw_error e;

    if (up->aborting || cw__upload_over(up))
        return;
    if (cw__upload_is_committing(up)) {
        up->cancelling = true;
        cw__upload_post_pump(up);
        return;
    }
    cw__fail(&e, CW_E_CANCELLED, "cancelled by the progress callback");
    cw__upload_fail(up, &e);
    cw__upload_post_pump(up);
}

/* One wait of an interval at most, and a tick, which must not hold the lock. */
static void wait_once(cw__upload *up, const cw__waiting *w)
{
    int stop;

    if (!w || !w->tick) {
        cw__cond_wait(&up->changed, &up->lock);
        return;
    }
    if (cw__cond_wait_ms(&up->changed, &up->lock, w->interval_ms))
        return;
    cw__mutex_unlock(&up->lock);
    stop = w->tick(w->user, NULL);
    cw__mutex_lock(&up->lock);
    if (stop)
        cancel(up);
}

cw_status cw__upload_wait_turn(cw__upload *up, const cw__waiting *w, cw_error *err)
{
    cw_status st;

    cw__mutex_lock(&up->lock);
    while (up->queued > 0 && !up->aborting)
        wait_once(up, w);
    st = error_of(up, err);
    cw__mutex_unlock(&up->lock);
    return st;
}

static bool still_running(const cw__upload *up)
{
    return !cw__upload_over(up) || up->pump_posted;
}

static void wait_until_over(cw__upload *up, const cw__waiting *w)
{
    while (still_running(up))
        wait_once(up, w);
}

/*
 * A single PUT on a loop that has nothing else to do: send it from this thread, which would only
 * wait. Not with a progress callback: that may use the client, and nobody else drives this loop.
 */
static void drive_until_over(cw__upload *up)
{
    const cw_client *c = cw__upload_client(up);
    bool tls = c->tls || c->transport.http.proxy.url; /* plain sends raise no SIGPIPE */
    cw__pipe_guard guard;
    bool running = true;

    if (tls)
        cw__pipe_guard_begin(&guard);
    while (running) {
        cw__loop_turn(up->lane->loop, UINT32_MAX);
        cw__mutex_lock(&up->lock);
        running = still_running(up);
        cw__mutex_unlock(&up->lock);
    }
    cw__loop_stop_driving(up->lane->loop);
    if (tls)
        cw__pipe_guard_end(&guard, true);
}

cw_status cw__upload_finish(cw__upload *up, cw__part *last, const cw__checksum_value *whole,
                            const cw__waiting *w, cw_object_info *info, cw_error *err)
{
    bool driving = up->added == 0 && !w->tick && cw__loop_drive(up->lane->loop);
    cw_status st;

    cw__mutex_lock(&up->lock);
    refuse_at_exit(up);
    if (last)
        enqueue(up, last);
    up->whole = *whole;
    up->finishing = true;
    cw__upload_post_pump(up);
    if (driving) {
        cw__mutex_unlock(&up->lock);
        drive_until_over(up);
        cw__mutex_lock(&up->lock);
    }
    wait_until_over(up, w);
    st = error_of(up, err);
    if (st == CW_OK)
        *info = up->info;
    info->requests = up->requests;
    info->retries = up->retries;
    cw__mutex_unlock(&up->lock);
    return st;
}

cw_status cw__upload_abort(cw__upload *up, cw_error *err)
{
    cw_status st;

    cw__mutex_lock(&up->lock);
    up->aborting = true;
    if (!cw__upload_over(up))
        cw__upload_post_pump(up);
    wait_until_over(up, NULL);
    st = up->abort_error.status;
    if (st != CW_OK)
        cw__error_copy(err, &up->abort_error);
    cw__mutex_unlock(&up->lock);
    return st;
}

void cw__upload_stats(cw__upload *up, cw_stats *out)
{
    cw__mutex_lock(&up->lock);
    out->bytes_sent = up->state == CW__UPLOAD_COMMITTED ? up->bytes_added : up->bytes_acknowledged;
    out->parts_done = up->acknowledged;
    out->parts_in_flight = up->running + (up->state == CW__UPLOAD_PUTTING);
    out->parts_queued = up->queued;
    out->requests = up->requests;
    out->retries = up->retries;
    for (const cw__sending *s = up->sendings; s; s = s->next) {
        out->requests += s->x.attempts + (s->rival ? s->rival->attempts : 0);
        out->retries += cw__exchange_retries(&s->x);
        out->retries += s->rival ? cw__exchange_retries(s->rival) : 0;
    }
    cw__mutex_unlock(&up->lock);
}

void cw__upload_free(cw__upload *up)
{
    if (!up)
        return;
    if (up->state != CW__UPLOAD_IDLE || up->pump_posted)
        cw__upload_abort(up, NULL);
    for (unsigned i = 0; i < up->receipt_capacity; i++)
        cw__free(up->receipts[i].etag);
    cw__free(up->receipts);
    cw__text_free(&up->document);
    cw__cond_destroy(&up->changed);
    cw__mutex_destroy(&up->lock);
    cw__free(up);
}
