/* source.h - where the bytes come from: a file, standard input, or a command */
#ifndef CW_TOOL_SOURCE_H
#define CW_TOOL_SOURCE_H

#include "exec.h"
#include <cloudwriter/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct source {
    const char *name; /* for messages */
    int fd;
    bool blocking; /* may have nothing to give for a while: wait for it */
    bool regular;  /* `expected` bytes are there to be read */
    uint64_t expected;
    struct timespec changed;  /* when the file was last written to, at open */
    uint64_t deadline_ms;     /* on the monotonic clock; 0: none */
    void (*idle)(void *user); /* called about ten times a second while waiting */
    void *idle_user;
    struct command command;
};

/** Open one of the three; `s` is zeroed but for deadline and idle. */
cw_status source_open_file(struct source *s, const char *path, cw_error *err);
cw_status source_open_stdin(struct source *s, cw_error *err);
cw_status source_open_command(struct source *s, const char *text, cw_error *err);

/** Up to `cap` bytes; *got is 0 at the end. Fails on a signal, and when the deadline passed. */
cw_status source_read(struct source *s, void *p, size_t cap, size_t *got, cw_error *err);

/** After the end: was that all, and did the command succeed? */
cw_status source_finish(struct source *s, uint64_t total, cw_error *err);

/** Close it; ends a command that still runs. */
void source_close(struct source *s);

/** The monotonic clock. */
uint64_t source_now_ms(void);

#endif
