/* test_transport.c - a proxy's URL taken apart; who goes without one; and out of memory, while
 * connections are prepared */
#include "harness.h"

#include "base/url.h"
#include "fault_alloc.h"
#include "s3/transport.h"

static const struct {
    const char *given, *url, *user, *password, *where;
} urls[] = {
    {"h", "http://h", NULL, NULL, "h port 1080"},
    {"h:80", "http://h:80", NULL, NULL, "h port 80"},
    {"http://h:3128/", "http://h:3128", NULL, NULL, "h port 3128"},
    {"https://h", "https://h", NULL, NULL, "h port 443"},
    {"HTTPS://h:443", "https://h:443", NULL, NULL, "h port 443"},
    {"socks5h://u@h", "socks5h://h", "u", "", "h port 1080"},
    {"u:p@h:1", "http://h:1", "u", "p", "h port 1"},
    {"http://a%40b:p:%2f%@h:1", "http://h:1", "a@b", "p:/%", "h port 1"},
    {"http://a@b:c@[::1]:8080", "http://[::1]:8080", "a@b", "c", "[::1] port 8080"},
    {"socks4a://[::1]", "socks4a://[::1]", NULL, NULL, "[::1] port 1080"},
};

static void pieces_of_a_proxy(void)
{
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        cw__proxy_url p;
        cw_error err = {0};
        CHECK_OK(cw__proxy_url_parse(&p, urls[i].given, &err), err);
        CHECK_STR(p.url, urls[i].url);
        CHECK_STR(p.where, urls[i].where);
        CHECK_STR(p.user ? p.user : "-", urls[i].user ? urls[i].user : "-");
        CHECK_STR(p.password ? p.password : "-", urls[i].password ? urls[i].password : "-");
        cw__proxy_url_free(&p);
    }
}

static cw_status prepare(cw_error *err)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    char ca[] = "/ca.pem", name[] = "work", file[] = "/config";
    cw__profile profile = {.name = name, .ca_bundle = ca, .config_path = file};
    cw__settings s = {.options = &o, .profile = &profile};
    cw__transport t = {0};
    o.https_proxy_url = "http://user:password@h:1";
    o.http_proxy_url = "h:2";
    o.no_proxy = "*";
    o.client_cert = "/cert.pem";
    o.client_key = "/key.pem";
    o.client_key_password = "secret";
    o.app_id = "app";
    o.user_agent_suffix = "agent/1";
    cw_status status = cw__transport_make(&t, &s, err);
    if (status == CW_OK) {
        CHECK_STR(t.http.ca_bundle, ca);
        CHECK_STR(t.http.tls_proxy.password, "password");
        CHECK_STR(t.http.proxy.url, "http://h:2");
        CHECK(t.http.proxy.user == NULL);
    }
    cw__transport_free(&t);
    cw__text_free(&s.lines);
    return status;
}

static void every_allocation_may_fail(void)
{
    bool reached = true;
    long nth = 1;
    for (; reached; nth++) {
        cw_error err = {0};
        REQUIRE(nth < 1000);
        fault_begin(nth);
        cw_status status = prepare(&err);
        reached = fault_happened();
        CHECK_INT(fault_end(), 0);
        CHECK_STATUS(status, reached ? CW_E_NO_MEMORY : CW_OK, err);
    }
    CHECK(nth > 20);
}

/* Only what goes directly with every libcurl: tests/scripted/test_proxies.c compares with this one.
 */
static void hosts_that_go_without_a_proxy(void)
{
    static const struct {
        const char *list, *host;
        bool proxied;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", false},
        {"127.0.0.1", "127.0.0.2", true},
        {"127.0.0.0/8", "127.3.2.1", false},
        {"10.0.0.0/8,127.0.0.0/31", "127.0.0.1", false},
        {"127.0.0.0/31", "127.0.0.2", true},
        {"127.0.0.1/32", "127.0.0.1", false},
        {"0.0.0.0/0", "127.0.0.1", true},
        {"127.0.0.1/33", "127.0.0.1", true},
        {"127.0.0.1:80", "127.0.0.1", true},
        {"127.0.0.01", "127.0.0.01", true}, /* libcurl takes it for another one */
        {"::1", "[::1]", false},
        {"[::1]", "[::1]", true},
        {"a, b,localhost", "localhost", false},
        {"a b localhost", "localhost", true}, /* with older versions it goes directly */
        {"localhost", "bucket.localhost", false},
        {".", "localhost", true},
        {",,", "localhost", true},
        {NULL, "localhost", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cw__http_options o = {.proxy.url = "http://p:1", .no_proxy = cases[i].list};
        test_int(__FILE__, __LINE__, cases[i].list ? cases[i].list : "no list",
                 cw__http_is_proxied(&o, false, cases[i].host), cases[i].proxied);
        CHECK(!cw__http_is_proxied(&o, true, cases[i].host)); /* there is none for https */
    }
}

int main(int argc, char **argv)
{
    TEST(pieces_of_a_proxy);
    TEST(every_allocation_may_fail);
    TEST(hosts_that_go_without_a_proxy);
    return test_end();
}
