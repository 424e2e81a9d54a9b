/* credentials_container.c - the agent of a container: ECS, EKS Pod Identity
 *
 * The token that is sent may be worth as much as keys, so it goes over TLS, or to this machine, or
 * to the addresses that only the agents of ECS and EKS have. Owns copies of the settings.
 */
#include "s3/credentials_container.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/url.h"
#include "s3/credentials_providers.h"

#define AGENT_OF_ECS "http://169.254.170.2"

typedef struct container {
    char *url, *token, *token_file;
    bool slash; /* a relative path begins with one */
} container;

static bool is_agent(const char *host)
{
    return strcmp(host, "169.254.170.2") == 0 || strcmp(host, "169.254.170.23") == 0 ||
           cw__equal_nocase(host, "[fd00:ec2::23]");
}

/* The path and query of a URL are the agent's business: only what is before them is looked at. */
cw_status cw__container_check_url(const char *url, cw_error *err)
{
    const char *slashes = strstr(url, "://");
    size_t n = slashes ? (size_t)(slashes - url) + 3 : 0;
    char *origin = cw__strndup(url, n + strcspn(url + n, "/?#"));
    cw__endpoint_url parts;
    cw_error why = {0};
    if (!origin)
        return cw__fail_memory(err, "looking at AWS_CONTAINER_CREDENTIALS_FULL_URI");
    cw_status status = cw__endpoint_url_parse(&parts, origin, &why);
    cw__free(origin);
    if (status != CW_OK)
        return cw__fail(err, status, "AWS_CONTAINER_CREDENTIALS_FULL_URI: %s", why.message);
    if (!parts.tls && !cw__host_is_this_machine(parts.host) && !is_agent(parts.host))
        status = cw__fail(err, CW_E_INVALID_ARGUMENT,
                          "AWS_CONTAINER_CREDENTIALS_FULL_URI names %s over plain http: it must be "
                          "https, this machine, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]",
                          parts.host);
    cw__endpoint_url_free(&parts);
    return status;
}

/* ---- asking ---- */

static cw_status judge(const cw__answer *answer, cw__keys **out, cw_error *err)
{
    char why[200];
    cw__answer_describe(answer, why, sizeof why);
    if (answer->end != CW__HTTP_ANSWERED)
        return cw__fail(err, CW_E_UNAVAILABLE, "the container agent was asked: %s", why);
    if (answer->status != 200)
        return cw__fail(err,
                        answer->status == 401 || answer->status == 403 ? CW_E_PERMISSION
                                                                       : CW_E_UNAVAILABLE,
                        "the container agent gives no keys: %s; look at the role of the task or "
                        "pod, and at AWS_CONTAINER_AUTHORIZATION_TOKEN(_FILE)",
                        why);
    return cw__credentials_parse_json(out, cw__text_str(&answer->body), answer->body.n, "Token",
                                      "the container agent", "the container agent", err);
}

static cw_status ask(const container *c, const char *token, cw__asking *how, cw__keys **out,
                     cw_error *err)
{
    cw__text line = {.secret = true};
    cw__answer answer = {0};
    cw__text_add(&line, "authorization: ");
    cw__text_add(&line, token ? token : "");
    const char *headers[] = {"accept: application/json", token ? line.p : NULL, NULL};
    cw__question q = {.method = "GET", .url = c->url, .headers = headers, .direct = true};
    cw_status status = line.failed ? cw__fail_memory(err, "asking the container agent")
                                   : cw__ask(&answer, &q, how, err);
    if (status == CW_OK)
        status = judge(&answer, out, err);
    cw__answer_free(&answer);
    cw__text_free(&line);
    return status;
}

/* Not before it is asked: whoever has other keys need not care. */
static cw_status check(const container *c, cw_error *err)
{
    if (!c->slash)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash");
    if (c->token && strpbrk(c->token, "\r\n"))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "AWS_CONTAINER_AUTHORIZATION_TOKEN has a line break in it");
    return cw__container_check_url(c->url, err);
}

static cw_status get(void *self, cw__asking *how, cw__keys **out, cw_error *err)
{
    const container *c = self;
    cw__text token = {0};
    cw_status status = check(c, err);
    if (status == CW_OK && cw__asking_refuses(how))
        status = CW_E_CREDENTIALS_MISSING;
    if (status == CW_OK && c->token_file)
        status = cw__credentials_read_token(&token, c->token_file, err);
    if (status == CW_OK)
        status = ask(c, c->token_file ? token.p : c->token, how, out, err);
    cw__text_free(&token);
    return status;
}

/* ---- making ---- */

static void free_self(void *self)
{
    container *c = self;
    cw__free(c->url);
    cw__free_secret(c->token);
    cw__free(c->token_file);
    cw__free(c);
}

static const char *given(const char *s)
{
    return s && *s ? s : NULL;
}

static bool fill(container *c, const cw_client_options *o)
{
    cw__text url = {0};
    const char *path = given(o->container_credentials_path);
    if (path)
        cw__text_add(&url, AGENT_OF_ECS);
    cw__text_add(&url, path ? path : o->container_credentials_url);
    c->url = url.p;
    c->slash = !path || *path == '/';
    return !url.failed && cw__copy_given(&c->token, o->container_authorization) &&
           cw__copy_given(&c->token_file, o->container_authorization_file);
}

cw_status cw__credentials_container(cw__credentials_provider *out, const cw_client_options *o,
                                    cw_error *err)
{
    if (!given(o->container_credentials_path) && !given(o->container_credentials_url)) {
        out->absent = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set";
        return CW_OK;
    }
    container *c = cw__alloc_zero(sizeof *c);
    if (!c)
        return cw__fail_memory(err, "preparing to ask the container agent");
    if (!fill(c, o)) {
        free_self(c);
        return cw__fail_memory(err, "preparing to ask the container agent");
    }
    out->get = get;
    out->free = free_self;
    out->self = c;
    return CW_OK;
}
