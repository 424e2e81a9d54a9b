/* credentials_web_identity.c - the token of a web identity, traded for keys at STS
 *
 * What Kubernetes gives a pod (IRSA), and CI systems give a job. Owns copies of the settings; the
 * token file is read anew each time, since whoever runs the pod replaces it.
 */
#include "s3/credentials_providers.h"

#include "base/error.h"
#include "base/memory.h"
#include "s3/sts.h"

typedef struct identity {
    char *token_file, *role_arn, *session_name, *region, *endpoint_url;
} identity;

static cw_status get(void *self, cw__asking *how, cw__keys **out, cw_error *err)
{
    const identity *i = self;
    cw__sts sts = {.endpoint_url = i->endpoint_url, .region = i->region};
    cw__sts_role role = {.arn = i->role_arn, .session_name = i->session_name};
    cw__text token = {0};
    if (!i->role_arn)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "a web identity token file is named, and no role: set AWS_ROLE_ARN");
    if (cw__asking_refuses(how))
        return CW_E_CREDENTIALS_MISSING;
    cw_status status = cw__credentials_read_token(&token, i->token_file, err);
    if (status == CW_OK)
        status = cw__sts_web_identity(&sts, &role, token.p, how, out, err);
    cw__text_free(&token);
    return status;
}

static void free_self(void *self)
{
    identity *i = self;
    cw__free(i->token_file);
    cw__free(i->role_arn);
    cw__free(i->session_name);
    cw__free(i->region);
    cw__free(i->endpoint_url);
    cw__free(i);
}

cw_status cw__credentials_web_identity(cw__credentials_provider *out, const cw_client_options *o,
                                       const char *region, cw_error *err)
{
    if (!o->web_identity_token_file || !*o->web_identity_token_file) {
        out->absent = "AWS_WEB_IDENTITY_TOKEN_FILE is not set";
        return CW_OK;
    }
    identity *i = cw__alloc_zero(sizeof *i);
    if (!i)
        return cw__fail_memory(err, "preparing a web identity");
    if (!cw__copy_given(&i->token_file, o->web_identity_token_file) ||
        !cw__copy_given(&i->role_arn, o->role_arn) ||
        !cw__copy_given(&i->session_name, o->role_session_name) ||
        !cw__copy_given(&i->region, region) ||
        !cw__copy_given(&i->endpoint_url, o->sts_endpoint_url)) {
        free_self(i);
        return cw__fail_memory(err, "preparing a web identity");
    }
    out->get = get;
    out->free = free_self;
    out->self = i;
    return CW_OK;
}
