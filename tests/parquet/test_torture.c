/* test_torture.c - a Parquet file is there whole, or not at all, whatever fails
 *
 * The Nth allocation fails, once and from then on; the sink fails at byte N; publishing fails; what
 * is written is wrong. After each run: nothing is published unless close said so, the first error
 * stays, no memory is left behind.
 */
#include "fault_alloc.h"
#include "parquet/shelf.h"
#include "parquet/table.h"

#include <limits.h>

enum { ROWS = 260, MOST_ALLOCATIONS = 20000, BYTE_STEPS = 97 };

static table *t;
static cw_schema *schema;
static shelf right; /* the file as it should be */
static size_t way;
static unsigned threads;

static cw_parquet_options options(void)
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;

    o.memory_bytes = 4 << 20;
    o.row_group_rows = 100;
    o.page_rows = 40;
    o.threads = threads;
    o.bloom_filters = CW_CHOICE_YES;
    o.arrow_schema = CW_CHOICE_YES;
    return o;
}

/* After a failure every call says the same. */
static void check_sticky(cw_parquet *p)
{
    cw_status st = cw_parquet_error(p)->status;

    CHECK(st != CW_OK);
    for (size_t i = 0; i < TABLE_WAYS; i++)
        CHECK_INT(table_ways[i].write(p, t, 0, 1), st);
    CHECK_INT(cw_parquet_put_null(p), st);
    CHECK_INT(cw_parquet_flush_row_group(p), st);
    CHECK_INT(cw_parquet_error(p)->status, st);
}

static cw_status write_file(shelf *s, cw_error *err)
{
    const cw_parquet_options o = options();
    cw_writer *w = shelf_open(s, err);
    cw_parquet_info info;
    cw_parquet *p;
    cw_status st;

    if (!w)
        return err->status;
    st = cw_parquet_open(&p, w, schema, &o, err);
    if (st != CW_OK) {
        CHECK(!p);
        cw_writer_abort(w, NULL);
        return st;
    }
    for (size_t from = 0; from < ROWS && st == CW_OK; from += 65)
        st = table_ways[way].write(p, t, from, from + 65);
    if (st != CW_OK)
        check_sticky(p);
    if (st == CW_OK)
        return cw_parquet_close(p, &info, err);
    CHECK_INT(cw_parquet_close(p, &info, err), st);
    CHECK_INT(info.rows, 0);
    return st;
}

static void say_run(const char *what, long n, const char *wrong, const cw_error *err)
{
    char text[900];

    snprintf(text, sizeof text, "by %s, %u threads, %s %ld: %s (%s: %s)", table_ways[way].name,
             threads, what, n, wrong, cw_status_name(err->status), err->message);
    test_say(__FILE__, __LINE__, text);
}

/* ---- allocations ---- */

static bool for_ever;

/* False once the Nth allocation was not reached. */
static bool allocation_fails(long nth)
{
    shelf s = {0};
    cw_error err = {0};
    cw_status st;
    long calls;

    fault_install();
    fault_arm(nth, for_ever ? LONG_MAX : nth);
    st = write_file(&s, &err);
    calls = fault_disarm();
    if (st != CW_OK && st != CW_E_NO_MEMORY)
        say_run("allocation", nth, "that is not a lack of memory", &err);
    if (s.published != (st == CW_OK))
        say_run("allocation", nth, "close does not tell the truth", &err);
    if (st == CW_OK && (s.n != right.n || memcmp(s.p, right.p, s.n) != 0))
        say_run("allocation", nth, "the file is another one", &err);
    if (st != CW_OK && calls < nth)
        say_run("allocation", nth, "it fails although every allocation worked", &err);
    if (fault_end() != 0)
        say_run("allocation", nth, "allocations are still alive", &err);
    shelf_clear(&s);
    return calls >= nth;
}

static void every_allocation(void)
{
    long nth = 1;

    while (allocation_fails(nth) && nth < MOST_ALLOCATIONS && test_failures_here < 10)
        nth++;
    CHECK(nth > 50 && nth < MOST_ALLOCATIONS);
}

static void each_way(void (*run)(void))
{
    for (threads = UNDER_TSAN ? 3 : 0; threads <= 3; threads += 3)
        for (way = 0; way < TABLE_WAYS; way++)
            run();
    threads = 0;
    way = 0;
}

static void an_allocation_fails(void)
{
    for_ever = false;
    each_way(every_allocation);
}

static void all_allocations_fail(void)
{
    for_ever = true;
    each_way(every_allocation);
}

/* ---- the sink ---- */

static void sink_fails_at(size_t n)
{
    shelf s = {.most = n};
    cw_error err = {0};
    cw_status st = write_file(&s, &err);

    if (st != CW_E_IO || !strstr(err.message, "the shelf is full"))
        say_run("sink fails at byte", (long)n, "that is not its error", &err);
    if (s.published || !s.freed)
        say_run("sink fails at byte", (long)n, "something is left", &err);
    shelf_clear(&s);
}

static void every_byte(void)
{
    size_t step = right.n / BYTE_STEPS + 1;

    for (size_t n = 1; n < right.n; n += step)
        sink_fails_at(n);
    for (size_t back = 1; back < 10; back++)
        sink_fails_at(right.n - back);
}

static void the_sink_fails(void)
{
    each_way(every_byte);
}

static void publishing_fails(void)
{
    shelf s = {.fails_to_publish = true};
    cw_error err = {0};

    CHECK_STATUS(write_file(&s, &err), CW_E_UNAVAILABLE, err);
    CHECK(!s.published && s.aborted && s.freed);
    shelf_clear(&s);
}

static void abort_publishes_nothing(void)
{
    const cw_parquet_options o = options();
    shelf s = {0};
    cw_parquet *p;
    cw_error err;
    cw_writer *w = shelf_open(&s, &err);

    REQUIRE(w);
    CHECK_OK(cw_parquet_open(&p, w, schema, &o, &err), err);
    CHECK_INT(table_by_columns(p, t, 0, ROWS), CW_OK);
    CHECK_INT(cw_parquet_abort(p, &err), CW_OK);
    CHECK(!s.published && s.aborted && s.freed);
    CHECK_INT(cw_parquet_abort(NULL, &err), CW_OK);
    shelf_clear(&s);
}

/* ---- what is written is wrong ---- */

static void a_row_that_is_not_ended(void)
{
    const cw_parquet_options o = options();
    shelf s = {0};
    cw_parquet *p;
    cw_error err;
    cw_writer *w = shelf_open(&s, &err);

    REQUIRE(w);
    CHECK_OK(cw_parquet_open(&p, w, schema, &o, &err), err);
    CHECK_INT(table_by_values(p, t, 0, 10), CW_OK);
    CHECK_INT(cw_parquet_put_int(p, 1), CW_OK);
    CHECK_STATUS(cw_parquet_close(p, NULL, &err), CW_E_STATE, err);
    CHECK(!s.published && s.freed);
    shelf_clear(&s);
}

static void another_way_within_a_row(void)
{
    const cw_parquet_options o = options();
    shelf s = {0};
    cw_parquet *p;
    cw_error err;
    cw_writer *w = shelf_open(&s, &err);

    REQUIRE(w);
    CHECK_OK(cw_parquet_open(&p, w, schema, &o, &err), err);
    CHECK_INT(cw_parquet_put_int(p, 1), CW_OK);
    CHECK_INT(table_by_columns(p, t, 0, 10), CW_E_STATE);
    CHECK_INT(cw_parquet_error(p)->status, CW_E_STATE);
    check_sticky(p);
    CHECK_STATUS(cw_parquet_close(p, NULL, &err), CW_E_STATE, err);
    CHECK(!s.published && s.freed);
    shelf_clear(&s);
}

static void a_row_too_large_for_the_memory(void)
{
    const cw_parquet_options o = options();
    const int32_t offsets[] = {0, 2 << 20};
    char *text = calloc(1, 2 << 20);
    cw_schema *one;
    shelf s = {0};
    cw_parquet *p;
    cw_error err;
    cw_writer *w = shelf_open(&s, &err);

    REQUIRE(w && text);
    CHECK_OK(cw_schema_parse(&one, "message m { required string s; }", &err), err);
    CHECK_OK(cw_parquet_open(&p, w, one, &o, &err), err);
    CHECK_INT(cw_parquet_write_columns(p, &(cw_column){.values = text, .offsets = offsets}, 1, 1),
              CW_E_TOO_LARGE);
    CHECK(strstr(cw_parquet_error(p)->message, "memory_bytes"));
    CHECK_STATUS(cw_parquet_close(p, NULL, &err), CW_E_TOO_LARGE, err);
    CHECK(!s.published && s.freed);
    shelf_clear(&s);
    cw_schema_free(one);
    free(text);
}

/* Texts without a byte need no values, all others do. */
static void columns_without_their_buffers(void)
{
    static const int32_t some[] = {0, 2, 5}, empty[] = {7, 7, 7};
    static const struct {
        cw_column column;
        const char *why;
    } cases[] = {{{.offsets = some}, "column 's' has no values"},
                 {{.values = "abcde"}, "column 's' has no offsets"},
                 {{.offsets = empty}, ""}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        shelf s = {0};
        cw_schema *one;
        cw_parquet *p;
        cw_error err;
        cw_writer *w = shelf_open(&s, &err);

        REQUIRE(w);
        CHECK_OK(cw_schema_parse(&one, "message m { required string s; }", &err), err);
        CHECK_OK(cw_parquet_open(&p, w, one, NULL, &err), err);
        CHECK_INT(cw_parquet_write_columns(p, &cases[i].column, 1, 2),
                  *cases[i].why ? CW_E_INVALID_ARGUMENT : CW_OK);
        CHECK_STR(cw_parquet_error(p)->message, cases[i].why);
        cw_parquet_abort(p, NULL);
        shelf_clear(&s);
        cw_schema_free(one);
    }
}

int main(int argc, char **argv)
{
    cw_error err;

    REQUIRE(cw_schema_parse(&schema, table_schema, &err) == CW_OK);
    t = table_new(ROWS, 2);
    REQUIRE(write_file(&right, &err) == CW_OK);
    TEST(an_allocation_fails);
    TEST(all_allocations_fail);
    TEST(the_sink_fails);
    TEST(publishing_fails);
    TEST(abort_publishes_nothing);
    TEST(a_row_that_is_not_ended);
    TEST(another_way_within_a_row);
    TEST(a_row_too_large_for_the_memory);
    TEST(columns_without_their_buffers);
    shelf_clear(&right);
    table_free(t);
    cw_schema_free(schema);
    return test_end();
}
