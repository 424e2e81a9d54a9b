/* test_verbs.c - look at objects and delete them */
#include "fixture.h"

static cw_error err;

static cw_object_meta *look(bed *b, const char *url, const cw_object_stat_options *o)
{
    cw_object_meta *m;
    cw_status st = cw_object_stat(&m, b->client, url, o, &err);

    CHECK_OK(st, err);
    REQUIRE(m);
    return m;
}

static void everything_that_is_said(void)
{
    bed b = bed_open(NULL, NULL);
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_pair metadata[] = {{"Owner", "me"}, {"note", "a  b"}}, tags[] = {{"a", "1"}, {"b", "2"}};
    cw_object_info info;

    o.content_type = "text/plain";
    o.content_encoding = "br";
    o.content_disposition = "attachment";
    o.content_language = "de";
    o.cache_control = "no-store";
    o.storage_class = "STANDARD_IA";
    o.sse = CW_SSE_KMS;
    o.sse_kms_key_id = "the-key";
    o.metadata = metadata;
    o.metadata_count = 2;
    o.tags = tags;
    o.tags_count = 2;
    CHECK_OK(send_bytes(&b, "a key", &o, "hello", 5, &info, &err), err);
    cw_object_meta *m = look(&b, "s3://bucket/a key", NULL);
    CHECK_INT(m->bytes, 5);
    CHECK_STR(m->etag, info.etag);
    CHECK(m->modified_ms > 1600000000000);
    CHECK_STR(m->content_type, "text/plain");
    CHECK_STR(m->content_encoding, "br");
    CHECK_STR(m->content_disposition, "attachment");
    CHECK_STR(m->content_language, "de");
    CHECK_STR(m->cache_control, "no-store");
    CHECK_STR(m->storage_class, "STANDARD_IA");
    CHECK_STR(m->sse, "aws:kms");
    CHECK_STR(m->sse_kms_key_id, "the-key");
    CHECK_STR(m->version_id, "");
    CHECK_STR(m->checksum, info.checksum);
    CHECK_STR(m->checksum_type, "FULL_OBJECT");
    CHECK_INT(m->tags_count, 2);
    unsigned found = 0;
    for (size_t i = 0; i < m->metadata_count; i++)
        found += (strcmp(m->metadata[i].name, "owner") == 0 &&
                  strcmp(m->metadata[i].value, "me") == 0) ||
                 strcmp(m->metadata[i].name, "note") == 0;
    CHECK_INT(found, 2);
    cw_object_meta_free(m);
    bed_close(&b);
}

static void a_key_of_the_customer(void)
{
    static const unsigned char key[33] = "0123456789abcdef0123456789abcdef";
    bed b = bed_open(NULL, NULL);
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_object_stat_options s = CW_OBJECT_STAT_OPTIONS_INIT;
    cw_object_meta *m;

    o.sse = CW_SSE_C;
    o.sse_customer_key = key;
    CHECK_OK(send_bytes(&b, "key", &o, "hello", 5, NULL, &err), err);
    CHECK(cw_object_stat(&m, b.client, "s3://bucket/key", NULL, &err) != CW_OK);
    s.sse_customer_key = key;
    m = look(&b, "s3://bucket/key", &s);
    CHECK_INT(m->bytes, 5);
    CHECK_STR(m->sse_customer_algorithm, "AES256");
    cw_object_meta_free(m);
    bed_close(&b);
}

static void what_is_not_there(void)
{
    bed b = bed_open(NULL, NULL);
    cw_object_meta *m;

    CHECK_STATUS(cw_object_stat(&m, b.client, "s3://bucket/key", NULL, &err), CW_E_NOT_FOUND, err);
    CHECK_STATUS(cw_object_stat(&m, b.client, "s3://bucket", NULL, &err), CW_E_INVALID_ARGUMENT,
                 err);
    faults(&b, "op=HeadObject do=status:403:AccessDenied");
    CHECK_STATUS(cw_object_stat(&m, b.client, "s3://bucket/key", NULL, &err), CW_E_PERMISSION, err);
    look_into_error(&err);
    CHECK(!m);
    bed_close(&b);
}

static void whole_objects(void)
{
    bed b = bed_open(NULL, NULL);
    cw_writer_options w = CW_WRITER_OPTIONS_INIT;
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_object_info info;
    char got[100] = "", type[40] = "";
    size_t n;

    w.content_type = "text/x-test";
    CHECK_OK(cw_object_put(b.client, "s3://bucket/key", "hello", 5, &w, &info, &err), err);
    ts_object_header(b.server, "bucket", "key", "content-type", type, sizeof type);
    CHECK_STR(type, "text/x-test");
    CHECK_INT(requests(&b, NULL), 1);
    o.if_match = info.etag;
    CHECK_OK(cw_object_get(got, sizeof got, &n, b.client, "s3://bucket/key", &o, &err), err);
    CHECK_INT(n, 5);
    CHECK_STR(got, "hello");
    CHECK_INT(requests(&b, NULL), 3);
    CHECK_STATUS(cw_object_get(got, 4, &n, b.client, "s3://bucket/key", NULL, &err), CW_E_TOO_LARGE,
                 err);
    CHECK_INT(n, 5);
    CHECK_INT(requests(&b, NULL), 4); /* nothing is fetched that there is no room for */
    faults(&b, "op=GetObject times=inf do=corrupt_reply:2");
    CHECK_STATUS(cw_object_get(got, 5, &n, b.client, "s3://bucket/key", NULL, &err), CW_E_INTEGRITY,
                 err);
    CHECK_INT(n, 0);
    o.if_match = "another";
    CHECK_STATUS(cw_object_get(got, 5, &n, b.client, "s3://bucket/key", &o, &err),
                 CW_E_PRECONDITION, err);
    CHECK_STATUS(cw_object_get(got, 5, &n, b.client, "s3://bucket/none", NULL, &err),
                 CW_E_NOT_FOUND, err);
    CHECK_STATUS(cw_object_put(b.client, "s3://no-such-bucket/x", "x", 1, NULL, NULL, &err),
                 CW_E_BUCKET_NOT_FOUND, err);
    bed_close(&b);
}

static void deleting(void)
{
    bed b = bed_open(NULL, NULL);
    cw_object_delete_options o = CW_OBJECT_DELETE_OPTIONS_INIT;

    ts_object_put(b.server, "bucket", "a +%/../b", "x", 1);
    CHECK_OK(cw_object_delete(b.client, "s3://bucket/a +%/../b", NULL, &err), err);
    CHECK_INT(ts_object_count(b.server, "bucket"), 0);
    CHECK_STATUS(cw_object_delete(b.client, "s3://bucket/key", NULL, &err), CW_E_NOT_FOUND, err);
    CHECK_INT(requests(&b, "DeleteObject"), 1);
    o.missing_ok = 1;
    CHECK_OK(cw_object_delete(b.client, "s3://bucket/key", &o, &err), err);
    CHECK_INT(requests(&b, "HeadObject"), 2);
    CHECK_STATUS(cw_object_delete(b.client, "s3://other-bucket/key", &o, &err),
                 CW_E_BUCKET_NOT_FOUND, err);
    bed_close(&b);
}

static void deleting_what_was_seen(void)
{
    bed b = bed_open(NULL, NULL);
    cw_object_delete_options o = CW_OBJECT_DELETE_OPTIONS_INIT;
    char etag[100] = "";

    ts_object_put(b.server, "bucket", "key", "x", 1);
    ts_object_header(b.server, "bucket", "key", "etag", etag, sizeof etag);
    o.if_match = "another";
    CHECK_STATUS(cw_object_delete(b.client, "s3://bucket/key", &o, &err), CW_E_PRECONDITION, err);
    CHECK_INT(requests(&b, "DeleteObject"), 0);
    o.if_match = etag;
    CHECK_OK(cw_object_delete(b.client, "s3://bucket/key", &o, &err), err);
    CHECK(!ts_object_exists(b.server, "bucket", "key"));
    ts_request_header(b.server, "DeleteObject", "if-match", etag, sizeof etag);
    CHECK(etag[0] == '"');
    bed_close(&b);
}

/* The first attempt did it, though nobody heard of it. */
static void a_reply_that_is_lost(void)
{
    bed b = bed_open(NULL, NULL);

    ts_object_put(b.server, "bucket", "key", "x", 1);
    faults(&b, "op=DeleteObject attempt=1 do=drop_reply_after_commit\n"
               "op=DeleteObject attempt=2 do=status:404:NoSuchKey");
    CHECK_OK(cw_object_delete(b.client, "s3://bucket/key", NULL, &err), err);
    CHECK_INT(requests(&b, "DeleteObject"), 2);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    WITHIN(3000, everything_that_is_said);
    WITHIN(3000, a_key_of_the_customer);
    WITHIN(3000, what_is_not_there);
    WITHIN(3000, whole_objects);
    WITHIN(3000, deleting);
    WITHIN(3000, deleting_what_was_seen);
    WITHIN(3000, a_reply_that_is_lost);
    return test_end();
}
