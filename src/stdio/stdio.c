/* stdio.c - a writer or a reader behind a FILE *
 *
 * Owns the stream's buffer, the cookie, and for cw_fopen the writer or reader. It does not own the
 * FILE: libc frees that after the cookie's close.
 *
 * fclose publishes only a stream without any failure behind it. The writer's own error sticks, so
 * neither clearerr nor a later write that libc would accept can bring a broken stream back; an
 * error flag that something else raised (a conversion, a read from a stream for writing) counts
 * when it is still there at fclose.
 *
 * A FILE has no room for a pointer back to its cookie, so the streams of cw_fopen stand in a list,
 * under one lock that is held for a few instructions only. It is taken around fork, or the child
 * could find it locked by a thread that it does not have.
 */
#include <cloudwriter/stdio.h>
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/thread.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#if defined(__linux__) && !defined(__ANDROID__) && !defined(CW_NO_FOPENCOOKIE)

enum { BUFFER_BYTES = 64 * 1024 };

/* Where cw_fclose wants the answer that fclose cannot carry. */
struct answer {
    cw_status status;
    cw_object_info *info;
    cw_error *err;
};

struct stream {
    FILE *file;
    cw_writer *writer; /* one of these two */
    cw_reader *reader;
    uint64_t bytes;        /* handed to the writer: libc adds what is in its buffer to this */
    uint64_t position;     /* where reading goes on: perhaps beyond the end */
    cw_error first;        /* failure of reading */
    cw_error unread;       /* one that has not been told, as bytes came before it */
    bool view;             /* the writer or reader is the caller's */
    bool discard;          /* cw_fabort: close publishes nothing */
    struct answer *answer; /* NULL: plain fclose */
    char *buffer;
    struct stream *next;
};

static cw__mutex registry_lock = CW__MUTEX_INIT;
static struct stream *registry;
static pthread_once_t registry_once = PTHREAD_ONCE_INIT;
static int registry_fork_errno;

static void registry_take(void)
{
    cw__mutex_lock(&registry_lock);
}

static void registry_give(void)
{
    cw__mutex_unlock(&registry_lock);
}

static void registry_watch_fork(void)
{
    registry_fork_errno = pthread_atfork(registry_take, registry_give, registry_give);
}

static void registry_add(struct stream *s)
{
    registry_take();
    s->next = registry;
    registry = s;
    registry_give();
}

static void registry_remove(struct stream *s)
{
    registry_take();
    for (struct stream **p = &registry; *p; p = &(*p)->next) {
        if (*p == s) {
            *p = s->next;
            break;
        }
    }
    registry_give();
}

static struct stream *registry_find(FILE *f)
{
    struct stream *s;
    registry_take();
    for (s = registry; s && s->file != f; s = s->next)
        ;
    registry_give();
    return s;
}

/* ---- what a stdio caller sees of an error ---------------------------------------------------- */

static int errno_of_status(cw_status status)
{
    switch (status) {
    case CW_OK:
        return 0;
    case CW_E_INVALID_ARGUMENT:
        return EINVAL;
    case CW_E_STATE:
        return EBADF;
    case CW_E_NO_MEMORY:
    case CW_E_BUDGET:
        return ENOMEM;
    case CW_E_UNSUPPORTED:
        return ENOTSUP;
    case CW_E_CANCELLED:
        return ECANCELED;
    case CW_E_NOT_FOUND:
    case CW_E_BUCKET_NOT_FOUND:
        return ENOENT;
    case CW_E_ALREADY_EXISTS:
        return EEXIST;
    case CW_E_PRECONDITION:
    case CW_E_CONFLICT:
        return ESTALE;
    case CW_E_PERMISSION:
    case CW_E_CREDENTIALS_MISSING:
    case CW_E_CREDENTIALS_EXPIRED:
        return EACCES;
    case CW_E_TOO_LARGE:
        return EFBIG;
    case CW_E_THROTTLED:
        return EBUSY;
    case CW_E_TIMEOUT:
        return ETIMEDOUT;
    case CW_E_UNAVAILABLE:
        return EHOSTUNREACH;
    case CW_E_PROTOCOL:
        return EPROTO;
    case CW_E_IO:
    case CW_E_INTEGRITY:
    case CW_E_INDETERMINATE:
    case CW_E_SERVICE:
        break;
    }
    return EIO;
}

static int errno_of(const cw_error *err)
{
    return err->os_errno ? err->os_errno : errno_of_status(err->status);
}

/* ---- the cookie ------------------------------------------------------------------------------ */

/* glibc takes a negative answer for a count; musl knows an error only by one. */
#ifdef __GLIBC__
enum { WRITE_FAILED = 0 };
#else
enum { WRITE_FAILED = -1 };
#endif

static ssize_t stream_write(void *cookie, const char *p, size_t n)
{
    struct stream *s = cookie;
    if (cw_writer_write(s->writer, p, n) != CW_OK) {
        errno = errno_of(cw_writer_error(s->writer));
        return WRITE_FAILED;
    }
    s->bytes += n;
    return (ssize_t)n;
}

#ifdef __GLIBC__
typedef off64_t cookie_offset;
#else
typedef off_t cookie_offset;
#endif

/* Only to where the stream is already: that is how libc asks for the position. */
static int stream_seek(void *cookie, cookie_offset *offset, int whence)
{
    struct stream *s = cookie;
    cookie_offset here = (cookie_offset)s->bytes;
    if (*offset != (whence == SEEK_SET ? here : 0)) {
        errno = ESPIPE;
        return -1;
    }
    *offset = here;
    return 0;
}

/* ---- the cookie of a stream for reading ---- */

static ssize_t fail_reading(struct stream *s, const cw_error *err)
{
    if (s->first.status == CW_OK)
        s->first = *err;
    s->unread.status = CW_OK;
    errno = errno_of(err);
    return -1;
}

/* Bytes that came before a failure are handed out first, unless it says not to trust them. */
static ssize_t stream_read(void *cookie, char *p, size_t n)
{
    struct stream *s = cookie;
    cw_error err = {0};
    cw_status st = CW_OK;
    size_t got = 0;

    if (s->unread.status != CW_OK) {
        err = s->unread;
        return fail_reading(s, &err);
    }
    if (s->position != cw_reader_tell(s->reader)) {
        if (s->position >= cw_reader_size(s->reader))
            return 0;
        st = cw_reader_seek(s->reader, s->position, &err);
    }
    if (st == CW_OK)
        st = cw_reader_read(s->reader, p, n, &got, &err);
    s->position = cw_reader_tell(s->reader);
    if (st != CW_OK && (got == 0 || st == CW_E_INTEGRITY))
        return fail_reading(s, &err);
    if (st != CW_OK)
        s->unread = err;
    return (ssize_t)got;
}

static bool is_decompressed(const struct stream *s)
{
    cw_reader_info info;

    cw_reader_get_info(s->reader, &info);
    return info.decompression != CW_DECOMPRESSION_NONE;
}

/* Beyond the end there is nothing to read, as in a file. */
static int stream_find(void *cookie, cookie_offset *offset, int whence)
{
    struct stream *s = cookie;
    uint64_t base = whence == SEEK_SET   ? 0
                    : whence == SEEK_CUR ? s->position
                                         : cw_reader_size(s->reader);
    int64_t to;

    if (__builtin_add_overflow((int64_t)base, (int64_t)*offset, &to) || to < 0) {
        errno = EINVAL;
        return -1;
    }
    if (is_decompressed(s) && (whence == SEEK_END || (to != 0 && (uint64_t)to != s->position))) {
        errno = ESPIPE;
        return -1;
    }
    s->position = (uint64_t)to;
    s->unread.status = CW_OK;
    *offset = (cookie_offset)to;
    return 0;
}

static void stream_free(struct stream *s)
{
    if (!s)
        return;
    cw__free(s->buffer);
    cw__free(s);
}

/* Publish nothing, because stdio knows of a failure that the writer does not. */
static cw_status stream_refuse(struct stream *s, cw_error *err)
{
    cw_error left;
    cw_status aborted = cw_writer_abort(s->writer, &left);
    cw__fail(err, CW_E_IO,
             "the stream has its error flag set, so nothing was published; look at what fprintf, "
             "fwrite and fflush answered");
    if (aborted != CW_OK)
        memcpy(err->upload_id, left.upload_id, sizeof err->upload_id);
    return err->status;
}

static void describe_read(const struct stream *s, cw_object_info *out)
{
    cw_reader_info info;

    cw_reader_get_info(s->reader, &info);
    memset(out, 0, sizeof *out);
    out->bytes = info.bytes;
    out->bytes_in = s->position;
    out->requests = info.requests;
    out->retries = info.retries;
    memcpy(out->etag, info.etag, sizeof out->etag);
    memcpy(out->version_id, info.version_id, sizeof out->version_id);
    memcpy(out->checksum, info.checksum, sizeof out->checksum);
}

/* A failure that fread has told already is told by cw_fclose again, but not by fclose. */
static cw_status stream_end_reading(struct stream *s, cw_object_info *info, cw_error *err)
{
    const cw_error *failure = s->first.status != CW_OK ? &s->first : &s->unread;
    cw_status st = s->answer && !s->discard ? failure->status : s->unread.status;

    if (st != CW_OK)
        cw__error_copy(err, failure);
    else if (info)
        describe_read(s, info);
    if (!s->view)
        cw_reader_close(s->reader);
    return st;
}

static cw_status stream_end(struct stream *s, cw_object_info *info, cw_error *err)
{
    cw__error_clear(err);
    if (s->reader)
        return stream_end_reading(s, info, err);
    if (s->view) {
        cw__error_copy(err, cw_writer_error(s->writer));
        return err->status;
    }
    if (s->discard)
        return cw_writer_abort(s->writer, err);
    if (cw_writer_error(s->writer)->status == CW_OK && ferror_unlocked(s->file))
        return stream_refuse(s, err);
    return cw_writer_close(s->writer, info, err);
}

static int stream_close(void *cookie)
{
    struct stream *s = cookie;
    struct answer *answer = s->answer;
    cw_error err;
    cw_status status;

    if (!s->view)
        registry_remove(s);
    status = stream_end(s, answer ? answer->info : NULL, &err);
    if (answer) {
        answer->status = status;
        cw__error_copy(answer->err, &err);
    }
    stream_free(s);
    if (status == CW_OK)
        return 0;
    errno = errno_of(&err);
    return -1;
}

/* ---- opening --------------------------------------------------------------------------------- */

static cw_status stream_new(struct stream **out, cw_error *err)
{
    struct stream *s = cw__alloc_zero(sizeof *s);
    *out = NULL;
    if (s)
        s->buffer = cw__alloc(BUFFER_BYTES);
    if (!s || !s->buffer) {
        stream_free(s);
        return cw__fail_memory(err, "opening a stream");
    }
    *out = s;
    return CW_OK;
}

/* The FILE in front of `s`, which has its writer or reader already. */
static cw_status stream_attach(struct stream *s, cw_error *err)
{
    static const cookie_io_functions_t writing = {
        .write = stream_write,
        .seek = stream_seek,
        .close = stream_close,
    };
    static const cookie_io_functions_t reading = {
        .read = stream_read,
        .seek = stream_find,
        .close = stream_close,
    };
    s->file = s->reader ? fopencookie(s, "r", reading) : fopencookie(s, "w", writing);
    if (!s->file)
        return cw__fail_errno(err, errno ? errno : ENOMEM, "a stream could not be made");
    /* libc would take 8 KiB. Its answer does not matter: without it the default stays. */
    (void)setvbuf(s->file, s->buffer, _IOFBF, BUFFER_BYTES);
    return CW_OK;
}

static bool is_for_reading(const char *mode)
{
    return mode && mode[0] == 'r' && !mode[1 + strspn(mode + 1, "be")];
}

static cw_status parse_mode(const char *mode, bool *create_only, cw_error *err)
{
    *create_only = false;
    if (is_for_reading(mode))
        return CW_OK;
    if (!mode || mode[0] != 'w' || mode[1 + strspn(mode + 1, "bex")])
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "mode '%s' is not one of r, w and wx (b and e may follow): objects can "
                        "only be written anew",
                        mode ? mode : "(null)");
    *create_only = strchr(mode, 'x') != NULL;
    return CW_OK;
}

static cw_status open_reader(cw_reader **out, const char *url, cw_client *c,
                             const cw_writer_options *o, cw_error *err)
{
    if (o)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "a writer's options are of no use for reading: open a reader with its own, "
                        "and view it with cw_reader_file");
    return cw_reader_open(out, c, url, err);
}

static cw_status open_writer(cw_writer **out, const char *url, bool create_only, cw_client *c,
                             const cw_writer_options *o, cw_error *err)
{
    cw_writer_options mine;
    cw_status status;
    if (!create_only)
        return cw_writer_open(out, c, url, o, err);
    status = cw__options_take(&mine, sizeof mine, o, err);
    if (status != CW_OK)
        return status;
    mine.create_only = 1;
    return cw_writer_open(out, c, url, &mine, err);
}

static cw_status open_stream(FILE **out, const char *url, const char *mode, cw_client *c,
                             const cw_writer_options *o, cw_error *err)
{
    struct stream *s = NULL;
    bool create_only;
    cw_status status = parse_mode(mode, &create_only, err);

    pthread_once(&registry_once, registry_watch_fork);
    if (status == CW_OK && registry_fork_errno)
        status = cw__fail_errno(err, registry_fork_errno, "fork cannot be watched");
    if (status == CW_OK)
        status = stream_new(&s, err);
    if (status == CW_OK)
        status = is_for_reading(mode) ? open_reader(&s->reader, url, c, o, err)
                                      : open_writer(&s->writer, url, create_only, c, o, err);
    if (status != CW_OK)
        goto fail;
    status = stream_attach(s, err);
    if (status != CW_OK) {
        (void)cw_writer_abort(s->writer, NULL);
        cw_reader_close(s->reader);
        goto fail;
    }
    registry_add(s);
    *out = s->file;
    return CW_OK;
fail:
    stream_free(s);
    return status;
}

FILE *cw_fopen_with(const char *url, const char *mode, cw_client *c, const cw_writer_options *o,
                    cw_error *err)
{
    cw_error local;
    FILE *f = NULL;
    cw_error *e = err ? err : &local;

    cw__error_clear(e);
    if (open_stream(&f, url, mode, c, o, e) != CW_OK)
        errno = errno_of(e);
    return f;
}

cw_status cw_fclose(FILE *f, cw_object_info *info, cw_error *err)
{
    struct answer answer = {.status = CW_E_IO, .info = info, .err = err};
    struct stream *s = f ? registry_find(f) : NULL;
    if (!s)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "not a stream of cw_fopen that is open: close it with fclose");
    cw__error_clear(err);
    s->answer = &answer;
    if (fclose(f) != 0 && answer.status == CW_OK)
        return cw__fail(err, CW_E_IO, "the stream was published, yet fclose reports a failure");
    return answer.status;
}

int cw_fabort(FILE *f)
{
    struct stream *s = f ? registry_find(f) : NULL;
    struct answer answer = {.status = CW_E_IO};
    cw_error err = {.status = CW_E_IO};
    if (!s) {
        errno = EINVAL;
        return EOF;
    }
    s->discard = true;
    answer.err = &err;
    s->answer = &answer;
    /* What is still in the buffer fails or not: it is not wanted, and only the abort counts. */
    (void)fclose(f);
    if (answer.status == CW_OK)
        return 0;
    errno = errno_of(&err);
    return EOF;
}

static cw_status view(cw_writer *w, cw_reader *r, FILE **out)
{
    struct stream *s;
    cw_status status = stream_new(&s, NULL);

    if (status != CW_OK)
        return status;
    s->writer = w;
    s->reader = r;
    s->position = r ? cw_reader_tell(r) : 0;
    s->view = true;
    status = stream_attach(s, NULL);
    if (status != CW_OK) {
        stream_free(s);
        return status;
    }
    *out = s->file;
    return CW_OK;
}

cw_status cw_writer_file(cw_writer *w, FILE **out)
{
    if (!out)
        return CW_E_INVALID_ARGUMENT;
    *out = NULL;
    if (!w)
        return CW_E_INVALID_ARGUMENT;
    if (cw_writer_error(w)->status != CW_OK)
        return cw_writer_error(w)->status;
    return view(w, NULL, out);
}

cw_status cw_reader_file(cw_reader *r, FILE **out)
{
    if (!out)
        return CW_E_INVALID_ARGUMENT;
    *out = NULL;
    return r ? view(NULL, r, out) : CW_E_INVALID_ARGUMENT;
}

#else /* no fopencookie */

FILE *cw_fopen_with(const char *url, const char *mode, cw_client *c, const cw_writer_options *o,
                    cw_error *err)
{
    (void)url, (void)mode, (void)c, (void)o;
    (void)cw__fail(err, CW_E_UNSUPPORTED, "this system's C library has no fopencookie");
    errno = ENOTSUP;
    return NULL;
}

cw_status cw_fclose(FILE *f, cw_object_info *info, cw_error *err)
{
    (void)f, (void)info;
    return cw__fail(err, CW_E_UNSUPPORTED, "this system's C library has no fopencookie");
}

int cw_fabort(FILE *f)
{
    (void)f;
    errno = ENOTSUP;
    return EOF;
}

cw_status cw_writer_file(cw_writer *w, FILE **out)
{
    (void)w;
    *out = NULL;
    return CW_E_UNSUPPORTED;
}

cw_status cw_reader_file(cw_reader *r, FILE **out)
{
    (void)r;
    *out = NULL;
    return CW_E_UNSUPPORTED;
}

#endif

FILE *cw_fopen(const char *url, const char *mode, cw_client *c, cw_error *err)
{
    return cw_fopen_with(url, mode, c, NULL, err);
}
