/* block.h - whole blocks compressed and restored at once: the pages of a Parquet file
 *
 * One interface (block.c), one file for each codec behind it. zlib and zstd are linked; liblz4 is
 * looked for at run time, once; snappy needs no library. A compressor belongs to one thread at a
 * time and keeps its contexts from block to block.
 */
#ifndef CW_PORT_BLOCK_H
#define CW_PORT_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cloudwriter/status.h>

typedef enum cw__block_codec {
    CW__BLOCK_NONE = 0,
    CW__BLOCK_ZSTD,
    CW__BLOCK_GZIP, /* an RFC 1952 member; restored from one or more */
    CW__BLOCK_SNAPPY,
    CW__BLOCK_LZ4 /* a raw block */
} cw__block_codec;

/** What is compressed. */
enum {
    CW__BLOCK_ANY = 0,
    CW__BLOCK_NUMBERS = 1,
    CW__BLOCK_SPLIT = 2,    /* numbers, byte by byte: plus CW__BLOCK_PLANE times their count */
    CW__BLOCK_PACKED = 3,   /* numbers, bit by bit, often noise: plus as often their bytes */
    CW__BLOCK_LITERALS = 4, /* bytes where nothing is repeated: plus as often how many */
    CW__BLOCK_KIND = 7,
    CW__BLOCK_PLANE = 8,
    CW__BLOCK_MOST_PLANE = 1 << 28 /* none is as long */
};

typedef struct cw__block cw__block;

/** CW_OK, or CW_E_UNSUPPORTED with the library that is missing, or CW_E_INVALID_ARGUMENT: level. */
cw_status cw__block_check(cw__block_codec codec, int level, cw_error *err);

cw__block *cw__block_new(void); /* NULL: out of memory */
void cw__block_free(cw__block *b);

/** The most bytes that n bytes can become. */
size_t cw__block_bound(cw__block_codec codec, size_t n);

/**
 * Compress n bytes; `hint` says what they are, and changes nothing but speed and size.
 * @return bytes written; 0: they do not fit `room` or memory is out
 */
size_t cw__block_compress(cw__block *b, cw__block_codec codec, int level, unsigned hint, void *to,
                          size_t room, const void *from, size_t n);

/** Exactly `n` bytes have to come out of untrusted input. */
bool cw__block_restore(cw__block *b, cw__block_codec codec, void *to, size_t n, const void *from,
                       size_t from_n);

#endif
