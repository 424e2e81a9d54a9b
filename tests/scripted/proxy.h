/* proxy.h - a small HTTP proxy for one test: CONNECT, and requests with a whole URL
 *
 * One thread for each connection. A plain request is sent on with "Connection: close", so that one
 * connection is one request. What to refuse is set before the start.
 */
#ifndef CW_TESTS_SCRIPTED_PROXY_H
#define CW_TESTS_SCRIPTED_PROXY_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PROXY_HEAD = 16 * 1024, PROXY_THREADS = 256 };

typedef struct proxy {
    const char *authorization; /* "Basic …" that must come; NULL: none is wanted */
    int refuse_with;           /* this status to everything; 0: nothing is refused */
    bool silent;               /* accepts, and says nothing */
    char url[64];              /* "http://127.0.0.1:PORT" */
    int port;
    atomic_uint connects, requests, refusals;
    char last_target[256]; /* HOST:PORT of a CONNECT, or the URL of a request */

    int listening;
    pthread_t acceptor;
    pthread_mutex_t lock;
    pthread_t threads[PROXY_THREADS];
    int sockets[PROXY_THREADS];
    size_t count;
} proxy;

typedef struct proxy_connection {
    proxy *p;
    int fd;
} proxy_connection;

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

static inline bool proxy_send(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = send(fd, p, n, MSG_NOSIGNAL);
        if (put <= 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

static inline void proxy_say(int fd, int status, const char *more)
{
    char text[256];
    int n = snprintf(text, sizeof text, "HTTP/1.1 %d Whatever\r\nContent-Length: 0\r\n%s\r\n",
                     status, more);
    proxy_send(fd, text, (size_t)n);
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
            open = got > 0 && proxy_send(p[!i].fd, bytes, (size_t)got);
        }
    free(bytes);
}

static inline bool proxy_lets_in(proxy *p, int fd, const char *head)
{
    static const char name[] = "\r\nProxy-Authorization: ";
    const char *at = strstr(head, name);
    size_t n = p->authorization ? strlen(p->authorization) : 0;
    if (p->refuse_with) {
        proxy_say(fd, p->refuse_with, "");
    } else if (n && (!at || strncmp(at + sizeof name - 1, p->authorization, n) != 0)) {
        proxy_say(fd, 407, "Proxy-Authenticate: Basic realm=\"x\"\r\n");
    } else {
        return true;
    }
    atomic_fetch_add(&p->refusals, 1);
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
    if (proxy_send(out, head, (size_t)(url - head)) &&
        proxy_send(out, path, (size_t)(line_end - path)) &&
        proxy_send(out, close_it, strlen(close_it)) &&
        proxy_send(out, line_end, n - (size_t)(line_end - head)))
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
    if (proxy_send(fd, yes, strlen(yes)))
        proxy_pass(fd, out);
    close(out);
}

static inline void *proxy_serve(void *user)
{
    proxy_connection *c = user;
    proxy *p = c->p;
    char *head = malloc(PROXY_HEAD + 1);
    size_t n = 0, head_n = head && !p->silent ? proxy_read_head(c->fd, head, &n) : 0;
    bool tunnel = head_n && strncmp(head, "CONNECT ", 8) == 0;
    if (p->silent && head)
        while (recv(c->fd, head, PROXY_HEAD, 0) > 0)
            continue;
    if (head_n)
        atomic_fetch_add(tunnel ? &p->connects : &p->requests, 1);
    if (head_n && proxy_lets_in(p, c->fd, head)) {
        if (tunnel)
            proxy_connect(p, c->fd, head);
        else
            proxy_request(p, c->fd, head, n);
    }
    shutdown(c->fd, SHUT_RDWR);
    free(head);
    free(c);
    return NULL;
}

static inline void *proxy_accept(void *user)
{
    proxy *p = user;
    for (;;) {
        int fd = accept(p->listening, NULL, NULL);
        if (fd < 0)
            return NULL;
        proxy_connection *c = malloc(sizeof *c);
        pthread_mutex_lock(&p->lock);
        if (c && p->count < PROXY_THREADS) {
            *c = (proxy_connection){p, fd};
            p->sockets[p->count] = fd;
            if (pthread_create(&p->threads[p->count], NULL, proxy_serve, c) == 0)
                p->count++;
        }
        pthread_mutex_unlock(&p->lock);
    }
}

static inline void proxy_start(proxy *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    pthread_mutex_init(&p->lock, NULL);
    p->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(p->listening, (struct sockaddr *)&a, sizeof a) != 0 || listen(p->listening, 64) != 0 ||
        getsockname(p->listening, (struct sockaddr *)&a, &size) != 0 ||
        pthread_create(&p->acceptor, NULL, proxy_accept, p) != 0) {
        perror("the proxy does not start");
        exit(1);
    }
    p->port = ntohs(a.sin_port);
    snprintf(p->url, sizeof p->url, "http://127.0.0.1:%d", p->port);
}

/** Cuts every connection. */
static inline void proxy_stop(proxy *p)
{
    shutdown(p->listening, SHUT_RDWR);
    pthread_join(p->acceptor, NULL);
    close(p->listening);
    for (size_t i = 0; i < p->count; i++)
        shutdown(p->sockets[i], SHUT_RDWR);
    for (size_t i = 0; i < p->count; i++) {
        pthread_join(p->threads[i], NULL);
        close(p->sockets[i]);
    }
    pthread_mutex_destroy(&p->lock);
}

#endif
