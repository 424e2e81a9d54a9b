/* client.c - what writers share: settings, credentials, memory, I/O threads, what was learned
 *
 * Made in one go from the options, taken apart in the opposite order when the last reference goes.
 */
#include "s3/client.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/random.h"
#include "base/url.h"
#include "s3/budget.h"
#include "s3/exit.h"
#include "s3/profile.h"

#include <stdio.h>
#include <string.h>

enum { MOST_IO_THREADS = 64 };

/* ---- locks ---- */

static cw_status make_locks(cw_client *c, cw_error *err)
{
    if (cw__mutex_init(&c->sign_lock) != 0)
        goto failed;
    if (cw__retry_budget_init(&c->retry_tokens) != 0)
        goto free_sign_lock;
    if (cw__learned_init(&c->learned) != 0)
        goto free_tokens;
    if (cw__sessions_init(&c->sessions) != 0)
        goto free_learned;
    if (cw__pace_init(&c->pace, 1000.0 / c->retry.throttled_base_ms) != 0)
        goto free_sessions;
    if (cw__hedge_init(&c->hedge) != 0)
        goto free_pace;
    if (cw__flow_init(&c->flow, CW__DEFAULT_CONCURRENCY) != 0)
        goto free_hedge;
    return CW_OK;

free_hedge:
    cw__hedge_destroy(&c->hedge);
free_pace:
    cw__pace_destroy(&c->pace);
free_sessions:
    cw__sessions_destroy(&c->sessions);
free_learned:
    cw__learned_destroy(&c->learned);
free_tokens:
    cw__retry_budget_destroy(&c->retry_tokens);
free_sign_lock:
    cw__mutex_destroy(&c->sign_lock);
failed:
    return cw__fail_memory(err, "making a client's locks");
}

/* All but the sessions: those end while the loops still run. */
static void free_locks(cw_client *c)
{
    cw__flow_destroy(&c->flow);
    cw__hedge_destroy(&c->hedge);
    cw__pace_destroy(&c->pace);
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
    cw__addresses_free(c->addresses);
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
    return st;
}

static cw_status start_lanes(cw_client *c, const cw_client_options *o, unsigned threads,
                             const cw__budget *budget, cw_error *err)
{
    cw__http_options http = c->transport.http;
    cw_status st;

    http.max_connections = budget->connections;
    if (!o->no_spreading && !http.proxy.url && !http.tls_proxy.url) {
        c->addresses = cw__addresses_new(&c->log);
        if (!c->addresses)
            return cw__fail_memory(err, "making a client");
    }
    http.addresses = c->addresses;
    st = make_lanes(c, threads, &http, err);
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
    if (!o->no_adapting)
        cw__flow_limit(&c->flow, budget.connections);
    st = start_lanes(c, o, threads, &budget, err);
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

static cw_status build(cw_client *c, cw_client_options *o, cw_error *err)
{
    cw__profile profile;
    cw_status st = cw__profile_read(&profile, o, err);

    if (st != CW_OK)
        return st;
    c->settings.options = o;
    c->settings.profile = &profile;
    st = cw__client_choose(c, o, err);
    if (st == CW_OK)
        st = cw__credentials_new(&c->credentials, o, &profile, &c->transport.http, err);
    if (st == CW_OK)
        st = make_locks(c, err);
    if (st == CW_OK) {
        st = start(c, &c->settings, err);
        if (st != CW_OK) {
            cw__sessions_destroy(&c->sessions);
            free_locks(c);
        }
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
    cw__sessions_destroy(&c->sessions);
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

cw_status cw__client_check_secrecy(const cw_client *c, cw_error *err)
{
    const char *host = c->endpoint.url.host;
    if (c->tls)
        return CW_OK;
    if (!cw__host_is_this_machine(host))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the key of SSE-C would go over plain http to %s, for all to read: use "
                        "https",
                        host);
    if (cw__http_is_proxied(&c->transport.http, false, host))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the key of SSE-C would go over plain http through the proxy, for it to "
                        "read: use https, or name %s in no_proxy",
                        host);
    return CW_OK;
}

cw_status cw__client_take(cw_client **out, cw_client *c, cw_error *err)
{
    cw_client_options o = CW_CLIENT_OPTIONS_INIT;
    cw_status st = c ? cw__client_check(c, err) : cw_client_options_from_env(&o, err);

    *out = NULL;
    if (st == CW_OK && c)
        *out = cw_client_retain(c);
    else if (st == CW_OK)
        st = cw_client_new(out, &o, err);
    return st;
}

cw_status cw__client_route(cw_client *c, const char *bucket, cw__reach reach, cw__route *out,
                           cw_error *err)
{
    char region[CW__LONGEST_REGION + 1];

    cw__copy_string(region, sizeof region, c->region);
    cw__learned_region(&c->learned, bucket, region, sizeof region);
    return cw__endpoint_route(&c->endpoint, region, bucket, reach, out, err);
}

/* For requests to a bucket, or with "" to the service. */
static cw_status find_place(cw_client *c, const char *bucket, cw__place *out, cw_error *err)
{
    cw__text host = {0}, path = {0};
    cw__route route;
    cw_status status = cw__client_route(c, bucket, CW__REACH_OBJECTS, &route, err);
    if (status != CW_OK)
        return status;
    cw__copy_string(out->region, sizeof out->region, route.region);
    cw__endpoint_address(&c->endpoint, &route, bucket, "", &host, &path);
    snprintf(out->endpoint, sizeof out->endpoint, "%s://%s%s", c->tls ? "https" : "http",
             cw__text_str(&host), cw__text_str(&path));
    bool failed = host.failed || path.failed;
    cw__text_free(&host);
    cw__text_free(&path);
    return failed ? cw__fail_memory(err, "looking at the endpoint") : CW_OK;
}

cw_status cw__client_place(cw_client *c, const char *url, cw__place *out, cw_error *err)
{
    cw__url parts;
    if (!url)
        return find_place(c, "", out, err);
    cw_status status = cw__url_parse(&parts, url, err);
    if (status != CW_OK)
        return status;
    status =
        parts.scheme == CW__SCHEME_S3
            ? find_place(c, parts.bucket, out, err)
            : cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' is no s3:// URL: it needs no keys", url);
    cw__url_free(&parts);
    return status;
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
    unsigned known = 0, avoided = 0;

    if (c->addresses)
        cw__addresses_count(c->addresses, cw__clock_mono_ms(), &known, &avoided);
    memset(out, 0, sizeof *out);
    cw__pool_get_stats(c->pool, &pool);
    out->requests = atomic_load(&c->requests);
    out->retries = atomic_load(&c->retries);
    out->throttled = atomic_load(&c->throttled);
    out->connections = atomic_load(&c->connections);
    out->paced = atomic_load(&c->paced);
    out->hedged = atomic_load(&c->hedged);
    out->addresses = known;
    out->addresses_avoided = avoided;
    out->parts_at_once = atomic_load(&c->flow.allowed);
    out->request_rate = cw__pace_rate(&c->pace);
    out->memory_bytes = pool.held_bytes;
    out->memory_peak_bytes = pool.peak_bytes;
}
