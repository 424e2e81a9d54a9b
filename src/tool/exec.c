/* exec.c - a command whose output is uploaded
 *
 * Where the command shares a terminal with us it stays in our process group: it may ask for a
 * password, and Ctrl-C reaches all of it by itself. Elsewhere (cron, a service, a background job)
 * it gets a group of its own, so that ending it also ends what its shell started.
 */
#include "exec.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PIPE_BYTES = 1024 * 1024, PATIENCE_MS = 2000, STEP_MS = 10 };

static bool in_foreground(void)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    bool yes = tty >= 0 && tcgetpgrp(tty) == getpgrp();
    if (tty >= 0)
        close(tty);
    return yes;
}

/* Signals as a program expects them, whatever we do with ours. */
static int prepare(posix_spawnattr_t *attributes, bool own_group)
{
    short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    sigset_t set;
    int e;

    sigemptyset(&set);
    e = posix_spawnattr_setsigmask(attributes, &set);
    sigaddset(&set, SIGPIPE);
    if (!e)
        e = posix_spawnattr_setsigdefault(attributes, &set);
    if (own_group)
        flags |= POSIX_SPAWN_SETPGROUP;
    if (!e)
        e = posix_spawnattr_setpgroup(attributes, 0);
    return e ? e : posix_spawnattr_setflags(attributes, flags);
}

static int spawn(struct command *c, const char *text, int output)
{
    char *argv[] = {"sh", "-c", (char *)(uintptr_t)text, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int e = posix_spawn_file_actions_init(&actions);

    if (e)
        return e;
    e = posix_spawnattr_init(&attributes);
    if (e)
        goto out;
    e = prepare(&attributes, c->own_group);
    if (!e)
        e = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!e)
        e = posix_spawn(&c->pid, "/bin/sh", &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
out:
    posix_spawn_file_actions_destroy(&actions);
    return e;
}

int command_start(struct command *c, const char *text, int *fd)
{
    int ends[2], e;

    *c = (struct command){.own_group = !in_foreground()};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    /* Fewer turns between the two processes; a smaller pipe does as well. */
    (void)fcntl(ends[0], F_SETPIPE_SZ, (int)PIPE_BYTES);
    e = spawn(c, text, ends[1]);
    close(ends[1]);
    if (e) {
        c->pid = 0;
        close(ends[0]);
        return e;
    }
    *fd = ends[0];
    return 0;
}

bool command_ended(struct command *c)
{
    pid_t pid;
    if (c->ended || c->pid == 0)
        return true;
    do
        pid = waitpid(c->pid, &c->status, WNOHANG);
    while (pid < 0 && errno == EINTR);
    c->ended = pid != 0;
    if (pid < 0)
        c->status = -1;
    return c->ended;
}

bool command_succeeded(const struct command *c)
{
    return c->ended && WIFEXITED(c->status) && WEXITSTATUS(c->status) == 0;
}

void command_describe(const struct command *c, char *out, size_t size)
{
    if (WIFEXITED(c->status))
        snprintf(out, size, "exited with status %d", WEXITSTATUS(c->status));
    else if (WIFSIGNALED(c->status))
        snprintf(out, size, "was killed by signal %d (%s)", WTERMSIG(c->status),
                 strsignal(WTERMSIG(c->status)));
    else
        snprintf(out, size, "ended in an unknown way");
}

static void send(const struct command *c, int sig)
{
    kill(c->own_group ? -c->pid : c->pid, sig);
}

void command_stop(struct command *c)
{
    if (c->pid == 0)
        return;
    /* Also when the shell is gone: what it started may be left in its group. */
    if (c->own_group || !command_ended(c))
        send(c, SIGTERM);
    for (int ms = 0; !command_ended(c) && ms < PATIENCE_MS; ms += STEP_MS)
        poll(NULL, 0, STEP_MS);
    if (!command_ended(c)) {
        send(c, SIGKILL);
        while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
            ;
        c->ended = true;
    }
    c->pid = 0;
}
