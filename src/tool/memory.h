/* memory.h - allocation for a command: it works, or the command ends with exit code 1 */
#ifndef CW_TOOL_MEMORY_H
#define CW_TOOL_MEMORY_H

#include <stddef.h>

void *tool_alloc(size_t bytes); /* zeroed */
void *tool_realloc(void *p, size_t bytes);
char *tool_strdup(const char *s);
char *tool_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
