/* failure.c - errors of the command's own making, in the library's form */
#include "failure.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

cw_status failure(cw_error *err, cw_status status, const char *fmt, ...)
{
    va_list args;
    memset(err, 0, sizeof *err);
    err->status = status;
    va_start(args, fmt);
    vsnprintf(err->message, sizeof err->message, fmt, args);
    va_end(args);
    return status;
}

cw_status failure_errno(cw_error *err, int os_errno, const char *what)
{
    failure(err, CW_E_IO, "%s: %s", what, strerror(os_errno));
    err->os_errno = os_errno;
    return CW_E_IO;
}

bool failure_is_of_disk(int os_errno)
{
    return os_errno == ENOSPC || os_errno == EDQUOT || os_errno == EROFS || os_errno == EIO;
}

int exit_code_of(cw_status status)
{
    return status == CW_OK ? 0 : status == CW_E_INDETERMINATE ? 4 : 1;
}

int exit_code_worse(int a, int b)
{
    static const int order[] = {4, 1, 2};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return 0;
}
