/* fuzz_answer.c - read any document as each of the small answers: tags, uploads, parts, copies
 *
 * Pages of keys, refusals and what is judged of a reply have fuzzers of their own.
 */
#include "fuzz.h"

#include <string.h>

#include "base/memory.h"
#include "s3/requests.h"
#include "store/backend.h"
#include "store/upload_page.h"

static void read_tags(const cw__xml *document, size_t size)
{
    cw_object_tags *t = NULL;
    cw_status status = cw__tags_read(&t, document, NULL);

    MUST((status == CW_OK) == (t != NULL) && (status == CW_OK || status == CW_E_PROTOCOL));
    for (size_t i = 0; t && i < t->count; i++)
        MUST(strlen(t->list[i].name) <= size && strlen(t->list[i].value) <= size);
    cw_object_tags_free(t);
}

static int tell(void *user, const cw_upload_info *u)
{
    size_t *told = user;

    MUST(u->key && u->upload_id && strlen(u->storage_class) < 32);
    return ++*told > 1000;
}

/* One that is followed by another says where that starts, and never twice the same. */
static void read_uploads(const cw__xml *document, size_t size)
{
    cw__url where = {.bucket = (char *)"bucket"};
    cw__upload_page p = {.where = &where};
    size_t told = 0;
    cw_status status = cw__upload_page_tell(&p, document, tell, &told, NULL);

    MUST(told <= size);
    MUST(status == CW_OK || status == CW_E_PROTOCOL || status == CW_E_CANCELLED);
    MUST(status != CW_OK || !p.more || (p.key_marker && p.key_marker[0]));
    if (status == CW_OK && p.more)
        MUST(cw__upload_page_tell(&p, document, tell, &told, NULL) != CW_OK);
    cw__upload_page_free(&p);
}

static void read_the_rest(cw__xml *document, size_t size)
{
    static cw__exchange x;
    char id[CW__UPLOAD_ID];
    char *etag = cw__read_etag(document), region[16];

    MUST(!etag || strlen(etag) <= size);
    cw__free(etag);
    x.reply.document = document;
    etag = cw__read_listed_part(&x, 1, 5);
    MUST(!etag || strlen(etag) <= size);
    cw__free(etag);
    cw__read_upload_id(&x, id);
    MUST(strlen(id) < sizeof id);
    cw__xml_copy_own_text(cw__xml_root(document), region, sizeof region);
    MUST(strlen(region) < sizeof region);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cw__xml *document = NULL;

    if (cw__xml_parse(&document, (const char *)data, size, NULL) != CW_OK)
        return 0;
    read_tags(document, size);
    read_uploads(document, size);
    read_the_rest(document, size);
    cw__xml_free(document);
    return 0;
}
