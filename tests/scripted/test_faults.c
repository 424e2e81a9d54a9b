/* test_faults.c - what goes wrong on the way of parts: what passes is survived, what stays is told
 */
#include "fixture.h"

enum { PART = 200 * 1000, WHOLE = 3 * PART - 1 };

static unsigned char *data;

/* One object under a rule; with `parts` in three parts, else as a single PUT. */
static cw_status send_under(bed *b, const char *rule, bool parts, cw_object_info *info,
                            cw_error *err)
{
    cw_writer_options o = parts_of(parts ? PART : WHOLE);

    faults(b, rule);
    return send_bytes(b, "key", &o, data, WHOLE, info, err);
}

static void survives_with(const cw_client_options *c, const char *rule, bool parts)
{
    bed b = bed_open(NULL, c);
    cw_object_info info = {0};
    cw_error err;
    cw_status st = send_under(&b, rule, parts, &info, &err);
    int before = test_failures_here;

    CHECK_OK(st, err);
    check_object(&b, "key", data, WHOLE);
    CHECK(ts_fault_fired(b.server) > 0);
    CHECK_INT(info.bytes, WHOLE);
    CHECK_INT(info.parts, parts ? 3 : 0);
    bed_close(&b);
    if (st != CW_OK || test_failures_here > before)
        fprintf(stderr, "    … under: %s\n", rule);
}

/* Whatever happens to a request happens to a part, to the first one, and to a PUT. */
static void survives(const char *actions)
{
    char rule[200];

    snprintf(rule, sizeof rule, "op=UploadPart part=2 %s", actions);
    survives_with(NULL, rule, true);
    snprintf(rule, sizeof rule, "op=PutObject %s", actions);
    survives_with(NULL, rule, false);
}

static void transient_answers(void)
{
    survives("times=2 do=status:500:InternalError");
    survives("times=3 do=status:502:BadGateway");
    survives("times=1 do=status:504:GatewayTimeout");
    survives("times=1 do=status:400:RequestTimeout");
    survives("times=1 do=status:408:RequestTimeout");
    survives("times=1 do=status:499:ClientDisconnected");
    survives("times=1 do=status:400:IncompleteBody");
    survives("times=1 do=status:400:BadDigest");
    survives("times=1 do=status:409:OperationAborted");
    survives("times=1 do=status_early:500:InternalError");
}

static void requests_to_slow_down(void)
{
    survives("times=2 do=status:503:SlowDown");
    survives("times=1 do=status:503:ServiceUnavailable");
    survives("times=1 do=status:429:TooManyRequests");
    survives("times=1 do=status_early:503:SlowDown");
    survives_with(NULL, "times=3 probability=0.5 do=status:503:SlowDown", true);
}

static void requests_cut_at_a_byte(void)
{
    static const int at[] = {0, 1, 64 * 1024, PART / 2, PART - 1, PART};
    char actions[80];

    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        snprintf(actions, sizeof actions, "times=2 do=reset_request:%d", at[i]);
        survives(actions);
    }
    survives("times=2 do=drop_before");
}

static void replies_cut_at_a_byte(void)
{
    static const int at[] = {0, 1, 12, 60, 150};
    char actions[80];

    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        snprintf(actions, sizeof actions, "times=2 do=reset_reply:%d", at[i]);
        survives(actions);
        snprintf(actions, sizeof actions, "times=2 do=truncate_reply:%d", at[i]);
        survives(actions);
    }
    survives("times=2 do=drop_reply_after_commit");
    survives("times=1 do=corrupt_reply");
}

static void connections_that_end_or_babble(void)
{
    survives("times=inf do=close");
    survives("times=inf do=close_silently");
    survives("times=1 do=add_bytes:100");
    survives_with(NULL, "times=inf do=close_silently", true);
    survives_with(NULL, "times=inf do=close", true);
}

static void trouble_with_create(void)
{
    survives_with(NULL, "op=CreateMultipartUpload times=2 do=status:500:InternalError", true);
    survives_with(NULL, "op=CreateMultipartUpload times=2 do=drop_before", true);
    survives_with(NULL, "op=CreateMultipartUpload times=1 do=status:503:SlowDown", true);
    survives_with(NULL, "op=CreateMultipartUpload times=2 do=reset_request:0", true);
    survives_with(NULL, "op=CreateMultipartUpload times=2 do=reply_200_error:InternalError", true);
}

/* A Create that worked, but whose answer cannot be read, leaves an upload that nobody knows of. */
static void garbled_answers_to_create(void)
{
    static const char *const actions[] = {"truncate_body:60", "wrong_root", "corrupt_reply",
                                          "drop_reply_after_commit", "reset_reply:100"};
    cw_writer_options o = parts_of(PART);

    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        bed b = bed_open(NULL, NULL);
        char rule[100];
        cw_error err;

        snprintf(rule, sizeof rule, "op=CreateMultipartUpload do=%s", actions[i]);
        faults(&b, rule);
        CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
        CHECK_INT(ts_object_size(b.server, "bucket", "key"), WHOLE);
        CHECK_INT(ts_upload_count(b.server), 1);
        bed_close(&b);
    }
}

/* ---- stalls ---- */

static void stalls_that_pass(void)
{
    static const char *const actions[] = {
        "stall_request:forever", "stall_request:forever:1", "stall_request:forever:100000",
        "stall_reply:forever",   "stall_reply:forever:1",   "stall_reply:forever:100",
    };
    cw_client_options c = hasty_client();
    char rule[100];

    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        snprintf(rule, sizeof rule, "op=UploadPart part=2 do=%s", actions[i]);
        survives_with(&c, rule, true);
        snprintf(rule, sizeof rule, "op=PutObject do=%s", actions[i]);
        survives_with(&c, rule, false);
    }
    survives_with(&c, "op=CreateMultipartUpload do=stall_request:forever", true);
}

static void a_stall_in_the_middle_of_a_large_body(void)
{
    cw_client_options c = hasty_client();
    cw_writer_options o = parts_of(6 * MIB);
    unsigned char *large = noise(12 * MIB + 1);
    bed b;
    cw_error err;

    c.stall_timeout_ms = 1500; /* the server looks through 6 MiB before it replies */
    b = bed_open(NULL, &c);
    faults(&b, "op=UploadPart part=1 do=stall_request:forever:3000000");
    CHECK_OK(send_bytes(&b, "key", &o, large, 12 * MIB + 1, NULL, &err), err);
    check_object(&b, "key", large, 12 * MIB + 1);
    CHECK_INT(requests(&b, "UploadPart"), 4);
    bed_close(&b);
    free(large);
}

/* Much longer than the stall timeout, but never without a byte for that long. */
static void slow_is_not_stalled(void)
{
    cw_client_options c = hasty_client();
    cw_writer_options o = parts_of(MIB);
    ts_options s = server_defaults();
    unsigned char *large = noise(2 * MIB);
    cw_object_info info;
    cw_error err;

    s.mbps = 1.0 / SLOWNESS;
    bed b = bed_open(&s, &c);
    CHECK_OK(send_bytes(&b, "key", &o, large, 2 * MIB, &info, &err), err);
    check_object(&b, "key", large, 2 * MIB);
    CHECK_INT(info.retries, 0);
    bed_close(&b);
    free(large);
}

/* ---- what stays is told ---- */

/* `attempts` 0: libcurl may have made some of them, on a kept connection that was dead. */
static void gives_up_with(const cw_client_options *c, const char *rule, bool parts, cw_status want,
                          unsigned attempts)
{
    int before = test_failures_here;
    bed b = bed_open(NULL, c);
    cw_error err;

    CHECK_STATUS(send_under(&b, rule, parts, NULL, &err), want, err);
    if (attempts)
        CHECK_INT(err.attempts, attempts);
    CHECK_STR(err.upload_id, "");
    check_nothing(&b, "key");
    bed_close(&b);
    if (test_failures_here > before)
        fprintf(stderr, "    … under: %s\n", rule);
}

static void gives_up(const char *actions, cw_status want, unsigned attempts)
{
    char rule[200];

    snprintf(rule, sizeof rule, "op=UploadPart part=2 times=inf do=%s", actions);
    gives_up_with(NULL, rule, true, want, attempts);
    snprintf(rule, sizeof rule, "op=PutObject times=inf do=%s", actions);
    gives_up_with(NULL, rule, false, want, attempts);
    snprintf(rule, sizeof rule, "op=CreateMultipartUpload times=inf do=%s", actions);
    gives_up_with(NULL, rule, true, want, attempts);
}

static void refusals_are_final(void)
{
    gives_up("status:403:AccessDenied", CW_E_PERMISSION, 1);
    gives_up("status:403:InvalidAccessKeyId", CW_E_PERMISSION, 1);
    gives_up("status:404:NoSuchBucket", CW_E_BUCKET_NOT_FOUND, 1);
    gives_up("status:400:EntityTooLarge", CW_E_TOO_LARGE, 1);
    gives_up("status:400:InvalidArgument", CW_E_INVALID_ARGUMENT, 1);
    gives_up("status:405:MethodNotAllowed", CW_E_UNSUPPORTED, 1);
    gives_up("status_early:403:AccessDenied", CW_E_PERMISSION, 1);
}

static void failures_that_go_on(void)
{
    gives_up("status:500:InternalError", CW_E_UNAVAILABLE, 4);
    gives_up("status:503:SlowDown", CW_E_THROTTLED, 4);
    gives_up("status:400:RequestTimeout", CW_E_TIMEOUT, 4);
    gives_up("status:400:BadDigest", CW_E_INTEGRITY, 4);
}

/* A PUT that was sent and not answered is another matter: see test_commit.c. */
static void replies_of_parts_that_never_come(void)
{
    cw_client_options c = hasty_client();

    gives_up_with(NULL, "op=UploadPart part=2 times=inf do=reset_request:0", true, CW_E_UNAVAILABLE,
                  4);
    gives_up_with(NULL, "op=UploadPart part=2 times=inf do=drop_before", true, CW_E_UNAVAILABLE, 4);
    gives_up_with(&c, "op=UploadPart part=2 times=inf do=stall_request:forever:7", true,
                  CW_E_TIMEOUT, 4);
    gives_up_with(&c, "op=UploadPart part=2 times=inf do=stall_reply:forever", true, CW_E_TIMEOUT,
                  4);
    gives_up_with(&c, "op=UploadPart part=2 times=inf do=reset_reply:5", true, CW_E_UNAVAILABLE, 4);
    gives_up_with(&c, "op=UploadPart part=2 times=inf do=truncate_reply:5", true, CW_E_UNAVAILABLE,
                  4);
}

/* The list of parts has it; without that, there is nothing to complete with. */
static void a_part_without_etag(void)
{
    survives_with(NULL, "op=UploadPart part=2 times=inf do=empty_etag", true);
    gives_up_with(NULL,
                  "op=UploadPart part=2 times=inf do=empty_etag\n"
                  "op=ListParts times=inf do=status:405:MethodNotAllowed",
                  true, CW_E_PROTOCOL, 1);
}

static void the_last_part_counts_too(void)
{
    gives_up_with(NULL, "op=UploadPart part=1 times=inf do=status:500:InternalError", true,
                  CW_E_UNAVAILABLE, 4);
    gives_up_with(NULL, "op=UploadPart part=3 times=inf do=status:500:InternalError", true,
                  CW_E_UNAVAILABLE, 4);
    gives_up_with(NULL, "op=UploadPart part=3 times=inf do=status:404:NoSuchUpload", true,
                  CW_E_NOT_FOUND, 1);
}

static void server_gone_in_mid_upload(void)
{
    bed b = bed_open(NULL, NULL);
    cw_error err;

    CHECK_STATUS(send_under(&b, "op=UploadPart part=2 do=gone", true, NULL, &err), CW_E_UNAVAILABLE,
                 err);
    CHECK(err.upload_id[0]);
    bed_close(&b);
}

static void nobody_listens(void)
{
    bed b = bed_open(NULL, NULL);
    cw_error err;

    ts_server_stop(b.server);
    b.server = start_server(NULL);
    CHECK_STATUS(send_under(&b, "do=close", true, NULL, &err), CW_E_UNAVAILABLE, err);
    CHECK_INT(err.attempts, 4);
    CHECK_INT(requests(&b, NULL), 0);
    CHECK_STATUS(send_under(&b, "do=close", false, NULL, &err), CW_E_UNAVAILABLE, err);
    bed_close(&b);
}

/* ---- how often, and how soon ---- */

static void redirects_end(void)
{
    static const char *const rules[] = {
        "times=inf do=status:301:PermanentRedirect,header:x-amz-bucket-region=eu-west-1",
        "times=inf do=status:301:PermanentRedirect,header:Location=http://127.0.0.1:1/bucket/key",
        "times=inf do=status:307:TemporaryRedirect,header:Location=http://127.0.0.1:1/",
        "times=inf do=status:308:PermanentRedirect",
    };

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        for (int parts = 0; parts < 2; parts++) {
            bed b = bed_open(NULL, NULL);
            cw_error err;

            CHECK(send_under(&b, rules[i], parts, NULL, &err) != CW_OK);
            CHECK(requests(&b, NULL) <= 4);
            check_nothing(&b, "key");
            bed_close(&b);
        }
}

static void retries_cost_from_one_purse(void)
{
    cw_client_options c = client_defaults();
    cw_error err;

    c.max_attempts = 100000;
    c.retry_base_ms = c.retry_cap_ms = 1;
    bed b = bed_open(NULL, &c);
    CHECK_STATUS(
        send_under(&b, "op=PutObject times=inf do=status:500:InternalError", false, NULL, &err),
        CW_E_UNAVAILABLE, err);
    CHECK(requests(&b, "PutObject") > 50 && requests(&b, "PutObject") <= 101);
    check_nothing(&b, "key");
    bed_close(&b);
}

/* Full jitter: between nothing and base * 2^n; capped. */
static void pauses_are_bounded(void)
{
    cw_client_options c = client_defaults();
    cw_error err;

    c.max_attempts = 14; /* 40 s without the cap, as a rule */
    c.retry_base_ms = 10;
    c.retry_cap_ms = 20;
    bed b = bed_open(NULL, &c);
    int64_t start = now_ms();
    CHECK_STATUS(
        send_under(&b, "op=PutObject times=inf do=status:500:InternalError", false, NULL, &err),
        CW_E_UNAVAILABLE, err);
    CHECK_INT(requests(&b, "PutObject"), 14);
    CHECK(now_ms() - start < 1000 * LEEWAY);
    bed_close(&b);
}

static int64_t time_of_retry_after(uint32_t cap_ms, int seconds)
{
    cw_client_options c = client_defaults();
    char rule[100];

    c.retry_cap_ms = cap_ms;
    snprintf(rule, sizeof rule, "op=UploadPart part=2 do=status:503:SlowDown,retry_after:%d",
             seconds);
    int64_t start = now_ms();
    survives_with(&c, rule, true);
    return now_ms() - start;
}

static void retry_after_is_honoured_and_capped(void)
{
    CHECK(time_of_retry_after(5000, 1) >= 1000);
    CHECK(time_of_retry_after(150, 3600) < 1500 * SLOWNESS * LEEWAY);
}

/* ---- a part that landed, although nobody said so ---- */

static void a_part_refused_because_it_is_there(void)
{
    static const cw_checksum kinds[] = {CW_CHECKSUM_NONE, CW_CHECKSUM_CRC64NVME, CW_CHECKSUM_CRC32C,
                                        CW_CHECKSUM_SHA256};
    static const char *const lost[] = {"drop_reply_after_commit", "reset_reply:10",
                                       "truncate_reply:70"};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (size_t k = 0; k < sizeof lost / sizeof *lost; k++) {
            cw_client_options c = client_defaults();
            char rules[200];

            c.checksum = kinds[i];
            snprintf(rules, sizeof rules,
                     "op=UploadPart part=2 attempt=1 do=%s\n"
                     "op=UploadPart part=2 attempt=2+ times=inf do=status:501:NotImplemented",
                     lost[k]);
            survives_with(&c, rules, true);
        }
}

/* The same refusal, but the part is not there. */
static void a_part_refused_that_is_not_there(void)
{
    gives_up_with(NULL,
                  "op=UploadPart part=2 attempt=1 do=drop_before\n"
                  "op=UploadPart part=2 attempt=2+ times=inf do=status:403:AccessDenied",
                  true, CW_E_PERMISSION, 0);
}

int main(int argc, char **argv)
{
    data = noise(WHOLE);
    WITHIN(8000, transient_answers);
    WITHIN(8000, requests_to_slow_down);
    WITHIN(5000, requests_cut_at_a_byte);
    WITHIN(8000, replies_cut_at_a_byte);
    WITHIN(5000, connections_that_end_or_babble);
    WITHIN(5000, trouble_with_create);
    WITHIN(5000, garbled_answers_to_create);
    WITHIN(10000, stalls_that_pass);
    WITHIN(5000, a_stall_in_the_middle_of_a_large_body);
    WITHIN(8000, slow_is_not_stalled);
    WITHIN(5000, refusals_are_final);
    WITHIN(10000, failures_that_go_on);
    WITHIN(10000, replies_of_parts_that_never_come);
    WITHIN(3000, a_part_without_etag);
    WITHIN(5000, the_last_part_counts_too);
    WITHIN(5000, server_gone_in_mid_upload);
    WITHIN(5000, nobody_listens);
    WITHIN(5000, redirects_end);
    WITHIN(5000, retries_cost_from_one_purse);
    WITHIN(3000, pauses_are_bounded);
    WITHIN(6000, retry_after_is_honoured_and_capped);
    WITHIN(5000, a_part_refused_because_it_is_there);
    WITHIN(3000, a_part_refused_that_is_not_there);
    free(data);
    return test_end();
}
