/* block_codecs.h - the codecs behind block.h, each with a file of its own
 *
 * Contexts are made when they are first needed and kept; freeing NULL is fine.
 */
#ifndef CW_PORT_BLOCK_CODECS_H
#define CW_PORT_BLOCK_CODECS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct cw__zstd_block cw__zstd_block;
int cw__zstd_block_most_level(void);
size_t cw__zstd_block_bound(size_t n);
size_t cw__zstd_block_compress(cw__zstd_block **z, int level, unsigned hint, void *to, size_t room,
                               const void *from, size_t n);
bool cw__zstd_block_restore(cw__zstd_block **z, void *to, size_t n, const void *from,
                            size_t from_n);
void cw__zstd_block_free(cw__zstd_block *z);

typedef struct cw__gzip_block cw__gzip_block;
size_t cw__gzip_block_compress(cw__gzip_block **g, int level, void *to, size_t room,
                               const void *from, size_t n);
bool cw__gzip_block_restore(cw__gzip_block **g, void *to, size_t n, const void *from,
                            size_t from_n);
void cw__gzip_block_free(cw__gzip_block *g);

typedef struct cw__snappy_block cw__snappy_block;
size_t cw__snappy_block_compress(cw__snappy_block **b, unsigned hint, void *to, size_t room,
                                 const void *from, size_t n);
bool cw__snappy_block_restore(void *to, size_t n, const void *from, size_t from_n);
void cw__snappy_block_free(cw__snappy_block *b);

typedef struct cw__lz4_block cw__lz4_block;
bool cw__lz4_block_there(void);
size_t cw__lz4_block_compress(cw__lz4_block **l, void *to, size_t room, const void *from, size_t n);
bool cw__lz4_block_restore(void *to, size_t n, const void *from, size_t from_n);
void cw__lz4_block_free(cw__lz4_block *l);

#endif
