/* s3complete.c - CompleteMultipartUpload: everything S3 checks before it publishes
 *
 * The checks run under the lock; a checksum over the whole object is computed without it, on blobs
 * that are held, and the upload is looked up again before it is published.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct wanted {
    int number;
    char etag[64];
    char checksum[96];
    ts_alg alg;
} wanted;

typedef struct completion {
    wanted *parts;
    size_t n;
    ts_object *object;
    ts_buf raw; /* the parts' checksums, for a composite */
} completion;

static int malformed(ts_reply *r)
{
    return ts_fail(r, 400, "MalformedXML",
                   "The XML you provided was not well-formed or did not validate against our "
                   "published schema");
}

static bool field(wanted *w, const ts_xml *x)
{
    const char *text = x->text.data + strspn(x->text.data, " \t\r\n");

    if (!strcmp(x->name, "PartNumber")) {
        w->number = (int)ts_number(text, 1, INT32_MAX);
        return w->number > 0;
    }
    if (!strcmp(x->name, "ETag")) {
        ts_copy(w->etag, sizeof w->etag, text);
        return *text != 0;
    }
    for (ts_alg a = TS_ALG_CRC64NVME; a < TS_ALG_COUNT; a++)
        if (!strcmp(x->name, ts_algs[a].xml)) {
            w->alg = a;
            ts_copy(w->checksum, sizeof w->checksum, text);
            return true;
        }
    return false;
}

static bool read_event(completion *c, const ts_xml *x, ts_xml_event e)
{
    int depth = x->depth + (e == TS_XML_CLOSE);

    if (depth == 1)
        return !strcmp(x->name, "CompleteMultipartUpload");
    if (depth == 2 && strcmp(x->name, "Part") != 0)
        return false;
    if (depth == 2 && e == TS_XML_OPEN) {
        if (c->n == TS_MAX_PARTS)
            return false;
        if ((c->n & (c->n - 1)) == 0)
            c->parts = ts_realloc(c->parts, (c->n ? c->n * 2 : 1) * sizeof *c->parts);
        memset(&c->parts[c->n++], 0, sizeof *c->parts);
        return true;
    }
    if (depth == 2)
        return c->parts[c->n - 1].number && c->parts[c->n - 1].etag[0];
    return depth == 3 && (e == TS_XML_OPEN || field(&c->parts[c->n - 1], x));
}

static int read_parts(completion *c, const ts_request *q, ts_reply *r)
{
    ts_xml_event e;
    ts_xml x;

    ts_xml_start(&x, q->body ? q->body : (const unsigned char *)"", q->body_n);
    while ((e = ts_xml_next(&x)) != TS_XML_END && !x.bad)
        x.bad = !read_event(c, &x, e);
    ts_xml_free(&x);
    return x.bad || c->n == 0 ? malformed(r) : 0;
}

/* ---- the checks ---- */

static int invalid_part(ts_reply *r, int number)
{
    ts_buf_printf(&r->extra, "<PartNumber>%d</PartNumber>", number);
    return ts_fail(
        r, 400, "InvalidPart",
        "One or more of the specified parts could not be found.  The part may not have "
        "been uploaded, or the specified entity tag may not match the part's entity tag.");
}

static int check_part(const ts_upload *u, const completion *c, size_t i, ts_reply *r)
{
    const wanted *w = &c->parts[i];
    const ts_part *p = w->number < u->part_cap ? u->parts[w->number] : NULL;

    if (i && c->parts[i - 1].number >= w->number)
        return ts_fail(
            r, 400, "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part "
            "number.");
    if (!p || !ts_etag_equal(w->etag, p->etag))
        return invalid_part(r, w->number);
    bool dropped = p->blob->size && !p->blob->data;
    if (w->checksum[0] && !dropped &&
        (w->alg != u->alg || (p->checksum && strcmp(p->checksum, w->checksum) != 0)))
        return invalid_part(r, w->number);
    if (u->alg && !u->full && !w->checksum[0] && !dropped)
        return ts_fail(
            r, 400, "InvalidRequest",
            "The upload was created using a %s checksum. The complete request must include "
            "the checksum for each part. It was missing for part %d in the request.",
            ts_algs[u->alg].lower, w->number);
    if (u->alg && w->number != (int)i + 1)
        return ts_fail(
            r, 400, "InvalidRequest",
            "With a checksum algorithm, part numbers must be consecutive and begin with 1.");
    return 0;
}

static int check_size(ts_server *s, const ts_upload *u, const completion *c, size_t i, ts_reply *r)
{
    const ts_part *p = u->parts[c->parts[i].number];
    uint64_t size = p->blob->size, first = u->parts[c->parts[0].number]->blob->size;
    bool last = i + 1 == c->n;

    if (!last && size < (uint64_t)s->o.min_part_bytes) {
        ts_buf_printf(&r->extra,
                      "<ProposedSize>%llu</ProposedSize><MinSizeAllowed>%lld</MinSizeAllowed>"
                      "<PartNumber>%d</PartNumber><ETag>%s</ETag>",
                      (unsigned long long)size, (long long)s->o.min_part_bytes, c->parts[i].number,
                      p->etag);
        return ts_fail(r, 400, "EntityTooSmall",
                       "Your proposed upload is smaller than the minimum allowed size");
    }
    if (s->o.equal_parts && (last ? size > first : size != first))
        return ts_fail(r, 400, "InvalidPart", "All non-trailing parts must have the same length.");
    return 0;
}

static int check_total(const ts_request *q, const ts_object *o, ts_reply *r)
{
    const char *v = ts_get(q, "x-amz-mp-object-size");

    if (v && ts_number(v, 0, INT64_MAX) != (int64_t)o->size)
        return ts_fail(
            r, 400, "InvalidRequest",
            "The provided 'x-amz-mp-object-size' header does not match what was computed.");
    return 0;
}

static int check_type(const ts_request *q, const ts_upload *u, ts_reply *r)
{
    const char *type = ts_get(q, "x-amz-checksum-type");
    ts_alg alg;

    if (type && u->alg && strcmp(type, u->full ? "FULL_OBJECT" : "COMPOSITE") != 0)
        return ts_fail(r, 400, "InvalidRequest",
                       "The upload was created with another checksum type than %s.", type);
    if (ts_request_checksum(q, &alg) && alg != u->alg)
        return ts_fail(
            r, 400, "InvalidRequest",
            "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum "
            "Type: %s",
            u->alg ? ts_algs[u->alg].lower : "null", ts_algs[alg].lower);
    return 0;
}

/* ---- the object ---- */

static void assemble(completion *c, const ts_upload *u)
{
    ts_blob **blobs = ts_alloc(c->n * sizeof *blobs);
    char(*etags)[33] = ts_alloc(c->n * sizeof *etags);

    for (size_t i = 0; i < c->n; i++) {
        const ts_part *p = u->parts[c->parts[i].number];
        unsigned char raw[64];

        blobs[i] = ts_blob_ref(p->blob);
        memcpy(etags[i], p->etag, sizeof p->etag);
        if (u->alg && p->checksum) {
            int n = ts_unbase64(raw, sizeof raw, p->checksum);
            ts_buf_add(&c->raw, raw, n > 0 ? (size_t)n : 0);
        }
    }
    c->object = ts_object_new(u->key, blobs, c->n);
    ts_etag_of_parts(c->object->etag, etags, c->n);
    free(etags);
    for (size_t i = 0; i < u->headers.n; i++)
        ts_kvs_add(&c->object->headers, u->headers.v[i].name, u->headers.v[i].value);
    c->object->alg = u->alg;
    c->object->full = u->full;
    c->object->sse_c_md5 = ts_strdup(u->sse_c_md5);
}

static int prepare(ts_server *s, const ts_request *q, completion *c, ts_reply *r)
{
    const ts_bucket *b = ts_bucket_find(s, q->bucket);
    const ts_upload *u = ts_upload_find(s, q, false);
    int rc = 0;

    if (!b)
        return ts_no_such_bucket(r, q->bucket);
    if (!u)
        return ts_no_such_upload(r);
    for (size_t i = 0; i < c->n && rc == 0; i++)
        rc = check_part(u, c, i, r);
    for (size_t i = 0; i < c->n && rc == 0; i++)
        rc = check_size(s, u, c, i, r);
    if (rc == 0)
        rc = check_type(q, u, r);
    if (rc != 0)
        return rc;
    assemble(c, u);
    return check_total(q, c->object, r);
}

/* Computes the object's checksum, and compares it with what the client says it is. */
static int checksum(ts_server *s, const ts_request *q, completion *c, ts_reply *r)
{
    ts_object *o = c->object;
    ts_alg alg;
    const char *given = ts_request_checksum(q, &alg);

    if (!o->alg || s->o.discard)
        return 0;
    if (o->full) {
        ts_sum sum;

        ts_sum_start(&sum, o->alg);
        for (size_t i = 0; i < o->blob_n; i++)
            ts_sum_add(&sum, o->blobs[i]->data, o->blobs[i]->size);
        o->checksum = ts_sum_end(&sum);
    } else {
        char *base = ts_sum_of(o->alg, c->raw.data ? c->raw.data : "", c->raw.len);
        ts_buf text = {0};

        ts_buf_printf(&text, "%s-%zu", base, c->n);
        o->checksum = text.data;
        free(base);
    }
    if (!given || !strcmp(given, o->checksum))
        return 0;
    return ts_fail(r, 400, "BadDigest",
                   "The %s you specified did not match the calculated checksum.",
                   ts_algs[alg].name);
}

static void complete_reply(ts_server *s, const ts_request *q, const ts_object *o, ts_reply *r)
{
    ts_xml_begin(&r->body, "CompleteMultipartUploadResult");
    ts_buf_printf(&r->body, "<Location>%s", s->url);
    ts_buf_xml(&r->body, q->path);
    ts_buf_puts(&r->body, "</Location>");
    ts_xml_element(&r->body, "Bucket", q->bucket);
    ts_xml_element(&r->body, "Key", q->key);
    ts_xml_etag(&r->body, q, o->etag);
    if (o->checksum) {
        ts_xml_element(&r->body, ts_algs[o->alg].xml, o->checksum);
        ts_xml_element(&r->body, "ChecksumType", o->full ? "FULL_OBJECT" : "COMPOSITE");
    }
    ts_buf_puts(&r->body, "</CompleteMultipartUploadResult>");
    const char *sse = ts_kvs_get(&o->headers, "x-amz-server-side-encryption");
    if (sse)
        ts_header(r, "x-amz-server-side-encryption", "%s", sse);
}

static int publish(ts_server *s, const ts_request *q, completion *c, ts_reply *r)
{
    ts_bucket *b = ts_bucket_find(s, q->bucket);
    ts_upload *u = ts_upload_find(s, q, false);

    if (!b || !u)
        return ts_no_such_upload(r);
    int rc = ts_write_condition(s, q, ts_object_find(b, q->key), r);
    if (rc != 0)
        return rc;
    complete_reply(s, q, c->object, r);
    u->completed = true;
    ts_upload_close(u);
    ts_object_publish(s, b, c->object);
    c->object = NULL;
    return 0;
}

int ts_s3_complete_upload(ts_server *s, ts_request *q, ts_reply *r)
{
    completion c = {0};
    int rc = read_parts(&c, q, r);

    for (size_t i = 0; ts_provider_ignores_checksums(s) && i < c.n; i++)
        c.parts[i].checksum[0] = '\0';

    if (rc == 0) {
        pthread_mutex_lock(&s->lock);
        rc = prepare(s, q, &c, r);
        pthread_mutex_unlock(&s->lock);
    }
    if (rc == 0)
        rc = checksum(s, q, &c, r);
    if (rc == 0) {
        pthread_mutex_lock(&s->lock);
        rc = publish(s, q, &c, r);
        pthread_mutex_unlock(&s->lock);
    }
    ts_object_unref(c.object);
    ts_buf_free(&c.raw);
    free(c.parts);
    return rc;
}
