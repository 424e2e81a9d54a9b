/* gathering.c - rows into the column buffers, columns by several threads
 *
 * A task is a few columns that lie side by side. Each thread has a shredder of its own, and no two
 * touch the same buffer. `lock` is of the failure alone.
 */
#include "format/parquet/gathering.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"

enum { MOST_TASKS = 64 };

/* Fewer bytes are copied before another thread has woken up. */
enum { WORTH_SHARING = 1 << 20 };

struct cw__gatherer {
    const cw_schema *schema;
    cw__crew *crew;
    unsigned threads; /* the caller's included */
    cw__shredder *shredders[];
};

/* One call. */
typedef struct sharing {
    cw__gatherer *g;
    cw__column_buffer *leaves;
    const cw__view *columns;
    cw__row_range rows;
    size_t tasks;
    cw__mutex lock;
    size_t failed_task; /* valid where error.status is not CW_OK */
    cw_error error;
} sharing;

static void note_failure(sharing *s, size_t task, const cw_error *err)
{
    cw__mutex_lock(&s->lock);
    if (s->error.status == CW_OK || task < s->failed_task) {
        s->failed_task = task;
        s->error = *err;
    }
    cw__mutex_unlock(&s->lock);
}

/* Tasks go on after a failure: that of the first column is the one to be told. */
static void gather_columns(void *user, size_t task, cw__crew_member *by)
{
    sharing *s = user;
    size_t n = s->g->schema->root.child_count;
    cw__shredder **shredder = &s->g->shredders[by->number];
    cw_error err = {0};
    cw_status st = *shredder ? CW_OK : cw__shredder_new(shredder, s->g->schema, &err);

    if (st == CW_OK)
        st = cw__shred_columns(*shredder, s->leaves, s->columns, s->rows, task * n / s->tasks,
                               (task + 1) * n / s->tasks, &err);
    if (st != CW_OK)
        note_failure(s, task, &err);
}

static cw_status share_columns(cw__gatherer *g, cw__column_buffer *leaves, const cw__view *columns,
                               cw__row_range rows, cw_error *err)
{
    size_t n = g->schema->root.child_count;
    sharing s = {.g = g,
                 .leaves = leaves,
                 .columns = columns,
                 .rows = rows,
                 .tasks = n < MOST_TASKS ? n : MOST_TASKS,
                 .lock = CW__MUTEX_INIT};
    cw__crew_share share = {.tasks = s.tasks, .run = gather_columns, .user = &s, .urgent = true};

    cw__crew_share_out(g->crew, &share);
    cw__mutex_destroy(&s.lock);
    if (s.error.status != CW_OK)
        cw__error_copy(err, &s.error);
    return s.error.status;
}

cw_status cw__gather_rows(cw__gatherer *g, cw__column_buffer *leaves, const cw__view *columns,
                          cw__row_range rows, uint64_t bytes, cw_error *err)
{
    size_t n = g->schema->root.child_count;

    if (bytes >= WORTH_SHARING && n > 1 && cw__crew_may_share(g->crew))
        return share_columns(g, leaves, columns, rows, err);
    return cw__shred_columns(g->shredders[0], leaves, columns, rows, 0, n, err);
}

cw__shredder *cw__gatherer_shredder(const cw__gatherer *g)
{
    return g->shredders[0];
}

cw_status cw__gatherer_new(cw__gatherer **out, const cw_schema *schema, cw__crew *crew,
                           unsigned workers, cw_error *err)
{
    cw__gatherer *g = cw__alloc_zero(sizeof *g + (workers + 1) * sizeof g->shredders[0]);
    cw_status st;

    *out = NULL;
    if (!g)
        return cw__fail_memory(err, "opening a Parquet encoder");
    g->schema = schema;
    g->crew = crew;
    g->threads = workers + 1;
    st = cw__shredder_new(&g->shredders[0], schema, err);
    if (st == CW_OK)
        *out = g;
    else
        cw__free(g);
    return st;
}

void cw__gatherer_free(cw__gatherer *g)
{
    for (unsigned i = 0; g && i < g->threads; i++)
        cw__shredder_free(g->shredders[i]);
    cw__free(g);
}
