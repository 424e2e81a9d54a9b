/* tls_batch.h - let OpenSSL's records of an upload leave in few large writes
 *
 * libcurl with OpenSSL writes every TLS record of 16 KiB with a system call of its own. A filter
 * BIO between the connection and its socket gathers the records and writes them together.
 */
#ifndef CW_PORT_TLS_BATCH_H
#define CW_PORT_TLS_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* Gathered for one write: 16 records with what TLS adds to each. A quarter MiB measured as well
     * as a half, and better than less or more. */
    CW__TLS_BATCH_BYTES = 16 * (16 * 1024 + 64),
    CW__TLS_BATCH_TAIL = 16 * 1024 /* the end of a body is never gathered */
};

/** Belongs to one thread and outlives the connections that it touched. */
typedef struct cw__tls_batch cw__tls_batch;

/** NULL when out of memory, or when batching is not possible with this libcurl. */
cw__tls_batch *cw__tls_batch_new(const char *curl_ssl_version);

/** Every connection has to be closed. NULL is fine. */
void cw__tls_batch_free(cw__tls_batch *batch);

/**
 * Say whether what this connection writes from now on is gathered (`ssl` is its SSL *).
 * @return whether it is
 */
bool cw__tls_batch_gather(cw__tls_batch *batch, void *ssl, bool on);

typedef struct cw__tls_batch_stats {
    uint64_t records;       /* writes that OpenSSL asked for while gathering */
    uint64_t writes;        /* writes of gathered bytes */
    uint64_t written_bytes; /* by those */
    size_t buffers;         /* allocated now, in use or not */
    size_t buffers_idle;
} cw__tls_batch_stats;

void cw__tls_batch_get_stats(const cw__tls_batch *batch, cw__tls_batch_stats *out);

#endif
