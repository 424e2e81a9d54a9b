/* encoder.h - the encoder as its own files see it
 *
 *     encoder.c    open, take rows, close, abort
 *     gathering.c  rows into the buffers
 *     row_group.c  a full row group: encode its columns, write them
 *     footer.c     page indexes and the footer
 *     drain.c      a whole Arrow stream
 */
#ifndef CW_PARQUET_ENCODER_H
#define CW_PARQUET_ENCODER_H

#include "format/parquet/crew.h"
#include "format/parquet/gathering.h"
#include "format/parquet/in/intake.h"
#include "format/parquet/kept.h"
#include "format/parquet/options.h"

typedef struct cw__closing cw__closing;

struct cw_parquet {
    cw_writer *writer;
    unsigned fork_generation;
    cw_schema *schema;
    cw__settings settings;
    cw__ways ways;
    cw__gatherer *gatherer;
    cw__column_buffer *buffers; /* of each leaf: what is gathered */
    cw__column_buffer *spare;   /* the same, empty; NULL while `closing` has them */
    cw__closing *closing;       /* the row group before, being encoded; NULL: none */
    cw__pieces chunk_memory;    /* without threads: of the chunk before, for the next one */
    cw__crew *crew;
    cw__kept kept;

    uint64_t offset;     /* in the file: of the next byte */
    uint64_t group_rows; /* gathered */
    uint64_t group_bytes;
    uint64_t look_at; /* group_bytes at which the buffers' memory is looked at again */

    uint64_t rows; /* taken */
    uint64_t input_bytes;
    cw_error error; /* the first */

    cw_parquet *next; /* of those that a child of a fork could not free */
};

/** Write to the file. */
cw_status cw__parquet_put(cw_parquet *p, const void *bytes, size_t n, cw_error *err);

/**
 * End the row group that is gathered, if it has rows. With worker threads it is encoded while the
 * next one is gathered, by the time of cw__row_group_finish at the latest; without, at once.
 */
cw_status cw__row_group_close(cw_parquet *p, cw_error *err);

/** Write what is encoded of the row group before, and wait for it where memory is needed. */
cw_status cw__row_group_look(cw_parquet *p, cw_error *err);

/** The row group before is written whole. */
cw_status cw__row_group_finish(cw_parquet *p, cw_error *err);

/** Give up the row group before. */
void cw__row_group_drop(cw_parquet *p);

/** A set of empty buffers, one for each leaf; NULL: out of memory. */
cw__column_buffer *cw__buffers_new(const cw_schema *s);
void cw__buffers_free(cw__column_buffer *buffers, const cw_schema *s);

/** Cut the buffers to what they hold, if together they have too much room beyond it. */
void cw__buffers_trim(cw_parquet *p);

/** Page indexes, footer, and the end of the file. */
cw_status cw__footer_finish(cw_parquet *p, cw_error *err);

#endif
