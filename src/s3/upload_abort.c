/* upload_abort.c - taking an upload back, so that nothing is left at the service
 *
 *     queued parts are dropped, those between two attempts too; those on their way are waited for,
 *     a moment at most -> Abort -> and if parts were cut off: ListParts, and Abort again if one
 *     landed after it
 */
#include "s3/upload_inside.h"

#include "base/clock.h"

enum {
    GRACE_MS = 3000,           /* for parts on their way */
    ABORT_DEADLINE_MS = 60000, /* for the abort itself, retries included */
    MOST_ABORTS = 3            /* when parts land after an abort */
};

static void send_abort(cw__upload *up);

static void drop_queue(cw__upload *up)
{
    while (up->first) {
        cw__part *part = up->first;
        up->first = part->next;
        cw__part_free(part, cw__upload_client(up)->pool);
    }
    up->tail = &up->first;
    up->queued = 0;
}

static void abort_over(cw__upload *up)
{
    cw__upload_release_exchange(up);
    cw__upload_settle(up, CW__UPLOAD_FAILED);
}

static void tell_left_behind(cw__upload *up, cw_status status)
{
    cw_error *e = &up->abort_error;

    cw__exchange_explain(&up->x, status, e);
    cw__copy_string(e->upload_id, sizeof e->upload_id, up->id);
}

static bool refused(const cw__upload *up)
{
    return up->x.reply.end == CW__HTTP_ANSWERED && up->x.reply.http_status >= 400 &&
           up->x.reply.http_status <= 499;
}

/*
 * After an abort that parts may have outrun: is anything there? A service that does not list parts
 * has accepted the abort; that must do.
 */
static void on_check_done(void *user, cw_status status)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    if (status == CW_OK && up->aborts < MOST_ABORTS) {
        cw__upload_release_exchange(up);
        send_abort(up);
    } else {
        if (status == CW_OK)
            tell_left_behind(up, CW_E_CONFLICT);
        else if (!refused(up) && status != CW_E_UNSUPPORTED)
            tell_left_behind(up, status);
        abort_over(up);
    }
    cw__mutex_unlock(&up->lock);
}

static void check_abort(cw__upload *up)
{
    cw__upload_release_exchange(up);
    cw__request_list_part(&up->x, cw__plan_object(up->plan), up->lane->loop, up->id, 0);
    cw__upload_take_exchange(up, on_check_done)->deadline = up->abort_deadline;
    cw__exchange_start(&up->x);
}

/* Services answer the abort of what is gone, and a second one, in several ways. */
static bool abort_worked(const cw__upload *up, cw_status status)
{
    return status == CW_OK || status == CW_E_NOT_FOUND ||
           up->x.judgement.verdict == CW__VERDICT_NO_UPLOAD || (up->aborts > 1 && refused(up));
}

/*
 * Nobody else takes it away: an attempt to commit that got no answer was carried out after all, or
 * it was the abort, if that was sent more than once. A condition that does not hold may take it.
 */
static bool was_committed_late(const cw__upload *up)
{
    cw_status st = up->error.status;
    bool lost = st == CW_E_ALREADY_EXISTS || st == CW_E_PRECONDITION || st == CW_E_CONFLICT;

    return up->unanswered && !lost && up->aborts == 1 &&
           up->x.judgement.verdict == CW__VERDICT_NO_UPLOAD;
}

static void on_abort_done(void *user, cw_status status)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    if (was_committed_late(up)) {
        up->doubt = up->x.in_doubt ? CW__DOUBT_REFUSED : CW__DOUBT_GONE;
        cw__upload_release_exchange(up);
        cw__upload_start_asking(up);
    } else if (!abort_worked(up, status)) {
        tell_left_behind(up, status);
        abort_over(up);
    } else if (up->cut_off) {
        check_abort(up);
    } else {
        abort_over(up);
    }
    cw__mutex_unlock(&up->lock);
}

static void send_abort(cw__upload *up)
{
    up->aborts++;
    if (!up->abort_deadline)
        up->abort_deadline = cw__clock_mono_ms() + ABORT_DEADLINE_MS;
    cw__request_abort(&up->x, cw__plan_object(up->plan), up->lane->loop, up->id);
    cw__upload_take_exchange(up, on_abort_done)->deadline = up->abort_deadline;
    cw__exchange_start(&up->x);
}

static void cut_off(cw__upload *up, cw__sending *s)
{
    if (s->rival || s->x.calling || s->x.unanswered)
        up->cut_off = true;
    cw__exchange_cancel(&s->x);
    if (s->looking_up) {
        cw__exchange_cancel(&s->lookup);
        cw__exchange_free(&s->lookup);
    }
    cw__upload_forget_sending(up, s);
}

/* Parts in a pause between attempts need no waiting for; with `all`, none does. */
static void cut_off_parts(cw__upload *up, bool all)
{
    cw__sending *next;

    for (cw__sending *s = up->sendings; s; s = next) {
        next = s->next;
        if (all || !s->x.calling)
            cut_off(up, s);
    }
}

static void grace_over(void *user)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    cut_off_parts(up, true);
    cw__upload_pump(up);
    cw__mutex_unlock(&up->lock);
}

void cw__upload_start_abort(cw__upload *up)
{
    up->state = CW__UPLOAD_ABORTING;
    if (up->exchanging) { /* looking something up that nobody wants to know any more */
        cw__exchange_cancel(&up->x);
        cw__upload_release_exchange(up);
    }
    drop_queue(up);
    cut_off_parts(up, false);
    up->grace.fire = grace_over;
    up->grace.user = up;
    if (up->running > 0 &&
        cw__loop_set_timer(up->lane->loop, &up->grace, cw__clock_mono_ms() + GRACE_MS) != CW_OK)
        cut_off_parts(up, true);
    cw__upload_pump(up);
}

void cw__upload_go_on_aborting(cw__upload *up)
{
    if (up->running > 0 || up->exchanging)
        return;
    if (up->id[0])
        send_abort(up);
    else
        cw__upload_settle(up, CW__UPLOAD_FAILED);
}
