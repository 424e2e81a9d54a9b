/* place.h - URLs, what is below them, and what went wrong with one */
#ifndef CW_TOOL_PLACE_H
#define CW_TOOL_PLACE_H

#include "options.h"

struct place {
    char *url;
    uint64_t bytes;
};

struct places {
    struct place *list;
    size_t count;
};

/** A path or file:// URL? */
bool place_is_local(const char *url);

/** The URL with a slash at its end, to be freed. */
char *place_folder(const char *url);

/** The last part of a URL, what is behind its last slash. */
const char *place_name(const char *url);

/** Whether what is behind a prefix may become the path of a file: nothing leads out of it. */
bool place_is_safe(const char *path);

/**
 * Begin a list: of what the URL's pattern matches, with --glob; else of all below the folder that
 * it names.
 * @param how  nullable: then of what begins with the URL, as it says, where it is no pattern
 */
cw_status place_list(cw_list **out, const struct options *o, cw_client *client, const char *url,
                     const cw_list_options *how, cw_error *err);

/** What stands before the names of what place_list tells, with its slash. To be freed. */
char *place_base(const struct options *o, const char *url);

/** Say on standard error that there was nothing to do for a URL, unless asked to be quiet. */
void place_tell_none(const struct options *o, const char *url);

/** All that place_list tells. Says what is wrong, or that there is none. @return the exit code */
int place_collect(const struct options *o, cw_client *client, const char *url, struct places *out);
void place_free(struct places *p);

/** Say what went wrong with a URL. @return the exit code */
int place_failed(const struct options *o, const char *url, const cw_error *err);

/** A line about a URL: {"url": …, "status": …} with --json, else "WORDS  URL" unless --quiet. */
void place_tell(const struct options *o, const char *url, const char *words, const char *status);

#endif
