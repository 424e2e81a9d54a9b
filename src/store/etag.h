/* etag.h - ETags as callers give them, with quotes or without */
#ifndef CW_STORE_ETAG_H
#define CW_STORE_ETAG_H

#include <stdio.h>
#include <string.h>

enum { CW__ETAG = 160 };

/** Without quotes, cut to what any service's fits into. Returns `out`. */
static inline const char *cw__etag_bare(const char *given, char out[CW__ETAG])
{
    size_t n = strlen(given), quoted = n >= 2 && given[0] == '"' && given[n - 1] == '"';

    snprintf(out, CW__ETAG, "%.*s",
             (int)(n - 2 * quoted < CW__ETAG ? n - 2 * quoted : CW__ETAG - 1), given + quoted);
    return out;
}

/** With quotes. Returns `out`. */
static inline const char *cw__etag_quoted(const char *given, char out[CW__ETAG])
{
    char bare[CW__ETAG];

    snprintf(out, CW__ETAG, "\"%.150s\"", cw__etag_bare(given, bare));
    return out;
}

#endif
