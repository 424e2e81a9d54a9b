/* server.c - starting, stopping, and what the test asks the server in process; server.h has the
 * contracts */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const default_buckets[] = {"bucket", NULL};

static const char *or_default(const char *v, const char *otherwise)
{
    return ts_strdup(v ? v : otherwise);
}

static void copy_buckets(ts_server *s, const char *const *from)
{
    size_t n = 0;
    char **to;

    from = from ? from : s->o.auto_buckets ? (const char *const[]){NULL} : default_buckets;
    while (from[n])
        n++;
    to = ts_alloc((n + 1) * sizeof *to);
    for (size_t i = 0; i < n; i++)
        to[i] = ts_strdup(from[i]);
    s->o.buckets = (const char *const *)to;
}

static void copy_options(ts_server *s, const ts_options *o)
{
    s->o = *o;
    s->o.bind = or_default(o->bind, "127.0.0.1");
    s->o.access_key = or_default(o->access_key, "test");
    s->o.secret_key = or_default(o->secret_key, "test-secret");
    s->o.session_token = ts_strdup(o->session_token);
    s->o.region = or_default(o->region, "us-east-1");
    s->o.domain = or_default(o->domain, "localhost");
    s->o.dir = ts_strdup(o->dir);
    s->o.provider = NULL; /* s->provider */
    s->o.ca_file = ts_strdup(o->ca_file);
    s->o.client_cert = ts_strdup(o->client_cert);
    copy_buckets(s, o->buckets);
    s->o.min_part_bytes = o->min_part_bytes ? o->min_part_bytes : 5 << 20;
    s->o.max_parts = o->max_parts ? o->max_parts : TS_MAX_PARTS;
    s->o.max_keys = o->max_keys ? o->max_keys : 1000;
    s->o.body_timeout_ms = o->body_timeout_ms ? o->body_timeout_ms : 20000;
    s->o.idle_timeout_ms = o->idle_timeout_ms ? o->idle_timeout_ms : 60000;
}

static void free_options(ts_options *o)
{
    const char *strings[] = {o->bind,   o->access_key, o->secret_key, o->session_token, o->region,
                             o->domain, o->dir,        o->ca_file,    o->client_cert};

    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        free((void *)(uintptr_t)strings[i]);
    for (size_t i = 0; o->buckets[i]; i++)
        free((void *)(uintptr_t)o->buckets[i]);
    free((void *)(uintptr_t)o->buckets);
}

static int start_tls(ts_server *s, char *why, size_t why_size)
{
    char name[] = "/tmp/cw-test-ca-XXXXXX";

    if (!s->o.tls)
        return 0;
    if (!s->o.ca_file) {
        int fd = mkstemp(name);
        if (fd < 0) {
            snprintf(why, why_size, "cannot make %s", name);
            return -1;
        }
        close(fd);
        s->own_ca = ts_strdup(name);
        s->o.ca_file = ts_strdup(name);
    }
    s->net.tls = ts_tls_new(&s->o, why, why_size);
    return s->net.tls ? 0 : -1;
}

static void first_state(ts_server *s)
{
    s->faults.random = s->o.seed ? s->o.seed : 0x9e3779b97f4a7c15u;
    s->skew_s = s->o.skew_s;
    ts_identity_add(s, s->o.access_key, s->o.secret_key, s->o.session_token);
}

static void forget(ts_server *s)
{
    ts_identities_free(s);
    ts_faults_free(&s->faults);
    for (int i = 0; i < TS_OP_COUNT; i++) {
        free(s->last_line[i]);
        s->last_line[i] = NULL;
        ts_kvs_free(&s->last_headers[i]);
        s->counts[i] = 0;
    }
    free(s->last_error);
    s->last_error = NULL;
    memset(s->connections_to, 0, sizeof s->connections_to);
    s->connections = s->signature_failures = s->throttled = 0;
    s->parts_max = s->parts_now;
    s->body_bytes = 0;
}

int ts_server_start(ts_server **out, const ts_options *o, char *why, size_t why_size)
{
    ts_server *s = ts_alloc(sizeof *s);
    ts_buf url = {0};

    *out = NULL;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->net.lock, NULL);
    copy_options(s, o);
    first_state(s);
    if (ts_provider_set(s, o->provider, why, why_size) != 0 ||
        ts_store_open(s, why, why_size) != 0 || start_tls(s, why, why_size) != 0 ||
        ts_net_start(s, why, why_size) != 0) {
        ts_server_stop(s);
        return -1;
    }
    ts_buf_printf(&url, "%s://%s", s->o.tls ? "https" : "http", s->host);
    pthread_mutex_lock(&s->lock); /* connections are served already */
    s->url = url.data;
    pthread_mutex_unlock(&s->lock);
    *out = s;
    return 0;
}

void ts_server_stop(ts_server *s)
{
    if (!s)
        return;
    ts_net_stop(s);
    SSL_CTX_free(s->net.tls);
    if (s->own_ca)
        unlink(s->own_ca);
    free(s->own_ca);
    forget(s);
    ts_store_clear(s);
    free_options(&s->o);
    free(s->url);
    free(s->host);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->net.lock);
    free(s);
}

const char *ts_server_url(const ts_server *s)
{
    return s->url;
}

const char *ts_server_host(const ts_server *s)
{
    return s->host;
}

const char *ts_server_ca_file(const ts_server *s)
{
    return s->o.tls ? s->o.ca_file : NULL;
}

static void remove_objects(ts_server *s, ts_bucket *b)
{
    while (b->n)
        ts_object_remove(s, b, b->objects[b->n - 1]->key);
}

void ts_server_reset(ts_server *s)
{
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->store.bucket_n; i++)
        remove_objects(s, s->store.buckets[i]);
    ts_store_clear(s);
    forget(s);
    first_state(s);
    for (size_t i = 0; s->o.buckets[i]; i++)
        ts_bucket_add(s, s->o.buckets[i]);
    pthread_mutex_unlock(&s->lock);
}

static void set_error(ts_server *s, const char *text)
{
    free(s->last_error);
    s->last_error = ts_strdup(text);
}

void ts_note_error(ts_server *s, bool signature, const char *text)
{
    pthread_mutex_lock(&s->lock);
    s->signature_failures += signature;
    if (text)
        set_error(s, text);
    pthread_mutex_unlock(&s->lock);
}

int ts_fault_add(ts_server *s, const char *rules)
{
    char why[300];

    pthread_mutex_lock(&s->lock);
    int rc = ts_faults_add(&s->faults, rules, why, sizeof why);
    if (rc != 0)
        set_error(s, why);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

void ts_fault_clear(ts_server *s)
{
    pthread_mutex_lock(&s->lock);
    ts_faults_clear(&s->faults);
    pthread_mutex_unlock(&s->lock);
}

static uint64_t read_u64(ts_server *s, const uint64_t *v)
{
    pthread_mutex_lock(&s->lock);
    uint64_t n = *v;
    pthread_mutex_unlock(&s->lock);
    return n;
}

uint64_t ts_connections_to(ts_server *s, unsigned char n)
{
    return read_u64(s, &s->connections_to[n]);
}

uint64_t ts_throttled_count(ts_server *s)
{
    return read_u64(s, &s->throttled);
}

uint64_t ts_fault_fired(ts_server *s)
{
    return read_u64(s, &s->faults.fired);
}

void ts_credentials_add(ts_server *s, const char *access, const char *secret, const char *token)
{
    pthread_mutex_lock(&s->lock);
    ts_identity_add(s, access, secret, token);
    pthread_mutex_unlock(&s->lock);
}

void ts_credentials_set(ts_server *s, const char *access, const char *secret, const char *token)
{
    pthread_mutex_lock(&s->lock);
    ts_identities_free(s);
    ts_identity_add(s, access, secret, token);
    pthread_mutex_unlock(&s->lock);
}

void ts_credentials_rotate(ts_server *s, const char *access, const char *secret, const char *token)
{
    pthread_mutex_lock(&s->lock);
    ts_identities_expire(s);
    ts_identity_add(s, access, secret, token);
    pthread_mutex_unlock(&s->lock);
}

void ts_skew_set(ts_server *s, int64_t seconds)
{
    s->skew_s = seconds;
}

void ts_bucket_create(ts_server *s, const char *bucket)
{
    pthread_mutex_lock(&s->lock);
    ts_bucket_add(s, bucket);
    pthread_mutex_unlock(&s->lock);
}

static int put_blob(ts_server *s, const char *bucket, const char *key, ts_blob *blob,
                    const unsigned char md5[16])
{
    ts_blob **blobs = ts_alloc(sizeof *blobs);
    int rc = -1;

    blobs[0] = blob;
    ts_object *o = ts_object_new(key, blobs, 1);
    ts_hex(o->etag, md5, 16);
    ts_kvs_add(&o->headers, "Content-Type", "binary/octet-stream");
    pthread_mutex_lock(&s->lock);
    ts_bucket *b = ts_bucket_find(s, bucket);
    if (b) {
        ts_object_publish(s, b, ts_object_ref(o));
        rc = 0;
    }
    pthread_mutex_unlock(&s->lock);
    ts_object_unref(o);
    return rc;
}

int ts_object_put(ts_server *s, const char *bucket, const char *key, const void *data, size_t n)
{
    unsigned char *copy = ts_realloc(NULL, n), md5[16];

    if (n)
        memcpy(copy, data, n);
    ts_md5(md5, copy, n);
    return put_blob(s, bucket, key, ts_blob_new(copy, n), md5);
}

int ts_object_put_pattern(ts_server *s, const char *bucket, const char *key, uint64_t size)
{
    ts_blob *b = ts_blob_new(NULL, size);
    unsigned char md5[16];

    b->ruled = true;
    ts_md5(md5, &size, sizeof size);
    return put_blob(s, bucket, key, b, md5);
}

/* The object, held; NULL: none. */
static ts_object *hold(ts_server *s, const char *bucket, const char *key)
{
    ts_object *o = NULL;

    pthread_mutex_lock(&s->lock);
    ts_bucket *b = ts_bucket_find(s, bucket);
    if (b)
        o = ts_object_ref(ts_object_find(b, key));
    pthread_mutex_unlock(&s->lock);
    return o;
}

bool ts_object_exists(ts_server *s, const char *bucket, const char *key)
{
    return ts_object_size(s, bucket, key) >= 0;
}

int64_t ts_object_size(ts_server *s, const char *bucket, const char *key)
{
    ts_object *o = hold(s, bucket, key);
    int64_t n = o ? (int64_t)o->size : -1;

    ts_object_unref(o);
    return n;
}

unsigned char *ts_object_bytes(ts_server *s, const char *bucket, const char *key, size_t *n)
{
    ts_object *o = hold(s, bucket, key);
    unsigned char *data = NULL;
    uint64_t at = 0;
    size_t got;

    *n = 0;
    if (o && !s->o.discard) {
        data = ts_realloc(NULL, o->size + 1);
        while ((got = ts_object_read(o, at, data + at, o->size - at)) > 0)
            at += got;
        data[at] = 0;
        *n = at;
    }
    ts_object_unref(o);
    return data;
}

int ts_object_header(ts_server *s, const char *bucket, const char *key, const char *name,
                     char *value, size_t value_size)
{
    ts_object *o = hold(s, bucket, key);
    const char *v = NULL;

    if (o) {
        v = ts_kvs_get(&o->headers, name);
        if (!strcasecmp(name, "etag"))
            v = o->etag;
        else if (o->checksum && ts_alg_by_header(name) == o->alg)
            v = o->checksum;
        else if (o->checksum && !strcasecmp(name, "x-amz-checksum-type"))
            v = o->full ? "FULL_OBJECT" : "COMPOSITE";
    }
    if (v)
        ts_copy(value, value_size, v);
    ts_object_unref(o);
    return v ? 0 : -1;
}

size_t ts_object_count(ts_server *s, const char *bucket)
{
    size_t n = 0;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->store.bucket_n; i++)
        if (!bucket || !strcmp(bucket, s->store.buckets[i]->name))
            n += s->store.buckets[i]->n;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* The i-th open upload's id into `id`. @return how many are open */
static size_t uploads(ts_server *s, size_t i, char *id, size_t id_size)
{
    size_t n = 0;

    pthread_mutex_lock(&s->lock);
    for (size_t k = 0; k < s->store.upload_n; k++) {
        if (!ts_upload_open(s->store.uploads[k]))
            continue;
        if (n++ == i && id)
            ts_copy(id, id_size, s->store.uploads[k]->id);
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

size_t ts_upload_count(ts_server *s)
{
    return uploads(s, 0, NULL, 0);
}

int ts_upload_id(ts_server *s, size_t i, char *id, size_t id_size)
{
    return uploads(s, i, id, id_size) > i ? 0 : -1;
}

static int op_by_name(const char *op)
{
    for (int i = 0; i < TS_OP_COUNT; i++)
        if (!strcmp(op, ts_op_names[i]))
            return i;
    return -1;
}

uint64_t ts_request_count(ts_server *s, const char *op)
{
    int which = op ? op_by_name(op) : -1;
    uint64_t n = 0;

    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < TS_OP_COUNT; i++)
        if (!op || i == which)
            n += s->counts[i];
    pthread_mutex_unlock(&s->lock);
    return n;
}

int ts_request_header(ts_server *s, const char *op, const char *name, char *value,
                      size_t value_size)
{
    int which = op_by_name(op);
    const char *v = NULL;

    pthread_mutex_lock(&s->lock);
    if (which >= 0)
        v = *name ? ts_kvs_get(&s->last_headers[which], name) : s->last_line[which];
    if (v)
        ts_copy(value, value_size, v);
    pthread_mutex_unlock(&s->lock);
    return v ? 0 : -1;
}

uint64_t ts_connection_count(ts_server *s)
{
    return read_u64(s, &s->connections);
}

uint64_t ts_parts_in_flight_max(ts_server *s)
{
    return read_u64(s, &s->parts_max);
}

uint64_t ts_bytes_received(ts_server *s)
{
    return s->body_bytes;
}

uint64_t ts_signature_failures(ts_server *s)
{
    return read_u64(s, &s->signature_failures);
}

void ts_last_error(ts_server *s, char *text, size_t text_size)
{
    pthread_mutex_lock(&s->lock);
    ts_copy(text, text_size, s->last_error ? s->last_error : "");
    pthread_mutex_unlock(&s->lock);
}
