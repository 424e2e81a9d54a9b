/* test_race.c - a part that takes too long is sent twice: which of them wins, and what becomes of
 * the other */
#include "fixture.h"

enum { SMALL = 4000, PARTS = 60, STALL_MS = 120000, IN_TIME = 60000 };

static unsigned char *data;

static bed open_bed(const char *rules)
{
    cw_client_options co = client_defaults();

    co.stall_timeout_ms = STALL_MS;
    bed b = bed_open(NULL, &co);
    faults(&b, rules);
    return b;
}

static cw_client_stats stats_of(bed *b)
{
    cw_client_stats stats;

    cw_client_get_stats(b->client, &stats);
    return stats;
}

/* An object of 60 parts, within what a part that is waited for would not allow. */
static cw_status send_parts(bed *b, cw_object_info *info, cw_error *err)
{
    cw_writer_options o = parts_of(SMALL);
    int64_t start = now_ms();
    cw_status st = send_bytes(b, "key", &o, data, PARTS * SMALL, info, err);

    CHECK(now_ms() - start < IN_TIME);
    return st;
}

static void check_parts(const char *rules, unsigned hedged, unsigned more)
{
    bed b = open_bed(rules);
    cw_object_info info;
    cw_error err;

    CHECK_OK(send_parts(&b, &info, &err), err);
    CHECK_INT(stats_of(&b).hedged, hedged);
    CHECK_INT(stats_of(&b).retries, hedged + more);
    CHECK_INT(info.retries, hedged + more);
    CHECK_INT(requests(&b, "UploadPart"), PARTS + hedged + more);
    CHECK_INT(stats_of(&b).requests, requests(&b, NULL));
    check_object(&b, "key", data, PARTS * SMALL);
    bed_close(&b);
}

/* A fortieth of the speed of others; a server of small buffers, so that it shows. */
static void parts_that_trickle(void)
{
    enum { PART = 1000 * 1000, COUNT = 30 };
    unsigned char *whole = noise((size_t)COUNT * PART);
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    cw_writer_options o = parts_of(PART);
    cw_error err;

    so.mbps = 4;
    co.stall_timeout_ms = STALL_MS;
    bed b = bed_open(&so, &co);
    faults(&b, "op=UploadPart part=20 attempt=1 do=trickle:100000\n"
               "op=UploadPart part=30 attempt=1 do=trickle:100000");
    CHECK_OK(send_bytes(&b, "key", &o, whole, (size_t)COUNT * PART, NULL, &err), err);
    CHECK(stats_of(&b).hedged >= 2 && stats_of(&b).hedged <= 3);
    CHECK_INT(requests(&b, "UploadPart"), COUNT + stats_of(&b).hedged);
    CHECK(ts_bytes_received(b.server) < ((uint64_t)COUNT + 3) * PART);
    check_object(&b, "key", whole, (size_t)COUNT * PART);
    bed_close(&b);
    free(whole);
}

/* All of the second is there, too, so the service is asked which of them it has. */
static void the_first_may_be_quicker(void)
{
    bed b = open_bed("op=UploadPart part=30 attempt=1 do=delay:900\n"
                     "op=UploadPart part=30 attempt=2 do=stall_reply:forever");
    cw_error err;

    CHECK_OK(send_parts(&b, NULL, &err), err);
    CHECK_INT(stats_of(&b).hedged, 1);
    CHECK_INT(requests(&b, "UploadPart"), PARTS + 1);
    CHECK_INT(requests(&b, "ListParts"), 1);
    check_object(&b, "key", data, PARTS * SMALL);
    bed_close(&b);
}

/* One of the first, which nothing is known of yet when it begins. */
static void the_very_first_part(void)
{
    check_parts("op=UploadPart part=1 attempt=1 do=stall_request:forever", 1, 0);
}

static void the_second_may_fail(void)
{
    check_parts("op=UploadPart part=30 attempt=1 do=delay:900\n"
                "op=UploadPart part=30 attempt=2 do=status:403:AccessDenied",
                1, 0);
}

/* It is a request like others, which is tried again. */
static void the_second_may_need_another_attempt(void)
{
    check_parts("op=UploadPart part=30 attempt=1 do=stall_request:forever\n"
                "op=UploadPart part=30 attempt=2 do=status:500:InternalError",
                1, 1);
}

static void the_first_may_fail(void)
{
    check_parts("op=UploadPart part=30 attempt=1 do=delay:900,status:403:AccessDenied\n"
                "op=UploadPart part=30 attempt=2 do=delay:1500",
                1, 0);
}

static void both_may_fail(void)
{
    bed b = open_bed("op=UploadPart part=30 attempt=1 do=delay:900,status:403:AccessDenied\n"
                     "op=UploadPart part=30 attempt=2 do=delay:1500,status:403:AccessDenied");
    cw_error err;

    CHECK_STATUS(send_parts(&b, NULL, &err), CW_E_PERMISSION, err);
    check_nothing(&b, "key");
    bed_close(&b);
}

/* One part is sent twice at most: then it is a matter of patience. */
static void both_may_be_stuck(void)
{
    cw_client_options co = client_defaults();
    cw_writer_options o = parts_of(SMALL);
    cw_error err;

    co.stall_timeout_ms = 1500 * SLOWNESS;
    bed b = bed_open(NULL, &co);
    faults(&b, "op=UploadPart part=30 attempt=1-2 times=2 do=stall_request:forever");
    CHECK_OK(send_bytes(&b, "key", &o, data, PARTS * SMALL, NULL, &err), err);
    CHECK_INT(stats_of(&b).hedged, 1);
    CHECK(requests(&b, "UploadPart") >= PARTS + 2);
    check_object(&b, "key", data, PARTS * SMALL);
    bed_close(&b);
}

static int stop_in_time(void *user, const cw_stats *now)
{
    bed *b = user;

    (void)now;
    return requests(b, "UploadPart") > PARTS;
}

static void given_up_during_the_race(void)
{
    bed b = open_bed("op=UploadPart part=30 attempt=1-2 times=2 do=stall_reply:forever");
    cw_writer_options o = parts_of(SMALL);
    cw_error err;

    o.progress = stop_in_time;
    o.progress_user = &b;
    o.progress_interval_ms = 10;
    int64_t start = now_ms();
    CHECK_STATUS(send_bytes(&b, "key", &o, data, PARTS * SMALL, NULL, &err), CW_E_CANCELLED, err);
    CHECK(now_ms() - start < IN_TIME); /* with 3 s for parts on their way */
    CHECK_INT(stats_of(&b).hedged, 1);
    check_nothing(&b, "key");
    bed_close(&b);
}

/* With no connection for a second one the first is cut short. */
static void with_one_connection(void)
{
    cw_client_options co = client_defaults();
    cw_error err;

    co.stall_timeout_ms = STALL_MS;
    co.max_connections = 1;
    bed b = bed_open(NULL, &co);
    faults(&b, "op=UploadPart part=30 attempt=1 do=stall_request:forever");
    CHECK_OK(send_parts(&b, NULL, &err), err);
    CHECK_INT(stats_of(&b).hedged, 1);
    CHECK_INT(requests(&b, "UploadPart"), PARTS + 1);
    check_object(&b, "key", data, PARTS * SMALL);
    bed_close(&b);
}

/* From one moment on each takes longer than was usual: that is no reason to send any twice. */
static void what_becomes_slow_altogether_is_not_raced(void)
{
    bed b = open_bed("op=UploadPart part=21-60 times=inf do=delay:400");
    cw_writer_options o = parts_of(SMALL);
    cw_error err;

    CHECK_OK(send_bytes(&b, "key", &o, data, PARTS * SMALL, NULL, &err), err);
    CHECK(stats_of(&b).hedged <= 2);
    check_object(&b, "key", data, PARTS * SMALL);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    data = noise(PARTS * SMALL);
    WITHIN(12000, parts_that_trickle);
    WITHIN(6000, the_first_may_be_quicker);
    WITHIN(6000, the_very_first_part);
    WITHIN(6000, the_second_may_fail);
    WITHIN(6000, the_second_may_need_another_attempt);
    WITHIN(6000, the_first_may_fail);
    WITHIN(6000, both_may_fail);
    WITHIN(8000, both_may_be_stuck);
    WITHIN(8000, given_up_during_the_race);
    WITHIN(6000, with_one_connection);
    WITHIN(8000, what_becomes_slow_altogether_is_not_raced);
    free(data);
    return test_end();
}
