/* ini.h - the lines of the shared AWS files, as the AWS tools read them
 *
 *     [section]            ; comments begin a line, or follow a blank in one
 *     key = value
 *       continued          (indented further than its key: one more line of the value)
 *     key =
 *       nested = value     (the same, below a key that has no value)
 */
#ifndef CW_S3_INI_H
#define CW_S3_INI_H

#include <stdbool.h>
#include <stddef.h>
#include <cloudwriter/status.h>

/** One setting. Strings last for the call. */
typedef struct cw__ini_item {
    const char *section; /* what stands between the brackets, trimmed, its blanks single */
    const char *key;     /* lower case; "" tells of the section alone, before its keys */
    const char *nested;  /* lower case; NULL for a setting that is not nested */
    const char *value;
} cw__ini_item;

/** Answers false when out of memory. */
typedef bool (*cw__ini_take)(void *user, const cw__ini_item *item);

/**
 * Tell `take` of every section and every setting, in order. Any bytes may come in.
 * @param path  for messages only
 * @return CW_OK; CW_E_INVALID_ARGUMENT with path and line; CW_E_NO_MEMORY
 */
cw_status cw__ini_read(const char *text, size_t n, const char *path, cw__ini_take take, void *user,
                       cw_error *err);

#endif
