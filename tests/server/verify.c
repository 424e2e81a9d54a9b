/* verify.c - AWS Signature Version 4 from the server's side
 *
 * Owns the identities. Written from the service's documentation on libcrypto alone, so that a
 * mistake in the library's signer cannot hide in a shared function. The canonical request is built
 * from the bytes that arrived: path and query are decoded and strictly encoded again, so a client
 * that put other bytes on the wire than it signed is refused. After a mismatch the usual mistakes
 * are tried one by one, to say which of them it was.
 */
#include "internal.h"

#include <openssl/crypto.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_SKEW_S    900
#define MAX_EXPIRES_S 604800

static const char empty_sha[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* What the request says about its own signature. */
typedef struct claim {
    bool presigned;
    char access[160], date[16], region[64], service[32], terminator[32];
    char signed_headers[4096], signature[80], amz_date[24];
    const char *token;
    const char *bucket; /* that the keys must be of a session with; NULL = the client's own */
    int64_t expires;
    time_t when;
    char secret[160];
} claim;

/* The mistakes of signers, for the message. */
enum mistake {
    NO_MISTAKE,
    PATH_TWICE,
    PATH_RAW,
    PATH_DECODED,
    QUERY_RAW,
    PAYLOAD_UNSIGNED,
    PAYLOAD_EMPTY,
    HOST_WITHOUT_PORT,
    MISTAKES
};

static const char *const mistake_text[MISTAKES] = {
    "",
    "the path percent-encoded twice",
    "the path exactly as sent, where its canonical encoding differs",
    "the path not percent-encoded",
    "the query exactly as sent, where its canonical order or encoding differs",
    "UNSIGNED-PAYLOAD as payload hash",
    "the hash of an empty body as payload hash",
    "the host without its port",
};

/* ---- identities ---- */

void ts_identity_add(ts_server *s, const char *access, const char *secret, const char *token)
{
    ts_identity *i = ts_alloc(sizeof *i);

    i->access = ts_strdup(access);
    i->secret = ts_strdup(secret);
    i->token = ts_strdup(token);
    i->next = s->identities;
    s->identities = i;
}

void ts_identities_expire(ts_server *s)
{
    for (ts_identity *i = s->identities; i; i = i->next)
        i->expired = true;
}

void ts_identities_free(ts_server *s)
{
    for (ts_identity *i = s->identities, *next; i; i = next) {
        next = i->next;
        free(i->access);
        free(i->secret);
        free(i->token);
        free(i->bucket);
        free(i);
    }
    s->identities = NULL;
}

static bool same(const char *a, const char *b)
{
    return (!a && !b) || (a && b && !strcmp(a, b));
}

static bool is_over(ts_server *s, const ts_identity *i)
{
    return i->expired || (i->ends_ms && i->ends_ms <= ts_now_ms(s));
}

static int find_identity(ts_server *s, claim *c, ts_reply *r)
{
    const ts_identity *by_key = NULL, *exact = NULL;
    int rc = 0;

    pthread_mutex_lock(&s->lock);
    for (const ts_identity *i = s->identities; i; i = i->next) {
        if (strcmp(i->access, c->access) != 0 || !same(i->bucket, c->bucket))
            continue;
        if (!by_key)
            by_key = i;
        if (!exact && same(i->token, c->token))
            exact = i;
    }
    if (!by_key)
        rc = ts_fail(r, 403, "InvalidAccessKeyId",
                     "The AWS Access Key Id you provided does not exist in our records.");
    else if (is_over(s, exact ? exact : by_key))
        rc = ts_fail(r, 400, "ExpiredToken", "The provided token has expired.");
    else if (!exact)
        rc = ts_fail(r, 400, "InvalidToken",
                     "The provided token is malformed or otherwise invalid.");
    else
        ts_copy(c->secret, sizeof c->secret, exact->secret);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

/* ---- reading the claim ---- */

static int malformed(const claim *c, ts_reply *r, const char *what)
{
    return ts_fail(
        r, 400, c->presigned ? "AuthorizationQueryParametersError" : "AuthorizationHeaderMalformed",
        "The authorization is malformed: %s", what);
}

/* ACCESS/DATE/REGION/SERVICE/aws4_request; the access key may itself contain a slash. */
static int read_credential(claim *c, const char *text, size_t n, ts_reply *r)
{
    char copy[512], *part[5];

    if (n >= sizeof copy)
        return malformed(c, r, "credential too long");
    memcpy(copy, text, n);
    copy[n] = 0;
    for (int i = 4; i > 0; i--) {
        char *slash = strrchr(copy, '/');
        if (!slash)
            return malformed(c, r,
                             "expecting \"<ACCESS KEY>/YYYYMMDD/REGION/SERVICE/aws4_request\"");
        *slash = 0;
        part[i] = slash + 1;
    }
    ts_copy(c->access, sizeof c->access, copy);
    ts_copy(c->date, sizeof c->date, part[1]);
    ts_copy(c->region, sizeof c->region, part[2]);
    ts_copy(c->service, sizeof c->service, part[3]);
    ts_copy(c->terminator, sizeof c->terminator, part[4]);
    return 0;
}

static int copy_field(claim *c, char *to, size_t size, const char *from, size_t n, ts_reply *r)
{
    if (n == 0 || n >= size)
        return malformed(c, r, "a field is empty or too long");
    memcpy(to, from, n);
    to[n] = 0;
    return 0;
}

static int read_header(claim *c, const ts_request *q, ts_reply *r)
{
    static const char algorithm[] = "AWS4-HMAC-SHA256";
    const char *p = ts_get(q, "authorization");
    int rc = 0;

    if (strncmp(p, algorithm, sizeof algorithm - 1) != 0 || p[sizeof algorithm - 1] != ' ')
        return ts_fail(r, 400, "InvalidRequest",
                       "The authorization mechanism you have provided is not supported. Please use "
                       "AWS4-HMAC-SHA256.");
    for (p += sizeof algorithm; *p && rc == 0;) {
        p += strspn(p, " ,");
        size_t n = strcspn(p, ","), name_n = strcspn(p, "=") + 1;

        if (name_n > n)
            return malformed(c, r, "a field without '='");
        if (!strncmp(p, "Credential=", name_n))
            rc = read_credential(c, p + name_n, n - name_n, r);
        else if (!strncmp(p, "SignedHeaders=", name_n))
            rc = copy_field(c, c->signed_headers, sizeof c->signed_headers, p + name_n, n - name_n,
                            r);
        else if (!strncmp(p, "Signature=", name_n))
            rc = copy_field(c, c->signature, sizeof c->signature, p + name_n, n - name_n, r);
        else
            rc = malformed(c, r, "unknown field");
        p += n;
    }
    if (rc == 0 && (!c->access[0] || !c->signed_headers[0] || !c->signature[0]))
        rc = malformed(c, r, "a field is missing");
    c->token = ts_get(q, "x-amz-security-token");
    return rc;
}

static int read_query(claim *c, const ts_request *q, ts_reply *r)
{
    static const char *const names[] = {"X-Amz-Algorithm",     "X-Amz-Credential",
                                        "X-Amz-Date",          "X-Amz-Expires",
                                        "X-Amz-SignedHeaders", "X-Amz-Signature"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!ts_param(q, names[i]))
            return malformed(c, r,
                             "a presigned request needs X-Amz-Algorithm, -Credential, -Signature, "
                             "-Date, -SignedHeaders, and -Expires");
    if (strcmp(ts_param(q, "X-Amz-Algorithm"), "AWS4-HMAC-SHA256") != 0)
        return malformed(c, r, "X-Amz-Algorithm");
    c->expires = ts_number(ts_param(q, "X-Amz-Expires"), 1, MAX_EXPIRES_S);
    if (c->expires < 0)
        return malformed(c, r, "X-Amz-Expires must be 1 to 604800 seconds");
    ts_copy(c->signed_headers, sizeof c->signed_headers, ts_param(q, "X-Amz-SignedHeaders"));
    ts_copy(c->signature, sizeof c->signature, ts_param(q, "X-Amz-Signature"));
    ts_copy(c->amz_date, sizeof c->amz_date, ts_param(q, "X-Amz-Date"));
    c->token = ts_param(q, "X-Amz-Security-Token");
    const char *credential = ts_param(q, "X-Amz-Credential");
    return read_credential(c, credential, strlen(credential), r);
}

static int read_date(claim *c, const ts_request *q, ts_reply *r)
{
    const char *v = ts_get(q, "x-amz-date"), *end = NULL;
    struct tm tm = {0};

    if (!c->presigned && v)
        ts_copy(c->amz_date, sizeof c->amz_date, v);
    if (c->amz_date[0]) {
        end = strptime(c->amz_date, "%Y%m%dT%H%M%SZ", &tm);
    } else if ((v = ts_get(q, "date"))) {
        end = strptime(v, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        strftime(c->amz_date, sizeof c->amz_date, "%Y%m%dT%H%M%SZ", &tm);
    }
    if (!end || *end || strlen(c->amz_date) != 16)
        return ts_fail(r, 403, "AccessDenied",
                       "AWS authentication requires a valid Date or x-amz-date header");
    c->when = timegm(&tm);
    return strncmp(c->date, c->amz_date, 8) || strlen(c->date) != 8
               ? malformed(c, r, "the scope's date is not that of the request")
               : 0;
}

/* ---- checking the claim, before any hash ---- */

static int check_time(ts_server *s, const claim *c, ts_reply *r)
{
    time_t now = ts_now(s);
    int64_t off = (int64_t)c->when - (int64_t)now;
    char server[32];

    ts_iso_time(server, now);
    if (c->presigned && off + c->expires < 0) {
        ts_buf_printf(&r->extra, "<ServerTime>%s</ServerTime>", server);
        return ts_fail(r, 403, "AccessDenied", "Request has expired");
    }
    if (off <= MAX_SKEW_S && (c->presigned || off >= -MAX_SKEW_S))
        return 0;
    ts_buf_printf(&r->extra,
                  "<RequestTime>%s</RequestTime><ServerTime>%s</ServerTime>"
                  "<MaxAllowedSkewMilliseconds>%d</MaxAllowedSkewMilliseconds>",
                  c->amz_date, server, MAX_SKEW_S * 1000);
    return ts_fail(r, 403, "RequestTimeTooSkewed",
                   "The difference between the request time and the current time is too large.");
}

static int check_scope(ts_server *s, const ts_request *q, const claim *c, ts_reply *r)
{
    const char *service = ts_is_directory(q->bucket) ? "s3express" : "s3";

    if (strcmp(c->service, service) != 0 || strcmp(c->terminator, "aws4_request") != 0)
        return malformed(c, r,
                         "the service is \"s3\" (\"s3express\" for directory buckets) and the "
                         "scope ends in \"aws4_request\"");
    if (ts_provider_takes_region(s, c->region) || !strcmp(c->region, s->o.region))
        return 0;
    ts_header(r, "x-amz-bucket-region", "%s", s->o.region);
    if (s->o.redirect_region) {
        ts_buf_printf(&r->extra, "<Endpoint>s3.%s.amazonaws.com</Endpoint>", s->o.region);
        ts_xml_element(&r->extra, "Bucket", q->bucket ? q->bucket : "");
        return ts_fail(
            r, 301, "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified "
            "endpoint. Please send all future requests to this endpoint.");
    }
    ts_xml_element(&r->extra, "Region", s->o.region);
    return malformed(c, r, "the region is wrong");
}

static bool listed(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = list; *p; p += strcspn(p, ";"), p += *p == ';')
        if (strcspn(p, ";") == n && !memcmp(p, name, n))
            return true;
    return false;
}

static int check_signed_headers(const ts_request *q, const claim *c, ts_reply *r)
{
    char copy[sizeof c->signed_headers], *save = NULL, *last = NULL;

    ts_copy(copy, sizeof copy, c->signed_headers);
    for (char *p = strtok_r(copy, ";", &save); p; last = p, p = strtok_r(NULL, ";", &save)) {
        if (last && strcmp(last, p) >= 0)
            return malformed(c, r, "SignedHeaders must be in ascending order, each once");
        for (const char *ch = p; *ch; ch++)
            if (*ch >= 'A' && *ch <= 'Z')
                return malformed(c, r, "SignedHeaders must be in lower case");
        if (!ts_get(q, p))
            return ts_fail(r, 403, "SignatureDoesNotMatch",
                           "The header %s is listed as signed and is not in the request.", p);
    }
    if (!listed(c->signed_headers, "host"))
        return malformed(c, r, "\"host\" must be a SignedHeader");
    for (size_t i = 0; i < q->headers.n; i++) {
        const char *name = q->headers.v[i].name;

        if (strncmp(name, "x-amz-", 6) != 0 || listed(c->signed_headers, name))
            continue;
        ts_xml_element(&r->extra, "HeadersNotSigned", name);
        return ts_fail(r, 403, "AccessDenied",
                       "There were headers present in the request which were not signed: %s", name);
    }
    return 0;
}

static bool hex64(const char *s)
{
    return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

static int check_payload(ts_request *q, const claim *c, ts_reply *r)
{
    static const struct {
        const char *value;
        ts_payload payload;
    } known[] = {{"UNSIGNED-PAYLOAD", TS_PAYLOAD_UNSIGNED},
                 {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", TS_PAYLOAD_STREAM},
                 {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", TS_PAYLOAD_STREAM_TRAILER},
                 {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", TS_PAYLOAD_STREAM_UNSIGNED}};
    const char *v = ts_get(q, "x-amz-content-sha256");

    if (!v && c && c->presigned) {
        v = ts_param(q, "X-Amz-Content-Sha256");
        v = v ? v : "UNSIGNED-PAYLOAD";
    }
    if (!v)
        return c ? ts_fail(r, 400, "InvalidRequest",
                           "Missing required header for this request: x-amz-content-sha256")
                 : 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(v, known[i].value)) {
            q->payload = known[i].payload;
            ts_copy(q->payload_sha, sizeof q->payload_sha, v);
            return 0;
        }
    if (!hex64(v))
        return ts_fail(
            r, 400, "InvalidArgument",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-… or a valid sha256 "
            "value.");
    q->payload = TS_PAYLOAD_SHA256;
    ts_copy(q->payload_sha, sizeof q->payload_sha, v);
    return 0;
}

/* ---- the canonical request ---- */

static void add_path(ts_buf *b, const ts_request *q, enum mistake m)
{
    char *plain = ts_uri_decode(q->path, strlen(q->path), false);
    ts_buf once = {0};

    ts_buf_uri(&once, plain, true);
    if (m == PATH_TWICE)
        ts_buf_uri(b, once.data, true);
    else
        ts_buf_puts(b, m == PATH_RAW ? q->path : m == PATH_DECODED ? plain : once.data);
    ts_buf_free(&once);
    free(plain);
}

static int by_name(const void *a, const void *b)
{
    const ts_kv *x = a, *y = b;
    int d = strcmp(x->name, y->name);

    return d ? d : strcmp(x->value, y->value);
}

static void add_query(ts_buf *b, const ts_request *q)
{
    ts_kvs l = {0};

    for (size_t i = 0; i < q->query.n; i++) {
        ts_buf name = {0}, value = {0};

        if (!strcmp(q->query.v[i].name, "X-Amz-Signature"))
            continue;
        ts_buf_puts(&name, "");
        ts_buf_puts(&value, "");
        ts_buf_uri(&name, q->query.v[i].name, false);
        ts_buf_uri(&value, q->query.v[i].value, false);
        ts_kvs_move(&l, name.data, value.data);
    }
    if (l.n)
        qsort(l.v, l.n, sizeof *l.v, by_name);
    for (size_t i = 0; i < l.n; i++)
        ts_buf_printf(b, "%s%s=%s", i ? "&" : "", l.v[i].name, l.v[i].value);
    ts_kvs_free(&l);
}

/* Runs of blanks inside a value count as one; several headers of a name are joined by commas. */
static void add_header(ts_buf *b, const ts_request *q, const char *name, enum mistake m)
{
    bool first = true;

    ts_buf_printf(b, "%s:", name);
    for (size_t i = 0; i < q->headers.n; i++) {
        const char *v = q->headers.v[i].value;

        if (strcmp(q->headers.v[i].name, name) != 0)
            continue;
        if (!first)
            ts_buf_puts(b, ",");
        first = false;
        size_t n = m == HOST_WITHOUT_PORT && !strcmp(name, "host") ? strcspn(v, ":") : strlen(v);
        for (size_t k = 0; k < n; k++)
            if (v[k] != ' ' || v[k + 1] != ' ')
                ts_buf_add(b, v + k, 1);
    }
    ts_buf_puts(b, "\n");
}

static void canonical(ts_buf *b, const ts_request *q, const claim *c, enum mistake m)
{
    char copy[sizeof c->signed_headers], *save = NULL;

    ts_buf_printf(b, "%s\n", q->method);
    add_path(b, q, m);
    ts_buf_puts(b, "\n");
    if (m == QUERY_RAW)
        ts_buf_puts(b, q->query_text);
    else
        add_query(b, q);
    ts_buf_puts(b, "\n");
    ts_copy(copy, sizeof copy, c->signed_headers);
    for (char *p = strtok_r(copy, ";", &save); p; p = strtok_r(NULL, ";", &save))
        add_header(b, q, p, m);
    ts_buf_printf(b, "\n%s\n%s", c->signed_headers,
                  m == PAYLOAD_UNSIGNED ? "UNSIGNED-PAYLOAD"
                  : m == PAYLOAD_EMPTY  ? empty_sha
                                        : q->payload_sha);
}

void ts_sign(char hex[65], const unsigned char key[32], const char *text, size_t n)
{
    unsigned char mac[32];

    ts_hmac(mac, key, 32, text, n);
    ts_hex(hex, mac, 32);
}

static void derive_key(ts_request *q, const claim *c)
{
    char first[200];
    unsigned char k[32];

    snprintf(first, sizeof first, "AWS4%s", c->secret);
    ts_hmac(k, first, strlen(first), c->date, strlen(c->date));
    ts_hmac(k, k, 32, c->region, strlen(c->region));
    ts_hmac(k, k, 32, c->service, strlen(c->service));
    ts_hmac(q->signing_key, k, 32, c->terminator, strlen(c->terminator));
}

/* @return whether the signature given is that of the request as made with this mistake */
static bool matches(const ts_request *q, const claim *c, enum mistake m, ts_buf *request,
                    ts_buf *to_sign)
{
    char hash[65], signature[65];

    ts_buf_free(request);
    ts_buf_free(to_sign);
    canonical(request, q, c, m);
    ts_sha256_hex(hash, request->data, request->len);
    ts_buf_printf(to_sign, "AWS4-HMAC-SHA256\n%s\n%s\n%s", q->amz_date, q->scope, hash);
    ts_sign(signature, q->signing_key, to_sign->data, to_sign->len);
    return strlen(c->signature) == 64 && !CRYPTO_memcmp(signature, c->signature, 64);
}

static const char *diagnose(const ts_request *q, const claim *c)
{
    ts_buf request = {0}, to_sign = {0};
    const char *text = NULL;

    for (enum mistake m = PATH_TWICE; m < MISTAKES && !text; m++)
        if (matches(q, c, m, &request, &to_sign))
            text = mistake_text[m];
    ts_buf_free(&request);
    ts_buf_free(&to_sign);
    return text;
}

static int mismatch(ts_server *s, const ts_request *q, const claim *c, const ts_buf *request,
                    const ts_buf *to_sign, ts_reply *r)
{
    const char *why = diagnose(q, c);
    ts_buf text = {0};

    ts_xml_element(&r->extra, "AWSAccessKeyId", c->access);
    ts_xml_element(&r->extra, "StringToSign", to_sign->data);
    ts_xml_element(&r->extra, "SignatureProvided", c->signature);
    ts_xml_element(&r->extra, "CanonicalRequest", request->data);
    ts_buf_printf(&text,
                  "SignatureDoesNotMatch: %s\n%s%s%s\nThe canonical request of what arrived:\n"
                  "-----\n%s\n-----\nThe string to sign:\n-----\n%s\n-----\n",
                  q->line, why ? "The client signed " : "No usual mistake explains it",
                  why ? why : "", ".", request->data, to_sign->data);
    ts_note_error(s, false, text.data);
    ts_buf_free(&text);
    return ts_fail(r, 403, "SignatureDoesNotMatch",
                   "The request signature we calculated does not match the signature you provided. "
                   "Check your key and signing method.%s%s",
                   why ? " The client signed " : "", why ? why : "");
}

static int check_signature(ts_server *s, ts_request *q, const claim *c, ts_reply *r)
{
    ts_buf request = {0}, to_sign = {0};
    int rc = 0;

    ts_copy(q->amz_date, sizeof q->amz_date, c->amz_date);
    snprintf(q->scope, sizeof q->scope, "%s/%s/%s/%s", c->date, c->region, c->service,
             c->terminator);
    ts_copy(q->signature, sizeof q->signature, c->signature);
    derive_key(q, c);
    if (!matches(q, c, NO_MISTAKE, &request, &to_sign))
        rc = mismatch(s, q, c, &request, &to_sign, r);
    ts_buf_free(&request);
    ts_buf_free(&to_sign);
    return rc;
}

/* ---- the face ---- */

static bool read_only(const ts_request *q)
{
    return !strcmp(q->method, "GET") || !strcmp(q->method, "HEAD");
}

static int verify(ts_server *s, ts_request *q, ts_reply *r)
{
    bool header = ts_get(q, "authorization");
    claim c = {.presigned = ts_param(q, "X-Amz-Signature") || ts_param(q, "X-Amz-Algorithm")};
    int rc;

    if (header && c.presigned)
        return ts_fail(r, 400, "InvalidArgument",
                       "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                       "Signature query string parameter or the Authorization header should be "
                       "specified");
    if (!header && !c.presigned)
        return s->o.anonymous || (s->o.anonymous_read && read_only(q))
                   ? check_payload(q, NULL, r)
                   : ts_fail(r, 403, "AccessDenied", "Access Denied");
    rc = c.presigned ? read_query(&c, q, r) : read_header(&c, q, r);
    if (rc == 0)
        rc = read_date(&c, q, r);
    if (rc == 0)
        rc = check_scope(s, q, &c, r);
    if (rc == 0 && ts_session_token(q)) {
        c.token = ts_session_token(q);
        c.bucket = q->bucket;
    }
    if (rc == 0)
        rc = ts_express_check(s, q, r);
    if (rc == 0)
        rc = find_identity(s, &c, r);
    if (rc == 0)
        rc = check_time(s, &c, r);
    if (rc == 0)
        rc = check_payload(q, &c, r);
    if (rc == 0)
        rc = check_signed_headers(q, &c, r);
    return rc ? rc : check_signature(s, q, &c, r);
}

/* Time, expiry and region are not the signer's fault. */
static bool signers_fault(const ts_reply *r)
{
    return strcmp(r->code, "ExpiredToken") != 0 && r->status < 500 &&
           strcmp(r->code, "RequestTimeTooSkewed") != 0 &&
           strcmp(r->code, "PermanentRedirect") != 0 && !strstr(r->message, "the region is wrong");
}

int ts_verify_head(ts_server *s, ts_request *q, ts_reply *r)
{
    if (s->o.discard)
        return 0;
    int rc = verify(s, q, r);
    if (rc != 0) {
        ts_buf text = {0};

        ts_buf_printf(&text, "%s: %s\n%s", r->code, r->message, q->line);
        bool told = !strcmp(r->code, "SignatureDoesNotMatch") && r->extra.len;
        ts_note_error(s, signers_fault(r), told ? NULL : text.data);
        ts_buf_free(&text);
    }
    return rc;
}
