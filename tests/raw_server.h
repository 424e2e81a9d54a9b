/* raw_server.h - the sockets of a server that a test makes by hand */
#ifndef CW_TESTS_RAW_SERVER_H
#define CW_TESTS_RAW_SERVER_H

#include "harness.h"

#include <stdbool.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/** All of it; false when the other end is gone. */
static inline bool raw_say(int fd, const void *p, size_t n)
{
    const char *at = p;
    while (n) {
        ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        n -= (size_t)sent;
    }
    return true;
}

/** The head of a request, and no more than that is expected; false when none comes. */
static inline bool raw_read_head(int fd, char *head, size_t size)
{
    size_t have = 0;
    do {
        ssize_t got = recv(fd, head + have, size - 1 - have, 0);
        if (got <= 0)
            return false;
        have += (size_t)got;
        head[have] = 0;
    } while (!strstr(head, "\r\n\r\n"));
    return true;
}

/** A socket that listens on this machine, and where. */
static inline int raw_listen(struct sockaddr_in *at)
{
    socklen_t n = sizeof *at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    REQUIRE(fd >= 0 && bind(fd, (struct sockaddr *)at, n) == 0 && listen(fd, 8) == 0);
    REQUIRE(getsockname(fd, (struct sockaddr *)at, &n) == 0);
    return fd;
}

#endif
