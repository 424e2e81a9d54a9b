/* upload_race.c - a second sending of a part that takes too long: the first to arrive wins
 *
 *     late -> both are under way -> one is answered with success -> the other is cancelled
 *
 * Both send the same bytes from the same slabs, as the same part of the same upload, so it does not
 * matter to the service which of them it takes. The second has a connection of its own, or there is
 * no race: then the first is cut short, and sent again. If the second fails, the first goes on as
 * if there had been none; if the first fails, it is the second that decides.
 *
 * The ETag of the one that was cancelled is never seen. But if all of its bytes were out by then,
 * the service may carry it out after the other: see cw__upload_look_again.
 */
#include "s3/upload_inside.h"

#include "base/memory.h"

static bool may_yet_land(const cw__exchange *x)
{
    return x->unanswered || (x->calling && x->body_out);
}

bool cw__upload_may_be_overtaken(const cw__sending *s)
{
    bool hedged = s->x.raced || s->x.cuts > 0;

    return s->overtaken || (hedged && may_yet_land(&s->x)) || (s->rival && may_yet_land(s->rival));
}

void cw__upload_drop_rival(cw__upload *up, cw__sending *s)
{
    cw__exchange *x = s->rival;

    if (!x)
        return;
    s->rival = NULL;
    s->overtaken = s->overtaken || may_yet_land(x);
    up->cut_off = up->cut_off || s->overtaken;
    cw__exchange_cancel(x);
    cw__upload_count(up, x);
    cw__exchange_free(x);
    cw__free(x);
}

static void on_rival_done(void *user, cw_status status)
{
    cw__sending *s = user;
    cw__upload *up = s->up;

    cw__mutex_lock(&up->lock);
    if (status == CW_OK && s->rival->reply.etag[0]) {
        s->x.call.blamed = true;
        cw__upload_finish_part(up, s, cw__strdup(s->rival->reply.etag));
    } else {
        cw__upload_drop_rival(up, s);
        if (s->lost)
            cw__upload_lose_part(up, s, s->lost_with);
    }
    cw__upload_pump(up);
    cw__mutex_unlock(&up->lock);
}

static bool start_rival(cw__upload *up, cw__sending *s)
{
    cw__exchange *x = cw__alloc_zero(sizeof *x);

    if (!x)
        return false;
    cw__request_part(x, up->plan, up->lane->loop, up->id, s->part);
    x->second = true;
    x->done = on_rival_done;
    x->user = s;
    x->deadline = s->x.deadline;
    s->rival = x;
    cw__exchange_start(x);
    return true;
}

/* An upload that is being aborted has no use for a part, sooner or later. */
bool cw__upload_race_part(void *user)
{
    cw__sending *s = user;
    cw__upload *up = s->up;
    bool raced;

    cw__mutex_lock(&up->lock);
    raced =
        up->aborting || (cw__http_has_room(cw__loop_http(up->lane->loop)) && start_rival(up, s));
    cw__mutex_unlock(&up->lock);
    return raced;
}
