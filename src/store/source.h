/* source.h - where the entries of a list come from
 *
 * A source yields entries in the order of their keys. That of S3 lets the service group by the
 * delimiter; those of files and memory are grouped in list_local.c.
 */
#ifndef CW_STORE_SOURCE_H
#define CW_STORE_SOURCE_H

#include "base/url.h"
#include "store/glob.h"
#include <cloudwriter/list.h>

typedef struct cw__source {
    /** The next entry, all but `url`; key NULL at the end. Valid until the next call. */
    cw_status (*next)(void *self, cw_list_entry *entry, cw_error *err);
    void (*free)(void *self);
    void *self;
} cw__source;

/**
 * The options and the pattern, NULL without one, live as long as the source; of `at` it takes what
 * it needs. A source may still yield what does not match.
 */
cw_status cw__source_s3(cw__source *out, cw_client *c, cw__url *at, const cw_list_options *o,
                        const cw__glob *glob, cw_error *err);
cw_status cw__source_file(cw__source *out, cw__url *at, const cw_list_options *o,
                          const cw__glob *glob, cw_error *err);
cw_status cw__source_memory(cw__source *out, cw__url *at, const cw_list_options *o, cw_error *err);

/** Group what `inner` yields, which moves into it on CW_OK, and leave out what is not to be told.
 */
cw_status cw__source_grouped(cw__source *out, cw__source *inner, const char *prefix,
                             const cw_list_options *o, cw_error *err);

#endif
