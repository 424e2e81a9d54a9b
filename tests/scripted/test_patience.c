/* test_patience.c - progress while waiting, cancelling, deadlines, and how much goes on at once */
#include "fixture.h"

enum { PART = 200 * 1000, WHOLE = 6 * PART };

static unsigned char *data;

/* ---- progress ---- */

typedef struct watcher {
    pthread_t thread;
    unsigned calls, stop_at; /* 0: never */
    uint64_t last_in, last_sent;
    bool wrong;
} watcher;

static int watch(void *user, const cw_stats *now)
{
    watcher *v = user;

    v->wrong = v->wrong || !pthread_equal(pthread_self(), v->thread) ||
               now->bytes_in < v->last_in || now->bytes_sent < v->last_sent ||
               now->bytes_sent > now->bytes_out;
    v->last_in = now->bytes_in;
    v->last_sent = now->bytes_sent;
    return ++v->calls == v->stop_at;
}

static cw_writer_options watched(watcher *v, uint64_t part_bytes)
{
    cw_writer_options o = parts_of(part_bytes);

    v->thread = pthread_self();
    o.progress = watch;
    o.progress_user = v;
    o.progress_interval_ms = 20;
    return o;
}

/* Close waits half a second for a part, and says so all the while. */
static void progress_while_close_waits(void)
{
    for (int parts = 0; parts < 2; parts++) {
        bed b = bed_open(NULL, NULL);
        watcher v = {.stop_at = 0};
        cw_writer_options o = watched(&v, parts ? PART : WHOLE);
        cw_error err;

        faults(&b, "op=UploadPart part=6 do=delay:500\nop=PutObject do=delay:500");
        CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
        CHECK(v.calls >= 10 && v.calls <= 60);
        CHECK(!v.wrong);
        check_object(&b, "key", data, WHOLE);
        bed_close(&b);
    }
}

/* The queue is full, and write waits. */
static void progress_while_write_waits(void)
{
    bed b = bed_open(NULL, NULL);
    watcher v = {.stop_at = 0};
    cw_writer_options o = watched(&v, PART);
    cw_error err;

    o.concurrency = 1;
    faults(&b, "op=UploadPart times=inf do=delay:200");
    cw_writer *w = open_writer(&b, "key", &o);
    CHECK_INT(write_all(w, data, WHOLE), CW_OK);
    CHECK(v.calls >= 5);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    CHECK(!v.wrong);
    check_object(&b, "key", data, WHOLE);
    bed_close(&b);
}

static void progress_comes_at_its_interval(void)
{
    bed b = bed_open(NULL, NULL);
    watcher v = {.stop_at = 0};
    cw_writer_options o = watched(&v, PART);
    cw_error err;

    o.progress_interval_ms = 0; /* 200 */
    faults(&b, "op=UploadPart part=6 do=delay:900");
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    CHECK(v.calls >= 3 && v.calls <= 8);
    bed_close(&b);
}

/* The last part waits for the latest of them, however seldom a busy machine lets them come. */
static void cancelled_at_any_call(void)
{
    for (unsigned at = 1; at <= 12; at++) {
        bed b = bed_open(NULL, NULL);
        watcher v = {.stop_at = at};
        cw_writer_options o = watched(&v, PART);
        cw_error err;

        o.concurrency = 1;
        o.progress_interval_ms = 10;
        faults(&b, "op=UploadPart part=6 times=inf do=delay:20000\n"
                   "op=UploadPart times=inf do=delay:60");
        CHECK_STATUS(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), CW_E_CANCELLED, err);
        CHECK_INT(v.calls, at);
        check_nothing(&b, "key");
        bed_close(&b);
    }
}

/* Too late: the commit is under way, and its answer is what counts. */
static void a_commit_is_not_cancelled(void)
{
    for (int parts = 0; parts < 2; parts++) {
        bed b = bed_open(NULL, NULL);
        watcher v = {.stop_at = 0};
        cw_writer_options o = watched(&v, parts ? PART : WHOLE);
        cw_error err;

        faults(&b, "op=PutObject do=delay:400\nop=CompleteMultipartUpload do=delay:400");
        cw_writer *w = open_writer(&b, "key", &o);
        CHECK_INT(write_all(w, data, WHOLE), CW_OK);
        while (parts && requests(&b, "UploadPart") < 6 && cw_writer_error(w)->status == CW_OK)
            sleep_ms(5);
        sleep_ms(parts ? 100 * SLOWNESS : 0);
        v.stop_at = v.calls + 8;
        CHECK_OK(cw_writer_close(w, NULL, &err), err);
        CHECK(v.calls >= v.stop_at);
        check_object(&b, "key", data, WHOLE);
        bed_close(&b);
    }
}

/* ---- deadlines ---- */

/* `otherwise`: what it may be as well, if a retry would come too late anyhow. */
static void deadline_or_under(const char *rule, uint32_t deadline_ms, cw_status want,
                              cw_status otherwise)
{
    int before = test_failures_here;
    cw_client_options c = client_defaults();
    cw_writer_options o = parts_of(PART);
    cw_error err;

    c.stall_timeout_ms = c.commit_timeout_ms = 60000;
    c.max_attempts = 1000;
    bed b = bed_open(NULL, &c);
    o.deadline_ms = deadline_ms;
    faults(&b, rule);
    int64_t start = now_ms();
    cw_status st = send_bytes(&b, "key", &o, data, WHOLE, NULL, &err);
    if (st != otherwise)
        CHECK_STATUS(st, want, err);
    CHECK(st != CW_E_TIMEOUT || now_ms() - start >= deadline_ms);
    if (want == CW_E_TIMEOUT)
        check_nothing(&b, "key");
    bed_close(&b);
    if (test_failures_here > before)
        fprintf(stderr, "    … under: %s\n", rule);
}

static void deadline_under(const char *rule, uint32_t deadline_ms, cw_status want)
{
    deadline_or_under(rule, deadline_ms, want, want);
}

static void deadlines_end_it(void)
{
    deadline_under("op=CreateMultipartUpload do=stall_request:forever", 300, CW_E_TIMEOUT);
    deadline_under("op=UploadPart part=2 do=stall_reply:forever", 300, CW_E_TIMEOUT);
    deadline_under("op=UploadPart part=6 do=stall_request:forever", 300, CW_E_TIMEOUT);
    deadline_or_under("op=UploadPart part=2 times=inf do=status:500:InternalError", 300,
                      CW_E_TIMEOUT, CW_E_UNAVAILABLE);
    deadline_or_under("op=UploadPart times=inf do=status:503:SlowDown", 300, CW_E_TIMEOUT,
                      CW_E_THROTTLED);
}

static void deadlines_that_are_met(void)
{
    deadline_under("op=UploadPart part=2 times=2 do=status:500:InternalError", 20000, CW_OK);
}

/* The Complete is out, and nobody answers before the deadline: the truth is that nobody knows. */
static void a_deadline_during_the_commit(void)
{
    deadline_under("op=CompleteMultipartUpload times=inf do=stall_request:forever\n"
                   "op=HeadObject times=inf do=status:403:AccessDenied",
                   400 * SLOWNESS, CW_E_INDETERMINATE);
    deadline_under("op=CompleteMultipartUpload times=inf do=stall_reply:forever", 400 * SLOWNESS,
                   CW_OK); /* asked afterwards: it is there */
}

static void the_producer_is_too_slow(void)
{
    bed b = bed_open(NULL, NULL);
    cw_writer_options o = parts_of(PART);
    cw_error err;
    cw_status st = CW_OK;

    o.deadline_ms = 200;
    cw_writer *w = open_writer(&b, "key", &o);
    int64_t start = now_ms();
    while (st == CW_OK && now_ms() - start < 3000) {
        st = cw_writer_write(w, data, 70000);
        sleep_ms(10);
    }
    CHECK_INT(st, CW_E_TIMEOUT);
    CHECK_STATUS(cw_writer_close(w, NULL, &err), CW_E_TIMEOUT, err);
    check_nothing(&b, "key");
    bed_close(&b);
}

static void the_deadline_of_one_request(void)
{
    static const char *const rules[] = {
        "op=UploadPart part=3 times=inf do=delay:20000,drop_before",
        "op=UploadPart part=3 times=inf do=status:500:InternalError",
        "op=CreateMultipartUpload do=stall_request:forever"};
    cw_client_options c = client_defaults();
    cw_writer_options o = parts_of(PART);

    c.request_deadline_ms = 300;
    c.max_attempts = 1000;
    c.stall_timeout_ms = c.commit_timeout_ms = 60000;
    for (int i = 0; i < 3; i++) {
        bed b = bed_open(NULL, &c);
        cw_error err;

        faults(&b, rules[i]);
        CHECK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err) != CW_OK);
        CHECK(err.status == CW_E_TIMEOUT || (i == 1 && err.status == CW_E_UNAVAILABLE));
        check_nothing(&b, "key");
        bed_close(&b);
    }
}

/* Its time is up, but the list of parts has it. */
static void a_part_that_landed_unseen_before_its_deadline(void)
{
    cw_client_options c = client_defaults();
    cw_writer_options o = parts_of(PART);
    cw_error err;

    c.request_deadline_ms = 300 * SLOWNESS;
    bed b = bed_open(NULL, &c);
    faults(&b, "op=UploadPart part=3 times=inf do=stall_reply:forever");
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    bed_close(&b);
}

/* ---- how much at once ---- */

/* A part whose bytes are all out counts no more while its answer is awaited: twice as many. */
static void concurrency_is_honoured(void)
{
    static const unsigned wanted[] = {1, 2, 5};

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        cw_client_options c = client_defaults();
        cw_writer_options o = parts_of(40 * 1000);
        cw_error err;

        c.memory_bytes = 256 * (uint64_t)MIB;
        bed b = bed_open(NULL, &c);
        o.concurrency = wanted[i];
        faults(&b, "op=UploadPart times=inf do=delay:30");
        CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
        CHECK(ts_parts_in_flight_max(b.server) >= wanted[i]);
        CHECK(ts_parts_in_flight_max(b.server) <= 2 * wanted[i]);
        check_object(&b, "key", data, WHOLE);
        bed_close(&b);
    }
}

static void connections_are_bounded(void)
{
    cw_client_options c = client_defaults();
    cw_writer_options o = parts_of(20 * 1000);
    cw_client_stats stats;
    cw_error err;

    c.memory_bytes = 256 * (uint64_t)MIB;
    c.max_connections = 3;
    bed b = bed_open(NULL, &c);
    o.concurrency = 40;
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    cw_client_get_stats(b.client, &stats);
    CHECK(ts_connection_count(b.server) <= 3);
    CHECK_INT(stats.connections, ts_connection_count(b.server));
    CHECK_INT(stats.requests, requests(&b, NULL));
    CHECK_INT(stats.retries, 0);
    check_object(&b, "key", data, WHOLE);
    bed_close(&b);
}

static void many_objects_share_one_connection(void)
{
    bed b = bed_open(NULL, NULL);
    cw_error err;

    for (int i = 0; i < 200; i++)
        CHECK_OK(send_bytes(&b, "key", NULL, data, 100, NULL, &err), err);
    CHECK_INT(ts_connection_count(b.server), 1);
    CHECK_INT(requests(&b, NULL), 200);
    bed_close(&b);
}

/* What the stats say when all parts are through. */
static void stats_add_up(void)
{
    bed b = bed_open(NULL, NULL);
    cw_writer_options o = parts_of(PART);
    cw_stats stats = {0};
    cw_object_info info;
    cw_error err;

    faults(&b, "op=UploadPart part=2 times=2 do=status:500:InternalError");
    cw_writer *w = open_writer(&b, "key", &o);
    CHECK_INT(write_all(w, data, 4 * PART + 10), CW_OK);
    while (stats.parts_done < 4 && cw_writer_error(w)->status == CW_OK) {
        sleep_ms(2);
        cw_writer_stats(w, &stats);
    }
    CHECK_INT(stats.bytes_in, 4 * PART + 10);
    CHECK(stats.bytes_out >= 4 * PART && stats.bytes_out <= stats.bytes_in);
    CHECK_INT(stats.bytes_sent, 4 * PART);
    CHECK_INT(stats.parts_in_flight + stats.parts_queued, 0);
    CHECK_INT(stats.part_bytes, PART);
    CHECK_INT(stats.requests, 1 + 4 + 2);
    CHECK_INT(stats.retries, 2);
    CHECK_OK(cw_writer_close(w, &info, &err), err);
    CHECK_INT(info.requests, 1 + 5 + 2 + 1);
    CHECK_INT(info.retries, 2);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    data = noise(WHOLE);
    WITHIN(4000, progress_while_close_waits);
    WITHIN(4000, progress_while_write_waits);
    WITHIN(3000, progress_comes_at_its_interval);
    WITHIN(8000, cancelled_at_any_call);
    WITHIN(4000, a_commit_is_not_cancelled);
    WITHIN(10000, deadlines_end_it);
    WITHIN(3000, deadlines_that_are_met);
    WITHIN(10000, a_deadline_during_the_commit);
    WITHIN(3000, the_producer_is_too_slow);
    WITHIN(6000, the_deadline_of_one_request);
    WITHIN(3000, a_part_that_landed_unseen_before_its_deadline);
    WITHIN(6000, concurrency_is_honoured);
    WITHIN(3000, connections_are_bounded);
    WITHIN(3000, many_objects_share_one_connection);
    WITHIN(3000, stats_add_up);
    free(data);
    return test_end();
}
