/* client.h - the inside of a cw_client, for the layers that speak S3 through it */
#ifndef CW_S3_CLIENT_H
#define CW_S3_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include "base/log.h"
#include "base/pool.h"
#include "base/thread.h"
#include "port/addresses.h"
#include "s3/credentials.h"
#include "s3/endpoint.h"
#include "s3/flow.h"
#include "s3/hedge.h"
#include "s3/learned.h"
#include "s3/loop.h"
#include "s3/pace.h"
#include "s3/provider.h"
#include "s3/retry.h"
#include "s3/session.h"
#include "s3/settings.h"
#include "s3/transport.h"
#include <cloudwriter/client.h>

struct cw__upload;

enum { CW__TOKEN_BYTES = 16 };

/* Set when made and never changed, but for what says otherwise, or is atomic. */
struct cw_client {
    atomic_uint references;
    unsigned fork_generation;

    cw__settings settings; /* what all of this came to, and from where */
    cw__transport transport;
    cw__endpoint endpoint;
    char *region;
    bool tls;
    cw__credentials *credentials;
    cw__sessions sessions; /* locks itself */

    uint32_t stall_timeout_ms;
    uint32_t commit_timeout_ms;
    uint64_t request_deadline_ms;
    uint32_t exit_timeout_ms;
    cw__retry_policy retry;
    cw_checksum checksum;
    cw_payload payload;
    cw__log log;
    bool no_pacing, no_hedging;

    /* shared by all requests: each locks itself, or is atomic */
    cw__pool *pool;
    cw__addresses *addresses; /* NULL: connections are not spread */
    cw__retry_budget retry_tokens;
    cw__learned learned;
    cw__provider provider;
    cw__pace pace;
    cw__hedge hedge;
    cw__flow flow;

    unsigned char token_seed[CW__TOKEN_BYTES];
    atomic_uint_least32_t next_token;

    cw__mutex sign_lock;
    cw__sign_day_key day_key; /* under sign_lock */

    struct cw__lane *lanes;
    unsigned lane_count;
    atomic_uint next_lane;
    atomic_uint live_uploads;   /* on all lanes */
    atomic_uint lanes_to_sweep; /* at exit */
    atomic_bool exiting;        /* the process is: nothing new is sent */

    struct cw_client *next; /* of all clients, under the lock of exit.c */

    atomic_uint_fast64_t requests, retries, throttled, connections, paced, hedged;
};

/** An I/O thread and the uploads that it drives. */
typedef struct cw__lane {
    cw_client *client;
    cw__loop *loop;
    struct cw__upload *uploads; /* touched on the loop's thread only */
    cw__task exit_task;
} cw__lane;

/**
 * Choose what a new client is to be, by its `settings` with their options and profile.
 * @param o  those same options: what they leave open of the endpoint is filled in, for all that
 *           come after
 */
cw_status cw__client_choose(cw_client *c, cw_client_options *o, cw_error *err);

/** The way to a bucket, from where it is known to be. */
cw_status cw__client_route(cw_client *c, const char *bucket, cw__reach reach, cw__route *out,
                           cw_error *err);

/** The lane for the next object, in turn. */
cw__lane *cw__client_next_lane(cw_client *c);

/** A commit token that nobody else has: random bits of the client, and a number of its own. */
void cw__client_next_token(cw_client *c, unsigned char token[CW__TOKEN_BYTES]);

/** Where requests for a bucket go now, or those for the service. */
typedef struct cw__place {
    char region[CW__LONGEST_REGION + 1];
    char endpoint[512];
} cw__place;

/** @param url  an s3:// URL, or NULL for the service; CW_E_INVALID_ARGUMENT for another one */
cw_status cw__client_place(cw_client *c, const char *url, cw__place *out, cw_error *err);

/** CW_E_STATE for a client that was inherited through a fork. */
cw_status cw__client_check(const cw_client *c, cw_error *err);

/** May the key of SSE-C be sent? CW_E_INVALID_ARGUMENT where others could read it on the way. */
cw_status cw__client_check_secrecy(const cw_client *c, cw_error *err);

/** A reference to `c`, or for NULL to a client of one's own, made from the environment. */
cw_status cw__client_take(cw_client **out, cw_client *c, cw_error *err);

#endif
