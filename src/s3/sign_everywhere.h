/* sign_everywhere.h - the key of SigV4A, for what many regions answer to */
#ifndef CW_S3_SIGN_EVERYWHERE_H
#define CW_S3_SIGN_EVERYWHERE_H

#include "port/digest.h"

#define CW__SIGV4A "AWS4-ECDSA-P256-SHA256"

/** Derive the private key that stands for a secret: the same on both sides, on every day. */
cw_status cw__sign_everywhere_key(const char *access_key_id, const char *secret,
                                  unsigned char key[CW__P256_BYTES]);

#endif
