/* crew.c - items that are made by several threads and handed on by one, in order
 *
 * One lock covers everything but making, delivering and running tasks. A worker sleeps on `work`
 * until there is an item or a task to begin. In cw__crew_end the caller begins items and tasks too
 * while no item is ready to be delivered, and sleeps on `ready` only when all are begun, that is
 * while at least one is being made: so it always wakes. Whoever shares out tasks begins them until
 * none is left, and sleeps on `ready` while others end theirs; tasks wait for nobody.
 *
 * Where a thread cannot be started there is one less; the result is the same.
 */
#include "format/parquet/crew.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"

#include <stdatomic.h>
#include <string.h>

typedef struct worker {
    cw__crew_member member;
    cw__thread thread;
} worker;

struct cw__crew {
    cw__mutex lock;
    cw__cond work, ready;
    unsigned wanted;  /* workers */
    unsigned started; /* of them; set by the caller's thread alone */
    bool tried;       /* to start them */
    bool ending;
    cw__crew_member caller;
    cw__crew_share *shares; /* that have a task nobody has begun; the urgent ones first */
    _Atomic unsigned idle;  /* threads that wait for something to do; read without the lock */

    const cw__crew_job *job; /* NULL: none */
    size_t begun, delivered;
    unsigned busy; /* workers that are making an item */
    uint8_t *made; /* of each item */
    size_t made_room;
    size_t failed_item; /* valid where error.status is not CW_OK */
    cw_error error;

    worker workers[];
};

/* ---- one item ---- */

static void note_failure(cw__crew *c, size_t item, const cw_error *err)
{
    if (c->error.status != CW_OK && c->failed_item <= item)
        return;
    c->failed_item = item;
    c->error = *err;
}

static bool has_work(const cw__crew *c)
{
    return c->job && c->error.status == CW_OK && c->begun < c->job->items;
}

static cw__chunk_scratch *scratch_of(cw__crew_member *m)
{
    if (!m->scratch && (m->scratch = cw__chunk_scratch_new()))
        cw__chunk_scratch_help(m->scratch, &m->help);
    return m->scratch;
}

/* With the lock held; without it while the item is made. */
static void make_next(cw__crew *c, cw__crew_member *by)
{
    const cw__crew_job *job = c->job;
    size_t at = c->begun++;
    size_t item = job->order ? job->order[at] : at;
    cw_error err = {0};
    cw_status st = CW_OK;

    cw__mutex_unlock(&c->lock);
    if (!scratch_of(by))
        st = cw__fail_memory(&err, "encoding a column");
    if (st == CW_OK)
        st = job->make(job->user, item, by->scratch, &err);
    cw__mutex_lock(&c->lock);
    if (st != CW_OK)
        note_failure(c, item, &err);
    else
        c->made[item] = 1;
}

/* ---- shares ---- */

/* With the lock held, as all that follow. */
static void list_share(cw__crew *c, cw__crew_share *s)
{
    cw__crew_share **at = &c->shares;

    while (*at && (*at)->urgent >= s->urgent)
        at = &(*at)->next;
    s->next = *at;
    *at = s;
}

static void unlist_share(cw__crew *c, const cw__crew_share *s)
{
    cw__crew_share **at = &c->shares;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
}

/* Without the lock while the task is done. */
static void run_task(cw__crew *c, cw__crew_share *s, cw__crew_member *by)
{
    size_t task = s->begun++;

    if (s->begun == s->tasks)
        unlist_share(c, s);
    cw__mutex_unlock(&c->lock);
    s->run(s->user, task, by);
    cw__mutex_lock(&c->lock);
    if (++s->done == s->tasks)
        cw__cond_broadcast(&c->ready);
}

static void share_out(cw__crew *c, cw__crew_share *s, cw__crew_member *by)
{
    s->begun = s->done = 0;
    if (s->tasks == 0)
        return;
    cw__mutex_lock(&c->lock);
    list_share(c, s);
    if (atomic_load(&c->idle)) {
        cw__cond_broadcast(&c->work);
        cw__cond_broadcast(&c->ready);
    }
    while (s->begun < s->tasks)
        run_task(c, s, by);
    while (s->done < s->tasks)
        cw__cond_wait(&c->ready, &c->lock);
    cw__mutex_unlock(&c->lock);
}

static void wait_idle(cw__crew *c, cw__cond *cond)
{
    atomic_fetch_add(&c->idle, 1);
    cw__cond_wait(cond, &c->lock);
    atomic_fetch_sub(&c->idle, 1);
}

/* ---- pages of a chunk, for whoever encodes it ---- */

typedef struct pages {
    void (*make)(void *user, size_t page, cw__chunk_scratch *scratch);
    void *user;
} pages;

static void make_page(void *user, size_t task, cw__crew_member *by)
{
    const pages *p = user;

    p->make(p->user, task, scratch_of(by));
}

static bool page_helpers(const void *user)
{
    const cw__crew_member *m = user;

    return cw__crew_has_idle(m->crew);
}

static void share_pages(void *user, size_t n,
                        void (*make)(void *user, size_t page, cw__chunk_scratch *scratch),
                        void *what)
{
    cw__crew_member *m = user;
    pages p = {make, what};
    cw__crew_share s = {.tasks = n, .run = make_page, .user = &p};

    share_out(m->crew, &s, m);
}

static void enlist(cw__crew *c, cw__crew_member *m, unsigned number)
{
    m->crew = c;
    m->number = number;
    m->help = (cw__chunk_help){c->wanted + 1, page_helpers, share_pages, m};
}

/* ---- the workers ---- */

static void *run_worker(void *user)
{
    worker *w = user;
    cw__crew *c = w->member.crew;

    cw__mutex_lock(&c->lock);
    while (!c->ending) {
        if (has_work(c) && !c->job->alone && !(c->shares && c->shares->urgent)) {
            c->busy++;
            make_next(c, &w->member);
            c->busy--;
            cw__cond_broadcast(&c->ready);
        } else if (c->shares) {
            run_task(c, c->shares, &w->member);
        } else {
            wait_idle(c, &c->work);
        }
    }
    cw__mutex_unlock(&c->lock);
    return NULL;
}

static void start_workers(cw__crew *c)
{
    c->tried = true;
    while (c->started < c->wanted) {
        worker *w = &c->workers[c->started];

        enlist(c, &w->member, c->started + 1);
        if (cw__thread_start(&w->thread, run_worker, w, "cw-parquet") != 0)
            return;
        c->started++;
    }
}

/* ---- a job ---- */

static bool next_is_made(const cw__crew *c)
{
    return c->delivered < c->job->items && c->made[c->delivered];
}

static void deliver_next(cw__crew *c)
{
    const cw__crew_job *job = c->job;
    size_t item = c->delivered++;
    cw_error err = {0};
    cw_status st;

    cw__mutex_unlock(&c->lock);
    st = job->deliver(job->user, item, &err);
    cw__mutex_lock(&c->lock);
    if (st != CW_OK)
        note_failure(c, item, &err);
}

static cw_status ready_marks(cw__crew *c, size_t items, cw_error *err)
{
    uint8_t *made = c->made;

    if (items > c->made_room) {
        made = cw__realloc(c->made, items);
        if (!made)
            return cw__fail_memory(err, "closing a row group");
        c->made = made;
        c->made_room = items;
    }
    if (items)
        memset(made, 0, items);
    return CW_OK;
}

cw_status cw__crew_begin(cw__crew *c, const cw__crew_job *job, cw_error *err)
{
    cw_status st = ready_marks(c, job->items, err);

    if (st != CW_OK)
        return st;
    if (!c->tried && job->items > 0)
        start_workers(c);
    cw__mutex_lock(&c->lock);
    c->job = job;
    c->begun = c->delivered = 0;
    cw__error_clear(&c->error);
    cw__cond_broadcast(&c->work);
    cw__mutex_unlock(&c->lock);
    return CW_OK;
}

cw_status cw__crew_look(cw__crew *c)
{
    cw_status st;

    cw__mutex_lock(&c->lock);
    while (c->error.status == CW_OK && next_is_made(c))
        deliver_next(c);
    st = c->error.status;
    cw__mutex_unlock(&c->lock);
    return st;
}

/* With the lock held: until nothing is being made. */
static void come_to_rest(cw__crew *c)
{
    while (c->busy)
        cw__cond_wait(&c->ready, &c->lock);
    c->job = NULL;
}

cw_status cw__crew_end(cw__crew *c, cw_error *err)
{
    cw_status st;

    cw__mutex_lock(&c->lock);
    while (c->error.status == CW_OK && c->delivered < c->job->items) {
        if (next_is_made(c))
            deliver_next(c);
        else if (has_work(c))
            make_next(c, &c->caller);
        else if (c->shares)
            run_task(c, c->shares, &c->caller);
        else
            wait_idle(c, &c->ready);
    }
    come_to_rest(c);
    st = c->error.status;
    if (st != CW_OK)
        cw__error_copy(err, &c->error);
    cw__mutex_unlock(&c->lock);
    return st;
}

void cw__crew_drop(cw__crew *c)
{
    cw__mutex_lock(&c->lock);
    if (c->job)
        c->begun = c->job->items;
    come_to_rest(c);
    cw__mutex_unlock(&c->lock);
}

bool cw__crew_is_many(const cw__crew *c)
{
    return c->wanted > 0;
}

bool cw__crew_has_idle(const cw__crew *c)
{
    return atomic_load_explicit(&c->idle, memory_order_relaxed) > 0;
}

bool cw__crew_may_share(const cw__crew *c)
{
    return c->wanted > 0 && (!c->tried || cw__crew_has_idle(c));
}

void cw__crew_share_out(cw__crew *c, cw__crew_share *share)
{
    if (!c->tried)
        start_workers(c);
    share_out(c, share, &c->caller);
}

/* ---- its life ---- */

static int make_locks(cw__crew *c)
{
    int rc = cw__mutex_init(&c->lock);

    if (rc)
        return rc;
    rc = cw__cond_init(&c->work);
    if (rc)
        goto no_work;
    rc = cw__cond_init(&c->ready);
    if (rc)
        goto no_ready;
    return 0;
no_ready:
    cw__cond_destroy(&c->work);
no_work:
    cw__mutex_destroy(&c->lock);
    return rc;
}

cw_status cw__crew_new(cw__crew **out, unsigned workers, cw_error *err)
{
    cw__crew *c = cw__alloc_zero(sizeof *c + workers * sizeof c->workers[0]);
    int rc;

    *out = NULL;
    if (!c)
        return cw__fail_memory(err, "opening a Parquet encoder");
    rc = make_locks(c);
    if (rc) {
        cw__free(c);
        return cw__fail_errno(err, rc, "cannot make a lock");
    }
    c->wanted = workers;
    enlist(c, &c->caller, 0);
    *out = c;
    return CW_OK;
}

static void end_workers(cw__crew *c)
{
    cw__mutex_lock(&c->lock);
    c->ending = true;
    cw__cond_broadcast(&c->work);
    cw__mutex_unlock(&c->lock);
    for (unsigned i = 0; i < c->started; i++)
        cw__thread_join(c->workers[i].thread);
    cw__cond_destroy(&c->ready);
    cw__cond_destroy(&c->work);
    cw__mutex_destroy(&c->lock);
}

void cw__crew_free(cw__crew *c, bool inherited)
{
    if (!c)
        return;
    if (!inherited)
        end_workers(c);
    for (unsigned i = 0; i < c->started; i++)
        cw__chunk_scratch_free(c->workers[i].member.scratch);
    cw__chunk_scratch_free(c->caller.scratch);
    cw__free(c->made);
    cw__free(c);
}
