/* s3list.c - ListObjectsV2 and ListMultipartUploads, page by page */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What both lists have in common: the parameters, and the page being made. */
typedef struct page {
    const char *prefix, *delimiter;
    bool url;
    int64_t max, n;
    bool truncated;
    char *common; /* the last common prefix that was listed */
    ts_buf items, commons;
} page;

static int page_start(ts_server *s, const ts_request *q, const char *max_name, page *p, ts_reply *r)
{
    const char *max = ts_param(q, max_name), *encoding = ts_param(q, "encoding-type");

    memset(p, 0, sizeof *p);
    p->prefix = ts_param(q, "prefix");
    p->prefix = p->prefix ? p->prefix : "";
    p->delimiter = ts_param(q, "delimiter");
    p->url = encoding != NULL;
    p->max = max ? ts_number(max, 0, INT32_MAX) : 1000;
    if (p->max < 0)
        return ts_fail(r, 400, "InvalidArgument",
                       "Provided %s not an integer or within integer range", max_name);
    if (encoding && strcmp(encoding, "url") != 0)
        return ts_fail(r, 400, "InvalidArgument", "Invalid Encoding Method specified in Request");
    p->max = p->max < s->o.max_keys ? p->max : s->o.max_keys;
    ts_buf_puts(&p->items, "");
    ts_buf_puts(&p->commons, "");
    return 0;
}

static void page_free(page *p)
{
    ts_buf_free(&p->items);
    ts_buf_free(&p->commons);
    free(p->common);
}

/* As the service encodes: a space is '+', a slash stays. */
static void add_text(ts_buf *b, const page *p, const char *name, const char *text)
{
    ts_buf_printf(b, "<%s>", name);
    if (p->url) {
        for (; *text; text++) {
            char one[2] = {*text, 0};

            if (*text == ' ')
                ts_buf_puts(b, "+");
            else
                ts_buf_uri(b, one, true);
        }
    } else {
        ts_buf_xml(b, text);
    }
    ts_buf_printf(b, "</%s>", name);
}

/* The common prefix the key falls under, to be freed; NULL: none. */
static char *common_prefix(const page *p, const char *key)
{
    size_t skip = strlen(p->prefix);
    const char *at = p->delimiter && *p->delimiter ? strstr(key + skip, p->delimiter) : NULL;

    return at ? ts_strndup(key, (size_t)(at - key) + strlen(p->delimiter)) : NULL;
}

enum verdict { TAKE, SKIP, FULL };

/* Whether a key becomes an item of this page; common prefixes are listed here. `after`: where the
 * page began. */
static enum verdict consider(page *p, const char *key, const char *after, bool empty_page)
{
    char *common = common_prefix(p, key);

    if (common && ((p->common && !strcmp(common, p->common)) ||
                   (*after && !strncmp(after, common, strlen(common))))) {
        free(common);
        return SKIP;
    }
    if (p->n == p->max || empty_page) {
        free(common);
        p->truncated = p->max > 0;
        return FULL;
    }
    p->n++;
    if (!common)
        return TAKE;
    ts_buf_puts(&p->commons, "<CommonPrefixes>");
    add_text(&p->commons, p, "Prefix", common);
    ts_buf_puts(&p->commons, "</CommonPrefixes>");
    free(p->common);
    p->common = common;
    return SKIP;
}

static void page_head(const page *p, ts_reply *r)
{
    add_text(&r->body, p, "Prefix", p->prefix);
    if (p->delimiter)
        add_text(&r->body, p, "Delimiter", p->delimiter);
    if (p->url)
        ts_xml_element(&r->body, "EncodingType", "url");
    ts_xml_element(&r->body, "IsTruncated", p->truncated ? "true" : "false");
}

static void page_tail(const page *p, const char *root, ts_reply *r)
{
    ts_buf_add(&r->body, p->items.data, p->items.len);
    ts_buf_add(&r->body, p->commons.data, p->commons.len);
    ts_buf_printf(&r->body, "</%s>", root);
}

/* ---- objects ---- */

static void list_object(const ts_request *q, page *p, const ts_object *o)
{
    const char *class = ts_kvs_get(&o->headers, "x-amz-storage-class");
    char when[32];

    ts_iso_time(when, o->modified);
    ts_buf_puts(&p->items, "<Contents>");
    add_text(&p->items, p, "Key", o->key);
    ts_buf_printf(&p->items, "<LastModified>%s</LastModified>", when);
    ts_xml_etag(&p->items, q, o->etag);
    ts_buf_printf(&p->items, "<Size>%llu</Size><StorageClass>%s</StorageClass></Contents>",
                  (unsigned long long)o->size, class ? class : "STANDARD");
}

/* A token is the base64 of the last key or common prefix that was answered. */
static char *read_token(const char *token)
{
    unsigned char raw[2048];
    int n = ts_unbase64(raw, sizeof raw, token);

    return n < 1 || raw[0] != 't' ? NULL : ts_strndup((char *)raw + 1, (size_t)n - 1);
}

static void write_token(ts_buf *b, const char *last)
{
    ts_buf raw = {0};

    ts_buf_printf(&raw, "t%s", last);
    char *text = ts_base64(raw.data, raw.len);
    ts_xml_element(b, "NextContinuationToken", text);
    free(text);
    ts_buf_free(&raw);
}

static bool under(const char *key, const char *prefix)
{
    return !strncmp(key, prefix, strlen(prefix));
}

static void list_objects(ts_server *s, const ts_request *q, const ts_bucket *b, page *p,
                         const char *after, ts_reply *r)
{
    const char *last = after, *token = ts_param(q, "continuation-token");
    size_t i = ts_bucket_seek(b, strcmp(after, p->prefix) > 0 ? after : p->prefix);

    (void)s;
    for (; i < b->n && under(b->objects[i]->key, p->prefix); i++) {
        const char *key = b->objects[i]->key;

        if (*after && strcmp(key, after) <= 0)
            continue;
        enum verdict v = consider(p, key, after, q->plan.empty_page);
        if (v == FULL)
            break;
        if (v == TAKE)
            list_object(q, p, b->objects[i]);
        last = key;
    }
    ts_xml_begin(&r->body, "ListBucketResult");
    ts_xml_element(&r->body, "Name", b->name);
    page_head(p, r);
    ts_buf_printf(&r->body, "<KeyCount>%lld</KeyCount><MaxKeys>%lld</MaxKeys>", (long long)p->n,
                  (long long)p->max);
    if (token)
        ts_xml_element(&r->body, "ContinuationToken", token);
    if (p->truncated)
        write_token(&r->body, last);
    page_tail(p, "ListBucketResult", r);
}

int ts_s3_list_objects(ts_server *s, ts_request *q, ts_reply *r)
{
    const char *token = ts_param(q, "continuation-token"), *start = ts_param(q, "start-after");
    char *after = token ? read_token(token) : ts_strdup(start ? start : "");
    page p;
    int rc = page_start(s, q, "max-keys", &p, r);

    if (rc == 0 && !after)
        rc = ts_fail(r, 400, "InvalidArgument", "The continuation token provided is incorrect");
    pthread_mutex_lock(&s->lock);
    const ts_bucket *b = ts_bucket_find(s, q->bucket);
    if (rc == 0 && !b)
        rc = ts_no_such_bucket(r, q->bucket);
    if (rc == 0) {
        ts_header(r, "x-amz-bucket-region", "%s", s->o.region);
        list_objects(s, q, b, &p, after, r);
    }
    pthread_mutex_unlock(&s->lock);
    page_free(&p);
    free(after);
    return rc;
}

/* ---- uploads ---- */

static void list_upload(page *p, const ts_upload *u)
{
    const char *class = ts_kvs_get(&u->headers, "x-amz-storage-class");
    char when[32];

    ts_iso_time(when, u->created);
    ts_buf_puts(&p->items, "<Upload>");
    add_text(&p->items, p, "Key", u->key);
    ts_xml_element(&p->items, "UploadId", u->id);
    ts_buf_puts(&p->items, "<Initiator><ID>test</ID><DisplayName>test</DisplayName></Initiator>"
                           "<Owner><ID>test</ID><DisplayName>test</DisplayName></Owner>");
    ts_xml_element(&p->items, "StorageClass", class ? class : "STANDARD");
    ts_buf_printf(&p->items, "<Initiated>%s</Initiated></Upload>", when);
}

static bool before_marker(const ts_upload *u, const char *key_marker, const char *id_marker)
{
    int d = strcmp(u->key, key_marker);

    return *key_marker && (d < 0 || (d == 0 && (!*id_marker || strcmp(u->id, id_marker) <= 0)));
}

static void list_uploads(ts_server *s, const ts_request *q, page *p, ts_reply *r)
{
    const char *key = ts_param(q, "key-marker"), *id = ts_param(q, "upload-id-marker");
    const ts_upload *last = NULL;

    key = key ? key : "";
    id = id ? id : "";
    size_t i = ts_upload_seek(s, q->bucket, strcmp(key, p->prefix) > 0 ? key : p->prefix, "");
    for (; i < s->store.upload_n; i++) {
        const ts_upload *u = s->store.uploads[i];

        if (strcmp(u->bucket, q->bucket) != 0 || !under(u->key, p->prefix))
            break;
        if (!ts_upload_open(u) || before_marker(u, key, id))
            continue;
        enum verdict v = consider(p, u->key, key, q->plan.empty_page);
        if (v == FULL)
            break;
        if (v == TAKE)
            list_upload(p, u);
        last = u;
    }
    ts_xml_begin(&r->body, "ListMultipartUploadsResult");
    ts_xml_element(&r->body, "Bucket", q->bucket);
    add_text(&r->body, p, "KeyMarker", key);
    ts_xml_element(&r->body, "UploadIdMarker", id);
    if (p->truncated) {
        add_text(&r->body, p, "NextKeyMarker", last ? last->key : key);
        ts_xml_element(&r->body, "NextUploadIdMarker", last ? last->id : id);
    }
    ts_buf_printf(&r->body, "<MaxUploads>%lld</MaxUploads>", (long long)p->max);
    page_head(p, r);
    page_tail(p, "ListMultipartUploadsResult", r);
}

int ts_s3_list_uploads(ts_server *s, ts_request *q, ts_reply *r)
{
    page p;
    int rc = page_start(s, q, "max-uploads", &p, r);

    pthread_mutex_lock(&s->lock);
    if (rc == 0 && !ts_bucket_find(s, q->bucket))
        rc = ts_no_such_bucket(r, q->bucket);
    if (rc == 0)
        list_uploads(s, q, &p, r);
    pthread_mutex_unlock(&s->lock);
    page_free(&p);
    return rc;
}
