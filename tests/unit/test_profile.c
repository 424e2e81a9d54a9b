/* test_profile.c - the shared AWS files, in every form that the AWS tools take */
#include "harness.h"

#include <sys/stat.h>
#include <unistd.h>

#include "fault_alloc.h"
#include "base/text.h"
#include "s3/profile.h"

static cw_status parse(cw__profile *out, const char *name, const char *config,
                       const char *credentials, cw_error *err)
{
    cw__profile_input in = {.name = name,
                            .home_directory = "/home/u",
                            .config_path = "CONFIG",
                            .config = config,
                            .config_bytes = strlen(config),
                            .credentials_path = "CREDENTIALS",
                            .credentials = credentials,
                            .credentials_bytes = strlen(credentials)};
    memset(err, 0, sizeof *err);
    return cw__profile_parse(out, &in, err);
}

/* Parse one config file and look at it; the profile is freed at the end of `check`. */
#define WITH_CONFIG(p, name, config)                                                               \
    cw__profile p;                                                                                 \
    cw_error p##_err;                                                                              \
    CHECK_OK(parse(&p, name, config, "", &p##_err), p##_err)

#define CHECK_NONE(s) ((s) ? test_str(__FILE__, __LINE__, #s, (s), "(none)") : (void)0)

static void plain_settings(void)
{
    WITH_CONFIG(p, "default",
                "# a comment\n"
                "[default]\n"
                "region = eu-west-1\n"
                "AWS_Access_Key_ID=AK\n"
                "aws_secret_access_key  =  SK/with=equals \n"
                "\taws_session_token = ignored: it continues the line above\n"
                "; another\n"
                "max_attempts = 4\n"
                "request_checksum_calculation = when_required\n"
                "endpoint_url = http://host:9000\n"
                "output = json\n");
    CHECK(p.found);
    CHECK_STR(p.name, "default");
    CHECK_STR(p.region, "eu-west-1");
    CHECK_STR(p.access_key_id, "AK");
    CHECK(p.secret_access_key && cw__starts_with(p.secret_access_key, "SK/with=equals\n"));
    CHECK_STR(p.max_attempts, "4");
    CHECK_STR(p.checksum_calculation, "when_required");
    CHECK_STR(p.endpoint_url, "http://host:9000");
    CHECK_NONE(p.session_token);
    CHECK_INT(p.way, CW__WAY_KEYS);
    cw__profile_free(&p);
}

static void windows_files(void)
{
    WITH_CONFIG(p, "default",
                "\xEF\xBB\xBF[default]\r\nregion = eu-west-1\r\n\r\nca_bundle = /x/y.pem \r\n");
    CHECK_STR(p.region, "eu-west-1");
    CHECK_STR(p.ca_bundle, "/x/y.pem");
    cw__profile_free(&p);
}

static void comments_in_a_line(void)
{
    WITH_CONFIG(p, "default",
                "[default] # the usual one\n"
                "region = eu-west-1 # here\n"
                "aws_access_key_id = AK#1\n"
                "aws_secret_access_key = SK ; there\n"
                "  # and on its own, indented\n"
                "max_attempts = # nothing\n");
    CHECK_STR(p.region, "eu-west-1");
    CHECK_STR(p.access_key_id, "AK#1");
    CHECK_STR(p.secret_access_key, "SK");
    CHECK_NONE(p.max_attempts);
    cw__profile_free(&p);
}

static void sections_of_other_profiles(void)
{
    static const char config[] = "[default]\nregion = r0\n"
                                 "[profile a]\nregion = r1\n"
                                 "[ profile   b ]\nregion = r2\n"
                                 "[profile 'c d']\nregion = r3\n"
                                 "[profile \"e\"]\nregion = r4\n"
                                 "[bare]\nregion = r5\n"
                                 "[sso-session a]\nregion = r6\n";
    static const char *const names[] = {"default", "a", "b", "c d", "e"};
    static const char *const regions[] = {"r0", "r1", "r2", "r3", "r4"};
    for (size_t i = 0; i < 5; i++) {
        WITH_CONFIG(p, names[i], config);
        CHECK(p.found);
        CHECK_STR(p.region, regions[i]);
        cw__profile_free(&p);
    }
    WITH_CONFIG(none, "bare", config);
    CHECK(!none.found);
    CHECK_NONE(none.region);
    cw__profile_free(&none);
}

static void profile_default_comes_before_default(void)
{
    WITH_CONFIG(p, "default",
                "[default]\nregion = r0\nca_bundle = x\n[profile default]\nregion = r1\n");
    CHECK_STR(p.region, "r1");
    CHECK_NONE(p.ca_bundle);
    cw__profile_free(&p);
}

static void an_empty_section_counts_as_found(void)
{
    WITH_CONFIG(p, "a", "[profile a]");
    CHECK(p.found);
    cw__profile_free(&p);
}

static void nested_settings(void)
{
    WITH_CONFIG(p, "default",
                "[default]\n"
                "s3 =\n"
                "  max_concurrent_requests = 20\n"
                "\n"
                "  # between\n"
                "  Addressing_Style = path ; so\n"
                "region = eu-west-1\n"
                "addressing_style = virtual\n"
                "s3api =\n"
                "  addressing_style = auto\n");
    CHECK_STR(p.addressing_style, "path");
    CHECK_STR(p.region, "eu-west-1");
    cw__profile_free(&p);
}

static void endpoint_settings_stand_alone_or_below_s3(void)
{
    WITH_CONFIG(p, "default",
                "[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = false\n"
                "s3_use_arn_region = false\ns3_disable_express_session_auth = true\n"
                "s3 =\n  use_dualstack_endpoint = true\n  use_accelerate_endpoint = true\n"
                "  us_east_1_regional_endpoint = legacy\n  payload_signing_enabled = true\n"
                "  s3_disable_multiregion_access_points = true\n");
    CHECK_STR(p.use_fips_endpoint, "true");
    CHECK_STR(p.use_dualstack_endpoint, "true");
    CHECK_STR(p.use_accelerate_endpoint, "true");
    CHECK_STR(p.us_east_1_regional_endpoint, "legacy");
    CHECK_STR(p.payload_signing_enabled, "true");
    CHECK_STR(p.s3_use_arn_region, "false");
    CHECK_STR(p.s3_disable_multiregion_access_points, "true");
    CHECK_STR(p.s3_disable_express_session_auth, "true");
    cw__profile_free(&p);
}

/* As long as no line is indented further than the key above it, nothing is nested. */
static void files_that_indent_everything(void)
{
    WITH_CONFIG(p, "default", "[default]\n    region = r1\n    aws_access_key_id = AK\n");
    CHECK_STR(p.region, "r1");
    CHECK_STR(p.access_key_id, "AK");
    cw__profile_free(&p);
}

static void services_come_before_the_profiles_endpoint(void)
{
    static const char config[] = "[services here]\n"
                                 "dynamodb =\n"
                                 "  endpoint_url = http://no\n"
                                 "s3 =\n"
                                 "  endpoint_url = http://services\n"
                                 "sts =\n"
                                 "  endpoint_url = http://sts\n"
                                 "sso_oidc =\n"
                                 "  region = no\n"
                                 "  endpoint_url = http://oidc\n"
                                 "[services other]\n"
                                 "s3 =\n"
                                 "  endpoint_url = http://other\n"
                                 "[profile a]\n"
                                 "services = here\n"
                                 "endpoint_url = http://profile\n"
                                 "[profile b]\n"
                                 "endpoint_url = http://profile\n"
                                 "[profile c]\n"
                                 "services = missing\n"
                                 "endpoint_url = http://profile\n"
                                 "[profile d]\n"
                                 "services = here\n"
                                 "ignore_configured_endpoint_urls = true\n";
    WITH_CONFIG(a, "a", config);
    CHECK_STR(a.endpoint_url, "http://services");
    CHECK_STR(a.sts_endpoint_url, "http://sts");
    CHECK_STR(a.sso_endpoint_url, "http://profile");
    CHECK_STR(a.sso_oidc_endpoint_url, "http://oidc");
    CHECK(!a.ignore_endpoints);
    cw__profile_free(&a);
    WITH_CONFIG(b, "b", config);
    CHECK_STR(b.endpoint_url, "http://profile");
    CHECK_STR(b.sts_endpoint_url, "http://profile");
    cw__profile_free(&b);
    WITH_CONFIG(c, "c", config);
    CHECK_STR(c.endpoint_url, "http://profile");
    cw__profile_free(&c);
    WITH_CONFIG(d, "d", config);
    CHECK(d.ignore_endpoints);
    cw__profile_free(&d);
}

static void endpoints_may_be_ignored(void)
{
    static const char config[] = "[default]\nendpoint_url = http://profile\nregion = r1\n";
    cw__profile p;
    cw_error err = {0};
    cw__profile_input in = {.name = "default",
                            .ignore_endpoints = true,
                            .config = config,
                            .config_bytes = sizeof config - 1,
                            .credentials = ""};
    CHECK_OK(cw__profile_parse(&p, &in, &err), err);
    CHECK(p.ignore_endpoints);
    CHECK_STR(p.region, "r1");
    cw__profile_free(&p);
}

static void keys_come_from_one_file_alone(void)
{
    cw__profile p;
    cw_error err;
    CHECK_OK(parse(&p, "a",
                   "[profile a]\naws_access_key_id = AK1\naws_secret_access_key = SK1\n"
                   "aws_session_token = T1\nregion = r1\n",
                   "[a]\naws_access_key_id = AK2\naws_secret_access_key = SK2\n", &err),
             err);
    CHECK_STR(p.access_key_id, "AK2");
    CHECK_STR(p.secret_access_key, "SK2");
    CHECK_NONE(p.session_token);
    CHECK_STR(p.region, "r1");
    cw__profile_free(&p);
    CHECK_OK(parse(&p, "a", "[profile a]\naws_access_key_id=AK1\naws_secret_access_key=SK1\n",
                   "[profile a]\naws_access_key_id=no\n[b]\naws_access_key_id=no\n", &err),
             err);
    CHECK_STR(p.access_key_id, "AK1");
    cw__profile_free(&p);
}

static void the_last_of_two_wins(void)
{
    WITH_CONFIG(p, "default",
                "[default]\nregion = r1\nregion = r2\n[default]\nregion = r3\n"
                "aws_access_key_id = A\naws_security_token = T1\naws_session_token = T2\n");
    CHECK_STR(p.region, "r3");
    CHECK_STR(p.session_token, "T2");
    cw__profile_free(&p);
}

static void the_home_directory_is_put_in(void)
{
    WITH_CONFIG(p, "default", "[default]\nca_bundle = ~/ca.pem\n");
    CHECK_STR(p.ca_bundle, "/home/u/ca.pem");
    cw__profile_free(&p);
    WITH_CONFIG(q, "default", "[default]\nca_bundle = ~other/ca.pem\n");
    CHECK_STR(q.ca_bundle, "~other/ca.pem");
    cw__profile_free(&q);
}

typedef struct way_case {
    const char *config, *credentials;
    cw__profile_way way;
} way_case;

static const way_case ways[] = {
    {"credential_process = /bin/x", "", CW__WAY_PROCESS},
    {"credential_process = /bin/x", "aws_access_key_id = A", CW__WAY_KEYS},
    {"credential_process = /bin/x\naws_access_key_id = A", "", CW__WAY_PROCESS},
    {"aws_access_key_id = A", "", CW__WAY_KEYS},
    {"role_arn = arn:x\nsource_profile = b", "", CW__WAY_ROLE},
    {"role_arn = arn:x\nsource_profile = b", "aws_access_key_id = A", CW__WAY_ROLE},
    {"role_arn = arn:x\nsso_session = s", "", CW__WAY_ROLE},
    {"web_identity_token_file = /x", "", CW__WAY_ROLE},
    {"sso_session = s\nsso_account_id = 1", "aws_access_key_id = A", CW__WAY_SSO},
    {"sso_start_url = https://x", "", CW__WAY_SSO},
    {"login_session = arn:x", "", CW__WAY_LOGIN},
    {"", "credential_process = /bin/x", CW__WAY_PROCESS},
    {"region = r", "aws_access_key_id = A", CW__WAY_KEYS},
    {"region = r", "", CW__WAY_NONE},
};

static void a_profile_gets_its_keys_in_one_way(void)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char config[200], credentials[200];
        cw__profile p;
        cw_error err;
        snprintf(config, sizeof config, "[profile a]\n%s\n", ways[i].config);
        snprintf(credentials, sizeof credentials, "[a]\n%s\n", ways[i].credentials);
        CHECK_OK(parse(&p, "a", config, credentials, &err), err);
        CHECK_INT(p.way, ways[i].way);
        cw__profile_free(&p);
    }
}

static void an_sso_session_is_a_section(void)
{
    WITH_CONFIG(p, "a",
                "[profile a]\nsso_session = one\nsso_account_id = 1\nsso_role_name = r\n"
                "sso_region = old\n[sso-session one]\nsso_region = eu-west-1\n"
                "sso_start_url = https://one\n[sso-session two]\nsso_start_url = https://two\n");
    CHECK_STR(p.sso_session, "one");
    CHECK_STR(p.sso_start_url, "https://one");
    CHECK_STR(p.sso_region, "eu-west-1");
    CHECK_STR(p.sso_account_id, "1");
    CHECK_STR(p.sso_role_name, "r");
    cw__profile_free(&p);
}

static const char *const broken[] = {
    "[default]\nregion = r\nnonsense\n",
    "[default]\nregion = r\n[default\n",
    "\n\nregion = r\n",
    "[default]\n\n= value\n",
};

static void broken_lines_are_named(void)
{
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        cw__profile p;
        cw_error err;
        CHECK_STATUS(parse(&p, "default", broken[i], "", &err), CW_E_INVALID_ARGUMENT, err);
        CHECK(cw__starts_with(err.message, "line 3 of CONFIG "));
        CHECK_STATUS(parse(&p, "default", "", broken[i], &err), CW_E_INVALID_ARGUMENT, err);
        CHECK(cw__starts_with(err.message, "line 3 of CREDENTIALS "));
    }
}

static void a_broken_line_is_not_quoted(void)
{
    cw__profile p;
    cw_error err;
    CHECK_STATUS(parse(&p, "default", "", "[default]\naws_secret_access_key s3cr3t\n", &err),
                 CW_E_INVALID_ARGUMENT, err);
    CHECK(!strstr(err.message, "s3cr3t"));
}

static void bytes_that_are_no_text(void)
{
    static const char zero[] = "[default]\nregion = a\0b\n";
    cw__profile p;
    cw_error err = {0};
    cw__profile_input in = {.name = "default",
                            .config_path = "CONFIG",
                            .config = zero,
                            .config_bytes = sizeof zero - 1,
                            .credentials = ""};
    CHECK_STATUS(cw__profile_parse(&p, &in, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STR(err.message, "line 2 of CONFIG is not text");
}

/* ---- files ---- */

static char home[64], path[128];

static const char *below_home(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", home, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(below_home(name), "w");
    REQUIRE(f);
    REQUIRE(fputs(text, f) >= 0);
    REQUIRE(fclose(f) == 0);
}

static void make_home(void)
{
    strcpy(home, "/tmp/cw-profile-XXXXXX");
    REQUIRE(mkdtemp(home));
    REQUIRE(mkdir(below_home(".aws"), 0700) == 0);
}

static void remove_home(void)
{
    static const char *const names[] = {".aws/config", ".aws/credentials", "other", "other2"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(below_home(names[i]));
    CHECK_INT(rmdir(below_home(".aws")), 0);
    CHECK_INT(rmdir(home), 0);
}

static void files_below_home(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__profile p;
    cw_error err = {0};
    make_home();
    o.home_directory = home;
    CHECK_OK(cw__profile_read(&p, &o, &err), err);
    CHECK(!p.found);
    CHECK_STR(p.config_path, below_home(".aws/config"));
    CHECK_STR(p.credentials_path, below_home(".aws/credentials"));
    cw__profile_free(&p);

    write_file(".aws/config", "[default]\nregion = r1\n");
    write_file(".aws/credentials", "[default]\naws_access_key_id = A\naws_secret_access_key = S\n");
    CHECK_OK(cw__profile_read(&p, &o, &err), err);
    CHECK_STR(p.region, "r1");
    CHECK_STR(p.access_key_id, "A");
    cw__profile_free(&p);
    remove_home();
}

static void named_files(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__profile p;
    cw_error err = {0};
    make_home();
    write_file("other", "[profile a]\nregion = r1\n");
    o.home_directory = home;
    o.config_file = "~/other";
    o.profile = "a";
    CHECK_OK(cw__profile_read(&p, &o, &err), err);
    CHECK_STR(p.region, "r1");
    cw__profile_free(&p);

    o.credentials_file = "/nowhere/at/all";
    CHECK_STATUS(cw__profile_read(&p, &o, &err), CW_E_IO, err);
    CHECK(strstr(err.message, "/nowhere/at/all") != NULL);
    o.credentials_file = home;
    CHECK_STATUS(cw__profile_read(&p, &o, &err), CW_E_IO, err);
    o.credentials_file = "/dev/null";
    CHECK_OK(cw__profile_read(&p, &o, &err), err);
    cw__profile_free(&p);
    o.config_file = "/dev/zero";
    CHECK_STATUS(cw__profile_read(&p, &o, &err), CW_E_INVALID_ARGUMENT, err);
    remove_home();
}

static void a_fifo_is_not_waited_for(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__profile p;
    cw_error err = {0};
    make_home();
    REQUIRE(mkfifo(below_home("other"), 0600) == 0);
    o.config_file = below_home("other");
    CHECK_OK(cw__profile_read(&p, &o, &err), err);
    CHECK(!p.found);
    cw__profile_free(&p);
    remove_home();
}

static void a_file_that_is_too_long(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__profile p;
    cw_error err = {0};
    make_home();
    write_file("other", "");
    REQUIRE(truncate(below_home("other"), 2 * 1024 * 1024) == 0);
    o.config_file = below_home("other");
    CHECK_STATUS(cw__profile_read(&p, &o, &err), CW_E_INVALID_ARGUMENT, err);
    remove_home();
}

static void a_named_profile_must_exist(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__profile p;
    cw_error err = {0};
    make_home();
    write_file(".aws/config", "[profile b]\nregion = r1\n");
    o.home_directory = home;
    o.profile = "a";
    CHECK_STATUS(cw__profile_read(&p, &o, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(strstr(err.message, "'a'") && strstr(err.message, ".aws/config"));
    o.home_directory = NULL;
    CHECK_STATUS(cw__profile_read(&p, &o, &err), CW_E_INVALID_ARGUMENT, err);
    o.profile = NULL;
    CHECK_OK(cw__profile_read(&p, &o, &err), err);
    CHECK(!p.config_path && !p.credentials_path);
    cw__profile_free(&p);
    remove_home();
}

static cw_status read_all(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__profile p;
    cw_error err = {0};
    o.home_directory = home;
    o.profile = "a";
    cw_status status = cw__profile_read(&p, &o, &err);
    if (status == CW_OK) {
        CHECK_STR(p.endpoint_url, "http://services");
        cw__profile_free(&p);
    }
    return status;
}

static void every_allocation_may_fail(void)
{
    bool reached = true;
    make_home();
    write_file(".aws/config", "[services s]\ns3 =\n endpoint_url = http://services\n"
                              "[profile a]\nservices = s\nrole_arn = x\nendpoint_url = http://p\n"
                              "ca_bundle = ~/x\ns3 =\n  addressing_style = path\n");
    write_file(".aws/credentials", "[a]\naws_access_key_id = A\naws_secret_access_key = S\n"
                                   "aws_session_token = T\nregion = one\n continued\n");
    for (long nth = 1; reached; nth++) {
        REQUIRE(nth < 1000);
        fault_begin(nth);
        cw_status status = read_all();
        reached = fault_happened();
        CHECK_INT(fault_end(), 0);
        CHECK_INT(status, reached ? CW_E_NO_MEMORY : CW_OK);
    }
    remove_home();
}

int main(int argc, char **argv)
{
    TEST(plain_settings);
    TEST(windows_files);
    TEST(comments_in_a_line);
    TEST(sections_of_other_profiles);
    TEST(profile_default_comes_before_default);
    TEST(an_empty_section_counts_as_found);
    TEST(nested_settings);
    TEST(endpoint_settings_stand_alone_or_below_s3);
    TEST(files_that_indent_everything);
    TEST(services_come_before_the_profiles_endpoint);
    TEST(endpoints_may_be_ignored);
    TEST(keys_come_from_one_file_alone);
    TEST(the_last_of_two_wins);
    TEST(the_home_directory_is_put_in);
    TEST(a_profile_gets_its_keys_in_one_way);
    TEST(an_sso_session_is_a_section);
    TEST(broken_lines_are_named);
    TEST(a_broken_line_is_not_quoted);
    TEST(bytes_that_are_no_text);
    TEST(files_below_home);
    TEST(named_files);
    TEST(a_fifo_is_not_waited_for);
    TEST(a_file_that_is_too_long);
    TEST(a_named_profile_must_exist);
    TEST(every_allocation_may_fail);
    return test_end();
}
