/* exec.h - a command whose output is uploaded */
#ifndef CW_TOOL_EXEC_H
#define CW_TOOL_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct command {
    pid_t pid;      /* 0: none runs */
    bool own_group; /* it leads a process group, which is ended as a whole */
    bool ended;
    int status; /* as waitpid tells it, once ended */
};

/** Start 'sh -c TEXT' with its output in a pipe. @return 0, or an errno */
int command_start(struct command *c, const char *text, int *fd);

/** Look whether it has ended, without waiting. */
bool command_ended(struct command *c);

/** Ended, with exit code 0. */
bool command_succeeded(const struct command *c);

/** "exited with status 3", "was killed by signal 9 (Killed)". */
void command_describe(const struct command *c, char *out, size_t size);

/** End what still runs: politely, and after two seconds by force. */
void command_stop(struct command *c);

#endif
