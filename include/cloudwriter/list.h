/* list.h - what is under a prefix, in the order of the keys' bytes
 *
 *     cw_list *l;
 *     const cw_list_entry *e;
 *     if (cw_list_open(&l, client, "s3://bucket/logs/", NULL, &err) == CW_OK) {
 *         while ((st = cw_list_next(l, &e, &err)) == CW_OK && e)
 *             puts(e->url);
 *         cw_list_close(l);
 *     }
 *
 * Keys are bytes: whatever stands in one (%, +, spaces, control characters) arrives as it is.
 * The same for file:// (or a path) and mem://, where a key is the whole path, or name. A list
 * belongs to one thread at a time.
 */
#ifndef CLOUDWRITER_LIST_H
#define CLOUDWRITER_LIST_H

#include <cloudwriter/client.h>

CW_BEGIN_DECLS

typedef struct cw_list cw_list;

typedef struct cw_list_options {
    size_t struct_size;
    const char *delimiter;   /**< keys that have it after the prefix are told as one entry: all up
                                  to it, with is_prefix set. NULL: none */
    const char *start_after; /**< only what comes after this key; NULL: from the start */
    unsigned page_keys;      /**< for each request; default and most 1,000 */
    int versions;            /**< every version and delete marker, the latest first. S3 only */
    const char *glob;        /**< only what goes on as this pattern behind the URL, which itself is
                                  taken as it is. Not with a delimiter. NULL: everything */
} cw_list_options;

#define CW_LIST_OPTIONS_INIT CW_OPTIONS_INIT(cw_list_options)

/*
 * Patterns: '*' is anything within a name, '?' one character of it, "[a-z]" one of these and
 * "[!a-z]" one of the others; "**" is anything, slashes too, and in "**" "/x" also no folder at
 * all, so that x and a/b/x are found; "{this,that}" is one of several, which may be patterns; '\\'
 * takes away the meaning of what follows. At most 1,024 bytes.
 *
 * Only what begins as the pattern does is listed. Where a page ends among keys that share a
 * beginning with which nothing matches, the next one starts behind all of these.
 */

/** Valid until the next call on the list. Strings are "" where nothing is said. */
typedef struct cw_list_entry {
    const char *key; /**< whole: of a file its path, in memory its name */
    const char *url; /**< for the other verbs */
    uint64_t bytes;
    int64_t modified_ms; /**< since 1970-01-01 UTC; 0: not said */
    const char *etag;    /**< without quotes */
    const char *storage_class;
    const char *version_id; /**< with `versions` */
    int is_prefix;          /**< no object: keys that have this in common */
    int is_latest;          /**< with `versions` */
    int is_delete_marker;   /**< with `versions` */
    uint64_t reserved[6];
} cw_list_entry;

/**
 * Begin a list of what begins with a URL: s3://bucket, s3://bucket/prefix, file:///folder/,
 * file:///folder/prefix, mem://prefix, mem://. The prefix is bytes too: "logs" is also that of
 * "logs2/a"; write "logs/" for a folder. Sends nothing yet, so a missing bucket is told by the
 * first cw_list_next; a missing folder is an empty list, as a missing prefix is.
 *
 * Of files, folders are no entries, but with the delimiter "/" each is one prefix, empty ones too.
 * Symlinks to files are listed, those to folders are not followed; what a writer has not published
 * yet is left out.
 *
 * A directory bucket (name--ZONE--x-s3) lists in no order, without versions, start_after and
 * delimiters but "/".
 * @param c  needed for s3:// alone
 * @return CW_OK; CW_E_INVALID_ARGUMENT, also for a pattern that is none; CW_E_UNSUPPORTED for
 *         versions of files, and for what a directory bucket does not do
 */
CW_CHECKED cw_status cw_list_open(cw_list **out, cw_client *c, const char *url,
                                  const cw_list_options *o, cw_error *err);

/**
 * The next entry, or NULL in *out at the end. A request for each page, when it is needed. An error
 * ends the list: it is answered again from then on.
 * @return CW_OK; CW_E_BUCKET_NOT_FOUND; CW_E_PERMISSION; CW_E_PROTOCOL: the service's list does not
 *         go on as it must; …
 */
CW_CHECKED cw_status cw_list_next(cw_list *l, const cw_list_entry **out, cw_error *err);

/** NULL is fine. */
CW_API void cw_list_close(cw_list *l);

CW_END_DECLS

#endif
