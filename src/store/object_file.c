/* object_file.c - the verbs of file:// and of paths
 *
 * Only regular files are objects; a symlink is what it points at when it is looked at, and itself
 * when it is deleted.
 */
#include "store/backend.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

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
    int e = 0;

    (void)c;
    if (o->version_id)
        return refuse_version(at, err);
    if (o->if_match)
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is a file and has no ETag for if_match",
                        at->path);
    if (lstat(at->path, &there) != 0)
        e = errno;
    else if (S_ISDIR(there.st_mode))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' is a folder: delete what is in it",
                        at->path);
    else if (!S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode))
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is no regular file", at->path);
    else if (unlink(at->path) != 0)
        e = errno;
    if (e == 0 || (o->missing_ok && (e == ENOENT || e == ENOTDIR)))
        return CW_OK;
    return cw__path_failed(err, e, "delete", at->path);
}

const cw__backend cw__backend_file = {
    .stat = stat_file,
    .remove = remove_file,
};
