/* copy_parts.h - a copy that is too large for one request */
#ifndef CW_STORE_COPY_PARTS_H
#define CW_STORE_COPY_PARTS_H

#include "s3/requests.h"
#include <cloudwriter/object.h>

/** `bytes` of the source, over 0, into the plan's object. */
cw_status cw__copy_parts(const cw__plan *plan, const cw__copy_source *from, uint64_t bytes,
                         const cw_object_copy_options *o, cw_object_info *info, cw_error *err);

#endif
