/* plan.h - what an upload is to become: where, with which headers, under which conditions
 *
 * Made from a writer's options once; the requests of an upload are built from it (requests.h).
 */
#ifndef CW_S3_PLAN_H
#define CW_S3_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include "base/text.h"
#include "s3/client.h"
#include <cloudwriter/writer.h>

/** The requests that a header belongs to. */
typedef enum cw__use {
    CW__USE_PUT = 1,
    CW__USE_CREATE = 2,
    CW__USE_PART = 4,
    CW__USE_COMPLETE = 8,
    CW__USE_HEAD = 16,
    CW__USE_OBJECT = CW__USE_PUT | CW__USE_CREATE,   /* describes the object */
    CW__USE_COMMIT = CW__USE_PUT | CW__USE_COMPLETE, /* a condition */
    CW__USE_KEYED = CW__USE_OBJECT | CW__USE_PART | CW__USE_COMPLETE | CW__USE_HEAD /* SSE-C */
} cw__use;

typedef struct cw__plan {
    cw_client *client; /* a reference of its own */
    char *bucket;
    char *key;
    cw__text headers; /* "use" byte, name, NUL, value, NUL; and again */
    bool create_only;
    bool conditional;
    cw_checksum checksum; /* never DEFAULT */
    bool sign_payload;
    unsigned concurrency;                /* 0: the client's */
    uint64_t deadline;                   /* on the clock that never steps; 0: none */
    char token[2 * CW__TOKEN_BYTES + 1]; /* of the commit, in the object's metadata */
} cw__plan;

/** Check the options and make a plan. @return CW_OK; CW_E_INVALID_ARGUMENT; CW_E_NO_MEMORY */
cw_status cw__plan_init(cw__plan *p, cw_client *c, const char *bucket, const char *key,
                        const cw_writer_options *o, cw_error *err);
void cw__plan_free(cw__plan *p);

/**
 * Will the service hold to the plan's conditions, where the object goes in one request or (`parts`)
 * in several? @return CW_OK, also where nobody knows; CW_E_UNSUPPORTED: it is known not to
 */
cw_status cw__plan_check_conditions(const cw__plan *p, bool parts, cw_error *err);

#endif
