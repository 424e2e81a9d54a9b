/* credentials_providers.h - the providers that credentials.c makes its chain of
 *
 * Each fills *out; where there is nothing for it to provide from, out->get stays NULL.
 */
#ifndef CW_S3_CREDENTIALS_PROVIDERS_H
#define CW_S3_CREDENTIALS_PROVIDERS_H

#include "s3/credentials.h"

/** Unsigned requests, when the options ask for them. */
cw_status cw__credentials_anonymous(cw__credentials_provider *out, const cw_client_options *o,
                                    cw_error *err);

/** The keys in the options. */
cw_status cw__credentials_explicit(cw__credentials_provider *out, const cw_client_options *o,
                                   cw_error *err);

/** The profile in the shared config and credentials files; `profile` tells their paths. */
cw_status cw__credentials_shared(cw__credentials_provider *out, const cw_client_options *o,
                                 const struct cw__profile *profile, cw_error *err);

/** Can it stand in a header: no blanks, no control characters? */
bool cw__credentials_printable(const char *s);

#endif
