/* codec.c - the one interface in front of the compressors */
#include "port/codec.h"

cw_status cw__codec_run(cw__codec *c, cw__codec_mode mode, cw__codec_io *io, bool *done,
                        cw_error *err)
{
    return c->ops->run(c, mode, io, done, err);
}

void cw__codec_free(cw__codec *c)
{
    if (c)
        c->ops->free(c);
}
