/* credentials_keys.c - keys as an object, and the forms in which they come */
#include "s3/credentials_providers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"

enum { LARGEST_TOKEN = 64 * 1024 };

cw__keys *cw__keys_new(const char *access_key_id, const char *secret_access_key,
                       const char *session_token, int64_t expires_ms, const char *source)
{
    cw__keys *k = cw__alloc_zero(sizeof *k);
    if (!k)
        return NULL;
    k->references = 1;
    k->anonymous = access_key_id == NULL;
    k->access_key_id = cw__strdup(access_key_id);
    k->secret_access_key = cw__strdup(secret_access_key);
    k->session_token = cw__strdup(session_token);
    k->expires_ms = expires_ms;
    k->source = source;
    if ((access_key_id && !k->access_key_id) || (secret_access_key && !k->secret_access_key) ||
        (session_token && !k->session_token)) {
        cw__keys_free(k);
        return NULL;
    }
    return k;
}

void cw__keys_free(cw__keys *k)
{
    if (!k)
        return;
    cw__free_secret(k->access_key_id);
    cw__free_secret(k->secret_access_key);
    cw__free_secret(k->session_token);
    cw__free(k);
}

bool cw__credentials_printable(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f)
            return false;
    return true;
}

bool cw__credentials_is_region(const char *s)
{
    return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s);
}

static const char *text_of(const cw__json_value *object, const char *name)
{
    const char *s = cw__json_string(cw__json_member(object, name));
    return s && *s ? s : NULL;
}

static cw_status keys_of(cw__keys **out, const cw__json_value *root, const char *token_name,
                         const char *source, const char *from, cw_error *err)
{
    const char *id = text_of(root, "AccessKeyId"), *secret = text_of(root, "SecretAccessKey");
    const char *token = text_of(root, token_name), *until = text_of(root, "Expiration");
    int64_t expires_ms = 0;
    if (!id || !secret)
        return cw__fail(err, CW_E_PROTOCOL, "the answer of %s has no %s", from,
                        id ? "SecretAccessKey" : "AccessKeyId");
    if (!cw__credentials_printable(id) || (token && !cw__credentials_printable(token)))
        return cw__fail(err, CW_E_PROTOCOL,
                        "the answer of %s has a blank or a control character in the keys", from);
    if (until && !cw__clock_parse_iso(until, &expires_ms))
        return cw__fail(err, CW_E_PROTOCOL, "the Expiration in the answer of %s is no time", from);
    *out = cw__keys_new(id, secret, token, expires_ms, source);
    return *out ? CW_OK : cw__fail_memory(err, "copying the credentials");
}

cw_status cw__credentials_parse_json(cw__keys **out, const char *p, size_t n,
                                     const char *token_name, const char *source, const char *from,
                                     cw_error *err)
{
    cw__json *json;
    cw_error why = {0};
    *out = NULL;
    cw_status status = cw__json_parse(&json, p, n, &why);
    if (status != CW_OK)
        return cw__fail(err, status, "the answer of %s is %s", from, why.message);
    status = keys_of(out, cw__json_root(json), token_name, source, from, err);
    cw__json_free(json);
    return status;
}

static cw_status read_all(cw__text *out, int fd, const char *path, cw_error *err)
{
    ssize_t got = 1;
    if (!cw__text_reserve(out, LARGEST_TOKEN))
        return cw__fail_memory(err, "reading a token");
    while (got != 0 && out->n < LARGEST_TOKEN) {
        got = read(fd, out->p + out->n, LARGEST_TOKEN - out->n);
        if (got > 0)
            out->n += (size_t)got;
        else if (got < 0 && errno != EINTR)
            return cw__fail_errno(err, errno, "cannot read the token in %s", path);
    }
    while (out->n > 0 && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
        out->n--;
    out->p[out->n] = '\0';
    return CW_OK;
}

cw_status cw__credentials_read_token(cw__text *out, const char *path, cw_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    out->secret = true;
    if (fd < 0)
        return cw__fail_errno(err, errno, "cannot read the token in %s", path);
    cw_status status = read_all(out, fd, path, err);
    close(fd);
    if (status == CW_OK && (out->n == 0 || !cw__credentials_printable(out->p)))
        status = cw__fail(err, CW_E_INVALID_ARGUMENT, "%s holds no token: it %s", path,
                          out->n ? "has a blank or a control character in it" : "is empty");
    return status;
}
