/* walk.c - from the sources of the command line to a list of files, each with its URL
 *
 * Symbolic links are followed where the user names them, not below a folder: a link in a tree may
 * lead out of it, or round in circles. What is neither file nor folder is read if it is named (a
 * FIFO, a device), and skipped below a folder. Both are told.
 */
#include "walk.h"
#include "memory.h"
#include "say.h"
#include "stop.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct job *add(struct job_list *jobs, char *source, char *url)
{
    if (jobs->count == jobs->capacity) {
        jobs->capacity = jobs->capacity ? 2 * jobs->capacity : 16;
        jobs->list = tool_realloc(jobs->list, jobs->capacity * sizeof *jobs->list);
    }
    jobs->list[jobs->count] = (struct job){.source = source, .url = url};
    return &jobs->list[jobs->count++];
}

static struct job *add_file(struct job_list *jobs, const char *path, char *url,
                            const struct stat *st)
{
    struct job *job = add(jobs, tool_strdup(path), url);
    job->sized = S_ISREG(st->st_mode);
    job->size = job->sized ? (uint64_t)st->st_size : 0;
    return job;
}

static void add_unreadable(struct job_list *jobs, const char *path, const char *url, int os_errno)
{
    add(jobs, tool_strdup(path), tool_strdup(url))->os_errno = os_errno;
}

/* ---- folders --------------------------------------------------------------------------------- */

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_entry(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

/* "URL/x.csv", or "URL/x.parquet" */
static char *name_below(const struct job_list *jobs, const char *url, const char *name)
{
    const char *dot = jobs->extension ? strrchr(name, '.') : NULL;
    size_t n = dot && dot != name ? (size_t)(dot - name) : strlen(name);

    return tool_format("%s%.*s%s", url, (int)n, name, jobs->extension ? jobs->extension : "");
}

static void walk_folder(struct job_list *jobs, const char *path, const char *url, size_t depth);

static void walk_entry(struct job_list *jobs, const char *path, const char *url, const char *name,
                       size_t depth)
{
    bool slash = path[strlen(path) - 1] == '/';
    char *below = tool_format("%s%s%s", path, slash ? "" : "/", name);
    char *to = name_below(jobs, url, name);
    struct stat st;

    if (lstat(below, &st) != 0) {
        add_unreadable(jobs, below, to, errno);
    } else if (S_ISDIR(st.st_mode)) {
        char *folder = tool_format("%s%s/", url, name);
        walk_folder(jobs, below, folder, depth + 1);
        free(folder);
    } else if (S_ISREG(st.st_mode)) {
        add_file(jobs, below, tool_strdup(to), &st)->below = depth;
    } else {
        say_about(below, "skipped: it is a %s",
                  S_ISLNK(st.st_mode) ? "symbolic link" : "special file");
    }
    free(to);
    free(below);
}

static void walk_folder(struct job_list *jobs, const char *path, const char *url, size_t depth)
{
    struct dirent **entries;
    int n = scandir(path, &entries, is_entry, compare_names);

    if (n < 0) {
        add_unreadable(jobs, path, url, errno);
        return;
    }
    for (int i = 0; i < n; i++) {
        if (!stop_asked())
            walk_entry(jobs, path, url, entries[i]->d_name, depth);
        free(entries[i]);
    }
    free(entries);
}

/* ---- sources --------------------------------------------------------------------------------- */

/* The last name in a path, or NULL where it has none of its own: "x/", ".", "a/..", "/". */
static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return NULL;
    return name;
}

/* "s3://" names nothing yet. */
static bool names_folder(const char *url)
{
    size_t n = strlen(url);
    bool scheme_alone = n >= 3 && strcmp(url + n - 3, "://") == 0;

    return n > 0 && url[n - 1] == '/' && !scheme_alone;
}

/* "x" becomes URL/x/..., "x/" the content of x right below URL. */
static bool add_folder(struct job_list *jobs, const char *path, const char *url, bool recursive)
{
    const char *name = last_name(path);
    char *base;

    if (!recursive) {
        say_about(path, "is a folder: say -r to upload all that is in it");
        return false;
    }
    if (!names_folder(url)) {
        say_about(url, "a folder can only go to a URL that ends in '/'");
        return false;
    }
    base = name ? tool_format("%s%s/", url, name) : tool_strdup(url);
    walk_folder(jobs, path, base, name ? 1 : 0);
    free(base);
    return true;
}

static bool add_stdin(struct job_list *jobs, const char *url)
{
    if (names_folder(url)) {
        say_about(url, "standard input has no name to put below a folder: name the key");
        return false;
    }
    add(jobs, tool_strdup("-"), tool_strdup(url));
    return true;
}

static bool add_source(struct job_list *jobs, const char *path, const char *url, bool recursive)
{
    const char *name = last_name(path);
    struct stat st;
    char *to;

    if (strcmp(path, "-") == 0)
        return add_stdin(jobs, url);
    to = names_folder(url) && name ? name_below(jobs, url, name) : tool_strdup(url);
    if (stat(path, &st) != 0) {
        add_unreadable(jobs, path, to, errno);
        free(to);
        return true;
    }
    if (S_ISDIR(st.st_mode)) {
        free(to);
        return add_folder(jobs, path, url, recursive);
    }
    add_file(jobs, path, to, &st);
    return true;
}

static int compare_urls(const void *a, const void *b)
{
    const struct job *const *x = a, *const *y = b;
    return strcmp((*x)->url, (*y)->url);
}

/* Two sources for one key would leave the one that happened to be last. */
static bool urls_differ(const struct job_list *jobs)
{
    const struct job **sorted = tool_alloc(jobs->count * sizeof *sorted);
    size_t i, clash = 0;

    for (i = 0; i < jobs->count; i++)
        sorted[i] = &jobs->list[i];
    qsort(sorted, jobs->count, sizeof *sorted, compare_urls);
    for (i = 1; i < jobs->count && !clash; i++)
        if (strcmp(sorted[i - 1]->url, sorted[i]->url) == 0)
            clash = i;
    if (clash)
        say_about(sorted[clash]->url, "both %s and %s would go there", sorted[clash - 1]->source,
                  sorted[clash]->source);
    free(sorted);
    return clash == 0;
}

bool walk_sources(struct job_list *out, char **sources, size_t count, const char *url,
                  bool recursive)
{
    if (count > 1 && !names_folder(url)) {
        say_about(url, "several sources can only go to a URL that ends in '/'");
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if (!add_source(out, sources[i], url, recursive))
            return false;
    return urls_differ(out);
}

void walk_command(struct job_list *out, const char *url)
{
    add(out, NULL, tool_strdup(url));
}

uint64_t walk_total(const struct job_list *jobs)
{
    uint64_t total = 0;
    for (size_t i = 0; i < jobs->count; i++) {
        if (!jobs->list[i].sized && !jobs->list[i].os_errno)
            return 0;
        total += jobs->list[i].size;
    }
    return total;
}

void walk_free(struct job_list *jobs)
{
    for (size_t i = 0; i < jobs->count; i++) {
        free(jobs->list[i].source);
        free(jobs->list[i].url);
    }
    free(jobs->list);
}
