/* sts.c - the Security Token Service: keys of a role, and whose keys these are
 *
 * One POST of a form for each action, signed for the service "sts" (but for web identities, whose
 * token is proof enough). The form and the headers are wiped: they hold tokens.
 */
#include "s3/sts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/url.h"
#include "port/digest.h"
#include "port/xml.h"
#include "s3/credentials_providers.h"

static const char content_type[] = "application/x-www-form-urlencoded";

enum { LONGEST_SAID = 200 }; /* of a service's message */

typedef struct action {
    const char *name;
    const cw__keys *with; /* NULL: unsigned */
    cw__text form;
} action;

/* ---- the request ---- */

static void begin(action *a, const char *name, const cw__keys *with)
{
    *a = (action){.name = name, .with = with, .form = {.secret = true}};
    cw__text_add(&a->form, "Action=");
    cw__text_add(&a->form, name);
    cw__text_add(&a->form, "&Version=2011-06-15");
}

static void add_field(action *a, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    cw__text_add_char(&a->form, '&');
    cw__text_add(&a->form, name);
    cw__text_add_char(&a->form, '=');
    cw__text_add_encoded(&a->form, value, strlen(value), false);
}

static void add_role(action *a, const cw__sts_role *role)
{
    char made_up[48], seconds[16];
    snprintf(made_up, sizeof made_up, "libcloudwriter-%lld", (long long)cw__clock_wall_ms());
    snprintf(seconds, sizeof seconds, "%u", (unsigned)role->duration_s);
    add_field(a, "RoleArn", role->arn);
    add_field(a, "RoleSessionName", role->session_name ? role->session_name : made_up);
    add_field(a, "ExternalId", role->external_id);
    add_field(a, "DurationSeconds", role->duration_s ? seconds : NULL);
}

static void add_line(cw__text *lines, const char *name, const char *value)
{
    cw__text_add(lines, name);
    cw__text_add(lines, ": ");
    cw__text_add_n(lines, value, strlen(value) + 1);
}

static cw_status sign(cw__text *lines, const action *a, const cw__sts *sts, const char *host,
                      const char *path, cw_error *err)
{
    unsigned char digest[CW__SHA256_BYTES];
    char hex[2 * CW__SHA256_BYTES + 1], date[17];
    int64_t now = cw__clock_wall_ms();
    cw__clock_format_amz(now, date);
    cw__sign_header headers[4] = {
        {"content-type", content_type}, {"host", host}, {"x-amz-date", date}};
    cw__sign_keys keys = {.access_key_id = a->with->access_key_id,
                          .secret_access_key = a->with->secret_access_key,
                          .session_token = a->with->session_token};
    if (cw__sha256_of(a->form.p, a->form.n, digest) != CW_OK)
        return cw__fail_memory(err, "signing for STS");
    cw__hex(digest, sizeof digest, hex);
    add_line(lines, "x-amz-date", date);
    if (keys.session_token) {
        headers[3] = (cw__sign_header){"x-amz-security-token", keys.session_token};
        add_line(lines, "x-amz-security-token", keys.session_token);
    }
    cw__sign_input in = {.method = "POST",
                         .path = path,
                         .query = "",
                         .headers = headers,
                         .header_count = keys.session_token ? 4 : 3,
                         .payload_hash = hex,
                         .region = sts->region,
                         .service = "sts",
                         .wall_ms = now};
    cw__text_add(lines, "authorization: ");
    if (cw__sign(&keys, &in, NULL, lines) != CW_OK)
        return cw__fail_memory(err, "signing for STS");
    cw__text_add_char(lines, '\0');
    return CW_OK;
}

/* The lines that `text` holds, as a NULL-terminated list. There are 4 at most. */
static void list_lines(const cw__text *text, const char *list[6])
{
    size_t count = 0;
    for (size_t at = 0; at < text->n && count < 5; at += strlen(text->p + at) + 1)
        list[count++] = text->p + at;
    list[count] = NULL;
}

static cw_status add_signature(cw__text *lines, const action *a, const cw__sts *sts,
                               const char *url, cw_error *err)
{
    cw__endpoint_url parts;
    cw__text host = {0}, path = {0};
    cw_status status = cw__endpoint_url_parse(&parts, url, err);
    if (status != CW_OK)
        return status;
    cw__text_addf(&host, "%s%s%s", parts.host, *parts.port ? ":" : "", parts.port);
    cw__text_addf(&path, "%s/", parts.path);
    status = host.failed || path.failed
                 ? cw__fail_memory(err, "signing for STS")
                 : sign(lines, a, sts, cw__text_str(&host), cw__text_str(&path), err);
    cw__text_free(&host);
    cw__text_free(&path);
    cw__endpoint_url_free(&parts);
    return status;
}

/* ---- the reply ---- */

cw_status cw__sts_parse_error(const char *p, size_t n, int http_status, const char *name,
                              cw_error *err)
{
    cw__xml *xml = NULL;
    char code[64] = "", said[LONGEST_SAID] = "", id[96] = "";
    if (cw__xml_parse(&xml, p, n, NULL) == CW_OK) {
        const cw__xml_node *root = cw__xml_root(xml), *error = cw__xml_child(root, "Error");
        cw__xml_copy_text(error, "Code", code, sizeof code);
        cw__xml_copy_text(error, "Message", said, sizeof said);
        cw__xml_copy_text(root, "RequestId", id, sizeof id);
        cw__log_clean(code);
        cw__log_clean(said); /* of a wrong signature it tells what should have been signed */
    }
    cw__xml_free(xml);
    cw_status status = strstr(code, "Expired")                         ? CW_E_CREDENTIALS_EXPIRED
                       : strstr(code, "Throttl") || http_status == 429 ? CW_E_THROTTLED
                       : strstr(code, "Denied") || http_status == 403  ? CW_E_PERMISSION
                       : http_status >= 500                            ? CW_E_UNAVAILABLE
                                                                       : CW_E_SERVICE;
    cw__fail(err, status, "STS refused %s: %s%s%s (HTTP %d)%s", name,
             *code ? code : "it is perhaps no STS", *said ? ": " : "", said, http_status,
             strcmp(code, "ExpiredTokenException") == 0 ? "; the token file must be renewed" : "");
    if (err) {
        err->http_status = http_status;
        cw__copy_string(err->service_code, sizeof err->service_code, code);
        cw__copy_string(err->request_id, sizeof err->request_id, id);
    }
    return status;
}

static const cw__xml_node *result_of(const cw__xml *xml, const char *name)
{
    char element[64];
    snprintf(element, sizeof element, "%sResponse", name);
    if (strcmp(cw__xml_name(cw__xml_root(xml)), element) != 0)
        return NULL;
    snprintf(element, sizeof element, "%sResult", name);
    return cw__xml_child(cw__xml_root(xml), element);
}

/* false: it is there, and there is no memory for it. */
static bool take_text(char **out, const cw__xml_node *node, const char *name)
{
    *out = cw__xml_child_text(node, name);
    return *out || !cw__xml_child(node, name);
}

cw_status cw__sts_read_keys(cw__keys **out, const cw__xml_node *in, const char *source,
                            cw_error *err)
{
    const cw__xml_node *credentials = cw__xml_child(in, "Credentials");
    char *id = NULL, *secret = NULL, *token = NULL, until[64];
    int64_t expires_ms = 0;
    cw_status status = CW_OK;
    bool fine = take_text(&id, credentials, "AccessKeyId");
    fine &= take_text(&secret, credentials, "SecretAccessKey");
    fine &= take_text(&token, credentials, "SessionToken");
    cw__xml_copy_text(credentials, "Expiration", until, sizeof until);
    if (!fine)
        status = cw__fail_memory(err, "copying the credentials");
    else if (!id || !secret || !token || !*id || !*secret || !cw__credentials_printable(id) ||
             !cw__credentials_printable(token) || !cw__clock_parse_iso(until, &expires_ms))
        status = cw__fail(err, CW_E_PROTOCOL, "the reply has no usable credentials");
    if (status == CW_OK) {
        *out = cw__keys_new(id, secret, *token ? token : NULL, expires_ms, source);
        status = *out ? CW_OK : cw__fail_memory(err, "copying the credentials");
    }
    cw__free_secret(id);
    cw__free_secret(secret);
    cw__free_secret(token);
    return status;
}

cw_status cw__sts_parse_keys(cw__keys **out, const char *p, size_t n, const char *name,
                             const char *source, cw_error *err)
{
    cw__xml *xml;
    *out = NULL;
    cw_status status = cw__xml_parse(&xml, p, n, err);
    if (status != CW_OK)
        return status;
    status = cw__sts_read_keys(out, result_of(xml, name), source, err);
    cw__xml_free(xml);
    return status;
}

/* ---- asking ---- */

static cw_status post(action *a, const cw__sts *sts, const cw__asking *how, cw__answer *answer,
                      cw_error *err)
{
    cw__text url = {0}, lines = {.secret = true};
    const char *list[6];
    char why[200];
    cw_status status = CW_OK;
    memset(answer, 0, sizeof *answer);
    if (!sts->endpoint_url && !cw__credentials_is_region(sts->region))
        status =
            cw__fail(err, CW_E_INVALID_ARGUMENT, "there is no STS in a region '%s'", sts->region);
    cw__add_service_url(&url, sts->endpoint_url, "sts", sts->region, how->variant);
    cw__text_add_char(&url, '/');
    add_line(&lines, "content-type", content_type);
    if (status == CW_OK && a->with && !url.failed && !a->form.failed)
        status = add_signature(&lines, a, sts, url.p, err);
    if (status == CW_OK && (url.failed || lines.failed || a->form.failed))
        status = cw__fail_memory(err, "asking STS");
    if (status == CW_OK) {
        list_lines(&lines, list);
        cw__question q = {.method = "POST", .url = url.p, .headers = list, .body = &a->form};
        status = cw__ask(answer, &q, how, err);
    }
    if (status == CW_OK && answer->end != CW__HTTP_ANSWERED) {
        cw__answer_describe(answer, why, sizeof why);
        status =
            cw__fail(err, CW_E_UNAVAILABLE, "STS was asked for %s at %s: %s", a->name, url.p, why);
    } else if (status == CW_OK && answer->status != 200) {
        status = cw__sts_parse_error(cw__text_str(&answer->body), answer->body.n, answer->status,
                                     a->name, err);
    }
    cw__text_free(&lines);
    cw__text_free(&url);
    cw__text_free(&a->form);
    return status;
}

static cw_status ask_for_keys(action *a, const cw__sts *sts, const cw__asking *how,
                              const char *source, cw__keys **out, cw_error *err)
{
    cw__answer answer;
    *out = NULL;
    cw_status status = post(a, sts, how, &answer, err);
    if (status == CW_OK)
        status = cw__sts_parse_keys(out, cw__text_str(&answer.body), answer.body.n, a->name, source,
                                    err);
    cw__answer_free(&answer);
    return status;
}

cw_status cw__sts_assume_role(const cw__sts *sts, const cw__sts_role *role, const cw__keys *with,
                              const cw__asking *how, cw__keys **out, cw_error *err)
{
    action a;
    begin(&a, "AssumeRole", with);
    add_role(&a, role);
    return ask_for_keys(&a, sts, how, "a role that the profile assumes", out, err);
}

cw_status cw__sts_web_identity(const cw__sts *sts, const cw__sts_role *role, const char *token,
                               const cw__asking *how, cw__keys **out, cw_error *err)
{
    action a;
    begin(&a, "AssumeRoleWithWebIdentity", NULL);
    add_role(&a, role);
    add_field(&a, "WebIdentityToken", token);
    return ask_for_keys(&a, sts, how, "a web identity", out, err);
}

cw_status cw__sts_parse_caller(char *arn, size_t size, const char *p, size_t n, cw_error *err)
{
    cw__xml *xml = NULL;
    cw_status status = cw__xml_parse(&xml, p, n, err);
    *arn = '\0';
    if (status == CW_OK)
        cw__xml_copy_text(result_of(xml, "GetCallerIdentity"), "Arn", arn, size);
    if (status == CW_OK && !*arn)
        status = cw__fail(err, CW_E_PROTOCOL, "the reply of STS names no caller");
    cw__xml_free(xml);
    return status;
}

cw_status cw__sts_caller(const cw__sts *sts, const cw__keys *with, const cw__asking *how, char *arn,
                         size_t size, cw_error *err)
{
    action a;
    cw__answer answer;
    begin(&a, "GetCallerIdentity", with);
    *arn = '\0';
    cw_status status = post(&a, sts, how, &answer, err);
    if (status == CW_OK)
        status = cw__sts_parse_caller(arn, size, cw__text_str(&answer.body), answer.body.n, err);
    cw__answer_free(&answer);
    return status;
}
