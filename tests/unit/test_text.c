/* test_text.c - the growing byte string, encodings, and parsing of numbers */
#include "base/text.h"
#include "fault_alloc.h"
#include "harness.h"

static void empty_text_is_empty(void)
{
    cw__text t = {0};
    CHECK_STR(cw__text_str(&t), "");
    cw__text_reset(&t);
    CHECK(!t.failed && t.n == 0);
    cw__text_add(&t, "");
    CHECK(t.p && t.p[0] == '\0');
    cw__text_free(&t);
    CHECK(!t.p && t.n == 0 && t.capacity == 0);
}

static void pieces_add_up(void)
{
    cw__text t = {0};
    cw__text_add(&t, "ab");
    cw__text_add_char(&t, 'c');
    cw__text_add_n(&t, "d\0e", 3);
    cw__text_addf(&t, "%d-%s", 42, "f");
    CHECK_INT(t.n, 10);
    CHECK(memcmp(t.p, "abcd\0e42-f", 11) == 0);
    cw__text_reset(&t);
    CHECK_STR(cw__text_str(&t), "");
    cw__text_addf(&t, "%0500d", 7);
    CHECK_INT(t.n, 500);
    CHECK_INT(strlen(t.p), 500);
    CHECK(t.p[499] == '7');
    cw__text_free(&t);
}

static void growth_is_geometric(void)
{
    cw__text t = {0};
    fault_begin(0);
    for (int i = 0; i < 1000000; i++)
        cw__text_add_char(&t, (char)('a' + i % 26));
    CHECK(atomic_load(&fault_calls) < 20);
    CHECK_INT(t.n, 1000000);
    for (int i = 0; i < 1000000; i++)
        REQUIRE(t.p[i] == 'a' + i % 26);
    cw__text_free(&t);
    CHECK_INT(fault_end(), 0);
}

static void fill(cw__text *t)
{
    for (int i = 0; i < 50; i++) {
        cw__text_add(t, "some words ");
        cw__text_addf(t, "%d", i);
        cw__text_add_encoded(t, "a b", 3, false);
        cw__text_add_xml(t, "<&>");
    }
}

static void a_failed_allocation_sticks_until_reset(void)
{
    cw__text want = {0};
    fill(&want);
    bool reached_end = false;
    for (long nth = 1; !reached_end; nth++) {
        REQUIRE(nth < 100);
        cw__text t = {0};
        fault_begin(nth);
        fill(&t);
        reached_end = !fault_happened();
        CHECK(t.failed == !reached_end);
        CHECK(strncmp(cw__text_str(&t), want.p, t.n) == 0);
        CHECK_INT(strlen(cw__text_str(&t)), t.n);
        cw__text_reset(&t);
        fill(&t);
        CHECK(!t.failed);
        CHECK_STR(t.p, want.p);
        cw__text_free(&t);
        CHECK_INT(fault_end(), 0);
    }
    cw__text_free(&want);
}

static void a_length_out_of_range_is_a_failure(void)
{
    cw__text t = {0};
    cw__text_add(&t, "abc");
    cw__text_add_n(&t, "x", SIZE_MAX - 2);
    CHECK(t.failed);
    CHECK_STR(t.p, "abc");
    cw__text_reset(&t);
    cw__text_add_n(&t, "x", SIZE_MAX);
    CHECK(t.failed);
    cw__text_free(&t);
}

static void check_encoded(const char *s, bool keep_slash, const char *want)
{
    cw__text t = {0};
    cw__text_add_encoded(&t, s, strlen(s), keep_slash);
    CHECK_STR(cw__text_str(&t), want);
    cw__text_free(&t);
}

static void percent_encoding(void)
{
    check_encoded("AZaz09-_.~", false, "AZaz09-_.~");
    check_encoded("a/b c+d", true, "a/b%20c%2Bd");
    check_encoded("a/b", false, "a%2Fb");
    check_encoded("%41", true, "%2541");
    check_encoded("\xC3\xBC*'()!", true, "%C3%BC%2A%27%28%29%21");
    cw__text t = {0};
    cw__text_add_encoded(&t, "\0\xFF", 2, true);
    CHECK_STR(cw__text_str(&t), "%00%FF");
    cw__text_free(&t);
    for (int c = 1; c < 256; c++) {
        char s[2] = {(char)c, 0};
        cw__text_add_encoded(&t, s, 1, false);
        bool kept = (c < 128) && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-_.~",
                                        c);
        CHECK_INT(t.n, kept ? 1 : 3);
        cw__text_reset(&t);
    }
    cw__text_free(&t);
}

static void xml_escaping(void)
{
    cw__text t = {0};
    cw__text_add_xml(&t, "a<b>&\"c'\t\r\n\xC3\xBC");
    CHECK_STR(cw__text_str(&t), "a&lt;b&gt;&amp;&quot;c'&#9;&#13;&#10;\xC3\xBC");
    cw__text_free(&t);
}

static void hex(void)
{
    char out[17];
    cw__hex("\x00\x01\x7f\x80\xab\xff", 6, out);
    CHECK_STR(out, "00017f80abff");
    cw__hex(NULL, 0, out);
    CHECK_STR(out, "");
}

/* RFC 4648, section 10, and the last two digits of the alphabet. */
static void base64(void)
{
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xFB\xFF\xBF", "+/+/"},
    };
    char out[16];
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        memset(out, 'x', sizeof out);
        cw__base64(vectors[i][0], strlen(vectors[i][0]), out);
        CHECK_STR(out, vectors[i][1]);
    }
}

static void comparisons(void)
{
    CHECK(cw__equal_nocase("Content-Type", "content-TYPE"));
    CHECK(cw__equal_nocase("", ""));
    CHECK(!cw__equal_nocase("a", "ab"));
    CHECK(!cw__equal_nocase("ab", "a"));
    CHECK(!cw__equal_nocase("[", "{"));
    CHECK(!cw__equal_nocase("@", "`"));
    CHECK(cw__starts_with("s3://b", "s3://"));
    CHECK(cw__starts_with("x", ""));
    CHECK(!cw__starts_with("s3:", "s3://"));
}

static void copy_with_truncation(void)
{
    char out[4];
    cw__copy_string(out, sizeof out, "abcdef");
    CHECK_STR(out, "abc");
    cw__copy_string(out, sizeof out, "ab");
    CHECK_STR(out, "ab");
    cw__copy_string(out, 1, "ab");
    CHECK_STR(out, "");
}

static void numbers(void)
{
    uint64_t v = 5;
    CHECK(cw__parse_u64("0", 0, &v) && v == 0);
    CHECK(cw__parse_u64("007", 7, &v) && v == 7);
    CHECK(cw__parse_u64("18446744073709551615", UINT64_MAX, &v) && v == UINT64_MAX);
    v = 5;
    CHECK(!cw__parse_u64("18446744073709551616", UINT64_MAX, &v));
    CHECK(!cw__parse_u64("99999999999999999999999", UINT64_MAX, &v));
    CHECK(!cw__parse_u64("8", 7, &v));
    CHECK(!cw__parse_u64("", 7, &v));
    CHECK(!cw__parse_u64("-1", 7, &v));
    CHECK(!cw__parse_u64("+1", 7, &v));
    CHECK(!cw__parse_u64(" 1", 7, &v));
    CHECK(!cw__parse_u64("1 ", 7, &v));
    CHECK(!cw__parse_u64("0x1", 7, &v));
    CHECK_INT(v, 5);
}

int main(int argc, char **argv)
{
    TEST(empty_text_is_empty);
    TEST(pieces_add_up);
    TEST(growth_is_geometric);
    TEST(a_failed_allocation_sticks_until_reset);
    TEST(a_length_out_of_range_is_a_failure);
    TEST(percent_encoding);
    TEST(xml_escaping);
    TEST(hex);
    TEST(base64);
    TEST(comparisons);
    TEST(copy_with_truncation);
    TEST(numbers);
    return test_end();
}
