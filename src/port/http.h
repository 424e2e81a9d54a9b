/* http.h - many HTTP/1.1 requests at once on one thread (libcurl's multi interface)
 *
 * A cw__http belongs to one thread at a time, which calls cw__http_poll in a loop; only
 * cw__http_wakeup may be called from others. Requests are described by a cw__http_call that the
 * caller owns and that stays where it is from cw__http_start until its `done` has been called. All
 * callbacks run inside cw__http_poll on that thread (or inside cw__http_cancel: `done` is not
 * called then).
 *
 * It sends exactly the headers it is given; Host, Content-Length and User-Agent it makes itself. It
 * follows no redirect, adds no Expect unless told to, keeps connections and reuses them. A kept
 * connection that turns out to be dead before a byte of the reply arrived is replaced by a new one
 * and the request sent again, once more `sent`, and told in the result's `resent`.
 *
 * The thread must have SIGPIPE blocked or ignored (cw__thread_start blocks it).
 */
#ifndef CW_PORT_HTTP_H
#define CW_PORT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cloudwriter/status.h>

#include <sys/uio.h>

typedef struct cw__http cw__http;
struct cw__addresses;

/** Where requests go first; all NULL for nowhere. */
typedef struct cw__http_proxy {
    const char *url; /* without user and password, which no message of libcurl is then to show */
    const char *user, *password;
    const char *where; /* "HOST port PORT", as libcurl names what it cannot connect to */
} cw__http_proxy;

/** Strings outlive the cw__http. */
typedef struct cw__http_options {
    const char *ca_bundle;    /* either or both of these two in place of the system's */
    const char *ca_directory; /* as c_rehash of OpenSSL makes it */
    const char *client_cert;  /* PEM, as is the key; NULL: none */
    const char *client_key;   /* NULL: in the file of client_cert */
    const char *client_key_password;
    bool tls_1_3; /* nothing older; else TLS 1.2 will do */
    bool no_verify;
    cw__http_proxy proxy, tls_proxy; /* of http: and https: URLs */
    const char *no_proxy;            /* hosts to connect to directly, as curl reads NO_PROXY */
    const char *user_agent;
    unsigned max_connections;
    uint32_t connect_timeout_ms;
    struct cw__addresses *addresses; /* to spread connections over; outlives it; NULL: libcurl's
                                        choice, as it has to be with a proxy */
    size_t upload_buffer_bytes;      /* of each connection that is sending; 0: what measured best */
} cw__http_options;

/** How the exchange ended, whatever was said. */
typedef enum cw__http_end {
    CW__HTTP_ANSWERED,    /* a whole reply arrived; look at `status` */
    CW__HTTP_UNREACHABLE, /* name not resolved, connection refused, TLS not set up: nothing sent */
    CW__HTTP_PROXY,       /* the same of the proxy, or its refusal, then with a status; SOCKS's is
                             put into that of an HTTP proxy: 407, 403, 502 */
    CW__HTTP_PROXY_UNTRUSTED, /* the certificate of the proxy is not accepted: final */
    CW__HTTP_UNTRUSTED, /* the certificate is not accepted, or the CA file unreadable: final */
    CW__HTTP_NO_TLS,    /* no common version of TLS, or our own certificate will not do: final */
    CW__HTTP_BROKEN,    /* the connection broke, or the reply was cut short: perhaps arrived */
    CW__HTTP_STALLED,   /* no byte either way for too long: perhaps arrived */
    CW__HTTP_NO_MEMORY
} cw__http_end;

typedef struct cw__http_result {
    cw__http_end end;
    int status;          /* of the reply's head, or the proxy's, if one arrived, else 0 */
    const char *message; /* what libcurl says of a failure, else "" */
    bool new_connection; /* one was opened for it */
    bool resent;         /* sent twice: an earlier sending, to a dead connection, perhaps arrived */
} cw__http_result;

/** What there is to see of a call that is under way. */
typedef struct cw__http_signs {
    uint64_t moved;    /* bytes of both bodies, without those in the kernel's send queue */
    uint32_t age_ms;   /* connecting included */
    uint32_t quiet_ms; /* since a byte moved last */
} cw__http_signs;

typedef struct cw__http_call {
    /* the request; strings and headers stay valid until done */
    const char *method;         /* GET HEAD PUT POST DELETE */
    const char *url;            /* encoded already; sent as it is, never normalised */
    const char *const *headers; /* "Name: value", NULL-terminated */
    uint64_t body_bytes;        /* PUT and POST send Content-Length even when it is 0 */
    const void *whole_body;     /* the body, if it lies in one piece that stays; else NULL */
    bool expect_continue;       /* ask first, wait at most a second */
    uint32_t stall_ms;          /* no byte moved (the kernel's send queue included); 0: for ever */
    uint32_t
        reply_ms; /* from the last byte sent to the reply's first, then stall_ms; 0: for ever */

    uint32_t patience_ms; /* from this age on `tired` is asked now and then; 0: never */

    /** Put up to `n` bytes from `offset` of the body into `p`; how many (never 0 before the end).
     */
    size_t (*read)(void *user, uint64_t offset, void *p, size_t n);
    /** The whole body has been handed to the kernel. Once for each sending; may be NULL. */
    void (*sent)(void *user);
    /** One header of the final reply, trimmed. */
    void (*header)(void *user, const char *name, const char *value);
    /** Bytes of the reply's body; false stops the exchange as BROKEN. */
    bool (*body)(void *user, const void *p, size_t n);
    /**
     * Where the next bytes of the body are to lie: at most so many pieces, one after the other; how
     * many, 0 for nowhere yet. What can be is received there, and `body`, which there has to be,
     * called with those places. Of a GET only; may be NULL.
     */
    size_t (*room)(void *user, struct iovec *pieces, size_t most);
    /** It goes on for so long: true ends it as STALLED, false waits on. */
    bool (*tired)(void *user, const cw__http_signs *signs);
    /** The end; the call may be freed or started again from here. */
    void (*done)(void *user, const cw__http_result *result);
    void *user;

    bool blamed;  /* if it is cancelled now, its address is to blame, as if it had stalled */
    int status;   /* of the final reply's head, from its first header on */
    void *handle; /* cw__http's own, as are the next; NULL before the first start */
    struct cw__http_call *queued_next;
    bool again; /* sent once already, to a connection that was dead */
} cw__http_call;

/**
 * Would a request to this host go through a proxy? Where not every libcurl leaves it out: yes.
 * @param host  as in a URL, an IPv6 address in brackets; what is below it fares no worse
 */
bool cw__http_is_proxied(const cw__http_options *o, bool tls, const char *host);

cw_status cw__http_new(cw__http **out, const cw__http_options *o, cw_error *err);

/** Free it. Calls still running are cancelled. */
void cw__http_free(cw__http *h);

/** Queue a call; it starts as soon as a connection may be used. */
cw_status cw__http_start(cw__http *h, cw__http_call *call, cw_error *err);

/** Stop a running call; its `done` is not called. The connection is closed. */
void cw__http_cancel(cw__http *h, cw__http_call *call);

/** Move all calls on, wait up to `timeout_ms` for something to do, call back. */
void cw__http_poll(cw__http *h, uint32_t timeout_ms);

/** Microseconds spent asleep in cw__http_poll so far: the rest of the time it had work. */
uint64_t cw__http_slept_us(const cw__http *h);

/** Would another call start at once? */
bool cw__http_has_room(const cw__http *h);

/** Is any call queued or running? */
bool cw__http_busy(const cw__http *h);

/** Make a running or the next cw__http_poll return at once. From any thread. */
void cw__http_wakeup(cw__http *h);

/** Bytes held for each connection while it sends, with upload_buffer_bytes 0; for budgets. */
size_t cw__http_connection_bytes(bool tls);

#endif
