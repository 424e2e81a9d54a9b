/* put.c - the verb put: sources to objects
 *
 * Worker threads take one job after the other from the list and upload it; the main thread draws
 * the progress meanwhile. All workers share one client, and so one memory budget. After a signal
 * no further job is begun: those left are told as stopped.
 */
#include "put.h"
#include "client.h"
#include "failure.h"
#include "memory.h"
#include "report.h"
#include "say.h"
#include "stop.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_JOBS = 4, MAX_JOBS = 256, DRAW_MS = 100 };

struct run {
    const struct options *o;
    const struct job_list *jobs;
    cw_client *client;
    struct progress *progress;

    pthread_mutex_t lock; /* for all below */
    pthread_cond_t ended;
    size_t next, running;
    int exit_code;
};

struct worker {
    struct run *run;
    size_t slot;
    pthread_t thread;
};

/* ---- workers --------------------------------------------------------------------------------- */

static const struct job *take_job(struct run *r)
{
    const struct job *job = NULL;
    pthread_mutex_lock(&r->lock);
    if (r->next < r->jobs->count)
        job = &r->jobs->list[r->next++];
    pthread_mutex_unlock(&r->lock);
    return job;
}

static void add_exit_code(struct run *r, int code)
{
    pthread_mutex_lock(&r->lock);
    r->exit_code = exit_code_worse(r->exit_code, code);
    pthread_mutex_unlock(&r->lock);
}

static void run_job(struct worker *w, const struct job *job)
{
    struct outcome outcome = {0};
    struct run *r = w->run;

    if (stop_asked()) {
        failure(&outcome.error, CW_E_CANCELLED, "not begun: stopped by a signal");
        outcome.exit_code = 1;
    } else {
        transfer_run(r->o, r->client, job, r->progress, w->slot, &outcome);
    }
    report_outcome(r->o, job, &outcome);
    add_exit_code(r, outcome.exit_code);
}

static void *work(void *user)
{
    struct worker *w = user;
    struct run *r = w->run;
    const struct job *job;

    while ((job = take_job(r)))
        run_job(w, job);
    pthread_mutex_lock(&r->lock);
    r->running--;
    pthread_cond_signal(&r->ended);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static size_t start_workers(struct run *r, struct worker *workers, size_t count)
{
    size_t started = 0;
    while (started < count) {
        struct worker *w = &workers[started];
        *w = (struct worker){.run = r, .slot = started};
        pthread_mutex_lock(&r->lock);
        r->running++;
        pthread_mutex_unlock(&r->lock);
        if (pthread_create(&w->thread, NULL, work, w) != 0)
            break;
        started++;
    }
    if (started < count) {
        pthread_mutex_lock(&r->lock);
        r->running--;
        pthread_mutex_unlock(&r->lock);
    }
    return started;
}

static void wait_for_workers(struct run *r)
{
    pthread_mutex_lock(&r->lock);
    while (r->running > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += DRAW_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&r->ended, &r->lock, &until);
        pthread_mutex_unlock(&r->lock);
        progress_draw(r->progress);
        pthread_mutex_lock(&r->lock);
    }
    pthread_mutex_unlock(&r->lock);
}

/* ---- the verb -------------------------------------------------------------------------------- */

static size_t count_workers(const struct options *o, size_t jobs)
{
    size_t usual =
        o->verb == VERB_PARQUET ? 1 : DEFAULT_JOBS; /* encoders have threads and memory */
    size_t n = o->jobs ? o->jobs : usual;
    if (n > MAX_JOBS)
        n = MAX_JOBS;
    return n < jobs ? n : jobs;
}

static int run_jobs(const struct options *o, const struct job_list *jobs, cw_client *client)
{
    struct run r = {.o = o, .jobs = jobs, .client = client};
    size_t count = count_workers(o, jobs->count);
    struct worker *workers = tool_alloc(count * sizeof *workers);
    /* Then it is what was read that is counted. */
    bool compressed = o->writer.compression != CW_COMPRESSION_NONE || o->verb == VERB_PARQUET;
    size_t started;

    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.ended, NULL);
    r.progress =
        progress_new(options_want_progress(o), compressed, count, jobs->count, walk_total(jobs));
    started = start_workers(&r, workers, count);
    if (started == 0 && count > 0) {
        say("no thread can be started");
        r.exit_code = 1;
    }
    wait_for_workers(&r);
    for (size_t i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    progress_end(r.progress);
    progress_free(r.progress);
    pthread_cond_destroy(&r.ended);
    pthread_mutex_destroy(&r.lock);
    free(workers);
    return r.exit_code;
}

/* false: it was wrong usage, and that was said. */
static bool list_jobs(const struct options *o, struct job_list *jobs)
{
    size_t n = o->operand_count;
    const char *url = n ? o->operands[n - 1] : "";

    if (o->exec && n != 1) {
        say("--exec wants a URL and no sources");
        return false;
    }
    if (!o->exec && n < 2) {
        say("name at least one source, and a URL");
        return false;
    }
    if (!o->exec)
        return walk_sources(jobs, o->operands, n - 1, url, o->recursive);
    if (!*url || url[strlen(url) - 1] == '/') {
        say_about(url, "the output of a command has no name to put below a folder: name the key");
        return false;
    }
    walk_command(jobs, url);
    return true;
}

int put_main(struct options *o)
{
    struct job_list jobs = {.extension = o->verb == VERB_PARQUET ? ".parquet" : NULL};
    cw_client *client = NULL;
    int code = 2;

    if (list_jobs(o, &jobs)) {
        code = client_make(o, &client);
        if (code == 0 && stop_asked()) {
            say("stopped by a signal, so nothing was published");
            code = 1;
        }
        if (code == 0)
            code = run_jobs(o, &jobs, client);
        cw_client_release(client);
    }
    walk_free(&jobs);
    return code;
}
