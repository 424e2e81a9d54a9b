/* credentials_chain.h - the providers in order */
#ifndef CW_S3_CREDENTIALS_CHAIN_H
#define CW_S3_CREDENTIALS_CHAIN_H

#include "s3/credentials.h"

typedef struct cw__credentials_chain {
    cw__credentials_provider providers[CW__MOST_PROVIDERS];
    size_t count;
} cw__credentials_chain;

/** Free it after a failure too. */
cw_status cw__credentials_chain_make(cw__credentials_chain *chain, const cw_client_options *o,
                                     const struct cw__profile *profile, cw_error *err);
void cw__credentials_chain_free(cw__credentials_chain *chain);

/**
 * Ask them in order, writing down what each says.
 * @param from  receives whose the keys are
 */
cw_status cw__credentials_chain_ask(const cw__credentials_chain *chain, cw__asking *how,
                                    const cw__credentials_provider **from, cw__keys **out,
                                    cw__credentials_trail *trail, cw_error *err);

/** Ask one of them. Refuses keys that have expired already. */
cw_status cw__credentials_provider_ask(const cw__credentials_provider *p, cw__asking *how,
                                       cw__keys **out, cw_error *err);

#endif
