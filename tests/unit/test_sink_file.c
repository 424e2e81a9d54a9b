/* test_sink_file.c - files: whole or not at all, on file systems of several abilities
 *
 * Most tests run once for each set of abilities: nameless files; named ones with hard links; named
 * ones without. The folder they work in is compared as a list, so that nothing is left unseen.
 */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cloudwriter/sys/allocator.h>
#include "sink/file.h"
#include "sink/file_abilities.h"
#include "sink/sink.h"

static cw_error err;
static cw_object_info info;
static unsigned abilities_now;

static const unsigned abilities[] = {CW__FILE_ALL_ABILITIES, CW__FILE_LINKS, 0};
enum { ABILITIES = sizeof abilities / sizeof *abilities };

/* ---- a folder of one's own, which the process works in ---- */

static char base[64];

static void enter_folder(void)
{
    const char *root = getenv("TMPDIR");
    snprintf(base, sizeof base, "%.40s/cw-file-XXXXXX", root ? root : "/tmp");
    REQUIRE(mkdtemp(base));
    REQUIRE(chdir(base) == 0);
}

static void leave_folder(void)
{
    REQUIRE(chdir("/") == 0);
    REQUIRE(rmdir(base) == 0); /* every test cleans up behind itself */
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/** The names in a folder, sorted, with spaces between. */
static const char *list(const char *folder)
{
    static char text[4096];
    char *names[64];
    size_t n = 0;
    DIR *d = opendir(folder);
    REQUIRE(d);
    for (struct dirent *e; (e = readdir(d)) && n < 64;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            REQUIRE((names[n++] = strdup(e->d_name)));
    closedir(d);
    qsort(names, n, sizeof *names, by_name);
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "", names[i]);
        free(names[i]);
    }
    return text;
}

static void make_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    REQUIRE(fd >= 0);
    REQUIRE(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    REQUIRE(fchmod(fd, mode) == 0);
    close(fd);
}

static void check_content(const char *path, const char *want)
{
    static char text[4096];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    if (n < 0)
        test_say(__FILE__, __LINE__, strerror(errno));
    CHECK_STR(text, want);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    REQUIRE(stat(path, &st) == 0);
    return st.st_mode & 07777;
}

/** In a child, where it may change the process as it likes. */
static void in_child(void (*test)(void))
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        alarm(60);
        test_failures_here = 0;
        test();
        fflush(NULL);
        _exit(test_failures_here ? 1 : 0);
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
}

/** What cannot be tried here is said, and is a failure where everything has to be there. */
static void not_tried(const char *what)
{
    fprintf(stderr, "    not tried here: %s\n", what);
    CHECK(!getenv("CI"));
}

/* ---- sinks ---- */

static cw_status try_open(cw_sink **s, const char *path, const cw_writer_options *o)
{
    *s = NULL;
    cw_status st = cw__sink_file_new(s, path, &err);
    if (st == CW_OK)
        st = cw__sink_begin(*s, o, &err);
    if (st != CW_OK) {
        cw__sink_free(*s);
        *s = NULL;
    }
    return st;
}

static cw_sink *open_with(const char *path, const cw_writer_options *o)
{
    cw_sink *s;
    CHECK_OK(try_open(&s, path, o), err);
    REQUIRE(s);
    return s;
}

static cw_sink *open_plain(const char *path)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    return open_with(path, &o);
}

static cw_sink *open_new_only(const char *path)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    o.create_only = 1;
    return open_with(path, &o);
}

static void write_text(cw_sink *s, const char *text)
{
    CHECK_OK(cw__sink_write(s, text, strlen(text), &err), err);
}

static void publish(cw_sink *s)
{
    memset(&info, 0, sizeof info);
    CHECK_OK(cw__sink_publish(s, &info, &err), err);
    cw__sink_free(s);
}

static void put(const char *path, const char *text)
{
    cw_sink *s = open_plain(path);
    write_text(s, text);
    publish(s);
    CHECK_INT(info.bytes, strlen(text));
}

static void check_refused(const char *path, const cw_writer_options *o, cw_status want)
{
    cw_writer_options plain = CW_WRITER_OPTIONS_INIT;
    cw_sink *s;
    CHECK_STATUS(try_open(&s, path, o ? o : &plain), want, err);
    CHECK(err.message[0]);
    cw__sink_free(s);
}

/* ---- regular files, with each set of abilities ---- */

static void only_publish_shows_a_file(void)
{
    cw_stats stats = {0};
    mode_t mask = umask(027);
    cw_sink *s = open_plain("a");
    CHECK(access("a", F_OK) != 0);
    write_text(s, "hello ");
    write_text(s, "world");
    CHECK_OK(cw__sink_flush(s, &err), err);
    CHECK(access("a", F_OK) != 0);
    if (abilities_now & CW__FILE_NAMELESS)
        CHECK_STR(list("."), "");
    else
        CHECK(strncmp(list("."), ".a.cw-", 6) == 0);
    cw__sink_stats(s, &stats);
    CHECK_INT(stats.bytes_out, 11);
    publish(s);
    CHECK_INT(info.bytes, 11);
    check_content("a", "hello world");
    CHECK_INT(mode_of("a"), 0640);
    CHECK_STR(list("."), "a");
    umask(mask);
    unlink("a");
}

static void an_empty_file(void)
{
    publish(open_plain("a"));
    check_content("a", "");
    CHECK_STR(list("."), "a");
    unlink("a");
}

static void nothing_is_left_behind(void)
{
    cw_sink *s = open_plain("a");
    write_text(s, "x");
    CHECK_OK(cw__sink_abort(s, &err), err);
    CHECK_STR(list("."), "");
    cw__sink_free(s);
    s = open_plain("a");
    write_text(s, "x");
    cw__sink_free(s);
    CHECK_OK(cw__sink_file_new(&s, "a", &err), err);
    cw__sink_free(s);
    CHECK_STR(list("."), "");
}

static void replacing(void)
{
    make_file("a", "old", 0604);
    cw_sink *s = open_plain("a");
    write_text(s, "the new one");
    check_content("a", "old");
    publish(s);
    check_content("a", "the new one");
    CHECK_INT(mode_of("a"), 0604);
    s = open_plain("a");
    write_text(s, "never");
    CHECK_OK(cw__sink_abort(s, &err), err);
    cw__sink_free(s);
    check_content("a", "the new one");
    put("a", "");
    check_content("a", "");
    CHECK_STR(list("."), "a");
    unlink("a");
}

/** A hidden file must not be readable by more people than the one that it will replace. */
static void private_stays_private(void)
{
    make_file("a", "old", 0600);
    mode_t mask = umask(0);
    cw_sink *s = open_plain("a");
    write_text(s, "secret");
    const char *hidden = list(".");
    if (hidden[0] == '.') {
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(hidden, " "), hidden);
        CHECK_INT(mode_of(name), 0600);
    }
    publish(s);
    CHECK_INT(mode_of("a"), 0600);
    umask(mask);
    unlink("a");
}

static void appearing_meanwhile(void)
{
    cw_sink *s = open_plain("a");
    write_text(s, "mine");
    make_file("a", "theirs", 0600);
    publish(s);
    check_content("a", "mine");
    CHECK_STR(list("."), "a");
    unlink("a");

    s = open_plain("a");
    write_text(s, "mine");
    REQUIRE(mkdir("a", 0700) == 0);
    CHECK(cw__sink_publish(s, &info, &err) != CW_OK);
    CHECK(err.message[0]);
    CHECK_OK(cw__sink_abort(s, &err), err);
    cw__sink_free(s);
    CHECK_STR(list("."), "a");
    CHECK_STR(list("a"), "");
    rmdir("a");
}

static void create_only(void)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    o.create_only = 1;
    cw_sink *first = open_new_only("a"), *second = open_new_only("a");
    write_text(first, "first");
    write_text(second, "second");
    publish(first);
    CHECK_STATUS(cw__sink_publish(second, &info, &err), CW_E_ALREADY_EXISTS, err);
    CHECK(strstr(err.message, "'a'"));
    CHECK_OK(cw__sink_abort(second, &err), err);
    cw__sink_free(second);
    check_content("a", "first");
    check_refused("a", &o, CW_E_ALREADY_EXISTS);
    CHECK_STR(list("."), "a");
    unlink("a");
}

static void symlinks(void)
{
    REQUIRE(mkdir("d", 0700) == 0);
    REQUIRE(symlink("d/target", "link") == 0);
    put("link", "through a dangling link");
    check_content("d/target", "through a dangling link");
    put("link", "through a link");
    check_content("d/target", "through a link");
    CHECK_STR(list("."), "d link");
    CHECK_STR(list("d"), "target");

    REQUIRE(symlink("../link", "d/second") == 0);
    put("d/second", "through two");
    check_content("d/target", "through two");
    char absolute[256];
    snprintf(absolute, sizeof absolute, "%s/d/target", base);
    REQUIRE(symlink(absolute, "third") == 0);
    put("third", "absolute");
    check_content("d/target", "absolute");
    CHECK_STR(list("."), "d link third");
    CHECK_STR(list("d"), "second target");

    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    o.create_only = 1;
    check_refused("link", &o, CW_E_ALREADY_EXISTS);
    unlink("d/second");
    unlink("d/target");
    unlink("link");
    unlink("third");
    rmdir("d");

    REQUIRE(symlink("loop", "loop") == 0);
    check_refused("loop", NULL, CW_E_INVALID_ARGUMENT);
    unlink("loop");
    REQUIRE(symlink("nowhere/", "folder") == 0);
    check_refused("folder", NULL, CW_E_INVALID_ARGUMENT);
    unlink("folder");
    CHECK_STR(list("."), "");
}

static void long_names(void)
{
    char name[300];
    memset(name, 'n', sizeof name);
    name[255] = '\0';
    put(name, "long");
    put(name, "long again");
    check_content(name, "long again");
    CHECK_STR(list("."), name);
    unlink(name);
    for (size_t i = 0; i < 127; i++)
        memcpy(name + 2 * i, "\xc3\xa9", 2);
    name[254] = '\0';
    cw_sink *s = open_plain(name);
    if (!(abilities_now & CW__FILE_NAMELESS)) /* cut, but not within a character */
        CHECK(strstr(list("."), "\xc3\xa9.cw-"));
    publish(s);
    CHECK_STR(list("."), name);
    unlink(name);
    memset(name, 'n', 256);
    name[256] = '\0';
    check_refused(name, NULL, CW_E_INVALID_ARGUMENT);
    CHECK_INT(err.os_errno, ENAMETOOLONG);
}

static void the_working_directory_may_change(void)
{
    cw_sink *keep = open_plain("a"), *drop = open_plain("b");
    REQUIRE(chdir("/") == 0);
    write_text(keep, "here");
    publish(keep);
    CHECK_OK(cw__sink_abort(drop, &err), err);
    cw__sink_free(drop);
    REQUIRE(chdir(base) == 0);
    check_content("a", "here");
    CHECK_STR(list("."), "a");
    unlink("a");
}

static void the_folder_may_vanish(void)
{
    REQUIRE(mkdir("d", 0700) == 0);
    cw_sink *s = open_plain("d/a");
    write_text(s, "x");
    if (abilities_now & CW__FILE_NAMELESS) {
        REQUIRE(rmdir("d") == 0);
        CHECK_STATUS(cw__sink_publish(s, &info, &err), CW_E_IO, err);
        CHECK_INT(err.os_errno, ENOENT);
    }
    CHECK_OK(cw__sink_abort(s, &err), err);
    cw__sink_free(s);
    rmdir("d");
    CHECK_STR(list("."), "");
}

/* Some thousand bytes in pieces of all sizes, and a piece larger than a page. */
static void pieces_of_all_sizes(void)
{
    static char data[200000], got[sizeof data + 1];
    size_t at = 0;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)('a' + i * 31 % 26);
    cw_sink *s = open_plain("a");
    for (size_t n = 1; at + n < 100000; at += n, n++)
        CHECK_OK(cw__sink_write(s, data + at, n, &err), err);
    CHECK_OK(cw__sink_write(s, data + at, sizeof data - at, &err), err);
    publish(s);
    CHECK_INT(info.bytes, sizeof data);
    FILE *f = fopen("a", "rb");
    REQUIRE(f);
    CHECK_INT(fread(got, 1, sizeof got, f), sizeof data);
    fclose(f);
    CHECK(memcmp(got, data, sizeof data) == 0);
    unlink("a");
}

static void killed(void)
{
    int ready[2];
    char byte;
    REQUIRE(pipe(ready) == 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        cw_sink *s = open_plain("a");
        write_text(s, "half");
        if (write(ready[1], "x", 1) == 1)
            for (;;)
                pause();
        _exit(1);
    }
    close(ready[1]);
    CHECK_INT(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    kill(child, SIGKILL);
    REQUIRE(waitpid(child, NULL, 0) == child);
    CHECK(access("a", F_OK) != 0);
    char left[256];
    snprintf(left, sizeof left, "%s", list("."));
    if (abilities_now & CW__FILE_NAMELESS)
        CHECK_STR(left, "");
    else
        CHECK(unlink(left) == 0);
}

/* ---- errors ---- */

static void what_is_refused(void)
{
    cw_writer_options match = CW_WRITER_OPTIONS_INIT, sse = CW_WRITER_OPTIONS_INIT;
    match.if_match = "abc";
    sse.sse = CW_SSE_S3;
    check_refused("a", &match, CW_E_UNSUPPORTED);
    check_refused("a", &sse, CW_E_UNSUPPORTED);
    check_refused("", NULL, CW_E_INVALID_ARGUMENT);
    check_refused("a/", NULL, CW_E_INVALID_ARGUMENT);
    check_refused("/", NULL, CW_E_INVALID_ARGUMENT);
    check_refused(".", NULL, CW_E_INVALID_ARGUMENT);
    check_refused("..", NULL, CW_E_INVALID_ARGUMENT);
    check_refused(base, NULL, CW_E_INVALID_ARGUMENT);
    CHECK(strstr(err.message, "folder"));
    check_refused("none/a", NULL, CW_E_IO);
    CHECK_INT(err.os_errno, ENOENT);
    CHECK(strstr(err.message, "'none/' does not exist"));
    make_file("plain", "", 0600);
    check_refused("plain/a", NULL, CW_E_IO);
    CHECK_INT(err.os_errno, ENOTDIR);
    unlink("plain");
    CHECK_STR(list("."), "");
}

static void as_nobody(void)
{
    if (geteuid() == 0)
        REQUIRE(setgid(65534) == 0 && setuid(65534) == 0);
    check_refused("closed/a", NULL, CW_E_PERMISSION);
    CHECK_INT(err.os_errno, EACCES);
    check_refused("open/read-only", NULL, CW_E_PERMISSION);
    check_refused("/proc/version", NULL, CW_E_PERMISSION);
    put("open/a", "allowed");
    put("unlisted/a", "allowed");
    check_content("unlisted/a", "allowed");
}

static void permissions(void)
{
    REQUIRE(chmod(base, 0755) == 0);
    REQUIRE(mkdir("closed", 0700) == 0 && chmod("closed", 0555) == 0);
    REQUIRE(mkdir("open", 0700) == 0 && chmod("open", 0777) == 0);
    REQUIRE(mkdir("unlisted", 0700) == 0 && chmod("unlisted", 0333) == 0);
    make_file("open/read-only", "keep", 0444);
    in_child(as_nobody);
    check_content("open/read-only", "keep");
    REQUIRE(chmod("unlisted", 0755) == 0);
    CHECK_STR(list("open"), "a read-only");
    CHECK_STR(list("unlisted"), "a");
    unlink("unlisted/a");
    unlink("open/read-only");
    unlink("open/a");
    rmdir("closed");
    rmdir("open");
    rmdir("unlisted");
}

/** A group that this process may give its files to, other than its own; else its own. */
static gid_t another_group(void)
{
    gid_t groups[64];
    int n = getgroups(64, groups);
    for (int i = 0; i < n; i++)
        if (groups[i] != getegid() && groups[i] != 65534)
            return groups[i];
    return getegid();
}

static void the_owner_stays(void)
{
    struct stat st;
    bool root = geteuid() == 0;
    uid_t owner = root ? 1234 : geteuid();
    gid_t group = root ? 5678 : another_group();
    if (group == getegid()) {
        not_tried("keeping another owner or group (not root, and in no other group)");
        return;
    }
    make_file("a", "old", 0640);
    REQUIRE(chown("a", owner, group) == 0);
    put("a", "new");
    REQUIRE(stat("a", &st) == 0);
    CHECK_INT(st.st_uid, owner);
    CHECK_INT(st.st_gid, group);
    CHECK_INT(st.st_mode & 07777, 0640);
    unlink("a");
}

static bool tell(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return ok;
}

/** Be allowed to mount, in namespaces of this process alone. */
static bool enter_namespaces(void)
{
    char users[64], groups[64];
    snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
    if (geteuid() == 0)
        return unshare(CLONE_NEWNS) == 0;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && tell("/proc/self/uid_map", users) &&
           tell("/proc/self/setgroups", "deny") && tell("/proc/self/gid_map", groups);
}

/** In a mount namespace of its own: a file system of 64 KiB, filled up. */
static void on_a_small_disk(void)
{
    static char page[4096];
    cw_status st = CW_OK;
    if (!enter_namespaces() || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("cw", "small", "tmpfs", 0, "size=64k") != 0) {
        not_tried("a full disk (cannot mount)");
        return;
    }
    make_file("small/a", "old", 0600);
    for (size_t i = 0; i < ABILITIES; i++) {
        cw__file_set_abilities(abilities[i]);
        cw_sink *s = open_plain("small/a");
        st = CW_OK;
        for (int n = 0; n < 100 && st == CW_OK; n++)
            st = cw__sink_write(s, page, sizeof page, &err);
        CHECK_STATUS(st, CW_E_IO, err);
        CHECK_INT(err.os_errno, ENOSPC);
        CHECK_OK(cw__sink_abort(s, &err), err);
        cw__sink_free(s);
        CHECK_STR(list("small"), "a");
        check_content("small/a", "old");
        put("small/a", "old"); /* and the space is free again */
    }
}

static void a_full_disk(void)
{
    REQUIRE(mkdir("small", 0700) == 0);
    in_child(on_a_small_disk);
    rmdir("small");
}

static void within_a_limit(void)
{
    static char page[4096];
    const struct rlimit small = {1000, 1000};
    signal(SIGXFSZ, SIG_IGN);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    cw_sink *s = open_plain("a");
    CHECK_STATUS(cw__sink_write(s, page, sizeof page, &err), CW_E_TOO_LARGE, err);
    CHECK_INT(err.os_errno, EFBIG);
    CHECK_OK(cw__sink_abort(s, &err), err);
    cw__sink_free(s);
}

static void too_large_a_file(void)
{
    in_child(within_a_limit);
    CHECK_STR(list("."), "");
}

/* ---- straight through ---- */

static void devices(void)
{
    cw_writer_options create = CW_WRITER_OPTIONS_INIT;
    cw_sink *s;
    create.create_only = 1;
    put("/dev/null", "gone");
    check_refused("/dev/null", &create, CW_E_UNSUPPORTED);
    s = open_plain("/dev/full");
    CHECK_STATUS(cw__sink_write(s, "x", 1, &err), CW_E_IO, err);
    CHECK_INT(err.os_errno, ENOSPC);
    CHECK_OK(cw__sink_abort(s, &err), err);
    cw__sink_free(s);
    struct stat st;
    CHECK(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
    CHECK(stat("/dev/full", &st) == 0 && S_ISCHR(st.st_mode));
}

static void a_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "sock"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(fd >= 0);
    REQUIRE(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    check_refused("sock", NULL, CW_E_UNSUPPORTED);
    close(fd);
    unlink("sock");
}

static void descriptors_keep_their_place(void)
{
    char path[64];
    int fd = open("out", O_CREAT | O_EXCL | O_RDWR, 0600);
    REQUIRE(fd >= 0);
    REQUIRE(write(fd, "before ", 7) == 7);
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    put(path, "one ");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    REQUIRE(symlink(path, "link") == 0);
    put(path, "two ");
    put("link", "three ");
    REQUIRE(write(fd, "after", 5) == 5);
    close(fd);
    check_content("out", "before one two three after");
    check_refused(path, NULL, CW_E_IO); /* closed by now */
    CHECK_INT(err.os_errno, EBADF);
    CHECK_STR(list("."), "link out");
    unlink("link");
    unlink("out");
}

static void to_standard_output(void)
{
    int fd = open("out", O_CREAT | O_EXCL | O_WRONLY, 0600);
    REQUIRE(fd >= 0 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
    put("/dev/stdout", "one ");
    put("/dev/stdout", "two");
}

static void standard_output(void)
{
    in_child(to_standard_output);
    check_content("out", "one two");
    unlink("out");
}

struct reader {
    const char *path;
    size_t most; /* then it goes away */
    uint64_t sum;
    size_t n;
};

static void *read_fifo(void *user)
{
    struct reader *r = user;
    unsigned char buffer[1000];
    int fd = open(r->path, O_RDONLY);
    for (ssize_t n; fd >= 0 && r->n < r->most && (n = read(fd, buffer, sizeof buffer)) > 0;) {
        for (ssize_t i = 0; i < n; i++)
            r->sum += buffer[i] * (uint64_t)(r->n + (size_t)i);
        r->n += (size_t)n;
    }
    close(fd);
    return NULL;
}

static void a_fifo(void)
{
    static unsigned char data[500000];
    struct reader r = {.path = "fifo", .most = SIZE_MAX};
    pthread_t thread;
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (unsigned char)(i * 131 >> 5);
        sum += data[i] * (uint64_t)i;
    }
    REQUIRE(mkfifo("fifo", 0600) == 0);
    REQUIRE(pthread_create(&thread, NULL, read_fifo, &r) == 0);
    cw_sink *s = open_plain("fifo");
    for (size_t at = 0; at < sizeof data; at += 50000)
        CHECK_OK(cw__sink_write(s, data + at, 50000, &err), err);
    publish(s);
    pthread_join(thread, NULL);
    CHECK_INT(r.n, sizeof data);
    CHECK(r.sum == sum);
    struct stat st;
    CHECK(stat("fifo", &st) == 0 && S_ISFIFO(st.st_mode));
    unlink("fifo");
}

static void nobody_reads(void)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    o.deadline_ms = 50;
    REQUIRE(mkfifo("fifo", 0600) == 0);
    check_refused("fifo", &o, CW_E_TIMEOUT);
    unlink("fifo");
}

static volatile sig_atomic_t pipes_broken;

static void count_sigpipe(int signal_number)
{
    (void)signal_number;
    pipes_broken++;
}

static cw_status write_until_it_fails(cw_sink *s)
{
    static char page[4096];
    cw_status st = CW_OK;
    for (int i = 0; i < 10000 && st == CW_OK; i++)
        st = cw__sink_write(s, page, sizeof page, &err);
    return st;
}

/** The program's handler is not called, its mask stays, and a signal of its own stays pending. */
static void the_reader_goes_away(void)
{
    struct sigaction count = {.sa_handler = count_sigpipe}, before;
    sigset_t set, old;
    pipes_broken = 0;
    REQUIRE(sigaction(SIGPIPE, &count, &before) == 0);
    REQUIRE(mkfifo("fifo", 0600) == 0);
    for (int blocked = 0; blocked < 2; blocked++) {
        struct reader r = {.path = "fifo", .most = 5000};
        pthread_t thread;
        sigemptyset(&set);
        sigaddset(&set, SIGPIPE);
        if (blocked) {
            REQUIRE(pthread_sigmask(SIG_BLOCK, &set, &old) == 0);
            raise(SIGPIPE);
        }
        REQUIRE(pthread_create(&thread, NULL, read_fifo, &r) == 0);
        cw_sink *s = open_plain("fifo");
        CHECK_STATUS(write_until_it_fails(s), CW_E_IO, err);
        CHECK_INT(err.os_errno, EPIPE);
        CHECK(strstr(err.message, "went away"));
        CHECK_OK(cw__sink_abort(s, &err), err);
        cw__sink_free(s);
        pthread_join(thread, NULL);
        CHECK_INT(pipes_broken, 0);
    }
    sigpending(&set);
    CHECK_INT(sigismember(&set, SIGPIPE), 1);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    CHECK_INT(pipes_broken, 1); /* the one that was raised */
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    CHECK_INT(sigismember(&set, SIGPIPE), 0);
    sigaction(SIGPIPE, &before, NULL);
    unlink("fifo");
}

/** A descriptor that does not block is waited for. */
static void a_pipe_that_does_not_block(void)
{
    int ends[2];
    char path[64];
    struct reader r = {.path = path, .most = SIZE_MAX};
    static char data[400000];
    pthread_t thread;
    REQUIRE(pipe2(ends, O_NONBLOCK) == 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    cw_sink *s = open_plain(path);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]); /* opened anew, this one blocks */
    REQUIRE(pthread_create(&thread, NULL, read_fifo, &r) == 0);
    CHECK_OK(cw__sink_write(s, data, sizeof data, &err), err);
    publish(s);
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
    CHECK_INT(r.n, sizeof data);
}

/* ---- allocation failure: the n-th fails, and in a second round all from there on ---- */

static long fail_at, counted, in_use;
static bool fail_on;

static void *counting_realloc(void *user, void *p, size_t bytes)
{
    (void)user;
    long n = ++counted;
    void *q = fail_at && (n == fail_at || (fail_on && n > fail_at)) ? NULL : realloc(p, bytes);
    in_use += q && !p;
    return q;
}

static void *counting_alloc(void *user, size_t bytes)
{
    return counting_realloc(user, NULL, bytes);
}

static void counting_free(void *user, void *p)
{
    (void)user;
    in_use -= p != NULL;
    free(p);
}

static cw_status write_one(void)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_sink *s;
    cw_status st = try_open(&s, "link", &o);
    if (st == CW_OK)
        st = cw__sink_write(s, "x", 1, &err);
    if (st == CW_OK)
        st = cw__sink_publish(s, &info, &err);
    cw__sink_free(s);
    return st;
}

static void out_of_memory(void)
{
    static const cw_allocator counting = {counting_alloc, counting_realloc, counting_free, NULL};
    REQUIRE(symlink("./a", "link") == 0);
    cw_allocator_install(&counting);
    for (int round = 0; round < 2; round++) {
        cw_status st = CW_E_NO_MEMORY;
        fail_on = round == 1;
        for (fail_at = 1; st != CW_OK && fail_at < 50; fail_at++) {
            counted = 0;
            st = write_one();
            CHECK(st == CW_OK || st == CW_E_NO_MEMORY);
            CHECK_INT(err.status, st);
            CHECK(st == CW_OK || err.message[0]);
            CHECK_INT(in_use, 0);
            CHECK_STR(list("."), st == CW_OK ? "a link" : "link");
        }
        CHECK_INT(st, CW_OK);
        CHECK(fail_at > 6);
        unlink("a");
    }
    fail_at = 0;
    cw_allocator_install(NULL);
    unlink("link");
}

static bool has_nameless_files(void)
{
    int fd = open(".", O_TMPFILE | O_WRONLY, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int main(int argc, char **argv)
{
    enter_folder();
    for (size_t i = 0; i < ABILITIES; i++) {
        abilities_now = abilities[i];
        cw__file_set_abilities(abilities_now);
        fprintf(stderr, "-- %s\n",
                abilities_now & CW__FILE_NAMELESS ? "files without a name"
                : abilities_now                   ? "named files"
                                                  : "named files, no links");
        if ((abilities_now & CW__FILE_NAMELESS) && !has_nameless_files()) {
            REQUIRE(!getenv("CI"));
            fprintf(stderr, "    not tried: this file system has no nameless files\n");
            continue;
        }
        TEST(only_publish_shows_a_file);
        TEST(an_empty_file);
        TEST(nothing_is_left_behind);
        TEST(replacing);
        TEST(private_stays_private);
        TEST(appearing_meanwhile);
        TEST(create_only);
        TEST(symlinks);
        TEST(long_names);
        TEST(the_working_directory_may_change);
        TEST(the_folder_may_vanish);
        TEST(pieces_of_all_sizes);
        TEST(killed);
        TEST(the_owner_stays);
        TEST(permissions);
        TEST(out_of_memory);
    }
    cw__file_set_abilities(CW__FILE_ALL_ABILITIES);
    TEST(what_is_refused);
    TEST(a_full_disk);
    TEST(too_large_a_file);
    TEST(devices);
    TEST(a_socket);
    TEST(descriptors_keep_their_place);
    TEST(standard_output);
    TEST(a_fifo);
    TEST(nobody_reads);
    TEST(the_reader_goes_away);
    TEST(a_pipe_that_does_not_block);
    leave_folder();
    return test_end();
}
