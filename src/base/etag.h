/* etag.h - ETags as callers and services give them, with quotes or without */
#ifndef CW_BASE_ETAG_H
#define CW_BASE_ETAG_H

enum { CW__ETAG = 160 }; /* room for that of any service */

/** Without quotes, cut to what fits. Returns `out`. */
const char *cw__etag_bare(const char *given, char out[CW__ETAG]);

/** The same where it lies, of any length; NULL is fine. Returns `etag`. */
char *cw__etag_strip(char *etag);

/** With quotes. Returns `out`. */
const char *cw__etag_quoted(const char *given, char out[CW__ETAG]);

#endif
