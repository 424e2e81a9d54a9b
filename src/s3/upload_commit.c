/* upload_commit.c - the beginning and the end of an upload: Create; PUT or Complete
 *
 * Before the first PUT that has a condition a service that is not known is met with HEAD.
 * A commit that ends with an answer is over. One that may have been carried out although there was
 * no good answer is looked into: HEAD, and the token that the commit put into the metadata.
 */
#include "s3/upload_inside.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>

enum {
    ASK_DEADLINE_MS = 60000, /* for looking into a commit in doubt */
    ASK_GRACE_MS = 5000      /* the same, once a deadline has passed */
};

/* What became known of the service since the plan was made may forbid it: before any effect. */
static bool may_condition(cw__upload *up, bool parts)
{
    cw_error e;

    if (cw__plan_check_conditions(up->plan, parts, &e) == CW_OK)
        return true;
    cw__upload_fail(up, &e);
    cw__upload_start_abort(up);
    return false;
}

/* ---- Create ---- */

static void on_create_done(void *user, cw_status status)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    if (status == CW_OK)
        cw__read_upload_id(&up->x, up->id);
    if (!up->id[0])
        cw__upload_fail_exchange(up, &up->x, status == CW_OK ? CW_E_PROTOCOL : status);
    cw__upload_release_exchange(up);
    up->state = CW__UPLOAD_SENDING;
    cw__upload_pump(up);
    cw__mutex_unlock(&up->lock);
}

void cw__upload_start_create(cw__upload *up)
{
    cw__exchange *x = &up->x;

    if (!may_condition(up, true))
        return;
    up->state = CW__UPLOAD_CREATING;
    cw__upload_enter_lane(up);
    cw__request_create(x, up->plan, up->lane->loop);
    cw__upload_take_exchange(up, on_create_done)->deadline = up->plan->deadline;
    cw__exchange_start(x);
}

/* ---- the end of a commit ---- */

/* Complete says it in its document, PUT and HEAD in their headers. */
static void take_document(cw_object_info *info, const cw__plan *plan, const cw__xml *document)
{
    const cw__checksum_kind *kind = cw__checksum_kind_of(plan->checksum);
    char *etag = cw__read_etag(document);
    char sum[80] = ""; /* a SHA-256 in base64, and "-10000" */

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
    info->parts = up->id[0] ? up->acknowledged : 0;
    cw__copy_string(info->etag, sizeof info->etag, reply->etag);
    cw__copy_string(info->version_id, sizeof info->version_id, reply->version_id);
    cw__copy_string(info->checksum, sizeof info->checksum, reply->checksum);
    if (reply->document)
        take_document(info, up->plan, reply->document);
}

static cw__doubt doubt_of(const cw__exchange *x)
{
    if (x->judgement.verdict == CW__VERDICT_NO_UPLOAD)
        return CW__DOUBT_GONE;
    return x->unanswered && x->judgement.verdict != CW__VERDICT_FINAL ? CW__DOUBT_OPEN
                                                                      : CW__DOUBT_REFUSED;
}

/* Whatever was said before: the end of the process may have called it off too late. */
static void committed(cw__upload *up)
{
    cw__error_clear(&up->error);
    up->aborting = false;
    take_info(up, &up->x.reply);
    cw__upload_release_exchange(up);
    cw__upload_settle(up, CW__UPLOAD_COMMITTED);
}

/* A refusal that our own commit may have caused: an earlier attempt that did more than it said. */
static bool contradicts_itself(const cw__exchange *x, cw_status status)
{
    bool suspect = x->judgement.verdict == CW__VERDICT_NO_UPLOAD || status == CW_E_ALREADY_EXISTS ||
                   status == CW_E_PRECONDITION || status == CW_E_CONFLICT;

    return suspect && x->attempts > 1;
}

/* Every service names what it has stored. Whoever answers a PUT with success alone may be none. */
static bool says_too_little(const cw__upload *up)
{
    return up->state == CW__UPLOAD_PUTTING && !up->x.reply.etag[0];
}

static void on_commit_done(void *user, cw_status status)
{
    cw__upload *up = user;
    cw__exchange *x = &up->x;
    bool in_doubt = x->in_doubt || contradicts_itself(x, status);

    cw__mutex_lock(&up->lock);
    if (status == CW_OK && says_too_little(up)) {
        status = CW_E_PROTOCOL;
        in_doubt = true;
    }
    if (status == CW_OK) {
        committed(up);
    } else {
        up->doubt = doubt_of(x);
        up->unanswered = x->unanswered;
        cw__upload_fail_exchange(up, x, status);
        cw__upload_release_exchange(up);
        if (in_doubt)
            cw__upload_start_asking(up);
        else
            cw__upload_start_abort(up);
    }
    cw__mutex_unlock(&up->lock);
}

/* ---- meeting: which service is it? ---- */

static bool is_stranger(const cw__upload *up)
{
    return cw__provider_is_stranger(&cw__upload_client(up)->provider);
}

/* Any answer will do. Without one the PUT would have none either, or from nobody knows whom. */
static void on_meet_done(void *user, cw_status status)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    if (is_stranger(up))
        cw__upload_fail_exchange(up, &up->x, status);
    cw__upload_release_exchange(up);
    if (up->aborting)
        cw__upload_start_abort(up);
    else
        cw__upload_start_put(up);
    cw__mutex_unlock(&up->lock);
}

/* A service that only its answers tell may ignore a condition: the first PUT would replace what is
 * there. Create is answered before Complete, and needs none of this. */
static void start_meeting(cw__upload *up)
{
    up->state = CW__UPLOAD_MEETING;
    cw__upload_enter_lane(up);
    cw__request_head(&up->x, up->plan, up->lane->loop);
    cw__upload_take_exchange(up, on_meet_done)->deadline = up->plan->deadline;
    cw__exchange_start(&up->x);
}

/* ---- PUT or Complete ---- */

void cw__upload_start_put(cw__upload *up)
{
    if (up->plan->conditional && is_stranger(up)) {
        start_meeting(up);
        return;
    }
    if (!may_condition(up, false))
        return;
    up->state = CW__UPLOAD_PUTTING;
    cw__upload_enter_lane(up);
    up->put_part = up->first ? cw__upload_dequeue(up) : NULL;
    cw__request_put(&up->x, up->plan, up->lane->loop, up->put_part);
    cw__upload_take_exchange(up, on_commit_done)->deadline = up->plan->deadline;
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

void cw__upload_start_complete(cw__upload *up)
{
    cw__manifest m = manifest_of(up);

    if (!may_condition(up, true))
        return;
    up->state = CW__UPLOAD_COMPLETING;
    cw__request_complete(&up->x, up->plan, up->lane->loop, &m, &up->document, up->document_hash);
    cw__upload_take_exchange(up, on_commit_done)->deadline = up->plan->deadline;
    cw__exchange_start(&up->x);
}

void cw__upload_cancel_exchange(cw__upload *up)
{
    cw_error e;

    if (up->x.calling || up->x.in_doubt)
        return;
    cw__exchange_cancel(&up->x);
    cw__upload_release_exchange(up);
    cw__fail(&e, CW_E_CANCELLED, "cancelled by the progress callback");
    cw__upload_fail(up, &e);
    cw__upload_start_abort(up);
}

/* ---- asking: what became of a commit in doubt ---- */

static void tell_indeterminate(cw__upload *up)
{
    cw_error *e = &up->error;

    cw__error_append(e, "; the commit was sent and may have taken effect: ask later, with "
                        "cw_commit_query");
    e->status = CW_E_INDETERMINATE;
    cw__copy_string(e->commit_token, sizeof e->commit_token, up->plan->token);
    cw__copy_string(e->upload_id, sizeof e->upload_id, up->id);
    cw__upload_settle(up, CW__UPLOAD_INDETERMINATE);
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
    return up->id[0] && cw__multipart_etag(&m, etag) && strcmp(reply->etag, etag) == 0;
}

/* It is as large as ours and has no token: where metadata is dropped, that may be ours. */
static bool may_be_ours(const cw__upload *up, const cw__reply *reply)
{
    return reply->has_content_length && reply->content_length == up->bytes_added &&
           !reply->token[0];
}

/*
 * What is there is not ours, or nobody would say. It is certain that we did not commit only if the
 * service refused, and says now that our object is not there: with the upload gone ours may have
 * been there and been replaced since, and without an answer it may yet come.
 */
static void not_found_ours(cw__upload *up, cw_status status)
{
    bool answered = status == CW_E_NOT_FOUND || (status == CW_OK && !may_be_ours(up, &up->x.reply));

    cw__upload_release_exchange(up);
    if (answered && up->doubt == CW__DOUBT_REFUSED)
        cw__upload_start_abort(up);
    else
        tell_indeterminate(up);
}

static void on_ask_done(void *user, cw_status status)
{
    cw__upload *up = user;

    cw__mutex_lock(&up->lock);
    if (status == CW_OK && is_ours(up, &up->x.reply))
        committed(up);
    else
        not_found_ours(up, status);
    cw__mutex_unlock(&up->lock);
}

void cw__upload_start_asking(cw__upload *up)
{
    uint64_t patience = up->plan->deadline ? ASK_GRACE_MS : ASK_DEADLINE_MS;

    up->state = CW__UPLOAD_ASKING;
    cw__request_head(&up->x, up->plan, up->lane->loop);
    cw__upload_take_exchange(up, on_ask_done)->deadline = cw__clock_mono_ms() + patience;
    cw__exchange_start(&up->x);
}
