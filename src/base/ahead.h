/* ahead.h - memory that is read from one end to the other, sent for before it is needed
 *
 * Processors do so too, but only to the end of a page of memory.
 */
#ifndef CW_AHEAD_H
#define CW_AHEAD_H

#include <stdint.h>

enum { CW__LINE = 64 };

/* The line that will be read some 4 KiB from here; there need not be one. Inlined always: GCC
   before 14 takes a function that but prefetches for one that does nothing, and leaves its calls
   out. */
static inline __attribute__((always_inline)) void cw__send_ahead(const void *p)
{
    enum { AHEAD = 4096 };

    __builtin_prefetch((const void *)((uintptr_t)p + AHEAD));
}

#endif
