/* stdio.c - a writer behind a FILE *
 *
 * Owns the stream's buffer, the cookie, and for cw_fopen the writer. It does not own the FILE:
 * libc frees that after the cookie's close.
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
    cw_writer *writer;
    uint64_t bytes;        /* handed to the writer: libc adds what is in its buffer to this */
    bool view;             /* the writer is the caller's */
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

static cw_status stream_end(struct stream *s, cw_object_info *info, cw_error *err)
{
    cw__error_clear(err);
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

/* The FILE in front of `s`, which has its writer already. */
static cw_status stream_attach(struct stream *s, cw_error *err)
{
    static const cookie_io_functions_t functions = {
        .write = stream_write,
        .seek = stream_seek,
        .close = stream_close,
    };
    s->file = fopencookie(s, "w", functions);
    if (!s->file)
        return cw__fail_errno(err, errno ? errno : ENOMEM, "a stream could not be made");
    /* libc would take 8 KiB. Its answer does not matter: without it the default stays. */
    (void)setvbuf(s->file, s->buffer, _IOFBF, BUFFER_BYTES);
    return CW_OK;
}

static cw_status parse_mode(const char *mode, bool *create_only, cw_error *err)
{
    *create_only = false;
    if (!mode || mode[0] != 'w' || mode[1 + strspn(mode + 1, "bex")])
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "mode '%s' is not one of w and wx (b and e may follow): objects can only "
                        "be written anew",
                        mode ? mode : "(null)");
    *create_only = strchr(mode, 'x') != NULL;
    return CW_OK;
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
        status = open_writer(&s->writer, url, create_only, c, o, err);
    if (status != CW_OK)
        goto fail;
    status = stream_attach(s, err);
    if (status != CW_OK) {
        (void)cw_writer_abort(s->writer, NULL);
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

cw_status cw_writer_file(cw_writer *w, FILE **out)
{
    struct stream *s;
    cw_status status;

    if (!out)
        return CW_E_INVALID_ARGUMENT;
    *out = NULL;
    if (!w)
        return CW_E_INVALID_ARGUMENT;
    status = cw_writer_error(w)->status;
    if (status == CW_OK)
        status = stream_new(&s, NULL);
    if (status != CW_OK)
        return status;
    s->writer = w;
    s->view = true;
    status = stream_attach(s, NULL);
    if (status != CW_OK) {
        stream_free(s);
        return status;
    }
    *out = s->file;
    return CW_OK;
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

#endif

FILE *cw_fopen(const char *url, const char *mode, cw_client *c, cw_error *err)
{
    return cw_fopen_with(url, mode, c, NULL, err);
}
