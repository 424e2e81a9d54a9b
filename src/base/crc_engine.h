/* crc_engine.h - one engine for all the CRCs, for crc.c, crc_fold.c and their test
 *
 * Everything is done with a register of 64 bits in reflected order: bit i is the coefficient of
 * x^(63-i). A CRC of 32 bits with polynomial P fits in unchanged as the CRC with P·x^32: its
 * register is x^32 times the short one, which in this order is the same number, zero-extended.
 */
#ifndef CW_BASE_CRC_ENGINE_H
#define CW_BASE_CRC_ENGINE_H

#include <stddef.h>
#include <stdint.h>

typedef enum cw__crc_kind { CW__CRC32, CW__CRC32C, CW__CRC64NVME, CW__CRC_KINDS } cw__crc_kind;

/** Each level includes those before it. */
typedef enum cw__crc_level {
    CW__CRC_PORTABLE, /* tables, 8 bytes at a time */
    CW__CRC_PCLMUL,   /* x86-64: 64 bytes at a time */
    CW__CRC_VPCLMUL   /* x86-64 with AVX-512: 256 bytes at a time */
} cw__crc_level;

/**
 * To fold 16 bytes forward over a distance of D bits: what their first 8 bytes are multiplied
 * with, x^(D+63) mod P, and their last 8, x^(D-1) mod P.
 */
typedef struct cw__crc_distance {
    uint64_t first, last;
} cw__crc_distance;

/** Arithmetic modulo one polynomial; all but the polynomial is computed at first use. */
typedef struct cw__crc_field {
    uint64_t polynomial; /* without x^64 */
    cw__crc_distance over_16, over_64, over_256;
    uint64_t table[8][256]; /* [k][b]: byte b with k zero bytes after it */
} cw__crc_field;

/** The best level of this processor. */
cw__crc_level cw__crc_best_level(void);

/**
 * Fold the start of `p` into 16 bytes: a message of these 16 bytes and of what was not consumed
 * has the same remainder from register 0 as `p` has from `crc`. @return how many bytes were
 * consumed: a multiple of 16, or 0 when n is too short for the level to be worth it
 */
size_t cw__crc_fold(cw__crc_level level, const cw__crc_field *f, uint64_t crc,
                    const unsigned char *p, size_t n, unsigned char folded[16]);

/** The register after `n` bytes more, at the given level, which the processor must have. */
uint64_t cw__crc_update(cw__crc_kind kind, cw__crc_level level, uint64_t crc, const void *p,
                        size_t n);

#endif
