/* file_io.c - system calls on files that run to their end, and what their errors mean */
#include "base/file_io.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/thread.h"

/* Linux writes no more than 2 GiB at once, and some systems refuse to try. */
enum { LARGEST_WRITE = 1 << 30, POLL_MS = 1000 };

/* ---- writing ---- */

/** One write, as far as it got. 0, or an errno; 0 with nothing written asks to try again. */
static int write_some(int fd, const void *p, size_t n, size_t *written)
{
    ssize_t k = write(fd, p, n < LARGEST_WRITE ? n : LARGEST_WRITE);
    if (k > 0) {
        *written += (size_t)k;
        return 0;
    }
    if (k == 0)
        return EIO; /* a system that takes nothing and reports nothing would be asked for ever */
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        return poll(&ready, 1, POLL_MS) < 0 && errno != EINTR ? errno : 0;
    }
    return errno == EINTR ? 0 : errno;
}

static int write_all(int fd, const char *p, size_t n, size_t *written)
{
    int os_errno = 0;
    *written = 0;
    while (os_errno == 0 && *written < n)
        os_errno = write_some(fd, p + *written, n - *written, written);
    return os_errno;
}

int cw__file_write(int fd, bool may_lose_reader, const void *p, size_t n, size_t *written)
{
    cw__pipe_guard guard;
    if (!may_lose_reader)
        return write_all(fd, p, n, written);
    cw__pipe_guard_begin(&guard);
    int os_errno = write_all(fd, p, n, written);
    cw__pipe_guard_end(&guard, os_errno == EPIPE);
    return os_errno;
}

int cw__file_sync(int fd)
{
    int answer;
    do
        answer = fsync(fd);
    while (answer != 0 && errno == EINTR);
    if (answer == 0)
        return 0;
    switch (errno) {
    case EINVAL: /* a pipe, a terminal; a folder on some network file systems */
    case EBADF:  /* a folder that may be entered but not read (opened for its path alone) */
    case ENOSYS:
    case EROFS:
#if EOPNOTSUPP != ENOSYS
    case EOPNOTSUPP:
#endif
        return 0;
    default:
        return errno;
    }
}

/* ---- errors ---- */

static cw_status status_of(int os_errno)
{
    switch (os_errno) {
    case EACCES:
    case EPERM:
    case EROFS:
        return CW_E_PERMISSION;
    case ENOMEM:
        return CW_E_NO_MEMORY;
    case EEXIST:
        return CW_E_ALREADY_EXISTS;
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
        return CW_E_INVALID_ARGUMENT;
    case EFBIG:
        return CW_E_TOO_LARGE;
    default:
        return CW_E_IO;
    }
}

cw_status cw__file_failed(cw_error *err, int os_errno, const char *fmt, ...)
{
    char what[sizeof err->message];
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(what, sizeof what, fmt, args) < 0)
        what[0] = '\0';
    va_end(args);
    cw__fail_errno(err, os_errno, "%s", what);
    err->status = status_of(os_errno);
    return err->status;
}
