/* list_s3.c - the keys of a bucket, a page at a time
 *
 * Owns the reply of the page that is being told (list_page.h). The next one is asked for when that
 * is at its end. A page may be empty and not the last.
 */
#include "store/source.h"

#include "base/error.h"
#include "base/memory.h"
#include "s3/exchange.h"
#include "store/list_page.h"

#include <stdio.h>
#include <string.h>

typedef struct page_list {
    cw_client *client;
    const cw_list_options *options;
    cw__url at;
    cw__exchange x; /* of the page; has to be freed once `asked` */
    bool asked;
    cw__page page;
} page_list;

/* ---- asking ---- */

static void request_keys(page_list *p)
{
    cw__request *r = &p->x.request;

    cw__request_query(r, "list-type", "2");
    if (p->page.token)
        cw__request_query(r, "continuation-token", p->page.token);
    else if (p->options->start_after)
        cw__request_query(r, "start-after", p->options->start_after);
    p->x.root = "ListBucketResult";
}

static void request_versions(page_list *p)
{
    cw__request *r = &p->x.request;

    cw__request_query(r, "versions", NULL);
    if (p->page.token)
        cw__request_query(r, "key-marker", p->page.token);
    else if (p->options->start_after)
        cw__request_query(r, "key-marker", p->options->start_after);
    if (p->page.token && p->page.id_token)
        cw__request_query(r, "version-id-marker", p->page.id_token);
    p->x.root = "ListVersionsResult";
}

/* Keys are asked for in URL encoding, since XML cannot hold every byte of one. */
static void request_page(page_list *p)
{
    char keys[16];

    cw__exchange_init(&p->x, p->client, cw__client_next_lane(p->client)->loop, "GET", p->at.bucket,
                      "");
    p->asked = true;
    if (p->options->versions)
        request_versions(p);
    else
        request_keys(p);
    cw__request_query(&p->x.request, "encoding-type", "url");
    if (p->at.path[0])
        cw__request_query(&p->x.request, "prefix", p->at.path);
    if (p->options->delimiter)
        cw__request_query(&p->x.request, "delimiter", p->options->delimiter);
    snprintf(keys, sizeof keys, "%u", p->options->page_keys);
    if (p->options->page_keys)
        cw__request_query(&p->x.request, "max-keys", keys);
    p->x.expect = CW__EXPECT_DOCUMENT;
    p->x.payload_hash = CW__EMPTY_SHA256;
    p->x.doing = "list";
}

static void drop_page(page_list *p)
{
    cw__page_drop(&p->page);
    if (p->asked)
        cw__exchange_free(&p->x);
    p->asked = false;
}

static cw_status next_page(page_list *p, cw_error *err)
{
    cw_status st;

    drop_page(p);
    request_page(p);
    st = cw__exchange_run(&p->x, err);
    return st == CW_OK ? cw__page_take(&p->page, p->x.reply.document, err) : st;
}

static cw_status next_key(void *self, cw_list_entry *e, cw_error *err)
{
    page_list *p = self;
    cw_status st = CW_OK;

    while (st == CW_OK && p->page.more && cw__page_at_end(&p->page))
        st = next_page(p, err);
    return st == CW_OK ? cw__page_next(&p->page, e, err) : st;
}

static void free_list(void *self)
{
    page_list *p = self;

    drop_page(p);
    cw__page_free(&p->page);
    cw__url_free(&p->at);
    cw_client_release(p->client);
    cw__free(p);
}

cw_status cw__source_s3(cw__source *out, cw_client *c, cw__url *at, const cw_list_options *o,
                        cw_error *err)
{
    page_list *p = cw__alloc_zero(sizeof *p);

    if (!p)
        return cw__fail_memory(err, "opening a list");
    p->client = cw_client_retain(c);
    p->options = o;
    p->at = *at;
    *at = (cw__url){0};
    p->page = (cw__page){.bucket = p->at.bucket, .versions = o->versions != 0, .more = true};
    *out = (cw__source){next_key, free_list, p};
    return CW_OK;
}
