/* test_roles.c - the ways in which a profile gets its keys: roles, SSO, a process */
#include "harness.h"

#include <signal.h>
#include <sys/stat.h>

#include "answers.h"
#include "base/clock.h"
#include "fault_alloc.h"
#include "port/digest.h"
#include "s3/credentials.h"
#include "s3/profile.h"
#include "s3/sts.h"

static const cw__http_options http_settings = {.user_agent = "test/1", .connect_timeout_ms = 5000};

static char home[64], path[256];

static const char *below_home(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", home, name);
    return path;
}

static void write_below(const char *name, const char *text)
{
    FILE *f = fopen(below_home(name), "w");
    REQUIRE(f);
    REQUIRE(fputs(text, f) >= 0);
    REQUIRE(fclose(f) == 0);
}

static void make_home(void)
{
    strcpy(home, "/tmp/cw-roles-XXXXXX");
    REQUIRE(mkdtemp(home));
    REQUIRE(mkdir(below_home(".aws"), 0700) == 0);
    REQUIRE(mkdir(below_home(".aws/sso"), 0700) == 0);
    REQUIRE(mkdir(below_home(".aws/sso/cache"), 0700) == 0);
}

static void remove_home(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", home);
    CHECK_INT(system(command), 0);
}

static cw_client_options options(const char *profile)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    o.home_directory = home;
    o.profile = profile;
    return o;
}

static cw_status get_keys(const cw_client_options *o, cw__keys *copy, cw_error *err)
{
    static char id[200], token[200];
    cw__credentials *c = NULL;
    cw__profile profile;
    cw__keys *k = NULL;
    cw_status status = cw__profile_read(&profile, o, err);
    if (status != CW_OK)
        return status;
    status = cw__credentials_new(&c, o, &profile, &http_settings, err);
    cw__profile_free(&profile);
    if (status == CW_OK)
        status = cw__credentials_get(c, &k, err);
    if (status == CW_OK) {
        snprintf(id, sizeof id, "%s", k->access_key_id);
        snprintf(token, sizeof token, "%s", k->session_token ? k->session_token : "");
        *copy = (cw__keys){.access_key_id = id, .session_token = token, .source = k->source};
        copy->expires_ms = k->expires_ms;
        cw__keys_release(c, k);
    }
    cw__credentials_free(c);
    return status;
}

static void check_keys(const cw_client_options *o, const char *id)
{
    cw__keys k = {0};
    cw_error err = {0};
    CHECK_OK(get_keys(o, &k, &err), err);
    if (k.access_key_id)
        CHECK_STR(k.access_key_id, id);
}

static void check_failure(const cw_client_options *o, cw_status want, const char *says)
{
    cw__keys k = {0};
    cw_error err = {0};
    CHECK_STATUS(get_keys(o, &k, &err), want, err);
    CHECK(!strstr(err.message, "s3cr3t"));
    if (!strstr(err.message, says))
        CHECK_STR(err.message, says);
}

/* ---- a token service that looks at signatures ---- */

static const char keyring[][2][32] = {{"BASE", "s3cr3t-of-base"},
                                      {"ENV", "s3cr3t-of-env"},
                                      {"AGENT", "s3cr3t-of-agent"},
                                      {"ROLE-mid", "s3cr3t-of-role"},
                                      {"ROLE-web", "s3cr3t-of-role"}};

static void hmac(unsigned char key[32], size_t key_n, const char *text, unsigned char out[32])
{
    REQUIRE(cw__hmac_sha256(key, key_n, text, strlen(text), out) == CW_OK);
}

static void hex_of(const char *text, char out[65])
{
    unsigned char digest[32];
    REQUIRE(cw__sha256_of(text, strlen(text), digest) == CW_OK);
    cw__hex(digest, 32, out);
}

/* By the book, and not by the code that made it. */
static void expect_signature(const answers_request *r, const char *secret, char out[65])
{
    char date[64], host[64], token[200], body[65], text[4096], request[65], first[64];
    unsigned char k[64];
    answers_header(r, "x-amz-date", date, sizeof date);
    answers_header(r, "host", host, sizeof host);
    answers_header(r, "x-amz-security-token", token, sizeof token);
    hex_of(r->body, body);
    snprintf(text, sizeof text,
             "POST\n%s\n\ncontent-type:application/x-www-form-urlencoded\nhost:%s\nx-amz-date:%s\n"
             "%s%s%s\ncontent-type;host;x-amz-date%s\n%s",
             r->path, host, date, *token ? "x-amz-security-token:" : "", token, *token ? "\n" : "",
             *token ? ";x-amz-security-token" : "", body);
    hex_of(text, request);
    snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%.8s/eu-west-3/sts/aws4_request\n%s", date,
             date, request);
    snprintf(first, sizeof first, "AWS4%s", secret);
    memcpy(k, first, strlen(first));
    size_t n = strlen(first);
    date[8] = 0;
    const char *steps[] = {date, "eu-west-3", "sts", "aws4_request", text};
    for (size_t i = 0; i < 5; i++, n = 32) {
        unsigned char next[32];
        hmac(k, n, steps[i], next);
        memcpy(k, next, 32);
    }
    cw__hex(k, 32, out);
}

static const char *signer_of(const answers_request *r)
{
    char said[512], expected[65];
    answers_header(r, "authorization", said, sizeof said);
    const char *id = strstr(said, "Credential="), *signature = strstr(said, "Signature=");
    for (size_t i = 0; id && signature && i < sizeof keyring / sizeof *keyring; i++) {
        size_t n = strlen(keyring[i][0]);
        if (strncmp(id + 11, keyring[i][0], n) != 0 || id[11 + n] != '/')
            continue;
        expect_signature(r, keyring[i][1], expected);
        return strcmp(signature + 10, expected) == 0 ? keyring[i][0] : NULL;
    }
    return NULL;
}

static void refuse(answers_reply *out, const char *code)
{
    out->status = 403;
    snprintf(out->body, sizeof out->body,
             "<ErrorResponse><Error><Code>%s</Code><Message>not you</Message></Error>"
             "<RequestId>r-77</RequestId></ErrorResponse>",
             code);
}

static void sts(void *user, const answers_request *r, answers_reply *out)
{
    bool web = strstr(r->body, "Action=AssumeRoleWithWebIdentity&") != NULL;
    const char *signer = web ? "" : signer_of(r), *role = strstr(r->body, "role%2F");
    char last[512];
    (void)user;
    if (strcmp(r->path, "/agent") == 0) {
        strcpy(out->body, "{\"AccessKeyId\":\"AGENT\",\"SecretAccessKey\":\"s3cr3t-of-agent\"}");
        return;
    }
    if (!signer || !role) {
        refuse(out, "SignatureDoesNotMatch");
        return;
    }
    snprintf(last, sizeof last, "%.*s", (int)strcspn(role + 7, "&"), role + 7);
    if (strcmp(last, "denied") == 0) {
        refuse(out, "AccessDenied");
        return;
    }
    if (strcmp(last, "picky") == 0 &&
        (!strstr(r->body, "&ExternalId=e%2Fx") || !strstr(r->body, "&DurationSeconds=3600") ||
         !strstr(r->body, "&RoleSessionName=me%40here"))) {
        refuse(out, "AccessDenied");
        return;
    }
    snprintf(out->body, sizeof out->body,
             "<AssumeRole%sResponse><AssumeRole%sResult><Credentials><AccessKeyId>ROLE-%s"
             "</AccessKeyId><SecretAccessKey>s3cr3t-of-role</SecretAccessKey><SessionToken>by-%s"
             "</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
             "</AssumeRole%sResult></AssumeRole%sResponse>",
             web ? "WithWebIdentity" : "", web ? "WithWebIdentity" : "", last, signer,
             web ? "WithWebIdentity" : "", web ? "WithWebIdentity" : "");
}

static const char config[] =
    "[profile two-steps]\nrole_arn = arn:aws:iam::1:role/top\nsource_profile = mid\n"
    "[profile mid]\nrole_arn = arn:aws:iam::1:role/mid\nsource_profile = base\n"
    "[profile picky]\nrole_arn = arn:aws:iam::1:role/picky\nsource_profile = base\n"
    "external_id = e/x\nduration_seconds = 3600\nrole_session_name = me@here\n"
    "[profile denied]\nrole_arn = arn:aws:iam::1:role/denied\nsource_profile = base\n"
    "[profile mfa]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\nmfa_serial = arn:m\n"
    "[profile loop]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = pool\n"
    "[profile pool]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = loop\n"
    "[profile self]\nrole_arn = arn:aws:iam::1:role/self\nsource_profile = self\n"
    "aws_access_key_id = BASE\naws_secret_access_key = s3cr3t-of-base\n"
    "[profile env]\nrole_arn = arn:aws:iam::1:role/env\ncredential_source = Environment\n"
    "[profile ecs]\nrole_arn = arn:aws:iam::1:role/ecs\ncredential_source = EcsContainer\n"
    "[profile odd]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Moon\n"
    "[profile both]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = EcsContainer\n"
    "source_profile = base\n"
    "[profile none]\nrole_arn = arn:aws:iam::1:role/x\n"
    "[profile gone]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = nowhere\n"
    "[profile poor]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = empty\n"
    "[profile empty]\nregion = r\n"
    "[profile long]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\n"
    "duration_seconds = 99999\n"
    "[profile web]\nrole_arn = arn:aws:iam::1:role/web\nweb_identity_token_file = ~/token\n"
    "[profile over-web]\nrole_arn = arn:aws:iam::1:role/over\nsource_profile = web\n";

static answers server;

static cw_client_options role_options(const char *profile)
{
    cw_client_options o = options(profile);
    o.sts_endpoint_url = server.url;
    o.region = "eu-west-3";
    return o;
}

static void roles_are_assumed(void)
{
    cw_client_options o;
    cw__keys k = {0};
    cw_error err = {0};
    char url[100];
    make_home();
    write_below(".aws/config", config);
    write_below(".aws/credentials",
                "[base]\naws_access_key_id = BASE\naws_secret_access_key = s3cr3t-of-base\n");
    write_below("token", "web-token\n");
    REQUIRE(answers_start(&server, sts, NULL) == 0);
    o = role_options("two-steps");
    CHECK_OK(get_keys(&o, &k, &err), err);
    CHECK_STR(k.access_key_id, "ROLE-top");
    CHECK_STR(k.session_token, "by-ROLE-mid");
    CHECK(k.expires_ms > cw__clock_wall_ms());
    CHECK_INT(atomic_load(&server.requests), 2);
    snprintf(url, sizeof url, "%s/a/path", server.url);
    o.sts_endpoint_url = url;
    check_keys(&o, "ROLE-top");
    o = role_options("picky");
    check_keys(&o, "ROLE-picky");
    o = role_options("self");
    check_keys(&o, "ROLE-self");
    o = role_options("over-web");
    check_keys(&o, "ROLE-over");
    o = role_options("env");
    o.source_access_key_id = "ENV";
    o.source_secret_access_key = "s3cr3t-of-env";
    check_keys(&o, "ROLE-env");
    o = role_options("ecs");
    snprintf(url, sizeof url, "%s/agent", server.url);
    o.container_credentials_url = url;
    check_keys(&o, "ROLE-ecs");
    answers_stop(&server);
    remove_home();
}

static void roles_that_cannot_be_assumed(void)
{
    static const struct {
        const char *profile;
        cw_status status;
        const char *says;
    } cases[] = {{"denied", CW_E_PERMISSION, "AccessDenied: not you"},
                 {"mfa", CW_E_UNSUPPORTED, "mfa_serial"},
                 {"loop", CW_E_INVALID_ARGUMENT, "leads back"},
                 {"odd", CW_E_INVALID_ARGUMENT, "Ec2InstanceMetadata"},
                 {"both", CW_E_INVALID_ARGUMENT, "both"},
                 {"none", CW_E_INVALID_ARGUMENT, "without a source_profile"},
                 {"gone", CW_E_INVALID_ARGUMENT, "nowhere"},
                 {"poor", CW_E_CREDENTIALS_MISSING, "'empty'"},
                 {"env", CW_E_CREDENTIALS_MISSING, "Environment"},
                 {"long", CW_E_INVALID_ARGUMENT, "duration_seconds"}};
    make_home();
    write_below(".aws/config", config);
    write_below(".aws/credentials",
                "[base]\naws_access_key_id = BASE\naws_secret_access_key = s3cr3t-of-base\n");
    REQUIRE(answers_start(&server, sts, NULL) == 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[100];
        cw_client_options o = role_options(cases[i].profile);
        snprintf(url, sizeof url, "%s/agent", server.url);
        o.container_credentials_url = url; /* whose keys must not be taken instead */
        check_failure(&o, cases[i].status, cases[i].says);
    }
    answers_stop(&server);
    cw_client_options o = role_options("picky"); /* nobody there */
    check_failure(&o, CW_E_UNAVAILABLE, "it cannot be reached");
    remove_home();
}

/* ---- credential_process ---- */

static void a_process_prints_keys(void)
{
    static const struct {
        const char *command;
        cw_status status;
        const char *says;
    } cases[] = {
        {"echo '{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s3cr3t\","
         "\"SessionToken\":\"T\",\"Expiration\":\"2099-01-01T00:00:00Z\"}'",
         CW_OK, ""},
        {"sleep 0.2; exec printf '{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\"}'",
         CW_OK, ""},
        {"echo '{\"Version\":2,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s3cr3t\"}'",
         CW_E_PROTOCOL, "Version"},
        {"echo '{\"Version\":1,\"SecretAccessKey\":\"s3cr3t\"}'", CW_E_PROTOCOL, "AccessKeyId"},
        {"echo s3cr3t", CW_E_PROTOCOL, "no JSON"},
        {"echo s3cr3t >&2; exit 3", CW_E_UNAVAILABLE, "exited with 3"},
        {"kill -9 $$", CW_E_UNAVAILABLE, "signal 9"},
        {"echo '{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\","
         "\"Expiration\":\"2001-01-01T00:00:00Z\"}'",
         CW_E_CREDENTIALS_EXPIRED, "expired already"},
        {"echo '{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\","
         "\"Expiration\":\"soon\"}'",
         CW_E_PROTOCOL, "Expiration"},
    };
    make_home();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[600];
        snprintf(text, sizeof text, "[profile p]\ncredential_process = %s\n", cases[i].command);
        write_below(".aws/config", text);
        cw_client_options o = options("p");
        if (cases[i].status == CW_OK)
            check_keys(&o, "P");
        else
            check_failure(&o, cases[i].status, cases[i].says);
    }
    remove_home();
}

static void a_process_is_ended_with_the_client(void)
{
    cw__credentials *c = NULL;
    cw__profile profile;
    cw__keys *k = NULL;
    cw_error err = {0};
    unsigned round = 0;
    make_home();
    write_below(".aws/config", "[profile p]\ncredential_process = sleep 50 & sleep 50\n");
    cw_client_options o = options("p");
    REQUIRE(cw__profile_read(&profile, &o, &err) == CW_OK);
    REQUIRE(cw__credentials_new(&c, &o, &profile, &http_settings, &err) == CW_OK);
    cw__profile_free(&profile);
    CHECK_OK(cw__credentials_try(c, &round, &k, &err), err);
    CHECK(!k);
    cw__clock_sleep_ms(200);
    uint64_t start = cw__clock_mono_ms();
    cw__credentials_free(c);
    CHECK(cw__clock_mono_ms() - start < 3000);
    remove_home();
}

/* ---- SSO ---- */

static void portal(void *user, const answers_request *r, answers_reply *out)
{
    char token[64];
    (void)user;
    answers_header(r, "x-amz-sso_bearer_token", token, sizeof token);
    if (strcmp(r->path, "/federation/credentials?role_name=a%2Fb&account_id=123") != 0)
        out->status = 404;
    else if (strcmp(token, "good") != 0)
        out->status = 401;
    else
        snprintf(out->body, sizeof out->body,
                 "{\"roleCredentials\":{\"accessKeyId\":\"SSO\",\"secretAccessKey\":\"s3cr3t\","
                 "\"sessionToken\":\"T\",\"expiration\":%lld}}",
                 (long long)cw__clock_wall_ms() + 3600000);
}

/* The token service: what was asked of it, and a portal that takes the token it gave. */
static void token_service(void *user, const answers_request *r, answers_reply *out)
{
    atomic_int *refuses = user; /* a status; -1: gives tokens that end soon */

    if (strcmp(r->path, "/token") != 0) {
        portal(NULL, r, out);
    } else if (atomic_load(refuses) < 0) {
        strcpy(out->body, "{\"accessToken\":\"good\",\"expiresIn\":60}");
    } else if (atomic_load(refuses)) {
        out->status = atomic_load(refuses);
        strcpy(out->body, "{\"error\":\"invalid_grant\"}");
    } else if (strcmp(r->method, "POST") != 0 ||
               strcmp(r->body, "{\"clientId\":\"I\\\"D\",\"clientSecret\":\"s3cr3t\","
                               "\"grantType\":\"refresh_token\",\"refreshToken\":\"r1\"}") != 0) {
        out->status = 400;
    } else {
        strcpy(out->body, "{\"accessToken\":\"good\",\"expiresIn\":28800,"
                          "\"refreshToken\":\"r2\",\"tokenType\":\"Bearer\"}");
    }
}

/* printf %s one | sha1sum */
#define CACHE_OF_SESSION ".aws/sso/cache/fe05bcdcdc4928012781a5f1a2a77cbb5398e106.json"

static void name_cache_of(const char *text)
{
    static char name[100];
    unsigned char digest[20];
    char hex[41];
    REQUIRE(cw__sha1_of(text, strlen(text), digest) == CW_OK);
    cw__hex(digest, 20, hex);
    snprintf(name, sizeof name, ".aws/sso/cache/%s.json", hex);
    write_below(name, "{\"accessToken\":\"good\",\"expiresAt\":\"2099-01-01T00:00:00UTC\"}");
}

static const char *iso_in(int64_t ms)
{
    static char text[4][24];
    static unsigned turn;
    char amz[17], *to = text[turn++ % 4];

    cw__clock_format_amz(cw__clock_wall_ms() + ms, amz);
    snprintf(to, sizeof *text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", amz, amz + 4, amz + 6, amz + 9,
             amz + 11, amz + 13);
    return to;
}

static void write_cache(const char *token, int64_t ends_ms, int64_t registered_ms)
{
    char text[1000];

    snprintf(text, sizeof text,
             "{\"startUrl\":\"https://start\",\"region\":\"eu-west-1\",\"accessToken\":\"%s\","
             "\"expiresAt\":\"%s\",\"clientId\":\"I\\\"D\",\"clientSecret\":\"s3cr3t\","
             "\"registrationExpiresAt\":\"%s\",\"refreshToken\":\"r1\"}",
             token, iso_in(ends_ms), iso_in(registered_ms));
    write_below(CACHE_OF_SESSION, text);
}

static void check_cache(const char *want, bool there)
{
    char text[2000] = "";
    FILE *f = fopen(below_home(CACHE_OF_SESSION), "r");

    REQUIRE(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    CHECK_INT(strstr(text, want) != NULL, there);
}

enum { HOUR = 3600 * 1000 };

static void sso_renews_a_token(void)
{
    cw_client_options o = options("s");
    atomic_int refuses = 0;

    make_home();
    REQUIRE(answers_start(&server, token_service, &refuses) == 0);
    o.sso_endpoint_url = o.sso_oidc_endpoint_url = server.url;
    write_below(".aws/config",
                "[profile s]\nsso_session = one\nsso_account_id = 123\nsso_role_name = a/b\n"
                "[sso-session one]\nsso_start_url = https://start\nsso_region = eu-west-1\n");
    write_cache("s3cr3t-old", -HOUR, HOUR); /* ended */
    check_keys(&o, "SSO");
    check_cache("\"accessToken\":\"good\",\"expiresAt\":\"20", true);
    check_cache("\"clientId\":\"I\\\"D\",\"clientSecret\":\"s3cr3t\"", true);
    check_cache("\"refreshToken\":\"r2\"}", true);
    check_cache("\"startUrl\":\"https://start\",\"region\":\"eu-west-1\"", true);
    CHECK_INT(atomic_load(&server.requests), 2);
    check_keys(&o, "SSO"); /* the new one will do */
    CHECK_INT(atomic_load(&server.requests), 3);
    write_cache("s3cr3t-old", -HOUR, HOUR);
    o.sso_endpoint_url = "http://127.0.0.1:1"; /* tokens are renewed elsewhere */
    check_failure(&o, CW_E_UNAVAILABLE, "SSO was asked for keys");
    CHECK_INT(atomic_load(&server.requests), 4);
    o.sso_endpoint_url = server.url;
    write_cache("s3cr3t-old", HOUR / 60, HOUR); /* ends within minutes */
    check_keys(&o, "SSO");
    check_cache("r2", true);
    atomic_store(&refuses, 400);
    write_cache("good", HOUR / 60, HOUR); /* and is good until then */
    check_keys(&o, "SSO");
    check_cache("r1", true);
    write_cache("s3cr3t-old", -HOUR, HOUR);
    check_failure(&o, CW_E_CREDENTIALS_EXPIRED,
                  "could not be renewed: it answered HTTP 400; run aws sso login");
    write_cache("s3cr3t-old", -HOUR, -HOUR); /* the registration ended, too: nobody is asked */
    atomic_store(&refuses, 0);
    check_failure(&o, CW_E_CREDENTIALS_EXPIRED, "has expired: run aws sso login --profile s");
    check_cache("r1", true);
    answers_stop(&server);
    remove_home();
}

static void sso_trades_a_cached_token(void)
{
    cw_client_options o = options("s");
    make_home();
    REQUIRE(answers_start(&server, portal, NULL) == 0);
    o.sso_endpoint_url = server.url;
    write_below(".aws/config",
                "[profile s]\nsso_session = one\nsso_account_id = 123\nsso_role_name = a/b\n"
                "[profile other]\nsso_session = one\nsso_account_id = 9\nsso_role_name = a/b\n"
                "[profile old]\nsso_start_url = https://start\nsso_region = eu-west-1\n"
                "sso_account_id = 123\nsso_role_name = a/b\n"
                "[profile half]\nsso_session = one\nsso_account_id = 123\n"
                "[sso-session one]\nsso_start_url = https://start\nsso_region = eu-west-1\n");
    check_failure(&o, CW_E_CREDENTIALS_EXPIRED, "run aws sso login --profile s");
    write_below(CACHE_OF_SESSION,
                "{\"accessToken\":\"good\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}");
    check_keys(&o, "SSO");
    write_below(CACHE_OF_SESSION,
                "{\"accessToken\":\"s3cr3t\",\"expiresAt\":\"2001-01-01T00:00:00Z\"}");
    check_failure(&o, CW_E_CREDENTIALS_EXPIRED, "has expired: run aws sso login");
    write_below(CACHE_OF_SESSION,
                "{\"accessToken\":\"s3cr3t\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}");
    check_failure(&o, CW_E_CREDENTIALS_EXPIRED, "run aws sso login");
    write_below(CACHE_OF_SESSION, "{\"accessToken\":\"s3cr3t\"");
    check_failure(&o, CW_E_PROTOCOL, "no JSON");
    write_below(CACHE_OF_SESSION,
                "{\"accessToken\":\"good\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}");
    o.profile = "other";
    check_failure(&o, CW_E_PERMISSION, "sso_role_name");
    o.profile = "half";
    check_failure(&o, CW_E_INVALID_ARGUMENT, "sso_role_name");
    o.profile = "old";
    check_failure(&o, CW_E_CREDENTIALS_EXPIRED, "run aws sso login --profile old");
    name_cache_of("https://start");
    check_keys(&o, "SSO");
    answers_stop(&server);
    remove_home();
}

/* ---- memory ---- */

static void every_allocation_may_fail_before_the_network(void)
{
    bool reached = true;
    make_home();
    write_below(".aws/config", config);
    for (long nth = 1; reached; nth++) {
        cw__keys k = {0};
        cw_error err = {0};
        cw_client_options o = options("both");
        o.credentials_file = NULL;
        REQUIRE(nth < 2000);
        fault_begin(nth);
        cw_status status = get_keys(&o, &k, &err);
        reached = fault_happened();
        CHECK_INT(fault_end(), 0);
        CHECK_INT(status, reached ? CW_E_NO_MEMORY : CW_E_INVALID_ARGUMENT);
    }
    remove_home();
}

static void fail_each_allocation(const cw_client_options *o)
{
    bool reached = true;
    int refused = 0;
    for (long nth = 1; reached; nth++) {
        cw__keys k = {0};
        cw_error err = {0};
        REQUIRE(nth < 3000);
        fault_begin(nth);
        cw_status status = get_keys(o, &k, &err);
        reached = fault_happened();
        CHECK_INT(fault_end(), 0);
        if (status != CW_OK || !reached) /* some of the HTTP port's it can do without */
            CHECK_STATUS(status, reached ? CW_E_NO_MEMORY : CW_OK, err);
        refused += status == CW_E_NO_MEMORY;
    }
    CHECK(refused > 20);
}

static void every_allocation_may_fail_on_the_way(void)
{
    cw_client_options o;
    atomic_int ends_soon = -1;
    make_home();
    write_below(".aws/config", config);
    write_below(".aws/credentials",
                "[base]\naws_access_key_id = BASE\naws_secret_access_key = s3cr3t-of-base\n");
    write_below("token", "web-token\n");
    REQUIRE(answers_start(&server, sts, NULL) == 0);
    o = role_options("over-web");
    fail_each_allocation(&o);
    answers_stop(&server);
    write_below(".aws/config",
                "[profile s]\nsso_session = one\nsso_account_id = 123\nsso_role_name = a/b\n"
                "[sso-session one]\nsso_start_url = https://start\nsso_region = eu-west-1\n"
                "[profile p]\ncredential_process = printf '{\"Version\":1,\"AccessKeyId\":\"P\","
                "\"SecretAccessKey\":\"s\"}'\n");
    write_below(CACHE_OF_SESSION,
                "{\"accessToken\":\"good\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}");
    REQUIRE(answers_start(&server, portal, NULL) == 0);
    o = options("s");
    o.sso_endpoint_url = server.url;
    fail_each_allocation(&o);
    answers_stop(&server);
    write_cache("s3cr3t-old", -HOUR, HOUR);
    REQUIRE(answers_start(&server, token_service, &ends_soon) == 0);
    o.sso_endpoint_url = o.sso_oidc_endpoint_url = server.url;
    fail_each_allocation(&o);
    check_cache("\"refreshToken\":\"r1\"}", true);
    answers_stop(&server);
    o = options("p");
    fail_each_allocation(&o);
    remove_home();
}

/* To a wrong signature STS answers what should have been signed, token and all. */
static void sts_says_no_secrets(void)
{
    static const char reply[] =
        "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Sign this:\n"
        "x-amz-security-token:very-secret\n\nhost</Message></Error></ErrorResponse>";
    cw_error err;

    CHECK_STATUS(cw__sts_parse_error(reply, sizeof reply - 1, 403, "AssumeRole", &err),
                 CW_E_PERMISSION, err);
    CHECK(strstr(err.message, "Sign this: ") && !strchr(err.message, '\n'));
    CHECK(!strstr(err.message, "very-secret"));
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    TEST(roles_are_assumed);
    TEST(roles_that_cannot_be_assumed);
    TEST(a_process_prints_keys);
    TEST(a_process_is_ended_with_the_client);
    TEST(sso_trades_a_cached_token);
    TEST(sso_renews_a_token);
    TEST(sts_says_no_secrets);
    TEST(every_allocation_may_fail_before_the_network);
    TEST(every_allocation_may_fail_on_the_way);
    return test_end();
}
