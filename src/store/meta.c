/* meta.c - make what cw_object_stat answers
 *
 * A box holds the public struct, the headers that its strings point into, and the metadata.
 */
#include "store/meta.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef struct box {
    cw_object_meta about; /* first */
    cw__text headers;
    char etag[136];
    char checksum[120];
    cw_pair metadata[];
} box;

static const char metadata_prefix[] = "x-amz-meta-";

static const struct named {
    const char *header;
    size_t offset;
} strings[] = {
    {"x-amz-version-id", offsetof(cw_object_meta, version_id)},
    {"content-type", offsetof(cw_object_meta, content_type)},
    {"content-encoding", offsetof(cw_object_meta, content_encoding)},
    {"content-disposition", offsetof(cw_object_meta, content_disposition)},
    {"content-language", offsetof(cw_object_meta, content_language)},
    {"cache-control", offsetof(cw_object_meta, cache_control)},
    {"x-amz-storage-class", offsetof(cw_object_meta, storage_class)},
    {"x-amz-checksum-type", offsetof(cw_object_meta, checksum_type)},
    {"x-amz-server-side-encryption", offsetof(cw_object_meta, sse)},
    {"x-amz-server-side-encryption-aws-kms-key-id", offsetof(cw_object_meta, sse_kms_key_id)},
    {"x-amz-server-side-encryption-customer-algorithm",
     offsetof(cw_object_meta, sse_customer_algorithm)},
    {"x-amz-restore", offsetof(cw_object_meta, restore)},
};

enum { STRINGS = sizeof strings / sizeof *strings };

static void set_string(box *b, size_t offset, const char *value)
{
    memcpy((char *)&b->about + offset, &value, sizeof value);
}

static box *make_box(size_t pairs, const char *etag)
{
    box *b = cw__alloc_zero(sizeof *b + pairs * sizeof(cw_pair));

    if (!b)
        return NULL;
    cw__copy_string(b->etag, sizeof b->etag, etag);
    b->about.etag = b->etag;
    b->about.checksum = b->checksum;
    b->about.metadata = b->metadata;
    for (size_t i = 0; i < STRINGS; i++)
        set_string(b, strings[i].offset, "");
    return b;
}

cw_object_meta *cw__meta_new(uint64_t bytes, int64_t modified_ms, const char *etag)
{
    box *b = make_box(0, etag);

    if (!b)
        return NULL;
    b->about.bytes = bytes;
    b->about.modified_ms = modified_ms;
    return &b->about;
}

/* ---- headers ---- */

/* The name at *at, and its value; *at moves on. false at the end. */
static bool next_header(const cw__text *t, size_t *at, const char **name, const char **value)
{
    if (*at >= t->n)
        return false;
    *name = t->p + *at;
    *value = *name + strlen(*name) + 1;
    *at = (size_t)(*value - t->p) + strlen(*value) + 1;
    return true;
}

static size_t count_metadata(const cw__text *t)
{
    const char *name, *value;
    size_t at = 0, n = 0;

    while (next_header(t, &at, &name, &value))
        n += cw__starts_with(name, metadata_prefix);
    return n;
}

/* The first checksum that is named; "…-type" and "…-algorithm" are none. */
static void take_checksum(box *b, const char *name, const char *value)
{
    static const char *const kinds[] = {"crc64nvme", "crc32c", "crc32", "sha256", "sha1"};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !b->checksum[0]; i++)
        if (strcmp(name, kinds[i]) == 0)
            snprintf(b->checksum, sizeof b->checksum, "%s:%s", name, value);
}

static void take_header(box *b, const char *name, const char *value)
{
    static const char checksum_prefix[] = "x-amz-checksum-";

    for (size_t i = 0; i < STRINGS; i++)
        if (strcmp(name, strings[i].header) == 0)
            set_string(b, strings[i].offset, value);
    if (cw__starts_with(name, metadata_prefix))
        b->metadata[b->about.metadata_count++] =
            (cw_pair){name + sizeof metadata_prefix - 1, value};
    else if (cw__starts_with(name, checksum_prefix))
        take_checksum(b, name + sizeof checksum_prefix - 1, value);
    else if (strcmp(name, "last-modified") == 0)
        cw__clock_parse_http(value, &b->about.modified_ms);
    else if (strcmp(name, "x-amz-tagging-count") == 0)
        cw__parse_u64(value, UINT32_MAX, &b->about.tags_count);
}

cw_object_meta *cw__meta_of_headers(cw__text *headers, uint64_t bytes, const char *etag)
{
    box *b = headers->failed ? NULL : make_box(count_metadata(headers), etag);
    const char *name, *value;
    size_t at = 0;

    if (!b)
        return NULL;
    b->headers = *headers;
    *headers = (cw__text){0};
    b->about.bytes = bytes;
    while (next_header(&b->headers, &at, &name, &value))
        take_header(b, name, value);
    return &b->about;
}

void cw_object_meta_free(cw_object_meta *m)
{
    box *b = (box *)m;

    if (!b)
        return;
    cw__text_free(&b->headers);
    cw__free(b);
}
