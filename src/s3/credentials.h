/* credentials.h - where the keys come from, and when to ask for them again
 *
 * A chain of providers asked in order; the first that has keys is kept. In order: anonymous (when
 * asked for, before everything else), the caller's own, explicit keys, a web identity, the profile
 * in the shared files, the container, the instance. Each is a cw__credentials_provider in a file of
 * its own; credentials_chain.c puts them in order.
 *
 * Thread-safe. Keys that expire are asked for again 5 minutes before they do (with short-lived
 * ones, when a quarter of their time is left); when what they came from has changed (looked at once
 * a second at most); and when the service says that they have expired (cw__credentials_expired):
 * one refresh serves all who noticed. A refresh that fails leaves the old keys in use while they
 * last. What takes the network is asked on a thread of its own, without the lock.
 */
#ifndef CW_S3_CREDENTIALS_H
#define CW_S3_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>
#include "s3/ask.h"
#include "s3/sign.h"
#include <cloudwriter/client.h>

/** Keys in memory of their own; wiped when freed. Reference-counted, immutable. */
typedef struct cw__keys {
    unsigned references; /* under the lock of their chain */
    bool anonymous;      /* there are none: do not sign */
    char *access_key_id;
    char *secret_access_key;
    char *session_token; /* NULL for none */
    int64_t expires_ms;  /* 0: never */
    const char *source;  /* where they are from: static, for people */
} cw__keys;

typedef struct cw__credentials cw__credentials;

/** One source of keys. Asked by one thread at a time; `changed` never while it is being asked. */
typedef struct cw__credentials_provider {
    const char *name;
    const char *absent; /* static; without a `get`: why there is nothing to ask */
    /** CW_OK; CW_E_CREDENTIALS_MISSING: not here, ask the next; else why they are unusable. */
    cw_status (*get)(void *self, cw__asking *how, cw__keys **out, cw_error *err);
    /** Would `get` now answer something else than the last time, as far as is cheap to see? NULL
        for what never changes by itself. */
    bool (*changed)(void *self);
    void (*free)(void *self);
    void *self;
} cw__credentials_provider;

enum { CW__MOST_PROVIDERS = 8 };

/** What each provider said when the whole chain was last asked. */
typedef struct cw__credentials_step {
    const char *name; /* static */
    cw_status status; /* CW_OK: the keys are from here */
    char said[256];
} cw__credentials_step;

typedef struct cw__credentials_trail {
    cw__credentials_step steps[CW__MOST_PROVIDERS];
    size_t count;
} cw__credentials_trail;

struct cw__profile;

/**
 * @param profile  the parsed shared files: they are part of the chain, and read anew when keys are
 *                 wanted. Borrowed during the call. NULL leaves them out.
 * @param http  how to ask over the network; outlives the chain
 * @return CW_OK; CW_E_INVALID_ARGUMENT when half of the explicit keys is missing; CW_E_NO_MEMORY
 */
cw_status cw__credentials_new(cw__credentials **out, const cw_client_options *o,
                              const struct cw__profile *profile, const cw__http_options *http,
                              cw_error *err);
/** One provider alone in a chain of its own. */
cw_status cw__credentials_of(cw__credentials **out, const cw__credentials_provider *p,
                             cw_error *err);

/** Waits for a provider that is being asked, which gives up soon. NULL is fine. */
void cw__credentials_free(cw__credentials *c);

/**
 * Keys to sign with now. Give them back with cw__keys_release. The pointer is that of the last time
 * as long as the keys are the same: a request that was refused with them need not try again. Waits
 * for a provider that takes the network: not for an I/O thread.
 * @return CW_OK; CW_E_CREDENTIALS_MISSING (the message says where was looked); CW_E_NO_MEMORY; or
 *         what is wrong with those that were found
 */
cw_status cw__credentials_get(cw__credentials *c, cw__keys **out, cw_error *err);

/**
 * The same without waiting. CW_OK with *out NULL: they are being asked for, try again in a moment
 * with the same `*round` (0 before the first try, and again after it ended).
 */
cw_status cw__credentials_try(cw__credentials *c, unsigned *round, cw__keys **out, cw_error *err);

/** The service says that `used` have expired: the next get asks again, once for all. */
void cw__credentials_expired(cw__credentials *c, const cw__keys *used);
void cw__keys_release(cw__credentials *c, cw__keys *k);

/** What the chain said when it was last asked as a whole. */
void cw__credentials_get_trail(cw__credentials *c, cw__credentials_trail *out);

/** How to ask a URL on behalf of the same client; lives as long as the chain. */
const cw__http_options *cw__credentials_http(const cw__credentials *c);

/** Where STS is: NULL for that of AWS. */
const char *cw__credentials_sts_url(const cw__credentials *c);

/** For providers: keys made of copies, with one reference. NULL when out of memory. Without an
    access key id they are anonymous. */
cw__keys *cw__keys_new(const char *access_key_id, const char *secret_access_key,
                       const char *session_token, int64_t expires_ms, const char *source);

/** For keys that were never handed out. NULL is fine. */
void cw__keys_free(cw__keys *k);

#endif
