/* test_read.c - an object read in order: exact, fetched ahead, resumed, verified, decompressed */
#include "fixture.h"

#include <zlib.h>
#include <zstd.h>

enum { SIZE = 24 * MIB + 77 };

static unsigned char *data;

static cw_reader *open_with(bed *b, const char *url, const cw_reader_options *o)
{
    cw_reader *r = NULL;
    cw_error err;

    CHECK_OK(cw_reader_open_with(&r, b ? b->client : NULL, url, o, &err), err);
    REQUIRE(r);
    return r;
}

static void put(bed *b, const char *key, const void *p, size_t n)
{
    cw_error err;

    CHECK_OK(send_bytes(b, key, NULL, p, n, NULL, &err), err);
}

/* All from where it is to the end, in pieces of `piece`; how far it came before it failed. */
static size_t read_all(cw_reader *r, const unsigned char *want, size_t n, size_t piece,
                       cw_status *status, cw_error *err)
{
    unsigned char *got = malloc(piece);
    size_t at = 0, k = 1;

    REQUIRE(got);
    *status = CW_OK;
    while (*status == CW_OK && k > 0) {
        *status = cw_reader_read(r, got, piece, &k, err);
        look_into_error(err);
        if (k > n - at || memcmp(got, want + at, k) != 0) {
            test_say(__FILE__, __LINE__, "the bytes are other ones");
            break;
        }
        at += k;
        if (*status == CW_OK)
            CHECK(k == piece || at == n);
    }
    free(got);
    return at;
}

static void check_all(cw_reader *r, const unsigned char *want, size_t n, size_t piece)
{
    cw_error err;
    cw_status st;

    CHECK_INT(read_all(r, want, n, piece, &st, &err), n);
    CHECK_INT(st, CW_OK);
    CHECK_INT(cw_reader_tell(r), n);
}

static cw_verified verified(const cw_reader *r)
{
    cw_reader_info info;

    cw_reader_get_info(r, &info);
    return info.verified;
}

/* ---- in order ---- */

static void in_order(void)
{
    static const size_t pieces[] = {1000, 65536, 1000003, 64 * MIB};
    bed b = bed_open(NULL, NULL);

    put(&b, "key", data, SIZE);
    for (size_t i = 0; i < 4; i++) {
        cw_reader *r = open_with(&b, "s3://bucket/key", NULL);

        check_all(r, data, SIZE, pieces[i]);
        CHECK_INT(verified(r), CW_VERIFIED_GOOD);
        cw_reader_close(r);
    }
    bed_close(&b);
}

static void shown_where_it_lies(void)
{
    bed b = bed_open(NULL, NULL);
    cw_reader *r;
    cw_error err;
    size_t at = 0, n = 1;

    put(&b, "key", data, SIZE);
    r = open_with(&b, "s3://bucket/key", NULL);
    while (n > 0) {
        const void *p;

        CHECK_OK(cw_reader_peek(r, &p, &n, &err), err);
        REQUIRE(n <= SIZE - at);
        CHECK(memcmp(p, data + at, n) == 0);
        CHECK_STATUS(cw_reader_skip(r, n + 1, &err), CW_E_INVALID_ARGUMENT, err);
        n -= n > 5000 && at < SIZE / 2 ? 3 : 0;
        CHECK_OK(cw_reader_skip(r, n, &err), err);
        at += n;
        CHECK_INT(cw_reader_tell(r), at);
    }
    CHECK_INT(at, SIZE);
    CHECK_INT(verified(r), CW_VERIFIED_GOOD);
    cw_reader_close(r);
    bed_close(&b);
}

static void without_reading_ahead(void)
{
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    bed b = bed_open(NULL, NULL);
    cw_reader_info info;
    cw_reader *r;

    o.no_read_ahead = 1;
    put(&b, "key", data, 1000000);
    r = open_with(&b, "s3://bucket/key", &o);
    check_all(r, data, 1000000, 250000);
    cw_reader_get_info(r, &info);
    CHECK_INT(info.requests, 1 + 4);
    CHECK_INT(info.verified, CW_VERIFIED_GOOD);
    cw_reader_close(r);
    bed_close(&b);
}

static void little_memory(void)
{
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_client_options c = client_defaults();
    cw_client_stats stats;
    bed b;

    c.memory_bytes = 12 * MIB;
    b = bed_open(NULL, &c);
    put(&b, "key", data, SIZE);
    for (int i = 0; i < 3; i++) {
        cw_reader *r;

        o.memory_bytes = (uint64_t)128 * 1024 << (2 * i);
        r = open_with(&b, "s3://bucket/key", &o);
        check_all(r, data, SIZE, 100000);
        cw_reader_close(r);
    }
    cw_client_get_stats(b.client, &stats);
    CHECK(stats.memory_peak_bytes <= c.memory_bytes);
    bed_close(&b);
}

/* A writer that fills all memory leaves none to read ahead with, and nothing waits for it. */
static void beside_a_writer(void)
{
    cw_client_options c = client_defaults();
    cw_reader *r;
    cw_writer *w;
    cw_error err;
    bed b;

    c.memory_bytes = 12 * MIB;
    b = bed_open(NULL, &c);
    put(&b, "key", data, 3 * MIB);
    w = open_writer(&b, "other", NULL);
    r = open_with(&b, "s3://bucket/key", NULL);
    for (size_t at = 0; at < 3 * MIB;) {
        unsigned char piece[50000];
        size_t n;

        CHECK_OK(cw_reader_read(r, piece, sizeof piece, &n, &err), err);
        REQUIRE(n > 0 && memcmp(piece, data + at, n) == 0);
        for (int i = 0; i < 10; i++)
            CHECK_INT(cw_writer_write(w, piece, n), CW_OK);
        at += n;
    }
    cw_reader_close(r);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    bed_close(&b);
}

/* ---- how much is asked for ---- */

static uint64_t requests_of(bed *b)
{
    cw_client_stats stats;

    cw_client_get_stats(b->client, &stats);
    return stats.requests;
}

static void small_at_first(void)
{
    bed b = bed_open(NULL, NULL);
    cw_client_stats stats;
    cw_reader *r;
    cw_error err;
    char bytes[10];
    size_t n;

    put(&b, "key", data, SIZE);
    r = open_with(&b, "s3://bucket/key", NULL);
    CHECK_OK(cw_reader_read(r, bytes, 10, &n, &err), err);
    CHECK_INT(n, 10);
    sleep_ms(50);
    cw_client_get_stats(b.client, &stats);
    CHECK(stats.memory_bytes <= 2 * MIB);
    cw_reader_close(r);
    bed_close(&b);
}

/* Ranges grow to what was asked for, and stay there. */
static void as_few_as_possible(void)
{
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_client_options c = client_defaults();
    cw_reader_info info;
    cw_reader *r;

    c.no_hedging = 1; /* of what a busy machine is late with */
    bed b = bed_open(NULL, &c);
    put(&b, "key", data, SIZE);
    o.range_bytes = 192 * 1024;
    o.connections = 2;
    r = open_with(&b, "s3://bucket/key", &o);
    check_all(r, data, SIZE, 100000);
    cw_reader_get_info(r, &info);
    CHECK_INT(info.requests, 1 + SIZE / (192 * 1024) + 1);
    cw_reader_close(r);
    bed_close(&b);
}

static void none_at_random(void)
{
    bed b = bed_open(NULL, NULL);
    uint64_t state = 5, before;
    cw_client_stats stats;
    unsigned char bytes[3000];
    cw_reader *r;
    cw_error err;
    size_t n;

    put(&b, "key", data, SIZE);
    r = open_with(&b, "s3://bucket/key", NULL);
    before = requests_of(&b);
    for (int i = 0; i < 20; i++) {
        uint64_t at = mix(&state) % (SIZE - sizeof bytes);

        CHECK_OK(cw_reader_pread(r, at, bytes, sizeof bytes, &err), err);
        CHECK(memcmp(bytes, data + at, sizeof bytes) == 0);
        at = mix(&state) % (SIZE - sizeof bytes);
        CHECK_OK(cw_reader_seek(r, at, &err), err);
        CHECK_OK(cw_reader_read(r, bytes, sizeof bytes, &n, &err), err);
        CHECK_INT(n, sizeof bytes);
        CHECK(memcmp(bytes, data + at, sizeof bytes) == 0);
    }
    CHECK_INT(requests_of(&b) - before, 40);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.memory_bytes, 0);
    CHECK_INT(verified(r), CW_VERIFIED_NOT_YET);
    cw_reader_close(r);
    bed_close(&b);
}

static void check_from(cw_reader *r, uint64_t offset, size_t n)
{
    unsigned char *got = malloc(n);
    cw_error err;
    size_t k;

    REQUIRE(got);
    CHECK_OK(cw_reader_seek(r, offset, &err), err);
    CHECK_INT(cw_reader_tell(r), offset);
    CHECK_OK(cw_reader_read(r, got, n, &k, &err), err);
    CHECK_INT(k, n < SIZE - offset ? n : SIZE - offset);
    CHECK(memcmp(got, data + offset, k) == 0);
    free(got);
}

static void seeks(void)
{
    bed b = bed_open(NULL, NULL);
    uint64_t state = 77;
    cw_reader *r;
    cw_error err;

    put(&b, "key", data, SIZE);
    r = open_with(&b, "s3://bucket/key", NULL);
    for (int i = 0; i < 300; i++) {
        uint64_t here = cw_reader_tell(r), near = mix(&state) % (2 * MIB);
        bool far = mix(&state) % 4 == 0;
        uint64_t to = far ? mix(&state) % SIZE : here + near;

        check_from(r, to < SIZE ? to : 0, (size_t)(mix(&state) % (3 * MIB)));
    }
    check_from(r, SIZE, 10);
    CHECK_STATUS(cw_reader_seek(r, SIZE + 1, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_OK(cw_reader_seek(r, 0, &err), err);
    check_all(r, data, SIZE, 70000);
    CHECK_INT(verified(r), CW_VERIFIED_GOOD);
    cw_reader_close(r);
    bed_close(&b);
}

static void closed_in_the_middle(void)
{
    bed b = bed_open(NULL, NULL);
    uint64_t state = 9;

    put(&b, "key", data, SIZE);
    for (int i = 0; i < 60; i++) {
        cw_reader *r = open_with(&b, "s3://bucket/key", NULL);
        size_t n = (size_t)(mix(&state) % (8 * MIB)), k;
        unsigned char *got = malloc(n + 1);
        cw_error err;

        CHECK_OK(cw_reader_read(r, got, n, &k, &err), err);
        cw_reader_close(r);
        free(got);
    }
    bed_close(&b);
}

/* ---- what the connection does ---- */

static void cut_again_and_again(void)
{
    bed b = bed_open(NULL, NULL);
    cw_reader_info info;
    cw_reader *r;

    put(&b, "key", data, SIZE);
    faults(&b, "op=GetObject times=inf do=truncate_body:100000");
    r = open_with(&b, "s3://bucket/key", NULL);
    check_all(r, data, SIZE, 1 << 20);
    CHECK_INT(verified(r), CW_VERIFIED_GOOD);
    cw_reader_get_info(r, &info);
    CHECK(info.retries >= SIZE / 100000 - 100);
    cw_reader_close(r);
    bed_close(&b);
}

/* What an earlier run read is verified with the rest, and fetched no second time. */
static void gone_on_with(void)
{
    static const size_t places[] = {0, 1, 65536, 5 * MIB + 3, SIZE - 1, SIZE};
    bed b = bed_open(NULL, NULL);
    unsigned char other = (unsigned char)(data[7] ^ 1);
    cw_reader *r;
    cw_status st;
    cw_error err;

    put(&b, "key", data, SIZE);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        uint64_t sent;
        r = open_with(&b, "s3://bucket/key", NULL);
        sent = requests(&b, "GetObject");
        for (size_t at = 0, n; at < places[i]; at += n) {
            n = places[i] - at < 3 * MIB + 1 ? places[i] - at : 3 * MIB + 1;
            CHECK_OK(cw_reader_resume(r, data + at, n, &err), err);
        }
        CHECK_INT(cw_reader_tell(r), places[i]);
        CHECK_INT(requests(&b, "GetObject"), sent);
        CHECK_INT(read_all(r, data + places[i], SIZE - places[i], 1 << 20, &st, &err),
                  SIZE - places[i]);
        CHECK_INT(st, CW_OK);
        CHECK_INT(verified(r), CW_VERIFIED_GOOD);
        cw_reader_close(r);
    }
    r = open_with(&b, "s3://bucket/key", NULL);
    CHECK_OK(cw_reader_resume(r, data, 7, &err), err);
    CHECK_OK(cw_reader_resume(r, &other, 1, &err), err);
    CHECK_STATUS(cw_reader_resume(r, data, SIZE - 7, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_reader_resume(r, data + 8, SIZE - 8, &err), CW_E_INTEGRITY, err);
    CHECK_INT(verified(r), CW_VERIFIED_BAD);
    cw_reader_close(r);
    bed_close(&b);
}

/* Wherever it is cut, and however: the bytes are right, or there is an error. */
static void cut_anywhere(void)
{
    static const int places[] = {0, 1, 7, 100, 1000, 16383, 16384, 16385, 65536, 99999};
    static const char *const ways[] = {"truncate_reply", "reset_reply", "truncate_body"};
    bed b = bed_open(NULL, NULL);

    put(&b, "key", data, 100000);
    for (size_t i = 0; i < 30; i++) {
        char rule[100];
        cw_reader *r;

        snprintf(rule, sizeof rule, "op=GetObject times=2 do=%s:%d", ways[i % 3], places[i / 3]);
        r = open_with(&b, "s3://bucket/key", NULL);
        faults(&b, rule);
        check_all(r, data, 100000, 33333);
        CHECK_INT(verified(r), CW_VERIFIED_GOOD);
        cw_reader_close(r);
        ts_fault_clear(b.server);
    }
    bed_close(&b);
}

static void always_cut_early(void)
{
    bed b = bed_open(NULL, NULL);
    cw_reader *r;
    cw_status st;
    cw_error err;

    put(&b, "key", data, SIZE);
    r = open_with(&b, "s3://bucket/key", NULL);
    faults(&b, "op=GetObject times=inf do=truncate_body:1000");
    CHECK(read_all(r, data, SIZE, 1000, &st, &err) < 100000);
    CHECK_INT(st, CW_E_UNAVAILABLE);
    CHECK_INT(err.attempts, 4);
    ts_fault_clear(b.server);
    CHECK_OK(cw_reader_seek(r, 0, &err), err); /* it can be read on after an error */
    check_all(r, data, SIZE, 1 << 20);
    cw_reader_close(r);
    bed_close(&b);
}

/* What came before the failure is in the checksum, and what comes after it is added. */
static void read_on_after_a_failure(void)
{
    bed b = bed_open(NULL, NULL);
    size_t at = 0, failures = 0;
    cw_reader *r;
    cw_status st;
    cw_error err;

    put(&b, "key", data, SIZE);
    r = open_with(&b, "s3://bucket/key", NULL);
    faults(&b, "op=GetObject skip=3 times=12 do=truncate_body:30000");
    while (at < SIZE && failures < 12) {
        at += read_all(r, data + at, SIZE - at, 10000, &st, &err);
        failures += st != CW_OK;
    }
    CHECK_INT(at, SIZE);
    CHECK(failures > 0 && failures < 12);
    CHECK_INT(verified(r), CW_VERIFIED_GOOD);
    cw_reader_close(r);
    bed_close(&b);
}

static void stalled(void)
{
    cw_client_options c = hasty_client();
    bed b = bed_open(NULL, NULL);
    cw_reader *r;

    put(&b, "key", data, 3 * MIB);
    cw_client_release(b.client);
    b.client = start_client(b.server, &c);
    faults(&b, "op=GetObject skip=1 times=2 do=stall_reply:forever:300000");
    r = open_with(&b, "s3://bucket/key", NULL);
    check_all(r, data, 3 * MIB, 100000);
    CHECK_INT(verified(r), CW_VERIFIED_GOOD);
    cw_reader_close(r);
    bed_close(&b);
}

static void throttled(void)
{
    bed b = bed_open(NULL, NULL);
    cw_reader *r;

    put(&b, "key", data, SIZE);
    faults(&b, "op=GetObject times=3 do=status:503:SlowDown");
    r = open_with(&b, "s3://bucket/key", NULL);
    check_all(r, data, SIZE, 1 << 20);
    cw_reader_close(r);
    bed_close(&b);
}

/* ---- what is not the object ---- */

static void expect_failure(bed *b, const char *rule, cw_status want)
{
    cw_reader *r = open_with(b, "s3://bucket/key", NULL);
    cw_status st;
    cw_error err;

    faults(b, rule);
    CHECK(read_all(r, data, 3 * MIB, 100000, &st, &err) < 3 * MIB);
    CHECK_INT(st, want);
    CHECK_INT(err.status, want);
    CHECK(err.message[0] != '\0');
    ts_fault_clear(b->server);
    cw_reader_close(r);
}

static void another_piece(void)
{
    bed b = bed_open(NULL, NULL);

    put(&b, "key", data, 3 * MIB);
    expect_failure(&b, "op=GetObject times=inf do=header:Content-Range=bytes 0-5/3145728",
                   CW_E_PROTOCOL);
    expect_failure(&b, "op=GetObject times=inf do=header:Content-Range=bytes 1-524288/3145728",
                   CW_E_PROTOCOL);
    expect_failure(&b, "op=GetObject times=inf do=header:Content-Range=bytes 0-524287/3145729",
                   CW_E_PRECONDITION);
    expect_failure(&b, "op=GetObject times=inf do=header:Content-Range=rubbish", CW_E_PROTOCOL);
    expect_failure(&b, "op=GetObject skip=1 times=inf do=status:403:AccessDenied", CW_E_PERMISSION);
    expect_failure(&b, "op=GetObject skip=1 times=inf do=status:404:NoSuchKey", CW_E_NOT_FOUND);
    bed_close(&b);
}

static void replaced(void)
{
    bed b = bed_open(NULL, NULL);
    unsigned char *got = malloc(SIZE);
    cw_status st;
    cw_reader *r;
    cw_error err;
    size_t n;

    put(&b, "key", data, SIZE);
    r = open_with(&b, "s3://bucket/key", NULL);
    CHECK_OK(cw_reader_read(r, got, 100, &n, &err), err);
    put(&b, "key", data + 1, SIZE - 1);
    CHECK(read_all(r, data + 100, SIZE - 100, 100000, &st, &err) < SIZE - 100);
    CHECK_INT(st, CW_E_PRECONDITION);
    cw_reader_close(r);
    free(got);
    bed_close(&b);
}

static void damaged_on_the_way(void)
{
    bed b = bed_open(NULL, NULL);
    unsigned char *got = malloc(100000);
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_reader *r;
    cw_error err;
    size_t n;

    REQUIRE(got);
    put(&b, "key", data, 100000);
    faults(&b, "op=GetObject times=inf do=corrupt_reply:50000");
    r = open_with(&b, "s3://bucket/key", NULL);
    CHECK_INT(verified(r), CW_VERIFIED_NOT_YET);
    CHECK_OK(cw_reader_read(r, got, 99999, &n, &err), err);
    CHECK_STATUS(cw_reader_read(r, got, 99999, &n, &err), CW_E_INTEGRITY, err);
    CHECK_INT(verified(r), CW_VERIFIED_BAD);
    cw_reader_close(r);

    o.verification = CW_VERIFICATION_NONE;
    r = open_with(&b, "s3://bucket/key", &o);
    CHECK_INT(verified(r), CW_VERIFIED_NOTHING);
    CHECK_OK(cw_reader_read(r, got, 100000, &n, &err), err);
    CHECK_INT(verified(r), CW_VERIFIED_NOTHING);
    cw_reader_close(r);
    free(got);
    bed_close(&b);
}

static void each_checksum(void)
{
    static const struct {
        cw_checksum sum;
        size_t bytes;
        cw_verified want;
    } cases[] = {
        {CW_CHECKSUM_CRC64NVME, 1000, CW_VERIFIED_GOOD},
        {CW_CHECKSUM_CRC64NVME, 20 * MIB, CW_VERIFIED_GOOD},
        {CW_CHECKSUM_CRC32C, 4 * MIB, CW_VERIFIED_GOOD}, /* one part, several ranges */
        {CW_CHECKSUM_CRC32C, 20 * MIB, CW_VERIFIED_COMPOSITE},
        {CW_CHECKSUM_CRC32, 4 * MIB, CW_VERIFIED_GOOD},
        {CW_CHECKSUM_SHA256, 1000, CW_VERIFIED_COMPOSITE},
        {CW_CHECKSUM_NONE, 1000, CW_VERIFIED_NOTHING},
    };
    bed b = bed_open(NULL, NULL);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cw_writer_options o = CW_WRITER_OPTIONS_INIT;
        cw_reader *r;
        cw_error err;

        o.checksum = cases[i].sum;
        CHECK_OK(send_bytes(&b, "key", &o, data, cases[i].bytes, NULL, &err), err);
        r = open_with(&b, "s3://bucket/key", NULL);
        check_all(r, data, cases[i].bytes, 300000);
        CHECK_INT(verified(r), cases[i].want);
        cw_reader_close(r);
    }
    bed_close(&b);
}

static void without_checksums(void)
{
    ts_options s = server_defaults();
    cw_reader *r;
    bed b;

    s.no_checksums = true;
    b = bed_open(&s, NULL);
    put(&b, "key", data, 100000);
    r = open_with(&b, "s3://bucket/key", NULL);
    check_all(r, data, 100000, 30000);
    CHECK_INT(verified(r), CW_VERIFIED_NOTHING);
    cw_reader_close(r);
    bed_close(&b);
}

/* ---- what is known of it ---- */

static void description(void)
{
    const cw_pair pairs[] = {{"color", "blue"}, {"made-by", "a test"}};
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    bed b = bed_open(NULL, NULL);
    cw_object_info written;
    cw_reader_info info;
    cw_reader *r;
    cw_error err;
    int found = 0;

    o.content_type = "text/plain";
    o.content_encoding = "identity";
    o.metadata = pairs;
    o.metadata_count = 2;
    CHECK_OK(send_bytes(&b, "key", &o, data, 1000, &written, &err), err);
    r = open_with(&b, "s3://bucket/key", NULL);
    cw_reader_get_info(r, &info);
    CHECK_INT(info.bytes, 1000);
    CHECK_STR(info.etag, written.etag);
    CHECK_STR(info.content_type, "text/plain");
    CHECK_STR(info.content_encoding, "identity");
    CHECK_STR(info.checksum, written.checksum);
    CHECK(info.modified_ms > INT64_C(1600000000000));
    for (size_t i = 0; i < info.metadata_count; i++)
        for (int k = 0; k < 2; k++)
            found += !strcmp(info.metadata[i].name, pairs[k].name) &&
                     !strcmp(info.metadata[i].value, pairs[k].value);
    CHECK_INT(found, 2);
    CHECK_INT(info.requests, 1);
    cw_reader_close(r);
    bed_close(&b);
}

static void conditions(void)
{
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    bed b = bed_open(NULL, NULL);
    cw_object_info written;
    char quoted[200];
    cw_reader *r;
    cw_error err;

    CHECK_OK(send_bytes(&b, "key", NULL, data, 1000, &written, &err), err);
    o.if_match = "00000000000000000000000000000000";
    CHECK_STATUS(cw_reader_open_with(&r, b.client, "s3://bucket/key", &o, &err), CW_E_PRECONDITION,
                 err);
    snprintf(quoted, sizeof quoted, "\"%s\"", written.etag);
    o.if_match = quoted;
    r = open_with(&b, "s3://bucket/key", &o);
    check_all(r, data, 1000, 1000);
    cw_reader_close(r);
    bed_close(&b);
}

static void with_a_key(void)
{
    static const unsigned char key[32] = "thirty-two bytes of a key, I say";
    ts_options s = server_defaults();
    cw_writer_options w = CW_WRITER_OPTIONS_INIT;
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_reader *r;
    cw_error err;
    bed b;

    s.tls = true;
    b = bed_open(&s, NULL);
    w.sse = CW_SSE_C;
    w.sse_customer_key = key;
    CHECK_OK(send_bytes(&b, "key", &w, data, 3 * MIB, NULL, &err), err);
    CHECK(cw_reader_open(&r, b.client, "s3://bucket/key", &err) != CW_OK);
    o.sse_customer_key = key;
    r = open_with(&b, "s3://bucket/key", &o);
    check_all(r, data, 3 * MIB, 100000);
    cw_reader_close(r);
    bed_close(&b);
}

static void bad_options(void)
{
    bed b = bed_open(NULL, NULL);
    cw_reader_options o[5] = {CW_READER_OPTIONS_INIT, CW_READER_OPTIONS_INIT,
                              CW_READER_OPTIONS_INIT, CW_READER_OPTIONS_INIT,
                              CW_READER_OPTIONS_INIT};
    cw_reader *r;
    cw_error err;

    put(&b, "key", data, 10);
    o[0].range_bytes = 1000;
    o[1].memory_bytes = 1000;
    o[2].connections = 1000;
    o[3].verification = (cw_verification)7;
    o[4].decompression = (cw_decompression)7;
    for (int i = 0; i < 5; i++) {
        CHECK_STATUS(cw_reader_open_with(&r, b.client, "s3://bucket/key", &o[i], &err),
                     CW_E_INVALID_ARGUMENT, err);
        CHECK(!r);
    }
    o[0] = (cw_reader_options)CW_READER_OPTIONS_INIT;
    o[0].version_id = "x";
    CHECK_STATUS(cw_reader_open_with(&r, NULL, "mem://x", &o[0], &err), CW_E_UNSUPPORTED, err);
    bed_close(&b);
}

/* ---- elsewhere ---- */

static void write_to(const char *url, const void *p, size_t n)
{
    cw_writer *w;
    cw_error err;

    CHECK_OK(cw_writer_open(&w, NULL, url, NULL, &err), err);
    CHECK_INT(write_all(w, p, n), CW_OK);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
}

static void check_elsewhere(const char *url)
{
    cw_reader *r;
    cw_error err;

    write_to(url, data, SIZE);
    r = open_with(NULL, url, NULL);
    check_all(r, data, SIZE, 1000);
    check_from(r, 5, 1000);
    check_from(r, 4, 1000);
    check_from(r, 900, 2 * MIB);
    check_from(r, SIZE - 5, 100);
    CHECK_STATUS(cw_reader_seek(r, SIZE + 1, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_OK(cw_reader_seek(r, 0, &err), err);
    check_all(r, data, SIZE, 1000003);
    cw_reader_close(r);
    write_to(url, "", 0);
    r = open_with(NULL, url, NULL);
    check_all(r, data, 0, 10);
    cw_reader_close(r);
}

static void files_and_memory(void)
{
    char path[] = "/tmp/cw-read-XXXXXX";
    int fd = mkstemp(path);

    REQUIRE(fd >= 0);
    close(fd);
    check_elsewhere(path);
    unlink(path);
    check_elsewhere("mem://read");
    cw_memory_remove("read");
}

/* ---- decompressed ---- */

enum { PLAIN = 3 * MIB + 5 };

static size_t pack_gzip(unsigned char *to, size_t room, const void *p, size_t n)
{
    z_stream z = {0};

    REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = to;
    z.avail_out = (uInt)room;
    REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

static size_t pack_zstd(unsigned char *to, size_t room, const void *p, size_t n)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    size_t made;

    REQUIRE(c && !ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1)));
    made = ZSTD_compress2(c, to, room, p, n);
    REQUIRE(!ZSTD_isError(made));
    ZSTD_freeCCtx(c);
    return made;
}

typedef size_t (*pack_fn)(unsigned char *to, size_t room, const void *p, size_t n);

static unsigned char *packed, *plain;

/* Three members, one of them empty. */
static size_t pack_members(pack_fn pack)
{
    size_t room = PLAIN + MIB, at = pack(packed, room, plain, 100);

    at += pack(packed + at, room - at, plain, 0);
    return at + pack(packed + at, room - at, plain + 100, PLAIN - 100);
}

static void fill_plain(void)
{
    packed = malloc(PLAIN + MIB);
    plain = malloc(PLAIN);
    REQUIRE(packed && plain);
    for (size_t i = 0; i < PLAIN; i++)
        plain[i] = i % 3 ? data[i] : 'x';
}

static void check_unpacked(bed *b, const char *url, cw_decompression how)
{
    static const size_t pieces[] = {999, 200000, 8 * MIB};
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_error err;
    char byte;

    o.decompression = how;
    for (size_t i = 0; i < 3; i++) {
        cw_reader *r = open_with(b, url, &o);

        check_all(r, plain, PLAIN, pieces[i]);
        CHECK_STATUS(cw_reader_pread(r, 0, &byte, 1, &err), CW_E_UNSUPPORTED, err);
        CHECK_STATUS(cw_reader_seek(r, 5, &err), CW_E_UNSUPPORTED, err);
        CHECK_OK(cw_reader_seek(r, 0, &err), err);
        check_all(r, plain, PLAIN, pieces[i]);
        cw_reader_close(r);
    }
}

static void check_damage(const char *url, size_t n, cw_decompression how)
{
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    size_t cuts[] = {0, 1, 10, n / 2, n - 1};
    unsigned char kept = packed[n / 2];
    cw_reader *r;
    cw_status st;
    cw_error err;

    o.decompression = how;
    for (size_t i = 0; i < 5; i++) {
        write_to(url, packed, cuts[i]);
        r = open_with(NULL, url, &o);
        read_all(r, plain, PLAIN, 100000, &st, &err);
        CHECK_INT(st, CW_E_INTEGRITY);
        cw_reader_close(r);
    }
    packed[n] = 'J'; /* not another member */
    write_to(url, packed, n + 1);
    r = open_with(NULL, url, &o);
    read_all(r, plain, PLAIN, 100000, &st, &err);
    CHECK_INT(st, CW_E_INTEGRITY);
    cw_reader_close(r);
    packed[n / 2] ^= 0xff;
    write_to(url, packed, n);
    packed[n / 2] = kept;
    r = open_with(NULL, url, &o);
    st = CW_OK;
    for (size_t k = 1; st == CW_OK && k > 0;) {
        static char sink[65536];
        st = cw_reader_read(r, sink, sizeof sink, &k, &err);
    }
    CHECK_INT(st, CW_E_INTEGRITY);
    CHECK_STATUS(cw_reader_read(r, &kept, 1, &cuts[0], &err), CW_E_INTEGRITY, err);
    cw_reader_close(r);
}

static void unpack(pack_fn pack, cw_decompression kind)
{
    bed b = bed_open(NULL, NULL);
    size_t n;

    fill_plain();
    n = pack_members(pack);
    put(&b, "packed", packed, n);
    check_unpacked(&b, "s3://bucket/packed", kind);
    check_unpacked(&b, "s3://bucket/packed", CW_DECOMPRESSION_AUTO);
    write_to("mem://packed", packed, n);
    check_unpacked(NULL, "mem://packed", CW_DECOMPRESSION_AUTO);
    check_damage("mem://packed", n, kind);
    cw_memory_remove("packed");
    free(packed);
    free(plain);
    bed_close(&b);
}

static void gunzip(void)
{
    unpack(pack_gzip, CW_DECOMPRESSION_GZIP);
}

static void unzstd(void)
{
    unpack(pack_zstd, CW_DECOMPRESSION_ZSTD);
}

static void nothing_to_unpack(void)
{
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_reader_info info;
    cw_reader *r;

    o.decompression = CW_DECOMPRESSION_AUTO;
    write_to("mem://plain", data, PLAIN);
    r = open_with(NULL, "mem://plain", &o);
    check_all(r, data, PLAIN, 10000);
    cw_reader_get_info(r, &info);
    CHECK_INT(info.decompression, CW_DECOMPRESSION_NONE);
    cw_reader_close(r);
    write_to("mem://plain", "", 0);
    r = open_with(NULL, "mem://plain", &o);
    check_all(r, data, 0, 10);
    cw_reader_close(r);
    cw_memory_remove("plain");
}

int main(int argc, char **argv)
{
    data = noise(SIZE);
    WITHIN(5000, in_order);
    WITHIN(5000, shown_where_it_lies);
    WITHIN(5000, without_reading_ahead);
    WITHIN(8000, little_memory);
    WITHIN(5000, beside_a_writer);
    WITHIN(5000, small_at_first);
    WITHIN(5000, as_few_as_possible);
    WITHIN(5000, none_at_random);
    WITHIN(10000, seeks);
    WITHIN(10000, closed_in_the_middle);
    WITHIN(10000, cut_again_and_again);
    WITHIN(8000, gone_on_with);
    WITHIN(10000, cut_anywhere);
    WITHIN(5000, always_cut_early);
    WITHIN(8000, read_on_after_a_failure);
    WITHIN(8000, stalled);
    WITHIN(5000, throttled);
    WITHIN(5000, another_piece);
    WITHIN(5000, replaced);
    WITHIN(5000, damaged_on_the_way);
    WITHIN(8000, each_checksum);
    WITHIN(5000, without_checksums);
    WITHIN(5000, description);
    WITHIN(5000, conditions);
    WITHIN(8000, with_a_key);
    WITHIN(5000, bad_options);
    WITHIN(8000, files_and_memory);
    WITHIN(8000, gunzip);
    WITHIN(8000, unzstd);
    WITHIN(5000, nothing_to_unpack);
    free(data);
    return test_end();
}
