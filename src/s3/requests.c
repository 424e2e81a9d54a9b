/* requests.c - the requests of an upload, ready to start */
#include "s3/requests.h"

#include "base/etag.h"
#include "base/memory.h"
#include "port/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_KEY "x-amz-copy-source-server-side-encryption-customer-"

static const cw__checksum_kind *checksum_of(const cw__plan *p)
{
    return cw__provider_is(&p->client->provider, CW__NO_CHECKSUMS)
               ? NULL
               : cw__checksum_kind_of(p->checksum);
}

static void begin_at(cw__exchange *x, cw__object_name o, cw__loop *loop, const char *method,
                     const char *doing)
{
    cw__exchange_init(x, o.client, loop, method, o.bucket, o.key);
    x->doing = doing;
    x->payload_hash = CW__EMPTY_SHA256;
}

static void begin(cw__exchange *x, const cw__plan *p, cw__loop *loop, const char *method,
                  const char *doing)
{
    begin_at(x, cw__plan_object(p), loop, method, doing);
}

static void add_headers(cw__exchange *x, const cw__plan *p, cw__use use)
{
    const char *at = p->headers.p;
    const char *last = at + p->headers.n;

    while (at < last) {
        const char *name = at + 1;
        const char *value = name + strlen(name) + 1;

        if ((unsigned char)*at & (unsigned)use)
            cw__request_header(&x->request, name, value);
        at = value + strlen(value) + 1;
    }
}

static void add_upload_id(cw__exchange *x, const char *upload_id)
{
    cw__request_query(&x->request, "uploadId", upload_id);
}

static void add_checksum(cw__exchange *x, const cw__checksum_kind *kind,
                         const cw__checksum_value *value)
{
    if (!kind || !value->text[0])
        return;
    cw__request_header(&x->request, kind->header, value->text);
    x->sent_checksum = true;
}

static void add_part_body(cw__exchange *x, const cw__plan *p, cw__part *part)
{
    x->body = (cw__body){.read = cw__part_read,
                         .user = part,
                         .bytes = part->bytes,
                         .p = cw__part_in_one_piece(part)};
    x->payload_hash = p->sign_payload ? part->payload_hash : NULL;
}

void cw__request_put(cw__exchange *x, const cw__plan *p, cw__loop *loop, cw__part *part)
{
    begin(x, p, loop, "PUT", "put");
    add_headers(x, p, CW__USE_PUT);
    x->expect = CW__EXPECT_EMPTY;
    x->create_only = p->create_only;
    if (part) {
        add_part_body(x, p, part);
        add_checksum(x, checksum_of(p), &part->checksum);
    }
}

void cw__request_create(cw__exchange *x, const cw__plan *p, cw__loop *loop)
{
    const cw__checksum_kind *kind = checksum_of(p);

    begin(x, p, loop, "POST", "create the multipart upload of");
    cw__request_query(&x->request, "uploads", NULL);
    add_headers(x, p, CW__USE_CREATE);
    if (kind) {
        cw__request_header(&x->request, "x-amz-checksum-algorithm", kind->algorithm);
        if (kind->full_object)
            cw__request_header(&x->request, "x-amz-checksum-type", "FULL_OBJECT");
        x->sent_checksum = true;
    }
    x->expect = CW__EXPECT_DOCUMENT;
    x->root = "InitiateMultipartUploadResult";
}

void cw__request_part(cw__exchange *x, const cw__plan *p, cw__loop *loop, const char *upload_id,
                      cw__part *part)
{
    char number[16];

    begin(x, p, loop, "PUT", "upload part");
    x->part = part->number;
    snprintf(number, sizeof number, "%u", part->number);
    cw__request_query(&x->request, "partNumber", number);
    add_upload_id(x, upload_id);
    add_headers(x, p, CW__USE_PART);
    add_checksum(x, checksum_of(p), &part->checksum);
    add_part_body(x, p, part);
    x->hedge = CW__HEDGE_SENT;
    x->expect = CW__EXPECT_EMPTY;
}

/* ---- Complete ---- */

static void add_part_element(cw__text *t, unsigned number, const cw__part_receipt *part,
                             const cw__checksum_kind *kind)
{
    cw__text_add(t, "<Part><ETag>\"");
    cw__text_add_xml(t, part->etag);
    cw__text_addf(t, "\"</ETag><PartNumber>%u</PartNumber>", number);
    if (kind && part->checksum.text[0])
        cw__text_addf(t, "<%s>%s</%s>", kind->element, part->checksum.text, kind->element);
    cw__text_add(t, "</Part>");
}

static void write_document(cw__text *t, const cw__manifest *m, const cw__checksum_kind *kind)
{
    cw__text_reset(t);
    cw__text_add(t, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (unsigned i = 0; i < m->count; i++)
        add_part_element(t, i + 1, &m->parts[i], kind);
    cw__text_add(t, "</CompleteMultipartUpload>");
}

static void hash_document(cw__exchange *x, const cw__text *document, char *hash)
{
    unsigned char raw[CW__SHA256_BYTES];

    if (document->failed || cw__sha256_of(document->p, document->n, raw) != CW_OK)
        x->request.failed = true;
    else
        cw__hex(raw, sizeof raw, hash);
    x->payload_hash = hash;
}

void cw__request_document(cw__exchange *x, const cw__text *document, char *hash)
{
    hash_document(x, document, hash);
    cw__request_header(&x->request, "content-type", "application/xml");
    x->body = (cw__body){.read = cw__body_read_text,
                         .user = (void *)(uintptr_t)document,
                         .bytes = (uint64_t)document->n};
}

void cw__request_digest(cw__exchange *x, const char *bucket, const cw__text *document)
{
    unsigned char raw[CW__SHA256_BYTES];
    char text[48];

    bool whole = !document->failed, simple = whole && !cw__is_directory_bucket(bucket);

    if (simple && cw__md5_of(document->p, document->n, raw) == CW_OK) {
        cw__base64(raw, CW__MD5_BYTES, text);
        cw__request_header(&x->request, "content-md5", text);
    } else if (whole && cw__sha256_of(document->p, document->n, raw) == CW_OK) {
        cw__base64(raw, CW__SHA256_BYTES, text);
        cw__request_header(&x->request, "x-amz-checksum-sha256", text);
    } else {
        x->request.failed = true;
    }
}

void cw__request_complete(cw__exchange *x, const cw__plan *p, cw__loop *loop, const cw__manifest *m,
                          cw__text *document, char *hash)
{
    const cw__checksum_kind *kind = checksum_of(p);
    char bytes[24];

    begin(x, p, loop, "POST", "complete the upload of");
    add_upload_id(x, m->upload_id);
    add_headers(x, p, CW__USE_COMPLETE);
    snprintf(bytes, sizeof bytes, "%" PRIu64, m->bytes);
    cw__request_header(&x->request, "x-amz-mp-object-size", bytes);
    if (kind && kind->full_object && m->whole.text[0]) {
        cw__request_header(&x->request, kind->header, m->whole.text);
        cw__request_header(&x->request, "x-amz-checksum-type", "FULL_OBJECT");
        x->sent_checksum = true;
    }
    write_document(document, m, kind);
    cw__request_document(x, document, hash);
    x->expect = CW__EXPECT_COMMIT;
    x->root = "CompleteMultipartUploadResult";
    x->create_only = p->create_only;
    x->reply_ms = p->client->commit_timeout_ms;
}

/* ---- copies ---- */

/* That there is MD5 was seen when the source was looked at. */
static void add_source_key(cw__request *r, const unsigned char *key)
{
    enum { KEY_BYTES = 32 };
    unsigned char md5[CW__MD5_BYTES] = {0};
    char text[48];

    r->headers.secret = r->lines.secret = true;
    cw__request_header(r, SOURCE_KEY "algorithm", "AES256");
    cw__base64(key, KEY_BYTES, text);
    cw__request_header(r, SOURCE_KEY "key", text);
    r->failed |= cw__md5_of(key, KEY_BYTES, md5) != CW_OK;
    cw__base64(md5, sizeof md5, text);
    cw__request_header(r, SOURCE_KEY "key-md5", text);
    cw__wipe(text, sizeof text);
}

static void add_source(cw__exchange *x, const cw__copy_source *from)
{
    cw__text source = {0};
    char quoted[CW__ETAG];

    bool arn = cw__is_arn(from->bucket);
    cw__text_add(&source, arn ? "" : "/");
    cw__text_add_encoded(&source, from->bucket, strlen(from->bucket), true);
    cw__text_add(&source, arn ? "/object/" : "/");
    cw__text_add_encoded(&source, from->key, strlen(from->key), true);
    if (from->version_id) {
        cw__text_add(&source, "?versionId=");
        cw__text_add_encoded(&source, from->version_id, strlen(from->version_id), false);
    }
    x->request.failed |= source.failed;
    cw__request_header(&x->request, "x-amz-copy-source", source.p);
    if (from->etag[0])
        cw__request_header(&x->request, "x-amz-copy-source-if-match",
                           cw__etag_quoted(from->etag, quoted));
    if (from->sse_customer_key)
        add_source_key(&x->request, from->sse_customer_key);
    cw__text_free(&source);
}

/* A copy may take minutes, as a commit may. */
static void expect_copy(cw__exchange *x, const cw__plan *p, const char *root)
{
    x->request.reach = CW__REACH_OWN;
    x->expect = CW__EXPECT_DOCUMENT;
    x->root = root;
    x->reply_ms = p->client->commit_timeout_ms;
}

void cw__request_copy(cw__exchange *x, const cw__plan *p, cw__loop *loop,
                      const cw__copy_source *from, bool describe)
{
    begin(x, p, loop, "PUT", "copy to");
    add_source(x, from);
    if (describe) {
        add_headers(x, p, CW__USE_PUT);
        cw__request_header(&x->request, "x-amz-metadata-directive", "REPLACE");
        if (!cw__provider_is(&p->client->provider, CW__NO_TAGS))
            cw__request_header(&x->request, "x-amz-tagging-directive", "REPLACE");
    }
    if (p->create_only) {
        cw__request_set_header(&x->request, "if-none-match", NULL);
        cw__request_header(&x->request, cw__provider_copy_condition(&p->client->provider), "*");
    }
    x->create_only = p->create_only;
    expect_copy(x, p, "CopyObjectResult");
}

void cw__request_part_copy(cw__exchange *x, const cw__plan *p, cw__loop *loop,
                           const char *upload_id, unsigned number, const cw__copy_source *from,
                           uint64_t offset, uint64_t bytes)
{
    char text[64];

    begin(x, p, loop, "PUT", "copy to part");
    x->part = number;
    snprintf(text, sizeof text, "%u", number);
    cw__request_query(&x->request, "partNumber", text);
    add_upload_id(x, upload_id);
    add_headers(x, p, CW__USE_PART);
    add_source(x, from);
    snprintf(text, sizeof text, "bytes=%" PRIu64 "-%" PRIu64, offset, offset + bytes - 1);
    cw__request_header(&x->request, "x-amz-copy-source-range", text);
    expect_copy(x, p, "CopyPartResult");
}

/* ---- asking and aborting ---- */

cw__object_name cw__plan_object(const cw__plan *p)
{
    return (cw__object_name){p->client, p->bucket, p->key};
}

void cw__request_checksum_mode(cw__exchange *x)
{
    if (cw__provider_is(&x->client->provider, CW__NO_CHECKSUMS))
        return;
    cw__request_header(&x->request, "x-amz-checksum-mode", "ENABLED");
    x->sent_checksum = true;
}

void cw__request_look(cw__exchange *x, cw__object_name o, cw__loop *loop)
{
    begin_at(x, o, loop, "HEAD", "look at");
    x->expect = CW__EXPECT_EMPTY;
}

void cw__request_get(cw__exchange *x, cw__object_name o, cw__loop *loop, const char *range,
                     const char *etag)
{
    char quoted[CW__ETAG];

    begin_at(x, o, loop, "GET", "get");
    cw__request_header(&x->request, "range", range);
    if (etag[0])
        cw__request_header(&x->request, "if-match", cw__etag_quoted(etag, quoted));
    x->expect = CW__EXPECT_EMPTY;
}

void cw__request_head(cw__exchange *x, const cw__plan *p, cw__loop *loop)
{
    cw__request_look(x, cw__plan_object(p), loop);
    add_headers(x, p, CW__USE_HEAD);
}

void cw__request_abort(cw__exchange *x, cw__object_name o, cw__loop *loop, const char *upload_id)
{
    begin_at(x, o, loop, "DELETE", "abort the upload of");
    add_upload_id(x, upload_id);
    x->expect = CW__EXPECT_EMPTY;
}

void cw__request_list_part(cw__exchange *x, cw__object_name o, cw__loop *loop,
                           const char *upload_id, unsigned after)
{
    char marker[16];

    begin_at(x, o, loop, "GET", "list the parts of");
    snprintf(marker, sizeof marker, "%u", after);
    cw__request_query(&x->request, "max-parts", "1");
    if (after)
        cw__request_query(&x->request, "part-number-marker", marker);
    add_upload_id(x, upload_id);
    x->expect = CW__EXPECT_DOCUMENT;
    x->root = "ListPartsResult";
}

/* ---- reading answers ---- */

static const cw__xml_node *root_of(const cw__exchange *x)
{
    return x->reply.document ? cw__xml_root(x->reply.document) : NULL;
}

void cw__read_upload_id(const cw__exchange *x, char out[CW__UPLOAD_ID])
{
    char id[CW__UPLOAD_ID + 1];

    cw__xml_copy_text(root_of(x), "UploadId", id, sizeof id);
    cw__copy_string(out, CW__UPLOAD_ID, strlen(id) < CW__UPLOAD_ID ? id : "");
}

char *cw__read_listed_part(const cw__exchange *x, unsigned number, uint64_t bytes)
{
    const cw__xml_node *part = cw__xml_child(root_of(x), "Part");
    uint64_t listed_number = 0, listed_bytes = 0;
    char text[32];

    for (; part; part = cw__xml_next(part)) {
        cw__xml_copy_text(part, "PartNumber", text, sizeof text);
        if (!cw__parse_u64(text, UINT64_MAX, &listed_number) || listed_number != number)
            continue;
        cw__xml_copy_text(part, "Size", text, sizeof text);
        if (cw__parse_u64(text, UINT64_MAX, &listed_bytes) && listed_bytes == bytes)
            return cw__etag_strip(cw__xml_child_text(part, "ETag"));
    }
    return NULL;
}

char *cw__read_etag(const cw__xml *document)
{
    return cw__etag_strip(cw__xml_child_text(cw__xml_root(document), "ETag"));
}

/* ---- the ETag of a multipart object ---- */

static bool add_md5_of_etag(cw__text *t, const char *etag)
{
    if (!etag || strlen(etag) != 2 * CW__MD5_BYTES ||
        strspn(etag, "0123456789abcdef") != 2 * CW__MD5_BYTES)
        return false;
    for (; *etag; etag += 2)
        cw__text_add_char(t, (char)(cw__hex_digit(etag[0]) << 4 | cw__hex_digit(etag[1])));
    return !t->failed;
}

bool cw__multipart_etag(const cw__manifest *m, char out[CW__MULTIPART_ETAG])
{
    unsigned char md5[CW__MD5_BYTES];
    cw__text sums = {0};
    bool known = m->count > 0;

    for (unsigned i = 0; known && i < m->count; i++)
        known = add_md5_of_etag(&sums, m->parts[i].etag);
    known = known && cw__md5_of(sums.p, sums.n, md5) == CW_OK;
    cw__text_free(&sums);
    if (!known)
        return false;
    cw__hex(md5, sizeof md5, out);
    snprintf(out + 2 * CW__MD5_BYTES, CW__MULTIPART_ETAG - 2 * CW__MD5_BYTES, "-%u", m->count);
    return true;
}
