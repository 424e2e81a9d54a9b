/* object.c - the verbs of objects: take the options, parse the URLs, choose the backend */
#include "store/backend.h"

#include "base/error.h"
#include "base/options.h"
#include "s3/client.h"

#include <string.h>

const cw__backend *cw__backend_of(cw__scheme scheme)
{
    switch (scheme) {
    case CW__SCHEME_S3:
        return &cw__backend_s3;
    case CW__SCHEME_FILE:
        return &cw__backend_file;
    case CW__SCHEME_MEMORY:
        break;
    }
    return &cw__backend_memory;
}

static cw_status check_s3(const cw__url *at, const cw_client *c, const char *url, cw_error *err)
{
    if (!c)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' cannot be reached without a client", url);
    if (!at->path[0])
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' names a bucket: add the key", url);
    return cw__client_check(c, err);
}

cw_status cw__place_parse(cw__url *out, const cw_client *c, const char *url, cw_error *err)
{
    cw_status st = cw__url_parse(out, url, err);

    if (st != CW_OK || out->scheme != CW__SCHEME_S3)
        return st;
    st = check_s3(out, c, url, err);
    if (st != CW_OK)
        cw__url_free(out);
    return st;
}

cw_status cw_object_stat(cw_object_meta **out, cw_client *c, const char *url,
                         const cw_object_stat_options *o, cw_error *err)
{
    cw_object_stat_options taken;
    cw__url at;
    cw_status st;

    *out = NULL;
    cw__error_clear(err);
    st = cw__options_take(&taken, sizeof taken, o, err);
    if (st == CW_OK)
        st = cw__place_parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    st = cw__backend_of(at.scheme)->stat(out, c, &at, &taken, err);
    cw__url_free(&at);
    return st;
}

cw_status cw_object_delete(cw_client *c, const char *url, const cw_object_delete_options *o,
                           cw_error *err)
{
    cw_object_delete_options taken;
    cw__url at;
    cw_status st;

    cw__error_clear(err);
    st = cw__options_take(&taken, sizeof taken, o, err);
    if (st == CW_OK)
        st = cw__place_parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    st = cw__backend_of(at.scheme)->remove(c, &at, &taken, err);
    cw__url_free(&at);
    return st;
}

/* ---- copy and move ---- */

typedef struct places {
    cw__url from, to;
} places;

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

static bool same_place(const places *p)
{
    return strcmp(or_empty(p->from.bucket), or_empty(p->to.bucket)) == 0 &&
           strcmp(p->from.path, p->to.path) == 0;
}

static cw_status check_places(const places *p, bool to_itself_is_fine, cw_error *err)
{
    if (p->from.scheme != p->to.scheme)
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "the service cannot copy between s3://, file:// and mem://: read the one "
                        "and write the other");
    if (same_place(p) && !to_itself_is_fine)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' is both source and target", p->from.path);
    return CW_OK;
}

/* Files and objects in memory have neither. */
static cw_status check_what(const places *p, const cw_object_copy_options *o, cw_error *err)
{
    if (p->from.scheme == CW__SCHEME_S3 || (!o->describe && !o->sse_customer_key))
        return CW_OK;
    return cw__fail(err, CW_E_UNSUPPORTED, "'%s' has no place for a description or a key",
                    p->to.path);
}

static cw_status parse_places(places *p, const cw_client *c, const char *from, const char *to,
                              bool to_itself_is_fine, cw_error *err)
{
    cw_status st = cw__place_parse(&p->from, c, from, err);

    if (st != CW_OK)
        return st;
    st = cw__place_parse(&p->to, c, to, err);
    if (st == CW_OK) {
        st = check_places(p, to_itself_is_fine, err);
        if (st != CW_OK)
            cw__url_free(&p->to);
    }
    if (st != CW_OK)
        cw__url_free(&p->from);
    return st;
}

static cw_status copy_or_move(cw_client *c, const char *from, const char *to,
                              const cw_object_copy_options *o, bool move, cw_object_info *info,
                              cw_error *err)
{
    cw_object_copy_options taken;
    cw_object_info told = {0};
    const cw__backend *backend;
    places p;
    cw_status st;

    cw__error_clear(err);
    st = cw__options_take(&taken, sizeof taken, o, err);
    if (st == CW_OK)
        st = parse_places(&p, c, from, to, taken.describe && !move, err);
    if (st != CW_OK)
        return st;
    backend = cw__backend_of(p.from.scheme);
    st = check_what(&p, &taken, err);
    if (st == CW_OK)
        st = (move ? backend->move : backend->copy)(c, &p.from, &p.to, &taken, &told, err);
    cw__url_free(&p.from);
    cw__url_free(&p.to);
    if (st == CW_OK && info)
        *info = told;
    return st;
}

cw_status cw_object_copy(cw_client *c, const char *from, const char *to,
                         const cw_object_copy_options *o, cw_object_info *info, cw_error *err)
{
    return copy_or_move(c, from, to, o, false, info, err);
}

cw_status cw_object_move(cw_client *c, const char *from, const char *to,
                         const cw_object_copy_options *o, cw_object_info *info, cw_error *err)
{
    return copy_or_move(c, from, to, o, true, info, err);
}
