/* test_http_gulp_tls.c - gulps over TLS: all bytes arrive, and the socket is looked at seldom
 *
 * Client and server share one thread and take turns, a record from the server for each look of the
 * client's, and the clock that the pace is judged by stands still: so what is counted does not
 * depend on how fast the machine is. Without gulps the setting of SO_RCVLOWAT is refused.
 */
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "internal.h"
#include "port/http.h"
#include "port/http_sockets.h"

enum { RECORD = 16 * 1024, BODY = 16 * 1024 * 1024 + 5, PATIENCE_MS = 20000, STALL_MS = 10000 };

/* --- what the linker leads here --------------------------------------------------------------- */

static bool may_gulp;
static size_t looks; /* that found a socket ready */

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t n);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t n);
size_t __real_cw__sockets_wait(cw__sockets *s, int timeout_ms);
size_t __wrap_cw__sockets_wait(cw__sockets *s, int timeout_ms);
uint64_t __wrap_cw__clock_mono_us(void);

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t n)
{
    if (level == SOL_SOCKET && name == SO_RCVLOWAT && !may_gulp) {
        errno = ENOPROTOOPT;
        return -1;
    }
    return __real_setsockopt(fd, level, name, value, n);
}

size_t __wrap_cw__sockets_wait(cw__sockets *s, int timeout_ms)
{
    size_t ready = __real_cw__sockets_wait(s, timeout_ms);

    looks += ready > 0;
    return ready;
}

uint64_t __wrap_cw__clock_mono_us(void)
{
    return 1;
}

/* --- the server ------------------------------------------------------------------------------- */

static char ca_file[64];
static char *reply; /* its head, and BODY bytes */
static size_t head_bytes, reply_bytes;

typedef struct server {
    int listener, fd, port;
    SSL_CTX *tls;
    SSL *ssl; /* NULL: nobody has connected */
    bool asked;
    size_t sent;
    size_t silent_at; /* until the client has seen so much of the reply */
} server;

static void make_reply(void)
{
    uint32_t x = 1;

    reply = malloc(200 + BODY);
    REQUIRE(reply);
    head_bytes =
        (size_t)snprintf(reply, 200, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BODY);
    reply_bytes = head_bytes + BODY;
    for (size_t i = head_bytes; i < reply_bytes; i++) {
        x = x * 1664525 + 1013904223;
        reply[i] = (char)(x >> 24);
    }
}

static void server_start(server *s)
{
    static const char *const no_buckets[] = {NULL};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ts_options o = {.domain = "localhost", .buckets = no_buckets, .ca_file = ca_file};
    socklen_t n = sizeof a;
    char why[200] = "";

    memset(s, 0, sizeof *s);
    s->tls = ts_tls_new(&o, why, sizeof why);
    CHECK_STR(why, s->tls ? why : "");
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE(s->tls && s->listener >= 0 && bind(s->listener, (struct sockaddr *)&a, n) == 0 &&
            listen(s->listener, 8) == 0);
    REQUIRE(getsockname(s->listener, (struct sockaddr *)&a, &n) == 0);
    s->port = ntohs(a.sin_port);
}

static void server_stop(server *s)
{
    SSL_free(s->ssl);
    SSL_CTX_free(s->tls);
    close(s->fd);
    close(s->listener);
    unlink(ca_file);
}

/* Each record goes out as it is. */
static void take_connection(server *s)
{
    int now = 1;

    s->fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (s->fd < 0)
        return;
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
    s->ssl = SSL_new(s->tls);
    REQUIRE(s->ssl && SSL_set_fd(s->ssl, s->fd) == 1);
    SSL_set_accept_state(s->ssl);
}

/* A request is small: its last bytes are in the last piece. */
static void take_request(server *s)
{
    char piece[4096];
    int n = SSL_read(s->ssl, piece, sizeof piece);

    s->asked = n >= 4 && memcmp(piece + n - 4, "\r\n\r\n", 4) == 0;
}

/* Does what there is to do, which is a record at most, if it can be done now. */
static void server_turn(server *s, size_t seen)
{
    size_t left = (seen < s->silent_at ? s->silent_at : reply_bytes) - s->sent;
    int sent = 0;

    if (!s->ssl)
        take_connection(s);
    else if (!s->asked)
        take_request(s);
    else if (left)
        sent = SSL_write(s->ssl, reply + s->sent, left < RECORD ? (int)left : RECORD);
    s->sent += sent > 0 ? (size_t)sent : 0;
}

/* --- the client ------------------------------------------------------------------------------- */

typedef struct client {
    size_t got;
    bool same, done;
    cw__http_end end;
} client;

static bool take_body(void *user, const void *p, size_t n)
{
    client *c = user;

    c->same = c->same && n <= BODY - c->got && memcmp(p, reply + head_bytes + c->got, n) == 0;
    c->got += n;
    return true;
}

static void take_end(void *user, const cw__http_result *result)
{
    client *c = user;

    c->done = true;
    c->end = result->end;
}

static cw__http *client_new(void)
{
    cw__http_options o = {.user_agent = "test/1",
                          .ca_bundle = ca_file,
                          .max_connections = 1,
                          .connect_timeout_ms = PATIENCE_MS};
    cw_error err;
    cw__http *h = NULL;

    CHECK_OK(cw__http_new(&h, &o, &err), err);
    REQUIRE(h);
    return h;
}

/* In how many looks the reply came. */
static size_t fetch(bool gulps, size_t silent_at)
{
    client c = {.same = true};
    char url[64];
    cw_error err;
    server s;

    server_start(&s);
    s.silent_at = head_bytes + silent_at;
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", s.port);
    cw__http_call call = {.method = "GET",
                          .url = url,
                          .stall_ms = STALL_MS,
                          .body = take_body,
                          .done = take_end,
                          .user = &c};
    cw__http *h = client_new();
    uint64_t end = cw__clock_mono_ms() + PATIENCE_MS;
    may_gulp = gulps;
    looks = 0;
    CHECK_OK(cw__http_start(h, &call, &err), err);
    while (!c.done && cw__clock_mono_ms() < end) {
        server_turn(&s, head_bytes + c.got);
        cw__http_poll(h, s.sent == s.silent_at);
    }
    CHECK(c.done);
    CHECK_INT(c.end, CW__HTTP_ANSWERED);
    CHECK_INT(c.got, BODY);
    CHECK(c.same);
    cw__http_free(h);
    server_stop(&s);
    return looks;
}

/* Only the beginning and the end of it are looked at record by record. */
static void few_looks(void)
{
    size_t without = fetch(false, 0), with = fetch(true, 0);

    if (4 * with > without)
        fprintf(stderr, "    %zu looks, and %zu without gulps\n", with, without);
    CHECK(4 * with <= without);
}

/* Of the gulp that it cuts, the client hears when it looks at the pace. */
static void silence_within_a_gulp(void)
{
    fetch(true, BODY / 2 + 300000);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    snprintf(ca_file, sizeof ca_file, "/tmp/cw-gulp-ca-%ld.pem", (long)getpid());
    make_reply();
    TEST(few_looks);
    TEST(silence_within_a_gulp);
    free(reply);
    return test_end();
}
