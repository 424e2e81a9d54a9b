/* test_http_gulp.c - replies that come fast are taken in gulps, and none of their bytes is left
 *
 * A server of raw sockets answers as the path says: /TOLD/AT_ONCE.
 */
#include "raw_server.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "port/http.h"
#include "port/http_transfer.h"

enum { MIB = 1024 * 1024, PATIENCE_MS = 20000, STALL_MS = 1600, TRIES = 20 };

/* --- the server ------------------------------------------------------------------------------- */

typedef struct reply {
    size_t told;    /* Content-Length; 0: there is none, but one chunk */
    size_t at_once; /* bytes that are sent without a pause */
} reply;

typedef struct server {
    int fd, port;
    pthread_t thread;
    atomic_size_t seen; /* by the client, of this reply */
    atomic_int connections;
} server;

static bool say_bytes(int fd, size_t n)
{
    static const char piece[MIB];
    bool ok = true;
    for (; ok && n > sizeof piece; n -= sizeof piece)
        ok = raw_say(fd, piece, sizeof piece);
    return ok && raw_say(fd, piece, n);
}

static bool read_request(int fd, reply *wanted)
{
    char head[4096];
    return raw_read_head(fd, head, sizeof head) &&
           sscanf(head, "GET /%zu/%zu ", &wanted->told, &wanted->at_once) == 2;
}

static bool all_is_seen(server *s, size_t bytes)
{
    for (int i = 0; i < PATIENCE_MS && atomic_load(&s->seen) < bytes; i++)
        poll(NULL, 0, 1);
    return atomic_load(&s->seen) >= bytes;
}

/* The rest comes when the client has seen all that came before. */
static bool answer(server *s, int fd, reply r)
{
    char head[128];
    if (r.told)
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", r.told);
    else
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n",
                 r.at_once);
    if (!raw_say(fd, head, strlen(head)) || !say_bytes(fd, r.at_once))
        return false;
    if (r.told <= r.at_once)
        return r.told || raw_say(fd, "\r\n0\r\n\r\n", 7);
    return all_is_seen(s, r.at_once) && say_bytes(fd, r.told - r.at_once);
}

static void *serve(void *user)
{
    server *s = user;
    reply wanted;
    int fd;
    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        atomic_fetch_add(&s->connections, 1);
        while (read_request(fd, &wanted) && answer(s, fd, wanted))
            ;
        close(fd);
    }
    return NULL;
}

static void server_start(server *s)
{
    struct sockaddr_in at;
    memset(s, 0, sizeof *s);
    s->fd = raw_listen(&at);
    s->port = ntohs(at.sin_port);
    REQUIRE(pthread_create(&s->thread, NULL, serve, s) == 0);
}

static void server_stop(server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

/* --- the client ------------------------------------------------------------------------------- */

typedef struct client {
    server s;
    cw__http *h;
    cw__http_call call;
    char url[64];
    size_t got;
    bool gulped, done;
    cw__http_end end;
} client;

static bool take_body(void *user, const void *p, size_t n)
{
    client *c = user;
    (void)p;
    c->got += n;
    atomic_store(&c->s.seen, c->got);
    c->gulped = c->gulped || ((const cw__transfer *)c->call.handle)->gulps;
    return true;
}

static void take_end(void *user, const cw__http_result *result)
{
    client *c = user;
    c->done = true;
    c->end = result->end;
}

static void client_start(client *c)
{
    cw__http_options o = {.user_agent = "test/1", .max_connections = 1, .connect_timeout_ms = 2000};
    cw_error err;
    memset(c, 0, sizeof *c);
    server_start(&c->s);
    CHECK_OK(cw__http_new(&c->h, &o, &err), err);
    REQUIRE(c->h != NULL);
}

static void client_stop(client *c)
{
    cw__http_free(c->h);
    server_stop(&c->s);
}

/* A whole reply, and how many of its bytes came. */
static size_t fetch(client *c, reply wanted)
{
    uint64_t end = cw__clock_mono_ms() + PATIENCE_MS;
    cw_error err;
    snprintf(c->url, sizeof c->url, "http://127.0.0.1:%d/%zu/%zu", c->s.port, wanted.told,
             wanted.at_once);
    atomic_store(&c->s.seen, 0);
    c->got = 0;
    c->gulped = c->done = false;
    c->call = (cw__http_call){.method = "GET",
                              .url = c->url,
                              .stall_ms = STALL_MS,
                              .body = take_body,
                              .done = take_end,
                              .user = c};
    CHECK_OK(cw__http_start(c->h, &c->call, &err), err);
    while (!c->done && cw__clock_mono_ms() < end)
        cw__http_poll(c->h, 1000);
    CHECK(c->done);
    CHECK_INT(c->end, CW__HTTP_ANSWERED);
    return c->got;
}

/* Whether it comes fast enough is the machine's affair: once in so many tries it does. */
static void fetch_in_gulps(client *c, reply wanted)
{
    bool gulped = false;
    for (int i = 0; i < TRIES && !gulped; i++) {
        CHECK_INT(fetch(c, wanted), wanted.told);
        gulped = c->gulped;
    }
    CHECK(gulped);
}

static void last_bytes_and_next_reply(void)
{
    client c;
    client_start(&c);
    for (size_t odd = 0; odd < 3; odd++) {
        fetch_in_gulps(&c, (reply){8 * MIB + odd, 8 * MIB + odd});
        CHECK_INT(fetch(&c, (reply){3, 3}), 3);
    }
    CHECK_INT(atomic_load(&c.s.connections), 1);
    client_stop(&c);
}

static void silence_within_a_gulp(void)
{
    static const size_t at_once[] = {4 * MIB + 1, 4 * MIB + 300000, 5 * MIB - 1};
    client c;
    client_start(&c);
    for (size_t i = 0; i < sizeof at_once / sizeof *at_once; i++)
        fetch_in_gulps(&c, (reply){8 * MIB, at_once[i]});
    CHECK_INT(atomic_load(&c.s.connections), 1);
    client_stop(&c);
}

static void not_without_a_length_or_for_little(void)
{
    client c;
    client_start(&c);
    CHECK_INT(fetch(&c, (reply){0, 8 * MIB}), 8 * MIB);
    CHECK(!c.gulped);
    CHECK_INT(fetch(&c, (reply){MIB, MIB}), MIB);
    CHECK(!c.gulped);
    client_stop(&c);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    TEST(last_bytes_and_next_reply);
    TEST(silence_within_a_gulp);
    TEST(not_without_a_length_or_for_little);
    return test_end();
}
