/* backend.h - the verbs of one kind of URL
 *
 * object.c takes the options, parses the URLs and chooses; a backend does the work, and refuses
 * what it cannot do before anything has happened.
 */
#ifndef CW_STORE_BACKEND_H
#define CW_STORE_BACKEND_H

#include "base/url.h"
#include "port/xml.h"
#include <cloudwriter/object.h>

/** Options are never NULL here and have all fields; URLs have a key, a path or a name. */
typedef struct cw__backend {
    cw_status (*stat)(cw_object_meta **out, cw_client *c, const cw__url *at,
                      const cw_object_stat_options *o, cw_error *err);
    cw_status (*remove)(cw_client *c, const cw__url *at, const cw_object_delete_options *o,
                        cw_error *err);
    /** Both URLs are of this backend, and differ unless the copy is described anew. */
    cw_status (*copy)(cw_client *c, const cw__url *from, const cw__url *to,
                      const cw_object_copy_options *o, cw_object_info *info, cw_error *err);
    cw_status (*move)(cw_client *c, const cw__url *from, const cw__url *to,
                      const cw_object_copy_options *o, cw_object_info *info, cw_error *err);
} cw__backend;

extern const cw__backend cw__backend_s3, cw__backend_file, cw__backend_memory;

const cw__backend *cw__backend_of(cw__scheme scheme);

/**
 * Parse the URL of an object. s3:// needs a key, and a client that is this process's own.
 * @return CW_OK, `out` to be freed
 */
cw_status cw__place_parse(cw__url *out, const cw_client *c, const char *url, cw_error *err);

/** The parts of the verbs of s3:// that have a file of their own. */
cw_status cw__copy_s3(cw_client *c, const cw__url *from, const cw__url *to,
                      const cw_object_copy_options *o, cw_object_info *info, cw_error *err);
cw_status cw__move_s3(cw_client *c, const cw__url *from, const cw__url *to,
                      const cw_object_copy_options *o, cw_object_info *info, cw_error *err);

/** The tags of a version of an object on S3; version_id NULL: of the latest. */
cw_status cw__tags_of(cw_object_tags **out, cw_client *c, const cw__url *at, const char *version_id,
                      cw_error *err);

/** The pure half: the tags in an answer. */
cw_status cw__tags_read(cw_object_tags **out, const cw__xml *document, cw_error *err);

#endif
