/* file_error.h - what the verbs of files have in common */
#ifndef CW_STORE_FILE_ERROR_H
#define CW_STORE_FILE_ERROR_H

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file_io.h"

/** "cannot DOING 'PATH': …", with the status that fits. `err` may be NULL. */
static inline cw_status cw__path_failed(cw_error *err, int os_errno, const char *doing,
                                        const char *path)
{
    cw_error own;

    if (os_errno == ENOENT || os_errno == ENOTDIR)
        return cw__fail(err, CW_E_NOT_FOUND, "cannot %s '%s': it does not exist", doing, path);
    if (os_errno == ENOTEMPTY || os_errno == EEXIST)
        cw__fail_errno(&own, os_errno, "cannot %s '%s'", doing, path);
    else
        cw__file_failed(&own, os_errno, "cannot %s '%s'", doing, path);
    if (os_errno == ENOTEMPTY)
        own.status = CW_E_CONFLICT;
    if (os_errno == EEXIST)
        own.status = CW_E_ALREADY_EXISTS;
    cw__error_copy(err, &own);
    return own.status;
}

static inline int64_t cw__modified_ms(const struct stat *there)
{
    return (int64_t)there->st_mtim.tv_sec * 1000 + there->st_mtim.tv_nsec / 1000000;
}

#endif
