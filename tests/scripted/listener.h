/* listener.h - a listening socket of one test, with a thread for each connection
 *
 * On a port of 127.0.0.1 that the kernel chooses. Stopping cuts every connection and waits for all
 * threads; a connection is closed when its `serve` has returned and the listener stops.
 */
#ifndef CW_TESTS_SCRIPTED_LISTENER_H
#define CW_TESTS_SCRIPTED_LISTENER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENER_THREADS = 256 };

typedef struct listener {
    void (*serve)(void *user, int fd);
    void *user;
    int port;

    int fd;
    pthread_t acceptor;
    pthread_mutex_t lock;
    pthread_t threads[LISTENER_THREADS];
    int sockets[LISTENER_THREADS];
    size_t count;
} listener;

typedef struct listener_connection {
    listener *l;
    int fd;
} listener_connection;

static inline void *listener_serve(void *user)
{
    listener_connection c = *(listener_connection *)user;
    sigset_t broken_pipe; /* which OpenSSL's writes raise */
    free(user);
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, NULL);
    c.l->serve(c.l->user, c.fd);
    shutdown(c.fd, SHUT_RDWR);
    return NULL;
}

static inline void *listener_accept(void *user)
{
    listener *l = user;
    for (;;) {
        int fd = accept(l->fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        listener_connection *c = malloc(sizeof *c);
        pthread_mutex_lock(&l->lock);
        if (c && l->count < LISTENER_THREADS) {
            *c = (listener_connection){l, fd};
            l->sockets[l->count] = fd;
            if (pthread_create(&l->threads[l->count], NULL, listener_serve, c) == 0)
                l->count++;
        }
        pthread_mutex_unlock(&l->lock);
    }
}

static inline void listener_start(listener *l, void (*serve)(void *user, int fd), void *user)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    l->serve = serve;
    l->user = user;
    pthread_mutex_init(&l->lock, NULL);
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(l->fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(l->fd, 64) != 0 ||
        getsockname(l->fd, (struct sockaddr *)&a, &size) != 0 ||
        pthread_create(&l->acceptor, NULL, listener_accept, l) != 0) {
        perror("a listener does not start");
        exit(1);
    }
    l->port = ntohs(a.sin_port);
}

/** How many connections there were. */
static inline size_t listener_count(listener *l)
{
    pthread_mutex_lock(&l->lock);
    size_t count = l->count;
    pthread_mutex_unlock(&l->lock);
    return count;
}

static inline void listener_stop(listener *l)
{
    shutdown(l->fd, SHUT_RDWR);
    pthread_join(l->acceptor, NULL);
    close(l->fd);
    for (size_t i = 0; i < l->count; i++)
        shutdown(l->sockets[i], SHUT_RDWR);
    for (size_t i = 0; i < l->count; i++) {
        pthread_join(l->threads[i], NULL);
        close(l->sockets[i]);
    }
    pthread_mutex_destroy(&l->lock);
}

#endif
