/* test_endpoints.c - where requests go and as what they are signed: settings, access points,
 * directory buckets and their sessions */
#include "fixture.h"

#include "fault_alloc.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define DIRECTORY "name--usw2-az1--x-s3"
#define POINT     "arn:aws:s3:us-west-2:123456789012:accesspoint"

static cw_error err;

/* ---- settings ---- */

static void write_config(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    REQUIRE(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* Where requests for the URL would go; "" and the message where there is no client, or no way. */
static cw_identity look(cw_client_options o, const char *url, cw_status want)
{
    cw_identity at = {0};
    cw_client *c = NULL;
    cw_status st = cw_client_new(&c, &o, &err);

    if (st == CW_OK)
        st = cw_client_get_identity(c, url, 0, &at, &err);
    CHECK_STATUS(st, want, err);
    cw_client_release(c);
    return at;
}

#define LOOK(o, url) look(o, url, CW_OK).endpoint

static void the_option_comes_before_environment_and_profile(void)
{
    char path[] = "/tmp/cw-endpoints-XXXXXX";
    cw_client_options o = client_defaults();

    close(mkstemp(path));
    o.config_file = path;
    o.region = "eu-west-1";
    write_config(path, "[default]\n");
    CHECK_STR(LOOK(o, "s3://bucket"), "https://bucket.s3.eu-west-1.amazonaws.com/");
    write_config(path,
                 "[default]\nuse_fips_endpoint = true\ns3 =\n use_dualstack_endpoint = TRUE\n");
    CHECK_STR(LOOK(o, "s3://bucket"), "https://bucket.s3-fips.dualstack.eu-west-1.amazonaws.com/");
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "false", 1);
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    unsetenv("AWS_USE_DUALSTACK_ENDPOINT");
    o.profile = NULL;
    CHECK_STR(LOOK(o, "s3://bucket"), "https://bucket.s3-fips.eu-west-1.amazonaws.com/");
    o.use_fips_endpoint = CW_OFF;
    CHECK_STR(LOOK(o, "s3://bucket"), "https://bucket.s3.eu-west-1.amazonaws.com/");
    write_config(path, "[default]\ns3 =\n use_accelerate_endpoint = true\n"
                       " us_east_1_regional_endpoint = legacy\n");
    CHECK_STR(LOOK(o, "s3://bucket"), "https://bucket.s3-accelerate.amazonaws.com/");
    o.use_accelerate_endpoint = CW_OFF;
    o.region = "us-east-1";
    CHECK_STR(LOOK(o, "s3://bucket"), "https://bucket.s3.amazonaws.com/");
    o.region = "aws-global";
    CHECK_STR(look(o, "s3://bucket", CW_OK).region, "us-east-1");
    CHECK_STR(LOOK(o, NULL), "https://s3.amazonaws.com/");
    o.region = "us-east-1";
    o.us_east_1_regional_endpoint = CW_ON;
    CHECK_STR(LOOK(o, "s3://bucket"), "https://bucket.s3.us-east-1.amazonaws.com/");
    write_config(path, "[default]\ns3_use_arn_region = no\n");
    look(o, "s3://bucket", CW_E_INVALID_ARGUMENT);
    CHECK(strstr(err.message, "s3_use_arn_region of profile default is 'no'"));
    write_config(path, "[default]\ns3_use_arn_region = false\n");
    look(o, "s3://" POINT "/name", CW_E_INVALID_ARGUMENT);
    CHECK(strstr(err.message, "s3_use_arn_region"));
    o.s3_use_arn_region = CW_ON;
    CHECK_STR(LOOK(o, "s3://" POINT "/name"),
              "https://name-123456789012.s3-accesspoint.us-west-2.amazonaws.com/");
    remove(path);
}

static void what_cannot_be_had_together(void)
{
    cw_client_options o = client_defaults();

    o.use_fips_endpoint = o.use_accelerate_endpoint = CW_ON;
    look(o, "s3://bucket", CW_E_INVALID_ARGUMENT);
    CHECK(strstr(err.message, "use_fips_endpoint") &&
          strstr(err.message, "use_accelerate_endpoint"));
    o.use_accelerate_endpoint = CW_AS_CONFIGURED;
    o.endpoint_url = "http://localhost:1";
    look(o, "s3://bucket", CW_E_INVALID_ARGUMENT);
    CHECK(strstr(err.message, "endpoint_url"));
    o.use_fips_endpoint = (cw_switch)3;
    look(o, "s3://bucket", CW_E_INVALID_ARGUMENT);
    o = client_defaults();
    o.use_accelerate_endpoint = CW_ON;
    o.addressing = CW_ADDRESSING_PATH;
    look(o, "s3://bucket", CW_E_INVALID_ARGUMENT);
    o.addressing = CW_ADDRESSING_AUTO;
    look(o, "s3://buck.et", CW_E_INVALID_ARGUMENT);
    look(o, "s3://" DIRECTORY, CW_E_INVALID_ARGUMENT);
    look(o, "s3://bucket", CW_OK);
    o.region = "cn-north-1";
    look(o, "s3://bucket", CW_E_INVALID_ARGUMENT);
}

static void a_profile_may_want_bodies_signed(void)
{
    char path[] = "/tmp/cw-endpoints-XXXXXX", hash[100];
    ts_options s = server_defaults();
    cw_client_options o = client_defaults();

    close(mkstemp(path));
    write_config(path, "[default]\ns3 =\n payload_signing_enabled = true\n");
    o.config_file = path;
    s.tls = true;
    for (int unsigned_wanted = 0; unsigned_wanted < 2; unsigned_wanted++) {
        o.payload = unsigned_wanted ? CW_PAYLOAD_UNSIGNED : CW_PAYLOAD_AUTO;
        bed b = bed_open(&s, &o);
        CHECK_OK(send_bytes(&b, "key", NULL, "x", 1, NULL, &err), err);
        ts_request_header(b.server, "PutObject", "x-amz-content-sha256", hash, sizeof hash);
        CHECK_INT(strcmp(hash, "UNSIGNED-PAYLOAD") == 0, unsigned_wanted);
        bed_close(&b);
    }
    remove(path);
}

/* ---- access points ---- */

static bed bed_of_point(void)
{
    static const char *const buckets[] = {"name-123456789012", NULL};
    ts_options s = server_defaults();
    cw_client_options o = client_defaults();
    char url[64];

    s.buckets = buckets;
    s.region = "us-west-2";
    bed b = {.server = start_server(&s)};
    snprintf(url, sizeof url, "http://localhost%s", strrchr(ts_server_url(b.server), ':'));
    o.endpoint_url = url;
    o.region = "eu-west-1"; /* the ARN's counts */
    b.client = start_client(b.server, &o);
    return b;
}

static cw_status put(cw_client *c, const char *url, const void *p, size_t n)
{
    cw_writer_options o = parts_of(MIB);
    cw_writer *w;
    cw_status st = cw_writer_open(&w, c, url, &o, &err);

    if (st != CW_OK)
        return st;
    write_all(w, p, n);
    st = cw_writer_close(w, NULL, &err);
    look_into_error(&err);
    return st;
}

static size_t count(cw_client *c, const char *url, const cw_list_options *o, const char *first)
{
    const cw_list_entry *e;
    cw_list *l;
    size_t n = 0;

    REQUIRE(cw_list_open(&l, c, url, o, &err) == CW_OK);
    while (cw_list_next(l, &e, &err) == CW_OK && e)
        if (n++ == 0)
            CHECK_STR(e->url, first);
    CHECK_OK(err.status, err);
    cw_list_close(l);
    return n;
}

static void an_access_point_is_a_bucket(void)
{
    bed b = bed_of_point();
    unsigned char *p = noise(3 * MIB);
    const char *all[] = {"s3://" POINT "/name/b/1", "s3://" POINT ":name/b/2"};
    char url[4096];

    CHECK_OK(put(b.client, "s3://" POINT "/name/a", p, 3 * MIB), err);
    CHECK_OK(put(b.client, "s3://" POINT ":name/b/1", p, 10), err);
    CHECK_INT(ts_object_size(b.server, "name-123456789012", "a"), 3 * MIB);
    CHECK_INT(count(b.client, "s3://" POINT ":name/b/", NULL, "s3://" POINT "/name/b/1"), 1);
    CHECK_OK(cw_presign(b.client, "s3://" POINT "/name/a", NULL, url, sizeof url, &err), err);
    CHECK(strncmp(url, "http://name-123456789012.localhost:", 35) == 0);
    CHECK(strstr(url, "us-west-2%2Fs3%2Faws4_request"));
    CHECK_OK(put(b.client, all[1], p, 10), err);
    CHECK_OK(cw_object_delete_many(b.client, all, 2, NULL, NULL, &err), err);
    CHECK_INT(requests(&b, "DeleteObjects"), 1); /* one bucket, in two spellings */
    CHECK_INT(ts_object_count(b.server, NULL), 1);
    free(p);
    bed_close(&b);
}

static void a_store_on_an_access_point(void)
{
    bed b = bed_of_point();
    char url[300];
    cw_store *s;

    CHECK_OK(cw_store_open(&s, b.client, "s3://" POINT ":name/root", &err), err);
    CHECK_STR(cw_store_root(s), "s3://" POINT "/name/root/");
    CHECK_OK(cw_store_url(s, "a/b", url, sizeof url, &err), err);
    CHECK_OK(put(b.client, url, "x", 1), err);
    CHECK_STR(cw_store_path(s, "s3://" POINT "/name/root/a/b"), "a/b");
    cw_store_close(s);
    CHECK_INT(ts_object_size(b.server, "name-123456789012", "root/a/b"), 1);
    bed_close(&b);
}

static void the_source_of_a_copy(void)
{
    bed b = bed_of_point();
    char source[300];

    faults(&b, "op=CopyObject do=status:403:AccessDenied");
    CHECK_OK(put(b.client, "s3://" POINT "/name/a b", "x", 1), err);
    CHECK_STATUS(cw_object_copy(b.client, "s3://" POINT "/name/a b", "s3://" POINT "/name/c", NULL,
                                NULL, &err),
                 CW_E_PERMISSION, err);
    ts_request_header(b.server, "CopyObject", "x-amz-copy-source", source, sizeof source);
    CHECK_STR(source, "arn%3Aaws%3As3%3Aus-west-2%3A123456789012%3Aaccesspoint/name/object/a%20b");
    bed_close(&b);
}

static void ways_that_do_not_exist(void)
{
    static const char many[] = "s3://arn:aws:s3::123456789012:accesspoint/m.mrap/key";
    bed b = bed_open(NULL, NULL);
    cw_client_options o = client_defaults();

    CHECK_STATUS(put(b.client, "s3://" POINT "/name/key", "x", 1), CW_E_INVALID_ARGUMENT, err);
    CHECK(strstr(err.message, "not at an address"));
    CHECK_STATUS(cw_object_delete(b.client, many, NULL, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_bucket_create(b.client, "s3://" POINT "/name", &err), CW_E_UNSUPPORTED, err);
    CHECK_INT(cw_capabilities("s3://" POINT "/name") & CW_CAN_BUCKET, 0);
    CHECK_INT(ts_request_count(b.server, NULL), 0);
    CHECK_STR(LOOK(o, many), "https://m.mrap.accesspoint.s3-global.amazonaws.com/");
    o.s3_disable_multiregion_access_points = CW_ON;
    look(o, many, CW_E_INVALID_ARGUMENT);
    bed_close(&b);
}

/* ---- directory buckets ---- */

static ts_options directory_server(void)
{
    static const char *const buckets[] = {DIRECTORY, "bucket", NULL};
    ts_options s = server_defaults();

    s.buckets = buckets;
    return s;
}

static bed bed_of_directory(int session_ms, const cw_client_options *client)
{
    ts_options s = directory_server();

    s.session_ms = session_ms;
    return bed_open(&s, client);
}

static void check_header(bed *b, const char *op, const char *name, bool want)
{
    char value[300];

    CHECK_INT(ts_request_header(b->server, op, name, value, sizeof value) == 0, want);
}

static void one_session_for_everything(void)
{
    bed b = bed_of_directory(0, NULL);
    unsigned char *p = noise(3 * MIB);
    const char *all[] = {"s3://" DIRECTORY "/a", "s3://" DIRECTORY "/b"};
    cw_object_meta *m;
    int there;

    CHECK_OK(put(b.client, all[0], p, 3 * MIB), err);
    CHECK_OK(put(b.client, all[1], p, 100), err);
    CHECK_OK(cw_object_stat(&m, b.client, all[0], NULL, &err), err);
    CHECK_INT(m->bytes, 3 * MIB);
    cw_object_meta_free(m);
    CHECK_INT(count(b.client, "s3://" DIRECTORY, NULL, all[0]), 2);
    CHECK_OK(cw_object_delete_many(b.client, all, 2, NULL, NULL, &err), err);
    CHECK_INT(requests(&b, "DeleteObjects"), 1);
    CHECK_OK(cw_bucket_exists(b.client, "s3://" DIRECTORY, &there, &err), err);
    CHECK_INT(there, 1);
    CHECK_INT(requests(&b, "CreateSession"), 1);
    check_header(&b, "CreateSession", "x-amz-security-token", true);
    check_header(&b, "UploadPart", "x-amz-s3session-token", true);
    check_header(&b, "UploadPart", "x-amz-security-token", false);
    check_header(&b, "HeadBucket", "x-amz-s3session-token", false);
    check_header(&b, "DeleteObjects", "content-md5", false);
    CHECK_OK(put(b.client, "s3://bucket/other", p, 10), err);
    check_header(&b, "PutObject", "x-amz-s3session-token", false);
    free(p);
    bed_close(&b);
}

enum { WRITERS = 20 };

static void *write_one(void *user)
{
    const bed *b = user;
    static atomic_int number;
    char url[100];
    cw_writer *w;
    cw_error e;

    snprintf(url, sizeof url, "s3://" DIRECTORY "/%d", atomic_fetch_add(&number, 1));
    if (cw_writer_open(&w, b->client, url, NULL, &e) != CW_OK)
        return "";
    if (cw_writer_write(w, "x", 1) != CW_OK)
        fprintf(stderr, "    not written\n");
    return cw_writer_close(w, NULL, &e) == CW_OK ? NULL : "";
}

static void many_wait_for_one_session(void)
{
    bed b = bed_of_directory(0, NULL);
    pthread_t threads[WRITERS];

    faults(&b, "op=CreateSession do=delay:100");
    for (int i = 0; i < WRITERS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, write_one, &b) == 0);
    for (int i = 0; i < WRITERS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        CHECK(!failed);
    }
    CHECK_INT(requests(&b, "CreateSession"), 1);
    CHECK_INT(ts_object_count(b.server, DIRECTORY), WRITERS);
    bed_close(&b);
}

/* Renewed ahead of their end: nothing is refused, and nothing waits. */
static void a_session_ends_in_the_midst_of_an_upload(void)
{
    bed b = bed_of_directory(1600, NULL);
    cw_writer_options o = parts_of(MIB);
    unsigned char *p = noise(MIB);
    cw_client_stats stats;
    cw_writer *w;

    REQUIRE(cw_writer_open(&w, b.client, "s3://" DIRECTORY "/key", &o, &err) == CW_OK);
    for (int i = 0; i < 20; i++) {
        CHECK_INT(write_all(w, p, MIB), CW_OK);
        sleep_ms(150);
    }
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    CHECK_INT(ts_object_size(b.server, DIRECTORY, "key"), 20 * MIB);
    CHECK(requests(&b, "CreateSession") >= 2 && requests(&b, "CreateSession") <= 6);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.retries, 0);
    free(p);
    bed_close(&b);
}

static void a_session_that_the_service_ends(void)
{
    bed b = bed_of_directory(0, NULL);
    cw_writer_options o = parts_of(MIB);
    unsigned char *p = noise(4 * MIB);
    cw_writer *w;

    REQUIRE(cw_writer_open(&w, b.client, "s3://" DIRECTORY "/key", &o, &err) == CW_OK);
    CHECK_INT(write_all(w, p, 2 * MIB), CW_OK);
    while (requests(&b, "UploadPart") == 0)
        sleep_ms(5);
    ts_sessions_expire(b.server);
    CHECK_INT(write_all(w, p + 2 * MIB, 2 * MIB), CW_OK);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    CHECK_INT(ts_object_size(b.server, DIRECTORY, "key"), 4 * MIB);
    CHECK_INT(requests(&b, "CreateSession"), 2);
    free(p);
    bed_close(&b);
}

static void a_session_that_is_refused(void)
{
    bed b = bed_of_directory(0, NULL);

    faults(&b, "op=CreateSession do=status:403:AccessDenied");
    CHECK_STATUS(put(b.client, "s3://" DIRECTORY "/key", "x", 1), CW_E_PERMISSION, err);
    CHECK(strstr(err.message, "create a session"));
    CHECK_STATUS(put(b.client, "s3://none--usw2-az1--x-s3/key", "x", 1), CW_E_BUCKET_NOT_FOUND,
                 err);
    CHECK_INT(requests(&b, "PutObject"), 0);
    faults(&b, "op=CreateSession do=status:503:SlowDown");
    CHECK_OK(put(b.client, "s3://" DIRECTORY "/key", "x", 1), err);
    faults(&b, "op=CreateSession times=inf do=wrong_root");
    ts_sessions_expire(b.server);
    CHECK_STATUS(put(b.client, "s3://" DIRECTORY "/key", "x", 1), CW_E_PROTOCOL, err);
    CHECK_INT(ts_object_count(b.server, DIRECTORY), 1);
    bed_close(&b);
}

static void releasing_waits_for_no_session(void)
{
    bed b = bed_of_directory(0, NULL);
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    int64_t start;
    cw_writer *w;

    o.deadline_ms = 200;
    faults(&b, "op=CreateSession times=inf do=stall_reply:forever");
    CHECK_OK(cw_writer_open(&w, b.client, "s3://" DIRECTORY "/key", &o, &err), err);
    CHECK_INT(cw_writer_write(w, "x", 1), CW_OK);
    CHECK_STATUS(cw_writer_close(w, NULL, &err), CW_E_TIMEOUT, err);
    start = now_ms();
    cw_client_release(b.client);
    CHECK(now_ms() - start < 2000 * SLOWNESS); /* a stall is 3000 */
    ts_server_stop(b.server);
}

static void without_sessions(void)
{
    ts_options s = directory_server();
    cw_client_options o = client_defaults();

    s.session_optional = true;
    o.s3_disable_express_session_auth = CW_ON;
    bed b = bed_open(&s, &o);
    CHECK_OK(put(b.client, "s3://" DIRECTORY "/key", "x", 1), err);
    CHECK_INT(requests(&b, "CreateSession"), 0);
    check_header(&b, "PutObject", "x-amz-security-token", true);
    bed_close(&b);
}

static void an_unsigned_client_has_no_session(void)
{
    ts_options s = directory_server();
    cw_client_options o = client_defaults();

    s.anonymous = true;
    s.session_optional = true;
    o.anonymous = 1;
    o.access_key_id = o.secret_access_key = o.session_token = NULL;
    bed b = bed_open(&s, &o);
    CHECK_OK(put(b.client, "s3://" DIRECTORY "/key", "x", 1), err);
    CHECK_INT(requests(&b, "CreateSession"), 0);
    bed_close(&b);
}

static void copies_take_own_keys(void)
{
    bed b = bed_of_directory(0, NULL);

    CHECK_OK(put(b.client, "s3://" DIRECTORY "/a", "x", 1), err);
    CHECK_OK(
        cw_object_copy(b.client, "s3://" DIRECTORY "/a", "s3://" DIRECTORY "/b", NULL, NULL, &err),
        err);
    check_header(&b, "CopyObject", "x-amz-s3session-token", false);
    CHECK_INT(ts_object_size(b.server, DIRECTORY, "b"), 1);
    bed_close(&b);
}

static void what_a_directory_bucket_does_not_do(void)
{
    bed b = bed_of_directory(0, NULL);
    cw_pair tag = {"a", "b"}, version = {"versionId", "1"};
    cw_request_options q = CW_REQUEST_OPTIONS_INIT;
    cw_response *r;
    cw_writer_options w = CW_WRITER_OPTIONS_INIT;
    cw_list_options l = CW_LIST_OPTIONS_INIT;
    cw_object_delete_options d = CW_OBJECT_DELETE_OPTIONS_INIT;
    cw_object_tags *tags;
    cw_writer *writer;
    cw_list *list;

    d.version_id = "1";
    CHECK_STATUS(cw_object_delete(b.client, "s3://" DIRECTORY "/a", &d, &err), CW_E_UNSUPPORTED,
                 err);
    w.tags = &tag;
    w.tags_count = 1;
    CHECK_STATUS(cw_object_tags_get(&tags, b.client, "s3://" DIRECTORY "/a", &err),
                 CW_E_UNSUPPORTED, err);
    CHECK_STATUS(cw_writer_open(&writer, b.client, "s3://" DIRECTORY "/a", &w, &err),
                 CW_E_UNSUPPORTED, err);
    q.query = &version;
    q.query_count = 1;
    CHECK_STATUS(cw_request_send(&r, b.client, "s3://" DIRECTORY "/a", &q, &err), CW_E_UNSUPPORTED,
                 err);
    l.versions = 1;
    CHECK_STATUS(cw_list_open(&list, b.client, "s3://" DIRECTORY, &l, &err), CW_E_UNSUPPORTED, err);
    l.versions = 0;
    l.start_after = "a";
    CHECK_STATUS(cw_list_open(&list, b.client, "s3://" DIRECTORY, &l, &err), CW_E_UNSUPPORTED, err);
    l.start_after = NULL;
    l.delimiter = "-";
    CHECK_STATUS(cw_list_open(&list, b.client, "s3://" DIRECTORY, &l, &err), CW_E_UNSUPPORTED, err);
    CHECK_INT(ts_request_count(b.server, NULL), 0);
    CHECK_INT(cw_capabilities("s3://" DIRECTORY) & (CW_CAN_TAG | CW_CAN_VERSION), 0);
    CHECK(cw_capabilities("s3://bucket") & CW_CAN_TAG);
    bed_close(&b);
}

/* The service lists whole folders alone. */
static void any_prefix_can_be_listed(void)
{
    static const char *const keys[] = {"log/2023/a", "log/2024/a", "log/2024/b", "log/3", "lot/1"};
    bed b = bed_of_directory(0, NULL);
    cw_list_options folders = CW_LIST_OPTIONS_INIT;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        ts_object_put(b.server, DIRECTORY, keys[i], "x", 1);
    folders.delimiter = "/";
    CHECK_INT(count(b.client, "s3://" DIRECTORY "/lo", NULL, "s3://" DIRECTORY "/log/2023/a"), 5);
    CHECK_INT(count(b.client, "s3://" DIRECTORY "/log/2024", NULL, "s3://" DIRECTORY "/log/2024/a"),
              2);
    CHECK_INT(count(b.client, "s3://" DIRECTORY "/log/2", &folders, "s3://" DIRECTORY "/log/2023/"),
              2);
    CHECK_INT(count(b.client, "s3://" DIRECTORY "/log/", &folders, "s3://" DIRECTORY "/log/2023/"),
              3);
    CHECK_INT(count(b.client, "s3://" DIRECTORY "/x", NULL, ""), 0);
    bed_close(&b);
}

static void directory_buckets_are_made(void)
{
    bed b = bed_open(NULL, NULL);

    CHECK_OK(cw_bucket_create(b.client, "s3://new--usw2-az1--x-s3", &err), err);
    check_header(&b, "CreateBucket", "x-amz-s3session-token", false);
    CHECK_OK(put(b.client, "s3://new--usw2-az1--x-s3/a", "x", 1), err);
    CHECK_OK(cw_object_delete(b.client, "s3://new--usw2-az1--x-s3/a", NULL, &err), err);
    CHECK_OK(cw_bucket_delete(b.client, "s3://new--usw2-az1--x-s3", &err), err);
    bed_close(&b);
}

/* With the client's own keys, and no session is made for it. */
static void raw_requests_for_the_bucket_itself(void)
{
    bed b = bed_of_directory(0, NULL);
    cw_request_options o = CW_REQUEST_OPTIONS_INIT;
    const cw_pair list = {"list-type", "2"};
    cw_response *r;

    o.method = "PUT";
    CHECK_OK(cw_request_send(&r, b.client, "s3://raw--usw2-az1--x-s3", &o, &err), err);
    cw_response_free(r);
    CHECK_INT(requests(&b, "CreateSession"), 0);
    check_header(&b, "CreateBucket", "x-amz-s3session-token", false);
    o.method = "GET";
    o.query = &list;
    o.query_count = 1;
    CHECK_OK(cw_request_send(&r, b.client, "s3://raw--usw2-az1--x-s3", &o, &err), err);
    cw_response_free(r);
    CHECK_INT(requests(&b, "CreateSession"), 1);
    o.method = "DELETE";
    o.query_count = 0;
    CHECK_OK(cw_request_send(&r, b.client, "s3://raw--usw2-az1--x-s3", &o, &err), err);
    cw_response_free(r);
    check_header(&b, "DeleteBucket", "x-amz-s3session-token", false);
    bed_close(&b);
}

/* Of the session: whoever has the URL can use it as long as that lasts. */
static void signed_urls(void)
{
    bed b = bed_of_directory(0, NULL);
    struct sockaddr_in at = {.sin_family = AF_INET};
    char url[8192], text[9000], reply[4096] = "";
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const char *host, *path;

    ts_object_put(b.server, DIRECTORY, "key", "the object", 10);
    CHECK_OK(cw_presign(b.client, "s3://" DIRECTORY "/key", NULL, url, sizeof url, &err), err);
    CHECK(strstr(url, "&X-Amz-S3session-Token=") && !strstr(url, "X-Amz-Security-Token"));
    host = strstr(url, "//") + 2;
    path = strchr(host, '/');
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons((uint16_t)atoi(strchr(host, ':') + 1));
    REQUIRE(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %.*s\r\nConnection: close\r\n\r\n", path,
             (int)(path - host), host);
    REQUIRE(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    for (size_t n = 0, got = 1; got > 0 && n < sizeof reply - 1; n += got) {
        ssize_t k = read(fd, reply + n, sizeof reply - 1 - n);
        got = k > 0 ? (size_t)k : 0;
    }
    close(fd);
    CHECK(strncmp(reply, "HTTP/1.1 200", 12) == 0 && strstr(reply, "\r\n\r\nthe object"));
    bed_close(&b);
}

/* With a client and so a session for each. */
static void every_allocation_may_fail(void)
{
    enum { MOST = 2000 };
    ts_options s = directory_server();
    ts_server *server = start_server(&s);
    bool reached = true;

    for (long nth = 1; reached && test_failures_here < 5; nth++) {
        REQUIRE(nth < MOST);
        fault_install();
        cw_client *c = start_client(server, NULL);
        fault_arm(nth, nth);
        cw_status st = put(c, "s3://" DIRECTORY "/key", "x", 1);
        reached = fault_disarm() >= nth;
        cw_client_release(c);
        cw_memory_remove(NULL);
        CHECK_INT(fault_end(), 0);
        if (st != CW_OK && !(reached && st == CW_E_NO_MEMORY))
            CHECK_OK(st, err);
    }
    ts_server_stop(server);
}

int main(int argc, char **argv)
{
    WITHIN(2000, the_option_comes_before_environment_and_profile);
    WITHIN(1000, what_cannot_be_had_together);
    WITHIN(3000, a_profile_may_want_bodies_signed);
    WITHIN(2000, an_access_point_is_a_bucket);
    WITHIN(1000, a_store_on_an_access_point);
    WITHIN(1000, the_source_of_a_copy);
    WITHIN(1000, ways_that_do_not_exist);
    WITHIN(2000, one_session_for_everything);
    WITHIN(2000, many_wait_for_one_session);
    WITHIN(6000, a_session_ends_in_the_midst_of_an_upload);
    WITHIN(2000, a_session_that_the_service_ends);
    WITHIN(4000, a_session_that_is_refused);
    WITHIN(3000, releasing_waits_for_no_session);
    WITHIN(1000, without_sessions);
    WITHIN(1000, an_unsigned_client_has_no_session);
    WITHIN(1000, copies_take_own_keys);
    WITHIN(1000, what_a_directory_bucket_does_not_do);
    WITHIN(2000, any_prefix_can_be_listed);
    WITHIN(1000, directory_buckets_are_made);
    WITHIN(2000, raw_requests_for_the_bucket_itself);
    WITHIN(1000, signed_urls);
    WITHIN(20000, every_allocation_may_fail);
    return test_end();
}
