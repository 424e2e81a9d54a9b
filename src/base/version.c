/* version.c - the version of the library that is loaded */
#include <cloudwriter/version.h>

const char *cw_version(void)
{
    return CW_VERSION_STRING;
}
