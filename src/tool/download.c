/* download.c - an object to a file, which is there whole or as it was before
 *
 * Bytes go to FILE.VERSION.part beside the file, where VERSION is the object's ETag (or its size
 * and time, where it has none), and are renamed to FILE when all is there and on the disk. What a
 * failed run leaves belongs to that version, so --continue cannot mix two. The part file is locked:
 * two runs do not write to one.
 *
 * Where the disk is full or cannot be written, one of many asks all of them to stop, and says why.
 */
#include "download.h"
#include "failure.h"
#include "folders.h"
#include "json.h"
#include "memory.h"
#include "report.h"
#include "say.h"
#include "source.h"
#include "stop.h"
#include "units.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Letters, digits and dashes, as many as fit into a name. */
static void version_of(const cw_reader_info *info, char *out, size_t size)
{
    if (info->etag[0])
        snprintf(out, size, "%s", info->etag);
    else
        snprintf(out, size, "%" PRIu64 "-%" PRId64, info->bytes, info->modified_ms);
    for (char *c = out; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", *c))
            *c = '_';
}

/* ---- the part file --------------------------------------------------------------------------- */

static cw_status no_folder(const struct download *d, cw_error *err)
{
    failure(err, CW_E_IO, "%s: its folder does not exist: make it first", d->file);
    err->os_errno = ENOENT;
    return CW_E_IO;
}

static cw_status cannot_write(struct download *d, const char *what, cw_error *err)
{
    d->pull.output_errno = errno;
    return failure_errno(err, errno, what);
}

/* One of many may need folders of its own. */
static cw_status make_folders(struct download *d, cw_error *err)
{
    size_t folders = 0;
    cw_status st;

    for (const char *at = d->file; (at = strchr(at, '/')); at++)
        folders++;
    st = folders_make(d->file, folders, err);
    if (st != CW_OK)
        d->pull.output_errno = err->os_errno;
    return st;
}

static cw_status open_part(struct download *d, cw_error *err)
{
    char version[sizeof d->info.etag];
    struct stat about;
    int fd;

    version_of(&d->info, version, sizeof version);
    d->part = tool_format("%s.%s.part", d->file, version);
    fd = open(d->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0 && errno == ENOENT)
        return no_folder(d, err);
    if (fd < 0)
        return cannot_write(d, d->part, err);
    d->pull.fd = fd;
    d->pull.name = d->part;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? failure(err, CW_E_STATE, "%s is being written by another run", d->part)
                   : failure_errno(err, errno, d->part);
    if (fstat(fd, &about) != 0)
        return failure_errno(err, errno, d->part);
    if (d->pull.o->resume && (uint64_t)about.st_size <= d->info.bytes)
        d->pull.from = (uint64_t)about.st_size;
    else if (ftruncate(fd, 0) != 0)
        return cannot_write(d, d->part, err);
    if (lseek(fd, (off_t)d->pull.from, SEEK_SET) < 0)
        return failure_errno(err, errno, d->part);
    return d->pull.from ? pull_past(&d->pull, fd, d->pull.from, err) : CW_OK;
}

/* ---- what is there already ------------------------------------------------------------------- */

/* Whether the file holds the object, by the checksum of the whole. Then the reader is at its end.
 */
static cw_status compare(struct download *d, cw_error *err)
{
    int fd = open(d->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    cw_status st = CW_OK;

    d->pull.name = d->file;
    if (fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
        (uint64_t)about.st_size == d->info.bytes) {
        st = pull_past(&d->pull, fd, d->info.bytes, err);
        d->same = st == CW_OK;
        if (st == CW_E_INTEGRITY)
            st = cw_reader_seek(d->pull.reader, 0, err);
    }
    if (fd >= 0)
        close(fd);
    return st;
}

/* One of many has the object's time, by which a later run can tell it. */
static cw_status set_time(struct download *d, cw_error *err)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (time_t)(d->info.modified_ms / 1000)}};

    if (!d->below || d->info.modified_ms == 0 || futimens(d->pull.fd, times) == 0)
        return CW_OK;
    return cannot_write(d, d->part, err);
}

static cw_status publish(struct download *d, cw_error *err)
{
    cw_status st = set_time(d, err);

    if (st != CW_OK)
        return st;
    if (fsync(d->pull.fd) != 0)
        return cannot_write(d, d->part, err);
    if (rename(d->part, d->file) != 0)
        return cannot_write(d, d->file, err);
    return CW_OK;
}

/* What cannot become the object, or is nothing yet, is not kept. */
static void leave_part(struct download *d, const cw_error *err)
{
    struct stat about;
    bool useless = err->status == CW_E_INTEGRITY || err->status == CW_E_PRECONDITION ||
                   d->pull.o->reader.decompression != CW_DECOMPRESSION_NONE;

    if (err->status == CW_E_STATE) /* another run's */
        return;
    if (useless || fstat(d->pull.fd, &about) != 0 || about.st_size == 0)
        unlink(d->part);
    else if (!d->hush)
        say_about(d->file, "what arrived is kept in %s: go on with --continue", d->part);
}

/* ---- telling --------------------------------------------------------------------------------- */

static const char *verified_word(cw_verified verified)
{
    static const char *const words[] = {"no_checksum", "composite", "not_whole", "good", "bad"};
    return words[verified];
}

static void tell_json(const struct download *d, const cw_error *err)
{
    bool ok = err->status == CW_OK;
    struct json j = {0};

    json_begin(&j, NULL);
    json_string(&j, "url", d->pull.url);
    json_string(&j, "file", d->file);
    json_string(&j, "status", !ok ? "failed" : d->same ? "same" : "done");
    json_uint(&j, "bytes", d->pull.from + d->pull.bytes);
    json_uint(&j, "resumed_from", d->pull.from);
    json_string(&j, "etag", d->info.etag[0] ? d->info.etag : NULL);
    json_string(&j, "version_id", d->info.version_id[0] ? d->info.version_id : NULL);
    json_string(&j, "checksum", d->info.checksum[0] ? d->info.checksum : NULL);
    json_string(&j, "verified", verified_word(d->info.verified));
    json_uint(&j, "requests", d->info.requests);
    json_uint(&j, "retries", d->info.retries);
    json_seconds(&j, "seconds", d->seconds);
    if (!ok)
        report_error_json(&j, err);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

static void tell(const struct download *d, const cw_error *err)
{
    double seconds = d->seconds > 0.001 ? d->seconds : 0.001;
    char size[UNITS_TEXT], rate[UNITS_TEXT];
    char *text;

    if (err->status != CW_OK && d->pull.output_errno != EPIPE && !d->hush) {
        text = report_error_text(err);
        say_about(d->pull.url, "%s", text);
        free(text);
    } else if (d->pull.o->verbose && !d->pull.o->quiet) {
        units_format_bytes(size, (double)(d->pull.from + d->pull.bytes));
        units_format_bytes(rate, (double)d->pull.bytes / seconds);
        say_about(d->pull.url, "%s, %.1f s, %s/s", size, d->seconds, rate);
    }
    if (d->pull.o->json)
        tell_json(d, err);
}

/* ---- one object ------------------------------------------------------------------------------ */

static cw_status transfer(struct download *d, cw_error *err)
{
    cw_status st = d->below ? make_folders(d, err) : CW_OK;

    if (st == CW_OK)
        st = pull_open(&d->pull, err);
    if (st != CW_OK)
        return st;
    cw_reader_get_info(d->pull.reader, &d->info);
    if (!d->below)
        progress_reads(d->pull.progress, d->pull.o->reader.decompression == CW_DECOMPRESSION_NONE
                                             ? d->info.bytes
                                             : 0);
    if (d->pull.o->same == SAME_CHECKSUM && d->info.verified == CW_VERIFIED_NOT_YET)
        st = compare(d, err);
    if (st == CW_OK && d->file && !d->same)
        st = open_part(d, err);
    if (st == CW_OK && !d->same)
        st = pull_run(&d->pull, err);
    cw_reader_get_info(d->pull.reader, &d->info);
    if (st == CW_OK && d->part)
        st = publish(d, err);
    return st;
}

/* The first that the disk refuses asks all to stop, and is the one that is told. */
static bool was_said(const struct download *d, const cw_error *err)
{
    if (d->below && failure_is_of_disk(d->pull.output_errno))
        return !stop_ask() && stop_asked_here();
    return err->status == CW_E_CANCELLED && stop_asked_here();
}

int download_run(struct download *d)
{
    uint64_t start = source_now_ms();
    cw_error err = {0};
    cw_status st = transfer(d, &err);

    d->seconds = (double)(source_now_ms() - start) / 1000;
    d->hush = was_said(d, &err);
    tell(d, &err);
    if (st != CW_OK && d->part && d->pull.fd >= 0)
        leave_part(d, &err);
    if (d->file && d->pull.fd >= 0)
        close(d->pull.fd);
    pull_close(&d->pull);
    free(d->part);
    d->part = NULL;
    return st == CW_OK ? 0 : st == CW_E_INVALID_ARGUMENT ? 2 : 1;
}
