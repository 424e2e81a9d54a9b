/* etag.c - ETags as callers and services give them, with quotes or without */
#include "base/etag.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_quoted(const char *etag, size_t n)
{
    return n >= 2 && etag[0] == '"' && etag[n - 1] == '"';
}

char *cw__etag_strip(char *etag)
{
    size_t n = etag ? strlen(etag) : 0;

    if (is_quoted(etag, n)) {
        memmove(etag, etag + 1, n - 2);
        etag[n - 2] = '\0';
    }
    return etag;
}

const char *cw__etag_bare(const char *given, char out[CW__ETAG])
{
    size_t n = strlen(given), quoted = is_quoted(given, n);

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
