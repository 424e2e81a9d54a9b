/* memory.c - allocation for a command: it works, or the command ends with exit code 1
 *
 * Ending by exit() is safe: the library then aborts what is open, and nothing is published.
 */
#include "memory.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
    if (!p) {
        fputs("cloudwriter: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

void *tool_alloc(size_t bytes)
{
    return checked(calloc(1, bytes ? bytes : 1));
}

void *tool_realloc(void *p, size_t bytes)
{
    return checked(realloc(p, bytes ? bytes : 1));
}

void *tool_append(void *list, size_t *count, const void *item, size_t size)
{
    char *grown = tool_realloc(list, (*count + 1) * size);

    memcpy(grown + (*count)++ * size, item, size);
    return grown;
}

char *tool_strdup(const char *s)
{
    return checked(strdup(s));
}

char *tool_format(const char *fmt, ...)
{
    char *text = NULL;
    va_list args;
    int n;

    va_start(args, fmt);
    n = vasprintf(&text, fmt, args);
    va_end(args);
    return checked(n < 0 ? NULL : text);
}
