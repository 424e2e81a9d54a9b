/* test_tls_batch.c - records gathered for few writes: nothing lost, nothing left behind
 *
 * First the BIO alone, between a TLS client and a TLS server in memory, over a lower BIO that
 * blocks, takes little, and fails as a seeded generator says. Then whole uploads through the HTTP
 * port to a TLS server that pauses, resets, refuses and renews its keys.
 */
#include "harness.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <strings.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <curl/curl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cloudwriter/sys/allocator.h>

#include "base/clock.h"
#include "port/http.h"
#include "port/tls_batch.h"

enum { PATIENCE_MS = 20000, GATHER = CW__TLS_BATCH_BYTES, TAIL = CW__TLS_BATCH_TAIL };

/* --- the sends of this thread, counted -------------------------------------------------------- */

static _Thread_local bool counting;
static _Thread_local int sends;

/* In place of the C library's, for libcurl too. */
__attribute__((visibility("default"))) ssize_t send(int fd, const void *p, size_t n, int flags)
{
    sends += counting;
    return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
}

/* --- bodies ----------------------------------------------------------------------------------- */

static const uint64_t HASH_START = 0xCBF29CE484222325u;

static unsigned char body_byte(uint64_t i)
{
    uint64_t x = (i + 1) * 0x9E3779B97F4A7C15u;
    return (unsigned char)(x >> 56 ^ x >> 24);
}

static uint64_t hash_add(uint64_t h, const void *p, size_t n)
{
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * 0x100000001B3u;
    return h;
}

static void body_fill(uint64_t offset, void *p, size_t n)
{
    unsigned char *b = p;
    for (size_t i = 0; i < n; i++)
        b[i] = body_byte(offset + i);
}

static uint64_t body_hash(uint64_t bytes)
{
    uint64_t h = HASH_START;
    for (uint64_t i = 0; i < bytes; i++) {
        unsigned char c = body_byte(i);
        h = hash_add(h, &c, 1);
    }
    return h;
}

/* --- a certificate for 127.0.0.1 ---------------------------------------------------------------
 */

static EVP_PKEY *make_key(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    REQUIRE(ctx && EVP_PKEY_keygen_init(ctx) == 1);
    REQUIRE(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1) == 1);
    REQUIRE(EVP_PKEY_keygen(ctx, &key) == 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *x = X509_new();
    REQUIRE(x != NULL);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(x, name);
    static const struct {
        int nid;
        const char *value;
    } extensions[] = {{NID_basic_constraints, "critical,CA:TRUE"},
                      {NID_subject_alt_name, "IP:127.0.0.1"}};
    for (size_t i = 0; i < 2; i++) {
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, extensions[i].nid, extensions[i].value);
        REQUIRE(e && X509_add_ext(x, e, -1) == 1);
        X509_EXTENSION_free(e);
    }
    REQUIRE(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

static SSL_CTX *make_server_context(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = make_key();
    X509 *x = make_certificate(key);
    REQUIRE(ctx && SSL_CTX_use_certificate(ctx, x) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1);
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    X509_free(x);
    EVP_PKEY_free(key);
    return ctx;
}

/* --- the BIO alone ---------------------------------------------------------------------------- */

typedef struct narrow {
    uint64_t random;
    BIO *pipe;        /* a memory BIO that the server reads */
    unsigned blocks;  /* of 16 writes, how many are told to come again */
    size_t takes;     /* at most, in one write */
    long fails_after; /* writes; -1: never */
    int writes, failures;
} narrow;

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static int narrow_write(BIO *bio, const char *p, int n)
{
    narrow *w = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (w->fails_after >= 0 && w->writes >= w->fails_after) {
        w->failures++;
        return -1;
    }
    if (next_random(&w->random) % 16 < w->blocks) {
        BIO_set_retry_write(bio);
        return -1;
    }
    w->writes++;
    size_t taken = 1 + (size_t)(next_random(&w->random) % w->takes);
    return BIO_write(w->pipe, p, (size_t)n < taken ? n : (int)taken);
}

static long narrow_ctrl(BIO *bio, int command, long number, void *p)
{
    (void)bio;
    (void)number;
    (void)p;
    return command == BIO_CTRL_FLUSH;
}

static int narrow_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static BIO *narrow_new(narrow *w)
{
    static BIO_METHOD *method;
    if (!method) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "narrow");
        BIO_meth_set_write(method, narrow_write);
        BIO_meth_set_ctrl(method, narrow_ctrl);
        BIO_meth_set_create(method, narrow_create);
    }
    BIO *bio = BIO_new(method);
    BIO_set_data(bio, w);
    return bio;
}

typedef struct pair {
    SSL_CTX *client_context, *server_context;
    SSL *client, *server;
    BIO *to_server, *to_client;
    narrow narrow;
    cw__tls_batch *batch;
    uint64_t sent, received, hash;
} pair;

static bool batching; /* is possible with this libcurl */

static const char *curl_ssl_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->ssl_version;
}

static BIO *memory_bio(void)
{
    BIO *b = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(b, -1);
    return b;
}

static void pair_open(pair *p, int version, uint64_t seed)
{
    memset(p, 0, sizeof *p);
    p->hash = HASH_START;
    p->narrow = (narrow){.random = seed * 77 + 1, .takes = 1 << 20, .fails_after = -1};
    p->server_context = make_server_context(version);
    p->client_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(p->client_context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    p->client = SSL_new(p->client_context);
    p->server = SSL_new(p->server_context);
    p->to_server = memory_bio();
    p->to_client = memory_bio();
    p->narrow.pipe = p->to_server;
    BIO_up_ref(p->to_server);
    BIO_up_ref(p->to_client);
    SSL_set_bio(p->server, p->to_server, p->to_client);
    SSL_set0_rbio(p->client, p->to_client);
    SSL_set0_wbio(p->client, narrow_new(&p->narrow));
    SSL_set_connect_state(p->client);
    SSL_set_accept_state(p->server);
    int done = 0;
    for (int i = 0; i < 20 && done != 3; i++)
        done = (SSL_do_handshake(p->client) == 1) | (SSL_do_handshake(p->server) == 1) << 1;
    REQUIRE(done == 3);
    p->batch = cw__tls_batch_new(curl_ssl_version());
    REQUIRE(p->batch != NULL);
}

static void pair_close(pair *p)
{
    cw__tls_batch_stats stats;
    SSL_free(p->client);
    SSL_free(p->server);
    SSL_CTX_free(p->client_context);
    SSL_CTX_free(p->server_context);
    BIO_free(p->to_server);
    cw__tls_batch_get_stats(p->batch, &stats);
    CHECK_INT(stats.buffers, stats.buffers_idle);
    CHECK(stats.buffers <= 1);
    cw__tls_batch_free(p->batch);
}

static void server_reads(pair *p)
{
    static unsigned char bytes[16384];
    int n;
    while ((n = SSL_read(p->server, bytes, sizeof bytes)) > 0) {
        p->hash = hash_add(p->hash, bytes, (size_t)n);
        p->received += (uint64_t)n;
    }
}

static void client_reads(pair *p)
{
    char bytes[64];
    while (SSL_read(p->client, bytes, sizeof bytes) > 0)
        ;
}

/* Write a piece as libcurl does: the same bytes again until they are taken. */
static bool client_writes(pair *p, size_t n)
{
    static unsigned char piece[128 * 1024];
    REQUIRE(n <= sizeof piece);
    body_fill(p->sent, piece, n);
    for (int i = 0; i < 100000; i++) {
        int w = SSL_write(p->client, piece, (int)n);
        if (w == (int)n) {
            p->sent += n;
            return true;
        }
        if (SSL_get_error(p->client, w) != SSL_ERROR_WANT_WRITE)
            return false;
        if (next_random(&p->narrow.random) % 4 == 0)
            server_reads(p);
        client_reads(p);
    }
    return false;
}

/* One body in random pieces, by the rule of the read callback. */
static bool client_uploads(pair *p, uint64_t bytes, bool renew_keys)
{
    uint64_t left = bytes;
    while (left) {
        bool last = left <= TAIL;
        uint64_t most = last ? left : left - TAIL;
        size_t n = 1 + (size_t)(next_random(&p->narrow.random) % (100 * 1024));
        n = last || n > most ? (size_t)most : n;
        CHECK(cw__tls_batch_gather(p->batch, p->client, !last) == !last);
        if (!client_writes(p, n))
            return false;
        left -= n;
        if (renew_keys && next_random(&p->narrow.random) % 4 == 0) {
            server_reads(p);
            SSL_key_update(p->server, SSL_KEY_UPDATE_REQUESTED);
            SSL_do_handshake(p->server);
            client_reads(p);
        }
    }
    return true;
}

static const struct weather {
    unsigned blocks;
    size_t takes;
} weathers[] = {{0, 1 << 20}, {0, 5000}, {4, 1 << 20}, {4, 20000}, {12, 300000}, {8, 50}};

static void check_uploads(int version, bool renew_keys)
{
    for (size_t w = 0; w < sizeof weathers / sizeof *weathers; w++) {
        pair p;
        pair_open(&p, version, w);
        p.narrow.blocks = weathers[w].blocks;
        p.narrow.takes = weathers[w].takes;
        for (int i = 0; i < 12; i++) {
            uint64_t bytes = 1 + next_random(&p.narrow.random) % (i % 3 ? 900000 : 40000);
            CHECK(client_uploads(&p, bytes, renew_keys));
            server_reads(&p);
            CHECK_INT(p.received, p.sent);
            CHECK_INT(BIO_wpending(SSL_get_wbio(p.client)), 0);
        }
        CHECK(p.hash == body_hash(p.sent));
        pair_close(&p);
    }
}

static void nothing_stays_behind(void)
{
    check_uploads(TLS1_3_VERSION, false);
    check_uploads(TLS1_2_VERSION, false);
}

static void keys_are_renewed_in_between(void)
{
    check_uploads(TLS1_3_VERSION, true);
}

static void gathers_records(void)
{
    pair p;
    cw__tls_batch_stats stats;
    pair_open(&p, TLS1_3_VERSION, 1);
    p.narrow.writes = 0;
    CHECK(client_uploads(&p, 8 << 20, false));
    cw__tls_batch_get_stats(p.batch, &stats);
    int fewest = (8 << 20) / GATHER;
    CHECK(stats.records >= 512 && stats.records < 1000);
    CHECK_INT(stats.buffers, 1);
    CHECK_INT(stats.buffers_idle, 1);
    CHECK(p.narrow.writes >= fewest && p.narrow.writes <= 3 * fewest + 4);
    pair_close(&p);
}

static void without_gathering_nothing_is_touched(void)
{
    pair p;
    pair_open(&p, TLS1_3_VERSION, 1);
    BIO *before = SSL_get_wbio(p.client);
    CHECK(!cw__tls_batch_gather(p.batch, p.client, false));
    CHECK(SSL_get_wbio(p.client) == before);
    CHECK(cw__tls_batch_gather(p.batch, p.client, true));
    BIO *ours = SSL_get_wbio(p.client);
    CHECK(ours != before && BIO_next(ours) == before);
    CHECK(cw__tls_batch_gather(p.batch, p.client, true));
    CHECK(SSL_get_wbio(p.client) == ours);
    pair_close(&p);
}

static void flush_empties(void)
{
    pair p;
    pair_open(&p, TLS1_3_VERSION, 1);
    CHECK(cw__tls_batch_gather(p.batch, p.client, true));
    CHECK(client_writes(&p, 10));
    BIO *bio = SSL_get_wbio(p.client);
    CHECK(BIO_wpending(bio) > 10);
    server_reads(&p);
    CHECK_INT(p.received, 0);
    p.narrow.blocks = 16;
    CHECK(BIO_flush(bio) == 1);
    CHECK(BIO_wpending(bio) > 10);
    CHECK(!cw__tls_batch_gather(p.batch, p.client, false));
    CHECK(BIO_flush(bio) <= 0);
    CHECK(BIO_should_retry(bio) && BIO_should_write(bio));
    CHECK(cw__tls_batch_gather(p.batch, p.client, true));
    p.narrow.blocks = 0;
    CHECK(BIO_flush(bio) == 1);
    CHECK_INT(BIO_wpending(bio), 0);
    server_reads(&p);
    CHECK_INT(p.received, 10);
    CHECK(client_writes(&p, 20));
    CHECK(SSL_shutdown(p.client) == 0);
    server_reads(&p);
    CHECK_INT(p.received, 30);
    CHECK(SSL_get_shutdown(p.server) & SSL_RECEIVED_SHUTDOWN);
    pair_close(&p);
}

/* The first failure is "come again", so that libcurl reads what the server has said; then it is
 * one. */
static void failures(void)
{
    for (long after = 0; after < 6; after++)
        for (int gathering = 0; gathering < 2; gathering++) {
            pair p;
            pair_open(&p, TLS1_3_VERSION, 1);
            CHECK(cw__tls_batch_gather(p.batch, p.client, true));
            CHECK(cw__tls_batch_gather(p.batch, p.client, gathering) == gathering);
            p.narrow.fails_after = p.narrow.writes + after;
            bool taken = true;
            for (int i = 0; i < 1000 && taken; i++)
                taken = client_writes(&p, 20000);
            CHECK(!taken);
            CHECK_INT(p.narrow.failures, 2);
            pair_close(&p);
        }
}

static void closed_with_bytes_gathered(void)
{
    pair p;
    pair_open(&p, TLS1_3_VERSION, 1);
    CHECK(cw__tls_batch_gather(p.batch, p.client, true));
    CHECK(client_writes(&p, 100000));
    pair_close(&p);
}

static void *no_alloc(void *user, size_t bytes)
{
    (void)user;
    (void)bytes;
    return NULL;
}

static void *no_realloc(void *user, void *p, size_t bytes)
{
    (void)user;
    (void)p;
    (void)bytes;
    return NULL;
}

static void standard_free(void *user, void *p)
{
    (void)user;
    free(p);
}

/* No memory for the BIO, or for its buffer: each record is written by itself. */
static void without_memory(void)
{
    static const cw_allocator none = {no_alloc, no_realloc, standard_free, NULL};
    for (int with_bio = 0; with_bio < 2; with_bio++) {
        pair p;
        pair_open(&p, TLS1_3_VERSION, 1);
        p.narrow.blocks = 4;
        if (with_bio)
            CHECK(cw__tls_batch_gather(p.batch, p.client, true));
        cw_allocator_install(&none);
        for (int i = 0; i < 10; i++) {
            CHECK(cw__tls_batch_gather(p.batch, p.client, true) == with_bio);
            CHECK(client_writes(&p, 50000));
        }
        cw_allocator_install(NULL);
        server_reads(&p);
        CHECK_INT(p.received, 500000);
        CHECK(p.hash == body_hash(500000));
        pair_close(&p);
    }
}

static void other_libraries_are_left_alone(void)
{
    CHECK(cw__tls_batch_new(NULL) == NULL);
    CHECK(cw__tls_batch_new("GnuTLS/3.7.9") == NULL);
    CHECK(cw__tls_batch_new("OpenSSL/0.9.8") == NULL);
    CHECK(cw__tls_batch_new("GnuTLS/3.7.9 (OpenSSL/3.0.19)") == NULL);
    CHECK(cw__tls_batch_new("LibreSSL/3.0.0") == NULL);
    char several[128];
    snprintf(several, sizeof several, "(GnuTLS/3.7.9) %s", curl_ssl_version());
    cw__tls_batch *batch = cw__tls_batch_new(several);
    CHECK(batch != NULL);
    cw__tls_batch_free(batch);
    cw__tls_batch_free(NULL);
}

/* --- a TLS server ------------------------------------------------------------------------------
 */

typedef struct server {
    SSL_CTX *context;
    int fd, port;
    pthread_t thread;
    atomic_int connections, open_now;
    atomic_bool stopping;
} server;

typedef struct connection {
    server *s;
    SSL *ssl;
    int fd;
    char head[8192];
    char what[32];
    long long number, length;
} connection;

static void pause_ms(int ms)
{
    poll(NULL, 0, ms);
}

static void wait_for_hangup(connection *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
    uint64_t end = cw__clock_mono_ms() + PATIENCE_MS;
    while (!atomic_load(&c->s->stopping) && cw__clock_mono_ms() < end)
        if (poll(&p, 1, 20) > 0)
            return;
}

static bool read_head(connection *c)
{
    size_t n = 0;
    while (n < sizeof c->head - 1) {
        if (SSL_read(c->ssl, c->head + n, 1) != 1)
            return false;
        c->head[++n] = 0;
        if (n >= 4 && strcmp(c->head + n - 4, "\r\n\r\n") == 0)
            break;
    }
    char method[16];
    c->number = 0;
    if (sscanf(c->head, "%15s /%31[^/ ]/%lld", method, c->what, &c->number) < 2)
        return false;
    const char *length = strstr(c->head, "Content-Length: ");
    c->length = length ? atoll(length + 16) : 0;
    return true;
}

static long long read_body(connection *c, long long bytes, uint64_t *hash)
{
    char buffer[16384];
    long long got = 0;
    while (got < bytes) {
        long long want = bytes - got;
        int most = want < (long long)sizeof buffer ? (int)want : (int)sizeof buffer;
        int n = SSL_read(c->ssl, buffer, most);
        if (n <= 0)
            break;
        *hash = hash_add(*hash, buffer, (size_t)n);
        got += n;
    }
    return got;
}

static bool say(connection *c, const char *text)
{
    return SSL_write(c->ssl, text, (int)strlen(text)) > 0;
}

/* Every `number` bytes: a short sleep, or new keys. */
static bool read_with_breaks(connection *c, uint64_t *hash)
{
    bool keys = strcmp(c->what, "keys") == 0;
    long long left = c->length;
    while (left > 0) {
        long long n = left < c->number ? left : c->number;
        if (read_body(c, n, hash) != n)
            return false;
        left -= n;
        if (!keys)
            pause_ms(5);
        else if (!SSL_key_update(c->ssl, SSL_KEY_UPDATE_REQUESTED) || SSL_do_handshake(c->ssl) != 1)
            return false;
    }
    return true;
}

static bool answer(connection *c)
{
    uint64_t hash = HASH_START;
    bool partway = strcmp(c->what, "hash") != 0;
    static const char *const forbidden =
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\nConnection: close\r\n\r\nnope!";
    if (strcmp(c->what, "slow") == 0 || strcmp(c->what, "keys") == 0) {
        if (!read_with_breaks(c, &hash))
            return false;
        partway = false;
    } else if (partway) {
        read_body(c, c->number, &hash);
    } else if (read_body(c, c->length, &hash) != c->length) {
        return false;
    }
    if (!partway) {
        char reply[256];
        snprintf(reply, sizeof reply,
                 "HTTP/1.1 200 OK\r\nX-Hash: %016" PRIx64 "\r\nContent-Length: 0\r\n\r\n", hash);
        return say(c, reply);
    }
    if (strcmp(c->what, "early") == 0) {
        say(c, forbidden);
        wait_for_hangup(c);
    } else if (strcmp(c->what, "abrupt") == 0) {
        say(c, forbidden);
    } else if (strcmp(c->what, "stuck") == 0) {
        wait_for_hangup(c);
    }
    return false;
}

static void *serve_connection(void *user)
{
    connection *c = user;
    c->ssl = SSL_new(c->s->context);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_accept(c->ssl) == 1)
        while (read_head(c) && answer(c))
            ;
    SSL_free(c->ssl);
    close(c->fd);
    atomic_fetch_sub(&c->s->open_now, 1);
    free(c);
    ERR_clear_error();
    return NULL;
}

static void *serve(void *user)
{
    server *s = user;
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    while (!atomic_load(&s->stopping)) {
        int fd = poll(&p, 1, 20) > 0 ? accept(s->fd, NULL, NULL) : -1;
        if (fd < 0)
            continue;
        connection *c = calloc(1, sizeof *c);
        c->s = s;
        c->fd = fd;
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        atomic_fetch_add(&s->connections, 1);
        atomic_fetch_add(&s->open_now, 1);
        pthread_t t;
        pthread_create(&t, NULL, serve_connection, c);
        pthread_detach(t);
    }
    return NULL;
}

static void server_start(server *s, int version, int receive_buffer)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    memset(s, 0, sizeof *s);
    s->context = make_server_context(version);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer)
        setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    REQUIRE(bind(s->fd, (struct sockaddr *)&a, n) == 0 && listen(s->fd, 64) == 0);
    REQUIRE(getsockname(s->fd, (struct sockaddr *)&a, &n) == 0);
    s->port = ntohs(a.sin_port);
    REQUIRE(pthread_create(&s->thread, NULL, serve, s) == 0);
}

static void server_stop(server *s)
{
    atomic_store(&s->stopping, true);
    pthread_join(s->thread, NULL);
    for (int i = 0; i < PATIENCE_MS / 10 && atomic_load(&s->open_now); i++)
        pause_ms(10);
    CHECK_INT(atomic_load(&s->open_now), 0);
    close(s->fd);
    SSL_CTX_free(s->context);
}

/* --- uploads through the HTTP port -------------------------------------------------------------
 */

typedef struct request {
    cw__http *h;
    cw__http_call call;
    char url[128];
    char hash[32];
    size_t at_most;
    int sent, done;
    cw__http_result result;
    char message[256];
    bool cancel_midway;
} request;

static size_t give(void *user, uint64_t offset, void *p, size_t n)
{
    request *r = user;
    n = r->at_most && n > r->at_most ? r->at_most : n;
    CHECK(offset + n <= r->call.body_bytes);
    body_fill(offset, p, n);
    if (r->cancel_midway && offset > 1000000)
        cw__http_cancel(r->h, &r->call);
    return n;
}

static void count_sent(void *user)
{
    ((request *)user)->sent++;
}

static void take_header(void *user, const char *name, const char *value)
{
    request *r = user;
    if (strcmp(name, "X-Hash") == 0)
        snprintf(r->hash, sizeof r->hash, "%s", value);
}

static void take_end(void *user, const cw__http_result *result)
{
    request *r = user;
    r->done++;
    r->result = *result;
    snprintf(r->message, sizeof r->message, "%s", result->message);
}

static cw__http *http_new(unsigned max_connections, const char *ca_bundle, bool no_verify)
{
    cw_error err;
    cw__http *h = NULL;
    cw__http_options o = {.ca_bundle = ca_bundle,
                          .no_verify = no_verify,
                          .max_connections = max_connections,
                          .connect_timeout_ms = 10000};
    CHECK_OK(cw__http_new(&h, &o, &err), err);
    REQUIRE(h != NULL);
    return h;
}

static void request_start(request *r, cw__http *h, const char *method, int port, const char *path,
                          uint64_t bytes)
{
    cw_error err;
    snprintf(r->url, sizeof r->url, "https://127.0.0.1:%d%s", port, path);
    r->h = h;
    uint32_t stall_ms = r->call.stall_ms ? r->call.stall_ms : PATIENCE_MS;
    r->call = (cw__http_call){.method = method,
                              .url = r->url,
                              .body_bytes = bytes,
                              .stall_ms = stall_ms,
                              .reply_ms = PATIENCE_MS,
                              .read = give,
                              .sent = count_sent,
                              .header = take_header,
                              .done = take_end,
                              .user = r};
    CHECK_OK(cw__http_start(h, &r->call, &err), err);
}

static void request_wait(request *r)
{
    uint64_t end = cw__clock_mono_ms() + 2 * PATIENCE_MS;
    while (!r->done && cw__clock_mono_ms() < end)
        cw__http_poll(r->h, 200);
    CHECK_INT(r->done, 1);
}

static void check_hash(request *r)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, "%016" PRIx64, body_hash(r->call.body_bytes));
    CHECK_INT(r->result.end, CW__HTTP_ANSWERED);
    CHECK_INT(r->result.status, 200);
    CHECK_STR(r->hash, wanted);
    CHECK_INT(r->sent, 1);
    if (r->result.end != CW__HTTP_ANSWERED)
        fprintf(stderr, "    %s of %" PRIu64 ": %s\n", r->url, r->call.body_bytes, r->message);
}

static void put_and_check(cw__http *h, int port, const char *path, uint64_t bytes, size_t at_most)
{
    request r = {.at_most = at_most};
    request_start(&r, h, "PUT", port, path, bytes);
    request_wait(&r);
    check_hash(&r);
}

static void check_body_sizes(int version)
{
    static const uint64_t edges[] = {TAIL,       2 * TAIL,      64 * 1024,     128 * 1024,
                                     GATHER,     GATHER + TAIL, GATHER - TAIL, GATHER - 512,
                                     2 * GATHER, 1 << 20,       3 << 20};
    server s;
    server_start(&s, version, 0);
    cw__http *h = http_new(1, NULL, true);
    put_and_check(h, s.port, "/hash", 0, 0);
    put_and_check(h, s.port, "/hash", 1, 0);
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        for (uint64_t d = 0; d < 3; d++)
            put_and_check(h, s.port, "/hash", edges[i] - 1 + d, 0);
    CHECK_INT(atomic_load(&s.connections), 1);
    cw__http_free(h);
    server_stop(&s);
}

static void body_sizes(void)
{
    check_body_sizes(TLS1_3_VERSION);
    check_body_sizes(TLS1_2_VERSION);
}

static void small_pieces_and_other_methods(void)
{
    server s;
    server_start(&s, TLS1_3_VERSION, 0);
    cw__http *h = http_new(1, NULL, true);
    for (size_t piece = 700; piece < 50000; piece = piece * 3 + 1) {
        put_and_check(h, s.port, "/hash", 700001, piece);
        request r = {0};
        request_start(&r, h, "GET", s.port, "/hash", 0);
        request_wait(&r);
        CHECK_INT(r.result.status, 200);
    }
    CHECK_INT(atomic_load(&s.connections), 1);
    cw__http_free(h);
    server_stop(&s);
}

static void slow_reader(void)
{
    server s;
    server_start(&s, TLS1_3_VERSION, 4096);
    cw__http *h = http_new(2, NULL, true);
    put_and_check(h, s.port, "/slow/30000", 3000017, 0);
    put_and_check(h, s.port, "/slow/100000", 3000017, 0);
    put_and_check(h, s.port, "/hash", 3000017, 0);
    cw__http_free(h);
    server_stop(&s);
}

static void new_keys_in_mid_upload(void)
{
    server s;
    server_start(&s, TLS1_3_VERSION, 0);
    cw__http *h = http_new(1, NULL, true);
    for (int i = 0; i < 5; i++)
        put_and_check(h, s.port, "/keys/200000", 5000011 + (uint64_t)i * 16384, 0);
    CHECK_INT(atomic_load(&s.connections), 1);
    cw__http_free(h);
    server_stop(&s);
}

static void in_parallel(void)
{
    enum { CALLS = 48 };
    static request r[CALLS];
    server s;
    server_start(&s, TLS1_3_VERSION, 0);
    cw__http *h = http_new(16, NULL, true);
    memset(r, 0, sizeof r);
    for (size_t i = 0; i < CALLS; i++)
        request_start(&r[i], h, "PUT", s.port, i % 3 ? "/hash" : "/slow/300000",
                      400000 + i * 33333);
    for (size_t i = 0; i < CALLS; i++) {
        request_wait(&r[i]);
        check_hash(&r[i]);
    }
    CHECK(atomic_load(&s.connections) <= 16);
    cw__http_free(h);
    server_stop(&s);
}

static void resets_and_recovery(void)
{
    static const long at[] = {0, 1, 16384, 100000, GATHER, 2000000};
    server s;
    server_start(&s, TLS1_3_VERSION, 0);
    cw__http *h = http_new(1, NULL, true);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        char path[64];
        request r = {0};
        snprintf(path, sizeof path, "/reset/%ld", at[i]);
        request_start(&r, h, "PUT", s.port, path, 64 << 20);
        request_wait(&r);
        CHECK_INT(r.result.end, CW__HTTP_BROKEN);
        CHECK_INT(r.sent, 0);
        put_and_check(h, s.port, "/hash", 700000, 0);
    }
    cw__http_free(h);
    server_stop(&s);
}

static void refused_early(void)
{
    enum { TIMES = 30 };
    int answered = 0;
    server s;
    server_start(&s, TLS1_3_VERSION, 0);
    cw__http *h = http_new(1, NULL, true);
    for (int i = 0; i < 2 * TIMES; i++) {
        char path[64];
        request r = {0};
        snprintf(path, sizeof path, i < TIMES ? "/early/%d" : "/abrupt/%d", i * 20000);
        request_start(&r, h, "PUT", s.port, path, 256 << 20);
        request_wait(&r);
        bool refused = r.result.end == CW__HTTP_ANSWERED && r.result.status == 403;
        CHECK(refused || i >= TIMES);
        answered += refused && i >= TIMES;
        CHECK_INT(r.sent, 0);
    }
    fprintf(stderr, "    %d of %d answered against a reset\n", answered, TIMES);
    CHECK(answered >= TIMES * 7 / 10 || !batching);
    put_and_check(h, s.port, "/hash", 700000, 0);
    cw__http_free(h);
    server_stop(&s);
}

static void stalled_and_cancelled(void)
{
    server s;
    server_start(&s, TLS1_3_VERSION, 0);
    cw__http *h = http_new(1, NULL, true);
    request stuck = {.call.stall_ms = 300};
    request_start(&stuck, h, "PUT", s.port, "/stuck/500000", 64 << 20);
    request_wait(&stuck);
    CHECK_INT(stuck.result.end, CW__HTTP_STALLED);

    request cancelled = {.cancel_midway = true};
    request_start(&cancelled, h, "PUT", s.port, "/hash", 64 << 20);
    for (int i = 0; i < 100; i++)
        cw__http_poll(h, 5);
    CHECK_INT(cancelled.done, 0);
    put_and_check(h, s.port, "/hash", 700000, 0);

    request left = {0};
    request_start(&left, h, "PUT", s.port, "/stuck/500000", 64 << 20);
    for (int i = 0; i < 20; i++)
        cw__http_poll(h, 5);
    cw__http_free(h);
    CHECK_INT(left.done, 0);
    server_stop(&s);
}

static void sends_are_few(void)
{
    server s;
    server_start(&s, TLS1_3_VERSION, 0);
    cw__http *h = http_new(1, NULL, true);
    put_and_check(h, s.port, "/hash", 8 << 20, 0);
    sends = 0;
    counting = true;
    put_and_check(h, s.port, "/hash", 8 << 20, 0);
    counting = false;
    fprintf(stderr, "    %d sends for 512 records\n", sends);
    CHECK(sends > 0 && sends < 256);
    cw__http_free(h);
    server_stop(&s);
}

/* --- trust ------------------------------------------------------------------------------------ */

static void write_ca(const SSL_CTX *context, char *path, size_t size)
{
    snprintf(path, size, "/tmp/test_tls_batch.XXXXXX");
    int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    FILE *f = fdopen(fd, "w");
    REQUIRE(f && PEM_write_X509(f, SSL_CTX_get0_certificate(context)) == 1);
    fclose(f);
}

static void check_trust(server *s, const char *ca, const char *host, cw__http_end end)
{
    request r = {0};
    cw__http *h = http_new(1, ca, false);
    request_start(&r, h, "PUT", s->port, "/hash", 10);
    snprintf(r.url, sizeof r.url, "https://%s:%d/hash", host, s->port);
    request_wait(&r);
    CHECK_INT(r.result.end, end);
    CHECK_INT(r.result.status, end == CW__HTTP_ANSWERED ? 200 : 0);
    CHECK((r.message[0] != 0) == (end != CW__HTTP_ANSWERED));
    cw__http_free(h);
}

static void trust(void)
{
    char right[64], wrong[64];
    server s;
    server_start(&s, TLS1_3_VERSION, 0);
    SSL_CTX *other = make_server_context(TLS1_3_VERSION);
    write_ca(s.context, right, sizeof right);
    write_ca(other, wrong, sizeof wrong);
    check_trust(&s, right, "127.0.0.1", CW__HTTP_ANSWERED);
    check_trust(&s, right, "localhost", CW__HTTP_UNTRUSTED);
    check_trust(&s, wrong, "127.0.0.1", CW__HTTP_UNTRUSTED);
    check_trust(&s, NULL, "127.0.0.1", CW__HTTP_UNTRUSTED);
    check_trust(&s, "/nonexistent.pem", "127.0.0.1", CW__HTTP_UNTRUSTED);
    SSL_CTX_free(other);
    unlink(right);
    unlink(wrong);
    server_stop(&s);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    cw__tls_batch *batch = cw__tls_batch_new(curl_ssl_version());
    batching = batch != NULL;
    cw__tls_batch_free(batch);
    TEST(body_sizes);
    TEST(small_pieces_and_other_methods);
    TEST(slow_reader);
    TEST(new_keys_in_mid_upload);
    TEST(in_parallel);
    TEST(resets_and_recovery);
    TEST(refused_early);
    TEST(stalled_and_cancelled);
    TEST(trust);
    if (!batching) {
        fprintf(stderr, "SKIP batching: not possible with a libcurl on %s\n", curl_ssl_version());
        return test_end() || getenv("CI");
    }
    TEST(nothing_stays_behind);
    TEST(keys_are_renewed_in_between);
    TEST(gathers_records);
    TEST(without_gathering_nothing_is_touched);
    TEST(flush_empties);
    TEST(failures);
    TEST(closed_with_bytes_gathered);
    TEST(without_memory);
    TEST(other_libraries_are_left_alone);
    TEST(sends_are_few);
    return test_end();
}
