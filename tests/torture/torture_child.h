/* torture_child.h - start a program that writes an object, and see how far it came
 *
 * The children are child.c and the command; the server is in the parent, so that it outlives them.
 */
#ifndef CW_TESTS_TORTURE_CHILD_H
#define CW_TESTS_TORTURE_CHILD_H

#include "scripted/fixture.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

enum { CHILD_PART = 64 * 1024, CHILD_EXIT_CODE = 7, MOST_ARGUMENTS = 16 };

extern char **environ;

/** What every child writes: `n` bytes, to be freed. */
static inline unsigned char *child_data(size_t n)
{
    unsigned char *p = noise(n);

    if (n > 0)
        p[0] ^= 0x5A; /* not what other tests write */
    return p;
}

typedef struct child {
    pid_t pid;
    int said;  /* its standard output */
    int input; /* its standard input; -1: /dev/null */
    char letters[64];
    size_t count;
    int status; /* as waitpid has it, once it has ended */
} child;

/** `with_input`: its standard input is a pipe, to be written to and closed by the caller. */
static inline child child_start(const char *const *arguments, bool with_input)
{
    child c = {.input = -1};
    int out[2], in[2];
    posix_spawn_file_actions_t files;

    REQUIRE(pipe2(out, O_CLOEXEC) == 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    if (with_input) {
        REQUIRE(pipe2(in, O_CLOEXEC) == 0);
        posix_spawn_file_actions_adddup2(&files, in[0], 0);
        c.input = in[1];
    } else {
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    }
    REQUIRE(posix_spawn(&c.pid, arguments[0], &files, NULL, (char *const *)arguments, environ) ==
            0);
    posix_spawn_file_actions_destroy(&files);
    close(out[1]);
    if (with_input)
        close(in[0]);
    c.said = out[0];
    fcntl(c.said, F_SETFL, O_NONBLOCK);
    return c;
}

/** Take what it has said so far. */
static inline void child_listen(child *c)
{
    ssize_t n = read(c->said, c->letters + c->count, sizeof c->letters - 1 - c->count);

    if (n > 0)
        c->count += (size_t)n;
}

static inline bool child_said(const child *c, char letter)
{
    return memchr(c->letters, letter, c->count) != NULL;
}

/** Wait until it has said it, or has ended. */
static inline void child_wait_for(child *c, char letter)
{
    int64_t give_up = now_ms() + 20000;
    siginfo_t ended = {0};

    for (;;) {
        child_listen(c);
        if (child_said(c, letter) || now_ms() > give_up)
            return;
        if (waitid(P_PID, (id_t)c->pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid) {
            child_listen(c);
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = 100 * 1000}, NULL);
    }
}

/** Wait for its end. */
static inline void child_end(child *c)
{
    if (c->input >= 0)
        close(c->input);
    c->input = -1;
    REQUIRE(waitpid(c->pid, &c->status, 0) == c->pid);
    child_listen(c);
    close(c->said);
}

static inline int child_exit_code(const child *c)
{
    return WIFEXITED(c->status) ? WEXITSTATUS(c->status) : -WTERMSIG(c->status);
}

#endif
