/* throughput.c - what bench/throughput/run measures
 *
 *     cw_throughput pace WRITERS SETTLE_S MEASURE_S   many writers of small parts, without end
 *     cw_throughput parts COUNT BYTES                 one object of so many parts
 *     cw_throughput ranges COUNT BYTES                the same, and how long it takes to read it
 *
 * The endpoint and the keys come from the AWS_* variables; CW_OFF is a list of what to turn off:
 * pacing, hedging. stdout gets one line of JSON.
 */
#include <cloudwriter/cloudwriter.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_WRITERS = 256, SMALL_PART = 32 * 1024, SMALL_PARTS = 50 };

static cw_client *client;
static atomic_bool stopping;
static char block[1024 * 1024];

static _Noreturn void fail(const char *what, const cw_error *e)
{
    fprintf(stderr, "cw_throughput: %s: %s: %s\n", what, cw_status_name(e->status), e->message);
    exit(1);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sleep_s(double s)
{
    struct timespec t = {.tv_sec = (time_t)s, .tv_nsec = (long)((s - (double)(time_t)s) * 1e9)};

    nanosleep(&t, NULL);
}

static bool is_off(const char *what)
{
    const char *off = getenv("CW_OFF");

    return off && strstr(off, what) != NULL;
}

static void make_client(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_error e;

    if (cw_client_options_from_env(&o, &e) != CW_OK)
        fail("environment", &e);
    o.no_pacing = is_off("pacing");
    o.no_hedging = is_off("hedging");
    o.max_attempts = 100;
    if (cw_client_new(&client, &o, &e) != CW_OK)
        fail("cw_client_new", &e);
}

static void write_object(const char *url, uint64_t part_bytes, unsigned parts)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_writer *w;
    cw_error e;

    o.part_policy = CW_PARTS_FIXED;
    o.part_bytes = part_bytes;
    if (cw_writer_open(&w, client, url, &o, &e) != CW_OK)
        fail("cw_writer_open", &e);
    for (uint64_t left = part_bytes * parts; left > 0 && !atomic_load(&stopping);) {
        size_t n = left < sizeof block ? (size_t)left : sizeof block;

        if (cw_writer_write(w, block, n) != CW_OK)
            fail("cw_writer_write", cw_writer_error(w));
        left -= n;
    }
    if (cw_writer_close(w, NULL, &e) != CW_OK)
        fail("cw_writer_close", &e);
}

/* ---- pace ---- */

static void *write_without_end(void *unused)
{
    static atomic_uint next;
    char url[64];

    (void)unused;
    snprintf(url, sizeof url, "s3://bucket/pace-%u", atomic_fetch_add(&next, 1));
    while (!atomic_load(&stopping))
        write_object(url, SMALL_PART, SMALL_PARTS);
    return NULL;
}

static void pace(unsigned writers, double settle_s, double measure_s)
{
    pthread_t threads[MOST_WRITERS];
    cw_client_stats from, to;
    double start;

    for (unsigned i = 0; i < writers; i++)
        if (pthread_create(&threads[i], NULL, write_without_end, NULL) != 0)
            exit(1);
    sleep_s(settle_s);
    cw_client_get_stats(client, &from);
    start = now_s();
    sleep_s(measure_s);
    cw_client_get_stats(client, &to);
    printf("{\"seconds\": %.3f, \"requests\": %llu, \"throttled\": %llu, \"settling\": %llu, "
           "\"settling_throttled\": %llu}\n",
           now_s() - start, (unsigned long long)(to.requests - from.requests),
           (unsigned long long)(to.throttled - from.throttled), (unsigned long long)from.requests,
           (unsigned long long)from.throttled);
    fflush(stdout);
    atomic_store(&stopping, true);
    for (unsigned i = 0; i < writers; i++)
        pthread_join(threads[i], NULL);
}

/* ---- parts ---- */

static void parts(unsigned count, uint64_t bytes)
{
    cw_client_stats s;
    double start = now_s();

    write_object("s3://bucket/parts", bytes, count);
    cw_client_get_stats(client, &s);
    printf("{\"seconds\": %.3f, \"requests\": %llu, \"retries\": %llu, \"hedged\": %llu}\n",
           now_s() - start, (unsigned long long)s.requests, (unsigned long long)s.retries,
           (unsigned long long)s.hedged);
}

/* ---- ranges ---- */

static void read_object(const char *url)
{
    cw_reader *r;
    cw_error e;
    size_t n = 1;

    if (cw_reader_open(&r, client, url, &e) != CW_OK)
        fail("cw_reader_open", &e);
    while (n > 0)
        if (cw_reader_read(r, block, sizeof block, &n, &e) != CW_OK)
            fail("cw_reader_read", &e);
    cw_reader_close(r);
}

static void ranges(unsigned count, uint64_t bytes)
{
    cw_client_stats before, after;
    double start;

    write_object("s3://bucket/ranges", bytes, count);
    cw_client_get_stats(client, &before);
    start = now_s();
    read_object("s3://bucket/ranges");
    cw_client_get_stats(client, &after);
    printf("{\"seconds\": %.3f, \"hedged\": %llu}\n", now_s() - start,
           (unsigned long long)(after.hedged - before.hedged));
}

int main(int argc, char **argv)
{
    srand(1);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)rand();
    make_client();
    if (argc == 5 && strcmp(argv[1], "pace") == 0 && atoi(argv[2]) <= MOST_WRITERS)
        pace((unsigned)atoi(argv[2]), atof(argv[3]), atof(argv[4]));
    else if (argc == 4 && strcmp(argv[1], "parts") == 0)
        parts((unsigned)atoi(argv[2]), strtoull(argv[3], NULL, 10));
    else if (argc == 4 && strcmp(argv[1], "ranges") == 0)
        ranges((unsigned)atoi(argv[2]), strtoull(argv[3], NULL, 10));
    else
        return 2;
    cw_client_release(client);
    return 0;
}
