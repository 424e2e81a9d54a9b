/* reader.c - bytes of an object that is there, wherever it lies
 *
 * A reader is one of three: an S3 object pinned by its ETag, an open file, or an object in memory.
 */
#include <cloudwriter/object.h>
#include <cloudwriter/reader.h>

#include "base/error.h"
#include "base/memory.h"
#include "s3/client.h"
#include "store/get.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct cw_reader {
    cw__url where;
    cw_client *client;    /* S3 */
    cw__object_look seen; /* S3 */
    int fd;               /* file; else -1 */
    uint64_t bytes;
};

/* ---- opening ---- */

static cw_status open_s3(cw_reader *r, cw_client *c, cw_error *err)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_status st = CW_OK;

    if (!r->where.path[0])
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "s3://%s names a bucket: add the key",
                        r->where.bucket);
    if (c) {
        st = cw__client_check(c, err);
        if (st == CW_OK)
            r->client = cw_client_retain(c);
    } else {
        st = cw_client_options_from_env(&o, err);
        if (st == CW_OK)
            st = cw_client_new(&r->client, &o, err);
    }
    if (st == CW_OK)
        st = cw__store_look(r->client, &r->where, &r->seen, err);
    r->bytes = r->seen.bytes;
    return st;
}

static cw_status fail_file(const cw_reader *r, const char *doing, cw_error *err)
{
    int error = errno;

    return error == ENOENT ? cw__fail(err, CW_E_NOT_FOUND, "there is no file '%s'", r->where.path)
                           : cw__fail_errno(err, error, "cannot %s '%s'", doing, r->where.path);
}

static cw_status open_file(cw_reader *r, cw_error *err)
{
    struct stat about;

    r->fd = open(r->where.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (r->fd < 0 || fstat(r->fd, &about) != 0)
        return fail_file(r, "open", err);
    if (!S_ISREG(about.st_mode))
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is not a regular file: it has no size",
                        r->where.path);
    r->bytes = (uint64_t)about.st_size;
    return CW_OK;
}

static cw_status open_memory(cw_reader *r, cw_error *err)
{
    const void *p;
    size_t n;
    cw_status st = cw_memory_get(r->where.path, &p, &n);

    if (st != CW_OK)
        return cw__fail(err, st, "there is no mem://%s", r->where.path);
    r->bytes = n;
    return CW_OK;
}

cw_status cw_reader_open(cw_reader **out, cw_client *c, const char *url, cw_error *err)
{
    cw_reader *r = cw__alloc_zero(sizeof *r);
    cw_status st;

    *out = NULL;
    cw__error_clear(err);
    if (!r)
        return cw__fail_memory(err, "opening a reader");
    r->fd = -1;
    st = cw__url_parse(&r->where, url, err);
    if (st != CW_OK)
        memset(&r->where, 0, sizeof r->where);
    else if (r->where.scheme == CW__SCHEME_S3)
        st = open_s3(r, c, err);
    else if (r->where.scheme == CW__SCHEME_FILE)
        st = open_file(r, err);
    else
        st = open_memory(r, err);
    if (st == CW_OK)
        *out = r;
    else
        cw_reader_close(r);
    return st;
}

uint64_t cw_reader_size(const cw_reader *r)
{
    return r->bytes;
}

/* ---- reading ---- */

static cw_status read_s3(cw_reader *r, uint64_t offset, char *p, size_t n, cw_error *err)
{
    cw_status st = CW_OK;

    while (st == CW_OK && n > 0) {
        size_t k = n < CW__GET_MOST ? n : CW__GET_MOST;
        st = cw__store_get(r->client, &r->where, &r->seen, offset, p, k, err);
        offset += k;
        p += k;
        n -= k;
    }
    return st;
}

static cw_status read_file(cw_reader *r, uint64_t offset, char *p, size_t n, cw_error *err)
{
    while (n > 0) {
        ssize_t got = pread(r->fd, p, n, (off_t)offset);
        if (got == 0)
            return cw__fail(err, CW_E_PRECONDITION, "'%s' became shorter while it was read",
                            r->where.path);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_file(r, "read", err);
        offset += (uint64_t)got;
        p += got;
        n -= (size_t)got;
    }
    return CW_OK;
}

static cw_status read_memory(const cw_reader *r, uint64_t offset, char *p, size_t n, cw_error *err)
{
    const void *now;
    size_t bytes;
    cw_status st = cw_memory_get(r->where.path, &now, &bytes);

    if (st != CW_OK || bytes != r->bytes)
        return cw__fail(err, CW_E_PRECONDITION, "mem://%s was replaced while it was read",
                        r->where.path);
    memcpy(p, (const char *)now + offset, n);
    return CW_OK;
}

cw_status cw_reader_pread(cw_reader *r, uint64_t offset, void *p, size_t n, cw_error *err)
{
    cw__error_clear(err);
    if (offset > r->bytes || n > r->bytes - offset)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "%zu bytes from %" PRIu64 " lie beyond the end at %" PRIu64, n, offset,
                        r->bytes);
    if (n == 0)
        return CW_OK;
    if (r->client)
        return read_s3(r, offset, p, n, err);
    return r->fd >= 0 ? read_file(r, offset, p, n, err) : read_memory(r, offset, p, n, err);
}

void cw_reader_close(cw_reader *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    cw_client_release(r->client);
    cw__url_free(&r->where);
    cw__free(r);
}
