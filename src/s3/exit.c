/* exit.c - what happens to open uploads when the process exits
 *
 * Nothing would be published anyway, but parts that were sent would stay and cost money. So every
 * client stands in a list, and a handler of atexit() has the uploads of each aborted on their I/O
 * threads, which still run, and waits for that as long as the client allows. It is registered
 * after libcurl and libcrypto have been, and so runs before they go. In the child of a fork it does
 * nothing: the uploads are the parent's.
 */
#include "s3/exit.h"

#include "base/clock.h"
#include "s3/upload.h"

#include <stdlib.h>

enum { LOOK_AGAIN_MS = 2 };

static cw__mutex lock = CW__MUTEX_INIT;
static cw_client *clients; /* under lock */
static bool registered;    /* under lock */

/* What a forked child inherits is the parent's, and perhaps in the middle of a change. */
static void forget_all(void)
{
    static const cw__mutex fresh = CW__MUTEX_INIT;

    lock = fresh;
    clients = NULL;
}

static void abort_lane(void *user)
{
    cw__lane *lane = user;
    cw_client *c = lane->client;

    cw__uploads_abort_all(lane->uploads, cw__clock_mono_ms() + c->exit_timeout_ms);
    atomic_fetch_sub(&c->lanes_to_sweep, 1);
}

static void start_aborting(cw_client *c)
{
    atomic_store(&c->exiting, true); /* from here on no upload starts */
    atomic_store(&c->lanes_to_sweep, c->lane_count);
    for (unsigned i = 0; i < c->lane_count; i++) {
        c->lanes[i].exit_task = (cw__task){.run = abort_lane, .user = &c->lanes[i]};
        cw__loop_post(c->lanes[i].loop, &c->lanes[i].exit_task);
    }
}

static void wait_until_aborted(const cw_client *c, uint64_t deadline)
{
    while (atomic_load(&c->live_uploads) + atomic_load(&c->lanes_to_sweep) > 0 &&
           cw__clock_mono_ms() < deadline)
        cw__clock_sleep_ms(LOOK_AGAIN_MS);
}

static bool ours(const cw_client *c)
{
    return c->fork_generation == cw__fork_generation();
}

static void at_exit(void)
{
    uint64_t now = cw__clock_mono_ms();

    cw__mutex_lock(&lock);
    for (cw_client *c = clients; c; c = c->next)
        if (ours(c))
            start_aborting(c);
    for (cw_client *c = clients; c; c = c->next)
        if (ours(c))
            wait_until_aborted(c, now + c->exit_timeout_ms);
    cw__mutex_unlock(&lock);
}

cw_status cw__exit_watch(cw_client *c)
{
    cw__mutex_lock(&lock);
    if (!registered)
        registered = pthread_atfork(NULL, NULL, forget_all) == 0 && atexit(at_exit) == 0;
    if (registered) {
        c->next = clients;
        clients = c;
    }
    cw__mutex_unlock(&lock);
    return registered ? CW_OK : CW_E_NO_MEMORY;
}

void cw__exit_forget(cw_client *c)
{
    cw__mutex_lock(&lock);
    for (cw_client **at = &clients; *at; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
    cw__mutex_unlock(&lock);
}
