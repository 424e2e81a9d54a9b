/* crew.h - items that are made by several threads and handed on by one, in order
 *
 *     idle --begin--> at work --look, look …--> at work --end, drop--> idle
 *
 * The threads start with the first job that has work for them. `make` is called on any thread,
 * `deliver` on the caller's alone, for item 0, 1, 2 … as soon as each is the next that is ready.
 */
#ifndef CW_PARQUET_CREW_H
#define CW_PARQUET_CREW_H

#include <stdbool.h>

#include "format/parquet/column/chunk.h"

typedef struct cw__crew cw__crew;

typedef struct cw__crew_job {
    size_t items;
    const uint32_t *order; /* in which items are begun; NULL: 0, 1, 2 … */
    cw_status (*make)(void *user, size_t item, cw__chunk_scratch *scratch, cw_error *err);
    cw_status (*deliver)(void *user, size_t item, cw_error *err);
    void *user;
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

#endif
