/* http_libcurl.h - libcurl as a whole: initialised once, and new enough */
#ifndef CW_PORT_HTTP_LIBCURL_H
#define CW_PORT_HTTP_LIBCURL_H

#include <cloudwriter/status.h>

/** Have it ready for use. Thread-safe. */
cw_status cw__http_look_at_libcurl(cw_error *err);

#endif
