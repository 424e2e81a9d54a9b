/* http_sockets.h - the sockets that libcurl wants watched, and one poll(2) over them
 *
 * Belongs to one thread; only cw__sockets_wakeup may be called from others.
 */
#ifndef CW_PORT_HTTP_SOCKETS_H
#define CW_PORT_HTTP_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include <poll.h>

typedef struct cw__sockets_ready {
    int fd;
    bool readable, writable; /* an error or a hangup is both */
} cw__sockets_ready;

typedef struct cw__sockets {
    struct pollfd *polls; /* the first is the reading end of `wakeup` */
    cw__sockets_ready *ready;
    size_t count, capacity;
    int wakeup[2];
} cw__sockets;

/** Room for `expected` sockets. 0, or an errno; then nothing is left open. */
int cw__sockets_open(cw__sockets *s, size_t expected);
void cw__sockets_close(cw__sockets *s);

/** Watch a socket from now on, or for something else than before. false: out of memory. */
bool cw__sockets_watch(cw__sockets *s, int fd, bool reading, bool writing);
void cw__sockets_forget(cw__sockets *s, int fd);

/** Wait for any of them. How many of `ready` are filled; they hold until the next wait. */
size_t cw__sockets_wait(cw__sockets *s, int timeout_ms);

/** Make a waiting or the next cw__sockets_wait return at once. From any thread. */
void cw__sockets_wakeup(cw__sockets *s);

#endif
