/* test_clock.c - clocks, and dates in the forms that S3 uses */
#include "base/clock.h"
#include <time.h>
#include "harness.h"

static int64_t fixed_wall(void)
{
    return 1234567890123;
}

static void check_format(int64_t ms, const char *want)
{
    char out[17];
    memset(out, 'x', sizeof out);
    cw__clock_format_amz(ms, out);
    CHECK_STR(out, want);
}

static void check_http(const char *s, int64_t want)
{
    int64_t ms = -1;
    CHECK(cw__clock_parse_http(s, &ms));
    CHECK_INT(ms, want);
}

static void check_iso(const char *s, int64_t want)
{
    int64_t ms = -1;
    CHECK(cw__clock_parse_iso(s, &ms));
    CHECK_INT(ms, want);
}

static void clocks_go_forward(void)
{
    uint64_t before = cw__clock_mono_ms();
    struct timespec pause = {0, 20000000};
    nanosleep(&pause, NULL);
    uint64_t passed = cw__clock_mono_ms() - before;
    CHECK(passed >= 19 && passed < 10000);
    CHECK(llabs(cw__clock_wall_ms() / 1000 - (int64_t)time(NULL)) <= 2);
}

static void wall_can_be_turned(void)
{
    cw__clock_set_wall(fixed_wall);
    CHECK_INT(cw__clock_wall_ms(), 1234567890123);
    cw__clock_set_wall(NULL);
    CHECK(cw__clock_wall_ms() > 1700000000000);
}

static void format(void)
{
    check_format(0, "19700101T000000Z");
    check_format(951782399999, "20000228T235959Z");
    check_format(951782400000, "20000229T000000Z");
    check_format(1767323045678, "20260102T030405Z");
    check_format(4107542399000, "21000228T235959Z");
    check_format(4107542400000, "21000301T000000Z");
    check_format(253402300799999, "99991231T235959Z");
    check_format(-5, "19700101T000000Z");
    check_format(INT64_MIN, "19700101T000000Z");
    check_format(INT64_MAX, "99991231T235959Z");
}

/* Against the C library, once a day and a bit for 600 years. */
static void format_agrees_with_gmtime(void)
{
    for (int64_t s = 0; s < INT64_C(600) * 366 * 86400; s += 86400 + 12345) {
        char want[32], got[17];
        time_t t = (time_t)s;
        struct tm tm;
        gmtime_r(&t, &tm);
        strftime(want, sizeof want, "%Y%m%dT%H%M%SZ", &tm);
        cw__clock_format_amz(s * 1000 + 999, got);
        if (strcmp(want, got) != 0) {
            CHECK_STR(got, want);
            return;
        }
    }
}

static void parsing_undoes_formatting(void)
{
    for (int64_t ms = 0; ms < INT64_C(253402300799000); ms += INT64_C(98765432100)) {
        char a[17], iso[32];
        int64_t back = -1;
        cw__clock_format_amz(ms, a);
        snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", a, a + 4, a + 6, a + 9, a + 11,
                 a + 13);
        REQUIRE(cw__clock_parse_iso(iso, &back));
        REQUIRE(back == ms / 1000 * 1000);
    }
}

static void http_dates(void)
{
    check_http("Tue, 27 Mar 2007 19:36:42 GMT", 1175024202000);
    check_http("Thu, 01 Jan 1970 00:00:00 GMT", 0);
    check_http("Tue, 29 Feb 2000 23:59:59 GMT", 951868799000);
    check_http("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800000);
}

static void what_is_no_http_date(void)
{
    static const char *const wrong[] = {
        "",
        "Tue",
        "Tue, 27 Mar 2007 19:36:42",
        "Tue, 27 Mar 2007 19:36:42 UTC",
        "Tue, 27 Mar 2007 19:36:42 GMT ",
        "tue, 27 Mar 2007 19:36:42 GMT",
        "Tue, 7 Mar 2007 19:36:42 GMT",
        "Tue, 27 Mai 2007 19:36:42 GMT",
        "Tue, 00 Mar 2007 19:36:42 GMT",
        "Tue, 32 Mar 2007 19:36:42 GMT",
        "Thu, 29 Feb 2007 19:36:42 GMT",
        "Thu, 29 Feb 1900 19:36:42 GMT",
        "Tue, 27 Mar 2007 24:36:42 GMT",
        "Tue, 27 Mar 2007 19:60:42 GMT",
        "Tue, 27 Mar 2007 19:36:61 GMT",
        "Tuesday, 27-Mar-07 19:36:42 GMT",
        "Tue Mar 27 19:36:42 2007",
    };
    int64_t ms = 77;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (cw__clock_parse_http(wrong[i], &ms))
            CHECK_STR(wrong[i], "refused");
    CHECK_INT(ms, 77);
}

static void iso_dates(void)
{
    check_iso("2026-01-02T03:04:05Z", 1767323045000);
    check_iso("2026-01-02T03:04:05.6Z", 1767323045600);
    check_iso("2026-01-02T03:04:05.678Z", 1767323045678);
    check_iso("2026-01-02T03:04:05.678999999Z", 1767323045678);
    check_iso("2026-01-02T03:04:05+00:00", 1767323045000);
    check_iso("2026-01-02T05:34:05+02:30", 1767323045000);
    check_iso("2026-01-01T19:04:05.500-08:00", 1767323045500);
    check_iso("0001-01-01T00:00:00Z", -62135596800000);
}

static void what_is_no_iso_date(void)
{
    static const char *const wrong[] = {
        "",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02 03:04:05Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05ZZ",
        "2026-01-02T03:04:05+02",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+02:60",
        "2026-1-2T03:04:05Z",
        "2026-13-02T03:04:05Z",
        "2026-00-02T03:04:05Z",
        "2026-02-30T03:04:05Z",
        "2026-01-02T25:04:05Z",
        "-026-01-02T03:04:05Z",
    };
    int64_t ms = 77;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (cw__clock_parse_iso(wrong[i], &ms))
            CHECK_STR(wrong[i], "refused");
    CHECK_INT(ms, 77);
}

static void the_time_zone_does_not_matter(void)
{
    setenv("TZ", "America/St_Johns", 1);
    tzset();
    check_format(1767323045678, "20260102T030405Z");
    check_http("Tue, 27 Mar 2007 19:36:42 GMT", 1175024202000);
    check_iso("2026-01-02T03:04:05Z", 1767323045000);
    unsetenv("TZ");
    tzset();
}

int main(int argc, char **argv)
{
    TEST(clocks_go_forward);
    TEST(wall_can_be_turned);
    TEST(format);
    TEST(format_agrees_with_gmtime);
    TEST(parsing_undoes_formatting);
    TEST(http_dates);
    TEST(what_is_no_http_date);
    TEST(iso_dates);
    TEST(what_is_no_iso_date);
    TEST(the_time_zone_does_not_matter);
    return test_end();
}
