/* http_direct.c - the rest of a long reply, received right where it is to lie
 *
 * libcurl receives into a buffer of its own, from which every byte of a body has to be copied to
 * where it is wanted. Where the call can say where that is (`room`), libcurl is only needed for the
 * request and the head: then its connection is taken from it, and lent to it again for the next
 * request.
 *
 *     libcurl's  --the body has begun, and is long-->  ours  --it is whole-->  kept
 *         ^                                             |                       |  |
 *         |                                  anything else: closed     too old: closed
 *         +----------------------- the next call without a body ---------------+
 *
 * Taken. When libcurl passes on the first bytes of the body, the connection is duplicated, and what
 * libcurl has of it replaced by a socket without one. So libcurl passes on what it has read, finds
 * nothing more, and returns; then it is told to drop the transfer, and may end that in any way it
 * likes, even read from what it has.
 *
 * Lent. When libcurl wants a socket, it gets one that stands in for the kept one: of datagrams,
 * which connects at once and sends nothing. When it is about to send the request, the kept one is
 * put in its place. (That a socket is connected already can be told to libcurl, but 7.88 forgets
 * it.) So it takes the connection for a new one. That it finds it dead is for http.c to mend:
 * libcurl repeats a request only on what it knows to be an old connection. That is easy without a
 * body, so to such requests alone, but to all of them: or each one that comes between two long
 * replies would open another connection.
 *
 * Not with TLS, whose keys are libcurl's, nor with a proxy, whose greeting would be repeated.
 */
#include "port/http_transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum {
    LENDS = LIBCURL_VERSION_NUM >= 0x075000, /* libcurl says when it is about to send */
    WORTH_TAKING = 256 * 1024, /* bytes that are still to come: more than libcurl reads at once */
    PIECES = 4,           /* at once: so many slabs stay in the cache until they are summed up */
    ELSEWHERE = 16 * 1024 /* bytes at once that have no room where they belong */
};

static void close_socket(curl_socket_t *fd)
{
    if (*fd != CURL_SOCKET_BAD)
        close(*fd);
    *fd = CURL_SOCKET_BAD;
}

/* --- taken ------------------------------------------------------------------------------------ */

/* To the port that libcurl speaks to: it told of this descriptor, but some time ago. */
static bool is_its_connection(const cw__transfer *x)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer = {.v6 = {0}};
    socklen_t n = sizeof peer;
    long port = 0;
    if (getpeername(x->fd, &peer.any, &n) != 0 ||
        curl_easy_getinfo(x->easy, CURLINFO_PRIMARY_PORT, &port) != CURLE_OK)
        return false;
    return port == ntohs(peer.any.sa_family == AF_INET6 ? peer.v6.sin6_port : peer.v4.sin_port);
}

static bool is_to_be_taken(const cw__transfer *x)
{
    return LENDS && x->call->room && x->ours == CURL_SOCKET_BAD && !x->tls &&
           !x->settings->options.proxy.url && x->fd != CURL_SOCKET_BAD &&
           x->body_bytes >= x->body_got + WORTH_TAKING && is_its_connection(x);
}

static bool swap(int fd, int blank, curl_socket_t *ours)
{
    *ours = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (*ours >= 0 && fcntl(blank, F_SETFL, O_NONBLOCK) == 0 && dup3(blank, fd, O_CLOEXEC) == fd)
        return true;
    close_socket(ours);
    return false;
}

void cw__transfer_take(cw__transfer *x)
{
    curl_socket_t blank = is_to_be_taken(x) ? socket(AF_UNIX, SOCK_DGRAM, 0) : CURL_SOCKET_BAD;
    if (blank == CURL_SOCKET_BAD)
        return;
    (void)swap(x->fd, blank, &x->ours);
    close(blank);
}

/* --- received --------------------------------------------------------------------------------- */

static void end(cw__transfer *x, CURLcode code)
{
    x->over = true;
    x->code = code;
}

static void end_early(cw__transfer *x, const char *why)
{
    snprintf(x->message, sizeof x->message, "%s, %llu bytes before the end of the reply", why,
             (unsigned long long)(x->body_bytes - x->body_got));
    end(x, CURLE_PARTIAL_FILE);
}

static void pass_on(cw__transfer *x, const void *p, size_t n)
{
    x->moves++;
    x->downloaded += n;
    cw__transfer_gulp(x, n);
    x->refused = !x->call->body(x->call->user, p, n);
    if (x->refused)
        end(x, CURLE_WRITE_ERROR);
    else if (x->body_got == x->body_bytes)
        end(x, CURLE_OK);
}

/* No more than is still to come: what lies behind is another request's. Answers the bytes. */
static size_t find_room(const cw__transfer *x, struct iovec pieces[PIECES], int *count)
{
    uint64_t left = x->body_bytes - x->body_got;
    size_t room = 0;
    *count = (int)x->call->room(x->call->user, pieces, PIECES);
    for (int i = 0; i < *count; i++) {
        if (pieces[i].iov_len > left - room)
            pieces[i].iov_len = (size_t)(left - room);
        room += pieces[i].iov_len;
    }
    return room;
}

static void pass_all_on(cw__transfer *x, const struct iovec *piece, size_t n)
{
    for (; n > 0 && x->call && !x->over; piece++) {
        size_t k = piece->iov_len < n ? piece->iov_len : n;
        pass_on(x, piece->iov_base, k);
        n -= k;
    }
}

/* false: that was all for now. */
static bool receive_some(cw__transfer *x)
{
    char elsewhere[ELSEWHERE];
    struct iovec pieces[PIECES];
    int count;
    size_t room = find_room(x, pieces, &count);
    if (room == 0) {
        uint64_t left = x->body_bytes - x->body_got;
        room = left < ELSEWHERE ? (size_t)left : ELSEWHERE;
        pieces[0] = (struct iovec){elsewhere, room};
        count = 1;
    }
    ssize_t got = readv(x->fd, pieces, count);
    if (got > 0)
        pass_all_on(x, pieces, (size_t)got);
    else if (got == 0)
        end_early(x, "the connection was closed");
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        end_early(x, strerror(errno));
    return got == (ssize_t)room;
}

void cw__transfer_receive(cw__transfer *x, uint64_t most)
{
    uint64_t before = x->body_got;
    while (x->call && !x->over && x->body_got - before < most && receive_some(x))
        ;
}

/* --- lent ------------------------------------------------------------------------------------- */

static curl_socket_t open_socket(int family, int type, int protocol)
{
    int fd = socket(family, type, protocol);
    if (fd >= 0)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

/* libcurl is to know where the kept one goes: it may be its own in the end. */
static curl_socket_t stand_in_for(int kept, struct curl_sockaddr *address)
{
    struct sockaddr_storage peer = {0};
    socklen_t n = sizeof peer;
    if (getpeername(kept, (struct sockaddr *)&peer, &n) == 0) {
        address->family = peer.ss_family;
        address->addrlen = n;
        memcpy(&address->addr, &peer, n); /* libcurl has room there for any */
    }
    return open_socket(address->family, SOCK_DGRAM, 0);
}

/* One that was opened may be connecting still, and win: then the stand-in would be closed unseen.
 */
static bool may_borrow(const cw__transfer *x)
{
    return x->call && !x->call->body_bytes && !x->tls && !x->opened && !x->lent;
}

curl_socket_t cw__transfer_open(cw__transfer *x, struct curl_sockaddr *address)
{
    cw__http_kept *kept = x->settings->kept;
    if (may_borrow(x))
        x->kept = cw__http_kept_take(kept, x->call->url, cw__clock_mono_ms());
    x->lent = x->kept != CURL_SOCKET_BAD;
    if (x->lent)
        return x->stand_in = stand_in_for(x->kept, address);
    x->opened = true;
    cw__http_kept_drop(kept);
    return open_socket(address->family, address->socktype, address->protocol);
}

bool cw__transfer_lend(cw__transfer *x)
{
    bool fine = dup3(x->kept, x->stand_in, O_CLOEXEC) == x->stand_in;
    close_socket(&x->kept);
    x->fd = x->stand_in;
    return fine;
}

/* --- the end ---------------------------------------------------------------------------------- */

void cw__transfer_release(cw__transfer *x)
{
    bool whole = x->over && x->code == CURLE_OK;
    close_socket(&x->kept);
    if (x->ours == CURL_SOCKET_BAD)
        return;
    cw__transfer_sip(x);
    if (!whole || !x->call || x->closing || x->crowded) {
        close_socket(&x->ours);
        return;
    }
    cw__http_kept_add(x->settings->kept, x->ours, x->call->url, cw__clock_mono_ms());
    x->ours = CURL_SOCKET_BAD;
}
