/* unpack.h - what an object holds, decompressed on the way */
#ifndef CW_STREAM_UNPACK_H
#define CW_STREAM_UNPACK_H

#include "port/expander.h"
#include "stream/raw.h"

typedef struct cw__unpack {
    cw__raw *raw;
    cw_decompression wanted;
    cw_decompression kind; /* AUTO: not known yet */
    cw__expander *expander;
    unsigned char *out;
    size_t made, shown;
    uint64_t position; /* in what comes out */
    bool over;
    cw_error error; /* the first: damage stays */
} cw__unpack;

/** `wanted` is not NONE. */
cw_status cw__unpack_init(cw__unpack *u, cw__raw *raw, cw_decompression wanted, cw_error *err);
void cw__unpack_free(cw__unpack *u);

/** From the beginning again. */
void cw__unpack_rewind(cw__unpack *u);

/** As cw__raw_peek and cw__raw_skip. */
cw_status cw__unpack_peek(cw__unpack *u, const void **p, size_t *n, cw_error *err);
cw_status cw__unpack_skip(cw__unpack *u, const void *p, size_t n, cw_error *err);

#endif
