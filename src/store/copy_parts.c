/* copy_parts.c - a copy that is too large for one request: create, copy the parts, complete
 *
 * Several parts are under way at once, each pinned to the source that was seen; where a part cannot
 * be, the source is looked at once more before the upload is completed. The first failure ends it:
 * those under way are waited for, and the upload is aborted; if that fails, the error names the
 * upload. A Complete in doubt is settled by the commit token in the object's metadata, and else
 * told as such.
 */
#include "store/copy_parts.h"

#include "base/error.h"
#include "base/memory.h"
#include "s3/fleet.h"
#include "s3/part_size.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

enum { DEFAULT_AT_ONCE = 8, MOST_AT_ONCE = 64 };

typedef struct copying {
    const cw__plan *plan;
    const cw__copy_source *from;
    bool pinned;
    const cw_object_copy_options *options;
    cw__loop *loop;
    cw__fleet fleet;
    cw__ship *ships;
    cw__ship *idle;
    unsigned at_once, sent, count;
    uint64_t bytes, part_bytes;
    cw__part_receipt *receipts;
    cw_stats stats;
    char upload_id[CW__UPLOAD_ID];
    cw_status status;
    cw_error *err;
} copying;

/* ---- parts ---- */

static uint64_t choose_part_bytes(uint64_t bytes, uint64_t wanted)
{
    uint64_t least = (bytes + CW__MAX_PARTS - 1) / CW__MAX_PARTS;
    uint64_t part = wanted ? wanted : 256 * MIB;

    part = part > least ? part : (least + MIB - 1) / MIB * MIB;
    return part < 5 * GIB ? part : 5 * GIB;
}

static uint64_t bytes_of(const copying *c, unsigned number)
{
    uint64_t offset = (number - 1) * c->part_bytes, left = c->bytes - offset;

    return left < c->part_bytes ? left : c->part_bytes;
}

static void launch(copying *c)
{
    cw__ship *s = c->idle;
    unsigned number = ++c->sent;

    cw__copy_source from = *c->from;

    if (!c->pinned)
        from.etag = "";
    c->idle = s->next;
    cw__request_part_copy(&s->x, c->plan, c->loop, c->upload_id, number, &from,
                          (number - 1) * c->part_bytes, bytes_of(c, number));
    cw__fleet_launch(&c->fleet, s);
}

static cw_status take_receipt(copying *c, const cw__ship *s, cw_error *err)
{
    unsigned number = s->x.part;
    cw__part_receipt *r = &c->receipts[number - 1];

    if (s->status != CW_OK) {
        cw__exchange_explain(&s->x, s->status, err);
        return s->status;
    }
    r->bytes = bytes_of(c, number);
    r->etag = cw__read_etag(s->x.reply.document);
    if (!r->etag && cw__xml_child(cw__xml_root(s->x.reply.document), "ETag"))
        return cw__fail_memory(err, "copying in parts");
    if (!r->etag || !r->etag[0])
        return cw__fail(err, CW_E_PROTOCOL, "the service copied part %u and gave it no ETag",
                        number);
    return CW_OK;
}

static void land(copying *c, cw__ship *s)
{
    cw_status st = take_receipt(c, s, c->status == CW_OK ? c->err : NULL);

    if (c->status == CW_OK)
        c->status = st;
    c->stats.requests += s->x.attempts;
    c->stats.retries += cw__exchange_retries(&s->x);
    if (st == CW_OK) {
        c->stats.parts_done++;
        c->stats.bytes_sent += bytes_of(c, s->x.part);
    }
    cw__exchange_free(&s->x);
    s->next = c->idle;
    c->idle = s;
}

static void tell_progress(copying *c)
{
    const cw_object_copy_options *o = c->options;

    c->stats.parts_in_flight = c->fleet.under_way;
    if (c->status == CW_OK && o->progress && o->progress(o->progress_user, &c->stats) != 0)
        c->status = cw__fail(c->err, CW_E_CANCELLED, "cancelled by the progress callback");
}

static void copy_all(copying *c)
{
    cw__ship *s;

    do {
        while (c->status == CW_OK && c->sent < c->count && c->idle)
            launch(c);
        s = cw__fleet_wait(&c->fleet);
        if (s) {
            land(c, s);
            tell_progress(c);
        }
    } while (s);
}

static cw_status look_again(copying *c)
{
    cw__exchange x;
    cw_status st;

    cw__request_look(&x, (cw__object_name){c->plan->client, c->from->bucket, c->from->key},
                     c->loop);
    if (c->from->version_id)
        cw__request_query(&x.request, "versionId", c->from->version_id);
    st = cw__exchange_run(&x, c->err);
    if (st == CW_OK && strcmp(x.reply.etag, c->from->etag) != 0)
        st = cw__fail(c->err, CW_E_PRECONDITION, "s3://%s/%s was replaced while it was copied",
                      c->from->bucket, c->from->key);
    cw__exchange_free(&x);
    return st;
}

/* ---- the upload ---- */

static cw_status create(copying *c)
{
    cw__exchange x;
    cw_status st;

    cw__request_create(&x, c->plan, c->loop);
    st = cw__exchange_run(&x, c->err);
    if (st == CW_OK)
        cw__read_upload_id(&x, c->upload_id);
    if (st == CW_OK && !c->upload_id[0])
        st = cw__fail(c->err, CW_E_PROTOCOL, "the service began an upload and gave it no id");
    cw__exchange_free(&x);
    return st;
}

/* The reason is kept; an upload that is left behind is named with it. */
static void abort_upload(copying *c)
{
    cw__exchange x;
    cw_status st;

    cw__request_abort(&x, cw__plan_object(c->plan), c->loop, c->upload_id);
    st = cw__exchange_run(&x, NULL);
    if (st != CW_OK && x.judgement.verdict != CW__VERDICT_NO_UPLOAD && c->err) {
        cw__copy_string(c->err->upload_id, sizeof c->err->upload_id, c->upload_id);
        cw__error_append(c->err, "; the upload could not be aborted and is left behind");
    }
    cw__exchange_free(&x);
}

static void name_doubt(copying *c)
{
    cw__fail(c->err, CW_E_INDETERMINATE,
             "the copy to s3://%s/%s was to be completed, and it is not known whether it was",
             c->plan->bucket, c->plan->key);
    if (!c->err)
        return;
    cw__copy_string(c->err->upload_id, sizeof c->err->upload_id, c->upload_id);
    cw__copy_string(c->err->commit_token, sizeof c->err->commit_token, c->plan->token);
}

/* Whether the object that is there is the one that was to be completed. */
static cw_status settle(copying *c, cw_object_info *info)
{
    cw__exchange x;
    cw_status st;

    cw__request_head(&x, c->plan, c->loop);
    st = cw__exchange_run(&x, NULL);
    if (st == CW_OK && strcmp(x.reply.token, c->plan->token) == 0) {
        cw__copy_string(info->etag, sizeof info->etag, x.reply.etag);
        cw__error_clear(c->err);
    } else {
        name_doubt(c);
        st = CW_E_INDETERMINATE;
    }
    cw__exchange_free(&x);
    return st;
}

static void take_completed(const cw__exchange *x, cw_object_info *info)
{
    char *etag = cw__read_etag(x->reply.document);

    cw__copy_string(info->etag, sizeof info->etag, etag ? etag : "");
    cw__copy_string(info->version_id, sizeof info->version_id, x->reply.version_id);
    cw__free(etag);
}

static cw_status complete(copying *c, cw_object_info *info)
{
    cw__manifest m = {
        .upload_id = c->upload_id, .parts = c->receipts, .count = c->count, .bytes = c->bytes};
    cw__text document = {0};
    char hash[2 * CW__SHA256_BYTES + 1];
    cw__exchange x;
    cw_status st;

    cw__request_complete(&x, c->plan, c->loop, &m, &document, hash);
    st = cw__exchange_run(&x, c->err);
    c->stats.requests += x.attempts;
    if (st == CW_OK)
        take_completed(&x, info);
    else if (x.in_doubt || x.judgement.verdict == CW__VERDICT_DOUBT)
        st = settle(c, info);
    cw__exchange_free(&x);
    cw__text_free(&document);
    return st;
}

static cw_status run(copying *c, cw_object_info *info)
{
    c->status = create(c);
    if (c->status != CW_OK)
        return c->status;
    copy_all(c);
    if (c->status == CW_OK && !c->pinned)
        c->status = look_again(c);
    if (c->status == CW_OK)
        c->status = complete(c, info);
    if (c->status != CW_OK && c->status != CW_E_INDETERMINATE)
        abort_upload(c);
    info->bytes = c->bytes;
    info->parts = c->count;
    info->requests += c->stats.requests;
    info->retries += c->stats.retries;
    return c->status;
}

/* ---- memory ---- */

static cw_status prepare(copying *c, cw_error *err)
{
    unsigned wanted = c->options->concurrency ? c->options->concurrency : DEFAULT_AT_ONCE;

    c->at_once = wanted < MOST_AT_ONCE ? wanted : MOST_AT_ONCE;
    c->at_once = c->at_once < c->count ? c->at_once : c->count;
    c->ships = cw__alloc_zero(c->at_once * sizeof *c->ships);
    c->receipts = cw__alloc_zero(c->count * sizeof *c->receipts);
    if (!c->ships || !c->receipts)
        return cw__fail_memory(err, "copying in parts");
    for (unsigned i = 0; i < c->at_once; i++) {
        c->ships[i].next = c->idle;
        c->idle = &c->ships[i];
    }
    return cw__fleet_init(&c->fleet, err);
}

static void forget(copying *c)
{
    for (unsigned i = 0; c->receipts && i < c->count; i++)
        cw__free(c->receipts[i].etag);
    cw__free(c->receipts);
    cw__free(c->ships);
}

cw_status cw__copy_parts(const cw__plan *plan, const cw__copy_source *from, uint64_t bytes,
                         const cw_object_copy_options *o, cw_object_info *info, cw_error *err)
{
    copying c = {.plan = plan,
                 .from = from,
                 .pinned = !cw__provider_is(&plan->client->provider, CW__NO_PART_COPY_IF),
                 .options = o,
                 .loop = cw__client_next_lane(plan->client)->loop,
                 .bytes = bytes,
                 .err = err};
    cw_status st;

    st = cw__plan_check_conditions(plan, true, err);
    if (st != CW_OK)
        return st;
    c.part_bytes = choose_part_bytes(bytes, o->part_bytes);
    if (bytes > c.part_bytes * CW__MAX_PARTS)
        return cw__fail(err, CW_E_TOO_LARGE, "s3://%s/%s is larger than a copy can be",
                        from->bucket, from->key);
    c.count = (unsigned)((bytes + c.part_bytes - 1) / c.part_bytes);
    st = prepare(&c, err);
    if (st == CW_OK) {
        st = run(&c, info);
        cw__fleet_destroy(&c.fleet);
    }
    forget(&c);
    return st;
}
