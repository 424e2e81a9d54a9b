/* endpoint.h - which host a bucket lives on, and how its requests are addressed and signed */
#ifndef CW_S3_ENDPOINT_H
#define CW_S3_ENDPOINT_H

#include <stdatomic.h>
#include <stdbool.h>
#include "base/arn.h"
#include "base/text.h"
#include "base/url.h"
#include "s3/partition.h"
#include <cloudwriter/client.h>

/** What a client was told; the region is that of one bucket. */
typedef struct cw__endpoint {
    bool custom; /* an endpoint URL was given; else AWS by region */
    cw__endpoint_url url;
    cw_addressing addressing;
    atomic_bool wants_host; /* the service takes the bucket in the host only; may be learned */

    /* set between init and check */
    cw__variant variant;
    bool accelerate;
    bool global;          /* us-east-1 is at s3.amazonaws.com */
    bool own_region_only; /* no access point of another region than the client's */
    bool no_multi_region; /* no access point of many regions */
    bool no_session;      /* the client's own keys for directory buckets, too */
} cw__endpoint;

/** @param url NULL or "" for AWS */
cw_status cw__endpoint_init(cw__endpoint *e, const char *url, cw_addressing addressing,
                            cw_error *err);
void cw__endpoint_free(cw__endpoint *e);

/** Refuse what cannot be had together, whatever the bucket. */
cw_status cw__endpoint_check(const cw__endpoint *e, cw_error *err);

/** Does the connection run over TLS? */
bool cw__endpoint_tls(const cw__endpoint *e);

/** What a request is about: only to a directory bucket is it not all the same. */
typedef enum cw__reach {
    CW__REACH_OBJECTS = 0, /* with the keys of a session */
    CW__REACH_OWN,         /* objects, with the client's own keys */
    CW__REACH_BUCKET       /* the bucket itself: with own keys, at another host */
} cw__reach;

/** How a bucket is reached. */
typedef struct cw__route {
    char region[CW__LONGEST_REGION + 1]; /* to sign for */
    const char *region_set;              /* "*": sign for all, by SigV4A; NULL: for `region` */
    const char *service;                 /* the same; static */
    bool session;                        /* with keys from CreateSession */
    const char *host; /* what the host's name begins with, behind that of the bucket */
    cw__piece zone;   /* of a directory bucket, or the outpost of an alias */
    cw__arn arn;      /* of an access point; its pieces are in the bucket's name */
    bool in_host;     /* the bucket is, and not in the path */
    bool everywhere;  /* the host is of no region */
    bool accelerated;
    const char *domain;
} cw__route;

/**
 * Find the way to a bucket ("": the service itself). `bucket` must outlive the route.
 * @return CW_OK; CW_E_INVALID_ARGUMENT where the name and the settings do not go together;
 *         CW_E_UNSUPPORTED
 */
cw_status cw__endpoint_route(const cw__endpoint *e, const char *region, const char *bucket,
                             cw__reach reach, cw__route *out, cw_error *err);

/**
 * Append the host (with a port that is not the scheme's own) and the encoded path of a key in the
 * bucket that `r` leads to. Key "" is the bucket.
 */
void cw__endpoint_address(const cw__endpoint *e, const cw__route *r, const char *bucket,
                          const char *key, cw__text *host, cw__text *path);

/** Is it a directory bucket, or an access point of one, by its name? */
bool cw__is_directory_bucket(const char *bucket);

/** The zone in the name of a directory bucket; empty where there is none. */
cw__piece cw__directory_zone(const char *bucket);

#endif
