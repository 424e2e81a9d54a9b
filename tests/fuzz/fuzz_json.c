/* fuzz_json.c - read any bytes as the JSON of a credentials service */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cw__json *j = NULL;
    cw_error err = {0};
    cw_status status = cw__json_parse(&j, (const char *)data, size, &err);
    MUST(status == CW_OK || status == CW_E_PROTOCOL);
    MUST((status == CW_OK) == (j != NULL));
    MUST(status == err.status);
    if (j) {
        const cw__json_value *root = cw__json_root(j);
        const char *text = cw__json_string(root);
        int64_t n;
        MUST(!text || strlen(text) <= size);
        MUST(!text || !cw__json_int(root, &n));
        MUST(!text || !cw__json_member(root, "a"));
        (void)cw__json_string(cw__json_member(cw__json_member(root, "a"), "b"));
    }
    cw__json_free(j);
    return 0;
}
