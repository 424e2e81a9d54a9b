/* object_s3.c - the verbs of s3:// */
#include "store/backend.h"

#include "base/error.h"
#include "base/etag.h"
#include "s3/requests.h"
#include "store/meta.h"

#include <string.h>

static cw__object_name name_of(cw_client *c, const cw__url *at)
{
    return (cw__object_name){c, at->bucket, at->path};
}

static cw__loop *a_loop(cw_client *c)
{
    return cw__client_next_lane(c)->loop;
}

/* ---- look ---- */

static void begin_look(cw__exchange *x, cw_client *c, const cw__url *at, const char *version_id)
{
    cw__request_look(x, name_of(c, at), a_loop(c));
    if (version_id)
        cw__request_query(&x->request, "versionId", version_id);
}

static cw_status take_meta(cw_object_meta **out, cw__exchange *x, const cw__url *at, cw_error *err)
{
    cw__reply *r = &x->reply;

    if (!r->has_content_length)
        return cw__fail(err, CW_E_PROTOCOL, "the service does not say how large s3://%s/%s is",
                        at->bucket, at->path);
    *out = cw__meta_of_headers(&r->headers, r->content_length, r->etag);
    return *out ? CW_OK : cw__fail_memory(err, "looking at an object");
}

static cw_status run_look(cw_object_meta **out, cw__exchange *x, const cw__url *at, cw_error *err)
{
    cw_status st;

    cw__request_checksum_mode(x);
    x->reply.keep_headers = true;
    st = cw__exchange_run(x, err);
    if (st == CW_OK)
        st = take_meta(out, x, at, err);
    cw__exchange_free(x);
    return st;
}

/* A plan knows the headers that its object can only be seen with. */
static cw_status look_with_key(cw_object_meta **out, cw_client *c, const cw__url *at,
                               const cw_object_stat_options *o, cw_error *err)
{
    cw_writer_options encrypted = CW_WRITER_OPTIONS_INIT;
    cw__exchange x;
    cw__plan plan;
    cw_status st;

    encrypted.sse = CW_SSE_C;
    encrypted.sse_customer_key = o->sse_customer_key;
    st = cw__plan_init(&plan, c, at->bucket, at->path, &encrypted, err);
    if (st != CW_OK)
        return st;
    cw__request_head(&x, &plan, a_loop(c));
    if (o->version_id)
        cw__request_query(&x.request, "versionId", o->version_id);
    st = run_look(out, &x, at, err);
    cw__plan_free(&plan);
    return st;
}

static cw_status stat_s3(cw_object_meta **out, cw_client *c, const cw__url *at,
                         const cw_object_stat_options *o, cw_error *err)
{
    cw__exchange x;

    if (o->sse_customer_key)
        return look_with_key(out, c, at, o, err);
    begin_look(&x, c, at, o->version_id);
    return run_look(out, &x, at, err);
}

/* ---- delete ---- */

/*
 * A version that is a delete marker answers 405 to HEAD, and is there; so is one that is encrypted
 * with a key that is not known here, which answers 400.
 */
static bool is_there_unseen(const cw_object_delete_options *o, int http_status)
{
    return !o->if_match && (http_status == 400 || (o->version_id && http_status == 405));
}

static cw_status look_first(cw_client *c, const cw__url *at, const cw_object_delete_options *o,
                            cw_error *err)
{
    cw_object_stat_options how = CW_OBJECT_STAT_OPTIONS_INIT;
    cw_object_meta *m = NULL;
    char wanted[CW__ETAG];
    cw_error why;
    cw_status st;

    how.version_id = o->version_id;
    how.sse_customer_key = o->sse_customer_key;
    st = stat_s3(&m, c, at, &how, &why);
    if (st != CW_OK && is_there_unseen(o, why.http_status))
        return CW_OK;
    if (st != CW_OK)
        cw__error_copy(err, &why);
    else if (o->if_match && strcmp(cw__etag_bare(o->if_match, wanted), m->etag) != 0)
        st = cw__fail(err, CW_E_PRECONDITION, "the ETag of s3://%s/%s is %s, not %s", at->bucket,
                      at->path, m->etag, wanted);
    cw_object_meta_free(m);
    return st;
}

static cw_status send_delete(cw_client *c, const cw__url *at, const cw_object_delete_options *o,
                             cw_error *err)
{
    char quoted[CW__ETAG];
    cw__exchange x;
    cw_status st;

    cw__exchange_init(&x, c, a_loop(c), "DELETE", at->bucket, at->path);
    x.expect = CW__EXPECT_EMPTY;
    x.payload_hash = CW__EMPTY_SHA256;
    x.doing = "delete";
    if (o->version_id)
        cw__request_query(&x.request, "versionId", o->version_id);
    if (o->if_match)
        cw__request_header(&x.request, "if-match", cw__etag_quoted(o->if_match, quoted));
    st = cw__exchange_run(&x, err);
    if (st == CW_E_NOT_FOUND && x.in_doubt) { /* an attempt that was not answered did it */
        cw__error_clear(err);
        st = CW_OK;
    }
    cw__exchange_free(&x);
    return st;
}

static cw_status remove_s3(cw_client *c, const cw__url *at, const cw_object_delete_options *o,
                           cw_error *err)
{
    cw_status st = o->missing_ok && !o->if_match ? CW_OK : look_first(c, at, o, err);

    if (st == CW_OK)
        st = send_delete(c, at, o, err);
    if (st != CW_E_NOT_FOUND || !o->missing_ok)
        return st;
    cw__error_clear(err);
    return CW_OK;
}

const cw__backend cw__backend_s3 = {
    .stat = stat_s3,
    .remove = remove_s3,
    .copy = cw__copy_s3,
    .move = cw__move_s3,
};
