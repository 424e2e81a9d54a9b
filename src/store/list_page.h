/* list_page.h - one page of a list, as the service answered it
 *
 * A page has its objects and its common prefixes apart, each in order; two cursors merge them. It
 * borrows the document, which must stay until the page is dropped.
 */
#ifndef CW_STORE_LIST_PAGE_H
#define CW_STORE_LIST_PAGE_H

#include <stdbool.h>
#include "base/etag.h"
#include "port/xml.h"
#include <cloudwriter/list.h>

/** The next element of a kind, and its key. */
typedef struct cw__page_cursor {
    const cw__xml_node *node; /* NULL: at the end of the page */
    char *key;                /* NULL: not read yet */
} cw__page_cursor;

/** Zero, then set the first two. */
typedef struct cw__page {
    const char *bucket; /* for messages */
    bool versions;
    bool encoded;
    bool more;              /* another page follows */
    char *token, *id_token; /* where it starts */
    cw__page_cursor objects, prefixes;
    char *told; /* the key that was told last */
    char etag[CW__ETAG], storage_class[40], version_id[136];
} cw__page;

/** @return CW_OK; CW_E_PROTOCOL where the list goes on and does not say where; CW_E_NO_MEMORY */
cw_status cw__page_take(cw__page *p, const cw__xml *document, cw_error *err);

bool cw__page_at_end(const cw__page *p);

/** The next entry, valid until the next call; its key stays as it is at the end. */
cw_status cw__page_next(cw__page *p, cw_list_entry *e, cw_error *err);

/** The next page does not start where this one said. */
void cw__page_start_anew(cw__page *p);

/** Let go of the document. Where the next page starts is kept. */
void cw__page_drop(cw__page *p);
void cw__page_free(cw__page *p);

#endif
