/* selftest_load.c - many connections, many objects, quick stops, TLS, folders and the null server
 */
#include "selftest_client.h"

#include "bytes.h"

#include <harness.h>

#include <openssl/ssl.h>

#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define THREADS 64
#define ROUNDS  20

static ts_server *server;

static void start(const ts_options *o)
{
    char why[300];

    if (ts_server_start(&server, o, why, sizeof why) != 0) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
}

static int64_t ms_of(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t now_ms(void)
{
    return ms_of(CLOCK_MONOTONIC);
}

/* What this program has worked, both ends of it: the same however busy the machine is. */
static int64_t worked_ms(void)
{
    return ms_of(CLOCK_PROCESS_CPUTIME_ID);
}

/* ---- many at once ---- */

static char shared_id[100];

typedef struct worker {
    pthread_t thread;
    int number, good;
} worker;

static void *work(void *arg)
{
    worker *w = arg;
    tc c = tc_new(server);
    char target[300];

    for (int i = 0; i < ROUNDS; i++) {
        snprintf(target, sizeof target, "/bucket/k?partNumber=%d&uploadId=%s",
                 w->number * ROUNDS + i + 1, shared_id);
        w->good += tc_status(&c, "PUT", target, "", "1234567890") == 200;
        snprintf(target, sizeof target, "/bucket/%d/%d", w->number, i);
        w->good += tc_status(&c, "PUT", target, "", "12345") == 200;
        w->good += tc_status(&c, "GET", target, "", NULL) == 200;
        w->good += tc_status(&c, "GET", "/bucket?list-type=2&max-keys=3", "", NULL) == 200;
    }
    tc_close(&c);
    return NULL;
}

static void many_connections(void)
{
    ts_options o = {.min_part_bytes = 1, .latency_ms = 2};
    static worker w[THREADS];
    tc c;
    int good = 0;

    start(&o);
    c = tc_new(server);
    CHECK_INT(tc_status(&c, "POST", "/bucket/k?uploads=", "", NULL), 200);
    CHECK_INT(ts_upload_id(server, 0, shared_id, sizeof shared_id), 0);
    for (int i = 0; i < THREADS; i++) {
        w[i] = (worker){.number = i};
        REQUIRE(pthread_create(&w[i].thread, NULL, work, &w[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(w[i].thread, NULL);
        good += w[i].good;
    }
    CHECK_INT(good, THREADS * ROUNDS * 4);
    CHECK_INT(ts_connection_count(server), THREADS + 1);
    CHECK_INT(ts_object_count(server, "bucket"), THREADS * ROUNDS);
    CHECK_INT(ts_request_count(server, "UploadPart"), THREADS * ROUNDS);
    CHECK(ts_parts_in_flight_max(server) > 1 && ts_parts_in_flight_max(server) <= THREADS);
    tc_close(&c);
    ts_server_stop(server);
}

static void ten_thousand_parts(void)
{
    ts_options o = {.min_part_bytes = 1};
    char target[300], id[100];
    ts_buf xml = {0};
    tc c;

    start(&o);
    c = tc_new(server);
    CHECK_INT(tc_status(&c, "POST", "/bucket/k?uploads=", "", NULL), 200);
    CHECK_INT(ts_upload_id(server, 0, id, sizeof id), 0);
    ts_buf_puts(&xml, "<CompleteMultipartUpload>");
    for (int i = 1; i <= 10000; i++) {
        snprintf(target, sizeof target, "/bucket/k?partNumber=%d&uploadId=%s", i, id);
        tc_reply r = tc_call(&c, "PUT", target, NULL, "x", 1);
        ts_buf_printf(&xml, "<Part><PartNumber>%d</PartNumber><ETag>", i);
        ts_buf_xml(&xml, tc_header(&r, "etag"));
        ts_buf_puts(&xml, "</ETag></Part>");
        tc_reply_free(&r);
    }
    ts_buf_puts(&xml, "</CompleteMultipartUpload>");
    snprintf(target, sizeof target, "/bucket/k?uploadId=%s", id);
    int64_t from = worked_ms();
    CHECK_INT(tc_status(&c, "POST", target, "", xml.data), 200);
    CHECK(worked_ms() - from < 2000);
    CHECK_INT(ts_object_size(server, "bucket", "k"), 10000);
    ts_buf_free(&xml);
    tc_close(&c);
    ts_server_stop(server);
}

static void ten_thousand_objects(void)
{
    char key[40], target[1200] = "/bucket?list-type=2";
    int pages = 0, keys = 0;
    tc c;

    start(&(ts_options)TS_OPTIONS_INIT);
    c = tc_new(server);
    int64_t from = worked_ms();
    for (int i = 0; i < 10000; i++) {
        snprintf(key, sizeof key, "%d/%d", i * 7919 % 10000, i);
        CHECK_INT(ts_object_put(server, "bucket", key, "x", 1), 0);
    }
    for (bool more = true; more; pages++) {
        tc_reply r = tc_call(&c, "GET", target, NULL, NULL, 0);
        keys += atoi(tc_xml(&r, "KeyCount"));
        more = !strcmp(tc_xml(&r, "IsTruncated"), "true");
        ts_buf b = {0};
        ts_buf_puts(&b, "/bucket?continuation-token=");
        ts_buf_uri(&b, tc_xml(&r, "NextContinuationToken"), false);
        ts_buf_puts(&b, "&list-type=2");
        snprintf(target, sizeof target, "%s", b.data);
        ts_buf_free(&b);
        tc_reply_free(&r);
    }
    CHECK_INT(pages, 10);
    CHECK_INT(keys, 10000);
    CHECK(worked_ms() - from < 10000);
    tc_close(&c);
    ts_server_stop(server);
}

/* ---- stopping ---- */

static void *stalled(void *arg)
{
    tc *c = arg;

    tc_reply r = tc_call(c, "PUT", "/bucket/k", NULL, "0123456789", 10);
    CHECK(!r.whole);
    tc_reply_free(&r);
    return NULL;
}

static void stops_quickly(void)
{
    static const char *const rules[] = {"do=stall_request:forever:4 times=inf", "do=delay:60000",
                                        "do=stall_reply:forever:9", "do=stall_request:forever:4",
                                        "do=whitespace:60000"};
    enum { N = sizeof rules / sizeof *rules };
    pthread_t threads[N];
    tc clients[N];
    int idle;

    start(&(ts_options)TS_OPTIONS_INIT);
    idle = tc_connect(ts_server_host(server));
    CHECK_INT(ts_fault_add(server, rules[0]), -1);
    for (int i = 1; i < N; i++) {
        CHECK_INT(ts_fault_add(server, rules[i]), 0);
        clients[i] = tc_new(server);
        REQUIRE(pthread_create(&threads[i], NULL, stalled, &clients[i]) == 0);
    }
    while (ts_request_count(server, "PutObject") < N - 1)
        usleep(1000);
    usleep(20000);
    int64_t from = now_ms();
    ts_server_stop(server);
    CHECK(now_ms() - from < 100);
    for (int i = 1; i < N; i++) {
        pthread_join(threads[i], NULL);
        tc_close(&clients[i]);
    }
    close(idle);
}

static void starts_and_stops_often(void)
{
    for (int i = 0; i < 50; i++) {
        start(&(ts_options)TS_OPTIONS_INIT);
        tc c = tc_new(server);
        CHECK_INT(tc_status(&c, "PUT", "/bucket/k", "", "x"), 200);
        tc_close(&c);
        ts_server_stop(server);
    }
    ts_server_stop(NULL);
}

static void a_taken_port_is_an_error(void)
{
    char why[300] = "";
    ts_server *second;
    ts_options o = TS_OPTIONS_INIT;

    start(&o);
    o.port = atoi(strchr(ts_server_host(server), ':') + 1);
    CHECK_INT(ts_server_start(&second, &o, why, sizeof why), -1);
    CHECK(!second && strstr(why, "cannot listen"));
    ts_server_stop(server);
}

/* ---- TLS ---- */

static SSL *tls_connect(SSL_CTX *ctx, int fd, const char *name)
{
    SSL *ssl = SSL_new(ctx);

    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    SSL_set1_host(ssl, name);
    SSL_set_tlsext_host_name(ssl, name);
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) == 1)
        return ssl;
    SSL_free(ssl);
    return NULL;
}

static int tls_get(SSL_CTX *ctx, const char *name)
{
    char got[4000];
    ts_buf out = {0};
    int status = -1, fd = tc_connect(ts_server_host(server));
    SSL *ssl = tls_connect(ctx, fd, name);

    if (ssl) {
        ts_buf_printf(&out, "GET /bucket/k HTTP/1.1\r\nHost: localhost\r\n\r\n");
        SSL_write(ssl, out.data, (int)out.len);
        int n = SSL_read(ssl, got, sizeof got - 1);
        got[n > 0 ? n : 0] = 0;
        sscanf(got, "HTTP/1.1 %d", &status);
    }
    SSL_free(ssl);
    close(fd);
    ts_buf_free(&out);
    return status;
}

static void speaks_tls(void)
{
    ts_options o = {.tls = true, .anonymous = true};
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    char ca[200];

    start(&o);
    snprintf(ca, sizeof ca, "%s", ts_server_ca_file(server));
    CHECK(!strncmp(ts_server_url(server), "https://127.0.0.1:", 18));
    ts_object_put(server, "bucket", "k", "x", 1);
    CHECK_INT(tls_get(ctx, "localhost"), -1);
    CHECK_INT(SSL_CTX_load_verify_locations(ctx, ca, NULL), 1);
    CHECK_INT(tls_get(ctx, "localhost"), 200);
    CHECK_INT(tls_get(ctx, "bucket.localhost"), 200);
    CHECK_INT(tls_get(ctx, "elsewhere.example"), -1);
    SSL_CTX_free(ctx);
    ts_server_stop(server);
    CHECK(access(ca, F_OK) != 0);
}

/* ---- folders, caps, the null server ---- */

static void check_file(const char *dir, const char *name, const char *want)
{
    char path[400], got[100] = "";

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "r");
    if (f && !fgets(got, sizeof got, f))
        got[0] = 0;
    if (f)
        fclose(f);
    CHECK_STR(got, want);
}

static void keeps_a_folder(void)
{
    char dir[] = "/tmp/cw-test-s3-XXXXXX", command[100];
    ts_options o = {.anonymous = true};
    size_t n;
    tc c;

    REQUIRE(mkdtemp(dir));
    o.dir = dir;
    start(&o);
    c = tc_new(server);
    CHECK_INT(tc_status(&c, "PUT", "/bucket/a/b%20c", "", "hello"), 200);
    CHECK_INT(tc_status(&c, "PUT", "/bucket/..", "", "dots"), 200);
    CHECK_INT(tc_status(&c, "PUT", "/bucket/gone", "", "1"), 200);
    CHECK_INT(tc_status(&c, "DELETE", "/bucket/gone", "", NULL), 204);
    tc_reply r = tc_call(&c, "GET", "/bucket/a/b%20c", NULL, NULL, 0);
    CHECK_STR(r.body, "hello");
    tc_reply_free(&r);
    tc_close(&c);
    ts_server_stop(server);
    check_file(dir, "bucket/a%2Fb%20c", "hello");
    check_file(dir, "bucket/%2E%2E", "dots");
    start(&o);
    CHECK_INT(ts_object_count(server, "bucket"), 2);
    unsigned char *data = ts_object_bytes(server, "bucket", "a/b c", &n);
    CHECK_STR((char *)data, "hello");
    free(data);
    ts_server_stop(server);
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    CHECK_INT(system(command), 0);
}

/* Never faster than the cap; at it as soon as the machine has the time. */
static void caps_the_rate(void)
{
    ts_options o = {.discard = true, .mbps = 20, .latency_ms = 50};
    size_t n = 4000000;
    char *data = calloc(1, n);
    int64_t took = INT64_MAX;
    tc c;

    REQUIRE(data);
    start(&o);
    c = tc_new(server);
    for (int i = 0; i < 20 && took >= 1000; i++) {
        int64_t from = now_ms();
        tc_reply r = tc_call(&c, "PUT", "/bucket/k", NULL, data, n);
        took = now_ms() - from;
        CHECK_INT(r.status, 200);
        CHECK(took >= 230);
        tc_reply_free(&r);
    }
    CHECK(took < 1000);
    tc_close(&c);
    free(data);
    ts_server_stop(server);
}

static void discards(void)
{
    ts_options o = {.discard = true, .min_part_bytes = 1};
    char target[300], id[100], etag[100], xml[400];
    size_t n = 3 << 20;
    char *data = calloc(1, n);
    tc c;

    REQUIRE(data);
    start(&o);
    c = tc_new(server);
    c.secret = "not even right";
    CHECK_INT(tc_status(&c, "POST", "/bucket/k?uploads=", "", NULL), 200);
    CHECK_INT(ts_upload_id(server, 0, id, sizeof id), 0);
    snprintf(target, sizeof target, "/bucket/k?partNumber=1&uploadId=%s", id);
    tc_reply r = tc_call(&c, "PUT", target, NULL, data, n);
    CHECK_INT(r.status, 200);
    snprintf(etag, sizeof etag, "%s", tc_header(&r, "etag"));
    tc_reply_free(&r);
    snprintf(xml, sizeof xml,
             "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part>"
             "</CompleteMultipartUpload>",
             etag);
    snprintf(target, sizeof target, "/bucket/k?uploadId=%s", id);
    CHECK_INT(tc_status(&c, "POST", target, "", xml), 200);
    CHECK_INT(ts_object_size(server, "bucket", "k"), n);
    CHECK(ts_bytes_received(server) > n);
    tc_close(&c);
    free(data);
    ts_server_stop(server);
}

int main(int argc, char **argv)
{
    TEST(many_connections);
    TEST(ten_thousand_parts);
    TEST(ten_thousand_objects);
    TEST(stops_quickly);
    TEST(starts_and_stops_often);
    TEST(a_taken_port_is_an_error);
    TEST(speaks_tls);
    TEST(keeps_a_folder);
    TEST(caps_the_rate);
    TEST(discards);
    return test_end();
}
