/* upload.c - multipart uploads and their parts
 *
 * Sorted by bucket, key and id; ids rise with time, so uploads of a key are in the order of their
 * start. An aborted upload stays as an empty shell, because services are known to accept a part
 * after the abort and a fault rule asks for it. Called with s->lock held.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const ts_upload *u, const char *bucket, const char *key, const char *id)
{
    int d = strcmp(u->bucket, bucket);

    d = d ? d : strcmp(u->key, key);
    return d ? d : strcmp(u->id, id);
}

size_t ts_upload_seek(ts_server *s, const char *bucket, const char *key, const char *id)
{
    size_t lo = 0, hi = s->store.upload_n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (compare(s->store.uploads[mid], bucket, key, id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

ts_upload *ts_upload_new(ts_server *s, const char *bucket, const char *key)
{
    ts_store *st = &s->store;
    ts_upload *u = ts_alloc(sizeof *u);
    uint64_t n = ++st->sequence;

    snprintf(u->id, sizeof u->id, "up-%010llu.%012llx", (unsigned long long)n,
             (unsigned long long)(ts_fnv(s->o.seed + n, key) >> 16));
    u->bucket = ts_strdup(bucket);
    u->key = ts_strdup(key);
    u->created = ts_now(s);
    size_t at = ts_upload_seek(s, bucket, key, u->id);
    if (st->upload_n == st->upload_cap) {
        st->upload_cap = st->upload_cap ? st->upload_cap * 2 : 64;
        st->uploads = ts_realloc(st->uploads, st->upload_cap * sizeof *st->uploads);
    }
    memmove(st->uploads + at + 1, st->uploads + at, (st->upload_n - at) * sizeof *st->uploads);
    st->uploads[at] = u;
    st->upload_n++;
    return u;
}

bool ts_upload_open(const ts_upload *u)
{
    return !u->aborted && !u->completed;
}

ts_upload *ts_upload_find(ts_server *s, const ts_request *q, bool late)
{
    if (!q->upload_id)
        return NULL;
    size_t at = ts_upload_seek(s, q->bucket, q->key, q->upload_id);
    if (at == s->store.upload_n)
        return NULL;
    ts_upload *u = s->store.uploads[at];
    if (compare(u, q->bucket, q->key, q->upload_id) != 0)
        return NULL;
    if (late && u->aborted)
        u->aborted = false;
    return ts_upload_open(u) ? u : NULL;
}

void ts_part_free(ts_part *p)
{
    if (!p)
        return;
    ts_blob_unref(p->blob);
    free(p->checksum);
    free(p);
}

void ts_upload_put(ts_upload *u, int number, ts_part *p)
{
    if (number >= u->part_cap) {
        int cap = number + number / 2 + 16;

        u->parts = ts_realloc(u->parts, (size_t)cap * sizeof *u->parts);
        memset(u->parts + u->part_cap, 0, (size_t)(cap - u->part_cap) * sizeof *u->parts);
        u->part_cap = cap;
    }
    ts_part_free(u->parts[number]);
    u->parts[number] = p;
}

void ts_upload_close(ts_upload *u)
{
    for (int i = 0; i < u->part_cap; i++)
        ts_part_free(u->parts[i]);
    free(u->parts);
    u->parts = NULL;
    u->part_cap = 0;
}

void ts_uploads_clear(ts_server *s)
{
    for (size_t i = 0; i < s->store.upload_n; i++) {
        ts_upload *u = s->store.uploads[i];

        ts_upload_close(u);
        ts_kvs_free(&u->headers);
        free(u->sse_c_md5);
        free(u->bucket);
        free(u->key);
        free(u);
    }
    free(s->store.uploads);
    s->store.uploads = NULL;
    s->store.upload_n = s->store.upload_cap = 0;
}
