/* encode.c - one table into Parquet, and the bytes nowhere: what bench/parquet/sides.py loads
 *
 * Owns a sink that counts and drops. The table comes as an Arrow C stream.
 */
#include <stdio.h>
#include <string.h>

#include <cloudwriter/cloudwriter.h>

struct encode_job {
    const char *path; /* NULL: drop the bytes */
    int codec;        /* enum cw_parquet_codec */
    unsigned threads;
    uint64_t memory_bytes;
};

CW_API cw_status encode(const struct encode_job *job, struct ArrowArrayStream *stream,
                        uint64_t *bytes, char *message, size_t message_bytes);

static cw_status drop_write(void *self, const void *p, size_t n, cw_error *err)
{
    (void)p;
    (void)err;
    *(uint64_t *)self += n;
    return CW_OK;
}

static cw_status drop_publish(void *self, struct cw_object_info *info, cw_error *err)
{
    (void)self;
    (void)info;
    (void)err;
    return CW_OK;
}

static cw_status drop_abort(void *self, cw_error *err)
{
    (void)self;
    (void)err;
    return CW_OK;
}

static void drop_free(void *self)
{
    (void)self;
}

static const cw_sink_ops drop = {.struct_size = sizeof(cw_sink_ops),
                                 .name = "drop",
                                 .write = drop_write,
                                 .publish = drop_publish,
                                 .abort = drop_abort,
                                 .free = drop_free};

static cw_status open_drop(cw_writer **out, uint64_t *dropped, cw_error *err)
{
    cw_sink *sink = NULL;
    cw_status status = cw_sink_new(&sink, &drop, dropped, err);
    if (status != CW_OK)
        return status;
    status = cw_writer_open_sink(out, sink, NULL, err);
    if (status != CW_OK)
        cw_sink_free(sink);
    return status;
}

cw_status encode(const struct encode_job *job, struct ArrowArrayStream *stream, uint64_t *bytes,
                 char *message, size_t message_bytes)
{
    uint64_t dropped = 0;
    cw_writer *writer = NULL;
    cw_error err = {0};
    cw_parquet_info info = {0};
    cw_parquet_options o = CW_PARQUET_OPTIONS_INIT;
    o.codec = (cw_parquet_codec)job->codec;
    o.threads = job->threads;
    o.memory_bytes = job->memory_bytes;

    cw_status status = job->path ? cw_writer_open(&writer, NULL, job->path, NULL, &err)
                                 : open_drop(&writer, &dropped, &err);
    if (status == CW_OK)
        status = cw_parquet_drain_arrow_stream(writer, stream, &o, &info, &err);
    if (status == CW_OK && !job->path && dropped != info.bytes)
        status = CW_E_INTEGRITY;
    snprintf(message, message_bytes, "%s", status == CW_OK ? "" : err.message);
    *bytes = info.bytes;
    return status;
}
