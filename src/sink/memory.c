/* memory.c - a sink that is an object in the process
 *
 * The sink owns a buffer that doubles and lends its end to be written into. publish makes an
 * object of it and hangs that among the others (base/objects.h), where it replaces one of the same
 * name.
 */
#include "sink/memory.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/etag.h"
#include "base/memory.h"
#include "base/objects.h"
#include "sink/sink.h"

#include <cloudwriter/object.h>

enum { FIRST_BYTES = 4096 };

struct memory_sink {
    cw__object *object; /* under construction */
    size_t capacity;
    int create_only;
    char *if_match; /* without quotes; NULL: none */
};

/** Room for at least one byte more. */
static cw_status grow(struct memory_sink *m, size_t more, cw_error *err)
{
    cw__object *o = m->object;
    size_t wanted = m->capacity ? m->capacity : FIRST_BYTES;
    while (wanted - o->n < more && wanted <= SIZE_MAX / 2)
        wanted *= 2;
    unsigned char *p = wanted - o->n < more ? NULL : cw__realloc(o->p, wanted);
    if (!p)
        return cw__fail_memory(err, "writing an object in memory");
    o->p = p;
    m->capacity = wanted;
    return CW_OK;
}

static cw_status begin(void *self, const cw_writer_options *o, cw_error *err)
{
    struct memory_sink *m = self;
    if (o->sse != CW_SSE_BUCKET)
        return cw__fail(err, CW_E_UNSUPPORTED, "objects in memory cannot be encrypted (sse)");
    m->create_only = o->create_only;
    if (!o->if_match)
        return CW_OK;
    m->if_match = cw__etag_strip(cw__strdup(o->if_match));
    return m->if_match ? CW_OK : cw__fail_memory(err, "beginning an object in memory");
}

static cw_status write_bytes(void *self, const void *p, size_t n, cw_error *err)
{
    struct memory_sink *m = self;
    cw__object *o = m->object;
    if (m->capacity - o->n < n && grow(m, n, err) != CW_OK)
        return CW_E_NO_MEMORY;
    memcpy(o->p + o->n, p, n);
    o->n += n;
    return CW_OK;
}

static cw_status reserve(void *self, void **p, size_t *cap, cw_error *err)
{
    struct memory_sink *m = self;
    cw__object *o = m->object;
    if (m->capacity == o->n && grow(m, 1, err) != CW_OK)
        return CW_E_NO_MEMORY;
    *p = o->p + o->n;
    *cap = m->capacity - o->n;
    return CW_OK;
}

static cw_status commit(void *self, size_t used, cw_error *err)
{
    struct memory_sink *m = self;
    if (used > m->capacity - m->object->n)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "commit of more bytes than were lent");
    m->object->n += used;
    return CW_OK;
}

/** Give back the room that is not used; an empty object keeps one byte, so that p is not NULL. */
static cw_status trim(struct memory_sink *m, cw_error *err)
{
    cw__object *o = m->object;
    unsigned char *p = cw__realloc(o->p, o->n ? o->n : 1);
    if (!p && !o->p)
        return cw__fail_memory(err, "publishing an object in memory");
    if (p)
        o->p = p;
    m->capacity = o->n;
    return CW_OK;
}

static cw_status publish(void *self, cw_object_info *info, cw_error *err)
{
    struct memory_sink *m = self;
    cw__object *o = m->object;
    cw__object_condition when = {.absent = m->create_only, .if_match = m->if_match};
    cw_status status = trim(m, err);
    if (status != CW_OK)
        return status;
    size_t n = o->n;
    char etag[CW__OBJECT_ETAG];
    status = cw__objects_publish(o, &when, etag, err);
    if (status != CW_OK)
        return status;
    m->object = NULL;
    info->bytes = n;
    memcpy(info->etag, etag, sizeof etag);
    return CW_OK;
}

static cw_status abort_object(void *self, cw_error *err)
{
    struct memory_sink *m = self;
    (void)err;
    cw__object_free(m->object);
    m->object = NULL;
    return CW_OK;
}

static void stats(void *self, cw_stats *out)
{
    const struct memory_sink *m = self;
    if (m->object)
        out->bytes_out = m->object->n;
}

static void free_sink(void *self)
{
    struct memory_sink *m = self;
    cw__object_free(m->object);
    cw__free(m->if_match);
    cw__free(m);
}

static const cw_sink_ops memory_ops = {
    .struct_size = sizeof(cw_sink_ops),
    .name = "memory",
    .begin = begin,
    .write = write_bytes,
    .reserve = reserve,
    .commit = commit,
    .publish = publish,
    .abort = abort_object,
    .stats = stats,
    .free = free_sink,
};

cw_status cw__sink_memory_new(cw_sink **out, const char *name, cw_error *err)
{
    cw_status status = CW_E_NO_MEMORY;
    *out = NULL;
    if (!name[0])
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "mem:// needs a name after it");
    struct memory_sink *m = cw__alloc_zero(sizeof *m);
    if (!m)
        return cw__fail_memory(err, "making an object in memory");
    m->object = cw__object_new(name);
    if (m->object)
        status = cw_sink_new(out, &memory_ops, m, err);
    else
        cw__fail_memory(err, "making an object in memory");
    if (status != CW_OK)
        free_sink(m);
    return status;
}

cw_status cw_memory_get(const char *name, const void **p, size_t *n)
{
    if (!name || !p || !n)
        return CW_E_INVALID_ARGUMENT;
    *p = NULL;
    *n = 0;
    return cw__objects_get(name, p, n) ? CW_OK : CW_E_NOT_FOUND;
}

void cw_memory_remove(const char *name)
{
    static const cw__object_condition always = {0};
    if (!name)
        cw__objects_remove_all();
    else
        cw__objects_remove(name, &always, NULL);
}
