/* test_codec.c - what gzip and zstd make, read back by the libraries' own readers */
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <zlib.h>
#include <zstd.h>

#include <cloudwriter/sys/allocator.h>
#include "port/codec.h"

enum { BIG = 300 * 1024, OUT = BIG + 64 * 1024 };

static unsigned char made[OUT], back[OUT];
static size_t made_n;

/** A new codec of the kind under test. */
typedef cw__codec *(*make_fn)(void);

static cw__codec *make_gzip(void)
{
    cw__codec *c = NULL;
    cw_error err = {0};
    CHECK_OK(cw__codec_gzip(&c, 0, &err), err);
    REQUIRE(c);
    return c;
}

static cw__codec *make_zstd(void)
{
    cw__codec *c = NULL;
    cw_error err = {0};
    CHECK_OK(cw__codec_zstd(&c, 0, 0, &err), err);
    REQUIRE(c);
    return c;
}

static bool has_threads(void)
{
    return ZSTD_cParam_getBounds(ZSTD_c_nbWorkers).upperBound > 0;
}

static cw__codec *make_zstd_threads(void)
{
    cw__codec *c = NULL;
    cw_error err = {0};
    CHECK_OK(cw__codec_zstd(&c, 1, 3, &err), err);
    REQUIRE(c);
    return c;
}

/* One gzip member and nothing after it; its CRC and length are checked by inflate. */
static size_t read_gzip(const unsigned char *p, size_t n)
{
    z_stream z = {0};
    REQUIRE(inflateInit2(&z, 15 + 16) == Z_OK);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = back;
    z.avail_out = sizeof back;
    CHECK_INT(inflate(&z, Z_FINISH), Z_STREAM_END);
    CHECK_INT(z.avail_in, 0);
    size_t got = sizeof back - z.avail_out;
    inflateEnd(&z);
    return got;
}

static size_t read_zstd(const unsigned char *p, size_t n)
{
    CHECK_INT(ZSTD_findFrameCompressedSize(p, n), n);
    size_t got = ZSTD_decompress(back, sizeof back, p, n);
    if (ZSTD_isError(got))
        test_say(__FILE__, __LINE__, ZSTD_getErrorName(got));
    return got;
}

typedef size_t (*read_fn)(const unsigned char *p, size_t n);

static const struct kind {
    const char *name;
    make_fn make;
    read_fn read;
} kinds[] = {
    {"gzip", make_gzip, read_gzip},
    {"zstd", make_zstd, read_zstd},
    {"zstd with threads", make_zstd_threads, read_zstd},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool skip(const struct kind *k)
{
    if (k->make != make_zstd_threads || has_threads())
        return false;
    CHECK(!getenv("CI"));
    fprintf(stderr, "    this libzstd has no threads: not tried\n");
    return true;
}

/** Drive one mode to its end, lending `room` bytes at a time. */
static void drive(cw__codec *c, cw__codec_mode mode, const void *p, size_t n, size_t room)
{
    cw_error err = {0};
    cw__codec_io io = {.in = p, .in_n = n};
    bool done = mode == CW__CODEC_RUN && n == 0;
    for (int rounds = 0; !done; rounds++) {
        REQUIRE(rounds < 2 * OUT);
        io.out = made + made_n;
        io.out_n = made_n + room < sizeof made ? room : sizeof made - made_n;
        io.out_used = 0;
        REQUIRE(io.out_n > 0);
        CHECK_OK(cw__codec_run(c, mode, &io, &done, &err), err);
        REQUIRE(err.status == CW_OK);
        made_n += io.out_used;
    }
    CHECK_INT(io.in_used, n);
}

static void fill(unsigned char *p, size_t n, bool random)
{
    uint32_t state = 12345;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525 + 1013904223;
        p[i] = random ? (unsigned char)(state >> 24) : (unsigned char)("abcdefgh"[state >> 29]);
    }
}

static void check_whole(const struct kind *k, const void *p, size_t n)
{
    CHECK_INT(k->read(made, made_n), n);
    if (memcmp(back, p, n) != 0)
        test_say(__FILE__, __LINE__, k->name);
}

/** Through a codec in pieces of `piece`, `room` bytes out at a time, flushing after each `every`.
 */
static void round_trip(const struct kind *k, const unsigned char *p, size_t n, size_t piece,
                       size_t room, size_t every)
{
    cw__codec *c = k->make();
    made_n = 0;
    for (size_t at = 0, count = 1; at < n; at += piece, count++) {
        drive(c, CW__CODEC_RUN, p + at, piece < n - at ? piece : n - at, room);
        if (every && count % every == 0)
            drive(c, CW__CODEC_FLUSH, NULL, 0, room);
    }
    drive(c, CW__CODEC_FINISH, NULL, 0, room);
    cw__codec_free(c);
    check_whole(k, p, n);
}

static void round_trips(void)
{
    static unsigned char data[BIG];
    static const size_t rooms[] = {1, 5, 6, 7, 63, 64, 65, 4096, OUT};
    for (size_t i = 0; i < KINDS; i++) {
        if (skip(&kinds[i]))
            continue;
        for (int random = 0; random < 2; random++) {
            fill(data, BIG, random);
            for (size_t r = 0; r < sizeof rooms / sizeof *rooms; r++) {
                round_trip(&kinds[i], data, 5000, 777, rooms[r], 0);
                round_trip(&kinds[i], data, 5000, 777, rooms[r], 2);
                round_trip(&kinds[i], data, 0, 1, rooms[r], 0);
            }
            round_trip(&kinds[i], data, BIG, 50000, 65536, 3);
            round_trip(&kinds[i], data, BIG, BIG, OUT, 0);
        }
    }
}

static void split_at_every_size(void)
{
    unsigned char data[600];
    for (size_t i = 0; i < 2; i++) {
        fill(data, sizeof data, false);
        for (size_t piece = 1; piece <= sizeof data; piece++)
            round_trip(&kinds[i], data, sizeof data, piece, piece % 70 + 1, piece % 5);
    }
}

/* All that went in can be read from what came out by the time FLUSH is done. */
static void flushed_bytes_can_be_read(void)
{
    static unsigned char data[20000];
    fill(data, sizeof data, false);
    for (size_t room = 1; room < 200; room += 3) {
        z_stream z = {0};
        cw__codec *c = make_gzip();
        made_n = 0;
        drive(c, CW__CODEC_RUN, data, sizeof data, room);
        drive(c, CW__CODEC_FLUSH, NULL, 0, room);
        REQUIRE(inflateInit2(&z, 15 + 16) == Z_OK);
        z.next_in = made;
        z.avail_in = (uInt)made_n;
        z.next_out = back;
        z.avail_out = sizeof back;
        CHECK_INT(inflate(&z, Z_SYNC_FLUSH), Z_OK);
        CHECK_INT(sizeof back - z.avail_out, sizeof data);
        CHECK(memcmp(back, data, sizeof data) == 0);
        inflateEnd(&z);
        cw__codec_free(c);

        c = make_zstd();
        made_n = 0;
        drive(c, CW__CODEC_RUN, data, sizeof data, room);
        drive(c, CW__CODEC_FLUSH, NULL, 0, room);
        ZSTD_DCtx *d = ZSTD_createDCtx();
        REQUIRE(d);
        ZSTD_inBuffer in = {made, made_n, 0};
        ZSTD_outBuffer out = {back, sizeof back, 0};
        while (in.pos < in.size)
            REQUIRE(!ZSTD_isError(ZSTD_decompressStream(d, &out, &in)));
        CHECK_INT(out.pos, sizeof data);
        CHECK(memcmp(back, data, sizeof data) == 0);
        ZSTD_freeDCtx(d);
        cw__codec_free(c);
    }
}

static void a_flush_with_nothing_new_ends(void)
{
    for (size_t i = 0; i < 2; i++) {
        cw__codec *c = kinds[i].make();
        made_n = 0;
        for (int n = 0; n < 10; n++)
            drive(c, CW__CODEC_FLUSH, NULL, 0, 1);
        drive(c, CW__CODEC_FINISH, "x", 1, 1);
        cw__codec_free(c);
        check_whole(&kinds[i], "x", 1);
    }
}

static void the_same_in_makes_the_same_out(void)
{
    static unsigned char data[BIG], first[OUT];
    fill(data, BIG, false);
    for (size_t i = 0; i < 2; i++) {
        round_trip(&kinds[i], data, BIG, 1000, 65536, 0);
        size_t n = made_n;
        memcpy(first, made, n);
        round_trip(&kinds[i], data, BIG, 65536, 100, 0);
        CHECK_INT(made_n, n);
        CHECK(memcmp(first, made, n) == 0);
    }
}

static void the_frames_are_as_promised(void)
{
    round_trip(&kinds[0], (const unsigned char *)"abc", 3, 3, OUT, 0);
    CHECK(made[0] == 0x1f && made[1] == 0x8b && made[2] == 8);
    CHECK(memcmp(made + 3, "\0\0\0\0\0", 5) == 0); /* no name, no time */
    round_trip(&kinds[1], (const unsigned char *)"abc", 3, 3, OUT, 0);
    CHECK(memcmp(made, "\x28\xb5\x2f\xfd", 4) == 0);
    CHECK(made[4] & 4); /* the checksum flag of the frame header, RFC 8878 3.1.1.1.1 */
}

static void a_broken_byte_is_noticed_by_readers(void)
{
    round_trip(&kinds[1], (const unsigned char *)"abc", 3, 3, OUT, 0);
    made[made_n - 1] ^= 1;
    CHECK(ZSTD_isError(ZSTD_decompress(back, sizeof back, made, made_n)));
}

static void levels_and_threads(void)
{
    cw__codec *c = NULL;
    cw_error err = {0};
    for (int level = -9; level <= 24; level++) {
        cw_status want = level >= 0 && level <= 9 ? CW_OK : CW_E_INVALID_ARGUMENT;
        CHECK_STATUS(cw__codec_gzip_check(level, &err), want, err);
        CHECK_STATUS(cw__codec_gzip(&c, level, &err), want, err);
        CHECK((c != NULL) == (want == CW_OK));
        cw__codec_free(c);
        want = level >= -7 && level <= 22 ? CW_OK : CW_E_INVALID_ARGUMENT;
        CHECK_STATUS(cw__codec_zstd_check(level, 0, &err), want, err);
        CHECK_STATUS(cw__codec_zstd(&c, level, 0, &err), want, err);
        CHECK((c != NULL) == (want == CW_OK));
        cw__codec_free(c);
    }
    CHECK_INT(cw__codec_zstd(&c, 0, 1000000, &err),
              has_threads() ? CW_E_INVALID_ARGUMENT : CW_E_UNSUPPORTED);
    CHECK(strstr(err.message, "threads"));
    CHECK(!c);
    CHECK_INT(cw__codec_zstd(&c, 99, 0, NULL), CW_E_INVALID_ARGUMENT);
    cw__codec_free(NULL);
}

static void *no_memory(void *user, size_t bytes)
{
    (void)user, (void)bytes;
    return NULL;
}

static void *no_more_memory(void *user, void *p, size_t bytes)
{
    (void)user, (void)p, (void)bytes;
    return NULL;
}

static void never_freed(void *user, void *p)
{
    (void)user, (void)p;
    test_say(__FILE__, __LINE__, "freed what was never given");
}

static void out_of_memory(void)
{
    static const cw_allocator none = {no_memory, no_more_memory, never_freed, NULL};
    cw__codec *c = NULL;
    cw_error err = {0};
    cw_allocator_install(&none);
    CHECK_STATUS(cw__codec_gzip(&c, 0, &err), CW_E_NO_MEMORY, err);
    CHECK(!c && err.message[0]);
    CHECK_STATUS(cw__codec_zstd(&c, 0, 0, &err), CW_E_NO_MEMORY, err);
    CHECK(!c && err.message[0]);
    cw_allocator_install(NULL);
}

/* The mask of the calling thread is the same after the workers were started. */
static void signals_stay_as_they_are(void)
{
    sigset_t before, after;
    static unsigned char data[1000];
    if (skip(&kinds[2]))
        return;
    sigemptyset(&before);
    sigaddset(&before, SIGUSR1);
    REQUIRE(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    round_trip(&kinds[2], data, sizeof data, sizeof data, OUT, 0);
    REQUIRE(pthread_sigmask(SIG_SETMASK, NULL, &after) == 0);
    CHECK_INT(sigismember(&after, SIGUSR1), 1);
    CHECK_INT(sigismember(&after, SIGTERM), 0);
    sigemptyset(&before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int main(int argc, char **argv)
{
    TEST(round_trips);
    TEST(split_at_every_size);
    TEST(flushed_bytes_can_be_read);
    TEST(a_flush_with_nothing_new_ends);
    TEST(the_same_in_makes_the_same_out);
    TEST(the_frames_are_as_promised);
    TEST(a_broken_byte_is_noticed_by_readers);
    TEST(levels_and_threads);
    TEST(out_of_memory);
    TEST(signals_stay_as_they_are);
    return test_end();
}
