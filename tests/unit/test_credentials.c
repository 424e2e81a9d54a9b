/* test_credentials.c - which keys are found, and when they are asked for again */
#include "harness.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "fault_alloc.h"
#include "s3/credentials.h"
#include "s3/profile.h"

static const cw__http_options http_settings = {.user_agent = "test/1", .connect_timeout_ms = 5000};

static char home[64], path[128];

static const char *below_home(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", home, name);
    return path;
}

static void write_credentials(const char *text)
{
    FILE *f = fopen(below_home(".aws/credentials"), "w");
    REQUIRE(f);
    REQUIRE(fputs(text, f) >= 0);
    REQUIRE(fclose(f) == 0);
}

static void write_keys(const char *id)
{
    char text[200];
    snprintf(text, sizeof text,
             "[default]\naws_access_key_id = %s\naws_secret_access_key = secret of %s\n"
             "aws_session_token = token-of-%s\n",
             id, id, id);
    write_credentials(text);
}

static void make_home(void)
{
    strcpy(home, "/tmp/cw-credentials-XXXXXX");
    REQUIRE(mkdtemp(home));
    REQUIRE(mkdir(below_home(".aws"), 0700) == 0);
}

static void remove_home(void)
{
    unlink(below_home(".aws/credentials"));
    unlink(below_home(".aws/config"));
    CHECK_INT(rmdir(below_home(".aws")), 0);
    CHECK_INT(rmdir(home), 0);
}

static cw_status open_chain(cw__credentials **out, const cw_client_options *o, cw_error *err)
{
    cw__profile profile;
    cw_status status = cw__profile_read(&profile, o, err);
    if (status != CW_OK)
        return status;
    status = cw__credentials_new(out, o, &profile, &http_settings, err);
    cw__profile_free(&profile);
    return status;
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
    cw__keys_release(c, k);
}

static void explicit_keys_come_before_the_files(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    make_home();
    write_keys("FILE");
    o.home_directory = home;
    o.access_key_id = "OPTION";
    o.secret_access_key = "S";
    o.session_token = "T";
    cw__credentials *c = chain_of(&o);
    cw__keys *k = NULL;
    cw_error err = {0};
    CHECK_OK(cw__credentials_get(c, &k, &err), err);
    REQUIRE(k);
    CHECK_STR(k->access_key_id, "OPTION");
    CHECK_STR(k->secret_access_key, "S");
    CHECK_STR(k->session_token, "T");
    CHECK(!k->anonymous);
    cw__keys_release(c, k);
    cw__credentials_free(c);
    remove_home();
}

static void half_a_pair_is_refused(void)
{
    static const char *const halves[][3] = {{"AK", NULL, NULL},   {NULL, "SK", NULL},
                                            {NULL, NULL, "T"},    {"AK", "", NULL},
                                            {"A\nK", "SK", NULL}, {"AK", "SK", "T\r\nx: y"}};
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        cw_client_options o = CW_CLIENT_OPTIONS_INIT;
        cw__credentials *c = NULL;
        cw_error err = {0};
        o.access_key_id = halves[i][0];
        o.secret_access_key = halves[i][1];
        o.session_token = halves[i][2];
        CHECK_STATUS(cw__credentials_new(&c, &o, NULL, &http_settings, &err), CW_E_INVALID_ARGUMENT,
                     err);
        CHECK(c == NULL);
    }
}

static void anonymous_when_asked(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__keys *k = NULL;
    cw_error err = {0};
    make_home();
    write_keys("FILE");
    o.home_directory = home;
    o.anonymous = 1;
    cw__credentials *c = chain_of(&o);
    CHECK_OK(cw__credentials_get(c, &k, &err), err);
    REQUIRE(k);
    CHECK(k->anonymous);
    CHECK(!k->access_key_id && !k->secret_access_key && !k->session_token);
    cw__keys_release(c, k);
    cw__credentials_free(c);
    remove_home();
}

static void nothing_found_says_where_was_looked(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__keys *k = NULL;
    cw_error err = {0};
    make_home();
    o.home_directory = home;
    cw__credentials *c = chain_of(&o);
    CHECK_STATUS(cw__credentials_get(c, &k, &err), CW_E_CREDENTIALS_MISSING, err);
    CHECK(k == NULL);
    CHECK(strstr(err.message, below_home(".aws/credentials")) != NULL);
    CHECK(strstr(err.message, below_home(".aws/config")) != NULL);
    CHECK(strstr(err.message, "AWS_ACCESS_KEY_ID") != NULL);
    write_keys("LATER");
    check_keys(c, "LATER");
    cw__credentials_free(c);

    o.home_directory = NULL;
    CHECK_OK(cw__credentials_new(&c, &o, NULL, &http_settings, &err), err);
    CHECK_STATUS(cw__credentials_get(c, &k, &err), CW_E_CREDENTIALS_MISSING, err);
    cw__credentials_free(c);
    remove_home();
}

static void a_way_that_we_do_not_have_is_named(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__keys *k = NULL;
    cw_error err = {0};
    make_home();
    write_credentials("[default]\nlogin_session = arn:x\n");
    o.home_directory = home;
    cw__credentials *c = chain_of(&o);
    CHECK_STATUS(cw__credentials_get(c, &k, &err), CW_E_UNSUPPORTED, err);
    CHECK(strstr(err.message, "login_session") != NULL);
    cw__credentials_free(c);
    remove_home();
}

static void half_a_pair_in_a_file_is_refused(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__keys *k = NULL;
    cw_error err = {0};
    make_home();
    write_credentials("[default]\naws_access_key_id = AK\n");
    o.home_directory = home;
    cw__credentials *c = chain_of(&o);
    CHECK_STATUS(cw__credentials_get(c, &k, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(strstr(err.message, "aws_secret_access_key") != NULL);
    write_credentials("[default]\naws_secret_access_key = s3cr3t\n");
    CHECK_STATUS(cw__credentials_get(c, &k, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(!strstr(err.message, "s3cr3t"));
    cw__credentials_free(c);
    remove_home();
}

/* What happens in the middle of a long upload with temporary keys. */
static void expired_keys_are_read_again(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__keys *old = NULL, *new = NULL;
    cw_error err = {0};
    make_home();
    write_keys("FIRST");
    o.home_directory = home;
    cw__credentials *c = chain_of(&o);
    CHECK_OK(cw__credentials_get(c, &old, &err), err);
    write_keys("SECOND");
    cw__credentials_expired(c, old);
    cw__credentials_expired(c, old);
    CHECK_OK(cw__credentials_get(c, &new, &err), err);
    REQUIRE(old && new);
    CHECK_STR(new->access_key_id, "SECOND");
    CHECK_STR(new->session_token, "token-of-SECOND");
    CHECK_STR(old->access_key_id, "FIRST"); /* a request may still be signed with them */

    /* Who was late to notice does not cause another refresh. */
    write_keys("THIRD");
    cw__credentials_expired(c, old);
    check_keys(c, "SECOND");
    cw__keys_release(c, old);
    cw__keys_release(c, new);
    cw__credentials_free(c);
    remove_home();
}

static void the_same_keys_keep_their_pointer(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__keys *first = NULL, *second = NULL;
    cw_error err = {0};
    make_home();
    write_keys("SAME");
    o.home_directory = home;
    cw__credentials *c = chain_of(&o);
    CHECK_OK(cw__credentials_get(c, &first, &err), err);
    cw__credentials_expired(c, first);
    CHECK_OK(cw__credentials_get(c, &second, &err), err);
    CHECK(first == second);
    cw__keys_release(c, first);
    cw__keys_release(c, second);
    cw__credentials_free(c);
    remove_home();
}

static void sleep_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static void a_changed_file_is_noticed(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_error err = {0};
    make_home();
    write_keys("FIRST");
    o.home_directory = home;
    cw__credentials *c = chain_of(&o);
    check_keys(c, "FIRST");
    sleep_ms(1100); /* it is looked at once a second at most */
    check_keys(c, "FIRST");
    write_keys("OTHER");
    sleep_ms(1100);
    check_keys(c, "OTHER");

    /* A file that is being rewritten must not end an upload whose keys are good. */
    write_credentials("[default]\naws_access_key_id = HA");
    sleep_ms(1100);
    check_keys(c, "OTHER");
    cw__keys *k = NULL;
    CHECK_OK(cw__credentials_get(c, &k, &err), err);
    cw__credentials_expired(c, k);
    cw__keys_release(c, k);
    CHECK_STATUS(cw__credentials_get(c, &k, &err), CW_E_INVALID_ARGUMENT, err);
    write_keys("WHOLE");
    check_keys(c, "WHOLE");
    cw__credentials_free(c);
    remove_home();
}

static cw_status use_chain(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw__credentials *c = NULL;
    cw__keys *k = NULL;
    cw_error err = {0};
    o.home_directory = home;
    cw_status status = open_chain(&c, &o, &err);
    if (status == CW_OK)
        status = cw__credentials_get(c, &k, &err);
    if (status == CW_OK)
        cw__keys_release(c, k);
    cw__credentials_free(c);
    if (status != CW_OK)
        return status;
    o.access_key_id = "A";
    o.secret_access_key = "S";
    o.session_token = "T";
    status = cw__credentials_new(&c, &o, NULL, &http_settings, &err);
    if (status == CW_OK)
        status = cw__credentials_get(c, &k, &err);
    if (status == CW_OK)
        cw__keys_release(c, k);
    cw__credentials_free(c);
    return status;
}

static void every_allocation_may_fail(void)
{
    bool reached = true;
    make_home();
    write_keys("KEYS");
    for (long nth = 1; reached; nth++) {
        REQUIRE(nth < 1000);
        fault_begin(nth);
        cw_status status = use_chain();
        reached = fault_happened();
        CHECK_INT(fault_end(), 0);
        CHECK_INT(status, reached ? CW_E_NO_MEMORY : CW_OK);
    }
    remove_home();
}

int main(int argc, char **argv)
{
    TEST(explicit_keys_come_before_the_files);
    TEST(half_a_pair_is_refused);
    TEST(anonymous_when_asked);
    TEST(nothing_found_says_where_was_looked);
    TEST(a_way_that_we_do_not_have_is_named);
    TEST(half_a_pair_in_a_file_is_refused);
    TEST(expired_keys_are_read_again);
    TEST(the_same_keys_keep_their_pointer);
    TEST(a_changed_file_is_noticed);
    TEST(every_allocation_may_fail);
    return test_end();
}
