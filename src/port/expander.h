/* expander.h - what gzip and zstd made, back into what went in, piece by piece
 *
 * Several members or frames one after the other are read as one stream, as the tools of both do.
 * An expander belongs to one thread at a time. The libraries allocate what they work in with their
 * own allocators: 40 KiB of gzip, the window of the frame (at most 128 MiB) of zstd.
 */
#ifndef CW_PORT_EXPANDER_H
#define CW_PORT_EXPANDER_H

#include "port/codec.h"

typedef struct cw__expander cw__expander;

cw_status cw__expander_gzip(cw__expander **out, cw_error *err);
cw_status cw__expander_zstd(cw__expander **out, cw_error *err);

/**
 * Take input and make output until one of both is used up. Call again with room while output came
 * out to the last byte: there may be more.
 * @return CW_OK; CW_E_INTEGRITY: that is damaged, or no such stream; CW_E_NO_MEMORY
 */
cw_status cw__expander_run(cw__expander *d, cw__codec_io *io, cw_error *err);

/** Could the input end here? If not, it was cut off. */
bool cw__expander_may_end(const cw__expander *d);

/** NULL is fine. */
void cw__expander_free(cw__expander *d);

/* The first member of each expander, for expander.c. */
typedef struct cw__expander_ops {
    cw_status (*run)(cw__expander *d, cw__codec_io *io, cw_error *err);
    void (*free)(cw__expander *d);
} cw__expander_ops;

struct cw__expander {
    const cw__expander_ops *ops;
    bool may_end;
};

#endif
