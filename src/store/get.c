/* get.c - look at an object in a bucket, and fetch ranges of the version that was seen */
#include "store/get.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/etag.h"
#include "base/memory.h"
#include "port/digest.h"
#include "s3/requests.h"

#include <stdio.h>
#include <string.h>

enum { SSE_C_KEY_BYTES = 32 };

static const char sse_c[] = "x-amz-server-side-encryption-customer-";
static const char meta[] = "x-amz-meta-";

static cw__object_name name_of(const cw__pinned *o)
{
    return (cw__object_name){o->client, o->bucket, o->key};
}

cw_status cw__pinned_set_key(cw__pinned *o, const unsigned char *key, cw_error *err)
{
    unsigned char md5[CW__MD5_BYTES];
    cw_status st = cw__client_check_secrecy(o->client, err);

    if (st != CW_OK)
        return st;
    st = cw__md5_of(key, SSE_C_KEY_BYTES, md5);
    if (st != CW_OK)
        return cw__fail(err, st, "SSE-C needs MD5, which this libcrypto does not offer");
    cw__base64(key, SSE_C_KEY_BYTES, o->sse_key);
    cw__base64(md5, sizeof md5, o->sse_key_md5);
    return CW_OK;
}

/* What any request for the object carries. */
static void add_common(const cw__pinned *o, cw__exchange *x)
{
    char name[64];

    if (o->wanted_version[0])
        cw__request_query(&x->request, "versionId", o->wanted_version);
    if (!o->sse_key[0])
        return;
    x->request.headers.secret = x->request.lines.secret = true;
    snprintf(name, sizeof name, "%salgorithm", sse_c);
    cw__request_header(&x->request, name, "AES256");
    snprintf(name, sizeof name, "%skey", sse_c);
    cw__request_header(&x->request, name, o->sse_key);
    snprintf(name, sizeof name, "%skey-md5", sse_c);
    cw__request_header(&x->request, name, o->sse_key_md5);
}

static cw_status run(cw__pinned *o, cw__exchange *x, cw_error *err)
{
    cw_status st = cw__exchange_run(x, err);

    o->requests += x->attempts;
    o->retries += cw__exchange_retries(x);
    return st;
}

/* ---- looking ---- */

static void describe_anew(cw__pinned *o)
{
    o->content_type[0] = o->content_encoding[0] = '\0';
    o->modified_ms = 0;
    o->checksum_is_whole = false;
    o->metadata_count = 0;
    cw__text_reset(&o->metadata);
}

static void add_metadata(cw__pinned *o, const char *name, const char *value)
{
    char *at;

    cw__text_add_n(&o->metadata, name, strlen(name) + 1);
    if (o->metadata.failed)
        return;
    at = o->metadata.p + o->metadata.n - strlen(name) - 1;
    for (; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    cw__text_add_n(&o->metadata, value, strlen(value) + 1);
    o->metadata_count++;
}

static bool is_metadata(const char *name)
{
    char start[sizeof meta];

    cw__copy_string(start, sizeof start, name);
    return cw__equal_nocase(start, meta) && name[sizeof meta - 1];
}

static void on_header(void *user, const char *name, const char *value)
{
    cw__pinned *o = user;

    if (!name)
        describe_anew(o);
    else if (cw__equal_nocase(name, "content-type"))
        cw__copy_string(o->content_type, sizeof o->content_type, value);
    else if (cw__equal_nocase(name, "content-encoding"))
        cw__copy_string(o->content_encoding, sizeof o->content_encoding, value);
    else if (cw__equal_nocase(name, "last-modified") &&
             !cw__clock_parse_http(value, &o->modified_ms))
        o->modified_ms = 0;
    else if (cw__equal_nocase(name, "x-amz-checksum-type"))
        o->checksum_is_whole = cw__equal_nocase(value, "FULL_OBJECT");
    else if (is_metadata(name))
        add_metadata(o, name + sizeof meta - 1, value);
}

static cw_status take_look(cw__pinned *o, const cw__reply *r, cw_error *err)
{
    if (!r->has_content_length)
        return cw__fail(err, CW_E_PROTOCOL, "the service does not say how large s3://%s/%s is",
                        o->bucket, o->key);
    if (o->metadata.failed)
        return cw__fail_memory(err, "keeping the metadata of an object");
    o->bytes = r->content_length;
    cw__copy_string(o->etag, sizeof o->etag, r->etag);
    cw__copy_string(o->version_id, sizeof o->version_id, r->version_id);
    cw__copy_string(o->checksum, sizeof o->checksum, r->checksum);
    return CW_OK;
}

cw_status cw__pinned_look(cw__pinned *o, const char *if_match, bool checksum, cw_error *err)
{
    char quoted[CW__ETAG];
    cw__exchange x;
    cw_status st;

    cw__request_look(&x, name_of(o), cw__client_next_lane(o->client)->loop);
    add_common(o, &x);
    if (if_match)
        cw__request_header(&x.request, "if-match", cw__etag_quoted(if_match, quoted));
    if (checksum)
        cw__request_checksum_mode(&x);
    x.header = on_header;
    x.header_user = o;
    st = run(o, &x, err);
    if (st == CW_OK)
        st = take_look(o, &x.reply, err);
    cw__exchange_free(&x);
    return st;
}

void cw__pinned_free(cw__pinned *o)
{
    cw__wipe(o->sse_key, sizeof o->sse_key);
    cw__text_free(&o->metadata);
}

/* ---- fetching ---- */

void cw__pinned_get(const cw__pinned *o, cw__loop *loop, cw__exchange *x, cw__intake *in,
                    uint64_t from, uint64_t bytes)
{
    in->from = from;
    in->bytes = bytes;
    in->object_bytes = o->bytes;
    in->etag = o->etag;
    cw__request_get(x, name_of(o), loop, NULL, o->etag);
    add_common(o, x);
    x->intake = in;
    x->hedge = o->etag[0] ? CW__HEDGE_FETCHED : CW__HEDGE_NEVER;
}

static void *room(void *user, uint64_t at, size_t *n)
{
    *n = SIZE_MAX;
    return (char *)user + at;
}

/* What was received in its place stays. */
static void put(void *user, uint64_t at, const void *p, size_t n)
{
    char *to = (char *)user + at;

    if (to != p)
        memcpy(to, p, n);
}

cw_status cw__pinned_read(cw__pinned *o, uint64_t offset, void *p, size_t n, cw_error *err)
{
    cw__intake in = {.put = put, .room = room, .user = p};
    cw__exchange x;
    cw_status st;

    cw__pinned_get(o, cw__client_next_lane(o->client)->loop, &x, &in, offset, n);
    st = run(o, &x, err);
    cw__exchange_free(&x);
    return st;
}
