/* test_glob.c - what patterns match, what they begin with, and where nothing can match any more */
#include "harness.h"
#include "store/glob.h"

static cw_error err;

static bool matches(const char *pattern, const char *key, size_t *dead)
{
    cw__glob *g;
    bool found;

    CHECK_STATUS(cw__glob_new(&g, pattern, 0, &err), CW_OK, err);
    REQUIRE(g);
    found = cw__glob_match(g, key, dead);
    /* What all begins with is no more than that. */
    CHECK(!found || strncmp(key, cw__glob_prefix(g), strlen(cw__glob_prefix(g))) == 0);
    cw__glob_free(g);
    return found;
}

static void check(const char *pattern, const char *key, bool want)
{
    size_t dead = 0;

    if (matches(pattern, key, &dead) != want) {
        fprintf(stderr, "    '%s' and '%s'\n", pattern, key);
        CHECK(false);
    }
    CHECK(!want || dead == 0);
}

static const struct {
    const char *pattern, *key;
    bool want;
} table[] = {
    {"", "", true},
    {"", "a", false},
    {"a", "a", true},
    {"a", "ab", false},
    {"a", "", false},
    {"*", "", true},
    {"*", "abc", true},
    {"*", "a/b", false},
    {"*/*", "a/b", true},
    {"a*c", "abbc", true},
    {"a*c", "abcb", false},
    {"a*b*c", "aXbYc", true},
    {"*.parquet", ".parquet", true},
    {"?", "a", true},
    {"?", "\xc3\xa9", true},
    {"?", "\xf0\x9f\x98\x80", true},
    {"?", "\xff", true},
    {"?", "ab", false},
    {"?", "/", false},
    {"??", "\xc3\xa9", false},
    {"[abc]", "b", true},
    {"[abc]", "d", false},
    {"[a-c]x", "bx", true},
    {"[!a-c]", "d", true},
    {"[^a-c]", "b", false},
    {"[!a]", "/", false},
    {"[]]", "]", true},
    {"[]-]", "-", true},
    {"[a-]", "-", true},
    {"[a-]", "b", false},
    {"[\\]a]", "]", true},
    {"[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", true},
    {"[\xc3\xa0-\xc3\xbf]", "e", false},
    {"**", "a/b/c", true},
    {"a/**", "a/b/c", true},
    {"a/**", "a/", true},
    {"a/**", "ab", false},
    {"**/x", "x", true},
    {"**/x", "a/b/x", true},
    {"**/x", "ax", false},
    {"**/x", "a/bx", false},
    {"a/**/b", "a/b", true},
    {"a/**/b", "a/x/y/b", true},
    {"a/**/b", "a/xb", false},
    {"a**b", "a/x/b", true},
    {"a**/b", "ab", false},
    {"{a,b}", "a", true},
    {"{a,b}", "b", true},
    {"{a,b}", "c", false},
    {"{a,b}", "a,b", false},
    {"{,b}c", "c", true},
    {"x{a,b{c,d}e,*f}y", "xbdey", true},
    {"x{a,b{c,d}e,*f}y", "x123fy", true},
    {"x{a,b{c,d}e,*f}y", "xby", false},
    {"{**/,}a", "x/y/a", true},
    {"{**/a,b}", "a", true},
    {"{b,**/a}", "a", true},
    {"x{**/a}", "xa", false},
    {"a,b}", "a,b}", true},
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"\\{a,b}", "{a,b}", true},
    {"{a\\,b,c}", "a,b", true},
    {"a\\", "a\\", true},
    {"a b+%", "a b+%", true},
    {"logs/2026-*/*.parquet", "logs/2026-01-02/a.parquet", true},
    {"logs/2026-*/*.parquet", "logs/2026-01-02/b/a.parquet", false},
    {"logs/2026-*/*.parquet", "logs/2025-01-02/a.parquet", false},
};

static void what_matches(void)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        check(table[i].pattern, table[i].key, table[i].want);
}

static void check_dead(const char *pattern, const char *key, size_t want)
{
    size_t dead = 99;

    CHECK(!matches(pattern, key, &dead));
    CHECK_INT(dead, want);
}

static void where_nothing_can_match(void)
{
    check_dead("logs/*/x.csv", "logs/a/x.parquet", 10);
    check_dead("logs/*/x.csv", "logs/a", 0);
    check_dead("logs/*/x.csv", "logs/a/x/y", 9);
    check_dead("logs/*.csv", "logs/a/", 7);
    check_dead("**.csv", "a/b/c", 0);
    check_dead("{a,b}/x", "c", 1);
    check_dead("?", "\xc3\xa9x", 3);
    check_dead("x\xc3\xa9", "x\xc3\xa8", 3);
}

static void check_prefix(const char *pattern, const char *want)
{
    cw__glob *g;

    CHECK_STATUS(cw__glob_new(&g, pattern, 0, &err), CW_OK, err);
    REQUIRE(g);
    CHECK_STR(cw__glob_prefix(g), want);
    cw__glob_free(g);
}

static void what_all_begins_with(void)
{
    check_prefix("logs/2026-*/*.parquet", "logs/2026-");
    check_prefix("{2026-01,2026-12}/x", "2026-");
    check_prefix("{abc,abc}d*", "abcd");
    check_prefix("a\\*b?", "a*b");
    check_prefix("\xc3\xa9\xf0\x9f\x98\x80[a]", "\xc3\xa9\xf0\x9f\x98\x80");
    check_prefix("plain/key", "plain/key");
    check_prefix("a{,b}", "a");
    check_prefix("**/x", "");
    check_prefix("", "");
}

static void what_is_no_pattern(void)
{
    static const char *const wrong[] = {"[",  "[]",    "[a",
                                        "{a", "{a,b",  "{a,{b}",
                                        "[!", "[a\\]", "{{{{{{{{{{{{{{{{{a}}}}}}}}}}}}}}}}}"};
    char many[1100];
    cw__glob *g;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_STATUS(cw__glob_new(&g, wrong[i], 0, &err), CW_E_INVALID_ARGUMENT, err);
        CHECK(!g);
    }
    memset(many, '*', sizeof many);
    many[1025] = '\0';
    CHECK_STATUS(cw__glob_new(&g, many, 0, &err), CW_E_INVALID_ARGUMENT, err);
}

/* Patterns that would take for ever if every way were tried. */
static void what_would_take_for_ever(void)
{
    char pattern[1025], key[3000];

    memset(pattern, '*', 1024);
    for (size_t i = 1; i < 1024; i += 2)
        pattern[i] = 'a';
    pattern[1024] = '\0';
    memset(key, 'a', sizeof key);
    key[2999] = '\0';
    check(pattern, key, true);
    key[2998] = 'b';
    check(pattern, key, false);
    pattern[0] = '\0';
    for (size_t i = 0; i < 200; i++)
        strcat(pattern, "{a,*}");
    key[2998] = 'c';
    check(pattern, key, true);
    strcat(pattern, "x");
    check(pattern, key, false);
}

static void what_is_skipped(void)
{
    size_t dead;
    cw__glob *g;

    CHECK_STATUS(cw__glob_new(&g, "*.c", 5, &err), CW_OK, err);
    REQUIRE(g);
    CHECK(cw__glob_match(g, "a/b/*x.c", &dead));
    CHECK(!cw__glob_match(g, "a/b/*x/y", &dead));
    CHECK_INT(dead, 7);
    CHECK(!cw__glob_match(g, "a/b", &dead));
    CHECK_INT(dead, 0);
    cw__glob_free(g);
}

int main(int argc, char **argv)
{
    TEST(what_matches);
    TEST(where_nothing_can_match);
    TEST(what_all_begins_with);
    TEST(what_is_no_pattern);
    TEST(what_would_take_for_ever);
    TEST(what_is_skipped);
    return test_end();
}
