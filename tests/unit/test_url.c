/* test_url.c - URLs of objects and of endpoints: what is taken, and what is said of the rest */
#include "base/url.h"
#include "fault_alloc.h"
#include "harness.h"

static void check_url(const char *url, cw__scheme scheme, const char *bucket, const char *path)
{
    cw__url u;
    cw_error err;
    CHECK_OK(cw__url_parse(&u, url, &err), err);
    CHECK_INT(u.scheme, scheme);
    if (bucket)
        CHECK_STR(u.bucket, bucket);
    else
        CHECK(!u.bucket);
    CHECK_STR(u.path, path);
    cw__url_free(&u);
}

/* Refused, with the URL in the message and a hint what to write. */
static void check_refused(const char *url, const char *hint)
{
    cw__url u;
    cw_error err = {0};
    CHECK_STATUS(cw__url_parse(&u, url, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(!u.bucket && !u.path);
    if (!strstr(err.message, url) || !strstr(err.message, hint))
        CHECK_STR(err.message, hint);
    CHECK_INT(cw__url_parse(&u, url, NULL), CW_E_INVALID_ARGUMENT);
}

static void check_endpoint(const char *url, bool tls, const char *host, const char *port,
                           const char *path)
{
    cw__endpoint_url e;
    cw_error err;
    CHECK_OK(cw__endpoint_url_parse(&e, url, &err), err);
    CHECK_INT(e.tls, tls);
    CHECK_STR(e.host, host);
    CHECK_STR(e.port, port);
    CHECK_STR(e.path, path);
    cw__endpoint_url_free(&e);
}

static void check_endpoint_refused(const char *url, const char *hint)
{
    cw__endpoint_url e;
    cw_error err = {0};
    CHECK_STATUS(cw__endpoint_url_parse(&e, url, &err), CW_E_INVALID_ARGUMENT, err);
    CHECK(!e.host && !e.port && !e.path);
    if (!strstr(err.message, hint))
        CHECK_STR(err.message, hint);
}

#define POINT "arn:aws:s3:us-west-2:123456789012:accesspoint"

/* One spelling, whatever stood there. */
static void access_points(void)
{
    check_url("s3://" POINT "/name/a/b", CW__SCHEME_S3, POINT "/name", "a/b");
    check_url("s3://" POINT ":name/a/b", CW__SCHEME_S3, POINT "/name", "a/b");
    check_url("s3://" POINT "/name", CW__SCHEME_S3, POINT "/name", "");
    check_url("s3://" POINT "/name/", CW__SCHEME_S3, POINT "/name", "");
    check_url("s3://" POINT "/name//k:1", CW__SCHEME_S3, POINT "/name", "/k:1");
    check_url("s3://arn:aws:s3::123456789012:accesspoint:m.mrap/k", CW__SCHEME_S3,
              "arn:aws:s3::123456789012:accesspoint/m.mrap", "k");
    check_url("s3://arn:aws-us-gov:s3-object-lambda:us-gov-west-1:1:accesspoint:n/k", CW__SCHEME_S3,
              "arn:aws-us-gov:s3-object-lambda:us-gov-west-1:1:accesspoint/n", "k");
    check_url("s3://arn:aws:s3-outposts:us-west-2:1:outpost:op-1:accesspoint:n/k", CW__SCHEME_S3,
              "arn:aws:s3-outposts:us-west-2:1:outpost/op-1/accesspoint/n", "k");
    check_url("s3://arn:aws:s3-outposts:us-west-2:1:outpost/op-1/accesspoint/n/k", CW__SCHEME_S3,
              "arn:aws:s3-outposts:us-west-2:1:outpost/op-1/accesspoint/n", "k");
    check_refused("s3://arn:", "accesspoint/NAME");
    check_refused("s3://arn:aws:s3:::bucket/key", "no ARN of an access point");
    check_refused("s3://arn:aws:sqs:us-west-2:1:accesspoint/n", "not of S3");
    check_refused("s3://" POINT, "names no access point");
    check_refused("s3://" POINT "/", "names no access point");
    check_refused("s3://" POINT "/na_me/k", "other characters");
    check_refused("s3://" POINT "/na.me/k", "other characters");
    check_refused("s3://" POINT ":name:more/k", "behind the name");
    check_refused("s3://arn:aws:s3:us west:1:accesspoint/n/k", "region");
    check_refused("s3://arn:aws:s3:us-west-2::accesspoint/n/k", "account");
    check_refused("s3://arn:aws:s3-outposts:us-west-2:1:accesspoint/n", "no outpost");
    check_refused("s3://arn:aws:s3-outposts:us-west-2:1:outpost/o_p/accesspoint/n", "outpost");
    check_refused("s3://arn:aws:s3-outposts:us-west-2:1:outpost/op-1/bucket/n", "no access point");
}

static void s3_urls(void)
{
    check_url("s3://bucket/key", CW__SCHEME_S3, "bucket", "key");
    check_url("s3://bucket", CW__SCHEME_S3, "bucket", "");
    check_url("s3://bucket/", CW__SCHEME_S3, "bucket", "");
    check_url("s3://b.c-d_9/a/b c", CW__SCHEME_S3, "b.c-d_9", "a/b c");
    check_url("s3://Old_Bucket/k", CW__SCHEME_S3, "Old_Bucket", "k");
    check_url("s3://name--usw2-az1--x-s3/k", CW__SCHEME_S3, "name--usw2-az1--x-s3", "k");
    check_url("s3://123/k", CW__SCHEME_S3, "123", "k");
}

static void keys_are_taken_byte_for_byte(void)
{
    check_url("s3://bucket//key/", CW__SCHEME_S3, "bucket", "/key/");
    check_url("s3://bucket/a%20b?c#d", CW__SCHEME_S3, "bucket", "a%20b?c#d");
    check_url("s3://bucket/../x/./y", CW__SCHEME_S3, "bucket", "../x/./y");
    check_url("s3://bucket/\xC3\xBC\n", CW__SCHEME_S3, "bucket", "\xC3\xBC\n");
}

static void bucket_names(void)
{
    char url[128];
    memset(url, 'b', sizeof url);
    memcpy(url, "s3://", 5);
    url[5 + 63] = '\0';
    check_url(url, CW__SCHEME_S3, url + 5, "");
    url[5 + 63] = 'b';
    url[5 + 64] = '\0';
    check_refused(url, "3 to 63");
    check_refused("s3://ab/k", "3 to 63");
    check_refused("s3://", "has no bucket");
    check_refused("s3:///key", "has no bucket");
    check_refused("s3://buc ket/k", "'buc ket'");
    check_refused("s3://user@bucket/k", "'user@bucket'");
    check_refused("s3://bucket:9000/k", "'bucket:9000'");
    check_refused("s3://../k", "s3://bucket/key");
    check_refused("s3://a..b/k", "s3://bucket/key");
    check_refused("s3://-ab/k", "s3://bucket/key");
    check_refused("s3://ab./k", "s3://bucket/key");
}

static void file_urls_and_paths(void)
{
    check_url("file:///tmp/x", CW__SCHEME_FILE, NULL, "/tmp/x");
    check_url("file:////x%20", CW__SCHEME_FILE, NULL, "//x%20");
    check_url("/tmp/x", CW__SCHEME_FILE, NULL, "/tmp/x");
    check_url("dir/x:y", CW__SCHEME_FILE, NULL, "dir/x:y");
    check_url("./s3:x", CW__SCHEME_FILE, NULL, "./s3:x");
    check_url("12:30.log", CW__SCHEME_FILE, NULL, "12:30.log");
    check_url("a b://c", CW__SCHEME_FILE, NULL, "a b://c");
    check_refused("file://", "file:///path");
    check_refused("file://x", "three slashes");
    check_refused("file://localhost/x", "file:///path");
}

static void memory_urls(void)
{
    check_url("mem://name", CW__SCHEME_MEMORY, NULL, "name");
    check_url("mem://a/b", CW__SCHEME_MEMORY, NULL, "a/b");
    check_refused("mem://", "mem://name");
}

static void other_schemes(void)
{
    check_refused("https://bucket.s3.amazonaws.com/key", "endpoint_url");
    check_refused("http://x/y", "endpoint_url");
    check_refused("gs://bucket/key", "s3://bucket/key");
    check_refused("s3a://bucket/key", "s3://bucket/key");
    check_refused("S3://bucket/key", "s3://bucket/key");
    check_refused("s3:/bucket/key", "s3://bucket/key");
    check_refused("s3:bucket", "s3://bucket/key");
    check_refused("file:/tmp/x", "file:///path");
    check_refused("mem:x", "mem://name");
    check_refused("x+y.z-1://a", "'x+y.z-1:'");
    check_refused("", "empty");
    cw__url u;
    cw_error err;
    CHECK_STATUS(cw__url_parse(&u, NULL, &err), CW_E_INVALID_ARGUMENT, err);
}

static void endpoints(void)
{
    check_endpoint("http://localhost:9000", false, "localhost", "9000", "");
    check_endpoint("https://s3.example.com", true, "s3.example.com", "", "");
    check_endpoint("https://s3.example.com/", true, "s3.example.com", "", "");
    check_endpoint("HTTPS://s3.example.com:443", true, "s3.example.com", "", "");
    check_endpoint("http://x:80/p", false, "x", "", "/p");
    check_endpoint("http://x:443", false, "x", "443", "");
    check_endpoint("https://x:80", true, "x", "80", "");
    check_endpoint("http://x:", false, "x", "", "");
    check_endpoint("http://[::1]:9000/a/b//", false, "[::1]", "9000", "/a/b");
    check_endpoint("http://[fe80::1]", false, "[fe80::1]", "", "");
    check_endpoint("http://my_minio:65535/@x:y", false, "my_minio", "65535", "/@x:y");
}

static void endpoints_refused(void)
{
    check_endpoint_refused("localhost:9000", "'localhost:9000' does not begin with http://");
    check_endpoint_refused("ftp://x", "'ftp://x' does not begin with http://");
    check_endpoint_refused("", "does not begin");
    check_endpoint_refused("http://", "'http://' has no usable host");
    check_endpoint_refused("http://:9000", "has no usable host");
    check_endpoint_refused("http:///x", "has no usable host");
    check_endpoint_refused("http://a b", "has no usable host");
    check_endpoint_refused("http://[]", "has no usable host");
    check_endpoint_refused("http://[::1", "has no usable host");
    check_endpoint_refused("http://[::1]x", "has no usable host");
    check_endpoint_refused("http://::1", "has no usable host");
    check_endpoint_refused("http://x:0", "between 1 and 65535");
    check_endpoint_refused("http://x:65536", "between 1 and 65535");
    check_endpoint_refused("http://x:99999999999999999999", "between 1 and 65535");
    check_endpoint_refused("http://x:9k", "between 1 and 65535");
    check_endpoint_refused("http://x?a=b", "has a query or a fragment");
    check_endpoint_refused("http://x/p#f", "has a query or a fragment");
    check_endpoint_refused("http://x/a b", "has a space");
    check_endpoint_refused("http://x/a\r\nb", "has a space");
    cw__endpoint_url e;
    CHECK_INT(cw__endpoint_url_parse(&e, NULL, NULL), CW_E_INVALID_ARGUMENT);
}

static void passwords_are_not_repeated(void)
{
    static const char *const urls[] = {"http://user:hunter2@host:9000", "user:hunter2@host",
                                       "https://user:hunter2@host/p", "http://u:hunter2@a@b"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        cw__endpoint_url e;
        cw_error err;
        CHECK_STATUS(cw__endpoint_url_parse(&e, urls[i], &err), CW_E_INVALID_ARGUMENT, err);
        CHECK(!strstr(err.message, "hunter2"));
        CHECK(strstr(err.message, "access_key_id"));
    }
}

static void out_of_memory_leaves_nothing(void)
{
    for (long nth = 1; nth <= 2; nth++) {
        cw__url u;
        cw_error err;
        fault_begin(nth);
        CHECK_STATUS(cw__url_parse(&u, "s3://bucket/key", &err), CW_E_NO_MEMORY, err);
        CHECK_INT(fault_end(), 0);
    }
    for (long nth = 1; nth <= 3; nth++) {
        cw__endpoint_url e;
        cw_error err;
        fault_begin(nth);
        CHECK_STATUS(cw__endpoint_url_parse(&e, "http://x:1/y", &err), CW_E_NO_MEMORY, err);
        CHECK_INT(fault_end(), 0);
    }
}

static void local_hosts_and_addresses(void)
{
    static const char *const yes[] = {"127.0.0.1", "255.255.255.255", "0.0.0.0",        "[::1]",
                                      "localhost", "LocalHost",       "minio.localhost"};
    static const char *const no[] = {"",
                                     "256.0.0.1",
                                     "1.2.3",
                                     "1.2.3.4.5",
                                     "1.2.3.4.",
                                     "1.2.3.x",
                                     "1..2.3",
                                     "0001.2.3.4",
                                     "s3.amazonaws.com",
                                     "notlocalhost",
                                     "localhost.example",
                                     "host"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!cw__host_is_local_or_address(yes[i]))
            CHECK_STR(yes[i], "local or an address");
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (cw__host_is_local_or_address(no[i]))
            CHECK_STR(no[i], "neither local nor an address");
}

static void this_machine(void)
{
    static const char *const yes[] = {"127.0.0.1", "127.255.1.2", "[::1]",
                                      "localhost", "LOCALHOST",   "s3.localhost"};
    static const char *const no[] = {"",        "128.0.0.1",    "127.0.0.1.nip.io",
                                     "127.1",   "10.127.0.1",   "localhost.example",
                                     "[::1:2]", "notlocalhost", "0.0.0.0"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!cw__host_is_this_machine(yes[i]))
            CHECK_STR(yes[i], "this machine");
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (cw__host_is_this_machine(no[i]))
            CHECK_STR(no[i], "another one");
}

int main(int argc, char **argv)
{
    TEST(s3_urls);
    TEST(access_points);
    TEST(keys_are_taken_byte_for_byte);
    TEST(bucket_names);
    TEST(file_urls_and_paths);
    TEST(memory_urls);
    TEST(other_schemes);
    TEST(endpoints);
    TEST(endpoints_refused);
    TEST(passwords_are_not_repeated);
    TEST(out_of_memory_leaves_nothing);
    TEST(local_hosts_and_addresses);
    TEST(this_machine);
    return test_end();
}
