/* digest.c - hashes, HMAC and the five S3 checksums, written apart from the library's own
 *
 * The three CRCs are reflected, start from all ones and end inverted, so one table-driven engine of
 * 64 bits serves them all: a 32-bit CRC lives in the low half.
 */
#include "digest.h"

#include "bytes.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <endian.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const ts_alg_info ts_algs[TS_ALG_COUNT] = {
    [TS_ALG_NONE] = {"", "", "", "", 0},
    [TS_ALG_CRC64NVME] = {"CRC64NVME", "crc64nvme", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME",
                          8},
    [TS_ALG_CRC32C] = {"CRC32C", "crc32c", "x-amz-checksum-crc32c", "ChecksumCRC32C", 4},
    [TS_ALG_CRC32] = {"CRC32", "crc32", "x-amz-checksum-crc32", "ChecksumCRC32", 4},
    [TS_ALG_SHA256] = {"SHA256", "sha256", "x-amz-checksum-sha256", "ChecksumSHA256", 32},
    [TS_ALG_SHA1] = {"SHA1", "sha1", "x-amz-checksum-sha1", "ChecksumSHA1", 20},
};

static uint64_t tables[TS_ALG_CRC32 + 1][8][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void fill(uint64_t t[8][256], uint64_t reflected_polynomial)
{
    for (unsigned i = 0; i < 256; i++) {
        uint64_t v = i;

        for (int bit = 0; bit < 8; bit++)
            v = v & 1 ? v >> 1 ^ reflected_polynomial : v >> 1;
        t[0][i] = v;
    }
    for (int k = 1; k < 8; k++)
        for (unsigned i = 0; i < 256; i++)
            t[k][i] = t[k - 1][i] >> 8 ^ t[0][t[k - 1][i] & 255];
}

static void make_tables(void)
{
    fill(tables[TS_ALG_CRC64NVME], 0x9a6c9329ac4bc9b5u);
    fill(tables[TS_ALG_CRC32C], 0x82f63b78u);
    fill(tables[TS_ALG_CRC32], 0xedb88320u);
}

static uint64_t crc_add(uint64_t t[8][256], uint64_t crc, const unsigned char *p, size_t n)
{
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t x;

        memcpy(&x, p, 8);
        x = le64toh(x) ^ crc;
        crc = t[7][x & 255] ^ t[6][x >> 8 & 255] ^ t[5][x >> 16 & 255] ^ t[4][x >> 24 & 255] ^
              t[3][x >> 32 & 255] ^ t[2][x >> 40 & 255] ^ t[1][x >> 48 & 255] ^ t[0][x >> 56];
    }
    for (; n; p++, n--)
        crc = t[0][(crc ^ *p) & 255] ^ crc >> 8;
    return crc;
}

static void digest(const EVP_MD *md, unsigned char *out, const void *p, size_t n)
{
    if (EVP_Digest(p, n, out, NULL, md, NULL) != 1)
        abort();
}

void ts_md5(unsigned char out[16], const void *p, size_t n)
{
    digest(EVP_md5(), out, p, n);
}

void ts_sha256(unsigned char out[32], const void *p, size_t n)
{
    digest(EVP_sha256(), out, p, n);
}

void ts_sha256_hex(char out[65], const void *p, size_t n)
{
    unsigned char raw[32];

    ts_sha256(raw, p, n);
    ts_hex(out, raw, sizeof raw);
}

void ts_hmac(unsigned char out[32], const void *key, size_t key_n, const void *p, size_t n)
{
    unsigned out_n = 32;

    if (!HMAC(EVP_sha256(), key, (int)key_n, p, n, out, &out_n))
        abort();
}

ts_alg ts_alg_by_name(const char *name)
{
    for (ts_alg a = TS_ALG_CRC64NVME; a < TS_ALG_COUNT; a++)
        if (!strcasecmp(name, ts_algs[a].name))
            return a;
    return TS_ALG_NONE;
}

ts_alg ts_alg_by_header(const char *header)
{
    for (ts_alg a = TS_ALG_CRC64NVME; a < TS_ALG_COUNT; a++)
        if (!strcasecmp(header, ts_algs[a].header))
            return a;
    return TS_ALG_NONE;
}

void ts_sum_start(ts_sum *s, ts_alg alg)
{
    s->alg = alg;
    s->crc = alg == TS_ALG_CRC64NVME ? ~(uint64_t)0 : 0xffffffffu;
    s->md = NULL;
    pthread_once(&tables_once, make_tables);
    if (alg > TS_ALG_CRC32) {
        s->md = EVP_MD_CTX_new();
        if (!s->md ||
            EVP_DigestInit_ex(s->md, alg == TS_ALG_SHA256 ? EVP_sha256() : EVP_sha1(), NULL) != 1)
            abort();
    }
}

void ts_sum_add(ts_sum *s, const void *p, size_t n)
{
    if (s->md)
        EVP_DigestUpdate(s->md, p, n);
    else
        s->crc = crc_add(tables[s->alg], s->crc, p, n);
}

char *ts_sum_end(ts_sum *s)
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    size_t n = ts_algs[s->alg].bytes;

    if (s->md) {
        EVP_DigestFinal_ex(s->md, raw, NULL);
        EVP_MD_CTX_free(s->md);
        s->md = NULL;
    } else {
        for (size_t i = 0; i < n; i++)
            raw[i] = (unsigned char)(~s->crc >> 8 * (n - 1 - i));
    }
    return ts_base64(raw, n);
}

char *ts_sum_of(ts_alg alg, const void *p, size_t n)
{
    ts_sum s;

    ts_sum_start(&s, alg);
    ts_sum_add(&s, p, n);
    return ts_sum_end(&s);
}
