/* endpoint.h - which host a bucket lives on, and how its requests are addressed */
#ifndef CW_S3_ENDPOINT_H
#define CW_S3_ENDPOINT_H

#include <stdatomic.h>
#include <stdbool.h>
#include "base/text.h"
#include "base/url.h"
#include <cloudwriter/client.h>

/** What a client was told; the region is that of one bucket. */
typedef struct cw__endpoint {
    bool custom; /* an endpoint URL was given; else AWS by region */
    cw__endpoint_url url;
    cw_addressing addressing;
    atomic_bool wants_host; /* the service takes the bucket in the host only; may be learned */
} cw__endpoint;

/** @param url NULL or "" for AWS */
cw_status cw__endpoint_init(cw__endpoint *e, const char *url, cw_addressing addressing,
                            cw_error *err);
void cw__endpoint_free(cw__endpoint *e);

/** Does the connection run over TLS? */
bool cw__endpoint_tls(const cw__endpoint *e);

/**
 * Append the host (with a port that is not the scheme's own) and the encoded path of a bucket and
 * key. Bucket "" is the service itself; key "" is the bucket. AWS: s3.REGION.amazonaws.com, with
 * .amazonaws.com.cn for cn-*.
 */
void cw__endpoint_address(const cw__endpoint *e, const char *region, const char *bucket,
                          const char *key, cw__text *host, cw__text *path);

#endif
