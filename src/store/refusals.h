/* refusals.h - the keys that DeleteObjects could not delete, inside an answer of success */
#ifndef CW_STORE_REFUSALS_H
#define CW_STORE_REFUSALS_H

#include <stdbool.h>
#include "port/xml.h"

/** Valid during the callback. */
typedef struct cw__refusal {
    const char *key;
    char code[64], message[256]; /* on one line each, without secrets */
    cw_status status;
    bool passing; /* the same request may go well later */
} cw__refusal;

/** Tell each, until one is not CW_OK. @return that; CW_E_PROTOCOL for one without a key */
cw_status cw__refusals_read(const cw__xml *document,
                            cw_status (*each)(void *user, const cw__refusal *why, cw_error *err),
                            void *user, cw_error *err);

#endif
