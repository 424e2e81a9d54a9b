/* session.h - whose keys a request is signed with: the client's, or a directory bucket's
 *
 * Requests to the objects of a directory bucket are signed with keys that CreateSession gives for
 * that bucket and five minutes. A client has one set for each bucket, asked for by one request
 * whoever waits, and again ahead of its end (credentials.h has the rules).
 */
#ifndef CW_S3_SESSION_H
#define CW_S3_SESSION_H

#include "base/thread.h"
#include "s3/credentials.h"
#include "s3/endpoint.h"

typedef struct cw__sessions {
    cw__mutex lock;
    struct cw__session *list;
} cw__sessions;

int cw__sessions_init(cw__sessions *s);
/** Stops those that are being asked for. The client's loops must still run. */
void cw__sessions_destroy(cw__sessions *s);

/**
 * Where the keys for requests along a route come from: a chain that lasts as long as the client.
 * @return CW_OK; CW_E_NO_MEMORY
 */
cw_status cw__client_keys(cw_client *c, const cw__route *r, const char *bucket,
                          cw__credentials **out, cw_error *err);

#endif
