/* sys/allocator.h - put the library's own memory where you want it */
#ifndef CLOUDWRITER_SYS_ALLOCATOR_H
#define CLOUDWRITER_SYS_ALLOCATOR_H

#include <cloudwriter/status.h>

CW_BEGIN_DECLS

/**
 * Where memory comes from. Each function is called from any thread and behaves as its namesake in
 * <stdlib.h>; `alloc` and `realloc` may answer NULL at any time.
 */
typedef struct cw_allocator {
    void *(*alloc)(void *user, size_t bytes);
    void *(*realloc)(void *user, void *p, size_t bytes);
    void (*free)(void *user, void *p);
    void *user;
} cw_allocator;

/**
 * Install an allocator for the whole process, or the standard one again with NULL.
 * Covers what this library allocates; libcurl, libcrypto, libxml2, zlib and zstd keep their own.
 * Call it before any client, writer or sink exists: memory is freed by the allocator of the
 * moment. Not thread-safe. The struct is copied.
 */
CW_API void cw_allocator_install(const cw_allocator *a);

CW_END_DECLS

#endif
