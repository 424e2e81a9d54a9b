/* test_real.c - the library against a real server, one case at a time
 *
 *     test_real --list           the names of the cases
 *     test_real CASE             run it against the server that the AWS_* variables name
 *
 * Public API only. A case writes below s3://$REAL_BUCKET/CASE/ and prints, for every key it
 * touched, what another client must now find there, one JSON object a line:
 *
 *     {"key": HEX, "present": true, "bytes": N, "sha256": HEX, "encoding": "gzip", …}
 *
 * bytes and sha256 are of what was written, before compression, as counted here and not by the
 * library. run.py reads the objects back with boto3 and compares. A failed check is a line on
 * stderr, and exit code 1.
 */
#include "harness.h"
#include <cloudwriter/cloudwriter.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB  (1024u * 1024u)
#define PART (5u * MIB)

static cw_client *client;
static const char *case_name;
static cw_error err;

/* ---- what is written, and what another client must find ------------------------------------ */

typedef struct expected {
    EVP_MD_CTX *sha256;
    uint64_t bytes;
    uint32_t seed;
} expected;

static void expected_begin(expected *e, uint32_t seed)
{
    e->sha256 = EVP_MD_CTX_new();
    REQUIRE(e->sha256 && EVP_DigestInit_ex(e->sha256, EVP_sha256(), NULL) == 1);
    e->bytes = 0;
    e->seed = seed | 1;
}

/* The next n bytes of the content: half noise, half runs, so that compressors have work. */
static void expected_fill(expected *e, unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i % 64 == 0) {
            e->seed ^= e->seed << 13;
            e->seed ^= e->seed >> 17;
            e->seed ^= e->seed << 5;
        }
        p[i] = (unsigned char)(i % 64 < 32 ? e->seed >> (i % 4 * 8) : e->seed % 61);
    }
    e->bytes += n;
    REQUIRE(EVP_DigestUpdate(e->sha256, p, n) == 1);
}

static void print_hex(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%02x", ((const unsigned char *)p)[i]);
}

static void report_key(const char *key)
{
    printf("{\"key\": \"");
    print_hex(case_name, strlen(case_name));
    print_hex("/", 1);
    print_hex(key, strlen(key));
    printf("\"");
}

/* `more`: further members, such as ", \"encoding\": \"gzip\"" */
static void report_present(const char *key, expected *e, const char *more)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    REQUIRE(EVP_DigestFinal_ex(e->sha256, digest, &n) == 1);
    EVP_MD_CTX_free(e->sha256);
    report_key(key);
    printf(", \"present\": true, \"bytes\": %" PRIu64 ", \"sha256\": \"", e->bytes);
    print_hex(digest, n);
    printf("\"%s}\n", more);
}

static void report_absent(const char *key)
{
    report_key(key);
    printf(", \"present\": false}\n");
}

static const char *url_of(const char *key)
{
    static char url[2048];
    snprintf(url, sizeof url, "s3://%s/%s/%s", getenv("REAL_BUCKET"), case_name, key);
    return url;
}

/* ---- writing ------------------------------------------------------------------------------- */

static cw_writer_options options(void)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    o.part_bytes = PART;
    return o;
}

static cw_writer *open_writer(const char *key, const cw_writer_options *o)
{
    cw_writer *w = NULL;
    CHECK_OK(cw_writer_open(&w, client, url_of(key), o, &err), err);
    REQUIRE(w);
    return w;
}

/* Write n bytes of e's content in pieces of odd sizes. */
static cw_status write_content(cw_writer *w, expected *e, size_t n)
{
    static unsigned char piece[300007];
    cw_status status = CW_OK;
    for (size_t turn = 1; n && status == CW_OK; turn++) {
        size_t now = turn % 3 ? 4099 * turn % sizeof piece + 1 : sizeof piece;
        now = now < n ? now : n;
        expected_fill(e, piece, now);
        status = cw_writer_write(w, piece, now);
        n -= now;
    }
    return status;
}

/* One object of n bytes, from open to close; `more` as in report_present. */
static cw_status put(const char *key, const cw_writer_options *o, size_t n, const char *more,
                     cw_object_info *info)
{
    expected e;
    cw_writer *w = open_writer(key, o);
    expected_begin(&e, (uint32_t)n * 2654435761u + (uint32_t)strlen(key));
    cw_status status = write_content(w, &e, n);
    cw_status closed = cw_writer_close(w, info, &err);
    CHECK(status == CW_OK || closed == status);
    if (closed == CW_OK)
        report_present(key, &e, more);
    else
        EVP_MD_CTX_free(e.sha256);
    return closed;
}

static void put_ok(const char *key, const cw_writer_options *o, size_t n, const char *more)
{
    cw_object_info info = {0};
    cw_status status = put(key, o, n, more, &info);
    CHECK_OK(status, err);
    CHECK(status != CW_OK || (info.bytes_in == n && info.etag[0] && info.etag[0] != '"'));
}

/* ---- shapes -------------------------------------------------------------------------------- */

static void put_parts(const char *key, size_t n, uint64_t parts)
{
    cw_writer_options o = options();
    cw_object_info info = {0};
    CHECK_OK(put(key, &o, n, "", &info), err);
    CHECK_INT(info.bytes, n);
    CHECK_INT(info.parts, parts);
}

static void empty(void)
{
    put_parts("empty", 0, 0);
}

static void one_byte(void)
{
    put_parts("one", 1, 0);
}

static void part_sizes(void)
{
    put_parts("minus", PART - 1, 0);
    put_parts("plus", PART + 1, 2);
    put_parts("two-minus", 2 * PART - 1, 2);
    put_parts("two-plus", 2 * PART + 1, 3);
}

/* Exactly one part may be a PUT or an upload of one part: either is right. */
static void part_exact(void)
{
    cw_writer_options o = options();
    put_ok("exact", &o, PART, "");
    put_ok("two", &o, 2 * PART, "");
}

static void several_parts(void)
{
    put_parts("several", 6 * PART + 12345, 7);
}

static void fixed_parts(void)
{
    cw_writer_options o = options();
    o.part_policy = CW_PARTS_FIXED;
    o.part_bytes = 6 * MIB;
    o.size_hint = 20 * MIB;
    put_ok("fixed", &o, 20 * MIB, "");
}

static void defaults(void)
{
    put_ok("defaults", NULL, 20 * MIB, "");
}

static void flush_often(void)
{
    cw_writer_options o = options();
    expected e;
    cw_writer *w = open_writer("flushed", &o);
    expected_begin(&e, 77);
    for (int i = 0; i < 100; i++) {
        CHECK(write_content(w, &e, 120 * 1024) == CW_OK);
        CHECK(cw_writer_flush(w) == CW_OK);
    }
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    report_present("flushed", &e, "");
}

static void in_place(void)
{
    cw_writer_options o = options();
    expected e;
    cw_writer *w = open_writer("reserved", &o);
    expected_begin(&e, 5);
    while (e.bytes < 11 * MIB) {
        void *p = NULL;
        size_t cap = 0;
        REQUIRE(cw_writer_reserve(w, 1, &p, &cap) == CW_OK && cap >= 1);
        size_t used = cap > 1000 ? cap - 7 : cap;
        expected_fill(&e, p, used);
        CHECK(cw_writer_commit(w, used) == CW_OK);
    }
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    report_present("reserved", &e, "");
}

static void many_writers(void)
{
    enum { COUNT = 40 };
    cw_writer *w[COUNT];
    expected e[COUNT];
    char key[32];
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(key, sizeof key, "many/%02u", i);
        w[i] = open_writer(key, NULL);
        expected_begin(&e[i], i + 1);
        CHECK(write_content(w[i], &e[i], 64 * 1024 + i) == CW_OK);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(key, sizeof key, "many/%02u", i);
        CHECK_OK(cw_writer_close(w[i], NULL, &err), err);
        report_present(key, &e[i], "");
    }
}

static void overwrite(void)
{
    cw_writer_options o = options();
    put_ok("same", &o, PART + 1000, "");
    put_ok("same", &o, 10, "");
}

/* ---- compression, stdio, csv ---------------------------------------------------------------- */

static void gzip(void)
{
    cw_writer_options o = options();
    o.compression = CW_COMPRESSION_GZIP;
    put_ok("small.gz", &o, 1000, ", \"encoding\": \"gzip\"");
    put_ok("large.gz", &o, 24 * MIB, ", \"encoding\": \"gzip\"");
    put_ok("empty.gz", &o, 0, ", \"encoding\": \"gzip\"");
}

static void zstd(void)
{
    cw_writer_options o = options();
    o.compression = CW_COMPRESSION_ZSTD;
    put_ok("small.zst", &o, 1000, ", \"encoding\": \"zstd\"");
    o.compression_threads = 2;
    put_ok("large.zst", &o, 24 * MIB, ", \"encoding\": \"zstd\"");
}

static void stdio(void)
{
    static char line[64];
    expected e;
    FILE *f = cw_fopen(url_of("lines.txt"), "w", client, &err);
    REQUIRE(f);
    expected_begin(&e, 1);
    for (int i = 0; i < 400000; i++) {
        int n = snprintf(line, sizeof line, "%d\tline number %d\n", i, i);
        CHECK(fprintf(f, "%s", line) == n);
        REQUIRE(EVP_DigestUpdate(e.sha256, line, (size_t)n) == 1);
        e.bytes += (uint64_t)n;
    }
    CHECK_INT(ftell(f), (int64_t)e.bytes);
    CHECK_INT(fclose(f), 0);
    report_present("lines.txt", &e, "");
}

static void csv(void)
{
    static const char wanted[] = "name,value\n\"a,b\",0.1\n\"say \"\"hi\"\"\",42\n";
    expected e;
    cw_csv *c = NULL;
    cw_writer *w = open_writer("table.csv", NULL);
    CHECK_OK(cw_csv_new(&c, w, NULL, &err), err);
    REQUIRE(c);
    CHECK(cw_csv_string(c, "name") == CW_OK && cw_csv_string(c, "value") == CW_OK);
    CHECK(cw_csv_end_row(c) == CW_OK);
    CHECK(cw_csv_string(c, "a,b") == CW_OK && cw_csv_double(c, 0.1) == CW_OK);
    CHECK(cw_csv_end_row(c) == CW_OK);
    CHECK(cw_csv_string(c, "say \"hi\"") == CW_OK && cw_csv_int(c, 42) == CW_OK);
    CHECK(cw_csv_end_row(c) == CW_OK);
    cw_csv_free(c);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    expected_begin(&e, 1);
    REQUIRE(EVP_DigestUpdate(e.sha256, wanted, sizeof wanted - 1) == 1);
    e.bytes = sizeof wanted - 1;
    report_present("table.csv", &e, "");
}

/* ---- what an object is ---------------------------------------------------------------------- */

static cw_writer_options described(void)
{
    static const cw_pair metadata[] = {{"origin", "test real"}, {"answer", "42"}};
    cw_writer_options o = options();
    o.content_type = "text/x-real; charset=utf-8";
    o.content_disposition = "attachment; filename=\"real.txt\"";
    o.content_language = "en";
    o.cache_control = "max-age=60";
    o.metadata = metadata;
    o.metadata_count = 2;
    return o;
}

static const char described_as[] =
    ", \"metadata\": {\"origin\": \"test real\", \"answer\": \"42\"}"
    ", \"headers\": {\"ContentType\": \"text/x-real; charset=utf-8\", \"ContentLanguage\": \"en\","
    " \"ContentDisposition\": \"attachment; filename=\\\"real.txt\\\"\","
    " \"CacheControl\": \"max-age=60\"}";

static void metadata(void)
{
    cw_writer_options o = described();
    put_ok("small", &o, 100, described_as);
}

static void metadata_parts(void)
{
    cw_writer_options o = described();
    put_ok("parts", &o, PART + 100, described_as);
}

static void tags(void)
{
    static const cw_pair pairs[] = {{"team", "red + blue"}, {"cost", "1+1=2"}};
    static const char as[] = ", \"tags\": {\"team\": \"red + blue\", \"cost\": \"1+1=2\"}";
    cw_writer_options o = options();
    o.tags = pairs;
    o.tags_count = 2;
    put_ok("small", &o, 100, as);
    put_ok("parts", &o, PART + 100, as);
}

static void checksum(const char *name, cw_checksum kind)
{
    char key[64], more[128];
    cw_writer_options o = options();
    o.checksum = kind;
    snprintf(more, sizeof more, ", \"checksum\": \"%s\"", name);
    snprintf(key, sizeof key, "%s/single", name);
    put_ok(key, &o, 1000, more);
    snprintf(key, sizeof key, "%s/parts", name);
    put_ok(key, &o, 2 * PART + 3, more);
}

static void crc64nvme(void)
{
    checksum("crc64nvme", CW_CHECKSUM_CRC64NVME);
}

static void crc32c(void)
{
    checksum("crc32c", CW_CHECKSUM_CRC32C);
}

static void crc32(void)
{
    checksum("crc32", CW_CHECKSUM_CRC32);
}

static void sha256(void)
{
    checksum("sha256", CW_CHECKSUM_SHA256);
}

static void no_checksum(void)
{
    cw_writer_options o = options();
    o.checksum = CW_CHECKSUM_NONE;
    o.payload = CW_PAYLOAD_UNSIGNED;
    put_ok("none", &o, 2 * PART + 3, "");
}

static void payloads(void)
{
    cw_writer_options o = options();
    o.payload = CW_PAYLOAD_SIGNED;
    put_ok("signed", &o, PART + 3, "");
    o.payload = CW_PAYLOAD_UNSIGNED;
    put_ok("unsigned", &o, PART + 3, "");
}

static void sse_c(void)
{
    static const unsigned char secret[32] = "0123456789abcdef0123456789abcde";
    cw_writer_options o = options();
    o.sse = CW_SSE_C;
    o.sse_customer_key = secret;
    put_ok("single", &o, 1000, ", \"sse_c\": \"0123456789abcdef0123456789abcde\\u0000\"");
    put_ok("parts", &o, PART + 1000, ", \"sse_c\": \"0123456789abcdef0123456789abcde\\u0000\"");
}

/* ---- keys ----------------------------------------------------------------------------------- */

static void put_key(const char *key)
{
    put_ok(key, NULL, 100 + strlen(key), "");
}

/* Every printable byte but the slash, which has cases of its own; each alone and all together. */
static void keys_printable(void)
{
    char all[128], one[16];
    size_t n = 0;
    for (char c = '!'; c <= '~'; c++) {
        if (c == '/' || c == '\\')
            continue;
        all[n++] = c;
        snprintf(one, sizeof one, "x%cy", c);
        put_key(one);
    }
    all[n] = '\0';
    put_key(all);
}

static void keys_space_plus(void)
{
    put_key("a b");
    put_key("a+b");
    put_key("a%20b");
    put_key("a%2Bb");
    put_key("100%");
}

static void keys_utf8(void)
{
    put_key("gr\xc3\xb6\xc3\x9f"
            "e/\xe6\x97\xa5\xe6\x9c\xac/\xf0\x9f\x93\xa6");
}

static void keys_backslash(void)
{
    put_key("back\\slash");
}

static void keys_double_slash(void)
{
    put_key("a//b");
}

static void keys_dots(void)
{
    put_key("a/../b");
    put_key("a/./b");
}

static void keys_parts(void)
{
    cw_writer_options o = options();
    put_ok("multi part/+ & \xc3\xa9", &o, PART + 1, "");
}

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

/* Two writers hold all their bytes and close at the same moment. */
static void create_only_race(void)
{
    racer racers[2];
    pthread_t threads[2];
    cw_writer_options o = options();
    o.create_only = 1;
    for (unsigned i = 0; i < 2; i++) {
        racers[i].w = open_writer("raced", &o);
        expected_begin(&racers[i].e, 100 + i);
        CHECK(write_content(racers[i].w, &racers[i].e, PART + 1000 + i) == CW_OK);
    }
    for (int i = 0; i < 2; i++)
        REQUIRE(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK((racers[0].status == CW_OK) != (racers[1].status == CW_OK));
    for (int i = 0; i < 2; i++) {
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

static cw_client *client_from_env(void)
{
    cw_client *c = NULL;
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_OK(cw_client_new(&c, &o, &err), err);
    REQUIRE(c);
    return c;
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

static const struct {
    const char *name;
    void (*run)(void);
    int makes_its_client; /* forks first */
} cases[] = {
    {"empty", empty, 0},
    {"one_byte", one_byte, 0},
    {"part_sizes", part_sizes, 0},
    {"part_exact", part_exact, 0},
    {"several_parts", several_parts, 0},
    {"fixed_parts", fixed_parts, 0},
    {"defaults", defaults, 0},
    {"flush_often", flush_often, 0},
    {"in_place", in_place, 0},
    {"many_writers", many_writers, 0},
    {"overwrite", overwrite, 0},
    {"gzip", gzip, 0},
    {"zstd", zstd, 0},
    {"stdio", stdio, 0},
    {"csv", csv, 0},
    {"metadata", metadata, 0},
    {"metadata_parts", metadata_parts, 0},
    {"tags", tags, 0},
    {"crc64nvme", crc64nvme, 0},
    {"crc32c", crc32c, 0},
    {"crc32", crc32, 0},
    {"sha256", sha256, 0},
    {"no_checksum", no_checksum, 0},
    {"payloads", payloads, 0},
    {"sse_c", sse_c, 0},
    {"keys_printable", keys_printable, 0},
    {"keys_space_plus", keys_space_plus, 0},
    {"keys_utf8", keys_utf8, 0},
    {"keys_backslash", keys_backslash, 0},
    {"keys_double_slash", keys_double_slash, 0},
    {"keys_dots", keys_dots, 0},
    {"keys_parts", keys_parts, 0},
    {"create_only", create_only, 0},
    {"create_only_race", create_only_race, 0},
    {"if_match", if_match, 0},
    {"aborted", aborted, 0},
    {"exit_leaves_nothing", exit_leaves_nothing, 1},
    {"killed_then_cleared", killed_then_cleared, 1},
    {"no_bucket", no_bucket, 0},
    {"wrong_secret", wrong_secret, 0},
};

int main(int argc, char **argv)
{
    const size_t count = sizeof cases / sizeof *cases;
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < count; i++)
            puts(cases[i].name);
        return 0;
    }
    for (size_t i = 0; argc == 2 && i < count; i++) {
        if (strcmp(cases[i].name, argv[1]) != 0)
            continue;
        case_name = cases[i].name;
        REQUIRE(getenv("REAL_BUCKET"));
        if (!cases[i].makes_its_client)
            client = client_from_env();
        cases[i].run();
        cw_client_release(client);
        return test_failures_here != 0;
    }
    fprintf(stderr, "usage: test_real --list | CASE\n");
    return 2;
}
