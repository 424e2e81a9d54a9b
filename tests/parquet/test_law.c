/* test_law.c - the bytes of a file depend on the data and the options alone
 *
 * One table is written in one call by columns; then by every way in, cut in every manner, with any
 * number of threads, under several sets of options. Each file must be the same, byte for byte.
 */
#include "parquet/shelf.h"
#include "parquet/table.h"

enum { ROWS = 9000, RANDOM_RUNS = 6 };

static table *t;
static cw_schema *schema;

/* ---- how the rows are cut into calls ---- */

typedef struct cutting {
    size_t step;   /* rows for each call; 0: by chance */
    bool mixed;    /* every call another way */
    uint64_t seed; /* of chance */
} cutting;

static size_t next_cut(cutting *c, size_t from)
{
    size_t n = c->step;

    if (n == 0)
        n = table_random(&c->seed) % 8 ? table_random(&c->seed) % 50
                                       : table_random(&c->seed) % 5000;
    return n > t->rows - from ? t->rows : from + n;
}

static void write_all(cw_parquet *p, size_t way, cutting c)
{
    for (size_t from = 0, to; from < t->rows; from = to) {
        to = next_cut(&c, from);
        if (c.mixed)
            way = table_random(&c.seed) % TABLE_WAYS;
        if (table_ways[way].write(p, t, from, to) != CW_OK)
            return;
    }
}

static void write_file(shelf *s, const cw_parquet_options *o, size_t way, cutting c)
{
    cw_parquet_info info = {0};
    cw_parquet *p;
    cw_error err;
    cw_writer *w = shelf_open(s, &err);

    REQUIRE(w);
    CHECK_OK(cw_parquet_open(&p, w, schema, o, &err), err);
    REQUIRE(p);
    write_all(p, way, c);
    CHECK_OK(cw_parquet_close(p, &info, &err), err);
    CHECK_INT(info.rows, t->rows);
    CHECK_INT(info.bytes, s->n);
    CHECK(s->published && s->freed);
}

/* ---- all under one set of options ---- */

static shelf right;

static void compare(const cw_parquet_options *o, size_t way, cutting c)
{
    shelf s = {0};
    char text[200];

    write_file(&s, o, way, c);
    if (s.n != right.n || memcmp(s.p, right.p, s.n) != 0) {
        size_t at = 0;

        while (at < s.n && at < right.n && s.p[at] == right.p[at])
            at++;
        snprintf(text, sizeof text,
                 "%s, calls of %zu rows, %u threads: byte %zu differs (%zu, %zu)",
                 c.mixed ? "mixed" : table_ways[way].name, c.step, o->threads, at, s.n, right.n);
        test_say(__FILE__, __LINE__, text);
    }
    shelf_clear(&s);
}

/* By the thread of the caller. */
static void all_cuts(const cw_parquet_options *o)
{
    static const size_t steps[] = {1, 7, 4096, ROWS};

    for (size_t way = 0; way < TABLE_WAYS; way++)
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
            compare(o, way, (cutting){.step = steps[i]});
    for (uint64_t i = 0; i < RANDOM_RUNS; i++) {
        compare(o, (size_t)i % TABLE_WAYS, (cutting){.seed = i});
        compare(o, 0, (cutting){.mixed = true, .seed = 100 + i});
    }
}

static void all_the_same(cw_parquet_options o)
{
    static const unsigned threads[] = {1, 2, 3, 5, 9};

    o.threads = 0;
    write_file(&right, &o, 0, (cutting){.step = ROWS});
    if (!UNDER_TSAN)
        all_cuts(&o);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        o.threads = threads[i];
        compare(&o, 0, (cutting){.step = ROWS});
        compare(&o, 1, (cutting){.seed = o.threads});
    }
    shelf_clear(&right);
}

static cw_parquet_options small(void)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;

    o.memory_bytes = 4 << 20;
    return o;
}

static void by_default(void)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;

    all_the_same(o);
}

static void row_groups_by_rows(void)
{
    cw_parquet_options o = small();

    o.row_group_rows = 777;
    o.page_rows = 100;
    all_the_same(o);
}

static void row_groups_by_bytes(void)
{
    cw_parquet_options o = small();

    o.row_group_bytes = 50000;
    o.page_bytes = 3000;
    o.bloom_filters = CW_CHOICE_YES;
    all_the_same(o);
}

static void a_row_group_for_each_row(void)
{
    cw_parquet_options o = small();

    t->rows = 150;
    o.row_group_bytes = 1;
    o.codec = CW_CODEC_NONE;
    all_the_same(o);
    t->rows = ROWS;
}

static void other_pages(void)
{
    cw_parquet_options o = small();

    o.data_page_v2 = 1;
    o.codec = CW_CODEC_GZIP;
    o.page_rows = 333;
    o.arrow_schema = CW_CHOICE_YES;
    o.statistics = CW_CHOICE_NO;
    all_the_same(o);
}

/* Many pages for each chunk, and memory for as many threads: of 4 MiB none has its share. */
static void pages_by_several_threads(void)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;

    o.memory_bytes = 128 << 20;
    o.page_rows = 100;
    o.row_group_rows = 4000;
    o.bloom_filters = CW_CHOICE_YES;
    all_the_same(o);
    o.data_page_v2 = 1;
    o.page_bytes = 700;
    all_the_same(o);
}

/* ---- what fails ---- */

/* Two columns of a large batch that cannot be: the first one is told. */
static void the_same_failure(void)
{
    enum { COLUMNS = 6, VALUES = 100000 };
    static const unsigned threads[] = {0, 2, 4, 9};
    static int32_t offsets[VALUES + 1];
    static char text[3][4 * VALUES];
    cw_column columns[COLUMNS];
    cw_schema *texts;
    cw_error err;

    REQUIRE(cw_schema_new(&texts, &err) == CW_OK);
    for (int i = 0; i < 3; i++)
        memset(text[i], 'x', sizeof text[i]);
    text[1][4 * 60000] = text[2][4 * 10] = (char)0xFF;
    for (int32_t i = 0; i <= VALUES; i++)
        offsets[i] = 4 * i;
    for (size_t i = 0; i < COLUMNS; i++) {
        char name[] = {(char)('a' + i), 0};
        cw_field f = {.name = name, .type = CW_TYPE_STRING};

        REQUIRE(cw_schema_add(texts, &f, &err) == CW_OK);
        columns[i] = (cw_column){.values = text[i < 3 ? 0 : i == 3 ? 1 : 2], .offsets = offsets};
    }
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
        shelf s = {0};
        cw_parquet *p;
        cw_writer *w = shelf_open(&s, &err);

        o.threads = threads[i];
        REQUIRE(w);
        CHECK_OK(cw_parquet_open(&p, w, texts, &o, &err), err);
        REQUIRE(p);
        CHECK_INT(cw_parquet_write_columns(p, columns, COLUMNS, VALUES), CW_E_INVALID_ARGUMENT);
        CHECK_STR(cw_parquet_error(p)->message, "column 'd', row 60000: the value is not UTF-8");
        cw_parquet_abort(p, NULL);
        CHECK(!s.published && s.freed);
        shelf_clear(&s);
    }
    cw_schema_free(texts);
}

/* ---- row groups that the caller ends ---- */

static void flushed_where_the_caller_says(void)
{
    cw_parquet_options o = small();
    cw_parquet_info info = {0};
    shelf a = {0}, b = {0};

    for (size_t way = 0; way < TABLE_WAYS; way++) {
        shelf *s = way ? &b : &a;
        cw_parquet *p;
        cw_error err;
        cw_writer *w = shelf_open(s, &err);

        REQUIRE(w);
        CHECK_OK(cw_parquet_open(&p, w, schema, &o, &err), err);
        CHECK_INT(cw_parquet_flush_row_group(p), CW_OK); /* no rows: nothing */
        CHECK_INT(table_ways[way].write(p, t, 0, 1000), CW_OK);
        CHECK_INT(cw_parquet_flush_row_group(p), CW_OK);
        CHECK_INT(cw_parquet_flush_row_group(p), CW_OK);
        CHECK_INT(table_ways[way].write(p, t, 1000, 1010), CW_OK);
        CHECK_INT(table_ways[way].write(p, t, 1010, 1010), CW_OK);
        CHECK_OK(cw_parquet_close(p, &info, &err), err);
        CHECK_INT(info.rows, 1010);
        CHECK_INT(info.row_groups, 2);
        if (way)
            CHECK(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
    }
    shelf_clear(&a);
    shelf_clear(&b);
}

int main(int argc, char **argv)
{
    cw_error err;

    REQUIRE(cw_schema_parse(&schema, table_schema, &err) == CW_OK);
    t = table_new(ROWS, 1);
    TEST(by_default);
    TEST(row_groups_by_rows);
    TEST(row_groups_by_bytes);
    TEST(a_row_group_for_each_row);
    TEST(other_pages);
    TEST(pages_by_several_threads);
    TEST(the_same_failure);
    TEST(flushed_where_the_caller_says);
    table_free(t);
    cw_schema_free(schema);
    return test_end();
}
