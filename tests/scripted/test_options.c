/* test_options.c - what the options of a writer ask for arrives at the service */
#include "fixture.h"

#include <zlib.h>
#include <zstd.h>

enum { PART = 80 * 1000, WHOLE = 3 * PART - 1 };

static unsigned char *data;

static bool last_header(bed *b, const char *op, const char *name, char *value, size_t size)
{
    value[0] = '\0';
    return ts_request_header(b->server, op, name, value, size) == 0;
}

static void check_sent_at(int line, bed *b, const char *op, const char *name, const char *want)
{
    char value[2000];

    last_header(b, op, name, value, sizeof value);
    test_str(__FILE__, line, name, value, want);
}
#define check_sent(b, op, name, want) check_sent_at(__LINE__, b, op, name, want)

/* ---- checksums and signatures of the bytes ---- */

static const struct kind {
    cw_checksum checksum;
    const char *name, *header, *type;
} kinds[] = {
    {CW_CHECKSUM_DEFAULT, "crc64nvme", "x-amz-checksum-crc64nvme", "FULL_OBJECT"},
    {CW_CHECKSUM_CRC64NVME, "crc64nvme", "x-amz-checksum-crc64nvme", "FULL_OBJECT"},
    {CW_CHECKSUM_CRC32C, "crc32c", "x-amz-checksum-crc32c", "COMPOSITE"},
    {CW_CHECKSUM_CRC32, "crc32", "x-amz-checksum-crc32", "COMPOSITE"},
    {CW_CHECKSUM_SHA256, "sha256", "x-amz-checksum-sha256", "COMPOSITE"},
    {CW_CHECKSUM_NONE, "", "", ""},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static void check_stored(bed *b, const struct kind *k, bool parts, const cw_object_info *info)
{
    char stored[100] = "", type[20] = "", said[200];

    ts_object_header(b->server, "bucket", "key", "x-amz-checksum-type", type, sizeof type);
    if (!k->name[0]) {
        CHECK_STR(type, "");
        CHECK_STR(info->checksum, "");
        return;
    }
    CHECK_INT(ts_object_header(b->server, "bucket", "key", k->header, stored, sizeof stored), 0);
    snprintf(said, sizeof said, "%s:%s", k->name, stored);
    CHECK_STR(info->checksum, said);
    CHECK_STR(type, parts ? k->type : "FULL_OBJECT");
}

static void check_payload(bed *b, cw_payload payload, bool tls, bool parts)
{
    static const char *const ops[] = {"PutObject", "UploadPart"};
    bool sign = payload == CW_PAYLOAD_SIGNED || (payload == CW_PAYLOAD_AUTO && !tls);
    char hash[100];

    CHECK(last_header(b, ops[parts], "x-amz-content-sha256", hash, sizeof hash));
    if (sign)
        CHECK_INT(strlen(hash), 64);
    else
        CHECK_STR(hash, "UNSIGNED-PAYLOAD");
}

static void each_checksum_and_payload(bool tls)
{
    ts_options s = server_defaults();

    s.tls = tls;
    bed b = bed_open(&s, NULL);
    for (size_t i = 0; i < KINDS; i++)
        for (int payload = CW_PAYLOAD_AUTO; payload <= CW_PAYLOAD_SIGNED; payload++)
            for (int parts = 0; parts < 2; parts++) {
                cw_writer_options o = parts_of(parts ? PART : WHOLE);
                cw_object_info info;
                cw_error err;

                o.checksum = kinds[i].checksum;
                o.payload = (cw_payload)payload;
                CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, &info, &err), err);
                CHECK_INT(info.retries, 0);
                check_object(&b, "key", data, WHOLE);
                check_stored(&b, &kinds[i], parts, &info);
                check_payload(&b, o.payload, tls, parts);
            }
    bed_close(&b);
}

static void checksums_and_payloads_over_http(void)
{
    each_checksum_and_payload(false);
}

static void checksums_and_payloads_over_tls(void)
{
    each_checksum_and_payload(true);
}

static void the_clients_choice_is_the_default(void)
{
    cw_client_options c = client_defaults();
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_object_info info;
    cw_error err;

    c.checksum = CW_CHECKSUM_CRC32;
    c.payload = CW_PAYLOAD_UNSIGNED;
    bed b = bed_open(NULL, &c);
    CHECK_OK(send_bytes(&b, "key", NULL, data, 100, &info, &err), err);
    CHECK_INT(strncmp(info.checksum, "crc32:", 6), 0);
    check_sent(&b, "PutObject", "x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    o.checksum = CW_CHECKSUM_NONE;
    CHECK_OK(send_bytes(&b, "key", &o, data, 100, &info, &err), err);
    CHECK_STR(info.checksum, "");
    bed_close(&b);
}

static void a_certificate_of_nobody_is_refused(void)
{
    ts_options s = server_defaults();
    cw_client_options c = client_defaults();
    cw_error err;

    s.tls = true;
    c.ca_bundle = "/etc/ssl/certs/ca-certificates.crt";
    if (access(c.ca_bundle, R_OK) != 0)
        c.ca_bundle = "/dev/null";
    bed b = bed_open(&s, &c);
    CHECK_STATUS(send_bytes(&b, "key", NULL, data, 10, NULL, &err), CW_E_UNAVAILABLE, err);
    CHECK_INT(err.attempts, 1);
    CHECK_INT(requests(&b, NULL), 0);
    check_nothing(&b, "key");
    bed_close(&b);
}

/* ---- what describes the object ---- */

static cw_writer_options described(bool parts)
{
    static const cw_pair metadata[] = {
        {"First", "one"}, {"second-one", "  with  spaces "}, {"utf8", "\xc3\xa9"}, {"empty", ""}};
    static const cw_pair tags[] = {{"a b", "c&d=e"}, {"plain", "x+y"}, {"empty", ""}};
    cw_writer_options o = parts_of(parts ? PART : WHOLE);

    o.content_type = "text/csv; charset=utf-8";
    o.content_encoding = "identity";
    o.content_disposition = "attachment; filename=\"a b.csv\"";
    o.content_language = "de";
    o.cache_control = "max-age=60";
    o.metadata = metadata;
    o.metadata_count = 4;
    o.tags = tags;
    o.tags_count = 3;
    o.storage_class = "STANDARD_IA";
    o.acl = "bucket-owner-full-control";
    return o;
}

static void check_description(bed *b, const char *op)
{
    check_sent(b, op, "content-type", "text/csv; charset=utf-8");
    check_sent(b, op, "content-encoding", "identity");
    check_sent(b, op, "content-disposition", "attachment; filename=\"a b.csv\"");
    check_sent(b, op, "content-language", "de");
    check_sent(b, op, "cache-control", "max-age=60");
    check_sent(b, op, "x-amz-meta-first", "one");
    check_sent(b, op, "x-amz-meta-utf8", "\xc3\xa9");
    check_sent(b, op, "x-amz-tagging", "a%20b=c%26d%3De&plain=x%2By&empty=");
    check_sent(b, op, "x-amz-storage-class", "STANDARD_IA");
    check_sent(b, op, "x-amz-acl", "bucket-owner-full-control");
}

static void descriptions_arrive(void)
{
    for (int parts = 0; parts < 2; parts++) {
        bed b = bed_open(NULL, NULL);
        cw_writer_options o = described(parts);
        char value[100] = "";
        cw_error err;

        CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
        check_description(&b, parts ? "CreateMultipartUpload" : "PutObject");
        CHECK(!last_header(&b, "UploadPart", "x-amz-meta-first", value, sizeof value));
        ts_object_header(b.server, "bucket", "key", "x-amz-meta-second-one", value, sizeof value);
        CHECK(strstr(value, "with") && strstr(value, "spaces"));
        CHECK_INT(
            ts_object_header(b.server, "bucket", "key", "x-amz-meta-empty", value, sizeof value),
            0);
        CHECK_STR(value, "");
        check_object(&b, "key", data, WHOLE);
        bed_close(&b);
    }
}

static void the_default_type(void)
{
    bed b = bed_open(NULL, NULL);
    cw_error err;

    CHECK_OK(send_bytes(&b, "key", NULL, data, 10, NULL, &err), err);
    check_sent(&b, "PutObject", "content-type", "");
    check_sent(&b, "PutObject", "content-encoding", "");
    bed_close(&b);
}

static void encryption_arrives(void)
{
    for (int parts = 0; parts < 2; parts++) {
        const char *op = parts ? "CreateMultipartUpload" : "PutObject";
        bed b = bed_open(NULL, NULL);
        cw_writer_options o = parts_of(parts ? PART : WHOLE);
        cw_error err;

        o.sse = CW_SSE_S3;
        CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
        check_sent(&b, op, "x-amz-server-side-encryption", "AES256");
        o.sse = CW_SSE_KMS;
        o.sse_kms_key_id = "arn:aws:kms:us-east-1:1:key/k";
        o.sse_kms_context = "e30=";
        o.sse_bucket_key = 1;
        CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
        check_sent(&b, op, "x-amz-server-side-encryption", "aws:kms");
        check_sent(&b, op, "x-amz-server-side-encryption-aws-kms-key-id", o.sse_kms_key_id);
        check_sent(&b, op, "x-amz-server-side-encryption-context", "e30=");
        check_sent(&b, op, "x-amz-server-side-encryption-bucket-key-enabled", "true");
        o = parts_of(o.part_bytes);
        o.sse = CW_SSE_KMS_DSSE;
        CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
        check_sent(&b, op, "x-amz-server-side-encryption", "aws:kms:dsse");
        check_object(&b, "key", data, WHOLE);
        bed_close(&b);
    }
}

/* The key goes with every request, the one that asks after a commit in doubt included. */
static void a_customers_key_arrives_everywhere(void)
{
    static const unsigned char key[] = "0123456789abcdef0123456789ABCDEF";

    for (int parts = 0; parts < 2; parts++) {
        bed b = bed_open(NULL, NULL);
        cw_writer_options o = parts_of(parts ? PART : WHOLE);
        cw_error err;

        o.sse = CW_SSE_C;
        o.sse_customer_key = key;
        o.create_only = 1;
        faults(&b, "op=PutObject do=drop_reply_after_commit\n"
                   "op=CompleteMultipartUpload do=drop_reply_after_commit");
        CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
        check_sent(&b, "HeadObject", "x-amz-server-side-encryption-customer-algorithm", "AES256");
        check_object(&b, "key", data, WHOLE);
        bed_close(&b);
    }
}

/* Nobody answers at that name: what is sent there fails in another way. */
static void a_customers_key_goes_to_nobody_else(void)
{
    static const unsigned char key[] = "0123456789abcdef0123456789ABCDEF";
    const cw_pair header = {"x-amz-copy-source-server-side-encryption-customer-key", "k"};
    cw_client_options far = client_defaults();
    cw_writer_options w = CW_WRITER_OPTIONS_INIT;
    cw_reader_options r = CW_READER_OPTIONS_INIT;
    cw_object_stat_options s = CW_OBJECT_STAT_OPTIONS_INIT;
    cw_object_copy_options copy = CW_OBJECT_COPY_OPTIONS_INIT;
    cw_request_options q = CW_REQUEST_OPTIONS_INIT;
    cw_response *response;
    cw_object_meta *meta;
    cw_writer *writer;
    cw_reader *reader;
    cw_error err;

    far.endpoint_url = "http://storage.invalid:9000";
    far.max_attempts = 1;
    bed b = bed_open(NULL, &far);
    w.sse = CW_SSE_C;
    w.sse_customer_key = r.sse_customer_key = s.sse_customer_key = copy.sse_customer_key = key;
    q.headers = &header;
    q.header_count = 1;
    CHECK_STATUS(cw_writer_open(&writer, b.client, "s3://bucket/key", &w, &err),
                 CW_E_INVALID_ARGUMENT, err);
    CHECK(strstr(err.message, "storage.invalid") && strstr(err.message, "https"));
    CHECK_STATUS(cw_reader_open_with(&reader, b.client, "s3://bucket/key", &r, &err),
                 CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_object_stat(&meta, b.client, "s3://bucket/key", &s, &err),
                 CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/key", "s3://bucket/to", &copy, NULL, &err),
                 CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_request_send(&response, b.client, "s3://bucket/key", &q, &err),
                 CW_E_INVALID_ARGUMENT, err);
    q.header_count = 0;
    CHECK(cw_request_send(&response, b.client, "s3://bucket/key", &q, &err) !=
          CW_E_INVALID_ARGUMENT);
    bed_close(&b);
}

static void check_refused_at_open(const cw_writer_options *o)
{
    bed b = bed_open(NULL, NULL);
    cw_writer *w;
    cw_error err;

    CHECK_STATUS(cw_writer_open(&w, b.client, "s3://bucket/key", o, &err), CW_E_INVALID_ARGUMENT,
                 err);
    CHECK(!w && err.message[0]);
    CHECK_INT(requests(&b, NULL), 0);
    bed_close(&b);
}

static void impossible_options_are_refused_at_open(void)
{
    static char big[2100];
    const cw_pair broken = {"name", "a\r\nx-amz-acl: public-read"}, bad_name = {"na me", "x"};
    const cw_pair large = {"name", memset(big, 'x', sizeof big - 1)};
    cw_pair tags[11] = {{NULL, NULL}};
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;

    for (int i = 0; i < 11; i++)
        tags[i] = (cw_pair){"tag", "value"};
    o.metadata_count = 1;
    o.metadata = &broken;
    check_refused_at_open(&o);
    o.metadata = &bad_name;
    check_refused_at_open(&o);
    o.metadata = &large;
    check_refused_at_open(&o);
    o.metadata_count = 0;
    o.tags = tags;
    o.tags_count = 11;
    check_refused_at_open(&o);
    o.tags_count = 0;
    o.content_type = "text/plain\n";
    check_refused_at_open(&o);
    o.content_type = NULL;
    o.sse = CW_SSE_C;
    check_refused_at_open(&o);
    o.sse = CW_SSE_BUCKET;
    o.part_bytes = UINT64_C(1) << 40;
    check_refused_at_open(&o);
}

/* ---- compression ---- */

static size_t unpack_gzip(const unsigned char *in, size_t n, unsigned char *out, size_t room)
{
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)in, .avail_in = (uInt)n};

    z.next_out = out;
    z.avail_out = (uInt)room;
    REQUIRE(inflateInit2(&z, 15 + 16) == Z_OK);
    int rc = inflate(&z, Z_FINISH);
    size_t made = rc == Z_STREAM_END && z.avail_in == 0 ? room - z.avail_out : SIZE_MAX;
    inflateEnd(&z);
    return made;
}

static void unpacks_to(bed *b, cw_compression kind, const void *want, size_t n)
{
    unsigned char *out = malloc(n + 1);
    size_t packed = 0, made;
    unsigned char *in = ts_object_bytes(b->server, "bucket", "key", &packed);

    REQUIRE(in && out);
    made = kind == CW_COMPRESSION_GZIP ? unpack_gzip(in, packed, out, n + 1)
                                       : ZSTD_decompress(out, n + 1, in, packed);
    CHECK_INT(made, n);
    CHECK(made != n || memcmp(out, want, n) == 0);
    free(in);
    free(out);
}

static void packed_with(bed *b, cw_writer_options o, const unsigned char *bytes, size_t n)
{
    cw_object_info info = {0};
    cw_error err;

    o.part_policy = CW_PARTS_GROWING;
    o.part_bytes = PART;
    CHECK_OK(send_bytes(b, "key", &o, bytes, n, &info, &err), err);
    CHECK_INT(info.bytes_in, n);
    CHECK_INT(info.bytes, ts_object_size(b->server, "bucket", "key"));
    CHECK_INT(ts_upload_count(b->server), 0);
    unpacks_to(b, o.compression, bytes, n);
}

static void compressed_objects_unpack(void)
{
    static const size_t sizes[] = {0, 1, 1000, 2 * MIB};
    unsigned char *noisy = noise(2 * MIB), *plain = noise(2 * MIB);
    bed b = bed_open(NULL, NULL);
    char encoding[20];

    for (size_t i = 0; i < 2 * MIB; i++)
        plain[i] = (unsigned char)('a' + plain[i] % 4);
    for (int kind = CW_COMPRESSION_GZIP; kind <= CW_COMPRESSION_ZSTD; kind++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (unsigned threads = 0; threads < 3; threads += 2) {
                cw_writer_options o = CW_WRITER_OPTIONS_INIT;

                o.compression = (cw_compression)kind;
                o.compression_threads = kind == CW_COMPRESSION_ZSTD ? threads : 0;
                o.compression_level = (int)i;
                packed_with(&b, o, noisy, sizes[i]);
                packed_with(&b, o, plain, sizes[i]);
                ts_object_header(b.server, "bucket", "key", "content-encoding", encoding,
                                 sizeof encoding);
                CHECK_STR(encoding, kind == CW_COMPRESSION_GZIP ? "gzip" : "zstd");
            }
    bed_close(&b);
    free(noisy);
    free(plain);
}

/* ---- the size hint ---- */

static void a_hint_picks_the_parts(void)
{
    cw_client_options c = client_defaults();
    const uint64_t tib = UINT64_C(1) << 40;
    cw_stats stats;

    c.memory_bytes = 1024 * (uint64_t)MIB;
    bed b = bed_open(NULL, &c);
    for (uint64_t hint = 1; hint <= 2 * tib; hint *= 4) {
        cw_writer_options o = CW_WRITER_OPTIONS_INIT;

        o.part_policy = CW_PARTS_FIXED;
        o.size_hint = hint;
        cw_writer *w = open_writer(&b, "key", &o);
        cw_writer_stats(w, &stats);
        CHECK(stats.part_bytes >= 5 * MIB && stats.part_bytes * 10000 >= hint);
        CHECK(stats.part_bytes == 8 * MIB || stats.part_bytes * 10000 < 2 * hint);
        CHECK_INT(cw_writer_abort(w, NULL), CW_OK);
    }
    CHECK_INT(requests(&b, NULL), 0);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    data = noise(WHOLE);
    WITHIN(4000, checksums_and_payloads_over_http);
    WITHIN(6000, checksums_and_payloads_over_tls);
    WITHIN(2000, the_clients_choice_is_the_default);
    WITHIN(2000, a_certificate_of_nobody_is_refused);
    WITHIN(2000, descriptions_arrive);
    WITHIN(2000, the_default_type);
    WITHIN(2000, encryption_arrives);
    WITHIN(3000, a_customers_key_arrives_everywhere);
    WITHIN(3000, a_customers_key_goes_to_nobody_else);
    WITHIN(2000, impossible_options_are_refused_at_open);
    WITHIN(8000, compressed_objects_unpack);
    WITHIN(2000, a_hint_picks_the_parts);
    free(data);
    return test_end();
}
