/* profile.c - the shared AWS config and credentials files, as far as one profile is concerned
 *
 * The config file has [default], [profile NAME] and [services NAME], the credentials file [NAME].
 * Each file is read into a source of its own; then they are put together by the rules of the AWS
 * tools: the credentials file before the config file, and keys always from one file alone.
 * Nothing here touches a file: profile_read.c does.
 *
 * Everything that came from a file is wiped before its memory is given back: it may be a key.
 */
#include "s3/profile.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "s3/ini.h"

/* What one section says. */
typedef struct source {
    cw__profile settings;
    char *services;         /* the name of a [services …] section */
    char *ignore_endpoints; /* "true" or "false" */
} source;

typedef struct setting {
    const char *key, *nested;
    size_t offset;
} setting;

#define OF_SOURCE(field)  offsetof(source, field)
#define OF_PROFILE(field) offsetof(source, settings.field)

static const setting profile_settings[] = {
    {"aws_access_key_id", NULL, OF_PROFILE(access_key_id)},
    {"aws_secret_access_key", NULL, OF_PROFILE(secret_access_key)},
    {"aws_session_token", NULL, OF_PROFILE(session_token)},
    {"aws_security_token", NULL, OF_PROFILE(session_token)}, /* its old name */
    {"region", NULL, OF_PROFILE(region)},
    {"endpoint_url", NULL, OF_PROFILE(endpoint_url)}, /* one for all services */
    {"endpoint_url", NULL, OF_PROFILE(sts_endpoint_url)},
    {"endpoint_url", NULL, OF_PROFILE(sso_endpoint_url)},
    {"endpoint_url", NULL, OF_PROFILE(sso_oidc_endpoint_url)},
    {"s3", "addressing_style", OF_PROFILE(addressing_style)},
    {"ca_bundle", NULL, OF_PROFILE(ca_bundle)},
    {"max_attempts", NULL, OF_PROFILE(max_attempts)},
    {"request_checksum_calculation", NULL, OF_PROFILE(checksum_calculation)},
    {"s3", "payload_signing_enabled", OF_PROFILE(payload_signing_enabled)},
    {"use_dualstack_endpoint", NULL, OF_PROFILE(use_dualstack_endpoint)},
    {"s3", "use_dualstack_endpoint", OF_PROFILE(use_dualstack_endpoint)},
    {"use_fips_endpoint", NULL, OF_PROFILE(use_fips_endpoint)},
    {"s3", "use_accelerate_endpoint", OF_PROFILE(use_accelerate_endpoint)},
    {"s3_us_east_1_regional_endpoint", NULL, OF_PROFILE(us_east_1_regional_endpoint)},
    {"s3", "us_east_1_regional_endpoint", OF_PROFILE(us_east_1_regional_endpoint)},
    {"s3_use_arn_region", NULL, OF_PROFILE(s3_use_arn_region)},
    {"s3", "use_arn_region", OF_PROFILE(s3_use_arn_region)},
    {"s3_disable_multiregion_access_points", NULL,
     OF_PROFILE(s3_disable_multiregion_access_points)},
    {"s3", "s3_disable_multiregion_access_points",
     OF_PROFILE(s3_disable_multiregion_access_points)},
    {"s3_disable_express_session_auth", NULL, OF_PROFILE(s3_disable_express_session_auth)},
    {"retry_mode", NULL, OF_PROFILE(retry_mode)},
    {"sdk_ua_app_id", NULL, OF_PROFILE(sdk_ua_app_id)},
    {"services", NULL, OF_SOURCE(services)},
    {"ignore_configured_endpoint_urls", NULL, OF_SOURCE(ignore_endpoints)},
    {"role_arn", NULL, OF_PROFILE(role_arn)},
    {"source_profile", NULL, OF_PROFILE(source_profile)},
    {"credential_source", NULL, OF_PROFILE(credential_source)},
    {"external_id", NULL, OF_PROFILE(external_id)},
    {"duration_seconds", NULL, OF_PROFILE(duration_seconds)},
    {"role_session_name", NULL, OF_PROFILE(role_session_name)},
    {"mfa_serial", NULL, OF_PROFILE(mfa_serial)},
    {"web_identity_token_file", NULL, OF_PROFILE(web_identity_token_file)},
    {"credential_process", NULL, OF_PROFILE(credential_process)},
    {"sso_session", NULL, OF_PROFILE(sso_session)},
    {"sso_start_url", NULL, OF_PROFILE(sso_start_url)},
    {"sso_region", NULL, OF_PROFILE(sso_region)},
    {"sso_account_id", NULL, OF_PROFILE(sso_account_id)},
    {"sso_role_name", NULL, OF_PROFILE(sso_role_name)},
    {"login_session", NULL, OF_PROFILE(login_session)},
};

static const setting sso_session_settings[] = {
    {"sso_start_url", NULL, OF_PROFILE(sso_start_url)},
    {"sso_region", NULL, OF_PROFILE(sso_region)},
};

/* Those that one file gives as well as the other. */
static const size_t moved_settings[] = {
    OF_PROFILE(region),
    OF_PROFILE(endpoint_url),
    OF_PROFILE(sts_endpoint_url),
    OF_PROFILE(sso_endpoint_url),
    OF_PROFILE(sso_oidc_endpoint_url),
    OF_PROFILE(addressing_style),
    OF_PROFILE(ca_bundle),
    OF_PROFILE(max_attempts),
    OF_PROFILE(checksum_calculation),
    OF_PROFILE(payload_signing_enabled),
    OF_PROFILE(use_dualstack_endpoint),
    OF_PROFILE(use_fips_endpoint),
    OF_PROFILE(use_accelerate_endpoint),
    OF_PROFILE(us_east_1_regional_endpoint),
    OF_PROFILE(s3_use_arn_region),
    OF_PROFILE(s3_disable_multiregion_access_points),
    OF_PROFILE(s3_disable_express_session_auth),
    OF_PROFILE(retry_mode),
    OF_PROFILE(sdk_ua_app_id),
    OF_PROFILE(role_arn),
    OF_PROFILE(source_profile),
    OF_PROFILE(credential_source),
    OF_PROFILE(external_id),
    OF_PROFILE(duration_seconds),
    OF_PROFILE(role_session_name),
    OF_PROFILE(mfa_serial),
    OF_PROFILE(web_identity_token_file),
    OF_PROFILE(credential_process),
    OF_PROFILE(sso_session),
    OF_PROFILE(sso_start_url),
    OF_PROFILE(sso_region),
    OF_PROFILE(sso_account_id),
    OF_PROFILE(sso_role_name),
    OF_PROFILE(login_session),
};

static const setting services_settings[] = {
    {"s3", "endpoint_url", OF_PROFILE(endpoint_url)},
    {"sts", "endpoint_url", OF_PROFILE(sts_endpoint_url)},
    {"sso", "endpoint_url", OF_PROFILE(sso_endpoint_url)},
    {"sso_oidc", "endpoint_url", OF_PROFILE(sso_oidc_endpoint_url)},
};

/* The settings of one section of one file, and where they go. */
typedef struct search {
    const char *kind; /* "profile" or "services"; "" for a bare [name] */
    const char *name;
    const setting *known;
    size_t known_count;
    source *into;
    bool found;
} search;

static char **field_at(source *s, size_t offset)
{
    return (char **)(void *)((char *)s + offset);
}

/* The same in a profile, whose settings come first in a source. */
static char **field_of(cw__profile *p, size_t offset)
{
    return (char **)(void *)((char *)p + (offset - offsetof(source, settings)));
}

static void free_source(source *s)
{
    cw__profile_free(&s->settings);
    cw__free(s->services);
    cw__free(s->ignore_endpoints);
}

static bool same_name(const char *written, const char *name)
{
    size_t n = strlen(written);
    bool quoted = n >= 2 && (*written == '"' || *written == '\'') && written[n - 1] == *written;
    if (!quoted)
        return strcmp(written, name) == 0;
    return strlen(name) == n - 2 && strncmp(written + 1, name, n - 2) == 0;
}

static bool is_section(const search *s, const char *section)
{
    size_t n = strlen(s->kind);
    if (n == 0)
        return same_name(section, s->name);
    return strncmp(section, s->kind, n) == 0 && section[n] == ' ' &&
           same_name(section + n + 1, s->name);
}

static bool is_setting(const setting *known, const cw__ini_item *item)
{
    bool same_nested = known->nested && item->nested ? strcmp(known->nested, item->nested) == 0
                                                     : !known->nested && !item->nested;
    return same_nested && strcmp(known->key, item->key) == 0;
}

static bool replace(char **field, const char *value)
{
    char *copy = cw__strdup(value);
    if (!copy)
        return false;
    cw__free_secret(*field);
    *field = copy;
    return true;
}

/* The last of several wins; an empty value is none. */
static bool take_item(void *user, const cw__ini_item *item)
{
    search *s = user;
    if (!is_section(s, item->section))
        return true;
    s->found = true;
    for (size_t i = 0; *item->value && i < s->known_count; i++)
        if (is_setting(&s->known[i], item) &&
            !replace(field_at(s->into, s->known[i].offset), item->value))
            return false;
    return true;
}

static cw_status search_section(source *into, const char *kind, const char *name, const char *text,
                                size_t n, const char *path, cw_error *err)
{
    search s = {.kind = kind,
                .name = name,
                .known = profile_settings,
                .known_count = sizeof profile_settings / sizeof *profile_settings,
                .into = into};
    if (strcmp(kind, "services") == 0) {
        s.known = services_settings;
        s.known_count = sizeof services_settings / sizeof *services_settings;
    } else if (strcmp(kind, "sso-session") == 0) {
        s.known = sso_session_settings;
        s.known_count = sizeof sso_session_settings / sizeof *sso_session_settings;
    }
    cw_status status = cw__ini_read(text, n, path, take_item, &s, err);
    into->settings.found |= s.found;
    return status;
}

/* [profile default] comes before [default]; no other name may stand bare in the config file. */
static cw_status read_config(source *config, const cw__profile_input *in, cw_error *err)
{
    cw_status status = search_section(config, "profile", in->name, in->config, in->config_bytes,
                                      in->config_path, err);
    if (status == CW_OK && !config->settings.found && strcmp(in->name, "default") == 0)
        status = search_section(config, "", in->name, in->config, in->config_bytes, in->config_path,
                                err);
    return status;
}

/* A section that the profile names; it stands in the config file. */
static cw_status read_named(source *named, const char *kind, const char *name,
                            const cw__profile_input *in, cw_error *err)
{
    if (!name)
        return CW_OK;
    return search_section(named, kind, name, in->config, in->config_bytes, in->config_path, err);
}

static void move_field(char **to, char **from)
{
    if (!*from)
        return;
    cw__free_secret(*to);
    *to = *from;
    *from = NULL;
}

/* All three or none, so that no token goes with the keys of another file. */
static void move_keys(cw__profile *to, cw__profile *from)
{
    if (!from->access_key_id && !from->secret_access_key)
        return;
    cw__free_secret(to->session_token);
    to->session_token = NULL;
    cw__free_secret(to->secret_access_key);
    to->secret_access_key = NULL;
    cw__free_secret(to->access_key_id);
    to->access_key_id = NULL;
    move_field(&to->access_key_id, &from->access_key_id);
    move_field(&to->secret_access_key, &from->secret_access_key);
    move_field(&to->session_token, &from->session_token);
}

static void move_all_but_keys(cw__profile *to, cw__profile *from, bool from_credentials)
{
    for (size_t i = 0; i < sizeof moved_settings / sizeof *moved_settings; i++) {
        char **field = field_of(from, moved_settings[i]);
        uint64_t bit = UINT64_C(1) << i;
        if (*field)
            to->in_credentials = (to->in_credentials & ~bit) | (from_credentials ? bit : 0);
        move_field(field_of(to, moved_settings[i]), field);
    }
}

static void move_settings(cw__profile *to, cw__profile *from, bool from_credentials)
{
    to->found |= from->found;
    move_keys(to, from);
    move_all_but_keys(to, from, from_credentials);
}

const char *cw__profile_file(const cw__profile *p, char *const *field)
{
    size_t at = (size_t)((const char *)field - (const char *)p) + offsetof(source, settings), i = 0;
    while (moved_settings[i] != at)
        i++;
    return p->in_credentials >> i & 1 ? p->credentials_path : p->config_path;
}

/* A role and SSO come before any keys; a process after those of the credentials file. */
static cw__profile_way way_of(const cw__profile *p, bool keys_in_credentials)
{
    if (p->role_arn || p->web_identity_token_file)
        return CW__WAY_ROLE;
    if (p->sso_session || p->sso_start_url || p->sso_account_id)
        return CW__WAY_SSO;
    if (keys_in_credentials)
        return CW__WAY_KEYS;
    if (p->credential_process)
        return CW__WAY_PROCESS;
    if (p->login_session)
        return CW__WAY_LOGIN;
    return p->access_key_id || p->secret_access_key ? CW__WAY_KEYS : CW__WAY_NONE;
}

static bool endpoints_ignored(const cw__profile_input *in, const source *config,
                              const source *credentials)
{
    const char *said =
        credentials->ignore_endpoints ? credentials->ignore_endpoints : config->ignore_endpoints;
    return in->ignore_endpoints || (said && cw__equal_nocase(said, "true"));
}

/* Make "~/x" a path below the home directory. */
static bool expand_home(char **path, const char *home)
{
    cw__text text = {0};
    if (!*path || !home || !cw__starts_with(*path, "~/"))
        return true;
    cw__text_add(&text, home);
    cw__text_add(&text, *path + 1);
    if (text.failed) {
        cw__text_free(&text);
        return false;
    }
    cw__free(*path);
    *path = text.p;
    return true;
}

/* Put the sources together; false when out of memory. */
static bool combine(cw__profile *out, source *config, source *credentials, source *services,
                    source *session, const cw__profile_input *in)
{
    bool keys_in_credentials = credentials->settings.access_key_id != NULL;
    move_settings(out, &config->settings, false);
    move_settings(out, &credentials->settings, true);
    move_all_but_keys(out, &services->settings, false);
    move_all_but_keys(out, &session->settings, false);
    out->ignore_endpoints = endpoints_ignored(in, config, credentials);
    out->way = way_of(out, keys_in_credentials);
    out->name = cw__strdup(in->name);
    return out->name && expand_home(&out->ca_bundle, in->home_directory) &&
           expand_home(&out->web_identity_token_file, in->home_directory);
}

static const char *either(const char *first, const char *second)
{
    return first ? first : second;
}

cw_status cw__profile_parse(cw__profile *out, const cw__profile_input *in, cw_error *err)
{
    source config = {0}, credentials = {0}, services = {0}, session = {0};
    memset(out, 0, sizeof *out);
    cw_status status = read_config(&config, in, err);
    if (status == CW_OK)
        status = search_section(&credentials, "", in->name, in->credentials, in->credentials_bytes,
                                in->credentials_path, err);
    if (status == CW_OK)
        status = read_named(&services, "services", either(credentials.services, config.services),
                            in, err);
    if (status == CW_OK)
        status = read_named(&session, "sso-session",
                            either(credentials.settings.sso_session, config.settings.sso_session),
                            in, err);
    if (status == CW_OK && !combine(out, &config, &credentials, &services, &session, in))
        status = cw__fail_memory(err, "reading the AWS config files");
    free_source(&config);
    free_source(&credentials);
    free_source(&services);
    free_source(&session);
    if (status != CW_OK)
        cw__profile_free(out);
    return status;
}

void cw__profile_free(cw__profile *p)
{
    cw__free(p->name);
    cw__free_secret(p->access_key_id);
    cw__free_secret(p->secret_access_key);
    cw__free_secret(p->session_token);
    for (size_t i = 0; i < sizeof moved_settings / sizeof *moved_settings; i++)
        cw__free_secret(*field_of(p, moved_settings[i])); /* a command may have a password in it */
    cw__free(p->config_path);
    cw__free(p->credentials_path);
    memset(p, 0, sizeof *p);
}
