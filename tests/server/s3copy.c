/* s3copy.c - CopyObject and UploadPartCopy */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#define COPY_BYTES (256 * 1024)
#define SSE_C      "x-amz-server-side-encryption-customer"
#define NO_MD5                                                                                     \
    "00112233445566778899aabbccddeeff" /* what is encrypted has an ETag of another kind */

static int no_source(ts_reply *r)
{
    return ts_fail(r, 404, "NoSuchKey", "The specified key does not exist.");
}

/* [/]BUCKET/KEY, percent-encoded. The source object, held; NULL after ts_fail(). */
static ts_object *find_source(ts_server *s, const ts_request *q, ts_reply *r)
{
    const char *v = ts_get(q, "x-amz-copy-source");
    ts_object *o = NULL;

    v += *v == '/';
    char *source = ts_uri_decode(v, strcspn(v, "?"), false);
    char *key = source ? strchr(source, '/') : NULL;
    if (!key || !key[1]) {
        free(source);
        ts_fail(r, 400, "InvalidArgument",
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
        return NULL;
    }
    *key++ = 0;
    pthread_mutex_lock(&s->lock);
    ts_bucket *b = ts_bucket_find(s, source);
    if (b)
        o = ts_object_ref(ts_object_find(b, key));
    pthread_mutex_unlock(&s->lock);
    if (!b)
        ts_no_such_bucket(r, source);
    else if (!o)
        no_source(r);
    free(source);
    return o;
}

static int source_condition(const ts_request *q, const ts_object *o, ts_reply *r)
{
    const char *match = ts_get(q, "x-amz-copy-source-if-match");
    const char *none = ts_get(q, "x-amz-copy-source-if-none-match");

    if (ts_sse_c_check_of(q, "x-amz-copy-source-server-side-encryption-customer", o->sse_c_md5,
                          r) != 0)
        return -1;
    if ((match && !ts_etag_equal(match, o->etag)) || (none && ts_etag_equal(none, o->etag)))
        return ts_fail(r, 412, "PreconditionFailed",
                       "At least one of the pre-conditions you specified did not hold");
    return 0;
}

static void content_etag(const ts_object *o, char out[33])
{
    unsigned char *part = ts_realloc(NULL, COPY_BYTES), md5[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    size_t n;

    if (!md || EVP_DigestInit_ex(md, EVP_md5(), NULL) != 1)
        abort();
    for (uint64_t at = 0; (n = ts_object_read(o, at, part, COPY_BYTES)) > 0; at += n)
        EVP_DigestUpdate(md, part, n);
    EVP_DigestFinal_ex(md, md5, NULL);
    EVP_MD_CTX_free(md);
    ts_hex(out, md5, 16);
    free(part);
}

static void copy_reply(const ts_request *q, const char *root, const char *etag, time_t t,
                       ts_reply *r)
{
    char when[32];

    ts_iso_time(when, t);
    ts_xml_begin(&r->body, root);
    ts_xml_element(&r->body, "LastModified", when);
    ts_xml_etag(&r->body, q, etag);
    ts_buf_printf(&r->body, "</%s>", root);
}

/* ---- CopyObject ---- */

static ts_object *copy_of(ts_server *s, const ts_request *q, const ts_object *from, bool replace,
                          ts_reply *r)
{
    ts_blob **blobs = ts_alloc((from->blob_n ? from->blob_n : 1) * sizeof *blobs);
    ts_object *o;
    int rc = 0;

    for (size_t i = 0; i < from->blob_n; i++)
        blobs[i] = ts_blob_ref(from->blobs[i]);
    o = ts_object_new(q->key, blobs, from->blob_n);
    rc = ts_sse_c(q, SSE_C, &o->sse_c_md5, r);
    if (!o->sse_c_md5)
        content_etag(from, o->etag);
    else
        memcpy(o->etag, NO_MD5, sizeof NO_MD5);
    if (rc == 0 && replace)
        rc = ts_take_headers(s, q, &o->headers, r);
    else
        for (size_t i = 0; i < from->headers.n; i++)
            ts_kvs_add(&o->headers, from->headers.v[i].name, from->headers.v[i].value);
    if (from->full) {
        o->alg = from->alg;
        o->full = true;
        o->checksum = ts_strdup(from->checksum);
    }
    if (rc == 0)
        return o;
    ts_object_unref(o);
    return NULL;
}

static int publish_copy(ts_server *s, const ts_request *q, const ts_object *from, ts_object *o,
                        bool replace, ts_reply *r)
{
    ts_bucket *b = ts_bucket_find(s, q->bucket);

    if (!b)
        return ts_no_such_bucket(r, q->bucket);
    if (ts_object_find(b, q->key) == from && !replace)
        return ts_fail(
            r, 400, "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself "
            "without changing the object's metadata, storage class, website redirect "
            "location or encryption attributes.");
    int rc = ts_write_condition(s, q, ts_object_find(b, q->key), r);
    if (rc == 0) {
        copy_reply(q, "CopyObjectResult", o->etag, ts_now(s), r);
        ts_object_publish(s, b, ts_object_ref(o));
    }
    return rc;
}

int ts_s3_copy_object(ts_server *s, ts_request *q, ts_reply *r)
{
    const char *directive = ts_get(q, "x-amz-metadata-directive");
    bool replace = directive && !strcmp(directive, "REPLACE");
    ts_object *from = find_source(s, q, r), *o = NULL;
    int rc = from ? source_condition(q, from, r) : -1;

    if (rc == 0 && directive && !replace && strcmp(directive, "COPY") != 0)
        rc = ts_fail(r, 400, "InvalidArgument", "Unknown metadata directive.");
    if (rc == 0 && from->size > TS_MAX_BODY)
        rc = ts_fail(
            r, 400, "InvalidRequest",
            "The specified copy source is larger than the maximum allowable size for a copy "
            "source: 5368709120");
    if (rc == 0) {
        o = copy_of(s, q, from, replace, r);
        rc = o ? 0 : -1;
    }
    if (rc == 0) {
        pthread_mutex_lock(&s->lock);
        rc = publish_copy(s, q, from, o, replace, r);
        pthread_mutex_unlock(&s->lock);
    }
    ts_object_unref(o);
    ts_object_unref(from);
    return rc;
}

/* ---- UploadPartCopy ---- */

static int source_range(const ts_request *q, const ts_object *o, uint64_t *at, uint64_t *n,
                        ts_reply *r)
{
    const char *v = ts_get(q, "x-amz-copy-source-range");
    unsigned long long a, b;
    int used = 0;

    *at = 0;
    *n = o->size;
    if (!v)
        return 0;
    if (sscanf(v, "bytes=%llu-%llu%n", &a, &b, &used) != 2 || v[used] || a > b || b >= o->size)
        return ts_fail(
            r, 400, "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where "
            "first and last are the zero-based offsets of the first and last bytes to copy");
    *at = a;
    *n = b - a + 1;
    return 0;
}

/* A part of what is known by a rule is known by it too. */
static ts_part *ruled_part(ts_server *s, const ts_blob *from, uint64_t at, uint64_t n)
{
    ts_part *p = ts_alloc(sizeof *p);
    unsigned char md5[16];

    p->blob = ts_blob_new(NULL, n);
    p->blob->ruled = true;
    p->blob->first = from->first + at;
    p->modified = ts_now(s);
    ts_md5(md5, &p->blob->first, sizeof p->blob->first);
    ts_hex(p->etag, md5, 16);
    return p;
}

static ts_part *part_of(ts_server *s, const ts_object *o, uint64_t at, uint64_t n)
{
    if (o->blob_n == 1 && o->blobs[0]->ruled)
        return ruled_part(s, o->blobs[0], at, n);

    ts_part *p = ts_alloc(sizeof *p);
    unsigned char *data = ts_realloc(NULL, n + 1), md5[16];

    for (uint64_t done = 0, got; done < n; done += got) {
        got = ts_object_read(o, at + done, data + done, n - done);
        if (got == 0)
            break;
    }
    ts_md5(md5, data, n);
    ts_hex(p->etag, md5, 16);
    p->modified = ts_now(s);
    p->blob = ts_blob_new(data, n);
    return p;
}

int ts_s3_upload_part_copy(ts_server *s, ts_request *q, ts_reply *r)
{
    ts_object *from = find_source(s, q, r);
    uint64_t at, n;
    int rc = from ? source_condition(q, from, r) : -1;

    if (rc == 0 && (q->part < 1 || q->part > s->o.max_parts))
        rc = ts_fail(r, 400, "InvalidArgument",
                     "Part number must be an integer between 1 and %d, inclusive", s->o.max_parts);
    if (rc == 0)
        rc = source_range(q, from, &at, &n, r);
    if (rc == 0) {
        ts_part *p = part_of(s, from, at, n);

        pthread_mutex_lock(&s->lock);
        ts_upload *u = ts_upload_find(s, q, q->plan.commit_late);
        if (u) {
            rc = ts_sse_c_check(q, u->sse_c_md5, r);
            if (rc == 0 && u->alg)
                p->checksum = ts_sum_of(u->alg, p->blob->data, n);
            if (rc == 0) {
                copy_reply(q, "CopyPartResult", p->etag, p->modified, r);
                ts_upload_put(u, q->part, p);
            } else {
                ts_part_free(p);
            }
        } else {
            rc = ts_no_such_upload(r);
            ts_part_free(p);
        }
        pthread_mutex_unlock(&s->lock);
    }
    ts_object_unref(from);
    return rc;
}
