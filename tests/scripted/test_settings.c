/* test_settings.c - what is in effect, and where it is from: the truth, and no secrets */
#include "fixture.h"

#include <sys/stat.h>

static char home[] = "/tmp/cw-settings-XXXXXX";

static void clear_environment(void)
{
    static const char *const names[] = {
        "AWS_REGION",       "AWS_DEFAULT_REGION", "AWS_PROFILE",     "AWS_MAX_ATTEMPTS",
        "AWS_ENDPOINT_URL", "HTTPS_PROXY",        "AWS_CONFIG_FILE", "AWS_RETRY_MODE",
        "no_proxy",         "https_proxy",        "http_proxy",      "ALL_PROXY",
        "all_proxy",        "NO_PROXY",           "AWS_CA_BUNDLE",   "AWS_ENDPOINT_URL_STS"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    setenv("HOME", home, 1);
}

static void write_file(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/.aws", home);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/.aws/%s", home, name);
    FILE *f = fopen(path, "w");
    REQUIRE(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* "VALUE (ORIGIN)" of a setting; %s of `want` in the origin is the home directory. */
static void check_setting_at(int line, cw_client *c, const char *url, const char *name,
                             const char *want)
{
    cw_settings *list;
    cw_error err;
    char got[600] = "not listed", expected[600];
    const cw_setting *s;
    REQUIRE(cw_settings_new(&list, c, url, &err) == CW_OK);
    while ((s = cw_settings_next(list)) != NULL) {
        CHECK(!has_secret(s->value) && !strstr(s->value, "hidden"));
        if (strcmp(s->name, name) == 0)
            snprintf(got, sizeof got, "%s (%s)", s->value, s->origin);
    }
    cw_settings_free(list);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(expected, sizeof expected, want, home);
#pragma GCC diagnostic pop
    test_str(__FILE__, line, name, got, expected);
}
#define check_setting(c, name, want) check_setting_at(__LINE__, c, NULL, name, want)

static cw_client *client_of(cw_client_options *o)
{
    cw_client *c;
    cw_error err;
    if (cw_client_new(&c, o, &err) == CW_OK)
        return c;
    fprintf(stderr, "    %s\n", err.message);
    exit(1);
}

static void defaults(void)
{
    cw_client *c = client_of(NULL);
    check_setting(c, "endpoint", "https://s3.us-east-1.amazonaws.com/ (region)");
    check_setting(c, "endpoint_url", " (default)");
    check_setting(c, "region", "us-east-1 (default)");
    check_setting(c, "addressing", "auto (default)");
    check_setting(c, "max_attempts", "10 (default)");
    check_setting(c, "tls_minimum", "1.2 (default)");
    check_setting(c, "https_proxy_url", " (default)");
    check_setting(c, "checksum", "crc64nvme (default)");
    check_setting(c, "memory_bytes", "134217728 (default)");
    check_setting(c, "max_connections", "16 (default)"); /* 32, but for the memory */
    check_setting(c, "no_pacing", "0 (default)");
    check_setting(c, "config_file", " (default)");
    check_setting_at(__LINE__, c, "s3://bucket/k", "endpoint",
                     "https://bucket.s3.us-east-1.amazonaws.com/ (region)");
    cw_client_release(c);
}

static void options_come_first(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    clear_environment();
    setenv("AWS_REGION", "of-the-environment", 1);
    setenv("AWS_MAX_ATTEMPTS", "7", 1);
    o.region = "mine";
    o.max_attempts = 3;
    o.addressing = CW_ADDRESSING_PATH;
    o.proxy_url = "user:hidden@h:1";
    o.client_cert = "/c.pem";
    o.client_key_password = "hidden";
    o.tls_minimum = CW_TLS_1_3;
    o.checksum = CW_CHECKSUM_CRC32;
    o.no_pacing = o.no_hedging = o.no_adapting = o.no_spreading = 1;
    CHECK_INT(cw_client_options_from_env(&o, NULL), CW_OK);
    cw_client *c = client_of(&o);
    check_setting(c, "region", "mine (option)");
    check_setting(c, "max_attempts", "3 (option)");
    check_setting(c, "addressing", "path (option)");
    check_setting(c, "https_proxy_url", "http://****@h:1 (option)");
    check_setting(c, "http_proxy_url", "http://****@h:1 (option)");
    check_setting(c, "client_cert", "/c.pem (option)");
    check_setting(c, "client_key_password", "set (option)");
    check_setting(c, "tls_minimum", "1.3 (option)");
    check_setting(c, "checksum", "crc32 (option)");
    check_setting(c, "no_pacing", "1 (option)");
    check_setting(c, "no_hedging", "1 (option)");
    check_setting(c, "no_adapting", "1 (option)");
    check_setting(c, "no_spreading", "1 (option)");
    cw_client_release(c);
}

static void then_the_environment(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    clear_environment();
    write_file("config", "[default]\nregion = of-the-profile\nmax_attempts = 5\n");
    setenv("AWS_DEFAULT_REGION", "second", 1);
    setenv("AWS_MAX_ATTEMPTS", "7", 1);
    setenv("AWS_ENDPOINT_URL", "http://h:9000", 1);
    setenv("HTTPS_PROXY", "http://u:hidden@p:3128", 1);
    setenv("AWS_RETRY_MODE", "Adaptive", 1);
    CHECK_INT(cw_client_options_from_env(&o, NULL), CW_OK);
    cw_client *c = client_of(&o);
    check_setting(c, "region", "second (environment AWS_DEFAULT_REGION)");
    check_setting(c, "max_attempts", "7 (environment AWS_MAX_ATTEMPTS)");
    check_setting(c, "endpoint_url", "http://h:9000 (environment AWS_ENDPOINT_URL)");
    check_setting(c, "endpoint", "http://h:9000/ (endpoint_url)");
    check_setting(c, "https_proxy_url", "http://****@p:3128 (environment HTTPS_PROXY)");
    check_setting(c, "retry_mode", "Adaptive (environment AWS_RETRY_MODE)");
    cw_client_release(c);

    /* What is changed afterwards is no longer of the environment. */
    o.region = "mine";
    o.max_attempts = 8;
    c = client_of(&o);
    check_setting(c, "region", "mine (option)");
    check_setting(c, "max_attempts", "8 (option)");
    cw_client_release(c);
}

static void then_the_profile(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    clear_environment();
    setenv("AWS_PROFILE", "work", 1);
    write_file(
        "config",
        "[profile work]\nregion = r1\nmax_attempts = 5\nretry_mode = legacy\nservices = sv\n"
        "sdk_ua_app_id = app\nca_bundle = ~/ca.pem\nrequest_checksum_calculation = "
        "when_required\ns3 =\n  addressing_style = virtual\n  payload_signing_enabled = true\n"
        "[services sv]\ns3 =\n  endpoint_url = http://sv:1\n");
    write_file("credentials", "[work]\nregion = r2\nendpoint_url = http://other\n");
    CHECK_INT(cw_client_options_from_env(&o, NULL), CW_OK);
    cw_client *c = client_of(&o);
    check_setting(c, "profile", "work (environment AWS_PROFILE)");
    check_setting(c, "region", "r2 (profile work in %s/.aws/credentials)");
    check_setting(c, "endpoint_url", "http://sv:1 (profile work in %s/.aws/config)");
    check_setting(c, "max_attempts", "5 (profile work in %s/.aws/config)");
    check_setting(c, "retry_mode", "legacy (profile work in %s/.aws/config)");
    check_setting(c, "app_id", "app (profile work in %s/.aws/config)");
    check_setting(c, "addressing", "virtual (profile work in %s/.aws/config)");
    check_setting(c, "checksum", "when_required (profile work in %s/.aws/config)");
    check_setting(c, "payload", "signed (profile work in %s/.aws/config)");
    cw_client_release(c);
}

/* Those of AWS, where they are configured for all services alike; the caller's own stays. */
static void r2_is_signed_for_no_region_of_aws(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_client *c;

    clear_environment();
    write_file("config", "[default]\nregion = eu-west-1\n");
    write_file("credentials", "");
    o.endpoint_url = "https://account.r2.cloudflarestorage.com";
    CHECK_INT(cw_client_options_from_env(&o, NULL), CW_OK);
    c = client_of(&o);
    check_setting(c, "region", "auto (provider, not eu-west-1)");
    cw_client_release(c);

    o.provider = CW_PROVIDER_AWS;
    c = client_of(&o);
    check_setting(c, "region", "eu-west-1 (profile default in %s/.aws/config)");
    cw_client_release(c);

    o = (cw_client_options)CW_CLIENT_OPTIONS_INIT;
    o.endpoint_url = "https://store.example";
    o.provider = CW_PROVIDER_R2;
    setenv("AWS_REGION", "us-west-2", 1);
    CHECK_INT(cw_client_options_from_env(&o, NULL), CW_OK);
    c = client_of(&o);
    check_setting(c, "region", "auto (provider, not us-west-2)");
    cw_client_release(c);

    o.region = "eu-west-1";
    c = client_of(&o);
    check_setting(c, "region", "eu-west-1 (option)");
    cw_client_release(c);

    setenv("AWS_REGION", "weur", 1);
    o.region = NULL;
    CHECK_INT(cw_client_options_from_env(&o, NULL), CW_OK);
    c = client_of(&o);
    check_setting(c, "region", "weur (environment AWS_REGION)");
    cw_client_release(c);
}

static void endpoints_of_those_who_give_keys(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    clear_environment();
    setenv("AWS_PROFILE", "keys", 1);
    setenv("AWS_ENDPOINT_URL_STS", "http://sts-env:1", 1);
    write_file("config", "[profile keys]\nservices = sv\nendpoint_url = http://all\n"
                         "[services sv]\nsts =\n  endpoint_url = http://sts\n"
                         "sso =\n  endpoint_url = http://sso\n");
    write_file("credentials", "");
    CHECK_INT(cw_client_options_from_env(&o, NULL), CW_OK);
    cw_client *c = client_of(&o);
    check_setting(c, "endpoint_url", "http://all (profile keys in %s/.aws/config)");
    check_setting(c, "sts_endpoint_url", "http://sts-env:1 (environment AWS_ENDPOINT_URL_STS)");
    check_setting(c, "sso_endpoint_url", "http://sso (profile keys in %s/.aws/config)");
    check_setting(c, "sso_oidc_endpoint_url", "http://all (profile keys in %s/.aws/config)");
    cw_client_release(c);

    o = (cw_client_options)CW_CLIENT_OPTIONS_INIT;
    setenv("AWS_ENDPOINT_URL", "http://env:1", 1); /* for all, and before any profile */
    CHECK_INT(cw_client_options_from_env(&o, NULL), CW_OK);
    c = client_of(&o);
    check_setting(c, "endpoint_url", "http://env:1 (environment AWS_ENDPOINT_URL)");
    check_setting(c, "sts_endpoint_url", "http://sts-env:1 (environment AWS_ENDPOINT_URL_STS)");
    check_setting(c, "sso_endpoint_url", "http://env:1 (environment AWS_ENDPOINT_URL)");
    cw_client_release(c);

    /* A profile may turn all of these off, and no option. */
    write_file("config", "[profile keys]\nservices = sv\nignore_configured_endpoint_urls = true\n"
                         "[services sv]\nsts =\n  endpoint_url = http://sts\n");
    o.sso_endpoint_url = "http://mine";
    c = client_of(&o);
    check_setting(c, "endpoint_url", " (default)");
    check_setting(c, "sts_endpoint_url", " (default)");
    check_setting(c, "sso_endpoint_url", "http://mine (option)");
    cw_client_release(c);
    unsetenv("AWS_ENDPOINT_URL_STS");
    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_PROFILE");
}

/* The host tells that the bucket has to be in it: what the provider knows, the endpoint does. */
static void the_host_of_a_provider(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    o.endpoint_url = "https://oss-cn-hangzhou.aliyuncs.com";
    cw_client *c = client_of(&o);
    check_setting(c, "provider", "oss (endpoint_url)");
    check_setting(c, "region", "cn-hangzhou (default)");
    check_setting_at(__LINE__, c, "s3://a.bucket/k", "endpoint",
                     "https://a.bucket.oss-cn-hangzhou.aliyuncs.com/ (endpoint_url)");
    cw_client_release(c);
    o.addressing = CW_ADDRESSING_PATH;
    c = client_of(&o);
    check_setting_at(__LINE__, c, "s3://bucket/k", "endpoint",
                     "https://oss-cn-hangzhou.aliyuncs.com/bucket (endpoint_url)");
    cw_client_release(c);
}

static void what_is_wrong_is_named(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_client *c;
    cw_error err;
    o.retry_mode = "often";
    CHECK_STATUS(cw_client_new(&c, &o, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(strstr(err.message, "often"));
    c = client_of(NULL);
    cw_settings *s;
    CHECK_STATUS(cw_settings_new(&s, c, "file:///x", &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(s == NULL);
    cw_settings_free(NULL);
    cw_client_release(c);
}

static void what_the_service_taught(void)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    cw_error err;
    so.region = "eu-north-9";
    so.no_checksums = true;
    co.region = "us-east-1";
    bed b = bed_open(&so, &co);
    CHECK_OK(send_bytes(&b, "key", NULL, "x", 1, NULL, &err), err);
    check_setting_at(__LINE__, b.client, "s3://bucket/x", "region", "eu-north-9 (learned)");
    check_setting_at(__LINE__, b.client, NULL, "region", "us-east-1 (option)");
    check_setting(b.client, "checksum", "none (learned)");
    bed_close(&b);
}

static void who_the_service_is(void)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    cw_error err;
    so.provider = "minio";
    for (int chosen = 0; chosen < 2; chosen++) {
        co.provider = chosen ? CW_PROVIDER_GENERIC : CW_PROVIDER_AUTO;
        bed b = bed_open(&so, &co);
        check_setting(b.client, "provider", chosen ? "generic (option)" : "generic (endpoint_url)");
        CHECK_OK(send_bytes(&b, "key", NULL, "x", 1, NULL, &err), err);
        check_setting(b.client, "provider", chosen ? "generic (option)" : "minio (learned)");
        bed_close(&b);
    }
}

static void the_keys_can_be_had(void)
{
    cw_client_options o = client_defaults();
    cw_credentials k;
    cw_error err;
    cw_client *c = client_of(&o);
    CHECK_OK(cw_client_get_credentials(c, &k, &err), err);
    CHECK_STR(k.access_key_id, "ACCESSKEY");
    CHECK_STR(k.secret_access_key, SECRET);
    CHECK_STR(k.session_token, SESSION);
    k.release(NULL, &k);
    CHECK(k.secret_access_key == NULL);
    cw_client_release(c);

    c = client_of(NULL);
    CHECK_STATUS(cw_client_get_credentials(c, &k, &err), CW_E_CREDENTIALS_MISSING, err);
    k.release(NULL, &k);
    cw_client_release(c);
    o.anonymous = 1;
    o.access_key_id = o.secret_access_key = o.session_token = NULL;
    c = client_of(&o);
    CHECK_OK(cw_client_get_credentials(c, &k, &err), err);
    CHECK(k.access_key_id == NULL);
    cw_client_release(c);
}

int main(int argc, char **argv)
{
    char command[100];
    REQUIRE(mkdtemp(home));
    WITHIN(1000, defaults);
    WITHIN(1000, options_come_first);
    WITHIN(1000, then_the_environment);
    WITHIN(1000, then_the_profile);
    WITHIN(1000, r2_is_signed_for_no_region_of_aws);
    WITHIN(1000, endpoints_of_those_who_give_keys);
    WITHIN(1000, the_host_of_a_provider);
    WITHIN(1000, what_is_wrong_is_named);
    WITHIN(1000, what_the_service_taught);
    WITHIN(1000, who_the_service_is);
    WITHIN(1000, the_keys_can_be_had);
    snprintf(command, sizeof command, "rm -rf '%s'", home);
    CHECK_INT(system(command), 0);
    return test_end();
}
