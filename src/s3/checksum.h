/* checksum.h - the checksum that travels with a part, and that of the whole object */
#ifndef CW_S3_CHECKSUM_H
#define CW_S3_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "port/digest.h"
#include <cloudwriter/client.h>

enum { CW__CHECKSUM_TEXT = 48 }; /* base64 of 32 bytes, with the NUL and to spare */

/** How a kind of checksum is called in headers and documents. */
typedef struct cw__checksum_kind {
    const char *name;      /* "crc32c" */
    const char *algorithm; /* "CRC32C", of x-amz-checksum-algorithm */
    const char *header;    /* "x-amz-checksum-crc32c" */
    const char *element;   /* "ChecksumCRC32C" */
    bool full_object;      /* of the whole object; else of the parts' checksums */
} cw__checksum_kind;

/** NULL for CW_CHECKSUM_NONE. */
const cw__checksum_kind *cw__checksum_kind_of(cw_checksum which);

/** A finished value; text is "" when there is none. */
typedef struct cw__checksum_value {
    uint64_t crc; /* for folding; not of SHA-256 */
    char text[CW__CHECKSUM_TEXT];
} cw__checksum_value;

/** The CRC so far, with `n` bytes more; that of A followed by B. 0 for what is none. */
uint64_t cw__crc_add(cw_checksum which, uint64_t crc, const void *p, size_t n);
uint64_t cw__crc_join(cw_checksum which, uint64_t a, uint64_t b, uint64_t b_bytes);

/**
 * Running digests of one part: its checksum, and the SHA-256 that a signed payload needs. They are
 * one and the same when the checksum is SHA-256.
 */
typedef struct cw__part_digest {
    cw_checksum which; /* never DEFAULT */
    bool sign_payload;
    uint64_t crc;
    cw__sha256 *sha; /* only if needed; made at the first update */
} cw__part_digest;

void cw__part_digest_init(cw__part_digest *d, cw_checksum which, bool sign_payload);
void cw__part_digest_free(cw__part_digest *d);
cw_status cw__part_digest_update(cw__part_digest *d, const void *p, size_t n);

/** Finish, and start anew. `payload_hash` has 65 bytes; it is "" when payloads are not signed. */
cw_status cw__part_digest_finish(cw__part_digest *d, cw__checksum_value *value, char *payload_hash);

/** Fold a part of `bytes` into the value of what came before it (zero at the start). */
void cw__checksum_fold(cw_checksum which, cw__checksum_value *whole, const cw__checksum_value *part,
                       uint64_t bytes);

#endif
