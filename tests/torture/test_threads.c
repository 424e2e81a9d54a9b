/* test_threads.c - many threads, writers and clients at once, for the thread sanitizer above all
 *
 * Writers are opened by one thread, written to by another and closed by a third. Some are aborted,
 * the server fails now and then, the log is told everything, and counters are read meanwhile.
 * Clients are given back by their owner at once, so that the last writer, on any thread, ends them.
 */
#include "scripted/fixture.h"

enum { PART = 64 * 1024, THREADS = 8, CLIENTS = 2, PLACES = 6 };
enum { ROUNDS = SLOWNESS > 1 ? 6 : 25 };

typedef enum stage { EMPTY, OPENED, WRITTEN } stage;

/* A writer that goes from hand to hand. */
typedef struct place {
    pthread_mutex_t lock;
    stage stage;
    cw_writer *w;
    size_t bytes;
    unsigned number;
} place;

static bed b;
static cw_client *clients[CLIENTS];
static place places[PLACES];
static unsigned char *data;
static atomic_uint numbers, committed, failed, aborted;
static atomic_bool watching;

static size_t some_bytes(unsigned number)
{
    static const size_t sizes[] = {0, 1, 1000, PART, PART + 1, 3 * PART + 5, 6 * PART};

    return sizes[number % (sizeof sizes / sizeof *sizes)];
}

static void open_at(place *p)
{
    cw_writer_options o = parts_of(PART);
    char url[60];
    cw_error err;

    p->number = atomic_fetch_add(&numbers, 1);
    p->bytes = some_bytes(p->number);
    if (p->number % 5 == 0)
        o.compression = CW_COMPRESSION_ZSTD;
    o.compression_threads = p->number % 2;
    snprintf(url, sizeof url, p->number % 7 == 3 ? "mem://object-%u" : "s3://bucket/object-%u",
             p->number);
    CHECK_OK(cw_writer_open(&p->w, clients[p->number % CLIENTS], url, &o, &err), err);
    p->stage = p->w ? OPENED : EMPTY;
}

static void write_at(place *p)
{
    cw_stats stats;

    (void)write_all(p->w, data, p->bytes);
    cw_writer_stats(p->w, &stats);
    p->stage = WRITTEN;
}

/* Whole, or not there; compressed ones are other tests' matter. */
static void check_at(const place *p, cw_status st)
{
    char key[40];

    snprintf(key, sizeof key, "object-%u", p->number);
    if (p->number % 7 == 3 || st == CW_E_INDETERMINATE)
        return;
    if (st == CW_OK && p->number % 5 != 0)
        CHECK_INT(ts_object_size(b.server, "bucket", key), p->bytes);
    if (st != CW_OK)
        CHECK(!ts_object_exists(b.server, "bucket", key));
}

static void end_at(place *p)
{
    cw_object_info info;
    cw_error err;
    cw_status st;

    p->stage = EMPTY;
    if (p->number % 6 == 4) {
        CHECK_OK(cw_writer_abort(p->w, &err), err);
        atomic_fetch_add(&aborted, 1);
        check_at(p, CW_E_CANCELLED);
        return;
    }
    st = cw_writer_close(p->w, &info, &err);
    look_into_error(&err);
    atomic_fetch_add(st == CW_OK ? &committed : &failed, 1);
    check_at(p, st);
}

static void *pass_on(void *user)
{
    uint64_t state = (uintptr_t)user;

    for (int i = 0; i < ROUNDS * PLACES;) {
        place *p = &places[mix(&state) % PLACES];

        if (pthread_mutex_trylock(&p->lock) != 0) {
            sched_yield();
            continue;
        }
        if (p->stage == EMPTY)
            open_at(p);
        else if (p->stage == OPENED)
            write_at(p);
        else
            end_at(p);
        pthread_mutex_unlock(&p->lock);
        i++;
    }
    return NULL;
}

static void *watch(void *unused)
{
    (void)unused;
    while (atomic_load(&watching)) {
        cw_client_stats stats;

        for (int i = 0; i < CLIENTS; i++)
            cw_client_get_stats(clients[i], &stats);
        sleep_ms(1);
    }
    return NULL;
}

static void end_what_is_left(void)
{
    for (int i = 0; i < PLACES; i++) {
        if (places[i].stage == OPENED)
            write_at(&places[i]);
        if (places[i].stage == WRITTEN)
            end_at(&places[i]);
        pthread_mutex_destroy(&places[i].lock);
    }
}

static void writers_from_hand_to_hand(void)
{
    pthread_t threads[THREADS], watcher;
    cw_client_options c = client_defaults();

    b = bed_open(NULL, NULL);
    c.io_threads = 2;
    clients[0] = cw_client_retain(b.client);
    clients[1] = start_client(b.server, &c);
    faults(&b, "probability=0.02 times=inf do=status:500:InternalError\n"
               "probability=0.02 times=inf do=reset_request:0\n"
               "probability=0.01 times=inf do=drop_before");
    for (int i = 0; i < PLACES; i++)
        pthread_mutex_init(&places[i].lock, NULL);
    atomic_store(&watching, true);
    REQUIRE(pthread_create(&watcher, NULL, watch, NULL) == 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, pass_on, (void *)(i + 1)) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&watching, false);
    pthread_join(watcher, NULL);
    ts_fault_clear(b.server);
    end_what_is_left();
    fprintf(stderr, "    %u committed, %u failed, %u aborted, %lu log lines\n",
            atomic_load(&committed), atomic_load(&failed), atomic_load(&aborted),
            atomic_load(&log_lines));
    CHECK(atomic_load(&committed) > 10 * atomic_load(&failed));
    CHECK(atomic_load(&aborted) > 0 && atomic_load(&log_lines) > 100);
    for (int i = 0; i < CLIENTS; i++)
        cw_client_release(clients[i]);
    cw_memory_remove(NULL);
    bed_close(&b);
}

/* ---- the last writer ends the client ---- */

typedef struct last {
    pthread_t thread;
    cw_writer *w;
    unsigned i;
} last;

static void *close_it(void *user)
{
    last *l = user;
    cw_error err;

    (void)write_all(l->w, data, 2 * PART + l->i);
    if (l->i % 3 == 2)
        CHECK_OK(cw_writer_abort(l->w, &err), err);
    else
        CHECK_OK(cw_writer_close(l->w, NULL, &err), err);
    return NULL;
}

static void the_last_writer_ends_the_client(void)
{
    enum { WRITERS = 6 };
    bed server = bed_open(NULL, NULL);

    for (int round = 0; round < ROUNDS; round++) {
        bed own = {.server = server.server, .client = start_client(server.server, NULL)};
        last lasts[WRITERS];

        for (unsigned i = 0; i < WRITERS; i++) {
            cw_writer_options o = parts_of(PART);
            char key[20];

            snprintf(key, sizeof key, "last-%u", i);
            lasts[i] = (last){.w = open_writer(&own, key, &o), .i = i};
        }
        cw_client_release(own.client);
        for (unsigned i = 0; i < WRITERS; i++)
            REQUIRE(pthread_create(&lasts[i].thread, NULL, close_it, &lasts[i]) == 0);
        for (unsigned i = 0; i < WRITERS; i++)
            pthread_join(lasts[i].thread, NULL);
        CHECK_INT(ts_object_size(server.server, "bucket", "last-0"), 2 * PART);
        CHECK(!ts_object_exists(server.server, "bucket", "last-2"));
        CHECK_INT(ts_upload_count(server.server), 0);
    }
    bed_close(&server);
}

/* Clients of several threads come and go at once. */
static void *come_and_go(void *user)
{
    bed *own = user;

    for (int i = 0; i < ROUNDS; i++) {
        bed mine = {.server = own->server, .client = start_client(own->server, NULL)};
        cw_error err;

        CHECK_OK(send_bytes(&mine, "shared", NULL, data, 500, NULL, &err), err);
        cw_client_release(cw_client_retain(mine.client));
        cw_client_release(mine.client);
    }
    return NULL;
}

static void clients_come_and_go(void)
{
    bed server = bed_open(NULL, NULL);
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, come_and_go, &server) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(ts_object_size(server.server, "bucket", "shared"), 500);
    bed_close(&server);
}

int main(int argc, char **argv)
{
    data = noise(6 * PART);
    WITHIN(40000, writers_from_hand_to_hand);
    WITHIN(20000, the_last_writer_ends_the_client);
    WITHIN(20000, clients_come_and_go);
    free(data);
    return test_end();
}
