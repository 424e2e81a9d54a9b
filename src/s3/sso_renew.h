/* sso_renew.h - IAM Identity Center: a new token for one that ends soon */
#ifndef CW_S3_SSO_RENEW_H
#define CW_S3_SSO_RENEW_H

#include "s3/ask.h"
#include "s3/profile.h"

/**
 * Of what stands in a cache file: does the token end within minutes, and can it be renewed?
 * @return CW_OK; CW_E_NO_MEMORY; CW_E_PROTOCOL
 */
cw_status cw__sso_may_renew(bool *may, const char *p, size_t n, cw_error *err);

/**
 * Ask for a new token, and put it into the cache file for all others who use it.
 * @param p  what stands in the file now
 * @return CW_OK with the token; else why there is none
 */
cw_status cw__sso_renew(cw__text *token, const char *p, size_t n, const cw__profile *profile,
                        const char *path, const char *endpoint_url, const cw__asking *how,
                        cw_error *err);

/** The pure half: what becomes of the cache with a reply. `token` and `cache` are CW_OK's. */
cw_status cw__sso_parse_renewal(cw__text *token, cw__text *cache, const char *reply, size_t n,
                                const char *old, size_t old_n, cw_error *err);

#endif
