/* list_s3.c - the keys of a bucket, a page at a time
 *
 * Owns the reply of the page that is being told. A page has its objects and its common prefixes
 * apart, each in order; two cursors merge them. The next page is asked for when both are at the
 * end. A page may be empty and not the last.
 */
#include "store/source.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "s3/exchange.h"

#include <stdio.h>
#include <string.h>

/* The next element of a kind, and its key. */
typedef struct cursor {
    const cw__xml_node *node; /* NULL: at the end of the page */
    char *key;                /* NULL: not read yet */
} cursor;

typedef struct page_list {
    cw_client *client;
    const cw_list_options *options;
    cw__url at;
    cw__exchange x; /* of the page; has to be freed once `asked` */
    bool asked, encoded, more;
    char *token, *id_token; /* where the next page starts */
    cursor objects, prefixes;
    char *told; /* the key that was told last */
    char etag[144], storage_class[40], version_id[136];
} page_list;

/* ---- asking ---- */

static void request_keys(page_list *p)
{
    cw__request *r = &p->x.request;

    cw__request_query(r, "list-type", "2");
    if (p->token)
        cw__request_query(r, "continuation-token", p->token);
    else if (p->options->start_after)
        cw__request_query(r, "start-after", p->options->start_after);
    p->x.root = "ListBucketResult";
}

static void request_versions(page_list *p)
{
    cw__request *r = &p->x.request;

    cw__request_query(r, "versions", NULL);
    if (p->token)
        cw__request_query(r, "key-marker", p->token);
    else if (p->options->start_after)
        cw__request_query(r, "key-marker", p->options->start_after);
    if (p->token && p->id_token)
        cw__request_query(r, "version-id-marker", p->id_token);
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

/* ---- reading ---- */

/* The text of an element, decoded if the page is; NULL where there is none. */
static cw_status read_text(const page_list *p, const cw__xml_node *node, const char *name,
                           bool encoded, char **out, cw_error *err)
{
    *out = cw__xml_child_text(node, name);
    if (*out && encoded && p->encoded)
        cw__decode_url(*out);
    return *out || !cw__xml_child(node, name) ? CW_OK : cw__fail_memory(err, "reading a list");
}

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/*
 * A truncated page that does not say where the next one starts, or that starts it where this one
 * was asked for, would come again and again: that is an error of the service.
 */
static cw_status take_tokens(page_list *p, char *token, char *id_token, cw_error *err)
{
    bool moves = token && token[0] && !(same(token, p->token) && same(id_token, p->id_token));

    cw__free(p->token);
    cw__free(p->id_token);
    p->token = token;
    p->id_token = id_token;
    return moves ? CW_OK
                 : cw__fail(err, CW_E_PROTOCOL,
                            "the service's list of s3://%s goes on, but it does not say where",
                            p->at.bucket);
}

static cw_status read_tokens(page_list *p, const cw__xml_node *root, cw_error *err)
{
    bool versions = p->options->versions != 0;
    char truncated[8], *token = NULL, *id_token = NULL;
    cw_status st;

    cw__xml_copy_text(root, "IsTruncated", truncated, sizeof truncated);
    p->more = strcmp(truncated, "true") == 0;
    if (!p->more)
        return CW_OK;
    st = read_text(p, root, versions ? "NextKeyMarker" : "NextContinuationToken", versions, &token,
                   err);
    if (st == CW_OK && versions)
        st = read_text(p, root, "NextVersionIdMarker", false, &id_token, err);
    if (st == CW_OK)
        return take_tokens(p, token, id_token, err);
    cw__free(token);
    return st;
}

static bool is_object(const cw__xml_node *node)
{
    const char *name = cw__xml_name(node);

    return strcmp(name, "Contents") == 0 || strcmp(name, "Version") == 0 ||
           strcmp(name, "DeleteMarker") == 0;
}

static bool is_prefix(const cw__xml_node *node)
{
    return strcmp(cw__xml_name(node), "CommonPrefixes") == 0;
}

static const cw__xml_node *find(const cw__xml_node *node, bool (*wanted)(const cw__xml_node *))
{
    while (node && !wanted(node))
        node = cw__xml_after(node);
    return node;
}

static cw_status read_page(page_list *p, cw_error *err)
{
    const cw__xml_node *root = cw__xml_root(p->x.reply.document);
    char encoding[8];

    cw__xml_copy_text(root, "EncodingType", encoding, sizeof encoding);
    p->encoded = strcmp(encoding, "url") == 0;
    p->objects.node = find(cw__xml_first(root), is_object);
    p->prefixes.node = find(cw__xml_first(root), is_prefix);
    return read_tokens(p, root, err);
}

static void drop_page(page_list *p)
{
    if (p->asked)
        cw__exchange_free(&p->x);
    p->asked = false;
    cw__free(p->objects.key);
    cw__free(p->prefixes.key);
    p->objects = p->prefixes = (cursor){0};
}

static cw_status next_page(page_list *p, cw_error *err)
{
    cw_status st;

    drop_page(p);
    request_page(p);
    st = cw__exchange_run(&p->x, err);
    return st == CW_OK ? read_page(p, err) : st;
}

/* ---- telling ---- */

static cw_status read_key(const page_list *p, cursor *c, const char *name, cw_error *err)
{
    cw_status st = CW_OK;

    if (!c->node || c->key)
        return CW_OK;
    st = read_text(p, c->node, name, true, &c->key, err);
    if (st == CW_OK && !c->key)
        st = cw__fail(err, CW_E_PROTOCOL, "an entry in the service's list of s3://%s has no %s",
                      p->at.bucket, name);
    return st;
}

static void tell_object(page_list *p, const cw__xml_node *node, cw_list_entry *e)
{
    char text[40], etag[144];
    size_t n;

    cw__xml_copy_text(node, "Size", text, sizeof text);
    cw__parse_u64(text, UINT64_MAX, &e->bytes);
    cw__xml_copy_text(node, "LastModified", text, sizeof text);
    cw__clock_parse_iso(text, &e->modified_ms);
    cw__xml_copy_text(node, "ETag", etag, sizeof etag);
    n = strlen(etag);
    if (n >= 2 && etag[0] == '"' && etag[n - 1] == '"')
        snprintf(p->etag, sizeof p->etag, "%.*s", (int)n - 2, etag + 1);
    else
        cw__copy_string(p->etag, sizeof p->etag, etag);
    cw__xml_copy_text(node, "StorageClass", p->storage_class, sizeof p->storage_class);
    e->etag = p->etag;
    e->storage_class = p->storage_class;
    if (!p->options->versions)
        return;
    cw__xml_copy_text(node, "VersionId", p->version_id, sizeof p->version_id);
    e->version_id = p->version_id;
    cw__xml_copy_text(node, "IsLatest", text, sizeof text);
    e->is_latest = strcmp(text, "true") == 0;
    e->is_delete_marker = strcmp(cw__xml_name(node), "DeleteMarker") == 0;
}

static void tell(page_list *p, cursor *c, cw_list_entry *e)
{
    bool prefix = c == &p->prefixes;

    cw__free(p->told);
    e->key = p->told = c->key;
    e->is_prefix = prefix;
    if (!prefix)
        tell_object(p, c->node, e);
    c->key = NULL;
    c->node = find(cw__xml_after(c->node), prefix ? is_prefix : is_object);
}

static cw_status next_key(void *self, cw_list_entry *e, cw_error *err)
{
    page_list *p = self;
    cw_status st = CW_OK;

    while (st == CW_OK && p->more && !p->objects.node && !p->prefixes.node)
        st = next_page(p, err);
    if (st == CW_OK)
        st = read_key(p, &p->objects, "Key", err);
    if (st == CW_OK)
        st = read_key(p, &p->prefixes, "Prefix", err);
    if (st != CW_OK)
        return st;
    if (p->objects.key && (!p->prefixes.key || strcmp(p->objects.key, p->prefixes.key) <= 0))
        tell(p, &p->objects, e);
    else if (p->prefixes.key)
        tell(p, &p->prefixes, e);
    return CW_OK;
}

static void free_list(void *self)
{
    page_list *p = self;

    drop_page(p);
    cw__free(p->told);
    cw__free(p->token);
    cw__free(p->id_token);
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
    p->more = true;
    *out = (cw__source){next_key, free_list, p};
    return CW_OK;
}
