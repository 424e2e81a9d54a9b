/* test_provider.c - other services than AWS: each as the option names it, and as it shows itself */
#include "fixture.h"

enum { PART = 60 * 1000, PARTS = 4, WHOLE = PARTS * PART - 1, SMALL = 1000 };

static unsigned char *data;
static cw_error err;

/* What the services do with conditions. */
enum keeps { NEVER, ON_PUT, ALWAYS };

static const struct service {
    const char *name;
    cw_provider option;
    enum keeps keeps; /* conditions, as the simulation does */
    enum keeps told;  /* as the library takes it to be, once it knows who it is */
    bool shows;       /* who it is, in its answers */
    bool tags, versions;
} services[] = {
    {"r2", CW_PROVIDER_R2, ALWAYS, ALWAYS, false, false, false},
    {"gcs", CW_PROVIDER_GCS, NEVER, NEVER, true, false, false},
    {"minio", CW_PROVIDER_MINIO, ALWAYS, ALWAYS, true, true, true},
    {"ceph-old", CW_PROVIDER_CEPH, ON_PUT, ON_PUT, true, true, true},
    {"b2", CW_PROVIDER_B2, NEVER, NEVER, false, false, true},
    {"oss", CW_PROVIDER_OSS, NEVER, NEVER, true, false, false},
};

enum { SERVICES = sizeof services / sizeof *services };

/* OSS is reached by a name only, since the bucket stands before it. */
static bed bed_at(const struct service *s, bool option)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();
    char url[80];
    bed b;

    so.provider = s->name;
    co.provider = option ? s->option : CW_PROVIDER_AUTO;
    b.server = start_server(&so);
    snprintf(url, sizeof url, "http://localhost%s", strrchr(ts_server_host(b.server), ':'));
    co.endpoint_url = url;
    b.client = start_client(b.server, &co);
    return b;
}

static void say_which(const struct service *s, bool option, int before)
{
    if (test_failures_here > before)
        fprintf(stderr, "    with %s, %s\n", s->name, option ? "by option" : "by its answers");
}

/* Every service, found both ways. */
static void each(void (*test)(const struct service *s, bool option))
{
    for (int i = 0; i < SERVICES; i++)
        for (int option = 0; option < 2; option++) {
            int before = test_failures_here;

            test(&services[i], option);
            say_which(&services[i], option, before);
        }
}

/* So that a service which shows who it is has done so. */
static void meet(bed *b)
{
    cw_object_meta *m;

    CHECK_STATUS(cw_object_stat(&m, b->client, "s3://bucket/nothing", NULL, &err), CW_E_NOT_FOUND,
                 err);
}

/* May be refused at open already. */
static cw_status write_if(bed *b, const char *key, cw_writer_options o, int create_only, size_t n,
                          cw_object_info *info)
{
    char url[80];
    cw_writer *w;
    cw_status st;

    o.create_only = create_only;
    snprintf(url, sizeof url, "s3://bucket/%s", key);
    st = cw_writer_open(&w, b->client, url, &o, &err);
    if (st != CW_OK)
        return st;
    if (write_all(w, data, n) != CW_OK)
        look_into_error(cw_writer_error(w));
    return cw_writer_close(w, info, &err);
}

static cw_status write_parts(bed *b, const char *key, int create_only, cw_object_info *info)
{
    return write_if(b, key, parts_of(PART), create_only, WHOLE, info);
}

static cw_status write_small(bed *b, const char *key, int create_only)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;

    return write_if(b, key, o, create_only, SMALL, NULL);
}

/* ---- everything that is not special ---- */

static void read_back(bed *b, const char *url)
{
    unsigned char *got = malloc(WHOLE + 1);
    size_t n = 0, at = 0;
    cw_reader *r;

    CHECK_OK(cw_reader_open(&r, b->client, url, &err), err);
    if (r && got) {
        do {
            CHECK_OK(cw_reader_read(r, got + at, WHOLE + 1 - at, &n, &err), err);
            at += n;
        } while (n > 0 && at <= WHOLE);
        CHECK_INT(at, WHOLE);
        CHECK(at == WHOLE && memcmp(got, data, WHOLE) == 0);
        cw_reader_close(r);
    }
    free(got);
}

static size_t count_keys(bed *b)
{
    const cw_list_entry *e = NULL;
    size_t n = 0;
    cw_list *l;

    CHECK_OK(cw_list_open(&l, b->client, "s3://bucket/w", NULL, &err), err);
    while (l && cw_list_next(l, &e, &err) == CW_OK && e)
        n++;
    CHECK_OK(err.status, err);
    cw_list_close(l);
    return n;
}

static void walk(const struct service *s, bool option)
{
    static const char *const urls[] = {"s3://bucket/w/small", "s3://bucket/w/parts",
                                       "s3://bucket/w/copy", "s3://bucket/w/big copy"};
    bed b = bed_at(s, option);
    cw_object_copy_options in_parts = CW_OBJECT_COPY_OPTIONS_INIT;
    cw_writer_options described = CW_WRITER_OPTIONS_INIT;
    cw_object_info info;
    cw_object_meta *m;

    CHECK_OK(write_small(&b, "w/small", 0), err);
    CHECK_OK(write_parts(&b, "w/parts", 0, &info), err);
    CHECK_INT(info.parts, PARTS);
    check_object(&b, "w/parts", data, WHOLE);
    read_back(&b, urls[1]);
    CHECK_OK(cw_object_stat(&m, b.client, urls[1], NULL, &err), err);
    CHECK_INT(m ? m->bytes : 0, WHOLE);
    cw_object_meta_free(m);
    described.content_type = "text/plain";
    if (option || s->shows || s->tags) /* else it stumbles over what is said of tags */
        in_parts.describe = &described;
    CHECK_OK(cw_object_copy(b.client, urls[0], urls[2], &in_parts, NULL, &err), err);
    if (option || s->shows || s->tags) /* nor does it pin the parts of a copy */
        in_parts.multipart_bytes = 1;
    in_parts.part_bytes = PART;
    CHECK_OK(cw_object_copy(b.client, urls[1], urls[3], &in_parts, NULL, &err), err);
    check_object(&b, "w/big copy", data, WHOLE);
    CHECK_INT(count_keys(&b), 4);
    CHECK_OK(cw_object_delete_many(b.client, urls, 4, NULL, NULL, &err), err);
    CHECK_INT(ts_object_count(b.server, "bucket"), 0);
    bed_close(&b);
}

static void everything_usual_works_everywhere(void)
{
    each(walk);
}

/* ---- conditions ---- */

/* Held to, or refused: an object that is there is never replaced. */
static void conditions(const struct service *s, bool option)
{
    bed b = bed_at(s, option);
    uint64_t sent;

    REQUIRE(ts_object_put(b.server, "bucket", "key", "older", 5) == 0);
    meet(&b);
    sent = requests(&b, NULL);
    CHECK_STATUS(write_small(&b, "key", 1),
                 s->told == NEVER ? CW_E_UNSUPPORTED : CW_E_ALREADY_EXISTS, err);
    CHECK_INT(requests(&b, NULL) - sent, s->told != NEVER || (!option && !s->shows));
    CHECK_STATUS(write_parts(&b, "key", 1, NULL),
                 s->told == ALWAYS ? CW_E_ALREADY_EXISTS : CW_E_UNSUPPORTED, err);
    if (s->told != ALWAYS && (option || s->shows))
        CHECK_INT(requests(&b, "CreateMultipartUpload"), 0);
    check_object(&b, "key", "older", 5);
    CHECK_STATUS(write_small(&b, "new", 1), s->told == NEVER ? CW_E_UNSUPPORTED : CW_OK, err);
    bed_close(&b);
}

static void conditions_are_held_to_or_refused(void)
{
    each(conditions);
}

/* The very first request has a condition; HEAD is answered so (NULL: as it is). Of OSS the client
   may learn by it that the bucket has to be in the host, and ask there. */
static void write_first(const struct service *s, bool option, const char *head)
{
    bool knows = option || s->shows;
    cw_status want = s->keeps == NEVER ? CW_E_UNSUPPORTED : CW_E_ALREADY_EXISTS;
    bed b = bed_at(s, option);
    uint64_t asked;

    REQUIRE(ts_object_put(b.server, "bucket", "key", "older", 5) == 0);
    if (head)
        faults(&b, head);
    CHECK_STATUS(write_small(&b, "key", 1), want, err);
    asked = requests(&b, "HeadObject");
    CHECK(option ? asked == 0 : asked == 1 || (s->option == CW_PROVIDER_OSS && asked == 2));
    if (knows && s->keeps == NEVER)
        CHECK_INT(requests(&b, "PutObject"), 0);
    CHECK_STATUS(write_small(&b, "key", 1), want, err);
    CHECK_INT(requests(&b, "HeadObject"), asked);
    check_object(&b, "key", "older", 5);
    bed_close(&b);
}

static void meet_and_write(const struct service *s, bool option)
{
    write_first(s, option, NULL);
    write_first(s, option, "op=HeadObject times=inf do=status:403:AccessDenied");
    write_first(s, option, "op=HeadObject times=inf do=status:405:MethodNotAllowed");
}

static void the_first_write_replaces_nothing(void)
{
    each(meet_and_write);
}

static void only_conditions_are_worth_a_question(void)
{
    bed b = bed_at(&services[1], false);

    CHECK_OK(write_small(&b, "key", 0), err);
    CHECK_STATUS(write_small(&b, "key", 1), CW_E_UNSUPPORTED, err);
    CHECK_INT(requests(&b, "HeadObject"), 0);
    bed_close(&b);
}

static void who_gives_no_answer_gets_no_object(void)
{
    bed b = bed_at(&services[1], false);

    faults(&b, "op=HeadObject times=inf do=drop_before");
    CHECK_STATUS(write_small(&b, "key", 1), CW_E_UNAVAILABLE, err);
    CHECK_INT(requests(&b, "PutObject"), 0);
    ts_fault_clear(b.server);
    CHECK_STATUS(write_small(&b, "key", 1), CW_E_UNSUPPORTED, err);
    check_nothing(&b, "key");
    bed_close(&b);
}

static int stop_at_once(void *user, const cw_stats *stats)
{
    (void)user;
    (void)stats;
    return 1;
}

static void a_question_can_be_cancelled(void)
{
    bed b = bed_at(&services[1], false);
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;

    o.progress = stop_at_once;
    o.progress_interval_ms = 50;
    faults(&b, "op=HeadObject times=inf do=stall_reply:forever");
    CHECK_STATUS(write_if(&b, "key", o, 1, SMALL, NULL), CW_E_CANCELLED, err);
    CHECK_INT(requests(&b, "PutObject"), 0);
    bed_close(&b);
}

static void found_out_before_the_commit(void)
{
    bed b = bed_at(&services[1], false);

    REQUIRE(ts_object_put(b.server, "bucket", "key", "older", 5) == 0);
    CHECK_STATUS(write_parts(&b, "key", 1, NULL), CW_E_UNSUPPORTED, err);
    CHECK(strstr(err.message, "do without"));            /* for one request would not help */
    CHECK_INT(requests(&b, "CreateMultipartUpload"), 2); /* without checksums, too */
    CHECK_INT(requests(&b, "CompleteMultipartUpload"), 0);
    check_object(&b, "key", "older", 5);
    bed_close(&b);
}

static void a_size_that_needs_parts_is_refused_at_open(void)
{
    bed b = bed_at(&services[3], true);
    cw_writer_options o = parts_of(PART);
    cw_writer *w;

    o.create_only = 1;
    o.size_hint = WHOLE;
    CHECK_STATUS(cw_writer_open(&w, b.client, "s3://bucket/key", &o, &err), CW_E_UNSUPPORTED, err);
    CHECK(strstr(err.message, "ceph") && strstr(err.message, "part_bytes"));
    CHECK_INT(requests(&b, NULL), 0);
    bed_close(&b);
}

static void copies_onto_nothing(const struct service *s, bool option)
{
    static const char from[] = "s3://bucket/from", to[] = "s3://bucket/to";
    bed b = bed_at(s, option);
    cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;
    bool refused = s->told == NEVER;
    char header[20];

    REQUIRE(ts_object_put(b.server, "bucket", "from", "older", 5) == 0);
    meet(&b);
    o.create_only = 1;
    CHECK_STATUS(cw_object_copy(b.client, from, to, &o, NULL, &err),
                 refused ? CW_E_UNSUPPORTED : CW_OK, err);
    CHECK_INT(ts_object_exists(b.server, "bucket", "to"), !refused);
    if (option && s->option == CW_PROVIDER_R2)
        CHECK_INT(ts_request_header(b.server, "CopyObject", "cf-copy-destination-if-none-match",
                                    header, sizeof header),
                  0);
    bed_close(&b);
}

static void copies_with_a_condition(void)
{
    each(copies_onto_nothing);
}

typedef struct replacing {
    bed *b;
    int when, told;
} replacing;

static int replace_source(void *user, const cw_stats *stats)
{
    replacing *r = user;

    (void)stats;
    if (r->told++ == r->when)
        CHECK_INT(ts_object_put(r->b->server, "bucket", "from", data + 1, WHOLE), 0);
    return 0;
}

/* R2 does not pin the source of a part: it is seen at the end. */
static void a_source_that_is_replaced_is_noticed(void)
{
    for (int i = 0; i < SERVICES; i++) {
        bed b = bed_at(&services[i], true);
        cw_object_copy_options o = CW_OBJECT_COPY_OPTIONS_INIT;
        replacing r = {.b = &b, .when = 1};

        if (services[i].option != CW_PROVIDER_GCS) { /* which copies at once */
            REQUIRE(ts_object_put(b.server, "bucket", "from", data, WHOLE) == 0);
            o.multipart_bytes = 1;
            o.part_bytes = PART;
            o.concurrency = 1;
            o.progress = replace_source;
            o.progress_user = &r;
            CHECK_STATUS(
                cw_object_copy(b.client, "s3://bucket/from", "s3://bucket/to", &o, NULL, &err),
                CW_E_PRECONDITION, err);
            check_nothing(&b, "to");
        }
        bed_close(&b);
    }
}

/* ---- what is not there is refused before it is asked for ---- */

static void refused_unsent(const struct service *s, bool option)
{
    bed b = bed_at(s, option);
    cw_object_delete_options gone = CW_OBJECT_DELETE_OPTIONS_INIT;
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_pair tag = {"a", "b"};
    unsigned can;
    uint64_t sent;
    cw_writer *w;

    meet(&b);
    if (!option && !s->shows) {
        bed_close(&b);
        return;
    }
    can = cw_capabilities_get(b.client, "s3://bucket/");
    sent = requests(&b, NULL);
    CHECK_INT((can & CW_CAN_TAG) != 0, s->tags);
    CHECK_INT((can & CW_CAN_VERSION) != 0, s->versions);
    CHECK_INT((can & CW_CAN_CREATE_ONLY) != 0, s->told != NEVER);
    CHECK_INT((can & CW_CAN_CONDITION_PARTS) != 0, s->told == ALWAYS);
    o.tags = &tag;
    o.tags_count = 1;
    gone.version_id = "1";
    gone.missing_ok = 1;
    if (!s->tags) {
        CHECK_STATUS(cw_object_tags_put(b.client, "s3://bucket/key", &tag, 1, &err),
                     CW_E_UNSUPPORTED, err);
        CHECK_STATUS(cw_writer_open(&w, b.client, "s3://bucket/key", &o, &err), CW_E_UNSUPPORTED,
                     err);
    }
    if (!s->versions)
        CHECK_STATUS(cw_object_delete(b.client, "s3://bucket/key", &gone, &err), CW_E_UNSUPPORTED,
                     err);
    CHECK_INT(requests(&b, NULL), sent);
    bed_close(&b);
}

static void tags_and_versions_are_refused_unsent(void)
{
    each(refused_unsent);
}

/* ---- learned once for the endpoint ---- */

/* How many requests a stat and two writes take, the first time and the second. */
static void learned_once(const struct service *s, bool option)
{
    bed b = bed_at(s, option);
    uint64_t first, second;

    meet(&b);
    CHECK_OK(write_small(&b, "small", 0), err);
    CHECK_OK(write_parts(&b, "parts", 0, NULL), err);
    first = requests(&b, NULL);
    meet(&b);
    CHECK_OK(write_small(&b, "small", 0), err);
    CHECK_OK(write_parts(&b, "parts", 0, NULL), err);
    second = requests(&b, NULL) - first;
    CHECK_INT(second, 1 + 1 + PARTS + 2);
    if (option)
        CHECK_INT(first, second);
    else
        CHECK(first <= second + 1);
    bed_close(&b);
}

static void one_lesson_is_enough(void)
{
    each(learned_once);
}

static void a_refusal_that_was_not_about_checksums_teaches_nothing(void)
{
    bed b = bed_open(NULL, NULL);
    char header[80];

    faults(&b, "op=PutObject times=2 do=status:501:NotImplemented");
    CHECK_STATUS(write_small(&b, "key", 0), CW_E_UNSUPPORTED, err);
    CHECK_OK(write_small(&b, "key", 0), err);
    CHECK_INT(
        ts_request_header(b.server, "PutObject", "x-amz-checksum-crc64nvme", header, sizeof header),
        0);
    bed_close(&b);
}

/* ---- equal parts ---- */

/* A flush cuts a part where that may be. */
static cw_status write_flushed(bed *b, cw_object_info *info)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_writer *w;

    o.part_bytes = 8 * MIB;
    w = open_writer(b, "key", &o);
    CHECK_INT(cw_writer_write(w, data, 6 * MIB), CW_OK);
    CHECK_INT(cw_writer_flush(w), CW_OK);
    CHECK_INT(write_all(w, data + 6 * MIB, 14 * MIB), CW_OK);
    return cw_writer_close(w, info, &err);
}

static bed roomy_bed(cw_provider provider)
{
    ts_options so = server_defaults();
    cw_client_options co = client_defaults();

    so.provider = "r2";
    co.provider = provider;
    co.memory_bytes = 0;
    return bed_open(&so, &co);
}

static void parts_are_equal_where_they_must_be(void)
{
    bed b = roomy_bed(CW_PROVIDER_R2);
    cw_object_info info;

    CHECK_OK(write_flushed(&b, &info), err);
    CHECK_INT(info.parts, 3);
    check_object(&b, "key", data, 20 * MIB);
    bed_close(&b);
}

static void equal_parts_are_learned(void)
{
    bed b = roomy_bed(CW_PROVIDER_AUTO);
    cw_object_info info;

    CHECK_STATUS(write_flushed(&b, &info), CW_E_SERVICE, err);
    check_nothing(&b, "key");
    CHECK_OK(write_flushed(&b, &info), err);
    CHECK_INT(info.parts, 3);
    check_object(&b, "key", data, 20 * MIB);
    bed_close(&b);
}

static void the_largest_object_is_known_at_open(void)
{
    bed b = roomy_bed(CW_PROVIDER_R2);
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_stats stats;
    cw_writer *w;

    o.size_hint = (uint64_t)6 << 40;
    CHECK_STATUS(cw_writer_open(&w, b.client, "s3://bucket/key", &o, &err), CW_E_TOO_LARGE, err);
    o.size_hint = (uint64_t)200 << 30;
    w = open_writer(&b, "key", &o);
    cw_writer_stats(w, &stats);
    CHECK_INT(stats.part_bytes, 21 * MIB); /* 10,000 of them hold 200 GiB */
    CHECK_OK(cw_writer_abort(w, &err), err);
    w = open_writer(&b, "key", NULL);
    cw_writer_stats(w, &stats);
    CHECK_INT(stats.part_bytes, 16 * MIB);
    CHECK_OK(cw_writer_abort(w, &err), err);
    bed_close(&b);
}

/* ---- regions ---- */

static void the_region_is_its_own(void)
{
    for (int i = 0; i < 2; i++) {
        bed b = bed_at(&services[i], true);
        char header[400] = "";

        meet(&b);
        CHECK_INT(ts_request_header(b.server, "HeadObject", "authorization", header, sizeof header),
                  0);
        CHECK(strstr(header, "/auto/s3/aws4_request"));
        bed_close(&b);
    }
}

static void no_such_provider(void)
{
    cw_client_options o = client_defaults();
    cw_client *c;

    o.provider = (cw_provider)99;
    CHECK_STATUS(cw_client_new(&c, &o, &err), CW_E_INVALID_ARGUMENT, err);
}

/* ---- the probe ---- */

static void probe(const struct service *s, bool option)
{
    bed b = bed_at(s, option);
    unsigned can;

    CHECK_OK(cw_capabilities_probe(b.client, "s3://bucket/probe", &err), err);
    can = cw_capabilities_get(b.client, "s3://bucket");
    CHECK(can & CW_CAN_CONDITION_SURELY);
    CHECK_INT((can & CW_CAN_CREATE_ONLY) != 0, s->keeps != NEVER);
    CHECK_INT((can & CW_CAN_CONDITION_PARTS) != 0, s->keeps == ALWAYS);
    CHECK_INT(ts_object_count(b.server, "bucket"), 0);
    CHECK_INT(ts_upload_count(b.server), 0);
    CHECK(requests(&b, NULL) <= 12);
    bed_close(&b);
}

static void the_probe_finds_the_truth(void)
{
    each(probe);
}

/* A new Ceph that holds to conditions everywhere, behind a profile that does not know. */
static void the_probe_is_believed(void)
{
    cw_client_options co = client_defaults();

    co.provider = CW_PROVIDER_CEPH;
    bed b = bed_open(NULL, &co);
    CHECK_STATUS(write_parts(&b, "key", 1, NULL), CW_E_UNSUPPORTED, err);
    CHECK_OK(cw_capabilities_probe(b.client, "s3://bucket/probe", &err), err);
    CHECK_OK(write_parts(&b, "key", 1, NULL), err);
    CHECK_STATUS(write_parts(&b, "key", 1, NULL), CW_E_ALREADY_EXISTS, err);
    bed_close(&b);
}

static void silence_is_found_out(void)
{
    ts_options so = server_defaults();

    so.no_conditional = true;
    bed b = bed_open(&so, NULL);
    CHECK(!(cw_capabilities_get(b.client, "s3://bucket") & CW_CAN_CONDITION_SURELY));
    CHECK_OK(cw_capabilities_probe(b.client, "s3://bucket/probe", &err), err);
    REQUIRE(ts_object_put(b.server, "bucket", "key", "older", 5) == 0);
    CHECK_STATUS(write_small(&b, "key", 1), CW_E_UNSUPPORTED, err);
    check_object(&b, "key", "older", 5);
    bed_close(&b);
}

static void a_probe_harms_nothing(void)
{
    bed b = bed_open(NULL, NULL);

    REQUIRE(ts_object_put(b.server, "bucket", "probe", "older", 5) == 0);
    CHECK_STATUS(cw_capabilities_probe(b.client, "s3://bucket/probe", &err), CW_E_ALREADY_EXISTS,
                 err);
    check_object(&b, "probe", "older", 5);
    faults(&b, "op=CompleteMultipartUpload times=inf do=status:403:AccessDenied");
    CHECK_STATUS(cw_capabilities_probe(b.client, "s3://bucket/other", &err), CW_E_PERMISSION, err);
    check_nothing(&b, "other");
    CHECK(!(cw_capabilities_get(b.client, "s3://bucket") & CW_CAN_CONDITION_SURELY));
    CHECK_OK(cw_capabilities_probe(NULL, "mem://x", &err), err);
    CHECK_STATUS(cw_capabilities_probe(b.client, "s3://bucket", &err), CW_E_INVALID_ARGUMENT, err);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    data = noise(20 * MIB);
    WITHIN(10000, everything_usual_works_everywhere);
    WITHIN(5000, conditions_are_held_to_or_refused);
    WITHIN(5000, the_first_write_replaces_nothing);
    WITHIN(2000, only_conditions_are_worth_a_question);
    WITHIN(5000, who_gives_no_answer_gets_no_object);
    WITHIN(2000, a_question_can_be_cancelled);
    WITHIN(2000, found_out_before_the_commit);
    WITHIN(2000, a_size_that_needs_parts_is_refused_at_open);
    WITHIN(5000, copies_with_a_condition);
    WITHIN(5000, a_source_that_is_replaced_is_noticed);
    WITHIN(5000, tags_and_versions_are_refused_unsent);
    WITHIN(5000, one_lesson_is_enough);
    WITHIN(2000, a_refusal_that_was_not_about_checksums_teaches_nothing);
    WITHIN(5000, parts_are_equal_where_they_must_be);
    WITHIN(5000, equal_parts_are_learned);
    WITHIN(2000, the_largest_object_is_known_at_open);
    WITHIN(2000, the_region_is_its_own);
    WITHIN(2000, no_such_provider);
    WITHIN(5000, the_probe_finds_the_truth);
    WITHIN(2000, the_probe_is_believed);
    WITHIN(2000, silence_is_found_out);
    WITHIN(2000, a_probe_harms_nothing);
    free(data);
    return test_end();
}
