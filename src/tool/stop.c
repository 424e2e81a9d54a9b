/* stop.c - SIGINT, SIGTERM and SIGHUP: the first asks to stop, the second ends the process
 *
 * The command itself may ask, too, where there is no use in going on.
 *
 * The handler raises a flag and writes a byte into a pipe that nobody empties, so that every
 * thread that polls it wakes up and goes on waking up.
 */
#include "stop.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { NOT_ASKED, BY_SIGNAL, BY_COMMAND };

static atomic_int asked; /* lock-free, as a handler needs it */
static int wake[2] = {-1, -1};

static void handle(int sig)
{
    int saved = errno;
    if (atomic_exchange(&asked, BY_SIGNAL)) {
        signal(sig, SIG_DFL);
        raise(sig);
    }
    /* A full pipe is readable as well. */
    (void)!write(wake[1], "", 1);
    errno = saved;
}

int stop_watch(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction act = {.sa_handler = handle};
    struct sigaction old;

    if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return errno;
    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        /* nohup and a shell's background job ignore some on purpose. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &act, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

bool stop_asked(void)
{
    return atomic_load(&asked) != NOT_ASKED;
}

bool stop_ask(void)
{
    int before = NOT_ASKED;

    if (!atomic_compare_exchange_strong(&asked, &before, BY_COMMAND))
        return false;
    (void)!write(wake[1], "", 1);
    return true;
}

bool stop_asked_here(void)
{
    return atomic_load(&asked) == BY_COMMAND;
}

const char *stop_reason(void)
{
    return stop_asked_here() ? "stopped: no further file can be written" : "stopped by a signal";
}

int stop_fd(void)
{
    return wake[0];
}
