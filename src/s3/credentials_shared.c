/* credentials_shared.c - the keys of the profile in the shared config and credentials files
 *
 * Owns copies of what says which profile in which files; the files themselves are read each time
 * that keys are asked for, so that whoever renews them there is noticed. In which way the profile
 * gets its keys is for credentials_profile.c.
 */
#include "s3/credentials_providers.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "s3/credentials_profile.h"

/* Enough to see that a file was written or replaced. */
typedef struct stamp {
    bool there;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
} stamp;

typedef struct shared {
    cw_client_options where;              /* its strings are ours */
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

/* The options that say how a profile gets its keys. */
static const size_t kept[] = {
    offsetof(cw_client_options, region),
    offsetof(cw_client_options, profile),
    offsetof(cw_client_options, home_directory),
    offsetof(cw_client_options, config_file),
    offsetof(cw_client_options, credentials_file),
    offsetof(cw_client_options, container_credentials_path),
    offsetof(cw_client_options, container_credentials_url),
    offsetof(cw_client_options, container_authorization),
    offsetof(cw_client_options, container_authorization_file),
    offsetof(cw_client_options, instance_metadata_url),
    offsetof(cw_client_options, sts_endpoint_url),
    offsetof(cw_client_options, sso_endpoint_url),
    offsetof(cw_client_options, sso_oidc_endpoint_url),
    offsetof(cw_client_options, source_access_key_id),
    offsetof(cw_client_options, source_secret_access_key),
    offsetof(cw_client_options, source_session_token),
};

static const char **kept_field(cw_client_options *o, size_t i)
{
    return (const char **)(void *)((char *)o + kept[i]);
}

static bool changed(void *self)
{
    const shared *s = self;
    stamp config = stamp_of(s->config_path), credentials = stamp_of(s->credentials_path);
    return !same_stamp(&config, &s->config_stamp) ||
           !same_stamp(&credentials, &s->credentials_stamp);
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
    shared *s = self;
    cw__profile profile;
    s->config_stamp = stamp_of(s->config_path);
    s->credentials_stamp = stamp_of(s->credentials_path);
    cw_status status = cw__profile_read(&profile, &s->where, err);
    if (status != CW_OK)
        return status;
    status = cw__profile_keys(&profile, &s->where, how, out, err);
    remember_files(s, &profile);
    cw__profile_free(&profile);
    return status;
}

static void free_self(void *self)
{
    shared *s = self;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        cw__free_secret((char *)(uintptr_t)*kept_field(&s->where, i)); /* made by copy_options */
    cw__free(s->config_path);
    cw__free(s->credentials_path);
    cw__free(s);
}

/* An empty string is none. */
static bool copy_options(cw_client_options *to, const cw_client_options *from)
{
    cw_client_options source = *from;
    bool ok = true;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const char *s = *kept_field(&source, i);
        if (s && *s)
            ok = (*kept_field(to, i) = cw__strdup(s)) != NULL && ok;
    }
    to->struct_size = sizeof *to;
    to->instance_metadata = from->instance_metadata;
    return ok;
}

cw_status cw__credentials_shared(cw__credentials_provider *out, const cw_client_options *o,
                                 const cw__profile *profile, cw_error *err)
{
    shared *s = cw__alloc_zero(sizeof *s);
    if (!s)
        return cw__fail_memory(err, "preparing to read credentials");
    if (!copy_options(&s->where, o) || !cw__copy_given(&s->config_path, profile->config_path) ||
        !cw__copy_given(&s->credentials_path, profile->credentials_path)) {
        free_self(s);
        return cw__fail_memory(err, "preparing to read credentials");
    }
    out->get = get;
    out->changed = changed;
    out->free = free_self;
    out->self = s;
    return CW_OK;
}
