/* uploads.c - multipart uploads that were left behind: list them, abort them */
#include <cloudwriter/object.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "s3/requests.h"
#include "store/bucket_url.h"
#include "store/upload_page.h"

#include <string.h>

/* ---- abort ---- */

cw_status cw_upload_abort(cw_client *c, const char *url, const char *upload_id, cw_error *err)
{
    cw__exchange x;
    cw__url where;
    cw_status st;

    cw__error_clear(err);
    if (!upload_id || !upload_id[0]) /* without it some services would delete the object */
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "no upload of '%s' is named: its id is missing",
                        url);
    st = cw__object_url_parse(&where, c, url, err);
    if (st != CW_OK)
        return st;
    cw__request_abort(&x, (cw__object_name){c, where.bucket, where.path},
                      cw__client_next_lane(c)->loop, upload_id);
    st = cw__exchange_run(&x, err);
    if (x.in_doubt && x.judgement.verdict == CW__VERDICT_NO_UPLOAD) { /* by an earlier attempt */
        cw__error_clear(err);
        st = CW_OK;
    }
    cw__exchange_free(&x);
    cw__url_free(&where);
    return st;
}

/* ---- list ---- */

/* Keys are asked for in URL encoding, since XML cannot hold every byte of one. */
static void request_page(cw__exchange *x, const cw__upload_page *p)
{
    cw__exchange_init(x, p->client, cw__client_next_lane(p->client)->loop, "GET", p->where->bucket,
                      "");
    cw__request_query(&x->request, "uploads", NULL);
    cw__request_query(&x->request, "encoding-type", "url");
    if (p->where->path[0])
        cw__request_query(&x->request, "prefix", p->where->path);
    if (p->key_marker) {
        cw__request_query(&x->request, "key-marker", p->key_marker);
        cw__request_query(&x->request, "upload-id-marker", p->id_marker ? p->id_marker : "");
    }
    x->expect = CW__EXPECT_DOCUMENT;
    x->root = "ListMultipartUploadsResult";
    x->payload_hash = CW__EMPTY_SHA256;
    x->doing = "list the uploads under";
}

void cw__upload_page_free(cw__upload_page *p)
{
    cw__free(p->key_marker);
    cw__free(p->id_marker);
    p->key_marker = p->id_marker = NULL;
}

/* The text of an element, NULL where there is none; lack of memory is another matter. */
static cw_status read_text(char **out, const cw__xml_node *node, const char *name, cw_error *err)
{
    *out = cw__xml_child_text(node, name);
    return *out || !cw__xml_child(node, name) ? CW_OK : cw__fail_memory(err, "listing uploads");
}

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

/*
 * A truncated page that does not say where the next one starts, or that starts it where this one
 * was asked for, would come again and again: that is an error of the service.
 */
static cw_status take_markers(cw__upload_page *p, char *key, char *id, cw_error *err)
{
    bool moves = key && key[0] &&
                 (strcmp(key, or_empty(p->key_marker)) != 0 ||
                  strcmp(or_empty(id), or_empty(p->id_marker)) != 0);

    cw__upload_page_free(p);
    p->key_marker = key;
    p->id_marker = id;
    return moves ? CW_OK
                 : cw__fail(err, CW_E_PROTOCOL,
                            "the service's list of uploads goes on, but it does not say where");
}

static cw_status read_markers(cw__upload_page *p, const cw__xml_node *root, bool encoded,
                              cw_error *err)
{
    char truncated[8];
    char *key, *id = NULL;
    cw_status st;

    cw__xml_copy_text(root, "IsTruncated", truncated, sizeof truncated);
    p->more = strcmp(truncated, "true") == 0;
    if (!p->more)
        return CW_OK;
    st = read_text(&key, root, "NextKeyMarker", err);
    if (st == CW_OK)
        st = read_text(&id, root, "NextUploadIdMarker", err);
    if (st != CW_OK) {
        cw__free(key);
        return st;
    }
    if (key && encoded)
        cw__decode_url(key);
    return take_markers(p, key, id, err);
}

static cw_status tell_named(const cw__upload_page *p, const cw__xml_node *node, const char *key,
                            const char *id, cw_upload_fn each, void *user, cw_error *err)
{
    char storage_class[32], initiated[40];
    cw_upload_info info = {
        .bucket = p->where->bucket, .key = key, .upload_id = id, .storage_class = storage_class};

    cw__xml_copy_text(node, "StorageClass", storage_class, sizeof storage_class);
    cw__xml_copy_text(node, "Initiated", initiated, sizeof initiated);
    cw__clock_parse_iso(initiated, &info.initiated_ms);
    return each(user, &info) == 0 ? CW_OK
                                  : cw__fail(err, CW_E_CANCELLED, "cancelled by the callback");
}

static cw_status tell_one(const cw__upload_page *p, const cw__xml_node *node, bool encoded,
                          cw_upload_fn each, void *user, cw_error *err)
{
    char *key, *id = NULL;
    cw_status st = read_text(&key, node, "Key", err);

    if (st == CW_OK)
        st = read_text(&id, node, "UploadId", err);
    if (st == CW_OK && (!key || !id))
        st = cw__fail(err, CW_E_PROTOCOL, "an upload in the service's list has no key or no id");
    if (st == CW_OK) {
        if (encoded)
            cw__decode_url(key);
        st = tell_named(p, node, key, id, each, user, err);
    }
    cw__free(key);
    cw__free(id);
    return st;
}

cw_status cw__upload_page_tell(cw__upload_page *p, const cw__xml *document, cw_upload_fn each,
                               void *user, cw_error *err)
{
    const cw__xml_node *root = cw__xml_root(document);
    const cw__xml_node *node = cw__xml_child(root, "Upload");
    char encoding[8];
    bool encoded;
    cw_status st;

    cw__xml_copy_text(root, "EncodingType", encoding, sizeof encoding);
    encoded = strcmp(encoding, "url") == 0;
    st = read_markers(p, root, encoded, err);
    for (; st == CW_OK && node; node = cw__xml_next(node))
        st = tell_one(p, node, encoded, each, user, err);
    return st;
}

static cw_status list_page(cw__upload_page *p, cw_upload_fn each, void *user, cw_error *err)
{
    cw__exchange x;
    cw_status st;

    request_page(&x, p);
    st = cw__exchange_run(&x, err);
    if (st == CW_OK)
        st = cw__upload_page_tell(p, x.reply.document, each, user, err);
    cw__exchange_free(&x);
    return st;
}

cw_status cw_upload_list(cw_client *c, const char *url, cw_upload_fn each, void *user,
                         cw_error *err)
{
    cw__url where;
    cw__upload_page p = {.client = c, .where = &where, .more = true};
    cw_status st;

    cw__error_clear(err);
    st = cw__bucket_url_parse(&where, c, url, err);
    if (st != CW_OK)
        return st;
    while (st == CW_OK && p.more)
        st = list_page(&p, each, user, err);
    cw__upload_page_free(&p);
    cw__url_free(&where);
    return st;
}
