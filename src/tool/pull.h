/* pull.h - an object, or the beginning of one, into a file descriptor */
#ifndef CW_TOOL_PULL_H
#define CW_TOOL_PULL_H

#include "options.h"
#include "progress.h"

struct pull {
    const struct options *o;
    cw_client *client; /* NULL: not on a service */
    const char *url;
    int fd;
    const char *name; /* of fd, for messages */
    uint64_t from;    /* where it goes on: that much is there already */
    uint64_t most;    /* bytes at most; UINT64_MAX: all */
    uint64_t lines;   /* at most; UINT64_MAX: all */
    struct progress *progress;
    size_t slot; /* of the progress */

    cw_reader *reader; /* open from pull_open to pull_close */
    uint64_t bytes;    /* written to fd by this run */
    int output_errno;  /* why fd takes no more, or 0 */
};

/** Open the object with the options of the command line. */
cw_status pull_open(struct pull *p, cw_error *err);

/** All that is wanted. Fails when it is asked to stop. */
cw_status pull_run(struct pull *p, cw_error *err);

/**
 * Go past the first `bytes` of the object, which are in a file: they are verified with the rest,
 * where there is a checksum.
 * @return CW_OK; CW_E_INTEGRITY, when they are all of it, and other ones
 */
cw_status pull_past(struct pull *p, int fd, uint64_t bytes, cw_error *err);
void pull_close(struct pull *p);

/** A client for these URLs, or NULL where none of them is on a service. @return 0, or exit code */
int pull_client(struct options *o, char *const *urls, size_t count, cw_client **out);

/**
 * Do `work` on a thread of its own, draw the progress meanwhile, and answer what it answers. Asked
 * to stop it has a moment to end by itself; then the process is ended, with exit code 1.
 */
int pull_watched(int (*work)(void *user), void *user, struct progress *progress);

#endif
