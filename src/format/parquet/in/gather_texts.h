/* gather_texts.h - byte arrays, for gather.h: what its calls do for them */
#ifndef CW_PARQUET_GATHER_TEXTS_H
#define CW_PARQUET_GATHER_TEXTS_H

#include "format/parquet/in/gather.h"

/** Whether these are no more bytes than a column holds, those under nulls included. */
bool cw__texts_fit(const cw__column_buffer *to, const cw__view *v, int64_t start, size_t n);

cw__gathered cw__gather_texts(cw__column_buffer *to, const cw__view *v, int64_t start, size_t n,
                              size_t *bad, const char **why);
/** Of 32- or 64-bit offsets; where they fit. */
cw__gathered cw__gather_texts_there(cw__column_buffer *to, const cw__view *v, int64_t start,
                                    size_t n, const uint8_t *bits, size_t bit, size_t *bad,
                                    const char **why);
/** Of 32-bit offsets. false: these do not lie side by side, or are too many bytes; nothing is
 * added. */
bool cw__gather_texts_at(cw__column_buffer *to, const cw__view *v, const int64_t *at, size_t n,
                         cw__gathered *answer, size_t *bad, const char **why);

#endif
