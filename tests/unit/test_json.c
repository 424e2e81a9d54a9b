/* test_json.c - the JSON reader: what it takes, what it refuses, what it answers */
#include "harness.h"

#include "base/json.h"
#include "fault_alloc.h"

static cw__json *parsed(const char *text)
{
    cw__json *j = NULL;
    cw_error err = {0};
    CHECK_OK(cw__json_parse(&j, text, strlen(text), &err), err);
    REQUIRE(j);
    return j;
}

static void members_are_found(void)
{
    cw__json *j = parsed(" {\"a\": [1, {\"x\": \"no\"}, []], \"b\": {\"c\": \"yes\", \"n\": -12},\n"
                         "\"\": null, \"last\": \"\"}\r\n");
    const cw__json_value *root = cw__json_root(j), *b = cw__json_member(root, "b");
    int64_t n = 0;
    CHECK_STR(cw__json_string(cw__json_member(b, "c")), "yes");
    CHECK(cw__json_int(cw__json_member(b, "n"), &n));
    CHECK_INT(n, -12);
    CHECK_STR(cw__json_string(cw__json_member(root, "last")), "");
    CHECK(!cw__json_member(root, "x"));
    CHECK(!cw__json_member(root, "c"));
    CHECK(!cw__json_member(cw__json_member(root, "a"), "x"));
    CHECK(!cw__json_member(NULL, "x"));
    CHECK(!cw__json_string(b));
    CHECK(!cw__json_string(NULL));
    CHECK(!cw__json_int(cw__json_member(b, "c"), &n));
    cw__json_free(j);
}

static void strings_are_decoded(void)
{
    cw__json *j =
        parsed("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\ude00 \xC3\xA9\"");
    CHECK_STR(cw__json_string(cw__json_root(j)),
              "\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80 \xC3\xA9");
    cw__json_free(j);
}

static void numbers_that_fit(void)
{
    static const struct {
        const char *text;
        bool fits;
        int64_t is;
    } numbers[] = {{"0", true, 0},
                   {"-0", true, 0},
                   {"1735689600000", true, 1735689600000},
                   {"9223372036854775807", true, INT64_MAX},
                   {"-9223372036854775808", true, INT64_MIN},
                   {"9223372036854775808", false, 0},
                   {"-9223372036854775809", false, 0},
                   {"1.5", false, 0},
                   {"1e3", false, 0},
                   {"true", false, 0},
                   {"\"1\"", false, 0}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        cw__json *j = parsed(numbers[i].text);
        int64_t n = 0;
        CHECK_INT(cw__json_int(cw__json_root(j), &n), numbers[i].fits);
        CHECK_INT(n, numbers[i].is);
        cw__json_free(j);
    }
}

static void what_is_no_json_is_refused(void)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "{",
                                      "}",
                                      "[1",
                                      "[1,]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "'a'",
                                      "01",
                                      "1.",
                                      "-",
                                      "+1",
                                      ".5",
                                      "1e",
                                      "nul",
                                      "True",
                                      "\"a",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\u0000\"",
                                      "\"\\ud800\"",
                                      "\"\t\"",
                                      "\"\\udc00\"",
                                      "{} {}",
                                      "[1 2]",
                                      "\"\xff\"",
                                      "\"\\ud800\\u0041\"",
                                      "{\"a\":1,\"a\":2}",
                                      "// x\n1",
                                      "[\"s3cr3t\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cw__json *j = NULL;
        cw_error err = {0};
        CHECK_STATUS(cw__json_parse(&j, bad[i], strlen(bad[i]), &err), CW_E_PROTOCOL, err);
        CHECK(j == NULL);
        CHECK(!strstr(err.message, "s3cr3t"));
    }
}

static void depth_is_bounded(void)
{
    char text[4096];
    cw_error err = {0};
    cw__json *j = NULL;
    memset(text, '[', 2000);
    memset(text + 2000, ']', 2000);
    CHECK_STATUS(cw__json_parse(&j, text, 4000, &err), CW_E_PROTOCOL, err);
    CHECK_OK(cw__json_parse(&j, text + 1968, 64, &err), err);
    cw__json_free(j);
}

static void every_allocation_may_fail(void)
{
    bool reached = true;
    for (long nth = 1; reached; nth++) {
        cw__json *j = NULL;
        cw_error err = {0};
        REQUIRE(nth < 100);
        fault_begin(nth);
        cw_status status = cw__json_parse(&j, "{\"a\":[1,2]}", 11, &err);
        cw__json_free(j);
        reached = fault_happened();
        CHECK_INT(fault_end(), 0);
        CHECK_INT(status, reached ? CW_E_NO_MEMORY : CW_OK);
    }
}

int main(int argc, char **argv)
{
    TEST(members_are_found);
    TEST(strings_are_decoded);
    TEST(numbers_that_fit);
    TEST(what_is_no_json_is_refused);
    TEST(depth_is_bounded);
    TEST(every_allocation_may_fail);
    return test_end();
}
