/* file_copy.h - copy a file: there whole, or not at all */
#ifndef CW_STORE_FILE_COPY_H
#define CW_STORE_FILE_COPY_H

#include <stdbool.h>
#include <stdint.h>
#include <cloudwriter/status.h>

/** With its permission bits. @return CW_OK, *bytes copied; CW_E_ALREADY_EXISTS with create_only */
cw_status cw__file_copy(const char *from, const char *to, bool create_only, uint64_t *bytes,
                        cw_error *err);

#endif
