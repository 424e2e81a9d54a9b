/* block.c - whole blocks compressed and restored at once: one interface, a file for each codec */
#include "port/block.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "port/block_codecs.h"

struct cw__block {
    cw__zstd_block *zstd;
    cw__gzip_block *gzip;
    cw__snappy_block *snappy;
    cw__lz4_block *lz4;
};

static cw_status check_level(const char *codec, int level, int most, cw_error *err)
{
    return level >= 0 && level <= most ? CW_OK
                                       : cw__fail(err, CW_E_INVALID_ARGUMENT,
                                                  "%s has no level %d: 1 to %d, or 0 for the "
                                                  "default",
                                                  codec, level, most);
}

cw_status cw__block_check(cw__block_codec codec, int level, cw_error *err)
{
    switch (codec) {
    case CW__BLOCK_ZSTD:
        return check_level("zstd", level, cw__zstd_block_most_level(), err);
    case CW__BLOCK_GZIP:
        return check_level("gzip", level, 9, err);
    case CW__BLOCK_LZ4:
        return cw__lz4_block_there()
                   ? CW_OK
                   : cw__fail(err, CW_E_UNSUPPORTED,
                              "LZ4_RAW needs liblz4.so.1, which is not on this system");
    default:
        return CW_OK;
    }
}

cw__block *cw__block_new(void)
{
    return cw__alloc_zero(sizeof(cw__block));
}

void cw__block_free(cw__block *b)
{
    if (!b)
        return;
    cw__zstd_block_free(b->zstd);
    cw__gzip_block_free(b->gzip);
    cw__snappy_block_free(b->snappy);
    cw__lz4_block_free(b->lz4);
    cw__free(b);
}

size_t cw__block_bound(cw__block_codec codec, size_t n)
{
    switch (codec) {
    case CW__BLOCK_ZSTD:
        return cw__zstd_block_bound(n);
    case CW__BLOCK_GZIP:
        return n + n / 1000 + 64;
    case CW__BLOCK_SNAPPY:
        return 32 + n + n / 6;
    case CW__BLOCK_LZ4:
        return n + n / 255 + 16;
    default:
        return n;
    }
}

size_t cw__block_compress(cw__block *b, cw__block_codec codec, int level, unsigned hint, void *to,
                          size_t room, const void *from, size_t n)
{
    switch (codec) {
    case CW__BLOCK_ZSTD:
        return cw__zstd_block_compress(&b->zstd, level, hint, to, room, from, n);
    case CW__BLOCK_GZIP:
        return cw__gzip_block_compress(&b->gzip, level, to, room, from, n);
    case CW__BLOCK_SNAPPY:
        return cw__snappy_block_compress(&b->snappy, hint, to, room, from, n);
    case CW__BLOCK_LZ4:
        return cw__lz4_block_compress(&b->lz4, to, room, from, n);
    default:
        if (n > room)
            return 0;
        memcpy(to, from, n);
        return n;
    }
}

bool cw__block_restore(cw__block *b, cw__block_codec codec, void *to, size_t n, const void *from,
                       size_t from_n)
{
    switch (codec) {
    case CW__BLOCK_ZSTD:
        return cw__zstd_block_restore(&b->zstd, to, n, from, from_n);
    case CW__BLOCK_GZIP:
        return cw__gzip_block_restore(&b->gzip, to, n, from, from_n);
    case CW__BLOCK_SNAPPY:
        return cw__snappy_block_restore(to, n, from, from_n);
    case CW__BLOCK_LZ4:
        return cw__lz4_block_restore(to, n, from, from_n);
    default:
        if (n != from_n)
            return false;
        memcpy(to, from, n);
        return true;
    }
}
