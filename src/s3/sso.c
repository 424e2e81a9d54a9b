/* sso.c - IAM Identity Center: keys for the token that `aws sso login` has left behind
 *
 * The token lies in ~/.aws/sso/cache, in a file that is named by the SHA-1 of the session's name
 * or, for a profile without a session, of the start URL. That of a session is renewed shortly
 * before its end, if it can be (sso_renew.h); else a person has to log in.
 */
#include "s3/sso.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "port/digest.h"
#include "s3/credentials_providers.h"
#include "s3/sso_renew.h"

enum { LARGEST_CACHE = 256 * 1024 };

static const char source_name[] = "SSO";

static cw_status login(cw_error *err, cw_status status, const char *profile, const char *what)
{
    return cw__fail(err, status, "%s: run aws sso login --profile %s", what, profile);
}

/* ---- the cached token ---- */

static cw_status find_cache(cw__text *path, const cw__profile *p, const char *home, cw_error *err)
{
    const char *name = p->sso_session ? p->sso_session : p->sso_start_url;
    unsigned char digest[CW__SHA1_BYTES];
    char hex[2 * CW__SHA1_BYTES + 1];
    if (cw__sha1_of(name, strlen(name), digest) != CW_OK)
        return cw__fail_memory(err, "looking for the SSO token");
    cw__hex(digest, sizeof digest, hex);
    cw__text_addf(path, "%s/.aws/sso/cache/%s.json", home, hex);
    return path->failed ? cw__fail_memory(err, "looking for the SSO token") : CW_OK;
}

static cw_status read_all(cw__text *out, int fd, const char *path, cw_error *err)
{
    ssize_t got = 1;
    if (!cw__text_reserve(out, LARGEST_CACHE))
        return cw__fail_memory(err, "reading the SSO token");
    while (got != 0 && out->n < LARGEST_CACHE) {
        got = read(fd, out->p + out->n, LARGEST_CACHE - out->n);
        if (got > 0)
            out->n += (size_t)got;
        else if (got < 0 && errno != EINTR)
            return cw__fail_errno(err, errno, "cannot read %s", path);
    }
    return CW_OK;
}

static cw_status read_cache(cw__text *out, const char *path, const char *profile, cw_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return login(err, CW_E_CREDENTIALS_EXPIRED, profile, "there is no SSO token");
    if (fd < 0)
        return cw__fail_errno(err, errno, "cannot read %s", path);
    cw_status status = read_all(out, fd, path, err);
    close(fd);
    return status;
}

/* Older tools write "2026-01-02T03:04:05UTC". */
static bool parse_time(const char *s, int64_t *ms)
{
    char text[40];
    size_t n = s ? strlen(s) : 0;
    if (n < 4 || n >= sizeof text)
        return false;
    memcpy(text, s, n + 1);
    if (strcmp(text + n - 3, "UTC") == 0)
        strcpy(text + n - 3, "Z");
    return cw__clock_parse_iso(text, ms);
}

cw_status cw__sso_parse_token(cw__text *token, const char *p, size_t n, const char *profile,
                              cw_error *err)
{
    cw__json *json;
    cw_error why = {0};
    int64_t expires_ms;
    token->secret = true;
    cw_status status = cw__json_parse(&json, p, n, &why);
    if (status != CW_OK)
        return cw__fail(err, status, "the cached SSO token is %s", why.message);
    const cw__json_value *root = cw__json_root(json);
    const char *text = cw__json_string(cw__json_member(root, "accessToken"));
    if (!text || !*text || !cw__credentials_printable(text) ||
        !parse_time(cw__json_string(cw__json_member(root, "expiresAt")), &expires_ms))
        status =
            login(err, CW_E_CREDENTIALS_EXPIRED, profile, "the cached SSO token is not usable");
    else if (expires_ms <= cw__clock_wall_ms())
        status = login(err, CW_E_CREDENTIALS_EXPIRED, profile, "the SSO token has expired");
    else
        cw__text_add(token, text);
    cw__json_free(json);
    return token->failed ? cw__fail_memory(err, "reading the SSO token") : status;
}

/* The token is good until its end, whatever became of a new one. */
static cw_status choose_token(cw__text *token, const cw__text *cache, const cw__profile *p,
                              const char *path, const char *endpoint_url, const cw__asking *how,
                              cw_error *err)
{
    cw_error why = {0};
    bool may = false;

    if (p->sso_session && cw__sso_may_renew(&may, cache->p, cache->n, err) == CW_E_NO_MEMORY)
        return CW_E_NO_MEMORY;
    if (may && cw__sso_renew(token, cache->p, cache->n, p, path, endpoint_url, how, &why) == CW_OK)
        return CW_OK;
    cw__text_reset(token);
    cw_status status = cw__sso_parse_token(token, cache->p, cache->n, p->name, err);
    if (status == CW_OK || !why.status)
        return status;
    return cw__fail(err, why.status, "%s; run aws sso login --profile %s", why.message, p->name);
}

static cw_status get_token(cw__text *token, const cw__profile *p, const cw_client_options *o,
                           const cw__asking *how, cw_error *err)
{
    cw__text path = {0}, cache = {.secret = true};
    if (!o->home_directory)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "profile '%s' uses SSO, whose tokens are below the home directory: none is "
                        "known",
                        p->name);
    cw_status status = find_cache(&path, p, o->home_directory, err);
    if (status == CW_OK)
        status = read_cache(&cache, path.p, p->name, err);
    if (status == CW_OK)
        status = choose_token(token, &cache, p, path.p, o->sso_oidc_endpoint_url, how, err);
    cw__text_free(&cache);
    cw__text_free(&path);
    return status;
}

/* ---- GetRoleCredentials ---- */

cw_status cw__sso_parse_keys(cw__keys **out, const char *p, size_t n, cw_error *err)
{
    cw__json *json;
    int64_t expires_ms;
    *out = NULL;
    cw_status status = cw__json_parse(&json, p, n, err);
    if (status != CW_OK)
        return status;
    const cw__json_value *role = cw__json_member(cw__json_root(json), "roleCredentials");
    const char *id = cw__json_string(cw__json_member(role, "accessKeyId"));
    const char *secret = cw__json_string(cw__json_member(role, "secretAccessKey"));
    const char *token = cw__json_string(cw__json_member(role, "sessionToken"));
    if (!id || !*id || !secret || !*secret || !token || !cw__credentials_printable(id) ||
        !cw__credentials_printable(token) ||
        !cw__json_int(cw__json_member(role, "expiration"), &expires_ms)) {
        status = cw__fail(err, CW_E_PROTOCOL, "the reply of SSO has no usable credentials");
    } else {
        *out = cw__keys_new(id, secret, token, expires_ms, source_name);
        status = *out ? CW_OK : cw__fail_memory(err, "copying the credentials");
    }
    cw__json_free(json);
    return status;
}

static void add_url(cw__text *url, const cw__profile *p, const char *endpoint_url,
                    cw__variant variant)
{
    cw__add_service_url(url, endpoint_url, "portal.sso", p->sso_region, variant);
    cw__text_add(url, "/federation/credentials?role_name=");
    cw__text_add_encoded(url, p->sso_role_name, strlen(p->sso_role_name), false);
    cw__text_add(url, "&account_id=");
    cw__text_add_encoded(url, p->sso_account_id, strlen(p->sso_account_id), false);
}

static cw_status judge(const cw__profile *p, const cw__answer *answer, cw__keys **out,
                       cw_error *err)
{
    char why[200];
    if (answer->end == CW__HTTP_ANSWERED && answer->status == 200)
        return cw__sso_parse_keys(out, cw__text_str(&answer->body), answer->body.n, err);
    if (answer->end == CW__HTTP_ANSWERED && answer->status == 401)
        return login(err, CW_E_CREDENTIALS_EXPIRED, p->name, "SSO does not take the cached token");
    if (answer->end == CW__HTTP_ANSWERED && (answer->status == 403 || answer->status == 404))
        return cw__fail(err, CW_E_PERMISSION,
                        "SSO gives no keys for account %s and role %s (HTTP %d): look at "
                        "sso_account_id and sso_role_name of profile '%s'",
                        p->sso_account_id, p->sso_role_name, answer->status, p->name);
    cw__answer_describe(answer, why, sizeof why);
    return cw__fail(err, CW_E_UNAVAILABLE, "SSO was asked for keys: %s", why);
}

static cw_status ask(const cw__profile *p, const char *token, const char *endpoint_url,
                     const cw__asking *how, cw__keys **out, cw_error *err)
{
    cw__text url = {0}, line = {.secret = true};
    cw__answer answer = {0};
    cw_status status;
    add_url(&url, p, endpoint_url, how->variant);
    cw__text_add(&line, "x-amz-sso_bearer_token: ");
    cw__text_add(&line, token);
    const char *headers[] = {cw__text_str(&line), NULL};
    cw__question q = {.method = "GET", .url = cw__text_str(&url), .headers = headers};
    status = url.failed || line.failed ? cw__fail_memory(err, "asking SSO")
                                       : cw__ask(&answer, &q, how, err);
    if (status == CW_OK)
        status = judge(p, &answer, out, err);
    cw__answer_free(&answer);
    cw__text_free(&line);
    cw__text_free(&url);
    return status;
}

cw_status cw__sso_keys(const cw__profile *p, const cw_client_options *o, const cw__asking *how,
                       cw__keys **out, cw_error *err)
{
    cw__text token = {0};
    const char *lacks = !p->sso_start_url    ? "sso_start_url"
                        : !p->sso_region     ? "sso_region"
                        : !p->sso_account_id ? "sso_account_id"
                        : !p->sso_role_name  ? "sso_role_name"
                                             : NULL;
    if (lacks)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "profile '%s' uses SSO and has no %s%s",
                        p->name, lacks, p->sso_session ? ", nor has its [sso-session]" : "");
    if (!cw__credentials_is_region(p->sso_region))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "the sso_region of profile '%s' is '%s'",
                        p->name, p->sso_region);
    cw_status status = get_token(&token, p, o, how, err);
    if (status == CW_OK)
        status = ask(p, token.p, o->sso_endpoint_url, how, out, err);
    cw__text_free(&token);
    return status;
}
