/* digest.h - SHA-256, HMAC-SHA-256, SHA-1, MD5 and signatures on P-256 (libcrypto)
 *
 * The algorithms are fetched once for the process; a running digest is reused with reset. All are
 * thread-safe, one object in one thread at a time.
 */
#ifndef CW_PORT_DIGEST_H
#define CW_PORT_DIGEST_H

#include <stddef.h>
#include <cloudwriter/status.h>

enum { CW__SHA256_BYTES = 32, CW__SHA1_BYTES = 20, CW__MD5_BYTES = 16 };

typedef struct cw__sha256 cw__sha256;

/** A running SHA-256, ready for update. NULL when out of memory. */
cw__sha256 *cw__sha256_new(void);
void cw__sha256_free(cw__sha256 *h);
/** Each answers CW_OK, or CW_E_NO_MEMORY when libcrypto could not. */
cw_status cw__sha256_reset(cw__sha256 *h);
cw_status cw__sha256_update(cw__sha256 *h, const void *p, size_t n);
cw_status cw__sha256_final(cw__sha256 *h, unsigned char out[CW__SHA256_BYTES]);

cw_status cw__sha256_of(const void *p, size_t n, unsigned char out[CW__SHA256_BYTES]);
cw_status cw__hmac_sha256(const void *key, size_t key_n, const void *p, size_t n,
                          unsigned char out[CW__SHA256_BYTES]);
/** For names of files that others chose. */
cw_status cw__sha1_of(const void *p, size_t n, unsigned char out[CW__SHA1_BYTES]);
/** CW_E_UNSUPPORTED where libcrypto has no MD5 (FIPS). */
cw_status cw__md5_of(const void *p, size_t n, unsigned char out[CW__MD5_BYTES]);

enum { CW__P256_BYTES = 32, CW__ECDSA_BYTES = 72 /* at most, in DER */ };

/**
 * Sign a SHA-256 digest on the curve P-256 with a private key, a number from 1 to below the curve's
 * order in big-endian bytes. Each signature is another.
 * @return CW_OK; CW_E_NO_MEMORY, also for a libcrypto without the curve
 */
cw_status cw__ecdsa_p256_sign(const unsigned char key[CW__P256_BYTES],
                              const unsigned char digest[CW__SHA256_BYTES],
                              unsigned char der[CW__ECDSA_BYTES], size_t *n);

#endif
