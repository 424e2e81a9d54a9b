/* json.c - one JSON object as one line of text */
#include "json.h"
#include "memory.h"
#include "utf8.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add_n(struct json *j, const char *p, size_t n)
{
    if (j->n + n + 1 > j->capacity) {
        j->capacity = 2 * (j->n + n + 1);
        j->text = tool_realloc(j->text, j->capacity);
    }
    memcpy(j->text + j->n, p, n);
    j->n += n;
    j->text[j->n] = '\0';
}

static void add(struct json *j, const char *s)
{
    add_n(j, s, strlen(s));
}

static void add_quoted(struct json *j, const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    char escape[8];

    add(j, "\"");
    while (*p) {
        size_t n = utf8_length(p, strnlen((const char *)p, 4));
        if (*p < 0x20 || *p == '"' || *p == '\\' || *p == 0x7F) {
            snprintf(escape, sizeof escape, "\\u%04x", *p);
            add(j, escape);
            n = 1;
        } else if (n == 0) {
            add(j, "\\ufffd");
            n = 1;
        } else {
            add_n(j, (const char *)p, n);
        }
        p += n;
    }
    add(j, "\"");
}

static void add_name(struct json *j, const char *name)
{
    if (j->comma)
        add(j, ",");
    j->comma = true;
    if (name) {
        add_quoted(j, name);
        add(j, ":");
    }
}

void json_begin(struct json *j, const char *name)
{
    add_name(j, name);
    add(j, "{");
    j->comma = false;
}

void json_end(struct json *j)
{
    add(j, "}");
    j->comma = true;
}

void json_string(struct json *j, const char *name, const char *value)
{
    add_name(j, name);
    if (value)
        add_quoted(j, value);
    else
        add(j, "null");
}

void json_string_if(struct json *j, const char *name, const char *value)
{
    if (value[0])
        json_string(j, name, value);
}

static void add_number(struct json *j, const char *name, const char *digits)
{
    add_name(j, name);
    add(j, digits);
}

void json_uint(struct json *j, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    add_number(j, name, text);
}

void json_int(struct json *j, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    add_number(j, name, text);
}

/* To the millisecond. The command never calls setlocale, so the point is a point. */
void json_seconds(struct json *j, const char *name, double value)
{
    char text[40];
    snprintf(text, sizeof text, "%.3f", value);
    add_number(j, name, text);
}
