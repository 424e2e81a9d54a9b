/* test_service.c - what a client learns on the way: new keys, the time, the region, no checksums */
#include "fixture.h"

enum { PART = 60 * 1000, PARTS = 6, WHOLE = PARTS * PART - 1 };

static unsigned char *data;

/* ---- keys that expire ---- */

static char keys_path[64];

/* Replaced as careful tools do: written elsewhere, then renamed. */
static void write_keys(const char *id, const char *token)
{
    char temporary[80];

    snprintf(temporary, sizeof temporary, "%s.new", keys_path);
    FILE *f = fopen(temporary, "w");
    REQUIRE(f);
    fprintf(f, "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", id, SECRET);
    fprintf(f, "aws_session_token = %s\n", token);
    REQUIRE(fclose(f) == 0 && rename(temporary, keys_path) == 0);
}

static bed bed_with_file(void)
{
    cw_client_options c = hasty_client();

    snprintf(keys_path, sizeof keys_path, "/tmp/cw-scripted-%ld.keys", (long)getpid());
    write_keys("ACCESSKEY", SESSION);
    c.access_key_id = c.secret_access_key = c.session_token = NULL;
    c.credentials_file = keys_path;
    return bed_open(NULL, &c);
}

static void rotate(bed *b, const char *id)
{
    ts_credentials_rotate(b->server, id, SECRET, SESSION "2");
}

static void renewed_in_mid_upload(void)
{
    bed b = bed_with_file();
    cw_writer_options o = parts_of(PART);
    cw_object_info info;
    cw_error err;
    cw_writer *w = open_writer(&b, "key", &o);

    for (int round = 0; round < 3; round++) {
        char id[20];

        CHECK_INT(write_all(w, data + 2 * round * PART, 2 * PART), CW_OK);
        snprintf(id, sizeof id, "ACCESSKEY%d", round);
        rotate(&b, id);
        write_keys(id, SESSION "2");
    }
    CHECK_OK(cw_writer_close(w, &info, &err), err);
    CHECK_INT(info.parts, PARTS);
    CHECK_INT(ts_object_size(b.server, "bucket", "key"), PARTS * PART);
    CHECK_INT(ts_upload_count(b.server), 0);
    bed_close(&b);
    unlink(keys_path);
}

static void renewed_at(const char *op, bool parts)
{
    bed b = bed_with_file();
    cw_writer_options o = parts_of(parts ? PART : WHOLE);
    char rule[100];
    cw_error err;

    snprintf(rule, sizeof rule, "op=%s do=status:400:ExpiredToken", op);
    faults(&b, rule);
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    CHECK_INT(ts_fault_fired(b.server), 1);
    bed_close(&b);
    unlink(keys_path);
}

static void refused_once_as_expired(void)
{
    renewed_at("PutObject", false);
    renewed_at("CreateMultipartUpload", true);
    renewed_at("UploadPart", true);
    renewed_at("CompleteMultipartUpload", true);
}

static void never_renewed(void)
{
    bed b = bed_with_file();
    cw_writer_options o = parts_of(PART);
    cw_error err;
    cw_writer *w = open_writer(&b, "key", &o);

    CHECK_INT(write_all(w, data, 3 * PART), CW_OK);
    while (requests(&b, "UploadPart") < 3)
        sleep_ms(5);
    rotate(&b, "OTHER");
    CHECK_STATUS(cw_writer_close(w, NULL, &err), CW_E_CREDENTIALS_EXPIRED, err);
    look_into_error(&err);
    CHECK(err.upload_id[0]);
    CHECK(!ts_object_exists(b.server, "bucket", "key"));
    CHECK(requests(&b, NULL) < 40);
    bed_close(&b);
    unlink(keys_path);
}

/* ---- keys from a function that takes its time ---- */

typedef struct vault {
    char id[32];
    atomic_int asked;
    int takes_ms;
} vault;

static cw_status ask_vault(void *user, cw_credentials *out, cw_error *err)
{
    vault *v = user;

    (void)err;
    atomic_fetch_add(&v->asked, 1);
    sleep_ms(v->takes_ms);
    out->access_key_id = v->id;
    out->secret_access_key = SECRET;
    out->session_token = atomic_load(&v->asked) > 1 ? SESSION "2" : SESSION;
    return CW_OK;
}

static bed bed_with_vault(vault *v)
{
    cw_client_options c = client_defaults();

    c.access_key_id = c.secret_access_key = c.session_token = NULL;
    c.credentials = ask_vault;
    c.credentials_user = v;
    return bed_open(NULL, &c);
}

static void renewed_by_a_function_in_mid_upload(void)
{
    vault v = {.id = "ACCESSKEY", .takes_ms = 200};
    bed b = bed_with_vault(&v);
    cw_writer_options o = parts_of(PART);
    cw_error err;
    cw_writer *w = open_writer(&b, "key", &o);

    CHECK_INT(write_all(w, data, 3 * PART), CW_OK);
    while (requests(&b, "UploadPart") < 3)
        sleep_ms(5);
    CHECK_INT(atomic_load(&v.asked), 1);
    strcpy(v.id, "ACCESSKEY2");
    rotate(&b, "ACCESSKEY2");
    CHECK_INT(write_all(w, data + 3 * PART, WHOLE - 3 * PART), CW_OK);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    CHECK_INT(atomic_load(&v.asked), 2); /* once for all parts that were refused */
    bed_close(&b);
}

static void a_client_is_released_while_keys_are_awaited(void)
{
    vault v = {.id = "ACCESSKEY", .takes_ms = 300};
    bed b = bed_with_vault(&v);
    cw_writer_options o = parts_of(PART);
    cw_error err;
    cw_writer *w = open_writer(&b, "key", &o);

    CHECK_INT(write_all(w, data, 2 * PART), CW_OK);
    CHECK_OK(cw_writer_abort(w, &err), err);
    CHECK(!ts_object_exists(b.server, "bucket", "key"));
    CHECK_INT(ts_upload_count(b.server), 0);
    bed_close(&b);
}

static void explicit_keys_cannot_be_renewed(void)
{
    bed b = bed_open(NULL, NULL);
    cw_error err;

    rotate(&b, "OTHER");
    CHECK_STATUS(send_bytes(&b, "key", NULL, data, 100, NULL, &err), CW_E_CREDENTIALS_EXPIRED, err);
    check_nothing(&b, "key");
    CHECK(requests(&b, NULL) <= 4);
    bed_close(&b);
}

static void wrong_keys(void)
{
    static const char *const pairs[][2] = {{"ACCESSKEY", "wrong" SECRET}, {"NOBODY", SECRET}};

    for (int i = 0; i < 2; i++) {
        cw_client_options c = client_defaults();
        cw_error err;

        c.access_key_id = pairs[i][0];
        c.secret_access_key = pairs[i][1];
        bed b = bed_open(NULL, &c);
        CHECK_STATUS(send_bytes(&b, "key", NULL, data, 100, NULL, &err), CW_E_PERMISSION, err);
        CHECK_INT(err.attempts, 1);
        check_nothing(&b, "key");
        CHECK_INT(ts_signature_failures(b.server), 1);
        cw_client_release(b.client);
        ts_server_stop(b.server);
    }
}

static void unsigned_if_asked_to(void)
{
    ts_options s = server_defaults();
    cw_client_options c = client_defaults();
    cw_writer_options o = parts_of(PART);
    char header[200];
    cw_error err;

    s.anonymous = true;
    c.access_key_id = c.secret_access_key = c.session_token = NULL;
    c.anonymous = 1;
    bed b = bed_open(&s, &c);
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    CHECK_INT(ts_request_header(b.server, "UploadPart", "authorization", header, sizeof header),
              -1);
    bed_close(&b);
}

/* ---- the clock ---- */

static void clock_off_by(int seconds)
{
    ts_options s = server_defaults();
    cw_writer_options o = parts_of(PART);
    cw_error err;

    s.skew_s = seconds;
    for (int parts = 0; parts < 2; parts++) {
        bed b = bed_open(&s, NULL);

        o.part_bytes = parts ? PART : WHOLE;
        CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
        check_object(&b, "key", data, WHOLE);
        uint64_t sent = requests(&b, NULL);
        CHECK_INT(sent, parts ? PARTS + 3 : 2);
        CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
        CHECK_INT(requests(&b, NULL) - sent, sent - 1);
        bed_close(&b);
    }
}

static void clock_behind(void)
{
    clock_off_by(20 * 60);
    clock_off_by(30 * 24 * 3600);
}

static void clock_ahead(void)
{
    clock_off_by(-20 * 60);
    clock_off_by(-30 * 24 * 3600);
}

static void wait_for_parts(cw_writer *w, uint64_t parts)
{
    cw_stats stats;

    do {
        sleep_ms(2);
        cw_writer_stats(w, &stats);
    } while (stats.parts_done < parts && cw_writer_error(w)->status == CW_OK);
}

static void clock_that_jumps_in_mid_upload(void)
{
    bed b = bed_open(NULL, NULL);
    cw_writer_options o = parts_of(PART);
    cw_error err;
    cw_writer *w = open_writer(&b, "key", &o);

    CHECK_INT(write_all(w, data, 2 * PART), CW_OK);
    wait_for_parts(w, 1);
    ts_skew_set(b.server, 1200);
    CHECK_INT(write_all(w, data + 2 * PART, 2 * PART), CW_OK);
    wait_for_parts(w, 4);
    ts_skew_set(b.server, -1200);
    CHECK_INT(write_all(w, data + 4 * PART, WHOLE - 4 * PART), CW_OK);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    bed_close(&b);
}

/* Whatever we learn, it is never right: that ends. */
static void clock_that_cannot_be_learned(void)
{
    bed b = bed_open(NULL, NULL);
    cw_error err;

    faults(&b, "times=inf do=status:403:RequestTimeTooSkewed");
    CHECK(send_bytes(&b, "key", NULL, data, 100, NULL, &err) != CW_OK);
    CHECK(requests(&b, NULL) <= 4);
    check_nothing(&b, "key");
    bed_close(&b);
}

/* ---- the region ---- */

static void region_is_learned(bool redirect, bool parts)
{
    ts_options s = server_defaults();
    cw_writer_options o = parts_of(parts ? PART : WHOLE);
    cw_error err;

    s.region = "eu-west-1";
    s.redirect_region = redirect;
    bed b = bed_open(&s, NULL);
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    uint64_t sent = requests(&b, NULL);
    CHECK_INT(sent, parts ? PARTS + 3 : 2);
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    CHECK_INT(requests(&b, NULL) - sent, sent - 1);
    bed_close(&b);
}

static void wrong_region_answered_400(void)
{
    region_is_learned(false, false);
    region_is_learned(false, true);
}

static void wrong_region_answered_301(void)
{
    region_is_learned(true, false);
    region_is_learned(true, true);
}

/* ---- checksums that the service does not know ---- */

static void no_checksums_known(cw_checksum checksum, bool parts)
{
    ts_options s = server_defaults();
    cw_writer_options o = parts_of(parts ? PART : WHOLE);
    cw_object_info info;
    cw_error err;

    s.no_checksums = true;
    o.checksum = checksum;
    bed b = bed_open(&s, NULL);
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, &info, &err), err);
    check_object(&b, "key", data, WHOLE);
    CHECK_STR(info.checksum, "");
    uint64_t sent = requests(&b, NULL);
    CHECK_INT(sent, (parts ? PARTS + 2 : 1) + (checksum != CW_CHECKSUM_NONE));
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, &info, &err), err);
    CHECK_INT(requests(&b, NULL) - sent, parts ? PARTS + 2 : 1);
    check_object(&b, "key", data, WHOLE);
    bed_close(&b);
}

static void goes_without_checksums(void)
{
    for (int sum = CW_CHECKSUM_DEFAULT; sum <= CW_CHECKSUM_NONE; sum++)
        for (int parts = 0; parts < 2; parts++)
            no_checksums_known((cw_checksum)sum, parts);
}

static void no_whole_crc32_on_multipart(void)
{
    static const cw_checksum sums[] = {CW_CHECKSUM_CRC32, CW_CHECKSUM_CRC32C};
    ts_options s = server_defaults();
    cw_writer_options o = parts_of(PART);
    cw_object_info info;
    cw_error err;

    s.no_full_object_crc32 = true;
    bed b = bed_open(&s, NULL);
    for (int i = 0; i < 2; i++) {
        o.checksum = sums[i];
        CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, &info, &err), err);
        check_object(&b, "key", data, WHOLE);
        CHECK(info.checksum[0]);
    }
    bed_close(&b);
}

/* The older word for it. */
static void checksums_refused_with_400(void)
{
    bed b = bed_open(NULL, NULL);
    cw_writer_options o = parts_of(PART);
    cw_error err;

    faults(&b, "op=CreateMultipartUpload do=status:400:InvalidArgument:Checksum algorithm "
               "provided is unsupported");
    CHECK_OK(send_bytes(&b, "key", &o, data, WHOLE, NULL, &err), err);
    check_object(&b, "key", data, WHOLE);
    bed_close(&b);
}

/* ---- conditions that a service ignores without a word ---- */

static void conditions_ignored(void)
{
    ts_options s = server_defaults();
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_error err;

    s.no_conditional = true;
    bed b = bed_open(&s, NULL);
    CHECK_INT(ts_object_put(b.server, "bucket", "key", "older", 5), 0);
    o.create_only = 1;
    CHECK_OK(send_bytes(&b, "key", &o, data, 100, NULL, &err), err);
    check_object(&b, "key", data, 100);
    bed_close(&b);
}

int main(int argc, char **argv)
{
    data = noise(PARTS * PART);
    WITHIN(6000, renewed_in_mid_upload);
    WITHIN(3000, refused_once_as_expired);
    WITHIN(5000, renewed_by_a_function_in_mid_upload);
    WITHIN(5000, a_client_is_released_while_keys_are_awaited);
    WITHIN(6000, never_renewed);
    WITHIN(2000, explicit_keys_cannot_be_renewed);
    WITHIN(2000, wrong_keys);
    WITHIN(2000, unsigned_if_asked_to);
    WITHIN(2000, clock_behind);
    WITHIN(2000, clock_ahead);
    WITHIN(3000, clock_that_jumps_in_mid_upload);
    WITHIN(2000, clock_that_cannot_be_learned);
    WITHIN(2000, wrong_region_answered_400);
    WITHIN(2000, wrong_region_answered_301);
    WITHIN(3000, goes_without_checksums);
    WITHIN(2000, no_whole_crc32_on_multipart);
    WITHIN(2000, checksums_refused_with_400);
    WITHIN(2000, conditions_ignored);
    free(data);
    return test_end();
}
