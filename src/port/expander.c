/* expander.c - the one interface in front of the expanders of gzip and zstd */
#include "port/expander.h"

cw_status cw__expander_run(cw__expander *d, cw__codec_io *io, cw_error *err)
{
    return d->ops->run(d, io, err);
}

bool cw__expander_may_end(const cw__expander *d)
{
    return d->may_end;
}

void cw__expander_free(cw__expander *d)
{
    if (d)
        d->ops->free(d);
}
