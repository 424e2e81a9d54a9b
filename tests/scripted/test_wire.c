/* test_wire.c - connections: over TLS as over plain http, kept and dead ones, early refusals */
#include "fixture.h"

enum { PART = 300 * 1000, WHOLE = 3 * PART - 1 };

static unsigned char *data;

/* ---- the faults of test_faults.c and test_commit.c, over TLS ---- */

static void survives_over_tls(const char *rules, bool parts)
{
    int before = test_failures_here;
    ts_options s = server_defaults();
    cw_client_options c = hasty_client();
    cw_writer_options o = parts_of(parts ? PART : WHOLE);
    cw_error err;

    s.tls = true;
    bed b = bed_open(&s, &c);
    CHECK_OK(send_bytes(&b, "before", NULL, data, 100, NULL, &err), err);
    o.create_only = 1;
    faults(&b, rules);
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    CHECK(ts_fault_fired(b.server) > 0);
    bed_close(&b);
    if (test_failures_here > before)
        fprintf(stderr, "    … under: %s\n", rules);
}

static void parts_over_tls(void)
{
    static const char *const actions[] = {
        "reset_request:0",
        "reset_request:65536",
        "reset_request:300000",
        "reset_reply:0",
        "reset_reply:40",
        "truncate_reply:0",
        "drop_before",
        "drop_reply_after_commit",
        "stall_request:forever",
        "stall_reply:forever",
        "stall_reply:forever:30",
        "status:500:InternalError",
        "status_early:503:SlowDown",
        "close",
        "close_silently",
    };
    char rule[120];

    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        snprintf(rule, sizeof rule, "op=UploadPart part=2 do=%s", actions[i]);
        survives_over_tls(rule, true);
    }
}

static void commits_over_tls(void)
{
    static const char *const actions[] = {
        "drop_before",         "drop_reply_after_commit",  "reset_reply:0", "truncate_reply:9",
        "stall_reply:forever", "status:500:InternalError", "corrupt_reply",
    };
    char rule[120];

    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        snprintf(rule, sizeof rule, "op=CompleteMultipartUpload do=%s", actions[i]);
        survives_over_tls(rule, true);
        snprintf(rule, sizeof rule, "op=PutObject do=%s", actions[i]);
        survives_over_tls(rule, false);
    }
    survives_over_tls("op=CompleteMultipartUpload do=whitespace:1000", true);
}

static void large_parts_over_tls(void)
{
    enum { LARGE = 20 * MIB + 3 };
    unsigned char *bytes = noise(LARGE);
    ts_options s = server_defaults();
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_object_info info;
    cw_error err;

    s.tls = true;
    bed b = bed_open(&s, NULL);
    o.part_bytes = 5 * MIB;
    CHECK_OK(send_bytes(&b, "key", &o, bytes, LARGE, &info, &err), err);
    CHECK_INT(info.parts, 5);
    CHECK_INT(info.retries, 0);
    check_object(&b, "key", bytes, LARGE);
    bed_close(&b);
    free(bytes);
}

static void server_gone_over_tls(void)
{
    ts_options s = server_defaults();
    cw_client_options c = hasty_client();
    cw_writer_options o = parts_of(PART);
    cw_error err;

    s.tls = true;
    bed b = bed_open(&s, &c);
    faults(&b, "op=CompleteMultipartUpload do=gone");
    CHECK_STATUS(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), CW_E_INDETERMINATE, err);
    CHECK(err.upload_id[0] && err.commit_token[0]);
    bed_close(&b);
}

/* ---- connections that died while they were not used ---- */

static void idle_connections_die(bool tls)
{
    ts_options s = server_defaults();
    cw_object_info info;
    cw_error err;

    s.idle_timeout_ms = 100;
    s.tls = tls;
    bed b = bed_open(&s, NULL);
    for (int i = 0; i < 4; i++) {
        cw_writer_options o = parts_of(i % 2 ? PART : WHOLE);

        CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, &info, &err), err);
        CHECK_INT(info.retries, 0);
        check_object(&b, "key", data, WHOLE);
        sleep_ms(250);
    }
    bed_close(&b);
}

static void idle_connections_are_replaced(void)
{
    idle_connections_die(false);
    idle_connections_die(true);
}

/* Promised to be kept, and closed all the same. */
static void kept_connections_that_are_closed(void)
{
    bed b = bed_open(NULL, NULL);
    cw_writer_options o = parts_of(20 * 1000);
    cw_error err;

    faults(&b, "times=inf probability=0.3 do=close_silently");
    for (int i = 0; i < 20; i++) {
        o.part_bytes = i % 2 ? 20 * 1000 : 100 * 1000;
        CHECK_OK(send_bytes(&b, "key", &o, data, 100 * 1000, NULL, &err), err);
        check_object(&b, "key", data, 100 * 1000);
    }
    bed_close(&b);
}

/* ---- a refusal that comes before the body has been sent ---- */

static void what_is_refused_early_is_not_sent(void)
{
    enum { LARGE = 24 * MIB };
    unsigned char *bytes = noise(LARGE);
    ts_options s = server_defaults();
    cw_client_options c = client_defaults();
    cw_writer_options o = parts_of(LARGE);
    cw_error err;

    s.mbps = 30;
    c.memory_bytes = 64 * MIB;
    bed b = bed_open(&s, &c);
    faults(&b, "op=PutObject times=inf do=status_early:403:AccessDenied");
    CHECK_STATUS(send_bytes(&b, "key", &o, bytes, LARGE, NULL, &err), CW_E_PERMISSION, err);
    CHECK_INT(err.attempts, 1);
    CHECK(ts_bytes_received(b.server) < LARGE);
    check_nothing(&b, "key");
    bed_close(&b);
    free(bytes);
}

static void refused_early_for_a_moment(void)
{
    enum { LARGE = 12 * MIB };
    unsigned char *bytes = noise(LARGE);
    cw_writer_options o = parts_of(5 * MIB);
    cw_error err;
    bed b = bed_open(NULL, NULL);

    faults(&b, "op=UploadPart times=3 do=status_early:503:SlowDown");
    CHECK_OK(send_bytes(&b, "key", &o, bytes, LARGE, NULL, &err), err);
    check_object(&b, "key", bytes, LARGE);
    bed_close(&b);
    free(bytes);
}

/* ---- secrets: what every test looks for ---- */

static void secrets_are_found_where_they_are(void)
{
    unsigned long before = atomic_load(&log_lines);
    bed b = bed_open(NULL, NULL);
    cw_error err;

    CHECK(has_secret("x " SECRET) && has_secret(SESSION " x") && has_secret("Signature=0a"));
    CHECK(!has_secret("Signature=*** and SignatureDoesNotMatch"));
    CHECK_OK(send_bytes(&b, "key", NULL, data, 10, NULL, &err), err);
    CHECK(atomic_load(&log_lines) > before);
    bed_close(&b);
}

/* A service that repeats what it was sent. */
static void secrets_that_come_back(void)
{
    static const char *const words[] = {
        "Your header was AWS4-HMAC-SHA256 Credential=ACCESSKEY/x Signature=0123456789abcdef",
        "X-Amz-Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ("the token was X-Amz-Security-Token: " SESSION),
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        bed b = bed_open(NULL, NULL);
        char rule[300];
        cw_error err;

        snprintf(rule, sizeof rule, "op=PutObject do=status:403:AccessDenied:%s", words[i]);
        faults(&b, rule);
        CHECK_STATUS(send_bytes(&b, "key", NULL, data, 10, NULL, &err), CW_E_PERMISSION, err);
        CHECK(!has_secret(err.message));
        bed_close(&b);
    }
}

int main(int argc, char **argv)
{
    data = noise(WHOLE);
    WITHIN(6000, parts_over_tls);
    WITHIN(8000, commits_over_tls);
    WITHIN(4000, large_parts_over_tls);
    WITHIN(4000, server_gone_over_tls);
    WITHIN(6000, idle_connections_are_replaced);
    WITHIN(4000, kept_connections_that_are_closed);
    WITHIN(4000, what_is_refused_early_is_not_sent);
    WITHIN(4000, refused_early_for_a_moment);
    WITHIN(2000, secrets_are_found_where_they_are);
    WITHIN(2000, secrets_that_come_back);
    free(data);
    return test_end();
}
