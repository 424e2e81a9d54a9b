/* page_notes.h - what a chunk keeps of each page: its sizes, its histograms, and where it is */
#ifndef CW_PARQUET_PAGE_NOTES_H
#define CW_PARQUET_PAGE_NOTES_H

#include "format/parquet/column/chunk.h"
#include "format/parquet/column/pages.h"

/** Of the page that is the chunk's last and began at `start`. false: out of memory. */
bool cw__page_noted(cw__chunk *out, const cw__column_buffer *in, const cw__stretch *s,
                    size_t start);

#endif
