/* root.c - paths below a place, and what the backends can do */
#include <cloudwriter/store.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/url.h"
#include "s3/client.h"

#include <string.h>

enum { URL_BYTES = 8192 };

struct cw_store {
    cw_client *client;
    char *root; /* with a slash at its end */
};

/* ---- what can be done ---- */

unsigned cw_capabilities(const char *url)
{
    static const unsigned of_s3 = CW_CAN_CREATE_ONLY | CW_CAN_IF_MATCH | CW_CAN_DESCRIBE |
                                  CW_CAN_TAG | CW_CAN_VERSION | CW_CAN_PRESIGN | CW_CAN_REQUEST |
                                  CW_CAN_ENCRYPT | CW_CAN_BUCKET | CW_CAN_UPLOAD |
                                  CW_CAN_CONDITION_PARTS;
    static const unsigned of_file = CW_CAN_CREATE_ONLY | CW_CAN_BUCKET | CW_CAN_MOVE_ATOMIC |
                                    CW_CAN_CONDITION_PARTS | CW_CAN_CONDITION_SURELY;
    static const unsigned of_memory =
        CW_CAN_CREATE_ONLY | CW_CAN_IF_MATCH | CW_CAN_CONDITION_PARTS | CW_CAN_CONDITION_SURELY;
    cw__url at;
    cw__scheme scheme;
    unsigned lacks = 0;

    if (url && strcmp(url, "mem://") == 0)
        return of_memory;
    if (cw__url_parse(&at, url, NULL) != CW_OK)
        return 0;
    scheme = at.scheme;
    if (scheme == CW__SCHEME_S3 && cw__is_directory_bucket(at.bucket))
        lacks = CW_CAN_TAG | CW_CAN_VERSION;
    else if (scheme == CW__SCHEME_S3 && cw__is_arn(at.bucket))
        lacks = CW_CAN_BUCKET;
    cw__url_free(&at);
    if (scheme == CW__SCHEME_S3)
        return of_s3 & ~lacks;
    return scheme == CW__SCHEME_FILE ? of_file : of_memory;
}

unsigned cw_capabilities_get(const cw_client *c, const char *url)
{
    static const struct {
        unsigned trait, lost;
    } losses[] = {
        {CW__NO_TAGS, CW_CAN_TAG},
        {CW__NO_VERSIONS, CW_CAN_VERSION},
        {CW__NO_UPLOAD_LIST, CW_CAN_UPLOAD},
        {CW__NO_PUT_IF, CW_CAN_CREATE_ONLY | CW_CAN_IF_MATCH},
        {CW__NO_PUT_IF | CW__NO_COMPLETE_IF, CW_CAN_CONDITION_PARTS},
        {CW__PUT_IF_UNSURE | CW__COMPLETE_IF_UNSURE, CW_CAN_CONDITION_SURELY},
    };
    unsigned can = cw_capabilities(url);

    if (!c || !(can & CW_CAN_REQUEST))
        return can;
    can |= CW_CAN_CONDITION_SURELY;
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        if (cw__provider_is(&c->provider, losses[i].trait))
            can &= ~losses[i].lost;
    return can;
}

/* ---- the root ---- */

/* Buckets are written as lists write them: an ARN has more than one spelling. */
static cw_status read_root(cw__text *root, const cw_client *c, const char *url, cw_error *err)
{
    cw__url at;
    cw_status st;
    bool s3;

    if (url && strcmp(url, "mem://") == 0) {
        cw__text_add(root, url);
        return CW_OK;
    }
    st = cw__url_parse(&at, url, err);
    if (st != CW_OK)
        return st;
    s3 = at.scheme == CW__SCHEME_S3;
    if (s3)
        cw__text_addf(root, "s3://%s/%s", at.bucket, at.path);
    else
        cw__text_add(root, url);
    cw__url_free(&at);
    if (s3 && !c)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' cannot be reached without a client", url);
    return c ? cw__client_check(c, err) : CW_OK;
}

cw_status cw_store_open(cw_store **out, cw_client *c, const char *url, cw_error *err)
{
    cw__text root = {0};
    cw_store *s;
    cw_status st;

    *out = NULL;
    cw__error_clear(err);
    st = read_root(&root, c, url, err);
    if (st != CW_OK) {
        cw__text_free(&root);
        return st;
    }
    if (root.n > 0 && !root.failed && root.p[root.n - 1] != '/')
        cw__text_add_char(&root, '/');
    s = cw__alloc_zero(sizeof *s);
    if (!s || root.failed) {
        cw__text_free(&root);
        cw__free(s);
        return cw__fail_memory(err, "opening a store");
    }
    s->root = root.p;
    s->client = c ? cw_client_retain(c) : NULL;
    *out = s;
    return CW_OK;
}

void cw_store_close(cw_store *s)
{
    if (!s)
        return;
    cw_client_release(s->client);
    cw__free(s->root);
    cw__free(s);
}

cw_client *cw_store_client(const cw_store *s)
{
    return s->client;
}

const char *cw_store_root(const cw_store *s)
{
    return s->root;
}

/* ---- paths ---- */

/* One that the next slash, or the end, is behind. */
static bool may_be_segment(const char *at, size_t n)
{
    return n > 0 && !(n == 1 && at[0] == '.') && !(n == 2 && at[0] == '.' && at[1] == '.');
}

static cw_status check_path(const char *path, cw_error *err)
{
    const char *at = path ? path : "/";

    while (*at) {
        size_t n = strcspn(at, "/");
        if (!may_be_segment(at, n))
            return cw__fail(err, CW_E_INVALID_ARGUMENT,
                            "'%.200s' is no path below a store: none is absolute, and none has "
                            "'..', '.' or nothing between slashes",
                            path ? path : "(null)");
        at += n + (at[n] == '/');
    }
    return CW_OK;
}

cw_status cw_store_url(const cw_store *s, const char *path, char *out, size_t bytes, cw_error *err)
{
    size_t root_n = strlen(s->root), n;
    cw_status st;

    cw__error_clear(err);
    if (!out || bytes == 0)
        return cw__fail(err, CW_E_INVALID_ARGUMENT, "there is no room for the URL");
    out[0] = '\0';
    st = check_path(path, err);
    if (st != CW_OK)
        return st;
    n = strlen(path);
    if (root_n + n >= bytes)
        return cw__fail(err, CW_E_TOO_LARGE, "the URL has %zu bytes, and there is room for %zu",
                        root_n + n + 1, bytes);
    memcpy(out, s->root, root_n);
    memcpy(out + root_n, path, n + 1);
    return CW_OK;
}

const char *cw_store_path(const cw_store *s, const char *url)
{
    return url && cw__starts_with(url, s->root) ? url + strlen(s->root) : NULL;
}

/* ---- verbs ---- */

/* A verb of one object; the root itself and folders are none. */
static cw_status object_url(const cw_store *s, const char *path, char out[URL_BYTES], cw_error *err)
{
    cw_status st = cw_store_url(s, path, out, URL_BYTES, err);

    if (st == CW_OK && (!path[0] || path[strlen(path) - 1] == '/'))
        st = cw__fail(err, CW_E_INVALID_ARGUMENT, "'%.200s' names a folder, and no object", path);
    return st;
}

cw_status cw_store_stat(cw_object_meta **out, cw_store *s, const char *path, cw_error *err)
{
    char url[URL_BYTES];
    cw_status st = object_url(s, path, url, err);

    *out = NULL;
    return st == CW_OK ? cw_object_stat(out, s->client, url, NULL, err) : st;
}

cw_status cw_store_delete(cw_store *s, const char *path, const cw_object_delete_options *o,
                          cw_error *err)
{
    char url[URL_BYTES];
    cw_status st = object_url(s, path, url, err);

    return st == CW_OK ? cw_object_delete(s->client, url, o, err) : st;
}

cw_status cw_store_copy(cw_store *s, const char *from, const char *to,
                        const cw_object_copy_options *o, cw_error *err)
{
    char source[URL_BYTES], target[URL_BYTES];
    cw_status st = object_url(s, from, source, err);

    if (st == CW_OK)
        st = object_url(s, to, target, err);
    return st == CW_OK ? cw_object_copy(s->client, source, target, o, NULL, err) : st;
}

cw_status cw_store_move(cw_store *s, const char *from, const char *to,
                        const cw_object_copy_options *o, cw_error *err)
{
    char source[URL_BYTES], target[URL_BYTES];
    cw_status st = object_url(s, from, source, err);

    if (st == CW_OK)
        st = object_url(s, to, target, err);
    return st == CW_OK ? cw_object_move(s->client, source, target, o, NULL, err) : st;
}

cw_status cw_store_list(cw_list **out, cw_store *s, const char *path, const cw_list_options *o,
                        cw_error *err)
{
    char url[URL_BYTES];
    cw_status st = cw_store_url(s, path, url, sizeof url, err);

    *out = NULL;
    return st == CW_OK ? cw_list_open(out, s->client, url, o, err) : st;
}
