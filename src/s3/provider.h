/* provider.h - what the service at the endpoint does not do as AWS does
 *
 * Whoever asks "can this be done here?" asks this. A provider is a set of facts, found by the
 * option, the host or an answer, and over it lies what this client has learned from its answers.
 * docs/providers.md has the facts and where they come from. Thread-safe.
 */
#ifndef CW_S3_PROVIDER_H
#define CW_S3_PROVIDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "s3/reply.h"
#include "s3/request.h"
#include <cloudwriter/client.h>

/** In what it differs; none of them: as AWS. */
typedef enum cw__trait {
    CW__EQUAL_PARTS = 1 << 0,    /* all parts but the last must have one size */
    CW__BUCKET_IN_HOST = 1 << 1, /* takes no paths that begin with the bucket */
    CW__NO_CHECKSUMS = 1 << 2,   /* refuses x-amz-checksum-* */
    CW__NO_BATCH_DELETE = 1 << 3,
    CW__NO_TAGS = 1 << 4,
    CW__NO_VERSIONS = 1 << 5,
    CW__NO_UPLOAD_LIST = 1 << 6,
    CW__NO_PUT_IF = 1 << 7,           /* conditions on PUT: refused, or ignored without a word */
    CW__NO_COMPLETE_IF = 1 << 8,      /* the same on Complete */
    CW__PUT_IF_UNSURE = 1 << 9,       /* it may ignore them: nobody has looked */
    CW__COMPLETE_IF_UNSURE = 1 << 10, /* the same */
    CW__NO_PART_COPY = 1 << 11,       /* copies objects of any size in one request instead */
    CW__NO_PART_COPY_IF = 1 << 12     /* the source of a part cannot be pinned */
} cw__trait;

typedef struct cw__provider {
    atomic_uint which;  /* cw_provider; never AUTO */
    bool chosen;        /* by the option or the host: answers do not change it */
    atomic_bool met;    /* there was an answer */
    atomic_uint traits; /* learned */
    atomic_uint refuted;
} cw__provider;

/** @param host  of the endpoint; NULL: AWS. @return CW_OK; CW_E_INVALID_ARGUMENT */
cw_status cw__provider_init(cw__provider *p, cw_provider option, const char *host, cw_error *err);

/** Whether a host is one of a service whose endpoints have no path. */
bool cw__provider_has_no_path(const char *host);

/** Has it any of these traits? */
bool cw__provider_is(const cw__provider *p, unsigned traits);

/** Does nothing tell who it is: no option, no host, and no answer yet? */
bool cw__provider_is_stranger(const cw__provider *p);

/** From now on it has some, and has others not. */
void cw__provider_learn(cw__provider *p, unsigned traits, unsigned refuted);

/** Recognise the service by an answer. @return its name if it was not known before, or NULL */
const char *cw__provider_see(cw__provider *p, const cw__reply *r);

/**
 * Refuse a request for what the service, or this kind of bucket, is known not to have, before it is
 * sent: one that does not know of versions may take the latest for the one that was named.
 * @param raw  the caller's own: only what is so of the bucket, whichever service it is at
 * @return CW_OK; CW_E_UNSUPPORTED
 */
cw_status cw__provider_check(const cw__provider *p, const cw__request *r, bool raw, cw_error *err);

/** "r2" */
const char *cw__provider_name(const cw__provider *p);

/** The region to sign for where nobody names one. Never "". */
void cw__provider_region(const cw__provider *p, const char *host, char *out, size_t size);

/** Whether the service takes requests that are signed for a region; true where nobody knows. */
bool cw__provider_has_region(const cw__provider *p, const char *region);

/** The header of a copy that keeps it from replacing its target. */
const char *cw__provider_copy_condition(const cw__provider *p);

/** The largest object; UINT64_MAX: whatever 10,000 parts hold. */
uint64_t cw__provider_most_bytes(const cw__provider *p);

#endif
