/* options.h - take a caller's options struct, of whatever version of the header it was built with
 */
#ifndef CW_BASE_OPTIONS_H
#define CW_BASE_OPTIONS_H

#include <stddef.h>
#include <cloudwriter/status.h>

/**
 * Copy `from` (NULL: all defaults) over `to`, which has `size` bytes and starts with its size, as
 * `from` does. A shorter, older struct leaves the rest zero; a longer, newer one is refused with
 * CW_E_UNSUPPORTED if it sets anything that this library does not know.
 */
cw_status cw__options_take(void *to, size_t size, const void *from, cw_error *err);

#endif
