/* budget.h - how the memory of a client is shared out between connections and slabs */
#ifndef CW_S3_BUDGET_H
#define CW_S3_BUDGET_H

#include <stdbool.h>
#include <stdint.h>
#include <cloudwriter/status.h>

enum { CW__DEFAULT_MEMORY_MIB = 128, CW__SMALLEST_MEMORY_MIB = 12, CW__DEFAULT_CONNECTIONS = 32 };

typedef struct cw__budget {
    unsigned connections; /* for each I/O thread */
    uint64_t slab_bytes;  /* for the parts of all writers */
} cw__budget;

/**
 * Share out `memory_bytes` (0: the default). What libcurl, TLS and the allocator need comes off
 * first. A connection that sends holds buffers of its own, so a small budget has few of them: one
 * for each 8 MiB, at least two.
 * @return CW_OK; CW_E_INVALID_ARGUMENT when it is too small
 */
cw_status cw__budget_split(cw__budget *out, uint64_t memory_bytes, unsigned io_threads,
                           unsigned max_connections, bool tls, cw_error *err);

#endif
