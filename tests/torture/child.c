/* child.c - a program that writes one object, to be killed, stopped or ended in its midst
 *
 *     torture_child ENDPOINT URL KIND BYTES HOW [EXIT_TIMEOUT_MS [CA_FILE]]
 *
 * KIND: writer, stdio. HOW it ends:
 *     close   close it, and exit with 0 if that answered CW_OK, with 1 if not
 *     return  return 7 from main with the object open
 *     exit    exit(7) with the object open, in a function called from main
 *     thread  exit(7) in another thread, while this one goes on writing
 *     pause   wait for a signal with the object open
 *
 * On standard output it says where it is, one letter at a time: o = opened, w = all written, c =
 * about to close, K = close answered CW_OK, I = indeterminate, F = not committed.
 */
#include "torture_child.h"

static const char *how;
static cw_client *client;
static cw_writer *w;
static FILE *f;
static unsigned char *data; /* static: what is open at the end is no leak */

static void tell(char letter)
{
    REQUIRE(write(1, &letter, 1) == 1);
}

static void open_object(const char *url, const char *kind)
{
    cw_writer_options o = parts_of(CHILD_PART);
    cw_error err;

    if (strcmp(kind, "stdio") == 0)
        f = cw_fopen_with(url, "w", client, &o, &err);
    else if (cw_writer_open(&w, client, url, &o, &err) != CW_OK)
        w = NULL;
    if (!f && !w) {
        fprintf(stderr, "torture_child: %s\n", err.message);
        exit(3);
    }
}

static bool write_some(const unsigned char *p, size_t n)
{
    return f ? fwrite(p, 1, n, f) == n : cw_writer_write(w, p, n) == CW_OK;
}

static bool write_object(size_t n)
{
    enum { PIECE = 9973 };
    bool fine = true;

    for (size_t at = 0; fine && at < n; at += PIECE)
        fine = write_some(data + at, n - at < PIECE ? n - at : PIECE);
    return fine;
}

/* Until the service has a part, so that there is something to be left; a bounded while. */
static void wait_for_a_part(size_t n)
{
    cw_client_stats stats;

    for (int i = 0; n > 2 * CHILD_PART && i < 1000; i++) {
        cw_client_get_stats(client, &stats);
        if (stats.requests >= 2)
            return;
        sleep_ms(1);
    }
}

static int close_object(void)
{
    cw_error err;
    cw_status st;

    tell('c');
    st = f ? cw_fclose(f, NULL, &err) : cw_writer_close(w, NULL, &err);
    tell(st == CW_OK ? 'K' : st == CW_E_INDETERMINATE ? 'I' : 'F');
    if (st != CW_OK)
        fprintf(stderr, "torture_child: %s\n", err.message);
    cw_client_release(client);
    return st == CW_OK ? 0 : 1;
}

static void *exit_in_thread(void *unused)
{
    (void)unused;
    sleep_ms(5);
    exit(CHILD_EXIT_CODE);
}

/* Never close: write what comes next, whether it is still taken or not. */
static int write_on(void)
{
    for (int i = 0; i < 2000; i++) {
        (void)write_some(data, 1000);
        sleep_ms(1);
    }
    return 4;
}

/*
 * exit() flushes open streams under their locks, but gives up on a lock after a while; either way
 * ThreadSanitizer does not see it. So under it nobody writes to a stream while a thread exits.
 */
#if defined __has_feature
#if __has_feature(thread_sanitizer)
#define STREAMS_REST 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define STREAMS_REST 1
#endif
#ifndef STREAMS_REST
#define STREAMS_REST 0
#endif

static int go_on_or_rest(void)
{
    if (STREAMS_REST && f)
        return pause();
    return write_on();
}

static void exit_from_below(void)
{
    exit(CHILD_EXIT_CODE);
}

static int end_it(void)
{
    pthread_t thread;

    if (strcmp(how, "close") == 0)
        return close_object();
    if (strcmp(how, "exit") == 0)
        exit_from_below();
    if (strcmp(how, "thread") == 0) {
        REQUIRE(pthread_create(&thread, NULL, exit_in_thread, NULL) == 0);
        return go_on_or_rest();
    }
    if (strcmp(how, "pause") == 0)
        pause();
    return CHILD_EXIT_CODE;
}

static void make_client(const char *endpoint, const char *exit_timeout_ms, const char *ca_file)
{
    cw_client_options o = client_defaults();
    cw_error err;

    o.endpoint_url = endpoint;
    o.ca_bundle = ca_file;
    if (exit_timeout_ms)
        o.exit_timeout_ms = (uint32_t)atoi(exit_timeout_ms);
    if (cw_client_new(&client, &o, &err) != CW_OK) {
        fprintf(stderr, "torture_child: %s\n", err.message);
        exit(3);
    }
}

int main(int argc, char **argv)
{
    size_t n;

    REQUIRE(argc >= 6);
    alarm(60); /* whatever happens to the parent */
    how = argv[5];
    n = (size_t)atol(argv[4]);
    data = child_data(n);
    make_client(argv[1], argc > 6 ? argv[6] : NULL, argc > 7 ? argv[7] : NULL);
    open_object(argv[2], argv[3]);
    tell('o');
    if (!write_object(n))
        tell('E');
    if (strcmp(how, "close") != 0)
        wait_for_a_part(n);
    tell('w');
    int code = end_it();
    if (strcmp(how, "close") == 0)
        free(data);
    return code;
}
