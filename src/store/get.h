/* get.h - look at an object in a bucket, and fetch ranges of the version that was seen */
#ifndef CW_STORE_GET_H
#define CW_STORE_GET_H

#include "s3/exchange.h"

/** An object that is read: its name, what each request for it carries, and what was seen of it. */
typedef struct cw__pinned {
    /* set by the owner; borrowed */
    cw_client *client;
    const char *bucket, *key;
    char wanted_version[136];          /* "": the current one */
    char sse_key[48], sse_key_md5[28]; /* base64, of an object with SSE-C; else "" */

    /* seen by cw__pinned_look */
    uint64_t bytes;
    int64_t modified_ms;
    char etag[136]; /* without quotes; "" if the service gives none */
    char version_id[136];
    char checksum[96];      /* "crc64nvme:BASE64", or "" */
    bool checksum_is_whole; /* FULL_OBJECT */
    char content_type[256];
    char content_encoding[64];
    cw__text metadata; /* "name\0value\0" … */
    size_t metadata_count;

    uint64_t requests, retries; /* of the calls that block */
} cw__pinned;

/** Give it the key of SSE-C, 32 bytes. */
cw_status cw__pinned_set_key(cw__pinned *o, const unsigned char *key, cw_error *err);

/** One HEAD. `if_match`: NULL, or the ETag it must have; `checksum`: ask for that, too. */
cw_status cw__pinned_look(cw__pinned *o, const char *if_match, bool checksum, cw_error *err);
void cw__pinned_free(cw__pinned *o);

/** Prepare a GET of `bytes` from `from`; put and user of `in` are the owner's. */
void cw__pinned_get(const cw__pinned *o, cw__loop *loop, cw__exchange *x, cw__intake *in,
                    uint64_t from, uint64_t bytes);

/** Exactly `n` bytes, at least one, from `offset`, by one request. Blocks. */
cw_status cw__pinned_read(cw__pinned *o, uint64_t offset, void *p, size_t n, cw_error *err);

#endif
