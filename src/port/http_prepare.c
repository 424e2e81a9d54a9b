/* http_prepare.c - the easy handle of a transfer, dressed for a call
 *
 * Owns the handle's options and what they point to: the list of headers and a small body. The
 * constant options are set once; a further call changes only its own. The rest of a transfer's
 * life is in http_transfer.c.
 */
#include "port/http_transfer.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum {
    HTTP_UPLOAD_BUFFER = 256 * 1024,
    HTTPS_UPLOAD_BUFFER = 128 * 1024,
    SMALL_BODY = 64 * 1024,
    HTTP_BODY_WITH_HEAD = 64 * 1024 - 1, /* libcurl before 8.7 does it below 64 KiB */
    HTTPS_BODY_WITH_HEAD = 12 * 1024,    /* so that both fit into one record */
    GET_RECEIVE_BUFFER = 128 * 1024,
    OTHER_RECEIVE_BUFFER = 16 * 1024,
    EXTRA_HEADERS = 3 /* Accept, Content-Type, Expect */
};

size_t cw__http_connection_bytes(bool tls)
{
    return tls ? HTTPS_UPLOAD_BUFFER + CW__TLS_BATCH_BYTES + OTHER_RECEIVE_BUFFER
               : HTTP_UPLOAD_BUFFER + OTHER_RECEIVE_BUFFER;
}

#define SET(option, value) (ok = ok && curl_easy_setopt(x->easy, option, value) == CURLE_OK)

static bool set_protocol(cw__transfer *x)
{
    bool ok = true;
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    SET(CURLOPT_QUICK_EXIT, 1L); /* a call that is over does not wait for its name to resolve */
#endif
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_EXPECT_100_TIMEOUT_MS, 1000L);
    SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_USERAGENT, x->settings->options.user_agent);
    return ok;
}

static bool set_connection(cw__transfer *x)
{
    bool ok = true;
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)x->settings->options.connect_timeout_ms);
    SET(CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_TCP_KEEPIDLE, 30L);
    SET(CURLOPT_TCP_KEEPINTVL, 15L);
    return ok;
}

/* libcurl has defaults for both, which either of ours is in place of. */
static bool set_authorities(cw__transfer *x)
{
    const cw__http_options *o = &x->settings->options;
    bool ok = true;
    if (!o->ca_bundle && !o->ca_directory)
        return true;
    SET(CURLOPT_CAINFO, o->ca_bundle);
    SET(CURLOPT_CAPATH, o->ca_directory);
    SET(CURLOPT_PROXY_CAINFO, o->ca_bundle);
    SET(CURLOPT_PROXY_CAPATH, o->ca_directory);
    return ok;
}

static bool set_tls(cw__transfer *x)
{
    const cw__http_options *o = &x->settings->options;
    bool ok = true;
    SET(CURLOPT_SSLVERSION,
        o->tls_1_3 ? (long)CURL_SSLVERSION_TLSv1_3 : (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, o->no_verify ? 0L : 1L);
    SET(CURLOPT_SSL_VERIFYHOST, o->no_verify ? 0L : 2L);
    if (o->client_cert) {
        SET(CURLOPT_SSLCERT, o->client_cert);
        SET(CURLOPT_SSLKEY, o->client_key ? o->client_key : o->client_cert);
        SET(CURLOPT_KEYPASSWD, o->client_key_password ? o->client_key_password : "");
    }
    return ok && set_authorities(x);
}

/* "" and not NULL where there is none, or libcurl would ask the environment. */
static bool set_proxy(cw__transfer *x)
{
    const cw__http_options *o = &x->settings->options;
    const cw__http_proxy *proxy = x->tls ? &o->tls_proxy : &o->proxy;
    bool ok = true;
    if (x->proxy == proxy)
        return true;
    x->proxy = proxy;
    SET(CURLOPT_PROXY, proxy->url ? proxy->url : "");
    SET(CURLOPT_PROXYUSERNAME, proxy->user);
    SET(CURLOPT_PROXYPASSWORD, proxy->password);
    SET(CURLOPT_NOPROXY, o->no_proxy ? o->no_proxy : "");
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    return ok;
}

cw__transfer *cw__transfer_new(const cw__transfer_settings *settings)
{
    cw__transfer *x = cw__alloc_zero(sizeof *x);
    if (!x)
        return NULL;
    x->settings = settings;
    x->easy = curl_easy_init();
    if (x->easy && cw__transfer_set_callbacks(x) && set_protocol(x) && set_connection(x) &&
        set_tls(x))
        return x;
    cw__transfer_free(x);
    return NULL;
}

static void drop_headers(cw__transfer *x)
{
    for (size_t i = 0; i < x->header_count; i++)
        cw__free(x->headers[i].copy);
    x->header_count = 0;
}

void cw__transfer_clear(cw__transfer *x)
{
    drop_headers(x);
    cw__free(x->small_copy);
    x->small_copy = NULL;
    x->small_body = NULL;
    x->call = NULL;
}

void cw__transfer_free(cw__transfer *x)
{
    if (!x)
        return;
    if (x->easy)
        curl_easy_cleanup(x->easy);
    cw__transfer_clear(x);
    cw__free(x->headers);
    cw__free(x);
}

/* libcurl takes "Name:" for a wish not to send that header; an empty one is spelt "Name;". */
static bool add_header(cw__transfer *x, const char *line, bool as_it_is)
{
    cw__transfer_header *h = &x->headers[x->header_count];
    const char *colon = strchr(line, ':');
    h->copy = NULL;
    h->node.next = NULL;
    if (!as_it_is && colon && strspn(colon + 1, " \t") == strlen(colon + 1)) {
        h->copy = cw__strndup(line, (size_t)(colon - line) + 1);
        if (!h->copy)
            return false;
        h->copy[colon - line] = ';';
    }
    /* The list is the caller's text in libcurl's type; libcurl only reads it. */
    h->node.data = h->copy ? h->copy : (char *)(uintptr_t)line;
    if (x->header_count)
        x->headers[x->header_count - 1].node.next = &h->node;
    x->header_count++;
    return true;
}

static bool make_room_for_headers(cw__transfer *x, size_t n)
{
    if (n <= x->header_capacity)
        return true;
    cw__transfer_header *more = cw__realloc(x->headers, n * sizeof *more);
    if (!more)
        return false;
    x->headers = more;
    x->header_capacity = n;
    return true;
}

static bool set_headers(cw__transfer *x, const cw__http_call *call)
{
    size_t n = 0;
    while (call->headers && call->headers[n])
        n++;
    if (!make_room_for_headers(x, n + EXTRA_HEADERS))
        return false;
    bool ok = true;
    for (size_t i = 0; i < n; i++)
        ok = ok && add_header(x, call->headers[i], false);
    bool expect = call->expect_continue && call->body_bytes;
    ok = ok && add_header(x, "Accept:", true) && add_header(x, "Content-Type:", true) &&
         add_header(x, expect ? "Expect: 100-continue" : "Expect:", true);
    SET(CURLOPT_HTTPHEADER, &x->headers[0].node);
    return ok;
}

/* NULL, for want of memory or bytes: then the body is read when libcurl asks for it. */
static char *copy_body(const cw__transfer *x, cw__http_call *call, size_t n)
{
    char *copy = cw__alloc(n);
    size_t got = 0;
    while (copy && got < n) {
        size_t more = call->read(call->user, got, copy + got, n - got);
        if (x->call && more && more <= n - got) {
            got += more;
        } else {
            cw__free(copy);
            copy = NULL;
        }
    }
    return copy;
}

static void take_small_body(cw__transfer *x, cw__http_call *call)
{
    uint64_t most = x->tls ? HTTPS_BODY_WITH_HEAD : HTTP_BODY_WITH_HEAD;
    if (call->body_bytes == 0 || call->body_bytes > most || call->expect_continue)
        return;
    if (!call->whole_body)
        x->small_copy = copy_body(x, call, (size_t)call->body_bytes);
    x->small_body = call->whole_body ? call->whole_body : x->small_copy;
    if (x->small_body)
        x->offset = call->body_bytes;
}

/*
 * A small body goes as what libcurl calls post fields, under whatever method: it is sent along with
 * the head, in one system call and one packet the fewer. They are unset for any other body, or
 * libcurl would not rewind it. HTTPGET comes first because POST and NOBODY may leave an earlier
 * UPLOAD in force.
 */
static bool set_method(cw__transfer *x, const cw__http_call *call)
{
    bool ok = true;
    const char *m = call->method;
    bool head = strcmp(m, "HEAD") == 0, get = strcmp(m, "GET") == 0;
    SET(CURLOPT_POSTFIELDS, x->small_body);
    SET(CURLOPT_HTTPGET, 1L);
    if (x->small_body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_bytes);
    } else if (strcmp(m, "PUT") == 0 || strcmp(m, "POST") == 0) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->body_bytes);
    } else if (head) {
        SET(CURLOPT_NOBODY, 1L);
    }
    SET(CURLOPT_CUSTOMREQUEST, head || get ? NULL : m);
    return ok;
}

/* A small body does not pay for the allocation of a large buffer. */
static size_t upload_buffer_for(const cw__transfer *x, uint64_t body_bytes)
{
    size_t size = x->settings->options.upload_buffer_bytes;
    if (size == 0)
        size = x->tls ? HTTPS_UPLOAD_BUFFER : HTTP_UPLOAD_BUFFER;
    return body_bytes <= SMALL_BODY && size > SMALL_BODY ? SMALL_BODY : size;
}

/* Setting either buffer's size frees the buffer, so only when it changes. */
static bool set_buffers(cw__transfer *x, const cw__http_call *call)
{
    bool ok = true;
    size_t size = upload_buffer_for(x, call->body_bytes);
    if (x->upload_buffer_bytes != (long)size) {
        x->upload_buffer_bytes = (long)size;
        SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)size);
    }
    long receive = strcmp(call->method, "GET") == 0 ? GET_RECEIVE_BUFFER : OTHER_RECEIVE_BUFFER;
    if (x->receive_buffer_bytes != receive) {
        x->receive_buffer_bytes = receive;
        SET(CURLOPT_BUFFERSIZE, receive);
    }
    return ok;
}

bool cw__transfer_prepare(cw__transfer *x, cw__http_call *call, uint64_t now_ms)
{
    bool ok = true;
    x->call = call;
    x->tls = cw__starts_with(call->url, "https:");
    x->offset = x->uploaded = x->downloaded = 0;
    x->begun = x->told_sent = x->peeked = x->paused = false;
    x->resent = call->again;
    x->body_bytes = x->body_got = x->body_us = 0;
    x->head_open = x->head_final = x->refused = x->gulps = false;
    x->encoded = x->closing = x->direct = x->over = x->opened = x->lent = false;
    x->status = 0;
    x->moves = x->moves_seen = 0;
    x->start_ms = x->since_ms = now_ms;
    x->unsent_bytes = 0;
    x->head_bytes_before = 0;
    x->fd = x->kept = x->ours = CURL_SOCKET_BAD;
    x->message[0] = 0;
    take_small_body(x, call);
    SET(CURLOPT_URL, call->url);
    return ok && set_proxy(x) && set_headers(x, call) && set_method(x, call) &&
           set_buffers(x, call);
}
