/* test_parquet_file.c - what is written verifies, and what is damaged does not */
#include <cloudwriter/cloudwriter.h>
#include <stdlib.h>

#include "harness.h"

enum { ROWS = 3000 };

typedef struct row {
    int64_t id;
    double price;
    const char *name;
    cw_items tags;
} row;

static const cw_member tag_members[] = {CW_ELEMENT(int32_t)};
static const cw_member members[] = {CW_FIELD(row, id), CW_FIELD(row, price), CW_FIELD(row, name),
                                    CW_FIELD_LIST(row, tags, int32_t, tag_members)};

static cw_schema *make_schema(void)
{
    cw_schema *s;
    cw_error err;

    CHECK_OK(cw_schema_parse(&s,
                             "message rows {\n"
                             "  required int64 id;\n"
                             "  required double price;\n"
                             "  optional string name;\n"
                             "  optional list tags { required int32 element; }\n"
                             "}\n",
                             &err),
             err);
    REQUIRE(s);
    return s;
}

static void write_rows(cw_parquet *p)
{
    static const int32_t numbers[] = {1, 2, 3, 4, 5};
    static const char *const names[] = {"Anna", "Bert", NULL, "C\xc3\xa9line", ""};

    for (int i = 0; i < ROWS; i++) {
        row r = {.id = 1000 + i,
                 .price = i % 7 * 0.25,
                 .name = names[i % 5],
                 .tags = {numbers, (size_t)(i % 4)}};
        REQUIRE(cw_parquet_write_rows(p, members, 4, &r, 1, sizeof r) == CW_OK);
    }
}

static void write_file(const char *url, const cw_parquet_options *o)
{
    cw_schema *s = make_schema();
    cw_parquet *p;
    cw_writer *w;
    cw_error err;

    CHECK_OK(cw_writer_open(&w, NULL, url, NULL, &err), err);
    CHECK_OK(cw_parquet_open(&p, w, s, o, &err), err);
    REQUIRE(p);
    write_rows(p);
    CHECK_OK(cw_parquet_close(p, NULL, &err), err);
    cw_schema_free(s);
}

static int count_fault(void *user, const cw_parquet_fault *fault)
{
    (void)user;
    if (getenv("CW_TEST_FAULTS"))
        fprintf(stderr, "    %s: %s\n", fault->column ? fault->column : "", fault->message);
    return 0;
}

/* Faults that were found; -1: it is not taken for a Parquet file. */
static int64_t verify(const char *url, cw_parquet_verified *v)
{
    cw_parquet_file *f;
    cw_error err;
    int64_t faults = -1;

    if (cw_parquet_file_open(&f, NULL, url, &err) != CW_OK)
        return -1;
    if (cw_parquet_file_verify(f, count_fault, NULL, v, &err) == CW_OK)
        faults = (int64_t)v->faults;
    cw_parquet_file_close(f);
    return faults;
}

static void check_sound(const cw_parquet_options *o)
{
    cw_parquet_verified v;

    write_file("mem://file", o);
    CHECK_INT(verify("mem://file", &v), 0);
    CHECK_INT(v.skipped, 0);
    CHECK(v.pages >= 4 && v.values > 4 * ROWS);
    if (o->statistics != CW_CHOICE_NO)
        CHECK(v.statistics >= 16);
    if (o->page_checksums != CW_CHOICE_NO)
        CHECK(v.checksums >= v.pages);
    if (o->bloom_filters == CW_CHOICE_YES)
        CHECK_INT(v.bloom_filters, 4 * v.row_groups);
}

/* liblz4 is looked for at run time; where CI=true it has to be there. */
static bool is_here(cw_parquet_codec codec)
{
    cw_schema *s = make_schema();
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    const char *ci = getenv("CI");
    cw_parquet *p = NULL;
    cw_writer *w;
    cw_error err;

    o.codec = codec;
    CHECK_OK(cw_writer_open(&w, NULL, "mem://codec", NULL, &err), err);
    bool here = cw_parquet_open(&p, w, s, &o, &err) == CW_OK;
    if (here)
        cw_parquet_abort(p, NULL);
    else
        cw_writer_abort(w, NULL);
    if (!here && ci && strcmp(ci, "true") == 0)
        CHECK_OK(err.status, err);
    else if (!here)
        fprintf(stderr, "    left out: %s\n", err.message);
    cw_schema_free(s);
    return here;
}

static void what_is_written_is_sound(void)
{
    static const cw_parquet_codec codecs[] = {CW_CODEC_NONE, CW_CODEC_ZSTD, CW_CODEC_GZIP,
                                              CW_CODEC_SNAPPY, CW_CODEC_LZ4_RAW};
    bool here[5];

    for (size_t c = 0; c < 5; c++)
        here[c] = is_here(codecs[c]);
    for (int e = 0; e <= CW_ENCODING_BYTE_STREAM_SPLIT; e++)
        for (size_t c = 0; c < 5; c++)
            for (int v2 = 0; here[c] && v2 < 2; v2++) {
                cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
                o.codec = codecs[c];
                o.data_page_v2 = v2;
                o.page_rows = 700;
                o.row_group_rows = 2000;
                o.bloom_filters = c == 1 ? CW_CHOICE_YES : CW_CHOICE_NO;
                o.statistics = c == 2 ? CW_CHOICE_NO : CW_CHOICE_YES;
                o.page_checksums = c == 0 ? CW_CHOICE_NO : CW_CHOICE_YES;
                o.encoding = CW_ENCODING_AUTO;
                cw_parquet_column_options column = {.path = e == CW_ENCODING_RLE ? "id" : "name"};
                if (e == CW_ENCODING_DELTA_BINARY_PACKED || e == CW_ENCODING_BYTE_STREAM_SPLIT)
                    column.path = "id";
                column.encoding = e == CW_ENCODING_RLE ? CW_ENCODING_PLAIN : (cw_parquet_encoding)e;
                o.columns = &column;
                o.column_count = 1;
                check_sound(&o);
            }
}

static int keep_fault(void *user, const cw_parquet_fault *fault)
{
    snprintf(user, 200, "%s: %s", fault->column, fault->message);
    return 0;
}

/* The faults of a file that says that it is sorted so; `last`: one of them. */
static uint64_t verify_sorted(const cw_parquet_sorting *by, size_t n, char last[200])
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    cw_parquet_verified v;
    cw_parquet_file *f;
    cw_error err;

    o.page_rows = 70;
    o.row_group_rows = ROWS / 2;
    o.sorting = by;
    o.sorting_count = n;
    last[0] = '\0';
    write_file("mem://sorted", &o);
    CHECK_OK(cw_parquet_file_open(&f, NULL, "mem://sorted", &err), err);
    REQUIRE(f);
    CHECK_OK(cw_parquet_file_verify(f, keep_fault, last, &v, &err), err);
    cw_parquet_file_close(f);
    CHECK_INT(v.sorted, strcmp(by[0].path, "tags.list.element") == 0 ? 0 : 2);
    return v.faults;
}

static void the_order_that_is_said_is_checked(void)
{
    const cw_parquet_sorting up = {"id", 0, 0}, down = {"id", 1, 0}, price = {"price", 0, 0},
                             name = {"name", 0, 1}, tags = {"tags.list.element", 0, 0};
    char last[200];

    CHECK_INT(verify_sorted(&up, 1, last), 0);
    CHECK_INT(verify_sorted((cw_parquet_sorting[]){up, price}, 2, last), 0);
    CHECK_INT(verify_sorted(&down, 1, last), 2);
    CHECK_STR(last, "id: row 1 of the row group is not in the order that sorting_columns says, nor "
                    "are 1498 others");
    CHECK_INT(verify_sorted((cw_parquet_sorting[]){price, down}, 2, last), 2);
    CHECK(strncmp(last, "price: row ", 11) == 0);
    CHECK_INT(verify_sorted(&name, 1, last), 2);
    CHECK(strncmp(last, "name: row 2 ", 12) == 0);
    CHECK_INT(verify_sorted((cw_parquet_sorting[]){tags, down}, 2, last), 0);
}

/* Put `n` bytes under a name. */
static void put(const char *url, const void *p, size_t n)
{
    cw_writer *w;
    cw_error err;

    CHECK_OK(cw_writer_open(&w, NULL, url, NULL, &err), err);
    CHECK_INT(cw_writer_write(w, p, n), CW_OK);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
}

static unsigned char *take_file(const cw_parquet_options *o, size_t *n)
{
    const void *p;

    write_file("mem://file", o);
    REQUIRE(cw_memory_get("file", &p, n) == CW_OK);
    unsigned char *copy = malloc(*n);
    REQUIRE(copy);
    memcpy(copy, p, *n);
    return copy;
}

static size_t footer_of(const unsigned char *p, size_t n)
{
    return n - 8 - (p[n - 8] | (size_t)p[n - 7] << 8 | (size_t)p[n - 6] << 16);
}

/* One thread reads: of the bytes, every fourth is enough for the thread sanitizer. */
enum { SPARSELY = UNDER_TSAN ? 4 : 1 };

/* A few bytes say nothing that could be wrong, or a bound that is wider than it need be. */
static void damaged_bytes_are_found(void)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    cw_parquet_verified v;
    size_t n, missed = 0, tried = 0;

    o.bloom_filters = CW_CHOICE_YES;
    unsigned char *p = take_file(&o, &n);
    size_t footer = footer_of(p, n);
    for (size_t i = 4; i < footer; i += 3 * SPARSELY) {
        p[i] ^= (unsigned char)(1u << i % 8);
        put("mem://damaged", p, n);
        int64_t faults = verify("mem://damaged", &v);
        missed += faults == 0;
        if (faults == 0 && getenv("CW_TEST_FAULTS"))
            fprintf(stderr, "    byte %zu of %zu, bit %zu\n", i, footer, i % 8);
        tried++;
        p[i] ^= (unsigned char)(1u << i % 8);
    }
    CHECK(tried > 1000 / SPARSELY);
    CHECK(missed * 50 < tried);
    free(p);
}

static void damaged_footers_do_no_harm(void)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    cw_parquet_verified v;
    size_t n, found = 0, tried = 0;

    o.bloom_filters = CW_CHOICE_YES;
    unsigned char *p = take_file(&o, &n);
    for (size_t i = footer_of(p, n); i < n; i += SPARSELY)
        for (unsigned bit = 0; bit < 8; bit += 3) {
            p[i] ^= (unsigned char)(1u << bit);
            put("mem://damaged", p, n);
            found += verify("mem://damaged", &v) != 0;
            tried++;
            p[i] ^= (unsigned char)(1u << bit);
        }
    CHECK(found > tried / 2);
    for (size_t cut = 0; cut < n; cut += 1 + cut / 50) {
        put("mem://damaged", p, cut);
        CHECK(verify("mem://damaged", &v) != 0);
    }
    free(p);
}

static int append(void *user, const char *text, size_t n)
{
    char *to = user;
    size_t used = strlen(to);

    if (used + n < 60000) {
        memcpy(to + used, text, n);
        to[used + n] = '\0';
    }
    return 0;
}

static int refuse(void *user, const char *text, size_t n)
{
    (void)user;
    (void)text;
    (void)n;
    return 1;
}

static void printing(void)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    char *text = calloc(1, 60001);
    cw_parquet_file *f;
    cw_error err;

    REQUIRE(text);
    const cw_parquet_sorting by[] = {{"id", 0, 0}, {"name", 1, 1}};

    o.sorting = by;
    o.sorting_count = 2;
    write_file("mem://file", &o);
    CHECK_OK(cw_parquet_file_open(&f, NULL, "mem://file", &err), err);
    REQUIRE(f);
    CHECK_INT(cw_parquet_file_rows(f), ROWS);
    CHECK_INT(cw_parquet_file_row_groups(f), 1);
    CHECK_OK(cw_parquet_file_print(f, CW_PARQUET_PRINT_SCHEMA, append, text, &err), err);
    CHECK(strstr(text, "optional list tags"));
    CHECK_OK(cw_parquet_file_print(f, CW_PARQUET_PRINT_META, append, text, &err), err);
    CHECK(strstr(text, "3000 rows") && strstr(text, "1000 to 3999"));
    CHECK(strstr(text, "  sorted by id, name descending nulls first\n"));
    text[0] = '\0';
    CHECK_OK(cw_parquet_file_print(f, CW_PARQUET_PRINT_META_JSON, append, text, &err), err);
    CHECK(strstr(text, "\"rows\":3000") && strstr(text, "\"min\":1000"));
    CHECK(strstr(text, "\"sorting_columns\":[{\"path\":\"id\",\"descending\":false,"
                       "\"nulls_first\":false},{\"path\":\"name\",\"descending\":true,"
                       "\"nulls_first\":true}],\"columns\":["));
    CHECK_STATUS(cw_parquet_file_print(f, CW_PARQUET_PRINT_META, refuse, NULL, &err),
                 CW_E_CANCELLED, err);
    cw_parquet_file_close(f);
    cw_parquet_file_close(NULL);
    free(text);
}

int main(int argc, char **argv)
{
    TEST(what_is_written_is_sound);
    TEST(the_order_that_is_said_is_checked);
    TEST(damaged_bytes_are_found);
    TEST(damaged_footers_do_no_harm);
    TEST(printing);
    cw_memory_remove(NULL);
    return test_end();
}
