/* s3common.c - which operation a request is, and what the verbs share
 *
 * Addressing (path style and virtual-hosted style), the table of verbs, the headers an object
 * keeps, conditions, SSE-C, ETags and times.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_METADATA 2048
#define MAX_TAGS     10
#define MAX_KEY      1024

const char *const ts_op_names[TS_OP_COUNT] = {
    [TS_OP_UNKNOWN] = "Unknown",
    [TS_OP_LIST_BUCKETS] = "ListBuckets",
    [TS_OP_CREATE_BUCKET] = "CreateBucket",
    [TS_OP_HEAD_BUCKET] = "HeadBucket",
    [TS_OP_DELETE_BUCKET] = "DeleteBucket",
    [TS_OP_GET_BUCKET_LOCATION] = "GetBucketLocation",
    [TS_OP_LIST_OBJECTS_V2] = "ListObjectsV2",
    [TS_OP_LIST_UPLOADS] = "ListMultipartUploads",
    [TS_OP_DELETE_OBJECTS] = "DeleteObjects",
    [TS_OP_PUT_OBJECT] = "PutObject",
    [TS_OP_COPY_OBJECT] = "CopyObject",
    [TS_OP_GET_OBJECT] = "GetObject",
    [TS_OP_HEAD_OBJECT] = "HeadObject",
    [TS_OP_DELETE_OBJECT] = "DeleteObject",
    [TS_OP_CREATE_UPLOAD] = "CreateMultipartUpload",
    [TS_OP_UPLOAD_PART] = "UploadPart",
    [TS_OP_UPLOAD_PART_COPY] = "UploadPartCopy",
    [TS_OP_COMPLETE_UPLOAD] = "CompleteMultipartUpload",
    [TS_OP_ABORT_UPLOAD] = "AbortMultipartUpload",
    [TS_OP_LIST_PARTS] = "ListParts",
    [TS_OP_GET_TAGGING] = "GetObjectTagging",
    [TS_OP_PUT_TAGGING] = "PutObjectTagging",
    [TS_OP_DELETE_TAGGING] = "DeleteObjectTagging",
    [TS_OP_CREATE_SESSION] = "CreateSession",
};

const char *ts_get(const ts_request *q, const char *header)
{
    return ts_kvs_get(&q->headers, header);
}

/* Parameters, unlike headers, have a case. */
const char *ts_param(const ts_request *q, const char *name)
{
    for (size_t i = 0; i < q->query.n; i++)
        if (!strcmp(q->query.v[i].name, name))
            return q->query.v[i].value;
    return NULL;
}

time_t ts_now(ts_server *s)
{
    return time(NULL) + (time_t)s->skew_s;
}

void ts_iso_time(char out[32], time_t t)
{
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
}

void ts_http_time(char out[40], time_t t)
{
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(out, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

bool ts_etag_equal(const char *given, const char *etag)
{
    size_t n = strlen(given), quote = n > 1 && given[0] == '"' && given[n - 1] == '"';

    return n - 2 * quote == strlen(etag) && !memcmp(given + quote, etag, n - 2 * quote);
}

/* ---- addressing ---- */

/* BUCKET.s3.REGION.amazonaws.com, BUCKET.s3-…, or BUCKET.domain; 0 = path style */
static size_t bucket_in_host(const char *host, size_t n, const char *domain)
{
    static const char aws[] = ".amazonaws.com";
    size_t d = strlen(domain);

    if (n > d + 1 && host[n - d - 1] == '.' && !strncasecmp(host + n - d, domain, d))
        return n - d - 1;
    if (n < sizeof aws || strncasecmp(host + n - (sizeof aws - 1), aws, sizeof aws - 1) != 0)
        return 0;
    for (size_t i = n - (sizeof aws - 1); i > 0; i--)
        if (!strncmp(host + i, ".s3.", 4) || !strncmp(host + i, ".s3-", 4))
            return i;
    return 0;
}

static void address(ts_server *s, ts_request *q)
{
    const char *host = ts_get(q, "host"), *p = q->path + 1;
    size_t host_n = strcspn(host, ":");
    size_t n = bucket_in_host(host, host_n, s->o.domain);

    if (n) {
        q->bucket = ts_strndup(host, n);
    } else if (*p) {
        n = strcspn(p, "/");
        q->bucket = ts_uri_decode(p, n, false);
        p += n + (p[n] == '/');
    }
    if (q->bucket && *p)
        q->key = ts_uri_decode(p, strlen(p), false);
}

static bool subresource(const ts_request *q)
{
    static const char *const names[] = {
        "acl",        "retention",        "legal-hold",  "torrent",        "attributes",
        "restore",    "select",           "versioning",  "policy",         "lifecycle",
        "cors",       "website",          "logging",     "notification",   "versions",
        "versionId",  "encryption",       "replication", "requestPayment", "inventory",
        "metrics",    "analytics",        "object-lock", "append",         "rename",
        "accelerate", "publicAccessBlock"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (ts_param(q, names[i]))
            return true;
    return false;
}

static ts_op bucket_op(const ts_request *q)
{
    const char *m = q->method;

    if (!strcmp(m, "PUT"))
        return TS_OP_CREATE_BUCKET;
    if (!strcmp(m, "HEAD"))
        return TS_OP_HEAD_BUCKET;
    if (!strcmp(m, "DELETE"))
        return TS_OP_DELETE_BUCKET;
    if (!strcmp(m, "POST"))
        return ts_param(q, "delete") ? TS_OP_DELETE_OBJECTS : TS_OP_UNKNOWN;
    if (strcmp(m, "GET") != 0)
        return TS_OP_UNKNOWN;
    if (ts_param(q, "session"))
        return TS_OP_CREATE_SESSION;
    if (ts_param(q, "location"))
        return TS_OP_GET_BUCKET_LOCATION;
    if (ts_param(q, "uploads"))
        return TS_OP_LIST_UPLOADS;
    const char *type = ts_param(q, "list-type");
    return type && !strcmp(type, "2") ? TS_OP_LIST_OBJECTS_V2 : TS_OP_UNKNOWN;
}

static ts_op tagging_op(const ts_request *q)
{
    if (!q->key)
        return TS_OP_UNKNOWN;
    return !strcmp(q->method, "GET")      ? TS_OP_GET_TAGGING
           : !strcmp(q->method, "PUT")    ? TS_OP_PUT_TAGGING
           : !strcmp(q->method, "DELETE") ? TS_OP_DELETE_TAGGING
                                          : TS_OP_UNKNOWN;
}

static ts_op object_op(const ts_request *q)
{
    const char *m = q->method;
    bool upload = ts_param(q, "uploadId"), copy = ts_get(q, "x-amz-copy-source");

    if (!strcmp(m, "PUT"))
        return upload ? (copy ? TS_OP_UPLOAD_PART_COPY : TS_OP_UPLOAD_PART)
                      : (copy ? TS_OP_COPY_OBJECT : TS_OP_PUT_OBJECT);
    if (!strcmp(m, "HEAD"))
        return TS_OP_HEAD_OBJECT;
    if (!strcmp(m, "GET"))
        return upload ? TS_OP_LIST_PARTS : TS_OP_GET_OBJECT;
    if (!strcmp(m, "DELETE"))
        return upload ? TS_OP_ABORT_UPLOAD : TS_OP_DELETE_OBJECT;
    if (!strcmp(m, "POST"))
        return ts_param(q, "uploads") ? TS_OP_CREATE_UPLOAD
               : upload               ? TS_OP_COMPLETE_UPLOAD
                                      : TS_OP_UNKNOWN;
    return TS_OP_UNKNOWN;
}

void ts_classify(ts_server *s, ts_request *q)
{
    const char *part = ts_param(q, "partNumber");

    if (!strncmp(q->path, "/_test/", 7)) {
        q->control = true;
        return;
    }
    address(s, q);
    q->upload_id = ts_param(q, "uploadId");
    if (part)
        q->part = (int)ts_number(part, 0, INT32_MAX);
    if (subresource(q))
        q->op = TS_OP_UNKNOWN;
    else if (ts_param(q, "tagging"))
        q->op = tagging_op(q);
    else if (q->key)
        q->op = object_op(q);
    else if (q->bucket)
        q->op = bucket_op(q);
    else
        q->op = !strcmp(q->method, "GET") ? TS_OP_LIST_BUCKETS : TS_OP_UNKNOWN;
}

/* ---- what verbs share ---- */

int ts_no_such_bucket(ts_reply *r, const char *bucket)
{
    ts_xml_element(&r->extra, "BucketName", bucket);
    return ts_fail(r, 404, "NoSuchBucket", "The specified bucket does not exist");
}

int ts_no_such_upload(ts_reply *r)
{
    return ts_fail(
        r, 404, "NoSuchUpload",
        "The specified multipart upload does not exist. The upload ID may be invalid, or "
        "the upload may have been aborted or completed.");
}

static int precondition_failed(ts_reply *r, const char *which)
{
    ts_xml_element(&r->extra, "Condition", which);
    return ts_fail(r, 412, "PreconditionFailed",
                   "At least one of the pre-conditions you specified did not hold");
}

int ts_write_condition(ts_server *s, const ts_request *q, const ts_object *now, ts_reply *r)
{
    const char *none = ts_get(q, "if-none-match"), *match = ts_get(q, "if-match");

    if (s->o.no_conditional)
        return 0;
    if ((none && strcmp(none, "*") != 0) || (none && match))
        return ts_fail(r, 501, "NotImplemented",
                       "A header you provided implies functionality that is not implemented");
    if (none && now)
        return precondition_failed(r, "If-None-Match");
    if (match && !now)
        return ts_fail(r, 404, "NoSuchKey", "The specified key does not exist.");
    if (match && !ts_etag_equal(match, now->etag))
        return precondition_failed(r, "If-Match");
    return 0;
}

static bool one_of(const char *v, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(v, *list))
            return true;
    return false;
}

static int check_values(const ts_request *q, ts_reply *r)
{
    static const char *const classes[] = {"STANDARD",
                                          "REDUCED_REDUNDANCY",
                                          "STANDARD_IA",
                                          "ONEZONE_IA",
                                          "INTELLIGENT_TIERING",
                                          "GLACIER",
                                          "DEEP_ARCHIVE",
                                          "OUTPOSTS",
                                          "GLACIER_IR",
                                          "SNOW",
                                          "EXPRESS_ONEZONE",
                                          NULL};
    static const char *const acls[] = {
        "private",       "public-read",       "public-read-write",         "authenticated-read",
        "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control", NULL};
    static const char *const sse[] = {"AES256", "aws:kms", "aws:kms:dsse", NULL};
    const char *v;

    if ((v = ts_get(q, "x-amz-storage-class")) && !one_of(v, classes))
        return ts_fail(r, 400, "InvalidStorageClass",
                       "The storage class you specified is not valid");
    if ((v = ts_get(q, "x-amz-acl")) && !one_of(v, acls))
        return ts_fail(r, 400, "InvalidArgument", "x-amz-acl is not a canned ACL");
    if ((v = ts_get(q, "x-amz-server-side-encryption")) && !one_of(v, sse))
        return ts_fail(r, 400, "InvalidArgument",
                       "The encryption method specified is not supported");
    if ((v = ts_get(q, "x-amz-tagging"))) {
        int tags = *v != 0;

        for (; *v; v++)
            tags += *v == '&';
        if (tags > MAX_TAGS)
            return ts_fail(r, 400, "BadRequest", "Object tags cannot be greater than 10");
    }
    return 0;
}

/* "aws-chunked" is framing, not a property of the object. */
static void take_encoding(ts_kvs *to, const char *v)
{
    static const char framing[] = "aws-chunked";
    const char *at = strstr(v, framing);

    if (at) {
        v = at + sizeof framing - 1;
        v += strspn(v, ", ");
    }
    if (*v)
        ts_kvs_add(to, "Content-Encoding", v);
}

int ts_take_headers(ts_server *s, const ts_request *q, ts_kvs *to, ts_reply *r)
{
    static const char *const kept[] = {"Cache-Control",
                                       "Content-Disposition",
                                       "Content-Language",
                                       "Expires",
                                       "x-amz-storage-class",
                                       "x-amz-server-side-encryption",
                                       "x-amz-server-side-encryption-aws-kms-key-id",
                                       "x-amz-server-side-encryption-bucket-key-enabled",
                                       "x-amz-server-side-encryption-context",
                                       "x-amz-website-redirect-location",
                                       "x-amz-object-lock-mode",
                                       "x-amz-tagging",
                                       "x-amz-acl",
                                       NULL};
    const char *type = ts_get(q, "content-type"), *encoding = ts_get(q, "content-encoding");
    size_t meta = 0;

    if (strlen(q->key) > MAX_KEY)
        return ts_fail(r, 400, "KeyTooLongError", "Your key is too long");
    ts_kvs_add(to, "Content-Type", type ? type : "binary/octet-stream");
    if (encoding)
        take_encoding(to, encoding);
    for (size_t i = 0; kept[i]; i++)
        if (ts_get(q, kept[i]))
            ts_kvs_add(to, kept[i], ts_get(q, kept[i]));
    for (size_t i = 0; i < q->headers.n; i++) {
        const ts_kv *h = &q->headers.v[i];

        if (strncmp(h->name, "x-amz-meta-", 11) != 0)
            continue;
        meta += strlen(h->name) - 11 + strlen(h->value);
        if (!s->o.no_metadata)
            ts_kvs_add(to, h->name, h->value);
    }
    return meta > MAX_METADATA
               ? ts_fail(r, 400, "MetadataTooLarge",
                         "Your metadata headers exceed the maximum allowed metadata size")
               : check_values(q, r);
}

int ts_sse_c(const ts_request *q, const char *prefix, char **md5, ts_reply *r)
{
    char names[3][96];
    const char *v[3];
    unsigned char key[32], hash[16];

    *md5 = NULL;
    snprintf(names[0], sizeof names[0], "%s-algorithm", prefix);
    snprintf(names[1], sizeof names[1], "%s-key", prefix);
    snprintf(names[2], sizeof names[2], "%s-key-MD5", prefix);
    for (int i = 0; i < 3; i++)
        v[i] = ts_get(q, names[i]);
    if (!v[0] && !v[1] && !v[2])
        return 0;
    if (!v[0] || !v[1] || !v[2] || strcmp(v[0], "AES256") != 0)
        return ts_fail(
            r, 400, "InvalidArgument",
            "Requests specifying Server Side Encryption with Customer provided keys must "
            "provide the algorithm, the key and its MD5.");
    if (ts_unbase64(key, sizeof key, v[1]) != 32)
        return ts_fail(r, 400, "InvalidArgument",
                       "The secret key was invalid for the specified algorithm.");
    ts_md5(hash, key, sizeof key);
    char *real = ts_base64(hash, sizeof hash);
    if (strcmp(real, v[2]) != 0) {
        free(real);
        return ts_fail(
            r, 400, "InvalidArgument",
            "The calculated MD5 hash of the key did not match the hash that was provided.");
    }
    *md5 = real;
    return 0;
}

#define SSE_C "x-amz-server-side-encryption-customer"

int ts_sse_c_check(const ts_request *q, const char *stored, ts_reply *r)
{
    return ts_sse_c_check_of(q, SSE_C, stored, r);
}

int ts_sse_c_check_of(const ts_request *q, const char *prefix, const char *stored, ts_reply *r)
{
    char *md5;
    int rc = ts_sse_c(q, prefix, &md5, r);

    if (rc == 0 && stored && !md5)
        rc = ts_fail(r, 400, "InvalidRequest",
                     "The object was stored using a form of Server Side Encryption. The correct "
                     "parameters must be provided to retrieve the object.");
    else if (rc == 0 && !stored && md5)
        rc = ts_fail(r, 400, "InvalidRequest",
                     "The encryption parameters are not applicable to this object.");
    else if (rc == 0 && stored && strcmp(stored, md5) != 0)
        rc = ts_fail(r, 403, "AccessDenied", "The encryption key is not that of the object.");
    free(md5);
    return rc;
}

void ts_sse_c_echo(const ts_request *q, ts_reply *r)
{
    const char *md5 = ts_get(q, SSE_C "-key-MD5");

    if (!md5)
        return;
    ts_header(r, SSE_C "-algorithm", "AES256");
    ts_header(r, SSE_C "-key-MD5", "%s", md5);
}

const char *ts_request_checksum(const ts_request *q, ts_alg *alg)
{
    const ts_kvs *lists[2] = {&q->headers, &q->trailers};

    for (int l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l]->n; i++) {
            *alg = ts_alg_by_header(lists[l]->v[i].name);
            if (*alg)
                return lists[l]->v[i].value;
        }
    *alg = TS_ALG_NONE;
    return NULL;
}

static unsigned char nibble(char c)
{
    return (unsigned char)(c <= '9' ? c - '0' : c - 'a' + 10);
}

void ts_etag_of_parts(char out[48], char (*etags)[33], size_t n)
{
    ts_buf raw = {0};
    unsigned char md5[16];

    ts_buf_puts(&raw, "");
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < 32; k += 2) {
            char byte = (char)(nibble(etags[i][k]) << 4 | nibble(etags[i][k + 1]));
            ts_buf_add(&raw, &byte, 1);
        }
    ts_md5(md5, raw.data, raw.len);
    ts_hex(out, md5, 16);
    snprintf(out + 32, 16, "-%zu", n);
    ts_buf_free(&raw);
}

/* ---- dispatch ---- */

static const char *unsupported_checksum(const ts_request *q)
{
    static const char prefix[] = "x-amz-checksum-";

    for (size_t i = 0; i < q->headers.n; i++) {
        const char *name = q->headers.v[i].name;

        if ((!strncmp(name, prefix, sizeof prefix - 1) &&
             strcmp(name, "x-amz-checksum-mode") != 0) ||
            !strcmp(name, "x-amz-trailer"))
            return name;
    }
    return NULL;
}

int ts_s3_dispatch(ts_server *s, ts_request *q, ts_reply *r)
{
    static int (*const verbs[TS_OP_COUNT])(ts_server *, ts_request *, ts_reply *) = {
        [TS_OP_LIST_BUCKETS] = ts_s3_bucket,
        [TS_OP_CREATE_BUCKET] = ts_s3_bucket,
        [TS_OP_HEAD_BUCKET] = ts_s3_bucket,
        [TS_OP_DELETE_BUCKET] = ts_s3_bucket,
        [TS_OP_GET_BUCKET_LOCATION] = ts_s3_bucket,
        [TS_OP_LIST_OBJECTS_V2] = ts_s3_list_objects,
        [TS_OP_LIST_UPLOADS] = ts_s3_list_uploads,
        [TS_OP_DELETE_OBJECTS] = ts_s3_delete_objects,
        [TS_OP_PUT_OBJECT] = ts_s3_put_object,
        [TS_OP_COPY_OBJECT] = ts_s3_copy_object,
        [TS_OP_GET_OBJECT] = ts_s3_get_object,
        [TS_OP_HEAD_OBJECT] = ts_s3_get_object,
        [TS_OP_DELETE_OBJECT] = ts_s3_delete_object,
        [TS_OP_CREATE_UPLOAD] = ts_s3_create_upload,
        [TS_OP_UPLOAD_PART] = ts_s3_upload_part,
        [TS_OP_UPLOAD_PART_COPY] = ts_s3_upload_part_copy,
        [TS_OP_COMPLETE_UPLOAD] = ts_s3_complete_upload,
        [TS_OP_ABORT_UPLOAD] = ts_s3_abort_upload,
        [TS_OP_LIST_PARTS] = ts_s3_list_parts,
        [TS_OP_GET_TAGGING] = ts_s3_tagging,
        [TS_OP_PUT_TAGGING] = ts_s3_tagging,
        [TS_OP_DELETE_TAGGING] = ts_s3_tagging,
        [TS_OP_CREATE_SESSION] = ts_s3_create_session,
    };
    if (ts_provider_check(s, q, r) != 0)
        return -1;
    const char *checksum = s->o.no_checksums ? unsupported_checksum(q) : NULL;

    if (checksum) {
        ts_xml_element(&r->extra, "Header", checksum);
        return ts_fail(r, 501, "NotImplemented",
                       "A header you provided implies functionality that is not implemented");
    }
    if (!verbs[q->op])
        return ts_fail(r, 501, "NotImplemented",
                       "%s with these parameters is not implemented by the test server", q->method);
    return verbs[q->op](s, q, r);
}
