/* memory.h - every allocation of the library goes through here
 *
 * The functions behave as their namesakes in <stdlib.h> and <string.h>, on the allocator that
 * cw_allocator_install chose. Any of them may answer NULL.
 */
#ifndef CW_BASE_MEMORY_H
#define CW_BASE_MEMORY_H

#include <stddef.h>

void *cw__alloc(size_t bytes);
void *cw__alloc_zero(size_t bytes);
void *cw__realloc(void *p, size_t bytes);
void cw__free(void *p);

/**
 * For buffers that grow to megabytes and come and go: from two megabytes on they are taken from the
 * system, and given back, at once. On the heap they would leave holes that others do not fill, and
 * more of them with each thread. `room` is what the buffer has, 0 with NULL: it tells which it is.
 */
void *cw__buffer_realloc(void *p, size_t room, size_t bytes);
void cw__buffer_free(void *p, size_t room);

/**
 * Room for one more behind the `count` items of an array that doubles; there is room for `first` of
 * them to begin with. Answers where it is from now on; NULL: out of memory, and it stays as it is.
 */
void *cw__array_grow(void *p, size_t count, size_t *room, size_t item_bytes, size_t first);

/** A copy of `s`, or NULL for NULL and when out of memory. */
char *cw__strdup(const char *s);
char *cw__strndup(const char *s, size_t n);

/** Overwrite a secret so that the compiler cannot leave it out. NULL is fine. */
void cw__wipe(void *p, size_t bytes);

/** Wipe and free a string. NULL is fine. */
void cw__free_secret(char *s);

#endif
