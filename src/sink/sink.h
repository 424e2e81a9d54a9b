/* sink.h - call a sink: the struct behind cw_sink, and one forwarder for each operation
 *
 * A forwarder leaves out what the sink has no function for, and makes `err` tell the truth
 * whatever the sink left in it: with CW_OK it is clear; else its status is the one that is
 * returned, and its message is never empty. `err` may be NULL.
 */
#ifndef CW_SINK_SINK_H
#define CW_SINK_SINK_H

#include <cloudwriter/sys/sink.h>
#include <cloudwriter/writer.h>

struct cw_sink {
    const cw_sink_ops *ops;
    void *self;
};

cw_status cw__sink_begin(cw_sink *s, const cw_writer_options *o, cw_error *err);
cw_status cw__sink_write(cw_sink *s, const void *p, size_t n, cw_error *err);

/** Only where the sink lends memory: `s->ops->reserve` is not NULL. Lends at least one byte. */
cw_status cw__sink_reserve(cw_sink *s, void **p, size_t *cap, cw_error *err);
cw_status cw__sink_commit(cw_sink *s, size_t used, cw_error *err);

cw_status cw__sink_flush(cw_sink *s, cw_error *err);
cw_status cw__sink_publish(cw_sink *s, cw_object_info *info, cw_error *err);
cw_status cw__sink_abort(cw_sink *s, cw_error *err);
void cw__sink_stats(const cw_sink *s, cw_stats *out);

/** Free the sink and what is behind it. NULL is fine. */
void cw__sink_free(cw_sink *s);

#endif
