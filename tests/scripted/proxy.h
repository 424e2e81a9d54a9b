/* proxy.h - a small proxy for one test: CONNECT, requests with a whole URL, SOCKS 4 and 5
 *
 * One thread for each connection, whose first byte tells what is spoken. A plain request is sent on
 * with "Connection: close", so that one connection is one request. What to refuse is set before the
 * start. Whatever the target's name is, it is looked for on this machine.
 */
#ifndef CW_TESTS_SCRIPTED_PROXY_H
#define CW_TESTS_SCRIPTED_PROXY_H

#include "listener.h"
#include "raw_server.h"

#include <poll.h>
#include <stdatomic.h>
#include <strings.h>

enum { PROXY_HEAD = 16 * 1024 };

typedef struct proxy {
    const char *authorization; /* "Basic …" that must come; NULL: none is wanted */
    const char *user;          /* the same for SOCKS, in version 5 with the password */
    const char *password;
    int refuse_with; /* this status to everything; 0: nothing is refused */
    bool silent;     /* accepts, and says nothing */
    char url[64];    /* "http://127.0.0.1:PORT" */
    int port;
    atomic_uint connects, requests, socks4, socks5, refusals;
    char last_target[256]; /* HOST:PORT of a CONNECT or of SOCKS, or the URL of a request */

    listener listener;
    pthread_mutex_t lock;
} proxy;

/* Up to and with the empty line, and what came with it; 0: none came. */
static inline size_t proxy_read_head(int fd, char *head, size_t *n)
{
    *n = 0;
    while (*n < PROXY_HEAD) {
        ssize_t got = recv(fd, head + *n, PROXY_HEAD - *n, 0);
        if (got <= 0)
            return 0;
        *n += (size_t)got;
        head[*n] = '\0';
        char *end = strstr(head, "\r\n\r\n");
        if (end)
            return (size_t)(end - head) + 4;
    }
    return 0;
}

static inline void proxy_say(int fd, int status, const char *more)
{
    char text[256];
    int n = snprintf(text, sizeof text, "HTTP/1.1 %d Whatever\r\nContent-Length: 0\r\n%s\r\n",
                     status, more);
    raw_say(fd, text, (size_t)n);
}

static inline int proxy_dial(const char *target)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *port = strrchr(target, ':');
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    a.sin_port = htons((uint16_t)atoi(port ? port + 1 : "80"));
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static inline void proxy_pass(int a, int b)
{
    static const size_t size = 64 * 1024;
    struct pollfd p[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    char *bytes = malloc(size);
    bool open = bytes != NULL;
    while (open && poll(p, 2, 30000) > 0)
        for (int i = 0; open && i < 2; i++) {
            if (!p[i].revents)
                continue;
            ssize_t got = recv(p[i].fd, bytes, size, 0);
            open = got > 0 && raw_say(p[!i].fd, bytes, (size_t)got);
        }
    free(bytes);
}

static inline bool proxy_lets_in(proxy *p, int fd, const char *head)
{
    static const char name[] = "\r\nProxy-Authorization: ";
    const char *at = strstr(head, name);
    size_t n = p->authorization ? strlen(p->authorization) : 0;
    bool known = !n || (at && strncmp(at + sizeof name - 1, p->authorization, n) == 0);
    if (known && !p->refuse_with)
        return true;
    atomic_fetch_add(&p->refusals, 1); /* before the client can know */
    if (p->refuse_with)
        proxy_say(fd, p->refuse_with, "");
    else
        proxy_say(fd, 407, "Proxy-Authenticate: Basic realm=\"x\"\r\n");
    return false;
}

static inline void proxy_note(proxy *p, const char *target, size_t n)
{
    pthread_mutex_lock(&p->lock);
    snprintf(p->last_target, sizeof p->last_target, "%.*s", (int)n, target);
    pthread_mutex_unlock(&p->lock);
}

/* "PUT http://host:port/path HTTP/1.1" becomes "PUT /path HTTP/1.1". */
static inline void proxy_request(proxy *p, int fd, const char *head, size_t n)
{
    const char *url = strchr(head, ' ') + 1, *host = url + strlen("http://");
    const char *path = host + strcspn(host, "/ "), *line_end = strstr(path, "\r\n");
    char target[128];
    proxy_note(p, url, strcspn(url, " "));
    snprintf(target, sizeof target, "%.*s", (int)(path - host), host);
    int out = proxy_dial(target);
    if (out < 0) {
        proxy_say(fd, 502, "");
        return;
    }
    static const char close_it[] = "\r\nConnection: close";
    if (raw_say(out, head, (size_t)(url - head)) && raw_say(out, path, (size_t)(line_end - path)) &&
        raw_say(out, close_it, strlen(close_it)) &&
        raw_say(out, line_end, n - (size_t)(line_end - head)))
        proxy_pass(fd, out);
    close(out);
}

static inline void proxy_connect(proxy *p, int fd, const char *head)
{
    char target[128];
    const char *at = head + strlen("CONNECT ");
    proxy_note(p, at, strcspn(at, " "));
    snprintf(target, sizeof target, "%.*s", (int)strcspn(at, " "), at);
    int out = proxy_dial(target);
    if (out < 0) {
        proxy_say(fd, 502, "");
        return;
    }
    static const char yes[] = "HTTP/1.1 200 Go ahead\r\nx-of-the-proxy: 1\r\n\r\n";
    if (raw_say(fd, yes, strlen(yes)))
        proxy_pass(fd, out);
    close(out);
}

/* ---- SOCKS ---- */

/* All of them or none. */
static inline bool proxy_read(int fd, void *p, size_t n)
{
    return n == 0 || recv(fd, p, n, MSG_WAITALL) == (ssize_t)n;
}

/* The text that `n` bytes of the stream are; it is cut where there is no room. */
static inline bool proxy_read_text(int fd, char out[256], size_t n)
{
    out[n < 256 ? n : 255] = '\0';
    return n < 256 && proxy_read(fd, out, n);
}

/* What ends in a zero byte. */
static inline bool proxy_read_string(int fd, char out[256])
{
    for (size_t n = 0; n < 256; n++)
        if (!proxy_read(fd, out + n, 1))
            return false;
        else if (!out[n])
            return true;
    return false;
}

/* Pass on, after `yes` has been said; `no` where the target cannot be had. */
static inline void proxy_socks_to(proxy *p, int fd, const char *host, const unsigned char port[2],
                                  const void *yes, const void *no, size_t n)
{
    char target[300];
    int where = snprintf(target, sizeof target, "%s:%d", host, port[0] << 8 | port[1]);
    proxy_note(p, target, (size_t)where);
    int out = proxy_dial(target);
    if (raw_say(fd, out < 0 ? no : yes, n) && out >= 0)
        proxy_pass(fd, out);
    if (out >= 0)
        close(out);
}

/* VERSION COMMAND PORT ADDRESS USER\0 [NAME\0]: with a name where the address is 0.0.0.x */
static inline void proxy_socks4(proxy *p, int fd)
{
    static const unsigned char yes[8] = {0, 0x5A}, no[8] = {0, 0x5B}, not_you[8] = {0, 0x5D};
    unsigned char head[8];
    char user[256], host[256];
    if (!proxy_read(fd, head, sizeof head) || !proxy_read_string(fd, user))
        return;
    bool named = head[4] == 0 && head[5] == 0 && head[6] == 0;
    if (named && !proxy_read_string(fd, host))
        return;
    if (!named)
        inet_ntop(AF_INET, head + 4, host, sizeof host);
    atomic_fetch_add(&p->socks4, 1);
    if (p->user && strcmp(p->user, user) != 0) {
        atomic_fetch_add(&p->refusals, 1);
        raw_say(fd, not_you, sizeof not_you);
        return;
    }
    proxy_socks_to(p, fd, host, head + 2, yes, no, sizeof yes);
}

/* 1 USER PASSWORD, each behind its length */
static inline bool proxy_socks5_lets_in(proxy *p, int fd)
{
    unsigned char n[2];
    char user[256], password[256];
    bool read = proxy_read(fd, n, 2) && proxy_read_text(fd, user, n[1]) && proxy_read(fd, n, 1) &&
                proxy_read_text(fd, password, n[0]);
    bool good = read && strcmp(user, p->user) == 0 && strcmp(password, p->password) == 0;
    if (!good)
        atomic_fetch_add(&p->refusals, 1);
    return raw_say(fd, good ? "\1\0" : "\1\1", 2) && good;
}

/* The way of showing who one is that both sides know: by password where the proxy wants one. */
static inline bool proxy_socks5_greets(proxy *p, int fd)
{
    unsigned char head[2], ways[255], want = p->user ? 2 : 0;
    if (!proxy_read(fd, head, 2) || !proxy_read(fd, ways, head[1]))
        return false;
    atomic_fetch_add(&p->socks5, 1);
    bool offered = memchr(ways, want, head[1]) != NULL;
    unsigned char chosen[2] = {5, offered ? want : 0xFF};
    if (!offered)
        atomic_fetch_add(&p->refusals, 1);
    return raw_say(fd, chosen, 2) && offered && (!want || proxy_socks5_lets_in(p, fd));
}

/* VERSION COMMAND 0 KIND ADDRESS PORT */
static inline void proxy_socks5(proxy *p, int fd)
{
    static const unsigned char yes[10] = {5, 0, 0, 1}, no[10] = {5, 5, 0, 1};
    unsigned char head[4], address[16], n, port[2];
    char host[256];
    if (!proxy_socks5_greets(p, fd) || !proxy_read(fd, head, sizeof head))
        return;
    if (head[3] == 3) {
        if (!proxy_read(fd, &n, 1) || !proxy_read_text(fd, host, n))
            return;
    } else {
        if (!proxy_read(fd, address, head[3] == 4 ? 16 : 4))
            return;
        inet_ntop(head[3] == 4 ? AF_INET6 : AF_INET, address, host, sizeof host);
    }
    if (proxy_read(fd, port, 2))
        proxy_socks_to(p, fd, host, port, yes, no, sizeof yes);
}

/* ---- all of it ---- */

/* Is it that? Then it was served. */
static inline bool proxy_socks(proxy *p, int fd)
{
    unsigned char first = 0;
    if (p->silent || recv(fd, &first, 1, MSG_PEEK) != 1 || (first != 4 && first != 5))
        return false;
    if (first == 4)
        proxy_socks4(p, fd);
    else
        proxy_socks5(p, fd);
    return true;
}

static inline void proxy_http(proxy *p, int fd)
{
    char *head = malloc(PROXY_HEAD + 1);
    size_t n = 0, head_n = head && !p->silent ? proxy_read_head(fd, head, &n) : 0;
    bool tunnel = head_n && strncmp(head, "CONNECT ", 8) == 0;
    if (p->silent && head)
        while (recv(fd, head, PROXY_HEAD, 0) > 0)
            continue;
    if (head_n)
        atomic_fetch_add(tunnel ? &p->connects : &p->requests, 1);
    if (head_n && proxy_lets_in(p, fd, head)) {
        if (tunnel)
            proxy_connect(p, fd, head);
        else
            proxy_request(p, fd, head, n);
    }
    free(head);
}

static inline void proxy_serve(void *user, int fd)
{
    if (!proxy_socks(user, fd))
        proxy_http(user, fd);
}

static inline void proxy_start(proxy *p)
{
    pthread_mutex_init(&p->lock, NULL);
    listener_start(&p->listener, proxy_serve, p);
    p->port = p->listener.port;
    snprintf(p->url, sizeof p->url, "http://127.0.0.1:%d", p->port);
}

/** Cuts every connection. */
static inline void proxy_stop(proxy *p)
{
    listener_stop(&p->listener);
    pthread_mutex_destroy(&p->lock);
}

#endif
