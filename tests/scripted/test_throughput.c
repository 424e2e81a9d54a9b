/* test_throughput.c - what the requests of a client share: their pace, what is usual, how many at
 * once */
#include "fixture.h"

enum { SMALL = 4000, WRITERS = 16, RATE = 200, LOWEST_RATE = 20 };
enum { STALL_MS = 120000, IN_TIME = 60000 }; /* of a part that is waited for; where it is not */

static unsigned char *data;

/* ---- the pace after a SlowDown ---- */

typedef struct crowd {
    bed *b;
    atomic_bool over;
    atomic_uint objects, failures;
    cw_writer_options options;
} crowd;

static void *write_without_end(void *user)
{
    crowd *c = user;
    char url[64];

    snprintf(url, sizeof url, "s3://bucket/%lu", (unsigned long)pthread_self());
    while (!atomic_load(&c->over)) {
        cw_writer *w;
        cw_error err;

        if (cw_writer_open(&w, c->b->client, url, &c->options, &err) != CW_OK)
            break;
        for (int part = 0; part < 20 && !atomic_load(&c->over); part++)
            if (cw_writer_write(w, data, SMALL) != CW_OK)
                break;
        if (cw_writer_close(w, NULL, &err) == CW_OK)
            atomic_fetch_add(&c->objects, 1);
        else
            atomic_fetch_add(&c->failures, 1);
    }
    return NULL;
}

/* For a while: bench/throughput measures longer. */
static bool nearly_all_is_used(bed *b, int rate)
{
    uint64_t all = requests(b, NULL), refused = ts_throttled_count(b->server);
    int64_t start = now_ms();

    sleep_ms(2500);
    double seconds = (double)(now_ms() - start) / 1000;
    refused = ts_throttled_count(b->server) - refused;
    all = requests(b, NULL) - all;
    return (double)refused < 0.05 * (double)all && (double)(all - refused) >= 0.85 * rate * seconds;
}

static bool writers_share(int rate)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    pthread_t threads[WRITERS];
    cw_client_stats stats;
    bool used = false;

    so.max_request_rate = rate;
    co.max_attempts = 30;
    bed b = bed_open(&so, &co);
    crowd c = {.b = &b, .options = parts_of(SMALL)};
    for (int i = 0; i < WRITERS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, write_without_end, &c) == 0);
    sleep_ms(1500);
    for (int i = 0; i < 2 && !used; i++)
        used = nearly_all_is_used(&b, rate);
    cw_client_get_stats(b.client, &stats);
    atomic_store(&c.over, true);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);

    CHECK_INT(c.failures, 0);
    CHECK(c.objects >= WRITERS);
    bed_close(&b);
    return used && stats.paced > 0 && stats.throttled > 0 &&
           stats.request_rate > (unsigned)rate / 2 && stats.request_rate < (unsigned)rate * 2;
}

/* A machine that cannot make as many requests as are allowed is allowed fewer. */
static void sixteen_writers_share_what_is_allowed(void)
{
    int rate = RATE;

    while (rate > LOWEST_RATE && !writers_share(rate))
        rate /= 2;
    CHECK(rate > LOWEST_RATE);
}

/* Off by option: nobody waits for anybody, and SlowDown is each request's own business. */
static void without_pacing(void)
{
    cw_client_options co = client_defaults();
    cw_writer_options o = parts_of(SMALL);
    cw_client_stats stats;
    cw_error err;

    co.no_pacing = 1;
    bed b = bed_open(NULL, &co);
    faults(&b, "op=UploadPart times=2 do=status:503:SlowDown");
    CHECK_OK(send_bytes(&b, "key", &o, data, 10 * SMALL, NULL, &err), err);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.throttled, 2);
    CHECK_INT(stats.paced, 0);
    CHECK_INT(stats.request_rate, 0);
    check_object(&b, "key", data, 10 * SMALL);
    bed_close(&b);
}

/* ---- parts that are stuck ---- */

enum { PARTS = 60 };

/* Stuck at its first byte, in its middle, and when all of it is there: none is waited for. */
static void parts_that_are_stuck_are_sent_again(void)
{
    cw_client_options co = client_defaults();
    cw_writer_options o = parts_of(SMALL);
    cw_client_stats stats;
    cw_object_info info;
    cw_error err;

    co.stall_timeout_ms = STALL_MS;
    bed b = bed_open(NULL, &co);
    faults(&b, "op=UploadPart part=30 attempt=1 do=stall_request:forever\n"
               "op=UploadPart part=40 attempt=1 do=stall_request:forever:1000\n"
               "op=UploadPart part=60 attempt=1 do=stall_reply:forever");
    int64_t start = now_ms();
    CHECK_OK(send_bytes(&b, "key", &o, data, PARTS * SMALL, &info, &err), err);
    CHECK(now_ms() - start < IN_TIME);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.hedged, 3);
    CHECK_INT(info.retries, 3);
    CHECK_INT(requests(&b, "UploadPart"), PARTS + 3);
    CHECK(requests(&b, "ListParts") >= 1); /* of the last: which of the two is there? */
    check_object(&b, "key", data, PARTS * SMALL);
    bed_close(&b);
}

static int stop_in_time(void *user, const cw_stats *now)
{
    bed *b = user;

    (void)now;
    return requests(b, "ListParts") > 0;
}

/* Given up while the service is asked which of two it has: at once, and nothing is left. */
static void given_up_while_looking_again(void)
{
    cw_client_options co = client_defaults();
    cw_writer_options o = parts_of(SMALL);
    cw_error err;

    co.stall_timeout_ms = STALL_MS;
    bed b = bed_open(NULL, &co);
    o.progress = stop_in_time;
    o.progress_user = &b;
    o.progress_interval_ms = 10;
    faults(&b, "op=UploadPart part=60 attempt=1 do=stall_reply:forever\n"
               "op=ListParts do=stall_reply:forever");
    int64_t start = now_ms();
    CHECK_STATUS(send_bytes(&b, "key", &o, data, PARTS * SMALL, NULL, &err), CW_E_CANCELLED, err);
    CHECK(now_ms() - start < IN_TIME);
    check_nothing(&b, "key");
    bed_close(&b);
}

/* When everything is stuck, that is the service's way, and only a few are sent again. */
static void few_are_sent_again(void)
{
    cw_client_options co = client_defaults();
    cw_writer_options o = parts_of(SMALL);
    cw_client_stats stats;
    cw_error err;

    bed b = bed_open(NULL, &co);
    faults(&b, "op=UploadPart part=31-44 attempt=1 times=inf do=delay:1000");
    CHECK_OK(send_bytes(&b, "key", &o, data, PARTS * SMALL, NULL, &err), err);
    cw_client_get_stats(b.client, &stats);
    CHECK(stats.hedged >= 1 && stats.hedged <= 2 + PARTS * 3 / 100 + 1);
    check_object(&b, "key", data, PARTS * SMALL);
    bed_close(&b);
}

static void without_hedging(void)
{
    cw_client_options co = client_defaults();
    cw_writer_options o = parts_of(SMALL);
    cw_client_stats stats;
    cw_error err;

    co.no_hedging = 1;
    bed b = bed_open(NULL, &co);
    faults(&b, "op=UploadPart part=30 do=delay:1200");
    int64_t start = now_ms();
    CHECK_OK(send_bytes(&b, "key", &o, data, PARTS * SMALL, NULL, &err), err);
    CHECK(now_ms() - start >= 1200);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.hedged, 0);
    CHECK_INT(stats.retries, 0);
    bed_close(&b);
}

/* What has come of a range is kept, and only the rest is asked for again. */
static void ranges_that_take_too_long_are_asked_for_again(void)
{
    enum { OBJECT = 32 * MIB };
    unsigned char *object = noise(OBJECT), *got = malloc(OBJECT);
    cw_client_options co = client_defaults();
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_client_stats stats;
    cw_reader *r;
    cw_error err;
    size_t n = 0, at = 0;

    REQUIRE(got);
    co.stall_timeout_ms = STALL_MS;
    bed b = bed_open(NULL, &co);
    ts_object_put(b.server, "bucket", "key", object, OBJECT);
    o.range_bytes = 512 * 1024;
    faults(&b, "op=GetObject skip=20 do=stall_reply:forever:100000\n"
               "op=GetObject skip=25 do=stall_reply:forever\n"
               "op=GetObject skip=55 do=trickle:50000");
    int64_t start = now_ms();
    CHECK_OK(cw_reader_open_with(&r, b.client, "s3://bucket/key", &o, &err), err);
    do {
        CHECK_OK(cw_reader_read(r, got + at, OBJECT - at, &n, &err), err);
        at += n;
    } while (n > 0 && at < OBJECT);
    cw_reader_close(r);
    CHECK(now_ms() - start < IN_TIME);
    CHECK_INT(at, OBJECT);
    CHECK(memcmp(got, object, OBJECT) == 0);
    cw_client_get_stats(b.client, &stats);
    CHECK(stats.hedged >= 3); /* and what the machine was late with */
    bed_close(&b);
    free(object);
    free(got);
}

/* ---- how many parts at once ---- */

/* From 8, the first step is tried with 10, and taken when 12 are. */
enum { PART = 20 * 1000, WHOLE = 150 * PART, TRIED = 10 };

/* What the client ends at; for as long as it takes to see that a first try brought more. */
static uint64_t parts_at_once(const unsigned char *whole, int latency_ms, bool no_adapting)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    cw_writer_options o = parts_of(PART);
    cw_client_stats stats = {0};
    cw_error err;
    size_t sent = 0;

    so.latency_ms = latency_ms;
    co.memory_bytes = 300 * (uint64_t)MIB;
    co.no_adapting = no_adapting;
    bed b = bed_open(&so, &co);
    cw_writer *w = open_writer(&b, "key", &o);
    do {
        CHECK_INT(cw_writer_write(w, whole + sent, PART), CW_OK);
        sent += PART;
        cw_client_get_stats(b.client, &stats);
    } while (sent < WHOLE && stats.parts_at_once <= TRIED);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    check_object(&b, "key", whole, sent);
    bed_close(&b);
    return stats.parts_at_once;
}

/*
 * Each connection is slow, and there are many: what brings more through is taken. A machine with
 * other things to do takes its own time for each part, so the server's grows until it is what
 * counts.
 */
static void more_parts_at_once_where_that_helps(void)
{
    unsigned char *whole = noise(WHOLE);
    uint64_t got = 0;

    for (int latency = 40, i = 0; got <= TRIED && i < 6; latency *= 2, i++)
        got = parts_at_once(whole, latency, false);
    CHECK(got > TRIED && got <= 32);
    CHECK_INT(parts_at_once(whole, 40, true), 8);
    free(whole);
}

int main(int argc, char **argv)
{
    data = noise(100 * SMALL);
    WITHIN(16000, sixteen_writers_share_what_is_allowed);
    WITHIN(4000, without_pacing);
    WITHIN(6000, parts_that_are_stuck_are_sent_again);
    WITHIN(6000, given_up_while_looking_again);
    WITHIN(10000, few_are_sent_again);
    WITHIN(4000, without_hedging);
    WITHIN(6000, ranges_that_take_too_long_are_asked_for_again);
    WITHIN(12000, more_parts_at_once_where_that_helps);
    free(data);
    return test_end();
}
