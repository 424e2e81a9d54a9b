/* store.c - buckets and objects
 *
 * Owns the content. Objects are immutable once published and counted by reference, so a GET goes on
 * reading what it started with. Content is a list of blobs: Complete publishes the parts' own
 * memory without a copy. Buckets and keys are kept in byte order, as lists answer them. Called with
 * s->lock held, but for reading an object one holds.
 */
#include "internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ts_blob *ts_blob_new(unsigned char *data, uint64_t size)
{
    ts_blob *b = ts_alloc(sizeof *b);

    b->refs = 1;
    b->data = data;
    b->size = size;
    return b;
}

ts_blob *ts_blob_ref(ts_blob *b)
{
    b->refs++;
    return b;
}

void ts_blob_unref(ts_blob *b)
{
    if (!b || --b->refs)
        return;
    free(b->data);
    free(b->file);
    free(b);
}

ts_object *ts_object_ref(ts_object *o)
{
    if (o)
        o->refs++;
    return o;
}

void ts_object_unref(ts_object *o)
{
    if (!o || --o->refs)
        return;
    for (size_t i = 0; i < o->blob_n; i++)
        ts_blob_unref(o->blobs[i]);
    free(o->blobs);
    free(o->key);
    free(o->checksum);
    free(o->sse_c_md5);
    ts_kvs_free(&o->headers);
    free(o);
}

ts_object *ts_object_new(const char *key, ts_blob **blobs, size_t n)
{
    ts_object *o = ts_alloc(sizeof *o);

    o->refs = 1;
    o->key = ts_strdup(key);
    o->blobs = blobs;
    o->blob_n = n;
    for (size_t i = 0; i < n; i++)
        o->size += blobs[i]->size;
    return o;
}

static size_t read_file(const char *file, uint64_t at, unsigned char *to, size_t n)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : pread(fd, to, n, (off_t)at);

    if (fd >= 0)
        close(fd);
    return got < 0 ? 0 : (size_t)got;
}

size_t ts_object_read(const ts_object *o, uint64_t at, unsigned char *to, size_t n)
{
    size_t i = 0;

    while (i < o->blob_n && at >= o->blobs[i]->size)
        at -= o->blobs[i++]->size;
    if (i == o->blob_n)
        return 0;
    const ts_blob *b = o->blobs[i];
    if (n > b->size - at)
        n = b->size - at;
    if (b->data)
        memcpy(to, b->data + at, n);
    else if (b->file)
        return read_file(b->file, at, to, n);
    else if (b->ruled)
        for (size_t k = 0; k < n; k++)
            to[k] = ts_pattern_byte(b->first + at + k);
    else
        memset(to, 0, n);
    return n;
}

ts_bucket *ts_bucket_find(ts_server *s, const char *name)
{
    for (size_t i = 0; i < s->store.bucket_n; i++)
        if (!strcmp(s->store.buckets[i]->name, name))
            return s->store.buckets[i];
    return s->o.auto_buckets ? ts_bucket_add(s, name) : NULL;
}

ts_bucket *ts_bucket_add(ts_server *s, const char *name)
{
    ts_store *st = &s->store;
    size_t at = 0;

    while (at < st->bucket_n && strcmp(st->buckets[at]->name, name) < 0)
        at++;
    if (at < st->bucket_n && !strcmp(st->buckets[at]->name, name))
        return st->buckets[at];
    ts_bucket *b = ts_alloc(sizeof *b);
    b->name = ts_strdup(name);
    st->buckets = ts_realloc(st->buckets, (st->bucket_n + 1) * sizeof *st->buckets);
    memmove(st->buckets + at + 1, st->buckets + at, (st->bucket_n - at) * sizeof *st->buckets);
    st->buckets[at] = b;
    st->bucket_n++;
    ts_disk_bucket(s, name, true);
    return b;
}

static void bucket_free(ts_bucket *b)
{
    for (size_t i = 0; i < b->n; i++)
        ts_object_unref(b->objects[i]);
    free(b->objects);
    free(b->name);
    free(b);
}

void ts_bucket_remove(ts_server *s, ts_bucket *b)
{
    ts_store *st = &s->store;
    size_t at = 0;

    while (st->buckets[at] != b)
        at++;
    st->bucket_n--;
    memmove(st->buckets + at, st->buckets + at + 1, (st->bucket_n - at) * sizeof *st->buckets);
    ts_disk_bucket(s, b->name, false);
    bucket_free(b);
}

size_t ts_bucket_seek(const ts_bucket *b, const char *key)
{
    size_t lo = 0, hi = b->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(b->objects[mid]->key, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

ts_object *ts_object_find(const ts_bucket *b, const char *key)
{
    size_t at = ts_bucket_seek(b, key);

    return at < b->n && !strcmp(b->objects[at]->key, key) ? b->objects[at] : NULL;
}

void ts_object_publish(ts_server *s, ts_bucket *b, ts_object *o)
{
    size_t at = ts_bucket_seek(b, o->key);

    o->modified = ts_now(s);
    ts_disk_put(s, b, o);
    if (at < b->n && !strcmp(b->objects[at]->key, o->key)) {
        ts_object_unref(b->objects[at]);
        b->objects[at] = o;
        return;
    }
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 64;
        b->objects = ts_realloc(b->objects, b->cap * sizeof *b->objects);
    }
    memmove(b->objects + at + 1, b->objects + at, (b->n - at) * sizeof *b->objects);
    b->objects[at] = o;
    b->n++;
}

bool ts_object_remove(ts_server *s, ts_bucket *b, const char *key)
{
    size_t at = ts_bucket_seek(b, key);

    if (at == b->n || strcmp(b->objects[at]->key, key) != 0)
        return false;
    ts_disk_remove(s, b, key);
    ts_object_unref(b->objects[at]);
    b->n--;
    memmove(b->objects + at, b->objects + at + 1, (b->n - at) * sizeof *b->objects);
    return true;
}

int ts_store_open(ts_server *s, char *why, size_t why_size)
{
    for (size_t i = 0; s->o.buckets[i]; i++)
        ts_bucket_add(s, s->o.buckets[i]);
    return ts_disk_load(s, why, why_size);
}

void ts_store_clear(ts_server *s)
{
    ts_uploads_clear(s);
    for (size_t i = 0; i < s->store.bucket_n; i++)
        bucket_free(s->store.buckets[i]);
    free(s->store.buckets);
    s->store.buckets = NULL;
    s->store.bucket_n = 0;
}
