/* request.h - put a request together, then address, sign and lay it out for sending
 *
 * Built once and laid out anew for each attempt, since the date, the credentials, the region and
 * with them the signature may have changed. Building when out of memory is noticed at layout.
 */
#ifndef CW_S3_REQUEST_H
#define CW_S3_REQUEST_H

#include "base/text.h"
#include "s3/endpoint.h"
#include "s3/sign.h"

typedef struct cw__request {
    /* what was asked for */
    const char *method; /* static */
    char *bucket;
    char *key;
    cw__reach reach;
    cw__text query;   /* encoded, in the order of addition */
    cw__text headers; /* "name\0value\0" pairs; names in lower case */
    size_t header_count;
    bool failed;  /* out of memory while building */
    bool refused; /* a header's value has a line break */

    /* laid out for one attempt */
    cw__text url;
    cw__text host;
    cw__text path;
    cw__text lines;         /* "name: value\0" … */
    const char **line_list; /* NULL-terminated, into `lines` */
    cw__sign_header *sign_list;
    size_t list_capacity; /* of both lists */
} cw__request;

/** `method` must be static. */
void cw__request_init(cw__request *r, const char *method, const char *bucket, const char *key);
void cw__request_free(cw__request *r);

/** Add ?name=value; a NULL value is the bare name (sent as "name="). Encodes both. */
void cw__request_query(cw__request *r, const char *name, const char *value);

/** Add a header, its value trimmed; NULL adds nothing, "" an empty one. The name in lower case. */
void cw__request_header(cw__request *r, const char *name, const char *value);

/** Replace or, with NULL, remove a header. */
void cw__request_set_header(cw__request *r, const char *name, const char *value);

typedef struct cw__layout {
    const cw__endpoint *endpoint;
    const cw__sign_keys *keys; /* NULL: unsigned */
    cw__sign_day_key *day_key; /* nullable */
    const cw__route *route;    /* to the request's bucket */
    const char *payload_hash;  /* hex SHA-256, or CW__UNSIGNED_PAYLOAD */
    int64_t wall_ms;           /* with the service's offset added */
} cw__layout;

/**
 * Make url and line_list for one attempt: adds x-amz-date, x-amz-content-sha256, the session
 * token and Authorization. The lists stay as they are until the next layout.
 * @return CW_OK; CW_E_NO_MEMORY; CW_E_INVALID_ARGUMENT when a header holds a line break or the
 *         region is no name of one
 */
cw_status cw__request_lay_out(cw__request *r, const cw__layout *how);

#endif
