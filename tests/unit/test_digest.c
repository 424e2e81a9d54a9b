/* test_digest.c - SHA-256, HMAC-SHA-256 and MD5 against the vectors of their standards */
#include "harness.h"

#include <pthread.h>

#include "base/memory.h"
#include "base/text.h"
#include "port/digest.h"

static const char *hex(const unsigned char *p, size_t n)
{
    static char text[2 * CW__SHA256_BYTES + 1];
    cw__hex(p, n, text);
    return text;
}

static void check_sha256(const void *p, size_t n, const char *want)
{
    unsigned char out[CW__SHA256_BYTES];
    CHECK_INT(cw__sha256_of(p, n, out), CW_OK);
    CHECK_STR(hex(out, sizeof out), want);
}

/* FIPS 180-4 examples (NIST, "Examples with Intermediate Values") and the empty message. */
static void sha256_vectors(void)
{
    check_sha256("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha256(NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void sha256_of_a_million_in_pieces(void)
{
    unsigned char out[CW__SHA256_BYTES];
    char piece[1000];
    memset(piece, 'a', sizeof piece);
    cw__sha256 *h = cw__sha256_new();
    REQUIRE(h);
    for (int round = 0; round < 2; round++) {
        for (size_t left = 1000000, n; left > 0; left -= n) {
            n = left % 997 < left ? left % 997 + 1 : left;
            CHECK_INT(cw__sha256_update(h, piece, n), CW_OK);
        }
        CHECK_INT(cw__sha256_final(h, out), CW_OK);
        CHECK_STR(hex(out, sizeof out),
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
        CHECK_INT(cw__sha256_reset(h), CW_OK);
    }
    cw__sha256_free(h);
    cw__sha256_free(NULL);
}

static void sha256_reset_forgets(void)
{
    unsigned char out[CW__SHA256_BYTES];
    cw__sha256 *h = cw__sha256_new();
    REQUIRE(h);
    CHECK_INT(cw__sha256_update(h, "garbage", 7), CW_OK);
    CHECK_INT(cw__sha256_reset(h), CW_OK);
    CHECK_INT(cw__sha256_update(h, "ab", 2), CW_OK);
    CHECK_INT(cw__sha256_update(h, NULL, 0), CW_OK);
    CHECK_INT(cw__sha256_update(h, "c", 1), CW_OK);
    CHECK_INT(cw__sha256_final(h, out), CW_OK);
    CHECK_STR(hex(out, sizeof out),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cw__sha256_free(h);
}

static void check_hmac(const void *key, size_t key_n, const void *p, size_t n, const char *want)
{
    unsigned char out[CW__SHA256_BYTES];
    CHECK_INT(cw__hmac_sha256(key, key_n, p, n, out), CW_OK);
    CHECK_STR(hex(out, strlen(want) / 2), want);
}

/* RFC 4231, sections 4.2 to 4.8. */
static void hmac_vectors(void)
{
    unsigned char key[131], data[50];

    memset(key, 0x0b, 20);
    check_hmac(key, 20, "Hi There", 8,
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    check_hmac("Jefe", 4, "what do ya want for nothing?", 28,
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, 20);
    memset(data, 0xdd, 50);
    check_hmac(key, 20, data, 50,
               "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    for (unsigned i = 0; i < 25; i++)
        key[i] = (unsigned char)(i + 1);
    memset(data, 0xcd, 50);
    check_hmac(key, 25, data, 50,
               "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    memset(key, 0x0c, 20);
    check_hmac(key, 20, "Test With Truncation", 20, "a3b6167473100ee06e0c796c2955552b");
    memset(key, 0xaa, 131);
    check_hmac(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    static const char longer[] = "This is a test using a larger than block-size key and a larger "
                                 "than block-size data. The key needs to be hashed before being "
                                 "used by the HMAC algorithm.";
    check_hmac(key, 131, longer, sizeof longer - 1,
               "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

/* A key of just a block is used as it is; the answer was made with Python's hmac module. */
static void hmac_edges(void)
{
    unsigned char key[65];
    memset(key, 'k', sizeof key);
    check_hmac("", 0, "", 0, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    check_hmac(NULL, 0, NULL, 0,
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    check_hmac(key, 64, "x", 1, "f91c4c403625fb06910ef93999265bbd2d62baeaec6ff36455498cc124fe3e66");
    check_hmac(key, 65, "x", 1, "75092ca3ee2b307470c227697b42b3e65376aa3bae98fb5a1f7b7536daa9588a");
}

static void check_md5(const char *s, const char *want)
{
    unsigned char out[CW__MD5_BYTES];
    CHECK_INT(cw__md5_of(s, strlen(s), out), CW_OK);
    CHECK_STR(hex(out, sizeof out), want);
}

/* RFC 1321, appendix A.5. */
static void md5_vectors(void)
{
    unsigned char out[CW__MD5_BYTES];
    if (cw__md5_of("", 0, out) == CW_E_UNSUPPORTED && !getenv("CI")) {
        fprintf(stderr, "    this libcrypto has no MD5: its vectors are not checked\n");
        return;
    }
    check_md5("", "d41d8cd98f00b204e9800998ecf8427e");
    check_md5("a", "0cc175b9c0f1b6a831c399e269772661");
    check_md5("abc", "900150983cd24fb0d6963f7d28e17f72");
    check_md5("message digest", "f96b697d7cb7938d525a2f31aaf161d0");
    check_md5("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b");
    check_md5("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
              "d174ab98d277d9f5a5611c2c9f419d9f");
    check_md5("1234567890123456789012345678901234567890"
              "1234567890123456789012345678901234567890",
              "57edf4a22be3c955ac49da2e2107b67a");
}

static void *sign_often(void *failures)
{
    unsigned char out[CW__SHA256_BYTES], first[CW__SHA256_BYTES];
    int *bad = failures;
    *bad += cw__hmac_sha256("key", 3, "data", 4, first) != CW_OK;
    for (int i = 0; i < 2000; i++)
        *bad += cw__hmac_sha256("key", 3, "data", 4, out) != CW_OK ||
                memcmp(out, first, sizeof out) != 0;
    return NULL;
}

static void from_many_threads(void)
{
    pthread_t thread[4];
    int bad[4] = {0};
    for (int i = 0; i < 4; i++)
        REQUIRE(pthread_create(&thread[i], NULL, sign_often, &bad[i]) == 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        CHECK_INT(bad[i], 0);
    }
}

int main(int argc, char **argv)
{
    TEST(from_many_threads); /* first, so that the look-up itself is raced for */
    TEST(sha256_vectors);
    TEST(sha256_of_a_million_in_pieces);
    TEST(sha256_reset_forgets);
    TEST(hmac_vectors);
    TEST(hmac_edges);
    TEST(md5_vectors);
    return test_end();
}
