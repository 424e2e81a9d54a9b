/* fixture.h - a scripted server and a client with little patience, for one test
 *
 *     static void stops(void)
 *     {
 *         bed b = bed_open(NULL, NULL);
 *         ts_fault_add(b.server, "op=UploadPart do=status:403:AccessDenied");
 *         CHECK_STATUS(send_bytes(&b, "key", NULL, data, n, NULL, &err), CW_E_PERMISSION, err);
 *         check_nothing(&b, "key");
 *         bed_close(&b);
 *     }
 *     int main(int argc, char **argv) { WITHIN(2000, stops); return test_end(); }
 *
 * Nothing may hang: a test that takes several times its bound fails, and one that goes on even then
 * is ended and says where it was. The keys of every client are distinctive, and no log line and no
 * error of a whole program may contain one, nor the value of a signature.
 */
#ifndef CW_TESTS_SCRIPTED_FIXTURE_H
#define CW_TESTS_SCRIPTED_FIXTURE_H

#include "harness.h"
#include "server.h"

#include <cloudwriter/cloudwriter.h>
#include <ctype.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define SECRET  "the+secret/key+is/never/to+be/seen0000000"
#define SESSION "the+session/token+is/never/to+be/seen+either=="

enum { MIB = 1024 * 1024 };

/* ---- time ---- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER
#endif

#ifdef UNDER_SANITIZER
enum { SLOWNESS = 4 };
#else
enum { SLOWNESS = 1 };
#endif

/* What a test's bound on its time is multiplied by: a machine may have other things to do. */
enum { LEEWAY = 6 };

static inline int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void sleep_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static const char *within_name;
static void (*within_test)(void);
static int within_ms;
static pthread_t within_thread;

static inline void within_hangs(int number)
{
    void *frames[64];
    static const char says[] = "\nFAIL a test hangs: ";

    if (!pthread_equal(pthread_self(), within_thread)) {
        pthread_kill(within_thread, number);
        return;
    }
    if (write(2, says, sizeof says - 1) >= 0 && write(2, within_name, strlen(within_name)) >= 0 &&
        write(2, "\n", 1) == 1)
        backtrace_symbols_fd(frames, backtrace(frames, 64), 2);
    _exit(1);
}

/* ---- secrets ---- */

static atomic_ulong log_lines;
static pthread_mutex_t leak_lock = PTHREAD_MUTEX_INITIALIZER;
static char leak[512]; /* the first text with a secret in it */

static inline bool has_secret(const char *text)
{
    static const char signature[] = "Signature=";
    const char *at = strstr(text, signature);

    return strstr(text, SECRET) || strstr(text, SESSION) || strstr(text, "of+session") ||
           (at && isxdigit((unsigned char)at[sizeof signature - 1]));
}

static inline void look_for_secrets(const char *text)
{
    if (!has_secret(text))
        return;
    pthread_mutex_lock(&leak_lock);
    if (!leak[0])
        snprintf(leak, sizeof leak, "%s", text);
    pthread_mutex_unlock(&leak_lock);
}

static inline void on_log(void *user, cw_log_level level, const char *line)
{
    (void)user;
    (void)level;
    atomic_fetch_add(&log_lines, 1);
    look_for_secrets(line);
    if (getenv("CW_TEST_LOG"))
        fprintf(stderr, "      %d %lld %s\n", (int)level, (long long)(now_ms() % 1000000), line);
}

static inline void look_into_error(const cw_error *e)
{
    if (!e)
        return;
    look_for_secrets(e->message);
    look_for_secrets(e->service_code);
    look_for_secrets(e->request_id);
    look_for_secrets(e->upload_id);
}

static inline void within_run(void)
{
    int64_t start = now_ms();

    alarm((unsigned)within_ms / 1000 + 10);
    within_test();
    alarm(0);
    if (getenv("CW_TEST_TIMES"))
        fprintf(stderr, "%6lld ms ", (long long)(now_ms() - start));
    if (now_ms() - start > within_ms) {
        fprintf(stderr, "    took %lld ms, more than %d\n", (long long)(now_ms() - start),
                within_ms);
        test_failures_here++;
    }
    if (leak[0]) {
        fprintf(stderr, "    a secret was shown: %s\n", leak);
        test_failures_here++;
        leak[0] = '\0';
    }
}

static inline void within(const char *name, void (*test)(void), int ms, const char *only)
{
    within_name = name;
    within_test = test;
    within_ms = ms * SLOWNESS * LEEWAY;
    within_thread = pthread_self();
    signal(SIGALRM, within_hangs);
    test_run(name, within_run, only);
}
/** Run a test that is over within `ms` milliseconds where the machine has nothing else to do. */
#define WITHIN(ms, fn) within(#fn, fn, ms, argc > 1 ? argv[1] : NULL)

/* ---- server and client ---- */

typedef struct bed {
    ts_server *server;
    cw_client *client;
} bed;

/** Small parts are fine. */
static inline ts_options server_defaults(void)
{
    ts_options o = TS_OPTIONS_INIT;

    o.access_key = "ACCESSKEY";
    o.secret_key = SECRET;
    o.session_token = SESSION;
    o.min_part_bytes = 1;
    o.seed = 1;
    return o;
}

static inline cw_client_options client_defaults(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;

    o.access_key_id = "ACCESSKEY";
    o.secret_access_key = SECRET;
    o.session_token = SESSION;
    o.memory_bytes = 32 * MIB;
    o.max_attempts = 4;
    o.retry_base_ms = 5; /* 100 when throttled */
    o.retry_cap_ms = 150;
    o.connect_timeout_ms = 2000 * SLOWNESS;
    o.stall_timeout_ms = 3000 * SLOWNESS;
    o.commit_timeout_ms = 5000 * SLOWNESS;
    return o;
}

/** For stalls, and for many retries in a row. */
static inline cw_client_options hasty_client(void)
{
    cw_client_options o = client_defaults();

    o.stall_timeout_ms = o.commit_timeout_ms = SLOWNESS > 1 ? 1200 : 500;
    o.retry_base_ms = 2;
    o.retry_cap_ms = 40;
    return o;
}

static inline ts_server *start_server(const ts_options *options)
{
    ts_options o = options ? *options : server_defaults();
    ts_server *s;
    char why[200];

    if (ts_server_start(&s, &o, why, sizeof why) != 0) {
        fprintf(stderr, "    the server does not start: %s\n", why);
        exit(1);
    }
    return s;
}

static inline cw_client *start_client(const ts_server *s, const cw_client_options *options)
{
    cw_client_options o = options ? *options : client_defaults();
    cw_client *c;
    cw_error err;

    if (!o.endpoint_url)
        o.endpoint_url = ts_server_url(s);
    if (!o.ca_bundle)
        o.ca_bundle = ts_server_ca_file(s);
    o.log = on_log;
    o.log_level = CW_LOG_DEBUG;
    if (cw_client_new(&c, &o, &err) != CW_OK) {
        fprintf(stderr, "    no client: %s\n", err.message);
        exit(1);
    }
    return c;
}

/** NULL: the defaults. */
static inline bed bed_open(const ts_options *server, const cw_client_options *client)
{
    bed b = {.server = start_server(server)};

    b.client = start_client(b.server, client);
    return b;
}

static inline void faults(bed *b, const char *rules)
{
    char why[1000] = "";

    if (ts_fault_add(b->server, rules) == 0)
        return;
    ts_last_error(b->server, why, sizeof why);
    fprintf(stderr, "    bad rules: %s\n", why);
    exit(1);
}

/** Every writer is closed: nothing may be held any more. */
static inline void bed_close(bed *b)
{
    cw_client_stats stats;

    cw_client_get_stats(b->client, &stats);
    CHECK_INT(stats.memory_bytes, 0);
    CHECK_INT(ts_signature_failures(b->server), 0);
    cw_client_release(b->client);
    ts_server_stop(b->server);
}

/* ---- writing ---- */

static inline uint64_t mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/** `n` bytes that do not compress, to be freed. Never NULL, also for 0. */
static inline unsigned char *noise(size_t n)
{
    unsigned char *p = malloc(n + 8);
    uint64_t state = n;

    REQUIRE(p);
    for (size_t i = 0; i < n; i += 8) {
        uint64_t word = mix(&state);
        memcpy(p + i, &word, 8);
    }
    return p;
}

static inline cw_writer *open_writer(bed *b, const char *key, const cw_writer_options *o)
{
    char url[1200];
    cw_writer *w;
    cw_error err;
    cw_status st;

    snprintf(url, sizeof url, "s3://bucket/%s", key);
    st = cw_writer_open(&w, b->client, url, o, &err);
    CHECK_OK(st, err);
    REQUIRE(w);
    return w;
}

/** In pieces that are no power of two, until something fails. */
static inline cw_status write_all(cw_writer *w, const void *data, size_t n)
{
    enum { PIECE = 100 * 1000 };
    const char *p = data;
    cw_status st = CW_OK;

    while (st == CW_OK && n > 0) {
        size_t k = n < PIECE ? n : PIECE;

        st = cw_writer_write(w, p, k);
        p += k;
        n -= k;
    }
    return st;
}

/** Write and close. What a write answers, close must answer as well. */
static inline cw_status send_bytes(bed *b, const char *key, const cw_writer_options *o,
                                   const void *data, size_t n, cw_object_info *info, cw_error *err)
{
    cw_writer *w = open_writer(b, key, o);
    cw_status wrote = write_all(w, data, n);
    cw_error first = *cw_writer_error(w);
    cw_status st = cw_writer_close(w, info, err);

    look_into_error(&first);
    look_into_error(err);
    if (wrote != CW_OK) {
        CHECK_INT(st, wrote);
        CHECK_INT(first.status, wrote);
        CHECK_INT(strncmp(err->message, first.message, strlen(first.message)), 0);
    }
    CHECK_INT(err->status, st);
    CHECK_INT(err->message[0] == '\0', st == CW_OK);
    return st;
}

/** Fixed parts of this size. */
static inline cw_writer_options parts_of(uint64_t bytes)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;

    o.part_policy = CW_PARTS_FIXED;
    o.part_bytes = bytes;
    return o;
}

/* ---- looking ---- */

/** The object is there byte for byte, and no upload is. */
static inline void check_object_at(const char *file, int line, bed *b, const char *key,
                                   const void *data, size_t n)
{
    size_t got = 0;
    unsigned char *p = ts_object_bytes(b->server, "bucket", key, &got);

    test_int(file, line, "bytes in the object", p ? (int64_t)got : -1, (int64_t)n);
    if (p && got == n && n > 0 && memcmp(p, data, n) != 0)
        test_say(file, line, "the object has other bytes");
    free(p);
    test_int(file, line, "uploads left", (int64_t)ts_upload_count(b->server), 0);
}
#define check_object(b, key, data, n) check_object_at(__FILE__, __LINE__, b, key, data, n)

/** Neither object nor upload. */
static inline void check_nothing_at(const char *file, int line, bed *b, const char *key)
{
    if (ts_object_exists(b->server, "bucket", key))
        test_say(file, line, "there is an object");
    test_int(file, line, "uploads left", (int64_t)ts_upload_count(b->server), 0);
}
#define check_nothing(b, key) check_nothing_at(__FILE__, __LINE__, b, key)

static inline uint64_t requests(bed *b, const char *op)
{
    return ts_request_count(b->server, op);
}

#endif
