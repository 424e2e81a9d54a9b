/* upload_page.h - one page of a list of uploads, as the service answered it */
#ifndef CW_STORE_UPLOAD_PAGE_H
#define CW_STORE_UPLOAD_PAGE_H

#include "base/url.h"
#include "port/xml.h"
#include <cloudwriter/object.h>
#include <stdbool.h>

/** Zero, then set the first two. */
typedef struct cw__upload_page {
    cw_client *client;
    const cw__url *where;
    char *key_marker, *id_marker; /* where the next page starts */
    bool more;                    /* there is one */
} cw__upload_page;

/** @return CW_OK; CW_E_CANCELLED; CW_E_PROTOCOL where it goes on and does not say where, … */
cw_status cw__upload_page_tell(cw__upload_page *p, const cw__xml *document, cw_upload_fn each,
                               void *user, cw_error *err);
void cw__upload_page_free(cw__upload_page *p);

#endif
