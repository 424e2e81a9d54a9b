/* s3express.c - directory buckets: sessions, and what such a bucket does not do
 *
 * A bucket whose name ends in --x-s3 (or an access point's, --xa-s3) is one. Requests to its
 * objects want the keys of a session with it, all others the client's own; both are signed for the
 * service s3express.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION_MS 300000

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), end_n = strlen(end);

    return n > end_n && !strcmp(s + n - end_n, end);
}

bool ts_is_directory(const char *bucket)
{
    return bucket && (ends_with(bucket, "--x-s3") || ends_with(bucket, "--xa-s3"));
}

int64_t ts_now_ms(ts_server *s)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return ((int64_t)t.tv_sec + s->skew_s) * 1000 + t.tv_nsec / 1000000;
}

const char *ts_session_token(const ts_request *q)
{
    const char *token = ts_get(q, "x-amz-s3session-token");

    return token ? token : ts_param(q, "X-Amz-S3session-Token");
}

/* Copies are checked against more than one bucket, which no session covers. The look at a bucket is
 * documented to want own keys, and made with a session's by the SDKs. */
static bool wants_own_keys(ts_op op)
{
    return op == TS_OP_CREATE_SESSION || op == TS_OP_CREATE_BUCKET || op == TS_OP_DELETE_BUCKET ||
           op == TS_OP_GET_BUCKET_LOCATION || op == TS_OP_COPY_OBJECT ||
           op == TS_OP_UPLOAD_PART_COPY;
}

static int check_list(const ts_request *q, ts_reply *r)
{
    const char *prefix = ts_param(q, "prefix"), *delimiter = ts_param(q, "delimiter");

    if (prefix && *prefix && !ends_with(prefix, "/") && strcmp(prefix, "/") != 0)
        return ts_fail(r, 400, "InvalidRequest", "A prefix must end in the delimiter");
    if (delimiter && strcmp(delimiter, "/") != 0)
        return ts_fail(r, 400, "InvalidRequest", "The only delimiter is /");
    if (ts_param(q, "start-after"))
        return ts_fail(r, 501, "NotImplemented", "start-after is not implemented");
    return 0;
}

int ts_express_check(ts_server *s, const ts_request *q, ts_reply *r)
{
    bool session = ts_session_token(q) != NULL;

    if (!ts_is_directory(q->bucket))
        return session ? ts_fail(r, 400, "InvalidRequest",
                                 "A session token is for directory buckets alone")
                       : 0;
    if (session && wants_own_keys(q->op))
        return ts_fail(r, 403, "AccessDenied", "This request does not take a session's keys");
    if (!session && !wants_own_keys(q->op) && q->op != TS_OP_HEAD_BUCKET && !s->o.session_optional)
        return ts_fail(r, 403, "AccessDenied", "This request wants the keys of a session");
    if (ts_get(q, "content-md5"))
        return ts_fail(r, 400, "InvalidRequest", "Content-MD5 is not taken by directory buckets");
    if (ts_get(q, "x-amz-tagging") || ts_param(q, "tagging") || ts_param(q, "versionId"))
        return ts_fail(r, 501, "NotImplemented", "Directory buckets have no tags or versions");
    return q->op == TS_OP_LIST_OBJECTS_V2 ? check_list(q, r) : 0;
}

void ts_express_etag(const ts_request *q, char *etag)
{
    if (ts_is_directory(q->bucket))
        etag[0] = etag[0] == '0' ? '1' : '0';
}

static void add_session(ts_server *s, const ts_request *q, ts_reply *r)
{
    char access[48], secret[64], token[80], end[32], until[48];
    int64_t ends = ts_now_ms(s) + (s->o.session_ms ? s->o.session_ms : SESSION_MS);
    unsigned n = ++s->sessions;

    snprintf(access, sizeof access, "SESSIONKEY%u", n);
    snprintf(secret, sizeof secret, "the+secret/of+session/%u", n);
    snprintf(token, sizeof token, "the+token/of+session/%u==", n);
    ts_iso_time(end, (time_t)(ends / 1000));
    snprintf(until, sizeof until, "%.19s.%03dZ", end, (int)(ends % 1000));
    ts_identity_add(s, access, secret, token);
    s->identities->bucket = ts_strdup(q->bucket);
    s->identities->ends_ms = ends;
    ts_xml_begin(&r->body, "CreateSessionResult");
    ts_buf_puts(&r->body, "<Credentials>");
    ts_xml_element(&r->body, "SessionToken", token);
    ts_xml_element(&r->body, "SecretAccessKey", secret);
    ts_xml_element(&r->body, "AccessKeyId", access);
    ts_xml_element(&r->body, "Expiration", until);
    ts_buf_puts(&r->body, "</Credentials></CreateSessionResult>");
}

int ts_s3_create_session(ts_server *s, ts_request *q, ts_reply *r)
{
    int rc = 0;

    pthread_mutex_lock(&s->lock);
    if (!ts_bucket_find(s, q->bucket))
        rc = ts_no_such_bucket(r, q->bucket);
    else if (!ts_is_directory(q->bucket))
        rc = ts_fail(r, 405, "MethodNotAllowed", "Only directory buckets have sessions");
    else
        add_session(s, q, r);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

void ts_sessions_expire(ts_server *s)
{
    pthread_mutex_lock(&s->lock);
    for (ts_identity *i = s->identities; i; i = i->next)
        i->expired |= i->bucket != NULL;
    pthread_mutex_unlock(&s->lock);
}
