/* test_sink_memory.c - objects in memory, and the forwarders in front of any sink */
#include "harness.h"

#include <cloudwriter/object.h>
#include <cloudwriter/sys/allocator.h>
#include "sink/memory.h"
#include "sink/sink.h"

static cw_error err;
static cw_object_info info;

static cw_sink *open_with(const char *name, const cw_writer_options *o)
{
    cw_sink *s = NULL;
    CHECK_OK(cw__sink_memory_new(&s, name, &err), err);
    REQUIRE(s);
    CHECK_OK(cw__sink_begin(s, o, &err), err);
    return s;
}

static cw_sink *open_plain(const char *name)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    return open_with(name, &o);
}

static void put(const char *name, const char *text)
{
    cw_sink *s = open_plain(name);
    CHECK_OK(cw__sink_write(s, text, strlen(text), &err), err);
    memset(&info, 0, sizeof info);
    CHECK_OK(cw__sink_publish(s, &info, &err), err);
    CHECK_INT(info.bytes, strlen(text));
    cw__sink_free(s);
}

static void check_object(const char *name, const void *want, size_t n)
{
    const void *p;
    size_t got;
    CHECK_INT(cw_memory_get(name, &p, &got), CW_OK);
    CHECK_INT(got, n);
    CHECK(p && got == n && memcmp(p, want, n) == 0);
}

static void check_missing(const char *name)
{
    const void *p = name;
    size_t n = 1;
    CHECK_INT(cw_memory_get(name, &p, &n), CW_E_NOT_FOUND);
    CHECK(!p && n == 0);
}

static void only_publish_makes_an_object(void)
{
    cw_sink *s = open_plain("a");
    CHECK_OK(cw__sink_write(s, "hello", 5, &err), err);
    CHECK_OK(cw__sink_flush(s, &err), err);
    check_missing("a");
    CHECK_OK(cw__sink_publish(s, &info, &err), err);
    check_object("a", "hello", 5);
    cw__sink_free(s);
    check_object("a", "hello", 5);
    cw_memory_remove("a");
    check_missing("a");
    cw_memory_remove("a");
}

static void abort_and_free_publish_nothing(void)
{
    cw_sink *s = open_plain("b");
    CHECK_OK(cw__sink_write(s, "x", 1, &err), err);
    CHECK_OK(cw__sink_abort(s, &err), err);
    cw__sink_free(s);
    check_missing("b");
    s = open_plain("b");
    CHECK_OK(cw__sink_write(s, "x", 1, &err), err);
    cw__sink_free(s);
    check_missing("b");
    CHECK_OK(cw__sink_memory_new(&s, "b", &err), err);
    cw_sink_free(s);
    check_missing("b");
    cw_sink_free(NULL);
}

static void replacing(void)
{
    put("c", "first");
    put("c", "the second");
    check_object("c", "the second", 10);
    put("c", "");
    check_object("c", "", 0);
    cw_memory_remove(NULL);
    check_missing("c");
}

static void many_names(void)
{
    char name[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "many/%d", i);
        put(name, name);
    }
    for (int i = 0; i < 5000; i += 2) {
        snprintf(name, sizeof name, "many/%d", i);
        cw_memory_remove(name);
    }
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "many/%d", i);
        if (i % 2)
            check_object(name, name, strlen(name));
        else
            check_missing(name);
    }
    cw_memory_remove(NULL);
    check_missing("many/1");
}

static void lent_memory(void)
{
    static unsigned char data[3000000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 7 >> 3);
    cw_sink *s = open_plain("d");
    for (size_t at = 0, turn = 0, n; at < sizeof data; at += n, turn++) {
        void *p = NULL;
        size_t cap = 0;
        n = turn % 5 ? turn * 31 % 9000 + 1 : 70000;
        if (n > sizeof data - at)
            n = sizeof data - at;
        if (turn % 3 == 0) {
            CHECK_OK(cw__sink_write(s, data + at, n, &err), err);
            continue;
        }
        CHECK_OK(cw__sink_reserve(s, &p, &cap, &err), err);
        REQUIRE(p && cap > 0);
        n = n < cap ? n : cap;
        memcpy(p, data + at, n);
        CHECK_OK(cw__sink_commit(s, n, &err), err);
    }
    cw_stats stats = {0};
    cw__sink_stats(s, &stats);
    CHECK_INT(stats.bytes_out, sizeof data);
    CHECK_OK(cw__sink_publish(s, &info, &err), err);
    cw__sink_free(s);
    check_object("d", data, sizeof data);
    cw_memory_remove(NULL);
}

static void too_much_committed(void)
{
    void *p;
    size_t cap;
    cw_sink *s = open_plain("d");
    CHECK_OK(cw__sink_reserve(s, &p, &cap, &err), err);
    CHECK_STATUS(cw__sink_commit(s, cap + 1, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_OK(cw__sink_abort(s, &err), err);
    cw__sink_free(s);
}

static void conditions(void)
{
    cw_writer_options create = CW_WRITER_OPTIONS_INIT, match = CW_WRITER_OPTIONS_INIT;
    char quoted[160], etag[136];
    create.create_only = 1;
    match.if_match = quoted;

    cw_sink *first = open_with("e", &create), *second = open_with("e", &create);
    CHECK_OK(cw__sink_write(first, "one", 3, &err), err);
    CHECK_OK(cw__sink_write(second, "two", 3, &err), err);
    CHECK_OK(cw__sink_publish(first, &info, &err), err);
    CHECK_STATUS(cw__sink_publish(second, &info, &err), CW_E_ALREADY_EXISTS, err);
    CHECK_OK(cw__sink_abort(second, &err), err);
    cw__sink_free(first);
    cw__sink_free(second);
    check_object("e", "one", 3);

    put("e", "three");
    memcpy(etag, info.etag, sizeof etag);
    CHECK_INT(strlen(etag), 16);
    snprintf(quoted, sizeof quoted, "\"%s\"", etag);
    cw_sink *good = open_with("e", &match);
    snprintf(quoted, sizeof quoted, "%s", etag);
    cw_sink *late = open_with("e", &match);
    cw_sink *elsewhere = open_with("e2", &match);
    CHECK_OK(cw__sink_write(good, "four", 4, &err), err);
    CHECK_OK(cw__sink_publish(good, &info, &err), err);
    CHECK(strcmp(etag, info.etag) != 0);
    CHECK_STATUS(cw__sink_publish(late, &info, &err), CW_E_PRECONDITION, err);
    CHECK_STATUS(cw__sink_publish(elsewhere, &info, &err), CW_E_NOT_FOUND, err);
    cw__sink_free(good);
    cw__sink_free(late);
    cw__sink_free(elsewhere);
    check_object("e", "four", 4);
    check_missing("e2");
    cw_memory_remove(NULL);
}

static void what_is_refused(void)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_sink *s = NULL;
    const void *p;
    size_t n;
    CHECK_STATUS(cw__sink_memory_new(&s, "", &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(!s);
    CHECK_OK(cw__sink_memory_new(&s, "f", &err), err);
    o.sse = CW_SSE_S3;
    CHECK_STATUS(cw__sink_begin(s, &o, &err), CW_E_UNSUPPORTED, err);
    cw__sink_free(s);
    CHECK_INT(cw_memory_get(NULL, &p, &n), CW_E_INVALID_ARGUMENT);
    CHECK_INT(cw_memory_get("f", NULL, &n), CW_E_INVALID_ARGUMENT);
    CHECK_INT(cw_memory_get("f", &p, NULL), CW_E_INVALID_ARGUMENT);
}

/* ---- allocation failure: the n-th fails, and in a second round all from there on ---- */

static long fail_at, counted, in_use;
static bool fail_on;

static bool fails(void)
{
    long n = ++counted;
    return fail_at && (n == fail_at || (fail_on && n > fail_at));
}

static void *counting_realloc(void *user, void *p, size_t bytes)
{
    (void)user;
    void *q = fails() ? NULL : realloc(p, bytes);
    if (q && !p)
        in_use++;
    return q;
}

static void *counting_alloc(void *user, size_t bytes)
{
    return counting_realloc(user, NULL, bytes);
}

static void counting_free(void *user, void *p)
{
    (void)user;
    in_use -= p != NULL;
    free(p);
}

static cw_status store_one(const char *data, size_t n)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_sink *s = NULL;
    o.if_match = "0123456789abcdef";
    cw_status st = cw__sink_memory_new(&s, "torture", &err);
    if (st == CW_OK)
        st = cw__sink_begin(s, &o, &err);
    for (int i = 0; i < 4 && st == CW_OK; i++)
        st = cw__sink_write(s, data, n, &err);
    if (st == CW_OK)
        st = cw__sink_publish(s, &info, &err);
    cw__sink_free(s);
    return st;
}

static void out_of_memory(void)
{
    static const cw_allocator counting = {counting_alloc, counting_realloc, counting_free, NULL};
    static char data[3000];
    cw_allocator_install(&counting);
    for (int round = 0; round < 2; round++) {
        fail_on = round == 1;
        cw_status st = CW_E_NO_MEMORY;
        for (fail_at = 1; st == CW_E_NO_MEMORY && fail_at < 100; fail_at++) {
            counted = 0;
            st = store_one(data, sizeof data);
            CHECK_INT(err.status, st);
            CHECK(err.message[0]);
            CHECK_INT(in_use, 0);
        }
        CHECK(fail_at > 4);
        CHECK_STATUS(st, CW_E_NOT_FOUND, err); /* all went well, up to the condition */
    }
    fail_at = 0;
    cw_allocator_install(NULL);
}

/* ---- the forwarders ---- */

struct rude {
    cw_status answer;
    const char *say;
    int freed;
};

static cw_status rude(struct rude *r, cw_error *e)
{
    REQUIRE(e);
    CHECK_STR(e->message, "");
    if (r->say) {
        e->status = CW_E_TIMEOUT;
        snprintf(e->message, sizeof e->message, "%s", r->say);
    }
    return r->answer;
}

static cw_status rude_begin(void *self, const cw_writer_options *o, cw_error *e)
{
    REQUIRE(o);
    return rude(self, e);
}

static cw_status rude_write(void *self, const void *p, size_t n, cw_error *e)
{
    CHECK(p && n > 0);
    return rude(self, e);
}

static cw_status rude_reserve(void *self, void **p, size_t *cap, cw_error *e)
{
    CHECK(!*p && !*cap); /* and lends nothing */
    return rude(self, e);
}

static cw_status rude_commit(void *self, size_t used, cw_error *e)
{
    (void)used;
    return rude(self, e);
}

static cw_status rude_publish(void *self, cw_object_info *i, cw_error *e)
{
    (void)i;
    return rude(self, e);
}

static cw_status rude_simple(void *self, cw_error *e)
{
    return rude(self, e);
}

static void rude_free(void *self)
{
    ((struct rude *)self)->freed++;
}

static cw_sink_ops rude_ops = {
    .struct_size = sizeof(cw_sink_ops),
    .name = "rude",
    .begin = rude_begin,
    .write = rude_write,
    .reserve = rude_reserve,
    .commit = rude_commit,
    .flush = rude_simple,
    .publish = rude_publish,
    .abort = rude_simple,
    .free = rude_free,
};

static void check_all(cw_sink *s, cw_status want, const char *message)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    void *p;
    size_t cap;
    for (int call = 0; call < 6; call++) {
        snprintf(err.message, sizeof err.message, "left over");
        cw_status st = call == 0   ? cw__sink_begin(s, &o, &err)
                       : call == 1 ? cw__sink_write(s, "x", 1, &err)
                       : call == 2 ? cw__sink_commit(s, 1, &err)
                       : call == 3 ? cw__sink_flush(s, &err)
                       : call == 4 ? cw__sink_publish(s, &info, &err)
                                   : cw__sink_abort(s, &err);
        CHECK_STATUS(st, want, err);
        CHECK_INT(err.status, want);
        CHECK(strstr(err.message, message));
        CHECK(want != CW_OK || !err.message[0]);
    }
    CHECK_INT(cw__sink_begin(s, &o, NULL), want);
    CHECK_INT(cw__sink_write(s, "x", 1, NULL), want);
    CHECK_INT(cw__sink_publish(s, &info, NULL), want);
    CHECK_STATUS(cw__sink_reserve(s, &p, &cap, &err), want == CW_OK ? CW_E_STATE : want, err);
    CHECK(err.message[0]);
}

static void the_forwarders_tell_the_truth(void)
{
    struct rude r = {CW_OK, NULL, 0};
    cw_sink *s = NULL;
    CHECK_OK(cw_sink_new(&s, &rude_ops, &r, &err), err);
    REQUIRE(s);
    check_all(s, CW_OK, "");
    r.say = "nothing that matters";
    check_all(s, CW_OK, "");
    r.answer = CW_E_THROTTLED;
    check_all(s, CW_E_THROTTLED, "nothing that matters");
    r.say = NULL;
    check_all(s, CW_E_THROTTLED, "rude");
    CHECK_OK(cw__sink_write(s, NULL, 0, &err), err); /* not passed on */
    CHECK_INT(r.freed, 0);
    cw_sink_free(s);
    CHECK_INT(r.freed, 1);
}

static void optional_operations(void)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_sink_ops ops = rude_ops;
    struct rude r = {CW_OK, NULL, 0};
    cw_stats stats = {0};
    cw_sink *s = NULL;
    ops.begin = NULL;
    ops.reserve = NULL;
    ops.commit = NULL;
    ops.flush = NULL;
    ops.name = NULL;
    CHECK_OK(cw_sink_new(&s, &ops, &r, &err), err);
    REQUIRE(s);
    CHECK_OK(cw__sink_begin(s, &o, &err), err);
    CHECK_OK(cw__sink_flush(s, &err), err);
    cw__sink_stats(s, &stats);
    r.answer = CW_E_IO;
    CHECK_STATUS(cw__sink_abort(s, &err), CW_E_IO, err);
    CHECK(err.message[0]);
    cw_sink_free(s);
}

static void check_not_a_sink(const cw_sink_ops *ops)
{
    struct rude r = {CW_OK, NULL, 0};
    cw_sink *s = (cw_sink *)&r;
    CHECK_STATUS(cw_sink_new(&s, ops, &r, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(!s && err.message[0]);
    CHECK_INT(r.freed, 0);
}

static void what_is_no_sink(void)
{
    check_not_a_sink(NULL);
    for (int i = 0; i < 7; i++) {
        cw_sink_ops ops = rude_ops;
        switch (i) {
        case 0:
            ops.write = NULL;
            break;
        case 1:
            ops.publish = NULL;
            break;
        case 2:
            ops.abort = NULL;
            break;
        case 3:
            ops.free = NULL;
            break;
        case 4:
            ops.reserve = NULL;
            break;
        case 5:
            ops.commit = NULL;
            break;
        default:
            ops.struct_size = 8;
        }
        check_not_a_sink(&ops);
    }
    CHECK_INT(cw_sink_new(NULL, &rude_ops, NULL, NULL), CW_E_INVALID_ARGUMENT);
}

int main(int argc, char **argv)
{
    TEST(only_publish_makes_an_object);
    TEST(abort_and_free_publish_nothing);
    TEST(replacing);
    TEST(many_names);
    TEST(lent_memory);
    TEST(too_much_committed);
    TEST(conditions);
    TEST(what_is_refused);
    TEST(out_of_memory);
    TEST(the_forwarders_tell_the_truth);
    TEST(optional_operations);
    TEST(what_is_no_sink);
    return test_end();
}
