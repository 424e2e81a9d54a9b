/* http_queue.h - calls that wait for a connection, the one that came first at the front */
#ifndef CW_PORT_HTTP_QUEUE_H
#define CW_PORT_HTTP_QUEUE_H

#include "port/http.h"

typedef struct cw__http_queue {
    cw__http_call *first, **end;
} cw__http_queue;

void cw__http_queue_init(cw__http_queue *q);

/** At the end. */
void cw__http_queue_add(cw__http_queue *q, cw__http_call *call);

/** At the front. */
void cw__http_queue_first(cw__http_queue *q, cw__http_call *call);

/** If it is there. */
void cw__http_queue_remove(cw__http_queue *q, cw__http_call *call);

#endif
