/* source.c - where the bytes come from: a file, standard input, or a command
 *
 * Reading waits in poll, together with the pipe that signals write to, so that a silent producer
 * never keeps the command from stopping.
 */
#include "source.h"
#include "failure.h"
#include "say.h"
#include "stop.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAIT_MS = 100, CHILD_STEP_MS = 10 };

uint64_t source_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- opening --------------------------------------------------------------------------------- */

static cw_status look(struct source *s, cw_error *err)
{
    struct stat st;
    off_t here;

    if (fstat(s->fd, &st) != 0)
        return failure_errno(err, errno, s->name);
    if (S_ISDIR(st.st_mode))
        return failure_errno(err, EISDIR, s->name);
    s->blocking = !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode);
    if (!S_ISREG(st.st_mode))
        return CW_OK;
    here = lseek(s->fd, 0, SEEK_CUR);
    s->regular = true;
    s->expected = here >= 0 && here < st.st_size ? (uint64_t)(st.st_size - here) : 0;
    s->changed = st.st_mtim;
    (void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return CW_OK;
}

cw_status source_open_file(struct source *s, const char *path, cw_error *err)
{
    s->name = path;
    /* A FIFO without a writer would keep a plain open for ever; here it waits in poll. */
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (s->fd < 0)
        return failure_errno(err, errno, path);
    return look(s, err);
}

cw_status source_open_stdin(struct source *s, cw_error *err)
{
    s->name = "standard input";
    s->fd = STDIN_FILENO;
    return look(s, err);
}

cw_status source_open_command(struct source *s, const char *text, cw_error *err)
{
    int e;
    s->name = "the command";
    s->blocking = true;
    e = command_start(&s->command, text, &s->fd);
    if (!e)
        return CW_OK;
    s->fd = -1;
    return failure_errno(err, e, "the command could not be started");
}

/* ---- reading --------------------------------------------------------------------------------- */

static cw_status check_command(struct source *s, cw_error *err)
{
    char how[96];
    if (command_succeeded(&s->command))
        return CW_OK;
    command_describe(&s->command, how, sizeof how);
    return failure(err, CW_E_CANCELLED, "the command %s, so nothing was published", how);
}

static cw_status check_stop(const struct source *s, cw_error *err)
{
    if (stop_asked())
        return failure(err, CW_E_CANCELLED, "stopped by a signal, so nothing was published");
    if (s->deadline_ms && source_now_ms() > s->deadline_ms)
        return failure(err, CW_E_TIMEOUT,
                       "the time given by --timeout has passed, so nothing was published");
    return CW_OK;
}

/* Wait a little for bytes. *ready stays false if there are none yet. */
static cw_status await(struct source *s, bool *ready, cw_error *err)
{
    struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN}, {.fd = stop_fd(), .events = POLLIN}};
    int n = poll(fds, 2, WAIT_MS);

    *ready = fds[0].revents != 0;
    if (n < 0 && errno != EINTR)
        return failure_errno(err, errno, s->name);
    if (n > 0)
        return CW_OK;
    *ready = false;
    if (s->idle)
        s->idle(s->idle_user);
    /* What it started may hold the pipe open for long; a failure is a failure now. */
    if (s->command.pid && command_ended(&s->command))
        return check_command(s, err);
    return CW_OK;
}

cw_status source_read(struct source *s, void *p, size_t cap, size_t *got, cw_error *err)
{
    for (;;) {
        bool ready = true;
        ssize_t n;
        cw_status status = check_stop(s, err);
        if (status == CW_OK && s->blocking)
            status = await(s, &ready, err);
        if (status != CW_OK)
            return status;
        if (!ready)
            continue;
        n = read(s->fd, p, cap);
        if (n >= 0) {
            *got = (size_t)n;
            return CW_OK;
        }
        if (errno != EINTR && errno != EAGAIN)
            return failure_errno(err, errno, s->name);
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

static cw_status finish_command(struct source *s, cw_error *err)
{
    while (!command_ended(&s->command)) {
        cw_status status = check_stop(s, err);
        if (status != CW_OK)
            return status;
        poll(NULL, 0, CHILD_STEP_MS);
        if (s->idle)
            s->idle(s->idle_user);
    }
    if (!command_succeeded(&s->command))
        return check_command(s, err);
    s->command.pid = 0; /* what it left running in the background is its own business */
    return CW_OK;
}

static cw_status finish_file(struct source *s, uint64_t total, cw_error *err)
{
    struct stat st;
    if (total < s->expected)
        return failure(err, CW_E_IO,
                       "%s became shorter while it was read (%" PRIu64 " of %" PRIu64
                       " bytes), so nothing was published",
                       s->name, total, s->expected);
    if (fstat(s->fd, &st) == 0 &&
        (st.st_mtim.tv_sec != s->changed.tv_sec || st.st_mtim.tv_nsec != s->changed.tv_nsec))
        say_about(s->name, "was written to while it was read");
    return CW_OK;
}

cw_status source_finish(struct source *s, uint64_t total, cw_error *err)
{
    cw_status status = check_stop(s, err);
    if (status != CW_OK)
        return status;
    if (s->command.pid)
        return finish_command(s, err);
    return s->regular ? finish_file(s, total, err) : CW_OK;
}

void source_close(struct source *s)
{
    if (s->fd > STDIN_FILENO)
        close(s->fd);
    s->fd = -1;
    command_stop(&s->command);
}
