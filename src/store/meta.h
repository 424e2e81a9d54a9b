/* meta.h - make what cw_object_stat answers */
#ifndef CW_STORE_META_H
#define CW_STORE_META_H

#include "base/text.h"
#include <cloudwriter/object.h>

/** All strings "", but for the ETag. NULL when out of memory. */
cw_object_meta *cw__meta_new(uint64_t bytes, int64_t modified_ms, const char *etag);

/** From the headers of a reply ("name\0value\0", names in lower case), which move into it. */
cw_object_meta *cw__meta_of_headers(cw__text *headers, uint64_t bytes, const char *etag);

#endif
