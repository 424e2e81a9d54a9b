/* file_path.c - where the path of a file leads
 *
 * Symlinks are followed here, one by one and only as the last component, for two reasons: the new
 * file has to lie next to what the last link points at; and a path that ends at a descriptor of
 * this process must be caught on the way, before its target's name is mistaken for the file.
 */
#include "sink/file_path.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/file_io.h"

enum { MOST_LINKS = 40 }; /* as Linux */

/** The number of the descriptor that the path stands for, or -1. */
static int descriptor_of(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    uint64_t number;
    if (strcmp(path, "/dev/stdout") == 0)
        return STDOUT_FILENO;
    if (strcmp(path, "/dev/stderr") == 0)
        return STDERR_FILENO;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (cw__starts_with(path, folders[i]) &&
            cw__parse_u64(path + strlen(folders[i]), INT_MAX, &number))
            return (int)number;
    return -1;
}

/** Length of the part up to and with the last slash; 0 without one. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/** `target` as seen from the folder that `link` is in. NULL when out of memory. */
static char *from_link(const char *link, const char *target)
{
    cw__text t = {0};
    if (target[0] != '/')
        cw__text_add_n(&t, link, folder_length(link));
    cw__text_add(&t, target);
    char *path = t.failed ? NULL : cw__strdup(cw__text_str(&t));
    cw__text_free(&t);
    return path;
}

/** Replace out->path by what it points at; *link says whether it was a symlink at all. */
static cw_status follow(cw__file_path *out, bool *link, cw_error *err)
{
    char target[PATH_MAX];
    ssize_t n = readlink(out->path, target, sizeof target - 1);
    *link = n > 0;
    if (n <= 0)
        return CW_OK;
    target[n] = '\0';
    char *path = from_link(out->path, target);
    if (!path)
        return cw__fail_memory(err, "following a symlink");
    cw__free(out->path);
    out->path = path;
    return CW_OK;
}

static cw_status follow_all(cw__file_path *out, cw_error *err)
{
    bool link = true;
    for (int links = 0; link && (out->descriptor = descriptor_of(out->path)) < 0; links++) {
        if (links == MOST_LINKS)
            return cw__file_failed(err, ELOOP, "cannot follow the symlinks of '%s'", out->path);
        cw_status status = follow(out, &link, err);
        if (status != CW_OK)
            return status;
    }
    return CW_OK;
}

static cw_status look(cw__file_path *out, cw_error *err)
{
    out->kind = CW__FILE_NEW;
    if (stat(out->path, &out->there) != 0)
        return errno == ENOENT ? CW_OK
                               : cw__file_failed(err, errno, "cannot look at '%s'", out->path);
    switch (out->there.st_mode & S_IFMT) {
    case S_IFREG:
        out->kind = CW__FILE_REGULAR;
        return CW_OK;
    case S_IFDIR:
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' is a folder: name a file in it",
                        out->path);
    case S_IFSOCK:
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is a socket, which cannot be written to",
                        out->path);
    case S_IFIFO:
        out->kind = CW__FILE_FIFO;
        return CW_OK;
    default:
        out->kind = CW__FILE_DEVICE;
        return CW_OK;
    }
}

/** Fill in folder and name. The folder keeps its slash, which does no harm. */
static cw_status split(cw__file_path *out, cw_error *err)
{
    size_t n = folder_length(out->path);
    if (!out->path[n]) /* a dangling symlink to "folder/" */
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' names a folder, not a file", out->path);
    out->folder = n > 0 ? cw__strndup(out->path, n) : cw__strdup(".");
    out->name = cw__strdup(out->path + n);
    return out->folder && out->name ? CW_OK : cw__fail_memory(err, "taking a path apart");
}

cw_status cw__file_path_resolve(cw__file_path *out, const char *path, cw_error *err)
{
    memset(out, 0, sizeof *out);
    out->path = cw__strdup(path);
    if (!out->path)
        return cw__fail_memory(err, "looking at a path");
    cw_status status = follow_all(out, err);
    if (status == CW_OK && out->descriptor >= 0) {
        out->kind = CW__FILE_DESCRIPTOR;
        return CW_OK;
    }
    if (status == CW_OK)
        status = look(out, err);
    return status == CW_OK ? split(out, err) : status;
}

void cw__file_path_free(cw__file_path *p)
{
    cw__free(p->path);
    cw__free(p->folder);
    cw__free(p->name);
    memset(p, 0, sizeof *p);
}
