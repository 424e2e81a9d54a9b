/* plan.c - what an upload is to become: where, with which headers, under which conditions */
#include "s3/plan.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "port/digest.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_CONCURRENCY = 1000,
    KEY_LIMIT = 1024,      /* bytes, at AWS and all that follow it */
    METADATA_LIMIT = 2048, /* names and values together */
    MOST_TAGS = 10,
    SSE_C_KEY_BYTES = 32
};

#define TOKEN_NAME   "cw-commit"
#define TOKEN_HEADER "x-amz-meta-" TOKEN_NAME

/* ---- headers ---- */

static void put(cw__plan *p, int use, const char *name, const char *value)
{
    cw__text_add_char(&p->headers, (char)use);
    cw__text_add_n(&p->headers, name, strlen(name) + 1);
    cw__text_add_n(&p->headers, value, strlen(value) + 1);
}

static void add(cw__plan *p, int use, const char *name, const char *value)
{
    if (value && value[0])
        put(p, use, name, value);
}

/* What would end the header, or could not be sent in one. */
static bool fits_header(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 && *s != '\t')
            return false;
    return true;
}

static cw_status check_value(const char *name, const char *value, cw_error *err)
{
    if (!value || fits_header(value))
        return CW_OK;
    return cw__fail(err, CW_E_INVALID_ARGUMENT,
                    "the value for %s has a line break or control character", name);
}

static cw_status add_checked(cw__plan *p, int use, const char *name, const char *value,
                             cw_error *err)
{
    cw_status st = check_value(name, value, err);

    if (st == CW_OK)
        add(p, use, name, value);
    return st;
}

static bool is_token(const char *s)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return s && s[0] && s[strspn(s, allowed)] == '\0';
}

static cw_status add_metadata_pair(cw__plan *p, const cw_pair *pair, cw_error *err)
{
    cw__text name = {0};
    cw_status st;

    if (!is_token(pair->name) || !pair->value)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "metadata name '%s' is not one that a header can have",
                        pair->name ? pair->name : "");
    cw__text_add(&name, "x-amz-meta-");
    for (const char *s = pair->name; *s; s++)
        cw__text_add_char(&name, *s >= 'A' && *s <= 'Z' ? (char)(*s + 'a' - 'A') : *s);
    st = name.failed ? cw__fail_memory(err, "taking metadata")
                     : check_value(cw__text_str(&name), pair->value, err);
    if (st == CW_OK)
        put(p, CW__USE_OBJECT, cw__text_str(&name), pair->value); /* which may be empty */
    cw__text_free(&name);
    return st;
}

/* The token of another write, which comes along with the metadata of what that wrote, is left out:
 * with two of them this one's could not be told. */
static cw_status add_metadata(cw__plan *p, const cw_writer_options *o, cw_error *err)
{
    size_t total = 0;

    for (size_t i = 0; i < o->metadata_count; i++) {
        const cw_pair *pair = &o->metadata[i];
        const char *name = pair->name ? pair->name : "";
        if (cw__equal_nocase(name, TOKEN_NAME))
            continue;
        cw_status st = add_metadata_pair(p, pair, err);
        if (st != CW_OK)
            return st;
        total += strlen(name) + strlen(pair->value);
    }
    if (total > METADATA_LIMIT)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the metadata has %zu bytes; an object can have %d", total, METADATA_LIMIT);
    return CW_OK;
}

static cw_status add_tags(cw__plan *p, const cw_writer_options *o, cw_error *err)
{
    cw__text value = {0};
    cw_status st = CW_OK;

    if (o->tags_count > 0 && cw__provider_is(&p->client->provider, CW__NO_TAGS))
        return cw__fail(err, CW_E_UNSUPPORTED, "this service (%s) keeps no tags: leave them out",
                        cw__provider_name(&p->client->provider));
    if (o->tags_count > MOST_TAGS)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "%zu tags; an object can have %d",
                        o->tags_count, MOST_TAGS);
    for (size_t i = 0; i < o->tags_count; i++) {
        const cw_pair *tag = &o->tags[i];
        if (!tag->name || !tag->name[0])
            st = cw__fail(err, CW_E_INVALID_ARGUMENT, "tag number %zu has no name", i + 1);
        cw__text_add(&value, i ? "&" : "");
        cw__text_add_encoded(&value, tag->name ? tag->name : "", tag->name ? strlen(tag->name) : 0,
                             false);
        cw__text_add_char(&value, '=');
        cw__text_add_encoded(&value, tag->value ? tag->value : "",
                             tag->value ? strlen(tag->value) : 0, false);
    }
    if (st == CW_OK && value.failed)
        st = cw__fail_memory(err, "taking tags");
    if (st == CW_OK)
        add(p, CW__USE_OBJECT, "x-amz-tagging", cw__text_str(&value));
    cw__text_free(&value);
    return st;
}

static cw_status add_description(cw__plan *p, const cw_writer_options *o, cw_error *err)
{
    const struct {
        const char *name, *value;
    } headers[] = {
        {"content-type", o->content_type},
        {"content-encoding", o->content_encoding},
        {"content-disposition", o->content_disposition},
        {"content-language", o->content_language},
        {"cache-control", o->cache_control},
        {"x-amz-storage-class", o->storage_class},
        {"x-amz-acl", o->acl},
    };
    cw_status st = CW_OK;

    for (size_t i = 0; st == CW_OK && i < sizeof headers / sizeof *headers; i++)
        st = add_checked(p, CW__USE_OBJECT, headers[i].name, headers[i].value, err);
    if (st == CW_OK)
        st = add_metadata(p, o, err);
    return st == CW_OK ? add_tags(p, o, err) : st;
}

/* ---- encryption ---- */

static cw_status add_customer_key(cw__plan *p, const unsigned char *key, cw_error *err)
{
    unsigned char md5[CW__MD5_BYTES];
    char key_text[48], md5_text[28];
    cw_status st;

    if (!key)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "CW_SSE_C needs sse_customer_key, 32 bytes");
    st = cw__client_check_secrecy(p->client, err);
    if (st != CW_OK)
        return st;
    st = cw__md5_of(key, SSE_C_KEY_BYTES, md5);
    if (st != CW_OK)
        return cw__fail(err, st, "CW_SSE_C needs MD5, which this libcrypto does not offer");
    cw__base64(key, SSE_C_KEY_BYTES, key_text);
    cw__base64(md5, sizeof md5, md5_text);
    add(p, CW__USE_KEYED, "x-amz-server-side-encryption-customer-algorithm", "AES256");
    add(p, CW__USE_KEYED, "x-amz-server-side-encryption-customer-key", key_text);
    add(p, CW__USE_KEYED, "x-amz-server-side-encryption-customer-key-md5", md5_text);
    cw__wipe(key_text, sizeof key_text);
    return CW_OK;
}

static cw_status add_kms(cw__plan *p, const cw_writer_options *o, cw_error *err)
{
    cw_status st;

    add(p, CW__USE_OBJECT, "x-amz-server-side-encryption",
        o->sse == CW_SSE_KMS ? "aws:kms" : "aws:kms:dsse");
    if (o->sse_bucket_key)
        add(p, CW__USE_OBJECT, "x-amz-server-side-encryption-bucket-key-enabled", "true");
    st = add_checked(p, CW__USE_OBJECT, "x-amz-server-side-encryption-aws-kms-key-id",
                     o->sse_kms_key_id, err);
    if (st != CW_OK)
        return st;
    return add_checked(p, CW__USE_OBJECT, "x-amz-server-side-encryption-context",
                       o->sse_kms_context, err);
}

static cw_status add_encryption(cw__plan *p, const cw_writer_options *o, cw_error *err)
{
    switch (o->sse) {
    case CW_SSE_BUCKET:
        return CW_OK;
    case CW_SSE_S3:
        add(p, CW__USE_OBJECT, "x-amz-server-side-encryption", "AES256");
        return CW_OK;
    case CW_SSE_KMS:
    case CW_SSE_KMS_DSSE:
        return add_kms(p, o, err);
    case CW_SSE_C:
        return add_customer_key(p, o->sse_customer_key, err);
    }
    return cw__fail(err, CW_E_INVALID_ARGUMENT, "sse is %d, which is no cw_sse", (int)o->sse);
}

/* ---- conditions, and how it is sent ---- */

cw_status cw__plan_check_conditions(const cw__plan *p, bool parts, cw_error *err)
{
    const cw__provider *at = &p->client->provider;

    if (!p->conditional || !cw__provider_is(at, parts ? CW__NO_COMPLETE_IF : CW__NO_PUT_IF))
        return CW_OK;
    return cw__fail(err, CW_E_UNSUPPORTED,
                    "this service (%s) does not hold to create_only and if_match%s",
                    cw__provider_name(at),
                    cw__provider_is(at, CW__NO_PUT_IF)
                        ? ": do without, or set the provider to generic to send them all the same"
                        : " of an object in several parts: raise part_bytes above its size");
}

static cw_status add_conditions(cw__plan *p, const cw_writer_options *o, cw_error *err)
{
    cw__text quoted = {0};
    cw_status st = CW_OK;

    if (o->create_only && o->if_match)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "create_only and if_match exclude each other: choose one");
    p->create_only = o->create_only != 0;
    p->conditional = o->create_only || o->if_match;
    st = cw__plan_check_conditions(p, false, err);
    if (st != CW_OK)
        return st;
    if (o->create_only)
        add(p, CW__USE_COMMIT, "if-none-match", "*");
    if (o->if_match) {
        cw__text_addf(&quoted, o->if_match[0] == '"' ? "%s" : "\"%s\"", o->if_match);
        st = quoted.failed ? cw__fail_memory(err, "taking if_match")
                           : add_checked(p, CW__USE_COMMIT, "if-match", cw__text_str(&quoted), err);
    }
    cw__text_free(&quoted);
    return st;
}

static cw_status choose_protection(cw__plan *p, const cw_writer_options *o, cw_error *err)
{
    cw_payload payload = o->payload ? o->payload : p->client->payload;

    p->checksum = o->checksum ? o->checksum : p->client->checksum;
    if (p->checksum == CW_CHECKSUM_DEFAULT)
        p->checksum = CW_CHECKSUM_CRC64NVME;
    if ((unsigned)p->checksum > CW_CHECKSUM_NONE || (unsigned)payload > CW_PAYLOAD_SIGNED)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "checksum %d or payload %d is not one of its enum", (int)p->checksum,
                        (int)payload);
    if (cw__provider_is(&p->client->provider, CW__NO_CHECKSUMS))
        p->checksum = CW_CHECKSUM_NONE; /* nobody would look at it */
    p->sign_payload =
        payload == CW_PAYLOAD_SIGNED || (payload == CW_PAYLOAD_AUTO && !p->client->tls);
    return CW_OK;
}

static void add_token(cw__plan *p)
{
    unsigned char raw[CW__TOKEN_BYTES];

    cw__client_next_token(p->client, raw);
    cw__hex(raw, sizeof raw, p->token);
    add(p, CW__USE_OBJECT, TOKEN_HEADER, p->token);
}

static cw_status check_key(const char *bucket, const char *key, cw_error *err)
{
    if (!key[0])
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "s3://%s names a bucket: add a slash and the key of the object", bucket);
    if (strlen(key) > KEY_LIMIT)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "the key has %zu bytes; it may have %d",
                        strlen(key), KEY_LIMIT);
    return CW_OK;
}

/* What can be known before anything is written to it. */
static cw_status check_bucket(const cw__plan *p, const cw_writer_options *o, cw_error *err)
{
    cw__route way;

    if (!p->bucket)
        return cw__fail_memory(err, "opening a writer");
    if (o->tags_count > 0 && cw__is_directory_bucket(p->bucket))
        return cw__fail(err, CW_E_UNSUPPORTED, "s3://%s is a directory bucket: it has no tags",
                        p->bucket);
    return cw__client_route(p->client, p->bucket, CW__REACH_OBJECTS, &way, err);
}

static cw_status fill(cw__plan *p, const cw_writer_options *o, cw_error *err)
{
    cw_status st = check_bucket(p, o, err);

    if (st == CW_OK)
        st = add_description(p, o, err);

    if (st == CW_OK)
        st = add_encryption(p, o, err);
    if (st == CW_OK)
        st = add_conditions(p, o, err);
    if (st == CW_OK)
        st = choose_protection(p, o, err);
    add_token(p);
    if (st == CW_OK && (!p->key || p->headers.failed))
        st = cw__fail_memory(err, "opening a writer");
    return st;
}

cw_status cw__plan_init(cw__plan *p, cw_client *c, const char *bucket, const char *key,
                        const cw_writer_options *o, cw_error *err)
{
    cw_status st = check_key(bucket, key, err);

    memset(p, 0, sizeof *p);
    if (st != CW_OK)
        return st;
    p->client = cw_client_retain(c);
    p->headers.secret = true; /* may hold the key of SSE-C */
    p->bucket = cw__strdup(bucket);
    p->key = cw__strdup(key);
    p->concurrency = o->concurrency;
    if (p->concurrency > MOST_CONCURRENCY)
        p->concurrency = MOST_CONCURRENCY;
    p->deadline = o->deadline_ms ? cw__clock_mono_ms() + o->deadline_ms : 0;
    st = fill(p, o, err);
    if (st != CW_OK)
        cw__plan_free(p);
    return st;
}

void cw__plan_free(cw__plan *p)
{
    cw__text_free(&p->headers);
    cw__free(p->bucket);
    cw__free(p->key);
    cw_client_release(p->client);
    memset(p, 0, sizeof *p);
}
