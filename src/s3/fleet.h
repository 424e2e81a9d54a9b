/* fleet.h - several exchanges at once, for a thread that waits for them
 *
 * Launch as many as are to be under way, wait for whichever ends next, and launch the next. The
 * owner initialises a ship's exchange, and frees it once it has landed.
 */
#ifndef CW_S3_FLEET_H
#define CW_S3_FLEET_H

#include "s3/exchange.h"

typedef struct cw__fleet {
    cw__mutex lock;
    cw__cond changed;
    struct cw__ship *landed; /* under lock */
    unsigned under_way;      /* of the waiting thread alone */
} cw__fleet;

typedef struct cw__ship {
    cw__exchange x;
    cw_status status; /* once it has landed */
    cw__fleet *fleet;
    cw__task task;
    struct cw__ship *next;
} cw__ship;

cw_status cw__fleet_init(cw__fleet *f, cw_error *err);

/** Nothing may be under way. */
void cw__fleet_destroy(cw__fleet *f);

void cw__fleet_launch(cw__fleet *f, cw__ship *s);

/** The next to land; NULL when none is under way. */
cw__ship *cw__fleet_wait(cw__fleet *f);

#endif
