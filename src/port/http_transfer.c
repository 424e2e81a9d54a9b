/* http_transfer.c - one request and its reply on one libcurl easy handle
 *
 * Owns the easy handle, the list of headers that it points to, and what is known of the transfer
 * under way: how far the body has gone, which head is being read, when something last moved.
 *
 *     unsent -> sending -> waiting for the reply -> receiving        (cw__transfer_stalled)
 *
 * - unsent: libcurl resolves, connects, shakes hands; its own connect timeout applies.
 * - sending: stall_ms, which starts anew when libcurl hands bytes on or the kernel's queue shrinks.
 * - waiting: stall_ms while the kernel still has bytes to deliver, then reply_ms.
 * - receiving: stall_ms, which starts anew with every byte.
 *
 * An early refusal. A final head that arrives before the body has been sent stops the sending if
 * its status is 300 or more. libcurl does so by itself, except when the head says "Connection:
 * close"; there the read callback ends the body: before libcurl 8.7 by an end of file, which
 * later versions take for an error but where a pause, which they end by themselves with the reply,
 * has the same effect.
 *
 * A refusal and a reset that follow each other closely race with our next send, which would fail
 * and hide the refusal. So the read callback looks at the socket after it has copied, and if
 * something is there it holds the bytes back until libcurl has read it. (Over TLS the batch BIO
 * has its own way.)
 */
#include "port/http_transfer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

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

/* --- what libcurl asks and tells -------------------------------------------------------------- */

static void gather(cw__transfer *x, bool on)
{
    struct curl_tlssessioninfo *session = NULL;
    if (!x->tls || !x->settings->batch)
        return;
    if (curl_easy_getinfo(x->easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session)
        return;
    if (session->backend == CURLSSLBACKEND_OPENSSL && session->internals)
        cw__tls_batch_gather(x->settings->batch, session->internals, on);
}

static bool reply_is_waiting(const cw__transfer *x)
{
    char c;
    return x->fd != CURL_SOCKET_BAD && recv(x->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/*
 * The last bytes of a body travel in a call of their own, with gathering off, so that they and all
 * gathered before them are written through. Until then there is more to come, and this function
 * is called again. tls_batch.c has the whole argument.
 */
static size_t keep_tail_apart(cw__transfer *x, size_t n)
{
    uint64_t left = x->call->body_bytes - x->offset;
    bool last = left <= CW__TLS_BATCH_TAIL;
    gather(x, !last && !x->head_final);
    if (!last && n > left - CW__TLS_BATCH_TAIL)
        n = (size_t)(left - CW__TLS_BATCH_TAIL);
    return n;
}

static size_t on_read(char *p, size_t size, size_t count, void *user)
{
    cw__transfer *x = user;
    if (!x->call)
        return CURL_READFUNC_ABORT;
    if (x->head_final && x->status >= 300)
        return x->settings->short_upload_is_error ? CURL_READFUNC_PAUSE : 0;
    uint64_t left = x->call->body_bytes - x->offset;
    size_t n = size * count < left ? size * count : (size_t)left;
    if (n == 0)
        return 0;
    if (x->tls && x->settings->batch)
        n = keep_tail_apart(x, n);
    size_t got = x->call->read(x->call->user, x->offset, p, n);
    if (!x->call || got == 0 || got > n)
        return CURL_READFUNC_ABORT;
    if (!x->tls && !x->peeked && !x->head_final && reply_is_waiting(x)) {
        x->peeked = x->paused = true;
        return CURL_READFUNC_PAUSE;
    }
    x->peeked = false;
    x->offset += got;
    return got;
}

/* The heads that libcurl has sent for this call, all sendings together. */
static long head_bytes_sent(const cw__transfer *x)
{
    long bytes = 0;
    return curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &bytes) == CURLE_OK ? bytes : 0;
}

static bool request_begun(const cw__transfer *x)
{
    return head_bytes_sent(x) > 0;
}

/* A request that has begun begins again: its connection, a kept one, was dead. */
static void note_resending(cw__transfer *x)
{
    long bytes = head_bytes_sent(x);
    if (bytes == x->head_bytes_before)
        return;
    x->head_bytes_before = bytes;
    x->resent = true;
    x->told_sent = x->peeked = false;
    x->offset = x->small_body ? x->call->body_bytes : 0;
    x->uploaded = 0;
}

static int on_seek(void *user, curl_off_t offset, int origin)
{
    cw__transfer *x = user;
    if (!x->call || origin != SEEK_SET || offset < 0 || (uint64_t)offset > x->call->body_bytes)
        return CURL_SEEKFUNC_FAIL;
    note_resending(x);
    x->offset = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/*
 * Three places to notice a resending, since none sees it always: the seek, where a byte of the body
 * had gone; a new socket, unless another kept connection is tried; and libcurl's own word for
 * "about to send", from 7.80 on.
 */
static int on_socket(void *user, curl_socket_t fd, curlsocktype purpose)
{
    (void)fd;
    (void)purpose;
    note_resending(user);
    return CURL_SOCKOPT_OK;
}

#if LIBCURL_VERSION_NUM >= 0x075000
static int on_request(void *user, char *to_ip, char *from_ip, int to_port, int from_port)
{
    (void)to_ip;
    (void)from_ip;
    (void)to_port;
    (void)from_port;
    note_resending(user);
    return CURL_PREREQFUNC_OK;
}
#endif

static void tell_sent(cw__transfer *x)
{
    if (x->told_sent || !x->call || x->uploaded != x->call->body_bytes ||
        x->offset != x->call->body_bytes || head_bytes_sent(x) == x->head_bytes_before)
        return;
    x->told_sent = true;
    if (x->call->sent)
        x->call->sent(x->call->user);
}

static int on_progress(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    cw__transfer *x = user;
    (void)down_total;
    (void)up_total;
    if (!x->call)
        return 1;
    if ((uint64_t)up != x->uploaded || (uint64_t)down != x->downloaded) {
        x->uploaded = (uint64_t)up;
        x->downloaded = (uint64_t)down;
        x->moves++;
    }
    tell_sent(x);
    return !x->call;
}

static void on_status_line(cw__transfer *x, const char *line, size_t n)
{
    const char *space = memchr(line, ' ', n);
    size_t at = space ? (size_t)(space - line) + 1 : n;
    int status = 0;
    for (size_t i = at; i < n && i < at + 3; i++)
        status = line[i] >= '0' && line[i] <= '9' ? status * 10 + (line[i] - '0') : 0;
    x->status = status;
    x->head_open = true;
    x->head_final = status >= 200;
    if (x->head_final && x->offset < x->call->body_bytes)
        gather(x, false);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The line is in libcurl's buffer, but not ours to write to. */
static bool on_header_line(cw__transfer *x, const char *line, size_t n)
{
    const char *colon = memchr(line, ':', n);
    if (!colon || !x->head_final || !x->call->header)
        return true;
    size_t name = (size_t)(colon - line);
    size_t from = name + 1, to = n;
    while (from < to && is_blank(line[from]))
        from++;
    while (to > from && is_blank(line[to - 1]))
        to--;
    while (name && is_blank(line[name - 1]))
        name--;
    char small[512];
    size_t bytes = name + 1 + (to - from) + 1;
    char *text = bytes <= sizeof small ? small : cw__alloc(bytes);
    if (!text)
        return false;
    memcpy(text, line, name);
    text[name] = 0;
    memcpy(text + name + 1, line + from, to - from);
    text[bytes - 1] = 0;
    x->call->header(x->call->user, text, text + name + 1);
    if (text != small)
        cw__free(text);
    return true;
}

/* Heads: status line, headers, an empty line; perhaps 1xx ones first, perhaps trailers at last. */
static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    cw__transfer *x = user;
    size_t n = size * count;
    if (!x->call)
        return 0;
    x->moves++;
    if (!x->head_open && !x->head_final) {
        if (n > 5 && memcmp(line, "HTTP/", 5) == 0)
            on_status_line(x, line, n);
        return n;
    }
    if (!x->head_open)
        return n;
    if (n == 0 || line[0] == '\r' || line[0] == '\n')
        x->head_open = false;
    else if (!on_header_line(x, line, n))
        return 0;
    return x->call ? n : 0;
}

static size_t on_body(char *p, size_t size, size_t count, void *user)
{
    cw__transfer *x = user;
    size_t n = size * count;
    if (!x->call || x->refused)
        return 0;
    x->moves++;
    if (x->call->body && !x->call->body(x->call->user, p, n))
        x->refused = true;
    return !x->call || x->refused ? 0 : n;
}

/* --- the handle's options --------------------------------------------------------------------- */

#define SET(option, value) (ok = ok && curl_easy_setopt(x->easy, option, value) == CURLE_OK)

static bool set_callbacks(cw__transfer *x)
{
    bool ok = true;
    SET(CURLOPT_PRIVATE, x);
    SET(CURLOPT_ERRORBUFFER, x->message);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_READDATA, x);
    SET(CURLOPT_SEEKFUNCTION, on_seek);
    SET(CURLOPT_SEEKDATA, x);
    SET(CURLOPT_SOCKOPTFUNCTION, on_socket);
    SET(CURLOPT_SOCKOPTDATA, x);
#if LIBCURL_VERSION_NUM >= 0x075000
    SET(CURLOPT_PREREQFUNCTION, on_request);
    SET(CURLOPT_PREREQDATA, x);
#endif
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, x);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, x);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, x);
    SET(CURLOPT_NOPROGRESS, 0L);
    return ok;
}

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
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_EXPECT_100_TIMEOUT_MS, 1000L);
    SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_USERAGENT, x->settings->user_agent);
    return ok;
}

static bool set_connection(cw__transfer *x)
{
    const cw__transfer_settings *s = x->settings;
    bool ok = true;
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_timeout_ms);
    SET(CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_TCP_KEEPIDLE, 30L);
    SET(CURLOPT_TCP_KEEPINTVL, 15L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, s->no_verify ? 0L : 1L);
    SET(CURLOPT_SSL_VERIFYHOST, s->no_verify ? 0L : 2L);
    if (s->ca_bundle)
        SET(CURLOPT_CAINFO, s->ca_bundle);
    return ok;
}

cw__transfer *cw__transfer_new(const cw__transfer_settings *settings)
{
    cw__transfer *x = cw__alloc_zero(sizeof *x);
    if (!x)
        return NULL;
    x->settings = settings;
    x->easy = curl_easy_init();
    if (x->easy && set_callbacks(x) && set_protocol(x) && set_connection(x))
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
    cw__free(x->small_body);
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

/* Without it, for want of memory or bytes, the body is read when libcurl asks for it. */
static void take_small_body(cw__transfer *x, cw__http_call *call)
{
    uint64_t most = x->tls ? HTTPS_BODY_WITH_HEAD : HTTP_BODY_WITH_HEAD;
    if (call->body_bytes == 0 || call->body_bytes > most || call->expect_continue)
        return;
    size_t n = (size_t)call->body_bytes, got = 0;
    x->small_body = cw__alloc(n);
    while (x->small_body && got < n) {
        size_t more = call->read(call->user, got, x->small_body + got, n - got);
        if (x->call && more && more <= n - got) {
            got += more;
        } else {
            cw__free(x->small_body);
            x->small_body = NULL;
        }
    }
    if (x->small_body)
        x->offset = n;
}

/*
 * A small body goes as what libcurl calls post fields, under whatever method: it is sent along with
 * the head, in one system call and one packet the fewer. They are unset for any other body, or
 * libcurl would not rewind it; HTTPGET comes before NOBODY, which alone leaves an UPLOAD in force.
 */
static bool set_method(cw__transfer *x, const cw__http_call *call)
{
    bool ok = true;
    const char *m = call->method;
    bool head = strcmp(m, "HEAD") == 0, get = strcmp(m, "GET") == 0;
    SET(CURLOPT_POSTFIELDS, x->small_body);
    if (x->small_body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_bytes);
    } else if (strcmp(m, "PUT") == 0 || strcmp(m, "POST") == 0) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->body_bytes);
    } else {
        SET(CURLOPT_HTTPGET, 1L);
        if (head)
            SET(CURLOPT_NOBODY, 1L);
    }
    SET(CURLOPT_CUSTOMREQUEST, head || get ? NULL : m);
    return ok;
}

/* A small body does not pay for the allocation of a large buffer. */
static size_t upload_buffer_for(const cw__transfer *x, uint64_t body_bytes)
{
    size_t size = x->settings->upload_buffer_bytes;
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
    x->told_sent = x->resent = x->peeked = x->paused = false;
    x->head_open = x->head_final = x->refused = false;
    x->status = 0;
    x->moves = x->moves_seen = 0;
    x->since_ms = now_ms;
    x->unsent_bytes = 0;
    x->head_bytes_before = 0;
    x->fd = CURL_SOCKET_BAD;
    x->message[0] = 0;
    take_small_body(x, call);
    SET(CURLOPT_URL, call->url);
    return ok && set_headers(x, call) && set_method(x, call) && set_buffers(x, call);
}

/* --- being alive ------------------------------------------------------------------------------ */

static int unsent_bytes(const cw__transfer *x)
{
    int bytes = 0;
#ifdef SIOCOUTQ
    if (x->fd == CURL_SOCKET_BAD || ioctl(x->fd, SIOCOUTQ, &bytes) != 0)
        bytes = 0;
#else
    (void)x;
#endif
    return bytes;
}

static bool anything_moved(cw__transfer *x)
{
    int unsent = x->head_final ? 0 : unsent_bytes(x);
    bool moved = x->moves != x->moves_seen || unsent < x->unsent_bytes;
    x->moves_seen = x->moves;
    x->unsent_bytes = unsent;
    return moved;
}

bool cw__transfer_stalled(cw__transfer *x, uint64_t now_ms)
{
    bool begun = request_begun(x);
    if (!begun || anything_moved(x)) {
        x->since_ms = now_ms;
        return false;
    }
    bool waiting = x->told_sent && !x->head_final && x->unsent_bytes == 0;
    uint32_t limit = waiting ? x->call->reply_ms : x->call->stall_ms;
    return limit && now_ms - x->since_ms >= limit;
}

/* --- the end ---------------------------------------------------------------------------------- */

static cw__http_end end_without_reply(const cw__transfer *x, CURLcode code)
{
    switch (code) {
    case CURLE_OUT_OF_MEMORY:
        return CW__HTTP_NO_MEMORY;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return CW__HTTP_UNTRUSTED;
    case CURLE_OPERATION_TIMEDOUT:
        return request_begun(x) ? CW__HTTP_STALLED : CW__HTTP_UNREACHABLE;
    default:
        return request_begun(x) ? CW__HTTP_BROKEN : CW__HTTP_UNREACHABLE;
    }
}

static cw__http_result result_of(cw__transfer *x, cw__http_end end)
{
    long connections = 0;
    curl_off_t uploaded = 0;
    if (curl_easy_getinfo(x->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded) == CURLE_OK)
        x->uploaded = (uint64_t)uploaded;
    tell_sent(x);
    curl_easy_getinfo(x->easy, CURLINFO_NUM_CONNECTS, &connections);
    return (cw__http_result){.end = end,
                             .status = x->head_final ? x->status : 0,
                             .message = x->message,
                             .new_connection = connections > 0,
                             .resent = x->resent};
}

cw__http_result cw__transfer_result(cw__transfer *x, CURLcode code)
{
    if (code == CURLE_OK && x->head_final) {
        x->message[0] = 0;
        return result_of(x, CW__HTTP_ANSWERED);
    }
    if (x->refused)
        cw__copy_string(x->message, sizeof x->message, "the reply was not taken");
    else if (!x->message[0])
        cw__copy_string(x->message, sizeof x->message,
                        code == CURLE_OK ? "no reply to the request" : curl_easy_strerror(code));
    return result_of(x, end_without_reply(x, code));
}

cw__http_result cw__transfer_stall_result(cw__transfer *x)
{
    bool waiting = x->told_sent && !x->head_final && x->unsent_bytes == 0;
    snprintf(x->message, sizeof x->message,
             waiting ? "no reply for %u ms" : "no byte moved for %u ms",
             (unsigned)(waiting ? x->call->reply_ms : x->call->stall_ms));
    return result_of(x, CW__HTTP_STALLED);
}
