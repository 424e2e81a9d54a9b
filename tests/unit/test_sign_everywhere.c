/* test_sign_everywhere.c - SigV4A against the vectors that aws-c-auth publishes
 *
 * A signature is another one each time, so texts are compared, and signatures verified: ours and
 * the published ones, with the published public keys.
 */
#include "harness.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "s3/request.h"
#include "s3/sign.h"
#include "s3/sign_everywhere.h"

#define IN_2015 1440938160000 /* 2015-08-30T12:36:00Z */

/* tests/aws-signing-test-suite/v4a/get-vanilla */
static const cw__sign_keys keys = {
    .access_key_id = "AKIDEXAMPLE",
    .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
static const char public_key[] = "b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1"
                                 "865ed22a7eadc9c5cb9d2cbaca1b3699139fedc5043dc6661864218330c8e518";

static size_t unhex(const char *hex, unsigned char *out)
{
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)(cw__hex_digit(hex[2 * i]) << 4 | cw__hex_digit(hex[2 * i + 1]));
    return n;
}

/* A SubjectPublicKeyInfo of the point. */
static EVP_PKEY *load_public(const char *point)
{
    unsigned char der[128];
    const unsigned char *at = der;
    size_t n = unhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004", der);
    n += unhex(point, der + n);
    return d2i_PUBKEY(NULL, &at, (long)n);
}

static bool is_signed(const char *text, const char *signature)
{
    unsigned char der[256];
    size_t n = unhex(signature, der);
    EVP_PKEY *key = load_public(public_key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    REQUIRE(key && ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1);
    bool good = EVP_DigestVerify(ctx, der, n, (const unsigned char *)text, strlen(text)) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return good;
}

static void the_key_of_a_secret(void)
{
    unsigned char key[CW__P256_BYTES];
    char hex[2 * CW__P256_BYTES + 1];
    CHECK_INT(cw__sign_everywhere_key("AKISORANDOMAASORANDOM",
                                      "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom", key),
              CW_OK);
    cw__hex(key, sizeof key, hex);
    CHECK_STR(hex, "7fd3bd010c0d9c292141c2b77bfbde1042c92e6836fff749d1269ec890fca1bd");
}

static cw__sign_input vanilla(const cw__sign_header *headers, size_t count)
{
    return (cw__sign_input){.method = "GET",
                            .path = "/",
                            .query = "",
                            .headers = headers,
                            .header_count = count,
                            .payload_hash = CW__EMPTY_SHA256,
                            .region = "elsewhere",
                            .region_set = "us-east-1",
                            .service = "service",
                            .wall_ms = IN_2015};
}

static void published_header(void)
{
    static const cw__sign_header headers[] = {{"host", "example.amazonaws.com"},
                                              {"x-amz-date", "20150830T123600Z"},
                                              {"x-amz-region-set", "us-east-1"}};
    static const char before[] =
        "AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20150830/service/aws4_request,"
        "SignedHeaders=host;x-amz-date;x-amz-region-set,Signature=";
    cw__sign_input in = vanilla(headers, 3);
    cw__text canonical = {0}, string = {0}, first = {0}, second = {0};
    cw__sign_canonical_request(&in, &canonical);
    CHECK_STR(cw__text_str(&canonical), "GET\n/\n\nhost:example.amazonaws.com\n"
                                        "x-amz-date:20150830T123600Z\nx-amz-region-set:us-east-1\n"
                                        "\nhost;x-amz-date;x-amz-region-set\n" CW__EMPTY_SHA256);
    CHECK_INT(cw__sign_string_to_sign(&in, canonical.p, &string), CW_OK);
    CHECK_STR(cw__text_str(&string),
              "AWS4-ECDSA-P256-SHA256\n20150830T123600Z\n20150830/service/aws4_request\n"
              "cf59db423e841c8b7e3444158185aa261b724a5c27cbe762676f3eed19f4dc02");
    CHECK(is_signed(string.p, "3045022018b4e277d0281864beb51d3600e23f88510ea5031d68ddfbb68614b82a5e"
                              "b7d2022100effb9c5f22ed9ef3ae0ab243d21f06bce82365bbb79529a07b6888c343"
                              "ae5f8c"));
    CHECK_INT(cw__sign(&keys, &in, NULL, &first), CW_OK);
    CHECK_INT(cw__sign(&keys, &in, NULL, &second), CW_OK);
    CHECK_INT(strncmp(first.p, before, sizeof before - 1), 0);
    CHECK(is_signed(string.p, first.p + sizeof before - 1));
    CHECK(is_signed(string.p, second.p + sizeof before - 1));
    CHECK(strcmp(first.p, second.p) != 0);
    CHECK(!is_signed("another text", first.p + sizeof before - 1));
    cw__text_free(&canonical);
    cw__text_free(&string);
    cw__text_free(&first);
    cw__text_free(&second);
}

static void published_query(void)
{
    static const cw__sign_header host = {"host", "example.amazonaws.com"};
    static const char string[] =
        "AWS4-ECDSA-P256-SHA256\n20150830T123600Z\n20150830/service/aws4_request\n"
        "890c4ed28c1a1ac10b5862719b537afbe392e987dc1aab1efa16fe7de41d3c81";
    cw__sign_input in = vanilla(&host, 1);
    cw__text query = {0};
    CHECK_INT(cw__sign_query(&keys, &in, 3600, &query), CW_OK);
    const char *signature = strstr(cw__text_str(&query), "&X-Amz-Signature=");
    REQUIRE(signature);
    CHECK(strstr(query.p, "X-Amz-Region-Set=us-east-1&") != NULL);
    CHECK(is_signed(string, signature + strlen("&X-Amz-Signature=")));
    cw__text_free(&query);
}

/* All the way from the name of the bucket. */
static void a_request_to_many_regions(void)
{
    static const char bucket[] = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap";
    cw__endpoint e;
    cw__request r;
    cw__route route;
    cw_error err = {0};
    bool has_set = false;
    CHECK_OK(cw__endpoint_init(&e, NULL, CW_ADDRESSING_AUTO, &err), err);
    CHECK_OK(cw__endpoint_route(&e, "eu-west-1", bucket, CW__REACH_OBJECTS, &route, &err), err);
    cw__layout how = {.endpoint = &e,
                      .route = &route,
                      .keys = &keys,
                      .payload_hash = CW__UNSIGNED_PAYLOAD,
                      .wall_ms = IN_2015};
    cw__request_init(&r, "GET", bucket, "a b");
    CHECK_INT(cw__request_lay_out(&r, &how), CW_OK);
    CHECK_STR(cw__text_str(&r.url),
              "https://mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com/a%20b");
    for (const char **line = r.line_list; *line; line++)
        has_set |= strcmp(*line, "x-amz-region-set: *") == 0;
    CHECK(has_set);
    cw__request_free(&r);
    cw__endpoint_free(&e);
}

int main(int argc, char **argv)
{
    TEST(the_key_of_a_secret);
    TEST(published_header);
    TEST(published_query);
    TEST(a_request_to_many_regions);
    return test_end();
}
