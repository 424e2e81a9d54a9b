/* credentials_container.h - which URLs of a container agent a token may be sent to */
#ifndef CW_S3_CREDENTIALS_CONTAINER_H
#define CW_S3_CREDENTIALS_CONTAINER_H

#include <cloudwriter/status.h>

/** @return CW_OK; CW_E_INVALID_ARGUMENT with what is allowed; CW_E_NO_MEMORY */
cw_status cw__container_check_url(const char *url, cw_error *err);

#endif
