/* selftest_faults.c - that every fault does what server.h says, seen from the client's end of the
 * wire */
#include "selftest_client.h"

#include "bytes.h"

#include <harness.h>

#include <time.h>
#include <unistd.h>

static ts_server *server;
static tc client;

static void start(const char *rules)
{
    ts_options o = {.min_part_bytes = 1, .seed = 7};
    char why[300];

    if (ts_server_start(&server, &o, why, sizeof why) != 0) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    client = tc_new(server);
    CHECK_INT(ts_fault_add(server, rules), 0);
}

static void stop(void)
{
    tc_close(&client);
    ts_server_stop(server);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int put(const char *key)
{
    char target[100];

    snprintf(target, sizeof target, "/bucket/%s", key);
    return tc_status(&client, "PUT", target, "", "0123456789");
}

static tc_reply put_reply(void)
{
    return tc_call(&client, "PUT", "/bucket/k", NULL, "0123456789", 10);
}

static tc_reply get_reply(void)
{
    return tc_call(&client, "GET", "/bucket/k", NULL, NULL, 0);
}

/* ---- selection ---- */

static void rules_select(void)
{
    start("# which\n"
          "op=PutObject key=a/*.x do=status:500:InternalError\n"
          "op=PutObject key=skip skip=1 times=2 do=status:503:SlowDown\n"
          "\n"
          "key=every attempt=1 times=inf do=status:501:A\n"
          "key=every attempt=3+ times=inf do=status:502:B\n");
    CHECK_INT(put("b/c/d.x"), 200);
    CHECK_INT(put("a/c/d.x"), 500);
    CHECK_INT(put("a/c/d.x"), 200);
    CHECK_INT(put("skip"), 200);
    CHECK_INT(put("skip"), 503);
    CHECK_INT(put("skip"), 503);
    CHECK_INT(put("skip"), 200);
    CHECK_INT(put("every"), 501);
    CHECK_INT(put("every"), 200);
    CHECK_INT(put("every"), 502);
    CHECK_INT(put("every"), 502);
    CHECK_INT(ts_fault_fired(server), 6);
    ts_fault_clear(server);
    CHECK_INT(put("every"), 200);
    CHECK_INT(ts_request_count(server, "PutObject"), 12);
    stop();
}

static void parts_select(void)
{
    char target[200], id[100];

    start("op=UploadPart part=2-3 times=inf do=status:500:InternalError");
    CHECK_INT(tc_status(&client, "POST", "/bucket/k?uploads=", "", NULL), 200);
    CHECK_INT(ts_upload_id(server, 0, id, sizeof id), 0);
    for (int i = 1; i <= 4; i++) {
        snprintf(target, sizeof target, "/bucket/k?partNumber=%d&uploadId=%s", i, id);
        CHECK_INT(tc_status(&client, "PUT", target, "", "x"), i == 2 || i == 3 ? 500 : 200);
    }
    stop();
}

static void probability_is_seeded(void)
{
    int hits[2] = {0, 0};

    for (int round = 0; round < 2; round++) {
        start("times=inf probability=0.5 do=status:500:A");
        for (int i = 0; i < 100; i++)
            hits[round] += put("k") == 500;
        stop();
    }
    CHECK_INT(hits[0], hits[1]);
    CHECK(hits[0] > 25 && hits[0] < 75);
}

static void wrong_rules_are_refused(void)
{
    static const char *const wrong[] = {"do=",
                                        "do=nothing",
                                        "op=PutObjekt do=gone",
                                        "op=PutObject",
                                        "times=x do=gone",
                                        "do=status:500",
                                        "do=status:5000:A",
                                        "do=stall_request:a",
                                        "probability=2 do=gone",
                                        "part=a do=gone",
                                        "colour=red do=gone",
                                        "rubbish"};
    char why[300];

    start("op=GetObject do=delay:1");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_INT(ts_fault_add(server, wrong[i]), -1);
    ts_last_error(server, why, sizeof why);
    CHECK(strstr(why, "rubbish"));
    CHECK_INT(put("k"), 200);
    stop();
}

/* ---- what a reply says ---- */

static void statuses(void)
{
    start("do=status:503:SlowDown:Reduce your rate.,retry_after:3,header:X-A=b");
    tc_reply r = put_reply();
    CHECK_INT(r.status, 503);
    CHECK_STR(tc_xml(&r, "Code"), "SlowDown");
    CHECK_STR(tc_xml(&r, "Message"), "Reduce your rate.");
    CHECK_STR(tc_header(&r, "retry-after"), "3");
    CHECK_STR(tc_header(&r, "x-a"), "b");
    CHECK(client.fd >= 0 && !ts_object_exists(server, "bucket", "k"));
    tc_reply_free(&r);
    stop();
}

static void early_status_comes_before_the_body(void)
{
    static const char head[] = "PUT /bucket/k HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n";

    start("do=status_early:403:AccessDenied");
    tc_reply r = tc_raw(&client, head, sizeof head - 1);
    CHECK_INT(r.status, 403);
    CHECK_STR(tc_header(&r, "connection"), "close");
    CHECK_INT(ts_bytes_received(server), 0);
    tc_reply_free(&r);
    stop();
}

static void errors_in_a_200(void)
{
    start("do=reply_200_error:InternalError\ndo=commit_200_error:SlowDown");
    tc_reply r = put_reply();
    CHECK_INT(r.status, 200);
    CHECK_STR(tc_xml(&r, "Code"), "InternalError");
    CHECK(!ts_object_exists(server, "bucket", "k"));
    tc_reply_free(&r);
    r = put_reply();
    CHECK_INT(r.status, 200);
    CHECK_STR(tc_xml(&r, "Code"), "SlowDown");
    CHECK(ts_object_exists(server, "bucket", "k"));
    tc_reply_free(&r);
    stop();
}

static void odd_replies(void)
{
    start("do=empty_etag\n"
          "op=ListObjectsV2 do=wrong_root\n"
          "op=ListObjectsV2 do=corrupt_reply\n"
          "op=GetObject do=corrupt_reply:3\n"
          "op=HeadObject do=close\n"
          "op=HeadObject do=close_silently");
    tc_reply r = put_reply();
    CHECK_STR(tc_header(&r, "etag"), "\"\"");
    tc_reply_free(&r);
    r = tc_call(&client, "GET", "/bucket?list-type=2", NULL, NULL, 0);
    CHECK(strstr(r.body, "<SomethingElse>"));
    tc_reply_free(&r);
    r = tc_call(&client, "GET", "/bucket?list-type=2", NULL, NULL, 0);
    CHECK(r.status == 200 && r.whole && !strchr(r.body, '<'));
    tc_reply_free(&r);
    r = get_reply();
    CHECK_INT(r.n, 10);
    CHECK(!memcmp(r.body, "012", 3) && (unsigned char)r.body[3] == (unsigned char)~'3' &&
          !memcmp(r.body + 4, "456789", 6));
    tc_reply_free(&r);
    CHECK_INT(tc_status(&client, "HEAD", "/bucket/k", "", NULL), 200);
    CHECK_INT(client.fd, -1);
    CHECK_INT(tc_status(&client, "HEAD", "/bucket/k", "", NULL), 200);
    CHECK(client.fd >= 0);
    CHECK_INT(tc_status(&client, "HEAD", "/bucket/k", "", NULL), 0);
    stop();
}

/* ---- connections that break ---- */

static void replies_are_dropped(void)
{
    start("do=drop_before\ndo=drop_reply_after_commit");
    tc_reply r = put_reply();
    CHECK(r.status == 0 && !r.reset && !ts_object_exists(server, "bucket", "k"));
    tc_reply_free(&r);
    tc_close(&client);
    r = put_reply();
    CHECK(r.status == 0 && !r.reset && ts_object_exists(server, "bucket", "k"));
    tc_reply_free(&r);
    stop();
}

static void replies_are_cut(void)
{
    start("op=GetObject do=truncate_body:4\nop=GetObject do=reset_reply:20\n"
          "op=GetObject do=truncate_reply:0\nop=GetObject do=add_bytes:5");
    CHECK_INT(put("k"), 200);
    tc_reply r = get_reply();
    CHECK(r.status == 200 && !r.whole && !r.reset);
    CHECK_STR(r.body, "0123");
    tc_reply_free(&r);
    r = get_reply();
    CHECK(r.status == 0 && r.reset);
    tc_reply_free(&r);
    tc_close(&client);
    r = get_reply();
    CHECK(r.status == 0 && !r.reset);
    tc_reply_free(&r);
    tc_close(&client);
    r = get_reply();
    CHECK(r.whole && !strcmp(r.body, "0123456789"));
    tc_reply_free(&r);
    stop();
}

static void requests_are_cut(void)
{
    char *big = malloc(1 << 20);

    REQUIRE(big);
    memset(big, 'x', 1 << 20);
    start("op=PutObject do=reset_request:1000\nop=GetObject do=reset_request:0");
    tc_reply r = tc_call(&client, "PUT", "/bucket/k", NULL, big, 1 << 20);
    CHECK(r.status == 0);
    CHECK_INT(ts_bytes_received(server), 1000);
    CHECK(!ts_object_exists(server, "bucket", "k"));
    tc_reply_free(&r);
    tc_close(&client);
    r = get_reply();
    CHECK(r.status == 0 && r.reset);
    tc_reply_free(&r);
    tc_close(&client);
    CHECK_INT(put("k"), 200);
    free(big);
    stop();
}

static void stalls_end(void)
{
    start("do=stall_request:100:3\ndo=stall_reply:100:5\ndo=delay:100\ndo=stall_request:forever");
    for (int i = 0; i < 3; i++) {
        int64_t from = now_ms();

        CHECK_INT(put("k"), 200);
        CHECK(now_ms() - from >= 95);
    }
    client.wait_ms = 100;
    CHECK_INT(put("k"), 0);
    tc_close(&client);
    CHECK_INT(put("k"), 200);
    stop();
}

static void a_trickle_is_slow_both_ways(void)
{
    char text[2001];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    start("times=2 do=trickle:20000");
    for (int i = 0; i < 2; i++) {
        int64_t from = now_ms();

        if (i == 0)
            CHECK_INT(tc_status(&client, "PUT", "/bucket/k", "", text), 200);
        else
            CHECK_INT(tc_status(&client, "GET", "/bucket/k", "", ""), 200);
        CHECK(now_ms() - from >= 70);
    }
    stop();
}

static void whitespace_goes_before_the_verdict(void)
{
    start("op=PutObject do=status:500:InternalError,whitespace:60");
    int64_t from = now_ms();
    tc_reply r = put_reply();
    CHECK_INT(r.status, 200);
    CHECK(r.whole && now_ms() - from >= 55);
    CHECK(!strncmp(r.body, "   <?xml", 8));
    CHECK_STR(tc_xml(&r, "Code"), "InternalError");
    tc_reply_free(&r);
    stop();
}

/* ---- the server's state ---- */

static void credentials_expire(void)
{
    start("do=expire_credentials");
    CHECK(tc_is(&client, 400, "ExpiredToken", "PUT", "/bucket/k", "", "x"));
    CHECK(tc_is(&client, 400, "ExpiredToken", "PUT", "/bucket/k", "", "x"));
    CHECK_INT(ts_signature_failures(server), 0);
    ts_credentials_set(server, "new", "secret", "token");
    client.access = "new";
    client.secret = "secret";
    client.token = "token";
    CHECK_INT(put("k"), 200);
    stop();
}

static void a_part_lands_late(void)
{
    char target[200], abort_target[200], id[100];

    start("op=UploadPart do=commit_late");
    CHECK_INT(tc_status(&client, "POST", "/bucket/k?uploads=", "", NULL), 200);
    CHECK_INT(ts_upload_id(server, 0, id, sizeof id), 0);
    snprintf(abort_target, sizeof abort_target, "/bucket/k?uploadId=%s", id);
    snprintf(target, sizeof target, "/bucket/k?partNumber=1&uploadId=%s", id);
    CHECK_INT(tc_status(&client, "DELETE", abort_target, "", NULL), 204);
    CHECK_INT(ts_upload_count(server), 0);
    CHECK_INT(tc_status(&client, "PUT", target, "", "x"), 200);
    CHECK_INT(ts_upload_count(server), 1);
    CHECK_INT(tc_status(&client, "DELETE", abort_target, "", NULL), 204);
    CHECK_INT(tc_status(&client, "PUT", target, "", "x"), 404);
    CHECK_INT(ts_upload_count(server), 0);
    stop();
}

static void the_server_goes(void)
{
    start("op=GetObject do=gone");
    CHECK_INT(put("k"), 200);
    tc_reply r = get_reply();
    CHECK_INT(r.status, 0);
    tc_reply_free(&r);
    tc_close(&client);
    CHECK_INT(tc_connect(ts_server_host(server)), -1);
    stop();
}

static void silence_times_out(void)
{
    static const char head[] = "PUT /bucket/k HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc";
    ts_options o = {.anonymous = true, .body_timeout_ms = 50, .idle_timeout_ms = 100};
    char why[300];

    REQUIRE(ts_server_start(&server, &o, why, sizeof why) == 0);
    client = tc_new(server);
    tc_reply r = tc_raw(&client, head, sizeof head - 1);
    CHECK_INT(r.status, 400);
    CHECK_STR(tc_xml(&r, "Code"), "RequestTimeout");
    tc_reply_free(&r);
    client.anonymous = true;
    CHECK_INT(put("k"), 200);
    usleep(250000);
    CHECK_INT(put("k"), 0);
    stop();
}

/* ---- over HTTP ---- */

static int post(const char *what, const char *body)
{
    client.anonymous = true;
    int status = tc_status(&client, *body ? "POST" : "DELETE", what, "", *body ? body : NULL);
    client.anonymous = false;
    return status;
}

static void control_over_http(void)
{
    start("");
    CHECK_INT(post("/_test/fault", "op=PutObject do=status:500:A\nop=PutObject do=status:501:B\n"),
              200);
    CHECK_INT(put("k"), 500);
    CHECK_INT(post("/_test/fault", ""), 200);
    CHECK_INT(put("k"), 200);
    CHECK_INT(post("/_test/fault", "what"), 400);
    CHECK_INT(post("/_test/skew", "7200"), 200);
    CHECK_INT(put("k"), 403);
    CHECK_INT(post("/_test/skew", "0"), 200);
    CHECK_INT(post("/_test/credentials", "a b c"), 200);
    CHECK_INT(put("k"), 400);
    client.access = "a";
    client.secret = "b";
    client.token = "c";
    CHECK_INT(put("k"), 200);
    client.anonymous = true;
    tc_reply r = tc_call(&client, "GET", "/_test/state", NULL, NULL, 0);
    CHECK_STR(tc_header(&r, "content-type"), "application/json");
    CHECK(strstr(r.body, "\"requests\":{\"PutObject\":5}"));
    CHECK(strstr(r.body, "{\"bucket\":\"bucket\",\"key\":\"k\",\"size\":10,"));
    CHECK(strstr(r.body, "\"uploads\":[]"));
    tc_reply_free(&r);
    CHECK_INT(post("/_test/reset", "now"), 200);
    CHECK_INT(ts_object_count(server, NULL), 0);
    CHECK_INT(ts_request_count(server, NULL), 0);
    client.access = "test";
    client.secret = "test-secret";
    client.token = NULL;
    CHECK_INT(put("k"), 200);
    stop();
}

int main(int argc, char **argv)
{
    TEST(rules_select);
    TEST(parts_select);
    TEST(probability_is_seeded);
    TEST(wrong_rules_are_refused);
    TEST(statuses);
    TEST(early_status_comes_before_the_body);
    TEST(errors_in_a_200);
    TEST(odd_replies);
    TEST(replies_are_dropped);
    TEST(replies_are_cut);
    TEST(requests_are_cut);
    TEST(stalls_end);
    TEST(a_trickle_is_slow_both_ways);
    TEST(whitespace_goes_before_the_verdict);
    TEST(credentials_expire);
    TEST(a_part_lands_late);
    TEST(the_server_goes);
    TEST(silence_times_out);
    TEST(control_over_http);
    return test_end();
}
