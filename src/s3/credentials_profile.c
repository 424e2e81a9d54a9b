/* credentials_profile.c - the keys of a profile, in the way that it names
 *
 * A profile with a role asks for its keys with those of another, which may again have a role:
 *
 *     [profile a]  role_arn, source_profile = b  ->  [b]  role_arn, source_profile = c  ->  [c]
 * keys
 *
 * The profiles on the way are kept in a list on the stack, so that a circle is seen.
 */
#include "s3/credentials_profile.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "s3/credential_process.h"
#include "s3/credentials_providers.h"
#include "s3/sso.h"
#include "s3/sts.h"

enum { LONGEST_CHAIN = 10, SHORTEST_ROLE_S = 900, LONGEST_ROLE_S = 43200 };

static const char source_name[] = "the shared credentials file";

typedef struct link {
    const cw__profile *profile;
    const struct link *before; /* whose keys need these */
    const cw_client_options *o;
    cw__asking *how;
} link;

static cw_status keys_of(const link *at, cw__keys **out, cw_error *err);

static const char *or_none(const char *path)
{
    return path ? path : "(no such file was named)";
}

/* ---- keys in the files ---- */

static cw_status unusable(const cw__profile *p, const char *what, cw_error *err)
{
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "profile '%s' in %s or %s %s", p->name,
                    or_none(p->credentials_path), or_none(p->config_path), what);
}

static cw_status own_keys(const cw__profile *p, cw__keys **out, cw_error *err)
{
    if (!p->access_key_id && !p->secret_access_key)
        return cw__fail(err, CW_E_CREDENTIALS_MISSING,
                        "profile '%s' has no aws_access_key_id in %s nor in %s", p->name,
                        or_none(p->credentials_path), or_none(p->config_path));
    if (!p->access_key_id)
        return unusable(p, "has an aws_secret_access_key without an aws_access_key_id", err);
    if (!p->secret_access_key)
        return unusable(p, "has an aws_access_key_id without an aws_secret_access_key", err);
    if (!cw__credentials_printable(p->access_key_id) ||
        (p->session_token && !cw__credentials_printable(p->session_token)))
        return unusable(p, "has a blank or a control character in its keys", err);
    *out = cw__keys_new(p->access_key_id, p->secret_access_key, p->session_token, 0, source_name);
    return *out ? CW_OK : cw__fail_memory(err, "copying the credentials");
}

/* ---- roles ---- */

static bool is_on_the_way(const link *at, const char *name)
{
    for (; at; at = at->before)
        if (strcmp(at->profile->name, name) == 0)
            return true;
    return false;
}

static size_t length_of(const link *at)
{
    size_t n = 0;
    for (; at; at = at->before)
        n++;
    return n;
}

/* A profile may be its own source, with the keys that it has. */
static cw_status keys_of_source_profile(const link *at, const char *name, cw__keys **out,
                                        cw_error *err)
{
    cw_client_options o = *at->o;
    cw__profile source;
    if (strcmp(at->profile->name, name) == 0)
        return own_keys(at->profile, out, err);
    if (is_on_the_way(at, name) || length_of(at) >= LONGEST_CHAIN)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the source_profile of profile '%s' is '%s', which leads back to it, or on "
                        "for more than %d profiles",
                        at->profile->name, name, LONGEST_CHAIN);
    o.profile = name;
    cw_status status = cw__profile_read(&source, &o, err);
    if (status != CW_OK)
        return status;
    link next = {.profile = &source, .before = at, .o = at->o, .how = at->how};
    status = keys_of(&next, out, err);
    cw__profile_free(&source);
    return status;
}

static cw_status keys_of_environment(const link *at, cw__keys **out, cw_error *err)
{
    const cw_client_options *o = at->o;
    if (!o->source_access_key_id || !o->source_secret_access_key)
        return cw__fail(err, CW_E_CREDENTIALS_MISSING,
                        "profile '%s' says credential_source = Environment, and there are no keys "
                        "in the environment",
                        at->profile->name);
    *out = cw__keys_new(o->source_access_key_id, o->source_secret_access_key,
                        o->source_session_token, 0, "the environment");
    return *out ? CW_OK : cw__fail_memory(err, "copying the credentials");
}

/* A provider of the chain, made for the occasion. */
static cw_status keys_of_provider(const link *at, bool container, cw__keys **out, cw_error *err)
{
    cw__credentials_provider p = {0};
    cw_status status = container ? cw__credentials_container(&p, at->o, err)
                                 : cw__credentials_instance(&p, at->o, err);
    if (status == CW_OK && !p.get)
        status = cw__fail(err, CW_E_CREDENTIALS_MISSING,
                          "the credential_source of profile '%s' has nothing: %s",
                          at->profile->name, p.absent);
    if (status == CW_OK)
        status = p.get(p.self, at->how, out, err);
    if (p.free)
        p.free(p.self);
    return status;
}

static cw_status keys_of_source(const link *at, cw__keys **out, cw_error *err)
{
    const cw__profile *p = at->profile;
    const char *source = p->credential_source;
    if (!p->source_profile == !source)
        return unusable(p,
                        source ? "has both a source_profile and a credential_source"
                               : "has a role_arn without a source_profile, a credential_source or "
                                 "a web_identity_token_file",
                        err);
    if (p->source_profile)
        return keys_of_source_profile(at, p->source_profile, out, err);
    if (cw__equal_nocase(source, "Environment"))
        return keys_of_environment(at, out, err);
    if (cw__equal_nocase(source, "Ec2InstanceMetadata"))
        return keys_of_provider(at, false, out, err);
    if (cw__equal_nocase(source, "EcsContainer"))
        return keys_of_provider(at, true, out, err);
    return unusable(p,
                    "has a credential_source that is none of Environment, Ec2InstanceMetadata and "
                    "EcsContainer",
                    err);
}

static cw_status keys_of_web_identity(const link *at, const cw__sts *sts, const cw__sts_role *role,
                                      cw__keys **out, cw_error *err)
{
    cw__text token = {0};
    cw_status status =
        cw__credentials_read_token(&token, at->profile->web_identity_token_file, err);
    if (status == CW_OK)
        status = cw__sts_web_identity(sts, role, token.p, at->how, out, err);
    cw__text_free(&token);
    return status;
}

static cw_status check_role(const cw__profile *p, cw__sts_role *role, cw_error *err)
{
    uint64_t seconds = 0;
    if (!p->role_arn)
        return unusable(p, "has a web_identity_token_file without a role_arn", err);
    if (p->mfa_serial)
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "profile '%s' has an mfa_serial: a code cannot be asked for here. Use "
                        "temporary keys (aws sts get-session-token), SSO or a credential_process",
                        p->name);
    if (p->duration_seconds && (!cw__parse_u64(p->duration_seconds, LONGEST_ROLE_S, &seconds) ||
                                seconds < SHORTEST_ROLE_S))
        return unusable(p, "has a duration_seconds that is no number from 900 to 43200", err);
    *role = (cw__sts_role){.arn = p->role_arn,
                           .session_name = p->role_session_name,
                           .external_id = p->external_id,
                           .duration_s = (uint32_t)seconds};
    return CW_OK;
}

static const char *region_of(const link *at)
{
    if (at->o->region && *at->o->region)
        return at->o->region;
    return at->profile->region ? at->profile->region : "us-east-1";
}

static cw_status keys_of_role(const link *at, cw__keys **out, cw_error *err)
{
    cw__sts sts = {.endpoint_url = at->o->sts_endpoint_url, .region = region_of(at)};
    cw__sts_role role;
    cw__keys *source = NULL;
    cw_status status = check_role(at->profile, &role, err);
    if (status != CW_OK)
        return status;
    if (cw__asking_refuses(at->how))
        return CW_E_CREDENTIALS_MISSING;
    if (at->profile->web_identity_token_file)
        return keys_of_web_identity(at, &sts, &role, out, err);
    at->how->final = true; /* the keys of another provider would be those of somebody else */
    status = keys_of_source(at, &source, err);
    if (status == CW_OK)
        status = cw__sts_assume_role(&sts, &role, source, at->how, out, err);
    cw__keys_free(source);
    return status;
}

/* ---- the ways ---- */

static cw_status keys_of(const link *at, cw__keys **out, cw_error *err)
{
    const cw__profile *p = at->profile;
    switch (p->way) {
    case CW__WAY_ROLE:
        return keys_of_role(at, out, err);
    case CW__WAY_SSO:
        if (cw__asking_refuses(at->how))
            return CW_E_CREDENTIALS_MISSING;
        return cw__sso_keys(p, at->o, at->how, out, err);
    case CW__WAY_PROCESS:
        if (cw__asking_refuses(at->how))
            return CW_E_CREDENTIALS_MISSING;
        return cw__process_keys(p->credential_process, p->name, at->how, out, err);
    case CW__WAY_LOGIN:
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "profile '%s' gets its keys by login_session, which is not supported: use "
                        "credential_process = aws configure export-credentials --profile %s",
                        p->name, p->name);
    default:
        return own_keys(p, out, err);
    }
}

cw_status cw__profile_keys(const cw__profile *p, const cw_client_options *o, cw__asking *how,
                           cw__keys **out, cw_error *err)
{
    link first = {.profile = p, .o = o, .how = how};
    *out = NULL;
    return keys_of(&first, out, err);
}
