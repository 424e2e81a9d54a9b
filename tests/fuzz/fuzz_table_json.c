/* fuzz_table_json.c - any text as JSON Lines, with types inferred from all of it */
#include "table_of.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct table_options o = {0};

    table_of_check(data, size, TABLE_JSONL, &o);
    return 0;
}
