/* emit.h - settings in the words of other programs */
#ifndef CW_TOOL_EMIT_H
#define CW_TOOL_EMIT_H

#include <cloudwriter/cloudwriter.h>
#include <stdbool.h>

enum emit_target { EMIT_DUCKDB = 1, EMIT_POLARS, EMIT_FSSPEC, EMIT_PYARROW, EMIT_ENV };

/** What another program needs to know; any text may be NULL for nothing. */
struct emit_settings {
    char *region;
    char *scheme, *host; /* of the service: "http", "127.0.0.1:9000" */
    char *path;          /* before the bucket, "/prefix" or "" */
    char *bucket;        /* of an access point what stands for one in the host */
    char *arn;           /* of an access point */
    bool directory;      /* it is a directory bucket, which wants sessions */
    bool virtual_hosted;
    bool aws; /* the host is that which everybody takes for the region and the kind of bucket */
    char *ca_bundle;
    char *profile; /* if it is not the usual one */
    bool anonymous;
    cw_credentials keys; /* all NULL: the other program looks for itself */
    char *expires;
};

/**
 * Print them.
 * @return NULL, or why they cannot be put so (with `*about`, what it is about)
 */
const char *emit(enum emit_target target, const struct emit_settings *s, const char **about);

#endif
