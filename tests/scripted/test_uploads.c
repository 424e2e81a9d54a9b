/* test_uploads.c - uploads that were left behind: every one is listed, once, and can be aborted */
#include "fixture.h"

/* An upload stays behind for each writer whose abort is refused. */
static void leave_behind(bed *b, const char *key)
{
    cw_writer_options o = parts_of(10);
    cw_writer *w = open_writer(b, key, &o);
    size_t before = ts_upload_count(b->server);
    cw_error err;

    CHECK_INT(cw_writer_write(w, "more than ten bytes", 19), CW_OK);
    while (ts_upload_count(b->server) == before && cw_writer_error(w)->status == CW_OK)
        usleep(50);
    CHECK_STATUS(cw_writer_abort(w, &err), CW_E_PERMISSION, err);
    look_into_error(&err);
}

static bed bed_that_keeps_uploads(int max_keys)
{
    ts_options s = server_defaults();

    s.max_keys = max_keys;
    bed b = bed_open(&s, NULL);
    faults(&b, "op=AbortMultipartUpload times=inf do=status:403:AccessDenied");
    return b;
}

typedef struct seen {
    unsigned count, stop_at; /* 0: never */
    char last_key[1100], last_id[300];
    bool out_of_order, strange;
    const char *const *keys; /* expected, in order; NULL: any */
} seen;

static int see(void *user, const cw_upload_info *u)
{
    seen *s = user;
    int order = strcmp(s->last_key, u->key);

    if (s->count > 0 && (order > 0 || (order == 0 && strcmp(s->last_id, u->upload_id) == 0)))
        s->out_of_order = true;
    if (strcmp(u->bucket, "bucket") != 0 || !u->upload_id[0] || u->initiated_ms < 1600000000000 ||
        strcmp(u->storage_class, "STANDARD") != 0)
        s->strange = true;
    if (s->keys && strcmp(s->keys[s->count], u->key) != 0)
        test_str(__FILE__, __LINE__, "key", u->key, s->keys[s->count]);
    snprintf(s->last_key, sizeof s->last_key, "%s", u->key);
    snprintf(s->last_id, sizeof s->last_id, "%s", u->upload_id);
    return ++s->count == s->stop_at;
}

static unsigned count_under(bed *b, const char *url)
{
    seen s = {.count = 0};
    cw_error err;

    CHECK_OK(cw_upload_list(b->client, url, see, &s, &err), err);
    CHECK(!s.out_of_order && !s.strange);
    return s.count;
}

/* Some of them under the same key, so that pages end between them. */
static void every_upload_on_many_pages(void)
{
    enum { KEYS = 500, EACH = 5 };
    bed b = bed_that_keeps_uploads(0);
    char key[40];

    for (int i = 0; i < KEYS * EACH; i++) {
        snprintf(key, sizeof key, i % 2 ? "odd/%04d" : "even/%04d", i / 2 % (KEYS / 2));
        leave_behind(&b, key);
    }
    CHECK_INT(ts_upload_count(b.server), 2500);
    CHECK_INT(count_under(&b, "s3://bucket"), 2500);
    CHECK_INT(requests(&b, "ListMultipartUploads"), 3);
    CHECK_INT(count_under(&b, "s3://bucket/odd/"), 1250);
    CHECK_INT(count_under(&b, "s3://bucket/even/0000"), 5);
    CHECK_INT(count_under(&b, "s3://bucket/nothing"), 0);
    bed_close(&b);
}

static void pages_of_every_size(void)
{
    for (int page = 1; page <= 8; page++) {
        bed b = bed_that_keeps_uploads(page);

        for (int i = 0; i < 7; i++)
            leave_behind(&b, i < 4 ? "same" : i < 6 ? "other" : "same as");
        CHECK_INT(count_under(&b, "s3://bucket/"), 7);
        bed_close(&b);
    }
}

/* In the order of their bytes. */
static void odd_keys(void)
{
    static const char *const keys[] = {
        " a ",
        "%",
        "%2F",
        "&amp;",
        "..",
        "//",
        "/a",
        "<&>\"'",
        "a b",
        "a%20b",
        "a+b",
        "a/../b",
        "a\\b",
        "a\tb",
        "]]>",
        "\xc3\xa9",
        "\xe6\x97\xa5\xe6\x9c\xac",
        "\xf0\x9f\x98\x80",
    };
    enum { COUNT = sizeof keys / sizeof *keys };
    const char *sorted[COUNT];
    cw_error err;

    memcpy(sorted, keys, sizeof keys);
    for (size_t i = 1; i < COUNT; i++)
        for (size_t k = i; k > 0 && strcmp(sorted[k - 1], sorted[k]) > 0; k--) {
            const char *t = sorted[k];
            sorted[k] = sorted[k - 1];
            sorted[k - 1] = t;
        }
    for (int page = 1; page <= 5; page += 2) {
        bed b = bed_that_keeps_uploads(page);
        seen s = {.keys = sorted};

        for (size_t i = 0; i < COUNT; i++)
            leave_behind(&b, keys[i]);
        CHECK_OK(cw_upload_list(b.client, "s3://bucket", see, &s, &err), err);
        CHECK_INT(s.count, COUNT);
        CHECK(!s.out_of_order && !s.strange);
        bed_close(&b);
    }
}

/* It would come again for ever. */
static void a_list_that_does_not_go_on(void)
{
    bed b = bed_that_keeps_uploads(2);
    cw_error err;

    for (int i = 0; i < 5; i++)
        leave_behind(&b, "key");
    for (int skip = 0; skip < 2; skip++) {
        seen s = {.count = 0};

        faults(&b, skip ? "op=ListMultipartUploads times=inf skip=1 do=empty_page"
                        : "op=ListMultipartUploads times=inf do=empty_page");
        CHECK_STATUS(cw_upload_list(b.client, "s3://bucket", see, &s, &err), CW_E_PROTOCOL, err);
        CHECK_INT(s.count, 2 * skip);
        ts_fault_clear(b.server);
    }
    CHECK_INT(count_under(&b, "s3://bucket"), 5);
    bed_close(&b);
}

static void troubles_of_a_list(void)
{
    static const char *const rules[] = {
        "op=ListMultipartUploads times=2 do=status:500:InternalError",
        "op=ListMultipartUploads times=2 skip=1 do=truncate_body:200",
        "op=ListMultipartUploads times=2 skip=2 do=reset_reply:300",
        "op=ListMultipartUploads times=1 do=wrong_root",
        "op=ListMultipartUploads times=1 do=status:503:SlowDown",
        "op=ListMultipartUploads times=1 do=corrupt_reply",
    };
    bed b = bed_that_keeps_uploads(3);
    cw_error err;

    for (int i = 0; i < 10; i++)
        leave_behind(&b, "key");
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        faults(&b, rules[i]);
        CHECK_INT(count_under(&b, "s3://bucket"), 10);
        ts_fault_clear(b.server);
    }
    seen s = {.stop_at = 4};
    CHECK_STATUS(cw_upload_list(b.client, "s3://bucket", see, &s, &err), CW_E_CANCELLED, err);
    CHECK_INT(s.count, 4);
    CHECK_STATUS(cw_upload_list(b.client, "s3://nobucket", see, &s, &err), CW_E_BUCKET_NOT_FOUND,
                 err);
    CHECK_STATUS(cw_upload_list(b.client, "file:///tmp", see, &s, &err), CW_E_UNSUPPORTED, err);
    faults(&b, "op=ListMultipartUploads do=status:405:MethodNotAllowed");
    CHECK_STATUS(cw_upload_list(b.client, "s3://bucket", see, &s, &err), CW_E_UNSUPPORTED, err);
    faults(&b, "op=ListMultipartUploads times=inf do=status:403:AccessDenied");
    CHECK_STATUS(cw_upload_list(b.client, "s3://bucket", see, &s, &err), CW_E_PERMISSION, err);
    bed_close(&b);
}

/* ---- abort ---- */

static int abort_it(void *user, const cw_upload_info *u)
{
    bed *b = user;
    char url[1200];
    cw_error err;

    snprintf(url, sizeof url, "s3://%s/%s", u->bucket, u->key);
    CHECK_OK(cw_upload_abort(b->client, url, u->upload_id, &err), err);
    CHECK_STATUS(cw_upload_abort(b->client, url, u->upload_id, &err), CW_E_NOT_FOUND, err);
    CHECK_STR(err.service_code, "NoSuchUpload");
    return 0;
}

static void all_are_aborted_while_listing(void)
{
    static const char *const keys[] = {"a", "a", "b c", "d+e", "f//g", "\xc3\xa9", "h?i", "j%20"};
    bed b = bed_that_keeps_uploads(3);
    cw_error err;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        leave_behind(&b, keys[i]);
    ts_fault_clear(b.server);
    CHECK_OK(cw_upload_list(b.client, "s3://bucket", abort_it, &b, &err), err);
    CHECK_INT(ts_upload_count(b.server), 0);
    CHECK_INT(ts_object_count(b.server, NULL), 0);
    bed_close(&b);
}

static void aborts_that_fail(void)
{
    bed b = bed_that_keeps_uploads(0);
    char id[512] = "";
    cw_error err;

    leave_behind(&b, "key");
    CHECK_INT(ts_upload_id(b.server, 0, id, sizeof id), 0);
    CHECK_STATUS(cw_upload_abort(b.client, "s3://bucket/key", id, &err), CW_E_PERMISSION, err);
    look_into_error(&err);
    ts_fault_clear(b.server);
    CHECK_STATUS(cw_upload_abort(b.client, "s3://bucket", id, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_upload_abort(b.client, "s3://nobucket/key", id, &err), CW_E_BUCKET_NOT_FOUND,
                 err);
    CHECK_INT(ts_upload_count(b.server), 1);
    faults(&b, "op=AbortMultipartUpload times=2 do=drop_reply_after_commit");
    CHECK_OK(cw_upload_abort(b.client, "s3://bucket/key", id, &err), err);
    CHECK_INT(ts_upload_count(b.server), 0);
    faults(&b, "op=AbortMultipartUpload times=1 do=status:503:SlowDown"); /* before any work */
    CHECK_STATUS(cw_upload_abort(b.client, "s3://bucket/key", id, &err), CW_E_NOT_FOUND, err);
    bed_close(&b);
}

/* Without an id the request would be that of a delete, to some services. */
static void no_upload_without_an_id(void)
{
    bed b = bed_open(NULL, NULL);
    cw_error err;

    CHECK_INT(ts_object_put(b.server, "bucket", "key", "there", 5), 0);
    CHECK_STATUS(cw_upload_abort(b.client, "s3://bucket/key", "", &err), CW_E_INVALID_ARGUMENT,
                 err);
    CHECK_STATUS(cw_upload_abort(b.client, "s3://bucket/key", NULL, &err), CW_E_INVALID_ARGUMENT,
                 err);
    check_object(&b, "key", "there", 5);
    CHECK_INT(requests(&b, "AbortMultipartUpload") + requests(&b, "DeleteObject"), 0);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    WITHIN(15000, every_upload_on_many_pages);
    WITHIN(3000, pages_of_every_size);
    WITHIN(3000, odd_keys);
    WITHIN(2000, a_list_that_does_not_go_on);
    WITHIN(5000, troubles_of_a_list);
    WITHIN(3000, all_are_aborted_while_listing);
    WITHIN(3000, aborts_that_fail);
    WITHIN(2000, no_upload_without_an_id);
    return test_end();
}
