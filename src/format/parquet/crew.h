/* crew.h - items that are made by several threads and handed on by one, in order
 *
 *     idle --begin--> at work --look, look …--> at work --end, drop--> idle
 *
 * The threads start with the first job, or share, that has work for them. `make` is called on any
 * thread, `deliver` on the caller's alone, for item 0, 1, 2 … as soon as each is the next that is
 * ready.
 *
 * Beside the job there are shares: tasks that a thread has right now, and that threads without
 * another item take part in, until all are done and that thread goes on. The caller shares columns
 * to be gathered, whoever encodes a chunk its pages. Nobody waits but for tasks that are being
 * done.
 */
#ifndef CW_PARQUET_CREW_H
#define CW_PARQUET_CREW_H

#include <stdbool.h>

#include "format/parquet/column/chunk.h"

typedef struct cw__crew cw__crew;

/** A thread that takes part. */
typedef struct cw__crew_member {
    cw__crew *crew;
    unsigned number;            /* 0: the caller's; the workers count from 1 */
    cw__chunk_scratch *scratch; /* NULL: not made yet */
    cw__chunk_help help;        /* for the scratch */
} cw__crew_member;

typedef struct cw__crew_job {
    size_t items;
    const uint32_t *order; /* in which items are begun; NULL: 0, 1, 2 … */
    cw_status (*make)(void *user, size_t item, cw__chunk_scratch *scratch, cw_error *err);
    cw_status (*deliver)(void *user, size_t item, cw_error *err);
    void *user;
    bool alone; /* items are for the caller, one after the other */
} cw__crew_job;

/** `workers` threads beside the caller's; 0: none. Starts none yet. */
cw_status cw__crew_new(cw__crew **out, unsigned workers, cw_error *err);
/** `inherited`: in the child of a fork, where the threads are not. NULL is fine. */
void cw__crew_free(cw__crew *c, bool inherited);

/** Whether threads beside the caller's take part. */
bool cw__crew_is_many(const cw__crew *c);

/**
 * Let the workers begin with a job, which stays where it is until its end. One at a time. Without
 * workers nothing happens before cw__crew_end.
 */
cw_status cw__crew_begin(cw__crew *c, const cw__crew_job *job, cw_error *err);

/** Deliver what is ready, and do not wait. @return CW_OK, or the failure that the end will answer
 */
cw_status cw__crew_look(cw__crew *c);

/**
 * Take part until every item is delivered, or after a failure until nothing is being made any more.
 * Of several failures it answers that of the first item.
 */
cw_status cw__crew_end(cw__crew *c, cw_error *err);

/** End the job without it: what is being made is waited for, and nothing is delivered. */
void cw__crew_drop(cw__crew *c);

/** Tasks for whoever is free. */
typedef struct cw__crew_share {
    size_t tasks;
    void (*run)(void *user, size_t task, cw__crew_member *by);
    void *user;
    bool urgent; /* before items of the job */

    size_t begun, done; /* the crew's own, as is what follows */
    struct cw__crew_share *next;
} cw__crew_share;

/** Whether a share would find somebody. It may be answered another way a moment later. */
bool cw__crew_has_idle(const cw__crew *c);

/** The same from the caller's thread, where nobody has been asked yet as well. */
bool cw__crew_may_share(const cw__crew *c);

/** Run every task, in no order and on any threads, and return when all are done. From the caller's
 * thread. */
void cw__crew_share_out(cw__crew *c, cw__crew_share *share);

#endif
