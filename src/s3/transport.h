/* transport.h - how a client's connections are made: TLS, proxies, the user agent */
#ifndef CW_S3_TRANSPORT_H
#define CW_S3_TRANSPORT_H

#include "base/url.h"
#include "port/http.h"
#include "s3/settings.h"

/** Owns the strings of `http`, which outlives whatever was made with it. */
typedef struct cw__transport {
    cw__http_options http; /* max_connections is for whoever uses it */
    char *strings[8];
    size_t count;
    cw__proxy_url proxy, tls_proxy;
} cw__transport;

/** Free it after a failure too. */
cw_status cw__transport_make(cw__transport *t, cw__settings *s, cw_error *err);
void cw__transport_free(cw__transport *t);

#endif
