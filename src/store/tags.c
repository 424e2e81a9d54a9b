/* tags.c - the tags of an object */
#include <cloudwriter/object.h>

#include "base/error.h"
#include "base/memory.h"
#include "s3/requests.h"
#include "store/backend.h"

#include <string.h>

/* One block: the struct, its pairs, and their texts one by one. */
typedef struct box {
    cw_object_tags tags; /* first */
    cw_pair list[];
} box;

static void begin(cw__exchange *x, cw_client *c, const cw__url *at, const char *method,
                  const char *doing)
{
    cw__exchange_init(x, c, cw__client_next_lane(c)->loop, method, at->bucket, at->path);
    cw__request_query(&x->request, "tagging", NULL);
    x->payload_hash = CW__EMPTY_SHA256;
    x->doing = doing;
}

static cw_status parse(cw__url *at, const cw_client *c, const char *url, cw_error *err)
{
    cw_status st = cw__place_parse(at, c, url, err);

    if (st != CW_OK || (at->scheme == CW__SCHEME_S3 && !cw__is_directory_bucket(at->bucket)))
        return st;
    cw__url_free(at);
    return cw__fail(err, CW_E_UNSUPPORTED,
                    "'%s' has no tags: only objects on S3 have, and not in directory buckets", url);
}

/* ---- get ---- */

static size_t count_tags(const cw__xml_node *set)
{
    size_t n = 0;

    for (const cw__xml_node *tag = cw__xml_child(set, "Tag"); tag; tag = cw__xml_next(tag))
        n++;
    return n;
}

static cw_status read_tag(cw_pair *pair, const cw__xml_node *tag, cw_error *err)
{
    pair->name = cw__xml_child_text(tag, "Key");
    pair->value = cw__xml_child_text(tag, "Value");
    if (!pair->value && !cw__xml_child(tag, "Value"))
        pair->value = cw__strdup("");
    if (!pair->name && !cw__xml_child(tag, "Key"))
        return cw__fail(err, CW_E_PROTOCOL, "a tag in the service's answer has no key");
    return pair->name && pair->value ? CW_OK : cw__fail_memory(err, "reading tags");
}

cw_status cw__tags_read(cw_object_tags **out, const cw__xml *document, cw_error *err)
{
    const cw__xml_node *set = cw__xml_child(cw__xml_root(document), "TagSet");
    size_t count = count_tags(set);
    box *b = cw__alloc_zero(sizeof *b + count * sizeof *b->list);
    cw_status st = b ? CW_OK : cw__fail_memory(err, "reading tags");
    const cw__xml_node *tag = cw__xml_child(set, "Tag");

    for (; st == CW_OK && tag; tag = cw__xml_next(tag))
        st = read_tag(&b->list[b->tags.count++], tag, err);
    if (b)
        b->tags.list = b->list;
    if (st == CW_OK)
        *out = &b->tags;
    else if (b)
        cw_object_tags_free(&b->tags);
    return st;
}

cw_status cw__tags_of(cw_object_tags **out, cw_client *c, const cw__url *at, const char *version_id,
                      cw_error *err)
{
    cw__exchange x;
    cw_status st;

    begin(&x, c, at, "GET", "get the tags of");
    if (version_id)
        cw__request_query(&x.request, "versionId", version_id);
    x.expect = CW__EXPECT_DOCUMENT;
    x.root = "Tagging";
    st = cw__exchange_run(&x, err);
    if (st == CW_OK)
        st = cw__tags_read(out, x.reply.document, err);
    cw__exchange_free(&x);
    return st;
}

cw_status cw_object_tags_get(cw_object_tags **out, cw_client *c, const char *url, cw_error *err)
{
    cw__url at;
    cw_status st;

    *out = NULL;
    cw__error_clear(err);
    st = parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    st = cw__tags_of(out, c, &at, NULL, err);
    cw__url_free(&at);
    return st;
}

void cw_object_tags_free(cw_object_tags *t)
{
    box *b = (box *)t;

    for (size_t i = 0; t && i < t->count; i++) {
        cw__free((char *)(uintptr_t)b->list[i].name);
        cw__free((char *)(uintptr_t)b->list[i].value);
    }
    cw__free(b);
}

/* ---- put ---- */

static void write_tags(cw__text *t, const cw_pair *tags, size_t count)
{
    cw__text_add(t, "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>");
    for (size_t i = 0; i < count; i++) {
        cw__text_add(t, "<Tag><Key>");
        cw__text_add_xml(t, tags[i].name);
        cw__text_add(t, "</Key><Value>");
        cw__text_add_xml(t, tags[i].value);
        cw__text_add(t, "</Value></Tag>");
    }
    cw__text_add(t, "</TagSet></Tagging>");
}

static cw_status check_tags(const cw_pair *tags, size_t count, cw_error *err)
{
    if (count > 0 && !tags)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "there are no tags");
    for (size_t i = 0; i < count; i++)
        if (!tags[i].name || !tags[i].name[0] || !tags[i].value)
            return cw__fail(err, CW_E_INVALID_ARGUMENT, "tag %zu has no name or no value", i);
    return CW_OK;
}

cw_status cw_object_tags_put(cw_client *c, const char *url, const cw_pair *tags, size_t count,
                             cw_error *err)
{
    char hash[2 * CW__SHA256_BYTES + 1];
    cw__text document = {0};
    cw__exchange x;
    cw__url at;
    cw_status st;

    cw__error_clear(err);
    st = check_tags(tags, count, err);
    if (st == CW_OK)
        st = parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    begin(&x, c, &at, count ? "PUT" : "DELETE", "tag");
    x.expect = CW__EXPECT_EMPTY;
    if (count) {
        write_tags(&document, tags, count);
        cw__request_digest(&x, at.bucket, &document);
        cw__request_document(&x, &document, hash);
    }
    st = cw__exchange_run(&x, err);
    cw__exchange_free(&x);
    cw__text_free(&document);
    cw__url_free(&at);
    return st;
}
