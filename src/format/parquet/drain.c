/* drain.c - a whole Arrow stream becomes one object
 *
 * The stream is released in any case, the writer closed or aborted: whoever calls has nothing to
 * clean up.
 */
#include "base/error.h"
#include "format/parquet/in/intake.h"
#include "stream/writer.h"

#include <errno.h>
#include <string.h>

static cw_status stream_failed(struct ArrowArrayStream *stream, int rc, const char *doing,
                               cw_error *err)
{
    const char *words = stream->get_last_error ? stream->get_last_error(stream) : NULL;

    return cw__fail(err, rc == ENOMEM ? CW_E_NO_MEMORY : CW_E_IO,
                    "the Arrow stream failed at %s: %s", doing, words ? words : strerror(rc));
}

/* The writer aborts as it closes, and tells in `err` what it could not remove. */
static cw_status give_up(cw_writer *w, const cw_error *why, cw_error *err)
{
    cw__writer_fail(w, why->status, "%s", why->message);
    return cw_writer_close(w, NULL, err);
}

static cw_status take_batches(cw_parquet *p, struct ArrowArrayStream *stream,
                              const struct ArrowSchema *schema, cw_error *err)
{
    cw_status st = CW_OK;

    while (st == CW_OK) {
        struct ArrowArray batch = {.release = NULL};
        int rc = stream->get_next(stream, &batch);

        if (rc != 0)
            return stream_failed(stream, rc, "reading a batch", err);
        if (!batch.release)
            return CW_OK;
        st = cw_parquet_write_arrow(p, &batch, schema);
        if (batch.release)
            batch.release(&batch);
    }
    cw__error_copy(err, cw_parquet_error(p));
    return st;
}

/* `w` is closed or aborted. */
static cw_status drain(cw_writer *w, struct ArrowArrayStream *stream,
                       const struct ArrowSchema *arrow, const cw_parquet_options *o,
                       cw_parquet_info *info, cw_error *err)
{
    cw_schema *schema = NULL;
    cw_parquet *p = NULL;
    cw_error why = {0};
    cw_status st = cw_schema_from_arrow(&schema, arrow, &why);

    if (st == CW_OK)
        st = cw_parquet_open(&p, w, schema, o, &why);
    cw_schema_free(schema);
    if (st != CW_OK)
        return give_up(w, &why, err);
    if (take_batches(p, stream, arrow, &why) != CW_OK)
        cw__parquet_fail(p, &why);
    return cw_parquet_close(p, info, err);
}

cw_status cw_parquet_drain_arrow_stream(cw_writer *w, struct ArrowArrayStream *stream,
                                        const cw_parquet_options *o, cw_parquet_info *info,
                                        cw_error *err)
{
    struct ArrowSchema arrow = {.release = NULL};
    cw_error why = {0};
    cw_status st;
    int rc;

    if (info)
        memset(info, 0, sizeof *info);
    rc = stream->get_schema(stream, &arrow);
    if (rc != 0) {
        stream_failed(stream, rc, "its schema", &why);
        st = give_up(w, &why, err);
    } else {
        st = drain(w, stream, &arrow, o, info, err);
    }
    if (arrow.release)
        arrow.release(&arrow);
    if (stream->release)
        stream->release(stream);
    return st;
}

cw_status cw_parquet_write_arrow_stream(cw_client *c, const char *url,
                                        struct ArrowArrayStream *stream,
                                        const cw_parquet_options *o, cw_parquet_info *info,
                                        cw_error *err)
{
    cw_writer *w;
    cw_status st = cw_writer_open(&w, c, url, NULL, err);

    if (st == CW_OK)
        return cw_parquet_drain_arrow_stream(w, stream, o, info, err);
    if (info)
        memset(info, 0, sizeof *info);
    if (stream->release)
        stream->release(stream);
    return st;
}
