/* walk.h - from the sources of the command line to a list of files, each with its URL */
#ifndef CW_TOOL_WALK_H
#define CW_TOOL_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job {
    char *source; /* the path; "-" is standard input; NULL: the command of --exec */
    char *url;
    size_t below;  /* how many folders of `url` come from the walk */
    uint64_t size; /* of a plain file */
    bool sized;
    int os_errno; /* why it cannot be read, or 0 */
};

struct job_list {
    struct job *list;
    size_t count, capacity;
    const char
        *extension; /* set first: what names below a folder get in place of theirs; or NULL */
};

/**
 * List what is to be uploaded. Says what is skipped. A source that cannot be read becomes a job
 * with os_errno. Stops early on a signal. @return false on wrong usage, which it explains
 */
bool walk_sources(struct job_list *out, char **sources, size_t count, const char *url,
                  bool recursive);

/** The one job of a command. */
void walk_command(struct job_list *out, const char *url);

/** The sum of all sizes; 0 if one is not known. */
uint64_t walk_total(const struct job_list *jobs);

void walk_free(struct job_list *jobs);

#endif
