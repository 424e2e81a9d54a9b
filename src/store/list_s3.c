/* list_s3.c - the keys of a bucket, a page at a time
 *
 * Owns the document of the page that is being told (list_page.h), and the request for the next. Who
 * has read the first page to its end will want them all: from then on the next one is asked for as
 * soon as a page says where it starts, which is before its keys, so that the service is at work
 * while we parse and tell. That is why pages are parsed here and not by the exchange, on the I/O
 * thread. A page may be empty and not the last.
 *
 * With a pattern: where nothing can match that begins as the last key of a page does, the next page
 * starts behind all of that, wherever the service would have gone on. It is not asked for early.
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
    const cw__glob *glob; /* or NULL */
    char *after;          /* where a page starts that has no token; NULL: at the beginning */
    cw__url at;
    size_t prefix_bytes; /* of at.path, which are asked for */
    cw__exchange x;      /* of the page that is on its way */
    cw__run run;
    bool asked;   /* both are in use */
    bool goes_on; /* beyond the first page */
    cw__xml *document;
    cw__page page;
} page_list;

/* ---- asking ---- */

static void request_keys(page_list *p, const char *token)
{
    cw__request *r = &p->x.request;

    cw__request_query(r, "list-type", "2");
    if (token)
        cw__request_query(r, "continuation-token", token);
    else if (p->after)
        cw__request_query(r, "start-after", p->after);
}

static void request_versions(page_list *p, const char *token)
{
    const char *after = token ? token : p->after;
    cw__request *r = &p->x.request;

    cw__request_query(r, "versions", NULL);
    if (after)
        cw__request_query(r, "key-marker", after);
    if (token && p->page.id_token)
        cw__request_query(r, "version-id-marker", p->page.id_token);
}

static const char *root_of(const page_list *p)
{
    return p->options->versions ? "ListVersionsResult" : "ListBucketResult";
}

static void add_prefix(page_list *p)
{
    cw__text prefix = {0};

    cw__text_add_n(&prefix, p->at.path, p->prefix_bytes);
    if (p->prefix_bytes)
        cw__request_query(&p->x.request, "prefix", prefix.p);
    p->x.request.failed |= prefix.failed;
    cw__text_free(&prefix);
}

/* Keys are asked for in URL encoding, since XML cannot hold every byte of one. */
static void request_page(page_list *p, const char *token)
{
    char keys[16];

    cw__exchange_init(&p->x, p->client, cw__client_next_lane(p->client)->loop, "GET", p->at.bucket,
                      "");
    if (p->options->versions)
        request_versions(p, token);
    else
        request_keys(p, token);
    cw__request_query(&p->x.request, "encoding-type", "url");
    add_prefix(p);
    if (p->options->delimiter)
        cw__request_query(&p->x.request, "delimiter", p->options->delimiter);
    snprintf(keys, sizeof keys, "%u", p->options->page_keys);
    if (p->options->page_keys)
        cw__request_query(&p->x.request, "max-keys", keys);
    p->x.root = root_of(p);
    p->x.payload_hash = CW__EMPTY_SHA256;
    p->x.doing = "list";
}

static cw_status ask(page_list *p, const char *token, cw__expect expect, cw_error *err)
{
    cw_status st;

    request_page(p, token);
    p->x.expect = expect;
    st = cw__run_begin(&p->run, &p->x, err);
    p->asked = st == CW_OK;
    if (!p->asked)
        cw__exchange_free(&p->x);
    return st;
}

/* While a page is parsed. If this fails, there is another try afterwards. */
static void on_token(void *user, const char *token)
{
    page_list *p = user;

    if (token[0] && !p->asked)
        (void)ask(p, token, CW__EXPECT_EMPTY, NULL);
}

/* In the child of a fork there is no I/O thread that would answer: what waits for it stays. */
static void stop_asking(page_list *p)
{
    if (!p->asked || cw__client_check(p->client, NULL) != CW_OK)
        return;
    cw__run_stop(&p->run);
    cw__exchange_free(&p->x);
    p->asked = false;
}

/* ---- taking ---- */

static void drop_page(page_list *p)
{
    cw__page_drop(&p->page);
    cw__xml_free(p->document);
    p->document = NULL;
}

/* The body or the document, whichever is wanted. */
static cw_status await(page_list *p, cw__text *body, cw__xml **document, cw_error *err)
{
    cw_status st = cw__run_end(&p->run, err);

    if (body) {
        *body = p->x.reply.body;
        p->x.reply.body = (cw__text){0};
    } else {
        *document = p->x.reply.document;
        p->x.reply.document = NULL;
    }
    cw__exchange_free(&p->x);
    p->asked = false;
    return st;
}

static bool parse(page_list *p, const cw__text *body)
{
    cw__xml_watch watch = {"NextContinuationToken", on_token, p};

    return cw__xml_parse_watched(&p->document, cw__text_str(body), body->n,
                                 p->goes_on ? &watch : NULL, NULL) == CW_OK &&
           strcmp(cw__xml_name(cw__xml_root(p->document)), root_of(p)) == 0;
}

/* A success that is no list: ask again, and leave it to the exchange to judge it and to retry. */
static cw_status fetch_again(page_list *p, cw_error *err)
{
    cw_status st;

    stop_asking(p);
    drop_page(p);
    st = ask(p, p->page.token, CW__EXPECT_DOCUMENT, err);
    return st == CW_OK ? await(p, NULL, &p->document, err) : st;
}

static cw_status fetch(page_list *p, cw_error *err)
{
    cw__text body = {0};
    cw_status st = p->asked ? CW_OK : ask(p, p->page.token, CW__EXPECT_EMPTY, err);

    if (st == CW_OK)
        st = await(p, &body, NULL, err);
    if (st == CW_OK && !parse(p, &body))
        st = fetch_again(p, err);
    cw__text_free(&body);
    return st;
}

/*
 * Leave out what begins as the last key does, if nothing of it can match. A list starts behind the
 * key that it is given, so that one must not match either; and one place is gone to only once, for
 * a service may know no starts.
 */
static cw_status jump(page_list *p, cw_error *err)
{
    size_t dead = 0;
    char *after;

    if (p->glob && p->page.told)
        cw__glob_match(p->glob, p->page.told, &dead);
    if (dead == 0 || p->page.told[dead - 1] < ' ' || p->page.told[dead - 1] >= '~')
        return CW_OK;
    after = cw__strdup(p->page.told);
    if (!after)
        return cw__fail_memory(err, "listing");
    after[dead - 1]++;
    after[dead] = '\0';
    if ((p->after && strcmp(p->after, after) >= 0) || cw__glob_match(p->glob, after, NULL)) {
        cw__free(after);
        return CW_OK;
    }
    cw__free(p->after);
    p->after = after;
    cw__page_start_anew(&p->page);
    return CW_OK;
}

static cw_status next_page(page_list *p, cw_error *err)
{
    cw_status st = cw__client_check(p->client, err);

    if (st == CW_OK)
        st = jump(p, err);
    if (st != CW_OK)
        return st;
    p->goes_on = p->document && !p->glob;
    drop_page(p);
    st = fetch(p, err);
    if (st == CW_OK)
        st = cw__page_take(&p->page, p->document, err);
    if (st == CW_OK && p->page.more && p->goes_on && !p->asked)
        st = ask(p, p->page.token, CW__EXPECT_EMPTY, err);
    return st;
}

/* Of what more was asked for than is wanted. */
static bool is_wanted(const page_list *p, const char *key)
{
    return !p->at.path[p->prefix_bytes] || cw__starts_with(key, p->at.path);
}

/* A service that knows no starts begins anew. */
static bool is_told_again(const page_list *p, const char *key)
{
    return p->glob && p->after && strcmp(key, p->after) <= 0;
}

static cw_status next_key(void *self, cw_list_entry *e, cw_error *err)
{
    page_list *p = self;
    cw_status st = CW_OK;

    do {
        e->key = NULL;
        while (st == CW_OK && p->page.more && cw__page_at_end(&p->page))
            st = next_page(p, err);
        if (st == CW_OK)
            st = cw__page_next(&p->page, e, err);
    } while (st == CW_OK && e->key && (!is_wanted(p, e->key) || is_told_again(p, e->key)));
    return st;
}

static void free_list(void *self)
{
    page_list *p = self;

    stop_asking(p);
    drop_page(p);
    cw__page_free(&p->page);
    cw__url_free(&p->at);
    cw__free(p->after);
    cw_client_release(p->client);
    cw__free(p);
}

/* Directory buckets list folders, whole, and in no order. */
static cw_status check_directory(const char *bucket, const cw_list_options *o, cw_error *err)
{
    const char *wrong = o->versions      ? "has no versions"
                        : o->start_after ? "lists in no order"
                        : o->delimiter && strcmp(o->delimiter, "/") != 0
                            ? "knows no delimiter but /"
                            : NULL;

    if (!wrong)
        return CW_OK;
    return cw__fail(err, CW_E_UNSUPPORTED, "s3://%s is a directory bucket, which %s", bucket,
                    wrong);
}

cw_status cw__source_s3(cw__source *out, cw_client *c, cw__url *at, const cw_list_options *o,
                        const cw__glob *glob, cw_error *err)
{
    bool directory = cw__is_directory_bucket(at->bucket);
    cw_status st = directory ? check_directory(at->bucket, o, err) : CW_OK;
    const char *slash = strrchr(at->path, '/');
    page_list *p = st == CW_OK ? cw__alloc_zero(sizeof *p) : NULL;

    if (p && o->start_after)
        p->after = cw__strdup(o->start_after);
    if (!p || (o->start_after && !p->after)) {
        cw__free(p);
        return st == CW_OK ? cw__fail_memory(err, "opening a list") : st;
    }
    p->prefix_bytes = !directory ? strlen(at->path) : slash ? (size_t)(slash - at->path) + 1 : 0;
    p->client = cw_client_retain(c);
    p->options = o;
    p->glob = directory ? NULL : glob; /* nothing is left out where there is no order */
    p->at = *at;
    *at = (cw__url){0};
    p->page = (cw__page){.bucket = p->at.bucket, .versions = o->versions != 0, .more = true};
    *out = (cw__source){next_key, free_list, p};
    return CW_OK;
}
