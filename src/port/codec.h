/* codec.h - compressors that are fed and drained piece by piece: gzip (zlib) and zstd
 *
 * One interface, one file for each library behind it (gzip.c, zstd.c).
 */
#ifndef CW_PORT_CODEC_H
#define CW_PORT_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <cloudwriter/status.h>

typedef struct cw__codec cw__codec;

typedef enum cw__codec_mode {
    CW__CODEC_RUN,   /* take input, give output when there is some */
    CW__CODEC_FLUSH, /* end a block: all that went in can be read from what came out */
    CW__CODEC_FINISH /* end the stream */
} cw__codec_mode;

/** Positions move as bytes are used and made. */
typedef struct cw__codec_io {
    const void *in;
    size_t in_n, in_used;
    void *out;
    size_t out_n, out_used;
} cw__codec_io;

/** One gzip member (RFC 1952). level 0: the library's default, else 1 to 9. */
cw_status cw__codec_gzip(cw__codec **out, int level, cw_error *err);

/**
 * One zstd frame with a checksum. level 0: the library's default, else -7 to 22. `threads` worker
 * threads, 0 for none; a libzstd without threads answers CW_E_UNSUPPORTED.
 */
cw_status cw__codec_zstd(cw__codec **out, int level, unsigned threads, cw_error *err);

/**
 * Run once. With FLUSH and FINISH call again, with room in `out`, until *done is true; with RUN
 * until all input is used.
 */
cw_status cw__codec_run(cw__codec *c, cw__codec_mode mode, cw__codec_io *io, bool *done,
                        cw_error *err);
void cw__codec_free(cw__codec *c);

#endif
