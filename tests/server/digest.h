/* digest.h - hashes, HMAC and the five S3 checksums, written apart from the library's own */
#ifndef TS_DIGEST_H
#define TS_DIGEST_H

#include <stddef.h>
#include <stdint.h>

void ts_md5(unsigned char out[16], const void *p, size_t n);
void ts_sha256(unsigned char out[32], const void *p, size_t n);
void ts_sha256_hex(char out[65], const void *p, size_t n);
void ts_hmac(unsigned char out[32], const void *key, size_t key_n, const void *p, size_t n);

typedef enum ts_alg {
    TS_ALG_NONE,
    TS_ALG_CRC64NVME,
    TS_ALG_CRC32C,
    TS_ALG_CRC32,
    TS_ALG_SHA256,
    TS_ALG_SHA1,
    TS_ALG_COUNT
} ts_alg;

typedef struct ts_alg_info {
    const char *name;   /* "CRC32C" */
    const char *lower;  /* "crc32c" */
    const char *header; /* "x-amz-checksum-crc32c" */
    const char *xml;    /* "ChecksumCRC32C" */
    size_t bytes;
} ts_alg_info;

extern const ts_alg_info ts_algs[TS_ALG_COUNT];

ts_alg ts_alg_by_name(const char *name);     /* any case; TS_ALG_NONE = unknown */
ts_alg ts_alg_by_header(const char *header); /* any case */

/* A running checksum over pieces. */
typedef struct ts_sum {
    ts_alg alg;
    uint64_t crc;
    void *md; /* EVP_MD_CTX of a hash */
} ts_sum;

void ts_sum_start(ts_sum *s, ts_alg alg);
void ts_sum_add(ts_sum *s, const void *p, size_t n);
/* Base64 of the value, to be freed. */
char *ts_sum_end(ts_sum *s);
char *ts_sum_of(ts_alg alg, const void *p, size_t n);

#endif
