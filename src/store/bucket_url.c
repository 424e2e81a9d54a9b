/* bucket_url.c - the s3:// URLs that the verbs of a store take */
#include "store/bucket_url.h"

#include "base/error.h"
#include "s3/client.h"

cw_status cw__bucket_url_parse(cw__url *out, const cw_client *c, const char *url, cw_error *err)
{
    cw_status st = c ? cw__client_check(c, err)
                     : cw__fail(err, CW_E_INVALID_ARGUMENT, "this call needs a client");

    if (st == CW_OK)
        st = cw__url_parse(out, url, err);
    if (st != CW_OK || out->scheme == CW__SCHEME_S3)
        return st;
    cw__url_free(out);
    return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is no s3:// URL: only a bucket has uploads", url);
}

cw_status cw__object_url_parse(cw__url *out, const cw_client *c, const char *url, cw_error *err)
{
    cw_status st = cw__bucket_url_parse(out, c, url, err);

    if (st != CW_OK || out->path[0])
        return st;
    cw__url_free(out);
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' names a bucket: add the key", url);
}
