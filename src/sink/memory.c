/* memory.c - a sink that is an object in the process, and the store of those objects
 *
 * The sink owns a buffer that doubles and lends its end to be written into. publish makes an
 * object of it and hangs that into the store, where it replaces one of the same name; all that can
 * fail is done before the store is touched.
 *
 * The store is a table of lists under one lock. What cw_memory_get answers is inside an object and
 * so ends with it.
 */
#include "sink/memory.h"

#include <stdint.h>
#include <string.h>

#include "base/crc.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"
#include "sink/sink.h"

#include <cloudwriter/object.h>

enum { FIRST_BYTES = 4096, LISTS = 1024, ETAG_BYTES = 17 };

struct object {
    struct object *next;
    char *name;
    unsigned char *p; /* never NULL */
    size_t n;
    char etag[ETAG_BYTES];
};

struct memory_sink {
    struct object *object; /* under construction */
    size_t capacity;
    int create_only;
    char *if_match; /* without quotes; NULL: none */
};

static cw__mutex store_lock = CW__MUTEX_INIT;
static struct object *store[LISTS];

/* Around a fork the lock is held, so that in the child no other thread has it. */
static void store_take(void)
{
    cw__mutex_lock(&store_lock);
}

static void store_give(void)
{
    cw__mutex_unlock(&store_lock);
}

static pthread_once_t watch_once = PTHREAD_ONCE_INIT;

static void watch_forks(void)
{
    pthread_atfork(store_take, store_give, store_give);
}

static void free_object(struct object *o)
{
    if (!o)
        return;
    cw__free(o->name);
    cw__free(o->p);
    cw__free(o);
}

/** The link that points to the object of that name, or to the NULL where it would be. */
static struct object **find(const char *name)
{
    struct object **link = &store[cw__crc32c(0, name, strlen(name)) % LISTS];
    while (*link && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    return link;
}

/** Room for at least one byte more. */
static cw_status grow(struct memory_sink *m, size_t more, cw_error *err)
{
    struct object *o = m->object;
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
    size_t n = strlen(o->if_match);
    int quoted = n >= 2 && o->if_match[0] == '"' && o->if_match[n - 1] == '"';
    m->if_match = quoted ? cw__strndup(o->if_match + 1, n - 2) : cw__strdup(o->if_match);
    return m->if_match ? CW_OK : cw__fail_memory(err, "beginning an object in memory");
}

static cw_status write_bytes(void *self, const void *p, size_t n, cw_error *err)
{
    struct memory_sink *m = self;
    struct object *o = m->object;
    if (m->capacity - o->n < n && grow(m, n, err) != CW_OK)
        return CW_E_NO_MEMORY;
    memcpy(o->p + o->n, p, n);
    o->n += n;
    return CW_OK;
}

static cw_status reserve(void *self, void **p, size_t *cap, cw_error *err)
{
    struct memory_sink *m = self;
    struct object *o = m->object;
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

/** Whether the conditions hold against `there`, the object of the name or NULL. Under the lock. */
static cw_status allowed(const struct memory_sink *m, const struct object *there, cw_error *err)
{
    const char *name = m->object->name;
    if (m->create_only && there)
        return cw__fail(err, CW_E_ALREADY_EXISTS, "mem://%s exists already", name);
    if (m->if_match && !there)
        return cw__fail(err, CW_E_PRECONDITION, "mem://%s does not exist", name);
    if (m->if_match && strcmp(m->if_match, there->etag) != 0)
        return cw__fail(err, CW_E_PRECONDITION, "the ETag of mem://%s is %s, not %s", name,
                        there->etag, m->if_match);
    return CW_OK;
}

/** Give back the room that is not used; an empty object keeps one byte, so that p is not NULL. */
static cw_status trim(struct memory_sink *m, cw_error *err)
{
    struct object *o = m->object;
    unsigned char *p = cw__realloc(o->p, o->n ? o->n : 1);
    if (!p && !o->p)
        return cw__fail_memory(err, "publishing an object in memory");
    if (p)
        o->p = p;
    m->capacity = o->n;
    return CW_OK;
}

static void make_etag(struct object *o)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t crc = cw__crc64nvme(0, o->p, o->n);
    for (int i = 0; i < 16; i++)
        o->etag[i] = digits[(crc >> (60 - 4 * i)) & 15];
    o->etag[16] = '\0';
}

static cw_status publish(void *self, cw_object_info *info, cw_error *err)
{
    struct memory_sink *m = self;
    struct object *o = m->object, *replaced = NULL;
    cw_status status = trim(m, err);
    if (status != CW_OK)
        return status;
    make_etag(o);
    info->bytes = o->n;
    memcpy(info->etag, o->etag, sizeof o->etag);

    cw__mutex_lock(&store_lock);
    struct object **link = find(o->name);
    status = allowed(m, *link, err);
    if (status == CW_OK) {
        replaced = *link;
        o->next = replaced ? replaced->next : NULL;
        *link = o;
        m->object = NULL;
    }
    cw__mutex_unlock(&store_lock);
    free_object(replaced);
    return status;
}

static cw_status abort_object(void *self, cw_error *err)
{
    struct memory_sink *m = self;
    (void)err;
    free_object(m->object);
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
    free_object(m->object);
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
    pthread_once(&watch_once, watch_forks);
    cw_status status = CW_E_NO_MEMORY;
    *out = NULL;
    if (!name[0])
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "mem:// needs a name after it");
    struct memory_sink *m = cw__alloc_zero(sizeof *m);
    if (!m)
        return cw__fail_memory(err, "making an object in memory");
    m->object = cw__alloc_zero(sizeof *m->object);
    if (m->object)
        m->object->name = cw__strdup(name);
    if (m->object && m->object->name)
        status = cw_sink_new(out, &memory_ops, m, err);
    else
        cw__fail_memory(err, "making an object in memory");
    if (status != CW_OK)
        free_sink(m);
    return status;
}

cw_status cw_memory_get(const char *name, const void **p, size_t *n)
{
    cw_status status = CW_E_NOT_FOUND;
    if (!name || !p || !n)
        return CW_E_INVALID_ARGUMENT;
    *p = NULL;
    *n = 0;
    cw__mutex_lock(&store_lock);
    const struct object *o = *find(name);
    if (o) {
        *p = o->p;
        *n = o->n;
        status = CW_OK;
    }
    cw__mutex_unlock(&store_lock);
    return status;
}

/** Take the first object of a list out of it, unless it is NULL. Under the lock. */
static struct object *take_out(struct object **link)
{
    struct object *o = *link;
    if (o)
        *link = o->next;
    return o;
}

static void remove_all(void)
{
    for (size_t i = 0; i < LISTS; i++)
        while (store[i])
            free_object(take_out(&store[i]));
}

void cw_memory_remove(const char *name)
{
    cw__mutex_lock(&store_lock);
    if (name)
        free_object(take_out(find(name)));
    else
        remove_all();
    cw__mutex_unlock(&store_lock);
}
