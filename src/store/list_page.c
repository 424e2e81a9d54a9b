/* list_page.c - one page of a list, as the service answered it */
#include "store/list_page.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* ---- reading ---- */

/* The text of an element, decoded if the page is; NULL where there is none. */
static cw_status read_text(const cw__page *p, const cw__xml_node *node, const char *name,
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
static cw_status take_tokens(cw__page *p, char *token, char *id_token, cw_error *err)
{
    bool moves = token && token[0] && !(same(token, p->token) && same(id_token, p->id_token));

    cw__free(p->token);
    cw__free(p->id_token);
    p->token = token;
    p->id_token = id_token;
    return moves ? CW_OK
                 : cw__fail(err, CW_E_PROTOCOL,
                            "the service's list of s3://%s goes on, but it does not say where",
                            p->bucket);
}

static cw_status read_tokens(cw__page *p, const cw__xml_node *root, cw_error *err)
{
    bool versions = p->versions;
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

cw_status cw__page_take(cw__page *p, const cw__xml *document, cw_error *err)
{
    const cw__xml_node *root = cw__xml_root(document);
    char encoding[8];

    cw__xml_copy_text(root, "EncodingType", encoding, sizeof encoding);
    p->encoded = strcmp(encoding, "url") == 0;
    p->objects.node = find(cw__xml_first(root), is_object);
    p->prefixes.node = find(cw__xml_first(root), is_prefix);
    return read_tokens(p, root, err);
}

/* ---- telling ---- */

static cw_status read_key(const cw__page *p, cw__page_cursor *c, const char *name, cw_error *err)
{
    cw_status st = CW_OK;

    if (!c->node || c->key)
        return CW_OK;
    st = read_text(p, c->node, name, true, &c->key, err);
    if (st == CW_OK && !c->key)
        st = cw__fail(err, CW_E_PROTOCOL, "an entry in the service's list of s3://%s has no %s",
                      p->bucket, name);
    return st;
}

static void tell_object(cw__page *p, const cw__xml_node *node, cw_list_entry *e)
{
    char text[40], etag[144];

    cw__xml_copy_text(node, "Size", text, sizeof text);
    cw__parse_u64(text, UINT64_MAX, &e->bytes);
    cw__xml_copy_text(node, "LastModified", text, sizeof text);
    cw__clock_parse_iso(text, &e->modified_ms);
    cw__xml_copy_text(node, "ETag", etag, sizeof etag);
    cw__etag_bare(etag, p->etag);
    cw__xml_copy_text(node, "StorageClass", p->storage_class, sizeof p->storage_class);
    e->etag = p->etag;
    e->storage_class = p->storage_class;
    if (!p->versions)
        return;
    cw__xml_copy_text(node, "VersionId", p->version_id, sizeof p->version_id);
    e->version_id = p->version_id;
    cw__xml_copy_text(node, "IsLatest", text, sizeof text);
    e->is_latest = strcmp(text, "true") == 0;
    e->is_delete_marker = strcmp(cw__xml_name(node), "DeleteMarker") == 0;
}

static void tell(cw__page *p, cw__page_cursor *c, cw_list_entry *e)
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

bool cw__page_at_end(const cw__page *p)
{
    return !p->objects.node && !p->prefixes.node;
}

cw_status cw__page_next(cw__page *p, cw_list_entry *e, cw_error *err)
{
    cw_status st = read_key(p, &p->objects, "Key", err);

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

void cw__page_start_anew(cw__page *p)
{
    cw__free(p->token);
    cw__free(p->id_token);
    p->token = p->id_token = NULL;
}

void cw__page_drop(cw__page *p)
{
    cw__free(p->objects.key);
    cw__free(p->prefixes.key);
    p->objects = p->prefixes = (cw__page_cursor){0};
}

void cw__page_free(cw__page *p)
{
    cw__page_drop(p);
    cw__free(p->told);
    cw__free(p->token);
    cw__free(p->id_token);
}
