/* test_filter.c - compression on the way to a sink, read back by the libraries' own readers */
#include "harness.h"

#include <zlib.h>
#include <zstd.h>

#include <cloudwriter/sys/allocator.h>
#include "sink/sink.h"
#include "stream/filter.h"

enum { BIG = 700 * 1024, MOST = BIG + 64 * 1024 };

static cw_error err;
static cw_object_info info;
static unsigned char back[MOST];

/* ---- the next sink: keeps what it gets, lends little by little, fails where it is told ---- */

static struct target {
    size_t n;
    size_t lends; /* at most so many bytes at a time; varies below that */
    size_t turn;
    size_t lent;    /* by the last reserve */
    size_t fail_at; /* refuse the byte of this number, from 1; 0: never */
    int begun, flushed, published, aborted, freed;
    unsigned char kept[MOST];
} target;

static cw_status target_take(size_t n, cw_error *e)
{
    if (target.fail_at && target.n + n >= target.fail_at) {
        snprintf(e->message, sizeof e->message, "byte %zu is refused", target.fail_at);
        return CW_E_UNAVAILABLE;
    }
    target.n += n;
    return CW_OK;
}

static cw_status target_begin(void *self, const cw_writer_options *o, cw_error *e)
{
    (void)self, (void)e;
    target.begun += o->size_hint == 4711;
    return CW_OK;
}

static cw_status target_write(void *self, const void *p, size_t n, cw_error *e)
{
    (void)self;
    REQUIRE(target.n + n <= MOST);
    memcpy(target.kept + target.n, p, n);
    return target_take(n, e);
}

static cw_status target_reserve(void *self, void **p, size_t *cap, cw_error *e)
{
    (void)self, (void)e;
    REQUIRE(target.n < MOST);
    target.lent = target.turn++ * 7919 % target.lends + 1;
    if (target.lent > MOST - target.n)
        target.lent = MOST - target.n;
    *p = target.kept + target.n;
    *cap = target.lent;
    return CW_OK;
}

static cw_status target_commit(void *self, size_t used, cw_error *e)
{
    (void)self;
    CHECK(used > 0 && used <= target.lent);
    target.lent = 0;
    return target_take(used, e);
}

static cw_status target_flush(void *self, cw_error *e)
{
    (void)self, (void)e;
    target.flushed++;
    return CW_OK;
}

static cw_status target_publish(void *self, cw_object_info *i, cw_error *e)
{
    (void)self, (void)e;
    target.published++;
    i->bytes = target.n;
    return CW_OK;
}

static cw_status target_abort(void *self, cw_error *e)
{
    (void)self, (void)e;
    target.aborted++;
    return CW_OK;
}

static void target_stats(void *self, cw_stats *out)
{
    (void)self;
    out->parts_done = 42;
}

static void target_free(void *self)
{
    (void)self;
    target.freed++;
}

static const cw_sink_ops lending_ops = {
    .struct_size = sizeof(cw_sink_ops),
    .name = "lending",
    .begin = target_begin,
    .write = target_write,
    .reserve = target_reserve,
    .commit = target_commit,
    .flush = target_flush,
    .publish = target_publish,
    .abort = target_abort,
    .stats = target_stats,
    .free = target_free,
};

static const cw_sink_ops taking_ops = {
    .struct_size = sizeof(cw_sink_ops),
    .name = "taking",
    .begin = target_begin,
    .write = target_write,
    .flush = target_flush,
    .publish = target_publish,
    .abort = target_abort,
    .stats = target_stats,
    .free = target_free,
};

/** `lends` 0: a sink without reserve. */
static cw_sink *new_target(size_t lends, size_t fail_at)
{
    cw_sink *s = NULL;
    memset(&target, 0, offsetof(struct target, kept));
    target.lends = lends;
    target.fail_at = fail_at;
    cw_status st = cw_sink_new(&s, lends ? &lending_ops : &taking_ops, &target, &err);
    return st == CW_OK ? s : NULL;
}

static cw_sink *new_filter(cw_compression kind, size_t lends, size_t fail_at)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_sink *next = new_target(lends, fail_at), *s = NULL;
    REQUIRE(next);
    CHECK_OK(cw__filter_new(&s, next, kind, 0, 0, &err), err);
    REQUIRE(s);
    o.size_hint = 4711;
    CHECK_OK(cw__sink_begin(s, &o, &err), err);
    CHECK_INT(target.begun, 1);
    return s;
}

/* ---- reading back ---- */

static size_t gunzip(const unsigned char *p, size_t n, bool whole)
{
    z_stream z = {0};
    REQUIRE(inflateInit2(&z, 15 + 16) == Z_OK);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = back;
    z.avail_out = sizeof back;
    CHECK_INT(inflate(&z, whole ? Z_FINISH : Z_SYNC_FLUSH), whole ? Z_STREAM_END : Z_OK);
    CHECK_INT(z.avail_in, 0);
    size_t got = sizeof back - z.avail_out;
    inflateEnd(&z);
    return got;
}

static size_t unzstd(const unsigned char *p, size_t n, bool whole)
{
    ZSTD_DCtx *d = ZSTD_createDCtx();
    REQUIRE(d);
    ZSTD_inBuffer in = {p, n, 0};
    ZSTD_outBuffer out = {back, sizeof back, 0};
    size_t left = 1;
    while (in.pos < in.size) {
        left = ZSTD_decompressStream(d, &out, &in);
        REQUIRE(!ZSTD_isError(left));
    }
    CHECK((left == 0) == whole);
    ZSTD_freeDCtx(d);
    return out.pos;
}

static void check_kept(cw_compression kind, const void *want, size_t n, bool whole)
{
    size_t got = kind == CW_COMPRESSION_GZIP ? gunzip(target.kept, target.n, whole)
                                             : unzstd(target.kept, target.n, whole);
    CHECK_INT(got, n);
    CHECK(got == n && memcmp(back, want, n) == 0);
}

static const cw_compression kinds[] = {CW_COMPRESSION_GZIP, CW_COMPRESSION_ZSTD};
static const size_t lendings[] = {0, 1, 7, 100, 65536};
enum { KINDS = sizeof kinds / sizeof *kinds, LENDINGS = sizeof lendings / sizeof *lendings };

static void fill(unsigned char *p, size_t n)
{
    uint32_t state = 99;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525 + 1013904223;
        p[i] = (unsigned char)(i / 5000 % 2 ? state >> 24 : 'a' + (state >> 29));
    }
}

/** Everything through, in pieces of `piece`, flushed after each `every`, and compared. */
static void round_trip(cw_compression kind, size_t lends, const unsigned char *p, size_t n,
                       size_t piece, size_t every)
{
    cw_sink *s = new_filter(kind, lends, 0);
    for (size_t at = 0, count = 1; at < n; at += piece, count++) {
        CHECK_OK(cw__sink_write(s, p + at, piece < n - at ? piece : n - at, &err), err);
        if (every && count % every == 0)
            CHECK_OK(cw__sink_flush(s, &err), err);
    }
    CHECK_INT(target.published, 0);
    CHECK_OK(cw__sink_publish(s, &info, &err), err);
    CHECK_INT(target.published, 1);
    CHECK_INT(info.bytes, target.n);
    cw__sink_free(s);
    CHECK_INT(target.freed, 1);
    CHECK_INT(target.aborted, 0);
    check_kept(kind, p, n, true);
}

static void round_trips(void)
{
    static unsigned char data[BIG];
    fill(data, sizeof data);
    for (size_t k = 0; k < KINDS; k++)
        for (size_t l = 0; l < LENDINGS; l++) {
            round_trip(kinds[k], lendings[l], data, 0, 1, 0);
            round_trip(kinds[k], lendings[l], data, 1, 1, 1);
            round_trip(kinds[k], lendings[l], data, 30000, 999, 3);
            if (lendings[l] == 0 || lendings[l] > 50) {
                round_trip(kinds[k], lendings[l], data, BIG, 65536, 0);
                round_trip(kinds[k], lendings[l], data, BIG, BIG, 1);
            }
        }
}

static void split_at_every_size(void)
{
    unsigned char data[500];
    fill(data, sizeof data);
    for (size_t k = 0; k < KINDS; k++)
        for (size_t piece = 1; piece <= sizeof data; piece++)
            round_trip(kinds[k], lendings[piece % LENDINGS], data, sizeof data, piece, piece % 4);
}

static void a_flush_reaches_the_next_sink(void)
{
    static unsigned char data[100000];
    fill(data, sizeof data);
    for (size_t k = 0; k < KINDS; k++)
        for (size_t l = 0; l < LENDINGS; l++) {
            cw_sink *s = new_filter(kinds[k], lendings[l], 0);
            CHECK_OK(cw__sink_flush(s, &err), err); /* with nothing in it: no byte is made */
            CHECK_INT(target.flushed, 1);
            CHECK_INT(target.n, 0);
            CHECK_OK(cw__sink_write(s, data, sizeof data, &err), err);
            CHECK_OK(cw__sink_flush(s, &err), err);
            CHECK_INT(target.flushed, 2);
            check_kept(kinds[k], data, sizeof data, false);
            CHECK_OK(cw__sink_abort(s, &err), err);
            CHECK_INT(target.aborted, 1);
            cw__sink_free(s);
            CHECK_INT(target.published, 0);
        }
}

static void counts(void)
{
    static unsigned char data[300000];
    cw_stats stats = {0};
    fill(data, sizeof data);
    cw_sink *s = new_filter(CW_COMPRESSION_ZSTD, 1000, 0);
    CHECK_OK(cw__sink_write(s, data, sizeof data, &err), err);
    CHECK_OK(cw__sink_flush(s, &err), err);
    cw__sink_stats(s, &stats);
    CHECK_INT(stats.bytes_out, target.n);
    CHECK_INT(stats.parts_done, 42);
    cw__sink_free(s);
}

/** One object into a target that refuses a byte: the first failure, and nothing published. */
static cw_status failing(cw_compression kind, size_t lends, size_t fail_at, const void *p, size_t n)
{
    cw_sink *s = new_filter(kind, lends, fail_at);
    cw_status st = cw__sink_write(s, p, n, &err);
    if (st == CW_OK)
        st = cw__sink_flush(s, &err);
    if (st == CW_OK)
        st = cw__sink_publish(s, &info, &err);
    if (st != CW_OK) {
        cw_error after = {0};
        CHECK_STATUS(st, CW_E_UNAVAILABLE, err);
        CHECK(strstr(err.message, "refused"));
        CHECK_INT(target.published, 0);
        CHECK_STATUS(cw__sink_publish(s, &info, &after), CW_E_STATE, after);
        CHECK_INT(target.published, 0);
        CHECK_OK(cw__sink_abort(s, &after), after);
    }
    cw__sink_free(s);
    CHECK_INT(target.freed, 1);
    return st;
}

static void failing_at_every_byte(void)
{
    unsigned char data[400];
    fill(data, sizeof data);
    for (size_t k = 0; k < KINDS; k++)
        for (size_t l = 0; l < LENDINGS; l++) {
            size_t at = 1;
            while (failing(kinds[k], lendings[l], at, data, sizeof data) != CW_OK && at < 1000)
                at++;
            CHECK(at > 100 && at < 1000); /* as far as there were bytes to refuse */
            CHECK_INT(target.published, 1);
        }
}

static void failing_within_a_large_object(void)
{
    static unsigned char data[BIG];
    fill(data, sizeof data);
    for (size_t k = 0; k < KINDS; k++)
        for (size_t l = 0; l < LENDINGS; l++)
            for (size_t at = 1; at < 300000; at = at * 3 + 1)
                CHECK_INT(failing(kinds[k], lendings[l], at, data, sizeof data), CW_E_UNAVAILABLE);
}

static void after_abort_nothing_is_published(void)
{
    cw_sink *s = new_filter(CW_COMPRESSION_GZIP, 100, 0);
    CHECK_OK(cw__sink_write(s, "x", 1, &err), err);
    CHECK_OK(cw__sink_abort(s, &err), err);
    CHECK_STATUS(cw__sink_publish(s, &info, &err), CW_E_STATE, err);
    CHECK_INT(target.published, 0);
    cw__sink_free(s);
}

static void what_is_refused(void)
{
    static const struct {
        cw_compression kind;
        int level;
        unsigned threads;
        cw_status want;
    } bad[] = {
        {CW_COMPRESSION_NONE, 0, 0, CW_E_INVALID_ARGUMENT},
        {(cw_compression)77, 0, 0, CW_E_INVALID_ARGUMENT},
        {CW_COMPRESSION_GZIP, 10, 0, CW_E_INVALID_ARGUMENT},
        {CW_COMPRESSION_GZIP, -1, 0, CW_E_INVALID_ARGUMENT},
        {CW_COMPRESSION_GZIP, 0, 2, CW_E_UNSUPPORTED},
        {CW_COMPRESSION_ZSTD, 23, 0, CW_E_INVALID_ARGUMENT},
        {CW_COMPRESSION_ZSTD, -8, 0, CW_E_INVALID_ARGUMENT},
    };
    cw_sink *next = new_target(0, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cw_sink *s = next;
        CHECK_STATUS(cw__filter_new(&s, next, bad[i].kind, bad[i].level, bad[i].threads, &err),
                     bad[i].want, err);
        CHECK(!s && err.message[0]);
        CHECK_INT(target.freed, 0); /* it is still the caller's */
    }
    cw_sink_free(next);
    CHECK_INT(target.freed, 1);
}

static void forgetting_leaves_the_next_sink(void)
{
    cw_sink *next = new_target(0, 0), *s = NULL;
    CHECK_OK(cw__filter_new(&s, next, CW_COMPRESSION_ZSTD, 0, 0, &err), err);
    cw__filter_forget(s);
    CHECK_INT(target.freed, 0);
    cw_sink_free(next);
    CHECK_INT(target.freed, 1);
}

static void two_filters_in_a_row(void)
{
    static unsigned char data[50000];
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_sink *inner = NULL, *outer = NULL;
    fill(data, sizeof data);
    CHECK_OK(cw__filter_new(&inner, new_target(3000, 0), CW_COMPRESSION_GZIP, 1, 0, &err), err);
    CHECK_OK(cw__filter_new(&outer, inner, CW_COMPRESSION_ZSTD, 0, 0, &err), err);
    CHECK_OK(cw__sink_begin(outer, &o, &err), err);
    CHECK_OK(cw__sink_write(outer, data, sizeof data, &err), err);
    CHECK_OK(cw__sink_publish(outer, &info, &err), err);
    cw__sink_free(outer);
    CHECK_INT(target.freed, 1);
    target.n = gunzip(target.kept, target.n, true);
    memcpy(target.kept, back, target.n);
    check_kept(CW_COMPRESSION_ZSTD, data, sizeof data, true);
}

/* ---- allocation failure: the n-th fails, and in a second round all from there on ---- */

static long fail_at, counted, in_use, largest;
static bool fail_on;

static void *counting_realloc(void *user, void *p, size_t bytes)
{
    (void)user;
    long n = ++counted;
    if (fail_at && (n == fail_at || (fail_on && n > fail_at)))
        return NULL;
    void *q = realloc(p, bytes);
    if (q && !p)
        in_use++;
    if ((long)bytes > largest)
        largest = (long)bytes;
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

static const cw_allocator counting = {counting_alloc, counting_realloc, counting_free, NULL};

static cw_status compress_one(cw_compression kind, const void *p, size_t n)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_sink *s = NULL, *next = new_target(0, 0);
    if (!next)
        return err.status;
    cw_status st = cw__filter_new(&s, next, kind, 0, 0, &err);
    if (st != CW_OK) {
        cw_sink_free(next);
        return st;
    }
    st = cw__sink_begin(s, &o, &err);
    if (st == CW_OK)
        st = cw__sink_write(s, p, n, &err);
    if (st == CW_OK)
        st = cw__sink_publish(s, &info, &err);
    CHECK(st == CW_OK || target.published == 0);
    cw__sink_free(s);
    return st;
}

static void out_of_memory(void)
{
    unsigned char data[1000];
    fill(data, sizeof data);
    cw_allocator_install(&counting);
    for (size_t k = 0; k < KINDS; k++)
        for (int round = 0; round < 2; round++) {
            cw_status st = CW_E_NO_MEMORY;
            fail_on = round == 1;
            for (fail_at = 1; st != CW_OK && fail_at < 50; fail_at++) {
                counted = 0;
                st = compress_one(kinds[k], data, sizeof data);
                CHECK(st == CW_OK || st == CW_E_NO_MEMORY);
                CHECK_INT(err.status, st);
                CHECK(st == CW_OK || err.message[0]);
                CHECK_INT(in_use, 0);
            }
            CHECK_INT(st, CW_OK);
            CHECK(fail_at > 4);
            check_kept(kinds[k], data, sizeof data, true);
        }
    fail_at = 0;
    cw_allocator_install(NULL);
}

static void an_idle_filter_is_small(void)
{
    cw_allocator_install(&counting);
    largest = 0;
    cw_sink *s = new_filter(CW_COMPRESSION_ZSTD, 0, 0);
    CHECK_OK(cw__sink_flush(s, &err), err);
    CHECK(largest < 256);
    cw__sink_free(s);
    CHECK_INT(in_use, 0);
    cw_allocator_install(NULL);
}

int main(int argc, char **argv)
{
    TEST(round_trips);
    TEST(split_at_every_size);
    TEST(a_flush_reaches_the_next_sink);
    TEST(counts);
    TEST(failing_at_every_byte);
    TEST(failing_within_a_large_object);
    TEST(after_abort_nothing_is_published);
    TEST(what_is_refused);
    TEST(forgetting_leaves_the_next_sink);
    TEST(two_filters_in_a_row);
    TEST(out_of_memory);
    TEST(an_idle_filter_is_small);
    return test_end();
}
