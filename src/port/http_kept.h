/* http_kept.h - connections that no transfer uses, kept for the next one to the same server
 *
 * Beside those that libcurl keeps: these were taken from it (http_direct.c), and go back to it as
 * sockets that are connected already. Belongs to one thread.
 */
#ifndef CW_PORT_HTTP_KEPT_H
#define CW_PORT_HTTP_KEPT_H

#include <stdint.h>

typedef struct cw__http_kept_connection cw__http_kept_connection;

/** Zero-initialise. */
typedef struct cw__http_kept {
    cw__http_kept_connection *newest;
    unsigned count;
} cw__http_kept;

/** Keep `fd`, of a request to `url`, or close it if there is no memory. */
void cw__http_kept_add(cw__http_kept *k, int fd, const char *url, uint64_t now_ms);

/**
 * One to the server of `url` that is alive, as far as can be seen, the newest first.
 * @return -1: there is none
 */
int cw__http_kept_take(cw__http_kept *k, const char *url, uint64_t now_ms);

/** Close the oldest, if there is any. */
void cw__http_kept_drop(cw__http_kept *k);

#endif
