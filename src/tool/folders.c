/* folders.c - folders for files that are written below a file:// URL or a path */
#include "folders.h"
#include "failure.h"
#include "memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *local_path(const char *url)
{
    if (strncmp(url, "file://", 7) == 0)
        return url + 7;
    return strstr(url, "://") ? NULL : url;
}

/* The slash that ends the `n`th folder from the right; NULL if there are fewer. */
static char *slash_from_right(char *path, size_t n)
{
    char *at = path + strlen(path);
    while (n > 0 && at > path)
        if (*--at == '/')
            n--;
    return n == 0 && at > path ? at : NULL;
}

cw_status folders_make(const char *url, size_t below, cw_error *err)
{
    const char *local = local_path(url);
    char *path;
    cw_status status = CW_OK;

    if (!local || below == 0)
        return CW_OK;
    path = tool_strdup(local);
    for (size_t n = below; n > 0 && status == CW_OK; n--) {
        char *slash = slash_from_right(path, n);
        if (!slash)
            continue;
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            status = failure_errno(err, errno, path);
        *slash = '/';
    }
    free(path);
    return status;
}
