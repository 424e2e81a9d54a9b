/* http_sockets.c - the sockets that libcurl wants watched, and one poll(2) over them
 *
 * Owns the array that poll(2) works on and the pipe that wakes it. They are few, as many as
 * connections, and change with nearly every event: an array that the kernel reads each time costs
 * less than telling epoll of every change.
 */
#include "port/http_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static bool make_room(cw__sockets *s, size_t capacity)
{
    if (capacity <= s->capacity)
        return true;
    struct pollfd *polls = cw__realloc(s->polls, capacity * sizeof *polls);
    if (!polls)
        return false;
    s->polls = polls;
    cw__sockets_ready *ready = cw__realloc(s->ready, capacity * sizeof *ready);
    if (!ready)
        return false;
    s->ready = ready;
    s->capacity = capacity;
    return true;
}

static size_t find(const cw__sockets *s, int fd)
{
    size_t i = 1;
    while (i < s->count && s->polls[i].fd != fd)
        i++;
    return i;
}

static int open_wakeup(cw__sockets *s)
{
    if (pipe(s->wakeup) != 0) {
        s->wakeup[0] = s->wakeup[1] = -1;
        return errno;
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(s->wakeup[i], F_SETFL, O_NONBLOCK) == -1 ||
            fcntl(s->wakeup[i], F_SETFD, FD_CLOEXEC) == -1)
            return errno;
    return 0;
}

static void drain_wakeup(cw__sockets *s)
{
    char bytes[64];
    while (read(s->wakeup[0], bytes, sizeof bytes) == (ssize_t)sizeof bytes)
        ;
}

int cw__sockets_open(cw__sockets *s, size_t expected)
{
    memset(s, 0, sizeof *s);
    int error = open_wakeup(s);
    if (!error && !make_room(s, expected + 1))
        error = ENOMEM;
    if (error) {
        cw__sockets_close(s);
        return error;
    }
    s->polls[0] = (struct pollfd){.fd = s->wakeup[0], .events = POLLIN};
    s->count = 1;
    return 0;
}

void cw__sockets_close(cw__sockets *s)
{
    for (int i = 0; i < 2; i++)
        if (s->wakeup[i] >= 0)
            close(s->wakeup[i]);
    s->wakeup[0] = s->wakeup[1] = -1;
    cw__free(s->polls);
    cw__free(s->ready);
    s->polls = NULL;
    s->ready = NULL;
    s->count = s->capacity = 0;
}

bool cw__sockets_watch(cw__sockets *s, int fd, bool reading, bool writing)
{
    size_t i = find(s, fd);
    if (i == s->count) {
        if (s->count == s->capacity && !make_room(s, s->capacity * 2))
            return false;
        s->count++;
    }
    int events = (reading ? POLLIN : 0) | (writing ? POLLOUT : 0);
    s->polls[i] = (struct pollfd){.fd = fd, .events = (short)events};
    return true;
}

void cw__sockets_forget(cw__sockets *s, int fd)
{
    size_t i = find(s, fd);
    if (i < s->count)
        s->polls[i] = s->polls[--s->count];
}

size_t cw__sockets_wait(cw__sockets *s, int timeout_ms)
{
    if (s->count == 1 && timeout_ms == 0)
        return 0;
    int found = poll(s->polls, (nfds_t)s->count, timeout_ms);
    if (found <= 0)
        return 0;
    if (s->polls[0].revents)
        drain_wakeup(s);
    size_t n = 0;
    for (size_t i = 1; i < s->count; i++) {
        int seen = s->polls[i].revents;
        bool failed = seen & (POLLERR | POLLHUP | POLLNVAL);
        if (seen)
            s->ready[n++] = (cw__sockets_ready){.fd = s->polls[i].fd,
                                                .readable = failed || (seen & POLLIN),
                                                .writable = failed || (seen & POLLOUT)};
    }
    return n;
}

/* A full pipe is as good as one more byte in it. */
void cw__sockets_wakeup(cw__sockets *s)
{
    ssize_t n;
    do
        n = write(s->wakeup[1], "", 1);
    while (n < 0 && errno == EINTR);
}
