/* get.c - look at an object in a bucket, and fetch ranges of it */
#include "store/get.h"

#include "base/error.h"
#include "s3/requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static cw__object_name name_of(cw_client *c, const cw__url *where)
{
    return (cw__object_name){c, where->bucket, where->path};
}

cw_status cw__store_look(cw_client *c, const cw__url *where, cw__object_look *out, cw_error *err)
{
    cw__exchange x;
    cw_status st;

    cw__request_look(&x, name_of(c, where), cw__client_next_lane(c)->loop);
    st = cw__exchange_run(&x, err);
    if (st == CW_OK && !x.reply.has_content_length)
        st = cw__fail(err, CW_E_PROTOCOL, "the service does not say how large s3://%s/%s is",
                      where->bucket, where->path);
    out->bytes = x.reply.content_length;
    cw__copy_string(out->etag, sizeof out->etag, x.reply.etag);
    cw__exchange_free(&x);
    return st;
}

/* A service may ignore Range and send the whole object, which is then longer than was asked for. */
static cw_status take_range(const cw__exchange *x, uint64_t offset, void *p, size_t n,
                            cw_error *err)
{
    const cw__reply *r = &x->reply;
    bool whole = r->http_status == 200;

    if ((whole && offset > 0) || r->body_cut || r->body.n != n)
        return cw__fail(err, CW_E_PROTOCOL,
                        "asked for %zu bytes from %" PRIu64
                        ", the service answered %d with %zu%s bytes",
                        n, offset, r->http_status, r->body.n, r->body_cut ? " and more" : "");
    memcpy(p, r->body.p, n);
    return CW_OK;
}

cw_status cw__store_get(cw_client *c, const cw__url *where, const cw__object_look *seen,
                        uint64_t offset, void *p, size_t n, cw_error *err)
{
    char range[64];
    cw__exchange x;
    cw_status st;

    snprintf(range, sizeof range, "bytes=%" PRIu64 "-%" PRIu64, offset, offset + n - 1);
    cw__request_get(&x, name_of(c, where), cw__client_next_lane(c)->loop, range, seen->etag);
    st = cw__exchange_run(&x, err);
    if (st == CW_OK)
        st = take_range(&x, offset, p, n, err);
    cw__exchange_free(&x);
    return st;
}
