/* file.c - a sink that is a file: there at publish, whole, or not at all
 *
 *     new --begin--> writing --publish--> published
 *                       |                               nameless or hidden temporary file
 *                       +------abort, free------> gone
 *
 *     new --begin--> through --publish, abort, free-->  a device, FIFO or descriptor
 *
 * Owns the descriptor that is written to, one of the folder (so that a change of the working
 * directory between does no harm), and the temporary name while there is one. How the final name
 * comes to be, in one step each:
 *
 *                     nobody has the name yet        somebody has it
 *     nameless file   linkat                         linkat to a temporary name, then renameat
 *     named file      renameat; with create_only     renameat
 *                     linkat + unlinkat, or
 *                     renameat2(RENAME_NOREPLACE)
 */
#include "sink/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "sink/file_abilities.h"
#include "base/file_io.h"
#include "sink/file_path.h"
#include "sink/sink.h"

enum {
    NAME_BYTES = 160,      /* of a temporary name; 255 is what file systems commonly allow */
    KEPT_NAME_BYTES = 120, /* of the final name, in the temporary one */
    NAME_ATTEMPTS = 8,
    READER_WAIT_MS = 30000,
    READER_POLL_MS = 10
};

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

struct file {
    char *given; /* the path as the caller has it */
    cw__file_path at;
    int fd, folder; /* -1: none */
    bool through;
    bool create_only;
    bool nameless;
    char temporary[NAME_BYTES]; /* "" while there is none in the folder */
    uint64_t bytes;
};

static atomic_uint abilities = CW__FILE_ALL_ABILITIES;

void cw__file_set_abilities(unsigned set)
{
    atomic_store(&abilities, set);
}

static bool can(unsigned ability)
{
    return (atomic_load(&abilities) & ability) != 0;
}

/* ---- the temporary file ---- */

/** Where a nameless file is reachable for linkat. */
static void name_of_descriptor(int fd, char out[32])
{
    snprintf(out, 32, "/proc/self/fd/%d", fd);
}

/** -1 where the file system, the system or a missing /proc does not allow for it. */
static int open_nameless(int folder)
{
#ifdef O_TMPFILE
    char self[32];
    int fd =
        can(CW__FILE_NAMELESS) ? openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666) : -1;
    if (fd < 0)
        return -1;
    name_of_descriptor(fd, self);
    if (access(self, F_OK) == 0)
        return fd;
    close(fd);
#else
    (void)folder;
#endif
    return -1;
}

/** As much of a name as may be kept, not cut within a character of UTF-8. */
static int kept_length(const char *name)
{
    size_t n = strnlen(name, KEPT_NAME_BYTES + 1);
    if (n <= KEPT_NAME_BYTES)
        return (int)n;
    n = KEPT_NAME_BYTES;
    while (n > 0 && ((unsigned char)name[n] & 0xC0) == 0x80)
        n--;
    return (int)n;
}

static int make_named(struct file *f)
{
    f->fd = openat(f->folder, f->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
                   f->at.kind == CW__FILE_REGULAR ? f->at.there.st_mode & 0777 : 0666);
    return f->fd < 0 ? errno : 0;
}

static int link_as(struct file *f, const char *name)
{
    char self[32];
    name_of_descriptor(f->fd, self);
    return linkat(AT_FDCWD, self, f->folder, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

static int link_named(struct file *f)
{
    return link_as(f, f->temporary);
}

/** Have `make` make something under a name that nobody has. 0, or an errno. */
static int under_fresh_name(struct file *f, int (*make)(struct file *f))
{
    int os_errno = EEXIST;
    for (int i = 0; i < NAME_ATTEMPTS && os_errno == EEXIST; i++) {
        unsigned char random[8];
        char hex[2 * sizeof random + 1];
        if (!cw__random_bytes(random, sizeof random))
            os_errno = EIO;
        else {
            cw__hex(random, sizeof random, hex);
            snprintf(f->temporary, sizeof f->temporary, ".%.*s.cw-%s.tmp", kept_length(f->at.name),
                     f->at.name, hex);
            os_errno = make(f);
        }
    }
    if (os_errno != 0)
        f->temporary[0] = '\0';
    return os_errno;
}

/** 0, or an errno. */
static int remove_temporary(struct file *f)
{
    if (!f->temporary[0])
        return 0;
    int os_errno = unlinkat(f->folder, f->temporary, 0) == 0 || errno == ENOENT ? 0 : errno;
    f->temporary[0] = '\0';
    return os_errno;
}

/* ---- begin ---- */

static cw_status refuse_options(const struct file *f, const cw_writer_options *o, cw_error *err)
{
    if (o->if_match)
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is a file and has no ETag for if_match",
                        f->given);
    if (o->sse != CW_SSE_BUCKET)
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is a file and cannot be encrypted (sse)",
                        f->given);
    return CW_OK;
}

static cw_status open_folder(struct file *f, cw_error *err)
{
    f->folder = open(f->at.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->folder < 0 && errno == EACCES) /* it may be entered but not listed: not synced, then */
        f->folder = open(f->at.folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (f->folder >= 0)
        return CW_OK;
    if (errno == ENOENT)
        return cw__file_failed(err, errno, "the folder '%s' does not exist: make it first",
                               f->at.folder);
    return cw__file_failed(err, errno, "cannot open the folder '%s'", f->at.folder);
}

/** The new file is to have the owner, where that is allowed, and the permissions of the old one. */
static cw_status take_after(const struct file *f, cw_error *err)
{
    const struct stat *old = &f->at.there;
    if (fchown(f->fd, old->st_uid, old->st_gid) != 0 && fchown(f->fd, (uid_t)-1, old->st_gid) != 0)
        errno = 0;
    if (fchmod(f->fd, old->st_mode & 0777) != 0)
        return cw__file_failed(err, errno, "cannot keep the permissions of '%s'", f->given);
    return CW_OK;
}

static cw_status open_temporary(struct file *f, cw_error *err)
{
    cw_status status = open_folder(f, err);
    if (status != CW_OK)
        return status;
    f->fd = open_nameless(f->folder);
    f->nameless = f->fd >= 0;
    int os_errno = f->nameless ? 0 : under_fresh_name(f, make_named);
    if (os_errno != 0)
        return cw__file_failed(err, os_errno, "cannot create a file in '%s'", f->at.folder);
    return f->at.kind == CW__FILE_REGULAR ? take_after(f, err) : CW_OK;
}

static cw_status already_there(const struct file *f, cw_error *err)
{
    return cw__fail(err, CW_E_ALREADY_EXISTS, "'%s' exists already", f->given);
}

static cw_status begin_replacing(struct file *f, cw_error *err)
{
    if (f->create_only)
        return already_there(f, err);
    if (faccessat(AT_FDCWD, f->at.path, W_OK, AT_EACCESS) != 0)
        return cw__file_failed(err, errno, "cannot replace '%s'", f->given);
    return open_temporary(f, err);
}

/** Open a FIFO once somebody reads from it. */
static cw_status open_fifo(struct file *f, const cw_writer_options *o, cw_error *err)
{
    static const struct timespec pause = {0, READER_POLL_MS * 1000000L};
    uint64_t wait_ms =
        o->deadline_ms && o->deadline_ms < READER_WAIT_MS ? o->deadline_ms : READER_WAIT_MS;
    uint64_t until = cw__clock_mono_ms() + wait_ms;
    while ((f->fd = open(f->at.path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0 &&
           (errno == ENXIO || errno == EINTR)) {
        if (cw__clock_mono_ms() >= until)
            return cw__fail(err, CW_E_TIMEOUT, "nobody opened the FIFO '%s' for reading", f->given);
        nanosleep(&pause, NULL);
    }
    if (f->fd < 0)
        return cw__file_failed(err, errno, "cannot open '%s'", f->given);
    int flags = fcntl(f->fd, F_GETFL);
    if (flags < 0 || fcntl(f->fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
        return cw__file_failed(err, errno, "cannot set up '%s'", f->given);
    return CW_OK;
}

static cw_status begin_through(struct file *f, const cw_writer_options *o, cw_error *err)
{
    f->through = true;
    if (f->create_only)
        return cw__fail(err, CW_E_UNSUPPORTED, "'%s' is always there: create_only does not apply",
                        f->given);
    if (f->at.kind == CW__FILE_FIFO)
        return open_fifo(f, o, err);
    if (f->at.kind == CW__FILE_DESCRIPTOR) /* a copy, not opened anew: it keeps its position */
        f->fd = fcntl(f->at.descriptor, F_DUPFD_CLOEXEC, 0);
    else
        f->fd = open(f->at.path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (f->fd < 0)
        return cw__file_failed(err, errno, "cannot open '%s'", f->given);
    return CW_OK;
}

static cw_status begin(void *self, const cw_writer_options *o, cw_error *err)
{
    struct file *f = self;
    cw_status status = refuse_options(f, o, err);
    if (status == CW_OK)
        status = cw__file_path_resolve(&f->at, f->given, err);
    if (status != CW_OK)
        return status;
    f->create_only = o->create_only != 0;
    switch (f->at.kind) {
    case CW__FILE_NEW:
        return open_temporary(f, err);
    case CW__FILE_REGULAR:
        return begin_replacing(f, err);
    case CW__FILE_FIFO:
    case CW__FILE_DEVICE:
    case CW__FILE_DESCRIPTOR:
        break;
    }
    return begin_through(f, o, err);
}

/* ---- publish ---- */

/** A named file gets a second name, if nobody has that, and loses the first. 0, or an errno. */
static int move_to_new(struct file *f)
{
    int os_errno = EOPNOTSUPP;
    if (can(CW__FILE_LINKS))
        os_errno = linkat(f->folder, f->temporary, f->folder, f->at.name, 0) == 0 ? 0 : errno;
    if (os_errno == 0)
        remove_temporary(f);
    if (os_errno == 0 || os_errno == EEXIST)
        return os_errno;
#ifdef RENAME_NOREPLACE /* file systems without hard links often have this */
    if (renameat2(f->folder, f->temporary, f->folder, f->at.name, RENAME_NOREPLACE) == 0) {
        f->temporary[0] = '\0';
        return 0;
    }
    return errno;
#else
    return os_errno;
#endif
}

static cw_status place_new(struct file *f, cw_error *err)
{
    int os_errno = f->nameless ? link_as(f, f->at.name) : move_to_new(f);
    switch (os_errno) {
    case 0:
        return CW_OK;
    case EEXIST:
        return already_there(f, err);
    case EINVAL:
    case ENOSYS:
    case EOPNOTSUPP:
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "the file system of '%s' cannot do create_only without a race", f->given);
    default:
        return cw__file_failed(err, os_errno, "cannot create '%s'", f->given);
    }
}

/** 0, or an errno. */
static int move_over(struct file *f)
{
    if (f->nameless) {
        int os_errno = link_as(f, f->at.name);
        if (os_errno == EEXIST)
            os_errno = under_fresh_name(f, link_named);
        if (os_errno != 0 || !f->temporary[0])
            return os_errno;
    }
    if (renameat(f->folder, f->temporary, f->folder, f->at.name) != 0)
        return errno;
    f->temporary[0] = '\0';
    return 0;
}

static cw_status place_over(struct file *f, cw_error *err)
{
    int os_errno = move_over(f);
    if (os_errno != 0)
        return cw__file_failed(err, os_errno, "cannot put '%s' in place", f->given);
    return CW_OK;
}

static cw_status publish(void *self, cw_object_info *info, cw_error *err)
{
    struct file *f = self;
    int os_errno = cw__file_sync(f->fd);
    if (os_errno != 0)
        return cw__file_failed(err, os_errno, "cannot bring '%s' to the disk", f->given);
    info->bytes = f->bytes;
    if (f->through)
        return CW_OK;
    cw_status status = f->create_only ? place_new(f, err) : place_over(f, err);
    os_errno = status == CW_OK ? cw__file_sync(f->folder) : 0;
    if (os_errno != 0) {
        cw__fail_errno(err, os_errno,
                       "'%s' is in place, but may not survive a power failure: its folder could "
                       "not be brought to the disk",
                       f->given);
        return CW_E_INDETERMINATE;
    }
    return status;
}

/* ---- the rest ---- */

static cw_status write_bytes(void *self, const void *p, size_t n, cw_error *err)
{
    struct file *f = self;
    size_t written;
    int os_errno = cw__file_write(f->fd, f->through, p, n, &written);
    f->bytes += written;
    if (os_errno == EPIPE)
        return cw__file_failed(err, os_errno, "the reader of '%s' went away", f->given);
    if (os_errno != 0)
        return cw__file_failed(err, os_errno, "cannot write to '%s'", f->given);
    return CW_OK;
}

static cw_status abort_file(void *self, cw_error *err)
{
    struct file *f = self;
    char temporary[NAME_BYTES];
    cw__copy_string(temporary, sizeof temporary, f->temporary);
    int os_errno = remove_temporary(f);
    if (os_errno != 0)
        return cw__file_failed(err, os_errno, "cannot remove the temporary file '%s' in '%s'",
                               temporary, f->at.folder);
    return CW_OK;
}

static void stats(void *self, cw_stats *out)
{
    const struct file *f = self;
    out->bytes_out = f->bytes;
}

static void free_file(void *self)
{
    struct file *f = self;
    remove_temporary(f);
    if (f->fd >= 0)
        close(f->fd);
    if (f->folder >= 0)
        close(f->folder);
    cw__file_path_free(&f->at);
    cw__free(f->given);
    cw__free(f);
}

static const cw_sink_ops file_ops = {
    .struct_size = sizeof(cw_sink_ops),
    .name = "file",
    .begin = begin,
    .write = write_bytes,
    .publish = publish,
    .abort = abort_file,
    .stats = stats,
    .free = free_file,
};

cw_status cw__sink_file_new(cw_sink **out, const char *path, cw_error *err)
{
    size_t n = strlen(path);
    *out = NULL;
    if (n == 0 || path[n - 1] == '/')
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' names no file", path);
    struct file *f = cw__alloc_zero(sizeof *f);
    if (!f)
        return cw__fail_memory(err, "opening a file");
    f->fd = f->folder = -1;
    f->given = cw__strdup(path);
    cw_status status =
        f->given ? cw_sink_new(out, &file_ops, f, err) : cw__fail_memory(err, "opening a file");
    if (status != CW_OK)
        free_file(f);
    return status;
}
