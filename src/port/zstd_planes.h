/* zstd_planes.h - split numbers in a zstd frame, each plane as it deserves, and what else is better
 * not searched as a whole; for zstd_block.c */
#ifndef CW_PORT_ZSTD_PLANES_H
#define CW_PORT_ZSTD_PLANES_H

#include <stddef.h>
#include <stdint.h>
#include <zstd.h>

/**
 * Compress n bytes, which end in planes of `plane` bytes each, with the parameters that are set.
 * `kind`: CW__BLOCK_SPLIT; CW__BLOCK_PACKED or CW__BLOCK_LITERALS, of one plane.
 * @return bytes written; 0: nothing is gained by planes, or no room, or an error
 */
size_t cw__zstd_planes_compress(ZSTD_CCtx *c, uint8_t *to, size_t room, const uint8_t *from,
                                size_t n, unsigned kind, size_t plane);

#endif
