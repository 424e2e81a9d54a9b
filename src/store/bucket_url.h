/* bucket_url.h - the s3:// URLs that the verbs of a store take */
#ifndef CW_STORE_BUCKET_URL_H
#define CW_STORE_BUCKET_URL_H

#include "base/url.h"
#include <cloudwriter/client.h>

/** Parse a URL that must be s3://, for a client that must be this process's own. */
cw_status cw__bucket_url_parse(cw__url *out, const cw_client *c, const char *url, cw_error *err);

/** The same, and it must have a key. */
cw_status cw__object_url_parse(cw__url *out, const cw_client *c, const char *url, cw_error *err);

#endif
