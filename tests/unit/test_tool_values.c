/* test_tool_values.c - the command's numbers, moments and marks, against what libc says */
#include <math.h>
#include <time.h>

#include "harness.h"
#include "table/marks.h"
#include "table/moment.h"
#include "table/number.h"
#include "utf8.h"

enum { TEXT = 128 };

static uint64_t state = UINT64_C(88172645463325252);

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* A copy with the eight bytes behind it that may be read, full of digits to fall for. */
static const char *padded(const char *s)
{
    static char copy[TEXT];
    memset(copy, '7', sizeof copy);
    memcpy(copy, s, strlen(s));
    return copy;
}

/* ---- integers ---- */

static void integers_of_every_length(void)
{
    char text[TEXT];
    int wrong = 0;

    for (int i = 0; i < 300000; i++) {
        uint64_t u = next() >> (next() & 63), got_u = 0;
        int64_t s = (int64_t)next() >> (next() & 63), got_s = 0;
        snprintf(text, sizeof text, "%" PRIu64, u);
        wrong += !number_uint64(padded(text), strlen(text), &got_u) || got_u != u;
        snprintf(text, sizeof text, "%" PRId64, s);
        wrong += !number_int64(padded(text), strlen(text), &got_s) || got_s != s;
    }
    CHECK_INT(wrong, 0);
}

static bool is_int64(const char *s)
{
    int64_t v;
    return number_int64(padded(s), strlen(s), &v);
}

static void integers_at_the_edges(void)
{
    static const char *const good[] = {"0",
                                       "-0",
                                       "+5",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "00",
                                       "0000000000000000000000000000012"};
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      "-+5",
                                      "+-5",
                                      "1 ",
                                      " 1",
                                      "1.0",
                                      "1e3",
                                      "0x10",
                                      "1_000",
                                      "12345678a",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999",
                                      "\xd9\xa1"};
    uint64_t u;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!is_int64(good[i]))
            test_say(__FILE__, __LINE__, good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (is_int64(bad[i]))
            test_say(__FILE__, __LINE__, bad[i]);
    CHECK(number_uint64(padded("18446744073709551615"), 20, &u) && u == UINT64_MAX);
    CHECK(!number_uint64(padded("18446744073709551616"), 20, &u));
    CHECK(!number_uint64(padded("-1"), 2, &u));
}

/* ---- doubles ---- */

static void doubles_as_strtod(void)
{
    static const char *const forms[] = {"%.17g", "%.6f", "%.2f", "%g", "%.3e", "%.25g"};
    char text[TEXT];
    int wrong = 0;

    for (int i = 0; i < 300000; i++) {
        double v = (double)(int64_t)(next() >> (next() % 60)) / (double)(1 << next() % 20), got;
        uint64_t bits = next();
        if (i % 3 == 0)
            memcpy(&v, &bits, sizeof v);
        if (isnan(v) || isinf(v) || fabs(v) > 1e70)
            continue;
        snprintf(text, sizeof text, forms[i % 6], v);
        wrong += !number_double(padded(text), strlen(text), &got) || got != strtod(text, NULL);
    }
    CHECK_INT(wrong, 0);
}

static bool is_double(const char *s, double want)
{
    double v = 1234;
    bool good = number_double(padded(s), strlen(s), &v);
    return good && ((isnan(want) && isnan(v)) || (v == want && signbit(v) == signbit(want)));
}

static void doubles_at_the_edges(void)
{
    static const char *const bad[] = {"",    ".",     "-",    "e5",  "1e",  "1e+",   "1.2.3", "1,5",
                                      "0x1", "1e999", "nano", "--1", "1 2", "infin", "1e5x"};
    double v;

    CHECK(is_double("1.", 1));
    CHECK(is_double(".5", .5));
    CHECK(is_double("-0", -0.0));
    CHECK(is_double("+1e2", 100));
    CHECK(is_double("1E-400", 0));
    CHECK(is_double("NaN", (double)NAN));
    CHECK(is_double("-Infinity", (double)-INFINITY));
    CHECK(is_double("9007199254740993", 9007199254740992.0));
    CHECK(is_double("0.1000000000000000055511151231257827021181583404541015625", 0.1));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (number_double(padded(bad[i]), strlen(bad[i]), &v))
            test_say(__FILE__, __LINE__, bad[i]);
}

static bool is_half(const char *text, unsigned expected)
{
    uint16_t h;

    return number_half(padded(text), strlen(text), &h) && h == expected;
}

static void halves_are_rounded_once(void)
{
    uint16_t h;

    CHECK(is_half("65504", 0x7BFF));
    CHECK(is_half("-2", 0xC000));
    CHECK(is_half("0.1", 0x2E66));
    CHECK(is_half("5.96e-8", 1));
    CHECK(is_half("1e-9", 0));
    CHECK(is_half("0.00006103515625", 0x0400)); /* the least normal one */
    CHECK(is_half("-inf", 0xFC00));

    /* The middle of two goes to the even one; beside it the number says which is nearer, where its
       double does not. */
    CHECK(is_half("1.00048828125", 0x3C00));
    CHECK(is_half("1.00048828125000000000000000001", 0x3C01));
    CHECK(is_half("-1.00048828125000000000000000001", 0xBC01));
    CHECK(is_half("1.00146484375", 0x3C02));
    CHECK(is_half("1.00146484374999999999999999999", 0x3C01));
    CHECK(is_half("-1.00146484374999999999999999999", 0xBC01));
    CHECK(is_half("2.98023223876953125e-8", 0));
    CHECK(is_half("2.98023223876953125000000000001e-8", 1));
    CHECK(is_half("65519.9999999999999999999999", 0x7BFF));
    CHECK(!number_half(padded("65520"), 5, &h));
    CHECK(!number_half(padded("65536"), 5, &h));
}

static void floats_are_rounded_once(void)
{
    /* By way of a double this would become the even neighbour. */
    static const char text[] = "1.00000005960464477539062500000001";
    float f;

    CHECK(number_float(padded(text), sizeof text - 1, &f) && f == 0x1.000002p0f);
}

/* ---- decimals ---- */

static const char *decimal(const char *text, unsigned precision, unsigned scale)
{
    static char out[TEXT];
    uint64_t w[NUMBER_WORDS];

    if (!number_decimal(padded(text), strlen(text), precision, scale, w))
        return "refused";
    snprintf(out, sizeof out, "%" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64, w[3], w[2], w[1],
             w[0]);
    return out;
}

static void decimals_are_exact(void)
{
    CHECK_STR(decimal("12.34", 12, 2), "0 0 0 4d2");
    CHECK_STR(decimal("12.3", 12, 2), "0 0 0 4ce");
    CHECK_STR(decimal("12", 12, 2), "0 0 0 4b0");
    CHECK_STR(decimal("12.", 12, 2), "0 0 0 4b0");
    CHECK_STR(decimal(".34", 12, 2), "0 0 0 22");
    CHECK_STR(decimal("12.3400", 12, 2), "0 0 0 4d2");
    CHECK_STR(decimal("0012.34", 4, 2), "0 0 0 4d2");
    CHECK_STR(decimal("12.345", 12, 2), "refused");
    CHECK_STR(decimal("123.45", 4, 2), "refused");
    CHECK_STR(decimal("99.99", 4, 2), "0 0 0 270f");
    CHECK_STR(decimal("1e2", 12, 2), "refused");
    CHECK_STR(decimal("nan", 12, 2), "refused");
    CHECK_STR(decimal("1-.34", 12, 2), "refused");
    CHECK_STR(decimal("-1", 5, 0),
              "ffffffffffffffff ffffffffffffffff ffffffffffffffff ffffffffffffffff");
    CHECK_STR(decimal("-0.01", 38, 2),
              "ffffffffffffffff ffffffffffffffff ffffffffffffffff ffffffffffffffff");
    CHECK_STR(decimal("99999999999999999999999999999999999999", 38, 0),
              "0 0 4b3b4ca85a86c47a 98a223fffffffff");
    CHECK_STR(decimal("100000000000000000000000000000000000000", 38, 0), "refused");
    CHECK_STR(decimal("340282366920938463463374607431768211456", 76, 0), "0 1 0 0");
}

/* ---- moments ---- */

static void every_day_of_ten_thousand_years(void)
{
    char text[TEXT];
    int wrong = 0;

    for (int64_t day = -719528; day <= 2932896; day += 1 + (int64_t)(next() % 5)) {
        time_t t = (time_t)(day * 86400);
        struct tm tm;
        int32_t got = 0;
        gmtime_r(&t, &tm);
        snprintf(text, sizeof text, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
        wrong += !moment_date(padded(text), 10, &got) || got != day;
    }
    CHECK_INT(wrong, 0);
}

static void days_that_are_none(void)
{
    static const char *const bad[] = {"2023-02-29", "1900-02-29", "2024-00-10", "2024-13-01",
                                      "2024-04-31", "2024-01-00", "2024-1-1",   "24-01-01",
                                      "2024/01/01", "2024-01-1x", "2024-01-011"};
    int32_t day;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (moment_date(padded(bad[i]), strlen(bad[i]), &day))
            test_say(__FILE__, __LINE__, bad[i]);
    CHECK(moment_date(padded("2000-02-29"), 10, &day) && day == 11016);
}

static int64_t stamp(const char *text, unsigned digits, enum moment_zone *zone)
{
    int64_t v;
    return moment_timestamp(padded(text), strlen(text), digits, &v, zone) ? v : -1;
}

static void timestamps(void)
{
    enum moment_zone zone;

    CHECK_INT(stamp("1970-01-01 00:00:01", MOMENT_MS, &zone), 1000);
    CHECK_INT(zone, ZONE_NONE);
    CHECK_INT(stamp("1970-01-01T00:01:00.5Z", MOMENT_US, &zone), 60500000);
    CHECK_INT(zone, ZONE_GIVEN);
    CHECK_INT(stamp("1970-01-01T02:00:00+02:00", MOMENT_MS, &zone), 0);
    CHECK_INT(stamp("1970-01-01T00:00-0130", MOMENT_MS, &zone), 5400000);
    CHECK_INT(stamp("1970-01-01T05:00:00+05", MOMENT_NS, &zone), 0);
    CHECK_INT(stamp("1970-01-02", MOMENT_MS, &zone), 86400000);
    CHECK_INT(stamp("1970-01-01 00:00:00.000001", MOMENT_MS, &zone), -1);
    CHECK_INT(stamp("1970-01-01 00:00:00.001000", MOMENT_MS, &zone), 1);
    CHECK_INT(stamp("1970-01-01 24:00:00", MOMENT_MS, &zone), -1);
    CHECK_INT(stamp("1970-01-01 10:60:00", MOMENT_MS, &zone), -1);
    CHECK_INT(stamp("1970-01-01T10:00:00+1:00", MOMENT_MS, &zone), -1);
    CHECK_INT(stamp("1970-01-01T10:00:00 Z", MOMENT_MS, &zone), -1);
    CHECK_INT(stamp("1970-01-01X10:00:00", MOMENT_MS, &zone), -1);
    CHECK_INT(stamp("1970-01-01T", MOMENT_MS, &zone), -1);
    CHECK_INT(stamp("2262-04-11T23:47:16.854775807Z", MOMENT_NS, &zone), INT64_MAX);
    CHECK_INT(stamp("2262-04-11T23:47:16.854775808Z", MOMENT_NS, &zone), -1);
    CHECK_INT(stamp("1677-09-21T00:12:43.145224192Z", MOMENT_NS, &zone), INT64_MIN);
    CHECK_INT(stamp("1677-09-21T00:12:43.145224191Z", MOMENT_NS, &zone), -1);
}

/* ---- marks ---- */

static void marks_wherever_they_are(void)
{
    enum { ROOM = 400 };
    char text[ROOM + 64];
    uint32_t found[ROOM];
    int wrong = 0;

    for (int round = 0; round < 3000; round++) {
        size_t n = next() % ROOM, k = 0, count;
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = ",\n\"abc"[next() % (round % 2 ? 6 : 4)];
        count = marks_find(found, text, n, 1000, ",\n\"");
        for (size_t i = 0; i < n; i++)
            if (strchr(",\n\"", text[i]))
                wrong += k >= count || found[k++] != 1000 + i;
        wrong += k != count;
    }
    CHECK_INT(wrong, 0);
}

static void utf8(void)
{
    CHECK(utf8_is_valid("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", 15));
    CHECK(!utf8_is_valid("\xc0\x80", 2));
    CHECK(!utf8_is_valid("\xed\xa0\x80", 3));
    CHECK(!utf8_is_valid("\xf4\x90\x80\x80", 4));
    CHECK(!utf8_is_valid("abc\xe2\x82", 5));
    CHECK(utf8_is_ascii("abcdefghijk", 11) && !utf8_is_ascii("abcdefghij\x80", 11));
}

int main(int argc, char **argv)
{
    TEST(integers_of_every_length);
    TEST(integers_at_the_edges);
    TEST(doubles_as_strtod);
    TEST(doubles_at_the_edges);
    TEST(floats_are_rounded_once);
    TEST(halves_are_rounded_once);
    TEST(decimals_are_exact);
    TEST(every_day_of_ten_thousand_years);
    TEST(days_that_are_none);
    TEST(timestamps);
    TEST(marks_wherever_they_are);
    TEST(utf8);
    return test_end();
}
