/* test_list.c - every key is listed once, in order, whatever stands in it and wherever pages end */
#include "fixture.h"

static cw_error err;

typedef struct listed {
    unsigned count, prefixes;
    char text[2000]; /* the keys, each with a comma behind it, as far as they fit */
    bool out_of_order;
    cw_status status;
} listed;

static void note(listed *l, const char *key)
{
    size_t n = strlen(l->text);

    snprintf(l->text + n, sizeof l->text - n, "%s,", key);
}

static listed list(bed *b, const char *url, const cw_list_options *o)
{
    listed got = {0};
    char last[1100] = "";
    const cw_list_entry *e;
    cw_list *l;
    cw_status st = cw_list_open(&l, b->client, url, o, &err);

    CHECK_OK(st, err);
    REQUIRE(l);
    while ((got.status = cw_list_next(l, &e, &err)) == CW_OK && e) {
        if (got.count++ > 0 && strcmp(last, e->key) >= 0)
            got.out_of_order = true;
        got.prefixes += e->is_prefix != 0;
        CHECK(strncmp(e->url, "s3://bucket/", 12) == 0 && strcmp(e->url + 12, e->key) == 0);
        snprintf(last, sizeof last, "%s", e->key);
        note(&got, e->key);
    }
    if (got.status != CW_OK) {
        CHECK(!e);
        CHECK_INT(cw_list_next(l, &e, NULL), got.status);
        look_into_error(&err);
    }
    CHECK(!got.out_of_order);
    cw_list_close(l);
    return got;
}

static bed bed_with_pages(int keys)
{
    ts_options s = server_defaults();

    s.max_keys = keys;
    return bed_open(&s, NULL);
}

static void put(bed *b, const char *key)
{
    REQUIRE(ts_object_put(b->server, "bucket", key, key, strlen(key)) == 0);
}

static void what_an_entry_says(void)
{
    bed b = bed_open(NULL, NULL);
    char etag[100] = "";
    const cw_list_entry *e;
    cw_list *l;

    put(&b, "a key");
    ts_object_header(b.server, "bucket", "a key", "etag", etag, sizeof etag);
    CHECK_OK(cw_list_open(&l, b.client, "s3://bucket", NULL, &err), err);
    CHECK_INT(requests(&b, NULL), 0);
    CHECK_OK(cw_list_next(l, &e, &err), err);
    REQUIRE(e);
    CHECK_STR(e->key, "a key");
    CHECK_STR(e->url, "s3://bucket/a key");
    CHECK_INT(e->bytes, 5);
    CHECK(e->modified_ms > 1600000000000);
    CHECK(strlen(e->etag) == 32 && strstr(etag, e->etag));
    CHECK_STR(e->storage_class, "STANDARD");
    CHECK(!e->is_prefix);
    CHECK_OK(cw_list_next(l, &e, &err), err);
    CHECK(!e);
    CHECK_OK(cw_list_next(l, &e, &err), err);
    CHECK(!e);
    cw_list_close(l);
    cw_list_close(NULL);
    bed_close(&b);
}

/* Pages of every size end between objects, between prefixes, and between the two. */
static void prefixes_and_pages(void)
{
    static const char *const keys[] = {"a",   "a.b",   "a/1", "a/2", "a0",    "b/c/1",
                                       "b/d", "b/d/1", "c",   "d/",  "d//e/", "e"};

    for (int page = 1; page <= 13; page++) {
        bed b = bed_with_pages(page);
        cw_list_options o = CW_LIST_OPTIONS_INIT;

        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            put(&b, keys[i]);
        CHECK_STR(list(&b, "s3://bucket", NULL).text,
                  "a,a.b,a/1,a/2,a0,b/c/1,b/d,b/d/1,c,d/,d//e/,e,");
        o.delimiter = "/";
        CHECK_STR(list(&b, "s3://bucket/", &o).text, "a,a.b,a/,a0,b/,c,d/,e,");
        CHECK_STR(list(&b, "s3://bucket/b/", &o).text, "b/c/,b/d,b/d/,");
        CHECK_STR(list(&b, "s3://bucket/d", &o).text, "d/,");
        CHECK_STR(list(&b, "s3://bucket/d/", &o).text, "d/,d//,");
        o.start_after = "a/";
        CHECK_STR(list(&b, "s3://bucket/", &o).text, "a0,b/,c,d/,e,");
        o.delimiter = "";
        CHECK_STR(list(&b, "s3://bucket/", &o).text, "a/1,a/2,a0,b/c/1,b/d,b/d/1,c,d/,d//e/,e,");
        o.start_after = "zzz";
        CHECK_STR(list(&b, "s3://bucket/", &o).text, "");
        bed_close(&b);
    }
}

/* Every byte that a key can have, and what looks like an encoding. */
static void odd_keys(void)
{
    static const char *const more[] = {
        "%",   "%2F",   "+",      "a b",  "a+b",    "a%20b",    "&lt",
        "]]>", "..",    "/",      "//x",  "a/../b", "\xc3\xa9", "\xf0\x9f\x98\x80",
        "<k>", "\"q\"", " lead ", "?x=1#"};
    enum { MORE = sizeof more / sizeof *more };

    for (int page = 3; page <= 1000; page *= 18) {
        bed b = bed_with_pages(page);
        listed got;

        for (int c = 1; c < 128; c++)
            put(&b, (char[]){'k', (char)c, '\0'});
        for (int i = 0; i < MORE; i++)
            put(&b, more[i]);
        got = list(&b, "s3://bucket", NULL);
        CHECK_INT(got.count, 127 + MORE);
        CHECK_INT(ts_object_count(b.server, "bucket"), 127 + MORE);
        for (int c = 1; c < 128; c++)
            CHECK(strstr(got.text, (char[]){'k', (char)c, ',', '\0'}));
        for (int i = 0; i < MORE; i++)
            CHECK(strstr(got.text, more[i]));
        CHECK_STR(list(&b, "s3://bucket/a%2", NULL).text, "a%20b,");
        bed_close(&b);
    }
}

/* Every character of ASCII stands in some key, and what looks like an encoding in all of them. The
 * number comes first, so that they are listed as they were made. */
static void make_odd_key(char out[40], int number)
{
    static const char *const wide[] = {
        "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xcc\x81", "%2F", "&amp;", "a//..", "+ +"};
    char narrow[2] = {(char)(number % 127 + 1), '\0'};

    snprintf(out, 40, "%05d%s/%s%%+ ", number, narrow, wide[number % 8]);
}

static void many_odd_keys(void)
{
    enum { COUNT = 100000 };
    bed b = bed_open(NULL, NULL);
    const cw_list_entry *e = NULL;
    char key[40];
    cw_list *l;
    int i;

    for (i = 0; i < COUNT; i++) {
        make_odd_key(key, i);
        put(&b, key);
    }
    CHECK_OK(cw_list_open(&l, b.client, "s3://bucket", NULL, &err), err);
    REQUIRE(l);
    for (i = 0; cw_list_next(l, &e, &err) == CW_OK && e && i < COUNT; i++) {
        make_odd_key(key, i);
        CHECK_STR(e->key, key);
        CHECK_INT(e->bytes, strlen(key));
    }
    CHECK_INT(err.status, CW_OK);
    CHECK(!e);
    CHECK_INT(i, COUNT);
    CHECK_INT(requests(&b, "ListObjectsV2"), 100);
    cw_list_close(l);
    bed_close(&b);
}

static void small_pages_by_option(void)
{
    bed b = bed_open(NULL, NULL);
    cw_list_options o = CW_LIST_OPTIONS_INIT;
    cw_list *l;

    for (char c = 'a'; c <= 'e'; c++)
        put(&b, (char[]){c, '\0'});
    o.page_keys = 2;
    CHECK_STR(list(&b, "s3://bucket", &o).text, "a,b,c,d,e,");
    CHECK_INT(requests(&b, "ListObjectsV2"), 3);
    o.page_keys = 1001;
    CHECK_STATUS(cw_list_open(&l, b.client, "s3://bucket", &o, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(!l);
    bed_close(&b);
}

/* Pages of every size, so that they end before, in and behind what is left out. */
static void patterns(void)
{
    static const char *const keys[] = {
        "logs/a/x.csv", "logs/a/y.csv",    "logs/a/z/x.csv", "logs/a0",      "logs/b/t/1",
        "logs/b/t/2",   "logs/b/t/3",      "logs/b/t/4",     "logs/b/x.csv", "logs/b/\xc3\xa9",
        "logs/b/~",     "logs/b/~~~x.csv", "logs/c/x.csv",   "logs/x.csv",   "logs/~/x.csv",
        "logs2",        "other/a/x.csv"};

    for (int page = 1; page <= 18; page++) {
        bed b = bed_with_pages(page);
        cw_list_options o = CW_LIST_OPTIONS_INIT;

        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            put(&b, keys[i]);
        o.glob = "logs/*/x.csv";
        CHECK_STR(list(&b, "s3://bucket", &o).text,
                  "logs/a/x.csv,logs/b/x.csv,logs/c/x.csv,logs/~/x.csv,");
        o.glob = "*";
        CHECK_STR(list(&b, "s3://bucket/logs/", &o).text, "logs/a0,logs/x.csv,");
        o.glob = "**/x.csv";
        CHECK_STR(list(&b, "s3://bucket/logs/", &o).text,
                  "logs/a/x.csv,logs/a/z/x.csv,logs/b/x.csv,logs/c/x.csv,logs/x.csv,logs/~/x.csv,");
        o.glob = "{a,c}/[xy].csv";
        CHECK_STR(list(&b, "s3://bucket/logs/", &o).text,
                  "logs/a/x.csv,logs/a/y.csv,logs/c/x.csv,");
        o.glob = "gs/a0";
        CHECK_STR(list(&b, "s3://bucket/lo", &o).text, "logs/a0,");
        o.glob = "*/?";
        o.start_after = "logs/b/t/1";
        CHECK_STR(list(&b, "s3://bucket/logs/", &o).text, "logs/b/~,logs/b/\xc3\xa9,");
        bed_close(&b);
    }
}

/* Keys that cannot match are not asked for: a page for each folder, of the 22 that it has. */
static void patterns_spare_pages(void)
{
    enum { FOLDERS = 20, JUNK = 210 };
    bed b = bed_with_pages(10);
    cw_list_options o = CW_LIST_OPTIONS_INIT;
    char key[60];

    for (int f = 0; f < FOLDERS; f++)
        for (int i = 0; i < JUNK; i++) {
            snprintf(key, sizeof key, "logs/2026-01-%02d/tmp/%d", f, i);
            put(&b, key);
            snprintf(key, sizeof key, "logs/2026-01-%02d/x.csv", f);
            put(&b, key);
            snprintf(key, sizeof key, "logs/2025/%d", i);
            put(&b, key);
        }
    o.glob = "logs/2026-*/*.csv";
    CHECK_INT(list(&b, "s3://bucket/", &o).count, FOLDERS);
    CHECK(requests(&b, "ListObjectsV2") <= FOLDERS + 1);
    bed_close(&b);
}

static void patterns_that_are_refused(void)
{
    bed b = bed_open(NULL, NULL);
    cw_list_options o = CW_LIST_OPTIONS_INIT;
    cw_list *l;

    o.glob = "[a";
    CHECK_STATUS(cw_list_open(&l, b.client, "s3://bucket", &o, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(!l);
    o.glob = "a*";
    o.delimiter = "/";
    CHECK_STATUS(cw_list_open(&l, b.client, "s3://bucket", &o, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_INT(requests(&b, NULL), 0);
    bed_close(&b);
}

static void what_goes_wrong(void)
{
    bed b = bed_with_pages(2);
    cw_list *l;

    for (char c = 'a'; c <= 'e'; c++)
        put(&b, (char[]){c, '\0'});
    faults(&b, "op=ListObjectsV2 times=3 do=empty_page");
    CHECK_STATUS(list(&b, "s3://bucket", NULL).status, CW_E_PROTOCOL, err);
    ts_fault_clear(b.server);
    faults(&b, "op=ListObjectsV2 skip=1 do=truncate_body:300");
    CHECK_STR(list(&b, "s3://bucket", NULL).text, "a,b,c,d,e,");
    ts_fault_clear(b.server);
    faults(&b, "op=ListObjectsV2 skip=1 times=inf do=status:403:AccessDenied");
    listed got = list(&b, "s3://bucket", NULL);
    CHECK_STATUS(got.status, CW_E_PERMISSION, err);
    CHECK_STR(got.text, "a,b,");
    ts_fault_clear(b.server);
    faults(&b, "op=ListObjectsV2 times=inf do=reply_200_error:SlowDown");
    CHECK_STATUS(list(&b, "s3://bucket", NULL).status, CW_E_THROTTLED, err);
    CHECK_OK(cw_list_open(&l, b.client, "s3://another", NULL, &err), err);
    const cw_list_entry *e;
    ts_fault_clear(b.server);
    CHECK_STATUS(cw_list_next(l, &e, &err), CW_E_BUCKET_NOT_FOUND, err);
    cw_list_close(l);
    CHECK_STATUS(cw_list_open(&l, NULL, "s3://bucket", NULL, &err), CW_E_INVALID_ARGUMENT, err);
    bed_close(&b);
}

/* The next page is on its way once one was read to its end, and not before. */
static void ahead_of_the_reader(void)
{
    bed b = bed_with_pages(2);
    const cw_list_entry *e;
    cw_list *l;

    for (char c = 'a'; c <= 'i'; c++)
        put(&b, (char[]){c, '\0'});
    faults(&b, "op=ListObjectsV2 skip=2 times=inf do=stall_reply:forever:0");
    CHECK_OK(cw_list_open(&l, b.client, "s3://bucket", NULL, &err), err);
    for (int i = 1; i <= 4; i++) {
        CHECK_OK(cw_list_next(l, &e, &err), err);
        CHECK(e && e->key[0] == 'a' + i - 1);
        if (i == 2)
            CHECK_INT(requests(&b, "ListObjectsV2"), 1);
    }
    for (int ms = 0; requests(&b, "ListObjectsV2") < 3 && ms < 1000; ms++)
        sleep_ms(1);
    CHECK_INT(requests(&b, "ListObjectsV2"), 3);
    cw_list_close(l); /* with the third on its way */
    ts_fault_clear(b.server);
    faults(&b, "op=ListObjectsV2 skip=2 times=2 do=wrong_root");
    CHECK_STR(list(&b, "s3://bucket", NULL).text, "a,b,c,d,e,f,g,h,i,");
    bed_close(&b);
}

int main(int argc, char **argv)
{
    WITHIN(2000, what_an_entry_says);
    WITHIN(6000, prefixes_and_pages);
    WITHIN(6000, odd_keys);
    WITHIN(20000, many_odd_keys);
    WITHIN(2000, small_pages_by_option);
    WITHIN(6000, patterns);
    WITHIN(4000, patterns_spare_pages);
    WITHIN(1000, patterns_that_are_refused);
    WITHIN(4000, what_goes_wrong);
    WITHIN(4000, ahead_of_the_reader);
    return test_end();
}
