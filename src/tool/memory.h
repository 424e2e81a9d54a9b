/* memory.h - allocation for a command: it works, or the command ends with exit code 1 */
#ifndef CW_TOOL_MEMORY_H
#define CW_TOOL_MEMORY_H

#include <stddef.h>

void *tool_alloc(size_t bytes); /* zeroed */
void *tool_realloc(void *p, size_t bytes);
char *tool_strdup(const char *s);
char *tool_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** Copy an item of `size` bytes behind the `count` others. @return where the list is now */
void *tool_append(void *list, size_t *count, const void *item, size_t size);

#endif
