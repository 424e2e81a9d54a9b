/* sign_everywhere.c - the key of SigV4A, for what many regions answer to
 *
 * The KDF in counter mode of NIST SP 800-108 with HMAC-SHA256 makes numbers of 256 bits from the
 * secret; the first that is below the curve's order less one, plus one, is the private key.
 *
 *     HMAC("AWS4A" secret, 00000001 | "AWS4-ECDSA-P256-SHA256" | 00 | access key id | counter |
 *                          00000100)
 */
#include "s3/sign_everywhere.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum { MOST_TRIES = 254 };

/* The order of P-256, less two. */
static const unsigned char most[CW__P256_BYTES] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x4F};

static cw_status candidate(const cw__text *secret, const char *access_key_id, int counter,
                           unsigned char key[CW__P256_BYTES])
{
    cw__text input = {0};
    cw__text_add_n(&input, "\0\0\0\1" CW__SIGV4A, 4 + sizeof CW__SIGV4A);
    cw__text_add(&input, access_key_id);
    cw__text_add_char(&input, (char)counter);
    cw__text_add_n(&input, "\0\0\1\0", 4);
    cw_status status = input.failed || secret->failed
                           ? CW_E_NO_MEMORY
                           : cw__hmac_sha256(secret->p, secret->n, input.p, input.n, key);
    cw__text_free(&input);
    return status;
}

static void add_one(unsigned char key[CW__P256_BYTES])
{
    for (size_t i = CW__P256_BYTES; i > 0 && ++key[i - 1] == 0; i--)
        continue;
}

cw_status cw__sign_everywhere_key(const char *access_key_id, const char *secret,
                                  unsigned char key[CW__P256_BYTES])
{
    cw__text with = {.secret = true};
    cw_status status = CW_OK;
    bool found = false;
    cw__text_add(&with, "AWS4A");
    cw__text_add(&with, secret);
    for (int i = 1; status == CW_OK && !found && i <= MOST_TRIES; i++) {
        status = candidate(&with, access_key_id, i, key);
        found = memcmp(key, most, CW__P256_BYTES) <= 0;
    }
    add_one(key);
    cw__text_free(&with);
    return status;
}
