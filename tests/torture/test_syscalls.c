/* test_syscalls.c - files: the Nth call of a system call fails, for all N, once and from then on
 *
 * The linker puts a wrapper in front of each call that the file sink makes (see CMakeLists.txt).
 * After each run the file is the new one, whole, if close answered CW_OK, and else what was there
 * before; no temporary file is left unless removing it is what fails; and the error has the errno.
 */
#include "scripted/fixture.h"
#include "sink/file_abilities.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>

enum { BYTES = 200 * 1000, MOST_CALLS = 60 };

/* ---- calls that fail ---- */

typedef enum call {
    WRITE,
    FSYNC,
    OPEN,
    OPENAT,
    LINKAT,
    RENAMEAT,
    RENAMEAT2,
    UNLINKAT,
    FCHMOD,
    CLOSE,
    CALLS
} call;

static const char *const call_names[] = {"write",    "fsync",     "open",     "openat", "linkat",
                                         "renameat", "renameat2", "unlinkat", "fchmod", "close"};

static struct {
    call which;
    int os_errno; /* 0: write takes half of what it is given */
    long nth, last, calls;
} fault;
static _Thread_local bool armed;

static bool fails(call which)
{
    if (!armed || which != fault.which)
        return false;
    fault.calls++;
    if (fault.calls < fault.nth || fault.calls > fault.last)
        return false;
    errno = fault.os_errno;
    return true;
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    if (!fails(WRITE))
        return __real_write(fd, p, n);
    return fault.os_errno ? -1 : __real_write(fd, p, (n + 1) / 2);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    return fails(FSYNC) ? -1 : __real_fsync(fd);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    return fails(OPEN) ? -1 : __real_open(path, flags);
}

int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...)
{
    mode_t mode;
    va_list rest;

    va_start(rest, flags);
    mode = va_arg(rest, mode_t);
    va_end(rest);
    return fails(OPENAT) ? -1 : __real_openat(folder, path, flags, mode);
}

int __real_linkat(int from, const char *old, int to, const char *new, int flags);
int __wrap_linkat(int from, const char *old, int to, const char *new, int flags);
int __wrap_linkat(int from, const char *old, int to, const char *new, int flags)
{
    return fails(LINKAT) ? -1 : __real_linkat(from, old, to, new, flags);
}

int __real_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new)
{
    return fails(RENAMEAT) ? -1 : __real_renameat(from, old, to, new);
}

int __real_renameat2(int from, const char *old, int to, const char *new, unsigned flags);
int __wrap_renameat2(int from, const char *old, int to, const char *new, unsigned flags);
int __wrap_renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
    return fails(RENAMEAT2) ? -1 : __real_renameat2(from, old, to, new, flags);
}

int __real_unlinkat(int folder, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags)
{
    return fails(UNLINKAT) ? -1 : __real_unlinkat(folder, name, flags);
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
    return fails(FCHMOD) ? -1 : __real_fchmod(fd, mode);
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    int answer = __real_close(fd);

    return fails(CLOSE) ? -1 : answer; /* as the kernel: it is closed all the same */
}

/* ---- ways to write a file ---- */

typedef struct way {
    const char *name;
    unsigned abilities;
    bool older; /* there is a file already */
    bool create_only;
    bool stream;   /* through a FILE * */
    bool gives_up; /* abort in place of close */
} way;

static const way ways[] = {
    {.name = "new", .abilities = CW__FILE_ALL_ABILITIES},
    {.name = "over another", .abilities = CW__FILE_ALL_ABILITIES, .older = true},
    {.name = "create only", .abilities = CW__FILE_ALL_ABILITIES, .create_only = true},
    {.name = "stream", .abilities = CW__FILE_ALL_ABILITIES, .stream = true},
    {.name = "given up", .abilities = CW__FILE_ALL_ABILITIES, .gives_up = true},
    {.name = "new, named", .abilities = CW__FILE_LINKS},
    {.name = "over another, named", .abilities = CW__FILE_LINKS, .older = true},
    {.name = "create only, named", .abilities = CW__FILE_LINKS, .create_only = true},
    {.name = "create only, no links", .abilities = 0, .create_only = true},
    {.name = "given up, named", .abilities = CW__FILE_LINKS, .gives_up = true},
};

static const way *now;
static unsigned char *data;
static char folder[64], path[100];

static cw_status write_stream(const cw_writer_options *o, cw_error *err)
{
    FILE *f = cw_fopen_with(path, "w", NULL, o, err);

    if (!f)
        return err->status;
    (void)fwrite(data, 1, BYTES, f);
    return cw_fclose(f, NULL, err);
}

static cw_status write_file(cw_error *err)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_status wrote, st;
    cw_writer *w;

    o.create_only = now->create_only;
    if (now->stream)
        return write_stream(&o, err);
    st = cw_writer_open(&w, NULL, path, &o, err);
    if (st != CW_OK)
        return st;
    wrote = write_all(w, data, BYTES / 4);
    if (wrote == CW_OK)
        wrote = write_all(w, data + BYTES / 4, BYTES - BYTES / 4);
    if (wrote != CW_OK)
        CHECK_INT(cw_writer_write(w, "x", 1), wrote);
    if (now->gives_up)
        return cw_writer_abort(w, err);
    st = cw_writer_close(w, NULL, err);
    if (wrote != CW_OK)
        CHECK_INT(st, wrote);
    return st;
}

/* ---- what is there afterwards ---- */

static bool holds(const void *want, size_t n)
{
    unsigned char *got = malloc(n + 1);
    FILE *f = fopen(path, "rb");
    bool same = f && got && fread(got, 1, n + 1, f) == n && memcmp(got, want, n) == 0;

    if (f)
        fclose(f);
    free(got);
    return same;
}

static bool is_there(void)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

/* Sweep up everything but the file; how much it was. */
static int litter(void)
{
    DIR *d = opendir(folder);
    int found = 0;

    REQUIRE(d);
    for (struct dirent *e; (e = readdir(d));) {
        char all[400];

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            strcmp(e->d_name, "object") == 0)
            continue;
        found++;
        snprintf(all, sizeof all, "%s/%s", folder, e->d_name);
        unlink(all);
    }
    closedir(d);
    return found;
}

static const char *verdict(cw_status st, const cw_error *err)
{
    bool whole = holds(data, BYTES);
    bool before = now->older ? holds("older", 5) : !is_there();
    bool left = litter() > 0;

    if (!whole && !before)
        return "the file is neither the new one nor what was there before";
    if (now->gives_up && !before)
        return "the file was given up and is there";
    if (st == CW_OK && !now->gives_up && !whole)
        return "CW_OK, but the file is not there";
    if (st == CW_E_INDETERMINATE && (fault.which != FSYNC || !whole))
        return "that is not in doubt";
    if (st != CW_OK && st != CW_E_INDETERMINATE && !before)
        return "it failed, and the file is there";
    if (left && fault.which != UNLINKAT)
        return "a temporary file is left";
    if (st != CW_OK && err->os_errno != fault.os_errno && fault.os_errno != EEXIST)
        return "the error has not the errno";
    return NULL;
}

static void set_stage(void)
{
    FILE *f;

    unlink(path);
    if (!now->older)
        return;
    f = fopen(path, "wb");
    REQUIRE(f && fputs("older", f) >= 0 && fclose(f) == 0);
}

/* ---- every call, every errno ---- */

static bool run_with(long nth, bool for_ever)
{
    cw_error err = {0};
    const char *wrong;
    cw_status st;

    set_stage();
    fault.nth = nth;
    fault.last = for_ever ? LONG_MAX : nth;
    fault.calls = 0;
    armed = true;
    st = write_file(&err);
    armed = false;
    wrong = verdict(st, &err);
    if (wrong) {
        char text[900];
        snprintf(text, sizeof text, "%s, %s %ld%s: %s: %s (%s: %s)", now->name,
                 call_names[fault.which], nth, for_ever ? " and on" : "", strerror(fault.os_errno),
                 wrong, cw_status_name(st), err.message);
        test_say(__FILE__, __LINE__, text);
    }
    if (fault.os_errno == EINTR || fault.os_errno == 0)
        CHECK_INT(st, CW_OK); /* that is no failure */
    return fault.calls >= nth;
}

static void every_call(call which, int os_errno, bool for_ever)
{
    long nth = 1;

    fault.which = which;
    fault.os_errno = os_errno;
    while (run_with(nth, for_ever) && nth < MOST_CALLS && test_failures_here < 20)
        nth++;
    CHECK(nth < MOST_CALLS);
}

static void every_way(void)
{
    static const struct {
        call which;
        int os_errno;
    } faults[] = {
        {WRITE, ENOSPC},  {WRITE, EIO},       {WRITE, EDQUOT}, {WRITE, EFBIG},     {FSYNC, EIO},
        {FSYNC, ENOSPC},  {OPEN, EMFILE},     {OPEN, ENOSPC},  {OPENAT, ENOSPC},   {OPENAT, EMFILE},
        {LINKAT, ENOSPC}, {LINKAT, EIO},      {RENAMEAT, EIO}, {RENAMEAT, ENOSPC}, {RENAMEAT2, EIO},
        {UNLINKAT, EIO},  {UNLINKAT, EACCES}, {FCHMOD, EIO},   {CLOSE, EIO},
    };

    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        every_call(faults[i].which, faults[i].os_errno, false);
        every_call(faults[i].which, faults[i].os_errno, true);
    }
    every_call(WRITE, EINTR, false);
    every_call(WRITE, 0, false);
    every_call(WRITE, 0, true);
    every_call(FSYNC, EINTR, false);
}

/* Without it, the rest would prove nothing. */
static void the_wrappers_are_in_place(void)
{
    static const call needed[] = {WRITE, FSYNC, OPENAT, CLOSE};

    now = &ways[0];
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        fault.which = needed[i];
        fault.os_errno = EIO;
        CHECK(run_with(1, false));
    }
    fault.which = LINKAT;
    CHECK(run_with(1, false));
    fault.which = RENAMEAT;
    now = &ways[6];
    cw__file_set_abilities(now->abilities);
    CHECK(run_with(1, false));
}

int main(int argc, char **argv)
{
    data = noise(BYTES);
    snprintf(folder, sizeof folder, "/tmp/cw-torture-XXXXXX");
    REQUIRE(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/object", folder);
    WITHIN(2000, the_wrappers_are_in_place);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        now = &ways[i];
        cw__file_set_abilities(now->abilities);
        within(now->name, every_way, 10000, argc > 1 ? argv[1] : NULL);
    }
    unlink(path);
    rmdir(folder);
    free(data);
    return test_end();
}
