/* file_copy.c - copy a file: there whole, or not at all
 *
 * The bytes go to a hidden file in the target's folder, which is synced and then gets the name in
 * one step, as the writer of files does it.
 */
#include "store/file_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "store/file_error.h"

enum { PIECE = 1 << 20, KEPT_NAME = 120 };

typedef struct copy {
    const char *to; /* what the last link points at, if it is one */
    char link_target[PATH_MAX];
    char *folder, *temporary;
    int source, target; /* -1: not open */
    bool made;          /* the temporary file exists */
} copy;

static cw_status name_temporary(copy *c, cw_error *err)
{
    const char *slash = strrchr(c->to, '/'), *name = slash ? slash + 1 : c->to;
    unsigned char random[8];
    char hex[2 * sizeof random + 1];
    cw__text t = {0};

    if (!name[0])
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' names a folder, not a file", c->to);
    if (!cw__random_bytes(random, sizeof random))
        return cw__fail(err, CW_E_IO, "the system has no random bytes for a temporary name");
    cw__hex(random, sizeof random, hex);
    c->folder = slash ? cw__strndup(c->to, (size_t)(name - c->to)) : cw__strdup(".");
    cw__text_addf(&t, "%.*s.%.*s.cw-%s.tmp", (int)(name - c->to), c->to, KEPT_NAME, name, hex);
    c->temporary = t.p;
    return t.failed || !c->folder ? cw__fail_memory(err, "copying a file") : CW_OK;
}

static cw_status open_both(copy *c, const char *from, cw_error *err)
{
    struct stat there;

    c->source = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (c->source < 0 || fstat(c->source, &there) != 0)
        return cw__path_failed(err, errno, "open", from);
    if (S_ISDIR(there.st_mode))
        return cw__fail(err, CW_E_NOT_FOUND, "'%s' is a folder, and no object", from);
    if (!S_ISREG(there.st_mode))
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is no regular file", from);
    c->target = open(c->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, there.st_mode & 0777);
    if (c->target < 0)
        return cw__path_failed(err, errno, "write to", c->to);
    c->made = true;
    return CW_OK;
}

/* 0, or an errno. *done: at the end. */
static int copy_piece(const copy *c, char *piece, uint64_t *bytes, bool *done)
{
    ssize_t n = read(c->source, piece, PIECE);
    size_t written;

    if (n < 0)
        return errno == EINTR ? 0 : errno;
    *done = n == 0;
    *bytes += (uint64_t)n;
    return n ? cw__file_write(c->target, false, piece, (size_t)n, &written) : 0;
}

static cw_status copy_bytes(const copy *c, uint64_t *bytes, cw_error *err)
{
    char *piece = cw__alloc(PIECE);
    bool done = false;
    int e = 0;

    if (!piece)
        return cw__fail_memory(err, "copying a file");
    *bytes = 0;
    while (e == 0 && !done)
        e = copy_piece(c, piece, bytes, &done);
    cw__free(piece);
    if (e == 0)
        e = cw__file_sync(c->target);
    return e ? cw__path_failed(err, e, "write to", c->to) : CW_OK;
}

/* Its name is durable once the folder is; a folder that cannot be opened is left to the system. */
static void sync_folder(const copy *c)
{
    int fd = open(c->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    cw__file_sync(fd);
    close(fd);
}

static cw_status publish(copy *c, bool create_only, cw_error *err)
{
    int failed = create_only ? link(c->temporary, c->to) : rename(c->temporary, c->to);

    if (failed && errno == EISDIR)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' is a folder", c->to);
    if (failed)
        return cw__path_failed(err, errno, "write to", c->to);
    c->made = create_only; /* its other name is to be removed */
    sync_folder(c);
    return CW_OK;
}

static void end(copy *c)
{
    if (c->made)
        unlink(c->temporary);
    if (c->source >= 0)
        close(c->source);
    if (c->target >= 0)
        close(c->target);
    cw__free(c->folder);
    cw__free(c->temporary);
}

/* A link stays one: what it points at is replaced. One that dangles is replaced itself. */
static void follow_target(copy *c, const char *to)
{
    struct stat there;
    bool link = lstat(to, &there) == 0 && S_ISLNK(there.st_mode);

    c->to = link && realpath(to, c->link_target) ? c->link_target : to;
}

cw_status cw__file_copy(const char *from, const char *to, bool create_only, uint64_t *bytes,
                        cw_error *err)
{
    copy c = {.source = -1, .target = -1};
    cw_status st;

    follow_target(&c, to);
    st = name_temporary(&c, err);
    if (st == CW_OK)
        st = open_both(&c, from, err);
    if (st == CW_OK)
        st = copy_bytes(&c, bytes, err);
    if (st == CW_OK)
        st = publish(&c, create_only, err);
    end(&c);
    return st;
}
