/* test_csv.c - CSV: quoting, rows, and numbers that read back */
#include <cloudwriter/csv.h>
#include <cloudwriter/object.h>
#include "format/csv/number.h"
#include "harness.h"
#include <float.h>
#include <locale.h>
#include <math.h>
#include <time.h>

/* ---- a CSV face on mem://csv ----------------------------------------------------------------- */

static cw_writer *writer;
static cw_csv *csv;
static char content[200000];

static void open_csv(const cw_csv_options *o)
{
    cw_error err;
    cw_memory_remove("csv");
    REQUIRE(cw_writer_open(&writer, NULL, "mem://csv", NULL, &err) == CW_OK);
    REQUIRE(cw_csv_new(&csv, writer, o, &err) == CW_OK);
}

/* Publish, and answer what is there then. */
static const char *close_csv(void)
{
    const void *p = NULL;
    size_t n = 0;
    cw_error err;
    cw_csv_free(csv);
    CHECK_OK(cw_writer_close(writer, NULL, &err), err);
    CHECK_INT(cw_memory_get("csv", &p, &n), CW_OK);
    REQUIRE(p && n < sizeof content);
    memcpy(content, p, n);
    content[n] = '\0';
    return content;
}

static const char *one_field(const cw_csv_options *o, const char *field)
{
    open_csv(o);
    CHECK_INT(cw_csv_string(csv, field), CW_OK);
    CHECK_INT(cw_csv_end_row(csv), CW_OK);
    return close_csv();
}

/* Close after something was wrong: not published, and close says why. */
static void close_fails(cw_status status, const char *part_of_message)
{
    const void *p;
    size_t n;
    cw_error err;
    cw_csv_free(csv);
    CHECK_STATUS(cw_writer_close(writer, NULL, &err), status, err);
    CHECK(strstr(err.message, part_of_message) != NULL);
    CHECK_INT(cw_memory_get("csv", &p, &n), CW_E_NOT_FOUND);
}

/* ---- quoting --------------------------------------------------------------------------------- */

static void quotes_only_where_needed(void)
{
    CHECK_STR(one_field(NULL, "plain"), "plain\n");
    CHECK_STR(one_field(NULL, "with space"), "with space\n");
    CHECK_STR(one_field(NULL, " leading"), " leading\n");
    CHECK_STR(one_field(NULL, "semi;colon"), "semi;colon\n");
    CHECK_STR(one_field(NULL, "a,b"), "\"a,b\"\n");
    CHECK_STR(one_field(NULL, "a\"b"), "\"a\"\"b\"\n");
    CHECK_STR(one_field(NULL, "\""), "\"\"\"\"\n");
    CHECK_STR(one_field(NULL, "\"\""), "\"\"\"\"\"\"\n");
    CHECK_STR(one_field(NULL, "a\nb"), "\"a\nb\"\n");
    CHECK_STR(one_field(NULL, "a\rb"), "\"a\rb\"\n");
    CHECK_STR(one_field(NULL, "a\r\nb"), "\"a\r\nb\"\n");
    CHECK_STR(one_field(NULL, "\\."), "\"\\.\"\n");
    CHECK_STR(one_field(NULL, "gr\xC3\xBC\xC3\x9F"
                              "e"),
              "gr\xC3\xBC\xC3\x9F"
              "e\n");
}

static void null_and_empty_differ(void)
{
    cw_csv_options o = CW_CSV_OPTIONS_INIT;
    CHECK_STR(one_field(NULL, NULL), "\n");
    CHECK_STR(one_field(NULL, ""), "\"\"\n");
    o.null_text = "\\N";
    CHECK_STR(one_field(&o, NULL), "\\N\n");
    CHECK_STR(one_field(&o, ""), "\n");
    CHECK_STR(one_field(&o, "\\N"), "\"\\N\"\n");
    o.null_text = "42";
    open_csv(&o);
    CHECK_INT(cw_csv_row(csv, "iin", (int64_t)42, (int64_t)43), CW_OK);
    CHECK_STR(close_csv(), "\"42\",43,42\n");
}

static void quoting_modes(void)
{
    cw_csv_options o = CW_CSV_OPTIONS_INIT;
    o.quoting = CW_CSV_QUOTE_STRINGS;
    open_csv(&o);
    CHECK_INT(cw_csv_row(csv, "sifbns", "x", (int64_t)-1, 0.5, 1, (const char *)NULL), CW_OK);
    CHECK_STR(close_csv(), "\"x\",-1,0.5,true,,\n");
    o.quoting = CW_CSV_QUOTE_ALL;
    open_csv(&o);
    CHECK_INT(cw_csv_row(csv, "sifbns", "x", (int64_t)-1, 0.5, 0, ""), CW_OK);
    CHECK_STR(close_csv(), "\"x\",\"-1\",\"0.5\",\"false\",,\"\"\n");
}

static void other_separator_quote_and_line_end(void)
{
    cw_csv_options o = CW_CSV_OPTIONS_INIT;
    o.separator = ';';
    o.quote = '\'';
    o.line_end = "\r\n";
    open_csv(&o);
    CHECK_INT(cw_csv_row(csv, "ssss", "a,b", "a;b", "a'b", "a\"b"), CW_OK);
    CHECK_STR(close_csv(), "a,b;'a;b';'a''b';a\"b\r\n");
    /* A separator that numbers contain. */
    o.separator = '.';
    open_csv(&o);
    CHECK_INT(cw_csv_row(csv, "fi", 2.5, (int64_t)7), CW_OK);
    CHECK_STR(close_csv(), "'2.5'.7\r\n");
}

static void refuses_unusable_options(void)
{
    const cw_csv_options bad[] = {
        {.struct_size = sizeof(cw_csv_options), .separator = '"'},
        {.struct_size = sizeof(cw_csv_options), .separator = '\n'},
        {.struct_size = sizeof(cw_csv_options), .quote = '\r'},
        {.struct_size = sizeof(cw_csv_options), .quote = ','},
        {.struct_size = sizeof(cw_csv_options), .line_end = "\r"},
        {.struct_size = sizeof(cw_csv_options), .line_end = ""},
        {.struct_size = sizeof(cw_csv_options), .null_text = "a,b"},
        {.struct_size = sizeof(cw_csv_options), .null_text = "\""},
        {.struct_size = sizeof(cw_csv_options), .null_text = "a\nb"},
        {.struct_size = sizeof(cw_csv_options), .quoting = (cw_csv_quoting)3},
        {.struct_size = 0},
    };
    cw_error err;
    cw_csv *none;
    REQUIRE(cw_writer_open(&writer, NULL, "mem://csv", NULL, &err) == CW_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_STATUS(cw_csv_new(&none, writer, &bad[i], &err), CW_E_INVALID_ARGUMENT, err);
        CHECK(none == NULL);
    }
    CHECK_INT(cw_writer_error(writer)->status, CW_OK);
    CHECK_OK(cw_writer_abort(writer, &err), err);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void rows_by_field_by_row_and_header(void)
{
    static const char *const header[] = {"name", "count", "price", "ok", "note"};
    static const char want[] = "name,count,price,ok,note\n"
                               "bolt,18446744073709551615,0.1,true,\n"
                               "nut\0x,-9223372036854775808,0.1,false,\"\"\n";
    open_csv(NULL);
    CHECK_INT(cw_csv_strings(csv, header, 5), CW_OK);
    CHECK_INT(cw_csv_row(csv, "sufbn", "bolt", UINT64_MAX, 0.1, 1), CW_OK);
    CHECK_INT(cw_csv_text(csv, "nut\0x", 5), CW_OK);
    CHECK_INT(cw_csv_int(csv, INT64_MIN), CW_OK);
    CHECK_INT(cw_csv_float(csv, 0.1f), CW_OK);
    CHECK_INT(cw_csv_bool(csv, 0), CW_OK);
    CHECK_INT(cw_csv_text(csv, NULL, 0), CW_OK);
    CHECK_INT(cw_csv_end_row(csv), CW_OK);
    close_csv();
    CHECK(memcmp(content, want, sizeof want) == 0);
}

static void counts_columns(void)
{
    cw_csv_options o = CW_CSV_OPTIONS_INIT;
    open_csv(NULL);
    CHECK_INT(cw_csv_row(csv, "ss", "a", "b"), CW_OK);
    CHECK_INT(cw_csv_row(csv, "s", "a"), CW_E_INVALID_ARGUMENT);
    CHECK_INT(cw_csv_row(csv, "ss", "a", "b"), CW_E_INVALID_ARGUMENT);
    CHECK_INT(cw_csv_int(csv, 1), CW_E_INVALID_ARGUMENT);
    CHECK_INT(cw_csv_end_row(csv), CW_E_INVALID_ARGUMENT);
    close_fails(CW_E_INVALID_ARGUMENT, "1 fields where 2");
    o.columns = 3;
    open_csv(&o);
    CHECK_INT(cw_csv_row(csv, "ssss", "a", "b", "c", "d"), CW_E_INVALID_ARGUMENT);
    close_fails(CW_E_INVALID_ARGUMENT, "4 fields where 3");
    open_csv(NULL);
    CHECK_INT(cw_csv_end_row(csv), CW_E_INVALID_ARGUMENT);
    close_fails(CW_E_INVALID_ARGUMENT, "no field");
}

static void bad_letter_and_unfinished_row_publish_nothing(void)
{
    open_csv(NULL);
    CHECK_INT(cw_csv_row(csv, "sx", "a", 1), CW_E_INVALID_ARGUMENT);
    close_fails(CW_E_INVALID_ARGUMENT, "'x'");
    open_csv(NULL);
    CHECK_INT(cw_csv_string(csv, "half"), CW_OK);
    close_fails(CW_E_STATE, "within a row");
}

static void fields_larger_than_the_buffer(void)
{
    static char big[60000];
    char *p = content;
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = i % 100 == 99 ? '"' : 'x';
    open_csv(NULL);
    CHECK_INT(cw_csv_string(csv, "first"), CW_OK);
    CHECK_INT(cw_csv_text(csv, big, sizeof big), CW_OK);
    CHECK_INT(cw_csv_text(csv, big, 99), CW_OK);
    CHECK_INT(cw_csv_end_row(csv), CW_OK);
    close_csv();
    CHECK(strncmp(p, "first,\"", 7) == 0);
    p += 7;
    for (size_t i = 0; i < sizeof big; i++) {
        REQUIRE(*p == big[i]);
        p += *p == '"' ? 2 : 1;
    }
    CHECK(strncmp(p, "\",x", 3) == 0);
    CHECK_INT(strlen(p), 2 + 99 + 1);
}

static void follows_the_writer_in_between(void)
{
    open_csv(NULL);
    CHECK_INT(cw_writer_printf(writer, "# a comment\n"), CW_OK);
    CHECK_INT(cw_csv_row(csv, "s", "a"), CW_OK);
    CHECK_INT(cw_writer_printf(writer, "# another\n"), CW_OK);
    CHECK_STR(close_csv(), "# a comment\na\n# another\n");
}

/* ---- numbers --------------------------------------------------------------------------------- */

static const char *of_double(double v)
{
    static char text[CW__NUMBER_BYTES + 1];
    text[cw__number_double(text, v)] = '\0';
    return text;
}

static const char *of_float(float v)
{
    static char text[CW__NUMBER_BYTES + 1];
    text[cw__number_float(text, v)] = '\0';
    return text;
}

static void number_forms(void)
{
    CHECK_STR(of_double(0.0), "0");
    CHECK_STR(of_double(-0.0), "-0");
    CHECK_STR(of_double(1.0), "1");
    CHECK_STR(of_double(-1.5), "-1.5");
    CHECK_STR(of_double(0.1), "0.1");
    CHECK_STR(of_double(0.1 + 0.2), "0.30000000000000004");
    CHECK_STR(of_double(123456.789), "123456.789");
    CHECK_STR(of_double(0.00001), "0.00001");
    CHECK_STR(of_double(0.000001), "1e-6");
    CHECK_STR(of_double(1.5e-7), "1.5e-7");
    CHECK_STR(of_double(9007199254740993.0), "9007199254740992");
    CHECK_STR(of_double(1e16), "10000000000000000");
    CHECK_STR(of_double(1e17), "1e17");
    CHECK_STR(of_double(1.25e20), "1.25e20");
    CHECK_STR(of_double(5e-324), "5e-324");
    CHECK_STR(of_double(2.2250738585072014e-308), "2.2250738585072014e-308");
    CHECK_STR(of_double(1.7976931348623157e308), "1.7976931348623157e308");
    CHECK_STR(of_double(9.5367431640625e-7), "9.5367431640625e-7");
    CHECK_STR(of_double((double)INFINITY), "inf");
    CHECK_STR(of_double(-(double)INFINITY), "-inf");
    CHECK_STR(of_double((double)NAN), "nan");
    CHECK_STR(of_double(-(double)NAN), "nan");
    CHECK_STR(of_float(0.1f), "0.1");
    CHECK_STR(of_float(16777216.0f), "16777216");
    CHECK_STR(of_float(1e-45f), "1e-45");
    CHECK_STR(of_float(3.4028235e38f), "3.4028235e38");
    CHECK_STR(of_float(-0.3f), "-0.3");
    CHECK_STR(of_float(-INFINITY), "-inf");
    CHECK_STR(of_float(NAN), "nan");
}

static size_t significant_digits(const char *text)
{
    size_t n = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && n == 0))
            continue;
        n++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

/* The fewest digits that printf and strtod need between them. */
static size_t fewest_digits(double v, bool narrow)
{
    char text[40];
    for (int digits = 1; digits < 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, v);
        if (narrow ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v)
            return significant_digits(text);
    }
    return 17;
}

static bool good_double(double v, bool compare_length)
{
    const char *text = of_double(v);
    char *end;
    double back = strtod(text, &end);
    bool good = !*end && memcmp(&back, &v, sizeof v) == 0 && strlen(text) <= 24 &&
                (!compare_length || v == 0 || significant_digits(text) <= fewest_digits(v, false));
    if (!good)
        fprintf(stderr, "    %a gave %s\n", v, text);
    return good;
}

static bool good_float(float v, bool compare_length)
{
    const char *text = of_float(v);
    char *end;
    float back = strtof(text, &end);
    bool good =
        !*end && memcmp(&back, &v, sizeof v) == 0 &&
        (!compare_length || v == 0 || significant_digits(text) <= fewest_digits((double)v, true));
    if (!good)
        fprintf(stderr, "    %a gave %s\n", (double)v, text);
    return good;
}

static double double_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static float float_of(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static uint64_t random_state = 1;

static uint64_t next_random(void)
{
    uint64_t z = (random_state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void edges_of_each_binade(void)
{
    for (uint64_t e = 0; e < 2047; e++)
        for (uint64_t d = 0; d < 5; d++) {
            double v = double_of((e << 52) + d - 2);
            if (isfinite(v))
                CHECK(good_double(v, true));
        }
    for (uint32_t e = 0; e < 255; e++)
        for (uint32_t d = 0; d < 5; d++) {
            float v = float_of((e << 23) + d - 2);
            if (isfinite(v))
                CHECK(good_float(v, true));
        }
}

static void powers_of_ten_and_decimals(void)
{
    char want[40];
    for (int e = -323; e <= 308; e++) {
        snprintf(want, sizeof want, "1e%d", e);
        CHECK(good_double(strtod(want, NULL), true));
        CHECK_INT(significant_digits(of_double(strtod(want, NULL))), 1);
    }
    for (int i = 0; i < 200000; i++) {
        snprintf(want, sizeof want, "%d.%02d", i / 100, i % 100);
        CHECK(good_double(strtod(want, NULL), false));
        CHECK(significant_digits(of_double(strtod(want, NULL))) <= 6);
    }
}

/* As many as there is time for: a sanitized build is slower. */
static void random_bits_read_back(void)
{
    clock_t end = clock() + 6 * CLOCKS_PER_SEC;
    long n = 0;
    for (; n < 4000000 && (n % 1024 || clock() < end); n++) {
        uint64_t bits = next_random();
        double d = double_of(bits);
        float f = float_of((uint32_t)bits);
        if (isfinite(d) && !good_double(d, n % 64 == 0)) {
            REQUIRE(false);
        }
        if (isfinite(f) && !good_float(f, n % 64 == 0)) {
            REQUIRE(false);
        }
    }
    CHECK(n > 100000);
}

static void subnormals_read_back(void)
{
    for (int i = 0; i < 50000; i++) {
        uint64_t bits = next_random() >> 12 >> (next_random() % 52);
        CHECK(good_double(double_of(bits), true));
    }
}

static void whole_numbers(void)
{
    char want[32];
    for (int i = 0; i < 200000; i++) {
        uint64_t v = next_random() >> (next_random() % 64);
        char text[CW__NUMBER_BYTES + 1];
        text[cw__number_uint(text, v)] = '\0';
        snprintf(want, sizeof want, "%" PRIu64, v);
        CHECK_STR(text, want);
        text[cw__number_int(text, (int64_t)v)] = '\0';
        snprintf(want, sizeof want, "%" PRId64, (int64_t)v);
        CHECK_STR(text, want);
    }
}

static void locale_does_not_matter(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        setlocale(LC_ALL, names[i]);
        CHECK_STR(of_double(-1234.5), "-1234.5");
    }
    setlocale(LC_ALL, "C");
}

int main(int argc, char **argv)
{
    TEST(quotes_only_where_needed);
    TEST(null_and_empty_differ);
    TEST(quoting_modes);
    TEST(other_separator_quote_and_line_end);
    TEST(refuses_unusable_options);
    TEST(rows_by_field_by_row_and_header);
    TEST(counts_columns);
    TEST(bad_letter_and_unfinished_row_publish_nothing);
    TEST(fields_larger_than_the_buffer);
    TEST(follows_the_writer_in_between);
    TEST(number_forms);
    TEST(edges_of_each_binade);
    TEST(powers_of_ten_and_decimals);
    TEST(random_bits_read_back);
    TEST(subnormals_read_back);
    TEST(whole_numbers);
    TEST(locale_does_not_matter);
    return test_end();
}
