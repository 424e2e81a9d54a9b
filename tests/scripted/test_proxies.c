/* test_proxies.c - every kind of proxy, really gone through: https, SOCKS 4 and 5; and who goes
 * without one */
#include "fixture.h"
#include "proxy.h"
#include "tls_front.h"

#define USER     "the-user"
#define PASSWORD "of the:proxy/@"
#define ENCODED  "of%20the%3Aproxy%2F%40"
/* base64 of USER ":" PASSWORD */
static const char authorization[] = "Basic dGhlLXVzZXI6b2YgdGhlOnByb3h5L0A=";

static unsigned char data[300 * 1000];
static cw_error err;

typedef struct bench {
    proxy proxy;
    tls_front front;
    bed bed;
    char both[64]; /* the authorities of the service and of the proxy */
} bench;

static void append(FILE *to, const char *name)
{
    char text[8000];
    FILE *f = name ? fopen(name, "r") : NULL;
    size_t n = f ? fread(text, 1, sizeof text, f) : 0;
    REQUIRE(fwrite(text, 1, n, to) == n);
    if (f)
        fclose(f);
}

/* The authorities that are trusted: the service's, and with `proxys` the proxy's. */
static void write_authorities(bench *b, bool proxys)
{
    snprintf(b->both, sizeof b->both, "/tmp/cw-both-ca-%ld.pem", (long)getpid());
    FILE *f = fopen(b->both, "w");
    REQUIRE(f);
    append(f, ts_server_ca_file(b->bed.server));
    append(f, proxys ? b->front.ca_file : NULL);
    fclose(f);
}

typedef struct way {
    const char *scheme;
    bool tls; /* of the service */
    const char *user;
    const char *no_proxy;
    bool not_trusted; /* the proxy's authority */
    bool no_verify;   /* which is about the service alone */
} way;

/* A service, a proxy before it (whose rules are set), and a client that goes this way. */
static void bench_open(bench *b, const way *w)
{
    ts_options s = server_defaults();
    cw_client_options c = client_defaults();
    bool front = strcmp(w->scheme, "https") == 0;
    char url[200], endpoint[64];
    s.tls = w->tls;
    b->bed.server = start_server(&s);
    proxy_start(&b->proxy);
    tls_front_start(&b->front, &b->proxy);
    write_authorities(b, !w->not_trusted);
    snprintf(url, sizeof url, "%s://%s%s127.0.0.1:%d", w->scheme, w->user ? w->user : "",
             w->user ? "@" : "", front ? b->front.listener.port : b->proxy.port);
    snprintf(endpoint, sizeof endpoint, "http%s://localhost%s", w->tls ? "s" : "",
             strrchr(ts_server_url(b->bed.server), ':'));
    c.proxy_url = url;
    c.no_proxy = w->no_proxy;
    c.endpoint_url = endpoint;
    c.ca_bundle = b->both;
    c.no_verify = w->no_verify;
    b->bed.client = start_client(b->bed.server, &c);
}

static void bench_close(bench *b)
{
    bed_close(&b->bed);
    tls_front_stop(&b->front);
    proxy_stop(&b->proxy);
    unlink(b->both);
}

static cw_status put(bench *b)
{
    cw_writer_options w = parts_of(100 * 1000);
    cw_status status = send_bytes(&b->bed, "key", &w, data, sizeof data, NULL, &err);
    CHECK(!strstr(err.message, "of the:") && !strstr(err.message, "of%20the"));
    return status;
}

static void put_and_get(bench *b)
{
    static unsigned char got[sizeof data];
    cw_reader *r;
    size_t n = 0, all = 0;
    CHECK_OK(put(b), err);
    check_object(&b->bed, "key", data, sizeof data);
    CHECK_OK(cw_reader_open(&r, b->bed.client, "s3://bucket/key", &err), err);
    REQUIRE(r);
    while (cw_reader_read(r, got + all, sizeof got - all, &n, &err) == CW_OK && n > 0)
        all += n;
    CHECK_INT(all, sizeof data);
    CHECK(memcmp(got, data, sizeof data) == 0);
    cw_reader_close(r);
}

/* ---- there and back ---- */

static void through_https(void)
{
    for (int i = 0; i < 4; i++) {
        bench b = {.proxy.authorization = i & 2 ? authorization : NULL};
        way w = {.scheme = "https", .tls = i & 1, .user = i & 2 ? USER ":" ENCODED : NULL};
        bench_open(&b, &w);
        put_and_get(&b);
        CHECK(b.front.handshakes > 0);
        CHECK(i & 1 ? b.proxy.connects > 0 : b.proxy.requests >= 6);
        CHECK_INT(b.proxy.refusals, 0);
        bench_close(&b);
    }
}

static void through_socks4(void)
{
    for (int i = 0; i < 8; i++) {
        bench b = {.proxy.user = i & 2 ? USER : NULL};
        way w = {.scheme = i & 4 ? "socks4a" : "socks4", .tls = i & 1, .user = i & 2 ? USER : NULL};
        bench_open(&b, &w);
        put_and_get(&b);
        CHECK(b.proxy.socks4 > 0);
        CHECK_INT(b.proxy.refusals, 0);
        CHECK_INT(strncmp(b.proxy.last_target, "localhost:", 10) == 0, (i & 4) != 0);
        bench_close(&b);
    }
}

static void through_socks5(void)
{
    for (int i = 0; i < 8; i++) {
        bench b = {.proxy.user = i & 2 ? USER : NULL, .proxy.password = PASSWORD};
        way w = {.scheme = i & 4 ? "socks5h" : "socks5",
                 .tls = i & 1,
                 .user = i & 2 ? USER ":" ENCODED : NULL};
        bench_open(&b, &w);
        put_and_get(&b);
        CHECK(b.proxy.socks5 > 0);
        CHECK_INT(b.proxy.refusals, 0);
        CHECK_INT(strncmp(b.proxy.last_target, "localhost:", 10) == 0, (i & 4) != 0);
        bench_close(&b);
    }
}

/* ---- not let in ---- */

static void who_is_not_let_in(void)
{
    static const struct {
        way way;
        const char *says;
    } cases[] = {
        {{.scheme = "socks5", .user = USER ":of%20the%3A"}, "rejected"},
        {{.scheme = "socks5h", .tls = true}, "authentication"},
        {{.scheme = "socks4", .user = "somebody-else", .tls = true}, "user-ids"},
        {{.scheme = "https", .user = USER ":of%20the%3A", .tls = true}, "407"},
        {{.scheme = "https", .tls = false}, "407"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b = {.proxy = {.user = USER, .password = PASSWORD, .authorization = authorization}};
        bench_open(&b, &cases[i].way);
        CHECK_STATUS(put(&b), CW_E_PERMISSION, err);
        CHECK_INT(err.http_status, 407);
        CHECK(strstr(err.message, "the proxy asks for a user and a password"));
        CHECK(strstr(err.message, cases[i].says));
        CHECK_INT(b.proxy.refusals, 1); /* the same again would be refused again */
        CHECK_INT(requests(&b.bed, NULL), 0);
        bench_close(&b);
    }
}

/* Another certificate is looked at than the service's, and another authority signed it. */
static void a_proxy_that_is_not_trusted(void)
{
    for (int i = 0; i < 2; i++) {
        bench b = {0};
        way w = {.scheme = "https", .tls = true, .not_trusted = true, .no_verify = i};
        bench_open(&b, &w);
        CHECK_STATUS(put(&b), CW_E_UNAVAILABLE, err);
        CHECK(strstr(err.message, "the certificate of the proxy is not trusted"));
        CHECK_INT(err.attempts, 1);
        /* Newer libcurls look at it when the handshake is over. */
        CHECK_INT(b.proxy.connects + b.proxy.refusals, 0);
        bench_close(&b);
    }
}

/* And it is not the service's fault. */
static void a_proxy_that_cannot_be_used(void)
{
    static const char *const schemes[] = {"https", "socks4", "socks5"};
    for (size_t i = 0; i < 6; i++) {
        ts_options s = server_defaults();
        cw_client_options c = client_defaults();
        proxy p = {.refuse_with = 502};
        char url[100];
        s.tls = i & 1;
        c.max_attempts = 2;
        c.connect_timeout_ms = 200 * SLOWNESS;
        proxy_start(&p);
        if (i > 1) /* or else it is there and speaks no TLS */
            proxy_stop(&p);
        snprintf(url, sizeof url, "%s://%s:%s@127.0.0.1:%d", schemes[i / 2], USER, ENCODED, p.port);
        c.proxy_url = url;
        bench b = {.bed = bed_open(&s, &c)};
        CHECK_STATUS(put(&b), CW_E_UNAVAILABLE, err);
        CHECK(strstr(err.message, "the proxy cannot be reached"));
        bed_close(&b.bed);
        if (i <= 1)
            proxy_stop(&p);
    }
}

static void a_service_that_the_proxy_does_not_reach(void)
{
    static const char *const schemes[] = {"socks4", "socks5h"};
    for (size_t i = 0; i < 2; i++) {
        cw_client_options c = client_defaults();
        proxy p = {0}, gone = {0};
        char url[100];
        c.max_attempts = 2;
        proxy_start(&p);
        proxy_start(&gone);
        proxy_stop(&gone);
        snprintf(url, sizeof url, "%s://127.0.0.1:%d", schemes[i], p.port);
        c.proxy_url = url;
        c.endpoint_url = gone.url;
        bench b = {.bed = bed_open(NULL, &c)};
        CHECK_STATUS(put(&b), CW_E_UNAVAILABLE, err);
        CHECK(strstr(err.message, "the proxy refuses to connect to the service"));
        CHECK_INT(err.attempts, 2);
        bed_close(&b.bed);
        proxy_stop(&p);
    }
}

/* ---- without one, and what never goes through one ---- */

static cw_status put_with_key(bench *b)
{
    static const unsigned char key[32] = "thirty-two bytes of a key, I say";
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_writer *w;
    o.sse = CW_SSE_C;
    o.sse_customer_key = key;
    cw_status status = cw_writer_open(&w, b->bed.client, "s3://bucket/secret", &o, &err);
    return status == CW_OK ? cw_writer_close(w, NULL, &err) : status;
}

static cw_status get_with_key(bench *b)
{
    static const unsigned char key[32] = "thirty-two bytes of a key, I say";
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_reader *r;
    o.sse_customer_key = key;
    cw_status status = cw_reader_open_with(&r, b->bed.client, "s3://bucket/secret", &o, &err);
    if (status == CW_OK)
        cw_reader_close(r);
    return status;
}

/* What is thought of the list here is what libcurl does by it, and a key goes nowhere else. */
static void check_list(const char *scheme, const char *list, bool direct)
{
    bench b = {0};
    way w = {.scheme = scheme, .no_proxy = list};
    bench_open(&b, &w);
    CHECK_INT(put_with_key(&b), direct ? CW_OK : CW_E_INVALID_ARGUMENT);
    if (!direct)
        CHECK(strstr(err.message, "through the proxy"));
    CHECK_INT(get_with_key(&b), direct ? CW_OK : CW_E_INVALID_ARGUMENT);
    CHECK_INT(listener_count(&b.proxy.listener), 0);
    CHECK_INT(requests(&b.bed, NULL) > 0, direct);
    CHECK_OK(put(&b), err);
    if ((listener_count(&b.proxy.listener) == 0) != direct)
        fprintf(stderr, "    '%s'\n", list);
    CHECK_INT(listener_count(&b.proxy.listener) == 0, direct);
    bench_close(&b);
}

static void who_goes_directly(void)
{
    check_list("http", "*", true);
    check_list("socks5h", "example.org, LOCALHOST", true);
    check_list("socks4", ".localhost,x", true);
    check_list("https", "localhost:80", false); /* a port is no part of a name here */
    check_list("http", "notlocalhost,host", false);
    check_list("http", "", false);
    check_list("socks5", "127.0.0.1", false); /* nobody asks for the name's address */
    check_list("http", "*,x", false);
}

int main(int argc, char **argv)
{
    WITHIN(6000, through_https);
    WITHIN(6000, through_socks4);
    WITHIN(6000, through_socks5);
    WITHIN(4000, who_is_not_let_in);
    WITHIN(3000, a_proxy_that_is_not_trusted);
    WITHIN(4000, a_proxy_that_cannot_be_used);
    WITHIN(4000, a_service_that_the_proxy_does_not_reach);
    WITHIN(4000, who_goes_directly);
    return test_end();
}
