/* rows.h - the rows of a text, encoded as Parquet */
#ifndef CW_TOOL_ROWS_H
#define CW_TOOL_ROWS_H

#include "options.h"
#include "source.h"

struct rows {
    const struct options *o;
    struct source *source;
    const char *path;         /* of the source, where it can be read twice; else NULL */
    cw_writer *writer;        /* becomes the encoder's, and NULL then */
    cw_parquet *encoder;      /* the caller's to close or abort, if it is there */
    uint64_t read;            /* bytes of the source that were made rows */
    void (*note)(void *user); /* after each batch */
    void *user;
};

/** Read all of the source into the encoder. The first error is told, and nothing is closed. */
cw_status rows_encode(struct rows *r, cw_error *err);

#endif
