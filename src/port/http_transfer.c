/* http_transfer.c - one request and its reply on one libcurl easy handle
 *
 * What libcurl asks and tells while it is under way: how far the body has gone, which head is being
 * read, when something last moved; and what to make of the end.
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
 * something is there it holds the bytes back until libcurl has read it. (The batch BIO has its own
 * way.)
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
    bool batched = x->tls && x->settings->batch;
    if (batched)
        n = keep_tail_apart(x, n);
    size_t got = x->call->read(x->call->user, x->offset, p, n);
    if (!x->call || got == 0 || got > n)
        return CURL_READFUNC_ABORT;
    if (!batched && !x->peeked && !x->head_final && reply_is_waiting(x)) {
        x->peeked = x->paused = true;
        return CURL_READFUNC_PAUSE;
    }
    x->peeked = false;
    x->offset += got;
    return got;
}

/* A request that has begun begins again: its connection, a kept one, was dead. */
static void begin_again(cw__transfer *x)
{
    x->resent = true;
    x->told_sent = x->peeked = false;
    x->offset = x->small_body ? x->call->body_bytes : 0;
    x->uploaded = 0;
}

/*
 * From 7.80 on libcurl says when it is about to send. Before, the bytes of all heads sent for a
 * call tell the same in hindsight (libcurl 8.7 forgot to count them), looked at when a socket is
 * opened and when the body is rewound: either happens to every request that is sent again, but for
 * one without a body on another kept connection.
 */
#if LIBCURL_VERSION_NUM >= 0x075000

static int on_request(void *user, char *to_ip, char *from_ip, int to_port, int from_port)
{
    cw__transfer *x = user;
    (void)from_ip;
    (void)to_port;
    (void)from_port;
    /* First: libcurl keeps what an aborted request had, which a stand-in must not be. */
    bool lent = x->kept == CURL_SOCKET_BAD || cw__transfer_lend(x);
    if (!x->call || !lent)
        return CURL_PREREQFUNC_ABORT;
    if (x->begun)
        begin_again(x);
    x->begun = true;
    cw__transfer_at(x, to_ip);
    return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_open(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    return cw__transfer_open(user, address);
}

static bool set_begin_callback(cw__transfer *x)
{
    return curl_easy_setopt(x->easy, CURLOPT_PREREQFUNCTION, on_request) == CURLE_OK &&
           curl_easy_setopt(x->easy, CURLOPT_PREREQDATA, x) == CURLE_OK &&
           curl_easy_setopt(x->easy, CURLOPT_OPENSOCKETFUNCTION, on_open) == CURLE_OK &&
           curl_easy_setopt(x->easy, CURLOPT_OPENSOCKETDATA, x) == CURLE_OK;
}

static void look_for_beginning(cw__transfer *x)
{
    (void)x;
}

static void look_for_resending(cw__transfer *x)
{
    (void)x;
}

#else

static long head_bytes_sent(const cw__transfer *x)
{
    long bytes = 0;
    return curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &bytes) == CURLE_OK ? bytes : 0;
}

static void look_for_beginning(cw__transfer *x)
{
    x->begun = head_bytes_sent(x) > x->head_bytes_before || x->resent;
}

static void look_for_resending(cw__transfer *x)
{
    long bytes = head_bytes_sent(x);
    if (bytes == x->head_bytes_before)
        return;
    x->head_bytes_before = bytes;
    begin_again(x);
}

static int on_socket(void *user, curl_socket_t fd, curlsocktype purpose)
{
    cw__transfer *x = user;
    (void)fd;
    (void)purpose;
    if (x->call)
        look_for_resending(x);
    return CURL_SOCKOPT_OK;
}

static bool set_begin_callback(cw__transfer *x)
{
    return curl_easy_setopt(x->easy, CURLOPT_SOCKOPTFUNCTION, on_socket) == CURLE_OK &&
           curl_easy_setopt(x->easy, CURLOPT_SOCKOPTDATA, x) == CURLE_OK;
}

#endif

static int on_seek(void *user, curl_off_t offset, int origin)
{
    cw__transfer *x = user;
    if (!x->call || origin != SEEK_SET || offset < 0 || (uint64_t)offset > x->call->body_bytes)
        return CURL_SEEKFUNC_FAIL;
    look_for_resending(x);
    x->offset = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static void tell_sent(cw__transfer *x)
{
    if (x->told_sent || !x->call || x->uploaded != x->call->body_bytes ||
        x->offset != x->call->body_bytes)
        return;
    look_for_beginning(x);
    if (!x->begun)
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
    if (x->head_final)
        x->call->status = status;
    x->closing = x->closing || !cw__starts_with(line, "HTTP/1.1");
    if (x->head_final && x->offset < x->call->body_bytes)
        gather(x, false);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void look_at_header(cw__transfer *x, const char *name, const char *value)
{
    if (cw__equal_nocase(name, "transfer-encoding"))
        x->encoded = true;
    else if (cw__equal_nocase(name, "connection"))
        x->closing = x->closing || strcasestr(value, "close");
}

/* The line is in libcurl's buffer, but not ours to write to. */
static bool on_header_line(cw__transfer *x, const char *line, size_t n)
{
    const char *colon = memchr(line, ':', n);
    if (!colon || !x->head_final)
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
    look_at_header(x, text, text + name + 1);
    if (x->call->header)
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
    cw__transfer_gulp(x, n);
    if (x->call->body && !x->call->body(x->call->user, p, n))
        x->refused = true;
    if (!x->call || x->refused)
        return 0;
    cw__transfer_take(x);
    return n;
}

/* --- libcurl's end of the callbacks ------------------------------------------------------------
 */

#define SET(option, value) (ok = ok && curl_easy_setopt(x->easy, option, value) == CURLE_OK)

bool cw__transfer_set_callbacks(cw__transfer *x)
{
    bool ok = true;
    SET(CURLOPT_PRIVATE, x);
    SET(CURLOPT_ERRORBUFFER, x->message);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_READDATA, x);
    SET(CURLOPT_SEEKFUNCTION, on_seek);
    SET(CURLOPT_SEEKDATA, x);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, x);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, x);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, x);
    SET(CURLOPT_NOPROGRESS, 0L);
    return ok && set_begin_callback(x);
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
    bool held_back = x->gulps; /* something may have come that poll(2) keeps silent about */
    bool moved = x->moves != x->moves_seen || unsent < x->unsent_bytes || held_back;
    cw__transfer_sip(x);
    x->moves_seen = x->moves;
    x->unsent_bytes = unsent;
    return moved;
}

static bool is_past_its_limit(const cw__transfer *x)
{
    bool waiting = x->told_sent && !x->head_final && x->unsent_bytes == 0;
    uint32_t limit = waiting ? x->call->reply_ms : x->call->stall_ms;
    return limit && x->quiet_ms >= limit;
}

static bool is_tired(const cw__transfer *x, uint64_t now_ms)
{
    uint64_t unsent = (uint64_t)x->unsent_bytes;
    cw__http_signs signs = {
        .moved = x->downloaded + (x->uploaded > unsent ? x->uploaded - unsent : 0),
        .age_ms = (uint32_t)(now_ms - x->start_ms),
        .quiet_ms = x->quiet_ms,
    };
    return x->call->patience_ms && signs.age_ms >= x->call->patience_ms &&
           x->call->tired(x->call->user, &signs);
}

bool cw__transfer_stalled(cw__transfer *x, uint64_t now_ms)
{
    look_for_beginning(x);
    if (!x->begun || anything_moved(x))
        x->since_ms = now_ms;
    x->quiet_ms = (uint32_t)(now_ms - x->since_ms);
    return is_past_its_limit(x) || is_tired(x, now_ms);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Of a proxy that speaks SOCKS, in the words of one that speaks HTTP; 0: it said nothing. */
static int socks_status(const cw__transfer *x, CURLcode code)
{
#if LIBCURL_VERSION_NUM >= 0x074900
    long said = CURLPX_OK;
    if (code != CURLE_PROXY || curl_easy_getinfo(x->easy, CURLINFO_PROXY_ERROR, &said) != CURLE_OK)
        return 0;
    switch (said) {
    case CURLPX_NO_AUTH:
    case CURLPX_USER_REJECTED:
    case CURLPX_IDENTD:
    case CURLPX_IDENTD_DIFFER:
        return 407;
    case CURLPX_REPLY_NOT_ALLOWED:
        return 403;
    case CURLPX_REQUEST_FAILED:
    case CURLPX_REPLY_GENERAL_SERVER_FAILURE:
    case CURLPX_REPLY_NETWORK_UNREACHABLE:
    case CURLPX_REPLY_HOST_UNREACHABLE:
    case CURLPX_REPLY_CONNECTION_REFUSED:
    case CURLPX_REPLY_TTL_EXPIRED:
        return 502;
    }
#else
    (void)x;
    (void)code;
#endif
    return 0;
}

static int proxys_status(const cw__transfer *x, CURLcode code)
{
    long connect_status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
    return connect_status ? (int)connect_status : socks_status(x, code);
}

/* libcurl leaves it at an error until the handshake with the proxy is over. */
static bool is_tls_with_proxy_open(const cw__transfer *x)
{
    long wrong = 0;
    return x->proxy && x->proxy->url && cw__starts_with(x->proxy->url, "https:") &&
           curl_easy_getinfo(x->easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &wrong) == CURLE_OK &&
           wrong != 0;
}

static bool is_proxys_fault(const cw__transfer *x, CURLcode code, int status)
{
    bool of_trust = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
    if (x->begun || !x->proxy || !x->proxy->url || of_trust)
        return false;
    return status >= 300 || code == CURLE_COULDNT_RESOLVE_PROXY ||
           strstr(x->message, x->proxy->where) || strcasestr(x->message, "proxy") ||
           strstr(x->message, "SOCKS") || is_tls_with_proxy_open(x);
}

/* No common version, or a certificate that the other side misses or refuses, which with TLS 1.3 it
 * says when ours has begun to send. Of a broken handshake and any other alert nothing is known. */
static bool is_tls_refused(const cw__transfer *x)
{
    static const char *const words[] = {"alert handshake failure",  "protocol version",
                                        "unsupported protocol",     "certificate required",
                                        "alert bad certificate",    "alert unknown ca",
                                        "unable to set private key"}; /* libcurl 8.21 */
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(x->message, words[i]))
            return true;
    return false;
}

static cw__http_end end_without_reply(const cw__transfer *x, CURLcode code, int proxys_word)
{
    if (is_proxys_fault(x, code, proxys_word))
        return CW__HTTP_PROXY;
    if (!x->resent && is_tls_refused(x))
        return CW__HTTP_NO_TLS;
    switch (code) {
    case CURLE_OUT_OF_MEMORY:
        return CW__HTTP_NO_MEMORY;
    case CURLE_PEER_FAILED_VERIFICATION:
        return is_tls_with_proxy_open(x) ? CW__HTTP_PROXY_UNTRUSTED : CW__HTTP_UNTRUSTED;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return CW__HTTP_UNTRUSTED;
    case CURLE_SSL_CERTPROBLEM:
        return CW__HTTP_NO_TLS;
    case CURLE_OPERATION_TIMEDOUT:
        return x->begun ? CW__HTTP_STALLED : CW__HTTP_UNREACHABLE;
    default:
        return x->begun ? CW__HTTP_BROKEN : CW__HTTP_UNREACHABLE;
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
                             .new_connection = connections > 0 && !x->lent,
                             .resent = x->resent};
}

/* A success that came before the body was read to its end, on a connection that closes: of what? */
static bool is_premature(const cw__transfer *x)
{
    return x->status >= 200 && x->status <= 299 && x->offset < x->call->body_bytes;
}

cw__http_result cw__transfer_result(cw__transfer *x, CURLcode code)
{
    look_for_beginning(x);
    /* libcurl takes a head that is cut off for one that ends, and what it lacks would mislead. */
    if (code == CURLE_OK && x->head_final && !x->head_open && !is_premature(x)) {
        x->message[0] = 0;
        return result_of(x, CW__HTTP_ANSWERED);
    }
    if (x->refused)
        cw__copy_string(x->message, sizeof x->message, "the reply was not taken");
    else if (code == CURLE_OK && is_premature(x))
        cw__copy_string(x->message, sizeof x->message, "a reply before the request was whole");
    else if (!x->message[0])
        cw__copy_string(x->message, sizeof x->message,
                        code == CURLE_OK ? "no whole reply to the request"
                                         : curl_easy_strerror(code));
    int proxys_word = proxys_status(x, code);
    cw__http_result result = result_of(x, end_without_reply(x, code, proxys_word));
    if (result.end == CW__HTTP_PROXY)
        result.status = proxys_word;
    return result;
}

cw__http_result cw__transfer_stall_result(cw__transfer *x)
{
    bool waiting = x->told_sent && !x->head_final && x->unsent_bytes == 0;
    snprintf(x->message, sizeof x->message,
             waiting ? "no reply for %u ms" : "no byte moved for %u ms", (unsigned)x->quiet_ms);
    return result_of(x, CW__HTTP_STALLED);
}
