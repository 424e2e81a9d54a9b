/* credentials_explicit.c - the keys that the caller put into the options
 *
 * Owns a copy of them, as the keys that it hands copies of. They never change.
 */
#include "s3/credentials_providers.h"

#include "base/error.h"
#include "s3/settings.h"

static const char of_options[] = "the options", of_environment[] = "the environment";

static cw_status get(void *self, cw__asking *how, cw__keys **out, cw_error *err)
{
    (void)how;
    const cw__keys *own = self;
    *out = cw__keys_new(own->access_key_id, own->secret_access_key, own->session_token, 0,
                        own->source);
    return *out ? CW_OK : cw__fail_memory(err, "copying the credentials");
}

static void free_self(void *self)
{
    cw__keys_free(self);
}

static bool given(const char *s)
{
    return s && *s;
}

static const char *what_is_wrong(const cw_client_options *o)
{
    if (!given(o->access_key_id))
        return "secret_access_key or session_token is set, and access_key_id is not";
    if (!given(o->secret_access_key))
        return "access_key_id is set, and secret_access_key is not";
    if (!cw__credentials_printable(o->access_key_id))
        return "access_key_id has a blank or a control character in it";
    if (given(o->session_token) && !cw__credentials_printable(o->session_token))
        return "session_token has a blank or a control character in it";
    return NULL;
}

cw_status cw__credentials_explicit(cw__credentials_provider *out, const cw_client_options *o,
                                   cw_error *err)
{
    bool environment = o->environment_read && cw__environment_around(o->access_key_id);
    const char *source = environment ? of_environment : of_options;
    if (!given(o->access_key_id) && !given(o->secret_access_key) && !given(o->session_token)) {
        out->absent = "no keys are in the options or the environment";
        return CW_OK;
    }
    const char *wrong = what_is_wrong(o);
    if (wrong)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "the credentials are not usable: %s", wrong);
    cw__keys *own = cw__keys_new(o->access_key_id, o->secret_access_key,
                                 given(o->session_token) ? o->session_token : NULL, 0, source);
    if (!own)
        return cw__fail_memory(err, "copying the credentials");
    *out = (cw__credentials_provider){.name = source, .get = get, .free = free_self, .self = own};
    return CW_OK;
}
