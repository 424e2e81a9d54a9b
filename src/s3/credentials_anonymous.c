/* credentials_anonymous.c - no keys at all, when that was asked for */
#include "s3/credentials_providers.h"

#include "base/error.h"

static cw_status get(void *self, cw__asking *how, cw__keys **out, cw_error *err)
{
    (void)self;
    (void)how;
    *out = cw__keys_new(NULL, NULL, NULL, 0, "anonymous");
    return *out ? CW_OK : cw__fail_memory(err, "preparing unsigned requests");
}

cw_status cw__credentials_anonymous(cw__credentials_provider *out, const cw_client_options *o,
                                    cw_error *err)
{
    (void)err;
    if (o->anonymous)
        *out = (cw__credentials_provider){.name = "anonymous", .get = get};
    return CW_OK;
}
