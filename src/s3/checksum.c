/* checksum.c - the checksum that travels with a part, and that of the whole object */
#include "s3/checksum.h"

#include "base/crc.h"
#include "base/text.h"

#include <string.h>

const cw__checksum_kind *cw__checksum_kind_of(cw_checksum which)
{
    static const cw__checksum_kind crc64nvme = {
        "crc64nvme", "CRC64NVME", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", true};
    static const cw__checksum_kind crc32c = {"crc32c", "CRC32C", "x-amz-checksum-crc32c",
                                             "ChecksumCRC32C", false};
    static const cw__checksum_kind crc32 = {"crc32", "CRC32", "x-amz-checksum-crc32",
                                            "ChecksumCRC32", false};
    static const cw__checksum_kind sha256 = {"sha256", "SHA256", "x-amz-checksum-sha256",
                                             "ChecksumSHA256", false};

    switch (which) {
    case CW_CHECKSUM_CRC64NVME:
        return &crc64nvme;
    case CW_CHECKSUM_CRC32C:
        return &crc32c;
    case CW_CHECKSUM_CRC32:
        return &crc32;
    case CW_CHECKSUM_SHA256:
        return &sha256;
    default:
        return NULL;
    }
}

static size_t crc_bytes(cw_checksum which)
{
    return which == CW_CHECKSUM_CRC64NVME ? 8 : 4;
}

/* The text is base64 of the value, most significant byte first. */
static void set_crc(cw__checksum_value *value, cw_checksum which, uint64_t crc)
{
    unsigned char raw[8];
    size_t n = crc_bytes(which);

    value->crc = crc;
    for (size_t i = 0; i < n; i++)
        raw[i] = (unsigned char)(crc >> (8 * (n - 1 - i)));
    cw__base64(raw, n, value->text);
}

uint64_t cw__crc_add(cw_checksum which, uint64_t crc, const void *p, size_t n)
{
    switch (which) {
    case CW_CHECKSUM_CRC64NVME:
        return cw__crc64nvme(crc, p, n);
    case CW_CHECKSUM_CRC32C:
        return cw__crc32c((uint32_t)crc, p, n);
    case CW_CHECKSUM_CRC32:
        return cw__crc32((uint32_t)crc, p, n);
    default:
        return 0;
    }
}

uint64_t cw__crc_join(cw_checksum which, uint64_t a, uint64_t b, uint64_t b_bytes)
{
    switch (which) {
    case CW_CHECKSUM_CRC64NVME:
        return cw__crc64nvme_combine(a, b, b_bytes);
    case CW_CHECKSUM_CRC32C:
        return cw__crc32c_combine((uint32_t)a, (uint32_t)b, b_bytes);
    case CW_CHECKSUM_CRC32:
        return cw__crc32_combine((uint32_t)a, (uint32_t)b, b_bytes);
    default:
        return 0;
    }
}

static bool needs_sha(const cw__part_digest *d)
{
    return d->sign_payload || d->which == CW_CHECKSUM_SHA256;
}

void cw__part_digest_init(cw__part_digest *d, cw_checksum which, bool sign_payload)
{
    *d = (cw__part_digest){.which = which, .sign_payload = sign_payload};
}

void cw__part_digest_free(cw__part_digest *d)
{
    cw__sha256_free(d->sha);
    d->sha = NULL;
}

static cw_status ready_sha(cw__part_digest *d)
{
    if (!d->sha && needs_sha(d))
        d->sha = cw__sha256_new();
    return d->sha || !needs_sha(d) ? CW_OK : CW_E_NO_MEMORY;
}

cw_status cw__part_digest_update(cw__part_digest *d, const void *p, size_t n)
{
    d->crc = cw__crc_add(d->which, d->crc, p, n);
    if (!needs_sha(d))
        return CW_OK;
    return ready_sha(d) == CW_OK ? cw__sha256_update(d->sha, p, n) : CW_E_NO_MEMORY;
}

static cw_status finish_sha(cw__part_digest *d, cw__checksum_value *value, char *payload_hash)
{
    unsigned char raw[CW__SHA256_BYTES];
    cw_status st = ready_sha(d);

    if (st == CW_OK)
        st = cw__sha256_final(d->sha, raw);
    if (st == CW_OK)
        st = cw__sha256_reset(d->sha);
    if (st != CW_OK)
        return st;
    if (d->sign_payload)
        cw__hex(raw, sizeof raw, payload_hash);
    if (d->which == CW_CHECKSUM_SHA256)
        cw__base64(raw, sizeof raw, value->text);
    return CW_OK;
}

cw_status cw__part_digest_finish(cw__part_digest *d, cw__checksum_value *value, char *payload_hash)
{
    memset(value, 0, sizeof *value);
    payload_hash[0] = '\0';
    if (d->which != CW_CHECKSUM_NONE && d->which != CW_CHECKSUM_SHA256)
        set_crc(value, d->which, d->crc);
    d->crc = 0;
    return needs_sha(d) ? finish_sha(d, value, payload_hash) : CW_OK;
}

void cw__checksum_fold(cw_checksum which, cw__checksum_value *whole, const cw__checksum_value *part,
                       uint64_t bytes)
{
    if (which == CW_CHECKSUM_CRC64NVME)
        set_crc(whole, which, cw__crc64nvme_combine(whole->crc, part->crc, bytes));
}
