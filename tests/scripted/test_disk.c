/* test_disk.c - the same promise on files: a full disk publishes nothing and leaves nothing
 *
 * No server is needed here, but a file system of 64 KiB: a tmpfs in a mount namespace of a child
 * process. Where it may not be mounted that is said, and is a failure if CI is set.
 */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { DISK = 64 * 1024 };

static unsigned char *data; /* much more than fits */
static char folder[64];

static bool tell(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ok;
}

static bool may_mount(void)
{
    char users[64], groups[64];

    if (geteuid() == 0)
        return unshare(CLONE_NEWNS) == 0;
    snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
    snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && tell("/proc/self/uid_map", users) &&
           tell("/proc/self/setgroups", "deny") && tell("/proc/self/gid_map", groups);
}

static bool mount_small_disk(void)
{
    return may_mount() && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", folder, "tmpfs", 0, "size=64k") == 0;
}

static void check_only_the_older_file(const char *path)
{
    DIR *d = opendir(folder);
    char content[20] = "";
    int files = 0;
    FILE *f = fopen(path, "r");

    REQUIRE(d && f);
    for (struct dirent *e; (e = readdir(d));)
        files += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    CHECK_INT(files, 1);
    CHECK(fgets(content, sizeof content, f) != NULL);
    CHECK_STR(content, "older");
    fclose(f);
    closedir(d);
}

static void does_not_fit(const char *path, cw_compression kind, size_t bytes)
{
    cw_writer_options o = CW_WRITER_OPTIONS_INIT;
    cw_writer *w;
    cw_error err;
    cw_status wrote;

    o.compression = kind;
    CHECK_OK(cw_writer_open(&w, NULL, path, &o, &err), err);
    wrote = write_all(w, data, bytes);
    CHECK(wrote == CW_OK || wrote == CW_E_IO);
    CHECK_INT(cw_writer_printf(w, "more"), wrote);
    CHECK_STATUS(cw_writer_close(w, NULL, &err), CW_E_IO, err);
    CHECK_INT(err.os_errno, ENOSPC);
    check_only_the_older_file(path);
}

static void write_older(const char *path)
{
    cw_writer *w;
    cw_error err;

    CHECK_OK(cw_writer_open(&w, NULL, path, NULL, &err), err);
    CHECK_INT(cw_writer_printf(w, "older"), CW_OK);
    CHECK_OK(cw_writer_close(w, NULL, &err), err);
    check_only_the_older_file(path);
}

static void on_a_small_disk(void)
{
    char path[100], url[120];

    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(url, sizeof url, "file://%s", path);
    write_older(path);
    for (int kind = CW_COMPRESSION_NONE; kind <= CW_COMPRESSION_ZSTD; kind++)
        for (size_t n = DISK - 4096; n <= 16 * DISK; n = n * 2 + 1)
            does_not_fit(path, (cw_compression)kind, n);
    write_older(path); /* there is room again */
    cw_writer *w;
    cw_error err;
    CHECK_OK(cw_writer_open(&w, NULL, url, NULL, &err), err);
    write_all(w, data, 16 * DISK);
    CHECK_OK(cw_writer_abort(w, &err), err);
    check_only_the_older_file(path);
}

static int in_the_child(void)
{
    alarm(60);
    if (mount_small_disk()) {
        on_a_small_disk();
    } else {
        fprintf(stderr, "    not tried here: a full disk (no file system can be mounted)\n");
        CHECK(!getenv("CI"));
    }
    return test_failures_here != 0;
}

static void a_full_disk(void)
{
    int status = -1;

    snprintf(folder, sizeof folder, "/tmp/cw-scripted-XXXXXX");
    REQUIRE(mkdtemp(folder));
    pid_t child = fork();
    if (child == 0)
        _exit(in_the_child());
    REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
    rmdir(folder);
}

static void a_full_device(void)
{
    cw_writer *w;
    cw_error err;

    CHECK_OK(cw_writer_open(&w, NULL, "/dev/full", NULL, &err), err);
    write_all(w, data, 16 * DISK);
    CHECK_STATUS(cw_writer_close(w, NULL, &err), CW_E_IO, err);
    CHECK_INT(err.os_errno, ENOSPC);
}

int main(int argc, char **argv)
{
    data = noise(17 * DISK);
    WITHIN(5000, a_full_disk);
    WITHIN(2000, a_full_device);
    free(data);
    return test_end();
}
