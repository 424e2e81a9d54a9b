/* credential_process.c - keys from a program that a profile names
 *
 * Owns the child until it has been waited for. The child has a process group of its own, default
 * signal handling and no descriptor of ours but the pipe. A program that collects all its children
 * by itself (or ignores SIGCHLD) may take the exit status away: then what was printed counts.
 */
#include "s3/credential_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "s3/credentials_providers.h"

enum { PATIENCE_MS = 60000, LOOK_EVERY_MS = 50, LARGEST_OUTPUT = 256 * 1024 };

typedef struct child {
    pid_t pid;
    int fd; /* what it prints */
    uint64_t deadline;
    const char *profile;
} child;

/* ---- starting ---- */

static int set_files(posix_spawn_file_actions_t *files, int out)
{
    int e = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!e)
        e = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    return e ? e : posix_spawn_file_actions_adddup2(files, out, STDOUT_FILENO);
}

static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int e = posix_spawnattr_setsigmask(attributes, &none);
    if (!e)
        e = posix_spawnattr_setsigdefault(attributes, &all);
    if (!e)
        e = posix_spawnattr_setpgroup(attributes, 0);
    return e ? e
             : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                        POSIX_SPAWN_SETPGROUP);
}

/* An errno, or 0. */
static int spawn(child *c, const char *command, int out)
{
    char sh[] = "sh", option[] = "-c";
    char *argv[] = {sh, option, (char *)(uintptr_t)command, NULL}; /* only read */
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int e = posix_spawn_file_actions_init(&files);
    if (e)
        return e;
    e = posix_spawnattr_init(&attributes);
    if (!e) {
        e = set_files(&files, out);
        if (!e)
            e = set_signals(&attributes);
        if (!e)
            e = posix_spawn(&c->pid, "/bin/sh", &files, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    return e;
}

static cw_status start(child *c, const char *command, cw_error *err)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return cw__fail_errno(err, errno, "cannot run the credential_process");
    int e = spawn(c, command, fds[1]);
    close(fds[1]);
    c->fd = fds[0];
    if (!e)
        return CW_OK;
    close(fds[0]);
    return cw__fail_errno(err, e, "cannot run the credential_process");
}

/* ---- reading and waiting ---- */

static bool is_out_of_time(const child *c, const cw__asking *how)
{
    return cw__asking_stopped(how) || cw__clock_mono_ms() >= c->deadline;
}

static cw_status took_too_long(const child *c, const cw__asking *how, cw_error *err)
{
    if (cw__asking_stopped(how))
        return cw__fail(err, CW_E_CANCELLED, "the client is being released");
    return cw__fail(err, CW_E_TIMEOUT,
                    "the credential_process of profile '%s' took longer than %d s", c->profile,
                    PATIENCE_MS / 1000);
}

static cw_status read_output(const child *c, const cw__asking *how, cw__text *out, cw_error *err)
{
    ssize_t got = 1;
    if (!cw__text_reserve(out, LARGEST_OUTPUT))
        return cw__fail_memory(err, "running the credential_process");
    while (got != 0 && out->n < LARGEST_OUTPUT) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        if (is_out_of_time(c, how))
            return took_too_long(c, how, err);
        if (poll(&p, 1, LOOK_EVERY_MS) <= 0)
            continue;
        got = read(c->fd, out->p + out->n, LARGEST_OUTPUT - out->n);
        if (got > 0)
            out->n += (size_t)got;
        else if (got < 0 && errno != EINTR)
            return cw__fail_errno(err, errno, "cannot read from the credential_process");
    }
    return CW_OK;
}

static cw_status judge_exit(const child *c, int how_it_ended, cw_error *err)
{
    if (WIFEXITED(how_it_ended) && WEXITSTATUS(how_it_ended) == 0)
        return CW_OK;
    return cw__fail(err, CW_E_UNAVAILABLE,
                    "the credential_process of profile '%s' %s %d: run it by hand to see why",
                    c->profile, WIFEXITED(how_it_ended) ? "exited with" : "was ended by signal",
                    WIFEXITED(how_it_ended) ? WEXITSTATUS(how_it_ended) : WTERMSIG(how_it_ended));
}

static cw_status wait_for_exit(const child *c, const cw__asking *how, cw_error *err)
{
    int how_it_ended = 0;
    for (;;) {
        pid_t got = waitpid(c->pid, &how_it_ended, WNOHANG);
        if (got == c->pid)
            return judge_exit(c, how_it_ended, err);
        if (got < 0 && errno != EINTR)
            return CW_OK;
        if (is_out_of_time(c, how))
            break;
        cw__clock_sleep_ms(1);
    }
    kill(-c->pid, SIGKILL);
    while (waitpid(c->pid, &how_it_ended, 0) < 0 && errno == EINTR)
        ;
    return took_too_long(c, how, err);
}

static cw_status check_version(const cw__text *output, cw_error *err)
{
    cw__json *json;
    int64_t version = 0;
    cw_error why = {0};
    cw_status status = cw__json_parse(&json, output->p, output->n, &why);
    if (status != CW_OK)
        return cw__fail(err, status, "what the credential_process printed is %s", why.message);
    bool known = cw__json_int(cw__json_member(cw__json_root(json), "Version"), &version);
    cw__json_free(json);
    if (known && version == 1)
        return CW_OK;
    return cw__fail(
        err, CW_E_PROTOCOL,
        "what the credential_process printed has no \"Version\": 1, the only one known");
}

cw_status cw__process_keys(const char *command, const char *profile, const cw__asking *how,
                           cw__keys **out, cw_error *err)
{
    child c = {.deadline = cw__clock_mono_ms() + PATIENCE_MS, .profile = profile};
    cw__text output = {.secret = true};
    cw_error after = {0};
    *out = NULL;
    cw_status status = start(&c, command, err);
    if (status != CW_OK)
        return status;
    status = read_output(&c, how, &output, err);
    close(c.fd);
    if (status != CW_OK)
        kill(-c.pid, SIGKILL);
    cw_status ended = wait_for_exit(&c, how, &after);
    if (status == CW_OK && ended != CW_OK) {
        cw__error_copy(err, &after);
        status = ended;
    }
    if (status == CW_OK)
        status = check_version(&output, err);
    if (status == CW_OK)
        status = cw__credentials_parse_json(out, output.p, output.n, "SessionToken",
                                            "credential_process", "the credential_process", err);
    cw__text_free(&output);
    return status;
}
