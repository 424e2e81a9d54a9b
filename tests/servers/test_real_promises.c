/* test_real_promises.c - conditions, what must never be published, and refusals (real.h) */
#include "real.h"
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- conditions ----------------------------------------------------------------------------- */

static void create_only(void)
{
    cw_writer_options o = options();
    cw_object_info info;
    o.create_only = 1;
    put_ok("single", &o, 10, "");
    CHECK_STATUS(put("single", &o, 20, "", &info), CW_E_ALREADY_EXISTS, err);
    put_ok("parts", &o, PART + 10, "");
    CHECK_STATUS(put("parts", &o, PART + 20, "", &info), CW_E_ALREADY_EXISTS, err);
}

/* What the probe finds is what the case above saw. */
static void conditions_probed(void)
{
    static const unsigned all =
        CW_CAN_CREATE_ONLY | CW_CAN_CONDITION_PARTS | CW_CAN_CONDITION_SURELY;

    CHECK_OK(cw_capabilities_probe(client, url_of("probe"), &err), err);
    CHECK_INT(cw_capabilities_get(client, url_of("")) & all, all);
    report_absent("probe");
    create_only();
    CHECK_STATUS(cw_capabilities_probe(client, url_of("single"), &err), CW_E_ALREADY_EXISTS, err);
}

typedef struct racer {
    cw_writer *w;
    expected e;
    cw_status status;
} racer;

static void *race(void *arg)
{
    racer *r = arg;
    cw_error mine;
    r->status = cw_writer_close(r->w, NULL, &mine);
    return NULL;
}

/* Eight writers hold all their bytes and close at the same moment: one wins. */
static void create_only_race(void)
{
    enum { RACERS = 8 };
    racer racers[RACERS];
    pthread_t threads[RACERS];
    int winners = 0;
    cw_writer_options o = options();
    o.create_only = 1;
    for (unsigned i = 0; i < RACERS; i++) {
        racers[i].w = open_writer("raced", &o);
        expected_begin(&racers[i].e, 100 + i);
        CHECK(write_content(racers[i].w, &racers[i].e, PART + 1000 + i) == CW_OK);
    }
    for (int i = 0; i < RACERS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
    for (int i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < RACERS; i++)
        winners += racers[i].status == CW_OK;
    CHECK_INT(winners, 1);
    for (int i = 0; i < RACERS && winners == 1; i++) {
        if (racers[i].status == CW_OK)
            report_present("raced", &racers[i].e, "");
        else
            CHECK(racers[i].status == CW_E_ALREADY_EXISTS || racers[i].status == CW_E_CONFLICT);
    }
}

static void if_match(void)
{
    cw_writer_options o = options();
    cw_object_info first, second;
    CHECK_OK(put("swap", NULL, 10, "", &first), err);
    o.if_match = first.etag;
    CHECK_OK(put("swap", &o, PART + 11, "", &second), err);
    CHECK_STATUS(put("swap", &o, 12, "", &second), CW_E_PRECONDITION, err);
    CHECK_STATUS(put("swap", &o, PART + 13, "", &second), CW_E_PRECONDITION, err);
}

/* ---- nothing is published -------------------------------------------------------------------- */

static void aborted(void)
{
    cw_writer_options o = options();
    expected e;
    for (int i = 0; i < 3; i++) {
        static const size_t sizes[] = {0, 1000, 4 * PART};
        char key[16];
        snprintf(key, sizeof key, "abort-%d", i);
        cw_writer *w = open_writer(key, &o);
        expected_begin(&e, 3);
        CHECK(write_content(w, &e, sizes[i]) == CW_OK);
        CHECK_OK(cw_writer_abort(w, &err), err);
        EVP_MD_CTX_free(e.sha256);
        report_absent(key);
    }
    FILE *f = cw_fopen(url_of("abort-stdio"), "w", client, &err);
    REQUIRE(f);
    for (int i = 0; i < 1000000; i++)
        fprintf(f, "%d\n", i);
    CHECK_INT(cw_fabort(f), 0);
    report_absent("abort-stdio");
}

/* Run `child` in a process of its own, started before this one has a client. */
static int in_child(void (*child)(void))
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        alarm(100);
        child();
        _exit(99);
    }
    REQUIRE(waitpid(pid, &status, 0) == pid);
    return status;
}

static void write_then(const char *key, size_t n)
{
    cw_writer_options o = options();
    expected e;
    client = client_from_env();
    cw_writer *w = open_writer(key, &o);
    expected_begin(&e, 9);
    REQUIRE(write_content(w, &e, n) == CW_OK);
    cw_stats now = {0};
    for (int i = 0; i < 500 && now.parts_done < 1; i++) {
        usleep(20000);
        cw_writer_stats(w, &now);
    }
    CHECK(now.parts_done >= 1);
}

static void exit_with_stream(void)
{
    client = client_from_env();
    FILE *f = cw_fopen(url_of("exit"), "w", client, &err);
    REQUIRE(f);
    for (int i = 0; i < 3000000; i++)
        fprintf(f, "%d\n", i);
    exit(0);
}

static void killed_child(void)
{
    write_then("killed", 4 * PART);
    raise(SIGKILL);
}

static void exit_leaves_nothing(void)
{
    CHECK_INT(in_child(exit_with_stream), 0);
    report_absent("exit");
}

static int abort_each(void *count, const cw_upload_info *upload)
{
    char url[2048];
    snprintf(url, sizeof url, "s3://%s/%s", upload->bucket, upload->key);
    CHECK(upload->upload_id[0] && upload->initiated_ms > 1000000000000);
    CHECK_OK(cw_upload_abort(client, url, upload->upload_id, &err), err);
    ++*(int *)count;
    return 0;
}

static int count_each(void *count, const cw_upload_info *upload)
{
    (void)upload;
    ++*(int *)count;
    return 0;
}

/* kill -9 leaves an upload and no object; the upload can be found and aborted. */
static void killed_then_cleared(void)
{
    int found = 0, left = 0;
    int status = in_child(killed_child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    report_absent("killed");
    client = client_from_env();
    CHECK_OK(cw_upload_list(client, url_of("killed"), abort_each, &found, &err), err);
    CHECK_INT(found, 1);
    CHECK_OK(cw_upload_list(client, url_of("killed"), count_each, &left, &err), err);
    CHECK_INT(left, 0);
}

/* The content of "doomed", as the child writes it, counted without writing it. */
static void expect_doomed(expected *e)
{
    static unsigned char block[MIB];
    expected_begin(e, 4711);
    for (int i = 0; i < 12; i++)
        expected_fill(e, block, sizeof block);
}

static void doomed_child(void)
{
    static unsigned char block[MIB];
    cw_writer_options o = options();
    expected e;
    client = client_from_env();
    cw_writer *w = open_writer("doomed", &o);
    expected_begin(&e, 4711);
    for (int i = 0; i < 12; i++) {
        expected_fill(&e, block, sizeof block);
        REQUIRE(cw_writer_write(w, block, sizeof block) == CW_OK);
        usleep(2000);
    }
    _exit(cw_writer_close(w, NULL, &err) == CW_OK ? 0 : 1);
}

/* kill -9 at twenty moments, from the start to beyond the end: absent or whole, never in part. */
static void killed_at_any_moment(void)
{
    enum { ROUNDS = 20, STEP_US = 4000 };
    expected e;
    int found = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int status = 0;
        pid_t pid = fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
            case_name = round % 2 ? "killed_at_any_moment/odd" : "killed_at_any_moment/even";
            alarm(100);
            doomed_child();
        }
        usleep((useconds_t)(round * STEP_US));
        kill(pid, SIGKILL);
        REQUIRE(waitpid(pid, &status, 0) == pid);
        CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    }
    expect_doomed(&e);
    report_whole_or_absent("odd/doomed", &e);
    expect_doomed(&e);
    report_whole_or_absent("even/doomed", &e);
    client = client_from_env();
    CHECK_OK(cw_upload_list(client, url_of(""), abort_each, &found, &err), err);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void no_bucket(void)
{
    cw_writer *w = NULL;
    REQUIRE(cw_writer_open(&w, client, "s3://no-such-bucket-here/key", NULL, &err) == CW_OK);
    CHECK(cw_writer_write(w, "x", 1) == CW_OK);
    CHECK_STATUS(cw_writer_close(w, NULL, &err), CW_E_BUCKET_NOT_FOUND, err);
    CHECK(err.message[0] && err.http_status == 404);
}

static void wrong_secret(void)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_client *other = NULL;
    cw_writer *w = NULL;
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    o.secret_access_key = "not-the-secret-of-this-server";
    CHECK_OK(cw_client_new(&other, &o, &err), err);
    REQUIRE(cw_writer_open(&w, other, url_of("wrong"), NULL, &err) == CW_OK);
    CHECK(cw_writer_write(w, "x", 1) == CW_OK);
    const cw_status wrong_secret_status = cw_writer_close(w, NULL, &err);
    CHECK_STATUS(wrong_secret_status, CW_E_PERMISSION, err);
    CHECK(!strstr(err.message, o.secret_access_key));
    cw_client_release(other);
    report_absent("wrong");
}

/* ---- the list -------------------------------------------------------------------------------- */

static const real_case cases[] = {
    {"create_only", create_only, false},
    {"conditions_probed", conditions_probed, false},
    {"create_only_race", create_only_race, false},
    {"if_match", if_match, false},
    {"aborted", aborted, false},
    {"exit_leaves_nothing", exit_leaves_nothing, true},
    {"killed_then_cleared", killed_then_cleared, true},
    {"killed_at_any_moment", killed_at_any_moment, true},
    {"no_bucket", no_bucket, false},
    {"wrong_secret", wrong_secret, false},
    {NULL, NULL, false},
};

int main(int argc, char **argv)
{
    return real_main(cases, argc, argv);
}
