/* credentials_instance.c - the metadata service of an EC2 instance, version 2
 *
 *     PUT /latest/api/token -> GET …/security-credentials/ (the role's name) -> GET …/ROLE
 *
 * Version 1, which answers anybody who can make this process fetch a URL, is not asked. Being the
 * last of the chain and found by mere presence, it has short limits: off EC2 nothing may answer.
 */
#include "s3/credentials_providers.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

#define DEFAULT_URL "http://169.254.169.254"
#define ROLES       "/latest/meta-data/iam/security-credentials/"

enum {
    CONNECT_MS = 1000,
    REPLY_MS = 1000, /* what the AWS tools wait */
    LONGEST_ROLE = 200
};

typedef struct instance {
    char *url; /* without a slash at the end */
} instance;

static cw_status missing(const instance *i, const char *why, cw_error *err)
{
    return cw__fail(err, CW_E_CREDENTIALS_MISSING,
                    "the instance metadata service at %s gives no keys: %s", i->url, why);
}

static cw_status ask(const instance *i, const char *method, const char *path, const char *header,
                     unsigned attempts, cw__asking *how, cw__answer *answer, cw_error *err)
{
    const char *headers[] = {header, NULL};
    cw__text url = {0};
    cw_status status;
    cw__text_add(&url, i->url);
    cw__text_add(&url, path);
    cw__question q = {.method = method,
                      .url = cw__text_str(&url),
                      .headers = headers,
                      .connect_ms = CONNECT_MS,
                      .reply_ms = REPLY_MS,
                      .attempts = attempts,
                      .direct = true};
    memset(answer, 0, sizeof *answer);
    status = url.failed ? cw__fail_memory(err, "asking the instance metadata service")
                        : cw__ask(answer, &q, how, err);
    cw__text_free(&url);
    return status;
}

static cw_status explain(const instance *i, const cw__answer *a, const char *on_404, cw_error *err)
{
    char why[200];
    if (a->end == CW__HTTP_ANSWERED && a->status == 404 && on_404)
        return missing(i, on_404, err);
    cw__answer_describe(a, why, sizeof why);
    return missing(i, why, err);
}

/* ---- the session token ---- */

static cw_status explain_token(const instance *i, const cw__answer *a, cw_error *err)
{
    if (a->end == CW__HTTP_STALLED)
        return missing(i,
                       "no session token came: in a container, allow two hops (aws ec2 "
                       "modify-instance-metadata-options --http-put-response-hop-limit 2)",
                       err);
    if (a->end == CW__HTTP_ANSWERED && a->status == 403)
        return missing(i, "it is switched off for this instance (HTTP 403)", err);
    return explain(i, a, "it has no version 2 (HTTP 404)", err);
}

/* Into a header, with its name. */
static cw_status get_token(const instance *i, cw__asking *how, cw__text *header, cw_error *err)
{
    cw__answer a;
    cw_status status = ask(i, "PUT", "/latest/api/token",
                           "x-aws-ec2-metadata-token-ttl-seconds: 21600", 1, how, &a, err);
    header->secret = true;
    if (status == CW_OK && (a.end != CW__HTTP_ANSWERED || a.status != 200))
        status = explain_token(i, &a, err);
    else if (status == CW_OK && (a.body.n == 0 || !cw__credentials_printable(a.body.p)))
        status = missing(i, "its session token is none", err);
    if (status == CW_OK) {
        cw__text_add(header, "x-aws-ec2-metadata-token: ");
        cw__text_add(header, a.body.p);
        status = header->failed ? cw__fail_memory(err, "asking for instance metadata") : CW_OK;
    }
    cw__answer_free(&a);
    return status;
}

/* ---- the role and its keys ---- */

/* The first line: an instance has one role. It becomes part of a path. */
static cw_status get_role(const instance *i, const char *header, cw__asking *how, char *role,
                          size_t size, cw_error *err)
{
    cw__answer a;
    cw_status status = ask(i, "GET", ROLES, header, 0, how, &a, err);
    if (status == CW_OK && (a.end != CW__HTTP_ANSWERED || a.status != 200)) {
        status = explain(i, &a, "no role is attached to this instance", err);
    } else if (status == CW_OK) {
        const char *text = cw__text_str(&a.body);
        size_t n = strcspn(text, "\r\n");
        if (n == 0 || n >= size || strcspn(text, " /?#%") < n)
            status = missing(i, "no role is attached to this instance", err);
        else
            snprintf(role, size, "%.*s", (int)n, text);
    }
    cw__answer_free(&a);
    return status;
}

/* A code other than Success comes with HTTP 200. */
static cw_status check_code(const instance *i, const cw__answer *a, cw_error *err)
{
    cw__json *json;
    char why[160];
    cw_status status = cw__json_parse(&json, cw__text_str(&a->body), a->body.n, err);
    if (status != CW_OK)
        return status;
    const char *code = cw__json_string(cw__json_member(cw__json_root(json), "Code"));
    if (code && strcmp(code, "Success") != 0) {
        snprintf(why, sizeof why, "it says %.100s", code);
        status = missing(i, why, err);
    }
    cw__json_free(json);
    return status;
}

static cw_status get_keys(const instance *i, const char *header, const char *role, cw__asking *how,
                          cw__keys **out, cw_error *err)
{
    char path[sizeof ROLES + LONGEST_ROLE];
    cw__answer a;
    snprintf(path, sizeof path, ROLES "%s", role);
    cw_status status = ask(i, "GET", path, header, 0, how, &a, err);
    if (status == CW_OK && (a.end != CW__HTTP_ANSWERED || a.status != 200))
        status = explain(i, &a, NULL, err);
    else if (status == CW_OK)
        status = check_code(i, &a, err);
    if (status == CW_OK)
        status =
            cw__credentials_parse_json(out, cw__text_str(&a.body), a.body.n, "Token",
                                       "instance metadata", "the instance metadata service", err);
    cw__answer_free(&a);
    return status;
}

static cw_status get(void *self, cw__asking *how, cw__keys **out, cw_error *err)
{
    const instance *i = self;
    cw__text header = {0};
    char role[LONGEST_ROLE];
    if (cw__asking_refuses(how))
        return CW_E_CREDENTIALS_MISSING;
    cw_status status = get_token(i, how, &header, err);
    if (status == CW_OK)
        status = get_role(i, header.p, how, role, sizeof role, err);
    if (status == CW_OK)
        status = get_keys(i, header.p, role, how, out, err);
    cw__text_free(&header);
    return status;
}

static void free_self(void *self)
{
    instance *i = self;
    cw__free(i->url);
    cw__free(i);
}

cw_status cw__credentials_instance(cw__credentials_provider *out, const cw_client_options *o,
                                   cw_error *err)
{
    const char *url = o->instance_metadata_url;
    if (!o->instance_metadata) {
        out->absent = "instance metadata is off (AWS_EC2_METADATA_DISABLED), or the "
                      "environment was not asked for";
        return CW_OK;
    }
    instance *i = cw__alloc_zero(sizeof *i);
    if (!i)
        return cw__fail_memory(err, "preparing to ask for instance metadata");
    i->url = cw__strdup(url && *url ? url : DEFAULT_URL);
    if (!i->url) {
        free_self(i);
        return cw__fail_memory(err, "preparing to ask for instance metadata");
    }
    for (size_t n = strlen(i->url); n > 0 && i->url[n - 1] == '/'; n--)
        i->url[n - 1] = '\0';
    out->get = get;
    out->free = free_self;
    out->self = i;
    return CW_OK;
}
