/* test_transport.c - through proxies, with certificates, by the version of TLS that is asked for */
#include "fixture.h"
#include "proxy.h"

#define PASSWORD "proxy:pass/word@#"
#define ENCODED  "us%65r:proxy%3Apass%2Fword%40%23"
/* base64 of "user:" PASSWORD */
static const char authorization[] = "Basic dXNlcjpwcm94eTpwYXNzL3dvcmRAIw==";

static unsigned char data[300 * 1000];

static void look_for_password(const cw_error *err)
{
    CHECK(!strstr(err->message, "pass/word") && !strstr(err->message, "pass%2Fword"));
}

static char *proxy_url(const proxy *p, const char *user, char *out, size_t size)
{
    snprintf(out, size, "http://%s%s127.0.0.1:%d", user ? user : "", user ? "@" : "", p->port);
    return out;
}

/* Send an object through `p`, and see that it arrived by that way. */
static cw_status send_through(proxy *p, bool tls, const char *user, cw_error *err)
{
    ts_options s = server_defaults();
    cw_client_options c = client_defaults();
    cw_writer_options w = parts_of(100 * 1000);
    char url[200];
    s.tls = tls;
    c.proxy_url = proxy_url(p, user, url, sizeof url);
    bed b = bed_open(&s, &c);
    cw_status status = send_bytes(&b, "key", &w, data, sizeof data, NULL, err);
    if (status == CW_OK)
        check_object(&b, "key", data, sizeof data);
    else
        check_nothing(&b, "key");
    look_for_password(err);
    bed_close(&b);
    return status;
}

static void through_a_tunnel(void)
{
    proxy p = {0};
    cw_error err = {0};
    proxy_start(&p);
    CHECK_OK(send_through(&p, true, NULL, &err), err);
    CHECK(p.connects > 0);
    CHECK_INT(p.requests, 0);
    CHECK(strncmp(p.last_target, "127.0.0.1:", 10) == 0);
    proxy_stop(&p);
}

static void plain_requests(void)
{
    proxy p = {0};
    cw_error err = {0};
    proxy_start(&p);
    CHECK_OK(send_through(&p, false, NULL, &err), err);
    CHECK_INT(p.connects, 0);
    CHECK_INT(p.requests, 5); /* create, three parts, complete */
    CHECK(strncmp(p.last_target, "http://127.0.0.1:", 17) == 0);
    proxy_stop(&p);
}

static void with_user_and_password(void)
{
    for (int tls = 0; tls < 2; tls++) {
        proxy p = {.authorization = authorization};
        cw_error err = {0};
        proxy_start(&p);
        CHECK_OK(send_through(&p, tls, ENCODED, &err), err);
        CHECK_INT(p.refusals, 0);
        proxy_stop(&p);
    }
}

static void without_them_the_proxy_is_named(void)
{
    for (int tls = 0; tls < 2; tls++) {
        proxy p = {.authorization = authorization};
        cw_error err = {0};
        proxy_start(&p);
        CHECK_STATUS(send_through(&p, tls, "user:wrong", &err), CW_E_PERMISSION, err);
        CHECK_INT(err.http_status, 407);
        CHECK(strstr(err.message, "the proxy asks for a user and a password"));
        CHECK(strstr(err.message, "proxy_url"));
        CHECK(p.refusals <= 2); /* the same again would be refused again */
        proxy_stop(&p);
    }
}

static void a_proxy_that_refuses(void)
{
    static const struct {
        int with;
        cw_status status;
    } cases[] = {{403, CW_E_PERMISSION}, {502, CW_E_UNAVAILABLE}};
    for (size_t i = 0; i < 2; i++) {
        proxy p = {.refuse_with = cases[i].with};
        cw_error err = {0};
        proxy_start(&p);
        CHECK_STATUS(send_through(&p, true, NULL, &err), cases[i].status, err);
        CHECK_INT(err.http_status, cases[i].with);
        CHECK(strstr(err.message, "the proxy refuses"));
        CHECK_INT(p.refusals > 2, cases[i].with == 502); /* tried again */
        proxy_stop(&p);
    }
}

static void a_proxy_that_is_not_there(void)
{
    ts_options s = server_defaults();
    cw_client_options c = client_defaults();
    cw_error err = {0};
    proxy p = {0};
    char url[200];
    s.tls = true;
    c.max_attempts = 2;
    proxy_start(&p);
    proxy_stop(&p); /* nobody listens there now */
    const char *const urls[] = {proxy_url(&p, ENCODED, url, sizeof url), "nobody.invalid:3128"};
    for (size_t i = 0; i < 2; i++) {
        c.proxy_url = urls[i];
        bed b = bed_open(&s, &c);
        CHECK_STATUS(send_bytes(&b, "key", NULL, data, 10, NULL, &err), CW_E_UNAVAILABLE, err);
        CHECK(strstr(err.message, "the proxy cannot be reached"));
        look_for_password(&err);
        bed_close(&b);
    }
}

static void a_proxy_that_says_nothing(void)
{
    proxy p = {.silent = true};
    ts_options s = server_defaults();
    cw_client_options c = client_defaults();
    cw_error err = {0};
    s.tls = true;
    proxy_start(&p);
    c.proxy_url = p.url;
    c.connect_timeout_ms = 200;
    c.max_attempts = 2;
    bed b = bed_open(&s, &c);
    CHECK_STATUS(send_bytes(&b, "key", NULL, data, 10, NULL, &err), CW_E_UNAVAILABLE, err);
    bed_close(&b);
    proxy_stop(&p);
}

static void some_hosts_go_directly(void)
{
    static const char *const lists[] = {"*", "example.org, 127.0.0.1", "127.0.0.0/8"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        proxy p = {.refuse_with = 403};
        cw_client_options c = client_defaults();
        cw_error err = {0};
        proxy_start(&p);
        c.proxy_url = p.url;
        c.no_proxy = lists[i];
        bed b = bed_open(NULL, &c);
        CHECK_OK(send_bytes(&b, "key", NULL, data, 10, NULL, &err), err);
        CHECK_INT(p.requests, 0);
        bed_close(&b);
        proxy_stop(&p);
    }
}

static void each_scheme_has_its_own(void)
{
    proxy p = {0};
    cw_client_options c = client_defaults();
    cw_error err = {0};
    proxy_start(&p);
    c.https_proxy_url = "127.0.0.1:1"; /* not for http */
    bed b = bed_open(NULL, &c);
    CHECK_OK(send_bytes(&b, "key", NULL, data, 10, NULL, &err), err);
    bed_close(&b);
    c.http_proxy_url = p.url;
    b = bed_open(NULL, &c);
    CHECK_OK(send_bytes(&b, "key", NULL, data, 10, NULL, &err), err);
    CHECK_INT(p.requests, 1);
    bed_close(&b);
    proxy_stop(&p);
}

/* libcurl would take these by itself. */
static void the_environment_is_not_read(void)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"};
    cw_client_options c = client_defaults();
    cw_error err = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        setenv(names[i], "http://127.0.0.1:1", 1);
    bed b = bed_open(NULL, &c);
    CHECK_OK(send_bytes(&b, "key", NULL, data, 10, NULL, &err), err);
    bed_close(&b);
    CHECK_OK(cw_client_options_from_env(&c, &err), err);
    c.max_attempts = 1;
    b = bed_open(NULL, &c);
    CHECK_STATUS(send_bytes(&b, "key", NULL, data, 10, NULL, &err), CW_E_UNAVAILABLE, err);
    CHECK(strstr(err.message, "proxy"));
    bed_close(&b);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);

    proxy p = {0};
    proxy_start(&p);
    setenv("no_proxy", "*", 1); /* nor is this, beside a proxy that was named */
    c = client_defaults();
    c.proxy_url = p.url;
    b = bed_open(NULL, &c);
    CHECK_OK(send_bytes(&b, "key", NULL, data, 10, NULL, &err), err);
    CHECK_INT(p.requests, 1);
    bed_close(&b);
    unsetenv("no_proxy");
    proxy_stop(&p);
}

static void unusable_urls(void)
{
    static const char *const urls[] = {"ftp://h:1",
                                       "http://u:" PASSWORD "@h:1",
                                       "http://u:pass/word@h:1",
                                       "http://u:p%0Ax@h:1",
                                       "h:99999",
                                       "http://",
                                       "http://h:1/path",
                                       "http://h:1?query",
                                       "pass/word"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        cw_client_options c = client_defaults();
        cw_client *client;
        cw_error err = {0};
        c.https_proxy_url = urls[i];
        CHECK_STATUS(cw_client_new(&client, &c, &err), CW_E_INVALID_ARGUMENT, err);
        CHECK(strstr(err.message, "https_proxy_url"));
        look_for_password(&err);
    }
}

/* ---- certificates ---- */

typedef struct guarded {
    ts_options server;
    char cert[64], key[72];
} guarded;

static guarded guard(void)
{
    guarded g = {.server = server_defaults()};
    snprintf(g.cert, sizeof g.cert, "/tmp/cw-client-cert-%ld.pem", (long)getpid());
    snprintf(g.key, sizeof g.key, "%s.key", g.cert);
    g.server.tls = true;
    return g;
}

static cw_status send_guarded(guarded *g, cw_client_options *c, cw_error *err)
{
    g->server.client_cert = g->cert;
    bed b = bed_open(&g->server, c);
    cw_status status = send_bytes(&b, "key", NULL, data, sizeof data, NULL, err);
    CHECK(!strstr(err->message, TS_CLIENT_KEY_PASSWORD));
    bed_close(&b);
    return status;
}

static void a_certificate_is_shown(void)
{
    for (int old = 0; old < 2; old++) {
        guarded g = guard();
        cw_client_options c = client_defaults();
        cw_error err = {0};
        g.server.tls_1_2 = old;
        c.client_cert = g.cert; /* the key is in the same file */
        CHECK_OK(send_guarded(&g, &c, &err), err);
        c.client_key = g.key;
        c.client_key_password = TS_CLIENT_KEY_PASSWORD;
        CHECK_OK(send_guarded(&g, &c, &err), err);
        unlink(g.cert);
        unlink(g.key);
    }
}

static void without_the_right_one_nothing_is_tried_twice(void)
{
    for (int old = 0; old < 2; old++)
        for (int wrong = 0; wrong < 3; wrong++) {
            guarded g = guard();
            cw_client_options c = client_defaults();
            cw_error err = {0};
            g.server.tls_1_2 = old;
            if (wrong) {
                c.client_cert = wrong == 1 ? g.cert : "/nonexistent.pem";
                c.client_key = g.key;
                c.client_key_password = "wrong";
            }
            CHECK_STATUS(send_guarded(&g, &c, &err), CW_E_UNAVAILABLE, err);
            CHECK(strstr(err.message, "TLS could not be agreed on"));
            CHECK(strstr(err.message, "client_cert"));
            unlink(g.cert);
            unlink(g.key);
        }
}

static void a_key_needs_a_certificate(void)
{
    cw_client_options c = client_defaults();
    cw_client *client;
    cw_error err = {0};
    c.client_key = "/key.pem";
    CHECK_STATUS(cw_client_new(&client, &c, &err), CW_E_INVALID_ARGUMENT, err);
    c.client_key = NULL;
    c.tls_minimum = (cw_tls_version)17;
    CHECK_STATUS(cw_client_new(&client, &c, &err), CW_E_INVALID_ARGUMENT, err);
    c.tls_minimum = CW_TLS_DEFAULT;
    c.user_agent_suffix = "a\r\nx-evil: 1";
    CHECK_STATUS(cw_client_new(&client, &c, &err), CW_E_INVALID_ARGUMENT, err);
}

static void an_older_version_is_refused(void)
{
    ts_options s = server_defaults();
    cw_client_options c = client_defaults();
    cw_error err = {0};
    s.tls = s.tls_1_2 = true;
    bed b = bed_open(&s, &c);
    CHECK_OK(send_bytes(&b, "key", NULL, data, 10, NULL, &err), err);
    bed_close(&b);
    c.tls_minimum = CW_TLS_1_3;
    b = bed_open(&s, &c);
    CHECK_STATUS(send_bytes(&b, "key", NULL, data, 10, NULL, &err), CW_E_UNAVAILABLE, err);
    CHECK(strstr(err.message, "tls_minimum"));
    CHECK_INT(requests(&b, NULL), 0);
    bed_close(&b);
    s.tls_1_2 = false;
    b = bed_open(&s, &c);
    CHECK_OK(send_bytes(&b, "key", NULL, data, 10, NULL, &err), err);
    bed_close(&b);
}

/* A folder as c_rehash makes it: the CA under its hash. */
static void authorities_in_a_folder(void)
{
    ts_options s = server_defaults();
    cw_client_options c = client_defaults();
    cw_error err = {0};
    char folder[] = "/tmp/cw-ca-folder-XXXXXX", command[300];
    s.tls = true;
    ts_server *server = start_server(&s);
    REQUIRE(mkdtemp(folder));
    snprintf(command, sizeof command,
             "cp '%s' '%s/ca.pem' && ln -s ca.pem '%s'/$(openssl x509 -hash -noout -in '%s').0",
             ts_server_ca_file(server), folder, folder, ts_server_ca_file(server));
    REQUIRE(system(command) == 0);
    c.endpoint_url = ts_server_url(server);
    c.max_attempts = 1;
    for (int trusted = 0; trusted < 2; trusted++) {
        bed b = {.server = server};
        c.ca_directory = trusted ? folder : "/nonexistent";
        REQUIRE(cw_client_new(&b.client, &c, &err) == CW_OK);
        CHECK_STATUS(send_bytes(&b, "key", NULL, data, 10, NULL, &err),
                     trusted ? CW_OK : CW_E_UNAVAILABLE, err);
        cw_client_release(b.client);
    }
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CHECK_INT(system(command), 0);
    ts_server_stop(server);
}

static void who_is_asking(void)
{
    cw_client_options c = client_defaults();
    cw_error err = {0};
    char agent[300], want[300];
    c.app_id = "my app";
    c.execution_environment = "AWS_Lambda\nx: y";
    c.user_agent_suffix = "tool/2 (x)";
    bed b = bed_open(NULL, &c);
    CHECK_OK(send_bytes(&b, "key", NULL, data, 10, NULL, &err), err);
    ts_request_header(b.server, "PutObject", "user-agent", agent, sizeof agent);
    snprintf(want, sizeof want, "libcloudwriter/%s exec-env/AWS_Lambda-x:-y app/my-app tool/2 (x)",
             cw_version());
    CHECK_STR(agent, want);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    WITHIN(3000, through_a_tunnel);
    WITHIN(3000, plain_requests);
    WITHIN(3000, with_user_and_password);
    WITHIN(3000, without_them_the_proxy_is_named);
    WITHIN(4000, a_proxy_that_refuses);
    WITHIN(4000, a_proxy_that_is_not_there);
    WITHIN(3000, a_proxy_that_says_nothing);
    WITHIN(3000, some_hosts_go_directly);
    WITHIN(3000, each_scheme_has_its_own);
    WITHIN(3000, the_environment_is_not_read);
    WITHIN(1000, unusable_urls);
    WITHIN(4000, a_certificate_is_shown);
    WITHIN(6000, without_the_right_one_nothing_is_tried_twice);
    WITHIN(1000, a_key_needs_a_certificate);
    WITHIN(3000, an_older_version_is_refused);
    WITHIN(3000, authorities_in_a_folder);
    WITHIN(1000, who_is_asking);
    return test_end();
}
