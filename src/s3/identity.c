/* identity.c - whose keys a client uses, without their secrets */
#include "s3/client.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "s3/sts.h"

enum { SHOWN = 4, SHORTEST_SHOWN = 12 }; /* characters of a key id at either end */

static void mask(char *out, size_t size, const char *id)
{
    size_t n = strlen(id);
    if (n < SHORTEST_SHOWN)
        cw__copy_string(out, size, "****");
    else
        snprintf(out, size, "%.*s****%s", SHOWN, id, id + n - SHOWN);
}

static void set_steps(cw_client *c, cw_identity *out)
{
    cw__credentials_trail trail;
    cw__credentials_get_trail(c->credentials, &trail);
    for (size_t i = 0; i < trail.count; i++) {
        cw_identity_step *step = &out->steps[out->step_count++];
        cw__copy_string(step->provider, sizeof step->provider, trail.steps[i].name);
        cw__copy_string(step->said, sizeof step->said, trail.steps[i].said);
        step->status = trail.steps[i].status;
        if (step->status == CW_OK)
            cw__copy_string(out->provider, sizeof out->provider, step->provider);
    }
}

static void set_keys(const cw__keys *k, cw_identity *out)
{
    out->anonymous = k->anonymous;
    out->expires_ms = k->expires_ms;
    if (!k->anonymous)
        mask(out->masked_key_id, sizeof out->masked_key_id, k->access_key_id);
}

static cw_status verify(cw_client *c, const cw__keys *k, cw_identity *out, cw_error *err)
{
    cw__sts sts = {.endpoint_url = cw__credentials_sts_url(c->credentials), .region = c->region};
    cw__asking how = {.may_wait = true,
                      .tls = cw__credentials_http(c->credentials),
                      .variant = c->endpoint.variant};
    cw__pipe_guard guard;
    if (k->anonymous)
        return cw__fail(err, CW_E_CREDENTIALS_MISSING,
                        "unsigned requests are nobody's: there is nothing to verify");
    cw__pipe_guard_begin(&guard);
    cw_status status = cw__sts_caller(&sts, k, &how, out->arn, sizeof out->arn, err);
    cw__pipe_guard_end(&guard, true);
    return status;
}

cw_status cw_client_get_identity(cw_client *c, const char *url, int verified, cw_identity *out,
                                 cw_error *err)
{
    cw__keys *k = NULL;
    cw__place place;
    memset(out, 0, sizeof *out);
    cw__error_clear(err);
    cw_status status = cw__client_check(c, err);
    if (status == CW_OK)
        status = cw__client_place(c, url, &place, err);
    if (status != CW_OK)
        return status;
    cw__copy_string(out->region, sizeof out->region, place.region);
    cw__copy_string(out->endpoint, sizeof out->endpoint, place.endpoint);
    status = cw__credentials_get(c->credentials, &k, err);
    set_steps(c, out);
    if (status != CW_OK)
        return status;
    set_keys(k, out);
    if (verified)
        status = verify(c, k, out, err);
    cw__keys_release(c->credentials, k);
    return status;
}

static void forget_copies(void *user, cw_credentials *copies)
{
    (void)user;
    cw__free_secret((char *)(uintptr_t)copies->access_key_id);
    cw__free_secret((char *)(uintptr_t)copies->secret_access_key);
    cw__free_secret((char *)(uintptr_t)copies->session_token);
    *copies = (cw_credentials){.struct_size = sizeof *copies};
}

static cw_status copy_keys(const cw__keys *k, cw_credentials *out, cw_error *err)
{
    out->access_key_id = cw__strdup(k->access_key_id);
    out->secret_access_key = cw__strdup(k->secret_access_key);
    out->session_token = cw__strdup(k->session_token);
    out->expires_ms = k->expires_ms;
    out->release = forget_copies;
    if (out->access_key_id && out->secret_access_key && (out->session_token || !k->session_token))
        return CW_OK;
    forget_copies(NULL, out);
    return cw__fail_memory(err, "copying credentials");
}

cw_status cw_client_get_credentials(cw_client *c, cw_credentials *out, cw_error *err)
{
    cw__keys *k = NULL;
    *out = (cw_credentials){.struct_size = sizeof *out, .release = forget_copies};
    cw__error_clear(err);
    cw_status status = cw__client_check(c, err);
    if (status == CW_OK)
        status = cw__credentials_get(c->credentials, &k, err);
    if (status != CW_OK)
        return status;
    if (!k->anonymous)
        status = copy_keys(k, out, err);
    cw__keys_release(c->credentials, k);
    return status;
}
