/* list_local.c - what S3 does with a delimiter and start_after, for lists that do it not
 *
 * Keys that share the part up to the delimiter come one after another, since all are in order: the
 * last prefix that was told is enough to know.
 */
#include "store/source.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/objects.h"
#include "base/text.h"

#include <string.h>

typedef struct grouped {
    cw__source inner;
    const cw_list_options *options;
    size_t prefix_bytes;
    cw__text last; /* the prefix that was told last; "": none */
} grouped;

/* Bytes of the key up to the end of the first delimiter behind the prefix; 0: there is none. */
static size_t shared_bytes(const grouped *g, const char *key)
{
    const char *delimiter = g->options->delimiter;
    const char *at = delimiter ? strstr(key + g->prefix_bytes, delimiter) : NULL;

    return at ? (size_t)(at - key) + strlen(delimiter) : 0;
}

static bool begins_with(const char *text, const char *start, size_t n)
{
    return text && strncmp(text, start, n) == 0;
}

/* Whether a key is to be told, and if so make the entry the prefix that it falls under. */
static cw_status consider(grouped *g, cw_list_entry *e, bool *told, cw_error *err)
{
    const char *after = g->options->start_after;
    size_t shared = shared_bytes(g, e->key);

    *told = !after || strcmp(e->key, after) > 0;
    if (shared == 0 || !*told)
        return CW_OK;
    if (begins_with(after, e->key, shared) ||
        (g->last.n == shared && begins_with(g->last.p, e->key, shared))) {
        *told = false;
        return CW_OK;
    }
    cw__text_reset(&g->last);
    cw__text_add_n(&g->last, e->key, shared);
    if (g->last.failed)
        return cw__fail_memory(err, "listing");
    *e = (cw_list_entry){
        .key = g->last.p, .etag = "", .storage_class = "", .version_id = "", .is_prefix = 1};
    return CW_OK;
}

static cw_status next_grouped(void *self, cw_list_entry *e, cw_error *err)
{
    grouped *g = self;
    bool told = false;
    cw_status st = CW_OK;

    while (st == CW_OK && !told) {
        e->key = NULL;
        st = g->inner.next(g->inner.self, e, err);
        if (st != CW_OK || !e->key)
            return st;
        st = consider(g, e, &told, err);
    }
    return st;
}

static void free_grouped(void *self)
{
    grouped *g = self;

    g->inner.free(g->inner.self);
    cw__text_free(&g->last);
    cw__free(g);
}

cw_status cw__source_grouped(cw__source *out, cw__source *inner, const char *prefix,
                             const cw_list_options *o, cw_error *err)
{
    grouped *g = cw__alloc_zero(sizeof *g);

    if (!g)
        return cw__fail_memory(err, "opening a list");
    g->inner = *inner;
    g->options = o;
    g->prefix_bytes = strlen(prefix);
    *out = (cw__source){next_grouped, free_grouped, g};
    return CW_OK;
}

/* ---- memory: all of it at once, as it was when the list began ---- */

typedef struct memory_list {
    cw__object_line *lines;
    size_t count, at;
} memory_list;

static cw_status next_in_memory(void *self, cw_list_entry *e, cw_error *err)
{
    memory_list *m = self;
    const cw__object_line *line;

    (void)err;
    if (m->at == m->count)
        return CW_OK;
    line = &m->lines[m->at++];
    e->key = line->name;
    e->bytes = line->bytes;
    e->etag = line->etag;
    e->modified_ms = line->modified_ms;
    return CW_OK;
}

static void free_memory_list(void *self)
{
    memory_list *m = self;

    cw__objects_list_free(m->lines, m->count);
    cw__free(m);
}

cw_status cw__source_memory(cw__source *out, cw__url *at, const cw_list_options *o, cw_error *err)
{
    memory_list *m = cw__alloc_zero(sizeof *m);

    (void)o;
    if (!m)
        return cw__fail_memory(err, "opening a list");
    if (cw__objects_list(at->path, &m->lines, &m->count) != CW_OK) {
        free_memory_list(m);
        return cw__fail_memory(err, "opening a list");
    }
    *out = (cw__source){next_in_memory, free_memory_list, m};
    return CW_OK;
}
