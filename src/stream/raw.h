/* raw.h - the bytes of an object as they are stored, wherever it lies
 *
 * One of three: an S3 object pinned by its ETag, an open file, or an object in memory. It has a
 * position, from which bytes are read in order; they are shown where they lie (peek, skip) or
 * copied (read). Of S3, what is in order is fetched ahead (store/ahead.h).
 */
#ifndef CW_STREAM_RAW_H
#define CW_STREAM_RAW_H

#include <cloudwriter/reader.h>

#include "base/url.h"
#include "store/ahead.h"

typedef struct cw__raw {
    cw__url where;
    uint64_t bytes;
    uint64_t position;

    cw_client *client; /* S3 */
    cw__pinned object; /* S3; of memory the ETag alone */
    cw_pair *metadata; /* into the object's */
    cw__ahead *ahead;  /* S3; NULL: nothing is fetched ahead */
    bool in_a_row;     /* what was read last ended at the position, or it is the beginning */
    int fd;            /* file; else -1 */
    int64_t modified_ms;

    unsigned char *buffer; /* for bytes to be shown, where nothing else holds them */
    size_t buffered, shown;

    cw_checksum told;  /* the kind that the service told; DEFAULT: none */
    cw__ahead_sum sum; /* of all from 0 to the position, if that was read in order */
    cw_verified verified;
} cw__raw;

/** On failure, too, close it. */
cw_status cw__raw_open(cw__raw *r, cw_client *c, const char *url, const cw_reader_options *o,
                       cw_error *err);
void cw__raw_close(cw__raw *r);

/** Requests sent so far, and how many of them were retries. In the child of a fork: by the reader
 * itself. */
void cw__raw_count(const cw__raw *r, uint64_t *requests, uint64_t *retries);

/** Exactly `n` bytes, at least one, within the object. */
cw_status cw__raw_pread(cw__raw *r, uint64_t offset, void *p, size_t n, cw_error *err);

/** The next bytes, where they lie; at most about `want` are waited for. *n is 0 at the end. */
cw_status cw__raw_peek(cw__raw *r, size_t want, const void **p, size_t *n, cw_error *err);

/** Past `n` of those. @return CW_OK; CW_E_INTEGRITY at the end, when the checksum is another */
cw_status cw__raw_skip(cw__raw *r, const void *p, size_t n, cw_error *err);

/** Past the next `n`, which are here already. @return as cw__raw_skip */
cw_status cw__raw_resume(cw__raw *r, const void *p, size_t n, cw_error *err);

/** Copy the next `n`, or what there is of them. */
cw_status cw__raw_read(cw__raw *r, void *p, size_t n, size_t *got, cw_error *err);

/** Within the object. */
void cw__raw_seek(cw__raw *r, uint64_t offset);

#endif
