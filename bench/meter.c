/* meter.c - run a command and write down what it cost
 *
 *     meter FILE COMMAND [ARG...]
 *
 * FILE gets one line of JSON: the exit code, wall clock, user and system CPU seconds, and peak RSS
 * in KiB, each of the command and of the children it waited for. A program of its own because a
 * process starts with the peak RSS of the one that forked it, and this one has next to none.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int write_down(const char *path, int code, double wall, const struct rusage *u)
{
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return -1;
    fprintf(f, "{\"exit\": %d, \"wall\": %.6f, \"user\": %.6f, \"sys\": %.6f, \"rss_kib\": %ld}\n",
            code, wall, seconds(u->ru_utime), seconds(u->ru_stime), u->ru_maxrss);
    return fclose(f);
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;
    if (argc < 3) {
        fprintf(stderr, "usage: %s FILE COMMAND [ARG...]\n", argv[0]);
        return 2;
    }
    double start = now();
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (child < 0) {
        perror("fork");
        return 1;
    }
    while (wait4(child, &status, 0, &usage) < 0)
        if (errno != EINTR)
            return 1;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (write_down(argv[1], code, now() - start, &usage) != 0) {
        perror(argv[1]);
        return 1;
    }
    return code;
}
