/* test_providers.c - keys that come over the network, from endpoints that answer as told */
#include "harness.h"

#include <fcntl.h>
#include <signal.h>

#include "answers.h"
#include "base/clock.h"
#include "fault_alloc.h"
#include "s3/credentials.h"
#include "s3/credentials_container.h"
#include "s3/profile.h"

static const cw__http_options http_settings = {.user_agent = "test/1", .connect_timeout_ms = 5000};

static const char caller_secret[] = "the+secret/of=all";

static const char far_future[] = "2099-01-02T03:04:05Z";

static cw_status open_chain(cw__credentials **out, const cw_client_options *o, cw_error *err)
{
    return cw__credentials_new(out, o, NULL, &http_settings, err);
}

static cw__credentials *chain_of(const cw_client_options *o)
{
    cw__credentials *c = NULL;
    cw_error err = {0};
    CHECK_OK(open_chain(&c, o, &err), err);
    REQUIRE(c);
    return c;
}

static void check_keys(cw__credentials *c, const char *id)
{
    cw__keys *k = NULL;
    cw_error err = {0};
    CHECK_OK(cw__credentials_get(c, &k, &err), err);
    if (!k)
        return;
    CHECK_STR(k->access_key_id, id);
    CHECK_STR(k->secret_access_key, caller_secret);
    cw__keys_release(c, k);
}

static void check_failure(const cw_client_options *o, cw_status want, const char *says)
{
    cw__credentials *c = chain_of(o);
    cw__keys *k = NULL;
    cw_error err = {0};
    CHECK_STATUS(cw__credentials_get(c, &k, &err), want, err);
    CHECK(k == NULL);
    CHECK(!strstr(err.message, caller_secret));
    if (!strstr(err.message, says))
        CHECK_STR(err.message, says);
    cw__credentials_free(c);
}

static void expire_now(cw__credentials *c)
{
    cw__keys *k = NULL;
    cw_error err = {0};
    CHECK_OK(cw__credentials_get(c, &k, &err), err);
    REQUIRE(k);
    cw__credentials_expired(c, k);
    cw__keys_release(c, k);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    REQUIRE(f);
    REQUIRE(fputs(text, f) >= 0);
    REQUIRE(fclose(f) == 0);
}

/* ---- web identity ---- */

static void sts(void *user, const answers_request *r, answers_reply *out)
{
    const char *token = strstr(r->body, "WebIdentityToken=");
    char value[64];
    (void)user;
    if (strcmp(r->method, "POST") != 0 || !token ||
        !strstr(r->body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15") ||
        !strstr(r->body, "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=me") ||
        *answers_header(r, "authorization", value, sizeof value)) {
        out->status = 400;
        return;
    }
    if (strstr(token, "=old")) {
        out->status = 400;
        strcpy(out->body, "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Token "
                          "expired</Message></Error><RequestId>r-1</RequestId></ErrorResponse>");
        return;
    }
    snprintf(
        out->body, sizeof out->body,
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
        "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ID-%.20s</AccessKeyId>"
        "<SecretAccessKey>%s</SecretAccessKey><SessionToken>T</SessionToken>"
        "<Expiration>%s</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
        "</AssumeRoleWithWebIdentityResponse>",
        token + strlen("WebIdentityToken="), caller_secret, far_future);
}

static void a_web_identity_is_traded_for_keys(void)
{
    answers server;
    char file[] = "/tmp/cw-token-XXXXXX";
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    int fd = mkstemp(file);
    REQUIRE(fd >= 0 && close(fd) == 0);
    REQUIRE(answers_start(&server, sts, NULL) == 0);
    o.web_identity_token_file = file;
    o.role_arn = "arn:aws:iam::1:role/r";
    o.role_session_name = "me";
    o.sts_endpoint_url = server.url;
    write_file(file, "first\n");
    cw__credentials *c = chain_of(&o);
    check_keys(c, "ID-first");
    check_keys(c, "ID-first");
    CHECK_INT(atomic_load(&server.requests), 1);
    write_file(file, "second\n"); /* read anew at each refresh */
    expire_now(c);
    check_keys(c, "ID-second");
    CHECK_INT(atomic_load(&server.requests), 2);
    cw__credentials_free(c);

    write_file(file, "old\n");
    check_failure(&o, CW_E_CREDENTIALS_EXPIRED, "ExpiredTokenException");
    write_file(file, "");
    check_failure(&o, CW_E_INVALID_ARGUMENT, "is empty");
    unlink(file);
    check_failure(&o, CW_E_IO, file);
    o.role_arn = NULL;
    check_failure(&o, CW_E_INVALID_ARGUMENT, "AWS_ROLE_ARN");
    o.access_key_id = "OPTION"; /* who has other keys need not care */
    o.secret_access_key = caller_secret;
    c = chain_of(&o);
    check_keys(c, "OPTION");
    cw__credentials_free(c);
    o.access_key_id = o.secret_access_key = o.sts_endpoint_url = NULL;
    o.role_arn = "r";
    o.region = "evil.example/#";
    write_file(file, "first");
    check_failure(&o, CW_E_INVALID_ARGUMENT, "there is no STS");
    unlink(file);
    answers_stop(&server);
}

/* ---- the container agent ---- */

static void agent(void *user, const answers_request *r, answers_reply *out)
{
    char value[64];
    (void)user;
    if (strcmp(r->path, "/creds?x=1") != 0)
        out->status = 404;
    else if (!*answers_header(r, "authorization", value, sizeof value))
        out->status = 401;
    else
        snprintf(out->body, sizeof out->body,
                 "{\"AccessKeyId\":\"ID-%s\",\"SecretAccessKey\":\"%s\",\"Token\":\"T\","
                 "\"Expiration\":\"%s\",\"RoleArn\":\"x\"}",
                 value, caller_secret, far_future);
}

static void a_container_has_an_agent(void)
{
    answers server;
    char file[] = "/tmp/cw-token-XXXXXX", url[128];
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    int fd = mkstemp(file);
    REQUIRE(fd >= 0 && close(fd) == 0);
    REQUIRE(answers_start(&server, agent, NULL) == 0);
    snprintf(url, sizeof url, "%s/creds?x=1", server.url);
    o.container_credentials_url = url;
    check_failure(&o, CW_E_PERMISSION, "HTTP 401");
    o.container_authorization = "abc";
    cw__credentials *c = chain_of(&o);
    check_keys(c, "ID-abc");
    cw__credentials_free(c);
    o.container_authorization_file = file; /* goes before the other */
    write_file(file, "f1");
    c = chain_of(&o);
    check_keys(c, "ID-f1");
    write_file(file, "f2\n");
    expire_now(c);
    check_keys(c, "ID-f2");
    cw__credentials_free(c);
    o.container_credentials_url = server.url;
    check_failure(&o, CW_E_UNAVAILABLE, "HTTP 404");
    o.container_credentials_url = "http://example.com/";
    check_failure(&o, CW_E_INVALID_ARGUMENT, "plain http");
    o.container_credentials_path = "v2";
    check_failure(&o, CW_E_INVALID_ARGUMENT, "slash");
    unlink(file);
    answers_stop(&server);
}

static void a_token_goes_to_no_other_host(void)
{
    static const struct {
        const char *url;
        bool fine;
    } urls[] = {{"https://example.com/x", true},
                {"http://127.0.0.1:80/x", true},
                {"http://127.1.2.3/x", true},
                {"http://localhost/x?a=http://b", true},
                {"http://[::1]:8080/x", true},
                {"http://169.254.170.2/v2/credentials/a", true},
                {"http://169.254.170.23/v1/credentials", true},
                {"http://[fd00:ec2::23]/v1/credentials", true},
                {"http://example.com/x", false},
                {"http://127.0.0.1.example.com/x", false},
                {"http://127.0.0.1@example.com/x", false},
                {"http://169.254.169.254/x", false},
                {"http://169.254.170.2.nip.io/x", false},
                {"http://localhost.example.com/", false},
                {"ftp://localhost/", false},
                {"localhost/", false},
                {"", false}};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        cw_error err = {0};
        CHECK_STATUS(cw__container_check_url(urls[i].url, &err),
                     urls[i].fine ? CW_OK : CW_E_INVALID_ARGUMENT, err);
    }
}

/* ---- instance metadata ---- */

enum metadata { WELL, NO_ROLE, NO_V2, OFF, HOP_LIMIT, NOT_SUCCESS };

static void metadata(void *user, const answers_request *r, answers_reply *out)
{
    int how = atomic_load((atomic_int *)user);
    bool put = strcmp(r->method, "PUT") == 0;
    char token[64], ttl[64];
    answers_header(r, "x-aws-ec2-metadata-token", token, sizeof token);
    answers_header(r, "x-aws-ec2-metadata-token-ttl-seconds", ttl, sizeof ttl);
    if (put && strcmp(r->path, "/latest/api/token") == 0) {
        out->silent = how == HOP_LIMIT;
        out->status = how == OFF ? 403 : how == NO_V2 ? 404 : atoi(ttl) > 0 ? 200 : 400;
        strcpy(out->body, "TOKEN==");
    } else if (put || strcmp(token, "TOKEN==") != 0) {
        out->status = 401;
    } else if (how == NO_ROLE) {
        out->status = 404;
    } else if (strcmp(r->path, "/latest/meta-data/iam/security-credentials/") == 0) {
        strcpy(out->body, "my-role\nignored");
    } else if (strcmp(r->path, "/latest/meta-data/iam/security-credentials/my-role") == 0) {
        snprintf(out->body, sizeof out->body,
                 "{\"Code\":\"%s\",\"AccessKeyId\":\"ID-imds\",\"SecretAccessKey\":\"%s\","
                 "\"Token\":\"T\",\"Expiration\":\"%s\"}",
                 how == NOT_SUCCESS ? "AssumeRoleUnauthorizedAccess" : "Success", caller_secret,
                 far_future);
    } else {
        out->status = 404;
    }
}

static void an_instance_has_metadata(void)
{
    static const struct {
        enum metadata how;
        const char *says;
    } failures[] = {{NO_ROLE, "no role is attached"},
                    {NO_V2, "no version 2"},
                    {OFF, "switched off"},
                    {HOP_LIMIT, "--http-put-response-hop-limit 2)"},
                    {NOT_SUCCESS, "AssumeRoleUnauthorizedAccess"}};
    answers server;
    atomic_int how = WELL;
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    REQUIRE(answers_start(&server, metadata, &how) == 0);
    o.instance_metadata = 1;
    o.instance_metadata_url = server.url;
    cw__credentials *c = chain_of(&o);
    check_keys(c, "ID-imds");
    cw__credentials_free(c);
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        atomic_store(&how, (int)failures[i].how);
        uint64_t start = cw__clock_mono_ms();
        check_failure(&o, CW_E_CREDENTIALS_MISSING, failures[i].says);
        CHECK(cw__clock_mono_ms() - start < 8000);
    }
    answers_stop(&server);
    check_failure(&o, CW_E_CREDENTIALS_MISSING, "cannot be reached");
    o.instance_metadata = 0;
    check_failure(&o, CW_E_CREDENTIALS_MISSING, "no credentials were found");
}

/* ---- the caller's own, and when it is asked ---- */

typedef struct own_keys {
    atomic_int asked, released;
    int64_t expires_ms;
    cw_status status;
    uint32_t takes_ms;
    atomic_bool held; /* until it is let go, or for 10 s */
} own_keys;

static void give_back(void *user, cw_credentials *c)
{
    own_keys *o = user;
    CHECK(c->access_key_id != NULL);
    atomic_fetch_add(&o->released, 1);
}

static cw_status ask_own(void *user, cw_credentials *out, cw_error *err)
{
    static char id[32];
    own_keys *o = user;
    int n = atomic_fetch_add(&o->asked, 1) + 1;
    (void)err;
    cw__clock_sleep_ms(o->takes_ms);
    for (int i = 0; i < 1000 && atomic_load(&o->held); i++)
        cw__clock_sleep_ms(10);
    if (o->status != CW_OK)
        return o->status;
    snprintf(id, sizeof id, "OWN-%d", n);
    out->access_key_id = id;
    out->secret_access_key = caller_secret;
    out->expires_ms = o->expires_ms;
    out->release = give_back;
    return CW_OK;
}

static void the_callers_own_provider(void)
{
    own_keys own = {.expires_ms = 0};
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    o.credentials = ask_own;
    o.credentials_user = &own;
    o.access_key_id = "OPTION";
    o.secret_access_key = caller_secret;
    cw__credentials *c = chain_of(&o);
    check_keys(c, "OWN-1");
    check_keys(c, "OWN-1");
    CHECK_INT(atomic_load(&own.asked), 1);
    CHECK_INT(atomic_load(&own.released), 1);
    expire_now(c);
    check_keys(c, "OWN-2");
    cw__credentials_free(c);

    own.status = CW_E_CREDENTIALS_MISSING; /* the next is asked */
    c = chain_of(&o);
    check_keys(c, "OPTION");
    cw__credentials_trail trail;
    cw__credentials_get_trail(c, &trail);
    REQUIRE(trail.count >= 2);
    CHECK_STR(trail.steps[0].name, "the caller's own provider");
    CHECK_INT(trail.steps[0].status, CW_E_CREDENTIALS_MISSING);
    CHECK_STR(trail.steps[1].name, "the options");
    CHECK_INT(trail.steps[1].status, CW_OK);
    cw__credentials_free(c);
    own.status = CW_E_PERMISSION;
    check_failure(&o, CW_E_PERMISSION, "caller's provider");
}

static void wait_for_keys(cw__credentials *c, const char *id)
{
    bool there = false;
    unsigned round = 0;
    cw__keys *k = NULL;
    cw_error err = {0};
    for (int i = 0; i < 1000 && !there; i++) {
        CHECK_OK(cw__credentials_try(c, &round, &k, &err), err);
        REQUIRE(k);
        there = strcmp(k->access_key_id, id) == 0;
        cw__keys_release(c, k);
        cw__clock_sleep_ms(10);
    }
    CHECK(there);
}

static void keys_are_refreshed_ahead_and_the_old_used_meanwhile(void)
{
    own_keys own = {.expires_ms = cw__clock_wall_ms() + 4000};
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    unsigned round = 0;
    cw__keys *k = NULL;
    cw_error err = {0};
    o.credentials = ask_own;
    o.credentials_user = &own;
    cw__credentials *c = chain_of(&o);
    check_keys(c, "OWN-1");
    own.expires_ms = 0;
    atomic_store(&own.held, true);
    while (atomic_load(&own.asked) < 2) {
        CHECK_OK(cw__credentials_try(c, &round, &k, &err), err);
        REQUIRE(k); /* never without, and never waiting for more: the old ones last */
        CHECK_STR(k->access_key_id, "OWN-1");
        cw__keys_release(c, k);
        cw__clock_sleep_ms(20);
    }
    atomic_store(&own.held, false);
    wait_for_keys(c, "OWN-2");
    CHECK_INT(atomic_load(&own.asked), 2);
    cw__credentials_free(c);
}

static void keys_that_have_expired_already_are_refused(void)
{
    own_keys own = {.expires_ms = cw__clock_wall_ms() - 1000};
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    o.credentials = ask_own;
    o.credentials_user = &own;
    check_failure(&o, CW_E_CREDENTIALS_EXPIRED, "expired already");
}

static cw__credentials *shared_chain;

static void *get_in_thread(void *user)
{
    cw_error err = {0};
    (void)user;
    cw__keys *k = NULL;
    cw_status status = cw__credentials_get(shared_chain, &k, &err);
    if (k)
        cw__keys_release(shared_chain, k);
    return status == CW_OK ? user : NULL;
}

static void one_request_serves_all(void)
{
    own_keys own = {.held = true};
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    pthread_t threads[8];
    unsigned round = 0;
    cw__keys *k = NULL;
    cw_error err = {0};
    o.credentials = ask_own;
    o.credentials_user = &own;
    shared_chain = chain_of(&o);
    for (size_t i = 0; i < 8; i++)
        REQUIRE(pthread_create(&threads[i], NULL, get_in_thread, &own) == 0);
    while (atomic_load(&own.asked) == 0)
        cw__clock_sleep_ms(1);
    cw__clock_sleep_ms(100); /* for the others to come */
    CHECK_OK(cw__credentials_try(shared_chain, &round, &k, &err), err);
    CHECK(!k && round); /* does not wait */
    atomic_store(&own.held, false);
    for (size_t i = 0; i < 8; i++) {
        void *ok = NULL;
        REQUIRE(pthread_join(threads[i], &ok) == 0);
        CHECK(ok != NULL);
    }
    CHECK_INT(atomic_load(&own.asked), 1);
    CHECK_OK(cw__credentials_try(shared_chain, &round, &k, &err), err);
    REQUIRE(k);
    CHECK_INT(round, 0);
    cw__keys_release(shared_chain, k);
    cw__credentials_free(shared_chain);
}

static void who_polls_hears_of_a_failure(void)
{
    own_keys own = {.takes_ms = 50, .status = CW_E_TIMEOUT};
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    unsigned round = 0;
    cw__keys *k = NULL;
    cw_error err = {0};
    o.credentials = ask_own;
    o.credentials_user = &own;
    cw__credentials *c = chain_of(&o);
    cw_status status = CW_OK;
    for (int i = 0; i < 1000 && status == CW_OK; i++) {
        status = cw__credentials_try(c, &round, &k, &err);
        REQUIRE(!k);
        cw__clock_sleep_ms(5);
    }
    CHECK_STATUS(status, CW_E_TIMEOUT, err);
    CHECK_INT(atomic_load(&own.asked), 1);
    cw__credentials_free(c);
}

static void silent(void *user, const answers_request *r, answers_reply *out)
{
    (void)user;
    (void)r;
    out->silent = 1;
}

static void releasing_does_not_wait_for_an_answer(void)
{
    answers server;
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    unsigned round = 0;
    cw__keys *k = NULL;
    cw_error err = {0};
    REQUIRE(answers_start(&server, silent, NULL) == 0);
    o.container_credentials_url = server.url;
    cw__credentials *c = chain_of(&o);
    CHECK_OK(cw__credentials_try(c, &round, &k, &err), err);
    CHECK(!k);
    while (atomic_load(&server.requests) == 0)
        cw__clock_sleep_ms(5);
    uint64_t start = cw__clock_mono_ms();
    cw__credentials_free(c);
    CHECK(cw__clock_mono_ms() - start < 2000);
    answers_stop(&server);
}

static cw_status use_chain(const cw_client_options *o, cw_error *err)
{
    cw__credentials *c = NULL;
    cw__keys *k = NULL;
    cw_status status = open_chain(&c, o, err);
    if (status == CW_OK)
        status = cw__credentials_get(c, &k, err);
    if (status == CW_OK)
        cw__keys_release(c, k);
    cw__credentials_free(c);
    return status;
}

static void fail_each_allocation(const cw_client_options *o)
{
    bool reached = true;
    int refused = 0;
    for (long nth = 1; reached; nth++) {
        cw_error err = {0};
        REQUIRE(nth < 3000);
        fault_begin(nth);
        cw_status status = use_chain(o, &err);
        reached = fault_happened();
        CHECK_INT(fault_end(), 0);
        if (status != CW_OK || !reached) /* some of the HTTP port's it can do without */
            CHECK_STATUS(status, reached ? CW_E_NO_MEMORY : CW_OK, err);
        refused += status == CW_E_NO_MEMORY;
    }
    CHECK(refused > 3);
}

static void every_allocation_may_fail(void)
{
    answers server;
    own_keys own = {.expires_ms = 0};
    atomic_int how = WELL;
    char url[128];
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    o.credentials = ask_own;
    o.credentials_user = &own;
    fail_each_allocation(&o);

    REQUIRE(answers_start(&server, metadata, &how) == 0);
    o = (cw_client_options)CW_CLIENT_OPTIONS_INIT;
    o.instance_metadata = 1;
    o.instance_metadata_url = server.url;
    fail_each_allocation(&o);
    answers_stop(&server);

    REQUIRE(answers_start(&server, agent, NULL) == 0);
    snprintf(url, sizeof url, "%s/creds?x=1", server.url);
    o = (cw_client_options)CW_CLIENT_OPTIONS_INIT;
    o.container_credentials_url = url;
    o.container_authorization = "abc";
    fail_each_allocation(&o);
    answers_stop(&server);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    TEST(a_web_identity_is_traded_for_keys);
    TEST(a_container_has_an_agent);
    TEST(a_token_goes_to_no_other_host);
    TEST(an_instance_has_metadata);
    TEST(the_callers_own_provider);
    TEST(keys_are_refreshed_ahead_and_the_old_used_meanwhile);
    TEST(keys_that_have_expired_already_are_refused);
    TEST(one_request_serves_all);
    TEST(who_polls_hears_of_a_failure);
    TEST(every_allocation_may_fail);
    TEST(releasing_does_not_wait_for_an_answer);
    return test_end();
}
