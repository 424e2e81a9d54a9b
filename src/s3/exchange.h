/* exchange.h - one request to the service, with everything that it takes to get an answer
 *
 *     lay out + sign -> send -> judge -+-> done
 *           ^                          |
 *           +--- pause, or learn ------+      (another region, the clock, new keys, no checksum)
 *
 * An exchange lives on one loop's thread: start, cancel and all callbacks. It ends with exactly one
 * call of `done`, never from within start, unless it is cancelled.
 */
#ifndef CW_S3_EXCHANGE_H
#define CW_S3_EXCHANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "s3/client.h"
#include "s3/intake.h"
#include "s3/reply.h"
#include "s3/request.h"

/** The bytes of a request; `read` may be called again from any offset. */
typedef struct cw__body {
    size_t (*read)(void *user, uint64_t offset, void *p, size_t n);
    void *user;
    uint64_t bytes;
    const void *p; /* all of it, where it lies in one piece; else NULL */
} cw__body;

typedef struct cw__exchange cw__exchange;
struct cw__exchange {
    /* set by the owner, after cw__exchange_init */
    cw__request request;
    cw__expect expect;
    const char *root; /* of the document it expects */
    cw__body body;
    const char *payload_hash; /* hex SHA-256; NULL: unsigned. Borrowed until done */
    bool sent_checksum;       /* its headers carry one, and it can do without */
    bool create_only;         /* its headers carry If-None-Match: * */
    bool raw;                 /* the caller's own: sent even where it is known to be no use */
    uint32_t reply_ms;        /* from the end of the request to the reply; default: stall_ms */
    uint64_t deadline;        /* on the clock that never steps; 0: none */
    const char *doing;        /* static: "upload part", "abort the upload" */
    unsigned part;            /* for messages; 0: none */
    cw__hedge_kind hedge;     /* may be sent again: harmless, and one of many alike */
    bool second;              /* what another sends, once more: a retry, and never hedged itself */
    cw__intake *intake;       /* takes the body of a success as it arrives; nullable */
    /** Each header of a reply; before the first of each attempt, NULL and NULL. Nullable. */
    void (*header)(void *header_user, const char *name, const char *value);
    void *header_user;
    const atomic_bool *stop;  /* nullable: where set, cw__exchange_run gives up soon */
    void (*sent)(void *user); /* the body is in the kernel's hands; nullable */
    /** It is to be hedged: have a second one race it (true), or let it be cut short and sent again.
        Nullable: false. */
    bool (*late)(void *user);
    void (*done)(void *user, cw_status status);
    void *user;

    /* the outcome, for the owner to read in done */
    cw__reply reply;
    cw__judgement judgement;
    atomic_uint attempts; /* also read by the writer's thread, for its statistics */
    bool in_doubt; /* an attempt may have been carried out, though it was not answered with success
                    */
    bool unanswered; /* of those, one got no answer at all once it was fully sent */

    /* its own */
    cw_client *client;
    cw__loop *loop;
    cw__http_call call;
    cw__timer pause;
    cw__timer limit;
    cw__task failure;
    cw__keys *keys;
    unsigned keys_round;        /* of asking for them, while they are awaited */
    cw__credentials *keys_from; /* whose `keys` are */
    cw__route route;
    int64_t signed_ms;
    cw__pace_pass pass;
    uint64_t sent_ms; /* when this attempt was */
    cw__hedge_watch watch;
    bool raced;       /* there was a second one */
    bool cutting;     /* this attempt is cut short */
    unsigned cuts;    /* so many were */
    unsigned excused; /* attempts before the last one that brought a good deal of the body */
    bool calling;
    bool body_out;    /* this attempt was fully sent */
    bool wanted_host; /* it was known by then that the bucket has to be in the host */
    bool learned_clock, learned_region, stripped_checksum;
    cw__exchange *probe; /* asking for the bucket's region */
    unsigned refreshed;
    cw_error error; /* a failure that no reply speaks of: no keys, no memory */
};

/** `method` is static. Strings are copied. */
void cw__exchange_init(cw__exchange *x, cw_client *c, cw__loop *loop, const char *method,
                       const char *bucket, const char *key);
void cw__exchange_start(cw__exchange *x);

/** Stop it; `done` is not called. Fine when it is not running. */
void cw__exchange_cancel(cw__exchange *x);

/** Free what it holds (it must have ended). The struct itself is the owner's. */
void cw__exchange_free(cw__exchange *x);

/**
 * From any thread but a loop's: start it, wait for its end, explain a failure. It must have been
 * initialised; done and user are set here.
 */
cw_status cw__exchange_run(cw__exchange *x, cw_error *err);

/** The same in two steps, for who has something else to do in between. It stays where it is. */
typedef struct cw__run {
    cw__exchange *x;
    cw__task starting, stopping;
    cw__mutex lock;
    cw__cond changed;
    bool over, stopped; /* under lock */
    cw_status status;
} cw__run;

cw_status cw__run_begin(cw__run *r, cw__exchange *x, cw_error *err);
/** Once for each that has begun: wait for the end, or stop it. */
cw_status cw__run_end(cw__run *r, cw_error *err);
void cw__run_stop(cw__run *r);

/** Of its attempts, those that were no first ones. */
static inline unsigned cw__exchange_retries(const cw__exchange *x)
{
    unsigned attempts = x->attempts;

    return attempts > 0 && !x->second ? attempts - 1 : attempts;
}

/** Say why it ended with `status`. */
void cw__exchange_explain(const cw__exchange *x, cw_status status, cw_error *err);

/** A body that lies in one piece; `text` must stay. Sets body and, if need be, payload_hash. */
size_t cw__body_read_text(void *text, uint64_t offset, void *p, size_t n);

#endif
