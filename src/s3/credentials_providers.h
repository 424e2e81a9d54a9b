/* credentials_providers.h - the providers that the chain is made of, and what they share
 *
 * Each fills *out; where there is nothing for it to provide from, out->get stays NULL and
 * out->absent says why.
 */
#ifndef CW_S3_CREDENTIALS_PROVIDERS_H
#define CW_S3_CREDENTIALS_PROVIDERS_H

#include "s3/credentials.h"

/** Unsigned requests, when the options ask for them. */
cw_status cw__credentials_anonymous(cw__credentials_provider *out, const cw_client_options *o,
                                    cw_error *err);

/** The caller's own provider. */
cw_status cw__credentials_callback(cw__credentials_provider *out, const cw_client_options *o,
                                   cw_error *err);

/** The keys in the options. */
cw_status cw__credentials_explicit(cw__credentials_provider *out, const cw_client_options *o,
                                   cw_error *err);

/** The token of a web identity, traded for keys at STS; `region` is STS's. */
cw_status cw__credentials_web_identity(cw__credentials_provider *out, const cw_client_options *o,
                                       const char *region, cw_error *err);

/** The profile in the shared config and credentials files; `profile` tells their paths. */
cw_status cw__credentials_shared(cw__credentials_provider *out, const cw_client_options *o,
                                 const struct cw__profile *profile, cw_error *err);

/** The agent of a container: ECS, EKS Pod Identity. */
cw_status cw__credentials_container(cw__credentials_provider *out, const cw_client_options *o,
                                    cw_error *err);

/** The metadata service of an EC2 instance. */
cw_status cw__credentials_instance(cw__credentials_provider *out, const cw_client_options *o,
                                   cw_error *err);

/** Can it stand in a header: no blanks, no control characters? */
bool cw__credentials_printable(const char *s);

/** Can it be part of a host's name: small letters, digits and dashes? */
bool cw__credentials_is_region(const char *s);

/**
 * Keys out of the JSON object that the container agent, the instance and credential_process answer
 * with: AccessKeyId, SecretAccessKey, the token under `token_name`, Expiration.
 * @param from  for messages, as in "the container agent"
 */
cw_status cw__credentials_parse_json(cw__keys **out, const char *p, size_t n,
                                     const char *token_name, const char *source, const char *from,
                                     cw_error *err);

/** A small file with one token, without the line break at its end. The text is marked secret. */
cw_status cw__credentials_read_token(cw__text *out, const char *path, cw_error *err);

#endif
