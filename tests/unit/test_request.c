/* test_request.c - requests laid out and signed: what goes into them, and nothing else */
#include "harness.h"

#include "fault_alloc.h"
#include "s3/request.h"

#define DAY_2013 1369353600000 /* 2013-05-24T00:00:00Z */

static const cw__sign_keys example_keys = {
    .access_key_id = "AKIAIOSFODNN7EXAMPLE",
    .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

static cw__endpoint endpoint_of(const char *url)
{
    cw__endpoint e;
    cw_error err = {0};
    REQUIRE(cw__endpoint_init(&e, url, CW_ADDRESSING_AUTO, &err) == CW_OK);
    return e;
}

static const char *region = "us-east-1";

static cw_status lay_out(cw__request *r, cw__layout *how)
{
    cw__route route;
    cw_status status =
        r->failed ? CW_E_NO_MEMORY
                  : cw__endpoint_route(how->endpoint, region, r->bucket, r->reach, &route, NULL);
    how->route = &route;
    return status == CW_OK ? cw__request_lay_out(r, how) : status;
}

/* The value of a line, or NULL. */
static const char *line_of(const cw__request *r, const char *name)
{
    size_t n = strlen(name);
    for (const char **line = r->line_list; *line; line++)
        if (strncmp(*line, name, n) == 0 && strncmp(*line + n, ": ", 2) == 0)
            return *line + n + 2;
    return NULL;
}

static size_t line_count(const cw__request *r)
{
    size_t n = 0;
    while (r->line_list[n])
        n++;
    return n;
}

/* The example PUT of the documentation, all the way from what was asked for. */
static void published_put(void)
{
    static const char hash[] = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    cw__endpoint e = endpoint_of("https://s3.amazonaws.com");
    cw__request r;
    cw__layout how = {
        .endpoint = &e, .keys = &example_keys, .payload_hash = hash, .wall_ms = DAY_2013};
    cw__request_init(&r, "PUT", "examplebucket", "test$file.text");
    cw__request_header(&r, "date", "Fri, 24 May 2013 00:00:00 GMT");
    cw__request_header(&r, "x-amz-storage-class", "REDUCED_REDUNDANCY");
    CHECK_INT(lay_out(&r, &how), CW_OK);
    CHECK_STR(cw__text_str(&r.url), "https://examplebucket.s3.amazonaws.com/test%24file.text");
    CHECK_STR(line_of(&r, "x-amz-date"), "20130524T000000Z");
    CHECK_STR(line_of(&r, "x-amz-content-sha256"), hash);
    CHECK_STR(line_of(&r, "authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
              "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
              "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    CHECK(!line_of(&r, "host"));
    CHECK(!line_of(&r, "content-length"));
    CHECK(!line_of(&r, "x-amz-security-token"));
    CHECK_INT(line_count(&r), 5);
    cw__request_free(&r);
    cw__endpoint_free(&e);
}

static void query_is_encoded_and_kept_in_order(void)
{
    cw__endpoint e = endpoint_of("http://h:9000");
    cw__request r;
    cw__layout how = {.endpoint = &e, .payload_hash = CW__UNSIGNED_PAYLOAD};
    cw__request_init(&r, "POST", "b", "k y");
    cw__request_query(&r, "uploads", NULL);
    cw__request_query(&r, "prefix", "a/b c&d");
    cw__request_query(&r, "empty", "");
    CHECK_INT(lay_out(&r, &how), CW_OK);
    CHECK_STR(cw__text_str(&r.url), "http://h:9000/b/k%20y?uploads=&prefix=a%2Fb%20c%26d&empty=");
    cw__request_free(&r);
    cw__endpoint_free(&e);
}

static void anonymous_requests_carry_nothing_of_a_signature(void)
{
    cw__endpoint e = endpoint_of("http://h");
    cw__request r;
    cw__layout how = {.endpoint = &e, .payload_hash = CW__UNSIGNED_PAYLOAD};
    cw__request_init(&r, "GET", "b", "k");
    CHECK_INT(lay_out(&r, &how), CW_OK);
    CHECK_INT(line_count(&r), 0);
    cw__request_header(&r, "range", "bytes=0-1");
    CHECK_INT(lay_out(&r, &how), CW_OK);
    CHECK_INT(line_count(&r), 1);
    CHECK_STR(line_of(&r, "range"), "bytes=0-1");
    cw__request_free(&r);
    cw__endpoint_free(&e);
}

static void a_session_token_is_sent_and_signed(void)
{
    cw__endpoint e = endpoint_of("http://h");
    cw__sign_keys keys = example_keys;
    cw__request r;
    cw__layout how = {
        .endpoint = &e, .keys = &keys, .payload_hash = CW__UNSIGNED_PAYLOAD, .wall_ms = DAY_2013};
    keys.session_token = "token/with+signs=";
    cw__request_init(&r, "GET", "b", "k");
    CHECK_INT(lay_out(&r, &how), CW_OK);
    CHECK_STR(line_of(&r, "x-amz-security-token"), "token/with+signs=");
    const char *authorization = line_of(&r, "authorization");
    REQUIRE(authorization);
    CHECK(strstr(authorization,
                 "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,") !=
          NULL);
    cw__request_free(&r);
    cw__endpoint_free(&e);
}

static void headers_are_replaced_removed_and_trimmed(void)
{
    cw__endpoint e = endpoint_of("http://h");
    cw__request r;
    cw__layout how = {.endpoint = &e, .payload_hash = CW__UNSIGNED_PAYLOAD};
    cw__request_init(&r, "PUT", "b", "k");
    cw__request_set_header(&r, "x-amz-c", "first");
    cw__request_header(&r, "x-amz-a", " one \t");
    cw__request_header(&r, "x-amz-b", NULL);
    cw__request_header(&r, "x-amz-d", "  ");
    cw__request_header(&r, "x-amz-bb", "two");
    cw__request_set_header(&r, "x-amz-a", "three");
    cw__request_set_header(&r, "x-amz-bb", NULL);
    cw__request_set_header(&r, "x-amz-none", NULL);
    CHECK_INT(lay_out(&r, &how), CW_OK);
    CHECK_STR(line_of(&r, "x-amz-a"), "three");
    CHECK_STR(line_of(&r, "x-amz-c"), "first");
    CHECK_STR(line_of(&r, "x-amz-d"), "");
    CHECK_INT(line_count(&r), 3);
    CHECK_INT(r.header_count, 3);
    cw__request_free(&r);
    cw__endpoint_free(&e);
}

static void a_line_break_cannot_smuggle_a_header(void)
{
    cw__endpoint e = endpoint_of("http://h");
    cw__request r;
    cw__layout how = {.endpoint = &e, .payload_hash = CW__UNSIGNED_PAYLOAD};
    cw__request_init(&r, "PUT", "b", "k");
    cw__request_header(&r, "x-amz-meta-a", "1\r\nx-amz-acl: public-read");
    CHECK_INT(lay_out(&r, &how), CW_E_INVALID_ARGUMENT);
    cw__request_free(&r);
    cw__endpoint_free(&e);
}

static void a_layout_follows_region_time_and_headers(void)
{
    cw__endpoint e = endpoint_of(NULL);
    cw__sign_day_key day = {0};
    cw__request r;
    cw__layout how = {.endpoint = &e,
                      .keys = &example_keys,
                      .day_key = &day,
                      .payload_hash = CW__UNSIGNED_PAYLOAD,
                      .wall_ms = DAY_2013};
    char first[512];
    cw__request_init(&r, "PUT", "bucket", "k");
    CHECK_INT(lay_out(&r, &how), CW_OK);
    cw__copy_string(first, sizeof first, line_of(&r, "authorization"));
    region = "eu-west-1";
    how.wall_ms += 1000;
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "x-amz-meta-%d", i);
        cw__request_header(&r, name, "v");
    }
    CHECK_INT(lay_out(&r, &how), CW_OK);
    CHECK_STR(cw__text_str(&r.url), "https://bucket.s3.eu-west-1.amazonaws.com/k");
    CHECK_STR(line_of(&r, "x-amz-date"), "20130524T000001Z");
    CHECK(strcmp(first, line_of(&r, "authorization")) != 0);
    CHECK_INT(line_count(&r), 43);
    region = "us-east-1";
    how.wall_ms -= 1000;
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "x-amz-meta-%d", i);
        cw__request_set_header(&r, name, NULL);
    }
    CHECK_INT(lay_out(&r, &how), CW_OK);
    CHECK_STR(line_of(&r, "authorization"), first);
    cw__request_free(&r);
    cw__endpoint_free(&e);
}

static cw_status build_and_lay_out(void)
{
    cw__endpoint e;
    cw_error err = {0};
    cw__request r;
    cw_status status = cw__endpoint_init(&e, "http://h:9000/prefix", CW_ADDRESSING_AUTO, &err);
    if (status != CW_OK)
        return status;
    cw__layout how = {.endpoint = &e,
                      .keys = &example_keys,
                      .payload_hash = CW__UNSIGNED_PAYLOAD,
                      .wall_ms = DAY_2013};
    cw__request_init(&r, "PUT", "bucket", "some/long/key/so/that/texts/have/to/grow/on/the/way");
    cw__request_query(&r, "partNumber", "12");
    cw__request_query(&r, "uploadId", "0123456789012345678901234567890123456789012345678901234");
    cw__request_header(&r, "x-amz-meta-long", "01234567890123456789012345678901234567890123456");
    cw__request_header(&r, "x-amz-checksum-crc32", "AAAAAA==");
    cw__request_set_header(&r, "x-amz-checksum-crc32", "AAAAAB==");
    status = lay_out(&r, &how);
    if (status == CW_OK)
        CHECK_INT(line_count(&r), 5);
    cw__request_free(&r);
    cw__endpoint_free(&e);
    return status;
}

static void every_allocation_may_fail(void)
{
    bool reached = true;
    for (long nth = 1; reached; nth++) {
        REQUIRE(nth < 1000);
        fault_begin(nth);
        cw_status status = build_and_lay_out();
        reached = fault_happened();
        CHECK_INT(fault_end(), 0);
        CHECK_INT(status, reached ? CW_E_NO_MEMORY : CW_OK);
    }
}

/* What was laid out once needs no more memory the next time. */
static void a_second_layout_reuses_its_buffers(void)
{
    cw__endpoint e = endpoint_of("http://h");
    cw__request r;
    cw__layout how = {.endpoint = &e, .payload_hash = CW__UNSIGNED_PAYLOAD};
    fault_begin(0);
    cw__request_init(&r, "PUT", "bucket", "key");
    cw__request_header(&r, "content-type", "text/plain");
    CHECK_INT(lay_out(&r, &how), CW_OK);
    long before = atomic_load(&fault_calls);
    CHECK_INT(lay_out(&r, &how), CW_OK);
    CHECK_INT(atomic_load(&fault_calls), before);
    cw__request_free(&r);
    CHECK_INT(fault_end(), 0);
    cw__endpoint_free(&e);
}

int main(int argc, char **argv)
{
    TEST(published_put);
    TEST(query_is_encoded_and_kept_in_order);
    TEST(anonymous_requests_carry_nothing_of_a_signature);
    TEST(a_session_token_is_sent_and_signed);
    TEST(headers_are_replaced_removed_and_trimmed);
    TEST(a_line_break_cannot_smuggle_a_header);
    TEST(a_layout_follows_region_time_and_headers);
    TEST(every_allocation_may_fail);
    TEST(a_second_layout_reuses_its_buffers);
    return test_end();
}
