/* fuzz_refusals.c - read any document as the answer to DeleteObjects */
#include "fuzz.h"

#include <string.h>

#include "store/refusals.h"

typedef struct seen {
    size_t count, limit;
} seen;

static void check_line(const char *s, size_t size)
{
    MUST(memchr(s, '\0', size) != NULL);
    for (; *s; s++)
        MUST((unsigned char)*s >= ' ' && *s != 0x7f);
}

static cw_status see(void *user, const cw__refusal *why, cw_error *err)
{
    seen *s = user;

    (void)err;
    MUST(++s->count <= s->limit);
    MUST(why->key && strlen(why->key) <= s->limit);
    MUST(why->status != CW_OK);
    check_line(why->code, sizeof why->code);
    check_line(why->message, sizeof why->message);
    return CW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    seen s = {.limit = size};
    cw__xml *document = NULL;

    if (cw__xml_parse(&document, (const char *)data, size, NULL) != CW_OK)
        return 0;
    cw_status st = cw__refusals_read(document, see, &s, NULL);
    MUST(st == CW_OK || st == CW_E_PROTOCOL);
    cw__xml_free(document);
    return 0;
}
