/* fuzz_list.c - read any document as a page of a list
 *
 * Input: 'v' for a list of versions, anything else for one of keys; then the document.
 */
#include "fuzz.h"

#include <string.h>

#include "store/list_page.h"

/* An entry has a key, and every string an end. More entries than bytes there cannot be. */
static void tell_all(cw__page *p, size_t size)
{
    for (size_t told = 0;; told++) {
        cw_list_entry e = {.etag = "", .storage_class = "", .version_id = ""};

        MUST(told <= size);
        if (cw__page_next(p, &e, NULL) != CW_OK || !e.key)
            return;
        MUST(strlen(e.key) <= size);
        MUST(strlen(e.etag) < sizeof p->etag && strlen(e.version_id) < sizeof p->version_id);
        MUST(!e.is_prefix || (!e.bytes && !e.is_delete_marker));
        MUST(p->versions || (!e.is_latest && !e.is_delete_marker && !e.version_id[0]));
    }
}

/* A page that is followed by another says where that starts, and never twice the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cw__page p = {.bucket = "bucket"};
    cw__xml *document = NULL;

    if (size == 0)
        return 0;
    p.versions = data[0] == 'v';
    if (cw__xml_parse(&document, (const char *)data + 1, size - 1, NULL) != CW_OK)
        return 0;
    if (cw__page_take(&p, document, NULL) == CW_OK) {
        bool more = p.more;
        MUST(!more || (p.token && p.token[0]));
        tell_all(&p, size);
        cw__page_drop(&p);
        MUST(cw__page_at_end(&p));
        MUST(!more || cw__page_take(&p, document, NULL) == CW_E_PROTOCOL);
    }
    cw__page_free(&p);
    cw__xml_free(document);
    return 0;
}
