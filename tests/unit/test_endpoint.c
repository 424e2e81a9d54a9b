/* test_endpoint.c - hosts and paths, for every kind of endpoint */
#include "harness.h"

#include "s3/endpoint.h"

typedef struct address_case {
    const char *url;
    cw_addressing addressing;
    const char *region, *bucket, *key;
    const char *host, *path;
} address_case;

#define AUTO    CW_ADDRESSING_AUTO
#define PATH    CW_ADDRESSING_PATH
#define VIRTUAL CW_ADDRESSING_VIRTUAL

static const address_case cases[] = {
    /* AWS */
    {NULL, AUTO, "us-east-1", "bucket", "a/b", "bucket.s3.us-east-1.amazonaws.com", "/a/b"},
    {"", AUTO, "eu-west-1", "bucket", "", "bucket.s3.eu-west-1.amazonaws.com", "/"},
    {NULL, AUTO, "eu-west-1", "", "", "s3.eu-west-1.amazonaws.com", "/"},
    {NULL, AUTO, "cn-north-1", "bucket", "k", "bucket.s3.cn-north-1.amazonaws.com.cn", "/k"},
    {NULL, AUTO, "us-gov-west-1", "bucket", "k", "bucket.s3.us-gov-west-1.amazonaws.com", "/k"},
    {NULL, AUTO, "", "bucket", "k", "bucket.s3.us-east-1.amazonaws.com", "/k"},
    {NULL, AUTO, NULL, "bucket", "k", "bucket.s3.us-east-1.amazonaws.com", "/k"},
    {NULL, PATH, "eu-west-1", "bucket", "k", "s3.eu-west-1.amazonaws.com", "/bucket/k"},
    {NULL, PATH, "eu-west-1", "bucket", "", "s3.eu-west-1.amazonaws.com", "/bucket"},

    /* names that no certificate covers, or that DNS does not know */
    {NULL, AUTO, "eu-west-1", "my.bucket", "k", "s3.eu-west-1.amazonaws.com", "/my.bucket/k"},
    {NULL, AUTO, "us-east-1", "Old_Bucket", "k", "s3.us-east-1.amazonaws.com", "/Old_Bucket/k"},
    {NULL, AUTO, "us-east-1", "ab", "k", "s3.us-east-1.amazonaws.com", "/ab/k"},
    {NULL, VIRTUAL, "eu-west-1", "my.bucket", "k", "my.bucket.s3.eu-west-1.amazonaws.com", "/k"},

    /* custom endpoints */
    {"http://127.0.0.1:9000", AUTO, "r", "bucket", "k", "127.0.0.1:9000", "/bucket/k"},
    {"http://127.0.0.1:9000", VIRTUAL, "r", "bucket", "k", "127.0.0.1:9000", "/bucket/k"},
    {"http://[::1]:9000", AUTO, "r", "bucket", "k", "[::1]:9000", "/bucket/k"},
    {"http://[::1]:9000", VIRTUAL, "r", "bucket", "k", "[::1]:9000", "/bucket/k"},
    {"http://localhost:9000", AUTO, "r", "bucket", "k", "localhost:9000", "/bucket/k"},
    {"http://localhost", VIRTUAL, "r", "bucket", "k", "bucket.localhost", "/k"},
    {"https://minio.example.org", AUTO, "r", "bucket", "k", "minio.example.org", "/bucket/k"},
    {"https://minio.example.org", VIRTUAL, "r", "b-1", "k", "b-1.minio.example.org", "/k"},
    {"https://minio.example.org:8443", VIRTUAL, "r", "b-1", "k", "b-1.minio.example.org:8443",
     "/k"},
    {"https://minio.example.org:443", AUTO, "r", "b", "k", "minio.example.org", "/b/k"},
    {"http://minio.example.org:80", AUTO, "r", "b", "k", "minio.example.org", "/b/k"},
    {"https://gate.example.org/s3/", AUTO, "r", "bucket", "k", "gate.example.org", "/s3/bucket/k"},
    {"https://gate.example.org/s3", AUTO, "r", "", "", "gate.example.org", "/s3/"},
    {"https://gate.example.org/s3", VIRTUAL, "r", "bkt", "k", "bkt.gate.example.org", "/s3/k"},

    /* those who want the bucket in the host */
    {"https://oss-cn-hangzhou.aliyuncs.com", AUTO, "r", "bucket", "k",
     "bucket.oss-cn-hangzhou.aliyuncs.com", "/k"},
    {"https://oss-cn-hangzhou.aliyuncs.com", PATH, "r", "bucket", "k",
     "oss-cn-hangzhou.aliyuncs.com", "/bucket/k"},
    {"https://s3.eu-west-1.amazonaws.com", AUTO, "eu-west-1", "bucket", "k",
     "bucket.s3.eu-west-1.amazonaws.com", "/k"},
    {"https://notaliyuncs.com", AUTO, "r", "bucket", "k", "notaliyuncs.com", "/bucket/k"},

    /* keys are encoded once and never normalised */
    {"http://h", AUTO, "r", "b", "a b+c//./../d%20e", "h", "/b/a%20b%2Bc//./../d%2520e"},
    {"http://h", AUTO, "r", "b", "/x/", "h", "/b//x/"},
    {"http://h", AUTO, "r", "b", "\xC3\xA4~-_.!*'()", "h", "/b/%C3%A4~-_.%21%2A%27%28%29"},
};

static void every_address(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const address_case *c = &cases[i];
        cw__endpoint e;
        cw__text host = {0}, path = {0};
        cw_error err = {0};
        CHECK_OK(cw__endpoint_init(&e, c->url, c->addressing, &err), err);
        cw__endpoint_address(&e, c->region, c->bucket, c->key, &host, &path);
        CHECK_STR(cw__text_str(&host), c->host);
        CHECK_STR(cw__text_str(&path), c->path);
        cw__text_free(&host);
        cw__text_free(&path);
        cw__endpoint_free(&e);
    }
}

static void tls_is_the_default(void)
{
    cw__endpoint e;
    cw_error err = {0};
    CHECK_OK(cw__endpoint_init(&e, NULL, AUTO, &err), err);
    CHECK(cw__endpoint_tls(&e));
    cw__endpoint_free(&e);
    CHECK_OK(cw__endpoint_init(&e, "http://h", AUTO, &err), err);
    CHECK(!cw__endpoint_tls(&e));
    cw__endpoint_free(&e);
    CHECK_OK(cw__endpoint_init(&e, "https://h", AUTO, &err), err);
    CHECK(cw__endpoint_tls(&e));
    cw__endpoint_free(&e);
}

static void nonsense_is_refused(void)
{
    cw__endpoint e;
    cw_error err = {0};
    CHECK_STATUS(cw__endpoint_init(&e, "host:9000", AUTO, &err), CW_E_INVALID_ARGUMENT, err);
    cw__endpoint_free(&e);
    CHECK_STATUS(cw__endpoint_init(&e, NULL, (cw_addressing)9, &err), CW_E_INVALID_ARGUMENT, err);
    cw__endpoint_free(&e);
}

int main(int argc, char **argv)
{
    TEST(every_address);
    TEST(tls_is_the_default);
    TEST(nonsense_is_refused);
    return test_end();
}
