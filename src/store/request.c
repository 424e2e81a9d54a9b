/* request.c - a signed request of the caller's own making */
#include <cloudwriter/bucket.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "s3/requests.h"

#include <string.h>

/* The public struct, and what it points into. */
typedef struct box {
    cw_response response; /* first */
    cw__text headers, body;
    cw_pair pairs[];
} box;

static const char *const methods[] = {"GET", "HEAD", "PUT", "POST", "DELETE"};

/* The one that lasts; NULL for what is none. */
static const char *method_of(const char *given)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(given ? given : "GET", methods[i]) == 0)
            return methods[i];
    return NULL;
}

static cw_status parse(cw__url *at, const cw_client *c, const char *url, cw_error *err)
{
    cw_status st = cw__url_parse(at, url, err);

    if (st != CW_OK)
        return st;
    if (at->scheme != CW__SCHEME_S3)
        st = cw__fail(err, CW_E_UNSUPPORTED, "'%s' takes no requests: only s3:// does", url);
    else if (!c)
        st = cw__fail(err, CW_E_INVALID_ARGUMENT, "'%s' cannot be reached without a client", url);
    else
        st = cw__client_check(c, err);
    if (st != CW_OK)
        cw__url_free(at);
    return st;
}

/* ---- sending ---- */

static size_t read_body(void *user, uint64_t offset, void *p, size_t n)
{
    const cw_request_options *o = user;
    size_t left = offset < o->body_bytes ? o->body_bytes - (size_t)offset : 0;

    n = n < left ? n : left;
    if (n)
        memcpy(p, (const char *)o->body + offset, n);
    return n;
}

static cw_status add_body(cw__exchange *x, const cw_request_options *o, char *hash, cw_error *err)
{
    unsigned char raw[CW__SHA256_BYTES];

    if (cw__sha256_of(o->body, o->body_bytes, raw) != CW_OK)
        return cw__fail_memory(err, "hashing a request");
    cw__hex(raw, sizeof raw, hash);
    x->payload_hash = hash;
    x->body = (cw__body){
        .read = read_body, .user = (void *)(uintptr_t)o, .bytes = o->body_bytes, .p = o->body};
    return CW_OK;
}

/* Of an object, or of the source of a copy. */
static bool is_key(const char *header)
{
    static const char tail[] = "-server-side-encryption-customer-key";
    size_t n = strlen(header);

    return n >= sizeof tail - 1 && cw__equal_nocase(header + n - (sizeof tail - 1), tail);
}

static cw_status add_header(cw__exchange *x, const cw_pair *header, cw_error *err)
{
    cw_status st = is_key(header->name) ? cw__client_check_secrecy(x->client, err) : CW_OK;

    cw__request_header(&x->request, header->name, header->value);
    return st;
}

static bool asks(const cw_request_options *o, const char *name)
{
    for (size_t i = 0; i < o->query_count; i++)
        if (strcmp(o->query[i].name, name) == 0)
            return true;
    return false;
}

/* All but looking and listing is said to the configuration of a directory bucket. */
static cw__reach reach_of(const cw__request *r, const cw_request_options *o)
{
    bool get = strcmp(r->method, "GET") == 0;

    if (r->failed || r->key[0] || !cw__is_directory_bucket(r->bucket))
        return CW__REACH_OBJECTS;
    if (get && asks(o, "session"))
        return CW__REACH_OWN;
    if (get ? asks(o, "list-type") || asks(o, "uploads")
            : strcmp(r->method, "PUT") != 0 && strcmp(r->method, "DELETE") != 0)
        return CW__REACH_OBJECTS;
    return CW__REACH_BUCKET;
}

static cw_status fill(cw__exchange *x, const cw_request_options *o, char *hash, cw_error *err)
{
    for (size_t i = 0; i < o->query_count; i++) {
        if (!o->query[i].name)
            return cw__fail(err, CW_E_INVALID_ARGUMENT, "query parameter %zu has no name", i);
        cw__request_query(&x->request, o->query[i].name, o->query[i].value);
    }
    for (size_t i = 0; i < o->header_count; i++) {
        if (!o->headers[i].name)
            return cw__fail(err, CW_E_INVALID_ARGUMENT, "header %zu has no name", i);
        cw_status st = add_header(x, &o->headers[i], err);
        if (st != CW_OK)
            return st;
    }
    x->request.reach = reach_of(&x->request, o);
    x->expect = CW__EXPECT_EMPTY;
    x->payload_hash = CW__EMPTY_SHA256;
    x->doing = "send a request to";
    x->raw = true;
    x->reply.keep_headers = true;
    return o->body_bytes ? add_body(x, o, hash, err) : CW_OK;
}

/* ---- the answer ---- */

static size_t count_headers(const cw__text *t)
{
    size_t n = 0;

    for (size_t at = 0; at < t->n; at += strlen(t->p + at) + 1)
        n++;
    return n / 2;
}

static void list_headers(box *b)
{
    const char *at = b->headers.p;

    for (size_t i = 0; i < b->response.header_count; i++) {
        b->pairs[i].name = at;
        b->pairs[i].value = at + strlen(at) + 1;
        at = b->pairs[i].value + strlen(b->pairs[i].value) + 1;
    }
    b->response.headers = b->pairs;
}

static cw_status take(cw_response **out, cw__reply *r, cw_error *err)
{
    size_t count = count_headers(&r->headers);
    box *b;

    if (r->body_cut)
        return cw__fail(err, CW_E_TOO_LARGE, "the answer has more than %d bytes",
                        (int)CW__REPLY_LIMIT);
    b = r->headers.failed ? NULL : cw__alloc_zero(sizeof *b + count * sizeof *b->pairs);
    if (!b)
        return cw__fail_memory(err, "taking an answer");
    b->headers = r->headers;
    b->body = r->body;
    r->headers = r->body = (cw__text){0};
    b->response.http_status = r->http_status;
    b->response.header_count = count;
    b->response.body = cw__text_str(&b->body);
    b->response.body_bytes = b->body.n;
    list_headers(b);
    *out = &b->response;
    return CW_OK;
}

cw_status cw_request_send(cw_response **out, cw_client *c, const char *url,
                          const cw_request_options *o, cw_error *err)
{
    char hash[2 * CW__SHA256_BYTES + 1];
    cw_request_options taken;
    const char *method;
    cw__exchange x;
    cw__url at;
    cw_status st;

    *out = NULL;
    cw__error_clear(err);
    st = cw__options_take(&taken, sizeof taken, o, err);
    if (st != CW_OK)
        return st;
    method = method_of(taken.method);
    if (!method)
        return cw__fail(err, CW_E_INVALID_ARGUMENT,
                        "the method is '%.20s': GET, HEAD, PUT, POST or DELETE can be sent",
                        taken.method);
    st = parse(&at, c, url, err);
    if (st != CW_OK)
        return st;
    cw__exchange_init(&x, c, cw__client_next_lane(c)->loop, method, at.bucket, at.path);
    st = fill(&x, &taken, hash, err);
    if (st == CW_OK)
        st = cw__exchange_run(&x, err);
    if (st == CW_OK)
        st = take(out, &x.reply, err);
    cw__exchange_free(&x);
    cw__url_free(&at);
    return st;
}

void cw_response_free(cw_response *r)
{
    box *b = (box *)r;

    if (!b)
        return;
    cw__text_free(&b->headers);
    cw__text_free(&b->body);
    cw__free(b);
}
