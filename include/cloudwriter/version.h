/* version.h - the version of the headers, and of the library that is loaded */
#ifndef CLOUDWRITER_VERSION_H
#define CLOUDWRITER_VERSION_H

#include <cloudwriter/export.h>

#define CW_VERSION_MAJOR  0
#define CW_VERSION_MINOR  1
#define CW_VERSION_PATCH  0
#define CW_VERSION_STRING "0.1.0"

CW_BEGIN_DECLS

/** The version of the library at run time, as "MAJOR.MINOR.PATCH". Static storage. */
CW_API const char *cw_version(void);

CW_END_DECLS

#endif
