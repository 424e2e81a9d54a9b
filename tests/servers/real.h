/* real.h - what the cases against real servers share
 *
 * A program of cases is run as
 *
 *     test_real_shapes --list    the names of its cases
 *     test_real_shapes CASE      run one against the server that the AWS_* variables name
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
#ifndef CW_TESTS_REAL_H
#define CW_TESTS_REAL_H

#include "harness.h"
#include <cloudwriter/cloudwriter.h>
#include <openssl/evp.h>

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

static inline void expected_begin(expected *e, uint32_t seed)
{
    e->sha256 = EVP_MD_CTX_new();
    REQUIRE(e->sha256 && EVP_DigestInit_ex(e->sha256, EVP_sha256(), NULL) == 1);
    e->bytes = 0;
    e->seed = seed | 1;
}

/* The next n bytes of the content: half noise, half runs, so that compressors have work. */
static inline void expected_fill(expected *e, unsigned char *p, size_t n)
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

static inline void print_hex(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%02x", ((const unsigned char *)p)[i]);
}

static inline void report_key(const char *key)
{
    printf("{\"key\": \"");
    print_hex(case_name, strlen(case_name));
    print_hex("/", 1);
    print_hex(key, strlen(key));
    printf("\"");
}

static inline void report(const char *key, const char *present, expected *e, const char *more)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    REQUIRE(EVP_DigestFinal_ex(e->sha256, digest, &n) == 1);
    EVP_MD_CTX_free(e->sha256);
    report_key(key);
    printf(", \"present\": %s, \"bytes\": %" PRIu64 ", \"sha256\": \"", present, e->bytes);
    print_hex(digest, n);
    printf("\"%s}\n", more);
}

/* `more`: further members, such as ", \"encoding\": \"gzip\"" */
static inline void report_present(const char *key, expected *e, const char *more)
{
    report(key, "true", e, more);
}

/* The writer was killed: either is right, but nothing in between. */
static inline void report_whole_or_absent(const char *key, expected *e)
{
    report(key, "null", e, "");
}

static inline void report_absent(const char *key)
{
    report_key(key);
    printf(", \"present\": false}\n");
}

static inline const char *url_of(const char *key)
{
    static char url[2048];
    snprintf(url, sizeof url, "s3://%s/%s/%s", getenv("REAL_BUCKET"), case_name, key);
    return url;
}

/* ---- writing ------------------------------------------------------------------------------- */

static inline cw_writer_options options(void)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    o.part_bytes = PART;
    return o;
}

static inline cw_writer *open_writer(const char *key, const cw_writer_options *o)
{
    cw_writer *w = NULL;
    CHECK_OK(cw_writer_open(&w, client, url_of(key), o, &err), err);
    REQUIRE(w);
    return w;
}

/* Write n bytes of e's content in pieces of odd sizes. */
static inline cw_status write_content(cw_writer *w, expected *e, size_t n)
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
static inline cw_status put(const char *key, const cw_writer_options *o, size_t n, const char *more,
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

static inline void put_ok(const char *key, const cw_writer_options *o, size_t n, const char *more)
{
    cw_object_info info = {0};
    cw_status status = put(key, o, n, more, &info);
    CHECK_OK(status, err);
    CHECK(status != CW_OK || (info.bytes_in == n && info.etag[0] && info.etag[0] != '"'));
}

/* ---- running a case -------------------------------------------------------------------------- */

typedef struct real_case {
    const char *name; /* NULL ends the list */
    void (*run)(void);
    bool makes_its_client; /* forks first */
} real_case;

static inline cw_client *client_from_env(void)
{
    cw_client *c = NULL;
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    CHECK_OK(cw_client_options_from_env(&o, &err), err);
    CHECK_OK(cw_client_new(&c, &o, &err), err);
    REQUIRE(c);
    return c;
}

static inline int real_main(const real_case *cases, int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (; cases->name; cases++)
            puts(cases->name);
        return 0;
    }
    for (; argc == 2 && cases->name; cases++) {
        if (strcmp(cases->name, argv[1]) != 0)
            continue;
        case_name = cases->name;
        REQUIRE(getenv("REAL_BUCKET"));
        if (!cases->makes_its_client)
            client = client_from_env();
        cases->run();
        cw_client_release(client);
        return test_failures_here != 0;
    }
    fprintf(stderr, "usage: %s --list | CASE\n", argv[0]);
    return 2;
}

#endif
