/* credentials_chain.c - the providers in order
 *
 * The order is that of the AWS tools: what was said in so many words comes before what is found
 * lying about, and what takes the network comes last.
 */
#include "s3/credentials_chain.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "s3/credentials_providers.h"
#include "s3/profile.h"

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

static void note(cw__credentials_trail *trail, const cw__credentials_provider *p, cw_status status,
                 const char *said)
{
    cw__credentials_step *step = &trail->steps[trail->count++];
    step->name = p->name;
    step->status = status;
    cw__copy_string(step->said, sizeof step->said, said);
}

/* Those behind the one that ended the search. */
static void note_rest(cw__credentials_trail *trail, const cw__credentials_chain *chain, size_t last)
{
    char said[80];
    snprintf(said, sizeof said, "not asked, since %s comes first", chain->providers[last].name);
    for (size_t i = last + 1; i < chain->count; i++) {
        const cw__credentials_provider *p = &chain->providers[i];
        note(trail, p, CW_E_CREDENTIALS_MISSING, p->get ? said : p->absent);
    }
}

cw_status cw__credentials_provider_ask(const cw__credentials_provider *p, cw__asking *how,
                                       cw__keys **out, cw_error *err)
{
    cw_status status = p->get(p->self, how, out, err);
    if (status != CW_OK || !(*out)->expires_ms || (*out)->expires_ms > cw__clock_wall_ms())
        return status;
    cw__keys_free(*out);
    *out = NULL;
    return cw__fail(err, CW_E_CREDENTIALS_EXPIRED,
                    "the keys that %s has expired already: renew them there, or set this machine's "
                    "clock right",
                    p->name);
}

cw_status cw__credentials_chain_ask(const cw__credentials_chain *chain, cw__asking *how,
                                    const cw__credentials_provider **from, cw__keys **out,
                                    cw__credentials_trail *trail, cw_error *err)
{
    char reasons[320] = "";
    trail->count = 0;
    for (size_t i = 0; i < chain->count; i++) {
        const cw__credentials_provider *p = &chain->providers[i];
        cw_error why = {0};
        if (!p->get) {
            note(trail, p, CW_E_CREDENTIALS_MISSING, p->absent);
            continue;
        }
        cw_status status = cw__credentials_provider_ask(p, how, out, &why);
        if (how->would_wait)
            return CW_E_CREDENTIALS_MISSING;
        note(trail, p, status, status == CW_OK ? (*out)->source : why.message);
        if (status != CW_E_CREDENTIALS_MISSING || how->final) {
            note_rest(trail, chain, i);
            if (status == CW_OK)
                *from = p;
            else
                cw__error_copy(err, &why);
            return status;
        }
        add_reason(reasons, sizeof reasons, why.message);
    }
    return nobody_has_any(reasons, err);
}

static void add(cw__credentials_chain *chain, const char *name, cw__credentials_provider p)
{
    if (!p.name)
        p.name = name;
    if (p.get || p.absent)
        chain->providers[chain->count++] = p;
}

cw_status cw__credentials_chain_make(cw__credentials_chain *chain, const cw_client_options *o,
                                     const cw__profile *profile, cw_error *err)
{
    cw__credentials_provider anonymous = {0}, callback = {0}, explicit_keys = {0}, shared = {0};
    cw__credentials_provider web_identity = {0}, container = {0}, instance = {0};
    const char *region = o->region && *o->region      ? o->region
                         : profile && profile->region ? profile->region
                                                      : "us-east-1";
    cw_status status = cw__credentials_anonymous(&anonymous, o, err);
    if (status == CW_OK)
        status = cw__credentials_callback(&callback, o, err);
    if (status == CW_OK)
        status = cw__credentials_explicit(&explicit_keys, o, err);
    if (status == CW_OK)
        status = cw__credentials_web_identity(&web_identity, o, region, err);
    if (status == CW_OK && profile)
        status = cw__credentials_shared(&shared, o, profile, err);
    if (status == CW_OK)
        status = cw__credentials_container(&container, o, err);
    if (status == CW_OK)
        status = cw__credentials_instance(&instance, o, err);
    add(chain, "unsigned requests", anonymous);
    add(chain, "the caller's own provider", callback);
    add(chain, "the options", explicit_keys);
    add(chain, "web identity", web_identity);
    add(chain, "the profile", shared);
    add(chain, "the container agent", container);
    add(chain, "instance metadata", instance);
    return status;
}

void cw__credentials_chain_free(cw__credentials_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->providers[i].free)
            chain->providers[i].free(chain->providers[i].self);
}
