/* sso.h - IAM Identity Center: keys for the token that `aws sso login` has left behind */
#ifndef CW_S3_SSO_H
#define CW_S3_SSO_H

#include "s3/credentials.h"
#include "s3/profile.h"

/** Read the cached token, or renew it, and trade it for keys of the profile's account and role. */
cw_status cw__sso_keys(const cw__profile *p, const cw_client_options *o, const cw__asking *how,
                       cw__keys **out, cw_error *err);

/** The pure half: the token in a cache file. @param profile for messages */
cw_status cw__sso_parse_token(cw__text *token, const char *p, size_t n, const char *profile,
                              cw_error *err);

/** The pure half: the keys in a reply to GetRoleCredentials. */
cw_status cw__sso_parse_keys(cw__keys **out, const char *p, size_t n, cw_error *err);

#endif
