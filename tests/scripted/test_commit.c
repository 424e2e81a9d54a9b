/* test_commit.c - close tells the truth about a multipart commit: done, not done, or not known */
#include "fixture.h"

enum { PART = 100 * 1000, WHOLE = 3 * PART - 1 };

static unsigned char *data;

static cw_status send_parts(bed *b, const char *rules, cw_object_info *info, cw_error *err)
{
    cw_writer_options o = parts_of(PART);

    faults(b, rules);
    return send_bytes(b, "key", &o, data, WHOLE, info, err);
}

static void say_rules(int failures_before, const char *rules)
{
    if (test_failures_here > failures_before)
        fprintf(stderr, "    … under: %s\n", rules);
}

/* ---- committed ---- */

static void commits_on(const ts_options *s, const char *rules)
{
    int before = test_failures_here;
    cw_client_options c = hasty_client();
    bed b = bed_open(s, &c);
    cw_object_info info = {0};
    char etag[100] = "";
    cw_error err;

    CHECK_OK(send_parts(&b, rules, &info, &err), err);
    check_object(&b, "key", data, WHOLE);
    CHECK_INT(info.bytes, WHOLE);
    CHECK_INT(info.bytes_in, WHOLE);
    CHECK_INT(info.parts, 3);
    CHECK_INT(ts_object_header(b.server, "bucket", "key", "etag", etag, sizeof etag), 0);
    CHECK(strstr(etag, info.etag) && strlen(info.etag) > 30);
    CHECK_INT(requests(&b, "AbortMultipartUpload"), 0);
    CHECK(ts_fault_fired(b.server) > 0);
    bed_close(&b);
    say_rules(before, rules);
}

static void commits(const char *action)
{
    char rules[200];

    snprintf(rules, sizeof rules, "op=CompleteMultipartUpload %s", action);
    commits_on(NULL, rules);
}

static void failures_that_pass(void)
{
    commits("times=2 do=status:500:InternalError");
    commits("times=1 do=status:503:SlowDown");
    commits("times=1 do=status:409:OperationAborted");
    commits("times=1 do=status:400:RequestTimeout");
    commits("times=2 do=reply_200_error:InternalError");
    commits("times=1 do=reply_200_error:SlowDown");
}

static void lost_before_it_took_effect(void)
{
    commits("times=2 do=drop_before");
    commits("times=2 do=reset_request:0");
    commits("times=2 do=reset_request:1");
    commits("times=1 do=reset_request:200");
    commits("times=1 do=stall_request:forever");
    commits("times=1 do=stall_request:forever:10");
}

static void reply_lost_after_the_commit(void)
{
    static const int at[] = {0, 1, 15, 100, 300, 500};
    char action[80];

    commits("do=drop_reply_after_commit");
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        snprintf(action, sizeof action, "do=reset_reply:%d", at[i]);
        commits(action);
        snprintf(action, sizeof action, "do=truncate_reply:%d", at[i]);
        commits(action);
        snprintf(action, sizeof action, "do=truncate_body:%d", at[i]);
        commits(action);
    }
    commits("do=stall_reply:forever");
    commits("do=stall_reply:forever:200");
}

static void reply_that_makes_no_sense(void)
{
    commits("do=wrong_root");
    commits("do=corrupt_reply");
    commits("do=corrupt_reply:0");
    commits("do=corrupt_reply:120");
    commits("do=commit_200_error:InternalError");
    commits("times=inf do=commit_200_error:InternalError");
    commits("times=inf do=commit_200_error:AccessDenied");
}

static void commits_late(const char *rules)
{
    cw_client_options c = hasty_client();
    bed b;
    cw_error err;

    c.commit_timeout_ms = 300;
    c.stall_timeout_ms = 5000;
    b = bed_open(NULL, &c);
    CHECK_OK(send_parts(&b, rules, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    CHECK_INT(requests(&b, "AbortMultipartUpload"), 1);
    bed_close(&b);
}

/* What services answer to a Complete that comes again. */
static const char *const second_answers[] = {
    "status:404:NoSuchUpload",
    "status:403:AccessDenied",
    "status:500:InternalError",
    "status:503:SlowDown",
    "status:409:OperationAborted",
    "status:405:MethodNotAllowed",
    "drop_before",
    "status:400:InvalidRequest",
};

static void second_answer_after_the_commit(const ts_options *s)
{
    char rules[300];

    for (size_t i = 0; i < sizeof second_answers / sizeof *second_answers; i++) {
        snprintf(rules, sizeof rules,
                 "op=CompleteMultipartUpload attempt=1 do=drop_reply_after_commit\n"
                 "op=CompleteMultipartUpload attempt=2+ times=inf do=%s",
                 second_answers[i]);
        commits_on(s, rules);
    }
}

static void any_second_answer_after_the_commit(void)
{
    second_answer_after_the_commit(NULL);
}

/* The token is lost there: the ETag that follows from the parts' tells. */
static void where_metadata_is_dropped(void)
{
    ts_options s = server_defaults();

    s.no_metadata = true;
    second_answer_after_the_commit(&s);
    commits_on(&s, "op=CompleteMultipartUpload do=drop_reply_after_commit");
}

/* S3 sends spaces for minutes while it completes: it is alive. */
static void whitespace_before_the_answer(void)
{
    commits("do=whitespace:1500");
}

/* Metadata of another object has the token of the write that made it. */
static void another_token_among_the_metadata(void)
{
    static const cw_pair metadata[] = {{"CW-Commit", "00112233445566778899aabbccddeeff"},
                                       {"kept", "value"}};
    cw_writer_options o = parts_of(PART);
    cw_client_options c = hasty_client();
    bed b = bed_open(NULL, &c);
    char value[64] = "";
    cw_error err;

    o.metadata = metadata;
    o.metadata_count = 2;
    faults(&b, "op=CompleteMultipartUpload do=drop_reply_after_commit\n"
               "op=CompleteMultipartUpload attempt=2 do=status:403:AccessDenied");
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    CHECK_INT(ts_object_header(b.server, "bucket", "key", "x-amz-meta-kept", value, sizeof value),
              0);
    CHECK_STR(value, "value");
    bed_close(&b);
}

static void etag_is_missing(void)
{
    bed b = bed_open(NULL, NULL);
    cw_object_info info;
    cw_error err;

    CHECK_OK(send_parts(&b, "op=CompleteMultipartUpload do=empty_etag", &info, &err), err);
    check_object(&b, "key", data, WHOLE);
    bed_close(&b);
}

/* ---- not committed ---- */

static void refused(const char *rules, cw_status want)
{
    int before = test_failures_here;
    cw_client_options c = hasty_client();
    bed b = bed_open(NULL, &c);
    cw_error err;

    CHECK_STATUS(send_parts(&b, rules, NULL, &err), want, err);
    CHECK_STR(err.upload_id, "");
    CHECK_STR(err.commit_token, "");
    check_nothing(&b, "key");
    bed_close(&b);
    say_rules(before, rules);
}

static void refusals_are_told(void)
{
    static const struct {
        const char *answer;
        cw_status want;
    } cases[] = {
        {"status:403:AccessDenied", CW_E_PERMISSION},
        {"status:404:NoSuchUpload", CW_E_NOT_FOUND},
        {"status:400:InvalidPart", CW_E_SERVICE},
        {"status:400:EntityTooSmall", CW_E_SERVICE},
        {"status:409:ConditionalRequestConflict", CW_E_CONFLICT},
        {"status:412:PreconditionFailed", CW_E_PRECONDITION},
        {"status:500:InternalError", CW_E_UNAVAILABLE},
        {"status:503:SlowDown", CW_E_THROTTLED},
        {"reply_200_error:AccessDenied", CW_E_PERMISSION},
        {"reply_200_error:InvalidPart", CW_E_SERVICE},
        {"reply_200_error:InternalError", CW_E_UNAVAILABLE},
        {"reply_200_error:PreconditionFailed", CW_E_PRECONDITION},
    };
    char rules[200];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(rules, sizeof rules, "op=CompleteMultipartUpload times=inf do=%s",
                 cases[i].answer);
        refused(rules, cases[i].want);
    }
}

static void lost_and_then_refused(void)
{
    refused("op=CompleteMultipartUpload attempt=1 do=drop_before\n"
            "op=CompleteMultipartUpload attempt=2+ times=inf do=status:403:AccessDenied",
            CW_E_PERMISSION);
    refused("op=CompleteMultipartUpload attempt=1 do=drop_before\n"
            "op=CompleteMultipartUpload attempt=2+ times=inf do=status:403:AccessDenied\n"
            "op=AbortMultipartUpload do=drop_reply_after_commit",
            CW_E_PERMISSION);
}

/* The first one takes its time, and is done when the second has been refused and the key was looked
 * at: that the upload cannot be aborted any more tells. */
static void done_after_all(void)
{
    commits_late("op=CompleteMultipartUpload attempt=1 do=delay:900\n"
                 "op=CompleteMultipartUpload attempt=2 do=status:403:AccessDenied\n"
                 "op=AbortMultipartUpload do=delay:1000");
}

static void refused_and_not_aborted_either(void)
{
    bed b = bed_open(NULL, NULL);
    char left[512] = "";
    cw_error err;

    CHECK_STATUS(send_parts(&b,
                            "op=CompleteMultipartUpload do=status:403:AccessDenied\n"
                            "op=AbortMultipartUpload times=inf do=status:500:InternalError",
                            NULL, &err),
                 CW_E_PERMISSION, err);
    CHECK_INT(ts_upload_id(b.server, 0, left, sizeof left), 0);
    CHECK_STR(err.upload_id, left);
    CHECK(!ts_object_exists(b.server, "bucket", "key"));
    bed_close(&b);
}

/* ---- not known ---- */

#define COMMITTED_UNSEEN                                                                           \
    "op=CompleteMultipartUpload attempt=1 do=drop_reply_after_commit\n"                            \
    "op=CompleteMultipartUpload attempt=2+ times=inf do=drop_before\n"

/* Leaves the doubt in `err`. */
static void is_not_known(bed *b, const char *rules, cw_error *err)
{
    int before = test_failures_here;

    CHECK_STATUS(send_parts(b, rules, NULL, err), CW_E_INDETERMINATE, *err);
    CHECK_INT(strlen(err->commit_token), 32);
    CHECK(err->upload_id[0]);
    say_rules(before, rules);
}

static void asked_later_it_is_there(void)
{
    static const char *const heads[] = {"drop_before", "status:403:AccessDenied",
                                        "status:500:InternalError", "stall_reply:forever"};
    cw_client_options c = hasty_client();
    char rules[400];

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        bed b = bed_open(NULL, &c);
        cw_object_info info = {0};
        cw_error doubt, err;

        snprintf(rules, sizeof rules, COMMITTED_UNSEEN "op=HeadObject times=inf do=%s", heads[i]);
        is_not_known(&b, rules, &doubt);
        CHECK(cw_commit_query(b.client, "s3://bucket/key", &doubt, &info, &err) != CW_OK);
        CHECK(err.status != CW_E_NOT_FOUND);
        look_into_error(&err);
        ts_fault_clear(b.server);
        CHECK_OK(cw_commit_query(b.client, "s3://bucket/key", &doubt, &info, &err), err);
        CHECK_INT(info.bytes, WHOLE);
        check_object(&b, "key", data, WHOLE);
        bed_close(&b);
    }
}

static void asked_later_it_is_not_there(void)
{
    static const char *const rules[] = {
        ("op=CompleteMultipartUpload times=inf do=drop_before\nop=HeadObject times=inf "
         "do=drop_before"),
        "op=CompleteMultipartUpload times=inf do=drop_before",
        "op=CompleteMultipartUpload times=inf do=stall_request:forever",
    };
    cw_client_options c = hasty_client();

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        bed b = bed_open(NULL, &c);
        cw_error doubt;

        is_not_known(&b, rules[i], &doubt);
        CHECK_INT(ts_upload_count(b.server), 1);
        ts_fault_clear(b.server);
        CHECK_STATUS(cw_commit_query(b.client, "s3://bucket/key", &doubt, NULL, &doubt),
                     CW_E_NOT_FOUND, doubt);
        check_nothing(&b, "key");
        bed_close(&b);
    }
}

/* An earlier refusal, which taught something, says nothing of the attempt that followed from it. */
static void refused_once_and_then_silent(void)
{
    cw_client_options c = hasty_client();
    bed b;
    cw_writer_options o = parts_of(PART);
    cw_error err;

    c.stall_timeout_ms = c.commit_timeout_ms = 10000;
    o.deadline_ms = 700;
    b = bed_open(NULL, &c);
    faults(&b, "op=CompleteMultipartUpload attempt=1 do=status:403:SecondLevelDomainForbidden\n"
               "op=CompleteMultipartUpload attempt=2 do=delay:10000");
    CHECK_STATUS(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), CW_E_INDETERMINATE, err);
    CHECK(err.commit_token[0] && err.upload_id[0]);
    CHECK(strstr(err.message, "the deadline passed before the service answered"));
    bed_close(&b);
}

/* Over an older object, which is there before and after. */
static void asked_later_the_older_one_is_there(void)
{
    cw_client_options c = hasty_client();
    bed b = bed_open(NULL, &c);
    cw_error doubt, err;

    CHECK_INT(ts_object_put(b.server, "bucket", "key", "older", 5), 0);
    is_not_known(&b, "op=CompleteMultipartUpload times=inf do=drop_before", &doubt);
    ts_fault_clear(b.server);
    CHECK_STATUS(cw_commit_query(b.client, "s3://bucket/key", &doubt, NULL, &err), CW_E_NOT_FOUND,
                 err);
    check_object(&b, "key", "older", 5);
    bed_close(&b);
}

/* Committed, and replaced before anybody asked: nobody can tell. */
static void asked_later_another_is_there(void)
{
    cw_client_options c = hasty_client();
    bed b = bed_open(NULL, &c);
    cw_error doubt, err;

    is_not_known(&b, COMMITTED_UNSEEN "op=HeadObject times=inf do=drop_before", &doubt);
    ts_fault_clear(b.server);
    CHECK_INT(ts_object_put(b.server, "bucket", "key", "newer", 5), 0);
    CHECK_STATUS(cw_commit_query(b.client, "s3://bucket/key", &doubt, NULL, &err),
                 CW_E_INDETERMINATE, err);
    check_object(&b, "key", "newer", 5);
    bed_close(&b);
}

static void server_gone_for_good(void)
{
    static const char *const rules[] = {
        "op=CompleteMultipartUpload attempt=1 do=drop_reply_after_commit\n"
        "op=CompleteMultipartUpload attempt=2 do=gone",
        "op=CompleteMultipartUpload do=gone",
        COMMITTED_UNSEEN "op=HeadObject do=gone",
    };
    cw_client_options c = hasty_client();

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        bed b = bed_open(NULL, &c);
        cw_error doubt, err;

        is_not_known(&b, rules[i], &doubt);
        CHECK_STATUS(cw_commit_query(b.client, "s3://bucket/key", &doubt, NULL, &err),
                     CW_E_UNAVAILABLE, err);
        bed_close(&b);
    }
}

static void queries_that_cannot_be(void)
{
    bed b = bed_open(NULL, NULL);
    cw_error doubt = {.status = CW_E_INDETERMINATE}, err;

    CHECK_STATUS(cw_commit_query(b.client, "s3://bucket/key", &doubt, NULL, &err),
                 CW_E_INVALID_ARGUMENT, err);
    snprintf(doubt.commit_token, sizeof doubt.commit_token, "00112233445566778899aabbccddeeff");
    CHECK_STATUS(cw_commit_query(b.client, "file:///tmp/key", &doubt, NULL, &err), CW_E_UNSUPPORTED,
                 err);
    CHECK_STATUS(cw_commit_query(b.client, "s3://bucket", &doubt, NULL, &err),
                 CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_commit_query(b.client, "s3://nobucket/key", &doubt, NULL, &err), CW_E_NOT_FOUND,
                 err);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    data = noise(WHOLE);
    WITHIN(5000, failures_that_pass);
    WITHIN(5000, lost_before_it_took_effect);
    WITHIN(8000, reply_lost_after_the_commit);
    WITHIN(5000, reply_that_makes_no_sense);
    WITHIN(8000, any_second_answer_after_the_commit);
    WITHIN(8000, where_metadata_is_dropped);
    WITHIN(4000, whitespace_before_the_answer);
    WITHIN(2000, another_token_among_the_metadata);
    WITHIN(2000, etag_is_missing);
    WITHIN(8000, refusals_are_told);
    WITHIN(3000, lost_and_then_refused);
    WITHIN(5000, done_after_all);
    WITHIN(3000, refused_and_not_aborted_either);
    WITHIN(15000, asked_later_it_is_there);
    WITHIN(10000, asked_later_it_is_not_there);
    WITHIN(3000, refused_once_and_then_silent);
    WITHIN(3000, asked_later_the_older_one_is_there);
    WITHIN(3000, asked_later_another_is_there);
    WITHIN(8000, server_gone_for_good);
    WITHIN(3000, queries_that_cannot_be);
    free(data);
    return test_end();
}
