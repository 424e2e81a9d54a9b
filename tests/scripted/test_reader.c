/* test_reader.c - ranges of an object: exact, of one version, and whatever the connection does */
#include "fixture.h"

#include <sys/stat.h>

enum { SIZE = 9 * MIB + 77 }; /* three ranges of 4 MiB */

static unsigned char *data;

static cw_reader *open_reader(bed *b, const char *url)
{
    cw_reader *r = NULL;
    cw_error err;

    CHECK_OK(cw_reader_open(&r, b ? b->client : NULL, url, &err), err);
    REQUIRE(r);
    return r;
}

static void put(bed *b, const char *key, const void *p, size_t n)
{
    cw_error err;

    CHECK_OK(send_bytes(b, key, NULL, p, n, NULL, &err), err);
}

static void check_range(cw_reader *r, uint64_t offset, size_t n)
{
    unsigned char *got = malloc(n + 1);
    cw_error err;

    REQUIRE(got);
    got[n] = 0xA5;
    CHECK_OK(cw_reader_pread(r, offset, got, n, &err), err);
    CHECK(memcmp(got, data + offset, n) == 0);
    CHECK_INT(got[n], 0xA5);
    free(got);
}

static void check_ranges(cw_reader *r)
{
    uint64_t state = 7;

    CHECK_INT(cw_reader_size(r), SIZE);
    check_range(r, 0, SIZE);
    check_range(r, 0, 1);
    check_range(r, SIZE - 1, 1);
    check_range(r, SIZE, 0);
    for (int i = 0; i < 20; i++) {
        uint64_t from = mix(&state) % SIZE;
        check_range(r, from, (size_t)(mix(&state) % (SIZE - from)) / 16);
    }
}

static void ranges_of_an_object(void)
{
    bed b = bed_open(NULL, NULL);
    cw_reader *r;
    cw_error err;
    char byte;

    put(&b, "key", data, SIZE);
    r = open_reader(&b, "s3://bucket/key");
    check_ranges(r);
    CHECK_STATUS(cw_reader_pread(r, SIZE, &byte, 1, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_reader_pread(r, UINT64_MAX, &byte, 1, &err), CW_E_INVALID_ARGUMENT, err);
    cw_reader_close(r);
    bed_close(&b);
}

static void an_empty_object(void)
{
    bed b = bed_open(NULL, NULL);
    cw_reader *r;
    cw_error err;

    put(&b, "empty", "", 0);
    r = open_reader(&b, "s3://bucket/empty");
    CHECK_INT(cw_reader_size(r), 0);
    CHECK_OK(cw_reader_pread(r, 0, NULL, 0, &err), err);
    cw_reader_close(r);
    bed_close(&b);
}

static void broken_connections(void)
{
    bed b = bed_open(NULL, NULL);
    cw_reader *r;

    put(&b, "key", data, SIZE);
    r = open_reader(&b, "s3://bucket/key");
    faults(&b, "op=GetObject times=2 do=truncate_reply:100000");
    faults(&b, "op=GetObject times=1 do=status:503:SlowDown");
    check_range(r, 5, 5 * MIB);
    cw_reader_close(r);
    bed_close(&b);
}

/* How many bytes from the start are those of such an object. */
static size_t as_ruled(const unsigned char *p, size_t n, uint64_t at)
{
    size_t same = 0;

    while (same < n && p[same] == ts_pattern_byte(at + same))
        same++;
    return same;
}

/* Every connection ends when it has brought 10 MB, whatever was asked of it. */
static void a_gigabyte_in_pieces(void)
{
    static const uint64_t size = UINT64_C(1000000000) / SLOWNESS, cut = 10000000;
    cw_client_options roomy = client_defaults();
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    const void *p;
    uint64_t at = 0;
    size_t n = 1;
    cw_reader_info info;
    cw_reader *r = NULL;
    cw_error err;

    roomy.memory_bytes = 160 * MIB;
    o.range_bytes = 32 * MIB;
    bed b = bed_open(NULL, &roomy);
    REQUIRE(ts_object_put_pattern(b.server, "bucket", "large", size) == 0);
    faults(&b, "op=GetObject times=inf do=truncate_body:10000000");
    CHECK_OK(cw_reader_open_with(&r, b.client, "s3://bucket/large", &o, &err), err);
    REQUIRE(r);
    while (n > 0) {
        CHECK_OK(cw_reader_peek(r, &p, &n, &err), err);
        CHECK_INT(as_ruled(p, n, at), n);
        CHECK_OK(cw_reader_skip(r, n, &err), err);
        at += n;
    }
    CHECK_INT(at, size);
    cw_reader_get_info(r, &info);
    CHECK(info.retries > size / cut / 2); /* a range may end shortly before the next cut */
    cw_reader_close(r);
    bed_close(&b);
}

static void a_replaced_object(void)
{
    bed b = bed_open(NULL, NULL);
    cw_reader *r;
    cw_error err;
    char bytes[10];

    put(&b, "key", data, 1000);
    r = open_reader(&b, "s3://bucket/key");
    put(&b, "key", data + 1, 1000);
    CHECK_STATUS(cw_reader_pread(r, 0, bytes, 10, &err), CW_E_PRECONDITION, err);
    cw_reader_close(r);
    bed_close(&b);
}

static void what_is_not_there(void)
{
    bed b = bed_open(NULL, NULL);
    cw_reader *r;
    cw_error err;

    CHECK_STATUS(cw_reader_open(&r, b.client, "s3://bucket/none", &err), CW_E_NOT_FOUND, err);
    CHECK(!r);
    CHECK_STATUS(cw_reader_open(&r, b.client, "s3://bucket", &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_reader_open(&r, NULL, "/nowhere/to/be/found", &err), CW_E_NOT_FOUND, err);
    CHECK_STATUS(cw_reader_open(&r, NULL, "/dev/zero", &err), CW_E_UNSUPPORTED, err);
    CHECK_STATUS(cw_reader_open(&r, NULL, "mem://none", &err), CW_E_NOT_FOUND, err);
    CHECK_STATUS(cw_reader_open(&r, NULL, "ftp://x/y", &err), CW_E_INVALID_ARGUMENT, err);
    cw_reader_close(NULL);
    bed_close(&b);
}

static void write_to(const char *url)
{
    cw_writer *w;
    cw_error err;

    CHECK_OK(cw_writer_open(&w, NULL, url, NULL, &err), err);
    CHECK_INT(write_all(w, data, SIZE), CW_OK);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
}

static void files_and_memory(void)
{
    char path[] = "/tmp/cw-reader-XXXXXX";
    int fd = mkstemp(path);
    cw_reader *r;
    cw_error err;
    char bytes[10];

    REQUIRE(fd >= 0);
    close(fd);
    write_to(path);
    r = open_reader(NULL, path);
    check_ranges(r);
    REQUIRE(truncate(path, 100) == 0);
    CHECK_STATUS(cw_reader_pread(r, 95, bytes, 10, &err), CW_E_PRECONDITION, err);
    cw_reader_close(r);
    unlink(path);

    write_to("mem://reader");
    r = open_reader(NULL, "mem://reader");
    check_ranges(r);
    cw_memory_remove("reader");
    CHECK_STATUS(cw_reader_pread(r, 0, bytes, 10, &err), CW_E_PRECONDITION, err);
    cw_reader_close(r);
}

int main(int argc, char **argv)
{
    data = noise(SIZE);
    WITHIN(5000, ranges_of_an_object);
    WITHIN(5000, an_empty_object);
    WITHIN(5000, broken_connections);
    WITHIN(8000, a_gigabyte_in_pieces);
    WITHIN(5000, a_replaced_object);
    WITHIN(5000, what_is_not_there);
    WITHIN(5000, files_and_memory);
    free(data);
    return test_end();
}
