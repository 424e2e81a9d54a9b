/* filter.c - a sink that compresses on the way to the next one
 *
 *     write → codec → memory lent by the next sink        (it has reserve and commit)
 *                  → a buffer, written when it is full     (it has not)
 *
 * A write that the codec only swallows commits nothing; memory that was lent and not used is
 * simply not committed. Once anything failed nothing can be published any more. An object into
 * which nothing is written still becomes a whole, empty gzip member or zstd frame.
 */
#include "stream/filter.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "port/codec.h"
#include "sink/sink.h"

enum { BUFFER_BYTES = 64 * 1024 };

struct filter {
    cw_sink *next;
    cw_compression kind;
    int level;
    unsigned threads;
    cw__codec *codec; /* NULL until the first byte */
    bool failed;
    uint64_t made; /* bytes that came out of the codec */

    unsigned char *buffer; /* only where the next sink lends nothing */
    size_t buffered;
};

/** Remember a failure. */
static cw_status keep(struct filter *f, cw_status status)
{
    if (status != CW_OK)
        f->failed = true;
    return status;
}

static cw_status start_codec(struct filter *f, cw_error *err)
{
    if (f->codec)
        return CW_OK;
    if (f->kind == CW_COMPRESSION_GZIP)
        return cw__codec_gzip(&f->codec, f->level, err);
    return cw__codec_zstd(&f->codec, f->level, f->threads, err);
}

static bool next_lends(const struct filter *f)
{
    return f->next->ops->reserve != NULL;
}

static cw_status write_buffer(struct filter *f, cw_error *err)
{
    cw_status status = cw__sink_write(f->next, f->buffer, f->buffered, err);
    f->buffered = 0;
    return status;
}

/** Room for the codec: at least one byte. */
static cw_status open_room(struct filter *f, cw__codec_io *io, cw_error *err)
{
    io->out_used = 0;
    if (next_lends(f))
        return cw__sink_reserve(f->next, &io->out, &io->out_n, err);
    if (!f->buffer && !(f->buffer = cw__alloc(BUFFER_BYTES)))
        return cw__fail_memory(err, "buffering compressed bytes");
    io->out = f->buffer + f->buffered;
    io->out_n = BUFFER_BYTES - f->buffered;
    return CW_OK;
}

/** Hand on what the codec put into the room. */
static cw_status close_room(struct filter *f, const cw__codec_io *io, cw_error *err)
{
    f->made += io->out_used;
    if (next_lends(f))
        return io->out_used ? cw__sink_commit(f->next, io->out_used, err) : CW_OK;
    f->buffered += io->out_used;
    return f->buffered == BUFFER_BYTES ? write_buffer(f, err) : CW_OK;
}

/** Take `n` bytes, and bring the codec to the end of `mode`. */
static cw_status drive(struct filter *f, cw__codec_mode mode, const void *p, size_t n,
                       cw_error *err)
{
    cw__codec_io io = {.in = p, .in_n = n};
    bool done = false;
    cw_status status = start_codec(f, err);
    while (status == CW_OK && !done) {
        status = open_room(f, &io, err);
        if (status == CW_OK)
            status = cw__codec_run(f->codec, mode, &io, &done, err);
        if (status == CW_OK)
            status = close_room(f, &io, err);
    }
    return keep(f, status);
}

/** The same, with nothing left in the buffer afterwards. */
static cw_status drive_through(struct filter *f, cw__codec_mode mode, cw_error *err)
{
    cw_status status = drive(f, mode, NULL, 0, err);
    return status == CW_OK && f->buffered > 0 ? keep(f, write_buffer(f, err)) : status;
}

static cw_status begin(void *self, const cw_writer_options *o, cw_error *err)
{
    struct filter *f = self;
    return cw__sink_begin(f->next, o, err);
}

static cw_status write_bytes(void *self, const void *p, size_t n, cw_error *err)
{
    return drive(self, CW__CODEC_RUN, p, n, err);
}

static cw_status flush(void *self, cw_error *err)
{
    struct filter *f = self;
    cw_status status = f->codec ? drive_through(f, CW__CODEC_FLUSH, err) : CW_OK;
    return status == CW_OK ? keep(f, cw__sink_flush(f->next, err)) : status;
}

static cw_status publish(void *self, cw_object_info *info, cw_error *err)
{
    struct filter *f = self;
    if (f->failed)
        return cw__fail(err, CW_E_STATE, "a write failed before: nothing can be published");
    cw_status status = drive_through(f, CW__CODEC_FINISH, err);
    return status == CW_OK ? cw__sink_publish(f->next, info, err) : status;
}

static cw_status abort_next(void *self, cw_error *err)
{
    struct filter *f = self;
    f->failed = true;
    return cw__sink_abort(f->next, err);
}

/** What the next sink counts itself takes the place of what was counted here. */
static void stats(void *self, cw_stats *out)
{
    const struct filter *f = self;
    out->bytes_out = f->made;
    cw__sink_stats(f->next, out);
}

static void free_filter(void *self)
{
    struct filter *f = self;
    cw__codec_free(f->codec);
    cw__sink_free(f->next);
    cw__free(f->buffer);
    cw__free(f);
}

static const cw_sink_ops filter_ops = {
    .struct_size = sizeof(cw_sink_ops),
    .name = "compression",
    .begin = begin,
    .write = write_bytes,
    .flush = flush,
    .publish = publish,
    .abort = abort_next,
    .stats = stats,
    .free = free_filter,
};

static cw_status check(cw_compression kind, int level, unsigned threads, cw_error *err)
{
    if (kind == CW_COMPRESSION_ZSTD)
        return cw__codec_zstd_check(level, threads, err);
    if (kind != CW_COMPRESSION_GZIP)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "there is no compression %d", (int)kind);
    if (threads > 0)
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "gzip has no threads: set compression_threads to 0, or use zstd");
    return cw__codec_gzip_check(level, err);
}

cw_status cw__filter_new(cw_sink **out, cw_sink *next, cw_compression kind, int level,
                         unsigned threads, cw_error *err)
{
    *out = NULL;
    cw_status status = check(kind, level, threads, err);
    if (status != CW_OK)
        return status;
    struct filter *f = cw__alloc_zero(sizeof *f);
    if (!f)
        return cw__fail_memory(err, "making a compression filter");
    f->next = next;
    f->kind = kind;
    f->level = level;
    f->threads = threads;
    status = cw_sink_new(out, &filter_ops, f, err);
    if (status != CW_OK)
        cw__free(f);
    return status;
}

bool cw__filter_is(const cw_sink *s)
{
    return s->ops == &filter_ops;
}

void cw__filter_forget(cw_sink *filter)
{
    struct filter *f = filter->self;
    f->next = NULL;
    cw__sink_free(filter);
}
