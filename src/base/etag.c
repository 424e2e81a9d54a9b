/* etag.c - ETags as callers and services give them, with quotes or without */
#include "base/etag.h"

#include <stdio.h>
#include <string.h>

const char *cw__etag_bare(const char *given, char out[CW__ETAG])
{
    size_t n = strlen(given), quoted = n >= 2 && given[0] == '"' && given[n - 1] == '"';

    n -= 2 * quoted;
    snprintf(out, CW__ETAG, "%.*s", (int)(n < CW__ETAG ? n : CW__ETAG - 1), given + quoted);
    return out;
}

const char *cw__etag_quoted(const char *given, char out[CW__ETAG])
{
    char bare[CW__ETAG];

    snprintf(out, CW__ETAG, "\"%.*s\"", CW__ETAG - 3, cw__etag_bare(given, bare));
    return out;
}
