/* test_sign.c - Signature Version 4 against the vectors that the S3 documentation publishes */
#include "harness.h"

#include <time.h>

#include "base/memory.h"
#include "s3/sign.h"

#define DAY_2013 1369353600000 /* 2013-05-24T00:00:00Z */

static const cw__sign_keys example_keys = {
    .access_key_id = "AKIAIOSFODNN7EXAMPLE",
    .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

static cw__sign_input example(const char *method, const char *path, const char *query,
                              const cw__sign_header *headers, size_t count, const char *hash)
{
    return (cw__sign_input){.method = method,
                            .path = path,
                            .query = query,
                            .headers = headers,
                            .header_count = count,
                            .payload_hash = hash,
                            .region = "us-east-1",
                            .service = "s3",
                            .wall_ms = DAY_2013};
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void check_authorization(const cw__sign_input *in, const char *signed_headers,
                                const char *signature)
{
    cw__text got = {0};
    char want[512];
    snprintf(want, sizeof want,
             "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
             "SignedHeaders=%s,Signature=%s",
             signed_headers, signature);
    CHECK_INT(cw__sign(&example_keys, in, NULL, &got), CW_OK);
    CHECK_STR(cw__text_str(&got), want);
    cw__text_free(&got);
}

static void check_canonical(const cw__sign_input *in, const char *want)
{
    cw__text got = {0};
    cw__sign_canonical_request(in, &got);
    CHECK(!got.failed);
    CHECK_STR(cw__text_str(&got), want);
    cw__text_free(&got);
}

static void published_get_with_range(void)
{
    static const cw__sign_header headers[] = {
        {"host", "examplebucket.s3.amazonaws.com"},
        {"range", "bytes=0-9"},
        {"x-amz-content-sha256", CW__EMPTY_SHA256},
        {"x-amz-date", "20130524T000000Z"},
    };
    cw__sign_input in = example("GET", "/test.txt", "", headers, COUNT(headers), CW__EMPTY_SHA256);
    check_canonical(&in, "GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\n"
                         "range:bytes=0-9\nx-amz-content-sha256:" CW__EMPTY_SHA256
                         "\nx-amz-date:20130524T000000Z\n\n"
                         "host;range;x-amz-content-sha256;x-amz-date\n" CW__EMPTY_SHA256);
    check_authorization(&in, "host;range;x-amz-content-sha256;x-amz-date",
                        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void published_put(void)
{
    static const char hash[] = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    static const cw__sign_header headers[] = {
        {"date", "Fri, 24 May 2013 00:00:00 GMT"},
        {"host", "examplebucket.s3.amazonaws.com"},
        {"x-amz-content-sha256", hash},
        {"x-amz-date", "20130524T000000Z"},
        {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
    };
    cw__sign_input in = example("PUT", "/test%24file.text", "", headers, COUNT(headers), hash);
    check_authorization(&in, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void published_bucket_lifecycle(void)
{
    static const cw__sign_header headers[] = {
        {"x-amz-date", "20130524T000000Z"},
        {"x-amz-content-sha256", CW__EMPTY_SHA256},
        {"host", "examplebucket.s3.amazonaws.com"},
    };
    cw__sign_input in = example("GET", "/", "lifecycle", headers, COUNT(headers), CW__EMPTY_SHA256);
    check_authorization(&in, "host;x-amz-content-sha256;x-amz-date",
                        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

static void published_list_objects(void)
{
    static const cw__sign_header headers[] = {
        {"host", "examplebucket.s3.amazonaws.com"},
        {"x-amz-content-sha256", CW__EMPTY_SHA256},
        {"x-amz-date", "20130524T000000Z"},
    };
    cw__sign_input in =
        example("GET", "/", "prefix=J&max-keys=2", headers, COUNT(headers), CW__EMPTY_SHA256);
    check_authorization(&in, "host;x-amz-content-sha256;x-amz-date",
                        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void published_string_to_sign(void)
{
    static const cw__sign_header headers[] = {
        {"host", "examplebucket.s3.amazonaws.com"},
        {"range", "bytes=0-9"},
        {"x-amz-content-sha256", CW__EMPTY_SHA256},
        {"x-amz-date", "20130524T000000Z"},
    };
    cw__text canonical = {0}, string = {0};
    cw__sign_input in = example("GET", "/test.txt", "", headers, COUNT(headers), CW__EMPTY_SHA256);
    cw__sign_canonical_request(&in, &canonical);
    CHECK_INT(cw__sign_string_to_sign(&in, cw__text_str(&canonical), &string), CW_OK);
    CHECK_STR(cw__text_str(&string),
              "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
              "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972");
    cw__text_free(&canonical);
    cw__text_free(&string);
}

static void published_presigned_get(void)
{
    static const cw__sign_header headers[] = {{"host", "examplebucket.s3.amazonaws.com"}};
    cw__text got = {0};
    cw__sign_input in =
        example("GET", "/test.txt", "", headers, COUNT(headers), CW__UNSIGNED_PAYLOAD);
    CHECK_INT(cw__sign_query(&example_keys, &in, 86400, &got), CW_OK);
    CHECK_STR(cw__text_str(&got),
              "X-Amz-Algorithm=AWS4-HMAC-SHA256"
              "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
              "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
              "&X-Amz-Signature="
              "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    cw__text_free(&got);
}

static void presigned_query_keeps_what_was_there_and_adds_the_token(void)
{
    static const cw__sign_header headers[] = {{"host", "h"}};
    cw__sign_keys keys = example_keys;
    cw__text got = {0};
    keys.session_token = "a/b+c=";
    cw__sign_input in =
        example("GET", "/k", "versionId=7", headers, COUNT(headers), CW__UNSIGNED_PAYLOAD);
    CHECK_INT(cw__sign_query(&keys, &in, 60, &got), CW_OK);
    CHECK(cw__starts_with(cw__text_str(&got), "versionId=7&X-Amz-Algorithm="));
    CHECK(strstr(cw__text_str(&got), "&X-Amz-Security-Token=a%2Fb%2Bc%3D&") != NULL);
    cw__text_free(&got);
}

static void query_is_sorted_by_name_then_value(void)
{
    static const cw__sign_header headers[] = {{"host", "h"}};
    cw__sign_input in = example("GET", "/", "b=2&a-b=1&a=2&&a=1&b=10&A=9&uploads&b=", headers,
                                COUNT(headers), CW__UNSIGNED_PAYLOAD);
    check_canonical(&in, "GET\n/\nA=9&a=1&a=2&a-b=1&b=&b=10&b=2&uploads=\nhost:h\n\nhost\n"
                         "UNSIGNED-PAYLOAD");
}

static void header_values_are_trimmed_and_collapsed(void)
{
    static const cw__sign_header headers[] = {
        {"x-amz-meta-b", "  two   words \t here  "},
        {"host", "h"},
        {"x-amz-meta-a", "1"},
        {"x-amz-meta-a", " 2 "},
        {"x-amz-meta-c", "   "},
    };
    cw__sign_input in = example("PUT", "/k", "", headers, COUNT(headers), CW__UNSIGNED_PAYLOAD);
    check_canonical(&in, "PUT\n/k\n\nhost:h\nx-amz-meta-a:1,2\nx-amz-meta-b:two words here\n"
                         "x-amz-meta-c:\n\nhost;x-amz-meta-a;x-amz-meta-b;x-amz-meta-c\n"
                         "UNSIGNED-PAYLOAD");
}

static void path_is_neither_encoded_again_nor_normalised(void)
{
    static const cw__sign_header headers[] = {{"host", "h"}};
    cw__sign_input in =
        example("PUT", "/b/a%20b//./../%2B", "", headers, COUNT(headers), CW__UNSIGNED_PAYLOAD);
    check_canonical(&in, "PUT\n/b/a%20b//./../%2B\n\nhost:h\n\nhost\nUNSIGNED-PAYLOAD");
}

/* More than fit in the array on the stack, added in the wrong order. */
static void many_headers_and_parameters(void)
{
    enum { MANY = 200 };
    static char names[MANY][24];
    static cw__sign_header headers[MANY + 1];
    cw__text query = {0}, got = {0};
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "x-amz-meta-%03d", MANY - i);
        headers[i] = (cw__sign_header){names[i], "v"};
        cw__text_addf(&query, "%sq%03d=%d", i ? "&" : "", MANY - i, i);
    }
    headers[MANY] = (cw__sign_header){"host", "h"};
    cw__sign_input in =
        example("GET", "/", cw__text_str(&query), headers, MANY + 1, CW__UNSIGNED_PAYLOAD);
    cw__sign_canonical_request(&in, &got);
    CHECK(!got.failed);
    CHECK(cw__starts_with(cw__text_str(&got), "GET\n/\nq001=199&q002=198&q003=197"));
    CHECK(strstr(cw__text_str(&got), "\nhost:h\nx-amz-meta-001:v\nx-amz-meta-002:v") != NULL);
    cw__text_free(&got);
    cw__text_free(&query);
}

static cw__sign_input small_put(const cw__sign_header *headers, size_t count)
{
    return example("PUT", "/bucket/some/key.bin", "partNumber=7&uploadId=abcdefghijklmnop", headers,
                   count, CW__UNSIGNED_PAYLOAD);
}

static const cw__sign_header small_put_headers[] = {
    {"host", "bucket.s3.us-east-1.amazonaws.com"},
    {"content-type", "application/octet-stream"},
    {"x-amz-checksum-crc64nvme", "AAAAAAAAAAA="},
    {"x-amz-content-sha256", CW__UNSIGNED_PAYLOAD},
    {"x-amz-date", "20130524T000000Z"},
};

static void day_key_follows_day_region_and_secret(void)
{
    cw__sign_day_key day = {0};
    cw__sign_input in = small_put(small_put_headers, COUNT(small_put_headers));
    const char *regions[] = {"us-east-1", "us-east-1", "eu-west-1"};
    const char *secrets[] = {"one", "two", "two"};
    for (int round = 0; round < 12; round++) {
        cw__sign_keys keys = {.access_key_id = "AK", .secret_access_key = secrets[round % 3]};
        cw__text with = {0}, without = {0};
        in.region = regions[round % 3];
        in.wall_ms = DAY_2013 + (int64_t)(round / 6) * 86400000;
        CHECK_INT(cw__sign(&keys, &in, &day, &with), CW_OK);
        CHECK_INT(cw__sign(&keys, &in, NULL, &without), CW_OK);
        CHECK_STR(cw__text_str(&with), cw__text_str(&without));
        CHECK(day.valid);
        cw__text_free(&with);
        cw__text_free(&without);
    }
}

static void a_region_that_is_too_long_is_refused(void)
{
    char region[200];
    cw__text got = {0};
    cw__sign_input in = small_put(small_put_headers, COUNT(small_put_headers));
    memset(region, 'r', sizeof region - 1);
    region[sizeof region - 1] = '\0';
    in.region = region;
    CHECK_INT(cw__sign(&example_keys, &in, NULL, &got), CW_E_INVALID_ARGUMENT);
    cw__text_free(&got);
}

static void the_secret_is_nowhere_in_what_is_sent(void)
{
    cw__text got = {0};
    cw__sign_input in = small_put(small_put_headers, COUNT(small_put_headers));
    CHECK_INT(cw__sign(&example_keys, &in, NULL, &got), CW_OK);
    CHECK(strstr(cw__text_str(&got), example_keys.secret_access_key) == NULL);
    cw__text_free(&got);
}

/* A guard against an accident that makes signing dear, not a measurement: it is 5 µs at most on
   any machine of this century when built with optimisation. */
static void signing_is_cheap(void)
{
    enum { ROUNDS = 2000 };
    struct timespec from, to;
    cw__sign_day_key day = {0};
    cw__text got = {0};
    cw__sign_input in = small_put(small_put_headers, COUNT(small_put_headers));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (int i = 0; i < ROUNDS; i++) {
        cw__text_reset(&got);
        CHECK_INT(cw__sign(&example_keys, &in, &day, &got), CW_OK);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    double us = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) /
                1e3 / ROUNDS;
    fprintf(stderr, "    %.2f us for one signature\n", us);
    CHECK(us < 200);
    cw__text_free(&got);
}

int main(int argc, char **argv)
{
    TEST(published_get_with_range);
    TEST(published_put);
    TEST(published_bucket_lifecycle);
    TEST(published_list_objects);
    TEST(published_string_to_sign);
    TEST(published_presigned_get);
    TEST(presigned_query_keeps_what_was_there_and_adds_the_token);
    TEST(query_is_sorted_by_name_then_value);
    TEST(header_values_are_trimmed_and_collapsed);
    TEST(path_is_neither_encoded_again_nor_normalised);
    TEST(many_headers_and_parameters);
    TEST(day_key_follows_day_region_and_secret);
    TEST(a_region_that_is_too_long_is_refused);
    TEST(the_secret_is_nowhere_in_what_is_sent);
    TEST(signing_is_cheap);
    return test_end();
}
