/* test_endpoint.c - hosts, paths and what is signed, for every kind of endpoint and of bucket */
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
    {"https://s3.eu-west-1.amazonaws.com", AUTO, "eu-west-1", "bucket", "k",
     "bucket.s3.eu-west-1.amazonaws.com", "/k"},
    {"https://s3.eusc-de-east-1.amazonaws.eu", AUTO, "r", "bucket", "k",
     "bucket.s3.eusc-de-east-1.amazonaws.eu", "/k"},
    {"https://s3.eu-west-1.amazonaws.com", PATH, "eu-west-1", "bucket", "k",
     "s3.eu-west-1.amazonaws.com", "/bucket/k"},
    {"https://notamazonaws.com", AUTO, "r", "bucket", "k", "notamazonaws.com", "/bucket/k"},

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
        cw__route route;
        cw_error err = {0};
        CHECK_OK(cw__endpoint_init(&e, c->url, c->addressing, &err), err);
        CHECK_OK(cw__endpoint_route(&e, c->region, c->bucket, CW__REACH_OBJECTS, &route, &err),
                 err);
        cw__endpoint_address(&e, &route, c->bucket, c->key, &host, &path);
        CHECK_STR(cw__text_str(&host), c->host);
        CHECK_STR(cw__text_str(&path), c->path);
        cw__text_free(&host);
        cw__text_free(&path);
        cw__endpoint_free(&e);
    }
}

/* ---- as the SDKs have it ---- */

enum {
    DUAL = 1 << 0,
    FIPS = 1 << 1,
    ACCEL = 1 << 2,
    GLOBAL = 1 << 3, /* us-east-1 at s3.amazonaws.com */
    PATH_STYLE = 1 << 4,
    NO_MRAP = 1 << 5,
    NO_SESSION = 1 << 6,
    CONTROL = 1 << 7, /* a request about the bucket itself */
    HOME = 1 << 8,    /* no access points of other regions */
    SESSION = 1 << 9  /* expected: signed with the keys of a session */
};

#define REFUSED NULL, NULL, NULL

static const struct rule {
    const char *region, *bucket, *endpoint;
    unsigned flags;
    const char *url, *service, *signing_region;
} rules[] = {
#include "endpoint_rules.h"
};

/* The rules address a custom endpoint by the name of the bucket in the host wherever they can. */
static cw_addressing addressing_of(const struct rule *r)
{
    if (r->flags & PATH_STYLE)
        return PATH;
    return r->endpoint ? VIRTUAL : AUTO;
}

static cw_status follow(const struct rule *r, cw__endpoint *e, cw__route *route, cw_error *err)
{
    cw_status status = cw__endpoint_init(e, r->endpoint, addressing_of(r), err);
    if (status != CW_OK)
        return status;
    e->variant = (cw__variant){.dualstack = r->flags & DUAL, .fips = r->flags & FIPS};
    e->accelerate = r->flags & ACCEL;
    bool world = strcmp(r->region, "aws-global") == 0; /* a client's name for two settings */
    e->global = (r->flags & GLOBAL) || world;
    e->no_multi_region = r->flags & NO_MRAP;
    e->no_session = r->flags & NO_SESSION;
    e->own_region_only = r->flags & HOME;
    status = cw__endpoint_check(e, err);
    if (status != CW_OK)
        return status;
    return cw__endpoint_route(e, world ? "us-east-1" : r->region, r->bucket,
                              r->flags & CONTROL ? CW__REACH_BUCKET : CW__REACH_OBJECTS, route,
                              err);
}

static void check_rule(const struct rule *r, const cw__endpoint *e, const cw__route *route)
{
    cw__text url = {0}, path = {0};
    cw__text_add(&url, cw__endpoint_tls(e) ? "https://" : "http://");
    cw__endpoint_address(e, route, r->bucket, "", &url, &path);
    cw__text_add_n(&url, path.p, path.n - (path.p[path.n - 1] == '/'));
    CHECK_STR(cw__text_str(&url), r->url);
    CHECK_STR(route->service, r->service);
    CHECK_STR(route->region_set ? route->region_set : route->region, r->signing_region);
    CHECK_INT(route->session, (r->flags & SESSION) != 0);
    cw__text_free(&url);
    cw__text_free(&path);
}

static void every_rule(void)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const struct rule *r = &rules[i];
        cw__endpoint e;
        cw__route route;
        cw_error err = {0};
        cw_status status = follow(r, &e, &route, &err);
        if (!r->url)
            CHECK_STATUS(status, CW_E_INVALID_ARGUMENT, err);
        else if (status == CW_OK)
            check_rule(r, &e, &route);
        else
            CHECK_OK(status, err);
        CHECK(status == CW_OK || err.message[0]);
        cw__endpoint_free(&e);
    }
}

typedef struct service_case {
    const char *service, *region;
    unsigned flags;
    const char *url;
} service_case;

/* From the rules of STS and of SSO. */
static void services_of_every_partition(void)
{
    static const service_case of[] = {
        {"sts", "us-east-1", 0, "https://sts.us-east-1.amazonaws.com"},
        {"sts", "us-east-1", FIPS, "https://sts-fips.us-east-1.amazonaws.com"},
        {"sts", "us-east-1", DUAL, "https://sts.us-east-1.api.aws"},
        {"sts", "us-east-1", DUAL | FIPS, "https://sts-fips.us-east-1.api.aws"},
        {"sts", "us-gov-west-1", FIPS, "https://sts.us-gov-west-1.amazonaws.com"},
        {"sts", "us-gov-west-1", DUAL | FIPS, "https://sts-fips.us-gov-west-1.api.aws"},
        {"sts", "cn-north-1", 0, "https://sts.cn-north-1.amazonaws.com.cn"},
        {"sts", "cn-north-1", DUAL, "https://sts.cn-north-1.api.amazonwebservices.com.cn"},
        {"sts", "us-iso-east-1", 0, "https://sts.us-iso-east-1.c2s.ic.gov"},
        {"sts", "us-isob-east-1", 0, "https://sts.us-isob-east-1.sc2s.sgov.gov"},
        {"sts", "us-isof-south-1", 0, "https://sts.us-isof-south-1.csp.hci.ic.gov"},
        {"sts", "eu-isoe-west-1", 0, "https://sts.eu-isoe-west-1.cloud.adc-e.uk"},
        {"sts", "eusc-de-east-1", 0, "https://sts.eusc-de-east-1.amazonaws.eu"},
        {"oidc", "eusc-de-east-1", 0, "https://oidc.eusc-de-east-1.amazonaws.eu"},
        {"portal.sso", "eusc-de-east-1", DUAL,
         "https://portal.sso.eusc-de-east-1.api.amazonwebservices.eu"},
        {"portal.sso", "us-east-1", FIPS, "https://portal.sso-fips.us-east-1.amazonaws.com"},
        {"portal.sso", "us-gov-west-1", FIPS, "https://portal.sso.us-gov-west-1.amazonaws.com"},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        cw__text url = {0};
        cw__add_service_url(
            &url, NULL, of[i].service, of[i].region,
            (cw__variant){.dualstack = of[i].flags & DUAL, .fips = of[i].flags & FIPS});
        CHECK_STR(cw__text_str(&url), of[i].url);
        cw__text_free(&url);
    }
}

static void services_at_endpoints_of_their_own(void)
{
    static const char *const given[] = {"http://h:1/a", "http://h:1/a/", "http://h:1/a//"};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        cw__text url = {0};
        cw__add_service_url(&url, given[i], "sts", "r", (cw__variant){.fips = true});
        CHECK_STR(cw__text_str(&url), "http://h:1/a");
        cw__text_free(&url);
    }
}

static void check_zone(const char *bucket, const char *zone)
{
    cw__piece found = cw__directory_zone(bucket);
    CHECK(cw__piece_is(found, zone));
}

static void zones_of_directory_buckets(void)
{
    check_zone("name--usw2-az1--x-s3", "usw2-az1");
    check_zone("a--b--usw2-lax1-az1--x-s3", "usw2-lax1-az1");
    check_zone("point--use1-az4--xa-s3", "use1-az4");
    check_zone("name--zone--x-s3", "");
    check_zone("name--usw2-az1", "");
    check_zone("--x-s3", "");
    check_zone("", "");
    CHECK(cw__is_directory_bucket("name--usw2-az1--x-s3"));
    CHECK(!cw__is_directory_bucket("name--usw2-az1--x-s3-"));
    CHECK(!cw__is_directory_bucket("x-s3"));
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
    TEST(every_rule);
    TEST(services_of_every_partition);
    TEST(services_at_endpoints_of_their_own);
    TEST(zones_of_directory_buckets);
    TEST(tls_is_the_default);
    TEST(nonsense_is_refused);
    return test_end();
}
