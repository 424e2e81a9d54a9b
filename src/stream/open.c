/* open.c - from a URL and options to a writer: pick the sink, put the filters in front */
#include <cloudwriter/writer.h>

#include "base/error.h"
#include "base/options.h"
#include "base/url.h"
#include "s3/budget.h"
#include "s3/client.h"
#include "s3/part_size.h"
#include "sink/file.h"
#include "sink/memory.h"
#include "sink/s3.h"
#include "sink/sink.h"
#include "stream/filter.h"
#include "stream/writer.h"

/* The sink keeps a reference to the client of its own. */
static cw_status make_s3_sink(cw_sink **out, cw_client *c, const cw__url *url, cw_error *err)
{
    cw_client *taken;
    cw_status st = cw__client_take(&taken, c, err);

    if (st == CW_OK)
        st = cw__sink_s3_new(out, taken, url->bucket, url->path, err);
    cw_client_release(taken);
    return st;
}

static cw_status make_sink(cw_sink **out, cw_client *c, const char *text, cw_error *err)
{
    cw__url url;
    cw_status st = cw__url_parse(&url, text, err);

    if (st != CW_OK)
        return st;
    if (url.scheme == CW__SCHEME_S3)
        st = make_s3_sink(out, c, &url, err);
    else if (url.scheme == CW__SCHEME_FILE)
        st = cw__sink_file_new(out, url.path, err);
    else
        st = cw__sink_memory_new(out, url.path, err);
    cw__url_free(&url);
    return st;
}

static const char *encoding_of(cw_compression kind)
{
    return kind == CW_COMPRESSION_GZIP ? "gzip" : kind == CW_COMPRESSION_ZSTD ? "zstd" : NULL;
}

/* On failure what is left of the chain is in *sink, for the caller to free. */
static cw_status open_chain(cw_writer **out, cw_sink **sink, cw_writer_options *o, cw_error *err)
{
    cw_sink *filter;
    cw_status st;

    if (o->compression != CW_COMPRESSION_NONE) {
        st = cw__filter_new(&filter, *sink, o->compression, o->compression_level,
                            o->compression_threads, err);
        if (st != CW_OK)
            return st;
        *sink = filter;
        if (!o->content_encoding)
            o->content_encoding = encoding_of(o->compression);
    }
    return cw__writer_new(out, *sink, o, err);
}

cw_status cw_writer_open(cw_writer **out, cw_client *c, const char *url,
                         const cw_writer_options *options, cw_error *err)
{
    cw_writer_options o;
    cw_sink *sink = NULL;
    cw_status st;

    *out = NULL;
    cw__error_clear(err);
    st = cw__options_take(&o, sizeof o, options, err);
    if (st == CW_OK)
        st = make_sink(&sink, c, url, err);
    if (st == CW_OK)
        st = open_chain(out, &sink, &o, err);
    if (st != CW_OK)
        cw_sink_free(sink);
    return st;
}

cw_status cw_writer_open_sink(cw_writer **out, cw_sink *s, const cw_writer_options *options,
                              cw_error *err)
{
    cw_writer_options o;
    cw_sink *chain = s;
    cw_status st;

    *out = NULL;
    cw__error_clear(err);
    st = cw__options_take(&o, sizeof o, options, err);
    if (st == CW_OK)
        st = open_chain(out, &chain, &o, err);
    if (st != CW_OK && chain != s)
        cw__filter_forget(chain); /* the sink itself stays the caller's */
    return st;
}

uint64_t cw_writer_largest_object(const cw_writer_options *options, uint64_t memory_bytes)
{
    cw_writer_options o;
    cw__budget budget;
    cw__part_sizes sizes;

    if (cw__options_take(&o, sizeof o, options, NULL) != CW_OK ||
        cw__budget_split(&budget, memory_bytes, 1, 0, true, NULL) != CW_OK)
        return 0;
    o.size_hint = 0;
    if (cw__part_sizes_init(&sizes, &o, NULL, budget.slab_bytes, NULL) != CW_OK)
        return 0;
    return cw__part_sizes_largest(&sizes);
}
