/* reply_explain.c - a judged reply in words
 *
 * One sentence: what was tried, what came of it, what to do about it, and what the service said in
 * its own words (already redacted). The advice on a code or a status is in reply_rules.c.
 */
#include "s3/reply.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "s3/reply_rules.h"

enum { DOING_BYTES = 200 }; /* of the 512 of a message: a key may have 1,024 */

/* Which permission, by the first word of what was tried. */
static const struct permission {
    const char *word, *advice;
} permissions[] = {
    {"abort", "the keys need the permission s3:AbortMultipartUpload here"},
    {"list", "the keys need the permission s3:ListBucket here, s3:ListBucketMultipartUploads for "
             "uploads, s3:ListMultipartUploadParts for parts"},
    {"copy", "the keys need the permissions s3:PutObject here and s3:GetObject on the source, and "
             "s3:GetObjectTagging and s3:PutObjectTagging for its tags"},
    {"read", "the keys need the permission s3:GetObject here"},
    {"get", "the keys need the permission s3:GetObject here"},
    {"look", "the keys are wrong, or need the permission s3:GetObject here, and s3:ListBucket to "
             "see what is not there"},
    {"remove", "the keys need the permission s3:DeleteObject here"},
    {"delete", "the keys need the permission s3:DeleteObject here"},
};

static const char *permission_for(const char *doing)
{
    for (size_t i = 0; i < sizeof permissions / sizeof *permissions; i++) {
        size_t n = strlen(permissions[i].word);
        if (strncmp(doing, permissions[i].word, n) == 0 && (doing[n] == ' ' || !doing[n]))
            return permissions[i].advice;
    }
    return "the keys need the permission s3:PutObject here (kms:GenerateDataKey and kms:Decrypt "
           "with a KMS key), and no policy may deny it";
}

static const char *transport_outcome(const cw__reply *r)
{
    switch (r->end) {
    case CW__HTTP_UNREACHABLE:
        return "the service cannot be reached";
    case CW__HTTP_PROXY:
        return r->http_status == 407 ? "the proxy asks for a user and a password"
               : r->http_status      ? "the proxy refuses to connect to the service"
                                     : "the proxy cannot be reached";
    case CW__HTTP_PROXY_UNTRUSTED:
        return "the certificate of the proxy is not trusted";
    case CW__HTTP_UNTRUSTED:
        return "the certificate of the service is not trusted";
    case CW__HTTP_NO_TLS:
        return "TLS could not be agreed on with the service";
    case CW__HTTP_BROKEN:
        return "the connection broke";
    case CW__HTTP_STALLED:
        return "no byte moved for too long";
    case CW__HTTP_NO_MEMORY:
        return "out of memory";
    case CW__HTTP_ANSWERED:
        break;
    }
    return "the reply is not one that this service gives";
}

static const char *transport_advice(const cw__reply *r)
{
    switch (r->end) {
    case CW__HTTP_UNREACHABLE:
        if (strstr(r->transport, "wrong version number")) /* OpenSSL, of bytes that are no TLS */
            return "it seems to speak plain http: write http:// in the endpoint";
        return "check the endpoint, the region, and the network";
    case CW__HTTP_PROXY:
        return r->http_status == 407 ? "give them in proxy_url, or in HTTPS_PROXY"
                                     : "check proxy_url, or HTTPS_PROXY and http_proxy; no_proxy, "
                                       "or NO_PROXY, goes without";
    case CW__HTTP_PROXY_UNTRUSTED:
    case CW__HTTP_UNTRUSTED:
        return "name the file of the authority that signed it in AWS_CA_BUNDLE or ca_bundle";
    case CW__HTTP_NO_TLS:
        return "check client_cert, client_key, its password, and tls_minimum";
    case CW__HTTP_BROKEN:
    case CW__HTTP_STALLED:
        return "check the network, and try again";
    case CW__HTTP_NO_MEMORY:
        return "use a smaller memory budget";
    case CW__HTTP_ANSWERED:
        break;
    }
    return "is this an S3 endpoint?";
}

static const char *answer_advice(const cw__reply *r, cw_status status, const char *doing)
{
    const cw__reply_rule *rule = cw__reply_rule_of_code(r->code);
    if (r->http_status == 400 && !*r->code) /* of a TLS port; to a HEAD of an object with SSE-C */
        return "does the endpoint want https://, or the object the key it is encrypted with?";
    if (!rule)
        rule = cw__reply_rule_of_http(r->http_status);
    if (rule->advice && rule->status != CW_E_PRECONDITION)
        return rule->advice;
    switch (status) {
    case CW_E_PERMISSION:
        return permission_for(doing);
    case CW_E_ALREADY_EXISTS:
        return "an object with this key exists already, and was left as it is";
    case CW_E_INDETERMINATE:
    case CW_E_PROTOCOL:
        return "is this an S3 endpoint?";
    default:
        return rule->advice;
    }
}

/* "NoSuchBucket", "HTTP status 403", or how the exchange ended. */
static void outcome_of(const cw__reply *r, char *out, size_t size)
{
    bool success = r->http_status >= 200 && r->http_status <= 299;
    if (r->end != CW__HTTP_ANSWERED)
        cw__copy_string(out, size, transport_outcome(r));
    else if (*r->code)
        cw__copy_string(out, size, r->code);
    else if (success)
        cw__copy_string(out, size, "the reply is cut off or not what was expected");
    else
        snprintf(out, size, "HTTP status %d", r->http_status);
}

/* What the other side said itself; "" for nothing. */
static const char *words_of(const cw__reply *r)
{
    return r->end == CW__HTTP_ANSWERED ? r->message : r->transport;
}

void cw__reply_explain(const cw__reply *r, cw_status status, const char *doing, cw_error *err)
{
    char outcome[80];
    bool answered = r->end == CW__HTTP_ANSWERED, cut = strlen(doing) > DOING_BYTES;
    const char *intro = status == CW_E_INDETERMINATE ? "not known whether it worked to" : "cannot";
    const char *advice = answered ? answer_advice(r, status, doing) : transport_advice(r);
    const char *words = words_of(r);
    if (!err)
        return;
    outcome_of(r, outcome, sizeof outcome);
    cw__fail(err, status, "%s %.*s%s: %s%s%s%s%s%s", intro, DOING_BYTES, doing, cut ? "..." : "",
             outcome, advice ? ": " : "", advice ? advice : "",
             *words ? (answered ? "; the service says: " : " (") : "", words,
             *words && !answered ? ")" : "");
    err->http_status = r->http_status;
    cw__copy_string(err->service_code, sizeof err->service_code, r->code);
    cw__copy_string(err->request_id, sizeof err->request_id, r->request_id);
}
