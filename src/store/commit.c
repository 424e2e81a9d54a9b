/* commit.c - ask again what became of a commit in doubt */
#include <cloudwriter/object.h>

#include "base/error.h"
#include "s3/requests.h"
#include "store/bucket_url.h"

#include <string.h>

static void tell(const cw__reply *reply, cw_object_info *info)
{
    if (!info)
        return;
    memset(info, 0, sizeof *info);
    info->bytes = reply->content_length;
    cw__copy_string(info->etag, sizeof info->etag, reply->etag);
    cw__copy_string(info->version_id, sizeof info->version_id, reply->version_id);
    cw__copy_string(info->checksum, sizeof info->checksum, reply->checksum);
}

static cw_status tell_gone(cw__object_name o, cw_error *err)
{
    return cw__fail(err, CW_E_INDETERMINATE,
                    "the upload is gone and s3://%s/%s holds another object, or none: it was "
                    "committed and has been replaced since, or was aborted by somebody else",
                    o.bucket, o.key);
}

static cw_status abort_upload(cw__object_name o, const cw_error *doubt, cw_error *err)
{
    cw__exchange x;
    cw_status st;

    cw__request_abort(&x, o, cw__client_next_lane(o.client)->loop, doubt->upload_id);
    st = cw__exchange_run(&x, err);
    if (st == CW_OK)
        st = cw__fail(err, CW_E_NOT_FOUND, "not committed, and the upload was aborted: s3://%s/%s",
                      o.bucket, o.key);
    else if (x.judgement.verdict == CW__VERDICT_NO_UPLOAD)
        st = tell_gone(o, err);
    cw__exchange_free(&x);
    return st;
}

/*
 * Our object is not there. An upload that is still there was not completed, and is aborted so that
 * it never will be. It is looked at first, since some services accept the abort of any id. One that
 * is gone was completed, and replaced since, or was aborted by somebody else.
 */
static cw_status settle_by_upload(cw__object_name o, const cw_error *doubt, cw_error *err)
{
    cw__exchange x;
    cw_status st;

    cw__request_list_part(&x, o, cw__client_next_lane(o.client)->loop, doubt->upload_id, 0);
    st = cw__exchange_run(&x, err);
    if (st == CW_OK)
        st = abort_upload(o, doubt, err);
    else if (x.judgement.verdict == CW__VERDICT_NO_UPLOAD)
        st = tell_gone(o, err);
    cw__exchange_free(&x);
    return st;
}

/* What HEAD says is not, or not surely, ours. */
static cw_status settle(cw__object_name o, const cw__exchange *head, const cw_error *doubt,
                        cw_error *err)
{
    if (doubt->upload_id[0])
        return settle_by_upload(o, doubt, err);
    if (head->reply.http_status == 200)
        return cw__fail(err, CW_E_INDETERMINATE,
                        "s3://%s/%s holds an object without our commit token: this one was not "
                        "committed, or was replaced since, or the service drops metadata",
                        o.bucket, o.key);
    return cw__fail(err, CW_E_NOT_FOUND, "not committed: there is no s3://%s/%s", o.bucket, o.key);
}

cw_status cw_commit_query(cw_client *c, const char *url, const cw_error *doubt,
                          cw_object_info *info, cw_error *err)
{
    cw_error asked = *doubt; /* `err` may be the same */
    cw__exchange x;
    cw__url where;
    cw_status st;

    cw__error_clear(err);
    if (!asked.commit_token[0])
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "this error has no commit_token: it is not that of an indeterminate close");
    st = cw__object_url_parse(&where, c, url, err);
    if (st != CW_OK)
        return st;
    cw__object_name o = {c, where.bucket, where.path};
    cw__request_look(&x, o, cw__client_next_lane(c)->loop);
    st = cw__exchange_run(&x, err);
    if (st == CW_OK && strcmp(x.reply.token, asked.commit_token) == 0)
        tell(&x.reply, info);
    else if (st == CW_OK || st == CW_E_NOT_FOUND)
        st = settle(o, &x, &asked, err);
    cw__exchange_free(&x);
    cw__url_free(&where);
    return st;
}
