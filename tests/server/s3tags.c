/* s3tags.c - GetObjectTagging, PutObjectTagging, DeleteObjectTagging
 *
 * Tags are kept as the header they would have been written with: "a=1&b=2", percent-encoded.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define MAX_TAGS 10

static void set_tags(ts_object *o, const char *encoded)
{
    ts_kvs kept = {0};

    for (size_t i = 0; i < o->headers.n; i++)
        if (strcmp(o->headers.v[i].name, "x-amz-tagging") != 0)
            ts_kvs_add(&kept, o->headers.v[i].name, o->headers.v[i].value);
    if (encoded && *encoded)
        ts_kvs_add(&kept, "x-amz-tagging", encoded);
    ts_kvs_free(&o->headers);
    o->headers = kept;
}

static void tell_one(ts_buf *b, const char *name, const char *text, size_t n)
{
    char *plain = ts_uri_decode(text, n, true);

    ts_xml_element(b, name, plain ? plain : "");
    free(plain);
}

static void tell_tags(const ts_object *o, ts_reply *r)
{
    const char *at = ts_kvs_get(&o->headers, "x-amz-tagging");

    ts_xml_begin(&r->body, "Tagging");
    ts_buf_puts(&r->body, "<TagSet>");
    while (at && *at) {
        size_t n = strcspn(at, "&"), name = strcspn(at, "=&");

        ts_buf_puts(&r->body, "<Tag>");
        tell_one(&r->body, "Key", at, name);
        tell_one(&r->body, "Value", at + name + (name < n), n - name - (name < n));
        ts_buf_puts(&r->body, "</Tag>");
        at += n + (at[n] == '&');
    }
    ts_buf_puts(&r->body, "</TagSet></Tagging>");
}

static int read_tags(const ts_request *q, ts_buf *encoded, ts_reply *r)
{
    ts_xml_event e;
    int tags = 0;
    ts_xml x;

    ts_buf_puts(encoded, "");
    ts_xml_start(&x, q->body, q->body_n);
    while ((e = ts_xml_next(&x)) != TS_XML_END) {
        bool key = !strcmp(x.name, "Key");

        if (e != TS_XML_CLOSE || (!key && strcmp(x.name, "Value") != 0))
            continue;
        ts_buf_puts(encoded, key ? (tags++ ? "&" : "") : "=");
        ts_buf_uri(encoded, x.text.data ? x.text.data : "", false);
    }
    bool bad = x.bad;
    ts_xml_free(&x);
    if (bad)
        return ts_fail(r, 400, "MalformedXML", "The XML you provided was not well-formed");
    if (tags > MAX_TAGS)
        return ts_fail(r, 400, "BadRequest", "Object tags cannot be greater than 10");
    return 0;
}

static int apply(ts_object *o, const ts_request *q, ts_reply *r)
{
    ts_buf encoded = {0};
    int rc = 0;

    if (q->op == TS_OP_GET_TAGGING) {
        tell_tags(o, r);
        return 0;
    }
    if (q->op == TS_OP_PUT_TAGGING)
        rc = read_tags(q, &encoded, r);
    else
        r->status = 204;
    if (rc == 0)
        set_tags(o, encoded.data);
    ts_buf_free(&encoded);
    return rc;
}

int ts_s3_tagging(ts_server *s, ts_request *q, ts_reply *r)
{
    int rc;

    pthread_mutex_lock(&s->lock);
    ts_bucket *b = ts_bucket_find(s, q->bucket);
    ts_object *o = b ? ts_object_find(b, q->key) : NULL;
    if (!b)
        rc = ts_no_such_bucket(r, q->bucket);
    else if (!o)
        rc = ts_fail(r, 404, "NoSuchKey", "The specified key does not exist.");
    else
        rc = apply(o, q, r);
    pthread_mutex_unlock(&s->lock);
    return rc;
}
