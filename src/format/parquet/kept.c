/* kept.c - what the footer needs of the row groups that are written, packed until close
 *
 * Each row group is one allocation of the size it needs, packed where that makes it smaller.
 */
#include "format/parquet/kept.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

enum { PACK_LEVEL = 1 };

struct cw__kept_group {
    uint8_t *p;
    size_t stored;
    size_t raw; /* sum of `n` */
    bool packed;
    size_t n[CW__KEPT_PARTS];
};

static cw_status no_memory(cw_error *err)
{
    return cw__fail_memory(err, "keeping the metadata of a row group");
}

static bool make_room(cw__kept *k)
{
    size_t room = k->room ? k->room + k->room / 2 : 8;
    cw__kept_group *groups;

    if (k->count < k->room)
        return true;
    groups = cw__realloc(k->groups, room * sizeof *groups);
    if (!groups)
        return false;
    k->groups = groups;
    k->room = room;
    return true;
}

static uint8_t *join(const cw__text parts[CW__KEPT_PARTS], cw__kept_group *g)
{
    uint8_t *all, *at;

    g->raw = 0;
    for (int i = 0; i < CW__KEPT_PARTS; i++)
        g->raw += g->n[i] = parts[i].n;
    all = at = cw__alloc(g->raw);
    for (int i = 0; all && i < CW__KEPT_PARTS; i++) {
        if (g->n[i])
            memcpy(at, parts[i].p, g->n[i]);
        at += g->n[i];
    }
    return all;
}

/* Replace g->p by a packed copy if there is one and it is smaller. */
static void pack(cw__kept *k, cw__kept_group *g)
{
    uint8_t *packed = cw__alloc(g->raw), *exact;
    size_t n = 0;

    if (packed)
        n = cw__block_compress(k->block, CW__BLOCK_ZSTD, PACK_LEVEL, 0, packed, g->raw, g->p,
                               g->raw);
    exact = n ? cw__realloc(packed, n) : NULL;
    if (!exact) {
        cw__free(packed);
        return;
    }
    cw__free(g->p);
    g->p = exact;
    g->stored = n;
    g->packed = true;
}

cw_status cw__kept_add(cw__kept *k, const cw__text parts[CW__KEPT_PARTS], cw_error *err)
{
    cw__kept_group g = {0};

    if (!make_room(k) || (!k->block && !(k->block = cw__block_new())))
        return no_memory(err);
    g.p = join(parts, &g);
    if (!g.p)
        return no_memory(err);
    g.stored = g.raw;
    pack(k, &g);
    k->groups[k->count++] = g;
    k->bytes += g.stored + sizeof g;
    return CW_OK;
}

cw_status cw__kept_open(cw__kept *k, size_t i, cw__kept_view *out, cw_error *err)
{
    const cw__kept_group *g = &k->groups[i];
    const uint8_t *at = g->p;

    cw__free(k->open);
    k->open = NULL;
    if (g->packed) {
        k->open = cw__alloc(g->raw);
        if (!k->open ||
            !cw__block_restore(k->block, CW__BLOCK_ZSTD, k->open, g->raw, g->p, g->stored))
            return no_memory(err);
        at = k->open;
    }
    for (int part = 0; part < CW__KEPT_PARTS; part++) {
        out->p[part] = at;
        out->n[part] = g->n[part];
        at += g->n[part];
    }
    return CW_OK;
}

void cw__kept_free(cw__kept *k)
{
    for (size_t i = 0; i < k->count; i++)
        cw__free(k->groups[i].p);
    cw__free(k->groups);
    cw__free(k->open);
    cw__block_free(k->block);
    memset(k, 0, sizeof *k);
}
