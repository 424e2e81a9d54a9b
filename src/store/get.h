/* get.h - look at an object in a bucket, and fetch ranges of it */
#ifndef CW_STORE_GET_H
#define CW_STORE_GET_H

#include <cloudwriter/client.h>

#include "base/url.h"

enum { CW__GET_MOST = 4 << 20 }; /* bytes of one range; a reply is collected before it is judged */

typedef struct cw__object_look {
    uint64_t bytes;
    char etag[136]; /* without quotes; "" if the service gives none */
} cw__object_look;

cw_status cw__store_look(cw_client *c, const cw__url *where, cw__object_look *out, cw_error *err);

/** Exactly `n` bytes (1 to CW__GET_MOST) from `offset` of the object that was looked at. */
cw_status cw__store_get(cw_client *c, const cw__url *where, const cw__object_look *seen,
                        uint64_t offset, void *p, size_t n, cw_error *err);

#endif
