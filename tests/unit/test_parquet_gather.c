/* test_parquet_gather.c - values as Parquet stores them, from each form they may come in */
#include "base/bits.h"
#include "format/parquet/in/gather.h"
#include "schema_text.h"

typedef struct gathered {
    cw_schema *s;
    cw__column_buffer to;
    size_t bad;
    const char *why;
} gathered;

static void begin(gathered *x, const char *type)
{
    char field[200];

    snprintf(field, sizeof field, "required %s a;", type);
    memset(x, 0, sizeof *x);
    x->s = parsed_fields(field);
    cw__column_buffer_init(&x->to, &x->s->leaves[0]);
}

static void end(gathered *x)
{
    cw__column_buffer_free(&x->to);
    cw_schema_free(x->s);
}

static cw__view fixed(const gathered *x, uint32_t width, const void *values, int64_t scale)
{
    return (cw__view){.node = x->s->leaves[0].node,
                      .layout = CW__LAYOUT_FIXED,
                      .width = width,
                      .length = 100,
                      .values = values,
                      .scale = scale};
}

static void take(gathered *x, const cw__view *v, int64_t start, size_t n)
{
    CHECK(cw__can_gather(v->node, v->layout, v->width));
    CHECK_INT(cw__gather(&x->to, v, start, n, &x->bad, &x->why), CW__GATHERED);
}

static void refused(gathered *x, const cw__view *v, size_t n, size_t bad, const char *why)
{
    CHECK_INT(cw__gather(&x->to, v, 0, n, &x->bad, &x->why), CW__GATHERED_BAD);
    CHECK_INT(x->bad, bad);
    CHECK_STR(x->why, why);
}

static void check_values(const char *file, int line, const gathered *x, const void *want, size_t n)
{
    test_int(file, line, "bytes", (int64_t)x->to.values.n, (int64_t)n);
    if (x->to.values.n == n && memcmp(x->to.values.p, want, n) != 0)
        test_say(file, line, "the values are others");
}
#define CHECK_VALUES(x, type, ...)                                                                 \
    do {                                                                                           \
        static const type want_[] = {__VA_ARGS__};                                                 \
        check_values(__FILE__, __LINE__, x, want_, sizeof want_);                                  \
    } while (0)

/* ---- numbers ---- */

static void numbers_of_their_width_are_copied(void)
{
    static const int64_t values[] = {1, 2, -3, INT64_MIN};
    gathered x;

    begin(&x, "int64");
    cw__view v = fixed(&x, 8, values, 1);
    v.first = 1;
    take(&x, &v, 0, 0);
    take(&x, &v, 1, 2);
    take(&x, &v, 0, 1);
    CHECK_VALUES(&x, int64_t, -3, INT64_MIN, 2);
    CHECK_INT(x.to.count, 3);
    end(&x);
}

static void narrow_integers_become_int32(void)
{
    static const int8_t bytes[] = {-128, 127, -1};
    static const uint8_t unsigned_bytes[] = {0, 128, 255};
    static const int16_t shorts[] = {-32768, 32767, -1};
    static const uint16_t unsigned_shorts[] = {0, 32768, 65535};
    gathered x;

    begin(&x, "int8");
    cw__view v = fixed(&x, 1, bytes, 1);
    take(&x, &v, 0, 3);
    CHECK_VALUES(&x, int32_t, -128, 127, -1);
    end(&x);
    begin(&x, "uint8");
    v = fixed(&x, 1, unsigned_bytes, 1);
    take(&x, &v, 0, 3);
    CHECK_VALUES(&x, int32_t, 0, 128, 255);
    end(&x);
    begin(&x, "int16");
    v = fixed(&x, 2, shorts, 1);
    take(&x, &v, 0, 3);
    CHECK_VALUES(&x, int32_t, -32768, 32767, -1);
    end(&x);
    begin(&x, "uint16");
    v = fixed(&x, 2, unsigned_shorts, 1);
    take(&x, &v, 0, 3);
    CHECK_VALUES(&x, int32_t, 0, 32768, 65535);
    end(&x);
}

static void booleans_take_a_byte_each(void)
{
    static const uint8_t bits[] = {0x80, 0x05};
    gathered x;

    begin(&x, "boolean");
    cw__view v = {.node = x.s->leaves[0].node,
                  .layout = CW__LAYOUT_BITS,
                  .length = 5,
                  .first = 6,
                  .values = bits,
                  .scale = 1};
    take(&x, &v, 0, 5);
    CHECK_VALUES(&x, uint8_t, 0, 1, 1, 0, 1);
    end(&x);
}

/* Values [from, to) of `bits` where `there` says so, as gathered into `x`. */
static void check_booleans(const gathered *x, const uint8_t *bits, const uint8_t *there,
                           size_t from, size_t to)
{
    size_t count = 0;

    for (size_t i = from; i < to; i++)
        if (cw__bit(there, i)) {
            CHECK_INT(x->to.values.p[count], cw__bit(bits, i));
            count++;
        }
    CHECK_INT(x->to.count, count);
}

static void booleans_begin_and_end_at_any_bit(void)
{
    enum { BYTES = 28, BITS = 8 * BYTES };
    uint8_t bits[BYTES], there[BYTES], all[BYTES];
    gathered x;
    size_t bad;
    const char *why;

    memset(all, 0xff, sizeof all);
    for (uint32_t i = 0; i < BYTES; i++) {
        bits[i] = (uint8_t)((i + 3) * 2654435761u >> 21);
        there[i] = (uint8_t)((i + 7) * 2246822519u >> 19);
    }
    begin(&x, "boolean");
    cw__view v = {.node = x.s->leaves[0].node,
                  .layout = CW__LAYOUT_BITS,
                  .length = BITS,
                  .values = bits,
                  .scale = 1};
    for (size_t from = 0; from < 70; from += 3)
        for (size_t to = from + 1; to <= BITS; to += 5) {
            cw__column_buffer_reset(&x.to);
            take(&x, &v, (int64_t)from, to - from);
            check_booleans(&x, bits, all, from, to);
            cw__column_buffer_reset(&x.to);
            CHECK_INT(
                cw__gather_there(&x.to, &v, (int64_t)from, to - from, there, from, &bad, &why),
                CW__GATHERED);
            check_booleans(&x, bits, there, from, to);
        }
    end(&x);
}

static void seconds_become_milliseconds(void)
{
    static const int64_t seconds[] = {0, -1, 1700000000, INT64_MAX / 1000 + 1};
    static const int32_t times[] = {86399, 2147484};
    gathered x;

    begin(&x, "timestamp(ms,utc)");
    cw__view v = fixed(&x, 8, seconds, 1000);
    take(&x, &v, 0, 3);
    CHECK_VALUES(&x, int64_t, 0, -1000, INT64_C(1700000000000));
    refused(&x, &v, 4, 3, "does not fit the unit it is stored in");
    end(&x);
    begin(&x, "time(ms,utc)");
    v = fixed(&x, 4, times, 1000);
    take(&x, &v, 0, 1);
    CHECK_VALUES(&x, int32_t, 86399000);
    refused(&x, &v, 2, 1, "does not fit the unit it is stored in");
    end(&x);
}

/* A moment before 1970 belongs to the day it is in, not to the one after. */
static void milliseconds_become_days(void)
{
    static const int64_t ms[] = {0, 86399999, 86400000, -1, -86400000, -86400001, INT64_MAX};
    gathered x;

    begin(&x, "date");
    cw__view v = fixed(&x, 8, ms, -86400000);
    take(&x, &v, 0, 6);
    CHECK_VALUES(&x, int32_t, 0, 0, 1, -1, -1, -2);
    refused(&x, &v, 7, 6, "does not fit the unit it is stored in");
    end(&x);
}

/* ---- decimals ---- */

static const char digits[] = "has more digits than the field's precision";

static void decimals_of_few_digits_are_integers(void)
{
    static const int64_t wide[] = {999999999, 0, -999999999, -1, 1000000000, 0};
    static const int64_t tall[] = {1, 1}; /* 2 to the power of 64, and 1 */
    gathered x;

    begin(&x, "decimal(9,2)");
    cw__view v = fixed(&x, 16, wide, 1);
    take(&x, &v, 0, 2);
    CHECK_VALUES(&x, int32_t, 999999999, -999999999);
    refused(&x, &v, 3, 2, digits);
    v = fixed(&x, 16, tall, 1);
    refused(&x, &v, 1, 0, digits);
    end(&x);
    begin(&x, "decimal(18,2)");
    static const int32_t narrow[] = {INT32_MAX, INT32_MIN};
    v = fixed(&x, 4, narrow, 1);
    take(&x, &v, 0, 2);
    CHECK_VALUES(&x, int64_t, INT32_MAX, INT32_MIN);
    end(&x);
}

static void decimals_of_many_digits_are_big_endian(void)
{
    static const int64_t values[] = {258, 0, -2, -1};
    /* 10 to the power of 38, the least that has a digit too many */
    static const uint64_t much[] = {UINT64_C(0x098A224000000000), UINT64_C(0x4B3B4CA85A86C47A)};
    gathered x;

    begin(&x, "decimal(38,10)");
    cw__view v = fixed(&x, 16, values, 1);
    take(&x, &v, 0, 2);
    CHECK_VALUES(&x, uint8_t, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, /* 258, then -2 */
                 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 254);
    v = fixed(&x, 16, much, 1);
    refused(&x, &v, 1, 0, digits);
    end(&x);
}

/* ---- byte arrays ---- */

static void check_bytes(const gathered *x, const char *bytes, const uint32_t *offsets, size_t n)
{
    CHECK_INT(x->to.count, n);
    CHECK_INT(x->to.values.n, strlen(bytes));
    CHECK_INT(x->to.offsets.n, (n + 1) * sizeof *offsets);
    if (x->to.values.n == strlen(bytes))
        CHECK(memcmp(x->to.values.p, bytes, strlen(bytes)) == 0);
    if (x->to.offsets.n == (n + 1) * sizeof *offsets)
        CHECK(memcmp(x->to.offsets.p, offsets, x->to.offsets.n) == 0);
}

static void byte_arrays_by_offsets(void)
{
    static const char bytes[] = "xxoneduetroisyy";
    static const int32_t narrow[] = {0, 2, 5, 5, 8, 13};
    static const int64_t wide[] = {2, 5, 8};
    static const uint32_t want[] = {0, 3, 3, 6, 11, 14, 17};
    gathered x;

    begin(&x, "string");
    cw__view v = {.node = x.s->leaves[0].node,
                  .layout = CW__LAYOUT_BYTES32,
                  .length = 4,
                  .first = 1,
                  .values = bytes,
                  .values_bytes = -1,
                  .offsets = narrow,
                  .scale = 1};
    CHECK_INT(cw__gather_bytes(&v, 0, 4), 11);
    take(&x, &v, 0, 4);
    v.layout = CW__LAYOUT_BYTES64;
    v.offsets = wide;
    v.first = 0;
    take(&x, &v, 0, 2);
    check_bytes(&x, "oneduetroisonedue", want, 6);
    end(&x);
}

static void put_view(uint8_t *to, int32_t n, const char *within, int32_t buffer, int32_t offset)
{
    memset(to, 0, 16);
    memcpy(to, &n, 4);
    memcpy(to + 4, within, strlen(within));
    if (n > 12) {
        memcpy(to + 8, &buffer, 4);
        memcpy(to + 12, &offset, 4);
    }
}

static void byte_arrays_by_views(void)
{
    static const char one[] = "..thirteen bytes", two[] = "a buffer of its own";
    const void *buffers[] = {one, two};
    static const int64_t sizes[] = {16, 19};
    static const uint32_t want[] = {0, 12, 12, 26, 45};
    uint8_t views[64];
    gathered x;

    put_view(views, 12, "twelve bytes", 0, 0);
    put_view(views + 16, 0, "", 0, 0);
    put_view(views + 32, 14, "thir", 0, 2);
    put_view(views + 48, 19, "a bu", 1, 0);
    begin(&x, "binary");
    cw__view v = {.node = x.s->leaves[0].node,
                  .layout = CW__LAYOUT_BYTES_VIEW,
                  .width = 16,
                  .length = 4,
                  .values = views,
                  .buffers = buffers,
                  .buffer_bytes = sizes,
                  .scale = 1};
    CHECK_INT(cw__gather_bytes(&v, 0, 4), 45);
    take(&x, &v, 0, 4);
    check_bytes(&x, "twelve bytesthirteen bytesa buffer of its own", want, 4);
    end(&x);
}

/* Two halves of a character are no text, though together they are. */
static void text_is_utf8_value_by_value(void)
{
    static const char bytes[] = "ok\xC3\xA9\xFF";
    static const int32_t halves[] = {0, 2, 3, 4}, whole[] = {0, 2, 4}, wrong[] = {0, 4, 5};
    gathered x;

    begin(&x, "string");
    cw__view v = {.node = x.s->leaves[0].node,
                  .layout = CW__LAYOUT_BYTES32,
                  .length = 3,
                  .values = bytes,
                  .values_bytes = -1,
                  .offsets = whole,
                  .scale = 1};
    take(&x, &v, 0, 2);
    v.offsets = halves;
    refused(&x, &v, 3, 1, "is not UTF-8");
    v.offsets = wrong;
    refused(&x, &v, 2, 1, "is not UTF-8");
    CHECK_INT(x.to.count, 2);
    end(&x);
    begin(&x, "binary");
    v.node = x.s->leaves[0].node;
    take(&x, &v, 0, 2);
    end(&x);
}

/* A row group's byte arrays are counted in 32 bits. */
static void more_than_4_gib_are_refused(void)
{
    static const int64_t offsets[] = {0, INT64_C(1) << 32};
    gathered x;

    begin(&x, "binary");
    cw__view v = {.node = x.s->leaves[0].node,
                  .layout = CW__LAYOUT_BYTES64,
                  .length = 1,
                  .values = "",
                  .values_bytes = -1,
                  .offsets = offsets,
                  .scale = 1};
    refused(&x, &v, 1, 0, "makes the column longer than 4 GiB within one row group");
    end(&x);
}

/* ---- which fits which ---- */

static void layouts_and_widths_that_do_not_fit(void)
{
    static const struct {
        const char *type;
        cw__layout layout;
        uint32_t width;
        bool fits;
    } cases[] = {
        {"int32", CW__LAYOUT_FIXED, 4, true},         {"int32", CW__LAYOUT_FIXED, 8, false},
        {"int8", CW__LAYOUT_FIXED, 1, true},          {"int8", CW__LAYOUT_FIXED, 4, false},
        {"date", CW__LAYOUT_FIXED, 4, true},          {"date", CW__LAYOUT_FIXED, 8, true},
        {"time(us,utc)", CW__LAYOUT_FIXED, 8, true},  {"time(us,utc)", CW__LAYOUT_FIXED, 4, false},
        {"fixed(7)", CW__LAYOUT_FIXED, 7, true},      {"fixed(7)", CW__LAYOUT_FIXED, 8, false},
        {"uuid", CW__LAYOUT_FIXED, 16, true},         {"string", CW__LAYOUT_FIXED, 16, false},
        {"string", CW__LAYOUT_BYTES_VIEW, 16, true},  {"fixed(16)", CW__LAYOUT_BYTES32, 0, false},
        {"boolean", CW__LAYOUT_BITS, 0, true},        {"boolean", CW__LAYOUT_FIXED, 1, false},
        {"decimal(9,2)", CW__LAYOUT_FIXED, 16, true}, {"decimal(9,2)", CW__LAYOUT_FIXED, 5, false},
        {"int96", CW__LAYOUT_NULL, 0, true},          {"int32", CW__LAYOUT_STRUCT, 0, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gathered x;
        begin(&x, cases[i].type);
        bool fits = cw__can_gather(x.s->leaves[0].node, cases[i].layout, cases[i].width);
        if (fits != cases[i].fits)
            CHECK_STR(cases[i].type, "as expected");
        end(&x);
    }
}

int main(int argc, char **argv)
{
    TEST(numbers_of_their_width_are_copied);
    TEST(narrow_integers_become_int32);
    TEST(booleans_take_a_byte_each);
    TEST(booleans_begin_and_end_at_any_bit);
    TEST(seconds_become_milliseconds);
    TEST(milliseconds_become_days);
    TEST(decimals_of_few_digits_are_integers);
    TEST(decimals_of_many_digits_are_big_endian);
    TEST(byte_arrays_by_offsets);
    TEST(byte_arrays_by_views);
    TEST(text_is_utf8_value_by_value);
    TEST(more_than_4_gib_are_refused);
    TEST(layouts_and_widths_that_do_not_fit);
    return test_end();
}
