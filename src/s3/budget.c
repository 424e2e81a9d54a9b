/* budget.c - how the memory of a client is shared out between connections and slabs */
#include "s3/budget.h"

#include "base/error.h"
#include "base/pool.h"
#include "port/http.h"

static const uint64_t mib = 1024 * 1024;

/* Memory for which one more connection is worth its buffers. */
enum { MIB_PER_CONNECTION = 8, LEAST_CONNECTIONS = 2 };

/* What a client needs besides: libcurl's and TLS's own, certificates, slack of the allocator.
 * Measured by bench/run --only rss. */
enum { BESIDES_MIB = 5 };

static unsigned connections_for(uint64_t memory_bytes, unsigned io_threads, unsigned limit)
{
    uint64_t n = memory_bytes / (MIB_PER_CONNECTION * mib) / io_threads;

    if (n > limit)
        n = limit;
    return n < LEAST_CONNECTIONS ? LEAST_CONNECTIONS : (unsigned)n;
}

cw_status cw__budget_split(cw__budget *out, uint64_t memory_bytes, unsigned io_threads,
                           unsigned max_connections, bool tls, cw_error *err)
{
    uint64_t memory = memory_bytes ? memory_bytes : CW__DEFAULT_MEMORY_MIB * mib;
    uint64_t buffers;

    out->connections = connections_for(memory, io_threads,
                                       max_connections ? max_connections : CW__DEFAULT_CONNECTIONS);
    buffers = (uint64_t)out->connections * io_threads * cw__http_connection_bytes(tls) +
              BESIDES_MIB * mib;
    if (memory < CW__SMALLEST_MEMORY_MIB * mib || memory < buffers + CW__SLAB_BYTES)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "memory_bytes is %llu: it must be at least %d MiB, and more with many "
                        "io_threads",
                        (unsigned long long)memory, CW__SMALLEST_MEMORY_MIB);
    out->slab_bytes = memory - buffers;
    return CW_OK;
}
