/* upload_inside.h - the parts of an upload's machine, among themselves
 *
 * Locking: `lock` guards everything but `plan`, `lane` and the list. The machine (pump, and what
 * the exchanges call when they end) runs on the loop's thread with the lock held; the writer's
 * thread holds it to add, to read, and to wait. Exchanges never call back from within start, so
 * that they can be started under the lock. Order: upload, then loop, pool or client.
 *
 *     upload.c          the writer's side
 *     upload_machine.c  the states, and what moves them on
 *     upload_parts.c    parts
 *     upload_race.c     a second sending of one that takes too long
 *     upload_commit.c   Create; PUT or Complete; a commit in doubt
 *     upload_abort.c    taking it all back
 */
#ifndef CW_S3_UPLOAD_INSIDE_H
#define CW_S3_UPLOAD_INSIDE_H

#include "s3/requests.h"
#include "s3/upload.h"

typedef enum cw__upload_state {
    CW__UPLOAD_IDLE,
    CW__UPLOAD_MEETING, /* the service, which is not known */
    CW__UPLOAD_PUTTING,
    CW__UPLOAD_CREATING,
    CW__UPLOAD_SENDING,
    CW__UPLOAD_COMPLETING,
    CW__UPLOAD_ASKING,
    CW__UPLOAD_ABORTING,
    CW__UPLOAD_COMMITTED,
    CW__UPLOAD_FAILED,
    CW__UPLOAD_INDETERMINATE
} cw__upload_state;

/* What the end of a commit says of it, when an attempt of it may have been carried out. */
typedef enum cw__doubt {
    CW__DOUBT_REFUSED, /* the last answer was no */
    CW__DOUBT_GONE,    /* the last answer was that there is no such upload: committed before, or
                          aborted */
    CW__DOUBT_OPEN     /* there was no answer: it may yet be carried out */
} cw__doubt;

/* A part that is being sent. */
typedef struct cw__sending {
    struct cw__sending *next;
    cw__upload *up;
    cw__part *part;
    bool body_sent;
    bool looking_up; /* asking whether it landed, after all */
    cw__exchange x;
    cw__exchange lookup;
    cw__exchange *rival; /* sends the same again; NULL: none */
    bool overtaken;      /* it did, and may land after `x` */
    bool lost;           /* `x` ended so while there was one, which decides */
    cw_status lost_with;
} cw__sending;

struct cw__upload {
    const cw__plan *plan;
    cw__lane *lane;
    cw__task pump_task;
    cw__timer grace;
    cw__task spare_task;      /* start one more part */
    cw__upload *next, **self; /* in its lane's list; on the loop's thread only */

    cw__mutex lock;
    cw__cond changed;
    cw__upload_state state;
    bool pump_posted;
    bool aborting;   /* asked for, or because of `error` */
    bool cancelling; /* asked for during the commit: as soon as that is possible */
    bool finishing;  /* no more parts come */
    bool counted;    /* among the client's live uploads */
    cw_error error;  /* the first; CW_OK: none. Here, not elsewhere: there may be no memory */

    cw__part *first, **tail; /* full, waiting for their turn */
    unsigned queued;
    cw__sending *sendings;
    unsigned running; /* in sendings */
    unsigned bodies;  /* of those, not yet fully sent */
    unsigned added;

    char id[CW__UPLOAD_ID]; /* "": not created */
    cw__part_receipt *receipts;
    unsigned receipt_capacity;
    unsigned acknowledged;
    unsigned overtaken; /* receipts */
    uint64_t bytes_acknowledged, bytes_added;
    cw__checksum_value whole;

    cw__part *put_part;
    bool exchanging; /* `x` is in use: one at a time, for all but parts */
    cw__exchange x;
    cw__text document;
    char document_hash[65];
    cw__doubt doubt; /* about the commit, while CW__UPLOAD_ASKING */
    bool unanswered; /* an attempt of it was, and may yet be carried out until the abort is */
    bool cut_off;    /* parts were cut off in their sending, and may land */
    unsigned aborts;
    uint64_t abort_deadline;
    cw_error abort_error; /* CW_OK: none */

    cw_object_info info;
    uint64_t requests, retries;
};

static inline cw_client *cw__upload_client(const cw__upload *up)
{
    return up->plan->client;
}

static inline bool cw__upload_over(const cw__upload *up)
{
    return up->state == CW__UPLOAD_COMMITTED || up->state == CW__UPLOAD_FAILED ||
           up->state == CW__UPLOAD_INDETERMINATE;
}

/** Has the request been sent that publishes? Then its end decides, and nothing else. */
static inline bool cw__upload_is_committing(const cw__upload *up)
{
    return up->state == CW__UPLOAD_PUTTING || up->state == CW__UPLOAD_COMPLETING ||
           up->state == CW__UPLOAD_ASKING;
}

/* Everything below is called with the lock held, on the loop's thread unless it says otherwise. */

/** Do whatever can be done now. */
void cw__upload_pump(cw__upload *up);

/** The same as a task: takes the lock by itself. */
void cw__upload_run_pump(void *upload);

/** Have the loop's thread pump. From any thread. */
void cw__upload_post_pump(cw__upload *up);

/** The end: nothing happens to the upload after this. */
void cw__upload_settle(cw__upload *up, cw__upload_state final);

/** From now on the service may know of it: it is aborted at exit. */
void cw__upload_enter_lane(cw__upload *up);

/** Keep the error if it is the first, and abort as soon as nothing forbids it. Any thread. */
void cw__upload_fail(cw__upload *up, const cw_error *e);
void cw__upload_fail_exchange(cw__upload *up, const cw__exchange *x, cw_status status);
void cw__upload_fail_memory(cw__upload *up);
void cw__upload_fail_exiting(cw__upload *up);

/** Take the first part of the queue, which must have one. */
cw__part *cw__upload_dequeue(cw__upload *up);

/** The exchange that all but parts share: to be used once it was built, and after its end. */
cw__exchange *cw__upload_take_exchange(cw__upload *up, void (*done)(void *, cw_status));
void cw__upload_release_exchange(cw__upload *up);
/** Add an exchange's attempts to the counters. */
void cw__upload_count(cw__upload *up, const cw__exchange *x);

/** Start what the concurrency allows, a few parts at once and more as there is time for them. */
void cw__upload_start_parts(cw__upload *up);
/** The loop has time for one more. A task of its loop: takes the lock by itself. */
void cw__upload_start_spare_part(void *upload);
/** The sending is over, or cut off; its slabs go back. */
void cw__upload_forget_sending(cw__upload *up, cw__sending *s);

/** One of the two that send a part has it: `etag` (NULL: no memory for it) moves. */
void cw__upload_finish_part(cw__upload *up, cw__sending *s, char *etag);
/** None of them will have it, says the end of `x`. */
void cw__upload_lose_part(cw__upload *up, cw__sending *s, cw_status status);

/** A cw__exchange's `late`: takes the lock by itself. */
bool cw__upload_race_part(void *sending);
/** May what was sent of it and not answered yet land after what was? */
bool cw__upload_may_be_overtaken(const cw__sending *s);
/** Call off the second sending. Fine when there is none. */
void cw__upload_drop_rival(cw__upload *up, cw__sending *s);

/** Ask for the ETag of a part that was sent twice: which of the two the service kept. */
void cw__upload_look_again(cw__upload *up);

void cw__upload_start_create(cw__upload *up);
void cw__upload_start_put(cw__upload *up);
void cw__upload_start_complete(cw__upload *up);
/** What became of the commit? */
void cw__upload_start_asking(cw__upload *up);
/** Give Create or the commit up if it is between two attempts and none can have been carried out.
 */
void cw__upload_cancel_exchange(cw__upload *up);

void cw__upload_start_abort(cw__upload *up);
void cw__upload_go_on_aborting(cw__upload *up);

#endif
