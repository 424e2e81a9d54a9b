/* codec.h - compressors that are fed and drained piece by piece: gzip (zlib) and zstd
 *
 * One interface (codec.c), one file for each library behind it (gzip.c, zstd.c). A codec belongs
 * to one thread at a time. The libraries allocate what they work in with their own allocators.
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

/** Whether the settings below could be used, without making anything: for an early answer. */
cw_status cw__codec_gzip_check(int level, cw_error *err);
cw_status cw__codec_zstd_check(int level, unsigned threads, cw_error *err);

/** One gzip member (RFC 1952). level 0: the library's default, else 1 to 9. */
cw_status cw__codec_gzip(cw__codec **out, int level, cw_error *err);

/**
 * One zstd frame with a checksum. level 0: the library's default, else -7 to 22. `threads` worker
 * threads, 0 for none; a libzstd without threads answers CW_E_UNSUPPORTED.
 */
cw_status cw__codec_zstd(cw__codec **out, int level, unsigned threads, cw_error *err);

/**
 * Run once, with at least one byte of room in `out`. With FLUSH and FINISH call again until *done
 * is true; with RUN until all input is used, which is when *done is true then.
 */
cw_status cw__codec_run(cw__codec *c, cw__codec_mode mode, cw__codec_io *io, bool *done,
                        cw_error *err);
/** Whatever state it is in. NULL is fine. */
void cw__codec_free(cw__codec *c);

/* The first member of each codec, for codec.c. */
typedef struct cw__codec_ops {
    cw_status (*run)(cw__codec *c, cw__codec_mode mode, cw__codec_io *io, bool *done,
                     cw_error *err);
    void (*free)(cw__codec *c);
} cw__codec_ops;

struct cw__codec {
    const cw__codec_ops *ops;
};

#endif
