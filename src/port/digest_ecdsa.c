/* digest_ecdsa.c - signatures on the curve P-256, through libcrypto (declared in digest.h)
 *
 * A key is given to libcrypto in the encoding of RFC 5915, which every version of it reads.
 */
#include "port/digest.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"

#include <openssl/err.h>
#include <openssl/evp.h>

/* SEQUENCE { INTEGER 1, OCTET STRING key, [0] { OID prime256v1 } } */
static const unsigned char before[] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, CW__P256_BYTES};
static const unsigned char behind[] = {0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86,
                                       0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};

static EVP_PKEY *load(const unsigned char key[CW__P256_BYTES])
{
    unsigned char der[sizeof before + CW__P256_BYTES + sizeof behind];
    const unsigned char *at = der;
    memcpy(der, before, sizeof before);
    memcpy(der + sizeof before, key, CW__P256_BYTES);
    memcpy(der + sizeof before + CW__P256_BYTES, behind, sizeof behind);
    EVP_PKEY *loaded = d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, sizeof der);
    cw__wipe(der, sizeof der);
    return loaded;
}

cw_status cw__ecdsa_p256_sign(const unsigned char key[CW__P256_BYTES],
                              const unsigned char digest[CW__SHA256_BYTES],
                              unsigned char der[CW__ECDSA_BYTES], size_t *n)
{
    ERR_set_mark();
    EVP_PKEY *loaded = load(key);
    EVP_PKEY_CTX *ctx = loaded ? EVP_PKEY_CTX_new(loaded, NULL) : NULL;
    *n = CW__ECDSA_BYTES;
    bool ok = ctx && EVP_PKEY_sign_init(ctx) == 1 &&
              EVP_PKEY_sign(ctx, der, n, digest, CW__SHA256_BYTES) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(loaded);
    ERR_pop_to_mark();
    return ok ? CW_OK : CW_E_NO_MEMORY;
}
