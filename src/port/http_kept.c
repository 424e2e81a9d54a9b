/* http_kept.c - connections that no transfer uses, kept for the next one to the same server
 *
 * Few, and seldom for long: what follows a range of an object is the next range. So a list will do,
 * and what has been idle for a while is not trusted: a server, or something in between, may have
 * given it up.
 */
#include "port/http_kept.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

#include <sys/socket.h>

enum { TRUSTED_MS = 60 * 1000 };

struct cw__http_kept_connection {
    struct cw__http_kept_connection *older;
    int fd;
    uint64_t since_ms;
    char server[]; /* "http://host:port" */
};

static size_t server_length(const char *url)
{
    const char *host = strstr(url, "://");
    return host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?") : strlen(url);
}

static bool is_to(const cw__http_kept_connection *c, const char *url)
{
    size_t n = server_length(url);
    return strncmp(c->server, url, n) == 0 && !c->server[n];
}

/* Nothing is to be read: neither an end, nor what nobody asked for. */
static bool is_alive(const cw__http_kept_connection *c, uint64_t now_ms)
{
    char byte;
    return now_ms - c->since_ms < TRUSTED_MS &&
           recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

static int remove_at(cw__http_kept *k, cw__http_kept_connection **at)
{
    cw__http_kept_connection *c = *at;
    int fd = c->fd;
    *at = c->older;
    k->count--;
    cw__free(c);
    return fd;
}

void cw__http_kept_add(cw__http_kept *k, int fd, const char *url, uint64_t now_ms)
{
    size_t n = server_length(url);
    cw__http_kept_connection *c = cw__alloc_zero(sizeof *c + n + 1);
    if (!c) {
        close(fd);
        return;
    }
    c->fd = fd;
    c->since_ms = now_ms;
    memcpy(c->server, url, n);
    c->older = k->newest;
    k->newest = c;
    k->count++;
}

int cw__http_kept_take(cw__http_kept *k, const char *url, uint64_t now_ms)
{
    cw__http_kept_connection **at = &k->newest;
    while (*at) {
        if (!is_to(*at, url)) {
            at = &(*at)->older;
        } else if (is_alive(*at, now_ms)) {
            return remove_at(k, at);
        } else {
            close(remove_at(k, at));
        }
    }
    return -1;
}

void cw__http_kept_drop(cw__http_kept *k)
{
    cw__http_kept_connection **at = &k->newest;
    while (*at && (*at)->older)
        at = &(*at)->older;
    if (*at)
        close(remove_at(k, at));
}
