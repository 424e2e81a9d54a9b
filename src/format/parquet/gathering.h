/* gathering.h - rows into the column buffers, columns by several threads */
#ifndef CW_PARQUET_GATHERING_H
#define CW_PARQUET_GATHERING_H

#include "format/parquet/crew.h"
#include "format/parquet/in/shred.h"

/** The shredders: one for each thread, made as they are needed. */
typedef struct cw__gatherer cw__gatherer;
cw_status cw__gatherer_new(cw__gatherer **out, const cw_schema *schema, cw__crew *crew,
                           unsigned workers, cw_error *err);
void cw__gatherer_free(cw__gatherer *g);

/** The caller's own shredder. */
cw__shredder *cw__gatherer_shredder(const cw__gatherer *g);

/**
 * Add rows, `bytes` of them as cw__shred_measure counts, to the buffers of all leaves. Where they
 * are many, threads that have nothing to do take part; all is done when it returns. Of several
 * failures it answers that of the first column.
 */
cw_status cw__gather_rows(cw__gatherer *g, cw__column_buffer *leaves, const cw__view *columns,
                          cw__row_range rows, uint64_t bytes, cw_error *err);

#endif
