/* client.c - what writers share: settings, credentials, memory, I/O threads, what was learned
 *
 * Made in one go from the options, taken apart in the opposite order when the last reference goes.
 */
#include "s3/client.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/random.h"
#include "s3/budget.h"
#include "s3/exit.h"
#include "s3/profile.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_IO_THREADS = 64,
    LONGEST_REGION = 63,
    DEFAULT_RETRY_BASE_MS = 50,
    THROTTLED_BASE_FACTOR = 20, /* 1 s at the default */
    DEFAULT_RETRY_CAP_MS = 20000,
    DEFAULT_STALL_MS = 30000,
    DEFAULT_COMMIT_MS = 600000,
    DEFAULT_EXIT_MS = 5000
};

static const char DEFAULT_ATTEMPTS[] = "10";

/* ---- settings ---- */

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

static cw_status take_region(cw_client *c, cw__settings *s, cw_error *err)
{
    c->region = cw__strdup(
        cw__settings_text(s, "region", s->options->region, &s->profile->region, "us-east-1"));
    if (!c->region)
        return cw__fail_memory(err, "making a client");
    if (strlen(c->region) <= LONGEST_REGION)
        return CW_OK;
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "the region has %zu characters; none has over %d",
                    strlen(c->region), LONGEST_REGION);
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

static void take_checks(cw_client *c, cw__settings *s)
{
    static const char *const sums[] = {NULL, "crc64nvme", "crc32c", "crc32", "sha256", "none"};
    static const char *const payloads[] = {"auto", "unsigned", "signed"};
    const cw_client_options *o = s->options;
    char *const *of_profile = &s->profile->checksum_calculation;
    bool environment = o->checksum == o->environment_checksum;
    bool required = *of_profile && cw__equal_nocase(*of_profile, "when_required");

    /* Of the two words in a profile, one is the default. */
    c->checksum = !o->checksum && required ? CW_CHECKSUM_NONE : o->checksum;
    c->payload = o->payload;
    cw__settings_word(s, "checksum", WORD(sums, o->checksum),
                      environment ? "AWS_REQUEST_CHECKSUM_CALCULATION" : NULL,
                      required ? of_profile : NULL, sums[CW_CHECKSUM_CRC64NVME]);
    cw__settings_text(s, "payload", WORD(payloads, o->payload), NULL, payloads[0]);
}

static cw_status take_settings(cw_client *c, cw__settings *s, cw_error *err)
{
    const cw_client_options *o = s->options;
    const char *url =
        cw__settings_text(s, "endpoint_url", o->endpoint_url,
                          o->ignore_configured_endpoints ? NULL : &s->profile->endpoint_url, NULL);
    cw_status st = cw__endpoint_init(&c->endpoint, url, take_addressing(s), err);

    if (st == CW_OK)
        st = take_region(c, s, err);
    if (st == CW_OK)
        st = take_patience(c, s, err);
    if (st == CW_OK)
        st = cw__transport_make(&c->transport, s, err);
    if (st != CW_OK)
        return st;
    c->tls = cw__endpoint_tls(&c->endpoint);
    take_checks(c, s);
    take_files(s);
    c->log = (cw__log){o->log, o->log_user, o->log_level};
    return CW_OK;
}

/* ---- locks ---- */

static cw_status make_locks(cw_client *c, cw_error *err)
{
    if (cw__mutex_init(&c->sign_lock) != 0)
        goto failed;
    if (cw__retry_budget_init(&c->retry_tokens) != 0)
        goto free_sign_lock;
    if (cw__learned_init(&c->learned) != 0)
        goto free_tokens;
    return CW_OK;

free_tokens:
    cw__retry_budget_destroy(&c->retry_tokens);
free_sign_lock:
    cw__mutex_destroy(&c->sign_lock);
failed:
    return cw__fail_memory(err, "making a client's locks");
}

static void free_locks(cw_client *c)
{
    cw__learned_destroy(&c->learned);
    cw__retry_budget_destroy(&c->retry_tokens);
    cw__mutex_destroy(&c->sign_lock);
}

/* ---- I/O threads ---- */

static void free_lanes(cw_client *c)
{
    for (unsigned i = 0; i < c->lane_count; i++)
        cw__loop_free(c->lanes[i].loop);
    cw__free(c->lanes);
}

static cw_status make_lanes(cw_client *c, unsigned count, const cw__http_options *http,
                            cw_error *err)
{
    cw_status st = CW_OK;

    c->lanes = cw__alloc_zero(count * sizeof *c->lanes);
    if (!c->lanes)
        return cw__fail_memory(err, "making a client");
    while (st == CW_OK && c->lane_count < count) {
        cw__lane *lane = &c->lanes[c->lane_count];
        lane->client = c;
        st = cw__loop_new(&lane->loop, http, err);
        if (st == CW_OK)
            c->lane_count++;
    }
    if (st != CW_OK)
        free_lanes(c);
    return st;
}

static cw_status start(cw_client *c, cw__settings *s, cw_error *err)
{
    const cw_client_options *o = s->options;
    unsigned threads = (unsigned)cw__settings_number(s, "io_threads", o->io_threads, 1);
    cw__budget budget;
    cw_status st;

    if (threads > MOST_IO_THREADS)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "io_threads is %u; it may be %d at most",
                        threads, MOST_IO_THREADS);
    st = cw__budget_split(&budget, o->memory_bytes, threads, o->max_connections, c->tls, err);
    if (st == CW_OK)
        st = cw__pool_new(&c->pool, budget.slab_bytes, err);
    if (st != CW_OK)
        return st;
    cw__settings_number(s, "memory_bytes", o->memory_bytes,
                        (uint64_t)CW__DEFAULT_MEMORY_MIB * 1024 * 1024);
    cw__settings_number(s, "max_connections", o->max_connections ? budget.connections : 0,
                        budget.connections);
    if (s->lines.failed)
        return cw__fail_memory(err, "making a client");
    c->transport.http.max_connections = budget.connections;
    st = make_lanes(c, threads, &c->transport.http, err);
    if (st != CW_OK)
        return st;
    if (cw__exit_watch(c) == CW_OK)
        return CW_OK;
    free_lanes(c);
    return cw__fail_memory(err, "watching for the end of the process");
}

/* ---- the life of a client ---- */

static void free_settings(cw_client *c)
{
    cw__pool_free(c->pool);
    cw__credentials_free(c->credentials);
    cw__endpoint_free(&c->endpoint);
    cw__transport_free(&c->transport);
    cw__text_free(&c->settings.lines);
    cw__free(c->region);
    cw__wipe(&c->day_key, sizeof c->day_key);
    cw__free(c);
}

static cw_status build(cw_client *c, const cw_client_options *o, cw_error *err)
{
    cw__profile profile;
    cw_status st = cw__profile_read(&profile, o, err);

    if (st != CW_OK)
        return st;
    c->settings.options = o;
    c->settings.profile = &profile;
    st = take_settings(c, &c->settings, err);
    if (st == CW_OK)
        st = cw__credentials_new(&c->credentials, o, &profile, &c->transport.http, err);
    if (st == CW_OK)
        st = make_locks(c, err);
    if (st == CW_OK) {
        st = start(c, &c->settings, err);
        if (st != CW_OK)
            free_locks(c);
    }
    cw__profile_free(&profile);
    return st;
}

cw_status cw_client_new(cw_client **out, const cw_client_options *options, cw_error *err)
{
    cw_client_options o;
    cw_client *c;
    cw_status st;

    *out = NULL;
    cw__error_clear(err);
    st = cw__options_take(&o, sizeof o, options, err);
    if (st != CW_OK)
        return st;
    c = cw__alloc_zero(sizeof *c);
    if (!c || cw__fork_watch() != 0) {
        cw__free(c);
        return cw__fail_memory(err, "making a client");
    }
    atomic_init(&c->references, 1);
    c->fork_generation = cw__fork_generation();
    if (cw__random_bytes(c->token_seed, sizeof c->token_seed))
        st = build(c, &o, err);
    else
        st = cw__fail(err, CW_E_IO, "the operating system has no random numbers to give");
    if (st != CW_OK)
        free_settings(c);
    else
        *out = c;
    return st;
}

cw_client *cw_client_retain(cw_client *c)
{
    atomic_fetch_add(&c->references, 1);
    return c;
}

void cw_client_release(cw_client *c)
{
    if (!c || atomic_fetch_sub(&c->references, 1) > 1)
        return;
    if (c->fork_generation != cw__fork_generation())
        return; /* its threads and locks are the parent's */
    cw__exit_forget(c);
    free_lanes(c);
    free_locks(c);
    free_settings(c);
}

cw_status cw__client_check(const cw_client *c, cw_error *err)
{
    if (c->fork_generation != cw__fork_generation())
        return cw__fail(err, CW_E_STATE,
                        "this client belongs to the parent process: make one after the fork");
    return CW_OK;
}

void cw__client_next_token(cw_client *c, unsigned char token[CW__TOKEN_BYTES])
{
    uint_least32_t number = atomic_fetch_add(&c->next_token, 1);

    memcpy(token, c->token_seed, CW__TOKEN_BYTES);
    for (size_t i = 0; i < sizeof number; i++)
        token[i] ^= (unsigned char)(number >> (8 * i));
}

cw__lane *cw__client_next_lane(cw_client *c)
{
    return &c->lanes[atomic_fetch_add(&c->next_lane, 1) % c->lane_count];
}

void cw_client_get_stats(const cw_client *c, cw_client_stats *out)
{
    cw__pool_stats pool;

    memset(out, 0, sizeof *out);
    cw__pool_get_stats(c->pool, &pool);
    out->requests = atomic_load(&c->requests);
    out->retries = atomic_load(&c->retries);
    out->throttled = atomic_load(&c->throttled);
    out->connections = atomic_load(&c->connections);
    out->memory_bytes = pool.held_bytes;
    out->memory_peak_bytes = pool.peak_bytes;
}
