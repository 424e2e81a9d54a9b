/* credentials.c - where the keys come from, and when to ask for them again
 *
 * Owns the chain of providers and the keys that are current. Everything is under one lock, the
 * asking included: those who come in the meantime wait for the one refresh and share it. Keys that
 * were replaced live on until the last request that was signed with them gives them back.
 */
#include "s3/credentials.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"
#include "s3/credentials_providers.h"

enum {
    MOST_PROVIDERS = 3,
    REFRESH_BEFORE_MS = 5 * 60 * 1000,
    LOOK_EVERY_MS = 1000 /* at the source of the keys, or again after a refresh that failed */
};

struct cw__credentials {
    cw__credentials_provider chain[MOST_PROVIDERS];
    size_t count;

    cw__mutex lock; /* of everything below */
    const cw__credentials_provider *chosen;
    cw__keys *current;
    bool refused;        /* the service says that they have expired */
    uint64_t look_at_ms; /* not before, on the clock that never steps */
};

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

/* Keys that are current already keep their place, and their pointer. */
static void accept(cw__credentials *c, const cw__credentials_provider *from, cw__keys *keys)
{
    c->chosen = from;
    c->refused = false;
    c->look_at_ms = cw__clock_mono_ms() + LOOK_EVERY_MS;
    if (c->current && same_keys(c->current, keys)) {
        release(keys);
        return;
    }
    release(c->current);
    c->current = keys;
}

static cw_status nobody_has_any(const char *reasons, cw_error *err)
{
    return cw__fail(err, CW_E_CREDENTIALS_MISSING,
                    "no credentials were found: none are in the options or the environment%s%s. "
                    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, or ask for "
                    "unsigned requests",
                    *reasons ? ", and " : "", reasons);
}

static void add_reason(char *reasons, size_t size, const char *reason)
{
    size_t n = strlen(reasons);
    cw__copy_string(reasons + n, size - n, n ? "; " : "");
    n = strlen(reasons);
    cw__copy_string(reasons + n, size - n, reason);
}

static cw_status ask_chain(cw__credentials *c, cw_error *err)
{
    char reasons[320] = "";
    for (size_t i = 0; i < c->count; i++) {
        cw_error why = {0};
        cw__keys *keys = NULL;
        cw_status status = c->chain[i].get(c->chain[i].self, &keys, &why);
        if (status == CW_OK) {
            accept(c, &c->chain[i], keys);
            return CW_OK;
        }
        if (status != CW_E_CREDENTIALS_MISSING) {
            cw__error_copy(err, &why);
            return status;
        }
        add_reason(reasons, sizeof reasons, why.message);
    }
    return nobody_has_any(reasons, err);
}

/* Ask again whom the keys are from. The old ones stay as long as they may be good. */
static cw_status ask_again(cw__credentials *c, cw_error *err)
{
    cw_error why = {0};
    cw__keys *keys = NULL;
    cw_status status = c->chosen->get(c->chosen->self, &keys, &why);
    if (status == CW_OK)
        accept(c, c->chosen, keys);
    else if (!c->refused && !expires_within(c->current, 0))
        status = CW_OK;
    else
        cw__error_copy(err, &why);
    return status;
}

static bool wants_refresh(cw__credentials *c)
{
    uint64_t now = cw__clock_mono_ms();
    if (c->refused)
        return true;
    if (now < c->look_at_ms)
        return false;
    c->look_at_ms = now + LOOK_EVERY_MS;
    return expires_within(c->current, REFRESH_BEFORE_MS) ||
           (c->chosen->changed && c->chosen->changed(c->chosen->self));
}

static void add_provider(cw__credentials *c, cw__credentials_provider provider)
{
    if (provider.get)
        c->chain[c->count++] = provider;
}

static cw_status make_chain(cw__credentials *c, const cw_client_options *o,
                            const struct cw__profile *profile, cw_error *err)
{
    cw__credentials_provider anonymous = {0}, explicit_keys = {0}, shared = {0};
    cw_status status = cw__credentials_anonymous(&anonymous, o, err);
    if (status == CW_OK)
        status = cw__credentials_explicit(&explicit_keys, o, err);
    if (status == CW_OK && profile)
        status = cw__credentials_shared(&shared, o, profile, err);
    add_provider(c, anonymous);
    add_provider(c, explicit_keys);
    add_provider(c, shared);
    return status;
}

cw_status cw__credentials_new(cw__credentials **out, const cw_client_options *o,
                              const struct cw__profile *profile, cw_error *err)
{
    *out = NULL;
    cw__credentials *c = cw__alloc_zero(sizeof *c);
    if (!c)
        return cw__fail_memory(err, "preparing the credentials");
    int failed = cw__mutex_init(&c->lock);
    if (failed) {
        cw__free(c);
        return cw__fail_errno(err, failed, "cannot make a lock");
    }
    cw_status status = make_chain(c, o, profile, err);
    if (status == CW_OK)
        *out = c;
    else
        cw__credentials_free(c);
    return status;
}

void cw__credentials_free(cw__credentials *c)
{
    if (!c)
        return;
    release(c->current);
    for (size_t i = 0; i < c->count; i++)
        if (c->chain[i].free)
            c->chain[i].free(c->chain[i].self);
    cw__mutex_destroy(&c->lock);
    cw__free(c);
}

cw_status cw__credentials_get(cw__credentials *c, cw__keys **out, cw_error *err)
{
    cw_status status = CW_OK;
    *out = NULL;
    cw__mutex_lock(&c->lock);
    if (!c->current)
        status = ask_chain(c, err);
    else if (wants_refresh(c))
        status = ask_again(c, err);
    if (status == CW_OK) {
        c->current->references++;
        *out = c->current;
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

cw__keys *cw__keys_new(const char *access_key_id, const char *secret_access_key,
                       const char *session_token, int64_t expires_ms, const char *source)
{
    cw__keys *k = cw__alloc_zero(sizeof *k);
    if (!k)
        return NULL;
    k->references = 1;
    k->anonymous = access_key_id == NULL;
    k->access_key_id = cw__strdup(access_key_id);
    k->secret_access_key = cw__strdup(secret_access_key);
    k->session_token = cw__strdup(session_token);
    k->expires_ms = expires_ms;
    k->source = source;
    if ((access_key_id && !k->access_key_id) || (secret_access_key && !k->secret_access_key) ||
        (session_token && !k->session_token)) {
        cw__keys_free(k);
        return NULL;
    }
    return k;
}

void cw__keys_free(cw__keys *k)
{
    if (!k)
        return;
    cw__free_secret(k->access_key_id);
    cw__free_secret(k->secret_access_key);
    cw__free_secret(k->session_token);
    cw__free(k);
}

bool cw__credentials_printable(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f)
            return false;
    return true;
}
