/* credentials_profile.h - the keys of a profile, in the way that it names */
#ifndef CW_S3_CREDENTIALS_PROFILE_H
#define CW_S3_CREDENTIALS_PROFILE_H

#include "s3/credentials.h"
#include "s3/profile.h"

/**
 * @param o  where the files, the other providers and the endpoints are; its `profile` is not looked
 *           at
 * @return CW_OK; CW_E_CREDENTIALS_MISSING when it names no way, or would have to wait and may not;
 *         CW_E_UNSUPPORTED for a way that is not supported; or what went wrong
 */
cw_status cw__profile_keys(const cw__profile *p, const cw_client_options *o, cw__asking *how,
                           cw__keys **out, cw_error *err);

#endif
