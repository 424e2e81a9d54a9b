/* get_many.c - the verb get, of all objects below a URL, or that match a pattern
 *
 * Worker threads take one object after the other from the list, which is asked for its next page
 * only when it is needed, and download it. The name of a file is the object's below the URL; one
 * that would lead out of the folder is refused. After a signal, or when the disk takes no more, no
 * further object is begun.
 */
#include "get_many.h"
#include "download.h"
#include "failure.h"
#include "json.h"
#include "memory.h"
#include "place.h"
#include "say.h"
#include "stop.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEFAULT_JOBS = 4, MAX_JOBS = 256 };

struct many {
    struct options *o;
    cw_client *client;
    struct progress *progress;
    char *base, *folder; /* that names are below, there and here; with their slashes */

    pthread_mutex_t lock; /* for all below */
    cw_list *list;        /* NULL: at its end */
    bool any;             /* was listed */
    int code;
};

struct worker {
    struct many *m;
    size_t slot;
    pthread_t thread;
};

/* An object that is to be had. */
struct find {
    char *url, *file;
    uint64_t bytes;
    int64_t modified_ms;
};

/* ---- finding --------------------------------------------------------------------------------- */

static void add_code(struct many *m, int code)
{
    m->code = exit_code_worse(m->code, code);
}

static void refuse(struct many *m, const char *url)
{
    cw_error err;

    failure(&err, CW_E_INVALID_ARGUMENT, "no file can be named so below %s", m->folder);
    (void)place_failed(m->o, url, &err);
    add_code(m, 1);
}

/* Empty objects that end in a slash stand for folders in some programs. */
static bool is_folder(const cw_list_entry *e)
{
    return e->bytes == 0 && e->url[strlen(e->url) - 1] == '/';
}

static bool take_entry(struct many *m, const cw_list_entry *e, struct find *out)
{
    const char *path = e->url + strlen(m->base);

    m->any = true;
    if (is_folder(e))
        return false;
    if (!place_is_safe(path)) {
        refuse(m, e->url);
        return false;
    }
    *out = (struct find){.url = tool_strdup(e->url),
                         .file = tool_format("%s%s", m->folder, path),
                         .bytes = e->bytes,
                         .modified_ms = e->modified_ms};
    progress_found(m->progress, e->bytes);
    return true;
}

/* With the lock held. */
static bool find_next(struct many *m, struct find *out)
{
    const cw_list_entry *e;
    cw_error err;

    while (m->list && !stop_asked()) {
        if (cw_list_next(m->list, &e, &err) != CW_OK)
            add_code(m, place_failed(m->o, m->o->operands[0], &err));
        else if (e && take_entry(m, e, out))
            return true;
        else if (e)
            continue;
        cw_list_close(m->list);
        m->list = NULL;
    }
    return false;
}

static bool take(struct many *m, struct find *out)
{
    bool found;

    pthread_mutex_lock(&m->lock);
    found = find_next(m, out);
    pthread_mutex_unlock(&m->lock);
    return found;
}

/* ---- one object ------------------------------------------------------------------------------ */

static void tell(const struct many *m, const struct find *f, const char *words, const char *status)
{
    struct json j = {0};
    char *line;

    if (!m->o->json) {
        line = tool_format("%s  %s -> %s", words, f->url, f->file);
        say_result_safe(line);
        free(line);
        return;
    }
    json_begin(&j, NULL);
    json_string(&j, "url", f->url);
    json_string(&j, "file", f->file);
    json_string(&j, "status", status);
    json_uint(&j, "bytes", f->bytes);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

/* Services tell times in seconds or finer, and not always the same. */
static bool is_as_listed(const struct find *f)
{
    struct stat about;

    return stat(f->file, &about) == 0 && S_ISREG(about.st_mode) &&
           (uint64_t)about.st_size == f->bytes && about.st_mtim.tv_sec == f->modified_ms / 1000;
}

static int download(const struct many *m, const struct find *f, size_t slot)
{
    struct download d = {.pull = {.o = m->o,
                                  .client = m->client,
                                  .url = f->url,
                                  .fd = -1,
                                  .most = UINT64_MAX,
                                  .lines = UINT64_MAX,
                                  .progress = m->progress,
                                  .slot = slot},
                         .file = f->file,
                         .below = true};

    return download_run(&d);
}

static int get(const struct many *m, const struct find *f, size_t slot)
{
    cw_stats all = {.bytes_in = f->bytes};
    bool same = m->o->same == SAME_TIME && is_as_listed(f);
    int code = 0;

    if (same && (m->o->json || m->o->verbose))
        tell(m, f, "same", "same");
    else if (!same && m->o->dry_run)
        tell(m, f, "would get", "would_get");
    else if (!same)
        code = download(m, f, slot);
    if (code == 0)
        progress_note(m->progress, slot, &all);
    progress_file_done(m->progress, slot, code == 0);
    return code;
}

/* ---- the run --------------------------------------------------------------------------------- */

static void *work(void *user)
{
    struct worker *w = user;
    struct find f;

    while (take(w->m, &f)) {
        int code = get(w->m, &f, w->slot);
        pthread_mutex_lock(&w->m->lock);
        add_code(w->m, code);
        pthread_mutex_unlock(&w->m->lock);
        free(f.url);
        free(f.file);
    }
    return NULL;
}

static size_t count_workers(const struct options *o)
{
    size_t n = o->jobs ? o->jobs : DEFAULT_JOBS;
    return n < MAX_JOBS ? n : MAX_JOBS;
}

static int run(void *user)
{
    struct many *m = user;
    size_t count = count_workers(m->o), started = 0;
    struct worker *workers = tool_alloc(count * sizeof *workers);

    while (started < count) {
        workers[started] = (struct worker){.m = m, .slot = started};
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
            break;
        started++;
    }
    for (size_t i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    free(workers);
    if (started == 0)
        say("no thread can be started");
    return started == 0 || stop_asked() ? exit_code_worse(m->code, 1) : m->code;
}

int get_many(struct options *o)
{
    struct many m = {.o = o};
    cw_error err;
    int code = pull_client(o, o->operands, 1, &m.client);

    if (code)
        return code;
    if (place_list(&m.list, o, m.client, o->operands[0], NULL, &err) == CW_OK) {
        m.base = place_base(o, o->operands[0]);
        m.folder = place_folder(o->operand_count == 2 ? o->operands[1] : ".");
        m.progress = progress_new(options_want_progress(o), false, count_workers(o), 0, 0);
        pthread_mutex_init(&m.lock, NULL);
        code = pull_watched(run, &m, m.progress);
        pthread_mutex_destroy(&m.lock);
        progress_end(m.progress);
        progress_free(m.progress);
        cw_list_close(m.list);
        if (stop_asked_here())
            say("%s", stop_reason());
        else if (code == 0 && !m.any)
            place_tell_none(o, o->operands[0]);
    } else {
        code = place_failed(o, o->operands[0], &err);
    }
    free(m.base);
    free(m.folder);
    cw_client_release(m.client);
    return code;
}
