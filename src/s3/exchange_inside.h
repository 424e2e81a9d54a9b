/* exchange_inside.h - the parts of an exchange, among themselves
 *
 *     exchange.c         attempts: their turn, keys, signature and request; deadlines; the end
 *     exchange_answer.c  how an attempt ended: judged, retried, or
 *     exchange_learn.c   learned from
 *     exchange_run.c     from another thread: start one and wait for it
 *
 * All but the last is called on the loop's thread only.
 */
#ifndef CW_S3_EXCHANGE_INSIDE_H
#define CW_S3_EXCHANGE_INSIDE_H

#include "s3/exchange.h"

/* exchange.c */

/** Send it, at once or when its turn comes. */
void cw__exchange_attempt(cw__exchange *x);
/** The same, not before `due_ms`. */
void cw__exchange_pause(cw__exchange *x, uint64_t due_ms);
/** Tell the owner. */
void cw__exchange_end(cw__exchange *x, cw_status status);

/* exchange_answer.c */

/** An attempt is over: go on, or end. `resent`: it was sent twice below. */
void cw__exchange_answered(cw__exchange *x, bool resent);

/* exchange_learn.c */

/** @return whether there was a lesson: then the next attempt, or a question, is on its way */
bool cw__exchange_learn(cw__exchange *x);
/** Give up the question. Fine when there is none. */
void cw__exchange_drop_probe(cw__exchange *x);

#endif
