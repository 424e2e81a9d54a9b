/* copy_s3.c - copy and move from key to key, by the service itself
 *
 * The source is looked at first: its size decides between one request and parts, its ETag pins it,
 * and a copy in parts has to be told what the source is described with.
 */
#include "store/backend.h"

#include "base/error.h"
#include "base/etag.h"
#include "base/memory.h"
#include "base/options.h"
#include "s3/requests.h"
#include "store/copy_parts.h"

#include <string.h>

#define MOST_IN_ONE (UINT64_C(5) << 30)

typedef struct copy {
    cw_client *client;
    const cw__url *from, *to;
    const cw_object_copy_options *options;
    cw_object_meta *source;
    cw_object_tags *tags; /* of the source; NULL: none, or not needed */
    cw__copy_source pinned;
    const unsigned char *key; /* of SSE-C, of the target; or NULL */
    char etag[CW__ETAG];
} copy;

/* ---- looking ---- */

static cw_status look_at_source(copy *c, cw_error *err)
{
    cw_object_stat_options o = CW_OBJECT_STAT_OPTIONS_INIT;
    cw_status st;

    o.version_id = c->options->version_id;
    o.sse_customer_key = c->options->sse_customer_key;
    st = cw__backend_s3.stat(&c->source, c->client, c->from, &o, err);
    if (st != CW_OK)
        return st;
    if (c->options->if_match &&
        strcmp(cw__etag_bare(c->options->if_match, c->etag), c->source->etag) != 0)
        return cw__fail(err, CW_E_PRECONDITION, "the ETag of s3://%s/%s is %s, not %s",
                        c->from->bucket, c->from->path, c->source->etag, c->etag);
    c->pinned = (cw__copy_source){.bucket = c->from->bucket,
                                  .key = c->from->path,
                                  .version_id = o.version_id,
                                  .etag = c->source->etag,
                                  .sse_customer_key = o.sse_customer_key};
    return CW_OK;
}

/* One with SSE-C cannot be seen without its key, and answers 400: it is there. */
static cw_status look_at_target(const copy *c, cw_error *err)
{
    cw_object_stat_options o = CW_OBJECT_STAT_OPTIONS_INIT;
    cw_object_meta *there = NULL;
    cw_error why;
    cw_status st;

    if (!c->options->create_only)
        return CW_OK;
    st = cw__backend_s3.stat(&there, c->client, c->to, &o, &why);
    cw_object_meta_free(there);
    if (st == CW_OK || why.http_status == 400)
        return cw__fail(err, CW_E_ALREADY_EXISTS, "s3://%s/%s exists already", c->to->bucket,
                        c->to->path);
    if (st == CW_E_NOT_FOUND)
        return CW_OK;
    cw__error_copy(err, &why);
    return st;
}

/* ---- what the copy is ---- */

static const char *or_null(const char *s)
{
    return s[0] ? s : NULL;
}

static void keep(const char **said, const char *is)
{
    if (!*said)
        *said = or_null(is);
}

/*
 * A copy in parts is a new object, as is one that is described: all that the service would have
 * taken over, and that is not said, is said anew.
 */
static cw_status describe_as_source(copy *c, cw_writer_options *w, cw_error *err)
{
    const cw_object_meta *s = c->source;
    cw_status st = CW_OK;

    keep(&w->content_type, s->content_type);
    keep(&w->content_encoding, s->content_encoding);
    keep(&w->content_disposition, s->content_disposition);
    keep(&w->content_language, s->content_language);
    keep(&w->cache_control, s->cache_control);
    if (s->tags_count && !w->tags_count)
        st = cw__tags_of(&c->tags, c->client, c->from, c->options->version_id, err);
    if (st == CW_OK && c->tags) {
        w->tags = c->tags->list;
        w->tags_count = c->tags->count;
    }
    if (!w->metadata_count) {
        w->metadata = s->metadata;
        w->metadata_count = s->metadata_count;
    }
    return st;
}

static bool goes_in_parts(const copy *c)
{
    uint64_t most = c->options->multipart_bytes;

    if (cw__provider_is(&c->client->provider, CW__NO_PART_COPY))
        return false;
    return c->source->bytes > (most && most < MOST_IN_ONE ? most : MOST_IN_ONE);
}

static cw_status make_plan(copy *c, cw__plan *plan, cw_error *err)
{
    const cw_object_copy_options *o = c->options;
    cw_writer_options w = CW_WRITER_OPTIONS_INIT;
    cw_status st = CW_OK;

    if (o->describe)
        st = cw__options_take(&w, sizeof w, o->describe, err);
    c->key = w.sse == CW_SSE_C ? w.sse_customer_key : NULL;
    if (st == CW_OK && (o->describe ? o->keep : goes_in_parts(c)))
        st = describe_as_source(c, &w, err);
    w.create_only = o->create_only;
    w.if_match = NULL;
    w.checksum = CW_CHECKSUM_NONE; /* the bytes are the service's */
    return st == CW_OK ? cw__plan_init(plan, c->client, c->to->bucket, c->to->path, &w, err) : st;
}

/* ---- one request ---- */

static cw_status explain_doubt(const copy *c, cw_error *err)
{
    return cw__fail(err, CW_E_INDETERMINATE,
                    "the copy to s3://%s/%s was sent more than once, and now there is an object: "
                    "it may be the copy or another's",
                    c->to->bucket, c->to->path);
}

static cw_status copy_whole(copy *c, const cw__plan *plan, cw_object_info *info, cw_error *err)
{
    cw__exchange x;
    cw_status st;
    char *etag;

    cw__request_copy(&x, plan, cw__client_next_lane(c->client)->loop, &c->pinned,
                     c->options->describe != NULL);
    st = cw__exchange_run(&x, err);
    if (st == CW_E_ALREADY_EXISTS && x.in_doubt)
        st = explain_doubt(c, err);
    if (st == CW_OK) {
        etag = cw__read_etag(x.reply.document);
        info->bytes = c->source->bytes;
        cw__copy_string(info->etag, sizeof info->etag, etag ? etag : "");
        cw__copy_string(info->version_id, sizeof info->version_id, x.reply.version_id);
        cw__free(etag);
    }
    info->requests += x.attempts;
    cw__exchange_free(&x);
    return st;
}

static cw_status copy_looked_at(copy *c, cw_object_info *info, cw_error *err)
{
    cw__plan plan;
    cw_status st = look_at_target(c, err);

    if (st == CW_OK)
        st = make_plan(c, &plan, err);
    if (st != CW_OK)
        return st;
    st = goes_in_parts(c)
             ? cw__copy_parts(&plan, &c->pinned, c->source->bytes, c->options, info, err)
             : copy_whole(c, &plan, info, err);
    cw__plan_free(&plan);
    return st;
}

static void forget(copy *c)
{
    cw_object_meta_free(c->source);
    cw_object_tags_free(c->tags);
}

cw_status cw__copy_s3(cw_client *client, const cw__url *from, const cw__url *to,
                      const cw_object_copy_options *o, cw_object_info *info, cw_error *err)
{
    copy c = {.client = client, .from = from, .to = to, .options = o};
    cw_status st = look_at_source(&c, err);

    if (st == CW_OK)
        st = copy_looked_at(&c, info, err);
    forget(&c);
    return st;
}

/* ---- move ---- */

static cw_status verify(const copy *c, const cw_object_info *info, cw_error *err)
{
    cw_object_stat_options o = CW_OBJECT_STAT_OPTIONS_INIT;
    cw_object_meta *there;
    cw_status st;

    o.sse_customer_key = c->key;
    st = cw__backend_s3.stat(&there, c->client, c->to, &o, err);
    if (st != CW_OK)
        return st;
    if (there->bytes != c->source->bytes ||
        (info->etag[0] && there->etag[0] && strcmp(info->etag, there->etag) != 0))
        st = cw__fail(err, CW_E_INTEGRITY,
                      "s3://%s/%s is not the copy that was made: the source was left as it is",
                      c->to->bucket, c->to->path);
    cw_object_meta_free(there);
    return st;
}

cw_status cw__move_s3(cw_client *client, const cw__url *from, const cw__url *to,
                      const cw_object_copy_options *o, cw_object_info *info, cw_error *err)
{
    copy c = {.client = client, .from = from, .to = to, .options = o};
    cw_object_delete_options gone = CW_OBJECT_DELETE_OPTIONS_INIT;
    cw_status st = look_at_source(&c, err);

    if (st == CW_OK)
        st = copy_looked_at(&c, info, err);
    if (st == CW_OK)
        st = verify(&c, info, err);
    if (st == CW_OK) {
        gone.version_id = o->version_id;
        gone.if_match = or_null(c.source->etag);
        gone.sse_customer_key = o->sse_customer_key;
        st = cw__backend_s3.remove(client, from, &gone, err);
    }
    forget(&c);
    return st;
}
