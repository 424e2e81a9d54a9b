/* digest.c - SHA-256, HMAC-SHA-256, SHA-1 and MD5 through libcrypto's EVP interface
 *
 * The algorithms are looked up once (in OpenSSL 3 a lookup costs more than a small digest) and kept
 * until the process ends. HMAC is done here, on one SHA-256 context that is used four times:
 * libcrypto's own needs several times as long to set up as a short message takes to hash.
 *
 * MD5 may be switched off (FIPS); that is no error until somebody asks for it. What libcrypto
 * leaves in the thread's error queue is taken out again: the queue belongs to the program.
 */
#include "port/digest.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>

enum { HMAC_BLOCK = 64 }; /* RFC 2104: the block of SHA-256 */

struct cw__sha256 {
    EVP_MD_CTX *ctx;
};

static pthread_once_t algorithms_once = PTHREAD_ONCE_INIT;
static const EVP_MD *sha256, *md5;

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static const EVP_MD *look_up(const char *name, const EVP_MD *otherwise)
{
    const EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
    return md ? md : otherwise;
}
#else
static const EVP_MD *look_up(const char *name, const EVP_MD *otherwise)
{
    (void)name;
    return otherwise;
}
#endif

static void look_up_algorithms(void)
{
    ERR_set_mark();
    sha256 = look_up("SHA256", EVP_sha256());
    md5 = look_up("MD5", EVP_md5());
    ERR_pop_to_mark();
}

static bool start(EVP_MD_CTX *ctx, const EVP_MD *md)
{
    ERR_set_mark();
    bool ok = EVP_DigestInit_ex(ctx, md, NULL) == 1;
    ERR_pop_to_mark();
    return ok;
}

static bool finish(EVP_MD_CTX *ctx, unsigned char *out)
{
    return EVP_DigestFinal_ex(ctx, out, NULL) == 1;
}

static bool sha256_once(EVP_MD_CTX *ctx, const void *p, size_t n, unsigned char *out)
{
    return start(ctx, sha256) && EVP_DigestUpdate(ctx, p, n) == 1 && finish(ctx, out);
}

/** One of HMAC's two passes: the padded key, then `n` bytes. */
static bool keyed_pass(EVP_MD_CTX *ctx, const unsigned char key[HMAC_BLOCK], unsigned char pad,
                       const void *p, size_t n, unsigned char *out)
{
    unsigned char block[HMAC_BLOCK];
    for (size_t i = 0; i < HMAC_BLOCK; i++)
        block[i] = (unsigned char)(key[i] ^ pad);
    bool ok = start(ctx, sha256) && EVP_DigestUpdate(ctx, block, sizeof block) == 1 &&
              EVP_DigestUpdate(ctx, p, n) == 1 && finish(ctx, out);
    cw__wipe(block, sizeof block);
    return ok;
}

static bool hmac(EVP_MD_CTX *ctx, const void *key, size_t key_n, const void *p, size_t n,
                 unsigned char *out)
{
    unsigned char block[HMAC_BLOCK] = {0};
    unsigned char inner[CW__SHA256_BYTES];
    bool ok = true;

    if (key_n > HMAC_BLOCK)
        ok = sha256_once(ctx, key, key_n, block);
    else if (key_n > 0)
        memcpy(block, key, key_n);
    ok = ok && keyed_pass(ctx, block, 0x36, p, n, inner) &&
         keyed_pass(ctx, block, 0x5c, inner, sizeof inner, out);
    cw__wipe(block, sizeof block);
    cw__wipe(inner, sizeof inner);
    return ok;
}

/** A context of libcrypto's, with the algorithms known. NULL when out of memory. */
static EVP_MD_CTX *new_context(void)
{
    pthread_once(&algorithms_once, look_up_algorithms);
    return EVP_MD_CTX_new();
}

cw__sha256 *cw__sha256_new(void)
{
    cw__sha256 *h = cw__alloc_zero(sizeof *h);
    if (!h)
        return NULL;
    h->ctx = new_context();
    if (!h->ctx || cw__sha256_reset(h) != CW_OK) {
        cw__sha256_free(h);
        return NULL;
    }
    return h;
}

void cw__sha256_free(cw__sha256 *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->ctx);
    cw__free(h);
}

cw_status cw__sha256_reset(cw__sha256 *h)
{
    return start(h->ctx, sha256) ? CW_OK : CW_E_NO_MEMORY;
}

cw_status cw__sha256_update(cw__sha256 *h, const void *p, size_t n)
{
    return EVP_DigestUpdate(h->ctx, p, n) == 1 ? CW_OK : CW_E_NO_MEMORY;
}

cw_status cw__sha256_final(cw__sha256 *h, unsigned char out[CW__SHA256_BYTES])
{
    return finish(h->ctx, out) ? CW_OK : CW_E_NO_MEMORY;
}

cw_status cw__sha256_of(const void *p, size_t n, unsigned char out[CW__SHA256_BYTES])
{
    EVP_MD_CTX *ctx = new_context();
    bool ok = ctx && sha256_once(ctx, p, n, out);
    EVP_MD_CTX_free(ctx);
    return ok ? CW_OK : CW_E_NO_MEMORY;
}

cw_status cw__hmac_sha256(const void *key, size_t key_n, const void *p, size_t n,
                          unsigned char out[CW__SHA256_BYTES])
{
    EVP_MD_CTX *ctx = new_context();
    bool ok = ctx && hmac(ctx, key, key_n, p, n, out);
    EVP_MD_CTX_free(ctx);
    return ok ? CW_OK : CW_E_NO_MEMORY;
}

cw_status cw__sha1_of(const void *p, size_t n, unsigned char out[CW__SHA1_BYTES])
{
    EVP_MD_CTX *ctx = new_context();
    bool ok = ctx && start(ctx, EVP_sha1()) && EVP_DigestUpdate(ctx, p, n) == 1 && finish(ctx, out);
    EVP_MD_CTX_free(ctx);
    return ok ? CW_OK : CW_E_NO_MEMORY;
}

cw_status cw__md5_of(const void *p, size_t n, unsigned char out[CW__MD5_BYTES])
{
    EVP_MD_CTX *ctx = new_context();
    if (!ctx)
        return CW_E_NO_MEMORY;
    cw_status status = CW_E_UNSUPPORTED;
    if (start(ctx, md5))
        status = EVP_DigestUpdate(ctx, p, n) == 1 && finish(ctx, out) ? CW_OK : CW_E_NO_MEMORY;
    EVP_MD_CTX_free(ctx);
    return status;
}
