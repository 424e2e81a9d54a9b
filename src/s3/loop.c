/* loop.c - an I/O thread: tasks, timers, and all the HTTP calls that it drives
 *
 *     run the tasks -> fire the timers that are due -> move the calls on, wait -> again
 *
 * Driving:     parked  --post-->  driven by its own thread  --nothing left to do-->  parked
 *              parked  --cw__loop_drive-->  driven by a caller  --stop-->  parked, or its own
 * thread
 *
 * Locking: `lock` guards the task list and the flags; all else belongs to whoever drives. Handing
 * the driving over goes through the lock, so that one driver sees all that the last one did. A poll
 * is woken by the first task of a batch only, since the driver takes them all at once.
 */
#include "s3/loop.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"

#include <string.h>

/* The longest sleep: stalled calls are looked for this often. */
enum { LONGEST_POLL_MS = 1000 };

/* Time is spare when of SPARE_WINDOW_US one in SPARE_SHARE was slept through. */
enum { SPARE_WINDOW_US = 1000, SPARE_SHARE = 4, SPARE_POLL_MS = 1 };

struct cw__loop {
    cw__http *http;
    cw__thread thread;

    cw__mutex lock;
    cw__cond wanted; /* its own thread is */
    cw__task *first, *last;
    bool driven;  /* by anyone */
    bool polling; /* the driver may be asleep */
    bool stopping;

    cw__timer **heap; /* heap[1..timers], the one due first on top */
    size_t timers, heap_capacity;

    bool hurry; /* do not sleep in this turn */

    cw__task *spare;                           /* for when there is time */
    uint64_t window_start_us, window_slept_us; /* since when, and how much had been slept then */
};

/* ---- timers: a binary heap ---- */

static void put(cw__loop *loop, size_t place, cw__timer *timer)
{
    loop->heap[place] = timer;
    timer->place = place;
}

static void sift_up(cw__loop *loop, size_t place)
{
    cw__timer *timer = loop->heap[place];

    while (place > 1 && loop->heap[place / 2]->due_ms > timer->due_ms) {
        put(loop, place, loop->heap[place / 2]);
        place /= 2;
    }
    put(loop, place, timer);
}

static void sift_down(cw__loop *loop, size_t place)
{
    cw__timer *timer = loop->heap[place];
    size_t child;

    while ((child = place * 2) <= loop->timers) {
        if (child < loop->timers && loop->heap[child + 1]->due_ms < loop->heap[child]->due_ms)
            child++;
        if (loop->heap[child]->due_ms >= timer->due_ms)
            break;
        put(loop, place, loop->heap[child]);
        place = child;
    }
    put(loop, place, timer);
}

static cw_status grow_heap(cw__loop *loop)
{
    size_t capacity = loop->heap_capacity ? loop->heap_capacity * 2 : 16;
    cw__timer **heap;

    if (loop->timers + 1 < loop->heap_capacity)
        return CW_OK;
    heap = cw__realloc(loop->heap, capacity * sizeof *heap);
    if (!heap)
        return CW_E_NO_MEMORY;
    loop->heap = heap;
    loop->heap_capacity = capacity;
    return CW_OK;
}

cw_status cw__loop_set_timer(cw__loop *loop, cw__timer *timer, uint64_t due_ms)
{
    cw__loop_cancel_timer(loop, timer);
    if (grow_heap(loop) != CW_OK)
        return CW_E_NO_MEMORY;
    timer->due_ms = due_ms;
    put(loop, ++loop->timers, timer);
    sift_up(loop, timer->place);
    return CW_OK;
}

void cw__loop_cancel_timer(cw__loop *loop, cw__timer *timer)
{
    size_t place = timer->place;
    cw__timer *last;

    if (place == 0)
        return;
    last = loop->heap[loop->timers--];
    timer->place = 0;
    if (last == timer)
        return;
    put(loop, place, last);
    sift_up(loop, place);
    sift_down(loop, last->place);
}

static void fire_timers(cw__loop *loop)
{
    uint64_t now = cw__clock_mono_ms();

    while (loop->timers && loop->heap[1]->due_ms <= now) {
        cw__timer *timer = loop->heap[1];
        cw__loop_cancel_timer(loop, timer);
        timer->fire(timer->user);
    }
}

static uint32_t sleep_ms(const cw__loop *loop)
{
    uint64_t now = cw__clock_mono_ms();

    if (loop->timers == 0)
        return LONGEST_POLL_MS;
    if (loop->heap[1]->due_ms <= now)
        return 0;
    return loop->heap[1]->due_ms - now < LONGEST_POLL_MS ? (uint32_t)(loop->heap[1]->due_ms - now)
                                                         : LONGEST_POLL_MS;
}

/* ---- tasks ---- */

void cw__loop_post(cw__loop *loop, cw__task *task)
{
    bool wake;

    cw__mutex_lock(&loop->lock);
    if (!task->queued) {
        task->queued = true;
        task->next = NULL;
        if (loop->first)
            loop->last->next = task;
        else
            loop->first = task;
        loop->last = task;
    }
    wake = loop->polling;
    loop->polling = false; /* once is enough */
    if (!loop->driven)
        cw__cond_signal(&loop->wanted);
    cw__mutex_unlock(&loop->lock);
    if (wake)
        cw__http_wakeup(loop->http);
}

void cw__loop_cancel_task(cw__loop *loop, cw__task *task)
{
    cw__task *previous = NULL;

    cw__mutex_lock(&loop->lock);
    for (cw__task *t = loop->first; t; previous = t, t = t->next) {
        if (t != task)
            continue;
        if (previous)
            previous->next = t->next;
        else
            loop->first = t->next;
        if (loop->last == t)
            loop->last = previous;
        t->queued = false;
        break;
    }
    cw__mutex_unlock(&loop->lock);
}

static cw__task *take_task(cw__loop *loop)
{
    cw__task *task;

    cw__mutex_lock(&loop->lock);
    task = loop->first;
    if (task) {
        loop->first = task->next;
        task->queued = false; /* from here on it may be queued again */
    }
    cw__mutex_unlock(&loop->lock);
    return task;
}

static void run_tasks(cw__loop *loop)
{
    cw__task *task;

    while ((task = take_task(loop)))
        task->run(task->user);
}

/* ---- time to spare ---- */

static void restart_window(cw__loop *loop)
{
    loop->window_start_us = cw__clock_mono_us();
    loop->window_slept_us = cw__http_slept_us(loop->http);
}

void cw__loop_when_spare(cw__loop *loop, cw__task *task)
{
    cw__task **at = &loop->spare;

    if (task->queued)
        return;
    if (!loop->spare)
        restart_window(loop);
    while (*at)
        at = &(*at)->next;
    task->queued = true;
    task->next = NULL;
    *at = task;
}

void cw__loop_cancel_spare(cw__loop *loop, cw__task *task)
{
    cw__task **at = &loop->spare;

    if (!task->queued)
        return;
    while (*at != task)
        at = &(*at)->next;
    *at = task->next;
    task->queued = false;
}

/* The window is over and had time to spare; either way a new one starts when it is over. */
static bool has_spare_time(cw__loop *loop)
{
    uint64_t passed = cw__clock_mono_us() - loop->window_start_us;
    uint64_t slept = cw__http_slept_us(loop->http) - loop->window_slept_us;

    if (passed < SPARE_WINDOW_US)
        return false;
    restart_window(loop);
    return slept * SPARE_SHARE >= passed;
}

static void use_spare_time(cw__loop *loop)
{
    cw__task *task = loop->spare;

    if (!task || !has_spare_time(loop))
        return;
    cw__loop_cancel_spare(loop, task);
    task->run(task->user);
}

/* ---- driving ---- */

/* From here on a task wakes the poll, so none may have come before. */
static bool enter_poll(cw__loop *loop)
{
    bool has_tasks;

    cw__mutex_lock(&loop->lock);
    has_tasks = loop->first != NULL;
    loop->polling = true;
    cw__mutex_unlock(&loop->lock);
    return !has_tasks;
}

static void leave_poll(cw__loop *loop)
{
    cw__mutex_lock(&loop->lock);
    loop->polling = false;
    cw__mutex_unlock(&loop->lock);
}

void cw__loop_hurry(cw__loop *loop)
{
    loop->hurry = true;
}

void cw__loop_turn(cw__loop *loop, uint32_t wait_ms)
{
    uint32_t wait;

    run_tasks(loop);
    fire_timers(loop);
    wait = sleep_ms(loop);
    wait = wait < wait_ms ? wait : wait_ms;
    if (loop->spare && wait > SPARE_POLL_MS)
        wait = SPARE_POLL_MS;
    cw__http_poll(loop->http, enter_poll(loop) && !loop->hurry ? wait : 0);
    leave_poll(loop);
    loop->hurry = false;
    use_spare_time(loop);
}

/* With the lock held, and nobody driving. */
static bool has_work(const cw__loop *loop)
{
    return loop->first || loop->spare || loop->timers > 0 || cw__http_busy(loop->http);
}

bool cw__loop_drive(cw__loop *loop)
{
    bool mine;

    cw__mutex_lock(&loop->lock);
    mine = !loop->driven && !loop->stopping && !has_work(loop);
    if (mine)
        loop->driven = true;
    cw__mutex_unlock(&loop->lock);
    return mine;
}

void cw__loop_stop_driving(cw__loop *loop)
{
    cw__mutex_lock(&loop->lock);
    loop->driven = false;
    if (has_work(loop) || loop->stopping)
        cw__cond_signal(&loop->wanted);
    cw__mutex_unlock(&loop->lock);
}

/* ---- its own thread ---- */

/* Wait for work that nobody does. false: there is none left, and the loop is to stop. */
static bool wait_for_work(cw__loop *loop)
{
    bool work;

    cw__mutex_lock(&loop->lock);
    while (loop->driven || (!has_work(loop) && !loop->stopping))
        cw__cond_wait(&loop->wanted, &loop->lock);
    work = loop->first || !loop->stopping;
    loop->driven = work;
    cw__mutex_unlock(&loop->lock);
    return work;
}

/* Go on, or park: with nothing left to do, or to stop. */
static bool park(cw__loop *loop)
{
    bool parked;

    cw__mutex_lock(&loop->lock);
    parked = !has_work(loop) || (loop->stopping && !loop->first);
    if (parked)
        loop->driven = false;
    cw__mutex_unlock(&loop->lock);
    return parked;
}

static void *run(void *user)
{
    cw__loop *loop = user;

    while (wait_for_work(loop)) {
        do
            cw__loop_turn(loop, LONGEST_POLL_MS);
        while (!park(loop));
    }
    return NULL;
}

cw__http *cw__loop_http(cw__loop *loop)
{
    return loop->http;
}

cw_status cw__loop_new(cw__loop **out, const cw__http_options *http, cw_error *err)
{
    cw__loop *loop = cw__alloc_zero(sizeof *loop);
    cw_status st;
    int e;

    *out = NULL;
    if (!loop)
        return cw__fail_memory(err, "making an I/O thread");
    st = cw__http_new(&loop->http, http, err);
    if (st != CW_OK)
        goto free_loop;
    e = cw__mutex_init(&loop->lock);
    if (e) {
        st = cw__fail_errno(err, e, "cannot make a lock");
        goto free_http;
    }
    e = cw__cond_init(&loop->wanted);
    if (e) {
        st = cw__fail_errno(err, e, "cannot make a condition");
        goto free_lock;
    }
    e = cw__thread_start(&loop->thread, run, loop, "cloudwriter");
    if (e) {
        st = cw__fail_errno(err, e, "cannot start an I/O thread");
        goto free_cond;
    }
    *out = loop;
    return CW_OK;

free_cond:
    cw__cond_destroy(&loop->wanted);
free_lock:
    cw__mutex_destroy(&loop->lock);
free_http:
    cw__http_free(loop->http);
free_loop:
    cw__free(loop);
    return st;
}

void cw__loop_free(cw__loop *loop)
{
    if (!loop)
        return;
    cw__mutex_lock(&loop->lock);
    loop->stopping = true;
    cw__cond_signal(&loop->wanted);
    cw__mutex_unlock(&loop->lock);
    cw__http_wakeup(loop->http);
    cw__thread_join(loop->thread);
    cw__http_free(loop->http);
    cw__cond_destroy(&loop->wanted);
    cw__mutex_destroy(&loop->lock);
    cw__free(loop->heap);
    cw__free(loop);
}
