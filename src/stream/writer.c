/* writer.c - bytes in, to the head of a chain of sinks
 *
 * Owns the chain, the first error, and a window: memory that small writes are copied into.
 *
 *     start        at                 end
 *       |  written  |  free            |      lent by the sink (reserve), or the writer's own
 *       +-----------+------------------+      buffer in front of a sink that lends nothing
 *
 * The common write is a copy into the window. When the window is full it is settled: the sink is
 * told how much of it was used, and the next write opens another. A full window is settled at
 * once, so that a finished part leaves while the producer is thinking.
 *
 * The first failure closes the window for good, so that the fast path can never pass it, and every
 * call finds it in `error`. What was made before a fork belongs to the parent: the child may free
 * the writer's own memory and nothing else.
 */
#include "stream/writer.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"
#include "sink/sink.h"
#include "stream/filter.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { BUFFER_BYTES = 64 * 1024, DEFAULT_PROGRESS_MS = 200 };

struct cw_writer {
    unsigned char *start, *at, *end;
    cw_sink *sink;
    unsigned fork_generation;

    unsigned char *buffer; /* the window's memory where the sink lends none */
    unsigned char *side;   /* what was reserved but does not fit the window */
    size_t side_bytes;
    size_t lent; /* bytes reserved and not yet committed */
    bool lent_side;

    uint64_t bytes_in; /* settled; the window holds more */
    uint64_t deadline; /* 0: none */
    cw_progress_fn progress;
    void *progress_user;
    uint32_t progress_interval_ms;
    uint64_t progress_next;

    cw_error error; /* the first */
};

/* ---- failing ---- */

static void close_window(cw_writer *w)
{
    w->start = w->at = w->end = NULL;
    w->lent = 0;
}

/* After a failure: `status` is that of w->error. */
static cw_status failed(cw_writer *w)
{
    close_window(w);
    return w->error.status;
}

static bool inherited(const cw_writer *w)
{
    return w->fork_generation != cw__fork_generation();
}

/* The state every call starts from: CW_OK, or the first error. */
static cw_status standing(cw_writer *w)
{
    if (w->error.status == CW_OK && inherited(w)) {
        cw__fail(&w->error, CW_E_STATE,
                 "this writer belongs to the parent process: open one after the fork");
        close_window(w);
    }
    return w->error.status;
}

/* ---- progress ---- */

static int show_progress(cw_writer *w)
{
    uint64_t now = cw__clock_mono_ms();
    cw_stats stats;

    if (now < w->progress_next)
        return 0;
    w->progress_next = now + w->progress_interval_ms;
    cw_writer_stats(w, &stats);
    return w->progress(w->progress_user, &stats);
}

/* What sinks call while they wait. */
static int tick(void *user, const cw_stats *unused)
{
    (void)unused;
    return show_progress(user);
}

/* Once for each window: the user's chance to see and to stop, and the deadline. */
static cw_status look_around(cw_writer *w)
{
    if (w->progress && show_progress(w) != 0)
        return cw__fail(&w->error, CW_E_CANCELLED, "cancelled by the progress callback");
    if (w->deadline && cw__clock_mono_ms() > w->deadline)
        return cw__fail(&w->error, CW_E_TIMEOUT,
                        "the deadline of the writer (deadline_ms) has passed");
    return CW_OK;
}

/* ---- the window ---- */

static bool sink_lends(const cw_writer *w)
{
    return w->sink->ops->reserve != NULL;
}

/* Hand what the window holds to the sink. Afterwards there is no window, even on failure. */
static cw_status settle(cw_writer *w)
{
    unsigned char *start = w->start;
    size_t used = (size_t)(w->at - w->start);
    cw_status st;

    close_window(w);
    if (used == 0)
        return CW_OK;
    w->bytes_in += used;
    st = sink_lends(w) ? cw__sink_commit(w->sink, used, &w->error)
                       : cw__sink_write(w->sink, start, used, &w->error);
    return st == CW_OK ? look_around(w) : st;
}

static cw_status open_window(cw_writer *w)
{
    void *p = w->buffer;
    size_t n = BUFFER_BYTES;
    cw_status st = CW_OK;

    if (sink_lends(w))
        st = cw__sink_reserve(w->sink, &p, &n, &w->error);
    else if (!p && !(p = w->buffer = cw__alloc(BUFFER_BYTES)))
        st = cw__fail_memory(&w->error, "buffering for a writer");
    if (st != CW_OK)
        return st;
    w->start = w->at = p;
    w->end = w->start + n;
    return CW_OK;
}

static cw_status fill(cw_writer *w, const unsigned char **p, size_t *n)
{
    size_t room = (size_t)(w->end - w->at);
    size_t k = *n < room ? *n : room;

    memcpy(w->at, *p, k);
    w->at += k;
    *p += k;
    *n -= k;
    return w->at == w->end ? settle(w) : CW_OK;
}

/* Large pieces go by the buffer of a sink that lends nothing. */
static cw_status pass_through(cw_writer *w, const void *p, size_t n)
{
    cw_status st = settle(w);

    if (st == CW_OK)
        st = cw__sink_write(w->sink, p, n, &w->error);
    if (st != CW_OK)
        return st;
    w->bytes_in += n;
    return look_around(w);
}

static cw_status write_slow(cw_writer *w, const unsigned char *p, size_t n)
{
    cw_status st = standing(w);

    if (st == CW_OK && !sink_lends(w) && n >= BUFFER_BYTES) {
        st = pass_through(w, p, n);
        n = 0;
    }
    while (st == CW_OK && n > 0) {
        st = w->at == w->end ? open_window(w) : CW_OK;
        if (st == CW_OK)
            st = fill(w, &p, &n);
    }
    return st == CW_OK ? CW_OK : failed(w);
}

cw_status cw_writer_write(cw_writer *w, const void *p, size_t n)
{
    /* n = 0 takes the slow way round, and so does what fills the window to its end. */
    if (n - 1 < (size_t)(w->end - w->at) - 1 && w->at != w->end && !inherited(w)) {
        memcpy(w->at, p, n);
        w->at += n;
        return CW_OK;
    }
    return write_slow(w, p, n);
}

/* ---- reserve and commit ---- */

static cw_status lend_side(cw_writer *w, size_t min)
{
    unsigned char *side;

    if (min > w->side_bytes) {
        side = cw__realloc(w->side, min);
        if (!side)
            return cw__fail_memory(&w->error, "reserving in a writer");
        w->side = side;
        w->side_bytes = min;
    }
    w->lent = w->side_bytes;
    w->lent_side = true;
    return CW_OK;
}

static cw_status lend(cw_writer *w, size_t min)
{
    cw_status st = CW_OK;

    if ((size_t)(w->end - w->at) < min)
        st = settle(w);
    if (st == CW_OK && w->at == w->end)
        st = open_window(w);
    if (st != CW_OK)
        return st;
    if ((size_t)(w->end - w->at) < min)
        return lend_side(w, min);
    w->lent = (size_t)(w->end - w->at);
    w->lent_side = false;
    return CW_OK;
}

cw_status cw_writer_reserve(cw_writer *w, size_t min, void **p, size_t *cap)
{
    cw_status st = standing(w);

    *p = NULL;
    *cap = 0;
    if (st == CW_OK)
        st = lend(w, min ? min : 1);
    if (st != CW_OK)
        return failed(w);
    *p = w->lent_side ? w->side : w->at;
    *cap = w->lent;
    return CW_OK;
}

cw_status cw_writer_commit(cw_writer *w, size_t used)
{
    cw_status st = standing(w);
    size_t room = (size_t)(w->end - w->at);
    size_t lent = w->lent_side || w->lent < room ? w->lent : room;

    if (st != CW_OK)
        return st;
    w->lent = 0;
    if (used > lent) {
        cw__fail(&w->error, CW_E_INVALID_ARGUMENT, "commit of %zu bytes where %zu were reserved",
                 used, lent);
        return failed(w);
    }
    if (w->lent_side)
        return used ? cw_writer_write(w, w->side, used) : CW_OK;
    w->at += used;
    if (w->at == w->end && settle(w) != CW_OK)
        return failed(w);
    return CW_OK;
}

/* ---- text ---- */

cw_status cw_writer_vprintf(cw_writer *w, const char *fmt, va_list args)
{
    size_t room = (size_t)(w->end - w->at);
    size_t n;
    void *p = w->at;
    va_list again;
    int length;
    cw_status st = standing(w);

    if (st != CW_OK)
        return st;
    va_copy(again, args);
    length = vsnprintf(p, room, fmt, args);
    n = (size_t)length;
    if (length < 0) {
        cw__fail(&w->error, CW_E_INVALID_ARGUMENT, "printf cannot format '%s'", fmt);
        st = failed(w);
    } else if (n == 0) {
        st = CW_OK;
    } else if (n < room) {
        w->at += n;
    } else if ((st = cw_writer_reserve(w, n + 1, &p, &room)) == CW_OK) {
        vsnprintf(p, n + 1, fmt, again);
        st = cw_writer_commit(w, n);
    }
    va_end(again);
    return st;
}

cw_status cw_writer_printf(cw_writer *w, const char *fmt, ...)
{
    cw_status st;
    va_list args;

    va_start(args, fmt);
    st = cw_writer_vprintf(w, fmt, args);
    va_end(args);
    return st;
}

cw_status cw__writer_fail(cw_writer *w, cw_status status, const char *fmt, ...)
{
    char message[sizeof w->error.message];
    va_list args;

    va_start(args, fmt);
    if (vsnprintf(message, sizeof message, fmt, args) < 0)
        message[0] = '\0';
    va_end(args);
    if (standing(w) == CW_OK)
        cw__fail(&w->error, status, "%s", message);
    return failed(w);
}

bool cw__writer_compresses(const cw_writer *w)
{
    return cw__filter_is(w->sink);
}

/* ---- the life of a writer ---- */

cw_status cw__writer_new(cw_writer **out, cw_sink *sink, const cw_writer_options *o, cw_error *err)
{
    cw_writer_options inner = *o;
    cw_writer *w = cw__alloc_zero(sizeof *w);
    cw_status st;

    *out = NULL;
    if (!w)
        return cw__fail_memory(err, "opening a writer");
    if (cw__fork_watch() != 0) {
        cw__free(w);
        return cw__fail_memory(err, "watching for forks");
    }
    w->sink = sink;
    w->fork_generation = cw__fork_generation();
    w->deadline = o->deadline_ms ? cw__clock_mono_ms() + o->deadline_ms : 0;
    w->progress = o->progress;
    w->progress_user = o->progress_user;
    w->progress_interval_ms =
        o->progress_interval_ms ? o->progress_interval_ms : DEFAULT_PROGRESS_MS;
    if (o->progress) {
        inner.progress = tick;
        inner.progress_user = w;
        inner.progress_interval_ms = w->progress_interval_ms;
    }
    st = cw__sink_begin(sink, &inner, &w->error);
    if (st != CW_OK) {
        cw__error_copy(err, &w->error);
        cw__free(w);
        return st;
    }
    *out = w;
    return CW_OK;
}

static void free_writer(cw_writer *w)
{
    if (!inherited(w))
        cw__sink_free(w->sink);
    cw__free(w->buffer);
    cw__free(w->side);
    cw__free(w);
}

cw_status cw_writer_flush(cw_writer *w)
{
    cw_status st = standing(w);

    if (st == CW_OK)
        st = settle(w);
    if (st == CW_OK)
        st = cw__sink_flush(w->sink, &w->error);
    return st == CW_OK ? CW_OK : failed(w);
}

/* Abort the sink after w->error; a failure to abort is told in its words. */
static void abort_after_error(cw_writer *w)
{
    cw_error aborting = {0};

    if (inherited(w) || cw__sink_abort(w->sink, &aborting) == CW_OK)
        return;
    cw__copy_string(w->error.upload_id, sizeof w->error.upload_id, aborting.upload_id);
    cw__error_append(&w->error, "; what was sent could not be removed: %s", aborting.message);
}

cw_status cw_writer_close(cw_writer *w, cw_object_info *info, cw_error *err)
{
    cw_object_info told = {0};
    cw_status st = standing(w);

    if (st == CW_OK)
        st = settle(w);
    if (st == CW_OK)
        st = cw__sink_publish(w->sink, &told, &w->error);
    if (st != CW_OK && st != CW_E_INDETERMINATE)
        abort_after_error(w);
    told.bytes_in = w->bytes_in;
    if (info && st == CW_OK)
        *info = told;
    else if (info)
        memset(info, 0, sizeof *info);
    cw__error_copy(err, &w->error);
    free_writer(w);
    return st;
}

cw_status cw_writer_abort(cw_writer *w, cw_error *err)
{
    cw_error aborting = {0};
    cw_status st;

    if (!w) {
        cw__error_clear(err);
        return CW_OK;
    }
    st = inherited(w) ? cw__fail(&aborting, CW_E_STATE, "this writer belongs to the parent process")
                      : cw__sink_abort(w->sink, &aborting);
    cw__error_copy(err, &aborting);
    free_writer(w);
    return st;
}

const cw_error *cw_writer_error(const cw_writer *w)
{
    return &w->error;
}

void cw_writer_stats(const cw_writer *w, cw_stats *out)
{
    memset(out, 0, sizeof *out);
    if (!inherited(w))
        cw__sink_stats(w->sink, out);
    out->bytes_in = w->bytes_in + (uint64_t)(w->at - w->start);
}
