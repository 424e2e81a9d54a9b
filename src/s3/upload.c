/* upload.c - the machine that takes an object from its first part to its commit, or away again
 *
 * Locking: `lock` guards everything but `id`, `plan` and `lane`. The machine (pump, and what the
 * exchanges call when they end) runs on the loop's thread with the lock held; the writer's thread
 * holds it to add, to read, and to wait. Exchanges never call back from within start, so that they
 * can be started under the lock. Order: upload, then loop, pool or client.
 *
 * A part's slabs go back to the pool as soon as it is acknowledged, or the upload gives up on it:
 * within the deadlines of one exchange. That is what the pool's argument against deadlock rests on.
 */
#include "s3/upload.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "s3/part_size.h"
#include "s3/requests.h"

#include <stdio.h>
#include <string.h>

enum {
    GRACE_MS = 3000,          /* for parts on their way when an abort is due */
    ABORT_DEADLINE_MS = 60000, /* for the abort itself, retries included */
    ASK_DEADLINE_MS = 60000,   /* for looking into a commit in doubt */
    ASK_GRACE_MS = 5000,       /* the same, once a deadline has passed */
    MOST_ABORTS = 3           /* when parts land after an abort */
};

typedef enum state {
    IDLE,
    PUTTING,
    CREATING,
    UPLOADING,
    COMPLETING,
    ASKING,
    ABORTING,
    COMMITTED,
    FAILED,
    INDETERMINATE
} state;

/* What the end of a commit says of it, when an attempt of it may have been carried out. */
typedef enum doubt {
    REFUSED, /* the last answer was no */
    GONE,    /* the last answer was that there is no such upload: committed before, or aborted */
    OPEN     /* there was no answer: it may yet be carried out */
} doubt;

/* A part that is being sent. */
typedef struct sending {
    struct sending *next;
    cw__upload *up;
    cw__part *part;
    bool body_sent;
    bool looking_up; /* asking whether it landed, after all */
    cw__exchange x;
    cw__exchange lookup;
} sending;

struct cw__upload {
    const cw__plan *plan;
    cw__lane *lane;
    cw__task pump_task;
    cw__timer grace;
    cw__upload *next, **self; /* in its lane's list; on the loop's thread only */

    cw__mutex lock;
    cw__cond changed;
    state state;
    bool pump_posted;
    bool aborting;  /* asked for, or because of `error` */
    bool finishing; /* no more parts come */
    bool counted;   /* among the client's live uploads */
    cw_error *error; /* the first; NULL: none. NO_MEMORY_ERROR if there was none for it */

    cw__part *first, **tail; /* full, waiting for their turn */
    unsigned queued;
    sending *sendings;
    unsigned running; /* in sendings */
    unsigned bodies;  /* of those, not yet fully sent */
    unsigned added;

    char *id;
    cw__part_receipt *receipts;
    unsigned receipt_capacity;
    unsigned acknowledged;
    uint64_t bytes_acknowledged, bytes_added;
    cw__checksum_value whole;

    cw__part *put_part;
    bool exchanging; /* `x` is in use: one at a time, for all but parts */
    cw__exchange x;
    cw__text document;
    char document_hash[65];
    doubt doubt;      /* about the commit, while ASKING */
    bool cut_off;     /* parts were cut off in their sending, and may land */
    unsigned aborts;
    uint64_t abort_deadline;
    cw_error *abort_error;

    cw_object_info info;
    uint64_t requests, retries;
};

/* What is told when there is no memory even for the error. */
static cw_error no_memory_error = {
    .status = CW_E_NO_MEMORY,
    .message = "out of memory while uploading",
};

static void pump(cw__upload *up);
static void start_abort(cw__upload *up);
static void start_asking(cw__upload *up);

/* ---- small things ---- */

static bool over(const cw__upload *up)
{
    return up->state == COMMITTED || up->state == FAILED || up->state == INDETERMINATE;
}

static cw_client *client_of(const cw__upload *up)
{
    return up->plan->client;
}

static bool committing(const cw__upload *up)
{
    return up->state == PUTTING || up->state == COMPLETING || up->state == ASKING;
}

static void free_error(cw_error *e)
{
    if (e != &no_memory_error)
        cw__free(e);
}

/* Keep the first error of two; a clone, or the static one. */
static void keep_error(cw_error **kept, const cw_error *e)
{
    if (*kept)
        return;
    *kept = cw__alloc(sizeof **kept);
    if (*kept)
        **kept = *e;
    else
        *kept = &no_memory_error;
}

static void count(cw__upload *up, const cw__exchange *x)
{
    up->requests += x->attempts;
    up->retries += x->attempts > 1 ? x->attempts - 1 : 0;
}

/* The exchange that all but parts share. */
static cw__exchange *take_exchange(cw__upload *up, void (*done)(void *, cw_status))
{
    up->exchanging = true;
    up->x.done = done;
    up->x.user = up;
    return &up->x;
}

static void release_exchange(cw__upload *up)
{
    count(up, &up->x);
    cw__exchange_free(&up->x);
    up->exchanging = false;
}

/* ---- the lane's list, and the end ---- */

static void enter_lane(cw__upload *up)
{
    if (up->counted)
        return;
    up->counted = true;
    up->next = up->lane->uploads;
    up->self = &up->lane->uploads;
    if (up->next)
        up->next->self = &up->next;
    up->lane->uploads = up;
    atomic_fetch_add(&client_of(up)->live_uploads, 1);
}

static void leave_lane(cw__upload *up)
{
    if (!up->counted)
        return;
    up->counted = false;
    *up->self = up->next;
    if (up->next)
        up->next->self = up->self;
    atomic_fetch_sub(&client_of(up)->live_uploads, 1);
}

static void settle(cw__upload *up, state final)
{
    up->state = final;
    cw__part_free(up->put_part, client_of(up)->pool);
    up->put_part = NULL;
    cw__loop_cancel_timer(up->lane->loop, &up->grace);
    leave_lane(up);
    cw__cond_broadcast(&up->changed);
}

static void drop_queue(cw__upload *up)
{
    while (up->first) {
        cw__part *part = up->first;
        up->first = part->next;
        cw__part_free(part, client_of(up)->pool);
    }
    up->tail = &up->first;
    up->queued = 0;
}

/* ---- failing ---- */

static void fail(cw__upload *up, const cw_error *e)
{
    keep_error(&up->error, e);
    up->aborting = true;
    cw__cond_broadcast(&up->changed);
}

static void fail_exchange(cw__upload *up, const cw__exchange *x, cw_status status)
{
    cw_error e;

    cw__exchange_explain(x, status, &e);
    fail(up, &e);
}

static void fail_memory(cw__upload *up)
{
    cw_error e;

    cw__fail_memory(&e, "uploading");
    fail(up, &e);
}

/* ---- pumping: see below ---- */

static void post_pump(cw__upload *up)
{
    if (up->pump_posted)
        return;
    up->pump_posted = true;
    cw__loop_post(up->lane->loop, &up->pump_task);
}

/* ---- parts ---- */

static void forget_sending(cw__upload *up, sending *s)
{
    sending **at = &up->sendings;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    up->running--;
    if (!s->body_sent)
        up->bodies--;
    count(up, &s->x);
    cw__exchange_free(&s->x);
    cw__part_free(s->part, client_of(up)->pool);
    cw__free(s);
    cw__cond_broadcast(&up->changed);
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

/* The service has the part; `etag` moves. */
static void acknowledge(cw__upload *up, const cw__part *part, char *etag)
{
    cw__part_receipt *receipt = &up->receipts[part->number - 1];

    receipt->etag = etag;
    receipt->bytes = part->bytes;
    receipt->checksum = part->checksum;
    up->acknowledged++;
    up->bytes_acknowledged += part->bytes;
}

static void finish_part(cw__upload *up, sending *s, char *etag)
{
    if (etag)
        acknowledge(up, s->part, etag);
    else
        fail_memory(up);
    forget_sending(up, s);
}

static void on_lookup_done(void *user, cw_status status)
{
    sending *s = user;
    cw__upload *up = s->up;
    char *etag = NULL;

    cw__mutex_lock(&up->lock);
    count(up, &s->lookup);
    if (status == CW_OK)
        etag = cw__read_listed_part(&s->lookup, s->part->number, s->part->bytes);
    cw__exchange_free(&s->lookup);
    if (etag) {
        finish_part(up, s, etag);
    } else {
        fail_exchange(up, &s->x, s->x.judgement.status);
        forget_sending(up, s);
    }
    pump(up);
    cw__mutex_unlock(&up->lock);
}

/* A part whose reply was lost may have landed, and some services refuse it a second time. */
static void look_up_part(cw__upload *up, sending *s)
{
    s->looking_up = true;
    cw__request_list_part(&s->lookup, up->plan, up->lane->loop, up->id, s->part->number - 1);
    s->lookup.done = on_lookup_done;
    s->lookup.user = s;
    s->lookup.deadline = up->plan->deadline;
    cw__exchange_start(&s->lookup);
}

static bool may_have_landed(const sending *s)
{
    return s->x.in_doubt && s->x.reply.end == CW__HTTP_ANSWERED && s->x.judgement.status != CW_OK;
}

static void on_part_done(void *user, cw_status status)
{
    sending *s = user;
    cw__upload *up = s->up;

    cw__mutex_lock(&up->lock);
    if (status == CW_OK && s->x.reply.etag[0]) {
        finish_part(up, s, cw__strdup(s->x.reply.etag));
    } else if (!up->aborting && status != CW_OK && may_have_landed(s)) {
        look_up_part(up, s);
    } else {
        fail_exchange(up, &s->x, status == CW_OK ? CW_E_PROTOCOL : status);
        forget_sending(up, s);
    }
    pump(up);
    cw__mutex_unlock(&up->lock);
}

static void on_part_sent(void *user)
{
    sending *s = user;
    cw__upload *up = s->up;

    cw__mutex_lock(&up->lock);
    if (!s->body_sent) {
        s->body_sent = true;
        up->bodies--;
        post_pump(up); /* libcurl takes no new request inside a callback of another */
    }
    cw__mutex_unlock(&up->lock);
}

static cw__part *dequeue(cw__upload *up)
{
    cw__part *part = up->first;

    up->first = part->next;
    if (!up->first)
        up->tail = &up->first;
    part->next = NULL;
    up->queued--;
    return part;
}

static bool start_part(cw__upload *up)
{
    sending *s = cw__alloc_zero(sizeof *s);

    if (!s || make_room_for_receipt(up, up->first->number) != CW_OK) {
        cw__free(s);
        fail_memory(up);
        return false;
    }
    s->up = up;
    s->part = dequeue(up);
    s->next = up->sendings;
    up->sendings = s;
    up->running++;
    up->bodies++;
    cw__request_part(&s->x, up->plan, up->lane->loop, up->id, s->part);
    s->x.done = on_part_done;
    s->x.sent = on_part_sent;
    s->x.user = s;
    s->x.deadline = up->plan->deadline;
    cw__exchange_start(&s->x);
    return true;
}

/*
 * Concurrency counts the bodies being sent. A part whose body is out and that waits for its reply
 * takes no bandwidth, so another may start in its place, up to as many again.
 */
static void start_parts(cw__upload *up)
{
    bool started = false;

    while (up->first && up->bodies < up->plan->concurrency &&
           up->running < 2 * up->plan->concurrency && start_part(up))
        started = true;
    if (started)
        cw__cond_broadcast(&up->changed);
}

/* ---- Create ---- */

static void on_create_done(void *user, cw_status status)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    if (status == CW_OK)
        up->id = cw__read_upload_id(&up->x);
    if (!up->id)
        fail_exchange(up, &up->x, status == CW_OK ? CW_E_PROTOCOL : status);
    release_exchange(up);
    up->state = UPLOADING;
    pump(up);
    cw__mutex_unlock(&up->lock);
}

static void start_create(cw__upload *up)
{
    cw__exchange *x = &up->x;

    up->state = CREATING;
    enter_lane(up);
    cw__request_create(x, up->plan, up->lane->loop);
    take_exchange(up, on_create_done)->deadline = up->plan->deadline;
    cw__exchange_start(x);
}

/* ---- the commit: PUT or Complete ---- */

/* Complete says it in its document, PUT and HEAD in their headers. */
static void take_document(cw_object_info *info, const cw__plan *plan, const cw__xml *document)
{
    const cw__checksum_kind *kind = cw__checksum_kind_of(plan->checksum);
    char *etag = cw__read_etag(document);
    char sum[CW__CHECKSUM_TEXT * 2] = "";

    if (etag && etag[0])
        cw__copy_string(info->etag, sizeof info->etag, etag);
    cw__free(etag);
    if (kind)
        cw__xml_copy_text(cw__xml_root(document), kind->element, sum, sizeof sum);
    if (sum[0])
        snprintf(info->checksum, sizeof info->checksum, "%s:%s", kind->name, sum);
}

static void take_info(cw__upload *up, const cw__reply *reply)
{
    cw_object_info *info = &up->info;

    info->bytes = up->bytes_added;
    info->parts = up->id ? up->acknowledged : 0;
    cw__copy_string(info->etag, sizeof info->etag, reply->etag);
    cw__copy_string(info->version_id, sizeof info->version_id, reply->version_id);
    cw__copy_string(info->checksum, sizeof info->checksum, reply->checksum);
    if (reply->document)
        take_document(info, up->plan, reply->document);
}

static doubt doubt_of(const cw__exchange *x)
{
    if (x->judgement.verdict == CW__VERDICT_NO_UPLOAD)
        return GONE;
    return x->unanswered && x->judgement.verdict != CW__VERDICT_FINAL ? OPEN : REFUSED;
}

static void on_commit_done(void *user, cw_status status)
{
    cw__upload *up = user;
    cw__exchange *x = &up->x;
    bool in_doubt = x->in_doubt;

    cw__mutex_lock(&up->lock);
    if (status == CW_OK) {
        take_info(up, &x->reply);
        release_exchange(up);
        settle(up, COMMITTED);
    } else {
        up->doubt = doubt_of(x);
        fail_exchange(up, x, status);
        release_exchange(up);
        if (in_doubt)
            start_asking(up);
        else
            start_abort(up);
    }
    cw__mutex_unlock(&up->lock);
}

static void start_put(cw__upload *up)
{
    up->state = PUTTING;
    enter_lane(up);
    up->put_part = up->first ? dequeue(up) : NULL;
    cw__request_put(&up->x, up->plan, up->lane->loop, up->put_part);
    take_exchange(up, on_commit_done)->deadline = up->plan->deadline;
    cw__exchange_start(&up->x);
}

static cw__manifest manifest_of(const cw__upload *up)
{
    return (cw__manifest){.upload_id = up->id,
                          .parts = up->receipts,
                          .count = up->acknowledged,
                          .bytes = up->bytes_added,
                          .whole = up->whole};
}

static void start_complete(cw__upload *up)
{
    cw__manifest m = manifest_of(up);

    up->state = COMPLETING;
    cw__request_complete(&up->x, up->plan, up->lane->loop, &m, &up->document, up->document_hash);
    take_exchange(up, on_commit_done)->deadline = up->plan->deadline;
    cw__exchange_start(&up->x);
}

/* ---- asking: what became of a commit in doubt ---- */

static void tell_indeterminate(cw__upload *up)
{
    cw_error *e = up->error;

    if (e != &no_memory_error) {
        cw__error_append(e, "; the commit was sent and may have taken effect: ask later, with "
                            "cw_commit_query");
        e->status = CW_E_INDETERMINATE;
        cw__copy_string(e->commit_token, sizeof e->commit_token, up->plan->token);
        cw__copy_string(e->upload_id, sizeof e->upload_id, up->id ? up->id : "");
    }
    settle(up, INDETERMINATE);
}

/* A service that drops metadata has no token; but a multipart ETag follows from the parts'. */
static bool is_ours(const cw__upload *up, const cw__reply *reply)
{
    cw__manifest m = manifest_of(up);
    char etag[CW__MULTIPART_ETAG];

    if (!reply->has_content_length || reply->content_length != up->bytes_added)
        return false;
    if (reply->token[0])
        return strcmp(reply->token, up->plan->token) == 0;
    return up->id && cw__multipart_etag(&m, etag) && strcmp(reply->etag, etag) == 0;
}

static void found_ours(cw__upload *up)
{
    free_error(up->error);
    up->error = NULL;
    up->aborting = false;
    take_info(up, &up->x.reply);
    release_exchange(up);
    settle(up, COMMITTED);
}

/*
 * What is there is not ours, or nobody would say. It is certain that we did not commit only if the
 * service refused, and says now that our object is not there: with the upload gone ours may have
 * been there and been replaced since, and without an answer it may yet come.
 */
static void not_found_ours(cw__upload *up, cw_status status)
{
    bool answered = status == CW_OK || status == CW_E_NOT_FOUND;

    release_exchange(up);
    if (answered && up->doubt == REFUSED)
        start_abort(up);
    else
        tell_indeterminate(up);
}

static void on_ask_done(void *user, cw_status status)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    if (status == CW_OK && is_ours(up, &up->x.reply))
        found_ours(up);
    else
        not_found_ours(up, status);
    cw__mutex_unlock(&up->lock);
}

static void start_asking(cw__upload *up)
{
    uint64_t patience = up->plan->deadline ? ASK_GRACE_MS : ASK_DEADLINE_MS;

    up->state = ASKING;
    cw__request_head(&up->x, up->plan, up->lane->loop);
    take_exchange(up, on_ask_done)->deadline = cw__clock_mono_ms() + patience;
    cw__exchange_start(&up->x);
}

/* ---- aborting ---- */

static void send_abort(cw__upload *up);

static void abort_over(cw__upload *up)
{
    release_exchange(up);
    settle(up, FAILED);
}

/* After an abort that parts may have outrun: is anything there? */
static void on_check_done(void *user, cw_status status)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    if (status == CW_OK && up->aborts < MOST_ABORTS) {
        release_exchange(up);
        send_abort(up);
    } else {
        abort_over(up);
    }
    cw__mutex_unlock(&up->lock);
}

static void check_abort(cw__upload *up)
{
    release_exchange(up);
    cw__request_list_part(&up->x, up->plan, up->lane->loop, up->id, 0);
    take_exchange(up, on_check_done)->deadline = up->abort_deadline;
    cw__exchange_start(&up->x);
}

/* Services answer the abort of what is gone, and a second one, in several ways. */
static bool abort_worked(const cw__upload *up, cw_status status)
{
    return status == CW_OK || status == CW_E_NOT_FOUND ||
           up->x.judgement.verdict == CW__VERDICT_NO_UPLOAD || up->aborts > 1;
}

static void on_abort_done(void *user, cw_status status)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    if (!abort_worked(up, status)) {
        cw_error e;
        cw__exchange_explain(&up->x, status, &e);
        cw__copy_string(e.upload_id, sizeof e.upload_id, up->id);
        keep_error(&up->abort_error, &e);
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
    cw__request_abort(&up->x, up->plan, up->lane->loop, up->id);
    take_exchange(up, on_abort_done)->deadline = up->abort_deadline;
    cw__exchange_start(&up->x);
}

static void cut_off(cw__upload *up, sending *s)
{
    if (s->x.calling)
        up->cut_off = true;
    cw__exchange_cancel(&s->x);
    if (s->looking_up) {
        cw__exchange_cancel(&s->lookup);
        cw__exchange_free(&s->lookup);
    }
    forget_sending(up, s);
}

/* Parts in a pause between attempts need no waiting for; with `all`, none does. */
static void cut_off_parts(cw__upload *up, bool all)
{
    sending *next;

    for (sending *s = up->sendings; s; s = next) {
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
    pump(up);
    cw__mutex_unlock(&up->lock);
}

static void start_abort(cw__upload *up)
{
    up->state = ABORTING;
    drop_queue(up);
    cut_off_parts(up, false);
    up->grace.fire = grace_over;
    up->grace.user = up;
    if (up->running > 0 && cw__loop_set_timer(up->lane->loop, &up->grace,
                                              cw__clock_mono_ms() + GRACE_MS) != CW_OK)
        cut_off_parts(up, true);
    pump(up);
}

static void go_on_aborting(cw__upload *up)
{
    if (up->running > 0 || up->exchanging)
        return;
    if (up->id)
        send_abort(up);
    else
        settle(up, FAILED);
}

/* ---- the machine ---- */

static void leave_idle(cw__upload *up)
{
    if (up->aborting)
        start_abort(up);
    else if (up->finishing && up->added <= 1)
        start_put(up);
    else if (up->first)
        start_create(up);
}

static void go_on_uploading(cw__upload *up)
{
    if (up->aborting) {
        start_abort(up);
        return;
    }
    start_parts(up);
    if (up->aborting)
        start_abort(up);
    else if (up->finishing && !up->first && up->running == 0)
        start_complete(up);
}

/* Do whatever can be done now. On the loop's thread, with the lock held. */
static void pump(cw__upload *up)
{
    switch (up->state) {
    case IDLE:
        leave_idle(up);
        break;
    case UPLOADING:
        go_on_uploading(up);
        break;
    case ABORTING:
        go_on_aborting(up);
        break;
    default: /* an exchange is under way, or it is over */
        break;
    }
}

static void run_pump(void *user)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    up->pump_posted = false;
    pump(up);
    cw__cond_broadcast(&up->changed);
    cw__mutex_unlock(&up->lock);
}

/* The list changes on this thread only; an upload is freed no earlier than it left the list. */
void cw__uploads_abort_all(cw__upload *first, uint64_t deadline)
{
    cw__upload *next;
    cw_error e;

    cw__fail(&e, CW_E_CANCELLED, "the process is exiting");
    for (cw__upload *up = first; up; up = next) {
        next = up->next;
        cw__mutex_lock(&up->lock);
        up->abort_deadline = deadline;
        fail(up, &e);
        pump(up);
        cw__mutex_unlock(&up->lock);
    }
}

/* ---- the writer's side ---- */

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
    up->pump_task = (cw__task){.run = run_pump, .user = up};
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
    if (!up->error)
        return CW_OK;
    cw__error_copy(err, up->error);
    return up->error->status;
}

static void refuse_at_exit(cw__upload *up)
{
    cw_error e;

    if (!atomic_load(&client_of(up)->exiting))
        return;
    cw__fail(&e, CW_E_CANCELLED, "the process is exiting");
    fail(up, &e);
}

/* The part moves; after an error it is only given back. */
static void enqueue(cw__upload *up, cw__part *part)
{
    if (up->aborting) {
        cw__part_free(part, client_of(up)->pool);
        return;
    }
    cw__part_depart(part, client_of(up)->pool);
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
    post_pump(up);
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

static void cancel(cw__upload *up)
{
    cw_error e;

    cw__fail(&e, CW_E_CANCELLED, "cancelled by the progress callback");
    fail(up, &e);
    post_pump(up);
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
    if (stop && !up->aborting && !over(up) && !committing(up))
        cancel(up);
}

cw_status cw__upload_wait_turn(cw__upload *up, const cw__waiting *w, cw_error *err)
{
    cw_status st;

    cw__mutex_lock(&up->lock);
    while (up->queued > 1 && !up->aborting)
        wait_once(up, w);
    st = error_of(up, err);
    cw__mutex_unlock(&up->lock);
    return st;
}

static void wait_until_over(cw__upload *up, const cw__waiting *w)
{
    while (!over(up) || up->pump_posted)
        wait_once(up, w);
}

cw_status cw__upload_finish(cw__upload *up, cw__part *last, const cw__checksum_value *whole,
                            const cw__waiting *w, cw_object_info *info, cw_error *err)
{
    cw_status st;

    cw__mutex_lock(&up->lock);
    refuse_at_exit(up);
    if (last)
        enqueue(up, last);
    up->whole = *whole;
    up->finishing = true;
    post_pump(up);
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
    cw_status st = CW_OK;

    cw__mutex_lock(&up->lock);
    up->aborting = true;
    if (!over(up))
        post_pump(up);
    wait_until_over(up, NULL);
    if (up->abort_error) {
        cw__error_copy(err, up->abort_error);
        st = up->abort_error->status;
    }
    cw__mutex_unlock(&up->lock);
    return st;
}

void cw__upload_stats(cw__upload *up, cw_stats *out)
{
    cw__mutex_lock(&up->lock);
    out->bytes_sent = up->state == COMMITTED ? up->bytes_added : up->bytes_acknowledged;
    out->parts_done = up->acknowledged;
    out->parts_in_flight = up->running + (up->state == PUTTING);
    out->parts_queued = up->queued;
    out->requests = up->requests;
    out->retries = up->retries;
    for (const sending *s = up->sendings; s; s = s->next) {
        out->requests += s->x.attempts;
        out->retries += s->x.attempts > 1 ? s->x.attempts - 1 : 0;
    }
    cw__mutex_unlock(&up->lock);
}

void cw__upload_free(cw__upload *up)
{
    if (!up)
        return;
    if (up->state != IDLE || up->pump_posted)
        cw__upload_abort(up, NULL);
    for (unsigned i = 0; i < up->receipt_capacity; i++)
        cw__free(up->receipts[i].etag);
    cw__free(up->receipts);
    cw__free(up->id);
    cw__text_free(&up->document);
    free_error(up->error);
    free_error(up->abort_error);
    cw__cond_destroy(&up->changed);
    cw__mutex_destroy(&up->lock);
    cw__free(up);
}
