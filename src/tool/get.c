/* get.c - the verb get: an object to a file, which is there whole or as it was before
 *
 * Bytes go to FILE.VERSION.part beside the file, where VERSION is the object's ETag (or its size
 * and time, where it has none), and are renamed to FILE when all is there and on the disk. What a
 * failed run leaves belongs to that version, so --continue cannot mix two. The part file is locked:
 * two runs do not write to one.
 */
#include "get.h"
#include "failure.h"
#include "json.h"
#include "memory.h"
#include "pull.h"
#include "report.h"
#include "say.h"
#include "source.h"
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

struct get {
    struct pull pull;
    char *file; /* NULL: standard output */
    char *part;
    cw_reader_info info;
    double seconds;
};

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_folder(const char *path)
{
    struct stat about;
    size_t n = strlen(path);

    return (n > 0 && path[n - 1] == '/') || (stat(path, &about) == 0 && S_ISDIR(about.st_mode));
}

static const char *last_name(const char *url)
{
    const char *slash = strrchr(url, '/');
    return slash ? slash + 1 : url;
}

/* false: that was said. */
static bool choose_file(struct get *g, const char *url, const char *to)
{
    const char *name = last_name(url);

    if (to && strcmp(to, "-") == 0)
        return true;
    if (to && !is_folder(to)) {
        g->file = tool_strdup(to);
        return true;
    }
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        say_about(url, "the last part of it is no name for a file: name one");
        return false;
    }
    g->file = to ? tool_format("%s%s%s", to, to[strlen(to) - 1] == '/' ? "" : "/", name)
                 : tool_strdup(name);
    return true;
}

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

static cw_status open_part(struct get *g, cw_error *err)
{
    char version[sizeof g->info.etag];
    struct stat about;
    int fd;

    version_of(&g->info, version, sizeof version);
    g->part = tool_format("%s.%s.part", g->file, version);
    fd = open(g->part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return failure_errno(err, errno, g->part);
    g->pull.fd = fd;
    g->pull.name = g->part;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? failure(err, CW_E_STATE, "%s is being written by another run", g->part)
                   : failure_errno(err, errno, g->part);
    if (fstat(fd, &about) != 0)
        return failure_errno(err, errno, g->part);
    if (g->pull.o->resume && (uint64_t)about.st_size <= g->info.bytes)
        g->pull.from = (uint64_t)about.st_size;
    else if (ftruncate(fd, 0) != 0)
        return failure_errno(err, errno, g->part);
    return lseek(fd, (off_t)g->pull.from, SEEK_SET) < 0 ? failure_errno(err, errno, g->part)
                                                        : CW_OK;
}

static cw_status publish(struct get *g, cw_error *err)
{
    if (fsync(g->pull.fd) != 0)
        return failure_errno(err, errno, g->part);
    if (rename(g->part, g->file) != 0)
        return failure_errno(err, errno, g->file);
    return CW_OK;
}

/* What cannot become the object, or is nothing yet, is not kept. */
static void leave_part(struct get *g, const cw_error *err)
{
    struct stat about;
    bool useless = err->status == CW_E_INTEGRITY || err->status == CW_E_PRECONDITION ||
                   g->pull.o->reader.decompression != CW_DECOMPRESSION_NONE;

    if (err->status == CW_E_STATE) /* another run's */
        return;
    if (useless || fstat(g->pull.fd, &about) != 0 || about.st_size == 0)
        unlink(g->part);
    else
        say_about(g->file, "what arrived is kept in %s: go on with --continue", g->part);
}

/* ---- telling --------------------------------------------------------------------------------- */

static const char *verified_word(cw_verified verified)
{
    static const char *const words[] = {"no_checksum", "composite", "not_whole", "good", "bad"};
    return words[verified];
}

static void tell_json(const struct get *g, const cw_error *err)
{
    bool ok = err->status == CW_OK;
    struct json j = {0};

    json_begin(&j, NULL);
    json_string(&j, "url", g->pull.url);
    json_string(&j, "file", g->file);
    json_string(&j, "status", ok ? "done" : "failed");
    json_uint(&j, "bytes", g->pull.from + g->pull.bytes);
    json_uint(&j, "resumed_from", g->pull.from);
    json_string(&j, "etag", g->info.etag[0] ? g->info.etag : NULL);
    json_string(&j, "version_id", g->info.version_id[0] ? g->info.version_id : NULL);
    json_string(&j, "checksum", g->info.checksum[0] ? g->info.checksum : NULL);
    json_string(&j, "verified", verified_word(g->info.verified));
    json_uint(&j, "requests", g->info.requests);
    json_uint(&j, "retries", g->info.retries);
    json_seconds(&j, "seconds", g->seconds);
    if (!ok)
        report_error_json(&j, err);
    json_end(&j);
    say_result(j.text);
    free(j.text);
}

static void tell(const struct get *g, const cw_error *err)
{
    double seconds = g->seconds > 0.001 ? g->seconds : 0.001;
    char size[UNITS_TEXT], rate[UNITS_TEXT];
    char *text;

    if (err->status != CW_OK && g->pull.output_errno != EPIPE) {
        text = report_error_text(err);
        say_about(g->pull.url, "%s", text);
        free(text);
    } else if (g->pull.o->verbose && !g->pull.o->quiet) {
        units_format_bytes(size, (double)(g->pull.from + g->pull.bytes));
        units_format_bytes(rate, (double)g->pull.bytes / seconds);
        say_about(g->pull.url, "%s, %.1f s, %s/s", size, g->seconds, rate);
    }
    if (g->pull.o->json)
        tell_json(g, err);
}

/* ---- the verb -------------------------------------------------------------------------------- */

static cw_status transfer(struct get *g, cw_error *err)
{
    cw_status st = pull_open(&g->pull, err);

    if (st != CW_OK)
        return st;
    cw_reader_get_info(g->pull.reader, &g->info);
    progress_reads(g->pull.progress,
                   g->pull.o->reader.decompression == CW_DECOMPRESSION_NONE ? g->info.bytes : 0);
    if (g->file)
        st = open_part(g, err);
    if (st == CW_OK)
        st = pull_run(&g->pull, err);
    cw_reader_get_info(g->pull.reader, &g->info);
    if (st == CW_OK && g->file)
        st = publish(g, err);
    return st;
}

static int get_one(void *user)
{
    struct get *g = user;
    uint64_t start = source_now_ms();
    cw_error err = {0};
    cw_status st = transfer(g, &err);

    g->seconds = (double)(source_now_ms() - start) / 1000;
    tell(g, &err);
    if (st != CW_OK && g->file && g->pull.fd >= 0)
        leave_part(g, &err);
    if (g->file && g->pull.fd >= 0)
        close(g->pull.fd);
    pull_close(&g->pull);
    return st == CW_OK ? 0 : st == CW_E_INVALID_ARGUMENT ? 2 : 1;
}

static bool is_usable(const struct options *o)
{
    bool out = o->operand_count == 2 && strcmp(o->operands[1], "-") == 0;

    if (o->operand_count < 1 || o->operand_count > 2)
        say("wanted: get URL [FILE|FOLDER|-]");
    else if (out && (o->json || o->resume))
        say("--json and --continue do not go with standard output");
    else if (o->resume && o->reader.decompression != CW_DECOMPRESSION_NONE)
        say("what is decompressed cannot be continued");
    else
        return true;
    return false;
}

static int run(struct options *o, struct get *g)
{
    int code = pull_client(o, o->operands, 1, &g->pull.client);

    if (code)
        return code;
    g->pull.progress = progress_new(options_want_progress(o), false, 1, 1, 0);
    code = pull_watched(get_one, g, g->pull.progress);
    progress_end(g->pull.progress);
    progress_free(g->pull.progress);
    cw_client_release(g->pull.client);
    return code;
}

int get_main(struct options *o)
{
    struct get g = {.pull = {.o = o, .fd = -1, .most = UINT64_MAX, .lines = UINT64_MAX}};
    int code = 2;

    if (!is_usable(o))
        return 2;
    g.pull.url = o->operands[0];
    if (choose_file(&g, g.pull.url, o->operand_count == 2 ? o->operands[1] : NULL)) {
        if (!g.file) {
            g.pull.fd = STDOUT_FILENO;
            g.pull.name = "standard output";
        }
        code = run(o, &g);
    }
    free(g.file);
    free(g.part);
    return code;
}
