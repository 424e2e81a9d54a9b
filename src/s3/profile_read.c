/* profile_read.c - find and read the shared AWS files
 *
 * Owns the bytes of the files while they are parsed, and wipes them. Opens nothing but files that
 * end: what is no regular file is read once, without waiting.
 */
#include "s3/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

enum {
    LARGEST_FILE = 1024 * 1024,
    OTHER_BYTES = 64 * 1024 /* of what has no size of its own: /dev/null, a pipe */
};

typedef struct contents {
    char *p;
    size_t n;
} contents;

static void free_contents(contents *c)
{
    cw__wipe(c->p, c->n);
    cw__free(c->p);
    *c = (contents){0};
}

/* `given`, with ~/ taken for the home directory, else the default below that. NULL for none. */
static cw_status find_path(char **out, const char *given, const char *home, const char *below,
                           cw_error *err)
{
    cw__text path = {0};
    *out = NULL;
    if (given && cw__starts_with(given, "~/") && home) {
        cw__text_add(&path, home);
        cw__text_add(&path, given + 1);
    } else if (given) {
        cw__text_add(&path, given);
    } else if (home) {
        cw__text_add(&path, home);
        cw__text_add(&path, below);
    }
    *out = path.p;
    if (!path.failed)
        return CW_OK;
    cw__text_free(&path);
    *out = NULL;
    return cw__fail_memory(err, "looking for the AWS config files");
}

static cw_status read_open(int fd, const char *path, contents *out, cw_error *err)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return cw__fail_errno(err, errno, "cannot read %s", path);
    if (S_ISDIR(about.st_mode))
        return cw__fail_errno(err, EISDIR, "cannot read %s", path);
    if (about.st_size > LARGEST_FILE)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "%s has %lld bytes: that is no config file",
                        path, (long long)about.st_size);
    size_t size = S_ISREG(about.st_mode) ? (size_t)about.st_size : OTHER_BYTES;
    out->p = cw__alloc(size + 1);
    if (!out->p)
        return cw__fail_memory(err, "reading the AWS config files");
    while (out->n < size) {
        ssize_t got = read(fd, out->p + out->n, size - out->n);
        if (got == 0)
            break;
        if (got > 0)
            out->n += (size_t)got;
        else if (errno != EINTR)
            return cw__fail_errno(err, errno, "cannot read %s", path);
    }
    return CW_OK;
}

/* Is it as good as not there? Not if it can be seen, and only its bytes are refused. */
static bool is_missing(int os_errno, const char *path)
{
    struct stat about;
    if (os_errno == ENOENT || os_errno == ENOTDIR)
        return true;
    return os_errno == EACCES && stat(path, &about) != 0;
}

static cw_status read_file(const char *path, bool named, contents *out, cw_error *err)
{
    if (!path)
        return CW_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && !named && is_missing(errno, path))
        return CW_OK;
    if (fd < 0)
        return cw__fail_errno(err, errno, "cannot read %s", path);
    cw_status status = read_open(fd, path, out, err);
    close(fd);
    return status;
}

static cw_status not_found(const cw__profile *p, const char *name, cw_error *err)
{
    return cw__fail(err, CW_E_INVALID_ARGUMENT,
                    "there is no profile '%s': [profile %s] is not in %s, nor [%s] in %s", name,
                    name, p->config_path ? p->config_path : "a config file (none was named)", name,
                    p->credentials_path ? p->credentials_path
                                        : "a credentials file (none was named)");
}

static const char *given(const char *s)
{
    return s && *s ? s : NULL;
}

static cw_status parse_files(cw__profile *out, const cw_client_options *o, const char *config_path,
                             const char *credentials_path, cw_error *err)
{
    contents config = {0}, credentials = {0};
    cw_status status = read_file(config_path, given(o->config_file) != NULL, &config, err);
    if (status == CW_OK)
        status = read_file(credentials_path, given(o->credentials_file) != NULL, &credentials, err);
    if (status == CW_OK) {
        cw__profile_input in = {.name = given(o->profile) ? o->profile : "default",
                                .home_directory = given(o->home_directory),
                                .ignore_endpoints = o->ignore_configured_endpoints != 0,
                                .config_path = config_path ? config_path : "",
                                .config = config.p ? config.p : "",
                                .config_bytes = config.n,
                                .credentials_path = credentials_path ? credentials_path : "",
                                .credentials = credentials.p ? credentials.p : "",
                                .credentials_bytes = credentials.n};
        status = cw__profile_parse(out, &in, err);
    }
    free_contents(&config);
    free_contents(&credentials);
    return status;
}

cw_status cw__profile_read(cw__profile *out, const cw_client_options *o, cw_error *err)
{
    char *config_path = NULL, *credentials_path = NULL;
    const char *home = given(o->home_directory);
    memset(out, 0, sizeof *out);
    cw_status status = find_path(&config_path, given(o->config_file), home, "/.aws/config", err);
    if (status == CW_OK)
        status = find_path(&credentials_path, given(o->credentials_file), home, "/.aws/credentials",
                           err);
    if (status == CW_OK)
        status = parse_files(out, o, config_path, credentials_path, err);
    if (status != CW_OK) {
        cw__free(config_path);
        cw__free(credentials_path);
        return status;
    }
    out->config_path = config_path;
    out->credentials_path = credentials_path;
    if (given(o->profile) && !out->found) {
        status = not_found(out, o->profile, err);
        cw__profile_free(out);
    }
    return status;
}
