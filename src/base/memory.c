/* memory.c - every allocation of the library goes through here
 *
 * Owns the one allocator of the process. It is set before any thread of the library exists, so it
 * is read without a lock.
 */
#include "base/memory.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cloudwriter/sys/allocator.h>

enum { HUGE_PAGE = 2 << 20 };

static void *standard_alloc(void *user, size_t bytes)
{
    (void)user;
    return malloc(bytes);
}

static void *standard_realloc(void *user, void *p, size_t bytes)
{
    (void)user;
    return realloc(p, bytes);
}

static void standard_free(void *user, void *p)
{
    (void)user;
    free(p);
}

static const cw_allocator standard = {standard_alloc, standard_realloc, standard_free, NULL};
static cw_allocator current = {standard_alloc, standard_realloc, standard_free, NULL};

/* NULL has to mean "out of memory" and nothing else, so nobody asks for zero bytes. */
static size_t at_least_one(size_t bytes)
{
    return bytes ? bytes : 1;
}

void *cw__alloc(size_t bytes)
{
    return current.alloc(current.user, at_least_one(bytes));
}

void *cw__alloc_zero(size_t bytes)
{
    void *p = cw__alloc(bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

void *cw__realloc(void *p, size_t bytes)
{
    return current.realloc(current.user, p, at_least_one(bytes));
}

void cw__free(void *p)
{
    if (p)
        current.free(current.user, p);
}

/* ---- buffers of megabytes ---- */

enum { MAPPED = HUGE_PAGE };

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WATCHED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WATCHED
#endif

/* A program that brings its own allocator wants to see everything, and so do sanitizers. */
static bool is_mapped(size_t room)
{
#ifdef WATCHED
    (void)room;
    return false;
#else
    return room >= MAPPED && current.alloc == standard_alloc;
#endif
}

static size_t whole_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (bytes + page - 1) / page * page;
}

/* On huge pages where there are some, for which it begins at one: what lies across two would be on
   neither. Most of what a buffer holds is touched for the first time. */
static void *map(size_t bytes)
{
    size_t wanted = whole_pages(bytes), before;
    char *all;

    if (wanted > SIZE_MAX - HUGE_PAGE)
        return NULL;
    all =
        mmap(NULL, wanted + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    before = HUGE_PAGE - 1 - ((uintptr_t)all + HUGE_PAGE - 1) % HUGE_PAGE;
    if (before)
        (void)munmap(all, before);
    if (before < HUGE_PAGE)
        (void)munmap(all + before + wanted, HUGE_PAGE - before);
#ifdef MADV_HUGEPAGE
    (void)madvise(all + before, wanted, MADV_HUGEPAGE);
#endif
    return all + before;
}

/* Where there is no room behind it, its pages move to where it begins at a huge one again. */
static void *remap(void *p, size_t room, size_t bytes)
{
    void *to = mremap(p, room, bytes, 0), *moved;

    if (to != MAP_FAILED)
        return to;
    to = map(bytes);
    if (!to)
        return NULL;
    moved = mremap(p, room, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
    if (moved == MAP_FAILED)
        (void)munmap(to, bytes);
    return moved == MAP_FAILED ? NULL : moved;
}

/* From the heap to a mapping, or back. */
static void *move(void *p, size_t room, size_t bytes)
{
    void *to = is_mapped(bytes) ? map(bytes) : cw__alloc(bytes);

    if (to && room)
        memcpy(to, p, room < bytes ? room : bytes);
    if (to)
        cw__buffer_free(p, room);
    return to;
}

void *cw__buffer_realloc(void *p, size_t room, size_t bytes)
{
    if (!is_mapped(room) && !is_mapped(bytes))
        return cw__realloc(p, bytes);
    if (!is_mapped(room) || !is_mapped(bytes))
        return move(p, room, bytes);
    return remap(p, room, bytes);
}

void cw__buffer_free(void *p, size_t room)
{
    if (p && is_mapped(room))
        (void)munmap(p, room);
    else
        cw__free(p);
}

void *cw__array_grow(void *p, size_t count, size_t *room, size_t item_bytes, size_t first)
{
    size_t more = *room ? 2 * *room : first;

    if (count < *room)
        return p;
    p = cw__realloc(p, more * item_bytes);
    if (p)
        *room = more;
    return p;
}

char *cw__strdup(const char *s)
{
    return s ? cw__strndup(s, strlen(s)) : NULL;
}

char *cw__strndup(const char *s, size_t n)
{
    if (!s)
        return NULL;
    size_t length = strnlen(s, n);
    char *copy = cw__alloc(length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, s, length);
    copy[length] = '\0';
    return copy;
}

void cw__wipe(void *p, size_t bytes)
{
    if (p)
        explicit_bzero(p, bytes);
}

void cw__free_secret(char *s)
{
    if (s)
        cw__wipe(s, strlen(s));
    cw__free(s);
}

void cw_allocator_install(const cw_allocator *a)
{
    current = a ? *a : standard;
}
