/* test_error.c - statuses, their names and meanings, the version, and filling in a cw_error */
#include "base/error.h"
#include <errno.h>
#include <cloudwriter/version.h>
#include "harness.h"

static void numbers_are_frozen(void)
{
    CHECK_INT(CW_OK, 0);
    CHECK_INT(CW_E_NO_MEMORY, 3);
    CHECK_INT(CW_E_TIMEOUT, 18);
    CHECK_INT(CW_E_INDETERMINATE, 22);
    CHECK_INT(CW_E_SERVICE, 23);
}

static void every_status_has_a_name_and_a_text(void)
{
    for (int i = 0; i <= CW_E_SERVICE; i++) {
        const char *name = cw_status_name((cw_status)i);
        CHECK(strncmp(name, i == 0 ? "CW_OK" : "CW_E_", 5) == 0);
        CHECK(strcmp(name, "CW_E_UNKNOWN") != 0);
        CHECK(strlen(cw_status_text((cw_status)i)) > 5);
        for (int j = 0; j < i; j++)
            CHECK(strcmp(name, cw_status_name((cw_status)j)) != 0);
    }
    CHECK_STR(cw_status_name(CW_E_TIMEOUT), "CW_E_TIMEOUT");
    CHECK_STR(cw_status_text(CW_OK), "success");
}

static void unknown_statuses_have_one_too(void)
{
    CHECK_STR(cw_status_name((cw_status)24), "CW_E_UNKNOWN");
    CHECK(strlen(cw_status_text((cw_status)24)) > 5);
}

static void version_is_that_of_the_headers(void)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", CW_VERSION_MAJOR, CW_VERSION_MINOR, CW_VERSION_PATCH);
    CHECK_STR(cw_version(), text);
    CHECK_STR(cw_version(), CW_VERSION_STRING);
}

static void fail_sets_status_and_message_and_clears_the_rest(void)
{
    cw_error err;
    memset(&err, 'x', sizeof err);
    CHECK_INT(cw__fail(&err, CW_E_NOT_FOUND, "no '%s' in %d", "key", 7), CW_E_NOT_FOUND);
    CHECK_INT(err.status, CW_E_NOT_FOUND);
    CHECK_STR(err.message, "no 'key' in 7");
    CHECK_INT(err.os_errno, 0);
    CHECK_INT(err.http_status, 0);
    CHECK_STR(err.upload_id, "");
    CHECK_STR(err.service_code, "");
}

static void no_error_wanted_is_fine(void)
{
    CHECK_INT(cw__fail(NULL, CW_E_STATE, "x"), CW_E_STATE);
    CHECK_INT(cw__fail_errno(NULL, EIO, "x"), CW_E_IO);
    CHECK_INT(cw__fail_memory(NULL, "x"), CW_E_NO_MEMORY);
    cw__error_clear(NULL);
    cw__error_copy(NULL, NULL);
    cw__error_append(NULL, "x");
}

static void fail_errno_keeps_the_number_and_says_its_text(void)
{
    cw_error err;
    CHECK_INT(cw__fail_errno(&err, ENOENT, "cannot open '%s'", "/x"), CW_E_IO);
    CHECK_INT(err.os_errno, ENOENT);
    CHECK_STR(err.message, "cannot open '/x': No such file or directory");
}

static void fail_memory_says_what_for(void)
{
    cw_error err;
    CHECK_INT(cw__fail_memory(&err, "opening a writer"), CW_E_NO_MEMORY);
    CHECK_STR(err.message, "out of memory while opening a writer");
}

static void an_error_may_quote_the_one_it_replaces(void)
{
    cw_error err;
    cw__fail(&err, CW_E_TIMEOUT, "no reply");
    cw__fail(&err, CW_E_UNAVAILABLE, "part 3: %s", err.message);
    CHECK_STR(err.message, "part 3: no reply");
    cw__error_append(&err, "(%s)", err.message);
    CHECK_STR(err.message, "part 3: no reply (part 3: no reply)");
}

static void long_messages_are_cut_between_characters(void)
{
    cw_error err;
    char text[700];
    memset(text, 'a', sizeof text);
    memcpy(text + 509, "\xE2\x82\xAC", 3);
    text[699] = '\0';
    cw__fail(&err, CW_E_IO, "%s", text);
    CHECK_INT(strlen(err.message), 509);
    memcpy(text + 508, "\xE2\x82\xAC", 3);
    cw__fail(&err, CW_E_IO, "%s", text);
    CHECK_INT(strlen(err.message), 511);
    CHECK_STR(err.message + 508, "\xE2\x82\xAC");
}

static void append_fits_what_it_can(void)
{
    cw_error err;
    char text[600];
    memset(text, 'b', sizeof text);
    text[505] = '\0';
    cw__fail(&err, CW_E_IO, "%s", text);
    cw__error_append(&err, "%s", "123456789");
    CHECK_INT(strlen(err.message), 511);
    CHECK_STR(err.message + 505, " 12345");
    cw__error_append(&err, "more");
    CHECK_INT(strlen(err.message), 511);
    cw__fail_errno(&err, ENOENT, "%s", text);
    CHECK_STR(err.message + 505, ": No s");
    cw__error_clear(&err);
    cw__error_append(&err, "alone");
    CHECK_STR(err.message, "alone");
}

static void copy_takes_everything(void)
{
    cw_error from, to;
    cw__fail_errno(&from, EPIPE, "x");
    strcpy(from.upload_id, "id");
    cw__error_copy(&to, &from);
    CHECK(memcmp(&to, &from, sizeof to) == 0);
    cw__error_copy(&to, NULL);
    CHECK_STR(to.upload_id, "id");
    cw__error_clear(&to);
    CHECK_INT(to.status, CW_OK);
    CHECK_STR(to.message, "");
}

int main(int argc, char **argv)
{
    TEST(numbers_are_frozen);
    TEST(every_status_has_a_name_and_a_text);
    TEST(unknown_statuses_have_one_too);
    TEST(version_is_that_of_the_headers);
    TEST(fail_sets_status_and_message_and_clears_the_rest);
    TEST(no_error_wanted_is_fine);
    TEST(fail_errno_keeps_the_number_and_says_its_text);
    TEST(fail_memory_says_what_for);
    TEST(an_error_may_quote_the_one_it_replaces);
    TEST(long_messages_are_cut_between_characters);
    TEST(append_fits_what_it_can);
    TEST(copy_takes_everything);
    return test_end();
}
