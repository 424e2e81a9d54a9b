/* budget.c - how the memory of an encoder is divided; the shares are told in budget.h */
#include "format/parquet/budget.h"

#include "base/error.h"

#include <inttypes.h>

enum { LEAF_BYTES = 2048, CONTEXT_BYTES = 1 << 20 };

static const uint64_t MIB = UINT64_C(1) << 20;

/* Offsets within a buffer are of 32 bits, and sizes of pages are signed. */
static const uint64_t LARGEST_GROUP = (UINT64_C(1) << 31) - 1;

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

cw_status cw__budget_make(cw__budget *out, const cw__budget_wish *wish, cw_error *err)
{
    uint64_t columns = (uint64_t)wish->leaves * LEAF_BYTES;
    uint64_t usable, share, scratch;

    if (wish->memory_bytes < 4 * MIB)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "memory_bytes is %" PRIu64 ", and has to be at least 4 MiB",
                        wish->memory_bytes);
    if (columns > wish->memory_bytes / 2)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "memory_bytes is %" PRIu64 ", too little for %zu columns: give it at least "
                        "%" PRIu64 " MiB",
                        wish->memory_bytes, wish->leaves, 2 * columns / MIB + 1);
    usable = wish->memory_bytes - columns;
    share = usable / 16;
    out->group_bytes = least(least(wish->group_bytes, 5 * share), LARGEST_GROUP);
    out->row_bytes = least(2 * share, LARGEST_GROUP);
    out->page_bytes = least(wish->page_bytes, usable / 64);
    out->room_bytes = out->group_bytes + out->group_bytes / 2;
    out->held_bytes = 12 * share;
    out->overlap_bytes = 10 * share;
    out->kept_bytes = 2 * share;
    scratch = CONTEXT_BYTES + 4 * out->page_bytes;
    out->workers = (unsigned)least(wish->workers, 2 * share / scratch);
    return CW_OK;
}
