/* object.c - the verbs of objects: take the options, parse the URLs, choose the backend */
#include "store/backend.h"

#include "base/error.h"
#include "base/options.h"
#include "s3/client.h"

#include <string.h>

const cw__backend *cw__backend_of(cw__scheme scheme)
{
    switch (scheme) {
    case CW__SCHEME_S3:
        return &cw__backend_s3;
    case CW__SCHEME_FILE:
        return &cw__backend_file;
    case CW__SCHEME_MEMORY:
        break;
    }
    return &cw__backend_memory;
}

static cw_status check_s3(const cw__url *at, const cw_client *c, const char *url, cw_error *err)
{
    if (!c)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' cannot be reached without a client", url);
    if (!at->path[0])
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' names a bucket: add the key", url);
    return cw__client_check(c, err);
}

cw_status cw__place_parse(cw__url *out, const cw_client *c, const char *url, cw_error *err)
{
    cw_status st = cw__url_parse(out, url, err);

    if (st != CW_OK || out->scheme != CW__SCHEME_S3)
        return st;
    st = check_s3(out, c, url, err);
    if (st != CW_OK)
        cw__url_free(out);
    return st;
}

cw_status cw_object_stat(cw_object_meta **out, cw_client *c, const char *url,
                         const cw_object_stat_options *o, cw_error *err)
{
    cw_object_stat_options taken;
    cw__url at;
    cw_status st;

    *out = NULL;
    cw__error_clear(err);
    st = cw__options_take(&taken, sizeof taken, o, err);
    if (st == CW_OK)
        st = cw__place_parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    st = cw__backend_of(at.scheme)->stat(out, c, &at, &taken, err);
    cw__url_free(&at);
    return st;
}

cw_status cw_object_delete(cw_client *c, const char *url, const cw_object_delete_options *o,
                           cw_error *err)
{
    cw_object_delete_options taken;
    cw__url at;
    cw_status st;

    cw__error_clear(err);
    st = cw__options_take(&taken, sizeof taken, o, err);
    if (st == CW_OK)
        st = cw__place_parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    st = cw__backend_of(at.scheme)->remove(c, &at, &taken, err);
    cw__url_free(&at);
    return st;
}
