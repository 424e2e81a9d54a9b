/* options.c - take a caller's options struct, of whatever version of the header it was built with
 */
#include "base/options.h"

#include "base/error.h"

#include <string.h>

static size_t size_of(const void *options)
{
    size_t size;
    memcpy(&size, options, sizeof size);
    return size;
}

static int all_zero(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return 0;
    return 1;
}

cw_status cw__options_take(void *to, size_t size, const void *from, cw_error *err)
{
    size_t given = from ? size_of(from) : 0;

    memset(to, 0, size);
    if (from && given < sizeof(size_t))
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "an options struct has no struct_size: start it from its _INIT macro");
    if (given > size && !all_zero((const unsigned char *)from + size, given - size))
        return cw__fail(err, CW_E_UNSUPPORTED,
                        "an option is set that this version of the library does not know");
    if (from)
        memcpy(to, from, given < size ? given : size);
    memcpy(to, &size, sizeof size);
    return CW_OK;
}
