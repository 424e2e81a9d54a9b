/* answers.h - an HTTP server of one thread that answers what a test tells it to
 *
 * Header only. `answer` runs on the server's thread for each request and fills in a reply; what was
 * asked is also kept, one line each ("PUT /latest/api/token"), under the lock.
 */
#ifndef CW_TESTS_ANSWERS_H
#define CW_TESTS_ANSWERS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct answers_request {
    char method[16];
    char path[2048]; /* with the query */
    char head[16384];
    char body[16384];
} answers_request;

typedef struct answers_reply {
    int status;
    int delay_ms;
    int silent; /* never answer: hold the connection until the asker is gone */
    char body[16384];
} answers_reply;

typedef void (*answers_fn)(void *user, const answers_request *r, answers_reply *out);

typedef struct answers {
    int fd, port;
    pthread_t thread;
    atomic_bool stopping;
    atomic_int requests;
    answers_fn answer;
    void *user;
    char url[64]; /* "http://127.0.0.1:PORT" */
    pthread_mutex_t lock;
    char log[8192];
} answers;

/* The value of a header, into `out`; "" when there is none. */
static inline const char *answers_header(const answers_request *r, const char *name, char *out,
                                         size_t size)
{
    size_t n = strlen(name);
    out[0] = 0;
    for (const char *p = strstr(r->head, "\r\n"); p; p = strstr(p, "\r\n")) {
        p += 2;
        if (strncasecmp(p, name, n) == 0 && p[n] == ':') {
            p += n + 1;
            p += strspn(p, " ");
            snprintf(out, size, "%.*s", (int)strcspn(p, "\r"), p);
            break;
        }
    }
    return out;
}

static inline int answers_read(int fd, answers_request *r)
{
    size_t have = 0;
    char *end = NULL, length[32];
    memset(r, 0, sizeof *r);
    while (!end && have < sizeof r->head - 1) {
        ssize_t n = recv(fd, r->head + have, sizeof r->head - 1 - have, 0);
        if (n <= 0)
            return 0;
        have += (size_t)n;
        r->head[have] = 0;
        end = strstr(r->head, "\r\n\r\n");
    }
    if (!end || sscanf(r->head, "%15s %2047s", r->method, r->path) != 2)
        return 0;
    size_t body = have - (size_t)(end + 4 - r->head);
    memcpy(r->body, end + 4, body < sizeof r->body ? body : sizeof r->body - 1);
    end[2] = 0;
    size_t want = (size_t)atoi(answers_header(r, "content-length", length, sizeof length));
    while (body < want && want < sizeof r->body) {
        ssize_t n = recv(fd, r->body + body, want - body, 0);
        if (n <= 0)
            return 0;
        body += (size_t)n;
    }
    return 1;
}

static inline void answers_one(answers *a, int fd)
{
    static answers_request r; /* one thread for each server, one server at a time */
    static answers_reply reply;
    char head[160];
    struct timeval patience = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (!answers_read(fd, &r))
        return;
    atomic_fetch_add(&a->requests, 1);
    pthread_mutex_lock(&a->lock);
    size_t n = strlen(a->log);
    snprintf(a->log + n, sizeof a->log - n, "%s %s\n", r.method, r.path);
    pthread_mutex_unlock(&a->lock);
    memset(&reply, 0, sizeof reply);
    reply.status = 200;
    a->answer(a->user, &r, &reply);
    for (int i = 0; (i < reply.delay_ms || reply.silent) && !atomic_load(&a->stopping); i += 10) {
        struct pollfd p = {.fd = fd, .events = POLLRDHUP};
        if (poll(&p, 1, 10) > 0)
            return;
    }
    if (reply.silent)
        return;
    snprintf(head, sizeof head,
             "HTTP/1.1 %d Said\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", reply.status,
             strlen(reply.body));
    (void)!send(fd, head, strlen(head), MSG_NOSIGNAL);
    (void)!send(fd, reply.body, strlen(reply.body), MSG_NOSIGNAL);
}

static inline void *answers_run(void *user)
{
    answers *a = user;
    while (!atomic_load(&a->stopping)) {
        struct pollfd p = {.fd = a->fd, .events = POLLIN};
        if (poll(&p, 1, 20) <= 0)
            continue;
        int fd = accept(a->fd, NULL, NULL);
        if (fd < 0)
            continue;
        answers_one(a, fd);
        shutdown(fd, SHUT_WR);
        close(fd);
    }
    return NULL;
}

static inline int answers_start(answers *a, answers_fn answer, void *user)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    memset(a, 0, sizeof *a);
    a->answer = answer;
    a->user = user;
    pthread_mutex_init(&a->lock, NULL);
    a->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (a->fd < 0 || bind(a->fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(a->fd, 16) != 0 || getsockname(a->fd, (struct sockaddr *)&at, &n) != 0)
        return -1;
    a->port = ntohs(at.sin_port);
    snprintf(a->url, sizeof a->url, "http://127.0.0.1:%d", a->port);
    return pthread_create(&a->thread, NULL, answers_run, a);
}

static inline void answers_stop(answers *a)
{
    atomic_store(&a->stopping, true);
    pthread_join(a->thread, NULL);
    close(a->fd);
    pthread_mutex_destroy(&a->lock);
}

#endif
