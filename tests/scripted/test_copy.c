/* test_copy.c - copy, move, tag and delete many, as the service does it and as it fails */
#include "fixture.h"

static cw_error err;

static void put(bed *b, const char *key, const void *p, size_t n)
{
    REQUIRE(ts_object_put(b->server, "bucket", key, p, n) == 0);
}

static void described(bed *b, const char *key, const void *p, size_t n)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_pair metadata[] = {{"who", "me"}}, tags[] = {{"a", "1 +&"}, {"b=", ""}};

    o.content_type = "text/plain";
    o.cache_control = "no-store";
    o.metadata = metadata;
    o.metadata_count = 1;
    o.tags = tags;
    o.tags_count = 2;
    CHECK_OK(send_bytes(b, key, &o, p, n, NULL, &err), err);
}

static void check_header(bed *b, const char *key, const char *name, const char *want)
{
    char value[300] = "";

    ts_object_header(b->server, "bucket", key, name, value, sizeof value);
    CHECK_STR(value, want);
}

static void copying(void)
{
    bed b = bed_open(NULL, NULL);
    cw_object_info info;

    described(&b, "from +%/\xc3\xa9", "hello", 5);
    CHECK_OK(cw_object_copy(b.client, "s3://bucket/from +%/\xc3\xa9", "s3://bucket/to", NULL, &info,
                            &err),
             err);
    check_object(&b, "to", "hello", 5);
    CHECK_INT(info.bytes, 5);
    CHECK_INT(strlen(info.etag), 32);
    check_header(&b, "to", "content-type", "text/plain");
    check_header(&b, "to", "x-amz-meta-who", "me");
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/no", "s3://bucket/to", NULL, NULL, &err),
                 CW_E_NOT_FOUND, err);
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/to", "s3://nobucket/to", NULL, NULL, &err),
                 CW_E_BUCKET_NOT_FOUND, err);
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/to", "s3://bucket/to", NULL, NULL, &err),
                 CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/to", "mem://to", NULL, NULL, &err),
                 CW_E_UNSUPPORTED, err);
    bed_close(&b);
}

static void described_anew(void)
{
    bed b = bed_open(NULL, NULL);
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;
    cw_writer_options w = CW_WRITER_OPTIONS_INIT;

    described(&b, "key", "hello", 5);
    w.content_type = "text/html";
    o.describe = &w;
    CHECK_OK(cw_object_copy(b.client, "s3://bucket/key", "s3://bucket/key", &o, NULL, &err), err);
    check_header(&b, "key", "content-type", "text/html");
    check_header(&b, "key", "x-amz-meta-who", "");
    check_object(&b, "key", "hello", 5);
    bed_close(&b);
}

static void conditions(void)
{
    bed b = bed_open(NULL, NULL);
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;

    put(&b, "from", "one", 3);
    put(&b, "to", "two", 3);
    o.create_only = 1;
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/to", &o, NULL, &err),
                 CW_E_ALREADY_EXISTS, err);
    check_object(&b, "to", "two", 3);
    CHECK_OK(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/new", &o, NULL, &err), err);
    o.create_only = 0;
    o.if_match = "another";
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/to", &o, NULL, &err),
                 CW_E_PRECONDITION, err);
    check_object(&b, "to", "two", 3);
    /* somebody is quicker than the look */
    o.if_match = NULL;
    faults(&b, "op=CopyObject do=status:412:PreconditionFailed");
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/to", &o, NULL, &err),
                 CW_E_PRECONDITION, err);
    bed_close(&b);
}

static void errors_inside_success(void)
{
    bed b = bed_open(NULL, NULL);

    put(&b, "from", "one", 3);
    faults(&b, "op=CopyObject attempt=1 do=reply_200_error:InternalError\n"
               "op=CopyObject attempt=2 do=truncate_body:20\n"
               "op=CopyObject attempt=3 do=wrong_root");
    CHECK_OK(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/to", NULL, NULL, &err), err);
    CHECK_INT(requests(&b, "CopyObject"), 4);
    ts_fault_clear(b.server);
    faults(&b, "op=CopyObject do=reply_200_error:AccessDenied");
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/no", NULL, NULL, &err),
                 CW_E_PERMISSION, err);
    CHECK(strstr(err.message, "s3:GetObject on the source"));
    check_nothing(&b, "no");
    bed_close(&b);
}

/* ---- in parts ---- */

enum { LARGE = 1000 * 1000 };

static cw_object_copy_options in_parts(uint64_t bytes)
{
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;

    o.multipart_bytes = 1000;
    o.part_bytes = bytes;
    return o;
}

static void copying_in_parts(void)
{
    static const uint64_t sizes[] = {LARGE, LARGE - 1, 100 * 1000, 33333};
    bed b = bed_open(NULL, NULL);
    unsigned char *data = noise(LARGE);
    cw_object_info info;
    size_t tags = 0;

    described(&b, "from", data, LARGE);
    for (size_t i = 0; i < 4; i++) {
        cw_object_copy_options o = in_parts(sizes[i]);
        CHECK_OK(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/to", &o, &info, &err),
                 err);
        check_object(&b, "to", data, LARGE);
        CHECK_INT(info.bytes, LARGE);
        CHECK_INT(info.parts, (LARGE + sizes[i] - 1) / sizes[i]);
        check_header(&b, "to", "content-type", "text/plain");
        check_header(&b, "to", "cache-control", "no-store");
        check_header(&b, "to", "x-amz-meta-who", "me");
    }
    cw_object_tags *t = NULL;
    CHECK_OK(cw_object_tags_get(&t, b.client, "s3://bucket/to", &err), err);
    for (size_t i = 0; t && i < t->count; i++)
        tags += (strcmp(t->list[i].name, "a") == 0 && strcmp(t->list[i].value, "1 +&") == 0) ||
                (strcmp(t->list[i].name, "b=") == 0 && strcmp(t->list[i].value, "") == 0);
    CHECK_INT(tags, 2);
    cw_object_tags_free(t);
    CHECK_INT(requests(&b, "CopyObject"), 0);
    free(data);
    bed_close(&b);
}

/* Nothing is published, and no upload is left, or it is named. */
static void parts_that_fail(void)
{
    bed b = bed_open(NULL, NULL);
    unsigned char *data = noise(LARGE);
    cw_object_copy_options o = in_parts(50 * 1000);

    put(&b, "from", data, LARGE);
    faults(&b, "op=UploadPartCopy part=3 times=2 do=status:503:SlowDown\n"
               "op=UploadPartCopy part=5 do=reply_200_error:InternalError");
    CHECK_OK(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/a", &o, NULL, &err), err);
    check_object(&b, "a", data, LARGE);
    ts_fault_clear(b.server);
    faults(&b, "op=UploadPartCopy part=7 do=status:403:AccessDenied");
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/b", &o, NULL, &err),
                 CW_E_PERMISSION, err);
    CHECK_STR(err.upload_id, "");
    check_nothing(&b, "b");
    ts_fault_clear(b.server);
    faults(&b, "op=UploadPartCopy part=7 do=status:403:AccessDenied\n"
               "op=AbortMultipartUpload do=status:403:AccessDenied");
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/b", &o, NULL, &err),
                 CW_E_PERMISSION, err);
    cw_error left = err;
    CHECK(left.upload_id[0]);
    CHECK_OK(cw_upload_abort(b.client, "s3://bucket/b", left.upload_id, &err), err);
    check_nothing(&b, "b");
    free(data);
    bed_close(&b);
}

static int stop_at_once(void *user, const cw_stats *now)
{
    (void)now;
    ++*(int *)user;
    return 1;
}

static void stopped(void)
{
    bed b = bed_open(NULL, NULL);
    unsigned char *data = noise(LARGE);
    cw_object_copy_options o = in_parts(50 * 1000);
    int calls = 0;

    put(&b, "from", data, LARGE);
    o.concurrency = 2;
    o.progress = stop_at_once;
    o.progress_user = &calls;
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/b", &o, NULL, &err),
                 CW_E_CANCELLED, err);
    CHECK_INT(calls, 1);
    check_nothing(&b, "b");
    free(data);
    bed_close(&b);
}

static void a_lost_complete(void)
{
    bed b = bed_open(NULL, NULL);
    unsigned char *data = noise(LARGE);
    cw_object_copy_options o = in_parts(300 * 1000);

    put(&b, "from", data, LARGE);
    faults(&b, "op=CompleteMultipartUpload do=drop_reply_after_commit");
    CHECK_OK(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/to", &o, NULL, &err), err);
    check_object(&b, "to", data, LARGE);
    ts_fault_clear(b.server);
    faults(&b, "op=CompleteMultipartUpload times=inf do=drop_reply_after_commit\n"
               "op=HeadObject key=gone times=inf do=status:403:AccessDenied");
    CHECK_STATUS(cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/gone", &o, NULL, &err),
                 CW_E_INDETERMINATE, err);
    ts_fault_clear(b.server);
    CHECK_OK(cw_commit_query(b.client, "s3://bucket/gone", &err, NULL, &err), err);
    free(data);
    bed_close(&b);
}

/* ---- move ---- */

static void moving(void)
{
    bed b = bed_open(NULL, NULL);
    cw_object_copy_options o = in_parts(100);
    unsigned char *data = noise(5000);

    put(&b, "from", "one", 3);
    CHECK_OK(cw_object_move(b.client, "s3://bucket/from", "s3://bucket/to", NULL, NULL, &err), err);
    check_object(&b, "to", "one", 3);
    check_nothing(&b, "from");
    put(&b, "from", data, 5000);
    CHECK_OK(cw_object_move(b.client, "s3://bucket/from", "s3://bucket/to", &o, NULL, &err), err);
    check_object(&b, "to", data, 5000);
    check_nothing(&b, "from");
    free(data);
    bed_close(&b);
}

static void a_move_that_fails(void)
{
    bed b = bed_open(NULL, NULL);

    put(&b, "from", "one", 3);
    CHECK_STATUS(cw_object_move(b.client, "s3://bucket/from", "s3://bucket/from", NULL, NULL, &err),
                 CW_E_INVALID_ARGUMENT, err);
    faults(&b, "op=CopyObject do=status:403:AccessDenied");
    CHECK_STATUS(cw_object_move(b.client, "s3://bucket/from", "s3://bucket/to", NULL, NULL, &err),
                 CW_E_PERMISSION, err);
    check_nothing(&b, "to");
    check_object(&b, "from", "one", 3);
    ts_fault_clear(b.server);
    faults(&b, "op=DeleteObject do=status:403:AccessDenied");
    CHECK_STATUS(cw_object_move(b.client, "s3://bucket/from", "s3://bucket/to", NULL, NULL, &err),
                 CW_E_PERMISSION, err);
    check_object(&b, "to", "one", 3);
    check_object(&b, "from", "one", 3);
    bed_close(&b);
}

/* ---- tags ---- */

static void tagging(void)
{
    bed b = bed_open(NULL, NULL);
    cw_pair tags[] = {{"name", "a value & <more>"}, {"empty", ""}};
    cw_object_tags *t;

    put(&b, "key", "x", 1);
    CHECK_OK(cw_object_tags_get(&t, b.client, "s3://bucket/key", &err), err);
    CHECK(t && t->count == 0);
    cw_object_tags_free(t);
    CHECK_OK(cw_object_tags_put(b.client, "s3://bucket/key", tags, 2, &err), err);
    CHECK_OK(cw_object_tags_get(&t, b.client, "s3://bucket/key", &err), err);
    REQUIRE(t && t->count == 2);
    CHECK_STR(t->list[0].name, "name");
    CHECK_STR(t->list[0].value, "a value & <more>");
    CHECK_STR(t->list[1].value, "");
    cw_object_tags_free(t);
    CHECK_OK(cw_object_tags_put(b.client, "s3://bucket/key", NULL, 0, &err), err);
    CHECK_OK(cw_object_tags_get(&t, b.client, "s3://bucket/key", &err), err);
    CHECK(t && t->count == 0);
    cw_object_tags_free(t);
    CHECK_STATUS(cw_object_tags_get(&t, b.client, "s3://bucket/no", &err), CW_E_NOT_FOUND, err);
    CHECK_STATUS(cw_object_tags_put(b.client, "mem://x", tags, 2, &err), CW_E_UNSUPPORTED, err);
    tags[0].name = "";
    CHECK_STATUS(cw_object_tags_put(b.client, "s3://bucket/key", tags, 2, &err),
                 CW_E_INVALID_ARGUMENT, err);
    cw_object_tags_free(NULL);
    bed_close(&b);
}

/* ---- delete many ---- */

typedef struct told {
    unsigned good, bad, stop_at;
    cw_status last_bad;
    char last_url[100];
} told;

static int tell(void *user, const char *url, const cw_error *outcome)
{
    told *t = user;

    if (outcome->status == CW_OK) {
        t->good++;
    } else {
        t->bad++;
        t->last_bad = outcome->status;
        snprintf(t->last_url, sizeof t->last_url, "%s", url);
        look_into_error(outcome);
    }
    return t->stop_at && t->good + t->bad == t->stop_at;
}

static char **make_urls(bed *b, unsigned count, bool there)
{
    char **urls = calloc(count, sizeof *urls);

    REQUIRE(urls);
    for (unsigned i = 0; i < count; i++) {
        urls[i] = malloc(100);
        REQUIRE(urls[i]);
        snprintf(urls[i], 100, "s3://bucket/%u & <%u>%s", i, i, i % 100 ? "" : "\x01");
        if (there)
            put(b, urls[i] + strlen("s3://bucket/"), "x", 1);
    }
    return urls;
}

static void free_urls(char **urls, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        free(urls[i]);
    free(urls);
}

#define LIST(urls) ((const char *const *)(urls))

static void deleting_many(void)
{
    bed b = bed_open(NULL, NULL);
    char **urls = make_urls(&b, 2500, true);
    told t = {0};

    put(&b, "other", "x", 1);
    CHECK_INT(ts_object_count(b.server, "bucket"), 2501);
    CHECK_OK(cw_object_delete_many(b.client, LIST(urls), 2500, tell, &t, &err), err);
    CHECK_INT(t.good, 2500);
    CHECK_INT(t.bad, 0);
    CHECK_INT(ts_object_count(b.server, "bucket"), 1);
    CHECK_INT(requests(&b, "DeleteObjects"), 3);
    CHECK_INT(requests(&b, "DeleteObject"), 25); /* control characters */
    CHECK_OK(cw_object_delete_many(b.client, LIST(urls), 2500, NULL, NULL, &err), err);
    CHECK_OK(cw_object_delete_many(b.client, LIST(urls), 0, NULL, NULL, &err), err);
    free_urls(urls, 2500);
    bed_close(&b);
}

static void no_multi_delete(void)
{
    bed b = bed_open(NULL, NULL);
    char **urls = make_urls(&b, 20, true);

    faults(&b, "op=DeleteObjects times=inf do=status:501:NotImplemented");
    CHECK_OK(cw_object_delete_many(b.client, LIST(urls), 10, NULL, NULL, &err), err);
    CHECK_OK(cw_object_delete_many(b.client, LIST(urls + 10), 10, NULL, NULL, &err), err);
    CHECK_INT(requests(&b, "DeleteObjects"), 1);
    CHECK_INT(ts_object_count(b.server, "bucket"), 0);
    free_urls(urls, 20);
    bed_close(&b);
}

static void deletes_that_fail(void)
{
    bed b = bed_open(NULL, NULL);
    char **urls = make_urls(&b, 20, true);
    told t = {0};

    faults(&b, "op=DeleteObjects do=status:403:AccessDenied");
    CHECK_STATUS(cw_object_delete_many(b.client, LIST(urls), 20, tell, &t, &err), CW_E_PERMISSION,
                 err);
    CHECK_INT(t.bad, 20);
    CHECK(strstr(err.message, "20 of 20"));
    CHECK_INT(ts_object_count(b.server, "bucket"), 20);
    t = (told){.stop_at = 3};
    CHECK_STATUS(cw_object_delete_many(b.client, LIST(urls), 20, tell, &t, &err), CW_E_CANCELLED,
                 err);
    CHECK_INT(t.good, 3);
    urls[19][0] = 'x';
    CHECK_STATUS(cw_object_delete_many(b.client, LIST(urls), 20, tell, &t, &err),
                 CW_E_INVALID_ARGUMENT, err);
    free_urls(urls, 20);
    bed_close(&b);
}

/* What is refused inside an answer of success is told of its object alone. */
static void some_that_are_refused(void)
{
    static const char *const few[] = {"s3://bucket/a", "s3://bucket/b&!", "s3://bucket/c",
                                      "s3://bucket/d!", "mem://e"};
    bed b = bed_open(NULL, NULL);
    told t = {0};

    for (size_t i = 0; i < 4; i++)
        put(&b, few[i] + strlen("s3://bucket/"), "x", 1);
    faults(&b, "op=DeleteObjects do=refuse_keys:AccessDenied");
    CHECK_STATUS(cw_object_delete_many(b.client, few, 5, tell, &t, &err), CW_E_PERMISSION, err);
    CHECK_INT(t.good, 3);
    CHECK_INT(t.bad, 2);
    CHECK_INT(t.last_bad, CW_E_PERMISSION);
    CHECK_STR(t.last_url, "s3://bucket/d!");
    CHECK_STR(err.service_code, "AccessDenied");
    CHECK_INT(ts_object_count(b.server, "bucket"), 2);
    CHECK_INT(requests(&b, "DeleteObject"), 0);
    ts_fault_clear(b.server);
    faults(&b, "op=DeleteObjects do=refuse_keys:InternalError");
    CHECK_OK(cw_object_delete_many(b.client, few, 5, NULL, NULL, &err), err);
    CHECK_INT(requests(&b, "DeleteObject"), 2); /* again, alone */
    CHECK_INT(ts_object_count(b.server, "bucket"), 0);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    WITHIN(3000, copying);
    WITHIN(3000, described_anew);
    WITHIN(3000, conditions);
    WITHIN(3000, errors_inside_success);
    WITHIN(5000, copying_in_parts);
    WITHIN(5000, parts_that_fail);
    WITHIN(3000, stopped);
    WITHIN(5000, a_lost_complete);
    WITHIN(3000, moving);
    WITHIN(3000, a_move_that_fails);
    WITHIN(3000, tagging);
    WITHIN(10000, deleting_many);
    WITHIN(3000, no_multi_delete);
    WITHIN(3000, deletes_that_fail);
    WITHIN(3000, some_that_are_refused);
    return test_end();
}
