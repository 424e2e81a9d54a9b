/* test_provider_facts.c - which service it is, by its host and its answers, and what follows */
#include "s3/provider.h"

#include "harness.h"

#include <cloudwriter/client.h>

static cw__provider provider_at(const char *host)
{
    cw__provider p;
    cw_error err;

    CHECK_OK(cw__provider_init(&p, CW_PROVIDER_AUTO, host, &err), err);
    return p;
}

static const char *see(cw__provider *p, const char *server, const char *code, const char *message)
{
    cw__reply r = {0};

    snprintf(r.server, sizeof r.server, "%s", server);
    snprintf(r.code, sizeof r.code, "%s", code);
    snprintf(r.message, sizeof r.message, "%s", message);
    return cw__provider_see(p, &r);
}

static void hosts_and_their_regions(void)
{
    static const struct {
        const char *host, *name, *region;
    } cases[] = {
        {NULL, "aws", "us-east-1"},
        {"s3.eu-west-1.amazonaws.com", "aws", "us-east-1"},
        {"s3.cn-north-1.amazonaws.com.cn", "aws", "us-east-1"},
        {"S3.eusc-de-east-1.amazonaws.EU", "aws", "us-east-1"},
        {"s3.us-iso-east-1.c2s.ic.gov", "aws", "us-east-1"},
        {"amazonaws.com", "generic", "us-east-1"},
        {"notamazonaws.com", "generic", "us-east-1"},
        {"0123456789abcdef.r2.cloudflarestorage.com", "r2", "auto"},
        {"0123456789abcdef.eu.r2.cloudflarestorage.com", "r2", "auto"},
        {"storage.googleapis.com", "gcs", "auto"},
        {"STORAGE.GOOGLEAPIS.COM", "gcs", "auto"},
        {"s3.us-west-004.backblazeb2.com", "b2", "us-west-004"},
        {"oss-cn-hangzhou.aliyuncs.com", "oss", "cn-hangzhou"},
        {"s3.oss-cn-hangzhou.aliyuncs.com", "oss", "cn-hangzhou"},
        {"oss-cn-hangzhou-internal.aliyuncs.com", "oss", "cn-hangzhou"},
        {"backblazeb2.com", "generic", "us-east-1"},
        {"r2.cloudflarestorage.com.example", "generic", "us-east-1"},
        {"127.0.0.1", "generic", "us-east-1"},
        {"localhost", "generic", "us-east-1"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cw__provider p = provider_at(cases[i].host);
        char region[64];

        CHECK_STR(cw__provider_name(&p), cases[i].name);
        cw__provider_region(&p, cases[i].host, region, sizeof region);
        CHECK_STR(region, cases[i].region);
    }
}

static void a_region_that_does_not_fit_is_left_out(void)
{
    static const char host[] = "s3.a-region-that-is-longer-than-a-name-may-be.backblazeb2.com";
    cw__provider p = provider_at(host);
    char region[16];

    cw__provider_region(&p, host, region, sizeof region);
    CHECK_STR(region, "us-east-1");
}

static void r2_has_few_regions(void)
{
    cw__provider r2 = provider_at("0123456789abcdef.r2.cloudflarestorage.com");
    cw__provider other = provider_at("localhost");

    CHECK(cw__provider_has_region(&r2, "auto") && cw__provider_has_region(&r2, "us-east-1"));
    CHECK(cw__provider_has_region(&r2, "apac") && !cw__provider_has_region(&r2, "eu-west-1"));
    CHECK(cw__provider_has_region(&other, "eu-west-1"));
}

static void answers_that_tell_and_that_do_not(void)
{
    cw__provider p = provider_at("localhost");

    CHECK(!see(&p, "", "", "") && !see(&p, "nginx", "", "") && !see(&p, "cloudflare", "", ""));
    CHECK(!see(&p, "AmazonS3", "", "") && !see(&p, "minio", "", ""));
    CHECK_STR(cw__provider_name(&p), "generic");
    CHECK_STR(see(&p, "MinIO/RELEASE", "", ""), "minio");
    CHECK(!see(&p, "MinIO", "", ""));
    CHECK_STR(see(&p, "Ceph Object Gateway (squid)", "", ""), "ceph");
    CHECK_STR(see(&p, "UploadServer", "", ""), "gcs");
    CHECK_STR(see(&p, "AliyunOSS", "", ""), "oss");
}

static void what_was_chosen_stays(void)
{
    cw__provider p = provider_at("storage.googleapis.com");
    cw_error err;

    CHECK(!see(&p, "MinIO", "", ""));
    CHECK_STR(cw__provider_name(&p), "gcs");
    CHECK_OK(cw__provider_init(&p, CW_PROVIDER_GENERIC, "storage.googleapis.com", &err), err);
    CHECK(!see(&p, "UploadServer", "", ""));
    CHECK(!cw__provider_is(&p, CW__NO_PUT_IF));
}

static void what_is_learned_lies_over_the_facts(void)
{
    cw__provider p = provider_at("storage.googleapis.com");

    CHECK(cw__provider_is(&p, CW__NO_PUT_IF) && !cw__provider_is(&p, CW__NO_BATCH_DELETE));
    cw__provider_learn(&p, CW__NO_BATCH_DELETE, CW__NO_PUT_IF);
    CHECK(!cw__provider_is(&p, CW__NO_PUT_IF) && cw__provider_is(&p, CW__NO_BATCH_DELETE));
    CHECK(cw__provider_is(&p, CW__NO_PUT_IF | CW__NO_COMPLETE_IF));
    cw__provider_learn(&p, CW__NO_PUT_IF, CW__NO_PUT_IF);
    CHECK(cw__provider_is(&p, CW__NO_PUT_IF));
    see(&p, "", "InvalidPart", "The part is not there.");
    CHECK(!cw__provider_is(&p, CW__EQUAL_PARTS));
    see(&p, "", "InvalidPart", "All non-trailing parts must have the same length.");
    CHECK(cw__provider_is(&p, CW__EQUAL_PARTS));
}

static void requests_for_what_is_not_there(void)
{
    static const char directory[] = "name--usw2-az1--x-s3";
    static const struct {
        const char *bucket, *method, *query, *value;
        bool refused, raw_refused;
    } cases[] = {
        {"bucket", "GET", "tagging", NULL, true, false},
        {"bucket", "DELETE", "versionId", "3", true, false},
        {"bucket", "GET", "versions", "", true, false},
        {"bucket", "GET", "uploads", NULL, true, false},
        {"bucket", "POST", "uploads", NULL, false, false},
        {"bucket", "GET", "list-type", "2", false, false},
        {"bucket", "GET", "prefix", "versions", false, false},
        {"bucket", "GET", "versionIds", "1", false, false},
        {directory, "GET", "versionId", "3", true, true},
        {directory, "GET", "xversionId", "3", false, false},
    };
    cw__provider p = provider_at("oss-cn-hangzhou.aliyuncs.com");

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cw__request r;
        cw_error err;

        cw__request_init(&r, cases[i].method, cases[i].bucket, "key");
        cw__request_query(&r, "max-keys", "7");
        cw__request_query(&r, cases[i].query, cases[i].value);
        CHECK_STATUS(cw__provider_check(&p, &r, false, &err),
                     cases[i].refused ? CW_E_UNSUPPORTED : CW_OK, err);
        CHECK_STATUS(cw__provider_check(&p, &r, true, &err),
                     cases[i].raw_refused ? CW_E_UNSUPPORTED : CW_OK, err);
        cw__request_free(&r);
    }
}

/* As a console shows it: with the bucket, which would go into every key. */
static void an_endpoint_with_a_path(void)
{
    static const struct {
        const char *url;
        bool taken;
    } cases[] = {
        {"https://0123456789abcdef.r2.cloudflarestorage.com/bucket", false},
        {"https://storage.googleapis.com/bucket/", false},
        {"https://s3.eu-west-1.amazonaws.com/bucket", false},
        {"https://s3.eu-west-1.amazonaws.com/", true},
        {"https://storage.example/storage/v1/s3", true},
        {"http://lb-1.eu-west-1.elb.amazonaws.com/s3", true},
        {"https://stage.googleapis.com/bucket", true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cw_client_options o = CW_CLIENT_OPTIONS_INIT;
        cw_client *c = NULL;
        cw_error err = {0};

        o.endpoint_url = cases[i].url;
        o.access_key_id = "key";
        o.secret_access_key = "secret";
        CHECK_STATUS(cw_client_new(&c, &o, &err), cases[i].taken ? CW_OK : CW_E_INVALID_ARGUMENT,
                     err);
        CHECK(cases[i].taken || strstr(err.message, "'/bucket'"));
        cw_client_release(c);
    }
}

int main(int argc, char **argv)
{
    TEST(hosts_and_their_regions);
    TEST(an_endpoint_with_a_path);
    TEST(a_region_that_does_not_fit_is_left_out);
    TEST(r2_has_few_regions);
    TEST(answers_that_tell_and_that_do_not);
    TEST(what_was_chosen_stays);
    TEST(what_is_learned_lies_over_the_facts);
    TEST(requests_for_what_is_not_there);
    return test_end();
}
