/* test_stdio.c - a FILE * whose fclose publishes, and does so only if all went well */
#include <cloudwriter/object.h>
#include <cloudwriter/stdio.h>
#include "harness.h"
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

static bool exists(const char *name)
{
    const void *p;
    size_t n;
    return cw_memory_get(name, &p, &n) == CW_OK;
}

static void check_content(const char *name, const char *want)
{
    const void *p = NULL;
    size_t n = 0;
    char text[256];
    CHECK_INT(cw_memory_get(name, &p, &n), CW_OK);
    REQUIRE(n < sizeof text);
    memcpy(text, p, n);
    text[n] = '\0';
    CHECK_STR(text, want);
}

static FILE *open_memory(void)
{
    cw_error err;
    FILE *f;
    cw_memory_remove("f");
    f = cw_fopen("mem://f", "w", NULL, &err);
    if (!f)
        fprintf(stderr, "    %s\n", err.message);
    REQUIRE(f);
    return f;
}

/* ---- a sink that fails when told ------------------------------------------------------------- */

static struct {
    uint64_t bytes, fail_at;
    cw_status fail_with;
    int published, aborted;
    bool fail_publish;
} sink;

static cw_status sink_write(void *self, const void *p, size_t n, cw_error *err)
{
    (void)self, (void)p;
    sink.bytes += n;
    if (sink.bytes > sink.fail_at) {
        snprintf(err->message, sizeof err->message, "the sink was told to fail");
        return sink.fail_with;
    }
    return CW_OK;
}

static cw_status sink_publish(void *self, struct cw_object_info *info, cw_error *err)
{
    (void)self, (void)info;
    if (sink.fail_publish) {
        snprintf(err->message, sizeof err->message, "the sink was told not to publish");
        return sink.fail_with;
    }
    sink.published++;
    return CW_OK;
}

static cw_status sink_abort(void *self, cw_error *err)
{
    (void)self, (void)err;
    sink.aborted++;
    return CW_OK;
}

static void sink_free(void *self)
{
    (void)self;
}

static cw_writer *open_sink(uint64_t fail_at, cw_status fail_with)
{
    static const cw_sink_ops ops = {.struct_size = sizeof ops,
                                    .name = "test",
                                    .write = sink_write,
                                    .publish = sink_publish,
                                    .abort = sink_abort,
                                    .free = sink_free};
    cw_error err;
    cw_sink *s;
    cw_writer *w;
    memset(&sink, 0, sizeof sink);
    sink.fail_at = fail_at;
    sink.fail_with = fail_with;
    REQUIRE(cw_sink_new(&s, &ops, &sink, &err) == CW_OK);
    REQUIRE(cw_writer_open_sink(&w, s, NULL, &err) == CW_OK);
    return w;
}

/* ---- publishing ------------------------------------------------------------------------------ */

static void fclose_publishes(void)
{
    FILE *f = open_memory();
    CHECK(fprintf(f, "%s %d\n", "hello", 42) == 9);
    CHECK(fputs("world\n", f) >= 0);
    CHECK(fputc('!', f) == '!');
    CHECK(!exists("f"));
    CHECK_INT(fclose(f), 0);
    check_content("f", "hello 42\nworld\n!");
}

static void an_empty_stream_is_an_empty_object(void)
{
    FILE *f = open_memory();
    CHECK_INT(fclose(f), 0);
    check_content("f", "");
}

static void large_writes_arrive_whole(void)
{
    size_t n = 5000000, got = 0;
    unsigned char *p = malloc(n);
    const void *there = NULL;
    FILE *f = open_memory();
    REQUIRE(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)(i * 7 >> 3);
    CHECK_INT(fwrite(p, 1, 17, f), 17);
    CHECK_INT(fwrite(p + 17, 1, n - 17, f), n - 17);
    CHECK_INT(ftell(f), n);
    CHECK_INT(fclose(f), 0);
    CHECK_INT(cw_memory_get("f", &there, &got), CW_OK);
    CHECK_INT(got, n);
    CHECK(got == n && memcmp(there, p, n) == 0);
    free(p);
}

static void cw_fclose_tells_what_was_published(void)
{
    cw_object_info info;
    cw_error err;
    FILE *f = open_memory();
    CHECK(fputs("12345", f) >= 0);
    CHECK_OK(cw_fclose(f, &info, &err), err);
    CHECK_INT(info.bytes, 5);
    CHECK_INT(info.bytes_in, 5);
    check_content("f", "12345");
}

static void abort_publishes_nothing(void)
{
    FILE *f = open_memory();
    CHECK(fputs("12345", f) >= 0);
    CHECK_INT(cw_fabort(f), 0);
    CHECK(!exists("f"));
}

static void options_and_exclusive_mode(void)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    const void *p = NULL;
    size_t n = 0;
    cw_error err;
    FILE *f;

    cw_memory_remove("f");
    o.compression = CW_COMPRESSION_GZIP;
    f = cw_fopen_with("mem://f", "wx", NULL, &o, &err);
    REQUIRE(f);
    CHECK(fputs("squeeze me", f) >= 0);
    CHECK_OK(cw_fclose(f, NULL, &err), err);
    CHECK_INT(cw_memory_get("f", &p, &n), CW_OK);
    CHECK(n > 2 && memcmp(p, "\x1f\x8b", 2) == 0);

    f = cw_fopen("mem://f", "wbx", NULL, &err);
    if (f) {
        CHECK(fputs("never", f) >= 0);
        CHECK_STATUS(cw_fclose(f, NULL, &err), CW_E_ALREADY_EXISTS, err);
        CHECK_INT(errno, EEXIST);
    } else {
        CHECK_INT(err.status, CW_E_ALREADY_EXISTS);
        CHECK_INT(errno, EEXIST);
    }
    CHECK_INT(cw_memory_get("f", &p, &n), CW_OK);
    CHECK(n > 2 && memcmp(p, "\x1f\x8b", 2) == 0);
}

static void modes(void)
{
    static const char *const bad[] = {"r+", "rx", "a", "w+", "wq", "", "rw", "x"};
    cw_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        errno = 0;
        CHECK(cw_fopen("mem://f", bad[i], NULL, &err) == NULL);
        CHECK_INT(err.status, CW_E_INVALID_ARGUMENT);
        CHECK_INT(errno, EINVAL);
    }
    CHECK(cw_fopen("nowhere://f", "w", NULL, NULL) == NULL);
    CHECK_INT(errno, EINVAL);
}

/* ---- the things of stdio --------------------------------------------------------------------- */

static void ftell_counts_and_seeking_fails(void)
{
    FILE *f = open_memory();
    CHECK_INT(ftell(f), 0);
    CHECK(fputs("12345", f) >= 0);
    CHECK_INT(ftell(f), 5);
    CHECK_INT(fflush(f), 0);
    CHECK_INT(ftell(f), 5);
    CHECK(fputs("678", f) >= 0);
    CHECK_INT(ftello(f), 8);
    CHECK_INT(fseek(f, 2, SEEK_SET), -1);
    CHECK_INT(errno, ESPIPE);
    CHECK_INT(fseek(f, 0, SEEK_CUR), 0);
    CHECK_INT(ftell(f), 8);
    CHECK(fputs("9", f) >= 0);
    CHECK_INT(fclose(f), 0);
    check_content("f", "123456789");
}

static void fflush_pushes_into_the_writer(void)
{
    cw_writer *w = open_sink(UINT64_MAX, CW_OK);
    cw_stats stats;
    cw_error err;
    FILE *f;
    REQUIRE(cw_writer_file(w, &f) == CW_OK);
    CHECK(fputs("12345", f) >= 0);
    cw_writer_stats(w, &stats);
    CHECK_INT(stats.bytes_in, 0);
    CHECK_INT(fflush(f), 0);
    cw_writer_stats(w, &stats);
    CHECK_INT(stats.bytes_in, 5);
    CHECK_INT(fclose(f), 0);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
}

static void setvbuf_is_heard(void)
{
    static char mine[500]; /* below 128 bytes, glibc passes blocks by */
    cw_writer *w = open_sink(UINT64_MAX, CW_OK);
    cw_stats stats;
    cw_error err;
    FILE *f;
    REQUIRE(cw_writer_file(w, &f) == CW_OK);
    CHECK_INT(setvbuf(f, mine, _IOFBF, sizeof mine), 0);
    CHECK(fputs("in my buffer", f) >= 0);
    CHECK(memcmp(mine, "in my buffer", 12) == 0);
    CHECK_INT(fclose(f), 0);

    REQUIRE(cw_writer_file(w, &f) == CW_OK);
    CHECK_INT(setvbuf(f, NULL, _IONBF, 0), 0);
    CHECK(fputc('x', f) == 'x');
    cw_writer_stats(w, &stats);
    CHECK_INT(stats.bytes_in, 13);
    CHECK_INT(fclose(f), 0);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
}

static void a_view_detaches(void)
{
    cw_writer *w;
    cw_error err;
    FILE *f;
    cw_memory_remove("f");
    REQUIRE(cw_writer_open(&w, NULL, "mem://f", NULL, &err) == CW_OK);
    CHECK_INT(cw_writer_printf(w, "one "), CW_OK);
    REQUIRE(cw_writer_file(w, &f) == CW_OK);
    CHECK(fputs("two ", f) >= 0);
    CHECK_STATUS(cw_fclose(f, NULL, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_INT(cw_fabort(f), EOF);
    CHECK_INT(fclose(f), 0);
    CHECK(!exists("f"));
    CHECK_INT(cw_writer_printf(w, "three"), CW_OK);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    check_content("f", "one two three");
}

static void strangers_are_refused(void)
{
    cw_error err;
    FILE *f = tmpfile();
    REQUIRE(f);
    CHECK_STATUS(cw_fclose(f, NULL, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_STATUS(cw_fclose(NULL, NULL, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK_INT(cw_fabort(f), EOF);
    CHECK_INT(errno, EINVAL);
    CHECK(fputs("still open", f) >= 0);
    CHECK_INT(fclose(f), 0);
}

/* ---- failures -------------------------------------------------------------------------------- */

static void a_failed_view_shows_in_ferror_and_fclose(void)
{
    static char block[200000];
    cw_writer *w = open_sink(100000, CW_E_PERMISSION);
    cw_error err;
    FILE *f;
    REQUIRE(cw_writer_file(w, &f) == CW_OK);
    CHECK(fwrite(block, 1, sizeof block, f) < sizeof block);
    CHECK_INT(errno, EACCES);
    CHECK(ferror(f));
    errno = 0;
    CHECK_INT(fclose(f), EOF);
    CHECK_INT(errno, EACCES);
    CHECK_STATUS(cw_writer_close(w, NULL, &err), CW_E_PERMISSION, err);
    CHECK_INT(sink.published, 0);
    CHECK_INT(sink.aborted, 1);
}

static void statuses_become_errnos(void)
{
    static char block[200000];
    static const struct {
        cw_status status;
        int want;
    } cases[] = {
        {CW_E_NO_MEMORY, ENOMEM},        {CW_E_CANCELLED, ECANCELED},   {CW_E_IO, EIO},
        {CW_E_BUCKET_NOT_FOUND, ENOENT}, {CW_E_PERMISSION, EACCES},     {CW_E_TOO_LARGE, EFBIG},
        {CW_E_TIMEOUT, ETIMEDOUT},       {CW_E_ALREADY_EXISTS, EEXIST},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cw_writer *w = open_sink(0, cases[i].status);
        cw_error err;
        FILE *f;
        REQUIRE(cw_writer_file(w, &f) == CW_OK);
        CHECK(fwrite(block, 1, sizeof block, f) < sizeof block);
        CHECK_INT(errno, cases[i].want);
        errno = 0;
        CHECK_INT(fclose(f), EOF);
        CHECK_INT(errno, cases[i].want);
        CHECK_INT(cw_writer_file(w, &f), cases[i].status);
        CHECK_STATUS(cw_writer_close(w, NULL, &err), cases[i].status, err);
    }
}

static const char full_device[] = "file:///dev/full";

/* Writing to /dev/full gives ENOSPC: a failure below a stream that owns its writer. */
static void a_failed_write_publishes_nothing_even_after_clearerr(void)
{
    static char block[300000];
    cw_error err;
    FILE *f = cw_fopen(full_device, "w", NULL, &err);
    if (!f)
        fprintf(stderr, "    %s\n", err.message);
    REQUIRE(f);
    CHECK(fwrite(block, 1, sizeof block, f) < sizeof block);
    CHECK_INT(errno, ENOSPC);
    CHECK(ferror(f));
    clearerr(f);
    CHECK_INT(fputc('x', f), 'x');
    CHECK_INT(fflush(f), EOF);
    clearerr(f);
    CHECK_STATUS(cw_fclose(f, NULL, &err), CW_E_IO, err);
    CHECK_INT(err.os_errno, ENOSPC);
    f = cw_fopen(full_device, "w", NULL, &err);
    REQUIRE(f);
    CHECK(fwrite(block, 1, sizeof block, f) < sizeof block);
    errno = 0;
    CHECK_INT(fclose(f), EOF);
    CHECK_INT(errno, ENOSPC);
}

static void a_failure_that_only_stdio_knows_publishes_nothing(void)
{
    cw_error err;
    FILE *f = open_memory();
    CHECK(fputs("good so far", f) >= 0);
    CHECK(fputwc((wint_t)0xD800, f) == WEOF || fgetc(f) == EOF);
    if (!ferror(f))
        CHECK(fgetc(f) == EOF);
    CHECK(ferror(f));
    CHECK_STATUS(cw_fclose(f, NULL, &err), CW_E_IO, err);
    CHECK(strstr(err.message, "error flag") != NULL);
    CHECK(!exists("f"));
}

/* ---- processes and threads ------------------------------------------------------------------- */

static char folder[] = "/tmp/cw-stdio-XXXXXX";
static char file_url[64];

static bool file_there(void)
{
    struct stat st;
    return stat(file_url + strlen("file://"), &st) == 0;
}

static int run_child(void (*body)(FILE *), FILE *f)
{
    pid_t pid;
    int status = 0;
    fflush(stdout);
    fflush(stderr);
    pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        body(f);
        _exit(9);
    }
    REQUIRE(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void child_opens_and_exits(FILE *unused)
{
    cw_error err;
    FILE *f = cw_fopen(file_url, "w", NULL, &err);
    (void)unused;
    if (!f)
        _exit(1);
    fputs("never to be seen", f);
    exit(0);
}

static void exit_with_an_open_stream_publishes_nothing(void)
{
    CHECK_INT(run_child(child_opens_and_exits, NULL), 0);
    CHECK(!file_there());
}

static void child_closes(FILE *f)
{
    cw_error err;
    fputs("from the child", f);
    if (cw_fclose(f, NULL, &err) != CW_E_STATE)
        _exit(1);
    _exit(0);
}

static void child_exits(FILE *f)
{
    fputs("from the child", f);
    exit(0);
}

static void a_forked_child_publishes_nothing(void)
{
    cw_error err;
    FILE *f = cw_fopen(file_url, "w", NULL, &err);
    REQUIRE(f);
    CHECK(fputs("from the parent", f) >= 0);
    CHECK_INT(run_child(child_closes, f), 0);
    CHECK(!file_there());
    CHECK_INT(run_child(child_exits, f), 0);
    CHECK(!file_there());
    CHECK_OK(cw_fclose(f, NULL, &err), err);
    CHECK(file_there());
    unlink(file_url + strlen("file://"));
}

static void *open_and_close_many(void *user)
{
    char url[40];
    cw_error err;
    for (int i = 0; i < 50; i++) {
        FILE *f;
        snprintf(url, sizeof url, "mem://t%d-%d", *(int *)user, i);
        f = cw_fopen(url, "w", NULL, &err);
        if (!f || fprintf(f, "%d", i) < 0)
            return user;
        if (i % 3 == 0 ? cw_fabort(f) != 0 : cw_fclose(f, NULL, &err) != CW_OK)
            return user;
    }
    return NULL;
}

static void streams_of_several_threads(void)
{
    pthread_t threads[4];
    int number[4];
    for (int i = 0; i < 4; i++) {
        number[i] = i;
        REQUIRE(pthread_create(&threads[i], NULL, open_and_close_many, &number[i]) == 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failed;
        REQUIRE(pthread_join(threads[i], &failed) == 0);
        CHECK(failed == NULL);
    }
    check_content("t3-49", "49");
    CHECK(!exists("t3-48"));
}

int main(int argc, char **argv)
{
    REQUIRE(mkdtemp(folder));
    snprintf(file_url, sizeof file_url, "file://%s/f", folder);
    TEST(fclose_publishes);
    TEST(an_empty_stream_is_an_empty_object);
    TEST(large_writes_arrive_whole);
    TEST(cw_fclose_tells_what_was_published);
    TEST(abort_publishes_nothing);
    TEST(options_and_exclusive_mode);
    TEST(modes);
    TEST(ftell_counts_and_seeking_fails);
    TEST(fflush_pushes_into_the_writer);
    TEST(setvbuf_is_heard);
    TEST(a_view_detaches);
    TEST(strangers_are_refused);
    TEST(a_failed_view_shows_in_ferror_and_fclose);
    TEST(statuses_become_errnos);
    TEST(a_failed_write_publishes_nothing_even_after_clearerr);
    TEST(a_failure_that_only_stdio_knows_publishes_nothing);
    TEST(exit_with_an_open_stream_publishes_nothing);
    TEST(a_forked_child_publishes_nothing);
    TEST(streams_of_several_threads);
    rmdir(folder);
    return test_end();
}
