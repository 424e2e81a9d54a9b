/* s3.c - a sink that makes an object in a bucket: fills parts, and hands them to an upload
 *
 * Owns the part being filled, its running digests, and the upload, which is made when the first
 * part is full or the object published: a writer that waits holds next to nothing.
 *
 * A full part leaves at once, so that it travels while the producer thinks; but the first one stays
 * until there is a byte more, since an object of one part is one PUT. When memory is short, a part
 * that has the service's minimum leaves early (not with fixed sizes).
 */
#include "sink/s3.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "s3/part_size.h"
#include "s3/upload.h"
#include <cloudwriter/writer.h>

#include <string.h>

enum {
    MEMORY_WAIT_MS = 100, /* then look around: for errors, progress, the deadline */
    SETTLE_MS = 20        /* between looks when no memory is on its way to us */
};

typedef struct s3_sink {
    cw_client *client;
    char *bucket, *key; /* until begin; then the plan has them */

    cw__plan plan;
    cw__part_sizes sizes;
    cw__waiting waiting;

    cw__upload *upload;
    cw__part *part;         /* being filled; NULL: none */
    uint64_t part_limit;    /* of `part` */
    unsigned parts;         /* handed over */
    uint64_t bytes;         /* committed by the writer */
    cw__part_digest digest; /* of `part` */
    cw__checksum_value whole;
} s3_sink;

/* ---- parts ---- */

static cw_status make_upload(s3_sink *s, cw_error *err)
{
    return s->upload ? CW_OK : cw__upload_new(&s->upload, &s->plan, err);
}

static cw_status seal(s3_sink *s, cw_error *err)
{
    if (cw__part_digest_finish(&s->digest, &s->part->checksum, s->part->payload_hash) != CW_OK)
        return cw__fail_memory(err, "hashing a part");
    cw__checksum_fold(s->plan.checksum, &s->whole, &s->part->checksum, s->part->bytes);
    return CW_OK;
}

/* Hand the part over; from then on its memory comes back by itself. */
static cw_status send_part(s3_sink *s, cw_error *err)
{
    cw_status st = make_upload(s, err);
    cw__part *part;

    if (st == CW_OK)
        st = seal(s, err);
    if (st != CW_OK)
        return st;
    part = s->part;
    s->part = NULL;
    s->parts++;
    st = cw__upload_add(s->upload, part, err);
    return st == CW_OK ? cw__upload_wait_turn(s->upload, &s->waiting, err) : st;
}

static cw_status start_part(s3_sink *s, cw_error *err)
{
    if (s->parts == CW__MAX_PARTS)
        return cw__fail(err, CW_E_TOO_LARGE,
                        "the object has %llu bytes in %d parts, the most there can be: set "
                        "size_hint, or a larger part_bytes",
                        (unsigned long long)s->bytes, CW__MAX_PARTS);
    s->part = cw__part_new(s->parts + 1);
    if (!s->part)
        return cw__fail_memory(err, "starting a part");
    s->part_limit = cw__part_sizes_of(&s->sizes, s->part->number);
    return CW_OK;
}

/* ---- memory ---- */

static cw_status look_around(s3_sink *s, cw_error *err)
{
    cw_status st = s->upload ? cw__upload_check(s->upload, err) : CW_OK;

    if (st != CW_OK)
        return st;
    if (s->plan.deadline && cw__clock_mono_ms() > s->plan.deadline)
        return cw__fail(
            err, CW_E_TIMEOUT,
            "the deadline of the writer (deadline_ms) passed while it waited for memory");
    if (s->waiting.tick && s->waiting.tick(s->waiting.user, NULL) != 0)
        return cw__fail(err, CW_E_CANCELLED, "cancelled by the progress callback");
    return CW_OK;
}

static cw_status no_memory_left(const s3_sink *s, cw_status st, cw_error *err)
{
    if (st == CW_E_BUDGET)
        return cw__fail(err, st,
                        "the client's memory_bytes are all held by open writers, with %llu bytes "
                        "here, and nothing is on its way that would free some: raise memory_bytes",
                        (unsigned long long)(s->part ? s->part->bytes : 0));
    return cw__fail_memory(err, "taking a slab");
}

static bool may_cut(const s3_sink *s)
{
    return cw__part_sizes_may_cut(&s->sizes, s->part->bytes);
}

/*
 * One slab, waiting as long as others are on their way. When none is, a part that may be cut is
 * (CW_E_BUDGET tells the caller to). One that may not waits a while for writers on other threads to
 * send or give up theirs; but if all wait like that, nobody will, so it waits no longer than for a
 * stalled connection.
 */
static cw_status wait_for_slab(s3_sink *s, void **slab, cw_error *err)
{
    uint64_t patience = cw__clock_mono_ms() + s->client->stall_timeout_ms;
    cw_status st;

    for (;;) {
        st = cw__pool_take(s->client->pool, MEMORY_WAIT_MS, slab);
        if (st == CW_E_BUDGET && (may_cut(s) || cw__clock_mono_ms() > patience))
            return st;
        if (st != CW_E_BUDGET && st != CW_E_TIMEOUT)
            return st == CW_OK ? st : no_memory_left(s, st, err);
        if (st == CW_E_BUDGET)
            cw__clock_sleep_ms(SETTLE_MS);
        st = look_around(s, err);
        if (st != CW_OK)
            return st;
    }
}

static cw_status ready_part(s3_sink *s, cw_error *err)
{
    cw_status st = CW_OK;

    if (s->part && s->part->bytes == s->part_limit)
        st = send_part(s, err);
    if (st == CW_OK && !s->part)
        st = start_part(s, err);
    if (st == CW_OK && cw__part_make_room(s->part) != CW_OK)
        st = cw__fail_memory(err, "growing a part");
    return st;
}

static cw_status add_slab(s3_sink *s, cw_error *err)
{
    void *slab = NULL;
    cw_status st = wait_for_slab(s, &slab, err);

    if (st == CW_E_BUDGET && may_cut(s)) {
        st = send_part(s, err);
        if (st == CW_OK)
            st = ready_part(s, err);
        if (st == CW_OK)
            st = wait_for_slab(s, &slab, err);
    }
    if (st == CW_E_BUDGET)
        return no_memory_left(s, st, err);
    if (st == CW_OK)
        cw__part_add_slab(s->part, slab);
    return st;
}

/* ---- the sink's calls ---- */

/* At the end of the process libcrypto goes, too, under the feet of a thread that still writes. */
static cw_status refuse_at_exit(const s3_sink *s, cw_error *err)
{
    if (atomic_load(&s->client->exiting))
        return cw__fail(err, CW_E_CANCELLED, "the process is exiting");
    return CW_OK;
}

static cw_status s3_begin(void *self, const cw_writer_options *o, cw_error *err)
{
    s3_sink *s = self;
    cw__pool_stats pool;
    cw_status st;

    cw__pool_get_stats(s->client->pool, &pool);
    st = cw__part_sizes_init(&s->sizes, o, &s->client->provider, pool.budget_bytes, err);
    if (st == CW_OK)
        st = cw__plan_init(&s->plan, s->client, s->bucket, s->key, o, err);
    if (st == CW_OK && o->size_hint > s->sizes.first)
        st = cw__plan_check_conditions(&s->plan, true, err);
    if (st != CW_OK)
        return st;
    cw__part_digest_init(&s->digest, s->plan.checksum, s->plan.sign_payload);
    s->waiting = (cw__waiting){o->progress, o->progress_user, o->progress_interval_ms};
    return CW_OK;
}

static cw_status s3_reserve(void *self, void **p, size_t *cap, cw_error *err)
{
    s3_sink *s = self;
    cw_status st = refuse_at_exit(s, err);
    uint64_t room;

    if (st == CW_OK && s->upload)
        st = cw__upload_check(s->upload, err);
    if (st == CW_OK)
        st = ready_part(s, err);
    if (st == CW_OK && cw__part_tail(s->part, p) == 0)
        st = add_slab(s, err);
    if (st != CW_OK)
        return st;
    *cap = cw__part_tail(s->part, p);
    room = s->part_limit - s->part->bytes;
    if (*cap > room)
        *cap = (size_t)room;
    return CW_OK;
}

static cw_status s3_commit(void *self, size_t used, cw_error *err)
{
    s3_sink *s = self;
    cw_status st = refuse_at_exit(s, err);
    void *p;

    if (st != CW_OK || used == 0)
        return st;
    cw__part_tail(s->part, &p);
    if (cw__part_digest_update(&s->digest, p, used) != CW_OK)
        return cw__fail_memory(err, "hashing a part");
    s->part->bytes += used;
    s->bytes += used;
    return s->part->bytes == s->part_limit && s->parts > 0 ? send_part(s, err) : CW_OK;
}

static cw_status s3_write(void *self, const void *data, size_t n, cw_error *err)
{
    const char *from = data;

    while (n > 0) {
        void *p;
        size_t k;
        cw_status st = s3_reserve(self, &p, &k, err);

        if (st != CW_OK)
            return st;
        k = k < n ? k : n;
        memcpy(p, from, k);
        st = s3_commit(self, k, err);
        if (st != CW_OK)
            return st;
        from += k;
        n -= k;
    }
    return CW_OK;
}

static cw_status s3_flush(void *self, cw_error *err)
{
    s3_sink *s = self;

    if (s->part && may_cut(s))
        return send_part(s, err);
    return s->upload ? cw__upload_check(s->upload, err) : CW_OK;
}

static void drop_part(s3_sink *s)
{
    cw__part_free(s->part, s->client->pool);
    s->part = NULL;
}

static cw_status s3_publish(void *self, cw_object_info *info, cw_error *err)
{
    s3_sink *s = self;
    cw__part *last;
    cw_status st = refuse_at_exit(s, err);

    if (st == CW_OK)
        st = make_upload(s, err);
    if (st == CW_OK && !s->part && s->parts == 0)
        st = start_part(s, err); /* an empty object has an empty part */
    if (st == CW_OK && s->part && s->part->bytes == 0 && s->parts > 0)
        drop_part(s); /* begun, but nothing came */
    if (st == CW_OK && s->part)
        st = seal(s, err);
    if (st != CW_OK)
        return st;
    last = s->part;
    s->part = NULL;
    st = cw__upload_finish(s->upload, last, &s->whole, &s->waiting, info, err);
    cw__log_line(&s->client->log, st == CW_OK ? CW_LOG_INFO : CW_LOG_ERROR, "s3://%s/%s: %s%s%s",
                 s->plan.bucket, s->plan.key, st == CW_OK ? "committed" : cw_status_name(st),
                 st == CW_OK ? "" : ", ", err->message);
    return st;
}

static cw_status s3_abort(void *self, cw_error *err)
{
    s3_sink *s = self;

    drop_part(s);
    return s->upload ? cw__upload_abort(s->upload, err) : CW_OK;
}

static void s3_stats(void *self, cw_stats *out)
{
    s3_sink *s = self;

    out->bytes_out = s->bytes;
    out->part_bytes = s->part ? s->part_limit : cw__part_sizes_of(&s->sizes, s->parts + 1);
    if (s->upload)
        cw__upload_stats(s->upload, out);
}

static void s3_free(void *self)
{
    s3_sink *s = self;

    cw__upload_free(s->upload);
    cw__part_free(s->part, s->client->pool);
    cw__part_digest_free(&s->digest);
    cw__plan_free(&s->plan);
    cw__free(s->bucket);
    cw__free(s->key);
    cw_client_release(s->client);
    cw__free(s);
}

cw_status cw__sink_s3_new(cw_sink **out, cw_client *c, const char *bucket, const char *key,
                          cw_error *err)
{
    static const cw_sink_ops ops = {
        .struct_size = sizeof ops,
        .name = "s3",
        .begin = s3_begin,
        .write = s3_write,
        .reserve = s3_reserve,
        .commit = s3_commit,
        .flush = s3_flush,
        .publish = s3_publish,
        .abort = s3_abort,
        .stats = s3_stats,
        .free = s3_free,
    };
    s3_sink *s;
    cw_status st = cw__client_check(c, err);

    *out = NULL;
    if (st != CW_OK)
        return st;
    s = cw__alloc_zero(sizeof *s);
    if (!s)
        return cw__fail_memory(err, "opening a writer");
    s->client = cw_client_retain(c);
    s->bucket = cw__strdup(bucket);
    s->key = cw__strdup(key);
    st = s->bucket && s->key ? cw_sink_new(out, &ops, s, err)
                             : cw__fail_memory(err, "opening a writer");
    if (st != CW_OK)
        s3_free(s);
    return st;
}
