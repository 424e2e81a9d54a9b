/* probe.c - find out by trying whether a service holds to conditions on writes
 *
 *     PUT if there is none      made, or refused: then it is not known here
 *     PUT if there is none      412: held to; made: ignored
 *     Create, part, Complete    the same of an upload in parts
 *     DELETE
 *
 * A refusal counts as not held to, since the outcome is the same: no such write.
 */
#include <cloudwriter/store.h>

#include "base/error.h"
#include "base/text.h"
#include "s3/requests.h"
#include "store/backend.h"

typedef struct probe {
    cw__plan plan;
    cw__loop *loop;
    const char *url;
    char upload_id[CW__UPLOAD_ID];
    cw__part_receipt part;
    unsigned traits; /* found */
} probe;

static bool is_refusal(cw_status st)
{
    return st == CW_E_UNSUPPORTED || st == CW_E_INVALID_ARGUMENT;
}

static cw_status send_if_none(cw__exchange *x, cw_error *err)
{
    cw__request_header(&x->request, "if-none-match", "*");
    x->create_only = true;
    return cw__exchange_run(x, err);
}

static cw_status put(probe *p, cw_error *err)
{
    cw__exchange x;
    cw_status st;

    cw__request_put(&x, &p->plan, p->loop, NULL);
    st = send_if_none(&x, err);
    cw__exchange_free(&x);
    return st;
}

/* ---- in parts ---- */

static cw_status create(probe *p, cw_error *err)
{
    cw__exchange x;
    cw_status st;

    cw__request_create(&x, &p->plan, p->loop);
    st = cw__exchange_run(&x, err);
    if (st == CW_OK)
        cw__read_upload_id(&x, p->upload_id);
    if (st == CW_OK && !p->upload_id[0])
        st = cw__fail(err, CW_E_PROTOCOL, "the service began an upload and gave it no id");
    cw__exchange_free(&x);
    return st;
}

static cw_status send_part(probe *p, char etag[CW__UPLOAD_ID], cw_error *err)
{
    char hash[2 * CW__SHA256_BYTES + 1];
    cw__text body = {0};
    cw__exchange x;
    cw_status st;

    cw__text_add_char(&body, '.');
    cw__exchange_init(&x, p->plan.client, p->loop, "PUT", p->plan.bucket, p->plan.key);
    cw__request_query(&x.request, "partNumber", "1");
    cw__request_query(&x.request, "uploadId", p->upload_id);
    cw__request_document(&x, &body, hash);
    x.expect = CW__EXPECT_EMPTY;
    x.doing = "upload part 1 of";
    st = cw__exchange_run(&x, err);
    if (st == CW_OK)
        cw__copy_string(etag, CW__UPLOAD_ID, x.reply.etag);
    p->part = (cw__part_receipt){.bytes = body.n, .etag = etag};
    cw__exchange_free(&x);
    cw__text_free(&body);
    return st;
}

static cw_status complete(probe *p, cw_error *err)
{
    cw__manifest m = {
        .upload_id = p->upload_id, .parts = &p->part, .count = 1, .bytes = p->part.bytes};
    char hash[2 * CW__SHA256_BYTES + 1];
    cw__text document = {0};
    cw__exchange x;
    cw_status st;

    cw__request_complete(&x, &p->plan, p->loop, &m, &document, hash);
    st = send_if_none(&x, err);
    cw__exchange_free(&x);
    cw__text_free(&document);
    return st;
}

/* An upload that is left over would cost: one that cannot be aborted is named. */
static cw_status give_up(probe *p, cw_status st, cw_error *err)
{
    cw_error why;
    cw_status aborted = cw_upload_abort(p->plan.client, p->url, p->upload_id, &why);

    if (aborted == CW_OK || aborted == CW_E_NOT_FOUND)
        return st;
    cw__copy_string(why.upload_id, sizeof why.upload_id, p->upload_id);
    cw__error_copy(err, &why);
    return aborted;
}

static cw_status try_parts(probe *p, cw_error *err)
{
    char etag[CW__UPLOAD_ID];
    cw_status st = create(p, err);

    if (st != CW_OK)
        return st;
    st = send_part(p, etag, err);
    if (st == CW_OK)
        st = complete(p, err);
    return st == CW_OK ? st : give_up(p, st, err);
}

/* ---- what is found ---- */

/* The condition does not hold: an answer of success has ignored it. */
static cw_status judge(probe *p, cw_status st, cw__trait lacks, cw_error *err)
{
    if (st != CW_OK && st != CW_E_ALREADY_EXISTS && !is_refusal(st))
        return st;
    if (st != CW_E_ALREADY_EXISTS)
        p->traits |= lacks;
    cw__error_clear(err);
    return CW_OK;
}

static cw_status try_all(probe *p, const cw__url *at, cw_error *err)
{
    cw_object_delete_options gone = CW_OBJECT_DELETE_OPTIONS_INIT;
    cw_status st = put(p, err), removed;

    if (is_refusal(st)) {
        p->traits = CW__NO_PUT_IF | CW__NO_COMPLETE_IF;
        cw__error_clear(err);
        return CW_OK;
    }
    if (st != CW_OK)
        return st;
    st = judge(p, put(p, err), CW__NO_PUT_IF, err);
    if (st == CW_OK)
        st = judge(p, try_parts(p, err), CW__NO_COMPLETE_IF, err);
    gone.missing_ok = 1;
    removed = cw__backend_s3.remove(p->plan.client, at, &gone, st == CW_OK ? err : NULL);
    if (st != CW_OK && removed != CW_OK)
        cw__error_append(err, "; the object of the probe was left behind");
    return st == CW_OK ? removed : st;
}

static cw_status run(cw_client *c, const char *url, const cw__url *at, cw_error *err)
{
    static const unsigned all =
        CW__NO_PUT_IF | CW__NO_COMPLETE_IF | CW__PUT_IF_UNSURE | CW__COMPLETE_IF_UNSURE;
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    probe p = {.loop = cw__client_next_lane(c)->loop, .url = url};
    cw_status st;

    o.checksum = CW_CHECKSUM_NONE;
    st = cw__plan_init(&p.plan, c, at->bucket, at->path, &o, err);
    if (st != CW_OK)
        return st;
    st = try_all(&p, at, err);
    if (st == CW_OK)
        cw__provider_learn(&c->provider, p.traits, all);
    cw__plan_free(&p.plan);
    return st;
}

cw_status cw_capabilities_probe(cw_client *c, const char *url, cw_error *err)
{
    cw__url at;
    cw_status st;

    cw__error_clear(err);
    st = cw__place_parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    if (at.scheme == CW__SCHEME_S3)
        st = run(c, url, &at, err);
    cw__url_free(&at);
    return st;
}
