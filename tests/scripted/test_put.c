/* test_put.c - the same truth about a commit by a single PUT, and about conditions and races */
#include "fixture.h"

enum { PART = 100 * 1000, SMALL = 40 * 1000, WRITERS = 8 };

static unsigned char *data;

/* ---- replies that were lost ---- */

typedef struct setting {
    int create_only;
    bool warm; /* over a connection that was used before, which libcurl replaces by itself */
    size_t bytes;
} setting;

static void put_commits_in(const setting *as, const char *rules)
{
    int before = test_failures_here;
    cw_client_options c = hasty_client();
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    bed b = bed_open(NULL, &c);
    cw_object_info info = {0};
    char etag[100] = "";
    cw_error err;

    if (as->warm)
        CHECK_OK(send_bytes(&b, "before", NULL, data, 10, NULL, &err), err);
    o.create_only = as->create_only;
    faults(&b, rules);
    CHECK_OK(send_bytes(&b, "key", &o, data, as->bytes, &info, &err), err);
    check_object(&b, "key", data, as->bytes);
    CHECK_INT(info.bytes, as->bytes);
    CHECK_INT(info.parts, 0);
    CHECK_INT(ts_object_header(b.server, "bucket", "key", "etag", etag, sizeof etag), 0);
    CHECK(strstr(etag, info.etag));
    bed_close(&b);
    if (test_failures_here > before)
        fprintf(stderr, "    … create_only %d, warm %d, %zu bytes, under: %s\n", as->create_only,
                as->warm, as->bytes, rules);
}

static void put_commits(const char *rules)
{
    for (int i = 0; i < 8; i++)
        put_commits_in(&(setting){i & 1, i & 2, i & 4 ? 0 : SMALL}, rules);
}

static void reply_lost_after_the_put(void)
{
    static const char *const actions[] = {
        "drop_reply_after_commit",
        "reset_reply:0",
        "reset_reply:10",
        "truncate_reply:0",
        "truncate_reply:10",
        "corrupt_reply",
        "drop_before",
        "reset_request:0",
        "reset_request:1000",
        "reset_request:40000",
        "status:500:InternalError",
    };
    char rules[200];

    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        snprintf(rules, sizeof rules, "op=PutObject key=key do=%s", actions[i]);
        put_commits(rules);
    }
}

static void stalls_during_the_put(void)
{
    const setting warm = {1, true, SMALL};

    put_commits_in(&warm, "op=PutObject key=key do=stall_reply:forever");
    put_commits_in(&warm, "op=PutObject key=key do=stall_reply:forever:20");
    put_commits_in(&warm, "op=PutObject key=key do=stall_request:forever");
    put_commits_in(&warm, "op=PutObject key=key do=stall_request:forever:20000");
    put_commits_in(&warm, "op=PutObject key=key do=status:503:SlowDown");
}

/* The retry is told that the key exists: it does, and the token says that it is ours. */
static void second_answer_after_the_put(void)
{
    static const char *const answers[] = {
        "status:412:PreconditionFailed",
        "status:409:ConditionalRequestConflict",
        "status:403:AccessDenied",
        "status:500:InternalError",
        "drop_before",
    };
    char rules[300];

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        snprintf(rules, sizeof rules,
                 "op=PutObject key=key attempt=1 do=drop_reply_after_commit\n"
                 "op=PutObject key=key attempt=2+ times=inf do=%s",
                 answers[i]);
        put_commits(rules);
    }
}

/* Without a token nobody knows whose object of that size it is: no denial, then. */
static void where_metadata_is_dropped(void)
{
    ts_options s = server_defaults();
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_error err;

    s.no_metadata = true;
    bed b = bed_open(&s, NULL);
    o.create_only = 1;
    faults(&b, "op=PutObject attempt=1 do=drop_reply_after_commit");
    CHECK_STATUS(send_bytes(&b, "key", &o, data, SMALL, NULL, &err), CW_E_INDETERMINATE, err);
    check_object(&b, "key", data, SMALL);
    bed_close(&b);
}

/* ---- not known ---- */

static void put_is_not_known(bed *b, const char *rules, cw_error *doubt)
{
    faults(b, rules);
    CHECK_STATUS(send_bytes(b, "key", NULL, data, SMALL, NULL, doubt), CW_E_INDETERMINATE, *doubt);
    CHECK_INT(strlen(doubt->commit_token), 32);
    CHECK_STR(doubt->upload_id, "");
}

static void asked_later_it_is_there(void)
{
    cw_client_options c = hasty_client();
    bed b = bed_open(NULL, &c);
    cw_object_info info = {0};
    cw_error doubt, err;

    put_is_not_known(&b,
                     "op=PutObject attempt=1 do=drop_reply_after_commit\n"
                     "op=PutObject attempt=2+ times=inf do=drop_before\n"
                     "op=HeadObject times=inf do=drop_before",
                     &doubt);
    ts_fault_clear(b.server);
    CHECK_OK(cw_commit_query(b.client, "s3://bucket/key", &doubt, &info, &err), err);
    CHECK_INT(info.bytes, SMALL);
    check_object(&b, "key", data, SMALL);
    bed_close(&b);
}

static void asked_later_it_is_not_there(void)
{
    static const char *const rules[] = {
        "op=PutObject times=inf do=drop_before\nop=HeadObject times=inf do=drop_before",
        "op=PutObject times=inf do=stall_reply:forever\nop=HeadObject times=inf do=drop_before",
        "op=PutObject times=inf do=drop_before",
        "op=PutObject times=inf do=reset_request:40000",
    };
    cw_client_options c = hasty_client();

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        bed b = bed_open(NULL, &c);
        cw_error doubt, err;
        cw_status want = i == 1 ? CW_OK : CW_E_NOT_FOUND; /* a reply that stalls was worked for */

        put_is_not_known(&b, rules[i], &doubt);
        ts_fault_clear(b.server);
        CHECK_STATUS(cw_commit_query(b.client, "s3://bucket/key", &doubt, NULL, &err), want, err);
        CHECK_INT(ts_object_exists(b.server, "bucket", "key"), want == CW_OK);
        bed_close(&b);
    }
}

static void server_gone_for_good(void)
{
    cw_client_options c = hasty_client();
    bed b = bed_open(NULL, &c);
    cw_error doubt, err;

    put_is_not_known(&b, "op=PutObject do=gone", &doubt);
    CHECK_STATUS(cw_commit_query(b.client, "s3://bucket/key", &doubt, NULL, &err), CW_E_UNAVAILABLE,
                 err);
    bed_close(&b);
}

/* ---- conditions ---- */

static size_t bytes_of(bool parts)
{
    return parts ? 2 * PART + 1 : SMALL;
}

static cw_writer_options shape_of(bool parts)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;

    return parts ? parts_of(PART) : o;
}

static void create_only_over_an_object(void)
{
    for (int parts = 0; parts < 2; parts++) {
        bed b = bed_open(NULL, NULL);
        cw_writer_options o = shape_of(parts);
        cw_error err;

        o.create_only = 1;
        CHECK_OK(send_bytes(&b, "key", &o, data, bytes_of(parts), NULL, &err), err);
        check_object(&b, "key", data, bytes_of(parts));
        CHECK_STATUS(send_bytes(&b, "key", &o, data + 1, bytes_of(parts), NULL, &err),
                     CW_E_ALREADY_EXISTS, err);
        CHECK_INT(err.http_status, 412);
        check_object(&b, "key", data, bytes_of(parts));
        bed_close(&b);
    }
}

static void if_match_on_an_object(void)
{
    for (int parts = 0; parts < 2; parts++) {
        bed b = bed_open(NULL, NULL);
        cw_writer_options o = shape_of(parts);
        cw_object_info first, second;
        char quoted[160];
        cw_error err;

        CHECK_OK(send_bytes(&b, "key", &o, data, bytes_of(parts), &first, &err), err);
        o.if_match = first.etag;
        CHECK_OK(send_bytes(&b, "key", &o, data + 1, bytes_of(parts), &second, &err), err);
        check_object(&b, "key", data + 1, bytes_of(parts));
        CHECK_STATUS(send_bytes(&b, "key", &o, data + 2, bytes_of(parts), NULL, &err),
                     CW_E_PRECONDITION, err);
        check_object(&b, "key", data + 1, bytes_of(parts));
        snprintf(quoted, sizeof quoted, "\"%s\"", second.etag);
        o.if_match = quoted;
        CHECK_OK(send_bytes(&b, "key", &o, data + 3, bytes_of(parts), NULL, &err), err);
        check_object(&b, "key", data + 3, bytes_of(parts));
        CHECK_STATUS(send_bytes(&b, "missing", &o, data, bytes_of(parts), NULL, &err),
                     CW_E_NOT_FOUND, err);
        check_nothing(&b, "missing");
        bed_close(&b);
    }
}

static void conflict_during_the_commit(void)
{
    for (int parts = 0; parts < 2; parts++) {
        bed b = bed_open(NULL, NULL);
        cw_writer_options o = shape_of(parts);
        cw_error err;

        o.create_only = 1;
        faults(&b, parts ? "op=CompleteMultipartUpload do=status:409:ConditionalRequestConflict"
                         : "op=PutObject do=status:409:ConditionalRequestConflict");
        CHECK_STATUS(send_bytes(&b, "key", &o, data, bytes_of(parts), NULL, &err), CW_E_CONFLICT,
                     err);
        check_nothing(&b, "key");
        CHECK_INT(requests(&b, "PutObject") + requests(&b, "CompleteMultipartUpload"), 1);
        bed_close(&b);
    }
}

static void both_conditions_exclude_each_other(void)
{
    bed b = bed_open(NULL, NULL);
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_writer *w;
    cw_error err;

    o.create_only = 1;
    o.if_match = "0123";
    CHECK_STATUS(cw_writer_open(&w, b.client, "s3://bucket/key", &o, &err), CW_E_INVALID_ARGUMENT,
                 err);
    CHECK(!w);
    bed_close(&b);
}

/* ---- races ---- */

typedef struct racer {
    bed *b;
    pthread_barrier_t *start;
    bool parts;
    size_t offset; /* of its bytes, which tell it from the others */
    cw_status answer;
} racer;

static void *race_one(void *user)
{
    racer *r = user;
    cw_writer_options o = shape_of(r->parts);
    cw_error err;

    o.create_only = 1;
    cw_writer *w = open_writer(r->b, "key", &o);
    CHECK_INT(write_all(w, data + r->offset, bytes_of(r->parts)), CW_OK);
    pthread_barrier_wait(r->start);
    r->answer = cw_writer_close(w, NULL, &err);
    look_into_error(&err);
    return NULL;
}

static void race(unsigned n, bool parts)
{
    bed b = bed_open(NULL, NULL);
    pthread_barrier_t start;
    pthread_t threads[WRITERS];
    racer racers[WRITERS];
    unsigned won = 0, lost = 0;

    pthread_barrier_init(&start, NULL, n);
    for (unsigned i = 0; i < n; i++) {
        racers[i] = (racer){.b = &b, .start = &start, .parts = parts, .offset = i};
        REQUIRE(pthread_create(&threads[i], NULL, race_one, &racers[i]) == 0);
    }
    for (unsigned i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < n; i++) {
        won += racers[i].answer == CW_OK;
        lost += racers[i].answer == CW_E_ALREADY_EXISTS || racers[i].answer == CW_E_CONFLICT;
        if (racers[i].answer == CW_OK)
            check_object(&b, "key", data + i, bytes_of(parts));
    }
    CHECK_INT(won, 1);
    CHECK_INT(lost, n - 1);
    pthread_barrier_destroy(&start);
    bed_close(&b);
}

static void two_writers_race(void)
{
    for (int round = 0; round < 10; round++)
        race(2, round % 2);
}

static void eight_writers_race(void)
{
    for (int round = 0; round < 6; round++)
        race(WRITERS, round % 2);
}

/* ---- a success that is none ---- */

static void success_without_an_etag(void)
{
    bed b = bed_open(NULL, NULL);
    cw_error err;

    put_commits("op=PutObject do=empty_etag");
    faults(&b, "op=PutObject do=reply_200_error:InternalError");
    CHECK_STATUS(send_bytes(&b, "key", NULL, data, SMALL, NULL, &err), CW_E_PROTOCOL, err);
    CHECK_STR(err.commit_token, "");
    check_nothing(&b, "key");
    bed_close(&b);
}

int main(int argc, char **argv)
{
    data = noise(2 * PART + 100);
    WITHIN(6000, reply_lost_after_the_put);
    WITHIN(6000, stalls_during_the_put);
    WITHIN(6000, second_answer_after_the_put);
    WITHIN(3000, where_metadata_is_dropped);
    WITHIN(3000, asked_later_it_is_there);
    WITHIN(6000, asked_later_it_is_not_there);
    WITHIN(3000, server_gone_for_good);
    WITHIN(3000, create_only_over_an_object);
    WITHIN(3000, if_match_on_an_object);
    WITHIN(3000, conflict_during_the_commit);
    WITHIN(2000, both_conditions_exclude_each_other);
    WITHIN(5000, two_writers_race);
    WITHIN(5000, eight_writers_race);
    WITHIN(5000, success_without_an_etag);
    free(data);
    return test_end();
}
