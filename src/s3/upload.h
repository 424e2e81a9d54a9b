/* upload.h - one object on its way: parts in, and in the end committed or not
 *
 *                        +--------- one part or none, and finished --------+
 *                        |                                                 v
 *     idle -> creating ->  sending  -> completing                       putting
 *       |        |            |            |  \                         /    |
 *       |        |            |            |   +------> asking <-------+     |
 *       |        v            v            v            |   |                v
 *       +----> aborting <-----+------------+ (refused)  |   |    committed <-+
 *                 |                                     |   +--> committed
 *                 v                                     +------> indeterminate, or aborting
 *              failed
 *
 * One thread, the writer's, adds parts and finishes or aborts; the machine itself runs on a loop's
 * thread. Create is lazy: nothing is sent before it must be, and what fits one part is one PUT;
 * before one with a condition, HEAD to a service that nothing tells who it is ("meeting").
 * An error is kept and told once the upload is over; the machine aborts by itself as soon as it
 * happens. An abort waits for the parts on their way, a moment at most, and makes sure afterwards
 * that none landed. It never starts while a commit is under way; a commit that ends without an
 * answer is looked into with HEAD, by the token in the object's metadata.
 */
#ifndef CW_S3_UPLOAD_H
#define CW_S3_UPLOAD_H

#include "s3/part.h"
#include "s3/plan.h"
#include <cloudwriter/writer.h>

typedef struct cw__upload cw__upload;

/** Called about every interval_ms on the thread that waits; not 0: give up. */
typedef struct cw__waiting {
    cw_progress_fn tick; /* NULL: none */
    void *user;
    uint32_t interval_ms;
} cw__waiting;

/** `plan` is borrowed and must outlive the upload. Sends nothing. */
cw_status cw__upload_new(cw__upload **out, const cw__plan *plan, cw_error *err);

/** Free it. Waits for a machine that still runs: abort or finish first. NULL is fine. */
void cw__upload_free(cw__upload *up);

/**
 * Hand over a part that is full, in order of number. It moves whatever the answer.
 * Does not wait; @return CW_OK, or the upload's error
 */
cw_status cw__upload_add(cw__upload *up, cw__part *part, cw_error *err);

/** The upload's error so far, without waiting. */
cw_status cw__upload_check(cw__upload *up, cw_error *err);

/**
 * Wait until every part is on its way: the next one is filled while those are sent, and no more
 * memory is taken than keeps the network busy.
 */
cw_status cw__upload_wait_turn(cw__upload *up, const cw__waiting *w, cw_error *err);

/**
 * Commit, with `last` (may be NULL; moves whatever the answer) as the last part and `whole` as the
 * checksum of all of it. Waits for the outcome. CW_OK: committed; CW_E_INDETERMINATE: not known;
 * else not committed, and aborted (err->upload_id: but could not be).
 */
cw_status cw__upload_finish(cw__upload *up, cw__part *last, const cw__checksum_value *whole,
                            const cw__waiting *w, cw_object_info *info, cw_error *err);

/** Abort and wait for it. CW_OK: nothing is left at the service. */
cw_status cw__upload_abort(cw__upload *up, cw_error *err);

/** For the end of the process, on the loop's thread: abort, with this deadline. */
void cw__uploads_abort_all(cw__upload *first, uint64_t deadline);

void cw__upload_stats(cw__upload *up, cw_stats *out);

#endif
