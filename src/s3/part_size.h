/* part_size.h - how large each part is, and what the largest object is that they can make */
#ifndef CW_S3_PART_SIZE_H
#define CW_S3_PART_SIZE_H

#include <stdbool.h>
#include <stdint.h>
#include "s3/provider.h"
#include <cloudwriter/writer.h>

enum { CW__MAX_PARTS = 10000 };
#define CW__MIN_PART_BYTES   (UINT64_C(5) << 20) /* of any part but the last, at AWS */
#define CW__MAX_PART_BYTES   (UINT64_C(5) << 30)
#define CW__MAX_OBJECT_BYTES (CW__MAX_PARTS * CW__MAX_PART_BYTES) /* 48.8 TiB */

typedef struct cw__part_sizes {
    bool fixed;
    uint64_t first; /* of part 1 */
    uint64_t cap;   /* growing stops here */
    uint64_t most;  /* bytes of an object, whatever the parts hold */
} cw__part_sizes;

/**
 * Choose sizes for a writer whose client has `slab_bytes` for parts.
 * @param p  the service; NULL: one like AWS
 * @return CW_OK; CW_E_INVALID_ARGUMENT when a part does not fit the memory; CW_E_TOO_LARGE when the
 *         size hint does not fit the parts
 */
cw_status cw__part_sizes_init(cw__part_sizes *out, const cw_writer_options *o,
                              const cw__provider *p, uint64_t slab_bytes, cw_error *err);

/** Bytes of part `number` (from 1). */
uint64_t cw__part_sizes_of(const cw__part_sizes *s, unsigned number);

/** May a part of `bytes` be sent before it is full? */
bool cw__part_sizes_may_cut(const cw__part_sizes *s, uint64_t bytes);

uint64_t cw__part_sizes_largest(const cw__part_sizes *s);

#endif
