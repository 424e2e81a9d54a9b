/* object_memory.c - the verbs of mem:// */
#include "store/backend.h"

#include "base/error.h"
#include "base/etag.h"
#include "base/objects.h"
#include "store/meta.h"

static cw_status refuse_version(const cw__url *at, cw_error *err)
{
    return cw__fail(err, CW_E_UNSUPPORTED, "mem://%s has no versions (version_id)", at->path);
}

static cw_status stat_memory(cw_object_meta **out, cw_client *c, const cw__url *at,
                             const cw_object_stat_options *o, cw_error *err)
{
    char etag[CW__OBJECT_ETAG];
    uint64_t bytes;
    int64_t modified;

    (void)c;
    if (o->version_id)
        return refuse_version(at, err);
    if (o->sse_customer_key)
        return cw__fail(err, CW_E_UNSUPPORTED, "objects in memory are not encrypted");
    if (!cw__objects_look(at->path, &bytes, etag, &modified))
        return cw__fail(err, CW_E_NOT_FOUND, "there is no mem://%s", at->path);
    *out = cw__meta_new(bytes, modified, etag);
    return *out ? CW_OK : cw__fail_memory(err, "looking at an object in memory");
}

static cw_status remove_memory(cw_client *c, const cw__url *at, const cw_object_delete_options *o,
                               cw_error *err)
{
    char etag[CW__ETAG];
    cw__object_condition when = {.present = !o->missing_ok};
    cw_status st;

    (void)c;
    if (o->version_id)
        return refuse_version(at, err);
    if (o->if_match)
        when.if_match = cw__etag_bare(o->if_match, etag);
    st = cw__objects_remove(at->path, &when, err);
    if (st != CW_E_NOT_FOUND || !o->missing_ok)
        return st;
    cw__error_clear(err);
    return CW_OK;
}

static cw_status copy_memory(cw_client *c, const cw__url *from, const cw__url *to,
                             const cw_object_copy_options *o, cw_object_info *info, cw_error *err)
{
    cw__object_condition when = {.absent = o->create_only != 0};
    char etag[CW__ETAG];
    int64_t modified;
    cw_status st;

    (void)c;
    if (o->version_id)
        return refuse_version(from, err);
    st = cw__objects_copy(from->path, o->if_match ? cw__etag_bare(o->if_match, etag) : NULL,
                          to->path, &when, err);
    if (st == CW_OK)
        cw__objects_look(to->path, &info->bytes, info->etag, &modified);
    return st;
}

static cw_status move_memory(cw_client *c, const cw__url *from, const cw__url *to,
                             const cw_object_copy_options *o, cw_object_info *info, cw_error *err)
{
    cw__object_condition when = {.present = true, .if_match = info->etag};
    cw_status st = copy_memory(c, from, to, o, info, err);

    return st == CW_OK ? cw__objects_remove(from->path, &when, err) : st;
}

const cw__backend cw__backend_memory = {
    .stat = stat_memory,
    .remove = remove_memory,
    .copy = copy_memory,
    .move = move_memory,
};
