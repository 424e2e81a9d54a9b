/* budget.h - how the memory of an encoder is divided
 *
 * Let U be `memory_bytes` less 2 KiB for each leaf column (its place in the schema, its buffer, its
 * metadata while a row group is closed). Sixteenths of U:
 *
 *     5  the row group being gathered, as cw__shred_measure counts it: the limit of its bytes
 *     2  what its buffers have beyond that: they grow by half
 *     5  chunks that are encoded and not yet written, and Bloom filters; with threads these and
 *        the rows of the next row group, fewer of them the more there is of chunks
 *     2  of each thread: two pages in the making and two finished ones that wait for those in front
 *        of them, codec contexts, dictionaries; so they limit how many threads there are, and a
 *        single row, of which the scratch holds two copies while the rest is not full
 *     2  what the footer will need of the row groups that are written (kept.h)
 *
 * Nothing that decides about bytes of the file (row groups, pages) depends on the number of
 * threads: the file would depend on it too.
 */
#ifndef CW_PARQUET_BUDGET_H
#define CW_PARQUET_BUDGET_H

#include <stddef.h>
#include <stdint.h>
#include <cloudwriter/status.h>

typedef struct cw__budget {
    uint64_t group_bytes; /* a row group ends before the row that would take it beyond */
    uint64_t row_bytes;   /* the largest single row */
    uint64_t page_bytes;
    uint64_t room_bytes; /* of all buffers together, before they are cut to what they hold */
    uint64_t held_bytes; /* of buffers and encoded chunks together, before buffers are given back */
    uint64_t overlap_bytes; /* of those and of what is gathered meanwhile, with threads */
    uint64_t kept_bytes;    /* for what the footer needs */
    unsigned workers;
} cw__budget;

typedef struct cw__budget_wish {
    uint64_t memory_bytes, group_bytes, page_bytes;
    unsigned workers;
    size_t leaves;
} cw__budget_wish;

/** CW_E_INVALID_ARGUMENT where the memory is too small for so many columns. */
cw_status cw__budget_make(cw__budget *out, const cw__budget_wish *wish, cw_error *err);

#endif
