/* pull.c - an object, or the beginning of one, into a file descriptor
 *
 * Bytes are written from where the reader has them. What waits for a service, or for whoever reads
 * the output, cannot be interrupted by a flag: so the work has a thread of its own, and the main
 * thread ends the process when that does not end soon after it was asked to stop.
 */
#include "pull.h"
#include "client.h"
#include "failure.h"
#include "memory.h"
#include "say.h"
#include "stop.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DRAW_MS = 100, MOMENT_MS = 1000, SMALL_READ = 512 * 1024 };

/* ---- the object ------------------------------------------------------------------------------ */

cw_status pull_open(struct pull *p, cw_error *err)
{
    cw_reader_options r = p->o->reader;

    if (p->most <= SMALL_READ && r.decompression == CW_DECOMPRESSION_NONE)
        r.no_read_ahead = 1;
    return cw_reader_open_with(&p->reader, p->client, p->url, &r, err);
}

void pull_close(struct pull *p)
{
    cw_reader_close(p->reader);
    p->reader = NULL;
}

static cw_status write_out(struct pull *p, const char *from, size_t n, cw_error *err)
{
    while (n > 0) {
        ssize_t done = write(p->fd, from, n);
        if (done < 0 && errno == EINTR && !stop_asked())
            continue;
        if (done < 0) {
            p->output_errno = errno;
            return failure_errno(err, p->output_errno, p->name);
        }
        from += done;
        n -= (size_t)done;
    }
    return CW_OK;
}

/* How much of it is wanted; with lines, to the end of the last one. */
static size_t wanted(struct pull *p, const char *from, size_t n)
{
    const char *at = from;

    if (n > p->most - p->bytes)
        n = (size_t)(p->most - p->bytes);
    if (p->lines == UINT64_MAX)
        return n;
    while (p->lines > 0 && at < from + n) {
        const char *end = memchr(at, '\n', (size_t)(from + n - at));
        if (!end)
            return n;
        at = end + 1;
        p->lines--;
    }
    return (size_t)(at - from);
}

static void note(struct pull *p)
{
    cw_reader_info info;
    cw_stats now = {0};

    if (!p->progress)
        return;
    cw_reader_get_info(p->reader, &info);
    now.bytes_in = p->from + p->bytes;
    now.retries = info.retries;
    progress_note(p->progress, p->slot, &now);
}

/* One piece. *more is false when nothing is left, or wanted. */
static cw_status pull_piece(struct pull *p, bool *more, cw_error *err)
{
    const void *from;
    size_t n;
    cw_status st = cw_reader_peek(p->reader, &from, &n, err);

    if (st != CW_OK)
        return st;
    *more = n > 0;
    n = wanted(p, from, n);
    if (n == 0)
        return CW_OK;
    st = write_out(p, from, n, err);
    if (st != CW_OK)
        return st;
    p->bytes += n;
    note(p);
    return cw_reader_skip(p->reader, n, err);
}

/* A few bytes are asked for as such, rather than as much as a peek would fetch. */
static cw_status pull_few(struct pull *p, cw_error *err)
{
    static char small[SMALL_READ];
    size_t n;
    cw_status st = cw_reader_read(p->reader, small, (size_t)p->most, &n, err);

    if (st != CW_OK)
        return st;
    st = write_out(p, small, n, err);
    p->bytes += n;
    return st;
}

cw_status pull_past(struct pull *p, int fd, uint64_t bytes, cw_error *err)
{
    char *piece;
    cw_reader_info info;
    cw_status st = CW_OK;
    uint64_t at = 0;

    cw_reader_get_info(p->reader, &info);
    if (info.verified != CW_VERIFIED_NOT_YET)
        return cw_reader_seek(p->reader, bytes, err);
    piece = tool_alloc(SMALL_READ);
    while (st == CW_OK && at < bytes) {
        size_t n = bytes - at < SMALL_READ ? (size_t)(bytes - at) : SMALL_READ;
        ssize_t got = pread(fd, piece, n, (off_t)at);
        if (got < 0 && errno == EINTR && !stop_asked())
            continue;
        if (stop_asked())
            st = failure(err, CW_E_CANCELLED, "%s", stop_reason());
        else if (got <= 0)
            st = failure_errno(err, got ? errno : EIO, p->name);
        else
            st = cw_reader_resume(p->reader, piece, (size_t)got, err);
        at += got > 0 ? (uint64_t)got : 0;
    }
    free(piece);
    return st;
}

cw_status pull_run(struct pull *p, cw_error *err)
{
    cw_status st = CW_OK;
    bool more = true;

    if (p->most <= SMALL_READ)
        return pull_few(p, err);
    while (st == CW_OK && more && p->bytes < p->most && p->lines > 0) {
        st = pull_piece(p, &more, err);
        if (st == CW_OK && stop_asked())
            st = failure(err, CW_E_CANCELLED, "%s", stop_reason());
    }
    return st;
}

/* ---- the run --------------------------------------------------------------------------------- */

int pull_client(struct options *o, char *const *urls, size_t count, cw_client **out)
{
    bool remote = false;

    for (size_t i = 0; i < count; i++)
        remote = remote || strncmp(urls[i], "s3://", 5) == 0;
    *out = NULL;
    return remote ? client_make(o, out) : 0;
}

struct watched {
    int (*work)(void *user);
    void *user;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool over;
    int code;
};

static void *run(void *user)
{
    struct watched *w = user;
    int code = w->work(w->user);

    pthread_mutex_lock(&w->lock);
    w->over = true;
    w->code = code;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void wait_a_little(struct watched *w)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += DRAW_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&w->ended, &w->lock, &until);
}

/* With the lock held. */
static void watch(struct watched *w, struct progress *progress)
{
    int patience = MOMENT_MS / DRAW_MS;

    while (!w->over) {
        wait_a_little(w);
        pthread_mutex_unlock(&w->lock);
        if (progress)
            progress_draw(progress);
        if (stop_asked() && patience-- == 0) {
            if (progress)
                progress_end(progress);
            say("%s", stop_reason());
            _exit(1);
        }
        pthread_mutex_lock(&w->lock);
    }
}

int pull_watched(int (*work)(void *user), void *user, struct progress *progress)
{
    struct watched w = {.work = work, .user = user};
    pthread_t thread;

    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.ended, NULL);
    if (pthread_create(&thread, NULL, run, &w) == 0) {
        pthread_mutex_lock(&w.lock);
        watch(&w, progress);
        pthread_mutex_unlock(&w.lock);
        pthread_join(thread, NULL);
    } else {
        say("no thread can be started");
        w.code = 1;
    }
    pthread_cond_destroy(&w.ended);
    pthread_mutex_destroy(&w.lock);
    return w.code;
}
