/* part.c - a part of an object: slabs filled by a writer, sent by an upload, given back */
#include "s3/part.h"

#include "base/memory.h"

#include <string.h>

enum { FIRST_CAPACITY = 4 };

cw__part *cw__part_new(unsigned number)
{
    cw__part *part = cw__alloc_zero(sizeof *part);

    if (part)
        part->number = number;
    return part;
}

/* The slab used last goes back last, and is the first to be taken again. */
void cw__part_free(cw__part *part, cw__pool *pool)
{
    if (!part)
        return;
    for (size_t i = 0; i < part->slab_count; i++) {
        if (part->moving)
            cw__pool_arrive(pool, part->slabs[i]);
        else
            cw__pool_give(pool, part->slabs[i]);
    }
    cw__free(part->slabs);
    cw__free(part);
}

cw_status cw__part_make_room(cw__part *part)
{
    size_t capacity = part->slab_capacity ? part->slab_capacity * 2 : FIRST_CAPACITY;
    void **slabs;

    if (part->slab_count < part->slab_capacity)
        return CW_OK;
    slabs = cw__realloc(part->slabs, capacity * sizeof *slabs);
    if (!slabs)
        return CW_E_NO_MEMORY;
    part->slabs = slabs;
    part->slab_capacity = capacity;
    return CW_OK;
}

void cw__part_add_slab(cw__part *part, void *slab)
{
    part->slabs[part->slab_count++] = slab;
}

size_t cw__part_tail(const cw__part *part, void **p)
{
    uint64_t room = (uint64_t)part->slab_count * CW__SLAB_BYTES - part->bytes;

    if (room == 0)
        return 0;
    *p = (char *)part->slabs[part->slab_count - 1] + (CW__SLAB_BYTES - room);
    return (size_t)room;
}

void cw__part_depart(cw__part *part, cw__pool *pool)
{
    part->moving = true;
    cw__pool_depart(pool, part->slab_count);
}

const void *cw__part_in_one_piece(const cw__part *part)
{
    return part->bytes > 0 && part->bytes <= CW__SLAB_BYTES ? part->slabs[0] : NULL;
}

size_t cw__part_read(void *user, uint64_t offset, void *p, size_t n)
{
    const cw__part *part = user;
    size_t done = 0;

    if (n > part->bytes - offset)
        n = (size_t)(part->bytes - offset);
    while (done < n) {
        size_t within = (size_t)((offset + done) % CW__SLAB_BYTES);
        size_t k = CW__SLAB_BYTES - within;

        if (k > n - done)
            k = n - done;
        memcpy((char *)p + done,
               (const char *)part->slabs[(offset + done) / CW__SLAB_BYTES] + within, k);
        done += k;
    }
    return n;
}
