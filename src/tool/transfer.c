/* transfer.c - one source becomes one object, or nothing
 *
 * Bytes are read right into the memory of the part that is being filled. Only when the source has
 * ended well is the writer closed; on every other way out it is aborted.
 */
#include "transfer.h"
#include "failure.h"
#include "folders.h"
#include "mime.h"
#include "rows.h"
#include "source.h"
#include "stop.h"
#include <string.h>

enum { PROGRESS_MS = 100 };

struct transfer {
    const struct options *o;
    const struct job *job;
    struct progress *progress;
    size_t slot;
    struct source source;
    cw_writer *writer;
    struct rows rows;
    struct outcome *out;
};

static bool makes_rows(const struct transfer *t)
{
    return t->o->verb == VERB_PARQUET;
}

static int on_progress(void *user, const cw_stats *now)
{
    struct transfer *t = user;
    t->out->stats = *now;
    if (makes_rows(t))
        t->out->stats.bytes_in = t->rows.read;
    progress_note(t->progress, t->slot, &t->out->stats);
    return stop_asked();
}

/* While the source has nothing to give, the writer is not called: look at it from here. */
static void on_idle(void *user)
{
    struct transfer *t = user;
    const cw_writer *w = t->rows.encoder ? cw_parquet_writer(t->rows.encoder) : t->writer;
    cw_stats now;
    if (!w)
        return;
    cw_writer_stats(w, &now);
    (void)on_progress(t, &now);
}

static cw_status open_source(struct transfer *t)
{
    const struct job *job = t->job;
    t->source.idle = on_idle;
    t->source.idle_user = t;
    if (t->o->writer.deadline_ms)
        t->source.deadline_ms = source_now_ms() + t->o->writer.deadline_ms;
    if (job->os_errno)
        return failure_errno(&t->out->error, job->os_errno, job->source);
    if (!job->source)
        return source_open_command(&t->source, t->o->exec, &t->out->error);
    if (strcmp(job->source, "-") == 0)
        return source_open_stdin(&t->source, &t->out->error);
    return source_open_file(&t->source, job->source, &t->out->error);
}

static cw_status open_writer(struct transfer *t, cw_client *client)
{
    cw_writer_options w = t->o->writer;
    const struct job *job = t->job;
    bool named = job->source && strcmp(job->source, "-") != 0;
    cw_status status = folders_make(job->url, job->below, &t->out->error);

    if (status != CW_OK)
        return status;
    if (!w.size_hint && t->source.regular && w.compression == CW_COMPRESSION_NONE && !makes_rows(t))
        w.size_hint = t->source.expected;
    if (!w.content_type)
        w.content_type = makes_rows(t) ? "application/vnd.apache.parquet"
                                       : mime_of_name(named ? job->source : job->url);
    w.progress = on_progress;
    w.progress_user = t;
    w.progress_interval_ms = PROGRESS_MS;
    status = cw_writer_open(&t->writer, client, job->url, &w, &t->out->error);
    if (status == CW_E_INVALID_ARGUMENT || status == CW_E_UNSUPPORTED)
        t->out->exit_code = 2;
    return status;
}

/* Everything from the source into the writer. */
static cw_status pump(struct transfer *t)
{
    uint64_t total = 0;
    for (;;) {
        void *p;
        size_t cap, n;
        cw_status status = cw_writer_reserve(t->writer, 1, &p, &cap);
        if (status != CW_OK)
            return status;
        status = source_read(&t->source, p, cap, &n, &t->out->error);
        if (status != CW_OK)
            return status;
        if (n == 0)
            return source_finish(&t->source, total, &t->out->error);
        status = cw_writer_commit(t->writer, n);
        if (status != CW_OK)
            return status;
        total += n;
    }
}

/* All rows of the source into an encoder, onto the writer. */
static cw_status pump_rows(struct transfer *t)
{
    cw_status status;
    bool plain = t->job->source && strcmp(t->job->source, "-") != 0;

    t->rows = (struct rows){.o = t->o,
                            .source = &t->source,
                            .path = plain ? t->job->source : NULL,
                            .writer = t->writer,
                            .note = on_idle,
                            .user = t};
    status = rows_encode(&t->rows, &t->out->error);
    t->writer = t->rows.writer;
    if (status == CW_E_UNSUPPORTED && !t->rows.encoder)
        t->out->exit_code = 2;
    return status;
}

/* As settle, of an encoder. */
static cw_status settle_rows(struct transfer *t, cw_status pumped)
{
    cw_parquet *p = t->rows.encoder;
    cw_error *error = &t->out->error;
    cw_parquet_info info;
    cw_error left;

    on_idle(t);
    t->rows.encoder = NULL;
    if (pumped == CW_OK || cw_parquet_error(p)->status != CW_OK) {
        cw_status status = cw_parquet_close(p, &info, error);
        t->out->info = info.object;
        t->out->info.bytes_in = t->rows.read;
        t->out->rows = info.rows;
        t->out->row_groups = info.row_groups;
        return status;
    }
    if (cw_parquet_abort(p, &left) != CW_OK)
        memcpy(error->upload_id, left.upload_id, sizeof error->upload_id);
    return pumped;
}

/* The writer is gone afterwards. Its own failure is told by close; ours stays, and the abort adds
 * what it could not remove. */
static cw_status settle(struct transfer *t, cw_status pumped)
{
    cw_error *error = &t->out->error;
    cw_error left;

    if (t->rows.encoder)
        return settle_rows(t, pumped);
    cw_writer_stats(t->writer, &t->out->stats);
    if (pumped == CW_OK || cw_writer_error(t->writer)->status != CW_OK)
        return cw_writer_close(t->writer, &t->out->info, error);
    if (cw_writer_abort(t->writer, &left) != CW_OK)
        memcpy(error->upload_id, left.upload_id, sizeof error->upload_id);
    return pumped;
}

/* A signal is a better explanation than the cancelling that follows from it. */
static void explain_stop(cw_error *error)
{
    static const char text[] = "stopped by a signal, so nothing was published";
    if (error->status == CW_E_CANCELLED && stop_asked())
        memcpy(error->message, text, sizeof text);
}

static cw_status run(struct transfer *t, cw_client *client)
{
    cw_status status = open_source(t);
    if (status == CW_OK)
        status = open_writer(t, client);
    if (status == CW_OK)
        status = settle(t, makes_rows(t) ? pump_rows(t) : pump(t));
    source_close(&t->source);
    return status;
}

void transfer_run(const struct options *o, cw_client *client, const struct job *job,
                  struct progress *progress, size_t slot, struct outcome *out)
{
    struct transfer t = {
        .o = o, .job = job, .progress = progress, .slot = slot, .source = {.fd = -1}, .out = out};
    uint64_t start = source_now_ms();
    cw_status status;

    memset(out, 0, sizeof *out);
    status = run(&t, client);
    explain_stop(&out->error);
    out->seconds = (double)(source_now_ms() - start) / 1000;
    if (!out->exit_code)
        out->exit_code = exit_code_of(status);
    progress_note(progress, slot, &out->stats);
    progress_file_done(progress, slot, status == CW_OK);
}
