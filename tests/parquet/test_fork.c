/* test_fork.c - the child of a fork can free an encoder that it inherits, and nothing else */
#include "parquet/shelf.h"
#include "parquet/table.h"

#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 3000 };

/* In the child the threads are gone, and with them what is on their stacks. */
static bool is_child;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return is_child;
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "die_after_fork=0";
}

static table *t;
static cw_schema *schema;

static void child_closes(cw_parquet *p, shelf *s)
{
    cw_parquet_info info;
    cw_error err;

    for (size_t i = 0; i < TABLE_WAYS; i++)
        CHECK_INT(table_ways[i].write(p, t, 0, 10), CW_E_STATE);
    CHECK(strstr(cw_parquet_error(p)->message, "fork"));
    CHECK_INT(cw_parquet_put_null(p), CW_E_STATE);
    CHECK_INT(cw_parquet_flush_row_group(p), CW_E_STATE);
    CHECK_STATUS(cw_parquet_close(p, &info, &err), CW_E_STATE, err);
    CHECK(!s->published && !s->aborted && !s->freed);
}

static void child_aborts(cw_parquet *p, shelf *s)
{
    CHECK_INT(cw_parquet_abort(p, NULL), CW_E_STATE);
    CHECK(!s->published && !s->aborted && !s->freed);
}

static void fork_with(unsigned threads, void (*child)(cw_parquet *p, shelf *s))
{
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    shelf s = {0};
    cw_parquet *p;
    cw_parquet_info info;
    cw_error err;
    cw_writer *w = shelf_open(&s, &err);
    size_t before;
    int status;
    pid_t pid;

    REQUIRE(w);
    o.threads = threads;
    o.row_group_rows = 1000;
    CHECK_OK(cw_parquet_open(&p, w, schema, &o, &err), err);
    CHECK_INT(table_by_columns(p, t, 0, 1500), CW_OK); /* the threads run */
    before = s.n;
    pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        is_child = true;
        test_failures_here = 0;
        alarm(60);
        child(p, &s);
        CHECK_INT(s.n, before);
        _exit(test_failures_here != 0);
    }
    REQUIRE(waitpid(pid, &status, 0) == pid);
    CHECK_INT(status, 0);
    CHECK_INT(table_by_rows(p, t, 1500, ROWS), CW_OK);
    CHECK_OK(cw_parquet_close(p, &info, &err), err);
    CHECK_INT(info.rows, ROWS);
    CHECK(s.published && s.freed);
    shelf_clear(&s);
}

static void a_child_that_closes(void)
{
    fork_with(0, child_closes);
    fork_with(4, child_closes);
}

static void a_child_that_aborts(void)
{
    fork_with(0, child_aborts);
    fork_with(4, child_aborts);
}

int main(int argc, char **argv)
{
    cw_error err;

    REQUIRE(cw_schema_parse(&schema, table_schema, &err) == CW_OK);
    t = table_new(ROWS, 3);
    TEST(a_child_that_closes);
    TEST(a_child_that_aborts);
    table_free(t);
    cw_schema_free(schema);
    return test_end();
}
