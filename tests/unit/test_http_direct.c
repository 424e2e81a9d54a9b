/* test_http_direct.c - long replies are received where they are to lie, and connections kept
 *
 * A server of raw sockets answers as the path says: /HOW/TOLD/SENT.
 */
#include "raw_server.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "port/http.h"
#include "port/http_transfer.h"

enum {
    MIB = 1024 * 1024,
    LONG_REPLY = 8 * MIB,
    ROOM = 64 * 1024, /* for so many bytes at a time */
    PATIENCE_MS = 20000,
    STALL_MS = 800, /* where a stall is wanted */
    PATIENT_MS = 15000,
    MOST = 3,
    DIRECT = LIBCURL_VERSION_NUM >= 0x075000
};

static unsigned char content(size_t at)
{
    return (unsigned char)(at * 7 + at / 251 + at / 65536);
}

/* --- the server, a thread for each connection ------------------------------------------------- */

typedef struct reply {
    char how;          /* as in `answer` */
    size_t told, sent; /* Content-Length, and bytes that come */
} reply;

typedef struct server {
    int fd, port;
    pthread_t thread;
    unsigned char *bytes;
    atomic_int connections, open, most_open, dropped;
} server;

static bool read_request(int fd, reply *wanted)
{
    char head[4096];
    return raw_read_head(fd, head, sizeof head) &&
           sscanf(head, "%*s /%c/%zu/%zu ", &wanted->how, &wanted->told, &wanted->sent) == 3;
}

static bool say_head(int fd, reply r)
{
    char head[160];
    if (r.how == 'x')
        snprintf(head, sizeof head,
                 "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "%zx\r\n",
                 r.told + 20, r.sent);
    else
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\n", r.told,
                 r.how == 'c' ? "Connection: Close\r\n" : "");
    return raw_say(fd, head, strlen(head));
}

/*
 * k: it is kept. c: it is closed, and the head says so. e: it is closed, and the head does not.
 * d: so, unless that has been done before, instead of an answer. s: silence instead of the rest.
 * x: one chunk.
 */
static bool answer(server *s, int fd, reply r)
{
    char byte;
    if (r.how == 'd' && atomic_fetch_add(&s->dropped, 1) == 0)
        return false;
    if (!say_head(fd, r) || !raw_say(fd, s->bytes, r.sent))
        return false;
    if (r.how == 's')
        return recv(fd, &byte, 1, 0) > 0;
    if (r.how == 'x')
        return raw_say(fd, "\r\n0\r\n\r\n", 7);
    return r.how != 'c' && r.how != 'e' && r.sent == r.told;
}

typedef struct connection {
    server *s;
    int fd;
} connection;

static void *serve(void *user)
{
    connection c = *(connection *)user;
    reply wanted;
    free(user);
    while (read_request(c.fd, &wanted) && answer(c.s, c.fd, wanted))
        ;
    atomic_fetch_sub(&c.s->open, 1);
    shutdown(c.fd, SHUT_WR);
    close(c.fd);
    return NULL;
}

static void *listen_on(void *user)
{
    server *s = user;
    int fd;
    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        connection *c = malloc(sizeof *c);
        pthread_t thread;
        int open = atomic_fetch_add(&s->open, 1) + 1;
        REQUIRE(c != NULL);
        *c = (connection){s, fd};
        atomic_fetch_add(&s->connections, 1);
        if (open > atomic_load(&s->most_open))
            atomic_store(&s->most_open, open);
        REQUIRE(pthread_create(&thread, NULL, serve, c) == 0);
        pthread_detach(thread);
    }
    return NULL;
}

static void server_start(server *s)
{
    struct sockaddr_in at;
    memset(s, 0, sizeof *s);
    s->bytes = malloc(LONG_REPLY);
    REQUIRE(s->bytes != NULL);
    for (size_t i = 0; i < LONG_REPLY; i++)
        s->bytes[i] = content(i);
    s->fd = raw_listen(&at);
    s->port = ntohs(at.sin_port);
    REQUIRE(pthread_create(&s->thread, NULL, listen_on, s) == 0);
}

static bool all_are_closed(server *s)
{
    for (int i = 0; i < PATIENCE_MS && atomic_load(&s->open) > 0; i++)
        poll(NULL, 0, 1);
    return atomic_load(&s->open) == 0;
}

/* The client has let go of its connections by now. */
static void server_stop(server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    CHECK(all_are_closed(s));
    free(s->bytes);
}

/* --- the client ------------------------------------------------------------------------------- */

typedef struct fetch {
    struct client *c;
    cw__http_call call;
    char url[64];
    unsigned char *bytes;
    size_t got, in_place;
    size_t refuse_at, cancel_at, no_room_from; /* bytes got; 0: never */
    int calls_after_refusal;
    bool done, cancelled;
    cw__http_end end;
    bool new_connection, resent;
    char message[128];
} fetch;

typedef struct client {
    server s;
    cw__http *h;
    fetch f[MOST];
} client;

static size_t offer_room(void *user, struct iovec *pieces, size_t most)
{
    fetch *f = user;
    size_t at = f->got, count = 0;
    for (; count < most && at < LONG_REPLY && (!f->no_room_from || at < f->no_room_from); count++) {
        size_t n = ROOM - at % ROOM;
        pieces[count] = (struct iovec){f->bytes + at, n};
        at += n;
    }
    return count;
}

static bool take_body(void *user, const void *p, size_t n)
{
    fetch *f = user;
    REQUIRE(f->got + n <= LONG_REPLY);
    f->calls_after_refusal += f->refuse_at && f->got >= f->refuse_at;
    if (p == f->bytes + f->got)
        f->in_place += n;
    else
        memcpy(f->bytes + f->got, p, n);
    f->got += n;
    if (f->cancel_at && f->got >= f->cancel_at) {
        cw__http_cancel(f->c->h, &f->call);
        f->done = f->cancelled = true;
    }
    return !f->refuse_at || f->got < f->refuse_at;
}

static size_t read_body(void *user, uint64_t offset, void *p, size_t n)
{
    (void)user;
    REQUIRE(offset == 0 && n > 0);
    *(char *)p = 'x';
    return 1;
}

static void take_end(void *user, const cw__http_result *result)
{
    fetch *f = user;
    CHECK(!f->cancelled);
    f->done = true;
    f->end = result->end;
    f->new_connection = result->new_connection;
    f->resent = result->resent;
    snprintf(f->message, sizeof f->message, "%s", result->message);
}

static void client_start(client *c)
{
    cw__http_options o = {
        .user_agent = "test/1", .max_connections = MOST, .connect_timeout_ms = 2000};
    cw_error err;
    memset(c, 0, sizeof *c);
    server_start(&c->s);
    for (size_t i = 0; i < MOST; i++) {
        c->f[i].c = c;
        c->f[i].bytes = malloc(LONG_REPLY);
        REQUIRE(c->f[i].bytes != NULL);
    }
    CHECK_OK(cw__http_new(&c->h, &o, &err), err);
    REQUIRE(c->h != NULL);
}

static void client_stop(client *c)
{
    cw__http_free(c->h);
    server_stop(&c->s);
    for (size_t i = 0; i < MOST; i++)
        free(c->f[i].bytes);
}

typedef enum kind { GET_WITH_ROOM, GET_WITHOUT, POST_A_BYTE } kind;

static void start(fetch *f, reply wanted, kind what)
{
    cw_error err;
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%d/%c/%zu/%zu", f->c->s.port, wanted.how,
             wanted.told, wanted.sent);
    f->got = f->in_place = 0;
    f->done = f->cancelled = false;
    f->call = (cw__http_call){.method = what == POST_A_BYTE ? "POST" : "GET",
                              .url = f->url,
                              .body_bytes = what == POST_A_BYTE,
                              .whole_body = "x",
                              .read = read_body,
                              .stall_ms =
                                  wanted.how == 's' && what != POST_A_BYTE ? STALL_MS : PATIENT_MS,
                              .body = take_body,
                              .room = what == GET_WITH_ROOM ? offer_room : NULL,
                              .done = take_end,
                              .user = f};
    CHECK_OK(cw__http_start(f->c->h, &f->call, &err), err);
}

static void wait_for(fetch *f)
{
    uint64_t end = cw__clock_mono_ms() + PATIENCE_MS;
    while (!f->done && cw__clock_mono_ms() < end)
        cw__http_poll(f->c->h, 1000);
    CHECK(f->done);
}

static cw__http_end fetch_one(client *c, reply wanted)
{
    start(&c->f[0], wanted, GET_WITH_ROOM);
    wait_for(&c->f[0]);
    return c->f[0].end;
}

static bool bytes_are_right(const fetch *f)
{
    return memcmp(f->bytes, f->c->s.bytes, f->got) == 0;
}

static void check_whole(client *c, reply wanted)
{
    memset(c->f[0].bytes, 0, LONG_REPLY);
    CHECK_INT(fetch_one(c, wanted), CW__HTTP_ANSWERED);
    CHECK_INT(c->f[0].got, wanted.sent);
    CHECK(bytes_are_right(&c->f[0]));
}

static const reply long_reply = {'k', LONG_REPLY, LONG_REPLY};

/* --- tests ------------------------------------------------------------------------------------ */

static void in_place_on_one_connection(void)
{
    client c;
    client_start(&c);
    for (int i = 0; i < 5; i++) {
        check_whole(&c, long_reply);
        if (DIRECT)
            CHECK(c.f[0].in_place > LONG_REPLY - 300 * 1024);
        CHECK(c.f[0].new_connection == (i == 0));
        CHECK(!c.f[0].resent);
    }
    for (int i = 0; i < 5; i++) {
        check_whole(&c, (reply){'k', 1000, 1000});
        check_whole(&c, (reply){'k', 0, 0});
        check_whole(&c, (reply){'k', MIB + 1, MIB + 1});
        check_whole(&c, long_reply);
    }
    CHECK_INT(atomic_load(&c.s.connections), 1);
    client_stop(&c);
}

static void with_others_between_them(void)
{
    client c;
    client_start(&c);
    for (int i = 0; i < 5; i++) {
        check_whole(&c, long_reply);
        start(&c.f[1], (reply){'k', 1000, 1000}, GET_WITHOUT);
        wait_for(&c.f[1]);
        CHECK(c.f[1].got == 1000 && bytes_are_right(&c.f[1]));
    }
    CHECK_INT(atomic_load(&c.s.connections), 1);
    client_stop(&c);
}

static void without_room_at_the_end(void)
{
    client c;
    client_start(&c);
    c.f[0].no_room_from = 5 * MIB + 1234;
    check_whole(&c, long_reply);
    check_whole(&c, long_reply);
    if (DIRECT)
        CHECK(c.f[0].in_place > 4 * MIB && c.f[0].in_place <= 5 * MIB + 1234 + ROOM);
    CHECK_INT(atomic_load(&c.s.connections), 1);
    client_stop(&c);
}

static void not_in_place_of_unknown_length(void)
{
    client c;
    client_start(&c);
    check_whole(&c, (reply){'x', LONG_REPLY, LONG_REPLY});
    CHECK_INT(c.f[0].in_place, 0);
    check_whole(&c, long_reply);
    CHECK_INT(atomic_load(&c.s.connections), 1);
    client_stop(&c);
}

static void cut_short(void)
{
    client c;
    client_start(&c);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(fetch_one(&c, (reply){'k', LONG_REPLY, 5 * MIB + 5}), CW__HTTP_BROKEN);
        CHECK(c.f[0].got <= 5 * MIB + 5 && bytes_are_right(&c.f[0]));
        CHECK(c.f[0].message[0]);
    }
    check_whole(&c, long_reply);
    CHECK_INT(atomic_load(&c.s.connections), 3);
    client_stop(&c);
}

static void closed_after_a_whole_reply(void)
{
    client c;
    client_start(&c);
    check_whole(&c, (reply){'c', LONG_REPLY, LONG_REPLY});
    check_whole(&c, (reply){'e', LONG_REPLY, LONG_REPLY});
    CHECK(all_are_closed(&c.s));
    check_whole(&c, long_reply);
    CHECK_INT(atomic_load(&c.s.connections), 3);
    CHECK(!c.f[0].resent);
    client_stop(&c);
}

static void dead_when_it_is_used_again(void)
{
    client c;
    client_start(&c);
    check_whole(&c, long_reply);
    check_whole(&c, (reply){'d', LONG_REPLY, LONG_REPLY});
    CHECK_INT(atomic_load(&c.s.dropped), 2);
    CHECK(c.f[0].resent && c.f[0].new_connection);
    check_whole(&c, long_reply);
    CHECK(!c.f[0].resent && !c.f[0].new_connection);
    CHECK_INT(atomic_load(&c.s.connections), 2);
    client_stop(&c);
}

static void silence(void)
{
    client c;
    client_start(&c);
    CHECK_INT(fetch_one(&c, (reply){'s', LONG_REPLY, 5 * MIB}), CW__HTTP_STALLED);
    CHECK_INT(c.f[0].got, 5 * MIB);
    check_whole(&c, long_reply);
    client_stop(&c);
}

static void refused_and_cancelled(void)
{
    client c;
    client_start(&c);
    for (size_t at = 1; at < LONG_REPLY; at += 3 * MIB) {
        c.f[0].refuse_at = at;
        CHECK_INT(fetch_one(&c, long_reply), CW__HTTP_BROKEN);
        c.f[0].refuse_at = 0;
        c.f[0].cancel_at = at;
        fetch_one(&c, long_reply);
        CHECK(c.f[0].cancelled);
        c.f[0].cancel_at = 0;
        start(&c.f[0], long_reply, GET_WITH_ROOM);
        while (c.f[0].got < at && !c.f[0].done)
            cw__http_poll(c.h, 1000);
        cw__http_cancel(c.h, &c.f[0].call);
        check_whole(&c, long_reply);
    }
    CHECK(!cw__http_busy(c.h));
    client_stop(&c);
}

/* Those that are kept count, too: calls with a body, which do not use them, take their place. */
static void no_more_than_allowed(void)
{
    client c;
    client_start(&c);
    for (int round = 0; round < 6; round++) {
        for (size_t i = 0; i < MOST; i++)
            start(&c.f[i], long_reply, (round + (int)i) % 3 ? GET_WITH_ROOM : POST_A_BYTE);
        for (size_t i = 0; i < MOST; i++) {
            wait_for(&c.f[i]);
            CHECK_INT(c.f[i].end, CW__HTTP_ANSWERED);
            CHECK(c.f[i].got == LONG_REPLY && bytes_are_right(&c.f[i]));
        }
        CHECK(atomic_load(&c.s.most_open) <= MOST + 1); /* one may be about to close */
    }
    client_stop(&c);
}

/* Kept ones leave libcurl fewer; what is started while it has that few must not wait for others. */
static void nobody_waits_for_the_silent(void)
{
    client c;
    client_start(&c);
    for (size_t i = 0; i < 2; i++)
        start(&c.f[i], long_reply, GET_WITH_ROOM);
    for (size_t i = 0; i < 2; i++)
        wait_for(&c.f[i]);
    start(&c.f[0], (reply){'s', LONG_REPLY, 1000}, POST_A_BYTE);
    while (c.f[0].got < 1000 && !c.f[0].done)
        cw__http_poll(c.h, 1000);
    start(&c.f[1], (reply){'s', LONG_REPLY, 1000}, POST_A_BYTE);
    start(&c.f[2], (reply){'k', 1000, 1000}, POST_A_BYTE);
    wait_for(&c.f[2]);
    CHECK_INT(c.f[2].end, CW__HTTP_ANSWERED);
    CHECK(!c.f[0].done && !c.f[1].done);
    client_stop(&c);
}

/* Of what libcurl had read already, after the connection was taken from it: the rest stays away. */
static void refused_by_the_second_piece(void)
{
    client c;
    client_start(&c);
    for (size_t at = 1000; at < 100 * 1000; at += 9000) {
        c.f[0].refuse_at = at;
        CHECK_INT(fetch_one(&c, long_reply), CW__HTTP_BROKEN);
        CHECK(c.f[0].got < at + 128 * 1024 && c.f[0].calls_after_refusal == 0);
    }
    client_stop(&c);
}

static int open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static void nothing_stays_open(void)
{
    int before = open_files();
    cut_short();
    dead_when_it_is_used_again();
    refused_and_cancelled();
    no_more_than_allowed();
    for (int i = 0; i < PATIENCE_MS && open_files() > before; i++)
        poll(NULL, 0, 1); /* the server may be about to close its ends */
    CHECK_INT(open_files(), before);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    TEST(in_place_on_one_connection);
    TEST(with_others_between_them);
    TEST(without_room_at_the_end);
    TEST(not_in_place_of_unknown_length);
    TEST(cut_short);
    TEST(closed_after_a_whole_reply);
    TEST(dead_when_it_is_used_again);
    TEST(silence);
    TEST(refused_and_cancelled);
    TEST(no_more_than_allowed);
    TEST(nobody_waits_for_the_silent);
    TEST(refused_by_the_second_piece);
    TEST(nothing_stays_open);
    return test_end();
}
