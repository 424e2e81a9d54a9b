/* credentials_callback.c - the caller's own provider of keys
 *
 * Runs the caller's function where it may block, copies what it answers, and gives that back.
 */
#include "s3/credentials_providers.h"

#include "base/error.h"
#include "base/memory.h"

typedef struct callback {
    cw_credentials_fn ask;
    void *user;
} callback;

static bool given(const char *s)
{
    return s && *s;
}

static cw_status copy(cw__keys **out, const cw_credentials *c, cw_error *err)
{
    if (!given(c->access_key_id) || !given(c->secret_access_key))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the caller's provider of credentials answered success without both keys");
    if (!cw__credentials_printable(c->access_key_id) ||
        (given(c->session_token) && !cw__credentials_printable(c->session_token)))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the caller's provider of credentials answered with a blank or a control "
                        "character in the keys");
    *out = cw__keys_new(c->access_key_id, c->secret_access_key,
                        given(c->session_token) ? c->session_token : NULL, c->expires_ms,
                        "the caller's own provider");
    return *out ? CW_OK : cw__fail_memory(err, "copying the credentials");
}

static cw_status get(void *self, cw__asking *how, cw__keys **out, cw_error *err)
{
    const callback *c = self;
    cw_credentials answer = {.struct_size = sizeof answer};
    cw_error why = {0};
    if (cw__asking_refuses(how))
        return CW_E_CREDENTIALS_MISSING;
    cw_status status = c->ask(c->user, &answer, &why);
    if (status == CW_OK)
        status = copy(out, &answer, err);
    else
        cw__fail(err, status, "the caller's provider of credentials: %s",
                 why.message[0] ? why.message : cw_status_text(status));
    if (answer.release)
        answer.release(c->user, &answer);
    return status;
}

static void free_self(void *self)
{
    cw__free(self);
}

cw_status cw__credentials_callback(cw__credentials_provider *out, const cw_client_options *o,
                                   cw_error *err)
{
    if (!o->credentials)
        return CW_OK;
    callback *c = cw__alloc_zero(sizeof *c);
    if (!c)
        return cw__fail_memory(err, "preparing the credentials");
    *c = (callback){o->credentials, o->credentials_user};
    out->get = get;
    out->free = free_self;
    out->self = c;
    return CW_OK;
}
