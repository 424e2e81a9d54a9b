/* environment.c - fill in a client's options from the environment
 *
 * The only place that reads it, and only when asked: by cw_client_options_from_env, and then to
 * tell which variable a text came from. Fields that are set already stay; an older caller's struct
 * is filled in as far as it reaches.
 */
#include <cloudwriter/client.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/options.h"
#include "base/text.h"
#include "base/url.h"
#include "s3/settings.h"
#include "s3/switches.h"

enum { MOST_ATTEMPTS = 1000 };

/* An empty variable is none. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static void fill(const char **field, const char *name)
{
    if (!*field)
        *field = variable(name);
}

static cw_status refuse(const char *name, const char *value, const char *want, cw_error *err)
{
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "%s is '%s': it must be %s", name, value, want);
}

/* For a profile that says credential_source = Environment, whoever else is asked first. */
static void keep_source_keys(cw_client_options *o, const char *id, const char *secret)
{
    if (!id || !secret || o->source_access_key_id)
        return;
    o->source_access_key_id = id;
    o->source_secret_access_key = secret;
    o->source_session_token = variable("AWS_SESSION_TOKEN");
}

static cw_status read_keys(cw_client_options *o, cw_error *err)
{
    const char *id = variable("AWS_ACCESS_KEY_ID"), *secret = variable("AWS_SECRET_ACCESS_KEY");
    keep_source_keys(o, id, secret);
    if (o->anonymous || o->credentials || o->profile || o->access_key_id || o->secret_access_key ||
        o->session_token)
        return CW_OK;
    if (!id != !secret)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "%s is set, and %s is not",
                        id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                        id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    o->access_key_id = id;
    o->secret_access_key = secret;
    if (id)
        o->session_token = variable("AWS_SESSION_TOKEN");
    return CW_OK;
}

/* An explicit profile comes before a role that the environment names, as before its keys. */
static void read_web_identity(cw_client_options *o)
{
    if (o->profile || o->web_identity_token_file)
        return;
    o->web_identity_token_file = variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    fill(&o->role_arn, "AWS_ROLE_ARN");
    fill(&o->role_session_name, "AWS_ROLE_SESSION_NAME");
}

static void read_container(cw_client_options *o)
{
    if (o->container_credentials_path || o->container_credentials_url)
        return;
    o->container_credentials_path = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    if (!o->container_credentials_path)
        o->container_credentials_url = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    fill(&o->container_authorization, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    fill(&o->container_authorization_file, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
}

static cw_status read_instance(cw_client_options *o, cw_error *err)
{
    static const char name[] = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
    const char *disabled = variable("AWS_EC2_METADATA_DISABLED"), *mode = variable(name);
    if (!disabled || !cw__equal_nocase(disabled, "true"))
        o->instance_metadata = 1;
    fill(&o->instance_metadata_url, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (o->instance_metadata_url || !mode || cw__equal_nocase(mode, "IPv4"))
        return CW_OK;
    if (!cw__equal_nocase(mode, "IPv6"))
        return refuse(name, mode, "IPv4 or IPv6", err);
    o->instance_metadata_url = "http://[fd00:ec2::254]";
    return CW_OK;
}

/* AWS_ENDPOINT_URL is for every service, unless one has its own. */
static void read_other_endpoints(cw_client_options *o)
{
    if (o->ignore_configured_endpoints)
        return;
    fill(&o->sts_endpoint_url, "AWS_ENDPOINT_URL_STS");
    fill(&o->sts_endpoint_url, "AWS_ENDPOINT_URL");
    fill(&o->sso_endpoint_url, "AWS_ENDPOINT_URL_SSO");
    fill(&o->sso_endpoint_url, "AWS_ENDPOINT_URL");
    fill(&o->sso_oidc_endpoint_url, "AWS_ENDPOINT_URL_SSO_OIDC");
    fill(&o->sso_oidc_endpoint_url, "AWS_ENDPOINT_URL");
}

static cw_status read_ignore(cw_client_options *o, cw_error *err)
{
    static const char name[] = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
    const char *value = variable(name);
    if (!value || cw__equal_nocase(value, "false"))
        return CW_OK;
    if (!cw__equal_nocase(value, "true"))
        return refuse(name, value, "true or false", err);
    o->ignore_configured_endpoints = 1;
    return CW_OK;
}

static cw_status read_endpoint(cw_client_options *o, cw_error *err)
{
    const char *name = "AWS_ENDPOINT_URL_S3";
    cw__endpoint_url url;
    cw_error why = {0};
    if (o->endpoint_url || o->ignore_configured_endpoints)
        return CW_OK;
    o->endpoint_url = variable(name);
    if (!o->endpoint_url)
        o->endpoint_url = variable(name = "AWS_ENDPOINT_URL");
    if (!o->endpoint_url)
        return CW_OK;
    cw_status status = cw__endpoint_url_parse(&url, o->endpoint_url, &why);
    if (status != CW_OK)
        return cw__fail(err, status, "%s: %s", name, why.message);
    cw__endpoint_url_free(&url);
    return CW_OK;
}

static cw_status read_attempts(cw_client_options *o, cw_error *err)
{
    static const char name[] = "AWS_MAX_ATTEMPTS";
    const char *value = variable(name);
    uint64_t n;
    if (o->max_attempts || !value)
        return CW_OK;
    if (!cw__parse_u64(value, MOST_ATTEMPTS, &n) || n == 0)
        return refuse(name, value, "a number from 1 to 1000", err);
    o->max_attempts = (unsigned)n;
    o->environment_max_attempts = o->max_attempts;
    return CW_OK;
}

static cw_status read_checksum(cw_client_options *o, cw_error *err)
{
    static const char name[] = "AWS_REQUEST_CHECKSUM_CALCULATION";
    const char *value = variable(name);
    if (o->checksum != CW_CHECKSUM_DEFAULT || !value || cw__equal_nocase(value, "when_supported"))
        return CW_OK;
    if (!cw__equal_nocase(value, "when_required"))
        return refuse(name, value, "when_supported or when_required", err);
    o->checksum = CW_CHECKSUM_NONE;
    o->environment_checksum = o->checksum;
    return CW_OK;
}

static cw_status read_switches(cw_client_options *o, cw_error *err)
{
    for (unsigned i = 0; i < CW__SWITCHES; i++) {
        const cw__switch *kind = &cw__switches[i];
        const char *value = kind->variable ? variable(kind->variable) : NULL;
        cw_switch *field = cw__switch_of(kind, o);
        char want[32];
        if (*field != CW_AS_CONFIGURED || !value)
            continue;
        *field = cw__switch_read(kind, value);
        o->environment_switches |= (unsigned)*field << 2 * i;
        snprintf(want, sizeof want, "%s or %s", kind->words[CW_ON], kind->words[CW_OFF]);
        if (*field == CW_AS_CONFIGURED)
            return refuse(kind->variable, value, want, err);
    }
    return CW_OK;
}

/* The names that curl reads, and in its order: not HTTP_PROXY, which a web server sets for a
 * request with a header "Proxy:". */
static void read_proxies(cw_client_options *o)
{
    fill(&o->https_proxy_url, "https_proxy");
    fill(&o->https_proxy_url, "HTTPS_PROXY");
    fill(&o->http_proxy_url, "http_proxy");
    fill(&o->https_proxy_url, "all_proxy");
    fill(&o->https_proxy_url, "ALL_PROXY");
    fill(&o->http_proxy_url, "all_proxy");
    fill(&o->http_proxy_url, "ALL_PROXY");
    fill(&o->no_proxy, "no_proxy");
    fill(&o->no_proxy, "NO_PROXY");
}

static void read_manners(cw_client_options *o)
{
    fill(&o->app_id, "AWS_SDK_UA_APP_ID");
    fill(&o->execution_environment, "AWS_EXECUTION_ENV");
    fill(&o->retry_mode, "AWS_RETRY_MODE");
    o->environment_read = 1;
}

static cw_status read_all(cw_client_options *o, cw_error *err)
{
    cw_status status = read_keys(o, err);
    if (status == CW_OK)
        status = read_ignore(o, err);
    if (status == CW_OK)
        status = read_endpoint(o, err);
    if (status == CW_OK)
        status = read_instance(o, err);
    if (status == CW_OK)
        status = read_attempts(o, err);
    if (status == CW_OK)
        status = read_checksum(o, err);
    if (status == CW_OK)
        status = read_switches(o, err);
    read_other_endpoints(o);
    read_web_identity(o);
    read_container(o);
    read_proxies(o);
    read_manners(o);
    fill(&o->region, "AWS_REGION");
    fill(&o->region, "AWS_DEFAULT_REGION");
    fill(&o->profile, "AWS_PROFILE");
    fill(&o->config_file, "AWS_CONFIG_FILE");
    fill(&o->credentials_file, "AWS_SHARED_CREDENTIALS_FILE");
    fill(&o->home_directory, "HOME");
    fill(&o->ca_bundle, "AWS_CA_BUNDLE");
    return status;
}

cw_status cw_client_options_from_env(cw_client_options *o, cw_error *err)
{
    cw_client_options all;
    cw__error_clear(err);
    if (!o || o->struct_size <= sizeof o->struct_size)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the options must be given, and start from CW_CLIENT_OPTIONS_INIT");
    cw_status status = cw__options_take(&all, sizeof all, o, err);
    if (status == CW_OK)
        status = read_all(&all, err);
    if (status != CW_OK)
        return status;
    all.struct_size = o->struct_size;
    memcpy(o, &all, o->struct_size < sizeof all ? o->struct_size : sizeof all);
    return CW_OK;
}

const char *cw__environment_around(const char *text)
{
    for (char **v = environ; v && *v; v++)
        if ((uintptr_t)text > (uintptr_t)*v && (uintptr_t)text < (uintptr_t)(*v + strlen(*v)))
            return *v;
    return NULL;
}
