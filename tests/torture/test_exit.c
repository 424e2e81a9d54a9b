/* test_exit.c - a process that ends with an object open publishes nothing and leaves nothing
 *
 * However it comes to exit(): returning from main, deep below it, in another thread; with a writer
 * or a stream whose buffer is not empty. The exit code stays, and the end comes in bounded time,
 * also without a server. A signal that ends the process at once leaves no object either.
 */
#include "torture_child.h"

enum { MIDST = 5 * CHILD_PART + 100 };

static const char *program;
static bool over_tls;

static bed stage(void)
{
    ts_options o = server_defaults();

    o.tls = over_tls;
    return bed_open(&o, NULL);
}

static child start(bed *b, const char *kind, int bytes, const char *how, const char *timeout_ms)
{
    char size[24];
    const char *arguments[] = {program,
                               ts_server_url(b->server),
                               "s3://bucket/key",
                               kind,
                               size,
                               how,
                               timeout_ms ? timeout_ms : "",
                               NULL,
                               NULL};

    snprintf(size, sizeof size, "%d", bytes);
    if (ts_server_ca_file(b->server)) {
        arguments[6] = timeout_ms ? timeout_ms : "0";
        arguments[7] = ts_server_ca_file(b->server);
    } else if (!timeout_ms) {
        arguments[6] = NULL;
    }
    return child_start(arguments, false);
}

static void ends(const char *kind, int bytes, const char *how)
{
    bed b = stage();
    child c = start(&b, kind, bytes, how, NULL);
    int before = test_failures_here;

    child_end(&c);
    CHECK_INT(child_exit_code(&c), CHILD_EXIT_CODE);
    CHECK(child_said(&c, 'w') && !child_said(&c, 'E'));
    check_nothing(&b, "key");
    CHECK_INT(requests(&b, "PutObject"), 0);
    CHECK_INT(requests(&b, "CompleteMultipartUpload"), 0);
    if (bytes > 2 * CHILD_PART) {
        CHECK_INT(requests(&b, "CreateMultipartUpload"), 1);
        CHECK(requests(&b, "AbortMultipartUpload") >= 1);
    } else {
        CHECK_INT(requests(&b, NULL), 0);
    }
    if (test_failures_here > before)
        fprintf(stderr, "    … %s of %d bytes, by %s\n", kind, bytes, how);
    bed_close(&b);
}

static void ends_in_every_way(const char *kind)
{
    static const char *const ways[] = {"return", "exit", "thread"};

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        ends(kind, 1000, ways[i]);
        ends(kind, MIDST, ways[i]);
    }
}

static void with_a_writer_open(void)
{
    ends_in_every_way("writer");
}

static void with_a_stream_open(void)
{
    ends_in_every_way("stdio");
}

static void over_tls_too(void)
{
    over_tls = true;
    ends("writer", MIDST, "return");
    ends("stdio", MIDST, "thread");
    over_tls = false;
}

static void while_parts_are_slow(void)
{
    bed b = stage();

    faults(&b, "op=UploadPart times=inf do=delay:300");
    child c = start(&b, "writer", MIDST, "return", NULL);
    child_end(&c);
    CHECK_INT(child_exit_code(&c), CHILD_EXIT_CODE);
    check_nothing(&b, "key");
    bed_close(&b);
}

static void while_create_is_slow(void)
{
    bed b = stage();

    faults(&b, "op=CreateMultipartUpload do=delay:300");
    child c = start(&b, "writer", MIDST, "exit", NULL);
    child_end(&c);
    CHECK_INT(child_exit_code(&c), CHILD_EXIT_CODE);
    check_nothing(&b, "key");
    bed_close(&b);
}

/* ---- no answer to the abort: the end comes all the same ---- */

static void ends_within(const char *rule, int ms)
{
    bed b = stage();
    int64_t start_of_end;

    faults(&b, rule);
    child c = start(&b, "writer", MIDST, "return", "400");
    child_wait_for(&c, 'w');
    start_of_end = now_ms();
    child_end(&c);
    CHECK_INT(child_exit_code(&c), CHILD_EXIT_CODE);
    CHECK(now_ms() - start_of_end < ms * SLOWNESS * LEEWAY);
    CHECK(!ts_object_exists(b.server, "bucket", "key"));
    bed_close(&b);
}

static void the_abort_is_not_answered(void)
{
    ends_within("op=AbortMultipartUpload times=inf do=stall_reply:forever", 1500);
    ends_within("op=AbortMultipartUpload times=inf do=status:500:InternalError", 1500);
    ends_within("op=AbortMultipartUpload times=inf do=drop_before", 1500);
}

static void the_server_is_gone(void)
{
    ends_within("op=UploadPart part=2 do=gone", 1500);
    ends_within("op=AbortMultipartUpload do=gone", 1500);
    ends_within("op=UploadPart times=inf do=stall_reply:forever", 1500);
}

/* ---- signals ---- */

static void is_killed_by(int number, const char *kind, int bytes)
{
    bed b = stage();
    child c = start(&b, kind, bytes, "pause", NULL);

    child_wait_for(&c, 'w');
    CHECK_INT(kill(c.pid, number), 0);
    child_end(&c);
    CHECK_INT(child_exit_code(&c), -number);
    sleep_ms(20);
    CHECK(!ts_object_exists(b.server, "bucket", "key"));
    CHECK_INT(requests(&b, "PutObject"), 0);
    CHECK_INT(requests(&b, "CompleteMultipartUpload"), 0);
    bed_close(&b);
}

static void a_signal_ends_it(void)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        is_killed_by(numbers[i], "writer", MIDST);
        is_killed_by(numbers[i], "stdio", 1000);
    }
}

int main(int argc, char **argv)
{
    program = getenv("CW_TORTURE_CHILD");
    REQUIRE(program);
    WITHIN(5000, with_a_writer_open);
    WITHIN(5000, with_a_stream_open);
    WITHIN(5000, over_tls_too);
    WITHIN(3000, while_parts_are_slow);
    WITHIN(3000, while_create_is_slow);
    WITHIN(6000, the_abort_is_not_answered);
    WITHIN(6000, the_server_is_gone);
    WITHIN(5000, a_signal_ends_it);
    return test_end();
}
