/* file_io.h - system calls on files that run to their end, and what their errors mean */
#ifndef CW_BASE_FILE_IO_H
#define CW_BASE_FILE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <cloudwriter/status.h>

/** As cw__fail_errno, with the status that fits the errno. `err` is not NULL. */
cw_status cw__file_failed(cw_error *err, int os_errno, const char *fmt, ...) CW_PRINTF(3, 4);

/**
 * Write all of it. 0, or an errno; *written counts what was written in either case.
 * A descriptor that would block is waited for. With `may_lose_reader` (a FIFO, pipe or socket) the
 * SIGPIPE of a reader that went away stays in this thread, and only EPIPE is left of it.
 */
int cw__file_write(int fd, bool may_lose_reader, const void *p, size_t n, size_t *written);

/** Have it survive a power failure. 0, also where there is no such thing; else an errno. */
int cw__file_sync(int fd);

#endif
