/* http_queue.c - calls that wait for a connection, the one that came first at the front */
#include "port/http_queue.h"

void cw__http_queue_init(cw__http_queue *q)
{
    q->first = NULL;
    q->end = &q->first;
}

void cw__http_queue_add(cw__http_queue *q, cw__http_call *call)
{
    call->queued_next = NULL;
    *q->end = call;
    q->end = &call->queued_next;
}

void cw__http_queue_first(cw__http_queue *q, cw__http_call *call)
{
    call->queued_next = q->first;
    if (!q->first)
        q->end = &call->queued_next;
    q->first = call;
}

void cw__http_queue_remove(cw__http_queue *q, cw__http_call *call)
{
    cw__http_call **at = &q->first;
    while (*at && *at != call)
        at = &(*at)->queued_next;
    if (!*at)
        return;
    *at = call->queued_next;
    if (q->end == &call->queued_next)
        q->end = at;
}
