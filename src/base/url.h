/* url.h - what a caller's URL names, and the pieces of an endpoint
 *
 * Nothing is decoded or normalised: a key is the bytes after the bucket's slash.
 */
#ifndef CW_BASE_URL_H
#define CW_BASE_URL_H

#include <stdbool.h>
#include <cloudwriter/status.h>

typedef enum cw__scheme { CW__SCHEME_S3, CW__SCHEME_FILE, CW__SCHEME_MEMORY } cw__scheme;

typedef struct cw__url {
    cw__scheme scheme;
    char *bucket; /* S3 only */
    char *path;   /* the key, the file's path, or the name in memory; may be "" for S3 */
} cw__url;

/**
 * Parse s3://bucket[/key], file:///path, mem://name, or a bare path. A text with another
 * "scheme://" is refused. Checks the bucket's characters; the key may be empty here. A bucket may
 * be the ARN of an access point, which comes out as …:accesspoint/NAME however it was spelled.
 */
cw_status cw__url_parse(cw__url *out, const char *url, cw_error *err);
void cw__url_free(cw__url *u);

typedef struct cw__endpoint_url {
    bool tls;
    char *host; /* an IPv6 address keeps its brackets */
    char *port; /* "" for the scheme's own */
    char *path; /* "" or "/prefix", without a slash at the end */
} cw__endpoint_url;

/** Parse http[s]://host[:port][/prefix]. User info, query and fragment are refused. */
cw_status cw__endpoint_url_parse(cw__endpoint_url *out, const char *url, cw_error *err);
void cw__endpoint_url_free(cw__endpoint_url *u);

/** A proxy; each NULL for none. */
typedef struct cw__proxy_url {
    char *url; /* "scheme://host:port", without the next two */
    char *user, *password;
    char *where; /* "host port 1080", as libcurl's messages name it */
} cw__proxy_url;

/** Parse "[scheme://][user[:password]@]host[:port]". No message quotes any of it. */
cw_status cw__proxy_url_parse(cw__proxy_url *out, const char *url, cw_error *err);
void cw__proxy_url_free(cw__proxy_url *u);

/** An IPv4 or bracketed IPv6 address, or localhost (or below it). */
bool cw__host_is_local_or_address(const char *host);

/** What is sent there leaves this machine by no wire: 127.0.0.0/8, [::1], localhost (or below). */
bool cw__host_is_this_machine(const char *host);

#endif
