/* raw.c - the bytes of an object as they are stored, wherever it lies */
#include "stream/raw.h"

#include "base/error.h"
#include "base/etag.h"
#include "base/memory.h"
#include "base/objects.h"
#include "store/file_error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 256 * 1024,
    DEFAULT_CONNECTIONS = 8,
    MOST_CONNECTIONS = 256,
    DEFAULT_RANGE = 8 * 1024 * 1024,
    LEAST_RANGE = CW__SLAB_BYTES
};

/* ---- the checksum of the whole ---- */

static const struct kind {
    const char *name;
    cw_checksum sum;
} kinds[] = {
    {"crc64nvme:", CW_CHECKSUM_CRC64NVME},
    {"crc32c:", CW_CHECKSUM_CRC32C},
    {"crc32:", CW_CHECKSUM_CRC32},
};

static void expect_checksum(cw__raw *r, const cw_reader_options *o)
{
    if (o->verification == CW_VERIFICATION_NONE || !r->object.checksum[0])
        return;
    r->verified = CW_VERIFIED_COMPOSITE;
    for (size_t i = 0; r->object.checksum_is_whole && i < sizeof kinds / sizeof *kinds; i++)
        if (cw__starts_with(r->object.checksum, kinds[i].name)) {
            r->told = r->sum.which = kinds[i].sum;
            r->verified = CW_VERIFIED_NOT_YET;
        }
}

static void add_to_checksum(cw__raw *r, const void *p, size_t n)
{
    r->sum.crc = cw__crc_add(r->sum.which, r->sum.crc, p, n);
}

static cw_status compare_checksum(cw__raw *r, cw_error *err)
{
    size_t bytes = r->told == CW_CHECKSUM_CRC64NVME ? 8 : 4;
    const char *told = strchr(r->object.checksum, ':') + 1;
    unsigned char raw[8];
    char text[16];

    for (size_t i = 0; i < bytes; i++)
        raw[i] = (unsigned char)(r->sum.crc >> (8 * (bytes - 1 - i)));
    cw__base64(raw, bytes, text);
    r->verified = strcmp(text, told) == 0 ? CW_VERIFIED_GOOD : CW_VERIFIED_BAD;
    if (r->verified == CW_VERIFIED_GOOD)
        return CW_OK;
    return cw__fail(err, CW_E_INTEGRITY,
                    "what arrived of s3://%s/%s has the checksum %s, the service tells %s: do not "
                    "use it, read it again",
                    r->where.bucket, r->where.path, text, told);
}

/* `n` bytes at the position have been read, and are in the checksum. */
static cw_status advance(cw__raw *r, size_t n, cw_error *err)
{
    r->position += n;
    r->in_a_row = true;
    if (r->position < r->bytes || n == 0 || r->sum.which == CW_CHECKSUM_DEFAULT)
        return CW_OK;
    return compare_checksum(r, err);
}

/* ---- opening ---- */

static cw_status check_options(const cw_reader_options *o, cw_error *err)
{
    if (o->range_bytes && o->range_bytes < LEAST_RANGE)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "range_bytes is %" PRIu64 ": at least %d",
                        o->range_bytes, LEAST_RANGE);
    if (o->memory_bytes && o->memory_bytes < 2 * CW__SLAB_BYTES)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "memory_bytes is %" PRIu64 ": at least %d",
                        o->memory_bytes, 2 * CW__SLAB_BYTES);
    if (o->connections > MOST_CONNECTIONS)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "connections is %u: at most %d", o->connections,
                        MOST_CONNECTIONS);
    if ((unsigned)o->verification > CW_VERIFICATION_NONE)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "verification is %d, which is none",
                        (int)o->verification);
    return CW_OK;
}

static cw_status look(cw__raw *r, const cw_reader_options *o, cw_error *err)
{
    char etag[CW__ETAG];
    const char *wanted = o->if_match ? cw__etag_bare(o->if_match, etag) : NULL;

    return cw__pinned_look(&r->object, wanted, o->verification == CW_VERIFICATION_AUTO, err);
}

static cw_status list_metadata(cw__raw *r, cw_error *err)
{
    const char *at = r->object.metadata.p;

    if (r->object.metadata_count == 0)
        return CW_OK;
    r->metadata = cw__alloc(r->object.metadata_count * sizeof *r->metadata);
    if (!r->metadata)
        return cw__fail_memory(err, "listing metadata");
    for (size_t i = 0; i < r->object.metadata_count; i++) {
        r->metadata[i].name = at;
        at += strlen(at) + 1;
        r->metadata[i].value = at;
        at += strlen(at) + 1;
    }
    return CW_OK;
}

static cw_status plan_ahead(cw__raw *r, const cw_reader_options *o, cw_error *err)
{
    cw__ahead_limits limits = {
        .memory_bytes = o->memory_bytes,
        .connections = o->connections ? o->connections : DEFAULT_CONNECTIONS,
        .range_bytes = o->range_bytes ? o->range_bytes : DEFAULT_RANGE,
    };

    return o->no_read_ahead ? CW_OK : cw__ahead_new(&r->ahead, &r->object, &limits, &r->sum, err);
}

static cw_status open_s3(cw__raw *r, cw_client *c, const cw_reader_options *o, cw_error *err)
{
    cw_status st;

    if (!r->where.path[0])
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "s3://%s names a bucket: add the key",
                        r->where.bucket);
    if (o->version_id && strlen(o->version_id) >= sizeof r->object.wanted_version)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "the version_id is too long");
    st = cw__client_take(&r->client, c, err);
    if (st != CW_OK)
        return st;
    r->object.client = r->client;
    r->object.bucket = r->where.bucket;
    r->object.key = r->where.path;
    if (o->version_id)
        cw__copy_string(r->object.wanted_version, sizeof r->object.wanted_version, o->version_id);
    if (o->sse_customer_key)
        st = cw__pinned_set_key(&r->object, o->sse_customer_key, err);
    if (st == CW_OK)
        st = look(r, o, err);
    if (st == CW_OK)
        st = list_metadata(r, err);
    if (st == CW_OK)
        st = plan_ahead(r, o, err);
    r->bytes = r->object.bytes;
    r->modified_ms = r->object.modified_ms;
    expect_checksum(r, o);
    return st;
}

static cw_status open_file(cw__raw *r, cw_error *err)
{
    struct stat about;

    r->fd = open(r->where.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (r->fd < 0 || fstat(r->fd, &about) != 0)
        return cw__path_failed(err, errno, "open", r->where.path);
    if (S_ISDIR(about.st_mode))
        return cw__fail(err, CW_E_NOT_FOUND, "'%s' is a folder, and no object", r->where.path);
    if (!S_ISREG(about.st_mode))
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is not a regular file: it has no size",
                        r->where.path);
    r->bytes = (uint64_t)about.st_size;
    r->modified_ms = cw__modified_ms(&about);
    return CW_OK;
}

static cw_status open_memory(cw__raw *r, cw_error *err)
{
    if (!cw__objects_look(r->where.path, &r->bytes, r->object.etag, &r->modified_ms))
        return cw__fail(err, CW_E_NOT_FOUND, "there is no mem://%s", r->where.path);
    return CW_OK;
}

cw_status cw__raw_open(cw__raw *r, cw_client *c, const char *url, const cw_reader_options *o,
                       cw_error *err)
{
    cw_status st;

    memset(r, 0, sizeof *r);
    r->fd = -1;
    r->in_a_row = true;
    st = check_options(o, err);
    if (st == CW_OK)
        st = cw__url_parse(&r->where, url, err);
    if (st != CW_OK) {
        memset(&r->where, 0, sizeof r->where);
        return st;
    }
    if (r->where.scheme == CW__SCHEME_S3)
        return open_s3(r, c, o, err);
    if (o->version_id || o->if_match || o->sse_customer_key)
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "version_id, if_match and sse_customer_key are for s3:// only");
    return r->where.scheme == CW__SCHEME_FILE ? open_file(r, err) : open_memory(r, err);
}

void cw__raw_count(const cw__raw *r, uint64_t *requests, uint64_t *retries)
{
    *requests = *retries = 0;
    if (r->ahead && cw__client_check(r->client, NULL) == CW_OK)
        cw__ahead_count(r->ahead, requests, retries);
    *requests += r->object.requests;
    *retries += r->object.retries;
}

void cw__raw_close(cw__raw *r)
{
    if (r->client && cw__client_check(r->client, NULL) == CW_OK)
        cw__ahead_free(r->ahead);
    else
        cw__ahead_abandon(r->ahead);
    if (r->fd >= 0)
        close(r->fd);
    cw__pinned_free(&r->object);
    cw_client_release(r->client);
    cw__url_free(&r->where);
    cw__free(r->metadata);
    cw__free(r->buffer);
}

/* ---- reading anywhere ---- */

static cw_status read_s3(cw__raw *r, uint64_t offset, void *p, size_t n, cw_error *err)
{
    cw_status st = cw__client_check(r->client, err);

    return st == CW_OK ? cw__pinned_read(&r->object, offset, p, n, err) : st;
}

static cw_status read_file(cw__raw *r, uint64_t offset, char *p, size_t n, cw_error *err)
{
    while (n > 0) {
        ssize_t got = pread(r->fd, p, n, (off_t)offset);
        if (got == 0)
            return cw__fail(err, CW_E_PRECONDITION, "'%s' became shorter while it was read",
                            r->where.path);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cw__path_failed(err, errno, "read", r->where.path);
        offset += (uint64_t)got;
        p += got;
        n -= (size_t)got;
    }
    return CW_OK;
}

static cw_status read_memory(const cw__raw *r, uint64_t offset, void *p, size_t n, cw_error *err)
{
    if (!cw__objects_read(r->where.path, r->object.etag, offset, p, n))
        return cw__fail(err, CW_E_PRECONDITION, "mem://%s was replaced while it was read",
                        r->where.path);
    return CW_OK;
}

cw_status cw__raw_pread(cw__raw *r, uint64_t offset, void *p, size_t n, cw_error *err)
{
    if (r->client)
        return read_s3(r, offset, p, n, err);
    return r->fd >= 0 ? read_file(r, offset, p, n, err) : read_memory(r, offset, p, n, err);
}

/* ---- reading in order ---- */

static uint64_t left(const cw__raw *r)
{
    return r->bytes - r->position;
}

static cw_status fill_buffer(cw__raw *r, size_t want, cw_error *err)
{
    size_t n = want < BUFFER_BYTES ? want : BUFFER_BYTES;
    cw_status st;

    if (n > left(r))
        n = (size_t)left(r);
    if (!r->buffer && !(r->buffer = cw__alloc(BUFFER_BYTES)))
        return cw__fail_memory(err, "reading");
    st = cw__raw_pread(r, r->position, r->buffer, n, err);
    r->shown = 0;
    r->buffered = st == CW_OK ? n : 0;
    return st;
}

static cw_status peek_buffer(cw__raw *r, size_t want, const void **p, size_t *n, cw_error *err)
{
    cw_status st = r->shown < r->buffered ? CW_OK : fill_buffer(r, want, err);

    if (st != CW_OK)
        return st;
    *p = r->buffer + r->shown;
    *n = r->buffered - r->shown;
    return CW_OK;
}

/* Is what comes next fetched ahead? Not right after a seek. */
static bool goes_ahead(const cw__raw *r)
{
    return r->ahead && r->in_a_row && r->shown == r->buffered;
}

static cw_status peek_ahead(cw__raw *r, size_t want, const void **p, size_t *n, cw_error *err)
{
    cw_status st = cw__client_check(r->client, err);

    return st == CW_OK ? cw__ahead_peek(r->ahead, r->position, want, p, n, err) : st;
}

cw_status cw__raw_peek(cw__raw *r, size_t want, const void **p, size_t *n, cw_error *err)
{
    cw_status st;

    *p = "";
    *n = 0;
    if (left(r) == 0)
        return CW_OK;
    if (goes_ahead(r)) {
        st = peek_ahead(r, want, p, n, err);
        if (st != CW_E_BUDGET)
            return st;
        cw__error_clear(err);
    }
    return peek_buffer(r, want, p, n, err);
}

cw_status cw__raw_skip(cw__raw *r, const void *p, size_t n, cw_error *err)
{
    bool buffered = r->shown < r->buffered;

    if (n == 0)
        return CW_OK;
    if (buffered || !r->ahead)
        add_to_checksum(r, p, n);
    else
        cw__ahead_skip(r->ahead, n);
    if (buffered)
        r->shown += n;
    return advance(r, n, err);
}

cw_status cw__raw_resume(cw__raw *r, const void *p, size_t n, cw_error *err)
{
    r->shown = r->buffered = 0;
    add_to_checksum(r, p, n);
    return advance(r, n, err);
}

/* Right into the caller's memory. */
static cw_status read_directly(cw__raw *r, char *p, size_t n, size_t *got, cw_error *err)
{
    size_t most = n < left(r) ? n : (size_t)left(r);
    cw_status st = cw__raw_pread(r, r->position, p, most, err);

    if (st != CW_OK)
        return st;
    *got = most;
    add_to_checksum(r, p, most);
    return advance(r, most, err);
}

static cw_status read_once(cw__raw *r, char *p, size_t n, size_t *got, cw_error *err)
{
    bool nothing_shown = r->shown == r->buffered;
    const void *from = NULL;
    size_t there = 0;
    cw_status st;

    if (goes_ahead(r)) {
        st = peek_ahead(r, n, &from, &there, err);
        if (st == CW_E_BUDGET) {
            cw__error_clear(err);
            return read_directly(r, p, n, got, err);
        }
    } else if (nothing_shown && (r->client || n >= BUFFER_BYTES)) {
        return read_directly(r, p, n, got, err);
    } else {
        st = cw__raw_peek(r, r->client ? n : BUFFER_BYTES, &from, &there, err);
    }
    if (st != CW_OK)
        return st;
    *got = there < n ? there : n;
    memcpy(p, from, *got);
    return cw__raw_skip(r, p, *got, err);
}

cw_status cw__raw_read(cw__raw *r, void *p, size_t n, size_t *got, cw_error *err)
{
    cw_status st = CW_OK;
    size_t k;

    *got = 0;
    while (st == CW_OK && *got < n && left(r) > 0) {
        k = 0;
        st = read_once(r, (char *)p + *got, n - *got, &k, err);
        *got += k;
    }
    return st;
}

void cw__raw_seek(cw__raw *r, uint64_t offset)
{
    if (offset == r->position)
        return;
    if (offset > r->position && offset - r->position <= r->buffered - r->shown)
        r->shown += (size_t)(offset - r->position);
    else
        r->shown = r->buffered = 0;
    r->in_a_row =
        r->ahead && cw__client_check(r->client, NULL) == CW_OK && cw__ahead_move(r->ahead, offset);
    r->position = offset;
    r->sum = (cw__ahead_sum){.which = offset == 0 ? r->told : CW_CHECKSUM_DEFAULT};
    if (offset == 0 && r->verified >= CW_VERIFIED_NOT_YET)
        r->verified = CW_VERIFIED_NOT_YET;
}
