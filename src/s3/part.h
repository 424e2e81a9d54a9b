/* part.h - a part of an object: slabs filled by a writer, sent by an upload, given back */
#ifndef CW_S3_PART_H
#define CW_S3_PART_H

#include <stddef.h>
#include <stdint.h>
#include "base/pool.h"
#include "s3/checksum.h"

typedef struct cw__part cw__part;
struct cw__part {
    cw__part *next; /* in an upload's queue */
    unsigned number;
    uint64_t bytes;
    void **slabs; /* all full but the last */
    size_t slab_count, slab_capacity;
    bool moving; /* handed to an upload: its slabs end with cw__pool_arrive */
    cw__checksum_value checksum;
    char payload_hash[65]; /* "" if the payload is not signed */
};

/** An empty part; NULL when out of memory. */
cw__part *cw__part_new(unsigned number);

/** Give the slabs back and free the part. NULL is fine. */
void cw__part_free(cw__part *part, cw__pool *pool);

/** Room for one more slab. @return CW_OK or CW_E_NO_MEMORY */
cw_status cw__part_make_room(cw__part *part);

/** Add a slab; there must be room. */
void cw__part_add_slab(cw__part *part, void *slab);

/** The free end of the last slab: where it starts, and how much. 0 when a slab is needed. */
size_t cw__part_tail(const cw__part *part, void **p);

/** From now on its slabs are on their way (see pool.h). */
void cw__part_depart(cw__part *part, cw__pool *pool);

/** Its bytes, where they lie in one slab; else NULL. */
const void *cw__part_in_one_piece(const cw__part *part);

/** Copy up to `n` bytes from `offset`. A cw__body's read. */
size_t cw__part_read(void *part, uint64_t offset, void *p, size_t n);

#endif
