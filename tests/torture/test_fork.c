/* test_fork.c - the child of a fork sends nothing, and the parent goes on as if nothing happened
 *
 * A child inherits open writers of every kind. Whatever it calls on them answers CW_E_STATE; to
 * close, to abort and to exit with full stdio buffers sends nothing; and the parent commits the
 * right object afterwards. A client of its own works in the child. Forks in the midst of other
 * threads' work find no lock held.
 */
#include "fault_alloc.h"
#include "scripted/fixture.h"

#include <sys/stat.h>
#include <sys/wait.h>

enum {
    PART = 64 * 1024,
    WHOLE = 5 * PART + 100,
    FORKS = 40,
    WRITERS = 4,
    LARGE = 4 * MIB,
    LEAST_RANGE = 256 * 1024
};

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BUILT_WITH_ASAN
#endif
#endif
#if defined(BUILT_WITH_ASAN) || defined(__SANITIZE_ADDRESS__)
enum { UNDER_ASAN = 1 };
#else
enum { UNDER_ASAN = 0 };
#endif

/* In a child the threads are gone that hold what they had allocated. */
static bool is_child;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return is_child;
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "die_after_fork=0";
}

static unsigned char *data;
static char folder[64];

/* ---- children ---- */

/* Run it in a child, which must end well and soon. */
static int in_child(void (*what)(void *), void *user, bool by_exit)
{
    int status;
    pid_t pid = fork();

    REQUIRE(pid >= 0);
    if (pid == 0) {
        is_child = true;
        test_failures_here = 0;
        alarm(20 * SLOWNESS * LEEWAY);
        signal(SIGALRM, SIG_DFL);
        what(user);
        if (by_exit)
            exit(test_failures_here ? 1 : 0);
        _exit(test_failures_here ? 1 : 0);
    }
    REQUIRE(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* ---- what is inherited ---- */

typedef struct estate {
    bed b;
    cw_writer *w;      /* in mid-upload */
    cw_writer *packed; /* with gzip in front */
    cw_writer *file;
    cw_writer *memory;
    FILE *stream; /* on S3, its buffer not empty */
    FILE *view;   /* of w */
    cw_csv *csv;
    cw_error doubt;
} estate;

static cw_writer *open_at(const estate *e, const char *url, const cw_writer_options *o)
{
    cw_writer *w;
    cw_error err;

    CHECK_OK(cw_writer_open(&w, e->b.client, url, o, &err), err);
    REQUIRE(w);
    return w;
}

static estate estate_open(void)
{
    estate e = {.b = bed_open(NULL, NULL)};
    cw_writer_options o = parts_of(PART), gzip = o;
    char path[100];
    cw_error err;

    gzip.compression = CW_COMPRESSION_GZIP;
    snprintf(path, sizeof path, "%s/object", folder);
    e.w = open_at(&e, "s3://bucket/key", &o);
    e.packed = open_at(&e, "s3://bucket/packed", &gzip);
    e.file = open_at(&e, path, NULL);
    e.memory = open_at(&e, "mem://fork", NULL);
    e.stream = cw_fopen_with("s3://bucket/stream", "w", e.b.client, &o, &err);
    REQUIRE(e.stream);
    CHECK_OK(cw_csv_new(&e.csv, e.packed, NULL, &err), err);
    CHECK_INT(write_all(e.w, data, 3 * PART), CW_OK);
    CHECK_INT(cw_writer_write(e.packed, data, PART), CW_OK);
    CHECK_INT(cw_writer_write(e.file, data, 100), CW_OK);
    CHECK_INT(cw_writer_write(e.memory, data, 100), CW_OK);
    CHECK_INT(fwrite(data, 1, 3 * PART + 10, e.stream), 3 * PART + 10);
    CHECK_INT(cw_writer_file(e.w, &e.view), CW_OK);
    CHECK_INT(fwrite(data + 3 * PART, 1, 10, e.view), 10);
    e.doubt.status = CW_E_INDETERMINATE;
    strcpy(e.doubt.commit_token, "0123456789abcdef");
    return e;
}

/* All parts that are full have arrived, so that nothing more moves until somebody writes. */
static void let_it_rest(estate *e)
{
    uint64_t before, after = requests(&e->b, NULL);
    int64_t give_up = now_ms() + 10000;

    do {
        before = after;
        sleep_ms(50);
        after = requests(&e->b, NULL);
    } while (after != before && now_ms() < give_up);
}

/* The parent closes it all, and it is all there. */
static void estate_close(estate *e)
{
    unsigned char *packed;
    struct stat file;
    const void *memory;
    char path[100];
    cw_error err;
    size_t n;

    CHECK_INT(fclose(e->view), 0);
    CHECK_INT(write_all(e->w, data + 3 * PART + 10, WHOLE - 3 * PART - 10), CW_OK);
    CHECK_OK(cw_writer_close(e->w, NULL, &err), err);
    cw_csv_free(e->csv);
    CHECK_OK(cw_writer_close(e->packed, NULL, &err), err);
    CHECK_OK(cw_writer_close(e->file, NULL, &err), err);
    CHECK_OK(cw_writer_close(e->memory, NULL, &err), err);
    CHECK_INT(fwrite(data + 3 * PART + 10, 1, 90, e->stream), 90);
    CHECK_OK(cw_fclose(e->stream, NULL, &err), err);
    check_object(&e->b, "key", data, WHOLE);
    check_object(&e->b, "stream", data, 3 * PART + 100);
    packed = ts_object_bytes(e->b.server, "bucket", "packed", &n);
    CHECK(packed && n > 100 && packed[0] == 0x1f && packed[1] == 0x8b);
    free(packed);
    snprintf(path, sizeof path, "%s/object", folder);
    CHECK(stat(path, &file) == 0 && file.st_size == 100);
    CHECK(cw_memory_get("fork", &memory, &n) == CW_OK && n == 100);
    cw_memory_remove(NULL);
    unlink(path);
    bed_close(&e->b);
}

/* ---- what the child tries ---- */

static void try_writer(cw_writer *w)
{
    size_t room;
    void *p;
    FILE *f;
    cw_stats stats;

    CHECK_INT(cw_writer_write(w, "x", 1), CW_E_STATE);
    CHECK_INT(cw_writer_error(w)->status, CW_E_STATE);
    CHECK(strstr(cw_writer_error(w)->message, "fork"));
    CHECK_INT(cw_writer_write(w, data, WHOLE), CW_E_STATE);
    CHECK_INT(cw_writer_printf(w, "%d", 1), CW_E_STATE);
    CHECK_INT(cw_writer_reserve(w, 1, &p, &room), CW_E_STATE);
    CHECK_INT(cw_writer_commit(w, 1), CW_E_STATE);
    CHECK_INT(cw_writer_flush(w), CW_E_STATE);
    CHECK_INT(cw_writer_file(w, &f), CW_E_STATE);
    cw_writer_stats(w, &stats);
}

static int none(void *user, const cw_upload_info *u)
{
    (void)user;
    (void)u;
    return 1;
}

static void try_client(estate *e)
{
    cw_client_stats stats;
    cw_writer *w;
    cw_error err;

    CHECK_STATUS(cw_writer_open(&w, e->b.client, "s3://bucket/new", NULL, &err), CW_E_STATE, err);
    CHECK(!cw_fopen("s3://bucket/new", "w", e->b.client, &err));
    CHECK_INT(err.status, CW_E_STATE);
    CHECK_STATUS(cw_upload_list(e->b.client, "s3://bucket", none, NULL, &err), CW_E_STATE, err);
    CHECK_STATUS(cw_upload_abort(e->b.client, "s3://bucket/key", "id", &err), CW_E_STATE, err);
    CHECK_STATUS(cw_commit_query(e->b.client, "s3://bucket/key", &e->doubt, NULL, &err), CW_E_STATE,
                 err);
    cw_client_get_stats(e->b.client, &stats);
    cw_client_release(cw_client_retain(e->b.client));
}

static void try_everything(void *user)
{
    estate *e = user;
    cw_error err;

    try_writer(e->w);
    try_writer(e->packed);
    try_writer(e->file);
    try_writer(e->memory);
    CHECK_INT(cw_csv_row(e->csv, "s", "x"), CW_E_STATE);
    CHECK_INT(cw_csv_end_row(e->csv), CW_E_STATE);
    try_client(e);
    CHECK(fflush(e->stream) == EOF && ferror(e->stream));
    CHECK_STATUS(cw_fclose(e->stream, NULL, &err), CW_E_STATE, err);
}

static void close_everything(void *user)
{
    estate *e = user;
    cw_object_info info;
    cw_error err;

    CHECK(fclose(e->view) == EOF);
    CHECK_STATUS(cw_writer_close(e->w, &info, &err), CW_E_STATE, err);
    cw_csv_free(e->csv);
    CHECK_STATUS(cw_writer_close(e->packed, NULL, &err), CW_E_STATE, err);
    CHECK_STATUS(cw_writer_close(e->file, NULL, &err), CW_E_STATE, err);
    CHECK_STATUS(cw_writer_close(e->memory, NULL, &err), CW_E_STATE, err);
    CHECK(fclose(e->stream) == EOF);
    cw_client_release(e->b.client);
}

static void abort_everything(void *user)
{
    estate *e = user;
    cw_error err;

    CHECK(fclose(e->view) == EOF);
    CHECK_STATUS(cw_writer_abort(e->w, &err), CW_E_STATE, err);
    cw_csv_free(e->csv);
    CHECK_INT(cw_writer_abort(e->packed, NULL), CW_E_STATE);
    CHECK_INT(cw_writer_abort(e->file, NULL), CW_E_STATE);
    CHECK_INT(cw_writer_abort(e->memory, NULL), CW_E_STATE);
    CHECK_INT(cw_fabort(e->stream), EOF);
    cw_client_release(e->b.client);
}

static void do_nothing(void *user)
{
    (void)user;
}

/* The child does it, and exits: with the streams that are open, and what is in their buffers. */
static void child_does(void (*what)(void *))
{
    estate e = estate_open();
    uint64_t before, connections;
    char path[100];
    struct stat file;

    let_it_rest(&e);
    before = requests(&e.b, NULL);
    connections = ts_connection_count(e.b.server);
    CHECK_INT(in_child(what, &e, true), 0);
    sleep_ms(50);
    CHECK_INT(requests(&e.b, NULL), before);
    CHECK_INT(ts_connection_count(e.b.server), connections);
    CHECK(!ts_object_exists(e.b.server, "bucket", "key"));
    snprintf(path, sizeof path, "%s/object", folder);
    CHECK(stat(path, &file) != 0);
    estate_close(&e);
}

static void a_child_that_calls_everything(void)
{
    child_does(try_everything);
}

static void a_child_that_closes(void)
{
    child_does(close_everything);
}

static void a_child_that_aborts(void)
{
    child_does(abort_everything);
}

static void a_child_that_exits(void)
{
    child_does(do_nothing);
}

/* ---- readers ---- */

typedef struct reading {
    cw_reader *r;
    long before; /* what was allocated before it was opened */
    bool is_over;
} reading;

static cw_reader *read_a_byte(estate *e)
{
    cw_reader_options o = CW_READER_OPTIONS_INIT;
    cw_reader *r;
    cw_error err;
    size_t got;
    char c;

    o.connections = 2;
    o.range_bytes = LEAST_RANGE;
    CHECK_OK(cw_reader_open_with(&r, e->b.client, "s3://bucket/key", &o, &err), err);
    REQUIRE(r);
    CHECK_OK(cw_reader_read(r, &c, 1, &got, &err), err);
    return r;
}

static void close_reader(void *user)
{
    reading *x = user;
    cw_reader_info info;
    cw_error err;
    char c;

    cw_reader_get_info(x->r, &info);
    CHECK_INT(info.bytes, LARGE);
    CHECK_STATUS(cw_reader_pread(x->r, 0, &c, 1, &err), CW_E_STATE, err);
    cw_reader_close(x->r);
    if (x->is_over)
        CHECK_INT(atomic_load(&fault_live), x->before);
}

/* The first one makes all that is kept: slabs, connections. */
static void a_child_that_closes_readers(void)
{
    unsigned char *large = noise(LARGE);
    cw_error err;

    fault_install();
    estate e = {.b = bed_open(NULL, NULL)};
    CHECK_OK(send_bytes(&e.b, "key", NULL, large, LARGE, NULL, &err), err);
    free(large);
    for (int round = 0; round < 3; round++) {
        reading x = {.before = atomic_load(&fault_live), .is_over = round == 1};
        if (round == 2)
            faults(&e.b, "op=GetObject do=stall_reply:1000000:500");
        x.r = read_a_byte(&e);
        if (round < 2)
            let_it_rest(&e);
        if (round > 0)
            CHECK_INT(in_child(close_reader, &x, true), 0);
        cw_reader_close(x.r);
    }
    bed_close(&e.b);
    CHECK_INT(fault_end(), 0);
}

/* ---- lists ---- */

static void list_on(void *user)
{
    const cw_list_entry *e;
    cw_error err;

    CHECK_STATUS(cw_list_next(user, &e, &err), CW_E_STATE, err);
    CHECK(!e);
    cw_list_close(user);
}

static void a_child_that_lists_on(void)
{
    bed b = bed_open(NULL, NULL);
    cw_list_options o = CW_LIST_OPTIONS_INIT;
    const cw_list_entry *e;
    unsigned count = 1;
    char key[2] = "a";
    cw_list *l;
    cw_error err;

    for (; key[0] <= 'e'; key[0]++)
        CHECK_INT(ts_object_put(b.server, "bucket", key, "x", 1), 0);
    o.page_keys = 1;
    CHECK_OK(cw_list_open(&l, b.client, "s3://bucket", &o, &err), err);
    REQUIRE(l);
    CHECK_OK(cw_list_next(l, &e, &err), err);
    CHECK_INT(in_child(list_on, l, true), 0);
    while (cw_list_next(l, &e, &err) == CW_OK && e)
        count++;
    CHECK_INT(count, 5);
    cw_list_close(l);
    bed_close(&b);
}

/* ---- a client of its own ---- */

static void write_own(void *user)
{
    const char *endpoint = user;
    cw_client_options c = client_defaults();
    cw_writer_options o = parts_of(PART);
    bed own = {0};
    cw_error err;

    c.endpoint_url = endpoint;
    CHECK_OK(cw_client_new(&own.client, &c, &err), err);
    if (!own.client)
        return;
    CHECK_OK(send_bytes(&own, "child", &o, data, WHOLE, NULL, &err), err);
    CHECK_OK(send_bytes(&own, "child put", NULL, data, 1000, NULL, &err), err);
    cw_client_release(own.client);
}

static void a_child_with_a_client_of_its_own(void)
{
    estate e = estate_open();

    let_it_rest(&e);
    CHECK_INT(in_child(write_own, (void *)ts_server_url(e.b.server), true), 0);
    CHECK_INT(ts_object_size(e.b.server, "bucket", "child"), WHOLE);
    CHECK_INT(ts_object_size(e.b.server, "bucket", "child put"), 1000);
    estate_close(&e);
}

/* ---- while other threads are at it ---- */

typedef struct busy {
    bed b;
    atomic_bool stop;
    atomic_uint done;
} busy;

/* Clients come and go, objects on S3, in files and in memory. */
static void *keep_writing(void *user)
{
    static atomic_uint numbers;
    busy *y = user;
    unsigned me = atomic_fetch_add(&numbers, 1);
    cw_writer_options o = parts_of(PART);
    char key[24], url[40];

    snprintf(key, sizeof key, "busy-%u", me);
    snprintf(url, sizeof url, "mem://busy-%u", me);
    while (!atomic_load(&y->stop)) {
        bed own = {.server = y->b.server, .client = start_client(y->b.server, NULL)};
        cw_writer *w;
        cw_error err;
        FILE *f;

        CHECK_OK(send_bytes(&own, key, &o, data, WHOLE, NULL, &err), err);
        CHECK_OK(cw_writer_open(&w, NULL, url, NULL, &err), err);
        CHECK_INT(cw_writer_write(w, data, 1000), CW_OK);
        CHECK_OK(cw_writer_close(w, NULL, &err), err);
        f = cw_fopen("s3://bucket/stream", "w", own.client, &err);
        CHECK(f && fputs("x", f) >= 0 && cw_fabort(f) == 0);
        cw_client_release(own.client);
        atomic_fetch_add(&y->done, 1);
    }
    return NULL;
}

/*
 * What is ours works in such a child. libcurl and libcrypto promise nothing there: a lock of
 * theirs may be held by a thread that the child does not have. So it ends by _exit, since
 * libcrypto's exit handler takes one.
 */
static void write_in_child(void *unused)
{
    cw_writer *w;
    cw_error err;

    (void)unused;
    CHECK_OK(cw_writer_open(&w, NULL, "mem://child", NULL, &err), err);
    CHECK_INT(cw_writer_write(w, "x", 1), CW_OK);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
}

static void forks_while_threads_write(void)
{
    busy y = {.b = bed_open(NULL, NULL)};
    pthread_t threads[WRITERS];
    unsigned failed = 0;

    for (int i = 0; i < WRITERS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, keep_writing, &y) == 0);
    for (int i = 0; i < FORKS / SLOWNESS; i++) {
        sleep_ms(i % 7);
        failed += in_child(write_in_child, NULL, false) != 0;
    }
    atomic_store(&y.stop, true);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(failed, 0);
    CHECK(atomic_load(&y.done) > 0);
    CHECK_INT(ts_upload_count(y.b.server), 0);
    cw_memory_remove(NULL);
    bed_close(&y.b);
}

int main(int argc, char **argv)
{
    data = noise(WHOLE);
    snprintf(folder, sizeof folder, "/tmp/cw-torture-XXXXXX");
    REQUIRE(mkdtemp(folder));
    WITHIN(5000, a_child_that_calls_everything);
    WITHIN(5000, a_child_that_closes);
    WITHIN(5000, a_child_that_aborts);
    WITHIN(5000, a_child_that_exits);
    WITHIN(5000, a_child_that_closes_readers);
    WITHIN(5000, a_child_that_lists_on);
    WITHIN(5000, a_child_with_a_client_of_its_own);
    /* A child of AddressSanitizer can find a lock of its allocator held by a thread it has not. */
    if (!UNDER_ASAN)
        WITHIN(60000, forks_while_threads_write);
    rmdir(folder);
    free(data);
    return test_end();
}
