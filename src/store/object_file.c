/* object_file.c - the verbs of file:// and of paths
 *
 * Only regular files are objects; a symlink is what it points at when it is looked at, and itself
 * when it is deleted.
 */
#include "store/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/file_copy.h"
#include "store/file_error.h"
#include "store/meta.h"

static cw_status refuse_version(const cw__url *at, cw_error *err)
{
    return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is a file and has no versions (version_id)",
                    at->path);
}

static cw_status stat_file(cw_object_meta **out, cw_client *c, const cw__url *at,
                           const cw_object_stat_options *o, cw_error *err)
{
    struct stat there;

    (void)c;
    if (o->version_id)
        return refuse_version(at, err);
    if (o->sse_customer_key)
        return cw__fail(err, CW_E_UNSUPPORTED, "files are not encrypted (sse_customer_key)");
    if (stat(at->path, &there) != 0)
        return cw__path_failed(err, errno, "look at", at->path);
    if (S_ISDIR(there.st_mode))
        return cw__fail(err, CW_E_NOT_FOUND, "'%s' is a folder, and no object", at->path);
    if (!S_ISREG(there.st_mode))
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is no regular file", at->path);
    *out = cw__meta_new((uint64_t)there.st_size, cw__modified_ms(&there), "");
    return *out ? CW_OK : cw__fail_memory(err, "looking at a file");
}

static cw_status remove_file(cw_client *c, const cw__url *at, const cw_object_delete_options *o,
                             cw_error *err)
{
    struct stat there;

    (void)c;
    if (o->version_id)
        return refuse_version(at, err);
    if (o->if_match)
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is a file and has no ETag for if_match",
                        at->path);
    if (lstat(at->path, &there) == 0) {
        if (S_ISDIR(there.st_mode))
            return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' is a folder: delete what is in it",
                            at->path);
        if (!S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode))
            return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is no regular file", at->path);
        if (unlink(at->path) == 0)
            return CW_OK;
    }
    if (o->missing_ok && (errno == ENOENT || errno == ENOTDIR))
        return CW_OK;
    return cw__path_failed(err, errno, "delete", at->path);
}

/* ---- copy and move ---- */

static cw_status refuse_options(const cw__url *at, const cw_object_copy_options *o, cw_error *err)
{
    if (o->version_id)
        return refuse_version(at, err);
    if (o->if_match)
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is a file and has no ETag for if_match",
                        at->path);
    return CW_OK;
}

static cw_status copy_file(cw_client *c, const cw__url *from, const cw__url *to,
                           const cw_object_copy_options *o, cw_object_info *info, cw_error *err)
{
    cw_status st = refuse_options(from, o, err);

    (void)c;
    return st == CW_OK ? cw__file_copy(from->path, to->path, o->create_only != 0, &info->bytes, err)
                       : st;
}

static int rename_file(const char *from, const char *to, bool create_only)
{
#ifdef RENAME_NOREPLACE
    if (create_only && renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (create_only && errno != EINVAL && errno != ENOSYS)
        return errno;
#endif
    if (!create_only)
        return rename(from, to) == 0 ? 0 : errno;
    if (link(from, to) != 0)
        return errno;
    return unlink(from) == 0 ? 0 : errno;
}

/* Renamed onto what it points at, a link would take its place; and of two names of one file, the
 * one that is left behind would be the only one. */
static bool is_same_file(const char *a, const char *b)
{
    struct stat one, other;

    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

static bool is_link(const char *path)
{
    struct stat there;

    return lstat(path, &there) == 0 && S_ISLNK(there.st_mode);
}

static cw_status move_file(cw_client *c, const cw__url *from, const cw__url *to,
                           const cw_object_copy_options *o, cw_object_info *info, cw_error *err)
{
    cw_object_stat_options plain = CW_OBJECT_STAT_OPTIONS_INIT;
    cw_object_delete_options gone = CW_OBJECT_DELETE_OPTIONS_INIT;
    cw_object_meta *there = NULL;
    cw_status st = refuse_options(from, o, err);
    int e;

    if (st == CW_OK)
        st = stat_file(&there, c, from, &plain, err);
    if (st != CW_OK || !there)
        return st;
    info->bytes = there->bytes;
    cw_object_meta_free(there);
    if (!o->create_only && is_same_file(from->path, to->path))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' and '%s' are the same file", from->path,
                        to->path);
    /* A link may lead nowhere from another folder: what moves is what it points at. */
    e = is_link(from->path) ? EXDEV : rename_file(from->path, to->path, o->create_only != 0);
    if (e == 0)
        return CW_OK;
    if (e == EISDIR)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' is a folder", to->path);
    if (e != EXDEV)
        return cw__path_failed(err, e, "move to", to->path);
    st = copy_file(c, from, to, o, info, err);
    return st == CW_OK ? remove_file(c, from, &gone, err) : st;
}

const cw__backend cw__backend_file = {
    .stat = stat_file,
    .remove = remove_file,
    .copy = copy_file,
    .move = move_file,
};
