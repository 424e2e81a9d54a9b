/* sign.h - AWS Signature Version 4, as pure functions
 *
 * No clock, no environment, no state: the same input gives the same signature (by SigV4A another
 * one each time, for the same text). For S3 the path is
 * encoded once and never normalised, and so is the query.
 */
#ifndef CW_S3_SIGN_H
#define CW_S3_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/text.h"
#include <cloudwriter/status.h>

#define CW__UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"
#define CW__EMPTY_SHA256     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/** Strings are borrowed. */
typedef struct cw__sign_keys {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* NULL or "" for none; signing does not add its header */
    bool of_bucket;            /* the keys are those of a session with a directory bucket */
} cw__sign_keys;

/** A header that is signed: the name in lower case; the value as sent. */
typedef struct cw__sign_header {
    const char *name;
    const char *value;
} cw__sign_header;

typedef struct cw__sign_input {
    const char *method;
    const char *path;               /* encoded, with the leading slash */
    const char *query;              /* encoded, "a=1&b=" form, in any order; "" for none */
    const cw__sign_header *headers; /* in any order; must include host */
    size_t header_count;
    const char *payload_hash; /* hex SHA-256, or CW__UNSIGNED_PAYLOAD */
    const char *region;
    const char *region_set; /* "*": sign by SigV4A, for all regions, in place of `region`; the
                               headers must include x-amz-region-set. NULL: by SigV4 */
    const char *service;
    int64_t wall_ms;
} cw__sign_input;

/** The derived key of a day, region and secret: costs four HMACs, so keep it. Zero-initialise. */
typedef struct cw__sign_day_key {
    bool valid;
    char scope[96];       /* "20260102/us-east-1/s3" */
    uint64_t secret_mark; /* a CRC: enough to notice that the secret has changed */
    unsigned char key[32];
} cw__sign_day_key;

/** Append the value of the Authorization header. `day` may be NULL. */
cw_status cw__sign(const cw__sign_keys *keys, const cw__sign_input *in, cw__sign_day_key *day,
                   cw__text *authorization);

/** Append the query of a presigned URL, signature included (headers: host alone, usually). */
cw_status cw__sign_query(const cw__sign_keys *keys, const cw__sign_input *in, uint32_t expires_s,
                         cw__text *query);

/** The two intermediate texts, for tests and for the message of a refused signature. */
void cw__sign_canonical_request(const cw__sign_input *in, cw__text *out);
cw_status cw__sign_string_to_sign(const cw__sign_input *in, const char *canonical, cw__text *out);

#endif
