/* json.h - one JSON object as one line of text */
#ifndef CW_TOOL_JSON_H
#define CW_TOOL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Zero-initialise, then begin … end; free `text`. Members appear in the order of the calls. */
struct json {
    char *text;
    size_t n, capacity;
    bool comma; /* before the next member */
};

void json_begin(struct json *j, const char *name); /* name: NULL for the outermost */
void json_end(struct json *j);

/** What is not valid UTF-8 becomes U+FFFD. NULL becomes null. */
void json_string(struct json *j, const char *name, const char *value);

/** The same; but nothing at all for an empty string. */
void json_string_if(struct json *j, const char *name, const char *value);

void json_uint(struct json *j, const char *name, uint64_t value);
void json_int(struct json *j, const char *name, int64_t value);
void json_seconds(struct json *j, const char *name, double value);

#endif
