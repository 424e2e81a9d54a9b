/* credentials.c - where the keys come from, and when to ask for them again
 *
 * Owns the chain of providers and the keys that are current. Keys that were replaced live on until
 * the last request that was signed with them gives them back.
 *
 *     at rest  --keys are wanted, and what is at hand does not do-->  asking  --a round is over-->
 *
 * Locking: what is at hand (options, files) is asked under the lock. If that would have to wait,
 * a thread asks the same again without the lock, and until it is done the chain, `chosen` and the
 * providers are its own; those who come in the meantime use the old keys, or wait for the one
 * answer and share it.
 */
#include "s3/credentials.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "s3/credentials_chain.h"
#include "s3/profile.h"

enum {
    REFRESH_BEFORE_MS = 5 * 60 * 1000,
    REFRESH_SHARE = 4,      /* of short-lived keys, when a quarter of their time is left */
    LOOK_EVERY_MS = 1000,   /* at the source of the keys, or again after a refresh that failed */
    FAILED_PAUSE_MS = 10000 /* the same, when it took the network */
};

struct cw__credentials {
    cw__credentials_chain chain;
    const cw__http_options *http; /* the client's */
    cw__variant variant;
    char *sts_url;
    atomic_bool stop;

    cw__mutex lock; /* of everything below */
    cw__cond round_over;
    const cw__credentials_provider *chosen;
    cw__keys *current;
    int64_t refresh_before_ms; /* how long before current expires */
    bool refused;              /* the service says that they have expired */
    uint64_t look_at_ms;       /* not before, on the clock that never steps */
    bool asking;               /* a thread is */
    bool joinable;             /* there is a thread that was not joined */
    cw__thread thread;
    unsigned rounds;  /* of threads that asked, the running one included */
    cw_error failure; /* of the last of them; CW_OK when it had keys */
    cw__credentials_trail trail;
};

/* One time of asking, with its outcome. */
typedef struct round {
    cw__asking how;
    const cw__credentials_provider *from;
    cw__keys *keys;
    cw_error err;
    bool whole; /* the chain, not only who had the keys the last time */
    cw__credentials_trail trail;
} round;

static void release(cw__keys *k)
{
    if (k && --k->references == 0)
        cw__keys_free(k);
}

static bool same_text(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static bool same_keys(const cw__keys *a, const cw__keys *b)
{
    return a->anonymous == b->anonymous && same_text(a->access_key_id, b->access_key_id) &&
           same_text(a->secret_access_key, b->secret_access_key) &&
           same_text(a->session_token, b->session_token) && a->expires_ms == b->expires_ms;
}

static bool expires_within(const cw__keys *k, int64_t ms)
{
    return k->expires_ms && k->expires_ms - cw__clock_wall_ms() <= ms;
}

static int64_t time_to_refresh(const cw__keys *k)
{
    int64_t share = (k->expires_ms - cw__clock_wall_ms()) / REFRESH_SHARE;
    return share < REFRESH_BEFORE_MS ? share : REFRESH_BEFORE_MS;
}

/* Keys that are current already keep their place, and their pointer. */
static void accept(cw__credentials *c, const round *r)
{
    c->chosen = r->from;
    c->refused = false;
    c->look_at_ms = cw__clock_mono_ms() + LOOK_EVERY_MS;
    c->refresh_before_ms = time_to_refresh(r->keys);
    if (c->current && same_keys(c->current, r->keys)) {
        release(r->keys);
        return;
    }
    release(c->current);
    c->current = r->keys;
}

/* ---- a round ---- */

/* The old keys are asked for where they are from. */
static cw_status ask(cw__credentials *c, round *r)
{
    r->whole = !c->chosen;
    r->from = c->chosen;
    if (r->whole)
        return cw__credentials_chain_ask(&c->chain, &r->how, &r->from, &r->keys, &r->trail,
                                         &r->err);
    return cw__credentials_provider_ask(c->chosen, &r->how, &r->keys, &r->err);
}

static void finish(cw__credentials *c, const round *r, cw_status status, uint64_t pause_ms)
{
    if (r->whole)
        c->trail = r->trail;
    if (status == CW_OK)
        accept(c, r);
    else
        c->look_at_ms = cw__clock_mono_ms() + pause_ms;
}

static void *run(void *user)
{
    cw__credentials *c = user;
    round r = {.how = {.may_wait = true, .stop = &c->stop, .tls = c->http, .variant = c->variant}};
    cw_status status = ask(c, &r);
    cw__mutex_lock(&c->lock);
    finish(c, &r, status, FAILED_PAUSE_MS);
    c->failure = r.err;
    c->failure.status = status;
    c->asking = false;
    cw__cond_broadcast(&c->round_over);
    cw__mutex_unlock(&c->lock);
    return NULL;
}

/* With the lock held, and nobody asking: an earlier thread is at its end. */
static cw_status start_asking(cw__credentials *c, cw_error *err)
{
    if (c->joinable)
        cw__thread_join(c->thread);
    c->joinable = false;
    c->asking = true;
    int failed = cw__thread_start(&c->thread, run, c, "cloudwriter-key");
    if (failed) {
        c->asking = false;
        return cw__fail_errno(err, failed, "cannot start a thread to ask for credentials");
    }
    c->joinable = true;
    c->rounds++;
    return CW_OK;
}

/* Ask what is at hand; a thread asks what is not. CW_OK and still asking, or with new keys. */
static cw_status ask_now(cw__credentials *c, cw_error *err)
{
    round r = {.how = {.tls = c->http, .variant = c->variant}};
    cw_status status = ask(c, &r);
    if (r.how.would_wait)
        return start_asking(c, err);
    finish(c, &r, status, LOOK_EVERY_MS);
    if (status != CW_OK)
        cw__error_copy(err, &r.err);
    return status;
}

/* ---- what there is ---- */

static bool is_usable(const cw__credentials *c)
{
    return c->current && !c->refused && !expires_within(c->current, 0);
}

static bool wants_refresh(cw__credentials *c)
{
    uint64_t now = cw__clock_mono_ms();
    if (c->asking || now < c->look_at_ms)
        return false;
    c->look_at_ms = now + LOOK_EVERY_MS;
    return expires_within(c->current, c->refresh_before_ms) ||
           (c->chosen->changed && c->chosen->changed(c->chosen->self));
}

/* A refresh ahead of time that fails is no failure. */
static cw_status bring_up_to_date(cw__credentials *c, cw_error *err)
{
    cw_error why;
    if (!is_usable(c))
        return c->asking ? CW_OK : ask_now(c, err);
    if (wants_refresh(c))
        (void)ask_now(c, &why);
    return CW_OK;
}

static cw__keys *take(cw__credentials *c)
{
    if (!is_usable(c))
        return NULL;
    c->current->references++;
    return c->current;
}

static bool is_over(const cw__credentials *c, unsigned round_number)
{
    return round_number && (c->rounds != round_number || !c->asking);
}

/* With the lock held. */
static cw_status try_now(cw__credentials *c, unsigned *round_number, cw__keys **out, cw_error *err)
{
    cw_status status = CW_OK;
    if (is_over(c, *round_number) && !is_usable(c) && c->failure.status != CW_OK) {
        cw__error_copy(err, &c->failure);
        status = c->failure.status;
    } else {
        status = bring_up_to_date(c, err);
    }
    *out = status == CW_OK ? take(c) : NULL;
    *round_number = status == CW_OK && !*out ? c->rounds : 0;
    return status;
}

/* ---- making ---- */

static void free_unlocked(cw__credentials *c)
{
    release(c->current);
    cw__credentials_chain_free(&c->chain);
    cw__free(c->sts_url);
    cw__free(c);
}

static cw_status make_locks(cw__credentials *c, cw_error *err)
{
    int failed = cw__mutex_init(&c->lock);
    if (failed)
        return cw__fail_errno(err, failed, "cannot make a lock");
    failed = cw__cond_init(&c->round_over);
    if (failed) {
        cw__mutex_destroy(&c->lock);
        return cw__fail_errno(err, failed, "cannot make a condition");
    }
    return CW_OK;
}

cw_status cw__credentials_new(cw__credentials **out, const cw_client_options *o,
                              const cw__profile *profile, const cw__http_options *http,
                              cw_error *err)
{
    *out = NULL;
    cw__credentials *c = cw__alloc_zero(sizeof *c);
    if (!c)
        return cw__fail_memory(err, "preparing the credentials");
    atomic_init(&c->stop, false);
    c->variant = cw__variant_of(o);
    c->http = http;
    c->sts_url = cw__strdup(o->sts_endpoint_url);
    cw_status status = o->sts_endpoint_url && !c->sts_url
                           ? cw__fail_memory(err, "preparing the credentials")
                           : cw__credentials_chain_make(&c->chain, o, profile, err);
    if (status == CW_OK)
        status = make_locks(c, err);
    if (status == CW_OK)
        *out = c;
    else
        free_unlocked(c);
    return status;
}

cw_status cw__credentials_of(cw__credentials **out, const cw__credentials_provider *p,
                             cw_error *err)
{
    cw__credentials *c = cw__alloc_zero(sizeof *c);
    *out = NULL;
    if (!c)
        return cw__fail_memory(err, "preparing the credentials");
    atomic_init(&c->stop, false);
    c->chain.providers[c->chain.count++] = *p;
    cw_status status = make_locks(c, err);
    if (status == CW_OK)
        *out = c;
    else
        cw__free(c);
    return status;
}

void cw__credentials_free(cw__credentials *c)
{
    if (!c)
        return;
    atomic_store(&c->stop, true);
    if (c->joinable)
        cw__thread_join(c->thread);
    cw__cond_destroy(&c->round_over);
    cw__mutex_destroy(&c->lock);
    free_unlocked(c);
}

/* ---- for requests ---- */

cw_status cw__credentials_try(cw__credentials *c, unsigned *round_number, cw__keys **out,
                              cw_error *err)
{
    cw__mutex_lock(&c->lock);
    cw_status status = try_now(c, round_number, out, err);
    cw__mutex_unlock(&c->lock);
    return status;
}

cw_status cw__credentials_get(cw__credentials *c, cw__keys **out, cw_error *err)
{
    unsigned round_number = 0;
    cw__mutex_lock(&c->lock);
    cw_status status = try_now(c, &round_number, out, err);
    while (status == CW_OK && !*out) {
        while (!is_over(c, round_number))
            cw__cond_wait(&c->round_over, &c->lock);
        status = try_now(c, &round_number, out, err);
    }
    cw__mutex_unlock(&c->lock);
    return status;
}

void cw__credentials_expired(cw__credentials *c, const cw__keys *used)
{
    cw__mutex_lock(&c->lock);
    if (used == c->current)
        c->refused = true;
    cw__mutex_unlock(&c->lock);
}

void cw__keys_release(cw__credentials *c, cw__keys *k)
{
    cw__mutex_lock(&c->lock);
    release(k);
    cw__mutex_unlock(&c->lock);
}

void cw__credentials_get_trail(cw__credentials *c, cw__credentials_trail *out)
{
    cw__mutex_lock(&c->lock);
    *out = c->trail;
    cw__mutex_unlock(&c->lock);
}

const cw__http_options *cw__credentials_http(const cw__credentials *c)
{
    return c->http;
}

const char *cw__credentials_sts_url(const cw__credentials *c)
{
    return c->sts_url;
}
