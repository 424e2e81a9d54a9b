/* client_settings.c - what a client is to be, chosen from options, environment, profile and
 * defaults
 *
 * Each choice is made through settings.h, which notes it and where it is from.
 */
#include "s3/client.h"

#include "base/error.h"
#include "base/memory.h"
#include "s3/profile.h"
#include "s3/switches.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
    DEFAULT_RETRY_BASE_MS = 50,
    THROTTLED_BASE_FACTOR = 20, /* 1 s at the default */
    DEFAULT_RETRY_CAP_MS = 20000,
    DEFAULT_STALL_MS = 30000,
    DEFAULT_COMMIT_MS = 600000,
    DEFAULT_EXIT_MS = 5000
};

static const char DEFAULT_ATTEMPTS[] = "10";

/* NULL where the option is at its default, or is no option. */
static const char *word_of(const char *const *words, size_t count, unsigned value)
{
    return value && value < count ? words[value] : NULL;
}
#define WORD(words, value) word_of(words, sizeof(words) / sizeof *(words), (unsigned)(value))

static uint32_t take_ms(cw__settings *s, const char *name, uint32_t option, uint32_t otherwise)
{
    return (uint32_t)cw__settings_number(s, name, option, otherwise);
}

static void take_files(cw__settings *s)
{
    const cw_client_options *o = s->options;
    cw__settings_text(s, "profile", o->profile, NULL, "default");
    cw__settings_text(s, "config_file", o->config_file, NULL, s->profile->config_path);
    cw__settings_text(s, "credentials_file", o->credentials_file, NULL,
                      s->profile->credentials_path);
}

static cw_addressing take_addressing(cw__settings *s)
{
    static const char *const words[] = {"auto", "path", "virtual"};
    const char *style = cw__settings_text(s, "addressing", WORD(words, s->options->addressing),
                                          &s->profile->addressing_style, words[0]);

    return strcmp(style, words[1]) == 0   ? CW_ADDRESSING_PATH
           : strcmp(style, words[2]) == 0 ? CW_ADDRESSING_VIRTUAL
                                          : CW_ADDRESSING_AUTO;
}

/* What is configured may be meant for AWS alone; what the caller says is meant for this service. */
static const char *region_not_here(const cw_client *c, const cw__settings *s)
{
    const char *option = s->options->region;
    const char *region = option && *option ? option : s->profile->region;
    bool configured = s->options->environment_read && cw__environment_around(option);

    if (!region || (region == option && !configured))
        return NULL;
    return cw__provider_has_region(&c->provider, region) ? NULL : region;
}

static const char *choose_region(const cw_client *c, cw__settings *s, const char *own)
{
    const char *other = region_not_here(c, s);
    cw__text origin = {0};

    if (!other)
        return cw__settings_text(s, "region", s->options->region, &s->profile->region, own);
    cw__text_addf(&origin, "provider, not %s", other);
    cw__settings_note(s, "region", own, cw__text_str(&origin));
    s->lines.failed |= origin.failed;
    cw__text_free(&origin);
    return own;
}

/* "aws-global" is another name for us-east-1 and its host without a region.
   @param own  what the provider calls its region where nobody names one */
static cw_status take_region(cw_client *c, cw__settings *s, cw_client_options *o, const char *own,
                             cw_error *err)
{
    const char *region = choose_region(c, s, own);

    if (strcmp(region, "aws-global") == 0) {
        o->region = region = "us-east-1";
        o->us_east_1_regional_endpoint = CW_OFF;
    }
    if (strlen(region) > CW__LONGEST_REGION)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the region has %zu characters; none has over %d", strlen(region),
                        CW__LONGEST_REGION);
    c->region = cw__strdup(region);
    return c->region ? CW_OK : cw__fail_memory(err, "making a client");
}

static cw_status take_provider(cw_client *c, cw__settings *s, const char *host, cw_error *err)
{
    cw_status st = cw__provider_init(&c->provider, s->options->provider, host, err);

    if (st != CW_OK)
        return st;
    cw__settings_note(s, "provider", cw__provider_name(&c->provider),
                      s->options->provider ? "option"
                      : host               ? "endpoint_url"
                                           : "default");
    atomic_init(&c->endpoint.wants_host, cw__provider_is(&c->provider, CW__BUCKET_IN_HOST));
    return CW_OK;
}

static void set_variants(cw__endpoint *e, const cw_client_options *o)
{
    e->variant = cw__variant_of(o);
    e->accelerate = o->use_accelerate_endpoint == CW_ON;
    e->global = o->us_east_1_regional_endpoint == CW_OFF;
    e->own_region_only = o->s3_use_arn_region == CW_OFF;
    e->no_multi_region = o->s3_disable_multiregion_access_points == CW_ON;
    e->no_session = o->s3_disable_express_session_auth == CW_ON;
}

/* A profile that says to ignore what is configured means the environment as well. */
static const char *take_url(cw__settings *s, const char *name, const char *option,
                            char *const *of_profile)
{
    bool ignore = s->profile->ignore_endpoints;
    bool configured = s->options->environment_read && cw__environment_around(option);

    return cw__settings_text(s, name, ignore && configured ? NULL : option,
                             ignore ? NULL : of_profile, NULL);
}

/* Of those who give keys. */
static void take_other_endpoints(cw__settings *s, cw_client_options *o)
{
    const cw__profile *p = s->profile;

    o->sts_endpoint_url =
        take_url(s, "sts_endpoint_url", o->sts_endpoint_url, &p->sts_endpoint_url);
    o->sso_endpoint_url =
        take_url(s, "sso_endpoint_url", o->sso_endpoint_url, &p->sso_endpoint_url);
    o->sso_oidc_endpoint_url =
        take_url(s, "sso_oidc_endpoint_url", o->sso_oidc_endpoint_url, &p->sso_oidc_endpoint_url);
}

/* Consoles show the bucket as one, and every key would then begin with its name. */
static cw_status check_path(const cw__endpoint *e, const char *host, cw_error *err)
{
    if (!host || !e->url.path[0] || !cw__provider_has_no_path(host))
        return CW_OK;
    return cw__fail(err, CW_E_INVALID_ARGUMENT,
                    "the endpoint %s has a path, '%s', and this service has none there: leave it "
                    "off, and name the bucket in s3://BUCKET/KEY",
                    host, e->url.path);
}

static cw_status take_endpoint(cw_client *c, cw__settings *s, cw_client_options *o, cw_error *err)
{
    const char *url = take_url(s, "endpoint_url", o->endpoint_url, &s->profile->endpoint_url);
    cw__endpoint *e = &c->endpoint;
    char own[CW__LONGEST_REGION + 1];
    cw_status st = cw__endpoint_init(e, url, take_addressing(s), err);
    const char *host = st == CW_OK && e->custom ? e->url.host : NULL;

    if (st == CW_OK)
        st = check_path(e, host, err);
    if (st == CW_OK)
        st = take_provider(c, s, host, err);
    if (st != CW_OK)
        return st;
    cw__provider_region(&c->provider, host, own, sizeof own);
    st = take_region(c, s, o, own, err);
    if (st == CW_OK)
        st = cw__switches_take(s, o, err);
    if (st != CW_OK)
        return st;
    take_other_endpoints(s, o);
    set_variants(e, o);
    c->tls = cw__endpoint_tls(e);
    return cw__endpoint_check(e, err);
}

static cw_status take_attempts(cw__settings *s, unsigned *out, cw_error *err)
{
    unsigned option = s->options->max_attempts;
    bool environment = option == s->options->environment_max_attempts;
    char number[16] = "";
    uint64_t attempts;

    if (option)
        snprintf(number, sizeof number, "%u", option);
    const char *text =
        cw__settings_word(s, "max_attempts", number, environment ? "AWS_MAX_ATTEMPTS" : NULL,
                          &s->profile->max_attempts, DEFAULT_ATTEMPTS);
    bool good = cw__parse_u64(text, UINT_MAX, &attempts) && attempts > 0;
    *out = good ? (unsigned)attempts : 0;
    if (good)
        return CW_OK;
    return cw__fail(err, CW_E_INVALID_ARGUMENT,
                    "max_attempts of profile %s is '%s': it must be a number from 1",
                    s->profile->name, text);
}

static cw_status take_retry_mode(cw__settings *s, cw_error *err)
{
    static const char *const modes[] = {"legacy", "standard", "adaptive"};
    const char *mode = cw__settings_text(s, "retry_mode", s->options->retry_mode,
                                         &s->profile->retry_mode, modes[1]);

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (cw__equal_nocase(mode, modes[i]))
            return CW_OK;
    return cw__fail(err, CW_E_INVALID_ARGUMENT,
                    "the retry mode is '%s': it must be legacy, standard or adaptive", mode);
}

static cw_status take_patience(cw_client *c, cw__settings *s, cw_error *err)
{
    const cw_client_options *o = s->options;
    cw__retry_policy *r = &c->retry;
    cw_status st = take_attempts(s, &r->max_attempts, err);

    if (st == CW_OK)
        st = take_retry_mode(s, err);
    r->base_ms = take_ms(s, "retry_base_ms", o->retry_base_ms, DEFAULT_RETRY_BASE_MS);
    r->cap_ms = take_ms(s, "retry_cap_ms", o->retry_cap_ms, DEFAULT_RETRY_CAP_MS);
    r->throttled_base_ms = r->base_ms < UINT32_MAX / THROTTLED_BASE_FACTOR
                               ? r->base_ms * THROTTLED_BASE_FACTOR
                               : UINT32_MAX;
    c->stall_timeout_ms = take_ms(s, "stall_timeout_ms", o->stall_timeout_ms, DEFAULT_STALL_MS);
    c->commit_timeout_ms = take_ms(s, "commit_timeout_ms", o->commit_timeout_ms, DEFAULT_COMMIT_MS);
    c->exit_timeout_ms = take_ms(s, "exit_timeout_ms", o->exit_timeout_ms, DEFAULT_EXIT_MS);
    c->request_deadline_ms =
        cw__settings_number(s, "request_deadline_ms", o->request_deadline_ms, 0);
    return st;
}

static void take_checksum(cw_client *c, cw__settings *s)
{
    static const char *const words[] = {NULL, "crc64nvme", "crc32c", "crc32", "sha256", "none"};
    const cw_client_options *o = s->options;
    char *const *of_profile = &s->profile->checksum_calculation;
    bool environment = o->checksum == o->environment_checksum;
    bool required = *of_profile && cw__equal_nocase(*of_profile, "when_required");

    /* Of the two words in a profile, one is the default. */
    c->checksum = !o->checksum && required ? CW_CHECKSUM_NONE : o->checksum;
    cw__settings_word(s, "checksum", WORD(words, o->checksum),
                      environment ? "AWS_REQUEST_CHECKSUM_CALCULATION" : NULL,
                      required ? of_profile : NULL, words[CW_CHECKSUM_CRC64NVME]);
}

static cw_status take_payload(cw_client *c, cw__settings *s, cw_error *err)
{
    static const char *const words[] = {"auto", "unsigned", "signed"};
    char *const *of_profile = &s->profile->payload_signing_enabled;
    bool open = !s->options->payload && *of_profile;
    bool wanted = open && cw__equal_nocase(*of_profile, "true");

    if (open && !wanted && !cw__equal_nocase(*of_profile, "false"))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "payload_signing_enabled of profile %s is '%s': it must be true or false",
                        s->profile->name, *of_profile);
    c->payload = wanted ? CW_PAYLOAD_SIGNED : s->options->payload;
    if (wanted)
        cw__settings_note_profile(s, "payload", words[CW_PAYLOAD_SIGNED], of_profile);
    else
        cw__settings_text(s, "payload", WORD(words, s->options->payload), NULL, words[0]);
    return CW_OK;
}

/* The other two are acted on where the loops are made. */
static void take_throughput(cw_client *c, cw__settings *s)
{
    const cw_client_options *o = s->options;
    c->no_pacing = cw__settings_number(s, "no_pacing", o->no_pacing != 0, 0);
    c->no_hedging = cw__settings_number(s, "no_hedging", o->no_hedging != 0, 0);
    cw__settings_number(s, "no_adapting", o->no_adapting != 0, 0);
    cw__settings_number(s, "no_spreading", o->no_spreading != 0, 0);
}

cw_status cw__client_choose(cw_client *c, cw_client_options *o, cw_error *err)
{
    cw__settings *s = &c->settings;
    cw_status st = take_endpoint(c, s, o, err);

    if (st == CW_OK)
        st = take_patience(c, s, err);
    if (st == CW_OK)
        st = take_payload(c, s, err);
    if (st == CW_OK)
        st = cw__transport_make(&c->transport, s, err);
    if (st != CW_OK)
        return st;
    take_checksum(c, s);
    take_files(s);
    take_throughput(c, s);
    c->log = (cw__log){o->log, o->log_user, o->log_level};
    return CW_OK;
}
