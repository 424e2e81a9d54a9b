/* test_abandon.c - whatever is not closed with success publishes nothing and leaves nothing */
#include "fixture.h"

enum { PART = 64 * 1000 };

/* The producer gives up after `n` bytes. */
static void abort_after(bed *b, const unsigned char *data, size_t n)
{
    cw_writer_options o = parts_of(PART);
    cw_writer *w = open_writer(b, "key", &o);
    cw_error err;

    CHECK_INT(write_all(w, data, n), CW_OK);
    CHECK_OK(cw_writer_abort(w, &err), err);
    check_nothing(b, "key");
}

static void abort_publishes_nothing(void)
{
    static const size_t sizes[] = {
        0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1, 5 * PART - 1, 20 * PART + 7};
    unsigned char *data = noise(21 * PART);
    bed b = bed_open(NULL, NULL);

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        abort_after(&b, data, sizes[i]);
    CHECK_INT(requests(&b, "PutObject"), 0);
    CHECK_INT(requests(&b, "CompleteMultipartUpload"), 0);
    bed_close(&b);
    free(data);
}

static void abort_of_nothing_sends_nothing(void)
{
    bed b = bed_open(NULL, NULL);
    cw_error err;

    abort_after(&b, (const unsigned char *)"x", 1);
    CHECK_INT(requests(&b, NULL), 0);
    CHECK_OK(cw_writer_abort(NULL, &err), err);
    bed_close(&b);
}

static void abort_keeps_the_older_object(void)
{
    unsigned char *data = noise(5 * PART);
    bed b = bed_open(NULL, NULL);

    CHECK_INT(ts_object_put(b.server, "bucket", "key", "older", 5), 0);
    cw_writer_options o = parts_of(PART);
    cw_writer *w = open_writer(&b, "key", &o);
    CHECK_INT(write_all(w, data, 5 * PART), CW_OK);
    CHECK_INT(cw_writer_abort(w, NULL), CW_OK);
    check_object(&b, "key", "older", 5);
    bed_close(&b);
    free(data);
}

static void abort_while_parts_are_slow(void)
{
    unsigned char *data = noise(6 * PART);
    bed b = bed_open(NULL, NULL);

    faults(&b, "op=UploadPart times=inf do=delay:300");
    abort_after(&b, data, 6 * PART);
    bed_close(&b);
    free(data);
}

/* A part that never ends is cut off after a moment, and the abort goes on. */
static void abort_while_a_part_stalls(void)
{
    cw_client_options c = client_defaults();
    unsigned char *data = noise(4 * PART);

    c.stall_timeout_ms = 60000;
    bed b = bed_open(NULL, &c);
    faults(&b, "op=UploadPart part=2 times=inf do=stall_reply:forever");
    abort_after(&b, data, 4 * PART);
    bed_close(&b);
    free(data);
}

static void abort_while_create_is_slow(void)
{
    unsigned char *data = noise(3 * PART);
    bed b = bed_open(NULL, NULL);

    faults(&b, "op=CreateMultipartUpload do=delay:400");
    abort_after(&b, data, 3 * PART);
    CHECK_INT(requests(&b, "AbortMultipartUpload"), 1);
    bed_close(&b);
    free(data);
}

/* A part that lands after the abort opens the upload again: it is found and aborted as well. */
static void a_part_that_lands_late_is_aborted_too(void)
{
    cw_client_options c = client_defaults();
    unsigned char *data = noise(4 * PART);

    c.stall_timeout_ms = 60000;
    bed b = bed_open(NULL, &c);
    faults(&b, "op=UploadPart part=2 do=delay:3600,commit_late\n"
               "op=ListParts do=delay:1400");
    abort_after(&b, data, 4 * PART);
    CHECK(requests(&b, "AbortMultipartUpload") >= 2);
    bed_close(&b);
    free(data);
}

/* ---- an abort that cannot be delivered says which upload was left ---- */

static void abort_refused(const char *rule, cw_status want)
{
    cw_writer_options o = parts_of(PART);
    unsigned char *data = noise(3 * PART);
    bed b = bed_open(NULL, NULL);
    char left[512] = "";
    cw_error err;

    faults(&b, rule);
    cw_writer *w = open_writer(&b, "key", &o);
    CHECK_INT(write_all(w, data, 3 * PART), CW_OK);
    CHECK_STATUS(cw_writer_abort(w, &err), want, err);
    look_into_error(&err);
    CHECK_INT(ts_upload_id(b.server, 0, left, sizeof left), 0);
    CHECK_STR(err.upload_id, left);
    CHECK(!ts_object_exists(b.server, "bucket", "key"));
    bed_close(&b);
    free(data);
}

static void abort_refused_for_good(void)
{
    abort_refused("op=AbortMultipartUpload times=inf do=status:403:AccessDenied", CW_E_PERMISSION);
}

static void abort_failing_for_ever(void)
{
    abort_refused("op=AbortMultipartUpload times=inf do=status:500:InternalError",
                  CW_E_UNAVAILABLE);
}

static void abort_that_works_in_the_end(void)
{
    bed b = bed_open(NULL, NULL);
    unsigned char *data = noise(3 * PART);

    faults(&b, "op=AbortMultipartUpload times=1 do=status:500:InternalError\n"
               "op=AbortMultipartUpload times=1 do=drop_reply_after_commit");
    abort_after(&b, data, 3 * PART);
    bed_close(&b);
    free(data);
}

/* Close after an error aborts; if that is refused, the error is still the first, and names it. */
static void close_names_the_upload_it_left(void)
{
    cw_writer_options o = parts_of(PART);
    unsigned char *data = noise(6 * PART);
    bed b = bed_open(NULL, NULL);
    char left[512] = "";
    cw_error err;

    faults(&b, "op=UploadPart part=2 times=inf do=status:400:InvalidRequest\n"
               "op=AbortMultipartUpload times=inf do=status:403:AccessDenied");
    CHECK_STATUS(send_bytes(&b, "key", &o, data, 6 * PART, NULL, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_INT(ts_upload_id(b.server, 0, left, sizeof left), 0);
    CHECK_STR(err.upload_id, left);
    CHECK(strstr(err.message, "InvalidRequest") && strstr(err.message, "AccessDenied"));
    CHECK_INT(ts_upload_count(b.server), 1);
    CHECK(!ts_object_exists(b.server, "bucket", "key"));
    bed_close(&b);
    free(data);
}

static void server_gone_before_the_abort(void)
{
    cw_writer_options o = parts_of(PART);
    unsigned char *data = noise(3 * PART);
    bed b = bed_open(NULL, NULL);
    cw_error err;

    faults(&b, "op=AbortMultipartUpload do=gone");
    cw_writer *w = open_writer(&b, "key", &o);
    CHECK_INT(write_all(w, data, 3 * PART), CW_OK);
    CHECK_STATUS(cw_writer_abort(w, &err), CW_E_UNAVAILABLE, err);
    CHECK(err.upload_id[0]);
    bed_close(&b);
    free(data);
}

/* ---- the first error stays ---- */

/* Write until it fails. */
static cw_status write_until_failure(cw_writer *w, const unsigned char *data)
{
    int64_t give_up = now_ms() + 60000;
    cw_status st = CW_OK;

    while (st == CW_OK && now_ms() < give_up)
        st = cw_writer_write(w, data, PART);
    return st;
}

static void check_every_call(cw_writer *w, cw_status want)
{
    cw_error first = *cw_writer_error(w);
    size_t room = 1;
    void *p = &room;

    look_into_error(&first);
    CHECK_INT(first.status, want);
    CHECK(first.message[0]);
    for (int round = 0; round < 2; round++) {
        CHECK_INT(cw_writer_write(w, "x", 1), want);
        CHECK_INT(cw_writer_write(w, NULL, 0), want);
        CHECK_INT(cw_writer_printf(w, "%d", 1), want);
        CHECK_INT(cw_writer_reserve(w, 1, &p, &room), want);
        CHECK(!p && room == 0);
        CHECK_INT(cw_writer_commit(w, 0), want);
        CHECK_INT(cw_writer_commit(w, 1), want);
        CHECK_INT(cw_writer_flush(w), want);
        CHECK_STR(cw_writer_error(w)->message, first.message);
    }
}

static cw_writer *failed_writer(bed *b, const unsigned char *data)
{
    cw_writer_options o = parts_of(PART);
    cw_writer *w = open_writer(b, "key", &o);

    faults(b, "op=UploadPart part=2 times=inf do=status:500:InternalError");
    CHECK_INT(write_until_failure(w, data), CW_E_UNAVAILABLE);
    check_every_call(w, CW_E_UNAVAILABLE);
    return w;
}

static void a_part_fails_for_ever_then_close(void)
{
    unsigned char *data = noise(PART);
    bed b = bed_open(NULL, NULL);
    cw_object_info info;
    cw_error err, first;
    cw_writer *w = failed_writer(&b, data);

    first = *cw_writer_error(w);
    memset(&info, 1, sizeof info);
    CHECK_STATUS(cw_writer_close(w, &info, &err), CW_E_UNAVAILABLE, err);
    CHECK_STR(err.message, first.message);
    CHECK_STR(err.service_code, "InternalError");
    CHECK_INT(err.http_status, 500);
    CHECK_INT(err.attempts, 4);
    CHECK_STR(err.upload_id, "");
    CHECK_INT(info.bytes, 0);
    check_nothing(&b, "key");
    CHECK_INT(requests(&b, "CompleteMultipartUpload"), 0);
    bed_close(&b);
    free(data);
}

static void a_part_fails_for_ever_then_abort(void)
{
    unsigned char *data = noise(PART);
    bed b = bed_open(NULL, NULL);
    cw_error err;
    cw_writer *w = failed_writer(&b, data);

    CHECK_OK(cw_writer_abort(w, &err), err);
    check_nothing(&b, "key");
    bed_close(&b);
    free(data);
}

/* A mistake of the caller is an error as any other. */
static void commit_of_too_much_stays(void)
{
    bed b = bed_open(NULL, NULL);
    cw_writer *w = open_writer(&b, "key", NULL);
    cw_error err;
    size_t room;
    void *p;

    CHECK_INT(cw_writer_write(w, "abc", 3), CW_OK);
    CHECK_INT(cw_writer_reserve(w, 10, &p, &room), CW_OK);
    CHECK_INT(cw_writer_commit(w, room + 1), CW_E_INVALID_ARGUMENT);
    check_every_call(w, CW_E_INVALID_ARGUMENT);
    CHECK_STATUS(cw_writer_close(w, NULL, &err), CW_E_INVALID_ARGUMENT, err);
    check_nothing(&b, "key");
    CHECK_INT(requests(&b, NULL), 0);
    bed_close(&b);
}

static void the_failure_comes_through_a_filter(void)
{
    static const cw_compression kinds[] = {CW_COMPRESSION_GZIP, CW_COMPRESSION_ZSTD};
    unsigned char *data = noise(PART);

    for (int i = 0; i < 2; i++) {
        bed b = bed_open(NULL, NULL);
        cw_writer_options o = parts_of(PART);
        cw_error err;

        o.compression = kinds[i];
        faults(&b, "op=UploadPart part=2 times=inf do=status:403:AccessDenied");
        cw_writer *w = open_writer(&b, "key", &o);
        CHECK_INT(write_until_failure(w, data), CW_E_PERMISSION);
        check_every_call(w, CW_E_PERMISSION);
        CHECK_STATUS(cw_writer_close(w, NULL, &err), CW_E_PERMISSION, err);
        check_nothing(&b, "key");
        bed_close(&b);
    }
    free(data);
}

int main(int argc, char **argv)
{
    WITHIN(5000, abort_publishes_nothing);
    WITHIN(2000, abort_of_nothing_sends_nothing);
    WITHIN(2000, abort_keeps_the_older_object);
    WITHIN(5000, abort_while_parts_are_slow);
    WITHIN(8000, abort_while_a_part_stalls);
    WITHIN(3000, abort_while_create_is_slow);
    WITHIN(12000, a_part_that_lands_late_is_aborted_too);
    WITHIN(3000, abort_refused_for_good);
    WITHIN(5000, abort_failing_for_ever);
    WITHIN(3000, abort_that_works_in_the_end);
    WITHIN(3000, close_names_the_upload_it_left);
    WITHIN(5000, server_gone_before_the_abort);
    WITHIN(5000, a_part_fails_for_ever_then_close);
    WITHIN(5000, a_part_fails_for_ever_then_abort);
    WITHIN(2000, commit_of_too_much_stays);
    WITHIN(12000, the_failure_comes_through_a_filter);
    return test_end();
}
