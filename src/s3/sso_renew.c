/* sso_renew.c - IAM Identity Center: a new token for one that ends soon
 *
 * A login of an [sso-session] leaves, beside the token, a refresh token and the registration of the
 * program that asked for it: with these a new token is had without a person. It replaces the old
 * one in the cache file, in one step, since a refresh token may be good for one time only; that
 * file is shared with the AWS tools. Where it cannot be written, the token is used all the same.
 */
#include "s3/sso_renew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_io.h"
#include "base/json.h"
#include "s3/credentials.h"
#include "s3/credentials_providers.h"

enum { EARLY_MS = 5 * 60 * 1000 };

static const char *member(const cw__json *json, const char *name)
{
    const char *text = cw__json_string(cw__json_member(cw__json_root(json), name));
    return text && *text ? text : NULL;
}

/* ---- is there what it takes ---- */

static bool is_renewable(const cw__json *json)
{
    int64_t expires_ms, registered_ms, now = cw__clock_wall_ms();
    const char *expires = member(json, "expiresAt"), *until = member(json, "registrationExpiresAt");

    return expires && until && cw__clock_parse_iso(expires, &expires_ms) &&
           cw__clock_parse_iso(until, &registered_ms) && expires_ms - now < EARLY_MS &&
           registered_ms > now && member(json, "refreshToken") && member(json, "clientId") &&
           member(json, "clientSecret");
}

cw_status cw__sso_may_renew(bool *may, const char *p, size_t n, cw_error *err)
{
    cw__json *json;
    cw_status status = cw__json_parse(&json, p, n, err);

    *may = status == CW_OK && is_renewable(json);
    if (status == CW_OK)
        cw__json_free(json);
    return status;
}

/* ---- writing JSON ---- */

static void add_member(cw__text *t, const char *name, const char *value)
{
    if (!value)
        return;
    cw__text_addf(t, "%c\"%s\":\"", t->n ? ',' : '{', name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            cw__text_add_char(t, '\\');
        if ((unsigned char)*value < ' ')
            cw__text_addf(t, "\\u%04x", (unsigned)*value);
        else
            cw__text_add_char(t, *value);
    }
    cw__text_add_char(t, '"');
}

static void add_old(cw__text *t, const cw__json *old, const char *name)
{
    add_member(t, name, member(old, name));
}

static void write_question(cw__text *body, const cw__json *cache)
{
    add_old(body, cache, "clientId");
    add_old(body, cache, "clientSecret");
    add_member(body, "grantType", "refresh_token");
    add_old(body, cache, "refreshToken");
    cw__text_add_char(body, '}');
}

static void write_cache(cw__text *t, const cw__json *old, const cw__json *reply, int64_t seconds)
{
    char amz[17], iso[24];

    cw__clock_format_amz(cw__clock_wall_ms() + seconds * 1000, amz);
    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", amz, amz + 4, amz + 6, amz + 9,
             amz + 11, amz + 13);
    add_old(t, old, "startUrl");
    add_old(t, old, "region");
    add_old(t, reply, "accessToken");
    add_member(t, "expiresAt", iso);
    add_old(t, old, "clientId");
    add_old(t, old, "clientSecret");
    add_old(t, old, "registrationExpiresAt");
    add_old(t, member(reply, "refreshToken") ? reply : old, "refreshToken");
    cw__text_add_char(t, '}');
}

/* ---- what is answered ---- */

static cw_status take(cw__text *token, cw__text *cache, const cw__json *reply, const cw__json *old,
                      cw_error *err)
{
    enum { MOST_SECONDS = 366 * 24 * 3600 };
    const char *text = member(reply, "accessToken");
    int64_t seconds;

    if (!text || !cw__credentials_printable(text) ||
        !cw__json_int(cw__json_member(cw__json_root(reply), "expiresIn"), &seconds) ||
        seconds <= 0 || seconds > MOST_SECONDS)
        return cw__fail(err, CW_E_PROTOCOL, "the reply of SSO has no usable token");
    cw__text_add(token, text);
    write_cache(cache, old, reply, seconds);
    return token->failed || cache->failed ? cw__fail_memory(err, "renewing the SSO token") : CW_OK;
}

cw_status cw__sso_parse_renewal(cw__text *token, cw__text *cache, const char *reply, size_t n,
                                const char *old, size_t old_n, cw_error *err)
{
    cw__json *before = NULL, *after = NULL;
    cw_status status = cw__json_parse(&before, old, old_n, err);

    token->secret = cache->secret = true;
    if (status == CW_OK)
        status = cw__json_parse(&after, reply, n, err);
    if (status == CW_OK)
        status = take(token, cache, after, before, err);
    cw__json_free(before);
    cw__json_free(after);
    return status;
}

/* Whole or not at all, and for nobody else's eyes. */
static void replace_cache(const char *path, const cw__text *cache)
{
    cw__text name = {0};
    size_t written;
    int fd;

    cw__text_addf(&name, "%s.XXXXXX", path);
    fd = name.failed ? -1 : mkstemp(name.p);
    if (fd >= 0) {
        bool good = cw__file_write(fd, false, cache->p, cache->n, &written) == 0;
        close(fd);
        if (!good || rename(name.p, path) != 0)
            unlink(name.p);
    }
    cw__text_free(&name);
}

/* ---- asking ---- */

static cw_status ask(cw__answer *answer, const cw__text *body, const char *region,
                     const char *endpoint_url, const cw__asking *how, cw_error *err)
{
    static const char *const headers[] = {"content-type: application/json", NULL};
    cw__text url = {0};
    cw_status status;

    cw__add_service_url(&url, endpoint_url, "oidc", region, how->variant);
    cw__text_add(&url, "/token");
    cw__question q = {
        .method = "POST", .url = cw__text_str(&url), .headers = headers, .body = body};
    status = url.failed || body->failed ? cw__fail_memory(err, "renewing the SSO token")
                                        : cw__ask(answer, &q, how, err);
    cw__text_free(&url);
    return status;
}

static cw_status judge(const cw__answer *answer, cw_error *err)
{
    char why[200];

    if (answer->end == CW__HTTP_ANSWERED && answer->status == 200)
        return CW_OK;
    cw__answer_describe(answer, why, sizeof why);
    return cw__fail(err,
                    answer->end == CW__HTTP_ANSWERED && answer->status < 500
                        ? CW_E_CREDENTIALS_EXPIRED
                        : CW_E_UNAVAILABLE,
                    "the SSO token could not be renewed: %s", why);
}

cw_status cw__sso_renew(cw__text *token, const char *p, size_t n, const cw__profile *profile,
                        const char *path, const char *endpoint_url, const cw__asking *how,
                        cw_error *err)
{
    cw__text body = {.secret = true}, cache = {.secret = true};
    cw__answer answer = {0};
    cw__json *json;
    cw_status status = cw__json_parse(&json, p, n, err);

    if (status != CW_OK)
        return status;
    write_question(&body, json);
    cw__json_free(json);
    status = ask(&answer, &body, profile->sso_region, endpoint_url, how, err);
    if (status == CW_OK)
        status = judge(&answer, err);
    if (status == CW_OK)
        status = cw__sso_parse_renewal(token, &cache, cw__text_str(&answer.body), answer.body.n, p,
                                       n, err);
    if (status == CW_OK)
        replace_cache(path, &cache);
    cw__answer_free(&answer);
    cw__text_free(&cache);
    cw__text_free(&body);
    return status;
}
