/* test_copy_keys.c - copies of what is encrypted, of what is described in part, and of 6 GB */
#include "fixture.h"

static const unsigned char one[32] = "the first key, of 32 bytes, I sa";
static const unsigned char two[32] = "the other key, of 32 bytes, I do";
static cw_error err;

enum { LARGE = 1000 * 1000 };

static bed bed_with_tls(void)
{
    ts_options s = server_defaults();

    s.tls = true;
    return bed_open(&s, NULL);
}

static void check_readable(bed *b, const char *url, const unsigned char *key, const void *want,
                           size_t n)
{
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    unsigned char *got = malloc(n);
    cw_reader *r = NULL;
    size_t k = 0;

    REQUIRE(got);
    o.sse_customer_key = key;
    CHECK_OK(cw_reader_open_with(&r, b->client, url, &o, &err), err);
    REQUIRE(r);
    CHECK_OK(cw_reader_read(r, got, n, &k, &err), err);
    CHECK_INT(k, n);
    CHECK(memcmp(got, want, n) == 0);
    CHECK_INT(cw_reader_size(r), n);
    cw_reader_close(r);
    free(got);
}

/* From key to key, from none to one and from one to none, in one request and in parts. */
static void customer_keys(void)
{
    static const struct {
        const unsigned char *from, *to;
    } pairs[] = {{one, two}, {one, one}, {NULL, two}, {one, NULL}};
    bed b = bed_with_tls();
    unsigned char *data = noise(LARGE);
    cw_object_info info;

    for (size_t i = 0; i < 8; i++) {
        const unsigned char *from = pairs[i / 2].from, *to = pairs[i / 2].to;
        cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;
        cw_writer_options w = CW_WRITER_OPTIONS_INIT, t = CW_WRITER_OPTIONS_INIT;

        w.sse = from ? CW_SSE_C : CW_SSE_BUCKET;
        w.sse_customer_key = from;
        w.content_type = "text/x-kept";
        CHECK_OK(send_bytes(&b, "from", &w, data, LARGE, NULL, &err), err);
        t.sse = to ? CW_SSE_C : CW_SSE_BUCKET;
        t.sse_customer_key = to;
        o.describe = to ? &t : NULL;
        o.keep = 1;
        o.sse_customer_key = from;
        o.multipart_bytes = i % 2 ? 1000 : 0;
        o.part_bytes = 300 * 1000;
        CHECK_OK((i < 4 ? cw_object_copy : cw_object_move)(b.client, "s3://bucket/from",
                                                           "s3://bucket/to", &o, &info, &err),
                 err);
        CHECK_INT(info.parts, i % 2 ? 4 : 0);
        check_readable(&b, "s3://bucket/to", to, data, LARGE);
        if (from != to) {
            cw_object_meta *m = NULL;
            cw_object_stat_options s = CW_OBJECT_STAT_OPTIONS_INIT;
            s.sse_customer_key = from;
            CHECK(cw_object_stat(&m, b.client, "s3://bucket/to", &s, &err) != CW_OK);
            s.sse_customer_key = to;
            CHECK_OK(cw_object_stat(&m, b.client, "s3://bucket/to", &s, &err), err);
            CHECK_STR(m ? m->content_type : "", "text/x-kept");
            cw_object_meta_free(m);
        }
    }
    free(data);
    bed_close(&b);
}

static void keys_that_do_not_fit(void)
{
    bed b = bed_with_tls();
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;
    cw_writer_options w = CW_WRITER_OPTIONS_INIT;

    w.sse = CW_SSE_C;
    w.sse_customer_key = one;
    CHECK_OK(send_bytes(&b, "from", &w, "hello", 5, NULL, &err), err);
    CHECK(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/to", &o, NULL, &err) != CW_OK);
    o.sse_customer_key = two;
    CHECK(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/to", &o, NULL, &err) != CW_OK);
    check_nothing(&b, "to");
    /* one that only its own key can look at is there, too */
    o.sse_customer_key = NULL;
    o.create_only = 1;
    REQUIRE(ts_object_put(b.server, "bucket", "plain", "x", 1) == 0);
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/plain", "s3://bucket/from", &o, NULL, &err),
                 CW_E_ALREADY_EXISTS, err);
    CHECK_STATUS(
        cw_object_copy(b.client, "s3://bucket/plain", "s3://bucket/plain2", &o, NULL, &err), CW_OK,
        err);
    CHECK_OK(cw_object_delete(b.client, "s3://bucket/from", NULL, &err), err);
    check_nothing(&b, "from");
    o.sse_customer_key = one;
    CHECK_STATUS(cw_object_copy(NULL, "mem://a", "mem://b", &o, NULL, &err), CW_E_UNSUPPORTED, err);
    CHECK_STATUS(cw_object_copy(NULL, "/tmp/a", "/tmp/b", &o, NULL, &err), CW_E_UNSUPPORTED, err);
    bed_close(&b);
}

static void check_header(bed *b, const char *name, const char *want)
{
    char value[300] = "";

    ts_object_header(b->server, "bucket", "to", name, value, sizeof value);
    CHECK_STR(value, want);
}

/* What is not said stays: in one request and in parts. */
static void described_in_part(void)
{
    bed b = bed_open(NULL, NULL);
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;
    cw_writer_options w = CW_WRITER_OPTIONS_INIT, t = CW_WRITER_OPTIONS_INIT;
    cw_pair metadata[] = {{"who", "me"}}, other[] = {{"who", "you"}}, tags[] = {{"a", "1"}};

    w.content_type = "text/plain";
    w.cache_control = "no-store";
    w.content_encoding = "identity";
    w.content_language = "de";
    w.content_disposition = "inline";
    w.metadata = metadata;
    w.metadata_count = 1;
    w.tags = tags;
    w.tags_count = 1;
    CHECK_OK(send_bytes(&b, "from", &w, "0123456789", 10, NULL, &err), err);
    t.storage_class = "STANDARD_IA";
    t.content_type = "text/html";
    o.describe = &t;
    for (int i = 0; i < 4; i++) {
        o.keep = i < 2;
        o.multipart_bytes = i % 2 ? 5 : 0;
        t.metadata = other;
        t.metadata_count = i == 3;
        CHECK_OK(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/to", &o, NULL, &err),
                 err);
        check_header(&b, "x-amz-storage-class", "STANDARD_IA");
        check_header(&b, "content-type", "text/html");
        check_header(&b, "cache-control", o.keep ? "no-store" : "");
        check_header(&b, "content-encoding", o.keep ? "identity" : "");
        check_header(&b, "content-language", o.keep ? "de" : "");
        check_header(&b, "content-disposition", o.keep ? "inline" : "");
        check_header(&b, "x-amz-meta-who", i == 3 ? "you" : o.keep ? "me" : "");
        cw_object_tags *of_copy = NULL;
        CHECK_OK(cw_object_tags_get(&of_copy, b.client, "s3://bucket/to", &err), err);
        CHECK_INT(of_copy ? of_copy->count : 0, o.keep ? 1 : 0);
        cw_object_tags_free(of_copy);
    }
    bed_close(&b);
}

/* The server knows such an object by a rule, and so does this test. */
static void check_range(cw_reader *r, uint64_t at, size_t n)
{
    static unsigned char got[70000];
    size_t i = 0;

    CHECK_OK(cw_reader_pread(r, at, got, n, &err), err);
    while (i < n && got[i] == ts_pattern_byte(at + i))
        i++;
    CHECK_INT(i, n);
}

static void six_gigabytes(void)
{
    static const uint64_t size = 6 * UINT64_C(1000000000) + 12345, part = UINT64_C(256) << 20;
    bed b = bed_open(NULL, NULL);
    cw_object_info info;
    uint64_t state = 6;
    cw_reader *r = NULL;

    REQUIRE(ts_object_put_pattern(b.server, "bucket", "from", size) == 0);
    CHECK_OK(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/to", NULL, &info, &err),
             err);
    CHECK_INT(info.bytes, size);
    CHECK_INT(info.parts, (size + part - 1) / part);
    CHECK_INT(requests(&b, "GetObject"), 0);
    CHECK_OK(cw_reader_open(&r, b.client, "s3://bucket/to", &err), err);
    REQUIRE(r);
    CHECK_INT(cw_reader_size(r), size);
    for (uint64_t at = part; at < size; at += part) /* the seams */
        check_range(r, at - 1000, 2000);
    for (int i = 0; i < 100; i++) {
        size_t n = (size_t)(mix(&state) % 70000) + 1;
        check_range(r, mix(&state) % (size - n), n);
    }
    check_range(r, size - 10, 10);
    cw_reader_close(r);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    WITHIN(8000, customer_keys);
    WITHIN(5000, keys_that_do_not_fit);
    WITHIN(5000, described_in_part);
    WITHIN(10000, six_gigabytes);
    return test_end();
}
