/* test_memory.c - many writers, many threads, one budget: nobody waits for ever, nobody grows */
#include "fixture.h"

enum { PART = 400 * 1000, SLAB = 64 * 1024 };

static unsigned char *data; /* 8 MiB */

/* The least that a client may have. */
static cw_client_options short_of_memory(void)
{
    cw_client_options c = client_defaults();

    c.memory_bytes = 12 * MIB;
    c.stall_timeout_ms = c.commit_timeout_ms = 800;
    return c;
}

/* What of it is for parts: no part may be larger. */
static size_t room_for_parts(bed *b)
{
    cw_writer_options o = parts_of(12 * MIB);
    cw_writer *w = NULL;

    while (cw_writer_open(&w, b->client, "s3://bucket/key", &o, NULL) != CW_OK &&
           o.part_bytes > MIB)
        o.part_bytes -= SLAB;
    CHECK_INT(cw_writer_abort(w, NULL), CW_OK);
    REQUIRE(o.part_bytes > 3 * MIB && o.part_bytes < 8 * MIB);
    return (size_t)o.part_bytes;
}

static uint64_t held(bed *b)
{
    cw_client_stats stats;

    cw_client_get_stats(b->client, &stats);
    return stats.memory_bytes;
}

/* A writer that takes all there is but 1 MiB, into a part that may not be cut. */
static cw_writer *open_glutton(bed *b, size_t room)
{
    cw_writer_options o = parts_of(room);
    cw_writer *w = open_writer(b, "glutton", &o);

    CHECK_INT(write_all(w, data, room - MIB), CW_OK);
    return w;
}

/* ---- waiting for others ---- */

typedef struct helper {
    bed *b;
    cw_writer *w;
    int after_ms;
    bool close;
} helper;

static void *free_later(void *user)
{
    helper *h = user;
    cw_error err;

    sleep_ms(h->after_ms);
    if (h->close)
        CHECK_OK(cw_writer_close(h->w, NULL, &err), err);
    else
        CHECK_OK(cw_writer_abort(h->w, &err), err);
    return NULL;
}

static void waits_for_another_writer_and_goes_on(void)
{
    cw_client_options c = short_of_memory();

    for (int closes = 0; closes < 2; closes++) {
        bed b = bed_open(NULL, &c);
        size_t room = room_for_parts(&b);
        cw_writer_options o = parts_of(room);
        helper h = {.b = &b, .w = open_glutton(&b, room), .after_ms = 300, .close = closes};
        pthread_t thread;
        cw_error err;

        CHECK_INT(pthread_create(&thread, NULL, free_later, &h), 0);
        int64_t start = now_ms();
        CHECK_OK(send_bytes(&b, "key", &o, data, room, NULL, &err), err);
        CHECK(now_ms() - start >= 150);
        pthread_join(thread, NULL);
        check_object(&b, "key", data, room);
        CHECK_INT(ts_object_exists(b.server, "bucket", "glutton"), closes);
        bed_close(&b);
    }
}

/* All wait for each other, in one thread: an error, and not after more than the stall timeout. */
static void all_blocked_in_one_thread(void)
{
    cw_client_options c = short_of_memory();
    bed b = bed_open(NULL, &c);
    size_t room = room_for_parts(&b);
    cw_writer_options o = parts_of(room);
    cw_error err;
    cw_writer *glutton = open_glutton(&b, room);
    int64_t start = now_ms();

    CHECK_STATUS(send_bytes(&b, "key", &o, data, room, NULL, &err), CW_E_BUDGET, err);
    CHECK(now_ms() - start < 800 + 1500 * SLOWNESS * LEEWAY);
    CHECK(strstr(err.message, "memory_bytes"));
    check_nothing(&b, "key");
    CHECK_OK(cw_writer_close(glutton, NULL, &err), err);
    check_object(&b, "glutton", data, room - MIB);
    CHECK_OK(send_bytes(&b, "key", &o, data, room, NULL, &err), err);
    bed_close(&b);
}

typedef struct rival {
    bed *b;
    pthread_t thread;
    pthread_barrier_t *filled;
    size_t part; /* bytes of the one it writes, in two halves */
    char key[20];
    cw_status answer;
} rival;

static void *compete(void *user)
{
    rival *r = user;
    cw_writer_options o = parts_of(r->part);
    cw_writer *w = open_writer(r->b, r->key, &o);
    size_t half = r->part / 2;
    cw_error err;

    write_all(w, data, half);
    pthread_barrier_wait(r->filled);
    write_all(w, data + half, r->part - half);
    r->answer = cw_writer_close(w, NULL, &err);
    look_into_error(&err);
    return NULL;
}

/* Three fill half a part each, and there is no room for the other halves. */
static void all_blocked_in_many_threads(void)
{
    cw_client_options c = short_of_memory();
    bed b = bed_open(NULL, &c);
    size_t part = room_for_parts(&b) * 5 / 8;
    pthread_barrier_t filled;
    rival rivals[3];

    pthread_barrier_init(&filled, NULL, 3);
    for (int i = 0; i < 3; i++) {
        rivals[i] = (rival){.b = &b, .filled = &filled, .part = part};
        snprintf(rivals[i].key, sizeof rivals[i].key, "key%d", i);
        CHECK_INT(pthread_create(&rivals[i].thread, NULL, compete, &rivals[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(rivals[i].thread, NULL);
        CHECK(rivals[i].answer == CW_OK || rivals[i].answer == CW_E_BUDGET);
        if (rivals[i].answer == CW_OK)
            check_object(&b, rivals[i].key, data, part);
        else
            CHECK(!ts_object_exists(b.server, "bucket", rivals[i].key));
    }
    CHECK_INT(ts_upload_count(b.server), 0);
    pthread_barrier_destroy(&filled);
    bed_close(&b);
}

/* Parts that have the minimum are cut, rather than waited for. */
static void short_memory_makes_short_parts(void)
{
    cw_client_options c = short_of_memory();
    ts_options s = server_defaults();
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_writer *small[4];
    cw_error err;

    s.min_part_bytes = 0;
    c.memory_bytes = 13 * MIB;
    bed b = bed_open(&s, &c);
    for (int i = 0; i < 4; i++) {
        char key[20];
        snprintf(key, sizeof key, "small%d", i);
        small[i] = open_writer(&b, key, NULL);
        CHECK_INT(cw_writer_write(small[i], "x", 1), CW_OK);
    }
    CHECK_OK(send_bytes(&b, "key", &o, data, 8 * MIB, NULL, &err), err);
    check_object(&b, "key", data, 8 * MIB);
    for (int i = 0; i < 4; i++)
        CHECK_OK(cw_writer_close(small[i], NULL, &err), err);
    CHECK_INT(ts_object_count(b.server, NULL), 5);
    bed_close(&b);
}

typedef struct patience {
    int calls, stop_at;
} patience;

static int count_calls(void *user, const cw_stats *now)
{
    patience *p = user;

    (void)now;
    return ++p->calls == p->stop_at;
}

static void waiting_for_memory_can_be_watched_and_stopped(void)
{
    cw_client_options c = short_of_memory();
    patience p = {.stop_at = 6};
    cw_error err;

    c.stall_timeout_ms = 60000;
    bed b = bed_open(NULL, &c);
    size_t room = room_for_parts(&b);
    cw_writer_options o = parts_of(room);
    cw_writer *glutton = open_glutton(&b, room);
    o.progress = count_calls;
    o.progress_user = &p;
    o.progress_interval_ms = 50;
    CHECK_STATUS(send_bytes(&b, "key", &o, data, room, NULL, &err), CW_E_CANCELLED, err);
    CHECK_INT(p.calls, 6);
    o.progress = NULL;
    o.deadline_ms = 300;
    CHECK_STATUS(send_bytes(&b, "key", &o, data, room, NULL, &err), CW_E_TIMEOUT, err);
    check_nothing(&b, "key");
    CHECK_OK(cw_writer_abort(glutton, &err), err);
    bed_close(&b);
}

/* All the memory is in parts that do not move: it comes back when they are given up. */
static void waits_for_parts_that_stall(void)
{
    cw_client_options c = short_of_memory();
    rival stuck = {.key = "stuck"};
    pthread_barrier_t filled;
    cw_error err;

    c.stall_timeout_ms = c.commit_timeout_ms = 1000;
    c.max_attempts = 3;
    bed b = bed_open(NULL, &c);
    stuck.b = &b;
    stuck.filled = &filled;
    stuck.part = room_for_parts(&b);
    cw_writer_options o = parts_of(stuck.part / 2);
    pthread_barrier_init(&filled, NULL, 2);
    faults(&b, "op=PutObject key=stuck times=inf do=delay:20000,drop_before");
    CHECK_INT(pthread_create(&stuck.thread, NULL, compete, &stuck), 0);
    pthread_barrier_wait(&filled);
    while (requests(&b, "PutObject") == 0) /* it has all it needs */
        sleep_ms(1);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(send_bytes(&b, "key", &o, data, 7 * MIB, NULL, &err), err);
        check_object(&b, "key", data, 7 * MIB);
    }
    pthread_join(stuck.thread, NULL);
    /* Not known, if the kernel took it all. */
    CHECK(stuck.answer == CW_E_TIMEOUT || stuck.answer == CW_E_INDETERMINATE);
    check_nothing(&b, "stuck");
    pthread_barrier_destroy(&filled);
    bed_close(&b);
}

/* ---- the budget holds ---- */

static void a_fast_producer_stays_in_its_budget(void)
{
    enum { BUDGET = 16 * MIB, ROUNDS = 6 };
    cw_client_options c = client_defaults();
    cw_writer_options o = parts_of(2 * MIB);
    ts_options s = server_defaults();
    cw_client_stats stats;
    cw_error err;

    c.memory_bytes = BUDGET;
    s.mbps = 60;
    bed b = bed_open(&s, &c);
    cw_writer *w = open_writer(&b, "key", &o);
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_INT(write_all(w, data, 8 * MIB), CW_OK);
        CHECK(held(&b) <= BUDGET);
    }
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    cw_client_get_stats(b.client, &stats);
    CHECK(stats.memory_peak_bytes <= BUDGET && stats.memory_peak_bytes > BUDGET / 2);
    CHECK_INT(ts_object_size(b.server, "bucket", "key"), ROUNDS * 8 * MIB);
    bed_close(&b);
}

static void an_error_gives_the_memory_back(void)
{
    bed b = bed_open(NULL, NULL);
    cw_writer_options o = parts_of(PART);
    cw_status st = CW_OK;
    int64_t give_up = now_ms() + 5000;

    faults(&b, "op=UploadPart part=1 times=inf do=status:403:AccessDenied\n"
               "op=UploadPart times=inf do=delay:50");
    cw_writer *w = open_writer(&b, "key", &o);
    while (st == CW_OK && now_ms() < give_up)
        st = cw_writer_write(w, data, 100000);
    CHECK_INT(st, CW_E_PERMISSION);
    while (held(&b) > PART + SLAB && now_ms() < give_up)
        sleep_ms(5);
    CHECK(held(&b) <= PART + SLAB); /* the part being filled, at most */
    CHECK_INT(cw_writer_abort(w, NULL), CW_OK);
    bed_close(&b);
}

/* ---- many ---- */

static void thousands_of_small_writers(void)
{
    enum { WRITERS = 3000 };
    static cw_writer *w[WRITERS];
    cw_client_options c = client_defaults();
    cw_client_stats stats;
    char key[20];
    cw_error err;

    c.memory_bytes = 256 * (uint64_t)MIB;
    bed b = bed_open(NULL, &c);
    for (int i = 0; i < WRITERS; i++) {
        snprintf(key, sizeof key, "key%d", i);
        w[i] = open_writer(&b, key, NULL);
    }
    CHECK_INT(held(&b), 0);
    for (int i = 0; i < WRITERS; i++)
        CHECK_INT(cw_writer_write(w[i], data + i, 1 + (size_t)i % 300), CW_OK);
    CHECK_INT(requests(&b, NULL), 0);
    for (int i = 0; i < WRITERS; i++)
        CHECK_OK(cw_writer_close(w[i], NULL, &err), err);
    CHECK_INT(ts_object_count(b.server, NULL), WRITERS);
    check_object(&b, "key2999", data + 2999, 1 + 2999 % 300);
    cw_client_get_stats(b.client, &stats);
    CHECK_INT(stats.requests, WRITERS);
    CHECK(stats.connections <= 32);
    bed_close(&b);
}

/* In turns, by one thread, each with parts on their way, in a budget that does not hold them all.
 */
static void writers_in_turns(void)
{
    enum { WRITERS = 24, PIECE = 50 * 1000, PIECES = 30 };
    cw_writer *w[WRITERS];
    cw_client_options c = client_defaults();
    cw_writer_options o = parts_of(300 * 1000);
    char key[20];
    cw_error err;

    c.memory_bytes = 16 * MIB;
    bed b = bed_open(NULL, &c);
    for (int i = 0; i < WRITERS; i++) {
        snprintf(key, sizeof key, "key%d", i);
        w[i] = open_writer(&b, key, &o);
    }
    for (size_t piece = 0; piece < PIECES; piece++)
        for (size_t i = 0; i < WRITERS; i++)
            CHECK_INT(cw_writer_write(w[i], data + i + piece * PIECE, PIECE), CW_OK);
    for (size_t i = 0; i < WRITERS; i++) {
        snprintf(key, sizeof key, "key%zu", i);
        CHECK_OK(cw_writer_close(w[i], NULL, &err), err);
        CHECK_INT(ts_object_exists(b.server, "bucket", key), 1);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        snprintf(key, sizeof key, "key%zu", i);
        check_object(&b, key, data + i, PIECE * PIECES);
    }
    bed_close(&b);
}

/* ---- a client shared by threads ---- */

typedef struct worker {
    bed *b;
    pthread_t thread;
    unsigned number;
    int failed;
} worker;

static cw_writer_options some_options(uint64_t *random)
{
    cw_writer_options o = parts_of(20 * 1000 + mix(random) % 200000);

    o.part_policy = mix(random) % 2 ? CW_PARTS_FIXED : CW_PARTS_GROWING;
    o.checksum = (cw_checksum)(mix(random) % (CW_CHECKSUM_NONE + 1));
    o.concurrency = 1 + (unsigned)(mix(random) % 8);
    return o;
}

static void *work(void *user)
{
    worker *k = user;
    uint64_t random = k->number;

    for (int i = 0; i < 15; i++) {
        cw_writer_options o = some_options(&random);
        size_t n = mix(&random) % (mix(&random) % 4 ? 600000 : 1000);
        bool gives_up = mix(&random) % 5 == 0;
        char key[40];
        cw_writer *w;
        cw_error err;

        snprintf(key, sizeof key, "s3://bucket/key%u-%d", k->number, i);
        k->failed += cw_writer_open(&w, k->b->client, key, &o, &err) != CW_OK;
        k->failed += write_all(w, data + k->number, n) != CW_OK;
        k->failed +=
            (gives_up ? cw_writer_abort(w, &err) : cw_writer_close(w, NULL, &err)) != CW_OK;
        look_into_error(&err);
        if (!gives_up) {
            size_t got = 0;
            unsigned char *p = ts_object_bytes(k->b->server, "bucket", key + 12, &got);
            k->failed += !p || got != n || memcmp(p, data + k->number, n) != 0;
            free(p);
        } else {
            k->failed += ts_object_exists(k->b->server, "bucket", key + 12);
        }
    }
    return NULL;
}

static void share_between_threads(unsigned io_threads, const char *rules)
{
    enum { THREADS = 16 };
    cw_client_options c = client_defaults();
    worker workers[THREADS];

    c.io_threads = io_threads;
    c.max_attempts = 8;
    bed b = bed_open(NULL, &c);
    faults(&b, rules);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (worker){.b = &b, .number = i};
        CHECK_INT(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        CHECK_INT(workers[i].failed, 0);
    }
    CHECK_INT(ts_upload_count(b.server), 0);
    bed_close(&b);
}

static void sixteen_threads_on_one_client(void)
{
    share_between_threads(1, "");
    share_between_threads(3, "");
}

static void sixteen_threads_in_trouble(void)
{
    share_between_threads(2, "op=UploadPart times=inf probability=0.1 do=status:500:InternalError\n"
                             "op=UploadPart times=inf probability=0.05 do=reset_request:1000\n"
                             "op=PutObject times=inf probability=0.1 do=drop_reply_after_commit\n"
                             "op=CompleteMultipartUpload times=inf probability=0.2 "
                             "do=drop_reply_after_commit");
}

/* A writer keeps its client alive. */
static void the_client_is_released_first(void)
{
    bed b = bed_open(NULL, NULL);
    cw_writer_options o = parts_of(PART);
    cw_error err;
    cw_writer *w = open_writer(&b, "key", &o);

    CHECK_INT(write_all(w, data, 2 * PART), CW_OK);
    cw_client_release(b.client);
    CHECK_INT(write_all(w, data + 2 * PART, PART), CW_OK);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    check_object(&b, "key", data, 3 * PART);
    ts_server_stop(b.server);
}

int main(int argc, char **argv)
{
    data = noise(8 * MIB);
    WITHIN(4000, waits_for_another_writer_and_goes_on);
    WITHIN(4000, all_blocked_in_one_thread);
    WITHIN(5000, all_blocked_in_many_threads);
    WITHIN(4000, short_memory_makes_short_parts);
    WITHIN(4000, waiting_for_memory_can_be_watched_and_stopped);
    WITHIN(8000, waits_for_parts_that_stall);
    WITHIN(8000, a_fast_producer_stays_in_its_budget);
    WITHIN(6000, an_error_gives_the_memory_back);
    WITHIN(6000, thousands_of_small_writers);
    WITHIN(5000, writers_in_turns);
    WITHIN(10000, sixteen_threads_on_one_client);
    WITHIN(10000, sixteen_threads_in_trouble);
    WITHIN(3000, the_client_is_released_first);
    free(data);
    return test_end();
}
