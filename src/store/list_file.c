/* list_file.c - the files under a path, in the order of their paths' bytes
 *
 * A stack of open folders, each read whole and sorted. A folder is sorted as its name and a slash,
 * since that is what the paths in it begin with: "a.b" < "a/x" < "a0". With the delimiter "/" a
 * folder is told as it is and not entered.
 */
#include "store/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "store/file_error.h"

typedef struct folder {
    char **names; /* a folder's ends in a slash */
    size_t count, room, at;
    size_t path_bytes; /* of the walk's path: this folder, with its slash */
} folder;

typedef struct walk {
    const cw_list_options *options;
    const cw__glob *glob; /* or NULL */
    folder *stack;
    size_t depth, room;
    cw__text path; /* of what was told last */
    char *first;   /* what names in the first folder begin with */
    bool flat;     /* folders are told, not entered */
    bool begun;
} walk;

/* ---- reading one folder ---- */

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);

    return n >= k && strcmp(s + n - k, end) == 0;
}

/* ".NAME.cw-0123456789abcdef.tmp": a writer's, until it publishes. */
static bool is_unpublished(const char *name)
{
    enum { TAIL = 4 + 16 + 4 };
    size_t n = strlen(name);
    const char *tail = name + (n > TAIL ? n - TAIL : 0);

    return name[0] == '.' && n > TAIL && cw__starts_with(tail, ".cw-") && ends_with(name, ".tmp") &&
           strspn(tail + 4, "0123456789abcdef") == 16;
}

static bool is_folder(int fd, const struct dirent *d)
{
    struct stat there;

    if (d->d_type != DT_UNKNOWN)
        return d->d_type == DT_DIR;
    return fstatat(fd, d->d_name, &there, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(there.st_mode);
}

static bool add_name(folder *f, const char *name, bool slash)
{
    cw__text t = {0};

    char **more = cw__array_grow(f->names, f->count, &f->room, sizeof *more, 32);

    if (!more)
        return false;
    f->names = more;
    cw__text_add(&t, name);
    if (slash)
        cw__text_add_char(&t, '/');
    if (t.failed)
        cw__text_free(&t);
    else
        f->names[f->count++] = t.p;
    return !t.failed;
}

static void free_folder(folder *f)
{
    for (size_t i = 0; i < f->count; i++)
        cw__free(f->names[i]);
    cw__free(f->names);
    *f = (folder){0};
}

/* 0, or an errno. */
static int read_names(DIR *d, folder *f, const char *first)
{
    const struct dirent *entry;

    for (errno = 0; (entry = readdir(d)); errno = 0) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || is_unpublished(name) ||
            !cw__starts_with(name, first))
            continue;
        if (!add_name(f, name, is_folder(dirfd(d), entry)))
            return ENOMEM;
    }
    return errno;
}

/* A folder that went away, or was never there, has nothing in it. */
static cw_status read_folder(folder *f, const char *path, const char *first, cw_error *err)
{
    DIR *d = opendir(path[0] ? path : ".");
    int e = errno;

    if (!d)
        return e == ENOENT || e == ENOTDIR ? CW_OK : cw__path_failed(err, e, "list", path);
    e = read_names(d, f, first);
    closedir(d);
    if (e == ENOMEM)
        return cw__fail_memory(err, "listing a folder");
    if (e)
        return cw__path_failed(err, e, "list", path);
    if (f->count)
        qsort(f->names, f->count, sizeof *f->names, by_bytes);
    return CW_OK;
}

/* ---- walking ---- */

/* The folder that w->path names. */
static cw_status enter(walk *w, const char *first, cw_error *err)
{
    folder f = {.path_bytes = w->path.n};
    cw_status st;

    folder *more = cw__array_grow(w->stack, w->depth, &w->room, sizeof *more, 8);
    if (!more)
        return cw__fail_memory(err, "listing a folder");
    w->stack = more;
    st = read_folder(&f, cw__text_str(&w->path), first, err);
    if (st == CW_OK)
        w->stack[w->depth++] = f;
    else
        free_folder(&f);
    return st;
}

static cw_status set_path(walk *w, const folder *f, const char *name, cw_error *err)
{
    w->path.n = f->path_bytes;
    cw__text_add(&w->path, name);
    return w->path.failed ? cw__fail_memory(err, "listing a folder") : CW_OK;
}

/* Whether all that is in the folder w->path comes before start_after. */
static bool is_before(const walk *w)
{
    const char *after = w->options->start_after;

    return after && strncmp(w->path.p, after, w->path.n) < 0;
}

/* Whether a file in the folder w->path could match. */
static bool may_match(const walk *w)
{
    size_t dead = 0;

    if (w->glob)
        cw__glob_match(w->glob, w->path.p, &dead);
    return dead == 0;
}

/* Whether it is a file; tells it then. One that went away meanwhile, or is something else, is not.
 */
static bool tell_file(const walk *w, cw_list_entry *e)
{
    struct stat there;

    if (stat(w->path.p, &there) != 0 || !S_ISREG(there.st_mode))
        return false;
    e->key = w->path.p;
    e->bytes = (uint64_t)there.st_size;
    e->modified_ms = cw__modified_ms(&there);
    return true;
}

static cw_status step(walk *w, cw_list_entry *e, cw_error *err)
{
    folder *f = &w->stack[w->depth - 1];
    cw_status st;

    if (f->at == f->count) {
        free_folder(f);
        w->depth--;
        return CW_OK;
    }
    st = set_path(w, f, f->names[f->at++], err);
    if (st != CW_OK)
        return st;
    if (w->path.p[w->path.n - 1] != '/')
        tell_file(w, e);
    else if (w->flat)
        e->key = w->path.p; /* grouped as the prefix that it is */
    else if (!is_before(w) && may_match(w))
        st = enter(w, "", err);
    return st;
}

static cw_status next_file(void *self, cw_list_entry *e, cw_error *err)
{
    walk *w = self;
    cw_status st = CW_OK;

    e->key = NULL;
    if (!w->begun) {
        w->begun = true;
        st = enter(w, w->first, err);
    }
    while (st == CW_OK && w->depth > 0 && !e->key)
        st = step(w, e, err);
    return st;
}

static void free_walk(void *self)
{
    walk *w = self;

    while (w->depth > 0)
        free_folder(&w->stack[--w->depth]);
    cw__free(w->stack);
    cw__free(w->first);
    cw__text_free(&w->path);
    cw__free(w);
}

cw_status cw__source_file(cw__source *out, cw__url *at, const cw_list_options *o,
                          const cw__glob *glob, cw_error *err)
{
    walk *w = cw__alloc_zero(sizeof *w);
    const char *slash = strrchr(at->path, '/'), *first = slash ? slash + 1 : at->path;

    if (!w)
        return cw__fail_memory(err, "opening a list");
    w->options = o;
    w->glob = glob;
    w->flat = o->delimiter && strcmp(o->delimiter, "/") == 0;
    w->first = cw__strdup(first);
    cw__text_add_n(&w->path, at->path, (size_t)(first - at->path));
    if (!w->first || w->path.failed) {
        free_walk(w);
        return cw__fail_memory(err, "opening a list");
    }
    *out = (cw__source){next_file, free_walk, w};
    return CW_OK;
}
