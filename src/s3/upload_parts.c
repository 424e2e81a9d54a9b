/* upload_parts.c - sending the parts of an upload
 *
 * A part's slabs go back to the pool as soon as it is acknowledged, or the upload gives up on it:
 * within the deadlines of one exchange. That is what the pool's argument against deadlock rests on.
 */
#include "s3/upload_inside.h"

#include "base/clock.h"
#include "base/memory.h"

#include <string.h>

enum { EAGER_PARTS = 2 }; /* one being sent, one ready when that is out */

void cw__upload_forget_sending(cw__upload *up, cw__sending *s)
{
    cw__sending **at = &up->sendings;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    up->running--;
    if (!s->body_sent)
        up->bodies--;
    cw__upload_drop_rival(up, s);
    cw__exchange_cancel(&s->x); /* its rival may have been quicker */
    cw__upload_count(up, &s->x);
    cw__exchange_free(&s->x);
    cw__part_free(s->part, cw__upload_client(up)->pool);
    cw__free(s);
}

static cw_status make_room_for_receipt(cw__upload *up, unsigned number)
{
    unsigned capacity = up->receipt_capacity ? up->receipt_capacity : 8;
    cw__part_receipt *receipts;

    if (number <= up->receipt_capacity)
        return CW_OK;
    while (capacity < number)
        capacity *= 2;
    receipts = cw__realloc(up->receipts, capacity * sizeof *receipts);
    if (!receipts)
        return CW_E_NO_MEMORY;
    memset(receipts + up->receipt_capacity, 0,
           (capacity - up->receipt_capacity) * sizeof *receipts);
    up->receipts = receipts;
    up->receipt_capacity = capacity;
    return CW_OK;
}

static void note_flow(cw__upload *up, uint64_t bytes)
{
    cw_client *c = cw__upload_client(up);
    unsigned now =
        up->plan->concurrency ? 0 : cw__flow_through(&c->flow, bytes, cw__clock_mono_us());

    if (now > 0)
        cw__log_line(&c->log, CW_LOG_DEBUG, "%u parts of an object at once from now on", now);
}

/* The service has the part; `etag` moves. */
static void acknowledge(cw__upload *up, const cw__sending *s, char *etag)
{
    const cw__part *part = s->part;
    cw__part_receipt *receipt = &up->receipts[part->number - 1];

    receipt->etag = etag;
    receipt->bytes = part->bytes;
    receipt->checksum = part->checksum;
    receipt->overtaken = cw__upload_may_be_overtaken(s);
    up->overtaken += receipt->overtaken;
    up->cut_off = up->cut_off || receipt->overtaken;
    up->acknowledged++;
    up->bytes_acknowledged += part->bytes;
    note_flow(up, part->bytes);
}

void cw__upload_finish_part(cw__upload *up, cw__sending *s, char *etag)
{
    if (etag)
        acknowledge(up, s, etag);
    else
        cw__upload_fail_memory(up);
    cw__upload_forget_sending(up, s);
}

/* An answer of success without an ETag is not one that this service gives. */
static cw_status failure_of(const cw__sending *s)
{
    return s->x.judgement.status == CW_OK ? CW_E_PROTOCOL : s->x.judgement.status;
}

static void on_lookup_done(void *user, cw_status status)
{
    cw__sending *s = user;
    cw__upload *up = s->up;
    char *etag = NULL;

    cw__mutex_lock(&up->lock);
    cw__upload_count(up, &s->lookup);
    if (status == CW_OK)
        etag = cw__read_listed_part(&s->lookup, s->part->number, s->part->bytes);
    cw__exchange_free(&s->lookup);
    if (etag) {
        cw__upload_finish_part(up, s, etag);
    } else {
        cw__upload_fail_exchange(up, &s->x, failure_of(s));
        up->cut_off = up->cut_off || s->x.unanswered;
        cw__upload_forget_sending(up, s);
    }
    cw__upload_pump(up);
    cw__mutex_unlock(&up->lock);
}

static void look_up_part(cw__upload *up, cw__sending *s)
{
    s->looking_up = true;
    cw__request_list_part(&s->lookup, cw__plan_object(up->plan), up->lane->loop, up->id,
                          s->part->number - 1);
    s->lookup.done = on_lookup_done;
    s->lookup.user = s;
    s->lookup.deadline = up->plan->deadline;
    cw__exchange_start(&s->lookup);
}

/*
 * A part whose reply was lost may have landed, and some services refuse it a second time. One that
 * was answered with success has, even if the reply was cut off before its ETag.
 */
static bool may_have_landed(const cw__sending *s)
{
    return s->x.reply.end == CW__HTTP_ANSWERED && (s->x.in_doubt || s->x.judgement.status == CW_OK);
}

void cw__upload_lose_part(cw__upload *up, cw__sending *s, cw_status status)
{
    if (!up->aborting && may_have_landed(s)) {
        look_up_part(up, s);
        return;
    }
    cw__upload_fail_exchange(up, &s->x, status == CW_OK ? failure_of(s) : status);
    up->cut_off = up->cut_off || s->x.unanswered;
    cw__upload_forget_sending(up, s);
}

static void on_part_done(void *user, cw_status status)
{
    cw__sending *s = user;
    cw__upload *up = s->up;

    cw__mutex_lock(&up->lock);
    if (status == CW_OK && s->x.reply.etag[0]) {
        cw__upload_finish_part(up, s, cw__strdup(s->x.reply.etag));
    } else if (s->rival) {
        s->lost = true;
        s->lost_with = status;
    } else {
        cw__upload_lose_part(up, s, status);
    }
    cw__upload_pump(up);
    cw__mutex_unlock(&up->lock);
}

/* ---- which of two sendings the service kept ---- */

static cw__part_receipt *overtaken_receipt(cw__upload *up)
{
    cw__part_receipt *receipt = up->receipts;

    while (!receipt->overtaken)
        receipt++;
    return receipt;
}

/* Where parts cannot be listed, what was acknowledged has to do. */
static void on_look_done(void *user, cw_status status)
{
    cw__upload *up = user;
    cw__part_receipt *receipt;
    char *etag = NULL;

    cw__mutex_lock(&up->lock);
    receipt = overtaken_receipt(up);
    if (status == CW_OK)
        etag = cw__read_listed_part(&up->x, (unsigned)(receipt - up->receipts) + 1, receipt->bytes);
    if (etag) {
        cw__free(receipt->etag);
        receipt->etag = etag;
    }
    receipt->overtaken = false;
    up->overtaken--;
    cw__upload_release_exchange(up);
    cw__upload_pump(up);
    cw__mutex_unlock(&up->lock);
}

/*
 * The connection of the first was closed with all of its bytes out, so it may have been carried out
 * after the second. The bytes are the same, but an ETag need not follow from the bytes alone
 * (SSE-KMS, directory buckets), and Complete has to name the one that is there.
 */
void cw__upload_look_again(cw__upload *up)
{
    unsigned before = (unsigned)(overtaken_receipt(up) - up->receipts);

    cw__request_list_part(&up->x, cw__plan_object(up->plan), up->lane->loop, up->id, before);
    cw__upload_take_exchange(up, on_look_done)->deadline = up->plan->deadline;
    cw__exchange_start(&up->x);
}

static void on_part_sent(void *user)
{
    cw__sending *s = user;
    cw__upload *up = s->up;

    cw__mutex_lock(&up->lock);
    if (!s->body_sent) {
        s->body_sent = true;
        up->bodies--;
        cw__upload_post_pump(up); /* libcurl takes no new request inside a callback of another */
    }
    cw__mutex_unlock(&up->lock);
}

static bool start_part(cw__upload *up)
{
    cw__sending *s = cw__alloc_zero(sizeof *s);

    if (!s || make_room_for_receipt(up, up->first->number) != CW_OK) {
        cw__free(s);
        cw__upload_fail_memory(up);
        return false;
    }
    s->up = up;
    s->part = cw__upload_dequeue(up);
    s->next = up->sendings;
    up->sendings = s;
    up->running++;
    up->bodies++;
    cw__request_part(&s->x, up->plan, up->lane->loop, up->id, s->part);
    s->x.done = on_part_done;
    s->x.sent = on_part_sent;
    s->x.late = cw__upload_race_part;
    s->x.user = s;
    s->x.deadline = up->plan->deadline;
    cw__exchange_start(&s->x);
    return true;
}

/*
 * Concurrency counts the bodies being sent. A part whose body is out and that waits for its reply
 * takes no bandwidth, so another may start in its place, up to as many again.
 */
static bool may_start(const cw__upload *up)
{
    cw__flow *flow = &cw__upload_client(up)->flow;
    unsigned allowed = up->plan->concurrency ? up->plan->concurrency : atomic_load(&flow->allowed);

    if (!up->first || (up->bodies < allowed && up->running < 2 * allowed))
        return up->first != NULL;
    cw__flow_hold_back(flow);
    return false;
}

/*
 * While this thread is what limits the speed, more parts on their way only push each other out of
 * the processor's cache. So a few start at once, and more when the thread has time to spare.
 */
void cw__upload_start_parts(cw__upload *up)
{
    bool started = false;

    while (may_start(up) && up->bodies < EAGER_PARTS && start_part(up))
        started = true;
    if (may_start(up))
        cw__loop_when_spare(up->lane->loop, &up->spare_task);
    if (started)
        cw__cond_broadcast(&up->changed);
}

void cw__upload_start_spare_part(void *user)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    if (up->state == CW__UPLOAD_SENDING && !up->aborting && may_start(up) && start_part(up))
        cw__cond_broadcast(&up->changed);
    cw__upload_pump(up);
    cw__mutex_unlock(&up->lock);
}
