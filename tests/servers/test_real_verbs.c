/* test_real_verbs.c - the verbs of a store on a real server (real.h)
 *
 * What a case leaves there is told, so that another client finds it; what it deletes is told too.
 */
#include "real.h"

static char urls[8][2048];

/* Like url_of, for several at once. */
static const char *at(unsigned i, const char *key)
{
    snprintf(urls[i], sizeof urls[i], "%s", url_of(key));
    return urls[i];
}

static uint64_t bytes_at(const char *key)
{
    cw_object_meta *m = NULL;
    uint64_t bytes = UINT64_MAX;

    if (cw_object_stat(&m, client, at(7, key), NULL, &err) == CW_OK)
        bytes = m->bytes;
    cw_object_meta_free(m);
    return bytes;
}

static void stat_and_delete(void)
{
    cw_writer_options o = options();
    cw_pair metadata = {"who", "me"};
    cw_object_meta *m = NULL;
    cw_object_delete_options fine = CW_OBJECT_DELETE_OPTIONS_INIT;

    o.content_type = "text/x-test";
    o.metadata = &metadata;
    o.metadata_count = 1;
    put_ok("key", &o, 1000, "");
    CHECK_OK(cw_object_stat(&m, client, at(0, "key"), NULL, &err), err);
    REQUIRE(m);
    CHECK_INT(m->bytes, 1000);
    CHECK(m->modified_ms > 1600000000000);
    CHECK(m->etag[0] && m->etag[0] != '"');
    CHECK_STR(m->content_type, "text/x-test");
    bool found = false;
    for (size_t i = 0; i < m->metadata_count; i++)
        found |= strcmp(m->metadata[i].name, "who") == 0 && strcmp(m->metadata[i].value, "me") == 0;
    CHECK(found);
    fine.if_match = "another";
    CHECK_STATUS(cw_object_delete(client, at(0, "key"), &fine, &err), CW_E_PRECONDITION, err);
    fine.if_match = m->etag;
    CHECK_OK(cw_object_delete(client, at(0, "key"), &fine, &err), err);
    cw_object_meta_free(m);
    CHECK_STATUS(cw_object_delete(client, at(0, "key"), NULL, &err), CW_E_NOT_FOUND, err);
    fine = (cw_object_delete_options)CW_OBJECT_DELETE_OPTIONS_INIT;
    fine.missing_ok = 1;
    CHECK_OK(cw_object_delete(client, at(0, "key"), &fine, &err), err);
    CHECK_STATUS(cw_object_stat(&m, client, at(0, "key"), NULL, &err), CW_E_NOT_FOUND, err);
    report_absent("key");
}

/* ---- lists ---- */

static const char *const odd[] = {"a b",       "a%20b",  "a+b",    "a/b",
                                  "a=b&c",     "b/1",    "b/2",    "b/c/3",
                                  "d\xc3\xa9", "e<>\"'", "f~!*()", "g\xf0\x9f\x98\x80",
                                  "h;:@,$"};
enum { ODD = sizeof odd / sizeof *odd };

static void check_list(unsigned page_keys, const char *delimiter, const char *const *want, size_t n)
{
    cw_list_options o = CW_LIST_OPTIONS_INIT;
    size_t skip = strlen(case_name) + 1, i = 0;
    const cw_list_entry *e = NULL;
    cw_list *l;

    o.page_keys = page_keys;
    o.delimiter = delimiter;
    CHECK_OK(cw_list_open(&l, client, at(0, ""), &o, &err), err);
    REQUIRE(l);
    while (cw_list_next(l, &e, &err) == CW_OK && e && i < n) {
        CHECK_STR(e->key + skip, want[i++]);
        CHECK(e->is_prefix || (e->bytes == 5 && e->modified_ms > 1600000000000));
    }
    CHECK(!e && i == n);
    CHECK_INT(err.status, CW_OK);
    cw_list_close(l);
}

static void list_odd_keys(void)
{
    static const char *const top[] = {"a b",   "a%20b",     "a+b",    "a/",     "a=b&c",
                                      "b/",    "d\xc3\xa9", "e<>\"'", "f~!*()", "g\xf0\x9f\x98\x80",
                                      "h;:@,$"};

    for (size_t i = 0; i < ODD; i++)
        put_ok(odd[i], NULL, 5, "");
    for (unsigned page = 1; page <= 1000; page *= 10) {
        check_list(page, NULL, odd, ODD);
        check_list(page, "/", top, sizeof top / sizeof *top);
    }
}

static void list_what_is_not_there(void)
{
    const cw_list_entry *e;
    cw_list *l;

    CHECK_OK(cw_list_open(&l, client, "s3://no-such-bucket-here", NULL, &err), err);
    CHECK_STATUS(cw_list_next(l, &e, &err), CW_E_BUCKET_NOT_FOUND, err);
    cw_list_close(l);
    check_list(0, NULL, NULL, 0);
}

/* ---- delete many ---- */

static void delete_many(void)
{
    enum { MANY = 1100 };
    static char texts[MANY + ODD][2100];
    const char *list[MANY + ODD];

    for (int i = 0; i < MANY; i++)
        snprintf(texts[i], sizeof texts[i], "%s", url_of("n/"));
    for (int i = 0; i < MANY; i++)
        snprintf(texts[i] + strlen(texts[i]), 20, "%d", i);
    for (size_t i = 0; i < ODD; i++) {
        put_ok(odd[i], NULL, 5, "");
        snprintf(texts[MANY + i], sizeof texts[0], "%s", url_of(odd[i]));
    }
    for (size_t i = 0; i < MANY + ODD; i++)
        list[i] = texts[i];
    put_ok("n/7", NULL, 5, "");
    put_ok("n/1099", NULL, 5, "");
    put_ok("stays", NULL, 5, "");
    CHECK_OK(cw_object_delete_many(client, list, MANY + ODD, NULL, NULL, &err), err);
    report_absent("n/7");
    report_absent("n/1099");
    for (size_t i = 0; i < ODD; i++)
        report_absent(odd[i]);
}

/* ---- copy and move ---- */

static void copy(void)
{
    cw_object_info info = {0};
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;

    put_ok("from a+%\xc3\xa9", NULL, 12345, "");
    CHECK_OK(cw_object_copy(client, at(0, "from a+%\xc3\xa9"), at(1, "to"), NULL, &info, &err),
             err);
    CHECK_INT(info.bytes, 12345);
    CHECK_INT(bytes_at("to"), 12345);
    o.create_only = 1;
    CHECK_STATUS(cw_object_copy(client, at(0, "from a+%\xc3\xa9"), at(1, "to"), &o, NULL, &err),
                 CW_E_ALREADY_EXISTS, err);
    CHECK_STATUS(cw_object_copy(client, at(0, "no"), at(1, "to"), NULL, NULL, &err), CW_E_NOT_FOUND,
                 err);
    CHECK_OK(cw_object_move(client, at(0, "to"), at(1, "moved"), NULL, NULL, &err), err);
    CHECK_INT(bytes_at("moved"), 12345);
    report_absent("to");
}

static void copy_in_parts(void)
{
    cw_writer_options w = options();
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;
    cw_pair metadata = {"who", "me"};
    cw_object_meta *m = NULL;
    cw_object_info info = {0};
    uint64_t bytes = 3 * PART + 777;

    w.content_type = "text/x-test";
    w.metadata = &metadata;
    w.metadata_count = 1;
    put_ok("from", &w, bytes, "");
    o.multipart_bytes = 1000;
    o.part_bytes = PART;
    CHECK_OK(cw_object_copy(client, at(0, "from"), at(1, "to"), &o, &info, &err), err);
    CHECK_INT(info.parts, 4);
    CHECK_OK(cw_object_stat(&m, client, at(1, "to"), NULL, &err), err);
    REQUIRE(m);
    CHECK_INT(m->bytes, bytes);
    CHECK_STR(m->content_type, "text/x-test");
    cw_object_meta_free(m);
    CHECK_OK(cw_object_move(client, at(1, "to"), at(2, "moved"), &o, NULL, &err), err);
    CHECK_INT(bytes_at("moved"), bytes);
    report_absent("to");
}

/* From one customer's key to another, in one request and in parts. */
static void copy_customer_keys(void)
{
    static const unsigned char one[32] = "sse-c-key-of-the-copies-number-1",
                               two[32] = "sse-c-key-of-the-copies-number-2";
    cw_writer_options w = options(), t = CW_WRITER_OPTIONS_INIT;
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;
    cw_object_stat_options s = CW_OBJECT_STAT_OPTIONS_INIT;
    cw_object_info info = {0};
    cw_object_meta *m = NULL;
    uint64_t bytes = PART + 777;

    w.sse = t.sse = CW_SSE_C;
    w.sse_customer_key = o.sse_customer_key = one;
    t.sse_customer_key = s.sse_customer_key = two;
    w.content_type = "text/x-test";
    o.describe = &t;
    o.keep = 1;
    o.part_bytes = PART;
    cw_status st =
        put("from", &w, bytes, ", \"sse_c\": \"sse-c-key-of-the-copies-number-1\"", &info);
    CHECK_OK(st, err);
    for (int i = 0; i < 2 && st == CW_OK; i++) {
        o.multipart_bytes = i ? 1000 : 0;
        CHECK_OK(cw_object_copy(client, at(0, "from"), at(1, "to"), &o, &info, &err), err);
        CHECK_INT(info.parts, i ? 2 : 0);
        CHECK_OK(cw_object_stat(&m, client, at(1, "to"), &s, &err), err);
        REQUIRE(m);
        CHECK_INT(m->bytes, bytes);
        CHECK_STR(m->content_type, "text/x-test");
        cw_object_meta_free(m);
    }
}

/* ---- ranges ---- */

/* Whatever is asked for is what was written there. */
static void ranges_at_random(void)
{
    static unsigned char want[3 * MIB + 77], got[sizeof want];
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_writer_options w = options();
    cw_writer *writer = open_writer("object", &w);
    cw_reader *r = NULL;
    uint64_t state = 88172645463325252u;
    size_t n = 0, off = 0;
    expected e;

    expected_begin(&e, 17);
    expected_fill(&e, want, sizeof want);
    CHECK(cw_writer_write(writer, want, sizeof want) == CW_OK);
    CHECK_OK(cw_writer_close(writer, NULL, &err), err);
    report_present("object", &e, "");
    o.range_bytes = 300 * 1024;
    CHECK_OK(cw_reader_open_with(&r, client, at(0, "object"), &o, &err), err);
    REQUIRE(r);
    for (int i = 0; i < 60; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        off = (size_t)(state % sizeof want);
        n = (size_t)(state >> 32) % (i % 2 ? 100 : sizeof want - off) + 1;
        n = n < sizeof want - off ? n : sizeof want - off;
        CHECK_OK(cw_reader_pread(r, off, got, n, &err), err);
        CHECK(memcmp(got, want + off, n) == 0);
    }
    CHECK_OK(cw_reader_read(r, got, sizeof got, &n, &err), err);
    CHECK(n == sizeof want && memcmp(got, want, n) == 0);
    cw_reader_close(r);
}

/* Patterns on a server's own lists, with pages that end everywhere. */
static void list_patterns(void)
{
    static const char *const keys[] = {"a/x.csv", "a/y.txt", "b/t/1", "b/t/2",
                                       "b/t/3",   "b/x.csv", "c.csv", "d/e/x.csv"};
    static const char *const want[] = {"a/x.csv", "b/x.csv"};
    cw_list_options o = CW_LIST_OPTIONS_INIT;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        put_ok(keys[i], NULL, 10, "");
    o.glob = "*/?.csv";
    for (unsigned page = 1; page <= 4; page++) {
        const cw_list_entry *e = NULL;
        cw_list *l = NULL;
        size_t n = 0;
        o.page_keys = page;
        CHECK_OK(cw_list_open(&l, client, url_of(""), &o, &err), err);
        REQUIRE(l);
        for (; cw_list_next(l, &e, &err) == CW_OK && e; n++)
            CHECK(n < 2 && strcmp(e->url, at(0, want[n < 2 ? n : 0])) == 0);
        CHECK_INT(err.status, CW_OK);
        CHECK_INT(n, 2);
        cw_list_close(l);
    }
}

/* ---- tags, buckets, requests ---- */

static void object_tags(void)
{
    cw_pair set[] = {{"a", "1"}, {"name", "some value"}};
    cw_object_tags *t = NULL;

    put_ok("key", NULL, 5, ", \"tags\": {\"a\": \"1\", \"name\": \"some value\"}");
    CHECK_OK(cw_object_tags_put(client, at(0, "key"), set, 2, &err), err);
    CHECK_OK(cw_object_tags_get(&t, client, at(0, "key"), &err), err);
    CHECK(t && t->count == 2);
    cw_object_tags_free(t);
    put_ok("bare", NULL, 5, "");
    CHECK_OK(cw_object_tags_put(client, at(0, "bare"), set, 2, &err), err);
    CHECK_OK(cw_object_tags_put(client, at(0, "bare"), NULL, 0, &err), err);
    CHECK_OK(cw_object_tags_get(&t, client, at(0, "bare"), &err), err);
    CHECK(t && t->count == 0);
    cw_object_tags_free(t);
}

static void buckets(void)
{
    char region[64];
    int there = 1;

    CHECK_OK(cw_bucket_exists(client, "s3://fresh-bucket", &there, &err), err);
    CHECK_INT(there, 0);
    CHECK_OK(cw_bucket_create(client, "s3://fresh-bucket", &err), err);
    CHECK_OK(cw_bucket_exists(client, "s3://fresh-bucket", &there, &err), err);
    CHECK_INT(there, 1);
    CHECK_OK(cw_bucket_location(client, "s3://fresh-bucket", region, sizeof region, &err), err);
    CHECK_STR(region, "us-east-1");
    CHECK_OK(cw_bucket_delete(client, "s3://fresh-bucket", &err), err);
    CHECK_STATUS(cw_bucket_delete(client, "s3://fresh-bucket", &err), CW_E_BUCKET_NOT_FOUND, err);
    snprintf(urls[0], sizeof urls[0], "s3://%s", getenv("REAL_BUCKET"));
    put_ok("key", NULL, 5, "");
    CHECK_STATUS(cw_bucket_delete(client, urls[0], &err), CW_E_CONFLICT, err);
}

static void own_request(void)
{
    cw_request_options o = CW_REQUEST_OPTIONS_INIT;
    cw_pair range = {"range", "bytes=0-3"};
    cw_response *r = NULL;

    put_ok("key", NULL, 10, "");
    o.headers = &range;
    o.header_count = 1;
    CHECK_OK(cw_request_send(&r, client, at(0, "key"), &o, &err), err);
    CHECK(r && r->http_status == 206 && r->body_bytes == 4);
    cw_response_free(r);
}

static void versions(void)
{
    static const char enable[] =
        "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<Status>Enabled</Status></VersioningConfiguration>";
    cw_request_options o = CW_REQUEST_OPTIONS_INIT;
    cw_list_options how = CW_LIST_OPTIONS_INIT;
    cw_object_delete_options gone = CW_OBJECT_DELETE_OPTIONS_INIT;
    cw_pair query = {"versioning", NULL};
    const cw_list_entry *e = NULL;
    cw_response *r = NULL;
    cw_list *l = NULL;
    char ids[8][200];
    unsigned count = 0, markers = 0;

    CHECK_OK(cw_bucket_create(client, "s3://versions-bucket", &err), err);
    o.method = "PUT";
    o.query = &query;
    o.query_count = 1;
    o.body = enable;
    o.body_bytes = sizeof enable - 1;
    cw_status st = cw_request_send(&r, client, "s3://versions-bucket", &o, &err);
    CHECK_OK(st, err);
    cw_response_free(r);
    if (st != CW_OK)
        return;
    for (int i = 0; i < 3; i++) {
        cw_writer *w = NULL;
        CHECK_OK(cw_writer_open(&w, client, "s3://versions-bucket/a +b", NULL, &err), err);
        REQUIRE(w);
        CHECK_OK(cw_writer_close(w, NULL, &err), err);
    }
    CHECK_OK(cw_object_delete(client, "s3://versions-bucket/a +b", NULL, &err), err);
    how.versions = 1;
    how.page_keys = 2;
    CHECK_OK(cw_list_open(&l, client, "s3://versions-bucket", &how, &err), err);
    REQUIRE(l);
    while (cw_list_next(l, &e, &err) == CW_OK && e && count < 8) {
        CHECK_STR(e->key, "a +b");
        CHECK_INT(e->is_latest, count == 0);
        CHECK(e->version_id[0]);
        markers += e->is_delete_marker != 0;
        snprintf(ids[count++], sizeof ids[0], "%s", e->version_id);
    }
    CHECK_INT(err.status, CW_OK);
    for (unsigned i = 0; i < count; i++) {
        gone.version_id = ids[i];
        CHECK_OK(cw_object_delete(client, "s3://versions-bucket/a +b", &gone, &err), err);
    }
    CHECK_INT(count, 4);
    CHECK_INT(markers, 1);
    cw_list_close(l);
    CHECK_OK(cw_bucket_delete(client, "s3://versions-bucket", &err), err);
}

static const real_case cases[] = {
    {"stat_and_delete", stat_and_delete, false},
    {"list_odd_keys", list_odd_keys, false},
    {"list_what_is_not_there", list_what_is_not_there, false},
    {"delete_many", delete_many, false},
    {"copy", copy, false},
    {"copy_in_parts", copy_in_parts, false},
    {"copy_customer_keys", copy_customer_keys, false},
    {"ranges_at_random", ranges_at_random, false},
    {"list_patterns", list_patterns, false},
    {"object_tags", object_tags, false},
    {"buckets", buckets, false},
    {"own_request", own_request, false},
    {"versions", versions, false},
    {NULL, NULL, false},
};

int main(int argc, char **argv)
{
    return real_main(cases, argc, argv);
}
