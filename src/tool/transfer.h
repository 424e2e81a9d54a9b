/* transfer.h - one source becomes one object, or nothing */
#ifndef CW_TOOL_TRANSFER_H
#define CW_TOOL_TRANSFER_H

#include "options.h"
#include "progress.h"
#include "walk.h"

struct outcome {
    cw_error error; /* status CW_OK: committed */
    cw_object_info info;
    uint64_t rows, row_groups; /* of a Parquet file */
    cw_stats stats;            /* as last seen, where `info` is empty */
    double seconds;
    int exit_code;
};

/** Upload one. Blocks until the outcome is known; from any thread. */
void transfer_run(const struct options *o, cw_client *client, const struct job *job,
                  struct progress *progress, size_t slot, struct outcome *out);

#endif
