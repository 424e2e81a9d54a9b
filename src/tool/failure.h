/* failure.h - errors of the command's own making, in the library's form */
#ifndef CW_TOOL_FAILURE_H
#define CW_TOOL_FAILURE_H

#include <cloudwriter/status.h>
#include <stdbool.h>

/** Fill `err` with a status and a sentence; returns the status. */
cw_status failure(cw_error *err, cw_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** The same for a failed system call. */
cw_status failure_errno(cw_error *err, int os_errno, const char *what);

/** Whether a system call that failed so would fail for every other file of its disk, too. */
bool failure_is_of_disk(int os_errno);

/** 0 committed, 1 not committed, 4 indeterminate. */
int exit_code_of(cw_status status);

/** Of two exit codes the one that matters more: 4, 1, 2, 0. */
int exit_code_worse(int a, int b);

#endif
