/* objects.c - the objects of mem://, which live in the process
 *
 * A table of lists. All that can fail is done before the table is touched.
 */
#include "base/objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crc.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"

enum { LISTS = 1024 };

static cw__mutex table_lock = CW__MUTEX_INIT;
static cw__object *table[LISTS];

/* Around a fork the lock is held, so that in the child no other thread has it. */
static void table_take(void)
{
    cw__mutex_lock(&table_lock);
}

static void table_give(void)
{
    cw__mutex_unlock(&table_lock);
}

static pthread_once_t watch_once = PTHREAD_ONCE_INIT;

static void watch_forks(void)
{
    pthread_atfork(table_take, table_give, table_give);
}

cw__object *cw__object_new(const char *name)
{
    pthread_once(&watch_once, watch_forks);
    cw__object *o = cw__alloc_zero(sizeof *o);
    if (!o)
        return NULL;
    o->name = cw__strdup(name);
    if (o->name)
        return o;
    cw__free(o);
    return NULL;
}

void cw__object_free(cw__object *o)
{
    if (!o)
        return;
    cw__free(o->name);
    cw__free(o->p);
    cw__free(o);
}

/** The link that points to the object of that name, or to the NULL where it would be. */
static cw__object **find(const char *name)
{
    cw__object **link = &table[cw__crc32c(0, name, strlen(name)) % LISTS];
    while (*link && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    return link;
}

static void make_etag(cw__object *o)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t crc = cw__crc64nvme(0, o->p, o->n);
    for (int i = 0; i < 16; i++)
        o->etag[i] = digits[(crc >> (60 - 4 * i)) & 15];
    o->etag[16] = '\0';
}

/** Whether the condition holds against `there`, the object of the name or NULL. */
static cw_status allowed(const char *name, const cw__object_condition *when,
                         const cw__object *there, cw_error *err)
{
    if (when->absent && there)
        return cw__fail(err, CW_E_ALREADY_EXISTS, "mem://%s exists already", name);
    if ((when->present || when->if_match) && !there)
        return cw__fail(err, CW_E_NOT_FOUND, "there is no mem://%s", name);
    if (when->if_match && strcmp(when->if_match, there->etag) != 0)
        return cw__fail(err, CW_E_PRECONDITION, "the ETag of mem://%s is %s, not %s", name,
                        there->etag, when->if_match);
    return CW_OK;
}

/** Under the lock. *replaced is to be freed after it. */
static cw_status put_in(cw__object *o, const cw__object_condition *when, cw__object **replaced,
                        cw_error *err)
{
    cw__object **link = find(o->name);
    cw_status status = allowed(o->name, when, *link, err);
    if (status != CW_OK)
        return status;
    *replaced = *link;
    o->next = *replaced ? (*replaced)->next : NULL;
    *link = o;
    return CW_OK;
}

cw_status cw__objects_publish(cw__object *o, const cw__object_condition *when,
                              char etag[CW__OBJECT_ETAG], cw_error *err)
{
    cw__object *replaced = NULL;
    make_etag(o);
    memcpy(etag, o->etag, sizeof o->etag);
    o->modified_ms = cw__clock_wall_ms();
    cw__mutex_lock(&table_lock);
    cw_status status = put_in(o, when, &replaced, err);
    cw__mutex_unlock(&table_lock);
    cw__object_free(replaced);
    return status;
}

bool cw__objects_get(const char *name, const void **p, size_t *n)
{
    cw__mutex_lock(&table_lock);
    const cw__object *o = *find(name);
    if (o && p)
        *p = o->p;
    if (o && n)
        *n = o->n;
    cw__mutex_unlock(&table_lock);
    return o != NULL;
}

bool cw__objects_look(const char *name, uint64_t *bytes, char etag[CW__OBJECT_ETAG],
                      int64_t *modified_ms)
{
    cw__mutex_lock(&table_lock);
    const cw__object *o = *find(name);
    if (o) {
        *bytes = o->n;
        *modified_ms = o->modified_ms;
        memcpy(etag, o->etag, sizeof o->etag);
    }
    cw__mutex_unlock(&table_lock);
    return o != NULL;
}

bool cw__objects_read(const char *name, const char *etag, uint64_t offset, void *p, size_t n)
{
    cw__mutex_lock(&table_lock);
    const cw__object *o = *find(name);
    bool there = o && strcmp(o->etag, etag) == 0;
    if (there)
        memcpy(p, o->p + offset, n);
    cw__mutex_unlock(&table_lock);
    return there;
}

/** Under the lock: `to` gets the bytes of the object of that name. */
static cw_status take_bytes(cw__object *to, const char *from, const char *if_match, cw_error *err)
{
    cw__object_condition when = {.present = true, .if_match = if_match};
    const cw__object *o = *find(from);
    cw_status status = allowed(from, &when, o, err);
    if (status != CW_OK)
        return status;
    to->p = cw__alloc(o->n ? o->n : 1);
    if (!to->p)
        return cw__fail_memory(err, "copying an object in memory");
    memcpy(to->p, o->p, o->n);
    to->n = o->n;
    memcpy(to->etag, o->etag, sizeof to->etag);
    return CW_OK;
}

cw_status cw__objects_copy(const char *from, const char *if_match, const char *to,
                           const cw__object_condition *when, cw_error *err)
{
    cw__object *replaced = NULL, *o = cw__object_new(to);
    if (!o)
        return cw__fail_memory(err, "copying an object in memory");
    o->modified_ms = cw__clock_wall_ms();
    cw__mutex_lock(&table_lock);
    cw_status status = take_bytes(o, from, if_match, err);
    if (status == CW_OK)
        status = put_in(o, when, &replaced, err);
    cw__mutex_unlock(&table_lock);
    cw__object_free(status == CW_OK ? replaced : o);
    return status;
}

/** Take the first object of a list out of it, unless it is NULL. Under the lock. */
static cw__object *take_out(cw__object **link)
{
    cw__object *o = *link;
    if (o)
        *link = o->next;
    return o;
}

cw_status cw__objects_remove(const char *name, const cw__object_condition *when, cw_error *err)
{
    cw__object *removed = NULL;
    cw__mutex_lock(&table_lock);
    cw__object **link = find(name);
    cw_status status = allowed(name, when, *link, err);
    if (status == CW_OK)
        removed = take_out(link);
    cw__mutex_unlock(&table_lock);
    cw__object_free(removed);
    return status;
}

void cw__objects_remove_all(void)
{
    cw__mutex_lock(&table_lock);
    for (size_t i = 0; i < LISTS; i++)
        while (table[i])
            cw__object_free(take_out(&table[i]));
    cw__mutex_unlock(&table_lock);
}

/* ---- lists ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const cw__object_line *)a)->name, ((const cw__object_line *)b)->name);
}

static bool add_line(cw__object_line **lines, size_t *count, size_t *room, const cw__object *o)
{
    cw__object_line *more = cw__array_grow(*lines, *count, room, sizeof **lines, 16);

    if (!more)
        return false;
    *lines = more;
    cw__object_line *line = &(*lines)[*count];
    line->name = cw__strdup(o->name);
    line->bytes = o->n;
    line->modified_ms = o->modified_ms;
    memcpy(line->etag, o->etag, sizeof line->etag);
    *count += line->name != NULL;
    return line->name != NULL;
}

cw_status cw__objects_list(const char *prefix, cw__object_line **lines, size_t *count)
{
    size_t room = 0;
    bool enough = true;
    *lines = NULL;
    *count = 0;
    cw__mutex_lock(&table_lock);
    for (size_t i = 0; enough && i < LISTS; i++)
        for (const cw__object *o = table[i]; enough && o; o = o->next)
            if (cw__starts_with(o->name, prefix))
                enough = add_line(lines, count, &room, o);
    cw__mutex_unlock(&table_lock);
    if (*count)
        qsort(*lines, *count, sizeof **lines, by_name);
    return enough ? CW_OK : CW_E_NO_MEMORY;
}

void cw__objects_list_free(cw__object_line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cw__free(lines[i].name);
    cw__free(lines);
}
