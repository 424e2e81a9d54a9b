/* s3upload.c - CreateMultipartUpload, UploadPart, AbortMultipartUpload, ListParts */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SSE_C "x-amz-server-side-encryption-customer"

/* ---- Create ---- */

/* The algorithm and type asked for, with the service's rules about which go together. 0 or
 * ts_fail() */
static int read_checksum_type(ts_server *s, const ts_request *q, ts_alg *alg, bool *full,
                              ts_reply *r)
{
    const char *name = ts_get(q, "x-amz-checksum-algorithm");
    const char *type = ts_get(q, "x-amz-checksum-type");

    *alg = TS_ALG_NONE;
    *full = false;
    if (!name)
        return type ? ts_fail(r, 400, "InvalidRequest",
                              "The x-amz-checksum-type header can only be used with the "
                              "x-amz-checksum-algorithm header.")
                    : 0;
    *alg = ts_alg_by_name(name);
    if (!*alg)
        return ts_fail(
            r, 400, "InvalidRequest",
            "Checksum algorithm provided is unsupported. Please try again with any of the "
            "valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
    *full = *alg == TS_ALG_CRC64NVME;
    if (!type)
        return 0;
    if (strcmp(type, "FULL_OBJECT") != 0 && strcmp(type, "COMPOSITE") != 0)
        return ts_fail(r, 400, "InvalidRequest",
                       "Value for x-amz-checksum-type header is invalid.");
    bool want_full = type[0] == 'F';
    bool is_crc32 = *alg == TS_ALG_CRC32 || *alg == TS_ALG_CRC32C;
    if ((!is_crc32 && want_full != *full) || (want_full && is_crc32 && s->o.no_full_object_crc32))
        return ts_fail(r, 400, "InvalidRequest",
                       "The %s checksum type cannot be used with the %s checksum algorithm.", type,
                       ts_algs[*alg].lower);
    *full = want_full;
    return 0;
}

static void create_reply(const ts_request *q, const ts_upload *u, ts_reply *r)
{
    const char *sse = ts_kvs_get(&u->headers, "x-amz-server-side-encryption");

    if (u->alg) {
        ts_header(r, "x-amz-checksum-algorithm", "%s", ts_algs[u->alg].name);
        ts_header(r, "x-amz-checksum-type", u->full ? "FULL_OBJECT" : "COMPOSITE");
    }
    if (sse)
        ts_header(r, "x-amz-server-side-encryption", "%s", sse);
    ts_sse_c_echo(q, r);
    ts_xml_begin(&r->body, "InitiateMultipartUploadResult");
    ts_xml_element(&r->body, "Bucket", u->bucket);
    ts_xml_element(&r->body, "Key", u->key);
    ts_xml_element(&r->body, "UploadId", u->id);
    ts_buf_puts(&r->body, "</InitiateMultipartUploadResult>");
}

int ts_s3_create_upload(ts_server *s, ts_request *q, ts_reply *r)
{
    ts_kvs headers = {0};
    char *sse = NULL;
    ts_alg alg;
    bool full;
    int rc = read_checksum_type(s, q, &alg, &full, r);

    if (rc == 0)
        rc = ts_take_headers(s, q, &headers, r);
    if (rc == 0)
        rc = ts_sse_c(q, SSE_C, &sse, r);
    pthread_mutex_lock(&s->lock);
    if (rc == 0 && !ts_bucket_find(s, q->bucket))
        rc = ts_no_such_bucket(r, q->bucket);
    if (rc == 0) {
        ts_upload *u = ts_upload_new(s, q->bucket, q->key);

        u->headers = headers;
        u->alg = alg;
        u->full = full;
        u->sse_c_md5 = sse;
        create_reply(q, u, r);
    }
    pthread_mutex_unlock(&s->lock);
    if (rc != 0) {
        ts_kvs_free(&headers);
        free(sse);
    }
    return rc;
}

/* ---- UploadPart ---- */

static ts_part *part_from(ts_server *s, ts_request *q)
{
    ts_part *p = ts_alloc(sizeof *p);
    unsigned char md5[16];
    char text[64];
    ts_alg alg;

    if (q->body_n && !q->body) {
        snprintf(text, sizeof text, "%d %zu", q->part, q->body_n);
        ts_md5(md5, text, strlen(text));
    } else {
        ts_md5(md5, q->body ? q->body : (const unsigned char *)"", q->body_n);
    }
    ts_hex(p->etag, md5, 16);
    ts_express_etag(q, p->etag);
    p->checksum = ts_strdup(ts_request_checksum(q, &alg));
    p->modified = ts_now(s);
    p->blob = ts_blob_new(q->body, q->body_n);
    q->body = NULL;
    return p;
}

/* A part's checksum must be of the algorithm that Create declared. A composite needs it from the
 * client; of a full object the service works it out itself. */
static int check_part_checksum(const ts_upload *u, const ts_request *q, const ts_part *p,
                               ts_reply *r)
{
    ts_alg alg;

    ts_request_checksum(q, &alg);
    if (alg == u->alg || (!alg && u->full) || (!p->blob->data && p->blob->size))
        return 0;
    return ts_fail(r, 400, "InvalidRequest",
                   "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum "
                   "Type: %s",
                   u->alg ? ts_algs[u->alg].lower : "null", alg ? ts_algs[alg].lower : "null");
}

static int accept_part(ts_server *s, const ts_request *q, ts_part *p, ts_reply *r)
{
    if (!ts_bucket_find(s, q->bucket))
        return ts_no_such_bucket(r, q->bucket);
    ts_upload *u = ts_upload_find(s, q, q->plan.commit_late);
    if (!u)
        return ts_no_such_upload(r);
    if (check_part_checksum(u, q, p, r) != 0 || ts_sse_c_check(q, u->sse_c_md5, r) != 0)
        return -1;
    ts_header(r, "ETag", "\"%s\"", q->plan.empty_etag ? "" : p->etag);
    if (p->checksum && u->alg)
        ts_header(r, ts_algs[u->alg].header, "%s", p->checksum);
    ts_sse_c_echo(q, r);
    ts_upload_put(u, q->part, p);
    return 0;
}

int ts_s3_upload_part(ts_server *s, ts_request *q, ts_reply *r)
{
    if (q->part < 1 || q->part > s->o.max_parts)
        return ts_fail(r, 400, "InvalidArgument",
                       "Part number must be an integer between 1 and %d, inclusive",
                       s->o.max_parts);
    ts_part *p = part_from(s, q);
    pthread_mutex_lock(&s->lock);
    int rc = accept_part(s, q, p, r);
    pthread_mutex_unlock(&s->lock);
    if (rc != 0)
        ts_part_free(p);
    return rc;
}

/* ---- Abort ---- */

int ts_s3_abort_upload(ts_server *s, ts_request *q, ts_reply *r)
{
    int rc = 0;

    pthread_mutex_lock(&s->lock);
    ts_upload *u = ts_upload_find(s, q, false);
    if (!ts_bucket_find(s, q->bucket)) {
        rc = ts_no_such_bucket(r, q->bucket);
    } else if (!u) {
        rc = ts_no_such_upload(r);
    } else {
        u->aborted = true;
        ts_upload_close(u);
        r->status = 204;
    }
    pthread_mutex_unlock(&s->lock);
    return rc;
}

/* ---- ListParts ---- */

static void list_part(const ts_request *q, const ts_upload *u, int number, ts_buf *b)
{
    const ts_part *p = u->parts[number];
    char when[32];

    ts_iso_time(when, p->modified);
    ts_buf_printf(b, "<Part><PartNumber>%d</PartNumber><LastModified>%s</LastModified>", number,
                  when);
    ts_xml_etag(b, q, p->etag);
    ts_buf_printf(b, "<Size>%llu</Size>", (unsigned long long)p->blob->size);
    if (p->checksum)
        ts_xml_element(b, ts_algs[u->alg].xml, p->checksum);
    ts_buf_puts(b, "</Part>");
}

static void list_parts(ts_server *s, const ts_request *q, const ts_upload *u, int64_t max,
                       int64_t marker, ts_reply *r)
{
    int64_t n = 0, last = 0;
    bool more = false;
    ts_buf parts = {0};

    max = max > s->o.max_keys ? s->o.max_keys : max;
    ts_buf_puts(&parts, "");
    for (int i = (int)(marker < u->part_cap ? marker + 1 : u->part_cap); i < u->part_cap; i++) {
        if (!u->parts[i])
            continue;
        more = n == max || q->plan.empty_page;
        if (more)
            break;
        list_part(q, u, i, &parts);
        last = i;
        n++;
    }
    ts_xml_begin(&r->body, "ListPartsResult");
    ts_xml_element(&r->body, "Bucket", u->bucket);
    ts_xml_element(&r->body, "Key", u->key);
    ts_xml_element(&r->body, "UploadId", u->id);
    if (u->alg) {
        ts_xml_element(&r->body, "ChecksumAlgorithm", ts_algs[u->alg].name);
        ts_xml_element(&r->body, "ChecksumType", u->full ? "FULL_OBJECT" : "COMPOSITE");
    }
    ts_buf_printf(&r->body,
                  "<PartNumberMarker>%lld</PartNumberMarker><MaxParts>%lld</MaxParts>"
                  "<NextPartNumberMarker>%lld</NextPartNumberMarker><IsTruncated>%s</IsTruncated>",
                  (long long)marker, (long long)max, (long long)(n ? last : marker),
                  more ? "true" : "false");
    ts_buf_add(&r->body, parts.data, parts.len);
    ts_buf_puts(&r->body, "</ListPartsResult>");
    ts_buf_free(&parts);
}

int ts_s3_list_parts(ts_server *s, ts_request *q, ts_reply *r)
{
    const char *max_text = ts_param(q, "max-parts"), *from = ts_param(q, "part-number-marker");
    int64_t max = max_text ? ts_number(max_text, 0, INT32_MAX) : 1000;
    int64_t marker = from && *from ? ts_number(from, 0, INT32_MAX) : 0;
    int rc = 0;

    if (max < 0 || marker < 0)
        return ts_fail(r, 400, "InvalidArgument",
                       "Argument max-parts or part-number-marker must be an integer between 0 and "
                       "2147483647");
    pthread_mutex_lock(&s->lock);
    const ts_upload *u = ts_upload_find(s, q, false);
    if (!ts_bucket_find(s, q->bucket))
        rc = ts_no_such_bucket(r, q->bucket);
    else if (!u)
        rc = ts_no_such_upload(r);
    else
        list_parts(s, q, u, max, marker, r);
    pthread_mutex_unlock(&s->lock);
    return rc;
}
