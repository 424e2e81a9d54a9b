/* test_throughput.c - what the requests of a client share: their pace */
#include "fixture.h"

enum { SMALL = 4000, WRITERS = 16 };

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

static void sixteen_writers_share_what_is_allowed(void)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    pthread_t threads[WRITERS];
    cw_client_stats stats;

    so.max_request_rate = 200;
    co.max_attempts = 30;
    bed b = bed_open(&so, &co);
    crowd c = {.b = &b, .options = parts_of(SMALL)};
    for (int i = 0; i < WRITERS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, write_without_end, &c) == 0);
    sleep_ms(2000);
    uint64_t all = requests(&b, NULL), refused = ts_throttled_count(b.server);
    int64_t start = now_ms();
    sleep_ms(3000);
    double seconds = (double)(now_ms() - start) / 1000;
    refused = ts_throttled_count(b.server) - refused;
    all = requests(&b, NULL) - all;
    cw_client_get_stats(b.client, &stats);
    atomic_store(&c.over, true);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);

    CHECK((double)(all - refused) >= 0.85 * 200 * seconds); /* bench/throughput measures longer */
    CHECK((double)refused < 0.05 * (double)all);
    CHECK_INT(c.failures, 0);
    CHECK(c.objects >= WRITERS);
    CHECK(stats.paced > 0 && stats.throttled > 0);
    CHECK(stats.request_rate > 100 && stats.request_rate < 400);
    bed_close(&b);
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

int main(int argc, char **argv)
{
    data = noise(100 * SMALL);
    WITHIN(12000, sixteen_writers_share_what_is_allowed);
    WITHIN(4000, without_pacing);
    free(data);
    return test_end();
}
