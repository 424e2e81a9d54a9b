/* test_ask.c - ask a URL: answers, failures that pass, and the bound in time */
#include "harness.h"

#include <signal.h>

#include "answers.h"
#include "base/clock.h"
#include "s3/ask.h"

static const cw__http_options settings = {.user_agent = "test/1", .connect_timeout_ms = 2000};

static void echo(void *user, const answers_request *r, answers_reply *out)
{
    char value[64], agent[64];
    (void)user;
    snprintf(out->body, sizeof out->body, "%s %s [%s] [%s] %.200s", r->method, r->path,
             answers_header(r, "x-a", value, sizeof value),
             answers_header(r, "user-agent", agent, sizeof agent), r->body);
}

static void fail_twice(void *user, const answers_request *r, answers_reply *out)
{
    int *left = user;
    (void)r;
    out->status = *left > 0 ? 503 : 200;
    snprintf(out->body, sizeof out->body, *left > 0 ? "no" : "yes");
    --*left;
}

static void refuse(void *user, const answers_request *r, answers_reply *out)
{
    (void)user;
    (void)r;
    out->status = 403;
}

static void stay_silent(void *user, const answers_request *r, answers_reply *out)
{
    (void)user;
    (void)r;
    out->silent = 1;
}

static cw_status ask(cw__answer *a, const cw__question *q, const atomic_bool *stop)
{
    cw_error err = {0};
    cw__asking how = {.may_wait = true, .stop = stop, .tls = &settings};
    return cw__ask(a, q, &how, &err);
}

static void a_question_is_asked_whole(void)
{
    answers server;
    char url[128];
    static const char *const headers[] = {"x-a: 1", NULL};
    cw__text body = {0};
    cw__answer a;
    REQUIRE(answers_start(&server, echo, NULL) == 0);
    snprintf(url, sizeof url, "%s/p?q=1", server.url);
    cw__text_add(&body, "a=b");
    cw__question q = {.method = "POST", .url = url, .headers = headers, .body = &body};
    CHECK_INT(ask(&a, &q, NULL), CW_OK);
    CHECK_INT(a.status, 200);
    CHECK_STR(cw__text_str(&a.body), "POST /p?q=1 [1] [test/1] a=b");
    cw__answer_free(&a);
    q = (cw__question){.method = "PUT", .url = url};
    CHECK_INT(ask(&a, &q, NULL), CW_OK);
    CHECK_STR(cw__text_str(&a.body), "PUT /p?q=1 [] [test/1] ");
    cw__answer_free(&a);
    cw__text_free(&body);
    answers_stop(&server);
}

static void what_passes_is_asked_again(void)
{
    answers server;
    int left = 2;
    cw__answer a;
    REQUIRE(answers_start(&server, fail_twice, &left) == 0);
    cw__question q = {.method = "GET", .url = server.url};
    CHECK_INT(ask(&a, &q, NULL), CW_OK);
    CHECK_INT(a.status, 200);
    CHECK_STR(cw__text_str(&a.body), "yes");
    CHECK_INT(atomic_load(&server.requests), 3);
    cw__answer_free(&a);
    left = 9;
    q.attempts = 2;
    CHECK_INT(ask(&a, &q, NULL), CW_OK);
    CHECK_INT(a.status, 503);
    CHECK_INT(atomic_load(&server.requests), 5);
    cw__answer_free(&a);
    answers_stop(&server);
}

static void a_refusal_is_final(void)
{
    answers server;
    cw__answer a;
    char why[100];
    REQUIRE(answers_start(&server, refuse, NULL) == 0);
    cw__question q = {.method = "GET", .url = server.url};
    CHECK_INT(ask(&a, &q, NULL), CW_OK);
    CHECK_INT(atomic_load(&server.requests), 1);
    cw__answer_describe(&a, why, sizeof why);
    CHECK_STR(why, "it answered HTTP 403");
    cw__answer_free(&a);
    answers_stop(&server);
}

static void silence_ends(void)
{
    answers server;
    cw__answer a;
    uint64_t start = cw__clock_mono_ms();
    REQUIRE(answers_start(&server, stay_silent, NULL) == 0);
    cw__question q = {.method = "GET", .url = server.url, .reply_ms = 200, .attempts = 2};
    CHECK_INT(ask(&a, &q, NULL), CW_OK);
    CHECK_INT(a.end, CW__HTTP_STALLED);
    CHECK_INT(atomic_load(&server.requests), 2);
    CHECK(cw__clock_mono_ms() - start < 5000);
    cw__answer_free(&a);
    answers_stop(&server);
}

static void nobody_there(void)
{
    answers server;
    cw__answer a;
    REQUIRE(answers_start(&server, echo, NULL) == 0);
    answers_stop(&server); /* its port is closed now */
    cw__question q = {.method = "GET", .url = server.url, .attempts = 1};
    CHECK_INT(ask(&a, &q, NULL), CW_OK);
    CHECK_INT(a.end, CW__HTTP_UNREACHABLE);
    cw__answer_free(&a);
}

static atomic_bool stop;

static void stop_soon(void *user, const answers_request *r, answers_reply *out)
{
    (void)user;
    (void)r;
    out->silent = 1;
    atomic_store(&stop, true);
}

static void stopping_does_not_wait_for_the_answer(void)
{
    answers server;
    cw__answer a;
    uint64_t start = cw__clock_mono_ms();
    REQUIRE(answers_start(&server, stop_soon, NULL) == 0);
    cw__question q = {.method = "GET", .url = server.url, .reply_ms = 20000};
    CHECK_INT(ask(&a, &q, &stop), CW_E_CANCELLED);
    CHECK(cw__clock_mono_ms() - start < 5000);
    cw__answer_free(&a);
    answers_stop(&server);
}

/* Where the service is this machine's own, as metadata is, a proxy is passed by. */
static void what_is_near_is_asked_directly(void)
{
    answers server;
    char url[128];
    cw__answer a;
    cw_error err = {0};
    cw__http_options through = settings;
    cw__asking how = {.may_wait = true, .tls = &through};
    through.proxy = (cw__http_proxy){.url = "http://127.0.0.1:1", .where = "127.0.0.1 port 1"};
    REQUIRE(answers_start(&server, echo, NULL) == 0);
    snprintf(url, sizeof url, "%s/p", server.url);
    cw__question q = {.method = "GET", .url = url, .attempts = 1};
    CHECK_OK(cw__ask(&a, &q, &how, &err), err);
    CHECK_INT(a.end, CW__HTTP_PROXY);
    cw__answer_free(&a);
    q.direct = true;
    CHECK_OK(cw__ask(&a, &q, &how, &err), err);
    CHECK_INT(a.status, 200);
    cw__answer_free(&a);
    answers_stop(&server);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    TEST(what_is_near_is_asked_directly);
    TEST(a_question_is_asked_whole);
    TEST(what_passes_is_asked_again);
    TEST(a_refusal_is_final);
    TEST(silence_ends);
    TEST(nobody_there);
    TEST(stopping_does_not_wait_for_the_answer);
    return test_end();
}
