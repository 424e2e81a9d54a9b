/* sink.c - make, call and free sinks of any kind */
#include "sink/sink.h"

#include "base/error.h"
#include "base/memory.h"

/** Make `err` agree with what `s` answered to `verb`. */
static cw_status settle(const cw_sink *s, const char *verb, cw_status status, cw_error *err)
{
    if (status == CW_OK) {
        if (err->status != CW_OK || err->message[0])
            cw__error_clear(err);
        return CW_OK;
    }
    if (!err->message[0])
        return cw__fail(err, status, "the %s sink failed to %s, and did not say why",
                        s->ops->name ? s->ops->name : "custom", verb);
    err->status = status;
    return status;
}

/** Where the sink may write its error: the caller's, or one that is thrown away. Cleared. */
static cw_error *place_for(cw_error *err, cw_error *otherwise)
{
    cw_error *place = err ? err : otherwise;
    cw__error_clear(place);
    return place;
}

cw_status cw__sink_begin(cw_sink *s, const cw_writer_options *o, cw_error *err)
{
    cw_error unseen, *e = place_for(err, &unseen);
    return settle(s, "begin", s->ops->begin ? s->ops->begin(s->self, o, e) : CW_OK, e);
}

cw_status cw__sink_write(cw_sink *s, const void *p, size_t n, cw_error *err)
{
    cw_error unseen, *e = place_for(err, &unseen);
    return settle(s, "write", n > 0 ? s->ops->write(s->self, p, n, e) : CW_OK, e);
}

cw_status cw__sink_reserve(cw_sink *s, void **p, size_t *cap, cw_error *err)
{
    cw_error unseen, *e = place_for(err, &unseen);
    *p = NULL;
    *cap = 0;
    cw_status status = s->ops->reserve(s->self, p, cap, e);
    if (status == CW_OK && (!*p || *cap == 0))
        return cw__fail(e, CW_E_STATE, "the %s sink lent no memory",
                        s->ops->name ? s->ops->name : "custom");
    return settle(s, "reserve", status, e);
}

cw_status cw__sink_commit(cw_sink *s, size_t used, cw_error *err)
{
    cw_error unseen, *e = place_for(err, &unseen);
    return settle(s, "commit", s->ops->commit(s->self, used, e), e);
}

cw_status cw__sink_flush(cw_sink *s, cw_error *err)
{
    cw_error unseen, *e = place_for(err, &unseen);
    return settle(s, "flush", s->ops->flush ? s->ops->flush(s->self, e) : CW_OK, e);
}

cw_status cw__sink_publish(cw_sink *s, cw_object_info *info, cw_error *err)
{
    cw_error unseen, *e = place_for(err, &unseen);
    return settle(s, "publish", s->ops->publish(s->self, info, e), e);
}

cw_status cw__sink_abort(cw_sink *s, cw_error *err)
{
    cw_error unseen, *e = place_for(err, &unseen);
    return settle(s, "abort", s->ops->abort(s->self, e), e);
}

void cw__sink_stats(const cw_sink *s, cw_stats *out)
{
    if (s->ops->stats)
        s->ops->stats(s->self, out);
}

void cw__sink_free(cw_sink *s)
{
    if (!s)
        return;
    s->ops->free(s->self);
    cw__free(s);
}

static const char *missing(const cw_sink_ops *ops)
{
    if (!ops->write)
        return "write";
    if (!ops->publish)
        return "publish";
    if (!ops->abort)
        return "abort";
    if (!ops->free)
        return "free";
    if (!ops->reserve != !ops->commit)
        return ops->reserve ? "commit" : "reserve";
    return NULL;
}

cw_status cw_sink_new(cw_sink **out, const cw_sink_ops *ops, void *self, cw_error *err)
{
    if (!out)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "there is no place for the sink");
    *out = NULL;
    cw__error_clear(err);
    if (!ops)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "a sink needs its operations");
    if (ops->struct_size < sizeof *ops)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "struct_size of the sink's operations is %zu, expected %zu",
                        ops->struct_size, sizeof *ops);
    if (missing(ops))
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "the sink's operations lack %s", missing(ops));
    cw_sink *s = cw__alloc(sizeof *s);
    if (!s)
        return cw__fail_memory(err, "making a sink");
    s->ops = ops;
    s->self = self;
    *out = s;
    return CW_OK;
}

void cw_sink_free(cw_sink *s)
{
    cw__sink_free(s);
}
