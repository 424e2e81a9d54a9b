/* net.c - listening, accepting, and every byte of a connection
 *
 * Owns the sockets, the threads and the cap on the rate, and carries out the faults that happen at
 * the N-th byte. It does not know HTTP.
 *
 * A socket is shut down by anyone under net.lock, but closed by its own thread only, under net.lock
 * too; that is what makes stopping quick and never touches a number that was reused. The acceptor
 * joins threads that have ended.
 */
#include "internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREAD_STACK  (512 * 1024)
#define WRITE_LIMIT_S 60
#define SLACK_NS      10000000u

uint64_t ts_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Sleeps on the socket so that a shutdown by ts_net_stop() ends it. */
static bool sleep_until(ts_conn *c, uint64_t when, short events)
{
    struct pollfd p = {.fd = c->fd, .events = events};

    for (uint64_t now = ts_now_ns(); now < when; now = ts_now_ns()) {
        uint64_t left = when - now, most = (uint64_t)3600 * 1000000000u;
        struct timespec t;

        left = left < most ? left : most;
        t.tv_sec = (time_t)(left / 1000000000u);
        t.tv_nsec = (long)(left % 1000000000u);
        int n = ppoll(&p, 1, &t, NULL);
        if (n > 0 || (n < 0 && errno != EINTR))
            return false;
    }
    return !c->s->net.stopping;
}

bool ts_conn_sleep(ts_conn *c, int64_t ms, bool until_closed)
{
    uint64_t when = ms == TS_FOREVER ? UINT64_MAX : ts_now_ns() + (uint64_t)ms * 1000000u;

    if (ms <= 0)
        return true;
    return sleep_until(c, when, until_closed ? POLLRDHUP : 0);
}

/* Bytes a millisecond; 0: no cap. */
static double cap_of(const ts_conn *c)
{
    return c->taps && c->taps->trickle > 0 ? (double)c->taps->trickle / 1000 : c->s->o.mbps * 1000;
}

/* As many at once as a cap takes 5 ms for. */
static size_t chunk_of(const ts_conn *c, size_t n)
{
    size_t most = c->s->net.chunk;

    if (c->taps && c->taps->trickle > 0)
        most = (size_t)c->taps->trickle / 200 + 1;
    return cap_of(c) > 0 && n > most ? most : n;
}

static void throttle(ts_conn *c, size_t n)
{
    double cap = cap_of(c);

    if (cap <= 0)
        return;
    uint64_t now = ts_now_ns();
    /* A short pause between requests is not lost, or a cap would never be reached. */
    if (c->due_ns + SLACK_NS < now)
        c->due_ns = now - SLACK_NS;
    c->due_ns += (uint64_t)((double)n * 1e6 / cap);
    sleep_until(c, c->due_ns, 0);
}

static ssize_t tls_result(ts_conn *c, int n)
{
    int why = SSL_get_error(c->ssl, n);

    if (why == SSL_ERROR_ZERO_RETURN)
        return TS_IO_EOF;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return TS_IO_TIMEOUT;
    return TS_IO_ERROR;
}

static ssize_t receive_tls(ts_conn *c, void *to, size_t n)
{
    char drop[32 * 1024];
    size_t most = to ? n : sizeof drop < n ? sizeof drop : n;
    int got = SSL_read(c->ssl, to ? to : drop, most > INT32_MAX ? INT32_MAX : (int)most);

    return got > 0 ? got : tls_result(c, got);
}

/* to NULL: the kernel drops the bytes without copying them. */
static ssize_t receive(ts_conn *c, void *to, size_t n)
{
    if (c->ssl)
        return receive_tls(c, to, n);
    for (;;) {
        ssize_t got = recv(c->fd, to, n, to ? 0 : MSG_TRUNC);

        if (got >= 0)
            return got;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return TS_IO_TIMEOUT;
        if (errno != EINTR)
            return TS_IO_ERROR;
    }
}

ssize_t ts_conn_fill(ts_conn *c)
{
    if (c->in_at) {
        memmove(c->in, c->in + c->in_at, c->in_n - c->in_at);
        c->in_n -= c->in_at;
        c->in_at = 0;
    }
    if (c->in_n == TS_MAX_HEAD)
        return TS_IO_ERROR;
    ssize_t got = receive(c, c->in + c->in_n, TS_MAX_HEAD - c->in_n);
    if (got > 0)
        c->in_n += (size_t)got;
    return got;
}

/* How far reading may go before a tap; carries out the tap that is due. @return 0 = the connection
 * is cut */
static size_t read_allowance(ts_conn *c, size_t n)
{
    const ts_plan *t = c->taps;
    uint64_t left;

    n = chunk_of(c, n);
    if (t && t->stall_request_at >= 0 && !c->request_stalled) {
        left = (uint64_t)t->stall_request_at - c->body_n;
        if (left == 0) {
            c->request_stalled = true;
            if (!ts_conn_sleep(c, t->stall_request_ms, true))
                return 0;
        } else if (n > left) {
            n = left;
        }
    }
    if (t && t->reset_request_at >= 0) {
        left = (uint64_t)t->reset_request_at - c->body_n;
        if (left == 0)
            c->reset = true;
        n = n < left ? n : left;
    }
    return n;
}

ssize_t ts_conn_body(ts_conn *c, unsigned char *to, size_t n)
{
    ssize_t got;

    n = read_allowance(c, n);
    if (n == 0)
        return TS_IO_CUT;
    if (c->in_at < c->in_n) {
        got = (ssize_t)(n < c->in_n - c->in_at ? n : c->in_n - c->in_at);
        if (to)
            memcpy(to, c->in + c->in_at, (size_t)got);
        c->in_at += (size_t)got;
    } else {
        got = receive(c, to, n);
    }
    if (got > 0) {
        c->body_n += (uint64_t)got;
        c->s->body_bytes += (uint64_t)got;
        throttle(c, (size_t)got);
    }
    return got;
}

char *ts_conn_line(ts_conn *c)
{
    for (;;) {
        char *from = c->in + c->in_at, *nl = memchr(from, '\n', c->in_n - c->in_at);

        if (nl) {
            if (nl == from || nl[-1] != '\r')
                return NULL;
            nl[-1] = 0;
            c->in_at = (size_t)(nl + 1 - c->in);
            return from;
        }
        if (ts_conn_fill(c) <= 0)
            return NULL;
    }
}

static int send_raw(ts_conn *c, const char *p, size_t n)
{
    while (n) {
        size_t most = chunk_of(c, n);
        ssize_t sent;

        if (c->ssl) {
            int k = SSL_write(c->ssl, p, most > INT32_MAX ? INT32_MAX : (int)most);
            sent = k > 0 ? k : TS_IO_ERROR;
        } else {
            sent = send(c->fd, p, most, MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR)
                continue;
        }
        if (sent <= 0)
            return TS_IO_ERROR;
        p += sent;
        n -= (size_t)sent;
        c->out_n += (uint64_t)sent;
        throttle(c, (size_t)sent);
    }
    return 0;
}

/* As read_allowance(), for the reply. */
static size_t write_allowance(ts_conn *c, size_t n)
{
    const ts_plan *t = c->taps;
    uint64_t left;

    if (!t)
        return n;
    if (t->stall_reply_at >= 0 && !c->reply_stalled) {
        left = (uint64_t)t->stall_reply_at - c->out_n;
        if (left == 0) {
            c->reply_stalled = true;
            if (!ts_conn_sleep(c, t->stall_reply_ms, true))
                return 0;
        } else if (n > left) {
            n = left;
        }
    }
    if (t->reset_reply_at >= 0) {
        left = (uint64_t)t->reset_reply_at - c->out_n;
        c->reset = left == 0;
        n = n < left ? n : left;
    }
    if (t->truncate_reply_at >= 0) {
        left = (uint64_t)t->truncate_reply_at - c->out_n;
        n = n < left ? n : left;
    }
    return n;
}

int ts_conn_write(ts_conn *c, const void *p, size_t n)
{
    const char *from = p;

    while (n) {
        size_t some = write_allowance(c, n);

        if (some == 0)
            return TS_IO_CUT;
        if (send_raw(c, from, some) != 0)
            return TS_IO_ERROR;
        from += some;
        n -= some;
    }
    /* A tap exactly at the end of the reply is due as well. */
    return c->taps && (c->taps->reset_reply_at == (int64_t)c->out_n ||
                       c->taps->truncate_reply_at == (int64_t)c->out_n)
               ? (write_allowance(c, 1), TS_IO_CUT)
               : 0;
}

/* Say goodbye with FIN and read on for a moment: closing with unread bytes would be an RST that
 * destroys the reply. */
static void finish(ts_conn *c)
{
    uint64_t until = ts_now_ns() + (uint64_t)c->linger_ms * 1000000u;
    char drop[16 * 1024];

    if (c->ssl)
        SSL_shutdown(c->ssl);
    shutdown(c->fd, SHUT_WR);
    while (!c->s->net.stopping) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        uint64_t now = ts_now_ns();

        if (now >= until || poll(&p, 1, (int)((until - now) / 1000000u) + 1) <= 0)
            return;
        ssize_t n = recv(c->fd, drop, sizeof drop, MSG_DONTWAIT);
        if (n <= 0)
            return;
        c->s->body_bytes += (uint64_t)n;
        throttle(c, (size_t)n);
    }
}

static void conn_end(ts_conn *c)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};

    if (c->reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    else
        finish(c);
    SSL_free(c->ssl);
    free(c->in);
    pthread_mutex_lock(&c->s->net.lock);
    close(c->fd);
    c->fd = -1;
    c->done = true;
    pthread_mutex_unlock(&c->s->net.lock);
}

static bool tls_accept(ts_conn *c)
{
    if (!c->s->net.tls)
        return true;
    c->ssl = SSL_new(c->s->net.tls);
    return c->ssl && SSL_set_fd(c->ssl, c->fd) == 1 && SSL_accept(c->ssl) == 1;
}

static void *conn_main(void *arg)
{
    ts_conn *c = arg;
    sigset_t all;

    /* Also SIGPIPE, which OpenSSL's writes would raise. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    if (tls_accept(c))
        ts_serve(c);
    conn_end(c);
    return NULL;
}

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;

/* Of the address that a client has connected to: its last byte. */
static unsigned char last_byte_of(int fd)
{
    address local = {0};
    socklen_t n = sizeof local;

    getsockname(fd, &local.any, &n);
    return local.any.sa_family == AF_INET6 ? local.v6.sin6_addr.s6_addr[15]
                                           : ntohl(local.v4.sin_addr.s_addr) & 255;
}

static void set_options(const ts_server *s, int fd)
{
    int on = 1, ms = s->o.body_timeout_ms;
    struct timeval in = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    struct timeval out = {.tv_sec = WRITE_LIMIT_S};

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &in, sizeof in);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &out, sizeof out);
}

static void conn_start(ts_server *s, int fd)
{
    ts_conn *c = ts_alloc(sizeof *c);
    pthread_attr_t a;

    set_options(s, fd);
    c->s = s;
    c->fd = fd;
    c->linger_ms = 200;
    c->in = ts_realloc(NULL, TS_MAX_HEAD + 1);
    pthread_mutex_lock(&s->lock);
    s->connections++;
    s->connections_to[last_byte_of(fd)]++;
    pthread_mutex_unlock(&s->lock);
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, THREAD_STACK);
    pthread_mutex_lock(&s->net.lock);
    if (!s->net.gone && pthread_create(&c->thread, &a, conn_main, c) == 0) {
        c->next = s->net.conns;
        s->net.conns = c;
        c = NULL;
    }
    pthread_mutex_unlock(&s->net.lock);
    pthread_attr_destroy(&a);
    if (c) {
        close(fd);
        free(c->in);
        free(c);
    }
}

/* Join what has ended, or (all) everything. */
static void reap(ts_server *s, bool all)
{
    ts_conn *ended = NULL, **link, *c;

    pthread_mutex_lock(&s->net.lock);
    for (link = &s->net.conns; (c = *link);) {
        if (all || c->done) {
            *link = c->next;
            c->next = ended;
            ended = c;
        } else {
            link = &c->next;
        }
    }
    pthread_mutex_unlock(&s->net.lock);
    while ((c = ended)) {
        ended = c->next;
        pthread_join(c->thread, NULL);
        free(c);
    }
}

static void *accept_main(void *arg)
{
    ts_server *s = arg;
    struct pollfd p[2] = {{.fd = s->net.listen_fd, .events = POLLIN},
                          {.fd = s->net.wake_fd, .events = POLLIN}};
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    while (!s->net.stopping && !s->net.gone) {
        poll(p, 2, -1);
        if (!(p[0].revents & POLLIN) || s->net.stopping || s->net.gone)
            continue;
        int fd = accept4(s->net.listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            conn_start(s, fd);
        else if (errno == EMFILE || errno == ENFILE)
            poll(&p[1], 1, 10);
        reap(s, false);
    }
    close(s->net.listen_fd);
    return NULL;
}

size_t ts_connections_open(ts_server *s)
{
    size_t n = 0;

    pthread_mutex_lock(&s->net.lock);
    for (ts_conn *c = s->net.conns; c; c = c->next)
        n += !c->done;
    pthread_mutex_unlock(&s->net.lock);
    return n;
}

static void shut_all(ts_server *s)
{
    pthread_mutex_lock(&s->net.lock);
    for (ts_conn *c = s->net.conns; c; c = c->next)
        if (!c->done)
            shutdown(c->fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->net.lock);
}

void ts_net_gone(ts_server *s)
{
    uint64_t one = 1;

    pthread_mutex_lock(&s->net.lock);
    s->net.gone = true;
    /* Not close(): the acceptor may be polling it. From here on a connect is refused. */
    shutdown(s->net.listen_fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->net.lock);
    if (write(s->net.wake_fd, &one, sizeof one) < 0)
        perror("eventfd");
    shut_all(s);
}

/* A colon makes it IPv6. */
static bool address_of(const char *text, int port, address *out)
{
    in_port_t p = htons((uint16_t)port);
    bool v6 = strchr(text, ':');

    memset(out, 0, sizeof *out);
    if (v6)
        out->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = p};
    else
        out->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = p};
    return inet_pton(out->any.sa_family, text,
                     v6 ? (void *)&out->v6.sin6_addr : (void *)&out->v4.sin_addr) == 1;
}

static int listen_on(ts_server *s, char *why, size_t why_size)
{
    address a;
    bool known = address_of(s->o.bind, s->o.port, &a), v6 = a.any.sa_family == AF_INET6;
    socklen_t n = v6 ? sizeof a.v6 : sizeof a.v4;
    int on = 1, off = 0, fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ts_buf host = {0};

    s->net.listen_fd = fd;
    if (fd < 0 || !known)
        goto fail;
    if (v6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (s->o.mbps > 0) {
        /* A large buffer would swallow at full speed what the cap is to slow down. */
        int room = (int)s->net.chunk * 4;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    }
    if (bind(fd, &a.any, n) || listen(fd, 1024) || getsockname(fd, &a.any, &n))
        goto fail;
    ts_buf_printf(&host, v6 ? "[%s]:%u" : "%s:%u", s->o.bind,
                  ntohs(v6 ? a.v6.sin6_port : a.v4.sin_port));
    s->host = host.data;
    return 0;
fail:
    snprintf(why, why_size, "cannot listen on %s:%d: %s", s->o.bind, s->o.port, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

int ts_net_start(ts_server *s, char *why, size_t why_size)
{
    s->net.chunk = s->o.mbps * 5000 < 4096     ? 4096
                   : s->o.mbps * 5000 > 262144 ? 262144
                                               : (size_t)(s->o.mbps * 5000);
    if (listen_on(s, why, why_size) != 0)
        return -1;
    s->net.wake_fd = eventfd(0, EFD_CLOEXEC);
    if (s->net.wake_fd >= 0 && pthread_create(&s->net.acceptor, NULL, accept_main, s) == 0) {
        s->net.accepting = true;
        return 0;
    }
    snprintf(why, why_size, "cannot start a thread: %s", strerror(errno));
    close(s->net.listen_fd);
    return -1;
}

void ts_net_stop(ts_server *s)
{
    uint64_t one = 1;

    if (!s->net.accepting)
        return;
    s->net.stopping = true;
    if (write(s->net.wake_fd, &one, sizeof one) < 0)
        perror("eventfd");
    pthread_join(s->net.acceptor, NULL);
    shut_all(s);
    reap(s, true);
    close(s->net.wake_fd);
}
