/* credentials_shared.c - the keys of a profile in the shared config and credentials files
 *
 * Owns copies of what says which profile in which files; the files themselves are read each time
 * that keys are asked for, so that whoever renews them there is noticed. Called under the lock of
 * the chain.
 */
#include "s3/credentials_providers.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "s3/profile.h"

static const char provider_name[] = "the shared credentials file";

/* Enough to see that a file was written or replaced. */
typedef struct stamp {
    bool there;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
} stamp;

typedef struct shared {
    cw_client_options where; /* its strings are ours */
    char *profile, *home_directory, *config_file, *credentials_file;
    char *config_path, *credentials_path; /* as found by the last reading; NULL for none */
    stamp config_stamp, credentials_stamp;
} shared;

static stamp stamp_of(const char *path)
{
    struct stat about;
    stamp s = {0};
    if (!path || stat(path, &about) != 0)
        return s;
    s.there = true;
    s.device = about.st_dev;
    s.inode = about.st_ino;
    s.size = about.st_size;
    s.modified = about.st_mtim;
    return s;
}

static bool same_stamp(const stamp *a, const stamp *b)
{
    return a->there == b->there && a->device == b->device && a->inode == b->inode &&
           a->size == b->size && a->modified.tv_sec == b->modified.tv_sec &&
           a->modified.tv_nsec == b->modified.tv_nsec;
}

static bool changed(void *self)
{
    const shared *s = self;
    stamp config = stamp_of(s->config_path), credentials = stamp_of(s->credentials_path);
    return !same_stamp(&config, &s->config_stamp) ||
           !same_stamp(&credentials, &s->credentials_stamp);
}

static const char *or_none(const char *path)
{
    return path ? path : "(no such file was named)";
}

static cw_status missing(const cw__profile *p, cw_error *err)
{
    if (p->unsupported)
        return cw__fail(err, CW_E_CREDENTIALS_MISSING,
                        "profile '%s' gets its keys by %s, which this library cannot do: put "
                        "temporary keys into the environment or into %s",
                        p->name, p->unsupported, or_none(p->credentials_path));
    return cw__fail(err, CW_E_CREDENTIALS_MISSING,
                    "profile '%s' has no aws_access_key_id in %s nor in %s", p->name,
                    or_none(p->credentials_path), or_none(p->config_path));
}

static cw_status unusable(const cw__profile *p, const char *what, cw_error *err)
{
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "profile '%s' in %s or %s %s", p->name,
                    or_none(p->credentials_path), or_none(p->config_path), what);
}

static cw_status keys_of(const cw__profile *p, cw__keys **out, cw_error *err)
{
    if (p->unsupported || (!p->access_key_id && !p->secret_access_key))
        return missing(p, err);
    if (!p->access_key_id)
        return unusable(p, "has an aws_secret_access_key without an aws_access_key_id", err);
    if (!p->secret_access_key)
        return unusable(p, "has an aws_access_key_id without an aws_secret_access_key", err);
    if (!cw__credentials_printable(p->access_key_id) ||
        (p->session_token && !cw__credentials_printable(p->session_token)))
        return unusable(p, "has a blank or a control character in its keys", err);
    *out = cw__keys_new(p->access_key_id, p->secret_access_key, p->session_token, 0, provider_name);
    return *out ? CW_OK : cw__fail_memory(err, "copying the credentials");
}

/* The stamps are taken before the files are read: a change in between is seen the next time. */
static void remember_files(shared *s, cw__profile *p)
{
    cw__free(s->config_path);
    cw__free(s->credentials_path);
    s->config_path = p->config_path;
    s->credentials_path = p->credentials_path;
    p->config_path = p->credentials_path = NULL;
}

static cw_status get(void *self, cw__asking *how, cw__keys **out, cw_error *err)
{
    (void)how;
    shared *s = self;
    cw__profile profile;
    s->config_stamp = stamp_of(s->config_path);
    s->credentials_stamp = stamp_of(s->credentials_path);
    cw_status status = cw__profile_read(&profile, &s->where, err);
    if (status != CW_OK)
        return status;
    status = keys_of(&profile, out, err);
    remember_files(s, &profile);
    cw__profile_free(&profile);
    return status;
}

static void free_self(void *self)
{
    shared *s = self;
    cw__free(s->profile);
    cw__free(s->home_directory);
    cw__free(s->config_file);
    cw__free(s->credentials_file);
    cw__free(s->config_path);
    cw__free(s->credentials_path);
    cw__free(s);
}

static bool copy(char **to, const char *from)
{
    *to = cw__strdup(from);
    return *to || !from;
}

cw_status cw__credentials_shared(cw__credentials_provider *out, const cw_client_options *o,
                                 const cw__profile *profile, cw_error *err)
{
    shared *s = cw__alloc_zero(sizeof *s);
    if (!s)
        return cw__fail_memory(err, "preparing to read credentials");
    if (!copy(&s->profile, o->profile) || !copy(&s->home_directory, o->home_directory) ||
        !copy(&s->config_file, o->config_file) ||
        !copy(&s->credentials_file, o->credentials_file) ||
        !copy(&s->config_path, profile->config_path) ||
        !copy(&s->credentials_path, profile->credentials_path)) {
        free_self(s);
        return cw__fail_memory(err, "preparing to read credentials");
    }
    s->where.struct_size = sizeof s->where;
    s->where.profile = s->profile;
    s->where.home_directory = s->home_directory;
    s->where.config_file = s->config_file;
    s->where.credentials_file = s->credentials_file;
    *out = (cw__credentials_provider){
        .name = provider_name, .get = get, .changed = changed, .free = free_self, .self = s};
    return CW_OK;
}
