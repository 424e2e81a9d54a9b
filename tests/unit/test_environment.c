/* test_environment.c - a client's options from the environment */
#include "harness.h"

#include <cloudwriter/client.h>
#include "fault_alloc.h"

static const char *const names[] = {"AWS_ACCESS_KEY_ID",
                                    "AWS_SECRET_ACCESS_KEY",
                                    "AWS_SESSION_TOKEN",
                                    "AWS_REGION",
                                    "AWS_DEFAULT_REGION",
                                    "AWS_PROFILE",
                                    "AWS_CONFIG_FILE",
                                    "AWS_SHARED_CREDENTIALS_FILE",
                                    "AWS_ENDPOINT_URL_S3",
                                    "AWS_ENDPOINT_URL",
                                    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                    "AWS_CA_BUNDLE",
                                    "AWS_MAX_ATTEMPTS",
                                    "AWS_REQUEST_CHECKSUM_CALCULATION",
                                    "AWS_ROLE_ARN",
                                    "AWS_WEB_IDENTITY_TOKEN_FILE",
                                    "AWS_ROLE_SESSION_NAME",
                                    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                    "AWS_EC2_METADATA_DISABLED",
                                    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                    "AWS_ENDPOINT_URL_STS",
                                    "AWS_ENDPOINT_URL_SSO",
                                    "AWS_ENDPOINT_URL_SSO_OIDC",
                                    "AWS_USE_DUALSTACK_ENDPOINT",
                                    "AWS_USE_FIPS_ENDPOINT",
                                    "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
                                    "AWS_S3_USE_ARN_REGION",
                                    "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
                                    "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
                                    "AWS_RETRY_MODE",
                                    "AWS_SDK_UA_APP_ID",
                                    "AWS_EXECUTION_ENV",
                                    "https_proxy",
                                    "HTTPS_PROXY",
                                    "http_proxy",
                                    "HTTP_PROXY",
                                    "all_proxy",
                                    "ALL_PROXY",
                                    "no_proxy",
                                    "NO_PROXY",
                                    "HOME"};

static void clear(void)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

static void put(const char *name, const char *value)
{
    REQUIRE(setenv(name, value, 1) == 0);
}

static cw_client_options options(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    return o;
}

static void an_empty_environment_changes_nothing(void)
{
    cw_client_options o = options(), same = options();
    cw_error err = {0};
    clear();
    same.instance_metadata = 1; /* unless it says otherwise */
    same.environment_read = 1;
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK(memcmp(&o, &same, sizeof o) == 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put(names[i], "");
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK(memcmp(&o, &same, sizeof o) == 0);
}

static void everything_is_taken(void)
{
    cw_client_options o = options();
    cw_error err = {0};
    clear();
    put("AWS_ACCESS_KEY_ID", "AK");
    put("AWS_SECRET_ACCESS_KEY", "SK");
    put("AWS_SESSION_TOKEN", "T");
    put("AWS_REGION", "r1");
    put("AWS_DEFAULT_REGION", "r2");
    put("AWS_PROFILE", "p");
    put("AWS_CONFIG_FILE", "/c");
    put("AWS_SHARED_CREDENTIALS_FILE", "/s");
    put("AWS_ENDPOINT_URL_S3", "http://s3:9000");
    put("AWS_ENDPOINT_URL", "http://all");
    put("AWS_CA_BUNDLE", "/ca.pem");
    put("AWS_MAX_ATTEMPTS", "3");
    put("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED");
    put("HOME", "/home/u");
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_STR(o.access_key_id, "AK");
    CHECK_STR(o.secret_access_key, "SK");
    CHECK_STR(o.session_token, "T");
    CHECK_STR(o.region, "r1");
    CHECK_STR(o.profile, "p");
    CHECK_STR(o.config_file, "/c");
    CHECK_STR(o.credentials_file, "/s");
    CHECK_STR(o.endpoint_url, "http://s3:9000");
    CHECK_STR(o.ca_bundle, "/ca.pem");
    CHECK_STR(o.home_directory, "/home/u");
    CHECK_INT(o.max_attempts, 3);
    CHECK_INT(o.checksum, CW_CHECKSUM_NONE);
    CHECK_INT(o.ignore_configured_endpoints, 0);
}

static void proxies_are_those_that_curl_takes(void)
{
    cw_client_options o = options();
    cw_error err = {0};
    clear();
    put("HTTPS_PROXY", "http://upper");
    put("https_proxy", "http://lower");
    put("HTTP_PROXY", "http://evil"); /* of a request's header "Proxy:", in a CGI program */
    put("ALL_PROXY", "socks5h://rest");
    put("NO_PROXY", "a,b");
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_STR(o.https_proxy_url, "http://lower");
    CHECK_STR(o.http_proxy_url, "socks5h://rest");
    CHECK_STR(o.no_proxy, "a,b");
    CHECK(o.proxy_url == NULL);

    o = options();
    put("https_proxy", "");
    put("http_proxy", "http://plain");
    put("no_proxy", "*");
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_STR(o.https_proxy_url, "http://upper");
    CHECK_STR(o.http_proxy_url, "http://plain");
    CHECK_STR(o.no_proxy, "*");
}

static void manners(void)
{
    cw_client_options o = options();
    cw_error err = {0};
    clear();
    put("AWS_RETRY_MODE", "adaptive");
    put("AWS_SDK_UA_APP_ID", "mine");
    put("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023");
    o.retry_mode = "legacy";
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_STR(o.retry_mode, "legacy");
    CHECK_STR(o.app_id, "mine");
    CHECK_STR(o.execution_environment, "AWS_Lambda_provided.al2023");
}

static void the_second_names_are_taken_when_the_first_are_not_there(void)
{
    cw_client_options o = options();
    cw_error err = {0};
    clear();
    put("AWS_DEFAULT_REGION", "r2");
    put("AWS_ENDPOINT_URL", "http://all");
    put("AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported");
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_STR(o.region, "r2");
    CHECK_STR(o.endpoint_url, "http://all");
    CHECK_INT(o.checksum, CW_CHECKSUM_DEFAULT);
}

static void what_is_set_stays(void)
{
    cw_client_options o = options();
    cw_error err = {0};
    clear();
    put("AWS_REGION", "r1");
    put("AWS_ENDPOINT_URL", "not even a URL");
    put("AWS_MAX_ATTEMPTS", "none");
    put("AWS_REQUEST_CHECKSUM_CALCULATION", "nonsense");
    put("AWS_ACCESS_KEY_ID", "AK");
    put("AWS_SECRET_ACCESS_KEY", "SK");
    put("AWS_SESSION_TOKEN", "T");
    o.region = "own";
    o.endpoint_url = "http://own";
    o.max_attempts = 2;
    o.checksum = CW_CHECKSUM_CRC32;
    o.access_key_id = "OWN";
    o.secret_access_key = "SECRET";
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_STR(o.region, "own");
    CHECK_STR(o.endpoint_url, "http://own");
    CHECK_INT(o.max_attempts, 2);
    CHECK_INT(o.checksum, CW_CHECKSUM_CRC32);
    CHECK_STR(o.access_key_id, "OWN");
    CHECK(o.session_token == NULL); /* it belongs to other keys */
}

static void which_endpoints(void)
{
    cw_client_options o = options();
    cw_error err = {0};
    clear();
    put("AWS_USE_DUALSTACK_ENDPOINT", "TRUE");
    put("AWS_USE_FIPS_ENDPOINT", "false");
    put("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "Legacy");
    put("AWS_S3_USE_ARN_REGION", "false");
    put("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", "true");
    put("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "true");
    o.s3_use_arn_region = CW_ON;
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_INT(o.use_dualstack_endpoint, CW_ON);
    CHECK_INT(o.use_fips_endpoint, CW_OFF);
    CHECK_INT(o.use_accelerate_endpoint, CW_AS_CONFIGURED);
    CHECK_INT(o.us_east_1_regional_endpoint, CW_OFF);
    CHECK_INT(o.s3_use_arn_region, CW_ON);
    CHECK_INT(o.s3_disable_multiregion_access_points, CW_ON);
    CHECK_INT(o.s3_disable_express_session_auth, CW_ON);
}

static void keys_and_profiles(void)
{
    cw_client_options o = options();
    cw_error err = {0};
    clear();
    put("AWS_ACCESS_KEY_ID", "AK");
    put("AWS_SECRET_ACCESS_KEY", "SK");
    put("AWS_PROFILE", "env");
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_STR(o.access_key_id, "AK"); /* before the profile of the environment */
    CHECK_STR(o.profile, "env");

    o = options();
    o.profile = "own";
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK(o.access_key_id == NULL); /* but not before one that was asked for */
    CHECK_STR(o.profile, "own");

    o = options();
    o.anonymous = 1;
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK(o.access_key_id == NULL);
}

static void ignored_endpoints(void)
{
    cw_client_options o = options();
    cw_error err = {0};
    clear();
    put("AWS_ENDPOINT_URL_S3", "http://s3:9000");
    put("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True");
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK(o.endpoint_url == NULL);
    CHECK_INT(o.ignore_configured_endpoints, 1);
    put("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false");
    o = options();
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_STR(o.endpoint_url, "http://s3:9000");
    CHECK_INT(o.ignore_configured_endpoints, 0);
}

static const char *const wrong[][2] = {
    {"AWS_MAX_ATTEMPTS", "0"},
    {"AWS_MAX_ATTEMPTS", "-1"},
    {"AWS_MAX_ATTEMPTS", "1001"},
    {"AWS_MAX_ATTEMPTS", "many"},
    {"AWS_ENDPOINT_URL", "host:9000"},
    {"AWS_ENDPOINT_URL_S3", "ftp://host"},
    {"AWS_ACCESS_KEY_ID", "AK"},
    {"AWS_SECRET_ACCESS_KEY", "s3cr3t"},
    {"AWS_REQUEST_CHECKSUM_CALCULATION", "sometimes"},
    {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "perhaps"},
    {"AWS_USE_FIPS_ENDPOINT", "1"},
    {"AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "true"},
};

static void unusable_values_are_named(void)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cw_client_options o = options();
        cw_error err = {0};
        clear();
        put(wrong[i][0], wrong[i][1]);
        CHECK_STATUS(cw_client_options_from_env(&o, &err), CW_E_INVALID_ARGUMENT, err);
        CHECK(strstr(err.message, wrong[i][0]) != NULL);
        CHECK(!strstr(err.message, "s3cr3t"));
    }
}

/* The struct of a program that was built before `app_id` was there. */
static void an_older_struct_is_not_overrun(void)
{
    cw_client_options o = options();
    cw_error err = {0};
    clear();
    put("AWS_SDK_UA_APP_ID", "app");
    put("AWS_REGION", "r1");
    o.struct_size = offsetof(cw_client_options, app_id);
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_INT(o.struct_size, offsetof(cw_client_options, app_id));
    CHECK(o.app_id == NULL);
    CHECK_STR(o.region, "r1");
    o.struct_size = sizeof(size_t);
    CHECK_STATUS(cw_client_options_from_env(&o, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_client_options_from_env(NULL, &err), CW_E_INVALID_ARGUMENT, err);
}

static void a_failure_changes_nothing(void)
{
    cw_client_options o = options(), same = options();
    cw_error err = {0};
    clear();
    put("AWS_REGION", "r1");
    put("AWS_MAX_ATTEMPTS", "none");
    CHECK_STATUS(cw_client_options_from_env(&o, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(memcmp(&o, &same, sizeof o) == 0);
}

static void every_allocation_may_fail(void)
{
    bool reached = true;
    clear();
    put("AWS_ENDPOINT_URL", "http://h:9000");
    for (long nth = 1; reached; nth++) {
        cw_client_options o = options();
        REQUIRE(nth < 100);
        fault_begin(nth);
        cw_status status = cw_client_options_from_env(&o, NULL);
        reached = fault_happened();
        CHECK_INT(fault_end(), 0);
        CHECK_INT(status, reached ? CW_E_NO_MEMORY : CW_OK);
    }
}

static void providers_are_named(void)
{
    cw_client_options o = options();
    cw_error err = {0};
    clear();
    put("AWS_ROLE_ARN", "R");
    put("AWS_WEB_IDENTITY_TOKEN_FILE", "/t");
    put("AWS_ROLE_SESSION_NAME", "N");
    put("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/x");
    put("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/f");
    put("AWS_EC2_METADATA_DISABLED", "TRUE");
    put("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6");
    put("AWS_ENDPOINT_URL_STS", "http://sts");
    put("AWS_ENDPOINT_URL_SSO_OIDC", "http://oidc");
    put("AWS_ENDPOINT_URL", "http://all");
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_STR(o.role_arn, "R");
    CHECK_STR(o.web_identity_token_file, "/t");
    CHECK_STR(o.role_session_name, "N");
    CHECK_STR(o.container_credentials_url, "http://127.0.0.1/x");
    CHECK_STR(o.container_authorization_file, "/f");
    CHECK_INT(o.instance_metadata, 0);
    CHECK_STR(o.instance_metadata_url, "http://[fd00:ec2::254]");
    CHECK_STR(o.sts_endpoint_url, "http://sts");
    CHECK_STR(o.sso_endpoint_url, "http://all");
    CHECK_STR(o.sso_oidc_endpoint_url, "http://oidc");

    o = options();
    o.profile = "p"; /* named in so many words: before the role of the environment */
    put("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x");
    put("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    put("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://here");
    put("AWS_ACCESS_KEY_ID", "AK");
    put("AWS_SECRET_ACCESS_KEY", "SK");
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK(!o.web_identity_token_file && !o.role_arn && !o.access_key_id);
    CHECK_STR(o.source_access_key_id, "AK");
    CHECK_STR(o.source_secret_access_key, "SK");
    CHECK_STR(o.container_credentials_path, "/v2/x");
    CHECK(!o.container_credentials_url && !o.sts_endpoint_url);
    CHECK_STR(o.instance_metadata_url, "http://here");

    o = options();
    unsetenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    put("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5");
    CHECK_STATUS(cw_client_options_from_env(&o, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(strstr(err.message, "ENDPOINT_MODE") != NULL);
    clear();
}

int main(int argc, char **argv)
{
    TEST(an_empty_environment_changes_nothing);
    TEST(everything_is_taken);
    TEST(proxies_are_those_that_curl_takes);
    TEST(manners);
    TEST(the_second_names_are_taken_when_the_first_are_not_there);
    TEST(what_is_set_stays);
    TEST(which_endpoints);
    TEST(keys_and_profiles);
    TEST(ignored_endpoints);
    TEST(unusable_values_are_named);
    TEST(providers_are_named);
    TEST(an_older_struct_is_not_overrun);
    TEST(a_failure_changes_nothing);
    TEST(every_allocation_may_fail);
    return test_end();
}
