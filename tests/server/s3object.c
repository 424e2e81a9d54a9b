/* s3object.c - buckets, and PUT, GET, HEAD and DELETE of one object */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- buckets ---- */

static bool valid_bucket(const char *name)
{
    size_t n = strlen(name);

    return n >= 3 && n <= 63 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n &&
           name[0] != '-' && name[0] != '.' && name[n - 1] != '-' && name[n - 1] != '.' &&
           !strstr(name, "..");
}

static void list_buckets(ts_server *s, ts_reply *r)
{
    ts_xml_begin(&r->body, "ListAllMyBucketsResult");
    ts_buf_puts(&r->body, "<Owner><ID>test</ID></Owner><Buckets>");
    for (size_t i = 0; i < s->store.bucket_n; i++) {
        ts_buf_puts(&r->body, "<Bucket>");
        ts_xml_element(&r->body, "Name", s->store.buckets[i]->name);
        ts_buf_puts(&r->body, "<CreationDate>2020-01-01T00:00:00.000Z</CreationDate></Bucket>");
    }
    ts_buf_puts(&r->body, "</Buckets></ListAllMyBucketsResult>");
}

static int create_bucket(ts_server *s, const ts_request *q, ts_reply *r)
{
    if (!valid_bucket(q->bucket))
        return ts_fail(r, 400, "InvalidBucketName", "The specified bucket is not valid.");
    if (!s->o.auto_buckets && ts_bucket_find(s, q->bucket))
        return ts_fail(r, 409, "BucketAlreadyOwnedByYou",
                       "Your previous request to create the named bucket succeeded and you already "
                       "own it.");
    ts_bucket_add(s, q->bucket);
    ts_header(r, "Location", "/%s", q->bucket);
    return 0;
}

static int delete_bucket(ts_server *s, ts_bucket *b, ts_reply *r)
{
    if (b->n)
        return ts_fail(r, 409, "BucketNotEmpty", "The bucket you tried to delete is not empty");
    ts_bucket_remove(s, b);
    r->status = 204;
    return 0;
}

static int bucket_verb(ts_server *s, const ts_request *q, ts_reply *r)
{
    if (q->op == TS_OP_LIST_BUCKETS)
        return list_buckets(s, r), 0;
    if (q->op == TS_OP_CREATE_BUCKET)
        return create_bucket(s, q, r);
    ts_bucket *b = ts_bucket_find(s, q->bucket);
    if (!b)
        return ts_no_such_bucket(r, q->bucket);
    if (q->op == TS_OP_DELETE_BUCKET)
        return delete_bucket(s, b, r);
    ts_header(r, "x-amz-bucket-region", "%s", s->o.region);
    if (q->op == TS_OP_HEAD_BUCKET)
        return 0;
    ts_xml_begin(&r->body, "LocationConstraint");
    ts_buf_xml(&r->body, strcmp(s->o.region, "us-east-1") ? s->o.region : "");
    ts_buf_puts(&r->body, "</LocationConstraint>");
    return 0;
}

int ts_s3_bucket(ts_server *s, ts_request *q, ts_reply *r)
{
    pthread_mutex_lock(&s->lock);
    int rc = bucket_verb(s, q, r);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

/* ---- PUT ---- */

/* Under KMS and customer keys an ETag is no MD5, and a client must not think so. */
static void make_etag(ts_server *s, const ts_request *q, const ts_kvs *headers, char out[33])
{
    const char *sse = ts_kvs_get(headers, "x-amz-server-side-encryption");
    unsigned char md5[16];
    char text[64];

    if (q->body || q->body_n == 0)
        ts_md5(md5, q->body ? q->body : (const unsigned char *)"", q->body_n);
    if ((q->body_n && !q->body) || (sse && !strncmp(sse, "aws:kms", 7)) ||
        ts_get(q, "x-amz-server-side-encryption-customer-key-md5")) {
        snprintf(text, sizeof text, "%llu %zu", (unsigned long long)s->o.seed, q->body_n);
        ts_md5(md5, text, strlen(text));
    }
    ts_hex(out, md5, 16);
    ts_express_etag(q, out);
}

static ts_object *object_from(ts_server *s, ts_request *q, ts_reply *r)
{
    ts_blob **blobs = ts_alloc(sizeof *blobs);
    ts_object *o;

    blobs[0] = ts_blob_new(NULL, q->body_n);
    o = ts_object_new(q->key, blobs, 1);
    if (ts_take_headers(s, q, &o->headers, r) != 0 ||
        ts_sse_c(q, "x-amz-server-side-encryption-customer", &o->sse_c_md5, r) != 0) {
        ts_object_unref(o);
        return NULL;
    }
    make_etag(s, q, &o->headers, o->etag);
    const char *sum = ts_request_checksum(q, &o->alg);
    o->checksum = ts_strdup(sum);
    o->full = true;
    blobs[0]->data = q->body;
    q->body = NULL;
    return o;
}

static void put_reply(const ts_request *q, const ts_object *o, ts_reply *r)
{
    const char *sse = ts_kvs_get(&o->headers, "x-amz-server-side-encryption");

    ts_header(r, "ETag", "\"%s\"", q->plan.empty_etag ? "" : o->etag);
    if (o->checksum) {
        ts_header(r, ts_algs[o->alg].header, "%s", o->checksum);
        ts_header(r, "x-amz-checksum-type", "FULL_OBJECT");
    }
    if (sse)
        ts_header(r, "x-amz-server-side-encryption", "%s", sse);
    ts_sse_c_echo(q, r);
}

int ts_s3_put_object(ts_server *s, ts_request *q, ts_reply *r)
{
    ts_object *o = object_from(s, q, r);
    int rc = o ? 0 : -1;

    pthread_mutex_lock(&s->lock);
    ts_bucket *b = ts_bucket_find(s, q->bucket);
    if (!b)
        rc = ts_no_such_bucket(r, q->bucket);
    if (rc == 0)
        rc = ts_write_condition(s, q, ts_object_find(b, q->key), r);
    if (rc == 0) {
        put_reply(q, o, r);
        ts_object_publish(s, b, ts_object_ref(o));
    }
    pthread_mutex_unlock(&s->lock);
    ts_object_unref(o);
    return rc;
}

/* ---- GET and HEAD ---- */

static void object_headers(const ts_request *q, const ts_object *o, ts_reply *r)
{
    const char *mode = ts_get(q, "x-amz-checksum-mode");
    char when[40];

    ts_http_time(when, o->modified);
    ts_header(r, "Last-Modified", "%s", when);
    ts_header(r, "ETag", "\"%s\"", q->plan.empty_etag ? "" : o->etag);
    ts_header(r, "Accept-Ranges", "bytes");
    for (size_t i = 0; i < o->headers.n; i++) {
        const ts_kv *h = &o->headers.v[i];
        int tags = 1;

        if (!strcmp(h->name, "x-amz-tagging")) {
            for (const char *c = h->value; *c; c++)
                tags += *c == '&';
            ts_header(r, "x-amz-tagging-count", "%d", tags);
        } else if (strcmp(h->name, "x-amz-acl") != 0) {
            ts_header(r, h->name, "%s", h->value);
        }
    }
    /* That of the whole says nothing of a range. */
    if (o->checksum && r->n == o->size && mode && !strcasecmp(mode, "ENABLED")) {
        ts_header(r, ts_algs[o->alg].header, "%s", o->checksum);
        ts_header(r, "x-amz-checksum-type", o->full ? "FULL_OBJECT" : "COMPOSITE");
    }
    ts_sse_c_echo(q, r);
}

static bool etag_in(const char *list, const char *etag)
{
    char copy[1024], *save = NULL;

    ts_copy(copy, sizeof copy, list);
    for (char *p = strtok_r(copy, ", ", &save); p; p = strtok_r(NULL, ", ", &save))
        if (!strcmp(p, "*") || ts_etag_equal(p, etag))
            return true;
    return false;
}

static int read_condition(const ts_request *q, const ts_object *o, ts_reply *r)
{
    const char *match = ts_get(q, "if-match"), *none = ts_get(q, "if-none-match");
    const char *since = ts_get(q, "if-modified-since"), *until = ts_get(q, "if-unmodified-since");
    struct tm tm = {0};

    if ((match && !etag_in(match, o->etag)) ||
        (!match && until && strptime(until, "%a, %d %b %Y %H:%M:%S GMT", &tm) &&
         o->modified > timegm(&tm)))
        return ts_fail(r, 412, "PreconditionFailed",
                       "At least one of the pre-conditions you specified did not hold");
    if ((none && etag_in(none, o->etag)) ||
        (!none && since && strptime(since, "%a, %d %b %Y %H:%M:%S GMT", &tm) &&
         o->modified <= timegm(&tm))) {
        ts_header(r, "ETag", "\"%s\"", o->etag);
        return ts_fail(r, 304, "NotModified", "Not Modified");
    }
    return 0;
}

/* bytes=A-B, bytes=A-, bytes=-N; anything else is ignored, as S3 does. */
static int apply_range(const ts_request *q, const ts_object *o, ts_reply *r)
{
    const char *v = ts_get(q, "range");
    unsigned long long a = 0, b = 0;
    uint64_t size = o->size;
    int used = 0;

    r->n = size;
    if (!v)
        return 0;
    if (sscanf(v, "bytes=-%llu%n", &b, &used) == 1 && !v[used]) {
        a = b < size ? size - b : 0;
        if (b == 0 || size == 0)
            a = size;
        b = size ? size - 1 : 0;
    } else if (sscanf(v, "bytes=%llu-%llu%n", &a, &b, &used) == 2 && !v[used] && a <= b) {
        b = b < size ? b : size - 1;
    } else if (sscanf(v, "bytes=%llu-%n", &a, &used) == 1 && used && !v[used]) {
        b = size - 1;
    } else {
        return 0;
    }
    if (a >= size) {
        ts_header(r, "Content-Range", "bytes */%llu", (unsigned long long)size);
        return ts_fail(r, 416, "InvalidRange", "The requested range is not satisfiable");
    }
    r->status = 206;
    r->from = a;
    r->n = b - a + 1;
    ts_header(r, "Content-Range", "bytes %llu-%llu/%llu", a, b, (unsigned long long)size);
    return 0;
}

int ts_s3_get_object(ts_server *s, ts_request *q, ts_reply *r)
{
    ts_object *o = NULL;

    pthread_mutex_lock(&s->lock);
    ts_bucket *b = ts_bucket_find(s, q->bucket);
    if (b)
        o = ts_object_ref(ts_object_find(b, q->key));
    pthread_mutex_unlock(&s->lock);
    if (!b)
        return ts_no_such_bucket(r, q->bucket);
    if (!o) {
        ts_xml_element(&r->extra, "Key", q->key);
        return ts_fail(r, 404, "NoSuchKey", "The specified key does not exist.");
    }
    int rc = ts_sse_c_check(q, o->sse_c_md5, r);
    if (rc == 0)
        rc = read_condition(q, o, r);
    if (rc == 0)
        rc = apply_range(q, o, r);
    if (rc == 0) {
        object_headers(q, o, r);
        r->object = o;
        return 0;
    }
    ts_object_unref(o);
    return rc;
}

/* ---- DELETE ---- */

int ts_s3_delete_object(ts_server *s, ts_request *q, ts_reply *r)
{
    const char *match = ts_get(q, "if-match");
    int rc = 0;

    pthread_mutex_lock(&s->lock);
    ts_bucket *b = ts_bucket_find(s, q->bucket);
    if (!b)
        rc = ts_no_such_bucket(r, q->bucket);
    else if (match)
        rc = ts_write_condition(s, q, ts_object_find(b, q->key), r);
    if (rc == 0) {
        ts_object_remove(s, b, q->key);
        r->status = 204;
    }
    pthread_mutex_unlock(&s->lock);
    return rc;
}

static bool is_refused(const ts_request *q, const char *key)
{
    size_t n = strlen(key);

    return q->plan.refuse_keys[0] && n > 0 && key[n - 1] == '!';
}

static void refuse_one(const ts_request *q, const char *key, ts_reply *r)
{
    ts_buf_puts(&r->body, "<Error>");
    ts_xml_element(&r->body, "Key", key);
    ts_xml_element(&r->body, "Code", q->plan.refuse_keys);
    ts_xml_element(&r->body, "Message", "A fault rule says so.");
    ts_buf_puts(&r->body, "</Error>");
}

static void delete_one(ts_server *s, ts_bucket *b, const char *key, bool quiet, ts_reply *r)
{
    ts_object_remove(s, b, key);
    if (quiet)
        return;
    ts_buf_puts(&r->body, "<Deleted>");
    ts_xml_element(&r->body, "Key", key);
    ts_buf_puts(&r->body, "</Deleted>");
}

/* <Delete><Quiet>…</Quiet><Object><Key>…</Key></Object>…</Delete>, read once for the keys and
 * Quiet. */
static int read_delete(const ts_request *q, ts_kvs *keys, bool *quiet)
{
    ts_xml_event e;
    ts_xml x;

    ts_xml_start(&x, q->body, q->body_n);
    while ((e = ts_xml_next(&x)) != TS_XML_END) {
        if (x.depth == 1 && e == TS_XML_OPEN && strcmp(x.name, "Delete") != 0)
            x.bad = true;
        if (e != TS_XML_CLOSE)
            continue;
        if (!strcmp(x.name, "Quiet"))
            *quiet = !strcmp(x.text.data, "true");
        if (!strcmp(x.name, "Key"))
            ts_kvs_add(keys, x.text.data, "");
    }
    ts_xml_free(&x);
    return x.bad || keys->n == 0 || keys->n > 1000 ? -1 : 0;
}

int ts_s3_delete_objects(ts_server *s, ts_request *q, ts_reply *r)
{
    ts_kvs keys = {0};
    bool quiet = false;
    ts_alg alg;
    int rc = 0;

    if (!ts_get(q, "content-md5") && !ts_request_checksum(q, &alg))
        return ts_fail(r, 400, "InvalidRequest",
                       "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
    if (!q->body || read_delete(q, &keys, &quiet) != 0)
        rc = ts_fail(r, 400, "MalformedXML",
                     "The XML you provided was not well-formed or did not validate against our "
                     "published schema");
    pthread_mutex_lock(&s->lock);
    ts_bucket *b = ts_bucket_find(s, q->bucket);
    if (rc == 0 && !b)
        rc = ts_no_such_bucket(r, q->bucket);
    if (rc == 0) {
        ts_xml_begin(&r->body, "DeleteResult");
        for (size_t i = 0; i < keys.n; i++)
            if (is_refused(q, keys.v[i].name))
                refuse_one(q, keys.v[i].name, r);
            else
                delete_one(s, b, keys.v[i].name, quiet, r);
        ts_buf_puts(&r->body, "</DeleteResult>");
    }
    pthread_mutex_unlock(&s->lock);
    ts_kvs_free(&keys);
    return rc;
}
